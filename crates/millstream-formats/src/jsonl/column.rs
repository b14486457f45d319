//! Typed columns that read themselves from JSON, value by value, and can take back the values of a row that turns out
//! not to fit.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::builder::{BooleanBufferBuilder, NullBufferBuilder};
use arrow::array::{ArrayRef, StructArray};
use arrow::datatypes::{DataType, Fields, TimeUnit};
use arrow::error::ArrowError;

use super::cursor::{Cursor, Number, Parse, Problem, misfit, within};
use crate::calendar::{self, Zone};
use crate::number;
use crate::parse;
use crate::text::{clipped, shown};

/// A column in the making.
pub(super) struct Column {
    pub(super) data_type: DataType,
    nullable: bool,
    pub(super) nulls: NullBufferBuilder,
    pub(super) values: Values,
}

/// The values of a column; those of null rows are fillers.
pub(super) enum Values {
    Null,
    Boolean(BooleanBufferBuilder),
    /// Integers of up to 64 bits (unsigned ones of up to 32), with the smallest and the largest value that the type holds.
    Integer(Vec<i64>, i64, i64),
    UInt64(Vec<u64>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Decimal(Vec<i128>, u8, i8),
    /// Strings that are dates or times.
    Moment(Vec<i64>, Moment),
    /// Offsets, one more than values, and the bytes of all values: text, or bytes that were base64.
    Text(Vec<i32>, Vec<u8>),
    Binary(Vec<i32>, Vec<u8>),
    List(Vec<i32>, Box<Column>),
    Struct(Object),
    /// Offsets, keys (which are text) and values.
    Map(Vec<i32>, Box<Column>, Box<Column>),
}

/// The kinds of dates and times.
#[derive(Debug, Clone, Copy)]
pub(super) enum Moment {
    Date32,
    Date64,
    Time(TimeUnit),
    Timestamp(TimeUnit, Zone),
}

impl Moment {
    fn parse(self, text: &[u8]) -> Option<i64> {
        match self {
            Self::Date32 => calendar::parse_date(text).map(i64::from),
            Self::Date64 => calendar::parse_date(text).map(|days| i64::from(days) * 86_400_000),
            Self::Time(unit) => calendar::parse_time(text, unit),
            Self::Timestamp(unit, zone) => zone.parse(text, unit),
        }
    }
}

impl Column {
    /// An empty column; `None` if its type cannot be read from JSON.
    pub(super) fn new(data_type: &DataType, nullable: bool) -> Option<Self> {
        Some(Self {
            data_type: data_type.clone(),
            nullable,
            nulls: NullBufferBuilder::new(0),
            values: Values::new(data_type)?,
        })
    }

    #[inline]
    fn len(&self) -> usize {
        self.nulls.len()
    }

    /// Appends the value at the cursor.
    #[inline]
    pub(super) fn read(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        if cursor.peek() == b'n' {
            cursor.word("null")?;
            return self.read_null();
        }
        let Self { data_type, values, .. } = self;
        match values {
            Values::Integer(values, smallest, largest) => {
                let start = cursor.position();
                match cursor.number().ok().and_then(Number::to_i64) {
                    Some(value) if *smallest <= value && value <= *largest => values.push(value),
                    _ => return cursor.fail_value(start, |token| unfit(data_type, token)),
                }
            }
            Values::Float64(values) => {
                let start = cursor.position();
                match cursor.number().ok().and_then(|number| number::parse_float(number.text())) {
                    Some(value) => values.push(value),
                    None => return cursor.fail_value(start, |token| unfit(data_type, token)),
                }
            }
            Values::Text(offsets, bytes) => {
                if cursor.peek() != b'"' {
                    return cursor.fail_value(cursor.position(), |token| unfit(data_type, token));
                }
                cursor.string(bytes)?;
                offsets.push(bytes.len() as i32);
            }
            values => values.read_other(data_type, cursor)?,
        }
        self.nulls.append_non_null();
        Ok(())
    }

    fn read_null(&mut self) -> Parse<()> {
        if !self.nullable {
            return misfit("must not be null".to_owned());
        }
        self.append_null();
        Ok(())
    }

