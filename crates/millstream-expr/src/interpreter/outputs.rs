//! From values to Arrow: one column of one type.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, DurationMicrosecondBuilder, Float64Builder,
    Int64Builder, ListArray, MapArray, NullArray, StringBuilder, StructArray, Time64MicrosecondBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Fields, TimeUnit};

use super::display::display;
use super::failure::{Failure, Outcome};
use super::value::Value;
use crate::EvaluateError;
use crate::kernels::convert::whole;
use crate::modules::temporal::DateTime;

/// Takes values one by one and gives an array of a type.
#[derive(Debug)]
pub(crate) enum Writer {
    Null(usize),
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Str(StringBuilder),
    Bytes(BinaryBuilder),
    Date(Date32Builder),
    DateTime(TimestampMicrosecondBuilder, Option<Arc<str>>),
    Time(Time64MicrosecondBuilder),
    TimeDelta(DurationMicrosecondBuilder),
    List {
        item: FieldRef,
        offsets: Vec<i32>,
        valid: Vec<bool>,
        items: Box<Writer>,
    },
    Struct {
        fields: Fields,
        valid: Vec<bool>,
        columns: Vec<Writer>,
    },
    Map {
        entries: FieldRef,
        sorted: bool,
        offsets: Vec<i32>,
        valid: Vec<bool>,
        keys: Box<Writer>,
        values: Box<Writer>,
    },
    /// Another type, made from one of the above.
    Cast(Box<Writer>, DataType),
}

