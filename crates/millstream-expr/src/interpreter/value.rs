//! The dynamic values of the row fallback.

use std::cell::RefCell;
use std::rc::Rc;

use super::dict::{Dict, Set};
use crate::modules::temporal::{Date, DateTime, Time, TimeDelta};

/// A value of one row. Cloning it is cheap; lists, dicts and sets are shared and can be changed, as in Python.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Rc<str>),
    Bytes(Rc<[u8]>),
    List(Rc<RefCell<Vec<Value>>>),
    Tuple(Rc<[Value]>),
    Dict(Rc<RefCell<Dict>>),
    Set(Rc<RefCell<Set>>),
    Range(Rc<Range>),
    /// What `zip`, `map`, `enumerate`, `iter` and generators give: the values that are left, the next one last.
    Iterator(Rc<RefCell<Vec<Value>>>),
    Date(Date),
    DateTime(DateTime),
    Time(Time),
    TimeDelta(TimeDelta),
    /// A value of a module that no column holds, as a time zone or a relativedelta: the source that makes it.
    Module(Rc<str>),
    Callable(Rc<Callable>),
}

/// `range(start, stop, step)`; `step` is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: i64,
    pub(crate) stop: i64,
    pub(crate) step: i64,
}

impl Range {
    pub(crate) fn len(&self) -> u64 {
        let (start, stop) = (i128::from(self.start), i128::from(self.stop));
        let (distance, step) = if self.step > 0 {
            (stop - start, i128::from(self.step))
        } else {
            (start - stop, -i128::from(self.step))
        };
        if distance <= 0 { 0 } else { ((distance - 1) / step + 1) as u64 }
    }

    /// The item at an index below its length.
    pub(crate) fn item(&self, index: u64) -> i64 {
        (i128::from(self.start) + i128::from(index) * i128::from(self.step)) as i64
    }
}

/// What can be called, or named as a type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Callable {
    /// `len`, `str`
    Builtin(&'static str),
    /// A lambda or a `def`, by its index in the program.
    Function(usize),
    /// `text.upper` of a value.
    Method(MethodOf),
    /// `str.upper`: a method of a type, whose first argument is the value.
    Unbound(&'static str, Rc<str>),
    /// A function or type of a module, by its path: `math.floor`, `datetime.date`.
    Module(Rc<str>),
}

/// A method and its receiver.
#[derive(Debug, Clone)]
pub(crate) struct MethodOf {
    pub(crate) receiver: Value,
    pub(crate) name: Rc<str>,
}

impl PartialEq for MethodOf {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Value {
    pub(crate) fn text(text: &str) -> Self {
        Self::Str(text.into())
    }

    pub(crate) fn list(items: Vec<Self>) -> Self {
        Self::List(Rc::new(RefCell::new(items)))
    }

    pub(crate) fn tuple(items: Vec<Self>) -> Self {
        Self::Tuple(items.into())
    }

    pub(crate) fn dict(items: Dict) -> Self {
        Self::Dict(Rc::new(RefCell::new(items)))
    }

    pub(crate) fn set(items: Set) -> Self {
        Self::Set(Rc::new(RefCell::new(items)))
    }

    /// The values in the order in which they are to be taken.
    pub(crate) fn iterator(mut items: Vec<Self>) -> Self {
        items.reverse();
        Self::Iterator(Rc::new(RefCell::new(items)))
    }

    /// The name of its type in Python.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Dict(_) => "dict",
            Self::Set(_) => "set",
            Self::Range(_) => "range",
            Self::Iterator(_) => "iterator",
            Self::Date(_) => "datetime.date",
            Self::DateTime(_) => "datetime.datetime",
            Self::Time(_) => "datetime.time",
            Self::TimeDelta(_) => "datetime.timedelta",
            Self::Module(_) => "object",
            Self::Callable(callable) => match &**callable {
                Callable::Builtin("int" | "float" | "str" | "bool" | "list" | "dict" | "set" | "tuple") => {
                    "type"
                }
                _ => "function",
            },
        }
    }

    /// The int that it is: a bool is one.
    pub(crate) fn as_int(&self) -> Option<i64> {
        match self {
            Self::Bool(value) => Some(i64::from(*value)),
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The number that it is, as a float.
    pub(crate) fn as_float(&self) -> Option<f64> {
        match self {
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&Rc<str>> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// `bool(value)`
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::Bytes(bytes) => !bytes.is_empty(),
            Self::List(items) => !items.borrow().is_empty(),
            Self::Tuple(items) => !items.is_empty(),
            Self::Dict(items) => !items.borrow().is_empty(),
            Self::Set(items) => !items.borrow().is_empty(),
            Self::Range(range) => range.len() != 0,
            Self::TimeDelta(delta) => delta.0 != 0,
            Self::Module(source) => crate::modules::is_true(source),
            Self::Iterator(_) | Self::Date(_) | Self::DateTime(_) | Self::Time(_) | Self::Callable(_) => true,
        }
    }
}
