//! Days and instants between bounds, which may be written relative to the run's own now.

use std::fmt::Write;

use arrow::datatypes::DataType;
use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime};
use millstream_expr::{CallError, Constant};

pub(super) use super::between::Kind;
use super::between::{Between, Bound};
use super::numbered::drawn;
use super::{Resolved, Site};
use crate::library::arguments::{Bound as Arguments, written};

pub(super) const NAMES: &[&str] = &[
    "date_between",
    "date_between_dates",
    "date_object",
    "date_of_birth",
    "date_this_century",
    "date_this_decade",
    "date_this_month",
    "date_this_year",
    "date_time",
    "date_time_ad",
    "date_time_between",
    "date_time_between_dates",
    "date_time_this_century",
    "date_time_this_decade",
    "date_time_this_month",
    "date_time_this_year",
    "future_date",
    "future_datetime",
    "passport_dob",
    "past_date",
    "past_datetime",
    "time_delta",
    "time_object",
    "unix_time",
];

pub(super) const SECOND: i64 = 1_000_000;
pub(super) const DAY: i64 = 86_400 * SECOND;
const HINT: &str =
    "write \"-30y\", \"-1w\", \"+12h\", \"today\", \"now\", a date like \"2024-01-31\", or a date column";

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let (kind, start, end) = match site.name {
        "date_of_birth" => return date_of_birth(site),
        "passport_dob" => {
            return Between::constant(site, born_before(site, 0).0, born_before(site, 0).1, Kind::Date);
        }
        "time_object" => {
            // The end only says on which day it is drawn: any time of a day is as likely.
            bound(&site.arguments, "end_datetime", "now", Kind::Timestamp, site.now)?;
            return Between::constant(site, 0, DAY - 1, Kind::Time);
        }
        "time_delta" => {
            let end = bound(&site.arguments, "end_datetime", "now", Kind::Timestamp, site.now)?;
            let Bound::Constant(end) = end else {
                return Err(site.arguments.wrong("end_datetime", "`end_datetime` must be a constant"));
            };
            let distance = end - site.now;
            return Between::constant(site, distance.min(0), distance.max(0), Kind::Duration);
        }
        name if name.contains("_this_") => return this(site),
        "date_between" => (Kind::Date, "-30y", "today"),
        "date_between_dates" => (Kind::Date, "today", "today"),
        "date_object" => (Kind::Date, "1970-01-01", "today"),
        "date_time" | "date_time_between_dates" => (Kind::Timestamp, "1970-01-01", "now"),
        "date_time_ad" => (Kind::Timestamp, "0001-01-01", "now"),
        "date_time_between" => (Kind::Timestamp, "-30y", "now"),
        "unix_time" => (Kind::Seconds, "1970-01-01", "now"),
        "past_date" => (Kind::Date, "-30d", "-1d"),
        "future_date" => (Kind::Date, "+1d", "+30d"),
        "past_datetime" => (Kind::Timestamp, "-30d", "-1s"),
        _ => (Kind::Timestamp, "+1s", "+30d"),
    };
    let arguments = &site.arguments;
    let (first, last) = match site.name {
        "date_between_dates" => ("date_start", "date_end"),
        "date_time_between_dates" => ("datetime_start", "datetime_end"),
        "date_object" | "date_time" | "date_time_ad" | "unix_time" => ("start_datetime", "end_datetime"),
        _ => ("start_date", "end_date"),
    };
    let between = Between {
        key: site.key.numbered(0),
        low: bound(arguments, first, start, kind, site.now)?,
        high: bound(arguments, last, end, kind, site.now)?,
        step: 1,
        kind,
        unique: None,
    };
    between.check(arguments, first, last)?;
    between.function(site)
}

