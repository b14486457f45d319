//! What JSONL and CSV files look like between the calls.

use std::path::Path;

use millstream_connectors::TextEncoding;
use millstream_connectors::file::{TextSink, TextSinkOptions};
use millstream_core::{Chunk, Delivery, Epoch, ErrorKind, Sink, SinkStart};
use millstream_formats::Compression;
use millstream_formats::csv::CsvWriteOptions;

use crate::support::{epoch, ids, names, prepare, read_file, start, write};

fn jsonl(path: &Path) -> TextSink {
    sink(path, TextEncoding::Jsonl, Compression::from_path(path))
}

fn sink(path: &Path, format: TextEncoding, compression: Compression) -> TextSink {
    TextSink::new(TextSinkOptions { path: path.to_owned(), format, compression })
}

fn lines(range: std::ops::Range<i64>) -> String {
    range.fold(String::new(), |lines, id| lines + &format!("{{\"id\":{id}}}\n"))
}

fn text(path: &Path) -> String {
    String::from_utf8(read_file(path)).unwrap()
}

#[tokio::test]
async fn a_bounded_file_appears_whole_in_place_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.jsonl");
    std::fs::write(&path, "old\n").unwrap();
    let mut sink = jsonl(&path);
    sink.open(start(true, None)).await.unwrap();
    epoch(&mut sink, 0..3, 1, false).await;
    write(&mut sink, 3..6).await;
    let token = prepare(&mut sink, 2, true).await;
    assert_eq!(text(&path), "old\n");
    assert_eq!(names(folder.path()), [".x.jsonl.staged", "x.jsonl"]);
    sink.commit(token).await.unwrap();
    assert_eq!(text(&path), lines(0..6));
    assert_eq!(names(folder.path()), ["x.jsonl"]);
}

#[tokio::test]
async fn a_stop_leaves_the_staged_file_for_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.jsonl");
    let mut sink = jsonl(&path);
    sink.open(start(true, None)).await.unwrap();
    let token = epoch(&mut sink, 0..3, 1, false).await;
    drop(sink);
    assert_eq!(names(folder.path()), [".x.jsonl.staged"]);
    // As if more had been written than the next run will write.
    let mut garbage =
        std::fs::OpenOptions::new().append(true).open(folder.path().join(".x.jsonl.staged")).unwrap();
    std::io::Write::write_all(&mut garbage, &[b'?'; 10_000]).unwrap();
    let mut sink = jsonl(&path);
    sink.open(start(true, Some((Epoch(1), token)))).await.unwrap();
    epoch(&mut sink, 3..5, 2, true).await;
    assert_eq!(text(&path), lines(0..5));
}

#[tokio::test]
async fn what_a_killed_run_left_without_a_checkpoint_is_discarded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.jsonl");
    for name in [".x.jsonl.staged", ".x.jsonl.part-4", ".other.jsonl.staged"] {
        std::fs::write(folder.path().join(name), "{\"id\":99}\n{\"id").unwrap();
    }
    let mut sink = jsonl(&path);
    sink.open(start(false, None)).await.unwrap();
    assert_eq!(names(folder.path()), [".other.jsonl.staged"]);
    epoch(&mut sink, 0..2, 1, false).await;
    assert_eq!(text(&path), lines(0..2));
}

#[tokio::test]
async fn an_unbounded_file_grows_by_whole_epochs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    let mut sink = sink(&path, TextEncoding::Csv(CsvWriteOptions::default()), Compression::None);
    sink.open(start(false, None)).await.unwrap();
    assert!(names(folder.path()).is_empty());
    epoch(&mut sink, 0..0, 1, false).await;
    assert_eq!(text(&path), "id\n", "the first epoch makes the file, with its header");
    write(&mut sink, 0..2).await;
    let token = prepare(&mut sink, 2, false).await;
    write(&mut sink, 2..3).await;
    assert_eq!(text(&path), "id\n");
    sink.commit(token).await.unwrap();
    assert_eq!(text(&path), "id\n0\n1\n");
    let token = prepare(&mut sink, 3, false).await;
    sink.commit(token).await.unwrap();
    assert_eq!(text(&path), "id\n0\n1\n2\n");
    epoch(&mut sink, 3..3, 4, false).await;
    assert_eq!(names(folder.path()), ["x.csv"]);
}

#[tokio::test]
async fn a_file_that_nobody_knows_is_not_appended_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.jsonl");
    std::fs::write(&path, "precious\n").unwrap();
    let error = jsonl(&path).open(start(false, None)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Sink);
    assert!(error.hint_text().unwrap().contains("--restart"), "{error}");
    assert_eq!(text(&path), "precious\n");

    let mut sink = jsonl(&path);
    let restart = SinkStart { restart: true, ..start(false, None) };
    sink.open(restart).await.unwrap();
    write(&mut sink, 0..1).await;
    let token = prepare(&mut sink, 1, false).await;
    assert_eq!(text(&path), "precious\n", "until there is something to replace it");
    sink.commit(token).await.unwrap();
    assert_eq!(text(&path), lines(0..1));
}

