//! Batches to the rows of INSERT statements.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use millstream_core::{Encode, Error, Result};

use super::definition;
use super::literal::Literal;
use super::{SqlDialect, SqlOptions};
use crate::frame::{Frame, Group};
use crate::jsonl::{Json, check_types};
use crate::value::{Values, is_scalar, is_writable};

/// Writes each row as `(1, 'a', NULL)`; the statements around them are the [`frame`](Self::frame)'s.
///
/// Numbers and dates look as in JSONL, dates with a space instead of the `T`; booleans are `TRUE` and `FALSE` (1 and 0
/// in SQLite), binary values `X'00ff'` (`'\x00ff'` in PostgreSQL). Lists, structs and maps are texts that hold JSON.
/// Floats that are no numbers are NULL where the database has no such values. A text with a NUL character is refused,
/// except in `MySQL`: the others cannot hold it in a script.
#[derive(Debug)]
pub struct SqlEncoder {
    types: Vec<DataType>,
    literals: Vec<Literal>,
    names: Vec<String>,
    dialect: SqlDialect,
    frame: Frame,
}

impl SqlEncoder {
    /// An encoder for batches of `schema`. Refuses columns that have no SQL type, two columns of one name, and
    /// keys that are no columns.
    pub fn new(schema: &SchemaRef, options: &SqlOptions) -> Result<Self> {
        options.check()?;
        if schema.fields().is_empty() {
            return Err(Error::config("a SQL table needs at least one column"));
        }
        // Where case does not count even in quotes.
        let folds = matches!(options.dialect, SqlDialect::Mysql | SqlDialect::Sqlite);
        let name = |name: &String| if folds { name.to_lowercase() } else { name.clone() };
        let mut names: Vec<String> = schema.fields().iter().map(|field| name(field.name())).collect();
        names.sort_unstable();
        if let Some([name, _]) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::config(format!(
                "two columns are called {:?} in {} SQL",
                name,
                options.dialect.name()
            ))
            .hint("rename one"));
        }
        if let Some(key) = options.primary_key.iter().find(|key| schema.index_of(key).is_err()) {
            return Err(Error::config(format!("the primary key {key:?} is no column")));
        }
        for field in schema.fields() {
            if !is_writable(field.data_type()) {
                return Err(Error::config(format!(
                    "column {:?} is {}, which SQL cannot hold",
                    field.name(),
                    field.data_type()
                ))
                .hint("leave the column out, or cast it to text"));
            }
        }
        let dialect = options.dialect;
        let head = definition::head(schema, options)?;
        let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let columns = names.iter().map(|name| dialect.identifier(name)).collect::<Result<Vec<_>>>()?;
        let insert =
            format!("INSERT INTO {} ({}) VALUES\n", dialect.identifier(&options.table)?, columns.join(", "));
        let group = Group { head: insert.into_bytes(), tail: b";\n".to_vec(), rows: options.rows_per_insert };
        let end = if options.transaction { "COMMIT;\n" } else { "" };
        let frame = Frame::list(
            head.into_bytes(),
            Some(group),
            Some(b'\''),
            format!(";\n{end}").into_bytes(),
            end.as_bytes().to_vec(),
        );
        let types: Vec<DataType> = schema.fields().iter().map(|field| field.data_type().clone()).collect();
        let literals = types.iter().map(|data_type| Literal::new(data_type, dialect)).collect();
        Ok(Self { types, literals, names, dialect, frame })
    }

    /// What stands around the rows.
    pub fn frame(&self) -> Frame {
        self.frame.clone()
    }

    /// What a NUL would do: end the script there, or be refused by the database.
    fn refuse_nul(&self, bytes: &[u8]) -> Result<()> {
        if self.dialect == SqlDialect::Mysql || memchr::memchr(0, bytes).is_none() {
            return Ok(());
        }
        Err(Error::sink(format!(
            "a text holds the character NUL, which {} SQL cannot write; the columns are {}",
            self.dialect.name(),
            self.names.join(", ")
        ))
        .hint("take the character out of the text, or write Parquet or JSONL"))
    }
}

impl Encode for SqlEncoder {
    fn encode(&self, batch: &RecordBatch, buffer: &mut Vec<u8>) -> Result<()> {
        check_types(&self.types, batch)?;
        let start = buffer.len();
        let columns = batch.columns().iter().map(Values::new).collect::<Result<Vec<_>>>()?;
        let nested: Vec<bool> = self.types.iter().map(|data_type| !is_scalar(data_type)).collect();
        buffer.reserve(batch.num_rows() * (columns.len() * 10 + 4));
        let mut json = Vec::new();
        for row in 0..batch.num_rows() {
            for (index, ((values, literal), nested)) in
                columns.iter().zip(&self.literals).zip(&nested).enumerate()
            {
                buffer.extend_from_slice(if index == 0 { b",\n(" } else { b", " });
                if *nested && !values.is_null(row) {
                    json.clear();
                    values.write(&Json, row, &mut json);
                    buffer.push(b'\'');
                    literal.quote(&json, buffer);
                    buffer.push(b'\'');
                } else if literal.quoted && !values.is_null(row) {
                    buffer.push(b'\'');
                    values.write(literal, row, buffer);
                    buffer.push(b'\'');
                } else {
                    values.write(literal, row, buffer);
                }
            }
            buffer.push(b')');
        }
        self.refuse_nul(&buffer[start..])
    }
}
