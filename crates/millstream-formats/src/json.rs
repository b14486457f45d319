//! JSON files: one array of objects, one object on each line.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use millstream_core::{Encode, Result};

use crate::frame::Frame;
use crate::jsonl::JsonlEncoder;

/// Writes each row as an object of an array, in the words of [`JsonlEncoder`]. The brackets and what is left out
/// before the first object are the [`frame`](Self::frame)'s.
#[derive(Debug)]
pub struct JsonEncoder(JsonlEncoder);

impl JsonEncoder {
    /// An encoder for batches of `schema`, with the limits of [`JsonlEncoder::new`].
    pub fn new(schema: &SchemaRef) -> Result<Self> {
        JsonlEncoder::framed(schema, b",\n", b"}").map(Self)
    }

    /// What stands around the rows.
    pub fn frame(&self) -> Frame {
        Frame::list(b"[\n".to_vec(), None, None, b"\n]\n".to_vec(), b"]\n".to_vec())
    }
}

impl Encode for JsonEncoder {
    fn encode(&self, batch: &RecordBatch, buffer: &mut Vec<u8>) -> Result<()> {
        self.0.encode(batch, buffer)
    }
}
