//! CSV files to batches.

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef};
use millstream_core::{Decoded, Error, Payload, RejectedRow, Result, RowErrorKind};

use super::CsvReadOptions;
use super::column::{self, Column, NullValues, Strip};
use super::infer::Guess;
use super::records::{Dialect, Field, Flaw, Record, Records};
use crate::parse;
use crate::text::{self, Block, Lines, TextFormat, shown};

/// Fields in a strip: few enough for it to stay in the first-level cache while its columns are read.
const STRIP_FIELDS: usize = 4_096;

/// A CSV format: its dialect and the types of its columns.
#[derive(Debug)]
pub struct CsvFormat {
    schema: SchemaRef,
    /// For each column, whether its type was inferred.
    inferred: Vec<bool>,
    dialect: Dialect,
    header: bool,
    nulls: NullValues,
}

impl CsvFormat {
    /// The format of a file that starts with `sample`; `complete` says that the sample is all of it. Types that are
    /// not declared are the narrowest of Int64, Float64, Boolean, Date32, Timestamp(µs) and Utf8 that fit all rows of
    /// the sample. All columns are nullable.
    ///
    /// The text says how the schema came about, for `explain`: `inferred from 1,000 rows`.
    pub fn infer(options: CsvReadOptions, sample: &[u8], complete: bool) -> Result<(Self, String)> {
        options.check()?;
        let dialect = Dialect { delimiter: options.delimiter, quote: options.quote };
        let nulls = NullValues::new(options.null_values);
        let sample = &sample[text::byte_order_mark(sample, true).unwrap_or(0)..];
        // Without the record that the end of the sample cuts in two.
        let whole = if complete { sample } else { &sample[..dialect.whole_records(sample)] };
        if whole.is_empty() && !sample.is_empty() {
            return Err(Error::source(format!("the first {} bytes are not one whole record", sample.len()))
                .hint("check the quotes and the line ends of the file's first lines"));
        }
        let mut records = Records::new(whole, dialect);
        let mut fields = Vec::new();
        let declared = options.columns.as_deref();
        let names = if options.header {
            let Some(record) = records.next(&mut fields) else {
                return Err(Error::source("the file is empty: it has no header")
                    .hint("a CSV file starts with the names of its columns, unless header is false"));
            };
            header_names(whole, record, &fields, dialect)?
        } else {
            let first = Records::new(whole, dialect).next(&mut fields).map(|_| fields.len());
            names_without_header(first, declared)?
        };
        let mut types = declared_types(&names, declared)?;
        let mut guesses = vec![Guess::new(); names.len()];
        let mut rows = 0;
        while types.contains(&None) && rows < options.sample_rows {
            fields.clear();
            let Some(record) = records.next(&mut fields) else {
                break;
            };
            rows += 1;
            if record.flaw.is_some() || fields.len() != names.len() {
                continue;
            }
            for (guess, field) in guesses.iter_mut().zip(&fields) {
                let content = field.content(whole, dialect.quote);
                if !nulls.contains(&content) {
                    guess.see(&content);
                }
            }
        }
        let inferred: Vec<bool> = types.iter().map(Option::is_none).collect();
        let columns =
            names.into_iter().zip(types.iter_mut().zip(guesses)).map(|(name, (data_type, guess))| {
                ArrowField::new(name, data_type.take().unwrap_or_else(|| guess.data_type()), true)
            });
        let schema = Arc::new(Schema::new(columns.collect::<Vec<_>>()));
        let origin =
            text::origin(inferred.len(), inferred.iter().filter(|inferred| **inferred).count(), rows);
        let format = Self { schema, inferred, dialect, header: options.header, nulls };
        Ok((format, origin))
    }

    fn columns(&self, rows: usize) -> Result<Vec<Box<dyn Column>>> {
        let fields = self.schema.fields().iter().zip(&self.inferred);
        let columns =
            fields.map(|(field, strict)| column::column(field.data_type(), *strict, &self.nulls, rows));
        let columns: Option<Vec<_>> = columns.collect();
        columns.ok_or_else(|| Error::internal("a CSV column of a type that was refused before"))
    }
}

impl TextFormat for CsvFormat {
    fn whole_records(&self, buffer: &[u8], at_end: bool) -> Result<usize> {
        if at_end {
            return Ok(buffer.len());
        }
        Ok(self.dialect.whole_records(buffer))
    }

