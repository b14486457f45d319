//! `filter`: keeps the rows for which an expression is true.

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, prep_null_mask_filter};
use arrow::datatypes::{DataType, SchemaRef};
use millstream_core::{RejectedRow, Result, RowErrorKind, Transform};
use millstream_expr::{CompileError, Expression, RowErrors};

use crate::evaluate::{compile, evaluate, first_errors, internal, reject};

/// Keeps the rows for which an expression is true; false and null rows are left out.
pub struct Filter {
    condition: Expression,
    schema: SchemaRef,
}

impl Filter {
    /// A filter over rows of `input`. The expression must be a bool.
    pub fn new(expression: &str, input: &SchemaRef) -> Result<Self, CompileError> {
        let condition = compile(expression, input)?;
        match condition.data_type() {
            DataType::Boolean | DataType::Null => Ok(Self { condition, schema: input.clone() }),
            other => Err(CompileError::of_host(
                0..expression.len(),
                format!("a filter needs a condition, this is of type {other}"),
                Some("compare it with something: `amount > 10`, `name != \"\"`, `id is not None`".to_owned()),
            )),
        }
    }
}

impl Transform for Filter {
    fn name(&self) -> &'static str {
        "filter"
    }

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn apply(&self, batch: RecordBatch, rejected: &mut Vec<RejectedRow>) -> Result<RecordBatch> {
        let mut errors = RowErrors::default();
        let values = evaluate(&self.condition, &batch, &mut errors)?;
        let mut kept = match values.as_boolean_opt() {
            Some(values) if values.null_count() > 0 => prep_null_mask_filter(values),
            Some(values) => values.clone(),
            None => BooleanArray::from(vec![false; batch.num_rows()]),
        };
        if !errors.is_empty() {
            let failures = first_errors(&errors);
            reject(&failures, RowErrorKind::Transform, &batch, rejected)?;
            let passes = |row| Some(kept.value(row) && !failures.contains_key(&row));
            kept = (0..batch.num_rows()).map(passes).collect();
        }
        if kept.true_count() == batch.num_rows() {
            return Ok(batch);
        }
        filter_record_batch(&batch, &kept).map_err(internal)
    }
}
