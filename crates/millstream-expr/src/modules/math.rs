//! `math`. What IEEE 754 or integers define is exact, as CPython's; the other functions are those of the libm crate, on
//! all machines alike, whose last bit may differ from a C library's.

use crate::kernels::convert::whole;
use crate::kernels::integer::OVERFLOW;

pub(crate) const DOMAIN: &str = "math domain error";
const RANGE: &str = "math range error";
const NOT_NEGATIVE: &str = "the argument of this function of `math` must not be negative";
const NOT_WHOLE: &str = "nan and infinity are no ints";
const BY_ZERO: &str = "division by zero";

/// What a function of `math` takes and gives.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Function {
    Float(fn(f64) -> Result<f64, &'static str>),
    Floats(fn(f64, f64) -> Result<f64, &'static str>),
    /// A float to an int; an int stays as it is.
    Whole(fn(f64) -> f64),
    Int(fn(i64) -> Result<i64, &'static str>),
    Ints(fn(i64, i64) -> Result<i64, &'static str>),
    /// Of any number of ints: the value of none, and how two are one.
    Fold(i64, fn(i64, i64) -> Result<i64, &'static str>),
    Test(fn(f64) -> bool),
}

/// The constants of `math`.
pub(crate) fn constant(name: &str) -> Option<f64> {
    Some(match name {
        "math.pi" => std::f64::consts::PI,
        "math.e" => std::f64::consts::E,
        "math.tau" => std::f64::consts::TAU,
        "math.inf" => f64::INFINITY,
        "math.nan" => f64::NAN,
        _ => return None,
    })
}

/// A function by its name without `math.`; not those of lists, nor those with arguments of their own.
pub(crate) fn function(name: &str) -> Option<Function> {
    use Function::{Float, Floats, Fold, Int, Ints, Test, Whole};
    Some(match name {
        "floor" => Whole(f64::floor),
        "ceil" => Whole(f64::ceil),
        "trunc" => Whole(f64::trunc),
        "fabs" => Float(|value| Ok(value.abs())),
        "sqrt" => Float(|value| if value < 0.0 { Err(DOMAIN) } else { Ok(value.sqrt()) }),
        "cbrt" => Float(|value| Ok(libm::cbrt(value))),
        "exp" => Float(|value| bounded(libm::exp(value), value)),
        "exp2" => Float(|value| bounded(libm::exp2(value), value)),
        "expm1" => Float(|value| bounded(libm::expm1(value), value)),
        "log2" => Float(|value| logarithm(value, libm::log2)),
        "log10" => Float(|value| logarithm(value, libm::log10)),
        "log1p" => Float(|value| if value <= -1.0 { Err(DOMAIN) } else { Ok(libm::log1p(value)) }),
        "sin" => Float(|value| periodic(value, libm::sin)),
        "cos" => Float(|value| periodic(value, libm::cos)),
        "tan" => Float(|value| periodic(value, libm::tan)),
        "asin" => Float(|value| within(value, libm::asin)),
        "acos" => Float(|value| within(value, libm::acos)),
        "atan" => Float(|value| Ok(libm::atan(value))),
        "sinh" => Float(|value| bounded(libm::sinh(value), value)),
        "cosh" => Float(|value| bounded(libm::cosh(value), value)),
        "tanh" => Float(|value| Ok(libm::tanh(value))),
        "asinh" => Float(|value| Ok(libm::asinh(value))),
        "acosh" => Float(|value| if value < 1.0 { Err(DOMAIN) } else { Ok(libm::acosh(value)) }),
        "atanh" => Float(|value| if value.abs() >= 1.0 { Err(DOMAIN) } else { Ok(libm::atanh(value)) }),
        "erf" => Float(|value| Ok(libm::erf(value))),
        "erfc" => Float(|value| Ok(libm::erfc(value))),
        "gamma" => Float(gamma),
        "lgamma" => Float(|value| {
            if value.is_finite() && value <= 0.0 && value == value.floor() {
                Err(DOMAIN)
            } else {
                bounded(libm::lgamma(value), value)
            }
        }),
        "degrees" => Float(|value| Ok(value * (180.0 / std::f64::consts::PI))),
        "radians" => Float(|value| Ok(value * (std::f64::consts::PI / 180.0))),
        "pow" => Floats(power),
        "atan2" => Floats(|y, x| Ok(libm::atan2(y, x))),
        "fmod" => Floats(|left, right| {
            if right == 0.0 || (left.is_infinite() && !right.is_nan()) {
                Err(DOMAIN)
            } else {
                Ok(left % right)
            }
        }),
        "remainder" => Floats(|left, right| {
            if (right == 0.0 && !left.is_nan()) || (left.is_infinite() && !right.is_nan()) {
                Err(DOMAIN)
            } else {
                Ok(libm::remainder(left, right))
            }
        }),
        "copysign" => Floats(|value, sign| Ok(value.copysign(sign))),
        "nextafter" => Floats(|value, towards| Ok(libm::nextafter(value, towards))),
        "isqrt" => Int(|value| if value < 0 { Err(NOT_NEGATIVE) } else { Ok(value.isqrt()) }),
        "factorial" => Int(factorial),
        "comb" => Ints(combinations),
        "perm" => Ints(permutations),
        "gcd" => Fold(0, |left, right| i64::try_from(gcd(left, right)).map_err(|_| OVERFLOW)),
        "lcm" => Fold(1, lcm),
        "isnan" => Test(f64::is_nan),
        "isinf" => Test(f64::is_infinite),
        "isfinite" => Test(f64::is_finite),
        _ => return None,
    })
}

/// The names of all functions of `math` that there are.
pub(crate) const NAMES: [&str; 53] = [
    "math.acos",
    "math.acosh",
    "math.asin",
    "math.asinh",
    "math.atan",
    "math.atan2",
    "math.atanh",
    "math.cbrt",
    "math.ceil",
    "math.comb",
    "math.copysign",
    "math.cos",
    "math.cosh",
    "math.degrees",
    "math.dist",
    "math.erf",
    "math.erfc",
    "math.exp",
    "math.exp2",
    "math.expm1",
    "math.fabs",
    "math.factorial",
    "math.floor",
    "math.fmod",
    "math.fsum",
    "math.gamma",
    "math.gcd",
    "math.hypot",
    "math.isclose",
    "math.isfinite",
    "math.isinf",
    "math.isnan",
    "math.isqrt",
    "math.lcm",
    "math.lgamma",
    "math.log",
    "math.log10",
    "math.log1p",
    "math.log2",
    "math.modf",
    "math.nextafter",
    "math.perm",
    "math.pow",
    "math.prod",
    "math.radians",
    "math.remainder",
    "math.sin",
    "math.sinh",
    "math.sqrt",
    "math.tan",
    "math.tanh",
    "math.trunc",
    "math.ulp",
];

/// `floor`, `ceil`, `trunc` of a float: an int.
pub(crate) fn to_int(round: fn(f64) -> f64, value: f64) -> Result<i64, &'static str> {
    whole(round(value)).ok_or(if value.is_finite() { OVERFLOW } else { NOT_WHOLE })
}

/// The result of a function that is infinite only where it is too large, unless its argument is.
fn bounded(result: f64, argument: f64) -> Result<f64, &'static str> {
    if result.is_infinite() && argument.is_finite() { Err(RANGE) } else { Ok(result) }
}

fn logarithm(value: f64, function: fn(f64) -> f64) -> Result<f64, &'static str> {
    if value <= 0.0 { Err(DOMAIN) } else { Ok(function(value)) }
}

fn periodic(value: f64, function: fn(f64) -> f64) -> Result<f64, &'static str> {
    if value.is_infinite() { Err(DOMAIN) } else { Ok(function(value)) }
}

