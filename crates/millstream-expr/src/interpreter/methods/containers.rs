//! Methods of lists, tuples, dicts and sets.

use std::cell::RefCell;
use std::rc::Rc;

use crate::interpreter::arguments::int;
use crate::interpreter::budget::{Budget, identity};
use crate::interpreter::dict::{Dict, Set};
use crate::interpreter::equality::equal;
use crate::interpreter::failure::{Failure, FailureKind, Outcome};
use crate::interpreter::iterate;
use crate::interpreter::operators::sets;
use crate::interpreter::subscript::missing_key;
use crate::interpreter::value::Value;
use crate::interpreter::{Arguments, Operator};
use crate::kernels::list::position;

pub(super) const LIST: [&str; 11] =
    ["append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"];
pub(super) const DICT: [&str; 11] =
    ["clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"];
pub(super) const SET: [&str; 17] = [
    "add",
    "clear",
    "copy",
    "difference",
    "difference_update",
    "discard",
    "intersection",
    "intersection_update",
    "isdisjoint",
    "issubset",
    "issuperset",
    "pop",
    "remove",
    "symmetric_difference",
    "symmetric_difference_update",
    "union",
    "update",
];
pub(super) const NAMES: [&str; 25] = [
    "append",
    "clear",
    "copy",
    "extend",
    "insert",
    "pop",
    "remove",
    "reverse",
    "sort",
    "get",
    "items",
    "keys",
    "popitem",
    "setdefault",
    "update",
    "values",
    "add",
    "difference",
    "discard",
    "intersection",
    "isdisjoint",
    "issubset",
    "issuperset",
    "symmetric_difference",
    "union",
];

fn index_error(message: &'static str) -> Failure {
    Failure::new(FailureKind::Index, message)
}

pub(super) fn list(
    whole: &Value,
    items: &Rc<RefCell<Vec<Value>>>,
    name: &str,
    arguments: Arguments<'_>,
    budget: &mut Budget,
) -> Option<Outcome<Value>> {
    if !LIST.contains(&name) {
        return None;
    }
    Some(list_method(whole, items, name, arguments, budget))
}

fn list_method(
    whole: &Value,
    items: &Rc<RefCell<Vec<Value>>>,
    name: &str,
    arguments: Arguments<'_>,
    budget: &mut Budget,
) -> Outcome<Value> {
    match name {
        "append" => {
            let item = arguments.one(name)?;
            budget.items(Some(1))?;
            budget.shallow(item, identity(whole))?;
            items.borrow_mut().push(item.clone());
        }
        "extend" => {
            let added = iterate::items(arguments.one(name)?, budget)?;
            for item in &added {
                budget.shallow(item, identity(whole))?;
            }
            items.borrow_mut().extend(added);
        }
        "insert" => {
            let [index, item] = arguments.bind(name, ["index", "object"], 2)?;
            let (Some(index), Some(item)) = (index, item) else { return Ok(Value::None) };
            budget.shallow(&item, identity(whole))?;
            let mut items = items.borrow_mut();
            budget.items(Some(1))?;
            budget.steps(items.len() / 16)?;
            let len = items.len() as i64;
            let index = int(&index)?;
            let at = if index < 0 { index.saturating_add(len).max(0) } else { index.min(len) };
            items.insert(at as usize, item);
        }
        "pop" => {
            let [index] = arguments.bind(name, ["index"], 0)?;
            let mut items = items.borrow_mut();
            budget.steps(1 + items.len() / 64)?;
            if items.is_empty() {
                return Err(index_error("pop from empty list"));
            }
            let index = index.as_ref().map_or(Ok(-1), int)?;
            let at = position(index, items.len()).ok_or_else(|| index_error("pop index out of range"))?;
            return Ok(items.remove(at));
        }
        "remove" => {
            let item = arguments.one(name)?;
            let mut items = items.borrow_mut();
            budget.steps(items.len())?;
            match items.iter().position(|known| equal(known, item)) {
                Some(at) => {
                    items.remove(at);
                }
                None => return Err(Failure::value("list.remove(x): x not in list")),
            }
        }
        "clear" => {
            arguments.none(name)?;
            items.borrow_mut().clear();
        }
        "reverse" => {
            arguments.none(name)?;
            budget.steps(items.borrow().len())?;
            items.borrow_mut().reverse();
        }
        "copy" => {
            arguments.none(name)?;
            let copy = items.borrow().clone();
            budget.items(Some(copy.len()))?;
            return Ok(Value::list(copy));
        }
        _ => return find(&items.borrow(), "list", name, arguments, budget),
    }
    Ok(Value::None)
}

