//! The types of a program's values, found without running it: what a variable may hold is followed through branches
//! and loops.

mod rules;

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};

use super::Operator;
use super::builtins::Builtin;
use super::ir::{
    Body, CallableName, Comparison, Comprehension, Input, Item, Kind, Literal, Part, Parts, Program, Shape,
    Statement, Target,
};
use super::static_type::Static;
use super::value::Value;
use crate::function::{Argument, CallSite, Constant, Library};
use crate::modules;
use rules::{binary, builtin_type, container_method, of_literal, text_method};

pub(crate) use rules::of_column;

/// Rounds of a loop until a variable that still changes may be anything.
const ROUNDS: usize = 8;
/// How deep calls of functions are followed.
const CALLS: usize = 4;

/// The type of a program's value, or what can never be right about it: the bytes to point at, and a message.
pub(crate) fn infer(program: &Program, library: &dyn Library) -> Result<Static, ((u32, u32), String)> {
    let mut inference = Inference {
        problem: None,
        guarded: 0,
        program,
        library,
        locals: vec![Static::Never; program.locals.len()],
        returned: Static::Never,
        calls: 0,
    };
    let type_ = match &program.body {
        Body::Expression(part) => {
            let type_ = inference.part(part);
            if type_ == Static::Callable {
                inference.refuse(part, || "a function is no value of a column: call it".to_owned());
            }
            type_
        }
        Body::Block(statements) => {
            let ends = inference.block(statements);
            let returned = std::mem::replace(&mut inference.returned, Static::Never);
            if ends { returned } else { returned.join(Static::None) }
        }
    };
    match inference.problem {
        Some(problem) => Err(problem),
        None => Ok(type_),
    }
}

/// What becomes of the type of something that is changed in place.
type Change<'c> = Box<dyn FnOnce(Static) -> Static + 'c>;

struct Inference<'a> {
    program: &'a Program,
    library: &'a dyn Library,
    locals: Vec<Static>,
    returned: Static,
    calls: usize,
    /// The first part that can never be right.
    problem: Option<((u32, u32), String)>,
    /// How many choices are around: a part that may be skipped is left to the rows that get there.
    guarded: usize,
}

impl<'a> Inference<'a> {
    fn refuse(&mut self, part: &Part, message: impl FnOnce() -> String) {
        if self.guarded == 0 && self.problem.is_none() {
            self.problem = Some((part.range, message()));
        }
    }

