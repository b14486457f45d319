//! Whole numbers between bounds, of which days and instants are a special case. Bounds may be columns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use millstream_core::Key;
use millstream_expr::{Call, CallError, Constant, EvaluateError, Function, RowErrors};

use super::{Resolved, Site};
use crate::library::arguments::{Bound as Arguments, written};

pub(super) const NAMES: &[&str] =
    &["boolean", "pyint", "random_digit", "random_digit_above_two", "random_digit_not_null", "random_int"];

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let key = site.key.numbered(0);
    let digit = |low| Ok(Between::constant(key, low, 9, Kind::Integer).function());
    match site.name {
        "boolean" => {
            let arguments = &site.arguments;
            let percent = arguments.integer_in("chance_of_getting_true", 50, 0, 100)? as u64;
            Ok(Arc::new(Chance { key, percent }))
        }
        "random_digit" => digit(0),
        "random_digit_not_null" => digit(1),
        "random_digit_above_two" => digit(2),
        name => {
            let parameters: &[&str] =
                if name == "pyint" { &["min_value", "max_value", "step"] } else { &["min", "max", "step"] };
            random_int(site, key, parameters)
        }
    }
}

fn random_int(site: &Site<'_>, key: Key, parameters: &'static [&'static str]) -> Resolved {
    let arguments = &site.arguments;
    let bound = |parameter, default| match arguments.get(parameter) {
        None => Ok(Bound::Constant(default)),
        Some((index, argument)) => match &argument.constant {
            Some(Constant::Int(value)) => Ok(Bound::Constant(*value)),
            None if argument.data_type.is_integer() => Ok(Bound::Column(index)),
            _ => Err(arguments.error(
                parameter,
                format!("`{parameter}` must be an integer, not {}", written(argument)),
                format!("the default is {default}"),
            )),
        },
    };
    let (low, high) = (bound(parameters[0], 0)?, bound(parameters[1], 9999)?);
    let step = arguments.integer_in("step", 1, 1, i64::MAX)?;
    let between = Between { key, low, high, step: step as u64, kind: Kind::Integer };
    between.check(arguments, parameters[0], parameters[1])?;
    Ok(between.function())
}

/// The time zone of instants: that of `tick_time()`, so that the two can be compared.
const UTC: &str = "UTC";

/// An end of a range.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bound {
    Constant(i64),
    /// The argument of that index.
    Column(usize),
}

/// What the numbers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    /// Days since the Unix epoch.
    Date,
    /// Microseconds since the Unix epoch.
    Timestamp,
}

/// A number from `low` to `high`, both included, in steps from `low`.
#[derive(Debug)]
pub(super) struct Between {
    pub(super) key: Key,
    pub(super) low: Bound,
    pub(super) high: Bound,
    pub(super) step: u64,
    pub(super) kind: Kind,
}

impl Between {
    pub(super) fn constant(key: Key, low: i64, high: i64, kind: Kind) -> Self {
        let (low, high) = (Bound::Constant(low), Bound::Constant(high));
        Self { key, low, high, step: 1, kind }
    }

    pub(super) fn function(self) -> Arc<dyn Function> {
        Arc::new(self)
    }

    /// Refuses constant bounds in the wrong order.
    pub(super) fn check(&self, arguments: &Arguments<'_>, low: &str, high: &str) -> Result<(), CallError> {
        let (Bound::Constant(first), Bound::Constant(last)) = (self.low, self.high) else {
            return Ok(());
        };
        if first <= last {
            return Ok(());
        }
        let wrong = if arguments.get(high).is_some() { high } else { low };
        let (first, last) = (self.kind.show(first), self.kind.show(last));
        Err(arguments.error(
            wrong,
            format!("the range is empty: `{low}` is {first} and `{high}` is {last}"),
            format!("`{low}` must not be above `{high}`"),
        ))
    }

