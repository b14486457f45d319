//! Rows as text: what files and standard output share.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use millstream_core::{Encode, Result};
use millstream_formats::csv::{CsvEncoder, CsvWriteOptions};
use millstream_formats::frame::Frame;
use millstream_formats::json::JsonEncoder;
use millstream_formats::jsonl::JsonlEncoder;
use millstream_formats::sql::{SqlEncoder, SqlOptions};

/// How rows become text.
#[derive(Debug, Clone)]
pub enum TextEncoding {
    /// One JSON object per line.
    Jsonl,
    /// One array of JSON objects.
    Json,
    /// A script of INSERT statements.
    Sql(SqlOptions),
    /// One line per row, after a header line if the options say so.
    Csv(CsvWriteOptions),
}

impl TextEncoding {
    /// `jsonl`, `json`, `sql` or `csv`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Json => "json",
            Self::Sql(_) => "sql",
            Self::Csv(_) => "csv",
        }
    }
}

/// A [`TextEncoding`] for certain columns.
#[derive(Debug)]
pub(crate) enum Encoder {
    Jsonl(JsonlEncoder),
    Json(JsonEncoder),
    Sql(SqlEncoder),
    Csv(CsvEncoder),
}

impl Encoder {
    pub(crate) fn new(encoding: &TextEncoding, schema: &SchemaRef) -> Result<Self> {
        Ok(match encoding {
            TextEncoding::Jsonl => Self::Jsonl(JsonlEncoder::new(schema)?),
            TextEncoding::Json => Self::Json(JsonEncoder::new(schema)?),
            TextEncoding::Sql(options) => Self::Sql(SqlEncoder::new(schema, options)?),
            TextEncoding::Csv(options) => Self::Csv(CsvEncoder::new(schema, options)?),
        })
    }

    /// What stands around the rows.
    pub(crate) fn frame(&self) -> Frame {
        match self {
            Self::Jsonl(encoder) => encoder.frame(),
            Self::Json(encoder) => encoder.frame(),
            Self::Sql(encoder) => encoder.frame(),
            Self::Csv(encoder) => encoder.frame(),
        }
    }
}

impl Encode for Encoder {
    fn encode(&self, batch: &RecordBatch, buffer: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Jsonl(encoder) => encoder.encode(batch, buffer),
            Self::Json(encoder) => encoder.encode(batch, buffer),
            Self::Sql(encoder) => encoder.encode(batch, buffer),
            Self::Csv(encoder) => encoder.encode(batch, buffer),
        }
    }
}

/// Stands in for the encoder before the columns are known.
pub(crate) struct NotOpen;

impl Encode for NotOpen {
    fn encode(&self, _batch: &RecordBatch, _buffer: &mut Vec<u8>) -> Result<()> {
        Err(millstream_core::Error::internal("the sink is not open"))
    }
}
