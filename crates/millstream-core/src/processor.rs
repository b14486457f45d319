//! What may sit between sources and sinks and remember something.

use arrow_array::RecordBatch;

use crate::{Chunk, RejectedRow, Result, Snapshot};

/// An event time before which no more rows are expected, in microseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Watermark(pub i64);

impl Watermark {
    /// The watermark of an input that has ended.
    pub const END: Self = Self(i64::MAX);
}

/// An operator with state. One task calls it; the engine aligns barriers, so that `snapshot` sees exactly the rows of
/// the epochs so far.
pub trait Processor: Send {
    /// Takes a chunk from input number `input`.
    fn process(&mut self, input: usize, chunk: Chunk, out: &mut Output) -> Result<()>;

    /// The watermark of the operator (the minimum over its inputs) has moved on.
    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output) -> Result<()>;

    /// Its state at a barrier.
    fn snapshot(&mut self) -> Result<Snapshot>;

    /// Continues from a state. Called before the first chunk.
    fn restore(&mut self, snapshot: Snapshot) -> Result<()>;
}

/// What an operator emits.
#[derive(Debug, Default)]
pub struct Output {
    /// Rows for downstream, in order.
    pub batches: Vec<RecordBatch>,
    /// Rows that could not be processed.
    pub rejected: Vec<RejectedRow>,
    /// Rows that were left out on purpose.
    pub filtered: u64,
}
