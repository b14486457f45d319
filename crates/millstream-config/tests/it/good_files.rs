//! Files that are accepted, and what they mean.

use std::time::Duration;

use millstream_config::{
    AvroCompression, Backpressure, ColumnType, Document, OnError, Operator, ParquetCompression, SinkKind,
    SourceKind, SqlDialect, StateKind, StdoutFormat, TextCompression,
};
use millstream_generate::{Cadence, ColumnSpec, OnRestart, SpecError, TableSpec, TablesSpec, UpdatePolicy};

use crate::{accepted, parse};

/// The graph of the design document, without what concerns event time.
const SHOP: &str = r#"
version: 1
name: shop
config:   { seed: 42, locale: en_US }                    # generation defaults
tables:                                                   # generated streams (the table-faker spelling)
  - table_name: customers
    row_count: 1000
    update_policy: append
    cadence: { rows_per_minute: 600 }
    columns:
      - { column_name: customer_id, data: row_id, is_primary_key: true }
      - { column_name: tier,  data: 'random.choices(["free","pro"], weights=[9,1])[0]' }
      - { column_name: email, data: fake.email() }
  - table_name: orders
    row_count: 10000
    cadence: { rows_per_minute: 6000 }
    columns:
      - { column_name: order_id, data: row_id, is_primary_key: true }
      - { column_name: customer_id, data: 'foreign_key("customers", "customer_id", distribution="zipf", param=1.2)' }
      - { column_name: amount, data: 'round(random.uniform(1, 500), 2)' }
      - { column_name: ordered_at, data: tick_time() }
streams:                                                  # streams that are derived: `from` plus exactly one operator
  paid:     { from: orders, filter: amount > 10 }
sinks:                                                    # where streams end
  lake:        { from: [customers, orders], type: delta, path: ./lake }
  paid_orders: { from: paid, type: jsonl, path: ./out/paid.jsonl }
dead_letter: { type: jsonl, path: ./out/dead.jsonl }
state:       { type: sqlite, path: ./.millstream/state.db }  # memory | file | sqlite (default) | redis | postgres
checkpoint:  { interval: 10s }
"#;

/// The pipeline of the design document.
const LATE_FLIGHTS: &str = r#"
version: 1
name: late_flights
pipeline:
  source: { type: csv, path: flights.csv }
  transforms:                                             # the same operators as under `streams:`, in order
    - filter: dep_delay is not None and dep_delay > 15
    - set: { late_hours: 'round(dep_delay / 60, 2)', route: 'origin + "-" + dest' }
    - snake_case
  sink: { type: jsonl, path: late.jsonl }
"#;

