//! Numbers, words, durations and sizes.

use std::ops::RangeInclusive;
use std::time::Duration;

use millstream_generate::Rate;

use super::{Context, Spanned, Text, list, suggestion};
use crate::diagnostics::Diagnostic;
use crate::yaml::{Node, Scalar};

impl Context<'_> {
    /// Any scalar as a string, with variables replaced.
    pub(crate) fn text(&self, node: &Node, what: &str) -> Option<Spanned<Text>> {
        match node.scalar() {
            Some(scalar) if !scalar.is_null() => self.substitute(node, scalar),
            _ => self.wrong(node, what, None),
        }
    }

    /// Any scalar as a string that names something in this file, so that it holds no variables.
    pub(crate) fn name(&self, node: &Node, what: &str) -> Option<Spanned<String>> {
        match node.scalar() {
            Some(scalar) if !scalar.is_null() => {
                if self.refuse_variables(node, scalar, what).is_some() {
                    return None;
                }
                Some(Spanned::new(scalar.text.clone(), node.span))
            }
            _ => self.wrong(node, what, None),
        }
    }

    pub(crate) fn boolean(&self, node: &Node) -> Option<Spanned<bool>> {
        let text = self.plain(node, "true or false")?;
        match text.value.reveal() {
            "true" | "True" | "TRUE" => Some(text.map(|_| true)),
            "false" | "False" | "FALSE" => Some(text.map(|_| false)),
            _ => self.unreadable(&text, "true or false", None),
        }
    }

    /// A whole number in a range.
    pub(crate) fn whole(&self, node: &Node, range: RangeInclusive<u64>) -> Option<Spanned<u64>> {
        let text = self.plain(node, "a whole number")?;
        let Some(number) = without_separators(text.value.reveal()).and_then(|digits| digits.parse().ok())
        else {
            return self.unreadable(&text, "a whole number from 0", None);
        };
        if range.contains(&number) {
            return Some(Spanned::new(number, node.span));
        }
        let expected = match (*range.start(), *range.end()) {
            (least, u64::MAX) => format!("at least {least}"),
            (least, most) => format!("from {least} to {most}"),
        };
        self.unreadable(&text, &format!("a whole number {expected}"), None)
    }

    /// A whole number of 64 bits, with or without a sign.
    pub(crate) fn integer(&self, node: &Node) -> Option<Spanned<i64>> {
        let expected = "a whole number";
        let text = self.plain(node, expected)?;
        let written = text.value.reveal();
        let (sign, digits) = match written.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", written.strip_prefix('+').unwrap_or(written)),
        };
        let number = without_separators(digits).and_then(|digits| format!("{sign}{digits}").parse().ok());
        match number {
            Some(number) => Some(Spanned::new(number, node.span)),
            None => self.unreadable(&text, "a whole number of 64 bits, such as 1, 1000 or -5", None),
        }
    }

    /// Rows per minute, exactly as written.
    pub(crate) fn rate(&self, node: &Node) -> Option<Spanned<Rate>> {
        let expected = "rows per minute";
        let text = self.plain(node, expected)?;
        let rate = without_separators(text.value.reveal()).and_then(|digits| digits.parse().ok());
        if let Some(rate) = rate {
            return Some(Spanned::new(rate, node.span));
        }
        let hint = "write a number such as 600 or 0.5, at most 10^15, with at most 9 decimals";
        self.unreadable(&text, expected, Some(hint.to_owned()))
    }

    /// `500ms`, `10s`, `5m`, `2h` or `1d`, above zero.
    pub(crate) fn duration(&self, node: &Node) -> Option<Spanned<Duration>> {
        let expected = "a duration above zero";
        let hint = "write a whole number and its unit: 500ms, 10s, 5m, 2h or 1d";
        let text = self.text(node, expected)?;
        match duration_of(text.value.reveal()) {
            Some(duration) => Some(Spanned::new(duration, node.span)),
            None => self.unreadable(&text, expected, Some(hint.to_owned())),
        }
    }

    /// `512KB`, `64MB` or `1GiB`, in bytes, above zero.
    pub(crate) fn size(&self, node: &Node) -> Option<Spanned<u64>> {
        let expected = "a size above zero";
        let hint = "write a whole number and its unit: 512KB, 64MB, 1GiB";
        let text = self.text(node, expected)?;
        let bytes = number_and_unit(text.value.reveal()).and_then(|(number, unit)| {
            let factor: u64 = match unit {
                "B" => 1,
                "KB" => 1_000,
                "MB" => 1_000_000,
                "GB" => 1_000_000_000,
                "TB" => 1_000_000_000_000,
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                "GiB" => 1 << 30,
                "TiB" => 1 << 40,
                _ => return None,
            };
            number.checked_mul(factor)
        });
        match bytes {
            Some(bytes @ 1..) => Some(Spanned::new(bytes, node.span)),
            _ => self.unreadable(&text, expected, Some(hint.to_owned())),
        }
    }

    /// One of several words.
    pub(crate) fn one_of<T: Clone>(&self, node: &Node, words: &[(&str, T)]) -> Option<Spanned<T>> {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let expected = format!("one of {}", list(&names, "or"));
        let text = self.text(node, &expected)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value.reveal()) {
            return Some(Spanned::new(value.clone(), node.span));
        }
        let hint = if text.value.is_secret() {
            None
        } else {
            suggestion(text.value.reveal(), names.iter().copied())
                .map(|word| format!("did you mean {word:?}?"))
        };
        self.unreadable(&text, &expected, hint)
    }

    /// One ASCII character, or the word `tab`.
    pub(crate) fn character(&self, node: &Node, what: &str) -> Option<Spanned<u8>> {
        let expected = format!("{what}, one ASCII character");
        let text = self.text(node, &expected)?;
        match text.value.reveal().as_bytes() {
            b"tab" => Some(Spanned::new(b'\t', node.span)),
            [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0) => {
                Some(Spanned::new(*byte, node.span))
            }
            _ => self.unreadable(&text, &expected, None),
        }
    }

    /// The text of a scalar that is not a string.
    fn plain(&self, node: &Node, expected: &str) -> Option<Spanned<Text>> {
        let Some(scalar) = node.scalar().filter(|scalar| !scalar.is_null()) else {
            return self.wrong(node, expected, None);
        };
        let has_variable = scalar.text.contains("${");
        if !scalar.is_plain() && !has_variable {
            let hint = "remove the quotes".to_owned();
            return self.wrong(node, expected, Some(hint));
        }
        self.substitute(node, scalar)
    }

    /// Reports a text that is not what it should be, without its secrets.
    pub(crate) fn unreadable<T>(
        &self,
        text: &Spanned<Text>,
        expected: &str,
        hint: Option<String>,
    ) -> Option<T> {
        let found = format!("{:?}", text.value);
        let found = if text.value.is_secret() {
            format!("another value in {found}")
        } else if found.chars().count() > 60 {
            "a long text".to_owned()
        } else {
            found
        };
        let message = format!("expected {expected}, found {found}");
        self.report(Diagnostic::error(text.span, message).hint_if(hint));
        None
    }

    /// The text of any scalar as it stands there, also one that means nothing elsewhere: `null` is those four letters.
    pub(crate) fn literal(&self, node: &Node, what: &str) -> Option<String> {
        let Some(scalar) = node.scalar() else {
            return self.wrong(node, what, None);
        };
        if self.refuse_variables(node, scalar, what).is_some() {
            return None;
        }
        Some(scalar.text.clone())
    }

    /// A scalar that is an expression of the expression language, as it is written.
    pub(crate) fn expression_scalar<'n>(&self, node: &'n Node) -> Option<&'n Scalar> {
        let hint = || match node.scalar() {
            Some(_) => None,
            None => Some("put the whole expression in quotes".to_owned()),
        };
        let Some(scalar) = node.scalar().filter(|scalar| !scalar.is_null()) else {
            return self.wrong(node, "an expression", hint());
        };
        if scalar.text.trim().is_empty() {
            self.report(Diagnostic::error(node.span, "the expression is empty"));
            return None;
        }
        if self.refuse_variables(node, scalar, "expressions").is_some() {
            return None;
        }
        Some(scalar)
    }
}

/// The text without `_` between digits; `None` if one stands elsewhere.
fn without_separators(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let misplaced = bytes.iter().enumerate().any(|(index, &byte)| {
        let digit = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_digit);
        byte == b'_' && !(index > 0 && digit(index - 1) && digit(index + 1))
    });
    let plain = text.starts_with(|c: char| c.is_ascii_digit());
    (!misplaced && plain).then(|| text.replace('_', ""))
}

/// A duration above zero, as it is written.
pub(crate) fn duration_of(text: &str) -> Option<Duration> {
    let (number, unit) = number_and_unit(text)?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let duration = number.checked_mul(milliseconds).map(Duration::from_millis)?;
    // A timestamp counts microseconds in 63 bits.
    (!duration.is_zero() && duration.as_micros() < (1 << 62)).then_some(duration)
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit.trim_start_matches(' ')))
}
