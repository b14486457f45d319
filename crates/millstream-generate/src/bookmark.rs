//! Where a generator is: how many rows of each table were handed out, and under which history of cadences.

use std::collections::BTreeMap;

use millstream_core::{Bookmark, Error, Progress, Result, StreamName};
use serde::{Deserialize, Serialize};

use crate::adopted::Seen;
use crate::generations::Cycles;
use crate::tables::Tables;
use crate::timeline::{Timeline, Timelines};
use crate::{Cadence, TablesSpec};

const FORMAT: u32 = 2;
const START_OVER: &str = "undo the change, or start over with a new state and an empty output";

/// The position of a generator. It is per table, so that it may lie within a tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Position {
    format: u32,
    /// Of the seed and the locale.
    fingerprint: String,
    /// When logical time begins, in microseconds since the Unix epoch.
    pub(crate) start: i64,
    /// What the clock of the tables shows, where it is not the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) now: Option<i64>,
    /// When the very first run began, by its clock: what `on_restart: catch_up` counts from.
    pub(crate) opened: i64,
    /// The last complete tick.
    pub(crate) tick: Option<u64>,
    /// How many changes of cadences were asked for while the tables grew.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(crate) revision: u64,
    pub(crate) tables: BTreeMap<String, TablePosition>,
    /// The versions of adopted tables that the ticks saw.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) adopted: BTreeMap<String, Vec<Seen>>,
}

/// The position in one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TablePosition {
    fingerprint: String,
    pub(crate) rows: u64,
    pub(crate) timeline: Timeline,
    /// What the file said.
    cadence: Cadence,
    /// What holds instead of it, since it was changed while the table grew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed_cadence: Option<Cadence>,
    /// Of a table that is replaced as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) generations: Option<Generations>,
    /// How many rows of each parent the newest rows can see (S-63).
    visible: BTreeMap<String, u64>,
}

/// The position in a table that is replaced as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Generations {
    /// The generations that were handed out or passed over; the newest of them is the table.
    pub(crate) made: u64,
    pub(crate) cycles: Cycles,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
fn is_none(revision: &u64) -> bool {
    *revision == 0
}

impl TablePosition {
    /// The cadence that holds from now on, if the file says `declared`: what was changed while the table grew, unless
    /// the file has been changed since.
    pub(crate) fn cadence(&self, declared: &Cadence) -> Cadence {
        let changed = self.changed_cadence.as_ref().filter(|_| self.cadence == *declared);
        changed.unwrap_or(declared).clone()
    }

    /// Whether a part of the tick after `complete` was handed out.
    pub(crate) fn is_ahead(&self, complete: u64) -> bool {
        match &self.generations {
            Some(Generations { made, cycles }) => *made > cycles.made_at(complete),
            None => self.rows > self.timeline.rows_at(complete),
        }
    }

    /// How far it is: generations, and rows.
    fn progress(&self) -> (u64, u64) {
        (self.generations.as_ref().map_or(0, |generations| generations.made), self.rows)
    }
}

