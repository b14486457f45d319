//! Dates and times as ISO 8601 text, without a calendar object in between.
//!
//! Days and civil dates are converted as in Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"
//! (<https://howardhinnant.github.io/date_algorithms.html>).

use arrow::datatypes::TimeUnit;

const DAY_SECONDS: i64 = 86_400;

/// How many of `unit` make a second.
pub(crate) fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// Appends `2024-01-31`. Years that do not have four digits get a sign: `+12345-01-31`, `-0044-03-15`.
pub(crate) fn write_date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = civil(days);
    if (0..10_000).contains(&year) {
        out.extend_from_slice(&date_text(year as usize, month, day));
        return;
    }
    let digits = format!("{}{:04}-{month:02}-{day:02}", if year < 0 { '-' } else { '+' }, year.abs());
    out.extend_from_slice(digits.as_bytes());
}

/// Appends `12:34:56`, with the fraction in 3, 6 or 9 digits if there is one.
pub(crate) fn write_time(value: i64, unit: TimeUnit, out: &mut Vec<u8>) {
    match unit {
        TimeUnit::Second => write_time_in::<1>(value, out),
        TimeUnit::Millisecond => write_time_in::<1_000>(value, out),
        TimeUnit::Microsecond => write_time_in::<1_000_000>(value, out),
        TimeUnit::Nanosecond => write_time_in::<1_000_000_000>(value, out),
    }
}

/// Appends `2024-01-31T12:34:56.789Z`: the instant in UTC, with the `Z` only if `zoned`.
pub(crate) fn write_timestamp(value: i64, unit: TimeUnit, zoned: bool, out: &mut Vec<u8>) {
    match unit {
        TimeUnit::Second => write_timestamp_in::<1>(value, out),
        TimeUnit::Millisecond => write_timestamp_in::<1_000>(value, out),
        TimeUnit::Microsecond => write_timestamp_in::<1_000_000>(value, out),
        TimeUnit::Nanosecond => write_timestamp_in::<1_000_000_000>(value, out),
    }
    if zoned {
        out.push(b'Z');
    }
}

/// With so many units per second known to the compiler, no division is one.
fn write_timestamp_in<const PER_SECOND: i64>(value: i64, out: &mut Vec<u8>) {
    let per_day = PER_SECOND * DAY_SECONDS;
    let (days, rest) = (value.div_euclid(per_day), value.rem_euclid(per_day));
    let (year, month, day) = civil(days);
    if !(0..10_000).contains(&year) {
        write_date(days, out);
        out.push(b'T');
        write_time_in::<PER_SECOND>(rest, out);
        return;
    }
    let mut text = [b'T'; 19];
    text[..10].copy_from_slice(&date_text(year as usize, month, day));
    text[11..].copy_from_slice(&time_text((rest / PER_SECOND) as usize));
    out.extend_from_slice(&text);
    write_fraction(rest % PER_SECOND, PER_SECOND, out);
}

fn write_time_in<const PER_SECOND: i64>(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(&time_text(value.div_euclid(PER_SECOND) as usize));
    write_fraction(value.rem_euclid(PER_SECOND), PER_SECOND, out);
}

fn date_text(year: usize, month: usize, day: usize) -> [u8; 10] {
    let (high, low, month, day) = (pair(year / 100), pair(year % 100), pair(month), pair(day));
    [high[0], high[1], low[0], low[1], b'-', month[0], month[1], b'-', day[0], day[1]]
}

fn time_text(seconds: usize) -> [u8; 8] {
    let (hour, minute, second) = (pair(seconds / 3600 % 100), pair(seconds / 60 % 60), pair(seconds % 60));
    [hour[0], hour[1], b':', minute[0], minute[1], b':', second[0], second[1]]
}

/// Appends an ISO 8601 duration in seconds: `PT1.5S`, `-PT0.001S`.
pub(crate) fn write_duration(value: i64, unit: TimeUnit, out: &mut Vec<u8>) {
    let per_second = per_second(unit);
    let magnitude = value.unsigned_abs();
    out.extend_from_slice(if value < 0 { b"-PT" } else { b"PT" });
    let seconds = magnitude / per_second as u64;
    out.extend_from_slice(itoa::Buffer::new().format(seconds).as_bytes());
    write_fraction((magnitude % per_second as u64) as i64, per_second, out);
    out.push(b'S');
}

