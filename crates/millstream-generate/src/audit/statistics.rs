//! What the values of a column are like.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{cast, max, min};
use arrow::datatypes::{DataType, Field, Float64Type};
use millstream_core::{Error, Result};
use serde::Serialize;

use super::digest::shown;

/// With more different values than this, the most frequent ones say little and are not counted any more.
const MOST_COUNTED: usize = 1000;

/// How many of the most frequent values are told.
const TOLD: usize = 5;

/// What the values of a column are like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnStatistics {
    /// Its name.
    pub column: String,
    /// Its Arrow type.
    pub data_type: String,
    /// Rows without a value.
    pub nulls: u64,
    /// The smallest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// The largest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// The mean of the numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// How many different values there are, up to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub different: Option<usize>,
    /// The most frequent values, if there are at most 1000 different ones.
    pub top: Vec<Top>,
}

/// A frequent value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Top {
    /// The value as text; a text is in quotes.
    pub value: String,
    /// How many rows have it.
    pub rows: u64,
}

/// Collects them from chunk to chunk.
pub(super) struct Collector {
    statistics: ColumnStatistics,
    is_number: bool,
    sum: f64,
    numbers: u64,
    counts: Option<HashMap<String, u64>>,
}

impl Collector {
    pub(super) fn new(field: &Field) -> Self {
        let statistics = ColumnStatistics {
            column: field.name().clone(),
            data_type: field.data_type().to_string(),
            nulls: 0,
            minimum: None,
            maximum: None,
            mean: None,
            different: None,
            top: Vec::new(),
        };
        let kind = field.data_type();
        let is_number = kind.is_integer()
            || kind.is_floating()
            || matches!(kind, DataType::Decimal128(..) | DataType::Decimal256(..));
        Self { statistics, is_number, sum: 0.0, numbers: 0, counts: Some(HashMap::new()) }
    }

    pub(super) fn nulls(&self) -> u64 {
        self.statistics.nulls
    }

    pub(super) fn see(&mut self, column: &ArrayRef) -> Result<()> {
        let nulls = column.logical_nulls();
        self.statistics.nulls += nulls.as_ref().map_or(0, arrow::buffer::NullBuffer::null_count) as u64;
        if self.is_number {
            let numbers = cast(column, &DataType::Float64)
                .map_err(|error| Error::internal("numbers cannot be added up").caused_by(error))?;
            let numbers = numbers.as_primitive::<Float64Type>();
            let smallest = |a: Option<f64>, b: Option<f64>, pick: fn(f64, f64) -> f64| match (a, b) {
                (Some(a), Some(b)) => Some(pick(a, b)),
                (a, b) => a.or(b),
            };
            self.statistics.minimum = smallest(self.statistics.minimum, min(numbers), f64::min);
            self.statistics.maximum = smallest(self.statistics.maximum, max(numbers), f64::max);
            self.sum += numbers.iter().flatten().sum::<f64>();
            self.numbers += (numbers.len() - numbers.null_count()) as u64;
        }
        if let Some(counts) = &mut self.counts {
            for row in 0..column.len() {
                if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                    continue;
                }
                *counts.entry(shown(column, row)).or_default() += 1;
                if counts.len() > MOST_COUNTED {
                    self.counts = None;
                    break;
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> ColumnStatistics {
        self.statistics.mean = (self.numbers > 0).then(|| self.sum / self.numbers as f64);
        if let Some(counts) = self.counts {
            self.statistics.different = Some(counts.len());
            let mut top: Vec<Top> = counts.into_iter().map(|(value, rows)| Top { value, rows }).collect();
            top.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.value.cmp(&b.value)));
            top.truncate(TOLD);
            self.statistics.top = top;
        }
        self.statistics
    }
}
