//! Compiles the tables of a file. Columns are compiled on demand: whoever names a column, or takes it from a parent,
//! has it compiled first, so that its type is known; a column that is met again while it is being compiled closes a
//! cycle.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow::datatypes::{DataType, TimeUnit};
use millstream_core::Key;
use millstream_expr::{CallError, CallSite, CompileError, Expression, Function, Library, Scope};

use crate::adopted::plain_type;
use crate::declared::Declared;
use crate::library::arguments::Bound;
use crate::library::rows::{RowLibrary, key_of_call};
use crate::library::slot::SlotFunction;
use crate::library::{aggregates, keys, random};
use crate::plan::{Column, Draw, Slot};
use crate::providers::{self, ProviderContext};
use crate::timeline::{Timeline, Timelines};
use crate::{AdoptedSpec, SpecError, TableSpec, TablesSpec, UpdatePolicy};

/// The name of a row's number in expressions.
pub(crate) const ROW_ID: &str = "row_id";

/// What is known of a compiled column.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) data_type: DataType,
    pub(crate) nullable: bool,
    /// The draws of its foreign keys.
    pub(crate) draws: Vec<usize>,
    /// Whether its values may differ between generations of the table: they do not depend on row and constants alone.
    pub(crate) varies: bool,
}

#[derive(Debug)]
enum Stage {
    Waiting,
    Compiling,
    Failed,
    Done(Shape, Option<Box<Column>>),
}

/// A draw or a slot with the call that it belongs to, so that a call that is resolved twice has it once.
#[derive(Debug)]
struct Owned<T> {
    column: usize,
    /// The ordinal of the call, and which of its draws or slots this is.
    call: (u64, usize),
    value: T,
}

fn add_once<T>(list: &mut Vec<Owned<T>>, column: usize, call: (u64, usize), value: T) -> usize {
    let known = list.iter().position(|owned| owned.column == column && owned.call == call);
    known.unwrap_or_else(|| {
        list.push(Owned { column, call, value });
        list.len() - 1
    })
}

#[derive(Debug, Default)]
struct State {
    stages: Vec<Vec<Stage>>,
    draws: Vec<Vec<Owned<Draw>>>,
    slots: Vec<Vec<Owned<Slot>>>,
    parents: Vec<BTreeSet<usize>>,
    /// The columns that are being compiled, outermost first.
    stack: Vec<(usize, usize)>,
    errors: Vec<SpecError>,
}

/// Compiles all columns of a file.
#[derive(Debug)]
pub(crate) struct Compiler<'a> {
    spec: &'a TablesSpec,
    start: i64,
    /// What the clock of the run shows, and whether anything asked.
    now: i64,
    reads_clock: AtomicBool,
    /// The locales that exist: that a wrong one was asked for is said once, and not by every call.
    locales: Vec<String>,
    timelines: &'a Timelines,
    state: Mutex<State>,
}

/// A table as it leaves the compiler.
#[derive(Debug)]
pub(crate) struct CompiledTable {
    pub(crate) columns: Vec<(Column, Shape)>,
    pub(crate) draws: Vec<Draw>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) parents: Vec<usize>,
}

impl<'a> Compiler<'a> {
    pub(crate) fn new(spec: &'a TablesSpec, start: i64, timelines: &'a Timelines) -> Self {
        let per_table = || spec.tables.iter();
        let state = State {
            stages: per_table().map(|table| table.columns.iter().map(|_| Stage::Waiting).collect()).collect(),
            draws: per_table().map(|_| Vec::new()).collect(),
            slots: per_table().map(|_| Vec::new()).collect(),
            parents: per_table().map(|_| BTreeSet::new()).collect(),
            ..State::default()
        };
        let named = std::iter::once(&spec.locale).chain(&spec.other_locales);
        let locales = named.filter(|locale| providers::check_locale(locale).is_ok()).cloned().collect();
        Self {
            spec,
            start,
            now: spec.now.unwrap_or(start),
            reads_clock: AtomicBool::new(false),
            locales,
            timelines,
            state: Mutex::new(state),
        }
    }

