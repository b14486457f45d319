//! The task of a sink: writes, prepares at barriers, and commits when the coordinator says so.

use std::sync::Arc;

use millstream_core::{Chunk, Clock, EpochInfo, Error, PreCommit, Result, StreamName, WriteReport};
use tokio::sync::mpsc;

use super::coordinator::{Event, gone};
use super::dispatch::dead_letter_parcel;
use super::operator::{Input, Inputs};
use super::parcel::{Barrier, Parcel, Rows};
use super::rejection::Rejections;
use super::segment::Buffers;
use crate::channel::Sender;
use crate::graph::AnySink;
use crate::monitor::{Monitor, SinkMonitor};
use crate::retry::{Attempts, RetryPolicy};

pub(crate) struct SinkTask {
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) sink: AnySink,
    /// The source streams that its rows come from.
    pub(crate) roots: Vec<StreamName>,
    pub(crate) inputs: Inputs,
    /// Tokens to commit.
    pub(crate) commands: mpsc::UnboundedReceiver<PreCommit>,
    pub(crate) events: mpsc::UnboundedSender<Event>,
    pub(crate) monitor: Arc<SinkMonitor>,
    pub(crate) run: Arc<Monitor>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) retry: RetryPolicy,
    pub(crate) buffers: Arc<Buffers>,
    pub(crate) rejections: Rejections,
    pub(crate) dead_letter_edge: Option<Sender<Parcel>>,
}

/// Calls again while the error is worth it.
macro_rules! retrying {
    ($task:expr, $call:expr) => {{
        let mut attempts = Attempts::new(&$task.retry, $task.clock.as_ref(), &$task.name);
        loop {
            match $call {
                Ok(value) => break value,
                Err(error) => {
                    attempts
                        .again(error)
                        .await
                        .map_err(|error| error.context(format!("sink {}", $task.name)))?;
                    $task.run.retried.add(1);
                }
            }
        }
    }};
}

impl SinkTask {
    pub(crate) async fn run(mut self) -> Result<()> {
        // Rows written since the last barrier, and rows prepared but not yet committed.
        let (mut written, mut prepared) = (0, 0);
        let mut dead_letters = 0;
        // A sink stays until its inputs are closed and nothing more can be asked of it.
        let (mut closed, mut dismissed) = (false, false);
        while !(closed && dismissed) {
            let started = self.clock.elapsed();
            tokio::select! {
                biased;
                token = self.commands.recv(), if !dismissed => {
                    let Some(token) = token else {
                        dismissed = true;
                        continue;
                    };
                    let started = self.clock.elapsed();
                    retrying!(self, self.sink.sink_mut().commit(token.clone()).await);
                    self.monitor.commit_micros.add_time(self.clock.elapsed().saturating_sub(started));
                    self.monitor.committed.add(std::mem::take(&mut prepared));
                    self.events.send(Event::Committed { sink: self.index }).map_err(gone)?;
                }
                input = self.inputs.next(), if !closed => {
                    self.monitor.wait_micros.add_time(self.clock.elapsed().saturating_sub(started));
                    match input {
                        Input::Closed => closed = true,
                        Input::Barrier(barrier) => {
                            prepared += std::mem::take(&mut written);
                            self.prepare(barrier).await?;
                        }
                        Input::Parcel(_, parcel) => written += self.take(parcel, &mut dead_letters).await?,
                    }
                }
            }
        }
        Ok(())
    }

    async fn prepare(&mut self, barrier: Barrier) -> Result<()> {
        if let Some(edge) = &self.dead_letter_edge {
            edge.send(Parcel::Barrier(barrier.clone())).await?;
        }
        let started = self.clock.elapsed();
        let generation = barrier.generations.iter().find(|(stream, _)| self.roots.contains(stream));
        let info = EpochInfo {
            last: barrier.last,
            generation: generation.map(|(_, generation)| *generation),
            bookmarks: barrier.bookmarks,
            at: barrier.at,
        };
        let token = retrying!(self, self.sink.sink_mut().prepare(barrier.epoch, &info).await);
        self.monitor.commit_micros.add_time(self.clock.elapsed().saturating_sub(started));
        self.events.send(Event::Prepared { sink: self.index, token }).map_err(gone)
    }

    async fn take(&mut self, parcel: Parcel, dead_letters: &mut u64) -> Result<u64> {
        let Parcel::Rows { rows, envelope, reservation } = parcel else {
            return Ok(0);
        };
        let started = self.clock.elapsed();
        let (offered, stream, sequence) = (rows.count() as u64, envelope.stream.clone(), envelope.sequence);
        let at = envelope.created_at;
        let report = match rows {
            Rows::Batch(batch) => {
                let chunk = Chunk { batch, envelope };
                retrying!(self, self.sink.sink_mut().write(chunk.clone()).await)
            }
            Rows::Encoded(part) => {
                let report = match &mut self.sink {
                    AnySink::Encoding(_) if part.rows == 0 => WriteReport::default(),
                    AnySink::Encoding(sink) => retrying!(self, sink.write_encoded(&part).await),
                    AnySink::Plain(_) | AnySink::Reporting(_) => {
                        return Err(Error::internal(format!(
                            "the sink {} was sent bytes instead of rows",
                            self.name
                        )));
                    }
                };
                self.buffers.give_back(part.bytes);
                report
            }
        };
        drop(reservation);
        self.monitor.write_micros.add_time(self.clock.elapsed().saturating_sub(started));
        self.monitor.rows.add(report.rows);
        self.monitor.bytes.add(report.bytes);
        self.monitor.rejected.add(report.rejected.len() as u64);
        // A sink that silently writes less than it was given would lose rows (S-24).
        if report.rows + report.rejected.len() as u64 != offered {
            return Err(Error::internal(format!(
                "the sink {} was given {offered} rows of {stream}, wrote {} and rejected {}",
                self.name,
                report.rows,
                report.rejected.len()
            )));
        }
        let rejected: Vec<_> = report.rejected.into_iter().map(|row| (self.name.clone(), row)).collect();
        let dead = self.rejections.handle(&rejected, &stream, sequence, at)?;
        if let (Some(rows), Some(edge)) = (dead, &self.dead_letter_edge) {
            edge.send(dead_letter_parcel(rows, dead_letters, at)).await?;
        }
        Ok(report.rows)
    }
}
