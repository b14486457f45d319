//! A compiled expression.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, BooleanBufferBuilder};
use arrow::compute::nullif;
use arrow::datatypes::DataType;

use crate::compile::Compiler;
use crate::errors::CompileError;
use crate::function::{Constant, Library};
use crate::interpreter::{Fallback, Syntax};
use crate::node::Node;
use crate::parse::{Parsed, parse_any};
use crate::scope::{Frame, Scope};
use crate::{EvaluateError, RowErrors};

/// A compiled expression. Compiled once, it is evaluated for any number of frames, on any number of threads.
#[derive(Debug, Clone)]
pub struct Expression {
    plan: Plan,
    data_type: DataType,
    constant: Option<Constant>,
    columns: Vec<usize>,
    row_by_row: Option<RowByRow>,
    text: Arc<str>,
}

#[derive(Debug, Clone)]
enum Plan {
    Vectorised(Arc<Node>),
    Fallback(Arc<Fallback>),
}

/// Why an expression is evaluated row by row, and not column by column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowByRow {
    /// The construct: `comprehensions`, `an assignment`.
    pub construct: String,
    /// The bytes of the expression's text that hold it.
    pub range: Range<usize>,
}

impl Expression {
    /// Compiles `source` with the columns of `scope` and the functions of `library`: an expression, or a block of
    /// statements that returns a value.
    ///
    /// # Errors
    /// What is wrong with the expression, with the range of bytes in `source` to point at.
    pub fn compile(source: &str, scope: &dyn Scope, library: &dyn Library) -> Result<Self, CompileError> {
        match parse_any(source)? {
            Parsed::Expression(syntax) => {
                let error = match Compiler::new(source, scope, library, &syntax).root(&syntax) {
                    Ok(root) => return Ok(Self::vectorised(root, source)),
                    Err(error) => error,
                };
                let range = error.range.clone();
                match error.not_vectorised.clone() {
                    None => Err(error),
                    Some(construct) => {
                        let fallback =
                            Fallback::compile(source, scope, library, Syntax::Expression(&syntax))?;
                        Ok(Self::fallback(fallback, RowByRow { construct, range }, source))
                    }
                }
            }
            Parsed::Block(statements) => {
                let fallback = Fallback::compile(source, scope, library, Syntax::Block(&statements))?;
                let reason =
                    RowByRow { construct: "a block of statements".to_owned(), range: 0..source.len() };
                Ok(Self::fallback(fallback, reason, source))
            }
        }
    }

    /// Compiles for the evaluation row by row, whatever the construct.
    #[cfg(test)]
    pub(crate) fn compile_by_row(
        source: &str,
        scope: &dyn Scope,
        library: &dyn Library,
    ) -> Result<Self, CompileError> {
        let reason = RowByRow { construct: "a test".to_owned(), range: 0..source.len() };
        let fallback = match parse_any(source)? {
            Parsed::Expression(syntax) => {
                Fallback::compile(source, scope, library, Syntax::Expression(&syntax))?
            }
            Parsed::Block(statements) => {
                Fallback::compile(source, scope, library, Syntax::Block(&statements))?
            }
        };
        Ok(Self::fallback(fallback, reason, source))
    }

    fn vectorised(root: Node, source: &str) -> Self {
        let mut columns = Vec::new();
        root.collect_columns(&mut columns);
        columns.sort_unstable();
        columns.dedup();
        Self {
            data_type: root.type_.data_type(),
            constant: root.host_constant(),
            plan: Plan::Vectorised(Arc::new(root)),
            columns,
            row_by_row: None,
            text: source.into(),
        }
    }

    fn fallback(fallback: Fallback, reason: RowByRow, source: &str) -> Self {
        let mut columns = Vec::new();
        fallback.collect_columns(&mut columns);
        columns.sort_unstable();
        columns.dedup();
        Self {
            data_type: fallback.data_type().clone(),
            constant: None,
            plan: Plan::Fallback(Arc::new(fallback)),
            columns,
            row_by_row: Some(reason),
            text: source.into(),
        }
    }

    /// The text that it was compiled from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Why it is evaluated row by row, which takes about a microsecond for each row; none if it is evaluated column by
    /// column.
    pub fn row_by_row(&self) -> Option<&RowByRow> {
        self.row_by_row.as_ref()
    }

    /// The type of its values. A column or a library call alone keeps its Arrow type; whatever is computed is `Int64`,
    /// `Float64`, `Boolean`, `Utf8`, `Date32`, `Timestamp(Microsecond, _)` or `Null`.
    pub fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// Whether it may be null for a row that does not fail. Rows that fail are null whatever this says.
    pub fn nullable(&self) -> bool {
        match &self.plan {
            Plan::Vectorised(root) => root.nullable,
            Plan::Fallback(fallback) => fallback.nullable(),
        }
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
        let root = match &self.plan {
            Plan::Vectorised(root) => root,
            Plan::Fallback(fallback) => return fallback.evaluate(frame, errors),
        };
        let array = root.evaluate(frame, None, errors)?.into_array(frame.rows.len());
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