    fn preamble(&self, buffer: &[u8], at_end: bool) -> Result<Option<usize>> {
        let Some(mark) = text::byte_order_mark(buffer, at_end) else {
            return Ok(None);
        };
        let rest = &buffer[mark..];
        if !self.header || (rest.is_empty() && at_end) {
            return Ok(Some(mark));
        }
        let mut fields = Vec::new();
        let mut records = Records::new(rest, self.dialect);
        let record = records.next(&mut fields);
        let ended = records.position() <= rest.len()
            && record.is_some_and(|record| record.flaw != Some(Flaw::Unterminated));
        if !ended && !at_end {
            return Ok(None);
        }
        let Some(record) = record else {
            return Ok(Some(buffer.len()));
        };
        let names = header_names(rest, record, &fields, self.dialect)?;
        let expected: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        if names != expected {
            return Err(Error::source(format!(
                "the header is {}, expected {}",
                shown(names.join(",").as_bytes()),
                shown(expected.join(",").as_bytes())
            ))
            .hint("all files of one source must have the same columns in the same order"));
        }
        Ok(Some(mark + records.position().min(rest.len())))
    }

    fn decode(&self, block: &Block) -> Result<Decoded> {
        text::check_size(block)?;
        let bytes = block.bytes.as_slice();
        let utf8 = simdutf8::basic::from_utf8(bytes).ok();
        let width = self.schema.fields().len();
        let strip_rows = (STRIP_FIELDS / width).max(16);
        let mut records = Records::new(bytes, self.dialect);
        let mut fields: Vec<Field> = Vec::with_capacity((strip_rows + 1) * width);
        // Of the rows in the strip: each record and its index in the block.
        let mut strip: Vec<(Record, u64)> = Vec::with_capacity(strip_rows);
        let mut columns: Vec<Box<dyn Column>> = Vec::new();
        let mut rejected = Vec::new();
        let mut failed_rows = Vec::new();
        let (mut rows, mut index) = (0, 0);
        loop {
            strip.clear();
            fields.clear();
            while strip.len() < strip_rows {
                let before = fields.len();
                let Some(record) = records.next(&mut fields) else {
                    break;
                };
                let found = fields.len() - before;
                if record.flaw.is_none() && found == width {
                    strip.push((record, index));
                } else {
                    fields.truncate(before);
                    rejected.push(Rejection {
                        index,
                        record,
                        kind: RowErrorKind::Parse,
                        reason: record
                            .flaw
                            .map_or_else(|| count(found, width), |flaw| flaw.reason().to_owned()),
                    });
                }
                index += 1;
            }
            if strip.is_empty() {
                break;
            }
            if columns.is_empty() {
                columns = self.columns(estimate(records.position(), strip.len(), bytes.len()))?;
            }
            let part = Strip {
                bytes,
                text: utf8,
                fields: &fields,
                width,
                nulls: &self.nulls,
                quote: self.dialect.quote,
            };
            self.append(&part, &strip, rows, &mut columns, &mut rejected, &mut failed_rows);
            rows += strip.len();
        }
        if columns.is_empty() {
            columns = self.columns(0)?;
        }
        let arrays = columns.into_iter().map(Column::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema(), arrays, &options)
            .map_err(|error| Error::internal("CSV columns do not make a batch").caused_by(error))?;
        Ok(Decoded {
            batch: without(batch, &mut failed_rows)?,
            rejected: reject(block, rejected),
            input_bytes: block.bytes.len() as u64,
        })
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

impl CsvFormat {
    /// Appends a strip to the columns. A row that does not fit is rejected for its first misfit, and keeps its place
    /// (with a null) until the columns are complete.
    fn append(
        &self,
        part: &Strip<'_>,
        strip: &[(Record, u64)],
        rows: usize,
        columns: &mut [Box<dyn Column>],
        rejected: &mut Vec<Rejection>,
        failed_rows: &mut Vec<usize>,
    ) {
        let mut failed = Vec::new();
        // The rows of the strip that were rejected; empty as long as there are none.
        let mut known: Vec<bool> = Vec::new();
        for (position, column) in columns.iter_mut().enumerate() {
            column.append(part, position, &mut failed);
            for row in failed.drain(..) {
                known.resize(strip.len(), false);
                if std::mem::replace(&mut known[row], true) {
                    continue;
                }
                failed_rows.push(rows + row);
                let (record, index) = strip[row];
                let field = self.schema.field(position);
                let content = part.fields[row * part.width + position].content(part.bytes, part.quote);
                let misfit =
                    parse::misfit(field.data_type(), self.inferred[position], &content, &shown(&content));
                rejected.push(Rejection {
                    index,
                    record,
                    kind: if matches!(
                        field.data_type(),
                        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
                    ) {
                        RowErrorKind::Parse
                    } else {
                        RowErrorKind::Cast
                    },
                    reason: format!("column {:?}: {misfit}", field.name()),
                });
            }
        }
    }
}

/// A record that does not fit.
struct Rejection {
    index: u64,
    record: Record,
    kind: RowErrorKind,
    reason: String,
}

impl Flaw {
    fn reason(self) -> &'static str {
        match self {
            Self::StrayQuote => "a quote inside a field that does not start with one",
            Self::AfterQuote => "text between a closing quote and the end of the field",
            Self::Unterminated => "a quoted field is not closed before the end of the file",
        }
    }
}

fn count(found: usize, expected: usize) -> String {
    format!("{found} field{}, expected {expected}", if found == 1 { "" } else { "s" })
}

/// How many rows a block has, if all are as long as those so far; a few more, rather than to allocate again.
fn estimate(position: usize, rows: usize, length: usize) -> usize {
    let left = length.saturating_sub(position);
    rows + left * rows / position.max(1) * 17 / 16
}

fn reject(block: &Block, mut rejections: Vec<Rejection>) -> Vec<RejectedRow> {
    rejections.sort_by_key(|rejection| rejection.index);
    let mut lines = Lines::new(block);
    let rejected = rejections.into_iter().map(|rejection| RejectedRow {
        kind: rejection.kind,
        message: format!("{}:{}: {}", block.file, lines.line_of(rejection.record.start), rejection.reason),
        row_index: rejection.index,
        payload: Payload::Raw(block.bytes[rejection.record.start..rejection.record.end].to_vec()),
    });
    rejected.collect()
}

fn without(batch: RecordBatch, failed: &mut [usize]) -> Result<RecordBatch> {
    if failed.is_empty() {
        return Ok(batch);
    }
    failed.sort_unstable();
    let mut next = failed.iter().copied().peekable();
    let keep = (0..batch.num_rows()).map(|row| next.next_if_eq(&row).is_none());
    let keep = BooleanArray::from(keep.collect::<Vec<_>>());
    filter_record_batch(&batch, &keep)
        .map_err(|error| Error::internal("cannot leave out rejected rows").caused_by(error))
}

fn header_names(bytes: &[u8], record: Record, fields: &[Field], dialect: Dialect) -> Result<Vec<String>> {
    if let Some(flaw) = record.flaw {
        return Err(Error::source(format!("bad header: {}", flaw.reason())));
    }
    let mut names = Vec::with_capacity(fields.len());
    for field in fields {
        let name = String::from_utf8(field.content(bytes, dialect.quote))
            .map_err(|error| Error::source("the header is not valid UTF-8").caused_by(error))?;
        let hint = "repair the header, or set header to false and declare the columns";
        if name.is_empty() {
            return Err(
                Error::source(format!("column {} has no name in the header", names.len() + 1)).hint(hint)
            );
        }
        if names.contains(&name) {
            return Err(Error::source(format!("the header has two columns named {name:?}")).hint(hint));
        }
        names.push(name);
    }
    Ok(names)
}

fn names_without_header(
    first: Option<usize>,
    declared: Option<&[(String, DataType)]>,
) -> Result<Vec<String>> {
    match (declared, first) {
        (Some(columns), _) => {
            let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
            match first {
                Some(fields) if fields != names.len() => Err(Error::config(format!(
                    "the first record has {}, one for each column that is declared",
                    count(fields, names.len())
                ))
                .hint("a file without a header needs a declaration of every column, in order, or of none")),
                _ => Ok(names),
            }
        }
        (None, Some(fields)) => Ok((1..=fields).map(|number| format!("column_{number}")).collect()),
        (None, None) => Err(Error::source("the file is empty, and no columns are declared")
            .hint("declare the columns: there is neither a header nor a row to tell them")),
    }
}

fn declared_types(
    names: &[String],
    declared: Option<&[(String, DataType)]>,
) -> Result<Vec<Option<DataType>>> {
    let mut types = vec![None; names.len()];
    for (name, data_type) in declared.unwrap_or_default() {
        let Some(position) = names.iter().position(|known| known == name) else {
            return Err(Error::config(format!("column {name:?} is declared, but not in the file"))
                .hint(format!("the file has {}", names.join(", "))));
        };
        if types[position].is_some() {
            return Err(Error::config(format!("column {name:?} is declared twice")));
        }
        if !column::is_readable(data_type) {
            return Err(Error::config(format!("column {name:?} cannot be read from CSV as {data_type}"))
                .hint("declare it as text"));
        }
        types[position] = Some(data_type.clone());
    }
    if names.is_empty() {
        return Err(Error::config("no columns are declared"));
    }
    Ok(types)
}
