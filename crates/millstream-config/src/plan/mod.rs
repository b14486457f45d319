//! From a document to a graph that can run.

mod adopted;
mod channels;
mod check_columns;
mod fingerprint;
mod replaced;
mod sinks;
mod sources;
mod spread;
mod stored_types;
mod streams;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use millstream_core::{Clock, Error, Result, StateStore};
use millstream_engine::{
    AnySink, AnySource, FileStore, Graph, GraphBuilder, MemoryStore, Outcome, RetryPolicy, RunOptions,
    SqliteStore, SystemClock,
};
use millstream_generate::{
    AdoptedHistory, AdoptedTable, CadenceStatus, GeneratorSource, Mode, RangeSource, Speed, Tables,
    TablesSpec,
};

use crate::document::{Document, OnError, StateKind};

pub use sinks::OutputFormat;

/// What a file is run for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Until the sources end: generated tables get their `row_count` rows.
    Run,
    /// Until it is stopped: generated tables grow at their cadence.
    Serve {
        /// Instead of the file's sinks: a Delta table for each generated table, in this folder. Without it and
        /// without sinks in the file the folder is `./lake`.
        output: Option<PathBuf>,
        /// Stop after so many ticks.
        ticks: Option<u64>,
    },
    /// The generated tables alone, `row_count` rows of each, into a folder instead of the file's sinks.
    Generate {
        /// The folder.
        output: PathBuf,
        /// The format of its files.
        format: OutputFormat,
        /// Only a part of it.
        only: Option<OnlyRows>,
    },
}

/// A part of the generated tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlyRows {
    /// One table.
    pub table: String,
    /// Some of its rows, counted from 0; all if `None`.
    pub rows: Option<Range<u64>>,
}

/// What the command line says over the file.
#[derive(Debug, Clone)]
pub struct Overrides {
    /// Workers.
    pub parallelism: Option<NonZeroUsize>,
    /// Rows per chunk.
    pub chunk_rows: Option<usize>,
    /// Forget the state and start over.
    pub restart: bool,
    /// How fast logical time passes under [`Purpose::Serve`].
    pub speed: Option<Speed>,
    /// What `datetime.now()` and relative dates mean, in microseconds since the Unix epoch, instead of `config.now`.
    pub now: Option<i64>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

impl Default for Overrides {
    fn default() -> Self {
        Self {
            parallelism: None,
            chunk_rows: None,
            restart: false,
            speed: None,
            now: None,
            clock: Arc::new(SystemClock::new()),
        }
    }
}

/// A graph with everything that is needed to run it.
pub struct Plan {
    /// The graph.
    pub graph: Graph,
    /// How to run it.
    pub options: RunOptions,
    /// How far its generator is, if it has one.
    pub cadence: Option<Arc<CadenceStatus>>,
    /// Its tables, if it has any.
    pub tables: Option<(Tables, TablesSpec)>,
    /// The rows that its sources will give, where that is known.
    pub expected_rows: Option<u64>,
    /// The bytes that its sources will read, as they lie on disk, where that is known.
    pub expected_bytes: Option<u64>,
    /// Where state is kept.
    pub state: PlannedState,
}

/// Where the state of a run is kept. Nothing is made there before [`PlannedState::open`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedState {
    kind: StateKind,
    path: PathBuf,
    /// The path as it is written: a part of it may be a secret.
    shown: String,
}

impl PlannedState {
    fn of(document: &Document) -> Self {
        let path = document.state.path.as_ref();
        Self {
            kind: document.state.kind,
            path: path.map(|path| PathBuf::from(path.value.reveal())).unwrap_or_default(),
            shown: path.map(|path| path.value.to_string()).unwrap_or_default(),
        }
    }

    fn memory() -> Self {
        Self { kind: StateKind::Memory, path: PathBuf::new(), shown: String::new() }
    }

    /// Opens the store, and makes it if it is not there.
    pub fn open(&self) -> Result<Arc<dyn StateStore>> {
        Ok(match self.kind {
            StateKind::Memory => Arc::new(MemoryStore::new()),
            StateKind::File => Arc::new(FileStore::open(&self.path)?),
            StateKind::Sqlite => Arc::new(SqliteStore::open(&self.path)?),
        })
    }
}

