//! What a derived stream does with its rows.

use super::column_type::{ColumnDeclaration, declarations};
use super::expression::Expression;
use super::names::{check_column_name, refuse_repetitions};
use crate::decode::{Context, Spanned, list, suggestion};
use crate::diagnostics::Diagnostic;
use crate::yaml::{Kind, Node};

/// One operator with its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum Operator {
    /// Keeps the rows for which the expression is true.
    Filter(Expression),
    /// Sets columns in order; later expressions see the columns that earlier ones set.
    Set(Vec<(Spanned<String>, Expression)>),
    /// Keeps these columns, in this order.
    Select(Vec<Spanned<String>>),
    /// Removes these columns.
    Drop(Vec<Spanned<String>>),
    /// Gives columns other names: old, new.
    Rename(Vec<(Spanned<String>, Spanned<String>)>),
    /// Gives columns other types.
    Cast(Vec<ColumnDeclaration>),
    /// Gives all columns names in `snake_case`.
    SnakeCase,
}

/// The operators there are.
pub(super) const OPERATORS: [&str; 7] = ["filter", "set", "select", "drop", "rename", "cast", "snake_case"];

/// The operators that are still to come.
const NOT_YET: [&str; 10] = [
    "join",
    "window",
    "pattern",
    "synchronize",
    "lookup",
    "union",
    "deduplicate",
    "aggregate",
    "process",
    "flatten",
];

impl Operator {
    /// Its name in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Filter(_) => "filter",
            Self::Set(_) => "set",
            Self::Select(_) => "select",
            Self::Drop(_) => "drop",
            Self::Rename(_) => "rename",
            Self::Cast(_) => "cast",
            Self::SnakeCase => "snake_case",
        }
    }
}

/// Whether `name` is an operator, now or later.
pub(super) fn is_operator(name: &str) -> bool {
    OPERATORS.contains(&name) || NOT_YET.contains(&name)
}

/// Decodes the operator `key` with its settings.
pub(super) fn decode(context: &Context<'_>, key: &Node, settings: &Node) -> Option<Spanned<Operator>> {
    let name = key.key();
    if settings.is_null() && name != "snake_case" && is_operator(name) {
        return needs_settings(context, key);
    }
    let operator = match name {
        "filter" => Operator::Filter(Expression::decode(context, settings)?),
        "set" => Operator::Set(assignments(context, settings)?),
        "select" => Operator::Select(columns(context, settings)?),
        "drop" => Operator::Drop(columns(context, settings)?),
        "rename" => Operator::Rename(renamings(context, settings)?),
        "cast" => Operator::Cast(non_empty(context, settings, declarations(context, settings))?),
        "snake_case" => {
            let no_settings = match &settings.kind {
                Kind::Scalar(scalar) => scalar.is_null() || scalar.is_plain() && scalar.text == "true",
                Kind::Mapping(entries) => entries.is_empty(),
                Kind::Sequence(_) => false,
            };
            if !no_settings {
                let error = Diagnostic::error(settings.span, "`snake_case` has no settings")
                    .hint("write `snake_case: {}`, or `- snake_case` in a pipeline");
                context.report(error);
                return None;
            }
            Operator::SnakeCase
        }
        _ => return unknown(context, key),
    };
    Some(Spanned::new(operator, key.span))
}

