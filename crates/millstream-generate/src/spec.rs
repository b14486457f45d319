//! What a file says about its tables, before it is compiled.

use std::ops::Range;
use std::time::Duration;

use arrow::datatypes::DataType;
use serde::{Deserialize, Serialize};

use crate::{AdoptedSpec, Disorder, Growth, NullShare, Rate, Shape};

/// The tables of a file and what they share.
#[derive(Debug, Clone, PartialEq)]
pub struct TablesSpec {
    /// The root of all random numbers.
    pub seed: u64,
    /// The locale of the `fake` providers, as Faker spells it: `en_US`.
    pub locale: String,
    /// More locales: if there are any, each row draws one of all.
    pub other_locales: Vec<String>,
    /// When logical time begins, in microseconds since the Unix epoch; the moment of the first start if `None` (S-68).
    pub start: Option<i64>,
    /// What `datetime.now()`, `date.today()` and the relative dates of `fake` mean, in microseconds since the Unix epoch;
    /// the start of logical time if `None`. It stands still, also over restarts.
    pub now: Option<i64>,
    /// The length of a tick, at least a millisecond.
    pub tick: Duration,
    /// What happens to the ticks of a downtime.
    pub on_restart: OnRestart,
    /// At most so many rows of late ticks share one epoch.
    pub max_catch_up: u64,
    /// The names of the tables whose `data: auto` is inferred from the names of columns.
    pub infer_attributes: Vec<String>,
    /// Tables that are there already, which these may refer to.
    pub adopted: Vec<AdoptedSpec>,
    /// The tables, in the file's order.
    pub tables: Vec<TableSpec>,
}

impl Default for TablesSpec {
    fn default() -> Self {
        Self {
            seed: 0,
            locale: "en_US".to_owned(),
            other_locales: Vec::new(),
            start: None,
            now: None,
            tick: Duration::from_secs(10),
            on_restart: OnRestart::Continue,
            max_catch_up: 1_000_000,
            infer_attributes: Vec::new(),
            adopted: Vec::new(),
            tables: Vec::new(),
        }
    }
}

/// What happens to the ticks that passed while nothing ran (S-65).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRestart {
    /// Logical time goes on where it stopped.
    #[default]
    Continue,
    /// The ticks of the downtime are made up for.
    CatchUp,
}

/// One generated stream.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSpec {
    /// Its name.
    pub name: String,
    /// The rows that it has before the first tick.
    pub row_count: u64,
    /// The `row_id` of its first row.
    pub start_row_id: i64,
    /// Whether it grows.
    pub update_policy: UpdatePolicy,
    /// How fast it grows.
    pub cadence: Cadence,
    /// How its rows come, other than once and in the order of their time.
    pub disorder: Option<Disorder>,
    /// Its columns, in the file's order.
    pub columns: Vec<ColumnSpec>,
}

impl TableSpec {
    /// The rate at which it really grows: none if it is disabled, paused or replaced.
    pub fn effective_rate(&self) -> Rate {
        self.growth(Duration::ZERO).rate
    }

    /// How it really grows, in ticks of length `tick`: not at all if it is disabled, paused or replaced.
    pub fn growth(&self, tick: Duration) -> Growth {
        self.update_policy.growth(&self.cadence, tick)
    }
}

/// Whether a table grows (S-66).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UpdatePolicy {
    /// New rows are added at the table's cadence.
    #[default]
    Append,
    /// Made once, and never again.
    Disabled,
    /// Each cycle is a new generation of `row_count` rows, which takes the place of all rows before.
    Replace {
        /// The length of a cycle, a multiple of the tick; a tick if `None`.
        every: Option<Duration>,
    },
}

impl UpdatePolicy {
    /// How a table of this policy grows at `cadence`, in ticks of length `tick`.
    pub fn growth(self, cadence: &Cadence, tick: Duration) -> Growth {
        match self {
            Self::Append if cadence.enabled => cadence.growth(tick),
            Self::Append | Self::Disabled | Self::Replace { .. } => Growth::NONE,
        }
    }
}

/// The rate at which a table grows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cadence {
    /// Rows per minute.
    #[serde(rename = "rows_per_minute")]
    pub rate: Rate,
    /// Whether it is on; off means no rows after the initial ones.
    pub enabled: bool,
    /// How the rate varies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// How often rows come: a multiple of the length of a tick; with every tick unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick_interval: Option<Duration>,
}

impl Cadence {
    /// A constant rate, in every tick.
    pub const fn constant(rate: Rate) -> Self {
        Self { rate, enabled: true, shape: None, tick_interval: None }
    }

    /// How a table grows at it while it is on, in ticks of length `tick`.
    pub(crate) fn growth(&self, tick: Duration) -> Growth {
        let ticks =
            |interval: Duration| interval.as_micros().checked_div(tick.as_micros()).unwrap_or(1).max(1);
        let every =
            self.tick_interval.map_or(1, |interval| u64::try_from(ticks(interval)).unwrap_or(u64::MAX));
        Growth { rate: self.rate, shape: self.shape.clone(), every }
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnSpec {
    /// Its name.
    pub name: String,
    /// The expression that makes its values.
    pub data: String,
    /// Whether its values identify the rows.
    pub is_primary_key: bool,
    /// Goes into the Arrow field's metadata, as `description`.
    pub description: Option<String>,
    /// The type that its values are converted to; that of the expression if `None`.
    pub data_type: Option<DataType>,
    /// The type in Parquet and Delta files, as it is written; goes into the Arrow field's metadata, as
    /// [`PARQUET_TYPE`].
    pub parquet_type: Option<String>,
    /// Where its expression stands in a file, for errors of rows: `shop.yaml:12:30`.
    pub place: Option<String>,
    /// How many of its values are null besides those that the expression makes so.
    pub null_share: Option<NullShare>,
}

/// The key of a field's metadata that holds the type in Parquet and Delta files.
pub const PARQUET_TYPE: &str = "parquet_type";

/// What is wrong with the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError {
    /// The index of the table; 0 for what all tables share (locale, tick).
    pub table: usize,
    /// The index of the column; `None` for what concerns the whole table.
    pub column: Option<usize>,
    /// The bytes of the column's expression to point at; `None` points at all of it.
    pub range: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}
