//! Expressions over the columns of a batch, and the rows on which they fail.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use millstream_core::{Encode as _, Error, Payload, RejectedRow, Result, RowErrorKind};
use millstream_expr::{CompileError, Expression, Frame, NoLibrary, RowErrors, Scope};
use millstream_formats::jsonl::JsonlEncoder;

/// The columns of a schema, by position.
pub(crate) struct Columns<'a>(pub(crate) &'a Schema);

impl Scope for Columns<'_> {
    fn column(&self, name: &str) -> Option<(usize, DataType)> {
        self.0.column_with_name(name).map(|(index, field)| (index, field.data_type().clone()))
    }

    fn names(&self) -> Vec<String> {
        self.0.fields().iter().map(|field| field.name().clone()).collect()
    }
}

/// Compiles an expression over the columns of `input`.
pub(crate) fn compile(source: &str, input: &Schema) -> Result<Expression, CompileError> {
    Expression::compile(source, &Columns(input), &NoLibrary)
}

/// The values of `expression` for each row of `batch`; failed rows are noted in `errors`.
pub(crate) fn evaluate(
    expression: &Expression,
    batch: &RecordBatch,
    errors: &mut RowErrors,
) -> Result<ArrayRef> {
    let rows: Vec<u64> = (0..batch.num_rows() as u64).collect();
    let frame = Frame { columns: batch.columns(), rows: &rows };
    expression
        .evaluate(&frame, errors)
        .map_err(|error| Error::internal("an expression failed").caused_by(error))
}

/// Rows that failed, in order, each with its first error.
pub(crate) type Failures = BTreeMap<usize, String>;

pub(crate) fn first_errors(errors: &RowErrors) -> Failures {
    let mut failures = Failures::new();
    for (index, message) in errors.iter() {
        failures.entry(index).or_insert_with(|| message.to_owned());
    }
    failures
}

/// Turns failures into rejected rows, whose payload is the original row.
pub(crate) fn reject(
    failures: &Failures,
    kind: RowErrorKind,
    original: &RecordBatch,
    rejected: &mut Vec<RejectedRow>,
) -> Result<()> {
    if failures.is_empty() {
        return Ok(());
    }
    let encoder = JsonlEncoder::new(&original.schema())?;
    for (&index, message) in failures {
        let mut json = Vec::new();
        encoder.encode(&original.slice(index, 1), &mut json)?;
        let text = String::from_utf8_lossy(json.trim_ascii_end()).into_owned();
        rejected.push(RejectedRow {
            kind,
            message: message.clone(),
            row_index: index as u64,
            payload: Payload::Row(text),
        });
    }
    Ok(())
}

/// The rows that did not fail.
pub(crate) fn without(failures: &Failures, batch: RecordBatch) -> Result<RecordBatch> {
    if failures.is_empty() {
        return Ok(batch);
    }
    let kept: BooleanArray =
        (0..batch.num_rows()).map(|index| Some(!failures.contains_key(&index))).collect();
    filter_record_batch(&batch, &kept).map_err(internal)
}

pub(crate) fn internal(error: arrow::error::ArrowError) -> Error {
    Error::internal("a column does not fit").caused_by(error)
}

/// A batch of `schema`, whose columns are known to fit it.
pub(crate) fn batch_of(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(internal)
}
