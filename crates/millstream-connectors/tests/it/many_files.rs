//! Outputs of several files: JSONL, CSV, JSON, Avro and Parquet; and Avro files, split or not.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use millstream_connectors::conformance::{self, SinkHarness, SinkTarget, check_sink};
use millstream_connectors::file::{
    AvroSink, AvroSinkOptions, FileNames, ParquetSink, ParquetSinkOptions, Split, TextEncoding, TextSink,
    TextSinkOptions,
};
use millstream_core::{EncodingSink, Epoch, Result, Sink};
use millstream_formats::Compression;
use millstream_formats::avro::AvroCompression;
use millstream_formats::csv::CsvWriteOptions;
use millstream_formats::parquet::ParquetOptions;

use crate::avro;
use crate::framed_text::Framed;
use crate::support::{Text, epoch, ids, names, prepare, read_file, read_parquet, start, write};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Jsonl(Compression),
    Csv,
    Json,
    Avro(AvroCompression),
    Parquet,
}

/// Rows in each file, or bytes, or neither: one file.
type Limit = (Option<u64>, Option<u64>);

impl Kind {
    fn extension(self) -> String {
        match self {
            Self::Jsonl(compression) => format!(".jsonl{}", compression.extension()),
            Self::Csv => ".csv".to_owned(),
            Self::Json => ".json".to_owned(),
            Self::Avro(_) => ".avro".to_owned(),
            Self::Parquet => ".parquet".to_owned(),
        }
    }

    fn split(self, folder: &Path, limit: Limit) -> Option<Split> {
        let names = FileNames::new(folder, "x-{n:05}", &self.extension()).unwrap();
        let (rows, bytes) = limit;
        let split =
            Split { names, rows: rows.and_then(NonZeroU64::new), bytes: bytes.and_then(NonZeroU64::new) };
        (limit != (None, None)).then_some(split)
    }

    fn text(self, folder: &Path, limit: Limit) -> Option<TextSink> {
        let (format, compression) = match self {
            Self::Jsonl(compression) => (TextEncoding::Jsonl, compression),
            Self::Csv => (TextEncoding::Csv(CsvWriteOptions::default()), Compression::None),
            Self::Json => (TextEncoding::Json, Compression::None),
            Self::Avro(_) | Self::Parquet => return None,
        };
        let path = folder.join("never");
        let sink = TextSink::new(TextSinkOptions { path, format, compression });
        Some(match self.split(folder, limit) {
            Some(split) => sink.split(split),
            None => sink,
        })
    }

    fn sink(self, folder: &Path, limit: Limit) -> Box<dyn Sink> {
        let path = folder.join("x-00001").with_extension(&self.extension()[1..]);
        let split = self.split(folder, limit);
        match self {
            Self::Avro(compression) => {
                let sink = AvroSink::new(AvroSinkOptions { path, name: "x y".to_owned(), compression }, 2);
                Box::new(match split {
                    Some(split) => sink.split(split),
                    None => sink,
                })
            }
            Self::Parquet => {
                let options = ParquetOptions { row_group_rows: 5, ..ParquetOptions::default() };
                Box::new(ParquetSink::new(ParquetSinkOptions { path, options }, 2).split(split.unwrap()))
            }
            _ => Box::new(self.text(folder, limit).unwrap()),
        }
    }

    fn read(self, path: &Path) -> Result<Vec<RecordBatch>> {
        Ok(vec![match self {
            Self::Jsonl(_) => Text::Jsonl.decode(&read_file(path))?,
            Self::Csv => Text::Csv.decode(&read_file(path))?,
            Self::Json => Framed::Json.decode(&read_file(path))?,
            Self::Avro(_) => Text::Jsonl.decode(&avro::as_jsonl(&read_file(path)))?,
            Self::Parquet => return read_parquet(path),
        }])
    }
}

struct Files(Kind, Limit);

struct Folder {
    home: tempfile::TempDir,
    kind: Kind,
    limit: Limit,
}

impl Folder {
    fn path(&self) -> PathBuf {
        self.home.path().join("new")
    }
}

impl SinkHarness for Files {
    fn target(&self, bounded: bool) -> Option<Box<dyn SinkTarget>> {
        let Self(kind, limit) = *self;
        (bounded || kind != Kind::Parquet).then(|| {
            Box::new(Folder { home: tempfile::tempdir().unwrap(), kind, limit }) as Box<dyn SinkTarget>
        })
    }
}

impl SinkTarget for Folder {
    fn sink(&mut self) -> Box<dyn Sink> {
        self.kind.sink(&self.path(), self.limit)
    }

    fn encoding_sink(&mut self) -> Option<Box<dyn EncodingSink>> {
        let sink = self.kind.text(&self.path(), self.limit)?;
        Some(Box::new(sink))
    }

