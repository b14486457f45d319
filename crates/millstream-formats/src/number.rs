//! Numbers from text and back, exactly or not at all.

use crate::scan;

/// Integers beyond this magnitude need not have a 64-bit float of the same value.
const EXACT_FLOAT: f64 = 9_007_199_254_740_992.0;

/// The integer at `start..end`, in decimal, with an optional minus sign. `None` if it is none, or too large.
///
/// Up to sixteen digits take no loop: their number varies from value to value, so a branch on it would be
/// mispredicted.
#[inline(always)]
#[allow(clippy::inline_always)] // The call would take as long as the work.
pub(crate) fn parse_integer(bytes: &[u8], start: usize, end: usize) -> Option<i64> {
    let negative = bytes.get(start) == Some(&b'-');
    let start = start + usize::from(negative);
    let length = end.wrapping_sub(start);
    let magnitude = match length {
        1..=8 => eight_digits(scan::load(bytes, start), length)?,
        9..=16 => {
            let high = eight_digits(scan::load(bytes, start), length - 8)?;
            high * 100_000_000 + eight_digits(scan::load(bytes, end - 8), 8)?
        }
        _ => return parse_long(bytes.get(start..end)?, negative),
    };
    let magnitude = magnitude as i64;
    Some(if negative { -magnitude } else { magnitude })
}

/// As [`parse_integer`], but refuses zeros in front (see [`has_leading_zero`]).
#[inline(always)]
#[allow(clippy::inline_always)] // As above.
pub(crate) fn parse_plain_integer(bytes: &[u8], start: usize, end: usize) -> Option<i64> {
    let first = start + usize::from(bytes.get(start) == Some(&b'-'));
    if bytes.get(first) == Some(&b'0') && end > start + 1 {
        return None;
    }
    parse_integer(bytes, start, end)
}

/// The number of a text of nothing but digits, with an optional minus sign, in 128 bits.
pub(crate) fn parse_wide_integer(text: &[u8]) -> Option<i128> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let magnitude = digits
        .iter()
        .try_fold(0i128, |value, digit| value.checked_mul(10)?.checked_add(i128::from(digit - b'0')))?;
    Some(if digits.len() < text.len() { -magnitude } else { magnitude })
}

/// The float nearest to a decimal text. An integer that no float equals is refused rather than rounded, and so is a
/// number too large for any float.
#[inline]
pub(crate) fn parse_float(text: &[u8]) -> Option<f64> {
    let value: f64 = fast_float2::parse(text).ok()?;
    if value.abs() < EXACT_FLOAT || exact_integer(text, value) { Some(value) } else { None }
}

/// A decimal of at most `precision` digits, `scale` of them after the point, as its unscaled value. More digits than
/// `scale` after the point are refused unless they are zeros.
pub(crate) fn parse_decimal(text: &[u8], precision: u8, scale: i8) -> Option<i128> {
    let (negative, unsigned) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(position) => {
            let exponent = &unsigned[position + 1..];
            let exponent = exponent.strip_prefix(b"+").unwrap_or(exponent);
            let value = parse_wide_integer(exponent)?;
            (&unsigned[..position], i64::try_from(value.clamp(-10_000, 10_000)).ok()?)
        }
        None => (unsigned, 0),
    };
    let (mut value, mut digits, mut point) = (0i128, 0, None);
    // Zeros at the end count for the magnitude only: there may be more of them than 128 bits hold.
    let mut zeros = 0;
    for (position, byte) in mantissa.iter().enumerate() {
        match byte {
            b'0' => zeros += u32::from(value != 0),
            b'1'..=b'9' => {
                let power = 10i128.checked_pow(zeros + 1)?;
                value = value.checked_mul(power)?.checked_add(i128::from(byte - b'0'))?;
                zeros = 0;
            }
            b'.' if point.is_none() => point = Some(position),
            _ => return None,
        }
        digits += u32::from(*byte != b'.');
    }
    if digits == 0 {
        return None;
    }
    let fraction = point.map_or(0, |point| mantissa.len() - point - 1) as i64;
    let shift = i64::from(scale) - fraction + exponent + i64::from(zeros);
    let power = if value == 0 { Some(1) } else { 10i128.checked_pow(u32::try_from(shift.abs()).ok()?) };
    let unscaled = match power {
        Some(power) if shift >= 0 => value.checked_mul(power)?,
        Some(power) if value % power == 0 => value / power,
        _ => return None,
    };
    let bound = 10i128.checked_pow(u32::from(precision));
    if bound.is_some_and(|bound| unscaled >= bound) {
        return None;
    }
    Some(if negative { -unscaled } else { unscaled })
}

