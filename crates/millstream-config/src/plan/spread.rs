//! Where the rows of a stream go: one file, or several.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use millstream_connectors::TextEncoding;
use millstream_connectors::file::{
    AvroSink, AvroSinkOptions, FileNames, ParquetSink, ParquetSinkOptions, Split, TextSink, TextSinkOptions,
    resolve_below,
};
use millstream_core::{Error, Result};
use millstream_engine::AnySink;
use millstream_formats::Compression;
use millstream_formats::avro::AvroCompression;
use millstream_formats::parquet::ParquetOptions;

use super::stored_types::storing;
use crate::diagnostics::Diagnostic;
use crate::document::{Document, FileSet};

/// One file, or several.
#[derive(Debug)]
pub(super) enum Target {
    One(PathBuf),
    Several(Split),
}

impl Target {
    pub(super) fn text(self, format: TextEncoding, compression: Compression) -> AnySink {
        let options = |path| TextSinkOptions { path, format, compression };
        AnySink::Encoding(Box::new(match self {
            Self::One(path) => TextSink::new(options(path)),
            Self::Several(split) => TextSink::new(options(split.names.path(1))).split(split),
        }))
    }

    pub(super) fn parquet(self, options: ParquetOptions, encoders: usize) -> AnySink {
        let sink = |path| ParquetSink::new(ParquetSinkOptions { path, options }, encoders);
        storing(AnySink::Plain(Box::new(match self {
            Self::One(path) => sink(path),
            Self::Several(split) => sink(split.names.path(1)).split(split),
        })))
    }

    pub(super) fn avro(self, stream: &str, compression: AvroCompression, encoders: usize) -> AnySink {
        let sink =
            |path| AvroSink::new(AvroSinkOptions { path, name: stream.to_owned(), compression }, encoders);
        AnySink::Plain(Box::new(match self {
            Self::One(path) => sink(path),
            Self::Several(split) => sink(split.names.path(1)).split(split),
        }))
    }
}

/// The files that `generate` makes of a table with `rows` rows. Like table-faker: `NAME.EXT`, or `NAME_1.EXT` and so on
/// if `export_file_count` or else `export_file_row_count` asks for more than one.
pub(super) fn of_table(
    document: &Document,
    table: &str,
    folder: &Path,
    extension: &str,
    rows: u64,
) -> Result<Target> {
    let declared = document.tables.iter().find(|declared| declared.name.value == table);
    let files = declared.map(|declared| &declared.files);
    let name = files.and_then(|files| files.file_name.as_ref()).map_or(table, |name| &name.value);
    let of_count = files
        .and_then(|files| files.file_count.as_ref())
        .filter(|count| count.value > 1)
        .map(|count| rows.div_ceil(count.value));
    let of_rows = files.and_then(|files| files.rows_per_file.as_ref()).map(|rows| rows.value);
    let numbered = name.contains("{n");
    match of_count.or(of_rows).and_then(NonZeroU64::new) {
        Some(limit) if rows > limit.get() => {
            let template = if numbered { name.to_owned() } else { format!("{name}_{{n}}") };
            let names = FileNames::new(folder, &template.replace("{table}", table), extension)?;
            Ok(Target::Several(Split { names, rows: Some(limit), bytes: None }))
        }
        _ if numbered => {
            Ok(Target::One(FileNames::new(folder, &name.replace("{table}", table), extension)?.path(1)))
        }
        _ => {
            let name = name.replace("{table}", table);
            resolve_below(folder, &format!("{name}{extension}")).map(Target::One)
        }
    }
}

/// The files of a sink for `stream`. With `below`, `path` is a folder with the files of several streams.
pub(super) fn of_sink(
    document: &Document,
    files: &FileSet,
    path: &Path,
    below: Option<&str>,
    (stream, extension): (&str, &str),
    endless: bool,
) -> Result<Target> {
    if !files.is_set() {
        return match below {
            None => Ok(Target::One(path.to_owned())),
            Some(name) => resolve_below(path, &format!("{name}{extension}")).map(Target::One),
        };
    }
    let of_count = match &files.file_count {
        None => None,
        Some(count) => {
            let table = document.tables.iter().find(|table| table.name.value == stream);
            let Some(table) = table.filter(|_| !endless) else {
                let error = Diagnostic::error(
                    count.span,
                    format!("how many rows {stream:?} will have is not known, so they cannot be spread over a number of files"),
                )
                .hint("say where a file ends with `rows_per_file` or `target_file_size`");
                let mut found = document.diagnostics();
                found.push(error);
                return Err(found.into());
            };
            NonZeroU64::new(table.row_count.value.div_ceil(count.value).max(1))
        }
    };
    // A path with an extension names the files; another one is their folder.
    let file_name = path.file_name().and_then(|name| name.to_str()).filter(|_| below.is_none());
    let known = [extension, extension.trim_end_matches(".gz").trim_end_matches(".zst")];
    let stem = file_name.and_then(|name| {
        let stripped = known.iter().find_map(|known| name.strip_suffix(known).map(|stem| (stem, *known)));
        stripped.or_else(|| name.rfind('.').filter(|at| *at > 0).map(|at| name.split_at(at)))
    });
    let (folder, base, extension) = match stem {
        Some((stem, extension)) => (path.parent().unwrap_or(Path::new("")), stem, extension),
        None => (path, stream, extension),
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let template = match &files.file_name {
        None => format!("{base}-{{n:05}}"),
        Some(name) if below.is_some() && !name.value.contains("{table}") => {
            return Err(Error::config(format!("several streams would write to the files {:?}", name.value))
                .hint("write {table} into `file_name`, which stands for the name of the stream"));
        }
        Some(name) => name.value.replace("{table}", stream),
    };
    Ok(Target::Several(Split {
        names: FileNames::new(folder, &template, extension)?,
        rows: of_count.or(files.rows_per_file.as_ref().and_then(|rows| NonZeroU64::new(rows.value))),
        bytes: files.target_file_size.as_ref().and_then(|size| NonZeroU64::new(size.value)),
    }))
}
