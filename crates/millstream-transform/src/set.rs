//! `set`: columns from expressions, in order.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use millstream_core::{RejectedRow, Result, RowErrorKind, Transform};
use millstream_expr::{CompileError, Expression, RowErrors};

use crate::evaluate::{batch_of, compile, evaluate, first_errors, internal, reject, without};

/// Sets columns; later expressions see what earlier ones set. A column that exists keeps its place, a new one comes
/// last.
pub struct Set {
    steps: Vec<Step>,
    schema: SchemaRef,
}

struct Step {
    expression: Expression,
    /// Where its column goes; the number of columns so far if it is new.
    position: usize,
    /// The columns after this step.
    schema: SchemaRef,
}

impl Set {
    /// Assignments over rows of `input`: name and expression. An error comes with the index of its assignment.
    pub fn new<'a>(
        assignments: impl IntoIterator<Item = (&'a str, &'a str)>,
        input: &SchemaRef,
    ) -> Result<Self, (usize, CompileError)> {
        let mut schema = input.clone();
        let mut steps = Vec::new();
        for (index, (name, source)) in assignments.into_iter().enumerate() {
            let expression = compile(source, &schema).map_err(|error| (index, error))?;
            // A column that is always null is text that is never there: no sink has a type for nothing.
            let data_type = match expression.data_type() {
                DataType::Null => DataType::Utf8,
                other => other.clone(),
            };
            let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
            let field = Arc::new(Field::new(name, data_type, true));
            let position = fields.iter().position(|existing| existing.name() == name).unwrap_or(fields.len());
            if position < fields.len() {
                fields[position] = field;
            } else {
                fields.push(field);
            }
            schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
            steps.push(Step { expression, position, schema: schema.clone() });
        }
        Ok(Self { steps, schema })
    }
}

impl Transform for Set {
    fn name(&self) -> &'static str {
        "set"
    }

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn apply(&self, batch: RecordBatch, rejected: &mut Vec<RejectedRow>) -> Result<RecordBatch> {
        let original = batch.clone();
        let mut errors = RowErrors::default();
        let mut current = batch;
        for step in &self.steps {
            let mut values = evaluate(&step.expression, &current, &mut errors)?;
            let wanted = step.schema.field(step.position).data_type();
            if values.data_type() != wanted {
                let options = CastOptions { safe: false, ..CastOptions::default() };
                values = cast_with_options(&values, wanted, &options).map_err(internal)?;
            }
            let rows = current.num_rows();
            let mut columns = current.columns().to_vec();
            if step.position < columns.len() {
                columns[step.position] = values;
            } else {
                columns.push(values);
            }
            current = batch_of(&step.schema, columns, rows)?;
        }
        let failures = first_errors(&errors);
        reject(&failures, RowErrorKind::Transform, &original, rejected)?;
        without(&failures, current)
    }
}
