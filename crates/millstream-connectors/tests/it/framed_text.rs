//! JSON arrays and SQL scripts: files with an end, which later rows have to go before.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use millstream_connectors::TextEncoding;
use millstream_connectors::conformance::{SinkHarness, SinkTarget, check_sink};
use millstream_connectors::file::{TextSink, TextSinkOptions};
use millstream_connectors::stdout::StdoutSink;
use millstream_core::{EncodingSink, ErrorKind, Result, Sink};
use millstream_formats::Compression;
use millstream_formats::sql::{SqlDialect, SqlOptions};

use crate::support::{Text, epoch, names, prepare, read_file, start, write};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framed {
    Json,
    Sql,
}

impl Framed {
    pub(crate) fn encoding(self) -> TextEncoding {
        match self {
            Self::Json => TextEncoding::Json,
            Self::Sql => TextEncoding::Sql(SqlOptions {
                dialect: SqlDialect::Sqlite,
                rows_per_insert: 3,
                ..SqlOptions::new("t")
            }),
        }
    }

    /// The rows of a file, through the decoder of JSONL.
    pub(crate) fn decode(self, bytes: &[u8]) -> Result<RecordBatch> {
        Text::Jsonl.decode(&match self {
            Self::Json => objects(bytes),
            Self::Sql => selected(bytes),
        })
    }
}

/// The objects of an array, a line for each.
fn objects(bytes: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    let inside = text.strip_prefix("[\n").unwrap().strip_suffix("]\n").unwrap();
    let lines = inside.replace("},\n", "}\n");
    assert!(!lines.ends_with(",\n"));
    lines.into_bytes()
}

/// What a script leaves in SQLite, as JSONL.
fn selected(bytes: &[u8]) -> Vec<u8> {
    let database = rusqlite::Connection::open_in_memory().unwrap();
    let script = std::str::from_utf8(bytes).unwrap();
    database.execute_batch(script).unwrap_or_else(|error| panic!("{error}\n{script}"));
    assert!(database.is_autocommit(), "the transaction is open:\n{script}");
    let query = "SELECT json_object('id', id, 'text', text, 'number', number, 'large', large,
        'flag', json(CASE flag WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END), 'day', day,
        'at', replace(replace(at, ' ', 'T'), '+00:00', 'Z'), 'price', printf('%.2f', price), 'none', price IS NULL)
        FROM t ORDER BY rowid";
    let mut statement = database.prepare(query).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut lines = String::new();
    for row in rows {
        let mut object: serde_json::Value = serde_json::from_str(&row.unwrap()).unwrap();
        let object = object.as_object_mut().unwrap();
        let price = if object.remove("none") == Some(1.into()) {
            serde_json::Value::Null
        } else {
            object["price"].as_str().unwrap().parse().unwrap()
        };
        object.insert("price".into(), price);
        lines.push_str(&serde_json::to_string(object).unwrap());
        lines.push('\n');
    }
    lines.into_bytes()
}

struct FramedFiles(Framed, Compression);

struct FramedFile {
    folder: tempfile::TempDir,
    framed: Framed,
    compression: Compression,
}

impl FramedFile {
    fn path(&self) -> PathBuf {
        self.folder.path().join("new").join(format!("x.out{}", self.compression.extension()))
    }

    fn new_sink(&self) -> TextSink {
        let (format, compression) = (self.framed.encoding(), self.compression);
        TextSink::new(TextSinkOptions { path: self.path(), format, compression })
    }
}

impl SinkHarness for FramedFiles {
    fn target(&self, _bounded: bool) -> Option<Box<dyn SinkTarget>> {
        let folder = tempfile::tempdir().unwrap();
        Some(Box::new(FramedFile { folder, framed: self.0, compression: self.1 }))
    }
}

impl SinkTarget for FramedFile {
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
        Ok(Some(vec![self.framed.decode(&read_file(&self.path()))?]))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn arrays_and_scripts_conform() {
    for framed in [Framed::Json, Framed::Sql] {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let report = check_sink(&FramedFiles(framed, compression)).await;
            assert!(report.is_conformant(), "{framed:?}, {compression:?}\n{report}");
        }
    }
}

fn sink(path: &Path, framed: Framed) -> TextSink {
    let format = framed.encoding();
    TextSink::new(TextSinkOptions { path: path.to_owned(), format, compression: Compression::None })
}

#[tokio::test]
async fn epochs_leave_no_trace_in_the_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for framed in [Framed::Json, Framed::Sql] {
        let whole = folder.path().join(format!("{framed:?}-whole"));
        let mut one = sink(&whole, framed);
        one.open(start(true, None)).await.unwrap();
        epoch(&mut one, 0..10, 1, true).await;
        for bounded in [true, false] {
            let path = folder.path().join(format!("{framed:?}-{bounded}"));
            let mut token = None;
            // A new process for each epoch.
            for (number, rows) in [(1, 0..0), (2, 0..4), (3, 4..4), (4, 4..9), (5, 9..10)] {
                let mut next = sink(&path, framed);
                next.open(start(bounded, token.take())).await.unwrap();
                let last = bounded && number == 5;
                let made = epoch(&mut next, rows, number, last).await;
                token = Some((millstream_core::Epoch(number), made));
            }
            let (expected, found) = (read_file(&whole), read_file(&path));
            assert_eq!(String::from_utf8(found), String::from_utf8(expected), "{framed:?}, {bounded}");
        }
    }
    assert!(names(folder.path()).iter().all(|name| !name.starts_with('.')));
}

#[tokio::test]
async fn a_tail_that_was_overwritten_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    let mut first = sink(&path, Framed::Json);
    first.open(start(false, None)).await.unwrap();
    let known = epoch(&mut first, 0..2, 1, false).await;
    let text = read_file(&path);
    // A later epoch that the state has forgotten, because it was restored from a backup.
    epoch(&mut first, 2..4, 2, false).await;
    drop(first);
    let mut again = sink(&path, Framed::Json);
    again.open(start(false, Some((millstream_core::Epoch(1), known)))).await.unwrap();
    epoch(&mut again, 0..0, 2, false).await;
    assert_eq!(String::from_utf8(read_file(&path)), String::from_utf8(text));
}

#[tokio::test]
async fn standard_output_ends_with_the_last_epoch() {
    for bounded in [true, false] {
        let out = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut printed = StdoutSink::with_writer(TextEncoding::Json, Shared(out.clone()));
        let opened = printed.open(start(bounded, None)).await;
        if !bounded {
            let error = opened.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.hint_text().unwrap().contains("jsonl"), "{error}");
            assert!(out.lock().unwrap().is_empty());
            continue;
        }
        opened.unwrap();
        write(&mut printed, 0..1).await;
        prepare(&mut printed, 1, false).await;
        write(&mut printed, 1..2).await;
        prepare(&mut printed, 2, true).await;
        assert_eq!(*out.lock().unwrap(), b"[\n{\"id\":0},\n{\"id\":1}\n]\n");
    }
}

struct Shared(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
