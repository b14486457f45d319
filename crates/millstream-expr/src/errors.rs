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
    /// If the expression is right, but cannot be evaluated column by column: the construct that cannot.
    pub(crate) not_vectorised: Option<String>,
}

impl CompileError {
    pub(crate) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), range, hint: None, not_vectorised: None }
    }

    /// Marks the error as one of the evaluation column by column only, because of `construct`.
    pub(crate) fn not_vectorised(mut self, construct: impl Into<String>) -> Self {
        self.not_vectorised = Some(construct.into());
        self
    }

    pub(crate) fn not_vectorised_if(self, condition: bool, construct: &str) -> Self {
        if condition { self.not_vectorised(construct) } else { self }
    }

    /// An error that a host finds in an expression.
    pub fn of_host(range: Range<usize>, message: impl Into<String>, hint: Option<String>) -> Self {
        Self { hint, ..Self::new(range, message) }
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
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    row: usize,
    message: Cow<'static, str>,
    range: Option<Range<usize>>,
}

impl RowErrors {
    /// Reports that the row at `index` of the frame failed.
    pub fn push(&mut self, index: usize, message: impl Into<String>) {
        self.report(index, Cow::Owned(message.into()));
    }

    /// As [`Self::push`], without an allocation for messages that are constants.
    pub(crate) fn report(&mut self, index: usize, message: Cow<'static, str>) {
        self.report_at(index, message, None);
    }

    /// As [`Self::report`], with the bytes of the expression's text that failed.
    pub(crate) fn report_at(&mut self, row: usize, message: Cow<'static, str>, range: Option<Range<usize>>) {
        self.entries.push(Entry { row, message, range });
    }

    /// Says of those after the first `count` where they happened, unless that is known more closely.
    pub(crate) fn locate_after(&mut self, count: usize, range: &Range<usize>) {
        for entry in self.entries.iter_mut().skip(count) {
            entry.range.get_or_insert_with(|| range.clone());
        }
    }

    /// Drops those after the first `count` whose row is not to be kept.
    pub(crate) fn retain_after(&mut self, count: usize, keep: impl Fn(usize) -> bool) {
        let mut index = 0;
        self.entries.retain(|entry| {
            index += 1;
            index <= count || keep(entry.row)
        });
    }

    /// The failed rows, in no order; a row may occur more than once.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        self.entries.iter().map(|entry| (entry.row, entry.message.as_ref()))
    }

    /// The first report of the least row: its row, its message, and the bytes of the expression's text that failed.
    pub fn first(&self) -> Option<(usize, &str, Option<Range<usize>>)> {
        let entry = self.entries.iter().min_by_key(|entry| entry.row)?;
        Some((entry.row, entry.message.as_ref(), entry.range.clone()))
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
