//! What can be set for SQL scripts.

use millstream_core::{Error, Result};

/// Whose SQL is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SqlDialect {
    /// The standard, as far as most databases know it.
    #[default]
    Ansi,
    /// PostgreSQL.
    Postgres,
    /// `MySQL` 8 and `MariaDB`, with backslash escapes, which are on unless `NO_BACKSLASH_ESCAPES` is set.
    Mysql,
    /// SQLite.
    Sqlite,
}

/// How a SQL script is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlOptions {
    /// Whose SQL it is.
    pub dialect: SqlDialect,
    /// The name of the table.
    pub table: String,
    /// The columns of its primary key; none if empty.
    pub primary_key: Vec<String>,
    /// Whether the script makes the table.
    pub create_table: bool,
    /// Whether the script removes a table of this name first.
    pub drop_table: bool,
    /// Rows in each `INSERT` but the last; at least one.
    pub rows_per_insert: u64,
    /// Whether all of it is one transaction.
    pub transaction: bool,
}

impl SqlOptions {
    /// How many rows an `INSERT` has unless it is said: enough that parsing costs more than the statement, and well
    /// below the 1 MiB and 16 MiB that servers take at once.
    pub const ROWS_PER_INSERT: u64 = 500;

    /// A script that makes the table `table` in one transaction, and fails if there is one already.
    pub fn new(table: impl Into<String>) -> Self {
        Self {
            dialect: SqlDialect::default(),
            table: table.into(),
            primary_key: Vec::new(),
            create_table: true,
            drop_table: false,
            rows_per_insert: Self::ROWS_PER_INSERT,
            transaction: true,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.rows_per_insert == 0 {
            return Err(Error::config("an INSERT needs at least one row").hint("set rows_per_insert to 500"));
        }
        if self.drop_table && !self.create_table {
            return Err(Error::config("the script would remove the table and not make it again")
                .hint("set create_table to true, or drop_table to false"));
        }
        Ok(())
    }
}

impl SqlDialect {
    /// `ansi`, `postgres`, `mysql` or `sqlite`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ansi => "ansi",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Sqlite => "sqlite",
        }
    }

    /// A name in quotes: a word of the language or anything else can be one.
    pub(super) fn identifier(self, name: &str) -> Result<String> {
        if name.contains('\0') || name.is_empty() {
            return Err(Error::config(format!("{name:?} cannot be a name in SQL")).hint("rename it"));
        }
        let quote = if self == Self::Mysql { '`' } else { '"' };
        let doubled: String = [quote, quote].iter().collect();
        Ok(format!("{quote}{}{quote}", name.replace(quote, &doubled)))
    }
}
