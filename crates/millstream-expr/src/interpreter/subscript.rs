//! Indexing, slices, attributes.

use super::budget::{Budget, identity};
use super::failure::{Failure, FailureKind, Outcome};
use std::rc::Rc;

use super::value::{Callable, MethodOf, Range, Value};
use crate::kernels::list::position;
use crate::kernels::text_slice::{Bounds, between, write_steps};
use crate::modules;

/// `value[key]`; of None, None.
pub(crate) fn item(value: &Value, key: &Value, budget: &mut Budget) -> Outcome<Value> {
    match (value, key) {
        (Value::None, _) => return Ok(Value::None),
        (Value::Dict(items), key) => {
            return match items.borrow().get(key)? {
                Some(value) => Ok(value.clone()),
                None if matches!(key, Value::None) => Ok(Value::None),
                None => Err(missing_key(key)),
            };
        }
        (_, Value::None) => return Ok(Value::None),
        _ => {}
    }
    let index = |len: usize, what: &str| -> Outcome<usize> {
        let Some(index) = key.as_int() else {
            return Err(Failure::type_(format!(
                "{what} indices must be integers or slices, not {}",
                key.type_name()
            )));
        };
        position(index, len)
            .ok_or_else(|| Failure::new(FailureKind::Index, format!("{what} index out of range")))
    };
    match value {
        Value::List(items) => {
            let items = items.borrow();
            Ok(items[index(items.len(), "list")?].clone())
        }
        Value::Tuple(items) => Ok(items[index(items.len(), "tuple")?].clone()),
        Value::Str(text) => {
            let at = index(super::iterate::length(value)?, "string")?;
            let part = if text.is_ascii() { &text[at..=at] } else { between(text, at, at + 1) };
            budget.text(part)
        }
        Value::Bytes(bytes) => Ok(Value::Int(i64::from(bytes[index(bytes.len(), "bytes")?]))),
        Value::Range(range) => {
            let len = usize::try_from(range.len()).unwrap_or(usize::MAX);
            Ok(Value::Int(range.item(index(len, "range object")? as u64)))
        }
        other => match modules::method(
            other,
            "__getitem__",
            super::Arguments { positional: std::slice::from_ref(key), keywords: &[] },
        ) {
            Some(result) => result,
            None => Err(Failure::type_(format!("'{}' object is not subscriptable", other.type_name()))),
        },
    }
}

pub(crate) fn missing_key(key: &Value) -> Failure {
    let mut shown = String::new();
    let message = match super::display::repr(key, &mut shown) {
        Ok(()) => format!("there is no key {}", shown.chars().take(60).collect::<String>()),
        Err(_) => "there is no such key".to_owned(),
    };
    Failure::new(FailureKind::Key, message)
}

/// The bounds of a slice as they are written; None where they are left out.
pub(crate) type SliceBounds = [Value; 3];

struct Resolved {
    bounds: Bounds,
    step: i64,
}

impl Resolved {
    fn new(bounds: &SliceBounds, len: usize) -> Outcome<Self> {
        let [start, stop, step] = bounds;
        let bound = |value: &Value| match value {
            Value::None => Ok(None),
            other => other.as_int().map(Some).ok_or_else(|| {
                Failure::type_("slice indices must be integers or None or have an __index__ method")
            }),
        };
        let step = bound(step)?.unwrap_or(1);
        if step == 0 {
            return Err(Failure::value("slice step cannot be zero"));
        }
        Ok(Self { bounds: Bounds::new(len as i64, bound(start)?, bound(stop)?, step), step })
    }

    fn of(&self, items: &[Value]) -> Vec<Value> {
        self.bounds.indices(self.step).filter_map(|index| items.get(index).cloned()).collect()
    }
}

/// `value[start:stop:step]`
pub(crate) fn slice(value: &Value, bounds: &SliceBounds, budget: &mut Budget) -> Outcome<Value> {
    match value {
        Value::None => Ok(Value::None),
        Value::Str(text) => {
            let len = super::iterate::length(value)?;
            let resolved = Resolved::new(bounds, len)?;
            if resolved.step == 1 {
                let (start, stop) = (resolved.bounds.start as usize, resolved.bounds.stop as usize);
                let stop = stop.max(start);
                return budget.text(if len == text.len() {
                    &text[start..stop]
                } else {
                    between(text, start, stop)
                });
            }
            let mut out = String::new();
            write_steps(text, resolved.bounds, resolved.step, &mut Vec::new(), &mut out);
            budget.text(&out)
        }
        Value::List(items) => {
            let items = items.borrow();
            let part = Resolved::new(bounds, items.len())?.of(&items);
            budget.items(Some(part.len()))?;
            Ok(Value::list(part))
        }
        Value::Tuple(items) => {
            let part = Resolved::new(bounds, items.len())?.of(items);
            budget.items(Some(part.len()))?;
            Ok(Value::tuple(part))
        }
        Value::Bytes(bytes) => {
            let resolved = Resolved::new(bounds, bytes.len())?;
            let part: Vec<u8> = resolved
                .bounds
                .indices(resolved.step)
                .filter_map(|index| bytes.get(index).copied())
                .collect();
            budget.bytes(part.len())?;
            Ok(Value::Bytes(part.into()))
        }
        Value::Range(range) => {
            let len = usize::try_from(range.len()).unwrap_or(usize::MAX);
            let resolved = Resolved::new(bounds, len)?;
            let at = |index: i64| {
                i64::try_from(i128::from(range.start) + i128::from(index) * i128::from(range.step))
                    .map_err(|_| Failure::overflow())
            };
            let step = range.step.checked_mul(resolved.step).ok_or_else(Failure::overflow)?;
            Ok(Value::Range(Rc::new(Range {
                start: at(resolved.bounds.start)?,
                stop: at(resolved.bounds.stop)?,
                step,
            })))
        }
        other => Err(Failure::type_(format!("'{}' object is not subscriptable", other.type_name()))),
    }
}

