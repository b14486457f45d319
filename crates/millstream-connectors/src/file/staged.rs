//! One text file that appears whole: rows gather in a hidden file, which gets its name when the run is complete.

use std::path::Path;
use std::sync::Arc;

use millstream_core::{Error, Result};
use millstream_formats::Compression;
use serde::{Deserialize, Serialize};

use super::disk::Disk;
use super::output::OutputFile;
use super::place::{Place, length, lost};
use crate::failure::sink_error;

/// How much of the staged file belongs to a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StagedToken {
    /// Its length in bytes.
    pub(super) length: u64,
    /// Whether it is complete.
    pub(super) last: bool,
    /// How many of the bytes are the tail of a complete file, which further rows overwrite.
    #[serde(default)]
    pub(super) tail: u64,
}

#[derive(Debug)]
pub(super) struct Staged {
    disk: Arc<dyn Disk>,
    place: Place,
    /// `None` once it is complete.
    file: Option<OutputFile>,
}

impl Staged {
    /// Starts over. What an earlier run published stays until the new file is complete.
    pub(super) fn create(
        disk: Arc<dyn Disk>,
        place: Place,
        compression: Compression,
        header: &[u8],
    ) -> Result<Self> {
        place.create_folder(disk.as_ref())?;
        place.discard_leftovers(disk.as_ref(), &[])?;
        let mut file = OutputFile::create(disk.as_ref(), place.staged(), compression)?;
        // Also without a header: an empty compressed file needs a member.
        file.write(header)?;
        let file = Some(file);
        Ok(Self { disk, place, file })
    }

    /// Goes on after `token`, which is not the last.
    pub(super) fn resume(
        disk: Arc<dyn Disk>,
        place: Place,
        compression: Compression,
        token: StagedToken,
    ) -> Result<Self> {
        let path = place.staged();
        let found = length(&path)?;
        if found.is_none_or(|found| found < token.length) {
            return Err(lost(&path, token.length, found));
        }
        place.discard_leftovers(disk.as_ref(), std::slice::from_ref(&path))?;
        let file = Some(OutputFile::reopen(disk.as_ref(), path, compression, token.length)?);
        Ok(Self { disk, place, file })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.as_mut().ok_or_else(complete)?.write(bytes)
    }

    /// `tail`: what makes the file whole, if this is the last epoch.
    pub(super) fn prepare(&mut self, tail: Option<&[u8]>) -> Result<StagedToken> {
        let last = tail.is_some();
        let file = self.file.as_mut().ok_or_else(complete)?;
        let (length, tail) = file.seal_with(tail.unwrap_or_default())?;
        file.sync()?;
        self.place.sync_folder(self.disk.as_ref())?;
        if last {
            self.file = None;
        }
        Ok(StagedToken { length, last, tail })
    }

    pub(super) fn commit(&self, token: StagedToken) -> Result<()> {
        if token.last {
            publish(self.disk.as_ref(), &self.place, &self.place.staged(), token.length)?;
        }
        Ok(())
    }
}

/// Gives the file `staged` of `expected` bytes its final name, unless that has happened already.
pub(super) fn publish(disk: &dyn Disk, place: &Place, staged: &Path, expected: u64) -> Result<()> {
    let published = place.published();
    match length(staged)? {
        Some(found) if found == expected => {
            disk.rename(staged, &published).map_err(|error| sink_error("publish", &published, error))?;
        }
        Some(found) => return Err(lost(staged, expected, Some(found))),
        None => {
            let found = length(&published)?;
            if found != Some(expected) {
                return Err(lost(&published, expected, found));
            }
        }
    }
    // Also when the rename was done before: the crash may have come between the two.
    place.sync_folder(disk)
}

fn complete() -> Error {
    Error::internal("rows came after the last epoch")
}
