//! Conversions of lists, objects and maps: those of what they hold.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, GenericListArray, MapArray, OffsetSizeTrait, StringArray,
    StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::interleave;
use arrow::datatypes::{ArrowNativeType as _, DataType, FieldRef, Fields};

use super::{Conversion, EvaluateError, Way, safe_cast, scalar};

/// The way between two such types, which differ.
pub(super) fn way(from: &DataType, to: &DataType) -> Option<Way> {
    use DataType as T;
    match (from, to) {
        (T::List(a) | T::LargeList(a) | T::FixedSizeList(a, _), T::List(b) | T::LargeList(b)) => {
            Some(Way::List(Box::new(Conversion::new(a.data_type(), b.data_type())?)))
        }
        (T::Struct(a), T::Struct(b)) if a.len() == b.len() => {
            let members = b.iter().map(|field| {
                let (position, origin) = a.find(field.name())?;
                Some((position, Conversion::new(origin.data_type(), field.data_type())?))
            });
            Some(Way::Struct(b.clone(), members.collect::<Option<_>>()?))
        }
        (T::Map(a, _), T::Map(b, _)) => {
            let (a, b) = (key_and_value(a)?, key_and_value(b)?);
            let keys = Conversion::new(a.0.data_type(), b.0.data_type())?;
            let values = Conversion::new(a.1.data_type(), b.1.data_type())?;
            Some(Way::Map(Box::new(keys), Box::new(values)))
        }
        (T::Struct(a), T::Map(b, _)) => {
            let (key, value) = key_and_value(b)?;
            if *key.data_type() != T::Utf8 {
                return None;
            }
            let members = a.iter().map(|field| Conversion::new(field.data_type(), value.data_type()));
            Some(Way::Entries(members.collect::<Option<_>>()?))
        }
        _ => None,
    }
}

fn key_and_value(entries: &FieldRef) -> Option<(&FieldRef, &FieldRef)> {
    match entries.data_type() {
        DataType::Struct(fields) => Some((fields.first()?, fields.get(1)?)),
        _ => None,
    }
}

/// The rows of which an item does not fit.
fn rows_of(
    misfits: &[usize],
    nulls: Option<&NullBuffer>,
    ranges: impl Fn(usize) -> (usize, usize),
    rows: usize,
) -> Vec<usize> {
    if misfits.is_empty() {
        return Vec::new();
    }
    (0..rows)
        .filter(|&row| {
            let (from, to) = ranges(row);
            let first = misfits.partition_point(|&item| item < from);
            nulls.is_none_or(|nulls| nulls.is_valid(row)) && misfits.get(first).is_some_and(|&item| item < to)
        })
        .collect()
}

pub(super) fn list(
    items: &Conversion,
    array: &ArrayRef,
    to: &DataType,
) -> Result<(ArrayRef, Vec<usize>), EvaluateError> {
    let array = match array.data_type() {
        DataType::FixedSizeList(field, _) => {
            let fixed: &FixedSizeListArray = array.as_fixed_size_list();
            &safe_cast(&(Arc::new(fixed.clone()) as ArrayRef), &DataType::List(field.clone()))?
        }
        _ => array,
    };
    match array.data_type() {
        DataType::LargeList(_) => list_of(items, array.as_list::<i64>(), to),
        _ => list_of(items, array.as_list::<i32>(), to),
    }
}

fn list_of<O: OffsetSizeTrait>(
    items: &Conversion,
    list: &GenericListArray<O>,
    to: &DataType,
) -> Result<(ArrayRef, Vec<usize>), EvaluateError> {
    let (values, misfits) = items.apply(list.values())?;
    let offsets = list.offsets();
    let range = |row: usize| (offsets[row].as_usize(), offsets[row + 1].as_usize());
    let misfits = rows_of(&misfits, list.nulls(), range, list.len());
    let (DataType::List(field) | DataType::LargeList(field)) = to else {
        return Err(EvaluateError::Host(format!("{to} is no list")));
    };
    // An item that does not fit is null for now; its row is reported.
    let loose: FieldRef = Arc::new(field.as_ref().clone().with_nullable(true));
    let same: ArrayRef =
        Arc::new(GenericListArray::try_new(loose, offsets.clone(), values, list.nulls().cloned())?);
    let same = scalar::without(&same, &misfits)?;
    Ok((safe_cast(&same, to)?, misfits))
}

