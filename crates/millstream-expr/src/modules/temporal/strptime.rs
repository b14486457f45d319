//! `datetime.strptime`: the directives of CPython's `_strptime`, which reads by a regular expression, so that a
//! directive takes fewer characters where the rest of the format would not fit otherwise.

use super::calendar::{DAY, SECOND, checked_days, checked_time, days_from_civil, weekday};
use super::read::Read;

const MISMATCH: &str = "the text does not match the format of strptime";
const REMAINS: &str = "unconverted data remains after the format of strptime";

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A format that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Format {
    pieces: Vec<Piece>,
    /// Whether what it reads has an offset from UTC.
    pub(crate) has_offset: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(char),
    /// One or more characters of white space.
    Space,
    Directive(char),
}

impl Format {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '%' => match characters.next() {
                    Some('%') => pieces.push(Piece::Literal('%')),
                    Some('c') => pieces.extend(Self::parse("%a %b %d %H:%M:%S %Y")?.pieces),
                    Some('x') => pieces.extend(Self::parse("%m/%d/%y")?.pieces),
                    Some('X') => pieces.extend(Self::parse("%H:%M:%S")?.pieces),
                    Some(directive) if "aAbBdfGHIjmMpSuUVwWyYzZ".contains(directive) => {
                        if pieces.contains(&Piece::Directive(directive)) {
                            return Err(format!("the directive `%{directive}` is given twice"));
                        }
                        pieces.push(Piece::Directive(directive));
                    }
                    Some(directive) => {
                        return Err(format!("`%{directive}` is no directive of strptime"));
                    }
                    None => return Err("a format of strptime cannot end with a single %".to_owned()),
                },
                character if character.is_whitespace() => {
                    if pieces.last() != Some(&Piece::Space) {
                        pieces.push(Piece::Space);
                    }
                }
                character => pieces.push(Piece::Literal(character)),
            }
        }
        let has = |directive| pieces.contains(&Piece::Directive(directive));
        if has('G') && !has('V')
            || has('V') && !has('G')
            || has('V') && !(has('u') || has('w') || has('a') || has('A'))
        {
            return Err("`%G` and `%V` need each other, and a day of the week (`%u`, `%w`, `%a`)".to_owned());
        }
        if has('G') && (has('Y') || has('j')) {
            return Err("`%G` does not go with `%Y` or `%j`: write `%Y` with `%m` and `%d`".to_owned());
        }
        Ok(Self { has_offset: has('z'), pieces })
    }

    /// The moment that `text` says; what it does not say is 1900-01-01 00:00:00.
    pub(crate) fn read(&self, text: &str) -> Result<Read, &'static str> {
        let mut fields = Fields::default();
        match self.matches(0, text, &mut fields) {
            Some("") => fields.finish(),
            Some(_) => Err(REMAINS),
            None => Err(MISMATCH),
        }
    }

    /// Reads the pieces from `index`; what remains of the text, if they fit.
    fn matches<'t>(&self, index: usize, text: &'t str, fields: &mut Fields) -> Option<&'t str> {
        let Some(piece) = self.pieces.get(index) else { return Some(text) };
        match piece {
            Piece::Literal(expected) => {
                let first = text.chars().next()?;
                let alike = first == *expected || first.to_lowercase().eq(expected.to_lowercase());
                if !alike {
                    return None;
                }
                self.matches(index + 1, &text[first.len_utf8()..], fields)
            }
            Piece::Space => {
                let rest = text.trim_start();
                if rest.len() == text.len() { None } else { self.matches(index + 1, rest, fields) }
            }
            Piece::Directive(directive) => {
                let before = *fields;
                for (length, value) in candidates(*directive, text).into_iter().flatten() {
                    fields.set(*directive, value);
                    if let Some(rest) = self.matches(index + 1, &text[length..], fields) {
                        return Some(rest);
                    }
                    *fields = before;
                }
                None
            }
        }
    }
}

