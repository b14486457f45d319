//! `tables`: streams that are generated, in the spelling of table-faker.

use std::time::Duration;

use millstream_generate::{Cadence, Disorder, UpdatePolicy};

use super::cadence::cadence;
use super::column::{Column, columns};
use super::disorder::disorder;
use super::file_set::{self, FileSet};
use super::names::check_stream_name;
use super::replaced;
use crate::decode::{Context, Map, Spanned};
use crate::diagnostics::Diagnostic;
use crate::source_file::Span;
use crate::yaml::{Kind, Node};

/// A generated stream.
#[derive(Debug, Clone)]
pub struct Table {
    /// All of it.
    pub span: Span,
    /// `table_name`
    pub name: Spanned<String>,
    /// `row_count`: rows that are made at once, default 10.
    pub row_count: Spanned<u64>,
    /// `start_row_id`: the `row_id` of the first row, default 1.
    pub start_row_id: Spanned<i64>,
    /// `update_policy`, default append.
    pub update_policy: UpdatePolicy,
    /// `cadence`; 60 rows per minute, enabled, unless given.
    pub cadence: Cadence,
    /// `disorder`
    pub disorder: Option<Spanned<Disorder>>,
    /// `infer_entity_attrs_by_name`, where the table says so.
    pub infers_attributes: Option<bool>,
    /// The place of `cadence.every`, which is in the update policy.
    pub every: Option<Span>,
    /// `export_file_count` and the like: the files that `generate` makes.
    pub files: FileSet,
    /// `columns`, at least one.
    pub columns: Vec<Column>,
}

/// The tables; `tick` is how long a round of their cadences is.
pub(super) fn tables(context: &Context<'_>, node: &Node, tick: Duration) -> Vec<Table> {
    if let Kind::Mapping(_) = node.kind {
        let hint = "begin each table with `- table_name: …`".to_owned();
        context.wrong::<()>(node, "a list of tables", Some(hint));
        return Vec::new();
    }
    let items = context.sequence(node);
    items.iter().filter_map(|item| table(context, item, tick)).collect()
}

fn table(context: &Context<'_>, node: &Node, tick: Duration) -> Option<Table> {
    let mut map = Map::new(context, node, "a table");
    let name = map
        .required("table_name")
        .and_then(|node| context.name(node, "the name of a table"))
        .filter(|name| check_stream_name(context, name, "a table"));
    let default = |value| Spanned::new(value, node.span);
    let row_count = map.whole("row_count", 0..=u64::MAX).unwrap_or(default(10));
    let start_row_id = map.integer("start_row_id").unwrap_or(Spanned::new(1, node.span));
    if start_row_id.value.checked_add_unsigned(row_count.value).is_none() {
        context.report(Diagnostic::error(row_count.span, "row ids would leave the range of 64-bit integers"));
    }
    let policy = map.optional("update_policy");
    let (cadence, written) = cadence(map.map("cadence", "the cadence of a table"), tick);
    let update_policy = replaced::update_policy(context, policy, &written);
    let every = written.every.map(|every| every.span);
    let disorder = map.map("disorder", "the disorder of a table").and_then(disorder);
    let infers_attributes = map.boolean("infer_entity_attrs_by_name").map(|infers| infers.value);
    let columns_node = map.required("columns");
    let columns = columns_node.map_or_else(Vec::new, |node| columns(context, node));
    let files = file_set::of_table(&mut map);
    map.not_yet(&["postprocess_mode", "time", "phase", "changes"]);
    map.finish();
    Some(Table {
        span: node.span,
        name: name?,
        row_count,
        start_row_id,
        update_policy,
        cadence,
        disorder,
        infers_attributes,
        every,
        files,
        columns,
    })
}