impl Writer {
    /// A writer for a type; `None` if values cannot become it.
    pub(crate) fn new(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Null => Self::Null(0),
            DataType::Boolean => Self::Bool(BooleanBuilder::new()),
            DataType::Int64 => Self::Int(Int64Builder::new()),
            DataType::Float64 => Self::Float(Float64Builder::new()),
            DataType::Utf8 => Self::Str(StringBuilder::new()),
            DataType::Binary => Self::Bytes(BinaryBuilder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Timestamp(TimeUnit::Microsecond, zone) => Self::DateTime(
                TimestampMicrosecondBuilder::new().with_timezone_opt(zone.clone()),
                zone.clone(),
            ),
            DataType::Time64(TimeUnit::Microsecond) => Self::Time(Time64MicrosecondBuilder::new()),
            DataType::Duration(TimeUnit::Microsecond) => Self::TimeDelta(DurationMicrosecondBuilder::new()),
            DataType::List(item) => Self::List {
                item: item.clone(),
                offsets: vec![0],
                valid: Vec::new(),
                items: Box::new(Self::new(item.data_type())?),
            },
            DataType::Struct(fields) => Self::Struct {
                fields: fields.clone(),
                valid: Vec::new(),
                columns: fields.iter().map(|field| Self::new(field.data_type())).collect::<Option<_>>()?,
            },
            DataType::Map(entries, sorted) => {
                let DataType::Struct(fields) = entries.data_type() else { return None };
                let [key, value] = &**fields else { return None };
                Self::Map {
                    entries: entries.clone(),
                    sorted: *sorted,
                    offsets: vec![0],
                    valid: Vec::new(),
                    keys: Box::new(Self::new(key.data_type())?),
                    values: Box::new(Self::new(value.data_type())?),
                }
            }
            other => {
                let through = super::inputs::readable(other)?;
                if through == *other || matches!(through, DataType::List(_)) {
                    return None;
                }
                Self::Cast(Box::new(Self::new(&through)?), other.clone())
            }
        })
    }

    pub(crate) fn null(&mut self) {
        match self {
            Self::Null(count) => *count += 1,
            Self::Bool(builder) => builder.append_null(),
            Self::Int(builder) => builder.append_null(),
            Self::Float(builder) => builder.append_null(),
            Self::Str(builder) => builder.append_null(),
            Self::Bytes(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::DateTime(builder, _) => builder.append_null(),
            Self::Time(builder) => builder.append_null(),
            Self::TimeDelta(builder) => builder.append_null(),
            Self::List { offsets, valid, .. } | Self::Map { offsets, valid, .. } => {
                offsets.push(offsets.last().copied().unwrap_or(0));
                valid.push(false);
            }
            Self::Struct { valid, columns, .. } => {
                columns.iter_mut().for_each(Self::null);
                valid.push(false);
            }
            Self::Cast(inner, _) => inner.null(),
        }
    }

    /// Adds a value. One that does not fit fails, and must be followed by [`Self::null`] only if the writer is not
    /// nested: use [`Self::check`] first.
    fn push(&mut self, value: &Value) -> Outcome<()> {
        match (&mut *self, value) {
            (_, Value::None) => self.null(),
            (Self::Null(count), _) => *count += 1,
            (Self::Bool(builder), Value::Bool(value)) => builder.append_value(*value),
            (Self::Int(builder), value) => builder.append_option(as_int(value)),
            (Self::Float(builder), value) => builder.append_option(value.as_float()),
            (Self::Str(builder), Value::Str(text)) => builder.append_value(text),
            (Self::Str(builder), value) => {
                let mut text = String::new();
                display(value, &mut text)?;
                builder.append_value(text);
            }
            (Self::Bytes(builder), Value::Bytes(bytes)) => builder.append_value(bytes),
            (Self::Date(builder), value) => builder.append_option(as_date(value)),
            (Self::DateTime(builder, zone), value) => {
                builder.append_option(as_datetime(value, zone.is_some()));
            }
            (Self::Time(builder), Value::Time(time)) => builder.append_value(time.micros),
            (Self::TimeDelta(builder), Value::TimeDelta(delta)) => builder.append_value(delta.0),
            (Self::List { offsets, valid, items, .. }, value) => {
                let list = sequence(value).unwrap_or_default();
                for item in &list {
                    items.push(item)?;
                }
                let end = offsets.last().copied().unwrap_or(0).saturating_add(list.len() as i32);
                offsets.push(end);
                valid.push(true);
            }
            (Self::Struct { fields, valid, columns }, Value::Dict(items)) => {
                let items = items.borrow();
                for (field, column) in fields.iter().zip(columns) {
                    let value = items.get(&Value::text(field.name()))?;
                    column.push(value.unwrap_or(&Value::None))?;
                }
                valid.push(true);
            }
            (Self::Map { offsets, valid, keys, values, .. }, Value::Dict(items)) => {
                let items = items.borrow();
                for (key, value) in items.iter() {
                    // A map has no key that is None.
                    keys.push(&if matches!(key, Value::None) { Value::text("None") } else { key.clone() })?;
                    values.push(value)?;
                }
                let end = offsets.last().copied().unwrap_or(0).saturating_add(items.len() as i32);
                offsets.push(end);
                valid.push(true);
            }
            (Self::Cast(inner, _), value) => inner.push(value)?,
            (_, _) => self.null(),
        }
        Ok(())
    }

    /// Adds a value, or a null if it does not fit, which is a failure of the row.
    pub(crate) fn add(&mut self, value: &Value) -> Outcome<()> {
        match self.check(value) {
            Ok(()) => self.push(value),
            Err(failure) => {
                self.null();
                Err(failure)
            }
        }
    }

    /// Whether a value fits.
    fn check(&self, value: &Value) -> Outcome<()> {
        let wrong = |word: &str| {
            Err(Failure::type_(format!(
                "the value is of type {}, but the column is one of {word}",
                value.type_name()
            )))
        };
        let fits = |fits: bool, word: &str| if fits { Ok(()) } else { wrong(word) };
        if matches!(value, Value::None) {
            return Ok(());
        }
        match self {
            Self::Null(_) => wrong("None only"),
            Self::Bool(_) => fits(matches!(value, Value::Bool(_)), "bools"),
            Self::Int(_) => fits(as_int(value).is_some(), "ints"),
            Self::Float(_) => fits(value.as_float().is_some(), "floats"),
            Self::Str(_) => match value {
                Value::Str(_) => Ok(()),
                other => display(other, &mut String::new()),
            },
            Self::Bytes(_) => fits(matches!(value, Value::Bytes(_)), "bytes"),
            Self::Date(_) => fits(as_date(value).is_some(), "dates"),
            Self::DateTime(_, zone) => fits(as_datetime(value, zone.is_some()).is_some(), "datetimes"),
            Self::Time(_) => fits(matches!(value, Value::Time(_)), "times"),
            Self::TimeDelta(_) => fits(matches!(value, Value::TimeDelta(_)), "durations"),
            Self::List { items, .. } => match sequence(value) {
                Some(list) => list.iter().try_for_each(|item| items.check(item)),
                None => wrong("lists"),
            },
            Self::Struct { fields, columns, .. } => {
                let Value::Dict(items) = value else { return wrong("dicts") };
                let items = items.borrow();
                for (field, column) in fields.iter().zip(columns) {
                    if let Some(item) = items.get(&Value::text(field.name()))? {
                        column.check(item)?;
                    }
                }
                let known = |key: &Value| matches!(key, Value::Str(key) if fields.iter().any(|field| field.name() == &**key));
                match items.iter().find(|(key, _)| !known(key)) {
                    Some((key, _)) => {
                        let mut shown = String::new();
                        display(key, &mut shown)?;
                        Err(Failure::type_(format!("the column's dicts have no key `{shown}`")))
                    }
                    None => Ok(()),
                }
            }
            Self::Map { keys, values, .. } => {
                let Value::Dict(items) = value else { return wrong("dicts") };
                for (key, value) in items.borrow().iter() {
                    keys.check(key)?;
                    values.check(value)?;
                }
                Ok(())
            }
            Self::Cast(inner, _) => inner.check(value),
        }
    }

    pub(crate) fn finish(self) -> Result<ArrayRef, EvaluateError> {
        let nulls = |valid: Vec<bool>| Some(NullBuffer::from(valid)).filter(|nulls| nulls.null_count() > 0);
        Ok(match self {
            Self::Null(count) => Arc::new(NullArray::new(count)),
            Self::Bool(mut builder) => Arc::new(builder.finish()),
            Self::Int(mut builder) => Arc::new(builder.finish()),
            Self::Float(mut builder) => Arc::new(builder.finish()),
            Self::Str(mut builder) => Arc::new(builder.finish()),
            Self::Bytes(mut builder) => Arc::new(builder.finish()),
            Self::Date(mut builder) => Arc::new(builder.finish()),
            Self::DateTime(mut builder, _) => Arc::new(builder.finish()),
            Self::Time(mut builder) => Arc::new(builder.finish()),
            Self::TimeDelta(mut builder) => Arc::new(builder.finish()),
            Self::List { item, offsets, valid, items } => {
                let offsets = OffsetBuffer::new(offsets.into());
                Arc::new(ListArray::try_new(item, offsets, items.finish()?, nulls(valid))?)
            }
            Self::Struct { fields, valid, columns } => {
                let length = valid.len();
                let columns = columns.into_iter().map(Self::finish).collect::<Result<Vec<_>, _>>()?;
                Arc::new(StructArray::try_new_with_length(fields, columns, nulls(valid), length)?)
            }
            Self::Map { entries, sorted, offsets, valid, keys, values } => {
                let DataType::Struct(fields) = entries.data_type() else {
                    return Err(EvaluateError::Host("a map without entries".to_owned()));
                };
                let pairs =
                    StructArray::try_new(fields.clone(), vec![keys.finish()?, values.finish()?], None)?;
                let offsets = OffsetBuffer::new(offsets.into());
                Arc::new(MapArray::try_new(entries, offsets, pairs, nulls(valid), sorted)?)
            }
            Self::Cast(inner, data_type) => cast(&inner.finish()?, &data_type)?,
        })
    }
}

/// An int, or a float without a fraction.
fn as_int(value: &Value) -> Option<i64> {
    match value {
        Value::Float(value) => whole(*value).filter(|int| *int as f64 == *value),
        other => other.as_int(),
    }
}

const DAY: i64 = 86_400_000_000;

fn as_date(value: &Value) -> Option<i32> {
    match value {
        Value::Date(date) => Some(date.0),
        Value::DateTime(DateTime { micros, zone: None }) => i32::try_from(micros.div_euclid(DAY)).ok(),
        _ => None,
    }
}

fn as_datetime(value: &Value, aware: bool) -> Option<i64> {
    match value {
        Value::DateTime(moment) => (moment.zone.is_some() == aware || !aware).then_some(moment.micros),
        Value::Date(date) => i64::from(date.0).checked_mul(DAY),
        _ => None,
    }
}

fn sequence(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(items) => Some(items.borrow().clone()),
        Value::Tuple(items) => Some(items.to_vec()),
        Value::Set(items) => Some(items.borrow().iter().cloned().collect()),
        Value::Range(range) => Some((0..range.len()).map(|index| Value::Int(range.item(index))).collect()),
        Value::Iterator(items) => Some(items.borrow().iter().rev().cloned().collect()),
        _ => None,
    }
}
