//! The entries of a table's log: one JSON file for each version, of which we add one for each epoch.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use deltalake_core::kernel::Transaction;
use millstream_core::{Bookmark, Epoch, Error, Result};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::folder::sync_folder;
use crate::failure::sink_error;

/// The key under which a commit records its epoch's bookmarks, as JSON text.
pub(super) const BOOKMARKS: &str = "millstream.bookmarks";

/// The folder of a table's log.
#[derive(Debug, Clone)]
pub(super) struct Log(PathBuf);

impl Log {
    pub(super) fn of(table: &Path) -> Self {
        Self(table.join("_delta_log"))
    }

    /// Whether there is a table: an entry or a checkpoint of one.
    pub(super) fn exists(&self) -> Result<bool> {
        Ok(self.newest()?.is_some())
    }

    /// The newest version that has an entry or a checkpoint.
    pub(super) fn newest(&self) -> Result<Option<u64>> {
        let entries = match fs::read_dir(&self.0) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            entries => entries.map_err(|cause| self.unreadable(cause))?,
        };
        let mut newest = None;
        for entry in entries {
            let name = entry.map_err(|cause| self.unreadable(cause))?.file_name();
            let name = name.to_string_lossy();
            let known = Path::new(name.as_ref()).extension();
            let known = known.is_some_and(|extension| extension == "json" || extension == "parquet");
            if known && name.len() > 20 && name.bytes().take(20).all(|byte| byte.is_ascii_digit()) {
                newest = newest.max(name.get(..20).and_then(|version| version.parse().ok()));
            }
        }
        Ok(newest)
    }

    pub(super) fn has(&self, version: u64) -> bool {
        self.path(version).exists()
    }

    fn path(&self, version: u64) -> PathBuf {
        self.0.join(format!("{version:020}.json"))
    }

    fn unreadable(&self, cause: io::Error) -> Error {
        sink_error("read the log", &self.0, cause)
    }

    /// The entry of `version`; `None` if it was never made, or cleaned up.
    pub(super) fn read(&self, version: u64) -> Result<Option<Entry>> {
        let text = match fs::read_to_string(self.path(version)) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|cause| self.unreadable(cause))?,
        };
        Entry::parse(&text).map(Some).map_err(|cause| {
            Error::sink(format!("version {version} in {} is damaged", self.0.display())).caused_by(cause)
        })
    }

    /// The newest entry with a transaction of `application`, at or before `version`, as far back as the log goes.
    pub(super) fn newest_of(&self, application: &str, version: u64) -> Result<Option<Entry>> {
        for version in (0..=version).rev() {
            match self.read(version)? {
                None => return Ok(None),
                Some(entry) if entry.epoch_of(application).is_some() => return Ok(Some(entry)),
                Some(_) => {}
            }
        }
        Ok(None)
    }

    /// Adds the entry of `version`, whole, durable, and only if nobody else has: `false` if somebody has.
    /// `unfinished` is where it is written first, on the same file system.
    pub(super) fn publish(&self, version: u64, text: &str, unfinished: &Path) -> Result<bool> {
        let create = || {
            // What a crash left there may be a second link to an entry that is published: never write into it.
            match fs::remove_file(unfinished) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
                _ => {}
            }
            let mut file = File::create_new(unfinished)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            // Unlike a rename, a link does not replace what is there.
            let linked = fs::hard_link(unfinished, self.path(version));
            fs::remove_file(unfinished)?;
            match linked {
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
                linked => linked?,
            }
            sync_folder(&self.0)?;
            Ok(true)
        };
        create().map_err(|cause: io::Error| {
            if cause.kind() == io::ErrorKind::NotFound {
                Error::sink(format!("cannot write {}", self.path(version).display()))
                    .caused_by(cause)
                    .hint("was the table's folder removed while the pipeline was running?")
            } else {
                sink_error("write", &self.path(version), cause)
            }
        })
    }

    /// Makes the folder of a new table's log.
    pub(super) fn create(&self) -> Result<()> {
        let create = || {
            fs::create_dir_all(&self.0)?;
            self.0.parent().map_or(Ok(()), sync_folder)
        };
        create().map_err(|cause| sink_error("create the folder", &self.0, cause))
    }
}

/// What matters to us of a log entry.
#[derive(Debug, Default)]
pub(super) struct Entry {
    transactions: Vec<Transaction>,
    commit_info: Option<Value>,
    files: Vec<String>,
    changes_table: bool,
    removes_files: bool,
}

/// An action; those that are not named here do not matter.
#[derive(Deserialize)]
struct Action {
    txn: Option<Transaction>,
    #[serde(rename = "commitInfo")]
    commit_info: Option<Value>,
    add: Option<Add>,
    remove: Option<IgnoredAny>,
    #[serde(rename = "metaData")]
    metadata: Option<IgnoredAny>,
    protocol: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Add {
    path: String,
}

impl Entry {
    fn parse(text: &str) -> serde_json::Result<Self> {
        let mut entry = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let action: Action = serde_json::from_str(line)?;
            entry.transactions.extend(action.txn);
            entry.files.extend(action.add.map(|add| add.path));
            entry.changes_table |= action.metadata.is_some() || action.protocol.is_some();
            entry.removes_files |= action.remove.is_some();
            if action.commit_info.is_some() {
                entry.commit_info = action.commit_info;
            }
        }
        Ok(entry)
    }