/// What a directive can read from the front of `text`, in the order of preference: the length and the value.
fn candidates(directive: char, text: &str) -> [Option<(usize, i64)>; 3] {
    let word = |words: &[&str], short: bool| {
        let found = words.iter().position(|word| {
            let word = if short { &word[..3] } else { word };
            text.get(..word.len()).is_some_and(|front| front.eq_ignore_ascii_case(word))
        });
        let at = found.map(|at| (if short { 3 } else { words[at].len() }, at as i64));
        [at, None, None]
    };
    match directive {
        'a' => word(&DAYS, true),
        'A' => word(&DAYS, false),
        'b' => word(&MONTHS, true),
        'B' => word(&MONTHS, false),
        'p' => {
            let half = ["am", "pm"]
                .iter()
                .position(|half| text.get(..2).is_some_and(|front| front.eq_ignore_ascii_case(half)));
            [half.map(|half| (2, half as i64)), None, None]
        }
        'Z' => {
            let zone = ["utc", "gmt"]
                .iter()
                .any(|zone| text.get(..3).is_some_and(|front| front.eq_ignore_ascii_case(zone)));
            [zone.then_some((3, 0)), None, None]
        }
        'z' => offset(text).map_or([None; 3], |(length, value)| [Some((length, value)), None, None]),
        'f' => {
            let digits = text.bytes().take(6).take_while(u8::is_ascii_digit).count();
            // Shorter readings leave digits that nothing else would take, but another number.
            let at = |length: usize| {
                (length > 0).then(|| {
                    let value = text[..length].parse::<i64>().unwrap_or_default();
                    (length, value * 10_i64.pow(6 - length as u32))
                })
            };
            [at(digits), at(digits.saturating_sub(1)), at(digits.saturating_sub(2))]
        }
        _ => {
            let (most, range) = match directive {
                'Y' | 'G' => return [exact(text, 4), None, None],
                'y' => return [exact(text, 2), None, None],
                'd' => (2, 1..=31),
                'H' => (2, 0..=23),
                'j' => (3, 1..=366),
                'I' | 'm' => (2, 1..=12),
                'M' => (2, 0..=59),
                'S' => (2, 0..=61),
                'U' | 'W' | 'V' => (2, 0..=53),
                'w' => (1, 0..=6),
                _ => (1, 1..=7),
            };
            let at = |length: usize| {
                let digits = text.get(..length)?;
                // `%d` takes a space for the first digit.
                let digits = if directive == 'd' && length == 2 {
                    digits.strip_prefix(' ').unwrap_or(digits)
                } else {
                    digits
                };
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                let value = digits.parse::<i64>().ok()?;
                range.contains(&value).then_some((length, value))
            };
            let mut found = [None; 3];
            for (slot, length) in found.iter_mut().zip((1..=most).rev()) {
                *slot = at(length);
            }
            found
        }
    }
}

fn exact(text: &str, length: usize) -> Option<(usize, i64)> {
    let digits = text.get(..length)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((length, digits.parse().ok()?))
}

/// `+0200`, `-02:30`, `+02:00:30.5`, `Z`; the value in microseconds.
fn offset(text: &str) -> Option<(usize, i64)> {
    if text.starts_with('Z') {
        return Some((1, 0));
    }
    let sign = match text.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let bytes = text.as_bytes();
    let pair = |at: usize, most: i64| {
        let value = std::str::from_utf8(bytes.get(at..at + 2)?).ok()?;
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| value.parse::<i64>().ok()).flatten().filter(|value| *value <= most)
    };
    let hours = pair(1, 99)?;
    let colon = usize::from(bytes.get(3) == Some(&b':'));
    let minutes = pair(3 + colon, 59)?;
    let mut length = 5 + colon;
    let mut size = (hours * 60 + minutes) * 60 * SECOND;
    let next = length + colon;
    if (colon == 0 || bytes.get(length) == Some(&b':'))
        && let Some(seconds) = pair(next, 59)
    {
        size += seconds * SECOND;
        length = next + 2;
        if bytes.get(length) == Some(&b'.') {
            let digits =
                bytes.iter().skip(length + 1).take(6).take_while(|byte| byte.is_ascii_digit()).count();
            if digits > 0 {
                let value = text[length + 1..length + 1 + digits].parse::<i64>().ok()?;
                size += value * 10_i64.pow(6 - digits as u32);
                length += 1 + digits;
            }
        }
    }
    Some((length, sign * size))
}

