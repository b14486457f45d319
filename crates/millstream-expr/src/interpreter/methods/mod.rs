//! Methods of texts, lists, tuples, dicts and sets.

pub(crate) mod containers;
mod text;

use super::Arguments;
use super::budget::Budget;
use super::failure::Outcome;
use super::subscript::no_attribute;
use super::value::Value;
use crate::modules;

/// `value.name(..)`; of None, None. `sort` of lists is the machine's: it calls functions.
pub(crate) fn method(
    value: &Value,
    name: &str,
    arguments: Arguments<'_>,
    budget: &mut Budget,
) -> Outcome<Value> {
    let result = match value {
        Value::None => return Ok(Value::None),
        Value::Str(text) => text::method(text, name, arguments, budget),
        Value::List(items) => containers::list(value, items, name, arguments, budget),
        Value::Tuple(items) => containers::tuple(items, name, arguments, budget),
        Value::Dict(items) => containers::dict(value, items, name, arguments, budget),
        Value::Set(items) => containers::set(items, name, arguments, budget),
        Value::Int(_) | Value::Bool(_) | Value::Float(_) | Value::Bytes(_) => {
            text::of_numbers(value, name, arguments, budget)
        }
        _ => None,
    };
    match result.or_else(|| modules::method(value, name, arguments)) {
        Some(result) => result,
        None => Err(no_attribute(value, name)),
    }
}

/// All names of methods, for suggestions and checks.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    text::NAMES.iter().chain(containers::NAMES.iter()).copied()
}

/// Whether a type has a method.
pub(crate) fn has(type_: &str, name: &str) -> bool {
    match type_ {
        "str" => text::NAMES.contains(&name),
        "list" => containers::LIST.contains(&name),
        "tuple" => matches!(name, "count" | "index"),
        "dict" => containers::DICT.contains(&name),
        "set" => containers::SET.contains(&name),
        _ => false,
    }
}
