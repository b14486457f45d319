//! What an expression can see: the columns of a host, and their values for some rows.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

/// The columns that an expression may name.
pub trait Scope {
    /// The position and type of a column; the position is that of its array in [`Frame::columns`]. A name may be
    /// dotted (`order.amount`): it is asked for as a whole, before its head.
    fn column(&self, name: &str) -> Option<(usize, DataType)>;

    /// All names, for suggestions.
    fn names(&self) -> Vec<String>;

    /// Whether this is the column that the expression makes: a local variable of that name is only a variable.
    fn is_own(&self, name: &str) -> bool {
        let _ = name;
        false
    }

    /// Whether the column at a position may hold nulls. If not, expressions over it need not be nullable either.
    fn nullable(&self, position: usize) -> bool {
        let _ = position;
        true
    }
}

/// A scope without columns, for expressions that must be constant.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoColumns;

impl Scope for NoColumns {
    fn column(&self, _: &str) -> Option<(usize, DataType)> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The rows that an expression is evaluated for.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The columns of the scope, by position; those that the expression does not name may be null arrays of any type.
    pub columns: &'a [ArrayRef],
    /// The identity of each row (see [`Call::rows`](crate::Call::rows)); its length is the number of rows.
    pub rows: &'a [u64],
}
