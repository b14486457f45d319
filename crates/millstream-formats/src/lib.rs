//! CSV, JSONL and Parquet to Arrow record batches and back; JSON, SQL and Avro out of them.
//!
//! Reading is in two steps, so that many workers can share it: a reader thread cuts a file into [`text::Block`]s of
//! whole records with [`text::TextFormat::whole_records`], or a Parquet file into [`parquet::ParquetSlice`]s; any
//! thread then decodes them. Writing is the reverse: any thread encodes batches with [`millstream_core::Encode`] or
//! [`parquet::encode_row_group`], and one writer puts the results one after the other.
//!
//! A row that does not fit its schema never stops the others and is never changed to make it fit: it is rejected,
//! with its place in the file, the reason and its bytes (S-4, S-20).

pub mod avro;
pub mod compression;
pub mod csv;
pub mod frame;
pub mod json;
pub mod jsonl;
pub mod parquet;
pub mod sql;
pub mod text;

mod calendar;
mod number;
mod parse;
mod scan;
mod value;

pub use compression::{Compression, Compressor, compressor, decompress};
