//! The row fallback: whatever of the language is not evaluated column by column is evaluated row by row here.

// Tables of pairs of types are read arm by arm; a missing value is one of two cases.
#![allow(clippy::match_same_arms, clippy::single_match_else)]

mod arguments;
mod budget;
mod builtins;
pub(crate) mod dict;
pub(crate) mod display;
mod draws;
pub(crate) mod equality;
pub(crate) mod failure;
mod formatting;
mod infer;
mod inputs;
mod ir;
mod iterate;
mod lower;
mod machine;
mod methods;
mod operators;
mod outputs;
mod percent;
mod program;
pub(crate) mod static_type;
mod subscript;
pub(crate) mod value;

pub(crate) use builtins::Builtin;
pub(crate) use infer::of_column;
pub(crate) use inputs::Reader;
pub(crate) use lower::{Syntax, chooses_from_list};
pub(crate) use outputs::Writer;
pub(crate) use program::Fallback;

/// Whether a type of the interpreter has a method of a name.
pub(crate) fn has_method(name: &str) -> bool {
    methods::names().any(|known| known == name)
}

/// The arguments of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arguments<'a> {
    pub(crate) positional: &'a [value::Value],
    pub(crate) keywords: &'a [(std::rc::Rc<str>, value::Value)],
}

/// What the functions of modules may know of the run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    /// The run's clock, in microseconds since the Unix epoch; none where the host has no clock.
    pub(crate) now: Option<i64>,
}

/// An operator of two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

impl Operator {
    /// As it is written.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::FloorDivide => "//",
            Self::Modulo => "%",
            Self::Power => "**",
            Self::And => "&",
            Self::Or => "|",
            Self::Xor => "^",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
        }
    }
}

#[cfg(test)]
mod tests;