impl std::fmt::Display for PlannedState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            StateKind::Memory => f.write_str("memory"),
            StateKind::File => write!(f, "files in {}", self.shown),
            StateKind::Sqlite => write!(f, "SQLite in {}", self.shown),
        }
    }
}

impl Plan {
    /// Opens the state and runs the graph.
    pub async fn run(self) -> Result<Outcome> {
        let state = self.state.open()?;
        // On the heap: the future of a run is large.
        Ok(Box::pin(millstream_engine::run(self.graph, RunOptions { state, ..self.options })).await)
    }
}

/// Builds the graph of a document. Sources are looked at, so that the types of all expressions are known; sinks are
/// not touched yet.
pub async fn plan(document: &Document, purpose: &Purpose, overrides: &Overrides) -> Result<Plan> {
    build(document, purpose, overrides, None).await
}

/// As [`plan`] for [`Purpose::Run`], but each stream that ends in a sink ends in one that `glimpse` makes for its
/// name, rejected rows are skipped, and no state is kept: to look at rows, and write nothing.
pub async fn plan_preview(
    document: &Document,
    overrides: &Overrides,
    glimpse: &dyn Fn(&str) -> AnySink,
) -> Result<Plan> {
    build(document, &Purpose::Run, overrides, Some(glimpse)).await
}

async fn build(
    document: &Document,
    purpose: &Purpose,
    overrides: &Overrides,
    glimpse: Option<&dyn Fn(&str) -> AnySink>,
) -> Result<Plan> {
    let chunk_rows = overrides.chunk_rows.unwrap_or(document.processing.chunk_size);
    let parallelism = overrides
        .parallelism
        .or_else(|| document.processing.parallelism.and_then(NonZeroUsize::new))
        .or_else(|| std::thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN);
    let mut builder = GraphBuilder::new(document.name.value.clone());
    let mut schemas: HashMap<String, SchemaRef> = HashMap::new();
    let mut expected_bytes = None;
    let (mut cadence, mut compiled, mut expected_rows) = (None, None, None);
    if !document.tables.is_empty() {
        let (tables, spec, adopted) = compile_tables(document, overrides).await?;
        for (index, name) in tables.names().iter().enumerate() {
            schemas.insert(name.to_string(), tables.schema(index));
        }
        let mode = match purpose {
            Purpose::Serve { ticks, .. } => Mode::Continuous { max_ticks: *ticks },
            Purpose::Run | Purpose::Generate { .. } => {
                expected_rows = Some(spec.tables.iter().map(|table| table.row_count).sum());
                Mode::Bounded
            }
        };
        if let Purpose::Generate { only: Some(only), .. } = purpose {
            let (table, rows) = part(only, &tables, &spec)?;
            expected_rows = Some(rows.end - rows.start);
            let source = RangeSource::new(tables.clone(), table, rows, chunk_rows);
            builder = builder.source("tables", AnySource::Plain(Box::new(source)));
        } else {
            let clock = overrides.clock.clone();
            let source =
                GeneratorSource::new("tables", tables.clone(), spec.clone(), mode, chunk_rows, clock)
                    .at_speed(overrides.speed.unwrap_or(document.config.speed))
                    .adopting(adopted);
            cadence = Some(source.status());
            builder = builder.source("tables", AnySource::FromSinks(Box::new(source)));
        }
        compiled = Some((tables, spec));
    }
    let generates = matches!(purpose, Purpose::Generate { .. });
    if generates && compiled.is_none() {
        return Err(Error::config(format!("{} has no tables to generate", document.file.name()))
            .hint("add `tables:`, or use `millstream run`"));
    }
    if !generates {
        (builder, expected_bytes) =
            sources::add(document, builder, &mut schemas, expected_rows.is_none()).await?;
        builder = streams::add(document, builder, &mut schemas)?;
    }
    if glimpse.is_none() {
        check_columns::check(document, purpose, &schemas)?;
    }
    if *purpose == Purpose::Run
        && glimpse.is_none()
        && document.sinks.is_empty()
        && document.pipeline.is_none()
    {
        return Err(Error::config(format!("{} has no sinks: its rows would go nowhere", document.file.name()))
            .hint(if document.tables.is_empty() {
                "add one under `sinks:`"
            } else {
                "add one under `sinks:`, or use `millstream generate FILE --output data` or `millstream serve FILE`"
            }));
    }
    builder = match glimpse {
        Some(glimpse) => sinks::add_glimpses(document, builder, glimpse),
        None => sinks::add(document, builder, purpose, parallelism.get(), &schemas)?,
    };
    if let Some(connector) = document.dead_letter.as_ref().filter(|_| glimpse.is_none()) {
        let sink = sinks::dead_letter(document, connector, parallelism.get())?;
        builder = builder.dead_letter(sink, channels::channel(document, connector.buffer));
    }
    let graph = builder.build()?;
    let keeps_none = generates || glimpse.is_some();
    let state = if keeps_none { PlannedState::memory() } else { PlannedState::of(document) };
    let options = RunOptions {
        clock: overrides.clock.clone(),
        fingerprint: fingerprint::fingerprint(document),
        checkpoint_interval: (!keeps_none).then_some(document.checkpoint.interval),
        parallelism,
        on_error: match document.on_error {
            OnError::Fail if glimpse.is_none() => millstream_engine::OnError::Fail,
            OnError::Fail | OnError::Skip | OnError::Continue => millstream_engine::OnError::Skip,
        },
        retry: RetryPolicy { max_retries: document.processing.max_retries, ..RetryPolicy::default() },
        memory_limit: document.processing.memory_limit.map(|bytes| bytes as usize),
        restart: overrides.restart,
        ..RunOptions::default()
    };
    Ok(Plan { graph, options, cadence, tables: compiled, expected_rows, expected_bytes, state })
}

