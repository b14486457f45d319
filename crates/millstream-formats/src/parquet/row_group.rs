//! Gathers chunks of any size into row groups of one size.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, SchemaRef};
use millstream_core::{Error, Result};

/// Gathers chunks into row groups whose boundaries depend on the rows alone, not on how they were cut into chunks.
#[derive(Debug)]
pub struct RowGroupBuffer {
    schema: SchemaRef,
    group_rows: usize,
    group_bytes: usize,
    /// Rows in each file, and how many the present one has got, those that wait included.
    file: Option<(u64, u64)>,
    pending: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

/// The rows of a group, in the chunks that they came in.
#[derive(Debug)]
pub struct RowGroup {
    pub(super) schema: SchemaRef,
    pub(super) parts: Vec<RecordBatch>,
    rows: usize,
}

impl RowGroup {
    /// The chunks.
    pub fn parts(&self) -> &[RecordBatch] {
        &self.parts
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// All of it as one batch.
    pub fn into_batch(self) -> Result<RecordBatch> {
        concat_batches(&self.schema, &self.parts).map_err(too_large)
    }
}

pub(super) fn too_large(error: arrow::error::ArrowError) -> Error {
    Error::sink("cannot join chunks into a row group")
        .caused_by(error)
        .hint("lower the number of rows in a row group: a column must stay below 2 GiB")
}

impl RowGroupBuffer {
    /// A buffer that gives groups of `rows` rows (at least one).
    pub fn new(schema: SchemaRef, rows: usize) -> Self {
        Self {
            schema,
            group_rows: rows.max(1),
            group_bytes: usize::MAX,
            file: None,
            pending: Vec::new(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Ends a group also at the row that brings it to this many bytes in memory.
    #[must_use]
    pub fn with_bytes(mut self, bytes: usize) -> Self {
        self.group_bytes = bytes.max(1);
        self
    }

    /// Ends a group also where a file of `rows` rows ends; the present file has got `already`.
    #[must_use]
    pub fn with_file_rows(mut self, rows: Option<u64>, already: u64) -> Self {
        self.file = rows.map(|rows| (rows.max(1), already % rows.max(1)));
        self
    }

    /// Takes rows, and gives the groups that are full with them.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<Vec<RowGroup>> {
        let mut full = Vec::new();
        let mut offset = 0;
        while offset < batch.num_rows() {
            let left_in_file =
                self.file.map_or(usize::MAX, |(rows, has)| usize::try_from(rows - has).unwrap_or(usize::MAX));
            let most = (self.group_rows - self.rows).min(batch.num_rows() - offset).min(left_in_file);
            let mut part = batch.slice(offset, most);
            let mut bytes = memory(&part);
            if self.bytes + bytes > self.group_bytes && most > 1 {
                // The first row that brings the group to its size is its last.
                let (mut fits, mut over) = (0, most);
                while over - fits > 1 {
                    let middle = usize::midpoint(fits, over);
                    let enough = self.bytes + memory(&part.slice(0, middle)) >= self.group_bytes;
                    if enough { over = middle } else { fits = middle }
                }
                part = part.slice(0, over);
                bytes = memory(&part);
            }
            let length = part.num_rows();
            self.bytes += bytes;
            self.rows += length;
            offset += length;
            self.pending.push(part);
            let file_is_full = self.file.as_mut().is_some_and(|(rows, has)| {
                *has = (*has + length as u64) % *rows;
                *has == 0
            });
            if self.rows == self.group_rows || self.bytes >= self.group_bytes || file_is_full {
                full.extend(self.finish());
            }
        }
        Ok(full)
    }

    /// Gives the rows that do not fill a group, if there are any.
    pub fn finish(&mut self) -> Option<RowGroup> {
        if self.rows == 0 {
            return None;
        }
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        Some(RowGroup { schema: self.schema.clone(), parts: std::mem::take(&mut self.pending), rows })
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

fn memory(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(values).sum()
}

/// The bytes of the values of a column: a sum over its rows, so that it does not depend on how they are cut. Bitmaps
/// and what several rows share are left out.
fn values(column: &ArrayRef) -> usize {
    let rows = column.len();
    let between = |first: i64, last: i64| usize::try_from(last - first).unwrap_or(0);
    match column.data_type() {
        DataType::Utf8 => {
            let offsets = column.as_string::<i32>().value_offsets();
            rows * 4 + between(offsets[0].into(), offsets[rows].into())
        }
        DataType::LargeUtf8 => {
            let offsets = column.as_string::<i64>().value_offsets();
            rows * 8 + between(offsets[0], offsets[rows])
        }
        DataType::Binary => {
            let offsets = column.as_binary::<i32>().value_offsets();
            rows * 4 + between(offsets[0].into(), offsets[rows].into())
        }
        DataType::LargeBinary => {
            let offsets = column.as_binary::<i64>().value_offsets();
            rows * 8 + between(offsets[0], offsets[rows])
        }
        DataType::Utf8View => {
            let lengths = column.as_string_view().views().iter().map(|view| *view as u32 as usize);
            rows * 16 + lengths.sum::<usize>()
        }
        DataType::BinaryView => {
            let lengths = column.as_binary_view().views().iter().map(|view| *view as u32 as usize);
            rows * 16 + lengths.sum::<usize>()
        }
        DataType::FixedSizeBinary(width) => rows * usize::try_from(*width).unwrap_or(0),
        DataType::List(_) => {
            let list = column.as_list::<i32>();
            let offsets = list.value_offsets();
            let (first, last) = (offsets[0] as usize, offsets[rows] as usize);
            rows * 4 + values(&list.values().slice(first, last - first))
        }
        DataType::LargeList(_) => {
            let list = column.as_list::<i64>();
            let offsets = list.value_offsets();
            let (first, last) = (offsets[0] as usize, offsets[rows] as usize);
            rows * 8 + values(&list.values().slice(first, last - first))
        }
        DataType::FixedSizeList(_, _) => values(column.as_fixed_size_list().values()),
        DataType::Struct(_) => column.as_struct().columns().iter().map(values).sum(),
        DataType::Map(..) => {
            let map = column.as_map();
            let offsets = map.value_offsets();
            let (first, last) = (offsets[0] as usize, offsets[rows] as usize);
            let part = |array: &ArrayRef| values(&array.slice(first, last - first));
            rows * 4 + part(map.keys()) + part(map.values())
        }
        DataType::Dictionary(key, _) => rows * key.primitive_width().unwrap_or(1),
        other => rows * other.primitive_width().unwrap_or(1),
    }
}
