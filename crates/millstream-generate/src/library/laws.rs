//! The continuous distributions of Python's `random`, with its parameters. All elementary functions are `libm`'s, so that
//! every machine gives the same bits.

use std::f64::consts::{PI, TAU};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use arrow::datatypes::DataType;
use millstream_core::Key;
use millstream_expr::{Call, CallError, CallSite, EvaluateError, Function, RowErrors};

use super::arguments::Bound;
use super::operand::{Operand, Values, is_selected, number};
use crate::draws::Draws;

pub(super) fn resolve(call: &CallSite<'_>, key: Key) -> Result<Option<Arc<dyn Function>>, CallError> {
    Ok(Some(match call.path {
        "random.random" => make::<Unit>(call, key)?,
        "random.uniform" => make::<Uniform>(call, key)?,
        "random.triangular" => make::<Triangular>(call, key)?,
        "random.gauss" => make::<Normal<false>>(call, key)?,
        "random.normalvariate" => make::<Normal<true>>(call, key)?,
        "random.lognormvariate" => make::<LogNormal>(call, key)?,
        "random.expovariate" => make::<Exponential>(call, key)?,
        "random.gammavariate" => make::<Gamma>(call, key)?,
        "random.betavariate" => make::<Beta>(call, key)?,
        "random.paretovariate" => make::<Pareto>(call, key)?,
        "random.weibullvariate" => make::<Weibull>(call, key)?,
        "random.vonmisesvariate" => make::<VonMises>(call, key)?,
        _ => return Ok(None),
    }))
}

/// A distribution.
trait Law: Debug + Send + Sync + 'static {
    const NAME: &'static str;
    const SIGNATURE: &'static str;
    const PARAMETERS: &'static [&'static str];
    /// The defaults of the parameters; those without come first. NaN is `None`.
    const DEFAULTS: &'static [Option<f64>];

    /// The parameter that has no meaning, and why.
    fn wrong(_: &[f64; 3]) -> Option<(usize, &'static str)> {
        None
    }

    fn draw(parameters: &[f64; 3], key: Key, row: u64) -> f64;
}

fn make<L: Law>(call: &CallSite<'_>, key: Key) -> Result<Arc<dyn Function>, CallError> {
    let required = L::DEFAULTS.iter().filter(|default| default.is_none()).count();
    let bound = Bound::new(call, L::SIGNATURE, L::PARAMETERS, required)?;
    let mut operands = [Operand::Constant(0.0); 3];
    for (parameter, (default, operand)) in L::DEFAULTS.iter().zip(&mut operands).enumerate() {
        *operand = match (number(&bound, parameter)?, default) {
            (Some(operand), _) => operand,
            (None, Some(default)) => Operand::Constant(*default),
            (None, None) => return Err(bound.wrong(parameter, "a number is needed here, not None")),
        };
    }
    if let [Operand::Constant(a), Operand::Constant(b), Operand::Constant(c)] = operands
        && let Some((parameter, message)) = L::wrong(&[a, b, c])
    {
        return Err(bound.wrong(parameter, message));
    }
    Ok(Arc::new(Variate::<L> { key, operands, law: PhantomData }))
}

/// A number of the distribution for each row.
#[derive(Debug)]
struct Variate<L> {
    key: Key,
    operands: [Operand<f64>; 3],
    law: PhantomData<L>,
}

