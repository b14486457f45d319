//! A Delta table as one application sees it: which version it is at, which epoch is in it, and how the next one gets in.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use deltalake_core::kernel::{Action, Add, CommitInfo, Remove, StructType, Transaction, new_metadata};
use deltalake_core::{checkpoints, ensure_table_uri};
use millstream_core::{Epoch, Error, Result};
use serde_json::{Value, json};

use super::folder::Folder;
use super::log::{BOOKMARKS, Entry, Log};
use super::schema::TableSchema;
use super::snapshot::{Loaded, Standing, location, unreadable};
use super::token::{TableMark, Token};
use super::writer::joined;

/// What a new table and its commits are called.
#[derive(Debug, Clone)]
pub(super) struct Labels {
    pub(super) application: String,
    pub(super) pipeline: String,
    pub(super) stream: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
}

/// A table, or the place for one.
#[derive(Debug)]
pub(super) struct Table {
    path: PathBuf,
    log: Log,
    labels: Labels,
    schema: TableSchema,
    standing: Option<Standing>,
    /// What removes the files of the version where the table stands; known only where a generation asked for it.
    removals: Option<Vec<Remove>>,
}

impl Table {
    /// The table in `folder`, as `loaded`, which must have the columns `schema`.
    pub(super) fn new(
        path: &Path,
        labels: Labels,
        schema: TableSchema,
        loaded: Option<&Loaded>,
    ) -> Result<Self> {
        if let Some(loaded) = loaded {
            loaded.check(path, &schema)?;
        }
        Ok(Self {
            path: path.to_owned(),
            log: Log::of(path),
            labels,
            schema,
            standing: loaded.map(|loaded| loaded.standing.clone()),
            removals: None,
        })
    }

    pub(super) fn schema(&self) -> &TableSchema {
        &self.schema
    }

    /// The newest epoch in the table.
    pub(super) fn committed(&self) -> Option<Epoch> {
        self.standing.as_ref()?.committed
    }

    /// How to know the table again.
    pub(super) fn mark(&self) -> Option<TableMark> {
        self.standing.as_ref().map(|standing| TableMark {
            id: standing.id.clone(),
            version: standing.version,
            epoch: standing.committed,
        })
    }

    /// Whether the table is the one that `token` was made for, no older, and has no epoch after it.
    pub(super) fn check_resume(&self, token: &Token) -> Result<()> {
        check_place(&self.path, token, self.standing.as_ref())?;
        let committed = self.committed();
        if committed > Some(token.epoch) {
            let committed = committed.unwrap_or_default();
            return Err(Error::state(format!(
                "the table {} has epoch {committed} of this pipeline, but the checkpoint is of epoch {}",
                self.path.display(),
                token.epoch
            ))
            .hint("use the newest checkpoint; or remove the table's folder and use --restart"));
        }
        if committed == Some(token.epoch)
            && let Some(standing) = &self.standing
            && let Some(entry) = self.log.newest_of(&self.labels.application, standing.version)?
            && !self.is_commit_of(&entry, token)
        {
            return Err(self.overtaken(token.epoch));
        }
        Ok(())
    }

    fn is_commit_of(&self, entry: &Entry, token: &Token) -> bool {
        entry.epoch_of(&self.labels.application) == Some(token.epoch)
            && entry.has_files(token.files.iter().map(|file| file.name.as_str()))
    }

    fn overtaken(&self, epoch: Epoch) -> Error {
        Error::state(format!(
            "another process has committed epoch {epoch} to {} as {}",
            self.path.display(),
            self.labels.application
        ))
        .hint("run a pipeline in one process at a time, or give this one another name")
    }

    /// Adds the files of `token` to the table, and makes the table if need be; a generation takes the place of all other
    /// files, whose names are returned. Does nothing if the epoch is there.
    pub(super) async fn commit(&mut self, folder: &Folder, token: &Token) -> Result<Vec<String>> {
        if self.committed() >= Some(token.epoch) || !token.changes_rows() && self.standing.is_some() {
            return Ok(Vec::new());
        }
        self.check_files(token)?;
        if let Some(standing) = &self.standing
            && (!self.log.has(standing.version) || token.generation.is_some() && self.removals.is_none())
        {
            // Removed, or cleaned up by others who went far ahead: the next version is not free for us to take.
            self.reload(token).await?;
        }
        while self.committed() < Some(token.epoch) {
            let version = self.standing.as_ref().map_or(0, |standing| standing.version + 1);
            let new_id = self.publish(folder, token, version).await?;
            if let Some(new_id) = new_id {
                let interval = self.standing.as_ref().map_or(100, |standing| standing.checkpoint_interval);
                self.standing = Some(Standing {
                    version,
                    id: new_id,
                    committed: Some(token.epoch),
                    checkpoint_interval: interval,
                });
                checkpoint(&self.path, version, interval).await;
                let removed = self.note_files(token);
                return Ok(removed.into_iter().map(|file| file.path).collect());
            }
            let Some(winner) = self.log.read(version)? else {
                self.reload(token).await?;
                continue;
            };
            if let Some(epoch) = winner.epoch_of(&self.labels.application) {
                if !self.is_commit_of(&winner, token) {
                    return Err(self.overtaken(epoch));
                }
                // Our own, which an error hid from us.
                self.reload(token).await?;
                break;
            }
            match &mut self.standing {
                // What others appended has to go too, and what they removed is no longer ours to remove.
                Some(standing) if !winner.changes_table() && token.generation.is_none() => {
                    standing.version = version;
                }
                _ => self.reload(token).await?,
            }
        }
        Ok(Vec::new())
    }

