//! Sinks of a document, of `serve --output` and of `generate --output`.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use arrow::datatypes::SchemaRef;
use millstream_connectors::TextEncoding;
use millstream_connectors::delta::{CompactOptions, DeltaSink, DeltaSinkOptions};
use millstream_connectors::file::resolve_below;
use millstream_connectors::noop::NoopSink;
use millstream_connectors::stdout::StdoutSink;
use millstream_core::{Error, Result};
use millstream_engine::{AnySink, GraphBuilder};
use millstream_formats::Compression;
use millstream_formats::avro::AvroCompression;
use millstream_formats::csv::CsvWriteOptions;
use millstream_formats::parquet::{ParquetCompression as Pages, ParquetOptions};
use millstream_formats::sql::{SqlDialect, SqlOptions};

use super::channels::channel;
use super::spread::{self, Target};
use super::stored_types::storing;
use super::streams::PIPELINE_RESULT;
use super::{NamedSink, Purpose, replaced};
use crate::decode::{Spanned, Text};
use crate::diagnostics::Diagnostic;
use crate::document::{
    self, Compact, CsvWriting, Document, EdgeBuffer, FileSet, ParquetCompression, SinkConnector, SinkKind,
    SqlWriting, StdoutFormat, TextCompression,
};

/// Where `serve` puts tables when nobody says otherwise.
const DEFAULT_LAKE: &str = "./lake";

/// Zstandard's own default: small files at a fair price.
const ZSTD_LEVEL: i32 = 3;

/// The format of files that `generate` makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// `TABLE.parquet`
    Parquet,
    /// `TABLE.jsonl`
    Jsonl,
    /// `TABLE.json`: an array of objects.
    Json,
    /// `TABLE.csv`
    Csv,
    /// `TABLE.sql`: a script that makes the table.
    Sql(SqlDialect),
    /// `TABLE.avro`
    Avro,
    /// A Delta table in the folder `TABLE`.
    Delta,
    /// Nothing: rows are made and counted.
    Noop,
}

/// Adds the sinks that the purpose asks for.
pub(super) fn add(
    document: &Document,
    mut builder: GraphBuilder,
    purpose: &Purpose,
    encoders: usize,
    schemas: &HashMap<String, SchemaRef>,
) -> Result<GraphBuilder> {
    let tables = || document.tables.iter().map(|table| table.name.value.as_str());
    let lake = |folder: &Path| -> Result<Vec<NamedSink>> {
        let sink = |table: &str| {
            let mut options = DeltaSinkOptions::new(resolve_below(folder, table)?);
            options.compact = compaction(Compact::Usual, true);
            let (name, sink) = (table.to_owned(), delta_sink(table, options));
            Ok(NamedSink { from: vec![name.clone()], name, sink })
        };
        tables().map(sink).collect()
    };
    let sinks = match purpose {
        Purpose::Generate { output, format, only } => tables()
            .filter(|table| only.as_ref().is_none_or(|only| only.table == *table))
            .map(|table| {
                let alone = only.is_some() || document.tables.len() == 1;
                let part = only.as_ref().and_then(|only| only.rows.as_ref());
                let rows = part.map(|rows| rows.end - rows.start);
                generated(document, table, (output, alone), *format, encoders, rows)
            })
            .collect::<Result<_>>()?,
        Purpose::Serve { output: Some(output), .. } if !document.tables.is_empty() => lake(output)?,
        Purpose::Serve { output: Some(_), .. } => {
            return Err(Error::config("--output is for generated tables, and this file has none")
                .hint("leave it out: the file's sinks say where its rows go"));
        }
        Purpose::Serve { output: None, .. }
            if document.sinks.is_empty() && document.pipeline.is_none() && !document.tables.is_empty() =>
        {
            lake(Path::new(DEFAULT_LAKE))?
        }
        Purpose::Run | Purpose::Serve { .. } => {
            if let Some(pipeline) = &document.pipeline {
                let making = Making { document, encoders, endless: false };
                let sink = making.sink(&pipeline.sink, None, PIPELINE_RESULT)?;
                let name = pipeline.sink.kind.value.name();
                let edge = channel(document, pipeline.sink.buffer);
                return Ok(builder.sink(name, vec![PIPELINE_RESULT.to_owned()], sink, edge));
            }
            refuse_shared_paths(document)?;
            let endless = matches!(purpose, Purpose::Serve { .. }) && !document.tables.is_empty();
            if endless {
                replaced::check(document)?;
            }
            for sink in &document.sinks {
                let from: Vec<String> = sink.from.iter().map(|from| from.value.clone()).collect();
                let making = Making { document, encoders, endless };
                for named in making.sinks(&sink.name.value, &sink.connector, from, schemas)? {
                    let edge = channel(document, sink.connector.buffer);
                    builder = builder.sink(named.name, named.from, named.sink, edge);
                }
            }
            return Ok(builder);
        }
    };
    for NamedSink { name, from, sink } in sinks {
        builder = builder.sink(name, from, sink, channel(document, EdgeBuffer::default()));
    }
    Ok(builder)
}

