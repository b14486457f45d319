//! The statistics that a commit records for each file, so that readers can skip files: row count, and for each column
//! smallest value, largest value and number of nulls. Format: "Per-file Statistics" of the Delta protocol.

use std::fmt::Write as _;

use arrow::datatypes::{DataType, Field, Fields};
use chrono::{DateTime, Datelike, Days, NaiveDate};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

/// Like other writers, statistics for the first 32 columns only: they are read whenever a table is opened.
const COLUMNS: usize = 32;

/// Longer texts than this are left out. Parquet shortens most to 64 bytes.
const TEXT_BYTES: usize = 256;

/// The statistics of a file as JSON text. `has_nan` tells for each column whether it holds a NaN, which Parquet's
/// statistics pass over, while readers sort it above all numbers.
pub(super) fn statistics(fields: &Fields, metadata: &ParquetMetaData, has_nan: &[bool]) -> String {
    let mut collector = Collector { metadata, next_leaf: 0 };
    let mut objects = Objects::default();
    for (column, field) in fields.iter().enumerate() {
        let has_nan = has_nan.get(column).copied().unwrap_or(true);
        collector.field(field, has_nan, &mut objects);
    }
    format!(
        r#"{{"numRecords":{},"minValues":{{{}}},"maxValues":{{{}}},"nullCount":{{{}}}}}"#,
        metadata.file_metadata().num_rows(),
        objects.min,
        objects.max,
        objects.nulls,
    )
}

/// The members of three JSON objects with the same keys.
#[derive(Default)]
struct Objects {
    min: String,
    max: String,
    nulls: String,
}

fn member(object: &mut String, name: &str, value: &str) {
    if !object.is_empty() {
        object.push(',');
    }
    object.push_str(&quote(name));
    object.push(':');
    object.push_str(value);
}

fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

struct Collector<'a> {
    metadata: &'a ParquetMetaData,
    next_leaf: usize,
}

impl Collector<'_> {
    fn field(&mut self, field: &Field, has_nan: bool, objects: &mut Objects) {
        match field.data_type() {
            DataType::Struct(children) => {
                let mut nested = Objects::default();
                for child in children {
                    // NaNs are looked for in top-level columns only.
                    self.field(child, true, &mut nested);
                }
                for (outer, inner) in [
                    (&mut objects.min, nested.min),
                    (&mut objects.max, nested.max),
                    (&mut objects.nulls, nested.nulls),
                ] {
                    if !inner.is_empty() {
                        member(outer, field.name(), &format!("{{{inner}}}"));
                    }
                }
            }
            // Of repeated values there is nothing to compare a row with.
            DataType::List(_) | DataType::Map(..) => self.next_leaf += leaves(field.data_type()),
            kind => {
                let leaf = self.next_leaf;
                self.next_leaf += 1;
                if leaf >= COLUMNS {
                    return;
                }
                if let Some(nulls) = self.nulls(leaf, field.is_nullable()) {
                    member(&mut objects.nulls, field.name(), &nulls.to_string());
                }
                let real = matches!(kind, DataType::Float32 | DataType::Float64);
                if real && has_nan {
                    return;
                }
                let Some((min, max)) = self.bounds(leaf) else {
                    return;
                };
                if let (Some(min), Some(max)) = (min.json(kind, Side::Min), max.json(kind, Side::Max)) {
                    member(&mut objects.min, field.name(), &min);
                    member(&mut objects.max, field.name(), &max);
                }
            }
        }
    }

    fn nulls(&self, leaf: usize, nullable: bool) -> Option<u64> {
        self.metadata
            .row_groups()
            .iter()
            .map(|group| {
                let counted = group.column(leaf).statistics().and_then(Statistics::null_count_opt);
                counted.or((!nullable).then_some(0))
            })
            .sum()
    }

    fn bounds(&self, leaf: usize) -> Option<(Bound, Bound)> {
        let mut bounds: Option<(Bound, Bound)> = None;
        for group in self.metadata.row_groups() {
            let statistics = group.column(leaf).statistics()?;
            if statistics.null_count_opt() == u64::try_from(group.num_rows()).ok() {
                continue;
            }
            let (min, max) = (Bound::of(statistics, Side::Min)?, Bound::of(statistics, Side::Max)?);
            bounds = Some(match bounds {
                None => (min, max),
                Some((lowest, highest)) => (
                    if min.less(&lowest)? { min } else { lowest },
                    if highest.less(&max)? { max } else { highest },
                ),
            });
        }
        bounds
    }
}

