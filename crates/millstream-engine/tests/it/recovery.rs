//! Crashes at every step, stops, and what is there afterwards (S-8 … S-14).

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use millstream_core::{LeaseHolder, SimulatedClock, StateStore};
use millstream_engine::{
    AnySink, AnySource, ChannelOptions, Graph, GraphBuilder, MemoryStore, Outcome, RunOptions, run,
};
use proptest::prelude::*;

use crate::kit::*;

fn graph(disk: &Arc<Mutex<Disk>>, source: Numbers, fault: Option<Fault>) -> Graph {
    let table = Table { fault, ..Table::new(disk) };
    GraphBuilder::new("recovery")
        .source("numbers", AnySource::Plain(Box::new(source)))
        .operator("sums", "sum", vec!["numbers".into()], Box::new(RunningSum::new(&Arc::default())), schema())
        .sink("table", vec!["sums".into()], AnySink::Plain(Box::new(table)), ChannelOptions::default())
        .build()
        .unwrap()
}

fn source() -> Numbers {
    Numbers { boundary: Some(40), ..Numbers::new(400, 7) }
}

fn sums() -> Vec<i64> {
    (0..400)
        .scan(0, |sum, n| {
            *sum += n;
            Some(*sum)
        })
        .collect()
}

fn faults() -> impl Strategy<Value = Fault> {
    prop_oneof![
        (1_usize..40).prop_map(Fault::Write),
        (1_u64..12).prop_map(Fault::Prepare),
        (1_u64..12).prop_map(Fault::BeforeCommit),
        (1_u64..12).prop_map(Fault::AfterCommit),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn whatever_falls_over_the_rows_are_those_of_a_run_without_faults(
        faults in prop::collection::vec(faults(), 0..6),
        parallelism in 1_usize..5,
    ) {
        let (disk, store) = (Arc::default(), MemoryStore::new());
        let runtime = runtime();
        for fault in faults {
            let outcome = runtime.block_on(run(graph(&disk, source(), Some(fault)), options(&store, parallelism)));
            prop_assert_eq!(outcome.report.status == "completed", outcome.result.is_ok());
        }
        let outcome = runtime.block_on(run(graph(&disk, source(), None), options(&store, parallelism)));
        outcome.result.unwrap();
        prop_assert_eq!(disk.lock().unwrap().rows(), sums());
    }
}

#[test]
fn a_failing_source_leaves_what_was_committed_and_a_later_run_goes_on() {
    let (disk, store) = (Arc::default(), MemoryStore::new());
    let failing = Numbers { fail_at: Some(100), ..source() };
    let outcome = runtime().block_on(run(graph(&disk, failing, None), options(&store, 3)));
    let error = outcome.result.unwrap_err();
    assert_eq!(error.to_string(), "source numbers: the well is dry");
    assert_eq!(outcome.report.status, "error");
    // The epoch that ended at row 80 may have been cut off by the failure.
    let committed = disk.lock().unwrap().rows();
    assert!(matches!(committed.len(), 40 | 80));
    assert_eq!(committed, sums()[..committed.len()]);
    runtime().block_on(run(graph(&disk, source(), None), options(&store, 3))).result.unwrap();
    assert_eq!(disk.lock().unwrap().rows(), sums());
}

#[test]
fn a_completed_run_has_nothing_new_to_do() {
    let (disk, store) = (Arc::default(), MemoryStore::new());
    runtime().block_on(run(graph(&disk, source(), None), options(&store, 2))).result.unwrap();
    let epochs = disk.lock().unwrap().visible.len();
    let outcome = runtime().block_on(run(graph(&disk, source(), None), options(&store, 2)));
    outcome.result.unwrap();
    assert!(outcome.nothing_new_since.is_some());
    assert_eq!(outcome.report.totals.rows_in, 0);
    let log = disk.lock().unwrap().log.clone();
    assert_eq!(disk.lock().unwrap().visible.len(), epochs);
    assert!(!log.last().unwrap().contains("prepare"), "{log:?}");
    // More input than last time: only the rest is read.
    let longer = Numbers { total: 410, ..source() };
    let outcome = runtime().block_on(run(graph(&disk, longer, None), options(&store, 2)));
    outcome.result.unwrap();
    assert_eq!(outcome.report.totals.rows_in, 10);
    assert_eq!(disk.lock().unwrap().rows().len(), 410);
}

#[test]
fn a_stop_drains_and_commits_what_was_read() {
    let (disk, store) = (Arc::default(), MemoryStore::new());
    let endless = Numbers { bounded: false, boundary: None, ..Numbers::new(300, 7) };
    let acknowledged = endless.acknowledged.clone();
    let graph_ = graph(&disk, endless, None);
    let monitor = graph_.monitor();
    let options_ = options(&store, 3);
    let stop = options_.stop.clone();
    let outcome = runtime().block_on(async {
        let running = tokio::spawn(run(graph_, options_));
        while monitor.sources[0].rows.get() < 300 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        running.await.unwrap()
    });
    outcome.result.unwrap();
    assert_eq!(outcome.report.status, "stopped");
    assert_eq!(disk.lock().unwrap().rows(), sums()[..300]);
    assert_eq!(acknowledged.load(Ordering::Relaxed), 300);
}

#[test]
fn epochs_end_with_the_interval_but_only_if_there_is_something_to_commit() {
    let (disk, store) = (Arc::default(), MemoryStore::new());
    let clock = SimulatedClock::new(0);
    let endless = Numbers { bounded: false, ..Numbers::new(50, 10) };
    let graph = graph(&disk, endless, None);
    let monitor = graph.monitor();
    let options = RunOptions {
        clock: Arc::new(clock.clone()),
        checkpoint_interval: Some(Duration::from_secs(10)),
        ..options(&store, 2)
    };
    let stop = options.stop.clone();
    runtime().block_on(async {
        let running = tokio::spawn(run(graph, options));
        while monitor.sources[0].rows.get() < 50 || clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(monitor.epochs.get(), 0);
        clock.advance(Duration::from_secs(10));
        while monitor.epochs.get() < 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(disk.lock().unwrap().rows().len(), 50);
        for _ in 0..3 {
            while clock.sleepers() == 0 {
                tokio::task::yield_now().await;
            }
            clock.advance(Duration::from_secs(10));
        }
        stop.cancel();
        running.await.unwrap().result.unwrap();
    });
    // The one of the interval, and the one of the stop.
    assert_eq!(monitor.epochs.get(), 2);
}

#[test]
fn everything_is_prepared_before_the_checkpoint_and_parents_are_committed_first() {
    let disk: Arc<Mutex<Disk>> = Arc::default();
    let sink = |name| AnySink::Plain(Box::new(Table { name, ..Table::new(&disk) }));
    let graph = GraphBuilder::new("order")
        .source("parents", AnySource::Plain(Box::new(Numbers { name: "parents", ..Numbers::new(20, 5) })))
        .source("children", AnySource::Plain(Box::new(Numbers { name: "children", ..Numbers::new(20, 5) })))
        // Named in the other order on purpose.
        .sink("children", vec!["children".into()], sink("children"), ChannelOptions::default())
        .sink("parents", vec!["parents".into()], sink("parents"), ChannelOptions::default())
        .build()
        .unwrap();
    runtime().block_on(run(graph, options(&MemoryStore::new(), 2))).result.unwrap();
    let log = &disk.lock().unwrap().log;
    assert_eq!(&log[log.len() - 2..], ["parents commit 1", "children commit 1"]);
    assert!(log[..log.len() - 2].iter().all(|entry| entry.contains("prepare")));
}

#[test]
fn another_configuration_and_another_process_are_refused() {
    let (disk, store) = (Arc::default(), MemoryStore::new());
    runtime().block_on(run(graph(&disk, source(), None), options(&store, 2))).result.unwrap();
    let changed = RunOptions { fingerprint: "changed".into(), ..options(&store, 2) };
    let error = runtime().block_on(run(graph(&disk, source(), None), changed.clone())).result.unwrap_err();
    assert_eq!(error.kind().exit_code(), 5);
    assert!(error.hint_text().unwrap().contains("--restart"));
    let restarted = Arc::default();
    let fresh = RunOptions { restart: true, ..changed };
    runtime().block_on(run(graph(&restarted, source(), None), fresh)).result.unwrap();
    assert_eq!(restarted.lock().unwrap().rows(), sums());

    let holder = LeaseHolder { process_id: 4711, since: 0 };
    let _lease = runtime().block_on(store.lease("recovery", &holder)).unwrap();
    let Outcome { result, .. } = runtime().block_on(run(graph(&disk, source(), None), options(&store, 2)));
    assert!(result.unwrap_err().to_string().contains("process 4711"));
}

#[test]
fn an_operators_snapshot_is_what_it_had_seen_at_the_barrier() {
    // Without the state the sums after the restart would start from 0 again.
    let (disk, store) = (Arc::default(), MemoryStore::new());
    let outcome =
        runtime().block_on(run(graph(&disk, source(), Some(Fault::BeforeCommit(4))), options(&store, 2)));
    assert!(outcome.result.is_err());
    assert_eq!(disk.lock().unwrap().rows(), sums()[..120]);
    runtime().block_on(run(graph(&disk, source(), None), options(&store, 2))).result.unwrap();
    assert_eq!(disk.lock().unwrap().rows(), sums());
}

#[test]
fn other_columns_than_at_the_checkpoint_are_refused() {
    let (disk, store) = (Arc::default(), MemoryStore::new());
    runtime().block_on(run(graph(&disk, source(), None), options(&store, 2))).result.unwrap();
    let text: SchemaRef = Arc::new(Schema::new(vec![Field::new("n", DataType::Utf8, false)]));
    let changed = Numbers { schema: text, ..source() };
    let error = runtime().block_on(run(graph(&disk, changed, None), options(&store, 2))).result.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the columns of numbers have changed since its checkpoint: `n: Int64` was there, `n: Utf8` is now"
    );
    assert!(error.hint_text().unwrap().contains("--restart"));
}

