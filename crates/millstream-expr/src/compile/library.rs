//! Calls of functions that the host offers.

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::Ranged;

use super::builtin::BUILTINS;
use super::call::starred;
use super::method::methods;
use super::names::closest;
use super::{Compiler, Operand};
use crate::errors::CompileError;
use crate::function::{Argument, CallSite};
use crate::interpreter::Builtin;
use crate::node::{Kind, LibraryCall, Node};
use crate::parse::range;
use crate::types::Type;

impl Compiler<'_> {
    pub(crate) fn library_call(&mut self, names: &[&str], call: &ExprCall) -> Result<Node, CompileError> {
        let path = match self.paths.get(names[0]) {
            Some(head) => names[1..].iter().fold(head.clone(), |path, name| path + "." + name),
            None => names.join("."),
        };
        let whole = range(call);
        // Told first: its arguments may be wrong for no other reason.
        let known = self.library.names().contains(&path);

        let mut arguments = Vec::new();
        let mut nodes = Vec::new();
        let mut ranges = Vec::new();
        let positional = call.arguments.args.iter().map(|argument| (None, argument));
        let keywords = call.arguments.keywords.iter().map(|keyword| (Some(keyword), &keyword.value));
        for (keyword, value) in positional.chain(keywords) {
            let name = match keyword {
                None => None,
                Some(keyword) => match &keyword.arg {
                    Some(name) => Some(name.as_str().to_owned()),
                    None => return Err(starred(range(keyword))),
                },
            };
            if value.is_starred_expr() {
                return Err(starred(range(value)));
            }
            if name.is_some() && arguments.iter().any(|argument: &Argument| argument.name == name) {
                return Err(CompileError::new(
                    range(value),
                    format!("the argument `{}` of `{path}` is given twice", name.unwrap_or_default()),
                ));
            }
            let compiled = if known {
                self.library_argument(value, name)
            } else {
                self.library_argument(value, name).map_err(|error| {
                    // Of an unknown function, the arguments matter less than its name.
                    self.unknown_function(names, &path, &call.func).unwrap_or(error)
                })
            };
            let (argument, node) = compiled?;
            arguments.push(argument);
            nodes.push(node);
            ranges.push(range(value));
        }

        let ordinal = self.ordinals.get(&call.start().to_usize()).copied().unwrap_or_default();
        let site = CallSite { path: &path, ordinal, repetition: 0, arguments: &arguments };
        match self.library.resolve(&site) {
            Ok(Some(function)) => Ok(Node {
                type_: Type::of(&function.data_type()),
                nullable: function.nullable(),
                range: whole,
                kind: Kind::Library(LibraryCall::new(function, path, nodes)),
            }),
            Ok(None) => Err(self.unknown_function(names, &path, &call.func).unwrap_or_else(|| {
                CompileError::new(range(&*call.func), format!("there is no function `{path}`"))
            })),
            Err(error) => {
                let refused = error.argument;
                let described = CompileError::new(
                    refused.and_then(|index| ranges.get(index).cloned()).unwrap_or(whole),
                    error.message,
                )
                .maybe_hint(error.hint);
                // An argument of the row, or a list of several types: the fallback makes the call row by row.
                let by_row = refused.and_then(|index| arguments.get(index)).is_some_and(|argument| {
                    argument.constant.is_none()
                        || matches!(&argument.constant, Some(crate::function::Constant::List(_)))
                            && crate::interpreter::chooses_from_list(&path)
                });
                Err(if by_row && self.library.for_rows().is_some() {
                    described.not_vectorised(format!("an argument of `{path}`"))
                } else {
                    described
                })
            }
        }
    }

    fn library_argument(
        &mut self,
        value: &Expr,
        name: Option<String>,
    ) -> Result<(Argument, Option<Node>), CompileError> {
        let source = self.text_of(range(value)).to_owned();
        match self.operand(value)? {
            Operand::Value(node) => {
                // What has no operators is passed on as it is.
                let node = match &node.type_ {
                    Type::Raw(_) if node.type_.item().is_none() => self.load_if_possible(node)?,
                    _ => node,
                };
                let argument = Argument {
                    name,
                    data_type: node.type_.data_type(),
                    constant: node.host_constant(),
                    source,
                };
                Ok((argument, Some(node)))
            }
            display @ (Operand::List(..) | Operand::Dict(..)) => {
                let Some(constant) = display.constant() else {
                    let word = display.word();
                    return Err(CompileError::new(
                        display.range(),
                        format!("a {word} as an argument must be constant"),
                    )
                    .hint("write literals as its items")
                    .not_vectorised(format!("a {word} that depends on the row")));
                };
                let argument = Argument {
                    name,
                    data_type: arrow::datatypes::DataType::Null,
                    constant: Some(constant),
                    source,
                };
                Ok((argument, None))
            }
            other => Err(CompileError::new(
                other.range(),
                format!("a {} cannot be an argument of a function", other.word()),
            )
            .not_vectorised(format!("a {} as an argument", other.word()))),
        }
    }

    fn load_if_possible(&self, node: Node) -> Result<Node, CompileError> {
        use arrow::datatypes::DataType;
        match &node.type_ {
            Type::Raw(
                DataType::Int8
                | DataType::Int16
                | DataType::Int32
                | DataType::UInt8
                | DataType::UInt16
                | DataType::UInt32
                | DataType::UInt64
                | DataType::Float16
                | DataType::Float32
                | DataType::LargeUtf8
                | DataType::Utf8View
                | DataType::Dictionary(..)
                | DataType::Date64
                | DataType::Timestamp(..),
            ) => self.load(node),
            _ => Ok(node),
        }
    }

    /// The error for a function that the library does not have; `None` if it has it.
    pub(crate) fn unknown_function(&self, names: &[&str], path: &str, callee: &Expr) -> Option<CompileError> {
        let functions = self.library.names();
        if functions.iter().any(|function| function == path) {
            return None;
        }
        // A method of a column whose name is misspelt.
        if let (Expr::Attribute(attribute), [front @ .., method]) = (callee, names)
            && (methods().any(|name| name == *method) || crate::interpreter::has_method(method))
        {
            let head = front.join(".");
            let columns = self.scope.names();
            let error = CompileError::new(range(&*attribute.value), format!("there is no column `{head}`"));
            return Some(match closest(&head, columns.iter().map(String::as_str)) {
                Some(column) => error.hint(format!("did you mean `{column}`?")),
                None => error,
            });
        }
        let error = CompileError::new(range(callee), format!("there is no function `{path}`"));
        let candidates =
            functions.iter().map(String::as_str).chain(BUILTINS).chain(Builtin::NAMES.iter().copied());
        if let Some(function) = closest(path, candidates) {
            return Some(error.hint(format!("did you mean `{function}`?")));
        }
        // The functions of the same family.
        let family: Vec<String> = match names {
            [head, _, ..] => {
                let prefix = format!("{head}.");
                functions
                    .iter()
                    .filter(|name| name.starts_with(&prefix))
                    .map(|name| format!("`{name}`"))
                    .collect()
            }
            _ => Vec::new(),
        };
        Some(error.maybe_hint(match family.len() {
            0 => None,
            1..=40 => Some(format!("there are {}", family.join(", "))),
            _ => Some(format!("there are {} and others", family[..40].join(", "))),
        }))
    }
}
