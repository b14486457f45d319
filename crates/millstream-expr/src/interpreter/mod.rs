//! The row fallback: whatever of the language is not evaluated column by column is evaluated row by row here.

// Its parts are used from the compiler once all of them are there.
#![allow(dead_code)]

pub(crate) mod dict;
pub(crate) mod equality;
pub(crate) mod failure;
pub(crate) mod static_type;
pub(crate) mod value;

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
