//! Rows that do not fit: which they are, and what is said about them.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use millstream_core::{ErrorKind, RowErrorKind};
use millstream_formats::csv::{CsvFormat, CsvReadOptions};
use millstream_formats::text::TextFormat;

use crate::reader::{self, shown};

fn declared(columns: &[(&str, DataType)]) -> CsvReadOptions {
    CsvReadOptions {
        columns: Some(
            columns.iter().map(|(name, data_type)| ((*name).to_owned(), data_type.clone())).collect(),
        ),
        ..CsvReadOptions::default()
    }
}

fn read(options: CsvReadOptions, file: &str) -> reader::Content {
    let (format, _) = CsvFormat::infer(options, file.as_bytes(), true).unwrap();
    reader::whole(&format, file.as_bytes())
}

fn messages(content: &reader::Content) -> Vec<String> {
    content.rejected.iter().map(|row| shown(row).0).collect()
}

fn ids(batch: &RecordBatch) -> Vec<i64> {
    batch.column(0).as_primitive::<Int64Type>().values().to_vec()
}

#[test]
fn each_bad_row_is_rejected_and_no_other() {
    let file = "id,dep_time,carrier\n\
        1,517,UA\n\
        2,533,UA,extra\n\
        \n\
        4,abc,AA\n\
        5\n\
        6,\"7\"8,B6\n\
        7,1,a\"b\n\
        8,600,\"two\nlines\"\n\
        9,601,DL\n\
        10,9223372036854775808,DL\n\
        x,y,z\n\
        11,1.5,EV\n\
        12,\"no end\n\
        13,1,XX\n";
    let content = read(
        declared(&[("id", DataType::Int64), ("dep_time", DataType::Int64), ("carrier", DataType::Utf8)]),
        file,
    );
    assert_eq!(ids(&content.batch), [1, 8, 9]);
    assert_eq!(
        messages(&content),
        [
            "file:3: 4 fields, expected 3",
            "file:5: column \"dep_time\": \"abc\" is not an integer",
            "file:6: 1 field, expected 3",
            "file:7: text between a closing quote and the end of the field",
            "file:8: a quote inside a field that does not start with one",
            "file:12: column \"dep_time\": \"9223372036854775808\" is out of the range of Int64",
            "file:13: column \"id\": \"x\" is not an integer",
            "file:14: column \"dep_time\": \"1.5\" is not an integer",
            "file:15: a quoted field is not closed before the end of the file",
        ]
    );
    let indices: Vec<u64> = content.rejected.iter().map(|row| row.row_index).collect();
    assert_eq!(indices, [1, 2, 3, 4, 5, 8, 9, 10, 11]);
    assert_eq!(shown(&content.rejected[0]).1, "2,533,UA,extra");
    assert_eq!(shown(&content.rejected[8]).1, "12,\"no end\n13,1,XX\n");
    let kinds: Vec<RowErrorKind> = content.rejected.iter().map(|row| row.kind).collect();
    assert_eq!(kinds[..2], [RowErrorKind::Parse, RowErrorKind::Cast]);
}

#[test]
fn a_row_after_the_sample_does_not_change_the_types() {
    let mut file = String::from("n,x,day,at,zip\n");
    for row in 0..20 {
        let day = row + 1;
        let line = format!("{row},{row}.5,2024-01-{day:02},2024-01-31T12:00:00Z,{row}\n");
        file += &line;
    }
    let sample = file.clone();
    file += "abc,1,2024-01-01,2024-01-31T12:00:00Z,1\n\
        1,9007199254740993,2024-01-01,2024-01-31T12:00:00Z,1\n\
        1,1,2024-02-30,2024-01-31T12:00:00Z,1\n\
        1,1,2024-01-01,2024-01-31T12:00:00,1\n\
        1,1,2024-01-01,2024-01-31T12:00:00Z,007\n\
        ,,,,\n";
    let (format, origin) = CsvFormat::infer(CsvReadOptions::default(), sample.as_bytes(), false).unwrap();
    assert_eq!(origin, "inferred from 20 rows");
    let content = reader::whole(&format, file.as_bytes());
    assert_eq!(content.batch.num_rows(), 21);
    assert!(content.batch.columns().iter().all(|column| column.is_null(20)));
    assert_eq!(
        messages(&content),
        [
            "file:22: column \"n\": \"abc\" is not an integer",
            "file:23: column \"x\": \"9007199254740993\" has no exact Float64: declare the column as a decimal or as text",
            "file:24: column \"day\": \"2024-02-30\" is not a date (YYYY-MM-DD)",
            "file:25: column \"at\": \"2024-01-31T12:00:00\" has no time zone",
            "file:26: column \"zip\": \"007\" has leading zeros: declare the column's type to read it",
        ]
    );
}

