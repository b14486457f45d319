//! A part of one table: what makes any range of rows on any machine the same (S-60).

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use millstream_core::{Bookmark, Boundary, Decode, Decoded, Error, Pull, Result, Source, StreamSchema, Work};
use serde_json::json;

use crate::{Tables, Timelines};

/// Generates some of the initial rows of one table, then ends.
#[derive(Debug)]
pub struct RangeSource {
    tables: Tables,
    table: usize,
    rows: Range<u64>,
    next: u64,
    chunk_rows: u64,
    timelines: Arc<Timelines>,
}

impl RangeSource {
    /// Rows `rows` of the table with the index `table`, in chunks of at most `chunk_rows`.
    pub fn new(tables: Tables, table: usize, rows: Range<u64>, chunk_rows: usize) -> Self {
        let timelines = Arc::new(tables.timelines());
        Self { tables, table, next: rows.start, rows, chunk_rows: chunk_rows.max(1) as u64, timelines }
    }
}

#[derive(Debug)]
struct Part {
    tables: Tables,
    table: usize,
    rows: Range<u64>,
    timelines: Arc<Timelines>,
}

impl Decode for Part {
    fn decode(self: Box<Self>) -> Result<Decoded> {
        let batch = self.tables.generate(self.table, self.rows, &self.timelines)?;
        Ok(Decoded { batch, rejected: Vec::new(), input_bytes: 0 })
    }
}

#[async_trait]
impl Source for RangeSource {
    fn streams(&self) -> Vec<StreamSchema> {
        vec![StreamSchema {
            name: self.tables.names()[self.table].clone(),
            schema: self.tables.schema(self.table),
            bounded: true,
            replaced: false,
            origin: format!("rows {} to {}", self.rows.start, self.rows.end),
        }]
    }

    async fn open(&mut self, from: Option<Bookmark>) -> Result<()> {
        if let Some(bookmark) = from {
            let next = bookmark.0.get("next").and_then(serde_json::Value::as_u64);
            self.next = next.ok_or_else(|| Error::state("the bookmark is none of a range of rows"))?;
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<Pull> {
        if self.next >= self.rows.end {
            return Ok(Pull::End);
        }
        let rows = self.next..(self.next + self.chunk_rows).min(self.rows.end);
        self.next = rows.end;
        let width = 64 * self.tables.schema(self.table).fields().len();
        let bytes = (rows.end - rows.start) as usize * width;
        let decode =
            Part { tables: self.tables.clone(), table: self.table, rows, timelines: self.timelines.clone() };
        Ok(Pull::Work(Work { stream: 0, decode: Box::new(decode), bytes, boundary: Boundary::Allowed }))
    }

    fn bookmark(&self) -> Bookmark {
        Bookmark(json!({ "next": self.next }))
    }

    async fn committed(&mut self, _: &Bookmark) -> Result<()> {
        Ok(())
    }
}
