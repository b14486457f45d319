//! Numbers with a fractional part.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Float64Type};
use millstream_core::{Key, Permutation};
use millstream_expr::{Call, CallError, EvaluateError, Function, RowErrors};

use super::unique::exhausted;
use super::{Resolved, Site};
use crate::library::arguments::Bound as Given;
use crate::library::operand::is_selected;

pub(super) const NAMES: &[&str] = &["latitude", "longitude", "pyfloat"];

/// The decimal digits that every 64-bit float keeps (Python's `sys.float_info.dig`).
const DIGITS: i64 = 15;

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    match site.name {
        "latitude" => degrees(site, -90.0, 90.0),
        "longitude" => degrees(site, -180.0, 180.0),
        _ => floats(site, pyfloat(&site.arguments)?),
    }
}

/// Micro-degrees between two bounds, as in Faker.
pub(super) fn degrees(site: &Site<'_>, low: f64, high: f64) -> Resolved {
    floats(site, Range::Grids(vec![micro_degrees(low, high)]))
}

fn micro_degrees(low: f64, high: f64) -> Grid {
    Grid::new((low * 1e6).round() as i64, (high * 1e6).round() as i64, 6)
}

/// A latitude and a longitude.
pub(super) fn pair(site: &Site<'_>) -> Resolved {
    site.refuse_unique("use `fake.unique.latitude()`")?;
    let part = |number: u64, limit: f64| Floats {
        name: String::new(),
        keys: [site.key.numbered(2 * number), site.key.numbered(2 * number + 1)],
        range: Range::Grids(vec![micro_degrees(-limit, limit)]),
        permutation: None,
    };
    Ok(Arc::new(Pair([part(0, 90.0), part(1, 180.0)])))
}

/// Two floats as a list.
#[derive(Debug)]
struct Pair([Floats; 2]);

impl Function for Pair {
    fn data_type(&self) -> DataType {
        DataType::List(Arc::new(Field::new_list_field(DataType::Float64, false)))
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let [first, second] = &self.0;
        let (first, second) = (first.evaluate(call, errors)?, second.evaluate(call, errors)?);
        let (first, second) = (first.as_primitive::<Float64Type>(), second.as_primitive::<Float64Type>());
        let values = first.values().iter().zip(second.values()).flat_map(|(a, b)| [*a, *b]);
        let values = Float64Array::from_iter_values(values);
        let item = Arc::new(Field::new_list_field(DataType::Float64, false));
        let offsets = OffsetBuffer::from_repeated_length(2, call.rows.len());
        Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(values), None)?))
    }
}

fn floats(site: &Site<'_>, range: Range) -> Resolved {
    let permutation = match &range {
        Range::Grids(grids) if grids.len() == 1 => site.permutation(u128::from(grids[0].count))?,
        _ => {
            site.refuse_unique(
                "write `left_digits` and `right_digits`: then it is known how many values there are",
            )?;
            None
        }
    };
    let keys = [site.key.numbered(0), site.key.numbered(1)];
    Ok(Arc::new(Floats { name: site.name.to_owned(), keys, range, permutation }))
}

/// The decimals that `pydecimal` asks for: with 5 digits after the point, unless it says otherwise.
pub(super) fn decimal_grid(arguments: &Given<'_>) -> Result<Grid, CallError> {
    let right = arguments.integer("right_digits")?;
    let left = arguments.integer("left_digits")?;
    let scale = right.unwrap_or_else(|| left.map_or(5, |left| (DIGITS - left).clamp(0, 5)));
    match digits_and_bounds(arguments, Some(left.unwrap_or(DIGITS - scale).min(DIGITS - scale)), Some(scale))?
    {
        Range::Grids(grids) if grids.len() == 1 => grids
            .into_iter()
            .next()
            .ok_or_else(|| arguments.wrong("left_digits", "no number has these digits")),
        _ => Err(arguments.wrong("left_digits", "no number has these digits")),
    }
}

/// The numbers `first / 10^digits`, `(first + 1) / 10^digits` …, `count` of them.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) first: i64,
    pub(super) count: u64,
    pub(super) digits: i64,
    scale: f64,
}

impl Grid {
    fn new(first: i64, last: i64, digits: i64) -> Self {
        Self { first, count: (last - first + 1) as u64, digits, scale: power(digits) }
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
    digits_and_bounds(arguments, left, right)
}

fn digits_and_bounds(
    arguments: &Given<'_>,
    left: Option<i64>,
    right: Option<i64>,
) -> Result<Range, CallError> {
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
    name: String,
    keys: [Key; 2],
    range: Range,
    /// The order of the numbers of the one grid, if each comes once.
    permutation: Option<Permutation>,
}

impl Function for Floats {
    fn data_type(&self) -> DataType {
        DataType::Float64
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let [key, choice] = self.keys;
        let rows = call.rows.iter();
        if let (Some(permutation), Range::Grids(grids)) = (&self.permutation, &self.range) {
            let grid = &grids[0];
            let values = rows.enumerate().map(|(index, &row)| {
                if row < grid.count {
                    return grid.at(permutation.apply(row));
                }
                if is_selected(call, index) {
                    errors.push(index, exhausted(&self.name, u128::from(grid.count)));
                }
                0.0
            });
            return Ok(Arc::new(Float64Array::from_iter_values(values)));
        }
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
