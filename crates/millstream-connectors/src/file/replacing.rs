//! One file that is replaced as a whole: each generation is written beside it, and takes its name when it is committed.
//! Whoever has the former one open goes on reading it.

use std::path::PathBuf;
use std::sync::Arc;

use millstream_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::disk::Disk;
use super::place::Place;
use super::staged::publish;

/// The generation that an epoch brought, if it brought one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReplacingToken {
    /// Numbers of hidden files are never used twice.
    next_number: u64,
    publish: Option<Part>,
}

/// A hidden file with its length in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    part: u64,
    length: u64,
}

#[derive(Debug)]
pub(super) struct Replacing {
    disk: Arc<dyn Disk>,
    place: Place,
    next_number: u64,
}

impl Replacing {
    /// Starts over. What is there stays until the first generation is complete.
    pub(super) fn create(disk: Arc<dyn Disk>, place: Place) -> Result<Self> {
        place.create_folder(disk.as_ref())?;
        place.discard_leftovers(disk.as_ref(), &[])?;
        Ok(Self { disk, place, next_number: 1 })
    }

    /// Goes on after `token`: commits it if need be.
    pub(super) fn resume(disk: Arc<dyn Disk>, place: Place, token: ReplacingToken) -> Result<Self> {
        let replacing = Self { disk, place, next_number: token.next_number };
        replacing.commit(token)?;
        replacing.place.discard_leftovers(replacing.disk.as_ref(), &[])?;
        Ok(replacing)
    }

    /// The number and the place of the next hidden file.
    pub(super) fn next(&mut self) -> (u64, PathBuf) {
        let number = self.next_number;
        self.next_number += 1;
        (number, self.place.part(number))
    }

    /// `sealed`: number and length of the generation that this epoch wrote, which is durable.
    pub(super) fn prepare(&self, sealed: Option<(u64, u64)>) -> Result<ReplacingToken> {
        if sealed.is_some() {
            self.place.sync_folder(self.disk.as_ref())?;
        }
        let publish = sealed.map(|(part, length)| Part { part, length });
        Ok(ReplacingToken { next_number: self.next_number, publish })
    }

    pub(super) fn commit(&self, token: ReplacingToken) -> Result<()> {
        token.publish.map_or(Ok(()), |Part { part, length }| {
            publish(self.disk.as_ref(), &self.place, &self.place.part(part), length)
        })
    }
}

/// Rows without a generation would have to be added to the file.
pub(super) fn outside_of_a_generation() -> Error {
    Error::internal("rows of a replaced stream came outside of a generation")
}
