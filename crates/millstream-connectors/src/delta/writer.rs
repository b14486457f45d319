//! Rows to data files: gathered into row groups, encoded by several threads at once, appended by one, rolled when large.

use std::collections::VecDeque;
use std::path::PathBuf;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, SchemaRef};
use millstream_core::{Error, Result};
use millstream_formats::parquet::{
    EncodedRowGroup, ParquetFile, ParquetOptions, ROW_GROUP_BYTES, RowGroup, RowGroupBuffer,
};
use tokio::task::JoinHandle;

use super::folder::{FingerprintedFile, Folder};
use super::statistics::statistics;
use crate::failure::{sink_error, while_writing};

/// A file ends at the first row group that brings it to this size …
const FILE_BYTES: u64 = 128 << 20;

/// … or to this many rows.
const FILE_ROWS: u64 = 8 << 20;

/// More threads than this at work for one table would only fill memory.
const THREADS: usize = 4;

/// The numbers of unfinished files of compactions begin here.
const COMPACTION: u64 = 1 << 40;

/// A data file that is complete and durable, under its unfinished name.
#[derive(Debug)]
pub(super) struct FinishedFile {
    pub(super) path: PathBuf,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) fingerprint: u64,
    pub(super) statistics: String,
}

/// Turns rows into data files. Memory: one row group in the making, up to [`THREADS`] being encoded, one being written.
#[derive(Debug)]
pub(super) struct EpochWriter {
    schema: SchemaRef,
    options: ParquetOptions,
    buffer: RowGroupBuffer,
    encoding: VecDeque<JoinHandle<Result<Group>>>,
    threads: usize,
    file: Option<OpenFile>,
    finished: Vec<FinishedFile>,
    next_number: u64,
    file_bytes: u64,
    file_rows: u64,
    /// Set while a call is under way: if a caller gives up waiting, rows are in flight that nobody counts any more.
    busy: bool,
}

#[derive(Debug)]
struct Group {
    encoded: EncodedRowGroup,
    has_nan: Vec<bool>,
}

#[derive(Debug)]
struct OpenFile {
    parquet: ParquetFile<FingerprintedFile>,
    path: PathBuf,
    has_nan: Vec<bool>,
}

