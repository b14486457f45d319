use arrow::array::{
    Date32Array, Date64Array, TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
};

use crate::common::Table;

const NOON: i64 = 1_706_702_400_000_000; // 2024-01-31 12:00:00

fn table() -> Table {
    let times = vec![Some(NOON), Some(NOON + 1_500_000), None];
    Table::new()
        .with("day", Date32Array::from(vec![Some(19_753), Some(-1), None]))
        .with("at", TimestampMicrosecondArray::from(times.clone()))
        .with("utc", TimestampMicrosecondArray::from(times.clone()).with_timezone("UTC"))
        .with("berlin", TimestampMicrosecondArray::from(times).with_timezone("Europe/Berlin"))
}

#[test]
fn dates_and_datetimes_are_shown() {
    let table = table();
    assert_eq!(table.show("str(day)"), ["'2024-01-31'", "'1969-12-31'", "'None'"]);
    assert_eq!(table.show("f'{at}'"), ["'2024-01-31 12:00:00'", "'2024-01-31 12:00:01.500000'", "'None'"]);
    assert_eq!(table.show("str(utc)")[0], "'2024-01-31 12:00:00+00:00'");
    assert_eq!(table.show("str(berlin)")[0], "'2024-01-31 13:00:00+01:00'");
    assert_eq!(
        table.show("f'{day:%Y-%m}|{day:%d.%-m.%y %a %A %b %B %j %U %W %w %u %V %G %%}'")[0],
        "'2024-01|31.1.24 Wed Wednesday Jan January 031 04 05 3 3 05 2024 %'"
    );
    assert_eq!(
        table.show("f'{at:%H:%M:%S.%f %I %p %F %T}'")[1],
        "'12:00:01.500000 12 PM 2024-01-31 12:00:01'"
    );
    assert_eq!(table.show("f'{berlin:%H%z}{at:%z}'")[0], "'13+0100'");
}

#[test]
fn dates_and_datetimes_are_compared() {
    let table = table();
    assert_eq!(table.show("day >= '2024-01-31'"), ["True", "False", "None"]);
    assert_eq!(table.show("'1969-12-31' == day"), ["False", "True", "None"]);
    assert_eq!(table.show("'2024-01-01' <= day < '2024-02-01'"), ["True", "False", "None"]);
    assert_eq!(table.show("day in ['2024-01-31', '2024-02-01']"), ["True", "False", "None"]);
    assert_eq!(table.show("at > '2024-01-31 12:00'"), ["False", "True", "None"]);
    assert_eq!(table.show("at == '2024-01-31T12:00:01.5'"), ["False", "True", "None"]);
    assert_eq!(table.show("utc == '2024-01-31T13:00:00+01:00'"), ["True", "False", "None"]);
    assert_eq!(table.show("utc == '2024-01-31T12:00:00Z'"), ["True", "False", "None"]);
    // A literal without an offset is in the zone of the column.
    assert_eq!(table.show("berlin == '2024-01-31 13:00:00'"), ["True", "False", "None"]);
    assert_eq!(table.show("berlin == utc"), ["True", "True", "None"]);
    assert_eq!(table.show("berlin > '2024-01-31'"), ["True", "True", "None"]);
    assert_eq!(table.show("max(day, day) == day"), ["True", "True", "None"]);
    assert_eq!(table.show("str(at if day > '2000-01-01' else None)")[1], "'None'");
    assert_eq!(table.show("'y' if day else 'n'"), ["'y'", "'y'", "'n'"]);
}

#[test]
fn other_units_become_microseconds() {
    let table = Table::new()
        .with("ms", TimestampMillisecondArray::from(vec![Some(NOON / 1000), Some(i64::MAX)]))
        .with("ns", TimestampNanosecondArray::from(vec![Some(-1), Some(1_999)]))
        .with("d64", Date64Array::from(vec![86_400_000, 0]));
    assert_eq!(table.show("str(ms)"), ["'2024-01-31 12:00:00'", "!the datetime is out of range"]);
    assert_eq!(table.show("str(ns)"), ["'1969-12-31 23:59:59.999999'", "'1970-01-01 00:00:00.000001'"]);
    assert_eq!(table.show("d64 == '1970-01-02'"), ["True", "False"]);
    // A column alone stays as it is.
    assert_eq!(
        *table.compile("ns").unwrap().data_type(),
        arrow::datatypes::DataType::Timestamp(arrow::datatypes::TimeUnit::Nanosecond, None)
    );
}

#[test]
fn years_that_python_has_no_dates_for_fail() {
    let table = Table::new().with("day", Date32Array::from(vec![i32::MAX, -800_000]));
    assert_eq!(table.show("str(day)"), ["!the date is out of range: years are from 1 to 9999"; 2]);
}

#[test]
fn what_dates_cannot_do_is_refused() {
    let table = table();
    for (source, message) in [
        ("at - utc", "`-` cannot be applied to a datetime with a time zone and one without"),
        ("day + 1", "`+` cannot be applied to date and int"),
        ("day == at", "`==` cannot compare date and datetime"),
        ("at < utc", "`<` cannot compare a datetime with a time zone to one without"),
        ("day > 'soon'", "\"soon\" is not a date"),
        ("day > '2024-01-31 12:00'", "\"2024-01-31 12:00\" is a datetime, and is compared to a date"),
        (
            "at > '2024-01-31T12:00Z'",
            "\"2024-01-31T12:00Z\" has an offset, but the datetime it is compared to has no zone",
        ),
        ("f'{day:>20}'", "\">20\" is not a format of dates"),
        ("f'{day:%s}'", "the directive `%s` of dates is not supported"),
        ("f'{day:%'", "syntax error: f-string: expecting `}`"),
        ("int(day)", "`int` does not take a date"),
        ("day.yeer", "a date has no attribute `yeer`"),
    ] {
        assert_eq!(table.error(source).message, message, "{source}");
    }
}
