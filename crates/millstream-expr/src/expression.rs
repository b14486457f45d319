//! A compiled expression.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, BooleanBufferBuilder};
use arrow::compute::nullif;
use arrow::datatypes::DataType;

use crate::compile::Compiler;
use crate::errors::CompileError;
use crate::function::{Constant, Library};
use crate::node::Node;
use crate::parse::parse;
use crate::scope::{Frame, Scope};
use crate::{EvaluateError, RowErrors};

/// A compiled expression. Compiled once, it is evaluated for any number of frames, on any number of threads.
#[derive(Debug, Clone)]
pub struct Expression {
    root: Arc<Node>,
    data_type: DataType,
    constant: Option<Constant>,
    columns: Vec<usize>,
}

impl Expression {
    /// Compiles `source` with the columns of `scope` and the functions of `library`.
    ///
    /// # Errors
    /// What is wrong with the expression, with the range of bytes in `source` to point at.
    pub fn compile(source: &str, scope: &dyn Scope, library: &dyn Library) -> Result<Self, CompileError> {
        let syntax = parse(source)?;
        let root = Compiler::new(source, scope, library, &syntax).root(&syntax)?;
        let mut columns = Vec::new();
        root.collect_columns(&mut columns);
        columns.sort_unstable();
        columns.dedup();
        Ok(Self {
            data_type: root.type_.data_type(),
            constant: root.host_constant(),
            root: Arc::new(root),
            columns,
        })
    }

    /// The type of its values. A column or a library call alone keeps its Arrow type; whatever is computed is `Int64`,
    /// `Float64`, `Boolean`, `Utf8`, `Date32`, `Timestamp(Microsecond, _)` or `Null`.
    pub fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// Whether it may be null for a row that does not fail. Rows that fail are null whatever this says.
    pub fn nullable(&self) -> bool {
        self.root.nullable
    }

    /// Its value, if it does not depend on the row.
    pub fn constant(&self) -> Option<&Constant> {
        self.constant.as_ref()
    }

    /// The positions of the columns that it reads, ascending: a host need not compute others.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Its values for the rows of `frame`. Rows that fail are null, and are reported in `errors`: where a row is
    /// reported more than once, the first report is the cause of the others.
    ///
    /// # Errors
    /// Fails as a whole if the frame is not of the scope's types, if a host function fails, or if the texts of one
    /// column would pass 2 GiB.
    pub fn evaluate(&self, frame: &Frame<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let before = errors.len();
        let array = self.root.evaluate(frame, None, errors)?.into_array(frame.rows.len());
        if errors.len() == before || *array.data_type() == DataType::Null {
            return Ok(array);
        }
        // A part that failed is null; what the whole made of that null is no value of the row.
        let mut failed = BooleanBufferBuilder::new(frame.rows.len());
        failed.append_n(frame.rows.len(), false);
        errors.iter().skip(before).for_each(|(row, _)| failed.set_bit(row, true));
        Ok(nullif(&array, &BooleanArray::new(failed.finish(), None))?)
    }
}
