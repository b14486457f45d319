//! Names: columns first, and what may have been meant by others.

use ruff_python_ast::{ExprAttribute, ExprName};

use super::builtin::BUILTINS;
use super::{Compiler, Operand};
use crate::errors::CompileError;
use crate::node::{Kind, Node};
use crate::parse::range;
use crate::types::Type;

impl Compiler<'_> {
    pub(super) fn name(&self, name: &ExprName) -> Result<Node, CompileError> {
        self.column(name.id.as_str(), range(name))
            .ok_or_else(|| self.unknown_name(name.id.as_str(), range(name)))
    }

    /// `order.amount`, if the scope has a column of that name; a constant of a module; or an attribute of a value.
    pub(super) fn attribute(
        &mut self,
        attribute: &ExprAttribute,
        names: Option<Vec<&str>>,
    ) -> Result<Operand, CompileError> {
        let whole = range(attribute);
        let Some(names) = names else {
            let value = self.operand(&attribute.value)?;
            return self.attribute_of(value, &attribute.attr);
        };
        let owned = self.expanded(&names);
        let names: Vec<&str> = owned.iter().map(String::as_str).collect();
        let path = names.join(".");
        if let Some(node) = self.column(&path, whole.clone()) {
            return Ok(Operand::Value(node));
        }
        if let Some(name) = self.module_path(&names, false) {
            return Self::module_constant(name, whole);
        }
        if self.library.names().contains(&path) {
            return Err(CompileError::new(whole, format!("`{path}` is a function"))
                .hint(format!("call it: `{path}()`")));
        }
        if self.receiver(&names).is_some() || self.module_path(&names[..names.len() - 1], false).is_some() {
            let value = self.operand(&attribute.value)?;
            return self.attribute_of(value, &attribute.attr);
        }
        if is_method_of_type(&names) {
            return Err(CompileError::new(whole, format!("`{path}` is a function"))
                .not_vectorised("functions as values"));
        }
        Err(self.unknown_name(&path, whole))
    }

    fn column(&self, name: &str, range: std::ops::Range<usize>) -> Option<Node> {
        let (position, data_type) = self.scope.column(name)?;
        Some(Node {
            kind: Kind::Column(position),
            type_: Type::of(&data_type),
            nullable: self.scope.nullable(position),
            range,
        })
    }

    /// How many of the names, from the front, are a column; the rest is an attribute of it.
    pub(super) fn receiver(&self, names: &[&str]) -> Option<usize> {
        (1..names.len()).rev().find(|&count| self.scope.column(&names[..count].join(".")).is_some())
    }

    /// A dotted name with the path in place of an imported name at its head.
    pub(super) fn expanded(&self, names: &[&str]) -> Vec<String> {
        let head = self.paths.get(names[0]).map_or(names[0], String::as_str);
        head.split('.').chain(names[1..].iter().copied()).map(str::to_owned).collect()
    }

    pub(crate) fn unknown_name(&self, name: &str, range: std::ops::Range<usize>) -> CompileError {
        let error = CompileError::new(range, format!("there is no column `{name}`"));
        if crate::interpreter::Builtin::of(name).is_some() || crate::modules::find(name).is_some() {
            // As a value: `sorted(names, key=len)`.
            return error
                .hint(format!("`{name}` is a function: call it, as in `{name}()`"))
                .not_vectorised("functions as values");
        }
        let literal = match name.to_ascii_lowercase().as_str() {
            "true" => Some("True"),
            "false" => Some("False"),
            "null" | "none" | "nil" => Some("None"),
            _ => None,
        };
        if let Some(literal) = literal {
            return error.hint(format!("write `{literal}`"));
        }
        let functions = self.library.names();
        if functions.iter().any(|function| function == name) || BUILTINS.contains(&name) {
            return error.hint(format!("`{name}` is a function: call it, as in `{name}()`"));
        }
        let columns = self.scope.names();
        let candidates = columns.iter().map(String::as_str);
        if let Some(column) = closest(name, candidates.clone()) {
            return error.hint(format!("did you mean `{column}`?"));
        }
        if let Some(function) = closest(name, functions.iter().map(String::as_str)) {
            return error.hint(format!("did you mean the function `{function}()`?"));
        }
        error.maybe_hint(match columns.len() {
            0 => None,
            1..=12 => Some(format!(
                "the columns are {}",
                candidates.map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ")
            )),
            _ => Some("a text is written in quotes".to_owned()),
        })
    }
}

/// `str.upper`
fn is_method_of_type(names: &[&str]) -> bool {
    matches!(names, ["str" | "list" | "dict" | "set" | "tuple" | "int" | "float", _])
}

/// The candidate that is most like a name, if one is like it enough to have been meant.
pub(crate) fn closest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ENOUGH: f64 = 0.6;
    let lower = name.to_lowercase();
    candidates
        .map(|candidate| {
            (strsim::normalized_damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate)
        })
        .filter(|(likeness, _)| *likeness >= ENOUGH)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
