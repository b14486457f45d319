//! Connectors as the engine sees them, on real files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod avro;
mod broken_sink;
mod broken_source;
mod file_source;
mod file_sources_conform;
mod framed_text;
mod many_files;
mod parquet_sink;
mod replace;
mod sinks_conform;
mod stdout;
mod support;
mod text_sink;
