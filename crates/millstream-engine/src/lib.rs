//! The engine: a graph of sources, operators and sinks, run in epochs (S-1 … S-14, S-20 … S-24).

mod budget;
mod channel;
mod checkpoint;
mod clock;
mod graph;
mod metric_names;
mod monitor;
mod report;
mod retry;
mod run;
mod state;

pub use budget::{Budget, Reservation};
pub use channel::{
    ChannelOptions, ChannelStats, Freight, PausedProducers, Policy, Receiver, Sender, channel,
};
pub use checkpoint::Checkpoint;
pub use clock::SystemClock;
pub use graph::{
    AnySink, AnySource, Graph, GraphBuilder, GraphDescription, SinkDescription, StreamDescription,
};
pub use metric_names::METRICS;
pub use monitor::{Count, EdgeMonitor, Monitor, OperatorMonitor, SinkMonitor, SourceMonitor, Status};
pub use report::{
    EdgeReport, OperatorReport, RunReport, SinkReport, SourceReport, Totals, bytes_text, grouped,
};
pub use retry::{Attempts, RetryPolicy};
pub use run::{OnError, Outcome, RunOptions, run};
pub use state::{FileStore, MemoryStore, SqliteStore};

/// A moment, in microseconds since the Unix epoch, as ISO 8601 in UTC: `2026-01-01T00:00:00Z`.
///
/// The date is computed with Howard Hinnant's `civil_from_days`.
pub fn time_text(micros: i64) -> String {
    let (days, within) = (micros.div_euclid(86_400_000_000), micros.rem_euclid(86_400_000_000));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (seconds, fraction) = (within / 1_000_000, within % 1_000_000);
    let fraction = match fraction {
        0 => String::new(),
        micros if micros % 1000 == 0 => format!(".{:03}", micros / 1000),
        micros => format!(".{micros:06}"),
    };
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}{fraction}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn moments_read_as_dates() {
        assert_eq!(super::time_text(0), "1970-01-01T00:00:00Z");
        assert_eq!(super::time_text(1_709_210_096_789_000), "2024-02-29T12:34:56.789Z");
        assert_eq!(super::time_text(-1), "1969-12-31T23:59:59.999999Z");
    }
}
