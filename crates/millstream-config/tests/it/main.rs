//! Whole files: what is accepted, what is refused, and how the refusal reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_corpus;
mod bad_files;
mod columns;
mod good_files;
mod hostile_files;
mod places;
mod plans;
mod replaced;

use millstream_config::{Diagnostics, Document};

/// The environment of these tests.
fn environment(name: &str) -> Option<String> {
    match name {
        "OUT" => Some("/srv/out".to_owned()),
        "PASSWORD" => Some("hunter2".to_owned()),
        "ROWS" => Some("12".to_owned()),
        _ => None,
    }
}

fn parse(text: &str) -> Result<(Document, Diagnostics), Diagnostics> {
    Document::parse("shop.yaml", text, &environment)
}

fn accepted(text: &str) -> Document {
    match parse(text) {
        Ok((document, _)) => document,
        Err(diagnostics) => panic!("{diagnostics}"),
    }
}
