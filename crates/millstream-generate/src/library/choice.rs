//! `random.choice` and `random.choices`: items of constant lists, of texts, and of columns of lists.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, ListArray, NullArray, StringArray,
    StringBuilder, UInt32Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef};
use millstream_core::Key;
use millstream_expr::{Call, CallError, CallSite, Constant, EvaluateError, Function, RowErrors};

use super::arguments::{Bound, wrong};
use super::random::{argument, is_selected};
use crate::fused::Fused;

/// More items than these in one cell are refused (S-80).
const MOST_CHOICES: i64 = 1000;

/// A constant list as an array; integers among floats become floats.
fn constant_array(items: &[Constant]) -> Result<ArrayRef, String> {
    let kind = |item: &Constant| match item {
        Constant::None => None,
        Constant::Bool(_) => Some(DataType::Boolean),
        Constant::Int(_) => Some(DataType::Int64),
        Constant::Float(_) => Some(DataType::Float64),
        Constant::Str(_) => Some(DataType::Utf8),
        Constant::List(_) | Constant::Dict(_) => Some(DataType::Null),
    };
    let mut data_type = None;
    for item in items {
        data_type = match (data_type, kind(item)) {
            (known, None) => known,
            (_, Some(DataType::Null)) => {
                return Err("lists and dicts cannot be chosen from a list".to_owned());
            }
            (None, new) => new,
            (Some(a), Some(b)) if a == b => Some(a),
            (Some(DataType::Int64 | DataType::Float64), Some(DataType::Int64 | DataType::Float64)) => {
                Some(DataType::Float64)
            }
            (Some(_), Some(_)) => return Err("the items of the list are of different types".to_owned()),
        };
    }
    let integer = |item: &Constant| match item {
        Constant::Int(value) => Some(*value),
        _ => None,
    };
    let float = |item: &Constant| match item {
        Constant::Int(value) => Some(*value as f64),
        Constant::Float(value) => Some(*value),
        _ => None,
    };
    let boolean = |item: &Constant| match item {
        Constant::Bool(value) => Some(*value),
        _ => None,
    };
    fn text(item: &Constant) -> Option<&str> {
        match item {
            Constant::Str(value) => Some(value),
            _ => None,
        }
    }
    Ok(match data_type {
        None => Arc::new(NullArray::new(items.len())),
        Some(DataType::Boolean) => Arc::new(items.iter().map(boolean).collect::<BooleanArray>()),
        Some(DataType::Int64) => Arc::new(items.iter().map(integer).collect::<Int64Array>()),
        Some(DataType::Float64) => Arc::new(items.iter().map(float).collect::<Float64Array>()),
        Some(_) => Arc::new(items.iter().map(text).collect::<StringArray>()),
    })
}

/// The items to choose from: a list, or the characters of a text.
fn population(bound: &Bound<'_>, parameter: usize) -> Result<ArrayRef, CallError> {
    let items = match bound.constant(parameter)? {
        Some(Constant::List(items)) => {
            constant_array(items).map_err(|message| bound.wrong(parameter, message))?
        }
        Some(Constant::Str(text)) => {
            let mut buffer = [0; 4];
            let mut characters = StringBuilder::new();
            for character in text.chars() {
                characters.append_value(character.encode_utf8(&mut buffer));
            }
            Arc::new(characters.finish())
        }
        _ => return Err(bound.wrong(parameter, "a list is needed here")),
    };
    if items.is_empty() {
        return Err(bound.wrong(parameter, "there is nothing to choose from"));
    }
    if items.len() > u32::MAX as usize {
        return Err(bound.wrong(parameter, "the list is too long"));
    }
    Ok(items)
}

/// `random.choice(list)`
pub(crate) fn choice(call: &CallSite<'_>, key: Key) -> Result<Arc<dyn Function>, CallError> {
    let bound = Bound::new(call, "random.choice(list)", &["seq"], 1)?;
    if let Some(argument) = bound.argument(0)
        && argument.constant.is_none()
        && let DataType::List(item) = &argument.data_type
    {
        return Ok(Arc::new(ChoiceOfColumn { key, item: item.clone() }));
    }
    let items = population(&bound, 0)?;
    let texts = items.as_string_opt::<i32>().filter(|texts| texts.null_count() == 0);
    let fused = texts.and_then(|texts| Fused::of_words(key, texts.iter().flatten()));
    Ok(Arc::new(Choice { key, items, fused }))
}

/// One item of a constant list, all equally likely.
#[derive(Debug)]
struct Choice {
    key: Key,
    items: ArrayRef,
    /// Short texts, for a quicker way to write them.
    fused: Option<Fused>,
}

impl Function for Choice {
    fn data_type(&self) -> DataType {
        self.items.data_type().clone()
    }

    fn nullable(&self) -> bool {
        self.items.logical_null_count() > 0
    }

    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        if let Some(fused) = &self.fused {
            return Ok(fused.texts(call.rows)?);
        }
        let (key, count) = (self.key, self.items.len() as u64);
        let indices =
            UInt32Array::from_iter_values(call.rows.iter().map(|&row| key.below(row, count) as u32));
        Ok(take(&self.items, &indices, None)?)
    }
}

/// One item of each row's list.
#[derive(Debug)]
struct ChoiceOfColumn {
    key: Key,
    item: FieldRef,
}

impl Function for ChoiceOfColumn {
    fn data_type(&self) -> DataType {
        self.item.data_type().clone()
    }

