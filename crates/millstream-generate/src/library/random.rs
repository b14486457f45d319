//! Python's `random` module as pure functions of (key, row).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use millstream_core::Key;
use millstream_expr::{Call, CallError, CallSite, Constant, EvaluateError, Function, RowErrors};

use super::arguments::Bound;
use super::choice::{choice, choices};

/// The functions of this module.
pub(crate) const NAMES: [&str; 5] =
    ["random.random", "random.uniform", "random.randint", "random.choice", "random.choices"];

/// The function for a call of `random.x`; `Ok(None)` if there is none of that name.
pub(crate) fn resolve(call: &CallSite<'_>, key: Key) -> Result<Option<Arc<dyn Function>>, CallError> {
    Ok(Some(match call.path {
        "random.random" => {
            Bound::new(call, "random.random()", &[], 0)?;
            Arc::new(Uniform { key, low: Operand::Constant(0.0), high: Operand::Constant(1.0) })
        }
        "random.uniform" => uniform(call, key)?,
        "random.randint" => randint(call, key)?,
        "random.choice" => choice(call, key)?,
        "random.choices" => choices(call, key)?,
        _ => return Ok(None),
    }))
}

/// An argument that is a constant or the index of an argument column.
#[derive(Debug, Clone, Copy)]
enum Operand<T> {
    Constant(T),
    Column(usize),
}

fn uniform(call: &CallSite<'_>, key: Key) -> Result<Arc<dyn Function>, CallError> {
    let bound = Bound::new(call, "random.uniform(a, b)", &["a", "b"], 2)?;
    let operand = |parameter: usize| {
        let argument = bound.argument(parameter);
        if argument.is_some_and(|argument| argument.constant.is_some()) {
            let value = bound.number(parameter)?;
            return value
                .filter(|value| value.is_finite())
                .map(Operand::Constant)
                .ok_or_else(|| bound.wrong(parameter, "a finite number is needed here"));
        }
        match (argument, bound.index(parameter)) {
            (Some(argument), Some(index)) if argument.data_type.is_numeric() => Ok(Operand::Column(index)),
            _ => Err(bound.wrong(parameter, "a number is needed here")),
        }
    };
    Ok(Arc::new(Uniform { key, low: operand(0)?, high: operand(1)? }))
}

/// `a + (b - a) * random()`
#[derive(Debug)]
struct Uniform {
    key: Key,
    low: Operand<f64>,
    high: Operand<f64>,
}

/// A bound for each row.
enum Values<A> {
    Same,
    Each(A),
}

fn floats(operand: Operand<f64>, call: &Call<'_>) -> Result<(f64, Values<Float64Array>), EvaluateError> {
    match operand {
        Operand::Constant(value) => Ok((value, Values::Same)),
        Operand::Column(index) => {
            let array = cast(argument(call, index)?, &DataType::Float64)?;
            Ok((0.0, Values::Each(array.to_data().into())))
        }
    }
}

fn integers(operand: Operand<i64>, call: &Call<'_>) -> Result<(i64, Values<Int64Array>), EvaluateError> {
    match operand {
        Operand::Constant(value) => Ok((value, Values::Same)),
        Operand::Column(index) => {
            let array = cast(argument(call, index)?, &DataType::Int64)?;
            Ok((0, Values::Each(array.to_data().into())))
        }
    }
}

pub(super) fn argument<'a>(call: &Call<'a>, index: usize) -> Result<&'a ArrayRef, EvaluateError> {
    call.arguments.get(index).ok_or_else(|| EvaluateError::Host("an argument column is missing".to_owned()))
}

pub(super) fn is_selected(call: &Call<'_>, index: usize) -> bool {
    call.selected.is_none_or(|selected| selected.is_valid(index) && selected.value(index))
}

impl Function for Uniform {
    fn data_type(&self) -> DataType {
        DataType::Float64
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let key = self.key;
        let ((low, lows), (high, highs)) = (floats(self.low, call)?, floats(self.high, call)?);
        if let (Values::Same, Values::Same) = (&lows, &highs) {
            let width = high - low;
            return Ok(Arc::new(Float64Array::from_iter_values(
                call.rows.iter().map(|&row| low + width * key.unit(row)),
            )));
        }
        let at = |values: &Values<Float64Array>, same: f64, index: usize| match values {
            Values::Same => Some(same),
            Values::Each(array) => array.is_valid(index).then(|| array.value(index)),
        };
        let values = Float64Array::from_iter_values(call.rows.iter().enumerate().map(|(index, &row)| {
            if let (Some(low), Some(high)) = (at(&lows, low, index), at(&highs, high, index)) {
                return low + (high - low) * key.unit(row);
            }
            if is_selected(call, index) {
                errors.push(index, "random.uniform: a bound is None");
            }
            0.0
        }));
        Ok(Arc::new(values))
    }
}

fn randint(call: &CallSite<'_>, key: Key) -> Result<Arc<dyn Function>, CallError> {
    let bound = Bound::new(call, "random.randint(a, b)", &["a", "b"], 2)?;
    let operand = |parameter: usize| match (bound.argument(parameter), bound.index(parameter)) {
        (Some(argument), Some(index)) => match &argument.constant {
            Some(Constant::Int(value)) => Ok(Operand::Constant(*value)),
            None if argument.data_type.is_integer() => Ok(Operand::Column(index)),
            _ => Err(bound.wrong(parameter, "an integer is needed here")),
        },
        _ => Err(bound.wrong(parameter, "an integer is needed here")),
    };
    let (low, high) = (operand(0)?, operand(1)?);
    if let (Operand::Constant(low), Operand::Constant(high)) = (low, high)
        && low > high
    {
        return Err(bound.wrong(1, format!("there is no integer from {low} to {high}")));
    }
    Ok(Arc::new(RandomInteger { key, low, high }))
}

/// An integer from a to b, both included.
#[derive(Debug)]
struct RandomInteger {
    key: Key,
    low: Operand<i64>,
    high: Operand<i64>,
}

/// An integer in low..=high; `low` must not be above `high`.
fn integer_between(key: Key, row: u64, low: i64, high: i64) -> i64 {
    let span = (high.wrapping_sub(low) as u64).wrapping_add(1);
    let offset = if span == 0 { key.bits(row) } else { key.below(row, span) };
    low.wrapping_add(offset as i64)
}

impl Function for RandomInteger {
    fn data_type(&self) -> DataType {
        DataType::Int64
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let key = self.key;
        let ((low, lows), (high, highs)) = (integers(self.low, call)?, integers(self.high, call)?);
        if let (Values::Same, Values::Same) = (&lows, &highs) {
            return Ok(Arc::new(Int64Array::from_iter_values(
                call.rows.iter().map(|&row| integer_between(key, row, low, high)),
            )));
        }
        let at = |values: &Values<Int64Array>, same: i64, index: usize| match values {
            Values::Same => Some(same),
            Values::Each(array) => array.is_valid(index).then(|| array.value(index)),
        };
        let values = Int64Array::from_iter_values(call.rows.iter().enumerate().map(|(index, &row)| {
            match (at(&lows, low, index), at(&highs, high, index)) {
                (Some(low), Some(high)) if low <= high => integer_between(key, row, low, high),
                (low, high) => {
                    if is_selected(call, index) {
                        errors.push(
                            index,
                            match (low, high) {
                                (Some(low), Some(high)) => {
                                    format!("random.randint: there is no integer from {low} to {high}")
                                }
                                _ => "random.randint: a bound is None".to_owned(),
                            },
                        );
                    }
                    0
                }
            }
        }));
        Ok(Arc::new(values))
    }
}

#[cfg(test)]
mod tests;
