//! `type` and `null_percentage`, as the rest of a file meets them.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int8Type, Int64Type};
use millstream_generate::{ColumnSpec, SpecError, TableSpec, Tables};

use crate::common::{compile, table, try_compile};

/// A table whose columns are changed by `declare`, by name.
fn declared(
    name: &str,
    row_count: u64,
    columns: &[(&str, &str)],
    declare: impl Fn(&mut ColumnSpec),
) -> TableSpec {
    let mut table = table(name, row_count, "60", columns);
    table.columns.iter_mut().for_each(declare);
    table
}

fn share(column: &mut ColumnSpec, name: &str, text: &str) {
    if column.name == name {
        column.null_share = Some(text.parse().unwrap());
    }
}

fn kind(column: &mut ColumnSpec, name: &str, data_type: DataType) {
    if column.name == name {
        column.data_type = Some(data_type);
    }
}

fn all(tables: &Tables, table: usize, rows: u64) -> RecordBatch {
    tables.generate(table, 0..rows, &tables.timelines()).unwrap()
}

#[test]
fn dependants_see_the_converted_value_and_the_null() {
    let tables = compile(vec![declared(
        "t",
        1000,
        &[
            ("id", "row_id"),
            ("price", "row_id + 0.9"),
            ("double", "price * 2"),
            ("shown", "f'{price}'"),
            ("maybe", "row_id"),
            ("after", "maybe + 1"),
            ("missing", "maybe is None"),
        ],
        |column| {
            kind(column, "price", DataType::Int64);
            share(column, "maybe", "25%");
        },
    )]);
    let batch = all(&tables, 0, 1000);
    assert_eq!(batch.column(2).as_primitive::<Int64Type>().value(4), 10);
    assert_eq!(batch.column(3).as_string::<i32>().value(4), "5");
    assert_eq!(batch.column(4).null_count(), 250);
    assert_eq!(batch.column(5).logical_nulls(), batch.column(4).logical_nulls());
    let missing = batch.column(6).as_boolean();
    assert!((0..1000).all(|row| missing.value(row) == batch.column(4).is_null(row)));
    assert_eq!(missing.true_count(), 250);
}

#[test]
fn a_copy_of_a_null_key_is_null() {
    let parent = table("customers", 10, "0", &[("id", "row_id"), ("name", "f'c{row_id}'")]);
    let child = declared(
        "orders",
        400,
        &[
            ("id", "row_id"),
            ("customer_id", "foreign_key('customers', 'id')"),
            ("name", "copy_from_fk('customers', 'customer_id', 'name')"),
            ("same", "f'c{customer_id}'"),
        ],
        |column| share(column, "customer_id", "0.1"),
    );
    let batch = all(&compile(vec![parent, child]), 1, 400);
    assert_eq!(batch.column(1).null_count(), 40);
    let (name, same) = (batch.column(2).as_string::<i32>(), batch.column(3).as_string::<i32>());
    for row in 0..400 {
        if batch.column(1).is_null(row) {
            assert!(name.is_null(row));
        } else {
            assert_eq!(name.value(row), same.value(row));
        }
    }
}

#[test]
fn a_block_may_use_the_name_of_its_own_column() {
    let block = "level = 'low'\nif row_id > 2:\n    level = 'high'\nreturn level";
    let tables = compile(vec![table("t", 3, "0", &[("id", "row_id"), ("level", block)])]);
    let batch = all(&tables, 0, 3);
    let levels: Vec<&str> = batch.column(1).as_string::<i32>().iter().flatten().collect();
    assert_eq!(levels, ["low", "low", "high"]);
}

#[test]
fn keys_carry_the_converted_type_of_their_parent() {
    let parent = declared("p", 100, &[("id", "row_id * 10")], |column| kind(column, "id", DataType::Int16));
    let child = table("c", 10, "0", &[("id", "row_id"), ("p", "foreign_key('p', 'id')")]);
    let tables = compile(vec![parent, child]);
    assert_eq!(*tables.schema(1).field(1).data_type(), DataType::Int16);
    assert_eq!(*all(&tables, 1, 10).column(1).data_type(), DataType::Int16);
}

