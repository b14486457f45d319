//! Avro files read back by the words of the specification, with the schema of the file.

use std::io::Read;

use serde_json::Value;

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn long(&mut self) -> i64 {
        let (mut value, mut shift) = (0_u64, 0);
        loop {
            let byte = self.take(1)[0];
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return (value >> 1) as i64 ^ -((value & 1) as i64);
            }
        }
    }

    fn bytes(&mut self) -> &'a [u8] {
        let length = self.long();
        self.take(usize::try_from(length).unwrap())
    }

    fn text(&mut self) -> String {
        String::from_utf8(self.bytes().to_vec()).unwrap()
    }
}

fn date(days: i64) -> String {
    chrono::DateTime::from_timestamp(days * 86_400, 0).unwrap().format("%Y-%m-%d").to_string()
}

/// One value as JSON.
fn value(schema: &Value, cursor: &mut Cursor<'_>) -> String {
    if let Some(branches) = schema.as_array() {
        let branch = usize::try_from(cursor.long()).unwrap();
        return value(&branches[branch], cursor);
    }
    let logical = schema.get("logicalType").and_then(Value::as_str);
    let name = schema.as_str().or_else(|| schema["type"].as_str()).unwrap();
    match (name, logical) {
        ("null", _) => "null".to_owned(),
        ("boolean", _) => (cursor.take(1)[0] == 1).to_string(),
        ("int", Some("date")) => format!("{:?}", date(cursor.long())),
        ("long", Some("timestamp-micros")) => {
            let at = chrono::DateTime::from_timestamp_micros(cursor.long()).unwrap();
            format!("\"{}\"", at.format("%Y-%m-%dT%H:%M:%S%.6fZ"))
        }
        ("int" | "long", None) => cursor.long().to_string(),
        ("double", None) => {
            let number = f64::from_le_bytes(cursor.take(8).try_into().unwrap());
            serde_json::to_string(&number).unwrap()
        }
        ("string", None) => serde_json::to_string(&cursor.text()).unwrap(),
        ("bytes", Some("decimal")) => {
            let bytes = cursor.bytes();
            let negative = bytes[0] & 0x80 != 0;
            let start = if negative { -1_i128 } else { 0 };
            let number = bytes.iter().fold(start, |number, byte| number << 8 | i128::from(*byte));
            let scale = schema["scale"].as_u64().unwrap() as usize;
            let digits = format!("{:0width$}", number.abs(), width = scale + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale);
            format!("{}{whole}.{fraction}", if negative { "-" } else { "" })
        }
        other => panic!("{other:?}"),
    }
}

/// The rows of an object container file, a JSON object in each line.
pub(crate) fn as_jsonl(file: &[u8]) -> Vec<u8> {
    let mut cursor = Cursor(file);
    assert_eq!(cursor.take(4), b"Obj\x01");
    let mut metadata = std::collections::HashMap::new();
    let entries = cursor.long();
    for _ in 0..entries {
        let key = cursor.text();
        metadata.insert(key, cursor.text());
    }
    assert_eq!(cursor.long(), 0);
    let sync = cursor.take(16);
    let schema: Value = serde_json::from_str(&metadata["avro.schema"]).unwrap();
    assert_eq!((schema["type"].as_str(), schema["name"].as_str()), (Some("record"), Some("x_y")));
    let mut lines = String::new();
    while !cursor.0.is_empty() {
        let rows = cursor.long();
        let packed = cursor.bytes();
        let plain = match metadata["avro.codec"].as_str() {
            "null" => packed.to_vec(),
            "deflate" => {
                let mut plain = Vec::new();
                flate2::read::DeflateDecoder::new(packed).read_to_end(&mut plain).unwrap();
                plain
            }
            "snappy" => {
                let (packed, checksum) = packed.split_at(packed.len() - 4);
                let plain = snap::raw::Decoder::new().decompress_vec(packed).unwrap();
                let mut crc = flate2::Crc::new();
                crc.update(&plain);
                assert_eq!(checksum, crc.sum().to_be_bytes());
                plain
            }
            "zstandard" => zstd::decode_all(packed).unwrap(),
            other => panic!("{other}"),
        };
        let mut block = Cursor(&plain);
        for _ in 0..rows {
            let fields = schema["fields"].as_array().unwrap().iter().map(|field| {
                let name = serde_json::to_string(&field["name"]).unwrap();
                format!("{name}:{}", value(&field["type"], &mut block))
            });
            let fields: Vec<_> = fields.collect();
            lines.push_str(&["{", &fields.join(","), "}\n"].concat());
        }
        assert!(block.0.is_empty());
        assert_eq!(cursor.take(16), sync);
    }
    lines.into_bytes()
}
