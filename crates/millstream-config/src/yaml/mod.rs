//! YAML as a tree in which every key and value knows its place in the file.

mod bracket_groups;
mod locate;
mod places;
mod surrogates;
mod tree;

pub(crate) use locate::locate;
pub(crate) use tree::parse;

use crate::source_file::Span;

/// A value of the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Where it is written. An alias has the place of what it stands for; quotes belong to a scalar, the header of
    /// a block scalar does not.
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// What a [`Node`] is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    /// Keys are always scalars, and no two are equal.
    Mapping(Vec<(Node, Node)>),
}

/// A single value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scalar {
    /// The value, with escapes and folded lines resolved.
    pub(crate) text: String,
    pub(crate) style: Style,
    /// Whether a tag says that it is a string, however it looks.
    pub(crate) tagged_string: bool,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

impl Scalar {
    /// Whether its text may be read as a number, a boolean or null.
    pub(crate) fn is_plain(&self) -> bool {
        self.style == Style::Plain && !self.tagged_string
    }

    /// Whether it stands for nothing: left out, `~` or `null`.
    pub(crate) fn is_null(&self) -> bool {
        self.is_plain() && matches!(&*self.text, "" | "~" | "null" | "Null" | "NULL")
    }
}

impl Node {
    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.scalar().is_some_and(Scalar::is_null)
    }

    /// The items of a list, or the one value that stands for a list of one.
    pub(crate) fn one_or_more(&self) -> &[Node] {
        match &self.kind {
            Kind::Sequence(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// The text of a key; keys are always scalars.
    pub(crate) fn key(&self) -> &str {
        self.scalar().map_or("", |scalar| &scalar.text)
    }

    /// What it is, for messages: `a list`.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
            Kind::Scalar(scalar) if scalar.is_null() => "nothing",
            Kind::Scalar(scalar) if !scalar.is_plain() => "a string",
            Kind::Scalar(scalar) => match &*scalar.text {
                "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => "a boolean",
                text if text.parse::<f64>().is_ok() => "a number",
                _ => "a string",
            },
        }
    }
}