    /// The epoch that this entry committed for `application`.
    pub(super) fn epoch_of(&self, application: &str) -> Option<Epoch> {
        self.transactions
            .iter()
            .find(|transaction| transaction.app_id == application)
            .and_then(|transaction| u64::try_from(transaction.version).ok())
            .map(Epoch)
    }

    /// Whether it changed the table's columns, properties or features.
    pub(super) fn changes_table(&self) -> bool {
        self.changes_table
    }

    /// Whether it removed files, or marked rows of them as deleted.
    pub(super) fn removes_files(&self) -> bool {
        self.removes_files
    }

    /// Whether it added exactly these files.
    pub(super) fn has_files<'a>(&self, names: impl Iterator<Item = &'a str>) -> bool {
        let mut ours: Vec<&str> = names.collect();
        let mut theirs: Vec<&str> = self.files.iter().map(String::as_str).collect();
        ours.sort_unstable();
        theirs.sort_unstable();
        ours == theirs
    }

    /// The bookmarks that one of our commits recorded.
    pub(super) fn bookmarks(&self) -> Option<Vec<(String, Bookmark)>> {
        serde_json::from_str(self.commit_info.as_ref()?.get(BOOKMARKS)?.as_str()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_published_once() {
        let home = tempfile::tempdir().unwrap();
        let log = Log::of(home.path());
        let unfinished = home.path().join(".unfinished");
        assert!(!log.exists().unwrap());
        let refused = log.publish(0, "{}", &unfinished).unwrap_err();
        assert!(refused.hint_text().unwrap().contains("removed"), "{refused}");
        log.create().unwrap();
        assert!(!log.exists().unwrap());
        assert!(log.publish(0, r#"{"txn":{"appId":"a","version":1}}"#, &unfinished).unwrap());
        assert!(!log.publish(0, r#"{"txn":{"appId":"b","version":2}}"#, &unfinished).unwrap());
        assert!(log.exists().unwrap() && !unfinished.exists());
        let entry = log.read(0).unwrap().unwrap();
        assert_eq!(entry.epoch_of("a"), Some(Epoch(1)));
        assert_eq!(entry.epoch_of("b"), None);
        assert!(log.read(1).unwrap().is_none());
    }

    #[test]
    fn a_crash_between_link_and_removal_does_not_cost_an_entry() {
        let home = tempfile::tempdir().unwrap();
        let log = Log::of(home.path());
        log.create().unwrap();
        let unfinished = home.path().join(".unfinished");
        log.publish(0, r#"{"txn":{"appId":"a","version":1}}"#, &unfinished).unwrap();
        fs::hard_link(log.path(0), &unfinished).unwrap();
        log.publish(1, r#"{"txn":{"appId":"a","version":2}}"#, &unfinished).unwrap();
        let epoch = |version| log.read(version).unwrap().unwrap().epoch_of("a");
        assert_eq!((epoch(0), epoch(1)), (Some(Epoch(1)), Some(Epoch(2))));
    }

    #[test]
    fn the_newest_entry_of_an_application_is_found_among_others() {
        let home = tempfile::tempdir().unwrap();
        let log = Log::of(home.path());
        log.create().unwrap();
        let unfinished = home.path().join(".unfinished");
        for (version, application) in ["a", "a", "b", "c"].iter().enumerate() {
            let text = format!(
                "{{\"txn\":{{\"appId\":\"{application}\",\"version\":{version}}}}}\n{{\"unknown\":{{}}}}\n"
            );
            assert!(log.publish(version as u64, &text, &unfinished).unwrap());
        }
        let epoch = |name: &str| {
            let entry = log.newest_of(name, 3).unwrap();
            entry.and_then(|entry| entry.epoch_of(name))
        };
        assert_eq!(epoch("a"), Some(Epoch(1)));
        assert_eq!(epoch("c"), Some(Epoch(3)));
        assert_eq!(epoch("d"), None);
        fs::remove_file(log.path(2)).unwrap();
        assert_eq!(epoch("a"), None, "before a gap nothing is certain");
    }

    #[test]
    fn entries_say_what_they_changed() {
        let entry = Entry::parse(concat!(
            r#"{"commitInfo":{"millstream.bookmarks":"[[\"orders\",{\"row\":7}]]"}}"#,
            "\n",
            r#"{"add":{"path":"b"}}"#,
            "\n",
            r#"{"add":{"path":"a"}}"#,
        ))
        .unwrap();
        assert!(!entry.changes_table());
        assert!(entry.has_files(["a", "b"].into_iter()));
        assert!(!entry.has_files(["a"].into_iter()));
        assert_eq!(
            entry.bookmarks().unwrap(),
            [("orders".to_owned(), Bookmark(serde_json::json!({"row": 7})))]
        );
        for line in [r#"{"protocol":{}}"#, r#"{"metaData":{}}"#] {
            let entry = Entry::parse(line).unwrap();
            assert!(entry.changes_table() && entry.bookmarks().is_none());
        }
        assert!(Entry::parse("{").is_err());
    }
}
