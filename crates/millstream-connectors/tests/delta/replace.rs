//! Generations: each takes the place of all rows before, in one version, whatever dies when.

use std::fs;
use std::path::Path;
use std::time::Duration;

use millstream_connectors::delta::{DeltaSink, DeltaSinkOptions};
use millstream_core::{Epoch, EpochInfo, ErrorKind, PreCommit, ReportsProgress, Result, Sink, SinkStart};
use proptest::prelude::*;
use serde_json::json;

use crate::support::*;

fn options(path: &Path, retention: Duration) -> DeltaSinkOptions {
    DeltaSinkOptions { retention, ..DeltaSinkOptions::new(path) }
}

async fn open(options: DeltaSinkOptions, resume: Option<(Epoch, PreCommit)>) -> Result<DeltaSink> {
    let mut sink = DeltaSink::new(STREAM.into(), options);
    sink.open(SinkStart { replaced: true, ..start(resume) }).await?;
    Ok(sink)
}

fn of_generation(epoch: u64, generation: u64) -> EpochInfo {
    EpochInfo { generation: Some(generation), ..info(epoch, generation as i64) }
}

/// Rows whose ids tell the generation.
fn ids_of(generation: u64, count: i64) -> Vec<i64> {
    let first = generation as i64 * 1000;
    (first..first + count).collect()
}

async fn prepare(sink: &mut DeltaSink, epoch: u64, generation: u64, count: i64) -> Result<PreCommit> {
    let first = generation as i64 * 1000;
    for row in (first..first + count).step_by(4) {
        sink.write(chunk(rows(row, (first + count).min(row + 4)))).await?;
    }
    sink.prepare(Epoch(epoch), &of_generation(epoch, generation)).await
}

async fn commit(sink: &mut DeltaSink, epoch: u64, generation: u64, count: i64) -> Result<PreCommit> {
    let token = prepare(sink, epoch, generation, count).await?;
    sink.commit(token.clone()).await?;
    Ok(token)
}

#[tokio::test]
async fn a_generation_takes_the_place_of_all_rows_in_one_version() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = open(DeltaSinkOptions::new(home.path()), None).await.unwrap();
    for (epoch, generation, count) in [(1, 0, 10), (3, 1, 7), (4, 2, 0), (6, 3, 5)] {
        commit(&mut sink, epoch, generation, count).await.unwrap();
        assert_eq!(ids(home.path()).await, ids_of(generation, count));
        assert_eq!(version(home.path()).await, generation);
        // An epoch without a generation changes nothing.
        let token = sink.prepare(Epoch(epoch + 1), &info(epoch + 1, 0)).await;
        if epoch != 3 {
            sink.commit(token.unwrap()).await.unwrap();
        }
        assert_eq!(version(home.path()).await, generation);
        if epoch == 3 {
            drop(sink);
            sink = open(DeltaSinkOptions::new(home.path()), None).await.unwrap();
        }
    }
    let commit = action(home.path(), 1, "commitInfo");
    assert_eq!(commit["operation"], "WRITE");
    assert_eq!(commit["operationParameters"]["mode"], "Overwrite");
    assert_eq!(commit["isBlindAppend"], false);
    assert_eq!(commit["millstream.generation"], 1);
    let removed = action(home.path(), 1, "remove");
    assert_eq!(removed["path"], action(home.path(), 0, "add")["path"]);
    assert_eq!(removed["dataChange"], true);
    assert_eq!(removed["deletionTimestamp"], START / 1000 + 3000);
    assert_eq!(action(home.path(), 1, "txn"), json!({"appId": "millstream/shop/orders", "version": 3}));
    // Versions before are still there to be read.
    assert_eq!(parquet_files(home.path()).len(), 3);
    let progress = sink.progress(PIPELINE, &STREAM.into()).await.unwrap().unwrap();
    assert_eq!(progress.epoch, Epoch(6));
    assert_eq!(progress.bookmarks[0].1.0, json!({"row": 3}));
}

#[tokio::test]
async fn old_files_go_after_the_retention() {
    let home = tempfile::tempdir().unwrap();
    let stranger = home.path().join("part-00000-c000.parquet");
    let mut sink = open(options(home.path(), Duration::from_secs(2)), None).await.unwrap();
    for epoch in 1..=5 {
        commit(&mut sink, epoch, epoch - 1, 3).await.unwrap();
        // Epochs are a second apart: besides the current generation, those of the last two seconds.
        assert_eq!(parquet_files(home.path()).len() as u64, epoch.min(3));
    }
    fs::write(&stranger, "x").unwrap();
    drop(sink);
    // The next process knows them from the log.
    let mut sink = open(options(home.path(), Duration::from_secs(1)), None).await.unwrap();
    commit(&mut sink, 6, 5, 3).await.unwrap();
    assert_eq!(active_files(home.path()).await.len(), 1);
    assert_eq!(parquet_files(home.path()).len(), 2 + 1);
    assert!(stranger.exists());
    assert_eq!(ids(home.path()).await, ids_of(5, 3));
}

