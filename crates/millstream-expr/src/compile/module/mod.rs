//! What the modules offer, over columns: `datetime`, `dateutil`, `math`, `string`, `hashlib`, `uuid`, `re`.

mod construct;
mod fields;
mod math;
mod relative;
mod temporal;
mod text;

use std::ops::Range;
use std::sync::Arc;

use ruff_python_ast::{Expr, ExprCall, Identifier, Operator};

use super::call::Signature;
use super::names::closest;
use super::{Compiler, Operand};
use crate::errors::CompileError;
use crate::modules::digest::Algorithm;
use crate::modules::names;
use crate::modules::temporal::moment::Zone;
use crate::node::Node;
use crate::parse::range;
use crate::types::Type;
use crate::value::Scalar;
use relative::Relative;
use text::Matched;

/// A value of a module that no column holds.
pub(crate) enum ModuleValue {
    Zone(Zone),
    Relative(Box<Relative>),
    /// `relativedelta(later, earlier)`, both as naive datetimes.
    Difference(Box<[Node; 2]>),
    /// `date.isocalendar()`
    IsoCalendar(Box<Node>),
    /// `date.timetuple()`, of a naive datetime.
    TimeTuple(Box<Node>),
    /// `text.encode()`: bytes, as their text.
    Bytes(Box<Node>),
    /// A hash object, and the text whose bytes it has seen.
    Digest(Algorithm, Box<Node>),
    /// A UUID, as its text.
    Uuid(Box<Node>),
    Match(Box<Matched>),
    /// `dateutil.relativedelta.MO` and its like, with which of them.
    Weekday(i64, i64),
}

impl ModuleValue {
    /// What it is, and what to do with it.
    pub(super) fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Zone(_) => ("a timezone", "give it to `datetime.now(..)` or `datetime(.., tzinfo=..)`"),
            Self::Relative(_) => {
                ("a relativedelta", "add it to a date, as in `day + relativedelta(months=1)`")
            }
            Self::Difference(_) => ("a relativedelta", "ask for a part of it, as in `.years`"),
            Self::IsoCalendar(_) => ("an isocalendar", "ask for a part of it, as in `.week`"),
            Self::TimeTuple(_) => ("a timetuple", "ask for a part of it, as in `.tm_yday`"),
            Self::Bytes(_) => ("bytes", "give them to a function of `hashlib`"),
            Self::Digest(..) => ("a hash", "ask for its `.hexdigest()`"),
            Self::Uuid(_) => ("a UUID", "convert it with `str(..)`"),
            Self::Match(_) => ("a match", "ask for a group of it, as in `.group(1)`"),
            Self::Weekday(..) => ("a weekday", "give it to `relativedelta(weekday=..)`"),
        }
    }

    /// The value of a column that it can be: the text of a UUID, the truth of a match.
    pub(super) fn single(self, whole: Range<usize>) -> Result<Node, CompileError> {
        match self {
            Self::Uuid(node) => Ok(*node),
            Self::Match(matched) => matched.truth(whole),
            other => {
                let (words, hint) = other.words();
                Err(CompileError::new(
                    whole,
                    format!("{words} is not a single value, and cannot be used here"),
                )
                .hint(hint))
            }
        }
    }

    pub(super) fn word(&self) -> &'static str {
        let (words, _) = self.words();
        words.split_once(' ').map_or(words, |(_, word)| word)
    }
}

const MODULE_PARTS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

