//! One of two values for each row.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, PrimitiveArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::kernels::zip::zip;
use arrow::datatypes::{
    Date32Type, DurationMicrosecondType, Float64Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};

use super::map::{booleans, primitive};
use super::text_builder::TextBuilder;
use crate::EvaluateError;
use crate::types::Type;
use crate::value::{Bools, Input, Texts, Value};

/// `then` where `mask` is set, else `otherwise`; both have type `kind`.
pub(crate) fn select(
    mask: &BooleanBuffer,
    then: Value,
    otherwise: Value,
    kind: &Type,
    len: usize,
) -> Result<Value, EvaluateError> {
    let nulls = select_nulls(mask, &then, &otherwise);
    let array: ArrayRef = match kind {
        Type::Int => primitive::<Int64Type>(choose(mask, then.ints()?, otherwise.ints()?), nulls),
        Type::Float => primitive::<Float64Type>(choose(mask, then.floats()?, otherwise.floats()?), nulls),
        Type::Date => primitive::<Date32Type>(choose(mask, then.days()?, otherwise.days()?), nulls),
        Type::Datetime(zone) => {
            let values = choose(mask, then.ints()?, otherwise.ints()?);
            Arc::new(
                PrimitiveArray::<TimestampMicrosecondType>::new(values.into(), nulls)
                    .with_timezone_opt(zone.clone()),
            )
        }
        Type::Timedelta => {
            primitive::<DurationMicrosecondType>(choose(mask, then.ints()?, otherwise.ints()?), nulls)
        }
        Type::Time => {
            primitive::<Time64MicrosecondType>(choose(mask, then.ints()?, otherwise.ints()?), nulls)
        }
        Type::Bool => {
            let then = bits(then.bools()?, len);
            let otherwise = bits(otherwise.bools()?, len);
            booleans(&(mask & &then) | &(&!mask & &otherwise), nulls)
        }
        Type::Str => select_texts(mask, then.texts()?, otherwise.texts()?, nulls.as_ref())?,
        Type::Null | Type::Raw(_) => {
            let (then, otherwise) = (then.into_array(len), otherwise.into_array(len));
            let mask = BooleanArray::new(mask.clone(), None);
            zip(&mask, &then as &dyn arrow::array::Datum, &otherwise)?
        }
    };
    Ok(Value::Array(array))
}

fn bits(values: Bools<'_>, len: usize) -> BooleanBuffer {
    match values {
        Bools::Scalar(true) => BooleanBuffer::new_set(len),
        Bools::Scalar(false) => BooleanBuffer::new_unset(len),
        Bools::Bits(bits) => bits.clone(),
    }
}

fn select_nulls(mask: &BooleanBuffer, then: &Value, otherwise: &Value) -> Option<NullBuffer> {
    let valid = match (then.nulls(), otherwise.nulls()) {
        (None, None) => return None,
        (Some(then), None) => then.inner() | &!mask,
        (None, Some(otherwise)) => otherwise.inner() | mask,
        (Some(then), Some(otherwise)) => &(mask & then.inner()) | &(&!mask & otherwise.inner()),
    };
    Some(NullBuffer::new(valid)).filter(|nulls| nulls.null_count() > 0)
}

fn choose<T: Copy>(mask: &BooleanBuffer, then: Input<'_, T>, otherwise: Input<'_, T>) -> Vec<T> {
    match (then, otherwise) {
        (Input::Slice(then), Input::Slice(otherwise)) => pick(mask, |row| then[row], |row| otherwise[row]),
        (Input::Slice(then), Input::Scalar(otherwise)) => pick(mask, |row| then[row], |_| otherwise),
        (Input::Scalar(then), Input::Slice(otherwise)) => pick(mask, |_| then, |row| otherwise[row]),
        (Input::Scalar(then), Input::Scalar(otherwise)) => pick(mask, |_| then, |_| otherwise),
    }
}

fn pick<T>(mask: &BooleanBuffer, then: impl Fn(usize) -> T, otherwise: impl Fn(usize) -> T) -> Vec<T> {
    mask.iter().enumerate().map(|(row, set)| if set { then(row) } else { otherwise(row) }).collect()
}

fn select_texts(
    mask: &BooleanBuffer,
    then: Texts<'_>,
    otherwise: Texts<'_>,
    nulls: Option<&NullBuffer>,
) -> Result<ArrayRef, EvaluateError> {
    let len = mask.len();
    let mut builder = TextBuilder::new(len, len * 8);
    for (row, set) in mask.iter().enumerate() {
        if nulls.is_some_and(|nulls| nulls.is_null(row)) {
            builder.null();
        } else {
            builder.copy(if set { then.get(row) } else { otherwise.get(row) });
        }
    }
    builder.finish()
}
