//! `random.choice` and `random.choices`: items of constant lists, of texts, and of columns of lists.

use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt32Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef};
use millstream_core::Key;
use millstream_expr::{Argument, Call, CallError, CallSite, EvaluateError, Function, RowErrors};

use super::arguments::{Bound, wrong};
use super::odds::{RowWeights, Weights};
use super::operand::{Operand, integer, is_selected};
use super::population::Population;
use crate::fused::Fused;

/// More items than these in one cell are refused (S-80).
pub(crate) const MOST_CHOICES: i64 = 1000;

/// `random.choice(list)`
pub(crate) fn choice(call: &CallSite<'_>, key: Key) -> Result<Arc<dyn Function>, CallError> {
    let bound = Bound::new(call, "random.choice(seq)", &["seq"], 1)?;
    Ok(Arc::new(Choice::new(key, Population::bind(&bound, 0)?)))
}

/// One item, all equally likely.
#[derive(Debug)]
pub(crate) struct Choice {
    key: Key,
    from: Population,
    /// Short texts, for a quicker way to write them; made when the first column is.
    fused: OnceLock<Option<Fused>>,
}

impl Choice {
    pub(crate) fn new(key: Key, from: Population) -> Self {
        Self { key, from, fused: OnceLock::new() }
    }

    fn fused(&self) -> Option<&Fused> {
        let make = || {
            let Population::Constant(items) = &self.from else { return None };
            let texts = items.as_string_opt::<i32>().filter(|texts| texts.null_count() == 0)?;
            Fused::of_words(self.key, texts.iter().flatten())
        };
        self.fused.get_or_init(make).as_ref()
    }
}

impl Function for Choice {
    fn data_type(&self) -> DataType {
        self.from.item_type()
    }

    fn nullable(&self) -> bool {
        // A row without items is null, and reported.
        self.from.has_nulls() || self.from.len().is_none()
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        if let Some(fused) = self.fused() {
            return Ok(fused.texts(call.rows)?);
        }
        let key = self.key;
        if let Population::Constant(items) = &self.from {
            let count = items.len() as u64;
            let draws = call.rows.iter().map(|&row| key.below(row, count) as u32);
            return Ok(take(items, &UInt32Array::from_iter_values(draws), None)?);
        }
        let pool = self.from.read(call)?;
        let indices: UInt32Array = call
            .rows
            .iter()
            .enumerate()
            .map(|(index, &row)| {
                let (start, count) = pool.span(call, index, errors, "random.choice")?;
                Some(start + key.below(row, u64::from(count)) as u32)
            })
            .collect();
        Ok(take(&pool.items, &indices, None)?)
    }
}

/// `random.choices(list, …)`
pub(crate) fn choices(call: &CallSite<'_>, key: Key) -> Result<Arc<dyn Function>, CallError> {
    const SIGNATURE: &str = "random.choices(population, weights=None, *, cum_weights=None, k=1)";
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
    let from = Population::bind(&bound, 0)?;
    let count = match integer(&bound, 3)? {
        None => Operand::Constant(1),
        Some(Operand::Constant(count)) if !(0..=MOST_CHOICES).contains(&count) => {
            return Err(bound.wrong(3, format!("`k` is an integer from 0 to {MOST_CHOICES}")));
        }
        Some(count) => count,
    };
    let given = |parameter: usize| {
        bound
            .argument(parameter)
            .is_some_and(|argument| argument.constant != Some(millstream_expr::Constant::None))
    };
    let by = match (given(1), given(2)) {
        (false, false) => By::Chance,
        (true, false) => By::bind(&bound, 1, &from, false)?,
        (false, true) => By::bind(&bound, 2, &from, true)?,
        (true, true) => return Err(bound.wrong(2, "either `weights` or `cum_weights`, not both")),
    };
    Ok(Arc::new(Choices::new(key, from, by, count)))
}

/// How likely the items are.
#[derive(Debug)]
pub(crate) enum By {
    /// All the same.
    Chance,
    Weights(Weights),
    /// The weights in the argument column of that index, and whether they are sums.
    Column(usize, bool),
}

impl By {
    fn bind(
        bound: &Bound<'_>,
        parameter: usize,
        from: &Population,
        cumulative: bool,
    ) -> Result<Self, CallError> {
        if let Some((index, Argument { constant: None, data_type: DataType::List(item), .. })) =
            bound.get(parameter)
            && item.data_type().is_numeric()
        {
            return Ok(Self::Column(index, cumulative));
        }
        let weights = bound.list(parameter)?.unwrap_or_default();
        // Rows that have lists of their own need as many items as there are weights.
        let items = from.len().unwrap_or(weights.len());
        let weights = Weights::new(weights, items, cumulative);
        weights.map(Self::Weights).map_err(|message| bound.wrong(parameter, message))
    }
}

