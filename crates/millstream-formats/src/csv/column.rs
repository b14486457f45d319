//! Typed columns from fields. A column takes its fields of many rows at once, so that the type is looked at once per
//! strip and the loop over the rows knows its parser.

use std::sync::Arc;

use arrow::array::builder::{
    BooleanBuilder, GenericBinaryBuilder, GenericStringBuilder, NullBufferBuilder, StringViewBuilder,
};
use arrow::array::{ArrayRef, OffsetSizeTrait, PrimitiveArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Date64Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::records::Field;
use crate::calendar::{self, Zone};
use crate::number;
use crate::parse;

/// Some rows of a block, cut into fields, row after row.
pub(super) struct Strip<'a> {
    pub(super) bytes: &'a [u8],
    /// The same bytes, if all of them are UTF-8.
    pub(super) text: Option<&'a str>,
    pub(super) fields: &'a [Field],
    /// Fields in each row.
    pub(super) width: usize,
    pub(super) nulls: &'a NullValues,
    pub(super) quote: u8,
}

impl Strip<'_> {
    fn column(&self, index: usize) -> impl Iterator<Item = Field> {
        self.fields.chunks_exact(self.width).map(move |row| row[index])
    }
}

/// A column in the making.
pub(super) trait Column {
    /// Appends the fields of column `index`, one value for each row. Where a field does not fit, it appends a null
    /// and the row's number in the strip goes to `failed`.
    fn append(&mut self, strip: &Strip<'_>, index: usize, failed: &mut Vec<usize>);

    /// The column.
    fn finish(self: Box<Self>) -> ArrayRef;
}

/// The texts that stand for null.
#[derive(Debug)]
pub(super) struct NullValues {
    values: Vec<Vec<u8>>,
    /// Bit n: one of them has n bytes; bit 63: one of them has 63 or more.
    lengths: u64,
}

impl NullValues {
    pub(super) fn new(values: Vec<String>) -> Self {
        let lengths = values.iter().fold(0, |lengths, value| lengths | 1 << value.len().min(63));
        Self { values: values.into_iter().map(String::into_bytes).collect(), lengths }
    }

    #[inline]
    pub(super) fn contains(&self, value: &[u8]) -> bool {
        self.lengths >> value.len().min(63) & 1 == 1 && (value.is_empty() || self.find(value))
    }

    /// Whether `parse` would take one of them for a value.
    fn any_parses<T>(&self, parse: impl Fn(&[u8], usize, usize) -> Option<T>) -> bool {
        self.values.iter().any(|null| parse(null, 0, null.len()).is_some())
    }

    fn find(&self, value: &[u8]) -> bool {
        self.values.iter().any(|null| null == value)
    }
}

/// Whether a column of this type can be read from CSV.
pub(super) fn is_readable(data_type: &DataType) -> bool {
    column(data_type, false, &NullValues::new(Vec::new()), 0).is_some()
}

/// An empty column. `strict` columns take only texts that lose nothing by becoming a value: the types were inferred,
/// and no one said that `007` is a number.
pub(super) fn column(
    data_type: &DataType,
    strict: bool,
    nulls: &NullValues,
    capacity: usize,
) -> Option<Box<dyn Column>> {
    use DataType as T;
    let new = Maker { data_type, nulls, capacity };
    Some(match data_type {
        T::Int64 if strict => new.primitive::<Int64Type>(number::parse_plain_integer),
        T::Float64 if strict => new.primitive::<Float64Type>(|bytes, start, end| {
            let text = &bytes[start..end];
            number::parse_float(text).filter(|_| !number::has_leading_zero(text))
        }),
        T::Int64 => new.primitive::<Int64Type>(number::parse_integer),
        T::Int8 => new.integer::<Int8Type>(),
        T::Int16 => new.integer::<Int16Type>(),
        T::Int32 => new.integer::<Int32Type>(),
        T::UInt8 => new.integer::<UInt8Type>(),
        T::UInt16 => new.integer::<UInt16Type>(),
        T::UInt32 => new.integer::<UInt32Type>(),
        T::UInt64 => new.text::<UInt64Type>(|text| number::parse_wide_integer(text)?.try_into().ok()),
        T::Float32 => new.text::<Float32Type>(|text| fast_float2::parse(text).ok()),
        T::Float64 => new.text::<Float64Type>(number::parse_float),
        &T::Decimal128(precision, scale) => {
            new.text::<Decimal128Type>(move |text| number::parse_decimal(text, precision, scale))
        }
        T::Date32 => new.text::<Date32Type>(calendar::parse_date),
        T::Date64 => new.text::<Date64Type>(|text| Some(i64::from(calendar::parse_date(text)?) * 86_400_000)),
        T::Time32(TimeUnit::Second) => new.time32::<Time32SecondType>(TimeUnit::Second),
        T::Time32(unit) => new.time32::<Time32MillisecondType>(*unit),
        T::Time64(TimeUnit::Nanosecond) => new.time64::<Time64NanosecondType>(TimeUnit::Nanosecond),
        T::Time64(unit) => new.time64::<Time64MicrosecondType>(*unit),
        T::Timestamp(unit, zone) => {
            let zone = Zone::new(zone.as_deref(), strict);
            match unit {
                TimeUnit::Second => new.timestamp::<TimestampSecondType>(*unit, zone),
                TimeUnit::Millisecond => new.timestamp::<TimestampMillisecondType>(*unit, zone),
                TimeUnit::Microsecond => new.timestamp::<TimestampMicrosecondType>(*unit, zone),
                TimeUnit::Nanosecond => new.timestamp::<TimestampNanosecondType>(*unit, zone),
            }
        }
        T::Boolean => Box::new(BooleanColumn(BooleanBuilder::with_capacity(capacity))),
        T::Utf8 => new.strings::<i32>(),
        T::LargeUtf8 => new.strings::<i64>(),
        T::Utf8View => Box::new(TextColumn(StringViewBuilder::with_capacity(capacity))),
        T::Binary => new.binary::<i32>(),
        T::LargeBinary => new.binary::<i64>(),
        _ => return None,
    })
}

struct Maker<'a> {
    data_type: &'a DataType,
    nulls: &'a NullValues,
    capacity: usize,
}

