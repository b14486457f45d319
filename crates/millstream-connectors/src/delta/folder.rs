//! What a sink keeps in a table's folder: data files under names that say whose they are, files in the making, and the
//! lock that keeps a second writer of the same stream out.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::failure::sink_error;
use millstream_core::{Epoch, Error, Key, Result};

/// Follows the epoch in the name of a file that holds rows of several.
const COMPACTED: char = 'c';

/// Before the application's mark and the epoch in the key of a tag.
pub(super) const EPOCH_TAG: &str = "millstream.epoch.";

/// A table's folder, as one application sees it.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// 16 hexadecimal digits that stand for the application in file names.
    mark: String,
    /// Held for as long as the sink lives. `None` where the file system has no locks.
    _lock: Option<File>,
}

impl Folder {
    /// Takes the folder at `path` for the application, and makes it if it is not there.
    pub(super) fn claim(path: &Path, application: &str) -> Result<Self> {
        fs::create_dir_all(path).map_err(|cause| sink_error("create the folder", path, cause))?;
        let mark = mark(application);
        let lock = lock(path, &mark, application)?;
        Ok(Self { path: path.to_owned(), mark, _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file in the making number `number`.
    pub(super) fn unfinished(&self, number: u64) -> PathBuf {
        self.path.join(format!("{}{number}.parquet", self.unfinished_prefix()))
    }

    /// The log entry in the making.
    pub(super) fn unfinished_entry(&self) -> PathBuf {
        self.path.join(format!("{}entry.json", self.unfinished_prefix()))
    }

    /// The log entry in the making of a compaction.
    pub(super) fn unfinished_compaction(&self) -> PathBuf {
        self.path.join(format!("{}compaction.json", self.unfinished_prefix()))
    }

    /// Names that start with a dot are no data to any reader of Delta tables.
    fn unfinished_prefix(&self) -> String {
        format!(".millstream-{}-", self.mark)
    }

    /// The name of data file `index` of `epoch`. The same content has the same name, and other content another: a file
    /// that is already there under this name is the same file.
    pub(super) fn data_file(
        &self,
        index: usize,
        epoch: Epoch,
        fingerprint: u64,
        codec: Option<&str>,
    ) -> String {
        let codec = codec.map(|codec| format!(".{codec}")).unwrap_or_default();
        let (mark, Epoch(epoch)) = (&self.mark, epoch);
        format!("part-{index:05}-{mark}-{epoch:010}-{fingerprint:016x}-c000{codec}.parquet")
    }

    /// The name of file `index` of a compaction whose first rows are of `epoch`.
    pub(super) fn compacted_file(
        &self,
        index: usize,
        Epoch(epoch): Epoch,
        fingerprint: u64,
        codec: Option<&str>,
    ) -> String {
        let codec = codec.map(|codec| format!(".{codec}")).unwrap_or_default();
        let mark = &self.mark;
        format!("part-{index:05}-{mark}-{epoch:010}{COMPACTED}-{fingerprint:016x}-c000{codec}.parquet")
    }

    /// Where the rows of one of our data files stand among the others; `None` for files of others.
    pub(super) fn order_of(&self, name: &str) -> Option<(Epoch, usize)> {
        parse(&self.mark, name).map(|name| (name.epoch, name.index))
    }

    /// The names of our compactions' files.
    pub(super) fn compacted(&self) -> Result<Vec<String>> {
        let unreadable = |cause| sink_error("list the folder", &self.path, cause);
        let entries = fs::read_dir(&self.path).map_err(unreadable)?;
        let mut names = Vec::new();
        for entry in entries {
            if let Ok(name) = entry.map_err(unreadable)?.file_name().into_string()
                && parse(&self.mark, &name).is_some_and(|name| name.compacted)
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// The key of the tag under which a file keeps what the newest epoch of `application` in it has recorded.
    pub(super) fn epoch_tag(application: &str, Epoch(epoch): Epoch) -> String {
        format!("{}{}.{epoch:010}", EPOCH_TAG, mark(application))
    }

    /// The same for a data file of an epoch, whoever wrote it.
    pub(super) fn epoch_tag_of(name: &str) -> Option<String> {
        let theirs = name.strip_prefix("part-")?.split('-').nth(1)?;
        let name = parse(theirs, name).filter(|name| !name.compacted && theirs.len() == 16)?;
        Some(format!("{EPOCH_TAG}{theirs}.{:010}", name.epoch.0))
    }

    /// Whether a data file was written for `application`.
    pub(super) fn is_of(application: &str, name: &str) -> bool {
        parse(&mark(application), name).is_some()
    }

    /// The epoch in the name of one of our data files.
    fn epoch_of(&self, name: &str) -> Option<Epoch> {
        epoch_in_name(&self.mark, name)
    }

    /// The epoch in the name of a data file of `application`; `None` for files of others.
    pub(super) fn epoch_in_name(application: &str, name: &str) -> Option<Epoch> {
        epoch_in_name(&mark(application), name)
    }

    /// What a killed run left behind: all files in the making, and the names of data files of epochs after
    /// `committed`. The former are removed, the latter are for the caller to judge.
    pub(super) fn sweep(&self, committed: Option<Epoch>) -> Result<Vec<String>> {
        let unreadable = |cause| sink_error("list the folder", &self.path, cause);
        let mut leftovers = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name.starts_with(&self.unfinished_prefix()) {
                self.remove(&name)?;
            } else if self.epoch_of(&name).is_some_and(|epoch| Some(epoch) > committed) {
                leftovers.push(name);
            }
        }
        Ok(leftovers)
    }

    /// Whether leftovers in a folder without a table are what a run leaves that was killed before its first commit. If
    /// not, they are the remains of a table that lost its log, and not for us to remove.
    pub(super) fn are_of_one_epoch(&self, leftovers: &[String]) -> bool {
        let epochs: HashSet<_> = leftovers.iter().map(|name| self.epoch_of(name)).collect();
        epochs.len() <= 1
    }

    /// Removes leftovers, except for those that the table knows.
    pub(super) fn remove_orphans(&self, leftovers: &[String], known: &HashSet<String>) -> Result<()> {
        for name in leftovers.iter().filter(|name| !known.contains(*name)) {
            self.remove(name)?;
        }
        Ok(())
    }

    /// Removes a file, unless it is gone already.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        match fs::remove_file(self.path.join(name)) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                Err(sink_error("remove the leftover", &self.path.join(name), cause))
            }
            _ => Ok(()),
        }
    }
}

/// What the name of a data file says.
struct Name {
    index: usize,
    epoch: Epoch,
    compacted: bool,
}

/// The names of files with `mark`.
fn parse(mark: &str, name: &str) -> Option<Name> {
    let mut parts = name.strip_prefix("part-")?.split('-');
    let (index, theirs, epoch) = (parts.next()?, parts.next()?, parts.next()?);
    if theirs != mark {
        return None;
    }
    let (epoch, compacted) = match epoch.strip_suffix(COMPACTED) {
        Some(epoch) => (epoch, true),
        None => (epoch, false),
    };
    Some(Name { index: index.parse().ok()?, epoch: epoch.parse().ok().map(Epoch)?, compacted })
}

fn epoch_in_name(mark: &str, name: &str) -> Option<Epoch> {
    parse(mark, name).filter(|name| !name.compacted).map(|name| name.epoch)
}

/// The application in file names; the name itself could hold any character.
fn mark(application: &str) -> String {
    format!("{:016x}", Key::from_seed(0).named(application).bits(0))
}

fn lock(path: &Path, mark: &str, application: &str) -> Result<Option<File>> {
    let name = path.join(format!(".millstream-{mark}.lock"));
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|cause| sink_error("write", &name, cause))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            Err(Error::state(format!("another process is writing to {} as {application}", path.display()))
                .hint("stop the other run, or give this pipeline another name"))
        }
        Err(TryLockError::Error(cause)) => {
            // The application transaction still keeps two writers apart; the lock only finds them earlier.
            tracing::warn!(path = %path.display(), %cause, "the file system has no locks");
            Ok(None)
        }
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    // Windows cannot flush a folder.
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}

