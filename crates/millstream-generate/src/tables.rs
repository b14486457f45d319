//! The tables of a file, compiled: any range of rows of any of them, at any time, on any thread (S-60).

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema, SchemaRef};
use millstream_core::{Error, Key, Result, StreamName};

use crate::adopted::{Adopted, AdoptedHistory};
use crate::check::check_shape;
use crate::compile::Compiler;
use crate::disorder::{self, Disordered};
use crate::evaluate::Evaluation;
use crate::evaluate::aggregates::AggregateCache;
use crate::evaluate::sums::SumCache;
use crate::generations::{Cycles, Generation};
use crate::infer::{self, Inferred};
use crate::plan::{Distribution, Draw, Slot, Table};
use crate::timeline::{Timeline, Timelines};
use crate::{PARQUET_TYPE, Rate, SpecError, TablesSpec, UpdatePolicy};

/// Counts up when the same file gives other rows: a new minor release.
const ROW_FUNCTION_VERSION: u64 = 2;

/// The tables of a file, compiled; cheap to clone.
#[derive(Debug, Clone)]
pub struct Tables(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) tables: Vec<Table>,
    order: Vec<usize>,
    timelines: Timelines,
    root: String,
    now: i64,
    reads_clock: bool,
    pub(crate) sums: SumCache,
    pub(crate) aggregates: AggregateCache,
    inferred: Vec<Inferred>,
    pub(crate) adopted: Vec<Adopted>,
}

/// How the expression of a column is evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluated {
    /// The column.
    pub column: String,
    /// If it is evaluated row by row: the construct that cannot be evaluated column by column, and its text.
    pub row_by_row: Option<(String, String)>,
}

impl Tables {
    /// Compiles `spec`, with logical time beginning at `start` (microseconds since the Unix epoch). Gives everything
    /// that is wrong, in the file's order.
    pub fn compile(spec: &TablesSpec, start: i64) -> Result<Self, Vec<SpecError>> {
        Self::compile_generations(spec, start, &[])
    }