    fn visible(&mut self) -> Result<Option<Vec<RecordBatch>>> {
        if !self.path().exists() {
            return Ok(None);
        }
        let mut rows = Vec::new();
        let published: Vec<_> =
            names(&self.path()).into_iter().filter(|name| !name.starts_with('.')).collect();
        for name in &published {
            rows.extend(self.kind.read(&self.path().join(name))?);
        }
        Ok((!published.is_empty()).then_some(rows))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_files_conform() {
    for (kind, limit) in [
        (Kind::Jsonl(Compression::None), (Some(7), None)),
        (Kind::Jsonl(Compression::Gzip), (None, Some(900))),
        (Kind::Csv, (Some(9), None)),
        (Kind::Csv, (None, Some(700))),
        (Kind::Json, (Some(6), None)),
        (Kind::Avro(AvroCompression::Snappy), (Some(7), None)),
        (Kind::Avro(AvroCompression::None), (None, Some(500))),
        (Kind::Parquet, (Some(7), None)),
        (Kind::Parquet, (None, Some(1500))),
    ] {
        let report = check_sink(&Files(kind, limit)).await;
        assert!(report.is_conformant(), "{kind:?}, {limit:?}\n{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn avro_files_conform() {
    for compression in
        [AvroCompression::None, AvroCompression::Deflate, AvroCompression::Snappy, AvroCompression::Zstd]
    {
        let report = check_sink(&Files(Kind::Avro(compression), (None, None))).await;
        assert!(report.is_conformant(), "{compression:?}\n{report}");
    }
}

/// The published files and their bytes.
fn published(folder: &Path) -> Vec<(String, Vec<u8>)> {
    names(folder).into_iter().map(|name| (name.clone(), read_file(&folder.join(name)))).collect()
}

#[tokio::test]
async fn a_row_is_in_the_same_file_however_rows_come() {
    for kind in
        [Kind::Jsonl(Compression::None), Kind::Json, Kind::Avro(AvroCompression::Deflate), Kind::Parquet]
    {
        let mut found = Vec::new();
        for cuts in [vec![40], vec![1, 2, 9, 10, 11, 30, 40], (1..=40).collect::<Vec<i64>>()] {
            let folder = tempfile::tempdir().unwrap();
            let mut sink = kind.sink(folder.path(), (Some(9), None));
            sink.open(start(true, None)).await.unwrap();
            let mut from = 0;
            for to in cuts {
                write(sink.as_mut(), from..to).await;
                from = to;
            }
            let token = prepare(sink.as_mut(), 1, true).await;
            sink.commit(token).await.unwrap();
            found.push(published(folder.path()));
        }
        assert_eq!(found[0].len(), 5, "{kind:?}");
        assert!(found[0] == found[1] && found[0] == found[2], "{kind:?}");
    }
}

#[tokio::test]
async fn a_new_run_takes_the_place_of_all_files_of_the_old() {
    for kind in [Kind::Jsonl(Compression::None), Kind::Avro(AvroCompression::None), Kind::Parquet] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x-1.jsonl"), "not one of them").unwrap();
        for rows in [30, 4] {
            let mut sink = kind.sink(folder.path(), (Some(3), None));
            sink.open(start(true, None)).await.unwrap();
            epoch(sink.as_mut(), 0..rows, 1, true).await;
            let count = usize::try_from(rows).unwrap().div_ceil(3);
            assert_eq!(names(folder.path()).len(), count + 1, "{kind:?}");
        }
    }
}

#[tokio::test]
async fn a_run_without_end_refuses_files_that_it_does_not_know() {
    let folder = tempfile::tempdir().unwrap();
    let kind = Kind::Jsonl(Compression::None);
    std::fs::write(folder.path().join("x-00003.jsonl"), "{}\n").unwrap();
    let error = kind.sink(folder.path(), (Some(3), None)).open(start(false, None)).await.unwrap_err();
    assert!(error.hint_text().unwrap().contains("--restart"), "{error}");
    let mut sink = kind.sink(folder.path(), (Some(3), None));
    let mut restart = start(false, None);
    restart.restart = true;
    sink.open(restart).await.unwrap();
    let token = epoch(sink.as_mut(), 0..4, 1, false).await;
    assert_eq!(names(folder.path()), ["x-00001.jsonl", "x-00002.jsonl"]);
    drop(sink);
    // It goes on in the file that is not full.
    let mut sink = kind.sink(folder.path(), (Some(3), None));
    sink.open(start(false, Some((Epoch(1), token)))).await.unwrap();
    epoch(sink.as_mut(), 4..10, 2, false).await;
    let lines = |name: &str| read_file(&folder.path().join(name)).split(|byte| *byte == b'\n').count() - 1;
    let counts: Vec<_> = names(folder.path()).iter().map(|name| lines(name)).collect();
    assert_eq!(counts, [3, 3, 3, 1]);

    let parquet = Kind::Parquet.sink(folder.path(), (Some(3), None)).open(start(false, None)).await;
    assert!(parquet.unwrap_err().hint_text().unwrap().contains("Delta"));
}

#[test]
fn the_decoder_of_these_tests_reads_every_column() {
    let rows = conformance::rows(0..3).unwrap();
    assert_eq!(rows.num_columns(), 8);
    assert_eq!(ids(0..3).num_rows(), 3);
}
