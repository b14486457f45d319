//! The tables as a source: initial rows, then tick after tick, parents before children (S-63, S-65, S-67).

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arrow::datatypes::{DataType, Schema};
use async_trait::async_trait;
use millstream_core::{
    Bookmark, Boundary, Clock, Decode, Decoded, Error, Progress, Pull, Result, ResumesFromSinks, Source,
    StreamName, StreamSchema, Work,
};

use crate::adopted::{AdoptedHistory, AdoptedTable};
use crate::bookmark::{Generations, Position, merge};
use crate::generations::{Generation, first_cycles, resumed_cycles};
use crate::speed::{FastClock, pass};
use crate::status::CadenceStatus;
use crate::tables::Tables;
use crate::timeline::{Timeline, Timelines, microseconds};
use crate::{Cadence, OnRestart, Speed, TableSpec, TablesSpec, UpdatePolicy};

/// How long a generator runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The initial rows, then the end.
    Bounded,
    /// The initial rows, then ticks for ever.
    Continuous {
        /// The end comes after this tick; ticks of earlier runs count.
        max_ticks: Option<u64>,
    },
}

/// Generates tables: a stream for each.
#[derive(Debug)]
pub struct GeneratorSource {
    name: String,
    tables: Tables,
    spec: TablesSpec,
    mode: Mode,
    chunk_rows: u64,
    clock: Arc<dyn Clock>,
    speed: Speed,
    status: Arc<CadenceStatus>,
    timelines: Arc<Timelines>,
    /// Bytes in memory per row of each table, as seen last.
    widths: Arc<Vec<AtomicUsize>>,
    /// When the very first run began.
    opened: i64,
    /// The clock's [`Clock::elapsed`] at which logical time, in microseconds after the start, was zero.
    origin: i128,
    /// The rows of each table that were handed out; of a table that is replaced, the visible ones.
    rows: Vec<u64>,
    /// How far the tables are that are replaced as a whole.
    generations: Vec<Option<Generations>>,
    /// The generation that is being handed out.
    unfinished: Option<Unfinished>,
    /// Whether a generation was handed out since the last epoch that ended here.
    epoch_replaces: bool,
    complete: Option<u64>,
    current: Option<CurrentTick>,
    /// Rows since the last epoch that ended here.
    epoch_rows: u64,
    /// What holds of the file's cadences, and of those that were changed since; how often they were.
    cadences: Vec<Cadence>,
    revision: u64,
    /// Whether an epoch has to end although it may have no rows.
    epoch_wanted: bool,
    /// Tables that are there already, in the order of [`TablesSpec::adopted`].
    adopted: Vec<Box<dyn AdoptedTable>>,
    /// The tick that was begun before this run: what it sees is settled.
    settled: u64,
}

/// A generation that was begun and is not complete.
#[derive(Debug, Clone, Copy)]
struct Unfinished {
    table: usize,
    rows: u64,
}

/// The tick that is being handed out.
#[derive(Debug, Clone, Copy)]
struct CurrentTick {
    tick: u64,
    /// How many tables are done, in commit order.
    done: usize,
    /// Whether it was complete before: only tables that lag behind get rows.
    catches_up: bool,
}

impl GeneratorSource {
    /// A source called `name` for `tables`, which were compiled from `spec`; `chunk_rows` is the most rows of a chunk.
    pub fn new(
        name: impl Into<String>,
        tables: Tables,
        spec: TablesSpec,
        mode: Mode,
        chunk_rows: usize,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let status = CadenceStatus::new(&spec.tables);
        let cadences = spec.tables.iter().map(|table| table.cadence.clone()).collect();
        let widths = (0..tables.len()).map(|table| AtomicUsize::new(estimated_width(&tables.schema(table))));
        Self {
            name: name.into(),
            timelines: Arc::new(tables.timelines()),
            widths: Arc::new(widths.collect()),
            rows: vec![0; tables.len()],
            generations: first_cycles(&spec),
            unfinished: None,
            epoch_replaces: false,
            status: Arc::new(status),
            tables,
            spec,
            mode,
            chunk_rows: chunk_rows.max(1) as u64,
            clock,
            speed: Speed::REAL,
            cadences,
            revision: 0,
            epoch_wanted: false,
            opened: 0,
            origin: 0,
            complete: None,
            current: None,
            epoch_rows: 0,
            adopted: Vec::new(),
            settled: 0,
        }
    }

