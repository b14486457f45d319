//! The builtin functions.

use arrow::datatypes::DataType;
use ruff_python_ast::ExprCall;

use super::call::{Signature, article, starred};
use super::{Compiler, Operand};
use crate::errors::CompileError;
use crate::kernels::convert::{FloatToInt, Parse};
use crate::kernels::extreme::Extreme;
use crate::kernels::float::FloatSign;
use crate::kernels::integer::IntSign;
use crate::kernels::list::ListLength;
use crate::kernels::round::{RoundFloat, RoundInt, RoundToInt};
use crate::kernels::split::SplitLength;
use crate::kernels::text_find::TextLength;
use crate::node::Node;
use crate::parse::range;
use crate::types::Type;
use crate::value::Scalar;

pub(super) const BUILTINS: [&str; 9] = ["round", "abs", "int", "float", "str", "bool", "len", "min", "max"];

pub(crate) fn is_builtin(name: &str) -> bool {
    BUILTINS.contains(&name)
}

const fn one_argument(name: &'static str) -> Signature {
    Signature { name, parameters: &["x"], required: 1, named_from: 1 }
}

impl Compiler<'_> {
    pub(super) fn builtin(&mut self, name: &str, call: &ExprCall) -> Result<Node, CompileError> {
        let whole = range(call);
        let node = match name {
            "round" => self.round(call)?,
            "min" => return self.extreme(call, false),
            "max" => return self.extreme(call, true),
            "len" => self.len(call)?,
            "abs" => {
                let node = self.only(call, &one_argument("abs"))?;
                let node = self.load(node)?;
                self.sign(node, "abs", IntSign::Absolute, FloatSign::Absolute, whole.clone())?
            }
            "int" => {
                let node = self.only(call, &one_argument("int"))?;
                self.to_int(node)?
            }
            "float" => {
                let node = self.only(call, &one_argument("float"))?;
                self.to_float(node)?
            }
            "str" => {
                let node = self.only(call, &one_argument("str"))?;
                self.to_text(node)?
            }
            _ => {
                let node = self.only(call, &one_argument("bool"))?;
                let node = self.testable(node)?;
                self.truth_of(node)?
            }
        };
        Ok(Node { range: whole, ..node })
    }

    fn only(&mut self, call: &ExprCall, signature: &Signature) -> Result<Node, CompileError> {
        let count = call.arguments.args.len() + call.arguments.keywords.len();
        if count == 0 && signature.name != "abs" || count == 2 && signature.name == "int" {
            return Err(CompileError::new(range(call), format!("`{}` needs one argument", signature.name))
                .not_vectorised(format!("`{}` with {count} arguments", signature.name)));
        }
        match signature.bind(call)?.first() {
            Some(Some(argument)) => self.raw(argument),
            _ => Err(CompileError::new(range(call), format!("`{}` needs an argument", signature.name))),
        }
    }

    fn to_int(&self, node: Node) -> Result<Node, CompileError> {
        let range = node.range.clone();
        let node = match &node.type_ {
            Type::Raw(DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..)) => {
                let kernel = crate::kernels::cast::Cast {
                    to: DataType::Int64,
                    message: crate::kernels::integer::OVERFLOW,
                };
                return self.strict(kernel, vec![node], Type::Int, range);
            }
            _ => self.load(node)?,
        };
        match node.type_ {
            Type::Bool | Type::Int | Type::Null => self.coerce(node, &Type::Int),
            Type::Float => self.strict(FloatToInt, vec![node], Type::Int, range),
            Type::Str => self.strict(Parse::Int, vec![node], Type::Int, range),
            ref other => Err(no_conversion("int", other, range)),
        }
    }

    fn to_float(&self, node: Node) -> Result<Node, CompileError> {
        let range = node.range.clone();
        let node = match &node.type_ {
            Type::Raw(DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..)) => {
                return self.decimal_to_float(node);
            }
            _ => self.load(node)?,
        };
        match node.type_ {
            Type::Bool | Type::Int | Type::Float | Type::Null => self.coerce(node, &Type::Float),
            Type::Str => self.strict(Parse::Float, vec![node], Type::Float, range),
            ref other => Err(no_conversion("float", other, range)),
        }
    }

    fn round(&mut self, call: &ExprCall) -> Result<Node, CompileError> {
        let signature =
            Signature { name: "round", parameters: &["number", "ndigits"], required: 1, named_from: 0 };
        let whole = range(call);
        let bound = signature.bind(call)?;
        let (Some(number), digits) = (bound[0], bound[1]) else {
            return Err(CompileError::new(whole, "`round` needs an argument"));
        };
        let node = self.value(number)?;
        // `round(x, None)` is `round(x)`.
        let digits = match digits {
            Some(digits) if !digits.is_none_literal_expr() => {
                Some(self.argument(digits, "round", &Type::Int)?)
            }
            _ => None,
        };
        match (&node.type_, digits) {
            (Type::Null, _) => Ok(Node::null(Type::Null, whole)),
            (Type::Bool | Type::Int, None) => self.coerce(node, &Type::Int),
            (Type::Bool | Type::Int, Some(digits)) => {
                let node = self.coerce(node, &Type::Int)?;
                if matches!(digits.scalar(), Some(Scalar::Int(0..))) {
                    return Ok(node);
                }
                self.strict(RoundInt, vec![node, digits], Type::Int, whole)
            }
            (Type::Float, None) => self.strict(RoundToInt, vec![node], Type::Int, whole),
            (Type::Float, Some(digits)) => self.strict(RoundFloat, vec![node, digits], Type::Float, whole),
            (other, _) => Err(no_conversion("round", other, node.range.clone())),
        }
    }

    fn len(&mut self, call: &ExprCall) -> Result<Node, CompileError> {
        let whole = range(call);
        let bound = one_argument("len").bind(call)?;
        let Some(Some(argument)) = bound.first() else {
            return Err(CompileError::new(whole, "`len` needs an argument"));
        };
        match self.operand(argument)? {
            Operand::List(items, _) => Ok(Node::constant(Some(Scalar::Int(items.len() as i64)), whole)),
            Operand::Dict(items, _) => {
                let keys: hashbrown::HashSet<String> =
                    items.iter().map(|(key, _)| format!("{key:?}")).collect();
                Ok(Node::constant(Some(Scalar::Int(keys.len() as i64)), whole))
            }
            Operand::Split(split, inputs, _) => self.strict(SplitLength(split), inputs, Type::Int, whole),
            Operand::Module(value, range) => Operand::Module(value, range).single(),
            Operand::Value(node) if node.type_.item().is_some() => {
                self.strict(ListLength, vec![node], Type::Int, whole)
            }
            Operand::Value(node) => {
                let node = self.load(node)?;
                match node.type_ {
                    Type::Str => self.strict(TextLength, vec![node], Type::Int, whole),
                    Type::Null => Ok(Node::null(Type::Int, whole)),
                    ref other => Err(CompileError::new(
                        node.range.clone(),
                        format!("a value of type {} has no `len`", other.word()),
                    )
                    .not_vectorised_if(matches!(other, Type::Raw(_)), "`len`")),
                }
            }
        }
    }

    /// `min` and `max`, of arguments or of the items of a list.
    fn extreme(&mut self, call: &ExprCall, greatest: bool) -> Result<Node, CompileError> {
        let name = if greatest { "max" } else { "min" };
        let whole = range(call);
        if let Some(keyword) = call.arguments.keywords.first() {
            return Err(match &keyword.arg {
                Some(key) => CompileError::new(
                    range(keyword),
                    format!("the argument `{key}` of `{name}` is not supported"),
                )
                .not_vectorised(format!("`{name}` with `{key}`")),
                None => starred(range(keyword)),
            });
        }
        let mut operands = Vec::new();
        for argument in &call.arguments.args {
            if argument.is_starred_expr() {
                return Err(starred(range(argument)));
            }
            operands.push(self.operand(argument)?);
        }
        if let [Operand::List(..)] = operands.as_slice()
            && let Some(Operand::List(items, _)) = operands.pop()
        {
            operands = items;
            if operands.is_empty() {
                return Err(CompileError::new(whole, format!("`{name}` of an empty list")));
            }
        } else if operands.len() < 2 {
            let scalar = matches!(operands.as_slice(), [Operand::Value(node)]
                if !matches!(node.type_, Type::Raw(_) | Type::Str | Type::Null));
            return Err(CompileError::new(whole, format!("`{name}` needs two arguments, or a list"))
                .hint(format!("`{name}` compares values of one row; it does not aggregate a column"))
                .not_vectorised_if(!scalar && !operands.is_empty(), &format!("`{name}` of a list")));
        }
        let mut nodes = Vec::with_capacity(operands.len());
        for operand in operands {
            let node = operand.single()?;
            nodes.push(self.load(node)?);
        }
        let (nodes, type_) = self.unify(nodes, &format!("the arguments of `{name}`"))?;
        if matches!(type_, Type::Raw(_)) {
            return Err(CompileError::new(whole, format!("`{name}` of lists is not supported"))
                .not_vectorised(format!("`{name}` of lists")));
        }
        let mut nodes = nodes.into_iter();
        let Some(mut result) = nodes.next() else {
            return Err(CompileError::new(whole, format!("`{name}` needs an argument")));
        };
        for node in nodes {
            let kernel = Extreme { greatest, type_: type_.clone() };
            result = if type_ == Type::Null {
                Node::null(Type::Null, whole.clone())
            } else {
                self.strict(kernel, vec![result, node], type_.clone(), whole.clone())?
            };
        }
        Ok(Node { range: whole, ..result })
    }
}

fn no_conversion(function: &str, type_: &Type, range: std::ops::Range<usize>) -> CompileError {
    CompileError::new(range, format!("`{function}` does not take {}", article(&type_.word())))
}
