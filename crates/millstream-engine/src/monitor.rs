//! What a run counts about itself, readable while it runs: the one place where numbers come from, for the report,
//! the status page, the progress bars and the metrics.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use millstream_core::Delivery;

use crate::channel::{ChannelStats, PausedProducers};

/// A number that goes up, mirrored in a Prometheus counter.
pub struct Count {
    value: AtomicU64,
    metric: metrics::Counter,
}

impl Count {
    fn new(metric: metrics::Counter) -> Self {
        Self { value: AtomicU64::new(0), metric }
    }

    /// Adds `n`.
    pub fn add(&self, n: u64) {
        if n > 0 {
            self.value.fetch_add(n, Ordering::Relaxed);
            self.metric.increment(n);
        }
    }

    /// Adds a duration, in microseconds.
    pub fn add_time(&self, duration: Duration) {
        self.add(duration.as_micros() as u64);
    }

    /// The sum so far.
    pub fn get(&self) -> u64 {
        self.value.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.get().fmt(f)
    }
}

/// Counters of a source.
#[derive(Debug)]
pub struct SourceMonitor {
    /// Its name.
    pub name: String,
    /// Rows read or made, rejected ones included.
    pub rows: Count,
    /// Bytes of input.
    pub bytes: Count,
    /// Rows that did not decode.
    pub rejected: Count,
    /// Time that workers spent decoding, in microseconds.
    pub decode_micros: Count,
    /// Time spent waiting for the source, in microseconds.
    pub wait_micros: Count,
    /// Whether it has ended.
    pub ended: AtomicBool,
}

/// Counters of a stateless operator or a stateful one.
#[derive(Debug)]
pub struct OperatorMonitor {
    /// The name of the stream that it makes.
    pub name: String,
    /// What it does: `filter`, `set`.
    pub kind: String,
    /// Rows in.
    pub rows_in: Count,
    /// Rows out.
    pub rows_out: Count,
    /// Rows left out on purpose.
    pub filtered: Count,
    /// Rows that failed.
    pub rejected: Count,
    /// Time spent, in microseconds.
    pub micros: Count,
}

/// Counters of a sink.
#[derive(Debug)]
pub struct SinkMonitor {
    /// Its name.
    pub name: String,
    /// The streams that end there.
    pub streams: Vec<String>,
    /// What it promises.
    pub delivery: Delivery,
    /// Rows written.
    pub rows: Count,
    /// Rows that are visible to readers.
    pub committed: Count,
    /// Bytes written.
    pub bytes: Count,
    /// Rows that the sink refused one by one.
    pub rejected: Count,
    /// Time that workers spent encoding, in microseconds.
    pub encode_micros: Count,
    /// Time spent writing, in microseconds.
    pub write_micros: Count,
    /// Time spent waiting for rows, in microseconds.
    pub wait_micros: Count,
    /// Time spent preparing and committing, in microseconds.
    pub commit_micros: Count,
}

/// Counters of an edge.
#[derive(Debug)]
pub struct EdgeMonitor {
    /// `orders -> lake`
    pub name: String,
    /// The sink at its end, as an index into [`Monitor::sinks`]; `None` if an operator is there.
    pub sink: Option<usize>,
    /// Its policy's name.
    pub policy: &'static str,
    /// Its counters.
    pub stats: Arc<ChannelStats>,
}

/// The state of a run (S-7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// Not started.
    Idle,
    /// Rows flow.
    Active,
    /// A producer waits for a slow consumer.
    Paused,
    /// All sources ended and every row has its accounted fate.
    Completed,
    /// It failed.
    Error,
    /// It was stopped, and everything up to the stop is committed.
    Stopped,
}

impl Status {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Error => "error",
            Self::Stopped => "stopped",
        }
    }

    fn from_code(code: u8) -> Self {
        [Self::Idle, Self::Active, Self::Paused, Self::Completed, Self::Error, Self::Stopped]
            .into_iter()
            .find(|status| *status as u8 == code)
            .unwrap_or(Self::Error)
    }
}

/// Everything that a run counts.
#[derive(Debug)]
pub struct Monitor {
    /// The name of the pipeline.
    pub pipeline: String,
    /// Sources, in the order of the graph.
    pub sources: Vec<Arc<SourceMonitor>>,
    /// Operators, in the order of the graph.
    pub operators: Vec<Arc<OperatorMonitor>>,
    /// Sinks, in commit order; the dead-letter sink is the last, if there is one.
    pub sinks: Vec<Arc<SinkMonitor>>,
    /// Edges.
    pub edges: OnceLock<Vec<EdgeMonitor>>,
    /// Whether the last sink takes dead letters.
    pub has_dead_letter: bool,
    /// Rows that the policy `skip` left behind.
    pub skipped: Count,
    /// Calls that were repeated.
    pub retried: Count,
    /// Epochs committed by this run.
    pub epochs: Count,
    /// The number of the last committed epoch.
    pub epoch: AtomicU64,
    /// When the last epoch was committed, in microseconds since the Unix epoch; 0 if none was.
    pub committed_at: AtomicI64,
    /// How long the run has been going on, in microseconds, as of the last event.
    pub elapsed_micros: AtomicU64,
    pub(crate) paused: PausedProducers,
    status: AtomicU8,
}

