//! Weights of items, constant or from columns.

use arrow::array::{Array, ArrayRef, Float64Array, ListArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use millstream_core::Key;
use millstream_expr::{Call, Constant, EvaluateError};

use super::operand::argument;

/// Weights on an integer scale: item i owns the numbers from the end of item i - 1 up to its own.
#[derive(Debug)]
pub(crate) struct Weights {
    ends: Vec<u64>,
    scale: u64,
}

impl Weights {
    /// Integer weights are exact; others are rounded to 2^-53 of their sum. The error says what is wrong with them.
    pub(crate) fn new(weights: &[Constant], items: usize, cumulative: bool) -> Result<Self, String> {
        const FINEST: u64 = 1 << 53;
        if weights.len() != items {
            return Err(format!("{} weights for {items} items", weights.len()));
        }
        let values = weights
            .iter()
            .map(|weight| match weight {
                Constant::Int(value) => Ok(*value as f64),
                Constant::Float(value) if value.is_finite() => Ok(*value),
                _ => Err("a weight is a finite number"),
            })
            .collect::<Result<Vec<f64>, _>>()?;
        let falls = cumulative && values.windows(2).any(|pair| pair[0] > pair[1]);
        if values.iter().any(|value| *value < 0.0) || falls {
            return Err("a weight cannot be negative".to_owned());
        }
        let integers: Option<Vec<u64>> = weights
            .iter()
            .map(|weight| match weight {
                Constant::Int(value) => u64::try_from(*value).ok(),
                _ => None,
            })
            .collect();
        let exact = integers.and_then(|integers| {
            let mut sum = 0_u64;
            integers
                .into_iter()
                .map(|weight| {
                    sum = if cumulative { weight } else { sum.checked_add(weight)? };
                    Some(sum)
                })
                .collect::<Option<Vec<u64>>>()
        });
        let ends = if let Some(ends) = exact {
            ends
        } else {
            let mut sum = 0.0;
            let sums: Vec<f64> = values
                .into_iter()
                .map(|weight| {
                    sum = if cumulative { weight } else { sum + weight };
                    sum
                })
                .collect();
            if !sum.is_finite() {
                return Err("the sum of the weights is not finite".to_owned());
            }
            if sum == 0.0 {
                vec![0; items]
            } else {
                sums.into_iter().map(|partial| (partial / sum * FINEST as f64).round() as u64).collect()
            }
        };
        match ends.last() {
            Some(&scale) if scale > 0 => Ok(Self { ends, scale }),
            _ => Err("at least one weight must be above zero".to_owned()),
        }
    }

    /// How many weights there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    #[inline]
    pub(crate) fn draw(&self, key: Key, row: u64) -> u32 {
        let number = key.below(row, self.scale);
        self.ends.partition_point(|end| *end <= number) as u32
    }
}

/// The weights of each row, from a column of lists of numbers.
#[derive(Debug)]
pub(crate) struct RowWeights {
    lists: ListArray,
    values: Float64Array,
    cumulative: bool,
    ends: Vec<f64>,
}

impl RowWeights {
    pub(crate) fn read(call: &Call<'_>, index: usize, cumulative: bool) -> Result<Self, EvaluateError> {
        let lists: ListArray = argument(call, index)?.to_data().into();
        let values: ArrayRef = cast(lists.values(), &DataType::Float64)?;
        Ok(Self { lists, values: values.to_data().into(), cumulative, ends: Vec::new() })
    }

    /// Takes up the weights of a row that has `items` items; the error says what is wrong with them.
    pub(crate) fn select(&mut self, index: usize, items: usize) -> Result<(), &'static str> {
        self.ends.clear();
        if self.lists.is_null(index) {
            return Err("the weights are None");
        }
        let offsets = self.lists.value_offsets();
        let (start, end) = (offsets[index] as usize, offsets[index + 1] as usize);
        if end - start != items {
            return Err("there must be as many weights as items");
        }
        let mut sum = 0.0;
        for at in start..end {
            let weight = self.values.value(at);
            if self.values.is_null(at) || !weight.is_finite() {
                return Err("a weight is a finite number");
            }
            let next = if self.cumulative { weight } else { sum + weight };
            if next < sum {
                return Err("a weight cannot be negative");
            }
            sum = next;
            self.ends.push(sum);
        }
        if sum > 0.0 { Ok(()) } else { Err("at least one weight must be above zero") }
    }

    /// An item by the weights of the row that was selected last.
    pub(crate) fn draw(&self, unit: f64) -> u32 {
        let total = self.ends.last().copied().unwrap_or(0.0);
        let number = unit * total;
        let index = self.ends.partition_point(|end| *end <= number);
        // Rounding may reach the total itself: then it is the last item that has a weight.
        let last = self.ends.partition_point(|end| *end < total);
        index.min(last) as u32
    }
}
