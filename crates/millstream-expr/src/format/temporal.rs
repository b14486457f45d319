//! Dates and datetimes as text: `str()`, and the directives of `strftime`.

use arrow::array::timezone::Tz;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike};

use super::Sink;

/// A moment as its fields show it, with the offset from UTC in seconds if it has a zone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) local: NaiveDateTime,
    pub(crate) offset: Option<i32>,
}

impl Moment {
    /// From days since 1970-01-01; `None` outside of what dates can be.
    pub(crate) fn from_days(days: i32) -> Option<Self> {
        let date = NaiveDate::from_num_days_from_ce_opt(days.checked_add(719_163)?)?;
        checked(Self { local: date.and_time(NaiveTime::MIN), offset: None })
    }

    /// From microseconds since 1970-01-01 (UTC if there is a zone).
    pub(crate) fn from_microseconds(microseconds: i64, zone: Option<Tz>) -> Option<Self> {
        let utc = DateTime::from_timestamp_micros(microseconds)?.naive_utc();
        let Some(zone) = zone else { return checked(Self { local: utc, offset: None }) };
        let offset = zone.offset_from_utc_datetime(&utc).fix();
        checked(Self { local: utc.checked_add_offset(offset)?, offset: Some(offset.local_minus_utc()) })
    }
}

/// Python's datetimes are of the years 1 to 9999.
fn checked(moment: Moment) -> Option<Moment> {
    (1..=9999).contains(&moment.local.year()).then_some(moment)
}

/// `str(date)`
pub(crate) fn write_date(moment: Moment, sink: &mut impl Sink) {
    let date = moment.local.date();
    write_digits(date.year() as u32, 4, '0', sink);
    sink.push("-");
    write_digits(date.month(), 2, '0', sink);
    sink.push("-");
    write_digits(date.day(), 2, '0', sink);
}

/// `str(datetime)`: ISO 8601 with a space, microseconds if there are any, and the offset if there is a zone.
pub(crate) fn write_datetime(moment: Moment, sink: &mut impl Sink) {
    write_date(moment, sink);
    let time = moment.local.time();
    sink.push(" ");
    write_digits(time.hour(), 2, '0', sink);
    sink.push(":");
    write_digits(time.minute(), 2, '0', sink);
    sink.push(":");
    write_digits(time.second(), 2, '0', sink);
    if microsecond(time) != 0 {
        sink.push(".");
        write_digits(microsecond(time), 6, '0', sink);
    }
    if let Some(offset) = moment.offset {
        write_offset(offset, ":", sink);
    }
}

fn microsecond(time: NaiveTime) -> u32 {
    time.nanosecond() % 1_000_000_000 / 1000
}

/// `+02:00`, with seconds if there are any.
fn write_offset(offset: i32, separator: &str, sink: &mut impl Sink) {
    sink.push(if offset < 0 { "-" } else { "+" });
    let seconds = offset.unsigned_abs();
    write_digits(seconds / 3600, 2, '0', sink);
    sink.push(separator);
    write_digits(seconds / 60 % 60, 2, '0', sink);
    if !seconds.is_multiple_of(60) {
        sink.push(separator);
        write_digits(seconds % 60, 2, '0', sink);
    }
}

/// A number of at least `width` digits, with `fill` in front.
fn write_digits(value: u32, width: usize, fill: char, sink: &mut impl Sink) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value);
    sink.push_repeated(fill, width.saturating_sub(digits.len()));
    sink.push(digits);
}

/// A piece of a `strftime` format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Literal(String),
    /// A number: its directive, and its width (0 after `%-`).
    Number(char, usize),
    /// A word, or the offset.
    Word(char),
}