    /// Everything compiled, or everything that is wrong.
    pub(crate) fn run(self) -> Result<(Vec<CompiledTable>, bool), Vec<SpecError>> {
        for (table, spec) in self.spec.tables.iter().enumerate() {
            for column in 0..spec.columns.len() {
                self.compile(table, column);
            }
        }
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !state.errors.is_empty() {
            return Err(state.errors);
        }
        let tables = state.stages.into_iter().zip(state.draws).zip(state.slots).zip(state.parents);
        let compiled: Result<_, _> = tables
            .enumerate()
            .map(|(table, (((stages, draws), slots), parents))| {
                let columns = stages
                    .into_iter()
                    .enumerate()
                    .map(|(column, stage)| match stage {
                        Stage::Done(shape, Some(compiled)) => Ok((*compiled, shape)),
                        _ => Err(vec![SpecError {
                            table,
                            column: Some(column),
                            range: None,
                            message: "this column was not compiled, although nothing is wrong with it"
                                .to_owned(),
                            hint: Some("this is a defect of Millstream: please report it".to_owned()),
                        }]),
                    })
                    .collect::<Result<_, _>>()?;
                Ok(CompiledTable {
                    columns,
                    draws: draws.into_iter().map(|owned| owned.value).collect(),
                    slots: slots.into_iter().map(|owned| owned.value).collect(),
                    parents: parents.into_iter().collect(),
                })
            })
            .collect();
        compiled.map(|compiled| (compiled, self.reads_clock.into_inner()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn column_name(&self, table: usize, column: usize) -> &'a str {
        self.spec
            .tables
            .get(table)
            .and_then(|table| table.columns.get(column))
            .map_or("", |column| &column.name)
    }

    /// The root of the random numbers of one column.
    fn column_key(&self, table: usize, column: usize) -> Key {
        let name = self.spec.tables.get(table).map_or("", |table| &table.name);
        Key::from_seed(self.spec.seed)
            .named(name)
            .numbered(self.timelines.generation(table))
            .named(self.column_name(table, column))
    }

    /// The shape of a column, which is compiled if it was not yet; `None` if it cannot be.
    fn compile(&self, table: usize, column: usize) -> Option<Shape> {
        let spec = self.spec.tables.get(table)?.columns.get(column)?;
        {
            let mut state = self.state();
            let stage = state.stages.get_mut(table)?.get_mut(column)?;
            match stage {
                Stage::Done(shape, _) => return Some(shape.clone()),
                Stage::Failed => return None,
                Stage::Compiling => {
                    self.report_cycle(&mut state, table, column);
                    return None;
                }
                Stage::Waiting => *stage = Stage::Compiling,
            }
            state.stack.push((table, column));
        }
        let compiler = ColumnCompiler { compiler: self, table, column, notes: Mutex::default() };
        let compiled = Expression::compile(&spec.data, &compiler, &compiler);
        let notes = compiler.notes.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.state();
        state.stack.pop();
        let compiled =
            compiled.map_err(|error| spec_error(table, column, error)).and_then(|expression| {
                let key = self.column_key(table, column);
                let declared = Declared::new(spec, expression.data_type(), key)
                    .map_err(|error| SpecError { table, column: Some(column), ..*error })?;
                Ok((expression, declared))
            });
        let (stage, shape) = match compiled {
            Ok((expression, declared)) if !notes.poisoned => {
                let shape = Shape {
                    data_type: match declared.data_type(expression.data_type()) {
                        // A column of nothing but None has no type of its own; sinks need one.
                        DataType::Null => DataType::Utf8,
                        other => other.clone(),
                    },
                    nullable: expression.nullable() || declared.makes_nulls(),
                    draws: notes.draws,
                    varies: notes.varies || declared.makes_nulls(),
                };
                let compiled = Column {
                    name: spec.name.clone(),
                    inputs: expression.columns().to_vec(),
                    declared,
                    place: spec.place.clone(),
                    expression,
                    is_primary_key: spec.is_primary_key,
                };
                (Stage::Done(shape.clone(), Some(Box::new(compiled))), Some(shape))
            }
            // What is wrong with the other column has been reported there.
            _ if notes.poisoned => (Stage::Failed, None),
            Ok(_) => (Stage::Failed, None),
            Err(error) => {
                state.errors.push(error);
                (Stage::Failed, None)
            }
        };
        if let Some(place) = state.stages.get_mut(table).and_then(|stages| stages.get_mut(column)) {
            *place = stage;
        }
        shape
    }

    /// `column` was met while it is being compiled.
    fn report_cycle(&self, state: &mut State, table: usize, column: usize) {
        let from = state.stack.iter().position(|entry| *entry == (table, column)).unwrap_or(0);
        let path: Vec<&str> = state
            .stack
            .iter()
            .skip(from)
            .chain([&(table, column)])
            .map(|&(table, column)| self.column_name(table, column))
            .collect();
        let Some(&(last_table, last_column)) = state.stack.last() else {
            return;
        };
        let range = self
            .spec
            .tables
            .get(last_table)
            .and_then(|table| table.columns.get(last_column))
            .and_then(|spec| range_of_name(&spec.data, self.column_name(table, column)));
        state.errors.push(SpecError {
            table: last_table,
            column: Some(last_column),
            range,
            message: format!("columns cannot be made from each other in a circle: {}", path.join(" -> ")),
            hint: Some(format!("make one of them without the others; the number of the row is `{ROW_ID}`")),
        });
    }
}

/// Where a name stands in an expression.
fn range_of_name(source: &str, name: &str) -> Option<Range<usize>> {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    source.match_indices(name).find_map(|(at, _)| {
        let before = source.get(..at)?.chars().next_back();
        let after = source.get(at + name.len()..)?.chars().next();
        let whole = !before.is_some_and(is_part) && !after.is_some_and(is_part);
        whole.then_some(at..at + name.len())
    })
}

fn spec_error(table: usize, column: usize, error: CompileError) -> SpecError {
    SpecError {
        table,
        column: Some(column),
        range: Some(error.range),
        message: error.message,
        hint: error.hint,
    }
}

/// What was noticed while a column was compiled.
#[derive(Debug, Default)]
struct Notes {
    draws: Vec<usize>,
    /// Whether it calls something of the generator, or reads a column that does.
    varies: bool,
    /// Whether another column that it needs cannot be compiled: then its own errors say nothing new.
    poisoned: bool,
}

/// The compiler, as one column sees it: its scope and its library.
#[derive(Debug)]
pub(crate) struct ColumnCompiler<'a> {
    compiler: &'a Compiler<'a>,
    table: usize,
    column: usize,
    notes: Mutex<Notes>,
}

impl<'a> ColumnCompiler<'a> {
    pub(crate) fn own_table(&self) -> usize {
        self.table
    }

