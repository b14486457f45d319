//! Kernels from a function of one row's values: typed in and out, so that the loop is compiled for the function.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{ArrayRef, PrimitiveArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{
    Date32Type, DurationMicrosecondType, Float64Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};

use super::map::{booleans, map2, primitive};
use super::text_builder::TextBuilder;
use crate::EvaluateError;
use crate::node::Kernel;
use crate::types::Type;
use crate::value::{Input, Rows, Texts, Value, union_nulls};

/// Why a row fails.
pub(crate) type Failure = &'static str;

/// How a column is read.
pub(crate) trait Lane: 'static {
    type Native: Copy + Default + 'static;

    fn read(value: &Value) -> Result<Input<'_, Self::Native>, EvaluateError>;
}

/// How a column is made.
pub(crate) trait Made: 'static {
    type Native: Clone + Default + 'static;

    fn column(values: Vec<Self::Native>, nulls: Option<NullBuffer>, type_: &Type) -> ArrayRef;
}

/// Ints, and whatever is counted in microseconds: datetimes, timedeltas, times.
pub(crate) struct Ints;
/// Floats.
pub(crate) struct Floats;
/// Dates.
pub(crate) struct Days;
/// Bools; only made.
pub(crate) struct Truths;

impl Lane for Ints {
    type Native = i64;

    fn read(value: &Value) -> Result<Input<'_, i64>, EvaluateError> {
        value.ints()
    }
}

impl Lane for Floats {
    type Native = f64;

    fn read(value: &Value) -> Result<Input<'_, f64>, EvaluateError> {
        value.floats()
    }
}

impl Lane for Days {
    type Native = i32;

    fn read(value: &Value) -> Result<Input<'_, i32>, EvaluateError> {
        value.days()
    }
}

impl Made for Ints {
    type Native = i64;

    fn column(values: Vec<i64>, nulls: Option<NullBuffer>, type_: &Type) -> ArrayRef {
        match type_ {
            Type::Datetime(zone) => Arc::new(
                PrimitiveArray::<TimestampMicrosecondType>::new(values.into(), nulls)
                    .with_timezone_opt(zone.clone()),
            ),
            Type::Timedelta => primitive::<DurationMicrosecondType>(values, nulls),
            Type::Time => primitive::<Time64MicrosecondType>(values, nulls),
            _ => primitive::<Int64Type>(values, nulls),
        }
    }
}

impl Made for Floats {
    type Native = f64;

    fn column(values: Vec<f64>, nulls: Option<NullBuffer>, _: &Type) -> ArrayRef {
        primitive::<Float64Type>(values, nulls)
    }
}

impl Made for Days {
    type Native = i32;

    fn column(values: Vec<i32>, nulls: Option<NullBuffer>, _: &Type) -> ArrayRef {
        primitive::<Date32Type>(values, nulls)
    }
}

impl Made for Truths {
    type Native = bool;

    fn column(values: Vec<bool>, nulls: Option<NullBuffer>, _: &Type) -> ArrayRef {
        booleans(BooleanBuffer::from(values), nulls)
    }
}

macro_rules! opaque {
    ($name:ident < $($parameter:ident),+ >) => {
        impl<$($parameter),+> fmt::Debug for $name<$($parameter),+> {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(stringify!($name))
            }
        }
    };
}

/// A function of one value.
pub(crate) struct Unary<A, R, F> {
    operation: F,
    type_: Type,
    lanes: PhantomData<fn(A) -> R>,
}

opaque!(Unary<A, R, F>);

pub(crate) fn unary<A: Lane, R: Made, F>(type_: Type, operation: F) -> Unary<A, R, F>
where
    F: Fn(A::Native) -> Result<R::Native, Failure> + Send + Sync,
{
    Unary { operation, type_, lanes: PhantomData }
}

impl<A: Lane, R: Made, F> Kernel for Unary<A, R, F>
where
    F: Fn(A::Native) -> Result<R::Native, Failure> + Send + Sync,
{
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let input = A::read(&inputs[0])?;
        let mut failed = false;
        let values = map2(input, Input::Scalar(()), rows.len, |value, ()| {
            (self.operation)(value).unwrap_or_else(|_| {
                failed = true;
                R::Native::default()
            })
        });
        let mut nulls = union_nulls(inputs);
        if failed {
            rows.fail_where(&mut nulls, |row| (self.operation)(input.get(row)).err().map(Into::into));
        }
        Ok(R::column(values, nulls, &self.type_))
    }
}

/// A function of two values.
pub(crate) struct Binary<A, B, R, F> {
    operation: F,
    type_: Type,
    lanes: PhantomData<fn(A, B) -> R>,
}

opaque!(Binary<A, B, R, F>);

pub(crate) fn binary<A: Lane, B: Lane, R: Made, F>(type_: Type, operation: F) -> Binary<A, B, R, F>
where
    F: Fn(A::Native, B::Native) -> Result<R::Native, Failure> + Send + Sync,
{
    Binary { operation, type_, lanes: PhantomData }
}

impl<A: Lane, B: Lane, R: Made, F> Kernel for Binary<A, B, R, F>
where
    F: Fn(A::Native, B::Native) -> Result<R::Native, Failure> + Send + Sync,
{
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let (left, right) = (A::read(&inputs[0])?, B::read(&inputs[1])?);
        let mut failed = false;
        let values = map2(left, right, rows.len, |left, right| {
            (self.operation)(left, right).unwrap_or_else(|_| {
                failed = true;
                R::Native::default()
            })
        });
        let mut nulls = union_nulls(inputs);
        if failed {
            rows.fail_where(&mut nulls, |row| {
                (self.operation)(left.get(row), right.get(row)).err().map(Into::into)
            });
        }
        Ok(R::column(values, nulls, &self.type_))
    }
}

