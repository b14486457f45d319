//! Cuts text files into blocks of whole records, one file after the other.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use millstream_core::{Boundary, Decode, Decoded, Error, Result, Work};
use millstream_formats::compression::read_error;
use millstream_formats::text::{Block, TextFormat};
use millstream_formats::{Compression, decompress};

use super::bookmark::{Position, TextPosition};
use super::outlet::{Outlet, Progress, Stop};
use crate::failure::source_error;

/// No record of a sane file is larger; a missing quote makes one that is.
const LONGEST_RECORD: usize = 64 << 20;

/// A text file being read.
pub(super) struct TextInput {
    /// The decompressed bytes.
    reader: Box<dyn Read + Send>,
    /// The bytes as stored that were read so far.
    stored: Arc<AtomicU64>,
}

impl TextInput {
    /// Opens a file at `offset` of its decompressed bytes.
    pub(super) fn open(path: &Path, offset: u64) -> Result<Self> {
        let mut file = File::open(path).map_err(|error| source_error("open", path, error))?;
        let mut first = Vec::with_capacity(4);
        file.by_ref().take(4).read_to_end(&mut first).map_err(|error| source_error("read", path, error))?;
        let compression = Compression::detect(path, &first);
        let seek = |file: &mut File, to: SeekFrom| {
            let sought = file.seek(to);
            sought.map_err(|error| source_error("find the place in", path, error))
        };
        let stored = Arc::new(AtomicU64::new(0));
        let counted = |file| Counted { inner: file, count: Arc::clone(&stored) };
        let shorter = |found: u64, state: &str| {
            Error::state(format!(
                "{} has got {found} bytes{state}, but the earlier run had read {offset}",
                path.display()
            ))
            .hint("put the file back as it was, or start over with --restart")
        };
        if compression == Compression::None {
            let length = seek(&mut file, SeekFrom::End(0))?;
            if length < offset {
                return Err(shorter(length, ""));
            }
            seek(&mut file, SeekFrom::Start(offset))?;
            stored.store(offset, Ordering::Relaxed);
            let reader = Box::new(counted(file));
            return Ok(Self { reader, stored });
        }
        seek(&mut file, SeekFrom::Start(0))?;
        let mut reader =
            decompress(compression, counted(file)).map_err(|error| source_error("read", path, error))?;
        let skipped = io::copy(&mut reader.by_ref().take(offset), &mut io::sink())
            .map_err(|error| read_error(&path.display().to_string(), error))?;
        if skipped < offset {
            return Err(shorter(skipped, " when decompressed"));
        }
        Ok(Self { reader, stored })
    }

    /// The first bytes of a file, at most `limit`, and whether they are all.
    pub(super) fn sample(path: &Path, limit: usize) -> Result<(Vec<u8>, bool)> {
        let mut input = Self::open(path, 0)?;
        let mut bytes = Vec::new();
        // One byte more tells whether the limit cut anything off.
        let more = input.read(&mut bytes, limit + 1, path)?;
        bytes.truncate(limit);
        Ok((bytes, !more))
    }

    /// Appends bytes until `buffer` has got `length`; `false` at the end of the file.
    fn read(&mut self, buffer: &mut Vec<u8>, length: usize, path: &Path) -> Result<bool> {
        let missing = length.saturating_sub(buffer.len());
        buffer.reserve_exact(missing);
        let read = self.reader.by_ref().take(missing as u64).read_to_end(buffer);
        match read {
            Ok(read) => Ok(read == missing),
            Err(error) => Err(read_error(&path.display().to_string(), error)),
        }
    }
}

/// Hands out blocks of text files.
pub(super) struct TextReader {
    pub(super) format: Arc<dyn TextFormat>,
    pub(super) block_bytes: usize,
}

impl TextReader {
    /// Reads file number `index` from `start` to its end.
    pub(super) fn read(
        &self,
        path: &Path,
        index: usize,
        start: TextPosition,
        outlet: &Outlet,
    ) -> Result<(), Stop> {
        let mut file = Cutting {
            input: TextInput::open(path, start.offset)?,
            path,
            name: path.display().to_string().into(),
            buffer: Vec::with_capacity(self.block_bytes),
            position: start,
        };
        self.skip_to_records(&mut file)?;
        let mut wanted = self.block_bytes;
        loop {
            let at_end = file.fill(wanted)?;
            let whole = if at_end {
                // Whatever is left is a record, if a broken one.
                file.buffer.len()
            } else {
                let whole = self.format.whole_records(&file.buffer, false);
                whole.map_err(|error| error.context(file.name.to_string()))?
            };
            if whole > 0 {
                let block = file.cut(whole, self.block_bytes);
                let progress = Progress { file: index, position: Position::Text(file.position), done: None };
                outlet.work(self.work(block), progress)?;
                wanted = self.block_bytes;
            }
            if at_end {
                break;
            }
            if whole == 0 {
                wanted = file.larger()?;
            }
        }
        outlet.finished(Progress {
            file: index,
            position: Position::Text(file.position),
            done: Some(file.input.stored.load(Ordering::Relaxed)),
        })
    }

