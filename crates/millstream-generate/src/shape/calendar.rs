//! Windows of the calendar, in the clocks of a time zone.
//!
//! Which window it is depends on what a clock on the wall shows, minute by minute. On the axis of that clock a day is
//! always 1440 minutes long, and there are only a few different days. The zone cuts the time of the world into
//! stretches with one offset, each a stretch of the wall clock's axis: an hour that is shown twice counts twice, one
//! that is skipped not at all.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chrono::{DateTime, Days, NaiveDate, Offset as _, TimeZone as _};
use chrono_tz::Tz;

use super::cron::Cron;
use super::curve::first;

const MINUTE: u64 = 60_000_000;
const DAY: u64 = 1440 * MINUTE;

/// Windows are followed for a century; after it, the base rate holds.
const DAYS: u64 = 36_525;

/// A stretch of some days, with a rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) cron: Cron,
    /// In minutes, at most a day.
    pub(super) length: usize,
    /// In grains per microsecond.
    pub(super) rate: u128,
}

/// A rate for each minute that a clock on the wall shows.
#[derive(Debug)]
pub(crate) struct Calendar {
    zone: Tz,
    windows: Vec<Window>,
    base: u128,
    /// Time zero, in microseconds since the Unix epoch.
    origin: i64,
    built: OnceLock<Built>,
}

#[derive(Debug)]
struct Built {
    /// The midnight that the wall clock's axis begins with, in microseconds since the Unix epoch by that clock.
    midnight: i64,
    /// The kinds of days, and for each day its kind and the area before it.
    kinds: Vec<Vec<Step>>,
    days: Vec<(usize, u128)>,
    /// Stretches of one offset; the last one is where the century ends.
    stretches: Vec<Stretch>,
}

/// From a minute of a day on, a rate.
#[derive(Debug)]
struct Step {
    /// Microseconds after midnight.
    start: u64,
    before: u128,
    rate: u128,
}

#[derive(Debug)]
struct Stretch {
    /// Microseconds after time zero.
    start: u64,
    before: u128,
    /// What the wall clock's axis shows at its start, and the area there.
    wall: u64,
    wall_before: u128,
}

impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        (self.zone, self.base, self.origin) == (other.zone, other.base, other.origin)
            && self.windows == other.windows
    }
}

impl Eq for Calendar {}

impl Calendar {
    pub(super) fn new(zone: Tz, windows: Vec<Window>, base: u128, origin: i64) -> Self {
        Self { zone, windows, base, origin, built: OnceLock::new() }
    }

    pub(super) fn area(&self, time: u64) -> u128 {
        if time == 0 {
            return 0;
        }
        let built = self.built();
        let index = built.stretches.partition_point(|stretch| stretch.start <= time) - 1;
        let stretch = &built.stretches[index];
        let after = time - stretch.start;
        if index + 1 == built.stretches.len() {
            return self.base.saturating_mul(u128::from(after)).saturating_add(stretch.before);
        }
        stretch.before + built.area(stretch.wall + after) - stretch.wall_before
    }

    /// The first time with at least `area` grains, which are more than none.
    pub(super) fn reach(&self, area: u128) -> Option<u64> {
        let built = self.built();
        let index = built.stretches.partition_point(|stretch| stretch.before < area) - 1;
        let stretch = &built.stretches[index];
        let rest = area - stretch.before;
        let after = if index + 1 == built.stretches.len() {
            (self.base > 0).then(|| u64::try_from(rest.div_ceil(self.base)).ok()).flatten()?
        } else {
            built.reach(stretch.wall_before + rest) - stretch.wall
        };
        stretch.start.checked_add(after)
    }

    fn built(&self) -> &Built {
        self.built.get_or_init(|| self.build())
    }

    fn build(&self) -> Built {
        let first_day = self.wall_day(self.origin);
        // A day before and two after: offsets differ by less than that.
        let begin = first_day.checked_sub_days(Days::new(1)).unwrap_or(NaiveDate::MIN);
        let midnight = begin.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
        let (mut known, mut kinds) = (BTreeMap::new(), Vec::new());
        let (mut days, mut before) = (Vec::with_capacity(DAYS as usize + 4), 0);
        let on = |date: NaiveDate| -> Vec<bool> {
            self.windows.iter().map(|window| window.cron.is_on(date)).collect()
        };
        let mut yesterday = begin.pred_opt().map(on).unwrap_or_default();
        for date in begin.iter_days().take(DAYS as usize + 4) {
            let today = on(date);
            let kind = *known.entry((yesterday, today.clone())).or_insert_with_key(|(yesterday, today)| {
                kinds.push(self.day(yesterday, today));
                kinds.len() - 1
            });
            days.push((kind, before));
            before += kinds[kind]
                .last()
                .map_or(0, |step: &Step| step.before + step.rate * u128::from(DAY - step.start));
            yesterday = today;
        }
        let mut built = Built { midnight, kinds, days, stretches: Vec::new() };
        built.stretches = self.stretches(&built);
        built
    }