impl<L: Law> Function for Variate<L> {
    fn data_type(&self) -> DataType {
        DataType::Float64
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let key = self.key;
        let [a, b, c] = self.operands;
        let values = [a.read(call)?, b.read(call)?, c.read(call)?];
        if let [Values::Same(a), Values::Same(b), Values::Same(c)] = values {
            let parameters = [a, b, c];
            let draws = call.rows.iter().map(|&row| L::draw(&parameters, key, row));
            return Ok(Arc::new(Float64Array::from_iter_values(draws)));
        }
        // Of a column, also what is not finite is wrong: rejection would never end.
        let at = |parameter: usize, index: usize| match &values[parameter] {
            Values::Same(value) => Some(*value),
            each @ Values::Each(_) => Some(each.at(index)?).filter(|value| value.is_finite()),
        };
        let draws = call.rows.iter().enumerate().map(|(index, &row)| {
            let message = match (at(0, index), at(1, index), at(2, index)) {
                (Some(a), Some(b), Some(c)) => match L::wrong(&[a, b, c]) {
                    None => return L::draw(&[a, b, c], key, row),
                    Some((_, message)) => message,
                },
                _ => "a parameter is None, or not finite",
            };
            if is_selected(call, index) {
                errors.push(index, format!("{}: {message}", L::NAME));
            }
            0.0
        });
        Ok(Arc::new(Float64Array::from_iter_values(draws)))
    }
}

#[derive(Debug)]
struct Unit;

impl Law for Unit {
    const NAME: &'static str = "random.random";
    const SIGNATURE: &'static str = "random.random()";
    const PARAMETERS: &'static [&'static str] = &[];
    const DEFAULTS: &'static [Option<f64>] = &[];

    fn draw(_: &[f64; 3], key: Key, row: u64) -> f64 {
        key.unit(row)
    }
}

/// `a + (b - a) * random()`
#[derive(Debug)]
struct Uniform;

impl Law for Uniform {
    const NAME: &'static str = "random.uniform";
    const SIGNATURE: &'static str = "random.uniform(a, b)";
    const PARAMETERS: &'static [&'static str] = &["a", "b"];
    const DEFAULTS: &'static [Option<f64>] = &[None, None];

    fn draw(&[low, high, _]: &[f64; 3], key: Key, row: u64) -> f64 {
        low + (high - low) * key.unit(row)
    }
}

/// By inversion of the distribution function, as in `CPython`. Without a mode it is the middle.
#[derive(Debug)]
struct Triangular;

impl Law for Triangular {
    const NAME: &'static str = "random.triangular";
    const SIGNATURE: &'static str = "random.triangular(low=0.0, high=1.0, mode=None)";
    const PARAMETERS: &'static [&'static str] = &["low", "high", "mode"];
    const DEFAULTS: &'static [Option<f64>] = &[Some(0.0), Some(1.0), Some(f64::NAN)];

    fn wrong(&[low, high, mode]: &[f64; 3]) -> Option<(usize, &'static str)> {
        (low != high && !mode.is_nan() && !(low.min(high)..=low.max(high)).contains(&mode))
            .then_some((2, "the mode must lie between `low` and `high`"))
    }

    fn draw(&[low, high, mode]: &[f64; 3], key: Key, row: u64) -> f64 {
        if low == high {
            return low;
        }
        let peak = if mode.is_nan() { 0.5 } else { (mode - low) / (high - low) };
        let unit = key.unit(row);
        if unit > peak {
            high + (low - high) * ((1.0 - unit) * (1.0 - peak)).sqrt()
        } else {
            low + (high - low) * (unit * peak).sqrt()
        }
    }
}

/// A number of the standard normal distribution: Box and Muller 1958, "A note on the generation of random normal
/// deviates", one of the two numbers.
fn normal(first: f64, second: f64) -> f64 {
    (-2.0 * libm::log(1.0 - first)).sqrt() * libm::cos(TAU * second)
}

/// `random.normalvariate`, or `random.gauss`.
#[derive(Debug)]
struct Normal<const VARIATE: bool>;

const SIGMA: (usize, &str) = (1, "`sigma` cannot be negative");

