//! Random expressions of dates, datetimes, times and timedeltas by CPython, in one run of `python3`.

use std::fmt::Write as _;

use arrow::array::{
    Array, Date32Array, DurationMicrosecondArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use millstream_expr::{Expression, NoLibrary};

use crate::common::Table;
use crate::python::{answer, ask};

/// Reads the rows, then one expression a line; prints one line for each.
const SCRIPT: &str = r#"
import struct, sys, warnings, datetime as module
from datetime import date, datetime, time, timedelta, timezone
warnings.simplefilter("ignore")
epoch = datetime(1970, 1, 1)
def micros(delta): return (delta.days * 86400 + delta.seconds) * 1000000 + delta.microseconds
def show(value):
    if value is None: return "n"
    if isinstance(value, bool): return "b1" if value else "b0"
    if isinstance(value, int): return "i%d" % value
    if isinstance(value, float): return "f" + struct.pack(">d", value).hex()
    if isinstance(value, datetime):
        if value.tzinfo is not None: return "U%d" % micros(value - epoch.replace(tzinfo=timezone.utc))
        return "D%d" % micros(value - epoch)
    if isinstance(value, date): return "d%d" % (value - epoch.date()).days
    if isinstance(value, timedelta): return "T%d" % micros(value)
    if isinstance(value, time): return "t%d" % micros(datetime.combine(epoch.date(), value) - epoch)
    return "s" + value.encode().hex()
lines = sys.stdin.read().split("\n")
rows = eval(lines[0])
for line in lines[1:]:
    if not line: continue
    code = compile(line, "<expression>", "eval")
    answers = []
    for row in rows:
        try: answers.append(show(eval(code, dict(globals(), datetime=datetime), row)))
        except (ValueError, ArithmeticError, IndexError, KeyError, OverflowError) as error: answers.append("e")
    print(" ".join(answers))
"#;

const DAY: i64 = 86_400_000_000;

/// Days, moments, durations and numbers of eight rows; the second of each pair is that of another row.
const DAYS: [i32; 8] = [19_753, 0, -1, 11_016, -719_162, 2_932_896, 19_782, -200_000];
const MOMENTS: [i64; 8] = [
    1_706_702_400_000_000,
    0,
    -1,
    951_782_399_999_999,
    -62_135_596_800_000_000,
    253_402_300_799_999_999,
    1_709_164_800_123_000,
    -5_000_000_000_123_456,
];
const DELTAS: [i64; 8] = [DAY, -1, 3_600_000_001, 0, -DAY * 400 + 5, 17 * DAY + 123_456_789, 30, -7 * DAY];
const TIMES: [i64; 8] =
    [0, 1, 43_200_000_000, DAY - 1, 3_661_000_000, 82_800_123_456, 59_000_000, 45_296_789_000];
const INTS: [i64; 8] = [1, 0, -3, 12, 365, -40, 7, 28];
const FLOATS: [f64; 8] = [0.5, -1.25, 0.1, 3.0, 1e-7, -0.333_333, 2.5e3, 0.000_000_5];

fn table() -> Table {
    let other = |row: usize| (row * 3 + 1) % 8;
    Table::new()
        .with("day", Date32Array::from(DAYS.to_vec()))
        .with("eve", Date32Array::from_iter_values((0..8).map(|row| DAYS[other(row)])))
        .with("at", TimestampMicrosecondArray::from(MOMENTS.to_vec()))
        .with("to", TimestampMicrosecondArray::from_iter_values((0..8).map(|row| MOMENTS[other(row)])))
        .with("utc", TimestampMicrosecondArray::from(MOMENTS.to_vec()).with_timezone("UTC"))
        .with("gap", DurationMicrosecondArray::from(DELTAS.to_vec()))
        .with("lag", DurationMicrosecondArray::from_iter_values((0..8).map(|row| DELTAS[other(row)])))
        .with("tick", Time64MicrosecondArray::from(TIMES.to_vec()))
        .ints("i", INTS)
        .ints("j", (0..8).map(|row| INTS[other(row)]))
        .floats("f", FLOATS)
}

fn rows_in_python() -> String {
    let mut rows = "[".to_owned();
    for row in 0..8 {
        let other = (row * 3 + 1) % 8;
        write!(
            rows,
            "dict(day=(date(1970, 1, 1) + timedelta({})), eve=(date(1970, 1, 1) + timedelta({})), \
             at=epoch + timedelta(microseconds={}), to=epoch + timedelta(microseconds={}), \
             utc=(epoch + timedelta(microseconds={})).replace(tzinfo=timezone.utc), \
             gap=timedelta(microseconds={}), lag=timedelta(microseconds={}), \
             tick=(epoch + timedelta(microseconds={})).time(), i={}, j={}, f={:?}),",
            DAYS[row],
            DAYS[other],
            MOMENTS[row],
            MOMENTS[other],
            MOMENTS[row],
            DELTAS[row],
            DELTAS[other],
            TIMES[row],
            INTS[row],
            INTS[other],
            FLOATS[row],
        )
        .unwrap();
    }
    rows + "]"
}

pub(crate) fn compare(expressions: &[String]) {
    let table = table();
    let (mut compared, mut differences) = (0, Vec::new());
    for (source, expected) in expressions.iter().zip(ask(SCRIPT, &rows_in_python(), expressions)) {
        let found: Vec<String> = match Expression::compile(source, &table, &NoLibrary) {
            Ok(expression) => {
                let (array, errors) = table.evaluate(&expression);
                let mut found: Vec<String> =
                    (0..array.len()).map(|row| answer(array.as_ref(), row)).collect();
                for (row, message) in errors.iter() {
                    if !found[row].starts_with('e') {
                        found[row] = format!("e{message}");
                    }
                }
                found
            }
            Err(error) => vec![format!("e{error}"); expected.len()],
        };
        for (row, (found, expected)) in found.iter().zip(&expected).enumerate() {
            // CPython's timedeltas and ints are larger.
            let overflows = found.contains("timedelta is out of range") || found.contains("integer overflow");
            let alike = overflows || if expected == "e" { found.starts_with('e') } else { found == expected };
            compared += usize::from(!overflows && expected != "e");
            if !alike {
                differences.push(format!("{source}\n    row {row}: {found}, not {expected}"));
            }
        }
    }
    let first: Vec<_> = differences.iter().take(15).cloned().collect();
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), first.join("\n"));
    assert!(compared > expressions.len() * 3, "only {compared} values were compared");
}