impl Compiler<'_> {
    /// The full name of what a path names, if that is something of a module, and not of a column.
    pub(super) fn module_path(&self, path: &[&str], called: bool) -> Option<&'static str> {
        let name = names::full_name(path)?;
        if called && names::hides_columns(path) {
            return Some(name);
        }
        let hidden = (1..=path.len()).any(|count| self.scope.column(&path[..count].join(".")).is_some());
        (!hidden).then_some(name)
    }

    /// A call of a function of a module.
    pub(super) fn module_call(
        &mut self,
        name: &'static str,
        call: &ExprCall,
    ) -> Result<Operand, CompileError> {
        match name {
            "dateutil.relativedelta.relativedelta" => self.relative_delta(call),
            "datetime.timezone" | "zoneinfo.ZoneInfo" => self.zone_call(name, call),
            name if MODULE_PARTS.contains(&name.rsplit('.').next().unwrap_or_default()) => {
                let day = weekday_of(name).unwrap_or_default();
                let signature = Signature { name: "weekday", parameters: &["n"], required: 1, named_from: 0 };
                let bound = signature.bind(call)?;
                let nth = match bound[0] {
                    Some(argument) => self.constant_int(argument, "weekday")?,
                    None => 0,
                };
                Ok(Operand::Module(ModuleValue::Weekday(day, nth), range(call)))
            }
            name if name.starts_with("math.") => self.math_call(name, call).map(Operand::Value),
            name if name.starts_with("hashlib.") => self.hash_call(name, call),
            name if name.starts_with("uuid.") => self.uuid_call(name, call),
            name if name.starts_with("re.") => self.pattern_call(name, call),
            _ => self.temporal_call(name, call).map(Operand::Value),
        }
    }

    /// A constant of a module.
    pub(super) fn module_constant(name: &'static str, whole: Range<usize>) -> Result<Operand, CompileError> {
        if let Some(day) = weekday_of(name) {
            return Ok(Operand::Module(ModuleValue::Weekday(day, 0), whole));
        }
        if let Some(value) = crate::modules::math::constant(name) {
            return Ok(Operand::Value(Node::constant(Some(Scalar::Float(value)), whole)));
        }
        if let Some(operand) = Self::text_constant(name, &whole) {
            return Ok(operand);
        }
        match Self::temporal_constant(name) {
            Some(Constant::Scalar(scalar)) => Ok(Operand::Value(Node::constant(Some(scalar), whole))),
            Some(Constant::Zone(zone)) => Ok(Operand::Module(ModuleValue::Zone(zone), whole)),
            None => Err(CompileError::new(whole, format!("`{name}` is a function"))
                .hint(format!("call it: `{name}()`"))),
        }
    }

    /// `value.name`, of what has attributes.
    pub(super) fn attribute_of(
        &mut self,
        value: Operand,
        name: &Identifier,
    ) -> Result<Operand, CompileError> {
        match value {
            Operand::Value(node) => {
                let node = self.load(node)?;
                self.temporal_attribute(node, name)
            }
            Operand::Module(value, whole) => self.module_attribute(value, name, whole),
            other => Err(no_attribute(&other.word(), name, &[])),
        }
    }

    /// `value.name(..)`, of a value of a module; gives the value back if it is none.
    pub(super) fn method_of(
        &mut self,
        receiver: Operand,
        name: &Identifier,
        call: &ExprCall,
    ) -> Result<Result<Operand, Operand>, CompileError> {
        match receiver {
            Operand::Value(node) if has_temporal_methods(&node.type_) => {
                self.temporal_method(node, name, call).map(Ok)
            }
            Operand::Value(node) if node.type_ == Type::Str && name.as_str() == "encode" => {
                self.encoded(node, call).map(Ok)
            }
            Operand::Module(ModuleValue::Digest(algorithm, text), _) if name.as_str() == "hexdigest" => {
                self.hex_digest(algorithm, *text, call).map(Ok)
            }
            Operand::Module(ModuleValue::Match(matched), _) => {
                self.match_method(*matched, name, call).map(Ok)
            }
            Operand::Module(value, _) => {
                let (words, hint) = value.words();
                Err(CompileError::new(range(name), format!("{words} has no method `{name}`")).hint(hint))
            }
            other => Ok(Err(other)),
        }
    }

    /// `left operator right`, if one of them is a value of a module or of time; else gives both back.
    pub(super) fn module_operation(
        &mut self,
        operator: Operator,
        left: Operand,
        right: Operand,
        whole: Range<usize>,
    ) -> Result<Result<Operand, (Operand, Operand)>, CompileError> {
        match (left, right) {
            (Operand::Module(ModuleValue::Relative(left), _), right) => {
                self.relative_operation(operator, *left, right, whole).map(Ok)
            }
            (left, Operand::Module(ModuleValue::Relative(right), _)) => {
                self.operation_relative(operator, left, *right, whole).map(Ok)
            }
            (Operand::Value(left), Operand::Value(right))
                if is_time(&left.type_) || is_time(&right.type_) =>
            {
                let (left, right) = (self.load(left)?, self.load(right)?);
                self.temporal_operation(operator, left, right, whole).map(Operand::Value).map(Ok)
            }
            (left, right) => Ok(Err((left, right))),
        }
    }

    /// An argument that must be a zone or `None`.
    pub(super) fn zone_argument(&mut self, argument: Option<&Expr>) -> Result<Option<Zone>, CompileError> {
        let Some(argument) = argument.filter(|argument| !argument.is_none_literal_expr()) else {
            return Ok(None);
        };
        match self.operand(argument)? {
            Operand::Module(ModuleValue::Zone(zone), _) => Ok(Some(zone)),
            other => Err(CompileError::new(
                other.range(),
                format!("this needs a timezone, not {}", super::call::article(&other.word())),
            )
            .hint("write `timezone.utc`, or `ZoneInfo(\"Europe/Berlin\")`")),
        }
    }

    /// An argument that must be a constant int.
    pub(super) fn constant_int(&mut self, argument: &Expr, function: &str) -> Result<i64, CompileError> {
        let node = self.argument(argument, function, &Type::Int)?;
        match node.scalar() {
            Some(Scalar::Int(value)) => Ok(*value),
            _ => Err(CompileError::new(
                node.range,
                format!("this argument of `{function}` must be a constant"),
            )),
        }
    }

    /// An argument that must be a constant text.
    pub(super) fn constant_text(
        &mut self,
        argument: &Expr,
        function: &str,
    ) -> Result<Arc<str>, CompileError> {
        let node = self.argument(argument, function, &Type::Str)?;
        match node.scalar() {
            Some(Scalar::Str(value)) => Ok(value.clone()),
            _ => Err(CompileError::new(
                node.range,
                format!("this argument of `{function}` must be a constant text"),
            )),
        }
    }

    fn zone_call(&mut self, name: &str, call: &ExprCall) -> Result<Operand, CompileError> {
        let whole = range(call);
        let zone = if name == "zoneinfo.ZoneInfo" {
            let signature = Signature { name: "ZoneInfo", parameters: &["key"], required: 1, named_from: 0 };
            let bound = signature.bind(call)?;
            let Some(argument) = bound[0] else {
                return Err(CompileError::new(whole, "`ZoneInfo` needs a name"));
            };
            let key = self.constant_text(argument, "ZoneInfo")?;
            Zone::parse(&key).ok_or_else(|| {
                CompileError::new(range(argument), format!("there is no time zone {key:?}"))
                    .hint("write a name of the IANA database, as in \"Europe/Berlin\"")
            })?
        } else {
            let signature =
                Signature { name: "timezone", parameters: &["offset"], required: 1, named_from: 0 };
            let bound = signature.bind(call)?;
            let Some(argument) = bound[0] else {
                return Err(CompileError::new(whole, "`timezone` needs the argument `offset`"));
            };
            let node = self.argument(argument, "timezone", &Type::Timedelta)?;
            let Some(Scalar::Timedelta(offset)) = node.scalar() else {
                return Err(CompileError::new(node.range, "the offset of `timezone` must be a constant"));
            };
            Zone::fixed(*offset).map_err(|message| CompileError::new(range(argument), message))?
        };
        Ok(Operand::Module(ModuleValue::Zone(zone), whole))
    }
}

