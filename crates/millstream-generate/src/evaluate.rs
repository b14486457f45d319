//! Evaluates columns for a list of rows: those asked for, and those of the parents that they refer to. Whatever is
//! needed twice for the same rows is computed once.

mod adopted;
pub(crate) mod aggregates;
mod draws;
pub(crate) mod sums;

use std::cell::RefCell;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, NullArray, RecordBatch, RecordBatchOptions,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::{is_null, nullif};
use arrow::datatypes::DataType;
use millstream_core::{Error, Result};
use millstream_expr::{Frame, RowErrors};

use crate::audit::shown;
use crate::plan::{Column, Input, Slot, Table};
use crate::tables::Inner;
use crate::timeline::{Birth, Timeline, Timelines, microseconds};
use draws::Drawn;

/// Some rows of a table, with the columns that were computed for them so far.
pub(crate) struct Evaluation<'a> {
    tables: &'a Inner,
    timelines: &'a Timelines,
    index: usize,
    rows: Vec<u64>,
    columns: RefCell<Vec<Option<ArrayRef>>>,
    slots: RefCell<Vec<Option<ArrayRef>>>,
    /// For each draw, the rows of the parent that it gives.
    parents: RefCell<Vec<Option<Drawn<'a>>>>,
}

impl<'a> Evaluation<'a> {
    pub(crate) fn new(tables: &'a Inner, timelines: &'a Timelines, index: usize, rows: Vec<u64>) -> Self {
        // Adopted tables have nothing but columns, which are kept elsewhere.
        let table = tables.tables.get(index);
        Self {
            tables,
            timelines,
            index,
            rows,
            columns: RefCell::new(vec![None; table.map_or(0, |table| table.columns.len())]),
            slots: RefCell::new(vec![None; table.map_or(0, |table| table.slots.len())]),
            parents: RefCell::new(
                table.map_or_else(Vec::new, |table| table.draws.iter().map(|_| None).collect()),
            ),
        }
    }

