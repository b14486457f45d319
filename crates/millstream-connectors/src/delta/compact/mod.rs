//! Small files become large ones while others append: neighbours are rewritten in their order, and change places with
//! the new file in a version of its own that says that no row changed.
//!
//! Whoever commits in between wins: if it only added files, the version is taken a number later; if it removed some,
//! the rewritten file is thrown away and the next attempt begins anew. The former files stay on disk for readers that
//! began before.

mod choose;
mod rewrite;
mod table;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use deltalake_core::kernel::{Action, Add, CommitInfo, Remove};
use millstream_core::{Epoch, Error, Result};
use millstream_formats::parquet::ParquetOptions;
use serde_json::json;
use tokio::task::JoinHandle;

pub use table::{CompactTableOptions, Compaction, compact_table, is_table};

use super::folder::{Folder, sync_folder};
use super::log::Log;
use super::retired::Retired;
use super::schema::TableSchema;
use super::snapshot::Loaded;
use super::table::{action, checkpoint};
use super::writer::joined;
use crate::failure::sink_error;

/// When small files become large ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactOptions {
    /// The size of files, in bytes; a file of half of it is large enough.
    pub target_file_size: u64,
    /// So many small files are let be; at least 2.
    pub after_files: usize,
}

impl Default for CompactOptions {
    fn default() -> Self {
        Self { target_file_size: 128 << 20, after_files: 64 }
    }
}

/// A file of a table.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) path: String,
    pub(super) bytes: u64,
    /// `None` if the log does not say.
    pub(super) rows: Option<u64>,
    /// When it was added, in milliseconds since the Unix epoch.
    pub(super) modified: i64,
    /// What its tags say of epochs, by key.
    pub(super) tags: HashMap<String, String>,
    /// Whether some of its rows are deleted by a vector beside it.
    pub(super) has_deletions: bool,
    pub(super) removal: Remove,
}

/// What all attempts on a table share.
#[derive(Debug, Clone)]
struct Job {
    path: PathBuf,
    application: String,
    folder: Arc<Folder>,
    parquet: ParquetOptions,
    target: u64,
    /// The time of commits, in milliseconds since the Unix epoch.
    now: Arc<AtomicI64>,
}

/// What became of one attempt.
enum Attempt {
    /// The names of the former files, and the sizes of the new ones.
    Done(Vec<String>, Vec<u64>),
    /// The files cannot be rewritten together.
    Unfit,
    /// Somebody removed files or changed the table meanwhile.
    Overtaken,
}

impl Job {
    /// Rewrites `files`, which are neighbours in `loaded`.
    async fn attempt(&self, loaded: &Loaded, number: usize, files: &[Candidate]) -> Result<Attempt> {
        let fits = |schema: &TableSchema| loaded.check(&self.path, schema).is_ok();
        let rewritten =
            rewrite::rewrite(&self.path, &self.folder, self.parquet, self.target, files, &fits).await?;
        let Some(rewritten) = rewritten else {
            return Ok(Attempt::Unfit);
        };
        let first = files.first().and_then(|file| self.folder.order_of(&file.path));
        let (first, place) = first.unwrap_or((Epoch::default(), number));
        let modified = files.iter().map(|file| file.modified).max().unwrap_or(0);
        let codec = super::codec(self.parquet.compression);
        let mut tags = Some(newest_tags(files));
        let (mut renames, mut adds) = (Vec::new(), Vec::new());
        for (index, file) in rewritten.into_iter().enumerate() {
            let name = self.folder.compacted_file(place + index, first, file.fingerprint, codec);
            renames.push((file.path, self.path.join(&name)));
            adds.push(Add {
                path: name,
                size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
                modification_time: modified,
                data_change: false,
                stats: Some(file.statistics),
                tags: tags.take().filter(|tags| !tags.is_empty()),
                ..Add::default()
            });
        }
        let names: Vec<PathBuf> = renames.iter().map(|(_, to)| to.clone()).collect();
        let path = self.path.clone();
        joined(tokio::task::spawn_blocking(move || {
            let publish = || {
                for (from, to) in &renames {
                    std::fs::rename(from, to)?;
                }
                sync_folder(&path)
            };
            publish().map_err(|cause| sink_error("publish files in", &path, cause))
        }))
        .await?;
        let committed = self.commit(loaded, files, &adds).await;
        if !matches!(committed, Ok(true)) {
            for name in names {
                // What stays is found by its name and removed by the next run.
                let _ = std::fs::remove_file(name);
            }
        }
        Ok(if committed? {
            let sizes = adds.iter().map(|add| add.size as u64).collect();
            Attempt::Done(files.iter().map(|file| file.path.clone()).collect(), sizes)
        } else {
            Attempt::Overtaken
        })
    }

    /// Lets `adds` change places with `files`; `false` if others were there first.
    async fn commit(&self, loaded: &Loaded, files: &[Candidate], adds: &[Add]) -> Result<bool> {
        let log = Log::of(&self.path);
        let mut version = loaded.standing.version + 1;
        loop {
            let at = self.now.load(Ordering::Relaxed);
            let text = entry(files, adds, version, at, self.target)?;
            let (log_here, unfinished) = (log.clone(), self.folder.unfinished_compaction());
            let free =
                joined(tokio::task::spawn_blocking(move || log_here.publish(version, &text, &unfinished)))
                    .await?;
            if free {
                checkpoint(&self.path, version, loaded.standing.checkpoint_interval).await;
                return Ok(true);
            }
            match log.read(version)? {
                Some(winner) if !winner.changes_table() && !winner.removes_files() => version += 1,
                _ => return Ok(false),
            }
        }
    }
}

