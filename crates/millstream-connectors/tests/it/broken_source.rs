//! A source that breaks one promise at a time: the check for it must notice.

use arrow::array::RecordBatch;
use async_trait::async_trait;
use millstream_connectors::conformance::{SourceHarness, check_source, rows, schema};
use millstream_core::{
    Bookmark, Boundary, Decode, Decoded, Error, Payload, Pull, RejectedRow, Result, RowErrorKind, Source,
    StreamSchema, Work,
};
use serde_json::json;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    SkipsARow,
    ChangesAType,
    SwallowsBadRows,
    NamesTheWrongLine,
    HandsOutEverythingAtOnce,
    StartsOverOnResume,
    SkipsOnResume,
    BookmarksAhead,
    CannotResumeAtTheStart,
    LosesWhatWasCancelled,
    GoesOnAfterItsEnd,
    FailsInTheMiddle,
}

const ROWS: i64 = 60;
const STEP: i64 = 5;

struct Broken {
    fault: Fault,
    next: i64,
    /// Whether the waiting is over.
    ready: bool,
    ended: bool,
}

#[derive(Debug)]
struct Rows {
    range: std::ops::Range<i64>,
    fault: Fault,
}

impl Decode for Rows {
    fn decode(self: Box<Self>) -> Result<Decoded> {
        let (range, fault) = (self.range.clone(), self.fault);
        if fault == Fault::FailsInTheMiddle && range.start == 30 {
            return Err(Error::source("the wire broke"));
        }
        let mut batch = rows(range.clone()).unwrap();
        if fault == Fault::SkipsARow && range.contains(&33) {
            batch = batch.slice(1, batch.num_rows() - 1);
        }
        if fault == Fault::ChangesAType {
            batch = batch.project(&[0, 1, 2, 3, 4, 5, 6]).unwrap();
        }
        let line = if fault == Fault::NamesTheWrongLine { 1 } else { range.end };
        let bad = range.contains(&20) && fault != Fault::SwallowsBadRows;
        let rejected = bad.then(|| RejectedRow {
            kind: RowErrorKind::Parse,
            message: format!("x:{line}: broken"),
            row_index: 0,
            payload: Payload::Raw(Vec::new()),
        });
        Ok(Decoded { batch, rejected: rejected.into_iter().collect(), input_bytes: 1 })
    }
}

#[async_trait]
impl Source for Broken {
    fn streams(&self) -> Vec<StreamSchema> {
        vec![StreamSchema {
            name: "broken".into(),
            schema: schema(),
            bounded: true,
            replaced: false,
            origin: "declared".into(),
        }]
    }

    async fn open(&mut self, from: Option<Bookmark>) -> Result<()> {
        let Some(from) = from.and_then(|from| from.0["row"].as_i64()) else {
            return Ok(());
        };
        self.next = match self.fault {
            Fault::StartsOverOnResume => 0,
            Fault::SkipsOnResume if from > 0 => from + STEP,
            Fault::CannotResumeAtTheStart if from == 0 => STEP,
            _ => from,
        };
        Ok(())
    }

    async fn next(&mut self) -> Result<Pull> {
        if self.ended && self.fault == Fault::GoesOnAfterItsEnd {
            return Ok(Pull::Boundary);
        }
        if self.next >= ROWS {
            self.ended = true;
            return Ok(Pull::End);
        }
        let step = if self.fault == Fault::HandsOutEverythingAtOnce { ROWS } else { STEP };
        let range = self.next..(self.next + step).min(ROWS);
        if self.fault == Fault::LosesWhatWasCancelled {
            self.next = range.end;
        }
        if !self.ready {
            self.ready = true;
            tokio::task::yield_now().await;
        }
        self.ready = false;
        self.next = range.end;
        Ok(Pull::Work(Work {
            stream: 0,
            bytes: (range.end - range.start) as usize * 100,
            decode: Box::new(Rows { range, fault: self.fault }),
            boundary: Boundary::Allowed,
        }))
    }

    fn bookmark(&self) -> Bookmark {
        let ahead = self.fault == Fault::BookmarksAhead && self.next > 0;
        Bookmark(json!({"row": if ahead { self.next + STEP } else { self.next }}))
    }

    async fn committed(&mut self, _upto: &Bookmark) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl SourceHarness for Fault {
    async fn source(&self) -> Result<Box<dyn Source>> {
        Ok(Box::new(Broken { fault: *self, next: 0, ready: false, ended: false }))
    }

    fn expected(&self) -> Vec<RecordBatch> {
        vec![rows(0..ROWS).unwrap()]
    }

    fn rejected(&self) -> Vec<String> {
        vec!["x:25: ".into()]
    }

    fn work_bytes(&self) -> usize {
        STEP as usize * 100
    }
}

#[tokio::test]
async fn every_broken_promise_of_a_source_is_noticed() {
    let report = check_source(&Fault::None).await;
    assert!(report.is_conformant(), "{report}");
    for (fault, check) in [
        (Fault::SkipsARow, "reads_everything"),
        (Fault::ChangesAType, "reads_everything"),
        (Fault::FailsInTheMiddle, "reads_everything"),
        (Fault::SwallowsBadRows, "rejects_bad_rows"),
        (Fault::NamesTheWrongLine, "rejects_bad_rows"),
        (Fault::HandsOutEverythingAtOnce, "bounds_its_work"),
        (Fault::StartsOverOnResume, "resumes_from_every_bookmark"),
        (Fault::SkipsOnResume, "resumes_from_every_bookmark"),
        (Fault::BookmarksAhead, "resumes_from_every_bookmark"),
        (Fault::CannotResumeAtTheStart, "resumes_before_the_first_work"),
        (Fault::LosesWhatWasCancelled, "loses_nothing_when_cancelled"),
        (Fault::GoesOnAfterItsEnd, "ends_for_good"),
    ] {
        let report = check_source(&fault).await;
        assert!(report.failed().contains(&check), "{fault:?} was not noticed by {check}\n{report}");
    }
}
