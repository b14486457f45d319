//! A folder of Parquet files, one per epoch.

use std::path::PathBuf;
use std::sync::Arc;

use millstream_core::{Epoch, Error, Result};
use serde::{Deserialize, Serialize};

use super::super::disk::{Disk, names_in};
use super::super::place::{length, lost};
use crate::failure::sink_error;

/// The files that were prepared and not yet committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FolderToken {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    staged: String,
    name: String,
    length: u64,
}

#[derive(Debug)]
pub(super) struct Folder {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    pending: Vec<Part>,
    /// Whether there is a file in the folder, or one on its way.
    has_files: bool,
}

impl Folder {
    /// Starts over. Files that are there are removed if `replace`, else refused.
    pub(super) fn create(disk: Arc<dyn Disk>, path: PathBuf, replace: bool) -> Result<Self> {
        if path.is_file() {
            return Err(Error::sink(format!("{} is a file, not a folder", path.display()))
                .hint("move it away, or choose another path"));
        }
        disk.create_folder(&path).map_err(|error| sink_error("create", &path, error))?;
        let folder = Self { disk, path, pending: Vec::new(), has_files: false };
        let published = folder.published()?;
        if !published.is_empty() && !replace {
            return Err(Error::sink(format!(
                "{} holds {} files of a run that this pipeline has no checkpoint of",
                folder.path.display(),
                published.len()
            ))
            .hint("--restart replaces them; or move them away, or choose another path"));
        }
        for (_, name) in published {
            folder.remove(&name)?;
        }
        folder.discard_leftovers()?;
        Ok(folder)
    }

    /// Goes on after `token`, which was prepared for `epoch`: commits it if need be, and removes what came after it.
    pub(super) fn resume(
        disk: Arc<dyn Disk>,
        path: PathBuf,
        epoch: Epoch,
        token: &FolderToken,
    ) -> Result<Self> {
        let mut folder = Self { disk, path, pending: Vec::new(), has_files: false };
        folder.commit(token)?;
        let published = folder.published()?;
        folder.has_files = published.iter().any(|(of, _)| *of <= epoch.0);
        for (_, name) in published.into_iter().filter(|(of, _)| *of > epoch.0) {
            folder.remove(&name)?;
        }
        folder.discard_leftovers()?;
        Ok(folder)
    }

    /// Where the part `number` is written.
    pub(super) fn part(&self, number: u64) -> PathBuf {
        self.path.join(staged_name(number))
    }

    /// Whether no epoch so far has made a file.
    pub(super) fn is_empty(&self) -> bool {
        !self.has_files
    }

    /// `sealed`: number and length of the part that this epoch wrote.
    pub(super) fn prepare(&mut self, sealed: Option<(u64, u64)>, epoch: Epoch) -> Result<FolderToken> {
        if let Some((number, length)) = sealed {
            self.sync()?;
            self.has_files = true;
            self.pending.push(Part {
                staged: staged_name(number),
                name: format!("part-{:08}.parquet", epoch.0),
                length,
            });
        }
        Ok(FolderToken { parts: self.pending.clone() })
    }

    pub(super) fn commit(&mut self, token: &FolderToken) -> Result<()> {
        for part in &token.parts {
            let (staged, published) = (self.path.join(&part.staged), self.path.join(&part.name));
            match length(&staged)? {
                Some(found) if found == part.length => self
                    .disk
                    .rename(&staged, &published)
                    .map_err(|error| sink_error("publish", &published, error))?,
                Some(found) => return Err(lost(&staged, part.length, Some(found))),
                None => {
                    let found = length(&published)?;
                    if found != Some(part.length) {
                        return Err(lost(&published, part.length, found));
                    }
                }
            }
        }
        if !token.parts.is_empty() {
            self.sync()?;
        }
        self.pending.retain(|part| !token.parts.contains(part));
        Ok(())
    }

    /// The published files with their epochs.
    fn published(&self) -> Result<Vec<(u64, String)>> {
        let epoch = |name: &str| {
            let digits = name.strip_prefix("part-")?.strip_suffix(".parquet")?;
            let is_ours = digits.len() >= 8 && digits.bytes().all(|b| b.is_ascii_digit());
            is_ours.then(|| digits.parse().ok()).flatten()
        };
        let names = self.names()?.into_iter();
        Ok(names.filter_map(|name| Some((epoch(&name)?, name))).collect())
    }

    fn discard_leftovers(&self) -> Result<()> {
        for name in self.names()? {
            let number = name.strip_prefix(".part-").and_then(|rest| rest.strip_suffix(".staged"));
            if number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
                self.remove(&name)?;
            }
        }
        Ok(())
    }

    fn names(&self) -> Result<Vec<String>> {
        names_in(&self.path).map_err(|error| sink_error("list", &self.path, error))
    }

    fn remove(&self, name: &str) -> Result<()> {
        let path = self.path.join(name);
        self.disk.remove(&path).map_err(|error| sink_error("remove", &path, error))
    }

    fn sync(&self) -> Result<()> {
        self.disk.sync_folder(&self.path).map_err(|error| sink_error("sync", &self.path, error))
    }
}

fn staged_name(number: u64) -> String {
    format!(".part-{number}.staged")
}
