//! What an undisturbed run leaves.

use arrow::array::{Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use millstream_connectors::delta::{DeltaSink, DeltaSinkOptions, application_id};
use millstream_core::{Epoch, Sink, SinkStart};
use millstream_formats::parquet::{ParquetCompression, ParquetOptions};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_epoch_with_rows_is_one_version() {
    let home = tempfile::tempdir().unwrap();
    // A name that must be escaped in a URL.
    let path = home.path().join("my lake/100% ü");
    let mut sink = opened(&path, None).await.unwrap();
    assert_eq!(sink.delivery().name(), "exactly-once");
    let mut from = 0;
    for (epoch, to) in [(1, 10), (2, 10), (3, 1000), (4, 1000), (5, 1001)] {
        commit(&mut sink, epoch, from, to).await.unwrap();
        from = to;
        assert_eq!(ids(&path).await, numbers(to));
    }
    assert_eq!(version(&path).await, 2);
    assert_eq!(active_files(&path).await, parquet_files(&path));
    let application = application_id(PIPELINE, STREAM);
    let table = table(&path).await;
    let stored = table
        .snapshot()
        .unwrap()
        .transaction_version(table.log_store().as_ref(), &application)
        .await
        .unwrap();
    assert_eq!(stored, Some(5));
}

#[tokio::test]
async fn a_commit_says_what_it_did() {
    let home = tempfile::tempdir().unwrap();
    let mut options = DeltaSinkOptions::new(home.path());
    options.description = Some("All orders".to_owned());
    let mut sink = DeltaSink::new(STREAM.into(), options);
    sink.open(start(None)).await.unwrap();
    commit(&mut sink, 1, 0, 10).await.unwrap();
    commit(&mut sink, 2, 10, 30).await.unwrap();

    assert_eq!(action(home.path(), 0, "protocol"), json!({"minReaderVersion": 1, "minWriterVersion": 2}));
    let metadata = action(home.path(), 0, "metaData");
    assert_eq!(metadata["name"], "orders");
    assert_eq!(metadata["description"], "All orders");
    assert_eq!(metadata["createdTime"], START / 1000 + 1000);
    let columns: Value = serde_json::from_str(metadata["schemaString"].as_str().unwrap()).unwrap();
    let columns: Vec<(&str, &str, bool)> = columns["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| {
            (
                field["name"].as_str().unwrap(),
                field["type"].as_str().unwrap(),
                field["nullable"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        columns,
        [
            ("id", "long", false),
            ("name", "string", true),
            ("amount", "decimal(10,2)", true),
            ("score", "double", true),
            ("at", "timestamp", true),
        ]
    );

    let commit = action(home.path(), 1, "commitInfo");
    assert_eq!(commit["operation"], "WRITE");
    assert_eq!(commit["timestamp"], START / 1000 + 2000);
    assert_eq!(commit["readVersion"], 0);
    assert_eq!(commit["isBlindAppend"], true);
    assert_eq!(commit["operationMetrics"]["numOutputRows"], "20");
    assert_eq!(commit["millstream.pipeline"], "shop");
    assert_eq!(commit["millstream.stream"], "orders");
    assert_eq!(commit["millstream.epoch"], 2);
    assert_eq!(commit["millstream.bookmarks"], r#"[["orders",{"row":30}]]"#);
    assert!(commit["engineInfo"].as_str().unwrap().starts_with("millstream:"));
    let transaction = action(home.path(), 1, "txn");
    assert_eq!(transaction, json!({"appId": "millstream/shop/orders", "version": 2}));

    let add = action(home.path(), 1, "add");
    let size = std::fs::metadata(home.path().join(add["path"].as_str().unwrap())).unwrap().len();
    assert_eq!(add["size"], size);
    assert_eq!(add["modificationTime"], START / 1000 + 2000);
    let statistics: Value = serde_json::from_str(add["stats"].as_str().unwrap()).unwrap();
    assert_eq!(
        statistics,
        json!({
            "numRecords": 20,
            "minValues": {
                "id": 10, "name": "name 10", "amount": 10.10, "score": 1.25, "at": "2026-01-01T00:00:10.000Z",
            },
            "maxValues": {
                "id": 29, "name": "name 29", "amount": 29.29, "score": 3.625, "at": "2026-01-01T00:00:29.001Z",
            },
            "nullCount": {"id": 0, "name": 3, "amount": 0, "score": 0, "at": 0},
        })
    );
    // What a checkpoint of the log keeps.
    assert_eq!(add["tags"]["millstream.bookmarks"], commit["millstream.bookmarks"]);
}

#[tokio::test]
async fn a_table_without_rows_has_its_columns() {
    let home = tempfile::tempdir().unwrap();
    let mut sink = opened(home.path(), None).await.unwrap();
    for epoch in 1..4 {
        commit(&mut sink, epoch, 0, 0).await.unwrap();
    }
    assert_eq!(version(home.path()).await, 0);
    assert_eq!(action(home.path(), 0, "commitInfo")["operation"], "CREATE TABLE");
    assert_eq!(table(home.path()).await.snapshot().unwrap().schema().num_fields(), 5);
    assert_eq!(ids(home.path()).await, numbers(0));
    commit(&mut sink, 4, 0, 3).await.unwrap();
    assert_eq!(ids(home.path()).await, numbers(3));
}

#[tokio::test]
async fn timestamps_without_a_zone_ask_for_their_feature() {
    let home = tempfile::tempdir().unwrap();
    let kind = DataType::Timestamp(TimeUnit::Second, None);
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("local", kind, true),
    ]));
    let mut sink = new_sink(home.path());
    let start = SinkStart { schema: schema.clone(), ..start(None) };
    sink.open(start.clone()).await.unwrap();
    let columns: Vec<arrow::array::ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![0])),
        Arc::new(arrow::array::TimestampSecondArray::from(vec![START / 1_000_000])),
    ];
    sink.write(chunk(RecordBatch::try_new(schema, columns).unwrap())).await.unwrap();
    let token = sink.prepare(Epoch(1), &info(1, 1)).await.unwrap();
    sink.commit(token.clone()).await.unwrap();
    let protocol = action(home.path(), 0, "protocol");
    assert_eq!(protocol["readerFeatures"], json!(["timestampNtz"]));
    let files = active_files(home.path()).await;
    let file = std::fs::File::open(home.path().join(&files[0])).unwrap();
    let batches = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batch = batches.build().unwrap().next().unwrap().unwrap();
    let local = batch.column(1).as_any().downcast_ref::<TimestampMicrosecondArray>().unwrap();
    assert_eq!(local.value(0), START);
    assert_eq!(local.timezone(), None);
    // It can be opened again.
    drop(sink);
    let mut sink = new_sink(home.path());
    sink.open(SinkStart { resume: Some((Epoch(1), token)), ..start }).await.unwrap();
}

