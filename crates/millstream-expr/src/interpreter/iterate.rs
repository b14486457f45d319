//! The items of what can be gone through.

use super::budget::Budget;
use super::failure::{Failure, Outcome};
use super::value::Value;

/// All items in order; those of an iterator are taken from it.
pub(crate) fn items(value: &Value, budget: &mut Budget) -> Outcome<Vec<Value>> {
    let count = match value {
        Value::Range(range) => usize::try_from(range.len()).unwrap_or(usize::MAX),
        Value::Str(text) => text.len(),
        Value::List(items) => items.borrow().len(),
        Value::Tuple(items) => items.len(),
        Value::Dict(items) => items.borrow().len(),
        Value::Set(items) => items.borrow().len(),
        _ => 0,
    };
    budget.items(Some(count))?;
    Ok(match value {
        Value::List(items) => items.borrow().clone(),
        Value::Tuple(items) => items.to_vec(),
        Value::Str(text) => {
            text.chars().map(|character| Value::text(character.encode_utf8(&mut [0; 4]))).collect()
        }
        Value::Range(range) => (0..range.len()).map(|index| Value::Int(range.item(index))).collect(),
        Value::Dict(items) => items.borrow().iter().map(|(key, _)| key.clone()).collect(),
        Value::Set(items) => items.borrow().iter().cloned().collect(),
        Value::Iterator(items) => {
            let mut items = std::mem::take(&mut *items.borrow_mut());
            items.reverse();
            items
        }
        Value::Bytes(bytes) => bytes.iter().map(|byte| Value::Int(i64::from(*byte))).collect(),
        other => return Err(not_iterable(other)),
    })
}

pub(crate) fn not_iterable(value: &Value) -> Failure {
    Failure::type_(format!("'{}' object is not iterable", value.type_name()))
}

/// `len(value)`
pub(crate) fn length(value: &Value) -> Outcome<usize> {
    Ok(match value {
        Value::Str(text) => crate::format::text::length(text),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.borrow().len(),
        Value::Tuple(items) => items.len(),
        Value::Dict(items) => items.borrow().len(),
        Value::Set(items) => items.borrow().len(),
        Value::Range(range) => usize::try_from(range.len()).map_err(|_| Failure::overflow())?,
        other => {
            return Err(Failure::type_(format!("object of type '{}' has no len()", other.type_name())));
        }
    })
}

/// `item in container`
pub(crate) fn contains(container: &Value, item: &Value, budget: &mut Budget) -> Outcome<bool> {
    use super::equality::equal;
    Ok(match container {
        Value::Str(text) => match item {
            Value::Str(part) => {
                budget.steps(text.len() / 64)?;
                text.contains(&**part)
            }
            other => {
                return Err(Failure::type_(format!(
                    "'in <string>' requires string as left operand, not {}",
                    other.type_name()
                )));
            }
        },
        Value::List(items) => {
            let items = items.borrow();
            budget.steps(items.len())?;
            items.iter().any(|known| equal(known, item))
        }
        Value::Tuple(items) => {
            budget.steps(items.len())?;
            items.iter().any(|known| equal(known, item))
        }
        Value::Dict(items) => items.borrow().get(item)?.is_some(),
        Value::Set(items) => items.borrow().contains(item)?,
        Value::Range(range) => {
            let int = match item {
                Value::Float(value) => {
                    crate::kernels::convert::whole(*value).filter(|int| *int as f64 == *value)
                }
                other => other.as_int(),
            };
            match int {
                Some(int) => {
                    let (first, step) = (i128::from(range.start), i128::from(range.step));
                    let distance = i128::from(int) - first;
                    distance % step == 0 && (0..i128::from(range.len())).contains(&(distance / step))
                }
                None => false,
            }
        }
        Value::Iterator(_) => items(container, budget)?.iter().any(|known| equal(known, item)),
        Value::Bytes(bytes) => match item.as_int() {
            Some(byte) => bytes.iter().any(|known| i64::from(*known) == byte),
            None => false,
        },
        other => {
            return Err(Failure::type_(format!("argument of type '{}' is not iterable", other.type_name())));
        }
    })
}
