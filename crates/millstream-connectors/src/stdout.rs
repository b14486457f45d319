//! Rows on standard output.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use millstream_core::{
    Chunk, Delivery, Encode, EncodedPart, EncodingSink, Epoch, EpochInfo, Error, PreCommit, Result, Sink,
    SinkStart, WriteReport,
};
use millstream_formats::frame::Frame;
use serde_json::json;

use crate::text_encoding::{Encoder, NotOpen, TextEncoding};

/// Writes text to standard output, at least once: what a reader of the pipe has taken cannot be taken back, so a run
/// that resumes after a crash repeats the rows since its last checkpoint. CSV starts with its header in every run.
///
/// A JSON array and a SQL script end with the last epoch. A run without end has none, so it is refused for them; and a
/// run that is stopped before leaves them without their last line.
///
/// When the reader goes away (`… | head`), writing fails with an error of kind
/// [`Cancelled`](millstream_core::ErrorKind::Cancelled).
pub struct StdoutSink {
    encoding: TextEncoding,
    writer: Writer,
    encoder: Option<Arc<Encoder>>,
    frame: Option<Frame>,
    rows: u64,
}

/// Shared with the thread that waits until the reader takes more.
type Writer = Arc<Mutex<Box<dyn Write + Send>>>;

impl StdoutSink {
    /// A sink on the standard output of this process.
    pub fn new(encoding: TextEncoding) -> Self {
        Self::with_writer(encoding, io::stdout())
    }

    /// A sink on any writer that cannot be rewound.
    pub fn with_writer(encoding: TextEncoding, writer: impl Write + Send + 'static) -> Self {
        Self { encoding, writer: Arc::new(Mutex::new(Box::new(writer))), encoder: None, frame: None, rows: 0 }
    }

    /// Writes and flushes, so that a reader sees rows when they come and not when some buffer is full.
    async fn put(&self, bytes: Vec<u8>) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let writer = Arc::clone(&self.writer);
        let written = tokio::task::spawn_blocking(move || {
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            writer.write_all(&bytes).and_then(|()| writer.flush())
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                Err(Error::cancelled("the reader of standard output has gone"))
            }
            Ok(Err(error)) => Err(Error::sink("cannot write to standard output").caused_by(error)),
            Err(error) if error.is_cancelled() => Err(Error::cancelled("the runtime is shutting down")),
            Err(error) => Err(Error::internal("writing to standard output panicked").caused_by(error)),
        }
    }
}

impl std::fmt::Debug for StdoutSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StdoutSink").field("encoding", &self.encoding).finish_non_exhaustive()
    }
}

#[async_trait]
impl Sink for StdoutSink {
    async fn open(&mut self, start: SinkStart) -> Result<()> {
        if start.replaced {
            return Err(Error::config(
                "standard output cannot take back the rows that a new generation replaces",
            )
            .hint("write the stream to a Delta table or a file"));
        }
        let encoder = Encoder::new(&self.encoding, &start.schema)?;
        let frame = encoder.frame();
        if frame.has_tail() && !start.bounded {
            return Err(Error::config(format!(
                "{} on standard output would never be complete: this run does not end by itself",
                self.encoding.name()
            ))
            .hint("use the format jsonl or csv"));
        }
        self.put(frame.head().to_vec()).await?;
        (self.frame, self.rows) = (Some(frame), 0);
        self.encoder = Some(Arc::new(encoder));
        Ok(())
    }

    async fn write(&mut self, chunk: Chunk) -> Result<WriteReport> {
        let mut bytes = Vec::new();
        self.encoder().encode(&chunk.batch, &mut bytes)?;
        self.write_encoded(&EncodedPart { bytes, rows: chunk.rows() as u64 }).await
    }

    async fn prepare(&mut self, epoch: Epoch, info: &EpochInfo) -> Result<PreCommit> {
        if let Some(frame) = &self.frame
            && info.last
        {
            self.put(frame.tail(self.rows).to_vec()).await?;
        }
        Ok(PreCommit(json!({"format": 1, "epoch": epoch})))
    }

    async fn commit(&mut self, _token: PreCommit) -> Result<()> {
        Ok(())
    }

    /// At least once.
    fn delivery(&self) -> Delivery {
        Delivery::at_least_once("what was written to standard output cannot be taken back")
    }
}

#[async_trait]
impl EncodingSink for StdoutSink {
    /// The encoder for the schema that `open` was given.
    fn encoder(&self) -> Arc<dyn Encode> {
        match &self.encoder {
            Some(encoder) => Arc::clone(encoder) as Arc<dyn Encode>,
            None => Arc::new(NotOpen),
        }
    }

    async fn write_encoded(&mut self, part: &EncodedPart) -> Result<WriteReport> {
        let frame = self.frame.as_ref().ok_or_else(|| Error::internal("the sink is not open"))?;
        let mut bytes = Vec::with_capacity(part.bytes.len());
        frame.place(self.rows, &part.bytes, part.rows, |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        self.put(bytes).await?;
        self.rows += part.rows;
        Ok(WriteReport { rows: part.rows, bytes: part.bytes.len() as u64, rejected: Vec::new() })
    }
}