/// Appends the shortest text that reads back as `value`, which must be finite: `1.5`, `-0.0`, `1e300`.
///
/// Most floats in tables were decimals with a few places. Up to 15 digits, such a decimal is the only one of its length
/// or shorter that is nearest to its float, so a decimal that divides back to the float is what the general algorithm
/// (ryu) would find, in a third of the time.
#[inline]
pub(crate) fn write_float(value: f64, out: &mut Vec<u8>) {
    if !write_places::<100, 2>(value, out) && !write_places::<10_000, 4>(value, out) {
        out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
    }
}

/// Appends `value` if it is a decimal with `PLACES` places (`SCALE` is 10 to their power) and at most 15 digits.
#[inline]
fn write_places<const SCALE: u64, const PLACES: usize>(value: f64, out: &mut Vec<u8>) -> bool {
    const MOST: f64 = 1e15;
    let magnitude = value.abs();
    let scaled = (magnitude * SCALE as f64).round_ties_even();
    if scaled >= MOST || scaled / SCALE as f64 != magnitude {
        return false;
    }
    let scaled = scaled as u64;
    let (whole, mut fraction) = (scaled / SCALE, scaled % SCALE);
    let mut text = [b'0'; 24];
    let mut end = text.len() - 1;
    let mut places = PLACES;
    while places > 1 && fraction % 10 == 0 {
        (fraction, places) = (fraction / 10, places - 1);
    }
    for _ in 0..places {
        text[end] = b'0' + (fraction % 10) as u8;
        (fraction, end) = (fraction / 10, end - 1);
    }
    text[end] = b'.';
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(whole).as_bytes();
    let mut start = end - digits.len();
    text[start..end].copy_from_slice(digits);
    if value.is_sign_negative() {
        start -= 1;
        text[start] = b'-';
    }
    out.extend_from_slice(&text[start..]);
    true
}

/// Appends an unscaled decimal with its point: 12345 with scale 2 is `123.45`.
pub(crate) fn write_decimal(unscaled: i128, scale: i8, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    write_scaled(unscaled < 0, buffer.format(unscaled.unsigned_abs()).as_bytes(), scale, out);
}

/// Appends the digits of an unscaled decimal with its sign and point.
pub(crate) fn write_scaled(negative: bool, digits: &[u8], scale: i8, out: &mut Vec<u8>) {
    if negative {
        out.push(b'-');
    }
    if scale <= 0 {
        out.extend_from_slice(digits);
        if digits != b"0" {
            out.resize(out.len() + usize::from(scale.unsigned_abs()), b'0');
        }
        return;
    }
    let scale = scale as usize;
    if let Some(whole) = digits.len().checked_sub(scale).filter(|&whole| whole > 0) {
        out.extend_from_slice(&digits[..whole]);
        out.push(b'.');
        out.extend_from_slice(&digits[whole..]);
    } else {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + scale - digits.len(), b'0');
        out.extend_from_slice(digits);
    }
}

/// Whether a number is written with zeros in front (`007`, `-0`, `00.5`): more than a number, so that turning it into
/// one would lose something.
#[inline]
pub(crate) fn has_leading_zero(text: &[u8]) -> bool {
    match text {
        [b'-', b'0'] => true,
        [b'-', b'0', next, ..] | [b'0', next, ..] => next.is_ascii_digit(),
        _ => false,
    }
}

/// The value of the lowest `length` bytes (1 to 8) of `word`, which must be digits, the first one the most
/// significant (Daniel Lemire, "Quickly parsing eight digits").
#[inline]
fn eight_digits(word: u64, length: usize) -> Option<u64> {
    let shift = 64 - 8 * length as u32;
    // The digits move to the end, and what comes before them counts as zeros.
    let digits = (word << shift) ^ (0x3030_3030_3030_3030 << shift);
    if (digits | digits.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0 != 0 {
        return None;
    }
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff)
}

#[cold]
fn parse_long(digits: &[u8], negative: bool) -> Option<i64> {
    let value = parse_wide_integer(digits).filter(|value| *value >= 0 && digits[0] != b'-')?;
    i64::try_from(if negative { -value } else { value }).ok()
}

