//! Ints with a format, and the assembly of sign, padding and digits that floats share.

use std::fmt::Write;

use super::spec::{Align, Sign, Spec};
use super::{Scratch, Sink};

/// An int with a format of an int.
pub(crate) fn write_int(value: i64, spec: &Spec, scratch: &mut Scratch, sink: &mut impl Sink) {
    let magnitude = value.unsigned_abs();
    scratch.body.clear();
    let prefix = match spec.presentation {
        Some('b') => {
            let _ = write!(scratch.body, "{magnitude:b}");
            "0b"
        }
        Some('o') => {
            let _ = write!(scratch.body, "{magnitude:o}");
            "0o"
        }
        Some('x') => {
            let _ = write!(scratch.body, "{magnitude:x}");
            "0x"
        }
        Some('X') => {
            let _ = write!(scratch.body, "{magnitude:X}");
            "0X"
        }
        _ => {
            scratch.body.push_str(itoa::Buffer::new().format(magnitude));
            ""
        }
    };
    let prefix = if spec.alternate { prefix } else { "" };
    let group = if matches!(spec.presentation, Some('b' | 'o' | 'x' | 'X')) { 4 } else { 3 };
    let digits = scratch.body.len();
    write_number(value < 0, prefix, digits, group, spec, scratch, sink);
}

/// The sign, the padding, the first `digits` bytes of the body in groups, and the rest of the body.
pub(crate) fn write_number(
    negative: bool,
    prefix: &str,
    digits: usize,
    group: usize,
    spec: &Spec,
    scratch: &mut Scratch,
    sink: &mut impl Sink,
) {
    let sign = match (negative, spec.sign) {
        (true, _) => "-",
        (false, Sign::Plus) => "+",
        (false, Sign::Space) => " ",
        (false, Sign::Minus) => "",
    };
    let rest = scratch.body.len() - digits;
    let fixed = sign.len() + prefix.len() + rest;
    let (digits, rest) = match spec.grouping {
        Some(separator) if digits > 0 => {
            // Zeros that pad a number are grouped as its digits are.
            let zero_padded = spec.fill == '0' && spec.align == Align::AfterSign;
            let least = if zero_padded { spec.width.saturating_sub(fixed) } else { 0 };
            group_digits(&scratch.body[..digits], separator, group, least, &mut scratch.digits);
            (scratch.digits.as_str(), &scratch.body[digits..])
        }
        _ => scratch.body.split_at(digits),
    };
    let padding = spec.width.saturating_sub(fixed + digits.len());
    let (before, inside, after) = match spec.align {
        Align::Left => (0, 0, padding),
        Align::Right => (padding, 0, 0),
        Align::Centre => (padding / 2, 0, padding - padding / 2),
        Align::AfterSign => (0, padding, 0),
    };
    sink.push_repeated(spec.fill, before);
    sink.push(sign);
    sink.push(prefix);
    sink.push_repeated(spec.fill, inside);
    sink.push(digits);
    sink.push(rest);
    sink.push_repeated(spec.fill, after);
}

/// Digits with separators, and zeros in front up to a width of `least` (CPython's
/// `_PyUnicode_InsertThousandsGrouping`).
fn group_digits(digits: &str, separator: char, group: usize, least: usize, out: &mut String) {
    // Written from the right; everything is ASCII.
    out.clear();
    let mut remaining = digits.bytes().rev();
    let (mut left, mut least) = (digits.len(), least as isize);
    let mut first = true;
    loop {
        let take = group.min(left.max(usize::try_from(least).unwrap_or(0)).max(1));
        if !first {
            out.push(separator);
        }
        first = false;
        for _ in 0..take {
            out.push(remaining.next().map_or('0', char::from));
        }
        left -= take.min(left);
        least -= take as isize;
        if left == 0 && least <= 0 {
            break;
        }
        least -= 1;
    }
    reverse_ascii(out);
}

fn reverse_ascii(text: &mut String) {
    let mut bytes = std::mem::take(text).into_bytes();
    bytes.reverse();
    // ASCII in any order is UTF-8.
    *text = String::from_utf8(bytes).unwrap_or_default();
}
