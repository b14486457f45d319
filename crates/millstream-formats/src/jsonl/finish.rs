//! Columns that are complete, as Arrow arrays.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, LargeListArray, ListArray, MapArray, NullArray,
    PrimitiveArray, StringArray, StructArray,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;

use super::column::{Column, Values};

/// The array of a column.
pub(super) fn array(mut column: Column) -> Result<ArrayRef, ArrowError> {
    let length = column.nulls.len();
    let nulls = column.nulls.finish();
    let data_type = column.data_type;
    Ok(match column.values {
        Values::Null => Arc::new(NullArray::new(length)),
        Values::Boolean(mut values) => Arc::new(BooleanArray::new(values.finish(), nulls)),
        Values::Integer(values, ..) | Values::Moment(values, _) => integers(values, nulls, &data_type)?,
        Values::UInt64(values) => primitive::<UInt64Type>(values, nulls, &data_type),
        Values::Float32(values) => primitive::<Float32Type>(values, nulls, &data_type),
        Values::Float64(values) => primitive::<Float64Type>(values, nulls, &data_type),
        Values::Decimal(values, ..) => primitive::<Decimal128Type>(values, nulls, &data_type),
        Values::Text(ends, bytes) => {
            let text = StringArray::try_new(offsets(ends), Buffer::from_vec(bytes), nulls)?;
            if data_type == DataType::Utf8 { Arc::new(text) } else { cast(&text, &data_type)? }
        }
        Values::Binary(ends, bytes) => {
            let binary = BinaryArray::try_new(offsets(ends), Buffer::from_vec(bytes), nulls)?;
            if data_type == DataType::Binary { Arc::new(binary) } else { cast(&binary, &data_type)? }
        }
        Values::List(ends, child) => match data_type {
            DataType::LargeList(field) => {
                let ends: Vec<i64> = ends.into_iter().map(i64::from).collect();
                let ends = OffsetBuffer::new(ends.into());
                Arc::new(LargeListArray::try_new(field, ends, child.finish()?, nulls)?)
            }
            DataType::List(field) => {
                Arc::new(ListArray::try_new(field, offsets(ends), child.finish()?, nulls)?)
            }
            other => return Err(unexpected(&other)),
        },
        Values::Struct(object) => object.into_struct(nulls)?,
        Values::Map(ends, keys, values) => match &data_type {
            DataType::Map(entries, sorted) => {
                let DataType::Struct(fields) = entries.data_type() else {
                    return Err(unexpected(&data_type));
                };
                let columns = vec![keys.finish()?, values.finish()?];
                let members = StructArray::try_new(fields.clone(), columns, None)?;
                Arc::new(MapArray::try_new(Arc::clone(entries), offsets(ends), members, nulls, *sorted)?)
            }
            other => return Err(unexpected(other)),
        },
    })
}

fn integers(
    values: Vec<i64>,
    nulls: Option<NullBuffer>,
    data_type: &DataType,
) -> Result<ArrayRef, ArrowError> {
    use DataType as T;
    Ok(match data_type {
        T::Int64 => primitive::<Int64Type>(values, nulls, data_type),
        T::Int8 => narrow::<Int8Type>(&values, nulls, data_type),
        T::Int16 => narrow::<Int16Type>(&values, nulls, data_type),
        T::Int32 => narrow::<Int32Type>(&values, nulls, data_type),
        T::UInt8 => narrow::<UInt8Type>(&values, nulls, data_type),
        T::UInt16 => narrow::<UInt16Type>(&values, nulls, data_type),
        T::UInt32 => narrow::<UInt32Type>(&values, nulls, data_type),
        T::Date32 => narrow::<Date32Type>(&values, nulls, data_type),
        T::Date64 => primitive::<Date64Type>(values, nulls, data_type),
        T::Time32(TimeUnit::Second) => narrow::<Time32SecondType>(&values, nulls, data_type),
        T::Time32(_) => narrow::<Time32MillisecondType>(&values, nulls, data_type),
        T::Time64(TimeUnit::Nanosecond) => primitive::<Time64NanosecondType>(values, nulls, data_type),
        T::Time64(_) => primitive::<Time64MicrosecondType>(values, nulls, data_type),
        T::Timestamp(TimeUnit::Second, _) => primitive::<TimestampSecondType>(values, nulls, data_type),
        T::Timestamp(TimeUnit::Millisecond, _) => {
            primitive::<TimestampMillisecondType>(values, nulls, data_type)
        }
        T::Timestamp(TimeUnit::Microsecond, _) => {
            primitive::<TimestampMicrosecondType>(values, nulls, data_type)
        }
        T::Timestamp(TimeUnit::Nanosecond, _) => {
            primitive::<TimestampNanosecondType>(values, nulls, data_type)
        }
        other => return Err(unexpected(other)),
    })
}

fn primitive<T: ArrowPrimitiveType>(
    values: Vec<T::Native>,
    nulls: Option<NullBuffer>,
    data_type: &DataType,
) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::new(values.into(), nulls).with_data_type(data_type.clone()))
}

/// Values that were checked against the range of their type when they were read.
fn narrow<T: ArrowPrimitiveType<Native: TryFrom<i64>>>(
    values: &[i64],
    nulls: Option<NullBuffer>,
    data_type: &DataType,
) -> ArrayRef {
    let values = values.iter().map(|value| T::Native::try_from(*value).unwrap_or_default());
    primitive::<T>(values.collect(), nulls, data_type)
}

fn offsets(ends: Vec<i32>) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ends.into())
}

fn unexpected(data_type: &DataType) -> ArrowError {
    ArrowError::NotYetImplemented(format!("a JSON column of {data_type}"))
}
