//! What names mean: local variables, columns, imported modules, builtins.

use std::ops::Range;
use std::sync::Arc;

use ruff_python_ast::{ExprAttribute, ExprName};
use ruff_text_size::Ranged;

use super::assigned::Assigned;
use super::{Binding, Lowering, part};
use crate::compile::Compiler;
use crate::errors::CompileError;
use crate::interpreter::builtins::Builtin;
use crate::interpreter::ir::{CallableName, Input, Kind, Literal, Part};
use crate::interpreter::value::Value;
use crate::modules::{self, Item};
use crate::parse::{dotted, range};

/// What a dotted name is that is no variable and no column.
#[derive(Debug)]
pub(super) enum Meaning {
    Builtin(Builtin),
    /// `str.upper`
    Unbound(&'static str, Arc<str>),
    Item(Arc<str>, Item),
    /// A function of the host's library, or nothing at all.
    Library(String),
}

/// The types whose methods can be named by themselves.
const TYPES: [&str; 7] = ["str", "list", "dict", "set", "tuple", "int", "float"];

impl Lowering<'_> {
    /// Gives a place to each assigned name of the innermost scope, and a path to each imported one.
    pub(super) fn declare(&mut self, assigned: Assigned) -> Result<(), CompileError> {
        if let Some((message, range)) = assigned.refused {
            return Err(
                CompileError::new(range, message).hint("name what is imported: `from math import floor`")
            );
        }
        for (name, path, range) in assigned.imports {
            let path = self.importable(&path, range)?;
            self.bind(&name, Binding::Path(path.into()));
        }
        for name in assigned.names {
            let place = self.place(&name);
            self.bind(&name, Binding::Place(place));
        }
        Ok(())
    }

    fn bind(&mut self, name: &str, binding: Binding) {
        if let Some(names) = self.names.last_mut() {
            names.insert(name.to_owned(), binding);
        }
    }

    /// The path of something that can be imported.
    fn importable(&self, path: &str, range: Range<usize>) -> Result<String, CompileError> {
        let prefix = format!("{path}.");
        let functions = self.library.names();
        let known = modules::find(path).is_some()
            || functions.iter().any(|name| name == path || name.starts_with(&prefix));
        if known {
            return Ok(path.to_owned());
        }
        let heads = self.module_names();
        let head = path.split('.').next().unwrap_or(path);
        let error = if heads.iter().any(|name| name == head) && path != head {
            let candidates = functions.iter().map(String::as_str).chain(modules::names());
            CompileError::new(range, format!("there is no `{path}`")).maybe_hint(
                crate::compile::closest(path, candidates).map(|name| format!("did you mean `{name}`?")),
            )
        } else {
            CompileError::new(range, format!("the module `{head}` cannot be imported"))
                .hint(format!("the modules are {}", heads.join(", ")))
        };
        Err(error)
    }

    /// The names of the modules, sorted.
    fn module_names(&self) -> Vec<String> {
        let functions = self.library.names();
        let mut heads: Vec<String> = functions
            .iter()
            .map(String::as_str)
            .chain(modules::names())
            .filter_map(|path| path.split_once('.').map(|(head, _)| head.to_owned()))
            .filter(|head| head != "fake")
            .collect();
        heads.sort_unstable();
        heads.dedup();
        heads
    }

    pub(super) fn binding(&self, name: &str) -> Option<&Binding> {
        self.names.iter().rev().find_map(|names| names.get(name))
    }

    /// How many of the names, from the front, are a variable or a column.
    pub(super) fn receiver(&self, names: &[&str]) -> Option<usize> {
        match self.binding(names[0]) {
            Some(Binding::Place(_)) => Some(1),
            Some(Binding::Path(_)) => None,
            None => {
                (1..=names.len()).rev().find(|&count| self.scope.column(&names[..count].join(".")).is_some())
            }
        }
    }

    /// What a dotted name means, if its head is no variable and no column.
    pub(super) fn meaning(&self, names: &[&str]) -> Option<Meaning> {
        let hidden = !matches!(self.binding(names[0]), Some(Binding::Place(_)))
            && names.len() > 1
            && modules::names::full_name(names).is_some()
            && modules::names::hides_columns(names);
        if !hidden && self.receiver(names).is_some() {
            return None;
        }
        let path = match self.binding(names[0]) {
            Some(Binding::Path(head)) => {
                let rest = names[1..].iter().map(|name| format!(".{name}"));
                std::iter::once(head.to_string()).chain(rest).collect::<String>()
            }
            _ => names.join("."),
        };
        if let Some(builtin) = Builtin::of(&path) {
            return Some(Meaning::Builtin(builtin));
        }
        if let Some(item) = modules::find(&path) {
            return Some(Meaning::Item(path.as_str().into(), item));
        }
        if let [type_, method] = names
            && let Some(type_) = TYPES.iter().find(|known| *known == type_)
        {
            return Some(Meaning::Unbound(type_, (*method).into()));
        }
        Some(Meaning::Library(path))
    }

