//! Columns as another type: what the declared `type` of a column does to its values.

mod nested;
mod scalar;
#[cfg(test)]
mod tests;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Fields};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::expression::Expression;
use crate::{EvaluateError, RowErrors};

/// A conversion of whole columns from one type to another.
///
/// Values mean the same before and after, or do not fit: numbers are checked against the range of the type; a fraction
/// is cut off on the way to an integer, as by Python's `int()`, and rounded on the way to a decimal; text becomes what
/// it spells, and everything becomes the text that Python's `str()` gives; a datetime without a zone is the wall clock
/// of the zone that it gets, and a datetime that loses its zone keeps the wall clock. A null stays null.
#[derive(Debug, Clone)]
pub struct Conversion {
    to: DataType,
    way: Way,
}

/// A value that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Its row.
    pub row: usize,
    /// The value, as text.
    pub value: String,
}

#[derive(Debug, Clone)]
enum Way {
    /// There is nothing to do.
    Same,
    /// Only nulls.
    Nulls,
    /// Arrow's cast, which makes nulls of what does not fit.
    Cast,
    /// The same, but infinities that were finite do not fit.
    NarrowFloat,
    /// `str(value)`
    Text(Expression),
    /// The wall clock of the zone that is lost.
    WallClock,
    /// By way of another type.
    Through(Box<Conversion>, Box<Conversion>),
    List(Box<Conversion>),
    /// For each member, the position of its origin.
    Struct(Fields, Vec<(usize, Conversion)>),
    Map(Box<Conversion>, Box<Conversion>),
    /// The members of an object as the entries of a map.
    Entries(Vec<Conversion>),
}

impl Conversion {
    /// The way between two types; `None` if there is none that keeps what values mean.
    pub fn new(from: &DataType, to: &DataType) -> Option<Self> {
        let way = if from == to {
            Way::Same
        } else if *from == DataType::Null {
            Way::Nulls
        } else {
            nested::way(from, to).or_else(|| scalar::way(from, to))?
        };
        Some(Self { to: to.clone(), way })
    }

    /// The type of the converted values.
    pub fn data_type(&self) -> &DataType {
        &self.to
    }

    /// Whether nothing changes.
    pub fn is_identity(&self) -> bool {
        matches!(self.way, Way::Same)
    }

    /// The values as the other type, and the first one that does not fit, if any: its row is null in the result.
    ///
    /// # Errors
    /// Fails if the array is not of the type that the conversion was made for, or if texts would pass 2 GiB.
    pub fn convert(&self, array: &ArrayRef) -> Result<(ArrayRef, Option<Misfit>), EvaluateError> {
        let (converted, misfits) = self.apply(array)?;
        let misfit = misfits.first().map(|&row| Misfit { row, value: shown(array, row) });
        Ok((converted, misfit))
    }

    /// The converted values, and the rows that do not fit in ascending order.
    fn apply(&self, array: &ArrayRef) -> Result<(ArrayRef, Vec<usize>), EvaluateError> {
        Ok(match &self.way {
            Way::Same => (array.clone(), Vec::new()),
            Way::Nulls => (new_null_array(&self.to, array.len()), Vec::new()),
            Way::Cast => {
                let cast = safe_cast(array, &self.to)?;
                let misfits = new_nulls(array, &cast);
                (cast, misfits)
            }
            Way::NarrowFloat => scalar::narrow_float(array, &self.to)?,
            Way::Text(expression) => (scalar::text(expression, array)?, Vec::new()),
            Way::WallClock => scalar::wall_clock(array, &self.to)?,
            Way::Through(first, second) => {
                let (between, mut misfits) = first.apply(array)?;
                let (last, more) = second.apply(&between)?;
                misfits.extend(more);
                misfits.sort_unstable();
                (last, misfits)
            }
            Way::List(items) => nested::list(items, array, &self.to)?,
            Way::Struct(fields, members) => nested::object(fields, members, array)?,
            Way::Map(keys, values) => nested::map(keys, values, array, &self.to)?,
            Way::Entries(members) => nested::entries(members, array, &self.to)?,
        })
    }
}

fn safe_cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, EvaluateError> {
    let options = CastOptions { safe: true, ..CastOptions::default() };
    Ok(cast_with_options(array, to, &options)?)
}

/// The rows that are null now and were not before.
fn new_nulls(before: &ArrayRef, after: &ArrayRef) -> Vec<usize> {
    if after.logical_null_count() <= before.logical_null_count() {
        return Vec::new();
    }
    let (before, after) = (before.logical_nulls(), after.logical_nulls());
    let Some(after) = after else { return Vec::new() };
    (0..after.len())
        .filter(|&row| after.is_null(row) && before.as_ref().is_none_or(|before| before.is_valid(row)))
        .collect()
}

/// A value for a message: at most 60 characters of it.
fn shown(array: &ArrayRef, row: usize) -> String {
    let options = FormatOptions::default();
    let Ok(formatter) = ArrayFormatter::try_new(array, &options) else {
        return format!("a value of type {}", array.data_type());
    };
    let text = formatter.value(row).to_string();
    let quoted = matches!(array.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let short: String = text.chars().take(60).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    if quoted { format!("{short:?}{dots}") } else { format!("{short}{dots}") }
}
