//! `cast`: columns of another type.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{CastOptions, can_cast_types, cast_with_options, nullif};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use millstream_core::{RejectedRow, Result, RowErrorKind, Transform};

use crate::columns::UnknownColumn;
use crate::evaluate::{Failures, batch_of, internal, reject, without};

/// Gives columns other types. A value that does not fit is a row error, never a silent null.
pub struct Cast {
    casts: Vec<(usize, DataType)>,
    schema: SchemaRef,
}

/// Why columns cannot be cast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CastError {
    /// The column does not exist.
    Unknown(UnknownColumn),
    /// There is no way from the one type to the other.
    Impossible {
        /// Which of the given columns.
        index: usize,
        /// Its type.
        from: DataType,
        /// The type asked for.
        to: DataType,
    },
}

impl Cast {
    /// Casts over rows of `input`: name and type.
    pub fn new<'a>(
        casts: impl IntoIterator<Item = (&'a str, DataType)>,
        input: &SchemaRef,
    ) -> Result<Self, CastError> {
        let mut fields: Vec<Arc<Field>> = input.fields().iter().cloned().collect();
        let mut positions = Vec::new();
        for (index, (name, to)) in casts.into_iter().enumerate() {
            let Some((position, field)) = input.column_with_name(name) else {
                let columns = input.fields().iter().map(|field| field.name().clone()).collect();
                return Err(CastError::Unknown(UnknownColumn { index, name: name.to_owned(), columns }));
            };
            if !can_cast_types(field.data_type(), &to) {
                return Err(CastError::Impossible { index, from: field.data_type().clone(), to });
            }
            fields[position] = Arc::new(field.clone().with_data_type(to.clone()));
            positions.push((position, to));
        }
        let schema = Arc::new(Schema::new_with_metadata(fields, input.metadata().clone()));
        Ok(Self { casts: positions, schema })
    }
}

impl Transform for Cast {
    fn name(&self) -> &'static str {
        "cast"
    }

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn apply(&self, batch: RecordBatch, rejected: &mut Vec<RejectedRow>) -> Result<RecordBatch> {
        let mut failures = Failures::new();
        let mut columns = batch.columns().to_vec();
        let mut fields: Vec<Arc<Field>> = self.schema.fields().iter().cloned().collect();
        for (position, to) in &self.casts {
            // The safe cast gives null where a value does not fit, which shows the rows that fail.
            let before = batch.column(*position);
            let mut after = cast_with_options(before, to, &CastOptions::default()).map_err(internal)?;
            if before.data_type().is_floating() && to.is_integer() {
                // Arrow cuts off what is behind the decimal point; here that does not fit.
                let back = cast_with_options(&after, before.data_type(), &CastOptions::default())
                    .map_err(internal)?;
                after = nullif(&after, &distinct(before, &back).map_err(internal)?).map_err(internal)?;
            }
            if after.null_count() > before.null_count() {
                let name = self.schema.field(*position).name();
                for row in (0..batch.num_rows()).filter(|&row| after.is_null(row) && before.is_valid(row)) {
                    failures
                        .entry(row)
                        .or_insert_with(|| format!("column \"{name}\" does not fit the type {to}"));
                }
                fields[*position] = Arc::new(fields[*position].as_ref().clone().with_nullable(true));
            }
            columns[*position] = after;
        }
        reject(&failures, RowErrorKind::Cast, &batch, rejected)?;
        let loose = Arc::new(Schema::new(fields));
        let kept = without(&failures, batch_of(&loose, columns, batch.num_rows())?)?;
        let rows = kept.num_rows();
        batch_of(&self.schema, kept.columns().to_vec(), rows)
    }
}
