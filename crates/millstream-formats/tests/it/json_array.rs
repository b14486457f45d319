//! JSON files, as an independent parser reads them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use millstream_core::Encode;
use millstream_formats::json::JsonEncoder;
use millstream_formats::jsonl::JsonlEncoder;
use proptest::prelude::*;

/// A file of the batch, encoded in parts that end at `cuts`.
fn file(batch: &RecordBatch, cuts: &[usize]) -> Vec<u8> {
    let encoder = JsonEncoder::new(&batch.schema()).unwrap();
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
    out
}

fn batch(texts: Vec<Option<String>>) -> RecordBatch {
    let numbers = Int64Array::from_iter_values(0..texts.len() as i64);
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("n", Arc::new(numbers), false),
        ("a \"name\"\n", Arc::new(StringArray::from_iter(texts)), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

#[test]
fn the_layout_is_one_object_on_each_line() {
    let rows = batch(vec![Some("x".into()), None]);
    let text = String::from_utf8(file(&rows, &[1])).unwrap();
    assert_eq!(text, "[\n{\"n\":0,\"a \\\"name\\\"\\n\":\"x\"},\n{\"n\":1,\"a \\\"name\\\"\\n\":null}\n]\n");
    assert_eq!(file(&rows.slice(0, 0), &[]), b"[\n]\n");
}

proptest! {
    #[test]
    fn the_array_holds_the_objects_of_jsonl(
        texts in proptest::collection::vec(proptest::option::of(any::<String>()), 0..30),
        cut in any::<proptest::sample::Index>(),
    ) {
        let rows = batch(texts);
        let cut = cut.index(rows.num_rows() + 1);
        let whole = file(&rows, &[]);
        prop_assert_eq!(&file(&rows, &[cut]), &whole);
        let array: Vec<serde_json::Value> = serde_json::from_slice(&whole).unwrap();
        let mut lines = Vec::new();
        JsonlEncoder::new(&rows.schema()).unwrap().encode(&rows, &mut lines).unwrap();
        let objects: Vec<serde_json::Value> =
            lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
                .map(|line| serde_json::from_slice(line).unwrap()).collect();
        prop_assert_eq!(array, objects);
    }
}
