//! The task of an operator with state: aligns its inputs at barriers, and snapshots there.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use millstream_core::{
    Chunk, Clock, Decode, Decoded, Error, Output, Processor, RejectedRow, Result, Watermark,
};
use tokio::sync::mpsc;

use super::coordinator::{Event, gone};
use super::dispatch::Dispatcher;
use super::parcel::{Barrier, Parcel, Rows};
use crate::channel::Receiver;
use crate::monitor::OperatorMonitor;

/// Several inputs, read fairly, of which those that reached a barrier wait for the others.
pub(crate) struct Inputs {
    receivers: Vec<Receiver<Parcel>>,
    barriers: Vec<Option<Barrier>>,
    closed: Vec<bool>,
    first: usize,
}

pub(crate) enum Input {
    Parcel(usize, Parcel),
    /// The barrier arrived on every input.
    Barrier(Barrier),
    /// All inputs are closed.
    Closed,
}

impl Inputs {
    pub(crate) fn new(receivers: Vec<Receiver<Parcel>>) -> Self {
        let count = receivers.len();
        Self { receivers, barriers: vec![None; count], closed: vec![false; count], first: 0 }
    }

    pub(crate) fn count(&self) -> usize {
        self.receivers.len()
    }

    /// What comes next. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Input {
        loop {
            if self.closed.iter().all(|closed| *closed) {
                return Input::Closed;
            }
            let aligned =
                self.barriers.iter().zip(&self.closed).all(|(barrier, closed)| *closed || barrier.is_some());
            if aligned
                && let Some(barrier) =
                    Barrier::merge(self.barriers.iter_mut().filter_map(Option::take).collect())
            {
                return Input::Barrier(barrier);
            }
            let (index, received) = self.receive().await;
            self.first = index + 1;
            match received {
                None => self.closed[index] = true,
                Some(Parcel::Barrier(barrier)) => self.barriers[index] = Some(barrier),
                Some(parcel) => return Input::Parcel(index, parcel),
            }
        }
    }

    async fn receive(&mut self) -> (usize, Option<Parcel>) {
        let count = self.receivers.len();
        if count == 1 {
            return (0, self.receivers[0].receive().await);
        }
        // A different input first each time, so that a busy one cannot keep the others waiting.
        let (barriers, closed, first) = (&self.barriers, &self.closed, self.first % count);
        let mut open: Vec<(usize, &mut Receiver<Parcel>)> = self
            .receivers
            .iter_mut()
            .enumerate()
            .filter(|(index, _)| barriers[*index].is_none() && !closed[*index])
            .collect();
        let rotation = open.iter().position(|(index, _)| *index >= first).unwrap_or(0);
        open.rotate_left(rotation);
        let waiting = open
            .into_iter()
            .map(|(index, receiver)| Box::pin(async move { (index, receiver.receive().await) }));
        futures::future::select_all(waiting).await.0
    }
}

pub(crate) struct OperatorTask {
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) processor: Box<dyn Processor>,
    pub(crate) schema: SchemaRef,
    pub(crate) inputs: Inputs,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) events: mpsc::UnboundedSender<Event>,
    pub(crate) monitor: Arc<OperatorMonitor>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What an operator emitted, as work for the segment below it.
#[derive(Debug)]
struct Emitted {
    batch: RecordBatch,
    rejected: Vec<RejectedRow>,
}

impl Decode for Emitted {
    fn decode(self: Box<Self>) -> Result<Decoded> {
        Ok(Decoded { batch: self.batch, rejected: self.rejected, input_bytes: 0 })
    }
}

impl OperatorTask {
    pub(crate) async fn run(mut self) -> Result<()> {
        let mut watermarks: Vec<Option<Watermark>> = vec![None; self.inputs.count()];
        let mut sent: Option<Watermark> = None;
        let mut ended = false;
        loop {
            let (input, parcel) = match self.inputs.next().await {
                Input::Closed => return Ok(()),
                Input::Barrier(barrier) => {
                    let snapshot = self.processor.snapshot().map_err(|error| self.context(error))?;
                    self.events.send(Event::Snapshot { operator: self.index, snapshot }).map_err(gone)?;
                    self.dispatcher.barrier(barrier).await?;
                    continue;
                }
                Input::Parcel(input, parcel) => (input, parcel),
            };
            match parcel {
                Parcel::Rows { rows: Rows::Batch(batch), envelope, .. } => {
                    if envelope.is_last {
                        watermarks[input] = Some(Watermark::END);
                    }
                    if batch.num_rows() > 0 {
                        let rows = batch.num_rows() as u64;
                        self.monitor.rows_in.add(rows);
                        let chunk = Chunk { batch, envelope };
                        self.step(|processor, out| processor.process(input, chunk, out)).await?;
                    }
                }
                Parcel::Watermark(watermark) => watermarks[input] = Some(watermark),
                Parcel::Rows { .. } | Parcel::Barrier(_) => {
                    return Err(Error::internal(format!(
                        "the operator {} was sent something else than rows",
                        self.name
                    )));
                }
            }
            let lowest = watermarks.iter().copied().min().flatten();
            if lowest > sent
                && let Some(watermark) = lowest
            {
                sent = lowest;
                self.step(|processor, out| processor.on_watermark(watermark, out)).await?;
                if watermark == Watermark::END {
                    if !ended {
                        ended = true;
                        let batch = RecordBatch::new_empty(self.schema.clone());
                        self.dispatcher.work(0, Box::new(batch), None, true, self.clock.now()).await?;
                    }
                } else {
                    self.dispatcher.watermark(watermark).await?;
                }
            }
        }
    }

    async fn step(&mut self, call: impl FnOnce(&mut dyn Processor, &mut Output) -> Result<()>) -> Result<()> {
        let started = self.clock.elapsed();
        let mut out = Output::default();
        call(self.processor.as_mut(), &mut out).map_err(|error| self.context(error))?;
        let rows: usize = out.batches.iter().map(RecordBatch::num_rows).sum();
        self.monitor.rows_out.add(rows as u64);
        self.monitor.rejected.add(out.rejected.len() as u64);
        self.monitor.filtered.add(out.filtered);
        self.monitor.micros.add_time(self.clock.elapsed().saturating_sub(started));
        let at = self.clock.now();
        let mut rejected = out.rejected;
        if out.batches.is_empty() && !rejected.is_empty() {
            out.batches.push(RecordBatch::new_empty(self.schema.clone()));
        }
        for batch in out.batches {
            // An operator must not wait for memory: its own inputs may hold all of it.
            let reservation = self.dispatcher.budget().take(batch.get_array_memory_size());
            let emitted = Emitted { batch, rejected: std::mem::take(&mut rejected) };
            self.dispatcher.work(0, Box::new(emitted), Some(reservation), false, at).await?;
        }
        Ok(())
    }

    fn context(&self, error: Error) -> Error {
        error.context(format!("operator {}", self.name))
    }
}
