//! Rows as text: what files and standard output share.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use millstream_core::{Encode, Result};
use millstream_formats::csv::{CsvEncoder, CsvWriteOptions};
use millstream_formats::jsonl::JsonlEncoder;

/// How rows become lines.
#[derive(Debug, Clone)]
pub enum TextEncoding {
    /// One JSON object per line.
    Jsonl,
    /// One line per row, after a header line if the options say so.
    Csv(CsvWriteOptions),
}

impl TextEncoding {
    /// `jsonl` or `csv`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv(_) => "csv",
        }
    }
}

/// A [`TextEncoding`] for certain columns.
#[derive(Debug)]
pub(crate) enum Encoder {
    Jsonl(JsonlEncoder),
    Csv(CsvEncoder),
}

impl Encoder {
    pub(crate) fn new(encoding: &TextEncoding, schema: &SchemaRef) -> Result<Self> {
        Ok(match encoding {
            TextEncoding::Jsonl => Self::Jsonl(JsonlEncoder::new(schema)?),
            TextEncoding::Csv(options) => Self::Csv(CsvEncoder::new(schema, options)?),
        })
    }

    /// What a file starts with.
    pub(crate) fn header(&self) -> Vec<u8> {
        match self {
            Self::Jsonl(_) => Vec::new(),
            Self::Csv(encoder) => encoder.header(),
        }
    }
}

impl Encode for Encoder {
    fn encode(&self, batch: &RecordBatch, buffer: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Jsonl(encoder) => encoder.encode(batch, buffer),
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
