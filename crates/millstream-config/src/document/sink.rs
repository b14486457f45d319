//! `{type: jsonl, …}`: where rows go.

use std::time::Duration;

use super::file_set::{self, FileSet};
use super::settings::{EdgeBuffer, edge_buffer, refuse_empty_path};
use super::sink_sql::{self, SqlWriting};
use super::source::{CONNECTORS_TO_COME, delimiter_and_quote, unknown_type};
use super::stream::from_names;
use crate::decode::{Context, Map, Spanned, Text};
use crate::diagnostics::Diagnostic;
use crate::source_file::Span;
use crate::yaml::{Kind, Node};

/// A sink as it is written.
#[derive(Debug, Clone)]
pub struct SinkConnector {
    /// All of it.
    pub span: Span,
    /// What it is, at the place of its `type`.
    pub kind: Spanned<SinkKind>,
    /// `buffer`: the edge into this sink.
    pub buffer: EdgeBuffer,
}

/// A kind of sink with its settings.
#[derive(Debug, Clone)]
pub enum SinkKind {
    /// `jsonl`
    Jsonl(JsonlSink),
    /// `json`
    Json(JsonlSink),
    /// `sql`
    Sql(SqlSink),
    /// `csv`
    Csv(CsvSink),
    /// `parquet`
    Parquet(ParquetSink),
    /// `avro`
    Avro(AvroSink),
    /// `delta`
    Delta(DeltaSink),
    /// `stdout`
    Stdout(StdoutFormat),
    /// `noop`: rows are counted, and go nowhere.
    Noop,
}

impl SinkKind {
    /// The word for it in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Jsonl(_) => "jsonl",
            Self::Json(_) => "json",
            Self::Sql(_) => "sql",
            Self::Csv(_) => "csv",
            Self::Parquet(_) => "parquet",
            Self::Avro(_) => "avro",
            Self::Delta(_) => "delta",
            Self::Stdout(_) => "stdout",
            Self::Noop => "noop",
        }
    }
}

/// JSON: one object per line, or one array of them.
#[derive(Debug, Clone)]
pub struct JsonlSink {
    /// `path`
    pub path: Spanned<Text>,
    /// `compression`, or what the path's extension says.
    pub compression: TextCompression,
    /// How it is spread over files.
    pub files: FileSet,
}

/// A script of INSERT statements.
#[derive(Debug, Clone)]
pub struct SqlSink {
    /// `path`
    pub path: Spanned<Text>,
    /// `compression`, or what the path's extension says.
    pub compression: TextCompression,
    /// How the script is written.
    pub writing: SqlWriting,
    /// How it is spread over files.
    pub files: FileSet,
}

/// CSV.
#[derive(Debug, Clone)]
pub struct CsvSink {
    /// `path`
    pub path: Spanned<Text>,
    /// `compression`, or what the path's extension says.
    pub compression: TextCompression,
    /// How the text is written.
    pub writing: CsvWriting,
    /// How it is spread over files.
    pub files: FileSet,
}

/// How CSV text is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvWriting {
    /// `delimiter`, default a comma.
    pub delimiter: u8,
    /// `quote`, default `"`.
    pub quote: u8,
    /// `header`: whether the first row names the columns, default true.
    pub header: bool,
    /// `null`: what stands for no value, default nothing.
    pub null: String,
}

/// Parquet files.
#[derive(Debug, Clone)]
pub struct ParquetSink {
    /// `path`
    pub path: Spanned<Text>,
    /// `compression`, default snappy.
    pub compression: ParquetCompression,
    /// How it is spread over files.
    pub files: FileSet,
}

/// Avro object container files.
#[derive(Debug, Clone)]
pub struct AvroSink {
    /// `path`
    pub path: Spanned<Text>,
    /// `compression` of the blocks, default deflate.
    pub compression: AvroCompression,
    /// How it is spread over files.
    pub files: FileSet,
}

/// How the blocks of an Avro file are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AvroCompression {
    /// Not at all.
    None,
    /// Every reader knows it.
    #[default]
    Deflate,
    /// Fast.
    Snappy,
    /// Small.
    Zstd,
}

/// A Delta table, or a folder of them.
#[derive(Debug, Clone)]
pub struct DeltaSink {
    /// `path`
    pub path: Spanned<Text>,
    /// `compression` of its Parquet files, default snappy.
    pub compression: ParquetCompression,
    /// `retention`: how long files stay whose rows left the table.
    pub retention: Option<Duration>,
    /// `compact`: when small files become large ones.
    pub compact: Compact,
}

