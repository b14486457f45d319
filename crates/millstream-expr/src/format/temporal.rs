//! Dates, datetimes, times and timedeltas as text: `str()`, `isoformat()`, and the directives of `strftime`.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::Sink;
use crate::modules::temporal::calendar::{
    DAY, FIRST_DAY, LAST_DAY, SECOND, civil, day_of, day_of_year, iso_calendar, time_of, weekday,
};
use crate::modules::temporal::moment::{Zone, to_local};

/// A moment as its fields show it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) days: i32,
    /// Microseconds since midnight.
    pub(crate) time: i64,
    /// The offset from UTC in seconds, if it has a zone.
    pub(crate) offset: Option<i64>,
    /// The zone, and the moment in UTC.
    zone: Option<(&'a Zone, i64)>,
}

impl<'a> Moment<'a> {
    /// From days since 1970-01-01; `None` outside of what dates can be.
    pub(crate) fn from_days(days: i32) -> Option<Self> {
        checked(Self { days, time: 0, offset: None, zone: None })
    }

    /// From microseconds since 1970-01-01 (UTC if there is a zone).
    pub(crate) fn from_microseconds(microseconds: i64, zone: Option<&'a Zone>) -> Option<Self> {
        let local = to_local(microseconds, zone);
        let offset = zone.map(|_| (local - microseconds) / SECOND);
        let days = i32::try_from(local.div_euclid(DAY)).ok()?;
        checked(Self { days, time: time_of(local), offset, zone: zone.map(|zone| (zone, microseconds)) })
    }

    /// A time of a day without a date: `strftime` sees 1900-01-01.
    pub(crate) fn from_time(time: i64) -> Option<Self> {
        checked(Self { days: -25_567, time, offset: None, zone: None })
    }

    fn hour(&self) -> i64 {
        self.time / (3600 * SECOND)
    }

    fn minute(&self) -> i64 {
        self.time / (60 * SECOND) % 60
    }

    fn second(&self) -> i64 {
        self.time / SECOND % 60
    }

    fn microsecond(&self) -> i64 {
        self.time % SECOND
    }
}

/// Python's datetimes are of the years 1 to 9999.
fn checked(moment: Moment<'_>) -> Option<Moment<'_>> {
    (FIRST_DAY..=LAST_DAY).contains(&moment.days).then_some(moment)
}

/// How much of the time `isoformat` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    /// Seconds, and microseconds if there are any.
    Auto,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
    Microseconds,
}

/// `str(date)`
pub(crate) fn write_date(moment: Moment<'_>, sink: &mut impl Sink) {
    let (year, month, day) = civil(moment.days);
    let mut buffer = *b"0000-00-00";
    digits(&mut buffer[..4], year);
    digits(&mut buffer[5..7], month);
    digits(&mut buffer[8..], day);
    sink.push(std::str::from_utf8(&buffer).unwrap_or_default());
}

/// The last digits of a number.
fn digits(place: &mut [u8], mut value: i64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// `datetime.isoformat(separator, precision)`; `str(datetime)` has a space for the separator.
pub(crate) fn write_datetime(
    moment: Moment<'_>,
    separator: char,
    precision: Precision,
    sink: &mut impl Sink,
) {
    write_date(moment, sink);
    sink.push_char(separator);
    write_time(moment, precision, sink);
}

/// `time.isoformat(precision)`, and the offset if there is a zone.
pub(crate) fn write_time(moment: Moment<'_>, precision: Precision, sink: &mut impl Sink) {
    let mut buffer = *b"00:00:00.000000";
    digits(&mut buffer[..2], moment.hour());
    digits(&mut buffer[3..5], moment.minute());
    digits(&mut buffer[6..8], moment.second());
    digits(&mut buffer[9..], moment.microsecond());
    let length = match precision {
        Precision::Auto if moment.microsecond() == 0 => 8,
        Precision::Hours => 2,
        Precision::Minutes => 5,
        Precision::Seconds => 8,
        Precision::Milliseconds => 12,
        Precision::Auto | Precision::Microseconds => 15,
    };
    sink.push(std::str::from_utf8(&buffer[..length]).unwrap_or_default());
    if let Some(offset) = moment.offset {
        write_offset(offset, ":", sink);
    }
}

/// `+02:00`, with seconds if there are any.
fn write_offset(offset: i64, separator: &str, sink: &mut impl Sink) {
    sink.push(if offset < 0 { "-" } else { "+" });
    let seconds = offset.abs();
    write_number(seconds / 3600, 2, '0', sink);
    sink.push(separator);
    write_number(seconds / 60 % 60, 2, '0', sink);
    if seconds % 60 != 0 {
        sink.push(separator);
        write_number(seconds % 60, 2, '0', sink);
    }
}

/// A number of at least `width` digits, with `fill` in front.
fn write_number(value: i64, width: usize, fill: char, sink: &mut impl Sink) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value);
    sink.push_repeated(fill, width.saturating_sub(digits.len()));
    sink.push(digits);
}

/// A piece of a `strftime` format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Literal(String),
    /// A number: its directive, and its width (0 after `%-`) and fill.
    Number(char, usize, char),
    /// A word, the offset or the zone.
    Word(char, Case),
}

/// The case of a word: its own, or as the flags `^` and `#` ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Own,
    Upper,
    Opposite,
}

