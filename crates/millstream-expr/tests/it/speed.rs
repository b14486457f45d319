//! Evaluates what is typical over a chunk; with `MILLSTREAM_BENCH` set, prints nanoseconds per row.

use arrow::array::Array;
use millstream_expr::{Frame, RowErrors};

use crate::common::Table;

const ROWS: usize = 8192;

#[test]
fn typical_expressions_over_a_chunk() {
    let texts: Vec<String> = (0..ROWS).map(|row| format!("Customer {row}")).collect();
    let table = Table::new()
        .required("row_id", (0..ROWS as i64).collect::<arrow::array::Int64Array>())
        .ints("quantity", (0..ROWS as i64).map(|row| (row % 7 != 0).then_some(row % 100)))
        .floats("price", (0..ROWS).map(|row| row as f64 * 0.37))
        .with("name", texts.into_iter().map(Some).collect::<arrow::array::StringArray>());
    for (source, nulls) in [
        ("row_id % 2 == 0", 0),
        ("row_id % 7 == 0", 0),
        ("row_id % (row_id + 1)", 0),
        ("quantity * 3 + row_id", 1171),
        ("quantity > 10 and price < 500", 1171),
        ("price * 1.2 + 3", 0),
        ("round(price * 1.07, 2)", 0),
        ("price if row_id % 2 == 0 else 0.0", 0),
        ("'even' if row_id % 2 == 0 else 'odd'", 0),
        ("f'{row_id}'", 0),
        ("f'order-{row_id:06d}'", 0),
        ("f'{price:.2f}'", 0),
        ("str(price)", 0),
        ("f'{name.lower()}-{row_id}'", 0),
        ("name.upper()", 0),
        ("name.title()", 0),
        ("name[0:4]", 0),
        ("name == 'Customer 17'", 0),
        ("'99' in name", 0),
        ("name.replace(' ', '_')", 0),
        ("name.split(' ')[1]", 0),
        ("int(name[9:])", 0),
        ("['free', 'pro', 'team'][row_id % 3]", 0),
        ("row_id in [1, 5, 7]", 0),
    ] {
        let expression = table.compile(source).unwrap();
        let (array, errors) = table.evaluate(&expression);
        assert!(errors.is_empty(), "{source}");
        assert_eq!(array.null_count(), nulls, "{source}");
        if std::env::var_os("MILLSTREAM_BENCH").is_some() {
            let nanoseconds = measure(&table, &expression);
            println!("{nanoseconds:8.2} ns/row  {source}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "measures time, and decides nothing by it")]
fn measure(table: &Table, expression: &millstream_expr::Expression) -> f64 {
    const ROUNDS: usize = 200;
    let rows: Vec<u64> = (0..ROWS as u64).collect();
    let frame = Frame { columns: table.arrays(), rows: &rows };
    // The best of a few, as the machine may be busy.
    let best = (0..7)
        .map(|_| {
            let start = std::time::Instant::now();
            for _ in 0..ROUNDS {
                let array = expression.evaluate(&frame, &mut RowErrors::default()).unwrap();
                assert_eq!(std::hint::black_box(array).len(), ROWS);
            }
            start.elapsed()
        })
        .min()
        .unwrap();
    best.as_nanos() as f64 / (ROUNDS * ROWS) as f64
}