/// When the small files of a table become large ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compact {
    /// Under `serve`, after the usual number of files.
    #[default]
    Usual,
    /// Never.
    Off,
    /// In every run.
    When {
        /// `after_files`, default 64.
        after_files: Option<usize>,
        /// `target_file_size` in bytes, default 128MiB.
        target_file_size: Option<u64>,
    },
}

/// What standard output carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StdoutFormat {
    /// `jsonl`, the default.
    Jsonl,
    /// `json`
    Json,
    /// `sql`
    Sql(SqlWriting),
    /// `csv`
    Csv(CsvWriting),
}

/// How a text file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextCompression {
    /// Not at all.
    #[default]
    None,
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
}

/// How the pages of a Parquet file are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ParquetCompression {
    /// Not at all.
    None,
    /// Fast.
    #[default]
    Snappy,
    /// Small.
    Zstd,
}

/// The word for a format of standard output.
#[derive(Clone, Copy)]
enum Printed {
    Jsonl,
    Json,
    Csv,
    Sql,
}

/// Whether a sink says where its rows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Required,
    Absent,
}

/// A sink and the streams it takes.
pub(super) struct Decoded {
    pub(super) connector: SinkConnector,
    pub(super) from: Vec<Spanned<String>>,
}

const SINKS: [&str; 9] = ["jsonl", "json", "csv", "sql", "parquet", "avro", "delta", "stdout", "noop"];

pub(super) fn connector(context: &Context<'_>, node: &Node, what: &str, from: From) -> Option<Decoded> {
    let mut map = Map::new(context, node, what);
    let from = match from {
        From::Required => map.required("from").map_or_else(Vec::new, |node| from_names(context, node)),
        From::Absent => {
            if let Some((key, _)) = map.peek("from") {
                let message = format!("{what} has no `from`: it takes what is given to it");
                context.report(Diagnostic::error(key.span, message).hint("remove it"));
                map.entry("from");
            }
            Vec::new()
        }
    };
    let type_node = map.required("type")?;
    let kind = match type_node.key() {
        "jsonl" => text_file(&mut map).map(|(path, compression)| {
            SinkKind::Jsonl(JsonlSink { path, compression, files: file_set::of_sink(&mut map) })
        }),
        "json" => text_file(&mut map).map(|(path, compression)| {
            SinkKind::Json(JsonlSink { path, compression, files: file_set::of_sink(&mut map) })
        }),
        "sql" => {
            let file = text_file(&mut map);
            let writing = sink_sql::writing(&mut map);
            let files = file_set::of_sink(&mut map);
            file.map(|(path, compression)| SinkKind::Sql(SqlSink { path, compression, writing, files }))
        }
        "csv" => {
            let file = text_file(&mut map);
            let writing = writing(&mut map);
            let files = file_set::of_sink(&mut map);
            file.map(|(path, compression)| SinkKind::Csv(CsvSink { path, compression, writing, files }))
        }
        "parquet" => columnar(&mut map).map(|(path, compression)| {
            SinkKind::Parquet(ParquetSink { path, compression, files: file_set::of_sink(&mut map) })
        }),
        "avro" => {
            let words = [
                ("none", AvroCompression::None),
                ("deflate", AvroCompression::Deflate),
                ("snappy", AvroCompression::Snappy),
                ("zstd", AvroCompression::Zstd),
            ];
            let path = path(&mut map);
            let compression = map.one_of("compression", &words).map(|word| word.value).unwrap_or_default();
            let files = file_set::of_sink(&mut map);
            path.map(|path| SinkKind::Avro(AvroSink { path, compression, files }))
        }
        "delta" => {
            let table = columnar(&mut map);
            let retention = map.duration("retention").map(|retention| retention.value);
            let compact = compact(&mut map);
            table.map(|(path, compression)| {
                SinkKind::Delta(DeltaSink { path, compression, retention, compact })
            })
        }
        "stdout" => {
            let words = [
                ("jsonl", Printed::Jsonl),
                ("json", Printed::Json),
                ("csv", Printed::Csv),
                ("sql", Printed::Sql),
            ];
            let format = map.one_of("format", &words).map(|format| format.value);
            Some(SinkKind::Stdout(match format.unwrap_or(Printed::Jsonl) {
                Printed::Jsonl => StdoutFormat::Jsonl,
                Printed::Json => StdoutFormat::Json,
                Printed::Csv => StdoutFormat::Csv(writing(&mut map)),
                Printed::Sql => StdoutFormat::Sql(sink_sql::writing(&mut map)),
            }))
        }
        "noop" => Some(SinkKind::Noop),
        _ => return unknown_type(context, type_node, "sink", &SINKS, CONNECTORS_TO_COME),
    };
    let buffer = map.map("buffer", "the buffer of a sink").map(edge_buffer).unwrap_or_default();
    map.not_yet(&["retry", "on_batch_error", "mode", "partition_by"]);
    map.finish();
    let connector = SinkConnector { span: node.span, kind: Spanned::new(kind?, type_node.span), buffer };
    Some(Decoded { connector, from })
}

