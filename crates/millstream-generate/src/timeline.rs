//! How many rows a table has after each tick: exact integer arithmetic over the history of its rate (S-65).

use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Rate;
use crate::generations::Generation;
use crate::rate::greatest_common_divisor;

const MICROSECONDS_PER_MINUTE: u128 = 60_000_000;

/// The history of a table's cadence: which rows are born in which tick. Rows of tick 0 are the initial ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Recorded", into = "Recorded")]
pub struct Timeline {
    initial_rate: Rate,
    segments: Vec<Segment>,
}

/// The rows and the time of one tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Birth {
    pub(crate) tick: u64,
    pub(crate) rows: Range<u64>,
}

/// A stretch of ticks at one rate.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Segment {
    from_tick: u64,
    rows_before: u64,
    /// Logical time before it, in microseconds.
    time_before: u64,
    /// The length of a tick, in microseconds.
    tick: u64,
    rate: Rate,
    /// `rows` new rows in every `ticks` ticks, in lowest terms.
    rows: u128,
    ticks: u128,
    /// The same in 64 bits, if it fits: the divisions are several times as fast.
    small: Option<(u64, u64)>,
}

impl Segment {
    fn new(from_tick: u64, rows_before: u64, time_before: u64, tick: u64, rate: Rate) -> Self {
        let (numerator, denominator) = rate.fraction();
        let rows = u128::from(numerator) * u128::from(tick);
        let ticks = u128::from(denominator) * MICROSECONDS_PER_MINUTE;
        let divisor = greatest_common_divisor(rows, ticks).max(1);
        let (rows, ticks) = (rows / divisor, ticks / divisor);
        Self {
            from_tick,
            rows_before,
            time_before,
            tick,
            rate,
            rows,
            ticks,
            small: u64::try_from(rows).ok().zip(u64::try_from(ticks).ok()),
        }
    }

    /// New rows after `ticks` ticks of this segment.
    fn rows_after(&self, ticks: u64) -> u64 {
        if let Some((rows, per)) = self.small
            && let Some(product) = rows.checked_mul(ticks)
        {
            return product / per;
        }
        self.rows
            .checked_mul(u128::from(ticks))
            .map_or(u64::MAX, |product| u64::try_from(product / self.ticks).unwrap_or(u64::MAX))
    }

    /// The first tick of this segment, counted from its start, that has more than `row` new rows.
    fn ticks_until(&self, row: u64) -> Option<u64> {
        if self.rows == 0 {
            return None;
        }
        let count = row.checked_add(1)?;
        if let Some((rows, per)) = self.small
            && let Some(product) = per.checked_mul(count)
        {
            return Some(product.div_ceil(rows));
        }
        let product = self.ticks.checked_mul(u128::from(count))?;
        u64::try_from(product.div_ceil(self.rows)).ok()
    }
}

