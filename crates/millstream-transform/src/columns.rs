//! `select`, `drop`, `rename` and `snake_case`: which columns there are, and what they are called.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use millstream_core::{Error, RejectedRow, Result, Transform};

use crate::evaluate::batch_of;

/// Some columns of the input, in some order, under some names.
pub struct Project {
    name: &'static str,
    positions: Vec<usize>,
    schema: SchemaRef,
}

impl Project {
    /// `select`: these columns, in this order. The error names the first one that does not exist.
    pub fn select<'a>(
        columns: impl IntoIterator<Item = &'a str>,
        input: &SchemaRef,
    ) -> Result<Self, UnknownColumn> {
        let mut positions = Vec::new();
        for (index, name) in columns.into_iter().enumerate() {
            positions.push(position(name, index, input)?);
        }
        Ok(Self::new("select", positions, |_, field| field.clone(), input))
    }

    /// `drop`: all columns but these.
    pub fn drop<'a>(
        columns: impl IntoIterator<Item = &'a str>,
        input: &SchemaRef,
    ) -> Result<Self, UnknownColumn> {
        let mut dropped = Vec::new();
        for (index, name) in columns.into_iter().enumerate() {
            dropped.push(position(name, index, input)?);
        }
        let kept = (0..input.fields().len()).filter(|index| !dropped.contains(index)).collect();
        Ok(Self::new("drop", kept, |_, field| field.clone(), input))
    }

    /// `rename`: pairs of old and new names. Fails when two columns would have one name.
    pub fn rename<'a>(
        names: impl IntoIterator<Item = (&'a str, &'a str)>,
        input: &SchemaRef,
    ) -> Result<Self, RenameError> {
        let mut renamed: Vec<String> = input.fields().iter().map(|field| field.name().clone()).collect();
        for (index, (old, new)) in names.into_iter().enumerate() {
            let place = position(old, index, input).map_err(RenameError::Unknown)?;
            new.clone_into(&mut renamed[place]);
        }
        Self::renamed("rename", &renamed, input)
    }

    /// `snake_case`: all columns, their names in snake case.
    pub fn snake_case(input: &SchemaRef) -> Result<Self, RenameError> {
        Self::renamed("snake_case", &crate::snake_case_columns(input), input)
    }

    fn renamed(name: &'static str, names: &[String], input: &SchemaRef) -> Result<Self, RenameError> {
        for (index, new) in names.iter().enumerate() {
            if let Some(other) = names[..index].iter().position(|earlier| earlier == new) {
                return Err(RenameError::Collision {
                    first: input.field(other).name().clone(),
                    second: input.field(index).name().clone(),
                    name: new.clone(),
                });
            }
        }
        let positions = (0..names.len()).collect();
        let rename = |index: usize, field: &Field| field.clone().with_name(names[index].clone());
        Ok(Self::new(name, positions, rename, input))
    }

    fn new(
        name: &'static str,
        positions: Vec<usize>,
        field: impl Fn(usize, &Field) -> Field,
        input: &SchemaRef,
    ) -> Self {
        let fields: Vec<Field> = positions.iter().map(|&index| field(index, input.field(index))).collect();
        let schema = Arc::new(Schema::new_with_metadata(fields, input.metadata().clone()));
        Self { name, positions, schema }
    }
}

/// A column that the input does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownColumn {
    /// Which of the given names it was.
    pub index: usize,
    /// The name.
    pub name: String,
    /// The names that there are.
    pub columns: Vec<String>,
}

/// Why columns cannot be renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenameError {
    /// The old name does not exist.
    Unknown(UnknownColumn),
    /// Two columns would have one name.
    Collision {
        /// The one.
        first: String,
        /// The other.
        second: String,
        /// The name they would share.
        name: String,
    },
}

fn position(name: &str, index: usize, input: &Schema) -> Result<usize, UnknownColumn> {
    input.index_of(name).map_err(|_| UnknownColumn {
        index,
        name: name.to_owned(),
        columns: input.fields().iter().map(|field| field.name().clone()).collect(),
    })
}

impl Transform for Project {
    fn name(&self) -> &str {
        self.name
    }

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn apply(&self, batch: RecordBatch, _: &mut Vec<RejectedRow>) -> Result<RecordBatch> {
        let columns = self.positions.iter().map(|&index| batch.columns().get(index).cloned());
        let columns =
            columns.collect::<Option<Vec<_>>>().ok_or_else(|| Error::internal("a column is missing"))?;
        batch_of(&self.schema, columns, batch.num_rows())
    }
}
