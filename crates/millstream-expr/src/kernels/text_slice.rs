//! `text[index]`, `text[start:stop:step]`, by code points.

use std::borrow::Cow;

use arrow::array::ArrayRef;

use super::list::position;
use super::text_change::write_rows;
use crate::EvaluateError;
use crate::format::Sink;
use crate::format::text::length;
use crate::node::Kernel;
use crate::value::{Rows, Value, union_nulls};

/// `text[index]`
#[derive(Debug)]
pub(crate) struct TextItem;

impl Kernel for TextItem {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let (texts, indices) = (inputs[0].texts()?, inputs[1].ints()?);
        let ascii = texts.is_ascii();
        let nulls = union_nulls(inputs);
        write_rows(nulls.as_ref(), rows, |row, sink| {
            let (text, index) = (texts.get(row), indices.get(row));
            let item = if ascii {
                position(index, text.len()).map(|index| &text[index..=index])
            } else {
                position(index, length(text)).map(|index| between(text, index, index + 1))
            };
            sink.push(item.ok_or(Cow::Borrowed("string index out of range"))?);
            Ok(())
        })
    }
}

/// `text[start:stop:step]`: which of the bounds are there, as inputs after the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextSlice {
    pub(crate) start: bool,
    pub(crate) stop: bool,
    pub(crate) step: bool,
}

impl Kernel for TextSlice {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let texts = inputs[0].texts()?;
        // The bounds follow each other: one that is not there takes none.
        let mut bounds = inputs[1..].iter();
        let mut bound = |there: bool| {
            let value = if there { bounds.next() } else { None };
            value.map(Value::ints).transpose()
        };
        let (start, stop, step) = (bound(self.start)?, bound(self.stop)?, bound(self.step)?);
        let ascii = texts.is_ascii();
        let nulls = union_nulls(inputs);
        let mut characters = Vec::new();
        write_rows(nulls.as_ref(), rows, |row, sink| {
            let text = texts.get(row);
            let step = step.map_or(1, |step| step.get(row));
            if step == 0 {
                return Err(Cow::Borrowed("the step of a slice cannot be 0"));
            }
            let len = if ascii { text.len() } else { length(text) };
            let bounds = Bounds::new(
                len as i64,
                start.map(|start| start.get(row)),
                stop.map(|stop| stop.get(row)),
                step,
            );
            if step == 1 {
                let (start, stop) = (bounds.start as usize, bounds.stop.max(bounds.start) as usize);
                sink.push(if len == text.len() { &text[start..stop] } else { between(text, start, stop) });
            } else {
                write_steps(text, bounds, step, &mut characters, sink);
            }
            Ok(())
        })
    }
}

/// A slice's bounds, within a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) start: i64,
    pub(crate) stop: i64,
}

impl Bounds {
    /// As CPython's `PySlice_AdjustIndices`.
    pub(crate) fn new(len: i64, start: Option<i64>, stop: Option<i64>, step: i64) -> Self {
        let (lowest, highest) = if step < 0 { (-1, len - 1) } else { (0, len) };
        let adjust = |index: i64| {
            let index = if index < 0 { index.saturating_add(len) } else { index };
            index.clamp(lowest, highest.max(lowest))
        };
        let start = start.map_or(if step < 0 { highest } else { lowest }, adjust);
        let stop = stop.map_or(if step < 0 { lowest } else { highest }, adjust);
        Self { start, stop }
    }

    /// The indices of the slice.
    pub(crate) fn indices(self, step: i64) -> impl Iterator<Item = usize> {
        let mut next = Some(self.start);
        std::iter::from_fn(move || {
            let index = next?;
            let inside = if step > 0 { index < self.stop } else { index > self.stop };
            if !inside {
                return None;
            }
            next = index.checked_add(step);
            usize::try_from(index).ok()
        })
    }
}

/// The code points from `start` up to `stop`.
pub(crate) fn between(text: &str, start: usize, stop: usize) -> &str {
    let mut ends = text.char_indices().map(|(at, _)| at);
    let from = ends.nth(start).unwrap_or(text.len());
    let to = if stop <= start { from } else { ends.nth(stop - start - 1).unwrap_or(text.len()) };
    &text[from..to]
}

pub(crate) fn write_steps(
    text: &str,
    bounds: Bounds,
    step: i64,
    characters: &mut Vec<char>,
    sink: &mut impl Sink,
) {
    characters.clear();
    characters.extend(text.chars());
    for index in bounds.indices(step) {
        if let Some(character) = characters.get(index) {
            sink.push_char(*character);
        }
    }
}
