//! An exact rate: rows per minute as a fraction, so that a day of ticks is counted without rounding (S-65).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// No more decimals than these, so that all products with a tick's length stay far from overflow.
const MOST_DECIMALS: u32 = 9;
const MOST_ROWS: u128 = 1_000_000_000_000_000;

/// Rows per minute, exactly: a fraction in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub struct Rate {
    numerator: u64,
    denominator: u64,
}

impl Rate {
    /// No rows at all.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };

    /// The highest there is: 10^15 rows per minute.
    pub const FASTEST: Self = Self { numerator: MOST_ROWS as u64, denominator: 1 };

    /// A whole number of rows per minute, at most 10^15.
    pub const fn whole(rows_per_minute: u64) -> Self {
        let most = MOST_ROWS as u64;
        Self { numerator: if rows_per_minute > most { most } else { rows_per_minute }, denominator: 1 }
    }

    /// Whether it makes no rows.
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// Rows per minute as the nearest float, for display only.
    pub fn per_minute(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// The fraction: so many rows in so many minutes.
    pub const fn fraction(self) -> (u64, u64) {
        (self.numerator, self.denominator)
    }
}

pub(crate) const fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl FromStr for Rate {
    type Err = String;

    /// Reads a decimal number: `600`, `0.5`, `1e3`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no rate: write rows per minute as a decimal number, such as 600 or 0.5");
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| wrong())?),
            None => (text, 0),
        };
        if mantissa.starts_with('-') {
            return Err(format!("`{text}` is no rate: a table cannot shrink"));
        }
        let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let decimals = decimals.trim_end_matches('0');
        let digits = format!("{whole}{decimals}");
        if digits.is_empty() && !mantissa.contains('0') || digits.len() > 30 || exponent.abs() > 30 {
            return Err(wrong());
        }
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let value: u128 = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| wrong())? };
        if value == 0 {
            return Ok(Self::ZERO);
        }
        let scale = exponent - decimals.len() as i32;
        let power = 10_u128.pow(scale.unsigned_abs());
        let (numerator, denominator) = if scale >= 0 {
            (value.checked_mul(power).ok_or_else(wrong)?, 1)
        } else {
            let divisor = greatest_common_divisor(value, power);
            (value / divisor, power / divisor)
        };
        if numerator > MOST_ROWS {
            return Err(format!(
                "`{text}` is too fast: at most 10^15 rows per minute can be counted exactly"
            ));
        }
        if denominator > 10_u128.pow(MOST_DECIMALS) {
            return Err(format!(
                "`{text}` has too many decimals: at most {MOST_DECIMALS} can be counted exactly"
            ));
        }
        Ok(Self { numerator: numerator as u64, denominator: denominator as u64 })
    }
}

/// A rate in JSON: text, so that all digits count, or a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Number(serde_json::Number),
}

impl TryFrom<Written> for Rate {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Text(text) => text.parse(),
            Written::Number(number) => number.to_string().parse(),
        }
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

impl fmt::Display for Rate {
    /// The decimal number; it has finitely many decimals, since it was read from one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.numerator / self.denominator)?;
        let mut rest = self.numerator % self.denominator;
        if rest > 0 {
            f.write_str(".")?;
        }
        while rest > 0 {
            rest *= 10;
            write!(f, "{}", rest / self.denominator)?;
            rest %= self.denominator;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_exact() {
        for (text, fraction) in [
            ("600", (600, 1)),
            ("0.5", (1, 2)),
            ("0", (0, 1)),
            ("0.0", (0, 1)),
            ("1e3", (1000, 1)),
            ("2.50", (5, 2)),
            ("1e-3", (1, 1000)),
            ("0.1", (1, 10)),
            (".5", (1, 2)),
        ] {
            assert_eq!(text.parse::<Rate>().unwrap().fraction(), fraction, "{text}");
        }
        for text in ["", "-1", "x", "1.2.3", ".", "1e99", "0.0000000001", "1e16", "e", "+1", "1_000"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(whole in 0_u64..1_000_000, decimals in 0_u64..1_000_000_000) {
            let rate: Rate = format!("{whole}.{decimals:09}").parse().unwrap();
            prop_assert_eq!(rate.to_string().parse::<Rate>().unwrap(), rate);
            let (numerator, denominator) = rate.fraction();
            let scaled = u128::from(numerator) * 1_000_000_000 / u128::from(denominator);
            prop_assert_eq!(scaled, u128::from(whole) * 1_000_000_000 + u128::from(decimals));
        }
    }
}
