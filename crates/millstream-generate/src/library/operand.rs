//! Arguments that are constants or columns, read for the rows of a call.

use arrow::array::{Array, ArrayRef, Float64Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use millstream_expr::{Argument, Call, CallError, Constant, EvaluateError};

use super::arguments::{Bound, Parameter, written};

/// An argument that is a constant or the index of an argument column.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Operand<T> {
    Constant(T),
    Column(usize),
}

/// The values of an operand for the rows of a call.
#[derive(Debug)]
pub(crate) enum Values<T, A> {
    Same(T),
    Each(A),
}

pub(crate) type Floats = Values<f64, Float64Array>;
pub(crate) type Integers = Values<i64, Int64Array>;

/// The number for `parameter`: finite if it is a constant; `None` if it is left out or `None`.
pub(crate) fn number(
    bound: &Bound<'_>,
    parameter: impl Parameter,
) -> Result<Option<Operand<f64>>, CallError> {
    match bound.get(parameter) {
        Some((index, Argument { constant: None, data_type, .. })) if data_type.is_numeric() => {
            Ok(Some(Operand::Column(index)))
        }
        Some((_, argument @ Argument { constant: None, .. })) => {
            Err(bound.wrong(parameter, format!("a number is needed here, not {}", written(argument))))
        }
        _ => Ok(bound.number(parameter)?.map(Operand::Constant)),
    }
}

/// The integer for `parameter`; `None` if it is left out or `None`.
pub(crate) fn integer(
    bound: &Bound<'_>,
    parameter: impl Parameter,
) -> Result<Option<Operand<i64>>, CallError> {
    match bound.get(parameter) {
        None | Some((_, Argument { constant: Some(Constant::None), .. })) => Ok(None),
        Some((_, Argument { constant: Some(Constant::Int(value)), .. })) => {
            Ok(Some(Operand::Constant(*value)))
        }
        Some((index, Argument { constant: None, data_type, .. })) if data_type.is_integer() => {
            Ok(Some(Operand::Column(index)))
        }
        Some((_, argument)) => {
            Err(bound.wrong(parameter, format!("an integer is needed here, not {}", written(argument))))
        }
    }
}

impl Operand<f64> {
    pub(crate) fn read(self, call: &Call<'_>) -> Result<Floats, EvaluateError> {
        match self {
            Self::Constant(value) => Ok(Values::Same(value)),
            Self::Column(index) => {
                let array = cast(argument(call, index)?, &DataType::Float64)?;
                Ok(Values::Each(array.to_data().into()))
            }
        }
    }
}

impl Operand<i64> {
    pub(crate) fn read(self, call: &Call<'_>) -> Result<Integers, EvaluateError> {
        match self {
            Self::Constant(value) => Ok(Values::Same(value)),
            Self::Column(index) => {
                let array = cast(argument(call, index)?, &DataType::Int64)?;
                Ok(Values::Each(array.to_data().into()))
            }
        }
    }
}

impl Floats {
    #[inline]
    pub(crate) fn at(&self, index: usize) -> Option<f64> {
        match self {
            Self::Same(value) => Some(*value),
            Self::Each(array) => array.is_valid(index).then(|| array.value(index)),
        }
    }
}

impl Integers {
    #[inline]
    pub(crate) fn at(&self, index: usize) -> Option<i64> {
        match self {
            Self::Same(value) => Some(*value),
            Self::Each(array) => array.is_valid(index).then(|| array.value(index)),
        }
    }
}

/// The argument column of that index.
pub(crate) fn argument<'a>(call: &Call<'a>, index: usize) -> Result<&'a ArrayRef, EvaluateError> {
    call.arguments.get(index).ok_or_else(|| EvaluateError::Host("an argument column is missing".to_owned()))
}

/// Whether the row counts.
pub(crate) fn is_selected(call: &Call<'_>, index: usize) -> bool {
    call.selected.is_none_or(|selected| selected.is_valid(index) && selected.value(index))
}