#[tokio::test]
async fn a_growing_file_is_cut_back_to_its_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.jsonl");
    let mut sink = jsonl(&path);
    sink.open(start(false, None)).await.unwrap();
    let token = epoch(&mut sink, 0..3, 1, false).await;
    epoch(&mut sink, 3..9, 2, false).await;
    drop(sink);
    let mut sink = jsonl(&path);
    sink.open(start(false, Some((Epoch(1), token)))).await.unwrap();
    assert_eq!(text(&path), lines(0..3));
    epoch(&mut sink, 3..4, 2, false).await;
    assert_eq!(text(&path), lines(0..4));
}

#[tokio::test]
async fn two_prepared_epochs_are_committed_in_order_by_the_second_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.jsonl");
    let mut sink = jsonl(&path);
    sink.open(start(false, None)).await.unwrap();
    write(&mut sink, 0..2).await;
    let first = prepare(&mut sink, 1, false).await;
    write(&mut sink, 2..5).await;
    let second = prepare(&mut sink, 2, false).await;
    drop(sink);
    let mut sink = jsonl(&path);
    sink.open(start(false, Some((Epoch(2), second)))).await.unwrap();
    assert_eq!(text(&path), lines(0..5));
    sink.commit(first).await.unwrap();
    assert_eq!(text(&path), lines(0..5));
}

#[tokio::test]
async fn what_the_checkpoint_counts_on_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.jsonl");
    let staged = folder.path().join(".x.jsonl.staged");
    let mut sink = jsonl(&path);
    sink.open(start(true, None)).await.unwrap();
    let token = epoch(&mut sink, 0..3, 1, false).await;
    drop(sink);
    let resume = || start(true, Some((Epoch(1), token.clone())));
    for damage in ["short", "gone"] {
        match damage {
            "short" => std::fs::write(&staged, "{").unwrap(),
            _ => std::fs::remove_file(&staged).unwrap(),
        }
        let error = jsonl(&path).open(resume()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::State, "{damage}: {error}");
        assert!(error.hint_text().unwrap().contains("--restart"), "{damage}");
    }
    let error = sink_error(&path, TextEncoding::Jsonl, Compression::Gzip, resume()).await;
    assert!(error.contains("was written as jsonl"), "{error}");
    let error =
        sink_error(&path, TextEncoding::Jsonl, Compression::None, start(false, resume().resume)).await;
    assert!(error.contains("was bounded and did not finish"), "{error}");
}

async fn sink_error(path: &Path, format: TextEncoding, compression: Compression, start: SinkStart) -> String {
    let error = sink(path, format, compression).open(start).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::State);
    error.to_string()
}

#[tokio::test]
async fn a_published_file_that_is_lost_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.jsonl");
    for bounded in [true, false] {
        let mut sink = jsonl(&path);
        let fresh = SinkStart { restart: true, ..start(bounded, None) };
        sink.open(fresh).await.unwrap();
        let token = epoch(&mut sink, 0..3, 1, bounded).await;
        drop(sink);
        std::fs::remove_file(&path).unwrap();
        let error = jsonl(&path).open(start(bounded, Some((Epoch(1), token)))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::State, "{error}");
    }
}

#[tokio::test]
async fn an_empty_compressed_file_is_a_valid_one() {
    for name in ["x.jsonl.gz", "x.jsonl.zst"] {
        for bounded in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            let mut sink = jsonl(&path);
            sink.open(start(bounded, None)).await.unwrap();
            epoch(&mut sink, 0..0, 1, bounded).await;
            assert!(std::fs::metadata(&path).unwrap().len() > 0);
            assert_eq!(text(&path), "");
        }
    }
}

#[tokio::test]
async fn the_same_rows_give_the_same_bytes_however_they_are_chunked() {
    let mut files = Vec::new();
    for chunk in [3, 700, 20_000] {
        for name in ["x.jsonl", "x.jsonl.gz", "x.jsonl.zst"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            let mut sink = jsonl(&path);
            sink.open(start(true, None)).await.unwrap();
            for from in (0..20_000).step_by(chunk) {
                write(&mut sink, from..(from + chunk as i64).min(20_000)).await;
            }
            let token = prepare(&mut sink, 1, true).await;
            sink.commit(token).await.unwrap();
            files.push((name, std::fs::read(&path).unwrap()));
        }
    }
    for (name, bytes) in &files[3..] {
        let (_, first) = files[..3].iter().find(|(first, _)| first == name).unwrap();
        assert!(bytes == first, "{name}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn paths_that_cannot_be_written_say_why() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "x").unwrap();
    for (path, word) in [("file/x.jsonl", "in the way"), ("", "is a folder"), ("proc", "")] {
        let path = match path {
            // Nobody, not even root, creates files there.
            "proc" => std::path::PathBuf::from("/proc/x.jsonl"),
            path => folder.path().join(path),
        };
        let error = jsonl(&path).open(start(true, None)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Sink, "{error}");
        let shown = format!("{error} {}", error.hint_text().unwrap());
        assert!(shown.contains(word), "{shown}");
        assert!(error.hint_text().is_some());
    }
    let error = jsonl(Path::new("..")).open(start(true, None)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn calls_before_open_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = jsonl(&folder.path().join("x.jsonl"));
    assert!(matches!(sink.delivery(), Delivery::ExactlyOnce { .. }));
    let chunk = Chunk::new("x".into(), 0, 0, ids(0..1));
    assert_eq!(sink.write(chunk).await.unwrap_err().kind(), ErrorKind::Internal);
    assert!(names(folder.path()).is_empty());
}
