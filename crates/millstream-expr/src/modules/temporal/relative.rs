//! `dateutil.relativedelta`.

use super::calendar::{
    DAY, SECOND, checked_days, civil, day_of, days_in_month, in_range, is_leap, time_of, weekday,
};

/// A `relativedelta`: what is added, and what is replaced before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct RelativeDelta {
    pub(crate) years: i64,
    pub(crate) months: i64,
    pub(crate) days: i64,
    pub(crate) hours: i64,
    pub(crate) minutes: i64,
    pub(crate) seconds: i64,
    pub(crate) microseconds: i64,
    pub(crate) leapdays: i64,
    pub(crate) year: Option<i64>,
    pub(crate) month: Option<i64>,
    pub(crate) day: Option<i64>,
    pub(crate) hour: Option<i64>,
    pub(crate) minute: Option<i64>,
    pub(crate) second: Option<i64>,
    pub(crate) microsecond: Option<i64>,
    /// 0 is Monday; with which of them: 0 and 1 the next, 2 the one after, -1 the last.
    pub(crate) weekday: Option<(i64, i64)>,
}

/// The parameters of `relativedelta(..)` after the two dates, in their order.
pub(crate) const PARAMETERS: [&str; 19] = [
    "years",
    "months",
    "days",
    "leapdays",
    "weeks",
    "hours",
    "minutes",
    "seconds",
    "microseconds",
    "year",
    "month",
    "day",
    "weekday",
    "yearday",
    "nlyearday",
    "hour",
    "minute",
    "second",
    "microsecond",
];

const TOO_LARGE: &str = "the relativedelta is out of range";

