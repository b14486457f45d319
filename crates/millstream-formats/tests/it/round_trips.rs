//! Encode, then decode: the same batch, for every type, any cut, and any number of encoding calls.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use millstream_core::Encode;
use millstream_formats::csv::{CsvEncoder, CsvFormat, CsvReadOptions, CsvWriteOptions};
use millstream_formats::jsonl::{JsonlEncoder, JsonlFormat, JsonlReadOptions};
use millstream_formats::text::TextFormat;
use proptest::prelude::*;

use crate::batches::{batch, nested_types, scalar_types};
use crate::reader::{self, Content};

fn declared(schema: &SchemaRef) -> Vec<(String, DataType)> {
    schema.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect()
}

fn encode(encoder: &dyn Encode, batch: &RecordBatch, parts: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let size = batch.num_rows().div_ceil(parts).max(1);
    let mut row = 0;
    while row < batch.num_rows() {
        let length = size.min(batch.num_rows() - row);
        encoder.encode(&batch.slice(row, length), &mut bytes).unwrap();
        row += length;
    }
    bytes
}

fn is_text(data_type: &DataType) -> bool {
    use DataType::{Binary, LargeBinary, LargeUtf8, Utf8, Utf8View};
    matches!(data_type, Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn csv(
        batch in batch(scalar_types(), false),
        null in prop::sample::select(vec!["", "NULL", "\\N", "n/a"]),
        (delimiter, quote) in prop::sample::select(vec![(b',', b'"'), (b';', b'\''), (b'\t', b'"'), (b'|', b'~')]),
        header: bool,
        mark: bool,
        windows: bool,
        pieces in proptest::collection::vec(1usize..60, 0..8),
        parts in 1usize..4,
    ) {
        let schema = batch.schema();
        let options = CsvWriteOptions { delimiter, quote, header, null: null.to_owned() };
        let encoder = CsvEncoder::new(&schema, &options).unwrap();
        let only = batch.column(0);
        if null.is_empty() && batch.num_columns() == 1 && is_text(only.data_type()) && only.null_count() > 0 {
            let error = encoder.encode(&batch, &mut Vec::new()).unwrap_err();
            prop_assert!(error.to_string().contains("blank line"), "{}", error);
            return Ok(());
        }
        let mut file = if mark { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
        file.extend(encoder.header());
        file.extend(encode(&encoder, &batch, parts));
        // As a Windows program would write it; not where a text has line feeds of its own.
        let has_line_feeds = (0..batch.num_columns()).any(|column| is_text(batch.column(column).data_type()))
            || batch.num_columns() > 2;
        if windows && !has_line_feeds {
            file = String::from_utf8(file).unwrap().replace('\n', "\r\n").into_bytes();
        }
        let options = CsvReadOptions {
            delimiter,
            quote,
            header,
            null_values: vec![null.to_owned()],
            columns: Some(declared(&schema)),
            ..CsvReadOptions::default()
        };
        let (format, origin) = CsvFormat::infer(options, &file, true).unwrap();
        prop_assert_eq!(origin, "declared");
        let expected = Content { batch, rejected: Vec::new() };
        let text = String::from_utf8_lossy(&file).into_owned();
        prop_assert_eq!(&reader::whole(&format, &file), &expected, "{}", text);
        prop_assert_eq!(&reader::read(&format, &file, &pieces), &expected, "{}", text);
    }

    #[test]
    fn jsonl(
        batch in batch([scalar_types(), nested_types()].concat(), true),
        pieces in proptest::collection::vec(1usize..60, 0..8),
        parts in 1usize..4,
    ) {
        let schema = batch.schema();
        let encoder = JsonlEncoder::new(&schema).unwrap();
        let file = encode(&encoder, &batch, parts);
        for line in file.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let value: Result<serde_json::Value, _> = serde_json::from_slice(line);
            prop_assert!(value.is_ok_and(|value| value.is_object()), "{}", String::from_utf8_lossy(line));
        }
        let options = JsonlReadOptions { columns: Some(declared(&schema)), ..JsonlReadOptions::default() };
        let (format, _) = JsonlFormat::infer(options, &file, true).unwrap();
        prop_assert_eq!(reader::whole(&format, b"").batch.schema(), format.schema());
        // Columns come in the order of the file, which is that of the schema if there is a row.
        if batch.num_rows() > 0 {
            let expected = Content { batch, rejected: Vec::new() };
            let text = String::from_utf8_lossy(&file).into_owned();
            prop_assert_eq!(&reader::whole(&format, &file), &expected, "{}", text);
            prop_assert_eq!(&reader::read(&format, &file, &pieces), &expected, "{}", text);
        }
    }

    /// What JSON itself can tell apart comes back without a declaration.
    #[test]
    fn jsonl_without_declarations(batch in batch(vec![DataType::Int64, DataType::Float64, DataType::Boolean, DataType::Utf8], true)) {
        let encoder = JsonlEncoder::new(&batch.schema()).unwrap();
        let file = encode(&encoder, &batch, 1);
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let (format, origin) = JsonlFormat::infer(JsonlReadOptions::default(), &file, true).unwrap();
        let rows = batch.num_rows();
        prop_assert_eq!(origin, if rows == 1 { "inferred from 1 row".to_owned() } else { format!("inferred from {rows} rows") });
        let content = reader::whole(&format, &file);
        prop_assert_eq!(content.rejected.len(), 0);
        for (read, written) in content.batch.columns().iter().zip(batch.columns()) {
            if written.null_count() < rows {
                prop_assert_eq!(read, written);
            } else {
                prop_assert_eq!(read.null_count(), rows);
            }
        }
    }
}
