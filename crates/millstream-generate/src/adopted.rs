//! Tables that Millstream did not make, as parents (S-64): their key and the columns that are copied from it are read
//! into memory, and read again when the table has another version. Which version a tick saw is recorded, so that a
//! restart makes the same rows.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, interleave, take};
use arrow::datatypes::{DataType, Int32Type, SchemaRef};
use async_trait::async_trait;
use millstream_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// The bits of a row's number that are its index among the rows of its base.
const INDEX_BITS: u32 = 40;

/// A table that is there already.
#[derive(Debug, Clone, PartialEq)]
pub struct AdoptedSpec {
    /// The name that the file gives it.
    pub name: String,
    /// Its columns.
    pub schema: SchemaRef,
}

/// Reads a table that is there already.
#[async_trait]
pub trait AdoptedTable: Send + Sync + std::fmt::Debug {
    /// Its newest version. Cheap: it is asked for before every tick.
    async fn newest(&mut self) -> Result<u64>;

    /// Some columns, by name, of all rows at `version`.
    async fn read(&mut self, version: u64, columns: &[String]) -> Result<AdoptedRows>;
}

/// The rows of a table at one version.
#[derive(Debug, Clone)]
pub struct AdoptedRows {
    /// The columns that were asked for, in that order.
    pub batch: RecordBatch,
    /// What the rows are made of, in their order: where the parts of one version begin with those of another, so do the
    /// rows.
    pub parts: Vec<String>,
}

/// Which rows of an adopted table the ticks see.
#[derive(Debug, Clone, Default)]
pub struct AdoptedHistory {
    seen: Vec<Seen>,
    bases: Vec<Base>,
}

/// What is seen from a tick on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    from_tick: u64,
    version: u64,
    rows: u64,
    /// Versions of one base extend each other.
    base: usize,
}

/// The newest version of those that extend each other: the rows of all of them.
#[derive(Debug, Clone)]
struct Base {
    parts: Vec<String>,
    columns: Arc<[ArrayRef]>,
}

/// The rows that a tick sees: `count` of them, numbered from `first`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Visible {
    pub(crate) first: u64,
    pub(crate) count: u64,
}

impl PartialEq for AdoptedHistory {
    fn eq(&self, other: &Self) -> bool {
        self.seen == other.seen
    }
}

impl Eq for AdoptedHistory {}

impl AdoptedHistory {
    /// Reads the newest version, which is seen from the first tick on.
    pub async fn begin(table: &mut dyn AdoptedTable, columns: &[String]) -> Result<Self> {
        let mut history = Self::default();
        history.refresh(table, columns, 0).await?;
        Ok(history)
    }

    /// From `tick` on the newest version is seen; says whether it is another than before.
    pub(crate) async fn refresh(
        &mut self,
        table: &mut dyn AdoptedTable,
        columns: &[String],
        tick: u64,
    ) -> Result<bool> {
        let version = table.newest().await?;
        if self.seen.last().is_some_and(|seen| seen.version == version) {
            return Ok(false);
        }
        let read = table.read(version, columns).await?;
        let rows = read.batch.num_rows() as u64;
        let extends = self.bases.last().is_some_and(|base| read.parts.starts_with(&base.parts));
        let base = Base::new(read)?;
        match self.bases.last_mut().filter(|_| extends) {
            Some(last) => *last = base,
            None => self.bases.push(base),
        }
        self.seen.push(Seen { from_tick: tick, version, rows, base: self.bases.len() - 1 });
        Ok(true)
    }

    /// Reads what was seen before.
    pub(crate) async fn restore(
        table: &mut dyn AdoptedTable,
        columns: &[String],
        seen: Vec<Seen>,
    ) -> Result<Self> {
        let mut bases = Vec::new();
        for number in 0..=seen.last().map_or(0, |last| last.base) {
            let Some(newest) = seen.iter().rev().find(|seen| seen.base == number) else {
                return Err(Error::state("the recorded versions of an adopted table are damaged"));
            };
            let read = table.read(newest.version, columns).await?;
            if read.batch.num_rows() as u64 != newest.rows {
                return Err(Error::state(format!(
                    "version {} of an adopted table has {} rows now, and had {} when it was seen",
                    newest.version,
                    read.batch.num_rows(),
                    newest.rows
                ))
                .hint("restore the table, or start over with a new state and an empty output"));
            }
            bases.push(Base::new(read)?);
        }
        Ok(Self { seen, bases })
    }

