//! Reads columns of a Delta table into memory, at any version that is still there.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{Field, Schema, SchemaRef};
use deltalake_core::{DeltaTableBuilder, DeltaTableError, ensure_table_uri};
use millstream_core::{Decode, Error, Result};
use millstream_formats::parquet::ParquetInput;

use super::log::Log;
use super::snapshot::location;
use crate::failure::blocking;

/// A Delta table in a local folder, whoever wrote it.
#[derive(Debug, Clone)]
pub struct DeltaReader {
    path: PathBuf,
}

/// Some columns of a table at one version.
#[derive(Debug, Clone)]
pub struct DeltaRows {
    /// The columns that were asked for, in that order.
    pub batch: RecordBatch,
    /// The files that hold the rows, in the order of the rows, oldest first: a version that was only appended to begins
    /// with the files of the one before.
    pub files: Vec<String>,
}

impl DeltaReader {
    /// The table in the folder `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The newest version, told by the names of the log's files.
    pub fn newest(&self) -> Result<u64> {
        Log::of(&self.path).newest()?.ok_or_else(|| {
            Error::source(format!("there is no Delta table in {}", self.path.display()))
                .hint("check the path; a Delta table is a folder with a `_delta_log`")
        })
    }

    /// The columns of the newest version.
    pub async fn schema(&self) -> Result<SchemaRef> {
        let version = self.newest()?;
        let table = self.load(version).await?;
        let state = table.snapshot().map_err(|cause| unreadable(&self.path, cause))?;
        Ok(state.snapshot().arrow_schema())
    }

    /// The columns `columns` of all rows at `version`.
    ///
    /// # Errors
    /// A source error if the version is gone, if a column is not there, or if the table uses what is not read here:
    /// partition columns among those that are asked for, deletion vectors, or column mapping.
    pub async fn read(&self, version: u64, columns: &[String]) -> Result<DeltaRows> {
        let unreadable = |cause| unreadable(&self.path, cause);
        let table = self.load(version).await?;
        let state = table.snapshot().map_err(unreadable)?;
        let refuse = |what: String| Error::source(format!("the table {} {what}", self.path.display()));
        let metadata = state.metadata();
        if metadata.configuration().get("delta.columnMapping.mode").is_some_and(|mode| mode != "none") {
            return Err(refuse("uses column mapping, which is not read here".to_owned()));
        }
        if let Some(column) = columns.iter().find(|column| metadata.partition_columns().contains(column)) {
            return Err(refuse(format!("is partitioned by `{column}`, which is not read here"))
                .hint("take another column, or write the table without partitions"));
        }
        let all = state.snapshot().arrow_schema();
        let fields = columns.iter().map(|column| {
            all.field_with_name(column).cloned().map_err(|_| refuse(format!("has no column `{column}`")))
        });
        let schema = Arc::new(Schema::new(fields.collect::<Result<Vec<Field>>>()?));
        let mut files: Vec<(i64, String)> = Vec::new();
        for file in state.snapshot().try_log_data().map_err(unreadable)?.iter() {
            if file.deletion_vector_descriptor().is_some() {
                return Err(refuse("has deletion vectors, which are not read here".to_owned())
                    .hint("rewrite its files, as `REORG TABLE … APPLY (PURGE)` does"));
            }
            files.push((file.modification_time(), file.path().into_owned()));
        }
        files.sort_unstable();
        let files: Vec<String> = files.into_iter().map(|(_, path)| path).collect();
        let (folder, names) = (self.path.clone(), files.clone());
        let batch = blocking(move || {
            let mut batches = Vec::new();
            for name in &names {
                read_file(&folder.join(name), &schema, &mut batches)?;
            }
            concat_batches(&schema, &batches)
                .map_err(|cause| Error::source("cannot put the files of a table together").caused_by(cause))
        });
        Ok(DeltaRows { batch: batch.await?, files })
    }

    async fn load(&self, version: u64) -> Result<deltalake_core::DeltaTable> {
        let location = location(&self.path)?;
        let load = async {
            let builder = DeltaTableBuilder::from_url(ensure_table_uri(location)?)?;
            builder.with_version(version).load().await
        };
        load.await.map_err(|cause| {
            unreadable(&self.path, cause).context(format!("version {version}")).hint(
                "if an older version was vacuumed, restore it, or start over with a new state and an empty output",
            )
        })
    }
}

/// Appends the rows of a file, with the columns of `schema`; those that it lacks are null.
fn read_file(path: &Path, schema: &SchemaRef, batches: &mut Vec<RecordBatch>) -> Result<()> {
    let there = ParquetInput::open(path, None)?.schema();
    let known = schema.fields().iter().filter(|field| there.field_with_name(field.name()).is_ok());
    let known: Vec<String> = known.map(|field| field.name().clone()).collect();
    // A file without any of the columns still has rows.
    let wanted = if known.is_empty() {
        there.fields().first().map(|field| field.name().clone()).into_iter().collect()
    } else {
        known
    };
    let input = ParquetInput::open(path, Some(wanted))?;
    for group in 0..input.row_groups() {
        for slice in 0..input.slices(group) {
            let batch = Box::new(input.read(group, slice)?).decode()?.batch;
            let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
                None => Ok(new_null_array(field.data_type(), batch.num_rows())),
                Some(column) => cast(column, field.data_type()).map_err(|cause| {
                    Error::source(format!("the column `{}` of {}", field.name(), path.display()))
                        .caused_by(cause)
                }),
            });
            let columns = columns.collect::<Result<Vec<ArrayRef>>>()?;
            batches.push(RecordBatch::try_new(schema.clone(), columns).map_err(|cause| {
                Error::source(format!("{} does not hold what its table says", path.display()))
                    .caused_by(cause)
            })?);
        }
    }
    Ok(())
}

fn unreadable(path: &Path, cause: DeltaTableError) -> Error {
    Error::source(format!("cannot read the table {}", path.display())).caused_by(cause)
}
