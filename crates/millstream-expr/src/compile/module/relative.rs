//! `dateutil.relativedelta` over columns.

use std::ops::Range;

use ruff_python_ast::{ExprCall, Operator};

use super::ModuleValue;
use super::fields::local_moment;
use crate::compile::call::Signature;
use crate::compile::text::zone;
use crate::compile::{Compiler, Operand};
use crate::errors::CompileError;
use crate::kernels::elementwise::{Days, Ints, Item, several};
use crate::modules::temporal::calendar::{DAY, day_of};
use crate::modules::temporal::moment::{from_local, to_local};
use crate::modules::temporal::relative::{PARAMETERS, RelativeDelta, year_day};
use crate::node::Node;
use crate::parse::range;
use crate::types::Type;
use crate::value::Scalar;

/// A `relativedelta` whose parts may be columns.
pub(crate) struct Relative {
    constant: RelativeDelta,
    /// The parameters that depend on the row, by their index in [`PARAMETERS`], and their values.
    slots: Vec<usize>,
    inputs: Vec<Node>,
    negated: bool,
    has_time: bool,
}

impl Relative {
    /// Itself, if it does not depend on the row.
    pub(super) fn constant(&self) -> Option<RelativeDelta> {
        let delta = if self.negated { self.constant.negated() } else { self.constant };
        self.inputs.is_empty().then_some(delta)
    }
}

/// Sets a parameter, by its index in [`PARAMETERS`].
fn set(delta: &mut RelativeDelta, slot: usize, value: i64) -> Result<(), &'static str> {
    const OVERFLOW: &str = "the relativedelta is out of range";
    match PARAMETERS[slot] {
        "years" => delta.years = value,
        "months" => delta.months = value,
        "days" => delta.days = delta.days.checked_add(value).ok_or(OVERFLOW)?,
        "leapdays" => delta.leapdays = value,
        "weeks" => {
            delta.days =
                value.checked_mul(7).and_then(|days| delta.days.checked_add(days)).ok_or(OVERFLOW)?;
        }
        "hours" => delta.hours = value,
        "minutes" => delta.minutes = value,
        "seconds" => delta.seconds = value,
        "microseconds" => delta.microseconds = value,
        "year" => delta.year = Some(value),
        "month" => delta.month = Some(value),
        "day" => delta.day = Some(value),
        "weekday" => delta.weekday = Some((value.rem_euclid(7), 0)),
        "hour" => delta.hour = Some(value),
        "minute" => delta.minute = Some(value),
        "second" => delta.second = Some(value),
        "microsecond" => delta.microsecond = Some(value),
        name => {
            if value != 0 {
                let (month, day, leapdays) = year_day(value, name == "nlyearday")?;
                (delta.month, delta.day) = (Some(month), Some(day));
                if leapdays != 0 {
                    delta.leapdays = leapdays;
                }
            }
        }
    }
    Ok(())
}

