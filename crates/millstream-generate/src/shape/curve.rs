//! How many rows a rate that varies has made by some time, exactly.
//!
//! Rows are counted in *grains*, of which [`GRAINS`] make a row. A rate of one row per minute makes [`UNIT`] grains
//! per microsecond, so that any [`Rate`] (at most nine decimals) is a whole number of grains per microsecond, and so
//! is half of it: the area under a line between two rates is whole where the line ends. Between, it is rounded down
//! to a grain. The area under a line of length L from rate a to rate b is `a·x + (b - a)·x² / 2L` after `x`.

use std::sync::Arc;

use super::calendar::Calendar;
use crate::Rate;

/// Grains per microsecond of a rate of one row per minute.
const UNIT: u128 = 4_000_000_000;

/// Grains per row.
pub(crate) const GRAINS: u128 = UNIT * 60_000_000;

/// Corners of a wave per period.
const CORNERS: u64 = 64;

/// A rate that varies over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Curve {
    /// The same rate for ever, in grains per microsecond.
    Constant(u128),
    /// Lines between rates.
    Lines(Lines),
    /// The windows of a calendar.
    Calendar(Arc<Calendar>),
}

/// Lines between rates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lines {
    parts: Vec<Line>,
    /// How long all of them are, in microseconds; above zero.
    length: u64,
    /// The area under them.
    area: u128,
    /// What comes after them: this rate, or themselves again.
    then: Option<u128>,
}

/// A line from one rate to another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    start: u64,
    length: u64,
    /// The area under the lines before.
    before: u128,
    from: u128,
    to: u128,
}

/// A rate in grains per microsecond; a multiple of four.
pub(super) fn grains(rate: Rate) -> u128 {
    let (numerator, denominator) = rate.fraction();
    // Denominators divide 10^9.
    UNIT * u128::from(numerator) / u128::from(denominator)
}

/// A multiple of a rate, if it is a rate.
pub(super) fn times(rate: Rate, multiplier: Rate) -> Option<u128> {
    let (numerator, denominator) = multiplier.fraction();
    let product = grains(rate).checked_mul(u128::from(numerator))?;
    let quotient = product / u128::from(denominator);
    let exact = product % u128::from(denominator) == 0 && quotient % 4 == 0;
    (exact && quotient <= grains(Rate::FASTEST)).then_some(quotient)
}

impl Line {
    /// The area under it up to `at`, which is at most its length.
    fn area(&self, at: u64) -> u128 {
        let (x, double) = (u128::from(at), 2 * u128::from(self.length));
        if self.to >= self.from {
            let (quotient, rest) = square_part(self.to - self.from, x, double);
            self.from * x + quotient + rest / double
        } else {
            let (quotient, rest) = square_part(self.from - self.to, x, double);
            self.from * x - quotient - rest.div_ceil(double)
        }
    }

    /// The first time at which the area is at least `area`, which is at most that of the whole line, and above zero.
    fn reach(&self, area: u128) -> u64 {
        if self.from == self.to {
            return area.div_ceil(self.from) as u64;
        }
        first(1, self.length, |at| self.area(at) >= area)
    }
}

/// `difference·x²/double` as a quotient and what is left of the dividend, without leaving 128 bits.
fn square_part(difference: u128, x: u128, double: u128) -> (u128, u128) {
    let product = difference * x;
    (product / double * x, product % double * x)
}

/// The first number from `low` to `high` for which a condition that stays true holds; `high` if it is the only one.
pub(crate) fn first(mut low: u64, mut high: u64, holds: impl Fn(u64) -> bool) -> u64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

impl Lines {
    fn new(corners: impl IntoIterator<Item = (u64, u128, u128)>, then: Option<u128>) -> Self {
        let (mut lines, mut start, mut before) = (Vec::new(), 0, 0);
        for (length, from, to) in corners.into_iter().filter(|(length, ..)| *length > 0) {
            let line = Line { start, length, before, from, to };
            start += length;
            before += line.area(length);
            lines.push(line);
        }
        Self { parts: lines, length: start, area: before, then }
    }

    /// The area under one pass up to `at`, which is at most their length.
    fn pass(&self, at: u64) -> u128 {
        let next = self.parts.partition_point(|line| line.start <= at);
        let Some(line) = next.checked_sub(1).and_then(|index| self.parts.get(index)) else {
            return 0;
        };
        line.before + line.area(at - line.start)
    }

