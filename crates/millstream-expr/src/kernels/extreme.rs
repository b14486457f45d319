//! `min(..)` and `max(..)`.

use arrow::array::ArrayRef;
use arrow::datatypes::{Float64Type, Int64Type};

use super::map::{map2, primitive};
use super::select::select;
use crate::EvaluateError;
use crate::kernels::compare::{Compare, Comparison, Sides};
use crate::node::Kernel;
use crate::types::Type;
use crate::value::{Rows, Value, union_nulls};

/// The lesser or greater of two values of one type; of equal ones, the first.
#[derive(Debug)]
pub(crate) struct Extreme {
    pub(crate) greatest: bool,
    pub(crate) type_: Type,
}

impl Kernel for Extreme {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let (left, right) = (&inputs[0], &inputs[1]);
        let (len, greatest) = (rows.len, self.greatest);
        let comparison = if greatest { Comparison::Greater } else { Comparison::Less };
        let sides = match &self.type_ {
            Type::Int => {
                let values = map2(left.ints()?, right.ints()?, len, |left, right| {
                    if greatest { left.max(right) } else { left.min(right) }
                });
                return Ok(primitive::<Int64Type>(values, union_nulls(inputs)));
            }
            Type::Float => {
                // Python's order of comparisons: a nan on the left stays, one on the right never wins.
                let values = map2(left.floats()?, right.floats()?, len, |left, right| {
                    if (greatest && right > left) || (!greatest && right < left) { right } else { left }
                });
                return Ok(primitive::<Float64Type>(values, union_nulls(inputs)));
            }
            Type::Datetime(_) | Type::Timedelta | Type::Time => Sides::Ints,
            Type::Date => Sides::Dates,
            Type::Bool => Sides::Bools,
            _ => Sides::Texts,
        };
        let swapped = [right.clone(), left.clone()];
        let wins = Compare { comparison, sides }.evaluate(&swapped, rows)?;
        let wins = super::truth::truth(&Value::Array(wins), len);
        // Null where either is: `wins` is false there, and the left may not be null.
        let chosen = select(&wins, right.clone(), left.clone(), &self.type_, len)?.into_array(len);
        match union_nulls(inputs) {
            Some(nulls) => {
                let missing = arrow::array::BooleanArray::new(!nulls.inner(), None);
                Ok(arrow::compute::nullif(&chosen, &missing)?)
            }
            None => Ok(chosen),
        }
    }
}
