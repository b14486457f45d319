//! Texts that are put together from parts: f-strings, `str()`, and `+` and `join` of texts.

use std::borrow::Cow;

use arrow::array::{ArrayRef, StringArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};

use super::text_builder::TextBuilder;
use crate::EvaluateError;
use crate::format::float::{write_float, write_repr};
use crate::format::number::write_int;
use crate::format::spec::Spec;
use crate::format::temporal::{
    Moment, Piece, Precision, write_date, write_datetime, write_strftime, write_time,
};
use crate::format::text::write_text;
use crate::format::{Scratch, Sink};
use crate::modules::temporal::calendar::OUT_OF_RANGE;
use crate::modules::temporal::delta;
use crate::modules::temporal::moment::Zone;
use crate::types::Type;
use crate::value::{Bools, Input, Rows, Texts, Value};

/// The parts of a text, in order.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) parts: Vec<Part>,
}

#[derive(Debug)]
pub(crate) enum Part {
    Literal(String),
    Field {
        /// The index of the input.
        input: usize,
        type_: Type,
        format: Format,
        /// The zone of a datetime.
        zone: Option<Zone>,
        /// Whether a null is written as `None`; if not, it makes the whole text null.
        shows_none: bool,
    },
}

#[derive(Debug)]
pub(crate) enum Format {
    /// As `str()` has it.
    Plain,
    Spec(Spec),
    Strftime(Vec<Piece>),
    /// `isoformat`: what stands between date and time, and how much of the time.
    Iso(char, Precision),
}

