//! Several Parquet files, each made as a single one is.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use millstream_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::super::disk::Disk;
use super::super::many::{discard_leftovers, remove_after};
use super::super::place::{Place, length, lost};
use super::super::split::Split;
use super::single::{Single, SingleToken};

/// The files so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ManyToken {
    /// Files that take no more rows.
    full: Vec<(u64, SingleToken)>,
    /// The file that is open.
    number: u64,
    current: SingleToken,
    /// Rows and bytes in it.
    rows: u64,
    bytes: u64,
}

#[derive(Debug)]
pub(super) struct Many {
    disk: Arc<dyn Disk>,
    split: Split,
    full: Vec<(u64, SingleToken)>,
    number: u64,
    current: Single,
    /// What the open file has got, the part that is being written included.
    rows: u64,
    /// The bytes of its parts that are sealed.
    bytes: u64,
}

impl Many {
    /// Starts over. The files of an earlier run stay until all new ones are complete.
    pub(super) fn create(disk: Arc<dyn Disk>, split: Split) -> Result<Self> {
        let place = Place::of(&split.names.path(1))?;
        place.create_folder(disk.as_ref())?;
        discard_leftovers(disk.as_ref(), &split, 0)?;
        let current = Single::create(Arc::clone(&disk), place)?;
        Ok(Self { disk, split, full: Vec::new(), number: 1, current, rows: 0, bytes: 0 })
    }

    /// Goes on after `token`.
    pub(super) fn resume(
        disk: Arc<dyn Disk>,
        split: Split,
        token: ManyToken,
        schema: &SchemaRef,
    ) -> Result<Self> {
        let place = |number: u64| Place::of(&split.names.path(number));
        let complete = token.current.is_complete();
        for (number, file) in &token.full {
            let place = place(*number)?;
            if complete {
                Single::create_for(Arc::clone(&disk), place).commit(file)?;
            } else if let Some((path, expected)) = file.staged(&place) {
                let found = length(&path)?;
                if found != Some(expected) {
                    return Err(lost(&path, expected, found));
                }
            }
        }
        let current = Single::resume(Arc::clone(&disk), place(token.number)?, token.current, schema)?;
        discard_leftovers(disk.as_ref(), &split, token.number)?;
        if complete {
            remove_after(disk.as_ref(), &split, token.number)?;
        }
        let full = if complete { Vec::new() } else { token.full };
        let (number, rows, bytes) = (token.number, token.rows, token.bytes);
        Ok(Self { disk, split, full, number, current, rows, bytes })
    }

    /// Where the part `number` of the open file is written.
    pub(super) fn part(&self, number: u64) -> PathBuf {
        self.current.part(number)
    }

    /// The rows in the open file.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether the open file has no rows, but for the part that is being written.
    pub(super) fn is_empty(&self) -> bool {
        self.current.is_empty()
    }

    /// Whether a row group has to go into the next file, if the part that is being written has got `written` bytes.
    pub(super) fn is_full(&self, written: u64) -> bool {
        let rows = self.split.rows.is_some_and(|limit| self.rows >= limit.get());
        self.rows > 0 && (rows || self.split.bytes.is_some_and(|limit| self.bytes + written >= limit.get()))
    }

    /// Takes note of rows that the part that is being written has got.
    pub(super) fn count(&mut self, rows: u64) {
        self.rows += rows;
    }

    /// Ends the open file, whose last part is `sealed`, and begins the next.
    pub(super) fn roll(&mut self, sealed: Option<(u64, u64)>) -> Result<()> {
        let token = self.current.prepare(sealed, true)?;
        self.full.push((self.number, token));
        let place = Place::of(&self.split.names.path(self.number + 1))?;
        self.current = Single::create(Arc::clone(&self.disk), place)?;
        self.number += 1;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    /// `sealed`: number and length of the part that this epoch wrote last.
    pub(super) fn prepare(&mut self, sealed: Option<(u64, u64)>, last: bool) -> Result<ManyToken> {
        self.bytes += sealed.map_or(0, |(_, length)| length);
        let current = self.current.prepare(sealed, last)?;
        let (number, rows, bytes) = (self.number, self.rows, self.bytes);
        Ok(ManyToken { full: self.full.clone(), number, current, rows, bytes })
    }

    pub(super) fn commit(&mut self, token: &ManyToken) -> Result<()> {
        if !token.current.is_complete() {
            return Ok(());
        }
        for (number, file) in &token.full {
            let place = Place::of(&self.split.names.path(*number))?;
            Single::create_for(Arc::clone(&self.disk), place).commit(file)?;
        }
        self.full.retain(|(number, _)| token.full.iter().all(|(done, _)| done != number));
        if token.number != self.number {
            return Err(Error::internal("rows came after the last epoch"));
        }
        self.current.commit(&token.current)?;
        remove_after(self.disk.as_ref(), &self.split, token.number)
    }
}
