//! An expression of the one expression language, with the way back to the file.

use std::ops::Range;

use crate::decode::Context;
use crate::source_file::{SourceFile, Span};
use crate::yaml::{Kind, Node, Style, locate};

/// The text of an expression, not yet parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    text: String,
    span: Span,
    style: Style,
}

impl Expression {
    /// The expression. Where YAML has words of its own (`true`, `null`), they are Python's here (`True`, `None`).
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All of it in the file.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Where bytes `range` of its text are in `file`. Exact unless the value was written in a way that hides it,
    /// in which case it is all of the expression.
    pub fn locate(&self, file: &SourceFile, range: Range<usize>) -> Span {
        locate(file, self.span, self.style, &self.text, range)
    }

    /// The `data` of a column, where table-faker takes any value of YAML: the words that its reader takes for a boolean
    /// are one here as well, and `null` is a column of nulls.
    pub(super) fn decode_data(context: &Context<'_>, node: &Node) -> Option<Self> {
        let word = match node.scalar().filter(|scalar| scalar.is_plain()).map(|scalar| &*scalar.text) {
            Some("yes" | "Yes" | "YES" | "on" | "On" | "ON") => "True",
            Some("no" | "No" | "NO" | "off" | "Off" | "OFF") => "False",
            Some("null" | "Null" | "NULL" | "~") => "None",
            _ if node.scalar().is_none() => {
                let text = literal(context, node)?;
                return Some(Self { text, span: node.span, style: Style::Plain });
            }
            _ => return Self::decode(context, node),
        };
        Some(Self { text: word.to_owned(), span: node.span, style: Style::Plain })
    }

    pub(super) fn decode(context: &Context<'_>, node: &Node) -> Option<Self> {
        let scalar = context.expression_scalar(node)?;
        let text = match &*scalar.text {
            "true" | "TRUE" if scalar.is_plain() => "True",
            "false" | "FALSE" if scalar.is_plain() => "False",
            text => text,
        };
        Some(Self { text: text.to_owned(), span: node.span, style: scalar.style })
    }
}

/// A value of YAML as a literal of the expression language: a list or a mapping is the value of every row.
fn literal(context: &Context<'_>, node: &Node) -> Option<String> {
    Some(match &node.kind {
        Kind::Sequence(items) => {
            let items: Option<Vec<String>> = items.iter().map(|item| literal(context, item)).collect();
            format!("[{}]", items?.join(", "))
        }
        Kind::Mapping(entries) => {
            let entries: Option<Vec<String>> = entries
                .iter()
                .map(|(key, value)| Some(format!("{}: {}", literal(context, key)?, literal(context, value)?)))
                .collect();
            format!("{{{}}}", entries?.join(", "))
        }
        Kind::Scalar(scalar) => {
            let text = context.literal(node, "expressions")?;
            match &*text {
                _ if scalar.is_null() => "None".to_owned(),
                "true" | "True" | "TRUE" if scalar.is_plain() => "True".to_owned(),
                "false" | "False" | "FALSE" if scalar.is_plain() => "False".to_owned(),
                number if scalar.is_plain() && is_number(number) => text,
                _ => quoted(&text),
            }
        }
    })
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit()) && text.parse::<f64>().is_ok()
}

/// A text as a literal of Python.
fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => literal.extend(['\\', character]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            other => literal.push(other),
        }
    }
    literal.push('"');
    literal
}