/// A list of `count` items, drawn with replacement.
#[derive(Debug)]
pub(crate) struct Choices {
    key: Key,
    from: Population,
    by: By,
    item: FieldRef,
    count: Operand<i64>,
    /// How many weights there are, if they are constant and the items are not.
    weights: Option<usize>,
}

impl Choices {
    pub(crate) fn new(key: Key, from: Population, by: By, count: Operand<i64>) -> Self {
        let item = Arc::new(Field::new_list_field(from.item_type(), from.has_nulls()));
        let weights = match &by {
            By::Weights(weights) if from.len().is_none() => Some(weights.len()),
            _ => None,
        };
        Self { key, from, by, item, count, weights }
    }

    /// The simple case: everything is constant.
    fn constant(&self, items: &ArrayRef, count: usize, rows: &[u64]) -> Result<ArrayRef, EvaluateError> {
        let (key, items_count) = (self.key, items.len() as u64);
        let draw = |key: Key, row: u64| match &self.by {
            By::Weights(weights) => weights.draw(key, row),
            _ => key.below(row, items_count) as u32,
        };
        let total = rows.len() * count;
        if total > i32::MAX as usize {
            return Err(EvaluateError::Host("random.choices: too many items in one batch".to_owned()));
        }
        let mut indices = vec![0_u32; total];
        for nth in 0..count {
            let key = nth_key(key, nth);
            for (&row, index) in rows.iter().zip(indices.iter_mut().skip(nth).step_by(count)) {
                *index = draw(key, row);
            }
        }
        let values = take(items, &UInt32Array::from(indices), None)?;
        let offsets = OffsetBuffer::from_repeated_length(count, rows.len());
        Ok(Arc::new(ListArray::try_new(self.item.clone(), offsets, values, None)?))
    }
}

/// The first draw has the key itself, so that `k` does not change what `choices(...)[0]` gives.
fn nth_key(key: Key, nth: usize) -> Key {
    if nth == 0 { key } else { key.numbered(nth as u64) }
}

impl Function for Choices {
    fn data_type(&self) -> DataType {
        DataType::List(self.item.clone())
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        if let (Population::Constant(items), Operand::Constant(count), By::Chance | By::Weights(_)) =
            (&self.from, self.count, &self.by)
        {
            return self.constant(items, count as usize, call.rows);
        }
        let pool = self.from.read(call)?;
        let counts = self.count.read(call)?;
        let mut row_weights = match self.by {
            By::Column(index, cumulative) => Some(RowWeights::read(call, index, cumulative)?),
            By::Chance | By::Weights(_) => None,
        };
        let mut indices = Vec::<u32>::with_capacity(call.rows.len());
        let mut lengths = Vec::with_capacity(call.rows.len());
        for (index, &row) in call.rows.iter().enumerate() {
            let before = indices.len();
            let mut fail = |message: String| {
                if is_selected(call, index) {
                    errors.push(index, format!("random.choices: {message}"));
                }
            };
            match counts.at(index) {
                Some(wanted @ 0..=MOST_CHOICES) => {
                    if let Some((start, count)) = pool.span(call, index, errors, "random.choices") {
                        let wrong = match (&mut row_weights, self.weights) {
                            (Some(weights), _) => weights.select(index, count as usize).err(),
                            (None, Some(weights)) if weights != count as usize => {
                                Some("there must be as many weights as items")
                            }
                            _ => None,
                        };
                        if let Some(message) = wrong {
                            if is_selected(call, index) {
                                errors.push(index, format!("random.choices: {message}"));
                            }
                        } else {
                            for nth in 0..wanted as usize {
                                let key = nth_key(self.key, nth);
                                let at = match (&self.by, &row_weights) {
                                    (_, Some(weights)) => weights.draw(key.unit(row)),
                                    (By::Weights(weights), None) => weights.draw(key, row),
                                    _ => key.below(row, u64::from(count)) as u32,
                                };
                                indices.push(start + at);
                            }
                        }
                    }
                }
                Some(other) => fail(format!("`k` is {other}, and not from 0 to {MOST_CHOICES}")),
                None => fail("`k` is None".to_owned()),
            }
            lengths.push(indices.len() - before);
        }
        if indices.len() > i32::MAX as usize {
            return Err(EvaluateError::Host("random.choices: too many items in one batch".to_owned()));
        }
        let values = take(&pool.items, &UInt32Array::from(indices), None)?;
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(Arc::new(ListArray::try_new(self.item.clone(), offsets, values, None)?))
    }
}