fn path(map: &mut Map<'_>) -> Option<Spanned<Text>> {
    let node = map.required("path")?;
    let path = map.context.text(node, "a path")?;
    refuse_empty_path(map, Some(&path));
    Some(path)
}

/// The path and the compression of a text file; they must not contradict each other.
fn text_file(map: &mut Map<'_>) -> Option<(Spanned<Text>, TextCompression)> {
    let words =
        [("none", TextCompression::None), ("gzip", TextCompression::Gzip), ("zstd", TextCompression::Zstd)];
    let path = path(map);
    let written = map.one_of("compression", &words);
    let path = path?;
    let extension = path.value.reveal().rsplit_once('.').map(|(_, extension)| extension);
    let implied = match extension {
        Some("gz") => Some(TextCompression::Gzip),
        Some("zst") => Some(TextCompression::Zstd),
        _ => None,
    };
    if let (Some(written), Some(implied)) = (written, implied)
        && written.value != implied
    {
        let error = Diagnostic::error(written.span, "the compression contradicts the extension of the path")
            .related(path.span, "the path")
            .hint("remove `compression`, or change the extension");
        map.context.report(error);
    }
    let compression = written.map(|written| written.value).or(implied).unwrap_or_default();
    Some((path, compression))
}

/// `compact: false`, or when.
fn compact(map: &mut Map<'_>) -> Compact {
    let Some(node) = map.optional("compact") else {
        return Compact::Usual;
    };
    if let Kind::Scalar(_) = node.kind {
        let on = map.context.boolean(node).is_none_or(|on| on.value);
        let when = Compact::When { after_files: None, target_file_size: None };
        return if on { when } else { Compact::Off };
    }
    let mut map = Map::new(map.context, node, "`compact`");
    let after_files = map.whole("after_files", 2..=1_000_000).map(|files| files.value as usize);
    let target_file_size = map.size("target_file_size").map(|size| size.value);
    map.finish();
    Compact::When { after_files, target_file_size }
}

fn columnar(map: &mut Map<'_>) -> Option<(Spanned<Text>, ParquetCompression)> {
    let words = [
        ("none", ParquetCompression::None),
        ("snappy", ParquetCompression::Snappy),
        ("zstd", ParquetCompression::Zstd),
    ];
    let path = path(map);
    let compression = map.one_of("compression", &words);
    Some((path?, compression.map(|c| c.value).unwrap_or_default()))
}

fn writing(map: &mut Map<'_>) -> CsvWriting {
    let (delimiter, quote) = delimiter_and_quote(map);
    let header = map.boolean("header").is_none_or(|header| header.value);
    let null_node = map.entry("null").map(|(_, node)| node);
    let null = null_node
        .and_then(|node| map.context.literal(node, "a text that stands for no value"))
        .unwrap_or_default();
    check_writing(map, delimiter, quote, null_node.map(|node| (node.span, &*null)));
    CsvWriting { delimiter, quote, header, null }
}

/// What is written must be readable again: no delimiter that occurs in numbers, no null that looks like a value.
fn check_writing(map: &Map<'_>, delimiter: u8, quote: u8, null: Option<(Span, &str)>) {
    for (key, byte) in [("delimiter", delimiter), ("quote", quote)] {
        if (byte.is_ascii_alphanumeric() || b"+-./=:".contains(&byte))
            && let Some((_, node)) = map.peek(key)
        {
            let error =
                Diagnostic::error(node.span, format!("{:?} occurs in numbers and dates", char::from(byte)))
                    .hint("use a character such as , ; | or tab");
            map.context.report(error);
        }
    }
    let Some((span, null)) = null else { return };
    let like_a_value = null.eq_ignore_ascii_case("true")
        || null.eq_ignore_ascii_case("false")
        || null.starts_with(|c: char| c.is_ascii_digit())
        || null.parse::<f64>().is_ok();
    let needs_quotes = null.bytes().any(|byte| byte == delimiter || byte == quote || byte < b' ');
    if like_a_value || needs_quotes {
        let message = if like_a_value {
            "a value could be written like this, too"
        } else {
            "it holds a delimiter, a quote or a control character"
        };
        let error = Diagnostic::error(span, format!("{null:?} cannot stand for no value: {message}"))
            .hint("use a text such as NULL or \\N");
        map.context.report(error);
    }
}
