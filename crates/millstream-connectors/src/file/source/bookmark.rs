//! The position in a list of files, and whether it still makes sense when a later run resumes there.

use std::path::{Path, PathBuf};

use millstream_core::{Bookmark, Error, Result};
use serde::{Deserialize, Serialize};

use crate::failure::source_error;

/// The version of the bookmark's form.
const FORMAT: u32 = 1;

/// Where a file source is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileBookmark {
    format: u32,
    /// The files so far; the last one is the current.
    pub(super) files: Vec<FileMark>,
    /// The index of the current file.
    pub(super) file: usize,
    /// The place in it.
    #[serde(flatten)]
    pub(super) position: Position,
    /// Whether the current file was read to its end.
    pub(super) done: bool,
}

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileMark {
    pub(super) path: String,
    /// Its size in bytes, as stored: at its end if it was read to the end, else when it was opened.
    pub(super) size: u64,
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Position {
    Text(TextPosition),
    Parquet(ParquetPosition),
}

/// A place between two records of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TextPosition {
    /// In bytes of the decompressed file.
    pub(super) offset: u64,
    /// The line of the next record, from 1.
    pub(super) line: u64,
    /// Whether the record before ended with the file instead of a line end.
    #[serde(default)]
    pub(super) unterminated: bool,
}

/// A place between two slices of a Parquet file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ParquetPosition {
    pub(super) row_group: usize,
    /// The next row in that group.
    pub(super) row: usize,
}

impl TextPosition {
    pub(super) const START: Self = Self { offset: 0, line: 1, unterminated: false };
}

impl ParquetPosition {
    pub(super) const START: Self = Self { row_group: 0, row: 0 };
}

/// Where to go on in the list of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Resume {
    /// The index of the file to read next; the number of files if there is nothing more to read.
    pub(super) file: usize,
    /// The place in it; `None` for its start.
    pub(super) position: Option<Position>,
}

impl FileBookmark {
    pub(super) fn new(files: Vec<FileMark>, file: usize, position: Position, done: bool) -> Self {
        Self { format: FORMAT, files, file, position, done }
    }

    pub(super) fn read(bookmark: Bookmark) -> Result<Self> {
        let bookmark: Self = serde_json::from_value(bookmark.0).map_err(|error| {
            Error::state("the bookmark is none of a file source")
                .caused_by(error)
                .hint("start over with --restart")
        })?;
        if bookmark.format != FORMAT || bookmark.files.len() != bookmark.file + 1 {
            return Err(Error::state(format!(
                "the bookmark (format {}) was not made by this version",
                bookmark.format
            ))
            .hint("use the version that made it, or start over with --restart"));
        }
        Ok(bookmark)
    }

    /// Finds the place in the files that there are now. A file that was read to its end may be gone, and new ones may
    /// come after the current one; whatever else has changed would lose or double rows.
    pub(super) fn locate(&self, now: &[PathBuf], sizes: &[u64]) -> Result<Resume> {
        let current = &self.files[self.file];
        let (finished, path) = (&self.files[..self.file], Path::new(&current.path));
        let index = now.partition_point(|file| file.as_path() < path);
        for (file, &size) in now[..index].iter().zip(sizes) {
            let Some(mark) = finished.iter().find(|mark| Path::new(&mark.path) == file) else {
                return Err(changed(format!(
                    "{} is new, and comes before {}, where the earlier run stopped: it would never be read",
                    file.display(),
                    current.path
                )));
            };
            if mark.size != size {
                return Err(changed(format!(
                    "{} had got {} bytes when it was read, now {size}",
                    mark.path, mark.size
                )));
            }
        }
        if now.get(index).is_none_or(|file| file != path) {
            if self.done {
                return Ok(Resume { file: index, position: None });
            }
            return Err(changed(format!(
                "{} is gone, and the earlier run stopped in the middle of it",
                current.path
            )));
        }
        let size = sizes[index];
        if self.done && size == current.size {
            return Ok(Resume { file: index + 1, position: None });
        }
        if size < current.size {
            return Err(changed(format!(
                "{} has shrunk from {} to {size} bytes since the earlier run read it",
                current.path, current.size
            )));
        }
        if matches!(self.position, Position::Parquet(_)) && size != current.size {
            return Err(changed(format!(
                "{} had got {} bytes when it was read, now {size}, and a Parquet file cannot grow",
                current.path, current.size
            )));
        }
        Ok(Resume { file: index, position: Some(self.position) })
    }
}

/// The sizes of files, in bytes as stored.
pub(super) fn sizes(files: &[PathBuf]) -> Result<Vec<u64>> {
    let size = |file: &PathBuf| {
        let metadata = std::fs::metadata(file);
        metadata.map(|metadata| metadata.len()).map_err(|error| source_error("look at", file, error))
    };
    files.iter().map(size).collect()
}

