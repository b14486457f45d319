//! Zipf's distribution over ranks 1..=n in constant time and memory, also when n grows.
//!
//! Rejection-inversion after W. Hörmann and G. Derflinger, "Rejection-inversion to generate variates from monotone
//! discrete distributions", ACM Transactions on Modeling and Computer Simulation 6(3), 1996, with h(x) = x^-s, which
//! also covers s = 1 and s < 1. The elementary functions are those of `libm`, in plain arithmetic, so that the
//! draws are the same on every machine (S-60); the platform's own differ in their last bits.

//!
//! Inverting H takes a logarithm and an exponential. Most draws fall on the first ranks, for which H is tabulated, so
//! that they take a look-up instead; the outcome is the same.

use std::sync::Arc;

use millstream_core::Key;

/// A draw is rejected with a probability below one half for every s and n: so many rejections do not happen.
const MOST_ATTEMPTS: u64 = 64;

/// The number of tabulated ranks, and of places at which to start looking among them.
const HEAD: u64 = 2048;
const GUIDES: usize = 8192;

/// P(rank k) is proportional to k^-s.
#[derive(Debug, Clone)]
pub(crate) struct Zipf {
    exponent: f64,
    /// H(1.5) - h(1), one end of the interval to invert.
    first: f64,
    /// Ranks this close above the inverted point are accepted without evaluating h and H.
    threshold: f64,
    head: Arc<Head>,
}

/// The first ranks, each with the end of its part of the interval, and the point from which on it is accepted.
#[derive(Debug)]
struct Head {
    ranks: Vec<(f64, f64)>,
    /// For each of equally wide parts of the interval, the first index into `ranks` that lies in it.
    guides: Vec<u16>,
    /// Guides per unit of the interval.
    scale: f64,
}

/// The ranks 1..=n: the other end of the interval.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ranks {
    count: u64,
    last: f64,
}

impl Zipf {
    /// `exponent` must be finite and positive.
    pub(crate) fn new(exponent: f64) -> Self {
        let mut zipf = Self {
            exponent,
            first: 0.0,
            threshold: 0.0,
            head: Arc::new(Head { ranks: Vec::new(), guides: Vec::new(), scale: 0.0 }),
        };
        zipf.first = zipf.integral(1.5) - 1.0;
        zipf.threshold = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.density(2.0));
        zipf.head = Arc::new(zipf.tabulate());
        zipf
    }

    fn tabulate(&self) -> Head {
        let ranks: Vec<(f64, f64)> = (1..=HEAD)
            .map(|rank| {
                let rank = rank as f64;
                let end = self.integral(rank + 0.5);
                (end, end - self.density(rank))
            })
            .collect();
        let width = ranks.last().map_or(1.0, |(end, _)| end - self.first);
        let scale = GUIDES as f64 / width;
        let guides = (0..GUIDES)
            .map(|guide| {
                let begin = self.first + guide as f64 / scale;
                ranks.partition_point(|(end, _)| *end <= begin) as u16
            })
            .collect();
        Head { ranks, guides, scale }
    }

    /// What can be computed once for all draws among `count` ranks.
    pub(crate) fn ranks(&self, count: u64) -> Ranks {
        Ranks { count, last: self.integral(count as f64 + 0.5) }
    }

    /// A rank for `row`, minus one: an index below the number of ranks, 0 being the most probable.
    #[inline]
    pub(crate) fn index(&self, key: Key, row: u64, ranks: Ranks) -> u64 {
        if ranks.count <= 1 {
            return 0;
        }
        // The first draw has the key itself, which is as good and needs not be derived for each row.
        let (index, accepted) = self.attempt(key.unit(row), ranks);
        if accepted { index } else { self.retry(key, row, ranks) }
    }

    /// The index for a number in [0, 1), and whether it is accepted.
    #[inline]
    fn attempt(&self, unit: f64, ranks: Ranks) -> (u64, bool) {
        let point = ranks.last + unit * (self.first - ranks.last);
        let (index, accepted) = self.head.find(point, self.first).unwrap_or_else(|| self.invert(point));
        // Rounding may carry the last point over the end.
        (index.min(ranks.count - 1), accepted)
    }

    #[cold]
    fn retry(&self, key: Key, row: u64, ranks: Ranks) -> u64 {
        let mut index = 0;
        for attempt in 1..MOST_ATTEMPTS {
            let accepted;
            (index, accepted) = self.attempt(key.numbered(attempt).unit(row), ranks);
            if accepted {
                break;
            }
        }
        index
    }

    /// The index in whose part of the interval `point` lies, and whether it is accepted.
    fn invert(&self, point: f64) -> (u64, bool) {
        let x = self.inverse(point);
        let rank = ((x + 0.5) as u64).max(1);
        let k = rank as f64;
        let accepted = k - x <= self.threshold || point >= self.integral(k + 0.5) - self.density(k);
        (rank - 1, accepted)
    }

    /// h(x) = x^-s
    fn density(&self, x: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(x))
    }

    /// H(x) = (x^(1-s) - 1) / (1 - s), and log(x) for s = 1
    fn integral(&self, x: f64) -> f64 {
        let log = libm::log(x);
        exponential_ratio((1.0 - self.exponent) * log) * log
    }

    /// The inverse of H.
    #[inline]
    fn inverse(&self, y: f64) -> f64 {
        // Rounding may carry the argument over the pole.
        let t = (y * (1.0 - self.exponent)).max(-1.0);
        libm::exp(logarithm_ratio(t) * y)
    }
}