#[test]
fn the_graph_of_the_design() {
    let (shop, warnings) = parse(SHOP).unwrap();
    assert!(warnings.is_empty(), "{warnings}");
    assert_eq!(shop.name.value, "shop");
    assert_eq!(shop.config.seed, 42);
    assert_eq!(shop.config.locale.value, "en_US");
    let [customers, orders] = shop.tables.as_slice() else { panic!("two tables") };
    assert_eq!(customers.row_count.value, 1000);
    assert_eq!(customers.cadence.rate.to_string(), "600");
    assert!(customers.columns[0].primary_key.is_some());
    assert_eq!(customers.columns[1].data.text(), r#"random.choices(["free","pro"], weights=[9,1])[0]"#);
    assert_eq!(orders.columns[3].data.text(), "tick_time()");
    assert!(matches!(&shop.streams[0].operator.value, Operator::Filter(e) if e.text() == "amount > 10"));
    let from: Vec<_> = shop.sinks[0].from.iter().map(|name| &*name.value).collect();
    assert_eq!(from, ["customers", "orders"]);
    assert!(
        matches!(&shop.sinks[0].connector.kind.value, SinkKind::Delta(delta) if delta.path.value.reveal() == "./lake")
    );
    assert!(shop.dead_letter.is_some());
    assert_eq!(shop.state.kind, StateKind::Sqlite);
    assert_eq!(shop.checkpoint.interval, Duration::from_secs(10));
}

#[test]
fn the_pipeline_of_the_design() {
    let (document, warnings) = parse(LATE_FLIGHTS).unwrap();
    assert!(warnings.is_empty(), "{warnings}");
    let pipeline = document.pipeline.unwrap();
    let names: Vec<_> = pipeline.transforms.iter().map(|t| t.value.name()).collect();
    assert_eq!(names, ["filter", "set", "snake_case"]);
    let Operator::Set(assignments) = &pipeline.transforms[1].value else { panic!("set") };
    assert_eq!(assignments[0].0.value, "late_hours");
    assert_eq!(assignments[1].1.text(), r#"origin + "-" + dest"#);
    assert!(matches!(pipeline.source.kind.value, SourceKind::Csv(_)));
    assert!(matches!(pipeline.sink.kind.value, SinkKind::Jsonl(_)));
}

#[test]
fn the_quick_start_of_the_data_generation_server() {
    let document = accepted(
        "version: 1
config:
  locale: en_US
  seed: 42
tables:
  - table_name: person
    row_count: 100
    update_policy: append
    cadence:
      rows_per_minute: 60
      enabled: true
    columns:
      - column_name: id
        data: row_id
        is_primary_key: true
      - column_name: email
        data: fake.email()
",
    );
    assert_eq!(document.name.value, "shop");
    assert_eq!(document.tables[0].columns.len(), 2);
}

#[test]
fn calls_with_several_arguments_need_no_quotes_inside_braces() {
    let document = accepted(
        r#"tables:
  - table_name: customers
    update_policy: append
    cadence:
      rows_per_minute: 10
    columns:
      - {column_name: id, data: row_id, is_primary_key: true}
      - {column_name: email, data: fake.email()}

  - table_name: orders
    update_policy: append
    cadence:
      rows_per_minute: 50  # More orders than customers
    columns:
      - {column_name: order_id, data: row_id, is_primary_key: true}
      - {column_name: customer_id, data: foreign_key("customers", "id")}
      - {column_name: customer_email, data: copy_from_fk("customer_id", "customers", "email")}
      - {column_name: tier, data: random.choices(["free","pro"], weights=[9,1])[0], description: x}
      - {column_name: points, data: {"a": 1}["a"]}
"#
        .replace("{\"a\": 1}[\"a\"]", "dict([('a', 1)])['a']")
        .as_str(),
    );
    let data: Vec<_> = document.tables[1].columns.iter().map(|column| column.data.text()).collect();
    assert_eq!(
        data,
        [
            "row_id",
            r#"foreign_key("customers", "id")"#,
            r#"copy_from_fk("customer_id", "customers", "email")"#,
            r#"random.choices(["free","pro"], weights=[9,1])[0]"#,
            "dict([('a', 1)])['a']",
        ]
    );
}

#[test]
fn the_cadences_of_the_data_generation_server_lack_only_their_columns() {
    let diagnostics = parse(
        "tables:
  - table_name: high_volume_events
    cadence:
      rows_per_minute: 600  # High frequency
      
  - table_name: daily_summaries
    cadence:
      rows_per_minute: 1    # Low frequency
      
  - table_name: countries
    update_policy: disabled  # Static
",
    )
    .unwrap_err();
    let messages: Vec<_> = diagnostics.iter().map(|d| &*d.message).collect();
    assert_eq!(messages, [r#"a table needs the key "columns""#; 3]);
}

#[test]
fn the_distribution_of_the_data_generation_server() {
    let document = accepted(
        r#"tables:
  - table_name: customers
    columns:
      - column_name: id
        data: row_id
  - table_name: orders
    columns:
      - column_name: customer_id
        data: foreign_key("customers", "id", distribution="zipf", param=1.2)
        # Popular customers get more orders (Zipf distribution)
"#,
    );
    assert_eq!(
        document.tables[1].columns[0].data.text(),
        r#"foreign_key("customers", "id", distribution="zipf", param=1.2)"#
    );
}

#[test]
fn defaults() {
    let document = accepted("tables: [{table_name: t, columns: [{column_name: a, data: 1}]}]");
    let table = &document.tables[0];
    assert_eq!((table.row_count.value, table.start_row_id.value), (10, 1));
    assert_eq!(table.update_policy, UpdatePolicy::Append);
    assert_eq!(table.cadence.rate.to_string(), "60");
    assert!(table.cadence.enabled);
    assert_eq!(document.config.seed, 0);
    assert_eq!(document.config.tick_interval, Duration::from_secs(10));
    assert_eq!(document.config.on_restart, OnRestart::Continue);
    assert_eq!(document.config.max_catch_up, 1_000_000);
    assert!(document.config.start.is_none());
    assert_eq!(document.on_error, OnError::Fail);
    assert_eq!(document.state.path.unwrap().value.reveal(), "./.millstream/state.db");
    let processing = document.processing;
    assert_eq!((processing.chunk_size, processing.buffer_size, processing.max_retries), (2048, 8192, 3));
    assert_eq!(processing.backpressure, Backpressure::Block);
    assert_eq!(processing.parallelism, None);
}

#[test]
fn every_setting() {
    let document = accepted(
        r#"
name: every.setting-1
config: {seed: 18446744073709551615, start: 2024-01-31T08:30:00+02:00, tick_interval: 500ms, on_restart: catch_up, max_catch_up: 5}
sources:
  flights:
    type: csv
    path: ["a/*.csv", b.csv.gz]
    delimiter: ";"
    quote: "'"
    header: false
    null_values: [NA, "", null]
    sample_rows: 10
    columns: {dep_delay: integer, fare: "decimal(12, 2)", day: date, at: timestamp, ok: boolean, x: float, s: string}
  events: {type: jsonl, path: events.jsonl, columns: {id: integer}}
  weather: {type: parquet, path: weather/*.parquet}
streams:
  chosen: {from: flights, select: [a, b]}
  fewer: {from: chosen, drop: a}
  named: {from: fewer, rename: {b: c}}
  typed: {from: named, cast: {c: float}}
  tidy: {from: typed, snake_case: {}}
sinks:
  a: {from: tidy, type: csv, path: out.csv.zst, delimiter: tab, null: NULL, header: false}
  b: {from: events, type: jsonl, path: out.jsonl, compression: gzip}
  c: {from: weather, type: parquet, path: out, compression: zstd, buffer: {size: 10, policy: drop_oldest, threshold: 5}}
  d: {from: weather, type: stdout, format: csv, delimiter: "|"}
  e: {from: weather, type: noop}
  f: {from: weather, type: stdout}
on_error: skip
state: {type: file}
checkpoint: {interval: 1m}
processing: {chunk_size: 100, parallelism: 2, buffer_size: 1_000, backpressure: block, timeout: 2s, backpressure_threshold: 900, memory_limit: 1GiB, max_retries: 0}
"#,
    );
    assert_eq!(document.config.seed, u64::MAX);
    let start = document.config.start.unwrap().value;
    assert_eq!(start.to_rfc3339(), "2024-01-31T06:30:00+00:00");
    assert_eq!(document.config.tick_interval, Duration::from_millis(500));
    let SourceKind::Csv(csv) = &document.sources[0].connector.kind.value else { panic!("csv") };
    assert_eq!(csv.paths.len(), 2);
    assert_eq!((csv.reading.delimiter, csv.reading.quote), (b';', b'\''));
    assert_eq!(csv.reading.null_values, ["NA", "", "null"]);
    assert_eq!(csv.sample_rows, 10);
    assert_eq!(csv.columns[1].column_type.value, ColumnType::parse("decimal(12, 2)").unwrap());
    let operators: Vec<_> = document.streams.iter().map(|s| s.operator.value.name()).collect();
    assert_eq!(operators, ["select", "drop", "rename", "cast", "snake_case"]);
    let kinds: Vec<_> = document.sinks.iter().map(|s| &s.connector.kind.value).collect();
    assert!(
        matches!(kinds[0], SinkKind::Csv(csv) if csv.compression == TextCompression::Zstd && csv.writing.delimiter == b'\t' && csv.writing.null == "NULL")
    );
    assert!(matches!(kinds[1], SinkKind::Jsonl(jsonl) if jsonl.compression == TextCompression::Gzip));
    assert!(
        matches!(kinds[2], SinkKind::Parquet(parquet) if parquet.compression == ParquetCompression::Zstd)
    );
    assert!(matches!(kinds[3], SinkKind::Stdout(StdoutFormat::Csv(csv)) if csv.delimiter == b'|'));
    assert!(matches!(kinds[5], SinkKind::Stdout(StdoutFormat::Jsonl)));
    let buffer = document.sinks[2].connector.buffer;
    assert_eq!((buffer.size, buffer.policy), (Some(10), Some(Backpressure::DropOldest)));
    assert_eq!(document.on_error, OnError::Skip);
    assert_eq!(document.state.path.unwrap().value.reveal(), "./.millstream/state");
    assert_eq!(document.processing.memory_limit, Some(1 << 30));
    assert_eq!(document.processing.buffer_size, 1000);
    assert_eq!(document.processing.max_retries, 0);
}

#[test]
fn scalars_of_yaml_become_expressions_of_python() {
    let document = accepted(
        "tables:
- table_name: t
  columns:
  - {column_name: a, data: 5}
  - {column_name: b, data: true}
  - {column_name: c, data: 'true'}
  - {column_name: d, data: -1.5}
  - column_name: e
    data: |
      if row_id > 1:
        return \"x\"
      return \"y\"
  - column_name: f
    data: >-
      row_id +
      1
",
    );
    let data: Vec<_> = document.tables[0].columns.iter().map(|column| column.data.text()).collect();
    let block = "if row_id > 1:\n  return \"x\"\nreturn \"y\"\n";
    assert_eq!(data, ["5", "True", "true", "-1.5", block, "row_id + 1"]);
}

#[test]
fn json_is_yaml() {
    let text = r#"{
	"version": 1,
	"tables": [{"table_name": "t", "columns": [{"column_name": "a", "data": "\"x\" + str(f(1, 2))"}]}]
}"#;
    let (document, _) = Document::parse("a/b/t.json", text, &|_| None).unwrap();
    assert_eq!(document.name.value, "t");
    assert_eq!(document.tables[0].columns[0].data.text(), r#""x" + str(f(1, 2))"#);
}

#[test]
fn anchors_and_merge_keys() {
    let document = accepted(
        "
tables:
  - &base
    table_name: a
    row_count: 5
    columns: &columns
      - {column_name: id, data: row_id}
  - <<: *base
    table_name: b
  - {table_name: c, columns: *columns, <<: [{row_count: 7}, *base]}
",
    );
    let rows: Vec<_> =
        document.tables.iter().map(|t| (&*t.name.value, t.row_count.value, t.columns.len())).collect();
    assert_eq!(rows, [("a", 5, 1), ("b", 5, 1), ("c", 7, 1)]);
}

#[test]
fn variables_are_replaced_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret.txt"), "s3cret\r\n").unwrap();
    let file = folder.path().join("p.yaml");
    let text = "
pipeline:
  source: { type: csv, path: ${env:OUT}/in.csv }
  sink: { type: csv, path: '${file:secret.txt}-$${x}', null: x }
processing: { chunk_size: '${env:ROWS}' }
";
    let (document, _) = Document::parse(file.to_str().unwrap(), text, &crate::environment).unwrap();
    let pipeline = document.pipeline.as_ref().unwrap();
    let (SourceKind::Csv(source), SinkKind::Csv(sink)) =
        (&pipeline.source.kind.value, &pipeline.sink.kind.value)
    else {
        panic!("csv")
    };
    assert_eq!(source.paths[0].value.reveal(), "/srv/out/in.csv");
    assert!(source.paths[0].value.is_secret());
    assert_eq!(sink.path.value.reveal(), "s3cret-${x}");
    assert_eq!(document.processing.chunk_size, 12);
    assert_eq!(source.paths[0].value.to_string(), "${env:OUT}/in.csv");
    let debug = format!("{document:?}");
    assert!(!debug.contains("/srv/out") && !debug.contains("s3cret"), "{debug}");
}

#[test]
fn unread_streams_are_warned_about() {
    let (_, warnings) = parse(
        "
sources: {a: {type: csv, path: a.csv}, b: {type: csv, path: b.csv}}
streams: {c: {from: a, snake_case: }}
",
    )
    .unwrap();
    let messages: Vec<_> = warnings.iter().map(|d| &*d.message).collect();
    assert_eq!(messages, [r#"nothing reads the source "b""#, r#"nothing reads the stream "c""#]);
    assert!(!warnings.has_errors());
}

#[test]
fn the_generator_gets_what_the_file_says() {
    let document = accepted(
        "
config: {seed: 7, start: 1970-01-02, tick_interval: 1s, on_restart: catch_up, max_catch_up: 9}
tables:
  - table_name: t
    row_count: 3
    start_row_id: 100
    update_policy: disabled
    cadence: {rows_per_minute: 0.5, enabled: false}
    columns:
      - {column_name: id, data: row_id, is_primary_key: true, description: the key}
      - {column_name: no_key, data: 1, is_primary_key: false}
",
    );
    let expected = TablesSpec {
        infer_attributes: Vec::new(),
        adopted: Vec::new(),
        seed: 7,
        locale: "en_US".to_owned(),
        other_locales: Vec::new(),
        start: Some(86_400_000_000),
        now: None,
        tick: Duration::from_secs(1),
        on_restart: OnRestart::CatchUp,
        max_catch_up: 9,
        tables: vec![TableSpec {
            name: "t".to_owned(),
            row_count: 3,
            start_row_id: 100,
            update_policy: UpdatePolicy::Disabled,
            cadence: Cadence { enabled: false, ..Cadence::constant("0.5".parse().unwrap()) },
            disorder: None,
            columns: vec![
                ColumnSpec {
                    name: "id".to_owned(),
                    data: "row_id".to_owned(),
                    is_primary_key: true,
                    description: Some("the key".to_owned()),
                    ..ColumnSpec::default()
                },
                ColumnSpec { name: "no_key".to_owned(), data: "1".to_owned(), ..ColumnSpec::default() },
            ],
        }],
    };
    let mut found = document.tables_spec();
    let places: Vec<_> =
        found.tables[0].columns.iter_mut().map(|column| column.place.take().unwrap_or_default()).collect();
    assert!(
        places.iter().all(|place| place.starts_with("shop.yaml:")) && places[0] != places[1],
        "{places:?}"
    );
    assert_eq!(found, expected);
    let defaults = accepted("tables: [{table_name: t, columns: [{column_name: a, data: 1}]}]").tables_spec();
    assert_eq!(TablesSpec { tables: Vec::new(), ..defaults }, TablesSpec::default());
}

#[test]
fn errors_of_the_generator_lead_back_to_the_file() {
    let yaml = r#"
config:
  locale: xx_XX
tables:
  - table_name: a
    columns:
      - {column_name: id, data: row_id}
  - table_name: b
    columns:
      - column_name: x
        data: |
          if row_id > 1:
            return fake.emial()
          return "é" + nothing
"#;
    let document = accepted(yaml);
    let at = |table, column, range| {
        let error =
            SpecError { table, column, range, message: "no".to_owned(), hint: Some("yes".to_owned()) };
        let diagnostic = document.spec_error(&error);
        assert_eq!((&*diagnostic.message, diagnostic.hint.as_deref()), ("no", Some("yes")));
        document.file.slice(diagnostic.span)
    };
    let data = document.tables[1].columns[0].data.text();
    let range_of = |word: &str| {
        let start = data.find(word).unwrap();
        Some(start..start + word.len())
    };
    assert_eq!(at(1, Some(0), range_of("fake.emial")), "fake.emial");
    assert_eq!(at(1, Some(0), range_of("nothing")), "nothing");
    assert_eq!(at(0, Some(0), None), "row_id");
    assert_eq!(at(0, None, None), "xx_XX");
    assert_eq!(at(1, None, None), "b");
    assert_eq!(at(9, Some(9), Some(3..99)), "xx_XX");
}

#[test]
fn cadences_have_shapes_and_intervals_of_their_own() {
    use millstream_generate::{Burst, Ramp, Rate, Schedule, ScheduleWindow, Shape, Sine, Then};
    let document = accepted(
        r#"version: 1
config: { tick_interval: 5s }
tables:
  - table_name: a
    cadence:
      rows_per_minute: 60
      tick_interval: 1m
      shape: { burst: { every: 1h, for: 5m, offset: 30s, multiplier: 10 } }
    columns: [{ column_name: id, data: row_id }]
  - table_name: b
    cadence: { tick_interval: 5s, shape: { sine: { period: 1d, min: 0, max: 0.5, phase: 6h } } }
    columns: [{ column_name: id, data: row_id }]
  - table_name: c
    cadence: { shape: { ramp: { to: 7.5, over: 10m, then: repeat } } }
    columns: [{ column_name: id, data: row_id }]
  - table_name: d
    cadence:
      shape:
        schedule:
          - { at: 0 9-17 * * mon-fri, rows_per_minute: 6000 }
          - { at: "30 2 * * *", for: 90m, rows_per_minute: 0 }
    columns: [{ column_name: id, data: row_id }]
  - table_name: e
    cadence:
      shape: { schedule: { zone: Europe/Berlin, windows: [{ at: "* * * * sun", rows_per_minute: 1 }] } }
    columns: [{ column_name: id, data: row_id }]
"#,
    );
    let cadences: Vec<Cadence> =
        document.tables_spec().tables.into_iter().map(|table| table.cadence).collect();
    let rate = |text: &str| text.parse::<Rate>().unwrap();
    let window = |at: &str, minutes: Option<u64>, rows: &str| ScheduleWindow {
        at: at.to_owned(),
        length: minutes.map(Duration::from_mins),
        rows_per_minute: rate(rows),
    };
    let schedule = |zone: &str, windows| Some(Shape::Schedule(Schedule { zone: zone.to_owned(), windows }));
    let shapes = [
        Some(Shape::Burst(Burst {
            every: Duration::from_hours(1),
            length: Duration::from_mins(5),
            offset: Duration::from_secs(30),
            rows_per_minute: None,
            multiplier: Some(rate("10")),
        })),
        Some(Shape::Sine(Sine {
            period: Duration::from_hours(24),
            amplitude: None,
            min: Some(rate("0")),
            max: Some(rate("0.5")),
            phase: Duration::from_hours(6),
        })),
        Some(Shape::Ramp(Ramp {
            from: None,
            to: rate("7.5"),
            over: Duration::from_mins(10),
            then: Then::Repeat,
        })),
        schedule(
            "UTC",
            vec![window("0 9-17 * * mon-fri", None, "6000"), window("30 2 * * *", Some(90), "0")],
        ),
        schedule("Europe/Berlin", vec![window("* * * * sun", None, "1")]),
    ];
    for (cadence, shape) in cadences.iter().zip(shapes) {
        assert_eq!(cadence.shape, shape);
    }
    let intervals: Vec<_> = cadences.iter().map(|cadence| cadence.tick_interval).collect();
    assert_eq!(intervals, [Some(Duration::from_mins(1)), None, None, None, None]);
}

#[test]
fn scripts_and_arrays() {
    let document = accepted(
        r"
version: 1
name: x
tables: [{table_name: t, columns: [{column_name: id, data: row_id, is_primary_key: true}]}]
sinks:
  a: {from: t, type: sql, path: t.sql.gz, dialect: mysql, table_name: other, drop_table: true, rows_per_insert: 1_000, transaction: false}
  b: {from: t, type: sql, path: u.sql, create_table: false}
  c: {from: t, type: json, path: t.json}
  d: {from: t, type: stdout, format: json}
  e: {from: t, type: stdout, format: sql, dialect: postgres}
",
    );
    let kinds: Vec<_> = document.sinks.iter().map(|s| &s.connector.kind.value).collect();
    let SinkKind::Sql(sql) = kinds[0] else { panic!("sql") };
    assert_eq!(sql.compression, TextCompression::Gzip);
    assert_eq!(sql.writing.dialect, SqlDialect::Mysql);
    assert_eq!(sql.writing.table.as_ref().unwrap().value, "other");
    assert!(sql.writing.create_table && sql.writing.drop_table && !sql.writing.transaction);
    assert_eq!(sql.writing.rows_per_insert, Some(1000));
    let SinkKind::Sql(sql) = kinds[1] else { panic!("sql") };
    assert!(!sql.writing.create_table && !sql.writing.drop_table && sql.writing.transaction);
    assert!(matches!(kinds[2], SinkKind::Json(_)));
    assert!(matches!(kinds[3], SinkKind::Stdout(StdoutFormat::Json)));
    assert!(
        matches!(kinds[4], SinkKind::Stdout(StdoutFormat::Sql(sql)) if sql.dialect == SqlDialect::Postgres)
    );
}

#[test]
fn outputs_of_several_files() {
    let document = accepted(
        r"
version: 1
name: x
tables:
  - table_name: t
    row_count: 100
    export_file_count: 3
    export_file_row_count: 10
    export_file_name: people
    columns: [{column_name: id, data: row_id}]
sinks:
  a: {from: t, type: csv, path: out, rows_per_file: 1_000, file_name: '{table}-{n:03}'}
  b: {from: t, type: parquet, path: b.parquet, target_file_size: 128MB}
  c: {from: t, type: avro, path: c.avro, compression: zstd, file_count: 4}
",
    );
    let files = &document.tables[0].files;
    assert_eq!(files.file_count.as_ref().unwrap().value, 3);
    assert_eq!(files.rows_per_file.as_ref().unwrap().value, 10);
    assert_eq!(files.file_name.as_ref().unwrap().value, "people");
    let kinds: Vec<_> = document.sinks.iter().map(|s| &s.connector.kind.value).collect();
    let SinkKind::Csv(csv) = kinds[0] else { panic!("csv") };
    assert_eq!(csv.files.rows_per_file.as_ref().unwrap().value, 1000);
    assert_eq!(csv.files.file_name.as_ref().unwrap().value, "{table}-{n:03}");
    let SinkKind::Parquet(parquet) = kinds[1] else { panic!("parquet") };
    assert_eq!(parquet.files.target_file_size.as_ref().unwrap().value, 128_000_000);
    let SinkKind::Avro(avro) = kinds[2] else { panic!("avro") };
    assert_eq!(avro.compression, AvroCompression::Zstd);
    assert_eq!(avro.files.file_count.as_ref().unwrap().value, 4);
}
