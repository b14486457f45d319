//! Hands out slices of Parquet files, one file after the other.

use std::path::Path;

use arrow::datatypes::{Schema, SchemaRef};
use millstream_core::{Boundary, Error, Result, Work};
use millstream_formats::parquet::{ParquetInput, SLICE_ROWS};

use super::super::disk::length_of;
use super::bookmark::{ParquetPosition, Position};
use super::outlet::{Outlet, Progress, Stop};
use crate::failure::source_error;

pub(super) struct ParquetReader {
    /// The columns that are read; all if `None`.
    pub(super) columns: Option<Vec<String>>,
    pub(super) schema: SchemaRef,
}

impl ParquetReader {
    /// Reads file number `index` from `start` to its end.
    pub(super) fn read(
        &self,
        path: &Path,
        index: usize,
        start: ParquetPosition,
        outlet: &Outlet,
    ) -> Result<(), Stop> {
        let input = ParquetInput::open(path, self.columns.clone())?;
        check_columns(path, &input.schema(), &self.schema)?;
        let size = length_of(path).map_err(|error| source_error("look at", path, error))?;
        if start.row_group > input.row_groups() || !start.row.is_multiple_of(SLICE_ROWS) {
            return Err(Stop::Failed(
                Error::state(format!(
                    "the bookmark is at row {} of row group {}, which {} does not have",
                    start.row,
                    start.row_group,
                    path.display()
                ))
                .hint("start over with --restart"),
            ));
        }
        let mut position = start;
        for row_group in start.row_group..input.row_groups() {
            let first = position.row / SLICE_ROWS;
            for slice in first..input.slices(row_group) {
                let rows = input.read(row_group, slice)?;
                position.row = slice * SLICE_ROWS + rows.rows();
                if slice + 1 == input.slices(row_group) {
                    position = ParquetPosition { row_group: row_group + 1, row: 0 };
                }
                let work = Work {
                    stream: 0,
                    bytes: rows.estimated_bytes(),
                    decode: Box::new(rows),
                    boundary: Boundary::Allowed,
                };
                let progress = Progress { file: index, position: Position::Parquet(position), done: None };
                outlet.work(work, progress)?;
            }
            position = ParquetPosition { row_group: row_group + 1, row: 0 };
        }
        outlet.finished(Progress {
            file: index,
            position: Position::Parquet(position),
            done: Some(size.unwrap_or(0)),
        })
    }
}

/// Refuses a file whose columns are not those of the stream, and says which column is different.
pub(super) fn check_columns(path: &Path, found: &Schema, expected: &Schema) -> Result<()> {
    let differ = |message: String| {
        Err(
            Error::source(format!("{}: {message}", path.display())).hint(
                "files of one stream need the same columns: read the others under another name, or leave columns out",
            ),
        )
    };
    for field in expected.fields() {
        match found.field_with_name(field.name()) {
            Err(_) => {
                return differ(format!("there is no column {:?}, which earlier files have", field.name()));
            }
            Ok(other) if other.data_type() != field.data_type() => {
                return differ(format!(
                    "column {:?} is {}, in earlier files {}",
                    field.name(),
                    other.data_type(),
                    field.data_type()
                ));
            }
            Ok(_) => {}
        }
    }
    for (field, other) in found.fields().iter().zip(expected.fields()) {
        if expected.field_with_name(field.name()).is_err() {
            return differ(format!("column {:?} is not in earlier files", field.name()));
        }
        if field.name() != other.name() {
            return differ(format!(
                "column {:?} stands where earlier files have {:?}",
                field.name(),
                other.name()
            ));
        }
        if field.is_nullable() && !other.is_nullable() {
            return differ(format!("column {:?} may be null, in earlier files it may not", field.name()));
        }
    }
    match found.fields().get(expected.fields().len()) {
        Some(field) => differ(format!("column {:?} is not in earlier files", field.name())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field};

    use super::*;

    #[test]
    fn the_column_that_differs_is_named() {
        let schema = |fields: &[(&str, DataType)]| {
            Schema::new(
                fields.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect::<Vec<_>>(),
            )
        };
        let expected = schema(&[("a", DataType::Int64), ("b", DataType::Utf8)]);
        let path = Path::new("x.parquet");
        assert!(check_columns(path, &expected, &expected).is_ok());
        for (found, message) in [
            (schema(&[("a", DataType::Int64)]), "x.parquet: there is no column \"b\""),
            (
                schema(&[("a", DataType::Int32), ("b", DataType::Utf8)]),
                "x.parquet: column \"a\" is Int32, in earlier files Int64",
            ),
            (
                schema(&[("a", DataType::Int64), ("b", DataType::Utf8), ("c", DataType::Utf8)]),
                "x.parquet: column \"c\" is not in earlier files",
            ),
            (
                schema(&[("b", DataType::Utf8), ("a", DataType::Int64)]),
                "x.parquet: column \"b\" stands where earlier files have \"a\"",
            ),
        ] {
            let error = check_columns(path, &found, &expected).unwrap_err();
            assert!(error.to_string().starts_with(message), "{error}");
        }
    }
}