/// What a constant of a module is.
pub(super) enum Constant {
    Scalar(Scalar),
    Zone(Zone),
}

fn weekday_of(name: &str) -> Option<i64> {
    let part = name.strip_prefix("dateutil.relativedelta.")?;
    MODULE_PARTS.iter().position(|day| *day == part).map(|day| day as i64)
}

/// Dates and datetimes, timedeltas, times.
fn is_time(type_: &Type) -> bool {
    matches!(type_, Type::Date | Type::Datetime(_) | Type::Timedelta | Type::Time)
        || matches!(type_, Type::Raw(data_type) if is_raw_time(data_type))
}

fn is_raw_time(data_type: &arrow::datatypes::DataType) -> bool {
    use arrow::datatypes::DataType;
    matches!(
        data_type,
        DataType::Date64
            | DataType::Timestamp(..)
            | DataType::Duration(_)
            | DataType::Time32(_)
            | DataType::Time64(_)
    )
}

fn has_temporal_methods(type_: &Type) -> bool {
    is_time(type_)
}

/// The error for an attribute that there is not.
fn no_attribute(type_: &str, name: &Identifier, known: &[&str]) -> CompileError {
    let error = CompileError::new(range(name), format!("a {type_} has no attribute `{name}`"));
    match closest(name.as_str(), known.iter().copied()) {
        Some(known) => error.hint(format!("did you mean `{known}`?")),
        None if known.is_empty() => error.hint("call a method, as in `name.lower()`"),
        None => error.hint(format!("its attributes are {}", known.join(", "))),
    }
}
