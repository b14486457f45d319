//! What every sink promises.

use std::collections::BTreeSet;
use std::fmt;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use millstream_core::{
    Bookmark, Chunk, Delivery, EncodedPart, EncodingSink, Epoch, EpochInfo, PreCommit, Sink, SinkStart,
};

use super::{Report, rows, same_rows, schema, text};

/// A kind of sink.
pub trait SinkHarness {
    /// A new, empty place to write to; `None` if the sink cannot be fed by such inputs.
    fn target(&self, bounded: bool) -> Option<Box<dyn SinkTarget>>;
}

/// A place that sinks write to, one after the other.
pub trait SinkTarget: Send {
    /// A new sink, as a new process would make it.
    fn sink(&mut self) -> Box<dyn Sink>;

    /// The same as an encoding sink, if it is one.
    fn encoding_sink(&mut self) -> Option<Box<dyn EncodingSink>>;

    /// The rows that a reader sees now, with the columns of [`schema`]; `None` if nothing was published.
    fn visible(&mut self) -> millstream_core::Result<Option<Vec<RecordBatch>>>;
}

/// Where a run crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Write,
    Prepare,
    Checkpoint,
    Commit,
}

/// The ends of the epochs in the rows: one without rows is among them.
const EPOCHS: [i64; 4] = [5, 5, 12, 40];

type Checked = Result<(), String>;

/// Makes all checks, with inputs that end and with inputs that do not.
pub async fn check_sink(harness: &dyn SinkHarness) -> Report {
    let mut report = Report::default();
    for bounded in [true, false] {
        let kind = if bounded { "bounded" } else { "unbounded" };
        let Some(mut probe) = harness.target(bounded) else {
            continue;
        };
        let exactly_once = matches!(probe.sink().delivery(), Delivery::ExactlyOnce { .. });
        let check = Checker { harness, bounded, exactly_once };
        let mut add = |name: &str, outcome| report.add(format!("{name} ({kind})"), outcome);
        add("rows_round_trip", check.rows_round_trip().await);
        add("empty_stream", check.empty_stream().await);
        if exactly_once {
            add("invisible_before_commit", check.invisible_before_commit().await);
            add("commit_takes_only_what_was_prepared", check.commit_takes_only_what_was_prepared().await);
        }
        for (name, step) in [
            ("crash_after_write", Step::Write),
            ("crash_after_prepare", Step::Prepare),
            ("crash_before_commit", Step::Checkpoint),
            ("crash_after_commit", Step::Commit),
        ] {
            add(name, check.crash(step).await);
        }
        add("crash_twice", check.crash_twice().await);
        add("commit_is_idempotent", check.commit_is_idempotent().await);
        add("goes_on_after_the_last_epoch", check.goes_on_after_the_last_epoch().await);
        add("encoded_rows_are_written_rows", check.encoded_rows_are_written_rows().await);
    }
    report
}

struct Checker<'a> {
    harness: &'a dyn SinkHarness,
    bounded: bool,
    exactly_once: bool,
}

/// What the engine would have in its state store.
#[derive(Debug, Clone, Default)]
struct Checkpoint {
    token: Option<(Epoch, PreCommit)>,
    /// The rows that are in it.
    rows: i64,
}

