//! `and`, `or`, conditional expressions.

use ruff_python_ast::{BoolOp, Expr, ExprBoolOp, ExprIf};

use super::Compiler;
use super::coerce::conversion_hint;
use crate::errors::CompileError;
use crate::kernels::truth::{Truth, truth};
use crate::node::{Kind, Node};
use crate::parse::range;
use crate::types::Type;
use crate::value::Value;

impl Compiler<'_> {
    /// A value whose truth is asked for.
    pub(super) fn condition(&mut self, expression: &Expr) -> Result<Node, CompileError> {
        let node = self.raw(expression)?;
        self.testable(node)
    }

    pub(super) fn testable(&self, node: Node) -> Result<Node, CompileError> {
        if node.type_.item().is_some() { Ok(node) } else { self.load(node) }
    }

    pub(super) fn bool_operation(&mut self, operation: &ExprBoolOp) -> Result<Node, CompileError> {
        let and = operation.op == BoolOp::And;
        let mut nodes = Vec::with_capacity(operation.values.len());
        for (index, value) in operation.values.iter().enumerate() {
            nodes.push(if index == 0 {
                self.condition(value)?
            } else {
                self.conditionally(|compiler| compiler.condition(value))?
            });
        }
        let common = nodes.iter().try_fold(Type::Null, |type_, node| type_.unify(&node.type_));
        let (nodes, type_) = match common {
            Some(type_) => (
                nodes.into_iter().map(|node| self.coerce(node, &type_)).collect::<Result<Vec<_>, _>>()?,
                type_,
            ),
            // Of different types: only the truth of them remains.
            None => (
                nodes.into_iter().map(|node| self.truth_of(node)).collect::<Result<Vec<_>, _>>()?,
                Type::Bool,
            ),
        };
        let end = range(operation).end;
        let mut nodes = nodes.into_iter();
        let Some(mut result) = nodes.next() else {
            return Err(CompileError::new(range(operation), "this is not an expression"));
        };
        for right in nodes {
            let whole = result.range.start..right.range.end;
            result = match known_truth(&result) {
                // `True and x` is x; `False and x` is False.
                Some(known) => Node { range: whole, ..if known == and { right } else { result } },
                None => Node {
                    // `or` gives its left side only where that is true.
                    nullable: right.nullable || (and && result.nullable),
                    range: whole,
                    type_: type_.clone(),
                    kind: Kind::Logic { and, left: Box::new(result), right: Box::new(right) },
                },
            };
        }
        Ok(Node { range: range(operation).start..end, ..result })
    }

    pub(super) fn truth_of(&self, node: Node) -> Result<Node, CompileError> {
        let range = node.range.clone();
        self.apply(Truth { negated: false }, vec![node], Type::Bool, false, range)
    }

    pub(super) fn conditional_expression(&mut self, expression: &ExprIf) -> Result<Node, CompileError> {
        let test = self.condition(&expression.test)?;
        let (then, otherwise) = self.conditionally(|compiler| {
            Ok((compiler.raw(&expression.body)?, compiler.raw(&expression.orelse)?))
        })?;
        // Two values of one type stay as they are; narrower ones of different types are widened.
        let (then, otherwise) = if then.type_ == otherwise.type_ {
            (then, otherwise)
        } else {
            (self.widen(then)?, self.widen(otherwise)?)
        };
        let Some(type_) = then.type_.unify(&otherwise.type_) else {
            return Err(CompileError::new(
                range(&*expression.orelse),
                format!(
                    "both branches of a conditional must have one type, not {} and {}",
                    then.type_.word(),
                    otherwise.type_.word()
                ),
            )
            .hint(conversion_hint(&then.type_, &otherwise.type_))
            .not_vectorised("a conditional of two types"));
        };
        let then = self.coerce(then, &type_)?;
        let otherwise = self.coerce(otherwise, &type_)?;
        let whole = range(expression);
        if let Some(known) = known_truth(&test) {
            return Ok(Node { range: whole, ..if known { then } else { otherwise } });
        }
        Ok(Node {
            nullable: then.nullable || otherwise.nullable,
            type_,
            range: whole,
            kind: Kind::Conditional {
                test: Box::new(test),
                then: Box::new(then),
                otherwise: Box::new(otherwise),
            },
        })
    }

    /// As [`Self::load`], but leaves values alone that cannot be computed with.
    fn widen(&self, node: Node) -> Result<Node, CompileError> {
        if matches!(node.type_, Type::Null) || node.type_.item().is_some() {
            Ok(node)
        } else {
            self.load(node)
        }
    }
}

/// The truth of a constant.
fn known_truth(node: &Node) -> Option<bool> {
    match &node.kind {
        Kind::Constant(None) => Some(false),
        Kind::Constant(Some(scalar)) => Some(truth(&Value::Scalar(scalar.clone()), 1).value(0)),
        _ => None,
    }
}
