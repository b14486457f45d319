//! What a source says about a stream before the first row.

use arrow_schema::SchemaRef;

use crate::StreamName;

/// A stream's name, shape and end.
#[derive(Debug, Clone)]
pub struct StreamSchema {
    /// The name under which the stream is read.
    pub name: StreamName,
    /// The columns.
    pub schema: SchemaRef,
    /// Whether the stream ends by itself.
    pub bounded: bool,
    /// Whether its rows come in generations, each of which takes the place of the one before
    /// (see [`Pull::Generation`](crate::Pull::Generation)).
    pub replaced: bool,
    /// How the schema came about, for `explain`: `declared`, `inferred from 1,000 rows`.
    pub origin: String,
}
