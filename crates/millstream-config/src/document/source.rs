//! `{type: csv, …}`: where rows come from.

use super::column_type::{ColumnDeclaration, declarations};
use crate::decode::{Context, Map, Spanned, Text, list, suggestion};
use crate::diagnostics::Diagnostic;
use crate::source_file::Span;
use crate::yaml::Node;

/// A source as it is written.
#[derive(Debug, Clone)]
pub struct SourceConnector {
    /// All of it.
    pub span: Span,
    /// What it is, at the place of its `type`.
    pub kind: Spanned<SourceKind>,
}

/// A kind of source with its settings.
#[derive(Debug, Clone)]
pub enum SourceKind {
    /// `csv`
    Csv(CsvSource),
    /// `jsonl`
    Jsonl(JsonlSource),
    /// `parquet`
    Parquet(ParquetSource),
    /// `delta`: only a parent of generated tables.
    Delta(DeltaSource),
}

impl SourceKind {
    /// The word for it in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Csv(_) => "csv",
            Self::Jsonl(_) => "jsonl",
            Self::Parquet(_) => "parquet",
            Self::Delta(_) => "delta",
        }
    }
}

/// CSV files.
#[derive(Debug, Clone)]
pub struct CsvSource {
    /// `path`: paths or globs, at least one.
    pub paths: Vec<Spanned<Text>>,
    /// `columns` with a declared type; the others are inferred.
    pub columns: Vec<ColumnDeclaration>,
    /// How the text is read.
    pub reading: CsvReading,
    /// `sample_rows`: how many rows types are inferred from, default 1000.
    pub sample_rows: usize,
}

/// How CSV text is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvReading {
    /// `delimiter`, default a comma.
    pub delimiter: u8,
    /// `quote`, default `"`.
    pub quote: u8,
    /// `header`: whether the first row names the columns, default true.
    pub header: bool,
    /// `null_values`: texts that stand for no value; only the empty text unless given.
    pub null_values: Vec<String>,
}

/// Files with one JSON object per line.
#[derive(Debug, Clone)]
pub struct JsonlSource {
    /// `path`: paths or globs, at least one.
    pub paths: Vec<Spanned<Text>>,
    /// `columns` with a declared type; the others are inferred.
    pub columns: Vec<ColumnDeclaration>,
    /// `sample_rows`: how many rows types are inferred from, default 1000.
    pub sample_rows: usize,
}

/// Parquet files, which know their types.
#[derive(Debug, Clone)]
pub struct ParquetSource {
    /// `path`: paths or globs, at least one.
    pub paths: Vec<Spanned<Text>>,
}

/// A Delta table in a local folder.
#[derive(Debug, Clone)]
pub struct DeltaSource {
    /// `path`: the folder.
    pub path: Spanned<Text>,
}

const SOURCES: [&str; 4] = ["csv", "jsonl", "parquet", "delta"];

/// Connectors that the design has and the code has not, for sources and sinks.
pub(super) const CONNECTORS_TO_COME: [&str; 21] = [
    "postgres",
    "mysql",
    "mariadb",
    "sqlite",
    "mongodb",
    "redis",
    "kafka",
    "nats",
    "rabbitmq",
    "mqtt",
    "http",
    "webhook",
    "websocket",
    "s3",
    "gcs",
    "azure",
    "duckdb",
    "stdin",
    "generator",
    "iceberg",
    "elasticsearch",
];

const DEFAULT_SAMPLE_ROWS: usize = 1000;

