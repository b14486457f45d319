//! Batches to Avro's binary encoding.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, BooleanArray, Decimal128Array, Decimal256Array,
    FixedSizeBinaryArray, Float16Array, LargeBinaryArray, LargeStringArray, PrimitiveArray, RecordBatch,
    StringArray, StringViewArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Date64Type, Field, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use millstream_core::{Error, Result};

use super::schema::is_union;

/// Appends the rows of `batch`, one after the other.
pub(super) fn rows(fields: &arrow::datatypes::Fields, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
    let columns = fields
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| Column::new(field, column))
        .collect::<Result<Vec<_>>>()?;
    for row in 0..batch.num_rows() {
        for column in &columns {
            column.write(row, out)?;
        }
    }
    Ok(())
}

/// A column, looked at once for all its values.
struct Column<'a> {
    /// Whether a branch stands before each value.
    union: bool,
    nulls: Option<&'a NullBuffer>,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Null,
    Boolean(&'a BooleanArray),
    Int8(&'a [i8]),
    Int16(&'a [i16]),
    Int32(&'a [i32]),
    /// Seconds of a day, as milliseconds.
    SecondsOfDay(&'a [i32]),
    Int64(&'a [i64]),
    /// Seconds, as milliseconds.
    Seconds(&'a [i64]),
    UInt8(&'a [u8]),
    UInt16(&'a [u16]),
    UInt32(&'a [u32]),
    UInt64(&'a [u64]),
    Float16(&'a Float16Array),
    Float32(&'a [f32]),
    Float64(&'a [f64]),
    Decimal128(&'a Decimal128Array),
    Decimal256(&'a Decimal256Array),
    Utf8(&'a StringArray),
    LargeUtf8(&'a LargeStringArray),
    Utf8View(&'a StringViewArray),
    Binary(&'a BinaryArray),
    LargeBinary(&'a LargeBinaryArray),
    BinaryView(&'a BinaryViewArray),
    FixedSizeBinary(&'a FixedSizeBinaryArray),
    List(&'a [i32], Box<Column<'a>>),
    LargeList(&'a [i64], Box<Column<'a>>),
    FixedSizeList(usize, Box<Column<'a>>),
    Struct(Vec<Column<'a>>),
    /// Offsets, keys and values.
    Map(&'a [i32], Box<Column<'a>>, Box<Column<'a>>),
    Dictionary(Vec<usize>, Box<Column<'a>>),
}

impl<'a> Column<'a> {
    fn new(field: &Field, array: &'a ArrayRef) -> Result<Self> {
        let mut column = Self::plain(array)?;
        column.union = is_union(field);
        Ok(column)
    }

    /// The values alone, without branches.
    fn plain(array: &'a ArrayRef) -> Result<Self> {
        use DataType as T;
        let kind = match array.data_type() {
            T::Null => Kind::Null,
            T::Boolean => Kind::Boolean(array.as_boolean()),
            T::Int8 => Kind::Int8(values::<Int8Type>(array)),
            T::Int16 => Kind::Int16(values::<Int16Type>(array)),
            T::Int32 => Kind::Int32(values::<Int32Type>(array)),
            T::Int64 => Kind::Int64(values::<Int64Type>(array)),
            T::UInt8 => Kind::UInt8(values::<UInt8Type>(array)),
            T::UInt16 => Kind::UInt16(values::<UInt16Type>(array)),
            T::UInt32 => Kind::UInt32(values::<UInt32Type>(array)),
            T::UInt64 => Kind::UInt64(values::<UInt64Type>(array)),
            T::Float16 => Kind::Float16(array.as_primitive()),
            T::Float32 => Kind::Float32(values::<Float32Type>(array)),
            T::Float64 => Kind::Float64(values::<Float64Type>(array)),
            T::Decimal128(..) => Kind::Decimal128(array.as_primitive()),
            T::Decimal256(..) => Kind::Decimal256(array.as_primitive()),
            T::Date32 => Kind::Int32(values::<Date32Type>(array)),
            T::Date64 => Kind::Int64(values::<Date64Type>(array)),
            T::Time32(TimeUnit::Second) => Kind::SecondsOfDay(values::<Time32SecondType>(array)),
            T::Time32(_) => Kind::Int32(values::<Time32MillisecondType>(array)),
            T::Time64(TimeUnit::Microsecond) => Kind::Int64(values::<Time64MicrosecondType>(array)),
            T::Timestamp(TimeUnit::Second, _) => Kind::Seconds(values::<TimestampSecondType>(array)),
            T::Timestamp(TimeUnit::Millisecond, _) => Kind::Int64(values::<TimestampMillisecondType>(array)),
            T::Timestamp(TimeUnit::Microsecond, _) => Kind::Int64(values::<TimestampMicrosecondType>(array)),
            T::Timestamp(TimeUnit::Nanosecond, _) => Kind::Int64(values::<TimestampNanosecondType>(array)),
            T::Utf8 => Kind::Utf8(array.as_string()),
            T::LargeUtf8 => Kind::LargeUtf8(array.as_string()),
            T::Utf8View => Kind::Utf8View(array.as_string_view()),
            T::Binary => Kind::Binary(array.as_binary()),
            T::LargeBinary => Kind::LargeBinary(array.as_binary()),
            T::BinaryView => Kind::BinaryView(array.as_binary_view()),
            T::FixedSizeBinary(_) => Kind::FixedSizeBinary(array.as_fixed_size_binary()),
            T::List(item) => {
                let list = array.as_list::<i32>();
                Kind::List(list.value_offsets(), Box::new(Self::new(item, list.values())?))
            }
            T::LargeList(item) => {
                let list = array.as_list::<i64>();
                Kind::LargeList(list.value_offsets(), Box::new(Self::new(item, list.values())?))
            }
            T::FixedSizeList(item, length) => {
                let list = array.as_fixed_size_list();
                Kind::FixedSizeList(*length as usize, Box::new(Self::new(item, list.values())?))
            }
            T::Struct(fields) => {
                let columns = array.as_struct().columns();
                let members = fields.iter().zip(columns).map(|(field, column)| Self::new(field, column));
                Kind::Struct(members.collect::<Result<_>>()?)
            }
            T::Map(entries, _) => {
                let map = array.as_map();
                let T::Struct(fields) = entries.data_type() else {
                    return Err(unexpected(array));
                };
                let values = Self::new(&fields[1], map.values())?;
                Kind::Map(map.value_offsets(), Box::new(Self::plain(map.keys())?), Box::new(values))
            }
            T::Dictionary(..) => {
                let dictionary = array.as_any_dictionary();
                let values = Box::new(Self::plain(dictionary.values())?);
                Kind::Dictionary(dictionary.normalized_keys(), values)
            }
            _ => return Err(unexpected(array)),
        };
        Ok(Self { union: false, nulls: array.nulls(), kind })
    }

    fn is_null(&self, row: usize) -> bool {
        self.nulls.is_some_and(|nulls| nulls.is_null(row))
            || matches!(&self.kind, Kind::Dictionary(keys, values) if values.is_null(keys[row]))
    }

    #[inline]
    fn write(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        if self.is_null(row) {
            if self.union {
                out.push(0);
                return Ok(());
            }
            return Err(Error::internal("a null in a column that has none"));
        }
        if self.union {
            // The second branch: 1, in zigzag.
            out.push(2);
        }
        match &self.kind {
            Kind::Null => {}
            Kind::Boolean(array) => out.push(u8::from(array.value(row))),
            Kind::Int8(values) => long(values[row].into(), out),
            Kind::Int16(values) => long(values[row].into(), out),
            Kind::Int32(values) => long(values[row].into(), out),
            Kind::SecondsOfDay(values) => long(i64::from(values[row]) * 1000, out),
            Kind::Int64(values) => long(values[row], out),
            Kind::Seconds(values) => {
                let milliseconds = values[row].checked_mul(1000);
                long(milliseconds.ok_or_else(|| out_of_range(values[row]))?, out);
            }
            Kind::UInt8(values) => long(values[row].into(), out),
            Kind::UInt16(values) => long(values[row].into(), out),
            Kind::UInt32(values) => long(values[row].into(), out),
            Kind::UInt64(values) => decimal(&i128::from(values[row]).to_be_bytes(), out),
            Kind::Float16(array) => out.extend_from_slice(&array.value(row).to_f32().to_le_bytes()),
            Kind::Float32(values) => out.extend_from_slice(&values[row].to_le_bytes()),
            Kind::Float64(values) => out.extend_from_slice(&values[row].to_le_bytes()),
            Kind::Decimal128(array) => decimal(&array.value(row).to_be_bytes(), out),
            Kind::Decimal256(array) => decimal(&array.value(row).to_be_bytes(), out),
            Kind::Utf8(array) => bytes(array.value(row).as_bytes(), out),
            Kind::LargeUtf8(array) => bytes(array.value(row).as_bytes(), out),
            Kind::Utf8View(array) => bytes(array.value(row).as_bytes(), out),
            Kind::Binary(array) => bytes(array.value(row), out),
            Kind::LargeBinary(array) => bytes(array.value(row), out),
            Kind::BinaryView(array) => bytes(array.value(row), out),
            Kind::FixedSizeBinary(array) => out.extend_from_slice(array.value(row)),
            Kind::List(offsets, items) => {
                list(offsets[row] as usize..offsets[row + 1] as usize, out, |item, out| {
                    items.write(item, out)
                })?;
            }
            Kind::LargeList(offsets, items) => {
                list(offsets[row] as usize..offsets[row + 1] as usize, out, |item, out| {
                    items.write(item, out)
                })?;
            }
            Kind::FixedSizeList(length, items) => {
                list(row * length..(row + 1) * length, out, |item, out| items.write(item, out))?;
            }
            Kind::Struct(members) => {
                for member in members {
                    member.write(row, out)?;
                }
            }
            Kind::Map(offsets, keys, values) => {
                list(offsets[row] as usize..offsets[row + 1] as usize, out, |entry, out| {
                    keys.write(entry, out)?;
                    values.write(entry, out)
                })?;
            }
            Kind::Dictionary(keys, values) => values.write(keys[row], out)?,
        }
        Ok(())
    }
}

fn values<T: ArrowPrimitiveType>(array: &ArrayRef) -> &[T::Native] {
    let array: &PrimitiveArray<T> = array.as_primitive();
    array.values()
}

/// One block of all items, and the empty block that ends an array or map.
fn list(
    items: std::ops::Range<usize>,
    out: &mut Vec<u8>,
    mut write: impl FnMut(usize, &mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    if !items.is_empty() {
        long(items.len() as i64, out);
        for item in items {
            write(item, out)?;
        }
    }
    out.push(0);
    Ok(())
}

/// A number in zigzag, seven bits in each byte, the lowest first.
#[inline]
pub(super) fn long(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// A length and as many bytes.
#[inline]
pub(super) fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    long(bytes.len() as i64, out);
    out.extend_from_slice(bytes);
}

/// The shortest two's complement of a big-endian number.
fn decimal(number: &[u8], out: &mut Vec<u8>) {
    let sign: u8 = if number[0] & 0x80 == 0 { 0 } else { 0xff };
    let mut start = 0;
    while start + 1 < number.len() && number[start] == sign && (number[start + 1] & 0x80 == sign & 0x80) {
        start += 1;
    }
    bytes(&number[start..], out);
}

fn out_of_range(seconds: i64) -> Error {
    Error::sink(format!("the timestamp of {seconds} seconds is out of Avro's range of milliseconds"))
        .hint("check the timestamps, or write Parquet")
}

fn unexpected(array: &ArrayRef) -> Error {
    Error::internal(format!("no Avro form of a {} column", array.data_type()))
}
