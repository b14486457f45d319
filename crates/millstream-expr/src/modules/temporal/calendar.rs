//! The proleptic Gregorian calendar of Python's dates: days since 1970-01-01, microseconds since that midnight.

/// Microseconds in a second.
pub(crate) const SECOND: i64 = 1_000_000;
/// Microseconds in a day.
pub(crate) const DAY: i64 = 86_400 * SECOND;

/// 0001-01-01
pub(crate) const FIRST_DAY: i32 = -719_162;
/// 9999-12-31
pub(crate) const LAST_DAY: i32 = 2_932_896;

/// `date.toordinal()` of 1970-01-01.
pub(crate) const EPOCH_ORDINAL: i64 = 719_163;

pub(crate) const OUT_OF_RANGE: &str = "the date is out of range: years are from 1 to 9999";
pub(crate) const NO_YEAR: &str = "the year is out of range: years are from 1 to 9999";
pub(crate) const NO_MONTH: &str = "the month must be in 1..12";
pub(crate) const NO_DAY: &str = "the day is out of range for the month";
pub(crate) const NO_HOUR: &str = "the hour must be in 0..23";
pub(crate) const NO_MINUTE: &str = "the minute must be in 0..59";
pub(crate) const NO_SECOND: &str = "the second must be in 0..59";
pub(crate) const NO_MICROSECOND: &str = "the microsecond must be in 0..999999";

pub(crate) const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The days of a month, which must be 1 to 12.
pub(crate) const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + is_leap(year) as i64,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of a year, month and day that exist. (Hinnant, "chrono-compatible low-level date algorithms": the year begins
/// in March, so that the leap day is its last.)
pub(crate) const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The year, month and day of days; the inverse of [`days_from_civil`].
pub(crate) const fn civil(days: i32) -> (i64, i64, i64) {
    let days = days as i64 + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + (month <= 2) as i64, month, day)
}

/// `date(year, month, day)`
pub(crate) fn checked_days(year: i64, month: i64, day: i64) -> Result<i32, &'static str> {
    if !(1..=9999).contains(&year) {
        return Err(NO_YEAR);
    }
    if !(1..=12).contains(&month) {
        return Err(NO_MONTH);
    }
    if day < 1 || day > days_in_month(year, month) {
        return Err(NO_DAY);
    }
    Ok(days_from_civil(year, month, day) as i32)
}

/// `time(hour, minute, second, microsecond)`, as microseconds since midnight.
pub(crate) fn checked_time(
    hour: i64,
    minute: i64,
    second: i64,
    microsecond: i64,
) -> Result<i64, &'static str> {
    if !(0..24).contains(&hour) {
        return Err(NO_HOUR);
    }
    if !(0..60).contains(&minute) {
        return Err(NO_MINUTE);
    }
    if !(0..60).contains(&second) {
        return Err(NO_SECOND);
    }
    if !(0..SECOND).contains(&microsecond) {
        return Err(NO_MICROSECOND);
    }
    Ok(((hour * 60 + minute) * 60 + second) * SECOND + microsecond)
}

/// Days that a date can be.
pub(crate) fn in_range(days: i64) -> Result<i32, &'static str> {
    match i32::try_from(days) {
        Ok(days) if (FIRST_DAY..=LAST_DAY).contains(&days) => Ok(days),
        _ => Err(OUT_OF_RANGE),
    }
}

/// Microseconds (without a zone) that a datetime can be.
pub(crate) fn moment_in_range(microseconds: i64) -> Result<i64, &'static str> {
    in_range(microseconds.div_euclid(DAY)).map(|_| microseconds)
}

/// The day that microseconds are in. Those of columns may be out of range; the result then is too.
pub(crate) fn day_of(microseconds: i64) -> i32 {
    microseconds.div_euclid(DAY) as i32
}

/// Microseconds since midnight.
pub(crate) const fn time_of(microseconds: i64) -> i64 {
    microseconds.rem_euclid(DAY)
}

/// `date.weekday()`: 0 is Monday.
pub(crate) const fn weekday(days: i32) -> i64 {
    (days as i64 + 3).rem_euclid(7)
}

/// The day of the year, from 1.
pub(crate) const fn day_of_year(days: i32) -> i64 {
    let (year, ..) = civil(days);
    days as i64 - days_from_civil(year, 1, 1) + 1
}