/// Two sinks that write to one place would overwrite each other.
fn refuse_shared_paths(document: &Document) -> Result<()> {
    let dead_letter = document.dead_letter.iter().map(|connector| ("dead_letter", connector));
    let sinks =
        document.sinks.iter().map(|sink| (sink.name.value.as_str(), &sink.connector)).chain(dead_letter);
    let mut found = document.diagnostics();
    let mut seen: Vec<(PathBuf, &SinkConnector)> = Vec::new();
    for (name, connector) in sinks {
        let Some(path) = path_of(&connector.kind.value) else { continue };
        let path: PathBuf = Path::new(path).components().filter(|part| *part != Component::CurDir).collect();
        if let Some((_, other)) = seen.iter().find(|(taken, _)| *taken == path) {
            let error =
                Diagnostic::error(connector.span, format!("`{name}` writes to the path of another sink"))
                    .related(other.span, "this one")
                    .hint("give each sink a path of its own, or one sink several streams: `from: [a, b]`");
            found.push(error);
        }
        seen.push((path, connector));
    }
    if found.has_errors() { Err(found.into()) } else { Ok(()) }
}

fn path_of(kind: &SinkKind) -> Option<&str> {
    Some(match kind {
        SinkKind::Jsonl(sink) | SinkKind::Json(sink) => sink.path.value.reveal(),
        SinkKind::Sql(sink) => sink.path.value.reveal(),
        SinkKind::Csv(sink) => sink.path.value.reveal(),
        SinkKind::Parquet(sink) => sink.path.value.reveal(),
        SinkKind::Avro(sink) => sink.path.value.reveal(),
        SinkKind::Delta(sink) => sink.path.value.reveal(),
        SinkKind::Stdout(_) | SinkKind::Noop => return None,
    })
}

/// A sink of the caller's for each stream that ends in a sink, or for each table if there are no sinks.
pub(super) fn add_glimpses(
    document: &Document,
    mut builder: GraphBuilder,
    glimpse: &dyn Fn(&str) -> AnySink,
) -> GraphBuilder {
    let mut streams: Vec<&str> = if document.pipeline.is_some() {
        vec![PIPELINE_RESULT]
    } else if document.sinks.is_empty() {
        document.tables.iter().map(|table| table.name.value.as_str()).collect()
    } else {
        document.sinks.iter().flat_map(|sink| &sink.from).map(|from| from.value.as_str()).collect()
    };
    let mut seen = std::collections::HashSet::new();
    streams.retain(|stream| seen.insert(*stream));
    for stream in streams {
        let edge = channel(document, EdgeBuffer::default());
        builder = builder.sink(stream, vec![stream.to_owned()], glimpse(stream), edge);
    }
    builder
}

fn generated(
    document: &Document,
    table: &str,
    (output, alone): (&Path, bool),
    format: OutputFormat,
    encoders: usize,
    rows: Option<u64>,
) -> Result<NamedSink> {
    let declared = document.tables.iter().find(|declared| declared.name.value == table);
    let rows = rows.or(declared.map(|declared| declared.row_count.value)).unwrap_or_default();
    let target = |extension: &str| {
        if !output.to_string_lossy().ends_with(extension) || output.is_dir() {
            return spread::of_table(document, table, output, extension, rows);
        }
        if !alone {
            return Err(Error::config(format!(
                "{} is one file, and there are several tables",
                output.display()
            ))
            .hint("give a folder, or choose a table with --table"));
        }
        Ok(Target::One(output.to_owned()))
    };
    let sink = match format {
        OutputFormat::Parquet => target(".parquet")?.parquet(ParquetOptions::default(), encoders),
        OutputFormat::Jsonl => target(".jsonl")?.text(TextEncoding::Jsonl, Compression::None),
        OutputFormat::Json => target(".json")?.text(TextEncoding::Json, Compression::None),
        OutputFormat::Sql(dialect) => {
            let primary_key = primary_key(document, table);
            let options = SqlOptions { dialect, primary_key, ..SqlOptions::new(table) };
            target(".sql")?.text(TextEncoding::Sql(options), Compression::None)
        }
        OutputFormat::Csv => {
            target(".csv")?.text(TextEncoding::Csv(CsvWriteOptions::default()), Compression::None)
        }
        OutputFormat::Avro => target(".avro")?.avro(table, AvroCompression::default(), encoders),
        OutputFormat::Delta => delta_sink(table, DeltaSinkOptions::new(resolve_below(output, table)?)),
        OutputFormat::Noop => AnySink::Plain(Box::new(NoopSink::new())),
    };
    Ok(NamedSink { name: table.to_owned(), from: vec![table.to_owned()], sink })
}