    /// The path of a call that may be one of the library.
    pub(super) fn library_path(&self, names: &[&str]) -> Option<String> {
        // A builtin that is called is the builtin, whatever the columns are called.
        if names.len() == 1 && self.binding(names[0]).is_none() && Builtin::of(names[0]).is_some() {
            return None;
        }
        match self.meaning(names)? {
            Meaning::Library(path) => Some(path),
            Meaning::Item(_, Item::Library(path)) => Some(path.to_owned()),
            Meaning::Item(..) | Meaning::Builtin(_) | Meaning::Unbound(..) => None,
        }
    }

    pub(super) fn name(&mut self, name: &ExprName) -> Result<Part, CompileError> {
        let id = name.id.as_str();
        if let Some(Binding::Place(place)) = self.binding(id) {
            let place = *place;
            let otherwise = if self.scope.is_own(id) { None } else { self.column(id, name).map(Box::new) };
            return Ok(part(Kind::Local(place, otherwise), name));
        }
        if let Some(column) = self.column(id, name) {
            return Ok(column);
        }
        self.named_thing(&[id], name)
    }

    pub(super) fn attribute(&mut self, attribute: &ExprAttribute) -> Result<Part, CompileError> {
        if let Some(names) = dotted_of(attribute) {
            let path = names.join(".");
            if !matches!(self.binding(names[0]), Some(Binding::Place(_)))
                && let Some(column) = self.column(&path, attribute)
            {
                return Ok(column);
            }
            if self.receiver(&names).is_none() {
                // `string.digits` is a value, `string.digits.x` an attribute of one.
                let whole = self.meaning(&names);
                let known = match &whole {
                    Some(Meaning::Library(path)) => self.library.names().contains(path),
                    Some(_) => true,
                    None => false,
                };
                let front_is_value = names.len() > 1
                    && matches!(
                        self.meaning(&names[..names.len() - 1]),
                        Some(Meaning::Item(_, Item::Constant(_)))
                    );
                if known || !front_is_value {
                    return self.named_thing(&names, attribute);
                }
            }
        }
        let value = self.part(&attribute.value)?;
        Ok(part(Kind::Attribute(Box::new(value), attribute.attr.as_str().into()), attribute))
    }

    /// A column as an input of the program.
    fn column(&mut self, name: &str, node: &impl Ranged) -> Option<Part> {
        let (position, data_type) = self.scope.column(name)?;
        let known = self
            .inputs
            .iter()
            .position(|input| matches!(input, Input::Column { position: other, .. } if *other == position));
        let index = known.unwrap_or_else(|| {
            let nullable = self.scope.nullable(position);
            self.inputs.push(Input::Column { position, data_type, nullable });
            self.inputs.len() - 1
        });
        Some(part(Kind::Input(index), node))
    }

    /// A builtin, a function or a constant of a module, as a value.
    fn named_thing(&mut self, names: &[&str], node: &impl Ranged) -> Result<Part, CompileError> {
        let kind = match self.meaning(names) {
            Some(Meaning::Builtin(builtin)) => Kind::Callable(CallableName::Builtin(builtin)),
            Some(Meaning::Unbound(type_, method)) => Kind::Callable(CallableName::Unbound(type_, method)),
            Some(Meaning::Item(path, Item::Function)) => Kind::Callable(CallableName::Module(path)),
            Some(Meaning::Item(path, Item::Constant(value))) => {
                let literal = match value {
                    Value::None => Literal::None,
                    Value::Bool(value) => Literal::Bool(value),
                    Value::Int(value) => Literal::Int(value),
                    Value::Float(value) => Literal::Float(value),
                    Value::Str(text) => Literal::Str((&*text).into()),
                    _ => Literal::Module(path),
                };
                Kind::Constant(self.constant(literal))
            }
            Some(Meaning::Item(path, Item::Module)) => {
                return Err(CompileError::new(range(node), format!("`{path}` is a module, and no value"))
                    .hint(format!("call one of its functions, as in `{path}.…()`")));
            }
            _ => return Err(self.unknown(names, node)),
        };
        Ok(part(kind, node))
    }

    fn unknown(&self, names: &[&str], node: &impl Ranged) -> CompileError {
        let name = names.join(".");
        let variables = self.names.iter().flat_map(|names| names.keys().map(String::as_str));
        if let Some(variable) = crate::compile::closest(&name, variables) {
            return CompileError::new(range(node), format!("there is no column or variable `{name}`"))
                .hint(format!("did you mean `{variable}`?"));
        }
        Compiler::bare(self.source, self.scope, self.library).unknown_name(&name, range(node))
    }
}

fn dotted_of(attribute: &ExprAttribute) -> Option<Vec<&str>> {
    let mut names = dotted(&attribute.value)?;
    names.push(attribute.attr.as_str());
    Some(names)
}
