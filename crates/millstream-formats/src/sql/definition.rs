//! Arrow types as SQL types.

use std::fmt::Write as _;

use arrow::datatypes::{DataType, Field, SchemaRef};
use millstream_core::{Error, Result};

use super::{SqlDialect, SqlOptions};

/// The digits that a double always keeps. SQLite has no decimals: longer ones are kept as text there.
pub(super) const SQLITE_DIGITS: u8 = 15;

/// The statements before the rows.
pub(super) fn head(schema: &SchemaRef, options: &SqlOptions) -> Result<String> {
    let dialect = options.dialect;
    let table = dialect.identifier(&options.table)?;
    let mut text = String::new();
    if options.transaction {
        text.push_str(match dialect {
            SqlDialect::Ansi | SqlDialect::Mysql => "START TRANSACTION;\n",
            SqlDialect::Postgres | SqlDialect::Sqlite => "BEGIN;\n",
        });
    }
    if options.drop_table {
        let _ = writeln!(text, "DROP TABLE IF EXISTS {table};");
    }
    if !options.create_table {
        return Ok(text);
    }
    let _ = write!(text, "CREATE TABLE {table} (");
    for (index, field) in schema.fields().iter().enumerate() {
        let is_key = options.primary_key.contains(field.name());
        let name = dialect.identifier(field.name())?;
        let comma = if index > 0 { "," } else { "" };
        let _ = write!(text, "{comma}\n  {name} {}", column_type(field, dialect, is_key)?);
        if !field.is_nullable() || is_key {
            text.push_str(" NOT NULL");
        }
    }
    if !options.primary_key.is_empty() {
        let names = options.primary_key.iter().map(|name| dialect.identifier(name));
        let _ = write!(text, ",\n  PRIMARY KEY ({})", names.collect::<Result<Vec<_>>>()?.join(", "));
    }
    text.push_str("\n);\n");
    Ok(text)
}

fn column_type(field: &Field, dialect: SqlDialect, is_key: bool) -> Result<String> {
    type_of(field.data_type(), dialect, is_key).ok_or_else(|| {
        Error::config(format!(
            "column {:?} is {}, which has no type in {} SQL",
            field.name(),
            field.data_type(),
            dialect.name()
        ))
        .hint("leave the column out, or cast it to text")
    })
}

fn type_of(data_type: &DataType, dialect: SqlDialect, is_key: bool) -> Option<String> {
    use DataType as T;
    use SqlDialect::{Ansi, Mysql, Postgres, Sqlite};
    if let T::Dictionary(_, value) = data_type {
        return type_of(value, dialect, is_key);
    }
    let decimal = |precision: u8, scale: i8| {
        // A negative scale counts zeros before the point.
        let zeros = scale.min(0).unsigned_abs();
        let (precision, scale) = (precision.saturating_add(zeros), scale.max(0));
        match dialect {
            Sqlite if precision > SQLITE_DIGITS => Some("TEXT".to_owned()),
            Mysql if precision > 65 || scale > 30 => None,
            Postgres => Some(format!("NUMERIC({precision}, {scale})")),
            Ansi | Mysql | Sqlite => Some(format!("DECIMAL({precision}, {scale})")),
        }
    };
    let word = match (data_type, dialect) {
        (&(T::Decimal128(precision, scale) | T::Decimal256(precision, scale)), _) => {
            return decimal(precision, scale);
        }
        (T::UInt64, Ansi | Postgres) => return decimal(20, 0),
        (T::Boolean, _) => "BOOLEAN",
        (T::UInt64, Sqlite) => "TEXT",
        (numeric, Sqlite) if numeric.is_integer() => "INTEGER",
        (T::Int8, Mysql) => "TINYINT",
        (T::UInt8, Mysql) => "TINYINT UNSIGNED",
        (T::UInt16, Mysql) => "SMALLINT UNSIGNED",
        (T::UInt32, Mysql) => "INTEGER UNSIGNED",
        (T::UInt64, Mysql) => "BIGINT UNSIGNED",
        (T::Int8 | T::Int16 | T::UInt8, _) => "SMALLINT",
        (T::Int32 | T::UInt16, _) => "INTEGER",
        (T::Int64 | T::UInt32, _) => "BIGINT",
        (T::Float16 | T::Float32, Mysql) => "FLOAT",
        (T::Float16 | T::Float32, _) | (T::Float64, Sqlite) => "REAL",
        (T::Float64, Mysql) => "DOUBLE",
        (T::Float64, _) => "DOUBLE PRECISION",
        (T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_), Postgres) => "BYTEA",
        (T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_), Mysql) => "LONGBLOB",
        (T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_), _) => "BLOB",
        // SQLite has no dates: text in this form sorts and compares as they do, and its functions take it.
        (T::Date32 | T::Date64 | T::Time32(_) | T::Time64(_) | T::Timestamp(..), Sqlite) => "TEXT",
        (T::Date32, _) => "DATE",
        (T::Time32(_) | T::Time64(_), Mysql) => "TIME(6)",
        (T::Time32(_) | T::Time64(_), _) => "TIME",
        (T::Date64 | T::Timestamp(..), Mysql) => "DATETIME(6)",
        (T::Timestamp(_, Some(_)), _) => "TIMESTAMP WITH TIME ZONE",
        (T::Date64 | T::Timestamp(_, None), _) => "TIMESTAMP",
        (T::Duration(_), Postgres) => "INTERVAL",
        (
            T::List(_) | T::LargeList(_) | T::FixedSizeList(..) | T::Struct(_) | T::Map(..),
            Postgres | Mysql,
        ) => "JSON",
        // A text of any length cannot be a key in MySQL.
        (T::Utf8 | T::LargeUtf8 | T::Utf8View, Mysql) if is_key => "VARCHAR(255)",
        (T::Utf8 | T::LargeUtf8 | T::Utf8View | T::Null | T::Duration(_), Mysql) => "LONGTEXT",
        (
            T::Utf8
            | T::LargeUtf8
            | T::Utf8View
            | T::Null
            | T::Duration(_)
            | T::List(_)
            | T::LargeList(_)
            | T::FixedSizeList(..)
            | T::Struct(_)
            | T::Map(..),
            _,
        ) => "TEXT",
        _ => return None,
    };
    Some(word.to_owned())
}