impl Compiler<'_> {
    pub(super) fn relative_delta(&mut self, call: &ExprCall) -> Result<Operand, CompileError> {
        const WITH_DATES: [&str; 21] = {
            let mut names = ["dt1"; 21];
            names[1] = "dt2";
            let mut index = 0;
            while index < PARAMETERS.len() {
                names[index + 2] = PARAMETERS[index];
                index += 1;
            }
            names
        };
        let whole = range(call);
        let signature =
            Signature { name: "relativedelta", parameters: &WITH_DATES, required: 0, named_from: 0 };
        let bound = signature.bind(call)?;
        if let (Some(later), Some(earlier)) = (bound[0], bound[1]) {
            let mut nodes = Vec::with_capacity(2);
            for argument in [later, earlier] {
                let node = self.value(argument)?;
                if !node.type_.is_temporal() {
                    return Err(CompileError::new(
                        node.range.clone(),
                        format!("`relativedelta` of two values needs dates, not {}", node.type_.word()),
                    ));
                }
                nodes.push(node);
            }
            let aware = |node: &Node| matches!(node.type_, Type::Datetime(Some(_)));
            if aware(&nodes[0]) != aware(&nodes[1]) {
                return Err(CompileError::new(
                    whole,
                    "one of the datetimes has a time zone, the other has none",
                ));
            }
            let nodes =
                nodes.into_iter().map(|node| local_moment(self, node)).collect::<Result<Vec<_>, _>>()?;
            let Ok(nodes) = <[Node; 2]>::try_from(nodes) else {
                return Err(CompileError::new(whole, "`relativedelta` needs two dates"));
            };
            return Ok(Operand::Module(ModuleValue::Difference(Box::new(nodes)), whole));
        }
        if let Some(argument) = bound[0].or(bound[1]) {
            return Err(CompileError::new(
                range(argument),
                "`relativedelta` takes two dates, or named arguments",
            )
            .hint("write `relativedelta(months=1)`"));
        }
        let mut relative = Relative {
            constant: RelativeDelta::default(),
            slots: Vec::new(),
            inputs: Vec::new(),
            negated: false,
            has_time: false,
        };
        for (slot, argument) in bound.iter().skip(2).enumerate() {
            let Some(argument) = argument.filter(|argument| !argument.is_none_literal_expr()) else {
                continue;
            };
            let node = match self.operand(argument)? {
                Operand::Module(ModuleValue::Weekday(day, nth), _) if PARAMETERS[slot] == "weekday" => {
                    relative.constant.weekday = Some((day, nth));
                    continue;
                }
                Operand::Value(node) => self.load(node)?,
                other => other.single()?,
            };
            let node = match node.type_ {
                Type::Int => node,
                Type::Bool | Type::Null => self.coerce(node, &Type::Int)?,
                ref other => {
                    return Err(CompileError::new(
                        node.range.clone(),
                        format!(
                            "`relativedelta` needs ints, not {}",
                            super::super::call::article(&other.word())
                        ),
                    ));
                }
            };
            if let Some(Scalar::Int(value)) = node.scalar() {
                set(&mut relative.constant, slot, *value)
                    .map_err(|message| CompileError::new(node.range.clone(), message))?;
            } else {
                relative.has_time |= matches!(
                    PARAMETERS[slot],
                    "hours"
                        | "minutes"
                        | "seconds"
                        | "microseconds"
                        | "hour"
                        | "minute"
                        | "second"
                        | "microsecond"
                );
                relative.slots.push(slot);
                relative.inputs.push(node);
            }
        }
        relative.constant =
            relative.constant.normalised().map_err(|message| CompileError::new(whole.clone(), message))?;
        relative.has_time |= relative.constant.has_time();
        Ok(Operand::Module(ModuleValue::Relative(Box::new(relative)), whole))
    }

    /// `relativedelta operator right`
    pub(super) fn relative_operation(
        &mut self,
        operator: Operator,
        left: Relative,
        right: Operand,
        whole: Range<usize>,
    ) -> Result<Operand, CompileError> {
        match (operator, right) {
            (Operator::Add, Operand::Value(node)) => self.move_by(node, left, whole).map(Operand::Value),
            (Operator::Mult, Operand::Value(node)) => {
                let (Some(delta), Some(Scalar::Int(factor))) = (left.constant(), node.scalar()) else {
                    return Err(unsupported(operator, whole));
                };
                scaled(delta, *factor, whole)
            }
            _ => Err(unsupported(operator, whole)),
        }
    }

    /// `left operator relativedelta`
    pub(super) fn operation_relative(
        &mut self,
        operator: Operator,
        left: Operand,
        right: Relative,
        whole: Range<usize>,
    ) -> Result<Operand, CompileError> {
        match (operator, left) {
            (Operator::Add, Operand::Value(node)) => self.move_by(node, right, whole).map(Operand::Value),
            (Operator::Sub, Operand::Value(node)) => {
                let right = Relative { negated: !right.negated, ..right };
                self.move_by(node, right, whole).map(Operand::Value)
            }
            (Operator::Mult, Operand::Value(node)) => {
                let (Some(delta), Some(Scalar::Int(factor))) = (right.constant(), node.scalar()) else {
                    return Err(unsupported(operator, whole));
                };
                scaled(delta, *factor, whole)
            }
            _ => Err(unsupported(operator, whole)),
        }
    }

    /// `-relativedelta(..)`
    pub(crate) fn negated(value: ModuleValue, whole: Range<usize>) -> Result<Operand, CompileError> {
        match value {
            ModuleValue::Relative(relative) => {
                let relative = Relative { negated: !relative.negated, ..*relative };
                Ok(Operand::Module(ModuleValue::Relative(Box::new(relative)), whole))
            }
            other => Err(no_sign(&other, whole)),
        }
    }

    fn move_by(&mut self, node: Node, relative: Relative, whole: Range<usize>) -> Result<Node, CompileError> {
        let node = self.load(node)?;
        if node.type_ == Type::Null {
            return Ok(Node::null(Type::Null, whole));
        }
        if !node.type_.is_temporal() {
            return Err(CompileError::new(
                whole,
                format!(
                    "a relativedelta cannot be added to {}",
                    super::super::call::article(&node.type_.word())
                ),
            ));
        }
        let Relative { constant, slots, inputs, negated, has_time } = relative;
        let delta_of = move |items: &[Item]| -> Result<RelativeDelta, &'static str> {
            let mut delta = constant;
            for (slot, item) in slots.iter().zip(items) {
                set(&mut delta, *slot, item.int())?;
            }
            let delta = if slots.is_empty() { delta } else { delta.normalised()? };
            Ok(if negated { delta.negated() } else { delta })
        };
        let zone = zone(&node)?;
        let of_date = node.type_ == Type::Date;
        let type_ = if of_date && has_time { Type::Datetime(None) } else { node.type_.clone() };
        let mut all = vec![node];
        all.extend(inputs);
        if type_ == Type::Date {
            let kernel = several::<Days, _>(Type::Date, move |items| {
                delta_of(&items[1..])?.add_to(items[0].int().saturating_mul(DAY)).map(day_of)
            });
            return self.strict(kernel, all, type_, whole);
        }
        let kernel = several::<Ints, _>(type_.clone(), move |items| {
            let moment = items[0].int();
            let local = if of_date { moment.saturating_mul(DAY) } else { to_local(moment, zone.as_ref()) };
            delta_of(&items[1..])?.add_to(local).map(|local| from_local(local, zone.as_ref()))
        });
        self.strict(kernel, all, type_, whole)
    }
}

fn scaled(delta: RelativeDelta, factor: i64, whole: Range<usize>) -> Result<Operand, CompileError> {
    let constant = delta.times(factor).map_err(|message| CompileError::new(whole.clone(), message))?;
    let relative = Relative {
        has_time: constant.has_time(),
        constant,
        slots: Vec::new(),
        inputs: Vec::new(),
        negated: false,
    };
    Ok(Operand::Module(ModuleValue::Relative(Box::new(relative)), whole))
}

fn unsupported(operator: Operator, whole: Range<usize>) -> CompileError {
    CompileError::new(whole, format!("`{}` is not supported for a relativedelta here", operator.as_str()))
        .hint("add it to a date, as in `day + relativedelta(months=1)`")
}

fn no_sign(value: &ModuleValue, whole: Range<usize>) -> CompileError {
    CompileError::new(whole, format!("{} has no sign", value.words().0))
}
