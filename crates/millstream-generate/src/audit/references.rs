//! Keys and copies: whether the parent has a row with the value, or with the pair of key and copy.

use std::collections::HashMap;

use arrow::array::{Array as _, ArrayRef, RecordBatch};
use millstream_core::{Error, Result};
use millstream_expr::Constant;

use super::declared::only_call;
use super::digest::{Digests, shown};
use super::fit::against;
use super::{CHUNK, Check, Property};
use crate::{Tables, TablesSpec};

/// The exponent of `zipf` when `param` is left out.
const DEFAULT_EXPONENT: f64 = 1.2;

/// How the parents of a key are drawn, as far as their ranks tell.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Draw {
    Uniform,
    Zipf(f64),
    Other,
}

/// Columns of a table whose rows have to be found in columns of a parent.
pub(super) struct Search {
    property: Property,
    /// The columns of the child: the key, or the key and the copy.
    own: Vec<usize>,
    parent: usize,
    /// The columns of the parent that belong to them.
    theirs: Vec<usize>,
    names: Vec<String>,
    parent_name: String,
    draw: Draw,
    /// Whether each value is that of one row of the parent.
    identifies: bool,
    digests: Option<Digests>,
    /// How often each value occurs, and one of its rows.
    wanted: HashMap<u128, Wanted>,
    rows: u64,
}

struct Wanted {
    count: u64,
    example: String,
    /// The row of the parent that has it.
    found: Option<u64>,
}

/// What is to be searched for the columns of a table.
pub(super) fn searches(tables: &Tables, spec: &TablesSpec, table: usize) -> Vec<Search> {
    let columns = spec.tables.get(table).map(|table| table.columns.as_slice()).unwrap_or_default();
    let mut searches = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        if let Some((parent, target)) = key_target(spec, table, index, 0) {
            let is_copy = only_call(&column.data).is_some_and(|(call, _)| call.path == "copy_from_fk");
            // A copied key is checked as a copy, and as a key to where it leads.
            let draw = if is_copy { Draw::Other } else { draw_of(&column.data) };
            let search = (Property::ForeignKey, vec![index], parent, vec![target], draw);
            searches.extend(Search::new(tables, spec, table, search));
        }
        if let Some((fk, parent, attribute)) = copy_source(spec, table, index)
            && let Some((target_table, target)) = key_target(spec, table, fk, 0)
            && target_table == parent
        {
            let search = (Property::Copy, vec![fk, index], parent, vec![target, attribute], Draw::Other);
            searches.extend(Search::new(tables, spec, table, search));
        }
    }
    searches
}

fn index_of(spec: &TablesSpec, name: &str) -> Option<usize> {
    spec.tables.iter().position(|table| table.name == name)
}

fn column_of(spec: &TablesSpec, table: usize, name: &str) -> Option<usize> {
    spec.tables.get(table)?.columns.iter().position(|column| column.name == name)
}

/// The table and the column that a key column refers to; a copied key refers to where its origin does.
fn key_target(spec: &TablesSpec, table: usize, column: usize, depth: usize) -> Option<(usize, usize)> {
    if depth > spec.tables.len() {
        return None;
    }
    let source = &spec.tables.get(table)?.columns.get(column)?.data;
    if let Some((_, parent, attribute)) = copy_source(spec, table, column) {
        return key_target(spec, parent, attribute, depth + 1);
    }
    let (call, rest) = only_call(source)?;
    if call.path != "foreign_key" || !rest.is_empty() {
        return None;
    }
    let name = |position: usize, keyword: &str, other: &str| match call
        .argument(position, keyword)
        .or_else(|| call.argument(position, other))?
    {
        Constant::Str(name) => Some(name.clone()),
        _ => None,
    };
    let parent = index_of(spec, &name(0, "table", "table_name")?)?;
    Some((parent, column_of(spec, parent, &name(1, "column", "column_name")?)?))
}

