//! Comparisons, `in`, and `is`.

use std::ops::Range;

use ruff_python_ast::{CmpOp, Expr, ExprCompare};

use super::coerce::conversion_hint;
use super::temporal::as_temporal;
use super::{Compiler, Operand};
use crate::errors::CompileError;
use crate::kernels::compare::{Compare, Comparison, Sides, compare_exactly};
use crate::kernels::membership::{Items, Membership};
use crate::kernels::text_find::Contains;
use crate::kernels::truth::IsNone;
use crate::node::{Kernel, Kind, Node};
use crate::parse::range;
use crate::types::Type;
use crate::value::Scalar;

impl Compiler<'_> {
    pub(super) fn comparison(&mut self, expression: &ExprCompare) -> Result<Node, CompileError> {
        let whole = range(expression);
        if let ([operator], [right]) = (&*expression.ops, &*expression.comparators) {
            return match operator {
                CmpOp::Is | CmpOp::IsNot => {
                    self.identity(&expression.left, right, *operator == CmpOp::IsNot, whole)
                }
                CmpOp::In | CmpOp::NotIn => {
                    self.membership(&expression.left, right, *operator == CmpOp::NotIn, whole)
                }
                _ => self.pair(&expression.left, *operator, right, whole),
            };
        }
        self.chain(expression, whole)
    }

    /// `x is None`
    fn identity(
        &mut self,
        left: &Expr,
        right: &Expr,
        negated: bool,
        whole: Range<usize>,
    ) -> Result<Node, CompileError> {
        let (subject, other) = if left.is_none_literal_expr() { (right, left) } else { (left, right) };
        if !other.is_none_literal_expr() {
            return Err(CompileError::new(whole, "`is` only tests for None")
                .hint(if negated { "write `!=`" } else { "write `==`" })
                .not_vectorised("`is` of two values"));
        }
        let node = self.raw(subject)?;
        self.is_none(node, negated, whole)
    }

    fn is_none(&self, node: Node, negated: bool, range: Range<usize>) -> Result<Node, CompileError> {
        if !node.nullable && !node.is_constant() && node.failure().is_none() && never_fails(&node) {
            return Ok(Node::constant(Some(Scalar::Bool(negated)), range));
        }
        self.apply(IsNone { negated }, vec![node], Type::Bool, false, range)
    }

    fn pair(
        &mut self,
        left: &Expr,
        operator: CmpOp,
        right: &Expr,
        whole: Range<usize>,
    ) -> Result<Node, CompileError> {
        let comparison = comparison_of(operator);
        // `x == None` is `x is None`, for every type.
        if matches!(comparison, Comparison::Equal | Comparison::NotEqual)
            && (left.is_none_literal_expr() || right.is_none_literal_expr())
        {
            let subject = if left.is_none_literal_expr() { right } else { left };
            let node = self.raw(subject)?;
            return self.is_none(node, comparison == Comparison::NotEqual, whole);
        }
        let (left, right) = (self.value(left)?, self.value(right)?);
        let (left, right) = self.align(left, right)?;
        let sides = sides(&left, operator, &right, whole.clone())?;
        match sides {
            None => Ok(Node::null(Type::Bool, whole)),
            Some(sides) => {
                let (left, right, sides) = simplify(left, right, sides);
                self.strict(Compare { comparison, sides }, vec![left, right], Type::Bool, whole)
            }
        }
    }

    fn chain(&mut self, expression: &ExprCompare, whole: Range<usize>) -> Result<Node, CompileError> {
        if let Some(operator) = expression
            .ops
            .iter()
            .find(|operator| matches!(operator, CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn))
        {
            return Err(CompileError::new(
                whole,
                format!("`{}` cannot be part of a chain of comparisons", operator.as_str()),
            )
            .hint("join the comparisons with `and`")
            .not_vectorised("a chain with `in` or `is`"));
        }
        let mut operands = vec![self.value(&expression.left)?];
        for (index, comparator) in expression.comparators.iter().enumerate() {
            operands.push(if index == 0 {
                self.value(comparator)?
            } else {
                self.conditionally(|compiler| compiler.value(comparator))?
            });
        }
        // Texts beside dates become dates, from both sides.
        for index in 1..operands.len() {
            align_at(&mut operands, index - 1, index)?;
        }
        for index in (1..operands.len()).rev() {
            align_at(&mut operands, index - 1, index)?;
        }
        let has_bool = operands.iter().any(|operand| operand.type_ == Type::Bool);
        let has_number = operands.iter().any(|operand| matches!(operand.type_, Type::Int | Type::Float));
        if has_bool && has_number {
            operands = operands
                .into_iter()
                .map(|node| if node.type_ == Type::Bool { self.coerce(node, &Type::Int) } else { Ok(node) })
                .collect::<Result<_, _>>()?;
        }
        let mut comparisons: Vec<Box<dyn Kernel>> = Vec::with_capacity(expression.ops.len());
        for (pair, operator) in operands.windows(2).zip(&expression.ops) {
            let range = pair[0].range.start..pair[1].range.end;
            let Some(sides) = sides(&pair[0], *operator, &pair[1], range)? else {
                return Ok(Node::null(Type::Bool, whole));
            };
            comparisons.push(Box::new(Compare { comparison: comparison_of(*operator), sides }));
        }
        let nullable = operands.iter().any(|operand| operand.nullable);
        let foldable = operands.iter().all(Node::is_constant);
        // A null operand would be a null column of its type.
        let node =
            Node { kind: Kind::Chain { operands, comparisons }, type_: Type::Bool, nullable, range: whole };
        if foldable { node.fold(self.conditional > 0) } else { Ok(node) }
    }

    /// Brings a bool beside a number to an int, and a literal text beside a date to a date.
    fn align(&self, left: Node, right: Node) -> Result<(Node, Node), CompileError> {
        if let Some(left) = as_temporal(&left, &right.type_)? {
            return Ok((left, right));
        }
        if let Some(right) = as_temporal(&right, &left.type_)? {
            return Ok((left, right));
        }
        match (&left.type_, &right.type_) {
            (Type::Bool, Type::Int | Type::Float) => Ok((self.coerce(left, &Type::Int)?, right)),
            (Type::Int | Type::Float, Type::Bool) => {
                let right = self.coerce(right, &Type::Int)?;
                Ok((left, right))
            }
            _ => Ok((left, right)),
        }
    }

    fn membership(
        &mut self,
        left: &Expr,
        right: &Expr,
        negated: bool,
        whole: Range<usize>,
    ) -> Result<Node, CompileError> {
        let left = self.value(left)?;
        let items = match self.operand(right)? {
            Operand::List(items, _) => items,
            Operand::Dict(items, _) => items
                .into_iter()
                .map(|(key, value)| Operand::Value(Node::constant(Some(key), value.range)))
                .collect(),
            Operand::Value(node) => {
                let node = self.load_text(node)?;
                if matches!(node.type_, Type::Null) || matches!(left.type_, Type::Null) {
                    return Ok(Node::null(Type::Bool, whole));
                }
                if left.type_ != Type::Str {
                    return Err(CompileError::new(
                        left.range,
                        format!("only a str is in a str, not a value of type {}", left.type_.word()),
                    )
                    .hint("convert it with `str(..)`"));
                }
                return self.strict(Contains { negated }, vec![node, left], Type::Bool, whole);
            }
            Operand::Module(value, range) => return Operand::Module(value, range).single(),
            Operand::Split(_, _, range) => {
                return Err(CompileError::new(range, "`in` over the list of `split` is not supported")
                    .hint("test the text itself, as in `\"x\" in text`")
                    .not_vectorised("`in` over the list of `split`"));
            }
        };
        let mut scalars = Vec::with_capacity(items.len());
        let mut holds_none = false;
        for item in items {
            let range = item.range();
            let Operand::Value(node) = item else {
                return Err(CompileError::new(range, "the items of the list must be single values")
                    .not_vectorised("`in` over a list of lists"));
            };
            match &node.kind {
                Kind::Constant(None) => holds_none = true,
                Kind::Constant(Some(scalar)) => {
                    let scalar = match as_temporal(&node, &left.type_)? {
                        Some(node) => node.scalar().cloned(),
                        None => Some(scalar.clone()),
                    };
                    scalars.extend(scalar.map(|scalar| (scalar, range)));
                }
                _ => {
                    return Err(CompileError::new(range, "the items of the list must be constants")
                        .hint("write `x == a or x == b`")
                        .not_vectorised("`in` over values that depend on the row"));
                }
            }
        }
        self.constant_membership(left, scalars, holds_none, negated, whole)
    }

    fn load_text(&self, node: Node) -> Result<Node, CompileError> {
        let node = if node.type_.item().is_some() { node } else { self.load(node)? };
        if matches!(node.type_, Type::Str | Type::Null) {
            return Ok(node);
        }
        Err(CompileError::new(
            node.range.clone(),
            format!("`in` needs a list of constants or a str, not a value of type {}", node.type_.word()),
        )
        .not_vectorised(format!("`in` over a {}", node.type_.word())))
    }

    fn constant_membership(
        &self,
        left: Node,
        scalars: Vec<(Scalar, Range<usize>)>,
        holds_none: bool,
        negated: bool,
        whole: Range<usize>,
    ) -> Result<Node, CompileError> {
        if left.type_ == Type::Null {
            return Ok(if holds_none {
                Node::constant(Some(Scalar::Bool(!negated)), whole)
            } else {
                Node::null(Type::Bool, whole)
            });
        }
        let mut ints = Vec::new();
        let mut floats = Vec::new();
        let mut days = Vec::new();
        let mut texts: Vec<Box<str>> = Vec::new();
        let (mut holds_true, mut holds_false) = (false, false);
        for (scalar, range) in scalars {
            // Numbers are equal by value, whatever their types.
            let number = match scalar {
                Scalar::Bool(value) => Some(Scalar::Int(i64::from(value))),
                Scalar::Int(_) | Scalar::Float(_) => Some(scalar.clone()),
                _ => None,
            };
            match (&left.type_, number, scalar) {
                (Type::Bool, Some(number), _) => {
                    holds_true |= matches!(number, Scalar::Int(1) | Scalar::Float(1.0));
                    holds_false |= matches!(number, Scalar::Int(0) | Scalar::Float(0.0));
                }
                (Type::Int, Some(Scalar::Int(item)), _)
                | (Type::Datetime(_), None, Scalar::Datetime(item, _))
                | (Type::Timedelta, None, Scalar::Timedelta(item))
                | (Type::Time, None, Scalar::Time(item)) => ints.push(item),
                (Type::Int, Some(Scalar::Float(item)), _) => ints.extend(float_as_int(item)),
                (Type::Float, Some(Scalar::Float(item)), _) => floats.push(item),
                (Type::Float, Some(Scalar::Int(item)), _) => floats.extend(int_as_float(item)),
                (Type::Str, None, Scalar::Str(item)) => texts.push(item.as_ref().into()),
                (Type::Date, None, Scalar::Date(item)) => days.push(item),
                (left, _, item) => {
                    return Err(CompileError::new(
                        range,
                        format!("a value of type {} is never {}", left.word(), item.kind().word()),
                    )
                    .hint(conversion_hint(left, &item.kind())));
                }
            }
        }
        let items = match left.type_ {
            Type::Bool => Items::Bools { holds_true, holds_false },
            Type::Float => Items::Floats(floats),
            Type::Str => Items::texts(texts),
            Type::Date => Items::Days(days),
            _ => Items::ints(ints),
        };
        let nullable = left.nullable && !holds_none;
        self.apply(Membership { items, holds_none, negated }, vec![left], Type::Bool, nullable, whole)
    }
}

