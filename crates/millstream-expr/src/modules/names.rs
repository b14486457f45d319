//! The names that modules have, however they are reached: `datetime.now`, `datetime.datetime.now` and, after
//! `import datetime as dt`, `dt.datetime.now` are one function.

use super::{digest, math, pattern, strings};

/// What can be called, by its full name.
pub(crate) const FUNCTIONS: &[&str] = &[
    "datetime.date",
    "datetime.date.fromisocalendar",
    "datetime.date.fromisoformat",
    "datetime.date.fromordinal",
    "datetime.date.fromtimestamp",
    "datetime.date.today",
    "datetime.datetime",
    "datetime.datetime.combine",
    "datetime.datetime.fromisoformat",
    "datetime.datetime.fromordinal",
    "datetime.datetime.fromtimestamp",
    "datetime.datetime.now",
    "datetime.datetime.strptime",
    "datetime.datetime.today",
    "datetime.datetime.utcfromtimestamp",
    "datetime.datetime.utcnow",
    "datetime.time",
    "datetime.time.fromisoformat",
    "datetime.timedelta",
    "datetime.timezone",
    "dateutil.easter.easter",
    "dateutil.relativedelta.relativedelta",
    "time.time",
    "time.time_ns",
    "uuid.UUID",
    "uuid.uuid1",
    "uuid.uuid3",
    "uuid.uuid4",
    "uuid.uuid5",
    "zoneinfo.ZoneInfo",
];

/// What has a value without being called.
pub(crate) const CONSTANTS: &[&str] = &[
    "datetime.MAXYEAR",
    "datetime.MINYEAR",
    "datetime.UTC",
    "datetime.date.max",
    "datetime.date.min",
    "datetime.datetime.max",
    "datetime.datetime.min",
    "datetime.time.max",
    "datetime.time.min",
    "datetime.timezone.utc",
    "dateutil.relativedelta.FR",
    "dateutil.relativedelta.MO",
    "dateutil.relativedelta.SA",
    "dateutil.relativedelta.SU",
    "dateutil.relativedelta.TH",
    "dateutil.relativedelta.TU",
    "dateutil.relativedelta.WE",
    "math.e",
    "math.inf",
    "math.nan",
    "math.pi",
    "math.tau",
    "uuid.NAMESPACE_DNS",
    "uuid.NAMESPACE_OID",
    "uuid.NAMESPACE_URL",
    "uuid.NAMESPACE_X500",
];

/// All functions.
pub(crate) fn functions() -> impl Iterator<Item = &'static str> {
    let all = [FUNCTIONS, &math::NAMES, &digest::NAMES, &pattern::NAMES];
    all.into_iter().flatten().copied()
}

/// All constants.
pub(crate) fn constants() -> impl Iterator<Item = &'static str> {
    let flags = pattern::FLAGS.iter().map(|(name, _)| *name);
    CONSTANTS.iter().chain(&strings::NAMES).copied().chain(flags)
}

/// The modules, also those within others.
pub(crate) const MODULES: &[&str] = &[
    "datetime",
    "dateutil",
    "dateutil.easter",
    "dateutil.relativedelta",
    "hashlib",
    "math",
    "re",
    "string",
    "time",
    "uuid",
    "zoneinfo",
];

/// The names that are classes of `datetime` before they are anything else, as in table-faker's scope.
const CLASSES: [&str; 5] = ["datetime", "date", "time", "timedelta", "timezone"];

/// Functions that classes have without an object: `date` in front of them is the class, even if a column has its name.
const CLASS_METHODS: [&str; 11] = [
    "combine",
    "fromisocalendar",
    "fromisoformat",
    "fromordinal",
    "fromtimestamp",
    "now",
    "strptime",
    "time",
    "today",
    "utcfromtimestamp",
    "utcnow",
];

/// The full name of a path, if it is one of a module.
pub(crate) fn full_name(path: &[&str]) -> Option<&'static str> {
    let joined = match path {
        // The module, if what follows is one of its own names, else the class.
        ["datetime", name, ..] if CLASSES.contains(name) || ["UTC", "MINYEAR", "MAXYEAR"].contains(name) => {
            path.join(".")
        }
        ["time", "time" | "time_ns"] => path.join("."),
        [class, ..] if CLASSES.contains(class) => format!("datetime.{}", path.join(".")),
        ["easter"] => "dateutil.easter.easter".to_owned(),
        ["relativedelta"] => "dateutil.relativedelta.relativedelta".to_owned(),
        ["relativedelta", "relativedelta"] | ["easter", "easter"] => format!("dateutil.{}", path.join(".")),
        ["ZoneInfo"] => "zoneinfo.ZoneInfo".to_owned(),
        _ => path.join("."),
    };
    functions().chain(constants()).find(|name| *name == joined)
}

/// Whether a path is meant as one of a module even where its head is also a column: `date(..)`, `date.today`,
/// `datetime.timedelta`.
pub(crate) fn hides_columns(path: &[&str]) -> bool {
    match path {
        [_] => true,
        ["datetime", name, ..] if CLASSES.contains(name) => true,
        [class, name] => CLASSES.contains(class) && CLASS_METHODS.contains(name),
        _ => false,
    }
}
