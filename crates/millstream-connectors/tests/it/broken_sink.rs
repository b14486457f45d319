//! A sink that breaks one promise at a time: the check for it must notice.

use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use async_trait::async_trait;
use millstream_connectors::conformance::{SinkHarness, SinkTarget, check_sink};
use millstream_core::{
    Chunk, Delivery, Encode, EncodedPart, EncodingSink, Epoch, EpochInfo, PreCommit, Result, Sink, SinkStart,
    WriteReport,
};
use serde_json::json;

use crate::support::Text;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    LosesARow,
    DropsAColumn,
    ReportsTooFewRows,
    PublishesNothingWithoutRows,
    ShowsRowsWhenWritten,
    ShowsRowsWhenPrepared,
    CommitsWhatWasNotPrepared,
    KeepsWhatWasNotPrepared,
    KeepsWhatHasNoCheckpoint,
    ForgetsToCommitOnResume,
    CommitsAgainOnResume,
    CommitsTwice,
    ReplacesTheRunBefore,
    EncodesOtherRows,
    ForgetsOnSecondResume,
}

#[derive(Debug, Default)]
struct Store {
    exists: bool,
    committed: u64,
    visible: Vec<RecordBatch>,
    prepared: Vec<(u64, Vec<RecordBatch>)>,
    written: Vec<RecordBatch>,
    resumes: u32,
}

type Shared = Arc<Mutex<Store>>;

struct Broken {
    fault: Fault,
    store: Shared,
    last_token_was_last: bool,
}

impl Broken {
    fn commit_epoch(&self, epoch: u64) {
        let mut store = self.store.lock().unwrap();
        if epoch <= store.committed && self.fault != Fault::CommitsTwice {
            return;
        }
        store.committed = epoch;
        let (ready, later): (Vec<_>, Vec<_>) =
            store.prepared.clone().into_iter().partition(|(of, _)| *of <= epoch);
        if self.fault != Fault::CommitsTwice {
            store.prepared = later;
        }
        store.exists = true;
        store.visible.extend(ready.into_iter().flat_map(|(_, rows)| rows));
        if self.fault == Fault::CommitsWhatWasNotPrepared {
            let written = std::mem::take(&mut store.written);
            store.visible.extend(written);
        }
    }
}

#[async_trait]
impl Sink for Broken {
    async fn open(&mut self, start: SinkStart) -> Result<()> {
        let Some((epoch, token)) = start.resume else {
            let mut store = self.store.lock().unwrap();
            if self.fault != Fault::KeepsWhatWasNotPrepared {
                store.written.clear();
            }
            if self.fault != Fault::KeepsWhatHasNoCheckpoint {
                store.prepared.clear();
            }
            return Ok(());
        };
        let resumes = {
            let mut store = self.store.lock().unwrap();
            store.resumes += 1;
            if self.fault != Fault::KeepsWhatWasNotPrepared {
                store.written.clear();
            }
            if self.fault == Fault::CommitsAgainOnResume {
                let again = store.visible.last().cloned();
                store.visible.extend(again);
            }
            store.resumes
        };
        let forgets = self.fault == Fault::ForgetsToCommitOnResume
            || (self.fault == Fault::ForgetsOnSecondResume && resumes == 2);
        if !forgets {
            self.commit_epoch(epoch.0);
        }
        let mut store = self.store.lock().unwrap();
        if self.fault != Fault::KeepsWhatHasNoCheckpoint {
            store.prepared.clear();
        }
        self.last_token_was_last = token.0["last"] == true;
        if self.last_token_was_last && self.fault == Fault::ReplacesTheRunBefore {
            store.visible.clear();
        }
        Ok(())
    }

    async fn write(&mut self, chunk: Chunk) -> Result<WriteReport> {
        let mut store = self.store.lock().unwrap();
        let rows = chunk.rows() as u64;
        let mut batch = chunk.batch;
        if self.fault == Fault::LosesARow && rows > 1 {
            batch = batch.slice(0, rows as usize - 1);
        }
        if self.fault == Fault::DropsAColumn {
            batch = batch.project(&[0, 1]).unwrap();
        }
        if self.fault == Fault::ShowsRowsWhenWritten {
            store.visible.push(batch);
        } else {
            store.written.push(batch);
        }
        Ok(WriteReport {
            rows: if self.fault == Fault::ReportsTooFewRows { 0 } else { rows },
            ..WriteReport::default()
        })
    }

