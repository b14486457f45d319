//! Expressions other than names and calls.

use std::ops::Range;

use hashbrown::HashMap;
use ruff_python_ast::{
    BoolOp, CmpOp, ConversionFlag, Expr, ExprDict, ExprFString, ExprSlice, FStringPart, InterpolatedElement,
    InterpolatedStringElement, Number, UnaryOp,
};

use super::assigned::Assigned;
use super::{Binding, Lowering, part};
use crate::errors::CompileError;
use crate::format::spec::{Spec, Subject};
use crate::interpreter::Operator;
use crate::interpreter::ir::{
    Body, Clause, Comparison, Comprehension, Conversion, FixedFormat, Format, Item, Kind, Literal, Part,
    Piece, Shape,
};
use crate::parse::{literal_text, range};

impl Lowering<'_> {
    pub(crate) fn part(&mut self, expression: &Expr) -> Result<Part, CompileError> {
        let refuse = |what: &str, hint: &str| {
            Err(CompileError::new(range(expression), format!("{what} are not supported")).hint(hint))
        };
        if matches!(expression, Expr::Call(_) | Expr::Attribute(_) | Expr::BinOp(_) | Expr::Subscript(_))
            && let Some(part) = self.hoisted(expression)
        {
            return Ok(part);
        }
        let kind = match expression {
            Expr::StringLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::BytesLiteral(_) => {
                let literal = literal(expression)?;
                return Ok(self.literal(literal, expression));
            }
            Expr::List(list) => Kind::List(self.items(&list.elts)?),
            Expr::Tuple(tuple) => {
                if let Some(literal) = frozen(expression) {
                    return Ok(self.literal(literal, expression));
                }
                Kind::Tuple(self.items(&tuple.elts)?)
            }
            Expr::Set(set) => Kind::Set(self.items(&set.elts)?),
            Expr::Dict(dict) => self.dict(dict)?,
            Expr::Name(name) => return self.name(name),
            Expr::Attribute(attribute) => return self.attribute(attribute),
            Expr::BinOp(operation) => {
                let operator = operator(operation.op).ok_or_else(|| no_matrices(range(operation)))?;
                Kind::Binary(operator, Box::new((self.part(&operation.left)?, self.part(&operation.right)?)))
            }
            Expr::UnaryOp(operation) => {
                if operation.op == UnaryOp::USub
                    && let Some(literal) = negative(&operation.operand)
                {
                    return Ok(self.literal(literal, expression));
                }
                let operand = Box::new(self.part(&operation.operand)?);
                match operation.op {
                    UnaryOp::Not => Kind::Not(operand),
                    UnaryOp::USub => Kind::Negate(operand),
                    UnaryOp::UAdd => Kind::Plus(operand),
                    UnaryOp::Invert => Kind::Invert(operand),
                }
            }
            Expr::Compare(comparison) => {
                let left = self.part(&comparison.left)?;
                let rest = comparison
                    .ops
                    .iter()
                    .zip(&comparison.comparators)
                    .map(|(operator, right)| {
                        let right = match operator {
                            CmpOp::In | CmpOp::NotIn => self.constant_container(right, false)?,
                            _ => self.part(right)?,
                        };
                        Ok((comparison_of(*operator), right))
                    })
                    .collect::<Result<Vec<_>, CompileError>>()?;
                Kind::Compare(Box::new(left), rest)
            }
            Expr::BoolOp(operation) => {
                let parts =
                    operation.values.iter().map(|value| self.part(value)).collect::<Result<Vec<_>, _>>()?;
                match operation.op {
                    BoolOp::And => Kind::And(parts),
                    BoolOp::Or => Kind::Or(parts),
                }
            }
            Expr::If(node) => Kind::Conditional(Box::new((
                self.part(&node.test)?,
                self.part(&node.body)?,
                self.part(&node.orelse)?,
            ))),
            Expr::FString(string) => Kind::Text(self.f_string(string)?),
            Expr::Subscript(subscript) => {
                let value = self.constant_container(&subscript.value, true)?;
                match &*subscript.slice {
                    Expr::Slice(slice) => Kind::Slice(Box::new((value, self.bounds(slice)?))),
                    index => Kind::Subscript(Box::new((value, self.part(index)?))),
                }
            }
            Expr::Call(call) => return self.call(call),
            Expr::Lambda(lambda) => {
                let mut assigned = Assigned::default();
                assigned.expression(&lambda.body);
                let index =
                    self.function("<lambda>", lambda.parameters.as_deref(), assigned, |lowering| {
                        Ok(Body::Expression(lowering.part(&lambda.body)?))
                    })?;
                Kind::Lambda(index)
            }
            Expr::ListComp(node) => {
                self.comprehension(Shape::List, &node.elt, None, &node.generators, expression)?
            }
            Expr::SetComp(node) => {
                self.comprehension(Shape::Set, &node.elt, None, &node.generators, expression)?
            }
            Expr::Generator(node) => {
                self.comprehension(Shape::Generator, &node.elt, None, &node.generators, expression)?
            }
            Expr::DictComp(node) => {
                let Some(key) = &node.key else {
                    return refuse("`**` in dict comprehensions", "write `key: value`");
                };
                self.comprehension(Shape::Dict, key, Some(&node.value), &node.generators, expression)?
            }
            Expr::Named(named) => {
                let value = self.part(&named.value)?;
                match &*named.target {
                    Expr::Name(name) => match self.binding(name.id.as_str()) {
                        Some(Binding::Place(place)) => Kind::Named(*place, Box::new(value)),
                        _ => return refuse("assignments here", "assign in a statement of its own"),
                    },
                    _ => return refuse("assignments to anything but names", "assign to a name"),
                }
            }
            Expr::TString(_) => return refuse("template strings", "write an f-string"),
            Expr::Starred(_) => return refuse("starred expressions here", "write a list: `[*items]`"),
            Expr::EllipsisLiteral(_) => return refuse("ellipses", "write `None` for no value"),
            Expr::Slice(_) => return refuse("slices outside of brackets", "write `text[start:stop]`"),
            Expr::Await(_) | Expr::Yield(_) | Expr::YieldFrom(_) => {
                return refuse("await and yield", "an expression has one value for each row");
            }
            Expr::IpyEscapeCommand(_) => return refuse("escape commands", "write a Python expression"),
        };
        Ok(part(kind, expression))
    }

    /// A display that is only looked into: one of constants is made once, and not for each row. `nested`: whether its
    /// items may be lists and dicts, which the machine must copy before they are seen.
    pub(super) fn constant_container(
        &mut self,
        expression: &Expr,
        nested: bool,
    ) -> Result<Part, CompileError> {
        let container = matches!(expression, Expr::List(_) | Expr::Tuple(_) | Expr::Set(_) | Expr::Dict(_));
        match frozen(expression).filter(|literal| container && (nested || !has_containers(literal))) {
            Some(literal) => Ok(self.literal(literal, expression)),
            None => self.part(expression),
        }
    }

    pub(super) fn items(&mut self, items: &[Expr]) -> Result<Vec<Item>, CompileError> {
        items
            .iter()
            .map(|item| match item {
                Expr::Starred(starred) => Ok(Item { part: self.part(&starred.value)?, spread: true }),
                other => Ok(Item { part: self.part(other)?, spread: false }),
            })
            .collect()
    }

    fn dict(&mut self, dict: &ExprDict) -> Result<Kind, CompileError> {
        let items = dict
            .items
            .iter()
            .map(|item| {
                let key = item.key.as_ref().map(|key| self.part(key)).transpose()?;
                Ok((key, self.part(&item.value)?))
            })
            .collect::<Result<Vec<_>, CompileError>>()?;
        Ok(Kind::Dict(items))
    }

    pub(super) fn bounds(&mut self, slice: &ExprSlice) -> Result<[Option<Part>; 3], CompileError> {
        let mut bound = |bound: &Option<Box<Expr>>| bound.as_ref().map(|bound| self.part(bound)).transpose();
        Ok([bound(&slice.lower)?, bound(&slice.upper)?, bound(&slice.step)?])
    }

    fn comprehension(
        &mut self,
        shape: Shape,
        element: &Expr,
        value: Option<&Expr>,
        generators: &[ruff_python_ast::Comprehension],
        whole: &Expr,
    ) -> Result<Kind, CompileError> {
        if generators.iter().any(|generator| generator.is_async) {
            return Err(
                CompileError::new(range(whole), "async comprehensions are not supported").hint("write `for`")
            );
        }
        let mut targets = Assigned::default();
        for generator in generators {
            targets.target(&generator.target);
        }
        let mut names = HashMap::new();
        for name in targets.names {
            let place = self.place(&name);
            names.insert(name, Binding::Place(place));
        }
        // The first list is looked up outside, and evaluated once.
        let mut first = None;
        if let Some(generator) = generators.first() {
            first = Some(self.constant_container(&generator.iter, false)?);
        }
        self.names.push(names);
        let result = self.repeatedly(|lowering| {
            let mut clauses = Vec::with_capacity(generators.len());
            for generator in generators {
                let items = match first.take() {
                    Some(items) => items,
                    None => lowering.constant_container(&generator.iter, false)?,
                };
                clauses.push(Clause {
                    target: lowering.target(&generator.target)?,
                    items,
                    tests: generator.ifs.iter().map(|test| lowering.part(test)).collect::<Result<_, _>>()?,
                });
            }
            let element = lowering.part(element)?;
            let value = value.map(|value| lowering.part(value)).transpose()?;
            Ok(Comprehension { shape, element, value, clauses })
        });
        self.names.pop();
        Ok(Kind::Comprehension(Box::new(result?)))
    }

    fn f_string(&mut self, string: &ExprFString) -> Result<Vec<Piece>, CompileError> {
        let mut pieces = Vec::new();
        for part in string.value.as_slice() {
            match part {
                FStringPart::Literal(literal) => pieces.push(Piece::Literal(literal.as_str().into())),
                FStringPart::FString(string) => self.pieces(&string.elements, &mut pieces)?,
            }
        }
        Ok(pieces)
    }

    fn pieces<'e>(
        &mut self,
        elements: impl IntoIterator<Item = &'e InterpolatedStringElement>,
        pieces: &mut Vec<Piece>,
    ) -> Result<(), CompileError> {
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(literal) => {
                    pieces.push(Piece::Literal((&*literal.value).into()));
                }
                InterpolatedStringElement::Interpolation(field) => self.field(field, pieces)?,
            }
        }
        Ok(())
    }

    fn field(&mut self, field: &InterpolatedElement, pieces: &mut Vec<Piece>) -> Result<(), CompileError> {
        let value = self.part(&field.expression)?;
        let mut conversion = match field.conversion {
            ConversionFlag::None => Conversion::None,
            ConversionFlag::Str => Conversion::Str,
            ConversionFlag::Repr => Conversion::Repr,
            ConversionFlag::Ascii => Conversion::Ascii,
        };
        if let Some(debug) = &field.debug_text {
            let name = self.text_of(range(&*field.expression));
            pieces.push(Piece::Literal(format!("{}{name}{}", debug.leading(), debug.trailing()).into()));
            if conversion == Conversion::None && field.format_spec.is_none() {
                conversion = Conversion::Repr;
            }
        }
        let format = match &field.format_spec {
            None => Format::Plain,
            Some(spec) => {
                let mut nested = Vec::new();
                self.pieces(&spec.elements, &mut nested)?;
                let fixed: Option<String> = nested
                    .iter()
                    .map(|piece| match piece {
                        Piece::Literal(text) => Some(&**text),
                        Piece::Field(..) => None,
                    })
                    .collect();
                match fixed {
                    Some(text) if text.is_empty() => Format::Plain,
                    Some(text) => Format::Fixed(FixedFormat {
                        int: Spec::parse(&text, Subject::Int).ok(),
                        float: Spec::parse(&text, Subject::Float).ok(),
                        text_spec: Spec::parse(&text, Subject::Str).ok(),
                        text: text.into(),
                    }),
                    None => Format::Nested(nested),
                }
            }
        };
        pieces.push(Piece::Field(value, conversion, format));
        Ok(())
    }
}

