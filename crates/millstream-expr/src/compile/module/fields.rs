//! Attributes of dates, datetimes, times and timedeltas.

use std::ops::Range;

use ruff_python_ast::Identifier;

use super::{ModuleValue, no_attribute};
use crate::compile::text::zone;
use crate::compile::{Compiler, Operand};
use crate::errors::CompileError;
use crate::kernels::elementwise::{Days, Ints, several, unary};
use crate::modules::temporal::calendar::{
    SECOND, civil, day_of, day_of_year, iso_calendar, time_of, weekday,
};
use crate::modules::temporal::delta;
use crate::modules::temporal::moment::{Zone, to_local};
use crate::modules::temporal::relative::RelativeDelta;
use crate::node::Node;
use crate::parse::range;
use crate::types::Type;
use crate::value::Scalar;

/// A number that a moment has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Microsecond,
    Weekday,
    IsoWeekday,
    IsoYear,
    IsoWeek,
    DayOfYear,
    Ordinal,
}

const OF_DATES: [(&str, Field); 3] = [("year", Field::Year), ("month", Field::Month), ("day", Field::Day)];
const OF_TIMES: [(&str, Field); 4] = [
    ("hour", Field::Hour),
    ("minute", Field::Minute),
    ("second", Field::Second),
    ("microsecond", Field::Microsecond),
];
const OF_TUPLES: [(&str, Field); 8] = [
    ("tm_year", Field::Year),
    ("tm_mon", Field::Month),
    ("tm_mday", Field::Day),
    ("tm_hour", Field::Hour),
    ("tm_min", Field::Minute),
    ("tm_sec", Field::Second),
    ("tm_wday", Field::Weekday),
    ("tm_yday", Field::DayOfYear),
];
const OF_ISO_CALENDARS: [(&str, Field); 3] =
    [("year", Field::IsoYear), ("week", Field::IsoWeek), ("weekday", Field::IsoWeekday)];

impl Field {
    /// Of a day.
    fn of_day(self, days: i32) -> i64 {
        match self {
            Self::Year => civil(days).0,
            Self::Month => civil(days).1,
            Self::Day => civil(days).2,
            Self::Weekday => weekday(days),
            Self::IsoWeekday => weekday(days) + 1,
            Self::IsoYear => iso_calendar(days).0,
            Self::IsoWeek => iso_calendar(days).1,
            Self::DayOfYear => day_of_year(days),
            Self::Ordinal => i64::from(days) + crate::modules::temporal::calendar::EPOCH_ORDINAL,
            Self::Hour | Self::Minute | Self::Second | Self::Microsecond => 0,
        }
    }

    /// Of microseconds since a midnight.
    fn of_time(self, time: i64) -> i64 {
        match self {
            Self::Hour => time / (3600 * SECOND),
            Self::Minute => time / (60 * SECOND) % 60,
            Self::Second => time / SECOND % 60,
            _ => time % SECOND,
        }
    }

    fn is_of_time(self) -> bool {
        matches!(self, Self::Hour | Self::Minute | Self::Second | Self::Microsecond)
    }
}

