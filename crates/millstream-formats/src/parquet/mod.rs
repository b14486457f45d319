//! Parquet files: row groups that are encoded on any thread and written by one, files glued together without
//! decoding, and files read in slices of bounded size.

mod concatenate;
mod read;
mod row_group;
mod write;

pub use concatenate::concatenate;
pub use read::{ParquetInput, ParquetSlice, SLICE_ROWS};
pub use row_group::{RowGroup, RowGroupBuffer};
pub use write::{EncodedRowGroup, ParquetFile, encode_row_group};

use arrow::datatypes::Schema;
use millstream_core::{Error, Result};
use parquet::basic::{Compression as Codec, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

/// The writer's name in every file. It bears no version, so that a newer release makes the same bytes.
const CREATED_BY: &str = "millstream";

/// A row group of a sink ends early at the row that brings it to this many bytes in memory: large enough for pages and
/// dictionaries to be worth while, small enough for one to be gathered while others are encoded.
pub const ROW_GROUP_BYTES: usize = 16 << 20;

/// How the pages of a Parquet file are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ParquetCompression {
    /// Not at all.
    None,
    /// Snappy: fast, and read by everything.
    #[default]
    Snappy,
    /// Zstandard, at a level from 1 to 22.
    Zstd(i32),
}

/// How a Parquet file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParquetOptions {
    /// The compression of the pages.
    pub compression: ParquetCompression,
    /// Rows in each row group but the last, unless [`ROW_GROUP_BYTES`] ends it before.
    pub row_group_rows: usize,
}

impl Default for ParquetOptions {
    fn default() -> Self {
        Self { compression: ParquetCompression::default(), row_group_rows: 131_072 }
    }
}

impl ParquetOptions {
    /// Refuses what cannot be written: empty row groups, unknown levels.
    pub fn check(&self) -> Result<()> {
        if self.row_group_rows == 0 {
            return Err(Error::config("a row group needs at least one row"));
        }
        self.codec().map(|_| ())
    }

    fn codec(&self) -> Result<Codec> {
        Ok(match self.compression {
            ParquetCompression::None => Codec::UNCOMPRESSED,
            ParquetCompression::Snappy => Codec::SNAPPY,
            ParquetCompression::Zstd(level) => Codec::ZSTD(ZstdLevel::try_new(level).map_err(|error| {
                Error::config(format!("zstd level {level} does not exist: use 1 to 22")).caused_by(error)
            })?),
        })
    }

    /// Page sizes and the like are the library's defaults (1 MiB or 20,000 rows per page), which most engines share.
    fn properties(&self, schema: &Schema, key_value_metadata: Vec<KeyValue>) -> Result<WriterProperties> {
        self.check()?;
        let mut properties = WriterProperties::builder()
            .set_created_by(CREATED_BY.to_owned())
            .set_compression(self.codec()?)
            .set_dictionary_enabled(true)
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_max_row_group_row_count(Some(self.row_group_rows))
            .set_key_value_metadata((!key_value_metadata.is_empty()).then_some(key_value_metadata))
            .build();
        parquet::arrow::add_encoded_arrow_schema_to_metadata(schema, &mut properties);
        Ok(properties)
    }
}
