//! A table as its log tells it: where it stands, whether rows can be appended, which files it knows.

use std::collections::HashSet;
use std::path::Path;

use deltalake_core::kernel::{ColumnMetadataKey, Remove, StructField};
use deltalake_core::table::config::TablePropertiesExt;
use deltalake_core::{DeltaTable, DeltaTableBuilder, DeltaTableError, ensure_table_uri};
use futures::TryStreamExt;
use millstream_core::{Bookmark, Epoch, Error, Result};
use serde_json::Value;

use super::compact::Candidate;
use super::folder::{EPOCH_TAG, Folder};
use super::log::{BOOKMARKS, Entry, Log};
use super::schema::TableSchema;
use crate::failure::sink_error;

/// Features of a table that appending plain rows need not care about, or that we know how to honour. Every other is
/// refused: a writer that does not know a feature breaks the table.
const FEATURES: [&str; 11] = [
    "appendOnly",
    "changeDataFeed",
    "checkConstraints",
    "checkpointProtection",
    "deletionVectors",
    "generatedColumns",
    "identityColumns",
    "invariants",
    "timestampNtz",
    "v2Checkpoint",
    "vacuumProtocolCheck",
];

/// Where a table stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) version: u64,
    pub(super) id: String,
    /// The newest epoch of our application.
    pub(super) committed: Option<Epoch>,
    /// A checkpoint of the log is due after so many versions.
    pub(super) checkpoint_interval: u64,
}

/// What is in a log, just read.
#[derive(Debug)]
pub(super) struct Loaded {
    delta: DeltaTable,
    pub(super) standing: Standing,
}

impl Loaded {
    /// Reads the table at `path`; `None` if there is none.
    pub(super) async fn read(path: &Path, application: &str) -> Result<Option<Self>> {
        if !Log::of(path).exists()? {
            return Ok(None);
        }
        let unreadable = |cause| unreadable(path, cause);
        let delta = open(path).await?;
        let state = delta.snapshot().map_err(unreadable)?;
        let committed =
            state.transaction_version(delta.log_store().as_ref(), application).await.map_err(unreadable)?;
        let standing = Standing {
            version: state.version(),
            id: state.metadata().id().to_owned(),
            committed: committed.and_then(|version| u64::try_from(version).ok()).map(Epoch),
            checkpoint_interval: state.table_config().checkpoint_interval().get(),
        };
        Ok(Some(Self { delta, standing }))
    }

    /// Refuses tables that plain rows with the columns `schema` cannot be appended to.
    pub(super) fn check(&self, path: &Path, schema: &TableSchema) -> Result<()> {
        self.check_features(path)?;
        let state = self.delta.snapshot().map_err(|cause| unreadable(path, cause))?;
        let differences = schema.differences(state.schema().as_ref());
        if !differences.is_empty() {
            return Err(Error::sink(format!(
                "the columns of the table {} are not those of the stream: {}",
                path.display(),
                differences.join("; ")
            ))
            .hint("change the columns to match the table, or write to another folder"));
        }
        Ok(())
    }

    /// Refuses tables that plain files cannot be written for.
    pub(super) fn check_features(&self, path: &Path) -> Result<()> {
        let state = self.delta.snapshot().map_err(|cause| unreadable(path, cause))?;
        let refuse = |what: String| {
            Error::sink(format!("the table {} {what}, which Millstream does not write", path.display()))
                .hint("write to another folder")
        };
        let metadata = state.metadata();
        if !metadata.partition_columns().is_empty() {
            return Err(refuse(format!("is partitioned by {}", metadata.partition_columns().join(", "))));
        }
        for (key, value) in metadata.configuration() {
            let constrains = key.starts_with("delta.constraints.");
            let demands =
                ["delta.columnMapping.mode", "delta.enableRowTracking", "delta.enableInCommitTimestamps"];
            if constrains || demands.contains(&key.as_str()) && value != "none" && value != "false" {
                return Err(refuse(format!("has the property {key} = {value}")));
            }
        }
        if let Some(column) = state.schema().fields().find(|column| is_computed(column)) {
            return Err(refuse(format!("has a rule for the column {}", column.name())));
        }
        let protocol = serde_json::to_value(state.protocol()).unwrap_or_default();
        for list in ["readerFeatures", "writerFeatures"] {
            let features = protocol.get(list).and_then(Value::as_array);
            for feature in features.into_iter().flatten().filter_map(Value::as_str) {
                if !FEATURES.contains(&feature) {
                    return Err(refuse(format!("uses the feature {feature}")));
                }
            }
        }
        Ok(())
    }

