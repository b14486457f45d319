//! Sources of a document.

use std::collections::HashMap;

use arrow::datatypes::{DataType, SchemaRef};
use millstream_connectors::file::{FileFormat, FileSource, FileSourceOptions};
use millstream_core::{Error, Result, Source as _};
use millstream_engine::{AnySource, GraphBuilder};
use millstream_formats::csv::CsvReadOptions;
use millstream_formats::jsonl::JsonlReadOptions;

use crate::decode::{Spanned, Text};
use crate::document::{ColumnDeclaration, Document, SourceConnector, SourceKind};

/// The name of the source of a `pipeline`, and so of the stream that it makes.
pub(super) const PIPELINE_SOURCE: &str = "source";

/// Opens all sources that are read, and adds them. Gives the bytes of their files, if all can tell and it is wanted.
pub(super) async fn add(
    document: &Document,
    mut builder: GraphBuilder,
    schemas: &mut HashMap<String, SchemaRef>,
    wants_bytes: bool,
) -> Result<(GraphBuilder, Option<u64>)> {
    let named = document.sources.iter().map(|source| (source.name.value.as_str(), &source.connector));
    let pipeline = document.pipeline.iter().map(|pipeline| (PIPELINE_SOURCE, &pipeline.source));
    let mut bytes = wants_bytes.then_some(0_u64);
    for (name, connector) in named.chain(pipeline) {
        if !is_read(document, name) {
            continue;
        }
        let source = open(name, connector).await?;
        for stream in source.streams() {
            schemas.insert(stream.name.to_string(), stream.schema);
        }
        bytes = match (bytes, source.total_bytes()) {
            (Some(sum), Ok(more)) => Some(sum + more),
            _ => None,
        };
        builder = builder.source(name, AnySource::Plain(Box::new(source)));
    }
    Ok((builder, bytes.filter(|bytes| *bytes > 0)))
}

fn is_read(document: &Document, name: &str) -> bool {
    let mut streams = document.streams.iter().flat_map(|stream| &stream.from);
    let mut sinks = document.sinks.iter().flat_map(|sink| &sink.from);
    document.pipeline.is_some()
        || streams.any(|from| from.value == name)
        || sinks.any(|from| from.value == name)
}

async fn open(name: &str, connector: &SourceConnector) -> Result<FileSource> {
    let (paths, format) = match &connector.kind.value {
        SourceKind::Csv(csv) => {
            let options = CsvReadOptions {
                delimiter: csv.reading.delimiter,
                quote: csv.reading.quote,
                header: csv.reading.header,
                null_values: csv.reading.null_values.clone(),
                columns: declared(&csv.columns),
                sample_rows: csv.sample_rows,
            };
            (&csv.paths, FileFormat::Csv(options))
        }
        SourceKind::Jsonl(jsonl) => {
            let options =
                JsonlReadOptions { columns: declared(&jsonl.columns), sample_rows: jsonl.sample_rows };
            (&jsonl.paths, FileFormat::Jsonl(options))
        }
        SourceKind::Parquet(parquet) => (&parquet.paths, FileFormat::Parquet { columns: None }),
        SourceKind::Delta(_) => {
            return Err(Error::config(format!(
                "rows of the Delta table {name} cannot be read as a stream yet"
            )));
        }
    };
    let options = FileSourceOptions { format: Some(format), ..FileSourceOptions::new(texts(paths)) };
    FileSource::open_files(name, options).await
}

fn texts(paths: &[Spanned<Text>]) -> Vec<String> {
    paths.iter().map(|path| path.value.reveal().to_owned()).collect()
}

fn declared(columns: &[ColumnDeclaration]) -> Option<Vec<(String, DataType)>> {
    let columns: Vec<_> = columns
        .iter()
        .map(|column| (column.name.value.clone(), column.column_type.value.data_type()))
        .collect();
    (!columns.is_empty()).then_some(columns)
}
