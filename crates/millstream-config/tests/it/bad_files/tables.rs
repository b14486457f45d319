//! Tables and columns.

use insta::assert_snapshot;
use millstream_generate::Tables;

use super::report;

#[test]
fn table_without_name_and_columns() {
    assert_snapshot!(report(r"tables:
  - row_count: 5
"), @r#"
    error: a table needs the key "table_name"
     --> shop.yaml:2:5
      |
    2 |   - row_count: 5
      |     ^^^^^^^^^^^^

    error: a table needs the key "columns"
     --> shop.yaml:2:5
      |
    2 |   - row_count: 5
      |     ^^^^^^^^^^^^
    "#);
}

#[test]
fn table_with_no_columns() {
    assert_snapshot!(report(r"tables: [{table_name: t, columns: []}]
"), @r#"
    error: a table needs at least one column
     --> shop.yaml:1:35
      |
    1 | tables: [{table_name: t, columns: []}]
      |                                   ^^
      |
      = hint: write `- {column_name: id, data: row_id}`
    "#);
}

#[test]
fn tables_as_a_mapping() {
    assert_snapshot!(report(r"tables:
  t:
    columns: []
"), @r#"
    error: expected a list of tables, found a mapping
     --> shop.yaml:2:3
      |
    2 |   t:
      |   ^^
      |
      = hint: begin each table with `- table_name: …`
    "#);
}

#[test]
fn duplicate_tables_and_columns() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: a, data: 1}
      - {column_name: a, data: 2}
  - table_name: t
    columns:
      - {column_name: a, data: 1}
"), @r#"
    error: the column "a" is given twice
     --> shop.yaml:5:23
      |
    4 |       - {column_name: a, data: 1}
      |                       - given here first
    5 |       - {column_name: a, data: 2}
      |                       ^

    error: the name "t" is given twice
     --> shop.yaml:6:17
      |
    2 |   - table_name: t
      |                 - a table
    ...
    6 |   - table_name: t
      |                 ^ a table
      |
      = note: tables, sources and streams share one space of names
    "#);
}

#[test]
fn a_primary_key_of_nulls() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: a, data: 1, is_primary_key: true}
      - {column_name: b, data: 1, is_primary_key: true, null_percentage: 10%}
"), @r#"
    error: a primary key has a value in every row
     --> shop.yaml:5:74
      |
    5 |       - {column_name: b, data: 1, is_primary_key: true, null_percentage: 10%}
      |                                                   ---- a primary key     ^^^
      |
      = hint: remove `null_percentage`, or `is_primary_key`
    "#);
}

#[test]
fn replaced_tables_have_cycles_and_no_rates() {
    assert_snapshot!(report(r"config: {tick_interval: 10s}
tables:
  - table_name: a
    columns: [{column_name: id, data: row_id}]
    update_policy: replace
    cadence: {rows_per_minute: 60}
  - table_name: b
    row_count: 0
    columns: [{column_name: id, data: row_id}]
    update_policy: replace
    cadence: {every: 25s}
  - table_name: c
    columns: [{column_name: id, data: row_id}]
    cadence: {every: 1m}
"), @r"
    error: a table that is replaced gets its `row_count` rows each cycle, and no others
     --> shop.yaml:6:32
      |
    6 |     cadence: {rows_per_minute: 60}
      |                                ^^
      |
      = hint: remove it; `every: 10m` is the length of a cycle, a tick unless given

    error: `b` is replaced each cycle, by no rows
     --> shop.yaml:8:16
      |
    8 |     row_count: 0
      |                ^
      |
      = hint: give it a row_count of at least 1

    error: a cycle is a whole number of ticks, and a tick is 10s
      --> shop.yaml:11:22
       |
    11 |     cadence: {every: 25s}
       |                      ^^^
       |
       = hint: write 20s or 30s, or change `config.tick_interval`

    error: `every` is the cycle of a table that is replaced
      --> shop.yaml:14:22
       |
    14 |     cadence: {every: 1m}
       |                      ^^
       |
       = hint: add `update_policy: replace` to the table, or write `rows_per_minute`
    ");
}

#[test]
fn what_a_replaced_parent_had_is_gone() {
    let places = generator_places(
        r#"tables:
  - table_name: prices
    columns: [{column_name: sku, data: row_id}, {column_name: price, data: 'random.randint(1, 9)'}]
    update_policy: replace
  - table_name: sales
    columns:
      - {column_name: sku, data: 'foreign_key("prices", "sku")'}
      - {column_name: price, data: 'copy_from_fk("sku", "prices", "price")'}
"#,
    );
    assert_eq!(places, [r#""price""#]);
}

#[test]
fn unknown_policy() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
    update_policy: appendd
"), @r#"
    error: expected one of append, disabled or replace, found "appendd"
     --> shop.yaml:5:20
      |
    5 |     update_policy: appendd
      |                    ^^^^^^^
      |
      = hint: did you mean "append"?
    "#);
}

#[test]
fn table_name_that_escapes() {
    assert_snapshot!(report(r"tables:
  - table_name: ../../etc/passwd
    columns:
      - {column_name: id, data: row_id}
  - table_name: .hidden
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: "../../etc/passwd" cannot be the name of a table: it begins with a dot
     --> shop.yaml:2:17
      |
    2 |   - table_name: ../../etc/passwd
      |                 ^^^^^^^^^^^^^^^^
      |
      = hint: use letters, digits, `_`, `-` and `.`

    error: ".hidden" cannot be the name of a table: it begins with a dot
     --> shop.yaml:5:17
      |
    5 |   - table_name: .hidden
      |                 ^^^^^^^
      |
      = hint: use letters, digits, `_`, `-` and `.`
    "#);
}

#[test]
fn table_faker_keys_to_come() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    postprocess_mode: 3
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: "postprocess_mode" in a table is not supported yet
     --> shop.yaml:3:5
      |
    3 |     postprocess_mode: 3
      |     ^^^^^^^^^^^^^^^^
      |
      = hint: remove it
    "#);
}

#[test]
fn row_ids_that_overflow() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
    row_count: 18446744073709551615
"), @r#"
    error: row ids would leave the range of 64-bit integers
     --> shop.yaml:5:16
      |
    5 |     row_count: 18446744073709551615
      |                ^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn data_of_nothing() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: no, data: ''}
"), @r#"
    error: the expression is empty
     --> shop.yaml:4:33
      |
    4 |       - {column_name: no, data: ''}
      |                                 ^^
    "#);
}

#[test]
fn variable_in_an_expression() {
    assert_snapshot!(report(r#"tables:
  - table_name: t
    columns:
      - {column_name: id, data: '"${env:PASSWORD}"'}
"#), @r#"
    error: variables are not replaced in expressions
     --> shop.yaml:4:35
      |
    4 |       - {column_name: id, data: '"${env:PASSWORD}"'}
      |                                   ^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn event_time_on_a_table() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
    time: {column: at}
"), @r#"
    error: "time" in a table is not supported yet
     --> shop.yaml:5:5
      |
    5 |     time: {column: at}
      |     ^^^^
      |
      = hint: remove it
    "#);
}

#[test]
fn names_of_columns() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: ' ', data: 1}
"), @r#"
    error: " " cannot be the name of a column
     --> shop.yaml:4:23
      |
    4 |       - {column_name: ' ', data: 1}
      |                       ^^^
    "#);
}

/// Where the generator finds something wrong. Its words are its own; the places are ours.
fn generator_places(text: &str) -> Vec<String> {
    let document = crate::accepted(text);
    let errors = Tables::compile(&document.tables_spec(), 0).expect_err("the tables should be refused");
    let diagnostics = document.spec_diagnostics(&errors);
    diagnostics.iter().map(|diagnostic| document.file.slice(diagnostic.span).to_owned()).collect()
}

#[test]
fn expressions_that_do_not_compile() {
    let places = generator_places(
        r#"tables:
  - table_name: customers
    columns:
      - {column_name: id, data: row_id, is_primary_key: true}
      - {column_name: tier, data: random.chioce([1, 2])}
  - table_name: orders
    columns:
      - {column_name: customer, data: foreign_key("custmers", "id")}
      - column_name: note
        data: >-
          "é" +
          nothing_of_that_name
"#,
    );
    assert_eq!(places, ["random.chioce", "\"custmers\"", "nothing_of_that_name"]);
}

#[test]
fn a_locale_that_is_not_there() {
    let table = "tables: [{table_name: t, columns: [{column_name: a, data: 1}]}]";
    assert_eq!(generator_places(&format!("config: {{locale: xx_XX}}\n{table}")), ["xx_XX"]);
}
