//! Comparisons, with Python's answers: floats by IEEE 754, an int and a float by their exact values.

use std::cmp::Ordering;

use arrow::array::ArrayRef;
use arrow::buffer::BooleanBuffer;

use super::map::{booleans, mask2};
use crate::EvaluateError;
use crate::node::Kernel;
use crate::value::{Bools, Input, Rows, Value, union_nulls};

/// `==`, `!=`, `<`, `<=`, `>`, `>=`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    #[inline]
    fn holds(self, ordering: Option<Ordering>) -> bool {
        match self {
            Self::Equal => ordering == Some(Ordering::Equal),
            Self::NotEqual => ordering != Some(Ordering::Equal),
            Self::Less => ordering == Some(Ordering::Less),
            Self::LessOrEqual => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => ordering == Some(Ordering::Greater),
            Self::GreaterOrEqual => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

/// The types on both sides of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sides {
    /// Two ints, or two datetimes.
    Ints,
    Floats,
    IntFloat,
    FloatInt,
    Dates,
    Texts,
    Bools,
}

#[derive(Debug)]
pub(crate) struct Compare {
    pub(crate) comparison: Comparison,
    pub(crate) sides: Sides,
}

impl Kernel for Compare {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let (left, right) = (&inputs[0], &inputs[1]);
        let len = rows.len;
        let comparison = self.comparison;
        let values = match self.sides {
            Sides::Ints => compare(comparison, left.ints()?, right.ints()?, len),
            Sides::Floats => compare(comparison, left.floats()?, right.floats()?, len),
            Sides::Dates => compare(comparison, left.days()?, right.days()?, len),
            Sides::IntFloat => mask2(left.ints()?, right.floats()?, len, |left, right| {
                comparison.holds(compare_exactly(left, right))
            }),
            Sides::FloatInt => mask2(left.floats()?, right.ints()?, len, |left, right| {
                comparison.holds(compare_exactly(right, left).map(Ordering::reverse))
            }),
            Sides::Texts => {
                let (left, right) = (left.texts()?, right.texts()?);
                match comparison {
                    Comparison::Equal => {
                        BooleanBuffer::collect_bool(len, |row| left.get(row) == right.get(row))
                    }
                    Comparison::NotEqual => {
                        BooleanBuffer::collect_bool(len, |row| left.get(row) != right.get(row))
                    }
                    _ => BooleanBuffer::collect_bool(len, |row| {
                        comparison.holds(Some(left.get(row).cmp(right.get(row))))
                    }),
                }
            }
            Sides::Bools => {
                let (left, right) = (bits(left.bools()?, len), bits(right.bools()?, len));
                match comparison {
                    Comparison::Equal => !&(&left ^ &right),
                    Comparison::NotEqual => &left ^ &right,
                    Comparison::Less => &!&left & &right,
                    Comparison::LessOrEqual => &!&left | &right,
                    Comparison::Greater => &left & &!&right,
                    Comparison::GreaterOrEqual => &left | &!&right,
                }
            }
        };
        Ok(booleans(values, union_nulls(inputs)))
    }
}

fn compare<T: Copy + PartialOrd>(
    comparison: Comparison,
    left: Input<'_, T>,
    right: Input<'_, T>,
    len: usize,
) -> BooleanBuffer {
    match comparison {
        Comparison::Equal => mask2(left, right, len, |left, right| left == right),
        Comparison::NotEqual => mask2(left, right, len, |left, right| left != right),
        Comparison::Less => mask2(left, right, len, |left, right| left < right),
        Comparison::LessOrEqual => mask2(left, right, len, |left, right| left <= right),
        Comparison::Greater => mask2(left, right, len, |left, right| left > right),
        Comparison::GreaterOrEqual => mask2(left, right, len, |left, right| left >= right),
    }
}

fn bits(values: Bools<'_>, len: usize) -> BooleanBuffer {
    match values {
        Bools::Scalar(true) => BooleanBuffer::new_set(len),
        Bools::Scalar(false) => BooleanBuffer::new_unset(len),
        Bools::Bits(bits) => bits.clone(),
    }
}

/// An int against a float without rounding the int, as Python compares them.
pub(crate) fn compare_exactly(int: i64, float: f64) -> Option<Ordering> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0; // 2^63
    if float.is_nan() {
        None
    } else if float >= LIMIT {
        Some(Ordering::Less)
    } else if float < -LIMIT {
        Some(Ordering::Greater)
    } else {
        let whole = float.trunc();
        let fraction = float - whole;
        Some(int.cmp(&(whole as i64)).then_with(|| 0.0.partial_cmp(&fraction).unwrap_or(Ordering::Equal)))
    }
}
