//! What the sink hands to the checkpoint: all that is needed to commit an epoch, by this process or by the next.

use millstream_core::{Bookmark, Epoch, Error, PreCommit, Result};
use serde::{Deserialize, Serialize};

/// A prepared epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Token {
    /// The epoch.
    pub(super) epoch: Epoch,
    /// The run's clock at the barrier, in microseconds since the Unix epoch.
    pub(super) at: i64,
    /// The epoch's data files; none if it had no rows.
    pub(super) files: Vec<DataFile>,
    /// The generation that these files are, if they take the place of all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) generation: Option<u64>,
    /// The positions of the sources, by name.
    pub(super) bookmarks: Vec<(String, Bookmark)>,
    /// The table as it was then; `None` if it was still to be made.
    pub(super) table: Option<TableMark>,
}

/// A data file under its final name, not yet in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DataFile {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) rows: u64,
    /// JSON text, as the log keeps it.
    pub(super) statistics: String,
}

/// How to know a table again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TableMark {
    /// The identity that the table got when it was made.
    pub(super) id: String,
    /// Its version.
    pub(super) version: u64,
    /// The newest epoch of this pipeline in it.
    pub(super) epoch: Option<Epoch>,
}

impl Token {
    /// Whether committing it to a table that is there changes what readers see.
    pub(super) fn changes_rows(&self) -> bool {
        !self.files.is_empty() || self.generation.is_some()
    }

    pub(super) fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    pub(super) fn to_pre_commit(&self) -> Result<PreCommit> {
        serde_json::to_value(self)
            .map(PreCommit)
            .map_err(|cause| Error::internal("a Delta token cannot be written as JSON").caused_by(cause))
    }

    pub(super) fn from_pre_commit(token: PreCommit) -> Result<Self> {
        serde_json::from_value(token.0).map_err(|cause| {
            Error::state("the checkpoint's token is none of the Delta sink")
                .caused_by(cause)
                .hint("use --restart to start over")
        })
    }
}