impl<const VARIATE: bool> Law for Normal<VARIATE> {
    const NAME: &'static str = if VARIATE { "random.normalvariate" } else { "random.gauss" };
    const SIGNATURE: &'static str =
        if VARIATE { "random.normalvariate(mu=0.0, sigma=1.0)" } else { "random.gauss(mu=0.0, sigma=1.0)" };
    const PARAMETERS: &'static [&'static str] = &["mu", "sigma"];
    const DEFAULTS: &'static [Option<f64>] = &[Some(0.0), Some(1.0)];

    fn wrong(&[_, sigma, _]: &[f64; 3]) -> Option<(usize, &'static str)> {
        (sigma < 0.0).then_some(SIGMA)
    }

    fn draw(&[mu, sigma, _]: &[f64; 3], key: Key, row: u64) -> f64 {
        mu + sigma * normal(key.unit(row), key.numbered(1).unit(row))
    }
}

/// The exponential of a normal number.
#[derive(Debug)]
struct LogNormal;

impl Law for LogNormal {
    const NAME: &'static str = "random.lognormvariate";
    const SIGNATURE: &'static str = "random.lognormvariate(mu, sigma)";
    const PARAMETERS: &'static [&'static str] = &["mu", "sigma"];
    const DEFAULTS: &'static [Option<f64>] = &[None, None];

    fn wrong(&[_, sigma, _]: &[f64; 3]) -> Option<(usize, &'static str)> {
        (sigma < 0.0).then_some(SIGMA)
    }

    fn draw(parameters: &[f64; 3], key: Key, row: u64) -> f64 {
        libm::exp(Normal::<true>::draw(parameters, key, row))
    }
}

/// By inversion: `-log(1 - u) / lambd`.
#[derive(Debug)]
struct Exponential;

impl Law for Exponential {
    const NAME: &'static str = "random.expovariate";
    const SIGNATURE: &'static str = "random.expovariate(lambd=1.0)";
    const PARAMETERS: &'static [&'static str] = &["lambd"];
    const DEFAULTS: &'static [Option<f64>] = &[Some(1.0)];

    fn wrong(&[rate, _, _]: &[f64; 3]) -> Option<(usize, &'static str)> {
        (rate == 0.0).then_some((0, "`lambd` cannot be 0"))
    }

    fn draw(&[rate, _, _]: &[f64; 3], key: Key, row: u64) -> f64 {
        -libm::log(1.0 - key.unit(row)) / rate
    }
}

/// Of the shape `alpha` and the scale 1: Marsaglia and Tsang 2000, "A simple method for generating gamma variables"; below
/// a shape of 1 by way of the next, as they say in section 6.
fn gamma(alpha: f64, draws: &mut Draws) -> f64 {
    if alpha < 1.0 {
        let unit = 1.0 - draws.unit();
        return gamma(alpha + 1.0, draws) * libm::pow(unit, 1.0 / alpha);
    }
    let d = alpha - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(draws.unit(), draws.unit());
        let v = 1.0 + c * x;
        if v <= 0.0 {
            continue;
        }
        let v = v * v * v;
        let unit = 1.0 - draws.unit();
        if libm::log(unit) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return d * v;
        }
    }
}

fn positive(&[alpha, beta, _]: &[f64; 3]) -> Option<(usize, &'static str)> {
    if alpha <= 0.0 {
        Some((0, "`alpha` must be above 0"))
    } else {
        (beta <= 0.0).then_some((1, "`beta` must be above 0"))
    }
}

#[derive(Debug)]
struct Gamma;

impl Law for Gamma {
    const NAME: &'static str = "random.gammavariate";
    const SIGNATURE: &'static str = "random.gammavariate(alpha, beta)";
    const PARAMETERS: &'static [&'static str] = &["alpha", "beta"];
    const DEFAULTS: &'static [Option<f64>] = &[None, None];

    fn wrong(parameters: &[f64; 3]) -> Option<(usize, &'static str)> {
        positive(parameters)
    }

    fn draw(&[alpha, beta, _]: &[f64; 3], key: Key, row: u64) -> f64 {
        gamma(alpha, &mut Draws::new(key, row)) * beta
    }
}

/// From two gamma numbers: Devroye 1986, "Non-uniform random variate generation", IX.3.
#[derive(Debug)]
struct Beta;