    /// Appends a null, or the filler in a null struct.
    fn append_null(&mut self) {
        match &mut self.values {
            Values::Null => {}
            Values::Boolean(values) => values.append(false),
            Values::Integer(values, ..) | Values::Moment(values, _) => values.push(0),
            Values::UInt64(values) => values.push(0),
            Values::Float32(values) => values.push(0.0),
            Values::Float64(values) => values.push(0.0),
            Values::Decimal(values, ..) => values.push(0),
            Values::Text(offsets, _)
            | Values::Binary(offsets, _)
            | Values::List(offsets, _)
            | Values::Map(offsets, ..) => offsets.push(offsets.last().copied().unwrap_or(0)),
            Values::Struct(object) => object.append_null(),
        }
        self.nulls.append_null();
    }

    /// Takes back all values after the first `length`.
    fn truncate(&mut self, length: usize) {
        match &mut self.values {
            Values::Null => {}
            Values::Boolean(values) => values.truncate(length),
            Values::Integer(values, ..) | Values::Moment(values, _) => values.truncate(length),
            Values::UInt64(values) => values.truncate(length),
            Values::Float32(values) => values.truncate(length),
            Values::Float64(values) => values.truncate(length),
            Values::Decimal(values, ..) => values.truncate(length),
            Values::Text(offsets, bytes) | Values::Binary(offsets, bytes) => {
                bytes.truncate(cut(offsets, length));
            }
            Values::List(offsets, child) => child.truncate(cut(offsets, length)),
            Values::Map(offsets, keys, values) => {
                let entries = cut(offsets, length);
                keys.truncate(entries);
                values.truncate(entries);
            }
            Values::Struct(object) => object.truncate(length),
        }
        self.nulls.truncate(length);
    }

    /// The column.
    pub(super) fn finish(self) -> Result<ArrayRef, ArrowError> {
        super::finish::array(self)
    }
}

/// Shortens offsets to those of `length` values; gives the end of the last one.
fn cut(offsets: &mut Vec<i32>, length: usize) -> usize {
    offsets.truncate(length + 1);
    offsets.last().map_or(0, |end| *end as usize)
}

impl Values {
    fn new(data_type: &DataType) -> Option<Self> {
        use DataType as T;
        let integer = |smallest, largest| Self::Integer(Vec::new(), smallest, largest);
        let moment = |moment| Self::Moment(Vec::new(), moment);
        Some(match data_type {
            T::Null => Self::Null,
            T::Boolean => Self::Boolean(BooleanBufferBuilder::new(0)),
            T::Int8 => integer(i8::MIN.into(), i8::MAX.into()),
            T::Int16 => integer(i16::MIN.into(), i16::MAX.into()),
            T::Int32 => integer(i32::MIN.into(), i32::MAX.into()),
            T::Int64 => integer(i64::MIN, i64::MAX),
            T::UInt8 => integer(0, u8::MAX.into()),
            T::UInt16 => integer(0, u16::MAX.into()),
            T::UInt32 => integer(0, u32::MAX.into()),
            T::UInt64 => Self::UInt64(Vec::new()),
            T::Float32 => Self::Float32(Vec::new()),
            T::Float64 => Self::Float64(Vec::new()),
            T::Decimal128(precision, scale) => Self::Decimal(Vec::new(), *precision, *scale),
            T::Date32 => moment(Moment::Date32),
            T::Date64 => moment(Moment::Date64),
            T::Time32(unit) | T::Time64(unit) => moment(Moment::Time(*unit)),
            T::Timestamp(unit, zone) => moment(Moment::Timestamp(*unit, Zone::new(zone.as_deref(), false))),
            T::Utf8 | T::LargeUtf8 | T::Utf8View => Self::Text(vec![0], Vec::new()),
            T::Binary | T::LargeBinary => Self::Binary(vec![0], Vec::new()),
            T::List(field) | T::LargeList(field) => {
                Self::List(vec![0], Box::new(Column::new(field.data_type(), field.is_nullable())?))
            }
            T::Struct(fields) => Self::Struct(Object::new(fields)?),
            T::Map(entries, _) => {
                let DataType::Struct(fields) = entries.data_type() else {
                    return None;
                };
                let [key, value] = fields.as_ref() else {
                    return None;
                };
                let keys = Column::new(key.data_type(), false)?;
                let values = Column::new(value.data_type(), value.is_nullable())?;
                if !matches!(keys.values, Self::Text(..)) {
                    return None;
                }
                Self::Map(vec![0], Box::new(keys), Box::new(values))
            }
            _ => return None,
        })
    }

