//! Columns of parents that Millstream did not make.

use arrow::array::ArrayRef;
use millstream_core::{Error, Result};

use super::Evaluation;
use crate::adopted::AdoptedHistory;

impl<'a> Evaluation<'a> {
    /// What the ticks see of `table`, if it is an adopted one.
    pub(super) fn adopted(&self, table: usize) -> Result<Option<&'a AdoptedHistory>> {
        let Some(index) = table.checked_sub(self.tables.tables.len()) else {
            return Ok(None);
        };
        let history = self.timelines.adopted.get(index);
        history.map(Some).ok_or_else(|| Error::internal("an adopted table was not read"))
    }

    /// The name of a table or of an adopted one.
    pub(super) fn name_of(&self, table: usize) -> &'a str {
        match table.checked_sub(self.tables.tables.len()) {
            None => &self.tables.tables[table].name,
            Some(index) => self.tables.adopted.get(index).map_or("", |adopted| &adopted.name),
        }
    }

    pub(super) fn adopted_column(&self, history: &AdoptedHistory, column: usize) -> Result<ArrayRef> {
        let index = self.index - self.tables.tables.len();
        let used = self.tables.adopted.get(index).map_or(&[][..], |adopted| &adopted.used);
        let position = used.iter().position(|used| *used == column);
        let position =
            position.ok_or_else(|| Error::internal("a column of an adopted table was not read"))?;
        history
            .values(position, &self.rows)
            .map_err(|error| error.context(format!("table `{}`", self.name_of(self.index))))
    }
}