    /// The same with logical time that passes faster or slower than the clock's.
    #[must_use]
    pub fn at_speed(self, speed: Speed) -> Self {
        Self { clock: FastClock::at(self.clock, speed), speed, ..self }
    }

    /// With the tables that are there already, in the order of [`TablesSpec::adopted`].
    #[must_use]
    pub fn adopting(mut self, adopted: Vec<Box<dyn AdoptedTable>>) -> Self {
        self.adopted = adopted;
        self
    }

    /// Reads the adopted tables: as they were seen before, and the newest version of those that are new here.
    async fn adopt(&mut self, position: Option<&Position>) -> Result<()> {
        let names: Vec<String> = self.tables.adopted_names().map(str::to_owned).collect();
        let columns = self.tables.adopted_columns();
        let read = self.tables.timelines().adopted;
        let mut histories = Vec::with_capacity(names.len());
        for (index, ((table, name), columns)) in self.adopted.iter_mut().zip(&names).zip(&columns).enumerate()
        {
            let seen = position.and_then(|position| position.adopted.get(name)).cloned();
            let history = match seen {
                Some(seen) => AdoptedHistory::restore(table.as_mut(), columns, seen).await,
                None => match read.get(index).filter(|history| !history.seen().is_empty()) {
                    Some(history) => Ok(history.clone()),
                    None => AdoptedHistory::begin(table.as_mut(), columns).await,
                },
            };
            histories.push(history.map_err(|error| error.context(format!("table {name}")))?);
        }
        self.timelines = Arc::new(Timelines { adopted: histories, ..Timelines::clone(&self.timelines) });
        Ok(())
    }

    /// Looks for new versions of adopted tables, for a tick that is about to begin.
    async fn refresh(&mut self, tick: u64) -> Result<()> {
        if self.adopted.is_empty() || tick <= self.settled {
            return Ok(());
        }
        let columns = self.tables.adopted_columns();
        let mut timelines = Timelines::clone(&self.timelines);
        let mut moved = false;
        let known = timelines.adopted.iter_mut().zip(&columns);
        for (table, (history, columns)) in self.adopted.iter_mut().zip(known) {
            moved |= history.refresh(table.as_mut(), columns, tick).await?;
        }
        if moved {
            self.timelines = Arc::new(timelines);
        }
        Ok(())
    }

    /// How far it is, for dashboards.
    pub fn status(&self) -> Arc<CadenceStatus> {
        self.status.clone()
    }

    /// How the tables grow: as the file says, after the history that was recorded before [`Source::open`].
    pub fn timelines(&self) -> Arc<Timelines> {
        self.timelines.clone()
    }

    fn timeline(&self, table: usize) -> &Timeline {
        &self.timelines.tables[table]
    }