pub(super) fn operator(operator: ruff_python_ast::Operator) -> Option<Operator> {
    use ruff_python_ast::Operator as Python;
    Some(match operator {
        Python::Add => Operator::Add,
        Python::Sub => Operator::Subtract,
        Python::Mult => Operator::Multiply,
        Python::Div => Operator::Divide,
        Python::FloorDiv => Operator::FloorDivide,
        Python::Mod => Operator::Modulo,
        Python::Pow => Operator::Power,
        Python::BitAnd => Operator::And,
        Python::BitOr => Operator::Or,
        Python::BitXor => Operator::Xor,
        Python::LShift => Operator::ShiftLeft,
        Python::RShift => Operator::ShiftRight,
        Python::MatMult => return None,
    })
}

pub(super) fn no_matrices(range: Range<usize>) -> CompileError {
    CompileError::new(range, "the operator `@` is not supported").hint("there are no matrices")
}

fn comparison_of(operator: CmpOp) -> Comparison {
    match operator {
        CmpOp::Eq => Comparison::Equal,
        CmpOp::NotEq => Comparison::NotEqual,
        CmpOp::Lt => Comparison::Less,
        CmpOp::LtE => Comparison::LessOrEqual,
        CmpOp::Gt => Comparison::Greater,
        CmpOp::GtE => Comparison::GreaterOrEqual,
        CmpOp::In => Comparison::In,
        CmpOp::NotIn => Comparison::NotIn,
        CmpOp::Is => Comparison::Is,
        CmpOp::IsNot => Comparison::IsNot,
    }
}

