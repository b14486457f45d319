//! Small files become large ones beside appends: the same rows, in the same order, at every version.

use std::fs;
use std::path::Path;
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use deltalake_core::DeltaTableBuilder;
use deltalake_core::ensure_table_uri;
use millstream_connectors::delta::{
    CompactOptions, CompactTableOptions, DeltaSink, DeltaSinkOptions, compact_table,
};
use millstream_core::{Bookmark, Epoch, ReportsProgress, SimulatedClock, Sink};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;

use crate::support::*;

const EVERY_FOUR: CompactOptions = CompactOptions { target_file_size: 1 << 20, after_files: 4 };
const ALL: CompactTableOptions =
    CompactTableOptions { target_file_size: 1 << 20, retention: Duration::from_hours(1), dry_run: false };

async fn compacting(path: &Path, retention: Duration) -> DeltaSink {
    let mut options = DeltaSinkOptions::new(path);
    (options.compact, options.retention) = (Some(EVERY_FOUR), retention);
    let mut sink = DeltaSink::new(STREAM.into(), options);
    sink.open(start(None)).await.unwrap();
    sink
}

/// The ids of a version, file by file.
async fn files_of(path: &Path, version: u64) -> Vec<Vec<i64>> {
    let url = ensure_table_uri(path.canonicalize().unwrap().to_str().unwrap()).unwrap();
    let mut table = DeltaTableBuilder::from_url(url).unwrap().load().await.unwrap();
    table.load_version(version).await.unwrap();
    let names: Vec<String> =
        table.snapshot().unwrap().log_data().iter().map(|file| file.path().into_owned()).collect();
    let read = |name: &String| {
        let file = fs::File::open(path.join(name)).unwrap();
        let batches = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
        batches
            .flat_map(|batch| batch.unwrap().column(0).as_primitive::<Int64Type>().values().to_vec())
            .collect()
    };
    names.iter().map(read).collect()
}

