//! How a host adds functions of its own to the language: `random.choice`, `fake.email`, `foreign_key`.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use crate::RowErrors;

/// A value that is known when the expression is compiled.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// `None`
    None,
    /// `True`, `False`
    Bool(bool),
    /// `42`
    Int(i64),
    /// `4.2`
    Float(f64),
    /// `"text"`
    Str(String),
    /// `[1, 2]` or `(1, 2)`
    List(Vec<Constant>),
    /// `{"gold": 5}`, in the order in which it is written
    Dict(Vec<(Constant, Constant)>),
}

/// An argument of a call.
#[derive(Debug, Clone)]
pub struct Argument {
    /// The keyword, if it was written with one.
    pub name: Option<String>,
    /// The type of its values, as [`Call::arguments`] holds them: narrower numbers, texts of other layouts and datetimes
    /// of other units have been widened to `Int64`, `Float64`, `Utf8` and microseconds. A constant list or dict has the type of [`DataType::Null`] and must be read from `constant`.
    pub data_type: DataType,
    /// Its value, if it does not depend on the row.
    pub constant: Option<Constant>,
    /// The text of the argument, as it was written.
    pub source: String,
}

/// A call as it stands in the expression.
#[derive(Debug)]
pub struct CallSite<'a> {
    /// The dotted name: `random.choice`, `fake.email`, `foreign_key`.
    pub path: &'a str,
    /// 0 for the first library call of the expression in reading order, then 1, 2 …: it separates random substreams.
    pub ordinal: u64,
    /// How often the call was made before for the same row: 0 but in loops, where each execution draws from a
    /// substream of its own.
    pub repetition: u64,
    /// The arguments, positional ones first.
    pub arguments: &'a [Argument],
}

/// Why a call is wrong. `argument` is the index of the argument to point at; `None` points at the call.
#[derive(Debug, Clone)]
pub struct CallError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
    /// The argument that is wrong.
    pub argument: Option<usize>,
}

/// The functions that a host offers.
pub trait Library: Send + Sync {
    /// The function for a call; `Ok(None)` if there is none of that name.
    fn resolve(&self, call: &CallSite<'_>) -> Result<Option<Arc<dyn Function>>, CallError>;

    /// All names, for suggestions.
    fn names(&self) -> Vec<String>;

    /// A library that stays with the expression, for calls whose arguments only the row knows (in loops, or of lists
    /// that are made for the row): it is asked for a function while rows are evaluated, with constant arguments. None
    /// if such calls are not possible.
    fn for_rows(&self) -> Option<Arc<dyn Library>> {
        None
    }

    /// The clock that `datetime.now()` and its like read, in microseconds since the Unix epoch: it stands still while
    /// the expression lives. Without one, they are refused.
    fn now(&self) -> Option<i64> {
        None
    }
}

/// A library without functions.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLibrary;

impl Library for NoLibrary {
    fn resolve(&self, _: &CallSite<'_>) -> Result<Option<Arc<dyn Function>>, CallError> {
        Ok(None)
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A function over whole columns.
pub trait Function: Send + Sync + std::fmt::Debug {
    /// The type of its values.
    fn data_type(&self) -> DataType;

    /// Whether it may give nulls.
    fn nullable(&self) -> bool;

    /// Columns of the frame that it reads besides its arguments, by position: they follow the arguments in
    /// [`Call::arguments`], and the expression lists them among its columns. A host fills them with what depends on
    /// more than the row, such as a drawn parent.
    fn columns(&self) -> &[usize] {
        &[]
    }

    /// Its values for the rows of `call`. Rows that `call.selected` leaves out need no value (null will do), and must
    /// not be reported as errors.
    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, crate::EvaluateError>;
}

/// The rows that a function is evaluated for.
#[derive(Debug)]
pub struct Call<'a> {
    /// The argument columns, in the order of [`CallSite::arguments`], each `len` long. Constant arguments that are
    /// lists or dicts come as null columns.
    pub arguments: &'a [ArrayRef],
    /// The identity of each row: its index in its table. Draws are keyed by it.
    pub rows: &'a [u64],
    /// Which rows count (the others are in the branch of a conditional that is not taken); all if `None`.
    pub selected: Option<&'a arrow::array::BooleanArray>,
}
