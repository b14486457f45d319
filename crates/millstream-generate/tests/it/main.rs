//! The generator from outside: rows, keys, errors, and the source under a simulated clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod adopted;
mod audit;
mod by_row;
mod clock;
mod common;
mod day;
mod declared;
mod disorder;
mod errors;
mod infer;
mod keys;
mod more_keys;
mod replace;
mod resume;
mod rows;
mod source;
mod whole_tables;
