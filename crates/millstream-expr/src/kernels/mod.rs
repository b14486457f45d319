//! The operations, each over whole columns.

pub(crate) mod cast;
pub(crate) mod compare;
pub(crate) mod convert;
pub(crate) mod divide;
pub(crate) mod elementwise;
pub(crate) mod extreme;
pub(crate) mod float;
pub(crate) mod integer;
pub(crate) mod list;
pub(crate) mod lookup;
pub(crate) mod map;
pub(crate) mod membership;
pub(crate) mod round;
pub(crate) mod select;
pub(crate) mod split;
pub(crate) mod template;
pub(crate) mod text_builder;
pub(crate) mod text_change;
pub(crate) mod text_find;
pub(crate) mod text_slice;
pub(crate) mod truth;

#[cfg(test)]
mod tests;