/// The table that only is asked for, and the rows of it.
fn part(only: &OnlyRows, tables: &Tables, spec: &TablesSpec) -> Result<(usize, Range<u64>)> {
    let names = tables.names();
    let Some(table) = names.iter().position(|name| **name == *only.table) else {
        let known: Vec<&str> = names.iter().map(|name| &**name).collect();
        return Err(Error::config(format!("there is no table {:?}", only.table))
            .hint(format!("the tables are: {}", known.join(", "))));
    };
    let row_count = spec.tables[table].row_count;
    let rows = only.rows.clone().unwrap_or(0..row_count);
    if rows.end > row_count {
        return Err(Error::config(format!(
            "{} has {row_count} rows, and rows up to {} are asked for",
            only.table, rows.end
        ))
        .hint(format!("ask for rows of 0..{row_count}, or raise its `row_count`")));
    }
    Ok((table, rows))
}

/// Compiles the tables of a document; `config.start` is now unless the file says when. What the tables refer to is
/// opened, and read once.
async fn compile_tables(
    document: &Document,
    overrides: &Overrides,
) -> Result<(Tables, TablesSpec, Vec<Box<dyn AdoptedTable>>)> {
    let mut spec = document.tables_spec();
    let (specs, mut adopted) = adopted::open(document).await?;
    spec.adopted = specs;
    spec.now = overrides.now.or(spec.now);
    // Whole seconds read better in generated timestamps.
    let now = overrides.clock.now().div_euclid(1_000_000) * 1_000_000;
    let tables = Tables::compile(&spec, spec.start.unwrap_or(now))
        .map_err(|errors| Error::from(document.spec_diagnostics(&errors)))?;
    let mut histories = Vec::with_capacity(adopted.len());
    for ((table, columns), spec) in adopted.iter_mut().zip(tables.adopted_columns()).zip(&spec.adopted) {
        let history = AdoptedHistory::begin(table.as_mut(), &columns).await;
        histories.push(history.map_err(|error| error.context(format!("source {}", spec.name)))?);
    }
    Ok((tables.adopting(histories)?, spec, adopted))
}

/// A sink with its name and the streams that it takes.
struct NamedSink {
    name: String,
    from: Vec<String>,
    sink: AnySink,
}
