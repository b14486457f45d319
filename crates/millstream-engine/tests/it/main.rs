//! Whole graphs, run by the engine with sources and sinks that misbehave on purpose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, missing_docs)]

mod faults;
mod flow;
mod kit;
mod recovery;
