//! Operators of two values and of one.

use std::rc::Rc;

use super::Operator;
use super::budget::Budget;
use super::dict::Set;
use super::failure::{Failure, FailureKind, Outcome};
use super::value::Value;
use crate::kernels::divide::{floor_divide, floor_modulo, true_divide};
use crate::kernels::float;
use crate::kernels::integer::{BY_ZERO, power};
use crate::modules;

/// `left operator right`. None on either side gives None, as it does column by column.
#[inline]
pub(crate) fn binary(operator: Operator, left: &Value, right: &Value, budget: &mut Budget) -> Outcome<Value> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => ints(operator, *left, *right),
        (Value::Float(left), Value::Float(right)) => floats(operator, *left, *right),
        _ => mixed(operator, left, right, budget),
    }
}

fn mixed(operator: Operator, left: &Value, right: &Value, budget: &mut Budget) -> Outcome<Value> {
    if let (Value::Bool(left), Value::Bool(right)) = (left, right) {
        match operator {
            Operator::And => return Ok(Value::Bool(left & right)),
            Operator::Or => return Ok(Value::Bool(left | right)),
            Operator::Xor => return Ok(Value::Bool(left ^ right)),
            _ => {}
        }
    }
    if let (Some(left), Some(right)) = (left.as_int(), right.as_int()) {
        return ints(operator, left, right);
    }
    if let (Some(left), Some(right)) = (left.as_float(), right.as_float()) {
        return floats(operator, left, right);
    }
    if operator == Operator::Modulo
        && let Value::Str(format) = left
    {
        return super::percent::format(format, right, budget);
    }
    if matches!(left, Value::None) || matches!(right, Value::None) {
        return Ok(Value::None);
    }
    match (operator, left, right) {
        (Operator::Add, Value::Str(left), Value::Str(right)) => {
            budget.text_of(Some(left.len() + right.len()))?;
            let mut text = String::with_capacity(left.len() + right.len());
            text.push_str(left);
            text.push_str(right);
            Ok(Value::Str(text.into()))
        }
        (Operator::Add, Value::List(left), Value::List(right)) => {
            let items = left.borrow().iter().chain(right.borrow().iter()).cloned().collect();
            budget.list(items)
        }
        (Operator::Add, Value::Tuple(left), Value::Tuple(right)) => {
            budget.tuple(left.iter().chain(right.iter()).cloned().collect())
        }
        (Operator::Multiply, sequence, count) if is_sequence(sequence) && count.as_int().is_some() => {
            repeat(sequence, count.as_int().unwrap_or_default(), budget)
        }
        (Operator::Multiply, count, sequence) if is_sequence(sequence) && count.as_int().is_some() => {
            repeat(sequence, count.as_int().unwrap_or_default(), budget)
        }
        (
            Operator::And | Operator::Or | Operator::Xor | Operator::Subtract,
            Value::Set(left),
            Value::Set(right),
        ) => {
            let (left, right) = (left.borrow(), right.borrow());
            budget.items(Some(left.len() + right.len()))?;
            sets(operator, &left, &right).map(Value::set)
        }
        (Operator::Or, Value::Dict(left), Value::Dict(right)) => {
            let mut joined = left.borrow().clone();
            for (key, value) in right.borrow().iter() {
                joined.insert(key.clone(), value.clone())?;
            }
            budget.items(Some(joined.len()))?;
            Ok(Value::dict(joined))
        }
        _ => match modules::binary(operator, left, right) {
            Some(result) => result,
            None => Err(mismatch(operator, left, right)),
        },
    }
}

fn mismatch(operator: Operator, left: &Value, right: &Value) -> Failure {
    let message = match (operator, left, right) {
        (Operator::Add, Value::Str(_), other) => {
            format!("can only concatenate str (not \"{}\") to str", other.type_name())
        }
        (Operator::Add, Value::List(_), other) => {
            format!("can only concatenate list (not \"{}\") to list", other.type_name())
        }
        _ => format!(
            "unsupported operand type(s) for {}: '{}' and '{}'",
            operator.symbol(),
            left.type_name(),
            right.type_name()
        ),
    };
    Failure::type_(message)
}

fn is_sequence(value: &Value) -> bool {
    matches!(value, Value::Str(_) | Value::List(_) | Value::Tuple(_) | Value::Bytes(_))
}

fn repeat(sequence: &Value, count: i64, budget: &mut Budget) -> Outcome<Value> {
    let count = usize::try_from(count).unwrap_or(0);
    let many = |items: &[Value], budget: &mut Budget| -> Outcome<Vec<Value>> {
        budget.items(items.len().checked_mul(count))?;
        Ok(std::iter::repeat_n(items, count).flatten().cloned().collect())
    };
    match sequence {
        Value::Str(text) => {
            if text.is_empty() {
                return Ok(sequence.clone());
            }
            budget.text_of(text.len().checked_mul(count))?;
            Ok(Value::Str(text.repeat(count).into()))
        }
        Value::Bytes(bytes) => {
            budget.text_of(bytes.len().checked_mul(count))?;
            Ok(Value::Bytes(bytes.repeat(count).into()))
        }
        Value::List(items) => Ok(Value::list(many(&items.borrow(), budget)?)),
        Value::Tuple(items) => Ok(Value::tuple(many(items, budget)?)),
        _ => Ok(Value::None),
    }
}

