//! `weights` of `distribution="weighted_parent"`: how much a parent counts, by the value of one of its columns.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use millstream_core::{Error, Result};
use millstream_expr::Constant;

/// What a value weighs that `weights` does not name, as in table-faker.
const UNLISTED: f64 = 1.0;

/// The weights of a parent's rows by its column `attribute`.
#[derive(Debug, Clone)]
pub(crate) struct Weights {
    /// The column of the parent.
    pub(crate) attribute: usize,
    rule: Rule,
    /// No row weighs more.
    most: f64,
}

#[derive(Debug, Clone)]
enum Rule {
    Text(BTreeMap<String, f64>, f64),
    Integer(BTreeMap<i64, f64>, f64),
    /// By the bits of the number; there is one zero.
    Float(BTreeMap<u64, f64>, f64),
    /// Of False, True and None.
    Boolean([f64; 3]),
    /// The value is the weight; None weighs nothing.
    Value,
}

/// How the values of a column are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Text,
    Integer,
    Float,
    Boolean,
}

impl Family {
    fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Date32 => Self::Text,
            DataType::Dictionary(_, values) => return Self::of(values),
            DataType::Boolean => Self::Boolean,
            DataType::Decimal128(..) | DataType::Decimal256(..) => Self::Float,
            other if other.is_integer() => Self::Integer,
            other if other.is_floating() => Self::Float,
            _ => return None,
        })
    }
}

impl Weights {
    /// Weights by value, for a column of type `data_type`. Keys are compared as table-faker does, by the text of the
    /// value (`{"5": 3}` also for numbers), or as values of the column's type; `"None"` is for missing values.
    pub(crate) fn listed(
        attribute: usize,
        data_type: &DataType,
        listed: &[(Constant, Constant)],
    ) -> std::result::Result<Self, String> {
        let family = Family::of(data_type)
            .ok_or_else(|| format!("weights cannot be given to values of type {data_type}"))?;
        let mut missing = UNLISTED;
        let mut most = UNLISTED;
        let mut pairs = Vec::with_capacity(listed.len());
        for (key, weight) in listed {
            let weight = match weight {
                Constant::Int(weight) => *weight as f64,
                Constant::Float(weight) => *weight,
                _ => return Err("a weight is a number".to_owned()),
            };
            if !(weight.is_finite() && weight >= 0.0) {
                return Err("a weight is a finite number, not below zero".to_owned());
            }
            most = most.max(weight);
            match key {
                Constant::Str(text) if text == "None" => missing = weight,
                key => pairs.push((key, weight)),
            }
        }
        let collect = |number: fn(&Constant) -> Option<f64>, what: &str| {
            pairs
                .iter()
                .map(|(key, weight)| {
                    let number = number(key).ok_or_else(|| never(key, what))?;
                    Ok((number, *weight))
                })
                .collect::<std::result::Result<Vec<(f64, f64)>, String>>()
        };
        let rule = match family {
            Family::Text => {
                Rule::Text(pairs.iter().map(|(key, weight)| (text(key), *weight)).collect(), missing)
            }
            Family::Integer => {
                let pairs = pairs.iter().map(|(key, weight)| {
                    let number = integer(key).ok_or_else(|| never(key, "an int"))?;
                    Ok((number, *weight))
                });
                Rule::Integer(pairs.collect::<std::result::Result<_, String>>()?, missing)
            }
            Family::Float => {
                let pairs = collect(float, "a float")?;
                Rule::Float(pairs.into_iter().map(|(key, weight)| (bits(key), weight)).collect(), missing)
            }
            Family::Boolean => {
                let mut weights = [UNLISTED, UNLISTED, missing];
                for (key, weight) in collect(truth, "a bool")? {
                    weights[usize::from(key > 0.5)] = weight;
                }
                Rule::Boolean(weights)
            }
        };
        Ok(Self { attribute, rule, most })
    }

    /// The values of the column themselves, none of which is above `most`.
    pub(crate) fn values(
        attribute: usize,
        data_type: &DataType,
        most: f64,
    ) -> std::result::Result<Self, String> {
        match Family::of(data_type) {
            Some(Family::Integer | Family::Float) => Ok(Self { attribute, rule: Rule::Value, most }),
            _ => Err("only numbers are weights by themselves".to_owned()),
        }
    }

    /// The upper bound of all weights; above zero.
    pub(crate) fn most(&self) -> f64 {
        self.most
    }

    /// The weight of each row, given its value.
    ///
    /// Fails with [`ErrorKind::Data`](millstream_core::ErrorKind::Data) where a value is no weight, or above the bound.
    pub(crate) fn weigh(&self, values: &ArrayRef) -> Result<Vec<f64>> {
        let as_type = |data_type: DataType| {
            cast(values, &data_type).map_err(|error| Error::data("a weight cannot be read").caused_by(error))
        };
        Ok(match &self.rule {
            Rule::Text(listed, missing) => {
                let values = as_type(DataType::Utf8)?;
                let weight = |value: &str| listed.get(value).copied().unwrap_or(UNLISTED);
                values.as_string::<i32>().iter().map(|value| value.map_or(*missing, weight)).collect()
            }
            Rule::Integer(listed, missing) => {
                let values = as_type(DataType::Int64)?;
                let weight = |value: i64| listed.get(&value).copied().unwrap_or(UNLISTED);
                let values = values.as_primitive::<Int64Type>();
                values.iter().map(|value| value.map_or(*missing, weight)).collect()
            }
            Rule::Float(listed, missing) => {
                let values = as_type(DataType::Float64)?;
                let weight = |value: f64| listed.get(&bits(value)).copied().unwrap_or(UNLISTED);
                let values = values.as_primitive::<Float64Type>();
                values.iter().map(|value| value.map_or(*missing, weight)).collect()
            }
            Rule::Boolean(weights) => {
                let values = as_type(DataType::Boolean)?;
                let weight = |value: Option<bool>| weights[value.map_or(2, usize::from)];
                values.as_boolean().iter().map(weight).collect()
            }
            Rule::Value => {
                let values = as_type(DataType::Float64)?;
                let most = self.most;
                let weight = |value: Option<f64>| match value {
                    None => Ok(0.0),
                    Some(value) if (0.0..=most).contains(&value) => Ok(value),
                    Some(value) => Err(Error::data(format!(
                        "a parent weighs {value}, which is not between 0 and the declared {most}"
                    ))
                    .hint("raise `param`, the largest weight; a weight is never negative")),
                };
                values.as_primitive::<Float64Type>().iter().map(weight).collect::<Result<_>>()?
            }
        })
    }
}