    fn area(&self, time: u64) -> u128 {
        match self.then {
            Some(rate) if time >= self.length => {
                rate.saturating_mul(u128::from(time - self.length)).saturating_add(self.area)
            }
            Some(_) => self.pass(time),
            None => {
                let whole = self.area.saturating_mul(u128::from(time / self.length));
                whole.saturating_add(self.pass(time % self.length))
            }
        }
    }

    fn reach(&self, area: u128) -> Option<u64> {
        let (before, rest) = match self.then {
            Some(0) if area > self.area => return None,
            Some(rate) if area > self.area => {
                let after = u64::try_from((area - self.area).div_ceil(rate)).ok()?;
                return self.length.checked_add(after);
            }
            None if self.area == 0 => return None,
            None => {
                // The last pass is never left out, so that something is left to reach.
                let passes = (area - 1) / self.area;
                let before = u64::try_from(passes).ok()?.checked_mul(self.length)?;
                (before, area - passes * self.area)
            }
            Some(_) => (0, area),
        };
        let next = self.parts.partition_point(|line| line.before < rest);
        let line = next.checked_sub(1).and_then(|index| self.parts.get(index))?;
        before.checked_add(line.start)?.checked_add(line.reach(rest - line.before))
    }
}

impl Curve {
    /// The same rate for ever.
    pub(crate) fn constant(rate: Rate) -> Self {
        Self::Constant(grains(rate))
    }

    /// Stretches of (length, rate), again and again.
    pub(super) fn steps(stretches: &[(u64, u128)]) -> Self {
        Self::Lines(Lines::new(stretches.iter().map(|&(length, rate)| (length, rate, rate)), None))
    }

    pub(super) fn ramp(from: u128, to: u128, over: u64, repeat: bool) -> Self {
        Self::Lines(Lines::new([(over, from, to)], (!repeat).then_some(to)))
    }

    pub(super) fn calendar(calendar: Calendar) -> Self {
        Self::Calendar(Arc::new(calendar))
    }

    /// A polygon on a sine of `period` microseconds around `middle`, both rates doubled; `phase` is below `period`.
    pub(super) fn wave(period: u64, middle: u128, amplitude: u128, phase: u64) -> Self {
        // The second half mirrors the first, so that rounding leaves the mean of a period exact.
        let half = CORNERS / 2;
        let deviations: Vec<u128> = (0..CORNERS / 2)
            .map(|corner| {
                let turns = corner as f64 / CORNERS as f64 + phase as f64 / period as f64;
                let sine = libm::sin(turns * std::f64::consts::TAU);
                // Nine digits of the sine; the sign goes apart.
                let digits = libm::round(libm::fabs(sine) * 1e9) as u128;
                let size = amplitude / 4 * digits / 1_000_000_000 * 2;
                if sine < 0.0 { size | (1 << 127) } else { size }
            })
            .collect();
        let height = |corner: u64| {
            let deviation = deviations[(corner % half) as usize];
            let (below, size) = (deviation >> 127 == 1, deviation & !(1 << 127));
            let below = below != (corner / half % 2 == 1);
            if below { middle / 2 - size } else { middle / 2 + size }
        };
        let at = |corner: u64| (u128::from(period) * u128::from(corner) / u128::from(CORNERS)) as u64;
        let corners =
            (0..CORNERS).map(|corner| (at(corner + 1) - at(corner), height(corner), height(corner + 1)));
        Self::Lines(Lines::new(corners, None))
    }

    /// Grains after `time` microseconds.
    pub(crate) fn area(&self, time: u64) -> u128 {
        match self {
            Self::Constant(rate) => rate.saturating_mul(u128::from(time)),
            Self::Lines(lines) => lines.area(time),
            Self::Calendar(calendar) => calendar.area(time),
        }
    }

    /// The first time at which there are at least `area` grains; `None` if there never are.
    pub(crate) fn reach(&self, area: u128) -> Option<u64> {
        if area == 0 {
            return Some(0);
        }
        match self {
            Self::Constant(0) => None,
            Self::Constant(rate) => u64::try_from(area.div_ceil(*rate)).ok(),
            Self::Lines(lines) => lines.reach(area),
            Self::Calendar(calendar) => calendar.reach(area),
        }
    }
}