    /// Goes on from a recorded position, under the rates of the file from now on. The recorded initial rows and start
    /// stay what they were.
    fn resume(&mut self, position: &Position) -> Result<()> {
        position.check(&self.tables, self.spec.start, self.spec.now)?;
        self.spec.now = position.now;
        if (position.start, position.clock()) != (self.tables.start(), self.tables.now()) {
            self.tables = Tables::compile(&self.spec, position.start).map_err(|errors| {
                let message = errors.into_iter().next().map_or_else(String::new, |error| error.message);
                Error::config(format!("the tables do not compile with the recorded start: {message}"))
            })?;
        }
        self.opened = position.opened;
        self.complete = position.tick;
        let recorded: Vec<_> = self.tables.names().iter().map(|name| position.tables.get(&**name)).collect();
        let complete = position.tick.unwrap_or(0);
        // Within a tick the old rates hold until its end.
        let inside =
            recorded.iter().flatten().any(|table| position.tick.is_some() && table.is_ahead(complete));
        let from_tick = if inside { complete + 1 } else { complete };
        let reference = recorded.iter().flatten().next().map(|table| &table.timeline);
        let mut timelines = Vec::with_capacity(recorded.len());
        let mut spec = self.spec.clone();
        for (spec, recorded) in spec.tables.iter_mut().zip(&recorded) {
            if let Some(recorded) = recorded {
                warn_of_row_count(spec, recorded.timeline.row_count());
                spec.cadence = recorded.cadence(&spec.cadence);
            }
            let tick = self.spec.tick;
            let growth = spec.growth(tick);
            let timeline = match (recorded, reference) {
                (Some(table), _) => table.timeline.clone(),
                // A new table gets all the rows that it would have had if it had been there from the first tick.
                (None, Some(other)) => {
                    Timeline::alike(other, spec.row_count, &growth).map_err(shape_error)?
                }
                (None, None) => Timeline::growing(spec.row_count, growth.clone(), tick, position.start)
                    .map_err(shape_error)?,
            };
            let unchanged = *timeline.growth() == growth && timeline.tick() == tick;
            timelines.push(if unchanged {
                timeline
            } else {
                timeline.with_growth(from_tick, growth, tick).map_err(shape_error)?
            });
        }
        self.rows = recorded.iter().map(|table| table.map_or(0, |table| table.rows)).collect();
        self.generations = resumed_cycles(&spec, &self.tables, &recorded, from_tick);
        self.cadences = spec.tables.into_iter().map(|table| table.cadence).collect();
        self.revision = position.revision;
        let visible = self.tables.timelines().generations;
        self.timelines = Arc::new(Timelines {
            start: position.start,
            tables: timelines,
            generations: visible,
            adopted: Vec::new(),
        });
        Ok(())
    }

    /// The last tick of which something was handed out.
    fn begun(&self) -> u64 {
        let complete = self.complete.unwrap_or(0);
        let ahead = |table: usize| match &self.generations[table] {
            Some(generations) => generations.made > generations.cycles.made_at(complete),
            None => self.rows[table] > self.timeline(table).rows_at(complete),
        };
        let inside = self.complete.is_some() && (0..self.rows.len()).any(ahead);
        if inside { complete + 1 } else { complete }
    }

    /// Takes the changes of cadences that were asked for: they hold from the next tick on, and the epoch ends here, so
    /// that they are not lost.
    fn take_changes(&mut self) -> Result<()> {
        let Mode::Continuous { .. } = self.mode else { return Ok(()) };
        if self.complete.is_none() {
            return Ok(());
        }
        let Some((revision, changes)) = self.status.control().take() else { return Ok(()) };
        // After a restart within a tick, the old cadences hold until its end.
        let from_tick = self.begun();
        let mut timelines = Timelines::clone(&self.timelines);
        for (table, cadence) in changes {
            let policy = self.spec.tables[table].update_policy;
            let growth = policy.growth(&cadence, self.spec.tick);
            let timeline = &timelines.tables[table];
            if *timeline.growth() != growth {
                timelines.tables[table] =
                    timeline.with_growth(from_tick, growth, self.spec.tick).map_err(shape_error)?;
            }
            self.cadences[table] = cadence;
        }
        self.timelines = Arc::new(timelines);
        (self.revision, self.epoch_wanted) = (revision, true);
        Ok(())
    }

    /// Whether no table gets any more rows as things are.
    fn stands_still(&self) -> bool {
        (0..self.rows.len()).all(|table| match &self.generations[table] {
            Some(generations) => generations.cycles.every() == 0,
            None => self.timeline(table).tick_of(self.rows[table]).is_none(),
        })
    }

    /// Waits until the next tick is due, or a cadence is to be changed.
    async fn wait(&self, late: i128) {
        let time = Duration::from_micros(u64::try_from(-late).unwrap_or(u64::MAX));
        self.status.control().or_change(self.clock.sleep(time)).await;
    }

    /// Whether a table has fewer rows than the last complete tick gives it.
    fn lags(&self) -> bool {
        let Some(complete) = self.complete else {
            return false;
        };
        (0..self.rows.len()).any(|table| self.missing(table, complete) > 0)
    }

    /// The tick to make next; `None` at the end.
    fn next_tick(&self) -> Option<u64> {
        let Some(complete) = self.complete else {
            return Some(0);
        };
        if self.lags() {
            return Some(complete);
        }
        let next = complete.checked_add(1)?;
        let exists = match self.mode {
            Mode::Bounded => false,
            Mode::Continuous { max_ticks } => max_ticks.is_none_or(|most| next <= most),
        };
        exists.then_some(next)
    }

