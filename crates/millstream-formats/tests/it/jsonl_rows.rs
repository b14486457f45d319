//! What is read from JSONL, what is rejected, and what is said about it.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Field, Fields, Int64Type, Schema, TimeUnit};
use millstream_core::{ErrorKind, Payload, RowErrorKind};
use millstream_formats::jsonl::{JsonlFormat, JsonlReadOptions};
use millstream_formats::text::TextFormat;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::reader::{self, shown};

fn declared(columns: &[(&str, DataType)]) -> JsonlReadOptions {
    let columns = columns.iter().map(|(name, data_type)| ((*name).to_owned(), data_type.clone()));
    JsonlReadOptions { columns: Some(columns.collect()), ..JsonlReadOptions::default() }
}

fn schema(file: &str) -> Schema {
    let (format, _) = JsonlFormat::infer(JsonlReadOptions::default(), file.as_bytes(), true).unwrap();
    format.schema().as_ref().clone()
}

#[test]
fn each_bad_line_is_rejected_and_no_other() {
    let point = DataType::Struct(Fields::from(vec![
        Field::new("x", DataType::Int64, false),
        Field::new("tags", DataType::new_list(DataType::Utf8, true), true),
    ]));
    let options = declared(&[
        ("id", DataType::Int64),
        ("name", DataType::Utf8),
        ("price", DataType::Float64),
        ("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
        ("small", DataType::UInt8),
        ("p", point),
    ]);
    let (format, _) = JsonlFormat::infer(options, b"", true).unwrap();
    let file = r#"{"id":1,"name":"a","price":1,"at":"2024-01-31T12:00:00Z","small":255,"p":{"x":1,"tags":["a",null]}}
{"id":2.0}
{"id":3,"name":5}
   
{"id":4,"price":9007199254740993}
{"id":5,"other":[1,{"a":"}"}]}
{"id":6,"at":"noon"}
{"id":7,"small":256}
{"id":8,"p":{"x":1,"tags":["a",1]}}
{"id":9,"p":{"tags":[]}}
{"id":10,"id":11}
{"id":12,"name":"unfinished
{"id":13} {"id":14}
[1]
{"id":"15"}
{"id":16,"name":"\ud800"}
{ "name" : "b\u00e9\ud83d\ude00\/", "id" : -17 , "p" : null }
{"id":true,"bad":}
{"id":19,}
{"id":20,"price":01}
"#;
    let content = reader::whole(&format, file.as_bytes());
    assert_eq!(
        reader::jsonl(&content.batch),
        r#"{"id":1,"name":"a","price":1.0,"at":"2024-01-31T12:00:00Z","small":255,"p":{"x":1,"tags":["a",null]}}
{"id":-17,"name":"bé😀/","price":null,"at":null,"small":null,"p":null}
"#
    );
    let messages: Vec<String> = content.rejected.iter().map(|row| shown(row).0).collect();
    assert_eq!(
        messages,
        [
            "file:2: column \"id\": 2.0 is not an integer",
            "file:3: column \"name\": 5 is not a text",
            "file:5: column \"price\": 9007199254740993 has no exact Float64: declare the column as a decimal or as text",
            "file:6: unexpected key \"other\"",
            "file:7: column \"at\": \"noon\" is not a timestamp (YYYY-MM-DDTHH:MM:SS)",
            "file:8: column \"small\": 256 is out of the range of UInt8",
            "file:9: column \"p.tags[]\": 1 is not a text",
            "file:10: column \"p.x\": must not be null",
            "file:11: the key \"id\" comes twice",
            "file:12: no JSON: expected the end of the string at byte 28",
            "file:13: no JSON: expected the end of the line at byte 11",
            "file:14: no JSON: expected `{` at byte 1",
            "file:15: column \"id\": \"15\" is not an integer",
            "file:16: no JSON: expected a pair of surrogates at byte 18",
            "file:18: no JSON: expected a value at byte 18",
            "file:19: no JSON: expected a key in quotes at byte 10",
            "file:20: no JSON: expected a value at byte 18",
        ]
    );
    let casts = content.rejected.iter().filter(|row| row.kind == RowErrorKind::Cast);
    for row in casts.clone() {
        let Payload::Row(json) = &row.payload else { panic!("{row:?}") };
        assert!(serde_json::from_str::<serde_json::Value>(json).unwrap().is_object());
    }
    assert_eq!(casts.count(), 10);
    let indices: Vec<u64> = content.rejected.iter().map(|row| row.row_index).collect();
    assert_eq!(indices, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18]);
}

#[test]
fn inference() {
    use DataType::{Boolean, Float64, Int64, Utf8};
    let found = schema(
        r#"{"id":1,"x":1,"s":"a","flag":null,"big":1,"list":[],"o":{"a":1},"at":"2024-01-31T12:00:00Z","none":null}
not json
{"id":2,"x":2.5,"flag":true,"big":18446744073709551616,"list":[1,null],"o":{"b":[{"c":1.5}]},"extra":"x"}
"#,
    );
    let object = DataType::Struct(Fields::from(vec![
        Field::new("a", Int64, true),
        Field::new(
            "b",
            DataType::new_list(DataType::Struct(Fields::from(vec![Field::new("c", Float64, true)])), true),
            true,
        ),
    ]));
    let expected = [
        ("id", Int64),
        ("x", Float64),
        ("s", Utf8),
        ("flag", Boolean),
        ("big", DataType::Decimal128(38, 0)),
        ("list", DataType::new_list(Int64, true)),
        ("o", object),
        ("at", Utf8),
        ("none", Utf8),
        ("extra", Utf8),
    ];
    let expected: Vec<Field> =
        expected.into_iter().map(|(name, data_type)| Field::new(name, data_type, true)).collect();
    assert_eq!(found, Schema::new(expected));
}

#[test]
fn inference_that_has_to_give_up() {
    let failure = |file: &str| {
        let error = JsonlFormat::infer(JsonlReadOptions::default(), file.as_bytes(), true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Source);
        assert!(error.hint_text().is_some());
        error.to_string()
    };
    assert_eq!(
        failure("{\"a\":{\"b\":[1]}}\n{\"a\":{\"b\":[\"x\"]}}\n"),
        "line 2: column \"a.b[]\": is a text here, but a number before"
    );
    assert_eq!(
        failure("{\"a\":9007199254740993}\n{\"a\":0.5}\n"),
        "column \"a\" has numbers that no one type holds exactly"
    );
    assert_eq!(
        failure(&format!("{{\"a\":{}}}\n", "9".repeat(39))),
        "column \"a\" has numbers that no one type holds exactly"
    );
    assert_eq!(failure(""), "the file has no rows, and no columns are declared");
    assert_eq!(
        failure("[\n  1\n]\n"),
        "no JSON object in the first 3 lines: line 1: no JSON: expected a value at byte 2"
    );
    let error = JsonlFormat::infer(JsonlReadOptions::default(), b"{\"a\":1}", false).unwrap_err();
    assert_eq!(error.to_string(), "the first 7 bytes are not one whole line");
}

#[test]
fn declared_columns_and_inferred_ones() {
    let options = declared(&[("later", DataType::Int64), ("at", DataType::Date32)]);
    let (format, origin) =
        JsonlFormat::infer(options, b"{\"a\":1,\"at\":\"2024-01-31\"}\n{\"a\":2,\"at\":3}\n", true).unwrap();
    assert_eq!(origin, "2 declared, 1 inferred from 2 rows");
    let names: Vec<String> = format.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["a", "at", "later"]);
    let union = DataType::Interval(arrow::datatypes::IntervalUnit::DayTime);
    assert!(JsonlFormat::infer(declared(&[("u", union)]), b"", true).is_err());
}

