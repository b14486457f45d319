//! From the types of columns to those of the language.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, TimeUnit, TimestampNanosecondType};

use super::map::primitive;
use crate::EvaluateError;
use crate::node::Kernel;
use crate::value::{Rows, Value};

/// A cast by Arrow; values that do not fit fail their rows.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) to: DataType,
    /// Of the rows that fail.
    pub(crate) message: &'static str,
}

impl Kernel for Cast {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let array = inputs[0].clone().into_array(rows.len);
        // `safe`: what does not fit becomes null.
        let options = CastOptions { safe: true, ..CastOptions::default() };
        let result = cast_with_options(&array, &self.to, &options)?;
        if result.logical_null_count() > array.logical_null_count() {
            for row in 0..rows.len {
                if result.is_null(row) && array.is_valid(row) {
                    rows.fail(row, self.message);
                }
            }
        }
        Ok(result)
    }
}

/// Nanoseconds to microseconds, rounded down.
#[derive(Debug)]
pub(crate) struct Microseconds {
    pub(crate) zone: Option<Arc<str>>,
}

impl Kernel for Microseconds {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let array = inputs[0].clone().into_array(rows.len);
        let Some(nanoseconds) = array.as_primitive_opt::<TimestampNanosecondType>() else {
            return Err(EvaluateError::Host(format!(
                "the expression was compiled for nanoseconds, but the value is {}",
                array.data_type()
            )));
        };
        let values = nanoseconds.values().iter().map(|value| value.div_euclid(1000)).collect::<Vec<i64>>();
        Ok(Arc::new(
            PrimitiveArray::<arrow::datatypes::TimestampMicrosecondType>::new(
                values.into(),
                nanoseconds.nulls().cloned(),
            )
            .with_timezone_opt(self.zone.clone()),
        ))
    }
}

/// A decimal as the float nearest to it.
#[derive(Debug)]
pub(crate) struct DecimalToFloat {
    pub(crate) scale: u8,
}

impl Kernel for DecimalToFloat {
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        const EXACT: i128 = 1 << 53;
        let array = inputs[0].clone().into_array(rows.len);
        let Some(decimals) = array.as_primitive_opt::<Decimal128Type>() else {
            return Err(EvaluateError::Host(format!(
                "the expression was compiled for a decimal, but the value is {}",
                array.data_type()
            )));
        };
        let scale = i32::from(self.scale);
        let divisor = 10_f64.powi(scale);
        let values = decimals
            .values()
            .iter()
            .map(|&value| {
                // Both are exact (powers of ten are up to 10^22), so that the division rounds once.
                if (-EXACT..=EXACT).contains(&value) && scale <= 22 {
                    value as f64 / divisor
                } else {
                    format!("{value}e-{scale}").parse().unwrap_or(f64::NAN)
                }
            })
            .collect();
        Ok(primitive::<Float64Type>(values, decimals.nulls().cloned()))
    }
}

/// The type that holds microseconds of a zone.
pub(crate) fn microseconds(zone: Option<Arc<str>>) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zone)
}
