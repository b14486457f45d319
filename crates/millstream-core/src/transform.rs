//! What may sit between sources and sinks and remembers nothing.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::{RejectedRow, Result};

/// A stateless operator. Many workers call it at once, each with rows of its own; chains of transforms run fused.
pub trait Transform: Send + Sync {
    /// The name of the operator, as it is written in the configuration.
    fn name(&self) -> &str;

    /// The columns that come out.
    fn schema(&self) -> SchemaRef;

    /// Changes the rows. Rows in = rows out + rows pushed to `rejected` + rows left out on purpose.
    fn apply(&self, batch: RecordBatch, rejected: &mut Vec<RejectedRow>) -> Result<RecordBatch>;
}
