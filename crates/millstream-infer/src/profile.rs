//! What was seen of a table, column by column, in memory that does not grow with its rows.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;

use crate::numbers::Numbers;
use crate::shape::Shapes;

/// Values are told apart up to so many; beyond, a column counts as having too many to list or to hold as keys.
const MOST_DISTINCT: usize = 200_000;

/// A column with more different values than these is not one of categories.
const MOST_CATEGORIES: usize = 200;

/// A table as its sample shows it.
#[derive(Debug)]
pub struct TableProfile {
    pub(crate) name: String,
    pub(crate) rows: u64,
    pub(crate) columns: Vec<Column>,
    /// Where the sample comes from, for people.
    pub(crate) origin: String,
    /// Whether the sample is a part of the rows only.
    pub(crate) partial: bool,
}

/// A column as its values show it.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) data_type: DataType,
    pub(crate) rows: u64,
    pub(crate) nulls: u64,
    pub(crate) values: Values,
    pub(crate) distinct: Distinct,
    pub(crate) description: Option<String>,
}

/// What the values of a column have in common.
#[derive(Debug)]
pub(crate) enum Values {
    /// None was seen.
    Nothing,
    Booleans,
    Integers(Numbers),
    Floats(Numbers),
    Texts(Shapes),
    /// Days since 1970-01-01: the first and the last.
    Dates(i32, i32),
    /// Microseconds since 1970-01-01: the first and the last, and whether no value is below the one before it.
    Instants(i64, i64, bool),
    /// Lists: the shortest and the longest, and their items.
    Lists(usize, usize, Box<Column>),
    /// Fixed members.
    Records(Vec<Column>),
    /// Something that the language has no values for, such as bytes.
    Other,
}

/// The different values, as far as they could be held.
#[derive(Debug, Default)]
pub(crate) struct Distinct {
    /// A digest of each value, with the number of rows that have it; empty once there are too many.
    pub(crate) counts: BTreeMap<u64, u64>,
    /// The values themselves while they are few, in the language's spelling.
    pub(crate) categories: BTreeMap<String, u64>,
    pub(crate) too_many: bool,
    pub(crate) too_many_categories: bool,
}

impl TableProfile {
    /// A table of which nothing was seen yet; `origin` says where the rows come from.
    pub fn new(name: impl Into<String>, origin: impl Into<String>) -> Self {
        Self { name: name.into(), rows: 0, columns: Vec::new(), origin: origin.into(), partial: false }
    }

    /// The rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Says that the source has more rows than were shown.
    pub fn mark_partial(&mut self) {
        self.partial = true;
    }

    /// Adds rows; all batches have the same columns.
    ///
    /// # Errors
    /// Where Arrow cannot widen a column, which no file source gives.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        if self.columns.is_empty() {
            let schema = batch.schema();
            self.columns = schema
                .fields()
                .iter()
                .map(|field| Column::new(field.name(), field.data_type().clone()))
                .collect();
        }
        self.rows += batch.num_rows() as u64;
        for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
            column.add(array)?;
        }
        Ok(())
    }
}

impl Column {
    pub(crate) fn new(name: &str, data_type: DataType) -> Self {
        Self {
            name: name.to_owned(),
            data_type,
            rows: 0,
            nulls: 0,
            values: Values::Nothing,
            distinct: Distinct::default(),
            description: None,
        }
    }

    /// The share of rows without a value.
    pub(crate) fn null_share(&self) -> f64 {
        if self.rows == 0 { 0.0 } else { self.nulls as f64 / self.rows as f64 }
    }

    /// Whether every row has a value of its own.
    pub(crate) fn is_unique(&self) -> bool {
        self.rows > 0
            && self.nulls == 0
            && !self.distinct.too_many
            && self.distinct.counts.len() as u64 == self.rows
    }

    fn add(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        self.rows += array.len() as u64;
        self.nulls += array.logical_null_count() as u64;
        match array.data_type() {
            DataType::Dictionary(_, values) => {
                let plain = cast(array, values)?;
                self.add_values(&plain)
            }
            _ => self.add_values(array),
        }
    }

