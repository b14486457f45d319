//! Arithmetic of floats, as CPython's `floatobject.c` has it.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::datatypes::Float64Type;

use super::integer::BY_ZERO;
use super::map::{map, map2, primitive, try_map2};
use crate::EvaluateError;
use crate::node::Kernel;
use crate::value::{Rows, Value, union_nulls};

const COMPLEX: &str = "a negative number to a fractional power is not a real number";
const FLOAT_OVERFLOW: &str = "float overflow: the result of ** is too large";

/// An operator from two floats to a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FloatArithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
}

impl FloatArithmetic {
    fn failure(self, left: f64, right: f64) -> Option<Cow<'static, str>> {
        let message = match self {
            Self::Add | Self::Subtract | Self::Multiply => return None,
            Self::Divide | Self::FloorDivide | Self::Modulo => {
                if right != 0.0 {
                    return None;
                }
                BY_ZERO
            }
            Self::Power => match power(left, right) {
                Ok(_) => return None,
                Err(message) => message,
            },
        };
        Some(Cow::Borrowed(message))
    }
}

impl Kernel for FloatArithmetic {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let (left, right) = (inputs[0].floats()?, inputs[1].floats()?);
        let len = rows.len;
        let (values, failed) = match self {
            Self::Add => (map2(left, right, len, |left, right| left + right), false),
            Self::Subtract => (map2(left, right, len, |left, right| left - right), false),
            Self::Multiply => (map2(left, right, len, |left, right| left * right), false),
            Self::Divide => try_map2(left, right, len, |left, right| (left / right, right == 0.0)),
            Self::FloorDivide => {
                try_map2(left, right, len, |left, right| (floor_divide(left, right), right == 0.0))
            }
            Self::Modulo => try_map2(left, right, len, |left, right| (modulo(left, right), right == 0.0)),
            Self::Power => try_map2(left, right, len, |left, right| match power(left, right) {
                Ok(value) => (value, false),
                Err(_) => (0.0, true),
            }),
        };
        let mut nulls = union_nulls(inputs);
        if failed {
            rows.fail_where(&mut nulls, |row| self.failure(left.get(row), right.get(row)));
        }
        Ok(primitive::<Float64Type>(values, nulls))
    }
}

/// `left % right`; `right` is not 0.
pub(crate) fn modulo(left: f64, right: f64) -> f64 {
    let remainder = left % right;
    if remainder == 0.0 {
        // The sign of zero is the divisor's.
        0.0_f64.copysign(right)
    } else if (right < 0.0) == (remainder < 0.0) {
        remainder
    } else {
        remainder + right
    }
}

/// `left // right`; `right` is not 0.
pub(crate) fn floor_divide(left: f64, right: f64) -> f64 {
    let remainder = left % right;
    let mut quotient = (left - remainder) / right;
    if remainder != 0.0 && (right < 0.0) != (remainder < 0.0) {
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return 0.0_f64.copysign(left / right);
    }
    // The quotient is within rounding of an integer: snap to it.
    let floor = quotient.floor();
    if quotient - floor > 0.5 { floor + 1.0 } else { floor }
}

pub(crate) fn power(base: f64, exponent: f64) -> Result<f64, &'static str> {
    if base == 0.0 && exponent < 0.0 && exponent.is_finite() {
        return Err(BY_ZERO);
    }
    if base < 0.0 && base.is_finite() && exponent.is_finite() && exponent.fract() != 0.0 {
        return Err(COMPLEX);
    }
    let value = base.powf(exponent);
    if value.is_infinite() && base.is_finite() && exponent.is_finite() {
        return Err(FLOAT_OVERFLOW);
    }
    Ok(value)
}

/// `-x` or `abs(x)` of a float.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FloatSign {
    Negate,
    Absolute,
}

impl Kernel for FloatSign {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let input = inputs[0].floats()?;
        let values = match self {
            Self::Negate => map(input, rows.len, |value| -value),
            Self::Absolute => map(input, rows.len, f64::abs),
        };
        Ok(primitive::<Float64Type>(values, union_nulls(inputs)))
    }
}