/// Reads a `strftime` format of the directives that do not depend on a locale or a platform.
pub(crate) fn parse_strftime(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '%' {
            literal.push(character);
            continue;
        }
        let unpadded = characters.next_if_eq(&'-').is_some();
        let Some(directive) = characters.next() else {
            return Err("a format of dates cannot end with a single %".to_owned());
        };
        let expansion = match directive {
            'F' => "%Y-%m-%d",
            'T' => "%H:%M:%S",
            'R' => "%H:%M",
            'D' => "%m/%d/%y",
            _ => "",
        };
        let found = match directive {
            '%' if !unpadded => {
                literal.push('%');
                continue;
            }
            'Y' | 'G' => vec![Piece::Number(directive, 4)],
            'f' => vec![Piece::Number(directive, 6)],
            'j' => vec![Piece::Number(directive, 3)],
            'y' | 'm' | 'd' | 'H' | 'I' | 'M' | 'S' | 'U' | 'W' | 'V' => vec![Piece::Number(directive, 2)],
            'w' | 'u' => vec![Piece::Number(directive, 1)],
            'a' | 'A' | 'b' | 'B' | 'p' | 'z' if !unpadded => vec![Piece::Word(directive)],
            'F' | 'T' | 'R' | 'D' if !unpadded => parse_strftime(expansion)?,
            _ => {
                let minus = if unpadded { "-" } else { "" };
                return Err(format!("the directive `%{minus}{directive}` of dates is not supported"));
            }
        };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.extend(found.into_iter().map(|piece| match piece {
            Piece::Number(directive, _) if unpadded => Piece::Number(directive, 0),
            piece => piece,
        }));
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(crate) fn write_strftime(moment: Moment, pieces: &[Piece], sink: &mut impl Sink) {
    for piece in pieces {
        match piece {
            Piece::Literal(text) => sink.push(text),
            Piece::Number(directive, width) => {
                write_digits(field(moment, *directive), *width, '0', sink);
            }
            Piece::Word(directive) => write_word(moment, *directive, sink),
        }
    }
}

fn field(moment: Moment, directive: char) -> u32 {
    let (date, time) = (moment.local.date(), moment.local.time());
    let weekday = date.weekday();
    match directive {
        'Y' => date.year() as u32,
        'y' => date.year() as u32 % 100,
        'm' => date.month(),
        'd' => date.day(),
        'H' => time.hour(),
        'I' => (time.hour() + 11) % 12 + 1,
        'M' => time.minute(),
        'S' => time.second(),
        'f' => microsecond(time),
        'j' => date.ordinal(),
        // The weeks of a year that begin with its first Sunday, or Monday.
        'U' => (date.ordinal0() + 7 - weekday.num_days_from_sunday()) / 7,
        'W' => (date.ordinal0() + 7 - weekday.num_days_from_monday()) / 7,
        'w' => weekday.num_days_from_sunday(),
        'u' => weekday.number_from_monday(),
        'V' => date.iso_week().week(),
        _ => date.iso_week().year() as u32,
    }
}

fn write_word(moment: Moment, directive: char, sink: &mut impl Sink) {
    let day = DAYS[moment.local.weekday().num_days_from_monday() as usize];
    let month = MONTHS[moment.local.month0() as usize];
    match directive {
        'a' => sink.push(&day[..3]),
        'A' => sink.push(day),
        'b' => sink.push(&month[..3]),
        'B' => sink.push(month),
        'p' => sink.push(if moment.local.hour() < 12 { "AM" } else { "PM" }),
        _ => {
            if let Some(offset) = moment.offset {
                write_offset(offset, "", sink);
            }
        }
    }
}

/// A moment read from an ISO 8601 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parsed {
    Date(NaiveDate),
    Local(NaiveDateTime),
    /// With an offset: in UTC.
    Utc(NaiveDateTime),
}

/// Reads `2024-01-31`, `2024-01-31 12:30[:45[.678]]` (or with a `T`), and those with `Z` or an offset.
pub(crate) fn parse_iso(text: &str) -> Option<Parsed> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(Parsed::Date(date));
    }
    let text = text.replacen(' ', "T", 1);
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
        if let Ok(local) = NaiveDateTime::parse_from_str(&text, format) {
            return Some(Parsed::Local(local));
        }
    }
    let text = match text.strip_suffix('Z') {
        Some(front) => format!("{front}+00:00"),
        None => text,
    };
    for format in ["%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%dT%H:%M%:z"] {
        if let Ok(moment) = DateTime::parse_from_str(&text, format) {
            return Some(Parsed::Utc(moment.naive_utc()));
        }
    }
    None
}
