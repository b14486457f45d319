//! What a file declares of a column besides its expression: the type of its values, and how many of them are null.

use arrow::array::{ArrayRef, BooleanArray};
use arrow::compute::nullif;
use arrow::datatypes::DataType;
use millstream_core::{Error, Key, Result};
use millstream_expr::{Conversion, type_word};

use crate::nulls::Nulls;
use crate::{ColumnSpec, SpecError};

/// The declarations of a column, ready to be applied to its values.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    conversion: Option<Conversion>,
    nulls: Option<Nulls>,
}

impl Declared {
    /// For values of type `from`. Random numbers come from `key`, which is the column's.
    pub(crate) fn new(spec: &ColumnSpec, from: &DataType, key: Key) -> Result<Self, Box<SpecError>> {
        let conversion = match &spec.data_type {
            Some(to) => Some(Conversion::new(from, to).ok_or_else(|| Box::new(no_way(from, to)))?),
            None => None,
        };
        let nulls = spec.null_share.filter(|share| !share.is_zero());
        if let Some(share) = nulls.filter(|_| spec.is_primary_key) {
            return Err(Box::new(wrong(
                format!("{} of a primary key cannot be null", Percent(share.as_f64())),
                "remove `null_percentage`, or `is_primary_key`",
            )));
        }
        Ok(Self {
            conversion: conversion.filter(|conversion| !conversion.is_identity()),
            nulls: nulls.map(|share| Nulls::new(share, key.named("null_percentage"))),
        })
    }

    /// The type of the values afterwards.
    pub(crate) fn data_type<'a>(&'a self, from: &'a DataType) -> &'a DataType {
        self.conversion.as_ref().map_or(from, Conversion::data_type)
    }

    /// Whether values become null here.
    pub(crate) fn makes_nulls(&self) -> bool {
        self.nulls.is_some()
    }

    /// The values of `rows` as they are declared to be. `initial` is the number of rows that the table begins with, and
    /// `row_id` the number of a row for messages.
    pub(crate) fn apply(
        &self,
        mut array: ArrayRef,
        rows: &[u64],
        initial: u64,
        row_id: impl Fn(usize) -> i64,
    ) -> Result<ArrayRef> {
        if let Some(conversion) = &self.conversion {
            let (converted, misfit) = conversion
                .convert(&array)
                .map_err(|error| Error::data("values cannot be converted").caused_by(error))?;
            if let Some(misfit) = misfit {
                let message = format!(
                    "row_id {}: {} does not fit the column's type, {}",
                    row_id(misfit.row),
                    misfit.value,
                    conversion.data_type()
                );
                return Err(Error::data(message)
                    .hint("declare a wider `type`, or change the column's `data` so that every value fits"));
            }
            array = converted;
        }
        if let Some(nulls) = &self.nulls {
            let missing = BooleanArray::new(!&nulls.valid(rows, initial), None);
            array = nullif(&array, &missing)
                .map_err(|error| Error::internal("values cannot be left out").caused_by(error))?;
        }
        Ok(array)
    }
}

fn no_way(from: &DataType, to: &DataType) -> SpecError {
    let hint = match (from, to) {
        (DataType::Int64 | DataType::Float64, DataType::Date32 | DataType::Timestamp(..)) => {
            "make a date in `data`: fake.date_between(), tick_time() or a text such as \"2024-01-31\""
        }
        (DataType::Date32 | DataType::Timestamp(..), to) if to.is_numeric() => {
            "numbers are not dates: take a part of it in `data`, or leave out the type"
        }
        _ => "leave out the type, or make such values in `data`",
    };
    wrong(format!("values of type {} cannot become {to}", type_word(from)), hint)
}

fn wrong(message: String, hint: &str) -> SpecError {
    SpecError { table: 0, column: None, range: None, message, hint: Some(hint.to_owned()) }
}

/// A share in percent.
struct Percent(f64);

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} %", self.0 * 100.0)
    }
}