impl Maker<'_> {
    fn primitive<T: ArrowPrimitiveType>(
        &self,
        parse: impl Fn(&[u8], usize, usize) -> Option<T::Native> + 'static,
    ) -> Box<dyn Column> {
        Box::new(PrimitiveColumn::<T, _> {
            data_type: self.data_type.clone(),
            values: Vec::with_capacity(self.capacity),
            nulls: NullBufferBuilder::new(self.capacity),
            null_first: self.nulls.any_parses(&parse),
            parse,
        })
    }

    fn text<T: ArrowPrimitiveType>(
        &self,
        parse: impl Fn(&[u8]) -> Option<T::Native> + 'static,
    ) -> Box<dyn Column> {
        self.primitive::<T>(move |bytes, start, end| parse(&bytes[start..end]))
    }

    fn integer<T: ArrowPrimitiveType<Native: TryFrom<i64>>>(&self) -> Box<dyn Column> {
        self.primitive::<T>(|bytes, start, end| number::parse_integer(bytes, start, end)?.try_into().ok())
    }

    fn time32<T: ArrowPrimitiveType<Native = i32>>(&self, unit: TimeUnit) -> Box<dyn Column> {
        self.text::<T>(move |text| calendar::parse_time(text, unit)?.try_into().ok())
    }

    fn time64<T: ArrowPrimitiveType<Native = i64>>(&self, unit: TimeUnit) -> Box<dyn Column> {
        self.text::<T>(move |text| calendar::parse_time(text, unit))
    }

    fn timestamp<T: ArrowPrimitiveType<Native = i64>>(&self, unit: TimeUnit, zone: Zone) -> Box<dyn Column> {
        self.text::<T>(move |text| zone.parse(text, unit))
    }

    fn strings<O: OffsetSizeTrait>(&self) -> Box<dyn Column> {
        let builder = GenericStringBuilder::<O>::with_capacity(self.capacity, self.capacity * 8);
        Box::new(TextColumn(builder))
    }

    fn binary<O: OffsetSizeTrait>(&self) -> Box<dyn Column> {
        Box::new(BinaryColumn(GenericBinaryBuilder::<O>::with_capacity(self.capacity, self.capacity * 8)))
    }
}

struct PrimitiveColumn<T: ArrowPrimitiveType, F> {
    data_type: DataType,
    values: Vec<T::Native>,
    nulls: NullBufferBuilder,
    /// Whether a text that stands for null has to be recognised before it is taken for a value. Where it cannot be
    /// mistaken, values need not be compared with it.
    null_first: bool,
    parse: F,
}

