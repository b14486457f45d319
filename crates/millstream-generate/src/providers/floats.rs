//! Numbers with a fractional part.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use arrow::datatypes::DataType;
use millstream_core::Key;
use millstream_expr::{Call, CallError, EvaluateError, Function, RowErrors};

use super::{Resolved, Site};
use crate::library::arguments::Bound as Given;

pub(super) const NAMES: &[&str] = &["latitude", "longitude", "pyfloat"];

/// The decimal digits that every 64-bit float keeps (Python's `sys.float_info.dig`).
const DIGITS: i64 = 15;

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let keys = [site.key.numbered(0), site.key.numbered(1)];
    let degrees = |limit: i64| {
        // Micro-degrees, as in Faker.
        let grid = Grid::new(-limit * 1_000_000, limit * 1_000_000, 6);
        Ok(Arc::new(Floats { keys, range: Range::Grids(vec![grid]) }) as Arc<dyn Function>)
    };
    match site.name {
        "latitude" => degrees(90),
        "longitude" => degrees(180),
        _ => {
            let range = pyfloat(&site.arguments)?;
            Ok(Arc::new(Floats { keys, range }))
        }
    }
}

/// The numbers `first / 10^digits`, `(first + 1) / 10^digits` …, `count` of them.
#[derive(Debug)]
struct Grid {
    first: i64,
    count: u64,
    scale: f64,
}

impl Grid {
    fn new(first: i64, last: i64, digits: i64) -> Self {
        Self { first, count: (last - first + 1) as u64, scale: power(digits) }
    }

    #[inline]
    fn at(&self, offset: u64) -> f64 {
        // Both are exact in a float, so that the quotient is the float nearest to the decimal number.
        (self.first + offset as i64) as f64 / self.scale
    }
}

fn power(digits: i64) -> f64 {
    10_f64.powi(digits as i32)
}

#[derive(Debug)]
enum Range {
    /// One of some grids, all as likely.
    Grids(Vec<Grid>),
    /// Any float from the first to the second.
    Uniform(f64, f64),
}

/// Faker's parameters, with values that are decimal numbers of the digits asked for, each as likely as any other.
fn pyfloat(arguments: &Given<'_>) -> Result<Range, CallError> {
    let digits = |parameter| -> Result<Option<i64>, CallError> {
        match arguments.integer(parameter)? {
            Some(digits) if !(0..=DIGITS).contains(&digits) => Err(arguments.error(
                parameter,
                format!("`{parameter}` must be from 0 to {DIGITS}, not {digits}"),
                "a float keeps 15 decimal digits",
            )),
            digits => Ok(digits),
        }
    };
    let (left, right) = (digits("left_digits")?, digits("right_digits")?);
    let positive = arguments.boolean("positive")?;
    let (min, max) = (arguments.number("min_value")?, arguments.number("max_value")?);
    if let (Some(low), Some(high)) = (min, max)
        && low > high
    {
        return Err(arguments.error(
            "min_value",
            format!("the range is empty: `min_value` is {low} and `max_value` is {high}"),
            "`min_value` must not be above `max_value`",
        ));
    }
    if positive == Some(true) && min.is_some_and(|low| low <= 0.0) {
        return Err(arguments.error(
            "positive",
            "`positive=True` contradicts a `min_value` of 0 or less",
            "leave one out",
        ));
    }
    if let (Some(low), Some(high), None, None, None | Some(false)) = (min, max, left, right, positive) {
        return Ok(Range::Uniform(low, high));
    }
    let bounds = Bounds { min, max, positive };
    let grids: Vec<Grid> = match (left, right) {
        (Some(left), Some(right)) if left + right > DIGITS || left + right == 0 => {
            return Err(arguments.error(
                "right_digits",
                format!(
                    "`left_digits` and `right_digits` must be from 1 to {DIGITS} together, not {}",
                    left + right
                ),
                "a float keeps 15 decimal digits",
            ));
        }
        (Some(left), Some(right)) => bounds.grid(left, right).into_iter().collect(),
        (None, Some(right)) => bounds.grid((DIGITS - right).max(1), right).into_iter().collect(),
        (Some(left), None) => bounds.grid(left, (DIGITS - left).max(1)).into_iter().collect(),
        // Neither is given: any split of the digits that leaves room for the bounds.
        (None, None) => {
            let largest = min.unwrap_or(1.0).abs().max(max.unwrap_or(1.0).abs()).max(1.0);
            let needed = (1..DIGITS).find(|&digits| power(digits) >= largest).unwrap_or(DIGITS);
            (1..=DIGITS - needed).filter_map(|right| bounds.grid(DIGITS - right, right)).collect()
        }
    };
    if grids.is_empty() {
        return Err(CallError {
            message: "no number has these digits and lies within these bounds".to_owned(),
            hint: Some(
                "a float keeps 15 decimal digits: ask for fewer `right_digits`, or for wider bounds"
                    .to_owned(),
            ),
            argument: arguments.index("right_digits").or(arguments.index("left_digits")),
        });
    }
    Ok(Range::Grids(grids))
}

struct Bounds {
    min: Option<f64>,
    max: Option<f64>,
    positive: Option<bool>,
}

impl Bounds {
    /// The numbers with that many digits before and after the point that lie within the bounds.
    fn grid(&self, left: i64, right: i64) -> Option<Grid> {
        let scale = power(right);
        let largest = (power(left + right) as i64) - 1;
        let mut first = if self.positive == Some(true) { 1 } else { -largest };
        let mut last = largest;
        if self.positive == Some(false) && self.min.is_none() && self.max.is_none() {
            last = -1;
        }
        // The product may be off by a little, the quotient is not: step to the first one that is within.
        if let Some(min) = self.min {
            let near = (min * scale).ceil().clamp(-9e15, 9e15) as i64;
            first = first.max((near - 1..=near + 1).find(|&n| n as f64 / scale >= min)?);
        }
        if let Some(max) = self.max {
            let near = (max * scale).floor().clamp(-9e15, 9e15) as i64;
            last = last.min((near - 1..=near + 1).rev().find(|&n| n as f64 / scale <= max)?);
        }
        (first <= last).then(|| Grid::new(first, last, right))
    }
}

#[derive(Debug)]
struct Floats {
    keys: [Key; 2],
    range: Range,
}

impl Function for Floats {
    fn data_type(&self) -> DataType {
        DataType::Float64
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let [key, choice] = self.keys;
        let rows = call.rows.iter();
        let values: Vec<f64> = match &self.range {
            // Weighed rather than added to, because the distance of two floats may be none.
            Range::Uniform(low, high) => rows
                .map(|&row| {
                    let unit = key.unit(row);
                    (low * (1.0 - unit) + high * unit).clamp(*low, *high)
                })
                .collect(),
            Range::Grids(grids) => rows
                .map(|&row| {
                    let grid = &grids[choice.below(row, grids.len() as u64) as usize];
                    grid.at(key.below(row, grid.count))
                })
                .collect(),
        };
        Ok(Arc::new(Float64Array::from(values)))
    }
}
