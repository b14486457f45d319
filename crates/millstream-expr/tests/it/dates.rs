//! Dates, their modules and their zones, by example.

use arrow::array::{Date32Array, DurationSecondArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, TimeUnit};
use millstream_expr::{CallError, CallSite, Expression, Function, Library};

use crate::common::Table;

const NOON: i64 = 1_706_702_400_000_000; // 2024-01-31 12:00:00

/// A library with nothing but a clock.
struct Clock;

impl Library for Clock {
    fn resolve(&self, _: &CallSite<'_>) -> Result<Option<std::sync::Arc<dyn Function>>, CallError> {
        Ok(None)
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn now(&self) -> Option<i64> {
        Some(NOON + 5)
    }
}

fn table() -> Table {
    let times = vec![Some(NOON), Some(NOON + 1_500_000), None];
    Table::new()
        .with("day", Date32Array::from(vec![Some(19_753), Some(-1), None]))
        .with("at", TimestampMicrosecondArray::from(times.clone()))
        .with("berlin", TimestampMicrosecondArray::from(times).with_timezone("Europe/Berlin"))
        .with("wait", DurationSecondArray::from(vec![Some(90), Some(-1), None]))
        .ints("n", [Some(1), Some(-2), None])
}

#[test]
fn the_clock_is_the_librarys() {
    let table = table();
    let show = |source: &str| table.show_with(source, &Clock)[0].clone();
    for (source, expected) in [
        ("str(datetime.now())", "'2024-01-31 12:00:00.000005'"),
        ("str(datetime.datetime.utcnow())", "'2024-01-31 12:00:00.000005'"),
        ("str(datetime.today())", "'2024-01-31 12:00:00.000005'"),
        ("str(date.today())", "'2024-01-31'"),
        ("str(datetime.date.today())", "'2024-01-31'"),
        ("str(datetime.now(timezone.utc))", "'2024-01-31 12:00:00.000005+00:00'"),
        ("str(datetime.now(tz=ZoneInfo('Europe/Berlin')))", "'2024-01-31 13:00:00.000005+01:00'"),
        ("str(datetime.now(timezone(timedelta(hours=-2))))", "'2024-01-31 10:00:00.000005-02:00'"),
        ("time.time()", "1706702400.000005"),
        ("datetime.now().year - day.year", "0"),
        ("(datetime.now() - timedelta(days=n)).strftime('%d.%m.%Y')", "'30.01.2024'"),
    ] {
        assert_eq!(show(source), expected, "{source}");
    }
    let error = table.error("datetime.now() > at");
    assert_eq!(error.message, "`datetime.now()` is not known here: only tables have a clock");
    assert_eq!(error.hint.unwrap(), "write the moment itself, as in `datetime(2024, 1, 31)`");
}

#[test]
fn both_the_class_and_the_module_are_there() {
    let table = table();
    for source in [
        "datetime(2024, 1, 31)",
        "datetime.datetime(2024, 1, 31)",
        "datetime.combine(date(2024, 1, 31), time())",
        "datetime.datetime.combine(datetime.date(2024, 1, 31), datetime.time(0))",
        "datetime.datetime.strptime('2024-01-31', '%Y-%m-%d')",
        "datetime.fromisoformat('2024-01-31') + datetime.timedelta(0)",
    ] {
        let expression = table.compile(source).unwrap();
        assert_eq!(*expression.data_type(), DataType::Timestamp(TimeUnit::Microsecond, None), "{source}");
        assert_eq!(table.show(&format!("str({source})"))[0], "'2024-01-31 00:00:00'", "{source}");
    }
}

#[test]
fn columns_hide_modules_but_for_their_classes() {
    let table = Table::new().with("date", Date32Array::from(vec![19_753])).ints("math", [3]);
    assert_eq!(table.one("date.year"), "2024");
    assert_eq!(table.one("str(date(2020, 1, 2))"), "'2020-01-02'");
    assert_eq!(table.one("str(date.fromisoformat('2020-01-02'))"), "'2020-01-02'");
    assert_eq!(table.one("math + 1"), "4");
}

#[test]
fn nulls_stay_null() {
    let table = table();
    for source in [
        "day + timedelta(days=n)",
        "day.year",
        "day.strftime('%Y')",
        "day.isoformat()",
        "(at - datetime(2024, 1, 1)).days",
        "day.replace(day=n)",
        "at.date()",
        "timedelta(days=n, hours=n)",
        "day + relativedelta(months=n)",
        "wait.total_seconds()",
        "None + timedelta(1)",
    ] {
        assert_eq!(table.show(source)[2], "None", "{source}");
    }
}

#[test]
fn durations_can_be_columns() {
    let table = table();
    let expression = table.compile("at - datetime(2024, 1, 1)").unwrap();
    assert_eq!(*expression.data_type(), DataType::Duration(TimeUnit::Microsecond));
    assert_eq!(table.show("str(wait)"), ["'0:01:30'", "'-1 day, 23:59:59'", "'None'"]);
    assert_eq!(table.show("wait + timedelta(seconds=1) > timedelta(0)"), ["True", "False", "None"]);
    assert_eq!(table.show("'y' if wait else 'n'"), ["'y'", "'y'", "'n'"]);
    assert_eq!(table.show("wait in [timedelta(seconds=90)]"), ["True", "False", "None"]);
    assert_eq!(table.show("max(wait, timedelta(0)).seconds"), ["90", "0", "None"]);
}

#[test]
fn zones_move_the_hands_of_the_clock() {
    let table = Table::new().with(
        "berlin",
        // The last noon before the clocks go forward.
        TimestampMicrosecondArray::from(vec![1_711_796_400_000_000]).with_timezone("Europe/Berlin"),
    );
    assert_eq!(table.one("str(berlin + timedelta(days=1))"), "'2024-03-31 12:00:00+02:00'");
    assert_eq!(table.one("(berlin + timedelta(days=1) - berlin).total_seconds()"), "86400.0");
    assert_eq!(table.one("(berlin + timedelta(days=1)).timestamp() - berlin.timestamp()"), "82800.0");
    assert_eq!(table.one("berlin.hour"), "12");
    assert_eq!(table.one("berlin.astimezone(timezone.utc).hour"), "11");
    assert_eq!(table.one("berlin.replace(hour=0).strftime('%H %Z %z')"), "'00 CET +0100'");
    assert_eq!(table.one("str(berlin.replace(tzinfo=None))"), "'2024-03-30 12:00:00'");
    assert_eq!(table.one("str(berlin.date())"), "'2024-03-30'");
    assert_eq!(table.one("berlin - datetime(2024, 3, 30, 11, tzinfo=timezone.utc) == timedelta(0)"), "True");
}

#[test]
fn relativedelta_is_dateutils() {
    // The right sides are what dateutil 2.9 says.
    let table = Table::new()
        .with("day", Date32Array::from(vec![19_753])) // 2024-01-31
        .with("at", TimestampMicrosecondArray::from(vec![NOON]))
        .ints("n", [1]);
    for (source, expected) in [
        ("str(day + relativedelta(months=n))", "'2024-02-29'"),
        ("str(day + relativedelta(months=1))", "'2024-02-29'"),
        ("str(day - relativedelta(months=2))", "'2023-11-30'"),
        ("str(day + relativedelta(years=1, months=1, days=1))", "'2025-03-01'"),
        ("str(at + relativedelta(months=-13, hours=+30))", "'2023-01-01 18:00:00'"),
        ("str(day + relativedelta(hours=5))", "'2024-01-31 05:00:00'"),
        ("str(day + relativedelta(day=1))", "'2024-01-01'"),
        ("str(day + relativedelta(day=31, month=n + 1))", "'2024-02-29'"),
        ("str(day + relativedelta(weekday=FR))", "!"),
        ("str(day + relativedelta(weekday=dateutil.relativedelta.FR))", "'2024-02-02'"),
        ("str(day + relativedelta(weekday=dateutil.relativedelta.FR(2)))", "'2024-02-09'"),
        ("str(day + relativedelta(weekday=dateutil.relativedelta.WE(-1)))", "'2024-01-31'"),
        ("str(day + relativedelta(weekday=dateutil.relativedelta.MO(-1)))", "'2024-01-29'"),
        ("str(day + relativedelta(yearday=60))", "'2024-02-29'"),
        ("str(day + relativedelta(nlyearday=60))", "'2024-03-01'"),
        ("str(day + relativedelta(weeks=2, days=n))", "'2024-02-15'"),
        ("str(day + -relativedelta(months=1))", "'2023-12-31'"),
        ("str(day + relativedelta(months=1) * 2)", "'2024-03-31'"),
        ("relativedelta(at, datetime(1990, 2, 15)).years", "33"),
        ("relativedelta(at, datetime(1990, 2, 15)).months", "11"),
        ("relativedelta(at, datetime(1990, 2, 15)).days", "16"),
        ("relativedelta(date(1990, 2, 15), day).years", "-33"),
        ("relativedelta(date(1990, 2, 15), day).days", "-13"),
        ("relativedelta(day, date(2023, 12, 31)).months", "1"),
        ("str(dateutil.easter.easter(2023 + n))", "'2024-03-31'"),
        ("str(easter(2024, 2))", "'2024-05-05'"),
    ] {
        if expected == "!" {
            assert_eq!(table.error(source).message, "there is no column `FR`");
        } else {
            assert_eq!(table.one(source), expected, "{source}");
        }
    }
}

#[test]
fn what_dates_cannot_do_is_refused() {
    let table = table();
    for (source, message, hint) in [
        (
            "day + 1",
            "`+` cannot be applied to date and int",
            "add a timedelta, as in `day + timedelta(days=1)`",
        ),
        ("at - day", "`-` cannot be applied to datetime and date", "write `.date()` after the datetime"),
        ("at - berlin", "`-` cannot be applied to a datetime with a time zone and one without", ""),
        ("day.hour", "a date has no attribute `hour`", "its attributes are year, month, day"),
        ("day.yaer", "a date has no attribute `yaer`", "did you mean `year`?"),
        (
            "wait.hours",
            "a timedelta has no attribute `hours`",
            "its attributes are days, seconds, microseconds",
        ),
        ("day.strftme('%Y')", "a date has no method `strftme`", "did you mean `strftime`?"),
        ("day.strftime('%Q')", "the directive `%Q` of dates is not supported", ""),
        ("date(2023, 2, 29)", "the day is out of range for the month", ""),
        ("date(2023, 2)", "`date` needs the argument `day`", ""),
        (
            "timezone.utc",
            "a timezone is not a single value, and cannot be used here",
            "give it to `datetime.now(..)` or `datetime(.., tzinfo=..)`",
        ),
        (
            "relativedelta(months=1)",
            "a relativedelta is not a single value, and cannot be used here",
            "add it to a date, as in `day + relativedelta(months=1)`",
        ),
        ("datetime.strptime(str(day), '%Q')", "`%Q` is no directive of strptime", ""),
        (
            "f'{wait:%H}'",
            "a timedelta has no format",
            "format a number, as in `f\"{delta.total_seconds():.0f}\"`",
        ),
        (
            "ZoneInfo('Europe/Nowhere')",
            "there is no time zone \"Europe/Nowhere\"",
            "write a name of the IANA database, as in \"Europe/Berlin\"",
        ),
        ("datetime.now", "`datetime.datetime.now` is a function", "call it: `datetime.datetime.now()`"),
        ("timedelta(days='1')", "`timedelta` needs a number here, not a str", ""),
    ] {
        let error = table.error(source);
        assert_eq!(
            (error.message.as_str(), error.hint.as_deref().unwrap_or("")),
            (message, hint),
            "{source}"
        );
    }
}

#[test]
fn rows_fail_where_dates_end() {
    let table = Table::new().with("day", Date32Array::from(vec![2_932_896, 0])).ints("n", [i64::MAX, 1]);
    let out = "!the date is out of range: years are from 1 to 9999";
    assert_eq!(table.show("str(day + timedelta(days=1))"), [out, "'1970-01-02'"]);
    assert_eq!(
        table.show("timedelta(days=n).days"),
        ["!the timedelta is out of range: it is at most 106751991 days", "1"]
    );
    assert_eq!(table.show("date(2024, 1, n).day"), ["!the day is out of range for the month", "1"]);
    assert_eq!(table.show("str(day + relativedelta(months=n))")[1], "'1970-02-01'");
    assert!(table.show("str(day + relativedelta(months=n))")[0].starts_with('!'));
    assert_eq!(
        table.show("datetime.strptime(str(n), '%d').day"),
        ["!unconverted data remains after the format of strptime", "1"]
    );
}

#[test]
fn constants_are_folded() {
    let expression =
        Expression::compile("(date(2024, 3, 1) - date(2024, 2, 1)).days", &Table::new(), &Clock).unwrap();
    assert_eq!(expression.constant(), Some(&millstream_expr::Constant::Int(29)));
}