pub(super) fn connector(context: &Context<'_>, node: &Node, what: &str) -> Option<SourceConnector> {
    let mut map = Map::new(context, node, what);
    let type_node = map.required("type")?;
    let kind = match type_node.key() {
        "csv" => SourceKind::Csv(CsvSource {
            paths: paths(&mut map),
            columns: columns(&mut map),
            reading: reading(&mut map),
            sample_rows: sample_rows(&mut map),
        }),
        "jsonl" => SourceKind::Jsonl(JsonlSource {
            paths: paths(&mut map),
            columns: columns(&mut map),
            sample_rows: sample_rows(&mut map),
        }),
        "parquet" => {
            if let Some((key, _)) = map.peek("columns") {
                let error =
                    Diagnostic::error(key.span, "the columns of a Parquet file have their types in the file")
                        .hint("to change them, add a stream with the operator `cast`");
                context.report(error);
                map.entry("columns");
            }
            SourceKind::Parquet(ParquetSource { paths: paths(&mut map) })
        }
        "delta" => {
            let path = map.required("path").and_then(|node| map.context.text(node, "a path"));
            super::settings::refuse_empty_path(&map, path.as_ref());
            SourceKind::Delta(DeltaSource { path: path? })
        }
        _ => {
            return unknown_type(context, type_node, "source", &SOURCES, CONNECTORS_TO_COME);
        }
    };
    map.not_yet(&["time", "compression", "retry", "incremental"]);
    map.finish();
    Some(SourceConnector { span: node.span, kind: Spanned::new(kind, type_node.span) })
}

/// Reports a type that is not there, or not there yet.
pub(super) fn unknown_type<'a, T>(
    context: &Context<'_>,
    node: &Node,
    role: &str,
    known: &[&str],
    to_come: impl IntoIterator<Item = &'a str>,
) -> Option<T> {
    let Some(scalar) = node.scalar() else {
        return context.wrong(node, "the name of a connector", None);
    };
    let name = &*scalar.text;
    let note = format!("{role}s: {}", list(known, "and"));
    let error = if name == "memory" {
        Diagnostic::error(node.span, format!("a {role} in memory belongs to a program, not to a file"))
            .note(note)
            .hint("use it from the Rust API")
    } else if to_come.into_iter().any(|word| word == name) {
        Diagnostic::error(node.span, format!("the {role} `{name}` is not supported yet")).note(note)
    } else {
        let hint = suggestion(name, known.iter().copied()).map(|word| format!("did you mean `{word}`?"));
        Diagnostic::error(node.span, format!("unknown {role} type {name:?}")).note(note).hint_if(hint)
    };
    context.report(error);
    None
}

fn paths(map: &mut Map<'_>) -> Vec<Spanned<Text>> {
    let Some(node) = map.required("path") else {
        return Vec::new();
    };
    let items = node.one_or_more();
    if items.is_empty() {
        map.context.report(Diagnostic::error(node.span, "no path is given"));
    }
    let paths: Vec<_> = items.iter().filter_map(|item| map.context.text(item, "a path")).collect();
    for path in &paths {
        super::settings::refuse_empty_path(map, Some(path));
    }
    paths
}

fn columns(map: &mut Map<'_>) -> Vec<ColumnDeclaration> {
    let context = map.context;
    map.entry("columns").map_or_else(Vec::new, |(_, node)| declarations(context, node))
}

fn sample_rows(map: &mut Map<'_>) -> usize {
    map.whole("sample_rows", 1..=10_000_000).map_or(DEFAULT_SAMPLE_ROWS, |rows| rows.value as usize)
}

fn reading(map: &mut Map<'_>) -> CsvReading {
    let context = map.context;
    let (delimiter, quote) = delimiter_and_quote(map);
    let header = map.boolean("header").is_none_or(|header| header.value);
    let null_values = match map.entry("null_values") {
        None => vec![String::new()],
        Some((_, node)) => node
            .one_or_more()
            .iter()
            .filter_map(|item| context.literal(item, "a text that stands for no value"))
            .collect(),
    };
    CsvReading { delimiter, quote, header, null_values }
}

/// `delimiter` and `quote` of CSV, which must differ.
pub(super) fn delimiter_and_quote(map: &mut Map<'_>) -> (u8, u8) {
    let context = map.context;
    let delimiter = map.optional("delimiter").and_then(|node| context.character(node, "a delimiter"));
    let quote = map.optional("quote").and_then(|node| context.character(node, "a quote"));
    let bytes = (delimiter.map_or(b',', |d| d.value), quote.map_or(b'"', |q| q.value));
    if bytes.0 == bytes.1
        && let Some(written) = quote.or(delimiter)
    {
        context.report(Diagnostic::error(written.span, "the delimiter and the quote are the same character"));
    }
    bytes
}