    /// Keeps in mind which files the table has after a generation was committed; gives those that it had before.
    fn note_files(&mut self, token: &Token) -> Vec<Remove> {
        if token.generation.is_none() {
            self.removals = None;
            return Vec::new();
        }
        let files = token.files.iter().map(|file| Remove {
            path: file.name.clone(),
            data_change: true,
            deletion_timestamp: None,
            extended_file_metadata: Some(true),
            partition_values: Some(HashMap::new()),
            size: i64::try_from(file.bytes).ok(),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
        });
        self.removals.replace(files.collect()).unwrap_or_default()
    }

    /// Reads the log again, after others have written to it.
    async fn reload(&mut self, token: &Token) -> Result<()> {
        let before = self.committed();
        let Some(loaded) = Loaded::read(&self.path, &self.labels.application).await? else {
            return Err(gone(&self.path, before.unwrap_or_default()));
        };
        loaded.check(&self.path, &self.schema)?;
        if let Some(known) = &self.standing
            && known.id != loaded.standing.id
        {
            return Err(replaced(&self.path));
        }
        let committed = loaded.standing.committed;
        self.removals = match token.generation {
            Some(_) => Some(loaded.removals(&self.path)?),
            None => None,
        };
        self.standing = Some(loaded.standing);
        if committed == Some(token.epoch) {
            self.check_resume(token)
        } else if committed == before {
            Ok(())
        } else {
            Err(self.overtaken(committed.unwrap_or_default()))
        }
    }

    /// Nobody may have removed or replaced a file between prepare and commit.
    fn check_files(&self, token: &Token) -> Result<()> {
        for file in &token.files {
            let found = std::fs::metadata(self.path.join(&file.name)).map(|metadata| metadata.len());
            if found.as_ref().ok() != Some(&file.bytes) {
                let state = if found.is_ok() { "was changed" } else { "is gone" };
                return Err(Error::state(format!(
                    "the file {} of epoch {} {state} before it was committed",
                    self.path.join(&file.name).display(),
                    token.epoch
                ))
                .hint("restore it; or remove the table's folder and use --restart"));
            }
        }
        Ok(())
    }

    /// The table's identity if the version was free, `None` if not.
    async fn publish(&self, folder: &Folder, token: &Token, version: u64) -> Result<Option<String>> {
        let (text, id) = self.entry(token, version)?;
        let (log, unfinished) = (self.log.clone(), folder.unfinished_entry());
        let creates = self.standing.is_none();
        let free = joined(tokio::task::spawn_blocking(move || {
            if creates {
                log.create()?;
            }
            log.publish(version, &text, &unfinished)
        }))
        .await?;
        Ok(free.then_some(id))
    }

    /// The log entry of an epoch, and the table's identity.
    fn entry(&self, token: &Token, version: u64) -> Result<(String, String)> {
        let at = token.at.div_euclid(1000);
        let mut actions = vec![action(&Action::CommitInfo(self.commit_info(token, version, at)?))?];
        let id = if let Some(standing) = &self.standing {
            standing.id.clone()
        } else {
            let (metadata, id) = self.metadata(at)?;
            actions.push(protocol(&self.schema).to_string());
            actions.push(metadata.to_string());
            id
        };
        // Without `lastUpdated`: a transaction with one expires where the table says so, and rows would come twice.
        let epoch = i64::try_from(token.epoch.0)
            .map_err(|cause| Error::internal("epochs have run out").caused_by(cause))?;
        actions.push(action(&Action::Txn(Transaction::new(&self.labels.application, epoch)))?);
        for removal in token.generation.and(self.removals.as_ref()).into_iter().flatten() {
            let removal = Remove { deletion_timestamp: Some(at), ..removal.clone() };
            actions.push(action(&Action::Remove(removal))?);
        }
        let mut tags = Some(HashMap::from([(BOOKMARKS.to_owned(), Some(bookmarks(token)?))]));
        for file in &token.files {
            actions.push(action(&Action::Add(Add {
                path: file.name.clone(),
                size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
                modification_time: at,
                data_change: true,
                stats: Some(file.statistics.clone()),
                tags: tags.take(),
                ..Add::default()
            }))?);
        }
        Ok((actions.join("\n") + "\n", id))
    }

