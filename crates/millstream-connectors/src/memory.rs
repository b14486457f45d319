//! Streams that live in this process: for tests, for embedding, and for handing rows to another language.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use millstream_core::{
    Bookmark, Boundary, Chunk, Delivery, Epoch, EpochInfo, Error, PreCommit, Pull, Result, Sink, SinkStart,
    Source, StreamName, StreamSchema, Work, WriteReport,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Hands out given batches. Its bookmark is the number of batches handed out.
#[derive(Debug)]
pub struct MemorySource {
    name: StreamName,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    next: usize,
}

#[derive(Serialize, Deserialize)]
struct MemoryBookmark {
    format: u32,
    batch: usize,
}

impl MemorySource {
    /// A stream `name` of `batches`, which must all have got `schema`.
    pub fn new(name: impl Into<StreamName>, schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<Self> {
        let name = name.into();
        for (index, batch) in batches.iter().enumerate() {
            if batch.schema_ref().fields() != schema.fields() {
                return Err(Error::config(format!(
                    "stream {name}: batch {index} has got the columns {}, the stream {}",
                    columns(batch.schema_ref()),
                    columns(&schema),
                )));
            }
        }
        Ok(Self { name, schema, batches, next: 0 })
    }
}

fn columns(schema: &SchemaRef) -> String {
    let columns = schema.fields().iter();
    let columns: Vec<_> = columns.map(|f| format!("{}: {}", f.name(), f.data_type())).collect();
    format!("[{}]", columns.join(", "))
}

#[async_trait]
impl Source for MemorySource {
    fn streams(&self) -> Vec<StreamSchema> {
        vec![StreamSchema {
            name: Arc::clone(&self.name),
            schema: Arc::clone(&self.schema),
            bounded: true,
            replaced: false,
            origin: "declared".into(),
        }]
    }

    async fn open(&mut self, from: Option<Bookmark>) -> Result<()> {
        let Some(bookmark) = from else {
            self.next = 0;
            return Ok(());
        };
        let bookmark: MemoryBookmark = serde_json::from_value(bookmark.0).map_err(|error| {
            Error::state("the bookmark is none of a memory source")
                .caused_by(error)
                .hint("start over with --restart")
        })?;
        if bookmark.format != 1 || bookmark.batch > self.batches.len() {
            return Err(Error::state(format!(
                "the bookmark is at batch {} (format {}), but stream {} has got {} batches",
                bookmark.batch,
                bookmark.format,
                self.name,
                self.batches.len()
            ))
            .hint("give the same batches as before, or start over with --restart"));
        }
        self.next = bookmark.batch;
        Ok(())
    }

    async fn next(&mut self) -> Result<Pull> {
        let Some(batch) = self.batches.get(self.next) else {
            return Ok(Pull::End);
        };
        self.next += 1;
        Ok(Pull::Work(Work {
            stream: 0,
            bytes: batch.get_array_memory_size(),
            decode: Box::new(batch.clone()),
            boundary: Boundary::Allowed,
        }))
    }

    fn bookmark(&self) -> Bookmark {
        Bookmark(json!({"format": 1, "batch": self.next}))
    }

    async fn committed(&mut self, _upto: &Bookmark) -> Result<()> {
        Ok(())
    }
}

/// Shows the committed rows of a [`MemorySink`]; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct MemoryTable(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    schema: Option<SchemaRef>,
    committed: Vec<RecordBatch>,
    epoch: Epoch,
    prepared: Vec<PreparedRows>,
}

/// The rows of an epoch that is not committed yet.
#[derive(Debug)]
struct PreparedRows {
    epoch: Epoch,
    batches: Vec<RecordBatch>,
    /// Whether they take the place of all rows before.
    replaces: bool,
}

impl MemoryTable {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// The committed rows, in order.
    pub fn batches(&self) -> Vec<RecordBatch> {
        self.lock().committed.clone()
    }

    /// The number of committed rows.
    pub fn rows(&self) -> usize {
        self.lock().committed.iter().map(RecordBatch::num_rows).sum()
    }

    /// The columns; `None` before a sink was opened on the table.
    pub fn schema(&self) -> Option<SchemaRef> {
        self.lock().schema.clone()
    }

    /// The newest committed epoch.
    pub fn epoch(&self) -> Epoch {
        self.lock().epoch
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commit(&self, epoch: Epoch) -> Result<()> {
        let mut table = self.lock();
        if epoch <= table.epoch {
            return Ok(());
        }
        if !table.prepared.iter().any(|prepared| prepared.epoch == epoch) {
            return Err(Error::state(format!(
                "the rows of epoch {epoch} are gone with the process that held them in memory"
            ))
            .hint("start over with --restart, or use a sink that outlives the process"));
        }
        let (ready, later): (Vec<PreparedRows>, _) =
            std::mem::take(&mut table.prepared).into_iter().partition(|prepared| prepared.epoch <= epoch);
        table.prepared = later;
        for rows in ready {
            if rows.replaces {
                table.committed.clear();
            }
            table.committed.extend(rows.batches);
        }
        table.epoch = epoch;
        Ok(())
    }
}

/// Keeps rows in memory; they are visible in its [`MemoryTable`] once they are committed.
#[derive(Debug)]
pub struct MemorySink {
    table: MemoryTable,
    written: Vec<RecordBatch>,
}

#[derive(Serialize, Deserialize)]
struct MemoryToken {
    format: u32,
    epoch: Epoch,
}

impl MemoryToken {
    fn read(token: PreCommit) -> Result<Self> {
        serde_json::from_value(token.0).map_err(|error| {
            Error::state("the checkpoint holds no token of a memory sink")
                .caused_by(error)
                .hint("start over with --restart")
        })
    }
}

impl MemorySink {
    /// A sink that fills `table`. A fresh run empties the table first.
    pub fn new(table: MemoryTable) -> Self {
        Self { table, written: Vec::new() }
    }
}

#[async_trait]
impl Sink for MemorySink {
    async fn open(&mut self, start: SinkStart) -> Result<()> {
        self.written.clear();
        match start.resume {
            None => *self.table.lock() = Table::default(),
            Some((_, token)) => {
                let epoch = MemoryToken::read(token)?.epoch;
                self.table.commit(epoch)?;
                self.table.lock().prepared.clear();
            }
        }
        self.table.lock().schema = Some(start.schema);
        Ok(())
    }

    async fn write(&mut self, chunk: Chunk) -> Result<WriteReport> {
        let report =
            WriteReport { rows: chunk.rows() as u64, bytes: chunk.bytes() as u64, rejected: Vec::new() };
        self.written.push(chunk.batch);
        Ok(report)
    }

    async fn prepare(&mut self, epoch: Epoch, info: &EpochInfo) -> Result<PreCommit> {
        let batches = std::mem::take(&mut self.written);
        let replaces = info.generation.is_some();
        self.table.lock().prepared.push(PreparedRows { epoch, batches, replaces });
        Ok(PreCommit(json!({"format": 1, "epoch": epoch})))
    }

    async fn commit(&mut self, token: PreCommit) -> Result<()> {
        self.table.commit(MemoryToken::read(token)?.epoch)
    }

    /// Exactly once, as long as the process lives.
    fn delivery(&self) -> Delivery {
        Delivery::exactly_once("the table in memory knows its last epoch; it ends with the process")
    }
}
