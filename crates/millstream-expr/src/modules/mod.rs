//! The modules of the language: `datetime`, `dateutil`, `math`, `string`, `uuid`, `hashlib`, `re`.
//!
//! `None` from any of these functions means that it is not theirs.

// Some parts are used from the interpreter once it is complete.
#![allow(dead_code)]

pub(crate) mod digest;
pub(crate) mod math;
pub(crate) mod names;
pub(crate) mod pattern;
pub(crate) mod strings;
pub(crate) mod temporal;
pub(crate) mod text_match;

use std::cmp::Ordering;

use crate::interpreter::failure::Outcome;
use crate::interpreter::static_type::Static;
use crate::interpreter::value::Value;
use crate::interpreter::{Arguments, Context, Operator};
use temporal::RelativeDelta;

/// What a path of a module names.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    /// `datetime`, `dateutil.relativedelta`: something that has parts.
    Module,
    /// `math.floor`, and types, which can be called: `datetime.date`.
    Function,
    /// `math.pi`, `string.ascii_letters`
    Constant(Value),
    /// A function of the host's library under another name: `uuid.uuid4` is `fake.uuid4`.
    Library(&'static str),
}

/// What `path` names. Names that need no import (`datetime`, `date`, `timedelta`, `math` …) are paths themselves.
pub(crate) fn find(path: &str) -> Option<Item> {
    let _ = path;
    None
}

/// All paths, for suggestions.
pub(crate) fn names() -> Vec<&'static str> {
    Vec::new()
}

/// Calls the function or type at `path`.
pub(crate) fn call(path: &str, arguments: Arguments<'_>, context: &Context) -> Option<Outcome<Value>> {
    let _ = (path, arguments, context);
    None
}

/// `value.name`
pub(crate) fn attribute(value: &Value, name: &str) -> Option<Outcome<Value>> {
    let _ = (value, name);
    None
}

/// `value.name(..)`
pub(crate) fn method(value: &Value, name: &str, arguments: Arguments<'_>) -> Option<Outcome<Value>> {
    let _ = (value, name, arguments);
    None
}

/// `left operator right`
pub(crate) fn binary(operator: Operator, left: &Value, right: &Value) -> Option<Outcome<Value>> {
    let _ = (operator, left, right);
    None
}

/// `-value` and `+value`, `abs(value)` (`"-"`, `"+"`, `"abs"`)
pub(crate) fn unary(operator: &str, value: &Value) -> Option<Outcome<Value>> {
    let _ = (operator, value);
    None
}

/// `left == right`
pub(crate) fn equal(left: &Value, right: &Value) -> Option<bool> {
    let _ = (left, right);
    None
}

/// The order of two values.
pub(crate) fn compare(left: &Value, right: &Value) -> Option<Outcome<Ordering>> {
    let _ = (left, right);
    None
}

/// `format(value, spec)`; the specification is not empty.
pub(crate) fn format(value: &Value, spec: &str) -> Option<Outcome<String>> {
    let _ = (value, spec);
    None
}

/// `str(value)`
pub(crate) fn display(value: &Value) -> Option<String> {
    let _ = value;
    None
}

/// `repr(value)`
pub(crate) fn repr(value: &Value) -> Option<String> {
    let _ = value;
    None
}

/// `isinstance(value, type)` for a type of a module.
pub(crate) fn is_instance(value: &Value, path: &str) -> Option<bool> {
    let _ = (value, path);
    None
}

/// `bool(delta)`
pub(crate) fn is_true(delta: &RelativeDelta) -> bool {
    *delta != RelativeDelta::default()
}

/// The type of what [`call`] gives.
pub(crate) fn call_type(path: &str, arguments: &[Static]) -> Option<Static> {
    let _ = (path, arguments);
    None
}

/// The type of what [`attribute`] gives.
pub(crate) fn attribute_type(value: &Static, name: &str) -> Option<Static> {
    let _ = (value, name);
    None
}

/// The type of what [`method`] gives.
pub(crate) fn method_type(value: &Static, name: &str, arguments: &[Static]) -> Option<Static> {
    let _ = (value, name, arguments);
    None
}

/// The type of what [`binary`] gives.
pub(crate) fn binary_type(operator: Operator, left: &Static, right: &Static) -> Option<Static> {
    let _ = (operator, left, right);
    None
}
