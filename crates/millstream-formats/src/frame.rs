//! What stands around the rows of a text file: brackets, statements, a header.
//!
//! Workers encode rows without knowing where in a file they come to stand. A [`Frame`] puts what they made into a file
//! that has a known number of rows already, so that the bytes depend on the rows alone and not on who encoded them.

use millstream_core::Result;

/// What stands around the rows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    head: Vec<u8>,
    group: Option<Group>,
    rows: Rows,
    tail: Vec<u8>,
    empty_tail: Vec<u8>,
}

/// Rows that stand together in one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// What comes before them.
    pub(crate) head: Vec<u8>,
    /// What comes after them, if another group follows.
    pub(crate) tail: Vec<u8>,
    /// How many there are in each group but the last; at least one.
    pub(crate) rows: u64,
}

/// How rows are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Each ends with a line feed; others stand only between two of these quotes, if there are quotes.
    EndWithLine(Option<u8>),
    /// Each begins with a comma and a line feed, which fall away at the start of a file or a group; other line feeds
    /// stand only between two of these quotes, if there are quotes.
    BeginWithComma(Option<u8>),
    /// Not at all: what is encoded together stays together.
    Blocks,
}

const COMMA: usize = b",\n".len();

impl Frame {
    /// Lines after a header.
    pub(crate) fn lines(head: Vec<u8>, quote: Option<u8>) -> Self {
        Self { head, group: None, rows: Rows::EndWithLine(quote), tail: Vec::new(), empty_tail: Vec::new() }
    }

    /// Blocks of rows after a head.
    pub(crate) fn blocks(head: Vec<u8>) -> Self {
        Self { head, group: None, rows: Rows::Blocks, tail: Vec::new(), empty_tail: Vec::new() }
    }

    /// Rows between a head and a tail.
    pub(crate) fn list(
        head: Vec<u8>,
        group: Option<Group>,
        quote: Option<u8>,
        tail: Vec<u8>,
        empty_tail: Vec<u8>,
    ) -> Self {
        Self { head, group, rows: Rows::BeginWithComma(quote), tail, empty_tail }
    }

    /// What a file starts with.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// What makes a file of `rows` rows whole. It is overwritten by the rows that come after it.
    pub fn tail(&self, rows: u64) -> &[u8] {
        if rows == 0 { &self.empty_tail } else { &self.tail }
    }

    /// Whether encoded rows can be cut into several parts.
    pub fn can_be_cut(&self) -> bool {
        self.rows != Rows::Blocks
    }

    /// Whether a file needs a tail to be whole.
    pub fn has_tail(&self) -> bool {
        !self.tail.is_empty()
    }

    /// Gives to `write` what `rows` encoded rows look like in a file that has `before` rows.
    pub fn place(
        &self,
        before: u64,
        mut bytes: &[u8],
        mut rows: u64,
        mut write: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        if rows == 0 {
            return Ok(());
        }
        let Some(group) = &self.group else {
            let skipped = if before == 0 { self.separator() } else { 0 };
            return write(&bytes[skipped..]);
        };
        let mut before = before;
        while rows > 0 {
            let position = before % group.rows;
            if position == 0 {
                if before > 0 {
                    write(&group.tail)?;
                }
                write(&group.head)?;
            }
            let taken = rows.min(group.rows - position);
            let length = if taken == rows { bytes.len() } else { self.length_of(bytes, taken) };
            let skipped = if position == 0 { self.separator() } else { 0 };
            write(&bytes[skipped..length])?;
            bytes = &bytes[length..];
            rows -= taken;
            before += taken;
        }
        Ok(())
    }

    /// The length of the first `rows` of encoded rows, of which there are more. Blocks are never cut.
    pub fn length_of(&self, bytes: &[u8], rows: u64) -> usize {
        if rows == 0 {
            return 0;
        }
        match self.rows {
            Rows::EndWithLine(quote) => line_feed(bytes, rows - 1, quote).map_or(bytes.len(), |at| at + 1),
            Rows::BeginWithComma(quote) => {
                line_feed(bytes, rows, quote).map_or(bytes.len(), |at| at + 1 - COMMA)
            }
            Rows::Blocks => bytes.len(),
        }
    }

    fn separator(&self) -> usize {
        match self.rows {
            Rows::EndWithLine(_) | Rows::Blocks => 0,
            Rows::BeginWithComma(_) => COMMA,
        }
    }
}

/// Where the line feed `index` is, counted from 0, without those between quotes.
fn line_feed(bytes: &[u8], index: u64, quote: Option<u8>) -> Option<usize> {
    let index = usize::try_from(index).ok()?;
    let Some(quote) = quote else {
        return memchr::memchr_iter(b'\n', bytes).nth(index);
    };
    let mut quoted = false;
    let mut seen = 0;
    memchr::memchr2_iter(b'\n', quote, bytes).find(|&at| {
        if bytes[at] == quote {
            // A doubled quote closes and opens again.
            quoted = !quoted;
            return false;
        }
        if quoted {
            return false;
        }
        seen += 1;
        seen > index
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(frame: &Frame, parts: &[&[&str]]) -> String {
        let mut out = frame.head().to_vec();
        let mut before = 0;
        for part in parts {
            let bytes: Vec<u8> = part.iter().flat_map(|row| format!(",\n{row}").into_bytes()).collect();
            let write = |piece: &[u8]| {
                out.extend_from_slice(piece);
                Ok(())
            };
            frame.place(before, &bytes, part.len() as u64, write).unwrap();
            before += part.len() as u64;
        }
        out.extend_from_slice(frame.tail(before));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_list_is_the_same_however_it_was_cut() {
        let frame = Frame::list(b"[\n".to_vec(), None, None, b"\n]\n".to_vec(), b"]\n".to_vec());
        assert_eq!(placed(&frame, &[]), "[\n]\n");
        assert_eq!(placed(&frame, &[&["a"], &[], &["b", "c"]]), "[\na,\nb,\nc\n]\n");
    }

    #[test]
    fn groups_end_where_the_row_count_says() {
        let group = Group { head: b"<".to_vec(), tail: b">\n".to_vec(), rows: 3 };
        let frame = Frame::list(Vec::new(), Some(group), Some(b'\''), b">".to_vec(), Vec::new());
        let rows = ["'x,\ny'", "b", "'''\n'", "d", "e", "f", "g"];
        let whole = placed(&frame, &[&rows]);
        assert_eq!(whole, "<'x,\ny',\nb,\n'''\n'>\n<d,\ne,\nf>\n<g>");
        for cut in 0..=rows.len() {
            for second in cut..=rows.len() {
                assert_eq!(placed(&frame, &[&rows[..cut], &rows[cut..second], &rows[second..]]), whole);
            }
        }
    }

    #[test]
    fn lines_are_cut_outside_quotes_only() {
        let frame = Frame::lines(Vec::new(), Some(b'"'));
        let bytes = b"a,\"1\n2\"\nb,\"x\"\"\n\"\nc,3\n";
        assert_eq!(frame.length_of(bytes, 1), 8);
        assert_eq!(frame.length_of(bytes, 2), 17);
        assert_eq!(frame.length_of(bytes, 3), bytes.len());
        assert_eq!(frame.length_of(bytes, 0), 0);
    }
}
