//! Python's `datetime` and `dateutil`: functions of plain numbers, which the kernels over columns and the row
//! interpreter share, and the interpreter's values.

pub(crate) mod calendar;
pub(crate) mod delta;
pub(crate) mod moment;
pub(crate) mod read;
pub(crate) mod relative;
pub(crate) mod strptime;

use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// Days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Date(pub(crate) i32);

/// A datetime.
#[derive(Debug, Clone)]
pub(crate) struct DateTime {
    /// Microseconds since 1970-01-01: of UTC if there is a zone, of the wall otherwise.
    pub(crate) micros: i64,
    pub(crate) zone: Option<TimeZone>,
}

impl PartialEq for DateTime {
    fn eq(&self, other: &Self) -> bool {
        self.micros == other.micros && self.zone.is_some() == other.zone.is_some()
    }
}

impl Eq for DateTime {}

impl Hash for DateTime {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.micros.hash(state);
    }
}

/// A time of day.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Time {
    /// Microseconds since midnight.
    pub(crate) micros: i64,
    pub(crate) zone: Option<TimeZone>,
}

/// A duration in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TimeDelta(pub(crate) i64);

/// A time zone, by the name that Arrow knows it by: `UTC`, `+02:00`, `Europe/Berlin`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TimeZone(pub(crate) Rc<str>);
