//! `==` and the order of values.

use std::cmp::Ordering;
use std::rc::Rc;

use super::failure::{Failure, Outcome};
use super::value::Value;
use crate::kernels::compare::compare_exactly;

/// How deep values may be nested when they are compared or shown.
pub(crate) const DEEPEST: usize = 100;

/// `left == right`. Values that are nested absurdly deep are not equal.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    equal_at(left, right, 0)
}

fn equal_at(left: &Value, right: &Value, depth: usize) -> bool {
    if depth > DEEPEST {
        return false;
    }
    match (left, right) {
        (Value::None, Value::None) => true,
        (Value::Str(left), Value::Str(right)) => left == right,
        (Value::Int(left), Value::Int(right)) => left == right,
        (Value::Bytes(left), Value::Bytes(right)) => left == right,
        (Value::List(left), Value::List(right)) => {
            Rc::ptr_eq(left, right) || all_equal(&left.borrow(), &right.borrow(), depth)
        }
        (Value::Tuple(left), Value::Tuple(right)) => all_equal(left, right, depth),
        (Value::Dict(left), Value::Dict(right)) => {
            let (left, right) = (left.borrow(), right.borrow());
            left.len() == right.len()
                && left.iter().all(|(key, value)| {
                    matches!(right.get(key), Ok(Some(other)) if equal_at(value, other, depth + 1))
                })
        }
        (Value::Set(left), Value::Set(right)) => {
            let (left, right) = (left.borrow(), right.borrow());
            left.len() == right.len() && left.iter().all(|item| matches!(right.contains(item), Ok(true)))
        }
        (Value::Range(left), Value::Range(right)) => {
            let len = left.len();
            len == right.len()
                && (len == 0 || left.start == right.start && (len == 1 || left.step == right.step))
        }
        (Value::Iterator(left), Value::Iterator(right)) => Rc::ptr_eq(left, right),
        (Value::Callable(left), Value::Callable(right)) => left == right,
        _ => match numbers(left, right) {
            Some(ordering) => ordering == Some(Ordering::Equal),
            None => crate::modules::equal(left, right).unwrap_or(false),
        },
    }
}

fn all_equal(left: &[Value], right: &[Value], depth: usize) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal_at(left, right, depth + 1))
}

/// The order of two numbers (`None` inside if one is no number at all, as `nan`); `None` if they are not numbers.
#[allow(clippy::option_option)]
pub(crate) fn numbers(left: &Value, right: &Value) -> Option<Option<Ordering>> {
    Some(match (left, right) {
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right),
        (Value::Float(left), right) => compare_exactly(right.as_int()?, *left).map(Ordering::reverse),
        (left, Value::Float(right)) => compare_exactly(left.as_int()?, *right),
        (left, right) => Some(left.as_int()?.cmp(&right.as_int()?)),
    })
}

/// The order of two values for `operator`, which is named in the error; `None` if they have none (`nan`).
pub(crate) fn order(left: &Value, right: &Value, operator: &str) -> Outcome<Option<Ordering>> {
    order_at(left, right, operator, 0)
}

fn order_at(left: &Value, right: &Value, operator: &str, depth: usize) -> Outcome<Option<Ordering>> {
    if depth > DEEPEST {
        return Err(Failure::value("values are nested too deep to compare them"));
    }
    if let Some(ordering) = numbers(left, right) {
        return Ok(ordering);
    }
    match (left, right) {
        (Value::Str(left), Value::Str(right)) => Ok(Some(left.cmp(right))),
        (Value::Bytes(left), Value::Bytes(right)) => Ok(Some(left.cmp(right))),
        (Value::List(left), Value::List(right)) => {
            order_all(&left.borrow(), &right.borrow(), operator, depth)
        }
        (Value::Tuple(left), Value::Tuple(right)) => order_all(left, right, operator, depth),
        _ => match crate::modules::compare(left, right) {
            Some(ordering) => ordering.map(Some),
            None => Err(Failure::type_(format!(
                "'{operator}' not supported between instances of '{}' and '{}'",
                left.type_name(),
                right.type_name()
            ))),
        },
    }
}

fn order_all(left: &[Value], right: &[Value], operator: &str, depth: usize) -> Outcome<Option<Ordering>> {
    for (left, right) in left.iter().zip(right) {
        if !equal_at(left, right, depth + 1) {
            return order_at(left, right, operator, depth + 1);
        }
    }
    Ok(Some(left.len().cmp(&right.len())))
}
