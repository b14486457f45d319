//! Parquet files in slices of bounded size, which any thread decodes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions, RecordBatchReader};
use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, SchemaRef};
use bytes::Bytes;
use millstream_core::{Decode, Decoded, Error, Result};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{ColumnChunkMetaData, PageIndexPolicy, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};

/// The rows in each slice of a row group but the last.
pub const SLICE_ROWS: usize = 65_536;

/// A Parquet file that is read.
#[derive(Debug, Clone)]
pub struct ParquetInput {
    file: SharedFile,
    name: Arc<str>,
    metadata: ArrowReaderMetadata,
    columns: Option<Arc<[usize]>>,
    schema: SchemaRef,
}

impl ParquetInput {
    /// Opens a file to read all its columns, or those named, in the order of the file.
    pub fn open(path: &Path, columns: Option<Vec<String>>) -> Result<Self> {
        let name: Arc<str> = path.display().to_string().into();
        let file = SharedFile::open(path)
            .map_err(|error| Error::source(format!("cannot open {name}")).caused_by(error))?;
        // With page indexes a slice is found without reading what is before it.
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(&file, options)
            .map_err(|error| Error::source(format!("{name} is no whole Parquet file")).caused_by(error))?;
        // Without the footer's metadata: two files of one stream may differ in them.
        let all = Schema::new(metadata.schema().fields().clone());
        let (columns, schema) = match columns {
            None => (None, Arc::new(all)),
            Some(names) => {
                let mut indices = Vec::with_capacity(names.len());
                for column in &names {
                    indices.push(all.index_of(column).map_err(|_| {
                        let known: Vec<&str> =
                            all.fields().iter().map(|field| field.name().as_str()).collect();
                        Error::config(format!("{name} has no column {column:?}"))
                            .hint(format!("it has {}", known.join(", ")))
                    })?);
                }
                indices.sort_unstable();
                indices.dedup();
                let schema = all
                    .project(&indices)
                    .map_err(|error| Error::internal("cannot project a Parquet schema").caused_by(error))?;
                (Some(indices.into()), Arc::new(schema))
            }
        };
        Ok(Self { file, name, metadata, columns, schema })
    }

    /// The columns that are read.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The number of row groups.
    pub fn row_groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// The rows of a row group; 0 if there is no such group.
    pub fn rows(&self, row_group: usize) -> usize {
        self.group(row_group).map_or(0, |group| group.num_rows() as usize)
    }

    /// The bytes of a row group as they stand in the file, all columns included.
    pub fn compressed_bytes(&self, row_group: usize) -> usize {
        self.group(row_group).map_or(0, |group| group.compressed_size() as usize)
    }

    /// The number of slices of a row group: each has [`SLICE_ROWS`] rows, the last one the rest.
    pub fn slices(&self, row_group: usize) -> usize {
        self.rows(row_group).div_ceil(SLICE_ROWS)
    }

    /// The work of decoding slice `slice` of a row group. All slices of all row groups, in order, are the file.
    pub fn read(&self, row_group: usize, slice: usize) -> Result<ParquetSlice> {
        let offset = slice.saturating_mul(SLICE_ROWS);
        let rows = self.rows(row_group).saturating_sub(offset).min(SLICE_ROWS);
        if rows == 0 {
            return Err(Error::internal(format!(
                "{} has no slice {slice} in row group {row_group}",
                self.name
            )));
        }
        Ok(ParquetSlice { input: self.clone(), row_group, offset, rows })
    }

    /// The pairs of the footer's metadata, without the encoded Arrow schema.
    pub fn key_value_metadata(&self) -> Vec<(String, Option<String>)> {
        let pairs = self.metadata.metadata().file_metadata().key_value_metadata();
        let pairs = pairs.into_iter().flatten();
        pairs
            .filter(|pair| pair.key != parquet::arrow::ARROW_SCHEMA_META_KEY)
            .map(|pair| (pair.key.clone(), pair.value.clone()))
            .collect()
    }