pub(super) fn object(
    fields: &Fields,
    members: &[(usize, Conversion)],
    array: &ArrayRef,
) -> Result<(ArrayRef, Vec<usize>), EvaluateError> {
    let object = array.as_struct();
    let mut columns = Vec::with_capacity(members.len());
    let mut misfits = Vec::new();
    for (position, conversion) in members {
        let (column, more) = conversion.apply(object.column(*position))?;
        misfits.extend(more.into_iter().filter(|&row| object.is_valid(row)));
        columns.push(column);
    }
    misfits.sort_unstable();
    misfits.dedup();
    let loose: Fields = fields.iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let converted: ArrayRef = Arc::new(StructArray::try_new(loose, columns, object.nulls().cloned())?);
    let to = DataType::Struct(fields.clone());
    Ok((safe_cast(&scalar::without(&converted, &misfits)?, &to)?, misfits))
}

pub(super) fn map(
    keys: &Conversion,
    values: &Conversion,
    array: &ArrayRef,
    to: &DataType,
) -> Result<(ArrayRef, Vec<usize>), EvaluateError> {
    let map = array.as_map();
    let (keys, mut misfits) = keys.apply(map.keys())?;
    let (values, more) = values.apply(map.values())?;
    misfits.extend(more);
    misfits.sort_unstable();
    let offsets = map.offsets();
    let range = |row: usize| (offsets[row].as_usize(), offsets[row + 1].as_usize());
    let rows = rows_of(&misfits, map.nulls(), range, map.len());
    let converted = map_of(to, keys, values, offsets.clone(), map.nulls().cloned())?;
    Ok((scalar::without(&converted, &rows)?, rows))
}

pub(super) fn entries(
    members: &[Conversion],
    array: &ArrayRef,
    to: &DataType,
) -> Result<(ArrayRef, Vec<usize>), EvaluateError> {
    let object = array.as_struct();
    let names: Vec<&str> = object.fields().iter().map(|field| field.name().as_str()).collect();
    let mut columns = Vec::with_capacity(members.len());
    let mut misfits = Vec::new();
    for (column, conversion) in object.columns().iter().zip(members) {
        let (column, more) = conversion.apply(column)?;
        misfits.extend(more.into_iter().filter(|&row| object.is_valid(row)));
        columns.push(column);
    }
    misfits.sort_unstable();
    misfits.dedup();
    let mut offsets: Vec<i32> = Vec::with_capacity(object.len() + 1);
    offsets.push(0);
    let mut places = Vec::with_capacity(object.len() * members.len());
    for row in 0..object.len() {
        if object.is_valid(row) {
            places.extend((0..members.len()).map(|member| (member, row)));
        }
        offsets.push(places.len() as i32);
    }
    let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
    let values = interleave(&columns, &places)?;
    let keys: ArrayRef = Arc::new(StringArray::from_iter_values(
        places.iter().map(|&(member, _)| names.get(member).copied().unwrap_or_default()),
    ));
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let converted = map_of(to, keys, values, offsets, object.nulls().cloned())?;
    Ok((scalar::without(&converted, &misfits)?, misfits))
}

fn map_of(
    to: &DataType,
    keys: ArrayRef,
    values: ArrayRef,
    offsets: OffsetBuffer<i32>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, EvaluateError> {
    let DataType::Map(entries, sorted) = to else {
        return Err(EvaluateError::Host(format!("{to} is no map")));
    };
    let DataType::Struct(fields) = entries.data_type() else {
        return Err(EvaluateError::Host(format!("{to} has no entries")));
    };
    let pairs = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
    Ok(Arc::new(MapArray::try_new(entries.clone(), offsets, pairs, nulls, *sorted)?))
}
