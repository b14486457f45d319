//! One of some given values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::DataType;
use millstream_core::Key;
use millstream_expr::{Call, Constant, EvaluateError, Function, RowErrors};

use super::{Resolved, Site};
use crate::library::arguments::describe;

pub(super) const NAMES: &[&str] = &["random_element"];

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let arguments = &site.arguments;
    let wrong =
        |message: String| arguments.error("elements", message, "for example `elements=[\"a\", \"b\"]`");
    let values = match arguments.constant("elements")? {
        None => Arc::new(StringArray::from(vec!["a", "b", "c"])) as ArrayRef,
        Some(Constant::List(items)) if !items.is_empty() => array(items).map_err(wrong)?,
        // As in Python, a text is a sequence of characters.
        Some(Constant::Str(text)) if !text.is_empty() => {
            Arc::new(text.chars().map(|character| Some(character.to_string())).collect::<StringArray>())
        }
        Some(other) => {
            return Err(wrong(format!(
                "`elements` must be a list that is not empty, not {}",
                describe(other)
            )));
        }
    };
    Ok(Arc::new(Element { key: site.key.numbered(0), values }))
}

/// The values as an array of the one type that holds them all.
fn array(items: &[Constant]) -> Result<ArrayRef, String> {
    let all = |kind: fn(&Constant) -> bool| items.iter().all(|item| *item == Constant::None || kind(item));
    Ok(if all(|item| matches!(item, Constant::Str(_))) {
        let text = |item: &Constant| if let Constant::Str(text) = item { Some(text.clone()) } else { None };
        Arc::new(items.iter().map(text).collect::<StringArray>())
    } else if all(|item| matches!(item, Constant::Int(_))) {
        let integer = |item: &Constant| if let Constant::Int(value) = item { Some(*value) } else { None };
        Arc::new(items.iter().map(integer).collect::<Int64Array>())
    } else if all(|item| matches!(item, Constant::Int(_) | Constant::Float(_))) {
        let float = |item: &Constant| match item {
            Constant::Int(value) => Some(*value as f64),
            Constant::Float(value) => Some(*value),
            _ => None,
        };
        Arc::new(items.iter().map(float).collect::<Float64Array>())
    } else if all(|item| matches!(item, Constant::Bool(_))) {
        let boolean = |item: &Constant| if let Constant::Bool(value) = item { Some(*value) } else { None };
        Arc::new(items.iter().map(boolean).collect::<BooleanArray>())
    } else {
        let shown: Vec<String> = items.iter().take(5).map(describe).collect();
        return Err(format!("the elements have no common type: {}", shown.join(", ")));
    })
}

#[derive(Debug)]
struct Element {
    key: Key,
    values: ArrayRef,
}

impl Function for Element {
    fn data_type(&self) -> DataType {
        self.values.data_type().clone()
    }

    fn nullable(&self) -> bool {
        self.values.null_count() > 0
    }

    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let count = self.values.len() as u64;
        let indices: Vec<u32> = call.rows.iter().map(|&row| self.key.below(row, count) as u32).collect();
        Ok(take(&self.values, &UInt32Array::from(indices), None)?)
    }
}
