//! Text or Avro spread over several files, each of which is staged or grows as a single one would.

use std::num::NonZeroU64;
use std::sync::Arc;

use millstream_core::{Error, Result};
use millstream_formats::Compression;
use millstream_formats::frame::Frame;
use serde::{Deserialize, Serialize};

use super::disk::{Disk, names_in};
use super::growing::{Growing, GrowingToken};
use super::place::{Place, length, lost};
use super::split::Split;
use super::staged::{Staged, StagedToken, publish};
use crate::failure::sink_error;

/// What has to be in the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ManyToken {
    /// Rows and bytes (before compression) in the last file.
    in_last: (u64, u64),
    /// Whether this is all of a run that ended.
    last: bool,
    /// The files that are not yet published, or not yet as long as they should be; the last one is open.
    files: Vec<(u64, FileToken)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileToken {
    Staged(StagedToken),
    Growing(GrowingToken),
}

#[derive(Debug)]
enum Mode {
    Staged(Staged),
    Growing(Growing),
}

#[derive(Debug)]
enum Filled {
    Staged(StagedToken),
    Growing(Box<Growing>),
}

#[derive(Debug)]
pub(super) struct Many {
    disk: Arc<dyn Disk>,
    split: Split,
    compression: Compression,
    frame: Frame,
    /// Files that take no more rows and are not yet committed.
    filled: Vec<(u64, Filled)>,
    number: u64,
    current: Mode,
    rows: u64,
    bytes: u64,
}

impl Many {
    /// Starts over. A bounded run takes the place of an earlier one's files when it ends; an unbounded one replaces
    /// them at once if `replace`, and else refuses to.
    pub(super) fn create(
        disk: Arc<dyn Disk>,
        split: Split,
        compression: Compression,
        frame: Frame,
        bounded: bool,
        replace: bool,
    ) -> Result<Self> {
        Place::of(&split.names.path(1))?.create_folder(disk.as_ref())?;
        if !bounded {
            let found = published(&split)?;
            if let (Some((_, name)), false) = (found.first(), replace) {
                return Err(Error::sink(format!(
                    "{} exists, and this pipeline has no checkpoint that knows it",
                    split.names.folder().join(name).display()
                ))
                .hint("--restart replaces it; or move it away, or choose another path"));
            }
            remove(disk.as_ref(), &split, found.into_iter().map(|(_, name)| name))?;
        }
        discard_leftovers(disk.as_ref(), &split, 0)?;
        let current = open(&disk, &split, compression, &frame, 1, bounded)?;
        Ok(Self {
            disk,
            split,
            compression,
            frame,
            filled: Vec::new(),
            number: 1,
            current,
            rows: 0,
            bytes: 0,
        })
    }

    /// Goes on after `token`: commits it if need be, and removes what came after it.
    pub(super) fn resume(
        disk: Arc<dyn Disk>,
        split: Split,
        compression: Compression,
        frame: Frame,
        bounded: bool,
        token: &ManyToken,
    ) -> Result<Self> {
        let Some(((number, last), before)) = token.files.split_last() else {
            return Err(
                Error::state("the checkpoint knows no file of this output").hint("start over with --restart")
            );
        };
        let place = |number: u64| Place::of(&split.names.path(number));
        let mut filled = Vec::new();
        for (number, state) in before {
            let place = place(*number)?;
            match state {
                FileToken::Staged(staged) if token.last => {
                    publish(disk.as_ref(), &place, &place.staged(), staged.length)?;
                }
                FileToken::Staged(staged) => {
                    let found = length(&place.staged())?;
                    if found != Some(staged.length) {
                        return Err(lost(&place.staged(), staged.length, found));
                    }
                    filled.push((*number, Filled::Staged(*staged)));
                }
                // Nothing is left to do with it when it is committed.
                FileToken::Growing(growing) => {
                    Growing::resume(Arc::clone(&disk), place, compression, growing)?;
                }
            }
        }
        let shared = Arc::clone(&disk);
        let current = match last {
            FileToken::Growing(growing) => {
                Mode::Growing(Growing::resume(shared, place(*number)?, compression, growing)?)
            }
            FileToken::Staged(staged) if token.last => {
                let place = place(*number)?;
                publish(disk.as_ref(), &place, &place.staged(), staged.length)?;
                remove_after(disk.as_ref(), &split, *number)?;
                let (length, tail) = (staged.length, staged.tail);
                Mode::Growing(Growing::after_completion(shared, place, compression, length, tail)?)
            }
            FileToken::Staged(_) if !bounded => {
                return Err(Error::state(format!(
                    "the earlier run that wrote {} was bounded and did not finish; this one never ends by itself",
                    split.names.path(*number).display()
                ))
                .hint("let the earlier run finish with its own inputs, or start over with --restart"));
            }
            FileToken::Staged(staged) => {
                Mode::Staged(Staged::resume(shared, place(*number)?, compression, *staged)?)
            }
        };
        discard_leftovers(disk.as_ref(), &split, *number)?;
        let (rows, bytes) = token.in_last;
        Ok(Self { disk, split, compression, frame, filled, number: *number, current, rows, bytes })
    }

