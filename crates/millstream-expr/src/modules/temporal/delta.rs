//! `timedelta`: microseconds in 64 bits, thus up to 106,751,991 days (CPython's limit is 999,999,999).

use std::fmt::Write;

use super::calendar::{DAY, SECOND};

pub(crate) const OVERFLOW: &str = "the timedelta is out of range: it is at most 106751991 days";
const NOT_A_NUMBER: &str = "a timedelta cannot be made of nan or infinity";
const BY_ZERO: &str = "division by zero";

/// The arguments of `timedelta(..)` in the order in which CPython adds them up, and their microseconds.
pub(crate) const UNITS: [(&str, i64); 7] = [
    ("microseconds", 1),
    ("milliseconds", 1000),
    ("seconds", SECOND),
    ("minutes", 60 * SECOND),
    ("hours", 3600 * SECOND),
    ("days", DAY),
    ("weeks", 7 * DAY),
];

/// The parameters of `timedelta(..)`, in their order.
pub(crate) const PARAMETERS: [&str; 7] =
    ["days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"];

/// A sum of units as `timedelta(..)` makes it: whole parts exactly, what remains of fractions rounded once, half to even.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    whole: i128,
    rest: f64,
}

impl Sum {
    pub(crate) fn add_int(&mut self, count: i64, unit: i64) {
        // Seven products of 64 bits each do not pass 128.
        self.whole += i128::from(count) * i128::from(unit);
    }

    pub(crate) fn add_float(&mut self, count: f64, unit: i64) -> Result<(), &'static str> {
        if !count.is_finite() {
            return Err(NOT_A_NUMBER);
        }
        let whole = count.trunc();
        if whole.abs() > 1e20 {
            return Err(OVERFLOW);
        }
        self.whole += (whole as i128) * i128::from(unit);
        let fraction = count - whole;
        if fraction != 0.0 {
            let part = unit as f64 * fraction;
            self.whole += part.trunc() as i128;
            self.rest += part - part.trunc();
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<i64, &'static str> {
        let mut total = self.whole;
        if self.rest != 0.0 {
            let mut rounded = self.rest.round();
            if (rounded - self.rest).abs() == 0.5 {
                // Half way: to the even total, not the even rest.
                let odd = if total % 2 == 0 { 0.0 } else { 1.0 };
                rounded = 2.0 * ((self.rest + odd) * 0.5).round() - odd;
            }
            total += rounded as i128;
        }
        i64::try_from(total).map_err(|_| OVERFLOW)
    }
}

/// `left / right`, rounded half to even; `right` is not 0.
fn divide_nearest(left: i128, right: i128) -> i128 {
    let (quotient, remainder) = (left.div_euclid(right), left.rem_euclid(right));
    let size = right.abs();
    // The quotient is that of a remainder that is not negative: the next greater one is towards the sign of `right`.
    let next = if right > 0 { quotient + 1 } else { quotient - 1 };
    let past_half = match (remainder * 2).cmp(&size) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => quotient % 2 != 0,
        std::cmp::Ordering::Greater => true,
    };
    if past_half { next } else { quotient }
}

/// A finite float as `mantissa * 2^exponent`, the mantissa odd or 0.
fn decompose(value: f64) -> (i128, i32) {
    let bits = value.to_bits();
    let biased = ((bits >> 52) & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) =
        if biased == 0 { (fraction, -1074) } else { (fraction | (1 << 52), biased - 1075) };
    if mantissa == 0 {
        return (0, 0);
    }
    let zeros = mantissa.trailing_zeros();
    let mantissa = i128::from(mantissa >> zeros);
    (if value < 0.0 { -mantissa } else { mantissa }, exponent + zeros as i32)
}

fn narrow(value: i128) -> Result<i64, &'static str> {
    i64::try_from(value).map_err(|_| OVERFLOW)
}

/// `value << shift`, if it fits.
fn shifted(value: i128, shift: u32) -> Option<i128> {
    if value == 0 {
        return Some(0);
    }
    (shift < value.unsigned_abs().leading_zeros().saturating_sub(2)).then(|| value << shift)
}