#[test]
fn nulls_are_exact_and_follow_the_row_alone() {
    let columns = [("id", "row_id"), ("a", "row_id"), ("b", "row_id")];
    let build = |row_count| {
        compile(vec![declared("t", row_count, &columns, |column| {
            share(column, "a", "0.333");
            share(column, "b", "0.333");
        })])
    };
    for row_count in [0, 1, 2, 10, 999, 1000, 4321] {
        let batch = all(&build(row_count), 0, row_count);
        let expected = (row_count as f64 * 0.333).round() as usize;
        assert_eq!(batch.column(1).null_count(), expected, "{row_count}");
        assert_eq!(batch.column(2).null_count(), expected, "{row_count}");
    }
    let tables = build(1000);
    let batch = all(&tables, 0, 1000);
    assert_ne!(batch.column(1).logical_nulls(), batch.column(2).logical_nulls());
    for from in [0, 1, 500, 997] {
        let part = tables.generate(0, from..1000, &tables.timelines()).unwrap();
        assert_eq!(part.column(1), &batch.column(1).slice(from as usize, 1000 - from as usize));
    }
}

#[test]
fn a_value_that_does_not_fit_shows_its_row() {
    let tables = compile(vec![declared("t", 300, &[("id", "row_id"), ("a", "row_id")], |column| {
        kind(column, "a", DataType::Int8);
    })]);
    let error = tables.generate(0, 100..200, &tables.timelines()).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("table `t`, column `a`") && text.contains("row_id 128: 128 does not fit"),
        "{text}"
    );
    assert!(error.hint_text().is_some());
    assert_eq!(all(&tables, 0, 127).column(1).as_primitive::<Int8Type>().value(126), 127);
}

#[test]
fn decimals_are_computed_with_as_floats() {
    let tables = compile(vec![declared(
        "t",
        5,
        &[("id", "row_id"), ("price", "row_id / 3"), ("twice", "price * 2")],
        |column| kind(column, "price", DataType::Decimal128(10, 2)),
    )]);
    let batch = all(&tables, 0, 5);
    assert_eq!(batch.column(1).as_primitive::<Decimal128Type>().value(0), 33);
    assert!((batch.column(2).as_primitive::<Float64Type>().value(0) - 0.66).abs() < 1e-12);
}

fn only_error(table: TableSpec) -> SpecError {
    let errors = try_compile(vec![table]).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors[0].clone()
}

#[test]
fn what_cannot_hold_is_refused() {
    let error = only_error(declared("t", 1, &[("id", "row_id"), ("d", "tick_time()")], |column| {
        kind(column, "d", DataType::Int64);
    }));
    assert_eq!((error.table, error.column), (0, Some(1)));
    assert!(error.message.contains("cannot become Int64") && error.hint.is_some(), "{error:?}");
    let error = only_error(declared("t", 1, &[("id", "row_id")], |column| share(column, "id", "0.1")));
    assert!(error.message.contains("10 % of a primary key"), "{error:?}");
    // A share of nothing is none.
    compile(vec![declared("t", 1, &[("id", "row_id")], |column| share(column, "id", "0"))]);
}

#[test]
fn declarations_belong_to_the_fingerprint() {
    let plain = || table("t", 5, "0", &[("id", "row_id"), ("a", "row_id")]);
    let with = |declare: &dyn Fn(&mut ColumnSpec)| {
        compile(vec![declared("t", 5, &[("id", "row_id"), ("a", "row_id")], declare)]).fingerprint()
    };
    let prints = [
        compile(vec![plain()]).fingerprint(),
        with(&|column| kind(column, "a", DataType::Int8)),
        with(&|column| kind(column, "a", DataType::Int16)),
        with(&|column| share(column, "a", "0.1")),
        with(&|column| share(column, "a", "0.2")),
    ];
    let distinct: std::collections::BTreeSet<&String> = prints.iter().collect();
    assert_eq!(distinct.len(), prints.len());
}
