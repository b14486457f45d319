//! Whole numbers between bounds, of which days and instants are a special case. Bounds may be columns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, DurationMicrosecondType, Float64Type, Int64Type, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType,
};
use millstream_core::{Key, Permutation};
use millstream_expr::{Call, CallError, Constant, EvaluateError, Function, RowErrors};

use super::unique::exhausted;
use super::{Resolved, Site};
use crate::draws::Draws;
use crate::library::arguments::{Bound as Arguments, written};
use crate::library::choice::Choice;
use crate::library::operand::is_selected;
use crate::library::population::Population;

pub(super) const NAMES: &[&str] = &[
    "boolean",
    "http_status_code",
    "null_boolean",
    "port_number",
    "pybool",
    "pyint",
    "random_digit",
    "random_digit_above_two",
    "random_digit_not_null",
    "random_digit_not_null_or_empty",
    "random_digit_or_empty",
    "random_int",
    "random_number",
    "randomize_nb_elements",
];

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let key = site.key.numbered(0);
    let arguments = &site.arguments;
    let digit = |low| Between::constant(site, low, 9, Kind::Integer);
    let chance = |percent, none| {
        site.refuse_unique("there are only two values")?;
        Ok(Arc::new(Chance { key, percent, none }) as Arc<dyn Function>)
    };
    match site.name {
        "boolean" => chance(arguments.integer_in("chance_of_getting_true", 50, 0, 100)? as u64, false),
        "pybool" => chance(arguments.integer_in("truth_probability", 50, 0, 100)? as u64, false),
        "null_boolean" => chance(50, true),
        "random_digit_or_empty" | "random_digit_not_null_or_empty" => {
            site.refuse_unique("use `fake.unique.random_digit()`")?;
            let low = i64::from(site.name != "random_digit_or_empty");
            Ok(Arc::new(Digit { key, low }))
        }
        "random_number" => random_number(site),
        "randomize_nb_elements" => {
            let number = arguments.integer_in("number", 10, 0, 1_000_000)?;
            let flag = |parameter| Ok::<_, CallError>(arguments.boolean(parameter)?.unwrap_or(false));
            let percent = |share: i64| number * share / 100;
            let low = if flag("ge")? { number } else { percent(60) };
            let high = if flag("le")? { number } else { percent(140) };
            let low = low.max(arguments.integer("min")?.unwrap_or(i64::MIN));
            let high = high.min(arguments.integer("max")?.unwrap_or(i64::MAX)).max(low);
            Between::constant(site, low, high, Kind::Integer)
        }
        "http_status_code" => {
            let unassigned = arguments.boolean("include_unassigned")?.unwrap_or(true);
            if unassigned {
                return Between::constant(site, 100, 599, Kind::Integer);
            }
            let codes = Population::Constant(Arc::new(Int64Array::from(STATUS_CODES.to_vec())));
            site.refuse_unique("use `fake.unique.http_status_code()`, with the codes that are not assigned")?;
            Ok(Arc::new(Choice::new(key, codes)))
        }
        // RFC 6335: system, user and dynamic ports.
        "port_number" => {
            let flag = |parameter| Ok::<_, CallError>(arguments.boolean(parameter)?.unwrap_or(false));
            let (low, high) = match (flag("is_system")?, flag("is_user")?, flag("is_dynamic")?) {
                (true, ..) => (0, 1023),
                (false, true, _) => (1024, 49_151),
                (false, false, true) => (49_152, 65_535),
                (false, false, false) => (0, 65_535),
            };
            Between::constant(site, low, high, Kind::Integer)
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
            Some(Constant::None) => Ok(Bound::Constant(default)),
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
    let between = Between { key, low, high, step: step as u64, kind: Kind::Integer, unique: None };
    between.check(arguments, parameters[0], parameters[1])?;
    between.function(site)
}

/// The status codes that RFC 9110 and its extensions define (IANA, HTTP Status Code Registry).
const STATUS_CODES: [i64; 62] = [
    100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307,
    308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422,
    423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511, 104,
];

/// A number of so many digits, or of up to so many.
fn random_number(site: &Site<'_>) -> Resolved {
    let arguments = &site.arguments;
    let fixed = arguments.boolean("fix_len")?.unwrap_or(false);
    let digits = match arguments.integer("digits")? {
        Some(digits @ 0..=18) => digits as u32,
        Some(other) => {
            return Err(arguments.wrong("digits", format!("`digits` must be from 0 to 18, not {other}")));
        }
        // Any number of digits, each as likely.
        None if site.unique => 9,
        None => {
            return Ok(Arc::new(AnyDigits { key: site.key, fixed }));
        }
    };
    if fixed && digits == 0 {
        return Err(arguments.wrong("digits", "a number of no digits has no fixed length"));
    }
    let low = if fixed { 10_i64.pow(digits - 1) } else { 0 };
    Between::constant(site, low, 10_i64.pow(digits) - 1, Kind::Integer)
}

/// A number of one to nine digits.
#[derive(Debug)]
struct AnyDigits {
    key: Key,
    fixed: bool,
}

impl Function for AnyDigits {
    fn data_type(&self) -> DataType {
        DataType::Int64
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let values = call.rows.iter().map(|&row| {
            let mut draws = Draws::new(self.key, row);
            let digits = 1 + draws.below(9) as u32;
            let low = if self.fixed { 10_u64.pow(digits - 1) } else { 0 };
            (low + draws.below(10_u64.pow(digits) - low)) as i64
        });
        Ok(Arc::new(Int64Array::from_iter_values(values)))
    }
}

/// A digit, or None in half of the rows (where Faker has an empty text).
#[derive(Debug)]
struct Digit {
    key: Key,
    low: i64,
}

impl Function for Digit {
    fn data_type(&self) -> DataType {
        DataType::Int64
    }

    fn nullable(&self) -> bool {
        true
    }

    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let count = 10 - self.low as u64;
        let draw = |&row: &u64| {
            let outcome = self.key.below(row, 2 * count);
            (outcome < count).then_some(self.low + outcome as i64)
        };
        Ok(Arc::new(call.rows.iter().map(draw).collect::<Int64Array>()))
    }
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
    /// The same, as seconds with a fractional part.
    Seconds,
    /// Microseconds since midnight.
    Time,
    /// Microseconds.
    Duration,
}

