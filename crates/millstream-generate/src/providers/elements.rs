//! One or some of given values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use millstream_core::{Key, Permutation};
use millstream_expr::{Call, CallError, Constant, EvaluateError, Function, RowErrors};

use super::unique::exhausted;
use super::{Resolved, Site};
use crate::library::arguments::describe;
use crate::library::choice::{By, Choice, Choices};
use crate::library::constants;
use crate::library::odds::Weights;
use crate::library::operand::{Operand, is_selected};
use crate::library::population::Population;
use crate::library::sample::Sample;

pub(super) const NAMES: &[&str] = &["random_choices", "random_element", "random_elements", "random_sample"];

/// More items than these in one cell are refused.
const MOST: i64 = 1000;

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let (values, weights) = elements(site)?;
    let key = site.key.numbered(0);
    if site.name == "random_element" {
        if site.unique {
            return each_once(site, &values);
        }
        let from = Population::Constant(values);
        let Some(weights) = weights else {
            return Ok(Arc::new(Choice::new(key, from)));
        };
        let choices = Choices::new(key, from, By::Weights(weights), Operand::Constant(1));
        return Ok(Arc::new(First(choices)));
    }
    site.refuse_unique("lists are not made unique; `fake.unique.random_element(…)` is, for one")?;
    let arguments = &site.arguments;
    let count = values.len() as i64;
    let different = match site.name {
        "random_sample" => true,
        "random_choices" => false,
        _ => arguments.boolean("unique")?.unwrap_or(false),
    };
    if site.name == "random_elements"
        && arguments.boolean("use_weighting")? == Some(true)
        && weights.is_none()
    {
        let message = "there are no weights to use";
        return Err(arguments.error(
            "use_weighting",
            message,
            "write the elements as a dict: `{\"a\": 0.9, \"b\": 0.1}`",
        ));
    }
    let weights = weights.filter(|_| {
        site.name != "random_elements" || !matches!(arguments.boolean("use_weighting"), Ok(Some(false)))
    });
    if different && weights.is_some() {
        let message = "different elements cannot be drawn by weights";
        return Err(arguments.error("elements", message, "write a list, or draw with repetitions"));
    }
    let length = match arguments.integer("length")? {
        Some(length) if length < 0 || length > if different { count } else { MOST } => {
            let message = format!("`length` is {length}, and there are {count} elements");
            return Err(arguments.wrong("length", message));
        }
        length => length,
    };
    // Without a length it is drawn, and reaches the function as its only argument.
    let operand = length.map_or(Operand::Column(0), Operand::Constant);
    let from = Population::Constant(values);
    let by = weights.map_or(By::Chance, By::Weights);
    let inner: Arc<dyn Function> = if different {
        Arc::new(Sample::new("fake.random_sample", key, from, operand))
    } else {
        Arc::new(Choices::new(key, from, by, operand))
    };
    Ok(match length {
        Some(_) => inner,
        None => Arc::new(AnyLength { key: site.key.named("length"), most: count.min(MOST) as u64, inner }),
    })
}

/// The values, and their weights if they are written as a dict.
fn elements(site: &Site<'_>) -> Result<(ArrayRef, Option<Weights>), CallError> {
    let arguments = &site.arguments;
    let wrong =
        |message: String| arguments.error("elements", message, "for example `elements=[\"a\", \"b\"]`");
    let letters =
        [Constant::Str("a".to_owned()), Constant::Str("b".to_owned()), Constant::Str("c".to_owned())];
    let values = match arguments.constant("elements")? {
        None => constants::array(&letters).map_err(wrong)?,
        Some(Constant::List(items)) if !items.is_empty() => constants::array(items).map_err(wrong)?,
        // As in Python, a text is a sequence of characters.
        Some(Constant::Str(text)) if !text.is_empty() => Arc::new(constants::characters(text)) as ArrayRef,
        Some(Constant::Dict(pairs)) if !pairs.is_empty() => {
            let (keys, values): (Vec<Constant>, Vec<Constant>) = pairs.iter().cloned().unzip();
            let weights = Weights::new(&values, keys.len(), false).map_err(wrong)?;
            return Ok((constants::array(&keys).map_err(wrong)?, Some(weights)));
        }
        Some(other) => {
            return Err(wrong(format!(
                "`elements` must be a list or a dict that is not empty, not {}",
                describe(other)
            )));
        }
    };
    Ok((values, None))
}

/// The different values, in the order of a permutation.
fn each_once(site: &Site<'_>, values: &ArrayRef) -> Resolved {
    let kept = distinct(values).map_err(|error| site.arguments.wrong("elements", error.to_string()))?;
    let count = kept.len() as u64;
    let permutation = site.permutation(u128::from(count))?;
    Ok(Arc::new(Once { name: site.name.to_owned(), values: kept, permutation, count }))
}

fn distinct(values: &ArrayRef) -> Result<ArrayRef, arrow::error::ArrowError> {
    let converter = RowConverter::new(vec![SortField::new(values.data_type().clone())])?;
    let rows = converter.convert_columns(std::slice::from_ref(values))?;
    let mut first: Vec<u32> = Vec::new();
    for index in 0..values.len() {
        if !first.iter().any(|&other| rows.row(other as usize) == rows.row(index)) {
            first.push(index as u32);
        }
    }
    take(values, &UInt32Array::from(first), None)
}

#[derive(Debug)]
struct Once {
    name: String,
    values: ArrayRef,
    permutation: Option<Permutation>,
    count: u64,
}

impl Function for Once {
    fn data_type(&self) -> DataType {
        self.values.data_type().clone()
    }

    fn nullable(&self) -> bool {
        true
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let indices: UInt32Array = call
            .rows
            .iter()
            .enumerate()
            .map(|(index, &row)| {
                if let Some(permutation) = self.permutation.filter(|_| row < self.count) {
                    return Some(permutation.apply(row) as u32);
                }
                if is_selected(call, index) {
                    errors.push(index, exhausted(&self.name, u128::from(self.count)));
                }
                None
            })
            .collect();
        Ok(take(&self.values, &indices, None)?)
    }
}

/// The one item of each list.
#[derive(Debug)]
struct First(Choices);

impl Function for First {
    fn data_type(&self) -> DataType {
        match self.0.data_type() {
            DataType::List(item) => item.data_type().clone(),
            other => other,
        }
    }

    fn nullable(&self) -> bool {
        true
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        Ok(self.0.evaluate(call, errors)?.as_list::<i32>().values().clone())
    }
}

/// A list of a drawn length, from one to `most`.
#[derive(Debug)]
struct AnyLength {
    key: Key,
    most: u64,
    inner: Arc<dyn Function>,
}

impl Function for AnyLength {
    fn data_type(&self) -> DataType {
        self.inner.data_type()
    }

    fn nullable(&self) -> bool {
        self.inner.nullable()
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let lengths = call.rows.iter().map(|&row| 1 + self.key.below(row, self.most) as i64);
        let arguments: [ArrayRef; 1] = [Arc::new(Int64Array::from_iter_values(lengths))];
        let call = Call { arguments: &arguments, rows: call.rows, selected: call.selected };
        self.inner.evaluate(&call, errors)
    }
}
