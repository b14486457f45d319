//! Generates a table of six columns with a popular-first foreign key and says how many rows it made; the rows per
//! CPU-second are those over the user time of `time cargo run --release --example throughput -- 20000000`.
//! With the name of a column as the second argument, only this column is made.

use std::io::Write;
use std::time::Duration;

use millstream_generate::{Cadence, ColumnSpec, Rate, TableSpec, Tables, TablesSpec, UpdatePolicy};

fn table(name: &str, row_count: u64, columns: &[(&str, &str)]) -> TableSpec {
    TableSpec {
        name: name.to_owned(),
        row_count,
        start_row_id: 1,
        update_policy: UpdatePolicy::Append,
        cadence: Cadence::constant(Rate::whole(600_000)),
        disorder: None,
        columns: columns
            .iter()
            .map(|(name, data)| ColumnSpec {
                name: (*name).to_owned(),
                data: (*data).to_owned(),
                ..ColumnSpec::default()
            })
            .collect(),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let rows: u64 = arguments.next().map_or(Ok(20_000_000), |text| text.parse())?;
    let only = arguments.next();
    let mut orders = table(
        "orders",
        1000,
        &[
            ("order_id", "row_id"),
            ("label", "f\"order {row_id}\""),
            ("email", "fake.email()"),
            ("customer_id", "foreign_key(\"customers\", \"customer_id\", distribution=\"zipf\", param=1.2)"),
            ("amount", "round(random.uniform(1, 500), 2)"),
            ("ordered_at", "tick_time()"),
            ("tier", "random.choices([\"free\", \"pro\"], weights=[9, 1])[0]"),
            ("customer_email", "copy_from_fk(\"customer_id\", \"customers\", \"email\")"),
        ],
    );
    match &only {
        None => orders.columns.truncate(6),
        Some(name) => orders.columns.retain(|column| {
            column.name == *name || name == "customer_email" && column.name == "customer_id"
        }),
    }
    let customers = table("customers", 10_000_000, &[("customer_id", "row_id"), ("email", "fake.email()")]);
    let spec = TablesSpec {
        tick: Duration::from_secs(10),
        tables: vec![customers, orders],
        ..TablesSpec::default()
    };
    let tables = Tables::compile(&spec, 1_704_067_200_000_000).map_err(|errors| format!("{errors:?}"))?;
    let timelines = tables.timelines();
    let (mut from, mut bytes) = (0, 0);
    while from < rows {
        let until = rows.min(from + 8192);
        bytes += tables.generate(1, from..until, &timelines)?.get_array_memory_size();
        from = until;
    }
    writeln!(std::io::stdout(), "{rows} rows, {bytes} bytes")?;
    Ok(())
}
