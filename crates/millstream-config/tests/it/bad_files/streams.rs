//! Streams, pipelines, operators, and what refers to what.

use insta::assert_snapshot;

use super::report;

#[test]
fn stream_without_operator() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
streams:
  a: {from: t}
"), @r#"
    error: the stream "a" has no operator
     --> shop.yaml:6:3
      |
    6 |   a: {from: t}
      |   ^
      |
      = note: operators: filter, set, select, drop, rename, cast and snake_case
      = hint: add one, for example `filter: amount > 10`; a sink can also read the other stream directly
    "#);
}

#[test]
fn stream_with_two_operators() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
streams:
  a: {from: t, filter: x > 1, select: [x]}
"), @r#"
    error: the stream "a" has 2 operators: `filter` and `select`
     --> shop.yaml:6:31
      |
    6 |   a: {from: t, filter: x > 1, select: [x]}
      |                ------         ^^^^^^
      |                |
      |                the first one
      |
      = hint: a stream has exactly one: derive a second stream for the other
    "#);
}

#[test]
fn stream_with_a_misspelt_operator() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
streams:
  a: {from: t, filtr: x > 1}
"), @r#"
    error: unknown key "filtr" in the stream "a"
     --> shop.yaml:6:16
      |
    6 |   a: {from: t, filtr: x > 1}
      |                ^^^^^
      |
      = note: allowed keys: from, and one operator of filter, set, select, drop, rename, cast or snake_case
      = hint: did you mean "filter"?
    "#);
}

#[test]
fn operator_to_come() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
streams:
  a: {from: t, join: {on: id}}
  b: {from: t, window: {size: 60s}, late: l}
"), @r#"
    error: the operator `join` is not supported yet
     --> shop.yaml:6:16
      |
    6 |   a: {from: t, join: {on: id}}
      |                ^^^^
      |
      = note: operators: filter, set, select, drop, rename, cast and snake_case

    error: the operator `window` is not supported yet
     --> shop.yaml:7:16
      |
    7 |   b: {from: t, window: {size: 60s}, late: l}
      |                ^^^^^^
      |
      = note: operators: filter, set, select, drop, rename, cast and snake_case

    error: "late" in the stream "b" is not supported yet
     --> shop.yaml:7:37
      |
    7 |   b: {from: t, window: {size: 60s}, late: l}
      |                                     ^^^^
      |
      = hint: remove it
    "#);
}

#[test]
fn operators_without_settings() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
streams:
  a: {from: t, filter: }
  b: {from: t, select: []}
  c: {from: t, set: {}}
  d: {from: t, snake_case: 5}
"), @r#"
    error: `filter` has no settings
     --> shop.yaml:6:16
      |
    6 |   a: {from: t, filter: }
      |                ^^^^^^
      |
      = hint: for example `filter: amount > 10`

    error: no column is named here
     --> shop.yaml:7:24
      |
    7 |   b: {from: t, select: []}
      |                        ^^

    error: no column is named here
     --> shop.yaml:8:21
      |
    8 |   c: {from: t, set: {}}
      |                     ^^

    error: `snake_case` has no settings
     --> shop.yaml:9:28
      |
    9 |   d: {from: t, snake_case: 5}
      |                            ^
      |
      = hint: write `snake_case: {}`, or `- snake_case` in a pipeline
    "#);
}

#[test]
fn repeated_columns() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
streams:
  a: {from: t, select: [x, y, x]}
  b: {from: t, rename: {a: c, b: c}}
"), @r#"
    error: the column "x" is given twice
     --> shop.yaml:6:31
      |
    6 |   a: {from: t, select: [x, y, x]}
      |                         -     ^
      |                         |
      |                         given here first

    error: the new name "c" is given twice
     --> shop.yaml:7:34
      |
    7 |   b: {from: t, rename: {a: c, b: c}}
      |                            -     ^
      |                            |
      |                            given here first
    "#);
}

#[test]
fn unknown_reference() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
sinks:
  a: {from: tt, type: noop}
  b: {from: a, type: noop}
"), @r#"
    error: there is no table, source or stream "tt"
     --> shop.yaml:6:13
      |
    6 |   a: {from: tt, type: noop}
      |             ^^
      |
      = hint: did you mean "t"?

    error: there is no table, source or stream "a"
     --> shop.yaml:7:13
      |
    6 |   a: {from: tt, type: noop}
      |   - this is a sink
    7 |   b: {from: a, type: noop}
      |             ^
      |
      = hint: rows end in a sink: read the stream that it takes
    "#);
}

#[test]
fn reference_to_a_broken_stream() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
streams:
  s: {from: t, filtr: x}
sinks:
  a: {from: s, type: noop}
"), @r#"
    error: unknown key "filtr" in the stream "s"
     --> shop.yaml:6:16
      |
    6 |   s: {from: t, filtr: x}
      |                ^^^^^
      |
      = note: allowed keys: from, and one operator of filter, set, select, drop, rename, cast or snake_case
      = hint: did you mean "filter"?
    "#);
}

#[test]
fn one_name_twice() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
sources:
  t: {type: csv, path: a.csv}
"), @r#"
    error: the name "t" is given twice
     --> shop.yaml:6:3
      |
    2 |   - table_name: t
      |                 - a table
    ...
    6 |   t: {type: csv, path: a.csv}
      |   ^ a source
      |
      = note: tables, sources and streams share one space of names
    "#);
}