impl Checker<'_> {
    async fn rows_round_trip(&self) -> Checked {
        let mut target = self.target()?;
        self.run(target.as_mut(), Checkpoint::default(), &EPOCHS, None).await?;
        self.expect(target.as_mut(), 0..40)
    }

    async fn empty_stream(&self) -> Checked {
        let mut target = self.target()?;
        self.run(target.as_mut(), Checkpoint::default(), &[0], None).await?;
        self.expect(target.as_mut(), 0..0)
    }

    async fn invisible_before_commit(&self) -> Checked {
        let mut target = self.target()?;
        let mut sink = self.open(target.as_mut(), &Checkpoint::default()).await?;
        write(sink.as_mut(), 0..10).await?;
        expect_nothing(target.as_mut(), "after write")?;
        let token = prepare(sink.as_mut(), 1, !self.bounded).await?;
        expect_nothing(target.as_mut(), "after prepare")?;
        sink.commit(token).await.map_err(|error| text(&error))?;
        if self.bounded {
            // Nothing needs to be visible yet; what is must be whole epochs.
            if let Some(found) = target.visible().map_err(|error| text(&error))? {
                same_rows(&found, &[batch(0..10)?], &schema())
                    .or_else(|_| same_rows(&found, &[], &schema()))?;
            }
            write(sink.as_mut(), 10..20).await?;
            let token = prepare(sink.as_mut(), 2, true).await?;
            sink.commit(token).await.map_err(|error| text(&error))?;
            return self.expect(target.as_mut(), 0..20);
        }
        self.expect(target.as_mut(), 0..10)
    }

    async fn commit_takes_only_what_was_prepared(&self) -> Checked {
        let mut target = self.target()?;
        let mut sink = self.open(target.as_mut(), &Checkpoint::default()).await?;
        write(sink.as_mut(), 0..10).await?;
        let first = prepare(sink.as_mut(), 1, false).await?;
        write(sink.as_mut(), 10..20).await?;
        sink.commit(first.clone()).await.map_err(|error| text(&error))?;
        if !self.bounded {
            self.expect(target.as_mut(), 0..10)?;
        }
        drop(sink);
        // The rows after the checkpoint were never durable: they come again.
        let checkpoint = Checkpoint { token: Some((Epoch(1), first)), rows: 10 };
        self.run(target.as_mut(), checkpoint, &[30], None).await?;
        self.expect(target.as_mut(), 0..30)
    }

    /// Crashes once at `step` of every epoch, each time in a new place, and finishes in epochs of another size.
    async fn crash(&self, step: Step) -> Checked {
        for epoch in 0..EPOCHS.len() {
            let mut target = self.target()?;
            let at = format!("in epoch {}", epoch + 1);
            let crash = Some((epoch, step));
            let checkpoint = self
                .run(target.as_mut(), Checkpoint::default(), &EPOCHS, crash)
                .await
                .map_err(|error| format!("before the crash {at}: {error}"))?;
            self.finish(target.as_mut(), checkpoint, &[20, 40])
                .await
                .map_err(|error| format!("after the crash {at}: {error}"))?;
        }
        Ok(())
    }

    async fn crash_twice(&self) -> Checked {
        for (first, second) in [
            (Step::Checkpoint, Step::Write),
            (Step::Checkpoint, Step::Checkpoint),
            (Step::Prepare, Step::Checkpoint),
            (Step::Commit, Step::Prepare),
        ] {
            let mut target = self.target()?;
            let start = Checkpoint::default();
            let once = self.run(target.as_mut(), start, &EPOCHS, Some((1, first))).await?;
            let twice = self.run(target.as_mut(), once, &[9, 20, 40], Some((1, second))).await?;
            self.finish(target.as_mut(), twice, &[40])
                .await
                .map_err(|error| format!("after crashes at {first} and {second}: {error}"))?;
        }
        Ok(())
    }

    async fn commit_is_idempotent(&self) -> Checked {
        let mut target = self.target()?;
        let mut sink = self.open(target.as_mut(), &Checkpoint::default()).await?;
        write(sink.as_mut(), 0..10).await?;
        let token = prepare(sink.as_mut(), 1, true).await?;
        for _ in 0..3 {
            sink.commit(token.clone()).await.map_err(|error| text(&error))?;
        }
        self.expect(target.as_mut(), 0..10)?;
        drop(sink);
        let checkpoint = Checkpoint { token: Some((Epoch(1), token.clone())), rows: 10 };
        for _ in 0..2 {
            let mut sink = self.open(target.as_mut(), &checkpoint).await?;
            sink.commit(token.clone()).await.map_err(|error| text(&error))?;
            drop(sink);
            self.expect(target.as_mut(), 0..10).map_err(|error| format!("in a new sink: {error}"))?;
        }
        Ok(())
    }

    /// A later run of the same pipeline adds its rows to those of the run that was complete.
    async fn goes_on_after_the_last_epoch(&self) -> Checked {
        let mut target = self.target()?;
        let complete = self.run(target.as_mut(), Checkpoint::default(), &[10], None).await?;
        let nothing_new = self.run(target.as_mut(), complete, &[10], None).await?;
        self.expect(target.as_mut(), 0..10)
            .map_err(|error| format!("after a run without new rows: {error}"))?;
        let crashed = self.run(target.as_mut(), nothing_new, &[15, 20], Some((0, Step::Checkpoint))).await?;
        self.finish(target.as_mut(), crashed, &[40]).await
    }

    async fn encoded_rows_are_written_rows(&self) -> Checked {
        let mut target = self.target()?;
        let Some(mut sink) = target.encoding_sink() else {
            return Ok(());
        };
        sink.open(self.start(&Checkpoint::default())).await.map_err(|error| text(&error))?;
        let encoder = sink.encoder();
        let mut written = 0;
        for range in [0..3, 3..4, 4..40] {
            let mut part = EncodedPart::default();
            let rows = batch(range)?;
            encoder.encode(&rows, &mut part.bytes).map_err(|error| text(&error))?;
            part.rows = rows.num_rows() as u64;
            written += sink.write_encoded(&part).await.map_err(|error| text(&error))?.rows;
        }
        if written != 40 {
            return Err(format!("40 rows were given, {written} reported"));
        }
        let info = info(true);
        let token = sink.prepare(Epoch(1), &info).await.map_err(|error| text(&error))?;
        sink.commit(token).await.map_err(|error| text(&error))?;
        self.expect(target.as_mut(), 0..40)
    }

    /// Plays the engine from `checkpoint` on, with epochs that end at `ends`, until the last or until `crash`.
    async fn run(
        &self,
        target: &mut dyn SinkTarget,
        checkpoint: Checkpoint,
        ends: &[i64],
        crash: Option<(usize, Step)>,
    ) -> Result<Checkpoint, String> {
        let mut kept = checkpoint;
        let mut sink = self.open(target, &kept).await?;
        let ends: Vec<i64> = ends.iter().map(|end| *end.max(&kept.rows)).collect();
        for (index, end) in ends.iter().enumerate() {
            let crashes = |step| crash == Some((index, step));
            write(sink.as_mut(), kept.rows..*end).await?;
            if crashes(Step::Write) {
                return Ok(kept);
            }
            let epoch = kept.token.as_ref().map_or(1, |(epoch, _)| epoch.0 + 1);
            let token = prepare(sink.as_mut(), epoch, index + 1 == ends.len()).await?;
            if crashes(Step::Prepare) {
                return Ok(kept);
            }
            kept = Checkpoint { token: Some((Epoch(epoch), through_text(&token)?)), rows: *end };
            if crashes(Step::Checkpoint) {
                return Ok(kept);
            }
            sink.commit(token).await.map_err(|error| text(&error))?;
            if crashes(Step::Commit) {
                return Ok(kept);
            }
        }
        Ok(kept)
    }

    async fn finish(&self, target: &mut dyn SinkTarget, from: Checkpoint, ends: &[i64]) -> Checked {
        self.run(target, from, ends, None).await?;
        self.expect(target, 0..40)
    }

    fn target(&self) -> Result<Box<dyn SinkTarget>, String> {
        self.harness.target(self.bounded).ok_or_else(|| "the harness gave no target".to_owned())
    }

    fn start(&self, from: &Checkpoint) -> SinkStart {
        SinkStart {
            pipeline: "conformance".into(),
            schema: schema(),
            bounded: self.bounded,
            resume: from.token.clone(),
            replaced: false,
            restart: false,
        }
    }

    async fn open(&self, target: &mut dyn SinkTarget, from: &Checkpoint) -> Result<Box<dyn Sink>, String> {
        let mut sink = target.sink();
        sink.open(self.start(from)).await.map_err(|error| text(&error))?;
        Ok(sink)
    }

    /// Whether a reader sees these rows: each exactly once and in order, or at least once.
    fn expect(&self, target: &mut dyn SinkTarget, range: std::ops::Range<i64>) -> Checked {
        let Some(found) = target.visible().map_err(|error| text(&error))? else {
            return Err(format!("nothing was published, expected the rows {range:?}"));
        };
        if self.exactly_once {
            return same_rows(&found, &[batch(range)?], &schema());
        }
        let mut ids = BTreeSet::new();
        for batch in &found {
            let column = batch.column(0).as_primitive_opt::<Int64Type>().ok_or("the ids are no integers")?;
            ids.extend(column.values());
        }
        if ids == range.clone().collect() {
            return Ok(());
        }
        Err(format!("ids {ids:?}, expected {range:?}"))
    }
}