fn within(value: f64, function: fn(f64) -> f64) -> Result<f64, &'static str> {
    if value.abs() > 1.0 { Err(DOMAIN) } else { Ok(function(value)) }
}

fn gamma(value: f64) -> Result<f64, &'static str> {
    if value == f64::NEG_INFINITY || (value <= 0.0 && value == value.floor()) {
        return Err(DOMAIN);
    }
    bounded(libm::tgamma(value), value)
}

/// `math.log(value)`, `math.log(value, base)`
pub(crate) fn log(value: f64, base: Option<f64>) -> Result<f64, &'static str> {
    let numerator = logarithm(value, libm::log)?;
    let Some(base) = base else { return Ok(numerator) };
    match logarithm(base, libm::log)? {
        0.0 => Err(BY_ZERO),
        denominator => Ok(numerator / denominator),
    }
}

fn power(base: f64, exponent: f64) -> Result<f64, &'static str> {
    if (base == 0.0 && exponent < 0.0 && exponent.is_finite())
        || (base < 0.0 && base.is_finite() && exponent.is_finite() && exponent != exponent.floor())
    {
        return Err(DOMAIN);
    }
    let result = libm::pow(base, exponent);
    if result.is_infinite() && base.is_finite() && exponent.is_finite() { Err(RANGE) } else { Ok(result) }
}

/// `math.hypot` of any number of values, and the root of `math.dist`: scaled, so that squares neither overflow nor
/// vanish.
pub(crate) fn hypot(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = values.clone().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    if values.clone().any(f64::is_infinite) {
        return f64::INFINITY;
    }
    if values.clone().any(f64::is_nan) {
        return f64::NAN;
    }
    if largest == 0.0 {
        return 0.0;
    }
    // A power of two: scaling by it is exact.
    let (_, exponent) = libm::frexp(largest);
    let scaled = values.map(|value| libm::ldexp(value, -exponent));
    // The sum of squares in twice the precision, by Dekker's product and Knuth's sum.
    let (mut sum, mut low) = (0.0_f64, 0.0_f64);
    for value in scaled {
        let square = value * value;
        let rest = libm::fma(value, value, -square);
        let total = sum + square;
        let part = total - sum;
        low += (sum - (total - part)) + (square - part) + rest;
        sum = total;
    }
    let root = (sum + low).sqrt();
    // One step of Newton's corrects the root for what the sum left out.
    let square = root * root;
    let rest = libm::fma(root, root, -square);
    let correction = ((sum - square) + low - rest) / (2.0 * root);
    libm::ldexp(root + correction, exponent)
}