    fn commit_info(&self, token: &Token, version: u64, at: i64) -> Result<CommitInfo> {
        let operation = if token.changes_rows() { "WRITE" } else { "CREATE TABLE" };
        let replaces = token.generation.is_some();
        let mut info: HashMap<String, Value> = [
            ("millstream.pipeline", json!(self.labels.pipeline)),
            ("millstream.stream", json!(self.labels.stream)),
            ("millstream.epoch", json!(token.epoch)),
            (BOOKMARKS, json!(bookmarks(token)?)),
            (
                "operationMetrics",
                json!({
                    "numFiles": token.files.len().to_string(),
                    "numOutputRows": token.rows().to_string(),
                    "numOutputBytes": token.bytes().to_string(),
                }),
            ),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        if let Some(generation) = token.generation {
            info.insert("millstream.generation".to_owned(), json!(generation));
        }
        Ok(CommitInfo {
            timestamp: Some(at),
            operation: Some(operation.to_owned()),
            operation_parameters: Some(HashMap::from([
                ("mode".to_owned(), json!(if replaces { "Overwrite" } else { "Append" })),
                ("partitionBy".to_owned(), json!("[]")),
            ])),
            read_version: version.checked_sub(1),
            is_blind_append: Some(!replaces),
            engine_info: Some(concat!("millstream:", env!("CARGO_PKG_VERSION")).to_owned()),
            info,
            ..CommitInfo::default()
        })
    }

    /// The action that makes the table, and the table's identity.
    fn metadata(&self, at: i64) -> Result<(Value, String)> {
        let internal =
            |cause| Error::internal("cannot describe the table's columns to Delta").caused_by(cause);
        let nothing: [(&str, &str); 0] = [];
        let columns: &StructType = self.schema.delta();
        let metadata = new_metadata(columns, Vec::<String>::new(), nothing)
            .map_err(|cause| Error::internal("cannot describe the table to Delta").caused_by(cause))?;
        let id = metadata.id().to_owned();
        let mut value = serde_json::to_value(metadata).map_err(internal)?;
        value["name"] = json!(self.labels.name);
        value["description"] = json!(self.labels.description);
        value["createdTime"] = json!(at);
        Ok((json!({ "metaData": value }), id))
    }
}

/// Sums up the log now and then, so that it stays quick to open. The commit stands whether this works or not.
pub(super) async fn checkpoint(path: &Path, version: u64, interval: u64) {
    if !(version + 1).is_multiple_of(interval) {
        return;
    }
    let write = async {
        let location = ensure_table_uri(location(path)?).map_err(|cause| unreadable(path, cause))?;
        // `None`: old entries are cleaned up as the table's properties say, by default after 30 days.
        checkpoints::create_checkpoint_from_table_url_and_cleanup(location, version, None, None)
            .await
            .map_err(|cause| unreadable(path, cause))
    };
    if let Err(error) = write.await {
        tracing::warn!(table = %path.display(), version, %error, "no checkpoint of the log was written");
    }
}

/// Whether there is a table where `token` says that there was one.
pub(super) fn check_place(path: &Path, token: &Token, found: Option<&Standing>) -> Result<()> {
    let Some(mark) = &token.table else {
        return Ok(());
    };
    let Some(found) = found else {
        return Err(gone(path, mark.epoch.unwrap_or_default()));
    };
    if found.id != mark.id {
        return Err(replaced(path));
    }
    if found.version < mark.version || found.committed < mark.epoch {
        return Err(Error::state(format!(
            "the table {} has gone back to version {}, from version {} of the checkpoint",
            path.display(),
            found.version,
            mark.version
        ))
        .hint("restore the newer version; or remove the table's folder and use --restart"));
    }
    Ok(())
}

fn gone(path: &Path, epoch: Epoch) -> Error {
    Error::state(format!(
        "the table {} is gone, although epochs up to {epoch} were committed to it",
        path.display()
    ))
    .hint("restore it, or use --restart to start over")
}

fn replaced(path: &Path) -> Error {
    Error::state(format!("the table {} is another one than before", path.display()))
        .hint("restore the former one; or remove the table's folder and use --restart")
}

fn bookmarks(token: &Token) -> Result<String> {
    serde_json::to_string(&token.bookmarks)
        .map_err(|cause| Error::internal("a bookmark cannot be written as JSON").caused_by(cause))
}

pub(super) fn action(action: &Action) -> Result<String> {
    serde_json::to_string(action)
        .map_err(|cause| Error::internal("a log entry cannot be written as JSON").caused_by(cause))
}

/// The oldest protocol that can hold the columns, so that as many readers as possible accept the table.
fn protocol(schema: &TableSchema) -> Value {
    if schema.has_local_timestamps() {
        json!({"protocol": {
            "minReaderVersion": 3, "minWriterVersion": 7,
            "readerFeatures": ["timestampNtz"], "writerFeatures": ["appendOnly", "invariants", "timestampNtz"],
        }})
    } else {
        json!({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}})
    }
}
