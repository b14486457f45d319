//! Where records and fields are in the bytes of a CSV file.
//!
//! A quote opens a field only as its first byte. Inside, a doubled quote stands for one; a quote before a delimiter,
//! a line end or the end of the file closes the field. Any other quote makes its record a bad one, but not the
//! records after it: outside of quotes a line feed always ends a record. A carriage return right before the line
//! feed, or at the end of the file, belongs to the line end.

use memchr::{memchr, memrchr};

use crate::scan;

/// The two characters that give a file its structure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quote: u8,
}

impl Dialect {
    /// The length of the longest prefix that ends with a line feed outside of quotes.
    pub(super) fn whole_records(self, buffer: &[u8]) -> usize {
        match memchr(self.quote, buffer) {
            None => memrchr(b'\n', buffer).map_or(0, |line_feed| line_feed + 1),
            Some(_) => self.whole_by_parity(buffer).unwrap_or_else(|| self.whole_by_quotes(buffer)),
        }
    }

    /// As [`Dialect::whole_records`], 64 bytes at a time: what follows an odd number of quotes is inside quotes. That
    /// holds as long as each quote that opens is the first byte of a field, or the second of a doubled quote; `None`
    /// if one is neither.
    fn whole_by_parity(self, buffer: &[u8]) -> Option<usize> {
        // All bits set where the block before ends inside quotes.
        let mut inside_before = 0;
        for index in 0..buffer.len().div_ceil(64) {
            let quotes = mask(buffer, index, self.quote);
            let inside = scan::running_parity(quotes) ^ inside_before;
            let mut opening = quotes & inside;
            while opening != 0 {
                let open = index * 64 + opening.trailing_zeros() as usize;
                opening &= opening - 1;
                let before = open.checked_sub(1).map_or(b'\n', |before| buffer[before]);
                if before != self.delimiter && before != b'\n' && before != self.quote {
                    return None;
                }
            }
            inside_before = last_bit(inside);
        }
        // Backwards, the last line feed outside of quotes is mostly in the first block.
        let mut inside_after = inside_before;
        for index in (0..buffer.len().div_ceil(64)).rev() {
            let parity = scan::running_parity(mask(buffer, index, self.quote));
            let inside = parity ^ last_bit(parity) ^ inside_after;
            let ends = mask(buffer, index, b'\n') & !inside;
            if ends != 0 {
                return Some(index * 64 + 64 - ends.leading_zeros() as usize);
            }
            inside_after ^= last_bit(parity);
        }
        Some(0)
    }

    /// As [`Dialect::whole_records`], quote by quote.
    fn whole_by_quotes(self, buffer: &[u8]) -> usize {
        let (mut whole, mut outside, mut search) = (0, 0, 0);
        while let Some(found) = memchr(self.quote, &buffer[search..]) {
            let open = search + found;
            let first_of_field =
                open == 0 || matches!(buffer[open - 1], byte if byte == self.delimiter || byte == b'\n');
            if !first_of_field {
                search = open + 1;
                continue;
            }
            if let Some(line_feed) = memrchr(b'\n', &buffer[outside..open]) {
                whole = outside + line_feed + 1;
            }
            let Some(close) = self.closing_quote(buffer, open + 1) else {
                return whole;
            };
            outside = close + 1;
            search = close + 1;
        }
        match memrchr(b'\n', &buffer[outside..]) {
            Some(line_feed) => outside + line_feed + 1,
            None => whole,
        }
    }

    fn closing_quote(self, buffer: &[u8], mut from: usize) -> Option<usize> {
        loop {
            let quote = from + memchr(self.quote, buffer.get(from..)?)?;
            if buffer.get(quote + 1) != Some(&self.quote) {
                return Some(quote);
            }
            from = quote + 2;
        }
    }
}

/// Where `needle` is in block `index` of 64 bytes.
#[inline]
fn mask(buffer: &[u8], index: usize, needle: u8) -> u64 {
    let rest = &buffer[index * 64..];
    if let Some(block) = rest.first_chunk() {
        return scan::mask_of_one(block, needle);
    }
    let mut block = [0; 64];
    block[..rest.len()].copy_from_slice(rest);
    scan::mask_of_one(&block, needle) & ((1 << rest.len()) - 1)
}

/// The highest bit, for all 64 bits.
#[inline]
fn last_bit(mask: u64) -> u64 {
    // The shift of a signed number repeats its sign.
    (mask.cast_signed() >> 63).cast_unsigned()
}

/// The place of a field's content, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// The highest bit says whether the field is quoted.
    start: u32,
    /// The highest bit says whether the content has doubled quotes.
    end: u32,
}

const FLAG: u32 = 1 << 31;

impl Field {
    #[inline]
    fn plain(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    fn quoted(start: usize, end: usize, doubled: bool) -> Self {
        Self { start: start as u32 | FLAG, end: end as u32 | if doubled { FLAG } else { 0 } }
    }

    #[inline]
    pub(super) fn start(self) -> usize {
        (self.start & !FLAG) as usize
    }

    #[inline]
    pub(super) fn end(self) -> usize {
        (self.end & !FLAG) as usize
    }

    /// Whether the field is in quotes.
    #[inline]
    pub(super) fn is_quoted(self) -> bool {
        self.start & FLAG != 0
    }

    /// Whether the content has doubled quotes, each of which stands for one.
    #[inline]
    pub(super) fn has_doubled_quotes(self) -> bool {
        self.end & FLAG != 0
    }

    /// The content as it was meant, without doubled quotes.
    pub(super) fn content(self, bytes: &[u8], quote: u8) -> Vec<u8> {
        let raw = &bytes[self.start()..self.end()];
        let mut content = Vec::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(position) = memchr(quote, rest).filter(|_| self.has_doubled_quotes()) {
            content.extend_from_slice(&rest[..=position]);
            rest = rest.get(position + 2..).unwrap_or_default();
        }
        content.extend_from_slice(rest);
        content
    }
}

/// What is wrong with the quotes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A quote in a field that does not start with one.
    StrayQuote,
    /// Something between a closing quote and the end of the field.
    AfterQuote,
    /// A quoted field that the end of the file cuts off.
    Unterminated,
}

