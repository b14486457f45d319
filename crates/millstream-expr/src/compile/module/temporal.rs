//! Methods and operators of dates, datetimes, times and timedeltas.

use std::ops::Range;

use ruff_python_ast::{ExprCall, Identifier, Operator};

use super::ModuleValue;
use super::fields::{Field, local_moment};
use crate::compile::call::{Signature, article};
use crate::compile::names::closest;
use crate::compile::text::{Pieces, zone};
use crate::compile::{Compiler, Operand};
use crate::errors::CompileError;
use crate::format::temporal::{Piece, Precision, parse_strftime};
use crate::kernels::divide::{floor_divide, floor_modulo, true_divide};
use crate::kernels::elementwise::{Days, Floats, Ints, binary, several, unary};
use crate::kernels::integer::BY_ZERO;
use crate::kernels::template::Format;
use crate::modules::temporal::calendar::{
    DAY, SECOND, checked_days, checked_time, civil, day_of, in_range, time_of,
};
use crate::modules::temporal::delta::{self, OVERFLOW};
use crate::modules::temporal::moment::{add, from_local, to_local, to_timestamp};
use crate::node::Node;
use crate::parse::range;
use crate::types::Type;

const OF_DATES: [&str; 9] = [
    "weekday",
    "isoweekday",
    "isocalendar",
    "isoformat",
    "strftime",
    "toordinal",
    "replace",
    "timetuple",
    "ctime",
];
const OF_DATETIMES: [&str; 4] = ["date", "time", "timestamp", "astimezone"];
const OF_TIMES: [&str; 3] = ["isoformat", "strftime", "replace"];