    /// The names of all files that some version of the table may need.
    pub(super) async fn known_files(&self, path: &Path) -> Result<HashSet<String>> {
        let unreadable = |cause| unreadable(path, cause);
        let state = self.delta.snapshot().map_err(unreadable)?;
        let files = state.snapshot().try_log_data().map_err(unreadable)?;
        let mut known: HashSet<String> = files.iter().map(|file| file.path().into_owned()).collect();
        let log_store = self.delta.log_store();
        let removed: Vec<_> =
            state.all_tombstones(log_store.as_ref()).try_collect().await.map_err(unreadable)?;
        known.extend(removed.iter().map(|file| file.path().into_owned()));
        Ok(known)
    }

    /// The data files of the newest version, by their paths below the table's folder. `None` if rows of them were
    /// deleted without rewriting them.
    pub(super) fn current_files(&self, path: &Path) -> Result<Option<Vec<String>>> {
        let unreadable = |cause| unreadable(path, cause);
        let state = self.delta.snapshot().map_err(unreadable)?;
        let files = state.snapshot().try_log_data().map_err(unreadable)?;
        if files.iter().any(|file| file.deletion_vector_descriptor().is_some()) {
            return Ok(None);
        }
        Ok(Some(files.iter().map(|file| file.path().into_owned()).collect()))
    }

    /// Refuses a table whose rows may only be appended to.
    pub(super) fn check_replaceable(&self, path: &Path) -> Result<()> {
        let state = self.delta.snapshot().map_err(|cause| unreadable(path, cause))?;
        if state.table_config().append_only() {
            return Err(Error::sink(format!(
                "the table {} is for appending only (delta.appendOnly), and a new generation replaces its rows",
                path.display()
            ))
            .hint("write to another folder, or unset the table's property"));
        }
        Ok(())
    }

    /// What removes the files of this version, one by one.
    pub(super) fn removals(&self, path: &Path) -> Result<Vec<Remove>> {
        let state = self.delta.snapshot().map_err(|cause| unreadable(path, cause))?;
        let files = state.snapshot().try_log_data().map_err(|cause| unreadable(path, cause))?;
        Ok(files.iter().map(|file| file.remove_action(true)).collect())
    }

    /// The data files of `application` that left the table: when, in milliseconds since the Unix epoch, and their names.
    pub(super) async fn retired(&self, path: &Path, application: &str) -> Result<Vec<(i64, String)>> {
        let unreadable = |cause| unreadable(path, cause);
        let state = self.delta.snapshot().map_err(unreadable)?;
        let log_store = self.delta.log_store();
        let removed: Vec<_> =
            state.all_tombstones(log_store.as_ref()).try_collect().await.map_err(unreadable)?;
        Ok(removed
            .iter()
            .map(|file| (file.deletion_timestamp().unwrap_or(0), file.path().into_owned()))
            .filter(|(_, name)| Folder::is_of(application, name))
            .collect())
    }

    /// The same of all writers.
    pub(super) async fn all_retired(&self, path: &Path) -> Result<Vec<(i64, String)>> {
        let unreadable = |cause| unreadable(path, cause);
        let state = self.delta.snapshot().map_err(unreadable)?;
        let log_store = self.delta.log_store();
        let removed: Vec<_> =
            state.all_tombstones(log_store.as_ref()).try_collect().await.map_err(unreadable)?;
        let told =
            removed.iter().filter_map(|file| Some((file.deletion_timestamp()?, file.path().into_owned())));
        Ok(told.collect())
    }

