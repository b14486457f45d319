//! Loops over one or two fixed-width columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, PrimitiveArray};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow::datatypes::ArrowPrimitiveType;

use crate::value::Input;

/// `operation` on each row.
pub(crate) fn map<A: Copy, T: Clone>(input: Input<'_, A>, len: usize, operation: impl Fn(A) -> T) -> Vec<T> {
    match input {
        Input::Scalar(value) => vec![operation(value); len],
        Input::Slice(values) => values.iter().map(|&value| operation(value)).collect(),
    }
}

/// `operation` on the two values of each row.
pub(crate) fn map2<A: Copy, B: Copy, T: Clone>(
    left: Input<'_, A>,
    right: Input<'_, B>,
    len: usize,
    mut operation: impl FnMut(A, B) -> T,
) -> Vec<T> {
    match (left, right) {
        (Input::Slice(left), Input::Slice(right)) => {
            left.iter().zip(right).map(|(&left, &right)| operation(left, right)).collect()
        }
        (Input::Slice(left), Input::Scalar(right)) => {
            left.iter().map(|&left| operation(left, right)).collect()
        }
        (Input::Scalar(left), Input::Slice(right)) => {
            right.iter().map(|&right| operation(left, right)).collect()
        }
        (Input::Scalar(left), Input::Scalar(right)) => vec![operation(left, right); len],
    }
}

/// As [`map2`] for operations that can fail; the second result is whether any row did, null ones included.
pub(crate) fn try_map2<A: Copy, B: Copy, T: Clone>(
    left: Input<'_, A>,
    right: Input<'_, B>,
    len: usize,
    operation: impl Fn(A, B) -> (T, bool),
) -> (Vec<T>, bool) {
    let mut failed = false;
    let values = map2(left, right, len, |left, right| {
        let (value, failure) = operation(left, right);
        failed |= failure;
        value
    });
    (values, failed)
}

/// The rows for which `predicate` holds.
pub(crate) fn mask2<A: Copy, B: Copy>(
    left: Input<'_, A>,
    right: Input<'_, B>,
    len: usize,
    predicate: impl Fn(A, B) -> bool,
) -> BooleanBuffer {
    match (left, right) {
        (Input::Slice(left), Input::Slice(right)) => pack(
            len,
            left.chunks(64).zip(right.chunks(64)).map(|(left, right)| {
                left.iter()
                    .zip(right)
                    .enumerate()
                    .fold(0, |word, (bit, (&left, &right))| word | (u64::from(predicate(left, right)) << bit))
            }),
        ),
        (Input::Slice(left), Input::Scalar(right)) => mask(left, |left| predicate(left, right)),
        (Input::Scalar(left), Input::Slice(right)) => mask(right, |right| predicate(left, right)),
        (Input::Scalar(left), Input::Scalar(right)) => {
            if predicate(left, right) {
                BooleanBuffer::new_set(len)
            } else {
                BooleanBuffer::new_unset(len)
            }
        }
    }
}

/// The values for which `predicate` holds.
pub(crate) fn mask<A: Copy>(values: &[A], predicate: impl Fn(A) -> bool) -> BooleanBuffer {
    pack(
        values.len(),
        values.chunks(64).map(|chunk| {
            chunk
                .iter()
                .enumerate()
                .fold(0, |word, (bit, &value)| word | (u64::from(predicate(value)) << bit))
        }),
    )
}

/// Bits from words of 64, the lowest bit first.
fn pack(len: usize, words: impl Iterator<Item = u64>) -> BooleanBuffer {
    let words: Vec<u64> = words.map(u64::to_le).collect();
    BooleanBuffer::new(Buffer::from_vec(words), 0, len)
}

pub(crate) fn primitive<T: ArrowPrimitiveType>(
    values: Vec<T::Native>,
    nulls: Option<NullBuffer>,
) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::new(ScalarBuffer::from(values), nulls))
}

pub(crate) fn booleans(values: BooleanBuffer, nulls: Option<NullBuffer>) -> ArrayRef {
    Arc::new(BooleanArray::new(values, nulls))
}