/// A part with the values of its field at hand.
enum Field<'a> {
    Literal(&'a str),
    Ints(Input<'a, i64>),
    FormattedInts(Input<'a, i64>, &'a Spec),
    Floats(Input<'a, f64>),
    FormattedFloats(Input<'a, f64>, &'a Spec),
    Bools(&'a BooleanBuffer),
    Texts(&'a StringArray),
    FormattedTexts(Texts<'a>, &'a Spec),
    Dates(Input<'a, i32>, &'a Format),
    Datetimes(Input<'a, i64>, Option<&'a Zone>, &'a Format),
    Times(Input<'a, i64>, &'a Format),
    Timedeltas(Input<'a, i64>),
    None,
}

/// A field, the rows in which it is written as `None`, and whether that is refused.
struct Prepared<'a> {
    field: Field<'a>,
    none_where: Option<&'a NullBuffer>,
    refuses_none: bool,
    /// Whether it can fail: then it is asked also where another part makes the text null.
    can_fail: bool,
}

impl Template {
    pub(crate) fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError> {
        let mut literal_bytes = 0;
        let prepared = self
            .parts
            .iter()
            .map(|part| {
                literal_bytes += match part {
                    Part::Literal(text) => text.len(),
                    Part::Field { .. } => 8,
                };
                prepare(part, inputs)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let nulls = NullBuffer::union_many(self.parts.iter().map(|part| match part {
            Part::Field { input, shows_none: false, .. } => inputs[*input].nulls(),
            _ => None,
        }));

        let mut scratch = Scratch::default();
        let mut builder = TextBuilder::new(rows.len, rows.len.saturating_mul(literal_bytes));
        for row in 0..rows.len {
            let null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
            let mut failure = None;
            for part in &prepared {
                if null && !part.can_fail {
                    continue;
                }
                if part.none_where.is_some_and(|nulls| nulls.is_null(row)) {
                    if part.refuses_none {
                        failure = Some("None cannot be formatted with a format specification");
                        break;
                    }
                    builder.push("None");
                } else if let Err(message) = write_field(&part.field, row, &mut scratch, &mut builder) {
                    failure = Some(message);
                    break;
                }
            }
            match failure {
                None if null => builder.null(),
                None => builder.end(row, rows),
                Some(message) => {
                    builder.null();
                    rows.fail(row, Cow::Borrowed(message));
                }
            }
        }
        builder.finish()
    }
}

fn prepare<'a>(part: &'a Part, inputs: &'a [Value]) -> Result<Prepared<'a>, EvaluateError> {
    let (input, type_, format, zone, shows_none) = match part {
        Part::Literal(text) => {
            return Ok(Prepared {
                field: Field::Literal(text),
                none_where: None,
                refuses_none: false,
                can_fail: false,
            });
        }
        Part::Field { input, type_, format, zone, shows_none } => {
            (&inputs[*input], type_, format, zone.as_ref(), *shows_none)
        }
    };
    let field = match (type_, format) {
        (Type::Int, Format::Spec(spec)) => Field::FormattedInts(input.ints()?, spec),
        (Type::Int, _) => Field::Ints(input.ints()?),
        (Type::Float, Format::Spec(spec)) => Field::FormattedFloats(input.floats()?, spec),
        (Type::Float, _) => Field::Floats(input.floats()?),
        (Type::Bool, _) => match input.bools()? {
            Bools::Bits(bits) => Field::Bools(bits),
            Bools::Scalar(true) => Field::Literal("True"),
            Bools::Scalar(false) => Field::Literal("False"),
        },
        (Type::Str, Format::Spec(spec)) => Field::FormattedTexts(input.texts()?, spec),
        (Type::Str, _) => match input.texts()? {
            Texts::Array(array) => Field::Texts(array),
            Texts::Scalar(text) => Field::Literal(text),
        },
        (Type::Date, format) => Field::Dates(input.days()?, format),
        (Type::Datetime(_), format) => Field::Datetimes(input.ints()?, zone, format),
        (Type::Time, format) => Field::Times(input.ints()?, format),
        (Type::Timedelta, _) => Field::Timedeltas(input.ints()?),
        (Type::Null | Type::Raw(_), _) => Field::None,
    };
    Ok(Prepared {
        field,
        none_where: if shows_none { input.nulls() } else { None },
        refuses_none: !matches!(format, Format::Plain),
        can_fail: !matches!(format, Format::Plain) || type_.is_temporal() || *type_ == Type::Time,
    })
}

fn write_field(
    field: &Field<'_>,
    row: usize,
    scratch: &mut Scratch,
    sink: &mut TextBuilder,
) -> Result<(), &'static str> {
    match field {
        Field::Literal(text) => sink.push(text),
        Field::Ints(values) => sink.push(itoa::Buffer::new().format(values.get(row))),
        Field::FormattedInts(values, spec) => write_int(values.get(row), spec, scratch, sink),
        Field::Floats(values) => write_repr(values.get(row), sink),
        Field::FormattedFloats(values, spec) => write_float(values.get(row), spec, scratch, sink),
        Field::Bools(values) => sink.push(if values.value(row) { "True" } else { "False" }),
        Field::Texts(values) => sink.push(values.value(row)),
        Field::FormattedTexts(values, spec) => write_text(values.get(row), spec, sink),
        Field::Dates(values, format) => {
            let moment = Moment::from_days(values.get(row)).ok_or(OUT_OF_RANGE)?;
            match format {
                Format::Strftime(pieces) => write_strftime(moment, pieces, sink),
                _ => write_date(moment, sink),
            }
        }
        Field::Datetimes(values, zone, format) => {
            let moment = Moment::from_microseconds(values.get(row), *zone).ok_or(OUT_OF_RANGE)?;
            match format {
                Format::Strftime(pieces) => write_strftime(moment, pieces, sink),
                Format::Iso(separator, precision) => write_datetime(moment, *separator, *precision, sink),
                _ => write_datetime(moment, ' ', Precision::Auto, sink),
            }
        }
        Field::Times(values, format) => {
            let moment = Moment::from_time(values.get(row)).ok_or(OUT_OF_RANGE)?;
            match format {
                Format::Strftime(pieces) => write_strftime(moment, pieces, sink),
                Format::Iso(_, precision) => write_time(moment, *precision, sink),
                _ => write_time(moment, Precision::Auto, sink),
            }
        }
        Field::Timedeltas(values) => {
            scratch.body.clear();
            // Writing into a string cannot fail.
            let _ = delta::write(values.get(row), &mut scratch.body);
            sink.push(&scratch.body);
        }
        Field::None => sink.push("None"),
    }
    Ok(())
}
