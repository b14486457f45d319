//! Providers of text: what one value is, apart from how a column of them is built.

use std::fmt::{Debug, Write};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use millstream_expr::{Call, CallError, EvaluateError, Function, RowErrors};

use super::unique::{Texts, distinct};
use super::{Resolved, Site};

/// A text for each row.
pub(super) trait Append: Debug + Send + Sync {
    /// Writes the value of `row` to `out`. `scratch` is empty, and may be left with anything in it.
    fn append(&self, row: u64, out: &mut impl Write, scratch: &mut String) -> std::fmt::Result;

    /// The values of `rows`, by a way of its own that is quicker than [`Append::append`] and may draw other values.
    /// What it gives does not depend on which rows are asked for together.
    fn column(&self, rows: &[u64]) -> Option<Result<ArrayRef, ArrowError>> {
        let _ = rows;
        None
    }

    /// All different values, if they can be told; the error says why there are too many ways to make them.
    fn texts(&self) -> Option<Result<Texts, String>> {
        None
    }

    /// No value has more bytes.
    fn longest(&self) -> usize;

    /// About how many bytes a value has.
    fn average(&self) -> usize;
}

/// A column of texts.
#[derive(Debug)]
struct Text<T>(T);

/// A column of those texts; each once, if the call says so.
pub(super) fn text<T: Append + 'static>(site: &Site<'_>, value: T) -> Resolved {
    if !site.unique {
        return Ok(Arc::new(Text(value)));
    }
    match value.texts() {
        Some(Ok(texts)) => distinct(site, texts),
        Some(Err(message)) => Err(CallError {
            message,
            hint: Some("put `row_id` into the value instead".to_owned()),
            argument: None,
        }),
        None => {
            site.refuse_unique("use `fake.unique.sentence()`, or put `row_id` into the text")?;
            Ok(Arc::new(Text(value)))
        }
    }
}

impl<T: Append> Function for Text<T> {
    fn data_type(&self) -> DataType {
        DataType::Utf8
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        if let Some(column) = self.0.column(call.rows) {
            return Ok(column?);
        }
        let rows = call.rows.len();
        // Arrow's 32-bit offsets end there, and its builder panics beyond.
        if rows.saturating_mul(self.0.longest()) > i32::MAX as usize {
            return Err(EvaluateError::Host(format!(
                "{rows} texts of up to {} bytes do not fit in one chunk; use smaller chunks",
                self.0.longest()
            )));
        }
        let mut out = StringBuilder::with_capacity(rows, rows * self.0.average());
        let mut scratch = String::new();
        for &row in call.rows {
            scratch.clear();
            self.0
                .append(row, &mut out, &mut scratch)
                .map_err(|_| EvaluateError::Host("a text could not be written".to_owned()))?;
            out.append_value("");
        }
        Ok(Arc::new(out.finish()))
    }
}