    /// Goes over what is no record: the preamble, or the line end that came after the last record was read.
    fn skip_to_records(&self, file: &mut Cutting<'_>) -> Result<()> {
        let at_start = file.position.offset == 0;
        if !at_start && !file.position.unterminated {
            return Ok(());
        }
        let mut wanted = self.block_bytes;
        loop {
            let at_end = file.fill(wanted)?;
            let skip = if at_start {
                let preamble = self.format.preamble(&file.buffer, at_end);
                preamble.map_err(|error| error.context(file.name.to_string()))?
            } else {
                file.line_end(at_end)?
            };
            if let Some(length) = skip {
                file.position.advance(&file.buffer[..length]);
                file.buffer.drain(..length);
                return Ok(());
            }
            if at_end {
                return Ok(());
            }
            wanted = file.larger()?;
        }
    }

    fn work(&self, block: Block) -> Work {
        Work {
            stream: 0,
            // The text and about as much again for the columns.
            bytes: block.bytes.len() * 2,
            decode: Box::new(TextWork { block, format: Arc::clone(&self.format) }),
            boundary: Boundary::Allowed,
        }
    }
}

/// A file that is being cut into blocks.
struct Cutting<'a> {
    input: TextInput,
    path: &'a Path,
    name: Arc<str>,
    /// What was read and not yet handed out; it starts with a record.
    buffer: Vec<u8>,
    /// The place of the buffer's first byte.
    position: TextPosition,
}

impl Cutting<'_> {
    /// Reads until the buffer has got `length` bytes; `true` at the end of the file.
    fn fill(&mut self, length: usize) -> Result<bool> {
        Ok(!self.input.read(&mut self.buffer, length, self.path)?)
    }

    /// Takes `length` bytes out as a block.
    fn cut(&mut self, length: usize, block_bytes: usize) -> Block {
        let mut rest = Vec::with_capacity(block_bytes.max(self.buffer.len() - length));
        rest.extend_from_slice(&self.buffer[length..]);
        self.buffer.truncate(length);
        let block = Block {
            bytes: std::mem::replace(&mut self.buffer, rest),
            file: Arc::clone(&self.name),
            byte_offset: self.position.offset,
            first_line: self.position.line,
        };
        self.position.advance(&block.bytes);
        block
    }

    /// The next size of a buffer that is too small for a record. Doubling keeps the work linear.
    fn larger(&self) -> Result<usize> {
        if self.buffer.len() >= LONGEST_RECORD {
            return Err(Error::source(format!(
                "{}:{}: the record that starts here is longer than {} MiB",
                self.name,
                self.position.line,
                LONGEST_RECORD >> 20
            ))
            .hint("check the quotes around this line: one that is not closed swallows all lines after it"));
        }
        Ok((self.buffer.len() * 2).clamp(64, LONGEST_RECORD))
    }

    /// The length of the line end with which a file goes on that had ended without one.
    fn line_end(&self, at_end: bool) -> Result<Option<usize>> {
        match self.buffer.as_slice() {
            [b'\n', ..] => Ok(Some(1)),
            [b'\r', b'\n', ..] => Ok(Some(2)),
            [] => Ok(None),
            [b'\r'] if !at_end => Ok(None),
            _ => Err(Error::state(format!(
                "{}:{}: the earlier run read this line when its end was still missing; it has gone on since",
                self.name, self.position.line
            ))
            .hint("start over with --restart, and write whole lines to a file that is being read")),
        }
    }
}

impl TextPosition {
    fn advance(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
        if let Some(last) = bytes.last() {
            self.unterminated = *last != b'\n';
        }
    }
}

#[derive(Debug)]
struct TextWork {
    block: Block,
    format: Arc<dyn TextFormat>,
}

impl Decode for TextWork {
    fn decode(self: Box<Self>) -> Result<Decoded> {
        self.format.decode(&self.block)
    }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
