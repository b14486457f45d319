//! From a range inside the value of a scalar back to the file.

use std::ops::Range;

use super::Style;
use crate::source_file::{SourceFile, Span};

/// One character of a value, and the bytes of the file that it was written with.
struct Piece {
    value_end: usize,
    file_start: usize,
    file_end: usize,
}

/// Where bytes `range` of the value `text`, written at `span` in `style`, are in the file; all of `span` where the
/// value does not follow from what is written there.
pub(crate) fn locate(file: &SourceFile, span: Span, style: Style, text: &str, range: Range<usize>) -> Span {
    let Some(pieces) = align(file, span, style, text) else {
        return span;
    };
    let first = pieces.partition_point(|piece| piece.value_end <= range.start);
    let after_last = pieces.partition_point(|piece| piece.value_end < range.end) + 1;
    let Some(start) = pieces.get(first).map(|piece| piece.file_start) else {
        return Span::empty(pieces.last().map_or(span.start, |piece| piece.file_end));
    };
    if range.is_empty() {
        return Span::empty(start);
    }
    let end = pieces.get(..after_last).unwrap_or(&pieces).last().map_or(start, |piece| piece.file_end);
    Span::new(start, end)
}

/// Walks the value and its writing side by side. `None` when they disagree.
fn align(file: &SourceFile, span: Span, style: Style, value: &str) -> Option<Vec<Piece>> {
    let mut walk = Walk {
        raw: file.slice(span),
        offset: span.start,
        at: 0,
        value,
        done: 0,
        pieces: Vec::with_capacity(value.len()),
    };
    match style {
        Style::Plain => walk.flow(None)?,
        Style::SingleQuoted => walk.flow(Some('\''))?,
        Style::DoubleQuoted => walk.flow(Some('"'))?,
        Style::Literal | Style::Folded => {
            let line = file.line_span(file.line_index(span.start));
            walk.block(span.start - line.start, style == Style::Folded)?;
        }
    }
    Some(walk.pieces)
}

struct Walk<'a> {
    raw: &'a str,
    /// Where `raw` begins in the file.
    offset: usize,
    at: usize,
    value: &'a str,
    done: usize,
    pieces: Vec<Piece>,
}

impl Walk<'_> {
    fn peek(&self) -> Option<char> {
        self.raw[self.at..].chars().next()
    }

    /// The next character of the value is written with the next `length` bytes.
    fn take(&mut self, expected: Option<char>, length: usize) -> Option<()> {
        let next = self.value[self.done..].chars().next()?;
        if expected.is_some_and(|expected| expected != next) {
            return None;
        }
        self.done += next.len_utf8();
        self.pieces.push(Piece {
            value_end: self.done,
            file_start: self.offset + self.at,
            file_end: self.offset + self.at + length,
        });
        self.at += length;
        Some(())
    }

    /// A plain or quoted scalar, of one line or several.
    fn flow(&mut self, quote: Option<char>) -> Option<()> {
        if quote.is_some() {
            self.at = 1;
        }
        loop {
            match self.peek() {
                None => return (quote.is_none() && self.done == self.value.len()).then_some(()),
                Some(c) if Some(c) == quote => {
                    if c == '\'' && self.raw[self.at + 1..].starts_with('\'') {
                        self.take(Some('\''), 2)?;
                    } else {
                        return (self.done == self.value.len()).then_some(());
                    }
                }
                Some('\\') if quote == Some('"') => self.escape()?,
                Some(' ' | '\t' | '\r' | '\n') => self.white()?,
                Some(c) => self.take(Some(c), c.len_utf8())?,
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        let digits = match self.raw[self.at + 1..].chars().next()? {
            '\r' | '\n' => {
                // An escaped line end: nothing of it is in the value, except further line ends.
                self.at += 1;
                let (breaks, length) = self.white_ahead();
                return self.folded(breaks.saturating_sub(1), length);
            }
            'x' => 2,
            'u' => 4,
            'U' => 8,
            other => return self.take(None, 1 + other.len_utf8()),
        };
        self.take(None, 2 + digits)
    }

    /// White space is itself, unless a line ends in it: then one line end is a space, and more are one fewer.
    fn white(&mut self) -> Option<()> {
        let (breaks, length) = self.white_ahead();
        match breaks {
            0 => (0..length).try_for_each(|_| self.take(None, 1)),
            1 => self.take(Some(' '), length),
            _ => self.folded(breaks - 1, length),
        }
    }

    fn folded(&mut self, line_ends: usize, length: usize) -> Option<()> {
        for index in 0..line_ends {
            self.take(Some('\n'), if index == 0 { length } else { 0 })?;
        }
        if line_ends == 0 {
            self.at += length;
        }
        Some(())
    }

    /// How many lines end in the white space ahead, and how long it is.
    fn white_ahead(&self) -> (usize, usize) {
        let rest = &self.raw[self.at..];
        let length = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        let white = &rest[..length];
        let lone_returns = white.matches('\r').count() - white.matches("\r\n").count();
        (white.matches('\n').count() + lone_returns, length)
    }

    /// A block scalar: line by line, without the indentation.
    fn block(&mut self, indentation: usize, folded: bool) -> Option<()> {
        let raw = self.raw;
        let mut first = true;
        let mut next_start = 0;
        for line in raw.split_inclusive(['\n', '\r']) {
            let start = next_start;
            next_start += line.len();
            let mut content = line.trim_end_matches(['\n', '\r']);
            let mut skipped = 0;
            if !first {
                skipped = content.bytes().take(indentation).take_while(|&b| b == b' ').count();
                content = &content[skipped..];
            }
            first = false;
            if content.is_empty() {
                continue;
            }
            self.at = start;
            while !self.value[self.done..].starts_with(content) {
                let next = self.value[self.done..].chars().next()?;
                if next != '\n' && !(folded && next == ' ') {
                    return None;
                }
                self.take(Some(next), 0)?;
            }
            self.at = start + skipped;
            content.chars().try_for_each(|c| self.take(Some(c), c.len_utf8()))?;
        }
        while self.value[self.done..].starts_with('\n') {
            self.take(Some('\n'), 0)?;
        }
        (self.done == self.value.len()).then_some(())
    }
}
