//! Files: a source of CSV, JSONL and Parquet, and sinks of text, Avro and Parquet.

mod avro_sink;
mod below;
mod byte_output;
pub(crate) mod disk;
mod growing;
mod many;
mod output;
mod parquet_sink;
mod place;
mod replacing;
mod source;
mod split;
mod staged;
mod text_sink;

#[cfg(test)]
mod fault_tests;

pub use avro_sink::{AvroSink, AvroSinkOptions};
pub use below::resolve_below;
pub use parquet_sink::{ParquetSink, ParquetSinkOptions};
pub use source::{FileFormat, FileSource, FileSourceOptions};
pub use split::{FileNames, Split};
pub use text_sink::{TextSink, TextSinkOptions};

pub use crate::text_encoding::TextEncoding;
