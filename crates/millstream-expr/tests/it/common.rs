//! A table to evaluate expressions over, and values as Python would print them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::util::display::array_value_to_string;
use millstream_expr::{CompileError, Expression, Frame, Library, NoLibrary, RowErrors, Scope};

/// Named columns of one length.
#[derive(Default)]
pub(crate) struct Table {
    names: Vec<String>,
    arrays: Vec<ArrayRef>,
    /// Columns that promise to have no nulls.
    required: Vec<usize>,
}

impl Scope for Table {
    fn column(&self, name: &str) -> Option<(usize, DataType)> {
        let position = self.names.iter().position(|column| column == name)?;
        Some((position, self.arrays[position].data_type().clone()))
    }

    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn nullable(&self, position: usize) -> bool {
        !self.required.contains(&position)
    }
}

impl Table {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, name: &str, array: impl Array + 'static) -> Self {
        self.names.push(name.to_owned());
        self.arrays.push(Arc::new(array));
        self
    }

    pub(crate) fn required(mut self, name: &str, array: impl Array + 'static) -> Self {
        self.required.push(self.names.len());
        self = self.with(name, array);
        self
    }

    pub(crate) fn ints<V: Into<Option<i64>>>(self, name: &str, values: impl IntoIterator<Item = V>) -> Self {
        self.with(name, values.into_iter().map(Into::into).collect::<Int64Array>())
    }

    pub(crate) fn floats<V: Into<Option<f64>>>(
        self,
        name: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.with(name, values.into_iter().map(Into::into).collect::<Float64Array>())
    }

    pub(crate) fn bools<V: Into<Option<bool>>>(
        self,
        name: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.with(name, values.into_iter().map(Into::into).collect::<BooleanArray>())
    }

    pub(crate) fn texts<'a, V: Into<Option<&'a str>>>(
        self,
        name: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.with(name, values.into_iter().map(Into::into).collect::<StringArray>())
    }

    pub(crate) fn arrays(&self) -> &[ArrayRef] {
        &self.arrays
    }

    pub(crate) fn len(&self) -> usize {
        self.arrays.first().map_or(1, Array::len)
    }

    pub(crate) fn compile(&self, source: &str) -> Result<Expression, CompileError> {
        Expression::compile(source, self, &NoLibrary)
    }

    pub(crate) fn error(&self, source: &str) -> CompileError {
        match self.compile(source) {
            Ok(expression) => panic!("{source} should be refused, but is {expression:?}"),
            Err(error) => error,
        }
    }

    pub(crate) fn evaluate(&self, expression: &Expression) -> (ArrayRef, RowErrors) {
        let rows: Vec<u64> = (0..self.len() as u64).collect();
        let frame = Frame { columns: &self.arrays, rows: &rows };
        let mut errors = RowErrors::default();
        let array = expression.evaluate(&frame, &mut errors).unwrap();
        assert_eq!(array.len(), rows.len());
        assert_eq!(array.data_type(), expression.data_type());
        (array, errors)
    }

    /// The value of each row as Python prints it, or `!` and the message of a row that failed.
    pub(crate) fn show(&self, source: &str) -> Vec<String> {
        self.show_with(source, &NoLibrary)
    }

    pub(crate) fn show_with(&self, source: &str, library: &dyn Library) -> Vec<String> {
        let expression = Expression::compile(source, self, library)
            .unwrap_or_else(|error| panic!("{source}: {error} at {:?}", error.range));
        let (array, errors) = self.evaluate(&expression);
        let mut shown: Vec<String> = (0..array.len()).map(|row| show(array.as_ref(), row)).collect();
        for (row, message) in errors.iter() {
            assert!(array.is_null(row), "row {row} of {source} failed, but has a value");
            shown[row] = format!("!{message}");
        }
        if !expression.nullable() {
            assert!(shown.iter().all(|value| value != "None"), "{source} promised not to be null");
        }
        shown
    }

    /// The only row's value.
    pub(crate) fn one(&self, source: &str) -> String {
        let mut shown = self.show(source);
        assert_eq!(shown.len(), 1);
        shown.remove(0)
    }
}

/// The value of a constant expression.
pub(crate) fn constant(source: &str) -> String {
    Table::new().one(source)
}

pub(crate) fn show(array: &dyn Array, row: usize) -> String {
    if array.is_null(row) || *array.data_type() == DataType::Null {
        return "None".to_owned();
    }
    match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => format!("{:?}", array.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => if array.as_boolean().value(row) { "True" } else { "False" }.to_owned(),
        DataType::Utf8 => format!("'{}'", array.as_string::<i32>().value(row)),
        _ => array_value_to_string(array, row).unwrap(),
    }
}