#[tokio::test]
async fn compression_and_row_groups_are_as_asked() {
    for (compression, suffix) in [
        (ParquetCompression::None, "-c000.parquet"),
        (ParquetCompression::Snappy, "-c000.snappy.parquet"),
        (ParquetCompression::Zstd(3), "-c000.zstd.parquet"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let mut options = DeltaSinkOptions::new(home.path());
        options.parquet = ParquetOptions { compression, row_group_rows: 40 };
        let mut sink = DeltaSink::new(STREAM.into(), options);
        sink.open(start(None)).await.unwrap();
        commit(&mut sink, 1, 0, 100).await.unwrap();
        let names = active_files(home.path()).await;
        assert!(names[0].ends_with(suffix), "{names:?}");
        assert_eq!(ids(home.path()).await, numbers(100));
        let file = std::fs::File::open(home.path().join(&names[0])).unwrap();
        let reader = parquet::file::reader::SerializedFileReader::new(file).unwrap();
        let metadata = parquet::file::reader::FileReader::metadata(&reader);
        let groups: Vec<i64> =
            metadata.row_groups().iter().map(parquet::file::metadata::RowGroupMetaData::num_rows).collect();
        assert_eq!(groups, [40, 40, 20]);
    }
    let home = tempfile::tempdir().unwrap();
    let mut options = DeltaSinkOptions::new(home.path());
    options.parquet.compression = ParquetCompression::Zstd(99);
    let refused = DeltaSink::new(STREAM.into(), options).open(start(None)).await;
    assert!(refused.unwrap_err().to_string().contains("99"));
}

#[test]
fn no_two_streams_share_an_application() {
    assert_eq!(application_id("shop", "orders"), "millstream/shop/orders");
    assert_ne!(application_id("a/b", "c"), application_id("a", "b/c"));
    assert_ne!(application_id("a%2Fb", "c"), application_id("a/b", "c"));
}
