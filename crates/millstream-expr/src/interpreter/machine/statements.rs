//! Statements: what they assign, repeat and catch.

use super::{Flow, Machine, catches, kind_of};
use crate::interpreter::failure::{Failure, FailureKind, Outcome};
use crate::interpreter::ir::{Handler, Part, Statement, Target};
use crate::interpreter::operators::augmented;
use crate::interpreter::value::{Callable, Value};
use crate::interpreter::{Operator, display, iterate, subscript};
use std::ops::ControlFlow;
use std::rc::Rc;

impl<'a> Machine<'a> {
    pub(super) fn block(&mut self, statements: &'a [Statement]) -> Outcome<Flow> {
        for statement in statements {
            match self.statement(statement)? {
                Flow::Next => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Next)
    }

    pub(super) fn statement(&mut self, statement: &'a Statement) -> Outcome<Flow> {
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
                        display::display(&value, &mut text)?;
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
                        display::display(&value, &mut text)?;
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

    pub(super) fn try_block(
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

    pub(super) fn for_loop(
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
    pub(super) fn each(
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

    pub(super) fn assign(&mut self, target: &'a Target, value: Value) -> Outcome<()> {
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

    pub(super) fn unpack(
        &mut self,
        targets: &'a [Target],
        rest: Option<usize>,
        value: &Value,
    ) -> Outcome<()> {
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

    pub(super) fn augment(&mut self, target: &'a Target, operator: Operator, part: &'a Part) -> Outcome<()> {
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

    pub(super) fn delete(&mut self, target: &'a Target) -> Outcome<()> {
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
    pub(super) fn unset(&self, place: usize) -> Failure {
        let name = &self.program.locals[place];
        Failure::new(FailureKind::Name, format!("the variable `{name}` is used before it has a value"))
    }
}
