//! Aggregates of whole tables, computed once, in one walk over the table.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, new_null_array};
use arrow::compute::{SortOptions, cast, concat, sort_to_indices, take};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::error::ArrowError;
use millstream_core::{Error, Result};

use super::Evaluation;
use crate::plan::Aggregate;
use crate::timeline::Timelines;

/// Rows that are made at a time.
const ROWS: u64 = 8192;

/// The aggregates that were computed so far, by table, column and kind.
#[derive(Debug, Default)]
pub(crate) struct AggregateCache(Mutex<BTreeMap<(usize, usize, Aggregate), Shared>>);

type Shared = Arc<Mutex<Option<(Timelines, ArrayRef)>>>;

impl Evaluation<'_> {
    /// The same value for all rows; for the number of rows, those that each row can see.
    pub(super) fn aggregate(&self, table: usize, column: usize, aggregate: Aggregate) -> Result<ArrayRef> {
        if aggregate == Aggregate::Rows {
            let timeline = self.timeline(table)?;
            let mut counts = Vec::with_capacity(self.rows.len());
            self.each_birth(|birth, rows| {
                let count = i64::try_from(timeline.rows_at(birth.tick)).unwrap_or(i64::MAX);
                counts.extend(rows.iter().map(|_| count));
                Ok(())
            })?;
            return Ok(Arc::new(Int64Array::from(counts)));
        }
        let known = {
            let mut cache = self.tables.aggregates.0.lock().unwrap_or_else(PoisonError::into_inner);
            cache.entry((table, column, aggregate)).or_default().clone()
        };
        // What it depends on is computed meanwhile, and never depends on it: columns have no circles.
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let value = match &*known {
            Some((timelines, value)) if timelines == self.timelines => value.clone(),
            _ => {
                let value = self.walk(table, column, aggregate)?;
                *known = Some((self.timelines.clone(), value.clone()));
                value
            }
        };
        let rows = Int64Array::from(vec![0; self.rows.len()]);
        take(&value, &rows, None).map_err(failed)
    }

    fn walk(&self, table: usize, column: usize, aggregate: Aggregate) -> Result<ArrayRef> {
        let timeline = self.timeline(table)?;
        let count = timeline.rows_at(0);
        if timeline.rows_at(u64::MAX) != count {
            let name = &self.tables.tables[table].name;
            return Err(Error::data(format!("`{name}` grows, so that its aggregates are never final"))
                .hint("pause it, or leave out get_table"));
        }
        let mut state = State::default();
        let mut first = 0;
        while first < count {
            let end = (first + ROWS).min(count);
            let part = Self::new(self.tables, self.timelines, table, (first..end).collect());
            state.add(&part.column(column)?, aggregate)?;
            first = end;
        }
        let compiled = &self.tables.tables[table].schema;
        let data_type = compiled.fields().get(column).map_or(&DataType::Null, |field| field.data_type());
        state.finish(aggregate, data_type)
    }
}

fn failed(error: ArrowError) -> Error {
    Error::data("an aggregate cannot be computed").caused_by(error)
}

#[derive(Debug, Default)]
struct State {
    present: u64,
    integers: i128,
    floats: f64,
    /// The smallest or the largest value so far.
    extreme: Option<ArrayRef>,
}

impl State {
    fn add(&mut self, values: &ArrayRef, aggregate: Aggregate) -> Result<()> {
        self.present += (values.len() - values.logical_null_count()) as u64;
        match aggregate {
            Aggregate::Rows | Aggregate::Count => {}
            Aggregate::Sum | Aggregate::Mean => {
                if is_whole(values.data_type()) {
                    let values = cast(values, &DataType::Int64).map_err(failed)?;
                    let values = values.as_primitive::<Int64Type>();
                    self.integers += values.iter().flatten().map(i128::from).sum::<i128>();
                } else {
                    let values = cast(values, &DataType::Float64).map_err(failed)?;
                    // In the order of the rows, so that the sum is the same however it is computed.
                    for value in values.as_primitive::<Float64Type>().iter().flatten() {
                        self.floats += value;
                    }
                }
            }
            Aggregate::Min | Aggregate::Max => {
                let candidates = match &self.extreme {
                    Some(extreme) => concat(&[extreme, values]).map_err(failed)?,
                    None => values.clone(),
                };
                let options = SortOptions { descending: aggregate == Aggregate::Max, nulls_first: false };
                let best = sort_to_indices(&candidates, Some(options), Some(1)).map_err(failed)?;
                self.extreme = Some(take(&candidates, &best, None).map_err(failed)?);
            }
        }
        Ok(())
    }

    fn finish(self, aggregate: Aggregate, data_type: &DataType) -> Result<ArrayRef> {
        let whole = is_whole(data_type);
        Ok(match aggregate {
            Aggregate::Rows | Aggregate::Count => Arc::new(Int64Array::from(vec![self.present as i64])),
            Aggregate::Sum if whole => {
                let sum = i64::try_from(self.integers)
                    .map_err(|_| Error::data("the sum does not fit into 64 bits"))?;
                Arc::new(Int64Array::from(vec![sum]))
            }
            Aggregate::Sum => Arc::new(Float64Array::from(vec![self.floats])),
            Aggregate::Mean => {
                let sum = if whole { self.integers as f64 } else { self.floats };
                Arc::new(Float64Array::from(vec![(self.present > 0).then(|| sum / self.present as f64)]))
            }
            Aggregate::Min | Aggregate::Max => self.extreme.unwrap_or_else(|| new_null_array(data_type, 1)),
        })
    }
}

fn is_whole(data_type: &DataType) -> bool {
    data_type.is_integer() || matches!(data_type, DataType::Boolean)
}