/// A text for an instant between two bounds, formatted by a pattern of `strftime`.
pub(super) fn instants(
    site: &Site<'_>,
    (first, start): (&str, &str),
    (last, end): (&str, &str),
    parameter: &str,
    pattern: &str,
    kind: Kind,
) -> Resolved {
    let arguments = &site.arguments;
    let constant = |parameter: &str, default| match bound(arguments, parameter, default, kind, site.now)? {
        Bound::Constant(value) => Ok(value),
        Bound::Column(_) => Err(arguments.wrong(parameter, format!("`{parameter}` must be a constant"))),
    };
    let (low, high) = (constant(first, start)?, constant(last, end)?);
    if low > high {
        return Err(arguments.wrong(last, format!("the range is empty: `{last}` lies before its start")));
    }
    let pattern = arguments.text(parameter)?.unwrap_or(pattern);
    // Python's %f are six digits, and chrono's nine.
    let pattern = pattern.replace("%f", "%6f");
    let items: Vec<Item<'static>> = StrftimeItems::new(&pattern)
        .parse_to_owned()
        .map_err(|_| arguments.wrong(parameter, format!("\"{pattern}\" is no pattern of strftime")))?;
    let longest = pattern.len() * 12 + 16;
    drawn(site, longest, move |draws, text| {
        let micros = low + draws.below((high - low) as u64 + 1) as i64;
        if let Some(instant) = DateTime::from_timestamp_micros(micros) {
            let _ = write!(text, "{}", instant.naive_utc().format_with_items(items.iter()));
        }
    })
}

/// The days on which somebody was born who is now at least `minimum` years old, and at most 115.
fn born_before(site: &Site<'_>, minimum: i64) -> (i64, i64) {
    let today = site.now.div_euclid(DAY);
    (today - 36_524 * 116 / 100, today - 36_524 * minimum / 100)
}

/// A day or an instant of this month, year, decade or century: before now, after it, or both.
fn this(site: &Site<'_>) -> Resolved {
    let is_time = site.name.starts_with("date_time");
    let arguments = &site.arguments;
    let flags = if is_time { ("before_now", "after_now") } else { ("before_today", "after_today") };
    let before = arguments.boolean(flags.0)?.unwrap_or(true);
    let after = arguments.boolean(flags.1)?.unwrap_or(false);
    let date = DateTime::from_timestamp_micros(site.now).unwrap_or_default().date_naive();
    let year = date.year();
    let (start, end) = match site.name.rsplit_once('_').map_or("", |(_, unit)| unit) {
        "month" if date.month() == 12 => ((year, 12), (year + 1, 1)),
        "month" => ((year, date.month()), (year, date.month() + 1)),
        "year" => ((year, 1), (year + 1, 1)),
        "decade" => ((year - year % 10, 1), (year - year % 10 + 10, 1)),
        // The centuries of Faker begin with the year 00.
        _ => ((year - year % 100, 1), (year - year % 100 + 100, 1)),
    };
    let first = |(year, month)| NaiveDate::from_ymd_opt(year, month, 1).map_or(0, days);
    let (start, end) = (first(start), first(end) - 1);
    if is_time {
        let low = if before { start * DAY } else { site.now };
        let high = if after { end * DAY + DAY - 1 } else { site.now };
        return Between::constant(site, low, high, Kind::Timestamp);
    }
    let today = site.now.div_euclid(DAY);
    Between::constant(site, if before { start } else { today }, if after { end } else { today }, Kind::Date)
}

/// Born so that today the age, in completed years, is within the bounds.
fn date_of_birth(site: &Site<'_>) -> Resolved {
    let arguments = &site.arguments;
    let minimum = arguments.integer_in("minimum_age", 0, 0, 1000)?;
    let maximum = arguments.integer_in("maximum_age", 115, 0, 1000)?;
    if minimum > maximum {
        let wrong = if arguments.get("minimum_age").is_some() { "minimum_age" } else { "maximum_age" };
        return Err(arguments.error(
            wrong,
            format!("`minimum_age` is {minimum} and `maximum_age` is {maximum}"),
            "`minimum_age` must not be above `maximum_age`",
        ));
    }
    // The birthday that many years ago; of the 29th of February, the 1st of March where there is none.
    let ago = |years: i64| {
        let today = DateTime::from_timestamp_micros(site.now)?.date_naive();
        let earlier = today.checked_sub_months(Months::new(years as u32 * 12))?;
        let day = if earlier.day() == today.day() { earlier } else { earlier.succ_opt()? };
        Some(days(day))
    };
    let range = ago(maximum + 1).zip(ago(minimum));
    let (earliest, latest) = range.ok_or_else(|| {
        arguments.error("maximum_age", "that long ago there is no calendar", "the default is 115")
    })?;
    Between::constant(site, earliest + 1, latest, Kind::Date)
}

fn days(date: NaiveDate) -> i64 {
    i64::from(date.to_epoch_days())
}

