//! What CSV and JSONL share when text becomes a value, and how they say that it cannot.

use arrow::datatypes::DataType;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::calendar;
use crate::number;

/// `true` or `false`, in any case.
pub(crate) fn boolean(text: &[u8]) -> Option<bool> {
    if text.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else if text.eq_ignore_ascii_case(b"false") {
        Some(false)
    } else {
        None
    }
}

/// Replaces the content of `decoded` by the bytes that `text` encodes; says whether it is base64.
pub(crate) fn base64(text: &[u8], decoded: &mut Vec<u8>) -> bool {
    decoded.clear();
    STANDARD.decode_vec(text, decoded).is_ok()
}

/// Why `text`, shown as `value`, is no value of a column of this type: `"abc" is not an integer`.
pub(crate) fn misfit(data_type: &DataType, strict: bool, text: &[u8], value: &str) -> String {
    let whole = number::parse_wide_integer(text).is_some();
    if std::str::from_utf8(text).is_err() {
        return format!("{value} is not valid UTF-8");
    }
    if data_type.is_numeric() && strict && number::has_leading_zero(text) {
        return format!("{value} has leading zeros: declare the column's type to read it");
    }
    if whole && data_type.is_integer() {
        return format!("{value} is out of the range of {data_type}");
    }
    if whole && data_type.is_floating() {
        return format!("{value} has no exact {data_type}: declare the column as a decimal or as text");
    }
    if let DataType::Timestamp(unit, zone) = data_type
        && let Some(parsed) = calendar::parse_timestamp(text, *unit)
    {
        return match zone {
            Some(_) if !parsed.zoned => format!("{value} has no time zone"),
            _ => format!("{value} has a time zone, which the column has not"),
        };
    }
    format!("{value} is not {}", noun(data_type))
}

/// What values of a type are called: `an integer`.
pub(crate) fn noun(data_type: &DataType) -> String {
    use DataType as T;
    match data_type {
        integer if integer.is_integer() => "an integer".to_owned(),
        float if float.is_floating() => "a number".to_owned(),
        T::Null => "null".to_owned(),
        T::Boolean => "a boolean".to_owned(),
        T::Decimal128(precision, scale) | T::Decimal256(precision, scale) => {
            format!("a decimal of {precision} digits, {scale} of them after the point")
        }
        T::Date32 | T::Date64 => "a date (YYYY-MM-DD)".to_owned(),
        T::Time32(_) | T::Time64(_) => "a time (HH:MM:SS)".to_owned(),
        T::Timestamp(..) => "a timestamp (YYYY-MM-DDTHH:MM:SS)".to_owned(),
        T::Binary | T::LargeBinary | T::BinaryView => "base64".to_owned(),
        T::List(_) | T::LargeList(_) => "an array".to_owned(),
        T::Struct(_) | T::Map(..) => "an object".to_owned(),
        _ => "a text".to_owned(),
    }
}
