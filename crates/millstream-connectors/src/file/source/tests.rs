//! What cannot be seen from outside: how far the reader thread runs ahead.

use std::io::Write;

use millstream_core::{Pull, Source};

use super::outlet::READ_AHEAD;
use super::*;

fn csv(rows: usize) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    let mut file = std::fs::File::create(&path).unwrap();
    writeln!(file, "id,text").unwrap();
    for row in 0..rows {
        writeln!(file, "{row},some text that takes room {row}").unwrap();
    }
    (folder, path.display().to_string())
}

async fn source(path: &str, block_bytes: usize) -> FileSource {
    let mut options = FileSourceOptions::new(vec![path.to_owned()]);
    options.block_bytes = block_bytes;
    FileSource::open_files("x", options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reader_waits_when_nobody_pulls() {
    let (_folder, path) = csv(20_000);
    let mut source = source(&path, 1000).await;
    source.open(None).await.unwrap();
    let Pull::Work(_) = source.next().await.unwrap() else {
        panic!("no work");
    };
    let Reading::Open(receiver) = &source.reading else {
        panic!("not reading");
    };
    // However long nobody pulls, no more than this waits: the channel has got no more room.
    while receiver.len() < READ_AHEAD {
        tokio::task::yield_now().await;
    }
    assert_eq!((receiver.len(), receiver.max_capacity()), (READ_AHEAD, READ_AHEAD));
}

#[tokio::test]
async fn a_reader_thread_that_dies_is_an_error_and_no_end() {
    let (_folder, path) = csv(10);
    let mut source = source(&path, 1000).await;
    source.open(None).await.unwrap();
    let (outlet, receiver) = Outlet::new();
    source.reading = Reading::Open(receiver);
    drop(outlet);
    let error = source.next().await.unwrap_err();
    assert_eq!(error.kind(), millstream_core::ErrorKind::Internal);
    assert!(source.next().await.is_err(), "an error is no end either");
}

#[tokio::test]
async fn the_thread_ends_when_the_source_is_dropped() {
    let (outlet, receiver) = Outlet::new();
    drop(receiver);
    let thread = std::thread::spawn(move || {
        let progress = Progress { file: 0, position: Position::Text(TextPosition::START), done: None };
        matches!(outlet.finished(progress), Err(Stop::Gone))
    });
    assert!(thread.join().unwrap());
}