    /// The rows in the file that is open.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn write(&mut self, mut bytes: &[u8], mut rows: u64) -> Result<()> {
        while rows > 0 {
            let (mut taken, mut length) = self.fitting(bytes, rows);
            if taken == 0 {
                if self.rows > 0 {
                    self.roll()?;
                    continue;
                }
                // One row or block that is larger than a file may be has a file of its own.
                (taken, length) = if self.frame.can_be_cut() {
                    (1, self.frame.length_of(bytes, 1))
                } else {
                    (rows, bytes.len())
                };
            }
            let current = &mut self.current;
            self.frame.place(self.rows, &bytes[..length], taken, |piece| match current {
                Mode::Staged(staged) => staged.write(piece),
                Mode::Growing(growing) => growing.write(piece),
            })?;
            self.rows += taken;
            self.bytes += length as u64;
            rows -= taken;
            bytes = &bytes[length..];
        }
        Ok(())
    }

    /// How many of the rows still go into the open file, and the length of their bytes.
    fn fitting(&self, bytes: &[u8], rows: u64) -> (u64, usize) {
        let left = self.split.rows.map_or(rows, |limit| limit.get().saturating_sub(self.rows)).min(rows);
        let length_of =
            |count: u64| if count == rows { bytes.len() } else { self.frame.length_of(bytes, count) };
        let fits = |length: usize| {
            self.split.bytes.is_none_or(|limit: NonZeroU64| self.bytes + length as u64 <= limit.get())
        };
        if left < rows && !self.frame.can_be_cut() {
            return (0, 0);
        }
        let length = length_of(left);
        if fits(length) {
            return (left, length);
        }
        if !self.frame.can_be_cut() {
            return (0, 0);
        }
        let (mut fit, mut over) = (0, left);
        while over - fit > 1 {
            let middle = u64::midpoint(fit, over);
            if fits(length_of(middle)) { fit = middle } else { over = middle }
        }
        (fit, length_of(fit))
    }

    /// Ends the open file and begins the next.
    fn roll(&mut self) -> Result<()> {
        let tail = self.frame.tail(self.rows).to_vec();
        let staged = matches!(self.current, Mode::Staged(_));
        let next = open(&self.disk, &self.split, self.compression, &self.frame, self.number + 1, staged)?;
        let full = match std::mem::replace(&mut self.current, next) {
            Mode::Staged(mut file) => Filled::Staged(file.prepare(Some(&tail))?),
            Mode::Growing(mut file) => {
                file.prepare(&tail)?;
                Filled::Growing(Box::new(file))
            }
        };
        self.filled.push((self.number, full));
        self.number += 1;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    pub(super) fn prepare(&mut self, last: bool) -> Result<ManyToken> {
        let tail = self.frame.tail(self.rows).to_vec();
        let mut files = Vec::with_capacity(self.filled.len() + 1);
        for (number, full) in &mut self.filled {
            let token = match full {
                Filled::Staged(token) => FileToken::Staged(*token),
                Filled::Growing(file) => FileToken::Growing(file.prepare(&[])?),
            };
            files.push((*number, token));
        }
        let current = match &mut self.current {
            Mode::Staged(file) => FileToken::Staged(file.prepare(last.then_some(&*tail))?),
            Mode::Growing(file) => FileToken::Growing(file.prepare(&tail)?),
        };
        files.push((self.number, current));
        Ok(ManyToken { in_last: (self.rows, self.bytes), last, files })
    }

    pub(super) fn commit(&mut self, token: &ManyToken) -> Result<()> {
        for (number, state) in &token.files {
            match state {
                FileToken::Staged(staged) if token.last => {
                    let place = Place::of(&self.split.names.path(*number))?;
                    publish(self.disk.as_ref(), &place, &place.staged(), staged.length)?;
                }
                FileToken::Staged(_) => {}
                FileToken::Growing(growing) => self.commit_growing(*number, growing)?,
            }
        }
        if token.last {
            let newest = token.files.last().map_or(0, |(number, _)| *number);
            if matches!(token.files.last(), Some((_, FileToken::Staged(_)))) && newest == self.number {
                remove_after(self.disk.as_ref(), &self.split, newest)?;
            }
        }
        self.filled.retain(|(_, full)| !matches!(full, Filled::Growing(file) if file.is_settled()));
        Ok(())
    }

    fn commit_growing(&mut self, number: u64, token: &GrowingToken) -> Result<()> {
        if number == self.number
            && let Mode::Growing(file) = &mut self.current
        {
            return file.commit(token);
        }
        match self.filled.iter_mut().find(|(filled, _)| *filled == number) {
            Some((_, Filled::Growing(file))) => file.commit(token),
            // It was committed before.
            _ => Ok(()),
        }
    }
}