fn literal(expression: &Expr) -> Result<Literal, CompileError> {
    Ok(match expression {
        Expr::StringLiteral(node) => Literal::Str(literal_text(&node.value).into()),
        Expr::BooleanLiteral(node) => Literal::Bool(node.value),
        Expr::BytesLiteral(node) => Literal::Bytes(node.value.bytes().collect()),
        Expr::NumberLiteral(node) => match &node.value {
            Number::Int(int) => Literal::Int(int.as_i64().ok_or_else(|| too_large(range(node)))?),
            Number::Float(float) => Literal::Float(*float),
            Number::Complex { .. } => {
                return Err(CompileError::new(range(node), "complex numbers are not supported"));
            }
        },
        _ => Literal::None,
    })
}

/// `-x` of a literal number.
fn negative(operand: &Expr) -> Option<Literal> {
    let Expr::NumberLiteral(node) = operand else { return None };
    match &node.value {
        Number::Int(int) => match int.as_u64() {
            Some(magnitude) if magnitude == 1 << 63 => Some(Literal::Int(i64::MIN)),
            Some(magnitude) => i64::try_from(magnitude).ok().map(|value| Literal::Int(-value)),
            None => None,
        },
        Number::Float(float) => Some(Literal::Float(-float)),
        Number::Complex { .. } => None,
    }
}