/// `timedelta * float`, exact but for one rounding.
pub(crate) fn multiply_float(delta: i64, factor: f64) -> Result<i64, &'static str> {
    if !factor.is_finite() {
        return Err(NOT_A_NUMBER);
    }
    let (mantissa, exponent) = decompose(factor);
    let product = i128::from(delta) * mantissa;
    if exponent >= 0 {
        return narrow(shifted(product, exponent.unsigned_abs()).ok_or(OVERFLOW)?);
    }
    // The product has less than 117 bits: beyond, it is nearer to 0 than to 1.
    match exponent.unsigned_abs() {
        shift @ 0..=120 => narrow(divide_nearest(product, 1 << shift)),
        _ => Ok(0),
    }
}

/// `timedelta / float`
pub(crate) fn divide_float(delta: i64, divisor: f64) -> Result<i64, &'static str> {
    if divisor == 0.0 {
        return Err(BY_ZERO);
    }
    if !divisor.is_finite() {
        return Err(NOT_A_NUMBER);
    }
    let (mantissa, exponent) = decompose(divisor);
    let delta = i128::from(delta);
    if exponent >= 0 {
        return match shifted(mantissa, exponent.unsigned_abs()) {
            Some(divisor) => narrow(divide_nearest(delta, divisor)),
            None => Ok(0),
        };
    }
    // What does not fit is above 2^126, and stays above 2^63 when it is divided by 53 bits.
    narrow(divide_nearest(shifted(delta, exponent.unsigned_abs()).ok_or(OVERFLOW)?, mantissa))
}

/// `timedelta / int`
pub(crate) fn divide_int(delta: i64, divisor: i64) -> Result<i64, &'static str> {
    if divisor == 0 {
        return Err(BY_ZERO);
    }
    narrow(divide_nearest(i128::from(delta), i128::from(divisor)))
}

/// `timedelta.days`
pub(crate) const fn days(delta: i64) -> i64 {
    delta.div_euclid(DAY)
}

/// `timedelta.seconds`
pub(crate) const fn seconds(delta: i64) -> i64 {
    delta.rem_euclid(DAY) / SECOND
}

/// `timedelta.microseconds`
pub(crate) const fn microseconds(delta: i64) -> i64 {
    delta.rem_euclid(SECOND)
}

/// `str(timedelta)`
pub(crate) fn write(delta: i64, out: &mut impl Write) -> std::fmt::Result {
    let days = days(delta);
    if days != 0 {
        write!(out, "{days} day{}, ", if days.abs() == 1 { "" } else { "s" })?;
    }
    let seconds = seconds(delta);
    write!(out, "{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
    match microseconds(delta) {
        0 => Ok(()),
        micros => write!(out, ".{micros:06}"),
    }
}

/// `repr(timedelta)`
pub(crate) fn repr(delta: i64) -> String {
    let parts: Vec<String> =
        [("days", days(delta)), ("seconds", seconds(delta)), ("microseconds", microseconds(delta))]
            .into_iter()
            .filter(|(_, value)| *value != 0)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
    format!("datetime.timedelta({})", if parts.is_empty() { "0".to_owned() } else { parts.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(delta: i64) -> String {
        let mut out = String::new();
        write(delta, &mut out).unwrap();
        out
    }

    #[test]
    fn deltas_are_shown() {
        assert_eq!(text(0), "0:00:00");
        assert_eq!(text(-1), "-1 day, 23:59:59.999999");
        assert_eq!(text(2 * DAY + 3_661 * SECOND + 5), "2 days, 1:01:01.000005");
        assert_eq!(repr(0), "datetime.timedelta(0)");
        assert_eq!(repr(-1), "datetime.timedelta(days=-1, seconds=86399, microseconds=999999)");
    }

    #[test]
    fn quotients_are_rounded_half_to_even() {
        for (left, right, expected) in
            [(5, 2, 2), (7, 2, 4), (-5, 2, -2), (-7, 2, -4), (5, -2, -2), (-7, -2, 4), (7, 3, 2), (-8, 3, -3)]
        {
            assert_eq!(divide_nearest(left, right), expected, "{left} / {right}");
        }
        assert_eq!(divide_int(1, 0), Err(BY_ZERO));
        assert_eq!(divide_float(DAY, 1e-300), Err(OVERFLOW));
        assert_eq!(divide_float(DAY, 1e300), Ok(0));
        assert_eq!(multiply_float(DAY, 1e300), Err(OVERFLOW));
        assert_eq!(multiply_float(DAY, 5e-324), Ok(0));
        assert_eq!(multiply_float(3, 0.5), Ok(2));
    }
}
