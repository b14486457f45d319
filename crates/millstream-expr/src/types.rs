//! The types of the language, in Arrow's words and in Python's.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};

/// The type of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    /// Only `None`.
    Null,
    Bool,
    Int,
    Float,
    Str,
    Date,
    /// Microseconds, with the name of the zone if the datetime is aware of one.
    Datetime(Option<Arc<str>>),
    /// Microseconds.
    Timedelta,
    /// Microseconds since midnight.
    Time,
    /// As Arrow holds it: a narrower number that is widened before it is used, or a type without operators.
    Raw(DataType),
}

impl Type {
    pub(crate) fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool,
            DataType::Int64 => Self::Int,
            DataType::Float64 => Self::Float,
            DataType::Utf8 => Self::Str,
            DataType::Date32 => Self::Date,
            DataType::Timestamp(TimeUnit::Microsecond, zone) => Self::Datetime(zone.clone()),
            DataType::Duration(TimeUnit::Microsecond) => Self::Timedelta,
            DataType::Time64(TimeUnit::Microsecond) => Self::Time,
            other => Self::Raw(other.clone()),
        }
    }

    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Self::Null => DataType::Null,
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Str => DataType::Utf8,
            Self::Date => DataType::Date32,
            Self::Datetime(zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
            Self::Timedelta => DataType::Duration(TimeUnit::Microsecond),
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Raw(data_type) => data_type.clone(),
        }
    }

    /// Its name in Python.
    pub(crate) fn word(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Null => "None",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Str => "str",
            Self::Date => "date",
            Self::Datetime(_) => "datetime",
            Self::Timedelta => "timedelta",
            Self::Time => "time",
            Self::Raw(data_type) => return raw_word(data_type),
        })
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Bool | Self::Int | Self::Float)
    }

    pub(crate) fn is_temporal(&self) -> bool {
        matches!(self, Self::Date | Self::Datetime(_))
    }

    /// The one type that values of both can have, if there is one: an int becomes a float, `None` becomes anything.
    pub(crate) fn unify(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (a, b) if a == b => Some(a.clone()),
            (Self::Null, other) | (other, Self::Null) => Some(other.clone()),
            (Self::Int, Self::Float) | (Self::Float, Self::Int) => Some(Self::Float),
            _ => None,
        }
    }

    /// The type of the items, if this is a list.
    pub(crate) fn item(&self) -> Option<Self> {
        match self {
            Self::Raw(
                DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _),
            ) => Some(Self::of(field.data_type())),
            _ => None,
        }
    }
}

/// What Python calls the values of a column: `datetime`, `int`, `decimal(10, 2)`.
pub fn type_word(data_type: &DataType) -> String {
    Type::of(data_type).word().into_owned()
}

fn raw_word(data_type: &DataType) -> Cow<'static, str> {
    Cow::Borrowed(match data_type {
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64 => "int",
        DataType::Float16 | DataType::Float32 => "float",
        DataType::LargeUtf8 | DataType::Utf8View => "str",
        DataType::Date64 => "date",
        DataType::Timestamp(_, _) => "datetime",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        DataType::Duration(_) | DataType::Interval(_) => "timedelta",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "bytes"
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _) => "list",
        DataType::Struct(_) | DataType::Map(_, _) => "dict",
        DataType::Dictionary(_, value) => return Type::of(value).word(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => {
            return Cow::Owned(format!("decimal({precision}, {scale})"));
        }
        other => return Cow::Owned(other.to_string()),
    })
}
