//! The Delta sink against tables on disk, read back through their logs.

#![cfg(feature = "delta")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod append;
mod compact;
mod concurrent;
mod crash;
mod progress;
mod refuse;
mod replace;
mod support;