/// A record that is no blank line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub(super) start: usize,
    /// Before the line end.
    pub(super) end: usize,
    pub(super) flaw: Option<Flaw>,
}

/// Cuts bytes, which start with a record, into records and fields.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    dialect: Dialect,
    position: usize,
    /// Start of the 64 bytes that `mask` is about.
    base: usize,
    /// Delimiters, quotes and line feeds that have not been looked at.
    mask: u64,
}

impl<'a> Records<'a> {
    pub(super) fn new(bytes: &'a [u8], dialect: Dialect) -> Self {
        let mut records = Self { bytes, dialect, position: 0, base: 0, mask: 0 };
        records.mask = records.load();
        records
    }

    /// Where the next record starts: after the line end of the last one.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Adds the fields of the next record to `fields`; blank lines are skipped.
    #[inline]
    pub(super) fn next(&mut self, fields: &mut Vec<Field>) -> Option<Record> {
        while self.position < self.bytes.len() {
            let start = self.position;
            let before = fields.len();
            let (end, flaw) = self.record(fields);
            if start < end || flaw.is_some() {
                return Some(Record { start, end, flaw });
            }
            fields.truncate(before);
        }
        None
    }

    /// Adds the fields of the record at `position` and goes past it. Gives its end and its flaw.
    #[inline]
    fn record(&mut self, fields: &mut Vec<Field>) -> (usize, Option<Flaw>) {
        let (delimiter, quote) = (self.dialect.delimiter, self.dialect.quote);
        let mut flaw = None;
        let mut field = self.position;
        loop {
            let at = self.special();
            let byte = self.bytes.get(at).copied();
            if byte == Some(delimiter) {
                fields.push(Field::plain(field, at));
                field = at + 1;
            } else if byte != Some(quote) {
                let end = self.end_of_line(field, at);
                fields.push(Field::plain(field, end));
                return (end, flaw);
            } else if at > field {
                flaw = flaw.or(Some(Flaw::StrayQuote));
            } else {
                let Some((close, doubled)) = self.close() else {
                    self.position = self.bytes.len();
                    fields.push(Field::quoted(
                        field + 1,
                        self.bytes.len(),
                        doubled_in(self.bytes, field, quote),
                    ));
                    return (self.bytes.len(), Some(Flaw::Unterminated));
                };
                fields.push(Field::quoted(field + 1, close, doubled));
                let (after, clean) = self.after_quote(close);
                if !clean {
                    flaw = flaw.or(Some(Flaw::AfterQuote));
                }
                if self.bytes.get(after) != Some(&delimiter) {
                    return (self.end_of_line(close + 1, after), flaw);
                }
                field = after + 1;
            }
        }
    }

    /// Goes past the line feed at `at` (or the end of the bytes); gives where the line ends, which started no earlier
    /// than `from`.
    #[inline]
    fn end_of_line(&mut self, from: usize, at: usize) -> usize {
        self.position = at + 1;
        if at > from && self.bytes[at - 1] == b'\r' { at - 1 } else { at }
    }

    /// The quote that closes the field whose opening quote was the last special, and whether there are doubled ones
    /// before it.
    fn close(&mut self) -> Option<(usize, bool)> {
        let quote = self.dialect.quote;
        let mut doubled = false;
        loop {
            let at = self.special();
            if *self.bytes.get(at)? != quote {
                continue;
            }
            if self.bytes.get(at + 1) != Some(&quote) {
                return Some((at, doubled));
            }
            self.special();
            doubled = true;
        }
    }

    /// The delimiter or line feed (or end of the bytes) that ends a field closed at `close`, and whether it follows
    /// directly.
    fn after_quote(&mut self, close: usize) -> (usize, bool) {
        let after = self.special();
        let next = self.bytes.get(after).copied();
        let clean = match after - close {
            1 => next != Some(self.dialect.quote),
            2 => self.bytes[close + 1] == b'\r' && next.is_none_or(|byte| byte == b'\n'),
            _ => false,
        };
        if clean {
            return (after, true);
        }
        let mut after = after;
        while self.bytes.get(after) == Some(&self.dialect.quote) {
            after = self.special();
        }
        (after, false)
    }

    /// The next delimiter, quote or line feed; the length of the bytes if there is none.
    #[inline]
    fn special(&mut self) -> usize {
        while self.mask == 0 {
            self.base += 64;
            if self.base >= self.bytes.len() {
                return self.bytes.len();
            }
            self.mask = self.load();
        }
        let at = self.base + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        at
    }

    #[inline]
    fn load(&self) -> u64 {
        let needles = [self.dialect.delimiter, self.dialect.quote, b'\n'];
        let rest = self.bytes.get(self.base..).unwrap_or_default();
        if let Some(block) = rest.first_chunk() {
            return scan::mask_of(block, needles);
        }
        let mut block = [0; 64];
        block[..rest.len()].copy_from_slice(rest);
        scan::mask_of(&block, needles) & ((1 << rest.len()) - 1)
    }
}

/// Whether an unterminated field that opens at `open` has doubled quotes; each quote in it is one of a pair.
#[cold]
fn doubled_in(bytes: &[u8], open: usize, quote: u8) -> bool {
    memchr(quote, bytes.get(open + 1..).unwrap_or_default()).is_some()
}
