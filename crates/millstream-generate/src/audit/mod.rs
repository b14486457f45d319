//! Whether tables are what their file declares (S-69): a sample of their rows is made and looked at from outside, with
//! nothing taken from the generator but the rows.

mod declared;
mod digest;
mod fit;
mod references;
mod statistics;

use std::ops::Range;

use millstream_core::{Error, Result};
use serde::Serialize;

use crate::{Tables, TablesSpec};
use declared::Distribution;
use digest::Distinct;
pub(crate) use digest::shown;
pub use statistics::{ColumnStatistics, Top};

/// Rows that are made at once.
const CHUNK: u64 = 8192;

/// How much is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditOptions {
    /// At most so many rows of each table, from its first one on.
    pub rows: u64,
    /// At most so many rows of a parent are searched for the keys that refer to it.
    pub parent_rows: u64,
    /// Only this table.
    pub table: Option<String>,
}

impl Default for AuditOptions {
    fn default() -> Self {
        Self { rows: 100_000, parent_rows: 20_000_000, table: None }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    /// Whether everything that was checked is as declared.
    pub holds: bool,
    /// By table, in the order of the file.
    pub tables: Vec<TableAudit>,
}

/// What was found in one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableAudit {
    /// Its name.
    pub table: String,
    /// The rows that were looked at, from the first one on.
    pub rows: u64,
    /// Whether these are all that it has before the first tick.
    pub complete: bool,
    /// By column, in the order of the file.
    pub columns: Vec<ColumnStatistics>,
    /// What is declared, and whether it holds.
    pub checks: Vec<Check>,
}

/// A declared property.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The columns it is about.
    pub columns: Vec<String>,
    /// What is declared.
    pub property: Property,
    /// Whether it holds.
    pub outcome: Outcome,
    /// What was found, in a few words.
    pub detail: String,
    /// Of a distribution: how likely a deviation like this is if the values are drawn as declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
}

/// What can be declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// `is_primary_key`: values are there and are not repeated.
    PrimaryKey,
    /// `fake.unique`, `is_unique`: values are not repeated.
    Unique,
    /// `null_percentage`
    NullShare,
    /// `foreign_key`: the parent has a row with this value.
    ForeignKey,
    /// `copy_from_fk`: the value is that of the parent's row.
    Copy,
    /// Weights, ranges and `distribution`.
    Distribution,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It was not checked; the detail says why.
    Skipped,
}

impl Check {
    fn new(columns: &[&str], property: Property, holds: bool, detail: impl Into<String>) -> Self {
        Self {
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            property,
            outcome: if holds { Outcome::Holds } else { Outcome::Fails },
            detail: detail.into(),
            p_value: None,
        }
    }

    fn skipped(columns: &[&str], property: Property, why: impl Into<String>) -> Self {
        Self { outcome: Outcome::Skipped, ..Self::new(columns, property, true, why) }
    }
}

/// Makes rows of the tables that `spec` was compiled to and checks what it declares.
///
/// Memory grows with the number of rows asked for (some 20 bytes for each value that has to be unique or to be found),
/// never with the tables.
///
/// # Errors
/// If a row cannot be made, or the table asked for does not exist.
pub fn audit(tables: &Tables, spec: &TablesSpec, options: &AuditOptions) -> Result<Audit> {
    let names = tables.names();
    if let Some(wanted) = &options.table
        && !names.iter().any(|name| **name == **wanted)
    {
        let known: Vec<&str> = names.iter().map(|name| &**name).collect();
        return Err(Error::config(format!("there is no table {wanted:?}"))
            .hint(format!("the tables are: {}", known.join(", "))));
    }
    let mut audits = Vec::new();
    for (table, name) in names.iter().enumerate() {
        if options.table.as_ref().is_none_or(|wanted| **wanted == **name) {
            audits.push(audit_table(tables, spec, table, options)?);
        }
    }
    let failed = |check: &Check| check.outcome == Outcome::Fails;
    let holds = !audits.iter().flat_map(|audit: &TableAudit| &audit.checks).any(failed);
    Ok(Audit { holds, tables: audits })
}

/// The rows that a sample holds: those that the table begins with, or else the first of those that it will have.
fn sample(tables: &Tables, spec: &TablesSpec, table: usize, most: u64) -> Range<u64> {
    let Some(declared) = spec.tables.get(table) else { return 0..0 };
    if declared.row_count > 0 {
        return 0..declared.row_count.min(most);
    }
    // A table that begins empty: what its first ticks bring.
    let timelines = tables.timelines();
    let grown = timelines.tables.get(table).map_or(0, |timeline| timeline.rows_at(1000));
    0..grown.min(most)
}

