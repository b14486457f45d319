//! Rows that could not pass, and the envelope in which they are kept (S-20).

use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, StructArray};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef};

/// What kind of obstacle a row met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowErrorKind {
    /// The bytes are no row of the format.
    Parse,
    /// A value does not fit its column's type.
    Cast,
    /// An expression failed on the row.
    Transform,
    /// A declared rule does not hold.
    Constraint,
    /// The sink refused the row.
    Sink,
}

impl RowErrorKind {
    /// The word for this kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Cast => "cast",
            Self::Transform => "transform",
            Self::Constraint => "constraint",
            Self::Sink => "sink",
        }
    }
}

/// What is left of a rejected row.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// The row, as JSON text of an object.
    Row(String),
    /// The bytes that never parsed.
    Raw(Vec<u8>),
}

/// A row that could not pass.
#[derive(Debug, Clone, PartialEq)]
pub struct RejectedRow {
    /// The kind of obstacle.
    pub kind: RowErrorKind,
    /// What is wrong, with the place in the input if there is one: `flights.csv:7: 20 fields, expected 19`.
    pub message: String,
    /// The row's index in the chunk that the stage was given.
    pub row_index: u64,
    /// The row itself.
    pub payload: Payload,
}

fn error_fields() -> Fields {
    Fields::from(vec![
        Field::new("kind", DataType::Utf8, false),
        Field::new("message", DataType::Utf8, false),
    ])
}

/// The columns of a dead-letter stream: `error {kind, message}, stage, pipeline, stream, sequence, row_index,
/// attempt, ts, payload`. `ts` is in microseconds since the Unix epoch; `payload` is the original row as JSON, or the
/// raw bytes in base64, told apart by `payload_encoding` (`json` or `base64`).
pub fn dead_letter_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("error", DataType::Struct(error_fields()), false),
        Field::new("stage", DataType::Utf8, false),
        Field::new("pipeline", DataType::Utf8, false),
        Field::new("stream", DataType::Utf8, false),
        Field::new("sequence", DataType::Int64, false),
        Field::new("row_index", DataType::Int64, false),
        Field::new("attempt", DataType::Int64, false),
        Field::new("ts", DataType::Int64, false),
        Field::new("payload", DataType::Utf8, false),
        Field::new("payload_encoding", DataType::Utf8, false),
    ]))
}

/// Wraps rejected rows, each with the stage that rejected it, in dead-letter envelopes.
pub fn dead_letter_batch(
    rejected: &[(String, RejectedRow)],
    pipeline: &str,
    stream: &str,
    sequence: u64,
    at: i64,
    encode_raw: impl Fn(&[u8]) -> String,
) -> Result<RecordBatch, ArrowError> {
    let text = || StringBuilder::with_capacity(rejected.len(), rejected.len() * 32);
    let (mut kind, mut message, mut stage, mut pipelines, mut streams) =
        (text(), text(), text(), text(), text());
    let (mut payload, mut encoding) = (text(), text());
    let number = || Int64Builder::with_capacity(rejected.len());
    let (mut sequences, mut rows, mut attempts, mut times) = (number(), number(), number(), number());
    for (at_stage, row) in rejected {
        kind.append_value(row.kind.name());
        message.append_value(&row.message);
        stage.append_value(at_stage);
        pipelines.append_value(pipeline);
        streams.append_value(stream);
        sequences.append_value(sequence as i64);
        rows.append_value(row.row_index as i64);
        attempts.append_value(1);
        times.append_value(at);
        match &row.payload {
            Payload::Row(json) => {
                payload.append_value(json);
                encoding.append_value("json");
            }
            Payload::Raw(bytes) => {
                payload.append_value(encode_raw(bytes));
                encoding.append_value("base64");
            }
        }
    }
    let error = StructArray::try_new(
        error_fields(),
        vec![Arc::new(kind.finish()) as ArrayRef, Arc::new(message.finish())],
        None,
    )?;
    RecordBatch::try_new(
        dead_letter_schema(),
        vec![
            Arc::new(error),
            Arc::new(stage.finish()),
            Arc::new(pipelines.finish()),
            Arc::new(streams.finish()),
            Arc::new(sequences.finish()),
            Arc::new(rows.finish()),
            Arc::new(attempts.finish()),
            Arc::new(times.finish()),
            Arc::new(payload.finish()),
            Arc::new(encoding.finish()),
        ],
    )
}
