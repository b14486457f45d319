//! Rows, sinks and readers that the tests share.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    AsArray, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use deltalake_core::{DeltaTable, DeltaTableBuilder, ensure_table_uri};
use millstream_connectors::delta::{DeltaSink, DeltaSinkOptions};
use millstream_core::{Bookmark, Chunk, Epoch, EpochInfo, PreCommit, Result, Sink, SinkStart};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

pub(crate) const PIPELINE: &str = "shop";
pub(crate) const STREAM: &str = "orders";
/// 2026-01-01T00:00:00Z in microseconds.
pub(crate) const START: i64 = 1_767_225_600_000_000;

pub(crate) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
        Field::new("amount", DataType::Decimal128(10, 2), true),
        Field::new("score", DataType::Float64, true),
        Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())), true),
    ]))
}

/// Rows whose every value follows from their id.
pub(crate) fn rows(from: i64, to: i64) -> RecordBatch {
    let ids: Vec<i64> = (from..to).collect();
    let amounts = ids.iter().map(|id| i128::from(*id) * 101);
    RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(Int64Array::from(ids.clone())),
            Arc::new(
                ids.iter().map(|id| (id % 7 != 0).then(|| format!("name {id}"))).collect::<StringArray>(),
            ),
            Arc::new(Decimal128Array::from_iter_values(amounts).with_precision_and_scale(10, 2).unwrap()),
            Arc::new(Float64Array::from_iter_values(ids.iter().map(|id| *id as f64 / 8.0))),
            Arc::new(
                TimestampMicrosecondArray::from_iter_values(ids.iter().map(|id| START + id * 1_000_001))
                    .with_timezone("+00:00"),
            ),
        ],
    )
    .unwrap()
}

pub(crate) fn chunk(batch: RecordBatch) -> Chunk {
    Chunk::new(STREAM.into(), 0, 0, batch)
}

pub(crate) fn new_sink(path: &Path) -> DeltaSink {
    DeltaSink::new(STREAM.into(), DeltaSinkOptions::new(path))
}

pub(crate) fn start(resume: Option<(Epoch, PreCommit)>) -> SinkStart {
    SinkStart {
        pipeline: PIPELINE.to_owned(),
        schema: schema(),
        bounded: false,
        resume,
        replaced: false,
        restart: false,
    }
}

pub(crate) async fn opened(path: &Path, resume: Option<(Epoch, PreCommit)>) -> Result<DeltaSink> {
    let mut sink = new_sink(path);
    sink.open(start(resume)).await?;
    Ok(sink)
}

/// An epoch's information, with the next row as the bookmark.
pub(crate) fn info(epoch: u64, next_row: i64) -> EpochInfo {
    EpochInfo {
        last: false,
        generation: None,
        bookmarks: vec![(STREAM.to_owned(), Bookmark(json!({"row": next_row})))],
        at: START + epoch as i64 * 1_000_000,
    }
}

/// Writes rows `from..to`, if any, and prepares them as `epoch`.
pub(crate) async fn prepare(sink: &mut DeltaSink, epoch: u64, from: i64, to: i64) -> Result<PreCommit> {
    if from < to {
        sink.write(chunk(rows(from, to))).await?;
    }
    sink.prepare(Epoch(epoch), &info(epoch, to)).await
}

pub(crate) async fn commit(sink: &mut DeltaSink, epoch: u64, from: i64, to: i64) -> Result<PreCommit> {
    let token = prepare(sink, epoch, from, to).await?;
    sink.commit(token.clone()).await?;
    Ok(token)
}

pub(crate) async fn table(path: &Path) -> DeltaTable {
    let url = ensure_table_uri(path.canonicalize().unwrap().to_str().unwrap()).unwrap();
    DeltaTableBuilder::from_url(url).unwrap().load().await.unwrap()
}

pub(crate) async fn version(path: &Path) -> u64 {
    table(path).await.version().unwrap()
}

/// The files of the newest version.
pub(crate) async fn active_files(path: &Path) -> Vec<String> {
    let table = table(path).await;
    let files = table.snapshot().unwrap().log_data();
    let mut names: Vec<String> = files.iter().map(|file| file.path().into_owned()).collect();
    names.sort();
    names
}

/// All ids of the newest version, sorted; every other column is checked against its id.
pub(crate) async fn ids(path: &Path) -> Vec<i64> {
    let mut ids = Vec::new();
    for name in active_files(path).await {
        let file = File::open(path.join(name)).unwrap();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let column = batch.column(0).as_primitive::<Int64Type>();
            for (row, id) in column.values().iter().enumerate() {
                let expected = rows(*id, id + 1);
                for column in 1..batch.num_columns() - 1 {
                    assert_eq!(&batch.column(column).slice(row, 1), expected.column(column), "row {id}");
                }
                ids.push(*id);
            }
        }
    }
    ids.sort_unstable();
    ids
}

pub(crate) fn numbers(to: i64) -> Vec<i64> {
    (0..to).collect()
}

pub(crate) fn log_path(path: &Path, version: u64) -> PathBuf {
    path.join(format!("_delta_log/{version:020}.json"))
}

/// The actions of a log entry.
pub(crate) fn entry(path: &Path, version: u64) -> Vec<Value> {
    let text = fs::read_to_string(log_path(path, version)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn action(path: &Path, version: u64, key: &str) -> Value {
    let entry = entry(path, version);
    entry.iter().find_map(|action| action.get(key)).cloned().unwrap_or(Value::Null)
}

/// Adds a log entry, as another writer would.
pub(crate) fn foreign_entry(path: &Path, version: u64, actions: &[Value]) {
    let text: Vec<String> = actions.iter().map(Value::to_string).collect();
    assert!(!log_path(path, version).exists());
    fs::write(log_path(path, version), text.join("\n")).unwrap();
}

/// The names in the table's folder that end in `.parquet`.
pub(crate) fn parquet_files(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".parquet"))
        .collect();
    names.sort();
    names
}
