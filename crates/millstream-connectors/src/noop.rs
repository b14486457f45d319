//! A sink that counts and keeps nothing: for measurements and dry runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use millstream_core::{Chunk, Delivery, Epoch, EpochInfo, PreCommit, Result, Sink, SinkStart, WriteReport};
use serde_json::json;

/// Counts the rows that it is given.
#[derive(Debug, Default)]
pub struct NoopSink {
    rows: Arc<AtomicU64>,
}

impl NoopSink {
    /// A sink that has counted nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The rows so far; stays readable when the sink is gone.
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.rows)
    }
}

#[async_trait]
impl Sink for NoopSink {
    async fn open(&mut self, _start: SinkStart) -> Result<()> {
        Ok(())
    }

    async fn write(&mut self, chunk: Chunk) -> Result<WriteReport> {
        let rows = chunk.rows() as u64;
        self.rows.fetch_add(rows, Ordering::Relaxed);
        Ok(WriteReport { rows, ..WriteReport::default() })
    }

    async fn prepare(&mut self, epoch: Epoch, _info: &EpochInfo) -> Result<PreCommit> {
        Ok(PreCommit(json!({"format": 1, "epoch": epoch})))
    }

    async fn commit(&mut self, _token: PreCommit) -> Result<()> {
        Ok(())
    }

    /// Exactly once, trivially.
    fn delivery(&self) -> Delivery {
        Delivery::exactly_once("it keeps nothing that could be lost or doubled")
    }
}
