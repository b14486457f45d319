use std::sync::Arc;

use arrow::array::Array;
use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int8Array,
    Int64Array, ListArray, StringArray, StructArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{
    DataType as T, Field, Fields, Int8Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::Conversion;

fn converted(array: &ArrayRef, to: &T) -> (Vec<Option<String>>, Option<(usize, String)>) {
    let conversion = Conversion::new(array.data_type(), to)
        .unwrap_or_else(|| panic!("no way from {} to {to}", array.data_type()));
    let (result, misfit) = conversion.convert(array).unwrap();
    assert_eq!(result.data_type(), to);
    assert_eq!(result.len(), array.len());
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(&result, &options).unwrap();
    let shown =
        (0..result.len()).map(|row| result.is_valid(row).then(|| formatter.value(row).to_string())).collect();
    (shown, misfit.map(|misfit| (misfit.row, misfit.value)))
}

fn fits(array: impl Array + 'static, to: &T, expected: &[&str]) {
    let (shown, misfit) = converted(&(Arc::new(array) as ArrayRef), to);
    assert_eq!(misfit, None);
    let shown: Vec<&str> = shown.iter().map(|value| value.as_deref().unwrap_or("null")).collect();
    assert_eq!(shown, expected);
}

fn misfit(array: impl Array + 'static, to: &T, row: usize, value: &str) {
    let (shown, misfit) = converted(&(Arc::new(array) as ArrayRef), to);
    assert_eq!(misfit, Some((row, value.to_owned())));
    assert_eq!(shown[row], None);
}

#[test]
fn numbers_are_checked_against_the_range() {
    fits(Int64Array::from(vec![Some(-128), None, Some(127)]), &T::Int8, &["-128", "null", "127"]);
    misfit(Int64Array::from(vec![1, 128]), &T::Int8, 1, "128");
    misfit(Int64Array::from(vec![-1]), &T::UInt64, 0, "-1");
    fits(Float64Array::from(vec![2.9, -2.9, 0.0]), &T::Int32, &["2", "-2", "0"]);
    misfit(Float64Array::from(vec![3e9]), &T::Int32, 0, "3000000000.0");
    misfit(Float64Array::from(vec![f64::NAN]), &T::Int64, 0, "NaN");
    misfit(Float64Array::from(vec![1.0, 1e300]), &T::Float32, 1, "1e300");
    fits(Float64Array::from(vec![f64::INFINITY]), &T::Float32, &["inf"]);
    fits(BooleanArray::from(vec![Some(true), None]), &T::Int8, &["1", "null"]);
    fits(BooleanArray::from(vec![true]), &T::Float32, &["1.0"]);
    fits(Int64Array::from(vec![0, 5]), &T::Boolean, &["false", "true"]);
    fits(UInt64Array::from(vec![u64::MAX]), &T::Utf8, &["18446744073709551615"]);
}

#[test]
fn decimals_round_and_check_their_digits() {
    let money = T::Decimal128(5, 2);
    fits(Float64Array::from(vec![Some(1.005), Some(-2.5), None]), &money, &["1.00", "-2.50", "null"]);
    fits(Int64Array::from(vec![999]), &money, &["999.00"]);
    fits(StringArray::from(vec!["12.345"]), &money, &["12.35"]);
    misfit(Float64Array::from(vec![999.0, 1000.0]), &money, 1, "1000.0");
    misfit(Int64Array::from(vec![1000]), &money, 0, "1000");
    let decimal = || Decimal128Array::from(vec![12345, -99]).with_precision_and_scale(5, 2).unwrap();
    fits(decimal(), &T::Utf8, &["123.45", "-0.99"]);
    fits(decimal(), &T::Float64, &["123.45", "-0.99"]);
    fits(decimal(), &T::Int64, &["123", "0"]);
}

#[test]
fn everything_becomes_the_text_of_python() {
    fits(Int64Array::from(vec![Some(7), None]), &T::Utf8, &["7", "null"]);
    fits(Float64Array::from(vec![1.0, 0.1, 1e16]), &T::Utf8, &["1.0", "0.1", "1e+16"]);
    fits(BooleanArray::from(vec![true, false]), &T::Utf8, &["True", "False"]);
    fits(Date32Array::from(vec![0]), &T::Utf8, &["1970-01-01"]);
    fits(TimestampMicrosecondArray::from(vec![0]), &T::LargeUtf8, &["1970-01-01 00:00:00"]);
}

#[test]
fn text_becomes_what_it_spells() {
    fits(StringArray::from(vec![Some("12"), None, Some("-3")]), &T::Int64, &["12", "null", "-3"]);
    misfit(StringArray::from(vec!["12", "twelve"]), &T::Int64, 1, "\"twelve\"");
    misfit(StringArray::from(vec!["1.5"]), &T::Int64, 0, "\"1.5\"");
    fits(StringArray::from(vec!["1.5", "1e3"]), &T::Float64, &["1.5", "1000.0"]);
    fits(StringArray::from(vec!["True", "false"]), &T::Boolean, &["true", "false"]);
    misfit(StringArray::from(vec!["maybe"]), &T::Boolean, 0, "\"maybe\"");
    fits(StringArray::from(vec!["2024-02-29"]), &T::Date32, &["2024-02-29"]);
    misfit(StringArray::from(vec!["2023-02-29"]), &T::Date32, 0, "\"2023-02-29\"");
    fits(StringArray::from(vec!["08:30:00"]), &T::Time64(TimeUnit::Microsecond), &["08:30:00"]);
    let naive = T::Timestamp(TimeUnit::Microsecond, None);
    fits(StringArray::from(vec!["2024-01-31 08:30:00"]), &naive, &["2024-01-31T08:30:00"]);
    let text = "x".repeat(80);
    let (_, misfit) = converted(&(Arc::new(StringArray::from(vec![text.as_str()])) as ArrayRef), &T::Int8);
    assert_eq!(misfit.unwrap().1, format!("\"{}\"…", "x".repeat(60)));
}

#[test]
fn zones_keep_the_instant_and_their_absence_the_wall_clock() {
    let zoned = |zone: &str| T::Timestamp(TimeUnit::Microsecond, Some(zone.into()));
    let naive = T::Timestamp(TimeUnit::Microsecond, None);
    let summer = 1_720_000_000_000_000; // 2024-07-03 09:46:40 UTC
    let utc = || TimestampMicrosecondArray::from(vec![summer]).with_timezone("UTC");
    fits(utc(), &naive, &["2024-07-03T09:46:40"]);
    fits(utc(), &zoned("Europe/Berlin"), &["2024-07-03T11:46:40+02:00"]);
    let berlin = TimestampMicrosecondArray::from(vec![summer]).with_timezone("Europe/Berlin");
    fits(berlin.clone(), &naive, &["2024-07-03T11:46:40"]);
    fits(berlin.clone(), &T::Timestamp(TimeUnit::Second, None), &["2024-07-03T11:46:40"]);
    fits(berlin, &T::Date32, &["2024-07-03"]);
    fits(
        TimestampMicrosecondArray::from(vec![summer]),
        &zoned("Europe/Berlin"),
        &["2024-07-03T09:46:40+02:00"],
    );
    fits(Date32Array::from(vec![19_907]), &zoned("Europe/Berlin"), &["2024-07-03T00:00:00+02:00"]);
    fits(Date32Array::from(vec![19_907]), &naive, &["2024-07-03T00:00:00"]);
    let (result, _) = Conversion::new(&T::Date32, &zoned("Europe/Berlin"))
        .unwrap()
        .convert(&(Arc::new(Date32Array::from(vec![19_907])) as ArrayRef))
        .unwrap();
    assert_eq!(result.as_primitive::<TimestampMicrosecondType>().value(0), 1_719_957_600_000_000);
}

#[test]
fn what_would_change_its_meaning_has_no_way() {
    let timestamp = T::Timestamp(TimeUnit::Microsecond, None);
    for (from, to) in [
        (T::Int64, T::Date32),
        (T::Int64, timestamp.clone()),
        (timestamp.clone(), T::Int64),
        (T::Date32, T::Float64),
        (T::Date32, T::Boolean),
        (T::Boolean, T::Decimal128(5, 2)),
        (T::Binary, T::Utf8),
        (T::Utf8, T::new_list(T::Utf8, true)),
        (T::new_list(T::Date32, true), T::new_list(T::Int64, true)),
    ] {
        assert!(Conversion::new(&from, &to).is_none(), "{from} to {to}");
    }
}

#[test]
fn dictionaries_and_nulls_have_ways() {
    let dictionary: DictionaryArray<Int32Type> = vec![Some("1"), None, Some("2")].into_iter().collect();
    fits(dictionary.clone(), &T::Int8, &["1", "null", "2"]);
    fits(dictionary, &T::Utf8, &["1", "null", "2"]);
    let words = T::Dictionary(Box::new(T::Int32), Box::new(T::Utf8));
    fits(StringArray::from(vec!["a", "a"]), &words, &["a", "a"]);
    fits(Int64Array::from(vec![1]), &words, &["1"]);
    fits(arrow::array::NullArray::new(2), &T::Int8, &["null", "null"]);
}

#[test]
fn lists_are_converted_item_by_item() {
    let list =
        |values: Vec<Option<Vec<Option<i64>>>>| ListArray::from_iter_primitive::<Int64Type, _, _>(values);
    let small = T::new_list(T::Int8, true);
    fits(list(vec![Some(vec![Some(1), None]), None, Some(vec![])]), &small, &["[1, ]", "null", "[]"]);
    misfit(list(vec![Some(vec![Some(1)]), None, Some(vec![Some(2), Some(300)])]), &small, 2, "[2, 300]");
    // Slices look at their own rows only.
    let whole = list(vec![Some(vec![Some(300)]), Some(vec![Some(5)])]);
    fits(whole.slice(1, 1), &small, &["[5]"]);
    let large = T::new_large_list(T::Utf8, true);
    fits(list(vec![Some(vec![Some(1)])]), &T::new_list(T::Utf8, true), &["[1]"]);
    assert!(Conversion::new(&small, &large).is_some());
    fits(list(vec![Some(vec![Some(1)])]), &large, &["[1]"]);
}

#[test]
fn objects_are_converted_member_by_member_and_become_maps() {
    let object = || {
        StructArray::from(vec![
            (Arc::new(Field::new("a", T::Int64, true)), Arc::new(Int64Array::from(vec![1, 300])) as ArrayRef),
            (
                Arc::new(Field::new("b", T::Int8, true)),
                Arc::new(Int8Array::from(vec![None, Some(2)])) as ArrayRef,
            ),
        ])
    };
    let to = T::Struct(Fields::from(vec![Field::new("b", T::Utf8, true), Field::new("a", T::Int16, true)]));
    fits(object(), &to, &["{b: , a: 1}", "{b: 2, a: 300}"]);
    let narrow =
        T::Struct(Fields::from(vec![Field::new("a", T::Int8, true), Field::new("b", T::Int8, true)]));
    misfit(object(), &narrow, 1, "{a: 300, b: 2}");
    let entries =
        T::Struct(Fields::from(vec![Field::new("key", T::Utf8, false), Field::new("value", T::Int64, true)]));
    let map = T::Map(Arc::new(Field::new("entries", entries, false)), false);
    let conversion = Conversion::new(object().data_type(), &map).unwrap();
    let (result, misfit) = conversion.convert(&(Arc::new(object()) as ArrayRef)).unwrap();
    assert_eq!(misfit, None);
    let result = result.as_map();
    assert_eq!(result.value_length(1), 2);
    assert_eq!(result.keys().as_string::<i32>().value(2), "a");
    assert_eq!(result.values().as_primitive::<Int64Type>().value(2), 300);
    assert!(result.values().is_null(1));
    let other = T::Struct(Fields::from(vec![Field::new("c", T::Int8, true), Field::new("b", T::Int8, true)]));
    assert!(Conversion::new(object().data_type(), &other).is_none());
    assert_eq!(
        Int8Array::from(vec![1]).value(0),
        1 as <Int8Type as arrow::array::ArrowPrimitiveType>::Native
    );
}
