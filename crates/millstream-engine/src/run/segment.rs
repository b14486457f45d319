//! A segment: everything stateless between a producer and the next edge, fused into one job per unit of work.
//!
//! A worker takes a unit of work, decodes it, runs every stateless operator below it and encodes for the sinks, while
//! the rows are still in its cache; only the results cross an edge.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use millstream_core::{
    Clock, Decode, Encode, EncodedPart, Error, RejectedRow, Result, StreamName, Transform,
};

use super::parcel::Rows;
use super::rejection::Rejections;
use crate::monitor::{OperatorMonitor, SinkMonitor, SourceMonitor};

/// A stream inside a segment, and what becomes of its chunks.
pub(crate) struct StreamPlan {
    pub(crate) name: StreamName,
    pub(crate) derived: Vec<Derivation>,
    pub(crate) leaves: Vec<Leaf>,
}

/// A chain of stateless operators that makes another stream of the segment.
pub(crate) struct Derivation {
    pub(crate) transforms: Vec<Arc<dyn Transform>>,
    pub(crate) monitor: Arc<OperatorMonitor>,
    /// Index into [`Segment::streams`].
    pub(crate) target: usize,
}

/// A consumer at the end of the segment.
pub(crate) struct Leaf {
    /// Index into the segment's edges.
    pub(crate) edge: usize,
    pub(crate) encode: Option<(Arc<dyn Encode>, Arc<SinkMonitor>)>,
}

/// See the module.
pub(crate) struct Segment {
    /// The source's or operator's name.
    pub(crate) producer: String,
    pub(crate) streams: Vec<StreamPlan>,
    /// The producer's outputs, as indices into `streams`.
    pub(crate) outputs: Vec<usize>,
    pub(crate) source: Option<Arc<SourceMonitor>>,
    pub(crate) rejections: Rejections,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) buffers: Arc<Buffers>,
}

/// Buffers that encoders fill and sinks give back.
#[derive(Debug, Default)]
pub(crate) struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    const KEPT: usize = 16;
    const LARGEST: usize = 4 << 20;

    fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(crate) fn give_back(&self, mut buffer: Vec<u8>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < Self::KEPT && buffer.capacity() <= Self::LARGEST {
            buffer.clear();
            kept.push(buffer);
        }
    }
}

/// A unit of work on its way.
pub(crate) struct Job {
    /// The producer's output that the rows belong to.
    pub(crate) output: usize,
    pub(crate) decode: Box<dyn Decode>,
    pub(crate) sequence: u64,
    /// Whether this is the (empty) last chunk of its stream.
    pub(crate) last: bool,
    pub(crate) at: i64,
}

/// What became of a unit of work.
pub(crate) struct JobOutput {
    pub(crate) parts: Vec<Part>,
    pub(crate) dead_letters: Option<Rows>,
    pub(crate) last: bool,
    pub(crate) at: i64,
}

/// The rows of one stream, for each of its consumers.
pub(crate) struct Part {
    /// Index into [`Segment::streams`].
    pub(crate) stream: usize,
    /// Edge and rows.
    pub(crate) leaves: Vec<(usize, Rows)>,
}

impl Segment {
    /// Runs a job to its end, on the calling thread.
    pub(crate) fn execute(&self, job: Job) -> Result<JobOutput> {
        let stream = self.outputs[job.output];
        let started = self.clock.elapsed();
        let decoded = job.decode.decode()?;
        let rejected_while_decoding = decoded.rejected.len() as u64;
        if let Some(source) = &self.source {
            source.rows.add(decoded.batch.num_rows() as u64 + rejected_while_decoding);
            source.rejected.add(rejected_while_decoding);
            source.bytes.add(decoded.input_bytes);
            source.decode_micros.add_time(self.clock.elapsed().saturating_sub(started));
        }
        let mut rejected: Vec<(String, RejectedRow)> =
            decoded.rejected.into_iter().map(|row| (self.producer.clone(), row)).collect();
        let mut parts = Vec::new();
        self.pass(stream, &decoded.batch, job.last, &mut parts, &mut rejected)?;
        let dead_letters =
            self.rejections.handle(&rejected, &self.streams[stream].name, job.sequence, job.at)?;
        Ok(JobOutput { parts, dead_letters, last: job.last, at: job.at })
    }

    fn pass(
        &self,
        stream: usize,
        batch: &RecordBatch,
        last: bool,
        parts: &mut Vec<Part>,
        rejected: &mut Vec<(String, RejectedRow)>,
    ) -> Result<()> {
        let plan = &self.streams[stream];
        let empty = batch.num_rows() == 0;
        if empty && !last {
            return Ok(());
        }
        let leaves = plan.leaves.iter().map(|leaf| Ok((leaf.edge, self.rows_for(leaf, batch)?)));
        parts.push(Part { stream, leaves: leaves.collect::<Result<_>>()? });
        for derivation in &plan.derived {
            let started = self.clock.elapsed();
            let monitor = &derivation.monitor;
            let rows_in = batch.num_rows() as u64;
            let mut current = batch.clone();
            let rejected_before = rejected.len();
            for transform in &derivation.transforms {
                let mut failed = Vec::new();
                current = transform
                    .apply(current, &mut failed)
                    .map_err(|error| error.context(monitor.name.clone()))?;
                let stage = || format!("{}: {}", monitor.name, transform.name());
                rejected.extend(failed.into_iter().map(|row| (stage(), row)));
            }
            let (rows_out, failed) = (current.num_rows() as u64, (rejected.len() - rejected_before) as u64);
            let Some(filtered) = rows_in.checked_sub(rows_out + failed) else {
                return Err(Error::internal(format!(
                    "the stream {} made {rows_out} rows and rejected {failed} out of {rows_in}",
                    monitor.name
                )));
            };
            monitor.rows_in.add(rows_in);
            monitor.rows_out.add(rows_out);
            monitor.rejected.add(failed);
            monitor.filtered.add(filtered);
            monitor.micros.add_time(self.clock.elapsed().saturating_sub(started));
            self.pass(derivation.target, &current, last, parts, rejected)?;
        }
        Ok(())
    }

    fn rows_for(&self, leaf: &Leaf, batch: &RecordBatch) -> Result<Rows> {
        let Some((encoder, monitor)) = &leaf.encode else {
            return Ok(Rows::Batch(batch.clone()));
        };
        let started = self.clock.elapsed();
        let mut part = EncodedPart { bytes: self.buffers.take(), rows: batch.num_rows() as u64 };
        encoder.encode(batch, &mut part.bytes)?;
        monitor.encode_micros.add_time(self.clock.elapsed().saturating_sub(started));
        Ok(Rows::Encoded(part))
    }
}
