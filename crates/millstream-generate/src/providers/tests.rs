//! What holds for all providers, and how the tests call them.

mod arguments;
mod checks;
mod golden;
mod shapes;
mod signatures;
mod streams;
mod unique;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, NullArray};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use millstream_core::Key;
use millstream_expr::{Argument, Call, CallError, CallSite, Constant, Function, RowErrors};

use super::{ProviderContext, resolve};

/// 2024-02-29 12:00:00, a leap day.
const NOW: i64 = 1_709_208_000_000_000;

fn key() -> Key {
    Key::from_seed(42).named("test")
}

fn int(value: i64) -> Constant {
    Constant::Int(value)
}

fn text(value: &str) -> Constant {
    Constant::Str(value.to_owned())
}

fn list(values: &[&str]) -> Constant {
    Constant::List(values.iter().map(|value| text(value)).collect())
}

fn argument(name: Option<&str>, constant: Constant) -> Argument {
    let data_type = match &constant {
        Constant::None | Constant::List(_) | Constant::Dict(_) => DataType::Null,
        Constant::Bool(_) => DataType::Boolean,
        Constant::Int(_) => DataType::Int64,
        Constant::Float(_) => DataType::Float64,
        Constant::Str(_) => DataType::Utf8,
    };
    Argument {
        name: name.map(str::to_owned),
        data_type,
        source: format!("{constant:?}"),
        constant: Some(constant),
    }
}

/// An argument that is a column of the row.
fn column(name: &str, data_type: DataType) -> Argument {
    Argument { name: Some(name.to_owned()), data_type, constant: None, source: format!("{name}_column") }
}

fn context(locales: &[String], rows: Option<u64>) -> ProviderContext<'_> {
    ProviderContext { locales, locale_key: Key::from_seed(11), now: NOW, rows }
}

fn try_provider(
    name: &str,
    locale: &str,
    arguments: &[Argument],
) -> Result<Option<Arc<dyn Function>>, CallError> {
    let path = format!("fake.{name}");
    let call = CallSite { path: &path, ordinal: 0, repetition: 0, arguments };
    resolve(&call, key(), &context(&[locale.to_owned()], None))
}

fn provider(name: &str, locale: &str, keywords: &[(&str, Constant)]) -> Arc<dyn Function> {
    let arguments: Vec<Argument> =
        keywords.iter().map(|(name, constant)| argument(Some(name), constant.clone())).collect();
    try_provider(name, locale, &arguments)
        .unwrap_or_else(|error| panic!("fake.{name} in {locale}: {}", error.message))
        .unwrap_or_else(|| panic!("there is no fake.{name}"))
}

fn evaluate(function: &dyn Function, rows: &[u64]) -> ArrayRef {
    let constants: [ArrayRef; 5] = std::array::from_fn(|_| Arc::new(NullArray::new(rows.len())) as ArrayRef);
    let mut errors = RowErrors::default();
    let call = Call { arguments: &constants, rows, selected: None };
    let values = function.evaluate(&call, &mut errors).unwrap();
    assert!(errors.is_empty());
    assert_eq!(values.len(), rows.len());
    assert_eq!(*values.data_type(), function.data_type());
    assert!(function.nullable() || values.null_count() == 0);
    values
}

fn shown(values: &dyn Array) -> Vec<String> {
    let formatter = ArrayFormatter::try_new(values, &FormatOptions::default().with_null("None")).unwrap();
    (0..values.len()).map(|index| formatter.value(index).to_string()).collect()
}

/// The first `count` values of a provider.
fn values(name: &str, locale: &str, keywords: &[(&str, Constant)], count: u64) -> Vec<String> {
    let rows: Vec<u64> = (0..count).collect();
    shown(&evaluate(&*provider(name, locale, keywords), &rows))
}

/// Whether fair draws from as many equally likely values would be spread as these are, but for one case in a thousand.
fn is_uniform(counts: &[u64]) -> bool {
    let expected = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    let chi_squared: f64 = counts.iter().map(|&count| (count as f64 - expected).powi(2) / expected).sum();
    // The quantile of chi-squared by Wilson and Hilferty (1931).
    let degrees = (counts.len() - 1) as f64;
    let root = 1.0 - 2.0 / (9.0 * degrees) + 3.09 * (2.0 / (9.0 * degrees)).sqrt();
    chi_squared < degrees * root.powi(3)
}
