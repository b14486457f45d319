//! Methods from a text to a text: case, stripping, replacing, padding, repeating.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use memchr::memmem::Finder;

use super::text_builder::{MAXIMUM, TextBuilder};
use crate::EvaluateError;
use crate::format::Sink;
use crate::format::spec::Align;
use crate::format::text::{length, write_padded};
use crate::node::Kernel;
use crate::unicode::{is_case_ignorable, is_cased, is_space, write_title};
use crate::value::{Rows, Texts, Value, union_nulls};

/// Calls `write` for every row that is not null.
pub(crate) fn write_rows(
    nulls: Option<&NullBuffer>,
    rows: &mut Rows<'_>,
    mut write: impl FnMut(usize, &mut TextBuilder) -> Result<(), Cow<'static, str>>,
) -> Result<ArrayRef, EvaluateError> {
    let mut builder = TextBuilder::new(rows.len, rows.len.saturating_mul(8));
    for row in 0..rows.len {
        if nulls.is_some_and(|nulls| nulls.is_null(row)) {
            builder.null();
            continue;
        }
        match write(row, &mut builder) {
            Ok(()) => builder.end(row, rows),
            Err(message) => {
                builder.null();
                rows.fail(row, message);
            }
        }
    }
    builder.finish()
}

/// `lower()`, `upper()`, `title()`, `capitalize()`, `swapcase()`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Lower,
    Upper,
    Title,
    Capitalize,
    Swap,
}

impl Kernel for Case {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let texts = inputs[0].texts()?;
        if let Texts::Array(array) = texts
            && matches!(self, Self::Lower | Self::Upper)
            && array.is_ascii()
        {
            return self.change_buffer(array);
        }
        let nulls = union_nulls(inputs);
        write_rows(nulls.as_ref(), rows, |row, sink| {
            self.write(texts.get(row), sink);
            Ok(())
        })
    }
}

impl Case {
    /// All rows at once: in ASCII, the case of a letter does not change its length.
    fn change_buffer(self, array: &StringArray) -> Result<ArrayRef, EvaluateError> {
        let offsets = array.value_offsets();
        let (start, end) = (offsets[0], offsets[offsets.len() - 1]);
        let mut bytes = array.value_data()[start as usize..end as usize].to_vec();
        if self == Self::Lower {
            bytes.make_ascii_lowercase();
        } else {
            bytes.make_ascii_uppercase();
        }
        let offsets = if start == 0 {
            array.offsets().clone()
        } else {
            OffsetBuffer::new(offsets.iter().map(|offset| offset - start).collect())
        };
        Ok(Arc::new(StringArray::try_new(offsets, Buffer::from_vec(bytes), array.nulls().cloned())?))
    }

    pub(crate) fn write(self, text: &str, sink: &mut impl Sink) {
        match self {
            Self::Lower => sink.push(&text.to_lowercase()),
            Self::Upper => sink.push(&text.to_uppercase()),
            Self::Capitalize => {
                let mut characters = text.chars();
                if let Some(first) = characters.next() {
                    write_title(first, sink);
                    write_lower(text, text.len() - characters.as_str().len(), sink);
                }
            }
            Self::Title => {
                // A word is a run of cased characters.
                let mut inside = false;
                for (at, character) in text.char_indices() {
                    if inside {
                        write_lower_at(text, at, character, sink);
                    } else {
                        write_title(character, sink);
                    }
                    inside = is_cased(character);
                }
            }
            Self::Swap => {
                for (at, character) in text.char_indices() {
                    if character.is_uppercase() {
                        write_lower_at(text, at, character, sink);
                    } else if character.is_lowercase() {
                        character.to_uppercase().for_each(|upper| sink.push_char(upper));
                    } else {
                        sink.push_char(character);
                    }
                }
            }
        }
    }
}

/// The rest of a text from `start`, in lower case.
fn write_lower(text: &str, start: usize, sink: &mut impl Sink) {
    for (at, character) in text[start..].char_indices() {
        write_lower_at(text, start + at, character, sink);
    }
}

/// One character of a text in lower case, which for a capital sigma depends on whether it ends a word.
fn write_lower_at(text: &str, at: usize, character: char, sink: &mut impl Sink) {
    if character == 'Σ' {
        let ignored = |character: &char| !is_case_ignorable(*character);
        let before = text[..at].chars().rev().find(ignored).is_some_and(is_cased);
        let after = text[at + character.len_utf8()..].chars().find(ignored).is_some_and(is_cased);
        sink.push_char(if before && !after { 'ς' } else { 'σ' });
    } else {
        character.to_lowercase().for_each(|lower| sink.push_char(lower));
    }
}

/// `strip()`, `lstrip()`, `rstrip()`; with a second input, of its characters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strip {
    pub(crate) start: bool,
    pub(crate) end: bool,
}

impl Kernel for Strip {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let texts = inputs[0].texts()?;
        let characters = inputs.get(1).map(Value::texts).transpose()?;
        let nulls = union_nulls(inputs);
        write_rows(nulls.as_ref(), rows, |row, sink| {
            let text = texts.get(row);
            sink.push(match characters {
                None => self.strip(text, is_space),
                Some(characters) => {
                    let characters = characters.get(row);
                    self.strip(text, |character| characters.contains(character))
                }
            });
            Ok(())
        })
    }
}