/// For each application, what the newest of `files` says of its epoch.
fn newest_tags(files: &[Candidate]) -> HashMap<String, Option<String>> {
    let mut newest: HashMap<&str, (&str, &str)> = HashMap::new();
    for (key, value) in files.iter().flat_map(|file| &file.tags) {
        let Some((application, _)) = key.rsplit_once('.') else { continue };
        let known = newest.entry(application).or_insert((key, value));
        // Epochs have leading zeros.
        if key.as_str() > known.0 {
            *known = (key, value);
        }
    }
    newest.into_values().map(|(key, value)| (key.to_owned(), Some(value.to_owned()))).collect()
}

fn entry(files: &[Candidate], adds: &[Add], version: u64, at: i64, target: u64) -> Result<String> {
    let bytes = |sizes: &mut dyn Iterator<Item = u64>| sizes.sum::<u64>().to_string();
    let info = CommitInfo {
        timestamp: Some(at),
        operation: Some("OPTIMIZE".to_owned()),
        operation_parameters: Some(HashMap::from([
            ("predicate".to_owned(), json!("[]")),
            ("targetSize".to_owned(), json!(target.to_string())),
        ])),
        read_version: version.checked_sub(1),
        is_blind_append: Some(false),
        engine_info: Some(concat!("millstream:", env!("CARGO_PKG_VERSION")).to_owned()),
        info: HashMap::from([(
            "operationMetrics".to_owned(),
            json!({
                "numRemovedFiles": files.len().to_string(),
                "numRemovedBytes": bytes(&mut files.iter().map(|file| file.bytes)),
                "numAddedFiles": adds.len().to_string(),
                "numAddedBytes": bytes(&mut adds.iter().map(|add| add.size as u64)),
            }),
        )]),
        ..CommitInfo::default()
    };
    let mut lines = vec![action(&Action::CommitInfo(info))?];
    for file in files {
        let removal = Remove { data_change: false, deletion_timestamp: Some(at), ..file.removal.clone() };
        lines.push(action(&Action::Remove(removal))?);
    }
    for add in adds {
        lines.push(action(&Action::Add(add.clone()))?);
    }
    Ok(lines.join("\n") + "\n")
}

/// Compacts what one sink appends, beside it.
#[derive(Debug)]
pub(super) struct Compactor {
    job: Job,
    options: CompactOptions,
    /// Small files that were added since the last attempt; at first, those that were there.
    small: usize,
    task: Option<JoinHandle<Result<Vec<String>>>>,
}

impl Compactor {
    pub(super) fn new(
        path: &Path,
        application: &str,
        folder: &Arc<Folder>,
        parquet: ParquetOptions,
        options: CompactOptions,
        loaded: Option<&Loaded>,
    ) -> Result<Self> {
        let job = Job {
            path: path.to_owned(),
            application: application.to_owned(),
            folder: Arc::clone(folder),
            parquet,
            target: options.target_file_size,
            now: Arc::default(),
        };
        let files = loaded.map_or(Ok(Vec::new()), |loaded| own_files(loaded, &job))?;
        let small = small_at_the_end(&files, options.target_file_size);
        Ok(Self { job, options, small, task: None })
    }

    /// After a commit of files of these sizes at `at` (milliseconds since the Unix epoch): notes what the task has done,
    /// and starts one if enough small files are there. Never waits.
    pub(super) async fn after_commit(
        &mut self,
        sizes: impl Iterator<Item = u64>,
        at: i64,
        retired: &mut Retired,
    ) {
        self.job.now.store(at, Ordering::Relaxed);
        self.small += sizes.filter(|bytes| choose::is_small(*bytes, self.options.target_file_size)).count();
        if self.task.as_ref().is_some_and(JoinHandle::is_finished)
            && let Some(task) = self.task.take()
        {
            match joined(task).await {
                Ok(removed) => {
                    tracing::debug!(table = %self.job.path.display(), files = removed.len(), "compacted");
                    retired.add(at, removed);
                }
                Err(error) => {
                    tracing::warn!(table = %self.job.path.display(), %error, "small files were not compacted");
                }
            }
        }
        if self.task.is_none() && self.small >= self.options.after_files.max(2) {
            self.small = 0;
            let (job, options) = (self.job.clone(), self.options);
            self.task = Some(tokio::spawn(async move { round(&job, &options).await }));
        }
    }
}

impl Drop for Compactor {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// The files that the sink wrote, in the order of their rows.
fn own_files(loaded: &Loaded, job: &Job) -> Result<Vec<Candidate>> {
    let mut files = loaded.candidates(&job.path)?;
    files.retain(|file| job.folder.order_of(&file.path).is_some() && !file.has_deletions);
    files.sort_by_key(|file| job.folder.order_of(&file.path));
    Ok(files)
}

fn small_at_the_end(files: &[Candidate], target: u64) -> usize {
    files.iter().rev().take_while(|file| choose::is_small(file.bytes, target)).count()
}

/// Compacts what is due now; gives the names of the former files.
async fn round(job: &Job, options: &CompactOptions) -> Result<Vec<String>> {
    let mut removed = Vec::new();
    let Some(loaded) = Loaded::read(&job.path, &job.application).await? else {
        return Ok(removed);
    };
    let files = own_files(&loaded, job)?;
    let sizes: Vec<u64> = files.iter().map(|file| file.bytes).collect();
    for bin in choose::newest(&sizes, options) {
        match job.attempt(&loaded, 0, &files[bin]).await? {
            Attempt::Done(former, _) => removed.extend(former),
            Attempt::Unfit => {}
            Attempt::Overtaken => break,
        }
    }
    Ok(removed)
}

fn no_table(path: &Path) -> Error {
    Error::config(format!("{} is no Delta table", path.display()))
        .hint("give the folder of a table, or one whose folders are tables")
}
