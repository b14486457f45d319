//! The sink of Avro files.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use millstream_core::{
    Chunk, Delivery, Epoch, EpochInfo, Error, PreCommit, Result, Sink, SinkStart, WriteReport,
};
use millstream_formats::Compression;
use millstream_formats::avro::{AvroCompression, AvroEncoder};
use millstream_formats::parquet::{RowGroup, RowGroupBuffer};
use tokio::task::JoinHandle;

use super::byte_output::{ByteOutput, not_open};
use super::disk::{Disk, LocalDisk};
use super::split::Split;

/// A block ends at this many rows …
const BLOCK_ROWS: usize = 8_192;

/// … or at this many bytes in memory.
const BLOCK_BYTES: usize = 1 << 20;

/// What an [`AvroSink`] writes, and where.
#[derive(Debug, Clone)]
pub struct AvroSinkOptions {
    /// The file. Its folder is created if it is missing.
    pub path: PathBuf,
    /// What the record type is called; other characters than letters, digits and `_` become `_`.
    pub name: String,
    /// Of the blocks.
    pub compression: AvroCompression,
}

/// Writes an Avro object container file, exactly once, as [`TextSink`](super::TextSink) writes text: an epoch ends a
/// block. Blocks are made side by side, and hold the same rows however these came in chunks.
#[derive(Debug)]
pub struct AvroSink {
    name: String,
    compression: AvroCompression,
    output: ByteOutput,
    encoders: usize,
    running: Option<Running>,
}

/// A block and the rows in it.
type Block = (Vec<u8>, u64);

#[derive(Debug)]
struct Running {
    encoder: Arc<AvroEncoder>,
    buffer: RowGroupBuffer,
    blocks: VecDeque<JoinHandle<Result<Block>>>,
}

impl AvroSink {
    /// A sink that has touched nothing yet. `encoders` blocks (at least one) are made side by side.
    pub fn new(options: AvroSinkOptions, encoders: usize) -> Self {
        Self::on_disk(options, encoders, Arc::new(LocalDisk))
    }

    /// Spreads the rows over several files, whose names take the place of the path.
    #[must_use]
    pub fn split(mut self, split: Split) -> Self {
        self.output.split(split);
        self
    }

    pub(crate) fn on_disk(options: AvroSinkOptions, encoders: usize, disk: Arc<dyn Disk>) -> Self {
        let AvroSinkOptions { path, name, compression } = options;
        let format = match compression {
            AvroCompression::None => "avro",
            AvroCompression::Deflate => "avro, deflate",
            AvroCompression::Snappy => "avro, snappy",
            AvroCompression::Zstd => "avro, zstd",
        };
        let output = ByteOutput::new(path, Compression::None, format, disk);
        Self { name, compression, output, encoders: encoders.max(1), running: None }
    }

    /// Makes blocks of these rows; at most `waiting` stay on their way. Gives the bytes that were written.
    async fn encode(&mut self, groups: impl IntoIterator<Item = RowGroup>, waiting: usize) -> Result<u64> {
        let mut written = 0;
        let running = self.running.as_mut().ok_or_else(not_open)?;
        let mut groups = groups.into_iter();
        loop {
            let next = groups.next();
            let room = if next.is_some() { self.encoders - 1 } else { waiting };
            while running.blocks.len() > room {
                let Some(oldest) = running.blocks.front_mut() else { break };
                let done = oldest.await;
                running.blocks.pop_front();
                let (block, rows) = match done {
                    Ok(done) => done?,
                    Err(error) if error.is_cancelled() => {
                        return Err(Error::cancelled("the runtime is shutting down"));
                    }
                    Err(error) => return Err(Error::internal("an Avro encoder panicked").caused_by(error)),
                };
                written += block.len() as u64;
                self.output.write(&block, rows)?;
            }
            let Some(group) = next else {
                return Ok(written);
            };
            let encoder = Arc::clone(&running.encoder);
            running.blocks.push_back(tokio::task::spawn_blocking(move || {
                Ok((encoder.block(group.parts())?, group.rows() as u64))
            }));
        }
    }
}

#[async_trait]
impl Sink for AvroSink {
    async fn open(&mut self, start: SinkStart) -> Result<()> {
        let encoder = AvroEncoder::new(&start.schema, &self.name, self.compression)?;
        self.output.open(&start, encoder.frame()).await?;
        let file_rows = self.output.spread().and_then(|split| split.rows).map(std::num::NonZeroU64::get);
        let buffer = RowGroupBuffer::new(Arc::clone(&start.schema), BLOCK_ROWS)
            .with_bytes(BLOCK_BYTES)
            .with_file_rows(file_rows, self.output.rows());
        self.running = Some(Running { encoder: Arc::new(encoder), buffer, blocks: VecDeque::new() });
        Ok(())
    }

    /// The report's bytes are those of the blocks that were finished meanwhile.
    async fn write(&mut self, chunk: Chunk) -> Result<WriteReport> {
        let groups = self.running.as_mut().ok_or_else(not_open)?.buffer.push(&chunk.batch)?;
        let bytes = self.encode(groups, self.encoders).await?;
        Ok(WriteReport { rows: chunk.rows() as u64, bytes, rejected: Vec::new() })
    }

    async fn prepare(&mut self, _epoch: Epoch, info: &EpochInfo) -> Result<PreCommit> {
        let rest = self.running.as_mut().ok_or_else(not_open)?.buffer.finish();
        self.encode(rest, 0).await?;
        self.output.prepare(info).await
    }

    async fn commit(&mut self, token: PreCommit) -> Result<()> {
        self.output.commit(&token).await
    }

    /// Exactly once.
    fn delivery(&self) -> Delivery {
        self.output.delivery()
    }
}
