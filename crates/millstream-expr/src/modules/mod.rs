//! The modules of the language: `datetime`, `dateutil`, `math`, `string`, `uuid`, `hashlib`, `re`.
//!
//! Their functions are over columns; the row fallback reaches them through [`bridge`]. `None` from any of the functions
//! here means that it is not one of a module.

// Some functions of plain values are there for those that no kernel needs yet.
#![allow(dead_code)]

pub(crate) mod bridge;
pub(crate) mod digest;
pub(crate) mod math;
pub(crate) mod names;
pub(crate) mod pattern;
pub(crate) mod strings;
pub(crate) mod temporal;

use std::cmp::Ordering;
use std::fmt::Write;

use crate::interpreter::failure::{Failure, Outcome};
use crate::interpreter::static_type::Static;
use crate::interpreter::value::Value;
use crate::interpreter::{Arguments, Context, Operator};
use temporal::DateTime;
use temporal::moment::Zone;

/// What a path of a module names.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    /// `datetime`, `dateutil.relativedelta`: something that has parts.
    Module,
    /// `math.floor`, and types, which can be called: `datetime.date`.
    Function,
    /// `math.pi`, `string.ascii_letters`
    Constant(Value),
    /// A function of the host's library under another name: `uuid.uuid4` is `fake.uuid4`.
    Library(&'static str),
}

/// What `path` names. Names that need no import (`datetime`, `date`, `timedelta`, `math` …) are paths themselves.
pub(crate) fn find(path: &str) -> Option<Item> {
    let parts: Vec<&str> = path.split('.').collect();
    match names::full_name(&parts) {
        Some("uuid.uuid1" | "uuid.uuid4") => Some(Item::Library("fake.uuid4")),
        Some(name) if names::functions().any(|known| known == name) => Some(Item::Function),
        Some(name) => bridge::constant(name).map(Item::Constant),
        None => names::MODULES.contains(&path).then_some(Item::Module),
    }
}

/// All paths, for suggestions.
pub(crate) fn names() -> Vec<&'static str> {
    names::functions().chain(names::constants()).collect()
}

/// `a, b, name=c`
fn joined(texts: &[String], arguments: Arguments<'_>) -> String {
    let keywords = arguments.keywords.iter().map(|(name, _)| format!("{name}="));
    let prefixes = arguments.positional.iter().map(|_| String::new()).chain(keywords);
    prefixes.zip(texts).map(|(prefix, text)| prefix + text).collect::<Vec<_>>().join(", ")
}

/// Calls the function or type at `path`.
pub(crate) fn call(path: &str, arguments: Arguments<'_>, context: &Context) -> Outcome<Value> {
    let operands: Vec<&Value> =
        arguments.positional.iter().chain(arguments.keywords.iter().map(|(_, value)| value)).collect();
    bridge::evaluate(&operands, context.now, &|texts| format!("{path}({})", joined(texts, arguments)))
}

fn is_of_module(value: &Value) -> bool {
    matches!(
        value,
        Value::Date(_) | Value::DateTime(_) | Value::Time(_) | Value::TimeDelta(_) | Value::Module(_)
    )
}

/// `value.name`
pub(crate) fn attribute(value: &Value, name: &str) -> Option<Outcome<Value>> {
    is_of_module(value).then(|| bridge::evaluate(&[value], None, &|texts| format!("{}.{name}", texts[0])))
}

/// `value.name(..)`
pub(crate) fn method(value: &Value, name: &str, arguments: Arguments<'_>) -> Option<Outcome<Value>> {
    if !is_of_module(value) {
        return None;
    }
    let operands: Vec<&Value> = std::iter::once(value)
        .chain(arguments.positional)
        .chain(arguments.keywords.iter().map(|(_, value)| value))
        .collect();
    Some(bridge::evaluate(&operands, None, &|texts| {
        format!("{}.{name}({})", texts[0], joined(&texts[1..], arguments))
    }))
}

/// `left operator right`
pub(crate) fn binary(operator: Operator, left: &Value, right: &Value) -> Option<Outcome<Value>> {
    (is_of_module(left) || is_of_module(right)).then(|| {
        bridge::evaluate(&[left, right], None, &|texts| {
            format!("{} {} {}", texts[0], operator.symbol(), texts[1])
        })
    })
}