/// `date.isocalendar()`: the ISO year, week and weekday (1 is Monday).
pub(crate) const fn iso_calendar(days: i32) -> (i64, i64, i64) {
    let weekday = weekday(days);
    // The week belongs to the year of its Thursday.
    let thursday = days as i64 - weekday + 3;
    let (year, ..) = civil(thursday as i32);
    let week = (thursday - days_from_civil(year, 1, 1)) / 7 + 1;
    (year, week, weekday + 1)
}

/// The days of an ISO year, week and weekday.
pub(crate) fn days_from_iso(year: i64, week: i64, weekday: i64) -> Result<i32, &'static str> {
    if !(1..=9999).contains(&year) {
        return Err(NO_YEAR);
    }
    let january_fourth = days_from_civil(year, 1, 4);
    let first_monday = january_fourth - self::weekday(january_fourth as i32);
    let (of_year, last_week, _) = iso_calendar(days_from_civil(year, 12, 28) as i32);
    if of_year != year || !(1..=last_week).contains(&week) {
        return Err("the ISO week is out of range");
    }
    if !(1..=7).contains(&weekday) {
        return Err("the ISO weekday must be in 1..7");
    }
    in_range(first_monday + (week - 1) * 7 + weekday - 1)
}

/// The Sunday of Easter in a year, by the algorithm of dateutil (Lichtenberg's for the Gregorian calendar). `method`: 1
/// Julian calendar, 2 Julian date in the Gregorian calendar, 3 Western.
pub(crate) fn easter(year: i64, method: i64) -> Result<i32, &'static str> {
    if !(1..=3).contains(&method) {
        return Err("the method of easter must be 1, 2 or 3");
    }
    if !(1..=9999).contains(&year) {
        return Err(NO_YEAR);
    }
    let golden = year % 19;
    // Days from 21 March to the Sunday on or before the paschal full moon.
    let shift = if method < 3 {
        let moon = (19 * golden + 15) % 30;
        let weekday = (year + year / 4 + moon) % 7;
        let mut extra = 0;
        if method == 2 {
            extra = 10;
            if year > 1600 {
                extra += year / 100 - 16 - (year / 100 - 16) / 4;
            }
        }
        moon - weekday + extra
    } else {
        let century = year / 100;
        let epact = (century - century / 4 - (8 * century + 13) / 25 + 19 * golden + 15) % 30;
        let moon = epact - (epact / 28) * (1 - (epact / 28) * (29 / (epact + 1)) * ((21 - golden) / 11));
        let weekday = (year + year / 4 + moon + 2 - century + century / 4) % 7;
        moon - weekday
    };
    let day = 1 + (shift + 27 + (shift + 6) / 40) % 31;
    let month = 3 + (shift + 26) / 30;
    checked_days(year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_its_fields() {
        let (mut year, mut month, mut day) = (1, 1, 1);
        for days in FIRST_DAY..=LAST_DAY {
            assert_eq!(civil(days), (year, month, day));
            assert_eq!(checked_days(year, month, day), Ok(days));
            let (iso_year, week, iso_weekday) = iso_calendar(days);
            if days < LAST_DAY - 7 && iso_year > 0 {
                assert_eq!(days_from_iso(iso_year, week, iso_weekday), Ok(days));
            }
            day += 1;
            if day > days_in_month(year, month) {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!(weekday(0), 3);
        assert_eq!(day_of_year(checked_days(2024, 12, 31).unwrap()), 366);
        assert_eq!(checked_days(2023, 2, 29), Err(NO_DAY));
        assert_eq!(checked_days(10_000, 1, 1), Err(NO_YEAR));
        assert_eq!(checked_days(2023, 13, 1), Err(NO_MONTH));
    }

    #[test]
    fn easters_are_those_of_dateutil() {
        // (year, Julian, Orthodox, Western), from dateutil.easter.
        for (year, julian, orthodox, western) in [
            (1991, (3, 25), (4, 7), (3, 31)),
            (2000, (4, 17), (4, 30), (4, 23)),
            (2024, (4, 22), (5, 5), (3, 31)),
            (2025, (4, 7), (4, 20), (4, 20)),
            (2038, (4, 12), (4, 25), (4, 25)),
        ] {
            for (method, (month, day)) in [(1, julian), (2, orthodox), (3, western)] {
                assert_eq!(easter(year, method), checked_days(year, month, day), "{year} {method}");
            }
        }
    }
}