    /// Whether the end of the statements is never reached.
    fn block(&mut self, statements: &'a [Statement]) -> bool {
        statements.iter().any(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &'a Statement) -> bool {
        match statement {
            Statement::Expression(part) => {
                self.part(part);
            }
            Statement::Assign(targets, part) => {
                let type_ = self.part(part);
                for target in targets {
                    self.assign(target, type_.clone());
                }
            }
            Statement::Augment(target, operator, part, _) => {
                let right = self.part(part);
                let left = match target {
                    Target::Local(place) => self.locals[*place].clone(),
                    Target::Subscript(parts) => self.part(&parts.0).item_type(key_of(self.program, &parts.1)),
                    _ => Static::Any,
                };
                let sum = match (&left, *operator, &right) {
                    (Static::List(item), Operator::Add, other) => {
                        Static::list((**item).clone().join(other.clone().element()))
                    }
                    _ => binary(*operator, &left, &right),
                };
                self.assign(target, sum);
            }
            Statement::If(branches, otherwise) => {
                self.guarded += 1;
                let ends = self.branches(branches, otherwise);
                self.guarded -= 1;
                return ends;
            }
            Statement::For(target, items, body, otherwise) => {
                let items = self.part(items).element();
                self.repeat(|inference| {
                    inference.assign(target, items.clone());
                    inference.block(body);
                });
                return self.block(otherwise) && !breaks(body);
            }
            Statement::While(test, body, otherwise) => {
                self.repeat(|inference| {
                    inference.part(test);
                    inference.block(body);
                });
                // `while True` ends by a return or a break only.
                let for_ever = matches!(&test.kind, Kind::Constant(index)
                    if matches!(self.program.constants[*index], Literal::Bool(true) | Literal::Int(1)));
                let over = self.block(otherwise);
                return (for_ever || over) && !breaks(body);
            }
            Statement::Return(part) => {
                let type_ = part.as_ref().map_or(Static::None, |part| self.part(part));
                self.returned = std::mem::replace(&mut self.returned, Static::Never).join(type_);
                return true;
            }
            Statement::Break | Statement::Continue | Statement::Raise(..) => return true,
            Statement::Delete(_) | Statement::Assert(..) => {}
            Statement::Try(body, handlers, otherwise, last) => {
                self.guarded += 1;
                let before = self.locals.clone();
                let body_ends = self.block(body) || self.block(otherwise);
                let mut joined = self.locals.clone();
                let mut ends = body_ends;
                for handler in handlers {
                    // Whatever of the body ran before it failed.
                    self.locals = join_all(before.clone(), self.locals.clone());
                    if let Some(place) = handler.name {
                        self.locals[place] = Static::Str;
                    }
                    let over = self.block(&handler.body);
                    ends &= over;
                    if !over {
                        joined = join_all(joined, self.locals.clone());
                    }
                }
                self.locals = joined;
                self.guarded -= 1;
                return self.block(last) || ends;
            }
            Statement::Define(place, _) => self.locals[*place] = Static::Callable,
        }
        false
    }

    fn branches(&mut self, branches: &'a [(Part, Vec<Statement>)], otherwise: &'a [Statement]) -> bool {
        let mut after: Option<Vec<Static>> = None;
        let mut add = |locals: Vec<Static>| {
            after = Some(match after.take() {
                Some(known) => join_all(known, locals),
                None => locals,
            });
        };
        for (test, body) in branches {
            self.part(test);
            let before = self.locals.clone();
            self.narrow(test, true);
            if !self.block(body) {
                add(std::mem::take(&mut self.locals));
            }
            self.locals = before;
            self.narrow(test, false);
        }
        if !self.block(otherwise) {
            add(std::mem::take(&mut self.locals));
        }
        match after {
            Some(locals) => {
                self.locals = locals;
                false
            }
            None => {
                self.locals = vec![Static::Never; self.program.locals.len()];
                true
            }
        }
    }

    /// A variable that was tested is not None where the test holds (`if x`, `if x is not None`), and the like.
    fn narrow(&mut self, test: &Part, holds: bool) {
        let (part, present) = match &test.kind {
            Kind::Local(..) => (test, holds),
            Kind::Not(inner) => return self.narrow(inner, !holds),
            Kind::Compare(left, rest) => match rest.as_slice() {
                [(comparison, right)]
                    if matches!(&right.kind, Kind::Constant(index)
                        if matches!(self.program.constants[*index], Literal::None)) =>
                {
                    match comparison {
                        Comparison::Is | Comparison::Equal => (&**left, !holds),
                        Comparison::IsNot | Comparison::NotEqual => (&**left, holds),
                        _ => return,
                    }
                }
                _ => return,
            },
            Kind::And(parts) if holds => {
                for part in parts {
                    self.narrow(part, true);
                }
                return;
            }
            _ => return,
        };
        if let (Kind::Local(place, None), true) = (&part.kind, present) {
            let known = std::mem::replace(&mut self.locals[*place], Static::Never);
            self.locals[*place] = known.present();
        }
    }

    /// A loop's body, until nothing changes any more.
    fn repeat(&mut self, mut body: impl FnMut(&mut Self)) {
        for round in 0..=ROUNDS {
            let before = self.locals.clone();
            body(self);
            let after = join_all(before.clone(), self.locals.clone());
            if after == before {
                self.locals = after;
                return;
            }
            self.locals = if round == ROUNDS {
                before.into_iter().zip(after).map(|(a, b)| if a == b { a } else { Static::Any }).collect()
            } else {
                after
            };
        }
    }

    fn assign(&mut self, target: &'a Target, type_: Static) {
        match target {
            Target::Local(place) => self.locals[*place] = type_.limited(0),
            Target::Unpack(targets, rest) => {
                for (index, target) in targets.iter().enumerate() {
                    let item = match (&type_, rest) {
                        (Static::Tuple(items), None) => items.get(index).cloned().unwrap_or(Static::Any),
                        (other, _) => other.clone().element(),
                    };
                    let item = if *rest == Some(index) { Static::list(item) } else { item };
                    self.assign(target, item);
                }
            }
            Target::Subscript(parts) => {
                let key_type = self.part(&parts.1);
                let key = key_of(self.program, &parts.1);
                self.change(
                    &parts.0,
                    Box::new(|container| put(container, key.clone(), key_type.clone(), type_.clone())),
                );
            }
            Target::Slice(parts) => {
                self.change(
                    &parts.0,
                    Box::new(|container| container.join(Static::list(type_.clone().element()))),
                );
            }
        }
    }

    /// What a part refers to becomes something else: a variable, or an item of one.
    fn change(&mut self, part: &'a Part, change: Change<'_>) {
        match &part.kind {
            Kind::Local(place, _) => {
                let known = self.locals[*place].clone();
                self.locals[*place] = change(known).limited(0);
            }
            Kind::Subscript(parts) => {
                let container = self.part(&parts.0);
                let key_type = self.part(&parts.1);
                let key = key_of(self.program, &parts.1);
                let item = change(container.item_type(key.clone()));
                self.change(&parts.0, Box::new(|container| put(container, key, key_type, item)));
            }
            // `d.setdefault(key, []).append(x)`
            Kind::Method(receiver, name, parts) if &**name == "setdefault" || &**name == "get" => {
                let container = self.part(receiver);
                let Some(first) = parts.positional.first() else { return };
                let key_type = self.part(&first.part);
                let key = key_of(self.program, &first.part);
                let default = parts.positional.get(1).map_or(Static::None, |item| self.part(&item.part));
                let item = change(container.item_type(key.clone()).join(default));
                self.change(receiver, Box::new(|container| put(container, key, key_type, item)));
            }
            _ => {}
        }
    }

    fn part(&mut self, part: &'a Part) -> Static {
        match &part.kind {
            Kind::Constant(index) => of_literal(&self.program.constants[*index]),
            Kind::Local(place, otherwise) => {
                let known = self.locals[*place].clone();
                match otherwise {
                    Some(column) => known.join(self.part(column)),
                    None => known,
                }
            }
            Kind::Input(index) => match &self.program.inputs[*index] {
                Input::Column { data_type, nullable, .. } => of_column(data_type, *nullable),
                Input::Hoisted { node, .. } => of_column(&node.type_.data_type(), node.nullable),
            },
            Kind::Callable(_) | Kind::Lambda(_) => Static::Callable,
            Kind::Negate(part) | Kind::Plus(part) | Kind::Invert(part) => match self.part(part) {
                Static::Bool => Static::Int,
                Static::Optional(inner) if *inner == Static::Bool => Static::Int.optional(),
                other => other,
            },
            Kind::Not(part) => {
                self.part(part);
                Static::Bool
            }
            Kind::Binary(operator, parts) => {
                let left = self.part(&parts.0);
                let right = self.part(&parts.1);
                let result = binary(*operator, &left, &right);
                let (left, right) = (left.present(), right.present());
                let formats = *operator == Operator::Modulo && left == Static::Str;
                if never_computed(*operator, &left, &right) && !formats {
                    self.refuse(part, || {
                        format!(
                            "`{}` cannot be applied to {} and {}",
                            operator.symbol(),
                            left.word(),
                            right.word()
                        )
                    });
                }
                result
            }
            Kind::Compare(left, rest) => {
                let mut nullable = self.part(left).may_be_none();
                for (comparison, part) in rest {
                    let right = self.part(part);
                    if matches!(comparison, Comparison::In | Comparison::NotIn)
                        && matches!(
                            right.clone().present(),
                            Static::Bool | Static::Int | Static::Float | Static::Callable
                        )
                    {
                        let word = right.word();
                        self.refuse(part, || {
                            format!("`in` needs a list, a dict or a str, not a value of type {word}")
                        });
                    }
                    let tests_none = matches!(comparison, Comparison::Is | Comparison::IsNot)
                        || (right == Static::None
                            && matches!(comparison, Comparison::Equal | Comparison::NotEqual));
                    nullable = !tests_none && (nullable || right.may_be_none());
                }
                if nullable { Static::Bool.optional() } else { Static::Bool }
            }
            Kind::And(parts) | Kind::Or(parts) => {
                let or = matches!(part.kind, Kind::Or(_));
                let mut joined = Static::Never;
                for (index, part) in parts.iter().enumerate() {
                    self.guarded += usize::from(index > 0);
                    let type_ = self.part(part);
                    self.guarded -= usize::from(index > 0);
                    // `or` gives a value that is not its last only if it is true.
                    let type_ = if or && index + 1 < parts.len() { type_.present() } else { type_ };
                    joined = joined.join(type_);
                }
                joined
            }
            Kind::Conditional(parts) => {
                self.part(&parts.0);
                self.guarded += 1;
                let before = self.locals.clone();
                self.narrow(&parts.0, true);
                let then = self.part(&parts.1);
                let after = std::mem::replace(&mut self.locals, before);
                self.narrow(&parts.0, false);
                let otherwise = self.part(&parts.2);
                self.guarded -= 1;
                self.locals = join_all(after, self.locals.clone());
                then.join(otherwise)
            }
            Kind::List(items) => Static::list(self.joined(items)),
            Kind::Set(items) => Static::Set(Box::new(self.joined(items))),
            Kind::Tuple(items) => {
                if items.iter().any(|item| item.spread) {
                    return Static::list(self.joined(items));
                }
                Static::Tuple(items.iter().map(|item| self.part(&item.part)).collect())
            }
            Kind::Dict(items) => {
                let mut dict = Static::Record(Vec::new());
                for (key, value) in items {
                    let value_type = self.part(value);
                    dict = match key {
                        Some(key) => {
                            let key_type = self.part(key);
                            put(dict, key_of(self.program, key), key_type, value_type)
                        }
                        None => dict.join_fields(value_type),
                    };
                }
                dict
            }
            Kind::Text(pieces) => {
                self.pieces(pieces);
                Static::Str
            }
            Kind::Subscript(parts) => {
                let value = self.part(&parts.0);
                let key = self.part(&parts.1);
                if matches!(
                    value,
                    Static::Bool | Static::Int | Static::Float | Static::Callable | Static::Set(_)
                ) {
                    let word = value.word();
                    self.refuse(&parts.0, || format!("a value of type {word} cannot be indexed"));
                }
                let nullable = value.may_be_none() || key.may_be_none();
                let item = value.present().item_type(key_of(self.program, &parts.1));
                if nullable { item.optional() } else { item }
            }
            Kind::Slice(parts) => {
                for bound in parts.1.iter().flatten() {
                    self.part(bound);
                }
                match self.part(&parts.0) {
                    Static::Tuple(items) => Static::list(items.into_iter().fold(Static::Never, Static::join)),
                    other => other,
                }
            }
            Kind::Attribute(receiver, name) => {
                let kind_part = part;
                let value = self.part(receiver);
                let nullable = value.may_be_none();
                let value = value.present();
                if value.is_plain() && !super::methods::has(value.word(), name) {
                    self.refuse_attribute(&value, name, kind_part);
                }
                let type_ = self.of_module(std::slice::from_ref(&value), part, |_, _| {
                    modules::attribute_type(&value, name)
                });
                if nullable { type_.optional() } else { type_ }
            }
            Kind::Builtin(builtin, parts) => self.builtin(*builtin, parts),
            Kind::Method(receiver, name, parts) => self.method(part, receiver, name, parts),
            Kind::Module(path, parts) => {
                let (arguments, keywords) = self.operands(parts);
                let now = self.program.now;
                let types: Vec<Static> = arguments.iter().map(|(type_, _)| type_.clone()).collect();
                self.of_module(&types, part, |_, _| modules::call_type(path, &arguments, &keywords, now))
            }
            Kind::Library(site, parts) => self.library(*site, parts),
            Kind::Call(callee, parts) => {
                let arguments = self.arguments(parts);
                match &callee.kind {
                    Kind::Lambda(index) => self.call(*index, &arguments),
                    Kind::Local(place, _) => match self.function_in(*place) {
                        Some(index) => self.call(index, &arguments),
                        None => Static::Any,
                    },
                    Kind::Callable(CallableName::Unbound("str", name)) => text_method(name),
                    _ => Static::Any,
                }
            }
            Kind::Comprehension(comprehension) => self.comprehension(comprehension),
            Kind::Named(place, part) => {
                let type_ = self.part(part);
                self.locals[*place] = type_.clone();
                type_
            }
        }
    }

    /// The one function that a place is given, if it is given nothing else.
    fn function_in(&self, place: usize) -> Option<usize> {
        let mut found = Vec::new();
        if let Body::Block(statements) = &self.program.body {
            definitions(statements, place, &mut found);
        }
        match found.as_slice() {
            [Some(index)] => Some(*index),
            _ => None,
        }
    }

    fn pieces(&mut self, pieces: &'a [super::ir::Piece]) {
        for piece in pieces {
            if let super::ir::Piece::Field(part, _, format) = piece {
                self.part(part);
                if let super::ir::Format::Nested(nested) = format {
                    self.pieces(nested);
                }
            }
        }
    }

    fn joined(&mut self, items: &'a [Item]) -> Static {
        let mut joined = Static::Never;
        for item in items {
            let type_ = self.part(&item.part);
            joined = joined.join(if item.spread { type_.element() } else { type_ });
        }
        joined
    }

    fn arguments(&mut self, parts: &'a Parts) -> Vec<Static> {
        let mut types: Vec<Static> = parts.positional.iter().map(|item| self.part(&item.part)).collect();
        types.extend(parts.keywords.iter().map(|(_, part)| self.part(part)).collect::<Vec<_>>());
        types
    }

    /// The arguments with their texts, where they are written, and their keywords.
    #[allow(clippy::type_complexity)]
    fn operands(&mut self, parts: &'a Parts) -> (Vec<(Static, Option<String>)>, Vec<Option<String>>) {
        let positional = parts.positional.iter().map(|item| (None, &item.part));
        let named = parts.keywords.iter().map(|(name, part)| (name.as_ref().map(ToString::to_string), part));
        let mut operands = Vec::new();
        let mut keywords = Vec::new();
        for (name, part) in positional.chain(named) {
            let written = match &part.kind {
                Kind::Constant(index) => text_of(&self.program.constants[*index]),
                _ => None,
            };
            operands.push((self.part(part), written));
            keywords.push(name);
        }
        (operands, keywords)
    }

    /// What a module makes of values: anything, if one of them may be anything; a mistake, if nothing.
    fn of_module(
        &mut self,
        types: &[Static],
        part: &Part,
        ask: impl FnOnce(&mut Self, &Part) -> Result<Static, String>,
    ) -> Static {
        let known = |type_: &Static| {
            !matches!(
                type_.clone().present(),
                Static::Any | Static::Never | Static::Raw(_) | Static::Callable
            )
        };
        if !types.iter().all(known) {
            return Static::Any;
        }
        match ask(self, part) {
            Ok(type_) => type_,
            Err(message) => {
                let plain = |type_: &Static| {
                    matches!(
                        type_,
                        Static::Bool
                            | Static::Int
                            | Static::Float
                            | Static::Str
                            | Static::Date
                            | Static::DateTime(_)
                            | Static::TimeDelta
                            | Static::Time
                    )
                };
                if types.iter().all(plain) {
                    self.refuse(part, || message);
                }
                Static::Any
            }
        }
    }

    /// The type that a function, which is an argument, gives for arguments of types.
    fn apply(&mut self, function: &'a Part, arguments: &[Static]) -> Static {
        match &function.kind {
            Kind::Lambda(index) => self.call(*index, arguments),
            Kind::Local(place, _) => match self.function_in(*place) {
                Some(index) => self.call(index, arguments),
                None => Static::Any,
            },
            Kind::Callable(CallableName::Builtin(builtin)) => builtin_type(*builtin, arguments),
            Kind::Callable(CallableName::Unbound("str", name)) => text_method(name),
            Kind::Callable(CallableName::Module(path)) => {
                let arguments: Vec<_> = arguments.iter().map(|type_| (type_.clone(), None)).collect();
                modules::call_type(path, &arguments, &[], self.program.now).unwrap_or(Static::Any)
            }
            _ => Static::Any,
        }
    }

    fn call(&mut self, index: usize, arguments: &[Static]) -> Static {
        if self.calls >= CALLS {
            return Static::Any;
        }
        let function = &self.program.functions[index];
        let saved = self.locals.clone();
        for (position, parameter) in function.parameters.iter().enumerate() {
            let default = parameter.default.as_ref().map(|default| self.part(default));
            self.locals[parameter.place] =
                arguments.get(position).cloned().or(default).unwrap_or(Static::Any);
        }
        if let Some(rest) = function.rest {
            self.locals[rest] = Static::list(Static::Any);
        }
        self.calls += 1;
        let result = match &function.body {
            Body::Expression(part) => self.part(part),
            Body::Block(statements) => {
                let outer = std::mem::replace(&mut self.returned, Static::Never);
                let ends = self.block(statements);
                let returned = std::mem::replace(&mut self.returned, outer);
                if ends { returned } else { returned.join(Static::None) }
            }
        };
        self.calls -= 1;
        self.locals = saved;
        result
    }

    fn builtin(&mut self, builtin: Builtin, parts: &'a Parts) -> Static {
        let arguments = self.arguments(parts);
        match (builtin, parts.positional.as_slice()) {
            (Builtin::Map, [function, _, ..]) => {
                let items: Vec<Static> = arguments[1..].iter().map(|list| list.clone().element()).collect();
                Static::list(self.apply(&function.part, &items))
            }
            (Builtin::Filter, [_, _]) => Static::list(arguments[1].clone().element()),
            (Builtin::Min | Builtin::Max, positional) => {
                let joined = match positional.len() {
                    1 => arguments[0].clone().present().element(),
                    count => arguments[..count].iter().cloned().fold(Static::Never, Static::join),
                };
                match parts.keywords.iter().find(|(name, _)| name.as_deref() == Some("default")) {
                    Some((_, default)) => joined.join(self.part(default)),
                    None => joined,
                }
            }
            (Builtin::Int | Builtin::Float | Builtin::Round | Builtin::Abs, [first, ..]) => {
                let nullable = self.part(&first.part).may_be_none();
                let type_ = builtin_type(builtin, &arguments);
                if nullable { type_.optional() } else { type_ }
            }
            (Builtin::Dict, _) if !parts.keywords.is_empty() => {
                let mut dict = match parts.positional.first() {
                    Some(_) => arguments[0].clone(),
                    None => Static::Record(Vec::new()),
                };
                for ((name, _), type_) in parts.keywords.iter().zip(&arguments[parts.positional.len()..]) {
                    dict = match name {
                        Some(name) => put(dict, Some(name.clone()), Static::Str, type_.clone()),
                        None => dict.join_fields(type_.clone()),
                    };
                }
                dict
            }
            _ => builtin_type(builtin, &arguments),
        }
    }

    fn refuse_attribute(&mut self, value: &Static, name: &str, part: &Part) {
        let word = value.word();
        let names = super::methods::names().filter(|known| super::methods::has(word, known));
        let similar = crate::compile::closest(name, names);
        self.refuse(part, || match similar {
            Some(similar) => {
                format!("there is no method `{name}` of values of type {word}: did you mean `{similar}`?")
            }
            None => format!("a value of type {word} has no attribute `{name}`"),
        });
    }

    fn method(&mut self, whole: &Part, receiver: &'a Part, name: &str, parts: &'a Parts) -> Static {
        let value = self.part(receiver);
        let arguments = self.arguments(parts);
        let first = || arguments.first().cloned().unwrap_or(Static::Never);
        // Methods that change what they belong to.
        match (&value, name) {
            (Static::List(_), "append") => {
                self.change(receiver, Box::new(|list| list.join(Static::list(first()))));
                return Static::None;
            }
            (Static::List(_), "insert") => {
                let item = arguments.get(1).cloned().unwrap_or(Static::Never);
                self.change(receiver, Box::new(|list| list.join(Static::list(item))));
                return Static::None;
            }
            (Static::List(_), "extend") => {
                self.change(receiver, Box::new(|list| list.join(Static::list(first().element()))));
                return Static::None;
            }
            (Static::Set(_), "add") => {
                self.change(receiver, Box::new(|set| set.join(Static::Set(Box::new(first())))));
                return Static::None;
            }
            (Static::Set(_), "update") => {
                self.change(receiver, Box::new(|set| set.join(Static::Set(Box::new(first().element())))));
                return Static::None;
            }
            (Static::Record(_) | Static::Dict(..), "update") => {
                let mut added =
                    if parts.positional.is_empty() { Static::Record(Vec::new()) } else { first() };
                for ((name, _), type_) in parts.keywords.iter().zip(&arguments[parts.positional.len()..]) {
                    added = put(added, name.clone(), Static::Str, type_.clone());
                }
                self.change(receiver, Box::new(|dict| dict.join_fields(added)));
                return Static::None;
            }
            (Static::Record(_) | Static::Dict(..), "setdefault") => {
                let Some(key) = parts.positional.first() else { return Static::Any };
                let key_name = key_of(self.program, &key.part);
                let default = arguments.get(1).cloned().unwrap_or(Static::None);
                let item = value.clone().item_type(key_name.clone()).join(default);
                self.change(receiver, Box::new(|dict| put(dict, key_name, first(), item.clone())));
                return item;
            }
            _ => {}
        }
        let nullable = value.may_be_none();
        let present = value.clone().present();
        if present.is_plain()
            && !super::methods::has(present.word(), name)
            && !matches!(name, "is_integer" | "bit_length" | "bit_count" | "hex" | "decode")
        {
            self.refuse_attribute(&present, name, whole);
        }
        let key = parts.positional.first().and_then(|item| key_of(self.program, &item.part));
        let type_ = match value.present() {
            Static::Str if name == "join" => {
                if first().element().may_be_none() {
                    Static::Str.optional()
                } else {
                    Static::Str
                }
            }
            Static::Str => text_method(name),
            Static::Bytes => match name {
                "hex" | "decode" => Static::Str,
                _ => Static::Any,
            },
            container @ (Static::List(_)
            | Static::Tuple(_)
            | Static::Set(_)
            | Static::Record(_)
            | Static::Dict(..)) => container_method(container, name, key, &arguments),
            Static::Int | Static::Bool | Static::Float => match name {
                "is_integer" => Static::Bool,
                _ => Static::Int,
            },
            Static::Never | Static::Any | Static::Raw(_) | Static::Callable | Static::None => Static::Any,
            other => {
                let (arguments, keywords) = self.operands(parts);
                let mut types = vec![other.clone()];
                types.extend(arguments.iter().map(|(type_, _)| type_.clone()));
                self.of_module(&types, whole, |_, _| {
                    modules::method_type(&other, name, &arguments, &keywords)
                })
            }
        };
        if nullable { type_.optional() } else { type_ }
    }

    fn library(&mut self, site: usize, parts: &'a Parts) -> Static {
        let arguments = self.arguments(parts);
        let site = &self.program.sites[site];
        let items = arguments.first().cloned().unwrap_or(Static::Any).element();
        match site.path.as_str() {
            "random.choice" | "fake.random_element" => return items,
            "random.choices"
            | "random.sample"
            | "fake.random_elements"
            | "fake.random_choices"
            | "fake.random_sample" => return Static::list(items),
            "random.shuffle" => return Static::None,
            _ => {}
        }
        // A call with such arguments says what it gives.
        let Some(library) = self.library.for_rows() else { return Static::Any };
        let positional = parts.positional.iter().map(|item| (None, &item.part));
        let keywords = parts.keywords.iter().map(|(name, part)| (name.as_deref(), part));
        let call_arguments: Option<Vec<Argument>> = positional
            .chain(keywords)
            .zip(&arguments)
            .map(|((name, part), type_)| {
                let written = match &part.kind {
                    Kind::Constant(index) => constant_of(&self.program.constants[*index]),
                    _ => None,
                };
                let (data_type, constant) = match (written, type_.clone().present()) {
                    (Some(constant), _) => (DataType::Null, Some(constant)),
                    (None, Static::Date) => (DataType::Date32, None),
                    (None, Static::DateTime(zone)) => {
                        (DataType::Timestamp(TimeUnit::Microsecond, zone), None)
                    }
                    (None, other) => (DataType::Null, Some(sample(&other)?)),
                };
                let data_type = match &constant {
                    Some(Constant::Bool(_)) => DataType::Boolean,
                    Some(Constant::Int(_)) => DataType::Int64,
                    Some(Constant::Float(_)) => DataType::Float64,
                    Some(Constant::Str(_)) => DataType::Utf8,
                    _ => data_type,
                };
                Some(Argument { name: name.map(str::to_owned), data_type, constant, source: String::new() })
            })
            .collect();
        let Some(call_arguments) = call_arguments else { return Static::Any };
        let call =
            CallSite { path: &site.path, ordinal: site.ordinal, repetition: 0, arguments: &call_arguments };
        match library.resolve(&call) {
            Ok(Some(function)) => of_column(&function.data_type(), function.nullable()),
            _ => Static::Any,
        }
    }

    fn comprehension(&mut self, comprehension: &'a Comprehension) -> Static {
        for clause in &comprehension.clauses {
            let item = self.part(&clause.items).element();
            self.assign(&clause.target, item);
            for test in &clause.tests {
                self.part(test);
                self.narrow(test, true);
            }
        }
        let element = self.part(&comprehension.element);
        match comprehension.shape {
            Shape::List | Shape::Generator => Static::list(element),
            Shape::Set => Static::Set(Box::new(element)),
            Shape::Dict => {
                let value = comprehension.value.as_ref().map_or(Static::Any, |value| self.part(value));
                Static::Dict(Box::new(element), Box::new(value))
            }
        }
    }
}

fn definitions(statements: &[Statement], place: usize, found: &mut Vec<Option<usize>>) {
    for statement in statements {
        match statement {
            Statement::Define(target, index) if *target == place => found.push(Some(*index)),
            Statement::Assign(targets, part) => {
                for target in targets {
                    if matches!(target, Target::Local(target) if *target == place) {
                        found.push(match part.kind {
                            Kind::Lambda(index) => Some(index),
                            _ => None,
                        });
                    }
                }
            }
            Statement::If(branches, otherwise) => {
                for (_, body) in branches {
                    definitions(body, place, found);
                }
                definitions(otherwise, place, found);
            }
            Statement::For(_, _, body, otherwise) | Statement::While(_, body, otherwise) => {
                definitions(body, place, found);
                definitions(otherwise, place, found);
            }
            _ => {}
        }
    }
}

/// Whether a loop's body may leave the loop.
fn breaks(body: &[Statement]) -> bool {
    body.iter().any(|statement| match statement {
        Statement::Break => true,
        Statement::If(branches, otherwise) => {
            branches.iter().any(|(_, body)| breaks(body)) || breaks(otherwise)
        }
        Statement::Try(body, handlers, otherwise, last) => {
            breaks(body)
                || breaks(otherwise)
                || breaks(last)
                || handlers.iter().any(|handler| breaks(&handler.body))
        }
        _ => false,
    })
}

fn join_all(left: Vec<Static>, right: Vec<Static>) -> Vec<Static> {
    left.into_iter().zip(right).map(|(left, right)| left.join(right).limited(0)).collect()
}

/// The key that is written as a text.
fn key_of(program: &Program, part: &Part) -> Option<Arc<str>> {
    match &part.kind {
        Kind::Constant(index) => match &program.constants[*index] {
            Literal::Str(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an operator never has a value for two types. What modules know is left to them.
fn never_computed(operator: Operator, left: &Static, right: &Static) -> bool {
    let number = |type_: &Static| matches!(type_, Static::Bool | Static::Int | Static::Float);
    if !left.is_plain() || !right.is_plain() || number(left) && number(right) {
        return false;
    }
    let sequence =
        |type_: &Static| matches!(type_, Static::Str | Static::Bytes | Static::List(_) | Static::Tuple(_));
    let dict = |type_: &Static| matches!(type_, Static::Record(_) | Static::Dict(..));
    let possible = match operator {
        Operator::Add => sequence(left) && left.word() == right.word(),
        Operator::Multiply => sequence(left) && number(right) || number(left) && sequence(right),
        Operator::Or => {
            dict(left) && dict(right) || matches!((left, right), (Static::Set(_), Static::Set(_)))
        }
        Operator::Subtract | Operator::And | Operator::Xor => {
            matches!((left, right), (Static::Set(_), Static::Set(_)))
        }
        _ => false,
    };
    !possible
}

/// A container after `container[key] = value`.
fn put(container: Static, key: Option<Arc<str>>, key_type: Static, value: Static) -> Static {
    match (container, key) {
        (Static::Record(mut fields), Some(key)) => {
            match fields.iter_mut().find(|(name, _)| *name == key) {
                Some((_, known)) => *known = value,
                None => fields.push((key, value)),
            }
            Static::Record(fields)
        }
        (Static::Record(fields), None) => {
            let keys = if fields.is_empty() { key_type } else { key_type.join(Static::Str) };
            let values = fields.into_iter().fold(value, |joined, (_, field)| joined.join(field));
            Static::Dict(Box::new(keys), Box::new(values))
        }
        (Static::Dict(keys, values), _) => {
            Static::Dict(Box::new(keys.join(key_type)), Box::new(values.join(value)))
        }
        (Static::List(item), _) => Static::list(item.join(value)),
        (other, _) => other,
    }
}

fn constant_of(literal: &Literal) -> Option<Constant> {
    Some(match literal {
        Literal::None => Constant::None,
        Literal::Bool(value) => Constant::Bool(*value),
        Literal::Int(value) => Constant::Int(*value),
        Literal::Float(value) => Constant::Float(*value),
        Literal::Str(text) => Constant::Str(text.to_string()),
        Literal::List(items) | Literal::Tuple(items) => {
            Constant::List(items.iter().map(constant_of).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// A literal as its source.
fn text_of(literal: &Literal) -> Option<String> {
    let value = match literal {
        Literal::None => Value::None,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Int(value) => Value::Int(*value),
        Literal::Float(value) if value.is_finite() => Value::Float(*value),
        Literal::Str(text) => Value::text(text),
        Literal::Module(path) => return Some(path.to_string()),
        _ => return None,
    };
    let mut text = String::new();
    super::display::repr(&value, &mut text).ok()?;
    Some(text)
}

/// Some value of a type, to ask the library what it makes of one.
fn sample(type_: &Static) -> Option<Constant> {
    Some(match type_ {
        Static::None | Static::Never => Constant::None,
        Static::Bool => Constant::Bool(true),
        Static::Int => Constant::Int(1),
        Static::Float => Constant::Float(1.0),
        Static::Str => Constant::Str("a".to_owned()),
        Static::List(item) | Static::Set(item) => Constant::List(vec![sample(item)?]),
        Static::Tuple(items) => Constant::List(items.iter().map(sample).collect::<Option<_>>()?),
        _ => return None,
    })
}
