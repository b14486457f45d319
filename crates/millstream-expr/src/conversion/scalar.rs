//! Conversions between values that are one piece.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder, Float64Array};
use arrow::compute::nullif;
use arrow::datatypes::{ArrowTimestampType, Int64Type};
use arrow::datatypes::{
    DataType, Float64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};

use super::{Conversion, EvaluateError, Expression, RowErrors, Way, new_nulls, safe_cast};
use crate::function::NoLibrary;
use crate::scope::{Frame, Scope};

/// The way between two such types, which differ.
pub(super) fn way(from: &DataType, to: &DataType) -> Option<Way> {
    use DataType as T;
    if let T::Dictionary(_, values) = from {
        return through(from, values, to);
    }
    // Anything else becomes a dictionary by way of its values.
    if let T::Dictionary(_, values) = to {
        return if **values == *from { Some(Way::Cast) } else { through(from, values, to) };
    }
    let number = |kind: &T| kind.is_integer() || kind.is_floating();
    let cast = |possible: bool| possible.then_some(Way::Cast);
    match to {
        T::Utf8 => text_way(from),
        T::LargeUtf8 | T::Utf8View if is_text(from) => Some(Way::Cast),
        T::LargeUtf8 | T::Utf8View => through(from, &T::Utf8, to),
        T::Boolean => cast(number(from) || is_text(from)),
        T::Float16 | T::Float32 if from.is_floating() => Some(Way::NarrowFloat),
        T::Float16 | T::Float32 if *from == T::Boolean => through(from, &T::Int64, to),
        T::Float16 | T::Float32 => through(from, &T::Float64, to),
        kind if number(kind) => {
            cast(*from == T::Boolean || number(from) || is_decimal(from) || is_text(from))
        }
        kind if is_decimal(kind) => cast(number(from) || is_decimal(from) || is_text(from)),
        T::Date32 | T::Date64 => {
            cast(is_text(from) || matches!(from, T::Date32 | T::Date64 | T::Timestamp(..)))
        }
        T::Time32(_) | T::Time64(_) => {
            cast(is_text(from) || matches!(from, T::Time32(_) | T::Time64(_) | T::Timestamp(..)))
        }
        T::Timestamp(_, to_zone) => match from {
            T::Timestamp(_, Some(zone)) if to_zone.is_none() && !is_utc(zone) => Some(Way::WallClock),
            // Midnight where the zone is, and not in Greenwich.
            T::Date32 | T::Date64 if to_zone.as_ref().is_some_and(|zone| !is_utc(zone)) => {
                through(from, &T::Timestamp(TimeUnit::Microsecond, None), to)
            }
            T::Timestamp(..) | T::Date32 | T::Date64 => Some(Way::Cast),
            kind => cast(is_text(kind)),
        },
        T::Binary | T::LargeBinary | T::BinaryView => {
            cast(is_text(from) || matches!(from, T::Binary | T::LargeBinary | T::BinaryView))
        }
        _ => None,
    }
}

fn through(from: &DataType, between: &DataType, to: &DataType) -> Option<Way> {
    let first = if let DataType::Dictionary(_, values) = from
        && **values == *between
    {
        Conversion { to: between.clone(), way: Way::Cast }
    } else {
        Conversion::new(from, between)?
    };
    Some(Way::Through(Box::new(first), Box::new(Conversion::new(between, to)?)))
}

fn text_way(from: &DataType) -> Option<Way> {
    use DataType as T;
    match from {
        T::LargeUtf8 | T::Utf8View => Some(Way::Cast),
        // As Arrow shows them, which is as Python does.
        kind if is_decimal(kind) => Some(Way::Cast),
        T::Time32(_) | T::Time64(_) | T::Float16 | T::Float32 | T::UInt64 => Some(Way::Cast),
        T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => None,
        _ => {
            let expression = Expression::compile("str(value)", &OneColumn(from), &NoLibrary).ok()?;
            (*expression.data_type() == T::Utf8).then_some(Way::Text(expression))
        }
    }
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn is_decimal(kind: &DataType) -> bool {
    use DataType as T;
    matches!(kind, T::Decimal32(..) | T::Decimal64(..) | T::Decimal128(..) | T::Decimal256(..))
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "+00:00" | "Z" | "Etc/UTC")
}

