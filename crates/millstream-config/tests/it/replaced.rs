//! Where the streams of replaced tables may end.

use std::sync::Arc;

use millstream_config::{Overrides, Purpose, plan};
use millstream_core::SimulatedClock;
use tempfile::tempdir;

async fn planned(sinks: &str, purpose: &Purpose) -> Result<(), String> {
    let file = format!(
        r"tables:
  - table_name: weather
    columns: [{{column_name: id, data: row_id}}, {{column_name: degrees, data: 'random.uniform(-9, 9)'}}]
    update_policy: replace
    cadence: {{every: 20s}}
  - table_name: visits
    columns: [{{column_name: id, data: row_id}}, {{column_name: degrees, data: 'random.uniform(-9, 9)'}}]
streams:
  warm: {{from: weather, filter: degrees > 0}}
{sinks}"
    );
    let document = crate::accepted(&file);
    let clock = Arc::new(SimulatedClock::new(0));
    let plan = plan(&document, purpose, &Overrides { clock, ..Overrides::default() }).await;
    plan.map(drop).map_err(|error| format!("{error}\n{}", error.hint_text().unwrap_or_default()))
}

#[tokio::test]
async fn sinks_that_cannot_take_rows_back_are_refused_only_where_rows_are_replaced() {
    let serve = Purpose::Serve { output: None, ticks: None };
    let stdout = "sinks: {out: {from: warm, type: stdout}}\n";
    let refused = planned(stdout, &serve).await.unwrap_err();
    assert!(refused.contains("cannot take back the rows of `warm`"), "{refused}");
    assert!(refused.contains("type: stdout") && refused.contains("hint:"), "{refused}");
    planned(stdout, &Purpose::Run).await.unwrap();
    planned("sinks: {out: {from: visits, type: stdout}}\n", &serve).await.unwrap();
    let folder = tempdir().unwrap();
    let path = folder.path().display();
    for kind in ["delta", "jsonl", "csv", "parquet"] {
        planned(
            &format!("sinks: {{out: {{from: [weather, visits], type: {kind}, path: '{path}/{kind}'}}}}\n"),
            &serve,
        )
        .await
        .unwrap();
    }
    planned("sinks: {out: {from: [warm, visits], type: noop}}\n", &serve).await.unwrap_err();
    let one_file =
        format!("sinks: {{out: {{from: [weather, visits], type: jsonl, path: '{path}/x.jsonl'}}}}\n");
    let refused = planned(&one_file, &serve).await.unwrap_err();
    assert!(refused.contains("a sink of its own"), "{refused}");
}
