//! The YAML file of Millstream: text, then a tree with positions, then a typed [`Document`], or [`Diagnostics`]
//! that point into the file.
//!
//! Nothing here opens a connector: a document says what was written, checked as far as the file alone allows.

mod decode;
mod diagnostics;
mod document;
mod plan;
mod source_file;
mod yaml;

pub use decode::{FileVariables, Spanned, Text, Variables};
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use document::{
    AvroCompression, AvroSink, Backpressure, Checkpoint, Column, ColumnDeclaration, ColumnType, Compact,
    Config, CsvReading, CsvSink, CsvSource, CsvWriting, DeltaSink, DeltaSource, Document, EdgeBuffer,
    Expression, FileSet, JsonlSink, JsonlSource, OnError, Operator, ParquetCompression, ParquetSink,
    ParquetSource, Pipeline, Processing, Sink, SinkConnector, SinkKind, Source, SourceConnector, SourceKind,
    SqlDialect, SqlSink, SqlWriting, State, StateKind, StdoutFormat, Stream, Table, TextCompression,
    parse_timestamp,
};
pub use plan::{OnlyRows, OutputFormat, Overrides, Plan, PlannedState, Purpose, plan, plan_preview};
pub use source_file::{Position, SourceFile, Span};