/// Reads a `strftime` format of the directives that do not depend on a locale or a platform: those of the C library on
/// Linux in its own locale, whose years are not filled with zeros.
pub(crate) fn parse_strftime(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '%' {
            literal.push(character);
            continue;
        }
        let flag = characters.next_if(|character| "-_0^#".contains(*character));
        let Some(directive) = characters.next() else {
            return Err("a format of dates cannot end with a single %".to_owned());
        };
        let expansion = match directive {
            'F' => "%Y-%m-%d",
            'T' | 'X' => "%H:%M:%S",
            'R' => "%H:%M",
            'D' | 'x' => "%m/%d/%y",
            'r' => "%I:%M:%S %p",
            'c' => "%a %b %e %H:%M:%S %Y",
            _ => "",
        };
        let numeric = |width: usize, fill: char| {
            let (width, fill) = match flag {
                Some('-') => (0, fill),
                Some('_') => (width, ' '),
                Some('0') => (width, '0'),
                _ => (width, fill),
            };
            vec![Piece::Number(directive, width, fill)]
        };
        let case = match flag {
            Some('^') => Case::Upper,
            Some('#') => Case::Opposite,
            _ => Case::Own,
        };
        let found = match directive {
            '%' | 'n' | 't' if flag.is_none() => {
                literal.push(match directive {
                    'n' => '\n',
                    't' => '\t',
                    _ => '%',
                });
                continue;
            }
            // Filled by none; with flags the C library has widths of its own.
            'Y' | 'G' | 'C' if matches!(flag, None | Some('-')) => vec![Piece::Number(directive, 0, '0')],
            'f' if flag.is_none() => numeric(6, '0'),
            'j' => numeric(3, '0'),
            'y' | 'g' | 'm' | 'd' | 'H' | 'I' | 'M' | 'S' | 'U' | 'W' | 'V' => numeric(2, '0'),
            'e' | 'k' | 'l' => numeric(2, ' '),
            'w' | 'u' => numeric(1, '0'),
            'a' | 'A' | 'b' | 'B' | 'p' | 'P' => vec![Piece::Word(directive, case)],
            'h' => vec![Piece::Word('b', case)],
            'z' | 'Z' if flag.is_none() => vec![Piece::Word(directive, case)],
            'F' | 'T' | 'X' | 'R' | 'D' | 'x' | 'r' | 'c' if flag.is_none() => parse_strftime(expansion)?,
            _ => {
                let flag = flag.map(String::from).unwrap_or_default();
                return Err(format!("the directive `%{flag}{directive}` of dates is not supported"));
            }
        };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.extend(found);
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

pub(crate) fn write_strftime(moment: Moment<'_>, pieces: &[Piece], sink: &mut impl Sink) {
    let fields = civil(moment.days);
    for piece in pieces {
        match piece {
            Piece::Literal(text) => sink.push(text),
            Piece::Number(directive, width, fill) => {
                write_number(field(moment, fields, *directive), *width, *fill, sink);
            }
            Piece::Word('z', _) => {
                if let Some(offset) = moment.offset {
                    write_offset(offset, "", sink);
                }
            }
            Piece::Word(directive, case) => {
                let word = word(moment, fields.1, *directive);
                match case {
                    Case::Own => sink.push(&word),
                    Case::Opposite if *directive == 'p' => sink.push(&word.to_lowercase()),
                    Case::Upper | Case::Opposite => sink.push(&word.to_uppercase()),
                }
            }
        }
    }
}

fn field(moment: Moment<'_>, (year, month, day): (i64, i64, i64), directive: char) -> i64 {
    let weekday = weekday(moment.days);
    match directive {
        'Y' => year,
        'y' => year % 100,
        'C' => year / 100,
        'm' => month,
        'd' | 'e' => day,
        'H' | 'k' => moment.hour(),
        'I' | 'l' => (moment.hour() + 11) % 12 + 1,
        'M' => moment.minute(),
        'S' => moment.second(),
        'f' => moment.microsecond(),
        'j' => day_of_year(moment.days),
        // The weeks of a year that begin with its first Sunday, or Monday.
        'U' => (day_of_year(moment.days) + 6 - (weekday + 1) % 7) / 7,
        'W' => (day_of_year(moment.days) + 6 - weekday) / 7,
        'w' => (weekday + 1) % 7,
        'u' => weekday + 1,
        'V' => iso_calendar(moment.days).1,
        'g' => iso_calendar(moment.days).0.rem_euclid(100),
        _ => iso_calendar(moment.days).0,
    }
}

fn word(moment: Moment<'_>, month: i64, directive: char) -> Cow<'static, str> {
    let day = DAYS[weekday(moment.days) as usize];
    let month = MONTHS[(month - 1) as usize];
    let morning = moment.hour() < 12;
    Cow::Borrowed(match directive {
        'a' => &day[..3],
        'A' => day,
        'b' => &month[..3],
        'B' => month,
        'p' if morning => "AM",
        'p' => "PM",
        'P' if morning => "am",
        'P' => "pm",
        _ => match moment.zone {
            Some((zone, utc)) => return Cow::Owned(zone.abbreviation(utc)),
            None => "",
        },
    })
}

/// The days of a datetime's column, as its clocks show them.
pub(crate) fn local_day(microseconds: i64, zone: Option<&Zone>) -> i32 {
    day_of(to_local(microseconds, zone))
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
