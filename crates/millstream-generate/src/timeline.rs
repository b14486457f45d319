//! How many rows a table has after each tick: exact integer arithmetic over the history of its rate (S-65).

use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::adopted::AdoptedHistory;
use crate::generations::Generation;
use crate::rate::greatest_common_divisor;
use crate::shape::{Curve, GRAINS, Shape};
use crate::{Growth, Rate, ShapeError};

const MICROSECONDS_PER_MINUTE: u128 = 60_000_000;

/// The history of a table's cadence: which rows are born in which tick. Rows of tick 0 are the initial ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Recorded", into = "Recorded")]
pub struct Timeline {
    initial_rate: Rate,
    /// When logical time begins, in microseconds since the Unix epoch.
    start: i64,
    segments: Vec<Segment>,
}

/// The rows and the time of one tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Birth {
    pub(crate) tick: u64,
    pub(crate) rows: Range<u64>,
}

/// A stretch of ticks under one growth.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Segment {
    from_tick: u64,
    rows_before: u64,
    /// What had grown before it beyond whole rows that were made, in grains: less than a row, unless rows come with
    /// some ticks only.
    carry: u128,
    /// Logical time before it, in microseconds.
    time_before: u64,
    /// The length of a tick, in microseconds.
    tick: u64,
    growth: Growth,
    /// Logical time zero of its shape, in microseconds.
    anchor: u64,
    curve: Curve,
    /// The area under the curve before it.
    area_before: u128,
    /// If the rate is constant.
    constant: Option<Constant>,
}

/// `(carry + rows * ticks) / per` new rows after some ticks, in lowest terms.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Constant {
    carry: u128,
    rows: u128,
    per: u128,
    /// The same in 64 bits, if it fits: the divisions are several times as fast.
    small: Option<(u64, u64, u64)>,
}

impl Constant {
    fn new(carry: u128, rate: u128, tick: u64) -> Self {
        let rows = rate.saturating_mul(u128::from(tick));
        let divisor = greatest_common_divisor(greatest_common_divisor(rows, GRAINS), carry);
        let (carry, rows, per) = (carry / divisor, rows / divisor, GRAINS / divisor);
        let narrow = |number: u128| u64::try_from(number).ok();
        let small = narrow(carry).zip(narrow(rows)).zip(narrow(per)).map(|((a, b), c)| (a, b, c));
        Self { carry, rows, per, small }
    }

    fn rows_after(&self, ticks: u64) -> u64 {
        if let Some((carry, rows, per)) = self.small
            && let Some(sum) = rows.checked_mul(ticks).and_then(|product| product.checked_add(carry))
        {
            return sum / per;
        }
        let sum =
            self.rows.checked_mul(u128::from(ticks)).and_then(|product| product.checked_add(self.carry));
        sum.map_or(u64::MAX, |sum| u64::try_from(sum / self.per).unwrap_or(u64::MAX))
    }

    /// The first tick, counted from 1, after which there are more than `row` new rows.
    fn ticks_until(&self, row: u64) -> Option<u64> {
        let count = row.checked_add(1)?;
        if let Some((carry, rows @ 1.., per)) = self.small
            && let Some(product) = per.checked_mul(count)
        {
            return Some(product.saturating_sub(carry).div_ceil(rows).max(1));
        }
        let missing = self.per.checked_mul(u128::from(count))?.saturating_sub(self.carry);
        if missing == 0 {
            return Some(1);
        }
        (self.rows > 0).then(|| u64::try_from(missing.div_ceil(self.rows)).ok()).flatten()
    }
}

impl Segment {
    fn new(
        from_tick: u64,
        (rows_before, carry): (u64, u128),
        (time_before, tick): (u64, u64),
        growth: Growth,
        (anchor, start): (u64, i64),
    ) -> Result<Self, ShapeError> {
        let curve = growth.curve(start.saturating_add_unsigned(anchor))?;
        let constant = match &curve {
            Curve::Constant(rate) => Some(Constant::new(carry, *rate, tick)),
            _ => None,
        };
        let area_before = curve.area(time_before.saturating_sub(anchor));
        Ok(Self {
            from_tick,
            rows_before,
            carry,
            time_before,
            tick,
            growth,
            anchor,
            curve,
            area_before,
            constant,
        })
    }

    fn first(row_count: u64, tick: u64, growth: Growth, start: i64) -> Result<Self, ShapeError> {
        Self::new(0, (row_count, 0), (0, tick), growth, (0, start))
    }

    /// What has grown after `ticks` ticks, in grains.
    fn grown(&self, ticks: u64) -> u128 {
        let time = self.time_after(ticks).saturating_sub(self.anchor);
        self.carry.saturating_add(self.curve.area(time).saturating_sub(self.area_before))
    }

