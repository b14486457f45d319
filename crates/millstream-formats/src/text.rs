//! What CSV and JSONL share when they are read: blocks of whole records.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use millstream_core::{Decoded, Error, Result};

/// A UTF-8 byte order mark.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A block of whole records cut out of a file.
#[derive(Debug, Clone)]
pub struct Block {
    /// The records, each with its line end; the last one of a file may lack it.
    pub bytes: Vec<u8>,
    /// The name of the file, for messages.
    pub file: Arc<str>,
    /// Where the block starts, in bytes of the decompressed file.
    pub byte_offset: u64,
    /// The line of its first byte; the first line of a file is 1.
    pub first_line: u64,
}

/// A format of one record after the other, each ending with a line feed.
pub trait TextFormat: Send + Sync + Debug {
    /// The length of the longest prefix of `buffer` that consists of whole records. `buffer` starts where a record
    /// starts. `at_end` says that nothing follows: then a last record without a line end counts as whole.
    ///
    /// Linear in `buffer`, and several times as fast as decoding: one reader can feed many workers.
    fn whole_records(&self, buffer: &[u8], at_end: bool) -> Result<usize>;

    /// The length of what stands before the first record of a file: a byte order mark and the CSV header, which is
    /// checked against the schema. `None` if `buffer` is too short to tell. A file of no bytes has no preamble.
    fn preamble(&self, buffer: &[u8], at_end: bool) -> Result<Option<usize>>;

    /// The rows of a block. Those that do not fit are in `rejected`, in order, with their index among the records of
    /// the block (blank lines are no records) and a message that starts with `FILE:LINE: `.
    fn decode(&self, block: &Block) -> Result<Decoded>;

    /// The columns.
    fn schema(&self) -> SchemaRef;
}

/// Refuses blocks whose offsets do not fit 31 bits, which Arrow's string offsets and our field offsets need.
pub(crate) fn check_size(block: &Block) -> Result<()> {
    if block.bytes.len() < (1 << 31) {
        return Ok(());
    }
    Err(Error::source(format!(
        "{}:{}: a record of more than 2 GiB",
        block.file, block.first_line
    ))
    .hint("check the quotes around this line: an opening quote without a closing one swallows all lines after it"))
}

/// The length of a byte order mark at the start of a file, `None` if `buffer` is too short to tell.
pub(crate) fn byte_order_mark(buffer: &[u8], at_end: bool) -> Option<usize> {
    if buffer.starts_with(BYTE_ORDER_MARK) {
        Some(BYTE_ORDER_MARK.len())
    } else if !at_end && BYTE_ORDER_MARK.starts_with(buffer) {
        None
    } else {
        Some(0)
    }
}

/// How a schema of `columns` columns came about, for `explain`.
pub(crate) fn origin(columns: usize, inferred: usize, rows: usize) -> String {
    let count = thousands(rows);
    let from = if rows == 1 { "1 row".to_owned() } else { format!("{count} rows") };
    match (columns - inferred, inferred) {
        (_, 0) => "declared".to_owned(),
        (0, _) => format!("inferred from {from}"),
        (declared, inferred) => format!("{declared} declared, {inferred} inferred from {from}"),
    }
}

/// 1234567 as `1,234,567`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Finds line numbers of ever growing positions in a block; each byte is looked at once.
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    position: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(block: &'a Block) -> Self {
        Self { bytes: &block.bytes, position: 0, line: block.first_line }
    }

    /// The line of the byte at `position`, which is no smaller than the one before.
    pub(crate) fn line_of(&mut self, position: usize) -> u64 {
        let passed = &self.bytes[self.position..position];
        self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.position = position;
        self.line
    }
}

/// A value in a message: quoted, on one line, and not too long.
pub(crate) fn shown(value: &[u8]) -> String {
    format!("{:?}", clipped(value))
}

/// The first characters of a value.
pub(crate) fn clipped(value: &[u8]) -> String {
    const LONGEST: usize = 64;
    // No more than that can be shown, however long the value is.
    let text = String::from_utf8_lossy(&value[..value.len().min(LONGEST * 4 + 4)]);
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < value.len() {
        short.push('…');
    }
    short
}