/// Days since the Unix epoch of `2024-01-31`.
pub(crate) fn parse_date(text: &[u8]) -> Option<i32> {
    let (days, rest) = split_date(text)?;
    if !rest.is_empty() {
        return None;
    }
    i32::try_from(days).ok()
}

/// `12:34`, `12:34:56` or `12:34:56.789` in `unit`; `None` too if the unit is too coarse for the fraction.
pub(crate) fn parse_time(text: &[u8], unit: TimeUnit) -> Option<i64> {
    let (seconds, nanoseconds, rest) = split_time(text)?;
    if !rest.is_empty() {
        return None;
    }
    Some(seconds * per_second(unit) + exactly(nanoseconds, unit)?)
}

/// A timestamp as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parsed {
    /// Since the Unix epoch; in UTC if `zoned`.
    pub(crate) value: i64,
    /// Whether the text names its offset from UTC.
    pub(crate) zoned: bool,
}

/// `2024-01-31`, or a date and a time with `T` or a space between them, and perhaps `Z`, `+01`, `+0100` or `+01:00`.
/// `None` too if `unit` is too coarse, or too fine for 64 bits.
pub(crate) fn parse_timestamp(text: &[u8], unit: TimeUnit) -> Option<Parsed> {
    let (days, rest) = split_date(text)?;
    let (mut seconds, mut nanoseconds, mut zoned) = (0, 0, false);
    if let Some((separator, rest)) = rest.split_first() {
        if !matches!(separator, b'T' | b' ') {
            return None;
        }
        let (time, fraction, zone) = split_time(rest)?;
        (seconds, nanoseconds) = (time, fraction);
        if !zone.is_empty() {
            seconds -= parse_offset(zone)?;
            zoned = true;
        }
    }
    let fraction = exactly(nanoseconds, unit)?;
    // 128 bits: near the ends of the range the day's start may lie outside it while the instant does not.
    let seconds = i128::from(days) * i128::from(DAY_SECONDS) + i128::from(seconds);
    let value = seconds * i128::from(per_second(unit)) + i128::from(fraction);
    Some(Parsed { value: i64::try_from(value).ok()?, zoned })
}

/// What the time zone of a column makes of its timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    /// The column has none, and its values must have none.
    Absent,
    /// Every value must name its offset.
    Required,
    /// A value without an offset is taken to be this many seconds east of UTC.
    Fixed(i64),
}

impl Zone {
    /// The rule for a column of time zone `name`. A value without an offset is accepted where the zone is UTC or an
    /// offset, unless the reader is to be `strict`.
    pub(crate) fn new(name: Option<&str>, strict: bool) -> Self {
        match name {
            None => Self::Absent,
            Some(_) if strict => Self::Required,
            Some("UTC" | "Etc/UTC" | "GMT") => Self::Fixed(0),
            Some(name) => parse_offset(name.as_bytes()).map_or(Self::Required, Self::Fixed),
        }
    }

    /// The timestamp in a column of this zone.
    pub(crate) fn parse(self, text: &[u8], unit: TimeUnit) -> Option<i64> {
        let parsed = parse_timestamp(text, unit)?;
        match self {
            Self::Absent => (!parsed.zoned).then_some(parsed.value),
            Self::Required => parsed.zoned.then_some(parsed.value),
            Self::Fixed(_) if parsed.zoned => Some(parsed.value),
            Self::Fixed(offset) => parsed.value.checked_sub(offset.checked_mul(per_second(unit))?),
        }
    }
}