    /// How many microseconds ago `tick` was due; negative if it is still to come.
    fn lateness(&self, tick: u64) -> i128 {
        if self.speed == Speed::Max {
            return 0;
        }
        let now = i128::from(microseconds(self.clock.elapsed()));
        now - self.origin - i128::from(self.timelines.time_of(tick))
    }

    /// The rows that a table still has to get until `tick` is complete.
    fn missing(&self, table: usize, tick: u64) -> u64 {
        let rows = self.timeline(table).rows_at(tick);
        match &self.generations[table] {
            Some(_) if self.mode == Mode::Bounded => rows.saturating_sub(self.rows[table]),
            Some(generations) if generations.made < generations.cycles.made_at(tick) => rows,
            Some(_) => 0,
            None => rows.saturating_sub(self.rows[table]),
        }
    }

    /// The rows that `tick` still has to get.
    fn rows_until(&self, tick: u64) -> u64 {
        (0..self.rows.len()).map(|table| self.missing(table, tick)).fold(0, u64::saturating_add)
    }

    /// The next rows of the current tick.
    fn work(&mut self, current: &mut CurrentTick) -> Option<Pull> {
        while let Some(&table) = self.tables.order().get(current.done) {
            if self.missing(table, current.tick) == 0 {
                current.done += 1;
                continue;
            }
            if self.mode != Mode::Bounded
                && let Some(generation) = self.begin_generation(table, current.tick)
            {
                return Some(Pull::Generation { stream: current.done, generation });
            }
            let until = self.timeline(table).rows_at(current.tick);
            let unfinished = self.unfinished.filter(|unfinished| unfinished.table == table);
            let from = unfinished.map_or(self.rows[table], |unfinished| unfinished.rows);
            let rows = from..until.min(from.saturating_add(self.chunk_rows));
            self.handed_out(table, rows.end, until, current.tick);
            self.status.set_rows(table, rows.end);
            let count = rows.end - rows.start;
            self.epoch_rows = self.epoch_rows.saturating_add(count);
            let width = self.widths[table].load(Ordering::Relaxed);
            return Some(Pull::Work(Work {
                stream: current.done,
                decode: Box::new(GenerateRows {
                    tables: self.tables.clone(),
                    timelines: self.timelines.clone(),
                    widths: self.widths.clone(),
                    table,
                    rows,
                }),
                bytes: width.saturating_mul(count as usize),
                boundary: self.boundary(current.tick),
            }));
        }
        None
    }

    /// Begins the next generation of a table that is replaced, unless that has happened. A table that lags by several
    /// gets the newest: nobody could tell that the others were there.
    fn begin_generation(&mut self, table: usize, tick: u64) -> Option<u64> {
        let generations = self.generations[table].as_ref()?;
        if self.unfinished.is_some() {
            return None;
        }
        self.unfinished = Some(Unfinished { table, rows: 0 });
        self.epoch_replaces = true;
        generations.cycles.made_at(tick).checked_sub(1)
    }

    /// Notes that the rows of a table before `end` were handed out, of `until` that it gets in `tick`.
    fn handed_out(&mut self, table: usize, end: u64, until: u64, tick: u64) {
        let Some(generations) = &mut self.generations[table] else {
            self.rows[table] = end;
            return;
        };
        if end < until && self.mode != Mode::Bounded {
            self.unfinished = Some(Unfinished { table, rows: end });
            return;
        }
        self.unfinished = None;
        self.rows[table] = end;
        if end == until {
            generations.made = generations.cycles.made_at(tick);
        }
    }

    /// Whether an epoch may end: not within a generation, and not between those of one tick, so that replaced parents
    /// and children change together.
    fn boundary(&self, tick: u64) -> Boundary {
        let more = self.unfinished.is_some()
            || self.epoch_replaces
                && (0..self.rows.len())
                    .any(|table| self.generations[table].is_some() && self.missing(table, tick) > 0);
        if more { Boundary::Forbidden } else { Boundary::Allowed }
    }

