//! Methods from a text to a number or a bool: finding, counting, testing.

use arrow::array::ArrayRef;
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::Int64Type;
use memchr::memmem::Finder;

use super::map::{booleans, primitive};
use crate::EvaluateError;
use crate::format::text::length;
use crate::node::Kernel;
use crate::unicode::{is_alpha, is_digit};
use crate::value::{Rows, Texts, Value, union_nulls};

/// `needle in text`; the inputs are the text and the needle.
#[derive(Debug)]
pub(crate) struct Contains {
    pub(crate) negated: bool,
}

impl Kernel for Contains {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let (texts, needles) = (inputs[0].texts()?, inputs[1].texts()?);
        let found = match needles {
            Texts::Scalar(needle) => {
                let finder = Finder::new(needle.as_bytes());
                BooleanBuffer::collect_bool(rows.len, |row| finder.find(texts.get(row).as_bytes()).is_some())
            }
            Texts::Array(_) => {
                BooleanBuffer::collect_bool(rows.len, |row| texts.get(row).contains(needles.get(row)))
            }
        };
        Ok(booleans(if self.negated { !&found } else { found }, union_nulls(inputs)))
    }
}

/// `startswith`, `endswith`; any of the inputs after the first.
#[derive(Debug, Clone, Copy)]
pub(crate) enum HasAffix {
    Prefix,
    Suffix,
}

impl Kernel for HasAffix {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let texts = inputs[0].texts()?;
        let affixes = inputs[1..].iter().map(Value::texts).collect::<Result<Vec<_>, _>>()?;
        let found = BooleanBuffer::collect_bool(rows.len, |row| {
            let text = texts.get(row);
            affixes.iter().any(|affix| match self {
                Self::Prefix => text.starts_with(affix.get(row)),
                Self::Suffix => text.ends_with(affix.get(row)),
            })
        });
        Ok(booleans(found, union_nulls(inputs)))
    }
}

/// `isdigit()`, `isalpha()`: all characters are, and there is one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum IsAll {
    Digits,
    Letters,
}

impl Kernel for IsAll {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let texts = inputs[0].texts()?;
        let test = match self {
            Self::Digits => is_digit,
            Self::Letters => is_alpha,
        };
        let found = BooleanBuffer::collect_bool(rows.len, |row| {
            let text = texts.get(row);
            !text.is_empty() && text.chars().all(test)
        });
        Ok(booleans(found, union_nulls(inputs)))
    }
}

/// `find(needle)`: the index of the first, or -1; `count(needle)`: how many without overlap.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Search {
    Find,
    Count,
}

impl Kernel for Search {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let (texts, needles) = (inputs[0].texts()?, inputs[1].texts()?);
        let values = match needles {
            Texts::Scalar(needle) => {
                let finder = Finder::new(needle.as_bytes());
                (0..rows.len).map(|row| self.search(texts.get(row), &finder)).collect()
            }
            Texts::Array(_) => (0..rows.len)
                .map(|row| self.search(texts.get(row), &Finder::new(needles.get(row).as_bytes())))
                .collect(),
        };
        Ok(primitive::<Int64Type>(values, union_nulls(inputs)))
    }
}

impl Search {
    fn search(self, text: &str, finder: &Finder<'_>) -> i64 {
        match self {
            Self::Find => finder.find(text.as_bytes()).map_or(-1, |start| length(&text[..start]) as i64),
            // An empty text is found before each character and at the end.
            Self::Count if finder.needle().is_empty() => length(text) as i64 + 1,
            Self::Count => finder.find_iter(text.as_bytes()).count() as i64,
        }
    }
}

/// `len(text)` in code points.
#[derive(Debug)]
pub(crate) struct TextLength;

impl Kernel for TextLength {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let texts = inputs[0].texts()?;
        let values = if texts.is_ascii() {
            (0..rows.len).map(|row| texts.get(row).len() as i64).collect()
        } else {
            (0..rows.len).map(|row| length(texts.get(row)) as i64).collect()
        };
        Ok(primitive::<Int64Type>(values, union_nulls(inputs)))
    }
}
