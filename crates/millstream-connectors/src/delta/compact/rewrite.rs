//! The rows of some files, in order, as one file or a few; a row group at a time.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use millstream_core::{Decode as _, Error, Result};
use millstream_formats::parquet::{ParquetInput, ParquetOptions};
use tokio::sync::mpsc;

use super::Candidate;
use crate::delta::folder::Folder;
use crate::delta::schema::TableSchema;
use crate::delta::writer::{EpochWriter, FinishedFile, joined};

/// Slices that are read ahead.
const AHEAD: usize = 1;

/// Files in the making, removed again unless they are wanted: also when the task is given up.
struct Unfinished<'a> {
    folder: &'a Folder,
    writer: EpochWriter,
    wanted: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.wanted {
            self.writer.discard(self.folder);
        }
    }
}

/// The files are complete and durable, under their unfinished names. `None` if the columns of the files are not all the
/// same, or not those that `fits` asks for.
pub(super) async fn rewrite(
    table: &Path,
    folder: &Folder,
    options: ParquetOptions,
    target: u64,
    files: &[Candidate],
    fits: &(dyn Fn(&TableSchema) -> bool + Sync),
) -> Result<Option<Vec<FinishedFile>>> {
    let paths: Vec<_> = files.iter().map(|file| table.join(&file.path)).collect();
    let Some(first) = paths.first().cloned() else {
        return Ok(None);
    };
    let input = joined(tokio::task::spawn_blocking(move || ParquetInput::open(&first, None))).await?;
    let columns = input.schema();
    let schema = match TableSchema::new(&columns) {
        Ok(schema) if fits(&schema) => schema,
        _ => return Ok(None),
    };
    let writer = EpochWriter::for_compaction(schema.files().clone(), options, target);
    let mut unfinished = Unfinished { folder, writer, wanted: false };
    let (sender, mut batches) = mpsc::channel::<RecordBatch>(AHEAD);
    let expected = columns.clone();
    let reader = tokio::task::spawn_blocking(move || {
        let mut rows = 0_u64;
        for path in paths {
            let input = ParquetInput::open(&path, None)?;
            if input.schema().fields() != expected.fields() {
                return Ok(None);
            }
            for group in 0..input.row_groups() {
                for slice in 0..input.slices(group) {
                    let batch = Box::new(input.read(group, slice)?).decode()?.batch;
                    rows += batch.num_rows() as u64;
                    if sender.blocking_send(batch).is_err() {
                        return Ok(None);
                    }
                }
            }
        }
        Ok(Some(rows))
    });
    while let Some(batch) = batches.recv().await {
        let batch = RecordBatch::try_new(Arc::clone(&columns), batch.columns().to_vec())
            .map_err(|cause| Error::internal("a file has other columns than it says").caused_by(cause))?;
        let batch = schema.convert(&batch)?;
        unfinished.writer.write(folder, &batch).await?;
    }
    let Some(read) = joined(reader).await? else {
        return Ok(None);
    };
    let finished = unfinished.writer.finish(folder).await?;
    let written: u64 = finished.iter().map(|file| file.rows).sum();
    if written != read || files.iter().any(|file| file.rows.is_none()) {
        return Err(Error::internal(format!("{read} rows were read to be rewritten, and {written} written")));
    }
    if files.iter().filter_map(|file| file.rows).sum::<u64>() != written {
        return Err(Error::sink(format!(
            "the log of {} says otherwise than its files how many rows they hold",
            table.display()
        )));
    }
    unfinished.wanted = true;
    Ok(Some(finished))
}
