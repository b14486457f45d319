//! How a run is doing, as JSON and as gauges.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use millstream_engine::{Monitor, RunReport, Status};
use millstream_generate::CadenceStatus;
use serde::Serialize;

/// Where the answers come from.
#[derive(Clone)]
pub struct RunStatus {
    monitor: Arc<Monitor>,
    pub(crate) cadence: Option<Arc<CadenceStatus>>,
}

/// The answer of `/api/v1/status`: the run's report so far, and what is known of its tables.
#[derive(Debug, Serialize)]
pub struct StatusReport {
    /// The account so far.
    #[serde(flatten)]
    pub report: RunReport,
    /// When the last epoch was committed, in microseconds since the Unix epoch; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<i64>,
    /// The tick that the generator is at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tick: Option<u64>,
    /// How late the last tick was when it began, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_seconds: Option<f64>,
    /// Generated tables.
    pub tables: Vec<TableReport>,
}

/// A generated table.
#[derive(Debug, Serialize)]
pub struct TableReport {
    /// Its name.
    pub name: String,
    /// All its rows, also those of earlier runs.
    pub rows: u64,
    /// How fast it grows.
    pub rows_per_minute: f64,
}

impl RunStatus {
    /// The status of a run with its generator, if it has one.
    pub fn new(monitor: Arc<Monitor>, cadence: Option<Arc<CadenceStatus>>) -> Self {
        Self { monitor, cadence }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.monitor.status() == Status::Error
    }

    pub(crate) fn is_ready(&self) -> bool {
        !self.has_failed() && self.monitor.epoch.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn publish_gauges(&self) {
        self.monitor.publish_gauges();
        let Some(cadence) = &self.cadence else { return };
        let pipeline = || self.monitor.pipeline.clone();
        metrics::gauge!("millstream_generator_tick", "pipeline" => pipeline()).set(cadence.tick() as f64);
        metrics::gauge!("millstream_generator_lag_seconds", "pipeline" => pipeline())
            .set(cadence.lag() as f64 / 1e6);
        for (index, table) in cadence.tables().iter().enumerate() {
            let labels = [("pipeline", pipeline()), ("table", table.name().to_owned())];
            metrics::gauge!("millstream_table_rows", &labels).set(table.rows() as f64);
            metrics::gauge!("millstream_table_rows_per_minute", &labels)
                .set(cadence.rate(index).per_minute());
        }
    }

    pub(crate) fn report(&self) -> StatusReport {
        let committed_at = Some(self.monitor.committed_at.load(Ordering::Relaxed)).filter(|at| *at != 0);
        let cadence = self.cadence.as_ref();
        StatusReport {
            report: RunReport::of(&self.monitor),
            committed_at,
            tick: cadence.map(|cadence| cadence.tick()),
            lag_seconds: cadence.map(|cadence| cadence.lag() as f64 / 1e6),
            tables: cadence
                .map(|cadence| {
                    let tables = cadence.tables().iter().enumerate().map(|(index, table)| TableReport {
                        name: table.name().to_owned(),
                        rows: table.rows(),
                        rows_per_minute: cadence.rate(index).per_minute(),
                    });
                    tables.collect()
                })
                .unwrap_or_default(),
        }
    }
}
