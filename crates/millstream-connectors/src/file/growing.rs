//! One text file that grows by an epoch at a time: rows gather in a hidden part, which commit appends.
//!
//! At every moment the file is a sequence of whole epochs, except while commit appends; a crash there is healed by
//! doing the same again, since the token says where the part belongs. The tail that makes a file whole (a closing
//! bracket) is overwritten by the next part, which brings its own.

use std::io::SeekFrom;
use std::sync::Arc;

use millstream_core::{Error, Result};
use millstream_formats::Compression;
use serde::{Deserialize, Serialize};

use super::disk::Disk;
use super::output::OutputFile;
use super::place::{Place, length, lost};
use crate::failure::sink_error;

/// What has to be in the file once it is committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GrowingToken {
    /// Where the first part belongs, in bytes: before the tail.
    offset: u64,
    /// The tail that the file has got there, in bytes.
    #[serde(default)]
    tail: u64,
    /// The parts that were prepared and not yet committed, one after the other.
    parts: Vec<Part>,
}

/// The rows of one epoch, in a hidden file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    #[serde(rename = "part")]
    number: u64,
    length: u64,
    /// How many of its bytes are the file's tail.
    #[serde(default)]
    tail: u64,
}

impl GrowingToken {
    /// The length of the file with all parts.
    fn end(&self) -> u64 {
        let rows: u64 = self.parts.iter().map(|part| part.length - part.tail).sum();
        self.offset + rows + self.parts.last().map_or(self.tail, |part| part.tail)
    }
}

#[derive(Debug)]
pub(super) struct Growing {
    disk: Arc<dyn Disk>,
    place: Place,
    compression: Compression,
    header: Vec<u8>,
    /// The length of the file that is committed, without its tail.
    committed: u64,
    /// The length of its tail.
    tail: u64,
    /// Whether the tail was lost, and has to be written also if no rows come.
    needs_tail: bool,
    /// Whether the file is ours yet; if not, the first part takes its place.
    published: bool,
    pending: Vec<Part>,
    next_part: u64,
    /// The part of the epoch that is being written, with its number.
    current: Option<(u64, OutputFile)>,
}

impl Growing {
    /// Starts over. A file that is there is replaced by the first epoch if `replace`, else refused.
    pub(super) fn create(
        disk: Arc<dyn Disk>,
        place: Place,
        compression: Compression,
        header: Vec<u8>,
        replace: bool,
    ) -> Result<Self> {
        place.create_folder(disk.as_ref())?;
        let published = place.published();
        if !replace && length(&published)?.is_some() {
            return Err(Error::sink(format!(
                "{} exists, and this pipeline has no checkpoint that knows it",
                published.display()
            ))
            .hint("--restart replaces it; or move it away, or choose another path"));
        }
        place.discard_leftovers(disk.as_ref(), &[])?;
        Ok(Self {
            disk,
            place,
            compression,
            header,
            committed: 0,
            tail: 0,
            needs_tail: false,
            published: false,
            pending: Vec::new(),
            next_part: 1,
            current: None,
        })
    }

    /// Goes on after `token`: commits it if need be, and cuts off what came after it.
    pub(super) fn resume(
        disk: Arc<dyn Disk>,
        place: Place,
        compression: Compression,
        token: &GrowingToken,
    ) -> Result<Self> {
        let mut growing = Self {
            next_part: token.parts.last().map_or(0, |last| last.number) + 1,
            disk,
            place,
            compression,
            header: Vec::new(),
            committed: token.offset,
            tail: token.tail,
            needs_tail: false,
            published: true,
            pending: Vec::new(),
            current: None,
        };
        growing.commit(token)?;
        let (path, end) = (growing.place.published(), token.end());
        match length(&path)? {
            Some(found) if found == end => {}
            Some(found) if found > end => {
                growing.needs_tail = growing.tail > 0;
                let end = end - growing.tail;
                let cut = || {
                    let file = growing.disk.open(&path)?;
                    file.set_length(end)?;
                    file.sync()
                };
                cut().map_err(|error| sink_error("truncate", &path, error))?;
            }
            found => return Err(lost(&path, end, found)),
        }
        growing.place.discard_leftovers(growing.disk.as_ref(), &[])?;
        Ok(growing)
    }

