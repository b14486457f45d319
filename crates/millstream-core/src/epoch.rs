//! Epochs, and the opaque tokens that a checkpoint is made of.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The unit of commit. Epochs of a pipeline count 1, 2, 3 …; 0 means "nothing committed yet".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl std::fmt::Display for Epoch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A source's resumable position (an offset). Only the source that made it can read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bookmark(pub Value);

/// What a sink prepared for an epoch: all that is needed to commit it, also by another process after a crash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PreCommit(pub Value);

/// The state of a processor at a barrier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot(pub Vec<u8>);
