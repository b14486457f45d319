//! From a syntax tree to a tree of kernels: names are resolved, types checked, constants folded.

mod arithmetic;
mod builtin;
mod call;
mod coerce;
mod compare;
mod library;
mod literal;
mod logic;
mod method;
mod module;
mod names;
mod subscript;
mod temporal;
mod text;

use std::ops::Range;

use hashbrown::HashMap;
use ruff_python_ast::Expr;
use ruff_text_size::Ranged;

use crate::errors::CompileError;
use crate::function::{Constant, Library};
use crate::kernels::split::Split;
use crate::node::{Kernel, Node};
use crate::parse::{dotted, for_each_child, range};
use crate::scope::Scope;
use crate::types::Type;
use crate::value::Scalar;

pub(crate) use builtin::is_builtin;
use literal::literal;
use module::ModuleValue;
pub(crate) use names::closest;

/// What a part of an expression is while it is compiled. Only values exist when it is evaluated.
pub(crate) enum Operand {
    Value(Node),
    /// The display of a list, a tuple or a set.
    List(Vec<Operand>, Range<usize>),
    /// The display of a dict, with constant keys and values.
    Dict(Vec<(Scalar, Node)>, Range<usize>),
    /// `text.split(..)`, which must be indexed or counted.
    Split(Split, Vec<Node>, Range<usize>),
    /// A value of a module that no column holds.
    Module(ModuleValue, Range<usize>),
}

impl Operand {
    pub(crate) fn range(&self) -> Range<usize> {
        match self {
            Self::Value(node) => node.range.clone(),
            Self::List(_, range)
            | Self::Dict(_, range)
            | Self::Split(_, _, range)
            | Self::Module(_, range) => range.clone(),
        }
    }

    /// The constant as hosts see it, lists included.
    pub(crate) fn constant(&self) -> Option<Constant> {
        match self {
            Self::Value(node) => node.host_constant(),
            Self::List(items, _) => {
                items.iter().map(Self::constant).collect::<Option<Vec<_>>>().map(Constant::List)
            }
            Self::Dict(items, _) => items
                .iter()
                .map(|(key, value)| Some((key.constant()?, value.host_constant()?)))
                .collect::<Option<Vec<_>>>()
                .map(Constant::Dict),
            Self::Split(..) | Self::Module(..) => None,
        }
    }

    /// The value, if it is a single one.
    fn single(self) -> Result<Node, CompileError> {
        let is_module = matches!(self, Self::Module(..));
        let (what, hint) = match &self {
            Self::Value(_) => ("", ""),
            Self::List(..) => ("a list", "index it, as in `[1, 2, 3][i]`, or test it with `x in [1, 2, 3]`"),
            Self::Dict(..) => ("a dict", "index it, as in `{\"a\": 1}[key]`"),
            Self::Split(..) => ("the list of `split`", "index it, as in `x.split(\",\")[0]`"),
            Self::Module(value, _) => value.words(),
        };
        match self {
            Self::Value(node) => Ok(node),
            Self::Module(value, range) => value.single(range),
            other => Err(CompileError::new(
                other.range(),
                format!("{what} is not a single value, and cannot be used here"),
            )
            .hint(hint)
            .not_vectorised_if(!is_module, what)),
        }
    }

    /// Its type in Python's words.
    fn word(&self) -> String {
        match self {
            Self::Value(node) => node.type_.word().into_owned(),
            Self::List(..) | Self::Split(..) => "list".to_owned(),
            Self::Dict(..) => "dict".to_owned(),
            Self::Module(value, _) => value.word().to_owned(),
        }
    }
}

/// Compiles the parts of one expression.
pub(crate) struct Compiler<'a> {
    source: &'a str,
    scope: &'a dyn Scope,
    library: &'a dyn Library,
    /// The ordinal of each library call, by the byte that it starts at.
    ordinals: HashMap<usize, u64>,
    /// Names that stand for paths of the library: imported ones.
    paths: HashMap<String, String>,
    /// How many choices the current part depends on: in one, a constant that fails is no error of the expression.
    conditional: usize,
}

impl<'a> Compiler<'a> {
    pub(crate) fn new(
        source: &'a str,
        scope: &'a dyn Scope,
        library: &'a dyn Library,
        expression: &Expr,
    ) -> Self {
        let mut compiler = Self::bare(source, scope, library);
        let mut starts = Vec::new();
        let mut open = vec![expression];
        while let Some(expression) = open.pop() {
            if let Expr::Call(call) = expression
                && dotted(&call.func).is_some_and(|names| {
                    // Functions of modules draw nothing.
                    compiler.module_path(&names, true).is_none() && compiler.is_library_call(&names)
                })
            {
                starts.push(call.start().to_usize());
            }
            for_each_child(expression, &mut |child| open.push(child));
        }
        starts.sort_unstable();
        compiler.ordinals =
            starts.into_iter().enumerate().map(|(ordinal, start)| (start, ordinal as u64)).collect();
        compiler
    }

