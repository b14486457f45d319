//! How an output is spread over several files: the keys of sinks, and those of table-faker's tables.

use crate::decode::{Map, Spanned};
use crate::diagnostics::Diagnostic;

/// The smallest `target_file_size`: more files than that serve nobody.
const SMALLEST_FILE: u64 = 1_000_000;

/// How an output is spread over files; nothing is set for a single one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSet {
    /// `rows_per_file`, on tables `export_file_row_count`.
    pub rows_per_file: Option<Spanned<u64>>,
    /// `file_count`, on tables `export_file_count`.
    pub file_count: Option<Spanned<u64>>,
    /// `file_name`, on tables `export_file_name`: the name of the files, without extension.
    pub file_name: Option<Spanned<String>>,
    /// `target_file_size`, in bytes; not on tables.
    pub target_file_size: Option<Spanned<u64>>,
}

impl FileSet {
    /// Whether it may ask for more than one file.
    pub fn is_set(&self) -> bool {
        self.rows_per_file.is_some() || self.file_count.is_some() || self.target_file_size.is_some()
    }
}

/// The keys of a sink.
pub(super) fn of_sink(map: &mut Map<'_>) -> FileSet {
    let set = FileSet {
        rows_per_file: map.whole("rows_per_file", 1..=u64::MAX),
        file_count: map.whole("file_count", 1..=1_000_000),
        file_name: name(map, "file_name"),
        target_file_size: map.size("target_file_size"),
    };
    let sizes = [
        ("rows_per_file", set.rows_per_file.as_ref()),
        ("file_count", set.file_count.as_ref()),
        ("target_file_size", set.target_file_size.as_ref()),
    ];
    let mut given = sizes.iter().filter_map(|(key, value)| value.map(|value| (key, value.span)));
    if let (Some((first, place)), Some((second, span))) = (given.next(), given.next()) {
        let error = Diagnostic::error(span, format!("`{second}` and `{first}` both say where a file ends"))
            .related(place, "the other one")
            .hint("keep one of them");
        map.context.report(error);
    }
    if let Some(size) = &set.target_file_size
        && size.value < SMALLEST_FILE
    {
        let error = Diagnostic::error(size.span, "files of less than 1MB are slow to read for everyone")
            .hint("write at least 1MB; 128MB to 1GB is usual");
        map.context.report(error);
    }
    if let (Some(name), false) = (&set.file_name, set.is_set()) {
        let error = Diagnostic::error(name.span, "`file_name` is for outputs of several files")
            .hint("say where a file ends with `rows_per_file`, `file_count` or `target_file_size`; or write the name into `path`");
        map.context.report(error);
    }
    set
}

/// The keys of a table.
pub(super) fn of_table(map: &mut Map<'_>) -> FileSet {
    FileSet {
        rows_per_file: map.whole("export_file_row_count", 1..=u64::MAX),
        file_count: map.whole("export_file_count", 1..=1_000_000),
        file_name: name(map, "export_file_name"),
        target_file_size: None,
    }
}

fn name(map: &mut Map<'_>, key: &'static str) -> Option<Spanned<String>> {
    let text = map.text(key)?;
    let name = text.map(|text| text.reveal().to_owned());
    let problem = if name.value.is_empty() {
        Some("a file needs a name")
    } else if name.value.contains(['/', '\\']) {
        Some("the name of a file has no folders in it")
    } else {
        None
    };
    if let Some(problem) = problem {
        map.context.report(Diagnostic::error(name.span, problem).hint("write for example orders-{n:05}"));
        return None;
    }
    Some(name)
}