impl EpochWriter {
    pub(super) fn new(schema: SchemaRef, options: ParquetOptions) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            buffer: RowGroupBuffer::new(schema.clone(), options.row_group_rows).with_bytes(ROW_GROUP_BYTES),
            schema,
            options,
            encoding: VecDeque::new(),
            threads: cores.min(THREADS),
            file: None,
            finished: Vec::new(),
            next_number: 0,
            file_bytes: FILE_BYTES,
            file_rows: FILE_ROWS,
            busy: false,
        }
    }

    /// The same for rows that come from other files of the table, beside one that writes new rows: with one thread, and
    /// under names of its own.
    pub(super) fn for_compaction(schema: SchemaRef, options: ParquetOptions, file_bytes: u64) -> Self {
        let writer = Self::new(schema, options);
        Self { threads: 1, next_number: COMPACTION, file_bytes, file_rows: u64::MAX, ..writer }
    }

    /// Files end at the first row group that brings them to `file_bytes`.
    pub(super) fn with_file_bytes(self, file_bytes: u64) -> Self {
        Self { file_bytes, ..self }
    }

    /// Removes the files of a compaction that is given up.
    pub(super) fn discard(&self, folder: &Folder) {
        for number in COMPACTION..self.next_number {
            // What cannot be removed is swept by the next run.
            let _ = std::fs::remove_file(folder.unfinished(number));
        }
    }

    /// Takes rows; waits while as many row groups are being encoded as there are threads.
    pub(super) async fn write(&mut self, folder: &Folder, batch: &RecordBatch) -> Result<()> {
        self.enter()?;
        for group in self.buffer.push(batch)? {
            self.submit(folder, group).await?;
        }
        self.busy = false;
        Ok(())
    }

    /// Completes all files, durably. Later rows go to other files.
    pub(super) async fn finish(&mut self, folder: &Folder) -> Result<Vec<FinishedFile>> {
        self.enter()?;
        if let Some(group) = self.buffer.finish() {
            self.submit(folder, group).await?;
        }
        while !self.encoding.is_empty() {
            self.append_first(folder).await?;
        }
        if let Some(file) = self.file.take() {
            self.close(file).await?;
        }
        self.busy = false;
        Ok(std::mem::take(&mut self.finished))
    }

    fn enter(&mut self) -> Result<()> {
        if self.busy {
            return Err(Error::sink("an earlier write to this table failed or was given up"));
        }
        self.busy = true;
        Ok(())
    }

    async fn submit(&mut self, folder: &Folder, group: RowGroup) -> Result<()> {
        if self.encoding.len() >= self.threads {
            self.append_first(folder).await?;
        }
        let (options, columns) = (self.options, self.schema.fields().len());
        self.encoding.push_back(tokio::task::spawn_blocking(move || {
            let nan_in = |column| group.parts().iter().any(|part| has_nan(part.column(column)));
            let has_nan = (0..columns).map(nan_in).collect();
            Ok(Group { encoded: group.encode(&options)?, has_nan })
        }));
        Ok(())
    }

    /// Appends the row group that was submitted first; the order of rows stays.
    async fn append_first(&mut self, folder: &Folder) -> Result<()> {
        let Some(task) = self.encoding.pop_front() else {
            return Ok(());
        };
        let group = joined(task).await?;
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.create(folder)?,
        };
        let file = joined(tokio::task::spawn_blocking(move || {
            for (seen, new) in file.has_nan.iter_mut().zip(group.has_nan) {
                *seen |= new;
            }
            file.parquet.append(group.encoded).map_err(|error| while_writing(&file.path, error))?;
            Ok(file)
        }))
        .await?;
        if file.parquet.bytes_written() >= self.file_bytes || file.parquet.rows_written() >= self.file_rows {
            self.close(file).await?;
        } else {
            self.file = Some(file);
        }
        Ok(())
    }

    fn create(&mut self, folder: &Folder) -> Result<OpenFile> {
        let path = folder.unfinished(self.next_number);
        self.next_number += 1;
        let file = FingerprintedFile::create(&path).map_err(|cause| sink_error("create", &path, cause))?;
        Ok(OpenFile {
            parquet: ParquetFile::new(file, &self.schema, &self.options, Vec::new())?,
            path,
            has_nan: vec![false; self.schema.fields().len()],
        })
    }

    async fn close(&mut self, file: OpenFile) -> Result<()> {
        let schema = self.schema.clone();
        let finished = joined(tokio::task::spawn_blocking(move || {
            let finished = file.parquet.finish();
            let (sink, metadata) = finished.map_err(|error| while_writing(&file.path, error))?;
            let (bytes, fingerprint) = sink.seal().map_err(|cause| sink_error("write", &file.path, cause))?;
            Ok(FinishedFile {
                path: file.path,
                rows: metadata.file_metadata().num_rows() as u64,
                bytes,
                fingerprint,
                statistics: statistics(schema.fields(), &metadata, &file.has_nan),
            })
        }))
        .await?;
        self.finished.push(finished);
        Ok(())
    }
}

/// The result of work on another thread.
pub(super) async fn joined<T>(task: JoinHandle<Result<T>>) -> Result<T> {
    task.await.unwrap_or_else(|cause| {
        Err(Error::internal("a worker thread of the Delta sink died").caused_by(cause))
    })
}