fn bound(
    arguments: &Arguments<'_>,
    parameter: &str,
    default: &str,
    kind: Kind,
    now: i64,
) -> Result<Bound, CallError> {
    let refuse = |message: String| arguments.error(parameter, message, HINT);
    // As in Faker, a day's distance is counted from midnight.
    let now = if kind == Kind::Date { now.div_euclid(DAY) * DAY } else { now };
    let micros = match arguments.get(parameter) {
        None => instant(default, now),
        Some((index, argument)) => match (&argument.constant, &argument.data_type) {
            (Some(Constant::Str(text)), _) => Some(
                instant(text, now)
                    .ok_or_else(|| refuse(format!("\"{text}\" is no date and no distance in time")))?,
            ),
            // Days from now, as in Faker.
            (Some(Constant::Int(days)), _) => {
                days.checked_mul(DAY).and_then(|distance| now.checked_add(distance))
            }
            (Some(Constant::None), _) => instant(default, now),
            (None, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)) => {
                return Ok(Bound::Column(index));
            }
            _ => return Err(refuse(format!("`{parameter}` must be a date, not {}", written(argument)))),
        },
    };
    let micros = micros.ok_or_else(|| refuse(format!("`{parameter}` is out of the calendar's range")))?;
    Ok(Bound::Constant(if kind == Kind::Date { micros.div_euclid(DAY) } else { micros }))
}

/// The instant that a text stands for, in microseconds since the Unix epoch, if it is in the years 1 to 9999.
fn instant(text: &str, now: i64) -> Option<i64> {
    let micros = match text {
        "now" => now,
        "today" => now.div_euclid(DAY) * DAY,
        _ => match distance(text) {
            Some(distance) => now.checked_add(distance)?,
            None => written_date(text)?.and_utc().timestamp_micros(),
        },
    };
    let year = DateTime::from_timestamp_micros(micros)?.year();
    (1..=9999).contains(&year).then_some(micros)
}

fn written_date(text: &str) -> Option<NaiveDateTime> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return date.and_hms_opt(0, 0, 0);
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

/// A distance like `-30y` or `+1d12h`, in microseconds. Years have 365.24 days and months 30.42, as in Faker.
fn distance(text: &str) -> Option<i64> {
    let mut sum = 0_i64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.trim_start_matches(['+', '-']);
        let sign = match &rest[..rest.len() - digits.len()] {
            "-" => -1,
            "" | "+" => 1,
            _ => return None,
        };
        let end = digits.find(|character: char| !character.is_ascii_digit())?;
        let count: i64 = digits[..end].parse().ok()?;
        let unit = digits[end..].chars().next()?;
        let seconds = match unit {
            'y' => 31_556_736,
            'M' => 2_628_288,
            'w' => 7 * 86_400,
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        sum = sum.checked_add(count.checked_mul(sign * seconds * SECOND)?)?;
        rest = &digits[end + unit.len_utf8()..];
    }
    (!text.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_fakers() {
        assert_eq!(distance("-30y"), Some(-30 * 36_524 * DAY / 100));
        assert_eq!(distance("+1M"), Some(3042 * DAY / 100));
        assert_eq!(distance("1d12h"), Some(36 * 3600 * SECOND));
        assert_eq!(distance("-1w+2m-3s"), Some(-7 * DAY + 117 * SECOND));
        for wrong in
            ["", "d", "--1d", "+-1d", "1x", "5", "1d 2h", "tomorrow", "99999999999999999999y", "9999999999y"]
        {
            assert_eq!(distance(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn instants_are_read_in_every_spelling() {
        let now = 1_700_000_000 * SECOND + 5;
        assert_eq!(instant("now", now), Some(now));
        assert_eq!(instant("today", now), Some(1_699_920_000 * SECOND));
        assert_eq!(instant("1970-01-02", now), Some(DAY));
        assert_eq!(instant("1969-12-31", now), Some(-DAY));
        assert_eq!(instant("1970-01-01T00:00:01.5Z", now), Some(SECOND * 3 / 2));
        assert_eq!(instant("1970-01-01 00:01", now), Some(60 * SECOND));
        for wrong in ["-9000y", "2024-02-30", "2024-13-01", "31/12/2024", "yesterday"] {
            assert_eq!(instant(wrong, now), None, "{wrong}");
        }
    }
}
