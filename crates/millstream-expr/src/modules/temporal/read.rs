//! `fromisoformat` of dates, times and datetimes, as of CPython 3.11.

use super::calendar::{DAY, SECOND, checked_days, checked_time, days_from_iso};

/// What [`datetime`] read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Read {
    /// Microseconds as the text shows them.
    pub(crate) local: i64,
    /// The offset from UTC in microseconds, if there is one.
    pub(crate) offset: Option<i64>,
}

pub(crate) const NO_DATE: &str = "the text is no ISO 8601 date, as in 2024-01-31";
pub(crate) const NO_TIME: &str = "the text is no ISO 8601 time, as in 08:30:00";
pub(crate) const NO_DATETIME: &str = "the text is no ISO 8601 datetime, as in 2024-01-31T08:30:00";

fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

/// `date.fromisoformat(text)`: `2024-01-31`, `20240131`, `2024-W05-3`, `2024W053`.
pub(crate) fn date(text: &str) -> Result<i32, &'static str> {
    let bytes = text.as_bytes();
    let year = bytes.get(..4).and_then(number).ok_or(NO_DATE)?;
    let (dashes, rest) = match bytes.get(4) {
        Some(b'-') => (true, &bytes[5..]),
        Some(_) => (false, &bytes[4..]),
        None => return Err(NO_DATE),
    };
    if let Some(rest) = rest.strip_prefix(b"W") {
        let (week, weekday) = match (dashes, rest) {
            (_, [a, b]) => (number(&[*a, *b]), Some(1)),
            (true, [a, b, b'-', day]) | (false, [a, b, day]) => (number(&[*a, *b]), number(&[*day])),
            _ => (None, None),
        };
        return days_from_iso(year, week.ok_or(NO_DATE)?, weekday.ok_or(NO_DATE)?);
    }
    let (month, day) = match (dashes, rest) {
        (true, [a, b, b'-', c, d]) | (false, [a, b, c, d]) => (number(&[*a, *b]), number(&[*c, *d])),
        _ => (None, None),
    };
    checked_days(year, month.ok_or(NO_DATE)?, day.ok_or(NO_DATE)?)
}

/// A time of the day without an offset: hours, and with or without colons minutes, seconds and a fraction, which is
/// cut off after microseconds.
fn clock(bytes: &[u8]) -> Result<[i64; 4], &'static str> {
    let colons = bytes.get(2) == Some(&b':');
    let mut fields = [0; 4];
    let mut at = 0;
    for field in 0..3 {
        if field > 0 {
            match (bytes.get(at), colons) {
                (None, _) => return Ok(fields),
                (Some(b':'), true) => at += 1,
                (Some(_), false) => {}
                _ => return Err(NO_TIME),
            }
        }
        fields[field] = bytes.get(at..at + 2).and_then(number).ok_or(NO_TIME)?;
        at += 2;
    }
    match bytes.get(at) {
        None => Ok(fields),
        Some(b'.' | b',') => {
            let digits = &bytes[at + 1..];
            let value = number(&digits[..digits.len().min(6)]).ok_or(NO_TIME)?;
            if !digits.iter().all(u8::is_ascii_digit) {
                return Err(NO_TIME);
            }
            fields[3] = value * 10_i64.pow(6_u32.saturating_sub(digits.len() as u32));
            Ok(fields)
        }
        Some(_) => Err(NO_TIME),
    }
}

/// `time.fromisoformat(text)`, with the offset if there is one.
pub(crate) fn time(text: &str) -> Result<(i64, Option<i64>), &'static str> {
    let bytes = text.strip_prefix('T').unwrap_or(text).as_bytes();
    if let Some(front) = bytes.strip_suffix(b"Z") {
        let [hour, minute, second, micro] = clock(front)?;
        return Ok((checked_time(hour, minute, second, micro)?, Some(0)));
    }
    let sign = bytes.iter().position(|byte| matches!(byte, b'+' | b'-'));
    let (front, offset) = match sign {
        None => (bytes, None),
        Some(at) => {
            let [hours, minutes, seconds, micros] = clock(&bytes[at + 1..])?;
            let size = ((hours * 60 + minutes) * 60 + seconds) * SECOND + micros;
            if size >= DAY {
                return Err("the offset from UTC must be less than 24 hours");
            }
            (&bytes[..at], Some(if bytes[at] == b'-' { -size } else { size }))
        }
    };
    let [hour, minute, second, micro] = clock(front)?;
    Ok((checked_time(hour, minute, second, micro)?, offset))
}

/// `datetime.fromisoformat(text)`: a date, and a time after any one character.
pub(crate) fn datetime(text: &str) -> Result<Read, &'static str> {
    let bytes = text.as_bytes();
    // Where the date ends depends on its form.
    let week = bytes.get(4) == Some(&b'W') || bytes.get(5) == Some(&b'W');
    let length = match (bytes.get(4), week) {
        (Some(b'-'), false) => 10,
        (_, false) => 8,
        (Some(b'-'), true) => {
            if bytes.get(8) == Some(&b'-') && bytes.get(9).is_some_and(u8::is_ascii_digit) {
                10
            } else {
                8
            }
        }
        // Without dashes, a digit after the week is its day only if no digit follows that one alone.
        (_, true) => {
            let digits = bytes.iter().skip(7).take_while(|byte| byte.is_ascii_digit()).count();
            if digits % 2 == 1 || digits == bytes.len().saturating_sub(7) && digits == 1 { 8 } else { 7 }
        }
    };
    if bytes.len() <= length {
        return Ok(Read { local: i64::from(date(text).map_err(shape)?) * DAY, offset: None });
    }
    if !text.is_char_boundary(length) {
        return Err(NO_DATETIME);
    }
    let (front, rest) = text.split_at(length);
    let days = date(front).map_err(shape)?;
    let mut characters = rest.chars();
    characters.next();
    let after = characters.as_str();
    if after.is_empty() || after.starts_with('T') {
        return Err(NO_DATETIME);
    }
    let (time, offset) = time(after).map_err(shape)?;
    Ok(Read { local: i64::from(days) * DAY + time, offset })
}

/// A part that has no shape is a whole that has none.
fn shape(message: &'static str) -> &'static str {
    if message == NO_DATE || message == NO_TIME { NO_DATETIME } else { message }
}
