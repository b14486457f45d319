//! `round(x)` and `round(x, digits)`, as CPython has them: half to even on the exact value.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::datatypes::{Float64Type, Int64Type};

use super::convert::{not_whole, whole};
use super::integer::OVERFLOW;
use super::map::{map2, primitive, try_map2};
use crate::EvaluateError;
use crate::format::float::scale_exactly;
use crate::node::Kernel;
use crate::value::{Input, Rows, Value, union_nulls};

/// `round(float)`: an int.
#[derive(Debug)]
pub(crate) struct RoundToInt;

impl Kernel for RoundToInt {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let input = inputs[0].floats()?;
        let (values, failed) =
            try_map2(input, Input::Scalar(()), rows.len, |value, ()| match whole(value.round_ties_even()) {
                Some(value) => (value, false),
                None => (0, true),
            });
        let mut nulls = union_nulls(inputs);
        if failed {
            rows.fail_where(&mut nulls, |row| not_whole(input.get(row)));
        }
        Ok(primitive::<Int64Type>(values, nulls))
    }
}

/// `round(float, digits)`: a float.
#[derive(Debug)]
pub(crate) struct RoundFloat;

impl Kernel for RoundFloat {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let (input, digits) = (inputs[0].floats()?, inputs[1].ints()?);
        let (values, failed) = try_map2(input, digits, rows.len, |value, digits| {
            let rounded = round_float(value, digits);
            (rounded, rounded.is_infinite() && value.is_finite())
        });
        let mut nulls = union_nulls(inputs);
        if failed {
            rows.fail_where(&mut nulls, |row| {
                let value = input.get(row);
                (value.is_finite() && round_float(value, digits.get(row)).is_infinite())
                    .then_some(Cow::Borrowed("float overflow: the rounded value is too large"))
            });
        }
        Ok(primitive::<Float64Type>(values, nulls))
    }
}

/// `round(value, digits)`.
pub(crate) fn round_float(value: f64, digits: i64) -> f64 {
    // The limits are CPython's: beyond them the value cannot change, or is nothing.
    if !value.is_finite() || digits > 323 || value == 0.0 {
        return value;
    }
    if digits < -308 {
        return 0.0 * value;
    }
    if digits < 0 {
        return round_above_point(value, digits.unsigned_abs() as usize);
    }
    let digits = digits as usize;
    if let Some((scaled, power)) = scale_exactly(value, digits) {
        // Both are exact, so that the division rounds once, as reading the digits would.
        return (scaled / power).copysign(value);
    }
    format!("{value:.digits$}").parse().unwrap_or(value)
}

/// Rounds to a multiple of 10^`places`, by the decimal digits of the whole part.
fn round_above_point(value: f64, places: usize) -> f64 {
    let whole = value.abs().trunc();
    let digits = format!("{whole:.0}");
    if digits.len() < places {
        return 0.0_f64.copysign(value);
    }
    let (kept, dropped) = digits.split_at(digits.len() - places);
    let half = format!("{:0<places$}", '5');
    let fraction = whole != value.abs();
    let odd = kept.bytes().last().is_some_and(|digit| digit % 2 == 1);
    let up = match dropped.cmp(half.as_str()) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => fraction || odd,
        std::cmp::Ordering::Less => false,
    };
    let mut kept: Vec<u8> = std::iter::once(b'0').chain(kept.bytes()).collect();
    if up {
        for digit in kept.iter_mut().rev() {
            if *digit == b'9' {
                *digit = b'0';
            } else {
                *digit += 1;
                break;
            }
        }
    }
    let text = format!("{}e{places}", String::from_utf8_lossy(&kept));
    text.parse::<f64>().unwrap_or(value).copysign(value)
}

/// `round(int, digits)`: changes the int for negative digits only.
#[derive(Debug)]
pub(crate) struct RoundInt;

impl Kernel for RoundInt {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let (input, digits) = (inputs[0].ints()?, inputs[1].ints()?);
        let rounded = map2(input, digits, rows.len, round_int);
        let mut nulls = union_nulls(inputs);
        if rounded.iter().any(Option::is_none) {
            rows.fail_where(&mut nulls, |row| {
                round_int(input.get(row), digits.get(row)).is_none().then_some(Cow::Borrowed(OVERFLOW))
            });
        }
        let values = rounded.into_iter().map(Option::unwrap_or_default).collect();
        Ok(primitive::<Int64Type>(values, nulls))
    }
}

pub(crate) fn round_int(value: i64, digits: i64) -> Option<i64> {
    if digits >= 0 {
        return Some(value);
    }
    // 10^20 and more is over twice any int, so that everything rounds to 0.
    let Some(unit) = u32::try_from(digits.unsigned_abs()).ok().filter(|places| *places < 20) else {
        return Some(0);
    };
    let unit = 10_i128.pow(unit);
    let value = i128::from(value);
    let below = value.div_euclid(unit);
    let remainder = value.rem_euclid(unit) * 2;
    let up = remainder > unit || (remainder == unit && below % 2 != 0);
    i64::try_from((below + i128::from(up)) * unit).ok()
}
