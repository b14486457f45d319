//! CSV, JSONL and Parquet files: a source and two sinks.

mod below;
pub(crate) mod disk;
mod growing;
mod output;
mod parquet_sink;
mod place;
mod replacing;
mod source;
mod staged;
mod text_sink;

#[cfg(test)]
mod fault_tests;

pub use below::resolve_below;
pub use parquet_sink::{ParquetSink, ParquetSinkOptions};
pub use source::{FileFormat, FileSource, FileSourceOptions};
pub use text_sink::{TextSink, TextSinkOptions};

pub use crate::text_encoding::TextEncoding;
