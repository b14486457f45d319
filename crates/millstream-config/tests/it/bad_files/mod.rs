//! What is wrong with a file, as its author reads it.

mod cadences;
mod connectors;
mod settings;
mod streams;
mod tables;
mod yaml;

/// The diagnostics of a file that is refused.
fn report(text: &str) -> String {
    crate::parse(text).expect_err("the file should be refused").to_string()
}
