//! `text.split(separator)[index]` and `len(text.split(separator))`, without making the list.

use std::borrow::Cow;
use std::ops::Range;

use arrow::array::ArrayRef;
use arrow::datatypes::Int64Type;
use memchr::memmem::Finder;

use super::list::position;
use super::map::primitive;
use super::text_change::write_rows;
use crate::EvaluateError;
use crate::format::Sink;
use crate::node::Kernel;
use crate::unicode::is_space;
use crate::value::{Rows, Texts, Value, union_nulls};

const EMPTY_SEPARATOR: &str = "split needs a separator that is not empty";

/// How a text is split. With a separator, it is the second input; without one, white space separates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Split {
    pub(crate) separator: bool,
    /// At most this many cuts.
    pub(crate) limit: Option<usize>,
}

impl Split {
    /// The pieces of a text.
    fn pieces(self, text: &str, separator: Option<&Finder<'_>>, pieces: &mut Vec<Range<usize>>) {
        pieces.clear();
        let limit = self.limit.unwrap_or(usize::MAX);
        if let Some(finder) = separator {
            let mut start = 0;
            for found in finder.find_iter(text.as_bytes()).take(limit) {
                pieces.push(start..found);
                start = found + finder.needle().len();
            }
            pieces.push(start..text.len());
            return;
        }
        let mut rest = text.trim_start_matches(is_space);
        while !rest.is_empty() {
            let start = text.len() - rest.len();
            let end = if pieces.len() == limit { None } else { rest.find(is_space) };
            let end = end.map_or(text.len(), |end| start + end);
            pieces.push(start..end);
            rest = text[end..].trim_start_matches(is_space);
        }
    }
}

/// The separators of the rows.
struct Separators<'a> {
    constant: Option<Finder<'a>>,
    texts: Option<Texts<'a>>,
}

impl<'a> Separators<'a> {
    fn new(split: Split, inputs: &'a [Value]) -> Result<Self, EvaluateError> {
        let texts = if split.separator { Some(inputs[1].texts()?) } else { None };
        let constant = match texts {
            Some(Texts::Scalar(text)) => Some(Finder::new(text.as_bytes())),
            _ => None,
        };
        Ok(Self { constant, texts })
    }

    fn with<T>(
        &self,
        row: usize,
        use_separator: impl FnOnce(Option<&Finder<'_>>) -> T,
    ) -> Result<T, Cow<'static, str>> {
        match (&self.constant, &self.texts) {
            (_, None) => Ok(use_separator(None)),
            (Some(finder), _) if finder.needle().is_empty() => Err(Cow::Borrowed(EMPTY_SEPARATOR)),
            (Some(finder), _) => Ok(use_separator(Some(finder))),
            (None, Some(texts)) => match texts.get(row) {
                "" => Err(Cow::Borrowed(EMPTY_SEPARATOR)),
                text => Ok(use_separator(Some(&Finder::new(text.as_bytes())))),
            },
        }
    }
}

/// One piece; the index is the last input.
#[derive(Debug)]
pub(crate) struct SplitItem(pub(crate) Split);

impl Kernel for SplitItem {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let texts = inputs[0].texts()?;
        let indices = inputs[inputs.len() - 1].ints()?;
        let separators = Separators::new(self.0, inputs)?;
        let nulls = union_nulls(inputs);
        let mut pieces = Vec::new();
        write_rows(nulls.as_ref(), rows, |row, sink| {
            let text = texts.get(row);
            separators.with(row, |separator| self.0.pieces(text, separator, &mut pieces))?;
            let index = position(indices.get(row), pieces.len())
                .ok_or(Cow::Borrowed("list index out of range: the text has fewer pieces"))?;
            sink.push(&text[pieces[index].clone()]);
            Ok(())
        })
    }
}

/// How many pieces there are.
#[derive(Debug)]
pub(crate) struct SplitLength(pub(crate) Split);

impl Kernel for SplitLength {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let texts = inputs[0].texts()?;
        let separators = Separators::new(self.0, inputs)?;
        let mut pieces = Vec::new();
        let mut failed = false;
        let values = (0..rows.len)
            .map(|row| {
                let counted = separators.with(row, |separator| {
                    self.0.pieces(texts.get(row), separator, &mut pieces);
                    pieces.len() as i64
                });
                counted.unwrap_or_else(|_| {
                    failed = true;
                    0
                })
            })
            .collect();
        let mut nulls = union_nulls(inputs);
        if failed {
            rows.fail_where(&mut nulls, |row| separators.with(row, |_| ()).err());
        }
        Ok(primitive::<Int64Type>(values, nulls))
    }
}
