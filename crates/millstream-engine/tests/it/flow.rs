//! Rows get where they should, in order, and are counted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use millstream_engine::{
    AnySink, AnySource, ChannelOptions, GraphBuilder, MemoryStore, OnError, Policy, Status, run,
};

use crate::kit::*;

#[test]
fn order_is_kept_for_any_parallelism_and_every_row_is_accounted_for() {
    for (parallelism, chunk) in [(1, 7), (2, 1), (4, 3), (8, 10), (8, 1000)] {
        let (disk, evens) = (Arc::default(), Arc::default());
        let graph = GraphBuilder::new("flow")
            .source("numbers", AnySource::Plain(Box::new(Numbers::new(1000, chunk))))
            .sink(
                "all",
                vec!["numbers".into()],
                AnySink::Plain(Box::new(Table::new(&disk))),
                ChannelOptions::default(),
            )
            .transform("evens", "numbers", vec![Arc::new(Even { reject: None })], &schema())
            .sink(
                "even",
                vec!["evens".into()],
                AnySink::Plain(Box::new(Table::new(&evens))),
                ChannelOptions::default(),
            )
            .build()
            .unwrap();
        let outcome = runtime().block_on(run(graph, options(&MemoryStore::new(), parallelism)));
        outcome.result.unwrap();
        assert_eq!(outcome.report.status, "completed");
        assert_eq!(disk.lock().unwrap().rows(), (0..1000).collect::<Vec<_>>());
        assert_eq!(evens.lock().unwrap().rows(), (0..1000).step_by(2).collect::<Vec<_>>());
        let totals = &outcome.report.totals;
        assert_eq!((totals.rows_in, totals.filtered, totals.rows_out), (1000, 500, 1500));
        assert_eq!(outcome.report.sources[0].bytes, 8000);
    }
}

#[test]
fn sequences_have_no_gaps_and_the_last_chunk_says_so() {
    let batches = Batches::default();
    let graph = GraphBuilder::new("flow")
        .source("numbers", AnySource::Plain(Box::new(Numbers::new(100, 1))))
        .transform("evens", "numbers", vec![Arc::new(Even { reject: None })], &schema())
        .sink(
            "even",
            vec!["evens".into()],
            AnySink::Plain(Box::new(batches.clone())),
            ChannelOptions::default(),
        )
        .build()
        .unwrap();
    runtime().block_on(run(graph, options(&MemoryStore::new(), 4))).result.unwrap();
    let chunks = batches.0.lock().unwrap();
    let sequences: Vec<u64> = chunks.iter().map(|chunk| chunk.envelope.sequence).collect();
    assert_eq!(sequences, (0..chunks.len() as u64).collect::<Vec<_>>());
    assert_eq!(chunks.iter().filter(|chunk| chunk.envelope.is_last).count(), 1);
    assert!(chunks.last().unwrap().envelope.is_last);
    assert_eq!(chunks[0].chunk_id(), "evens:0");
}

