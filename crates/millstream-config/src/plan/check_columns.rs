//! Whether sinks can hold the columns of their streams: said when a file is checked, and not when it runs.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use millstream_connectors::delta;
use millstream_core::{Error, Result};
use millstream_formats::avro::{AvroCompression, AvroEncoder};
use millstream_formats::csv::{CsvEncoder, CsvWriteOptions};
use millstream_formats::jsonl::JsonlEncoder;
use millstream_formats::sql::{SqlDialect, SqlEncoder, SqlOptions};

use super::Purpose;
use super::sinks::{OutputFormat, sql_dialect};
use super::stored_types::StoredSchema;
use super::streams::PIPELINE_RESULT;
use crate::diagnostics::Diagnostic;
use crate::document::{Document, SinkKind, StdoutFormat};
use crate::source_file::Span;

/// What a sink makes of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Jsonl,
    Csv,
    Sql(SqlDialect),
    Avro,
    Parquet,
    Delta,
    Anything,
}

/// Refuses columns that the sinks of this purpose cannot hold, each at its place in the file.
pub(super) fn check(
    document: &Document,
    purpose: &Purpose,
    schemas: &HashMap<String, SchemaRef>,
) -> Result<()> {
    let mut found = document.diagnostics();
    for (holder, stream, sink) in held(document, purpose) {
        let Some(schema) = schemas.get(stream) else { continue };
        // One column after the other, so that each is shown; then all, for what is wrong only together.
        let single = (0..schema.fields().len()).filter_map(|index| schema.project(&[index]).ok());
        let mut good = true;
        for schema in single {
            if let Err(error) = check_schema(holder, &Arc::new(schema.clone())) {
                good = false;
                let name = schema.fields().first().map_or("", |field| field.name());
                found.push(diagnostic(document, stream, Some(name), sink, &error));
            }
        }
        if good && let Err(error) = check_schema(holder, schema) {
            found.push(diagnostic(document, stream, None, sink, &error));
        }
    }
    if found.has_errors() { Err(found.into()) } else { Ok(()) }
}

/// The streams that sinks take: how they are held, and the place of the sink if it is in the file.
fn held<'a>(document: &'a Document, purpose: &Purpose) -> Vec<(Holder, &'a str, Option<Span>)> {
    let tables = |holder: Holder| -> Vec<(Holder, &'a str, Option<Span>)> {
        document.tables.iter().map(|table| (holder, table.name.value.as_str(), None)).collect()
    };
    match purpose {
        Purpose::Generate { format, only, .. } => tables(holder_of_format(*format))
            .into_iter()
            .filter(|(_, table, _)| only.as_ref().is_none_or(|only| only.table == *table))
            .collect(),
        Purpose::Serve { output: Some(_), .. } => tables(Holder::Delta),
        Purpose::Serve { output: None, .. } if document.sinks.is_empty() && document.pipeline.is_none() => {
            tables(Holder::Delta)
        }
        Purpose::Run | Purpose::Serve { .. } => {
            let pipeline = document.pipeline.iter().map(|pipeline| {
                (holder(&pipeline.sink.kind.value), PIPELINE_RESULT, Some(pipeline.sink.span))
            });
            let sinks = document.sinks.iter().flat_map(|sink| {
                let holder = holder(&sink.connector.kind.value);
                sink.from.iter().map(move |from| (holder, from.value.as_str(), Some(from.span)))
            });
            pipeline.chain(sinks).collect()
        }
    }
}

fn holder_of_format(format: OutputFormat) -> Holder {
    match format {
        OutputFormat::Jsonl | OutputFormat::Json => Holder::Jsonl,
        OutputFormat::Sql(dialect) => Holder::Sql(dialect),
        OutputFormat::Csv => Holder::Csv,
        OutputFormat::Parquet => Holder::Parquet,
        OutputFormat::Avro => Holder::Avro,
        OutputFormat::Delta => Holder::Delta,
        OutputFormat::Noop => Holder::Anything,
    }
}

fn holder(kind: &SinkKind) -> Holder {
    match kind {
        SinkKind::Jsonl(_)
        | SinkKind::Json(_)
        | SinkKind::Stdout(StdoutFormat::Jsonl | StdoutFormat::Json) => Holder::Jsonl,
        SinkKind::Sql(sink) => Holder::Sql(sql_dialect(sink.writing.dialect)),
        SinkKind::Stdout(StdoutFormat::Sql(writing)) => Holder::Sql(sql_dialect(writing.dialect)),
        SinkKind::Csv(_) | SinkKind::Stdout(StdoutFormat::Csv(_)) => Holder::Csv,
        SinkKind::Parquet(_) => Holder::Parquet,
        SinkKind::Avro(_) => Holder::Avro,
        SinkKind::Delta(_) => Holder::Delta,
        SinkKind::Noop => Holder::Anything,
    }
}

fn check_schema(holder: Holder, schema: &SchemaRef) -> Result<()> {
    let stored = |schema: &Schema| -> Result<SchemaRef> {
        Ok(StoredSchema::new(schema)?
            .map_or_else(|| Arc::new(schema.clone()), |stored| Arc::clone(stored.schema())))
    };
    match holder {
        Holder::Jsonl => JsonlEncoder::new(schema).map(drop),
        Holder::Csv => CsvEncoder::new(schema, &CsvWriteOptions::default()).map(drop),
        Holder::Sql(dialect) => {
            SqlEncoder::new(schema, &SqlOptions { dialect, ..SqlOptions::new("t") }).map(drop)
        }
        Holder::Avro => AvroEncoder::new(schema, "t", AvroCompression::None).map(drop),
        Holder::Parquet => stored(schema).map(drop),
        Holder::Delta => delta::check_columns(&stored(schema)?),
        Holder::Anything => Ok(()),
    }
}

fn diagnostic(
    document: &Document,
    stream: &str,
    column: Option<&str>,
    sink: Option<Span>,
    error: &Error,
) -> Diagnostic {
    let table = document.tables.iter().find(|table| table.name.value == stream);
    let declared = table.and_then(|table| {
        let column = table.columns.iter().find(|declared| Some(declared.name.value.as_str()) == column)?;
        let stored = column.parquet_type.as_ref().map(|declared| declared.span);
        let about_type = stored.filter(|_| error.to_string().contains("cannot be stored as"));
        Some(about_type.unwrap_or(column.name.span))
    });
    let diagnostic = |span: Span| Diagnostic::error(span, error.to_string());
    match (declared, sink) {
        (Some(column), Some(sink)) => diagnostic(column).related(sink, "its rows end in this sink"),
        (Some(column), None) => diagnostic(column),
        (None, Some(sink)) => diagnostic(sink),
        (None, None) => diagnostic(table.map_or(document.name.span, |table| table.name.span)),
    }
    .hint_if(error.hint_text().map(str::to_owned))
}
