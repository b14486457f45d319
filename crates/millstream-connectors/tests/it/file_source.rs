//! File sources on files as they come: missing, different, growing, damaged.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use arrow::datatypes::DataType;
use millstream_connectors::file::{FileFormat, FileSource, FileSourceOptions};
use millstream_core::{Bookmark, Error, ErrorKind, Pull, Result, Source};
use millstream_formats::csv::CsvReadOptions;

use crate::support::{ids, read_ids, write_file, write_parquet};

fn options(folder: &Path, pattern: &str) -> FileSourceOptions {
    FileSourceOptions::new(vec![folder.join(pattern).display().to_string()])
}

async fn open(folder: &Path, pattern: &str, from: Option<&Bookmark>) -> Result<FileSource> {
    let mut options = options(folder, pattern);
    options.block_bytes = 64;
    let mut source = FileSource::open_files("x", options).await?;
    source.open(from.cloned()).await?;
    Ok(source)
}

/// The ids from `from` on, and the bookmark at the end.
async fn read(folder: &Path, pattern: &str, from: Option<&Bookmark>) -> Result<(Vec<i64>, Bookmark)> {
    let mut source = open(folder, pattern, from).await?;
    let (ids, rejected) = read_ids(&mut source).await?;
    assert_eq!(rejected, Vec::<String>::new());
    Ok((ids, source.bookmark()))
}

fn csv(range: std::ops::Range<i64>) -> Vec<u8> {
    let mut text = b"id,name\n".to_vec();
    range.for_each(|id| writeln!(text, "{id},name {id}").unwrap());
    text
}

fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

fn range(range: std::ops::Range<i64>) -> Vec<i64> {
    range.collect()
}

async fn fails(folder: &Path, pattern: &str) -> Error {
    let source = FileSource::open_files("x", options(folder, pattern)).await;
    source.unwrap_err()
}

#[tokio::test]
async fn files_that_are_not_there_are_named() {
    let folder = tempfile::tempdir().unwrap();
    write_file(&folder.path().join("flights.csv"), &csv(0..3));
    let error = fails(folder.path(), "flight.csv").await;
    assert_eq!(error.kind(), ErrorKind::Source);
    assert!(error.to_string().contains("flight.csv does not exist"), "{error}");
    assert!(error.hint_text().unwrap().contains("did you mean"));
    let error = fails(folder.path(), "*.jsonl").await;
    assert!(error.to_string().contains("no file matches"), "{error}");
    assert!(error.hint_text().unwrap().contains("holds flights.csv"));
}

#[tokio::test]
async fn the_format_is_told_by_the_name() {
    let folder = tempfile::tempdir().unwrap();
    write_file(&folder.path().join("a.csv.gz"), &csv(0..30));
    write_file(&folder.path().join("b.TSV"), b"id\tname\n30\tx\n");
    write_file(&folder.path().join("c.jsonl.zst"), b"{\"id\":31}\n");
    write_file(&folder.path().join("d.data"), b"x");
    write_parquet(&folder.path().join("e.parquet"), &[ids(32..40)]);
    for (name, expected) in
        [("a.csv.gz", 0..30), ("b.TSV", 30..31), ("c.jsonl.zst", 31..32), ("e.parquet", 32..40)]
    {
        assert_eq!(read(folder.path(), name, None).await.unwrap().0, range(expected), "{name}");
    }
    for (pattern, message) in [("d.data", "does not tell its format"), ("[ae]*", "different formats")] {
        let error = fails(folder.path(), pattern).await;
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(message), "{error}");
    }
    std::fs::copy(folder.path().join("a.csv.gz"), folder.path().join("f.parquet.gz")).unwrap();
    assert!(fails(folder.path(), "f.*").await.to_string().contains("another compression"));
}

#[tokio::test]
async fn the_schema_says_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    write_file(&folder.path().join("a.csv"), &csv(0..10));
    let source = open(folder.path(), "a.csv", None).await.unwrap();
    let stream = source.streams().pop().unwrap();
    assert_eq!(&*stream.name, "x");
    assert!(stream.bounded);
    assert!(stream.origin.contains("10 rows"), "{}", stream.origin);
    assert_eq!(stream.schema.field(0).data_type(), &DataType::Int64);
    assert_eq!(source.total_bytes().unwrap(), csv(0..10).len() as u64);
}

