//! Executable checks of what every source and every sink promises, for the tests of connectors here and elsewhere.
//!
//! A connector describes itself in a [`SourceHarness`] or a [`SinkHarness`]; [`check_source`] and [`check_sink`] then
//! play the engine, crash at every step, and say which promises hold. A crash is a sink or source that is dropped
//! without another call, and a new one that is opened with the last checkpoint.

mod rows;
mod sink;
mod source;

pub use rows::{rows, schema};
pub use sink::{SinkHarness, SinkTarget, check_sink};
pub use source::{SourceHarness, check_source};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::util::display::array_value_to_string;

/// Which promises hold.
#[derive(Debug, Default)]
pub struct Report {
    /// Every check that was made, in order.
    pub checks: Vec<Check>,
}

/// One promise, and whether it holds.
#[derive(Debug)]
pub struct Check {
    /// What was checked: `crash_after_prepare (bounded)`.
    pub name: String,
    /// What went wrong, if anything.
    pub outcome: Result<(), String>,
}

impl Report {
    /// Whether there were checks and all of them passed.
    pub fn is_conformant(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.outcome.is_ok())
    }

    /// The names of the checks that failed.
    pub fn failed(&self) -> Vec<&str> {
        let failed = self.checks.iter().filter(|check| check.outcome.is_err());
        failed.map(|check| check.name.as_str()).collect()
    }

    fn add(&mut self, name: impl Into<String>, outcome: Result<(), String>) {
        self.checks.push(Check { name: name.into(), outcome });
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for check in &self.checks {
            match &check.outcome {
                Ok(()) => writeln!(f, "ok      {}", check.name)?,
                Err(reason) => writeln!(f, "FAILED  {}: {reason}", check.name)?,
            }
        }
        Ok(())
    }
}

/// Whether `found` has got exactly the rows of `expected`, in the same order and of the same types.
fn same_rows(found: &[RecordBatch], expected: &[RecordBatch], schema: &SchemaRef) -> Result<(), String> {
    for batch in found {
        let types = |schema: &SchemaRef| -> Vec<_> {
            let fields = schema.fields().iter();
            fields.map(|f| (f.name().clone(), f.data_type().clone())).collect()
        };
        let (found, expected) = (types(batch.schema_ref()), types(schema));
        if found != expected {
            return Err(format!("columns {found:?}, expected {expected:?}"));
        }
    }
    let whole = |batches: &[RecordBatch]| {
        let columns = batches.iter().map(|batch| {
            RecordBatch::try_new(schema.clone(), batch.columns().to_vec()).map_err(|error| error.to_string())
        });
        let batches = columns.collect::<Result<Vec<_>, _>>()?;
        concat_batches(schema, &batches).map_err(|error| error.to_string())
    };
    let (found, expected) = (whole(found)?, whole(expected)?);
    if found == expected {
        return Ok(());
    }
    let shared = found.num_rows().min(expected.num_rows());
    let first = (0..shared).find(|&row| found.slice(row, 1) != expected.slice(row, 1)).unwrap_or(shared);
    let show = |batch: &RecordBatch| {
        if first >= batch.num_rows() {
            return "no row".to_owned();
        }
        let values = batch
            .columns()
            .iter()
            .map(|column| array_value_to_string(column, first).unwrap_or_else(|error| error.to_string()));
        format!("{:?}", values.collect::<Vec<_>>())
    };
    Err(format!(
        "{} rows, expected {}; the first difference is at row {first}: {} instead of {}",
        found.num_rows(),
        expected.num_rows(),
        show(&found),
        show(&expected)
    ))
}

fn text(error: &millstream_core::Error) -> String {
    match error.hint_text() {
        Some(hint) => format!("{error} (hint: {hint})"),
        None => error.to_string(),
    }
}
