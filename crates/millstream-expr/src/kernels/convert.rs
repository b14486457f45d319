//! `int(x)`, `float(x)`.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::datatypes::{Float64Type, Int64Type};

use super::integer::OVERFLOW;
use super::map::{primitive, try_map2};
use crate::EvaluateError;
use crate::node::Kernel;
use crate::value::{Input, Rows, Value, union_nulls};

/// A float as an int, without its fraction.
#[derive(Debug)]
pub(crate) struct FloatToInt;

impl Kernel for FloatToInt {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let input = inputs[0].floats()?;
        let (values, failed) = try_map2(input, Input::Scalar(()), rows.len, |value, ()| match whole(value) {
            Some(value) => (value, false),
            None => (0, true),
        });
        let mut nulls = union_nulls(inputs);
        if failed {
            rows.fail_where(&mut nulls, |row| not_whole(input.get(row)));
        }
        Ok(primitive::<Int64Type>(values, nulls))
    }
}

/// The int that is left of a float without its fraction, if it fits.
pub(crate) fn whole(value: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0; // 2^63
    (-LIMIT..LIMIT).contains(&value).then_some(value as i64)
}

/// Why [`whole`] has no result.
pub(crate) fn not_whole(value: f64) -> Option<Cow<'static, str>> {
    match whole(value) {
        Some(_) => None,
        None if value.is_nan() => Some(Cow::Borrowed("nan is not an int")),
        None if value.is_infinite() => Some(Cow::Borrowed("infinity is not an int")),
        None => Some(Cow::Borrowed(OVERFLOW)),
    }
}

/// A text as a number.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Parse {
    Int,
    Float,
}

impl Kernel for Parse {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let texts = inputs[0].texts()?;
        let mut nulls = union_nulls(inputs);
        let present = nulls.clone();
        let valid = |row: usize| present.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        let mut failed = false;
        match self {
            Self::Int => {
                let values = (0..rows.len)
                    .map(|row| {
                        let value = if valid(row) { parse_int(texts.get(row)) } else { Ok(0) };
                        value.unwrap_or_else(|_| {
                            failed = true;
                            0
                        })
                    })
                    .collect();
                if failed {
                    rows.fail_where(&mut nulls, |row| parse_int(texts.get(row)).err());
                }
                Ok(primitive::<Int64Type>(values, nulls))
            }
            Self::Float => {
                let values = (0..rows.len)
                    .map(|row| {
                        let value = if valid(row) { parse_float(texts.get(row)) } else { Some(0.0) };
                        value.unwrap_or_else(|| {
                            failed = true;
                            0.0
                        })
                    })
                    .collect();
                if failed {
                    rows.fail_where(&mut nulls, |row| {
                        let text = texts.get(row);
                        parse_float(text).is_none().then(|| not_a_number("float", text))
                    });
                }
                Ok(primitive::<Float64Type>(values, nulls))
            }
        }
    }
}

pub(crate) fn not_a_number(type_: &str, text: &str) -> Cow<'static, str> {
    let shown: String = text.chars().take(40).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    Cow::Owned(format!("{shown:?}{more} is not {} {type_}", if type_ == "int" { "an" } else { "a" }))
}

/// `int(text)`: decimal digits with single underscores between them, a sign, and white space around.
pub(crate) fn parse_int(text: &str) -> Result<i64, Cow<'static, str>> {
    // The usual case first. Rust's grammar is a subset of Python's.
    if let Ok(value) = text.parse() {
        return Ok(value);
    }
    let invalid = || not_a_number("int", text);
    let trimmed = text.trim_matches(char::is_whitespace);
    let digits = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    let plain = without_underscores(digits).ok_or_else(invalid)?;
    if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid());
    }
    let sign = if trimmed.starts_with('-') { "-" } else { "" };
    format!("{sign}{plain}").parse().map_err(|_| Cow::Borrowed(OVERFLOW))
}

/// `float(text)`: as Rust's, with white space around and single underscores between digits.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    text.parse().ok().or_else(|| without_underscores(text.trim_matches(char::is_whitespace))?.parse().ok())
}

/// The text without underscores; `None` if one is not between two digits.
fn without_underscores(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(Cow::Borrowed(text));
    }
    let bytes = text.as_bytes();
    let between = |index: usize| {
        index > 0 && bytes[index - 1].is_ascii_digit() && bytes.get(index + 1).is_some_and(u8::is_ascii_digit)
    };
    bytes
        .iter()
        .enumerate()
        .all(|(index, &byte)| byte != b'_' || between(index))
        .then(|| Cow::Owned(text.replace('_', "")))
}
