//! What can be set for JSONL files.

use arrow::datatypes::DataType;

/// How a JSONL file is read.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonlReadOptions {
    /// Declared types, by key; the other columns are inferred.
    pub columns: Option<Vec<(String, DataType)>>,
    /// How many rows are looked at to infer types.
    pub sample_rows: usize,
}

impl Default for JsonlReadOptions {
    fn default() -> Self {
        Self { columns: None, sample_rows: 1_000 }
    }
}