    /// A compiler for parts of a text without calls of the library.
    pub(crate) fn bare(source: &'a str, scope: &'a dyn Scope, library: &'a dyn Library) -> Self {
        Self { source, scope, library, ordinals: HashMap::new(), paths: HashMap::new(), conditional: 0 }
    }

    /// A compiler for parts of a larger text, whose calls have been numbered, and whose imports are known.
    pub(crate) fn inside(
        source: &'a str,
        scope: &'a dyn Scope,
        library: &'a dyn Library,
        ordinals: HashMap<usize, u64>,
        paths: HashMap<String, String>,
    ) -> Self {
        // What fails is one of the rows that get there.
        Self { source, scope, library, ordinals, paths, conditional: 1 }
    }

    /// Compiles an expression; none if it is a value of a module that no column holds.
    pub(crate) fn root_or_module(&mut self, expression: &Expr) -> Result<Option<Node>, CompileError> {
        match self.operand(expression)? {
            Operand::Module(..) => Ok(None),
            operand => operand.single().map(Some),
        }
    }

    /// Compiles a whole expression, which must have one value.
    pub(crate) fn root(&mut self, expression: &Expr) -> Result<Node, CompileError> {
        self.raw(expression)
    }

    pub(crate) fn operand(&mut self, expression: &Expr) -> Result<Operand, CompileError> {
        let refuse = |what: &str, hint: &str| {
            Err(CompileError::new(range(expression), format!("{what} are not supported"))
                .hint(hint)
                .not_vectorised(what))
        };
        let node = match expression {
            Expr::StringLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_) => literal(expression)?,
            Expr::List(list) => return self.display(&list.elts, range(list)),
            Expr::Tuple(tuple) => return self.display(&tuple.elts, range(tuple)),
            Expr::Set(set) => return self.display(&set.elts, range(set)),
            Expr::Dict(dict) => return self.dict(dict),
            Expr::Name(name) => self.name(name)?,
            Expr::Attribute(attribute) => return self.attribute(attribute, dotted(expression)),
            Expr::BinOp(operation) => return self.binary(operation),
            Expr::UnaryOp(operation) => return self.unary(operation),
            Expr::Compare(comparison) => self.comparison(comparison)?,
            Expr::BoolOp(operation) => self.bool_operation(operation)?,
            Expr::If(conditional) => self.conditional_expression(conditional)?,
            Expr::FString(string) => self.f_string(string)?,
            Expr::Subscript(subscript) => return self.subscript(subscript),
            Expr::Call(call) => return self.call(call),
            Expr::Lambda(_) => return refuse("lambdas", "write the expression itself"),
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) => {
                return refuse("comprehensions", "write the items out as a list");
            }
            Expr::Named(_) => {
                return refuse("assignments", "put the intermediate value into a column of its own");
            }
            Expr::BytesLiteral(_) => return refuse("bytes", "write a text without the `b`"),
            Expr::TString(_) => return refuse("template strings", "write an f-string"),
            Expr::Starred(_) => return refuse("starred expressions", "write the items out"),
            Expr::EllipsisLiteral(_) => return refuse("ellipses", "write `None` for no value"),
            Expr::Slice(_) => return refuse("slices outside of brackets", "write `text[start:stop]`"),
            Expr::Await(_) | Expr::Yield(_) | Expr::YieldFrom(_) => {
                return refuse("await and yield", "an expression has one value for each row");
            }
            Expr::IpyEscapeCommand(_) => return refuse("escape commands", "write a Python expression"),
        };
        Ok(Operand::Value(node))
    }

    /// A value of any type, as its column has it.
    fn raw(&mut self, expression: &Expr) -> Result<Node, CompileError> {
        let operand = self.operand(expression)?;
        operand.single()
    }

    /// A value of a type of the language.
    fn value(&mut self, expression: &Expr) -> Result<Node, CompileError> {
        let node = self.raw(expression)?;
        self.load(node)
    }

    /// Compiles a part that may be skipped for some rows.
    fn conditionally<T>(
        &mut self,
        compile: impl FnOnce(&mut Self) -> Result<T, CompileError>,
    ) -> Result<T, CompileError> {
        self.conditional += 1;
        let result = compile(self);
        self.conditional -= 1;
        result
    }

    /// A kernel whose result is null wherever an input is, and nowhere else.
    fn strict(
        &self,
        kernel: impl Kernel + 'static,
        inputs: Vec<Node>,
        type_: Type,
        range: Range<usize>,
    ) -> Result<Node, CompileError> {
        let nullable = inputs.iter().any(|input| input.nullable);
        self.apply(kernel, inputs, type_, nullable, range)
    }

    fn apply(
        &self,
        kernel: impl Kernel + 'static,
        inputs: Vec<Node>,
        type_: Type,
        nullable: bool,
        range: Range<usize>,
    ) -> Result<Node, CompileError> {
        Node::apply(kernel, inputs, type_, nullable, range, self.conditional > 0)
    }

    /// The text of a part, as it was written.
    fn text_of(&self, range: Range<usize>) -> &'a str {
        self.source.get(range).unwrap_or_default()
    }
}
