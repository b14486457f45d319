//! `{type: sql, …}`: how a script of INSERT statements is written.

use crate::decode::{Map, Spanned};

/// How a SQL script is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlWriting {
    /// `dialect`, default ansi.
    pub dialect: SqlDialect,
    /// `table_name`, default the name of the stream.
    pub table: Option<Spanned<String>>,
    /// `create_table`: whether the script makes the table, default true.
    pub create_table: bool,
    /// `drop_table`: whether it removes a table of this name first, default false.
    pub drop_table: bool,
    /// `rows_per_insert`, if it is said.
    pub rows_per_insert: Option<u64>,
    /// `transaction`: whether all of it is one, default true.
    pub transaction: bool,
}

/// Whose SQL is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SqlDialect {
    /// What most databases know.
    #[default]
    Ansi,
    /// PostgreSQL.
    Postgres,
    /// `MySQL` and `MariaDB`.
    Mysql,
    /// SQLite.
    Sqlite,
}

pub(super) fn writing(map: &mut Map<'_>) -> SqlWriting {
    let words = [
        ("ansi", SqlDialect::Ansi),
        ("postgres", SqlDialect::Postgres),
        ("mysql", SqlDialect::Mysql),
        ("sqlite", SqlDialect::Sqlite),
    ];
    let dialect = map.one_of("dialect", &words).map(|word| word.value).unwrap_or_default();
    let table = map.optional("table_name").and_then(|node| map.context.name(node, "the name of a SQL table"));
    let create_table = map.boolean("create_table").is_none_or(|create| create.value);
    let drop_table = map.boolean("drop_table");
    if let Some(drop) = &drop_table
        && drop.value
        && !create_table
    {
        let error = crate::diagnostics::Diagnostic::error(
            drop.span,
            "the script would remove the table and not make it again",
        )
        .hint("set `create_table: true`, or remove `drop_table`");
        map.context.report(error);
    }
    let rows_per_insert = map.whole("rows_per_insert", 1..=1_000_000).map(|rows| rows.value);
    let transaction = map.boolean("transaction").is_none_or(|transaction| transaction.value);
    SqlWriting {
        dialect,
        table,
        create_table,
        drop_table: drop_table.is_some_and(|drop| drop.value),
        rows_per_insert,
        transaction,
    }
}