impl<T: ArrowPrimitiveType, F: Fn(&[u8], usize, usize) -> Option<T::Native>> Column
    for PrimitiveColumn<T, F>
{
    fn append(&mut self, strip: &Strip<'_>, index: usize, failed: &mut Vec<usize>) {
        let Self { values, nulls, null_first, parse, .. } = self;
        let bytes = strip.bytes;
        let mut valid = 0;
        values.extend(strip.column(index).enumerate().map(|(row, field)| {
            let (start, end) = (field.start(), field.end());
            let is_null = || strip.nulls.contains(&bytes[start..end]);
            let value = if *null_first && is_null() { None } else { parse(bytes, start, end) };
            if let Some(value) = value {
                valid += 1;
                return value;
            }
            nulls.append_n_non_nulls(valid);
            nulls.append_null();
            valid = 0;
            if !is_null() {
                failed.push(row);
            }
            T::default_value()
        }));
        nulls.append_n_non_nulls(valid);
    }

    fn finish(mut self: Box<Self>) -> ArrayRef {
        let array = PrimitiveArray::<T>::new(self.values.into(), self.nulls.finish());
        Arc::new(array.with_data_type(self.data_type))
    }
}

struct BooleanColumn(BooleanBuilder);

impl Column for BooleanColumn {
    fn append(&mut self, strip: &Strip<'_>, index: usize, failed: &mut Vec<usize>) {
        for (row, field) in strip.column(index).enumerate() {
            let text = &strip.bytes[field.start()..field.end()];
            let value = if strip.nulls.contains(text) {
                None
            } else {
                let value = parse::boolean(text);
                if value.is_none() {
                    failed.push(row);
                }
                value
            };
            self.0.append_option(value);
        }
    }

    fn finish(mut self: Box<Self>) -> ArrayRef {
        Arc::new(self.0.finish())
    }
}

/// The builders of the three kinds of text column.
trait TextBuilder {
    fn append(&mut self, value: &str);
    fn append_null(&mut self);
    fn array(&mut self) -> ArrayRef;
}

impl<O: OffsetSizeTrait> TextBuilder for GenericStringBuilder<O> {
    fn append(&mut self, value: &str) {
        self.append_value(value);
    }

    fn append_null(&mut self) {
        self.append_null();
    }

    fn array(&mut self) -> ArrayRef {
        Arc::new(self.finish())
    }
}

impl TextBuilder for StringViewBuilder {
    fn append(&mut self, value: &str) {
        self.append_value(value);
    }

    fn append_null(&mut self) {
        self.append_null();
    }

    fn array(&mut self) -> ArrayRef {
        Arc::new(self.finish())
    }
}

struct TextColumn<B>(B);

impl<B: TextBuilder> Column for TextColumn<B> {
    fn append(&mut self, strip: &Strip<'_>, index: usize, failed: &mut Vec<usize>) {
        for (row, field) in strip.column(index).enumerate() {
            let (start, end) = (field.start(), field.end());
            let raw = &strip.bytes[start..end];
            if !field.is_quoted() && strip.nulls.contains(raw) {
                self.0.append_null();
                continue;
            }
            let text = match strip.text {
                // Never fails: both ends are next to ASCII characters, or at the ends of the block.
                Some(text) => text.get(start..end),
                None => simdutf8::basic::from_utf8(raw).ok(),
            };
            match text {
                Some(text) if field.has_doubled_quotes() => {
                    let quote = char::from(strip.quote);
                    let mut buffer = [0; 4];
                    let quote: &str = quote.encode_utf8(&mut buffer);
                    self.0.append(&text.replace(&quote.repeat(2), quote));
                }
                Some(text) => self.0.append(text),
                None => {
                    self.0.append_null();
                    failed.push(row);
                }
            }
        }
    }

    fn finish(mut self: Box<Self>) -> ArrayRef {
        self.0.array()
    }
}

struct BinaryColumn<O: OffsetSizeTrait>(GenericBinaryBuilder<O>);

impl<O: OffsetSizeTrait> Column for BinaryColumn<O> {
    fn append(&mut self, strip: &Strip<'_>, index: usize, failed: &mut Vec<usize>) {
        let mut decoded = Vec::new();
        for (row, field) in strip.column(index).enumerate() {
            let text = &strip.bytes[field.start()..field.end()];
            if !field.is_quoted() && strip.nulls.contains(text) {
                self.0.append_null();
            } else if parse::base64(text, &mut decoded) {
                self.0.append_value(&decoded);
            } else {
                self.0.append_null();
                failed.push(row);
            }
        }
    }

    fn finish(mut self: Box<Self>) -> ArrayRef {
        Arc::new(self.0.finish())
    }
}
