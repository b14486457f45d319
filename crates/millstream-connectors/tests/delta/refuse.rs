//! What is refused, and what the message says.

use std::fs;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use millstream_core::{Epoch, Error, ErrorKind, Sink, SinkStart};
use serde_json::{Value, json};

use crate::support::*;

fn assert_says(error: &Error, kind: ErrorKind, parts: &[&str], hint: &str) {
    assert_eq!(error.kind(), kind, "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "{part:?} is not in: {error}");
    }
    let shown = error.hint_text().unwrap_or_default();
    assert!(shown.contains(hint), "{hint:?} is not in: {shown}");
}

#[tokio::test]
async fn other_columns_are_refused_by_name() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = opened(home.path(), None).await.unwrap();
    commit(&mut sink, 1, 0, 10).await.unwrap();
    drop(sink);
    let mut fields: Vec<Arc<Field>> = schema().fields().to_vec();
    fields[1] = Arc::new(Field::new("name", DataType::Int32, true));
    fields[3] = Arc::new(Field::new("points", DataType::Float64, true));
    let mut sink = new_sink(home.path());
    let other = SinkStart { schema: Arc::new(Schema::new(fields)), ..start(None) };
    let error = sink.open(other).await.unwrap_err();
    let parts = [
        "name is string in the table, integer in the stream",
        "points (double) is not in the table",
        "score (double) is not in the stream",
    ];
    assert_says(&error, ErrorKind::Sink, &parts, "another folder");
    assert!(!error.to_string().contains("amount"), "{error}");
}

/// Changes a table's metadata and protocol.
type Edit = Box<dyn Fn(&mut Value, &mut Value)>;

#[tokio::test]
async fn tables_that_need_more_than_plain_rows_are_refused() {
    let edits: Vec<(&str, Edit)> = vec![
        ("is partitioned by name", Box::new(|metadata, _| metadata["partitionColumns"] = json!(["name"]))),
        (
            "delta.constraints.positive",
            Box::new(|metadata, _| {
                metadata["configuration"] = json!({"delta.constraints.positive": "id > 0"});
            }),
        ),
        (
            "delta.enableInCommitTimestamps",
            Box::new(|metadata, _| {
                metadata["configuration"] = json!({"delta.enableInCommitTimestamps": "true"});
            }),
        ),
        (
            "the column id",
            Box::new(|metadata, _| {
                let columns = metadata["schemaString"].as_str().unwrap().to_owned();
                let rule = r#""metadata":{"delta.generationExpression":"1"}"#;
                metadata["schemaString"] = columns.replacen(r#""metadata":{}"#, rule, 1).into();
            }),
        ),
        (
            "uses the feature ",
            Box::new(|_, protocol| {
                *protocol = json!({
                    "minReaderVersion": 1, "minWriterVersion": 7,
                    "writerFeatures": ["rowTracking", "domainMetadata"],
                });
            }),
        ),
    ];
    for (part, edit) in edits {
        let home = tempfile::tempdir().unwrap();
        let mut sink = opened(home.path(), None).await.unwrap();
        commit(&mut sink, 1, 0, 0).await.unwrap();
        drop(sink);
        let mut metadata = action(home.path(), 0, "metaData");
        let mut protocol = action(home.path(), 0, "protocol");
        edit(&mut metadata, &mut protocol);
        fs::remove_file(log_path(home.path(), 0)).unwrap();
        foreign_entry(home.path(), 0, &[json!({"protocol": protocol}), json!({"metaData": metadata})]);
        let error = opened(home.path(), None).await.unwrap_err();
        assert_says(&error, ErrorKind::Sink, &[part], "another folder");
    }
}

#[tokio::test]
async fn a_table_that_is_gone_is_not_made_anew() {
    for whole_folder in [true, false] {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("table");
        let mut sink = opened(&path, None).await.unwrap();
        commit(&mut sink, 1, 0, 10).await.unwrap();
        let token = commit(&mut sink, 2, 10, 20).await.unwrap();
        drop(sink);
        if whole_folder {
            fs::remove_dir_all(&path).unwrap();
        } else {
            fs::remove_dir_all(path.join("_delta_log")).unwrap();
        }
        let error = opened(&path, Some((Epoch(2), token))).await.unwrap_err();
        let hint = "restore it, or use --restart to start over";
        assert_says(&error, ErrorKind::State, &["is gone", "epochs up to 1"], hint);
        assert_eq!(path.exists(), !whole_folder, "an error leaves nothing behind");
    }
}

#[tokio::test]
async fn a_table_that_vanishes_while_we_write_stops_the_run() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("table");
    let mut sink = opened(&path, None).await.unwrap();
    commit(&mut sink, 1, 0, 10).await.unwrap();
    fs::remove_dir_all(&path).unwrap();
    let error = prepare(&mut sink, 2, 10, 20).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Sink, "{error}");

    let mut sink = opened(&path, None).await.unwrap();
    commit(&mut sink, 1, 0, 10).await.unwrap();
    let token = prepare(&mut sink, 2, 10, 20).await.unwrap();
    fs::remove_dir_all(path.join("_delta_log")).unwrap();
    let error = sink.commit(token).await.unwrap_err();
    assert_says(&error, ErrorKind::State, &["is gone"], "restore it");
    assert!(!path.join("_delta_log").exists());
}