    fn nullable(&self) -> bool {
        true
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let lists: ListArray = argument(call, 0)?.to_data().into();
        let offsets = lists.value_offsets();
        let indices: UInt32Array = call
            .rows
            .iter()
            .zip(offsets.windows(2))
            .enumerate()
            .map(|(index, (&row, bounds))| {
                let count = (bounds[1] - bounds[0]) as u64;
                if lists.is_null(index) || count == 0 {
                    if is_selected(call, index) {
                        errors.push(index, "random.choice: there is nothing to choose from");
                    }
                    return None;
                }
                Some(bounds[0] as u32 + self.key.below(row, count) as u32)
            })
            .collect();
        Ok(take(lists.values(), &indices, None)?)
    }
}

/// `random.choices(list, …)`
pub(crate) fn choices(call: &CallSite<'_>, key: Key) -> Result<Arc<dyn Function>, CallError> {
    const SIGNATURE: &str = "random.choices(list, weights=[…], cum_weights=[…], k=1)";
    let bound = Bound::new(call, SIGNATURE, &["population", "weights", "cum_weights", "k"], 1)?;
    // As in Python, all but the first two are given by name.
    for (index, argument) in call.arguments.iter().enumerate().skip(2) {
        if argument.name.is_none() {
            return Err(wrong(
                Some(index),
                "this argument needs its name",
                Some(format!("the call is {SIGNATURE}")),
            ));
        }
    }
    let items = population(&bound, 0)?;
    let count = match bound.constant(3)? {
        None => 1,
        Some(Constant::Int(count @ 0..=MOST_CHOICES)) => *count as usize,
        Some(_) => return Err(bound.wrong(3, format!("`k` is an integer from 0 to {MOST_CHOICES}"))),
    };
    let weights = match (bound.list(1)?, bound.list(2)?) {
        (None, None) => None,
        (Some(weights), None) => Some(Weights::new(&bound, 1, weights, items.len(), false)?),
        (None, Some(weights)) => Some(Weights::new(&bound, 2, weights, items.len(), true)?),
        (Some(_), Some(_)) => return Err(bound.wrong(2, "either `weights` or `cum_weights`, not both")),
    };
    Ok(Arc::new(Choices {
        key,
        item: Arc::new(Field::new_list_field(items.data_type().clone(), items.logical_null_count() > 0)),
        items,
        weights,
        count,
    }))
}

/// Weights on an integer scale: item i owns the numbers from the end of item i - 1 up to its own.
#[derive(Debug)]
struct Weights {
    ends: Vec<u64>,
    scale: u64,
}

impl Weights {
    /// Integer weights are exact; others are rounded to 2^-53 of their sum.
    fn new(
        bound: &Bound<'_>,
        parameter: usize,
        weights: &[Constant],
        items: usize,
        cumulative: bool,
    ) -> Result<Self, CallError> {
        const FINEST: u64 = 1 << 53;
        if weights.len() != items {
            let message = format!("{} weights for {items} items", weights.len());
            return Err(bound.wrong(parameter, message));
        }
        let values = weights
            .iter()
            .map(|weight| match weight {
                Constant::Int(value) => Ok(*value as f64),
                Constant::Float(value) if value.is_finite() => Ok(*value),
                _ => Err(bound.wrong(parameter, "a weight is a finite number")),
            })
            .collect::<Result<Vec<f64>, _>>()?;
        let falls = cumulative && values.windows(2).any(|pair| pair[0] > pair[1]);
        if values.iter().any(|value| *value < 0.0) || falls {
            return Err(bound.wrong(parameter, "a weight cannot be negative"));
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
                return Err(bound.wrong(parameter, "the sum of the weights is not finite"));
            }
            if sum == 0.0 {
                vec![0; items]
            } else {
                sums.into_iter().map(|partial| (partial / sum * FINEST as f64).round() as u64).collect()
            }
        };
        match ends.last() {
            Some(&scale) if scale > 0 => Ok(Self { ends, scale }),
            _ => Err(bound.wrong(parameter, "at least one weight must be above zero")),
        }
    }

    fn draw(&self, key: Key, row: u64) -> u32 {
        let number = key.below(row, self.scale);
        self.ends.partition_point(|end| *end <= number) as u32
    }
}

/// A list of `count` items, drawn with replacement.
#[derive(Debug)]
struct Choices {
    key: Key,
    items: ArrayRef,
    item: FieldRef,
    weights: Option<Weights>,
    count: usize,
}

impl Function for Choices {
    fn data_type(&self) -> DataType {
        DataType::List(self.item.clone())
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let (key, count) = (self.key, self.items.len() as u64);
        let draw = |key: Key, row: u64| match &self.weights {
            Some(weights) => weights.draw(key, row),
            None => key.below(row, count) as u32,
        };
        let total = call.rows.len() * self.count;
        if total > i32::MAX as usize {
            return Err(EvaluateError::Host("random.choices: too many items in one batch".to_owned()));
        }
        let mut indices = vec![0_u32; total];
        for nth in 0..self.count {
            // The first draw has the key itself, so that `k` does not change what `choices(...)[0]` gives.
            let key = if nth == 0 { key } else { key.numbered(nth as u64) };
            for (&row, index) in call.rows.iter().zip(indices.iter_mut().skip(nth).step_by(self.count)) {
                *index = draw(key, row);
            }
        }
        let values = take(&self.items, &UInt32Array::from(indices), None)?;
        let offsets = OffsetBuffer::from_repeated_length(self.count, call.rows.len());
        Ok(Arc::new(ListArray::try_new(self.item.clone(), offsets, values, None)?))
    }
}