impl Compiler<'_> {
    pub(super) fn temporal_method(
        &mut self,
        node: Node,
        name: &Identifier,
        call: &ExprCall,
    ) -> Result<Operand, CompileError> {
        let node = self.load(node)?;
        let whole = range(call);
        let none =
            |method: &'static str| Signature { name: method, parameters: &[], required: 0, named_from: 0 };
        let of_dates = node.type_.is_temporal();
        let of_datetimes = matches!(node.type_, Type::Datetime(_));
        let of_times = of_datetimes || node.type_ == Type::Time;
        let result = match name.as_str() {
            "weekday" | "isoweekday" | "toordinal" if of_dates => {
                none("weekday").bind(call)?;
                let field = match name.as_str() {
                    "weekday" => Field::Weekday,
                    "isoweekday" => Field::IsoWeekday,
                    _ => Field::Ordinal,
                };
                self.field_of(node, field, whole)?
            }
            "isocalendar" if of_dates => {
                none("isocalendar").bind(call)?;
                return Ok(Operand::Module(ModuleValue::IsoCalendar(Box::new(node)), whole));
            }
            "timetuple" if of_dates => {
                none("timetuple").bind(call)?;
                let moment = local_moment(self, node)?;
                return Ok(Operand::Module(ModuleValue::TimeTuple(Box::new(moment)), whole));
            }
            "isoformat" if of_times => self.iso_format(node, call)?,
            "isoformat" if of_dates => {
                none("isoformat").bind(call)?;
                self.formatted(node, Format::Plain, whole)?
            }
            "ctime" if of_dates => {
                none("ctime").bind(call)?;
                let mut pieces = parse_strftime("%a %b %e %H:%M:%S ")
                    .map_err(|message| CompileError::new(whole.clone(), message))?;
                pieces.push(Piece::Number('Y', 4, '0'));
                self.formatted(node, Format::Strftime(pieces), whole)?
            }
            "strftime" if of_dates || of_times => {
                let signature =
                    Signature { name: "strftime", parameters: &["format"], required: 1, named_from: 0 };
                let bound = signature.bind(call)?;
                let Some(argument) = bound[0] else {
                    return Err(CompileError::new(whole, "`strftime` needs a format"));
                };
                let format = self.constant_text(argument, "strftime")?;
                let pieces =
                    parse_strftime(&format).map_err(|message| CompileError::new(range(argument), message))?;
                self.formatted(node, Format::Strftime(pieces), whole)?
            }
            "replace" if of_dates || of_times => self.replace(node, call)?,
            "date" if of_datetimes => {
                none("date").bind(call)?;
                self.date_of(node, whole)?
            }
            "time" if of_datetimes => {
                none("time").bind(call)?;
                let zone = zone(&node)?;
                let kernel = unary::<Ints, Ints, _>(Type::Time, move |moment| {
                    Ok(time_of(to_local(moment, zone.as_ref())))
                });
                self.strict(kernel, vec![node], Type::Time, whole)?
            }
            "timestamp" if of_datetimes => {
                none("timestamp").bind(call)?;
                let aware = node.type_ != Type::Datetime(None);
                let kernel = unary::<Ints, Floats, _>(Type::Float, move |moment| to_timestamp(moment, aware));
                self.strict(kernel, vec![node], Type::Float, whole)?
            }
            "astimezone" if of_datetimes => {
                let signature =
                    Signature { name: "astimezone", parameters: &["tz"], required: 0, named_from: 0 };
                let bound = signature.bind(call)?;
                // The clock of the run is in UTC, and so is a datetime without a zone.
                let zone = self.zone_argument(bound[0])?;
                let type_ = Type::Datetime(Some(zone.map_or_else(|| "UTC".into(), |zone| zone.name)));
                let kernel = unary::<Ints, Ints, _>(type_.clone(), Ok);
                self.strict(kernel, vec![node], type_, whole)?
            }
            "total_seconds" if node.type_ == Type::Timedelta => {
                none("total_seconds").bind(call)?;
                let kernel = unary::<Ints, Floats, _>(Type::Float, |delta| Ok(true_divide(delta, SECOND)));
                self.strict(kernel, vec![node], Type::Float, whole)?
            }
            _ => return Err(unknown(&node.type_, name)),
        };
        Ok(Operand::Value(result))
    }

    /// A date or a time as text; null where it is.
    fn formatted(&self, node: Node, format: Format, whole: Range<usize>) -> Result<Node, CompileError> {
        if matches!(node.kind, crate::node::Kind::Constant(None)) {
            return Ok(Node::null(Type::Str, whole));
        }
        let mut pieces = Pieces::default();
        let zone = zone(&node)?;
        pieces.push_field(node, format, zone, false);
        self.assemble(pieces, whole)
    }

    fn iso_format(&mut self, node: Node, call: &ExprCall) -> Result<Node, CompileError> {
        let whole = range(call);
        let with_separator = matches!(node.type_, Type::Datetime(_));
        let parameters: &[&str] = if with_separator { &["sep", "timespec"] } else { &["timespec"] };
        let signature = Signature { name: "isoformat", parameters, required: 0, named_from: 0 };
        let bound = signature.bind(call)?;
        let (separator, precision) = if with_separator { (bound[0], bound[1]) } else { (None, bound[0]) };
        let separator = match separator {
            None => 'T',
            Some(argument) => {
                let text = self.constant_text(argument, "isoformat")?;
                let mut characters = text.chars();
                match (characters.next(), characters.next()) {
                    (Some(character), None) => character,
                    _ => return Err(CompileError::new(range(argument), "`sep` must be one character")),
                }
            }
        };
        let precision = match precision {
            None => Precision::Auto,
            Some(argument) => match &*self.constant_text(argument, "isoformat")? {
                "auto" => Precision::Auto,
                "hours" => Precision::Hours,
                "minutes" => Precision::Minutes,
                "seconds" => Precision::Seconds,
                "milliseconds" => Precision::Milliseconds,
                "microseconds" => Precision::Microseconds,
                other => {
                    return Err(CompileError::new(range(argument), format!("{other:?} is no timespec"))
                        .hint("it is auto, hours, minutes, seconds, milliseconds or microseconds"));
                }
            },
        };
        self.formatted(node, Format::Iso(separator, precision), whole)
    }

    fn replace(&mut self, node: Node, call: &ExprCall) -> Result<Node, CompileError> {
        const ALL: [&str; 8] = ["year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo"];
        let whole = range(call);
        let (parameters, first): (&[&str], usize) = match node.type_ {
            Type::Date => (&ALL[..3], 0),
            Type::Time => (&ALL[3..7], 3),
            _ => (&ALL, 0),
        };
        let signature = Signature { name: "replace", parameters, required: 0, named_from: 0 };
        let bound = signature.bind(call)?;
        let (mut inputs, mut slots) = (vec![node], Vec::new());
        let mut new_zone = None;
        for (index, argument) in bound.iter().enumerate() {
            let Some(argument) = argument else { continue };
            if parameters[index] == "tzinfo" {
                new_zone = Some(self.zone_argument(Some(argument))?);
                continue;
            }
            inputs.push(self.argument(argument, "replace", &Type::Int)?);
            slots.push(index + first);
        }
        let type_ = inputs[0].type_.clone();
        let zone = zone(&inputs[0])?;
        let change = move |local: i64, items: &[crate::kernels::elementwise::Item]| {
            let (year, month, day) = civil(day_of(local));
            let time = time_of(local);
            let mut fields = [
                year,
                month,
                day,
                time / (3600 * SECOND),
                time / (60 * SECOND) % 60,
                time / SECOND % 60,
                time % SECOND,
            ];
            for (slot, item) in slots.iter().zip(items) {
                fields[*slot] = item.int();
            }
            let days = checked_days(fields[0], fields[1], fields[2])?;
            Ok(i64::from(days) * DAY + checked_time(fields[3], fields[4], fields[5], fields[6])?)
        };
        match &type_ {
            Type::Date => {
                let kernel = several::<Days, _>(Type::Date, move |items| {
                    change(items[0].int().saturating_mul(DAY), &items[1..]).map(day_of)
                });
                self.strict(kernel, inputs, type_, whole)
            }
            Type::Time => {
                let kernel = several::<Ints, _>(Type::Time, move |items| {
                    change(items[0].int(), &items[1..]).map(time_of)
                });
                self.strict(kernel, inputs, type_, whole)
            }
            _ => {
                let target = new_zone.unwrap_or_else(|| zone.clone());
                let type_ = Type::Datetime(target.as_ref().map(|zone| zone.name.clone()));
                let kernel = several::<Ints, _>(type_.clone(), move |items| {
                    change(to_local(items[0].int(), zone.as_ref()), &items[1..])
                        .map(|local| from_local(local, target.as_ref()))
                });
                self.strict(kernel, inputs, type_, whole)
            }
        }
    }

    /// An operator of two values, one of which is a date, a datetime, a time or a timedelta.
    pub(super) fn temporal_operation(
        &mut self,
        operator: Operator,
        left: Node,
        right: Node,
        whole: Range<usize>,
    ) -> Result<Node, CompileError> {
        use Type::{Bool, Date, Datetime, Float, Int, Null, Timedelta};
        if (left.type_ == Null || right.type_ == Null)
            && matches!(
                operator,
                Operator::Add
                    | Operator::Sub
                    | Operator::Mult
                    | Operator::Div
                    | Operator::FloorDiv
                    | Operator::Mod
            )
        {
            return Ok(Node::null(Null, whole));
        }
        match (operator, left.type_.clone(), right.type_.clone()) {
            (Operator::Add, Timedelta, Date | Datetime(_))
            | (Operator::Mult, Bool | Int | Float, Timedelta) => {
                self.temporal_operation(operator, right, left, whole)
            }
            (Operator::Add | Operator::Sub, Date, Timedelta) => {
                // Of a timedelta, a date takes the days.
                let kernel = binary::<Days, Ints, Days, _>(Date, move |days, delta| {
                    let delta = delta::days(delta);
                    in_range(i64::from(days) + if operator == Operator::Add { delta } else { -delta })
                });
                self.strict(kernel, vec![left, right], Date, whole)
            }
            (Operator::Add | Operator::Sub, Datetime(name), Timedelta) => {
                let zone = zone(&left)?;
                let type_ = Datetime(name);
                let kernel = binary::<Ints, Ints, Ints, _>(type_.clone(), move |moment, delta| {
                    let delta = if operator == Operator::Add { delta } else { delta.saturating_neg() };
                    add(moment, delta, zone.as_ref())
                });
                self.strict(kernel, vec![left, right], type_, whole)
            }
            (Operator::Sub, Date, Date) => {
                let kernel = binary::<Days, Days, Ints, _>(Timedelta, |left, right| {
                    (i64::from(left) - i64::from(right)).checked_mul(DAY).ok_or(OVERFLOW)
                });
                self.strict(kernel, vec![left, right], Timedelta, whole)
            }
            (Operator::Sub, Datetime(one), Datetime(other)) => {
                if one.is_some() != other.is_some() {
                    return Err(CompileError::new(
                        whole,
                        "`-` cannot be applied to a datetime with a time zone and one without",
                    ));
                }
                // Of one zone, what their clocks show is subtracted; of two, the moments.
                let (left, right) = if one == other {
                    (local_moment(self, left)?, local_moment(self, right)?)
                } else {
                    (left, right)
                };
                let kernel = binary::<Ints, Ints, Ints, _>(Timedelta, |left, right| {
                    left.checked_sub(right).ok_or(OVERFLOW)
                });
                self.strict(kernel, vec![left, right], Timedelta, whole)
            }
            (Operator::Add | Operator::Sub, Timedelta, Timedelta) => {
                let kernel = binary::<Ints, Ints, Ints, _>(Timedelta, move |left, right| {
                    let result = if operator == Operator::Add {
                        left.checked_add(right)
                    } else {
                        left.checked_sub(right)
                    };
                    result.ok_or(OVERFLOW)
                });
                self.strict(kernel, vec![left, right], Timedelta, whole)
            }
            (Operator::Mult, Timedelta, Bool | Int) => {
                let right = self.coerce(right, &Int)?;
                let kernel = binary::<Ints, Ints, Ints, _>(Timedelta, |delta, factor| {
                    delta.checked_mul(factor).ok_or(OVERFLOW)
                });
                self.strict(kernel, vec![left, right], Timedelta, whole)
            }
            (Operator::Mult, Timedelta, Float) => {
                let kernel = binary::<Ints, Floats, Ints, _>(Timedelta, delta::multiply_float);
                self.strict(kernel, vec![left, right], Timedelta, whole)
            }
            (Operator::Div, Timedelta, Float) => {
                let kernel = binary::<Ints, Floats, Ints, _>(Timedelta, delta::divide_float);
                self.strict(kernel, vec![left, right], Timedelta, whole)
            }
            (Operator::Div, Timedelta, Bool | Int) => {
                let right = self.coerce(right, &Int)?;
                let kernel = binary::<Ints, Ints, Ints, _>(Timedelta, delta::divide_int);
                self.strict(kernel, vec![left, right], Timedelta, whole)
            }
            (Operator::Div, Timedelta, Timedelta) => {
                let kernel = binary::<Ints, Ints, Floats, _>(Float, |left, right| {
                    if right == 0 { Err(BY_ZERO) } else { Ok(true_divide(left, right)) }
                });
                self.strict(kernel, vec![left, right], Float, whole)
            }
            (Operator::FloorDiv, Timedelta, other @ (Bool | Int | Timedelta)) => {
                let right = if other == Bool { self.coerce(right, &Int)? } else { right };
                let type_ = if other == Timedelta { Int } else { Timedelta };
                let kernel = binary::<Ints, Ints, Ints, _>(type_.clone(), |left, right| {
                    match floor_divide(left, right) {
                        (_, true) if right == 0 => Err(BY_ZERO),
                        (_, true) => Err(OVERFLOW),
                        (quotient, false) => Ok(quotient),
                    }
                });
                self.strict(kernel, vec![left, right], type_, whole)
            }
            (Operator::Mod, Timedelta, Timedelta) => {
                let kernel =
                    binary::<Ints, Ints, Ints, _>(Timedelta, |left, right| match floor_modulo(left, right) {
                        (_, true) => Err(BY_ZERO),
                        (remainder, false) => Ok(remainder),
                    });
                self.strict(kernel, vec![left, right], Timedelta, whole)
            }
            (operator, left, right) => Err(mismatch(operator, &left, &right, whole)),
        }
    }

    /// `-delta`, `abs(delta)`
    pub(crate) fn timedelta_sign(
        &self,
        node: Node,
        absolute: bool,
        whole: Range<usize>,
    ) -> Result<Node, CompileError> {
        let kernel = unary::<Ints, Ints, _>(Type::Timedelta, move |delta| {
            if absolute { delta.checked_abs() } else { delta.checked_neg() }.ok_or(OVERFLOW)
        });
        self.strict(kernel, vec![node], Type::Timedelta, whole)
    }
}