/// `math.isclose(a, b, rel_tol, abs_tol)`
pub(crate) fn is_close(left: f64, right: f64, relative: f64, absolute: f64) -> Result<bool, &'static str> {
    if relative < 0.0 || absolute < 0.0 {
        return Err("tolerances must not be negative");
    }
    if left == right {
        return Ok(true);
    }
    if left.is_infinite() || right.is_infinite() {
        return Ok(false);
    }
    let distance = (right - left).abs();
    Ok(distance <= (relative * right).abs() || distance <= (relative * left).abs() || distance <= absolute)
}

/// `math.fsum(values)`: the sum rounded once (Shewchuk's partial sums).
pub(crate) fn exact_sum(values: impl Iterator<Item = f64>) -> Result<f64, &'static str> {
    let mut partials: Vec<f64> = Vec::new();
    let (mut special, mut infinities) = (0.0_f64, 0.0_f64);
    for value in values {
        let mut current = value;
        let mut kept = 0;
        for index in 0..partials.len() {
            let mut partial = partials[index];
            if current.abs() < partial.abs() {
                std::mem::swap(&mut current, &mut partial);
            }
            let high = current + partial;
            let low = partial - (high - current);
            if low != 0.0 {
                partials[kept] = low;
                kept += 1;
            }
            current = high;
        }
        partials.truncate(kept);
        if current != 0.0 {
            if current.is_finite() {
                partials.push(current);
            } else {
                if value.is_finite() {
                    return Err("intermediate overflow in fsum");
                }
                if value.is_infinite() {
                    infinities += value;
                }
                special += value;
                partials.clear();
            }
        }
    }
    if special != 0.0 || special.is_nan() {
        return if infinities.is_nan() { Err("-inf + inf in fsum") } else { Ok(special) };
    }
    let mut high = 0.0;
    let mut low = 0.0;
    while let Some(partial) = partials.pop() {
        let before = high;
        high = before + partial;
        low = partial - (high - before);
        if low != 0.0 {
            break;
        }
    }
    // Half way: what lies below decides.
    if let Some(&next) = partials.last()
        && ((low < 0.0 && next < 0.0) || (low > 0.0 && next > 0.0))
    {
        let doubled = low * 2.0;
        let sum = high + doubled;
        if doubled == sum - high {
            high = sum;
        }
    }
    Ok(high)
}

/// `math.ulp(value)`
pub(crate) fn ulp(value: f64) -> f64 {
    let value = value.abs();
    if !value.is_finite() {
        return value;
    }
    let next = f64::from_bits(value.to_bits() + 1);
    if next.is_infinite() { value - f64::from_bits(value.to_bits() - 1) } else { next - value }
}

fn factorial(value: i64) -> Result<i64, &'static str> {
    if value < 0 {
        return Err(NOT_NEGATIVE);
    }
    (2..=value.min(21)).try_fold(1_i64, i64::checked_mul).ok_or(OVERFLOW)
}

fn permutations(n: i64, k: i64) -> Result<i64, &'static str> {
    if n < 0 || k < 0 {
        return Err(NOT_NEGATIVE);
    }
    if k > n {
        return Ok(0);
    }
    let mut product = 1_i64;
    for factor in ((n - k + 1)..=n).rev() {
        product = product.checked_mul(factor).ok_or(OVERFLOW)?;
        // A product of ones goes on; any other soon overflows.
    }
    Ok(product)
}

fn combinations(n: i64, k: i64) -> Result<i64, &'static str> {
    if n < 0 || k < 0 {
        return Err(NOT_NEGATIVE);
    }
    if k > n {
        return Ok(0);
    }
    let k = k.min(n - k);
    let mut result = 1_i128;
    for step in 1..=k {
        // Exact: it is a binomial coefficient after each division. At most 2^126 before it.
        result = result * i128::from(n - k + step) / i128::from(step);
        if result > i128::from(i64::MAX) {
            return Err(OVERFLOW);
        }
    }
    Ok(result as i64)
}

fn gcd(left: i64, right: i64) -> u64 {
    let (mut left, mut right) = (left.unsigned_abs(), right.unsigned_abs());
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

fn lcm(left: i64, right: i64) -> Result<i64, &'static str> {
    if left == 0 || right == 0 {
        return Ok(0);
    }
    let divisor = gcd(left, right);
    let product = (left.unsigned_abs() / divisor).checked_mul(right.unsigned_abs()).ok_or(OVERFLOW)?;
    i64::try_from(product).map_err(|_| OVERFLOW)
}
