//! Runs that are killed at any step and started again: every row once (S-10, S-11).

use std::fs;
use std::path::Path;

use millstream_core::{Epoch, ErrorKind, PreCommit, Sink};
use proptest::prelude::*;

use crate::support::*;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Written,
    Prepared,
    Persisted,
    Committed,
}

/// Runs epochs of the given sizes. For each entry of `crashes` the sink is dropped once, at that step of that epoch, and
/// the run goes on from the last persisted checkpoint, as the engine does.
async fn run(path: &Path, sizes: &[i64], crashes: &[(usize, Step)]) {
    let mut crashes = crashes.to_vec();
    let mut checkpoint: Option<(Epoch, PreCommit)> = None;
    let mut done = 0;
    'lives: loop {
        let mut sink = opened(path, checkpoint.clone()).await.unwrap();
        while done < sizes.len() {
            let epoch = done as u64 + 1;
            let from: i64 = sizes[..done].iter().sum();
            let to = from + sizes[done];
            let mut dies_at = |step| {
                let found = crashes.iter().position(|crash| *crash == (done, step));
                found.map(|at| crashes.remove(at)).is_some()
            };
            for row in (from..to).step_by(4) {
                sink.write(chunk(rows(row, to.min(row + 4)))).await.unwrap();
            }
            if dies_at(Step::Written) {
                continue 'lives;
            }
            let token = sink.prepare(Epoch(epoch), &info(epoch, to)).await.unwrap();
            if dies_at(Step::Prepared) {
                continue 'lives;
            }
            checkpoint = Some((Epoch(epoch), token.clone()));
            let dies_before_commit = dies_at(Step::Persisted);
            let dies_after_commit = dies_at(Step::Committed);
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

fn any_step() -> impl Strategy<Value = Step> {
    prop::sample::select(vec![Step::Written, Step::Prepared, Step::Persisted, Step::Committed])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_row_is_there_once(
        sizes in prop::collection::vec(prop_oneof![1 => Just(0_i64), 4 => 1_i64..12], 1..6),
        crashes in prop::collection::vec((0_usize..6, any_step()), 0..8),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let home = tempfile::tempdir().unwrap();
            let path = home.path().join("table");
            run(&path, &sizes, &crashes).await;
            // Opening it once more commits nothing twice and removes what is left over.
            assert_eq!(ids(&path).await, numbers(sizes.iter().sum()));
            assert_eq!(active_files(&path).await, parquet_files(&path));
            let epochs = sizes.iter().skip(1).filter(|size| **size > 0).count() as u64;
            assert_eq!(version(&path).await, epochs);
        });
    }
}

#[tokio::test]
async fn a_commit_can_be_repeated() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = opened(home.path(), None).await.unwrap();
    let first = commit(&mut sink, 1, 0, 10).await.unwrap();
    sink.commit(first.clone()).await.unwrap();
    let second = commit(&mut sink, 2, 10, 20).await.unwrap();
    sink.commit(first).await.unwrap();
    drop(sink);
    let mut sink = opened(home.path(), Some((Epoch(2), second.clone()))).await.unwrap();
    sink.commit(second).await.unwrap();
    assert_eq!(version(home.path()).await, 1);
    assert_eq!(ids(home.path()).await, numbers(20));
}

#[tokio::test]
async fn what_was_never_committed_is_removed() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = opened(home.path(), None).await.unwrap();
    // Killed before the first commit: there is no table yet.
    prepare(&mut sink, 1, 0, 10).await.unwrap();
    drop(sink);
    assert_eq!(parquet_files(home.path()).len(), 1);
    let mut sink = opened(home.path(), None).await.unwrap();
    assert_eq!(parquet_files(home.path()).len(), 0);

    let first = commit(&mut sink, 1, 0, 10).await.unwrap();
    prepare(&mut sink, 2, 10, 20).await.unwrap();
    drop(sink);
    let strangers =
        ["part-00000-c000.parquet", "part-00000-0123456789abcdef-0000000009-0-c000.parquet", "notes"];
    for name in strangers {
        fs::write(home.path().join(name), "x").unwrap();
    }
    assert_eq!(parquet_files(home.path()).len(), 4);
    let mut sink = opened(home.path(), Some((Epoch(1), first))).await.unwrap();
    assert_eq!(parquet_files(home.path()).len(), 3);
    assert!(strangers.iter().all(|name| home.path().join(name).exists()));
    // Other rows than the ones lost, to see that nothing of them is taken.
    commit(&mut sink, 2, 10, 15).await.unwrap();
    assert_eq!(ids(home.path()).await, numbers(15));
}

#[tokio::test]
async fn the_remains_of_a_table_without_a_log_are_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = opened(home.path(), None).await.unwrap();
    commit(&mut sink, 1, 0, 10).await.unwrap();
    commit(&mut sink, 2, 10, 20).await.unwrap();
    drop(sink);
    fs::remove_dir_all(home.path().join("_delta_log")).unwrap();
    opened(home.path(), None).await.unwrap();
    assert_eq!(parquet_files(home.path()).len(), 2);
}

#[tokio::test]
async fn files_that_old_versions_need_are_kept() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = opened(home.path(), None).await.unwrap();
    commit(&mut sink, 1, 0, 10).await.unwrap();
    drop(sink);
    // A tool that compacts, and a transaction that expired: the files look like nobody's, but the log knows them.
    let name = active_files(home.path()).await[0].clone();
    let late = name.replace("-0000000001-", "-0000000007-");
    fs::copy(home.path().join(&name), home.path().join(&late)).unwrap();
    let removed = name.replace("-0000000001-", "-0000000008-");
    fs::copy(home.path().join(&name), home.path().join(&removed)).unwrap();
    let add = |path: &str| {
        let mut add = action(home.path(), 0, "add");
        add["path"] = path.into();
        serde_json::json!({"add": add})
    };
    foreign_entry(home.path(), 1, &[add(&late), add(&removed)]);
    let now = START / 1000 * 2;
    let remove =
        serde_json::json!({"remove": {"path": removed, "deletionTimestamp": now, "dataChange": false}});
    foreign_entry(home.path(), 2, &[remove]);
    opened(home.path(), None).await.unwrap();
    assert_eq!(parquet_files(home.path()).len(), 3);
}

#[tokio::test]
async fn a_prepared_file_that_is_gone_or_changed_is_not_committed() {
    for damage in
        [|path: &Path| fs::remove_file(path).unwrap(), |path: &Path| fs::write(path, "short").unwrap()]
    {
        let home = tempfile::tempdir().unwrap();
        let mut sink = opened(home.path(), None).await.unwrap();
        commit(&mut sink, 1, 0, 10).await.unwrap();
        let before = parquet_files(home.path());
        let token = prepare(&mut sink, 2, 10, 20).await.unwrap();
        let new = parquet_files(home.path()).into_iter().find(|name| !before.contains(name)).unwrap();
        damage(&home.path().join(new));
        let error = sink.commit(token.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::State);
        assert!(error.to_string().contains("before it was committed"), "{error}");
        drop(sink);
        opened(home.path(), Some((Epoch(2), token))).await.unwrap_err();
        assert_eq!(ids(home.path()).await, numbers(10));
    }
}
