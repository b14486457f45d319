//! What a dashboard wants to know of a running generator.

use std::sync::atomic::{AtomicU64, Ordering};

use millstream_core::StreamName;

use crate::Rate;

/// How far a generator is; read it at any time, from any thread.
#[derive(Debug)]
pub struct CadenceStatus {
    tick: AtomicU64,
    lag: AtomicU64,
    tables: Vec<TableStatus>,
}

/// How far one table is.
#[derive(Debug)]
pub struct TableStatus {
    name: StreamName,
    rate: Rate,
    rows: AtomicU64,
}

impl CadenceStatus {
    pub(crate) fn new(tables: impl Iterator<Item = (StreamName, Rate)>) -> Self {
        let tables = tables.map(|(name, rate)| TableStatus { name, rate, rows: AtomicU64::new(0) });
        Self { tick: AtomicU64::new(0), lag: AtomicU64::new(0), tables: tables.collect() }
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

    /// The rate that the file asks for; zero if the table is paused or disabled.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// All rows of the table so far, also those of earlier runs.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }
}
