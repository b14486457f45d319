//! Progress on standard error, for people who watch.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use millstream::engine::{Monitor, bytes_text, grouped};
use millstream::generate::CadenceStatus;

const REFRESH: Duration = Duration::from_millis(200);

/// What a bar measures.
pub(crate) enum Measure {
    /// So many rows will come.
    Rows(u64),
    /// So many bytes will be read.
    Bytes(u64),
    /// Nobody knows.
    Unknown,
}

/// Shows a bar until `running` resolves, and gives its result.
pub(crate) async fn bar<T>(monitor: Arc<Monitor>, measure: Measure, running: impl Future<Output = T>) -> T {
    let (bar, template) = match measure {
        Measure::Rows(rows) => (ProgressBar::new(rows), "{bar:30} {percent:>3} %  {msg}  ETA {eta}"),
        Measure::Bytes(bytes) => (ProgressBar::new(bytes), "{bar:30} {percent:>3} %  {msg}  ETA {eta}"),
        Measure::Unknown => (ProgressBar::new_spinner(), "{spinner} {msg}"),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    let ended = refreshing(running, |seconds| {
        let rows: u64 = monitor.sources.iter().map(|source| source.rows.get()).sum();
        let read: u64 = monitor.sources.iter().map(|source| source.bytes.get()).sum();
        let written: u64 = monitor.sinks.iter().map(|sink| sink.bytes.get()).sum();
        match measure {
            Measure::Rows(_) => bar.set_position(rows),
            // Compressed input is counted after decompression, and may be more than there is on disk.
            Measure::Bytes(bytes) => bar.set_position(read.min(bytes)),
            Measure::Unknown => bar.tick(),
        }
        let rate = if seconds > 0.0 { (rows as f64 / seconds) as u64 } else { 0 };
        bar.set_message(format!(
            "{} rows  {} rows/s  {} read  {} written",
            grouped(rows),
            grouped(rate),
            bytes_text(read),
            bytes_text(written)
        ));
    })
    .await;
    bar.finish_and_clear();
    ended
}

/// Shows a line for each table until `running` resolves, and gives its result.
pub(crate) async fn tables<T>(
    monitor: Arc<Monitor>,
    cadence: Arc<CadenceStatus>,
    running: impl Future<Output = T>,
) -> T {
    let lines = MultiProgress::new();
    let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    let new_line = || lines.add(ProgressBar::new_spinner().with_style(style.clone()));
    let head = new_line();
    let bars: Vec<ProgressBar> = cadence.tables().iter().map(|_| new_line()).collect();
    let width = cadence.tables().iter().map(|table| table.name().len()).max().unwrap_or(0);
    let ended = refreshing(running, |_| {
        let lag = cadence.lag() as f64 / 1e6;
        let late = if lag >= 0.1 { format!(", {lag:.1} s late") } else { String::new() };
        let epoch = monitor.epoch.load(Ordering::Relaxed);
        head.set_message(format!(
            "{}: tick {}{late}, epoch {epoch}",
            monitor.status().name(),
            cadence.tick()
        ));
        for (index, (bar, table)) in bars.iter().zip(cadence.tables()).enumerate() {
            let committed: u64 = monitor
                .sinks
                .iter()
                .filter(|sink| sink.streams.iter().any(|stream| stream == table.name()))
                .map(|sink| sink.committed.get())
                .max()
                .unwrap_or(0);
            bar.set_message(format!(
                "  {:width$}  {:>14} rows  {:>10} a minute  {:>14} committed by this run",
                table.name(),
                grouped(table.rows()),
                grouped(cadence.rate(index).per_minute().round() as u64),
                grouped(committed),
            ));
        }
    })
    .await;
    // The last state stays on the screen.
    head.abandon();
    bars.iter().for_each(ProgressBar::abandon);
    ended
}

async fn refreshing<T>(running: impl Future<Output = T>, mut refresh: impl FnMut(f64)) -> T {
    let mut running = std::pin::pin!(running);
    let mut timer = tokio::time::interval(REFRESH);
    let mut refreshes = 0_u32;
    loop {
        tokio::select! {
            ended = &mut running => {
                refresh((REFRESH * refreshes).as_secs_f64());
                return ended;
            }
            _ = timer.tick() => {
                refresh((REFRESH * refreshes).as_secs_f64());
                refreshes += 1;
            }
        }
    }
}
