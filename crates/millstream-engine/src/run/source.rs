//! The task of a source: pulls work, and puts barriers where epochs may end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use millstream_core::{Bookmark, Boundary, Clock, Epoch, Error, Pull, Result, StreamName};
use tokio::sync::mpsc;

use super::coordinator::{Event, gone};
use super::dispatch::Dispatcher;
use super::parcel::Barrier;
use crate::budget::Reservation;
use crate::graph::AnySource;
use crate::monitor::{Monitor, SourceMonitor};
use crate::retry::{Attempts, RetryPolicy};

/// What the coordinator asks of a source.
pub(crate) enum SourceCommand {
    Barrier {
        epoch: Epoch,
        last: bool,
        at: i64,
        /// Pull nothing more afterwards.
        stop: bool,
    },
    Committed(Bookmark),
}

pub(crate) struct SourceTask {
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) source: AnySource,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) commands: mpsc::UnboundedReceiver<SourceCommand>,
    pub(crate) events: mpsc::UnboundedSender<Event>,
    pub(crate) monitor: Arc<SourceMonitor>,
    pub(crate) run: Arc<Monitor>,
    /// Units of work handed out so far, over all sources.
    pub(crate) dispatched: Arc<AtomicU64>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) retry: RetryPolicy,
}

impl SourceTask {
    pub(crate) async fn run(mut self) -> Result<()> {
        let mut wanted: Option<SourceCommand> = None;
        // Whether an epoch may end here; whether the source has asked for one, has ended, or shall not go on.
        let (mut boundary, mut waiting, mut ended, mut stopped) = (true, false, false, false);
        // The streams that began a generation since the last barrier.
        let mut generations: Vec<(StreamName, u64)> = Vec::new();
        let (clock, retry) = (self.clock.clone(), self.retry.clone());
        let mut attempts = Attempts::new(&retry, clock.as_ref(), &self.name);
        loop {
            if boundary && let Some(SourceCommand::Barrier { epoch, last, at, stop }) = wanted.take() {
                let bookmark = self.source.source().bookmark();
                self.events
                    .send(Event::Bookmark { source: self.index, bookmark: bookmark.clone() })
                    .map_err(gone)?;
                let bookmarks = vec![(self.name.clone(), bookmark)];
                let generations = std::mem::take(&mut generations);
                self.dispatcher.barrier(Barrier { epoch, last, at, bookmarks, generations }).await?;
                waiting = false;
                stopped |= stop;
            }
            let pulling = !(waiting || ended || stopped);
            let started = self.clock.elapsed();
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    None => return Ok(()),
                    Some(SourceCommand::Committed(bookmark)) => {
                        self.source.source_mut().committed(&bookmark).await?;
                    }
                    Some(barrier) => wanted = Some(barrier),
                },
                pulled = self.source.source_mut().next(), if pulling => {
                    self.monitor.wait_micros.add_time(self.clock.elapsed().saturating_sub(started));
                    match pulled {
                        Err(error) => {
                            attempts.again(error).await.map_err(|error| error.context(format!("source {}", self.name)))?;
                            self.run.retried.add(1);
                            continue;
                        }
                        Ok(Pull::Work(work)) => {
                            boundary = work.boundary == Boundary::Allowed;
                            self.dispatched.fetch_add(1, Ordering::Relaxed);
                            let Some(memory) = self.memory(work.bytes, &mut wanted).await? else { return Ok(()) };
                            let at = self.clock.now();
                            self.dispatcher.work(work.stream, work.decode, Some(memory), false, at).await?;
                        }
                        Ok(Pull::Boundary) => {
                            (boundary, waiting) = (true, true);
                            self.events.send(Event::EpochWanted { source: self.index }).map_err(gone)?;
                        }
                        Ok(Pull::Generation { stream, generation }) => {
                            boundary = false;
                            let name = self.begin_generation(stream, &generations)?;
                            generations.push((name, generation));
                        }
                        Ok(Pull::End) => {
                            (boundary, ended) = (true, true);
                            self.end_streams().await?;
                            self.monitor.ended.store(true, Ordering::Relaxed);
                            self.events.send(Event::SourceEnded { source: self.index }).map_err(gone)?;
                        }
                    }
                    attempts = Attempts::new(&retry, clock.as_ref(), &self.name);
                }
            }
        }
    }

    /// The name of a stream that begins a generation; readers could not be shown two of them in one epoch.
    fn begin_generation(&self, stream: usize, begun: &[(StreamName, u64)]) -> Result<StreamName> {
        let stream = self.source.source().streams().into_iter().nth(stream);
        let defect = |what: &str| Error::internal(format!("the source {} began {what}", self.name));
        let stream = stream.filter(|stream| stream.replaced);
        let name = stream.ok_or_else(|| defect("a generation of a stream that is not replaced"))?.name;
        if begun.iter().any(|(other, _)| *other == name) {
            return Err(defect(&format!("two generations of {name} in one epoch")));
        }
        Ok(name)
    }

    /// Memory for a unit of work; `None` when the run is being torn down. With a barrier on its way nothing is waited
    /// for: others may hold all memory until the barrier has come through here.
    async fn memory(
        &mut self,
        bytes: usize,
        wanted: &mut Option<SourceCommand>,
    ) -> Result<Option<Reservation>> {
        let budget = self.dispatcher.budget().clone();
        while wanted.is_none() {
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    None => return Ok(None),
                    Some(SourceCommand::Committed(bookmark)) => {
                        self.source.source_mut().committed(&bookmark).await?;
                    }
                    Some(barrier) => *wanted = Some(barrier),
                },
                reservation = budget.reserve(bytes) => return Ok(Some(reservation)),
            }
        }
        Ok(Some(budget.take(bytes)))
    }

    /// Sends the last chunk, which is empty, on each bounded stream (S-1).
    async fn end_streams(&mut self) -> Result<()> {
        let at = self.clock.now();
        for (output, stream) in self.source.source().streams().into_iter().enumerate() {
            let batch = RecordBatch::new_empty(stream.schema);
            self.dispatcher.work(output, Box::new(batch), None, true, at).await?;
        }
        Ok(())
    }
}
