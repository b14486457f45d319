//! From the tables of a file to what the generator compiles, and from its errors back to the file.

use millstream_generate::{ColumnSpec, SpecError, TableSpec, TablesSpec};

use super::{Document, Table};
use crate::diagnostics::{Diagnostic, Diagnostics};

impl Document {
    /// What the generator needs to know: tables, columns and rates in the file's order.
    pub fn tables_spec(&self) -> TablesSpec {
        let tables = self.tables.iter().map(|table| TableSpec {
            name: table.name.value.clone(),
            row_count: table.row_count.value,
            start_row_id: table.start_row_id.value,
            update_policy: table.update_policy,
            cadence: table.cadence.clone(),
            disorder: table.disorder.map(|disorder| disorder.value),
            columns: table
                .columns
                .iter()
                .map(|column| ColumnSpec {
                    name: column.name.value.clone(),
                    data: column.data.text().to_owned(),
                    is_primary_key: column.primary_key.is_some(),
                    description: column.description.clone(),
                    data_type: column.column_type.as_ref().map(|declared| declared.value.data_type()),
                    parquet_type: column.parquet_type.as_ref().map(|declared| declared.value.to_string()),
                    place: Some({
                        let at = self.file.position(column.data.span().start);
                        format!("{}:{}:{}", self.file.name(), at.line, at.column)
                    }),
                    null_share: column.null_share.map(|share| share.value),
                })
                .collect(),
        });
        TablesSpec {
            seed: self.config.seed,
            locale: self.config.locale.value.clone(),
            other_locales: self.config.other_locales.clone(),
            start: self.config.start.map(|start| start.value.timestamp_micros()),
            now: self.config.now.map(|now| now.value.timestamp_micros()),
            tick: self.config.tick_interval,
            on_restart: self.config.on_restart,
            max_catch_up: self.config.max_catch_up,
            adopted: Vec::new(),
            infer_attributes: self
                .tables
                .iter()
                .filter(|table| table.infers_attributes.unwrap_or(self.config.infers_attributes))
                .map(|table| table.name.value.clone())
                .collect(),
            tables: tables.collect(),
        }
    }

    /// Everything that the generator found in [`Document::tables_spec`], at its places in the file.
    pub fn spec_diagnostics(&self, errors: &[SpecError]) -> Diagnostics {
        let mut diagnostics = self.diagnostics();
        for error in errors {
            diagnostics.push(self.spec_error(error));
        }
        diagnostics
    }

    /// The place in the file of what the generator found in [`Document::tables_spec`].
    pub fn spec_error(&self, error: &SpecError) -> Diagnostic {
        let table = self.tables.get(error.table);
        let column = table.zip(error.column).and_then(|(table, column)| table.columns.get(column));
        let span = match (column, table) {
            (Some(column), _) => match &error.range {
                Some(range) => column.data.locate(&self.file, range.clone()),
                None => column.data.span(),
            },
            // What all tables share comes with the first one, and of that only the locale is left to be wrong:
            // names and intervals are checked before.
            (None, Some(Table { disorder: Some(disorder), .. })) if error.message.starts_with("disorder") => {
                disorder.span
            }
            (None, Some(_)) if error.table == 0 => self.config.locale.span,
            (None, Some(table)) => table.name.span,
            (None, None) => self.config.locale.span,
        };
        Diagnostic::error(span, &error.message).hint_if(error.hint.clone())
    }
}