/// How many Parquet columns a type takes.
fn leaves(kind: &DataType) -> usize {
    match kind {
        DataType::List(field) | DataType::Map(field, _) => leaves(field.data_type()),
        DataType::Struct(fields) => fields.iter().map(|field| leaves(field.data_type())).sum(),
        _ => 1,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Min,
    Max,
}

/// A smallest or largest value. Dates, timestamps and decimals are numbers of days, microseconds and last digits.
#[derive(Debug, Clone, PartialEq)]
enum Bound {
    Whole(i128),
    Real(f64),
    Text(String),
}

impl Bound {
    fn of(statistics: &Statistics, side: Side) -> Option<Self> {
        macro_rules! value {
            ($statistics:expr) => {
                match side {
                    Side::Min => $statistics.min_opt()?,
                    Side::Max => $statistics.max_opt()?,
                }
            };
        }
        Some(match statistics {
            Statistics::Int32(values) => Self::Whole((*value!(values)).into()),
            Statistics::Int64(values) => Self::Whole((*value!(values)).into()),
            Statistics::Float(values) => Self::Real((*value!(values)).into()),
            Statistics::Double(values) => Self::Real(*value!(values)),
            Statistics::ByteArray(values) => {
                Self::Text(std::str::from_utf8(value!(values).data()).ok()?.to_owned())
            }
            Statistics::FixedLenByteArray(values) => {
                // A decimal of more than 18 digits, most significant byte first.
                let bytes = value!(values).data();
                if bytes.is_empty() || bytes.len() > 16 {
                    return None;
                }
                let sign = if bytes[0] & 0x80 == 0 { 0 } else { -1 };
                Self::Whole(bytes.iter().fold(sign, |value: i128, byte| (value << 8) | i128::from(*byte)))
            }
            Statistics::Boolean(_) | Statistics::Int96(_) => return None,
        })
    }

    fn less(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a < b),
            (Self::Real(a), Self::Real(b)) => Some(a < b),
            (Self::Text(a), Self::Text(b)) => Some(a < b),
            _ => None,
        }
    }

    /// The value as JSON; `None` where JSON or the protocol has no form for it.
    fn json(&self, kind: &DataType, side: Side) -> Option<String> {
        match (kind, self) {
            (DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64, Self::Whole(value)) => {
                Some(value.to_string())
            }
            (DataType::Decimal128(_, scale), Self::Whole(value)) => Some(decimal(*value, *scale)),
            (DataType::Float32 | DataType::Float64, Self::Real(value)) => {
                serde_json::Number::from_f64(*value).map(|number| number.to_string())
            }
            (DataType::Utf8, Self::Text(text)) if text.len() <= TEXT_BYTES => Some(quote(text)),
            (DataType::Date32, Self::Whole(value)) => date(*value),
            (DataType::Timestamp(_, zone), Self::Whole(value)) => timestamp(*value, side, zone.is_some()),
            _ => None,
        }
    }
}

/// All digits, since a JSON number may have as many as it likes.
fn decimal(value: i128, scale: i8) -> String {
    let scale = usize::try_from(scale).unwrap_or(0);
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn is_four_digit(year: i32) -> bool {
    (0..=9999).contains(&year)
}

fn date(days: i128) -> Option<String> {
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1)?;
    let count = Days::new(u64::try_from(days.unsigned_abs()).ok()?);
    let date = if days < 0 { epoch.checked_sub_days(count) } else { epoch.checked_add_days(count) }?;
    is_four_digit(date.year()).then(|| date.format("\"%Y-%m-%d\"").to_string())
}

