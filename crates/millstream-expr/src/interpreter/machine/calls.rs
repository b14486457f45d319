//! Calls: of functions of the program, of methods and of builtins.

use super::{DEEPEST_CALL, Machine, merge_sorted, returned};
use crate::interpreter::builtins::Builtin;
use crate::interpreter::equality::order;
use crate::interpreter::failure::{Failure, FailureKind, Outcome};
use crate::interpreter::ir::{Body, Comprehension, Kind, Parts, Shape};
use crate::interpreter::value::{Callable, MethodOf, Value};
use crate::interpreter::{Arguments, iterate, methods};
use crate::modules;
use std::ops::ControlFlow;
use std::rc::Rc;

impl<'a> Machine<'a> {
    #[allow(clippy::type_complexity)]
    pub(super) fn arguments(&mut self, parts: &'a Parts) -> Outcome<(Vec<Value>, Vec<(Rc<str>, Value)>)> {
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

    pub(super) fn module(&mut self, path: &str, arguments: Arguments<'_>) -> Outcome<Value> {
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

    pub(super) fn method(&mut self, value: &Value, name: &str, arguments: Arguments<'_>) -> Outcome<Value> {
        if let (Value::List(items), "sort") = (value, name) {
            let taken = std::mem::take(&mut *items.borrow_mut());
            let sorted = self.sorted(taken, arguments)?;
            *items.borrow_mut() = sorted;
            return Ok(Value::None);
        }
        methods::method(value, name, arguments, &mut self.budget)
    }

    /// Calls a value.
    pub(super) fn call(&mut self, callee: &Value, arguments: Arguments<'_>) -> Outcome<Value> {
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

    pub(super) fn function(&mut self, index: usize, arguments: Arguments<'_>) -> Outcome<Value> {
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

    pub(super) fn bind(&mut self, index: usize, arguments: Arguments<'_>) -> Outcome<()> {
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

    pub(super) fn builtin(&mut self, builtin: Builtin, parts: &'a Parts) -> Outcome<Value> {
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

    pub(super) fn lazily(
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

    pub(super) fn call_builtin(&mut self, builtin: Builtin, arguments: Arguments<'_>) -> Outcome<Value> {
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
    pub(super) fn keywords(
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

    pub(super) fn keys(&mut self, items: &[Value], key: Option<&Value>) -> Outcome<Vec<Value>> {
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

    pub(super) fn sorted(&mut self, items: Vec<Value>, arguments: Arguments<'_>) -> Outcome<Vec<Value>> {
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

    pub(super) fn extreme(&mut self, builtin: Builtin, arguments: Arguments<'_>) -> Outcome<Value> {
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
}