pub(crate) fn sets(operator: Operator, left: &Set, right: &Set) -> Outcome<Set> {
    let mut result = Set::default();
    match operator {
        Operator::And => {
            for item in left.iter() {
                if right.contains(item)? {
                    result.insert(item.clone())?;
                }
            }
        }
        Operator::Or => {
            for item in left.iter().chain(right.iter()) {
                result.insert(item.clone())?;
            }
        }
        Operator::Subtract => {
            for item in left.iter() {
                if !right.contains(item)? {
                    result.insert(item.clone())?;
                }
            }
        }
        _ => {
            for (items, others) in [(left, right), (right, left)] {
                for item in items.iter() {
                    if !others.contains(item)? {
                        result.insert(item.clone())?;
                    }
                }
            }
        }
    }
    Ok(result)
}

fn by_zero() -> Failure {
    Failure::new(FailureKind::ZeroDivision, BY_ZERO)
}

#[inline]
fn checked(value: Option<i64>) -> Outcome<Value> {
    value.map(Value::Int).ok_or_else(Failure::overflow)
}

fn ints(operator: Operator, left: i64, right: i64) -> Outcome<Value> {
    match operator {
        Operator::Add => checked(left.checked_add(right)),
        Operator::Subtract => checked(left.checked_sub(right)),
        Operator::Multiply => checked(left.checked_mul(right)),
        Operator::Divide | Operator::FloorDivide | Operator::Modulo if right == 0 => Err(by_zero()),
        Operator::Divide => Ok(Value::Float(true_divide(left, right))),
        Operator::FloorDivide => {
            let (value, failed) = floor_divide(left, right);
            checked((!failed).then_some(value))
        }
        Operator::Modulo => Ok(Value::Int(floor_modulo(left, right).0)),
        Operator::Power if right < 0 => floats(operator, left as f64, right as f64),
        Operator::Power => {
            let (value, failed) = power(left, right);
            checked((!failed).then_some(value))
        }
        Operator::And => Ok(Value::Int(left & right)),
        Operator::Or => Ok(Value::Int(left | right)),
        Operator::Xor => Ok(Value::Int(left ^ right)),
        Operator::ShiftLeft | Operator::ShiftRight if right < 0 => {
            Err(Failure::value("negative shift count"))
        }
        Operator::ShiftLeft => {
            if left == 0 {
                return Ok(Value::Int(0));
            }
            let shifted =
                u32::try_from(right).ok().filter(|by| *by < 63).and_then(|by| left.checked_mul(1 << by));
            checked(shifted)
        }
        Operator::ShiftRight => Ok(Value::Int(left >> right.min(63))),
    }
}

fn floats(operator: Operator, left: f64, right: f64) -> Outcome<Value> {
    Ok(Value::Float(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide | Operator::FloorDivide | Operator::Modulo if right == 0.0 => return Err(by_zero()),
        Operator::Divide => left / right,
        Operator::FloorDivide => float::floor_divide(left, right),
        Operator::Modulo => float::modulo(left, right),
        Operator::Power => match float::power(left, right) {
            Ok(value) => value,
            Err(BY_ZERO) => return Err(by_zero()),
            Err(message) => return Err(Failure::new(FailureKind::Overflow, message)),
        },
        _ => {
            return Err(Failure::type_(format!(
                "unsupported operand type(s) for {}: 'float' and 'float'",
                operator.symbol()
            )));
        }
    }))
}

/// `left operator= right`: lists, sets and dicts change in place.
pub(crate) fn augmented(
    operator: Operator,
    left: Value,
    right: &Value,
    budget: &mut Budget,
) -> Outcome<Value> {
    match (operator, &left, right) {
        (Operator::Add, Value::List(items), right) if !matches!(right, Value::None) => {
            let added = super::iterate::items(right, budget)?;
            budget.items(Some(added.len()))?;
            for item in &added {
                budget.shallow(item, super::budget::identity(&left))?;
            }
            items.borrow_mut().extend(added);
            Ok(left)
        }
        (Operator::Or, Value::Set(items), Value::Set(right)) if !Rc::ptr_eq(items, right) => {
            budget.items(Some(right.borrow().len()))?;
            for item in right.borrow().iter() {
                items.borrow_mut().insert(item.clone())?;
            }
            Ok(left)
        }
        _ => binary(operator, &left, right, budget),
    }
}

/// `-value`, `+value`, `~value`, `abs(value)`
pub(crate) fn unary(operator: &'static str, value: &Value) -> Outcome<Value> {
    if matches!(value, Value::None) {
        return Ok(Value::None);
    }
    if let Some(int) = value.as_int() {
        return match operator {
            "-" => checked(int.checked_neg()),
            "abs" => checked(int.checked_abs()),
            "~" => Ok(Value::Int(!int)),
            _ => Ok(Value::Int(int)),
        };
    }
    if let Value::Float(float) = value {
        match operator {
            "-" => return Ok(Value::Float(-float)),
            "abs" => return Ok(Value::Float(float.abs())),
            "+" => return Ok(Value::Float(*float)),
            _ => {}
        }
    }
    match modules::unary(operator, value) {
        Some(result) => result,
        None if operator == "abs" => {
            Err(Failure::type_(format!("bad operand type for abs(): '{}'", value.type_name())))
        }
        None => {
            Err(Failure::type_(format!("bad operand type for unary {operator}: '{}'", value.type_name())))
        }
    }
}
