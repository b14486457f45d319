//! Python's division of integers: the quotient is rounded down, and the remainder has the divisor's sign.

/// `left // right`, and whether it fails (by zero, or by overflow).
#[inline]
pub(crate) fn floor_divide(left: i64, right: i64) -> (i64, bool) {
    match left.checked_div(right) {
        // Truncated towards zero: one too much where the signs differ and something remains.
        Some(quotient) => (quotient - i64::from((left ^ right) < 0 && quotient * right != left), false),
        None => (0, true),
    }
}

/// `left % right`, and whether it fails (by zero).
#[inline]
pub(crate) fn floor_modulo(left: i64, right: i64) -> (i64, bool) {
    match right {
        0 => (0, true),
        // Also for the smallest integer, where the machine's remainder overflows.
        -1 => (0, false),
        _ => {
            let remainder = left % right;
            let differs = remainder != 0 && (remainder ^ right) < 0;
            (if differs { remainder + right } else { remainder }, false)
        }
    }
}

/// Floor division by one positive divisor for many numbers, with a multiplication in place of the division.
///
/// Granlund and Montgomery 1994, "Division by invariant integers using multiplication", theorem 4.2, with N = 63: for
/// l = ceil(log2 d) and m = ceil(2^(63+l) / d), floor(n / d) = floor(m n / 2^(63+l)) for all 0 <= n < 2^63. Negative
/// numbers are mirrored: floor(n / d) = !floor(!n / d).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Divisor {
    by: i64,
    multiplier: u64,
    shift: u32,
}

impl Divisor {
    /// `None` unless the divisor is positive.
    pub(crate) fn new(divisor: i64) -> Option<Self> {
        if divisor <= 0 {
            return None;
        }
        let log = (divisor as u64).next_power_of_two().trailing_zeros();
        let multiplier = (1_u128 << (63 + log)).div_ceil(divisor as u128);
        // 2^l < 2 d, so that m <= 2^64 - 1; only d = 1 would give 2^63 exactly, which fits as well.
        Some(Self { by: divisor, multiplier: u64::try_from(multiplier).ok()?, shift: 63 + log })
    }

    #[inline]
    pub(crate) fn quotient(self, number: i64) -> i64 {
        let sign = number >> 63;
        let magnitude = (number ^ sign) as u64;
        let quotient = (u128::from(magnitude) * u128::from(self.multiplier)) >> self.shift;
        quotient as i64 ^ sign
    }

    #[inline]
    pub(crate) fn remainder(self, number: i64) -> i64 {
        number.wrapping_sub(self.quotient(number).wrapping_mul(self.by))
    }
}

/// `left / right` of integers, correctly rounded (as CPython's `long_true_divide`); `right` is not 0.
pub(crate) fn true_divide(left: i64, right: i64) -> f64 {
    const EXACT: u64 = 1 << 53;
    let (a, b) = (left.unsigned_abs(), right.unsigned_abs());
    if a <= EXACT && b <= EXACT {
        // Both are exact as floats, and the division rounds once.
        return left as f64 / right as f64;
    }
    // A quotient of at least 56 bits, with a sticky lowest bit for what remains, rounds as the exact one does.
    let (bits_a, bits_b) = (64 - a.leading_zeros(), 64 - b.leading_zeros());
    let shift = (56 + bits_b).saturating_sub(bits_a);
    let shifted = u128::from(a) << shift;
    let quotient = (shifted / u128::from(b)) as u64 | u64::from(shifted % u128::from(b) != 0);
    let magnitude = quotient as f64 / (1_u128 << shift) as f64;
    if (left < 0) == (right < 0) { magnitude } else { -magnitude }
}