/// `count` and `index`
fn find(
    items: &[Value],
    type_: &str,
    name: &str,
    arguments: Arguments<'_>,
    budget: &mut Budget,
) -> Outcome<Value> {
    budget.steps(items.len())?;
    if name == "count" {
        let item = arguments.one(name)?;
        return Ok(Value::Int(items.iter().filter(|known| equal(known, item)).count() as i64));
    }
    let [item, start, stop] = arguments.bind(name, ["value", "start", "stop"], 1)?;
    let Some(item) = item else { return Ok(Value::None) };
    let start = start.as_ref().map(int).transpose()?;
    let stop = stop.as_ref().map(int).transpose()?;
    let bounds = crate::kernels::text_slice::Bounds::new(items.len() as i64, start, stop, 1);
    let found = bounds.indices(1).find(|&at| items.get(at).is_some_and(|known| equal(known, &item)));
    match found {
        Some(at) => Ok(Value::Int(at as i64)),
        None => {
            let mut shown = String::new();
            crate::interpreter::display::repr(&item, &mut shown)?;
            Err(Failure::value(format!("{shown} is not in {type_}")))
        }
    }
}

pub(super) fn tuple(
    items: &[Value],
    name: &str,
    arguments: Arguments<'_>,
    budget: &mut Budget,
) -> Option<Outcome<Value>> {
    matches!(name, "count" | "index").then(|| find(items, "tuple", name, arguments, budget))
}

pub(super) fn dict(
    whole: &Value,
    items: &Rc<RefCell<Dict>>,
    name: &str,
    arguments: Arguments<'_>,
    budget: &mut Budget,
) -> Option<Outcome<Value>> {
    if !DICT.contains(&name) {
        return None;
    }
    Some(dict_method(whole, items, name, arguments, budget))
}

fn dict_method(
    whole: &Value,
    items: &Rc<RefCell<Dict>>,
    name: &str,
    arguments: Arguments<'_>,
    budget: &mut Budget,
) -> Outcome<Value> {
    match name {
        "get" => {
            let [key, default] = arguments.bind(name, ["key", "default"], 1)?;
            let found = items.borrow().get(&key.unwrap_or(Value::None))?.cloned();
            return Ok(found.or(default).unwrap_or(Value::None));
        }
        "keys" | "values" | "items" => {
            arguments.none(name)?;
            let items = items.borrow();
            budget.items(Some(items.len()))?;
            return match name {
                "keys" => Ok(Value::list(items.iter().map(|(key, _)| key.clone()).collect())),
                "values" => Ok(Value::list(items.iter().map(|(_, value)| value.clone()).collect())),
                _ => {
                    budget.items(Some(items.len() * 2))?;
                    let pairs =
                        items.iter().map(|(key, value)| Value::Tuple([key.clone(), value.clone()].into()));
                    Ok(Value::list(pairs.collect()))
                }
            };
        }
        "pop" => {
            let [key, default] = arguments.bind(name, ["key", "default"], 1)?;
            let key = key.unwrap_or(Value::None);
            let mut items = items.borrow_mut();
            budget.steps(items.len())?;
            return match items.remove(&key)?.or(default) {
                Some(value) => Ok(value),
                None => Err(missing_key(&key)),
            };
        }
        "popitem" => {
            arguments.none(name)?;
            return match items.borrow_mut().pop_last() {
                Some((key, value)) => Ok(Value::Tuple([key, value].into())),
                None => Err(Failure::new(FailureKind::Key, "popitem(): dictionary is empty")),
            };
        }
        "setdefault" => {
            let [key, default] = arguments.bind(name, ["key", "default"], 1)?;
            let (key, default) = (key.unwrap_or(Value::None), default.unwrap_or(Value::None));
            if let Some(value) = items.borrow().get(&key)? {
                return Ok(value.clone());
            }
            budget.items(Some(1))?;
            budget.shallow(&key, identity(whole))?;
            budget.shallow(&default, identity(whole))?;
            items.borrow_mut().insert(key, default.clone())?;
            return Ok(default);
        }
        "update" => {
            let mut added = Vec::new();
            match arguments.positional {
                [] => {}
                [one] => added = pairs(one, budget)?,
                more => {
                    return Err(Failure::type_(format!(
                        "update expected at most 1 argument, got {}",
                        more.len()
                    )));
                }
            }
            added.extend(
                arguments.keywords.iter().map(|(name, value)| (Value::Str(name.clone()), value.clone())),
            );
            budget.items(Some(added.len()))?;
            for (key, value) in added {
                budget.shallow(&key, identity(whole))?;
                budget.shallow(&value, identity(whole))?;
                items.borrow_mut().insert(key, value)?;
            }
        }
        "clear" => {
            arguments.none(name)?;
            items.borrow_mut().clear();
        }
        "copy" => {
            arguments.none(name)?;
            let copy = items.borrow().clone();
            budget.items(Some(copy.len()))?;
            return Ok(Value::dict(copy));
        }
        _ => return from_keys(arguments, budget),
    }
    Ok(Value::None)
}

