//! `random.randint`, `random.randrange` and `random.getrandbits`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::DataType;
use millstream_core::Key;
use millstream_expr::{Call, CallError, CallSite, EvaluateError, Function, RowErrors};

use super::arguments::Bound;
use super::operand::{Operand, integer, is_selected};

pub(super) fn resolve(call: &CallSite<'_>, key: Key) -> Result<Arc<dyn Function>, CallError> {
    let operands = match call.path {
        "random.randint" => {
            let bound = Bound::new(call, "random.randint(a, b)", &["a", "b"], 2)?;
            let needed = |parameter| match integer(&bound, parameter) {
                Ok(None) => Err(bound.wrong(parameter, "an integer is needed here, not None")),
                Ok(Some(operand)) => Ok(operand),
                Err(error) => Err(error),
            };
            let (low, high) = (needed(0)?, needed(1)?);
            if let (Operand::Constant(low), Operand::Constant(high)) = (low, high)
                && low > high
            {
                return Err(bound.wrong(1, format!("there is no integer from {low} to {high}")));
            }
            Range { name: "random.randint", low, high, step: Operand::Constant(1), closed: true }
        }
        "random.randrange" => {
            let bound = Bound::new(
                call,
                "random.randrange(start, stop=None, step=1)",
                &["start", "stop", "step"],
                1,
            )?;
            let first =
                integer(&bound, 0)?.ok_or_else(|| bound.wrong(0, "an integer is needed here, not None"))?;
            let stop = integer(&bound, 1)?;
            let step = integer(&bound, 2)?.unwrap_or(Operand::Constant(1));
            if stop.is_none() && bound.index(2).is_some() {
                return Err(bound.wrong(2, "a step needs a `stop` before it"));
            }
            // With one argument it is the end, and the start is 0.
            let (low, high) = match stop {
                Some(stop) => (first, stop),
                None => (Operand::Constant(0), first),
            };
            let range = Range { name: "random.randrange", low, high, step, closed: false };
            if let (Operand::Constant(low), Operand::Constant(high), Operand::Constant(step)) =
                (low, high, step)
                && let Err(message) = range.count(low, high, step)
            {
                let at = if step == 0 { 2 } else { usize::from(stop.is_some()) };
                return Err(bound.wrong(at, message));
            }
            range
        }
        _ => {
            let bound = Bound::new(call, "random.getrandbits(k)", &["k"], 1)?;
            let bits = integer(&bound, 0)?.ok_or_else(|| bound.wrong(0, "an integer is needed here"))?;
            if let Operand::Constant(bits) = bits
                && !(0..=63).contains(&bits)
            {
                return Err(bound.error(
                    0,
                    format!("`k` is {bits}, and an int has 63 bits and a sign"),
                    "ask for 63 bits at most",
                ));
            }
            return Ok(Arc::new(Bits { key, bits }));
        }
    };
    Ok(Arc::new(RandomInteger { key, range: operands }))
}

/// From `low`, in steps, up to `high`, which is reached only if the range is closed.
#[derive(Debug)]
struct Range {
    name: &'static str,
    low: Operand<i64>,
    high: Operand<i64>,
    step: Operand<i64>,
    closed: bool,
}

impl Range {
    /// How many integers there are: 0 stands for 2^64.
    #[inline]
    fn count(&self, low: i64, high: i64, step: i64) -> Result<u64, String> {
        if self.closed {
            if low > high {
                return Err(format!("there is no integer from {low} to {high}"));
            }
            return Ok((high.wrapping_sub(low) as u64).wrapping_add(1));
        }
        let distance = i128::from(high) - i128::from(low);
        let step = i128::from(step);
        if step == 0 {
            return Err("the step cannot be 0".to_owned());
        }
        let count = (distance + step - step.signum()) / step;
        if count <= 0 {
            return Err(format!("there is no integer from {low} before {high} in steps of {step}"));
        }
        Ok(count as u64)
    }
}

/// An integer of a range, all equally likely.
#[derive(Debug)]
struct RandomInteger {
    key: Key,
    range: Range,
}

/// The integer number `offset` of a range, where `offset` is drawn below `count` (0 stands for 2^64).
#[inline]
fn pick(key: Key, row: u64, low: i64, count: u64, step: i64) -> i64 {
    let offset = if count == 0 { key.bits(row) } else { key.below(row, count) };
    low.wrapping_add((offset as i64).wrapping_mul(step))
}

/// An integer in low..=high; `low` must not be above `high`.
#[cfg(test)]
pub(super) fn integer_between(key: Key, row: u64, low: i64, high: i64) -> i64 {
    pick(key, row, low, (high.wrapping_sub(low) as u64).wrapping_add(1), 1)
}

impl Function for RandomInteger {
    fn data_type(&self) -> DataType {
        DataType::Int64
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let (key, range) = (self.key, &self.range);
        let high = range.high;
        if let (Operand::Constant(low), Operand::Constant(high), Operand::Constant(step)) =
            (range.low, high, range.step)
        {
            let count = range.count(low, high, step).map_err(EvaluateError::Host)?;
            let values = call.rows.iter().map(|&row| pick(key, row, low, count, step));
            return Ok(Arc::new(Int64Array::from_iter_values(values)));
        }
        let (lows, highs, steps) = (range.low.read(call)?, high.read(call)?, range.step.read(call)?);
        let values = call.rows.iter().enumerate().map(|(index, &row)| {
            let message = match (lows.at(index), highs.at(index), steps.at(index)) {
                (Some(low), Some(high), Some(step)) => match range.count(low, high, step) {
                    Ok(count) => return pick(key, row, low, count, step),
                    Err(message) => message,
                },
                _ => "a bound is None".to_owned(),
            };
            if is_selected(call, index) {
                errors.push(index, format!("{}: {message}", range.name));
            }
            0
        });
        Ok(Arc::new(Int64Array::from_iter_values(values)))
    }
}

/// So many random bits.
#[derive(Debug)]
struct Bits {
    key: Key,
    bits: Operand<i64>,
}

impl Function for Bits {
    fn data_type(&self) -> DataType {
        DataType::Int64
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let bits = self.bits.read(call)?;
        let values = call.rows.iter().enumerate().map(|(index, &row)| match bits.at(index) {
            Some(0) => 0,
            Some(bits @ 1..=63) => (self.key.bits(row) >> (64 - bits)) as i64,
            other => {
                if is_selected(call, index) {
                    let shown = other.map_or_else(|| "None".to_owned(), |bits| bits.to_string());
                    errors.push(index, format!("random.getrandbits: `k` is {shown}, and not from 0 to 63"));
                }
                0
            }
        });
        Ok(Arc::new(Int64Array::from_iter_values(values)))
    }
}
