//! Values as SQL literals.

use arrow::datatypes::DataType;

use super::SqlDialect;
use super::definition::SQLITE_DIGITS;
use crate::value::Style;

/// How the values of a column are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal {
    dialect: SqlDialect,
    moment: Moment,
    /// Numbers that stand in quotes, because the database would round them otherwise.
    pub(super) quoted: bool,
    is_float: bool,
}

/// What a date or time looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Date,
    Time,
    Timestamp,
    ZonedTimestamp,
    Duration,
}

impl Literal {
    pub(super) fn new(data_type: &DataType, dialect: SqlDialect) -> Self {
        let data_type = match data_type {
            DataType::Dictionary(_, value) => value.as_ref(),
            other => other,
        };
        let moment = match data_type {
            DataType::Date32 => Moment::Date,
            DataType::Time32(_) | DataType::Time64(_) => Moment::Time,
            DataType::Timestamp(_, Some(_)) => Moment::ZonedTimestamp,
            DataType::Timestamp(_, None) | DataType::Date64 => Moment::Timestamp,
            _ => Moment::Duration,
        };
        let quoted = dialect == SqlDialect::Sqlite
            && match *data_type {
                DataType::UInt64 => true,
                DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
                    precision.saturating_add(scale.min(0).unsigned_abs()) > SQLITE_DIGITS
                }
                _ => false,
            };
        Self { dialect, moment, quoted, is_float: data_type.is_floating() }
    }
}

impl Style for Literal {
    #[inline]
    fn null(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"NULL");
    }

    #[inline]
    fn text(&self, text: &str, out: &mut Vec<u8>) {
        out.push(b'\'');
        self.quote(text.as_bytes(), out);
        out.push(b'\'');
    }

    fn boolean(&self, value: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(match (self.dialect, value) {
            (SqlDialect::Sqlite, true) => b"1".as_slice(),
            (SqlDialect::Sqlite, false) => b"0",
            (_, true) => b"TRUE",
            (_, false) => b"FALSE",
        });
    }

    fn binary(&self, bytes: &[u8], out: &mut Vec<u8>) {
        const HEXADECIMAL: &[u8; 16] = b"0123456789abcdef";
        out.extend_from_slice(if self.dialect == SqlDialect::Postgres { b"'\\x" } else { b"X'" });
        out.extend(
            bytes
                .iter()
                .flat_map(|byte| [HEXADECIMAL[usize::from(byte >> 4)], HEXADECIMAL[usize::from(byte & 15)]]),
        );
        out.push(b'\'');
    }

    #[inline]
    fn plain(&self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        if self.dialect == SqlDialect::Ansi {
            out.extend_from_slice(match self.moment {
                Moment::Date => b"DATE ".as_slice(),
                Moment::Time => b"TIME ",
                Moment::Timestamp | Moment::ZonedTimestamp => b"TIMESTAMP ",
                Moment::Duration => b"",
            });
        }
        out.push(b'\'');
        let start = out.len();
        write(out);
        if matches!(self.moment, Moment::Timestamp | Moment::ZonedTimestamp) {
            match memchr::memchr(b'T', &out[start..]) {
                Some(at) => out[start + at] = b' ',
                // A `Date64` that is a whole day.
                None => out.extend_from_slice(b" 00:00:00"),
            }
        }
        if self.moment == Moment::ZonedTimestamp && out.ends_with(b"Z") {
            out.pop();
            // MySQL's DATETIME has no zone: it holds UTC.
            if self.dialect != SqlDialect::Mysql {
                out.extend_from_slice(b"+00:00");
            }
        }
        out.push(b'\'');
    }

    /// Where the database has no such value, a null.
    fn not_finite(&self, value: f64, out: &mut Vec<u8>) {
        debug_assert!(self.is_float);
        out.extend_from_slice(match self.dialect {
            SqlDialect::Postgres if value.is_nan() => b"'NaN'::float8".as_slice(),
            SqlDialect::Postgres if value > 0.0 => b"'Infinity'::float8",
            SqlDialect::Postgres => b"'-Infinity'::float8",
            // Beyond the largest double, which SQLite reads as infinite.
            SqlDialect::Sqlite if value == f64::INFINITY => b"9e999",
            SqlDialect::Sqlite if value == f64::NEG_INFINITY => b"-9e999",
            SqlDialect::Ansi | SqlDialect::Mysql | SqlDialect::Sqlite => b"NULL",
        });
    }
}

impl Literal {
    /// What stands between the quotes.
    #[inline]
    pub(super) fn quote(self, bytes: &[u8], out: &mut Vec<u8>) {
        let special = if self.dialect == SqlDialect::Mysql {
            memchr::memchr3(b'\'', b'\\', 0, bytes)
        } else {
            memchr::memchr(b'\'', bytes)
        };
        match special {
            None => out.extend_from_slice(bytes),
            Some(_) => self.escape(bytes, out),
        }
    }

    #[cold]
    fn escape(self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            match byte {
                b'\'' => out.extend_from_slice(b"''"),
                b'\\' if self.dialect == SqlDialect::Mysql => out.extend_from_slice(b"\\\\"),
                0 if self.dialect == SqlDialect::Mysql => out.extend_from_slice(b"\\0"),
                other => out.push(other),
            }
        }
    }
}