/// The most inputs of a [`Several`].
pub(crate) const MOST: usize = 20;

/// One of the values of a row that [`Several`] reads.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Item {
    Int(i64),
    Float(f64),
}

impl Item {
    pub(crate) fn int(self) -> i64 {
        match self {
            Self::Int(value) => value,
            Self::Float(value) => value as i64,
        }
    }

    pub(crate) fn float(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// A function of up to [`MOST`] numbers, datetimes, dates.
pub(crate) struct Several<R, F> {
    operation: F,
    type_: Type,
    made: PhantomData<fn() -> R>,
}

opaque!(Several<R, F>);

pub(crate) fn several<R: Made, F>(type_: Type, operation: F) -> Several<R, F>
where
    F: Fn(&[Item]) -> Result<R::Native, Failure> + Send + Sync,
{
    Several { operation, type_, made: PhantomData }
}

enum Reader<'a> {
    Ints(Input<'a, i64>),
    Floats(Input<'a, f64>),
    Days(Input<'a, i32>),
}

impl Reader<'_> {
    fn get(&self, row: usize) -> Item {
        match self {
            Self::Ints(input) => Item::Int(input.get(row)),
            Self::Floats(input) => Item::Float(input.get(row)),
            Self::Days(input) => Item::Int(i64::from(input.get(row))),
        }
    }
}

impl<R: Made, F> Kernel for Several<R, F>
where
    F: Fn(&[Item]) -> Result<R::Native, Failure> + Send + Sync,
{
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let readers = inputs
            .iter()
            .map(|input| {
                input
                    .ints()
                    .map(Reader::Ints)
                    .or_else(|_| input.days().map(Reader::Days))
                    .or_else(|_| input.floats().map(Reader::Floats))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let at = |row: usize| {
            let mut items = [Item::Int(0); MOST];
            for (item, reader) in items.iter_mut().zip(&readers) {
                *item = reader.get(row);
            }
            (self.operation)(&items[..readers.len().min(MOST)])
        };
        let mut failed = false;
        let values = (0..rows.len)
            .map(|row| {
                at(row).unwrap_or_else(|_| {
                    failed = true;
                    R::Native::default()
                })
            })
            .collect();
        let mut nulls = union_nulls(inputs);
        if failed {
            rows.fail_where(&mut nulls, |row| at(row).err().map(Into::into));
        }
        Ok(R::column(values, nulls, &self.type_))
    }
}

/// A function of a text.
pub(crate) struct OfText<R, F> {
    operation: F,
    type_: Type,
    made: PhantomData<fn() -> R>,
}

opaque!(OfText<R, F>);

pub(crate) fn of_text<R: Made, F>(type_: Type, operation: F) -> OfText<R, F>
where
    F: Fn(&str) -> Result<R::Native, Failure> + Send + Sync,
{
    OfText { operation, type_, made: PhantomData }
}

impl<R: Made, F> Kernel for OfText<R, F>
where
    F: Fn(&str) -> Result<R::Native, Failure> + Send + Sync,
{
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let texts = inputs[0].texts()?;
        let mut nulls = union_nulls(inputs);
        let present = nulls.clone();
        let mut failed = false;
        let values = (0..rows.len)
            .map(|row| {
                if present.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                    return R::Native::default();
                }
                (self.operation)(texts.get(row)).unwrap_or_else(|_| {
                    failed = true;
                    R::Native::default()
                })
            })
            .collect();
        if failed {
            rows.fail_where(&mut nulls, |row| (self.operation)(texts.get(row)).err().map(Into::into));
        }
        Ok(R::column(values, nulls, &self.type_))
    }
}

/// A function from a text to a text, which it pushes; a row without one (`Ok(false)`) is null.
pub(crate) struct TextToText<F> {
    operation: F,
}

opaque!(TextToText<F>);

pub(crate) fn text_to_text<F>(operation: F) -> TextToText<F>
where
    F: Fn(&str, &mut TextBuilder) -> Result<bool, Failure> + Send + Sync,
{
    TextToText { operation }
}

impl<F> Kernel for TextToText<F>
where
    F: Fn(&str, &mut TextBuilder) -> Result<bool, Failure> + Send + Sync,
{
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let texts = inputs[0].texts()?;
        let nulls = union_nulls(inputs);
        let bytes = match &texts {
            Texts::Scalar(text) => text.len() * rows.len,
            Texts::Array(array) => array.value_data().len(),
        };
        let mut builder = TextBuilder::new(rows.len, bytes);
        for row in 0..rows.len {
            if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                builder.null();
                continue;
            }
            match (self.operation)(texts.get(row), &mut builder) {
                Ok(true) => builder.end(row, rows),
                Ok(false) => builder.null(),
                Err(message) => {
                    builder.null();
                    rows.fail(row, message);
                }
            }
        }
        builder.finish()
    }
}

/// Where a predicate of texts holds: true, and null elsewhere.
pub(crate) struct TextToTruth<F> {
    predicate: F,
}

opaque!(TextToTruth<F>);

pub(crate) fn text_to_truth<F>(predicate: F) -> TextToTruth<F>
where
    F: Fn(&str) -> bool + Send + Sync,
{
    TextToTruth { predicate }
}

impl<F> Kernel for TextToTruth<F>
where
    F: Fn(&str) -> bool + Send + Sync,
{
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let texts = inputs[0].texts()?;
        let nulls = union_nulls(inputs);
        let holds = BooleanBuffer::collect_bool(rows.len, |row| {
            nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) && (self.predicate)(texts.get(row))
        });
        Ok(booleans(BooleanBuffer::new_set(rows.len), Some(NullBuffer::new(holds))))
    }
}
