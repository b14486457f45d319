//! The values of a batch as text. The type of a column is looked at once per batch; each value then costs one
//! well-predicted branch. CSV and JSONL differ only in their [`Style`].

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, BooleanArray, Decimal128Array, Decimal256Array,
    FixedSizeBinaryArray, Float16Array, Float32Array, Float64Array, LargeBinaryArray, LargeStringArray,
    PrimitiveArray, StringArray, StringViewArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Date64Type, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Int8Type, Int16Type, Int32Type, Int64Type,
    Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use millstream_core::{Error, Result};

use crate::{calendar, number};

/// How a format writes what is not the same in all text formats.
pub(crate) trait Style {
    /// A null.
    fn null(&self, out: &mut Vec<u8>);
    /// Any text.
    fn text(&self, text: &str, out: &mut Vec<u8>);
    /// A truth value.
    fn boolean(&self, value: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(if value { b"true" } else { b"false" });
    }
    /// Bytes: base64, unless the format has a form of its own.
    fn binary(&self, bytes: &[u8], out: &mut Vec<u8>) {
        self.plain(out, |out| base64(bytes, out));
    }
    /// ASCII text that needs no escapes (a date, base64), written by `write`.
    fn plain(&self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>));
    /// A float that is no number.
    fn not_finite(&self, value: f64, out: &mut Vec<u8>);
}