fn changed(message: String) -> Error {
    Error::state(message)
        .hint("put the files back as they were, or start over with --restart, which reads all of them again")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bookmark(files: &[(&str, u64)], done: bool) -> FileBookmark {
        let marks = files.iter().map(|(path, size)| FileMark { path: (*path).to_owned(), size: *size });
        let position = Position::Text(TextPosition { offset: 5, line: 2, unterminated: false });
        FileBookmark::new(marks.collect(), files.len() - 1, position, done)
    }

    fn locate(bookmark: &FileBookmark, now: &[(&str, u64)]) -> Result<(usize, bool)> {
        let files: Vec<_> = now.iter().map(|(path, _)| PathBuf::from(path)).collect();
        let sizes: Vec<_> = now.iter().map(|(_, size)| *size).collect();
        let resume = bookmark.locate(&files, &sizes)?;
        Ok((resume.file, resume.position.is_some()))
    }

    #[test]
    fn unchanged_files_resume_in_the_current_one() {
        let middle = bookmark(&[("a", 9), ("b", 9)], false);
        assert_eq!(locate(&middle, &[("a", 9), ("b", 9), ("c", 1)]).unwrap(), (1, true));
        assert_eq!(locate(&middle, &[("b", 9)]).unwrap(), (0, true), "a finished file may vanish");
        assert_eq!(locate(&middle, &[("b", 12)]).unwrap(), (0, true), "the current one may grow");
    }

    #[test]
    fn after_the_end_only_what_is_new_is_read() {
        let end = bookmark(&[("a", 9), ("b", 9)], true);
        assert_eq!(locate(&end, &[("a", 9), ("b", 9)]).unwrap(), (2, false));
        assert_eq!(locate(&end, &[("a", 9), ("b", 9), ("c", 1)]).unwrap(), (2, false));
        assert_eq!(locate(&end, &[("a", 9), ("b", 20)]).unwrap(), (1, true), "grown");
        assert_eq!(locate(&end, &[("c", 1)]).unwrap(), (0, false), "all vanished");
    }

    #[test]
    fn what_would_lose_or_double_rows_is_refused() {
        let middle = bookmark(&[("b", 9), ("d", 9)], false);
        let end = bookmark(&[("b", 9), ("d", 9)], true);
        for (bookmark, now, reason) in [
            (&middle, vec![("a", 1), ("b", 9), ("d", 9)], "a is new"),
            (&middle, vec![("b", 9), ("c", 1), ("d", 9)], "c is new"),
            (&middle, vec![("b", 10), ("d", 9)], "b had got 9 bytes"),
            (&middle, vec![("b", 9)], "d is gone"),
            (&middle, vec![("b", 9), ("d", 8)], "d has shrunk"),
            (&end, vec![("b", 9), ("c", 1)], "c is new"),
            (&end, vec![("b", 9), ("d", 8)], "d has shrunk"),
        ] {
            let error = locate(bookmark, &now).unwrap_err();
            assert_eq!(error.kind(), millstream_core::ErrorKind::State);
            assert!(error.to_string().starts_with(reason), "{error}");
            assert!(error.hint_text().unwrap().contains("--restart"));
        }
    }

    #[test]
    fn a_parquet_file_that_grew_was_rewritten() {
        let mut end = bookmark(&[("a", 9)], true);
        end.position = Position::Parquet(ParquetPosition::START);
        assert!(locate(&end, &[("a", 10)]).unwrap_err().to_string().contains("cannot grow"));
    }

    #[test]
    fn it_survives_as_json_and_refuses_strangers() {
        for position in [
            Position::Text(TextPosition { offset: u64::MAX, line: 7, unterminated: true }),
            Position::Parquet(ParquetPosition { row_group: 3, row: 65_536 }),
        ] {
            let mut bookmark = bookmark(&[("a", 9)], false);
            bookmark.position = position;
            let json = Bookmark(serde_json::to_value(&bookmark).unwrap());
            assert_eq!(FileBookmark::read(json).unwrap(), bookmark);
        }
        for stranger in [
            serde_json::json!({}),
            serde_json::json!({"format": 2, "files": [{"path": "a", "size": 1}], "file": 0, "kind": "text", "offset": 0, "line": 1, "done": false}),
            serde_json::json!({"format": 1, "files": [], "file": 0, "kind": "text", "offset": 0, "line": 1, "done": false}),
        ] {
            let error = FileBookmark::read(Bookmark(stranger)).unwrap_err();
            assert_eq!(error.kind(), millstream_core::ErrorKind::State);
        }
    }
}
