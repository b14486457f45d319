//! Running a graph: set-up, the tasks, and the coordinator that commits epochs.

mod coordinator;
mod dispatch;
mod operator;
mod parcel;
mod rejection;
mod segment;
mod setup;
mod sink;
mod source;
mod workers;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use millstream_core::{Clock, Error, Result, StateStore};
use tokio_util::sync::CancellationToken;

use crate::clock::SystemClock;
use crate::graph::Graph;
use crate::monitor::{Monitor, Status};
use crate::report::RunReport;
use crate::retry::RetryPolicy;
use crate::state::MemoryStore;

/// What happens to a rejected row when there is no dead-letter sink (S-20).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// The run fails at the first one.
    #[default]
    Fail,
    /// It is counted and left behind.
    Skip,
}

/// How a graph is run.
#[derive(Clone)]
pub struct RunOptions {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where checkpoints live.
    pub state: Arc<dyn StateStore>,
    /// What the graph was made of; a checkpoint of another graph is refused.
    pub fingerprint: String,
    /// How often an epoch is committed; only at the end (and where a source asks for it) if `None`.
    pub checkpoint_interval: Option<Duration>,
    /// How many workers decode, transform and encode.
    pub parallelism: NonZeroUsize,
    /// What happens to rejected rows.
    pub on_error: OnError,
    /// How calls are repeated.
    pub retry: RetryPolicy,
    /// The memory that rows on their way may hold, in bytes.
    pub memory_limit: Option<usize>,
    /// Forget the checkpoint and start over.
    pub restart: bool,
    /// Cancel it for a graceful stop: what was read is drained and committed (S-14).
    pub stop: CancellationToken,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock::new()),
            state: Arc::new(MemoryStore::new()),
            fingerprint: String::new(),
            checkpoint_interval: Some(Duration::from_secs(10)),
            parallelism: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            on_error: OnError::Fail,
            retry: RetryPolicy::default(),
            memory_limit: None,
            restart: false,
            stop: CancellationToken::new(),
        }
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// The account, also of a run that failed.
    pub report: RunReport,
    /// The error, if it failed.
    pub result: Result<()>,
    /// Whether an earlier run had completed and there was nothing new; when it had, in microseconds since the epoch.
    pub nothing_new_since: Option<i64>,
}

/// Runs a graph until its sources end, it is stopped, or it fails.
pub async fn run(graph: Graph, options: RunOptions) -> Outcome {
    let monitor = graph.monitor.clone();
    monitor.set_status(Status::Active);
    let started = options.clock.elapsed();
    let stop = options.stop.clone();
    let clock = options.clock.clone();
    let ended = run_to_end(graph, options).await;
    monitor.elapsed_micros.store(
        (clock.elapsed().saturating_sub(started)).as_micros() as u64,
        std::sync::atomic::Ordering::Relaxed,
    );
    let ended = ended.and_then(|nothing_new| account(&monitor).map(|()| nothing_new));
    let status = match &ended {
        Ok(_) if all_ended(&monitor) => Status::Completed,
        Ok(_) if stop.is_cancelled() => Status::Stopped,
        Ok(_) | Err(_) => Status::Error,
    };
    monitor.set_status(status);
    let mut report = RunReport::of(&monitor);
    report.set_status(status);
    match ended {
        Ok(nothing_new_since) => Outcome { report, result: Ok(()), nothing_new_since },
        Err(error) => {
            report.error = Some(error.to_string());
            Outcome { report, result: Err(error), nothing_new_since: None }
        }
    }
}

async fn run_to_end(graph: Graph, options: RunOptions) -> Result<Option<i64>> {
    let prepared = setup::prepare(graph, &options).await?;
    coordinator::coordinate(prepared, options).await
}

fn all_ended(monitor: &Monitor) -> bool {
    monitor.sources.iter().all(|source| source.ended.load(std::sync::atomic::Ordering::Relaxed))
}

/// Every row has exactly one fate, and the counts add up (S-24).
fn account(monitor: &Monitor) -> Result<()> {
    use std::sync::atomic::Ordering::Relaxed;
    for edge in monitor.edges() {
        let stats = &edge.stats;
        let (offered, delivered, dropped) =
            (stats.offered.load(Relaxed), stats.delivered.load(Relaxed), stats.dropped.load(Relaxed));
        if offered != delivered + dropped {
            return Err(Error::internal(format!(
                "rows went missing on the edge {}: {offered} in, {delivered} out, {dropped} dropped",
                edge.name
            )));
        }
    }
    for (index, sink) in monitor.sinks.iter().enumerate() {
        let delivered: u64 = monitor
            .edges()
            .iter()
            .filter(|edge| edge.sink == Some(index))
            .map(|edge| edge.stats.delivered.load(Relaxed))
            .sum();
        let (written, rejected) = (sink.rows.get(), sink.rejected.get());
        if delivered != written + rejected {
            return Err(Error::internal(format!(
                "rows went missing in the sink {}: {delivered} in, {written} written, {rejected} rejected",
                sink.name
            )));
        }
        if written != sink.committed.get() {
            return Err(Error::internal(format!(
                "the sink {} wrote {written} rows and committed {}",
                sink.name,
                sink.committed.get()
            )));
        }
    }
    Ok(())
}