#[test]
fn keys_in_any_order_and_missing_ones() {
    let file = "{\"a\":1,\"b\":2,\"c\":3}\r\n{\"c\":3,\"a\":1}\r\n{}\r\n{\"\\u0062\":2}";
    let (format, _) = JsonlFormat::infer(JsonlReadOptions::default(), file.as_bytes(), true).unwrap();
    let content = reader::whole(&format, file.as_bytes());
    assert_eq!(content.rejected, []);
    let columns: Vec<Vec<Option<i64>>> = content
        .batch
        .columns()
        .iter()
        .map(|column| column.as_primitive::<Int64Type>().iter().collect())
        .collect();
    assert_eq!(
        columns,
        [
            vec![Some(1), Some(1), None, None],
            vec![Some(2), None, None, Some(2)],
            vec![Some(3), Some(3), None, None]
        ]
    );
}

#[test]
fn lines_that_are_not_utf8() {
    let (format, _) = JsonlFormat::infer(declared(&[("a", DataType::Utf8)]), b"", true).unwrap();
    let content = reader::whole(&format, b"{\"a\":\"ok \xc3\xa9\"}\n{\"a\":\"\xff\"}\n{\"a\":\"x\"}\n");
    assert_eq!(content.batch.column(0).len(), 2);
    assert_eq!(shown(&content.rejected[0]).0, "file:2: no JSON: expected UTF-8 at byte 1");
    assert_eq!(content.rejected[0].payload, Payload::Raw(b"{\"a\":\"\xff\"}".to_vec()));
}

