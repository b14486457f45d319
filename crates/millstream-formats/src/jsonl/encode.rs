//! Batches to JSONL.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use millstream_core::{Encode, Error, Result};

use crate::frame::Frame;
use crate::scan;
use crate::value::{Style, Values, is_writable, json_key};

/// Writes each row as a JSON object on a line of its own.
///
/// Integers and decimals are written with all their digits, floats so that they read back as the same float. JSON
/// has no NaN and no infinities: they are written as `null`. Dates are `"2024-01-31"`, timestamps
/// `"2024-01-31T12:00:00.123456Z"` (in UTC with the `Z` if the column has a time zone; no fraction, 3, 6 or 9
/// digits), durations `"PT1.500S"`, binary values base64. A null is `null`, never left out.
#[derive(Debug)]
pub struct JsonlEncoder {
    types: Vec<DataType>,
    /// What stands before each value; the first one has what stands before the row in it.
    keys: Vec<Vec<u8>>,
    /// A row without columns, up to its closing brace.
    no_columns: Vec<u8>,
    /// What ends a row.
    end: &'static [u8],
}

impl JsonlEncoder {
    /// An encoder for batches of `schema`. Refuses columns that have no JSON form (intervals, unions, run-end
    /// encoded) and two columns of one name.
    pub fn new(schema: &SchemaRef) -> Result<Self> {
        Self::framed(schema, b"", b"}\n")
    }

    /// The same with `before` before each row; `end` is its closing brace and what follows.
    pub(crate) fn framed(schema: &SchemaRef, before: &[u8], end: &'static [u8]) -> Result<Self> {
        let mut keys: Vec<Vec<u8>> = Vec::with_capacity(schema.fields().len());
        for (index, field) in schema.fields().iter().enumerate() {
            if !is_writable(field.data_type()) {
                return Err(Error::config(format!(
                    "column {:?} is {}, which JSON cannot hold",
                    field.name(),
                    field.data_type()
                ))
                .hint("leave the column out, or cast it to text"));
            }
            let key = json_key(field.name(), index == 0);
            if keys.iter().any(|other| other[1..] == key[1..]) {
                return Err(Error::config(format!("two columns are called {:?}", field.name()))
                    .hint("rename one: a JSON object has each key once"));
            }
            keys.push(key);
        }
        if let Some(first) = keys.first_mut() {
            first.splice(..0, before.iter().copied());
        }
        let types = schema.fields().iter().map(|field| field.data_type().clone()).collect();
        Ok(Self { types, keys, no_columns: [before, b"{"].concat(), end })
    }
}

impl JsonlEncoder {
    /// What stands around the rows: nothing.
    pub fn frame(&self) -> Frame {
        Frame::lines(Vec::new(), None)
    }
}

impl Encode for JsonlEncoder {
    fn encode(&self, batch: &RecordBatch, buffer: &mut Vec<u8>) -> Result<()> {
        check_types(&self.types, batch)?;
        let columns = batch.columns().iter().map(Values::new).collect::<Result<Vec<_>>>()?;
        let keys: usize = self.keys.iter().map(Vec::len).sum();
        buffer.reserve(batch.num_rows() * (keys + columns.len() * 8 + 2));
        for row in 0..batch.num_rows() {
            if columns.is_empty() {
                buffer.extend_from_slice(&self.no_columns);
            }
            for (key, values) in self.keys.iter().zip(&columns) {
                buffer.extend_from_slice(key);
                values.write(&Json, row, buffer);
            }
            buffer.extend_from_slice(self.end);
        }
        Ok(())
    }
}

/// Refuses a batch whose columns are not those that the encoder was made for.
pub(crate) fn check_types(types: &[DataType], batch: &RecordBatch) -> Result<()> {
    let columns = batch.columns();
    if types.len() == columns.len()
        && types.iter().zip(columns).all(|(known, column)| known == column.data_type())
    {
        return Ok(());
    }
    Err(Error::internal(format!("a batch with columns {} came to an encoder for {types:?}", batch.schema())))
}

/// Appends `text` in quotes, with the escapes that JSON asks for and no others.
#[inline]
pub(crate) fn write_json_string(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.push(b'"');
    if scan::needs_json_escape(bytes) {
        write_escaped(bytes, out);
    } else {
        out.extend_from_slice(bytes);
    }
    out.push(b'"');
}

#[cold]
fn write_escaped(mut bytes: &[u8], out: &mut Vec<u8>) {
    const HEXADECIMAL: &[u8; 16] = b"0123456789abcdef";
    loop {
        let (run, rest) = bytes.split_at(scan::json_run(bytes));
        out.extend_from_slice(run);
        let Some((&byte, rest)) = rest.split_first() else {
            return;
        };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            control => {
                let (high, low) = (usize::from(control >> 4), usize::from(control & 15));
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', HEXADECIMAL[high], HEXADECIMAL[low]]);
            }
        }
        bytes = rest;
    }
}

/// Values as in JSON.
pub(crate) struct Json;

impl Style for Json {
    #[inline]
    fn null(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"null");
    }

    #[inline]
    fn text(&self, text: &str, out: &mut Vec<u8>) {
        write_json_string(text, out);
    }

    #[inline]
    fn plain(&self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        out.push(b'"');
        write(out);
        out.push(b'"');
    }

    fn not_finite(&self, _value: f64, out: &mut Vec<u8>) {
        self.null(out);
    }
}
