//! Standard output, and the sink that keeps nothing.

use std::io::{self, Write};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use millstream_connectors::TextEncoding;
use millstream_connectors::noop::NoopSink;
use millstream_connectors::stdout::StdoutSink;
use millstream_core::{Chunk, Delivery, EncodedPart, EncodingSink, ErrorKind, Sink};
use millstream_formats::csv::CsvWriteOptions;

use crate::support::{epoch, ids, start};

/// A pipe whose reader takes `left` writes.
#[derive(Clone)]
struct Pipe {
    taken: Arc<Mutex<Vec<u8>>>,
    left: Arc<Mutex<usize>>,
}

impl Pipe {
    fn new(left: usize) -> Self {
        Self { taken: Arc::default(), left: Arc::new(Mutex::new(left)) }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut left = self.left.lock().unwrap();
        *left = left.checked_sub(1).ok_or(io::ErrorKind::BrokenPipe)?;
        self.taken.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn rows_come_at_once_and_csv_starts_with_its_header_in_every_run() {
    let pipe = Pipe::new(100);
    for run in 0..2 {
        let encoding = TextEncoding::Csv(CsvWriteOptions::default());
        let mut sink = StdoutSink::with_writer(encoding, pipe.clone());
        sink.open(start(false, None)).await.unwrap();
        epoch(&mut sink, run..run + 1, 1, false).await;
        assert!(matches!(sink.delivery(), Delivery::AtLeastOnce { .. }));
    }
    assert_eq!(pipe.taken.lock().unwrap().as_slice(), b"id\n0\nid\n1\n");
}

#[tokio::test]
async fn a_reader_that_goes_away_cancels_the_run() {
    let mut sink = StdoutSink::with_writer(TextEncoding::Jsonl, Pipe::new(2));
    sink.open(start(false, None)).await.unwrap();
    epoch(&mut sink, 0..1, 1, false).await;
    let mut part = EncodedPart::default();
    sink.encoder().encode(&ids(1..2), &mut part.bytes).unwrap();
    part.rows = 1;
    sink.write_encoded(&part).await.unwrap();
    let error = sink.write(Chunk::new("x".into(), 0, 0, ids(2..3))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(error.to_string(), "the reader of standard output has gone");
}

#[tokio::test]
async fn other_failures_of_standard_output_are_sink_errors() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut sink = StdoutSink::with_writer(TextEncoding::Jsonl, Full);
    sink.open(start(false, None)).await.unwrap();
    let error = sink.write(Chunk::new("x".into(), 0, 0, ids(0..1))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Sink);
}

#[tokio::test]
async fn the_noop_sink_counts() {
    let mut sink = NoopSink::new();
    let counter = sink.counter();
    sink.open(start(true, None)).await.unwrap();
    epoch(&mut sink, 0..30, 1, false).await;
    epoch(&mut sink, 30..42, 2, true).await;
    assert_eq!(counter.load(Ordering::Relaxed), 42);
}