#[test]
fn declared_types_take_what_they_can_hold_exactly() {
    let options = declared(&[
        ("small", DataType::Int8),
        ("price", DataType::Decimal128(5, 2)),
        ("flag", DataType::Boolean),
        ("code", DataType::Int64),
        ("at", DataType::Timestamp(TimeUnit::Millisecond, None)),
    ]);
    let content = read(
        options,
        "small,price,flag,code,at\n\
         -128,999.99,TRUE,007,2024-01-31 10:00:00.123\n\
         128,1.00,true,1,2024-01-31\n\
         1,1.005,true,1,2024-01-31\n\
         1,1000,false,1,2024-01-31\n\
         1,1.5,yes,1,2024-01-31\n\
         1,1.50,False,1,2024-01-31T10:00:00.1234\n\
         1,-0.5,false,1,2024-01-31T10:00:00Z\n\
         1,.5,,1,\n",
    );
    assert_eq!(
        reader::jsonl(&content.batch),
        "{\"small\":-128,\"price\":999.99,\"flag\":true,\"code\":7,\"at\":\"2024-01-31T10:00:00.123\"}\n\
         {\"small\":1,\"price\":0.50,\"flag\":null,\"code\":1,\"at\":null}\n"
    );
    assert_eq!(
        messages(&content),
        [
            "file:3: column \"small\": \"128\" is out of the range of Int8",
            "file:4: column \"price\": \"1.005\" is not a decimal of 5 digits, 2 of them after the point",
            "file:5: column \"price\": \"1000\" is not a decimal of 5 digits, 2 of them after the point",
            "file:6: column \"flag\": \"yes\" is not a boolean",
            "file:7: column \"at\": \"2024-01-31T10:00:00.1234\" is not a timestamp (YYYY-MM-DDTHH:MM:SS)",
            "file:8: column \"at\": \"2024-01-31T10:00:00Z\" has a time zone, which the column has not",
        ]
    );
}

#[test]
fn time_zones() {
    let zoned = |zone: &str| DataType::Timestamp(TimeUnit::Microsecond, Some(zone.into()));
    let options =
        declared(&[("utc", zoned("UTC")), ("east", zoned("+02:00")), ("named", zoned("Europe/Berlin"))]);
    let content = read(
        options,
        "utc,east,named\n\
         1970-01-01T00:00:01,1970-01-01T02:00:01,1970-01-01T01:00:01+01:00\n\
         1970-01-01T01:00:01+01,1970-01-01T00:00:01Z,1970-01-01T00:00:01Z\n\
         ,,1970-01-01T00:00:01\n",
    );
    for column in content.batch.columns() {
        assert_eq!(column.as_primitive::<TimestampMicrosecondType>().values(), &[1_000_000, 1_000_000]);
    }
    assert_eq!(messages(&content), ["file:4: column \"named\": \"1970-01-01T00:00:01\" has no time zone"]);
}

#[test]
fn nulls_and_empty_texts() {
    let options = CsvReadOptions {
        null_values: vec![
            String::new(),
            "NA".to_owned(),
            "a long way of saying nothing, and one that takes more than sixty-three bytes".to_owned(),
        ],
        ..declared(&[("text", DataType::Utf8), ("number", DataType::Int64)])
    };
    let content = read(
        options,
        "text,number\n\"\",\"\"\n,\nNA,NA\n\"NA\",\"NA\"\nNAN,1\n\"a long way of saying nothing, and one that takes more than sixty-three bytes\",a long way of saying nothing, and one that takes more than sixty-three bytes\n",
    );
    let text = content.batch.column(0).as_string::<i32>();
    let texts: Vec<Option<&str>> = text.iter().collect();
    assert_eq!(texts, [Some(""), None, None, Some("NA"), Some("NAN")]);
    assert_eq!(content.batch.column(1).null_count(), 4);
    // Its comma is not quoted the second time.
    assert_eq!(messages(&content), ["file:7: 3 fields, expected 2"]);
}

#[test]
fn a_null_that_looks_like_a_value() {
    let options = CsvReadOptions {
        null_values: vec!["-999".to_owned()],
        ..declared(&[("a", DataType::Int64), ("b", DataType::Float64), ("c", DataType::Boolean)])
    };
    let content = read(options, "a,b,c\n-999,-999,true\n1,1.5,-999\n,1,true\n");
    assert_eq!(
        reader::jsonl(&content.batch),
        "{\"a\":null,\"b\":null,\"c\":true}\n{\"a\":1,\"b\":1.5,\"c\":null}\n"
    );
    assert_eq!(messages(&content), ["file:4: column \"a\": \"\" is not an integer"]);
}

