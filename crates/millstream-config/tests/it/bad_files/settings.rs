//! The top of the file, and how a run works.

use insta::assert_snapshot;

use super::report;

#[test]
fn unknown_key_in_a_cadence() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    cadence:
        rows_per_minut: 600
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: unknown key "rows_per_minut" in the cadence of a table
     --> shop.yaml:4:9
      |
    4 |         rows_per_minut: 600
      |         ^^^^^^^^^^^^^^
      |
      = note: allowed keys: rows_per_minute, enabled, tick_interval, every and shape
      = hint: did you mean "rows_per_minute"?
    "#);
}

#[test]
fn unknown_key_at_the_top() {
    assert_snapshot!(report(r"tabels: []
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: unknown key "tabels" in the file
     --> shop.yaml:1:1
      |
    1 | tabels: []
      | ^^^^^^
      |
      = note: allowed keys: version, name, config, tables, sources, streams, sinks, pipeline, dead_letter, on_error, state, checkpoint and processing
      = hint: did you mean "tables"?
    "#);
}

#[test]
fn unknown_key_far_from_any() {
    assert_snapshot!(report(r"colour: red
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: unknown key "colour" in the file
     --> shop.yaml:1:1
      |
    1 | colour: red
      | ^^^^^^
      |
      = note: allowed keys: version, name, config, tables, sources, streams, sinks, pipeline, dead_letter, on_error, state, checkpoint and processing
    "#);
}

#[test]
fn a_mapping_without_rows() {
    assert_snapshot!(report(r"name: x
"), @r#"
    error: the file makes no rows: it has no tables, sources or pipeline
     --> shop.yaml:1:1
      |
    1 | name: x
      | ^^^^^^^
      |
      = hint: start from examples/shop.yaml, or see docs/configuration.md
    "#);
}

#[test]
fn version_2() {
    assert_snapshot!(report(r"version: 2
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: this version of the file format is not known
     --> shop.yaml:1:10
      |
    1 | version: 2
      |          ^
      |
      = hint: this Millstream reads version 1
    "#);
}

#[test]
fn bad_name() {
    assert_snapshot!(report(r"name: my shop
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: "my shop" cannot be the name of the pipeline
     --> shop.yaml:1:7
      |
    1 | name: my shop
      |       ^^^^^^^
      |
      = hint: use letters, digits, `_`, `.` and `-`, at most 200 of them
    "#);
}

#[test]
fn wrong_types() {
    assert_snapshot!(report(r"config: {seed: abc, tick_interval: 10, max_catch_up: -1, start: tomorrow, on_restart: 5}
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: expected a whole number from 0, found "abc"
     --> shop.yaml:1:16
      |
    1 | config: {seed: abc, tick_interval: 10, max_catch_up: -1, start: tomorrow, on_restart: 5}
      |                ^^^

    error: expected a duration above zero, found "10"
     --> shop.yaml:1:36
      |
    1 | config: {seed: abc, tick_interval: 10, max_catch_up: -1, start: tomorrow, on_restart: 5}
      |                                    ^^
      |
      = hint: write a whole number and its unit: 500ms, 10s, 5m, 2h or 1d

    error: expected a whole number from 0, found "-1"
     --> shop.yaml:1:54
      |
    1 | config: {seed: abc, tick_interval: 10, max_catch_up: -1, start: tomorrow, on_restart: 5}
      |                                                      ^^

    error: expected a date or a timestamp, found "tomorrow"
     --> shop.yaml:1:65
      |
    1 | config: {seed: abc, tick_interval: 10, max_catch_up: -1, start: tomorrow, on_restart: 5}
      |                                                                 ^^^^^^^^
      |
      = hint: write 2024-01-31 or 2024-01-31T08:30:00Z

    error: expected one of continue or catch_up, found "5"
     --> shop.yaml:1:87
      |
    1 | config: {seed: abc, tick_interval: 10, max_catch_up: -1, start: tomorrow, on_restart: 5}
      |                                                                                       ^
    "#);
}

#[test]
fn quoted_number_and_boolean() {
    assert_snapshot!(report(r#"config: {seed: "42"}
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
    cadence: {enabled: "true", rows_per_minute: -5}
"#), @r#"
    error: expected a whole number, found a string
     --> shop.yaml:1:16
      |
    1 | config: {seed: "42"}
      |                ^^^^
      |
      = hint: remove the quotes

    error: expected true or false, found a string
     --> shop.yaml:6:24
      |
    6 |     cadence: {enabled: "true", rows_per_minute: -5}
      |                        ^^^^^^
      |
      = hint: remove the quotes

    error: expected rows per minute, found "-5"
     --> shop.yaml:6:49
      |
    6 |     cadence: {enabled: "true", rows_per_minute: -5}
      |                                                 ^^
      |
      = hint: write a number such as 600 or 0.5, at most 10^15, with at most 9 decimals
    "#);
}

#[test]
fn yes_is_no_boolean() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
    cadence: {enabled: yes, rows_per_minute: 1e3}
"), @r#"
    error: expected true or false, found "yes"
     --> shop.yaml:5:24
      |
    5 |     cadence: {enabled: yes, rows_per_minute: 1e3}
      |                        ^^^
    "#);
}

#[test]
fn a_list_where_a_number_belongs() {
    assert_snapshot!(report(r"config: {seed: [1, 2]}
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: expected a whole number, found a list
     --> shop.yaml:1:16
      |
    1 | config: {seed: [1, 2]}
      |                ^^^^^^
    "#);
}

#[test]
fn no_value() {
    assert_snapshot!(report(r"config: {seed: }
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: the key "seed" has no value
     --> shop.yaml:1:10
      |
    1 | config: {seed: }
      |          ^^^^
      |
      = hint: write a value, or remove the key
    "#);
}

#[test]
fn variable_in_a_name() {
    assert_snapshot!(report(r"name: ${env:PASSWORD}
pipeline:
  source: {type: csv, path: a.csv}
  sink: {type: noop}
"), @r#"
    error: variables are not replaced in the name
     --> shop.yaml:1:7
      |
    1 | name: ${env:PASSWORD}
      |       ^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn processing_settings() {
    assert_snapshot!(report(r"pipeline:
  source: {type: csv, path: a.csv}
  sink: {type: noop}
processing: {chunk_size: 0, parallelism: 0, buffer_size: 10, backpressure_threshold: 11, backpressure: drop, timeout: 5s, memory_limit: 64, max_retries: x}
"), @r#"
    error: expected a whole number from 1 to 16777216, found "0"
     --> shop.yaml:4:26
      |
    4 | processing: {chunk_size: 0, parallelism: 0, buffer_size: 10, backpressure_threshold: 11, backpressure: drop, timeout: 5s, memory_limi...
      |                          ^

    error: expected a whole number from 1 to 1024, found "0"
     --> shop.yaml:4:42
      |
    4 | processing: {chunk_size: 0, parallelism: 0, buffer_size: 10, backpressure_threshold: 11, backpressure: drop, timeout: 5s, memory_limi...
      |                                          ^

    error: the threshold is above the size of the buffer
     --> shop.yaml:4:86
      |
    4 | processing: {chunk_size: 0, parallelism: 0, buffer_size: 10, backpressure_threshold: 11, backpressure: drop, timeout: 5s, memory_limi...
      |                                                                                      ^^

    error: only the policy `block` waits, so only it has a timeout
     --> shop.yaml:4:119
      |
    4 | processing: {chunk_size: 0, parallelism: 0, buffer_size: 10, backpressure_threshold: 11, backpressure: drop, timeout: 5s, memory_limi...
      |                                                                                                                       ^^
      |
      = hint: remove the timeout, or write `block`

    error: expected a size above zero, found "64"
     --> shop.yaml:4:137
      |
    4 | ...e_threshold: 11, backpressure: drop, timeout: 5s, memory_limit: 64, max_retries: x}
      |                                                                    ^^
      |
      = hint: write a whole number and its unit: 512KB, 64MB, 1GiB

    error: expected a whole number from 0, found "x"
     --> shop.yaml:4:154
      |
    4 | ...backpressure: drop, timeout: 5s, memory_limit: 64, max_retries: x}
      |                                                                    ^
    "#);
}

#[test]
fn dead_letter_and_on_error() {
    assert_snapshot!(report(r"pipeline:
  source: {type: csv, path: a.csv}
  sink: {type: noop}
dead_letter: {type: jsonl, path: d.jsonl}
on_error: skip
"), @r#"
    error: `on_error` and `dead_letter` exclude each other
     --> shop.yaml:5:11
      |
    4 | dead_letter: {type: jsonl, path: d.jsonl}
      |              ---------------------------- bad rows go here
    5 | on_error: skip
      |           ^^^^
      |
      = hint: remove one of them
    "#);
}

#[test]
fn on_error_dead_letter() {
    assert_snapshot!(report(r"pipeline:
  source: {type: csv, path: a.csv}
  sink: {type: noop}
on_error: dead_letter
"), @r#"
    error: `on_error` is fail, skip or continue
     --> shop.yaml:4:11
      |
    4 | on_error: dead_letter
      |           ^^^^^^^^^^^
      |
      = hint: add a sink for bad rows: `dead_letter: {type: jsonl, path: dead.jsonl}`
    "#);
}

#[test]
fn state_settings() {
    assert_snapshot!(report(r"pipeline:
  source: {type: csv, path: a.csv}
  sink: {type: noop}
state: {type: redis}
checkpoint: {interval: 0s}
"), @r#"
    error: the state store `redis` is not supported yet
     --> shop.yaml:4:15
      |
    4 | state: {type: redis}
      |               ^^^^^
      |
      = note: state stores: memory, file and sqlite

    error: expected a duration above zero, found "0s"
     --> shop.yaml:5:24
      |
    5 | checkpoint: {interval: 0s}
      |                        ^^
      |
      = hint: write a whole number and its unit: 500ms, 10s, 5m, 2h or 1d
    "#);
}

#[test]
fn state_in_memory_with_a_path() {
    assert_snapshot!(report(r"pipeline:
  source: {type: csv, path: a.csv}
  sink: {type: noop}
state: {type: memory, path: x}
"), @r#"
    error: state in memory has no path
     --> shop.yaml:4:29
      |
    4 | state: {type: memory, path: x}
      |                             ^
      |
      = hint: remove it, or write `type: file`
    "#);
}

#[test]
fn sections_to_come() {
    assert_snapshot!(report(r"pipeline:
  source: {type: csv, path: a.csv}
  sink: {type: noop}
matrix: {}
streaming: {enabled: true}
"), @r#"
    error: "matrix" in the file is not supported yet
     --> shop.yaml:4:1
      |
    4 | matrix: {}
      | ^^^^^^
      |
      = hint: remove it

    error: "streaming" in the file is not supported yet
     --> shop.yaml:5:1
      |
    5 | streaming: {enabled: true}
      | ^^^^^^^^^
      |
      = hint: remove it
    "#);
}

#[test]
fn a_tick_of_years() {
    assert_snapshot!(report(r"config: {tick_interval: 1000d, locale: {a: b}}
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: a tick is at most 366 days long
     --> shop.yaml:1:25
      |
    1 | config: {tick_interval: 1000d, locale: {a: b}}
      |                         ^^^^^

    error: expected the locale, found a mapping
     --> shop.yaml:1:40
      |
    1 | config: {tick_interval: 1000d, locale: {a: b}}
      |                                        ^^^^^^
    "#);
}

#[test]
fn everything_at_once_in_order() {
    assert_snapshot!(report(r"version: 3
name: a b
tables:
  - table_name: t
    columns:
      - {column_name: a, dat: 1}
sinks:
  s: {from: u, type: nope}
"), @r#"
    error: this version of the file format is not known
     --> shop.yaml:1:10
      |
    1 | version: 3
      |          ^
      |
      = hint: this Millstream reads version 1

    error: "a b" cannot be the name of the pipeline
     --> shop.yaml:2:7
      |
    2 | name: a b
      |       ^^^
      |
      = hint: use letters, digits, `_`, `.` and `-`, at most 200 of them

    error: a column needs the key "data"
     --> shop.yaml:6:9
      |
    6 |       - {column_name: a, dat: 1}
      |         ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: write the expression that makes the values: `data: fake.name()`

    error: unknown key "dat" in a column
     --> shop.yaml:6:26
      |
    6 |       - {column_name: a, dat: 1}
      |                          ^^^
      |
      = note: allowed keys: column_name, data, type, parquet_type, is_primary_key, null_percentage and description
      = hint: did you mean "data"?

    error: there is no table, source or stream "u"
     --> shop.yaml:8:13
      |
    8 |   s: {from: u, type: nope}
      |             ^
      |
      = note: there are: t

    error: unknown sink type "nope"
     --> shop.yaml:8:22
      |
    8 |   s: {from: u, type: nope}
      |                      ^^^^
      |
      = note: sinks: jsonl, json, csv, sql, parquet, avro, delta, stdout and noop
      = hint: did you mean `noop`?
    "#);
}

#[test]
fn edges_against_processing() {
    assert_snapshot!(report("tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
sinks:
  a: {from: t, type: noop, buffer: {timeout: 5s}}
  b: {from: t, type: noop, buffer: {threshold: 11}}
  c: {from: t, type: noop, buffer: {size: 20, threshold: 11, policy: block, timeout: 5s}}
processing: {backpressure: drop_oldest, buffer_size: 10}
"), @r#"
    error: only the policy `block` waits, and `processing` has another one
     --> shop.yaml:6:36
      |
    6 |   a: {from: t, type: noop, buffer: {timeout: 5s}}
      |                                    ^^^^^^^^^^^^^
      |
      = hint: add `policy: block`, or remove the timeout

    error: the threshold is above the buffer size of `processing`
     --> shop.yaml:7:36
      |
    7 |   b: {from: t, type: noop, buffer: {threshold: 11}}
      |                                    ^^^^^^^^^^^^^^^
      |
      = hint: add a `size`, or lower the threshold
    "#);
}
