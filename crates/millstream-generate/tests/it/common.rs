//! Tables to test with.

use std::time::Duration;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use millstream_generate::{
    Cadence, ColumnSpec, SpecError, TableSpec, Tables, TablesSpec, Timelines, UpdatePolicy,
};

/// 2024-01-01T00:00:00Z
pub(crate) const START: i64 = 1_704_067_200_000_000;

pub(crate) fn table(
    name: &str,
    row_count: u64,
    rows_per_minute: &str,
    columns: &[(&str, &str)],
) -> TableSpec {
    TableSpec {
        name: name.to_owned(),
        row_count,
        start_row_id: 1,
        update_policy: UpdatePolicy::Append,
        cadence: Cadence::constant(rows_per_minute.parse().unwrap()),
        disorder: None,
        columns: columns
            .iter()
            .enumerate()
            .map(|(index, (name, data))| ColumnSpec {
                name: (*name).to_owned(),
                data: (*data).to_owned(),
                is_primary_key: index == 0,
                ..ColumnSpec::default()
            })
            .collect(),
    }
}

pub(crate) fn spec(tables: Vec<TableSpec>) -> TablesSpec {
    TablesSpec { seed: 42, tick: Duration::from_secs(1), tables, ..TablesSpec::default() }
}

pub(crate) fn compile(tables: Vec<TableSpec>) -> Tables {
    try_compile(tables).unwrap()
}

pub(crate) fn try_compile(tables: Vec<TableSpec>) -> Result<Tables, Vec<SpecError>> {
    Tables::compile(&spec(tables), START)
}

/// Customers, their orders, and the payments of the orders.
pub(crate) fn shop() -> Vec<TableSpec> {
    vec![
        table(
            "customers",
            50,
            "90",
            &[
                ("customer_id", "row_id"),
                ("name", "f\"customer {row_id:05d}\""),
                ("tier", "random.choices([\"free\", \"pro\"], weights=[9, 1])[0]"),
                ("credit", "random.randint(0, 1000)"),
            ],
        ),
        table(
            "orders",
            200,
            "600",
            &[
                ("order_id", "row_id"),
                (
                    "customer_id",
                    "foreign_key(\"customers\", \"customer_id\", distribution=\"zipf\", param=1.2)",
                ),
                ("customer_name", "copy_from_fk(\"customer_id\", \"customers\", \"name\")"),
                ("customer_tier", "copy_from_fk(\"customers\", \"customer_id\", \"tier\")"),
                ("amount", "round(random.uniform(1, 500), 2)"),
                ("ordered_at", "tick_time()"),
            ],
        ),
        table(
            "payments",
            100,
            "450.5",
            &[
                ("payment_id", "row_id"),
                ("order_id", "foreign_key(\"orders\", \"order_id\")"),
                ("customer_id", "copy_from_fk(\"order_id\", \"orders\", \"customer_id\")"),
                ("credit", "copy_from_fk(\"customer_id\", \"customers\", \"credit\")"),
                ("amount", "copy_from_fk(\"order_id\", \"orders\", \"amount\")"),
            ],
        ),
    ]
}

pub(crate) fn all(tables: &Tables, table: usize, tick: u64, timelines: &Timelines) -> RecordBatch {
    let rows = timelines.tables[table].rows_at(tick);
    tables.generate(table, 0..rows, timelines).unwrap()
}

pub(crate) fn column(batch: &RecordBatch, name: &str) -> ArrayRef {
    batch.column_by_name(name).unwrap().clone()
}

pub(crate) fn integers(batch: &RecordBatch, name: &str) -> Vec<i64> {
    let column = column(batch, name);
    assert_eq!(column.null_count(), 0, "{name}");
    column.as_primitive::<Int64Type>().values().to_vec()
}

use arrow::array::Array as _;