fn open(
    disk: &Arc<dyn Disk>,
    split: &Split,
    compression: Compression,
    frame: &Frame,
    number: u64,
    staged: bool,
) -> Result<Mode> {
    let place = Place::of(&split.names.path(number))?;
    let (disk, head) = (Arc::clone(disk), frame.head());
    if staged {
        return Staged::create(disk, place, compression, head).map(Mode::Staged);
    }
    Growing::create(disk, place, compression, head.to_vec(), true).map(Mode::Growing)
}

/// The files of the output that are there, with their numbers.
pub(super) fn published(split: &Split) -> Result<Vec<(u64, String)>> {
    let folder = split.names.folder();
    let names = names_in(folder).map_err(|error| sink_error("list", folder, error))?.into_iter();
    Ok(names.filter_map(|name| Some((split.names.number(&name)?, name))).collect())
}

/// Removes what an earlier run with more files left.
pub(super) fn remove_after(disk: &dyn Disk, split: &Split, number: u64) -> Result<()> {
    let stale = published(split)?.into_iter().filter(|(found, _)| *found > number);
    remove(disk, split, stale.map(|(_, name)| name))
}

fn remove(disk: &dyn Disk, split: &Split, names: impl Iterator<Item = String>) -> Result<()> {
    for name in names {
        let path = split.names.folder().join(name);
        disk.remove(&path).map_err(|error| sink_error("remove", &path, error))?;
    }
    Ok(())
}

/// Removes the hidden files of those after `number`.
pub(super) fn discard_leftovers(disk: &dyn Disk, split: &Split, number: u64) -> Result<()> {
    let folder = split.names.folder();
    for name in names_in(folder).map_err(|error| sink_error("list", folder, error))? {
        let inner = name.strip_prefix('.').and_then(|rest| {
            rest.strip_suffix(".staged").or_else(|| {
                let (inner, part) = rest.rsplit_once(".part-")?;
                (!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())).then_some(inner)
            })
        });
        if inner.and_then(|inner| split.names.number(inner)).is_some_and(|found| found > number) {
            let path = folder.join(&name);
            disk.remove(&path).map_err(|error| sink_error("remove", &path, error))?;
        }
    }
    Ok(())
}
