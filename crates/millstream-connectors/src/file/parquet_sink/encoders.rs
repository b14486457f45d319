//! Row groups that are encoded side by side and taken out in order.

use std::collections::VecDeque;

use millstream_core::{Error, Result};
use millstream_formats::parquet::{EncodedRowGroup, ParquetOptions, RowGroup};
use tokio::task::JoinHandle;

#[derive(Debug)]
pub(super) struct Encoders {
    options: ParquetOptions,
    limit: usize,
    running: VecDeque<JoinHandle<Result<EncodedRowGroup>>>,
}

impl Encoders {
    pub(super) fn new(options: ParquetOptions, limit: usize) -> Self {
        Self { options, limit, running: VecDeque::new() }
    }

    /// Whether the oldest has to be taken out before another is started.
    pub(super) fn is_full(&self) -> bool {
        self.running.len() >= self.limit
    }

    /// Starts to encode a row group.
    pub(super) fn start(&mut self, group: RowGroup) {
        let options = self.options;
        self.running.push_back(tokio::task::spawn_blocking(move || group.encode(&options)));
    }

    /// The oldest row group, once it is encoded; `None` if none is on its way.
    pub(super) async fn next(&mut self) -> Result<Option<EncodedRowGroup>> {
        let Some(oldest) = self.running.front_mut() else {
            return Ok(None);
        };
        let result = oldest.await;
        self.running.pop_front();
        match result {
            Ok(group) => group.map(Some),
            Err(error) if error.is_cancelled() => Err(Error::cancelled("the runtime is shutting down")),
            Err(error) => Err(Error::internal("a Parquet encoder panicked").caused_by(error)),
        }
    }
}