    /// Makes the generations of `tick` the visible ones: their rows, and what children see of them.
    fn turn(&mut self, tick: u64) -> Result<()> {
        let newest = |table: usize| {
            let Generations { made, cycles } = self.generations[table].as_ref()?;
            let number = cycles.made_at(tick).max(*made).saturating_sub(1);
            Some(Generation { number, tick: cycles.tick_of(number), rows: self.timeline(table).row_count() })
        };
        let generations: Vec<Option<Generation>> = (0..self.rows.len()).map(newest).collect();
        if generations == self.timelines.generations {
            return Ok(());
        }
        let numbers: Vec<u64> = generations.iter().map(|of| of.map_or(0, |of| of.number)).collect();
        let start = self.timelines.start;
        self.tables = Tables::compile_generations(&self.spec, start, &numbers).map_err(|errors| {
            let message = errors.into_iter().next().map_or_else(String::new, |error| error.message);
            Error::internal(format!("the tables do not compile for their next generation: {message}"))
        })?;
        self.timelines = Arc::new(Timelines { generations, ..Timelines::clone(&self.timelines) });
        Ok(())
    }

    /// Whether an epoch has to end after `tick`, which is complete: not if it made no rows, and not if the next one
    /// is late already and there is room for it. Every generation has an epoch of its own.
    fn ends_epoch(&self, tick: u64) -> bool {
        if self.mode == Mode::Bounded {
            return false;
        }
        if tick == 0 || self.epoch_replaces {
            return true;
        }
        if self.epoch_rows == 0 {
            return false;
        }
        let joins = self.next_tick().is_some_and(|next| {
            let rows = self.epoch_rows.saturating_add(self.rows_until(next));
            self.lateness(next) >= 0 && rows <= self.spec.max_catch_up
        });
        !joins
    }
}

/// Shapes are checked when tables are compiled.
#[allow(clippy::needless_pass_by_value, reason = "goes to `map_err`")]
fn shape_error(error: crate::ShapeError) -> Error {
    Error::config(format!("the shape of a cadence: {}", error.message)).hint(error.hint)
}

/// A guess at the bytes of a row, until rows were seen.
fn estimated_width(schema: &Schema) -> usize {
    schema
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            DataType::Utf8 => 24,
            other => other.primitive_width().unwrap_or(16),
        })
        .sum()
}

/// A range of rows to generate.
struct GenerateRows {
    tables: Tables,
    timelines: Arc<Timelines>,
    widths: Arc<Vec<AtomicUsize>>,
    table: usize,
    rows: Range<u64>,
}

impl std::fmt::Debug for GenerateRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rows {:?} of {}", self.rows, self.tables.name(self.table))
    }
}

impl Decode for GenerateRows {
    fn decode(self: Box<Self>) -> Result<Decoded> {
        let batch = self.tables.generate(self.table, self.rows, &self.timelines)?;
        let width = batch.get_array_memory_size() / batch.num_rows().max(1);
        if let Some(known) = self.widths.get(self.table) {
            known.store(width, Ordering::Relaxed);
        }
        Ok(Decoded { batch, rejected: Vec::new(), input_bytes: 0 })
    }
}

/// Says that another `row_count` has no effect on a table that was begun.
fn warn_of_row_count(spec: &TableSpec, began: u64) {
    if spec.row_count != began && !matches!(spec.update_policy, UpdatePolicy::Replace { .. }) {
        tracing::warn!(
            "table `{}` began with {began} rows: its row_count of {} has no effect any more; let it grow with \
             `millstream serve` and a cadence, or start over with --restart",
            spec.name,
            spec.row_count
        );
    }
}

#[async_trait]
impl Source for GeneratorSource {
    /// In commit order. Only [`Mode::Bounded`] is bounded: a continuous run that ends after some ticks is one that
    /// was cut, and its rows are to be seen before.
    fn streams(&self) -> Vec<StreamSchema> {
        let bounded = self.mode == Mode::Bounded;
        self.tables
            .order()
            .iter()
            .map(|&table| StreamSchema {
                name: self.tables.name(table).clone(),
                schema: self.tables.schema(table),
                bounded,
                replaced: !bounded && self.generations[table].is_some(),
                origin: "declared".to_owned(),
            })
            .collect()
    }

