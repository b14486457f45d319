//! The types of columns from a sample of their texts.

use arrow::datatypes::{DataType, TimeUnit};

use crate::{calendar, number, parse};

/// The types that every text of a column so far could be.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools)] // One for each type that is still possible.
pub(super) struct Guess {
    seen: bool,
    number_seen: bool,
    integer: bool,
    float: bool,
    boolean: bool,
    date: bool,
    timestamp: bool,
    zoned_timestamp: bool,
}

impl Guess {
    pub(super) fn new() -> Self {
        Self {
            seen: false,
            number_seen: false,
            integer: true,
            float: true,
            boolean: true,
            date: true,
            timestamp: true,
            zoned_timestamp: true,
        }
    }

    /// Looks at a text that is not null.
    pub(super) fn see(&mut self, text: &[u8]) {
        self.seen = true;
        self.integer = self.integer
            && !number::has_leading_zero(text)
            && number::parse_integer(text, 0, text.len()).is_some();
        self.float = self.float && (is_number(text) || is_not_finite(text));
        self.number_seen |= self.float && is_number(text);
        self.boolean = self.boolean && parse::boolean(text).is_some();
        self.date = self.date && calendar::parse_date(text).is_some();
        if self.timestamp || self.zoned_timestamp {
            let zoned = calendar::parse_timestamp(text, TimeUnit::Microsecond).map(|parsed| parsed.zoned);
            self.timestamp = self.timestamp && zoned == Some(false);
            self.zoned_timestamp = self.zoned_timestamp && zoned == Some(true);
        }
    }

    /// The narrowest type for all texts.
    pub(super) fn data_type(self) -> DataType {
        if !self.seen {
            DataType::Utf8
        } else if self.integer {
            DataType::Int64
        } else if self.float && self.number_seen {
            DataType::Float64
        } else if self.boolean {
            DataType::Boolean
        } else if self.date {
            DataType::Date32
        } else if self.timestamp {
            DataType::Timestamp(TimeUnit::Microsecond, None)
        } else if self.zoned_timestamp {
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        } else {
            DataType::Utf8
        }
    }
}

/// Whether a text is a number to everyone: not a telephone number with a plus sign, nor a code with leading zeros, nor
/// an identifier of more digits than an integer has.
fn is_number(text: &[u8]) -> bool {
    let first = text.strip_prefix(b"-").unwrap_or(text).first();
    first.is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.')
        && !number::has_leading_zero(text)
        && number::parse_float(text).is_some()
        && (number::parse_integer(text, 0, text.len()).is_some()
            || number::parse_wide_integer(text).is_none())
}

fn is_not_finite(text: &[u8]) -> bool {
    let word = text.strip_prefix(b"-").unwrap_or(text);
    word.eq_ignore_ascii_case(b"nan")
        || word.eq_ignore_ascii_case(b"inf")
        || word.eq_ignore_ascii_case(b"infinity")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_type_that_fits_all() {
        let micro = TimeUnit::Microsecond;
        for (texts, expected) in [
            (&["1", "-2", "9223372036854775807"][..], DataType::Int64),
            (&["0", "10"], DataType::Int64),
            (&["007", "12"], DataType::Utf8),
            (&["-0"], DataType::Utf8),
            (&["1", "2.5", "1e3"], DataType::Float64),
            (&["1.5", "nan", "-inf"], DataType::Float64),
            (&["nan", "inf"], DataType::Utf8),
            (&["007.5"], DataType::Utf8),
            (&["1.5", "9007199254740993"], DataType::Utf8),
            (&["9223372036854775808"], DataType::Utf8),
            (&["+4930123456"], DataType::Utf8),
            (&["true", "FALSE"], DataType::Boolean),
            (&["true", "1"], DataType::Utf8),
            (&["2024-01-31", "1999-12-31"], DataType::Date32),
            (&["2024-01-31", "2024-02-30"], DataType::Utf8),
            (&["2024-01-31", "2024-01-31 10:00"], DataType::Timestamp(micro, None)),
            (
                &["2013-01-01T10:00:00Z", "2013-01-01T10:00:00+01:00"],
                DataType::Timestamp(micro, Some("UTC".into())),
            ),
            (&["2013-01-01T10:00:00Z", "2013-01-01T10:00:00"], DataType::Utf8),
            (&["2013-01-01T10:00:00.123456789Z"], DataType::Utf8),
            (&["", "1"], DataType::Utf8),
            (&[], DataType::Utf8),
        ] {
            let mut guess = Guess::new();
            for text in texts {
                guess.see(text.as_bytes());
            }
            assert_eq!(guess.data_type(), expected, "{texts:?}");
        }
    }
}
