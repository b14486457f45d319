//! Literals, and the displays of lists and dicts.

use std::ops::Range;

use ruff_python_ast::{Expr, ExprDict, Number};

use super::{Compiler, Operand};
use crate::errors::CompileError;
use crate::node::Node;
use crate::parse::{literal_text, range};
use crate::value::Scalar;

/// A literal of a single value.
pub(super) fn literal(expression: &Expr) -> Result<Node, CompileError> {
    let scalar = match expression {
        Expr::StringLiteral(literal) => Some(Scalar::Str(literal_text(&literal.value).into())),
        Expr::BooleanLiteral(literal) => Some(Scalar::Bool(literal.value)),
        Expr::NumberLiteral(literal) => Some(match &literal.value {
            Number::Int(int) => Scalar::Int(int.as_i64().ok_or_else(|| too_large(range(literal)))?),
            Number::Float(float) => Scalar::Float(*float),
            Number::Complex { .. } => {
                return Err(CompileError::new(range(literal), "complex numbers are not supported"));
            }
        }),
        _ => None,
    };
    Ok(Node::constant(scalar, range(expression)))
}

/// `-9223372036854775808`: its digits alone are no int of 64 bits.
pub(super) fn smallest_int(operand: &Expr, whole: Range<usize>) -> Option<Node> {
    match operand {
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(int) if int.as_u64() == Some(1 << 63) => {
                Some(Node::constant(Some(Scalar::Int(i64::MIN)), whole))
            }
            _ => None,
        },
        _ => None,
    }
}

impl Compiler<'_> {
    pub(super) fn display(&mut self, items: &[Expr], range: Range<usize>) -> Result<Operand, CompileError> {
        let items = items.iter().map(|item| self.operand(item)).collect::<Result<Vec<_>, _>>()?;
        Ok(Operand::List(items, range))
    }

    pub(super) fn dict(&mut self, dict: &ExprDict) -> Result<Operand, CompileError> {
        let mut items = Vec::with_capacity(dict.items.len());
        for item in &dict.items {
            let Some(key) = &item.key else {
                return Err(CompileError::new(range(&item.value), "`**` in a dict is not supported")
                    .hint("write the keys out")
                    .not_vectorised("`**` in a dict"));
            };
            let key = self.raw(key)?;
            let scalar = match key.scalar() {
                Some(Scalar::Bool(value)) => Scalar::Int(i64::from(*value)),
                Some(scalar @ (Scalar::Int(_) | Scalar::Str(_))) => scalar.clone(),
                _ => {
                    return Err(CompileError::new(key.range, "the keys of a dict must be constants")
                        .hint("keys are int or str")
                        .not_vectorised("a dict whose keys are no constants"));
                }
            };
            let value = self.raw(&item.value)?;
            if !value.is_constant() {
                return Err(CompileError::new(value.range, "the values of a dict must be constants")
                    .hint("write `a if key == \"x\" else b` for values that depend on the row")
                    .not_vectorised("a dict whose values depend on the row"));
            }
            items.push((scalar, value));
        }
        Ok(Operand::Dict(items, range(dict)))
    }
}

fn too_large(range: Range<usize>) -> CompileError {
    CompileError::new(range, "the int does not fit into 64 bits")
        .hint("ints are from -9223372036854775808 to 9223372036854775807; write a float, as in `1e20`")
}
