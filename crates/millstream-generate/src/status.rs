//! What a dashboard wants to know of a running generator.

use std::sync::atomic::{AtomicU64, Ordering};

use millstream_core::StreamName;

use crate::{CadenceControl, Rate, TableSpec};

/// How far a generator is; read it at any time, from any thread.
#[derive(Debug)]
pub struct CadenceStatus {
    tick: AtomicU64,
    lag: AtomicU64,
    tables: Vec<TableStatus>,
    control: CadenceControl,
}

/// How far one table is.
#[derive(Debug)]
pub struct TableStatus {
    name: StreamName,
    rows: AtomicU64,
}

impl CadenceStatus {
    pub(crate) fn new(specs: &[TableSpec]) -> Self {
        let tables =
            specs.iter().map(|spec| TableStatus { name: spec.name.as_str().into(), rows: AtomicU64::new(0) });
        let controlled =
            specs.iter().map(|spec| (spec.name.clone(), spec.update_policy, spec.cadence.clone()));
        Self {
            tick: AtomicU64::new(0),
            lag: AtomicU64::new(0),
            tables: tables.collect(),
            control: CadenceControl::new(controlled),
        }
    }

    /// The cadences, to look at and to change.
    pub fn control(&self) -> &CadenceControl {
        &self.control
    }

    /// The rate of a table; zero if it is paused, disabled or replaced. With a shape, what the shape is based on.
    pub fn rate(&self, table: usize) -> Rate {
        let policy = self.control.policy(table).unwrap_or_default();
        let cadence = self.control.cadence(table);
        cadence.map_or(Rate::ZERO, |(cadence, _)| policy.growth(&cadence, std::time::Duration::ZERO).rate)
    }

    /// The tick that is being made, or the last one.
    pub fn tick(&self) -> u64 {
        self.tick.load(Ordering::Relaxed)
    }

    /// How late that tick was when it began, in microseconds.
    pub fn lag(&self) -> u64 {
        self.lag.load(Ordering::Relaxed)
    }

    /// The tables, in the file's order.
    pub fn tables(&self) -> &[TableStatus] {
        &self.tables
    }

    pub(crate) fn begin(&self, tick: u64, lag: u64) {
        self.tick.store(tick, Ordering::Relaxed);
        self.lag.store(lag, Ordering::Relaxed);
    }

    pub(crate) fn set_rows(&self, table: usize, rows: u64) {
        if let Some(table) = self.tables.get(table) {
            table.rows.store(rows, Ordering::Relaxed);
        }
    }
}

impl TableStatus {
    /// The name of the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All rows of the table so far, also those of earlier runs.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }
}
