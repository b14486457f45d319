//! What the expression of a column declares: a key, unique values, a distribution.

use millstream_expr::{Constant, ReferencedCall, references};

use crate::TablesSpec;

/// The call that an expression consists of, and what follows it (`[0]` of `random.choices(…)[0]`).
pub(super) fn only_call(source: &str) -> Option<(ReferencedCall, &str)> {
    let text = source.trim();
    let found = references(text).ok()?;
    let call = found.calls.into_iter().find(|call| call.range.start == 0)?;
    let rest = text.get(call.range.end..)?;
    Some((call, rest.trim()))
}

/// Whether an expression is one call that promises values without repetition.
pub(super) fn is_unique(source: &str) -> bool {
    only_call(source).is_some_and(|(call, rest)| {
        let unique_key =
            call.path == "foreign_key" && call.argument(6, "is_unique") == Some(&Constant::Bool(true));
        rest.is_empty() && (call.path.starts_with("fake.unique.") || unique_key)
    })
}

/// How the values of a column are distributed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Distribution {
    /// Each value with its probability.
    Values(Vec<(String, f64)>),
    /// Whole numbers from the first to the last, every `step`-th, all alike.
    Integers { first: i64, last: i64, step: i64 },
    /// Numbers between two, all alike.
    Range { low: f64, high: f64 },
}

impl Distribution {
    /// That of a column, where its expression and its type say it.
    pub(super) fn of(spec: &TablesSpec, table: usize, column: usize) -> Option<Self> {
        let column = spec.tables.get(table)?.columns.get(column)?;
        let (call, rest) = only_call(&column.data)?;
        let converted = column.data_type.as_ref();
        let whole = rest.is_empty();
        let distribution = match call.path.as_str() {
            "random.choice" if whole => alike(call.argument(0, "seq")?),
            "fake.random_element" if whole => match call.argument(0, "elements")? {
                Constant::Dict(weights) => weighted(weights.iter().map(|(value, weight)| (value, weight))),
                list => alike(list),
            },
            "random.choices" if rest == "[0]" => {
                let Constant::List(values) = call.argument(0, "population")? else { return None };
                match call.argument(1, "weights") {
                    None if call.keywords.iter().any(|name| name.as_deref() == Some("cum_weights")) => None,
                    None => alike(call.argument(0, "population")?),
                    Some(Constant::List(weights)) if weights.len() == values.len() => {
                        weighted(values.iter().zip(weights))
                    }
                    Some(_) => None,
                }
            }
            "random.randint" if whole => integers(call.argument(0, "a")?, call.argument(1, "b")?, 1),
            "fake.random_int" if whole => {
                let step = call.argument(2, "step").map_or(Some(1), integer)?;
                let or = |constant: Option<&Constant>, default: i64| {
                    constant.cloned().unwrap_or(Constant::Int(default))
                };
                integers(&or(call.argument(0, "min"), 0), &or(call.argument(1, "max"), 9999), step)
            }
            "random.uniform" if whole => {
                let (a, b) = (number(call.argument(0, "a")?)?, number(call.argument(1, "b")?)?);
                (a < b).then_some(Self::Range { low: a, high: b })
            }
            "random.random" if whole => Some(Self::Range { low: 0.0, high: 1.0 }),
            _ => None,
        }?;
        // A conversion that keeps the values apart and in order keeps their distribution.
        let kept = match (&distribution, converted) {
            (_, None) => true,
            (Self::Integers { .. }, Some(kind)) => kind.is_integer() || kind.is_floating(),
            (Self::Range { .. }, Some(kind)) => kind.is_floating(),
            (Self::Values(_), Some(kind)) => *kind == arrow::datatypes::DataType::Utf8,
        };
        kept.then_some(distribution)
    }
}

fn alike(values: &Constant) -> Option<Distribution> {
    let Constant::List(values) = values else { return None };
    weighted(values.iter().map(|value| (value, &Constant::Int(1))))
}

/// Values that are texts, whole numbers or booleans: others may be shown otherwise than they are written.
fn weighted<'a>(values: impl Iterator<Item = (&'a Constant, &'a Constant)>) -> Option<Distribution> {
    let mut probabilities: Vec<(String, f64)> = Vec::new();
    let mut kind = None;
    for (value, weight) in values {
        let (text, this) = match value {
            Constant::Str(text) => (text.clone(), 0),
            Constant::Int(number) => (number.to_string(), 1),
            Constant::Bool(truth) => (truth.to_string(), 2),
            _ => return None,
        };
        if *kind.get_or_insert(this) != this {
            return None;
        }
        let weight = number(weight).filter(|weight| *weight >= 0.0)?;
        match probabilities.iter_mut().find(|(known, _)| *known == text) {
            Some((_, sum)) => *sum += weight,
            None => probabilities.push((text, weight)),
        }
    }
    let sum: f64 = probabilities.iter().map(|(_, weight)| weight).sum();
    if probabilities.len() < 2 || !(sum.is_finite() && sum > 0.0) {
        return None;
    }
    for (_, weight) in &mut probabilities {
        *weight /= sum;
    }
    Some(Distribution::Values(probabilities))
}

fn integers(first: &Constant, last: &Constant, step: i64) -> Option<Distribution> {
    let (first, last) = (integer(first)?, integer(last)?);
    (first < last && step >= 1).then_some(Distribution::Integers { first, last, step })
}

fn integer(constant: &Constant) -> Option<i64> {
    match constant {
        Constant::Int(number) => Some(*number),
        _ => None,
    }
}

fn number(constant: &Constant) -> Option<f64> {
    match constant {
        Constant::Int(number) => Some(*number as f64),
        Constant::Float(number) => Some(*number),
        _ => None,
    }
}