/// A number from `low` to `high`, both included, in steps from `low`.
#[derive(Debug)]
pub(super) struct Between {
    pub(super) key: Key,
    pub(super) low: Bound,
    pub(super) high: Bound,
    pub(super) step: u64,
    pub(super) kind: Kind,
    /// With constant bounds: each number once.
    pub(super) unique: Option<Unique>,
}

/// The order in which the numbers come, each once.
#[derive(Debug)]
pub(super) struct Unique {
    name: String,
    permutation: Permutation,
    count: u64,
}

impl Between {
    pub(super) fn constant(site: &Site<'_>, low: i64, high: i64, kind: Kind) -> Resolved {
        let (low, high) = (Bound::Constant(low), Bound::Constant(high));
        Self { key: site.key.numbered(0), low, high, step: 1, kind, unique: None }.function(site)
    }

    pub(super) fn function(mut self, site: &Site<'_>) -> Resolved {
        if let (Bound::Constant(low), Bound::Constant(high)) = (self.low, self.high) {
            let count = (i128::from(high) - i128::from(low)) as u128 / u128::from(self.step) + 1;
            if let Some(permutation) = site.permutation(count)? {
                let count = count.min(1 << 60) as u64;
                self.unique = Some(Unique { name: site.name.to_owned(), permutation, count });
            }
        } else {
            site.refuse_unique("write constant bounds: then it is known how many values there are")?;
        }
        Ok(Arc::new(self))
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
            _ => &[DataType::Timestamp(TimeUnit::Microsecond, None), DataType::Int64],
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
            Self::Integer | Self::Duration | Self::Time => return value.to_string(),
            Self::Date => chrono::DateTime::from_timestamp(value.saturating_mul(86_400), 0),
            Self::Timestamp | Self::Seconds => chrono::DateTime::from_timestamp_micros(value),
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
            Kind::Seconds => DataType::Float64,
            Kind::Time => DataType::Time64(TimeUnit::Microsecond),
            Kind::Duration => DataType::Duration(TimeUnit::Microsecond),
        }
    }

    fn nullable(&self) -> bool {
        !matches!((self.low, self.high), (Bound::Constant(_), Bound::Constant(_)))
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let values: Int64Array = if let (Some(unique), Bound::Constant(low)) = (&self.unique, self.low) {
            let draw = |(index, &row): (usize, &u64)| {
                if row < unique.count {
                    return low.wrapping_add((unique.permutation.apply(row) * self.step) as i64);
                }
                if is_selected(call, index) {
                    errors.push(index, exhausted(&unique.name, u128::from(unique.count)));
                }
                low
            };
            call.rows.iter().enumerate().map(draw).collect::<Vec<_>>().into()
        } else if let (Bound::Constant(low), Bound::Constant(high)) = (self.low, self.high) {
            call.rows.iter().map(|&row| self.draw(row, low, high)).collect::<Vec<_>>().into()
        } else {
            let columns = [self.column(self.low, call)?, self.column(self.high, call)?];
            let bound = |end: usize, constant: Bound, index: usize| match (&columns[end], constant) {
                (Some(column), _) => column.is_valid(index).then(|| column.value(index)),
                (None, Bound::Constant(value)) => Some(value),
                (None, Bound::Column(_)) => None,
            };
            let mut draw = |(index, &row): (usize, &u64)| {
                let (low, high) = (bound(0, self.low, index)?, bound(1, self.high, index)?);
                if low <= high {
                    return Some(self.draw(row, low, high));
                }
                if is_selected(call, index) {
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
            Kind::Seconds => Arc::new(values.unary::<_, Float64Type>(|micros| micros as f64 / 1e6)),
            Kind::Time => Arc::new(values.reinterpret_cast::<Time64MicrosecondType>()),
            Kind::Duration => Arc::new(values.reinterpret_cast::<DurationMicrosecondType>()),
        })
    }
}

/// True in `percent` of a hundred rows; of the rows that are not None, which are two thirds if there is None.
#[derive(Debug)]
struct Chance {
    key: Key,
    percent: u64,
    none: bool,
}

impl Function for Chance {
    fn data_type(&self) -> DataType {
        DataType::Boolean
    }

    fn nullable(&self) -> bool {
        self.none
    }

    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let truth = |row: u64| self.key.below(row, 100) < self.percent;
        if self.none {
            let key = self.key.numbered(1);
            let values = call.rows.iter().map(|&row| (key.below(row, 3) > 0).then(|| truth(row)));
            return Ok(Arc::new(values.collect::<BooleanArray>()));
        }
        let values: Vec<bool> = call.rows.iter().map(|&row| truth(row)).collect();
        Ok(Arc::new(BooleanArray::from(values)))
    }
}