    /// The index of a table of the file.
    pub(crate) fn table(&self, name: &str) -> Option<usize> {
        self.compiler.spec.tables.iter().position(|table| table.name == name)
    }

    /// The index of a table that rows may refer to; those of adopted tables follow those of the file's.
    pub(crate) fn parent(&self, name: &str) -> Option<usize> {
        let adopted = || self.compiler.spec.adopted.iter().position(|adopted| adopted.name == name);
        self.table(name).or_else(|| Some(self.compiler.spec.tables.len() + adopted()?))
    }

    /// An adopted table.
    fn adopted(&self, table: usize) -> Option<&'a AdoptedSpec> {
        self.compiler.spec.adopted.get(table.checked_sub(self.compiler.spec.tables.len())?)
    }

    pub(crate) fn table_name(&self, table: usize) -> &'a str {
        let made = self.compiler.spec.tables.get(table).map(|table| table.name.as_str());
        made.or_else(|| self.adopted(table).map(|adopted| adopted.name.as_str())).unwrap_or_default()
    }

    pub(crate) fn table_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let spec = self.compiler.spec;
        let adopted = spec.adopted.iter().map(|adopted| adopted.name.as_str());
        spec.tables.iter().map(|table| table.name.as_str()).chain(adopted)
    }

    pub(crate) fn column_of(&self, table: usize, name: &str) -> Option<usize> {
        self.column_names(table).position(|column| column == name)
    }

    pub(crate) fn column_names(&self, table: usize) -> impl Iterator<Item = &'a str> + use<'a> {
        let columns = self.compiler.spec.tables.get(table).map(|table| table.columns.as_slice());
        let fields = self.adopted(table).map(|adopted| adopted.schema.fields().as_ref());
        let made = columns.unwrap_or_default().iter().map(|column| column.name.as_str());
        made.chain(fields.unwrap_or_default().iter().map(|field| field.name().as_str()))
    }

    /// The shape of a column; if it has none, this column fails without an error of its own.
    pub(crate) fn shape(&self, table: usize, column: usize) -> Result<Shape, CallError> {
        if let Some(adopted) = self.adopted(table) {
            let field = adopted.schema.fields().get(column);
            let data_type = field.map_or(DataType::Null, |field| plain_type(field.data_type()));
            let nullable = field.is_none_or(|field| field.is_nullable());
            return Ok(Shape { data_type, nullable, draws: Vec::new(), varies: false });
        }
        self.compiler.compile(table, column).ok_or_else(|| {
            self.notes().poisoned = true;
            CallError {
                message: format!("`{}` cannot be made", self.compiler.column_name(table, column)),
                hint: None,
                argument: None,
            }
        })
    }

    /// Makes `parent` a parent of this table, unless that would close a circle.
    pub(crate) fn refer_to(&self, parent: usize) -> Result<(), CallError> {
        // A row may refer to those before it, of the same table, and to those of tables that are there already.
        if parent == self.table || self.adopted(parent).is_some() {
            return Ok(());
        }
        let mut state = self.compiler.state();
        if let Some(mut path) = path_between(&state.parents, parent, self.table) {
            path.insert(0, self.table);
            let names: Vec<&str> = path.into_iter().map(|table| self.table_name(table)).collect();
            return Err(CallError {
                message: format!("tables cannot refer to each other in a circle: {}", names.join(" -> ")),
                hint: Some("the rows of a parent must be there before those of its children".to_owned()),
                argument: None,
            });
        }
        if let Some(parents) = state.parents.get_mut(self.table) {
            parents.insert(parent);
        }
        Ok(())
    }

    /// Whether the first row of this table can see a row of `parent`; if not, what is wrong and a hint.
    pub(crate) fn check_visible(&self, parent: usize) -> Result<(), (String, String)> {
        let timelines = &self.compiler.timelines.tables;
        let (Some(own), Some(other)) = (timelines.get(self.table), timelines.get(parent)) else {
            return Ok(());
        };
        match own.tick_of(0) {
            Some(tick) if parent != self.table && other.rows_at(tick) == 0 => {
                Err(no_parent_yet(self.table_name(self.table), self.table_name(parent)))
            }
            _ => Ok(()),
        }
    }

    /// The rows that this table and `parent` begin with; as many as there can be if that is not known yet.
    pub(crate) fn initial_rows(&self, parent: usize) -> [u64; 2] {
        let timelines = &self.compiler.timelines.tables;
        [self.table, parent].map(|table| timelines.get(table).map_or(u64::MAX, Timeline::row_count))
    }

    /// What the file says of a table.
    pub(crate) fn spec_of(&self, table: usize) -> Option<&'a TableSpec> {
        self.compiler.spec.tables.get(table)
    }

    /// The length of a tick.
    pub(crate) fn tick(&self) -> Duration {
        self.compiler.spec.tick
    }

    /// Whether a table has other rows later.
    pub(crate) fn grows(&self, table: usize) -> bool {
        let timeline = self.compiler.timelines.tables.get(table);
        let policy = self.compiler.spec.tables.get(table).map(|table| table.update_policy);
        timeline.is_some_and(|timeline| timeline.rows_at(u64::MAX) != timeline.row_count())
            || matches!(policy, Some(UpdatePolicy::Replace { .. }))
    }

    /// Adds a draw of this table: the `nth` one of a call.
    pub(crate) fn add_draw(&self, ordinal: u64, nth: usize, draw: Draw) -> usize {
        let mut state = self.compiler.state();
        match state.draws.get_mut(self.table) {
            Some(draws) => add_once(draws, self.column, (ordinal, nth), draw),
            None => 0,
        }
    }

    /// Marks a draw as one of the keys of this column.
    pub(crate) fn note_draw(&self, draw: usize) {
        let mut notes = self.notes();
        if !notes.draws.contains(&draw) {
            notes.draws.push(draw);
        }
    }

    /// The parent whose rows a draw gives.
    pub(crate) fn parent_of(&self, table: usize, draw: usize) -> usize {
        fn follow(state: &State, table: usize, draw: usize) -> usize {
            match state.draws.get(table).and_then(|draws| draws.get(draw)) {
                Some(Owned { value: Draw::Key { parent, .. }, .. }) => *parent,
                Some(Owned { value: Draw::Through { parent, inner, .. }, .. }) => {
                    follow(state, *parent, *inner)
                }
                None => usize::MAX,
            }
        }
        follow(&self.compiler.state(), table, draw)
    }

    /// Whether a draw of this table gives some rows no parent: the first row of a table that refers to itself.
    pub(crate) fn may_be_missing(&self, draw: usize) -> bool {
        fn follow(state: &State, table: usize, draw: usize) -> bool {
            match state.draws.get(table).and_then(|draws| draws.get(draw)).map(|owned| &owned.value) {
                Some(Draw::Key { parent, .. }) => *parent == table,
                Some(Draw::Through { draw, parent, inner }) => {
                    follow(state, table, *draw) || follow(state, *parent, *inner)
                }
                None => false,
            }
        }
        follow(&self.compiler.state(), self.table, draw)
    }

    /// Adds a slot to the frame of this table; gives its position.
    pub(crate) fn add_slot(&self, ordinal: u64, slot: Slot) -> usize {
        let mut state = self.compiler.state();
        let columns = state.stages.get(self.table).map_or(0, Vec::len);
        match state.slots.get_mut(self.table) {
            Some(slots) => 1 + columns + add_once(slots, self.column, (ordinal, 0), slot),
            None => 0,
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The root of the random numbers of the column.
    fn key(&self) -> Key {
        self.compiler.column_key(self.table, self.column)
    }

    /// Draws the locale of each row of the table.
    fn locale_key(&self) -> Key {
        Key::from_seed(self.compiler.spec.seed).named(self.table_name(self.table)).named("fake.locale")
    }

    fn tick_time(&self, call: &CallSite<'_>, arrival: bool) -> Result<Arc<dyn Function>, CallError> {
        Bound::new(call, if arrival { "arrival_time()" } else { "tick_time()" }, &[], 0)?;
        if let Some(timeline) = self.compiler.timelines.tables.get(self.table)
            && let Some((numerator, denominator)) = timeline.initial_spacing()
        {
            const FIRST_YEAR: i128 = -62_135_596_800_000_000;
            let before = u128::from(timeline.row_count()).saturating_mul(numerator) / denominator;
            let first =
                i128::from(self.compiler.start).saturating_sub(i128::try_from(before).unwrap_or(i128::MAX));
            if first < FIRST_YEAR {
                return Err(CallError {
                    message: "at this rate the first of the initial rows lies before the year 1".to_owned(),
                    hint: Some("raise rows_per_minute or lower row_count".to_owned()),
                    argument: None,
                });
            }
        }
        Ok(Arc::new(SlotFunction {
            position: [self.add_slot(call.ordinal, Slot::TickTime { arrival })],
            data_type: tick_time_type(),
            nullable: false,
        }))
    }
}

/// The type of `tick_time()`.
pub(crate) fn tick_time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Whether a provider may give values that depend on now.
fn reads_clock(provider: &str) -> bool {
    ["date", "time", "past", "future", "unix", "century", "decade", "year", "profile"]
        .iter()
        .any(|part| provider.contains(part))
}

/// What is wrong when a row has no parent to refer to, and what to do.
pub(crate) fn no_parent_yet(child: &str, parent: &str) -> (String, String) {
    (
        format!("there is no row of `{parent}` yet when the first of `{child}` is made"),
        format!("give `{parent}` a row_count of at least 1"),
    )
}

/// The tables from `from` to `to` along references, both included.
fn path_between(parents: &[BTreeSet<usize>], from: usize, to: usize) -> Option<Vec<usize>> {
    if from == to {
        return Some(vec![from]);
    }
    // The references so far have no circle, so this ends.
    parents.get(from)?.iter().find_map(|&next| {
        let mut path = path_between(parents, next, to)?;
        path.insert(0, from);
        Some(path)
    })
}

impl Scope for ColumnCompiler<'_> {
    fn column(&self, name: &str) -> Option<(usize, DataType)> {
        let own = self.compiler.column_name(self.table, self.column);
        let column = self.column_of(self.table, name);
        // A column that is called row_id hides the number of the row from the others, but not from itself.
        if name == ROW_ID && (column.is_none() || own == ROW_ID) {
            return Some((0, DataType::Int64));
        }
        let column = column?;
        let data_type = match self.shape(self.table, column) {
            Ok(shape) => {
                self.notes().varies |= shape.varies;
                shape.data_type
            }
            Err(_) => DataType::Null,
        };
        Some((1 + column, data_type))
    }

    fn is_own(&self, name: &str) -> bool {
        name != ROW_ID && name == self.compiler.column_name(self.table, self.column)
    }

    fn names(&self) -> Vec<String> {
        let columns = self.column_names(self.table).map(str::to_owned);
        columns.chain([ROW_ID.to_owned()]).collect()
    }

    fn nullable(&self, position: usize) -> bool {
        let state = self.compiler.state();
        let stages = state.stages.get(self.table);
        match position.checked_sub(1) {
            None => false,
            Some(column) => match stages.and_then(|stages| stages.get(column)) {
                Some(Stage::Done(shape, _)) => shape.nullable,
                _ => true,
            },
        }
    }
}