/// The key columns of a generated table; none of another stream.
fn primary_key(document: &Document, stream: &str) -> Vec<String> {
    let table = document.tables.iter().find(|table| table.name.value == stream);
    let columns = table.into_iter().flat_map(|table| &table.columns);
    let keys = columns.filter(|column| column.primary_key.is_some());
    keys.map(|column| column.name.value.clone()).collect()
}

/// The sink for rows that could not pass.
pub(super) fn dead_letter(
    document: &Document,
    connector: &SinkConnector,
    encoders: usize,
) -> Result<AnySink> {
    Making { document, encoders, endless: false }.sink(connector, None, "dead_letter")
}

/// Makes the sinks of a document.
struct Making<'a> {
    document: &'a Document,
    encoders: usize,
    /// Whether generated tables grow without end.
    endless: bool,
}

impl Making<'_> {
    /// The sinks behind one entry of `sinks:`. Several streams go into one file if it is a file, and into one file or
    /// table each if the path is a folder.
    fn sinks(
        &self,
        name: &str,
        connector: &SinkConnector,
        from: Vec<String>,
        schemas: &HashMap<String, SchemaRef>,
    ) -> Result<Vec<NamedSink>> {
        let several = from.len() > 1;
        let path_is_file = |path: &str| Path::new(path).extension().is_some();
        let one_each = several
            && match &connector.kind.value {
                SinkKind::Delta(_) => true,
                SinkKind::Noop | SinkKind::Stdout(_) => {
                    // Streams of different columns can only be counted or printed apart from each other.
                    from.iter().any(|stream| schemas.get(stream) != schemas.get(&from[0]))
                }
                file => !path_of(file).is_some_and(path_is_file),
            };
        if !one_each {
            let stream = from.first().map_or(name, String::as_str);
            let sink = self.sink(connector, None, stream)?;
            return Ok(vec![NamedSink { name: name.to_owned(), from, sink }]);
        }
        from.into_iter()
            .map(|stream| {
                let sink = self.sink(connector, Some(&stream), &stream)?;
                Ok(NamedSink { name: format!("{name}/{stream}"), from: vec![stream], sink })
            })
            .collect()
    }

    /// A sink for `stream`; with `below` its place is the connector's folder plus that name.
    fn sink(&self, connector: &SinkConnector, below: Option<&str>, stream: &str) -> Result<AnySink> {
        let target = |path: &Spanned<Text>, files: &FileSet, extension: &str| {
            let path = Path::new(path.value.reveal());
            spread::of_sink(self.document, files, path, below, (stream, extension), self.endless)
        };
        let text = |path: &Spanned<Text>,
                    files: &FileSet,
                    encoding: TextEncoding,
                    compression: TextCompression|
         -> Result<AnySink> {
            let compression = text_compression(compression);
            let extension = format!(".{}{}", encoding.name(), compression.extension());
            Ok(target(path, files, &extension)?.text(encoding, compression))
        };
        let sql = |writing: &SqlWriting| TextEncoding::Sql(self.sql_options(writing, stream));
        let printed = |encoding| AnySink::Encoding(Box::new(StdoutSink::new(encoding)));
        Ok(match &connector.kind.value {
            SinkKind::Jsonl(sink) => text(&sink.path, &sink.files, TextEncoding::Jsonl, sink.compression)?,
            SinkKind::Json(sink) => text(&sink.path, &sink.files, TextEncoding::Json, sink.compression)?,
            SinkKind::Sql(sink) => text(&sink.path, &sink.files, sql(&sink.writing), sink.compression)?,
            SinkKind::Csv(sink) => {
                let encoding = TextEncoding::Csv(csv_options(&sink.writing));
                text(&sink.path, &sink.files, encoding, sink.compression)?
            }
            SinkKind::Parquet(sink) => {
                let options =
                    ParquetOptions { compression: pages(sink.compression), ..ParquetOptions::default() };
                // A file cannot grow, so a stream without end gets a folder of files.
                // What is replaced is a whole file each time, as after a run that ends.
                let grows = self.endless && !replaced::streams(self.document).contains(stream);
                let extension = if grows && !sink.files.is_set() { "" } else { ".parquet" };
                target(&sink.path, &sink.files, extension)?.parquet(options, self.encoders)
            }
            SinkKind::Avro(sink) => {
                let compression = match sink.compression {
                    document::AvroCompression::None => AvroCompression::None,
                    document::AvroCompression::Deflate => AvroCompression::Deflate,
                    document::AvroCompression::Snappy => AvroCompression::Snappy,
                    document::AvroCompression::Zstd => AvroCompression::Zstd,
                };
                target(&sink.path, &sink.files, ".avro")?.avro(stream, compression, self.encoders)
            }
            SinkKind::Delta(sink) => {
                let path = Path::new(sink.path.value.reveal());
                let path = match below {
                    None => path.to_owned(),
                    Some(name) => resolve_below(path, name)?,
                };
                let mut options = DeltaSinkOptions::new(path);
                options.parquet.compression = pages(sink.compression);
                options.retention = sink.retention.unwrap_or(options.retention);
                options.compact = compaction(sink.compact, self.endless);
                delta_sink(stream, options)
            }
            SinkKind::Stdout(StdoutFormat::Jsonl) => printed(TextEncoding::Jsonl),
            SinkKind::Stdout(StdoutFormat::Json) => printed(TextEncoding::Json),
            SinkKind::Stdout(StdoutFormat::Sql(writing)) => printed(sql(writing)),
            SinkKind::Stdout(StdoutFormat::Csv(writing)) => printed(TextEncoding::Csv(csv_options(writing))),
            SinkKind::Noop => AnySink::Plain(Box::new(NoopSink::new())),
        })
    }

    fn sql_options(&self, writing: &SqlWriting, stream: &str) -> SqlOptions {
        let table = writing.table.as_ref().map_or(stream, |table| &table.value);
        SqlOptions {
            dialect: sql_dialect(writing.dialect),
            table: table.to_owned(),
            primary_key: primary_key(self.document, stream),
            create_table: writing.create_table,
            drop_table: writing.drop_table,
            rows_per_insert: writing.rows_per_insert.unwrap_or(SqlOptions::ROWS_PER_INSERT),
            transaction: writing.transaction,
        }
    }
}

