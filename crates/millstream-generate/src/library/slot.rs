//! Functions whose values the generator computes before the expression is evaluated: they depend on more than the
//! row (on the rows of a parent, on the history of the cadence), and reach the expression as columns of its frame.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use millstream_expr::{Call, EvaluateError, Function, RowErrors};

/// A function that is a column of the frame.
#[derive(Debug)]
pub(crate) struct SlotFunction {
    /// The position of the column.
    pub(crate) position: [usize; 1],
    pub(crate) data_type: DataType,
    pub(crate) nullable: bool,
}

impl Function for SlotFunction {
    fn data_type(&self) -> DataType {
        self.data_type.clone()
    }

    fn nullable(&self) -> bool {
        self.nullable
    }

    fn columns(&self) -> &[usize] {
        &self.position
    }

    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        call.arguments
            .last()
            .cloned()
            .ok_or_else(|| EvaluateError::Host("a generated column is missing from the frame".to_owned()))
    }
}
