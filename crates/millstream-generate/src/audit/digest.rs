//! Values as digests of 128 bits: what has to be remembered of values that must not repeat, or must be found.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher as _;

use arrow::array::{Array as _, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use arrow::row::{RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use millstream_core::{Error, Result};

use super::{Check, Property};

/// The digests of rows of some columns; `None` where one of them is null.
pub(super) struct Digests(RowConverter);

impl Digests {
    /// For columns of these types; `None` if a type has no order.
    pub(super) fn new<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Option<Self> {
        let fields = types.into_iter().map(|data_type| SortField::new(data_type.clone())).collect();
        RowConverter::new(fields).ok().map(Self)
    }

    pub(super) fn of(&self, columns: &[ArrayRef]) -> Result<Vec<Option<u128>>> {
        let nulls: Vec<_> = columns.iter().filter_map(arrow::array::Array::logical_nulls).collect();
        let whole = |row: usize| nulls.iter().all(|nulls| nulls.is_valid(row));
        let digests = self.of_all(columns)?.into_iter().enumerate();
        Ok(digests.map(|(row, digest)| whole(row).then_some(digest)).collect())
    }

    /// Those of all rows: nulls equal each other.
    pub(super) fn of_all(&self, columns: &[ArrayRef]) -> Result<Vec<u128>> {
        let failed =
            |error| Error::internal("values cannot be compared with those of other rows").caused_by(error);
        let rows = self.0.convert_columns(columns).map_err(failed)?;
        Ok(rows.iter().map(|row| digest(row.as_ref())).collect())
    }
}

/// `SipHash` twice: a chance of 2^-64 and less that two of a billion values are taken for one.
fn digest(bytes: &[u8]) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(salt);
        hasher.write(bytes);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

/// Columns whose rows must not repeat.
pub(super) struct Distinct {
    columns: Vec<usize>,
    digests: Option<Digests>,
    seen: HashSet<u128>,
    rows: u64,
    nulls: u64,
    repeated: u64,
    /// The first value that came again.
    first: Option<String>,
}

impl Distinct {
    pub(super) fn new(schema: &Schema, columns: Vec<usize>) -> Self {
        let types = columns.iter().map(|&column| schema.field(column).data_type());
        let digests = Digests::new(types);
        Self { columns, digests, seen: HashSet::new(), rows: 0, nulls: 0, repeated: 0, first: None }
    }

    pub(super) fn columns(&self) -> &[usize] {
        &self.columns
    }

    pub(super) fn see(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(digests) = &self.digests else { return Ok(()) };
        let columns: Vec<ArrayRef> =
            self.columns.iter().map(|&column| batch.column(column).clone()).collect();
        for (row, digest) in digests.of(&columns)?.into_iter().enumerate() {
            self.rows += 1;
            match digest {
                None => self.nulls += 1,
                Some(digest) if self.seen.insert(digest) => {}
                Some(_) => {
                    self.repeated += 1;
                    if self.first.is_none() {
                        let values: Vec<String> = columns.iter().map(|column| shown(column, row)).collect();
                        self.first = Some(values.join(", "));
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn check(self, property: Property, names: &[&str]) -> Check {
        if self.digests.is_none() {
            return Check::skipped(names, property, "values of this type cannot be compared");
        }
        if property == Property::PrimaryKey && self.nulls > 0 {
            return Check::new(
                names,
                property,
                false,
                format!("{} of {} rows are null", self.nulls, self.rows),
            );
        }
        let different = self.seen.len();
        let detail = match &self.first {
            None => format!("{different} different values"),
            Some(first) => format!("{} of {} rows repeat a value, such as {first}", self.repeated, self.rows),
        };
        Check::new(names, property, self.repeated == 0, detail)
    }
}

/// A value as text, at most 40 characters of it; texts in quotes.
pub(crate) fn shown(array: &ArrayRef, row: usize) -> String {
    let options = FormatOptions::default().with_null("None");
    let Ok(formatter) = ArrayFormatter::try_new(array, &options) else {
        return array.data_type().to_string();
    };
    let text = formatter.value(row).to_string();
    let short: String = text.chars().take(40).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    let is_text = matches!(array.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    if is_text && array.is_valid(row) { format!("{short:?}{dots}") } else { format!("{short}{dots}") }
}
