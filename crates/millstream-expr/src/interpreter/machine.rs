//! Runs a program for one row after another.

mod calls;
mod statements;

use std::ops::ControlFlow;
use std::rc::Rc;

use super::budget::{Budget, identity};
use super::dict::{Dict, Set};
use super::draws::Draws;
use super::equality::{equal, order};
use super::failure::{Failure, FailureKind, Outcome};
use super::formatting::{convert, format_fixed, format_value};
use super::inputs::Inputs;
use super::ir::{
    Body, CallableName, Comparison, Comprehension, Format, Item, Kind, Literal, Part, Piece, Program, Shape,
};
use super::operators::{binary, unary};
use super::value::{Callable, Value};
use super::{Arguments, Context, iterate, subscript};
use crate::format::Scratch;
use crate::format::float::write_repr;
use crate::modules;

/// How deep functions may call each other, counted in parts of the program that are open.
const DEEPEST_CALL: usize = 24;

/// What a statement does to those after it.
enum Flow {
    Next,
    Break,
    Continue,
    Return(Value),
}

/// Runs a program; made once for a chunk of rows.
pub(crate) struct Machine<'a> {
    program: &'a Program,
    constants: Vec<Value>,
    locals: Vec<Option<Value>>,
    inputs: Inputs<'a>,
    draws: Draws<'a>,
    context: Context,
    row: usize,
    budget: Budget,
    calls: usize,
    scratch: Scratch,
    /// The innermost part that failed.
    failed_at: Option<(u32, u32)>,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(program: &'a Program, inputs: Inputs<'a>, rows: &'a [u64]) -> Self {
        let context = Context { now: program.now };
        Self {
            program,
            constants: program.constants.iter().map(value_of).collect(),
            locals: vec![None; program.locals.len()],
            inputs,
            draws: Draws::new(program, rows),
            context,
            row: 0,
            budget: Budget::default(),
            calls: 0,
            scratch: Scratch::default(),
            failed_at: None,
        }
    }

    /// The value of a row, or why it has none and where.
    pub(crate) fn run(&mut self, row: usize) -> Result<Value, (Failure, Option<(u32, u32)>)> {
        self.row = row;
        self.budget = Budget::default();
        self.calls = 0;
        self.failed_at = None;
        self.draws.begin_row(row);
        self.locals.fill(None);
        let program = self.program;
        let result = match &program.body {
            Body::Expression(part) => self.part(part),
            Body::Block(statements) => self.block(statements).and_then(returned),
        };
        result.map_err(|failure| (failure, self.failed_at))
    }

    /// A failure of the host, which ends more than the row.
    pub(crate) fn take_fatal(&mut self) -> Option<crate::EvaluateError> {
        self.inputs.take_fatal().or_else(|| self.draws.take_fatal())
    }

    /// The value of a part.
    pub(crate) fn part(&mut self, part: &'a Part) -> Outcome<Value> {
        let result = self.kind(&part.kind);
        if result.is_err() && self.failed_at.is_none() {
            self.failed_at = Some(part.range);
        }
        result
    }

    fn kind(&mut self, kind: &'a Kind) -> Outcome<Value> {
        match kind {
            Kind::Constant(index) => Ok(self.constants[*index].clone()),
            Kind::Local(place, otherwise) => match (&self.locals[*place], otherwise) {
                (Some(value), _) => Ok(value.clone()),
                (None, Some(otherwise)) => self.part(otherwise),
                (None, None) => Err(self.unset(*place)),
            },
            Kind::Input(index) => self.inputs.value(*index, self.row),
            Kind::Binary(operator, parts) => {
                let left = self.part(&parts.0)?;
                let right = self.part(&parts.1)?;
                binary(*operator, &left, &right, &mut self.budget)
            }
            Kind::Not(part) => Ok(Value::Bool(!self.part(part)?.is_true())),
            Kind::Negate(part) => unary("-", &self.part(part)?),
            Kind::Plus(part) => unary("+", &self.part(part)?),
            Kind::Invert(part) => unary("~", &self.part(part)?),
            Kind::And(parts) => self.logic(parts, false),
            Kind::Or(parts) => self.logic(parts, true),
            Kind::Conditional(parts) => {
                let (test, then, otherwise) = &**parts;
                if self.part(test)?.is_true() { self.part(then) } else { self.part(otherwise) }
            }
            Kind::Compare(left, rest) => self.compare(left, rest),
            Kind::Text(pieces) => {
                let mut text = String::new();
                self.pieces(pieces, &mut text)?;
                self.budget.text(&text)
            }
            Kind::Subscript(parts) => {
                let value = self.part(&parts.0)?;
                let key = self.part(&parts.1)?;
                let item = subscript::item(&value, &key, &mut self.budget)?;
                if matches!(parts.0.kind, Kind::Constant(_)) { self.fresh(item) } else { Ok(item) }
            }
            Kind::Slice(parts) => {
                let value = self.part(&parts.0)?;
                let bounds = self.bounds(&parts.1)?;
                let part = subscript::slice(&value, &bounds, &mut self.budget)?;
                if matches!(parts.0.kind, Kind::Constant(_)) { self.fresh(part) } else { Ok(part) }
            }
            Kind::Attribute(part, name) => {
                let value = self.part(part)?;
                subscript::attribute(&value, name)
            }
            Kind::List(items) => {
                let items = self.items(items)?;
                self.budget.list(items)
            }
            Kind::Tuple(items) => {
                let items = self.items(items)?;
                self.budget.tuple(items)
            }
            Kind::Set(items) => {
                let items = self.items(items)?;
                self.budget.items(Some(items.len()))?;
                Ok(Value::set(Set::of(items)?))
            }
            Kind::Dict(items) => self.dict(items),
            Kind::Callable(name) => Ok(Value::Callable(Rc::new(match name {
                CallableName::Builtin(builtin) => Callable::Builtin(builtin.name()),
                CallableName::Unbound(type_, method) => Callable::Unbound(type_, (&**method).into()),
                CallableName::Module(path) => Callable::Module((&**path).into()),
            }))),
            Kind::Lambda(function) => Ok(Value::Callable(Rc::new(Callable::Function(*function)))),
            Kind::Named(place, part) => {
                let value = self.part(part)?;
                self.locals[*place] = Some(value.clone());
                Ok(value)
            }
            Kind::Builtin(builtin, parts) => self.builtin(*builtin, parts),
            Kind::Method(receiver, name, parts) => {
                let value = self.part(receiver)?;
                let (positional, keywords) = self.arguments(parts)?;
                let result =
                    self.method(&value, name, Arguments { positional: &positional, keywords: &keywords })?;
                if matches!(receiver.kind, Kind::Constant(_)) { self.fresh(result) } else { Ok(result) }
            }
            Kind::Module(path, parts) => {
                let (positional, keywords) = self.arguments(parts)?;
                self.module(path, Arguments { positional: &positional, keywords: &keywords })
            }
            Kind::Library(site, parts) => {
                let (positional, keywords) = self.arguments(parts)?;
                let arguments = Arguments { positional: &positional, keywords: &keywords };
                self.draws.call(*site, arguments, &mut self.budget)
            }
            Kind::Call(callee, parts) => {
                let callee = self.part(callee)?;
                let (positional, keywords) = self.arguments(parts)?;
                self.call(&callee, Arguments { positional: &positional, keywords: &keywords })
            }
            Kind::Comprehension(comprehension) => self.comprehension(comprehension),
        }
    }

    fn logic(&mut self, parts: &'a [Part], stop: bool) -> Outcome<Value> {
        let mut value = Value::None;
        for part in parts {
            value = self.part(part)?;
            if value.is_true() == stop {
                break;
            }
        }
        Ok(value)
    }

    fn compare(&mut self, left: &'a Part, rest: &'a [(Comparison, Part)]) -> Outcome<Value> {
        let mut left = self.part(left)?;
        let mut result = Value::Bool(true);
        for (comparison, part) in rest {
            let right = self.part(part)?;
            let none_literal =
                matches!(part.kind, Kind::Constant(index) if matches!(self.constants[index], Value::None));
            result = self.holds(*comparison, &left, &right, none_literal)?;
            if !result.is_true() {
                break;
            }
            left = right;
        }
        Ok(result)
    }

    /// Whether a comparison holds; None where a side is None, unless None is what is asked for.
    fn holds(
        &mut self,
        comparison: Comparison,
        left: &Value,
        right: &Value,
        none_literal: bool,
    ) -> Outcome<Value> {
        use std::cmp::Ordering::{Greater, Less};
        let none = matches!(left, Value::None) || matches!(right, Value::None);
        let ordered = |operator: &str, test: fn(std::cmp::Ordering) -> bool| -> Outcome<Value> {
            if none {
                return Ok(Value::None);
            }
            Ok(Value::Bool(order(left, right, operator)?.is_some_and(test)))
        };
        match comparison {
            Comparison::Equal | Comparison::NotEqual if none && !none_literal => Ok(Value::None),
            Comparison::Equal => Ok(Value::Bool(equal(left, right))),
            Comparison::NotEqual => Ok(Value::Bool(!equal(left, right))),
            Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual
                if matches!((left, right), (Value::Set(_), Value::Set(_))) =>
            {
                self.compare_sets(comparison, left, right)
            }
            Comparison::Less => ordered("<", |ordering| ordering == Less),
            Comparison::LessOrEqual => ordered("<=", |ordering| ordering != Greater),
            Comparison::Greater => ordered(">", |ordering| ordering == Greater),
            Comparison::GreaterOrEqual => ordered(">=", |ordering| ordering != Less),
            Comparison::In | Comparison::NotIn => {
                if matches!(right, Value::None) {
                    return Ok(Value::None);
                }
                let found = if matches!(left, Value::None) {
                    // Column by column it is None as well; a None among the items can be asked for all the same.
                    match right {
                        Value::Str(_) => return Ok(Value::None),
                        other => iterate::contains(other, left, &mut self.budget)?,
                    }
                } else {
                    iterate::contains(right, left, &mut self.budget)?
                };
                if !found && matches!(left, Value::None) {
                    return Ok(Value::None);
                }
                Ok(Value::Bool(found == (comparison == Comparison::In)))
            }
            Comparison::Is | Comparison::IsNot => {
                let same = match (identity(left), identity(right)) {
                    (Some(left), Some(right)) => left == right,
                    (None, None) => left.type_name() == right.type_name() && equal(left, right),
                    _ => false,
                };
                Ok(Value::Bool(same == (comparison == Comparison::Is)))
            }
        }
    }

    fn compare_sets(&mut self, comparison: Comparison, left: &Value, right: &Value) -> Outcome<Value> {
        let (Value::Set(left), Value::Set(right)) = (left, right) else { return Ok(Value::None) };
        let (left, right) = (left.borrow(), right.borrow());
        self.budget.steps(left.len() + right.len())?;
        let (inner, outer) = match comparison {
            Comparison::Less | Comparison::LessOrEqual => (&left, &right),
            _ => (&right, &left),
        };
        let mut inside = true;
        for item in inner.iter() {
            inside &= outer.contains(item)?;
        }
        let strict = matches!(comparison, Comparison::Less | Comparison::Greater);
        Ok(Value::Bool(inside && (!strict || inner.len() < outer.len())))
    }

    fn pieces(&mut self, pieces: &'a [Piece], text: &mut String) -> Outcome<()> {
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Field(part, conversion, format) => {
                    let value = convert(self.part(part)?, *conversion)?;
                    match format {
                        Format::Plain => match &value {
                            Value::Str(value) => text.push_str(value),
                            Value::Int(value) => text.push_str(itoa::Buffer::new().format(*value)),
                            Value::Float(value) => write_repr(*value, text),
                            other => super::display::display(other, text)?,
                        },
                        Format::Fixed(format) => format_fixed(&value, format, &mut self.scratch, text)?,
                        Format::Nested(nested) => {
                            let mut spec = String::new();
                            self.pieces(nested, &mut spec)?;
                            format_value(&value, &spec, &mut self.scratch, text)?;
                        }
                    }
                    if text.len() > super::budget::LONGEST_TEXT {
                        self.budget.text_of(Some(text.len()))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn bounds(&mut self, bounds: &'a [Option<Part>; 3]) -> Outcome<subscript::SliceBounds> {
        let mut values = [Value::None, Value::None, Value::None];
        for (value, bound) in values.iter_mut().zip(bounds) {
            if let Some(part) = bound {
                *value = self.part(part)?;
            }
        }
        Ok(values)
    }

    fn items(&mut self, items: &'a [Item]) -> Outcome<Vec<Value>> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let value = self.part(&item.part)?;
            if item.spread {
                values.extend(iterate::items(&value, &mut self.budget)?);
            } else {
                values.push(value);
            }
        }
        Ok(values)
    }

    fn dict(&mut self, items: &'a [(Option<Part>, Part)]) -> Outcome<Value> {
        let mut dict = Dict::default();
        self.budget.items(Some(items.len()))?;
        for (key, value) in items {
            match key {
                Some(key) => {
                    let key = self.part(key)?;
                    let value = self.part(value)?;
                    self.budget.shallow(&key, None)?;
                    self.budget.shallow(&value, None)?;
                    dict.insert(key, value)?;
                }
                None => {
                    let value = self.part(value)?;
                    let Value::Dict(other) = &value else {
                        return Err(Failure::type_(format!(
                            "'{}' object is not a mapping",
                            value.type_name()
                        )));
                    };
                    self.budget.items(Some(other.borrow().len()))?;
                    for (key, value) in other.borrow().iter() {
                        dict.insert(key.clone(), value.clone())?;
                    }
                }
            }
        }
        Ok(Value::dict(dict))
    }

    /// A copy of what a constant holds, if it can be changed.
    fn fresh(&mut self, value: Value) -> Outcome<Value> {
        Ok(match &value {
            Value::List(items) => {
                let copies = items
                    .borrow()
                    .iter()
                    .map(|item| self.fresh(item.clone()))
                    .collect::<Outcome<Vec<_>>>()?;
                self.budget.items(Some(copies.len()))?;
                Value::list(copies)
            }
            Value::Dict(items) => {
                let mut copy = Dict::default();
                for (key, item) in items.borrow().iter() {
                    copy.insert(key.clone(), self.fresh(item.clone())?)?;
                }
                self.budget.items(Some(copy.len()))?;
                Value::dict(copy)
            }
            Value::Set(items) => {
                self.budget.items(Some(items.borrow().len()))?;
                Value::set(items.borrow().clone())
            }
            _ => value,
        })
    }

    fn comprehension(&mut self, comprehension: &'a Comprehension) -> Outcome<Value> {
        let mut items = Vec::new();
        let mut dict = Dict::default();
        let _ = self.generate(comprehension, 0, &mut |machine, comprehension| {
            let element = machine.part(&comprehension.element)?;
            machine.budget.bytes(size_of::<Value>())?;
            machine.budget.shallow(&element, None)?;
            match &comprehension.value {
                Some(value) => {
                    let value = machine.part(value)?;
                    machine.budget.shallow(&value, None)?;
                    dict.insert(element, value)?;
                }
                None => items.push(element),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(match comprehension.shape {
            Shape::List => Value::list(items),
            Shape::Set => Value::set(Set::of(items)?),
            Shape::Dict => Value::dict(dict),
            Shape::Generator => Value::iterator(items),
        })
    }

    /// Calls `with` for each element of a comprehension, from its clause `depth` on.
    fn generate(
        &mut self,
        comprehension: &'a Comprehension,
        depth: usize,
        with: &mut dyn FnMut(&mut Self, &'a Comprehension) -> Outcome<ControlFlow<()>>,
    ) -> Outcome<ControlFlow<()>> {
        let Some(clause) = comprehension.clauses.get(depth) else { return with(self, comprehension) };
        let items = self.part(&clause.items)?;
        let mut flow = ControlFlow::Continue(());
        self.each(&items, &mut |machine, item| {
            machine.assign(&clause.target, item)?;
            for test in &clause.tests {
                if !machine.part(test)?.is_true() {
                    return Ok(ControlFlow::Continue(()));
                }
            }
            flow = machine.generate(comprehension, depth + 1, with)?;
            Ok(flow)
        })?;
        Ok(flow)
    }
}

/// Sorts by keys, stable; an order that is none (`nan`) gives some order, and a comparison that fails ends it.
fn merge_sorted(
    mut pairs: Vec<(Value, Value)>,
    less: &mut dyn FnMut(&Value, &Value) -> Outcome<bool>,
) -> Outcome<Vec<(Value, Value)>> {
    if pairs.len() < 2 {
        return Ok(pairs);
    }
    let right = pairs.split_off(pairs.len() / 2);
    let left = merge_sorted(pairs, less)?;
    let right = merge_sorted(right, less)?;
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(first), Some(second)) = (left.peek(), right.peek()) {
        let next = if less(&second.0, &first.0)? { right.next() } else { left.next() };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}

fn returned(flow: Flow) -> Outcome<Value> {
    match flow {
        Flow::Return(value) => Ok(value),
        Flow::Next => Ok(Value::None),
        Flow::Break | Flow::Continue => {
            Err(Failure::new(FailureKind::Other, "`break` or `continue` outside of a loop"))
        }
    }
}

/// A literal as a value of this chunk.
fn value_of(literal: &Literal) -> Value {
    match literal {
        Literal::None => Value::None,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Int(value) => Value::Int(*value),
        Literal::Float(value) => Value::Float(*value),
        Literal::Str(text) => Value::text(text),
        Literal::Bytes(bytes) => Value::Bytes((&**bytes).into()),
        Literal::Tuple(items) => Value::tuple(items.iter().map(value_of).collect()),
        Literal::List(items) => Value::list(items.iter().map(value_of).collect()),
        // Literals can be hashed: what cannot was left to the row, where it fails.
        Literal::Set(items) => Value::set(Set::of(items.iter().map(value_of)).unwrap_or_default()),
        Literal::Dict(items) => {
            let mut dict = Dict::default();
            for (key, value) in items.iter() {
                let _ = dict.insert(value_of(key), value_of(value));
            }
            Value::dict(dict)
        }
        Literal::Module(path) => match modules::find(path) {
            Some(modules::Item::Constant(value)) => value,
            _ => Value::None,
        },
    }
}

/// The class that a name of an exception stands for.
fn kind_of(name: &str) -> FailureKind {
    match name {
        "TypeError" => FailureKind::Type,
        "ValueError" => FailureKind::Value,
        "IndexError" => FailureKind::Index,
        "KeyError" => FailureKind::Key,
        "AttributeError" => FailureKind::Attribute,
        "NameError" => FailureKind::Name,
        "ZeroDivisionError" => FailureKind::ZeroDivision,
        "OverflowError" => FailureKind::Overflow,
        "StopIteration" => FailureKind::StopIteration,
        _ => FailureKind::Other,
    }
}

/// Whether `except name` catches a failure.
fn catches(name: &str, kind: FailureKind) -> bool {
    match name {
        "Exception" | "BaseException" => true,
        "ArithmeticError" => matches!(kind, FailureKind::ZeroDivision | FailureKind::Overflow),
        "LookupError" => matches!(kind, FailureKind::Index | FailureKind::Key),
        name => kind_of(name) == kind,
    }
}