#[tokio::test]
async fn files_of_other_columns_are_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    write_file(&folder.path().join("a.csv"), &csv(0..10));
    write_file(&folder.path().join("b.csv"), b"id,nickname\n1,x\n");
    let error = fails(folder.path(), "*.csv").await;
    assert_eq!(error.kind(), ErrorKind::Source, "{error}");
    let message = error.to_string();
    assert!(message.contains("b.csv differs from") && message.contains("nickname"), "{message}");

    write_file(&folder.path().join("b.csv"), b"id,name\nnot a number,x\n");
    let message = fails(folder.path(), "*.csv").await.to_string();
    assert!(message.contains("b.csv:2") && message.contains("id"), "{message}");

    write_file(&folder.path().join("a.jsonl"), b"{\"id\":1}\n");
    write_file(&folder.path().join("b.jsonl"), b"{\"id\":\"one\"}\n");
    let message = fails(folder.path(), "*.jsonl").await.to_string();
    assert!(message.contains("b.jsonl:1") && message.contains("id"), "{message}");

    write_parquet(&folder.path().join("a.parquet"), &[ids(0..3)]);
    write_parquet(
        &folder.path().join("b.parquet"),
        &[millstream_connectors::conformance::rows(0..3).unwrap()],
    );
    let message = fails(folder.path(), "*.parquet").await.to_string();
    assert!(message.contains("b.parquet") && message.contains("\"text\""), "{message}");
}

#[tokio::test]
async fn a_row_that_does_not_fit_is_rejected_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    write_file(&path, b"id,name\n1,a\n2,b,c\nx,d\n4,e\n");
    let mut options = options(folder.path(), "a.csv");
    options.format = Some(FileFormat::Csv(CsvReadOptions {
        columns: Some(vec![("id".into(), DataType::Int64)]),
        ..CsvReadOptions::default()
    }));
    options.block_bytes = 8;
    let mut source = FileSource::open_files("x", options).await.unwrap();
    source.open(None).await.unwrap();
    let (ids, rejected) = read_ids(&mut source).await.unwrap();
    assert_eq!(ids, [1, 4]);
    assert_eq!(rejected.len(), 2);
    assert!(rejected[0].starts_with(&format!("{}:3: ", path.display())), "{rejected:?}");
    assert!(rejected[1].starts_with(&format!("{}:4: ", path.display())), "{rejected:?}");
}

#[tokio::test]
async fn a_later_run_reads_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_file(&at("a.csv"), &csv(0..20));
    write_file(&at("b.csv"), &csv(20..30));
    let (ids, end) = read(folder.path(), "*.csv", None).await.unwrap();
    assert_eq!(ids, range(0..30));
    assert_eq!(read(folder.path(), "*.csv", Some(&end)).await.unwrap(), (vec![], end.clone()));

    append(&at("b.csv"), b"30,x\n31,y\n");
    write_file(&at("c.csv"), &csv(32..40));
    let (ids, end) = read(folder.path(), "*.csv", Some(&end)).await.unwrap();
    assert_eq!(ids, range(30..40));

    std::fs::remove_file(at("a.csv")).unwrap();
    std::fs::remove_file(at("c.csv")).unwrap();
    write_file(&at("d.csv"), &csv(40..41));
    let (ids, end) = read(folder.path(), "*.csv", Some(&end)).await.unwrap();
    assert_eq!(ids, range(40..41));

    write_file(&at("c.csv"), &csv(32..40));
    let error = open(folder.path(), "*.csv", Some(&end)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::State);
    assert!(error.to_string().contains("c.csv is new"), "{error}");
}

#[tokio::test]
async fn a_compressed_file_may_grow_by_a_member() {
    let folder = tempfile::tempdir().unwrap();
    for (name, other) in [("a.csv.gz", "m.gz"), ("a.csv.zst", "m.zst")] {
        let path = folder.path().join(name);
        write_file(&path, &csv(0..100));
        let (_, end) = read(folder.path(), name, None).await.unwrap();
        write_file(&folder.path().join(other), b"100,x\n");
        append(&path, &std::fs::read(folder.path().join(other)).unwrap());
        assert_eq!(read(folder.path(), name, Some(&end)).await.unwrap().0, [100], "{name}");
    }
}

#[tokio::test]
async fn a_last_line_without_its_end_may_get_one_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    write_file(&path, b"id,name\n0,a\n1,b");
    let (ids, end) = read(folder.path(), "a.csv", None).await.unwrap();
    assert_eq!(ids, [0, 1]);
    append(&path, b"\n2,c\n");
    let (ids, _) = read(folder.path(), "a.csv", Some(&end)).await.unwrap();
    assert_eq!(ids, [2]);
    // Had the line gone on, its second half would be a row of its own.
    write_file(&path, b"id,name\n0,a\n1,b and more\n2,c\n");
    let mut source = open(folder.path(), "a.csv", Some(&end)).await.unwrap();
    let error = read_ids(&mut source).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::State);
    assert!(error.to_string().contains("a.csv:3: "), "{error}");
}

