//! Constant lists as arrays.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, NullArray, StringArray,
    StringBuilder, new_empty_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field};
use millstream_expr::Constant;

use super::arguments::describe;

/// The type that holds an item; `None` for a `None`.
fn type_of(item: &Constant) -> Result<Option<DataType>, String> {
    Ok(Some(match item {
        Constant::None => return Ok(None),
        Constant::Bool(_) => DataType::Boolean,
        Constant::Int(_) => DataType::Int64,
        Constant::Float(_) => DataType::Float64,
        Constant::Str(_) => DataType::Utf8,
        Constant::Dict(_) => return Err("a dict cannot be an item of a list".to_owned()),
        Constant::List(items) => DataType::List(Arc::new(Field::new_list_field(
            common_type(items)?.unwrap_or(DataType::Null),
            true,
        ))),
    }))
}

fn unify(left: DataType, right: DataType) -> Option<DataType> {
    use DataType::{Float64, Int64, List, Null};
    match (left, right) {
        (a, b) if a == b => Some(a),
        (Int64, Float64) | (Float64, Int64) => Some(Float64),
        (Null, other) | (other, Null) => Some(other),
        (List(a), List(b)) => {
            let item = unify(a.data_type().clone(), b.data_type().clone())?;
            Some(List(Arc::new(Field::new_list_field(item, true))))
        }
        _ => None,
    }
}

/// The one type that holds all items; `None` if there is nothing but `None`.
fn common_type(items: &[Constant]) -> Result<Option<DataType>, String> {
    let mut common: Option<DataType> = None;
    for item in items {
        common = match (common, type_of(item)?) {
            (known, None) => known,
            (None, new) => new,
            (Some(a), Some(b)) => Some(unify(a, b).ok_or_else(|| {
                let shown: Vec<String> = items.iter().take(5).map(describe).collect();
                format!("the items of the list are of different types: {}", shown.join(", "))
            })?),
        };
    }
    Ok(common)
}

/// A constant list as an array; integers among floats become floats.
pub(crate) fn array(items: &[Constant]) -> Result<ArrayRef, String> {
    match common_type(items)? {
        None => Ok(Arc::new(NullArray::new(items.len()))),
        Some(data_type) => array_of(items, &data_type),
    }
}

fn array_of(items: &[Constant], data_type: &DataType) -> Result<ArrayRef, String> {
    let integer = |item: &Constant| if let Constant::Int(value) = item { Some(*value) } else { None };
    let float = |item: &Constant| match item {
        Constant::Int(value) => Some(*value as f64),
        Constant::Float(value) => Some(*value),
        _ => None,
    };
    let boolean = |item: &Constant| if let Constant::Bool(value) = item { Some(*value) } else { None };
    fn text(item: &Constant) -> Option<&str> {
        if let Constant::Str(value) = item { Some(value) } else { None }
    }
    Ok(match data_type {
        DataType::Boolean => Arc::new(items.iter().map(boolean).collect::<BooleanArray>()),
        DataType::Int64 => Arc::new(items.iter().map(integer).collect::<Int64Array>()),
        DataType::Float64 => Arc::new(items.iter().map(float).collect::<Float64Array>()),
        DataType::Utf8 => Arc::new(items.iter().map(text).collect::<StringArray>()),
        DataType::List(field) => {
            let parts = items
                .iter()
                .map(|item| match item {
                    Constant::List(inner) => array_of(inner, field.data_type()),
                    _ => Ok(new_empty_array(field.data_type())),
                })
                .collect::<Result<Vec<_>, _>>()?;
            let lengths = OffsetBuffer::from_lengths(parts.iter().map(Array::len));
            let refs: Vec<&dyn Array> = parts.iter().map(|part| &**part).collect();
            let values = concat(&refs).map_err(|error| error.to_string())?;
            let nulls: NullBuffer = items.iter().map(|item| *item != Constant::None).collect();
            Arc::new(ListArray::new(field.clone(), lengths, values, Some(nulls)))
        }
        _ => Arc::new(NullArray::new(items.len())),
    })
}

/// The characters of a text, as Python sees it when it is used as a sequence.
pub(crate) fn characters(text: &str) -> StringArray {
    let mut buffer = [0; 4];
    let mut characters = StringBuilder::new();
    for character in text.chars() {
        characters.append_value(character.encode_utf8(&mut buffer));
    }
    characters.finish()
}
