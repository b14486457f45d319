//! `x in [..]` over constants.

use arrow::array::{ArrayRef, BooleanArray};
use arrow::buffer::BooleanBuffer;
use hashbrown::HashSet;

use super::map::{booleans, mask};
use crate::EvaluateError;
use crate::node::Kernel;
use crate::value::{Bools, Input, Rows, Texts, Value, union_nulls};

/// Lists up to this long are searched; longer ones are hashed.
const SEARCHED: usize = 8;

/// The items, of one type.
#[derive(Debug)]
pub(crate) enum Items {
    Ints(Vec<i64>, HashSet<i64>),
    Floats(Vec<f64>),
    Days(Vec<i32>),
    Texts(Vec<Box<str>>, HashSet<Box<str>>),
    Bools { holds_true: bool, holds_false: bool },
}

impl Items {
    pub(crate) fn ints(items: Vec<i64>) -> Self {
        let set = if items.len() > SEARCHED { items.iter().copied().collect() } else { HashSet::new() };
        Self::Ints(items, set)
    }

    pub(crate) fn texts(items: Vec<Box<str>>) -> Self {
        let set = if items.len() > SEARCHED { items.iter().cloned().collect() } else { HashSet::new() };
        Self::Texts(items, set)
    }
}

/// `x in items`; null for a null `x`, unless `None` is among the items.
#[derive(Debug)]
pub(crate) struct Membership {
    pub(crate) items: Items,
    pub(crate) holds_none: bool,
    pub(crate) negated: bool,
}

impl Kernel for Membership {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let input = &inputs[0];
        let found = match &self.items {
            Items::Ints(items, set) if set.is_empty() => {
                mask_all(input.ints()?, rows.len, |value| items.contains(&value))
            }
            Items::Ints(_, set) => mask_all(input.ints()?, rows.len, |value| set.contains(&value)),
            Items::Floats(items) => mask_all(input.floats()?, rows.len, |value| items.contains(&value)),
            Items::Days(items) => mask_all(input.days()?, rows.len, |value| items.contains(&value)),
            Items::Texts(items, set) => {
                let texts = input.texts()?;
                if set.is_empty() {
                    texts_mask(texts, rows.len, |text| items.iter().any(|item| &**item == text))
                } else {
                    texts_mask(texts, rows.len, |text| set.contains(text))
                }
            }
            Items::Bools { holds_true, holds_false } => {
                let bits = match input.bools()? {
                    Bools::Bits(bits) => bits.clone(),
                    Bools::Scalar(value) => BooleanArray::from(vec![value; rows.len]).values().clone(),
                };
                match (holds_true, holds_false) {
                    (true, true) => BooleanBuffer::new_set(rows.len),
                    (true, false) => bits,
                    (false, true) => !&bits,
                    (false, false) => BooleanBuffer::new_unset(rows.len),
                }
            }
        };
        let nulls = union_nulls(inputs);
        let (found, nulls) = match nulls {
            Some(nulls) if self.holds_none => (&found | &!nulls.inner(), None),
            nulls => (found, nulls),
        };
        Ok(booleans(if self.negated { !&found } else { found }, nulls))
    }

    fn null_strict(&self) -> bool {
        !self.holds_none
    }
}

fn mask_all<T: Copy>(input: Input<'_, T>, len: usize, predicate: impl Fn(T) -> bool) -> BooleanBuffer {
    match input {
        Input::Slice(values) => mask(values, predicate),
        Input::Scalar(value) => mask(&vec![value; len], predicate),
    }
}

fn texts_mask(texts: Texts<'_>, len: usize, predicate: impl Fn(&str) -> bool) -> BooleanBuffer {
    BooleanBuffer::collect_bool(len, |row| predicate(texts.get(row)))
}
