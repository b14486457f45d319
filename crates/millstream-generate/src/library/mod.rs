//! The functions that a column's expression may call, besides those of the `fake` providers.

pub(crate) mod arguments;
mod choice;
pub(crate) mod keys;
pub(crate) mod random;
pub(crate) mod slot;
pub(crate) mod weights;
