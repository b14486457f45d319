//! What edges carry inside the engine.

use std::sync::Arc;

use arrow::array::RecordBatch;
use millstream_core::{Bookmark, EncodedPart, Envelope, Epoch, StreamName, Watermark};

use crate::budget::Reservation;
use crate::channel::Freight;

/// A barrier: everything before it belongs to the epoch.
#[derive(Debug, Clone)]
pub(crate) struct Barrier {
    pub(crate) epoch: Epoch,
    /// Whether all sources have ended.
    pub(crate) last: bool,
    /// The run's clock when it was asked for.
    pub(crate) at: i64,
    /// Where the sources that feed this edge were.
    pub(crate) bookmarks: Vec<(String, Bookmark)>,
    /// The streams whose rows of this epoch take the place of all before, each with its generation.
    pub(crate) generations: Vec<(StreamName, u64)>,
}

impl Barrier {
    /// One barrier out of those that arrived on all inputs.
    pub(crate) fn merge(barriers: Vec<Self>) -> Option<Self> {
        barriers.into_iter().reduce(|mut merged, other| {
            for (source, bookmark) in other.bookmarks {
                if !merged.bookmarks.iter().any(|(name, _)| *name == source) {
                    merged.bookmarks.push((source, bookmark));
                }
            }
            for (stream, generation) in other.generations {
                if !merged.generations.iter().any(|(name, _)| *name == stream) {
                    merged.generations.push((stream, generation));
                }
            }
            merged
        })
    }
}

/// Rows in the form in which the consumer wants them.
#[derive(Debug)]
pub(crate) enum Rows {
    Batch(RecordBatch),
    Encoded(EncodedPart),
}

impl Rows {
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Batch(batch) => batch.num_rows(),
            Self::Encoded(part) => part.rows as usize,
        }
    }
}

#[derive(Debug)]
pub(crate) enum Parcel {
    Rows {
        rows: Rows,
        envelope: Envelope,
        /// Memory that is accounted for until the parcel is gone.
        reservation: Option<Arc<Reservation>>,
    },
    Barrier(Barrier),
    Watermark(Watermark),
}

impl Freight for Parcel {
    fn rows(&self) -> usize {
        match self {
            Self::Rows { rows, .. } => rows.count(),
            Self::Barrier(_) | Self::Watermark(_) => 0,
        }
    }

    fn is_control(&self) -> bool {
        match self {
            Self::Rows { envelope, .. } => envelope.is_last,
            Self::Barrier(_) | Self::Watermark(_) => true,
        }
    }
}
