//! A source of numbers, a transactional sink, and ways to make both fail.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use async_trait::async_trait;
use millstream_core::{
    Bookmark, Boundary, Chunk, Clock, Decode, Decoded, Delivery, Epoch, EpochInfo, Error, Output, Payload,
    PreCommit, Processor, Pull, RejectedRow, Result, RowErrorKind, SimulatedClock, Sink, SinkStart, Snapshot,
    Source, StateStore, StreamSchema, Transform, Watermark, Work, WriteReport,
};
use millstream_engine::{MemoryStore, RunOptions};
use serde_json::json;

pub fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]))
}

pub fn numbers(values: impl IntoIterator<Item = i64>) -> RecordBatch {
    let array: ArrayRef = Arc::new(Int64Array::from_iter_values(values));
    RecordBatch::try_new(schema(), vec![array]).unwrap()
}

pub fn values(batch: &RecordBatch) -> Vec<i64> {
    batch.column(0).as_primitive::<Int64Type>().values().to_vec()
}

/// 0, 1, 2 … in chunks; multiples of `reject` do not decode; fails for good at `fail_at`.
pub struct Numbers {
    pub name: &'static str,
    pub total: i64,
    pub chunk: i64,
    pub next: i64,
    pub reject: Option<i64>,
    pub fail_at: Option<i64>,
    /// Errors that are worth a retry, still to come.
    pub hiccups: u32,
    /// Ends an epoch each so many rows, and nowhere else.
    pub boundary: Option<i64>,
    pub boundary_due: bool,
    pub bounded: bool,
    pub schema: SchemaRef,
    pub acknowledged: Arc<AtomicI64>,
}

impl Numbers {
    pub fn new(total: i64, chunk: i64) -> Self {
        Self {
            name: "numbers",
            total,
            chunk,
            next: 0,
            reject: None,
            fail_at: None,
            hiccups: 0,
            boundary: None,
            boundary_due: false,
            bounded: true,
            schema: schema(),
            acknowledged: Arc::default(),
        }
    }
}

#[derive(Debug)]
struct Slow {
    batch: RecordBatch,
    rejected: Vec<RejectedRow>,
    spin: u64,
}

impl Decode for Slow {
    fn decode(self: Box<Self>) -> Result<Decoded> {
        // Jobs of unequal length, so that they finish out of order.
        let mut x = self.spin;
        for _ in 0..(self.spin % 7) * 3000 {
            x = std::hint::black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
        std::hint::black_box(x);
        Ok(Decoded {
            input_bytes: self.batch.num_rows() as u64 * 8,
            batch: self.batch,
            rejected: self.rejected,
        })
    }
}

#[async_trait]
impl Source for Numbers {
    fn streams(&self) -> Vec<StreamSchema> {
        vec![StreamSchema {
            name: self.name.into(),
            schema: self.schema.clone(),
            bounded: self.bounded,
            replaced: false,
            origin: "declared".into(),
        }]
    }

    async fn open(&mut self, from: Option<Bookmark>) -> Result<()> {
        self.next = from.map_or(0, |bookmark| bookmark.0["next"].as_i64().unwrap());
        Ok(())
    }

    async fn next(&mut self) -> Result<Pull> {
        if self.hiccups > 0 {
            self.hiccups -= 1;
            return Err(Error::source("hiccup").retryable(None));
        }
        if std::mem::take(&mut self.boundary_due) {
            return Ok(Pull::Boundary);
        }
        if self.fail_at.is_some_and(|at| self.next >= at) {
            return Err(Error::source("the well is dry"));
        }
        if self.next >= self.total {
            if self.bounded {
                return Ok(Pull::End);
            }
            return std::future::pending().await;
        }
        let mut end = (self.next + self.chunk).min(self.total);
        let mut boundary = Boundary::Allowed;
        if let Some(every) = self.boundary {
            end = end.min((self.next / every + 1) * every);
            self.boundary_due = end % every == 0;
            boundary = if self.boundary_due { Boundary::Allowed } else { Boundary::Forbidden };
        }
        let is_rejected = |n: &i64| self.reject.is_some_and(|every| n % every == 0);
        let rejected = (self.next..end)
            .enumerate()
            .filter(|(_, n)| is_rejected(n))
            .map(|(index, n)| RejectedRow {
                kind: RowErrorKind::Parse,
                message: format!("numbers:{n}: unlucky"),
                row_index: index as u64,
                payload: Payload::Raw(n.to_string().into_bytes()),
            })
            .collect();
        let batch = numbers((self.next..end).filter(|n| !is_rejected(n)));
        let spin = self.next as u64;
        self.next = end;
        Ok(Pull::Work(Work {
            stream: 0,
            decode: Box::new(Slow { batch, rejected, spin }),
            bytes: 8,
            boundary,
        }))
    }