#[test]
fn rejected_rows_fail_the_run_or_are_skipped_or_kept() {
    let rejecting = || Numbers { reject: Some(10), ..Numbers::new(100, 7) };
    let build = |dead: Option<Batches>| {
        let disk: Arc<Mutex<Disk>> = Arc::default();
        let table = Table { reject: Some(8), ..Table::new(&disk) };
        let mut builder = GraphBuilder::new("flow")
            .source("numbers", AnySource::Plain(Box::new(rejecting())))
            .transform("evens", "numbers", vec![Arc::new(Even { reject: Some(7) })], &schema())
            .sink("even", vec!["evens".into()], AnySink::Plain(Box::new(table)), ChannelOptions::default());
        if let Some(dead) = dead {
            builder = builder.dead_letter(AnySink::Plain(Box::new(dead)), ChannelOptions::default());
        }
        (builder.build().unwrap(), disk)
    };
    let kept: Vec<i64> = (0..100).filter(|n| n % 10 != 0 && n % 7 != 0 && n % 2 == 0 && n % 8 != 0).collect();

    let (graph, disk) = build(None);
    let outcome = runtime().block_on(run(graph, options(&MemoryStore::new(), 4)));
    let error = outcome.result.unwrap_err();
    assert_eq!((error.to_string().as_str(), error.kind().exit_code()), ("numbers: numbers:0: unlucky", 3));
    assert!(error.hint_text().unwrap().contains("on_error: skip"));
    assert_eq!(outcome.report.status, "error");
    assert!(disk.lock().unwrap().visible.is_empty());

    let (graph, disk) = build(None);
    let skipping =
        millstream_engine::RunOptions { on_error: OnError::Skip, ..options(&MemoryStore::new(), 4) };
    let outcome = runtime().block_on(run(graph, skipping));
    outcome.result.unwrap();
    assert_eq!(disk.lock().unwrap().rows(), kept);
    let totals = &outcome.report.totals;
    assert_eq!(totals.rows_in, totals.rows_out + totals.filtered + totals.skipped);

    let dead = Batches::default();
    let (graph, disk) = build(Some(dead.clone()));
    let outcome = runtime().block_on(run(graph, options(&MemoryStore::new(), 4)));
    outcome.result.unwrap();
    assert_eq!(disk.lock().unwrap().rows(), kept);
    let totals = &outcome.report.totals;
    assert_eq!(totals.rows_in, totals.rows_out + totals.filtered + totals.dead);
    let dead = dead.0.lock().unwrap();
    let stages: Vec<String> = dead
        .iter()
        .flat_map(|chunk| {
            chunk
                .batch
                .column_by_name("stage")
                .unwrap()
                .as_string::<i32>()
                .iter()
                .flatten()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    for stage in ["numbers", "evens: even", "even"] {
        assert!(stages.iter().any(|found| found == stage), "{stage} in {stages:?}");
    }
    assert_eq!(stages.len() as u64, totals.dead);
}

#[test]
fn a_drop_policy_loses_only_what_it_counts_and_is_not_exactly_once() {
    for policy in [Policy::DropNewest, Policy::DropOldest] {
        let disk = Arc::default();
        let channel = ChannelOptions { capacity: 10, policy, timeout: None, threshold: 10 };
        let graph = GraphBuilder::new("flow")
            .source("numbers", AnySource::Plain(Box::new(Numbers::new(5000, 5))))
            .sink("all", vec!["numbers".into()], AnySink::Plain(Box::new(Table::new(&disk))), channel)
            .build()
            .unwrap();
        assert_eq!(graph.describe().sinks[0].delivery.name(), "best-effort");
        let outcome = runtime().block_on(run(graph, options(&MemoryStore::new(), 2)));
        outcome.result.unwrap();
        let totals = &outcome.report.totals;
        assert_eq!(totals.rows_in, totals.rows_out + totals.dropped);
        assert_eq!(disk.lock().unwrap().rows().len() as u64, totals.rows_out);
    }
}

#[test]
fn a_slow_sink_pauses_the_source_and_the_status_says_so() {
    let disk = Arc::default();
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let table = Table { gate: Some(gate.clone()), ..Table::new(&disk) };
    let channel = ChannelOptions { capacity: 20, threshold: 10, ..ChannelOptions::default() };
    let graph = GraphBuilder::new("flow")
        .source("numbers", AnySource::Plain(Box::new(Numbers::new(1000, 5))))
        .sink("all", vec!["numbers".into()], AnySink::Plain(Box::new(table)), channel)
        .build()
        .unwrap();
    let monitor = graph.monitor();
    runtime().block_on(async {
        let running = tokio::spawn(run(graph, options(&MemoryStore::new(), 2)));
        while monitor.status() != Status::Paused {
            tokio::task::yield_now().await;
        }
        let read = monitor.sources[0].rows.get();
        assert!(read < 100, "the source stopped reading, at {read}");
        gate.add_permits(10_000);
        let outcome = running.await.unwrap();
        outcome.result.unwrap();
        assert_eq!(outcome.report.status, "completed");
        assert!(outcome.report.edges[0].pauses > 0);
    });
    assert_eq!(disk.lock().unwrap().rows().len(), 1000);
}

#[test]
fn memory_is_bounded_by_the_limit_even_on_unbounded_edges() {
    let disk = Arc::default();
    let channel = ChannelOptions { policy: Policy::Buffer, ..ChannelOptions::default() };
    let graph = GraphBuilder::new("flow")
        .source("numbers", AnySource::Plain(Box::new(Numbers::new(1000, 1))))
        .sink("all", vec!["numbers".into()], AnySink::Plain(Box::new(Table::new(&disk))), channel)
        .build()
        .unwrap();
    // Each unit of work accounts for 8 bytes: three fit.
    let limited = millstream_engine::RunOptions { memory_limit: Some(24), ..options(&MemoryStore::new(), 4) };
    let outcome = runtime().block_on(run(graph, limited));
    outcome.result.unwrap();
    assert!(outcome.report.edges[0].peak <= 3, "{}", outcome.report.edges[0].peak);
    assert_eq!(disk.lock().unwrap().rows().len(), 1000);
}

#[test]
fn an_operator_with_state_sees_every_input_and_the_end_once() {
    let (batches, ended) = (Batches::default(), Arc::new(AtomicBool::new(false)));
    let graph = GraphBuilder::new("flow")
        .source("left", AnySource::Plain(Box::new(Numbers { name: "left", ..Numbers::new(100, 3) })))
        .source("right", AnySource::Plain(Box::new(Numbers { name: "right", ..Numbers::new(50, 7) })))
        .operator(
            "sums",
            "sum",
            vec!["left".into(), "right".into()],
            Box::new(RunningSum::new(&ended)),
            schema(),
        )
        .transform("evens", "sums", vec![Arc::new(Even { reject: None })], &schema())
        .sink(
            "sums",
            vec!["sums".into()],
            AnySink::Plain(Box::new(batches.clone())),
            ChannelOptions::default(),
        )
        .sink(
            "evens",
            vec!["evens".into()],
            AnySink::Plain(Box::<Batches>::default()),
            ChannelOptions::default(),
        )
        .build()
        .unwrap();
    let outcome = runtime().block_on(run(graph, options(&MemoryStore::new(), 4)));
    outcome.result.unwrap();
    assert!(ended.load(Ordering::Relaxed));
    let chunks = batches.0.lock().unwrap();
    let last = chunks.iter().rev().find(|chunk| chunk.rows() > 0).unwrap();
    let sum = last.batch.column(0).as_primitive::<Int64Type>().values().last().copied();
    assert_eq!(sum, Some((0..100).sum::<i64>() + (0..50).sum::<i64>()));
    assert!(chunks.last().unwrap().envelope.is_last);
    assert_eq!(outcome.report.operators[0].rows_in, 150);
}

#[test]
fn mistakes_in_a_graph_are_named() {
    let builder =
        || GraphBuilder::new("flow").source("numbers", AnySource::Plain(Box::new(Numbers::new(1, 1))));
    let sink = || AnySink::Plain(Box::<Batches>::default());
    let channel = ChannelOptions::default;
    let error = |builder: GraphBuilder| match builder.build() {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    };
    assert!(error(builder()).contains("no sink"));
    assert!(error(builder().sink("s", vec!["nombers".into()], sink(), channel())).contains("nombers"));
    let circle = builder()
        .transform("a", "c", vec![], &schema())
        .transform("b", "a", vec![], &schema())
        .transform("c", "b", vec![], &schema())
        .sink("s", vec!["a".into()], sink(), channel());
    assert_eq!(error(circle), "streams depend on each other in a circle: a <- c <- b <- a");
    let missing =
        builder().transform("a", "x", vec![], &schema()).sink("s", vec!["a".into()], sink(), channel());
    assert_eq!(error(missing), "the stream a reads x, which does not exist");
    let twice = builder().transform("numbers", "numbers", vec![], &schema()).sink(
        "s",
        vec!["numbers".into()],
        sink(),
        channel(),
    );
    assert_eq!(error(twice), "two streams are called numbers");
}
