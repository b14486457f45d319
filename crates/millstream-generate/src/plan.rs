//! What tables are compiled to: for each column an expression, and for each table the draws and slots that its
//! expressions read besides columns.

use arrow::datatypes::SchemaRef;
use millstream_core::{Key, StreamName};
use millstream_expr::Expression;

use crate::declared::Declared;
use crate::disorder::Disordered;
use crate::library::weights::Weights;
use crate::zipf::Zipf;

/// A table, ready to be generated.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: StreamName,
    pub(crate) schema: SchemaRef,
    pub(crate) start_row_id: i64,
    pub(crate) columns: Vec<Column>,
    pub(crate) draws: Vec<Draw>,
    pub(crate) slots: Vec<Slot>,
    /// The tables that its keys refer to, in the file's order.
    pub(crate) parents: Vec<usize>,
    pub(crate) fingerprint: String,
    pub(crate) disorder: Option<Disordered>,
}

impl Table {
    /// What stands at a position of the frame.
    pub(crate) fn input(&self, position: usize) -> Input {
        match position.checked_sub(1) {
            None => Input::RowId,
            Some(column) if column < self.columns.len() => Input::Column(column),
            Some(slot) => Input::Slot(slot - self.columns.len()),
        }
    }

    /// The length of a frame.
    pub(crate) fn width(&self) -> usize {
        1 + self.columns.len() + self.slots.len()
    }
}

/// What an expression can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    RowId,
    Column(usize),
    Slot(usize),
}

/// A column, ready to be evaluated.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) expression: Expression,
    /// The positions of the frame that the expression reads.
    pub(crate) inputs: Vec<usize>,
    pub(crate) declared: Declared,
    /// Where it stands in a file.
    pub(crate) place: Option<String>,
    pub(crate) is_primary_key: bool,
}

/// For each row of a table, the index of a row of a parent.
#[derive(Debug, Clone)]
pub(crate) enum Draw {
    /// Drawn among the rows of the parent that the row can see; of its own table, among the rows before it, so that the
    /// first one has none.
    Key { parent: usize, distribution: Distribution, key: Key },
    /// What the parent's own draw `inner` gives at the row of `parent` that `draw` gives.
    Through { draw: usize, parent: usize, inner: usize },
}

/// How parents are drawn. Ranks are row indices: with zipf the first rows of the parent are the popular ones, and
/// stay so while the parent grows.
#[derive(Debug, Clone)]
pub(crate) enum Distribution {
    Uniform,
    Zipf(Zipf),
    /// By the value of a column of the parent.
    Weighted(Weights),
    /// Each parent at most once.
    Unique,
}

/// A column of the frame that the generator fills before an expression is evaluated.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Slot {
    /// The logical time of the row; of its arrival, if the table's rows are late.
    TickTime { arrival: bool },
    /// A column of the parent at the rows that `draw` gives; null where column `null_with` of the own table is.
    Parent { draw: usize, column: usize, null_with: Option<usize> },
    /// An aggregate of a column of a whole table; of [`Aggregate::Rows`] the column does not matter.
    Aggregate { table: usize, column: usize, aggregate: Aggregate },
}

/// What is asked of a whole table. Missing values do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Aggregate {
    /// The rows that are there.
    Rows,
    Sum,
    Min,
    Max,
    Mean,
    /// The values that are there.
    Count,
}
