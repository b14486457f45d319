//! From a sample of rows to a file of tables that makes rows like them: what each column holds is counted in bounded
//! memory, keys are found by uniqueness, names and containment, and the rest becomes an expression for each column.

mod avro;
mod expression;
mod keys;
mod names;
mod numbers;
mod profile;
mod shape;
mod write;

pub use avro::{NotASchema, table_of_avro_schema};
pub use profile::TableProfile;
pub use write::tables_file;
