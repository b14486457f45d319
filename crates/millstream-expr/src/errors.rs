//! What can go wrong: when compiling, on single rows, and as a whole.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// What is wrong with an expression, with the range of bytes in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    /// What is wrong.
    pub message: String,
    /// The bytes of the expression's text to point at.
    pub range: Range<usize>,
    /// What to write instead.
    pub hint: Option<String>,
}

impl CompileError {
    pub(crate) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), range, hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(formatter, " (hint: {hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CompileError {}

/// Rows on which an expression failed, by index in the frame.
#[derive(Debug, Default)]
pub struct RowErrors {
    entries: Vec<(usize, Cow<'static, str>)>,
}

impl RowErrors {
    /// Reports that the row at `index` of the frame failed.
    pub fn push(&mut self, index: usize, message: impl Into<String>) {
        self.entries.push((index, Cow::Owned(message.into())));
    }

    /// As [`Self::push`], without an allocation for messages that are constants.
    pub(crate) fn report(&mut self, index: usize, message: Cow<'static, str>) {
        self.entries.push((index, message));
    }

    /// Drops those after the first `count` whose row is not to be kept.
    pub(crate) fn retain_after(&mut self, count: usize, keep: impl Fn(usize) -> bool) {
        let mut index = 0;
        self.entries.retain(|(row, _)| {
            index += 1;
            index <= count || keep(*row)
        });
    }

    /// The failed rows, in no order; a row may occur more than once.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        self.entries.iter().map(|(index, message)| (*index, message.as_ref()))
    }

    /// How many reports there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether all rows passed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// A failure that is not one of a row: an Arrow kernel refused, or a host function did.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// From Arrow.
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
    /// From a host function.
    #[error("{0}")]
    Host(String),
}
