//! `millstream preview FILE`

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_cast::pretty::pretty_format_batches;
use async_trait::async_trait;
use millstream::config::Overrides;
use millstream::core::{Chunk, Delivery, Epoch, EpochInfo, PreCommit, Sink, SinkStart, WriteReport};
use millstream::engine::AnySink;
use millstream::{Error, Result};
use tokio_util::sync::CancellationToken;

use crate::arguments::{OutputArguments, PreviewArguments};
use crate::drain;
use crate::terminal::print;

/// What was seen so far, by stream.
#[derive(Default)]
struct Seen {
    streams: Vec<(String, Vec<RecordBatch>, usize)>,
}

/// Keeps the first rows of a stream, and stops the run when all streams have enough.
struct Glimpse {
    index: usize,
    wanted: usize,
    seen: Arc<Mutex<Seen>>,
    stop: CancellationToken,
}

#[async_trait]
impl Sink for Glimpse {
    async fn open(&mut self, _: SinkStart) -> Result<()> {
        Ok(())
    }

    async fn write(&mut self, chunk: Chunk) -> Result<WriteReport> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, batches, rows) = &mut seen.streams[self.index];
        let taken = chunk.rows().min(self.wanted - *rows);
        *rows += taken;
        if taken > 0 || batches.is_empty() {
            batches.push(chunk.batch.slice(0, taken));
        }
        if seen.streams.iter().all(|(_, _, rows)| *rows >= self.wanted) {
            self.stop.cancel();
        }
        Ok(WriteReport { rows: chunk.rows() as u64, ..WriteReport::default() })
    }

    async fn prepare(&mut self, _: Epoch, _: &EpochInfo) -> Result<PreCommit> {
        Ok(PreCommit(serde_json::Value::Null))
    }

    async fn commit(&mut self, _: PreCommit) -> Result<()> {
        Ok(())
    }

    fn delivery(&self) -> Delivery {
        Delivery::at_least_once("a preview")
    }
}

pub(crate) async fn preview(arguments: PreviewArguments, output: &OutputArguments) -> Result<()> {
    let file = drain::read(&arguments.file, output)?;
    let stop = CancellationToken::new();
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let make = |stream: &str| {
        let mut content = seen.lock().unwrap_or_else(PoisonError::into_inner);
        content.streams.push((stream.to_owned(), Vec::new(), 0));
        let index = content.streams.len() - 1;
        let glimpse = Glimpse { index, wanted: arguments.rows, seen: seen.clone(), stop: stop.clone() };
        AnySink::Plain(Box::new(glimpse))
    };
    // Small chunks, so that not much more is read than shown.
    let overrides = Overrides { chunk_rows: Some(arguments.rows.clamp(1, 8192)), ..Overrides::default() };
    let mut plan = file.plan_preview(&overrides, &make).await?;
    plan.options.stop = stop;
    plan.run().await?.result?;
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let mut text = String::new();
    for (stream, batches, rows) in &mut seen.streams {
        let table = pretty_format_batches(batches)
            .map_err(|error| Error::internal("rows cannot be shown").caused_by(error))?;
        let _ = writeln!(text, "{stream} (first {rows} rows)\n{table}\n");
    }
    print(&text)
}