/// Numbers that are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }

    fn int(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&["i", "j", "3", "-2", "i + j"]).to_owned();
        }
        match self.below(9) {
            0 | 1 => format!("({}).{}", self.date(depth - 1), self.pick(&["year", "month", "day"])),
            2 => format!(
                "({}).{}",
                self.datetime(depth - 1),
                self.pick(&["year", "month", "day", "hour", "minute", "second", "microsecond"])
            ),
            3 => format!("({}).{}", self.delta(depth - 1), self.pick(&["days", "seconds", "microseconds"])),
            4 => {
                format!("({}).{}()", self.date(depth - 1), self.pick(&["weekday", "isoweekday", "toordinal"]))
            }
            5 => format!(
                "({}).isocalendar(){}",
                self.datetime(depth - 1),
                self.pick(&["[0]", "[1]", "[-1]", ".week", ".year", ".weekday"])
            ),
            6 => format!(
                "({}).timetuple().{}",
                self.datetime(depth - 1),
                self.pick(&["tm_yday", "tm_wday", "tm_hour"])
            ),
            7 => format!("({}) // ({})", self.delta(depth - 1), self.delta(0)),
            _ => format!(
                "({}).{}",
                self.time(depth - 1),
                self.pick(&["hour", "minute", "second", "microsecond"])
            ),
        }
    }

    fn number(&mut self) -> String {
        self.pick(&["i", "j", "f", "2", "0.5", "-7", "1e-6", "i / 7", "f * 3"]).to_owned()
    }

    fn date(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&["day", "eve", "date(2024, 2, 29)", "date(1999, 12, 31)"]).to_owned();
        }
        match self.below(9) {
            0 | 1 => format!("{} + {}", self.date(depth - 1), self.delta(depth - 1)),
            2 => format!("{} - ({})", self.date(depth - 1), self.delta(depth - 1)),
            3 => format!("({}).date()", self.datetime(depth - 1)),
            4 => format!(
                "({}).replace({}={})",
                self.date(depth - 1),
                self.pick(&["year", "month", "day"]),
                self.pick(&["1", "12", "28", "29", "31", "2023", "2024", "abs(i)", "abs(j) + 1"])
            ),
            5 => {
                format!("{}({}, {})", self.pick(&["max", "min"]), self.date(depth - 1), self.date(depth - 1))
            }
            6 => format!(
                "({} if {} else {})",
                self.date(depth - 1),
                self.truth(depth - 1),
                self.date(depth - 1)
            ),
            7 => format!("date.fromordinal({} + 730000)", self.int(0)),
            _ => format!("date(2000 + i, abs(j) % 12 + 1, {})", self.pick(&["28", "31", "1 + abs(i) % 28"])),
        }
    }

    fn datetime(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self
                .pick(&[
                    "at",
                    "to",
                    "datetime(2024, 2, 29, 12, 30)",
                    "datetime(1999, 12, 31, 23, 59, 59, 999999)",
                ])
                .to_owned();
        }
        match self.below(9) {
            0 | 1 => format!("{} + {}", self.datetime(depth - 1), self.delta(depth - 1)),
            2 => format!("{} - ({})", self.datetime(depth - 1), self.delta(depth - 1)),
            3 => format!("datetime.combine({}, {})", self.date(depth - 1), self.time(depth - 1)),
            4 => format!(
                "({}).replace({}={})",
                self.datetime(depth - 1),
                self.pick(&["year", "month", "day", "hour", "minute", "second", "microsecond"]),
                self.pick(&["1", "12", "28", "29", "31", "59", "2024", "abs(i)"])
            ),
            5 => format!("{} + {}", self.delta(depth - 1), self.datetime(depth - 1)),
            6 => format!(
                "({} if {} else {})",
                self.datetime(depth - 1),
                self.truth(depth - 1),
                self.datetime(depth - 1)
            ),
            7 => format!("datetime.fromtimestamp({})", self.number()),
            _ => format!(
                "datetime(2000 + i, abs(j) % 12 + 1, 28, abs(i) % 24, {})",
                self.pick(&["59", "60", "abs(j) % 60"])
            ),
        }
    }

    fn time(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&["tick", "time(8, 30)", "time(23, 59, 59, 999999)", "time()"]).to_owned();
        }
        match self.below(3) {
            0 => format!("({}).time()", self.datetime(depth - 1)),
            1 => format!(
                "({}).replace({}={})",
                self.time(depth - 1),
                self.pick(&["hour", "minute", "second", "microsecond"]),
                self.pick(&["0", "23", "24", "59", "abs(i)"])
            ),
            _ => format!("time(abs(i) % 24, abs(j) % 60, {})", self.pick(&["0", "59", "abs(j)"])),
        }
    }

    fn delta(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self
                .pick(&["gap", "lag", "timedelta(days=1)", "timedelta(hours=i)", "timedelta(i, j)"])
                .to_owned();
        }
        match self.below(13) {
            0 => format!("({} - {})", self.date(depth - 1), self.date(0)),
            1 => format!("({} - {})", self.datetime(depth - 1), self.datetime(0)),
            2 => format!("({} + {})", self.delta(depth - 1), self.delta(depth - 1)),
            3 => format!("({} - {})", self.delta(depth - 1), self.delta(depth - 1)),
            4 => format!("({}) * {}", self.delta(depth - 1), self.pick(&["i", "f", "0.1", "-3", "True"])),
            5 => format!("{} * ({})", self.pick(&["j", "f", "2.5"]), self.delta(depth - 1)),
            6 => format!("({}) / {}", self.delta(depth - 1), self.pick(&["j", "f", "7", "0.3", "-2"])),
            7 => format!("({}) // {}", self.delta(depth - 1), self.pick(&["i", "7", "-3"])),
            8 => format!("({}) % {}", self.delta(depth - 1), self.pick(&["lag", "timedelta(hours=1)"])),
            9 => format!("-({})", self.delta(depth - 1)),
            10 => format!("abs({})", self.delta(depth - 1)),
            _ => {
                let units = ["days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"];
                let first = self.below(7);
                let second = (first + 1 + self.below(6)) % 7;
                let (a, b) = (self.number(), self.number());
                format!("timedelta({}={a}, {}={b})", units[first], units[second])
            }
        }
    }

    fn truth(&mut self, depth: usize) -> String {
        let operator = self.pick(&["<", "<=", "==", "!=", ">", ">="]);
        match self.below(5) {
            0 => format!("{} {operator} {}", self.date(depth), self.date(0)),
            1 => format!("{} {operator} {}", self.datetime(depth), self.datetime(0)),
            2 => format!("{} {operator} {}", self.delta(depth), self.delta(0)),
            3 => format!("{} {operator} {}", self.time(depth), self.time(0)),
            _ => format!("not ({})", self.delta(depth)),
        }
    }

    fn float(&mut self, depth: usize) -> String {
        match self.below(3) {
            0 => format!("({}).total_seconds()", self.delta(depth)),
            1 => format!("({}) / ({})", self.delta(depth), self.delta(0)),
            _ => format!("({}).timestamp()", self.datetime(depth)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        let format = self.pick(&[
            "%Y-%m-%d",
            "%d/%m/%y %H:%M:%S",
            "%A, %-d %B %Y",
            "%a %b %e %j",
            "%I:%M %p %f",
            "%U %W %V %G %u %w",
            "%c",
            "%x %X",
            "%C %g %h %D %F %T %R %r",
            "%k|%l|%P|%^a|%#p|%_d|%0e|%-m",
            "no directive",
            "%%%n%t",
        ]);
        match self.below(8) {
            0 => format!("({}).strftime('{format}')", self.date(depth)),
            1 => format!("({}).strftime('{format}')", self.datetime(depth)),
            2 => format!("({}).strftime('{format}')", self.time(depth)),
            3 => format!("f'{{{}:%Y%m%dT%H}}'", self.datetime(0)),
            4 => format!("str({})", self.delta(depth)),
            5 => format!("f'{{{}}} {{{}}}'", self.date(0), self.time(0)),
            6 => format!(
                "({}).isoformat({})",
                self.datetime(depth),
                self.pick(&[
                    "",
                    "' '",
                    "timespec='minutes'",
                    "'_', 'milliseconds'",
                    "sep='T', timespec='hours'"
                ])
            ),
            _ => format!("str({}) + ({}).isoformat()", self.datetime(depth), self.date(0)),
        }
    }
}

#[test]
fn random_expressions_of_dates_agree_with_cpython() {
    let mut random = Random(7);
    let mut expressions = Vec::new();
    for round in 0..300 {
        let depth = 1 + round % 2;
        expressions.push(random.int(depth));
        expressions.push(random.date(depth));
        expressions.push(random.datetime(depth));
        expressions.push(random.delta(depth));
        expressions.push(random.time(depth));
        expressions.push(random.truth(depth));
        expressions.push(random.float(depth));
        expressions.push(random.text(depth));
    }
    compare(&expressions);
}

#[test]
fn every_directive_agrees_with_cpython() {
    let mut expressions = Vec::new();
    for directive in "aAbBcCdDeFgGhHIjklmMnpPrRSTtuUVwWxXyYzZf%".chars() {
        for value in ["day", "at", "utc", "tick", "to"] {
            expressions.push(format!("({value}).strftime('<%{directive}>')"));
        }
    }
    for flagged in
        ["-d", "-m", "-H", "-I", "-j", "_m", "_H", "0e", "0k", "^A", "^b", "#B", "#p", "-y", "-e", "_j", "-V"]
    {
        expressions.push(format!("at.strftime('%{flagged}') + utc.strftime('|%{flagged}')"));
    }
    compare(&expressions);
}

#[test]
fn texts_are_read_as_cpython_reads_them() {
    let mut expressions = Vec::new();
    for (text, format) in [
        ("2024-01-31", "%Y-%m-%d"),
        ("31/1/24", "%d/%m/%y"),
        ("31/1/69", "%d/%m/%y"),
        ("Jan  2, 2024", "%b %d, %Y"),
        ("february 29 2024 7:05 pm", "%B %d %Y %I:%M %p"),
        ("12:00 AM", "%I:%M %p"),
        ("12:30 PM", "%I:%M %p"),
        ("11:30", "%I:%M"),
        ("930", "%H%M"),
        ("1112024", "%m%d%Y"),
        ("20240131T235959.5", "%Y%m%dT%H%M%S.%f"),
        ("2024-060", "%Y-%j"),
        ("2024-366", "%Y-%j"),
        ("2023-366", "%Y-%j"),
        ("Mon 05 2024", "%a %W %Y"),
        ("Sunday 00 2024", "%A %U %Y"),
        ("2024 W05 3", "%G W%V %u"),
        ("2020-53-7", "%G-%V-%u"),
        ("2021-53-7", "%G-%V-%u"),
        ("29 Feb", "%d %b"),
        ("2024-02-30", "%Y-%m-%d"),
        ("2024-01-31 ", "%Y-%m-%d"),
        ("2024-1-3x", "%Y-%m-%d"),
        ("2024-01-31 12:00:00+0200", "%Y-%m-%d %H:%M:%S%z"),
        ("2024-01-31 12:00:00-02:30", "%Y-%m-%d %H:%M:%S%z"),
        ("2024-01-31 12:00:00Z", "%Y-%m-%d %H:%M:%S%z"),
        ("Wed Jan 31 12:00:00 2024", "%c"),
        ("01/31/24 12:00:61", "%x %X"),
        ("01/31/24 12:00:59", "%x %X"),
        ("100%", "%j%%"),
        ("utc 5", "%Z %d"),
        ("", "%Y"),
        ("0000-01-01", "%Y-%m-%d"),
    ] {
        expressions.push(format!("datetime.strptime('{text}', '{format}')"));
        expressions.push(format!("datetime.strptime('{text}' if i > -100 else '', '{format}')"));
    }
    for text in [
        "2024-01-31",
        "20240131",
        "2024-W05-3",
        "2024W053",
        "2024-W05",
        "2024W05",
        "2024-1-31",
        "2024-13-01",
        "",
        "2024-02-30",
        "2024-W54-1",
        "x",
    ] {
        expressions.push(format!("date.fromisoformat('{text}')"));
        expressions.push(format!("datetime.fromisoformat('{text}')"));
    }
    for text in [
        "2024-01-31T12",
        "2024-01-31 12:30",
        "2024-01-31x12:30:45",
        "2024-01-31T12:30:45.1",
        "2024-01-31T12:30:45,123456789",
        "20240131T123045",
        "2024-W05-3T12:30",
        "2024-01-31T12:30:45.123Z",
        "2024-01-31T12:30+02:00",
        "2024-01-31T12:30-0230",
        "2024-01-31T24:00",
        "2024-01-31T12:3",
        "2024-01-31T",
        "2024-01-31T12:30:45.",
        "2024W053T10",
        "2024-01-31T12:3045",
    ] {
        expressions.push(format!("datetime.fromisoformat('{text}')"));
    }
    for text in ["12", "12:30", "T12:30", "123045", "12:30:45.5", "25:00", "12:30:60", ""] {
        expressions.push(format!("time.fromisoformat('{text}')"));
    }
    compare(&expressions);
}
