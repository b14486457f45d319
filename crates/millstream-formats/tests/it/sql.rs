//! SQL scripts: their text in each dialect, and what SQLite makes of them.

use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::*;
use millstream_core::Encode;
use millstream_formats::sql::{SqlDialect, SqlEncoder, SqlOptions};
use proptest::prelude::*;
use rusqlite::types::Value;

fn script(batch: &RecordBatch, options: &SqlOptions, cuts: &[usize]) -> String {
    let encoder = SqlEncoder::new(&batch.schema(), options).unwrap();
    let frame = encoder.frame();
    let mut out = frame.head().to_vec();
    let mut start = 0;
    for end in cuts.iter().copied().chain([batch.num_rows()]) {
        let mut bytes = Vec::new();
        encoder.encode(&batch.slice(start, end - start), &mut bytes).unwrap();
        let write = |piece: &[u8]| {
            out.extend_from_slice(piece);
            Ok(())
        };
        frame.place(start as u64, &bytes, (end - start) as u64, write).unwrap();
        start = end;
    }
    out.extend_from_slice(frame.tail(batch.num_rows() as u64));
    String::from_utf8(out).unwrap()
}

fn options(dialect: SqlDialect) -> SqlOptions {
    SqlOptions { dialect, ..SqlOptions::new("t") }
}

/// A column of every kind that SQL tells apart.
fn everything() -> RecordBatch {
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
    let decimal = Decimal128Array::from(vec![Some(-5), None]).with_precision_and_scale(10, 2).unwrap();
    let long = Decimal128Array::from(vec![Some(-5), None]).with_precision_and_scale(30, 2).unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2]))),
        ("small", Arc::new(Int8Array::from(vec![Some(-1), None]))),
        ("huge", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None]))),
        ("real", Arc::new(Float64Array::from(vec![Some(1e-7), Some(f64::NAN)]))),
        ("half", Arc::new(Float32Array::from(vec![Some(0.5), Some(f32::NEG_INFINITY)]))),
        ("yes", Arc::new(BooleanArray::from(vec![Some(true), Some(false)]))),
        ("price", Arc::new(decimal)),
        ("long", Arc::new(long)),
        ("day", Arc::new(Date32Array::from(vec![Some(19_753), None]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_706_702_400_123_456), None]))),
        ("utc", Arc::new(TimestampSecondArray::from(vec![Some(0), None]).with_timezone("UTC"))),
        ("clock", Arc::new(Time32SecondArray::from(vec![Some(45_296), None]))),
        ("lasts", Arc::new(DurationMillisecondArray::from(vec![Some(1_500), None]))),
        ("say \"it\"`", Arc::new(StringArray::from(vec![Some("it's \\ \n(é)"), Some("")]))),
        ("bytes", Arc::new(BinaryArray::from(vec![Some(b"\x00\xff".as_slice()), Some(b"")]))),
        ("list", Arc::new(list)),
    ];
    let columns = columns.into_iter().map(|(name, column)| (name, column, name != "id"));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

