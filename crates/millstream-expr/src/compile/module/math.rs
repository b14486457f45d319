//! `math` over columns.

use ruff_python_ast::ExprCall;

use crate::compile::Compiler;
use crate::compile::call::{Signature, article, starred};
use crate::errors::CompileError;
use crate::kernels::elementwise::{Floats, Ints, Truths, binary, several, unary};
use crate::modules::math::{self, Function};
use crate::node::Node;
use crate::parse::range;
use crate::types::Type;
use crate::value::Scalar;

impl Compiler<'_> {
    pub(super) fn math_call(&mut self, name: &'static str, call: &ExprCall) -> Result<Node, CompileError> {
        let whole = range(call);
        let short = name.strip_prefix("math.").unwrap_or(name);
        match short {
            "log" => {
                let signature =
                    Signature { name: "log", parameters: &["x", "base"], required: 1, named_from: 2 };
                let nodes = self.floats(call, &signature)?;
                return if nodes.len() == 1 {
                    let kernel = unary::<Floats, Floats, _>(Type::Float, |value| math::log(value, None));
                    self.strict(kernel, nodes, Type::Float, whole)
                } else {
                    let kernel = binary::<Floats, Floats, Floats, _>(Type::Float, |value, base| {
                        math::log(value, Some(base))
                    });
                    self.strict(kernel, nodes, Type::Float, whole)
                };
            }
            "ulp" => {
                let signature = Signature { name: "ulp", parameters: &["x"], required: 1, named_from: 1 };
                let nodes = self.floats(call, &signature)?;
                let kernel = unary::<Floats, Floats, _>(Type::Float, |value| Ok(math::ulp(value)));
                return self.strict(kernel, nodes, Type::Float, whole);
            }
            "hypot" => {
                const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
                let signature = Signature { name: "hypot", parameters: &NAMES, required: 0, named_from: 8 };
                let nodes = self.floats(call, &signature)?;
                if nodes.is_empty() {
                    return Ok(Node::constant(Some(Scalar::Float(0.0)), whole));
                }
                let kernel = several::<Floats, _>(Type::Float, |items| {
                    Ok(math::hypot(items.iter().map(|item| item.float())))
                });
                return self.strict(kernel, nodes, Type::Float, whole);
            }
            "isclose" => {
                let signature = Signature {
                    name: "isclose",
                    parameters: &["a", "b", "rel_tol", "abs_tol"],
                    required: 2,
                    named_from: 0,
                };
                let bound = signature.bind(call)?;
                let mut nodes = Vec::with_capacity(4);
                for (index, argument) in bound.into_iter().enumerate() {
                    nodes.push(if let Some(argument) = argument {
                        let node = self.value(argument)?;
                        self.number(node, "isclose", &Type::Float)?
                    } else {
                        let default = if index == 2 { 1e-9 } else { 0.0 };
                        Node::constant(Some(Scalar::Float(default)), whole.clone())
                    });
                }
                let kernel = several::<Truths, _>(Type::Bool, |items| {
                    math::is_close(items[0].float(), items[1].float(), items[2].float(), items[3].float())
                });
                return self.strict(kernel, nodes, Type::Bool, whole);
            }
            _ => {}
        }
        let Some(function) = math::function(short) else {
            return Err(CompileError::new(whole, format!("`{name}` is not supported here"))
                .hint("compute it from its parts"));
        };
        let signature = |parameters: &'static [&'static str]| Signature {
            name: short_name(name),
            parameters,
            required: parameters.len(),
            named_from: parameters.len(),
        };
        match function {
            Function::Whole(round) => {
                let bound = signature(&["x"]).bind(call)?;
                let Some(argument) = bound[0] else { return Err(missing(name, call)) };
                let node = self.value(argument)?;
                if node.type_ == Type::Float {
                    let kernel = unary::<Floats, Ints, _>(Type::Int, move |value| math::to_int(round, value));
                    self.strict(kernel, vec![node], Type::Int, whole)
                } else {
                    let node = self.number(node, short, &Type::Int)?;
                    Ok(Node { range: whole, ..node })
                }
            }
            Function::Float(function) => {
                let nodes = self.floats(call, &signature(&["x"]))?;
                self.strict(unary::<Floats, Floats, _>(Type::Float, function), nodes, Type::Float, whole)
            }
            Function::Floats(function) => {
                let nodes = self.floats(call, &signature(&["x", "y"]))?;
                self.strict(
                    binary::<Floats, Floats, Floats, _>(Type::Float, function),
                    nodes,
                    Type::Float,
                    whole,
                )
            }
            Function::Test(test) => {
                let nodes = self.floats(call, &signature(&["x"]))?;
                let kernel = unary::<Floats, Truths, _>(Type::Bool, move |value| Ok(test(value)));
                self.strict(kernel, nodes, Type::Bool, whole)
            }
            Function::Int(function) => {
                let bound = signature(&["n"]).bind(call)?;
                let Some(argument) = bound[0] else { return Err(missing(name, call)) };
                let node = self.argument(argument, short, &Type::Int)?;
                self.strict(unary::<Ints, Ints, _>(Type::Int, function), vec![node], Type::Int, whole)
            }
            Function::Ints(function) => {
                let signature = Signature { required: 1, ..signature(&["n", "k"]) };
                let bound = signature.bind(call)?;
                let mut nodes = Vec::with_capacity(2);
                for argument in bound.iter().flatten() {
                    nodes.push(self.argument(argument, short, &Type::Int)?);
                }
                match (nodes.len(), short) {
                    // `perm(n)` is `factorial(n)`.
                    (1, "perm") => {
                        let kernel = unary::<Ints, Ints, _>(Type::Int, move |n| function(n, n));
                        self.strict(kernel, nodes, Type::Int, whole)
                    }
                    (2, _) => self.strict(
                        binary::<Ints, Ints, Ints, _>(Type::Int, function),
                        nodes,
                        Type::Int,
                        whole,
                    ),
                    _ => Err(missing(name, call)),
                }
            }
            Function::Fold(start, function) => {
                let mut result = Node::constant(Some(Scalar::Int(start)), whole.clone());
                for argument in &call.arguments.args {
                    if argument.is_starred_expr() {
                        return Err(starred(range(argument)));
                    }
                    let node = self.argument(argument, short, &Type::Int)?;
                    let kernel = binary::<Ints, Ints, Ints, _>(Type::Int, function);
                    result = self.strict(kernel, vec![result, node], Type::Int, whole.clone())?;
                }
                Ok(result)
            }
        }
    }

    /// All arguments, as floats.
    fn floats(&mut self, call: &ExprCall, signature: &Signature) -> Result<Vec<Node>, CompileError> {
        let bound = signature.bind(call)?;
        let mut nodes = Vec::with_capacity(bound.len());
        for argument in bound.into_iter().flatten() {
            let node = self.value(argument)?;
            nodes.push(self.number(node, signature.name, &Type::Float)?);
        }
        Ok(nodes)
    }

    /// A number as a float, or an int or a bool as an int.
    fn number(&self, node: Node, function: &str, type_: &Type) -> Result<Node, CompileError> {
        match node.type_ {
            Type::Null | Type::Bool | Type::Int => self.coerce(node, type_),
            Type::Float if *type_ == Type::Float => Ok(node),
            ref other => Err(CompileError::new(
                node.range.clone(),
                format!("`{function}` needs a number here, not {}", article(&other.word())),
            )),
        }
    }
}

fn short_name(name: &'static str) -> &'static str {
    name.rsplit('.').next().unwrap_or(name)
}

fn missing(name: &str, call: &ExprCall) -> CompileError {
    CompileError::new(range(call), format!("`{name}` needs another argument"))
}