/// The only column that `str(value)` sees.
struct OneColumn<'a>(&'a DataType);

impl Scope for OneColumn<'_> {
    fn column(&self, name: &str) -> Option<(usize, DataType)> {
        (name == "value").then(|| (0, self.0.clone()))
    }

    fn names(&self) -> Vec<String> {
        vec!["value".to_owned()]
    }
}

pub(super) fn text(expression: &Expression, array: &ArrayRef) -> Result<ArrayRef, EvaluateError> {
    let rows: Vec<u64> = (0..array.len() as u64).collect();
    let columns = [array.clone()];
    let mut errors = RowErrors::default();
    let texts = expression.evaluate(&Frame { columns: &columns, rows: &rows }, &mut errors)?;
    // `str(None)` is a text, and a null is none.
    match array.logical_nulls() {
        Some(nulls) if nulls.null_count() > 0 => {
            Ok(nullif(&texts, &BooleanArray::new(!nulls.inner(), None))?)
        }
        _ => Ok(texts),
    }
}

pub(super) fn narrow_float(array: &ArrayRef, to: &DataType) -> Result<(ArrayRef, Vec<usize>), EvaluateError> {
    let narrow = safe_cast(array, to)?;
    let wide = |array: &ArrayRef| -> Result<Float64Array, EvaluateError> {
        Ok(safe_cast(array, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
    };
    let (before, after) = (wide(array)?, wide(&narrow)?);
    let infinite =
        |row: usize| before.is_valid(row) && before.value(row).is_finite() && after.value(row).is_infinite();
    let misfits: Vec<usize> = (0..array.len()).filter(|&row| infinite(row)).collect();
    if misfits.is_empty() {
        return Ok((narrow, misfits));
    }
    Ok((without(&narrow, &misfits)?, misfits))
}

/// `array` with nulls in `rows`.
pub(super) fn without(array: &ArrayRef, rows: &[usize]) -> Result<ArrayRef, EvaluateError> {
    let mut mask = BooleanBufferBuilder::new(array.len());
    mask.append_n(array.len(), false);
    for &row in rows {
        mask.set_bit(row, true);
    }
    Ok(nullif(array, &BooleanArray::new(mask.finish(), None))?)
}

/// The time that clocks in the zone show, without the zone.
pub(super) fn wall_clock(array: &ArrayRef, to: &DataType) -> Result<(ArrayRef, Vec<usize>), EvaluateError> {
    let DataType::Timestamp(unit, _) = array.data_type() else {
        return Err(EvaluateError::Host(format!("{} is no datetime", array.data_type())));
    };
    let local = match unit {
        TimeUnit::Second => local::<TimestampSecondType>(array),
        TimeUnit::Millisecond => local::<TimestampMillisecondType>(array),
        TimeUnit::Microsecond => local::<TimestampMicrosecondType>(array),
        TimeUnit::Nanosecond => local::<TimestampNanosecondType>(array),
    };
    let naive = safe_cast(&local, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
    let converted = safe_cast(&naive, to)?;
    let misfits = new_nulls(array, &converted);
    Ok((converted, misfits))
}

/// Microseconds of the wall clock.
fn local<T: ArrowTimestampType>(array: &ArrayRef) -> ArrayRef {
    let values = array.as_primitive::<T>();
    let zone = values.timezone().and_then(|zone| zone.parse::<arrow::array::timezone::Tz>().ok());
    let local = (0..values.len()).map(|row| {
        let zone = zone?;
        let time = values.is_valid(row).then(|| values.value_as_datetime_with_tz(row, zone)).flatten()?;
        Some(time.naive_local().and_utc().timestamp_micros())
    });
    Arc::new(local.collect::<arrow::array::PrimitiveArray<Int64Type>>())
}
