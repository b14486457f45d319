//! Gathers chunks of any size into row groups of one size.

use arrow::array::{Array, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use millstream_core::{Error, Result};

/// Gathers chunks into row groups whose boundaries depend on the row count alone.
#[derive(Debug)]
pub struct RowGroupBuffer {
    schema: SchemaRef,
    group_rows: usize,
    pending: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

impl RowGroupBuffer {
    /// A buffer that gives groups of `rows` rows (at least one).
    pub fn new(schema: SchemaRef, rows: usize) -> Self {
        Self { schema, group_rows: rows.max(1), pending: Vec::new(), rows: 0, bytes: 0 }
    }

    /// Takes rows, and gives the groups that are full with them, each as one contiguous batch.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<Vec<RecordBatch>> {
        let mut full = Vec::new();
        let mut offset = 0;
        while offset < batch.num_rows() {
            let length = (self.group_rows - self.rows).min(batch.num_rows() - offset);
            let part = batch.slice(offset, length);
            self.bytes += memory(&part)?;
            self.rows += length;
            offset += length;
            self.pending.push(part);
            if self.rows == self.group_rows {
                full.extend(self.finish()?);
            }
        }
        Ok(full)
    }

    /// Gives the rows that do not fill a group, if there are any.
    pub fn finish(&mut self) -> Result<Option<RecordBatch>> {
        if self.rows == 0 {
            return Ok(None);
        }
        let parts = std::mem::take(&mut self.pending);
        (self.rows, self.bytes) = (0, 0);
        concat_batches(&self.schema, &parts).map(Some).map_err(|error| {
            Error::sink("cannot join chunks into a row group")
                .caused_by(error)
                .hint("lower the number of rows in a row group: a column must stay below 2 GiB")
        })
    }

    /// The rows that wait.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The memory that the waiting rows take, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

fn memory(batch: &RecordBatch) -> Result<usize> {
    batch.columns().iter().try_fold(0, |sum, column| {
        let bytes = column.to_data().get_slice_memory_size();
        Ok(sum + bytes.map_err(|error| Error::internal("cannot measure a column").caused_by(error))?)
    })
}
