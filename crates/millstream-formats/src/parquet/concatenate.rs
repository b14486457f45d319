//! Parquet files glued together without decoding them.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use millstream_core::{Error, Result};
use parquet::bloom_filter::Sbbf;
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use super::CREATED_BY;
use super::write::failed;

/// Writes one file with the row groups of all `parts`, in order. Column chunks are copied as they are, with their
/// statistics, page indexes and Bloom filters. The key-value metadata are those of the first part.
///
/// There must be at least one part; the parts must have the same schema, and at most 32,767 row groups together.
/// The writer is flushed.
pub fn concatenate(parts: &[PathBuf], out: impl Write + Send) -> Result<()> {
    let Some(first) = parts.first() else {
        return Err(Error::internal("no Parquet files to concatenate"));
    };
    let (_, head) = open(first)?;
    let properties = WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_key_value_metadata(head.file_metadata().key_value_metadata().cloned())
        .build();
    let schema = head.file_metadata().schema_descr().root_schema_ptr();
    let mut writer = SerializedFileWriter::new(out, schema, Arc::new(properties)).map_err(failed)?;
    for path in parts {
        let (file, metadata) = open(path)?;
        if metadata.file_metadata().schema() != head.file_metadata().schema() {
            return Err(Error::sink(format!(
                "cannot concatenate {} and {}: their columns differ",
                first.display(),
                path.display()
            )));
        }
        append(&mut writer, &file, &metadata)?;
    }
    writer.finish().map_err(failed)?;
    Ok(())
}

fn open(path: &Path) -> Result<(File, ParquetMetaData)> {
    let unreadable = |cause: Box<dyn std::error::Error + Send + Sync>| {
        Error::sink(format!("cannot read {}", path.display())).caused_by(cause)
    };
    let file = File::open(path).map_err(|error| unreadable(error.into()))?;
    let metadata = ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Optional)
        .parse_and_finish(&file)
        .map_err(|error| unreadable(error.into()))?;
    Ok((file, metadata))
}

fn append<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    file: &File,
    metadata: &ParquetMetaData,
) -> Result<()> {
    for (index, group) in metadata.row_groups().iter().enumerate() {
        let column_indexes = metadata.column_index().and_then(|groups| groups.get(index));
        let offset_indexes = metadata.offset_index().and_then(|groups| groups.get(index));
        let mut out = writer.next_row_group().map_err(failed)?;
        for (position, column) in group.columns().iter().enumerate() {
            let close = ColumnCloseResult {
                bytes_written: column.compressed_size() as u64,
                rows_written: group.num_rows() as u64,
                metadata: column.clone(),
                bloom_filter: Sbbf::read_from_column_chunk(column, file).map_err(failed)?,
                column_index: column_indexes.and_then(|columns| columns.get(position)).cloned(),
                offset_index: offset_indexes.and_then(|columns| columns.get(position)).cloned(),
            };
            out.append_column(file, close).map_err(failed)?;
        }
        out.close().map_err(failed)?;
    }
    Ok(())
}
