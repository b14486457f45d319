//! Calls of the host's library: made for all rows at once where their arguments allow it, and row by row otherwise.

use hashbrown::HashMap;
use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::Ranged;

use super::names::Meaning;
use super::{Binding, Lowering, part};
use crate::compile::Compiler;
use crate::errors::CompileError;
use crate::interpreter::ir::{Input, Kind, Part, Site};
use crate::parse::{for_each_child, range};

/// Functions that choose from a list of any values: what is drawn is an index.
pub(crate) fn chooses_from_list(path: &str) -> bool {
    matches!(
        path,
        "random.choice"
            | "random.choices"
            | "random.sample"
            | "random.shuffle"
            | "fake.random_element"
            | "fake.random_elements"
            | "fake.random_choices"
            | "fake.random_sample"
    )
}

impl Lowering<'_> {
    pub(super) fn library_call(&mut self, path: &str, call: &ExprCall) -> Result<Part, CompileError> {
        let whole = range(call);
        let names: Vec<&str> = path.split('.').collect();
        let error = if path == "random.shuffle" {
            None
        } else if self.uses_variables(call) {
            // Without its arguments, it can at least be known.
            if !self.library.names().iter().any(|name| name == path)
                && let Some(error) = self.compiler().unknown_function(&names, path, &call.func)
            {
                return Err(error);
            }
            None
        } else {
            match self.compiler().library_call(&names, call) {
                Ok(node) if self.repeated == 0 => {
                    self.inputs.push(Input::Hoisted { node });
                    return Ok(part(Kind::Input(self.inputs.len() - 1), call));
                }
                Ok(_) => None,
                Err(error) if error.not_vectorised.is_none() => return Err(error),
                Err(error) => Some(error),
            }
        };
        if !path.starts_with("random.") && !path.starts_with("fake.") {
            return Err(error.unwrap_or_else(|| {
                CompileError::new(whole.clone(), format!("`{path}` cannot be called in a loop or a function"))
                    .hint("put it into a column of its own, and use that column here")
            }));
        }
        if self.library.for_rows().is_none() {
            return Err(error.unwrap_or_else(|| {
                CompileError::new(whole.clone(), format!("`{path}` cannot be called row by row here"))
            }));
        }
        let parts = if chooses_from_list(path) {
            let mut parts = self.parts(call)?;
            if let (Some(first), Some(item)) = (call.arguments.args.first(), parts.positional.first_mut())
                && !first.is_starred_expr()
                && path != "random.shuffle"
            {
                item.part = self.constant_container(first, true)?;
            }
            parts
        } else {
            self.parts(call)?
        };
        let values =
            call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|keyword| &keyword.value));
        let site = Site {
            path: path.to_owned(),
            ordinal: self.ordinals.get(&call.start().to_usize()).copied().unwrap_or_default(),
            sources: values.map(|value| self.text_of(range(value)).to_owned()).collect(),
        };
        self.sites.push(site);
        Ok(part(Kind::Library(self.sites.len() - 1, parts), call))
    }

    /// A part with calls of the library or of modules that is evaluated for all rows at once, if it can be.
    pub(super) fn hoisted(&mut self, expression: &Expr) -> Option<Part> {
        if self.repeated > 0 || !self.makes_calls(expression) || self.has_variables(vec![expression]) {
            return None;
        }
        let node = self.compiler().root(expression).ok()?;
        crate::interpreter::inputs::readable(&node.type_.data_type())?;
        self.inputs.push(Input::Hoisted { node });
        Some(part(Kind::Input(self.inputs.len() - 1), expression))
    }

    /// Whether a part calls anything of the library or of a module.
    fn makes_calls(&self, expression: &Expr) -> bool {
        let mut open = vec![expression];
        while let Some(expression) = open.pop() {
            if let Expr::Call(call) = expression
                && let Some(names) = crate::parse::dotted(&call.func)
                && matches!(self.meaning(&names), Some(Meaning::Library(_) | Meaning::Item(..)))
            {
                return true;
            }
            for_each_child(expression, &mut |child| open.push(child));
        }
        false
    }

    /// The vectorised compiler, with the numbers of calls of the whole program.
    fn compiler(&self) -> Compiler<'_> {
        let paths = self
            .names
            .iter()
            .flatten()
            .filter_map(|(name, binding)| match binding {
                Binding::Path(path) => Some((name.clone(), path.to_string())),
                Binding::Place(_) => None,
            })
            .collect::<HashMap<_, _>>();
        Compiler::inside(self.source, self.scope, self.library, self.ordinals.clone(), paths)
    }

    /// Whether a part of a call is a variable.
    fn uses_variables(&self, call: &ExprCall) -> bool {
        let mut open: Vec<&Expr> = call.arguments.args.iter().collect();
        open.extend(call.arguments.keywords.iter().map(|keyword| &keyword.value));
        self.has_variables(open)
    }

    fn has_variables(&self, mut open: Vec<&Expr>) -> bool {
        while let Some(expression) = open.pop() {
            if let Expr::Name(name) = expression
                && matches!(self.binding(name.id.as_str()), Some(Binding::Place(_)))
            {
                return true;
            }
            if matches!(expression, Expr::Named(_) | Expr::Lambda(_)) {
                return true;
            }
            for_each_child(expression, &mut |child| open.push(child));
        }
        false
    }
}
