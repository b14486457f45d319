//! The file as types: everything that was written, with its place, and the defaults for what was not.

mod adopted;
mod cadence;
mod column;
mod column_type;
mod disorder;
mod expression;
mod file_set;
mod generation;
mod names;
mod operator;
mod python;
mod references;
mod replaced;
mod settings;
mod sink;
mod sink_sql;
mod source;
mod stream;
mod table;

pub use column::Column;
pub use column_type::{ColumnDeclaration, ColumnType};
pub use expression::Expression;
pub use file_set::FileSet;
pub use operator::Operator;
pub use settings::{
    Backpressure, Checkpoint, Config, EdgeBuffer, OnError, Processing, State, StateKind, parse_timestamp,
};
pub use sink::{
    AvroCompression, AvroSink, Compact, CsvSink, CsvWriting, DeltaSink, JsonlSink, ParquetCompression,
    ParquetSink, SinkConnector, SinkKind, SqlSink, StdoutFormat, TextCompression,
};
pub use sink_sql::{SqlDialect, SqlWriting};
pub use source::{
    CsvReading, CsvSource, DeltaSource, JsonlSource, ParquetSource, SourceConnector, SourceKind,
};
pub use stream::{Pipeline, Sink, Source, Stream};
pub use table::Table;

use std::path::Path;
use std::sync::Arc;

use crate::decode::{Context, FileVariables, Map, Spanned, Variables};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::source_file::{SourceFile, Span};
use crate::yaml;

/// A configuration file that was read and checked as far as the file alone allows: every reference leads somewhere,
/// every value has its type, nothing in it is ignored.
#[derive(Debug, Clone)]
pub struct Document {
    /// The file itself, for diagnostics that are found later.
    pub file: Arc<SourceFile>,
    /// `name`, or the stem of the file's name.
    pub name: Spanned<String>,
    /// `config`
    pub config: Config,
    /// `tables`, in the order of the file.
    pub tables: Vec<Table>,
    /// `sources`, in the order of the file.
    pub sources: Vec<Source>,
    /// `streams`, in the order of the file, which need not be the order in which they derive from each other.
    pub streams: Vec<Stream>,
    /// `sinks`, in the order of the file.
    pub sinks: Vec<Sink>,
    /// `pipeline`; with it there are no tables, sources, streams and sinks.
    pub pipeline: Option<Pipeline>,
    /// `dead_letter`
    pub dead_letter: Option<SinkConnector>,
    /// `on_error`; always [`OnError::Fail`] when there is a dead letter sink, which then takes the rows.
    pub on_error: OnError,
    /// `state`
    pub state: State,
    /// `checkpoint`
    pub checkpoint: Checkpoint,
    /// `processing`
    pub processing: Processing,
}

