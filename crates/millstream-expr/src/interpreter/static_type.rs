//! What is known of a value's type before any row is evaluated.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};

/// A type of the row fallback.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Static {
    /// No value: of code that is never reached, or the items of an empty list.
    Never,
    None,
    Bool,
    Int,
    Float,
    Str,
    Bytes,
    Date,
    /// Aware datetimes have the zone that their column gets (`UTC` where it is not known).
    DateTime(Option<Arc<str>>),
    Time,
    TimeDelta,
    /// A value of a module that no column holds: the source of a sample.
    Module(Arc<str>),
    List(Box<Static>),
    /// The items of a tuple whose length is known.
    Tuple(Vec<Static>),
    Set(Box<Static>),
    /// A dict whose keys are known: each with its value, in order.
    Record(Vec<(Arc<str>, Static)>),
    Dict(Box<Static>, Box<Static>),
    /// What can be called.
    Callable,
    /// A value of a column or a library function that the language only passes on.
    Raw(DataType),
    /// A value or None.
    Optional(Box<Static>),
    Any,
}

impl Static {
    pub(crate) fn list(item: Self) -> Self {
        Self::List(Box::new(item))
    }

    /// This type or None.
    pub(crate) fn optional(self) -> Self {
        match self {
            Self::None | Self::Any | Self::Optional(_) => self,
            Self::Never => Self::None,
            other => Self::Optional(Box::new(other)),
        }
    }

    /// Without None.
    pub(crate) fn present(self) -> Self {
        match self {
            Self::Optional(inner) => *inner,
            Self::None => Self::Never,
            other => other,
        }
    }

