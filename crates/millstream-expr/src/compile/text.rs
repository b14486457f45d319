//! Texts that are put together: f-strings, `str()`, `+`, `join`.

use std::ops::Range;

use arrow::datatypes::DataType;
use ruff_python_ast::{
    ConversionFlag, ExprFString, FStringPart, InterpolatedElement, InterpolatedStringElement,
};

use super::Compiler;
use crate::errors::CompileError;
use crate::format::spec::{Spec, Subject};
use crate::format::temporal::parse_strftime;
use crate::kernels::cast::Cast;
use crate::kernels::integer::OVERFLOW;
use crate::kernels::template::{Format, Part, Template};
use crate::modules::temporal::moment::Zone;
use crate::node::{Kind, Node};
use crate::parse::range;
use crate::types::Type;
use crate::value::Scalar;

/// The parts of a text, as they are collected.
#[derive(Default)]
pub(super) struct Pieces {
    parts: Vec<Part>,
    inputs: Vec<Node>,
    /// Whether the whole text is null, because a part always is.
    null: bool,
}

impl Pieces {
    pub(super) fn push_literal(&mut self, text: &str) {
        if let Some(Part::Literal(last)) = self.parts.last_mut() {
            last.push_str(text);
        } else if !text.is_empty() {
            self.parts.push(Part::Literal(text.to_owned()));
        }
    }

    pub(super) fn push_field(&mut self, node: Node, format: Format, zone: Option<Zone>, shows_none: bool) {
        self.parts.push(Part::Field {
            input: self.inputs.len(),
            type_: node.type_.clone(),
            format,
            zone,
            shows_none,
        });
        self.inputs.push(node);
    }

    /// A text as it is; a null makes the whole null.
    pub(super) fn push_value(&mut self, node: Node) {
        match node.kind {
            Kind::Constant(None) => self.null = true,
            Kind::Constant(Some(Scalar::Str(text))) => self.push_literal(&text),
            Kind::Template(template, inputs) => self.splice(template, inputs),
            _ => self.push_field(node, Format::Plain, None, false),
        }
    }

    /// The parts of another template in place of it.
    fn splice(&mut self, template: Template, inputs: Vec<Node>) {
        let offset = self.inputs.len();
        for part in template.parts {
            match part {
                Part::Literal(text) => self.push_literal(&text),
                Part::Field { input, type_, format, zone, shows_none } => {
                    self.parts.push(Part::Field { input: input + offset, type_, format, zone, shows_none });
                }
            }
        }
        self.inputs.extend(inputs);
    }
}