fn expect_nothing(target: &mut dyn SinkTarget, when: &str) -> Checked {
    let found = target.visible().map_err(|error| text(&error))?.unwrap_or_default();
    match found.iter().map(RecordBatch::num_rows).sum::<usize>() {
        0 => Ok(()),
        rows => Err(format!("{rows} rows are visible {when}")),
    }
}

async fn write(sink: &mut dyn Sink, range: std::ops::Range<i64>) -> Checked {
    // Two chunks, so that chunk borders and epoch borders are not the same.
    let middle = range.start + (range.end - range.start) / 3;
    for part in [range.start..middle, middle..range.end] {
        let rows = batch(part)?;
        let count = rows.num_rows() as u64;
        let chunk = Chunk::new("conformance".into(), range.start as u64, 0, rows);
        let report = sink.write(chunk).await.map_err(|error| text(&error))?;
        if report.rows != count {
            return Err(format!("{count} rows were written, {} reported", report.rows));
        }
    }
    Ok(())
}

async fn prepare(sink: &mut dyn Sink, epoch: u64, last: bool) -> Result<PreCommit, String> {
    sink.prepare(Epoch(epoch), &info(last)).await.map_err(|error| text(&error))
}

fn info(last: bool) -> EpochInfo {
    EpochInfo {
        last,
        generation: None,
        bookmarks: vec![("source".into(), Bookmark(serde_json::json!({"row": 1})))],
        at: 0,
    }
}

fn batch(range: std::ops::Range<i64>) -> Result<RecordBatch, String> {
    rows(range).map_err(|error| error.to_string())
}

/// A token as it comes back from a checkpoint.
fn through_text(token: &PreCommit) -> Result<PreCommit, String> {
    let json = serde_json::to_string(token).map_err(|error| error.to_string())?;
    serde_json::from_str(&json).map_err(|error| error.to_string())
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Write => "write",
            Self::Prepare => "prepare",
            Self::Checkpoint => "checkpoint",
            Self::Commit => "commit",
        })
    }
}