impl Compiler<'_> {
    /// A field of a date, a datetime or a time.
    pub(super) fn field_of(
        &self,
        node: Node,
        field: Field,
        whole: Range<usize>,
    ) -> Result<Node, CompileError> {
        match &node.type_ {
            Type::Date => {
                let kernel = unary::<Days, Ints, _>(Type::Int, move |days| Ok(field.of_day(days)));
                self.strict(kernel, vec![node], Type::Int, whole)
            }
            Type::Time => {
                let kernel = unary::<Ints, Ints, _>(Type::Int, move |time| Ok(field.of_time(time)));
                self.strict(kernel, vec![node], Type::Int, whole)
            }
            _ => {
                let zone = zone(&node)?;
                if field.is_of_time() {
                    let kernel = unary::<Ints, Ints, _>(Type::Int, move |moment| {
                        Ok(field.of_time(time_of(to_local(moment, zone.as_ref()))))
                    });
                    return self.strict(kernel, vec![node], Type::Int, whole);
                }
                let kernel = unary::<Ints, Ints, _>(Type::Int, move |moment| {
                    Ok(field.of_day(day_of(to_local(moment, zone.as_ref()))))
                });
                self.strict(kernel, vec![node], Type::Int, whole)
            }
        }
    }

    pub(super) fn temporal_attribute(
        &mut self,
        node: Node,
        name: &Identifier,
    ) -> Result<Operand, CompileError> {
        let whole = node.range.start..range(name).end;
        let of_times = matches!(node.type_, Type::Time | Type::Datetime(_));
        let of_dates = matches!(node.type_, Type::Date | Type::Datetime(_));
        let dates = OF_DATES.into_iter().filter(|_| of_dates);
        let known: Vec<(&str, Field)> = dates.chain(OF_TIMES.into_iter().filter(|_| of_times)).collect();
        if let Some((_, field)) = known.iter().find(|(known, _)| *known == name.as_str()) {
            return self.field_of(node, *field, whole).map(Operand::Value);
        }
        if let (Type::Datetime(_), "tzinfo") = (&node.type_, name.as_str()) {
            return Ok(match zone(&node)? {
                Some(zone) => Operand::Module(ModuleValue::Zone(zone), whole),
                None => Operand::Value(Node::null(Type::Null, whole)),
            });
        }
        if node.type_ == Type::Timedelta {
            let part: fn(i64) -> i64 = match name.as_str() {
                "days" => delta::days,
                "seconds" => delta::seconds,
                "microseconds" => delta::microseconds,
                _ => return Err(no_attribute("timedelta", name, &["days", "seconds", "microseconds"])),
            };
            let kernel = unary::<Ints, Ints, _>(Type::Int, move |delta| Ok(part(delta)));
            return self.strict(kernel, vec![node], Type::Int, whole).map(Operand::Value);
        }
        let known: Vec<&str> = known.into_iter().map(|(name, _)| name).collect();
        Err(no_attribute(&node.type_.word(), name, &known))
    }

    pub(super) fn module_attribute(
        &mut self,
        value: ModuleValue,
        name: &Identifier,
        whole: Range<usize>,
    ) -> Result<Operand, CompileError> {
        let whole = whole.start..range(name).end;
        let find = |fields: &[(&'static str, Field)], word: &str| {
            fields.iter().find(|(known, _)| *known == name.as_str()).map(|(_, field)| *field).ok_or_else(
                || no_attribute(word, name, &fields.iter().map(|(name, _)| *name).collect::<Vec<_>>()),
            )
        };
        match value {
            ModuleValue::IsoCalendar(node) => {
                let field = find(&OF_ISO_CALENDARS, "isocalendar")?;
                self.field_of(*node, field, whole).map(Operand::Value)
            }
            ModuleValue::TimeTuple(node) => {
                let field = find(&OF_TUPLES, "timetuple")?;
                self.field_of(*node, field, whole).map(Operand::Value)
            }
            ModuleValue::Difference(nodes) => {
                let part = relative_part(name)
                    .ok_or_else(|| no_attribute("relativedelta", name, &RELATIVE_PARTS))?;
                let kernel = several::<Ints, _>(Type::Int, move |items| {
                    RelativeDelta::between(items[0].int(), items[1].int()).map(|delta| part(&delta))
                });
                let inputs: Vec<Node> = (*nodes).into();
                self.strict(kernel, inputs, Type::Int, whole).map(Operand::Value)
            }
            ModuleValue::Relative(relative) => {
                let part = relative_part(name)
                    .ok_or_else(|| no_attribute("relativedelta", name, &RELATIVE_PARTS))?;
                match relative.constant() {
                    Some(delta) => Ok(Operand::Value(Node::constant(Some(Scalar::Int(part(&delta))), whole))),
                    None => Err(CompileError::new(
                        whole,
                        "the parts of a relativedelta of columns are not supported",
                    )
                    .hint("compute with the columns themselves")),
                }
            }
            ModuleValue::Uuid(node) => self.uuid_attribute(*node, name),
            value => Err(no_attribute(value.word(), name, &[])),
        }
    }
}

const RELATIVE_PARTS: [&str; 8] =
    ["years", "months", "weeks", "days", "hours", "minutes", "seconds", "microseconds"];

fn relative_part(name: &Identifier) -> Option<fn(&RelativeDelta) -> i64> {
    Some(match name.as_str() {
        "years" => |delta| delta.years,
        "months" => |delta| delta.months,
        "weeks" => |delta| delta.days / 7,
        "days" => |delta| delta.days,
        "hours" => |delta| delta.hours,
        "minutes" => |delta| delta.minutes,
        "seconds" => |delta| delta.seconds,
        "microseconds" => |delta| delta.microseconds,
        _ => return None,
    })
}

impl Compiler<'_> {
    /// `date.isocalendar()[i]`, `timetuple()[i]`.
    pub(crate) fn module_item(
        &mut self,
        value: ModuleValue,
        index: i64,
        whole: Range<usize>,
    ) -> Result<Operand, CompileError> {
        let (node, fields): (_, &[(&str, Field)]) = match value {
            ModuleValue::IsoCalendar(node) => (node, &OF_ISO_CALENDARS),
            ModuleValue::TimeTuple(node) => (node, &OF_TUPLES),
            ModuleValue::Match(matched) => {
                return match usize::try_from(index).ok().filter(|group| *group <= matched.groups()) {
                    Some(group) => self.group(*matched, group, whole),
                    None => Err(CompileError::new(whole, "the pattern has no such group")),
                };
            }
            other => {
                let (words, hint) = other.words();
                return Err(CompileError::new(whole, format!("{words} cannot be indexed")).hint(hint));
            }
        };
        let at = if index < 0 { index + fields.len() as i64 } else { index };
        let field = usize::try_from(at).ok().and_then(|at| fields.get(at));
        match field {
            Some((_, field)) => self.field_of(*node, *field, whole).map(Operand::Value),
            None => Err(CompileError::new(whole, "the index is out of range")),
        }
    }
}

/// Microseconds as the clocks of its zone show them: a naive datetime of a date or a datetime.
pub(super) fn local_moment(compiler: &Compiler<'_>, node: Node) -> Result<Node, CompileError> {
    let whole = node.range.clone();
    let naive = Type::Datetime(None);
    match &node.type_ {
        Type::Date => {
            let kernel = unary::<Days, Ints, _>(naive.clone(), |days| {
                Ok(i64::from(days) * crate::modules::temporal::calendar::DAY)
            });
            compiler.strict(kernel, vec![node], naive, whole)
        }
        Type::Datetime(Some(_)) => {
            let zone: Option<Zone> = zone(&node)?;
            let kernel =
                unary::<Ints, Ints, _>(naive.clone(), move |moment| Ok(to_local(moment, zone.as_ref())));
            compiler.strict(kernel, vec![node], naive, whole)
        }
        _ => Ok(node),
    }
}