/// The dialect of the encoder.
pub(super) fn sql_dialect(written: document::SqlDialect) -> SqlDialect {
    match written {
        document::SqlDialect::Ansi => SqlDialect::Ansi,
        document::SqlDialect::Postgres => SqlDialect::Postgres,
        document::SqlDialect::Mysql => SqlDialect::Mysql,
        document::SqlDialect::Sqlite => SqlDialect::Sqlite,
    }
}

/// Runs that end leave few files; those that never end would leave one for each tick.
fn compaction(compact: Compact, endless: bool) -> Option<CompactOptions> {
    let usual = CompactOptions::default();
    match compact {
        Compact::Usual => endless.then_some(usual),
        Compact::Off => None,
        Compact::When { after_files, target_file_size } => Some(CompactOptions {
            after_files: after_files.unwrap_or(usual.after_files),
            target_file_size: target_file_size.unwrap_or(usual.target_file_size),
        }),
    }
}

fn delta_sink(stream: &str, options: DeltaSinkOptions) -> AnySink {
    storing(AnySink::Reporting(Box::new(DeltaSink::new(stream.into(), options))))
}

fn csv_options(writing: &CsvWriting) -> CsvWriteOptions {
    CsvWriteOptions {
        delimiter: writing.delimiter,
        quote: writing.quote,
        header: writing.header,
        null: writing.null.clone(),
    }
}

fn text_compression(compression: TextCompression) -> Compression {
    match compression {
        TextCompression::None => Compression::None,
        TextCompression::Gzip => Compression::Gzip,
        TextCompression::Zstd => Compression::Zstd,
    }
}

fn pages(compression: ParquetCompression) -> Pages {
    match compression {
        ParquetCompression::None => Pages::None,
        ParquetCompression::Snappy => Pages::Snappy,
        ParquetCompression::Zstd => Pages::Zstd(ZSTD_LEVEL),
    }
}
