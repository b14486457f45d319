//! Files that are replaced as a whole: a reader sees one generation or the other, whatever dies when.

use std::io::Read as _;
use std::ops::Range;
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use millstream_connectors::TextEncoding;
use millstream_connectors::file::{ParquetSink, ParquetSinkOptions, TextSink, TextSinkOptions};
use millstream_core::{Epoch, EpochInfo, ErrorKind, PreCommit, Sink, SinkStart};
use millstream_formats::Compression;
use millstream_formats::csv::CsvWriteOptions;
use millstream_formats::parquet::ParquetOptions;

use crate::support::{epoch, names, read_file, read_parquet, start, write};

type MakeSink = fn(&Path) -> Box<dyn Sink>;

fn sinks() -> [(&'static str, MakeSink); 5] {
    [
        ("x.jsonl", |path| text(path, TextEncoding::Jsonl)),
        ("x.json", |path| text(path, TextEncoding::Json)),
        ("x.jsonl.gz", |path| text(path, TextEncoding::Jsonl)),
        ("x.csv", |path| text(path, TextEncoding::Csv(CsvWriteOptions::default()))),
        ("x.parquet", |path| {
            let options = ParquetSinkOptions { path: path.to_owned(), options: ParquetOptions::default() };
            Box::new(ParquetSink::new(options, 2))
        }),
    ]
}

fn text(path: &Path, format: TextEncoding) -> Box<dyn Sink> {
    let compression = Compression::from_path(path);
    Box::new(TextSink::new(TextSinkOptions { path: path.to_owned(), format, compression }))
}

fn replaced(resume: Option<(Epoch, PreCommit)>) -> SinkStart {
    SinkStart { replaced: true, ..start(false, resume) }
}

/// The ids in a file.
fn seen(path: &Path) -> Vec<i64> {
    if path.extension().is_some_and(|extension| extension == "parquet") {
        let batches = read_parquet(path).unwrap();
        let columns =
            batches.iter().map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec());
        return columns.flatten().collect();
    }
    let text = String::from_utf8(read_file(path)).unwrap();
    if path.extension().is_some_and(|extension| extension == "json") {
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
    let digits = |line: &str| line.chars().filter(char::is_ascii_digit).collect::<String>();
    text.lines().filter_map(|line| digits(line).parse().ok()).collect()
}

async fn prepare(sink: &mut Box<dyn Sink>, rows: Option<Range<i64>>, number: u64) -> PreCommit {
    let generation = rows.as_ref().map(|_| number);
    if let Some(rows) = rows {
        write(sink.as_mut(), rows).await;
    }
    let info = EpochInfo { last: false, generation, bookmarks: Vec::new(), at: 0 };
    sink.prepare(Epoch(number), &info).await.unwrap()
}

#[tokio::test]
async fn each_generation_takes_the_name_of_the_one_before() {
    for (name, make) in sinks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, "what was here before").unwrap();
        let mut sink = make(&path);
        sink.open(replaced(None)).await.unwrap();
        let mut token = prepare(&mut sink, Some(0..10), 1).await;
        assert_eq!(std::fs::read(&path).unwrap(), b"what was here before", "{name}");
        sink.commit(token).await.unwrap();
        assert_eq!(seen(&path), (0..10).collect::<Vec<_>>(), "{name}");
        // Who has it open reads on.
        let mut reader = std::fs::File::open(&path).unwrap();
        let before = std::fs::read(&path).unwrap();
        token = prepare(&mut sink, Some(20..25), 2).await;
        // Rows of the next generation may come before the commit of this one.
        write(sink.as_mut(), 30..32).await;
        assert_eq!(seen(&path), (0..10).collect::<Vec<_>>(), "{name}");
        sink.commit(token).await.unwrap();
        assert_eq!(seen(&path), (20..25).collect::<Vec<_>>(), "{name}");
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!(read, before, "{name}");
        token = prepare(&mut sink, Some(32..33), 3).await;
        sink.commit(token.clone()).await.unwrap();
        sink.commit(token).await.unwrap();
        assert_eq!(seen(&path), (30..33).collect::<Vec<_>>(), "{name}");
        // Nothing new, and then a generation without rows.
        token = prepare(&mut sink, None, 4).await;
        sink.commit(token).await.unwrap();
        assert_eq!(seen(&path), (30..33).collect::<Vec<_>>(), "{name}");
        token = prepare(&mut sink, Some(0..0), 5).await;
        sink.commit(token).await.unwrap();
        assert_eq!(seen(&path), Vec::<i64>::new(), "{name}");
        assert_eq!(names(folder.path()), [name]);
    }
}

#[tokio::test]
async fn a_killed_run_leaves_one_generation_or_the_other() {
    for (name, make) in sinks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let mut checkpoint: Option<(Epoch, PreCommit)> = None;
        let mut visible: Vec<i64> = Vec::new();
        for (number, dies_at) in (1..).zip([0, 1, 2, 0, 2, 1, 3, 3, 0]) {
            let mut sink = make(&path);
            sink.open(replaced(checkpoint.clone())).await.unwrap();
            if !visible.is_empty() {
                assert_eq!(seen(&path), visible, "{name}");
            }
            let first = number as i64 * 100;
            if dies_at == 0 {
                write(sink.as_mut(), first..first + 3).await;
                continue;
            }
            let token = prepare(&mut sink, Some(first..first + 5), number).await;
            if dies_at == 1 {
                continue;
            }
            checkpoint = Some((Epoch(number), token.clone()));
            visible = (first..first + 5).collect();
            if dies_at == 3 {
                sink.commit(token).await.unwrap();
            }
        }
        let mut sink = make(&path);
        sink.open(replaced(checkpoint)).await.unwrap();
        assert_eq!(seen(&path), visible, "{name}");
        assert_eq!(names(folder.path()), [name]);
    }
}

#[tokio::test]
async fn a_complete_file_is_replaced_by_the_next_run_and_one_that_was_replaced_is_not_added_to() {
    for (name, make) in sinks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let mut sink = make(&path);
        sink.open(start(true, None)).await.unwrap();
        let token = epoch(sink.as_mut(), 0..3, 1, true).await;
        let mut sink = make(&path);
        sink.open(replaced(Some((Epoch(1), token)))).await.unwrap();
        assert_eq!(seen(&path), [0, 1, 2], "{name}");
        let token = prepare(&mut sink, Some(5..7), 2).await;
        sink.commit(token.clone()).await.unwrap();
        assert_eq!(seen(&path), [5, 6], "{name}");
        let refused = make(&path).open(start(true, Some((Epoch(2), token)))).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::State, "{refused}");
        // Rows that belong to no generation are a defect.
        write(sink.as_mut(), 8..9).await;
        let info = EpochInfo { last: false, generation: None, bookmarks: Vec::new(), at: 0 };
        assert_eq!(sink.prepare(Epoch(3), &info).await.unwrap_err().kind(), ErrorKind::Internal, "{name}");
    }
    let folder = tempfile::tempdir().unwrap();
    let options = ParquetSinkOptions { path: folder.path().join("out"), options: ParquetOptions::default() };
    let refused = ParquetSink::new(options, 1).open(replaced(None)).await.unwrap_err();
    assert!(refused.hint_text().unwrap().contains("out.parquet"), "{refused}");
}
