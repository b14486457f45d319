//! What an expression refers to, before it is compiled: for the order in which columns depend on each other.

use std::ops::Range;

use ruff_python_ast::Expr;
use ruff_text_size::Ranged;

use crate::compile::{Compiler, is_builtin};
use crate::errors::CompileError;
use crate::function::{Constant, NoLibrary};
use crate::parse::{Parsed, dotted, for_each_child, for_each_statement_part, parse_any, range};
use crate::scope::NoColumns;

/// The names and calls in an expression.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct References {
    /// The names that may be columns, each once, in reading order. A dotted name is there as a whole and by its head,
    /// as is the head of a dotted call (`fake` of `fake.email()`, but also `name` of `name.lower()`): which of them are
    /// columns is for the scope to say.
    pub names: Vec<String>,
    /// The calls that are not of builtins, in reading order. A method of a name (`name.lower()`) is among them, with
    /// the path `name.lower`.
    pub calls: Vec<ReferencedCall>,
}

/// A call in an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferencedCall {
    /// The dotted name.
    pub path: String,
    /// The arguments, positional ones first, where they are constant.
    pub arguments: Vec<Option<Constant>>,
    /// The keyword of each argument, where it was written with one.
    pub keywords: Vec<Option<String>>,
    /// The bytes of the expression's text that hold the call.
    pub range: Range<usize>,
}

impl ReferencedCall {
    /// The constant argument at a position, or with a keyword.
    pub fn argument(&self, position: usize, keyword: &str) -> Option<&Constant> {
        let named = self.keywords.iter().position(|name| name.as_deref() == Some(keyword));
        let at = named.or_else(|| self.keywords.get(position)?.is_none().then_some(position))?;
        self.arguments.get(at)?.as_ref()
    }
}

/// The names and calls in an expression.
///
/// # Errors
/// Only if it is not an expression at all.
pub fn references(source: &str) -> Result<References, CompileError> {
    let syntax = parse_any(source)?;
    let mut names: Vec<(usize, String)> = Vec::new();
    let mut calls: Vec<(usize, ReferencedCall)> = Vec::new();
    let mut open: Vec<&Expr> = Vec::new();
    match &syntax {
        Parsed::Expression(expression) => open.push(expression),
        Parsed::Block(statements) => {
            for statement in statements {
                for_each_statement_part(statement, &mut |part| open.push(part));
            }
        }
    }
    while let Some(expression) = open.pop() {
        match expression {
            Expr::Call(call) => {
                if let Some(path) = dotted(&call.func) {
                    let builtin = path.len() == 1 && is_builtin(path[0]);
                    if path.len() > 1 {
                        collect(&mut names, &path[..path.len() - 1], call.start().to_usize());
                    }
                    if !builtin {
                        calls.push((call.start().to_usize(), referenced(source, &path.join("."), call)));
                    }
                    open.extend(&call.arguments.args);
                    open.extend(call.arguments.keywords.iter().map(|keyword| &keyword.value));
                } else {
                    for_each_child(expression, &mut |child| open.push(child));
                }
            }
            Expr::Attribute(_) | Expr::Name(_) => match dotted(expression) {
                Some(path) => collect(&mut names, &path, expression.start().to_usize()),
                None => for_each_child(expression, &mut |child| open.push(child)),
            },
            _ => for_each_child(expression, &mut |child| open.push(child)),
        }
    }
    names.sort_by_key(|(start, _)| *start);
    calls.sort_by_key(|(start, _)| *start);
    let mut result = References::default();
    for (_, name) in names {
        if !result.names.contains(&name) {
            result.names.push(name);
        }
    }
    result.calls = calls.into_iter().map(|(_, call)| call).collect();
    Ok(result)
}

/// The head of a path and the whole of it.
fn collect(names: &mut Vec<(usize, String)>, path: &[&str], start: usize) {
    names.push((start, path[0].to_owned()));
    if path.len() > 1 {
        names.push((start, path.join(".")));
    }
}

fn referenced(source: &str, path: &str, call: &ruff_python_ast::ExprCall) -> ReferencedCall {
    let constant = |expression: &Expr| {
        Compiler::new(source, &NoColumns, &NoLibrary, expression).operand(expression).ok()?.constant()
    };
    let positional = call.arguments.args.iter().map(|argument| (None, argument));
    let named = call
        .arguments
        .keywords
        .iter()
        .map(|keyword| (keyword.arg.as_ref().map(|name| name.as_str().to_owned()), &keyword.value));
    let (keywords, arguments) = positional.chain(named).map(|(name, value)| (name, constant(value))).unzip();
    ReferencedCall { path: path.to_owned(), arguments, keywords, range: range(call) }
}