fn audit_table(
    tables: &Tables,
    spec: &TablesSpec,
    table: usize,
    options: &AuditOptions,
) -> Result<TableAudit> {
    let timelines = tables.timelines();
    let (Some(declared), schema) = (spec.tables.get(table), tables.schema(table)) else {
        return Err(Error::internal(format!("there is no table {table}")));
    };
    let rows = sample(tables, spec, table, options.rows);
    let names: Vec<&str> = declared.columns.iter().map(|column| column.name.as_str()).collect();
    let mut statistics: Vec<statistics::Collector> =
        schema.fields().iter().map(|field| statistics::Collector::new(field)).collect();
    let mut unique = unique_columns(spec, table)
        .into_iter()
        .map(|(property, columns)| (property, Distinct::new(&schema, columns)))
        .collect::<Vec<_>>();
    let mut searches = references::searches(tables, spec, table);
    let mut fits: Vec<(usize, fit::Fit)> = (0..names.len())
        .filter_map(|column| Some((column, fit::Fit::new(Distribution::of(spec, table, column)?))))
        .collect();
    let mut at = rows.start;
    while at < rows.end {
        let next = rows.end.min(at + CHUNK);
        let batch = tables.generate(table, at..next, &timelines)?;
        for (collector, column) in statistics.iter_mut().zip(batch.columns()) {
            collector.see(column)?;
        }
        for (_, distinct) in &mut unique {
            distinct.see(&batch)?;
        }
        for search in &mut searches {
            search.see(&batch)?;
        }
        for (column, fit) in &mut fits {
            fit.see(batch.column(*column))?;
        }
        at = next;
    }
    let nulls: Vec<u64> = statistics.iter().map(statistics::Collector::nulls).collect();
    let mut checks = Vec::new();
    for (property, distinct) in unique {
        let columns: Vec<&str> =
            distinct.columns().iter().filter_map(|&index| names.get(index).copied()).collect();
        checks.push(distinct.check(property, &columns));
    }
    for (index, column) in declared.columns.iter().enumerate() {
        if let Some(share) = column.null_share {
            let initial = rows.end == declared.row_count;
            let expression_makes_none = !tables.makes_nulls(table, index);
            checks.push(null_check(
                column.name.as_str(),
                share,
                nulls[index],
                rows.end,
                initial,
                expression_makes_none,
            ));
        }
    }
    for search in searches {
        checks.extend(search.finish(tables, table, rows.end, options.parent_rows)?);
    }
    checks.extend(fits.into_iter().map(|(column, fit)| fit.check(names[column])));
    Ok(TableAudit {
        table: declared.name.clone(),
        rows: rows.end,
        complete: rows.end == declared.row_count,
        columns: statistics.into_iter().map(statistics::Collector::finish).collect(),
        checks,
    })
}

/// What must not repeat itself: the primary key as a whole, and each column of unique values.
fn unique_columns(spec: &TablesSpec, table: usize) -> Vec<(Property, Vec<usize>)> {
    let columns = spec.tables.get(table).map(|table| table.columns.as_slice()).unwrap_or_default();
    let key: Vec<usize> = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.is_primary_key)
        .map(|(index, _)| index)
        .collect();
    let mut unique = Vec::new();
    if !key.is_empty() {
        unique.push((Property::PrimaryKey, key));
    }
    for (index, column) in columns.iter().enumerate() {
        if declared::is_unique(&column.data) {
            unique.push((Property::Unique, vec![index]));
        }
    }
    unique
}

fn null_check(
    name: &str,
    share: crate::NullShare,
    nulls: u64,
    rows: u64,
    initial: bool,
    exact: bool,
) -> Check {
    let expected = share.of(rows);
    let off = (nulls as f64 - share.as_f64() * rows as f64).abs();
    let holds = if !exact {
        // The expression has nulls of its own.
        nulls + 1 > expected
    } else if initial {
        nulls == expected
    } else {
        off < 1.0
    };
    let detail = format!("{nulls} nulls of {rows}, declared {} %", share.as_f64() * 100.0);
    Check::new(&[name], Property::NullShare, holds, detail)
}
