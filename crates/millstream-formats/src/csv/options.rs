//! What can be set for CSV files.

use arrow::datatypes::DataType;
use millstream_core::{Error, Result};

/// How a CSV file is read.
#[derive(Debug, Clone, PartialEq)]
pub struct CsvReadOptions {
    /// What separates fields; an ASCII character.
    pub delimiter: u8,
    /// What encloses a field that holds delimiters, quotes (doubled) or line ends; an ASCII character.
    pub quote: u8,
    /// Whether the first line names the columns. Without it they are those of `columns`, in order, or `column_1`,
    /// `column_2` and so on.
    pub header: bool,
    /// Unquoted fields of one of these texts are null. In columns that do not hold text, quoted ones are, too.
    pub null_values: Vec<String>,
    /// Declared types, by column name; the other columns are inferred.
    pub columns: Option<Vec<(String, DataType)>>,
    /// How many rows are looked at to infer types.
    pub sample_rows: usize,
}

impl Default for CsvReadOptions {
    fn default() -> Self {
        Self {
            delimiter: b',',
            quote: b'"',
            header: true,
            null_values: vec![String::new()],
            columns: None,
            sample_rows: 1_000,
        }
    }
}

/// How a CSV file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvWriteOptions {
    /// What separates fields; an ASCII character.
    pub delimiter: u8,
    /// What encloses a field that holds delimiters, quotes or line ends; an ASCII character.
    pub quote: u8,
    /// Whether the first line names the columns.
    pub header: bool,
    /// What a null is written as, unquoted. A text that equals it is written in quotes.
    pub null: String,
}

impl Default for CsvWriteOptions {
    fn default() -> Self {
        Self { delimiter: b',', quote: b'"', header: true, null: String::new() }
    }
}

impl CsvReadOptions {
    pub(super) fn check(&self) -> Result<()> {
        for (name, byte) in [("delimiter", self.delimiter), ("quote", self.quote)] {
            if !byte.is_ascii() || matches!(byte, b'\n' | b'\r') {
                return Err(Error::config(format!("{name}: {:?} cannot be used", char::from(byte)))
                    .hint("use one ASCII character that is no line end"));
            }
        }
        if self.delimiter == self.quote {
            return Err(Error::config("delimiter and quote are the same character"));
        }
        Ok(())
    }
}

impl CsvWriteOptions {
    pub(super) fn check(&self) -> Result<()> {
        for (name, byte) in [("delimiter", self.delimiter), ("quote", self.quote)] {
            // What occurs in numbers, dates and base64 would make them need quotes.
            let usable = byte.is_ascii()
                && !byte.is_ascii_alphanumeric()
                && !matches!(byte, b'\0' | b'\n' | b'\r' | b'+' | b'-' | b'.' | b'/' | b'=' | b':');
            if !usable {
                return Err(Error::config(format!("{name}: {:?} cannot be used", char::from(byte))).hint(
                    "use a character that does not occur in numbers and dates, such as , ; | or a tab",
                ));
            }
        }
        if self.delimiter == self.quote {
            return Err(Error::config("delimiter and quote are the same character"));
        }
        let null = self.null.as_bytes();
        let looks_like_a_value = null.eq_ignore_ascii_case(b"true")
            || null.eq_ignore_ascii_case(b"false")
            || fast_float2::parse::<f64, _>(null).is_ok()
            || null.first().is_some_and(u8::is_ascii_digit);
        if looks_like_a_value {
            return Err(Error::config(format!("null: {:?} could be a value", self.null))
                .hint("use a text that no number or boolean looks like, such as NULL or \\N"));
        }
        if null.iter().any(|&byte| byte == self.delimiter || byte == self.quote || byte < b' ') {
            return Err(Error::config(format!("null: {:?} would need quotes", self.null))
                .hint("leave out delimiters, quotes and control characters"));
        }
        Ok(())
    }
}