/// A new file that fingerprints what is written to it.
#[derive(Debug)]
pub(super) struct FingerprintedFile {
    file: File,
    fingerprint: Fingerprint,
}

impl FingerprintedFile {
    /// Creates it, or empties what is there.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::create(path)?, fingerprint: Fingerprint::new() })
    }

    /// Makes the content durable; its length in bytes and its fingerprint.
    pub(super) fn seal(self) -> io::Result<(u64, u64)> {
        self.file.sync_all()?;
        Ok((self.fingerprint.length, self.fingerprint.value()))
    }
}

impl Write for FingerprintedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.fingerprint.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A 64-bit hash of a byte stream, the same for every way to cut it into writes. It tells files apart that differ by
/// accident, not by malice.
#[derive(Debug)]
struct Fingerprint {
    key: Key,
    pending: [u8; 8],
    length: u64,
}

impl Fingerprint {
    fn new() -> Self {
        Self { key: Key::from_seed(0), pending: [0; 8], length: 0 }
    }

    fn update(&mut self, mut bytes: &[u8]) {
        let filled = (self.length % 8) as usize;
        self.length += bytes.len() as u64;
        if filled > 0 {
            let taken = bytes.len().min(8 - filled);
            self.pending[filled..filled + taken].copy_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if filled + taken < 8 {
                return;
            }
            self.key = self.key.numbered(u64::from_le_bytes(self.pending));
        }
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.pending.copy_from_slice(word);
            self.key = self.key.numbered(u64::from_le_bytes(self.pending));
        }
        let rest = words.remainder();
        self.pending[..rest.len()].copy_from_slice(rest);
    }

    fn value(&self) -> u64 {
        let mut last = [0; 8];
        let filled = (self.length % 8) as usize;
        last[..filled].copy_from_slice(&self.pending[..filled]);
        self.key.numbered(u64::from_le_bytes(last)).numbered(self.length).bits(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_tell_their_epoch_to_their_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let ours = Folder::claim(home.path(), "millstream/shop/orders").unwrap();
        let theirs = Folder::claim(home.path(), "millstream/shop/customers").unwrap();
        let name = ours.data_file(3, Epoch(12), 0xabc, Some("snappy"));
        assert!(name.starts_with("part-00003-"), "{name}");
        assert!(name.ends_with("-0000000012-0000000000000abc-c000.snappy.parquet"), "{name}");
        assert_eq!(ours.epoch_of(&name), Some(Epoch(12)));
        assert_eq!(theirs.epoch_of(&name), None);
        for other in ["part-00000-c000.parquet", "_delta_log", "part-", "notes.txt"] {
            assert_eq!(ours.epoch_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_folder_is_claimed_once_for_each_application() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("new/folder");
        let first = Folder::claim(&path, "a").unwrap();
        let refused = Folder::claim(&path, "a").unwrap_err();
        assert_eq!(refused.kind(), millstream_core::ErrorKind::State);
        assert!(refused.to_string().contains("another process"), "{refused}");
        Folder::claim(&path, "b").unwrap();
        drop(first);
        Folder::claim(&path, "a").unwrap();
    }

    #[test]
    fn sweeping_takes_what_is_unfinished_and_lists_what_is_uncommitted() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::claim(home.path(), "a").unwrap();
        let names: Vec<String> = (1..=3).map(|e| folder.data_file(0, Epoch(e), 7, None)).collect();
        for name in &names {
            fs::write(home.path().join(name), "x").unwrap();
        }
        fs::write(folder.unfinished(0), "x").unwrap();
        fs::write(folder.unfinished_entry(), "x").unwrap();
        let foreign = home.path().join("part-00000-0000000000000000-0000000009-c000.parquet");
        fs::write(&foreign, "x").unwrap();
        let mut leftovers = folder.sweep(Some(Epoch(1))).unwrap();
        leftovers.sort();
        assert_eq!(leftovers, names[1..]);
        folder.remove_orphans(&leftovers, &HashSet::from([names[2].clone()])).unwrap();
        let exists = |name: &String| home.path().join(name).exists();
        assert!(exists(&names[0]) && !exists(&names[1]) && exists(&names[2]));
        assert!(foreign.exists() && !folder.unfinished(0).exists() && !folder.unfinished_entry().exists());
    }

    fn fingerprint(bytes: &[u8], cuts: &[usize]) -> u64 {
        let mut fingerprint = Fingerprint::new();
        let mut rest = bytes;
        for cut in cuts {
            let (head, tail) = rest.split_at(*cut % (rest.len() + 1));
            fingerprint.update(head);
            rest = tail;
        }
        fingerprint.update(rest);
        assert_eq!(fingerprint.length, bytes.len() as u64);
        fingerprint.value()
    }

    proptest! {
        #[test]
        fn fingerprints_do_not_depend_on_the_cuts(
            bytes in prop::collection::vec(any::<u8>(), 0..100),
            cuts in prop::collection::vec(any::<usize>(), 0..8),
        ) {
            prop_assert_eq!(fingerprint(&bytes, &cuts), fingerprint(&bytes, &[]));
        }

        #[test]
        fn every_byte_counts(mut bytes in prop::collection::vec(any::<u8>(), 1..100), at in any::<usize>()) {
            let before = fingerprint(&bytes, &[]);
            let mut longer = bytes.clone();
            longer.push(0);
            prop_assert_ne!(fingerprint(&longer, &[]), before);
            let at = at % bytes.len();
            bytes[at] ^= 1;
            prop_assert_ne!(fingerprint(&bytes, &[]), before);
        }
    }
}
