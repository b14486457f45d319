//! Batches to CSV.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use millstream_core::{Encode, Error, Result};

use super::CsvWriteOptions;
use crate::frame::Frame;
use crate::jsonl::{Json, check_types};
use crate::scan;
use crate::value::{Style, Values, is_scalar, is_writable};

/// Writes each row as a line that ends with a line feed.
///
/// Fields are quoted only where they have to be: if they hold a delimiter, a quote or a line end, if they would read
/// as a null, and where they are empty but not null: `""`. Values look as in JSONL, without the quotes; floats that
/// are no numbers are `NaN`, `inf` and `-inf`. Lists, structs and maps are written as JSON.
#[derive(Debug)]
pub struct CsvEncoder {
    types: Vec<DataType>,
    /// For each column, whether its values are written as JSON.
    nested: Vec<bool>,
    header: Vec<u8>,
    style: CsvStyle,
}

impl CsvEncoder {
    /// An encoder for batches of `schema`. Refuses columns without a text form (intervals, unions, run-end encoded).
    pub fn new(schema: &SchemaRef, options: &CsvWriteOptions) -> Result<Self> {
        options.check()?;
        if schema.fields().is_empty() {
            return Err(Error::config("a CSV file needs at least one column"));
        }
        for field in schema.fields() {
            if !is_writable(field.data_type()) {
                return Err(Error::config(format!(
                    "column {:?} is {}, which CSV cannot hold",
                    field.name(),
                    field.data_type()
                ))
                .hint("leave the column out, or cast it to text"));
            }
        }
        let style = CsvStyle {
            delimiter: options.delimiter,
            quote: options.quote,
            null: options.null.clone().into_bytes(),
        };
        let mut header = Vec::new();
        if options.header {
            for (index, field) in schema.fields().iter().enumerate() {
                if index > 0 {
                    header.push(style.delimiter);
                }
                style.text(field.name(), &mut header);
            }
            header.push(b'\n');
        }
        Ok(Self {
            nested: schema.fields().iter().map(|field| !is_scalar(field.data_type())).collect(),
            types: schema.fields().iter().map(|field| field.data_type().clone()).collect(),
            header,
            style,
        })
    }

    /// What stands around the rows: the header.
    pub fn frame(&self) -> Frame {
        Frame::lines(self.header(), Some(self.style.quote))
    }

    /// The header line; empty if the options ask for none.
    pub fn header(&self) -> Vec<u8> {
        self.header.clone()
    }

    /// Appends one field. `scratch` is empty before and after.
    #[inline]
    fn write(
        &self,
        column: usize,
        values: &Values<'_>,
        row: usize,
        scratch: &mut Vec<u8>,
        buffer: &mut Vec<u8>,
    ) {
        if !self.nested[column] || values.is_null(row) {
            return values.write(&self.style, row, buffer);
        }
        values.write(&Json, row, scratch);
        self.style.bytes(scratch, buffer);
        scratch.clear();
    }

    /// A file of one column cannot leave a null empty: the line would be blank, and no row to any reader.
    fn encode_single(&self, values: &Values<'_>, rows: usize, buffer: &mut Vec<u8>) -> Result<()> {
        let can_be_empty = values.can_be_empty();
        let mut scratch = Vec::new();
        for row in 0..rows {
            if !values.is_null(row) || !self.style.null.is_empty() {
                self.write(0, values, row, &mut scratch, buffer);
            } else if can_be_empty {
                return Err(Error::sink(
                    "a null in a CSV file of one column would be a blank line, which readers skip",
                )
                .hint("set `null` to a text such as NULL"));
            } else {
                buffer.extend_from_slice(&[self.style.quote; 2]);
            }
            buffer.push(b'\n');
        }
        Ok(())
    }
}

impl Encode for CsvEncoder {
    fn encode(&self, batch: &RecordBatch, buffer: &mut Vec<u8>) -> Result<()> {
        check_types(&self.types, batch)?;
        let columns = batch.columns().iter().map(Values::new).collect::<Result<Vec<_>>>()?;
        buffer.reserve(batch.num_rows() * columns.len() * 8);
        if let [only] = columns.as_slice() {
            return self.encode_single(only, batch.num_rows(), buffer);
        }
        let mut scratch = Vec::new();
        for row in 0..batch.num_rows() {
            for (index, values) in columns.iter().enumerate() {
                if index > 0 {
                    buffer.push(self.style.delimiter);
                }
                self.write(index, values, row, &mut scratch, buffer);
            }
            buffer.push(b'\n');
        }
        Ok(())
    }
}

#[derive(Debug)]
struct CsvStyle {
    delimiter: u8,
    quote: u8,
    null: Vec<u8>,
}

impl CsvStyle {
    #[inline]
    fn bytes(&self, bytes: &[u8], out: &mut Vec<u8>) {
        let special = bytes.is_empty()
            || scan::contains_any(bytes, [self.delimiter, self.quote, b'\n', b'\r'])
            || bytes == self.null
            // At the start of a file it would be taken for a byte order mark.
            || bytes.starts_with(crate::text::BYTE_ORDER_MARK);
        if special {
            self.quoted(bytes, out);
        } else {
            out.extend_from_slice(bytes);
        }
    }

    #[cold]
    fn quoted(&self, bytes: &[u8], out: &mut Vec<u8>) {
        out.push(self.quote);
        let mut rest = bytes;
        while let Some(position) = memchr::memchr(self.quote, rest) {
            let (run, tail) = rest.split_at(position + 1);
            out.extend_from_slice(run);
            out.push(self.quote);
            rest = tail;
        }
        out.extend_from_slice(rest);
        out.push(self.quote);
    }
}

impl Style for CsvStyle {
    #[inline]
    fn null(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.null);
    }

    #[inline]
    fn text(&self, text: &str, out: &mut Vec<u8>) {
        self.bytes(text.as_bytes(), out);
    }

    #[inline]
    fn plain(&self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let start = out.len();
        write(out);
        if out.len() == start {
            out.extend_from_slice(&[self.quote; 2]);
        }
    }

    fn not_finite(&self, value: f64, out: &mut Vec<u8>) {
        out.extend_from_slice(if value.is_nan() {
            b"NaN"
        } else if value > 0.0 {
            b"inf"
        } else {
            b"-inf"
        });
    }
}
