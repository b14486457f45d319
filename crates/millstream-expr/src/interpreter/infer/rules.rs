//! The types of literals, columns, operators, builtins and methods, each from the types of its parts.

use super::put;
use crate::interpreter::builtins::Builtin;
use crate::interpreter::ir::Literal;
use crate::interpreter::static_type::Static;
use crate::interpreter::value::Value;
use crate::interpreter::{Operator, inputs};
use crate::modules;
use arrow::datatypes::DataType;
use std::sync::Arc;

pub(super) fn of_literal(literal: &Literal) -> Static {
    match literal {
        Literal::None => Static::None,
        Literal::Bool(_) => Static::Bool,
        Literal::Int(_) => Static::Int,
        Literal::Float(_) => Static::Float,
        Literal::Str(_) => Static::Str,
        Literal::Bytes(_) => Static::Bytes,
        Literal::Tuple(items) => Static::Tuple(items.iter().map(of_literal).collect()),
        Literal::List(items) => Static::list(items.iter().map(of_literal).fold(Static::Never, Static::join)),
        Literal::Set(items) => {
            Static::Set(Box::new(items.iter().map(of_literal).fold(Static::Never, Static::join)))
        }
        Literal::Dict(items) => items.iter().fold(Static::Record(Vec::new()), |dict, (key, value)| {
            let name = match key {
                Literal::Str(text) => Some(text.clone()),
                _ => None,
            };
            put(dict, name, of_literal(key), of_literal(value))
        }),
        Literal::Module(path) => match modules::find(path) {
            Some(modules::Item::Constant(value)) => of_value(&value),
            _ => Static::Any,
        },
    }
}

fn of_value(value: &Value) -> Static {
    match value {
        Value::None => Static::None,
        Value::Bool(_) => Static::Bool,
        Value::Int(_) => Static::Int,
        Value::Float(_) => Static::Float,
        Value::Str(_) => Static::Str,
        Value::Bytes(_) => Static::Bytes,
        Value::Date(_) => Static::Date,
        Value::DateTime(moment) => Static::DateTime(moment.zone.as_ref().map(|_| "UTC".into())),
        Value::Time(_) => Static::Time,
        Value::TimeDelta(_) => Static::TimeDelta,
        Value::Module(source) => Static::Module((&**source).into()),
        Value::Callable(_) => Static::Callable,
        Value::List(items) => {
            Static::list(items.borrow().iter().map(of_value).fold(Static::Never, Static::join))
        }
        Value::Tuple(items) => Static::Tuple(items.iter().map(of_value).collect()),
        _ => Static::Any,
    }
}

/// The type of a column's values.
pub(crate) fn of_column(data_type: &DataType, nullable: bool) -> Static {
    let Some(read) = inputs::readable(data_type) else { return Static::Raw(data_type.clone()) };
    let type_ = match &read {
        DataType::Null => Static::None,
        DataType::Boolean => Static::Bool,
        DataType::Int64 => Static::Int,
        DataType::Float64 => Static::Float,
        DataType::Utf8 => Static::Str,
        DataType::Binary => Static::Bytes,
        DataType::Date32 => Static::Date,
        DataType::Timestamp(_, zone) => Static::DateTime(zone.clone()),
        DataType::Time64(_) => Static::Time,
        DataType::Duration(_) => Static::TimeDelta,
        DataType::List(field) => Static::list(of_column(field.data_type(), field.is_nullable())),
        DataType::Struct(fields) => Static::Record(
            fields
                .iter()
                .map(|field| {
                    (field.name().as_str().into(), of_column(field.data_type(), field.is_nullable()))
                })
                .collect(),
        ),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => Static::Dict(
                Box::new(of_column(fields[0].data_type(), false)),
                Box::new(of_column(fields[1].data_type(), fields[1].is_nullable())),
            ),
            _ => Static::Any,
        },
        _ => Static::Any,
    };
    if nullable { type_.optional() } else { type_ }
}