    /// Goes on after an earlier run whose complete file has got `length` bytes, `tail` of them being its tail.
    pub(super) fn after_completion(
        disk: Arc<dyn Disk>,
        place: Place,
        compression: Compression,
        length: u64,
        tail: u64,
    ) -> Result<Self> {
        let token = GrowingToken { offset: length - tail, tail, parts: Vec::new() };
        Self::resume(disk, place, compression, &token)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.part()?.write(bytes)
    }

    /// `tail`: what makes the file whole after the rows so far.
    pub(super) fn prepare(&mut self, tail: &[u8]) -> Result<GrowingToken> {
        if self.is_first() || self.needs_tail {
            // The first epoch makes the file appear, also without rows.
            self.part()?;
        }
        if let Some((number, mut file)) = self.current.take() {
            let (length, tail) = file.seal_with(tail)?;
            file.sync()?;
            self.place.sync_folder(self.disk.as_ref())?;
            self.needs_tail = false;
            self.pending.push(Part { number, length, tail });
        }
        Ok(GrowingToken { offset: self.committed, tail: self.tail, parts: self.pending.clone() })
    }

    pub(super) fn commit(&mut self, token: &GrowingToken) -> Result<()> {
        let mut offset = token.offset;
        for part in &token.parts {
            self.append(offset, part)?;
            offset += part.length - part.tail;
        }
        if let Some(newest) = token.parts.last() {
            self.pending.retain(|part| part.number > newest.number);
            self.tail = newest.tail;
        }
        self.committed = self.committed.max(offset);
        self.published = true;
        Ok(())
    }

    /// Whether nothing is on its way into the file.
    pub(super) fn is_settled(&self) -> bool {
        self.pending.is_empty() && self.current.is_none()
    }

    fn is_first(&self) -> bool {
        !self.published && self.pending.is_empty()
    }

    /// The part of this epoch; it begins with the header if the file does.
    fn part(&mut self) -> Result<&mut OutputFile> {
        if self.current.is_none() {
            let number = self.next_part;
            let mut file = OutputFile::create(self.disk.as_ref(), self.place.part(number), self.compression)?;
            if self.is_first() {
                file.write(&self.header)?;
            }
            self.next_part += 1;
            self.current = Some((number, file));
        }
        match &mut self.current {
            Some((_, file)) => Ok(file),
            None => Err(Error::internal("the part that was just created is gone")),
        }
    }

    /// Puts a part where it belongs, unless it is there already.
    fn append(&self, offset: u64, part: &Part) -> Result<()> {
        let (disk, path, published) =
            (self.disk.as_ref(), self.place.part(part.number), self.place.published());
        let staged = length(&path)?;
        let end = offset + part.length;
        let Some(staged) = staged else {
            let found = length(&published)?;
            return if found.is_some_and(|found| found >= end) {
                Ok(())
            } else {
                Err(lost(&path, part.length, None))
            };
        };
        if staged != part.length {
            return Err(lost(&path, part.length, Some(staged)));
        }
        if offset == 0 {
            disk.rename(&path, &published).map_err(|error| sink_error("publish", &published, error))?;
            return self.place.sync_folder(disk);
        }
        let found = length(&published)?;
        if found.is_none_or(|found| found < offset) {
            return Err(lost(&published, offset, found));
        }
        let copy = || {
            let mut from = std::fs::File::open(&path)?;
            let mut to = disk.open(&published)?;
            to.seek(SeekFrom::Start(offset))?;
            // Over what an interrupted commit may have left: readers never see committed rows vanish.
            let copied =
                std::io::copy(&mut from, &mut to).and_then(|_| to.set_length(end)).and_then(|()| to.sync());
            if copied.is_err() {
                // What was committed stays; if even this fails, the next run cuts the rest off.
                let _ = to.set_length(offset);
            }
            copied
        };
        copy().map_err(|error| sink_error("append to", &published, error))?;
        disk.remove(&path).map_err(|error| sink_error("remove", &path, error))
    }
}