#[cold]
fn exact_integer(text: &[u8], value: f64) -> bool {
    if !value.is_finite() {
        return !text.iter().any(u8::is_ascii_digit);
    }
    match parse_wide_integer(text) {
        Some(integer) => value as i128 == integer,
        // Not written as an integer (or beyond 128 bits): rounding is what floats are for.
        None => !text.iter().skip(1).all(u8::is_ascii_digit),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn integer(text: &str) -> Option<i64> {
        parse_integer(text.as_bytes(), 0, text.len())
    }

    #[test]
    fn integers_at_the_edges() {
        assert_eq!(integer("9223372036854775807"), Some(i64::MAX));
        assert_eq!(integer("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(integer("0000000000000000000000001"), Some(1));
        for text in [
            "9223372036854775808",
            "-9223372036854775809",
            "",
            "-",
            "--1",
            "+1",
            "1.0",
            "1 ",
            " 1",
            "1e3",
            "٣",
        ] {
            assert_eq!(integer(text), None, "{text:?}");
        }
    }

    #[test]
    fn floats_take_only_integers_that_they_can_hold() {
        assert_eq!(parse_float(b"9007199254740992"), Some(9_007_199_254_740_992.0));
        assert_eq!(parse_float(b"9007199254740993"), None);
        assert_eq!(parse_float(b"-9007199254740993"), None);
        assert_eq!(parse_float(b"9007199254740993.0"), Some(9_007_199_254_740_992.0));
        assert_eq!(parse_float(b"1e300"), Some(1e300));
        assert_eq!(parse_float(&[b'9'; 60]), None);
        assert_eq!(parse_float(b"inf"), Some(f64::INFINITY));
        assert!(parse_float(b"NaN").is_some_and(f64::is_nan));
        assert_eq!(parse_float(b"1,5"), None);
        assert_eq!(parse_float(b"-1e400"), None);
    }

    #[test]
    fn decimals_are_exact_or_refused() {
        let parse = |text: &str| parse_decimal(text.as_bytes(), 5, 2);
        for (text, value) in [
            ("1.5", 150),
            ("-999.99", -99_999),
            (".5", 50),
            ("5.", 500),
            ("+1", 100),
            ("1.50000", 150),
            ("1e2", 10_000),
            ("15e-1", 150),
            ("0e9999", 0),
            ("0", 0),
            ("-0.00", 0),
            ("12.5E+1", 12_500),
        ] {
            assert_eq!(parse(text), Some(value), "{text}");
        }
        for text in [
            "1000",
            "1.005",
            "",
            ".",
            "-",
            "1e",
            "1e-5",
            "1.2.3",
            "0x1",
            "1e999999999999999999999999999999999999999",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        let largest = "9".repeat(38);
        assert_eq!(parse_decimal(largest.as_bytes(), 38, 0), largest.parse().ok());
        assert_eq!(parse_decimal(b"12300", 3, -2), Some(123));
        assert_eq!(parse_decimal(b"12345", 3, -2), None);
    }

    #[test]
    fn leading_zeros() {
        for (text, expected) in [
            ("007", true),
            ("-01", true),
            ("-0", true),
            ("00.5", true),
            ("0", false),
            ("0.5", false),
            ("-0.5", false),
            ("10", false),
            ("", false),
        ] {
            assert_eq!(has_leading_zero(text.as_bytes()), expected, "{text}");
        }
    }

    fn float(value: f64) -> String {
        let mut out = Vec::new();
        write_float(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_are_written_as_ryu_writes_them() {
        for value in [
            0.0,
            -0.0,
            1.0,
            -1.5,
            0.1,
            0.3,
            0.1 + 0.2,
            1.1 * 100.0,
            12.34,
            99.99,
            1e13,
            9_999_999_999_999.99,
            1e15,
            1e16,
            1e300,
            5e-324,
            0.0001,
            0.00005,
            123.4567,
            0.07,
            4_503_599_627_370_497.5,
        ] {
            assert_eq!(float(value), ryu::Buffer::new().format_finite(value));
        }
    }

    proptest! {
        #[test]
        fn any_float_is_written_as_ryu_writes_it(bits in any::<u64>(), decimal in -10i64.pow(16)..10i64.pow(16), places in 0i32..8) {
            for value in [f64::from_bits(bits), decimal as f64 / 10f64.powi(places)] {
                if value.is_finite() {
                    let mut buffer = ryu::Buffer::new();
                    prop_assert_eq!(float(value), buffer.format_finite(value));
                }
            }
        }

        #[test]
        fn integers_survive(value in any::<i64>(), digits in 0u32..19, before in "[0-9]{0,3}", after in "[0-9,]{0,12}") {
            let value = value % 10i64.pow(digits);
            let text = format!("{before}{value}{after}");
            let end = text.len() - after.len();
            prop_assert_eq!(parse_integer(text.as_bytes(), before.len(), end), Some(value));
        }

        #[test]
        fn integers_equal_the_standard_library(text in "-?[0-9]{0,20}[0-9a/:]?") {
            prop_assert_eq!(integer(&text), text.parse().ok());
            let plain = parse_plain_integer(text.as_bytes(), 0, text.len());
            prop_assert_eq!(plain, integer(&text).filter(|_| !has_leading_zero(text.as_bytes())));
        }

        #[test]
        fn decimals_survive(value in any::<i128>(), digits in 0u32..38, scale in -3i8..=20) {
            let value = value % 10i128.pow(digits);
            let mut out = Vec::new();
            write_decimal(value, scale, &mut out);
            prop_assert_eq!(parse_decimal(&out, 38, scale), Some(value), "{}", String::from_utf8_lossy(&out));
        }

        #[test]
        fn no_decimal_is_too_odd(text in "[-+0-9.eE]{0,50}", scale in -10i8..=38) {
            let _ = parse_decimal(text.as_bytes(), 38, scale);
        }
    }
}
