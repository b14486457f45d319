//! What the numbers of a column have in common: their range, their moments and their decimal places.

/// Running moments (Pébay 2008, "Formulas for robust, one-pass parallel computation of covariances and arbitrary-order
/// statistical moments"), also of the logarithms while all numbers are positive.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    count: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
    log_mean: f64,
    log_second: f64,
    /// The most decimal places of a number, at most [`MOST_PLACES`].
    pub(crate) places: usize,
    /// The previous number, and whether each was one more than the one before it.
    last: f64,
    pub(crate) counts_up: bool,
}

/// Numbers with more decimal places are left as they are.
pub(crate) const MOST_PLACES: usize = 6;

/// How the numbers of a column are spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Spread {
    /// Evenly between the lowest and the highest.
    Even,
    /// Normally, with this mean and standard deviation.
    Normal(f64, f64),
    /// Their logarithms normally, with this mean and standard deviation.
    LogNormal(f64, f64),
}

impl Numbers {
    pub(crate) fn add(&mut self, value: f64) {
        let first = self.count == 0.0;
        (self.low, self.high) =
            if first { (value, value) } else { (self.low.min(value), self.high.max(value)) };
        self.counts_up = first || (self.counts_up && value == self.last + 1.0);
        self.last = value;
        let before = self.count;
        self.count += 1.0;
        let n = self.count;
        let delta = value - self.mean;
        let (step, term) = (delta / n, delta * delta / n * before);
        self.mean += step;
        self.fourth += term * step * step * (n * n - 3.0 * n + 3.0) + 6.0 * step * step * self.second
            - 4.0 * step * self.third;
        self.third += term * step * (n - 2.0) - 3.0 * step * self.second;
        self.second += term;
        if self.low > 0.0 {
            let log = value.ln();
            let delta = log - self.log_mean;
            self.log_mean += delta / n;
            self.log_second += delta * (log - self.log_mean);
        }
        self.places = self.places.max(places(value));
    }

    /// The likeliest of three shapes, by skewness and kurtosis: 0 and 3 for a normal one, 0 and 1.8 for an even one.
    pub(crate) fn spread(&self) -> Spread {
        let n = self.count;
        if n < 50.0 || self.second <= 0.0 {
            return Spread::Even;
        }
        let variance = self.second / n;
        let skewness = self.third / n / variance.powf(1.5);
        let kurtosis = self.fourth / n / (variance * variance);
        if self.low > 0.0 && skewness > 1.0 {
            return Spread::LogNormal(self.log_mean, (self.log_second / n).sqrt());
        }
        if skewness.abs() < 0.5 && (2.4..4.0).contains(&kurtosis) {
            return Spread::Normal(self.mean, variance.sqrt());
        }
        Spread::Even
    }
}

/// The decimal places of a number.
fn places(value: f64) -> usize {
    (0..MOST_PLACES)
        .find(|places| {
            let scaled = value * 10_f64.powi(*places as i32);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.abs().clamp(1.0, 1e3)
                && scaled.round() / 10_f64.powi(*places as i32) == value
        })
        .unwrap_or(MOST_PLACES)
}

/// A number with at most four significant digits.
pub(crate) fn short(value: f64) -> String {
    let rounded: f64 = format!("{value:.3e}").parse().unwrap_or(value);
    format!("{rounded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = f64>) -> Numbers {
        let mut numbers = Numbers::default();
        values.into_iter().for_each(|value| numbers.add(value));
        numbers
    }

    /// The inverse of the normal distribution by bisection of its series: good enough for a test.
    fn normal(quantile: f64) -> f64 {
        let cumulative = |x: f64| {
            let (mut term, mut sum) = (x, x);
            for k in 1..200 {
                term *= x * x / f64::from(2 * k + 1);
                sum += term;
            }
            0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
        };
        let (mut low, mut high) = (-6.0, 6.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if cumulative(middle) < quantile { low = middle } else { high = middle }
        }
        low
    }

    #[test]
    fn shapes_are_told_apart() {
        let quantiles: Vec<f64> = (0..2000).map(|index| (f64::from(index) + 0.5) / 2000.0).collect();
        assert_eq!(of(quantiles.iter().map(|q| q * 100.0)).spread(), Spread::Even);
        match of(quantiles.iter().map(|q| 50.0 + 7.0 * normal(*q))).spread() {
            Spread::Normal(mean, deviation) => {
                assert!((mean - 50.0).abs() < 0.1 && (deviation - 7.0).abs() < 0.1, "{mean} {deviation}");
            }
            other => panic!("{other:?}"),
        }
        match of(quantiles.iter().map(|q| (3.0 + 0.8 * normal(*q)).exp())).spread() {
            Spread::LogNormal(mean, deviation) => {
                assert!((mean - 3.0).abs() < 0.01 && (deviation - 0.8).abs() < 0.01, "{mean} {deviation}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn decimal_places() {
        for (value, expected) in
            [(1.0, 0), (0.5, 1), (12.34, 2), (-99.99, 2), (0.1 + 0.2, 6), (1e9 + 0.25, 2)]
        {
            assert_eq!(places(value), expected, "{value}");
        }
    }

    #[test]
    fn counting_up_is_noticed() {
        assert!(of([5.0, 6.0, 7.0]).counts_up);
        assert!(!of([5.0, 7.0, 6.0]).counts_up);
    }
}
