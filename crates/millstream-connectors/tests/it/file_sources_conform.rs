//! File sources and the memory source pass the conformance checks.

use arrow::array::RecordBatch;
use async_trait::async_trait;
use millstream_connectors::conformance::{SourceHarness, check_source, rows, schema};
use millstream_connectors::file::{FileFormat, FileSource, FileSourceOptions};
use millstream_connectors::memory::MemorySource;
use millstream_core::{Result, Source};
use millstream_formats::csv::CsvReadOptions;
use millstream_formats::jsonl::JsonlReadOptions;

use crate::support::{Text, declared, write_file, write_parquet};

struct Files {
    _folder: tempfile::TempDir,
    options: FileSourceOptions,
    expected: Vec<RecordBatch>,
    rejected: Vec<String>,
    work_bytes: usize,
}

#[async_trait]
impl SourceHarness for Files {
    async fn source(&self) -> Result<Box<dyn Source>> {
        Ok(Box::new(FileSource::open_files("x", self.options.clone()).await?))
    }

    fn expected(&self) -> Vec<RecordBatch> {
        self.expected.clone()
    }

    fn rejected(&self) -> Vec<String> {
        self.rejected.clone()
    }

    fn work_bytes(&self) -> usize {
        self.work_bytes
    }
}

/// Three files of 40 rows with a bad line after every seventh row, and an empty one between them.
fn text_files(text: Text, extension: &str, block_bytes: usize, last_newline: bool) -> Files {
    let folder = tempfile::tempdir().unwrap();
    let (mut expected, mut rejected) = (Vec::new(), Vec::new());
    for (number, name) in ["a", "b", "c", "d"].iter().enumerate() {
        let path = folder.path().join(format!("{name}.{extension}"));
        if *name == "b" {
            write_file(&path, b"");
            continue;
        }
        let mut bytes = text.header();
        for row in number as i64 * 40..(number as i64 + 1) * 40 {
            let batch = rows(row..row + 1).unwrap();
            bytes.extend(text.encode(&batch));
            expected.push(batch);
            if row % 7 == 6 {
                let line = 1 + memchr::memchr_iter(b'\n', &bytes).count();
                rejected.push(format!("{}:{line}: ", path.display()));
                bytes.extend(text.bad_line());
            }
        }
        if !last_newline {
            assert_eq!(bytes.pop(), Some(b'\n'));
        }
        write_file(&path, &bytes);
    }
    let mut options = FileSourceOptions::new(vec![folder.path().join("*").display().to_string()]);
    options.block_bytes = block_bytes;
    options.format = Some(match text {
        Text::Csv => {
            FileFormat::Csv(CsvReadOptions { columns: Some(declared()), ..CsvReadOptions::default() })
        }
        Text::Jsonl => {
            FileFormat::Jsonl(JsonlReadOptions { columns: Some(declared()), ..JsonlReadOptions::default() })
        }
    });
    Files {
        _folder: folder,
        options,
        expected,
        rejected,
        // A record is smaller than 400 bytes, and the estimate is twice the text.
        work_bytes: 2 * block_bytes.max(400),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_files_conform() {
    for (extension, block_bytes, last_newline) in
        [("csv", 1, true), ("csv", 700, true), ("csv.gz", 300, true), ("csv.zst", 900, false)]
    {
        let files = text_files(Text::Csv, extension, block_bytes, last_newline);
        let report = check_source(&files).await;
        assert!(report.is_conformant(), "{extension}, {block_bytes}\n{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jsonl_files_conform() {
    for (extension, block_bytes, last_newline) in
        [("jsonl", 1, true), ("jsonl", 700, false), ("jsonl.gz", 300, false), ("jsonl.zst", 900, true)]
    {
        let files = text_files(Text::Jsonl, extension, block_bytes, last_newline);
        let report = check_source(&files).await;
        assert!(report.is_conformant(), "{extension}, {block_bytes}\n{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parquet_files_conform() {
    let folder = tempfile::tempdir().unwrap();
    let groups = |from: i64| [rows(from..from + 50).unwrap(), rows(from + 50..from + 90).unwrap()];
    write_parquet(&folder.path().join("a.parquet"), &groups(0));
    write_parquet(&folder.path().join("b.parquet"), &[rows(90..90).unwrap()]);
    write_parquet(&folder.path().join("c.parquet"), &groups(90));
    let files = Files {
        options: FileSourceOptions::new(vec![folder.path().join("*.parquet").display().to_string()]),
        _folder: folder,
        expected: vec![rows(0..180).unwrap()],
        rejected: Vec::new(),
        work_bytes: 3_500,
    };
    let report = check_source(&files).await;
    assert!(report.is_conformant(), "{report}");
}

struct Memory;

#[async_trait]
impl SourceHarness for Memory {
    async fn source(&self) -> Result<Box<dyn Source>> {
        let batches = (0..12).map(|i| rows(i * 10..i * 10 + 10).unwrap()).collect();
        Ok(Box::new(MemorySource::new("x", schema(), batches)?))
    }

    fn expected(&self) -> Vec<RecordBatch> {
        vec![rows(0..120).unwrap()]
    }

    fn rejected(&self) -> Vec<String> {
        Vec::new()
    }

    fn work_bytes(&self) -> usize {
        rows(0..10).unwrap().get_array_memory_size() + 256
    }
}

#[tokio::test]
async fn memory_conforms() {
    let report = check_source(&Memory).await;
    assert!(report.is_conformant(), "{report}");
}