/// A duration in whole microseconds.
pub(crate) fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Timeline {
    /// A table that has `row_count` rows at tick 0 and grows by `rate` from there, with ticks of length `tick`.
    pub fn new(row_count: u64, rate: Rate, tick: Duration) -> Self {
        Self {
            initial_rate: rate,
            segments: vec![Segment::new(0, row_count, 0, microseconds(tick).max(1), rate)],
        }
    }

    /// A table whose ticks are as long as those of `other`, throughout its history.
    pub(crate) fn alike(other: &Self, row_count: u64, rate: Rate) -> Self {
        let mut segments: Vec<Segment> = Vec::with_capacity(1);
        for old in &other.segments {
            let rows = segments.last().map_or(row_count, |last: &Segment| {
                last.rows_before.saturating_add(last.rows_after(old.from_tick - last.from_tick))
            });
            if segments.last().is_none_or(|last| last.tick != old.tick) {
                segments.push(Segment::new(old.from_tick, rows, old.time_before, old.tick, rate));
            }
        }
        Self { initial_rate: rate, segments }
    }

    /// The same up to and including `from_tick`; after it, rows are made at `rate`.
    pub fn with_rate(&self, from_tick: u64, rate: Rate) -> Self {
        self.with_cadence(from_tick, rate, Duration::from_micros(self.last().tick))
    }

    /// The same up to and including `from_tick`; after it, rows are made at `rate` in ticks of length `tick`.
    pub fn with_cadence(&self, from_tick: u64, rate: Rate, tick: Duration) -> Self {
        let (rows, time) = (self.rows_at(from_tick), self.time_of(from_tick));
        let mut segments: Vec<Segment> =
            self.segments.iter().filter(|segment| segment.from_tick < from_tick).cloned().collect();
        segments.push(Segment::new(from_tick, rows, time, microseconds(tick).max(1), rate));
        Self { initial_rate: self.initial_rate, segments }
    }

    /// How many rows there are when `tick` is complete.
    pub fn rows_at(&self, tick: u64) -> u64 {
        let segment = self.segment_of(tick);
        segment.rows_before.saturating_add(segment.rows_after(tick - segment.from_tick))
    }

    /// The tick in which the row at index `row` is born; `None` if it never is.
    pub fn tick_of(&self, row: u64) -> Option<u64> {
        let after = self.segments.partition_point(|segment| segment.rows_before <= row);
        let Some(segment) = after.checked_sub(1).and_then(|index| self.segments.get(index)) else {
            return Some(0);
        };
        let ticks = segment.ticks_until(row - segment.rows_before)?;
        segment.from_tick.checked_add(ticks)
    }

    /// Logical time at the end of `tick`, in microseconds after the start.
    pub fn time_of(&self, tick: u64) -> u64 {
        let segment = self.segment_of(tick);
        segment.time_before.saturating_add(segment.tick.saturating_mul(tick - segment.from_tick))
    }

    /// The rate of the newest segment.
    pub fn rate(&self) -> Rate {
        self.last().rate
    }

    /// The length of a tick in the newest segment.
    pub fn tick(&self) -> Duration {
        Duration::from_micros(self.last().tick)
    }

    /// The number of initial rows.
    pub fn row_count(&self) -> u64 {
        self.segments.first().map_or(0, |first| first.rows_before)
    }

    /// The tick in which `row` is born, with all rows of that tick.
    pub(crate) fn birth(&self, row: u64) -> Option<Birth> {
        let tick = self.tick_of(row)?;
        let first = if tick == 0 { 0 } else { self.rows_at(tick - 1) };
        Some(Birth { tick, rows: first..self.rows_at(tick) })
    }

    /// Microseconds between two initial rows as a fraction, as though the cadence had been running before the start.
    pub(crate) fn initial_spacing(&self) -> Option<(u128, u128)> {
        let (rows, minutes) = self.initial_rate.fraction();
        (rows > 0).then(|| {
            let (numerator, denominator) = (u128::from(minutes) * MICROSECONDS_PER_MINUTE, u128::from(rows));
            let divisor = greatest_common_divisor(numerator, denominator);
            (numerator / divisor, denominator / divisor)
        })
    }

    fn segment_of(&self, tick: u64) -> &Segment {
        // Histories are short: the newest segment is nearly always the right one.
        self.segments.iter().rev().find(|segment| segment.from_tick <= tick).unwrap_or_else(|| self.last())
    }

    fn last(&self) -> &Segment {
        // Every constructor leaves at least one segment, which begins at tick 0.
        &self.segments[self.segments.len() - 1]
    }
}

/// What logical time begins with, and how all tables grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timelines {
    /// When logical time begins, in microseconds since the Unix epoch.
    pub start: i64,
    /// One per table, by index. A table that is replaced has got the same number of rows in each generation.
    pub tables: Vec<Timeline>,
    /// For each table that is replaced as a whole, the generation that is visible.
    pub generations: Vec<Option<Generation>>,
}

impl Timelines {
    /// Logical time at the end of `tick`, in microseconds after the start; the same for all tables.
    pub fn time_of(&self, tick: u64) -> u64 {
        self.tables.first().map_or(0, |table| table.time_of(tick))
    }
}

/// A timeline as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    row_count: u64,
    initial_rate: Rate,
    segments: Vec<RecordedSegment>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedSegment {
    from_tick: u64,
    /// Rows before the segment, for readers; it follows from the segments before.
    rows_before: u64,
    /// The length of a tick, in microseconds.
    tick: u64,
    rate: Rate,
}

impl From<Timeline> for Recorded {
    fn from(timeline: Timeline) -> Self {
        Self {
            row_count: timeline.row_count(),
            initial_rate: timeline.initial_rate,
            segments: timeline
                .segments
                .into_iter()
                .map(|segment| RecordedSegment {
                    from_tick: segment.from_tick,
                    rows_before: segment.rows_before,
                    tick: segment.tick,
                    rate: segment.rate,
                })
                .collect(),
        }
    }
}

impl TryFrom<Recorded> for Timeline {
    type Error = String;

    fn try_from(recorded: Recorded) -> Result<Self, String> {
        let mut segments = recorded.segments.into_iter();
        let first = segments.next().ok_or("a timeline without segments")?;
        if first.from_tick != 0 || first.rows_before != recorded.row_count {
            return Err("a timeline that does not begin at tick 0 with its initial rows".to_owned());
        }
        let mut timeline = Self {
            initial_rate: recorded.initial_rate,
            segments: vec![Segment::new(0, recorded.row_count, 0, first.tick.max(1), first.rate)],
        };
        for segment in segments {
            if segment.from_tick <= timeline.last().from_tick {
                return Err("a timeline whose segments are not in order".to_owned());
            }
            let tick = Duration::from_micros(segment.tick);
            timeline = timeline.with_cadence(segment.from_tick, segment.rate, tick);
            if timeline.last().rows_before != segment.rows_before {
                return Err(format!(
                    "a timeline that says {} rows at tick {}, where its cadence gives {}",
                    segment.rows_before,
                    segment.from_tick,
                    timeline.last().rows_before
                ));
            }
        }
        Ok(timeline)
    }
}

#[cfg(test)]
mod tests;
