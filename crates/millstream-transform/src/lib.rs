//! Stateless row operators: filter, set, select, drop, rename, cast, `snake_case`. One file each.
//!
//! An operator is made for the columns of its input, so that every mistake is found before the first row.

mod cast;
mod columns;
mod evaluate;
mod filter;
mod set;
mod snake_case;

pub use cast::{Cast, CastError};
pub use columns::{Project, RenameError, UnknownColumn};
pub use filter::Filter;
pub use set::Set;
pub use snake_case::{snake_case, snake_case_columns};

#[cfg(test)]
mod tests;