impl Monitor {
    pub(crate) fn new(
        pipeline: &str,
        sources: &[String],
        operators: &[(String, String)],
        sinks: &[(String, Vec<String>, Delivery)],
        has_dead_letter: bool,
    ) -> Self {
        let count = |metric: &'static str, label: &'static str, name: &str| {
            Count::new(metrics::counter!(metric, "pipeline" => pipeline.to_owned(), label => name.to_owned()))
        };
        let whole =
            |metric: &'static str| Count::new(metrics::counter!(metric, "pipeline" => pipeline.to_owned()));
        crate::metric_names::describe();
        Self {
            pipeline: pipeline.to_owned(),
            sources: sources
                .iter()
                .map(|name| {
                    Arc::new(SourceMonitor {
                        name: name.clone(),
                        rows: count("millstream_source_rows_total", "source", name),
                        bytes: count("millstream_source_bytes_total", "source", name),
                        rejected: count("millstream_source_rejected_rows_total", "source", name),
                        decode_micros: count("millstream_source_decode_microseconds_total", "source", name),
                        wait_micros: count("millstream_source_wait_microseconds_total", "source", name),
                        ended: AtomicBool::new(false),
                    })
                })
                .collect(),
            operators: operators
                .iter()
                .map(|(name, kind)| {
                    Arc::new(OperatorMonitor {
                        name: name.clone(),
                        kind: kind.clone(),
                        rows_in: count("millstream_operator_input_rows_total", "stream", name),
                        rows_out: count("millstream_operator_output_rows_total", "stream", name),
                        filtered: count("millstream_operator_filtered_rows_total", "stream", name),
                        rejected: count("millstream_operator_rejected_rows_total", "stream", name),
                        micros: count("millstream_operator_microseconds_total", "stream", name),
                    })
                })
                .collect(),
            sinks: sinks
                .iter()
                .map(|(name, streams, delivery)| {
                    Arc::new(SinkMonitor {
                        name: name.clone(),
                        streams: streams.clone(),
                        delivery: delivery.clone(),
                        rows: count("millstream_sink_rows_total", "sink", name),
                        committed: count("millstream_sink_committed_rows_total", "sink", name),
                        bytes: count("millstream_sink_bytes_total", "sink", name),
                        rejected: count("millstream_sink_rejected_rows_total", "sink", name),
                        encode_micros: count("millstream_sink_encode_microseconds_total", "sink", name),
                        write_micros: count("millstream_sink_write_microseconds_total", "sink", name),
                        wait_micros: count("millstream_sink_wait_microseconds_total", "sink", name),
                        commit_micros: count("millstream_sink_commit_microseconds_total", "sink", name),
                    })
                })
                .collect(),
            edges: OnceLock::new(),
            has_dead_letter,
            skipped: whole("millstream_skipped_rows_total"),
            retried: whole("millstream_retries_total"),
            epochs: whole("millstream_epochs_total"),
            epoch: AtomicU64::new(0),
            committed_at: AtomicI64::new(0),
            elapsed_micros: AtomicU64::new(0),
            paused: PausedProducers::default(),
            status: AtomicU8::new(Status::Idle as u8),
        }
    }

    /// The state of the run.
    pub fn status(&self) -> Status {
        match Status::from_code(self.status.load(Ordering::Relaxed)) {
            Status::Active if self.paused.count() > 0 => Status::Paused,
            status => status,
        }
    }

    pub(crate) fn set_status(&self, status: Status) {
        self.status.store(status as u8, Ordering::Relaxed);
    }

    /// Rows that the policies of edges dropped.
    pub fn dropped(&self) -> u64 {
        self.edges().iter().map(|edge| edge.stats.dropped.load(Ordering::Relaxed)).sum()
    }

    /// Rows that were rejected anywhere.
    pub fn rejected(&self) -> u64 {
        let sources = self.sources.iter().map(|source| source.rejected.get());
        let operators = self.operators.iter().map(|operator| operator.rejected.get());
        let sinks = self.sinks.iter().map(|sink| sink.rejected.get());
        sources.chain(operators).chain(sinks).sum()
    }

    /// The edges; empty before the run has started.
    pub fn edges(&self) -> &[EdgeMonitor] {
        self.edges.get().map_or(&[], Vec::as_slice)
    }

    /// Mirrors what changes in both directions (queue depths, drops) into the metrics. Called before they are read.
    pub fn publish_gauges(&self) {
        for edge in self.edges() {
            let label = |metric: &'static str| metrics::gauge!(metric, "pipeline" => self.pipeline.clone(), "edge" => edge.name.clone());
            label("millstream_edge_depth_rows").set(edge.stats.depth.load(Ordering::Relaxed) as f64);
            metrics::counter!("millstream_edge_dropped_rows_total", "pipeline" => self.pipeline.clone(), "edge" => edge.name.clone(), "reason" => edge.policy)
                .absolute(edge.stats.dropped.load(Ordering::Relaxed));
        }
        metrics::gauge!("millstream_epoch", "pipeline" => self.pipeline.clone())
            .set(self.epoch.load(Ordering::Relaxed) as f64);
        metrics::gauge!("millstream_paused_producers", "pipeline" => self.pipeline.clone())
            .set(self.paused.count() as f64);
    }
}