impl Strip {
    pub(crate) fn strip(self, text: &str, matches: impl Fn(char) -> bool) -> &str {
        let text = if self.start { text.trim_start_matches(&matches) } else { text };
        if self.end { text.trim_end_matches(&matches) } else { text }
    }
}

/// `replace(old, new)`, `replace(old, new, count)`
#[derive(Debug)]
pub(crate) struct Replace;

impl Kernel for Replace {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let (texts, old, new) = (inputs[0].texts()?, inputs[1].texts()?, inputs[2].texts()?);
        let count = inputs.get(3).map(Value::ints).transpose()?;
        let nulls = union_nulls(inputs);
        let constant = match old {
            Texts::Scalar(old) => Some(Finder::new(old.as_bytes())),
            Texts::Array(_) => None,
        };
        write_rows(nulls.as_ref(), rows, |row, sink| {
            let (text, old, new) = (texts.get(row), old.get(row), new.get(row));
            // A negative count means all.
            let count =
                count.map_or(usize::MAX, |count| usize::try_from(count.get(row)).unwrap_or(usize::MAX));
            if old.is_empty() {
                insert_between(text, new, count, sink);
            } else if let Some(finder) = &constant {
                replace(text, finder, old.len(), new, count, sink);
            } else {
                replace(text, &Finder::new(old.as_bytes()), old.len(), new, count, sink);
            }
            Ok(())
        })
    }
}

pub(crate) fn replace(
    text: &str,
    finder: &Finder<'_>,
    old: usize,
    new: &str,
    count: usize,
    sink: &mut impl Sink,
) {
    let mut rest = text;
    for start in finder.find_iter(text.as_bytes()).take(count) {
        let before = start - (text.len() - rest.len());
        sink.push(&rest[..before]);
        sink.push(new);
        rest = &rest[before + old..];
    }
    sink.push(rest);
}

/// An empty text is found before each character and at the end.
pub(crate) fn insert_between(text: &str, new: &str, count: usize, sink: &mut impl Sink) {
    let mut left = count;
    for character in text.chars() {
        if left > 0 {
            sink.push(new);
            left -= 1;
        }
        sink.push_char(character);
    }
    if left > 0 {
        sink.push(new);
    }
}

/// `removeprefix(affix)`, `removesuffix(affix)`
#[derive(Debug, Clone, Copy)]
pub(crate) enum RemoveAffix {
    Prefix,
    Suffix,
}

impl Kernel for RemoveAffix {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let (texts, affixes) = (inputs[0].texts()?, inputs[1].texts()?);
        let nulls = union_nulls(inputs);
        write_rows(nulls.as_ref(), rows, |row, sink| {
            let (text, affix) = (texts.get(row), affixes.get(row));
            let removed = match self {
                Self::Prefix => text.strip_prefix(affix),
                Self::Suffix => text.strip_suffix(affix),
            };
            sink.push(removed.unwrap_or(text));
            Ok(())
        })
    }
}

/// `ljust`, `rjust`, `center`, `zfill`; the inputs are the text, the width and the character to fill with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Justify {
    Left,
    Right,
    Centre,
    Zeros,
}

impl Kernel for Justify {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let (texts, widths) = (inputs[0].texts()?, inputs[1].ints()?);
        let fills = inputs.get(2).map(Value::texts).transpose()?;
        let nulls = union_nulls(inputs);
        write_rows(nulls.as_ref(), rows, |row, sink| {
            let text = texts.get(row);
            let width = usize::try_from(widths.get(row)).unwrap_or(0);
            if width > MAXIMUM {
                return Err(Cow::Borrowed("the width is more than 16 Mi characters"));
            }
            let fill = match fills {
                None => ' ',
                Some(fills) => {
                    let mut characters = fills.get(row).chars();
                    match (characters.next(), characters.next()) {
                        (Some(fill), None) => fill,
                        _ => {
                            return Err(Cow::Borrowed("the text to fill with must be one character long"));
                        }
                    }
                }
            };
            match self {
                Self::Left => write_padded(text, width, fill, Align::Left, sink),
                Self::Right => write_padded(text, width, fill, Align::Right, sink),
                Self::Centre => {
                    // CPython puts the odd character left if the width is odd too.
                    let padding = width.saturating_sub(length(text));
                    let before = padding / 2 + (padding & width & 1);
                    sink.push_repeated(fill, before);
                    sink.push(text);
                    sink.push_repeated(fill, padding - before);
                }
                Self::Zeros => {
                    let padding = width.saturating_sub(length(text));
                    let (sign, digits) = match text.strip_prefix(['+', '-']) {
                        Some(digits) => (&text[..1], digits),
                        None => ("", text),
                    };
                    sink.push(sign);
                    sink.push_repeated('0', padding);
                    sink.push(digits);
                }
            }
            Ok(())
        })
    }
}

/// `text * count`
#[derive(Debug)]
pub(crate) struct Repeat;

impl Kernel for Repeat {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let (texts, counts) = (inputs[0].texts()?, inputs[1].ints()?);
        let nulls = union_nulls(inputs);
        write_rows(nulls.as_ref(), rows, |row, sink| {
            let text = texts.get(row);
            let count = usize::try_from(counts.get(row)).unwrap_or(0);
            if text.is_empty() {
                return Ok(());
            }
            if text.len().checked_mul(count).is_none_or(|bytes| bytes > MAXIMUM) {
                return Err(Cow::Borrowed("the text is longer than 16 MiB"));
            }
            for _ in 0..count {
                sink.push(text);
            }
            Ok(())
        })
    }
}
