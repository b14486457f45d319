//! Providers of text: what one value is, apart from how a column of them is built.

use std::fmt::{Debug, Write};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use millstream_expr::{Call, EvaluateError, Function, RowErrors};

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

    /// No value has more bytes.
    fn longest(&self) -> usize;

    /// About how many bytes a value has.
    fn average(&self) -> usize;
}

/// A column of texts.
#[derive(Debug)]
pub(super) struct Text<T>(pub(super) T);

impl<T: Append + 'static> Text<T> {
    pub(super) fn function(value: T) -> Arc<dyn Function> {
        Arc::new(Self(value))
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
