//! Dates and times as texts: of the instants from 1970 to now.

use chrono::{DateTime, Datelike, Days, Month, NaiveDate};

use super::dates::{DAY, Kind, SECOND, instants};
use super::numbered::{numbered, push_number};
use super::{Resolved, Site};

pub(super) const NAMES: &[&str] = &[
    "am_pm",
    "century",
    "date",
    "day_of_month",
    "day_of_week",
    "iso8601",
    "month",
    "month_name",
    "time",
    "year",
];

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let start = ("start_datetime", "1970-01-01");
    let end = ("end_datetime", "now");
    let arguments = &site.arguments;
    let given = |parameter: &str| arguments.index(parameter).is_some();
    match site.name {
        "am_pm" => {
            numbered(site, 2, 2, |number, _, text| text.push_str(if number == 0 { "AM" } else { "PM" }))
        }
        "century" => numbered(site, 21, 5, |number, _, text| push_roman(number + 1, text)),
        "day_of_month" => numbered(site, 31, 2, |number, _, text| push_number(number + 1, 2, text)),
        "month" => numbered(site, 12, 2, |number, _, text| push_number(number + 1, 2, text)),
        "month_name" => numbered(site, 12, 9, |number, _, text| {
            text.push_str(Month::try_from(number as u8 + 1).map_or("", |month| month.name()));
        }),
        "day_of_week" => numbered(site, 7, 9, |number, _, text| {
            text.push_str(WEEKDAYS[number as usize]);
        }),
        "year" => {
            let last = DateTime::from_timestamp_micros(site.now).unwrap_or_default().year();
            numbered(site, (last - 1969).max(1) as u64, 4, |number, _, text| {
                push_number(1970 + number, 4, text);
            })
        }
        "date" if !given("pattern") && !given("end_datetime") => {
            let count = site.now.div_euclid(DAY).max(0) as u64 + 1;
            numbered(site, count, 10, |number, _, text| {
                let date = NaiveDate::default().checked_add_days(Days::new(number)).unwrap_or_default();
                push_number(date.year() as u64, 4, text);
                text.push('-');
                push_number(u64::from(date.month()), 2, text);
                text.push('-');
                push_number(u64::from(date.day()), 2, text);
            })
        }
        "time" if !given("pattern") && !given("end_datetime") => {
            numbered(site, 86_400, 8, |number, _, text| {
                push_number(number / 3600, 2, text);
                text.push(':');
                push_number(number / 60 % 60, 2, text);
                text.push(':');
                push_number(number % 60, 2, text);
            })
        }
        "date" => instants(site, start, end, "pattern", "%Y-%m-%d", Kind::Timestamp),
        "time" => instants(site, start, end, "pattern", "%H:%M:%S", Kind::Timestamp),
        _ => iso(site, start, end),
    }
}

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn iso(site: &Site<'_>, start: (&str, &str), end: (&str, &str)) -> Resolved {
    let separator = site.arguments.text("sep")?.unwrap_or("T").replace('%', "%%");
    let words = ["auto", "hours", "minutes", "seconds", "milliseconds", "microseconds"];
    let time = match site.arguments.one_of("timespec", &words)?.unwrap_or("auto") {
        "hours" => "%H",
        "minutes" => "%H:%M",
        "seconds" => "%H:%M:%S",
        "milliseconds" => "%H:%M:%S%.3f",
        _ => "%H:%M:%S%.6f",
    };
    if site.unique && site.arguments.index("end_datetime").is_none() && time.ends_with("%.6f") {
        let count = site.now.max(1) as u64;
        let separator = site.arguments.text("sep")?.unwrap_or("T").to_owned();
        return numbered(site, count.min(1 << 60), 26 + separator.len(), move |number, _, text| {
            use std::fmt::Write;
            let instant = DateTime::from_timestamp_micros(number as i64).unwrap_or_default();
            let second = number as i64 / SECOND * SECOND;
            let _ = write!(text, "{}{separator}{}", instant.format("%Y-%m-%d"), instant.format("%H:%M:%S"));
            let _ = write!(text, ".{:06}", number as i64 - second);
        });
    }
    instants(site, start, end, "", &format!("%Y-%m-%d{separator}{time}"), Kind::Timestamp)
}

fn push_roman(mut number: u64, text: &mut String) {
    for (value, numeral) in [(10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")] {
        while number >= value {
            text.push_str(numeral);
            number -= value;
        }
    }
}