#[test]
fn parents_are_committed_first_also_when_they_come_through_a_stream() {
    let disk: Arc<Mutex<Disk>> = Arc::default();
    let sink = |name| AnySink::Plain(Box::new(Table { name, ..Table::new(&disk) }));
    let graph = GraphBuilder::new("order")
        .source("parents", AnySource::Plain(Box::new(Numbers { name: "parents", ..Numbers::new(20, 5) })))
        .source("children", AnySource::Plain(Box::new(Numbers { name: "children", ..Numbers::new(20, 5) })))
        .transform("clean", "parents", vec![Arc::new(Even { reject: None })], &schema())
        .sink("children", vec!["children".into()], sink("children"), ChannelOptions::default())
        .sink("clean", vec!["clean".into()], sink("clean"), ChannelOptions::default())
        .build()
        .unwrap();
    runtime().block_on(run(graph, options(&MemoryStore::new(), 2))).result.unwrap();
    let log = &disk.lock().unwrap().log;
    assert_eq!(&log[log.len() - 2..], ["clean commit 1", "children commit 1"]);
}

#[test]
fn a_stop_that_meets_the_end_still_completes() {
    // The stop is there before the first row: the source may end before or after its barrier, never in between.
    for total in [0, 1, 50, 400] {
        let (disk, store) = (Arc::default(), MemoryStore::new());
        let options_ = options(&store, 2);
        let (stop, source) = (options_.stop.clone(), Numbers { boundary: None, ..Numbers::new(total, 7) });
        let graph_ = graph(&disk, source, None);
        let monitor = graph_.monitor();
        let outcome = runtime().block_on(async {
            let running = tokio::spawn(run(graph_, options_));
            while monitor.sources[0].rows.get() < total as u64 {
                tokio::task::yield_now().await;
            }
            stop.cancel();
            running.await.unwrap()
        });
        outcome.result.unwrap();
        let checkpoint = runtime().block_on(store.get("checkpoint/recovery")).unwrap().unwrap();
        let checkpoint: serde_json::Value = serde_json::from_slice(&checkpoint).unwrap();
        assert_eq!(outcome.report.status == "completed", checkpoint["completed"] == true, "{total} rows");
    }
}