fn mismatch(operator: Operator, left: &Type, right: &Type, whole: Range<usize>) -> CompileError {
    let symbol = operator.as_str();
    let error = CompileError::new(
        whole,
        format!("`{symbol}` cannot be applied to {} and {}", left.word(), right.word()),
    );
    match (left, right) {
        (Type::Date | Type::Datetime(_), Type::Int | Type::Float)
        | (Type::Int | Type::Float, Type::Date | Type::Datetime(_)) => {
            error.hint("add a timedelta, as in `day + timedelta(days=1)`")
        }
        (Type::Date, Type::Datetime(_)) | (Type::Datetime(_), Type::Date) => {
            error.hint("write `.date()` after the datetime")
        }
        (Type::Time, _) | (_, Type::Time) => {
            error.hint("put it into a datetime first: `datetime.combine(day, time)`")
        }
        _ => error,
    }
}

fn unknown(type_: &Type, name: &Identifier) -> CompileError {
    let known: Vec<&str> = match type_ {
        Type::Date => OF_DATES.to_vec(),
        Type::Datetime(_) => OF_DATES.into_iter().chain(OF_DATETIMES).collect(),
        Type::Time => OF_TIMES.to_vec(),
        _ => vec!["total_seconds"],
    };
    let error = CompileError::new(range(name), format!("{} has no method `{name}`", article(&type_.word())));
    match closest(name.as_str(), known.iter().copied()) {
        Some(method) => error.hint(format!("did you mean `{method}`?")),
        None => error.hint(format!("its methods are {}", known.join(", "))),
    }
}