    fn bookmark(&self) -> Bookmark {
        Bookmark(json!({ "next": self.next }))
    }

    async fn committed(&mut self, upto: &Bookmark) -> Result<()> {
        self.acknowledged.store(upto.0["next"].as_i64().unwrap(), Ordering::Relaxed);
        Ok(())
    }
}

/// Where a sink falls over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Write(usize),
    Prepare(u64),
    BeforeCommit(u64),
    AfterCommit(u64),
}

/// What survives a crash: rows that were prepared (durable but invisible) and rows that are visible.
#[derive(Debug, Default)]
pub struct Disk {
    pub staged: BTreeMap<u64, Vec<i64>>,
    pub visible: BTreeMap<u64, Vec<i64>>,
    pub log: Vec<String>,
}

impl Disk {
    pub fn rows(&self) -> Vec<i64> {
        self.visible.values().flatten().copied().collect()
    }
}

pub struct Table {
    pub name: &'static str,
    pub disk: Arc<Mutex<Disk>>,
    pub fault: Option<Fault>,
    pub hiccups: u32,
    pub reject: Option<i64>,
    pub gate: Option<Arc<tokio::sync::Semaphore>>,
    pub buffer: Vec<i64>,
    pub writes: usize,
}

impl Table {
    pub fn new(disk: &Arc<Mutex<Disk>>) -> Self {
        Self {
            name: "table",
            disk: disk.clone(),
            fault: None,
            hiccups: 0,
            reject: None,
            gate: None,
            buffer: Vec::new(),
            writes: 0,
        }
    }

    fn publish(&self, epoch: u64) {
        let mut disk = self.disk.lock().unwrap();
        if let Some(rows) = disk.staged.remove(&epoch) {
            disk.visible.insert(epoch, rows);
        }
        disk.log.push(format!("{} commit {epoch}", self.name));
    }
}

#[async_trait]
impl Sink for Table {
    async fn open(&mut self, start: SinkStart) -> Result<()> {
        if let Some((epoch, token)) = start.resume {
            assert_eq!(token.0, json!({ "epoch": epoch.0 }));
            self.publish(epoch.0);
        }
        self.disk.lock().unwrap().staged.clear();
        Ok(())
    }

    async fn write(&mut self, chunk: Chunk) -> Result<WriteReport> {
        if let Some(gate) = &self.gate {
            gate.acquire().await.unwrap().forget();
        }
        if self.hiccups > 0 {
            self.hiccups -= 1;
            return Err(Error::sink("timeout").retryable(Some(Duration::from_millis(1))));
        }
        self.writes += 1;
        if self.fault == Some(Fault::Write(self.writes)) {
            return Err(Error::sink("disk full").hint("free some space"));
        }
        let mut report = WriteReport::default();
        for (index, n) in values(&chunk.batch).into_iter().enumerate() {
            if self.reject.is_some_and(|every| n % every == 0) {
                report.rejected.push(RejectedRow {
                    kind: RowErrorKind::Sink,
                    message: format!("{n} violates a rule"),
                    row_index: index as u64,
                    payload: Payload::Row(format!("{{\"n\":{n}}}")),
                });
            } else {
                self.buffer.push(n);
                report.rows += 1;
            }
        }
        Ok(report)
    }

    async fn prepare(&mut self, epoch: Epoch, _: &EpochInfo) -> Result<PreCommit> {
        if self.fault == Some(Fault::Prepare(epoch.0)) {
            return Err(Error::sink("lost the connection"));
        }
        let mut disk = self.disk.lock().unwrap();
        disk.log.push(format!("{} prepare {epoch}", self.name));
        disk.staged.insert(epoch.0, std::mem::take(&mut self.buffer));
        Ok(PreCommit(json!({ "epoch": epoch.0 })))
    }

