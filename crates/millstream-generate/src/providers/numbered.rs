//! Texts that are made from a number: different texts for different numbers, so that a permutation of the numbers gives
//! each text once.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use arrow::datatypes::DataType;
use millstream_core::{Key, Permutation};
use millstream_expr::{Call, EvaluateError, Function, RowErrors};

use super::unique::exhausted;
use super::{Resolved, Site};
use crate::draws::Draws;
use crate::library::operand::is_selected;

/// The largest number of texts: what goes beyond is left to further draws.
pub(super) const MOST: u64 = 1 << 60;

/// A column of texts that `write` makes from a number below `size` (at most [`MOST`]) and from further draws. Different
/// numbers must give different texts. No text is longer than `longest` bytes.
pub(super) fn numbered(
    site: &Site<'_>,
    size: u64,
    longest: usize,
    write: impl Fn(u64, &mut Draws, &mut String) + Send + Sync + 'static,
) -> Resolved {
    let permutation = site.permutation(u128::from(size))?;
    Ok(Arc::new(Numbered { name: site.name.to_owned(), key: site.key, size, permutation, longest, write }))
}

/// A column of texts that `write` makes from draws, and that cannot be made different for all rows.
pub(super) fn drawn(
    site: &Site<'_>,
    longest: usize,
    write: impl Fn(&mut Draws, &mut String) + Send + Sync + 'static,
) -> Resolved {
    site.refuse_unique("put `row_id` into the text, for example f\"{fake.word()}-{row_id}\"")?;
    let write = move |_: u64, draws: &mut Draws, text: &mut String| write(draws, text);
    Ok(Arc::new(Numbered {
        name: site.name.to_owned(),
        key: site.key,
        size: 1,
        permutation: None,
        longest,
        write,
    }))
}

struct Numbered<F> {
    name: String,
    key: Key,
    size: u64,
    permutation: Option<Permutation>,
    longest: usize,
    write: F,
}

impl<F> fmt::Debug for Numbered<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Numbered")
            .field("name", &self.name)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl<F: Fn(u64, &mut Draws, &mut String) + Send + Sync> Function for Numbered<F> {
    fn data_type(&self) -> DataType {
        DataType::Utf8
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let rows = call.rows.len();
        // Arrow's 32-bit offsets end there, and its builder panics beyond.
        if rows.saturating_mul(self.longest) > i32::MAX as usize {
            return Err(EvaluateError::Host(format!(
                "{rows} texts of up to {} bytes do not fit in one chunk; use smaller chunks",
                self.longest
            )));
        }
        let mut out = StringBuilder::with_capacity(rows, rows * self.longest.min(64));
        let mut text = String::new();
        for (index, &row) in call.rows.iter().enumerate() {
            text.clear();
            let mut draws = Draws::new(self.key, row);
            match &self.permutation {
                None => (self.write)(draws.below(self.size), &mut draws, &mut text),
                Some(permutation) if row < self.size => {
                    (self.write)(permutation.apply(row), &mut draws, &mut text);
                }
                Some(_) if is_selected(call, index) => {
                    errors.push(index, exhausted(&self.name, u128::from(self.size)));
                }
                Some(_) => {}
            }
            out.append_value(&text);
        }
        Ok(Arc::new(out.finish()))
    }
}

/// Takes the last digit of `number` to `base` off.
pub(super) fn digit(number: &mut u64, base: u64) -> u64 {
    let digit = *number % base;
    *number /= base;
    digit
}

/// Appends `number` with at least `width` digits.
pub(super) fn push_number(number: u64, width: usize, text: &mut String) {
    use fmt::Write;
    let _ = write!(text, "{number:0width$}");
}

/// The check digit that makes a sum a multiple of ten.
pub(super) fn to_ten(sum: u32) -> char {
    char::from(b'0' + ((10 - sum % 10) % 10) as u8)
}

/// Appends the check digit of GS1 (EAN, UPC): digits count three times and once in turn, from the one beside it.
pub(super) fn push_gs1(text: &mut String, from: usize) {
    let digits = text.as_bytes().get(from..).unwrap_or_default().iter().rev();
    let sum =
        digits.enumerate().map(|(at, digit)| u32::from(digit - b'0') * if at % 2 == 0 { 3 } else { 1 }).sum();
    text.push(to_ten(sum));
}

/// Appends the check digit of Luhn (ISO/IEC 7812-1, annex B): every second digit, from the one beside it, is doubled.
pub(super) fn push_luhn(text: &mut String, from: usize) {
    let digits = text.as_bytes().get(from..).unwrap_or_default().iter().rev();
    let sum = digits
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(digit - b'0') * if at % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    text.push(to_ten(sum));
}