/// The protocol keeps milliseconds; the bounds are widened to them, so that they still hold.
fn timestamp(microseconds: i128, side: Side, instant: bool) -> Option<String> {
    let milliseconds = match side {
        Side::Min => microseconds.div_euclid(1000),
        Side::Max => -(-microseconds).div_euclid(1000),
    };
    let time = DateTime::from_timestamp_millis(i64::try_from(milliseconds).ok()?)?;
    if !is_four_digit(time.year()) {
        return None;
    }
    let mut text = String::from("\"");
    write!(text, "{}", time.format("%Y-%m-%dT%H:%M:%S%.3f")).ok()?;
    if instant {
        text.push('Z');
    }
    text.push('"');
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array,
        Int64Array, ListArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
    };
    use arrow::datatypes::{Int32Type, Schema};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn of(columns: Vec<(&str, ArrayRef)>, has_nan: &[bool], group_rows: usize) -> Value {
        let fields: Vec<Field> =
            columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        let batch = RecordBatch::try_new(schema.clone(), arrays).unwrap();
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group_rows)).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        let metadata = writer.close().unwrap();
        let text = statistics(schema.fields(), &metadata, has_nan);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    #[test]
    fn each_type_has_the_form_that_the_protocol_asks_for() {
        let group = StructArray::from(vec![(
            Arc::new(Field::new("x", DataType::Int32, true)),
            Arc::new(Int32Array::from(vec![Some(7), None, Some(-7)])) as ArrayRef,
        )]);
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)]), None, None]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("whole", Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX)]))),
            ("list", Arc::new(lists)),
            ("group", Arc::new(group)),
            ("real", Arc::new(Float64Array::from(vec![0.5, -1e300, 1.0]))),
            ("infinite", Arc::new(Float64Array::from(vec![0.5, f64::INFINITY, 1.0]))),
            ("flag", Arc::new(BooleanArray::from(vec![true, false, true]))),
            ("bytes", Arc::new(BinaryArray::from(vec![&b"a"[..], b"b", b"c"]))),
            ("text", Arc::new(StringArray::from(vec![Some("ü\"\n"), None, Some("a")]))),
            ("date", Arc::new(Date32Array::from(vec![-1, 0, 19_000]))),
            ("instant", Arc::new(TimestampMicrosecondArray::from(vec![-1, 0, 1_001]).with_timezone("UTC"))),
            ("local", Arc::new(TimestampMicrosecondArray::from(vec![1_999, 2_000, 2_000]))),
            (
                "small",
                Arc::new(Decimal128Array::from(vec![-5, 0, 1_234]).with_precision_and_scale(9, 2).unwrap()),
            ),
            (
                "large",
                Arc::new(
                    Decimal128Array::from(vec![-10_i128.pow(37) - 1, 0, 10_i128.pow(37) + 1])
                        .with_precision_and_scale(38, 0)
                        .unwrap(),
                ),
            ),
            ("nothing", Arc::new(Int32Array::from(vec![None, None, None]))),
        ];
        let statistics = of(columns, &[false; 14], 2);
        assert_eq!(
            statistics["minValues"],
            json!({
                "whole": i64::MIN, "group": {"x": -7}, "real": -1e300, "text": "a", "date": "1969-12-31",
                "instant": "1969-12-31T23:59:59.999Z", "local": "1970-01-01T00:00:00.001",
                "small": -0.05, "large": -1e37,
            })
        );
        assert_eq!(
            statistics["maxValues"],
            json!({
                "whole": i64::MAX, "group": {"x": 7}, "real": 1.0, "text": "ü\"\n", "date": "2022-01-08",
                "instant": "1970-01-01T00:00:00.002Z", "local": "1970-01-01T00:00:00.002",
                "small": 12.34, "large": 1e37,
            })
        );
        assert_eq!(statistics["numRecords"], 3);
        assert_eq!(statistics["nullCount"]["whole"], 1);
        assert_eq!(statistics["nullCount"]["group"], json!({"x": 1}));
        assert_eq!(statistics["nullCount"]["nothing"], 3);
        assert_eq!(statistics["nullCount"]["flag"], 0);
        assert_eq!(statistics["nullCount"].get("list"), None);
    }

    #[test]
    fn decimals_keep_all_digits() {
        assert_eq!(decimal(10_i128.pow(37) + 1, 0), "10000000000000000000000000000000000001");
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(decimal(-12_345, 3), "-12.345");
        assert_eq!(decimal(0, 4), "0.0000");
    }

    #[test]
    fn a_nan_leaves_no_bounds() {
        let column = || Arc::new(Float64Array::from(vec![1.0, f64::NAN])) as ArrayRef;
        assert_eq!(of(vec![("c", column())], &[true], 10)["maxValues"], json!({}));
        assert_eq!(of(vec![("c", column())], &[true], 10)["nullCount"], json!({"c": 0}));
        assert_eq!(of(vec![("c", column())], &[false], 10)["maxValues"], json!({"c": 1.0}));
    }

    #[test]
    fn only_the_first_columns_have_statistics() {
        let names: Vec<String> = (0..40).map(|i| format!("c{i}")).collect();
        let columns = names
            .iter()
            .map(|name| (name.as_str(), Arc::new(Int32Array::from(vec![1])) as ArrayRef))
            .collect();
        let statistics = of(columns, &[false; 40], 10);
        assert_eq!(statistics["maxValues"].as_object().unwrap().len(), COLUMNS);
        assert_eq!(statistics["maxValues"]["c31"], 1);
    }

    proptest! {
        /// Whatever the row groups: the bounds hold, and are tight for numbers and short texts.
        #[test]
        fn bounds_hold(
            rows in prop::collection::vec((any::<Option<i64>>(), any::<Option<String>>(), any::<Option<i32>>()), 1..60),
            group_rows in 1_usize..20,
        ) {
            let whole = Int64Array::from(rows.iter().map(|row| row.0).collect::<Vec<_>>());
            let text = StringArray::from(rows.iter().map(|row| row.1.as_deref()).collect::<Vec<_>>());
            let times: Vec<Option<i64>> = rows.iter().map(|row| row.2.map(i64::from)).collect();
            let time = TimestampMicrosecondArray::from(times.clone());
            let result = of(
                vec![("w", Arc::new(whole)), ("t", Arc::new(text)), ("i", Arc::new(time))],
                &[false; 3],
                group_rows,
            );
            let (min, max) = (&result["minValues"], &result["maxValues"]);
            let values: Vec<i64> = rows.iter().filter_map(|row| row.0).collect();
            prop_assert_eq!(min.get("w").and_then(Value::as_i64), values.iter().copied().min());
            prop_assert_eq!(max.get("w").and_then(Value::as_i64), values.iter().copied().max());
            prop_assert_eq!(
                result["nullCount"]["t"].as_u64().unwrap() as usize,
                rows.iter().filter(|row| row.1.is_none()).count()
            );
            if let (Some(min), Some(max)) = (min.get("t"), max.get("t")) {
                for value in rows.iter().filter_map(|row| row.1.as_deref()) {
                    prop_assert!(min.as_str().unwrap() <= value && value <= max.as_str().unwrap());
                }
            }
            let millis = |value: &Value| {
                let text = format!("{}Z", value.as_str().unwrap());
                DateTime::parse_from_rfc3339(&text).unwrap().timestamp_millis()
            };
            if let Some(lowest) = times.iter().flatten().min() {
                prop_assert_eq!(millis(&min["i"]), lowest.div_euclid(1000));
                let highest = times.iter().flatten().max().unwrap();
                prop_assert!(millis(&max["i"]) * 1000 >= *highest && (millis(&max["i"]) - 1) * 1000 < *highest);
            }
        }
    }
}
