//! `null_percentage`: which rows of a column are null.
//!
//! A share p is spread over the rows so that among the first n of them, at every n, there are less than one more or
//! fewer than p·n nulls, and among the initial rows of the table exactly p·n, rounded. Every row is null with the
//! probability p, and which ones are is a function of the row's index alone: nothing is counted.
//!
//! Lay the rows side by side, each as wide as p: every interval [k, k+1) of that line is a *stratum*, and one row of
//! each stratum is chosen. A row that lies across a border belongs to one of its two strata, by a draw that is
//! weighted with its parts. This is stratified sampling with fixed strata (Deville and Tillé 1998, "Unequal probability
//! sampling without replacement through a splitting method", treat the rows across borders as here). For p above one
//! half it is the rows that are not null that are chosen.

use std::str::FromStr;

use arrow::array::BooleanBufferBuilder;
use arrow::buffer::BooleanBuffer;
use millstream_core::Key;

/// Digits behind the decimal point that a share may have.
const DECIMALS: usize = 12;

/// The share of a column's rows that are null: an exact fraction from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NullShare {
    numerator: u64,
    denominator: u64,
}

impl NullShare {
    /// A fraction; `None` above 1 and for a denominator of 0.
    pub fn new(numerator: u64, denominator: u64) -> Option<Self> {
        if denominator == 0 || numerator > denominator {
            return None;
        }
        let divisor = greatest_common_divisor(numerator, denominator);
        Some(Self { numerator: numerator / divisor, denominator: denominator / divisor })
    }

    /// The share as a number from 0 to 1.
    pub fn as_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// Whether no row is null.
    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// The numerator and the denominator, without common divisors.
    pub fn fraction(self) -> (u64, u64) {
        (self.numerator, self.denominator)
    }

    /// p·`rows`, rounded; halves up.
    pub fn of(self, rows: u64) -> u64 {
        let (p, q) = (u128::from(self.numerator), u128::from(self.denominator));
        ((2 * p * u128::from(rows) + q) / (2 * q)) as u64
    }
}

/// A share as table-faker reads it: from 0 to 1 it is a fraction, above 1 and up to 100 it is percent. With a `%` it is
/// always percent.
impl FromStr for NullShare {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim();
        let stripped = text.strip_suffix('%').or_else(|| text.strip_prefix('%'));
        let digits = stripped.unwrap_or(text).trim();
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return Err(());
        }
        let fraction = fraction.trim_end_matches('0');
        // The two more are those of percent.
        if whole.len() > 3 || fraction.len() > DECIMALS {
            return Err(());
        }
        let denominator = 10_u64.pow(fraction.len() as u32);
        let read = |part: &str| if part.is_empty() { Ok(0) } else { part.parse::<u64>().map_err(|_| ()) };
        let numerator = read(whole)? * denominator + read(fraction)?;
        let percent = stripped.is_some() || numerator > denominator;
        Self::new(numerator, if percent { denominator * 100 } else { denominator }).ok_or(())
    }
}

const fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    if a == 0 { 1 } else { a }
}

/// Which rows of one column are null.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nulls {
    share: NullShare,
    border: Key,
    inside: Key,
}

/// The rows of a stratum that may be chosen, and the one that is.
#[derive(Debug, Clone, Copy)]
struct Stratum {
    /// The rows that lie in it as a whole.
    first: u64,
    end: u64,
    chosen: u64,
}

impl Nulls {
    pub(crate) fn new(share: NullShare, key: Key) -> Self {
        Self { share, border: key.named("border"), inside: key.named("inside") }
    }