#[tokio::test]
async fn what_others_append_meanwhile_is_replaced_too() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = open(DeltaSinkOptions::new(home.path()), None).await.unwrap();
    commit(&mut sink, 1, 0, 10).await.unwrap();
    let token = prepare(&mut sink, 2, 1, 4).await.unwrap();
    // Another writer adds a file of its own, twice.
    let add = action(home.path(), 0, "add");
    for version in [1, 2] {
        let name = format!("theirs-{version}.parquet");
        fs::copy(home.path().join(add["path"].as_str().unwrap()), home.path().join(&name)).unwrap();
        let mut theirs = add.clone();
        theirs["path"] = name.into();
        foreign_entry(home.path(), version, &[json!({"add": theirs})]);
    }
    assert_eq!(ids(home.path()).await.len(), 30);
    sink.commit(token.clone()).await.unwrap();
    assert_eq!(ids(home.path()).await, ids_of(1, 4));
    assert_eq!(version(home.path()).await, 3);
    sink.commit(token).await.unwrap();
    assert_eq!(version(home.path()).await, 3);
    let removed = entry(home.path(), 3).iter().filter(|action| action.get("remove").is_some()).count();
    assert_eq!(removed, 3);
}

#[tokio::test]
async fn tables_and_rows_that_cannot_be_replaced_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = open(DeltaSinkOptions::new(home.path()), None).await.unwrap();
    commit(&mut sink, 1, 0, 1).await.unwrap();
    sink.write(chunk(rows(5, 6))).await.unwrap();
    let error = sink.prepare(Epoch(2), &info(2, 1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
    drop(sink);
    let mut metadata = action(home.path(), 0, "metaData");
    metadata["configuration"] = json!({"delta.appendOnly": "true"});
    foreign_entry(home.path(), 1, &[json!({"metaData": metadata})]);
    let error = open(DeltaSinkOptions::new(home.path()), None).await.unwrap_err();
    assert!(error.to_string().contains("appendOnly") && error.hint_text().is_some(), "{error}");
    opened(home.path(), None).await.unwrap();
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Written,
    Prepared,
    Persisted,
    Committed,
}

/// Generations of the given sizes; `None` is an epoch without one. Dies once at each of `crashes`.
async fn run(path: &Path, epochs: &[Option<i64>], crashes: &[(usize, Step)]) {
    let mut crashes = crashes.to_vec();
    let mut checkpoint: Option<(Epoch, PreCommit)> = None;
    let mut done = 0;
    'lives: loop {
        let mut sink = open(DeltaSinkOptions::new(path), checkpoint.clone()).await.unwrap();
        while done < epochs.len() {
            let epoch = done as u64 + 1;
            let mut dies_at = |step| {
                let found = crashes.iter().position(|crash| *crash == (done, step));
                found.map(|at| crashes.remove(at)).is_some()
            };
            let generation = epochs[..done].iter().flatten().count() as u64;
            if dies_at(Step::Written) {
                sink.write(chunk(rows(0, 3))).await.unwrap();
                continue 'lives;
            }
            let token = match epochs[done] {
                Some(count) => prepare(&mut sink, epoch, generation, count).await.unwrap(),
                None => sink.prepare(Epoch(epoch), &info(epoch, 0)).await.unwrap(),
            };
            if dies_at(Step::Prepared) {
                continue 'lives;
            }
            checkpoint = Some((Epoch(epoch), token.clone()));
            let (dies_before_commit, dies_after_commit) =
                (dies_at(Step::Persisted), dies_at(Step::Committed));
            done += 1;
            if dies_before_commit {
                continue 'lives;
            }
            sink.commit(token).await.unwrap();
            if dies_after_commit {
                continue 'lives;
            }
        }
        return;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn every_generation_is_a_version_once_and_whole(
        epochs in prop::collection::vec(prop::option::weighted(0.8, 0_i64..12), 1..6),
        crashes in prop::collection::vec(
            (0_usize..6, prop::sample::select(vec![Step::Written, Step::Prepared, Step::Persisted, Step::Committed])),
            0..8,
        ),
    ) {
        let mut epochs = epochs;
        // A table begins with its first generation.
        epochs[0] = Some(epochs[0].unwrap_or(3));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let home = tempfile::tempdir().unwrap();
            let path = home.path().join("table");
            run(&path, &epochs, &crashes).await;
            let generations: Vec<i64> = epochs.iter().copied().flatten().collect();
            assert_eq!(version(&path).await as usize + 1, generations.len());
            for (generation, count) in generations.iter().enumerate() {
                let number = if generation == 0 && *count == 0 { json!(0) } else {
                    action(&path, generation as u64, "commitInfo")["millstream.generation"].clone()
                };
                assert_eq!(number, json!(generation));
                let added = entry(&path, generation as u64).iter().filter(|action| action.get("add").is_some()).count();
                assert_eq!(added, usize::from(*count > 0));
            }
            let last = generations.len() - 1;
            assert_eq!(ids(&path).await, ids_of(last as u64, generations[last]));
        });
    }
}