    async fn open(&mut self, from: Option<Bookmark>) -> Result<()> {
        let position = from.as_ref().map(Position::from_bookmark).transpose()?;
        match &position {
            Some(position) => {
                self.resume(position).map_err(|error| error.context(format!("source {}", self.name)))?;
            }
            None => self.opened = self.clock.now(),
        }
        self.status.control().resume(&self.cadences, self.revision);
        self.adopt(position.as_ref()).await?;
        for (table, &rows) in self.rows.iter().enumerate() {
            self.status.set_rows(table, rows);
        }
        // The last tick that was begun is due now, so that the next one comes a tick later.
        let begun = self.begun();
        self.settled = begun;
        self.status.begin(begun, 0);
        let logical = i128::from(self.timelines.time_of(begun));
        let missed = match self.spec.on_restart {
            OnRestart::Continue => 0,
            OnRestart::CatchUp => (i128::from(self.clock.now()) - i128::from(self.opened) - logical).max(0),
        };
        self.origin = i128::from(microseconds(self.clock.elapsed())) - logical - missed;
        Ok(())
    }

    async fn next(&mut self) -> Result<Pull> {
        // At full speed, ticks without rows follow each other in here.
        let mut empty_ticks = 0_u32;
        loop {
            let Some(mut current) = self.current else {
                self.take_changes()?;
                if std::mem::take(&mut self.epoch_wanted) {
                    (self.epoch_rows, self.epoch_replaces) = (0, false);
                    return Ok(Pull::Boundary);
                }
                let Some(tick) = self.next_tick() else {
                    return Ok(Pull::End);
                };
                let late = self.lateness(tick);
                if late < 0 {
                    self.wait(late).await;
                    continue;
                }
                if self.speed == Speed::Max {
                    empty_ticks += 1;
                    if empty_ticks.is_multiple_of(64) {
                        pass().await;
                    }
                    let endless = self.mode == Mode::Continuous { max_ticks: None };
                    if endless && empty_ticks > 1 && self.stands_still() {
                        self.wait(-i128::from(microseconds(self.spec.tick))).await;
                    }
                }
                let catches_up = self.complete == Some(tick);
                if !catches_up {
                    self.refresh(tick).await?;
                    self.status.begin(tick, u64::try_from(late).unwrap_or(u64::MAX));
                }
                self.turn(tick)?;
                self.current = Some(CurrentTick { tick, done: 0, catches_up });
                continue;
            };
            if current.catches_up
                && self.epoch_rows >= self.spec.max_catch_up.max(1)
                && self.boundary(current.tick) == Boundary::Allowed
            {
                (self.epoch_rows, self.epoch_replaces) = (0, false);
                return Ok(Pull::Boundary);
            }
            if let Some(pull) = self.work(&mut current) {
                self.current = Some(current);
                return Ok(pull);
            }
            self.current = None;
            self.complete = Some(current.tick);
            if self.ends_epoch(current.tick) {
                (self.epoch_rows, self.epoch_replaces) = (0, false);
                return Ok(Pull::Boundary);
            }
        }
    }

    fn bookmark(&self) -> Bookmark {
        let position = Position::new(
            &self.tables,
            &self.timelines,
            self.opened,
            self.complete,
            &self.rows,
            &self.generations,
            (&self.spec, &self.cadences, self.revision),
        );
        position.to_bookmark().unwrap_or(Bookmark(serde_json::Value::Null))
    }

    async fn committed(&mut self, upto: &Bookmark) -> Result<()> {
        let revision = upto.0.get("revision").and_then(serde_json::Value::as_u64);
        self.status.control().set_durable(revision.unwrap_or(0));
        Ok(())
    }
}

impl ResumesFromSinks for GeneratorSource {
    /// `progress` must have been read after the sinks were opened, when what they had prepared for the checkpoint is
    /// committed; a sink that has less than the checkpoint says gets the missing rows again.
    fn merge(
        &self,
        checkpoint: Option<Bookmark>,
        progress: &[(StreamName, Option<Progress>)],
    ) -> Result<Option<Bookmark>> {
        let merged = merge(&self.name, &self.tables, checkpoint.as_ref(), progress)
            .map_err(|error| error.context(format!("source {}", self.name)))?;
        merged.map(|position| position.to_bookmark()).transpose()
    }
}
