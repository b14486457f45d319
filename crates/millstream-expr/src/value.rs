//! Values while an expression is evaluated: one for all rows, or a column.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder, Date32Array, DurationMicrosecondArray,
    Float64Array, Int64Array, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{
    Date32Type, DurationMicrosecondType, Float64Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};

use crate::function::Constant;
use crate::types::Type;
use crate::{EvaluateError, RowErrors};

/// A value other than `None` that is the same for all rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Arc<str>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01 (of its zone's UTC, if it has one).
    Datetime(i64, Option<Arc<str>>),
    /// Microseconds.
    Timedelta(i64),
    /// Microseconds since midnight.
    Time(i64),
}

impl Scalar {
    pub(crate) fn kind(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Float(_) => Type::Float,
            Self::Str(_) => Type::Str,
            Self::Date(_) => Type::Date,
            Self::Datetime(_, zone) => Type::Datetime(zone.clone()),
            Self::Timedelta(_) => Type::Timedelta,
            Self::Time(_) => Type::Time,
        }
    }

    /// The value as hosts see it; none for a date, which has no literal.
    pub(crate) fn constant(&self) -> Option<Constant> {
        Some(match self {
            Self::Bool(value) => Constant::Bool(*value),
            Self::Int(value) => Constant::Int(*value),
            Self::Float(value) => Constant::Float(*value),
            Self::Str(value) => Constant::Str(value.to_string()),
            Self::Date(_) | Self::Datetime(..) | Self::Timedelta(_) | Self::Time(_) => return None,
        })
    }

    pub(crate) fn to_array(&self, rows: usize) -> ArrayRef {
        match self {
            Self::Bool(value) => {
                let bits = if *value { BooleanBuffer::new_set(rows) } else { BooleanBuffer::new_unset(rows) };
                Arc::new(BooleanArray::new(bits, None))
            }
            Self::Int(value) => Arc::new(Int64Array::from_value(*value, rows)),
            Self::Float(value) => Arc::new(Float64Array::from_value(*value, rows)),
            Self::Str(value) => Arc::new(StringArray::from_iter_values(std::iter::repeat_n(value, rows))),
            Self::Date(value) => Arc::new(Date32Array::from_value(*value, rows)),
            Self::Datetime(value, zone) => {
                Arc::new(TimestampMicrosecondArray::from_value(*value, rows).with_timezone_opt(zone.clone()))
            }
            Self::Timedelta(value) => Arc::new(DurationMicrosecondArray::from_value(*value, rows)),
            Self::Time(value) => Arc::new(Time64MicrosecondArray::from_value(*value, rows)),
        }
    }

    /// The value of a row of a column of type `kind`; `None` if it is null or the type has no scalars.
    pub(crate) fn from_array(kind: &Type, array: &dyn Array, row: usize) -> Option<Self> {
        if array.is_null(row) {
            return None;
        }
        match kind {
            Type::Bool => array.as_boolean_opt().map(|array| Self::Bool(array.value(row))),
            Type::Int => array.as_primitive_opt::<Int64Type>().map(|array| Self::Int(array.value(row))),
            Type::Float => array.as_primitive_opt::<Float64Type>().map(|array| Self::Float(array.value(row))),
            Type::Str => array.as_string_opt::<i32>().map(|array| Self::Str(array.value(row).into())),
            Type::Date => array.as_primitive_opt::<Date32Type>().map(|array| Self::Date(array.value(row))),
            Type::Datetime(zone) => array
                .as_primitive_opt::<TimestampMicrosecondType>()
                .map(|array| Self::Datetime(array.value(row), zone.clone())),
            Type::Timedelta => array
                .as_primitive_opt::<DurationMicrosecondType>()
                .map(|array| Self::Timedelta(array.value(row))),
            Type::Time => {
                array.as_primitive_opt::<Time64MicrosecondType>().map(|array| Self::Time(array.value(row)))
            }
            Type::Null | Type::Raw(_) => None,
        }
    }
}

/// The value of a part of an expression for all rows of a frame.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Scalar(Scalar),
    Array(ArrayRef),
}

/// Fixed-width values: one for all rows, or one for each.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Input<'a, T> {
    Scalar(T),
    Slice(&'a [T]),
}

impl<T: Copy> Input<'_, T> {
    #[inline]
    pub(crate) fn get(&self, row: usize) -> T {
        match self {
            Self::Scalar(value) => *value,
            Self::Slice(values) => values[row],
        }
    }
}

/// Texts: one for all rows, or one for each.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Texts<'a> {
    Scalar(&'a str),
    Array(&'a StringArray),
}

impl<'a> Texts<'a> {
    #[inline]
    pub(crate) fn get(&self, row: usize) -> &'a str {
        match self {
            Self::Scalar(value) => value,
            Self::Array(values) => values.value(row),
        }
    }

    /// Whether every text is ASCII, so that code points are bytes.
    pub(crate) fn is_ascii(&self) -> bool {
        match self {
            Self::Scalar(value) => value.is_ascii(),
            Self::Array(values) => values.is_ascii(),
        }
    }
}

/// Truth values: one for all rows, or one for each.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bools<'a> {
    Scalar(bool),
    Bits(&'a BooleanBuffer),
}