#[tokio::test]
async fn a_file_that_shrank_or_vanished_in_the_middle_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    write_file(&path, &csv(0..50));
    write_file(&folder.path().join("b.csv"), &csv(50..60));
    let mut source = open(folder.path(), "*.csv", None).await.unwrap();
    let (Pull::Work(_), Pull::Work(_)) = (source.next().await.unwrap(), source.next().await.unwrap()) else {
        panic!("no work");
    };
    let middle = source.bookmark();
    write_file(&path, &csv(0..1));
    for reason in ["has shrunk", "is gone"] {
        let error = open(folder.path(), "*.csv", Some(&middle)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::State);
        assert!(error.to_string().contains(reason), "{error}");
        assert!(error.hint_text().unwrap().contains("--restart"));
        let _ = std::fs::remove_file(&path);
    }
}

#[tokio::test]
async fn a_bookmark_of_another_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write_parquet(&folder.path().join("a.parquet"), &[ids(0..10), ids(10..20)]);
    let mut source = open(folder.path(), "a.parquet", None).await.unwrap();
    source.next().await.unwrap();
    let Bookmark(mut middle) = source.bookmark();
    middle["row"] = 7.into();
    let mut source = open(folder.path(), "a.parquet", Some(&Bookmark(middle.clone()))).await.unwrap();
    assert_eq!(source.next().await.unwrap_err().kind(), ErrorKind::State);
    middle["kind"] = "text".into();
    (middle["offset"], middle["line"]) = (3.into(), 1.into());
    let mut source = open(folder.path(), "a.parquet", Some(&Bookmark(middle))).await.unwrap();
    let error = source.next().await.unwrap_err();
    assert!(error.to_string().contains("another format"), "{error}");
    assert!(source.next().await.is_err(), "an error is no end");
}

#[tokio::test]
async fn large_row_groups_come_in_slices() {
    let folder = tempfile::tempdir().unwrap();
    write_parquet(&folder.path().join("a.parquet"), &[ids(0..150_000), ids(150_000..150_001)]);
    let mut source = open(folder.path(), "a.parquet", None).await.unwrap();
    let mut sizes = Vec::new();
    let mut bookmarks = Vec::new();
    while let Pull::Work(work) = source.next().await.unwrap() {
        sizes.push(work.decode.decode().unwrap().batch.num_rows());
        bookmarks.push(source.bookmark());
    }
    assert_eq!(sizes, [65_536, 65_536, 18_928, 1]);
    assert_eq!(
        read(folder.path(), "a.parquet", Some(&bookmarks[1])).await.unwrap().0,
        range(131_072..150_001)
    );
}

#[tokio::test]
async fn records_larger_than_a_block_pass_and_endless_ones_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(100_000);
    write_file(&folder.path().join("a.csv"), format!("id,name\n0,a\n1,{long}\n2,c\n").as_bytes());
    assert_eq!(read(folder.path(), "a.csv", None).await.unwrap().0, [0, 1, 2]);

    let mut endless = b"id,name\n0,a\n1,\"".to_vec();
    endless.resize(80 << 20, b'x');
    write_file(&folder.path().join("b.csv"), &endless);
    let mut options = options(folder.path(), "b.csv");
    options.format = Some(FileFormat::Csv(CsvReadOptions {
        columns: Some(vec![("id".into(), DataType::Int64), ("name".into(), DataType::Utf8)]),
        ..CsvReadOptions::default()
    }));
    let mut source = FileSource::open_files("x", options).await.unwrap();
    source.open(None).await.unwrap();
    let error = read_ids(&mut source).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Source);
    assert!(
        error.to_string().contains("b.csv:3: the record that starts here is longer than 64 MiB"),
        "{error}"
    );
}

#[tokio::test]
async fn a_compressed_file_that_is_cut_off_is_an_error_after_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv.gz");
    write_file(&path, &csv(0..20_000));
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
    let mut options = options(folder.path(), "a.csv.gz");
    options.format = Some(FileFormat::Csv(CsvReadOptions {
        columns: Some(vec![("id".into(), DataType::Int64), ("name".into(), DataType::Utf8)]),
        ..CsvReadOptions::default()
    }));
    let outcome = match FileSource::open_files("x", options).await {
        Ok(mut source) => {
            source.open(None).await.unwrap();
            read_ids(&mut source).await.map(|_| ())
        }
        Err(error) => Err(error),
    };
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Source);
    assert!(error.to_string().contains("truncated"), "{error}");
    assert!(error.hint_text().is_some());
}

#[tokio::test]
async fn empty_files_alone_are_a_stream_without_rows() {
    let folder = tempfile::tempdir().unwrap();
    write_file(&folder.path().join("a.csv"), b"id,name\n");
    write_file(&folder.path().join("b.csv"), b"");
    let (ids, end) = read(folder.path(), "*.csv", None).await.unwrap();
    assert!(ids.is_empty());
    append(&folder.path().join("b.csv"), b"id,name\n7,x\n");
    let mut source = open(folder.path(), "*.csv", Some(&end)).await.unwrap();
    let Pull::Work(work) = source.next().await.unwrap() else {
        panic!("no work");
    };
    assert_eq!(work.decode.decode().unwrap().batch.num_rows(), 1);
}