impl Library for ColumnCompiler<'_> {
    fn resolve(&self, call: &CallSite<'_>) -> Result<Option<Arc<dyn Function>>, CallError> {
        let key = key_of_call(self.key(), call);
        let resolved = match call.path {
            "foreign_key" => keys::foreign_key(self, call, key).map(Some),
            "copy_from_fk" => keys::copy_from_fk(self, call).map(Some),
            "tick_time" => self.tick_time(call, false).map(Some),
            "arrival_time" => self.tick_time(call, true).map(Some),
            path if aggregates::NAMES.contains(&path) => aggregates::resolve(self, call).map(Some),
            path if path.starts_with("random.") => random::resolve(call, key),
            path if path.starts_with("fake.") => {
                let context = ProviderContext {
                    locales: &self.compiler.locales,
                    locale_key: self.locale_key(),
                    now: self.compiler.now,
                    rows: self.compiler.spec.tables.get(self.table).map(|table| table.row_count),
                };
                if reads_clock(path) {
                    self.compiler.reads_clock.store(true, Ordering::Relaxed);
                }
                providers::resolve(call, key, &context)
            }
            _ => Ok(None),
        };
        self.notes().varies |= !matches!(resolved, Ok(None));
        resolved
    }

    /// The clock of the run.
    fn now(&self) -> Option<i64> {
        self.compiler.reads_clock.store(true, Ordering::Relaxed);
        Some(self.compiler.now)
    }

    fn names(&self) -> Vec<String> {
        let own = ["foreign_key", "copy_from_fk", "tick_time", "arrival_time"];
        own.into_iter()
            .chain(aggregates::NAMES)
            .chain(random::NAMES)
            .map(str::to_owned)
            .chain(providers::names())
            .collect()
    }

    fn for_rows(&self) -> Option<Arc<dyn Library>> {
        self.notes().varies = true;
        // Which of its functions a row calls is not known before.
        self.compiler.reads_clock.store(true, Ordering::Relaxed);
        Some(Arc::new(RowLibrary {
            key: self.key(),
            locales: self.compiler.locales.clone(),
            locale_key: self.locale_key(),
            now: self.compiler.now,
        }))
    }
}
