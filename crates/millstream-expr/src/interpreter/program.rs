//! A program of the row fallback, from its source to a column.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::infer::infer;
use super::inputs::Inputs;
use super::ir::{Input, Program};
use super::lower::{Lowering, Syntax};
use super::machine::Machine;
use super::outputs::Writer;
use crate::errors::CompileError;
use crate::function::Library;
use crate::scope::Scope;
use crate::{EvaluateError, Frame, RowErrors};

/// A compiled program and the type of its values.
#[derive(Debug)]
pub(crate) struct Fallback {
    program: Program,
    data_type: DataType,
    nullable: bool,
}

impl Fallback {
    pub(crate) fn compile(
        source: &str,
        scope: &dyn Scope,
        library: &dyn Library,
        syntax: Syntax<'_>,
    ) -> Result<Self, CompileError> {
        let program = Lowering::lower(source, scope, library, syntax)?;
        let type_ = infer(&program, library)
            .map_err(|((start, end), message)| CompileError::new(start as usize..end as usize, message))?;
        let data_type = type_.data_type();
        if Writer::new(&data_type).is_none() {
            return Err(CompileError::new(
                0..source.len(),
                format!("values of type {data_type} can only be passed on and tested with `is None`"),
            ));
        }
        Ok(Self { nullable: type_.may_be_none() || data_type == DataType::Null, data_type, program })
    }

    pub(crate) fn data_type(&self) -> &DataType {
        &self.data_type
    }

    pub(crate) fn nullable(&self) -> bool {
        self.nullable
    }

    /// Adds the positions of the columns that it reads.
    pub(crate) fn collect_columns(&self, columns: &mut Vec<usize>) {
        for input in &self.program.inputs {
            match input {
                Input::Column { position, .. } => columns.push(*position),
                Input::Hoisted { node, .. } => node.collect_columns(columns),
            }
        }
    }

    /// The values for the rows of a frame; rows that fail are null.
    pub(crate) fn evaluate(
        &self,
        frame: &Frame<'_>,
        errors: &mut RowErrors,
    ) -> Result<ArrayRef, EvaluateError> {
        let Some(mut writer) = Writer::new(&self.data_type) else {
            return Err(EvaluateError::Host(format!("a column cannot be of type {}", self.data_type)));
        };
        let mut machine = Machine::new(&self.program, Inputs::new(&self.program, frame), frame.rows);
        for row in 0..frame.rows.len() {
            let result = machine.run(row);
            if let Some(fatal) = machine.take_fatal() {
                return Err(fatal);
            }
            match result {
                Ok(value) => {
                    if let Err(failure) = writer.add(&value) {
                        errors.report_at(row, failure.into_message(), None);
                    }
                }
                Err((failure, at)) => {
                    writer.null();
                    let range = at.map(|(start, end)| start as usize..end as usize);
                    errors.report_at(row, failure.into_message(), range);
                }
            }
        }
        writer.finish()
    }
}
