//! A chunk: one Arrow record batch and its envelope (S-1).

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;

/// The name of a stream; cheap to clone.
pub type StreamName = Arc<str>;

/// What travels with the rows of a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The stream that the chunk belongs to; a table or a phase is a stream name.
    pub stream: StreamName,
    /// 0, 1, 2 … per stream, without gaps.
    pub sequence: u64,
    /// When the chunk was made, in microseconds since the Unix epoch, by the run's clock.
    pub created_at: i64,
    /// Free-form notes of the producer.
    pub metadata: Option<Arc<BTreeMap<String, String>>>,
    /// Whether this is the last chunk of a bounded stream.
    pub is_last: bool,
}

/// Rows of one stream, in order.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The rows.
    pub batch: RecordBatch,
    /// Where they belong.
    pub envelope: Envelope,
}

impl Chunk {
    /// A chunk in the middle of `stream`.
    pub fn new(stream: StreamName, sequence: u64, created_at: i64, batch: RecordBatch) -> Self {
        Self { batch, envelope: Envelope { stream, sequence, created_at, metadata: None, is_last: false } }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// The identity of the chunk: its stream and its place in it.
    pub fn chunk_id(&self) -> String {
        format!("{}:{}", self.envelope.stream, self.envelope.sequence)
    }

    /// The memory that the rows hold, in bytes.
    pub fn bytes(&self) -> usize {
        self.batch.get_array_memory_size()
    }
}
