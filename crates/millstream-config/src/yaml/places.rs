//! From the parser's positions to bytes of the file.

use saphyr_parser::ScalarStyle;

use crate::source_file::Span;

/// The parser counts characters; everything else counts bytes.
pub(super) enum CharacterOffsets {
    Ascii(usize),
    Wide(Vec<usize>),
}

impl CharacterOffsets {
    pub(super) fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self::Ascii(text.len());
        }
        let mut offsets: Vec<usize> = text.char_indices().map(|(offset, _)| offset).collect();
        offsets.push(text.len());
        Self::Wide(offsets)
    }

    pub(super) fn byte(&self, character: usize) -> usize {
        match self {
            Self::Ascii(length) => character.min(*length),
            Self::Wide(offsets) => offsets[character.min(offsets.len() - 1)],
        }
    }

    pub(super) fn span(&self, span: saphyr_parser::Span) -> Span {
        Span::new(self.byte(span.start.index()), self.byte(span.end.index()))
    }
}

/// Where a scalar itself is: without its anchor and tag, and without what follows its closing quote.
pub(super) fn scalar_place(text: &str, span: Span, style: ScalarStyle, has_properties: bool) -> Span {
    let start = if has_properties { after_properties(text, span.start).min(span.end) } else { span.start };
    match style {
        ScalarStyle::Plain => Span::new(start, span.end),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
            Span::new(start, closing_quote(text, start).unwrap_or(span.end))
        }
        ScalarStyle::Literal | ScalarStyle::Folded => {
            let start = if has_properties { first_content(text, start) } else { start };
            let content = text.get(start..span.end).unwrap_or_default();
            Span::new(start, start + content.trim_end().len())
        }
    }
}

/// Where the value begins after `&anchor` and `!tag`, in any order, on any line.
fn after_properties(text: &str, mut at: usize) -> usize {
    loop {
        let rest = &text[at..];
        let trimmed = rest.trim_start();
        let start = at + rest.len() - trimmed.len();
        match trimmed.as_bytes().first() {
            Some(b'&' | b'!') => {
                let end =
                    trimmed.find(|c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}'));
                at = start + end.unwrap_or(trimmed.len());
            }
            Some(b'#') => at = start + trimmed.find('\n').unwrap_or(trimmed.len()),
            _ => return start,
        }
    }
}

/// The byte after the quote that closes the one at `start`.
fn closing_quote(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = *bytes.get(start)?;
    let mut at = start + 1;
    loop {
        match *bytes.get(at)? {
            b'\\' if quote == b'"' => at += 2,
            byte if byte == quote => {
                at += 1;
                if quote == b'"' || bytes.get(at) != Some(&quote) {
                    return Some(at);
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// The first character of the content of the block scalar whose header is at `header`.
fn first_content(text: &str, header: usize) -> usize {
    let line_end = text[header..].find('\n').map_or(text.len(), |at| header + at);
    let rest = &text[line_end..];
    text.len() - rest.trim_start().len()
}