/// Decodes an item of `transforms`: one operator as a mapping of one key, or its bare name.
pub(super) fn transform(context: &Context<'_>, node: &Node) -> Option<Spanned<Operator>> {
    match &node.kind {
        Kind::Mapping(entries) => match entries.as_slice() {
            [(key, settings)] => decode(context, key, settings),
            entries => {
                let names: Vec<&str> = entries.iter().map(|(key, _)| key.key()).collect();
                let message = match names.as_slice() {
                    [] => "a transform without an operator".to_owned(),
                    names => format!("one transform with {} keys: {}", names.len(), list(names, "and")),
                };
                let error = Diagnostic::error(node.span, message)
                    .hint("each item of `transforms` is one operator: begin a new one with `- `");
                context.report(error);
                None
            }
        },
        Kind::Scalar(_) if node.key() == "snake_case" => Some(Spanned::new(Operator::SnakeCase, node.span)),
        Kind::Scalar(scalar) if !scalar.is_null() && is_operator(&scalar.text) => {
            if NOT_YET.contains(&&*scalar.text) {
                return unknown(context, node);
            }
            needs_settings(context, node)
        }
        Kind::Scalar(scalar) if !scalar.is_null() => unknown(context, node),
        _ => {
            let hint = "write `- filter: amount > 10`".to_owned();
            context.wrong(node, "an operator", Some(hint))
        }
    }
}

fn needs_settings<T>(context: &Context<'_>, key: &Node) -> Option<T> {
    let name = key.key();
    if NOT_YET.contains(&name) {
        return unknown(context, key);
    }
    let example = match name {
        "filter" => "filter: amount > 10",
        "set" => "set: {total: price * amount}",
        "rename" => "rename: {old_name: new_name}",
        "cast" => "cast: {amount: decimal(12, 2)}",
        _ => "select: [first_column, second_column]",
    };
    let error = Diagnostic::error(key.span, format!("`{name}` has no settings")).hint(format!(
        "for example `{}`",
        example.replace("select", if name == "drop" { "drop" } else { "select" })
    ));
    context.report(error);
    None
}

fn unknown<T>(context: &Context<'_>, key: &Node) -> Option<T> {
    let name = key.key();
    let operators = format!("operators: {}", list(&OPERATORS, "and"));
    let error = if NOT_YET.contains(&name) {
        Diagnostic::error(key.span, format!("the operator `{name}` is not supported yet")).note(operators)
    } else {
        let hint = suggestion(name, OPERATORS).map(|word| format!("did you mean `{word}`?"));
        Diagnostic::error(key.span, format!("unknown operator {name:?}")).note(operators).hint_if(hint)
    };
    context.report(error);
    None
}

fn non_empty<T>(context: &Context<'_>, node: &Node, list: Vec<T>) -> Option<Vec<T>> {
    let given_none = match &node.kind {
        Kind::Mapping(entries) => entries.is_empty(),
        Kind::Sequence(items) => items.is_empty(),
        Kind::Scalar(_) => false,
    };
    if given_none {
        context.report(Diagnostic::error(node.span, "no column is named here"));
    }
    (!list.is_empty()).then_some(list)
}

fn assignments(context: &Context<'_>, node: &Node) -> Option<Vec<(Spanned<String>, Expression)>> {
    let mut assignments = Vec::new();
    for (key, value) in context.entries(node) {
        let column = column_name(context, key);
        let expression = Expression::decode(context, value);
        assignments.extend(column.zip(expression));
    }
    non_empty(context, node, assignments)
}

fn renamings(context: &Context<'_>, node: &Node) -> Option<Vec<(Spanned<String>, Spanned<String>)>> {
    let mut renamings = Vec::new();
    for (key, value) in context.entries(node) {
        let old = column_name(context, key);
        let new = column_name(context, value);
        renamings.extend(old.zip(new));
    }
    refuse_repetitions(context, renamings.iter().map(|(_, new)| new), "the new name");
    non_empty(context, node, renamings)
}

fn columns(context: &Context<'_>, node: &Node) -> Option<Vec<Spanned<String>>> {
    let items = node.one_or_more();
    let columns: Vec<_> = items.iter().filter_map(|item| column_name(context, item)).collect();
    refuse_repetitions(context, &columns, "the column");
    non_empty(context, node, columns)
}

fn column_name(context: &Context<'_>, node: &Node) -> Option<Spanned<String>> {
    let name = context.name(node, "the name of a column")?;
    check_column_name(context, &name).then_some(name)
}
