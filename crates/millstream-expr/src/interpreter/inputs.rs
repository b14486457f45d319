//! What a program reads from its frame: columns, and parts that are evaluated for all rows when a row first asks.

use std::borrow::Cow;
use std::rc::Rc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, DurationMicrosecondArray, Float64Array,
    Int64Array, ListArray, MapArray, StringArray, StructArray, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, DurationMicrosecondType, Field, Float64Type, Int64Type, Time64MicrosecondType,
    TimeUnit, TimestampMicrosecondType,
};
use hashbrown::HashMap;

use super::dict::Dict;
use super::failure::{Failure, FailureKind, Outcome};
use super::ir::{Input, Program};
use super::value::Value;
use crate::modules::temporal::{Date, DateTime, Time, TimeDelta, TimeZone};
use crate::{EvaluateError, Frame, RowErrors};

/// The inputs of a program for the rows of a frame.
pub(crate) struct Inputs<'a> {
    program: &'a Program,
    frame: &'a Frame<'a>,
    ready: Vec<Option<Ready>>,
    fatal: Option<EvaluateError>,
}

struct Ready {
    reader: Reader,
    errors: HashMap<usize, Cow<'static, str>>,
}

impl<'a> Inputs<'a> {
    pub(crate) fn new(program: &'a Program, frame: &'a Frame<'a>) -> Self {
        let ready = program.inputs.iter().map(|_| None).collect();
        Self { program, frame, ready, fatal: None }
    }

    pub(crate) fn take_fatal(&mut self) -> Option<EvaluateError> {
        self.fatal.take()
    }

    #[inline]
    pub(crate) fn value(&mut self, index: usize, row: usize) -> Outcome<Value> {
        if self.ready[index].is_none() {
            match self.prepare(index) {
                Ok(ready) => self.ready[index] = Some(ready),
                Err(error) => {
                    self.fatal = Some(error);
                    return Err(Failure::new(FailureKind::Budget, "the evaluation ended"));
                }
            }
        }
        let Some(ready) = &self.ready[index] else { return Ok(Value::None) };
        if let Some(message) = ready.errors.get(&row) {
            return Err(Failure::new(FailureKind::Other, message.clone()));
        }
        Ok(ready.reader.value(row))
    }

    #[cold]
    fn prepare(&self, index: usize) -> Result<Ready, EvaluateError> {
        let rows = self.frame.rows.len();
        match &self.program.inputs[index] {
            Input::Column { position, data_type, .. } => {
                let array = self.frame.columns.get(*position).ok_or_else(|| {
                    EvaluateError::Host(format!(
                        "the expression reads column {position}, but the frame has {}",
                        self.frame.columns.len()
                    ))
                })?;
                if array.len() != rows || array.data_type() != data_type {
                    return Err(EvaluateError::Host(format!(
                        "the expression was compiled for {rows} values of type {data_type} in column {position}, but there are {} of type {}",
                        array.len(),
                        array.data_type(),
                    )));
                }
                Ok(Ready { reader: Reader::new(array)?, errors: HashMap::new() })
            }
            Input::Hoisted { node, .. } => {
                let mut found = RowErrors::default();
                let array = node.evaluate(self.frame, None, &mut found)?.into_array(rows);
                let mut errors: HashMap<usize, Cow<'static, str>> = HashMap::new();
                for (row, message) in found.iter() {
                    errors.entry(row).or_insert_with(|| Cow::Owned(message.to_owned()));
                }
                Ok(Ready { reader: Reader::new(&array)?, errors })
            }
        }
    }
}

/// Reads the values of an array.
#[derive(Debug)]
pub(crate) enum Reader {
    Null,
    Bool(BooleanArray),
    Int(Int64Array),
    Float(Float64Array),
    Str(StringArray),
    Bytes(BinaryArray),
    Date(Date32Array),
    DateTime(TimestampMicrosecondArray, Option<TimeZone>),
    Time(Time64MicrosecondArray),
    TimeDelta(DurationMicrosecondArray),
    List(ListArray, Box<Reader>),
    Struct(StructArray, Vec<(Rc<str>, Reader)>),
    Map(MapArray, Box<Reader>, Box<Reader>),
}