#[test]
fn a_circle_of_streams() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
streams:
  a: {from: c, snake_case: }
  b: {from: a, snake_case: }
  c: {from: b, snake_case: }
  d: {from: d, filter: x}
"), @r#"
    error: streams derive from each other in a circle: a <- c <- b <- a
     --> shop.yaml:7:13
      |
    7 |   b: {from: a, snake_case: }
      |             ^
      |
      = hint: a stream derives from tables, sources and other streams, never from itself

    error: streams derive from each other in a circle: d <- d
     --> shop.yaml:9:13
      |
    9 |   d: {from: d, filter: x}
      |             ^
      |
      = hint: a stream derives from tables, sources and other streams, never from itself
    "#);
}

#[test]
fn two_inputs_of_a_filter() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
sources: {s: {type: csv, path: a.csv}}
streams:
  a: {from: [t, s], filter: x}
"), @r#"
    error: `filter` derives from one stream, and this is a second one
     --> shop.yaml:7:17
      |
    7 |   a: {from: [t, s], filter: x}
      |                 ^
      |
      = hint: `union`, which merges streams, is not supported yet; a sink may take several streams
    "#);
}

#[test]
fn pipeline_and_graph() {
    assert_snapshot!(report(r"pipeline:
  source: {type: csv, path: a.csv}
  sink: {type: noop}
sinks: {}
"), @r#"
    error: `pipeline` and `sinks` in one file
     --> shop.yaml:1:1
      |
    1 | pipeline:
      | ^^^^^^^^
    ...
    4 | sinks: {}
      | ----- this describes a graph
      |
      = hint: a pipeline is one path: write it as sources, streams and sinks to have more
    "#);
}

#[test]
fn pipeline_without_ends() {
    assert_snapshot!(report(r"pipeline:
  transforms: []
"), @r#"
    error: the pipeline needs the key "source"
     --> shop.yaml:2:3
      |
    2 |   transforms: []
      |   ^^^^^^^^^^^^^^

    error: the pipeline needs the key "sink"
     --> shop.yaml:2:3
      |
    2 |   transforms: []
      |   ^^^^^^^^^^^^^^
    "#);
}

#[test]
fn pipeline_transforms() {
    assert_snapshot!(report(r"pipeline:
  source: {type: csv, path: a.csv}
  transforms:
    - filter
    - {filter: x, select: [a]}
    - snakecase
    - join: {on: a}
    - [a]
    - {}
  sink: {type: noop}
"), @r#"
    error: `filter` has no settings
     --> shop.yaml:4:7
      |
    4 |     - filter
      |       ^^^^^^
      |
      = hint: for example `filter: amount > 10`

    error: one transform with 2 keys: filter and select
     --> shop.yaml:5:7
      |
    5 |     - {filter: x, select: [a]}
      |       ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: each item of `transforms` is one operator: begin a new one with `- `

    error: unknown operator "snakecase"
     --> shop.yaml:6:7
      |
    6 |     - snakecase
      |       ^^^^^^^^^
      |
      = note: operators: filter, set, select, drop, rename, cast and snake_case
      = hint: did you mean `snake_case`?

    error: the operator `join` is not supported yet
     --> shop.yaml:7:7
      |
    7 |     - join: {on: a}
      |       ^^^^
      |
      = note: operators: filter, set, select, drop, rename, cast and snake_case

    error: expected an operator, found a list
     --> shop.yaml:8:7
      |
    8 |     - [a]
      |       ^^^
      |
      = hint: write `- filter: amount > 10`

    error: a transform without an operator
     --> shop.yaml:9:7
      |
    9 |     - {}
      |       ^^
      |
      = hint: each item of `transforms` is one operator: begin a new one with `- `
    "#);
}

#[test]
fn pipeline_sink_with_from() {
    assert_snapshot!(report(r"pipeline:
  source: {type: csv, path: a.csv}
  sink: {from: x, type: noop}
"), @r#"
    error: the sink of a pipeline has no `from`: it takes what is given to it
     --> shop.yaml:3:10
      |
    3 |   sink: {from: x, type: noop}
      |          ^^^^
      |
      = hint: remove it
    "#);
}

#[test]
fn names_of_streams() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
sinks:
  a/b: {from: t, type: noop}
  '': {from: t, type: noop}
  'con ': {from: t, type: noop}
"), @r#"
    error: "a/b" cannot be the name of a sink: it holds a character that file names cannot have everywhere
     --> shop.yaml:6:3
      |
    6 |   a/b: {from: t, type: noop}
      |   ^^^
      |
      = hint: use letters, digits, `_`, `-` and `.`

    error: "" cannot be the name of a sink: it is empty
     --> shop.yaml:7:3
      |
    7 |   '': {from: t, type: noop}
      |   ^^
      |
      = hint: use letters, digits, `_`, `-` and `.`

    error: "con " cannot be the name of a sink: it begins or ends with a space, or ends with a dot
     --> shop.yaml:8:3
      |
    8 |   'con ': {from: t, type: noop}
      |   ^^^^^^
      |
      = hint: use letters, digits, `_`, `-` and `.`
    "#);
}