impl Position {
    pub(crate) fn new(
        tables: &Tables,
        timelines: &Timelines,
        opened: i64,
        tick: Option<u64>,
        rows: &[u64],
        generations: &[Option<Generations>],
        (spec, cadences, revision): (&TablesSpec, &[Cadence], u64),
    ) -> Self {
        let mut positions = BTreeMap::new();
        for (table, (timeline, &rows)) in timelines.tables.iter().zip(rows).enumerate() {
            let generations = generations.get(table).cloned().flatten();
            let newest = match &generations {
                Some(Generations { made, cycles }) => {
                    made.checked_sub(1).map(|newest| cycles.tick_of(newest))
                }
                None => rows.checked_sub(1).and_then(|row| timeline.tick_of(row)),
            };
            let visible = tables
                .parents(table)
                .into_iter()
                .filter_map(|parent| {
                    let rows = timelines.tables.get(parent)?.rows_at(newest?);
                    Some((tables.name(parent).to_string(), rows))
                })
                .collect();
            positions.insert(
                tables.name(table).to_string(),
                TablePosition {
                    fingerprint: tables.table_fingerprint(table).to_owned(),
                    rows,
                    timeline: timeline.clone(),
                    cadence: spec.tables[table].cadence.clone(),
                    changed_cadence: cadences
                        .get(table)
                        .filter(|cadence| **cadence != spec.tables[table].cadence)
                        .cloned(),
                    generations,
                    visible,
                },
            );
        }
        Self {
            format: FORMAT,
            fingerprint: tables.root_fingerprint().to_owned(),
            start: tables.start(),
            now: Some(tables.now()).filter(|now| *now != tables.start()),
            opened,
            tick,
            revision,
            tables: positions,
            adopted: tables
                .adopted_names()
                .zip(&timelines.adopted)
                .filter(|(_, history)| !history.seen().is_empty())
                .map(|(name, history)| (name.to_owned(), history.seen().to_vec()))
                .collect(),
        }
    }

    pub(crate) fn to_bookmark(&self) -> Result<Bookmark> {
        serde_json::to_value(self)
            .map(Bookmark)
            .map_err(|error| Error::internal("cannot write a generator's bookmark").caused_by(error))
    }

    pub(crate) fn from_bookmark(bookmark: &Bookmark) -> Result<Self> {
        let position: Self = serde_json::from_value(bookmark.0.clone()).map_err(|error| {
            Error::state("the recorded position of the tables cannot be read")
                .caused_by(error)
                .hint("it was written by another version of Millstream, or for another kind of source")
        })?;
        if position.format != FORMAT {
            return Err(Error::state(format!(
                "the recorded position of the tables has format {}, this version reads format {FORMAT}",
                position.format
            ))
            .hint("continue with the version of Millstream that wrote it"));
        }
        Ok(position)
    }

    /// Refuses to continue with tables that make other rows. `tables` need not have the recorded start.
    pub(crate) fn check(
        &self,
        tables: &Tables,
        configured_start: Option<i64>,
        configured_now: Option<i64>,
    ) -> Result<()> {
        if self.fingerprint != tables.root_fingerprint() {
            return Err(Error::state("the seed or the locale of the tables has changed since the last run")
                .hint(START_OVER));
        }
        if let Some(start) = configured_start
            && start != self.start
        {
            return Err(
                Error::state("the start of logical time has changed since the last run").hint(START_OVER)
            );
        }
        if let Some(now) = configured_now
            && now != self.clock()
            && tables.reads_clock()
        {
            return Err(Error::state("the clock of the tables (`now`) has changed since the last run")
                .hint("leave `now` out, which keeps the recorded one, or start over with a new state and an empty output"));
        }
        for (name, recorded) in &self.tables {
            let Some(table) = tables.index_of(name) else {
                continue;
            };
            if recorded.fingerprint != tables.table_fingerprint(table) {
                return Err(Error::state(format!(
                    "the columns, the start_row_id or the update policy of table `{name}` have changed since the last run"
                ))
                .hint(START_OVER));
            }
            let most = recorded.timeline.rows_at(self.tick.map_or(0, |tick| tick.saturating_add(1)));
            if recorded.rows > most {
                return Err(Error::state(format!(
                    "the recorded position of table `{name}` is damaged: {} rows, where there can be {most}",
                    recorded.rows
                ))
                .hint("restore the state and the output from a backup, or start over with both empty"));
            }
        }
        Ok(())
    }

    /// What the clock of the tables showed.
    pub(crate) fn clock(&self) -> i64 {
        self.now.unwrap_or(self.start)
    }