/// The key column, the parent and its column that a column copies. The first two arguments come in either order.
fn copy_source(spec: &TablesSpec, table: usize, column: usize) -> Option<(usize, usize, usize)> {
    let (call, rest) = only_call(&spec.tables.get(table)?.columns.get(column)?.data)?;
    if call.path != "copy_from_fk" || !rest.is_empty() {
        return None;
    }
    let text = |constant: Option<&Constant>| match constant? {
        Constant::Str(name) => Some(name.clone()),
        _ => None,
    };
    let (first, second) = (text(call.argument(0, "fk_column"))?, text(call.argument(1, "parent_table"))?);
    let attribute = text(
        call.argument(2, "attribute")
            .or_else(|| call.argument(2, "parent_attribute"))
            .or_else(|| call.argument(2, "parent_attr")),
    )?;
    [(&first, &second), (&second, &first)].into_iter().find_map(|(fk, parent)| {
        let (fk, parent) = (column_of(spec, table, fk)?, index_of(spec, parent)?);
        let (target, _) = key_target(spec, table, fk, 0)?;
        (target == parent).then_some((fk, parent, column_of(spec, parent, &attribute)?))
    })
}

fn draw_of(source: &str) -> Draw {
    let Some((call, _)) = only_call(source) else { return Draw::Other };
    let unique = call.argument(6, "is_unique").is_some_and(|unique| *unique != Constant::Bool(false));
    let same = call.keywords.iter().any(|name| name.as_deref() == Some("same_as"));
    if unique || same {
        return Draw::Other;
    }
    let exponent = match call.argument(3, "param") {
        None | Some(Constant::None) => Some(DEFAULT_EXPONENT),
        Some(Constant::Int(number)) => Some(*number as f64),
        Some(Constant::Float(number)) => Some(*number),
        Some(_) => None,
    };
    match (call.argument(2, "distribution"), exponent) {
        (None, _) => Draw::Uniform,
        (Some(Constant::Str(name)), _) if name == "uniform" => Draw::Uniform,
        (Some(Constant::Str(name)), Some(exponent)) if name == "zipf" => Draw::Zipf(exponent),
        _ => Draw::Other,
    }
}

impl Search {
    fn new(
        tables: &Tables,
        spec: &TablesSpec,
        table: usize,
        (property, own, parent, theirs, draw): (Property, Vec<usize>, usize, Vec<usize>, Draw),
    ) -> Option<Self> {
        let (schema, parent_schema) = (tables.schema(table), tables.schema(parent));
        let types = own.iter().map(|&column| schema.field(column).data_type());
        let same_types = own
            .iter()
            .zip(&theirs)
            .all(|(&a, &b)| schema.field(a).data_type() == parent_schema.field(b).data_type());
        let declared = spec.tables.get(parent)?;
        let keys = declared.columns.iter().filter(|column| column.is_primary_key).count();
        let identifies = keys == 1
            && theirs
                .first()
                .and_then(|&column| declared.columns.get(column))
                .is_some_and(|key| key.is_primary_key);
        Some(Self {
            property,
            names: own.iter().map(|&column| schema.field(column).name().clone()).collect(),
            parent_name: declared.name.clone(),
            digests: if same_types { Digests::new(types) } else { None },
            own,
            parent,
            theirs,
            draw,
            identifies,
            wanted: HashMap::new(),
            rows: 0,
        })
    }

    pub(super) fn see(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(digests) = &self.digests else { return Ok(()) };
        let columns: Vec<ArrayRef> = self.own.iter().map(|&column| batch.column(column).clone()).collect();
        for (row, digest) in Self::keyed(digests, &columns)?.into_iter().enumerate() {
            let Some(digest) = digest else { continue };
            self.rows += 1;
            let wanted = self.wanted.entry(digest).or_insert_with(|| {
                let values: Vec<String> = columns.iter().map(|column| shown(column, row)).collect();
                Wanted { count: 0, example: values.join(", "), found: None }
            });
            wanted.count += 1;
        }
        Ok(())
    }

