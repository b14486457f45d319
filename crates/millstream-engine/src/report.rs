//! The account of a run, for people and for programs.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use serde::Serialize;

use crate::monitor::{Monitor, Status};

/// What a run did. All times are in seconds, all sizes in bytes.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// The name of the pipeline.
    pub pipeline: String,
    /// `completed`, `stopped` or `error`; while it runs also `idle`, `active` or `paused`.
    pub status: &'static str,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The number of the last committed epoch.
    pub epoch: u64,
    /// Epochs committed by this run.
    pub epochs: u64,
    /// How long it took.
    pub duration_seconds: f64,
    /// Sources.
    pub sources: Vec<SourceReport>,
    /// Operators.
    pub operators: Vec<OperatorReport>,
    /// Sinks.
    pub sinks: Vec<SinkReport>,
    /// Edges.
    pub edges: Vec<EdgeReport>,
    /// Sums.
    pub totals: Totals,
    /// The most memory that the process ever held.
    pub peak_memory_bytes: u64,
    /// The CPU time of the process, user and system.
    pub cpu_seconds: f64,
}

/// Sums over the whole graph, in rows.
#[derive(Debug, Clone, Serialize)]
pub struct Totals {
    /// Rows read or made.
    pub rows_in: u64,
    /// Rows written, over all sinks but the dead-letter sink.
    pub rows_out: u64,
    /// Rows left out on purpose.
    pub filtered: u64,
    /// Rows that policies of edges dropped.
    pub dropped: u64,
    /// Rows in the dead-letter sink.
    pub dead: u64,
    /// Rejected rows that were skipped.
    pub skipped: u64,
    /// Calls that were repeated.
    pub retried: u64,
}

/// A source's part.
#[derive(Debug, Clone, Serialize)]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// Rows, rejected ones included.
    pub rows: u64,
    /// Bytes of input.
    pub bytes: u64,
    /// Rows that did not decode.
    pub rejected: u64,
    /// Time that workers spent decoding.
    pub decode_seconds: f64,
    /// Time spent waiting for the source.
    pub wait_seconds: f64,
    /// Whether it has ended.
    pub ended: bool,
}

/// An operator's part.
#[derive(Debug, Clone, Serialize)]
pub struct OperatorReport {
    /// The stream that it makes.
    pub name: String,
    /// What it does.
    pub kind: String,
    /// Rows in.
    pub rows_in: u64,
    /// Rows out.
    pub rows_out: u64,
    /// Rows left out on purpose.
    pub filtered: u64,
    /// Rows on which it failed.
    pub rejected: u64,
    /// Time that it took.
    pub seconds: f64,
}

/// A sink's part.
#[derive(Debug, Clone, Serialize)]
pub struct SinkReport {
    /// Its name.
    pub name: String,
    /// The stream, or the streams joined by commas.
    pub stream: String,
    /// `exactly-once` or `at-least-once`.
    pub delivery: &'static str,
    /// Rows written.
    pub rows: u64,
    /// Rows visible to readers.
    pub committed: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Rows refused.
    pub rejected: u64,
    /// Time that workers spent encoding.
    pub encode_seconds: f64,
    /// Time spent writing.
    pub write_seconds: f64,
    /// Time spent waiting for rows.
    pub wait_seconds: f64,
    /// Time spent preparing and committing.
    pub commit_seconds: f64,
}

/// An edge's part.
#[derive(Debug, Clone, Serialize)]
pub struct EdgeReport {
    /// `orders -> lake`
    pub name: String,
    /// Its backpressure policy.
    pub policy: &'static str,
    /// Rows offered.
    pub offered: u64,
    /// Rows delivered.
    pub delivered: u64,
    /// Rows dropped.
    pub dropped: u64,
    /// Rows waiting now.
    pub depth: u64,
    /// The most rows that ever waited.
    pub peak: u64,
    /// How often the producer was paused.
    pub pauses: u64,
}

fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

