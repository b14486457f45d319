//! Lists: of constants, of parts, and columns of lists.

use std::borrow::Cow;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, UInt32Array};
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, Int64Type};

use super::map::primitive;
use crate::EvaluateError;
use crate::node::Kernel;
use crate::value::{Rows, Value, union_nulls};

const OUT_OF_RANGE: &str = "list index out of range";

/// The item that `index` means in a list of `len`.
#[inline]
pub(crate) fn position(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(len as i64)? } else { index };
    usize::try_from(index).ok().filter(|index| *index < len)
}

/// `[a, b, c][index]`; the inputs are the index and the items, of one type.
#[derive(Debug)]
pub(crate) struct Pick;

impl Kernel for Pick {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let index = inputs[0].ints()?;
        let items = &inputs[1..];
        let mut nulls = inputs[0].nulls().cloned();
        let failed = |row: usize| position(index.get(row), items.len()).is_none();
        if (0..rows.len).any(failed) {
            rows.fail_where(&mut nulls, |row| failed(row).then_some(Cow::Borrowed(OUT_OF_RANGE)));
        }
        let arrays: Vec<ArrayRef> = items.iter().map(|item| item.clone().into_array(rows.len)).collect();
        let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
        let choices: Vec<(usize, usize)> =
            (0..rows.len).map(|row| (position(index.get(row), items.len()).unwrap_or(0), row)).collect();
        let chosen = interleave(&arrays, &choices)?;
        match nulls {
            Some(nulls) => {
                let missing = BooleanArray::new(!nulls.inner(), None);
                Ok(arrow::compute::nullif(&chosen, &missing)?)
            }
            None => Ok(chosen),
        }
    }
}

/// `[1, 2, 3][index]` with constant items.
#[derive(Debug)]
pub(crate) struct ConstantList {
    pub(crate) items: ArrayRef,
}

impl Kernel for ConstantList {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let index = inputs[0].ints()?;
        let len = self.items.len();
        let indices: Vec<u32> = (0..rows.len)
            .map(|row| position(index.get(row), len).map_or(u32::MAX, |index| index as u32))
            .collect();
        let mut nulls = union_nulls(inputs);
        if indices.contains(&u32::MAX) {
            rows.fail_where(&mut nulls, |row| {
                (indices[row] == u32::MAX).then_some(Cow::Borrowed(OUT_OF_RANGE))
            });
        }
        Ok(take(&self.items, &UInt32Array::new(indices.into(), nulls), None)?)
    }
}

/// `column[index]` of a column of lists; the inputs are the column and the index.
#[derive(Debug)]
pub(crate) struct ListItem;

impl Kernel for ListItem {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let array = inputs[0].clone().into_array(rows.len);
        let index = inputs[1].ints()?;
        let lists = Lists::of(array.as_ref())?;
        let find = |row: usize| {
            let (start, len) = lists.bounds(row);
            position(index.get(row), len).map(|index| (start + index) as i64)
        };
        let mut nulls = union_nulls(inputs);
        let indices: Vec<i64> = (0..rows.len).map(|row| find(row).unwrap_or(-1)).collect();
        if indices.contains(&-1) {
            rows.fail_where(&mut nulls, |row| (indices[row] < 0).then_some(Cow::Borrowed(OUT_OF_RANGE)));
        }
        Ok(take(lists.items, &Int64Array::new(indices.into(), nulls), None)?)
    }
}

/// `len(column)` of a column of lists.
#[derive(Debug)]
pub(crate) struct ListLength;

impl Kernel for ListLength {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let array = inputs[0].clone().into_array(rows.len);
        let lists = Lists::of(array.as_ref())?;
        let values = (0..rows.len).map(|row| lists.bounds(row).1 as i64).collect();
        Ok(primitive::<Int64Type>(values, union_nulls(inputs)))
    }
}

/// A view of any of Arrow's kinds of lists.
struct Lists<'a> {
    items: &'a ArrayRef,
    offsets: Offsets<'a>,
}

enum Offsets<'a> {
    Short(&'a [i32]),
    Long(&'a [i64]),
    Fixed(usize),
}

impl<'a> Lists<'a> {
    fn of(array: &'a dyn Array) -> Result<Self, EvaluateError> {
        match array.data_type() {
            DataType::List(_) => {
                let lists = array.as_list::<i32>();
                Ok(Self { items: lists.values(), offsets: Offsets::Short(lists.value_offsets()) })
            }
            DataType::LargeList(_) => {
                let lists = array.as_list::<i64>();
                Ok(Self { items: lists.values(), offsets: Offsets::Long(lists.value_offsets()) })
            }
            DataType::FixedSizeList(_, size) => Ok(Self {
                items: array.as_fixed_size_list().values(),
                offsets: Offsets::Fixed(usize::try_from(*size).unwrap_or(0)),
            }),
            other => Err(EvaluateError::Host(format!(
                "the expression was compiled for a list, but the value is {other}"
            ))),
        }
    }

    /// Where the list of a row starts, and its length.
    fn bounds(&self, row: usize) -> (usize, usize) {
        match self.offsets {
            Offsets::Short(offsets) => (offsets[row] as usize, (offsets[row + 1] - offsets[row]) as usize),
            Offsets::Long(offsets) => (offsets[row] as usize, (offsets[row + 1] - offsets[row]) as usize),
            Offsets::Fixed(size) => (row * size, size),
        }
    }
}

/// A column of constants of one type, `None` as null.
pub(crate) fn constants(
    items: &[Option<crate::value::Scalar>],
    type_: &DataType,
) -> Result<ArrayRef, EvaluateError> {
    let arrays: Vec<ArrayRef> = items
        .iter()
        .map(|item| match item {
            Some(scalar) => scalar.to_array(1),
            None => arrow::array::new_null_array(type_, 1),
        })
        .collect();
    if arrays.is_empty() {
        return Ok(arrow::array::new_empty_array(type_));
    }
    let arrays: Vec<&dyn Array> = arrays.iter().map(|array| &**array as &dyn Array).collect();
    Ok(arrow::compute::concat(&arrays)?)
}