    /// The digests of rows whose key is there. A copy may be null, and then so has the parent's value to be.
    fn keyed(digests: &Digests, columns: &[ArrayRef]) -> Result<Vec<Option<u128>>> {
        let all = digests.of_all(columns)?;
        let Some(key) = columns.first() else { return Ok(Vec::new()) };
        let nulls = key.logical_nulls();
        Ok(all
            .into_iter()
            .enumerate()
            .map(|(row, digest)| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)).then_some(digest))
            .collect())
    }

    /// Searches the parent. `rows` are those of the child that were seen.
    pub(super) fn finish(
        mut self,
        tables: &Tables,
        table: usize,
        rows: u64,
        most: u64,
    ) -> Result<Vec<Check>> {
        let names: Vec<String> = self.names.clone();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let Some(digests) = self.digests.take() else {
            let why = format!("its type differs from that in `{}`", self.parent_name);
            return Ok(vec![Check::skipped(&names, self.property, why)]);
        };
        let timelines = tables.timelines();
        let timeline = |table: usize| {
            timelines
                .tables
                .get(table)
                .ok_or_else(|| Error::internal(format!("no timeline of table {table}")))
        };
        let last_tick = rows.checked_sub(1).map_or(Ok(None), |last| Ok(timeline(table)?.tick_of(last)))?;
        let visible = timeline(self.parent)?.rows_at(last_tick.unwrap_or(0));
        let searched = visible.min(most);
        let mut missing = self.wanted.len();
        let mut at = 0;
        while at < searched && missing > 0 {
            let next = searched.min(at + CHUNK);
            let columns = tables.generate_columns(self.parent, at..next, &self.theirs, &timelines)?;
            for (row, digest) in digests.of_all(&columns)?.into_iter().enumerate() {
                if let Some(wanted) = self.wanted.get_mut(&digest)
                    && wanted.found.is_none()
                {
                    wanted.found = Some(at + row as u64);
                    missing -= 1;
                }
            }
            at = next;
        }
        let found = format!("{} values, each of a row of `{}`", self.wanted.len(), self.parent_name);
        if missing > 0 {
            if searched < visible {
                let why = format!(
                    "{missing} values are not among the first {searched} rows of `{}`",
                    self.parent_name
                );
                return Ok(vec![Check::skipped(&names, self.property, why)]);
            }
            let lost = self.wanted.values().filter(|wanted| wanted.found.is_none());
            let example = lost.map(|wanted| wanted.example.as_str()).min().unwrap_or_default();
            let detail = format!(
                "{missing} of {} values are of no row of `{}`, such as {example}",
                self.wanted.len(),
                self.parent_name
            );
            return Ok(vec![Check::new(&names, self.property, false, detail)]);
        }
        let mut checks = vec![Check::new(&names, self.property, true, found)];
        // Ranks tell about the draw only if all rows saw the same parents.
        if self.identifies && last_tick == Some(0) && table != self.parent {
            checks.extend(self.ranks(visible).map(|(declared, cells, counts)| {
                against(names.first().copied().unwrap_or_default(), &declared, &cells, &counts)
            }));
        }
        Ok(checks)
    }

    /// The cells of the test of the draw: the first ranks one by one, then twice as many each time.
    fn ranks(&self, parents: u64) -> Option<(String, Vec<f64>, Vec<u64>)> {
        const SINGLE: u64 = 16;
        let (declared, exponent) = match self.draw {
            Draw::Uniform => (format!("rows of `{}`, all alike", self.parent_name), 0.0),
            Draw::Zipf(exponent) => (format!("rows of `{}` by zipf({exponent})", self.parent_name), exponent),
            Draw::Other => return None,
        };
        let mut bounds: Vec<u64> = (0..SINGLE.min(parents)).collect();
        let mut bound = SINGLE;
        while bound < parents {
            bounds.push(bound);
            bound = bound.saturating_mul(2);
        }
        let whole = harmonic(parents, exponent);
        let cells: Vec<f64> = bounds
            .iter()
            .enumerate()
            .map(|(index, &from)| {
                let to = bounds.get(index + 1).copied().unwrap_or(parents);
                (harmonic(to, exponent) - harmonic(from, exponent)) / whole
            })
            .collect();
        let mut counts = vec![0; cells.len()];
        for wanted in self.wanted.values() {
            let cell = bounds.partition_point(|&bound| Some(bound) <= wanted.found).checked_sub(1)?;
            *counts.get_mut(cell)? += wanted.count;
        }
        Some((declared, cells, counts))
    }
}

/// The sum of k^-s for k from 1 to n: term by term up to a limit, then the integral between the midpoints, which is off
/// by less than s(s + 1)/24 · limit^-(s + 1).
fn harmonic(n: u64, s: f64) -> f64 {
    const LIMIT: u64 = 100_000;
    let direct: f64 = (1..=n.min(LIMIT)).map(|k| (k as f64).powf(-s)).sum();
    if n <= LIMIT {
        return direct;
    }
    let (from, to) = (LIMIT as f64 + 0.5, n as f64 + 0.5);
    let tail = if (s - 1.0).abs() < 1e-12 {
        (to / from).ln()
    } else {
        (to.powf(1.0 - s) - from.powf(1.0 - s)) / (1.0 - s)
    };
    direct + tail
}