/// What was read so far.
#[derive(Debug, Clone, Copy, Default)]
struct Fields {
    year: Option<i64>,
    iso_year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    half: Option<i64>,
    twelve: Option<i64>,
    minute: i64,
    second: i64,
    microsecond: i64,
    /// 0 is Monday.
    weekday: Option<i64>,
    /// The week, and the weekday that weeks begin with (6 is Sunday).
    week: Option<(i64, i64)>,
    iso_week: Option<i64>,
    offset: Option<i64>,
}

impl Fields {
    fn set(&mut self, directive: char, value: i64) {
        match directive {
            'Y' => self.year = Some(value),
            'y' => self.year = Some(if value <= 68 { value + 2000 } else { value + 1900 }),
            'G' => self.iso_year = Some(value),
            'm' => self.month = Some(value),
            'b' | 'B' => self.month = Some(value + 1),
            'd' => self.day = Some(value),
            'j' => self.day_of_year = Some(value),
            'H' => self.hour = value,
            'I' => self.twelve = Some(value),
            'p' => self.half = Some(value),
            'M' => self.minute = value,
            'S' => self.second = value,
            'f' => self.microsecond = value,
            'a' | 'A' => self.weekday = Some(value),
            'u' => self.weekday = Some(value - 1),
            'w' => self.weekday = Some((value + 6) % 7),
            'U' => self.week = Some((value, 6)),
            'W' => self.week = Some((value, 0)),
            'V' => self.iso_week = Some(value),
            'z' => self.offset = Some(value),
            _ => {}
        }
    }

    fn finish(self) -> Result<Read, &'static str> {
        let hour = match (self.twelve, self.half) {
            (Some(hour), Some(1)) => hour % 12 + 12,
            (Some(hour), Some(_)) => hour % 12,
            // Without a half of the day, 12 is midnight.
            (Some(hour), None) => {
                if hour == 12 {
                    0
                } else {
                    hour
                }
            }
            (None, _) => self.hour,
        };
        let days = self.date()?;
        let time = checked_time(hour, self.minute, self.second, self.microsecond)?;
        Ok(Read { local: i64::from(days) * DAY + time, offset: self.offset })
    }

    fn date(self) -> Result<i32, &'static str> {
        let year = self.year.unwrap_or(1900);
        let mut of_year = self.day_of_year;
        if of_year.is_none()
            && let Some(weekday) = self.weekday
        {
            if let Some((week, first)) = self.week {
                of_year = Some(of_week(year, week, weekday, first));
            } else if let (Some(year), Some(week)) = (self.iso_year, self.iso_week) {
                // Any week up to 53, also of a year that has 52.
                let first = super::calendar::days_from_iso(year, 1, 1)?;
                return super::calendar::in_range(i64::from(first) + (week - 1) * 7 + weekday);
            }
        }
        match of_year {
            // Whatever month and day were read.
            Some(of_year) if (1..=9999).contains(&year) => {
                super::calendar::in_range(days_from_civil(year, 1, 1) + of_year - 1)
            }
            Some(_) => Err(super::calendar::NO_YEAR),
            None => checked_days(year, self.month.unwrap_or(1), self.day.unwrap_or(1)),
        }
    }
}

/// The day of the year of a weekday in a week; weeks begin with `first`, and week 0 is what lies before the first.
fn of_week(year: i64, week: i64, mut wanted: i64, first: i64) -> i64 {
    let mut january_first = weekday(days_from_civil(year, 1, 1) as i32);
    if first == 6 {
        january_first = (january_first + 1) % 7;
        wanted = (wanted + 1) % 7;
    }
    let before = (7 - january_first) % 7;
    if week == 0 { 1 + wanted - january_first } else { 1 + before + 7 * (week - 1) + wanted }
}