/// Whether a part is a plain column or text, whose rows cannot fail: then it need not be evaluated to know that it is
/// not null.
fn never_fails(node: &Node) -> bool {
    matches!(node.kind, Kind::Column(_))
}

/// As a text beside a date is compared: as a date, whichever of the two it is.
fn align_at(operands: &mut [Node], left: usize, right: usize) -> Result<(), CompileError> {
    let kinds = [operands[left].type_.clone(), operands[right].type_.clone()];
    if let Some(node) = as_temporal(&operands[left], &kinds[1])? {
        operands[left] = node;
    }
    if let Some(node) = as_temporal(&operands[right], &kinds[0])? {
        operands[right] = node;
    }
    Ok(())
}

fn comparison_of(operator: CmpOp) -> Comparison {
    match operator {
        CmpOp::Lt => Comparison::Less,
        CmpOp::LtE => Comparison::LessOrEqual,
        CmpOp::Gt => Comparison::Greater,
        CmpOp::GtE => Comparison::GreaterOrEqual,
        CmpOp::NotEq => Comparison::NotEqual,
        _ => Comparison::Equal,
    }
}

/// What the sides of a comparison are; `None` if one is always null.
fn sides(
    left: &Node,
    operator: CmpOp,
    right: &Node,
    range: Range<usize>,
) -> Result<Option<Sides>, CompileError> {
    Ok(Some(match (&left.type_, &right.type_) {
        (Type::Null, _) | (_, Type::Null) => return Ok(None),
        (Type::Int, Type::Int) | (Type::Timedelta, Type::Timedelta) | (Type::Time, Type::Time) => Sides::Ints,
        (Type::Float, Type::Float) => Sides::Floats,
        (Type::Int, Type::Float) => Sides::IntFloat,
        (Type::Float, Type::Int) => Sides::FloatInt,
        (Type::Bool, Type::Bool) => Sides::Bools,
        (Type::Str, Type::Str) => Sides::Texts,
        (Type::Date, Type::Date) => Sides::Dates,
        (Type::Datetime(left), Type::Datetime(right)) if left.is_some() == right.is_some() => Sides::Ints,
        (Type::Datetime(_), Type::Datetime(_)) => {
            return Err(CompileError::new(
                range,
                format!("`{}` cannot compare a datetime with a time zone to one without", operator.as_str()),
            ));
        }
        (left, right) => {
            let error = CompileError::new(
                range,
                format!("`{}` cannot compare {} and {}", operator.as_str(), left.word(), right.word()),
            );
            return Err(if left.is_temporal() || right.is_temporal() {
                error.hint("dates are compared to dates, and to literals as \"2024-01-31\"")
            } else {
                error.hint(conversion_hint(left, right))
            });
        }
    }))
}