/// Rows of a file are those of neighbouring epochs, in order.
fn assert_in_order(files: &[Vec<i64>], rows: i64) {
    for file in files {
        assert!(file.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{file:?}");
    }
    let mut all: Vec<i64> = files.concat();
    all.sort_unstable();
    assert_eq!(all, numbers(rows));
}

fn is_compaction(path: &Path, version: u64) -> bool {
    action(path, version, "commitInfo")["operation"] == "OPTIMIZE"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_stay_few_while_rows_are_appended() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("table");
    let mut sink = compacting(&path, Duration::from_hours(1)).await;
    let mut epoch = 0;
    let mut compactions = 0;
    let mut seen = 0;
    while compactions < 6 {
        epoch += 1;
        assert!(epoch < 2000, "{compactions} compactions of 2000 epochs");
        commit(&mut sink, epoch, (epoch as i64 - 1) * 3, epoch as i64 * 3).await.unwrap();
        let newest = version(&path).await;
        for version in seen..=newest {
            compactions += u64::from(is_compaction(&path, version));
        }
        seen = newest + 1;
    }
    drop(sink);
    // At every version: all rows of the epochs so far, in order; a compaction changes none.
    let mut epochs = 0;
    for version in 0..seen {
        if is_compaction(&path, version) {
            for change in entry(&path, version) {
                for kind in ["add", "remove"] {
                    assert!(change.get(kind).is_none_or(|change| change["dataChange"] == false), "{change}");
                }
                assert!(change.get("txn").is_none());
            }
        } else {
            epochs += 1;
        }
        assert_in_order(&files_of(&path, version).await, epochs * 3);
    }
    assert_eq!(epochs as u64, epoch);
    let files = active_files(&path).await.len();
    assert!(files as u64 * 3 < epoch * 2, "{files} files of {epoch} epochs");
    // Whoever opens it next goes on, with or without compaction.
    let mut sink = opened(&path, None).await.unwrap();
    let progress = sink.progress(PIPELINE, &STREAM.into()).await.unwrap().unwrap();
    assert_eq!(progress.epoch, Epoch(epoch));
    assert_eq!(progress.bookmarks, [(STREAM.to_owned(), Bookmark(json!({"row": epoch * 3})))]);
    let rows = epoch as i64 * 3;
    commit(&mut sink, epoch + 1, rows, rows + 5).await.unwrap();
    assert_eq!(ids(&path).await, numbers(rows + 5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn former_files_go_after_the_retention_and_the_rest_of_a_crash_at_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("table");
    // Epochs are a second apart.
    let mut sink = compacting(&path, Duration::from_secs(3)).await;
    let mut epoch = 0;
    loop {
        epoch += 1;
        assert!(epoch < 2000, "nothing was removed");
        commit(&mut sink, epoch, epoch as i64 - 1, epoch as i64).await.unwrap();
        if (parquet_files(&path).len() as u64) < epoch / 2 && epoch > 20 {
            break;
        }
    }
    drop(sink);
    let live = active_files(&path).await;
    let compacted = live.iter().find(|name| name.contains("c-")).unwrap();
    let orphan = compacted.replace("part-00000-", "part-00007-");
    fs::copy(path.join(compacted), path.join(&orphan)).unwrap();
    opened(&path, None).await.unwrap();
    assert!(!path.join(&orphan).exists());
    assert!(live.iter().all(|name| path.join(name).exists()));
    assert_eq!(ids(&path).await, numbers(epoch as i64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_is_compacted_at_once() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let clock = SimulatedClock::new(START + 1_000_000_000);
    let mut sink = opened(path, None).await.unwrap();
    for epoch in 1..=10 {
        commit(&mut sink, epoch, (epoch as i64 - 1) * 3, epoch as i64 * 3).await.unwrap();
    }
    let before = parquet_files(path);
    let mut told = Vec::new();
    let dry = CompactTableOptions { dry_run: true, ..ALL };
    let done = compact_table(path, &dry, &clock, &mut |done, due| told.push((done.rewritten_files, due)))
        .await
        .unwrap();
    assert_eq!((done.files, done.rewritten_files, done.new_files, done.new_bytes), (10, 10, 1, 0));
    assert_eq!((version(path).await, parquet_files(path)), (9, before.clone()));
    let done = compact_table(path, &ALL, &clock, &mut |done, due| told.push((done.rewritten_files, due)))
        .await
        .unwrap();
    assert_eq!((done.files, done.rewritten_files, done.new_files, done.removed_files), (10, 10, 1, 0));
    assert_eq!(told, [(0, 10), (0, 10), (10, 10)]);
    assert_eq!(files_of(path, 10).await, [numbers(30)]);
    assert_in_order(&files_of(path, 9).await, 30);
    let again = compact_table(path, &ALL, &clock, &mut |_, _| {}).await.unwrap();
    assert_eq!((again.files, again.rewritten_files, version(path).await), (1, 0, 10));
    // The sink that was open all the while goes on.
    commit(&mut sink, 11, 30, 40).await.unwrap();
    assert_eq!(ids(path).await, numbers(40));
    let done = compact_table(path, &ALL, &clock, &mut |_, _| {}).await.unwrap();
    assert_eq!(done.rewritten_files, 2);
    let progress = sink.progress(PIPELINE, &STREAM.into()).await.unwrap().unwrap();
    assert_eq!((progress.epoch, progress.bookmarks[0].1.0.clone()), (Epoch(11), json!({"row": 40})));
    // After the retention the former files go, and nothing else.
    let later = SimulatedClock::new(START + 1_000_000_000 + 3_600_000_000);
    let done = compact_table(path, &ALL, &later, &mut |_, _| {}).await.unwrap();
    assert_eq!((done.rewritten_files, done.removed_files), (0, 12));
    assert_eq!(parquet_files(path), active_files(path).await);
    assert_eq!(ids(path).await, numbers(40));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_survive_compaction_and_the_cleaning_of_the_log() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let clock = SimulatedClock::new(START + 1_000_000_000);
    let mut sink = opened(path, None).await.unwrap();
    for epoch in 1..=98 {
        commit(&mut sink, epoch, epoch as i64 - 1, epoch as i64).await.unwrap();
    }
    drop(sink);
    compact_table(path, &ALL, &clock, &mut |_, _| {}).await.unwrap();
    // A second time, with a file of another stream in between: what is known of each is handed on.
    let mut other = DeltaSink::new("returns".into(), DeltaSinkOptions::new(path));
    other.open(start(None)).await.unwrap();
    commit(&mut other, 1, 98, 99).await.unwrap();
    drop(other);
    compact_table(path, &ALL, &clock, &mut |_, _| {}).await.unwrap();
    assert_eq!(active_files(path).await.len(), 1);
    assert!(path.join("_delta_log/00000000000000000099.checkpoint.parquet").exists());
    for version in 0..=99 {
        fs::remove_file(log_path(path, version)).unwrap();
    }
    for (stream, epoch) in [(STREAM, 98), ("returns", 1)] {
        let sink = DeltaSink::new(stream.into(), DeltaSinkOptions::new(path));
        let progress = {
            let mut sink = sink;
            sink.progress(PIPELINE, &stream.into()).await.unwrap().unwrap()
        };
        assert_eq!(progress.epoch, Epoch(epoch));
        let row = if stream == STREAM { 98 } else { 99 };
        assert_eq!(progress.bookmarks[0].1.0, json!({"row": row}));
    }
    let mut sink = opened(path, None).await.unwrap();
    commit(&mut sink, 99, 99, 110).await.unwrap();
    assert_eq!(ids(path).await, numbers(110));
}

#[tokio::test]
async fn what_is_no_table_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let clock = SimulatedClock::new(START);
    let error = compact_table(home.path(), &ALL, &clock, &mut |_, _| {}).await.unwrap_err();
    assert!(error.hint_text().is_some(), "{error}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}
