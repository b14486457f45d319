//! Crontab expressions: minute, hour, day of the month, month and weekday.

use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

/// When something begins, to the minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// With both a day of the month and a weekday, one of them is enough, as in every crontab.
    either_day: bool,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Cron {
    /// Whether it begins on a day.
    pub(super) fn is_on(&self, date: NaiveDate) -> bool {
        let has = |set: u64, number: u32| set >> number & 1 == 1;
        let (day, weekday) =
            (has(self.days, date.day()), has(self.weekdays, date.weekday().num_days_from_sunday()));
        has(self.months, date.month()) && if self.either_day { day || weekday } else { day && weekday }
    }

    /// The minutes of a day at which it begins.
    pub(super) fn minutes(&self) -> impl Iterator<Item = usize> + '_ {
        let in_set = |set: u64, most: usize| (0..most).filter(move |number| set >> number & 1 == 1);
        in_set(self.hours, 24)
            .flat_map(move |hour| in_set(self.minutes, 60).map(move |minute| hour * 60 + minute))
    }

    /// Whether it begins once an hour at most.
    pub(super) fn has_one_minute(&self) -> bool {
        self.minutes.is_power_of_two()
    }
}

impl FromStr for Cron {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let &[minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return Err(format!("{text:?} has {} fields, and not 5", fields.len()));
        };
        // Sunday is 0 and 7.
        let week = set(weekdays, "weekday", 0, 7, &WEEKDAYS)?;
        Ok(Self {
            minutes: set(minutes, "minute", 0, 59, &[])?,
            hours: set(hours, "hour", 0, 23, &[])?,
            days: set(days, "day", 1, 31, &[])?,
            months: set(months, "month", 1, 12, &MONTHS)?,
            weekdays: (week | week >> 7) & 0x7f,
            either_day: !days.starts_with('*') && !weekdays.starts_with('*'),
        })
    }
}

/// The numbers of one field as bits: `*`, `5`, `1-5`, `*/15`, `8-18/2`, and lists of them.
fn set(field: &str, what: &str, least: u32, most: u32, names: &[&str]) -> Result<u64, String> {
    let mut bits = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, number(step, what, 1, most.max(1), &[])?),
            None => (part, 1),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((first, last)) => {
                (number(first, what, least, most, names)?, number(last, what, least, most, names)?)
            }
            None if part.contains('/') => (number(range, what, least, most, names)?, most),
            None => {
                let only = number(range, what, least, most, names)?;
                (only, only)
            }
        };
        if first > last {
            return Err(format!(
                "the {what} {range:?} ends before it begins: write two ranges, with a comma"
            ));
        }
        for number in (first..=last).step_by(step as usize) {
            bits |= 1 << number;
        }
    }
    Ok(bits)
}

fn number(text: &str, what: &str, least: u32, most: u32, names: &[&str]) -> Result<u32, String> {
    let lower = text.to_ascii_lowercase();
    if let Some(index) = names.iter().position(|name| *name == lower) {
        return Ok(least + index as u32);
    }
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse::<u32>().ok()).flatten();
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("{text:?} is no {what}: it is from {least} to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn fields_are_read() {
        let cron: Cron = "*/20 8-10,22 * * mon-fri".parse().unwrap();
        let minutes: Vec<usize> = cron.minutes().collect();
        assert_eq!(minutes, [480, 500, 520, 540, 560, 580, 600, 620, 640, 1320, 1340, 1360]);
        assert!(!cron.has_one_minute());
        // A Friday and a Saturday.
        assert!(cron.is_on(date("2024-03-01")) && !cron.is_on(date("2024-03-02")));
        let sundays: Cron = "0 0 * * 7".parse().unwrap();
        assert!(sundays.is_on(date("2024-03-03")) && !sundays.is_on(date("2024-03-04")));
        assert_eq!(sundays, "0 0 * * SUN".parse().unwrap());
        assert!(sundays.has_one_minute());
        let whole_week: Cron = "0 0 * * 0-7".parse().unwrap();
        assert_eq!(whole_week.weekdays, 0x7f);
    }

    #[test]
    fn a_day_and_a_weekday_are_alternatives() {
        let both: Cron = "0 0 13 * fri".parse().unwrap();
        let days = ["2024-03-01", "2024-03-13", "2024-03-14"].map(|day| both.is_on(date(day)));
        assert_eq!(days, [true, true, false]);
        let one: Cron = "0 0 13 feb *".parse().unwrap();
        assert!(one.is_on(date("2024-02-13")) && !one.is_on(date("2024-03-13")));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "* * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "5-3 * * * *",
            "* * * * fri-mon",
            "*/0 * * * *",
            "a * * * *",
            "1, * * * *",
            "+1 * * * *",
            "* * * * * *",
        ] {
            assert!(text.parse::<Cron>().is_err(), "{text}");
        }
    }
}