/// `-value` and `+value`, `abs(value)` (`"-"`, `"+"`, `"abs"`)
pub(crate) fn unary(operator: &str, value: &Value) -> Option<Outcome<Value>> {
    is_of_module(value)
        .then(|| bridge::evaluate(&[value], None, &|texts| format!("{operator}({})", texts[0])))
}

/// `left == right`
pub(crate) fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Module(left), Value::Module(right)) => Some(left == right),
        _ => match compare(left, right)? {
            Ok(ordering) => Some(ordering == Ordering::Equal),
            Err(_) => Some(false),
        },
    }
}

/// The order of two values. As column by column, a text beside a date is a date in ISO 8601.
pub(crate) fn compare(left: &Value, right: &Value) -> Option<Outcome<Ordering>> {
    Some(match (left, right) {
        (Value::Date(left), Value::Date(right)) => Ok(left.cmp(right)),
        (Value::DateTime(left), Value::DateTime(right)) => {
            if left.zone.is_some() == right.zone.is_some() {
                Ok(left.micros.cmp(&right.micros))
            } else {
                Err(Failure::type_("can't compare offset-naive and offset-aware datetimes"))
            }
        }
        (Value::Time(left), Value::Time(right)) => Ok(left.micros.cmp(&right.micros)),
        (Value::TimeDelta(left), Value::TimeDelta(right)) => Ok(left.cmp(right)),
        (Value::Date(_) | Value::DateTime(_), Value::Str(_)) => {
            let holds = |operator: &str| {
                let result = bridge::evaluate(&[left, right], None, &|texts| {
                    format!("{} {operator} {}", texts[0], texts[1])
                });
                result.map(|value| value.is_true())
            };
            match (holds("<"), holds("==")) {
                (Ok(true), _) => Ok(Ordering::Less),
                (Ok(false), Ok(true)) => Ok(Ordering::Equal),
                (Ok(false), Ok(false)) => Ok(Ordering::Greater),
                (Err(failure), _) | (_, Err(failure)) => Err(failure),
            }
        }
        (Value::Str(_), Value::Date(_) | Value::DateTime(_)) => {
            return compare(right, left).map(|ordering| ordering.map(Ordering::reverse));
        }
        _ => return None,
    })
}

/// `format(value, spec)`; the specification is not empty.
pub(crate) fn format(value: &Value, spec: &str) -> Option<Outcome<String>> {
    if !is_of_module(value) {
        return None;
    }
    let formatted = bridge::evaluate(&[value, &Value::text(spec)], None, &|texts| {
        format!("{}.strftime({})", texts[0], texts[1])
    });
    Some(formatted.map(|value| value.as_text().map_or_else(String::new, ToString::to_string)))
}

/// `str(value)`
pub(crate) fn display(value: &Value) -> Option<String> {
    use crate::format::temporal::{Moment, Precision, write_date, write_datetime, write_time};
    let mut out = String::new();
    match value {
        Value::Date(date) => write_date(Moment::from_days(date.0)?, &mut out),
        Value::DateTime(DateTime { micros, zone }) => {
            let zone = zone.as_ref().and_then(|zone| Zone::parse(&zone.0));
            write_datetime(
                Moment::from_microseconds(*micros, zone.as_ref())?,
                ' ',
                Precision::Auto,
                &mut out,
            );
        }
        Value::Time(time) => write_time(Moment::from_time(time.micros)?, Precision::Auto, &mut out),
        Value::TimeDelta(delta) => temporal::delta::write(delta.0, &mut out).ok()?,
        Value::Module(source) => {
            return match bridge::evaluate(&[], None, &|_| format!("str({source})")) {
                Ok(Value::Str(text)) => Some(text.to_string()),
                _ => Some(source.to_string()),
            };
        }
        _ => return None,
    }
    Some(out)
}