impl RelativeDelta {
    /// Carries what is too much for one unit into the next, as dateutil does: by size, keeping the sign.
    pub(crate) fn normalised(mut self) -> Result<Self, &'static str> {
        let carry = |low: &mut i64, high: &mut i64, size: i64| -> Result<(), &'static str> {
            let whole = *low / size;
            *low -= whole * size;
            *high = high.checked_add(whole).ok_or(TOO_LARGE)?;
            Ok(())
        };
        carry(&mut self.microseconds, &mut self.seconds, SECOND)?;
        carry(&mut self.seconds, &mut self.minutes, 60)?;
        carry(&mut self.minutes, &mut self.hours, 60)?;
        carry(&mut self.hours, &mut self.days, 24)?;
        carry(&mut self.months, &mut self.years, 12)?;
        Ok(self)
    }

    /// Whether it speaks of times of the day: a date it is added to becomes a datetime.
    pub(crate) fn has_time(&self) -> bool {
        (self.hours, self.minutes, self.seconds, self.microseconds) != (0, 0, 0, 0)
            || self.hour.is_some()
            || self.minute.is_some()
            || self.second.is_some()
            || self.microsecond.is_some()
    }

    /// `-self`; what is replaced stays.
    pub(crate) fn negated(self) -> Self {
        Self {
            years: self.years.wrapping_neg(),
            months: self.months.wrapping_neg(),
            days: self.days.wrapping_neg(),
            hours: self.hours.wrapping_neg(),
            minutes: self.minutes.wrapping_neg(),
            seconds: self.seconds.wrapping_neg(),
            microseconds: self.microseconds.wrapping_neg(),
            ..self
        }
    }

    /// `self * factor`; what is replaced stays.
    pub(crate) fn times(self, factor: i64) -> Result<Self, &'static str> {
        let by = |value: i64| value.checked_mul(factor).ok_or(TOO_LARGE);
        Self {
            years: by(self.years)?,
            months: by(self.months)?,
            days: by(self.days)?,
            hours: by(self.hours)?,
            minutes: by(self.minutes)?,
            seconds: by(self.seconds)?,
            microseconds: by(self.microseconds)?,
            ..self
        }
        .normalised()
    }

    /// `moment + self`, in microseconds without a zone.
    pub(crate) fn add_to(&self, moment: i64) -> Result<i64, &'static str> {
        let (year, month, day) = civil(day_of(moment));
        let mut year = self.year.unwrap_or(year).checked_add(self.years).ok_or(TOO_LARGE)?;
        let mut month = self.month.unwrap_or(month);
        if self.months != 0 {
            month = month.saturating_add(self.months);
            if month > 12 {
                (year, month) = (year + 1, month - 12);
            } else if month < 1 {
                (year, month) = (year - 1, month + 12);
            }
        }
        // Outside of the calendar there is no length of the month to ask for.
        let longest = if (1..=12).contains(&month) { days_in_month(year, month) } else { 31 };
        let day = longest.min(self.day.unwrap_or(day));
        let date = checked_days(year, month, day)?;
        let time = time_of(moment);
        let fields = [
            self.hour.unwrap_or(time / (3600 * SECOND)),
            self.minute.unwrap_or(time / (60 * SECOND) % 60),
            self.second.unwrap_or(time / SECOND % 60),
            self.microsecond.unwrap_or(time % SECOND),
        ];
        let time = super::calendar::checked_time(fields[0], fields[1], fields[2], fields[3])?;
        let leapdays = if month > 2 && is_leap(year) { self.leapdays } else { 0 };
        let days = self.days.checked_add(leapdays).ok_or(TOO_LARGE)?;
        let mut sum = super::delta::Sum::default();
        sum.add_int(days, DAY);
        sum.add_int(self.hours, 3600 * SECOND);
        sum.add_int(self.minutes, 60 * SECOND);
        sum.add_int(self.seconds, SECOND);
        sum.add_int(self.microseconds, 1);
        let moved = (i64::from(date) * DAY + time).checked_add(sum.finish()?).ok_or(TOO_LARGE)?;
        let day = in_range(moved.div_euclid(DAY))?;
        let Some((wanted, nth)) = self.weekday else { return Ok(moved) };
        let nth = if nth == 0 { 1 } else { nth };
        let mut jump = (nth.abs() - 1) * 7;
        let today = weekday(day);
        if nth > 0 {
            jump += (7 - today + wanted) % 7;
        } else {
            jump = -(jump + (today - wanted).rem_euclid(7));
        }
        in_range(i64::from(day) + jump)?;
        Ok(moved + jump * DAY)
    }

    /// `relativedelta(later, earlier)`: years and months first, then what remains.
    pub(crate) fn between(later: i64, earlier: i64) -> Result<Self, &'static str> {
        let fields = |moment: i64| civil(day_of(moment));
        let ((year, month, _), (from_year, from_month, _)) = (fields(later), fields(earlier));
        let mut months = (year - from_year) * 12 + month - from_month;
        let mut result = Self::of_months(months);
        let mut moved = result.add_to(earlier)?;
        if later < earlier {
            while later > moved {
                months += 1;
                result = Self::of_months(months);
                moved = result.add_to(earlier)?;
            }
        } else {
            while later < moved {
                months -= 1;
                result = Self::of_months(months);
                moved = result.add_to(earlier)?;
            }
        }
        let rest = later - moved;
        // dateutil takes the seconds and microseconds of the difference, which is rounded down.
        result.seconds = rest.div_euclid(SECOND);
        result.microseconds = rest.rem_euclid(SECOND);
        result.normalised()
    }

    fn of_months(months: i64) -> Self {
        Self { years: months / 12, months: months % 12, ..Self::default() }
    }

    /// `repr(self)`
    pub(crate) fn repr(&self) -> String {
        let mut parts = Vec::new();
        for (name, value) in [
            ("years", self.years),
            ("months", self.months),
            ("days", self.days),
            ("leapdays", self.leapdays),
            ("hours", self.hours),
            ("minutes", self.minutes),
            ("seconds", self.seconds),
            ("microseconds", self.microseconds),
        ] {
            if value != 0 {
                parts.push(format!("{name}={value:+}"));
            }
        }
        for (name, value) in [("year", self.year), ("month", self.month), ("day", self.day)] {
            parts.extend(value.map(|value| format!("{name}={value}")));
        }
        if let Some((day, nth)) = self.weekday {
            let name = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][day.rem_euclid(7) as usize];
            parts.push(if nth == 0 { format!("weekday={name}") } else { format!("weekday={name}({nth:+})") });
        }
        for (name, value) in [
            ("hour", self.hour),
            ("minute", self.minute),
            ("second", self.second),
            ("microsecond", self.microsecond),
        ] {
            parts.extend(value.map(|value| format!("{name}={value}")));
        }
        format!("relativedelta({})", parts.join(", "))
    }
}

/// `yearday` (or with `nlyearday`, of a year without a leap day) as the replaced month and day, and the leap days that
/// correct it: dateutil's way.
pub(crate) fn year_day(day: i64, without_leap: bool) -> Result<(i64, i64, i64), &'static str> {
    const ENDS: [i64; 12] = [31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 366];
    let leapdays = if !without_leap && day > 59 { -1 } else { 0 };
    let month = ENDS.iter().position(|end| day <= *end).ok_or("the yearday is out of range")?;
    let before = if month == 0 { 0 } else { ENDS[month - 1] };
    Ok((month as i64 + 1, day - before, leapdays))
}
