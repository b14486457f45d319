//! `{"a": 1, "b": 2}[key]` with constant keys and values.

use std::borrow::Cow;

use arrow::array::{ArrayRef, UInt32Array};
use arrow::compute::take;
use hashbrown::HashMap;

use crate::EvaluateError;
use crate::node::Kernel;
use crate::value::{Rows, Value, union_nulls};

/// The place of each key in the column of values.
#[derive(Debug)]
pub(crate) enum Keys {
    Ints(HashMap<i64, u32>),
    Texts(HashMap<Box<str>, u32>),
}

#[derive(Debug)]
pub(crate) struct Lookup {
    pub(crate) keys: Keys,
    pub(crate) values: ArrayRef,
}

impl Kernel for Lookup {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let mut nulls = union_nulls(inputs);
        let indices: Vec<u32> = match &self.keys {
            Keys::Ints(keys) => {
                let input = inputs[0].ints()?;
                let indices: Vec<u32> =
                    (0..rows.len).map(|row| keys.get(&input.get(row)).copied().unwrap_or(u32::MAX)).collect();
                if indices.contains(&u32::MAX) {
                    rows.fail_where(&mut nulls, |row| {
                        (indices[row] == u32::MAX).then(|| missing(&input.get(row).to_string()))
                    });
                }
                indices
            }
            Keys::Texts(keys) => {
                let input = inputs[0].texts()?;
                let indices: Vec<u32> =
                    (0..rows.len).map(|row| keys.get(input.get(row)).copied().unwrap_or(u32::MAX)).collect();
                if indices.contains(&u32::MAX) {
                    rows.fail_where(&mut nulls, |row| {
                        (indices[row] == u32::MAX).then(|| missing(&format!("{:?}", input.get(row))))
                    });
                }
                indices
            }
        };
        Ok(take(&self.values, &UInt32Array::new(indices.into(), nulls), None)?)
    }
}

fn missing(key: &str) -> Cow<'static, str> {
    Cow::Owned(format!("the dict has no key {key}"))
}