#[tokio::test]
async fn another_table_in_the_same_place_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("table");
    let mut sink = opened(&path, None).await.unwrap();
    commit(&mut sink, 1, 0, 10).await.unwrap();
    let token = commit(&mut sink, 2, 10, 20).await.unwrap();
    drop(sink);
    fs::remove_dir_all(&path).unwrap();
    let mut sink = opened(&path, None).await.unwrap();
    commit(&mut sink, 1, 0, 10).await.unwrap();
    drop(sink);
    let error = opened(&path, Some((Epoch(2), token))).await.unwrap_err();
    assert_says(&error, ErrorKind::State, &["is another one than before"], "--restart");
}

#[tokio::test]
async fn a_table_that_went_back_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = opened(home.path(), None).await.unwrap();
    commit(&mut sink, 1, 0, 10).await.unwrap();
    commit(&mut sink, 2, 10, 20).await.unwrap();
    let token = commit(&mut sink, 3, 20, 30).await.unwrap();
    drop(sink);
    for version in [1, 2] {
        fs::remove_file(log_path(home.path(), version)).unwrap();
    }
    let error = opened(home.path(), Some((Epoch(3), token))).await.unwrap_err();
    assert_says(&error, ErrorKind::State, &["has gone back to version 0"], "restore the newer version");
}

#[tokio::test]
async fn a_checkpoint_older_than_the_table_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = opened(home.path(), None).await.unwrap();
    let old = commit(&mut sink, 1, 0, 10).await.unwrap();
    commit(&mut sink, 2, 10, 20).await.unwrap();
    drop(sink);
    let error = opened(home.path(), Some((Epoch(1), old))).await.unwrap_err();
    assert_says(&error, ErrorKind::State, &["has epoch 2", "checkpoint is of epoch 1"], "newest checkpoint");
    // Without any checkpoint, the epochs of the table are not counted again.
    let mut sink = opened(home.path(), None).await.unwrap();
    let error = prepare(&mut sink, 1, 0, 10).await.unwrap_err();
    assert_says(&error, ErrorKind::State, &["already holds epoch 2", "only at epoch 1"], "restore");
    assert_eq!(ids(home.path()).await, numbers(20));
}

#[tokio::test]
async fn epochs_only_grow() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = opened(home.path(), None).await.unwrap();
    commit(&mut sink, 3, 0, 10).await.unwrap();
    for epoch in [3, 2] {
        prepare(&mut sink, epoch, 0, 0).await.unwrap_err();
    }
    commit(&mut sink, 4, 10, 20).await.unwrap();
}

#[tokio::test]
async fn a_restart_does_not_append_to_what_an_earlier_run_wrote() {
    let home = tempfile::tempdir().unwrap();
    let restart = SinkStart { restart: true, ..start(None) };
    // Nothing of ours is there: fine.
    let mut sink = new_sink(home.path());
    sink.open(restart.clone()).await.unwrap();
    commit(&mut sink, 1, 0, 10).await.unwrap();
    drop(sink);
    let error = new_sink(home.path()).open(restart).await.unwrap_err();
    assert_says(&error, ErrorKind::Sink, &["rows are only appended"], "remove the folder");
    assert_eq!(ids(home.path()).await, numbers(10));
}

#[tokio::test]
async fn a_sink_that_is_not_open_does_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = new_sink(home.path());
    assert_eq!(sink.write(chunk(rows(0, 1))).await.unwrap_err().kind(), ErrorKind::Internal);
    sink.prepare(Epoch(1), &info(1, 0)).await.unwrap_err();
    let nonsense = millstream_core::PreCommit(json!({"file": "x.jsonl"}));
    let error = opened(home.path(), Some((Epoch(1), nonsense))).await.unwrap_err();
    assert_says(&error, ErrorKind::State, &["none of the Delta sink"], "--restart");
}
