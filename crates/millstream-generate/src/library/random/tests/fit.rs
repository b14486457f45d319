//! Kolmogorov and Smirnov's test of each continuous distribution against its distribution function, computed here in
//! another way than the draws are. A parameter that is off by a tenth must fail it.

use super::*;
use std::f64::consts::{PI, SQRT_2, TAU};

const ROWS: u64 = 40_000;

/// 99.9 % of fair draws stay below this (the asymptotic quantile, 1.95 / sqrt(n)).
fn limit() -> f64 {
    1.95 / (ROWS as f64).sqrt()
}

/// The largest distance of the empirical distribution function from `cdf`.
fn distance(sorted: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
    let count = sorted.len() as f64;
    // Every hundredth is near enough, and the slow functions are asked less often.
    sorted.iter().enumerate().step_by(100).fold(0.0, |worst: f64, (index, &value)| {
        let expected = cdf(value);
        worst.max(expected - index as f64 / count).max((index + 1) as f64 / count - expected)
    })
}

fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

/// The regularised lower incomplete gamma function by its series (DLMF 8.11.4).
fn gamma(shape: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (1.0 / shape, 1.0 / shape);
    for n in 1..300 {
        term *= x / (shape + f64::from(n));
        sum += term;
    }
    (sum * libm::exp(-x + shape * libm::log(x) - libm::lgamma(shape))).min(1.0)
}

/// An integral from `low` to `high` by Simpson's rule.
fn integral(low: f64, high: f64, density: impl Fn(f64) -> f64) -> f64 {
    let steps = 400;
    let width = (high - low) / f64::from(steps);
    let sum: f64 = (0..=steps)
        .map(|step| {
            let weight = if step == 0 || step == steps {
                1.0
            } else if step % 2 == 1 {
                4.0
            } else {
                2.0
            };
            weight * density(low + width * f64::from(step))
        })
        .sum();
    sum * width / 3.0
}

fn beta(a: f64, b: f64, x: f64) -> f64 {
    let scale = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b);
    // The substitution t = s^4 removes the pole at 0.
    integral(0.0, libm::pow(x, 0.25), |s| {
        let t = s.powi(4);
        if t <= 0.0 || t >= 1.0 {
            return 0.0;
        }
        libm::exp(scale + (a - 1.0) * libm::log(t) + (b - 1.0) * libm::log(1.0 - t)) * 4.0 * s.powi(3)
    })
}

fn von_mises(mu: f64, kappa: f64, x: f64) -> f64 {
    let density = |angle: f64| libm::exp(kappa * libm::cos(angle - mu));
    integral(0.0, x, density) / integral(0.0, TAU, density)
}

fn triangular(low: f64, high: f64, mode: f64, x: f64) -> f64 {
    if x < mode {
        (x - low).powi(2) / ((high - low) * (mode - low))
    } else {
        1.0 - (high - x).powi(2) / ((high - low) * (high - mode))
    }
}

type Cdf = fn(&[f64], f64) -> f64;

#[test]
fn every_distribution_is_the_one_that_is_asked_for() {
    let laws: [(&str, &[f64], Cdf); 17] = [
        ("random.random", &[], |_, x| x),
        ("random.uniform", &[10.0, 20.0], |p, x| ((x - p[0]) / (p[1] - p[0])).clamp(0.0, 1.0)),
        ("random.uniform", &[3.0, -1.0], |p, x| ((x - p[1]) / (p[0] - p[1])).clamp(0.0, 1.0)),
        ("random.triangular", &[1.0, 9.0, 2.0], |p, x| triangular(p[0], p[1], p[2], x).clamp(0.0, 1.0)),
        ("random.triangular", &[2.0, 4.0], |p, x| {
            triangular(p[0], p[1], f64::midpoint(p[0], p[1]), x).clamp(0.0, 1.0)
        }),
        ("random.gauss", &[50.0, 10.0], |p, x| normal((x - p[0]) / p[1])),
        ("random.normalvariate", &[-3.0, 0.5], |p, x| normal((x - p[0]) / p[1])),
        ("random.lognormvariate", &[1.0, 0.75], |p, x| normal((libm::log(x) - p[0]) / p[1])),
        ("random.expovariate", &[0.2], |p, x| 1.0 - libm::exp(-p[0] * x)),
        ("random.gammavariate", &[0.5, 2.0], |p, x| gamma(p[0], x / p[1])),
        ("random.gammavariate", &[9.0, 0.5], |p, x| gamma(p[0], x / p[1])),
        ("random.betavariate", &[2.0, 5.0], |p, x| beta(p[0], p[1], x)),
        ("random.betavariate", &[0.5, 0.8], |p, x| beta(p[0], p[1], x)),
        ("random.paretovariate", &[3.0], |p, x| 1.0 - libm::pow(x, -p[0])),
        ("random.weibullvariate", &[2.0, 1.5], |p, x| 1.0 - libm::exp(-libm::pow(x / p[0], p[1]))),
        ("random.vonmisesvariate", &[PI, 4.0], |p, x| von_mises(p[0], p[1], x)),
        ("random.vonmisesvariate", &[0.0, 0.0], |p, x| (x - p[0]) / TAU * (1.0 + p[1])),
    ];
    for (name, parameters, cdf) in laws {
        let arguments: Vec<Argument> =
            parameters.iter().map(|&value| constant(Constant::Float(value))).collect();
        let array = values(name, &arguments, 0..ROWS);
        let mut sorted = array.as_primitive::<Float64Type>().values().to_vec();
        assert!(sorted.iter().all(|value| value.is_finite()), "{name}");
        sorted.sort_unstable_by(f64::total_cmp);
        let found = distance(&sorted, |x| cdf(parameters, x));
        assert!(found < limit(), "{name}{parameters:?}: {found}");
        for wrong in 0..parameters.len() {
            let mut off = parameters.to_vec();
            off[wrong] += (off[wrong] * 0.1).abs().max(0.1);
            let found = distance(&sorted, |x| cdf(&off, x));
            assert!(found > limit(), "{name}{parameters:?} also passes for {off:?}: {found}");
        }
    }
}

#[test]
fn defaults_are_pythons() {
    for (short, long) in [
        ("random.gauss", vec![0.0, 1.0]),
        ("random.normalvariate", vec![0.0, 1.0]),
        ("random.triangular", vec![0.0, 1.0, 0.5]),
        ("random.expovariate", vec![1.0]),
    ] {
        let arguments: Vec<Argument> =
            long.into_iter().map(|value| constant(Constant::Float(value))).collect();
        assert_eq!(&values(short, &[], 0..100), &values(short, &arguments, 0..100), "{short}");
    }
}