fn never(key: &Constant, what: &str) -> String {
    format!("the weight of {} is never used: the column holds {what}", text(key))
}

/// As `str()` of the value.
fn text(key: &Constant) -> String {
    match key {
        Constant::Str(text) => text.clone(),
        Constant::Int(value) => value.to_string(),
        Constant::Float(value) => format!("{value:?}"),
        Constant::Bool(true) => "True".to_owned(),
        Constant::Bool(false) => "False".to_owned(),
        Constant::None | Constant::List(_) | Constant::Dict(_) => "None".to_owned(),
    }
}

fn integer(key: &Constant) -> Option<i64> {
    match key {
        Constant::Int(value) => Some(*value),
        Constant::Str(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn float(key: &Constant) -> Option<f64> {
    match key {
        Constant::Int(value) => Some(*value as f64),
        Constant::Float(value) => Some(*value),
        Constant::Str(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn truth(key: &Constant) -> Option<f64> {
    match key {
        Constant::Bool(value) => Some(f64::from(u8::from(*value))),
        // In a dict, `True` and `1` are one key.
        Constant::Int(value @ 0..=1) => Some(*value as f64),
        Constant::Str(text) if text == "True" || text == "true" => Some(1.0),
        Constant::Str(text) if text == "False" || text == "false" => Some(0.0),
        _ => None,
    }
}

/// Equal for equal numbers: adding zero makes `-0.0` into `0.0`.
fn bits(value: f64) -> u64 {
    (value + 0.0).to_bits()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{BooleanArray, Decimal128Array, Float64Array, Int32Array, Int64Array, StringArray};

    use super::*;

    fn pairs(pairs: &[(&str, f64)]) -> Vec<(Constant, Constant)> {
        pairs
            .iter()
            .map(|(key, weight)| (Constant::Str((*key).to_owned()), Constant::Float(*weight)))
            .collect()
    }

    fn weigh(values: &ArrayRef, listed: &[(&str, f64)]) -> Vec<f64> {
        Weights::listed(0, values.data_type(), &pairs(listed)).unwrap().weigh(values).unwrap()
    }

    #[test]
    fn keys_are_texts_of_values_and_the_rest_weighs_one() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("gold"), Some("tin"), None]));
        assert_eq!(weigh(&texts, &[("gold", 5.0)]), [5.0, 1.0, 1.0]);
        assert_eq!(weigh(&texts, &[("gold", 5.0), ("None", 0.0)]), [5.0, 1.0, 0.0]);
        let integers: ArrayRef = Arc::new(Int64Array::from(vec![Some(5), Some(4), None]));
        assert_eq!(weigh(&integers, &[("5", 3.0)]), [3.0, 1.0, 1.0]);
        let narrow: ArrayRef = Arc::new(Int32Array::from(vec![7, 8]));
        assert_eq!(weigh(&narrow, &[("8", 2.0)]), [1.0, 2.0]);
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![0.5, -0.0]));
        assert_eq!(weigh(&floats, &[("0.50", 2.0), ("0", 4.0)]), [2.0, 4.0]);
        let decimals: ArrayRef =
            Arc::new(Decimal128Array::from(vec![150, 200]).with_precision_and_scale(10, 2).unwrap());
        assert_eq!(weigh(&decimals, &[("1.5", 9.0)]), [9.0, 1.0]);
        let flags: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]));
        assert_eq!(weigh(&flags, &[("True", 3.0)]), [3.0, 1.0, 1.0]);
    }

    #[test]
    fn what_cannot_be_a_weight_is_refused() {
        let refused = |data_type: &DataType, key: Constant, weight: Constant| {
            Weights::listed(0, data_type, &[(key, weight)]).unwrap_err()
        };
        let text = |text: &str| Constant::Str(text.to_owned());
        assert!(refused(&DataType::Int64, text("five"), Constant::Int(1)).contains("never used"));
        assert!(refused(&DataType::Utf8, text("a"), Constant::Int(-1)).contains("not below zero"));
        assert!(refused(&DataType::Utf8, text("a"), text("b")).contains("is a number"));
        assert!(refused(&DataType::Binary, text("a"), Constant::Int(1)).contains("Binary"));
        assert!(Weights::values(0, &DataType::Utf8, 1.0).unwrap_err().contains("numbers"));
        let weights = Weights::values(0, &DataType::Int64, 5.0).unwrap();
        let good: ArrayRef = Arc::new(Int64Array::from(vec![Some(5), Some(0), None]));
        assert_eq!(weights.weigh(&good).unwrap(), [5.0, 0.0, 0.0]);
        for bad in [6, -1] {
            let bad: ArrayRef = Arc::new(Int64Array::from(vec![bad]));
            assert!(weights.weigh(&bad).unwrap_err().hint_text().unwrap().contains("param"));
        }
    }
}
