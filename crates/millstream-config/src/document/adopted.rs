//! Sources that generated tables refer to.

use millstream_expr::{Constant, references};

use super::source::SourceKind;
use super::stream::Source;
use super::{Document, Expression};

impl Document {
    /// The sources that are parents of generated tables: those that a `foreign_key` names.
    pub fn adopted(&self) -> Vec<&Source> {
        let named: Vec<String> = self
            .tables
            .iter()
            .flat_map(|table| &table.columns)
            .flat_map(|column| parents(&column.data))
            .collect();
        self.sources
            .iter()
            .filter(|source| {
                let kind = &source.connector.kind.value;
                matches!(kind, SourceKind::Delta(_) | SourceKind::Parquet(_))
                    && named.contains(&source.name.value)
            })
            .collect()
    }
}

/// The tables that an expression draws keys from.
fn parents(data: &Expression) -> Vec<String> {
    let calls = references(data.text()).map(|found| found.calls).unwrap_or_default();
    let keys = calls.iter().filter(|call| call.path == "foreign_key");
    keys.filter_map(|call| match call.argument(0, "table").or_else(|| call.argument(0, "table_name")) {
        Some(Constant::Str(name)) => Some(name.clone()),
        _ => None,
    })
    .collect()
}