/// `repr(value)`
pub(crate) fn repr(value: &Value) -> Option<String> {
    match value {
        Value::TimeDelta(delta) => Some(temporal::delta::repr(delta.0)),
        Value::Date(date) => {
            let (year, month, day) = temporal::calendar::civil(date.0);
            Some(format!("datetime.date({year}, {month}, {day})"))
        }
        Value::DateTime(DateTime { micros, zone }) => {
            let rules = zone.as_ref().and_then(|zone| Zone::parse(&zone.0));
            let local = temporal::moment::to_local(*micros, rules.as_ref());
            let (year, month, day) = temporal::calendar::civil(temporal::calendar::day_of(local));
            let mut text =
                format!("datetime.datetime({year}, {month}, {day}{}", clock(local.rem_euclid(DAY), true));
            match zone {
                Some(zone) if &*zone.0 == "UTC" => text.push_str(", tzinfo=datetime.timezone.utc"),
                Some(zone) => {
                    let _ = write!(text, ", tzinfo=zoneinfo.ZoneInfo(key='{}')", zone.0);
                }
                None => {}
            }
            Some(text + ")")
        }
        Value::Time(time) => Some(format!("datetime.time({})", &clock(time.micros, true)[2..])),
        Value::Module(source) => Some(source.to_string()),
        _ => None,
    }
}

const DAY: i64 = 86_400_000_000;

/// `, 8, 30`, with seconds and microseconds if there are any.
fn clock(time: i64, always: bool) -> String {
    let (seconds, micros) = (time / 1_000_000, time % 1_000_000);
    let mut text =
        if always { format!(", {}, {}", seconds / 3600, seconds / 60 % 60) } else { String::new() };
    if seconds % 60 != 0 || micros != 0 {
        let _ = write!(text, ", {}", seconds % 60);
    }
    if micros != 0 {
        let _ = write!(text, ", {micros}");
    }
    text
}

/// `isinstance(value, type)` for a type of a module.
pub(crate) fn is_instance(value: &Value, path: &str) -> Option<bool> {
    let name = names::full_name(&path.split('.').collect::<Vec<_>>())?;
    Some(match name {
        "datetime.date" => matches!(value, Value::Date(_) | Value::DateTime(_)),
        "datetime.datetime" => matches!(value, Value::DateTime(_)),
        "datetime.time" => matches!(value, Value::Time(_)),
        "datetime.timedelta" => matches!(value, Value::TimeDelta(_)),
        _ => false,
    })
}

/// `bool(value)` of a value that is known by its source.
pub(crate) fn is_true(source: &str) -> bool {
    match bridge::evaluate(&[], None, &|_| format!("bool({source})")) {
        Ok(value) => value.is_true(),
        Err(_) => true,
    }
}

/// The type of what [`call`] gives, for arguments with their keywords and, where they are written, their texts; what
/// is wrong if it gives nothing.
pub(crate) fn call_type(
    path: &str,
    arguments: &[(Static, Option<String>)],
    keywords: &[Option<String>],
    now: Option<i64>,
) -> Result<Static, String> {
    bridge::type_of(arguments, now, &|texts| format!("{path}({})", with_keywords(texts, keywords)))
}

fn with_keywords(texts: &[String], keywords: &[Option<String>]) -> String {
    let one = |(index, text): (usize, &String)| match keywords.get(index) {
        Some(Some(name)) => format!("{name}={text}"),
        _ => text.clone(),
    };
    texts.iter().enumerate().map(one).collect::<Vec<_>>().join(", ")
}

/// The type of what [`attribute`] gives.
pub(crate) fn attribute_type(value: &Static, name: &str) -> Result<Static, String> {
    bridge::type_of(&[(value.clone(), None)], None, &|texts| format!("{}.{name}", texts[0]))
}

/// The type of what [`method`] gives.
pub(crate) fn method_type(
    value: &Static,
    name: &str,
    arguments: &[(Static, Option<String>)],
    keywords: &[Option<String>],
) -> Result<Static, String> {
    let mut operands = vec![(value.clone(), None)];
    operands.extend_from_slice(arguments);
    bridge::type_of(&operands, None, &|texts| {
        format!("{}.{name}({})", texts[0], with_keywords(&texts[1..], keywords))
    })
}

/// The type of what [`binary`] gives.
pub(crate) fn binary_type(operator: Operator, left: &Static, right: &Static) -> Result<Static, String> {
    bridge::type_of(&[(left.clone(), None), (right.clone(), None)], None, &|texts| {
        format!("{} {} {}", texts[0], operator.symbol(), texts[1])
    })
}