    /// The rates of a day, given which windows begin on it and on the day before.
    fn day(&self, yesterday: &[bool], today: &[bool]) -> Vec<Step> {
        let mut rates = vec![self.base; 1440];
        // The first window is painted last.
        for (index, window) in self.windows.iter().enumerate().rev() {
            let mut paint = |from: usize, until: usize| {
                if let Some(minutes) = rates.get_mut(from..until.min(1440)) {
                    minutes.fill(window.rate);
                }
            };
            let is = |days: &[bool]| days.get(index).copied().unwrap_or_default();
            for minute in window.cron.minutes() {
                let end = minute + window.length;
                if is(yesterday) && end > 1440 {
                    paint(0, end - 1440);
                }
                if is(today) {
                    paint(minute, end);
                }
            }
        }
        let mut steps: Vec<Step> = Vec::new();
        for (minute, &rate) in rates.iter().enumerate() {
            let start = minute as u64 * MINUTE;
            match steps.last() {
                Some(last) if last.rate == rate => {}
                Some(last) => {
                    let before = last.before + last.rate * u128::from(start - last.start);
                    steps.push(Step { start, before, rate });
                }
                None => steps.push(Step { start, before: 0, rate }),
            }
        }
        steps
    }

    fn stretches(&self, built: &Built) -> Vec<Stretch> {
        let end = DAYS * DAY;
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut push = |start: u64| {
            let before = stretches.last().map_or(0, |last| {
                last.before + built.area(last.wall + (start - last.start)) - last.wall_before
            });
            let wall = self.origin + start as i64 + self.offset(start) - built.midnight;
            let wall = u64::try_from(wall).unwrap_or_default();
            stretches.push(Stretch { start, before, wall, wall_before: built.area(wall) });
        };
        push(0);
        for day in 0..DAYS {
            let (from, until) = (day * DAY, (day + 1) * DAY);
            let offset = self.offset(from);
            if self.offset(until) != offset {
                push(first(from, until, |time| self.offset(time) != offset));
            }
        }
        push(end);
        stretches
    }

    /// What the zone's clocks show more than UTC, in microseconds, some microseconds after time zero.
    fn offset(&self, time: u64) -> i64 {
        let moment =
            DateTime::from_timestamp_micros(self.origin.saturating_add_unsigned(time)).unwrap_or_default();
        let offset = self.zone.offset_from_utc_datetime(&moment.naive_utc());
        i64::from(offset.fix().local_minus_utc()) * 1_000_000
    }

    fn wall_day(&self, moment: i64) -> NaiveDate {
        let shown = moment.saturating_add(self.offset(0));
        DateTime::from_timestamp_micros(shown).unwrap_or_default().date_naive()
    }
}

impl Built {
    /// The area up to a place of the wall clock's axis.
    fn area(&self, wall: u64) -> u128 {
        let Some(&(kind, before)) = self.days.get((wall / DAY) as usize) else {
            return self.days.last().map_or(0, |(_, before)| *before);
        };
        let (steps, at) = (&self.kinds[kind], wall % DAY);
        let index = steps.partition_point(|step| step.start <= at) - 1;
        let step = &steps[index];
        before + step.before + step.rate * u128::from(at - step.start)
    }

    /// The first place with at least `area`, which there is.
    fn reach(&self, area: u128) -> u64 {
        let day = self.days.partition_point(|(_, before)| *before < area).saturating_sub(1);
        let (kind, before) = self.days[day];
        let (steps, rest) = (&self.kinds[kind], area - before);
        let index = steps.partition_point(|step| step.before < rest).saturating_sub(1);
        let step = &steps[index];
        day as u64 * DAY + step.start + (rest - step.before).div_ceil(step.rate.max(1)) as u64
    }
}

#[cfg(test)]
mod tests;