    fn read_other(&mut self, data_type: &DataType, cursor: &mut Cursor<'_>) -> Parse<()> {
        let start = cursor.position();
        let read = match self {
            Self::Boolean(values) => match cursor.peek() {
                b't' if cursor.eat(b"true") => {
                    values.append(true);
                    true
                }
                b'f' if cursor.eat(b"false") => {
                    values.append(false);
                    true
                }
                _ => false,
            },
            Self::UInt64(values) => {
                let number =
                    cursor.number().ok().and_then(|number| number::parse_wide_integer(number.text()));
                push(values, number.and_then(|value| value.try_into().ok()))
            }
            Self::Float32(values) => {
                let number: Option<f32> =
                    cursor.number().ok().and_then(|number| fast_float2::parse(number.text()).ok());
                push(values, number.filter(|value| value.is_finite()))
            }
            Self::Decimal(values, precision, scale) => {
                let parse = |text: &[u8]| number::parse_decimal(text, *precision, *scale);
                let value = if cursor.peek() == b'"' {
                    parse(&cursor.short_string()?)
                } else {
                    cursor.number().ok().and_then(|number| parse(number.text()))
                };
                push(values, value)
            }
            Self::Moment(values, moment) if cursor.peek() == b'"' => {
                let text = cursor.short_string()?;
                let Some(value) = moment.parse(&text) else {
                    return misfit(parse::misfit(data_type, false, &text, &shown(&text)));
                };
                values.push(value);
                true
            }
            Self::Binary(offsets, bytes) if cursor.peek() == b'"' => {
                let mut decoded = Vec::new();
                let is_base64 = parse::base64(&cursor.short_string()?, &mut decoded);
                bytes.extend_from_slice(&decoded);
                offsets.push(bytes.len() as i32);
                is_base64
            }
            Self::List(offsets, child) if cursor.peek() == b'[' => {
                within("[]", read_list(child, cursor))?;
                offsets.push(child.len() as i32);
                true
            }
            Self::Struct(object) if cursor.peek() == b'{' => {
                object.read(cursor)?;
                true
            }
            Self::Map(offsets, keys, values) if cursor.peek() == b'{' => {
                read_map(keys, values, cursor)?;
                offsets.push(keys.len() as i32);
                true
            }
            _ => false,
        };
        if read {
            return Ok(());
        }
        cursor.fail_value(start, |token| unfit(data_type, token))
    }
}

/// Why a JSON value does not fit a column.
#[cold]
fn unfit(data_type: &DataType, token: &[u8]) -> String {
    parse::misfit(data_type, false, token, &clipped(token))
}

fn push<T>(values: &mut Vec<T>, value: Option<T>) -> bool {
    let read = value.is_some();
    values.extend(value);
    read
}

fn read_list(child: &mut Column, cursor: &mut Cursor<'_>) -> Parse<()> {
    cursor.skip();
    if cursor.peek() == b']' {
        cursor.skip();
        return Ok(());
    }
    loop {
        child.read(cursor)?;
        if !cursor.more(b']', "`,` or `]`")? {
            return Ok(());
        }
    }
}

fn read_map(keys: &mut Column, values: &mut Column, cursor: &mut Cursor<'_>) -> Parse<()> {
    cursor.skip();
    if cursor.peek() == b'}' {
        cursor.skip();
        return Ok(());
    }
    loop {
        if cursor.peek() != b'"' {
            return cursor.fail("a key in quotes");
        }
        keys.read(cursor)?;
        cursor.expect(b':', "`:`")?;
        values.read(cursor)?;
        if !cursor.more(b'}', "`,` or `}`")? {
            return Ok(());
        }
    }
}

/// The members of objects, a column for each.
pub(super) struct Object {
    fields: Fields,
    /// Each name as it is usually written, with its quotes and the colon.
    keys: Vec<Vec<u8>>,
    positions: HashMap<Vec<u8>, usize>,
    pub(super) columns: Vec<Column>,
    rows: usize,
}

impl Object {
    /// Empty columns; `None` if a type cannot be read from JSON, or two fields have one name.
    pub(super) fn new(fields: &Fields) -> Option<Self> {
        let mut columns = Vec::with_capacity(fields.len());
        let mut keys = Vec::with_capacity(fields.len());
        let mut positions = HashMap::with_capacity(fields.len());
        for (position, field) in fields.iter().enumerate() {
            columns.push(Column::new(field.data_type(), field.is_nullable())?);
            let mut key = Vec::new();
            super::write_json_string(field.name(), &mut key);
            key.push(b':');
            keys.push(key);
            if positions.insert(field.name().clone().into_bytes(), position).is_some() {
                return None;
            }
        }
        Some(Self { fields: fields.clone(), keys, positions, columns, rows: 0 })
    }

