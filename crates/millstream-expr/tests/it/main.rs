//! The language against examples, against a naive interpreter of rows, and against CPython.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod columns;
mod common;
mod compile_errors;
mod cpython;
mod dates;
mod dates_cpython;
mod generator;
mod library;
mod modules_cpython;
mod numbers;
mod programs;
mod property;
mod python;
mod reference_model;
mod references;
mod rows;
mod speed;
mod temporal;
mod texts;
