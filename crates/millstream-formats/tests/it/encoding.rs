//! The bytes that the encoders write.

use std::sync::Arc;

use arrow::array::types::Int8Type;
use arrow::array::*;
use arrow::datatypes::*;
use millstream_core::Encode;
use millstream_formats::csv::{CsvEncoder, CsvWriteOptions};
use millstream_formats::jsonl::JsonlEncoder;

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
        .unwrap()
}

fn jsonl(batch: &RecordBatch) -> String {
    let mut bytes = Vec::new();
    JsonlEncoder::new(&batch.schema()).unwrap().encode(batch, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn csv(batch: &RecordBatch, options: &CsvWriteOptions) -> String {
    let encoder = CsvEncoder::new(&batch.schema(), options).unwrap();
    let mut bytes = encoder.header();
    encoder.encode(batch, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn everything() -> RecordBatch {
    let dictionary: DictionaryArray<Int8Type> = vec![Some("x"), None, Some("y")].into_iter().collect();
    let duration = DurationMillisecondArray::from(vec![Some(1_500), None, Some(-1)]);
    batch(vec![
        ("i", Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(1)]))),
        ("u", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None, Some(0)]))),
        ("f", Arc::new(Float64Array::from(vec![Some(1.0), Some(f64::NAN), Some(1e-7)]))),
        ("g", Arc::new(Float32Array::from(vec![Some(0.1), Some(f32::INFINITY), None]))),
        ("b", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        (
            "d",
            Arc::new(
                Decimal128Array::from(vec![Some(-5), None, Some(12_345)])
                    .with_precision_and_scale(10, 2)
                    .unwrap(),
            ),
        ),
        (
            "w",
            Arc::new(
                Decimal256Array::from(vec![Some(i256::MIN), None, Some(i256::from(7))])
                    .with_precision_and_scale(76, 3)
                    .unwrap(),
            ),
        ),
        ("day", Arc::new(Date32Array::from(vec![Some(19_753), None, Some(-1)]))),
        (
            "at",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(1_706_702_400_123_456), None, Some(0)])
                    .with_timezone("Europe/Berlin"),
            ),
        ),
        ("local", Arc::new(TimestampNanosecondArray::from(vec![Some(1), None, Some(1_000_000)]))),
        ("t", Arc::new(Time32SecondArray::from(vec![Some(45_296), None, Some(0)]))),
        ("p", Arc::new(duration)),
        ("s", Arc::new(StringArray::from(vec![Some("a \"b\"\\\n\u{1}é"), None, Some("")]))),
        ("k", Arc::new(dictionary)),
        ("x", Arc::new(BinaryArray::from(vec![Some(b"\xff\x00".as_slice()), None, Some(b"")]))),
        ("n", Arc::new(NullArray::new(3))),
    ])
}

#[test]
fn jsonl_of_every_scalar_type() {
    assert_eq!(
        jsonl(&everything()),
        concat!(
            r#"{"i":-9223372036854775808,"u":18446744073709551615,"f":1.0,"g":0.1,"b":true,"d":-0.05,"#,
            r#""w":-57896044618658097711785492504343953926634992332820282019728792003956564819.968,"#,
            r#""day":"2024-01-31","at":"2024-01-31T12:00:00.123456Z","local":"1970-01-01T00:00:00.000000001","#,
            r#""t":"12:34:56","p":"PT1.500S","s":"a \"b\"\\\n\u0001é","k":"x","x":"/wA=","n":null}"#,
            "\n",
            r#"{"i":null,"u":null,"f":null,"g":null,"b":null,"d":null,"w":null,"day":null,"at":null,"local":null,"#,
            r#""t":null,"p":null,"s":null,"k":null,"x":null,"n":null}"#,
            "\n",
            r#"{"i":1,"u":0,"f":1e-7,"g":null,"b":false,"d":123.45,"w":0.007,"day":"1969-12-31","#,
            r#""at":"1970-01-01T00:00:00Z","local":"1970-01-01T00:00:00.001","t":"00:00:00","p":"-PT0.001S","s":"","#,
            r#""k":"y","x":"","n":null}"#,
            "\n",
        )
    );
}

#[test]
fn csv_of_every_scalar_type() {
    let options = CsvWriteOptions { null: "NULL".to_owned(), ..CsvWriteOptions::default() };
    assert_eq!(
        csv(&everything(), &options),
        concat!(
            "i,u,f,g,b,d,w,day,at,local,t,p,s,k,x,n\n",
            "-9223372036854775808,18446744073709551615,1.0,0.1,true,-0.05,",
            "-57896044618658097711785492504343953926634992332820282019728792003956564819.968,",
            "2024-01-31,2024-01-31T12:00:00.123456Z,1970-01-01T00:00:00.000000001,12:34:56,PT1.500S,",
            "\"a \"\"b\"\"\\\n\u{1}é\",x,/wA=,NULL\n",
            "NULL,NULL,NaN,inf,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL\n",
            "1,0,1e-7,NULL,false,123.45,0.007,1969-12-31,1970-01-01T00:00:00Z,1970-01-01T00:00:00.001,00:00:00,",
            "-PT0.001S,\"\",y,\"\",NULL\n",
        )
    );
}

