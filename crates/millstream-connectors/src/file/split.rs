//! Outputs of several files: their names, and where one ends.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use millstream_core::{Error, Result};

use super::below::resolve_below;

/// The names of the files of an output: `orders-00001.csv`, `orders-00002.csv` …
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileNames {
    folder: PathBuf,
    before: String,
    digits: usize,
    after: String,
}

impl FileNames {
    /// Files in `folder` whose names are `template` with the number of the file, counted from 1, for `{n}`, or with
    /// leading zeros up to five digits for `{n:05}`, and `extension` after it.
    ///
    /// # Errors
    /// A config error for a template without `{n}` or with other braces, and for names that are not plain.
    pub fn new(folder: &Path, template: &str, extension: &str) -> Result<Self> {
        let refused = |what: &str| {
            Err(Error::config(format!("the file name {template:?} {what}"))
                .hint("write for example orders-{n:05}: {n} is the number of the file"))
        };
        let Some((before, rest)) = template.split_once("{n") else {
            return refused("has no {n}, so that all files would have the same name");
        };
        let Some((width, after)) = rest.split_once('}') else {
            return refused("has a brace that is not closed");
        };
        let digits = match width.strip_prefix(":0").map(str::parse::<usize>) {
            None if width.is_empty() => 1,
            Some(Ok(digits @ 1..=18)) => digits,
            _ => return refused("has another format than {n} or {n:05}"),
        };
        if before.contains(['{', '}']) || after.contains(['{', '}']) {
            return refused("has braces around something else than n");
        }
        let names = Self {
            folder: folder.to_owned(),
            before: before.to_owned(),
            digits,
            after: format!("{after}{extension}"),
        };
        resolve_below(folder, &names.name(1))?;
        Ok(names)
    }

    /// The name of a file.
    pub fn name(&self, number: u64) -> String {
        format!("{}{number:0width$}{}", self.before, self.after, width = self.digits)
    }

    /// The path of a file.
    pub fn path(&self, number: u64) -> PathBuf {
        self.folder.join(self.name(number))
    }

    /// The folder that they are in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The number of the file of this name, if it is one of them.
    pub fn number(&self, name: &str) -> Option<u64> {
        let digits = name.strip_prefix(&self.before)?.strip_suffix(&self.after)?;
        let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
        (number > 0 && self.name(number) == name).then_some(number)
    }
}

/// How rows are spread over several files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The names of the files.
    pub names: FileNames,
    /// Rows in each file but the last: row *i* is always in the same file.
    pub rows: Option<NonZeroU64>,
    /// A file ends before the row that would make it larger than this many bytes, before compression (Parquet and
    /// Avro: at the first row group or block that brings it to this size).
    pub bytes: Option<NonZeroU64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_belong_together() {
        let names = FileNames::new(Path::new("out"), "orders-{n:05}", ".csv").unwrap();
        assert_eq!(names.path(7), Path::new("out/orders-00007.csv"));
        for number in [1, 7, 99_999, 100_000, 1_234_567] {
            assert_eq!(names.number(&names.name(number)), Some(number));
        }
        for name in [
            "orders-7.csv",
            "orders-000007.csv",
            "orders-00000.csv",
            "orders-.csv",
            "orders-00007.csv.gz",
            "x",
        ] {
            assert_eq!(names.number(name), None, "{name}");
        }
        assert_eq!(FileNames::new(Path::new("o"), "a_{n}", ".jsonl").unwrap().name(12), "a_12.jsonl");
    }

    #[test]
    fn templates_that_are_none_are_refused() {
        for template in ["orders", "{n", "{n:5}", "{n:0}", "{m}{n}", "{n}{n}", "../{n}", "a/{n}", "{n:099}"] {
            assert!(FileNames::new(Path::new("o"), template, ".csv").is_err(), "{template}");
        }
    }
}