    /// All columns.
    pub(crate) fn batch(&self) -> Result<RecordBatch> {
        let table = self.table();
        let columns =
            (0..table.columns.len()).map(|column| self.column(column)).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows.len()));
        RecordBatch::try_new_with_options(table.schema.clone(), columns, &options)
            .map_err(|error| Error::internal(format!("table `{}`", table.name)).caused_by(error))
    }

    /// Some columns.
    pub(crate) fn columns(&self, columns: &[usize]) -> Result<Vec<ArrayRef>> {
        columns.iter().map(|&column| self.column(column)).collect()
    }

    fn table(&self) -> &'a Table {
        &self.tables.tables[self.index]
    }

    fn timeline(&self, table: usize) -> Result<&'a Timeline> {
        let timeline = self.timelines.tables.get(table);
        timeline.ok_or_else(|| Error::internal(format!("there is no timeline for table {table}")))
    }

    fn column(&self, column: usize) -> Result<ArrayRef> {
        if let Some(history) = self.adopted(self.index)? {
            return self.adopted_column(history, column);
        }
        if let Some(array) = self.columns.borrow().get(column).and_then(Clone::clone) {
            return Ok(array);
        }
        let table = self.table();
        let compiled = &table.columns[column];
        let array = self.evaluate(compiled).map_err(|error| {
            let place = compiled.place.as_ref().map_or_else(String::new, |place| format!("{place}: "));
            error.context(format!("{place}table `{}`, column `{}`", table.name, compiled.name))
        })?;
        if let Some(place) = self.columns.borrow_mut().get_mut(column) {
            *place = Some(array.clone());
        }
        Ok(array)
    }

    fn evaluate(&self, column: &Column) -> Result<ArrayRef> {
        let table = self.table();
        let unused: ArrayRef = Arc::new(NullArray::new(self.rows.len()));
        let mut columns = vec![unused; table.width()];
        for &position in &column.inputs {
            let array = match table.input(position) {
                Input::RowId => self.row_ids(table.start_row_id),
                Input::Column(other) => self.column(other)?,
                Input::Slot(slot) => self.slot(slot)?,
            };
            if let Some(place) = columns.get_mut(position) {
                *place = array;
            }
        }
        let frame = Frame { columns: &columns, rows: &self.rows };
        let mut errors = RowErrors::default();
        let array = column
            .expression
            .evaluate(&frame, &mut errors)
            .map_err(|error| Error::data("cannot be evaluated").caused_by(error))?;
        let row_id = |index: usize| {
            table.start_row_id.wrapping_add(self.rows.get(index).copied().unwrap_or_default() as i64)
        };
        if let Some((index, message)) = errors.iter().min_by_key(|(index, _)| *index) {
            let inputs = self.inputs(column, &columns, index);
            return Err(Error::data(format!("row_id {}: {message}{inputs}", row_id(index)))
                .hint("change the column's `data` so that it has a value for every row"));
        }
        let initial = self.timeline(self.index)?.row_count();
        let array = column.declared.apply(array, &self.rows, initial, row_id)?;
        if column.is_primary_key
            && let Some(nulls) = array.logical_nulls().filter(|nulls| nulls.null_count() > 0)
        {
            let index = nulls.iter().position(|valid| !valid).unwrap_or_default();
            let inputs = self.inputs(column, &columns, index);
            return Err(Error::data(format!(
                "row_id {}: a primary key cannot be None{inputs}",
                row_id(index)
            ))
            .hint(
                "change the column's `data` so that it has a value for every row, or remove `is_primary_key`",
            ));
        }
        Ok(match array.data_type() {
            DataType::Null => new_null_array(&DataType::Utf8, array.len()),
            _ => array,
        })
    }

    /// The values that a row of a column was made from, for messages: ` (with amount = 3, rate = None)`.
    fn inputs(&self, column: &Column, frame: &[ArrayRef], row: usize) -> String {
        const SHOWN: usize = 5;
        let table = self.table();
        let values = column.inputs.iter().filter_map(|&position| match table.input(position) {
            Input::Column(other) => Some((&table.columns[other].name, frame.get(position)?)),
            Input::RowId | Input::Slot(_) => None,
        });
        let shown: Vec<String> =
            values.take(SHOWN).map(|(name, array)| format!("{name} = {}", shown(array, row))).collect();
        if shown.is_empty() { String::new() } else { format!(" (with {})", shown.join(", ")) }
    }

    fn row_ids(&self, start: i64) -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(self.rows.iter().map(|&row| start.wrapping_add(row as i64))))
    }

    fn slot(&self, slot: usize) -> Result<ArrayRef> {
        if let Some(array) = self.slots.borrow().get(slot).and_then(Clone::clone) {
            return Ok(array);
        }
        let array = match self.table().slots[slot] {
            Slot::TickTime { arrival } => self.tick_times(arrival)?,
            Slot::Aggregate { table, column, aggregate } => self.aggregate(table, column, aggregate)?,
            Slot::Parent { draw, column, null_with } => {
                let drawn = self.draw(draw)?;
                let mut values = drawn.parent.column(column)?;
                if let Some(missing) = &drawn.missing {
                    values = nullif(&values, &BooleanArray::new(missing.clone(), None)).map_err(|error| {
                        Error::internal("cannot leave out the values of missing parents").caused_by(error)
                    })?;
                }
                match null_with {
                    Some(key) => without(&values, &self.column(key)?)?,
                    None => values,
                }
            }
        };
        if let Some(place) = self.slots.borrow_mut().get_mut(slot) {
            *place = Some(array.clone());
        }
        Ok(array)
    }

    /// Calls `with` for each run of consecutive rows of one tick.
    fn each_birth(&self, mut with: impl FnMut(&Birth, &[u64]) -> Result<()>) -> Result<()> {
        let mut rest = self.rows.as_slice();
        while let Some(&first) = rest.first() {
            let birth = self.timelines.birth(self.index, first).ok_or_else(|| {
                Error::data(format!(
                    "table `{}` never has a row of index {first}: it ends with {} rows",
                    self.table().name,
                    self.timelines.tables.get(self.index).map_or(0, |timeline| timeline.rows_at(u64::MAX))
                ))
            })?;
            let length = rest.iter().position(|row| !birth.rows.contains(row)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(length);
            with(&birth, run)?;
            rest = after;
        }
        Ok(())
    }

    /// Rows are spread evenly over their tick: the j-th of n rows, counted from 1, lies at j/n of it, so that its time
    /// is the moment at which the cadence reaches it. Initial rows lie before the start, spaced as though the
    /// cadence had been running; at the start if there is none. Those of a table that is replaced lie in the tick before
    /// the start. Unless the `arrival` is asked for, late rows lie back by their delay.
    fn tick_times(&self, arrival: bool) -> Result<ArrayRef> {
        let timeline = self.timeline(self.index)?;
        let start = self.timelines.start;
        let mut times: Vec<i64> = Vec::with_capacity(self.rows.len());
        self.each_birth(|birth, rows| {
            let count = birth.rows.end - birth.rows.start;
            let replaced = self.timelines.is_replaced(self.index);
            if birth.tick == 0 && !replaced {
                match timeline.initial_spacing() {
                    None => times.extend(rows.iter().map(|_| start)),
                    Some(spacing) => {
                        let before = Scale::new(spacing, count);
                        times.extend(rows.iter().map(|row| start.saturating_sub(before.apply(count - row))));
                    }
                }
                return Ok(());
            }
            let length = if birth.tick == 0 {
                microseconds(timeline.tick())
            } else {
                let due = timeline.due(birth.tick);
                due.end - due.start
            };
            let inside = Scale::new((u128::from(length), u128::from(count)), count);
            let begin =
                start.saturating_add_unsigned(timeline.time_of(birth.tick)).saturating_sub_unsigned(length);
            times.extend(
                rows.iter().map(|row| begin.saturating_add(inside.apply(row - birth.rows.start + 1))),
            );
            Ok(())
        })?;
        if let Some(disorder) = self.table().disorder.as_ref().filter(|_| !arrival) {
            for (time, &row) in times.iter_mut().zip(&self.rows) {
                *time = time.saturating_sub_unsigned(disorder.delay(row));
            }
        }
        Ok(Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC")))
    }
}

/// `values`, null where `key` is.
fn without(values: &ArrayRef, key: &ArrayRef) -> Result<ArrayRef> {
    is_null(key)
        .and_then(|missing| nullif(values, &missing))
        .map_err(|error| Error::internal("cannot leave out the copies of missing keys").caused_by(error))
}

/// Multiplies by a fraction, rounding down; in 64 bits where that is enough.
#[derive(Debug, Clone, Copy)]
enum Scale {
    Small(u64, u64),
    Large(u128, u128),
}

impl Scale {
    /// For factors up to `most`.
    fn new((numerator, denominator): (u128, u128), most: u64) -> Self {
        let largest = numerator.checked_mul(u128::from(most).max(1));
        match (u64::try_from(numerator), u64::try_from(denominator)) {
            (Ok(numerator), Ok(denominator)) if largest.is_some_and(|n| n <= u128::from(u64::MAX)) => {
                Self::Small(numerator, denominator)
            }
            _ => Self::Large(numerator, denominator),
        }
    }

    #[inline]
    fn apply(self, factor: u64) -> i64 {
        match self {
            Self::Small(numerator, denominator) => (factor * numerator / denominator) as i64,
            Self::Large(numerator, denominator) => {
                let product = u128::from(factor).saturating_mul(numerator) / denominator;
                i64::try_from(product).unwrap_or(i64::MAX)
            }
        }
    }
}
