//! CSV files as RFC 4180 describes them.

mod column;
mod encode;
mod format;
mod infer;
mod options;
mod records;

pub use encode::CsvEncoder;
pub use format::CsvFormat;
pub use options::{CsvReadOptions, CsvWriteOptions};