impl RunReport {
    /// The account as it stands now.
    pub fn of(monitor: &Monitor) -> Self {
        let sinks: Vec<SinkReport> = monitor
            .sinks
            .iter()
            .map(|sink| SinkReport {
                name: sink.name.clone(),
                stream: sink.streams.join(","),
                delivery: sink.delivery.name(),
                rows: sink.rows.get(),
                committed: sink.committed.get(),
                bytes: sink.bytes.get(),
                rejected: sink.rejected.get(),
                encode_seconds: seconds(sink.encode_micros.get()),
                write_seconds: seconds(sink.write_micros.get()),
                wait_seconds: seconds(sink.wait_micros.get()),
                commit_seconds: seconds(sink.commit_micros.get()),
            })
            .collect();
        let live = if monitor.has_dead_letter { sinks.len() - 1 } else { sinks.len() };
        let process = ProcessUsage::read();
        Self {
            pipeline: monitor.pipeline.clone(),
            status: monitor.status().name(),
            error: None,
            epoch: monitor.epoch.load(Ordering::Relaxed),
            epochs: monitor.epochs.get(),
            duration_seconds: seconds(monitor.elapsed_micros.load(Ordering::Relaxed)),
            totals: Totals {
                rows_in: monitor.sources.iter().map(|source| source.rows.get()).sum(),
                rows_out: sinks[..live].iter().map(|sink| sink.rows).sum(),
                filtered: monitor.operators.iter().map(|operator| operator.filtered.get()).sum(),
                dropped: monitor.dropped(),
                dead: sinks[live..].iter().map(|sink| sink.rows).sum(),
                skipped: monitor.skipped.get(),
                retried: monitor.retried.get(),
            },
            sources: monitor
                .sources
                .iter()
                .map(|source| SourceReport {
                    name: source.name.clone(),
                    rows: source.rows.get(),
                    bytes: source.bytes.get(),
                    rejected: source.rejected.get(),
                    decode_seconds: seconds(source.decode_micros.get()),
                    wait_seconds: seconds(source.wait_micros.get()),
                    ended: source.ended.load(Ordering::Relaxed),
                })
                .collect(),
            operators: monitor
                .operators
                .iter()
                .map(|operator| OperatorReport {
                    name: operator.name.clone(),
                    kind: operator.kind.clone(),
                    rows_in: operator.rows_in.get(),
                    rows_out: operator.rows_out.get(),
                    filtered: operator.filtered.get(),
                    rejected: operator.rejected.get(),
                    seconds: seconds(operator.micros.get()),
                })
                .collect(),
            sinks,
            edges: monitor
                .edges()
                .iter()
                .map(|edge| EdgeReport {
                    name: edge.name.clone(),
                    policy: edge.policy,
                    offered: edge.stats.offered.load(Ordering::Relaxed),
                    delivered: edge.stats.delivered.load(Ordering::Relaxed),
                    dropped: edge.stats.dropped.load(Ordering::Relaxed),
                    depth: edge.stats.depth.load(Ordering::Relaxed) as u64,
                    peak: edge.stats.peak.load(Ordering::Relaxed) as u64,
                    pauses: edge.stats.pauses.load(Ordering::Relaxed),
                })
                .collect(),
            peak_memory_bytes: process.peak_memory_bytes,
            cpu_seconds: process.cpu_seconds,
        }
    }

    /// The account as a few lines of text.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let rate = if self.duration_seconds > 0.0 {
            self.totals.rows_in as f64 / self.duration_seconds
        } else {
            0.0
        };
        let _ = writeln!(
            text,
            "{} {} in {:.1} s: {} rows in, {} rows/s, {:.1} s of CPU, {} peak memory, epoch {}",
            self.pipeline,
            self.status,
            self.duration_seconds,
            grouped(self.totals.rows_in),
            grouped(rate as u64),
            self.cpu_seconds,
            bytes_text(self.peak_memory_bytes),
            self.epoch,
        );
        for sink in &self.sinks {
            // Sinks that encode late do not know their bytes while they write.
            let bytes =
                if sink.bytes > 0 { format!(" {:>11}", bytes_text(sink.bytes)) } else { String::new() };
            let _ = writeln!(text, "  {:<24} {:>14} rows{bytes}", sink.name, grouped(sink.rows));
        }
        let losses = [
            ("filtered", self.totals.filtered),
            ("dropped", self.totals.dropped),
            ("skipped", self.totals.skipped),
            ("retries", self.totals.retried),
        ];
        for (name, count) in losses.into_iter().filter(|(_, count)| *count > 0) {
            let _ = writeln!(text, "  {name:<24} {:>14}", grouped(count));
        }
        let stages = [
            ("source wait", self.sources.iter().map(|source| source.wait_seconds).sum::<f64>()),
            ("decode", self.sources.iter().map(|source| source.decode_seconds).sum()),
            ("operators", self.operators.iter().map(|operator| operator.seconds).sum()),
            ("encode", self.sinks.iter().map(|sink| sink.encode_seconds).sum()),
            ("write", self.sinks.iter().map(|sink| sink.write_seconds).sum()),
            ("commit", self.sinks.iter().map(|sink| sink.commit_seconds).sum()),
        ];
        let shown: Vec<String> =
            stages.iter().filter(|(_, s)| *s >= 0.005).map(|(name, s)| format!("{name} {s:.2} s")).collect();
        if !shown.is_empty() {
            let _ = writeln!(text, "  time: {}", shown.join(", "));
        }
        text
    }

    pub(crate) fn set_status(&mut self, status: Status) {
        self.status = status.name();
    }
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in the unit that reads best: `12.3 MB` (1 MB = 1,000,000 bytes).
pub fn bytes_text(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, "B");
    for next in ["kB", "MB", "GB", "TB"] {
        if value < 1000.0 {
            break;
        }
        (value, unit) = (value / 1000.0, next);
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") }
}

/// What the operating system says about this process; zeros where it does not say.
struct ProcessUsage {
    peak_memory_bytes: u64,
    cpu_seconds: f64,
}

impl ProcessUsage {
    fn read() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kilobytes: u64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
            .unwrap_or(0);
        // utime and stime are fields 14 and 15 of proc(5) stat, in ticks of 1/100 s on every Linux of today; the
        // second field may hold spaces, so count from its closing parenthesis.
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        Self { peak_memory_bytes: kilobytes * 1024, cpu_seconds: (ticks(11) + ticks(12)) as f64 / 100.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(bytes_text(999), "999 B");
        assert_eq!(bytes_text(1_500_000), "1.5 MB");
    }

    #[test]
    fn the_process_uses_something() {
        assert!(ProcessUsage::read().peak_memory_bytes > 0);
    }
}
