//! `datetime` with and without a zone, and zones.

use std::sync::Arc;

use arrow::array::timezone::Tz;
use chrono::{DateTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::OffsetName;

use super::calendar::{DAY, SECOND, moment_in_range};

/// A time zone: UTC, a fixed offset, or one of the IANA database.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    /// As Arrow writes it: `UTC`, `+02:00`, `Europe/Berlin`.
    pub(crate) name: Arc<str>,
    pub(crate) rules: Tz,
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Zone {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(Self { name: name.into(), rules: name.parse().ok()? })
    }

    pub(crate) fn utc() -> Option<Self> {
        Self::parse("UTC")
    }

    /// `timezone(timedelta)`: whole minutes, less than a day.
    pub(crate) fn fixed(offset: i64) -> Result<Self, &'static str> {
        if offset <= -DAY || offset >= DAY {
            return Err("the offset of a timezone must be strictly between -24 and 24 hours");
        }
        if offset % (60 * SECOND) != 0 {
            return Err("the offset of a timezone must be whole minutes here");
        }
        if offset == 0 {
            return Self::utc().ok_or("there is no time zone UTC");
        }
        let minutes = (offset / (60 * SECOND)).abs();
        let sign = if offset < 0 { '-' } else { '+' };
        Self::parse(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60))
            .ok_or("the offset of the timezone is out of range")
    }

    /// Seconds east of UTC at a moment of UTC.
    pub(crate) fn offset_at(&self, utc: i64) -> i64 {
        naive(utc)
            .map_or(0, |utc| i64::from(self.rules.offset_from_utc_datetime(&utc).fix().local_minus_utc()))
    }

    /// The moment of UTC at which clocks of the zone show `local`. Where they show it twice, `fold` takes the second;
    /// where never, they are read as though the change had not happened yet (PEP 495).
    pub(crate) fn to_utc(&self, local: i64, fold: bool) -> i64 {
        // Changes are at most a day apart from their offsets' sum, and no two are within two days.
        let before = self.offset_at(local.saturating_sub(DAY)) * SECOND;
        let after = self.offset_at(local.saturating_add(DAY)) * SECOND;
        if before == after {
            return local - before;
        }
        let early = local - before;
        let late = local - after;
        let early_holds = self.offset_at(early) * SECOND == before;
        let late_holds = self.offset_at(late) * SECOND == after;
        match (early_holds, late_holds) {
            (true, false) => early,
            (false, true) => late,
            // Twice, or never.
            _ if fold => late,
            _ => early,
        }
    }

    /// `%Z`: the abbreviation, or `UTC+02:00`.
    pub(crate) fn abbreviation(&self, utc: i64) -> String {
        if &*self.name == "UTC" {
            return "UTC".to_owned();
        }
        if self.name.starts_with(['+', '-']) {
            return format!("UTC{}", self.name);
        }
        let zone: Option<chrono_tz::Tz> = self.name.parse().ok();
        let offset = zone.zip(naive(utc)).map(|(zone, utc)| zone.offset_from_utc_datetime(&utc));
        offset.and_then(|offset| offset.abbreviation().map(str::to_owned)).unwrap_or_default()
    }
}

fn naive(microseconds: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(microseconds).map(|moment| moment.naive_utc())
}

/// What a column of datetimes holds, as its clocks show it: naive ones as they are.
pub(crate) fn to_local(microseconds: i64, zone: Option<&Zone>) -> i64 {
    match zone {
        None => microseconds,
        Some(zone) => microseconds.saturating_add(zone.offset_at(microseconds) * SECOND),
    }
}

/// The inverse of [`to_local`].
pub(crate) fn from_local(local: i64, zone: Option<&Zone>) -> i64 {
    match zone {
        None => local,
        Some(zone) => zone.to_utc(local, false),
    }
}

/// `datetime + timedelta`. Like Python's, it moves the hands of the clock: across a change of daylight saving time,
/// a day may have 23 hours.
pub(crate) fn add(microseconds: i64, delta: i64, zone: Option<&Zone>) -> Result<i64, &'static str> {
    let local = to_local(microseconds, zone).checked_add(delta).ok_or(super::calendar::OUT_OF_RANGE)?;
    moment_in_range(local).map(|local| from_local(local, zone))
}

/// `datetime.fromtimestamp(seconds)`: microseconds, rounded half to even.
pub(crate) fn from_timestamp(seconds: f64) -> Result<i64, &'static str> {
    if seconds.is_nan() {
        return Err("nan is no timestamp");
    }
    let whole = seconds.trunc();
    if whole.abs() > 1e12 {
        return Err(super::calendar::OUT_OF_RANGE);
    }
    moment_in_range(whole as i64 * SECOND + ((seconds - whole) * 1e6).round_ties_even() as i64)
}

/// `datetime.timestamp()`. As CPython's, that of a naive datetime (which is in UTC here) is a sum, and has none on the
/// very first day.
pub(crate) fn to_timestamp(moment: i64, aware: bool) -> Result<f64, &'static str> {
    if aware {
        return Ok(crate::kernels::divide::true_divide(moment, SECOND));
    }
    moment_in_range(moment.saturating_sub(DAY))?;
    Ok(moment.div_euclid(SECOND) as f64 + moment.rem_euclid(SECOND) as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap().and_utc().timestamp_micros()
    }

    #[test]
    fn clocks_that_change_follow_pep_495() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let utc = |text: &str, fold| berlin.to_utc(at(text), fold);
        assert_eq!(utc("2024-01-01 12:00", false), at("2024-01-01 11:00"));
        assert_eq!(utc("2024-07-01 12:00", true), at("2024-07-01 10:00"));
        // 02:30 is twice.
        assert_eq!(utc("2024-10-27 02:30", false), at("2024-10-27 00:30"));
        assert_eq!(utc("2024-10-27 02:30", true), at("2024-10-27 01:30"));
        assert_eq!(utc("2024-10-27 01:59", true), at("2024-10-26 23:59"));
        assert_eq!(utc("2024-10-27 03:00", false), at("2024-10-27 02:00"));
        // 02:30 is never.
        assert_eq!(utc("2024-03-31 02:30", false), at("2024-03-31 01:30"));
        assert_eq!(utc("2024-03-31 02:30", true), at("2024-03-31 00:30"));
        assert_eq!(utc("2024-03-31 03:00", false), at("2024-03-31 01:00"));
        let noon = at("2024-03-30 11:00");
        assert_eq!(add(noon, DAY, Some(&berlin)), Ok(noon + DAY - 3600 * SECOND));
        assert_eq!(berlin.abbreviation(noon), "CET");
        assert_eq!(Zone::fixed(-9000 * SECOND).unwrap().abbreviation(0), "UTC-02:30");
    }
}