    fn time_after(&self, ticks: u64) -> u64 {
        self.time_before.saturating_add(self.tick.saturating_mul(ticks))
    }

    /// All rows when `tick` is complete.
    fn rows_at(&self, tick: u64) -> u64 {
        let every = self.growth.every;
        let tick = if every > 1 { tick - tick % every } else { tick };
        if tick <= self.from_tick {
            return self.rows_before;
        }
        let ticks = tick - self.from_tick;
        let new = match &self.constant {
            Some(constant) => constant.rows_after(ticks),
            None => u64::try_from(self.grown(ticks) / GRAINS).unwrap_or(u64::MAX),
        };
        self.rows_before.saturating_add(new)
    }

    /// The tick of this segment in which the `row`th of its rows is born.
    fn tick_of(&self, row: u64) -> Option<u64> {
        let ticks = if let Some(constant) = &self.constant {
            constant.ticks_until(row)?
        } else {
            let grown = u128::from(row.checked_add(1)?).checked_mul(GRAINS)?;
            match grown.checked_sub(self.carry) {
                None | Some(0) => 1,
                Some(missing) => {
                    let time = self.curve.reach(missing.checked_add(self.area_before)?)?;
                    let time = time.checked_add(self.anchor)?.saturating_sub(self.time_before);
                    time.div_ceil(self.tick).max(1)
                }
            }
        };
        let tick = self.from_tick.checked_add(ticks)?;
        tick.div_ceil(self.growth.every).checked_mul(self.growth.every)
    }

    /// Rows and grains that the next segment begins with.
    fn end(&self, tick: u64) -> (u64, u128) {
        let rows = self.rows_at(tick);
        let made = u128::from(rows - self.rows_before).saturating_mul(GRAINS);
        (rows, self.grown(tick - self.from_tick).saturating_sub(made))
    }
}

