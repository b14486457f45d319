//! How edges behave: `processing`, and what a sink's `buffer` says over it.

use millstream_engine::{ChannelOptions, Policy};

use crate::document::{Backpressure, Document, EdgeBuffer};

/// The edge into a sink.
pub(super) fn channel(document: &Document, buffer: EdgeBuffer) -> ChannelOptions {
    let processing = &document.processing;
    let capacity = buffer.size.unwrap_or(processing.buffer_size) as usize;
    let inherited_threshold = processing.backpressure_threshold.filter(|_| buffer.size.is_none());
    let threshold = buffer.threshold.or(inherited_threshold).map_or(capacity, |rows| rows as usize);
    let policy = match buffer.policy.unwrap_or(processing.backpressure) {
        Backpressure::Block => Policy::Block,
        Backpressure::DropNewest => Policy::DropNewest,
        Backpressure::DropOldest => Policy::DropOldest,
        Backpressure::Buffer => Policy::Buffer,
    };
    let timeout = buffer.timeout.or(processing.timeout).filter(|_| policy == Policy::Block);
    ChannelOptions { capacity, policy, timeout, threshold: threshold.min(capacity) }
}
