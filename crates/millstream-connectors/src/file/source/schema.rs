//! The format and the columns of a list of files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use millstream_core::{Error, Result};
use millstream_formats::csv::{CsvFormat, CsvReadOptions};
use millstream_formats::jsonl::{JsonlFormat, JsonlReadOptions};
use millstream_formats::parquet::ParquetInput;
use millstream_formats::text::{Block, TextFormat};

use super::FileFormat;
use super::bookmark::{ParquetPosition, Position, TextPosition};
use super::parquet_reader::{ParquetReader, check_columns};
use super::text_reader::{TextInput, TextReader};

/// What types are inferred from, at most, in bytes.
const SAMPLE: usize = 4 << 20;
/// What is looked at in every further file, in bytes.
const LOOK: usize = 64 << 10;
/// How many files are looked at before the first row is read; the others when it is their turn.
const LOOKED_AT: usize = 100;

/// How the files of a source are read, columns included.
#[derive(Debug, Clone)]
pub(super) enum Format {
    Text(Arc<dyn TextFormat>),
    Parquet { columns: Option<Vec<String>>, schema: SchemaRef },
}

/// Reads one file after the other.
pub(super) enum Reader {
    Text(TextReader),
    Parquet(ParquetReader),
}

impl Format {
    pub(super) fn schema(&self) -> SchemaRef {
        match self {
            Self::Text(format) => format.schema(),
            Self::Parquet { schema, .. } => Arc::clone(schema),
        }
    }

    /// The start of a file.
    pub(super) fn start(&self) -> Position {
        match self {
            Self::Text(_) => Position::Text(TextPosition::START),
            Self::Parquet { .. } => Position::Parquet(ParquetPosition::START),
        }
    }

    pub(super) fn reader(&self, block_bytes: usize) -> Reader {
        match self {
            Self::Text(format) => Reader::Text(TextReader { format: Arc::clone(format), block_bytes }),
            Self::Parquet { columns, schema } => {
                Reader::Parquet(ParquetReader { columns: columns.clone(), schema: Arc::clone(schema) })
            }
        }
    }
}

/// The format of `files` and where its columns come from: `inferred from 1,000 rows`.
pub(super) fn find(files: &[PathBuf], format: Option<FileFormat>) -> Result<(Format, String)> {
    let format = match format {
        Some(format) => format,
        None => by_names(files)?,
    };
    match format {
        FileFormat::Csv(options) => text(files, |sample, complete| {
            let (format, origin) = CsvFormat::infer(options, sample, complete)?;
            Ok((Arc::new(format), format!("csv, {origin}")))
        }),
        FileFormat::Jsonl(options) => text(files, |sample, complete| {
            let (format, origin) = JsonlFormat::infer(options, sample, complete)?;
            Ok((Arc::new(format), format!("jsonl, {origin}")))
        }),
        FileFormat::Parquet { columns } => parquet(files, columns),
    }
}

fn by_names(files: &[PathBuf]) -> Result<FileFormat> {
    let mut known: Option<(&Path, FileFormat)> = None;
    for file in files {
        let format = by_name(file)?;
        match &known {
            None => known = Some((file, format)),
            Some((first, before)) if std::mem::discriminant(before) != std::mem::discriminant(&format) => {
                return Err(Error::config(format!(
                    "{} and {} are of different formats",
                    first.display(),
                    file.display()
                ))
                .hint("read them as two sources, or set the format"));
            }
            Some(_) => {}
        }
    }
    known.map(|(_, format)| format).ok_or_else(|| Error::internal("a source without files"))
}

fn by_name(file: &Path) -> Result<FileFormat> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let bare = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst"));
    let extension = bare.unwrap_or(&name).rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "csv" => Ok(FileFormat::Csv(CsvReadOptions::default())),
        "tsv" => Ok(FileFormat::Csv(CsvReadOptions { delimiter: b'\t', ..CsvReadOptions::default() })),
        "jsonl" | "ndjson" => Ok(FileFormat::Jsonl(JsonlReadOptions::default())),
        "parquet" if bare.is_some() => Err(Error::config(format!(
            "{}: a Parquet file cannot be read through another compression",
            file.display()
        ))
        .hint("decompress it first: its pages are compressed already")),
        "parquet" => Ok(FileFormat::Parquet { columns: None }),
        _ => Err(Error::config(format!("the name of {} does not tell its format", file.display()))
            .hint("set the format: csv, jsonl or parquet")),
    }
}

fn text(
    files: &[PathBuf],
    infer: impl FnOnce(&[u8], bool) -> Result<(Arc<dyn TextFormat>, String)>,
) -> Result<(Format, String)> {
    let mut sampled = 0;
    let (mut sample, mut complete) = (Vec::new(), true);
    for (index, path) in files.iter().enumerate() {
        (sample, complete) = TextInput::sample(path, SAMPLE)?;
        sampled = index;
        if !sample.is_empty() {
            break;
        }
    }
    let (format, origin) =
        infer(&sample, complete).map_err(|error| error.context(files[sampled].display().to_string()))?;
    for path in files.iter().skip(sampled + 1).take(LOOKED_AT) {
        look_at(format.as_ref(), path, &files[sampled])?;
    }
    Ok((Format::Text(format), origin))
}

/// Refuses a file of other columns: one with another header, or of whose first rows none fits.
fn look_at(format: &dyn TextFormat, path: &Path, first: &Path) -> Result<()> {
    let differs = |error: Error| {
        error
            .context(format!("{} differs from {}", path.display(), first.display()))
            .hint("files of one stream need the same columns: read this one as another source")
    };
    let mut limit = LOOK;
    let (sample, complete, preamble) = loop {
        let (sample, complete) = TextInput::sample(path, limit)?;
        if let Some(preamble) = format.preamble(&sample, complete).map_err(differs)? {
            break (sample, complete, preamble);
        }
        if complete || limit >= SAMPLE {
            return Ok(());
        }
        limit *= 4;
    };
    let whole = format.whole_records(&sample[preamble..], complete).map_err(differs)?;
    let block = Block {
        first_line: 1 + memchr::memchr_iter(b'\n', &sample[..preamble]).count() as u64,
        bytes: sample[preamble..preamble + whole].to_vec(),
        file: path.display().to_string().into(),
        byte_offset: preamble as u64,
    };
    let decoded = format.decode(&block)?;
    match decoded.rejected.into_iter().next() {
        Some(rejected) if decoded.batch.num_rows() == 0 => Err(differs(Error::source(rejected.message))),
        _ => Ok(()),
    }
}

fn parquet(files: &[PathBuf], columns: Option<Vec<String>>) -> Result<(Format, String)> {
    let [first, others @ ..] = files else {
        return Err(Error::internal("a source without files"));
    };
    let schema = ParquetInput::open(first, columns.clone())?.schema();
    for path in others.iter().take(LOOKED_AT) {
        check_columns(path, &ParquetInput::open(path, columns.clone())?.schema(), &schema)?;
    }
    Ok((Format::Parquet { columns, schema }, "declared in the Parquet file".into()))
}