    /// The same with the tables that are replaced at these generations, by table; those that are missing are 0.
    pub fn compile_generations(
        spec: &TablesSpec,
        start: i64,
        generations: &[u64],
    ) -> Result<Self, Vec<SpecError>> {
        let (resolved, inferred, unknown) = infer::resolve(spec);
        let spec = &resolved;
        let mut errors = check_shape(spec);
        errors.extend(unknown);
        let generation = |table: usize| generations.get(table).copied().unwrap_or(0);
        let timelines = Timelines {
            start,
            tables: spec
                .tables
                .iter()
                .map(|table| {
                    // A shape that makes no sense is refused above.
                    let growth = table.growth(spec.tick);
                    Timeline::growing(table.row_count, growth, spec.tick, start)
                        .unwrap_or_else(|_| Timeline::new(table.row_count, Rate::ZERO, spec.tick))
                })
                .collect(),
            generations: spec
                .tables
                .iter()
                .enumerate()
                .map(|(index, table)| {
                    let every = table.cycle_ticks(spec.tick)?;
                    let number = generation(index);
                    let tick = Cycles::new(every).tick_of(number);
                    Some(Generation { number, tick, rows: table.row_count })
                })
                .collect(),
            adopted: vec![AdoptedHistory::default(); spec.adopted.len()],
        };
        let (compiled, reads_clock) = match Compiler::new(spec, start, &timelines).run() {
            Ok(compiled) if errors.is_empty() => compiled,
            Ok(_) => return Err(errors),
            Err(more) => {
                errors.extend(more);
                infer::explain_errors(&mut errors, &inferred);
                errors.sort_by_key(|error| (error.table, error.column));
                return Err(errors);
            }
        };
        let root = Hash::new().number(ROW_FUNCTION_VERSION).number(spec.seed).text(&spec.locale);
        let seed = spec.seed;
        let root = spec.other_locales.iter().fold(root, |root, locale| root.text(locale));
        let tables: Vec<Table> = compiled
            .into_iter()
            .zip(&spec.tables)
            .map(|(compiled, spec)| {
                let mut hash = root.text(&spec.name).number(spec.start_row_id as u64);
                if let UpdatePolicy::Replace { .. } = spec.update_policy {
                    // Children may count on the number of rows.
                    hash = hash.text("replace").number(spec.row_count);
                }
                let mut fields = Vec::with_capacity(spec.columns.len());
                for ((_, shape), column) in compiled.columns.iter().zip(&spec.columns) {
                    hash = hash.text(&column.name).text(&column.data);
                    if let Some(data_type) = &column.data_type {
                        hash = hash.text("type").text(&data_type.to_string());
                    }
                    if let Some(share) = column.null_share {
                        let (numerator, denominator) = share.fraction();
                        hash = hash.text("null_percentage").number(numerator).number(denominator);
                    }
                    let nullable = shape.nullable && !column.is_primary_key;
                    let metadata =
                        [("description", &column.description), (PARQUET_TYPE, &column.parquet_type)]
                            .into_iter()
                            .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)))
                            .collect();
                    let field = Field::new(&column.name, shape.data_type.clone(), nullable);
                    fields.push(field.with_metadata(metadata));
                }
                if let Some(disorder) = &spec.disorder {
                    hash = hash.text("disorder").text(&disorder.text());
                }
                Table {
                    disorder: spec.disorder.map(|disorder| Disordered::new(disorder, seed, &spec.name)),
                    name: spec.name.as_str().into(),
                    schema: Arc::new(Schema::new(fields)),
                    start_row_id: spec.start_row_id,
                    columns: compiled.columns.into_iter().map(|(column, _)| column).collect(),
                    draws: compiled.draws,
                    slots: compiled.slots,
                    parents: compiled.parents,
                    fingerprint: hash.finish(),
                }
            })
            .collect();
        let errors = disorder::check(spec, &tables);
        if !errors.is_empty() {
            return Err(errors);
        }
        let adopted = spec.adopted.iter().enumerate().map(|(index, adopted)| Adopted {
            name: adopted.name.clone(),
            schema: adopted.schema.clone(),
            used: columns_taken(&tables, tables.len() + index),
        });
        Ok(Self(Arc::new(Inner {
            adopted: adopted.collect(),
            order: parents_first(&tables),
            tables,
            timelines,
            root: root.finish(),
            now: spec.now.unwrap_or(start),
            reads_clock,
            sums: SumCache::default(),
            aggregates: AggregateCache::default(),
            inferred,
        })))
    }

    /// How many tables there are.
    pub fn len(&self) -> usize {
        self.0.tables.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.tables.is_empty()
    }

    /// Their names, in the file's order.
    pub fn names(&self) -> Vec<StreamName> {
        self.0.tables.iter().map(|table| table.name.clone()).collect()
    }

    /// The columns of a table.
    pub fn schema(&self, table: usize) -> SchemaRef {
        self.table(table).schema.clone()
    }

    /// The order in which rows must be committed: parents first, else as in the file.
    pub fn order(&self) -> &[usize] {
        &self.0.order
    }

    /// The tables that the foreign keys of a table refer to.
    pub fn parents(&self, table: usize) -> Vec<usize> {
        self.table(table).parents.clone()
    }

    /// What the rows depend on besides their index and the history of the cadences: the seed, the locale, the clock if any column reads it, and the
    /// tables' columns. Files with the same fingerprint make the same rows.
    pub fn fingerprint(&self) -> String {
        let tables = self.0.tables.iter();
        let root = Hash::new().text(&self.0.root);
        let root = if self.0.reads_clock { root.number(self.0.now as u64) } else { root };
        tables.fold(root, |hash, table| hash.text(&table.fingerprint)).finish()
    }

    /// What the clock of the tables shows, in microseconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        self.0.now
    }

    /// Whether any column reads the clock.
    pub fn reads_clock(&self) -> bool {
        self.0.reads_clock
    }

    /// The cadences as the file says them.
    pub fn timelines(&self) -> Timelines {
        self.0.timelines.clone()
    }

    /// For each of [`TablesSpec::adopted`], the columns that the tables take from it.
    pub fn adopted_columns(&self) -> Vec<Vec<String>> {
        let name = |adopted: &Adopted, column: &usize| {
            adopted.schema.fields().get(*column).map(|f| f.name().clone())
        };
        let adopted = self.0.adopted.iter();
        adopted
            .map(|adopted| adopted.used.iter().filter_map(|column| name(adopted, column)).collect())
            .collect()
    }

    /// With what was read of [`TablesSpec::adopted`], in that order: what the ticks see before a source looks again.
    ///
    /// # Errors
    /// If the tables are shared already.
    pub fn adopting(mut self, adopted: Vec<AdoptedHistory>) -> Result<Self> {
        let inner = Arc::get_mut(&mut self.0)
            .ok_or_else(|| Error::internal("tables were shared before what they adopt was read"))?;
        inner.timelines.adopted = adopted;
        Ok(self)
    }

    /// The names of [`TablesSpec::adopted`].
    pub(crate) fn adopted_names(&self) -> impl Iterator<Item = &str> {
        self.0.adopted.iter().map(|adopted| adopted.name.as_str())
    }

    /// What `data: auto` stands for, in the file's order.
    pub fn inferred(&self) -> &[Inferred] {
        &self.0.inferred
    }

    /// How the expressions of a table's columns are evaluated, in the file's order.
    pub fn evaluations(&self, table: usize) -> Vec<Evaluated> {
        let columns = self.0.tables.get(table).map(|table| table.columns.as_slice()).unwrap_or_default();
        columns
            .iter()
            .map(|column| Evaluated {
                column: column.name.clone(),
                row_by_row: column.expression.row_by_row().map(|reason| {
                    let text = column.expression.text();
                    (reason.construct.clone(), text.get(reason.range.clone()).unwrap_or(text).to_owned())
                }),
            })
            .collect()
    }

    /// When logical time begins, in microseconds since the Unix epoch.
    pub fn start(&self) -> i64 {
        self.0.timelines.start
    }

    /// The rows of `table` at the indices `rows`, or what becomes of them by the table's disorder. Every row is a function of its index: any split of a range into
    /// smaller ones gives the same rows.
    ///
    /// Fails with [`ErrorKind::Data`](millstream_core::ErrorKind::Data) if an expression fails on a row, or if a row
    /// has no parent to refer to.
    pub fn generate(&self, table: usize, rows: Range<u64>, timelines: &Timelines) -> Result<RecordBatch> {
        let rows = match &self.table(table).disorder {
            Some(disorder) => disorder.emitted(rows),
            None => rows.collect(),
        };
        Evaluation::new(&self.0, timelines, table, rows).batch()
    }

    /// Some columns of the rows of `table`, by position: no others are made, unless these need them.
    pub fn generate_columns(
        &self,
        table: usize,
        rows: Range<u64>,
        columns: &[usize],
        timelines: &Timelines,
    ) -> Result<Vec<ArrayRef>> {
        Evaluation::new(&self.0, timelines, table, rows.collect()).columns(columns)
    }

    /// Whether the expression of a column gives nulls of itself, before a share of them is declared.
    pub(crate) fn makes_nulls(&self, table: usize, column: usize) -> bool {
        self.table(table).columns.get(column).is_none_or(|column| column.expression.nullable())
    }

    /// The fingerprint of the seed and the locale alone.
    pub(crate) fn root_fingerprint(&self) -> &str {
        &self.0.root
    }

    /// The fingerprint of one table.
    pub(crate) fn table_fingerprint(&self, table: usize) -> &str {
        &self.table(table).fingerprint
    }

    pub(crate) fn name(&self, table: usize) -> &StreamName {
        &self.table(table).name
    }

    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        self.0.tables.iter().position(|table| &*table.name == name)
    }

    fn table(&self, table: usize) -> &Table {
        &self.0.tables[table]
    }
}

