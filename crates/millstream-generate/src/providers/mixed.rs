//! Several locales at once: each row draws one, the same in all columns of a table, so that a name goes with its address.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, UInt32Array};
use arrow::compute::{concat, take};
use arrow::datatypes::DataType;
use millstream_core::Key;
use millstream_expr::{Call, CallError, EvaluateError, Function, RowErrors};

use super::Resolved;

/// One of `functions` for each row, as `key` says.
pub(super) fn mixed(key: Key, functions: Vec<Arc<dyn Function>>) -> Resolved {
    if functions.windows(2).any(|pair| pair[0].data_type() != pair[1].data_type()) {
        return Err(CallError {
            message: "this provider has values of another type in each of the locales".to_owned(),
            hint: Some("use one locale".to_owned()),
            argument: None,
        });
    }
    Ok(Arc::new(Mixed { key, functions }))
}

#[derive(Debug)]
struct Mixed {
    key: Key,
    functions: Vec<Arc<dyn Function>>,
}

impl Function for Mixed {
    fn data_type(&self) -> DataType {
        self.functions.first().map_or(DataType::Null, |function| function.data_type())
    }

    fn nullable(&self) -> bool {
        self.functions.iter().any(|function| function.nullable())
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let count = self.functions.len() as u64;
        let chosen: Vec<usize> = call.rows.iter().map(|&row| self.key.below(row, count) as usize).collect();
        let mut places = vec![0_u32; call.rows.len()];
        let mut parts = Vec::with_capacity(self.functions.len());
        let mut before = 0;
        for (locale, function) in self.functions.iter().enumerate() {
            // The rows of this locale, and what the call has for them.
            let of: Vec<u32> =
                (0..).zip(&chosen).filter(|(_, other)| **other == locale).map(|(at, _)| at).collect();
            for (place, at) in (before..).zip(&of) {
                places[*at as usize] = place;
            }
            before += of.len() as u32;
            let rows: Vec<u64> = of.iter().map(|&at| call.rows[at as usize]).collect();
            let indices = UInt32Array::from(of);
            let arguments = call
                .arguments
                .iter()
                .map(|argument| take(argument, &indices, None))
                .collect::<Result<Vec<_>, _>>()?;
            let selected = call.selected.map(|selected| take(selected, &indices, None)).transpose()?;
            let selected: Option<BooleanArray> = selected.map(|selected| selected.to_data().into());
            let mut failed = RowErrors::default();
            let part = Call { arguments: &arguments, rows: &rows, selected: selected.as_ref() };
            parts.push(function.evaluate(&part, &mut failed)?);
            for (index, message) in failed.iter() {
                errors.push(indices.value(index) as usize, message);
            }
        }
        let parts: Vec<&dyn Array> = parts.iter().map(|part| &**part).collect();
        Ok(take(&concat(&parts)?, &UInt32Array::from(places), None)?)
    }
}
