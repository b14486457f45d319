//! Data files that no version from now on needs, and that readers of older versions may still be reading: they are
//! removed when they have rested for the retention.

use std::collections::VecDeque;
use std::time::Duration;

use millstream_core::Result;

use super::folder::Folder;

/// The files, in the order in which their rows left the table.
#[derive(Debug)]
pub(super) struct Retired {
    retention: i64,
    files: VecDeque<(i64, String)>,
}

impl Retired {
    /// `files`: the time, in milliseconds since the Unix epoch, and the name.
    pub(super) fn new(retention: Duration, mut files: Vec<(i64, String)>) -> Self {
        files.sort();
        let retention = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
        Self { retention, files: files.into() }
    }

    /// Adds files that left the table at `at`.
    pub(super) fn add(&mut self, at: i64, names: impl IntoIterator<Item = String>) {
        self.files.extend(names.into_iter().map(|name| (at, name)));
    }

    /// Removes what has rested long enough at `now`; gives how many files that were. What cannot be removed stays listed, for the next time.
    pub(super) fn remove_due(&mut self, folder: &Folder, now: i64) -> Result<usize> {
        let before = self.files.len();
        while let Some((since, name)) = self.files.front() {
            if now.saturating_sub(*since) < self.retention {
                break;
            }
            folder.remove(name)?;
            self.files.pop_front();
        }
        Ok(before - self.files.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_rest_for_the_retention() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::claim(home.path(), "a").unwrap();
        for name in ["a", "b", "c"] {
            std::fs::write(home.path().join(name), "x").unwrap();
        }
        let mut retired =
            Retired::new(Duration::from_secs(1), vec![(2000, "b".to_owned()), (1000, "a".to_owned())]);
        retired.add(2500, ["c".to_owned(), "never there".to_owned()]);
        let left = || ["a", "b", "c"].map(|name| home.path().join(name).exists());
        retired.remove_due(&folder, 1999).unwrap();
        assert_eq!(left(), [true, true, true]);
        retired.remove_due(&folder, 3000).unwrap();
        assert_eq!(left(), [false, false, true]);
        retired.remove_due(&folder, 3500).unwrap();
        assert_eq!(left(), [false, false, false]);
    }
}