    #[inline]
    fn draw(&self, row: u64, low: i64, high: i64) -> i64 {
        // In two's complement the distance of any two i64 fits in u64.
        let distance = high.wrapping_sub(low) as u64;
        let offset = match distance.checked_add(1) {
            _ if self.step > 1 => self.key.below(row, distance / self.step + 1) * self.step,
            Some(count) => self.key.below(row, count),
            None => self.key.bits(row),
        };
        low.wrapping_add(offset as i64)
    }

    fn column(&self, bound: Bound, call: &Call<'_>) -> Result<Option<Int64Array>, EvaluateError> {
        let Bound::Column(index) = bound else { return Ok(None) };
        // A day and an instant become a number by way of their own types; an instant's number is in UTC.
        let steps: &[DataType] = match self.kind {
            Kind::Integer => &[DataType::Int64],
            Kind::Date => &[DataType::Date32, DataType::Int32, DataType::Int64],
            Kind::Timestamp => &[DataType::Timestamp(TimeUnit::Microsecond, None), DataType::Int64],
        };
        let mut values = call.arguments[index].clone();
        for step in steps {
            values = cast(&values, step)?;
        }
        Ok(Some(values.as_primitive::<Int64Type>().clone()))
    }
}

impl Kind {
    fn show(self, value: i64) -> String {
        let instant = match self {
            Self::Integer => return value.to_string(),
            Self::Date => chrono::DateTime::from_timestamp(value.saturating_mul(86_400), 0),
            Self::Timestamp => chrono::DateTime::from_timestamp_micros(value),
        };
        let format = if self == Self::Date { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M:%S%.f" };
        instant.map_or_else(|| value.to_string(), |instant| instant.format(format).to_string())
    }
}

impl Function for Between {
    fn data_type(&self) -> DataType {
        match self.kind {
            Kind::Integer => DataType::Int64,
            Kind::Date => DataType::Date32,
            Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        }
    }

    fn nullable(&self) -> bool {
        !matches!((self.low, self.high), (Bound::Constant(_), Bound::Constant(_)))
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let values: Int64Array = if let (Bound::Constant(low), Bound::Constant(high)) = (self.low, self.high)
        {
            call.rows.iter().map(|&row| self.draw(row, low, high)).collect::<Vec<_>>().into()
        } else {
            let columns = [self.column(self.low, call)?, self.column(self.high, call)?];
            let bound = |end: usize, constant: Bound, index: usize| match (&columns[end], constant) {
                (Some(column), _) => column.is_valid(index).then(|| column.value(index)),
                (None, Bound::Constant(value)) => Some(value),
                (None, Bound::Column(_)) => None,
            };
            let selected = |index| call.selected.is_none_or(|rows| rows.is_valid(index) && rows.value(index));
            let mut draw = |(index, &row): (usize, &u64)| {
                let (low, high) = (bound(0, self.low, index)?, bound(1, self.high, index)?);
                if low <= high {
                    return Some(self.draw(row, low, high));
                }
                if selected(index) {
                    let (low, high) = (self.kind.show(low), self.kind.show(high));
                    errors.push(index, format!("the range from {low} to {high} is empty"));
                }
                None
            };
            call.rows.iter().enumerate().map(&mut draw).collect()
        };
        Ok(match self.kind {
            Kind::Integer => Arc::new(values),
            Kind::Date => Arc::new(values.unary::<_, Date32Type>(|days| days as i32)),
            Kind::Timestamp => {
                Arc::new(values.reinterpret_cast::<TimestampMicrosecondType>().with_timezone(UTC))
            }
        })
    }
}

/// True in `percent` of a hundred rows.
#[derive(Debug)]
struct Chance {
    key: Key,
    percent: u64,
}

impl Function for Chance {
    fn data_type(&self) -> DataType {
        DataType::Boolean
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let values: Vec<bool> =
            call.rows.iter().map(|&row| self.key.below(row, 100) < self.percent).collect();
        Ok(Arc::new(BooleanArray::from(values)))
    }
}
