//! Every sink passes the conformance checks.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use millstream_connectors::TextEncoding;
use millstream_connectors::conformance::{SinkHarness, SinkTarget, check_sink};
use millstream_connectors::file::{ParquetSink, ParquetSinkOptions, TextSink, TextSinkOptions};
use millstream_connectors::memory::{MemorySink, MemoryTable};
use millstream_connectors::stdout::StdoutSink;
use millstream_core::{EncodingSink, Result, Sink};
use millstream_formats::Compression;
use millstream_formats::csv::CsvWriteOptions;
use millstream_formats::parquet::ParquetOptions;

use crate::support::{Text, names, read_file, read_parquet};

struct TextFiles(Text, Compression);

struct TextFile {
    folder: tempfile::TempDir,
    text: Text,
    compression: Compression,
}

impl TextFile {
    fn path(&self) -> PathBuf {
        let name = match self.text {
            Text::Csv => "x.csv",
            Text::Jsonl => "x.jsonl",
        };
        self.folder.path().join("new/folder").join(format!("{name}{}", self.compression.extension()))
    }

    fn new_sink(&self) -> TextSink {
        TextSink::new(TextSinkOptions {
            path: self.path(),
            format: match self.text {
                Text::Csv => TextEncoding::Csv(CsvWriteOptions::default()),
                Text::Jsonl => TextEncoding::Jsonl,
            },
            compression: self.compression,
        })
    }
}

impl SinkHarness for TextFiles {
    fn target(&self, _bounded: bool) -> Option<Box<dyn SinkTarget>> {
        Some(Box::new(TextFile { folder: tempfile::tempdir().unwrap(), text: self.0, compression: self.1 }))
    }
}

impl SinkTarget for TextFile {
    fn sink(&mut self) -> Box<dyn Sink> {
        Box::new(self.new_sink())
    }

    fn encoding_sink(&mut self) -> Option<Box<dyn EncodingSink>> {
        Some(Box::new(self.new_sink()))
    }

    fn visible(&mut self) -> Result<Option<Vec<RecordBatch>>> {
        if !self.path().exists() {
            return Ok(None);
        }
        Ok(Some(vec![self.text.decode(&read_file(&self.path()))?]))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_files_conform() {
    for text in [Text::Jsonl, Text::Csv] {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let report = check_sink(&TextFiles(text, compression)).await;
            assert!(report.is_conformant(), "{text:?}, {compression:?}\n{report}");
        }
    }
}

struct ParquetFiles {
    encoders: usize,
}

struct ParquetOutput {
    folder: tempfile::TempDir,
    name: &'static str,
    encoders: usize,
}

impl SinkHarness for ParquetFiles {
    fn target(&self, bounded: bool) -> Option<Box<dyn SinkTarget>> {
        Some(Box::new(ParquetOutput {
            folder: tempfile::tempdir().unwrap(),
            name: if bounded { "new/x.parquet" } else { "new/x" },
            encoders: self.encoders,
        }))
    }
}

impl SinkTarget for ParquetOutput {
    fn sink(&mut self) -> Box<dyn Sink> {
        let options = ParquetOptions { row_group_rows: 7, ..ParquetOptions::default() };
        let path = self.folder.path().join(self.name);
        Box::new(ParquetSink::new(ParquetSinkOptions { path, options }, self.encoders))
    }

    fn encoding_sink(&mut self) -> Option<Box<dyn EncodingSink>> {
        None
    }

    fn visible(&mut self) -> Result<Option<Vec<RecordBatch>>> {
        let path = self.folder.path().join(self.name);
        if path.is_file() {
            return read_parquet(&path).map(Some);
        }
        if !path.is_dir() {
            return Ok(None);
        }
        let files = published(&path);
        let mut rows = Vec::new();
        for file in &files {
            rows.extend(read_parquet(file)?);
        }
        Ok((!files.is_empty()).then_some(rows))
    }
}

fn published(folder: &Path) -> Vec<PathBuf> {
    let names = names(folder).into_iter().filter(|name| !name.starts_with('.'));
    names.map(|name| folder.join(name)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn parquet_files_conform() {
    for encoders in [1, 3] {
        let report = check_sink(&ParquetFiles { encoders }).await;
        assert!(report.is_conformant(), "{encoders} encoders\n{report}");
    }
}

struct Tables;

struct TableTarget(MemoryTable);

impl SinkHarness for Tables {
    fn target(&self, _bounded: bool) -> Option<Box<dyn SinkTarget>> {
        Some(Box::new(TableTarget(MemoryTable::new())))
    }
}

impl SinkTarget for TableTarget {
    fn sink(&mut self) -> Box<dyn Sink> {
        Box::new(MemorySink::new(self.0.clone()))
    }

    fn encoding_sink(&mut self) -> Option<Box<dyn EncodingSink>> {
        None
    }

    fn visible(&mut self) -> Result<Option<Vec<RecordBatch>>> {
        Ok(Some(self.0.batches()))
    }
}

#[tokio::test]
async fn memory_conforms() {
    let report = check_sink(&Tables).await;
    assert!(report.is_conformant(), "{report}");
}

struct Pipes;

#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<Vec<u8>>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl SinkHarness for Pipes {
    fn target(&self, _bounded: bool) -> Option<Box<dyn SinkTarget>> {
        Some(Box::new(Pipe::default()))
    }
}

impl SinkTarget for Pipe {
    fn sink(&mut self) -> Box<dyn Sink> {
        Box::new(StdoutSink::with_writer(TextEncoding::Jsonl, self.clone()))
    }

    fn encoding_sink(&mut self) -> Option<Box<dyn EncodingSink>> {
        Some(Box::new(StdoutSink::with_writer(TextEncoding::Jsonl, self.clone())))
    }

    fn visible(&mut self) -> Result<Option<Vec<RecordBatch>>> {
        Ok(Some(vec![Text::Jsonl.decode(&self.0.lock().unwrap())?]))
    }
}

#[tokio::test]
async fn standard_output_conforms_at_least_once() {
    let report = check_sink(&Pipes).await;
    assert!(report.is_conformant(), "{report}");
}
