//! The columns of a table.

use millstream_generate::NullShare;

use super::column_type::ColumnType;
use super::expression::Expression;
use super::names::{check_column_name, refuse_repetitions};
use crate::decode::{Context, Map, Spanned};
use crate::diagnostics::Diagnostic;
use crate::source_file::Span;
use crate::yaml::{Kind, Node};

/// A column of a table.
#[derive(Debug, Clone)]
pub struct Column {
    /// `column_name`
    pub name: Spanned<String>,
    /// `data`
    pub data: Expression,
    /// `type`: what the values are converted to.
    pub column_type: Option<Spanned<ColumnType>>,
    /// `parquet_type`: what Parquet and Delta files hold.
    pub parquet_type: Option<Spanned<ColumnType>>,
    /// `null_percentage`
    pub null_share: Option<Spanned<NullShare>>,
    /// `is_primary_key`, where it says so.
    pub primary_key: Option<Span>,
    /// `description`
    pub description: Option<String>,
}

/// pandas's words for a column of anything, and for one of few values: the values stay as they are.
const AS_IT_IS: [&str; 3] = ["object", "category", "auto"];

pub(super) fn columns(context: &Context<'_>, node: &Node) -> Vec<Column> {
    if let Kind::Mapping(_) = node.kind {
        let hint = "begin each column with `- column_name: …`".to_owned();
        context.wrong::<()>(node, "a list of columns", Some(hint));
        return Vec::new();
    }
    let items = context.sequence(node);
    if matches!(&node.kind, Kind::Sequence(items) if items.is_empty()) {
        let error = Diagnostic::error(node.span, "a table needs at least one column")
            .hint("write `- {column_name: id, data: row_id}`");
        context.report(error);
    }
    let columns: Vec<Column> = items.iter().filter_map(|item| column(context, item)).collect();
    refuse_repetitions(context, columns.iter().map(|column| &column.name), "the column");
    columns
}

fn column(context: &Context<'_>, node: &Node) -> Option<Column> {
    let mut map = Map::new(context, node, "a column");
    let name = map
        .required("column_name")
        .and_then(|node| context.name(node, "the name of a column"))
        .filter(|name| check_column_name(context, name));
    let data = data(&mut map);
    let column_type = map
        .optional("type")
        .filter(|node| !AS_IT_IS.contains(&node.key()))
        .and_then(|node| ColumnType::decode(context, node));
    let parquet_type =
        map.optional("parquet_type").and_then(|node| ColumnType::decode_parquet(context, node));
    let primary_key = map.boolean("is_primary_key").filter(|key| key.value).map(|key| key.span);
    let null_share = map.optional("null_percentage").and_then(|node| null_share(context, node));
    if let Some((key, share)) = primary_key.zip(null_share) {
        let error = Diagnostic::error(share.span, "a primary key has a value in every row")
            .related(key, "a primary key")
            .hint("remove `null_percentage`, or `is_primary_key`");
        context.report(error);
    }
    let description = map.optional("description").and_then(|node| context.name(node, "a description"));
    map.finish();
    Some(Column {
        name: name?,
        data: data?,
        column_type,
        parquet_type,
        null_share,
        primary_key,
        description: description.map(|description| description.value),
    })
}

fn data(map: &mut Map<'_>) -> Option<Expression> {
    let context = map.context;
    match map.entry("data") {
        Some((key, value)) if value.is_null() && value.key().is_empty() => {
            let error = Diagnostic::error(key.span, "the key \"data\" has no value")
                .hint("write the expression that makes the values, or `data: None` for a column of nulls");
            context.report(error);
            None
        }
        Some((_, value)) => Expression::decode_data(context, value),
        None => {
            let error = Diagnostic::error(map.span, "a column needs the key \"data\"")
                .hint("write the expression that makes the values: `data: fake.name()`");
            context.report(error);
            None
        }
    }
}

/// `0.1`, `10%`, `10`: as [`NullShare`] reads it.
fn null_share(context: &Context<'_>, node: &Node) -> Option<Spanned<NullShare>> {
    let expected = "a share of nulls, from 0 to 1 or from 0% to 100%";
    let text = context.text(node, expected)?;
    let Ok(share) = text.value.reveal().parse() else {
        let hint = "write 0.1 or 10%, with at most 12 decimals".to_owned();
        return context.unreadable(&text, expected, Some(hint));
    };
    Some(Spanned::new(share, node.span))
}