/// `container[key] = value`
pub(crate) fn set_item(container: &Value, key: Value, value: Value, budget: &mut Budget) -> Outcome<()> {
    budget.shallow(&value, identity(container))?;
    budget.items(Some(1))?;
    match container {
        Value::List(items) => {
            let mut items = items.borrow_mut();
            let Some(index) = key.as_int() else {
                return Err(Failure::type_(format!(
                    "list indices must be integers or slices, not {}",
                    key.type_name()
                )));
            };
            let len = items.len();
            let at = position(index, len)
                .ok_or_else(|| Failure::new(FailureKind::Index, "list assignment index out of range"))?;
            items[at] = value;
            Ok(())
        }
        Value::Dict(items) => {
            budget.shallow(&key, identity(container))?;
            items.borrow_mut().insert(key, value)
        }
        other => {
            Err(Failure::type_(format!("'{}' object does not support item assignment", other.type_name())))
        }
    }
}

/// `container[start:stop] = values`
pub(crate) fn set_slice(
    container: &Value,
    bounds: &SliceBounds,
    values: &Value,
    budget: &mut Budget,
) -> Outcome<()> {
    let Value::List(items) = container else {
        return Err(Failure::type_(format!(
            "'{}' object does not support slice assignment",
            container.type_name()
        )));
    };
    let values = super::iterate::items(values, budget)?;
    for value in &values {
        budget.shallow(value, identity(container))?;
    }
    let mut items = items.borrow_mut();
    budget.steps(items.len())?;
    let resolved = Resolved::new(bounds, items.len())?;
    if resolved.step == 1 {
        let start = resolved.bounds.start as usize;
        let stop = (resolved.bounds.stop as usize).max(start);
        items.splice(start..stop, values);
        return Ok(());
    }
    let places: Vec<usize> = resolved.bounds.indices(resolved.step).collect();
    if places.len() != values.len() {
        return Err(Failure::value(format!(
            "attempt to assign sequence of size {} to extended slice of size {}",
            values.len(),
            places.len()
        )));
    }
    for (place, value) in places.into_iter().zip(values) {
        items[place] = value;
    }
    Ok(())
}

/// `del container[key]`
pub(crate) fn delete_item(container: &Value, key: &Value, budget: &mut Budget) -> Outcome<()> {
    match container {
        Value::List(items) => {
            let mut items = items.borrow_mut();
            budget.steps(items.len())?;
            let at = key
                .as_int()
                .and_then(|index| position(index, items.len()))
                .ok_or_else(|| Failure::new(FailureKind::Index, "list assignment index out of range"))?;
            items.remove(at);
            Ok(())
        }
        Value::Dict(items) => {
            let mut items = items.borrow_mut();
            budget.steps(items.len())?;
            match items.remove(key)? {
                Some(_) => Ok(()),
                None => Err(missing_key(key)),
            }
        }
        other => {
            Err(Failure::type_(format!("'{}' object does not support item deletion", other.type_name())))
        }
    }
}

/// `del container[start:stop]`
pub(crate) fn delete_slice(container: &Value, bounds: &SliceBounds, budget: &mut Budget) -> Outcome<()> {
    let Value::List(items) = container else {
        return Err(Failure::type_(format!(
            "'{}' object does not support item deletion",
            container.type_name()
        )));
    };
    let mut items = items.borrow_mut();
    budget.steps(items.len())?;
    let resolved = Resolved::new(bounds, items.len())?;
    let gone: Vec<usize> = resolved.bounds.indices(resolved.step).collect();
    let mut index = 0;
    items.retain(|_| {
        index += 1;
        !gone.contains(&(index - 1))
    });
    Ok(())
}

/// `value.name`; of None, None.
pub(crate) fn attribute(value: &Value, name: &str) -> Outcome<Value> {
    if let Value::None = value {
        return Ok(Value::None);
    }
    if name.starts_with('_') {
        return Err(Failure::new(FailureKind::Attribute, format!("the attribute '{name}' cannot be used")));
    }
    match modules::attribute(value, name) {
        Some(result) => result,
        // A method that is not called: `max(names, key=counts.get)`.
        None if super::methods::has(value.type_name(), name) => {
            let method = MethodOf { receiver: value.clone(), name: name.into() };
            Ok(Value::Callable(Rc::new(Callable::Method(method))))
        }
        None => Err(no_attribute(value, name)),
    }
}

pub(crate) fn no_attribute(value: &Value, name: &str) -> Failure {
    Failure::new(FailureKind::Attribute, format!("'{}' object has no attribute '{name}'", value.type_name()))
}
