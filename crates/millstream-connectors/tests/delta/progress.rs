//! What a table tells about how far its pipeline is (S-67), whatever became of its log.

use std::fs;
use std::path::Path;

use millstream_core::{Bookmark, Epoch, ErrorKind, Progress, ReportsProgress, Result};
use serde_json::json;

use crate::support::*;

async fn progress(path: &Path) -> Result<Option<Progress>> {
    new_sink(path).progress(PIPELINE, &STREAM.into()).await
}

fn expected(epoch: u64, next_row: i64, version: u64) -> Progress {
    Progress {
        epoch: Epoch(epoch),
        bookmarks: vec![(STREAM.to_owned(), Bookmark(json!({"row": next_row})))],
        details: json!({"version": version, "rows": next_row}),
    }
}

#[tokio::test]
async fn progress_is_that_of_the_newest_epoch_with_rows() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("table");
    assert_eq!(progress(&path).await.unwrap(), None);
    assert!(!path.exists(), "asking makes nothing");
    let mut sink = opened(&path, None).await.unwrap();
    assert_eq!(progress(&path).await.unwrap(), None);
    commit(&mut sink, 1, 0, 0).await.unwrap();
    assert_eq!(progress(&path).await.unwrap(), Some(expected(1, 0, 0)));
    commit(&mut sink, 2, 0, 10).await.unwrap();
    commit(&mut sink, 3, 10, 10).await.unwrap();
    assert_eq!(progress(&path).await.unwrap(), Some(expected(2, 10, 1)));
    // Not what is prepared only, and not what others commit.
    prepare(&mut sink, 4, 10, 20).await.unwrap();
    let other = json!({"txn": {"appId": "millstream/shop/returns", "version": 9}});
    foreign_entry(&path, 2, &[other, json!({"commitInfo": {"millstream.bookmarks": "[]"}})]);
    assert_eq!(progress(&path).await.unwrap(), Some(expected(2, 10, 2)));
    assert_eq!(new_sink(&path).progress("other", &STREAM.into()).await.unwrap(), None);
}

/// 150 epochs; after the first 100 the old log entries vanish, so a commit that read them again would fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_epochs_do_not_slow_each_other_down() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = opened(home.path(), None).await.unwrap();
    for epoch in 1..=100 {
        commit(&mut sink, epoch, epoch as i64 - 1, epoch as i64).await.unwrap();
    }
    let log = home.path().join("_delta_log");
    assert!(log.join("00000000000000000099.checkpoint.parquet").exists());
    for version in 0..99 {
        fs::remove_file(log_path(home.path(), version)).unwrap();
    }
    let mut token = None;
    for epoch in 101..=150 {
        token = Some(commit(&mut sink, epoch, epoch as i64 - 1, epoch as i64).await.unwrap());
    }
    drop(sink);
    assert_eq!(ids(home.path()).await, numbers(150));
    assert_eq!(version(home.path()).await, 149);
    let mut sink = opened(home.path(), Some((Epoch(150), token.unwrap()))).await.unwrap();
    commit(&mut sink, 151, 150, 151).await.unwrap();
    assert_eq!(progress(home.path()).await.unwrap(), Some(expected(151, 151, 150)));
}

/// A table whose newest version of ours is only in a checkpoint of the log.
async fn cleaned_up(path: &Path) {
    let mut sink = opened(path, None).await.unwrap();
    for epoch in 1..=98 {
        commit(&mut sink, epoch, epoch as i64 - 1, epoch as i64).await.unwrap();
    }
    drop(sink);
    // Others go on until the checkpoint, and the old entries are cleaned up.
    let mut other = millstream_connectors::delta::DeltaSink::new(
        "returns".into(),
        millstream_connectors::delta::DeltaSinkOptions::new(path),
    );
    millstream_core::Sink::open(&mut other, start(None)).await.unwrap();
    for epoch in 1..=2 {
        let row = 97 + epoch as i64;
        commit(&mut other, epoch, row, row + 1).await.unwrap();
    }
    assert!(path.join("_delta_log/00000000000000000099.checkpoint.parquet").exists());
    for version in 0..99 {
        fs::remove_file(log_path(path, version)).unwrap();
    }
}

#[tokio::test]
async fn bookmarks_survive_the_cleaning_of_the_log() {
    let home = tempfile::tempdir().unwrap();
    cleaned_up(home.path()).await;
    let mut expected = expected(98, 98, 99);
    expected.details = json!({"version": 99, "rows": 100});
    assert_eq!(progress(home.path()).await.unwrap(), Some(expected));
    // And the pipeline goes on from there.
    let mut sink = opened(home.path(), None).await.unwrap();
    commit(&mut sink, 99, 100, 110).await.unwrap();
    assert_eq!(ids(home.path()).await, numbers(110));
}

#[tokio::test]
async fn bookmarks_that_are_lost_are_an_error() {
    let home = tempfile::tempdir().unwrap();
    cleaned_up(home.path()).await;
    let name =
        active_files(home.path()).await.into_iter().find(|name| name.contains("-0000000098-")).unwrap();
    let remove = json!({"remove": {"path": name, "deletionTimestamp": 1, "dataChange": false}});
    foreign_entry(home.path(), 100, &[remove]);
    let error = progress(home.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::State);
    assert!(error.to_string().contains("holds epoch 98"), "{error}");
    assert!(error.hint_text().unwrap().contains("checkpoint"));
}