    fn group(&self, row_group: usize) -> Option<&RowGroupMetaData> {
        self.metadata.metadata().row_groups().get(row_group)
    }
}

/// Rows of one row group, not yet decoded.
#[derive(Debug)]
pub struct ParquetSlice {
    input: ParquetInput,
    row_group: usize,
    offset: usize,
    rows: usize,
}

impl ParquetSlice {
    /// The rows in it.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What the rows will hold in memory, estimated from the uncompressed size of the columns, in bytes.
    pub fn estimated_bytes(&self) -> usize {
        self.share(ColumnChunkMetaData::uncompressed_size)
    }

    fn share(&self, size: impl Fn(&ColumnChunkMetaData) -> i64) -> usize {
        let Some(group) = self.input.group(self.row_group) else {
            return 0;
        };
        let mask = self.mask();
        let leaves = group.columns().iter().enumerate();
        let bytes: i64 =
            leaves.filter(|(leaf, _)| mask.leaf_included(*leaf)).map(|(_, column)| size(column)).sum();
        (bytes as u128 * self.rows as u128 / group.num_rows().max(1) as u128) as usize
    }

    fn mask(&self) -> ProjectionMask {
        match &self.input.columns {
            None => ProjectionMask::all(),
            Some(columns) => {
                ProjectionMask::roots(self.input.metadata.parquet_schema(), columns.iter().copied())
            }
        }
    }

    fn batch(&self) -> ParquetResult<RecordBatch> {
        let input = &self.input;
        let reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(input.file.clone(), input.metadata.clone())
                .with_row_groups(vec![self.row_group])
                .with_projection(self.mask())
                .with_offset(self.offset)
                .with_limit(self.rows)
                .with_batch_size(self.rows)
                .build()?;
        let schema = reader.schema();
        let batches = reader.collect::<Result<Vec<_>, _>>()?;
        let batch = match batches.as_slice() {
            [only] => only.clone(),
            several => concat_batches(&schema, several)?,
        };
        let (found, rows) = (batch.num_rows(), self.rows);
        if found == rows {
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let columns = batch.columns().to_vec();
            return Ok(RecordBatch::try_new_with_options(Arc::clone(&input.schema), columns, &options)?);
        }
        Err(ParquetError::General(format!("{found} rows where the footer says {rows}")))
    }
}

impl Decode for ParquetSlice {
    fn decode(self: Box<Self>) -> Result<Decoded> {
        let batch = self.batch().map_err(|error| {
            let (name, group) = (&self.input.name, self.row_group);
            Error::source(format!("cannot read row group {group} of {name}")).caused_by(error)
        })?;
        Ok(Decoded {
            batch,
            rejected: Vec::new(),
            input_bytes: self.share(ColumnChunkMetaData::compressed_size) as u64,
        })
    }
}

/// A file that many threads read at once: every read names its position, none moves a shared cursor.
#[derive(Debug, Clone)]
struct SharedFile {
    file: Arc<File>,
    length: u64,
}

impl SharedFile {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file: Arc::new(file), length })
    }

    #[cfg(unix)]
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&*self.file, buffer, position)
    }

    #[cfg(windows)]
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&*self.file, buffer, position)
    }
}

impl Length for SharedFile {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for SharedFile {
    type T = io::BufReader<Positioned>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(io::BufReader::new(Positioned { file: self.clone(), position: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        if start.saturating_add(length as u64) > self.length {
            return Err(ParquetError::EOF(format!(
                "{length} bytes at {start} of a file of {} bytes",
                self.length
            )));
        }
        let mut bytes = vec![0; length];
        let mut reader = Positioned { file: self.clone(), position: start };
        reader.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// A cursor of its own into a shared file.
#[derive(Debug)]
struct Positioned {
    file: SharedFile,
    position: u64,
}

impl Read for Positioned {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}