    /// For each row, whether it has a value. `initial` is the number of rows among which the share is exact.
    pub(crate) fn valid(&self, rows: &[u64], initial: u64) -> BooleanBuffer {
        let (numerator, q) = self.share.fraction();
        if numerator == 0 || numerator == q {
            return if numerator == 0 {
                BooleanBuffer::new_set(rows.len())
            } else {
                BooleanBuffer::new_unset(rows.len())
            };
        }
        let inverted = numerator > q - numerator;
        let line = Line {
            p: u128::from(if inverted { q - numerator } else { numerator }),
            q: u128::from(q),
            initial,
            inverted,
            nulls: *self,
        };
        let mut valid = BooleanBufferBuilder::new(rows.len());
        let mut known: Option<Stratum> = None;
        for &row in rows {
            let stratum = match known {
                Some(stratum) if (stratum.first..stratum.end).contains(&row) => stratum,
                _ => line.stratum(line.owner(row)),
            };
            known = Some(stratum);
            valid.append((stratum.chosen == row) == inverted);
        }
        valid.finish()
    }
}

/// The rows side by side, each `p` wide; strata are `q` wide, and `p` is at most half of that.
struct Line {
    p: u128,
    q: u128,
    initial: u64,
    inverted: bool,
    nulls: Nulls,
}

impl Line {
    /// The stratum that a row belongs to.
    fn owner(&self, row: u64) -> u64 {
        let start = self.p * u128::from(row);
        let stratum = (start / self.q) as u64;
        let border = u128::from(stratum) * self.q + self.q;
        if start + self.p <= border || self.left_owns(stratum + 1, border - start) {
            stratum
        } else {
            stratum + 1
        }
    }

    /// Whether the row across the lower border of `stratum`, of which `part` lies below, belongs to the one below.
    fn left_owns(&self, stratum: u64, part: u128) -> bool {
        u128::from(self.nulls.border.below(stratum, self.p as u64)) < part
    }

    /// The row across the lower border of a stratum, if there is one, and whether the stratum below owns it.
    fn across(&self, stratum: u64) -> Option<(u64, bool)> {
        let border = u128::from(stratum) * self.q;
        let row = border / self.p;
        let part = border - row * self.p;
        (part != 0).then(|| (row as u64, self.left_owns(stratum, part)))
    }

    fn stratum(&self, stratum: u64) -> Stratum {
        let (low, high) = (u128::from(stratum) * self.q, (u128::from(stratum) + 1) * self.q);
        let (first, end) = (low.div_ceil(self.p) as u64, (high / self.p) as u64);
        let stratum_of = |chosen: u64| Stratum { first, end, chosen };
        let bits = self.nulls.inside.bits(stratum);
        if let Some(rows) = self.side(low, first, end) {
            return stratum_of(rows.0 + scaled(bits, rows.1 - rows.0));
        }
        let mut rest = u128::from(bits);
        // Of 2^64 draws, each row across a border that belongs here takes p/q, and the rows inside share what is left.
        let share = (self.p << 64) / self.q;
        let mut left = 1_u128 << 64;
        for row in [
            self.across(stratum).filter(|(_, below)| !below),
            self.across(stratum + 1).filter(|(_, below)| *below),
        ]
        .into_iter()
        .flatten()
        {
            if rest < share {
                return stratum_of(row.0);
            }
            rest -= share;
            left -= share;
        }
        let inside = u128::from(end - first);
        stratum_of(first + (rest * inside / left) as u64)
    }

    /// Where the initial rows end inside a stratum: its rows on the side that makes their number exact.
    fn side(&self, low: u128, first: u64, end: u64) -> Option<(u64, u64)> {
        let part = (self.p * u128::from(self.initial))
            .checked_sub(low)
            .filter(|part| *part > 0 && *part < self.q)?;
        // Halves are rounded up for nulls, so down for the values that are chosen in their stead.
        let up = if self.inverted { 2 * part > self.q } else { 2 * part >= self.q };
        Some(if up { (first, self.initial.min(end)) } else { (self.initial.max(first), end) })
    }
}

