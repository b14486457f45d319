//! Conversions that are not written: from the types of columns, and between the types of two parts.

use arrow::datatypes::{DataType, TimeUnit};

use super::Compiler;
use crate::errors::CompileError;
use crate::kernels::cast::{Cast, DecimalToFloat, Microseconds, microseconds};
use crate::kernels::integer::{BoolToInt, IntToFloat, OVERFLOW};
use crate::node::Node;
use crate::types::Type;

const DATETIME_OVERFLOW: &str = "the datetime is out of range";
const NOT_TEXT: &str = "the value is not a text";

/// The most digits of a decimal for which each has a float of its own.
const FLOAT_DIGITS: u8 = 15;
/// The most digits of a decimal that always fit into an int.
const INT_DIGITS: u8 = 18;

impl Compiler<'_> {
    /// Widens a value of a narrower type to one of the language; refuses types without operators.
    pub(super) fn load(&self, node: Node) -> Result<Node, CompileError> {
        let Type::Raw(data_type) = &node.type_ else { return Ok(node) };
        let (to, message) = match data_type {
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::UInt64 => (DataType::Int64, OVERFLOW),
            DataType::Float16 | DataType::Float32 => (DataType::Float64, OVERFLOW),
            DataType::LargeUtf8 | DataType::Utf8View => (DataType::Utf8, NOT_TEXT),
            DataType::Dictionary(_, value) => (value.as_ref().clone(), NOT_TEXT),
            DataType::Date64 => (DataType::Date32, DATETIME_OVERFLOW),
            DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
                let (zone, range) = (zone.clone(), node.range.clone());
                let type_ = Type::Datetime(zone.clone());
                return self.strict(Microseconds { zone }, vec![node], type_, range);
            }
            DataType::Timestamp(_, zone) => (microseconds(zone.clone()), DATETIME_OVERFLOW),
            DataType::Duration(_) => {
                (DataType::Duration(TimeUnit::Microsecond), crate::modules::temporal::delta::OVERFLOW)
            }
            DataType::Time32(_) | DataType::Time64(_) => {
                (DataType::Time64(TimeUnit::Microsecond), DATETIME_OVERFLOW)
            }
            DataType::Decimal32(precision, 0)
            | DataType::Decimal64(precision, 0)
            | DataType::Decimal128(precision, 0)
                if *precision <= INT_DIGITS =>
            {
                (DataType::Int64, OVERFLOW)
            }
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale)
                if *precision <= FLOAT_DIGITS && *scale >= 0 =>
            {
                return self.decimal_to_float(node);
            }
            DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => {
                let word = node.type_.word();
                return Err(CompileError::new(
                    node.range.clone(),
                    format!("a {word} has more digits than a float, and cannot be computed with exactly"),
                )
                .hint(format!(
                    "write `float({})` if rounding it is fine",
                    self.text_of(node.range.clone())
                )));
            }
            _ => return Err(unusable(&node)),
        };
        let range = node.range.clone();
        let loaded = self.strict(Cast { to: to.clone(), message }, vec![node], Type::of(&to), range)?;
        // The values of a dictionary may be of a narrower type themselves.
        self.load(loaded)
    }

    /// A decimal as the nearest float.
    pub(super) fn decimal_to_float(&self, node: Node) -> Result<Node, CompileError> {
        let Type::Raw(data_type) = &node.type_ else { return Err(unusable(&node)) };
        let range = node.range.clone();
        match *data_type {
            DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
                let to = DataType::Decimal128(precision, scale);
                let type_ = Type::Raw(to.clone());
                let node = self.strict(Cast { to, message: OVERFLOW }, vec![node], type_, range)?;
                self.decimal_to_float(node)
            }
            DataType::Decimal128(_, scale) => match u8::try_from(scale) {
                Ok(scale) => self.strict(DecimalToFloat { scale }, vec![node], Type::Float, range),
                Err(_) => Err(unusable(&node)),
            },
            _ => Err(unusable(&node)),
        }
    }

    /// A value as one of a type that it can be unified with.
    pub(super) fn coerce(&self, node: Node, to: &Type) -> Result<Node, CompileError> {
        let range = node.range.clone();
        match (&node.type_, to) {
            (from, to) if from == to => Ok(node),
            (Type::Null, to) => Ok(Node::null(to.clone(), range)),
            (Type::Int, Type::Float) => self.strict(IntToFloat, vec![node], Type::Float, range),
            (Type::Bool, Type::Int) => self.strict(BoolToInt, vec![node], Type::Int, range),
            (Type::Bool, Type::Float) => {
                let node = self.coerce(node, &Type::Int)?;
                self.coerce(node, to)
            }
            (from, to) => {
                Err(CompileError::new(range, format!("a value of type {} is no {}", from.word(), to.word())))
            }
        }
    }

    /// Brings values to one type, if there is one that all can have.
    pub(super) fn unify(&self, nodes: Vec<Node>, what: &str) -> Result<(Vec<Node>, Type), CompileError> {
        let mut type_ = Type::Null;
        for node in &nodes {
            type_ = type_.unify(&node.type_).ok_or_else(|| {
                CompileError::new(
                    node.range.clone(),
                    format!("{what} must have one type, not {} and {}", type_.word(), node.type_.word()),
                )
                .hint(conversion_hint(&type_, &node.type_))
                .not_vectorised("values of several types")
            })?;
        }
        let nodes = nodes.into_iter().map(|node| self.coerce(node, &type_)).collect::<Result<Vec<_>, _>>()?;
        Ok((nodes, type_))
    }
}

fn unusable(node: &Node) -> CompileError {
    CompileError::new(
        node.range.clone(),
        format!("values of type {} can only be passed on and tested with `is None`", node.type_.word()),
    )
    .not_vectorised(format!("a value of type {}", node.type_.word()))
}

/// How two types can be made one.
pub(super) fn conversion_hint(left: &Type, right: &Type) -> String {
    let (left, right) = (left.word(), right.word());
    let function = match (&*left, &*right) {
        ("bool", "int") | ("int", "bool") => "int",
        ("bool", "float") | ("float", "bool") => "float",
        _ => "str",
    };
    format!("convert one of them with `{function}(..)`")
}