impl Compiler<'_> {
    pub(super) fn f_string(&mut self, string: &ExprFString) -> Result<Node, CompileError> {
        let mut pieces = Pieces::default();
        for part in string.value.as_slice() {
            match part {
                FStringPart::Literal(literal) => pieces.push_literal(literal.as_str()),
                FStringPart::FString(string) => {
                    for element in &string.elements {
                        match element {
                            InterpolatedStringElement::Literal(literal) => {
                                pieces.push_literal(&literal.value);
                            }
                            InterpolatedStringElement::Interpolation(field) => {
                                self.field(&mut pieces, field)?;
                            }
                        }
                    }
                }
            }
        }
        self.assemble(pieces, range(string))
    }

    fn field(&mut self, pieces: &mut Pieces, field: &InterpolatedElement) -> Result<(), CompileError> {
        if field.debug_text.is_some() {
            return Err(CompileError::new(range(field), "`=` in a field of an f-string is not supported")
                .hint("write the name in front of the field")
                .not_vectorised("`=` in an f-string"));
        }
        let node = self.raw(&field.expression)?;
        let node = match field.conversion {
            ConversionFlag::None => node,
            ConversionFlag::Str => self.to_text(node)?,
            ConversionFlag::Repr | ConversionFlag::Ascii => {
                return Err(CompileError::new(
                    range(field),
                    "`!r` and `!a` in a field of an f-string are not supported",
                )
                .hint("write the field without the conversion")
                .not_vectorised("`!r` and `!a`"));
            }
        };
        let Some(spec) = &field.format_spec else { return self.push_shown(pieces, node) };
        let mut text = String::new();
        for element in &spec.elements {
            match element {
                InterpolatedStringElement::Literal(literal) => text.push_str(&literal.value),
                InterpolatedStringElement::Interpolation(nested) => {
                    return Err(CompileError::new(
                        range(nested),
                        "a field inside the format of a field is not supported",
                    )
                    .hint("write the width or precision as a number, or use `ljust`, `rjust` or `round`")
                    .not_vectorised("a field inside of a format"));
                }
            }
        }
        if text.is_empty() {
            return self.push_shown(pieces, node);
        }
        self.push_formatted(pieces, node, &text, range(&**spec))
    }

    /// A field without a format: as `str()` shows it, `None` included.
    pub(super) fn push_shown(&self, pieces: &mut Pieces, node: Node) -> Result<(), CompileError> {
        let node = self.load_shown(node)?;
        match node.kind {
            Kind::Constant(None) => pieces.push_literal("None"),
            Kind::Constant(Some(Scalar::Str(text))) => pieces.push_literal(&text),
            // Its own nulls would be shown, not those of its parts.
            Kind::Template(template, inputs) if !node.nullable => pieces.splice(template, inputs),
            _ => {
                let zone = zone(&node)?;
                pieces.push_field(node, Format::Plain, zone, true);
            }
        }
        Ok(())
    }

    fn push_formatted(
        &self,
        pieces: &mut Pieces,
        node: Node,
        text: &str,
        range: Range<usize>,
    ) -> Result<(), CompileError> {
        let node = self.load(node)?;
        let invalid = |message: String| CompileError::new(range.clone(), message);
        let (node, format) = match &node.type_ {
            Type::Bool | Type::Int => {
                let spec = Spec::parse(text, Subject::Int).map_err(invalid)?;
                let type_ = if spec.is_integral() { Type::Int } else { Type::Float };
                (self.coerce(node, &type_)?, Format::Spec(spec))
            }
            Type::Float => {
                let spec = Spec::parse(text, Subject::Float).map_err(|message| {
                    let integral = text.ends_with(['d', 'x', 'X', 'b', 'o']);
                    invalid(message).maybe_hint(integral.then(|| "convert it with `int(..)`".to_owned()))
                })?;
                (node, Format::Spec(spec))
            }
            Type::Str => {
                let spec = Spec::parse(text, Subject::Str).map_err(|message| {
                    let numeric = text.ends_with(['d', 'f', 'e', 'g', '%', 'x']);
                    invalid(message)
                        .maybe_hint(numeric.then(|| "convert it with `int(..)` or `float(..)`".to_owned()))
                })?;
                (node, Format::Spec(spec))
            }
            Type::Date | Type::Datetime(_) | Type::Time => {
                if !text.contains('%') {
                    return Err(invalid(format!("{text:?} is not a format of dates"))
                        .hint("write directives, as in `{day:%Y-%m-%d}`"));
                }
                (node, Format::Strftime(parse_strftime(text).map_err(invalid)?))
            }
            Type::Timedelta => {
                return Err(invalid("a timedelta has no format".to_owned())
                    .hint("format a number, as in `f\"{delta.total_seconds():.0f}\"`"));
            }
            Type::Null => return Err(invalid("None has no format".to_owned())),
            Type::Raw(_) => {
                return Err(invalid(format!("a {} has no format", node.type_.word()))
                    .not_vectorised(format!("a format of a {}", node.type_.word())));
            }
        };
        let zone = zone(&node)?;
        let constant = node.is_constant();
        let field_range = node.range.clone();
        if constant {
            let mut single = Pieces::default();
            single.push_field(node, format, zone, true);
            let folded = self.assemble(single, field_range)?;
            pieces.push_value(folded);
            return Ok(());
        }
        pieces.push_field(node, format, zone, true);
        Ok(())
    }

    /// `str(x)`
    pub(super) fn to_text(&self, node: Node) -> Result<Node, CompileError> {
        let range = node.range.clone();
        if node.type_ == Type::Str && !node.nullable {
            return Ok(node);
        }
        let mut pieces = Pieces::default();
        self.push_shown(&mut pieces, node)?;
        self.assemble(pieces, range)
    }

    pub(super) fn assemble(&self, pieces: Pieces, range: Range<usize>) -> Result<Node, CompileError> {
        let Pieces { mut parts, mut inputs, null } = pieces;
        if null {
            return Ok(Node::null(Type::Str, range));
        }
        // No parts, or a literal alone, is a constant; a text alone, that makes the whole null, is itself.
        match parts.as_slice() {
            [] => return Ok(Node::constant(Some(Scalar::Str("".into())), range)),
            [Part::Literal(text)] => {
                return Ok(Node::constant(Some(Scalar::Str(text.as_str().into())), range));
            }
            [Part::Field { type_: Type::Str, format: Format::Plain, shows_none, .. }]
                if inputs.len() == 1 && (!shows_none || !inputs[0].nullable) =>
            {
                if let Some(node) = inputs.pop() {
                    return Ok(Node { range, ..node });
                }
            }
            _ => {}
        }
        parts.shrink_to_fit();
        let nullable = parts.iter().any(|part| match part {
            Part::Field { input, shows_none: false, .. } => inputs[*input].nullable,
            _ => false,
        });
        let foldable = inputs.iter().all(Node::is_constant);
        let node =
            Node { kind: Kind::Template(Template { parts }, inputs), type_: Type::Str, nullable, range };
        if foldable { node.fold(self.conditional > 0) } else { Ok(node) }
    }

    /// As [`Self::load`]; decimals are shown with all their digits.
    fn load_shown(&self, node: Node) -> Result<Node, CompileError> {
        if let Type::Raw(
            DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..),
        ) = node.type_
        {
            let range = node.range.clone();
            return self.strict(Cast { to: DataType::Utf8, message: OVERFLOW }, vec![node], Type::Str, range);
        }
        self.load(node)
    }
}

/// The time zone of a datetime.
pub(super) fn zone(node: &Node) -> Result<Option<Zone>, CompileError> {
    match &node.type_ {
        Type::Datetime(Some(zone)) => Zone::parse(zone)
            .map(Some)
            .ok_or_else(|| CompileError::new(node.range.clone(), format!("there is no time zone {zone:?}"))),
        _ => Ok(None),
    }
}
