//! Rows that are a function of their index, so that losing or doubling one shows.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

/// Texts that formats like to break.
const TEXTS: [Option<&str>; 9] = [
    Some("plain"),
    None,
    Some(""),
    Some("comma, and \"quotes\""),
    Some("two\nlines\r\nor three"),
    Some("Zürich 東京 🚆"),
    Some(" spaces "),
    Some("back\\slash\ttab"),
    Some("null"),
];

/// The columns of [`rows`]: one of each type that every format has to bring back as it was.
pub fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("text", DataType::Utf8, true),
        Field::new("number", DataType::Float64, true),
        Field::new("large", DataType::Int64, true),
        Field::new("flag", DataType::Boolean, true),
        Field::new("day", DataType::Date32, true),
        Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        Field::new("price", DataType::Decimal128(12, 2), true),
    ]))
}

/// The rows with these indices. `id` is the index; the other columns hold nulls, and what does not fit a double.
pub fn rows(range: Range<i64>) -> Result<RecordBatch, ArrowError> {
    let every = |step: i64, row: i64| row % step != step - 1;
    let texts = range.clone().map(|row| TEXTS[row as usize % TEXTS.len()]);
    let numbers = range.clone().map(|row| every(5, row).then(|| (row as f64 - 7.0) / 3.0));
    let large = range.clone().map(|row| every(4, row).then_some((1 << 53) + 1 + row));
    let flags = range.clone().map(|row| every(3, row).then_some(row % 2 == 0));
    let days = range.clone().map(|row| every(6, row).then_some(15_706 + row as i32));
    let at = range.clone().map(|row| every(7, row).then_some(1_357_034_400_123_456 + row * 999_999));
    let prices = range.clone().map(|row| every(5, row).then_some(i128::from(row) * 101 - 250));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(range.clone())),
        Arc::new(texts.collect::<StringArray>()),
        Arc::new(numbers.collect::<Float64Array>()),
        Arc::new(large.collect::<Int64Array>()),
        Arc::new(flags.collect::<BooleanArray>()),
        Arc::new(days.collect::<Date32Array>()),
        Arc::new(at.collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
        Arc::new(prices.collect::<Decimal128Array>().with_precision_and_scale(12, 2)?),
    ];
    RecordBatch::try_new(schema(), columns)
}
