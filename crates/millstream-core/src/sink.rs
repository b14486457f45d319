//! Where streams end.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use serde_json::Value;

use crate::{Bookmark, Chunk, Delivery, Epoch, PreCommit, RejectedRow, Result, StreamName};

/// What a sink is told before its first row.
#[derive(Debug, Clone)]
pub struct SinkStart {
    /// The name of the pipeline, part of every transaction identity.
    pub pipeline: String,
    /// The columns of every chunk.
    pub schema: SchemaRef,
    /// Whether all inputs end by themselves. If so, nothing needs to be visible before the last epoch.
    pub bounded: bool,
    /// The last checkpoint's epoch and what this sink had prepared for it. The sink commits it if a crash came
    /// before the commit, and discards everything that was written after it.
    pub resume: Option<(Epoch, PreCommit)>,
    /// Whether rows come in generations (see [`EpochInfo::generation`]). A sink that cannot replace what it holds refuses.
    pub replaced: bool,
    /// Whether the user asked to start over: what an earlier run of this pipeline published may be replaced.
    pub restart: bool,
}

/// Rows that a sink took.
#[derive(Debug, Default)]
pub struct WriteReport {
    /// Rows accepted.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Rows that the sink rejected one by one.
    pub rejected: Vec<RejectedRow>,
}

/// A sink of one stream. Calls come from one task, in this order: `open`, then `write` …, `prepare`, more `write`s,
/// `commit` of what was prepared, and so on.
#[async_trait]
pub trait Sink: Send {
    /// Starts, or resumes after a checkpoint (see [`SinkStart::resume`]).
    async fn open(&mut self, start: SinkStart) -> Result<()>;

    /// Takes rows. They need not be durable before `prepare`.
    async fn write(&mut self, chunk: Chunk) -> Result<WriteReport>;

    /// Makes everything written so far durable, but not yet visible. `info` is what the sink should record with the
    /// commit, so that it can report it later (see [`ReportsProgress`]).
    async fn prepare(&mut self, epoch: Epoch, info: &EpochInfo) -> Result<PreCommit>;

    /// Makes a prepared epoch visible. Idempotent.
    async fn commit(&mut self, token: PreCommit) -> Result<()>;

    /// What it promises.
    fn delivery(&self) -> Delivery;
}

/// What the engine knows about an epoch when sinks prepare.
#[derive(Debug, Clone)]
pub struct EpochInfo {
    /// Whether every input has ended: the last epoch of a bounded run.
    pub last: bool,
    /// The generation that the rows of this epoch are, if they take the place of all rows before: readers see either
    /// the former rows or these. `None`: the rows, if there are any, are added.
    pub generation: Option<u64>,
    /// The positions of the sources that feed this sink, by name, at the barrier.
    pub bookmarks: Vec<(String, Bookmark)>,
    /// The run's clock at the barrier, in microseconds since the Unix epoch.
    pub at: i64,
}

/// A sink whose rows can be turned into bytes beforehand, by many workers at once.
#[async_trait]
pub trait EncodingSink: Sink {
    /// The encoder that workers share.
    fn encoder(&self) -> Arc<dyn Encode>;

    /// Takes encoded rows, in order.
    async fn write_encoded(&mut self, part: &EncodedPart) -> Result<WriteReport>;
}

/// Turns rows into bytes. The bytes of two batches, one after the other, are the bytes of both batches together.
pub trait Encode: Send + Sync {
    /// Appends the bytes of `batch` to `buffer`.
    fn encode(&self, batch: &RecordBatch, buffer: &mut Vec<u8>) -> Result<()>;
}

/// Rows as bytes.
#[derive(Debug, Default)]
pub struct EncodedPart {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How many rows they hold.
    pub rows: u64,
}

/// A sink that knows from its own commits how far it is (S-67).
#[async_trait]
pub trait ReportsProgress: Sink {
    /// What the newest commit of `pipeline` says; `None` if there is none. May be called before `open`.
    async fn progress(&mut self, pipeline: &str, stream: &StreamName) -> Result<Option<Progress>>;
}

/// What a sink's newest commit of a pipeline says.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Its epoch.
    pub epoch: Epoch,
    /// The positions recorded with it, by source name.
    pub bookmarks: Vec<(String, Bookmark)>,
    /// Anything else that the sink can tell: version, rows.
    pub details: Value,
}