/// A column whose values can be written.
pub(crate) struct Values<'a> {
    nulls: Option<&'a NullBuffer>,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Null,
    Boolean(&'a BooleanArray),
    Int8(&'a [i8]),
    Int16(&'a [i16]),
    Int32(&'a [i32]),
    Int64(&'a [i64]),
    UInt8(&'a [u8]),
    UInt16(&'a [u16]),
    UInt32(&'a [u32]),
    UInt64(&'a [u64]),
    Float16(&'a Float16Array),
    Float32(&'a Float32Array),
    Float64(&'a Float64Array),
    Decimal128(&'a Decimal128Array),
    Decimal256(&'a Decimal256Array),
    Date32(&'a [i32]),
    Date64(&'a [i64]),
    Time32(&'a [i32], TimeUnit),
    Time64(&'a [i64], TimeUnit),
    Timestamp(&'a [i64], TimeUnit, bool),
    Duration(&'a [i64], TimeUnit),
    Utf8(&'a StringArray),
    LargeUtf8(&'a LargeStringArray),
    Utf8View(&'a StringViewArray),
    Binary(&'a BinaryArray),
    LargeBinary(&'a LargeBinaryArray),
    BinaryView(&'a BinaryViewArray),
    FixedSizeBinary(&'a FixedSizeBinaryArray),
    List(&'a [i32], Box<Values<'a>>),
    LargeList(&'a [i64], Box<Values<'a>>),
    FixedSizeList(usize, Box<Values<'a>>),
    Struct(Vec<(Vec<u8>, Values<'a>)>),
    Map(&'a [i32], Box<Values<'a>>, Box<Values<'a>>),
    Dictionary(Vec<usize>, Box<Values<'a>>),
}

/// Whether a value of this type is one piece of text in every format.
pub(crate) fn is_scalar(data_type: &DataType) -> bool {
    use DataType as T;
    match data_type {
        T::Dictionary(_, value) => is_scalar(value),
        T::Null
        | T::Boolean
        | T::Utf8
        | T::LargeUtf8
        | T::Utf8View
        | T::Binary
        | T::LargeBinary
        | T::BinaryView
        | T::FixedSizeBinary(_)
        | T::Decimal128(..)
        | T::Decimal256(..)
        | T::Date32
        | T::Date64
        | T::Time32(_)
        | T::Time64(_)
        | T::Timestamp(..)
        | T::Duration(_) => true,
        numeric => numeric.is_integer() || numeric.is_floating(),
    }
}

/// Whether values of this type can be written as JSON.
pub(crate) fn is_writable(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            is_writable(field.data_type())
        }
        DataType::Struct(fields) => fields.iter().all(|field| is_writable(field.data_type())),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                is_key(fields[0].data_type()) && is_writable(fields[1].data_type())
            }
            _ => false,
        },
        DataType::Dictionary(_, value) => is_writable(value),
        scalar => is_scalar(scalar),
    }
}

/// Whether values of this type can be the keys of a JSON object.
fn is_key(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_key(value),
        other => other.is_integer(),
    }
}

impl<'a> Values<'a> {
    /// Looks at a column, once for all its values.
    pub(crate) fn new(array: &'a ArrayRef) -> Result<Self> {
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
            T::Float32 => Kind::Float32(array.as_primitive()),
            T::Float64 => Kind::Float64(array.as_primitive()),
            T::Decimal128(..) => Kind::Decimal128(array.as_primitive()),
            T::Decimal256(..) => Kind::Decimal256(array.as_primitive()),
            T::Date32 => Kind::Date32(values::<Date32Type>(array)),
            T::Date64 => Kind::Date64(values::<Date64Type>(array)),
            T::Time32(TimeUnit::Second) => Kind::Time32(values::<Time32SecondType>(array), TimeUnit::Second),
            T::Time32(unit) => Kind::Time32(values::<Time32MillisecondType>(array), *unit),
            T::Time64(TimeUnit::Nanosecond) => {
                Kind::Time64(values::<Time64NanosecondType>(array), TimeUnit::Nanosecond)
            }
            T::Time64(unit) => Kind::Time64(values::<Time64MicrosecondType>(array), *unit),
            T::Timestamp(unit, zone) => {
                let values = match unit {
                    TimeUnit::Second => values::<TimestampSecondType>(array),
                    TimeUnit::Millisecond => values::<TimestampMillisecondType>(array),
                    TimeUnit::Microsecond => values::<TimestampMicrosecondType>(array),
                    TimeUnit::Nanosecond => values::<TimestampNanosecondType>(array),
                };
                Kind::Timestamp(values, *unit, zone.is_some())
            }
            T::Duration(unit) => {
                let values = match unit {
                    TimeUnit::Second => values::<DurationSecondType>(array),
                    TimeUnit::Millisecond => values::<DurationMillisecondType>(array),
                    TimeUnit::Microsecond => values::<DurationMicrosecondType>(array),
                    TimeUnit::Nanosecond => values::<DurationNanosecondType>(array),
                };
                Kind::Duration(values, *unit)
            }
            T::Utf8 => Kind::Utf8(array.as_string()),
            T::LargeUtf8 => Kind::LargeUtf8(array.as_string()),
            T::Utf8View => Kind::Utf8View(array.as_string_view()),
            T::Binary => Kind::Binary(array.as_binary()),
            T::LargeBinary => Kind::LargeBinary(array.as_binary()),
            T::BinaryView => Kind::BinaryView(array.as_binary_view()),
            T::FixedSizeBinary(_) => Kind::FixedSizeBinary(array.as_fixed_size_binary()),
            T::List(_) => {
                let list = array.as_list::<i32>();
                Kind::List(list.value_offsets(), Box::new(Self::new(list.values())?))
            }
            T::LargeList(_) => {
                let list = array.as_list::<i64>();
                Kind::LargeList(list.value_offsets(), Box::new(Self::new(list.values())?))
            }
            T::FixedSizeList(_, length) => {
                let list = array.as_fixed_size_list();
                Kind::FixedSizeList(*length as usize, Box::new(Self::new(list.values())?))
            }
            T::Struct(fields) => {
                let columns = array.as_struct().columns();
                let members = fields.iter().zip(columns).enumerate().map(|(index, (field, column))| {
                    Ok((json_key(field.name(), index == 0), Self::new(column)?))
                });
                Kind::Struct(members.collect::<Result<_>>()?)
            }
            T::Map(..) => {
                let map = array.as_map();
                let (keys, values) = (Self::new(map.keys())?, Self::new(map.values())?);
                Kind::Map(map.value_offsets(), Box::new(keys), Box::new(values))
            }
            T::Dictionary(..) => {
                let dictionary = array.as_any_dictionary();
                Kind::Dictionary(dictionary.normalized_keys(), Box::new(Self::new(dictionary.values())?))
            }
            other => return Err(Error::internal(format!("no text form of a {other} column"))),
        };
        Ok(Self { nulls: array.nulls(), kind })
    }

    /// Whether the value of a row is null.
    #[inline]
    pub(crate) fn is_null(&self, row: usize) -> bool {
        if self.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            return true;
        }
        match &self.kind {
            Kind::Null => true,
            Kind::Dictionary(keys, values) => values.is_null(keys[row]),
            _ => false,
        }
    }

    /// Appends the value of a row.
    #[inline]
    pub(crate) fn write<S: Style>(&self, style: &S, row: usize, out: &mut Vec<u8>) {
        if self.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            return style.null(out);
        }
        match &self.kind {
            Kind::Null => style.null(out),
            Kind::Boolean(array) => style.boolean(array.value(row), out),
            Kind::Int8(values) => integer(values[row], out),
            Kind::Int16(values) => integer(values[row], out),
            Kind::Int32(values) => integer(values[row], out),
            Kind::Int64(values) => integer(values[row], out),
            Kind::UInt8(values) => integer(values[row], out),
            Kind::UInt16(values) => integer(values[row], out),
            Kind::UInt32(values) => integer(values[row], out),
            Kind::UInt64(values) => integer(values[row], out),
            Kind::Float16(array) => float(style, array.value(row).to_f32(), out),
            Kind::Float32(array) => float(style, array.value(row), out),
            Kind::Float64(array) => match array.value(row) {
                value if value.is_finite() => number::write_float(value, out),
                value => style.not_finite(value, out),
            },
            Kind::Decimal128(array) => number::write_decimal(array.value(row), array.scale(), out),
            Kind::Decimal256(array) => {
                let digits = array.value(row).to_string();
                let unsigned = digits.trim_start_matches('-');
                let negative = unsigned.len() < digits.len();
                number::write_scaled(negative, unsigned.as_bytes(), array.scale(), out);
            }
            Kind::Date32(values) => {
                style.plain(out, |out| calendar::write_date(i64::from(values[row]), out));
            }
            Kind::Date64(values) => style.plain(out, |out| date64(values[row], out)),
            Kind::Time32(values, unit) => {
                style.plain(out, |out| calendar::write_time(i64::from(values[row]), *unit, out));
            }
            Kind::Time64(values, unit) => {
                style.plain(out, |out| calendar::write_time(values[row], *unit, out));
            }
            Kind::Timestamp(values, unit, zoned) => {
                style.plain(out, |out| calendar::write_timestamp(values[row], *unit, *zoned, out));
            }
            Kind::Duration(values, unit) => {
                style.plain(out, |out| calendar::write_duration(values[row], *unit, out));
            }
            Kind::Utf8(array) => style.text(array.value(row), out),
            Kind::LargeUtf8(array) => style.text(array.value(row), out),
            Kind::Utf8View(array) => style.text(array.value(row), out),
            Kind::Binary(array) => style.binary(array.value(row), out),
            Kind::LargeBinary(array) => style.binary(array.value(row), out),
            Kind::BinaryView(array) => style.binary(array.value(row), out),
            Kind::FixedSizeBinary(array) => style.binary(array.value(row), out),
            Kind::List(offsets, values) => {
                values.write_list(style, offsets[row] as usize, offsets[row + 1] as usize, out);
            }
            Kind::LargeList(offsets, values) => {
                values.write_list(style, offsets[row] as usize, offsets[row + 1] as usize, out);
            }
            Kind::FixedSizeList(length, values) => {
                values.write_list(style, row * length, (row + 1) * length, out);
            }
            Kind::Struct(members) => write_struct(style, members, row, out),
            Kind::Map(offsets, keys, values) => {
                let entries = offsets[row] as usize..offsets[row + 1] as usize;
                write_map(style, entries, keys, values, out);
            }
            Kind::Dictionary(keys, values) => values.write(style, keys[row], out),
        }
    }

    fn write_list<S: Style>(&self, style: &S, from: usize, to: usize, out: &mut Vec<u8>) {
        out.push(b'[');
        for row in from..to {
            if row > from {
                out.push(b',');
            }
            self.write(style, row, out);
        }
        out.push(b']');
    }

    /// Whether a value of the column can be written as nothing at all: an empty text, or no bytes.
    pub(crate) fn can_be_empty(&self) -> bool {
        match &self.kind {
            Kind::Binary(_) | Kind::LargeBinary(_) | Kind::BinaryView(_) | Kind::FixedSizeBinary(_) => true,
            Kind::Dictionary(_, values) => values.can_be_empty(),
            _ => self.is_text(),
        }
    }

    fn is_text(&self) -> bool {
        match &self.kind {
            Kind::Utf8(_) | Kind::LargeUtf8(_) | Kind::Utf8View(_) => true,
            Kind::Dictionary(_, values) => values.is_text(),
            _ => false,
        }
    }
}

/// What stands before a member's value in a JSON object: `{"a":` for the first one, `,"b":` for the others.
pub(crate) fn json_key(name: &str, first: bool) -> Vec<u8> {
    let mut key = vec![if first { b'{' } else { b',' }];
    crate::jsonl::write_json_string(name, &mut key);
    key.push(b':');
    key
}

fn write_struct<S: Style>(style: &S, members: &[(Vec<u8>, Values<'_>)], row: usize, out: &mut Vec<u8>) {
    if members.is_empty() {
        out.push(b'{');
    }
    for (key, values) in members {
        out.extend_from_slice(key);
        values.write(style, row, out);
    }
    out.push(b'}');
}

fn write_map<S: Style>(
    style: &S,
    entries: std::ops::Range<usize>,
    keys: &Values<'_>,
    values: &Values<'_>,
    out: &mut Vec<u8>,
) {
    let start = entries.start;
    out.push(b'{');
    for entry in entries {
        if entry > start {
            out.push(b',');
        }
        if keys.is_text() {
            keys.write(style, entry, out);
        } else {
            style.plain(out, |out| keys.write(style, entry, out));
        }
        out.push(b':');
        values.write(style, entry, out);
    }
    out.push(b'}');
}

fn values<T: ArrowPrimitiveType>(array: &ArrayRef) -> &[T::Native] {
    let array: &PrimitiveArray<T> = array.as_primitive();
    array.values()
}

#[inline]
fn integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

#[inline]
fn float<S: Style, F: ryu::Float + Into<f64> + Copy>(style: &S, value: F, out: &mut Vec<u8>) {
    let wide: f64 = value.into();
    if wide.is_finite() {
        out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
    } else {
        style.not_finite(wide, out);
    }
}

/// A date in milliseconds; with its time of day in the odd case that it has one.
fn date64(milliseconds: i64, out: &mut Vec<u8>) {
    const DAY: i64 = 86_400_000;
    if milliseconds % DAY == 0 {
        calendar::write_date(milliseconds / DAY, out);
    } else {
        calendar::write_timestamp(milliseconds, TimeUnit::Millisecond, false, out);
    }
}

fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // The room is exactly what the encoding takes, so this cannot fail.
    let written = STANDARD.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
    out.truncate(start + written);
}