/// A display of nothing but constants, as one constant.
fn frozen(expression: &Expr) -> Option<Literal> {
    let all = |items: &[Expr]| items.iter().map(frozen).collect::<Option<Vec<_>>>();
    match expression {
        Expr::List(list) => all(&list.elts).map(|items| Literal::List(items.into())),
        Expr::Tuple(tuple) => {
            // Lists inside of a tuple could be changed.
            let items = tuple.elts.iter().map(|item| match item {
                Expr::List(_) | Expr::Dict(_) | Expr::Set(_) => None,
                other => frozen(other),
            });
            items.collect::<Option<Vec<_>>>().map(|items| Literal::Tuple(items.into()))
        }
        Expr::Set(set) => all(&set.elts)
            .filter(|items| !has_containers(&Literal::Tuple(items.as_slice().into())))
            .map(|items| Literal::Set(items.into())),
        Expr::Dict(dict) => dict
            .items
            .iter()
            .map(|item| {
                let key = frozen(item.key.as_ref()?)?;
                // A key that cannot be one fails the row.
                let hashable = !matches!(key, Literal::List(_) | Literal::Set(_) | Literal::Dict(_));
                Some((hashable.then_some(key)?, frozen(&item.value)?))
            })
            .collect::<Option<Vec<_>>>()
            .map(|items| Literal::Dict(items.into())),
        Expr::UnaryOp(operation) if operation.op == UnaryOp::USub => negative(&operation.operand),
        Expr::StringLiteral(_)
        | Expr::NumberLiteral(_)
        | Expr::BooleanLiteral(_)
        | Expr::NoneLiteral(_)
        | Expr::BytesLiteral(_) => literal(expression).ok(),
        _ => None,
    }
}

/// Whether an item of a display can be changed.
fn has_containers(literal: &Literal) -> bool {
    let changes = |item: &Literal| matches!(item, Literal::List(_) | Literal::Set(_) | Literal::Dict(_));
    match literal {
        Literal::List(items) | Literal::Set(items) | Literal::Tuple(items) => items.iter().any(changes),
        Literal::Dict(items) => items.iter().any(|(_, value)| changes(value)),
        _ => false,
    }
}

fn too_large(range: Range<usize>) -> CompileError {
    CompileError::new(range, "the int does not fit into 64 bits")
        .hint("ints are from -9223372036854775808 to 9223372036854775807; write a float, as in `1e20`")
}