/// `bits` of 2^64 as one of `count`.
fn scaled(bits: u64, count: u64) -> u64 {
    ((u128::from(bits) * u128::from(count)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nulls(share: NullShare, seed: u64, rows: u64, initial: u64) -> Vec<bool> {
        let nulls = Nulls::new(share, Key::from_seed(seed));
        let rows: Vec<u64> = (0..rows).collect();
        nulls.valid(&rows, initial).iter().map(|valid| !valid).collect()
    }

    #[test]
    fn shares_are_read_as_table_faker_means_them() {
        let share = |text: &str| text.parse::<NullShare>().map(NullShare::fraction);
        assert_eq!(share("0.1"), Ok((1, 10)));
        assert_eq!(share("10%"), Ok((1, 10)));
        assert_eq!(share("%10"), Ok((1, 10)));
        assert_eq!(share(" 12.5 % "), Ok((1, 8)));
        assert_eq!(share("10"), Ok((1, 10)));
        // Not 100 %, and not 50 %.
        assert_eq!(share("1%"), Ok((1, 100)));
        assert_eq!(share("0.5%"), Ok((1, 200)));
        assert_eq!(share("1"), Ok((1, 1)));
        assert_eq!(share("100"), Ok((1, 1)));
        assert_eq!(share("0"), Ok((0, 1)));
        assert_eq!(share(".25"), Ok((1, 4)));
        for wrong in ["", "%", "-1", "101", "1e-3", "ten", "0.1.2", "150%", "0.1234567890123"] {
            assert_eq!(share(wrong), Err(()), "{wrong}");
        }
    }

    #[test]
    fn every_row_is_as_likely_as_any_other() {
        // 7/20 has rows across borders, 3/5 is inverted.
        for (numerator, denominator) in [(7, 20), (3, 5), (1, 2), (49, 100), (2, 7)] {
            let share = NullShare::new(numerator, denominator).unwrap();
            let runs = 20_000;
            let mut counts = [0_u32; 23];
            for seed in 0..runs {
                for (count, null) in counts.iter_mut().zip(nulls(share, seed, 23, 0)) {
                    *count += u32::from(null);
                }
            }
            let p = share.as_f64();
            let deviation = (p * (1.0 - p) * runs as f64).sqrt();
            for (row, &count) in counts.iter().enumerate() {
                let off = (f64::from(count) - p * runs as f64).abs() / deviation;
                assert!(off < 4.5, "{share:?}: row {row} is off by {off} standard deviations");
            }
        }
    }

    #[test]
    fn two_columns_are_independent() {
        let share = NullShare::new(1, 10).unwrap();
        let (a, b) = (nulls(share, 1, 100_000, 0), nulls(share, 2, 100_000, 0));
        let both = a.iter().zip(&b).filter(|(a, b)| **a && **b).count();
        assert!((both as f64 - 1000.0).abs() < 4.0 * 31.0, "{both}");
    }

    #[test]
    fn far_rows_are_as_near_ones() {
        let share = NullShare::new(333, 1000).unwrap();
        let column = Nulls::new(share, Key::from_seed(3));
        let rows: Vec<u64> = (u64::MAX - 3_000..u64::MAX).collect();
        let found = column.valid(&rows, 10).iter().filter(|valid| !valid).count();
        assert!((998..=1000).contains(&found), "{found}");
    }

    proptest! {
        #[test]
        fn the_share_holds_at_every_row(
            numerator in 0_u64..=1000,
            seed in any::<u64>(),
            initial in 0_u64..3000,
        ) {
            let share = NullShare::new(numerator, 1000).unwrap();
            let all = nulls(share, seed, 3000, initial);
            let mut count = 0_u64;
            for (row, null) in all.iter().enumerate() {
                count += u64::from(*null);
                let n = row as u64 + 1;
                prop_assert!((count as f64 - share.as_f64() * n as f64).abs() < 1.0, "{count} of {n}");
                if n == initial {
                    prop_assert_eq!(count, share.of(n));
                }
            }
            // Any rows in any order are those of the whole.
            let column = Nulls::new(share, Key::from_seed(seed));
            let rows: Vec<u64> = (0..500).map(|i| (i * 7919 + seed % 3000) % 3000).collect();
            let picked: Vec<bool> = column.valid(&rows, initial).iter().map(|valid| !valid).collect();
            let expected: Vec<bool> = rows.iter().map(|&row| all[row as usize]).collect();
            prop_assert_eq!(picked, expected);
        }
    }
}