impl Document {
    /// Reads a file: `file_name` as the user wrote it, its `text`, and the environment for `${env:NAME}`. Files of
    /// `${file:PATH}` are read from disk, relative to the folder of `file_name`.
    ///
    /// Returns the document and its warnings, or everything that is wrong with the file.
    pub fn parse(
        file_name: &str,
        text: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(Self, Diagnostics), Diagnostics> {
        Self::parse_with(file_name, text, &FileVariables::beside(file_name, environment))
    }

    /// As [`Document::parse`], with variables from elsewhere.
    pub fn parse_with(
        file_name: &str,
        text: &str,
        variables: &dyn Variables,
    ) -> Result<(Self, Diagnostics), Diagnostics> {
        let file = Arc::new(SourceFile::new(file_name, text));
        let context = Context::new(Arc::clone(&file), variables);
        let (root, found) = yaml::parse(&file);
        for diagnostic in found {
            context.report(diagnostic);
        }
        let document = root.and_then(|root| decode(&context, &root));
        let diagnostics = context.finish();
        match document {
            Some(document) if !diagnostics.has_errors() => Ok((document, diagnostics)),
            _ => Err(diagnostics),
        }
    }

    /// An empty collection for diagnostics about this file.
    pub fn diagnostics(&self) -> Diagnostics {
        Diagnostics::new(Arc::clone(&self.file))
    }

    /// Turns what is wrong with `range` of an expression into a diagnostic.
    pub fn expression_error(
        &self,
        expression: &Expression,
        range: std::ops::Range<usize>,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::error(expression.locate(&self.file, range), message)
    }
}

fn decode(context: &Context<'_>, root: &yaml::Node) -> Option<Document> {
    if !matches!(root.kind, yaml::Kind::Mapping(_)) {
        let hint = "write `key: value` lines, such as `version: 1`".to_owned();
        return context.wrong(root, "a mapping", Some(hint));
    }
    let mut map = Map::new(context, root, "the file");
    let version = map.whole("version", 0..=u64::MAX);
    if let Some(version) = version.filter(|version| version.value != 1) {
        let message = "this version of the file format is not known";
        context.report(Diagnostic::error(version.span, message).hint("this Millstream reads version 1"));
    }
    let name = pipeline_name(context, &mut map);
    let config = settings::config(map.map("config", "config"));
    let tables = map
        .entry("tables")
        .map_or_else(Vec::new, |(_, node)| table::tables(context, node, config.tick_interval));
    replaced::check(context, &tables, config.tick_interval);
    let sources = map.entry("sources").map_or_else(Vec::new, |(_, node)| stream::sources(context, node));
    let streams = map.entry("streams").map_or_else(Vec::new, |(_, node)| stream::streams(context, node));
    let sinks = map.entry("sinks").map_or_else(Vec::new, |(_, node)| stream::sinks(context, node));
    let pipeline = map.entry("pipeline").and_then(|(_, node)| stream::pipeline(context, node));
    check_shape(context, &map);
    let dead_letter_node = map.optional("dead_letter");
    let dead_letter =
        dead_letter_node.and_then(|node| sink::connector(context, node, "dead_letter", sink::From::Absent));
    let on_error = settings::on_error(&mut map, dead_letter_node.map(|node| node.span));
    let state = settings::state(map.map("state", "state"));
    let checkpoint = settings::checkpoint(map.map("checkpoint", "checkpoint"));
    let processing = settings::processing(map.map("processing", "processing"));
    map.not_yet(&[
        "matrix",
        "streaming",
        "tests",
        "phases",
        "blueprint",
        "on_batch_error",
        "max_errors",
        "alerts",
    ]);
    map.finish();
    let document = Document {
        file: Arc::clone(&context.file),
        // Without a name there is an error already; the rest is checked all the same.
        name: name.unwrap_or_else(|| Spanned::new(String::new(), Span::default())),
        config,
        tables,
        sources,
        streams,
        sinks,
        pipeline,
        dead_letter: dead_letter.map(|sink| sink.connector),
        on_error,
        state,
        checkpoint,
        processing,
    };
    let pipeline = document.pipeline.iter().map(|pipeline| &pipeline.sink);
    let sinks = document.sinks.iter().map(|sink| &sink.connector);
    for sink in sinks.chain(pipeline).chain(&document.dead_letter) {
        settings::check_edge(context, &document.processing, &sink.buffer);
    }
    references::check(context, &document, root);
    Some(document)
}

/// `name`, or what the file is called.
fn pipeline_name(context: &Context<'_>, map: &mut Map<'_>) -> Option<Spanned<String>> {
    if map.peek("name").is_some() {
        let node = map.optional("name")?;
        let name = context.name(node, "the name")?;
        return names::check_pipeline_name(context, &name).then_some(name);
    }
    map.entry("name");
    let stem = Path::new(context.file.name()).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if !names::is_pipeline_name(stem) {
        let message = format!("the file's name {stem:?} cannot be the name of the pipeline");
        let error = Diagnostic::error(Span::empty(0), message)
            .hint("add `name:` with letters, digits, `_`, `.` and `-`");
        context.report(error);
        return None;
    }
    Some(Spanned::new(stem.to_owned(), Span::empty(0)))
}

/// A file is either one path or a graph.
fn check_shape(context: &Context<'_>, map: &Map<'_>) {
    let graph: Vec<_> =
        ["tables", "sources", "streams", "sinks"].iter().filter_map(|key| map.peek(key)).collect();
    match (map.peek("pipeline"), graph.first()) {
        (Some((pipeline, _)), Some((other, _))) => {
            let message = format!("`pipeline` and `{}` in one file", other.key());
            let error = Diagnostic::error(pipeline.span, message)
                .related(other.span, "this describes a graph")
                .hint("a pipeline is one path: write it as sources, streams and sinks to have more");
            context.report(error);
        }
        (None, _) if map.peek("tables").is_none() && map.peek("sources").is_none() => {
            let error =
                Diagnostic::error(map.span, "the file makes no rows: it has no tables, sources or pipeline")
                    .hint("start from examples/shop.yaml, or see docs/configuration.md");
            context.report(error);
        }
        _ => {}
    }
}
