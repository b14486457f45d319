//! Truthiness: what `if`, `and`, `or`, `not` and `bool()` ask of a value. Null is false.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{DataType, TimeUnit};

use super::map::{booleans, mask};
use crate::EvaluateError;
use crate::node::Kernel;
use crate::value::{Bools, Input, Rows, Scalar, Value};

/// The rows whose value is true.
pub(crate) fn truth(value: &Value, len: usize) -> BooleanBuffer {
    let truths = match value {
        Value::Scalar(scalar) => {
            return if is_true(scalar) { BooleanBuffer::new_set(len) } else { BooleanBuffer::new_unset(len) };
        }
        Value::Array(array) => array_truth(array.as_ref(), value),
    };
    match value.nulls() {
        Some(nulls) => &truths & nulls.inner(),
        None => truths,
    }
}

fn is_true(scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Bool(value) => *value,
        Scalar::Int(value) | Scalar::Timedelta(value) => *value != 0,
        Scalar::Float(value) => *value != 0.0,
        Scalar::Str(value) => !value.is_empty(),
        Scalar::Date(_) | Scalar::Datetime(..) | Scalar::Time(_) => true,
    }
}

fn array_truth(array: &dyn Array, value: &Value) -> BooleanBuffer {
    let len = array.len();
    match array.data_type() {
        DataType::Null | DataType::FixedSizeList(_, 0) => BooleanBuffer::new_unset(len),
        DataType::Boolean => match value.bools() {
            Ok(Bools::Bits(bits)) => bits.clone(),
            _ => BooleanBuffer::new_unset(len),
        },
        DataType::Int64 | DataType::Duration(TimeUnit::Microsecond) => match value.ints() {
            Ok(Input::Slice(values)) => mask(values, |value| value != 0),
            _ => BooleanBuffer::new_unset(len),
        },
        DataType::Float64 => match value.floats() {
            Ok(Input::Slice(values)) => mask(values, |value| value != 0.0),
            _ => BooleanBuffer::new_unset(len),
        },
        DataType::Utf8 => {
            let offsets = array.as_string::<i32>().value_offsets();
            BooleanBuffer::collect_bool(len, |row| offsets[row + 1] > offsets[row])
        }
        DataType::List(_) => {
            let offsets = array.as_list::<i32>().value_offsets();
            BooleanBuffer::collect_bool(len, |row| offsets[row + 1] > offsets[row])
        }
        DataType::LargeList(_) => {
            let offsets = array.as_list::<i64>().value_offsets();
            BooleanBuffer::collect_bool(len, |row| offsets[row + 1] > offsets[row])
        }
        // Dates, datetimes: every value is true. The compiler refuses the types that have no truth.
        _ => BooleanBuffer::new_set(len),
    }
}

/// `bool(x)` or `not x`; never null.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Truth {
    pub(crate) negated: bool,
}

impl Kernel for Truth {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let truths = truth(&inputs[0], rows.len);
        Ok(booleans(if self.negated { !&truths } else { truths }, None))
    }

    fn null_strict(&self) -> bool {
        false
    }
}

/// `x is None` or `x is not None`; never null.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IsNone {
    pub(crate) negated: bool,
}

impl Kernel for IsNone {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let len = rows.len;
        let present = match &inputs[0] {
            Value::Scalar(_) => BooleanBuffer::new_set(len),
            Value::Array(array) => match array.logical_nulls() {
                Some(nulls) => nulls.into_inner(),
                None => BooleanBuffer::new_set(len),
            },
        };
        Ok(booleans(if self.negated { present } else { !&present }, None))
    }

    fn null_strict(&self) -> bool {
        false
    }
}