impl Head {
    /// As [`Zipf::invert`], if `point` lies in the part of the first ranks.
    #[inline]
    fn find(&self, point: f64, first: f64) -> Option<(u64, bool)> {
        let guide = ((point - first) * self.scale) as usize;
        let mut index = usize::from(*self.guides.get(guide)?);
        loop {
            let (end, accepted_from) = *self.ranks.get(index)?;
            if point < end {
                return Some((index as u64, point >= accepted_from));
            }
            index += 1;
        }
    }
}

/// log(1 + x) / x, also around 0
#[inline]
fn logarithm_ratio(x: f64) -> f64 {
    if x.abs() > 1e-8 { libm::log1p(x) / x } else { 1.0 - x * (0.5 - x * (1.0 / 3.0 - 0.25 * x)) }
}

/// (exp(x) - 1) / x, also around 0
fn exponential_ratio(x: f64) -> f64 {
    if x.abs() > 1e-8 { libm::expm1(x) / x } else { 1.0 + x * 0.5 * (1.0 + x / 3.0 * (1.0 + 0.25 * x)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The chi-squared statistic of `draws` draws against the exact probabilities, and its degrees of freedom.
    /// Ranks with fewer than five expected draws are pooled.
    fn goodness(exponent: f64, count: u64, draws: u64, seed: u64) -> (f64, f64) {
        let zipf = Zipf::new(exponent);
        let ranks = zipf.ranks(count);
        let key = Key::from_seed(seed);
        let mut counts = vec![0_u64; count as usize];
        for row in 0..draws {
            counts[zipf.index(key, row, ranks) as usize] += 1;
        }
        let weights: Vec<f64> = (1..=count).map(|k| (k as f64).powf(-exponent)).collect();
        let total: f64 = weights.iter().sum();
        let (mut statistic, mut cells) = (0.0, 0.0);
        let (mut pooled_count, mut pooled_expected) = (0.0, 0.0);
        for (count, weight) in counts.iter().zip(&weights) {
            pooled_count += *count as f64;
            pooled_expected += weight / total * draws as f64;
            if pooled_expected >= 5.0 {
                statistic += (pooled_count - pooled_expected).powi(2) / pooled_expected;
                cells += 1.0;
                (pooled_count, pooled_expected) = (0.0, 0.0);
            }
        }
        (statistic, cells - 1.0)
    }

    #[test]
    fn frequencies_are_those_of_the_exact_distribution() {
        for exponent in [0.2, 0.8, 1.0, 1.2, 2.0, 5.0] {
            for count in [1, 2, 10, 1000, 5000] {
                let (statistic, freedom) = goodness(exponent, count, 200_000, 7);
                // Five standard deviations of the chi-squared distribution.
                let limit = freedom + 5.0 * (2.0 * freedom).sqrt() + 10.0;
                assert!(statistic < limit, "s {exponent} n {count}: {statistic} > {limit}");
            }
        }
    }

    #[test]
    fn the_test_notices_a_wrong_exponent() {
        let zipf = Zipf::new(1.25);
        let (statistic, _) = {
            let ranks = zipf.ranks(10);
            let weights: Vec<f64> = (1..=10).map(|k| f64::from(k).powf(-1.2)).collect();
            let total: f64 = weights.iter().sum();
            let mut counts = [0_u64; 10];
            for row in 0..200_000 {
                counts[zipf.index(Key::from_seed(7), row, ranks) as usize] += 1;
            }
            let statistic: f64 = counts
                .iter()
                .zip(&weights)
                .map(|(count, weight)| {
                    let expected = weight / total * 200_000.0;
                    (*count as f64 - expected).powi(2) / expected
                })
                .sum();
            (statistic, 9)
        };
        assert!(statistic > 100.0, "{statistic}");
    }

    #[test]
    fn a_billion_parents_cost_no_more_memory() {
        for exponent in [0.5, 1.0, 1.2, 3.0] {
            let zipf = Zipf::new(exponent);
            let ranks = zipf.ranks(1_000_000_000);
            let key = Key::from_seed(1);
            let highest = (0..100_000).map(|row| zipf.index(key, row, ranks)).max().unwrap();
            assert!(highest < 1_000_000_000);
            if exponent <= 1.0 {
                assert!(highest > 900_000_000, "s {exponent}: the tail is never reached: {highest}");
            }
        }
    }

    #[test]
    fn the_table_of_the_first_ranks_changes_nothing() {
        for exponent in [0.1, 0.8, 1.0, 1.2, 2.0, 10.0, 100.0] {
            let zipf = Zipf::new(exponent);
            let ranks = zipf.ranks(100_000);
            let mut found = 0;
            for row in 0..20_000 {
                let point = ranks.last + Key::from_seed(5).unit(row) * (zipf.first - ranks.last);
                if let Some(tabulated) = zipf.head.find(point, zipf.first) {
                    assert!(tabulated.0 < HEAD);
                    assert_eq!(tabulated, zipf.invert(point), "s {exponent} at {point}");
                    found += 1;
                } else {
                    assert!(zipf.invert(point).0 >= HEAD - 1);
                }
            }
            assert!(found > 20, "s {exponent}: {found}");
        }
    }

    #[test]
    fn draws_hardly_ever_take_many_attempts() {
        for exponent in [0.1, 0.8, 1.0, 1.2, 2.0, 10.0] {
            for count in [2_u64, 3, 10, 1000, 1_000_000_000] {
                let zipf = Zipf::new(exponent);
                let ranks = zipf.ranks(count);
                let points = (0..10_000)
                    .map(|row| ranks.last + Key::from_seed(3).unit(row) * (zipf.first - ranks.last));
                let rejected = points.filter(|point| !zipf.invert(*point).1).count();
                assert!(rejected < 5000, "s {exponent} n {count}: {rejected} of 10000 rejected");
            }
        }
    }
}
