//! The sink of text files: JSONL, JSON, SQL and CSV.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use millstream_core::{
    Chunk, Delivery, Encode, EncodedPart, EncodingSink, Epoch, EpochInfo, PreCommit, Result, Sink, SinkStart,
    WriteReport,
};
use millstream_formats::Compression;

use super::byte_output::{ByteOutput, not_open};
use super::disk::{Disk, LocalDisk};
use super::split::Split;
use crate::text_encoding::{Encoder, NotOpen, TextEncoding};

/// What a [`TextSink`] writes, and where.
#[derive(Debug, Clone)]
pub struct TextSinkOptions {
    /// The file. Its folder is created if it is missing.
    pub path: PathBuf,
    /// Rows as bytes.
    pub format: TextEncoding,
    /// Every epoch is a gzip member or a Zstandard frame of its own.
    pub compression: Compression,
}

/// Writes one text file, exactly once.
///
/// The rows of a bounded run gather in the hidden file `.NAME.staged` in the same folder, which gets its final name
/// with the last epoch: the file appears whole, in place of an earlier run's. An unbounded run, and a bounded run that
/// goes on after an earlier one was complete, appends every epoch to the file as it is committed; a file that no
/// checkpoint knows is then refused unless the user asked to start over.
///
/// Where rows come in generations, each of them is a file of its own that is renamed over the one before.
///
/// With [`split`](Self::split) it writes several files in the same way, all of which appear with the last epoch.
#[derive(Debug)]
pub struct TextSink {
    format: TextEncoding,
    output: ByteOutput,
    encoder: Option<Arc<Encoder>>,
    buffer: Vec<u8>,
}

impl TextSink {
    /// A sink that has touched nothing yet.
    pub fn new(options: TextSinkOptions) -> Self {
        Self::on_disk(options, Arc::new(LocalDisk))
    }

    /// Spreads the rows over several files, whose names take the place of the path.
    #[must_use]
    pub fn split(mut self, split: Split) -> Self {
        self.output.split(split);
        self
    }

    pub(crate) fn on_disk(options: TextSinkOptions, disk: Arc<dyn Disk>) -> Self {
        let TextSinkOptions { path, format, compression } = options;
        let output = ByteOutput::new(path, compression, format.name(), disk);
        Self { format, output, encoder: None, buffer: Vec::new() }
    }
}

#[async_trait]
impl Sink for TextSink {
    async fn open(&mut self, start: SinkStart) -> Result<()> {
        let encoder = Encoder::new(&self.format, &start.schema)?;
        self.output.open(&start, encoder.frame()).await?;
        self.encoder = Some(Arc::new(encoder));
        Ok(())
    }

    async fn write(&mut self, chunk: Chunk) -> Result<WriteReport> {
        let mut part = EncodedPart { bytes: std::mem::take(&mut self.buffer), rows: chunk.rows() as u64 };
        part.bytes.clear();
        self.encoder.as_ref().ok_or_else(not_open)?.encode(&chunk.batch, &mut part.bytes)?;
        let report = self.write_encoded(&part).await;
        self.buffer = part.bytes;
        report
    }

    async fn prepare(&mut self, _epoch: Epoch, info: &EpochInfo) -> Result<PreCommit> {
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

#[async_trait]
impl EncodingSink for TextSink {
    /// The encoder for the schema that `open` was given.
    fn encoder(&self) -> Arc<dyn Encode> {
        match &self.encoder {
            Some(encoder) => Arc::clone(encoder) as Arc<dyn Encode>,
            None => Arc::new(NotOpen),
        }
    }

    async fn write_encoded(&mut self, part: &EncodedPart) -> Result<WriteReport> {
        self.output.write(&part.bytes, part.rows)?;
        Ok(WriteReport { rows: part.rows, bytes: part.bytes.len() as u64, rejected: Vec::new() })
    }
}
