//! Calls: of builtins, of methods, of the library; and the binding of arguments to parameters.

use std::ops::Range;

use ruff_python_ast::{Expr, ExprCall};

use super::names::closest;
use super::{Compiler, Operand, is_builtin};
use crate::errors::CompileError;
use crate::node::Node;
use crate::parse::{dotted, range};
use crate::types::Type;

/// The parameters of a builtin or a method.
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) parameters: &'static [&'static str],
    pub(super) required: usize,
    /// The first parameter that may be given by its name.
    pub(super) named_from: usize,
}

impl Signature {
    /// The arguments of a call in the order of the parameters.
    pub(super) fn bind<'e>(&self, call: &'e ExprCall) -> Result<Vec<Option<&'e Expr>>, CompileError> {
        let Signature { name, parameters, required, named_from } = self;
        let mut bound: Vec<Option<&Expr>> = vec![None; parameters.len()];
        for (index, argument) in call.arguments.args.iter().enumerate() {
            if argument.is_starred_expr() {
                return Err(starred(range(argument)));
            }
            let Some(slot) = bound.get_mut(index) else {
                return Err(CompileError::new(range(argument), too_many(name, parameters.len())));
            };
            *slot = Some(argument);
        }
        for keyword in &call.arguments.keywords {
            let Some(key) = &keyword.arg else { return Err(starred(range(keyword))) };
            let position = parameters
                .iter()
                .position(|parameter| *parameter == key.as_str())
                .filter(|at| at >= named_from);
            let Some(position) = position else {
                let error =
                    CompileError::new(range(key), format!("`{name}` has no keyword argument `{key}`"));
                let named = parameters[*named_from..].iter().copied();
                return Err(match closest(key.as_str(), named.clone()) {
                    Some(parameter) => error.hint(format!("did you mean `{parameter}`?")),
                    None if named_from < &parameters.len() => error
                        .hint(format!("its keyword arguments are {}", named.collect::<Vec<_>>().join(", "))),
                    None => error.hint("its arguments are given without names"),
                });
            };
            if bound[position].replace(&keyword.value).is_some() {
                return Err(CompileError::new(
                    range(keyword),
                    format!("the argument `{key}` of `{name}` is given twice"),
                ));
            }
        }
        for (index, argument) in bound.iter().enumerate().take(*required) {
            if argument.is_none() {
                return Err(CompileError::new(
                    range(call),
                    format!("`{name}` needs the argument `{}`", parameters[index]),
                ));
            }
        }
        Ok(bound)
    }
}

impl Compiler<'_> {
    pub(super) fn call(&mut self, call: &ExprCall) -> Result<Operand, CompileError> {
        if let Some(names) = dotted(&call.func) {
            let owned = self.expanded(&names);
            let names: Vec<&str> = owned.iter().map(String::as_str).collect();
            if let [name] = names.as_slice()
                && is_builtin(name)
            {
                return self.builtin(name, call).map(Operand::Value);
            }
            if let Some(name) = self.module_path(&names, true) {
                return self.module_call(name, call);
            }
            if let [name] = names.as_slice()
                && crate::interpreter::Builtin::of(name).is_some()
            {
                return Err(CompileError::new(range(call), format!("`{name}` is evaluated row by row"))
                    .not_vectorised(format!("`{name}()`")));
            }
            if self.is_library_call(&names) {
                return self.library_call(&names, call).map(Operand::Value);
            }
        }
        match &*call.func {
            Expr::Attribute(attribute) => {
                let receiver = self.operand(&attribute.value)?;
                match self.method_of(receiver, &attribute.attr, call)? {
                    Ok(result) => Ok(result),
                    Err(receiver) => self.method(receiver, &attribute.attr, call),
                }
            }
            other => Err(CompileError::new(range(other), "this cannot be called")
                .hint("call a function by its name, or a method of a value")
                .not_vectorised("calls of values")),
        }
    }

    /// Whether a call of these names is one of the library: not of a builtin, and not a method of a column.
    pub(super) fn is_library_call(&self, names: &[&str]) -> bool {
        match names {
            [name] => !is_builtin(name) && crate::interpreter::Builtin::of(name).is_none(),
            names => self.receiver(names).is_none(),
        }
    }

    /// An argument that must have a type; an int may be given as a bool, and anything as `None`.
    pub(super) fn argument(
        &mut self,
        argument: &Expr,
        function: &str,
        type_: &Type,
    ) -> Result<Node, CompileError> {
        let node = self.value(argument)?;
        match (&node.type_, type_) {
            (from, to) if from == to => Ok(node),
            (Type::Null, _) | (Type::Bool, Type::Int) => self.coerce(node, type_),
            (from, to) => Err(CompileError::new(
                node.range.clone(),
                format!("`{function}` needs {} here, not {}", article(&to.word()), article(&from.word())),
            )),
        }
    }
}

/// `a str`, `an int`
pub(crate) fn article(word: &str) -> String {
    match word {
        "None" => word.to_owned(),
        word if word.starts_with('i') => format!("an {word}"),
        word => format!("a {word}"),
    }
}

fn too_many(name: &str, most: usize) -> String {
    match most {
        0 => format!("`{name}` takes no arguments"),
        1 => format!("`{name}` takes one argument"),
        _ => format!("`{name}` takes at most {most} arguments"),
    }
}

pub(super) fn starred(range: Range<usize>) -> CompileError {
    CompileError::new(range, "`*` and `**` in calls are not supported")
        .hint("write the arguments out")
        .not_vectorised("`*` and `**` in calls")
}