/// The columns that tables take from `parent`, in order.
fn columns_taken(tables: &[Table], parent: usize) -> Vec<usize> {
    fn parent_of(tables: &[Table], table: usize, draw: usize) -> Option<usize> {
        match tables.get(table)?.draws.get(draw)? {
            Draw::Key { parent, .. } => Some(*parent),
            Draw::Through { parent, inner, .. } => parent_of(tables, *parent, *inner),
        }
    }
    let mut columns = BTreeSet::new();
    for (index, table) in tables.iter().enumerate() {
        for slot in &table.slots {
            if let Slot::Parent { draw, column, .. } = slot
                && parent_of(tables, index, *draw) == Some(parent)
            {
                columns.insert(*column);
            }
        }
        for draw in &table.draws {
            if let Draw::Key { parent: drawn, distribution: Distribution::Weighted(weights), .. } = draw
                && *drawn == parent
            {
                columns.insert(weights.attribute);
            }
        }
    }
    columns.into_iter().collect()
}

/// Every table after its parents; among those that may come next, the first of the file.
fn parents_first(tables: &[Table]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::with_capacity(tables.len());
    while order.len() < tables.len() {
        let next = (0..tables.len()).find(|index| {
            !order.contains(index)
                && tables.get(*index).is_some_and(|table| table.parents.iter().all(|p| order.contains(p)))
        });
        match next {
            Some(next) => order.push(next),
            // There are no circles: they are refused before.
            None => break,
        }
    }
    order
}

/// A stable 128-bit hash.
#[derive(Debug, Clone, Copy)]
struct Hash(Key, Key);

impl Hash {
    const fn new() -> Self {
        Self(Key::from_seed(0), Key::from_seed(1))
    }

    const fn number(self, number: u64) -> Self {
        Self(self.0.numbered(number), self.1.numbered(number))
    }

    fn text(self, text: &str) -> Self {
        Self(self.0.named(text), self.1.named(text))
    }

    fn finish(self) -> String {
        format!("{:016x}{:016x}", self.0.bits(0), self.1.bits(0))
    }
}
