//! Texts with a format.

use super::Sink;
use super::spec::{Align, Spec};

/// A text with a format: cut to its precision, and padded to its width; both count code points.
pub(crate) fn write_text(text: &str, spec: &Spec, sink: &mut impl Sink) {
    let text = match spec.precision {
        Some(precision) => cut(text, precision),
        None => text,
    };
    write_padded(text, spec.width, spec.fill, spec.align, sink);
}

pub(crate) fn write_padded(text: &str, width: usize, fill: char, align: Align, sink: &mut impl Sink) {
    let padding = width.saturating_sub(length(text));
    let before = match align {
        Align::Left | Align::AfterSign => 0,
        Align::Right => padding,
        Align::Centre => padding / 2,
    };
    sink.push_repeated(fill, before);
    sink.push(text);
    sink.push_repeated(fill, padding - before);
}

/// The number of code points.
#[inline]
pub(crate) fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

/// The first `count` code points.
pub(crate) fn cut(text: &str, count: usize) -> &str {
    if text.len() <= count {
        return text;
    }
    match text.char_indices().nth(count) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