    /// The newest of two positions of one run.
    fn newer(self, other: Self) -> Self {
        let rank = |position: &Self| {
            let tables = || position.tables.values().map(TablePosition::progress);
            let rows: u128 = tables().map(|(_, rows)| u128::from(rows)).sum();
            let made: u128 = tables().map(|(made, _)| u128::from(made)).sum();
            (position.tick, rows, made, position.revision)
        };
        if rank(&other) > rank(&self) { other } else { self }
    }
}

/// The position to go on from, given what the checkpoint and the sinks say (S-67). Rows are counted by the table's
/// own sink where it reports progress, else by the checkpoint; the tick is the newest that anyone has seen, so that
/// tables that lag behind it are caught up first.
pub(crate) fn merge(
    source: &str,
    tables: &Tables,
    checkpoint: Option<&Bookmark>,
    progress: &[(StreamName, Option<Progress>)],
) -> Result<Option<Position>> {
    let checkpoint = checkpoint.map(Position::from_bookmark).transpose()?;
    let mut reported: BTreeMap<&str, Option<Position>> = BTreeMap::new();
    for (stream, progress) in progress {
        let Some(table) = tables.index_of(stream) else {
            continue;
        };
        let position =
            progress.as_ref().map(|progress| own_position(source, stream, progress)).transpose()?;
        let rows = |position: Option<&Position>| {
            let table = position.and_then(|position| position.tables.get(&**stream));
            table.map_or((0, 0), TablePosition::progress)
        };
        let same_table: &str = tables.name(table);
        if let Some(other) = reported.get(same_table)
            && rows(other.as_ref()) != rows(position.as_ref())
        {
            return Err(Error::state(format!(
                "two sinks of table `{stream}` hold different numbers of rows or generations: {} and {}",
                rows(other.as_ref()).1,
                rows(position.as_ref()).1
            ))
            .hint("give each of them a pipeline of its own, or start over with both empty"));
        }
        reported.insert(same_table, position);
    }
    let seen = checkpoint.iter().chain(reported.values().flatten());
    let Some(mut merged) = seen.clone().cloned().reduce(Position::newer) else {
        return Ok(None);
    };
    for position in seen {
        let root = |position: &Position| (position.start, position.now, position.fingerprint.clone());
        if root(position) != root(&merged) {
            return Err(Error::state(
                "the sinks of these tables were filled by runs with different seeds, starts or clocks",
            )
            .hint("start over with empty sinks, or restore those that belong together"));
        }
        // A table that the newest position does not know yet.
        for (name, table) in &position.tables {
            merged.tables.entry(name.clone()).or_insert_with(|| table.clone());
        }
    }
    for (name, table) in &mut merged.tables {
        let told = |position: &Position| position.tables.get(name).map_or((0, 0), TablePosition::progress);
        let in_checkpoint = checkpoint.as_ref().map_or((0, 0), told);
        let (made, rows) = match reported.get(name.as_str()) {
            None => in_checkpoint,
            Some(Some(position)) => told(position),
            Some(None) if in_checkpoint.1 == 0 => (0, 0),
            Some(None) => {
                return Err(Error::state(format!(
                    "the sink of table `{name}` is empty, but the checkpoint says that {} rows were committed to it",
                    in_checkpoint.1
                ))
                .hint("restore the table, or start over with a new state and an empty output"));
            }
        };
        table.rows = rows;
        if let Some(generations) = &mut table.generations {
            generations.made = made;
        }
    }
    Ok(Some(merged))
}

/// The position that a sink recorded for `source`.
fn own_position(source: &str, stream: &str, progress: &Progress) -> Result<Position> {
    let bookmark = progress.bookmarks.iter().find(|(name, _)| name == source);
    let Some((_, bookmark)) = bookmark else {
        return Err(Error::state(format!(
            "the newest commit of the sink of `{stream}` does not say where its source was"
        ))
        .hint("it was written by another pipeline: use another output, or start over with an empty one"));
    };
    Position::from_bookmark(bookmark).map_err(|error| error.context(format!("the sink of `{stream}`")))
}
