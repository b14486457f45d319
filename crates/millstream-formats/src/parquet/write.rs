//! Row groups to bytes, on any thread, and bytes to a file, on one.

use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, new_empty_array};
use arrow::compute::concat;
use arrow::datatypes::SchemaRef;
use millstream_core::{Error, Result};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::writer::SerializedFileWriter;

use super::row_group::too_large;
use super::{ParquetOptions, RowGroup};

/// A row group as it will stand in a file.
#[derive(Debug)]
pub struct EncodedRowGroup {
    rows: usize,
    bytes: usize,
    chunks: Vec<ArrowColumnChunk>,
}

impl EncodedRowGroup {
    /// The rows in it.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Its encoded and compressed size, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Encodes and compresses a batch as a row group.
pub fn encode_row_group(
    schema: &SchemaRef,
    options: &ParquetOptions,
    batch: &RecordBatch,
) -> Result<EncodedRowGroup> {
    encode_columns(schema, options, batch.num_rows(), vec![batch.columns().to_vec()])
}

impl RowGroup {
    /// Encodes and compresses the group. The bytes depend on the rows and the options only, not on the thread, nor on
    /// how the rows came in chunks. Columns are joined and let go one after the other, so that the group is in memory
    /// once, and one column of it twice.
    pub fn encode(self, options: &ParquetOptions) -> Result<EncodedRowGroup> {
        let rows = self.rows();
        let Self { schema, parts, .. } = self;
        let parts = parts.into_iter().map(|part| part.columns().to_vec()).collect();
        encode_columns(&schema, options, rows, parts)
    }
}

/// `parts`: the columns of each chunk.
fn encode_columns(
    schema: &SchemaRef,
    options: &ParquetOptions,
    rows: usize,
    parts: Vec<Vec<ArrayRef>>,
) -> Result<EncodedRowGroup> {
    // A file that goes nowhere: column writers can be had only from one.
    let file = writer(io::sink(), schema, options, Vec::new())?;
    let writers = ArrowRowGroupWriterFactory::new(&file, Arc::clone(schema)).create_column_writers(0);
    let mut writers = writers.map_err(refused)?.into_iter();
    let mut chunks = Vec::with_capacity(schema.fields().len());
    let mut bytes = 0;
    let complete = parts.iter().all(|columns| columns.len() == schema.fields().len());
    let mut parts: Vec<_> = parts.into_iter().map(Vec::into_iter).collect();
    for field in schema.fields() {
        let pieces: Vec<ArrayRef> = parts.iter_mut().filter_map(Iterator::next).collect();
        let column = match pieces.as_slice() {
            [only] => Arc::clone(only),
            [] => new_empty_array(field.data_type()),
            several => {
                let several: Vec<&dyn Array> = several.iter().map(AsRef::as_ref).collect();
                concat(&several).map_err(too_large)?
            }
        };
        drop(pieces);
        for leaf in compute_leaves(field, &column).map_err(refused)? {
            let mut writer =
                writers.next().ok_or_else(|| Error::internal("fewer Parquet columns than Arrow leaves"))?;
            writer.write(&leaf).map_err(refused)?;
            let chunk = writer.close().map_err(refused)?;
            bytes += chunk.close().bytes_written as usize;
            chunks.push(chunk);
        }
    }
    if !complete || writers.next().is_some() {
        return Err(Error::internal("a row group's columns differ from the file's"));
    }
    Ok(EncodedRowGroup { rows, bytes, chunks })
}

/// A Parquet file in the making.
pub struct ParquetFile<W: Write + Send> {
    writer: SerializedFileWriter<Slot<W>>,
}

impl<W: Write + Send> ParquetFile<W> {
    /// Starts a file. `key_value_metadata` goes into its footer.
    pub fn new(
        writer: W,
        schema: &SchemaRef,
        options: &ParquetOptions,
        key_value_metadata: Vec<(String, String)>,
    ) -> Result<Self> {
        let pairs = key_value_metadata.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect();
        Ok(Self { writer: self::writer(Slot(Some(writer)), schema, options, pairs)? })
    }

    /// Adds a row group after those that are there. A file holds at most 32,767 of them.
    pub fn append(&mut self, group: EncodedRowGroup) -> Result<()> {
        let mut row_group = self.writer.next_row_group().map_err(failed)?;
        for chunk in group.chunks {
            chunk.append_to_row_group(&mut row_group).map_err(failed)?;
        }
        row_group.close().map_err(failed)?;
        Ok(())
    }

    /// Adds a pair to the footer's metadata.
    pub fn add_metadata(&mut self, key: String, value: String) {
        self.writer.append_key_value_metadata(KeyValue::new(key, value));
    }

    /// The bytes written so far.
    pub fn bytes_written(&self) -> u64 {
        self.writer.bytes_written() as u64
    }

    /// The rows written so far.
    pub fn rows_written(&self) -> u64 {
        let groups = self.writer.flushed_row_groups().iter();
        groups.map(|group| group.num_rows() as u64).sum()
    }

    /// Writes the footer, and gives back the writer, flushed, with what the footer says.
    pub fn finish(mut self) -> Result<(W, ParquetMetaData)> {
        let metadata = self.writer.finish().map_err(failed)?;
        let slot = self.writer.inner_mut().0.take();
        let writer = slot.ok_or_else(|| Error::internal("a Parquet file lost its writer"))?;
        Ok((writer, metadata))
    }
}

impl<W: Write + Send> std::fmt::Debug for ParquetFile<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetFile").field("bytes_written", &self.bytes_written()).finish_non_exhaustive()
    }
}

/// The parquet library gives either the footer or the writer at the end; taking the writer out of its slot gives both.
struct Slot<W>(Option<W>);

impl<W: Write> Slot<W> {
    fn get(&mut self) -> io::Result<&mut W> {
        self.0.as_mut().ok_or_else(|| io::Error::other("the file is finished"))
    }
}

impl<W: Write> Write for Slot<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.get()?.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.get()?.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.get()?.flush()
    }
}

fn writer<W: Write + Send>(
    writer: W,
    schema: &SchemaRef,
    options: &ParquetOptions,
    metadata: Vec<KeyValue>,
) -> Result<SerializedFileWriter<W>> {
    let properties = options.properties(schema, metadata)?;
    let columns = ArrowSchemaConverter::new()
        .with_coerce_types(properties.coerce_types())
        .convert(schema)
        .map_err(refused)?;
    SerializedFileWriter::new(writer, columns.root_schema_ptr(), Arc::new(properties)).map_err(failed)
}

/// The data or their types cannot be held by Parquet.
fn refused(error: ParquetError) -> Error {
    Error::sink("cannot encode rows as Parquet").caused_by(error)
}

/// The file cannot be written.
pub(super) fn failed(error: ParquetError) -> Error {
    Error::sink("cannot write a Parquet file").caused_by(error)
}
