//! Retries, and failures that name their cause.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use millstream_core::{Decode, Decoded, Error, RejectedRow, Result, SimulatedClock, Transform};
use millstream_engine::{
    AnySink, AnySource, ChannelOptions, GraphBuilder, MemoryStore, RetryPolicy, RunOptions, run,
};

use crate::kit::*;

#[test]
fn errors_that_are_worth_it_are_retried_without_writing_twice() {
    let disk: Arc<Mutex<Disk>> = Arc::default();
    let clock = SimulatedClock::new(0);
    let source = Numbers { hiccups: 2, ..Numbers::new(100, 10) };
    let table = Table { hiccups: 3, ..Table::new(&disk) };
    let graph = GraphBuilder::new("faults")
        .source("numbers", AnySource::Plain(Box::new(source)))
        .sink("table", vec!["numbers".into()], AnySink::Plain(Box::new(table)), ChannelOptions::default())
        .build()
        .unwrap();
    let options = RunOptions { clock: Arc::new(clock.clone()), ..options(&MemoryStore::new(), 2) };
    let outcome = runtime().block_on(async {
        let running = tokio::spawn(run(graph, options));
        while !running.is_finished() {
            clock.advance(Duration::from_mins(1));
            tokio::task::yield_now().await;
        }
        running.await.unwrap()
    });
    outcome.result.unwrap();
    assert_eq!(outcome.report.totals.retried, 5);
    assert_eq!(disk.lock().unwrap().rows(), (0..100).collect::<Vec<_>>());
}

#[test]
fn exhausted_retries_fail_with_the_sinks_name() {
    let disk: Arc<Mutex<Disk>> = Arc::default();
    let table = Table { hiccups: 3, ..Table::new(&disk) };
    let graph = GraphBuilder::new("faults")
        .source("numbers", AnySource::Plain(Box::new(Numbers::new(10_000, 1))))
        .sink("table", vec!["numbers".into()], AnySink::Plain(Box::new(table)), ChannelOptions::default())
        .build()
        .unwrap();
    let retry = RetryPolicy { max_retries: 0, ..RetryPolicy::default() };
    let outcome = runtime().block_on(run(graph, RunOptions { retry, ..options(&MemoryStore::new(), 2) }));
    let error = outcome.result.unwrap_err();
    assert_eq!(error.to_string(), "sink table: timeout");
    assert!(disk.lock().unwrap().visible.is_empty());
}

#[test]
fn the_cause_is_reported_and_not_its_consequences() {
    let disk: Arc<Mutex<Disk>> = Arc::default();
    let table = Table { fault: Some(Fault::Write(1)), ..Table::new(&disk) };
    let channel = ChannelOptions { capacity: 1, threshold: 1, ..ChannelOptions::default() };
    let graph = GraphBuilder::new("faults")
        .source("numbers", AnySource::Plain(Box::new(Numbers::new(100_000, 1))))
        .sink("table", vec!["numbers".into()], AnySink::Plain(Box::new(table)), channel)
        .build()
        .unwrap();
    let outcome = runtime().block_on(run(graph, options(&MemoryStore::new(), 4)));
    let error = outcome.result.unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.hint_text()),
        ("sink table: disk full", Some("free some space"))
    );
    assert_eq!(outcome.report.error.as_deref(), Some("sink table: disk full"));
}

#[derive(Debug)]
struct Panics;

impl Decode for Panics {
    fn decode(self: Box<Self>) -> Result<Decoded> {
        panic!("a defect")
    }
}

/// Makes more rows than it was given, which would break the accounting.
struct Doubles;

impl Transform for Doubles {
    fn name(&self) -> &'static str {
        "doubles"
    }
    fn schema(&self) -> SchemaRef {
        schema()
    }
    fn apply(&self, batch: RecordBatch, _: &mut Vec<RejectedRow>) -> Result<RecordBatch> {
        let mut twice = values(&batch);
        twice.extend(values(&batch));
        if twice.len() > 1000 {
            let work: Box<dyn Decode> = Box::new(Panics);
            work.decode().map_err(|_| Error::internal("unreachable"))?;
        }
        Ok(numbers(twice))
    }
}

#[test]
fn defects_of_operators_end_the_run_instead_of_losing_rows() {
    for (total, expected) in [(10, "made 20 rows"), (2000, "ended unexpectedly")] {
        let graph = GraphBuilder::new("faults")
            .source("numbers", AnySource::Plain(Box::new(Numbers::new(total, total))))
            .transform("twice", "numbers", vec![Arc::new(Doubles)], &schema())
            .sink(
                "all",
                vec!["twice".into()],
                AnySink::Plain(Box::<Batches>::default()),
                ChannelOptions::default(),
            )
            .build()
            .unwrap();
        let error = runtime().block_on(run(graph, options(&MemoryStore::new(), 2))).result.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.kind().exit_code(), 1);
    }
}