    pub(crate) fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// The rows that `tick` sees.
    pub(crate) fn visible(&self, tick: u64) -> Visible {
        let seen = self.seen.iter().rev().find(|seen| seen.from_tick <= tick);
        seen.map_or(Visible { first: 0, count: 0 }, |seen| Visible {
            first: (seen.base as u64) << INDEX_BITS,
            count: seen.rows,
        })
    }

    /// The rows that became visible together with row `index`, with a number for them; `None` if it never did, or if
    /// rows were changed or removed since, so that there is no telling.
    pub(crate) fn born_with(&self, index: u64) -> Option<(u64, std::ops::Range<u64>)> {
        let mut before = 0;
        for seen in self.seen.iter().take_while(|seen| seen.base == 0) {
            if index < seen.rows {
                return Some((seen.from_tick, before..seen.rows));
            }
            before = seen.rows;
        }
        None
    }

    /// The values of a column, by its position among those that were read, at `rows`.
    pub(crate) fn values(&self, column: usize, rows: &[u64]) -> Result<ArrayRef> {
        let failed = |cause| Error::internal("cannot take rows of an adopted table").caused_by(cause);
        let gone = || Error::internal("a row of an adopted table is not there");
        let place = |row: u64| ((row >> INDEX_BITS) as usize, (row & ((1 << INDEX_BITS) - 1)) as usize);
        let first = rows.first().map_or(0, |row| place(*row).0);
        let columns: Vec<&ArrayRef> =
            self.bases.iter().map(|base| base.columns.get(column)).collect::<Option<_>>().ok_or_else(gone)?;
        let fits = |row: &u64| columns.get(place(*row).0).is_some_and(|array| place(*row).1 < array.len());
        if !rows.iter().all(fits) {
            return Err(gone());
        }
        let taken = if rows.iter().all(|row| place(*row).0 == first) {
            let indices =
                arrow::array::UInt64Array::from_iter_values(rows.iter().map(|row| place(*row).1 as u64));
            take(columns.get(first).ok_or_else(gone)?, &indices, None).map_err(failed)?
        } else {
            // Versions may be compact in different ways.
            let columns: Vec<ArrayRef> =
                columns.into_iter().map(|array| plain(array)).collect::<Result<_>>()?;
            let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
            let places: Vec<(usize, usize)> = rows.iter().map(|row| place(*row)).collect();
            interleave(&columns, &places).map_err(failed)?
        };
        plain(&taken)
    }
}

impl Base {
    fn new(rows: AdoptedRows) -> Result<Self> {
        let columns = rows.batch.columns().iter().map(compact).collect::<Result<Vec<_>>>()?;
        Ok(Self { parts: rows.parts, columns: columns.into() })
    }
}

/// Texts that often repeat are kept once.
fn compact(array: &ArrayRef) -> Result<ArrayRef> {
    let failed = |cause| Error::data("a column of an adopted table cannot be read").caused_by(cause);
    let array = plain(array)?;
    if *array.data_type() != DataType::Utf8 {
        return Ok(array);
    }
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let encoded = cast(&array, &dictionary).map_err(failed)?;
    let distinct = encoded.as_dictionary::<Int32Type>().values().len();
    Ok(if distinct <= array.len() / 2 { encoded } else { array })
}

fn plain(array: &ArrayRef) -> Result<ArrayRef> {
    let data_type = plain_type(array.data_type());
    if *array.data_type() == data_type {
        return Ok(array.clone());
    }
    cast(array, &data_type)
        .map_err(|cause| Error::data("a column of an adopted table cannot be read").caused_by(cause))
}

/// The type of a column as expressions have it.
pub(crate) fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => plain_type(values),
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        other => other.clone(),
    }
}

/// An adopted table, as the compiled tables know it.
#[derive(Debug)]
pub(crate) struct Adopted {
    pub(crate) name: String,
    pub(crate) schema: SchemaRef,
    /// The columns that are read, by their index in the schema.
    pub(crate) used: Vec<usize>,
}
