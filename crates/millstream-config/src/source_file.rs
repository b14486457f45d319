//! The text of a file, with its name and its lines.

use std::ops::Range;

/// A range of bytes of the file, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// The bytes `start..end`; an end before the start counts as the start.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// The place before byte `at`.
    pub fn empty(at: usize) -> Self {
        Self { start: at, end: at }
    }

    /// As a range, for slicing.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A line and a column, both counted from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
}

/// A file that was read: its name as the user wrote it, its text, and where its lines start.
#[derive(Debug, Clone)]
pub struct SourceFile {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

impl SourceFile {
    /// The file `name` with the content `text`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let bytes = text.as_bytes();
        let mut line_starts = vec![0];
        for (index, &byte) in bytes.iter().enumerate() {
            // YAML ends a line with LF, CRLF or a CR alone.
            if byte == b'\n' || (byte == b'\r' && bytes.get(index + 1) != Some(&b'\n')) {
                line_starts.push(index + 1);
            }
        }
        Self { name: name.into(), text, line_starts }
    }

    /// The name as the user wrote it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of `span`; empty when the span is not one of this file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The line and the column of the byte `offset`.
    pub fn position(&self, offset: usize) -> Position {
        let line = self.line_index(offset);
        let start = self.line_starts[line];
        let column = self.text[start..self.boundary(offset)].chars().count() + 1;
        Position { line: line + 1, column }
    }

    /// The nearest start of a character at or before `offset`.
    pub(crate) fn boundary(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset)
    }

    /// The index from 0 of the line that holds `offset`.
    pub(crate) fn line_index(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= offset).saturating_sub(1)
    }

    /// The bytes of the line with this index from 0, without its line end.
    pub(crate) fn line_span(&self, index: usize) -> Span {
        let start = self.line_starts.get(index).copied().unwrap_or(self.text.len());
        let end = self.line_starts.get(index + 1).copied().unwrap_or(self.text.len());
        let line = &self.text[start..end];
        Span::new(start, start + line.trim_end_matches(['\n', '\r']).len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_lf_crlf_or_cr_and_columns_count_characters() {
        let file = SourceFile::new("a.yaml", "é: 1\r\nb: 2\rc: 3\n");
        let at = |pattern: &str| {
            let position = file.position(file.text().find(pattern).unwrap());
            (position.line, position.column)
        };
        assert_eq!(at("1"), (1, 4));
        assert_eq!(at("b"), (2, 1));
        assert_eq!(at("3"), (3, 4));
        assert_eq!(file.slice(file.line_span(0)), "é: 1");
        assert_eq!(file.slice(file.line_span(1)), "b: 2");
        assert_eq!(file.position(file.text().len()).line, 4);
    }
}
