//! The functions that a column's expression may call, besides those of the `fake` providers.

pub(crate) mod aggregates;
pub(crate) mod arguments;
pub(crate) mod choice;
pub(crate) mod constants;
mod integers;
pub(crate) mod keys;
mod laws;
pub(crate) mod odds;
pub(crate) mod operand;
pub(crate) mod population;
pub(crate) mod random;
pub(crate) mod rows;
pub(crate) mod sample;
pub(crate) mod slot;
pub(crate) mod weights;
