//! Calls that make dates, datetimes, times and timedeltas.

use std::ops::Range;

use ruff_python_ast::{Expr, ExprCall};

use super::Constant;
use crate::compile::Compiler;
use crate::compile::call::{Signature, article};
use crate::compile::text::zone;
use crate::errors::CompileError;
use crate::kernels::elementwise::{Days, Floats, Ints, Item, binary, of_text, several, unary};
use crate::modules::temporal::calendar::{
    DAY, EPOCH_ORDINAL, FIRST_DAY, LAST_DAY, SECOND, checked_days, checked_time, day_of, days_from_iso,
    easter, in_range, moment_in_range,
};
use crate::modules::temporal::delta::{self, OVERFLOW, Sum, UNITS};
use crate::modules::temporal::moment::{Zone, from_local, from_timestamp, to_local};
use crate::modules::temporal::{read, strptime};
use crate::node::Node;
use crate::parse::range;
use crate::types::Type;
use crate::value::Scalar;

const fn signature(name: &'static str, parameters: &'static [&'static str], required: usize) -> Signature {
    Signature { name, parameters, required, named_from: 0 }
}

impl Compiler<'_> {
    /// The run's clock, in microseconds since the Unix epoch.
    pub(super) fn clock(&self, name: &str, whole: Range<usize>) -> Result<i64, CompileError> {
        self.library.now().ok_or_else(|| {
            CompileError::new(whole, format!("`{name}` is not known here: only tables have a clock"))
                .hint("write the moment itself, as in `datetime(2024, 1, 31)`")
        })
    }

    pub(super) fn temporal_constant(name: &str) -> Option<Constant> {
        Some(Constant::Scalar(match name {
            "datetime.MINYEAR" => Scalar::Int(1),
            "datetime.MAXYEAR" => Scalar::Int(9999),
            "datetime.date.min" => Scalar::Date(FIRST_DAY),
            "datetime.date.max" => Scalar::Date(LAST_DAY),
            "datetime.datetime.min" => Scalar::Datetime(i64::from(FIRST_DAY) * DAY, None),
            "datetime.datetime.max" => Scalar::Datetime((i64::from(LAST_DAY) + 1) * DAY - 1, None),
            "datetime.time.min" => Scalar::Time(0),
            "datetime.time.max" => Scalar::Time(DAY - 1),
            "datetime.UTC" | "datetime.timezone.utc" => return Zone::utc().map(Constant::Zone),
            _ => return None,
        }))
    }

    pub(super) fn temporal_call(
        &mut self,
        name: &'static str,
        call: &ExprCall,
    ) -> Result<Node, CompileError> {
        let whole = range(call);
        let short = name.rsplit('.').next().unwrap_or(name);
        match name {
            "datetime.timedelta" => self.timedelta(call),
            "datetime.date" => {
                let inputs = self.ints(call, &signature("date", &["year", "month", "day"], 3))?;
                let kernel = several::<Days, _>(Type::Date, |items| {
                    checked_days(items[0].int(), items[1].int(), items[2].int())
                });
                self.strict(kernel, inputs, Type::Date, whole)
            }
            "datetime.datetime" => self.datetime(call),
            "datetime.time" => {
                let bound = signature("time", &["hour", "minute", "second", "microsecond"], 0).bind(call)?;
                let inputs = self.ints_or_zero(&bound, "time", &whole)?;
                let kernel = several::<Ints, _>(Type::Time, |items| {
                    checked_time(items[0].int(), items[1].int(), items[2].int(), items[3].int())
                });
                self.strict(kernel, inputs, Type::Time, whole)
            }
            "datetime.date.today" => {
                signature("today", &[], 0).bind(call)?;
                let now = self.clock("date.today()", whole.clone())?;
                Ok(Node::constant(Some(Scalar::Date(day_of(now))), whole))
            }
            "datetime.datetime.today" | "datetime.datetime.utcnow" => {
                signature("utcnow", &[], 0).bind(call)?;
                let now = self.clock(&format!("datetime.{short}()"), whole.clone())?;
                Ok(Node::constant(Some(Scalar::Datetime(now, None)), whole))
            }
            "datetime.datetime.now" => {
                let bound = signature("now", &["tz"], 0).bind(call)?;
                let zone = self.zone_argument(bound[0])?;
                let now = self.clock("datetime.now()", whole.clone())?;
                Ok(Node::constant(Some(Scalar::Datetime(now, zone.map(|zone| zone.name))), whole))
            }
            "time.time" => {
                signature("time", &[], 0).bind(call)?;
                let now = self.clock("time.time()", whole.clone())?;
                let seconds = crate::kernels::divide::true_divide(now, SECOND);
                Ok(Node::constant(Some(Scalar::Float(seconds)), whole))
            }
            "time.time_ns" => {
                signature("time_ns", &[], 0).bind(call)?;
                let now = self.clock("time.time_ns()", whole.clone())?;
                let nanoseconds = now.checked_mul(1000).ok_or_else(|| {
                    CompileError::new(whole.clone(), "the nanoseconds do not fit into 64 bits")
                })?;
                Ok(Node::constant(Some(Scalar::Int(nanoseconds)), whole))
            }
            "datetime.datetime.strptime" => self.strptime(call),
            "datetime.date.fromisoformat"
            | "datetime.datetime.fromisoformat"
            | "datetime.time.fromisoformat" => self.read_iso_format(name, call),
            "datetime.datetime.fromtimestamp"
            | "datetime.datetime.utcfromtimestamp"
            | "datetime.date.fromtimestamp" => self.of_timestamp(name, call),
            "datetime.datetime.combine" => self.combine(call),
            "datetime.date.fromordinal" | "datetime.datetime.fromordinal" => {
                let inputs = self.ints(call, &signature("fromordinal", &["ordinal"], 1))?;
                if name == "datetime.date.fromordinal" {
                    let kernel = unary::<Ints, Days, _>(Type::Date, |ordinal| {
                        in_range(ordinal.saturating_sub(EPOCH_ORDINAL))
                    });
                    return self.strict(kernel, inputs, Type::Date, whole);
                }
                let type_ = Type::Datetime(None);
                let kernel = unary::<Ints, Ints, _>(type_.clone(), |ordinal| {
                    in_range(ordinal.saturating_sub(EPOCH_ORDINAL)).map(|days| i64::from(days) * DAY)
                });
                self.strict(kernel, inputs, type_, whole)
            }
            "datetime.date.fromisocalendar" => {
                let inputs = self.ints(call, &signature("fromisocalendar", &["year", "week", "day"], 3))?;
                let kernel = several::<Days, _>(Type::Date, |items| {
                    days_from_iso(items[0].int(), items[1].int(), items[2].int())
                });
                self.strict(kernel, inputs, Type::Date, whole)
            }
            "dateutil.easter.easter" => {
                let bound = signature("easter", &["year", "method"], 1).bind(call)?;
                let mut inputs = Vec::new();
                for argument in bound.iter().flatten() {
                    inputs.push(self.argument(argument, "easter", &Type::Int)?);
                }
                let kernel = several::<Days, _>(Type::Date, |items| {
                    easter(items[0].int(), items.get(1).map_or(3, |method| method.int()))
                });
                self.strict(kernel, inputs, Type::Date, whole)
            }
            _ => Err(CompileError::new(whole, format!("`{name}` is not supported"))),
        }
    }

    /// All arguments, which must be ints.
    fn ints(&mut self, call: &ExprCall, signature: &Signature) -> Result<Vec<Node>, CompileError> {
        let bound = signature.bind(call)?;
        bound
            .into_iter()
            .flatten()
            .map(|argument| self.argument(argument, signature.name, &Type::Int))
            .collect()
    }

    fn ints_or_zero(
        &mut self,
        bound: &[Option<&Expr>],
        function: &str,
        whole: &Range<usize>,
    ) -> Result<Vec<Node>, CompileError> {
        bound
            .iter()
            .map(|argument| match argument {
                Some(argument) => self.argument(argument, function, &Type::Int),
                None => Ok(Node::constant(Some(Scalar::Int(0)), whole.clone())),
            })
            .collect()
    }

    fn datetime(&mut self, call: &ExprCall) -> Result<Node, CompileError> {
        const PARAMETERS: [&str; 8] =
            ["year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo"];
        let whole = range(call);
        let bound = signature("datetime", &PARAMETERS, 3).bind(call)?;
        let zone = self.zone_argument(bound[7])?;
        let inputs = self.ints_or_zero(&bound[..7], "datetime", &whole)?;
        let type_ = Type::Datetime(zone.as_ref().map(|zone| zone.name.clone()));
        let kernel = several::<Ints, _>(type_.clone(), move |items| {
            let days = checked_days(items[0].int(), items[1].int(), items[2].int())?;
            let time = checked_time(items[3].int(), items[4].int(), items[5].int(), items[6].int())?;
            Ok(from_local(i64::from(days) * DAY + time, zone.as_ref()))
        });
        self.strict(kernel, inputs, type_, whole)
    }

    fn timedelta(&mut self, call: &ExprCall) -> Result<Node, CompileError> {
        let whole = range(call);
        let bound = signature("timedelta", &delta::PARAMETERS, 0).bind(call)?;
        let (mut inputs, mut units) = (Vec::new(), Vec::new());
        // In the order in which fractions are added up.
        for (name, unit) in UNITS {
            let at = delta::PARAMETERS.iter().position(|parameter| *parameter == name);
            let Some(argument) = at.and_then(|at| bound[at]) else { continue };
            let node = self.value(argument)?;
            let node = match node.type_ {
                Type::Int | Type::Float => node,
                Type::Bool | Type::Null => self.coerce(node, &Type::Int)?,
                ref other => {
                    return Err(CompileError::new(
                        node.range.clone(),
                        format!("`timedelta` needs a number here, not {}", article(&other.word())),
                    ));
                }
            };
            inputs.push(node);
            units.push(unit);
        }
        match (inputs.as_slice(), units.as_slice()) {
            ([], _) => Ok(Node::constant(Some(Scalar::Timedelta(0)), whole)),
            ([only], &[unit]) if only.type_ == Type::Int => {
                let kernel = unary::<Ints, Ints, _>(Type::Timedelta, move |count| {
                    count.checked_mul(unit).ok_or(OVERFLOW)
                });
                self.strict(kernel, inputs, Type::Timedelta, whole)
            }
            _ => {
                let kernel = several::<Ints, _>(Type::Timedelta, move |items| {
                    let mut sum = Sum::default();
                    for (item, unit) in items.iter().zip(&units) {
                        match item {
                            Item::Int(count) => sum.add_int(*count, *unit),
                            Item::Float(count) => sum.add_float(*count, *unit)?,
                        }
                    }
                    sum.finish()
                });
                self.strict(kernel, inputs, Type::Timedelta, whole)
            }
        }
    }

    fn strptime(&mut self, call: &ExprCall) -> Result<Node, CompileError> {
        let whole = range(call);
        let bound = signature("strptime", &["date_string", "format"], 2).bind(call)?;
        let (Some(text), Some(format)) = (bound[0], bound[1]) else {
            return Err(CompileError::new(whole, "`strptime` needs a text and a format"));
        };
        let written = self.constant_text(format, "strptime")?;
        let format =
            strptime::Format::parse(&written).map_err(|message| CompileError::new(range(format), message))?;
        let text = self.argument(text, "strptime", &Type::Str)?;
        // Offsets may differ from row to row, and a column has one zone.
        let type_ = Type::Datetime(format.has_offset.then(|| "UTC".into()));
        let kernel = of_text::<Ints, _>(type_.clone(), move |text| {
            format.read(text).map(|read| read.local - read.offset.unwrap_or_default())
        });
        self.strict(kernel, vec![text], type_, whole)
    }

    fn read_iso_format(&mut self, name: &str, call: &ExprCall) -> Result<Node, CompileError> {
        const OFFSET: &str = "the text has an offset from UTC, which only a constant text may have here";
        let whole = range(call);
        let bound = signature("fromisoformat", &["text"], 1).bind(call)?;
        let Some(argument) = bound[0] else {
            return Err(CompileError::new(whole, "`fromisoformat` needs a text"));
        };
        let text = self.argument(argument, "fromisoformat", &Type::Str)?;
        match name {
            "datetime.date.fromisoformat" => {
                self.strict(of_text::<Days, _>(Type::Date, read::date), vec![text], Type::Date, whole)
            }
            "datetime.time.fromisoformat" => {
                let kernel = of_text::<Ints, _>(Type::Time, |text| match read::time(text)? {
                    (time, None) => Ok(time),
                    (_, Some(_)) => Err("times with an offset from UTC are not supported"),
                });
                self.strict(kernel, vec![text], Type::Time, whole)
            }
            _ => {
                let offset = match text.scalar() {
                    Some(Scalar::Str(text)) => read::datetime(text).ok().and_then(|read| read.offset),
                    _ => None,
                };
                let zone = offset
                    .map(Zone::fixed)
                    .transpose()
                    .map_err(|message| CompileError::new(text.range.clone(), message))?;
                let type_ = Type::Datetime(zone.map(|zone| zone.name));
                let kernel = of_text::<Ints, _>(type_.clone(), move |text| {
                    let read = read::datetime(text)?;
                    if read.offset != offset {
                        return Err(OFFSET);
                    }
                    Ok(read.local - read.offset.unwrap_or_default())
                });
                self.strict(kernel, vec![text], type_, whole)
            }
        }
    }

    fn of_timestamp(&mut self, name: &str, call: &ExprCall) -> Result<Node, CompileError> {
        let whole = range(call);
        let of_date = name == "datetime.date.fromtimestamp";
        let parameters: &[&str] =
            if name == "datetime.datetime.fromtimestamp" { &["timestamp", "tz"] } else { &["timestamp"] };
        let signature = Signature { name: "fromtimestamp", parameters, required: 1, named_from: 0 };
        let bound = signature.bind(call)?;
        let Some(argument) = bound[0] else {
            return Err(CompileError::new(whole, "`fromtimestamp` needs a number"));
        };
        let zone = self.zone_argument(bound.get(1).copied().flatten())?;
        let node = self.value(argument)?;
        let node = match node.type_ {
            Type::Float => node,
            Type::Int | Type::Bool | Type::Null => self.coerce(node, &Type::Int)?,
            ref other => {
                return Err(CompileError::new(
                    node.range.clone(),
                    format!("`fromtimestamp` needs a number, not {}", article(&other.word())),
                ));
            }
        };
        let of_int = |seconds: i64| {
            seconds.checked_mul(SECOND).ok_or(crate::modules::temporal::calendar::OUT_OF_RANGE)
        };
        let type_ =
            if of_date { Type::Date } else { Type::Datetime(zone.as_ref().map(|zone| zone.name.clone())) };
        let in_zone = move |moment: i64| moment_in_range(to_local(moment, zone.as_ref())).map(|_| moment);
        match (of_date, &node.type_) {
            (false, Type::Float) => {
                let kernel = unary::<Floats, Ints, _>(type_.clone(), move |seconds| {
                    from_timestamp(seconds).and_then(&in_zone)
                });
                self.strict(kernel, vec![node], type_, whole)
            }
            (false, _) => {
                let kernel =
                    unary::<Ints, Ints, _>(type_.clone(), move |seconds| of_int(seconds).and_then(&in_zone));
                self.strict(kernel, vec![node], type_, whole)
            }
            (true, Type::Float) => {
                // As `time.localtime`: whole seconds, rounded down.
                let kernel = unary::<Floats, Days, _>(type_.clone(), |seconds| {
                    let whole = seconds.floor();
                    if whole.abs() < 1e15 {
                        moment_in_range(whole as i64 * SECOND).map(day_of)
                    } else {
                        Err(crate::modules::temporal::calendar::OUT_OF_RANGE)
                    }
                });
                self.strict(kernel, vec![node], type_, whole)
            }
            (true, _) => {
                let kernel = unary::<Ints, Days, _>(type_.clone(), move |seconds| {
                    of_int(seconds).and_then(moment_in_range).map(day_of)
                });
                self.strict(kernel, vec![node], type_, whole)
            }
        }
    }

    fn combine(&mut self, call: &ExprCall) -> Result<Node, CompileError> {
        let whole = range(call);
        let bound = signature("combine", &["date", "time", "tzinfo"], 2).bind(call)?;
        let (Some(date), Some(time)) = (bound[0], bound[1]) else {
            return Err(CompileError::new(whole, "`combine` needs a date and a time"));
        };
        let date = self.value(date)?;
        let date = match date.type_ {
            // Of a datetime, its date.
            Type::Datetime(_) => self.date_of(date, whole.clone())?,
            _ => date,
        };
        if !matches!(date.type_, Type::Date | Type::Null) {
            return Err(CompileError::new(
                date.range.clone(),
                format!("`combine` needs a date here, not {}", article(&date.type_.word())),
            ));
        }
        let date = self.coerce(date, &Type::Date)?;
        let time = self.argument(time, "combine", &Type::Time)?;
        let zone = self.zone_argument(bound[2])?;
        let type_ = Type::Datetime(zone.as_ref().map(|zone| zone.name.clone()));
        let kernel = binary::<Days, Ints, Ints, _>(type_.clone(), move |days, time| {
            Ok(from_local(i64::from(days) * DAY + time, zone.as_ref()))
        });
        self.strict(kernel, vec![date, time], type_, whole)
    }

    /// `datetime.date()`
    pub(super) fn date_of(&self, node: Node, whole: Range<usize>) -> Result<Node, CompileError> {
        let zone = zone(&node)?;
        let kernel = unary::<Ints, Days, _>(Type::Date, move |moment| {
            Ok(crate::format::temporal::local_day(moment, zone.as_ref()))
        });
        self.strict(kernel, vec![node], Type::Date, whole)
    }
}
