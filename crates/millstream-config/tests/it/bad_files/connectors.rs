//! Sources, sinks, their settings and their variables.

use insta::assert_snapshot;

use super::report;

#[test]
fn unknown_source_type() {
    assert_snapshot!(report(r"sources:
  a: {type: cvs, path: x}
"), @r#"
    error: unknown source type "cvs"
     --> shop.yaml:2:13
      |
    2 |   a: {type: cvs, path: x}
      |             ^^^
      |
      = note: sources: csv, jsonl, parquet and delta
      = hint: did you mean `csv`?
    "#);
}

#[test]
fn source_type_to_come() {
    assert_snapshot!(report(r"sources:
  a: {type: postgres, url: '${env:PG_URL}', table: t}
"), @r#"
    error: the source `postgres` is not supported yet
     --> shop.yaml:2:13
      |
    2 |   a: {type: postgres, url: '${env:PG_URL}', table: t}
      |             ^^^^^^^^
      |
      = note: sources: csv, jsonl, parquet and delta
    "#);
}

#[test]
fn memory_in_a_file() {
    assert_snapshot!(report(r"pipeline:
  source: {type: memory}
  sink: {type: memory}
"), @r#"
    error: a source in memory belongs to a program, not to a file
     --> shop.yaml:2:18
      |
    2 |   source: {type: memory}
      |                  ^^^^^^
      |
      = note: sources: csv, jsonl, parquet and delta
      = hint: use it from the Rust API

    error: a sink in memory belongs to a program, not to a file
     --> shop.yaml:3:16
      |
    3 |   sink: {type: memory}
      |                ^^^^^^
      |
      = note: sinks: jsonl, json, csv, sql, parquet, avro, delta, stdout and noop
      = hint: use it from the Rust API
    "#);
}

#[test]
fn source_without_type_and_path() {
    assert_snapshot!(report(r"sources:
  a:
  b: {type: csv}
"), @r#"
    error: the source "a" needs the key "type"
     --> shop.yaml:2:3
      |
    2 |   a:
      |   ^

    error: the source "b" needs the key "path"
     --> shop.yaml:3:6
      |
    3 |   b: {type: csv}
      |      ^^^^^^^^^^^
    "#);
}

#[test]
fn sources_as_a_list() {
    assert_snapshot!(report(r"sources:
  - {type: csv, path: x}
"), @r#"
    error: expected a mapping, found a list
     --> shop.yaml:2:3
      |
    2 |   - {type: csv, path: x}
      |   ^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: begin a source with its name: `some_name: {…}`
    "#);
}

#[test]
fn bad_column_types() {
    assert_snapshot!(report(r"sources:
  a:
    type: csv
    path: x
    columns: {a: int, b: decimal(40, 2), c: strng, d: 5}
"), @r#"
    error: "decimal(40, 2)" is not a type
     --> shop.yaml:5:26
      |
    5 |     columns: {a: int, b: decimal(40, 2), c: strng, d: 5}
      |                          ^^^^^^^^^^^^^^
      |
      = note: types: integer, float, boolean, string, date, time, timestamp, decimal(precision, scale), binary, list<…>, struct<…> and map<…>
      = note: those of pandas and Arrow are types as well: int32, Int64, uint8, float32, datetime64[ns], timestamp[us, tz=UTC]
      = hint: write decimal(precision, scale), precision from 1 to 38 and scale up to it

    error: "strng" is not a type
     --> shop.yaml:5:45
      |
    5 |     columns: {a: int, b: decimal(40, 2), c: strng, d: 5}
      |                                             ^^^^^
      |
      = note: types: integer, float, boolean, string, date, time, timestamp, decimal(precision, scale), binary, list<…>, struct<…> and map<…>
      = note: those of pandas and Arrow are types as well: int32, Int64, uint8, float32, datetime64[ns], timestamp[us, tz=UTC]
      = hint: did you mean string?

    error: "5" is not a type
     --> shop.yaml:5:55
      |
    5 |     columns: {a: int, b: decimal(40, 2), c: strng, d: 5}
      |                                                       ^
      |
      = note: types: integer, float, boolean, string, date, time, timestamp, decimal(precision, scale), binary, list<…>, struct<…> and map<…>
      = note: those of pandas and Arrow are types as well: int32, Int64, uint8, float32, datetime64[ns], timestamp[us, tz=UTC]
    "#);
}

#[test]
fn columns_of_parquet() {
    assert_snapshot!(report(r"sources:
  a: {type: parquet, path: x, columns: {a: integer}}
"), @r#"
    error: the columns of a Parquet file have their types in the file
     --> shop.yaml:2:31
      |
    2 |   a: {type: parquet, path: x, columns: {a: integer}}
      |                               ^^^^^^^
      |
      = hint: to change them, add a stream with the operator `cast`
    "#);
}

#[test]
fn bad_csv_settings() {
    assert_snapshot!(report(r"sources:
  a: {type: csv, path: [], delimiter: ab, quote: ',', sample_rows: 0}
"), @r#"
    error: no path is given
     --> shop.yaml:2:24
      |
    2 |   a: {type: csv, path: [], delimiter: ab, quote: ',', sample_rows: 0}
      |                        ^^

    error: expected a delimiter, one ASCII character, found "ab"
     --> shop.yaml:2:39
      |
    2 |   a: {type: csv, path: [], delimiter: ab, quote: ',', sample_rows: 0}
      |                                       ^^

    error: the delimiter and the quote are the same character
     --> shop.yaml:2:50
      |
    2 |   a: {type: csv, path: [], delimiter: ab, quote: ',', sample_rows: 0}
      |                                                  ^^^

    error: expected a whole number from 1 to 10000000, found "0"
     --> shop.yaml:2:68
      |
    2 |   a: {type: csv, path: [], delimiter: ab, quote: ',', sample_rows: 0}
      |                                                                    ^
    "#);
}

#[test]
fn event_time_on_a_source() {
    assert_snapshot!(report(r"sources:
  a: {type: csv, path: x, time: {column: at}}
"), @r#"
    error: "time" in the source "a" is not supported yet
     --> shop.yaml:2:27
      |
    2 |   a: {type: csv, path: x, time: {column: at}}
      |                           ^^^^
      |
      = hint: remove it
    "#);
}

#[test]
fn unknown_sink_type() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
sinks:
  lake: {from: t, type: deltalake, path: x}
"), @r#"
    error: unknown sink type "deltalake"
     --> shop.yaml:6:25
      |
    6 |   lake: {from: t, type: deltalake, path: x}
      |                         ^^^^^^^^^
      |
      = note: sinks: jsonl, json, csv, sql, parquet, avro, delta, stdout and noop
      = hint: did you mean `delta`?
    "#);
}

#[test]
fn sink_without_from() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
sinks:
  lake: {type: delta, path: x}
"), @r#"
    error: the sink "lake" needs the key "from"
     --> shop.yaml:6:9
      |
    6 |   lake: {type: delta, path: x}
      |         ^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn compression_that_contradicts() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
sinks:
  a: {from: t, type: jsonl, path: a.gz, compression: zstd}
  b: {from: t, type: jsonl, path: b, compression: snappy}
"), @r#"
    error: the compression contradicts the extension of the path
     --> shop.yaml:6:54
      |
    6 |   a: {from: t, type: jsonl, path: a.gz, compression: zstd}
      |                                   ---- the path      ^^^^
      |
      = hint: remove `compression`, or change the extension

    error: expected one of none, gzip or zstd, found "snappy"
     --> shop.yaml:7:51
      |
    7 |   b: {from: t, type: jsonl, path: b, compression: snappy}
      |                                                   ^^^^^^
    "#);
}

#[test]
fn csv_settings_for_jsonl() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
sinks:
  a: {from: t, type: jsonl, path: a, delimiter: ';'}
  b: {from: t, type: stdout, header: false}
"), @r#"
    error: unknown key "delimiter" in the sink "a"
     --> shop.yaml:6:38
      |
    6 |   a: {from: t, type: jsonl, path: a, delimiter: ';'}
      |                                      ^^^^^^^^^
      |
      = note: allowed keys: from, type, path, compression, rows_per_file, file_count, file_name, target_file_size and buffer

    error: unknown key "header" in the sink "b"
     --> shop.yaml:7:30
      |
    7 |   b: {from: t, type: stdout, header: false}
      |                              ^^^^^^
      |
      = note: allowed keys: from, type, format and buffer
    "#);
}

#[test]
fn variables() {
    assert_snapshot!(report(r"pipeline:
  source: {type: csv, path: '${env:NOPE}/${file:nope.txt}/${what}/${env:OPEN'}
  sink: {type: noop}
"), @r#"
    error: the environment variable "NOPE" is not set
     --> shop.yaml:2:30
      |
    2 |   source: {type: csv, path: '${env:NOPE}/${file:nope.txt}/${what}/${env:OPEN'}
      |                              ^^^^^^^^^^^
      |
      = hint: set it where millstream starts: `NOPE=… millstream …`

    error: cannot read the file "nope.txt" of a variable: No such file or directory (os error 2)
     --> shop.yaml:2:42
      |
    2 |   source: {type: csv, path: '${env:NOPE}/${file:nope.txt}/${what}/${env:OPEN'}
      |                                          ^^^^^^^^^^^^^^^^
      |
      = hint: a relative path begins at the folder of this file

    error: unknown variable "${what}"
     --> shop.yaml:2:59
      |
    2 |   source: {type: csv, path: '${env:NOPE}/${file:nope.txt}/${what}/${env:OPEN'}
      |                                                           ^^^^^^^
      |
      = hint: write ${env:NAME} or ${file:PATH}; for the characters themselves write $${

    error: a variable without its closing brace
     --> shop.yaml:2:67
      |
    2 |   source: {type: csv, path: '${env:NOPE}/${file:nope.txt}/${what}/${env:OPEN'}
      |                                                                   ^^^^^^^^^^
    "#);
}

#[test]
fn secrets_are_not_shown() {
    assert_snapshot!(report(r"pipeline:
  source: {type: csv, path: a.csv}
  sink: {type: noop}
processing: {chunk_size: '${env:PASSWORD}', backpressure: '${env:PASSWORD}', memory_limit: '${env:PASSWORD}'}
"), @r#"
    error: expected a whole number from 0, found another value in "${env:PASSWORD}"
     --> shop.yaml:4:26
      |
    4 | processing: {chunk_size: '${env:PASSWORD}', backpressure: '${env:PASSWORD}', memory_limit: '${env:PASSWORD}'}
      |                          ^^^^^^^^^^^^^^^^^

    error: expected one of block, drop, drop_newest, drop_oldest or buffer, found another value in "${env:PASSWORD}"
     --> shop.yaml:4:59
      |
    4 | processing: {chunk_size: '${env:PASSWORD}', backpressure: '${env:PASSWORD}', memory_limit: '${env:PASSWORD}'}
      |                                                           ^^^^^^^^^^^^^^^^^

    error: expected a size above zero, found another value in "${env:PASSWORD}"
     --> shop.yaml:4:92
      |
    4 | processing: {chunk_size: '${env:PASSWORD}', backpressure: '${env:PASSWORD}', memory_limit: '${env:PASSWORD}'}
      |                                                                                            ^^^^^^^^^^^^^^^^^
      |
      = hint: write a whole number and its unit: 512KB, 64MB, 1GiB
    "#);
}

#[test]
fn edge_settings() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
sinks:
  a: {from: t, type: noop, buffer: {size: 5, threshold: 6, policy: dropp, timeout: 0s}}
"), @r#"
    error: the threshold is above the size of the buffer
     --> shop.yaml:6:57
      |
    6 |   a: {from: t, type: noop, buffer: {size: 5, threshold: 6, policy: dropp, timeout: 0s}}
      |                                                         ^

    error: expected one of block, drop, drop_newest, drop_oldest or buffer, found "dropp"
     --> shop.yaml:6:68
      |
    6 |   a: {from: t, type: noop, buffer: {size: 5, threshold: 6, policy: dropp, timeout: 0s}}
      |                                                                    ^^^^^
      |
      = hint: did you mean "drop"?

    error: expected a duration above zero, found "0s"
     --> shop.yaml:6:84
      |
    6 |   a: {from: t, type: noop, buffer: {size: 5, threshold: 6, policy: dropp, timeout: 0s}}
      |                                                                                    ^^
      |
      = hint: write a whole number and its unit: 500ms, 10s, 5m, 2h or 1d
    "#);
}

#[test]
fn bad_csv_writing() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
sinks:
  a: {from: t, type: csv, path: a, delimiter: '-', quote: x, null: '0'}
  b: {from: t, type: csv, path: b, null: 'a,b'}
"), @r#"
    error: '-' occurs in numbers and dates
     --> shop.yaml:6:47
      |
    6 |   a: {from: t, type: csv, path: a, delimiter: '-', quote: x, null: '0'}
      |                                               ^^^
      |
      = hint: use a character such as , ; | or tab

    error: 'x' occurs in numbers and dates
     --> shop.yaml:6:59
      |
    6 |   a: {from: t, type: csv, path: a, delimiter: '-', quote: x, null: '0'}
      |                                                           ^
      |
      = hint: use a character such as , ; | or tab

    error: "0" cannot stand for no value: a value could be written like this, too
     --> shop.yaml:6:68
      |
    6 |   a: {from: t, type: csv, path: a, delimiter: '-', quote: x, null: '0'}
      |                                                                    ^^^
      |
      = hint: use a text such as NULL or \N

    error: "a,b" cannot stand for no value: it holds a delimiter, a quote or a control character
     --> shop.yaml:7:42
      |
    7 |   b: {from: t, type: csv, path: b, null: 'a,b'}
      |                                          ^^^^^
      |
      = hint: use a text such as NULL or \N
    "#);
}

#[test]
fn variables_in_texts_for_null() {
    assert_snapshot!(report(r"sources:
  a: {type: csv, path: a, null_values: ['${env:PASSWORD}']}
"), @r#"
    error: variables are not replaced in a text that stands for no value
     --> shop.yaml:2:42
      |
    2 |   a: {type: csv, path: a, null_values: ['${env:PASSWORD}']}
      |                                          ^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn empty_paths() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
sources: {s: {type: csv, path: ['', a]}}
sinks:
  a: {from: t, type: csv, path: ' '}
"), @r#"
    error: the path is empty
     --> shop.yaml:5:33
      |
    5 | sources: {s: {type: csv, path: ['', a]}}
      |                                 ^^

    error: the path is empty
     --> shop.yaml:7:33
      |
    7 |   a: {from: t, type: csv, path: ' '}
      |                                 ^^^
    "#);
}

#[test]
fn delta_tables_are_parents_only() {
    let text = report(
        r"sources:
  crm: {type: delta, path: crm}
  lake: {type: delta, path: lake}
streams:
  some: {from: crm, filter: x > 1}
sinks:
  out: {from: [some, lake], type: noop}
",
    );
    for (name, place) in [("crm", "5:16"), ("lake", "7:22")] {
        let message = format!("error: rows of the Delta table {name:?} cannot be read as a stream yet");
        assert!(text.contains(&message) && text.contains(place), "{text}");
    }
    assert!(text.contains("foreign_key(\"name\", \"column\")"), "{text}");
    let text = report("pipeline: {source: {type: delta, path: x}, sink: {type: noop}}");
    assert!(text.contains("cannot be read as a stream yet"), "{text}");
}

#[test]
fn two_ways_to_end_a_file() {
    let message = report(
        r"tables:
  - table_name: t
    columns: [{column_name: id, data: row_id}]
sinks:
  a: {from: t, type: csv, path: out, rows_per_file: 10, target_file_size: 10MB}
  b: {from: t, type: csv, path: x.csv, target_file_size: 10KB}
  c: {from: t, type: csv, path: y.csv, file_name: y}
",
    );
    assert!(
        message.contains("`target_file_size` and `rows_per_file` both say where a file ends"),
        "{message}"
    );
    assert!(message.contains("files of less than 1MB are slow to read"), "{message}");
    assert!(message.contains("`file_name` is for outputs of several files"), "{message}");
}
