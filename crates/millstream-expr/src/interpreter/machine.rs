//! Runs a program for one row after another.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::budget::{Budget, identity};
use super::builtins::Builtin;
use super::dict::{Dict, Set};
use super::draws::Draws;
use super::equality::{equal, order};
use super::failure::{Failure, FailureKind, Outcome};
use super::formatting::{convert, format_fixed, format_value};
use super::inputs::Inputs;
use super::ir::{
    Body, CallableName, Comparison, Comprehension, Format, Handler, Item, Kind, Literal, Part, Parts, Piece,
    Program, Shape, Statement, Target,
};
use super::operators::{augmented, binary, unary};
use super::value::{Callable, MethodOf, Value};
use super::{Arguments, Context, iterate, methods, subscript};
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

    fn block(&mut self, statements: &'a [Statement]) -> Outcome<Flow> {
        for statement in statements {
            match self.statement(statement)? {
                Flow::Next => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, statement: &'a Statement) -> Outcome<Flow> {
        match statement {
            Statement::Expression(part) => {
                self.part(part)?;
            }
            Statement::Assign(targets, part) => {
                let value = self.part(part)?;
                let Some((last, others)) = targets.split_last() else { return Ok(Flow::Next) };
                for target in others {
                    self.assign(target, value.clone())?;
                }
                self.assign(last, value)?;
            }
            Statement::Augment(target, operator, part, range) => {
                let result = self.augment(target, *operator, part);
                if result.is_err() && self.failed_at.is_none() {
                    self.failed_at = Some(*range);
                }
                result?;
            }
            Statement::If(branches, otherwise) => {
                for (test, body) in branches {
                    if self.part(test)?.is_true() {
                        return self.block(body);
                    }
                }
                return self.block(otherwise);
            }
            Statement::For(target, items, body, otherwise) => {
                let items = self.part(items)?;
                return self.for_loop(target, &items, body, otherwise);
            }
            Statement::While(test, body, otherwise) => {
                while self.part(test)?.is_true() {
                    self.budget.step()?;
                    match self.block(body)? {
                        Flow::Next | Flow::Continue => {}
                        Flow::Break => return Ok(Flow::Next),
                        returned @ Flow::Return(_) => return Ok(returned),
                    }
                }
                return self.block(otherwise);
            }
            Statement::Return(part) => {
                return Ok(Flow::Return(match part {
                    Some(part) => self.part(part)?,
                    None => Value::None,
                }));
            }
            Statement::Break => return Ok(Flow::Break),
            Statement::Continue => return Ok(Flow::Continue),
            Statement::Delete(targets) => {
                for target in targets {
                    self.delete(target)?;
                }
            }
            Statement::Raise(name, message) => {
                let message = match message {
                    Some(part) => {
                        let value = self.part(part)?;
                        let mut text = String::new();
                        super::display::display(&value, &mut text)?;
                        format!("{name}: {text}")
                    }
                    None => name.to_string(),
                };
                return Err(Failure::new(kind_of(name), message));
            }
            Statement::Assert(test, message) => {
                if !self.part(test)?.is_true() {
                    let mut text = "an assertion does not hold".to_owned();
                    if let Some(part) = message {
                        text.push_str(": ");
                        let value = self.part(part)?;
                        super::display::display(&value, &mut text)?;
                    }
                    return Err(Failure::new(FailureKind::Other, text));
                }
            }
            Statement::Try(body, handlers, otherwise, last) => {
                let result = self.try_block(body, handlers, otherwise);
                return match self.block(last)? {
                    Flow::Next => result,
                    flow => Ok(flow),
                };
            }
            Statement::Define(place, function) => {
                self.locals[*place] = Some(Value::Callable(Rc::new(Callable::Function(*function))));
            }
        }
        Ok(Flow::Next)
    }

    fn try_block(
        &mut self,
        body: &'a [Statement],
        handlers: &'a [Handler],
        otherwise: &'a [Statement],
    ) -> Outcome<Flow> {
        let failure = match self.block(body) {
            Ok(Flow::Next) => return self.block(otherwise),
            Ok(flow) => return Ok(flow),
            Err(failure) => failure,
        };
        // What is over cannot be caught.
        if failure.kind() == FailureKind::Budget {
            return Err(failure);
        }
        for handler in handlers {
            let caught = match &handler.kinds {
                None => true,
                Some(kinds) => kinds.iter().any(|name| catches(name, failure.kind())),
            };
            if caught {
                self.failed_at = None;
                if let Some(place) = handler.name {
                    self.locals[place] = Some(Value::text(&failure.to_string()));
                }
                return self.block(&handler.body);
            }
        }
        Err(failure)
    }

    fn for_loop(
        &mut self,
        target: &'a Target,
        items: &Value,
        body: &'a [Statement],
        otherwise: &'a [Statement],
    ) -> Outcome<Flow> {
        let mut result = None;
        self.each(items, &mut |machine, item| {
            machine.assign(target, item)?;
            match machine.block(body)? {
                Flow::Next | Flow::Continue => Ok(ControlFlow::Continue(())),
                flow => {
                    result = Some(flow);
                    Ok(ControlFlow::Break(()))
                }
            }
        })?;
        match result {
            None => self.block(otherwise),
            Some(Flow::Break) => Ok(Flow::Next),
            Some(flow) => Ok(flow),
        }
    }

    /// Calls `with` for each item; a list that grows meanwhile is followed, as in Python.
    fn each(
        &mut self,
        items: &Value,
        with: &mut dyn FnMut(&mut Self, Value) -> Outcome<ControlFlow<()>>,
    ) -> Outcome<()> {
        match items {
            Value::Range(range) => {
                for index in 0..range.len() {
                    self.budget.step()?;
                    if with(self, Value::Int(range.item(index)))?.is_break() {
                        break;
                    }
                }
            }
            Value::List(items) => {
                let mut index = 0;
                loop {
                    let Some(item) = items.borrow().get(index).cloned() else { break };
                    self.budget.step()?;
                    if with(self, item)?.is_break() {
                        break;
                    }
                    index += 1;
                }
            }
            Value::Iterator(items) => loop {
                let Some(item) = items.borrow_mut().pop() else { break };
                self.budget.step()?;
                if with(self, item)?.is_break() {
                    break;
                }
            },
            other => {
                for item in iterate::items(other, &mut self.budget)? {
                    self.budget.step()?;
                    if with(self, item)?.is_break() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    fn assign(&mut self, target: &'a Target, value: Value) -> Outcome<()> {
        match target {
            Target::Local(place) => {
                self.locals[*place] = Some(value);
                Ok(())
            }
            Target::Unpack(targets, rest) => self.unpack(targets, *rest, &value),
            Target::Subscript(parts) => {
                let container = self.part(&parts.0)?;
                let key = self.part(&parts.1)?;
                subscript::set_item(&container, key, value, &mut self.budget)
            }
            Target::Slice(parts) => {
                let container = self.part(&parts.0)?;
                let bounds = self.bounds(&parts.1)?;
                subscript::set_slice(&container, &bounds, &value, &mut self.budget)
            }
        }
    }

    fn unpack(&mut self, targets: &'a [Target], rest: Option<usize>, value: &Value) -> Outcome<()> {
        if matches!(value, Value::None) {
            return Err(Failure::type_("cannot unpack non-iterable NoneType object"));
        }
        let items = iterate::items(value, &mut self.budget)?;
        let (wanted, found) = (targets.len() - usize::from(rest.is_some()), items.len());
        if found < wanted {
            let least = if rest.is_some() { "at least " } else { "" };
            return Err(Failure::value(format!(
                "not enough values to unpack (expected {least}{wanted}, got {found})"
            )));
        }
        if rest.is_none() && found > wanted {
            return Err(Failure::value(format!("too many values to unpack (expected {wanted})")));
        }
        let mut items = items.into_iter();
        for (index, target) in targets.iter().enumerate() {
            if rest == Some(index) {
                let taken: Vec<Value> = items.by_ref().take(found - wanted).collect();
                self.assign(target, Value::list(taken))?;
            } else if let Some(item) = items.next() {
                self.assign(target, item)?;
            }
        }
        Ok(())
    }

    fn augment(&mut self, target: &'a Target, operator: super::Operator, part: &'a Part) -> Outcome<()> {
        match target {
            Target::Local(place) => {
                let right = self.part(part)?;
                // Kept where it is: if the operator fails, the variable has its value still.
                let Some(left) = self.locals[*place].clone() else { return Err(self.unset(*place)) };
                let value = augmented(operator, left, &right, &mut self.budget)?;
                self.locals[*place] = Some(value);
                Ok(())
            }
            Target::Subscript(parts) => {
                let container = self.part(&parts.0)?;
                let key = self.part(&parts.1)?;
                let left = subscript::item(&container, &key, &mut self.budget)?;
                let right = self.part(part)?;
                let value = augmented(operator, left, &right, &mut self.budget)?;
                subscript::set_item(&container, key, value, &mut self.budget)
            }
            Target::Unpack(..) | Target::Slice(_) => {
                Err(Failure::type_("this cannot be changed by an operator"))
            }
        }
    }

    fn delete(&mut self, target: &'a Target) -> Outcome<()> {
        match target {
            Target::Local(place) => match self.locals[*place].take() {
                Some(_) => Ok(()),
                None => Err(self.unset(*place)),
            },
            Target::Unpack(targets, _) => targets.iter().try_for_each(|target| self.delete(target)),
            Target::Subscript(parts) => {
                let container = self.part(&parts.0)?;
                let key = self.part(&parts.1)?;
                subscript::delete_item(&container, &key, &mut self.budget)
            }
            Target::Slice(parts) => {
                let container = self.part(&parts.0)?;
                let bounds = self.bounds(&parts.1)?;
                subscript::delete_slice(&container, &bounds, &mut self.budget)
            }
        }
    }

    #[cold]
    fn unset(&self, place: usize) -> Failure {
        let name = &self.program.locals[place];
        Failure::new(FailureKind::Name, format!("the variable `{name}` is used before it has a value"))
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

    #[allow(clippy::type_complexity)]
    fn arguments(&mut self, parts: &'a Parts) -> Outcome<(Vec<Value>, Vec<(Rc<str>, Value)>)> {
        let positional = self.items(&parts.positional)?;
        let mut keywords = Vec::with_capacity(parts.keywords.len());
        for (name, part) in &parts.keywords {
            let value = self.part(part)?;
            match name {
                Some(name) => keywords.push(((&**name).into(), value)),
                None => {
                    let Value::Dict(items) = &value else {
                        return Err(Failure::type_("argument after ** must be a mapping"));
                    };
                    for (key, value) in items.borrow().iter() {
                        match key {
                            Value::Str(name) => keywords.push((name.clone(), value.clone())),
                            _ => return Err(Failure::type_("keywords must be strings")),
                        }
                    }
                }
            }
        }
        Ok((positional, keywords))
    }

    fn module(&mut self, path: &str, arguments: Arguments<'_>) -> Outcome<Value> {
        let length = |value: &Value| match value {
            Value::Str(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        self.budget.steps(1 + arguments.positional.iter().map(length).sum::<usize>() / 16)?;
        let value = modules::call(path, arguments, &self.context)?;
        self.budget.text_of(Some(length(&value)))?;
        Ok(value)
    }

    fn method(&mut self, value: &Value, name: &str, arguments: Arguments<'_>) -> Outcome<Value> {
        if let (Value::List(items), "sort") = (value, name) {
            let taken = std::mem::take(&mut *items.borrow_mut());
            let sorted = self.sorted(taken, arguments)?;
            *items.borrow_mut() = sorted;
            return Ok(Value::None);
        }
        methods::method(value, name, arguments, &mut self.budget)
    }

    /// Calls a value.
    fn call(&mut self, callee: &Value, arguments: Arguments<'_>) -> Outcome<Value> {
        let Value::Callable(callable) = callee else {
            return Err(Failure::type_(format!("'{}' object is not callable", callee.type_name())));
        };
        self.budget.step()?;
        match &**callable {
            Callable::Builtin(name) => match Builtin::of(name) {
                Some(builtin) => self.call_builtin(builtin, arguments),
                None => Err(Failure::type_(format!("{name}() cannot be called here"))),
            },
            Callable::Function(index) => self.function(*index, arguments),
            Callable::Method(MethodOf { receiver, name }) => self.method(receiver, name, arguments),
            Callable::Unbound(_, name) => match arguments.positional.split_first() {
                Some((receiver, rest)) => {
                    self.method(receiver, name, Arguments { positional: rest, keywords: arguments.keywords })
                }
                None => Err(Failure::type_(format!("{name}() needs an argument"))),
            },
            Callable::Module(path) => self.module(path, arguments),
        }
    }

    fn function(&mut self, index: usize, arguments: Arguments<'_>) -> Outcome<Value> {
        let program = self.program;
        let function = &program.functions[index];
        if self.calls >= DEEPEST_CALL {
            return Err(Failure::new(
                FailureKind::Budget,
                format!("functions call each other more than {DEEPEST_CALL} deep"),
            ));
        }
        // A function that calls itself finds its variables again.
        let saved: Vec<Option<Value>> = self.locals[function.locals.clone()].to_vec();
        self.locals[function.locals.clone()].fill(None);
        self.calls += 1;
        let result = self.bind(index, arguments).and_then(|()| match &function.body {
            Body::Expression(part) => self.part(part),
            Body::Block(statements) => self.block(statements).and_then(returned),
        });
        self.calls -= 1;
        for (place, value) in function.locals.clone().zip(saved) {
            self.locals[place] = value;
        }
        result
    }

    fn bind(&mut self, index: usize, arguments: Arguments<'_>) -> Outcome<()> {
        let function = &self.program.functions[index];
        let name = &function.name;
        let by_position: Vec<usize> = function
            .parameters
            .iter()
            .filter(|parameter| parameter.by_position)
            .map(|parameter| parameter.place)
            .collect();
        let given = arguments.positional.len();
        if given > by_position.len() && function.rest.is_none() {
            return Err(Failure::type_(format!(
                "{name}() takes {} positional argument{} but {given} {} given",
                by_position.len(),
                if by_position.len() == 1 { "" } else { "s" },
                if given == 1 { "was" } else { "were" },
            )));
        }
        for (place, value) in by_position.iter().zip(arguments.positional) {
            self.locals[*place] = Some(value.clone());
        }
        if let Some(rest) = function.rest {
            let extra = arguments.positional.get(by_position.len()..).unwrap_or_default().to_vec();
            self.locals[rest] = Some(self.budget.tuple(extra)?);
        }
        for (key, value) in arguments.keywords {
            let Some(parameter) =
                function.parameters.iter().find(|parameter| parameter.name == (**key).into())
            else {
                return Err(Failure::type_(format!("{name}() got an unexpected keyword argument '{key}'")));
            };
            if self.locals[parameter.place].replace(value.clone()).is_some() {
                return Err(Failure::type_(format!("{name}() got multiple values for argument '{key}'")));
            }
        }
        for parameter in &function.parameters {
            if self.locals[parameter.place].is_none() {
                match &parameter.default {
                    Some(default) => {
                        let value = self.part(default)?;
                        self.locals[parameter.place] = Some(value);
                    }
                    None => {
                        return Err(Failure::type_(format!(
                            "{name}() missing 1 required positional argument: '{}'",
                            parameter.name
                        )));
                    }
                }
            }
        }
        Ok(())
    }

    fn builtin(&mut self, builtin: Builtin, parts: &'a Parts) -> Outcome<Value> {
        // A generator is gone through only as far as it is asked for.
        if let (Builtin::Any | Builtin::All | Builtin::Next, Some(first)) =
            (builtin, parts.positional.first())
            && let Kind::Comprehension(comprehension) = &first.part.kind
            && comprehension.shape == Shape::Generator
            && !first.spread
        {
            return self.lazily(builtin, comprehension, parts);
        }
        let (positional, keywords) = self.arguments(parts)?;
        self.call_builtin(builtin, Arguments { positional: &positional, keywords: &keywords })
    }

    fn lazily(
        &mut self,
        builtin: Builtin,
        comprehension: &'a Comprehension,
        parts: &'a Parts,
    ) -> Outcome<Value> {
        // The default of `next` is an argument like any other.
        let default = match parts.positional.get(1) {
            Some(default) => Some(self.part(&default.part)?),
            None => None,
        };
        let mut found = None;
        let _ = self.generate(comprehension, 0, &mut |machine, comprehension| {
            let value = machine.part(&comprehension.element)?;
            let stop = match builtin {
                Builtin::Any => value.is_true(),
                Builtin::All => !value.is_true(),
                _ => true,
            };
            if stop {
                found = Some(value);
                return Ok(ControlFlow::Break(()));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        match (builtin, found) {
            (Builtin::Any, found) => Ok(Value::Bool(found.is_some())),
            (Builtin::All, found) => Ok(Value::Bool(found.is_none())),
            (_, Some(value)) => Ok(value),
            (_, None) => match default {
                Some(default) => Ok(default),
                None => Err(Failure::new(FailureKind::StopIteration, "the generator has no items")),
            },
        }
    }

    fn call_builtin(&mut self, builtin: Builtin, arguments: Arguments<'_>) -> Outcome<Value> {
        match builtin {
            Builtin::Sorted => match arguments.positional {
                [items] => {
                    let items = iterate::items(items, &mut self.budget)?;
                    let arguments = Arguments { positional: &[], keywords: arguments.keywords };
                    Ok(Value::list(self.sorted(items, arguments)?))
                }
                _ => Err(Failure::type_("sorted expected 1 argument")),
            },
            Builtin::Min | Builtin::Max => self.extreme(builtin, arguments),
            Builtin::Map => {
                let Some((function, lists)) = arguments.positional.split_first() else {
                    return Err(Failure::type_("map() must have at least two arguments."));
                };
                let lists = lists
                    .iter()
                    .map(|items| iterate::items(items, &mut self.budget))
                    .collect::<Outcome<Vec<_>>>()?;
                let shortest = lists.iter().map(Vec::len).min().unwrap_or(0);
                let mut results = Vec::with_capacity(shortest);
                for at in 0..shortest {
                    let positional: Vec<Value> = lists.iter().map(|list| list[at].clone()).collect();
                    results.push(self.call(function, Arguments { positional: &positional, keywords: &[] })?);
                }
                self.budget.items(Some(results.len()))?;
                for result in &results {
                    self.budget.shallow(result, None)?;
                }
                Ok(Value::iterator(results))
            }
            Builtin::Filter => {
                let [function, items] = arguments.positional else {
                    return Err(Failure::type_("filter expected 2 arguments"));
                };
                let mut kept = Vec::new();
                for item in iterate::items(items, &mut self.budget)? {
                    let keep = match function {
                        Value::None => item.is_true(),
                        function => {
                            let positional = std::slice::from_ref(&item);
                            self.call(function, Arguments { positional, keywords: &[] })?.is_true()
                        }
                    };
                    if keep {
                        kept.push(item);
                    }
                }
                Ok(Value::iterator(kept))
            }
            other => other.call(arguments, &mut self.budget),
        }
    }

    /// The key function and the other keyword of `sorted`, `min` and `max`.
    fn keywords(
        arguments: Arguments<'_>,
        other: &str,
        function: &str,
    ) -> Outcome<(Option<Value>, Option<Value>)> {
        let (mut key, mut second) = (None, None);
        for (name, value) in arguments.keywords {
            match &**name {
                "key" if matches!(value, Value::None) => {}
                "key" => key = Some(value.clone()),
                name if name == other => second = Some(value.clone()),
                name => {
                    return Err(Failure::type_(format!(
                        "{function}() got an unexpected keyword argument '{name}'"
                    )));
                }
            }
        }
        Ok((key, second))
    }

    fn keys(&mut self, items: &[Value], key: Option<&Value>) -> Outcome<Vec<Value>> {
        match key {
            None => Ok(items.to_vec()),
            Some(function) => items
                .iter()
                .map(|item| {
                    let positional = std::slice::from_ref(item);
                    self.call(function, Arguments { positional, keywords: &[] })
                })
                .collect(),
        }
    }

    fn sorted(&mut self, items: Vec<Value>, arguments: Arguments<'_>) -> Outcome<Vec<Value>> {
        let (key, reverse) = Self::keywords(arguments, "reverse", "sort")?;
        let reverse = reverse.is_some_and(|reverse| reverse.is_true());
        self.budget.items(Some(items.len()))?;
        self.budget.steps(items.len().saturating_mul(items.len().max(1).ilog2() as usize) / 4)?;
        let keys = self.keys(&items, key.as_ref())?;
        let pairs: Vec<(Value, Value)> = keys.into_iter().zip(items).collect();
        let sorted = merge_sorted(pairs, &mut |left, right| {
            let (left, right) = if reverse { (right, left) } else { (left, right) };
            Ok(order(left, right, "<")? == Some(std::cmp::Ordering::Less))
        })?;
        Ok(sorted.into_iter().map(|(_, item)| item).collect())
    }

    fn extreme(&mut self, builtin: Builtin, arguments: Arguments<'_>) -> Outcome<Value> {
        let name = builtin.name();
        let (key, default) = Self::keywords(arguments, "default", name)?;
        let separate = arguments.positional.len() > 1;
        let items = match arguments.positional {
            [Value::None] => return Ok(Value::None),
            [items] => iterate::items(items, &mut self.budget)?,
            several => several.to_vec(),
        };
        // None beside other arguments makes the whole None, as column by column.
        if key.is_none() && separate && items.iter().any(|item| matches!(item, Value::None)) {
            return Ok(Value::None);
        }
        let keys = self.keys(&items, key.as_ref())?;
        let operator = if builtin == Builtin::Max { ">" } else { "<" };
        let wanted =
            if builtin == Builtin::Max { std::cmp::Ordering::Greater } else { std::cmp::Ordering::Less };
        let mut best: Option<usize> = None;
        for (index, value) in keys.iter().enumerate() {
            let better = match best {
                None => true,
                Some(best) => order(value, &keys[best], operator)? == Some(wanted),
            };
            if better {
                best = Some(index);
            }
        }
        match (best, default) {
            (Some(index), _) => Ok(items[index].clone()),
            (None, Some(default)) => Ok(default),
            (None, None) => Err(Failure::value(format!("{name}() arg is an empty sequence"))),
        }
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
