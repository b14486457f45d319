//! Why a row failed, in Python's words.

use std::borrow::Cow;
use std::fmt;

/// The class of a failure, named as Python's exceptions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    Type,
    Value,
    Index,
    Key,
    Attribute,
    Name,
    ZeroDivision,
    /// Python's `OverflowError`, and ints that leave 64 bits.
    Overflow,
    StopIteration,
    /// The row took too many steps, made too much, or nested too deep (S-80).
    Budget,
    /// A function of the library, or what the language leaves out.
    Other,
}

/// Why a row failed. One pointer wide, so that results stay small.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure(Box<(FailureKind, Cow<'static, str>)>);

/// A value, or why there is none.
pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    #[cold]
    pub(crate) fn new(kind: FailureKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new((kind, message.into())))
    }

    #[cold]
    pub(crate) fn type_(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(FailureKind::Type, message)
    }

    #[cold]
    pub(crate) fn value(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(FailureKind::Value, message)
    }

    #[cold]
    pub(crate) fn overflow() -> Self {
        Self::new(FailureKind::Overflow, crate::kernels::integer::OVERFLOW)
    }

    /// Used by tests that compare the class with the one of Python's exception.
    #[allow(dead_code)]
    pub(crate) fn kind(&self) -> FailureKind {
        self.0.0
    }

    pub(crate) fn into_message(self) -> Cow<'static, str> {
        self.0.1
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.1)
    }
}