    /// The type of a value that is of one of two.
    pub(crate) fn join(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Module(a), Self::Module(_)) => Self::Module(a),
            (Self::Never, other) | (other, Self::Never) => other,
            (Self::None, other) | (other, Self::None) => other.optional(),
            (Self::Optional(a), Self::Optional(b)) => a.join(*b).optional(),
            (Self::Optional(a), b) | (b, Self::Optional(a)) => a.join(b).optional(),
            (Self::Int, Self::Float) | (Self::Float, Self::Int) => Self::Float,
            (Self::List(a), Self::List(b)) => Self::list(a.join(*b)),
            (Self::Set(a), Self::Set(b)) => Self::Set(Box::new(a.join(*b))),
            (Self::Tuple(a), Self::Tuple(b)) if a.len() == b.len() => {
                Self::Tuple(a.into_iter().zip(b).map(|(a, b)| a.join(b)).collect())
            }
            (Self::Tuple(items), Self::List(item)) | (Self::List(item), Self::Tuple(items)) => {
                Self::list(items.into_iter().fold(*item, Self::join))
            }
            (Self::Tuple(a), Self::Tuple(b)) => {
                Self::list(a.into_iter().chain(b).fold(Self::Never, Self::join))
            }
            (Self::Record(a), Self::Record(b)) => join_records(a, b),
            (Self::Dict(key, value), Self::Record(fields))
            | (Self::Record(fields), Self::Dict(key, value)) => {
                let key = key.join(if fields.is_empty() { Self::Never } else { Self::Str });
                Self::Dict(
                    Box::new(key),
                    Box::new(fields.into_iter().fold(*value, |value, (_, field)| value.join(field))),
                )
            }
            (Self::Dict(a, b), Self::Dict(c, d)) => Self::Dict(Box::new(a.join(*c)), Box::new(b.join(*d))),
            (Self::DateTime(Some(_)), Self::DateTime(Some(_))) => Self::DateTime(Some("UTC".into())),
            _ => Self::Any,
        }
    }

    /// Whether it is of the language itself, and known: not of a module, and not of several types.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(
            self,
            Self::Bool
                | Self::Int
                | Self::Float
                | Self::Str
                | Self::Bytes
                | Self::List(_)
                | Self::Tuple(_)
                | Self::Set(_)
                | Self::Record(_)
                | Self::Dict(..)
                | Self::Callable
        )
    }

    /// Its name in Python.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Never | Self::None => "None",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Str => "str",
            Self::Bytes => "bytes",
            Self::Date => "date",
            Self::DateTime(_) => "datetime",
            Self::Time => "time",
            Self::TimeDelta => "timedelta",
            Self::Module(_) => "object",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Set(_) => "set",
            Self::Record(_) | Self::Dict(..) => "dict",
            Self::Callable => "function",
            Self::Raw(_) | Self::Any => "value",
            Self::Optional(inner) => inner.word(),
        }
    }

    /// Whether it may be None.
    pub(crate) fn may_be_none(&self) -> bool {
        matches!(self, Self::None | Self::Optional(_) | Self::Any)
    }

    /// The type of the items when it is gone through.
    pub(crate) fn element(self) -> Self {
        match self {
            Self::Never => Self::Never,
            Self::List(item) | Self::Set(item) => *item,
            Self::Tuple(items) => items.into_iter().fold(Self::Never, Self::join),
            Self::Record(fields) => {
                if fields.is_empty() {
                    Self::Never
                } else {
                    Self::Str
                }
            }
            Self::Dict(key, _) => *key,
            Self::Str => Self::Str,
            Self::Bytes => Self::Int,
            Self::Optional(inner) => inner.element(),
            _ => Self::Any,
        }
    }

    /// The type of `value[key]`, for a key that is written as a text or any other.
    pub(crate) fn item_type(self, key: Option<Arc<str>>) -> Self {
        match (self, key) {
            (Self::Record(fields), Some(key)) => {
                fields.into_iter().find(|(name, _)| *name == key).map_or(Self::Never, |(_, field)| field)
            }
            (Self::Record(fields), None) => {
                fields.into_iter().fold(Self::Never, |joined, (_, field)| joined.join(field))
            }
            (Self::Dict(_, value), _) => *value,
            (Self::Optional(inner), key) => inner.item_type(key).optional(),
            (Self::Str, _) => Self::Str,
            (list @ (Self::List(_) | Self::Tuple(_) | Self::Bytes | Self::Never), _) => list.element(),
            _ => Self::Any,
        }
    }

    /// A dict after `update` with another.
    pub(crate) fn join_fields(self, other: Self) -> Self {
        match (self, other) {
            (Self::Record(mut fields), Self::Record(added)) => {
                for (name, field) in added {
                    match fields.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, known)) => *known = field,
                        None => fields.push((name, field)),
                    }
                }
                Self::Record(fields)
            }
            (Self::Record(fields), other) if fields.is_empty() => other,
            (left, right) => left.join(right),
        }
    }

    /// The type without what is nested deeper than any column: a loop could nest it for ever.
    pub(crate) fn limited(self, depth: usize) -> Self {
        const DEEPEST: usize = 6;
        let inner = |type_: Box<Self>| Box::new(type_.limited(depth + 1));
        match self {
            Self::List(_) | Self::Set(_) | Self::Tuple(_) | Self::Dict(..) | Self::Record(_)
                if depth >= DEEPEST =>
            {
                Self::Any
            }
            Self::List(item) => Self::List(inner(item)),
            Self::Set(item) => Self::Set(inner(item)),
            Self::Tuple(items) => {
                // A tuple that grows in a loop is a list.
                if items.len() > 64 {
                    return Self::list(items.into_iter().fold(Self::Never, Self::join)).limited(depth);
                }
                Self::Tuple(items.into_iter().map(|item| item.limited(depth + 1)).collect())
            }
            Self::Dict(key, value) => Self::Dict(inner(key), inner(value)),
            Self::Record(fields) => Self::Record(
                fields.into_iter().map(|(name, field)| (name, field.limited(depth + 1))).collect(),
            ),
            Self::Optional(item) => item.limited(depth).optional(),
            other => other,
        }
    }

    /// The type of a column of such values: text where they are of several types, as `str()` shows them.
    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Self::Never | Self::None => DataType::Null,
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Bytes => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::DateTime(zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::TimeDelta => DataType::Duration(TimeUnit::Microsecond),
            Self::List(item) | Self::Set(item) => {
                DataType::List(Field::new_list_field(item.nested_type(), true).into())
            }
            Self::Tuple(items) => Self::list(items.iter().cloned().fold(Self::Never, Self::join)).data_type(),
            Self::Record(fields) if !fields.is_empty() => DataType::Struct(
                fields.iter().map(|(name, field)| Field::new(&**name, field.nested_type(), true)).collect(),
            ),
            Self::Record(_) => map_type(DataType::Utf8),
            Self::Dict(_, value) => map_type(value.nested_type()),
            Self::Raw(data_type) => data_type.clone(),
            Self::Optional(inner) => inner.data_type(),
            Self::Str | Self::Module(_) | Self::Callable | Self::Any => DataType::Utf8,
        }
    }

    /// Inside of a list or a dict, where a column of nothing but None would have no type that formats know.
    fn nested_type(&self) -> DataType {
        match self.data_type() {
            DataType::Null => DataType::Utf8,
            other => other,
        }
    }
}

fn map_type(value: DataType) -> DataType {
    let entries = Field::new(
        "entries",
        DataType::Struct(
            vec![Field::new("keys", DataType::Utf8, false), Field::new("values", value, true)].into(),
        ),
        false,
    );
    DataType::Map(entries.into(), false)
}

/// A dict with the keys of both; one that only one of them has may be missing.
fn join_records(mut left: Vec<(Arc<str>, Static)>, right: Vec<(Arc<str>, Static)>) -> Static {
    for (key, value) in &mut left {
        if !right.iter().any(|(other, _)| other == key) {
            *value = std::mem::replace(value, Static::Never).optional();
        }
    }
    for (key, value) in right {
        match left.iter_mut().find(|(other, _)| *other == key) {
            Some((_, known)) => *known = std::mem::replace(known, Static::Never).join(value),
            None => left.push((key, value.optional())),
        }
    }
    Static::Record(left)
}