#[test]
fn text_that_is_not_utf8() {
    let (format, _) =
        CsvFormat::infer(declared(&[("a", DataType::Utf8), ("b", DataType::Int64)]), b"a,b\n", true).unwrap();
    let content = reader::whole(&format, b"a,b\nok \xc3\xa9,1\n\xff\xfe,2\nfine,3\nx,\xff\n");
    assert_eq!(
        content.batch.column(0).as_string::<i32>().iter().flatten().collect::<Vec<_>>(),
        ["ok é", "fine"]
    );
    assert_eq!(
        messages(&content),
        [
            "file:3: column \"a\": \"\u{fffd}\u{fffd}\" is not valid UTF-8",
            "file:5: column \"b\": \"\u{fffd}\" is not valid UTF-8"
        ]
    );
    assert_eq!(content.rejected[0].kind, RowErrorKind::Parse);
}

#[test]
fn headers() {
    let infer = |options: CsvReadOptions, file: &str| CsvFormat::infer(options, file.as_bytes(), true);
    let failure = |file: &str| {
        let error = infer(CsvReadOptions::default(), file).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Source);
        assert!(error.hint_text().is_some());
        error.to_string()
    };
    assert_eq!(failure(""), "the file is empty: it has no header");
    assert_eq!(failure("\n\r\n"), "the file is empty: it has no header");
    assert_eq!(failure("\u{feff}"), "the file is empty: it has no header");
    assert_eq!(failure("a,b,a\n"), "the header has two columns named \"a\"");
    assert_eq!(failure("a,,c\n"), "column 2 has no name in the header");
    assert_eq!(
        infer(CsvReadOptions::default(), "a,\"b\n").unwrap_err().to_string(),
        "bad header: a quoted field is not closed before the end of the file"
    );

    let (format, origin) = infer(CsvReadOptions::default(), "\u{feff}a,\"b \"\"x\"\"\"\r\n").unwrap();
    let names: Vec<String> = format.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["a", "b \"x\""]);
    assert_eq!(origin, "inferred from 0 rows");
    assert_eq!(reader::whole(&format, "\u{feff}a,\"b \"\"x\"\"\"\r\n".as_bytes()).batch.num_rows(), 0);

    let (format, _) = infer(CsvReadOptions::default(), "a,b\n1,2\n").unwrap();
    assert_eq!(format.preamble(b"a,b", false).unwrap(), None);
    assert_eq!(format.preamble(b"\xef\xbb", false).unwrap(), None);
    assert_eq!(format.preamble(b"a,b\n1,2\n", false).unwrap(), Some(4));
    assert_eq!(format.preamble(b"a,b", true).unwrap(), Some(3));
    assert_eq!(format.preamble(b"", true).unwrap(), Some(0));
    let error = format.preamble(b"a,c\n", false).unwrap_err();
    assert_eq!(error.to_string(), "the header is \"a,c\", expected \"a,b\"");
    assert!(format.preamble(b"b,a\n", false).is_err());
}

#[test]
fn files_without_a_header() {
    let headless = |columns| CsvReadOptions { header: false, columns, ..CsvReadOptions::default() };
    let (format, _) = CsvFormat::infer(headless(None), b"1,x\n2,y\n", true).unwrap();
    let content = reader::whole(&format, b"1,x\n2,y\n");
    assert_eq!(ids(&content.batch), [1, 2]);
    assert_eq!(content.batch.schema().field(1).name(), "column_2");
    let columns = vec![("a".to_owned(), DataType::Utf8)];
    let error = CsvFormat::infer(headless(Some(columns.clone())), b"1,x\n", true).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the first record has 2 fields, expected 1, one for each column that is declared"
    );
    assert!(CsvFormat::infer(headless(Some(columns)), b"", true).is_ok());
    assert!(CsvFormat::infer(headless(None), b"", true).is_err());
}

#[test]
fn declarations_are_checked() {
    let failure = |options: CsvReadOptions| {
        let error = CsvFormat::infer(options, b"a,b\n1,2\n", true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.to_string()
    };
    assert_eq!(failure(declared(&[("c", DataType::Utf8)])), "column \"c\" is declared, but not in the file");
    assert_eq!(
        failure(declared(&[("a", DataType::Utf8), ("a", DataType::Utf8)])),
        "column \"a\" is declared twice"
    );
    let list = DataType::new_list(DataType::Int64, true);
    assert!(failure(declared(&[("a", list)])).starts_with("column \"a\" cannot be read from CSV as List"));
    for (delimiter, quote) in [(b'\n', b'"'), (b',', b','), (0xe9, b'"'), (b',', b'\r')] {
        failure(CsvReadOptions { delimiter, quote, ..CsvReadOptions::default() });
    }
}

#[test]
fn a_sample_that_ends_inside_a_record() {
    let file = "a,b\n1,\"x\ny\"\n2,z\n";
    let (format, origin) = CsvFormat::infer(CsvReadOptions::default(), &file.as_bytes()[..9], false).unwrap();
    assert_eq!(origin, "inferred from 0 rows");
    assert_eq!(format.schema().field(0).data_type(), &DataType::Utf8);
    let error = CsvFormat::infer(CsvReadOptions::default(), b"a,b", false).unwrap_err();
    assert_eq!(error.to_string(), "the first 3 bytes are not one whole record");
}