    async fn prepare(&mut self, epoch: Epoch, info: &EpochInfo) -> Result<PreCommit> {
        let mut store = self.store.lock().unwrap();
        let written = std::mem::take(&mut store.written);
        if self.fault == Fault::ShowsRowsWhenPrepared {
            store.visible.extend(written);
        } else if self.fault == Fault::KeepsWhatHasNoCheckpoint {
            // As if a crash had left it in the place where the same epoch is prepared again.
            match store.prepared.iter_mut().find(|(of, _)| *of == epoch.0) {
                Some((_, rows)) => rows.extend(written),
                None => store.prepared.push((epoch.0, written)),
            }
        } else {
            store.prepared.push((epoch.0, written));
        }
        Ok(PreCommit(json!({"epoch": epoch, "last": info.last})))
    }

    async fn commit(&mut self, token: PreCommit) -> Result<()> {
        self.commit_epoch(token.0["epoch"].as_u64().unwrap());
        Ok(())
    }

    fn delivery(&self) -> Delivery {
        Delivery::exactly_once("so it says")
    }
}

struct Lines(Fault);

impl Encode for Lines {
    fn encode(&self, batch: &RecordBatch, buffer: &mut Vec<u8>) -> Result<()> {
        let wrong = self.0 == Fault::EncodesOtherRows && batch.num_rows() > 1;
        buffer.extend(
            Text::Jsonl.encode(&batch.slice(usize::from(wrong), batch.num_rows() - usize::from(wrong))),
        );
        Ok(())
    }
}

#[async_trait]
impl EncodingSink for Broken {
    fn encoder(&self) -> Arc<dyn Encode> {
        Arc::new(Lines(self.fault))
    }

    async fn write_encoded(&mut self, part: &EncodedPart) -> Result<WriteReport> {
        self.store.lock().unwrap().written.push(Text::Jsonl.decode(&part.bytes)?);
        Ok(WriteReport { rows: part.rows, ..WriteReport::default() })
    }
}

struct Target(Fault, Shared);

impl Target {
    fn broken(&self) -> Broken {
        Broken { fault: self.0, store: Arc::clone(&self.1), last_token_was_last: false }
    }
}

impl SinkHarness for Fault {
    fn target(&self, _bounded: bool) -> Option<Box<dyn SinkTarget>> {
        Some(Box::new(Target(*self, Shared::default())))
    }
}

impl SinkTarget for Target {
    fn sink(&mut self) -> Box<dyn Sink> {
        Box::new(self.broken())
    }

    fn encoding_sink(&mut self) -> Option<Box<dyn EncodingSink>> {
        Some(Box::new(self.broken()))
    }

    fn visible(&mut self) -> Result<Option<Vec<RecordBatch>>> {
        let store = self.1.lock().unwrap();
        let rows: usize = store.visible.iter().map(RecordBatch::num_rows).sum();
        let hidden = rows == 0 && (!store.exists || self.0 == Fault::PublishesNothingWithoutRows);
        Ok((!hidden).then(|| store.visible.clone()))
    }
}

#[tokio::test]
async fn every_broken_promise_of_a_sink_is_noticed() {
    let report = check_sink(&Fault::None).await;
    assert!(report.is_conformant(), "{report}");
    for (fault, check) in [
        (Fault::LosesARow, "rows_round_trip"),
        (Fault::DropsAColumn, "rows_round_trip"),
        (Fault::ReportsTooFewRows, "rows_round_trip"),
        (Fault::PublishesNothingWithoutRows, "empty_stream"),
        (Fault::ShowsRowsWhenWritten, "invisible_before_commit"),
        (Fault::ShowsRowsWhenPrepared, "invisible_before_commit"),
        (Fault::CommitsWhatWasNotPrepared, "commit_takes_only_what_was_prepared"),
        (Fault::KeepsWhatWasNotPrepared, "crash_after_write"),
        (Fault::KeepsWhatHasNoCheckpoint, "crash_after_prepare"),
        (Fault::ForgetsToCommitOnResume, "crash_before_commit"),
        (Fault::CommitsAgainOnResume, "crash_after_commit"),
        (Fault::ForgetsOnSecondResume, "crash_twice"),
        (Fault::CommitsTwice, "commit_is_idempotent"),
        (Fault::ReplacesTheRunBefore, "goes_on_after_the_last_epoch"),
        (Fault::EncodesOtherRows, "encoded_rows_are_written_rows"),
    ] {
        let report = check_sink(&fault).await;
        for kind in ["bounded", "unbounded"] {
            let check = format!("{check} ({kind})");
            assert!(
                report.failed().contains(&check.as_str()),
                "{fault:?} was not noticed by {check}\n{report}"
            );
        }
    }
}