/// A constant int as a float, if it is one exactly.
fn exact_float(node: &Node) -> Option<Node> {
    match node.scalar() {
        Some(Scalar::Int(value)) => {
            int_as_float(*value).map(|float| Node::constant(Some(Scalar::Float(float)), node.range.clone()))
        }
        _ => None,
    }
}

/// A constant float as an int, if it is one exactly.
fn exact_int(node: &Node) -> Option<Node> {
    match node.scalar() {
        Some(Scalar::Float(value)) => {
            float_as_int(*value).map(|int| Node::constant(Some(Scalar::Int(int)), node.range.clone()))
        }
        _ => None,
    }
}

fn int_as_float(value: i64) -> Option<f64> {
    let float = value as f64;
    (compare_exactly(value, float) == Some(std::cmp::Ordering::Equal)).then_some(float)
}

fn float_as_int(value: f64) -> Option<i64> {
    let int = value as i64;
    (compare_exactly(int, value) == Some(std::cmp::Ordering::Equal)).then_some(int)
}

/// A constant beside a number of the other type becomes one of its type, where that is exact.
fn simplify(left: Node, right: Node, sides: Sides) -> (Node, Node, Sides) {
    match sides {
        Sides::IntFloat => {
            if let Some(float) = exact_float(&left) {
                (float, right, Sides::Floats)
            } else if let Some(int) = exact_int(&right) {
                (left, int, Sides::Ints)
            } else {
                (left, right, sides)
            }
        }
        Sides::FloatInt => {
            let (right, left, sides) = simplify(right, left, Sides::IntFloat);
            (left, right, if sides == Sides::IntFloat { Sides::FloatInt } else { sides })
        }
        _ => (left, right, sides),
    }
}
