//! The formats against reference models, against Python, and against themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod batches;
mod csv_inference;
mod csv_model;
mod csv_rows;
mod encoding;
mod files;
mod json_array;
mod jsonl_rows;
mod parquet;
mod python;
mod reader;
mod robustness;
mod round_trips;
mod sql;
