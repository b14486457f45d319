//! Floats as text: the shortest that reads back (`repr`), and the presentations `f`, `e`, `g` and `%`.

use std::fmt::Write;

use super::number::write_number;
use super::spec::Spec;
use super::{Scratch, Sink};

/// Powers of ten that are exact as floats.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// |`value`| x 10^`digits`, correctly rounded to an integer below 2^51 (half to even on the exact product), and
/// 10^`digits`. `None` where the rounded product cannot prove it: for large values and near ties.
#[inline]
pub(crate) fn scale_exactly(value: f64, digits: usize) -> Option<(f64, f64)> {
    const ROUNDER: f64 = (1_u64 << 52) as f64;
    let power = *POWERS.get(digits)?;
    let scaled = value.abs() * power;
    if scaled.is_nan() || scaled >= (1_u64 << 51) as f64 {
        return None;
    }
    // Adding 2^52 leaves no bits for a fraction; both steps and the distance are exact but for that rounding.
    let rounded = (scaled + ROUNDER) - ROUNDER;
    let distance = (scaled - rounded).abs();
    // The exact product is within half a unit in the last place of `scaled`, which is less than scaled x 2^-52.
    let error = scaled * f64::EPSILON;
    (distance + error < 0.5).then_some((rounded, power))
}

/// `repr(value)`.
pub(crate) fn write_repr(value: f64, sink: &mut impl Sink) {
    if !value.is_finite() {
        sink.push(if value.is_nan() {
            "nan"
        } else if value > 0.0 {
            "inf"
        } else {
            "-inf"
        });
        return;
    }
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value);
    if let Some((mantissa, exponent)) = text.split_once('e') {
        sink.push(mantissa);
        write_exponent(exponent.parse().unwrap_or(0), 'e', sink);
    } else if let Some(digits) = text.strip_prefix("0.0000").or_else(|| text.strip_prefix("-0.0000")) {
        // Python changes to an exponent one digit earlier.
        if value.is_sign_negative() {
            sink.push("-");
        }
        let (first, rest) = digits.split_at(1);
        sink.push(first);
        if !rest.is_empty() {
            sink.push(".");
            sink.push(rest);
        }
        write_exponent(-5, 'e', sink);
    } else {
        sink.push(text);
    }
}

/// `e+07`: a sign and two digits at least.
fn write_exponent(exponent: i32, letter: char, sink: &mut impl Sink) {
    sink.push_char(letter);
    sink.push(if exponent < 0 { "-" } else { "+" });
    let magnitude = exponent.unsigned_abs();
    if magnitude < 10 {
        sink.push("0");
    }
    sink.push(itoa::Buffer::new().format(magnitude));
}

/// A float with a format.
pub(crate) fn write_float(value: f64, spec: &Spec, scratch: &mut Scratch, sink: &mut impl Sink) {
    let presentation = spec.presentation;
    let negative = value.is_sign_negative() && !value.is_nan();
    let magnitude = value.abs();
    let magnitude = if presentation == Some('%') { magnitude * 100.0 } else { magnitude };
    scratch.body.clear();
    let body = &mut scratch.body;
    if magnitude.is_finite() {
        let precision = spec.precision;
        match presentation {
            Some('f' | 'F' | '%') => write_fixed(magnitude, precision.unwrap_or(6), body),
            Some('e' | 'E') => write_scientific(magnitude, precision.unwrap_or(6), body),
            Some(_) => write_general(magnitude, precision.unwrap_or(6), false, body),
            None => match precision {
                Some(precision) => write_general(magnitude, precision, true, body),
                None => write_repr(magnitude, body),
            },
        }
    } else {
        body.push_str(if magnitude.is_nan() { "nan" } else { "inf" });
    }
    if matches!(presentation, Some('E' | 'F' | 'G')) {
        body.make_ascii_uppercase();
    }
    if presentation == Some('%') {
        body.push('%');
    }
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    write_number(negative, "", digits, 3, spec, scratch, sink);
}

/// `{:.2f}` of a value that is not negative.
fn write_fixed(value: f64, precision: usize, out: &mut String) {
    match scale_exactly(value, precision).filter(|_| precision <= 15) {
        Some((scaled, power)) => {
            let (scaled, power) = (scaled as u64, power as u64);
            out.push_str(itoa::Buffer::new().format(scaled / power));
            if precision > 0 {
                out.push('.');
                let mut buffer = itoa::Buffer::new();
                let fraction = buffer.format(scaled % power);
                out.push_str(&"000000000000000"[..precision - fraction.len()]);
                out.push_str(fraction);
            }
        }
        None => {
            let _ = write!(out, "{value:.precision$}");
        }
    }
}

fn write_scientific(value: f64, precision: usize, out: &mut String) {
    let start = out.len();
    let _ = write!(out, "{value:.precision$e}");
    if let Some(mark) = out[start..].find('e') {
        let exponent = out[start + mark + 1..].parse().unwrap_or(0);
        out.truncate(start + mark);
        write_exponent(exponent, 'e', out);
    }
}

/// `g`: `precision` significant digits, in whichever of the two notations is shorter; without trailing zeros.
/// `keep_point`: as a format without a letter, which never looks like an int.
fn write_general(value: f64, precision: usize, keep_point: bool, out: &mut String) {
    let precision = precision.max(1);
    // d.ddde±x, with all digits that count.
    let start = out.len();
    let _ = write!(out, "{:.*e}", precision - 1, value);
    let Some(mark) = out[start..].find('e') else { return };
    let exponent: i32 = out[start + mark + 1..].parse().unwrap_or(0);
    out.truncate(start + mark);
    if precision > 1 {
        out.remove(start + 1);
    }
    while out.len() > start + 1 && out.ends_with('0') {
        out.pop();
    }
    let digits = out.len() - start;
    let point = exponent + 1;
    if point <= -4 || point > precision as i32 - i32::from(keep_point) {
        if digits > 1 {
            out.insert(start + 1, '.');
        }
        write_exponent(exponent, 'e', out);
        return;
    }
    if point <= 0 {
        let zeros = point.unsigned_abs() as usize;
        out.insert_str(start, &"0.0000"[..2 + zeros]);
        return;
    }
    let point = point as usize;
    if digits > point {
        out.insert(start + point, '.');
    } else {
        for _ in digits..point {
            out.push('0');
        }
        if keep_point {
            out.push_str(".0");
        }
    }
}
