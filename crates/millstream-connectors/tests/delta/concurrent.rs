//! Other writers, welcome and unwelcome.

use millstream_connectors::delta::{DeltaSink, DeltaSinkOptions};
use millstream_core::{Epoch, ErrorKind, Sink, SinkStart};
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn streams_share_a_table() {
    let home = tempfile::tempdir().unwrap();
    let mut first = opened(home.path(), None).await.unwrap();
    let mut second = DeltaSink::new("returns".into(), DeltaSinkOptions::new(home.path()));
    second.open(start(None)).await.unwrap();
    // Both find that there is no table yet; both make it.
    commit(&mut first, 1, 0, 10).await.unwrap();
    commit(&mut second, 1, 10, 20).await.unwrap();
    commit(&mut second, 2, 20, 30).await.unwrap();
    commit(&mut first, 2, 30, 40).await.unwrap();
    let token = prepare(&mut first, 3, 40, 50).await.unwrap();
    drop(first);
    commit(&mut second, 3, 50, 60).await.unwrap();
    let mut first = opened(home.path(), Some((Epoch(3), token))).await.unwrap();
    commit(&mut first, 4, 60, 70).await.unwrap();
    assert_eq!(ids(home.path()).await, numbers(70));
    assert_eq!(version(home.path()).await, 6);
    assert_eq!(action(home.path(), 1, "protocol"), json!(null), "the table is made once");
}

#[tokio::test]
async fn a_second_writer_of_a_stream_does_not_get_in() {
    let home = tempfile::tempdir().unwrap();
    let mut first = opened(home.path(), None).await.unwrap();
    let error = opened(home.path(), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::State);
    assert!(error.to_string().contains("another process is writing"), "{error}");
    commit(&mut first, 1, 0, 10).await.unwrap();
    first.open(start(None)).await.unwrap();
    drop(first);
    opened(home.path(), None).await.unwrap();
}

/// A commit of the same application by somebody else, which the lock did not stop: on another machine, say.
fn foreign_commit(path: &std::path::Path, version: u64, epoch: u64, file: &str) {
    let mut add = action(path, 0, "add");
    add["path"] = file.into();
    foreign_entry(
        path,
        version,
        &[json!({"txn": {"appId": "millstream/shop/orders", "version": epoch}}), json!({"add": add})],
    );
}

#[tokio::test]
async fn whoever_commits_an_epoch_second_is_stopped() {
    for epoch in [2, 5] {
        let home = tempfile::tempdir().unwrap();
        let mut sink = opened(home.path(), None).await.unwrap();
        commit(&mut sink, 1, 0, 10).await.unwrap();
        let token = prepare(&mut sink, 2, 10, 20).await.unwrap();
        let file = active_files(home.path()).await[0].clone();
        let theirs = format!("copy-{file}");
        std::fs::copy(home.path().join(&file), home.path().join(&theirs)).unwrap();
        foreign_commit(home.path(), 1, epoch, &theirs);
        let error = sink.commit(token.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::State);
        assert!(error.to_string().contains("another process has committed"), "{error}");
        assert_eq!(version(home.path()).await, 1);
        // Nor does a restart take the other's epoch for its own.
        drop(sink);
        let error = opened(home.path(), Some((Epoch(2), token))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::State, "{error}");
        assert_eq!(version(home.path()).await, 1);
    }
}

#[tokio::test]
async fn a_commit_that_an_error_hid_is_recognised() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = opened(home.path(), None).await.unwrap();
    commit(&mut sink, 1, 0, 10).await.unwrap();
    let token = prepare(&mut sink, 2, 10, 20).await.unwrap();
    // The same commit, made by the same token.
    let before = active_files(home.path()).await;
    let new = parquet_files(home.path()).into_iter().find(|name| !before.contains(name)).unwrap();
    foreign_commit(home.path(), 1, 2, &new);
    sink.commit(token).await.unwrap();
    commit(&mut sink, 3, 20, 30).await.unwrap();
    assert_eq!(ids(home.path()).await, numbers(30));
    assert_eq!(version(home.path()).await, 2);
}

#[tokio::test]
async fn others_may_change_properties_but_not_columns() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = opened(home.path(), None).await.unwrap();
    commit(&mut sink, 1, 0, 10).await.unwrap();
    let mut metadata = action(home.path(), 0, "metaData");
    metadata["configuration"] = json!({"delta.checkpointInterval": "4"});
    foreign_entry(home.path(), 1, &[json!({"metaData": metadata})]);
    commit(&mut sink, 2, 10, 20).await.unwrap();
    commit(&mut sink, 3, 20, 30).await.unwrap();
    assert_eq!(ids(home.path()).await, numbers(30));
    let checkpoint = home.path().join("_delta_log/00000000000000000003.checkpoint.parquet");
    assert!(checkpoint.exists(), "the new interval counts");

    let columns =
        metadata["schemaString"].as_str().unwrap().replace("\"name\":\"score\"", "\"name\":\"points\"");
    metadata["schemaString"] = columns.into();
    foreign_entry(home.path(), 4, &[json!({"metaData": metadata})]);
    let token = prepare(&mut sink, 4, 30, 40).await.unwrap();
    let error = sink.commit(token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Sink);
    assert!(error.to_string().contains("score (double) is not in the table"), "{error}");
    assert!(error.to_string().contains("points (double) is not in the stream"), "{error}");
}

#[tokio::test]
async fn a_table_that_somebody_else_makes_first_must_fit() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = opened(home.path(), None).await.unwrap();
    let narrow = std::sync::Arc::new(schema().project(&[0]).unwrap());
    let mut other = DeltaSink::new("ids".into(), DeltaSinkOptions::new(home.path()));
    other.open(SinkStart { schema: narrow, ..start(None) }).await.unwrap();
    other.write(chunk(rows(0, 5).project(&[0]).unwrap())).await.unwrap();
    let token = other.prepare(Epoch(1), &info(1, 5)).await.unwrap();
    other.commit(token).await.unwrap();
    let token = prepare(&mut sink, 1, 0, 10).await.unwrap();
    let error = sink.commit(token).await.unwrap_err();
    assert!(error.to_string().contains("amount (decimal(10,2)) is not in the table"), "{error}");
}
