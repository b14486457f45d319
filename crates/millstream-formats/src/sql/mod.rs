//! SQL scripts: `CREATE TABLE` and `INSERT` statements that make a table with the rows.

mod definition;
mod encode;
mod literal;
mod options;

pub use encode::SqlEncoder;
pub use options::{SqlDialect, SqlOptions};