impl Value {
    pub(crate) fn into_array(self, rows: usize) -> ArrayRef {
        match self {
            Self::Scalar(scalar) => scalar.to_array(rows),
            Self::Array(array) => array,
        }
    }

    pub(crate) fn nulls(&self) -> Option<&NullBuffer> {
        match self {
            Self::Scalar(_) => None,
            Self::Array(array) => array.nulls(),
        }
    }

    /// Ints, and datetimes, timedeltas and times as their microseconds.
    pub(crate) fn ints(&self) -> Result<Input<'_, i64>, EvaluateError> {
        match self {
            Self::Scalar(
                Scalar::Int(value)
                | Scalar::Datetime(value, _)
                | Scalar::Timedelta(value)
                | Scalar::Time(value),
            ) => Some(Input::Scalar(*value)),
            Self::Scalar(_) => None,
            Self::Array(array) => array
                .as_primitive_opt::<Int64Type>()
                .map(|array| Input::Slice(array.values()))
                .or_else(|| {
                    Some(Input::Slice(array.as_primitive_opt::<TimestampMicrosecondType>()?.values()))
                })
                .or_else(|| Some(Input::Slice(array.as_primitive_opt::<DurationMicrosecondType>()?.values())))
                .or_else(|| Some(Input::Slice(array.as_primitive_opt::<Time64MicrosecondType>()?.values()))),
        }
        .ok_or_else(|| self.mismatch("int"))
    }

    pub(crate) fn floats(&self) -> Result<Input<'_, f64>, EvaluateError> {
        match self {
            Self::Scalar(Scalar::Float(value)) => Some(Input::Scalar(*value)),
            Self::Scalar(_) => None,
            Self::Array(array) => {
                array.as_primitive_opt::<Float64Type>().map(|array| Input::Slice(array.values()))
            }
        }
        .ok_or_else(|| self.mismatch("float"))
    }

    /// Dates, as their days.
    pub(crate) fn days(&self) -> Result<Input<'_, i32>, EvaluateError> {
        match self {
            Self::Scalar(Scalar::Date(value)) => Some(Input::Scalar(*value)),
            Self::Scalar(_) => None,
            Self::Array(array) => {
                array.as_primitive_opt::<Date32Type>().map(|array| Input::Slice(array.values()))
            }
        }
        .ok_or_else(|| self.mismatch("date"))
    }

    pub(crate) fn texts(&self) -> Result<Texts<'_>, EvaluateError> {
        match self {
            Self::Scalar(Scalar::Str(value)) => Some(Texts::Scalar(value)),
            Self::Scalar(_) => None,
            Self::Array(array) => array.as_string_opt::<i32>().map(Texts::Array),
        }
        .ok_or_else(|| self.mismatch("str"))
    }

    pub(crate) fn bools(&self) -> Result<Bools<'_>, EvaluateError> {
        match self {
            Self::Scalar(Scalar::Bool(value)) => Some(Bools::Scalar(*value)),
            Self::Scalar(_) => None,
            Self::Array(array) => array.as_boolean_opt().map(|array| Bools::Bits(array.values())),
        }
        .ok_or_else(|| self.mismatch("bool"))
    }

    /// A kernel was given a type that it was not compiled for: a defect of this crate.
    fn mismatch(&self, expected: &str) -> EvaluateError {
        let found = match self {
            Self::Scalar(scalar) => scalar.kind().word().into_owned(),
            Self::Array(array) => array.data_type().to_string(),
        };
        EvaluateError::Host(format!("the expression was compiled for {expected}, but the value is {found}"))
    }
}

/// The nulls of a result that is null wherever an input is.
pub(crate) fn union_nulls(inputs: &[Value]) -> Option<NullBuffer> {
    NullBuffer::union_many(inputs.iter().map(Value::nulls))
}

/// The rows that a kernel works on, and where it reports those that fail.
pub(crate) struct Rows<'a> {
    pub(crate) len: usize,
    /// The rows that count; all if `None`.
    pub(crate) selected: Option<&'a BooleanBuffer>,
    pub(crate) errors: &'a mut RowErrors,
}

impl Rows<'_> {
    #[inline]
    pub(crate) fn is_selected(&self, row: usize) -> bool {
        self.selected.is_none_or(|selected| selected.value(row))
    }

    /// Reports that a row failed, if it counts.
    pub(crate) fn fail(&mut self, row: usize, message: impl Into<Cow<'static, str>>) {
        if self.is_selected(row) {
            self.errors.report(row, message.into());
        }
    }

    /// Calls `check` for every row that is not null; those with a message are reported and become null.
    pub(crate) fn fail_where(
        &mut self,
        nulls: &mut Option<NullBuffer>,
        check: impl Fn(usize) -> Option<Cow<'static, str>>,
    ) {
        let mut valid = BooleanBufferBuilder::new(self.len);
        match nulls {
            Some(nulls) => valid.append_buffer(nulls.inner()),
            None => valid.append_n(self.len, true),
        }
        for row in 0..self.len {
            if valid.get_bit(row)
                && let Some(message) = check(row)
            {
                valid.set_bit(row, false);
                self.fail(row, message);
            }
        }
        *nulls = Some(NullBuffer::new(valid.finish()));
    }
}
