//! Whatever comes in: an error or rows, never a panic.

use std::io::Read;

use arrow::datatypes::DataType;
use millstream_formats::csv::{CsvFormat, CsvReadOptions};
use millstream_formats::jsonl::{JsonlFormat, JsonlReadOptions};
use millstream_formats::parquet::ParquetInput;
use millstream_formats::text::{Block, TextFormat};
use millstream_formats::{Compression, decompress};
use proptest::collection::vec;
use proptest::prelude::*;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..300),
        vec(prop::sample::select(b"\"\",,\n\n\r{}[]:1a-.e\\u0\xef\xbb\xbf\xff ".to_vec()), 0..300),
    ]
}

fn use_all_of(format: &dyn TextFormat, bytes: &[u8]) {
    for at_end in [false, true] {
        let whole = format.whole_records(bytes, at_end).unwrap();
        let _ = format.preamble(bytes, at_end);
        let block = Block { bytes: bytes[..whole].to_vec(), file: "f".into(), byte_offset: 0, first_line: 1 };
        format.decode(&block).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn csv(sample in bytes(), rest in bytes(), complete: bool, header: bool) {
        let options = CsvReadOptions { header, ..CsvReadOptions::default() };
        if let Ok((format, _)) = CsvFormat::infer(options, &sample, complete) {
            use_all_of(&format, &sample);
            use_all_of(&format, &rest);
        }
    }

    #[test]
    fn jsonl(sample in bytes(), rest in bytes(), complete: bool) {
        if let Ok((format, _)) = JsonlFormat::infer(JsonlReadOptions::default(), &sample, complete) {
            use_all_of(&format, &sample);
            use_all_of(&format, &rest);
        }
        let columns = vec![
            ("a".to_owned(), DataType::new_list(DataType::Int64, true)),
            ("1".to_owned(), DataType::Decimal128(38, 5)),
            ("e".to_owned(), DataType::Binary),
        ];
        let options = JsonlReadOptions { columns: Some(columns), ..JsonlReadOptions::default() };
        if let Ok((format, _)) = JsonlFormat::infer(options, b"", true) {
            use_all_of(&format, &rest);
        }
    }

    #[test]
    fn compressed(bytes in bytes(), magic: bool) {
        for (compression, start) in [(Compression::Gzip, &b"\x1f\x8b\x08\0\0\0\0\0\0\xff"[..]), (Compression::Zstd, b"\x28\xb5\x2f\xfd")] {
            let mut file = if magic { start.to_vec() } else { Vec::new() };
            file.extend_from_slice(&bytes);
            if let Ok(mut reader) = decompress(compression, std::io::Cursor::new(file)) {
                let _ = reader.read_to_end(&mut Vec::new());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn parquet(bytes in vec(any::<u8>(), 0..300), magic: bool) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.parquet");
        let mut file = bytes;
        if magic {
            file.splice(0..0, *b"PAR1");
            let length = file.len() as u32;
            file.extend(length.to_le_bytes());
            file.extend(b"PAR1");
        }
        std::fs::write(&path, file).unwrap();
        let error = ParquetInput::open(&path, None).unwrap_err();
        prop_assert!(error.to_string().contains("x.parquet"), "{}", error);
    }
}

#[test]
fn a_deep_nest_does_not_exhaust_the_stack() {
    let deep = format!("{{\"a\":{}", "[".repeat(1 << 20));
    let options = JsonlReadOptions {
        columns: Some(vec![("b".to_owned(), DataType::Int64)]),
        ..JsonlReadOptions::default()
    };
    let (format, _) = JsonlFormat::infer(options, deep.as_bytes(), true).unwrap();
    use_all_of(&format, deep.as_bytes());
    assert!(JsonlFormat::infer(JsonlReadOptions::default(), deep.as_bytes(), true).is_err());
}