/// The type that values of a type are read as; `None` if they are not.
pub(crate) fn readable(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::Null => DataType::Null,
        DataType::Boolean => DataType::Boolean,
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64 => DataType::Int64,
        DataType::Decimal32(_, 0) | DataType::Decimal64(_, 0) | DataType::Decimal128(0..=18, 0) => {
            DataType::Int64
        }
        DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => DataType::Float64,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            DataType::Binary
        }
        DataType::Date32 | DataType::Date64 => DataType::Date32,
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Duration(_) => DataType::Duration(TimeUnit::Microsecond),
        DataType::Dictionary(_, value) => readable(value)?,
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            DataType::List(Field::new_list_field(readable(field.data_type())?, true).into())
        }
        DataType::Struct(_) | DataType::Map(..) => data_type.clone(),
        _ => return None,
    })
}

impl Reader {
    pub(crate) fn new(array: &ArrayRef) -> Result<Self, EvaluateError> {
        let Some(wanted) = readable(array.data_type()) else {
            return Err(EvaluateError::Host(format!("values of type {} cannot be read", array.data_type())));
        };
        let array = if *array.data_type() == wanted { array.clone() } else { cast(array, &wanted)? };
        Ok(match &wanted {
            DataType::Boolean => Self::Bool(array.as_boolean().clone()),
            DataType::Int64 => Self::Int(array.as_primitive::<Int64Type>().clone()),
            DataType::Float64 => Self::Float(array.as_primitive::<Float64Type>().clone()),
            DataType::Utf8 => Self::Str(array.as_string::<i32>().clone()),
            DataType::Binary => Self::Bytes(array.as_binary::<i32>().clone()),
            DataType::Date32 => Self::Date(array.as_primitive::<Date32Type>().clone()),
            DataType::Timestamp(_, zone) => Self::DateTime(
                array.as_primitive::<TimestampMicrosecondType>().clone(),
                zone.as_deref().map(|zone| TimeZone(zone.into())),
            ),
            DataType::Time64(_) => Self::Time(array.as_primitive::<Time64MicrosecondType>().clone()),
            DataType::Duration(_) => Self::TimeDelta(array.as_primitive::<DurationMicrosecondType>().clone()),
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                Self::List(list.clone(), Box::new(Self::new(list.values())?))
            }
            DataType::Struct(fields) => {
                let rows = array.as_struct();
                let readers = fields
                    .iter()
                    .zip(rows.columns())
                    .map(|(field, column)| Ok((field.name().as_str().into(), Self::new(column)?)))
                    .collect::<Result<_, EvaluateError>>()?;
                Self::Struct(rows.clone(), readers)
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let (keys, values) = (Self::new(map.keys())?, Self::new(map.values())?);
                Self::Map(map.clone(), Box::new(keys), Box::new(values))
            }
            _ => Self::Null,
        })
    }

    #[inline]
    pub(crate) fn value(&self, row: usize) -> Value {
        match self {
            Self::Int(array) if array.is_valid(row) => Value::Int(array.value(row)),
            Self::Str(array) if array.is_valid(row) => Value::text(array.value(row)),
            Self::Float(array) if array.is_valid(row) => Value::Float(array.value(row)),
            Self::Bool(array) if array.is_valid(row) => Value::Bool(array.value(row)),
            Self::Date(array) if array.is_valid(row) => Value::Date(Date(array.value(row))),
            Self::DateTime(array, zone) if array.is_valid(row) => {
                Value::DateTime(DateTime { micros: array.value(row), zone: zone.clone() })
            }
            other => other.rare(row),
        }
    }

    fn rare(&self, row: usize) -> Value {
        match self {
            Self::Bytes(array) if array.is_valid(row) => Value::Bytes(array.value(row).into()),
            Self::Time(array) if array.is_valid(row) => {
                Value::Time(Time { micros: array.value(row), zone: None })
            }
            Self::TimeDelta(array) if array.is_valid(row) => Value::TimeDelta(TimeDelta(array.value(row))),
            Self::List(array, items) if array.is_valid(row) => {
                let offsets = array.value_offsets();
                let range = offsets[row] as usize..offsets[row + 1] as usize;
                Value::list(range.map(|at| items.value(at)).collect())
            }
            Self::Struct(array, fields) if array.is_valid(row) => {
                let mut dict = Dict::default();
                for (name, reader) in fields {
                    // A text is always a key.
                    let _ = dict.insert(Value::Str(name.clone()), reader.value(row));
                }
                Value::dict(dict)
            }
            Self::Map(array, keys, values) if array.is_valid(row) => {
                let offsets = array.value_offsets();
                let mut dict = Dict::default();
                for at in offsets[row] as usize..offsets[row + 1] as usize {
                    let _ = dict.insert(keys.value(at), values.value(at));
                }
                Value::dict(dict)
            }
            _ => Value::None,
        }
    }
}