/// `dict.fromkeys(keys, value)`
pub(crate) fn from_keys(arguments: Arguments<'_>, budget: &mut Budget) -> Outcome<Value> {
    let [keys, value] = arguments.bind("fromkeys", ["iterable", "value"], 1)?;
    let (keys, value) = (keys.unwrap_or(Value::None), value.unwrap_or(Value::None));
    let mut dict = Dict::default();
    for key in iterate::items(&keys, budget)? {
        dict.insert(key, value.clone())?;
    }
    budget.shallow(&value, None)?;
    Ok(Value::dict(dict))
}

/// The keys and values of a dict, or of an iterable of pairs.
pub(crate) fn pairs(value: &Value, budget: &mut Budget) -> Outcome<Vec<(Value, Value)>> {
    if let Value::Dict(items) = value {
        return Ok(items.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect());
    }
    iterate::items(value, budget)?
        .iter()
        .enumerate()
        .map(|(index, pair)| {
            let pair = iterate::items(pair, budget)?;
            match <[Value; 2]>::try_from(pair) {
                Ok([key, value]) => Ok((key, value)),
                Err(other) => Err(Failure::value(format!(
                    "dictionary update sequence element #{index} has length {}; 2 is required",
                    other.len()
                ))),
            }
        })
        .collect()
}

pub(super) fn set(
    items: &Rc<RefCell<Set>>,
    name: &str,
    arguments: Arguments<'_>,
    budget: &mut Budget,
) -> Option<Outcome<Value>> {
    if !SET.contains(&name) {
        return None;
    }
    Some(set_method(items, name, arguments, budget))
}

fn set_method(
    items: &Rc<RefCell<Set>>,
    name: &str,
    arguments: Arguments<'_>,
    budget: &mut Budget,
) -> Outcome<Value> {
    budget.steps(1)?;
    let operator = |name: &str| match name {
        "union" | "update" => Operator::Or,
        "intersection" | "intersection_update" => Operator::And,
        "difference" | "difference_update" => Operator::Subtract,
        _ => Operator::Xor,
    };
    match name {
        "add" => {
            budget.items(Some(1))?;
            items.borrow_mut().insert(arguments.one(name)?.clone())?;
        }
        "discard" | "remove" => {
            let item = arguments.one(name)?;
            budget.steps(items.borrow().len())?;
            let there = items.borrow_mut().remove(item)?;
            if !there && name == "remove" {
                return Err(missing_key(item));
            }
        }
        "pop" => {
            arguments.none(name)?;
            return items
                .borrow_mut()
                .pop_last()
                .ok_or_else(|| Failure::new(FailureKind::Key, "pop from an empty set"));
        }
        "clear" => {
            arguments.none(name)?;
            items.borrow_mut().clear();
        }
        "copy" => {
            arguments.none(name)?;
            budget.items(Some(items.borrow().len()))?;
            return Ok(Value::set(items.borrow().clone()));
        }
        "issubset" | "issuperset" | "isdisjoint" => {
            let other = Set::of(iterate::items(arguments.one(name)?, budget)?)?;
            let items = items.borrow();
            budget.steps(items.len())?;
            let (inner, outer) = if name == "issuperset" { (&other, &*items) } else { (&*items, &other) };
            let mut found = 0;
            for item in inner.iter() {
                found += usize::from(outer.contains(item)?);
            }
            let expected = if name == "isdisjoint" { 0 } else { inner.len() };
            return Ok(Value::Bool(found == expected));
        }
        _ => {
            let mut result = items.borrow().clone();
            for other in arguments.positional {
                let other = Set::of(iterate::items(other, budget)?)?;
                budget.items(Some(result.len() + other.len()))?;
                result = sets(operator(name), &result, &other)?;
            }
            if name.ends_with("update") {
                *items.borrow_mut() = result;
            } else {
                return Ok(Value::set(result));
            }
        }
    }
    Ok(Value::None)
}
