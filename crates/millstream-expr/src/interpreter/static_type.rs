//! What is known of a value's type before any row is evaluated.

use std::sync::Arc;

use arrow::datatypes::DataType;

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
    TimeZone,
    RelativeDelta,
    Uuid,
    Match,
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