/// JSON that is nearly right.
fn nearly_json() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"a\"",
        "\"b\"",
        "\"\\n\"",
        "\"\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud800\"",
        "\"\\x\"",
        "\"",
        "1",
        "-",
        "0",
        "01",
        "1.5",
        "1.",
        ".5",
        "1e5",
        "-0",
        "1e+",
        "true",
        "false",
        "null",
        "nul",
        " ",
        "\t",
        "é",
    ]);
    prop_oneof![
        vec(token, 0..12).prop_map(|tokens| tokens.concat()),
        json().prop_map(|value| value.to_string()),
        (json(), any::<prop::sample::Index>()).prop_map(|(value, cut)| {
            let text = value.to_string();
            let cut = cut.index(text.len() + 1);
            text.chars().take(cut).collect()
        }),
    ]
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e6f64..1e6).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[ab\"é]{0,2}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// `serde_json` and this reader agree on what is JSON: with no column known, an object is rejected for its keys
    /// and anything else for its syntax.
    #[test]
    fn what_is_json(text in nearly_json()) {
        prop_assume!(!text.contains('\n') && !text.trim().is_empty());
        let (format, _) = JsonlFormat::infer(declared(&[("unlikely", DataType::Int64)]), b"", true).unwrap();
        let content = reader::whole(&format, text.as_bytes());
        let value: Result<serde_json::Value, _> = serde_json::from_str(&text);
        match value {
            Ok(serde_json::Value::Object(members)) if members.is_empty() => prop_assert_eq!(content.batch.num_rows(), 1),
            Ok(serde_json::Value::Object(_)) => {
                prop_assert_eq!(content.rejected[0].kind, RowErrorKind::Cast, "{:?}", content.rejected);
            }
            other => {
                prop_assert_eq!(content.rejected[0].kind, RowErrorKind::Parse, "{:?} {:?}", content.rejected, other);
                prop_assert_eq!(&content.rejected[0].payload, &Payload::Raw(text.trim_end_matches('\r').as_bytes().to_vec()));
            }
        }
    }

    /// Rows that fit come back as `serde_json` sees them, among lines that do not.
    #[test]
    fn good_rows_among_bad_ones(lines in vec(nearly_json(), 0..6), pieces in vec(1usize..40, 0..6)) {
        let mut file = String::new();
        let mut good = 0;
        for (index, line) in lines.iter().enumerate() {
            let row = format!("{{\"id\":{index},\"s\":\"x{index}\"}}\n");
            file += &row;
            good += 1;
            file += &line.replace('\n', " ");
            file.push('\n');
        }
        let (format, _) = JsonlFormat::infer(declared(&[("id", DataType::Int64), ("s", DataType::Utf8)]), b"", true).unwrap();
        let content = reader::whole(&format, file.as_bytes());
        let ids: Vec<i64> = content.batch.column(0).as_primitive::<Int64Type>().iter().flatten().collect();
        prop_assert_eq!(ids, (0..good).collect::<Vec<i64>>());
        prop_assert_eq!(reader::read(&format, file.as_bytes(), &pieces), content);
    }
}