#[test]
fn csv_quotes_only_where_it_must() {
    let texts = vec![
        Some("plain"),
        Some("a,b"),
        Some("a;b"),
        Some("say \"hi\""),
        Some("\r"),
        None,
        Some(""),
        Some(" x "),
        Some("NULL"),
    ];
    let text: ArrayRef = Arc::new(StringArray::from(texts));
    let two = batch(vec![("a b", Arc::clone(&text)), ("c,d", text)]);
    assert_eq!(
        csv(&two, &CsvWriteOptions::default()),
        "a b,\"c,d\"\nplain,plain\n\"a,b\",\"a,b\"\na;b,a;b\n\"say \"\"hi\"\"\",\"say \"\"hi\"\"\"\n\"\r\",\"\r\"\n,\n\"\",\"\"\n x , x \nNULL,NULL\n"
    );
    let other = CsvWriteOptions { delimiter: b';', quote: b'\'', header: false, null: "NULL".to_owned() };
    assert_eq!(
        csv(&two, &other),
        "plain;plain\na,b;a,b\n'a;b';'a;b'\nsay \"hi\";say \"hi\"\n'\r';'\r'\nNULL;NULL\n'';''\n x ; x \n'NULL';'NULL'\n"
    );
}

#[test]
fn jsonl_of_nested_types() {
    let mut map = MapBuilder::new(None, Int64Builder::new(), StringBuilder::new());
    map.keys().append_value(7);
    map.values().append_value("seven");
    map.append(true).unwrap();
    map.append(false).unwrap();
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>(vec![Some(vec![Some(1), None]), None]);
    let fixed = FixedSizeListArray::from_iter_primitive::<Int64Type, _, _>(
        vec![Some(vec![Some(1), Some(2)]), Some(vec![None, Some(4)])],
        2,
    );
    let structs = StructArray::from(vec![(
        Arc::new(Field::new("a\"", DataType::Int64, true)),
        Arc::new(Int64Array::from(vec![Some(1), None])) as ArrayRef,
    )]);
    let empty = StructArray::new_empty_fields(2, None);
    let batch = batch(vec![
        ("l", Arc::new(list)),
        ("f", Arc::new(fixed)),
        ("s", Arc::new(structs)),
        ("e", Arc::new(empty)),
        ("m", Arc::new(map.finish())),
    ]);
    let expected = concat!(
        r#"{"l":[1,null],"f":[1,2],"s":{"a\"":1},"e":{},"m":{"7":"seven"}}"#,
        "\n",
        r#"{"l":null,"f":[null,4],"s":{"a\"":null},"e":{},"m":null}"#,
        "\n",
    );
    assert_eq!(jsonl(&batch), expected);
    // A slice in the middle of its parents.
    assert_eq!(jsonl(&batch.slice(1, 1)), expected.lines().nth(1).unwrap().to_owned() + "\n");
}

#[test]
fn csv_writes_nested_values_as_json() {
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>(vec![
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
        Some(vec![Some(7)]),
    ]);
    let object = StructArray::from(vec![(
        Arc::new(Field::new("a", DataType::Utf8, true)),
        Arc::new(StringArray::from(vec![Some("x, \"y\""), None, Some("é"), Some("")])) as ArrayRef,
    )]);
    let rows = batch(vec![("l", Arc::new(list.clone())), ("o", Arc::new(object))]);
    let expected = concat!(
        "l,o\n",
        "\"[1,null]\",\"{\"\"a\"\":\"\"x, \\\"\"y\\\"\"\"\"}\"\n",
        ",\"{\"\"a\"\":null}\"\n",
        "[],\"{\"\"a\"\":\"\"é\"\"}\"\n",
        "[7],\"{\"\"a\"\":\"\"\"\"}\"\n",
    );
    assert_eq!(csv(&rows, &CsvWriteOptions::default()), expected);
    let options = CsvWriteOptions { null: "NULL".to_owned(), ..CsvWriteOptions::default() };
    assert_eq!(csv(&batch(vec![("l", Arc::new(list))]), &options), "l\n\"[1,null]\"\nNULL\n[]\n[7]\n");
}

#[test]
fn what_a_format_cannot_hold_is_refused() {
    let schema = |data_type| Arc::new(Schema::new(vec![Field::new("c", data_type, true)]));
    let interval = DataType::Interval(IntervalUnit::DayTime);
    let error = CsvEncoder::new(&schema(interval.clone()), &CsvWriteOptions::default()).unwrap_err();
    assert!(error.to_string().contains("which CSV cannot hold") && error.hint_text().is_some());
    let list = DataType::new_list(interval.clone(), true);
    assert!(CsvEncoder::new(&schema(list), &CsvWriteOptions::default()).is_err());
    assert!(JsonlEncoder::new(&schema(interval)).is_err());
    let twice =
        Schema::new(vec![Field::new("c", DataType::Int64, true), Field::new("c", DataType::Utf8, true)]);
    assert_eq!(JsonlEncoder::new(&Arc::new(twice)).unwrap_err().to_string(), "two columns are called \"c\"");
    for null in ["0", "-1.5", "true", "nan", "2024-01-01", "a,b", "a\"b", "\n"] {
        let options = CsvWriteOptions { null: null.to_owned(), ..CsvWriteOptions::default() };
        assert!(CsvEncoder::new(&schema(DataType::Int64), &options).is_err(), "{null:?}");
    }
    for delimiter in [b'1', b'-', b'a', b':', b'"', b'\n', 0x80] {
        let options = CsvWriteOptions { delimiter, ..CsvWriteOptions::default() };
        assert!(CsvEncoder::new(&schema(DataType::Int64), &options).is_err(), "{delimiter}");
    }
}

#[test]
fn a_batch_of_other_columns_is_refused() {
    let numbers = batch(vec![("a", Arc::new(Int64Array::from(vec![1])))]);
    let texts = batch(vec![("a", Arc::new(StringArray::from(vec!["1"])))]);
    let encoder = JsonlEncoder::new(&numbers.schema()).unwrap();
    assert!(encoder.encode(&texts, &mut Vec::new()).is_err());
}
