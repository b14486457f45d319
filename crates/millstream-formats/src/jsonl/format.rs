//! JSONL files to batches.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use memchr::{memchr, memrchr};
use millstream_core::{Decoded, Error, Payload, RejectedRow, Result, RowErrorKind};

use super::JsonlReadOptions;
use super::column::{Column, Object};
use super::cursor::{Cursor, Parse, Problem};
use super::infer::{Members, see_members};
use crate::text::{self, Block, Lines, TextFormat};

/// A JSONL format: the types of its columns.
#[derive(Debug)]
pub struct JsonlFormat {
    schema: SchemaRef,
}

impl JsonlFormat {
    /// The format of a file that starts with `sample`; `complete` says that the sample is all of it. Columns are the
    /// keys of the sample's objects in the order in which they first appear, then the declared ones that do not
    /// appear. Types that are not declared are inferred: Int64, Decimal128(38, 0) if an integer does not fit 64 bits,
    /// Float64, Boolean, Utf8, and lists and structs of these. A key that has values of more than one kind is an
    /// error: it has to be declared. All columns are nullable.
    ///
    /// The text says how the schema came about, for `explain`: `inferred from 1,000 rows`.
    pub fn infer(options: JsonlReadOptions, sample: &[u8], complete: bool) -> Result<(Self, String)> {
        let sample = &sample[text::byte_order_mark(sample, true).unwrap_or(0)..];
        let whole = if complete { sample } else { &sample[..whole_lines(sample)] };
        if whole.is_empty() && !sample.is_empty() {
            return Err(Error::source(format!("the first {} bytes are not one whole line", sample.len()))
                .hint("JSONL has one object on each line"));
        }
        let declared = options.columns.unwrap_or_default();
        let mut members = Members::new();
        let mut first_problem = None;
        let (mut rows, mut good) = (0, 0);
        for (number, line) in lines(whole).enumerate() {
            if rows == options.sample_rows {
                break;
            }
            if is_blank(line) {
                continue;
            }
            rows += 1;
            let mut learned = members.clone();
            match learn(&mut learned, &declared, line) {
                Ok(()) => {
                    members = learned;
                    good += 1;
                }
                Err(problem) if matches!(*problem, Problem::Misfit { .. }) => {
                    return Err(Error::source(format!("line {}: {problem}", number + 1)).hint(
                        "declare the column's type: then rows that do not fit are rejected one by one",
                    ));
                }
                Err(problem) => {
                    first_problem.get_or_insert_with(|| format!("line {}: {problem}", number + 1));
                }
            }
        }
        if good == 0 && declared.is_empty() {
            return Err(match first_problem {
                Some(problem) => {
                    Error::source(format!("no JSON object in the first {rows} lines: {problem}"))
                }
                None => Error::source("the file has no rows, and no columns are declared"),
            }
            .hint(
                "JSONL has one object on each line; declare the columns to read a file that may be empty",
            ));
        }
        let schema = schema(&members, &declared)?;
        let inferred = schema.fields().len() - declared.len();
        let origin = text::origin(schema.fields().len(), inferred, good);
        Ok((Self { schema: Arc::new(schema) }, origin))
    }
}

fn learn(members: &mut Members, declared: &[(String, DataType)], line: &[u8]) -> Parse<()> {
    let mut cursor = Cursor::new(line);
    if simdutf8::basic::from_utf8(line).is_err() {
        return cursor.fail("UTF-8");
    }
    // A line that is broken further on teaches nothing.
    let mut whole = cursor.clone();
    whole.skip_value()?;
    whole.end()?;
    see_members(members, declared, &mut cursor, 0)
}

