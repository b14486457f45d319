//! Methods of texts.

use ruff_python_ast::{Expr, ExprCall, Identifier};

use super::call::Signature;
use super::names::closest;
use super::text::Pieces;
use super::{Compiler, Operand};
use crate::errors::CompileError;
use crate::kernels::split::Split;
use crate::kernels::text_change::{Case, Justify, RemoveAffix, Replace, Strip};
use crate::kernels::text_find::{HasAffix, IsAll, Search};
use crate::node::{Kind, Node};
use crate::parse::range;
use crate::types::Type;
use crate::value::Scalar;

const METHODS: [&str; 24] = [
    "lower",
    "upper",
    "strip",
    "lstrip",
    "rstrip",
    "title",
    "capitalize",
    "swapcase",
    "replace",
    "startswith",
    "endswith",
    "zfill",
    "ljust",
    "rjust",
    "center",
    "find",
    "count",
    "isdigit",
    "isalpha",
    "removeprefix",
    "removesuffix",
    "split",
    "join",
    "format",
];

/// The methods of texts; the last is refused with its own hint.
pub(super) fn methods() -> impl Iterator<Item = &'static str> + Clone {
    METHODS.into_iter().take(METHODS.len() - 1)
}

impl Compiler<'_> {
    pub(super) fn method(
        &mut self,
        receiver: Operand,
        method: &Identifier,
        call: &ExprCall,
    ) -> Result<Operand, CompileError> {
        let receiver = match receiver {
            Operand::Value(node) => self.load(node)?,
            other => {
                return Err(CompileError::new(
                    range(method),
                    format!("methods of a {} are not supported: `.{method}()`", other.word()),
                )
                .not_vectorised(format!("`.{method}()` of a {}", other.word())));
            }
        };
        let Some(name) = METHODS.into_iter().find(|name| *name == method.as_str()) else {
            return Err(unknown_method(&receiver.type_, method));
        };
        if !matches!(receiver.type_, Type::Str | Type::Null) {
            return Err(CompileError::new(
                range(method),
                format!("a value of type {} has no method `{method}`", receiver.type_.word()),
            )
            .hint("convert it to a text with `str(..)`")
            .not_vectorised_if(
                receiver.type_.is_temporal() || matches!(receiver.type_, Type::Raw(_)),
                &format!("`.{method}()` of a {}", receiver.type_.word()),
            ));
        }
        let text = self.coerce(receiver, &Type::Str)?;
        if name == "split" {
            return self.split(text, call);
        }
        self.text_method(name, text, call).map(Operand::Value)
    }

    fn text_method(&mut self, name: &'static str, text: Node, call: &ExprCall) -> Result<Node, CompileError> {
        let whole = range(call);
        let none = Signature { name, parameters: &[], required: 0, named_from: 0 };
        let case = match name {
            "lower" => Some(Case::Lower),
            "upper" => Some(Case::Upper),
            "title" => Some(Case::Title),
            "capitalize" => Some(Case::Capitalize),
            "swapcase" => Some(Case::Swap),
            _ => None,
        };
        if let Some(case) = case {
            none.bind(call)?;
            return self.strict(case, vec![text], Type::Str, whole);
        }
        match name {
            "isdigit" | "isalpha" => {
                none.bind(call)?;
                let kernel = if name == "isdigit" { IsAll::Digits } else { IsAll::Letters };
                self.strict(kernel, vec![text], Type::Bool, whole)
            }
            "strip" | "lstrip" | "rstrip" => {
                let signature = Signature { name, parameters: &["chars"], required: 0, named_from: 1 };
                let bound = signature.bind(call)?;
                let mut inputs = vec![text];
                // `strip(None)` is `strip()`.
                if let Some(characters) = bound[0].filter(|argument| !argument.is_none_literal_expr()) {
                    inputs.push(self.argument(characters, name, &Type::Str)?);
                }
                let kernel = Strip { start: name != "rstrip", end: name != "lstrip" };
                self.strict(kernel, inputs, Type::Str, whole)
            }
            "replace" => {
                let signature =
                    Signature { name, parameters: &["old", "new", "count"], required: 2, named_from: 2 };
                let inputs = self.inputs(text, call, &signature, &[Type::Str, Type::Str, Type::Int])?;
                self.strict(Replace, inputs, Type::Str, whole)
            }
            "startswith" | "endswith" => self.affix(name, text, call),
            "zfill" | "ljust" | "rjust" | "center" => {
                let (kernel, parameters): (_, &[&str]) = match name {
                    "zfill" => (Justify::Zeros, &["width"]),
                    "ljust" => (Justify::Left, &["width", "fillchar"]),
                    "rjust" => (Justify::Right, &["width", "fillchar"]),
                    _ => (Justify::Centre, &["width", "fillchar"]),
                };
                let signature = Signature { name, parameters, required: 1, named_from: parameters.len() };
                let inputs = self.inputs(text, call, &signature, &[Type::Int, Type::Str])?;
                self.strict(kernel, inputs, Type::Str, whole)
            }
            "find" | "count" => {
                let signature = Signature { name, parameters: &["sub"], required: 1, named_from: 1 };
                let inputs = self.inputs(text, call, &signature, &[Type::Str])?;
                let kernel = if name == "find" { Search::Find } else { Search::Count };
                self.strict(kernel, inputs, Type::Int, whole)
            }
            "removeprefix" | "removesuffix" => {
                let signature = Signature { name, parameters: &["affix"], required: 1, named_from: 1 };
                let inputs = self.inputs(text, call, &signature, &[Type::Str])?;
                let kernel = if name == "removeprefix" { RemoveAffix::Prefix } else { RemoveAffix::Suffix };
                self.strict(kernel, inputs, Type::Str, whole)
            }
            "join" => self.join(text, call),
            _ => Err(CompileError::new(whole, format!("the method `{name}` is not supported"))
                .hint("write an f-string, as in `f\"{a}-{b}\"`")
                .not_vectorised(format!("`.{name}()`"))),
        }
    }

    fn inputs(
        &mut self,
        text: Node,
        call: &ExprCall,
        signature: &Signature,
        types: &[Type],
    ) -> Result<Vec<Node>, CompileError> {
        let bound = signature.bind(call)?;
        let mut inputs = vec![text];
        for (argument, type_) in bound.into_iter().zip(types) {
            if let Some(argument) = argument {
                inputs.push(self.argument(argument, signature.name, type_)?);
            }
        }
        Ok(inputs)
    }

    /// `startswith`, `endswith`, of one text or any of several.
    fn affix(&mut self, name: &'static str, text: Node, call: &ExprCall) -> Result<Node, CompileError> {
        let whole = range(call);
        let signature = Signature { name, parameters: &["affix"], required: 1, named_from: 1 };
        let bound = signature.bind(call)?;
        let mut inputs = vec![text];
        match bound[0] {
            Some(Expr::Tuple(tuple)) => {
                for item in &tuple.elts {
                    inputs.push(self.argument(item, name, &Type::Str)?);
                }
            }
            Some(argument) => inputs.push(self.argument(argument, name, &Type::Str)?),
            None => {}
        }
        let kernel = if name == "startswith" { HasAffix::Prefix } else { HasAffix::Suffix };
        self.strict(kernel, inputs, Type::Bool, whole)
    }

    /// `separator.join([a, b, c])`
    fn join(&mut self, separator: Node, call: &ExprCall) -> Result<Node, CompileError> {
        let whole = range(call);
        let signature = Signature { name: "join", parameters: &["items"], required: 1, named_from: 1 };
        let bound = signature.bind(call)?;
        let items = match bound[0] {
            Some(Expr::List(list)) => &list.elts[..],
            Some(Expr::Tuple(tuple)) => &tuple.elts[..],
            _ => {
                return Err(CompileError::new(whole, "`join` needs a list that is written out")
                    .hint("write it as in `\"-\".join([a, b])`")
                    .not_vectorised("`join` of a list that is not written out"));
            }
        };
        let separator = match &separator.kind {
            Kind::Constant(Some(Scalar::Str(text))) => text.clone(),
            Kind::Constant(None) => return Ok(Node::null(Type::Str, whole)),
            _ => {
                return Err(CompileError::new(separator.range, "the separator of `join` must be a constant")
                    .hint("write an f-string, as in `f\"{a}{separator}{b}\"`")
                    .not_vectorised("`join` with a separator of the row"));
            }
        };
        let mut pieces = Pieces::default();
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                pieces.push_literal(&separator);
            }
            let node = self.value(item)?;
            if !matches!(node.type_, Type::Str | Type::Null) {
                return Err(CompileError::new(
                    node.range.clone(),
                    format!("`join` needs texts, not {}", super::call::article(&node.type_.word())),
                )
                .hint(format!("write `str({})`", self.text_of(node.range))));
            }
            let node = self.coerce(node, &Type::Str)?;
            pieces.push_value(node);
        }
        self.assemble(pieces, whole)
    }

    fn split(&mut self, text: Node, call: &ExprCall) -> Result<Operand, CompileError> {
        let signature =
            Signature { name: "split", parameters: &["sep", "maxsplit"], required: 0, named_from: 0 };
        let bound = signature.bind(call)?;
        let mut inputs = vec![text];
        let mut split = Split { separator: false, limit: None };
        // `split(None)` is `split()`.
        if let Some(separator) = bound[0].filter(|argument| !argument.is_none_literal_expr()) {
            let separator = self.argument(separator, "split", &Type::Str)?;
            if matches!(separator.scalar(), Some(Scalar::Str(text)) if text.is_empty()) {
                return Err(CompileError::new(separator.range, "the separator of `split` is empty"));
            }
            inputs.push(separator);
            split.separator = true;
        }
        if let Some(limit) = bound[1] {
            let limit = self.argument(limit, "split", &Type::Int)?;
            match limit.scalar() {
                // A negative limit means none.
                Some(Scalar::Int(count)) => split.limit = usize::try_from(*count).ok(),
                _ => {
                    return Err(CompileError::new(
                        limit.range,
                        "the `maxsplit` of `split` must be a constant",
                    )
                    .not_vectorised("`split` with a limit of the row"));
                }
            }
        }
        Ok(Operand::Split(split, inputs, range(call)))
    }
}

fn unknown_method(receiver: &Type, method: &Identifier) -> CompileError {
    let error = CompileError::new(
        range(method),
        format!("there is no method `{method}` of values of type {}", receiver.word()),
    );
    let known = crate::interpreter::has_method(method.as_str());
    if known || !matches!(receiver, Type::Str | Type::Int | Type::Float | Type::Bool | Type::Null) {
        return error.not_vectorised(format!("`.{method}()`"));
    }
    match closest(method.as_str(), methods()) {
        Some(name) => error.hint(format!("did you mean `{name}`?")),
        None => error.hint(format!("the methods of texts are {}", methods().collect::<Vec<_>>().join(", "))),
    }
}
