//! Unary and binary operators.

use std::ops::Range;

use ruff_python_ast::{ExprBinOp, ExprUnaryOp, Operator, UnaryOp};

use super::literal::smallest_int;
use super::text::Pieces;
use super::{Compiler, Operand};
use crate::errors::CompileError;
use crate::kernels::float::{FloatArithmetic, FloatSign};
use crate::kernels::integer::{IntArithmetic, IntSign, TrueDivide};
use crate::kernels::text_change::Repeat;
use crate::kernels::truth::Truth;
use crate::node::Node;
use crate::parse::range;
use crate::types::Type;
use crate::value::Scalar;

impl Compiler<'_> {
    pub(super) fn unary(&mut self, operation: &ExprUnaryOp) -> Result<Operand, CompileError> {
        let whole = range(operation);
        if operation.op != UnaryOp::USub {
            return self.unary_node(operation).map(Operand::Value);
        }
        if let Some(node) = smallest_int(&operation.operand, whole.clone()) {
            return Ok(Operand::Value(node));
        }
        match self.operand(&operation.operand)? {
            Operand::Module(value, _) => Self::negated(value, whole),
            other => {
                let node = other.single()?;
                let node = self.load(node)?;
                self.sign(node, "-", IntSign::Negate, FloatSign::Negate, whole).map(Operand::Value)
            }
        }
    }

    fn unary_node(&mut self, operation: &ExprUnaryOp) -> Result<Node, CompileError> {
        let whole = range(operation);
        match operation.op {
            UnaryOp::Not => {
                let node = self.condition(&operation.operand)?;
                self.apply(Truth { negated: true }, vec![node], Type::Bool, false, whole)
            }
            UnaryOp::Invert => Err(CompileError::new(whole, "the operator `~` is not supported")
                .hint("write `not x`")
                .not_vectorised("the operator `~`")),
            UnaryOp::USub | UnaryOp::UAdd => {
                let node = self.value(&operation.operand)?;
                match node.type_ {
                    Type::Int | Type::Float | Type::Null | Type::Timedelta => {
                        Ok(Node { range: whole, ..node })
                    }
                    Type::Bool => self.coerce(node, &Type::Int),
                    ref other => Err(no_sign("+", other, whole)),
                }
            }
        }
    }

    /// `-x` and `abs(x)`.
    pub(super) fn sign(
        &self,
        node: Node,
        symbol: &str,
        int: IntSign,
        float: FloatSign,
        range: Range<usize>,
    ) -> Result<Node, CompileError> {
        match node.type_ {
            Type::Bool | Type::Int => {
                let node = self.coerce(node, &Type::Int)?;
                self.strict(int, vec![node], Type::Int, range)
            }
            Type::Float => self.strict(float, vec![node], Type::Float, range),
            Type::Null => Ok(Node::null(Type::Null, range)),
            Type::Timedelta => self.timedelta_sign(node, matches!(int, IntSign::Absolute), range),
            ref other => Err(no_sign(symbol, other, range)),
        }
    }

    pub(super) fn binary(&mut self, operation: &ExprBinOp) -> Result<Operand, CompileError> {
        let whole = range(operation);
        let symbol = operation.op.as_str();
        if let Some(hint) = refused(operation.op) {
            let error =
                CompileError::new(whole, format!("the operator `{symbol}` is not supported")).hint(hint);
            return Err(if operation.op == Operator::MatMult {
                error
            } else {
                error.not_vectorised(format!("the operator `{symbol}`"))
            });
        }
        let left = self.operand(&operation.left)?;
        let right = self.operand(&operation.right)?;
        let (left, right) = match self.module_operation(operation.op, left, right, whole.clone())? {
            Ok(result) => return Ok(result),
            Err(operands) => operands,
        };
        let (left, right) = (left.single()?, right.single()?);
        self.operation(operation.op, left, right, whole).map(Operand::Value)
    }

    fn operation(
        &mut self,
        operator: Operator,
        left: Node,
        right: Node,
        whole: Range<usize>,
    ) -> Result<Node, CompileError> {
        let symbol = operator.as_str();
        let (left, right) = (self.load(left)?, self.load(right)?);
        match (&left.type_, operator, &right.type_) {
            (Type::Str, Operator::Add, Type::Str) => {
                let mut pieces = Pieces::default();
                pieces.push_value(left);
                pieces.push_value(right);
                return self.assemble(pieces, whole);
            }
            (Type::Str, Operator::Mult, Type::Int | Type::Bool) => return self.repeat(left, right, whole),
            (Type::Int | Type::Bool, Operator::Mult, Type::Str) => return self.repeat(right, left, whole),
            (Type::Str, Operator::Mod, _) => {
                return Err(CompileError::new(whole, "`%` does not format texts here")
                    .hint("write an f-string, as in `f\"{x:.2f}\"`")
                    .not_vectorised("`%` of texts"));
            }
            _ => {}
        }
        let usable = |type_: &Type| type_.is_number() || *type_ == Type::Null;
        if !usable(&left.type_) || !usable(&right.type_) {
            return Err(mismatch(symbol, &left.type_, &right.type_, whole));
        }
        if left.type_ == Type::Null || right.type_ == Type::Null {
            return Ok(Node::null(Type::Null, whole));
        }
        self.arithmetic(operator, left, right, whole)
    }

    fn repeat(&self, text: Node, count: Node, range: Range<usize>) -> Result<Node, CompileError> {
        let count = self.coerce(count, &Type::Int)?;
        self.strict(Repeat, vec![text, count], Type::Str, range)
    }

    fn arithmetic(
        &self,
        operator: Operator,
        left: Node,
        right: Node,
        range: Range<usize>,
    ) -> Result<Node, CompileError> {
        // The power of two ints is a float if the exponent is negative: known if it is a constant.
        let fraction = operator == Operator::Pow
            && matches!(right.scalar(), Some(Scalar::Int(exponent)) if *exponent < 0);
        let floats = left.type_ == Type::Float || right.type_ == Type::Float || fraction;
        let type_ = if floats { Type::Float } else { Type::Int };
        let inputs = vec![self.coerce(left, &type_)?, self.coerce(right, &type_)?];
        if floats {
            let kernel = match operator {
                Operator::Add => FloatArithmetic::Add,
                Operator::Sub => FloatArithmetic::Subtract,
                Operator::Mult => FloatArithmetic::Multiply,
                Operator::Div => FloatArithmetic::Divide,
                Operator::FloorDiv => FloatArithmetic::FloorDivide,
                Operator::Mod => FloatArithmetic::Modulo,
                _ => FloatArithmetic::Power,
            };
            return self.strict(kernel, inputs, Type::Float, range);
        }
        let kernel = match operator {
            Operator::Add => IntArithmetic::Add,
            Operator::Sub => IntArithmetic::Subtract,
            Operator::Mult => IntArithmetic::Multiply,
            Operator::Div => return self.strict(TrueDivide, inputs, Type::Float, range),
            Operator::FloorDiv => IntArithmetic::FloorDivide,
            Operator::Mod => IntArithmetic::Modulo,
            _ => IntArithmetic::Power,
        };
        self.strict(kernel, inputs, Type::Int, range)
    }
}