/// The type of `left operator right`.
pub(super) fn binary(operator: Operator, left: &Static, right: &Static) -> Static {
    let nullable = left.may_be_none() || right.may_be_none();
    let formatting = operator == Operator::Modulo && *left == Static::Str;
    let (left, right) = (left.clone().present(), right.clone().present());
    if formatting {
        return Static::Str;
    }
    let type_ = match (&left, operator, &right) {
        (Static::Never, ..) | (_, _, Static::Never) => Static::Never,
        (Static::Bool, Operator::And | Operator::Or | Operator::Xor, Static::Bool) => Static::Bool,
        (Static::Bool | Static::Int, Operator::Divide, Static::Bool | Static::Int) => Static::Float,
        (Static::Bool | Static::Int, _, Static::Bool | Static::Int) => Static::Int,
        (Static::Bool | Static::Int | Static::Float, _, Static::Bool | Static::Int | Static::Float) => {
            Static::Float
        }
        (Static::Str, Operator::Add | Operator::Modulo, _) => Static::Str,
        (Static::Str, Operator::Multiply, _)
        | (Static::Int | Static::Bool, Operator::Multiply, Static::Str) => Static::Str,
        (Static::List(_), Operator::Add, Static::List(_)) => left.clone().join(right.clone()),
        (Static::List(_), Operator::Multiply, _) => left.clone(),
        (Static::Int | Static::Bool, Operator::Multiply, Static::List(_)) => right.clone(),
        (Static::Tuple(a), Operator::Add, Static::Tuple(b)) => {
            Static::Tuple(a.iter().chain(b).cloned().collect())
        }
        (Static::Tuple(items), Operator::Multiply, _) => {
            Static::list(items.iter().cloned().fold(Static::Never, Static::join))
        }
        (Static::Set(_), _, Static::Set(_)) => left.clone().join(right.clone()),
        (Static::Record(_) | Static::Dict(..), Operator::Or, _) => left.clone().join_fields(right.clone()),
        _ => modules::binary_type(operator, &left, &right).unwrap_or(Static::Any),
    };
    if nullable { type_.optional() } else { type_ }
}

pub(super) fn builtin_type(builtin: Builtin, arguments: &[Static]) -> Static {
    let first = || arguments.first().cloned().unwrap_or(Static::Never);
    match builtin {
        Builtin::All | Builtin::Any | Builtin::Bool | Builtin::IsInstance => Static::Bool,
        Builtin::Ascii
        | Builtin::Bin
        | Builtin::Chr
        | Builtin::Format
        | Builtin::Hex
        | Builtin::Oct
        | Builtin::Repr
        | Builtin::Str => Static::Str,
        Builtin::Int | Builtin::Ord => Static::Int,
        Builtin::Len => {
            if first().may_be_none() {
                Static::Int.optional()
            } else {
                Static::Int
            }
        }
        Builtin::Float => Static::Float,
        Builtin::Abs => match first().present() {
            Static::Bool => Static::Int,
            other => other,
        },
        Builtin::Round => match (first().present(), arguments.get(1)) {
            (Static::Bool | Static::Int, _) | (Static::Float, None | Some(Static::None)) => Static::Int,
            (Static::Float, Some(_)) => Static::Float,
            (other, _) => other,
        },
        Builtin::Sum => {
            let item = first().element();
            let start = arguments.get(1).cloned().unwrap_or(Static::Int);
            match item {
                Static::Never => start,
                item => start.clone().join(binary(Operator::Add, &start, &item)),
            }
        }
        Builtin::DivMod => {
            let right = arguments.get(1).cloned().unwrap_or(Static::Any);
            Static::Tuple(vec![
                binary(Operator::FloorDivide, &first(), &right),
                binary(Operator::Modulo, &first(), &right),
            ])
        }
        Builtin::Pow => match arguments {
            [left, right] => binary(Operator::Power, left, right),
            _ => Static::Int,
        },
        Builtin::Range => Static::list(Static::Int),
        Builtin::List | Builtin::Reversed | Builtin::Sorted | Builtin::Iter | Builtin::Tuple => {
            Static::list(first().element())
        }
        Builtin::Set | Builtin::FrozenSet => Static::Set(Box::new(first().element())),
        Builtin::Enumerate => Static::list(Static::Tuple(vec![Static::Int, first().element()])),
        Builtin::Zip => {
            Static::list(Static::Tuple(arguments.iter().map(|list| list.clone().element()).collect()))
        }
        Builtin::Dict => match first() {
            Static::Never => Static::Record(Vec::new()),
            dict @ (Static::Record(_) | Static::Dict(..)) => dict,
            pairs => match pairs.element() {
                Static::Tuple(pair) if pair.len() == 2 => {
                    Static::Dict(Box::new(pair[0].clone()), Box::new(pair[1].clone()))
                }
                Static::List(item) => Static::Dict(item.clone(), item),
                _ => Static::Dict(Box::new(Static::Any), Box::new(Static::Any)),
            },
        },
        Builtin::FromKeys => Static::Dict(
            Box::new(first().element()),
            Box::new(arguments.get(1).cloned().unwrap_or(Static::None)),
        ),
        Builtin::Next => match arguments {
            [items, default] => items.clone().element().join(default.clone()),
            _ => first().element(),
        },
        Builtin::Min | Builtin::Max => match arguments {
            [one] => one.clone().element(),
            several => several.iter().cloned().fold(Static::Never, Static::join),
        },
        Builtin::Filter | Builtin::Map | Builtin::Slice => Static::Any,
    }
}

