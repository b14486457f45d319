//! What CPython says, and our answers in the same spelling.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, DurationMicrosecondType, Float64Type, Int64Type, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType,
};

/// The answers of `script` to each expression, for each of `rows`, a list in Python.
pub(crate) fn ask(script: &str, rows: &str, expressions: &[String]) -> Vec<Vec<String>> {
    let mut child = Command::new("python3")
        .args(["-c", script])
        .env("PYTHONIOENCODING", "utf-8")
        .env("TZ", "UTC")
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs python3");
    let input = format!("{rows}\n{}\n", expressions.join("\n"));
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "python3 failed");
    let answers: Vec<Vec<String>> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| line.split(' ').map(str::to_owned).collect())
        .collect();
    assert_eq!(answers.len(), expressions.len());
    answers
}

/// The value of a row, spelled so that equal values of equal types have equal answers.
pub(crate) fn answer(array: &dyn Array, row: usize) -> String {
    if array.is_null(row) {
        return "n".to_owned();
    }
    match array.data_type() {
        DataType::Int64 => format!("i{}", array.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => format!("f{:016x}", array.as_primitive::<Float64Type>().value(row).to_bits()),
        DataType::Boolean => if array.as_boolean().value(row) { "b1" } else { "b0" }.to_owned(),
        DataType::Date32 => format!("d{}", array.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let kind = if zone.is_some() { "U" } else { "D" };
            format!("{kind}{}", array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::Duration(_) => format!("T{}", array.as_primitive::<DurationMicrosecondType>().value(row)),
        DataType::Time64(_) => format!("t{}", array.as_primitive::<Time64MicrosecondType>().value(row)),
        DataType::Utf8 => {
            let mut text = "s".to_owned();
            array.as_string::<i32>().value(row).bytes().for_each(|byte| write!(text, "{byte:02x}").unwrap());
            text
        }
        other => panic!("{other}"),
    }
}
