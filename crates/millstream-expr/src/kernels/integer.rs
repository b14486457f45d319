//! Arithmetic of ints: exact, or an error of the row.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::datatypes::{Float64Type, Int64Type};

use super::divide::{Divisor, floor_divide, floor_modulo, true_divide};
use super::map::{map, map2, primitive, try_map2};
use crate::EvaluateError;
use crate::node::Kernel;
use crate::value::{Input, Rows, Value, union_nulls};

pub(crate) const OVERFLOW: &str = "integer overflow: the result does not fit into 64 bits";
pub(crate) const BY_ZERO: &str = "division by zero";
const NEGATIVE_EXPONENT: &str =
    "negative exponent: the result of int ** int is an int; write float(x) ** y for a float";

/// An operator from two ints to an int.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IntArithmetic {
    Add,
    Subtract,
    Multiply,
    FloorDivide,
    Modulo,
    Power,
}

impl IntArithmetic {
    fn failure(self, left: i64, right: i64) -> Option<Cow<'static, str>> {
        let (failed, message) = match self {
            Self::Add => (left.checked_add(right).is_none(), OVERFLOW),
            Self::Subtract => (left.checked_sub(right).is_none(), OVERFLOW),
            Self::Multiply => (left.checked_mul(right).is_none(), OVERFLOW),
            Self::FloorDivide | Self::Modulo if right == 0 => (true, BY_ZERO),
            Self::FloorDivide => (floor_divide(left, right).1, OVERFLOW),
            Self::Modulo => (false, OVERFLOW),
            Self::Power if right < 0 => (true, NEGATIVE_EXPONENT),
            Self::Power => (power(left, right).1, OVERFLOW),
        };
        failed.then_some(Cow::Borrowed(message))
    }
}

impl Kernel for IntArithmetic {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let (left, right) = (inputs[0].ints()?, inputs[1].ints()?);
        let len = rows.len;
        let (values, failed) = match self {
            Self::Add => try_map2(left, right, len, i64::overflowing_add),
            Self::Subtract => try_map2(left, right, len, i64::overflowing_sub),
            Self::Multiply => try_map2(left, right, len, i64::overflowing_mul),
            Self::FloorDivide => match divisor(right) {
                Some(divisor) if divisor.is_power() => {
                    let shift = divisor.power();
                    (map(left, len, |left| left >> shift), false)
                }
                Some(divisor) => (map(left, len, |left| divisor.0.quotient(left)), false),
                None => try_map2(left, right, len, floor_divide),
            },
            Self::Modulo => match divisor(right) {
                Some(divisor) if divisor.is_power() => {
                    let mask = divisor.1 - 1;
                    (map(left, len, |left| left & mask), false)
                }
                Some(divisor) => (map(left, len, |left| divisor.0.remainder(left)), false),
                None => try_map2(left, right, len, floor_modulo),
            },
            Self::Power => try_map2(left, right, len, power),
        };
        let mut nulls = union_nulls(inputs);
        if failed {
            rows.fail_where(&mut nulls, |row| self.failure(left.get(row), right.get(row)));
        }
        Ok(primitive::<Int64Type>(values, nulls))
    }
}

/// A constant positive divisor, and its plain value.
struct ConstantDivisor(Divisor, i64);

impl ConstantDivisor {
    fn is_power(&self) -> bool {
        self.1.count_ones() == 1
    }

    fn power(&self) -> u32 {
        self.1.trailing_zeros()
    }
}

fn divisor(right: Input<'_, i64>) -> Option<ConstantDivisor> {
    match right {
        Input::Scalar(value) => Divisor::new(value).map(|divisor| ConstantDivisor(divisor, value)),
        Input::Slice(_) => None,
    }
}

/// `base ** exponent`, and whether it fails.
pub(crate) fn power(base: i64, exponent: i64) -> (i64, bool) {
    match (base, exponent) {
        (_, ..0) => (0, true),
        (0 | 1, _) => (if exponent == 0 { 1 } else { base }, false),
        (-1, _) => (if exponent % 2 == 0 { 1 } else { -1 }, false),
        _ => match u32::try_from(exponent).ok().and_then(|exponent| base.checked_pow(exponent)) {
            Some(value) => (value, false),
            None => (0, true),
        },
    }
}

/// `/` of ints: a float.
#[derive(Debug)]
pub(crate) struct TrueDivide;

impl Kernel for TrueDivide {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let (left, right) = (inputs[0].ints()?, inputs[1].ints()?);
        let (values, failed) = try_map2(left, right, rows.len, |left, right| {
            if right == 0 { (0.0, true) } else { (true_divide(left, right), false) }
        });
        let mut nulls = union_nulls(inputs);
        if failed {
            rows.fail_where(&mut nulls, |row| (right.get(row) == 0).then_some(Cow::Borrowed(BY_ZERO)));
        }
        Ok(primitive::<Float64Type>(values, nulls))
    }
}

/// `-x` or `abs(x)` of an int.
#[derive(Debug, Clone, Copy)]
pub(crate) enum IntSign {
    Negate,
    Absolute,
}

impl Kernel for IntSign {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let input = inputs[0].ints()?;
        // The only int without an opposite is the smallest.
        let (values, failed) = try_map2(input, Input::Scalar(()), rows.len, |value, ()| match self {
            Self::Negate => value.overflowing_neg(),
            Self::Absolute => value.overflowing_abs(),
        });
        let mut nulls = union_nulls(inputs);
        if failed {
            rows.fail_where(&mut nulls, |row| {
                (input.get(row) == i64::MIN).then_some(Cow::Borrowed(OVERFLOW))
            });
        }
        Ok(primitive::<Int64Type>(values, nulls))
    }
}

/// An int as a float, rounded to the nearest as `float(int)` does.
#[derive(Debug)]
pub(crate) struct IntToFloat;

impl Kernel for IntToFloat {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let values = map(inputs[0].ints()?, rows.len, |value| value as f64);
        Ok(primitive::<Float64Type>(values, union_nulls(inputs)))
    }
}

/// A bool as an int, 1 or 0.
#[derive(Debug)]
pub(crate) struct BoolToInt;

impl Kernel for BoolToInt {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let values = match inputs[0].bools()? {
            crate::value::Bools::Scalar(value) => {
                map2(Input::Scalar(value), Input::Scalar(()), rows.len, |value, ()| i64::from(value))
            }
            crate::value::Bools::Bits(bits) => bits.iter().map(i64::from).collect(),
        };
        Ok(primitive::<Int64Type>(values, union_nulls(inputs)))
    }
}
