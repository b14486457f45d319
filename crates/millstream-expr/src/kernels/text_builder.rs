//! Builds a column of texts in one buffer.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};

use crate::EvaluateError;
use crate::format::Sink;
use crate::value::Rows;

/// The longest text that an operation may make, so that data cannot make a row allocate without bound.
pub(crate) const MAXIMUM: usize = 16 << 20;

/// The most bytes in a column of Arrow's `Utf8`.
const COLUMN_MAXIMUM: usize = i32::MAX as usize;

/// A builder of texts that are pushed piece by piece.
pub(crate) struct TextBuilder {
    inner: StringBuilder,
    /// Bytes of the current row.
    row: usize,
    /// Bytes of the rows before.
    before: usize,
    too_long: bool,
    full: bool,
}

impl TextBuilder {
    pub(crate) fn new(rows: usize, bytes: usize) -> Self {
        Self {
            inner: StringBuilder::with_capacity(rows, bytes.min(MAXIMUM)),
            row: 0,
            before: 0,
            too_long: false,
            full: false,
        }
    }

    /// Ends the text of a row; it fails if it became too long.
    pub(crate) fn end(&mut self, row: usize, rows: &mut Rows<'_>) {
        self.before += self.row;
        self.row = 0;
        if self.too_long {
            self.too_long = false;
            rows.fail(row, "the text is longer than 16 MiB");
            self.inner.append_null();
        } else {
            self.inner.append_value("");
        }
    }

    /// A whole row whose text exists already, however long.
    #[inline]
    pub(crate) fn copy(&mut self, text: &str) {
        if self.before + text.len() > COLUMN_MAXIMUM {
            self.full = true;
            self.inner.append_null();
        } else {
            self.before += text.len();
            self.inner.append_value(text);
        }
    }

    /// A row without a text; what was pushed for it is dropped.
    pub(crate) fn null(&mut self) {
        self.before += self.row;
        self.row = 0;
        self.too_long = false;
        self.inner.append_null();
    }

    pub(crate) fn finish(mut self) -> Result<ArrayRef, EvaluateError> {
        if self.full {
            return Err(EvaluateError::Host(
                "the texts of one column are longer than 2 GiB in one chunk: use smaller chunks".to_owned(),
            ));
        }
        Ok(Arc::new(self.inner.finish()))
    }
}

impl Sink for TextBuilder {
    #[inline]
    fn push(&mut self, text: &str) {
        let row = self.row + text.len();
        if row > MAXIMUM || self.too_long {
            self.too_long = true;
        } else if self.before + row > COLUMN_MAXIMUM || self.full {
            self.full = true;
        } else {
            self.row = row;
            // Writing into the builder cannot fail.
            let _ = self.inner.write_str(text);
        }
    }
}