    /// The files of this version, with what compaction asks of them.
    pub(super) fn candidates(&self, path: &Path) -> Result<Vec<Candidate>> {
        let state = self.delta.snapshot().map_err(|cause| unreadable(path, cause))?;
        let files = state.snapshot().try_log_data().map_err(|cause| unreadable(path, cause))?;
        Ok(files
            .iter()
            .map(|file| {
                let path = file.path().into_owned();
                // Deprecated in favour of Arrow arrays, which do not show the tags.
                #[allow(deprecated)]
                let tags = file.add_action().tags.unwrap_or_default();
                let own = Folder::epoch_tag_of(&path);
                let tags = tags.into_iter().filter_map(|(key, value)| match value {
                    Some(value) if key == BOOKMARKS => own.clone().map(|own| (own, value)),
                    Some(value) if key.starts_with(EPOCH_TAG) => Some((key, value)),
                    _ => None,
                });
                Candidate {
                    bytes: u64::try_from(file.size()).unwrap_or(0),
                    rows: file.num_records().map(|rows| rows as u64),
                    modified: file.modification_time(),
                    tags: tags.collect(),
                    has_deletions: file.deletion_vector_descriptor().is_some(),
                    removal: file.remove_action(false),
                    path,
                }
            })
            .collect())
    }

    /// The rows in the table, if all files say how many they hold.
    pub(super) fn rows(&self) -> Option<u64> {
        let files = self.delta.snapshot().ok()?.snapshot().try_log_data().ok()?;
        files
            .iter()
            .map(|file| {
                let deleted = file.deletion_vector_descriptor().map_or(0, |vector| vector.cardinality);
                Some((file.num_records()? as u64).saturating_sub(u64::try_from(deleted).ok()?))
            })
            .sum()
    }

    /// The bookmarks of the newest epoch: from its commit, or if that was cleaned up, from its file's tags, which
    /// checkpoints of the log keep.
    pub(super) fn bookmarks(
        &self,
        path: &Path,
        application: &str,
    ) -> Result<Option<Vec<(String, Bookmark)>>> {
        let entry = Log::of(path).newest_of(application, self.standing.version)?;
        let current = entry.filter(|entry| entry.epoch_of(application) == self.standing.committed);
        if let Some(bookmarks) = current.as_ref().and_then(Entry::bookmarks) {
            return Ok(Some(bookmarks));
        }
        let state = self.delta.snapshot().map_err(|cause| unreadable(path, cause))?;
        let files = state.snapshot().try_log_data().map_err(|cause| unreadable(path, cause))?;
        let compacted = self.standing.committed.map(|epoch| Folder::epoch_tag(application, epoch));
        let newest = files.iter().find_map(|file| {
            // Deprecated in favour of Arrow arrays, which do not show the tags.
            #[allow(deprecated)]
            let tags = file.add_action().tags?;
            let own = Folder::epoch_in_name(application, &file.path()) == self.standing.committed;
            let key = if own { Some(BOOKMARKS) } else { compacted.as_deref() };
            serde_json::from_str(tags.get(key?)?.as_deref()?).ok()
        });
        Ok(newest)
    }
}

/// Whether values of a column are computed or checked by the writer.
fn is_computed(column: &StructField) -> bool {
    column.metadata().keys().any(|key| {
        key == ColumnMetadataKey::GenerationExpression.as_ref()
            || key == ColumnMetadataKey::Invariants.as_ref()
            || key.starts_with("delta.identity.")
    })
}

pub(super) fn unreadable(path: &Path, cause: DeltaTableError) -> Error {
    Error::sink(format!("cannot read the table {}", path.display())).caused_by(cause)
}

pub(super) fn location(path: &Path) -> Result<String> {
    let absolute = path.canonicalize().map_err(|cause| sink_error("find", path, cause))?;
    absolute
        .to_str()
        .map(str::to_owned)
        .ok_or_else(|| Error::config(format!("the path {} is not UTF-8", path.display())))
}

async fn open(path: &Path) -> Result<DeltaTable> {
    let location = location(path)?;
    let load = async { DeltaTableBuilder::from_url(ensure_table_uri(location)?)?.load().await };
    load.await.map_err(|cause| unreadable(path, cause))
}
