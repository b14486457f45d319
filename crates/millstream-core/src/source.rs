//! Where chunks come from.

use arrow_array::RecordBatch;
use async_trait::async_trait;

use crate::{Bookmark, Progress, RejectedRow, Result, StreamName, StreamSchema};

/// A source of one or more streams.
///
/// Reading and decoding are apart: `next` hands out work in order and cheaply (a block of bytes, a range of rows, a
/// row group), and the engine's workers decode it side by side and put the results back in order.
#[async_trait]
pub trait Source: Send {
    /// The streams it produces, in the order in which they must be committed (parents first).
    fn streams(&self) -> Vec<StreamSchema>;

    /// Starts at `from`, or at the beginning. Called once, before `next`.
    async fn open(&mut self, from: Option<Bookmark>) -> Result<()>;

    /// The next work. Dropping the future must lose nothing: the engine does so when it has to stop.
    async fn next(&mut self) -> Result<Pull>;

    /// The position after the work that `next` returned last; after `open` and before `next`, where it starts.
    fn bookmark(&self) -> Bookmark;

    /// Everything up to `upto` is durable: the source may acknowledge it where it came from.
    async fn committed(&mut self, upto: &Bookmark) -> Result<()>;
}

/// What a source has.
#[derive(Debug)]
pub enum Pull {
    /// Rows to decode.
    Work(Work),
    /// No rows; an epoch must end here, so that readers see the rows so far.
    Boundary,
    /// The rows of a stream that follow, up to the next place where an epoch may end, take the place of all its rows
    /// before. An epoch holds at most one generation of a stream, and holds it whole.
    Generation {
        /// The index of the stream in [`Source::streams`]; one that said that it is replaced.
        stream: usize,
        /// Which one: 0, 1, 2 …
        generation: u64,
    },
    /// The source has ended for good.
    End,
}

/// A unit of work for one worker.
#[derive(Debug)]
pub struct Work {
    /// The index of its stream in [`Source::streams`].
    pub stream: usize,
    /// How to get the rows.
    pub decode: Box<dyn Decode>,
    /// What the rows will hold in memory, estimated, in bytes: the unit of memory accounting before decoding.
    pub bytes: usize,
    /// Whether an epoch may end after this work.
    pub boundary: Boundary,
}

/// Whether an epoch may end at a place in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// An epoch may end here.
    Allowed,
    /// Not here: the next pulls belong to the same epoch.
    Forbidden,
}

/// Work that turns into rows, on any thread.
pub trait Decode: Send + std::fmt::Debug {
    /// Makes the rows.
    fn decode(self: Box<Self>) -> Result<Decoded>;
}

/// The rows of one unit of work.
#[derive(Debug)]
pub struct Decoded {
    /// The rows that passed.
    pub batch: RecordBatch,
    /// The rows that did not.
    pub rejected: Vec<RejectedRow>,
    /// Bytes of input that they were made of, 0 if they were not read from anywhere.
    pub input_bytes: u64,
}

/// Rows that are there already.
impl Decode for RecordBatch {
    fn decode(self: Box<Self>) -> Result<Decoded> {
        Ok(Decoded { batch: *self, rejected: Vec::new(), input_bytes: 0 })
    }
}

/// A source that can tell from what its sinks committed where it has to go on (S-67), without any other state.
pub trait ResumesFromSinks: Source {
    /// The position to start from. `checkpoint` is its bookmark in the newest checkpoint, if there is one;
    /// `progress` holds, for each stream whose sink reports progress, what the newest commit of that sink says.
    fn merge(
        &self,
        checkpoint: Option<Bookmark>,
        progress: &[(StreamName, Option<Progress>)],
    ) -> Result<Option<Bookmark>>;
}