fn has_nan(column: &std::sync::Arc<dyn Array>) -> bool {
    // The slots of nulls are looked at too: a false alarm costs a bound, no more.
    match column.data_type() {
        DataType::Float32 => column.as_primitive::<Float32Type>().values().iter().any(|value| value.is_nan()),
        DataType::Float64 => column.as_primitive::<Float64Type>().values().iter().any(|value| value.is_nan()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int64Array, StringArray};
    use arrow::datatypes::{Field, Int64Type, Schema};
    use millstream_formats::parquet::ParquetCompression;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("x", DataType::Float64, true),
        ]))
    }

    fn rows(from: i64, to: i64, nan_at: Option<i64>) -> RecordBatch {
        let ids: Vec<i64> = (from..to).collect();
        let real = |id: &i64| if Some(*id) == nan_at { f64::NAN } else { *id as f64 };
        RecordBatch::try_new(
            schema(),
            vec![
                Arc::new(Int64Array::from(ids.clone())),
                Arc::new(Float64Array::from(ids.iter().map(real).collect::<Vec<_>>())),
            ],
        )
        .unwrap()
    }

    fn options(row_group_rows: usize) -> ParquetOptions {
        ParquetOptions { compression: ParquetCompression::Snappy, row_group_rows }
    }

    fn ids(files: &[FinishedFile]) -> Vec<i64> {
        let mut ids = Vec::new();
        for file in files {
            let mut rows = 0;
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&file.path).unwrap()).unwrap();
            for batch in reader.build().unwrap() {
                let batch = batch.unwrap();
                rows += batch.num_rows() as u64;
                ids.extend(batch.column(0).as_primitive::<Int64Type>().values());
            }
            assert_eq!(rows, file.rows);
            assert_eq!(std::fs::metadata(&file.path).unwrap().len(), file.bytes);
        }
        ids
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn rows_keep_their_order_over_groups_and_files() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::claim(home.path(), "a").unwrap();
        let mut writer = EpochWriter::new(schema(), options(10));
        writer.file_rows = 30;
        for from in (0..101).step_by(7) {
            writer.write(&folder, &rows(from, (from + 7).min(101), Some(35))).await.unwrap();
        }
        let files = writer.finish(&folder).await.unwrap();
        assert_eq!(files.iter().map(|file| file.rows).collect::<Vec<_>>(), [30, 30, 30, 11]);
        assert_eq!(ids(&files), (0..101).collect::<Vec<_>>());
        // A NaN in the second file takes the bounds of that column, in that file only.
        let bounded: Vec<bool> = files.iter().map(|file| file.statistics.contains(r#""x":"#)).collect();
        assert!(bounded.iter().all(|b| *b), "null counts stay");
        let max: Vec<bool> = files
            .iter()
            .map(|file| {
                let statistics: serde_json::Value = serde_json::from_str(&file.statistics).unwrap();
                statistics["maxValues"].get("x").is_some()
            })
            .collect();
        assert_eq!(max, [true, false, true, true]);

        assert!(writer.finish(&folder).await.unwrap().is_empty());
        writer.write(&folder, &rows(0, 5, None)).await.unwrap();
        let next = writer.finish(&folder).await.unwrap();
        assert_eq!(ids(&next), [0, 1, 2, 3, 4]);
        assert!(files.iter().all(|file| file.path != next[0].path));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn large_files_are_rolled() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::claim(home.path(), "a").unwrap();
        let mut writer = EpochWriter::new(schema(), options(1000));
        writer.file_bytes = 20_000;
        writer.write(&folder, &rows(0, 10_000, None)).await.unwrap();
        let files = writer.finish(&folder).await.unwrap();
        assert!(files.len() > 2, "{}", files.len());
        assert_eq!(ids(&files), (0..10_000).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn wide_rows_end_a_row_group_early() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::claim(home.path(), "a").unwrap();
        let schema = Arc::new(Schema::new(vec![Field::new("text", DataType::Utf8, false)]));
        let mut writer = EpochWriter::new(schema.clone(), options(1000));
        let wide = "x".repeat(1 << 20);
        let column = StringArray::from(vec![wide.as_str(); 16]);
        let batch = RecordBatch::try_new(schema, vec![Arc::new(column)]).unwrap();
        for _ in 0..5 {
            writer.write(&folder, &batch).await.unwrap();
            assert!(writer.buffer.bytes() < ROW_GROUP_BYTES);
        }
        let files = writer.finish(&folder).await.unwrap();
        assert_eq!(files.iter().map(|file| file.rows).sum::<u64>(), 80);
    }

    #[tokio::test]
    async fn after_a_failed_write_nothing_is_accepted() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::claim(home.path(), "a").unwrap();
        let mut writer = EpochWriter::new(schema(), options(1));
        std::fs::create_dir(folder.unfinished(0)).unwrap();
        writer.write(&folder, &rows(0, 100, None)).await.unwrap_err();
        writer.write(&folder, &rows(0, 1, None)).await.unwrap_err();
        writer.finish(&folder).await.unwrap_err();
    }
}