/// A duration in whole microseconds.
pub(crate) fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Timeline {
    /// A table that has `row_count` rows at tick 0 and grows by `rate` from there, with ticks of length `tick`.
    pub fn new(row_count: u64, rate: Rate, tick: Duration) -> Self {
        let tick = microseconds(tick).max(1);
        let growth = Growth::constant(rate);
        let constant = Constant::new(0, Curve::constant(rate).area(1), tick);
        let first = Segment {
            from_tick: 0,
            rows_before: row_count,
            carry: 0,
            time_before: 0,
            tick,
            anchor: 0,
            curve: Curve::constant(rate),
            area_before: 0,
            constant: Some(constant),
            growth,
        };
        Self { initial_rate: rate, start: 0, segments: vec![first] }
    }

    /// The same with any growth; `start` is when logical time begins, in microseconds since the Unix epoch.
    pub fn growing(row_count: u64, growth: Growth, tick: Duration, start: i64) -> Result<Self, ShapeError> {
        let initial_rate = growth.rate;
        let first = Segment::first(row_count, microseconds(tick).max(1), growth, start)?;
        Ok(Self { initial_rate, start, segments: vec![first] })
    }

    /// A table whose ticks are as long as those of `other`, throughout its history.
    pub(crate) fn alike(other: &Self, row_count: u64, growth: &Growth) -> Result<Self, ShapeError> {
        let mut alike =
            Self { initial_rate: growth.rate, start: other.start, segments: Vec::with_capacity(1) };
        for old in &other.segments {
            if alike.segments.is_empty() {
                alike.segments.push(Segment::first(row_count, old.tick, growth.clone(), other.start)?);
            } else if alike.last().tick != old.tick {
                alike = alike.with_growth(old.from_tick, growth.clone(), Duration::from_micros(old.tick))?;
            }
        }
        Ok(alike)
    }

    /// The same up to and including `from_tick`; after it, rows are made at `rate`.
    pub fn with_rate(&self, from_tick: u64, rate: Rate) -> Self {
        self.with_cadence(from_tick, rate, self.tick())
    }

    /// The same up to and including `from_tick`; after it, rows are made at `rate` in ticks of length `tick`.
    pub fn with_cadence(&self, from_tick: u64, rate: Rate, tick: Duration) -> Self {
        // Only a shape could be refused.
        self.with_growth(from_tick, Growth::constant(rate), tick).unwrap_or_else(|_| self.clone())
    }

    /// The same up to and including `from_tick`; after it, rows come as `growth` says, in ticks of length `tick`. A
    /// shape that the table had before goes on as though it had never been away.
    pub fn with_growth(&self, from_tick: u64, growth: Growth, tick: Duration) -> Result<Self, ShapeError> {
        let time = self.time_of(from_tick);
        let kept = self.segments.iter().filter(|segment| segment.from_tick < from_tick);
        let shaped = kept.clone().rev().find(|segment| segment.growth.shape.is_some());
        let anchor = match shaped {
            Some(before) if growth.shape.is_some() && before.growth.shape == growth.shape => before.anchor,
            _ => time,
        };
        self.with_segment(from_tick, growth, tick, anchor)
    }

    fn with_segment(
        &self,
        from_tick: u64,
        growth: Growth,
        tick: Duration,
        anchor: u64,
    ) -> Result<Self, ShapeError> {
        let grown = match self.segments.iter().rev().find(|segment| segment.from_tick < from_tick) {
            Some(before) => before.end(from_tick),
            None => (self.row_count(), 0),
        };
        let times = (self.time_of(from_tick), microseconds(tick).max(1));
        let mut segments: Vec<Segment> =
            self.segments.iter().filter(|segment| segment.from_tick < from_tick).cloned().collect();
        segments.push(Segment::new(from_tick, grown, times, growth, (anchor, self.start))?);
        Ok(Self { initial_rate: self.initial_rate, start: self.start, segments })
    }

    /// How many rows there are when `tick` is complete.
    pub fn rows_at(&self, tick: u64) -> u64 {
        self.segment_of(tick).rows_at(tick)
    }

    /// The tick in which the row at index `row` is born; `None` if it never is.
    pub fn tick_of(&self, row: u64) -> Option<u64> {
        let after = self.segments.partition_point(|segment| segment.rows_before <= row);
        let Some(segment) = after.checked_sub(1).and_then(|index| self.segments.get(index)) else {
            return Some(0);
        };
        segment.tick_of(row - segment.rows_before)
    }

    /// Logical time at the end of `tick`, in microseconds after the start.
    pub fn time_of(&self, tick: u64) -> u64 {
        let segment = self.segment_of(tick);
        segment.time_after(tick - segment.from_tick)
    }

    /// How it grows in the newest segment.
    pub fn growth(&self) -> &Growth {
        &self.last().growth
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

    /// When the rows of `tick` are due: from the end of the tick before that had rows to its own end, in microseconds
    /// after the start.
    pub(crate) fn due(&self, tick: u64) -> Range<u64> {
        let every = self.segment_of(tick).growth.every;
        self.time_of(tick.saturating_sub(every))..self.time_of(tick)
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
    /// For each adopted table, the rows that the ticks see.
    pub adopted: Vec<AdoptedHistory>,
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
    /// When logical time begins, in microseconds since the Unix epoch.
    #[serde(default)]
    start: i64,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shape: Option<Shape>,
    /// Logical time zero of the shape, in microseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    anchor: u64,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    every: u64,
}

fn one() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
fn is_one(number: &u64) -> bool {
    *number == 1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl From<Timeline> for Recorded {
    fn from(timeline: Timeline) -> Self {
        Self {
            row_count: timeline.row_count(),
            initial_rate: timeline.initial_rate,
            start: timeline.start,
            segments: timeline
                .segments
                .into_iter()
                .map(|segment| RecordedSegment {
                    from_tick: segment.from_tick,
                    rows_before: segment.rows_before,
                    tick: segment.tick,
                    rate: segment.growth.rate,
                    anchor: if segment.growth.shape.is_some() { segment.anchor } else { 0 },
                    shape: segment.growth.shape,
                    every: segment.growth.every,
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
        let refused = |error: ShapeError| format!("a shape that makes no sense: {}", error.message);
        let growth = |segment: &RecordedSegment| Growth {
            rate: segment.rate,
            shape: segment.shape.clone(),
            every: segment.every.max(1),
        };
        let mut timeline = Self {
            initial_rate: recorded.initial_rate,
            start: recorded.start,
            segments: vec![
                Segment::first(recorded.row_count, first.tick.max(1), growth(&first), recorded.start)
                    .map_err(refused)?,
            ],
        };
        for segment in segments {
            if segment.from_tick <= timeline.last().from_tick {
                return Err("a timeline whose segments are not in order".to_owned());
            }
            let tick = Duration::from_micros(segment.tick);
            let anchor =
                if segment.shape.is_some() { segment.anchor } else { timeline.time_of(segment.from_tick) };
            if anchor > timeline.time_of(segment.from_tick) {
                return Err("a timeline with a shape that begins later than it is used".to_owned());
            }
            timeline =
                timeline.with_segment(segment.from_tick, growth(&segment), tick, anchor).map_err(refused)?;
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
pub(crate) use tests::any_shape;

#[cfg(test)]
mod tests;