fn schema(members: &Members, declared: &[(String, DataType)]) -> Result<Schema> {
    let mut fields = Vec::with_capacity(members.len());
    for (name, data_type) in declared {
        if Column::new(data_type, true).is_none() {
            return Err(Error::config(format!("column {name:?} cannot be read from JSON as {data_type}")));
        }
        if declared.iter().filter(|(other, _)| other == name).count() > 1 {
            return Err(Error::config(format!("column {name:?} is declared twice")));
        }
    }
    for (name, kind) in members {
        let data_type = match declared.iter().find(|(known, _)| known == name) {
            Some((_, data_type)) => data_type.clone(),
            None => kind.data_type(name).map_err(|path| {
                Error::source(format!("column {path:?} has numbers that no one type holds exactly"))
                    .hint("declare its type, as a decimal or as text")
            })?,
        };
        fields.push(Field::new(name, data_type, true));
    }
    let unseen = declared.iter().filter(|(name, _)| !members.iter().any(|(known, _)| known == name));
    fields.extend(unseen.map(|(name, data_type)| Field::new(name, data_type.clone(), true)));
    Ok(Schema::new(fields))
}

impl TextFormat for JsonlFormat {
    fn whole_records(&self, buffer: &[u8], at_end: bool) -> Result<usize> {
        Ok(if at_end { buffer.len() } else { whole_lines(buffer) })
    }

    fn preamble(&self, buffer: &[u8], at_end: bool) -> Result<Option<usize>> {
        Ok(text::byte_order_mark(buffer, at_end))
    }

    fn decode(&self, block: &Block) -> Result<Decoded> {
        text::check_size(block)?;
        let fields: &Fields = self.schema.fields();
        let mut rows =
            Object::new(fields).ok_or_else(|| Error::internal("a JSON column of an unknown type"))?;
        let all_utf8 = simdutf8::basic::from_utf8(&block.bytes).is_ok();
        let mut numbers = Lines::new(block);
        let mut rejected = Vec::new();
        let (mut index, mut start) = (0, 0);
        for line in lines(&block.bytes) {
            if is_blank(line) {
                start += line.len() + 1;
                continue;
            }
            if let Err(problem) = read(&mut rows, line, all_utf8) {
                rejected.push(reject(&block.file, numbers.line_of(start), index, line, &problem));
            }
            index += 1;
            start += line.len() + 1;
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.rows()));
        let batch = rows
            .finish()
            .and_then(|columns| RecordBatch::try_new_with_options(self.schema(), columns, &options))
            .map_err(|error| Error::internal("JSON columns do not make a batch").caused_by(error))?;
        Ok(Decoded { batch, rejected, input_bytes: block.bytes.len() as u64 })
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// Appends the row on a line, or nothing.
fn read(rows: &mut Object, line: &[u8], utf8: bool) -> Parse<()> {
    let mut cursor = Cursor::new(line);
    if !utf8 && simdutf8::basic::from_utf8(line).is_err() {
        return cursor.fail("UTF-8");
    }
    let before = rows.rows();
    let read = rows.read(&mut cursor).and_then(|()| cursor.end());
    if read.is_err() {
        rows.truncate(before);
    }
    read
}

#[cold]
fn reject(file: &str, number: u64, index: u64, line: &[u8], problem: &Problem) -> RejectedRow {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut cursor = Cursor::new(line);
    // A misfit early in a line says nothing about what comes after it.
    let whole = std::str::from_utf8(line).ok().map(|text| {
        let object = cursor.peek() == b'{';
        (text, cursor.skip_value().and_then(|_| cursor.end()), object)
    });
    let (kind, reason, payload) = match whole {
        Some((text, Ok(()), true)) if matches!(problem, Problem::Misfit { .. }) => {
            (RowErrorKind::Cast, problem.to_string(), Payload::Row(text.to_owned()))
        }
        Some((_, Err(broken), _)) => (RowErrorKind::Parse, broken.to_string(), Payload::Raw(line.to_vec())),
        _ => (RowErrorKind::Parse, problem.to_string(), Payload::Raw(line.to_vec())),
    };
    RejectedRow { kind, message: format!("{file}:{number}: {reason}"), row_index: index, payload }
}

fn whole_lines(buffer: &[u8]) -> usize {
    memrchr(b'\n', buffer).map_or(0, |line_feed| line_feed + 1)
}

/// The lines of `bytes`, without their line feeds.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (line, after) = match memchr(b'\n', rest) {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, &rest[rest.len()..]),
        };
        rest = after;
        Some(line)
    })
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}