    fn add_values(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        match array.data_type() {
            DataType::Null => {}
            DataType::Boolean => {
                self.values = Values::Booleans;
                for value in array.as_boolean().iter().flatten() {
                    self.distinct.add(&value, || if value { "True" } else { "False" }.to_owned());
                }
            }
            data_type if data_type.is_integer() => {
                let array = cast(array, &DataType::Int64)?;
                for value in array.as_primitive::<Int64Type>().iter().flatten() {
                    self.distinct.add(&value, || value.to_string());
                    self.add_number(value as f64, false);
                }
            }
            data_type if data_type.is_floating() || is_decimal(data_type) => {
                let array = cast(array, &DataType::Float64)?;
                for value in array.as_primitive::<Float64Type>().iter().flatten().filter(|v| v.is_finite()) {
                    self.distinct.add(&value.to_bits(), || format!("{value:?}"));
                    self.add_number(value, true);
                }
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                let array = cast(array, &DataType::Utf8)?;
                for value in array.as_string::<i32>().iter().flatten() {
                    self.distinct.add(&value, || quoted(value));
                    if !matches!(self.values, Values::Texts(_)) {
                        self.values = Values::Texts(Shapes::default());
                    }
                    if let Values::Texts(shapes) = &mut self.values {
                        shapes.add(value);
                    }
                }
            }
            DataType::Date32 | DataType::Date64 => {
                let array = cast(array, &DataType::Date32)?;
                for value in array.as_primitive::<Date32Type>().iter().flatten() {
                    self.distinct.add(&value, String::new);
                    let (low, high) = match self.values {
                        Values::Dates(low, high) => (low.min(value), high.max(value)),
                        _ => (value, value),
                    };
                    self.values = Values::Dates(low, high);
                }
                self.distinct.too_many_categories = true;
            }
            DataType::Timestamp(_, zone) => {
                let array = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
                self.add_instants(&array);
            }
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
                self.add_lists(array)?;
            }
            DataType::Struct(_) => self.add_records(array.as_struct())?,
            _ => self.values = Values::Other,
        }
        Ok(())
    }

    fn add_number(&mut self, value: f64, floats: bool) {
        if let Values::Integers(numbers) | Values::Floats(numbers) = &mut self.values {
            return numbers.add(value);
        }
        let mut numbers = Numbers::default();
        numbers.add(value);
        self.values = if floats { Values::Floats(numbers) } else { Values::Integers(numbers) };
    }

    fn add_instants(&mut self, array: &ArrayRef) {
        let mut last = None;
        for value in array.as_primitive::<TimestampMicrosecondType>().iter().flatten() {
            self.distinct.add(&value, String::new);
            let falls = last.is_some_and(|last| value < last);
            self.values = match self.values {
                Values::Instants(low, high, rises) => {
                    // Between batches the last value is the highest one, if all rose so far.
                    let falls = falls || (last.is_none() && value < high);
                    Values::Instants(low.min(value), high.max(value), rises && !falls)
                }
                _ => Values::Instants(value, value, true),
            };
            last = Some(value);
        }
        self.distinct.too_many_categories = true;
    }

    fn add_lists(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        let item = match array.data_type() {
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                item.clone()
            }
            _ => return Ok(()),
        };
        let array = cast(array, &DataType::List(item.clone()))?;
        let lists = array.as_list::<i32>();
        if !matches!(self.values, Values::Lists(..)) {
            self.values =
                Values::Lists(usize::MAX, 0, Box::new(Column::new("item", item.data_type().clone())));
        }
        if let Values::Lists(shortest, longest, items) = &mut self.values {
            for list in lists.iter().flatten() {
                *shortest = (*shortest).min(list.len());
                *longest = (*longest).max(list.len());
                items.add(&list)?;
            }
        }
        Ok(())
    }

    fn add_records(&mut self, records: &StructArray) -> Result<(), ArrowError> {
        if !matches!(self.values, Values::Records(_)) {
            let members = records.fields().iter();
            let members = members.map(|field| Column::new(field.name(), field.data_type().clone()));
            self.values = Values::Records(members.collect());
        }
        if let Values::Records(members) = &mut self.values {
            for (member, array) in members.iter_mut().zip(records.columns()) {
                member.add(array)?;
            }
        }
        Ok(())
    }
}

impl Distinct {
    fn add(&mut self, value: &impl Hash, text: impl FnOnce() -> String) {
        if !self.too_many {
            // Its keys are fixed, so the digest is the same in every run.
            let mut hasher = DefaultHasher::new();
            value.hash(&mut hasher);
            *self.counts.entry(hasher.finish()).or_default() += 1;
            if self.counts.len() > MOST_DISTINCT {
                self.counts.clear();
                self.too_many = true;
            }
        }
        if !self.too_many_categories {
            *self.categories.entry(text()).or_default() += 1;
            if self.categories.len() > MOST_CATEGORIES {
                self.categories.clear();
                self.too_many_categories = true;
            }
        }
    }

    /// The digests of all values, if they could be held.
    pub(crate) fn keys(&self) -> Option<HashSet<u64>> {
        (!self.too_many).then(|| self.counts.keys().copied().collect())
    }
}

pub(crate) fn is_decimal(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..)
    )
}

/// A text as the language writes it.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => {
                let _ = std::fmt::Write::write_fmt(&mut out, format_args!("\\U{:08x}", control as u32));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::*;

    #[test]
    fn values_are_counted_with_their_nulls() {
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), None]));
        let names: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "a"]));
        let batch = RecordBatch::try_from_iter([("id", ids), ("name", names)]).unwrap();
        let mut table = TableProfile::new("t", "a test");
        table.add(&batch).unwrap();
        table.add(&batch).unwrap();
        assert_eq!(table.rows(), 6);
        assert_eq!((table.columns[0].nulls, table.columns[0].distinct.counts.len()), (2, 2));
        assert_eq!(table.columns[1].distinct.categories["\"a\""], 4);
        assert!(!table.columns[0].is_unique() && !table.columns[1].is_unique());
    }

    #[test]
    fn texts_are_quoted_as_python_reads_them() {
        assert_eq!(quoted("a\"b\\c\nd\u{1}"), "\"a\\\"b\\\\c\\nd\\U00000001\"");
    }
}