/// What to write in place of an operator that is not supported.
fn refused(operator: Operator) -> Option<&'static str> {
    match operator {
        Operator::BitAnd => Some("write `a and b`"),
        Operator::BitOr => Some("write `a or b`"),
        Operator::BitXor => Some("write `a != b` for two bools"),
        Operator::LShift => Some("write `x * 2 ** n`"),
        Operator::RShift => Some("write `x // 2 ** n`"),
        Operator::MatMult => Some("there are no matrices"),
        _ => None,
    }
}

/// Whether values of a type have operators that are not evaluated column by column.
fn is_other(type_: &Type) -> bool {
    type_.is_temporal() || matches!(type_, Type::Raw(_))
}

fn no_sign(symbol: &str, type_: &Type, range: Range<usize>) -> CompileError {
    let error =
        CompileError::new(range, format!("`{symbol}` cannot be applied to a value of type {}", type_.word()));
    if is_other(type_) { error.not_vectorised(format!("`{symbol}` of a {}", type_.word())) } else { error }
}

fn mismatch(symbol: &str, left: &Type, right: &Type, range: Range<usize>) -> CompileError {
    let error = CompileError::new(
        range,
        format!("`{symbol}` cannot be applied to {} and {}", left.word(), right.word()),
    );
    if is_other(left) || is_other(right) {
        return error.not_vectorised(format!("`{symbol}` of {} and {}", left.word(), right.word()));
    }
    match (left, symbol, right) {
        (Type::Str, "+", _) | (_, "+", Type::Str) => {
            error.hint("write an f-string, as in `f\"{a}{b}\"`, or convert with `str(..)`")
        }
        (Type::Str, ..) | (.., Type::Str) => error.hint("convert the text with `int(..)` or `float(..)`"),
        _ => error,
    }
}
