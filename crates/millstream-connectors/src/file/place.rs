//! Where an output and its hidden neighbours are.

use std::path::{Path, PathBuf};

use millstream_core::{Error, Result};

use super::disk::{Disk, length_of, names_in};
use crate::failure::sink_error;

/// An output file `NAME` and what is kept beside it until it is published: `.NAME.staged`, `.NAME.part-1` …
#[derive(Debug, Clone)]
pub(super) struct Place {
    folder: PathBuf,
    name: String,
}

impl Place {
    /// The place of the file at `path`.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name else {
            return Err(Error::config(format!(
                "the output path {:?} does not end with a file name",
                path.display()
            ))
            .hint("give the path of a file, such as out/orders.jsonl"));
        };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
            _ => PathBuf::from("."),
        };
        Ok(Self { folder, name: name.to_owned() })
    }

    /// The published file.
    pub(super) fn published(&self) -> PathBuf {
        // Without the `./` that nobody wrote.
        if self.folder == Path::new(".") { PathBuf::from(&self.name) } else { self.folder.join(&self.name) }
    }

    /// The name of the published file.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The file that is to be published.
    pub(super) fn staged(&self) -> PathBuf {
        self.folder.join(format!(".{}.staged", self.name))
    }

    /// The file of the part `number`.
    pub(super) fn part(&self, number: u64) -> PathBuf {
        self.folder.join(self.part_name(number))
    }

    /// The name of the file of the part `number`.
    pub(super) fn part_name(&self, number: u64) -> String {
        format!(".{}.part-{number}", self.name)
    }

    /// A neighbour by its name.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Creates the folder, and refuses an output path that is a folder itself.
    pub(super) fn create_folder(&self, disk: &dyn Disk) -> Result<()> {
        if self.published().is_dir() {
            return Err(Error::sink(format!("{} is a folder", self.published().display()))
                .hint("give the path of a file in it"));
        }
        if self.folder.is_dir() {
            return Ok(());
        }
        disk.create_folder(&self.folder)
            .map_err(|error| sink_error("create the folder of", &self.published(), error))
    }

    /// Makes the names in the folder durable.
    pub(super) fn sync_folder(&self, disk: &dyn Disk) -> Result<()> {
        disk.sync_folder(&self.folder)
            .map_err(|error| sink_error("sync the folder of", &self.published(), error))
    }

    /// Removes what an earlier run left unpublished, except `kept`.
    pub(super) fn discard_leftovers(&self, disk: &dyn Disk, kept: &[PathBuf]) -> Result<()> {
        let names = names_in(&self.folder).map_err(|error| sink_error("list", &self.folder, error))?;
        let staged = format!(".{}.staged", self.name);
        let part = format!(".{}.part-", self.name);
        for name in names {
            let number = name.strip_prefix(&part);
            let is_part = number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
            let path = self.folder.join(&name);
            if (name == staged || is_part) && !kept.contains(&path) {
                tracing::debug!(path = %path.display(), "removing what an earlier run left unpublished");
                disk.remove(&path).map_err(|error| sink_error("remove", &path, error))?;
            }
        }
        Ok(())
    }
}

/// The length of a file in bytes; `None` if there is none.
pub(super) fn length(path: &Path) -> Result<Option<u64>> {
    length_of(path).map_err(|error| sink_error("look at", path, error))
}

/// The state error for a file that is not as the checkpoint left it.
pub(super) fn lost(path: &Path, expected: u64, found: Option<u64>) -> Error {
    let state = match found {
        Some(found) => format!("has got {found} bytes, not the {expected}"),
        None => format!("is missing: it had the {expected} bytes"),
    };
    Error::state(format!("{} {state} that the checkpoint counts on", path.display()))
        .hint("put the file back, or start over with --restart")
}

#[cfg(test)]
mod tests {
    use super::super::disk::LocalDisk;
    use super::*;

    #[test]
    fn only_its_own_leftovers_are_discarded() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| std::fs::write(folder.path().join(name), "x").unwrap();
        let all = [".a.csv.staged", ".a.csv.part-12", ".a.csv.part-7", ".a.csv.part-", ".a.csv.part-1x"];
        let others = [".b.csv.staged", "a.csv.staged", ".a.csv.staged.x", "a.csv", ".a.csv.gz.staged"];
        all.iter().chain(&others).for_each(|name| write(name));
        let place = Place::of(&folder.path().join("a.csv")).unwrap();
        place.discard_leftovers(&LocalDisk, &[place.part(7)]).unwrap();
        let mut expected = others.to_vec();
        expected.extend([".a.csv.part-7", ".a.csv.part-", ".a.csv.part-1x"]);
        expected.sort_unstable();
        assert_eq!(names_in(folder.path()).unwrap(), expected);
    }

    #[test]
    fn a_path_without_a_name_is_refused() {
        for path in ["", "/", "..", "out/.."] {
            assert!(Place::of(Path::new(path)).is_err(), "{path:?}");
        }
        assert_eq!(Place::of(Path::new("x")).unwrap().published(), Path::new("x"));
        assert_eq!(Place::of(Path::new("x")).unwrap().staged(), Path::new("./.x.staged"));
    }
}