#[test]
fn postgres() {
    let options =
        SqlOptions { primary_key: vec!["id".into()], drop_table: true, ..options(SqlDialect::Postgres) };
    assert_eq!(
        script(&everything(), &options, &[]),
        r#"BEGIN;
DROP TABLE IF EXISTS "t";
CREATE TABLE "t" (
  "id" BIGINT NOT NULL,
  "small" SMALLINT,
  "huge" NUMERIC(20, 0),
  "real" DOUBLE PRECISION,
  "half" REAL,
  "yes" BOOLEAN,
  "price" NUMERIC(10, 2),
  "long" NUMERIC(30, 2),
  "day" DATE,
  "at" TIMESTAMP,
  "utc" TIMESTAMP WITH TIME ZONE,
  "clock" TIME,
  "lasts" INTERVAL,
  "say ""it""`" TEXT,
  "bytes" BYTEA,
  "list" JSON,
  PRIMARY KEY ("id")
);
INSERT INTO "t" ("id", "small", "huge", "real", "half", "yes", "price", "long", "day", "at", "utc", "clock", "lasts", "say ""it""`", "bytes", "list") VALUES
(1, -1, 18446744073709551615, 1e-7, 0.5, TRUE, -0.05, -0.05, '2024-01-31', '2024-01-31 12:00:00.123456', '1970-01-01 00:00:00+00:00', '12:34:56', 'PT1.500S', 'it''s \ 
(é)', '\x00ff', '[1,null]'),
(2, NULL, NULL, 'NaN'::float8, '-Infinity'::float8, FALSE, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', '\x', NULL);
COMMIT;
"#
    );
}

#[test]
fn mysql() {
    assert_eq!(
        script(&everything(), &options(SqlDialect::Mysql), &[]),
        r"START TRANSACTION;
CREATE TABLE `t` (
  `id` BIGINT NOT NULL,
  `small` TINYINT,
  `huge` BIGINT UNSIGNED,
  `real` DOUBLE,
  `half` FLOAT,
  `yes` BOOLEAN,
  `price` DECIMAL(10, 2),
  `long` DECIMAL(30, 2),
  `day` DATE,
  `at` DATETIME(6),
  `utc` DATETIME(6),
  `clock` TIME(6),
  `lasts` LONGTEXT,
  `say ".to_owned()
            + "\"it\"``` LONGTEXT,
  `bytes` LONGBLOB,
  `list` JSON
);
INSERT INTO `t` (`id`, `small`, `huge`, `real`, `half`, `yes`, `price`, `long`, `day`, `at`, `utc`, `clock`, `lasts`, `say \"it\"```, `bytes`, `list`) VALUES
(1, -1, 18446744073709551615, 1e-7, 0.5, TRUE, -0.05, -0.05, '2024-01-31', '2024-01-31 12:00:00.123456', '1970-01-01 00:00:00', '12:34:56', 'PT1.500S', 'it''s \\\\ \n(é)', X'00ff', '[1,null]'),
(2, NULL, NULL, NULL, NULL, FALSE, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', X'', NULL);
COMMIT;
"
    );
}

#[test]
fn ansi_says_the_types_of_dates() {
    let text = script(&everything(), &options(SqlDialect::Ansi), &[]);
    for part in [
        "DATE '2024-01-31', TIMESTAMP '2024-01-31 12:00:00.123456', TIMESTAMP '1970-01-01 00:00:00+00:00', TIME '12:34:56', 'PT1.500S'",
        "\"utc\" TIMESTAMP WITH TIME ZONE,",
        "TRUE, -0.05",
        "X'00ff'",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

/// The rows of the script in SQLite, in the order of their insertion.
fn loaded(text: &str, columns: usize) -> Vec<Vec<Value>> {
    let database = rusqlite::Connection::open_in_memory().unwrap();
    database.execute_batch(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut statement = database.prepare("SELECT * FROM t ORDER BY rowid").unwrap();
    let rows = statement.query_map([], |row| (0..columns).map(|index| row.get(index)).collect()).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn sqlite_holds_every_type() {
    let rows = loaded(&script(&everything(), &options(SqlDialect::Sqlite), &[]), 16);
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(
        rows[0],
        [
            Value::Integer(1),
            Value::Integer(-1),
            text("18446744073709551615"),
            Value::Real(1e-7),
            Value::Real(0.5),
            Value::Integer(1),
            Value::Real(-0.05),
            text("-0.05"),
            text("2024-01-31"),
            text("2024-01-31 12:00:00.123456"),
            text("1970-01-01 00:00:00+00:00"),
            text("12:34:56"),
            text("PT1.500S"),
            text("it's \\ \n(é)"),
            Value::Blob(vec![0, 255]),
            text("[1,null]"),
        ]
    );
    assert_eq!(rows[1][4], Value::Real(f64::NEG_INFINITY));
    assert_eq!(rows[1][3], Value::Null);
    assert_eq!(rows[1][13], text(""));
}

#[test]
fn statements_have_the_rows_that_were_asked_for() {
    let batch =
        RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from_iter_values(0..10)) as ArrayRef)]);
    let batch = batch.unwrap();
    let options = SqlOptions {
        rows_per_insert: 4,
        transaction: false,
        create_table: false,
        ..options(SqlDialect::Sqlite)
    };
    let whole = script(&batch, &options, &[]);
    let counts: Vec<usize> =
        whole.split_terminator(";\n").map(|insert| insert.matches('(').count() - 1).collect();
    assert_eq!(counts, [4, 4, 2]);
    for cut in 0..=10 {
        assert_eq!(script(&batch, &options, &[cut, cut]), whole);
    }
    assert_eq!(script(&batch.slice(0, 0), &options, &[]), "");
}

#[test]
fn what_cannot_be_written_is_refused() {
    let batch =
        RecordBatch::try_from_iter([("a", Arc::new(StringArray::from(vec!["x\0y"])) as ArrayRef)]).unwrap();
    let refused = |dialect| {
        let encoder = SqlEncoder::new(&batch.schema(), &options(dialect)).unwrap();
        encoder.encode(&batch, &mut Vec::new()).is_err()
    };
    assert!(refused(SqlDialect::Sqlite) && refused(SqlDialect::Postgres) && refused(SqlDialect::Ansi));
    assert!(script(&batch, &options(SqlDialect::Mysql), &[]).contains(r"'x\0y'"));

    let schema = |names: &[&str]| {
        let fields: Vec<_> = names.iter().map(|name| Field::new(*name, DataType::Int64, false)).collect();
        Arc::new(Schema::new(fields))
    };
    assert!(SqlEncoder::new(&schema(&["a", "A"]), &options(SqlDialect::Sqlite)).is_err());
    assert!(SqlEncoder::new(&schema(&["a", "A"]), &options(SqlDialect::Postgres)).is_ok());
    assert!(SqlEncoder::new(&schema(&[]), &options(SqlDialect::Ansi)).is_err());
    assert!(SqlEncoder::new(&schema(&["a\0"]), &options(SqlDialect::Ansi)).is_err());
    let key = SqlOptions { primary_key: vec!["b".into()], ..options(SqlDialect::Ansi) };
    assert!(SqlEncoder::new(&schema(&["a"]), &key).is_err());
    let none = SqlOptions { rows_per_insert: 0, ..options(SqlDialect::Ansi) };
    assert!(SqlEncoder::new(&schema(&["a"]), &none).is_err());
}

fn text() -> impl Strategy<Value = String> {
    let nasty = proptest::collection::vec(
        prop_oneof![
            Just("'"),
            Just("''"),
            Just("\\"),
            Just("\\'"),
            Just("\n"),
            Just(",\n("),
            Just(");\n"),
            Just("--"),
            Just("/*"),
            Just("\""),
            Just("`"),
            Just("é"),
            Just("🚆"),
            Just("x'"),
            Just("NULL"),
            Just("12"),
            Just("\r"),
        ],
        0..8,
    );
    prop_oneof![
        nasty.prop_map(|parts| parts.concat()),
        any::<String>().prop_map(|text| text.replace('\0', ""))
    ]
}

type Row = (Option<i64>, Option<f64>, Option<bool>, Option<String>, Option<Vec<u8>>, Option<i64>);

fn row() -> impl Strategy<Value = Row> {
    let any_float = any::<f64>().prop_filter("NaN is NULL", |value| !value.is_nan());
    let option = proptest::option::of::<BoxedStrategy<i64>>;
    (
        option(any::<i64>().boxed()),
        proptest::option::of(any_float),
        any::<Option<bool>>(),
        proptest::option::of(text()),
        any::<Option<Vec<u8>>>(),
        option((-999_999_999_999_999_i64..=999_999_999_999_999).boxed()),
    )
}

proptest! {
    #[test]
    fn sqlite_reads_back_the_rows(
        rows in proptest::collection::vec(row(), 0..25),
        name in text().prop_filter("a name", |name| !name.is_empty() && !name.eq_ignore_ascii_case("i")),
        rows_per_insert in 1_u64..9,
        cut in any::<proptest::sample::Index>(),
    ) {
        let decimals = rows.iter().map(|row| row.5.map(i128::from)).collect::<Decimal128Array>();
        let columns: Vec<(&str, ArrayRef, bool)> = vec![
            ("i", Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>()), true),
            ("f", Arc::new(rows.iter().map(|row| row.1).collect::<Float64Array>()), true),
            ("b", Arc::new(rows.iter().map(|row| row.2).collect::<BooleanArray>()), true),
            ("prefix ", Arc::new(rows.iter().map(|row| row.3.as_deref()).collect::<StringArray>()), true),
            ("x", Arc::new(rows.iter().map(|row| row.4.as_deref()).collect::<BinaryArray>()), true),
            ("d", Arc::new(decimals.with_precision_and_scale(15, 3).unwrap()), true),
        ];
        let named = format!("prefix {name}");
        let columns = columns.into_iter().map(|(name, column, nullable)| {
            (if name == "prefix " { named.as_str() } else { name }, column, nullable)
        });
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let options = SqlOptions { rows_per_insert, ..options(SqlDialect::Sqlite) };
        let whole = script(&batch, &options, &[]);
        prop_assert_eq!(&script(&batch, &options, &[cut.index(rows.len() + 1)]), &whole);
        let found = loaded(&whole, 6);
        prop_assert_eq!(found.len(), rows.len());
        for (found, row) in found.iter().zip(&rows) {
            let or_null = |value: Option<Value>| value.unwrap_or(Value::Null);
            prop_assert_eq!(&found[0], &or_null(row.0.map(Value::Integer)));
            prop_assert_eq!(&found[1], &or_null(row.1.map(Value::Real)));
            prop_assert_eq!(&found[2], &or_null(row.2.map(|b| Value::Integer(b.into()))));
            prop_assert_eq!(&found[3], &or_null(row.3.clone().map(Value::Text)));
            prop_assert_eq!(&found[4], &or_null(row.4.clone().map(Value::Blob)));
            // SQLite turns decimals without a fraction into integers.
            let decimal = match &found[5] {
                Value::Integer(value) => Some(*value as f64),
                Value::Real(value) => Some(*value),
                Value::Null => None,
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            };
            let thousandths = decimal.map(|decimal| (decimal * 1000.0).round() as i64);
            prop_assert_eq!(thousandths, row.5);
        }
    }
}