    /// The rows so far.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Appends the object at the cursor. After an error the columns have to be cut to the [`Object::rows`] there were.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        cursor.expect(b'{', "`{`")?;
        let mut found = 0;
        if cursor.peek() == b'}' {
            cursor.skip();
        } else {
            let mut next = 0;
            loop {
                let position = self.key(cursor, next)?;
                let column = &mut self.columns[position];
                if column.len() > self.rows {
                    return misfit(format!("the key {:?} comes twice", self.fields[position].name()));
                }
                within(self.fields[position].name(), column.read(cursor))?;
                found += 1;
                next = position + 1;
                if !cursor.more(b'}', "`,` or `}`")? {
                    break;
                }
            }
        }
        if found < self.columns.len() {
            for (column, field) in self.columns.iter_mut().zip(&self.fields) {
                if column.len() == self.rows {
                    within(field.name(), column.read_null())?;
                }
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Goes past a key and its colon; gives the position of its column. Keys mostly come in the order of the columns,
    /// so the one at `next` is tried first.
    #[inline]
    fn key(&self, cursor: &mut Cursor<'_>, next: usize) -> Parse<usize> {
        cursor.peek();
        if self.keys.get(next).is_some_and(|key| cursor.eat(key)) {
            return Ok(next);
        }
        self.other_key(cursor)
    }

    fn other_key(&self, cursor: &mut Cursor<'_>) -> Parse<usize> {
        let key = cursor.key()?;
        cursor.expect(b':', "`:`")?;
        match self.positions.get(key.as_ref()) {
            Some(position) => Ok(*position),
            None => misfit(format!("unexpected key {}", shown(&key))),
        }
    }

    fn append_null(&mut self) {
        self.columns.iter_mut().for_each(Column::append_null);
        self.rows += 1;
    }

    /// Takes back all rows after the first `length`.
    pub(super) fn truncate(&mut self, length: usize) {
        self.columns.iter_mut().for_each(|column| column.truncate(length));
        self.rows = length;
    }

    /// The columns as arrays.
    pub(super) fn finish(self) -> Result<Vec<ArrayRef>, ArrowError> {
        self.columns.into_iter().map(Column::finish).collect()
    }

    pub(super) fn into_struct(
        self,
        nulls: Option<arrow::buffer::NullBuffer>,
    ) -> Result<ArrayRef, ArrowError> {
        let (fields, rows) = (self.fields.clone(), self.rows);
        let array = StructArray::try_new_with_length(fields, self.finish()?, nulls, rows)?;
        Ok(Arc::new(array))
    }
}

/// A problem as the end of a message.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Syntax { at, expected } => write!(f, "no JSON: expected {expected} at byte {}", at + 1),
            Self::Misfit { path, reason } if path.is_empty() => f.write_str(reason),
            Self::Misfit { path, reason } => write!(f, "column {path:?}: {reason}"),
        }
    }
}