/// Seconds east of UTC of `Z`, `+01`, `+0100` or `+01:00`.
pub(crate) fn parse_offset(text: &[u8]) -> Option<i64> {
    let (sign, rest) = text.split_first()?;
    let sign = match sign {
        b'Z' | b'z' => return rest.is_empty().then_some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = match *rest {
        [a, b] => (two(a, b)?, 0),
        [a, b, c, d] | [a, b, b':', c, d] => (two(a, b)?, two(c, d)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[inline]
fn write_fraction(fraction: i64, per_second: i64, out: &mut Vec<u8>) {
    if fraction == 0 {
        return;
    }
    let nanoseconds = (fraction * (1_000_000_000 / per_second)) as usize;
    let (millis, micros, nanos) = (nanoseconds / 1_000_000, nanoseconds / 1_000 % 1_000, nanoseconds % 1_000);
    let mut text = [b'.'; 10];
    text[1..4].copy_from_slice(&triple(millis));
    text[4..7].copy_from_slice(&triple(micros));
    text[7..].copy_from_slice(&triple(nanos));
    let width = if nanos != 0 {
        9
    } else if micros != 0 {
        6
    } else {
        3
    };
    out.extend_from_slice(&text[..=width]);
}

fn triple(number: usize) -> [u8; 3] {
    let low = pair(number % 100);
    [b'0' + (number / 100) as u8, low[0], low[1]]
}

fn pair(number: usize) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

fn exactly(nanoseconds: i64, unit: TimeUnit) -> Option<i64> {
    let nanoseconds_per_unit = 1_000_000_000 / per_second(unit);
    (nanoseconds % nanoseconds_per_unit == 0).then_some(nanoseconds / nanoseconds_per_unit)
}

/// The days since the Unix epoch of the date at the start of `text`, and what follows it.
fn split_date(text: &[u8]) -> Option<(i64, &[u8])> {
    let (year, rest) = match text {
        [a, b, c, d, rest @ ..] if a.is_ascii_digit() => (two(*a, *b)? * 100 + two(*c, *d)?, rest),
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if !(4..=12).contains(&digits) {
                return None;
            }
            let (year, rest) = rest.split_at(digits);
            let year = year.iter().fold(0, |year, digit| year * 10 + i64::from(digit - b'0'));
            (if *sign == b'-' { -year } else { year }, rest)
        }
        _ => return None,
    };
    let [b'-', a, b, b'-', c, d, rest @ ..] = rest else {
        return None;
    };
    let (month, day) = (two(*a, *b)?, two(*c, *d)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    Some((days(year, month, day), rest))
}

/// Seconds since midnight, nanoseconds of the second, and what follows.
fn split_time(text: &[u8]) -> Option<(i64, i64, &[u8])> {
    let [a, b, b':', c, d, rest @ ..] = text else {
        return None;
    };
    let (hour, minute) = (two(*a, *b)?, two(*c, *d)?);
    let (second, rest) = match rest {
        [b':', a, b, rest @ ..] => (two(*a, *b)?, rest),
        rest => return (hour < 24 && minute < 60).then_some((hour * 3600 + minute * 60, 0, rest)),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = hour * 3600 + minute * 60 + second;
    let [b'.', fraction @ ..] = rest else {
        return Some((seconds, 0, rest));
    };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, rest) = fraction.split_at(digits);
    let mut nanoseconds = 0;
    for position in 0..digits.max(9) {
        let digit = fraction.get(position).map_or(0, |digit| i64::from(digit - b'0'));
        if position < 9 {
            nanoseconds = nanoseconds * 10 + digit;
        } else if digit != 0 {
            return None;
        }
    }
    (digits > 0).then_some((seconds, nanoseconds, rest))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since the Unix epoch of a civil date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The civil date of a day since the Unix epoch: year, month, day.
fn civil(days: i64) -> (i64, usize, usize) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as usize, day as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNITS: [TimeUnit; 4] =
        [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];

    fn date(days: i64) -> String {
        let mut out = Vec::new();
        write_date(days, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn timestamp(value: i64, unit: TimeUnit, zoned: bool) -> String {
        let mut out = Vec::new();
        write_timestamp(value, unit, zoned, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn known_dates() {
        for (days, text) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (19_782, "2024-02-29"),
            (11_016, "2000-02-29"),
            (-719_528, "0000-01-01"),
            (2_932_896, "9999-12-31"),
            (2_932_897, "+10000-01-01"),
            (-719_529, "-0001-12-31"),
        ] {
            assert_eq!(date(days), text);
            assert_eq!(parse_date(text.as_bytes()), Some(days as i32), "{text}");
        }
    }

    #[test]
    fn every_day_of_eight_centuries_follows_the_one_before() {
        let (mut year, mut month, mut day) = (1600, 1, 1);
        for number in -135_140..157_000 {
            assert_eq!(civil(number), (year, month, day), "{number}");
            assert_eq!(days(year, month as i64, day as i64), number);
            day += 1;
            if day as i64 > days_in_month(year, month as i64) {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }

    #[test]
    fn what_is_no_date_or_time_is_refused() {
        for text in [
            "",
            "2024",
            "2024-1-31",
            "2024-01-32",
            "2023-02-29",
            "1900-02-29",
            "2024-00-10",
            "2024-13-10",
            "2024-01-00",
            "20240131",
            "2024-01-31 ",
            "24-01-31",
            "+24-01-31",
            "2024/01/31",
            "x024-01-01",
        ] {
            assert_eq!(parse_date(text.as_bytes()), None, "{text}");
        }
        for text in [
            "2024-01-31T",
            "2024-01-31T25:00",
            "2024-01-31T12:60",
            "2024-01-31T12:00:60",
            "2024-01-31T12",
            "2024-01-31T12:00:00.",
            "2024-01-31T12:00:00.0000001",
            "2024-01-31T12:00:00+25:00",
            "2024-01-31T12:00:00+1",
            "2024-01-31T12:00:00 Z",
            "2024-01-31t12:00:00",
            "2024-01-31T12:00:0",
        ] {
            assert_eq!(parse_timestamp(text.as_bytes(), TimeUnit::Microsecond), None, "{text}");
        }
    }

    #[test]
    fn offsets_and_fractions() {
        let parse = |text: &str| parse_timestamp(text.as_bytes(), TimeUnit::Microsecond).unwrap();
        let noon = 1_706_702_400_000_000;
        for (text, value, zoned) in [
            ("2024-01-31T12:00:00Z", noon, true),
            ("2024-01-31 12:00", noon, false),
            ("2024-01-31T14:00:00+02", noon, true),
            ("2024-01-31T06:30:00-0530", noon, true),
            ("2024-01-31 14:00:00.5+02:00", noon + 500_000, true),
            ("2024-01-31T12:00:00.000001", noon + 1, false),
            ("2024-01-31T12:00:00.000001000000", noon + 1, false),
            ("2024-01-31", noon - 43_200_000_000, false),
        ] {
            assert_eq!(parse(text), Parsed { value, zoned }, "{text}");
        }
        assert_eq!(timestamp(noon + 123_000, TimeUnit::Microsecond, true), "2024-01-31T12:00:00.123Z");
        assert_eq!(timestamp(noon + 123_456, TimeUnit::Microsecond, false), "2024-01-31T12:00:00.123456");
        assert_eq!(timestamp(-1, TimeUnit::Nanosecond, false), "1969-12-31T23:59:59.999999999");
    }

    #[test]
    fn durations() {
        let text = |value| {
            let mut out = Vec::new();
            write_duration(value, TimeUnit::Millisecond, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(1_500), "PT1.500S");
        assert_eq!(text(-1), "-PT0.001S");
        assert_eq!(text(i64::MIN), "-PT9223372036854775.808S");
    }

    proptest! {
        #[test]
        fn dates_survive(days in any::<i32>()) {
            prop_assert_eq!(parse_date(date(i64::from(days)).as_bytes()), Some(days));
        }

        #[test]
        fn timestamps_survive(
            value in prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), -4_000_000_000_000_000i64..4_000_000_000_000_000],
            unit in prop::sample::select(UNITS.to_vec()),
            zoned: bool,
        ) {
            let text = timestamp(value, unit, zoned);
            prop_assert_eq!(parse_timestamp(text.as_bytes(), unit), Some(Parsed { value, zoned }), "{}", text);
        }

        #[test]
        fn times_survive(seconds in 0i64..86_400, fraction in 0i64..1_000_000_000, unit in prop::sample::select(UNITS.to_vec())) {
            let per_second = per_second(unit);
            let value = seconds * per_second + fraction % per_second;
            let mut out = Vec::new();
            write_time(value, unit, &mut out);
            prop_assert_eq!(parse_time(&out, unit), Some(value));
        }

        #[test]
        fn no_text_is_too_odd(text in "[-+0-9TZ:. ]{0,40}") {
            let _ = parse_date(text.as_bytes());
            for unit in UNITS {
                let _ = (parse_time(text.as_bytes(), unit), parse_timestamp(text.as_bytes(), unit));
            }
        }
    }
}