pub(super) fn text_method(name: &str) -> Static {
    match name {
        "count" | "find" | "rfind" | "index" | "rindex" => Static::Int,
        "startswith" | "endswith" => Static::Bool,
        name if name.starts_with("is") => Static::Bool,
        "split" | "rsplit" | "splitlines" => Static::list(Static::Str),
        "partition" | "rpartition" => Static::Tuple(vec![Static::Str; 3]),
        "encode" => Static::Bytes,
        _ => Static::Str,
    }
}

pub(super) fn container_method(
    container: Static,
    name: &str,
    key: Option<Arc<str>>,
    arguments: &[Static],
) -> Static {
    let argument = |index: usize| arguments.get(index).cloned();
    match (name, &container) {
        ("count" | "index", _) => Static::Int,
        ("copy", _) => container,
        ("keys", Static::Record(_)) => Static::list(Static::Str),
        ("keys", Static::Dict(keys, _)) => Static::List(keys.clone()),
        ("values", _) => Static::list(container.item_type(None)),
        ("items", Static::Record(_)) => {
            Static::list(Static::Tuple(vec![Static::Str, container.item_type(None)]))
        }
        ("items", Static::Dict(keys, values)) => {
            Static::list(Static::Tuple(vec![(**keys).clone(), (**values).clone()]))
        }
        ("get", Static::Record(fields)) if key.is_some() => {
            // A key that is there has its value; another one has the default.
            match fields.iter().find(|(name, _)| Some(name) == key.as_ref()) {
                Some((_, Static::Optional(inner))) => {
                    (**inner).clone().join(argument(1).unwrap_or(Static::None)).optional()
                }
                Some((_, field)) => field.clone(),
                None => argument(1).unwrap_or(Static::None),
            }
        }
        ("get", _) => container.item_type(None).join(argument(1).unwrap_or(Static::None)),
        ("pop", Static::List(item)) => (**item).clone(),
        ("pop", Static::Set(item)) => (**item).clone(),
        ("pop", _) => {
            let item = container.item_type(key);
            match argument(1) {
                Some(default) => item.join(default),
                None => item,
            }
        }
        ("popitem", _) => Static::Tuple(vec![Static::Any, container.item_type(None)]),
        ("union" | "symmetric_difference", _) => arguments
            .iter()
            .fold(container, |set, other| set.join(Static::Set(Box::new(other.clone().element())))),
        ("difference" | "intersection", _) => container,
        ("issubset" | "issuperset" | "isdisjoint", _) => Static::Bool,
        (
            "append" | "clear" | "extend" | "insert" | "remove" | "reverse" | "sort" | "add" | "discard"
            | "update",
            _,
        ) => Static::None,
        _ => Static::Any,
    }
}
