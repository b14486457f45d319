//! From a producer to its edges: jobs run side by side, their results leave in order (S-2).

use std::sync::Arc;

use millstream_core::{Decode, Envelope, Result, Watermark};
use tokio::sync::mpsc;

use super::coordinator::{Event, gone};
use super::parcel::{Barrier, Parcel, Rows};
use super::segment::{Job, JobOutput, Segment};
use super::workers::{Pending, Workers};
use crate::budget::{Budget, Reservation};
use crate::channel::Sender;

enum Slot {
    Job(Pending<JobOutput>, Option<Arc<Reservation>>),
    Barrier(Barrier),
    Watermark(Watermark),
}

/// The producer's end.
pub(crate) struct Dispatcher {
    segment: Arc<Segment>,
    slots: mpsc::Sender<Slot>,
    workers: Workers,
    budget: Budget,
    sequences: Vec<u64>,
}

/// The other end: puts results in order and hands them to the edges.
pub(crate) struct Distributor {
    segment: Arc<Segment>,
    slots: mpsc::Receiver<Slot>,
    edges: Vec<Sender<Parcel>>,
    dead_letter_edge: Option<usize>,
    sequences: Vec<u64>,
    dead_letters: u64,
    events: mpsc::UnboundedSender<Event>,
}

/// What a dispatcher is made of.
pub(crate) struct Dispatch {
    pub(crate) segment: Arc<Segment>,
    pub(crate) edges: Vec<Sender<Parcel>>,
    pub(crate) dead_letter_edge: Option<usize>,
    pub(crate) workers: Workers,
    pub(crate) budget: Budget,
    /// Bounds the jobs that run or wait to be handed over.
    pub(crate) in_flight: usize,
    /// The next sequence numbers of the segment's streams.
    pub(crate) sequences: Vec<u64>,
    pub(crate) events: mpsc::UnboundedSender<Event>,
}

impl Dispatch {
    /// Both ends.
    pub(crate) fn open(self) -> (Dispatcher, Distributor) {
        let (slots, receiver) = mpsc::channel(self.in_flight);
        let dispatcher = Dispatcher {
            slots,
            workers: self.workers,
            budget: self.budget,
            sequences: self.segment.outputs.iter().map(|&stream| self.sequences[stream]).collect(),
            segment: self.segment.clone(),
        };
        let distributor = Distributor {
            segment: self.segment,
            slots: receiver,
            edges: self.edges,
            dead_letter_edge: self.dead_letter_edge,
            sequences: self.sequences,
            dead_letters: 0,
            events: self.events,
        };
        (dispatcher, distributor)
    }
}

impl Dispatcher {
    /// The memory that units of work are charged to.
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Hands over a unit of work, with the memory that its rows will hold; waits while too many are on their way.
    pub(crate) async fn work(
        &mut self,
        output: usize,
        decode: Box<dyn Decode>,
        reservation: Option<Reservation>,
        last: bool,
        at: i64,
    ) -> Result<()> {
        let reservation = reservation.map(Arc::new);
        let slot = self.slots.reserve().await.map_err(gone)?;
        let sequence = self.sequences[output];
        self.sequences[output] += 1;
        let (segment, span) = (self.segment.clone(), tracing::Span::current());
        let pending = self
            .workers
            .submit(move || span.in_scope(|| segment.execute(Job { output, decode, sequence, last, at })));
        slot.send(Slot::Job(pending, reservation));
        Ok(())
    }

    /// Sends a barrier behind the work so far.
    pub(crate) async fn barrier(&mut self, barrier: Barrier) -> Result<()> {
        self.slots.send(Slot::Barrier(barrier)).await.map_err(gone)
    }

    /// Sends a watermark behind the work so far.
    pub(crate) async fn watermark(&mut self, watermark: Watermark) -> Result<()> {
        self.slots.send(Slot::Watermark(watermark)).await.map_err(gone)
    }
}

impl Distributor {
    /// Works until the dispatcher has gone.
    pub(crate) async fn run(mut self) -> Result<()> {
        while let Some(slot) = self.slots.recv().await {
            match slot {
                Slot::Job(pending, reservation) => {
                    let output = pending.result().await?;
                    self.distribute(output, reservation).await?;
                }
                Slot::Barrier(barrier) => {
                    let named = self.segment.streams.iter().zip(&self.sequences);
                    let sequences = named.map(|(plan, &next)| (plan.name.to_string(), next)).collect();
                    self.events.send(Event::Sequences(sequences)).map_err(gone)?;
                    for edge in &self.edges {
                        edge.send(Parcel::Barrier(barrier.clone())).await?;
                    }
                }
                Slot::Watermark(watermark) => {
                    for edge in &self.edges {
                        edge.send(Parcel::Watermark(watermark)).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn distribute(&mut self, output: JobOutput, reservation: Option<Arc<Reservation>>) -> Result<()> {
        for part in output.parts {
            let sequence = self.sequences[part.stream];
            self.sequences[part.stream] += 1;
            for (edge, rows) in part.leaves {
                let envelope = Envelope {
                    stream: self.segment.streams[part.stream].name.clone(),
                    sequence,
                    created_at: output.at,
                    metadata: None,
                    is_last: output.last,
                };
                self.edges[edge]
                    .send(Parcel::Rows { rows, envelope, reservation: reservation.clone() })
                    .await?;
            }
        }
        if let (Some(rows), Some(edge)) = (output.dead_letters, self.dead_letter_edge) {
            self.edges[edge].send(dead_letter_parcel(rows, &mut self.dead_letters, output.at)).await?;
        }
        Ok(())
    }
}

/// A parcel for the dead-letter sink, with the next number of its producer.
pub(crate) fn dead_letter_parcel(rows: Rows, sequence: &mut u64, at: i64) -> Parcel {
    let envelope = Envelope {
        stream: "dead_letter".into(),
        sequence: *sequence,
        created_at: at,
        metadata: None,
        is_last: false,
    };
    *sequence += 1;
    Parcel::Rows { rows, envelope, reservation: None }
}
