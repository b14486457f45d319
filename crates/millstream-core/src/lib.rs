//! The words of Millstream as types: chunks, bookmarks, epochs, the four traits and the one error.
//!
//! No I/O happens here and no runtime is named, so that a connector written elsewhere compiles in seconds.

mod chunk;
mod clock;
mod delivery;
mod epoch;
mod error;
mod processor;
mod random;
mod row_error;
mod schema;
mod sink;
mod source;
mod state;
mod transform;

pub use chunk::{Chunk, Envelope, StreamName};
pub use clock::{Clock, SimulatedClock};
pub use delivery::Delivery;
pub use epoch::{Bookmark, Epoch, PreCommit, Snapshot};
pub use error::{Error, ErrorKind, Result};
pub use processor::{Output, Processor, Watermark};
pub use random::{Key, Permutation};
pub use row_error::{Payload, RejectedRow, RowErrorKind, dead_letter_batch, dead_letter_schema};
pub use schema::StreamSchema;
pub use sink::{
    Encode, EncodedPart, EncodingSink, EpochInfo, Progress, ReportsProgress, Sink, SinkStart, WriteReport,
};
pub use source::{Boundary, Decode, Decoded, Pull, ResumesFromSinks, Source, Work};
pub use state::{LeaseGuard, LeaseHolder, StateStore};
pub use transform::Transform;