impl Law for Beta {
    const NAME: &'static str = "random.betavariate";
    const SIGNATURE: &'static str = "random.betavariate(alpha, beta)";
    const PARAMETERS: &'static [&'static str] = &["alpha", "beta"];
    const DEFAULTS: &'static [Option<f64>] = &[None, None];

    fn wrong(parameters: &[f64; 3]) -> Option<(usize, &'static str)> {
        positive(parameters)
    }

    fn draw(&[alpha, beta, _]: &[f64; 3], key: Key, row: u64) -> f64 {
        let mut draws = Draws::new(key, row);
        let first = gamma(alpha, &mut draws);
        if first == 0.0 {
            return 0.0;
        }
        first / (first + gamma(beta, &mut draws))
    }
}

/// By inversion: `(1 - u) ** (-1 / alpha)`.
#[derive(Debug)]
struct Pareto;

impl Law for Pareto {
    const NAME: &'static str = "random.paretovariate";
    const SIGNATURE: &'static str = "random.paretovariate(alpha)";
    const PARAMETERS: &'static [&'static str] = &["alpha"];
    const DEFAULTS: &'static [Option<f64>] = &[None];

    fn wrong(&[alpha, _, _]: &[f64; 3]) -> Option<(usize, &'static str)> {
        (alpha <= 0.0).then_some((0, "`alpha` must be above 0"))
    }

    fn draw(&[alpha, _, _]: &[f64; 3], key: Key, row: u64) -> f64 {
        libm::pow(1.0 - key.unit(row), -1.0 / alpha)
    }
}

/// By inversion: `alpha * (-log(1 - u)) ** (1 / beta)`.
#[derive(Debug)]
struct Weibull;

impl Law for Weibull {
    const NAME: &'static str = "random.weibullvariate";
    const SIGNATURE: &'static str = "random.weibullvariate(alpha, beta)";
    const PARAMETERS: &'static [&'static str] = &["alpha", "beta"];
    const DEFAULTS: &'static [Option<f64>] = &[None, None];

    fn wrong(parameters: &[f64; 3]) -> Option<(usize, &'static str)> {
        positive(parameters)
    }

    fn draw(&[alpha, beta, _]: &[f64; 3], key: Key, row: u64) -> f64 {
        alpha * libm::pow(-libm::log(1.0 - key.unit(row)), 1.0 / beta)
    }
}

/// An angle in [0, 2 pi): Best and Fisher 1979, "Efficient simulation of the von Mises distribution", as `CPython` has it.
#[derive(Debug)]
struct VonMises;

impl Law for VonMises {
    const NAME: &'static str = "random.vonmisesvariate";
    const SIGNATURE: &'static str = "random.vonmisesvariate(mu, kappa)";
    const PARAMETERS: &'static [&'static str] = &["mu", "kappa"];
    const DEFAULTS: &'static [Option<f64>] = &[None, None];

    fn wrong(&[_, kappa, _]: &[f64; 3]) -> Option<(usize, &'static str)> {
        (kappa < 0.0).then_some((1, "`kappa` cannot be negative"))
    }

    fn draw(&[mu, kappa, _]: &[f64; 3], key: Key, row: u64) -> f64 {
        let mut draws = Draws::new(key, row);
        if kappa <= 1e-6 {
            return TAU * draws.unit();
        }
        let s = 0.5 / kappa;
        let r = s + (1.0 + s * s).sqrt();
        let z = loop {
            let z = libm::cos(PI * draws.unit());
            let d = z / (r + z);
            let unit = draws.unit();
            if unit < 1.0 - d * d || unit <= (1.0 - d) * libm::exp(d) {
                break z;
            }
        };
        let q = 1.0 / r;
        let angle = libm::acos(((q + z) / (1.0 + q * z)).clamp(-1.0, 1.0));
        let angle = if draws.unit() > 0.5 { mu + angle } else { mu - angle };
        // Python's modulo: the result has the sign of the divisor.
        let rest = libm::fmod(angle, TAU);
        if rest < 0.0 { rest + TAU } else { rest }
    }
}
