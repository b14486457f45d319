//! JSONL files: a JSON object on each line.

mod column;
mod cursor;
mod encode;
mod finish;
mod format;
mod infer;
mod options;

pub use encode::JsonlEncoder;
pub use format::JsonlFormat;
pub use options::JsonlReadOptions;

pub(crate) use encode::{Json, check_types, write_json_string};