    async fn commit(&mut self, token: PreCommit) -> Result<()> {
        let epoch = token.0["epoch"].as_u64().unwrap();
        if self.fault == Some(Fault::BeforeCommit(epoch)) {
            return Err(Error::sink("power cut"));
        }
        self.publish(epoch);
        if self.fault == Some(Fault::AfterCommit(epoch)) {
            return Err(Error::sink("power cut"));
        }
        Ok(())
    }

    fn delivery(&self) -> Delivery {
        Delivery::exactly_once("test")
    }
}

/// A sink that keeps whole batches, for any schema.
#[derive(Default, Clone)]
pub struct Batches(pub Arc<Mutex<Vec<Chunk>>>);

#[async_trait]
impl Sink for Batches {
    async fn open(&mut self, _: SinkStart) -> Result<()> {
        Ok(())
    }
    async fn write(&mut self, chunk: Chunk) -> Result<WriteReport> {
        let rows = chunk.rows() as u64;
        self.0.lock().unwrap().push(chunk);
        Ok(WriteReport { rows, ..WriteReport::default() })
    }
    async fn prepare(&mut self, _: Epoch, _: &EpochInfo) -> Result<PreCommit> {
        Ok(PreCommit(json!(null)))
    }
    async fn commit(&mut self, _: PreCommit) -> Result<()> {
        Ok(())
    }
    fn delivery(&self) -> Delivery {
        Delivery::at_least_once("test")
    }
}

/// Keeps the even numbers, and fails on multiples of `reject`.
pub struct Even {
    pub reject: Option<i64>,
}

impl Transform for Even {
    fn name(&self) -> &'static str {
        "even"
    }
    fn schema(&self) -> SchemaRef {
        schema()
    }
    fn apply(&self, batch: RecordBatch, rejected: &mut Vec<RejectedRow>) -> Result<RecordBatch> {
        let mut kept = Vec::new();
        for (index, n) in values(&batch).into_iter().enumerate() {
            if self.reject.is_some_and(|every| n % every == 0) {
                rejected.push(RejectedRow {
                    kind: RowErrorKind::Transform,
                    message: format!("{n} is odd in its own way"),
                    row_index: index as u64,
                    payload: Payload::Row(format!("{{\"n\":{n}}}")),
                });
            } else if n % 2 == 0 {
                kept.push(n);
            }
        }
        Ok(numbers(kept))
    }
}

/// A running sum over all inputs: an operator with state.
#[derive(Default)]
pub struct RunningSum {
    sum: i64,
    ended: Arc<AtomicBool>,
}

impl RunningSum {
    pub fn new(ended: &Arc<AtomicBool>) -> Self {
        Self { sum: 0, ended: ended.clone() }
    }
}

impl Processor for RunningSum {
    fn process(&mut self, _: usize, chunk: Chunk, out: &mut Output) -> Result<()> {
        let sums = values(&chunk.batch).into_iter().map(|n| {
            self.sum += n;
            self.sum
        });
        out.batches.push(numbers(sums));
        Ok(())
    }
    fn on_watermark(&mut self, watermark: Watermark, _: &mut Output) -> Result<()> {
        assert_eq!(watermark, Watermark::END);
        assert!(!self.ended.swap(true, Ordering::Relaxed), "the end comes once");
        Ok(())
    }
    fn snapshot(&mut self) -> Result<Snapshot> {
        Ok(Snapshot(self.sum.to_le_bytes().to_vec()))
    }
    fn restore(&mut self, snapshot: Snapshot) -> Result<()> {
        self.sum = i64::from_le_bytes(snapshot.0.try_into().unwrap());
        Ok(())
    }
}

pub fn options(store: &MemoryStore, parallelism: usize) -> RunOptions {
    let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::new(0));
    let state: Arc<dyn StateStore> = Arc::new(store.clone());
    RunOptions {
        clock,
        state,
        fingerprint: "test".into(),
        checkpoint_interval: None,
        parallelism: NonZeroUsize::new(parallelism).unwrap(),
        ..RunOptions::default()
    }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
