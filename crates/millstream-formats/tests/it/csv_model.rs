//! The CSV reader against a parser that looks at one byte after the other.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use millstream_core::Payload;
use millstream_formats::csv::{CsvFormat, CsvReadOptions};
use millstream_formats::text::{Block, TextFormat};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::reader;

const FIELDS: usize = 3;

#[derive(Debug, Default, Clone, PartialEq)]
struct Field {
    content: Vec<u8>,
    quoted: bool,
}

#[derive(Debug, Default)]
struct Record {
    fields: Vec<Field>,
    bad: bool,
    line: usize,
    raw: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Start,
    Plain,
    Quoted,
    Closed,
}

/// All records that are no blank lines, and the end of the last one that a line feed ends.
fn model(bytes: &[u8]) -> (Vec<Record>, usize) {
    let mut records = Vec::new();
    let mut whole = 0;
    let (mut line, mut start) = (1, 0);
    let mut record = Record { line, ..Record::default() };
    let mut field = Field::default();
    let mut state = State::Start;
    let mut position = 0;
    loop {
        let byte = bytes.get(position).copied();
        let line_end = match byte {
            None => true,
            Some(b'\n') => state != State::Quoted,
            Some(b'\r') if state != State::Quoted => matches!(bytes.get(position + 1), None | Some(b'\n')),
            Some(_) => false,
        };
        if line_end {
            if state == State::Quoted {
                record.bad = true;
            }
            let blank = record.fields.is_empty() && field == Field::default() && position == start;
            record.fields.push(std::mem::take(&mut field));
            record.raw = bytes[start..position].to_vec();
            if !blank {
                records.push(std::mem::take(&mut record));
            }
            position += usize::from(byte == Some(b'\r'));
            if position >= bytes.len() {
                return (records, whole);
            }
            position += 1;
            whole = position;
            line += 1;
            start = position;
            record = Record { line, ..Record::default() };
            state = State::Start;
            if position == bytes.len() {
                return (records, whole);
            }
            continue;
        }
        let byte = byte.unwrap();
        line += usize::from(byte == b'\n');
        match (state, byte) {
            (State::Start, b'"') => {
                field.quoted = true;
                state = State::Quoted;
            }
            (State::Start | State::Plain | State::Closed, b',') => {
                record.fields.push(std::mem::take(&mut field));
                state = State::Start;
            }
            (State::Start | State::Plain, other) => {
                record.bad |= other == b'"';
                field.content.push(other);
                state = State::Plain;
            }
            (State::Quoted, b'"') => {
                if bytes.get(position + 1) == Some(&b'"') {
                    field.content.push(b'"');
                    position += 1;
                } else {
                    state = State::Closed;
                }
            }
            (State::Quoted, other) => field.content.push(other),
            (State::Closed, _) => record.bad = true,
        }
        position += 1;
    }
}

fn format() -> CsvFormat {
    let options = CsvReadOptions {
        header: false,
        columns: Some((0..FIELDS).map(|index| (format!("c{index}"), DataType::Utf8)).collect()),
        ..CsvReadOptions::default()
    };
    CsvFormat::infer(options, b"", true).unwrap().0
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let format = format();
    let (records, whole) = model(bytes);
    prop_assert_eq!(format.whole_records(bytes, false).unwrap(), whole);
    prop_assert_eq!(format.whole_records(bytes, true).unwrap(), bytes.len());
    let block = Block { bytes: bytes.to_vec(), file: Arc::from("m.csv"), byte_offset: 0, first_line: 1 };
    let decoded = format.decode(&block).unwrap();
    let is_utf8 =
        |record: &Record| record.fields.iter().all(|field| std::str::from_utf8(&field.content).is_ok());
    let fits = |record: &Record| !record.bad && record.fields.len() == FIELDS && is_utf8(record);
    let good: Vec<&Record> = records.iter().filter(|record| fits(record)).collect();
    prop_assert_eq!(decoded.batch.num_rows(), good.len());
    for column in 0..FIELDS {
        let array = decoded.batch.column(column).as_string::<i32>();
        for (row, record) in good.iter().enumerate() {
            let field = &record.fields[column];
            let expected = (field.quoted || !field.content.is_empty()).then_some(field.content.as_slice());
            let found = array.is_valid(row).then(|| array.value(row).as_bytes());
            prop_assert_eq!(found, expected);
        }
    }
    let bad: Vec<(usize, &Record)> = records.iter().enumerate().filter(|(_, record)| !fits(record)).collect();
    prop_assert_eq!(decoded.rejected.len(), bad.len());
    for (rejected, (index, record)) in decoded.rejected.iter().zip(bad) {
        prop_assert_eq!(rejected.row_index, index as u64);
        let place = format!("m.csv:{}: ", record.line);
        prop_assert!(rejected.message.starts_with(&place), "{} instead of {}", rejected.message, place);
        prop_assert_eq!(&rejected.payload, &Payload::Raw(record.raw.clone()));
        if !record.bad && record.fields.len() != FIELDS {
            let reason = format!("expected {FIELDS}");
            prop_assert!(rejected.message.ends_with(&reason), "{}", rejected.message);
        }
    }
    Ok(())
}

fn likely() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop::sample::select(b"ab1,,,,\"\"\"\n\n\r\xc3\xa9".to_vec());
    vec(byte, 0..200)
}

/// Mostly well-formed records, long enough to pass the 64 bytes that are looked at together.
fn records() -> impl Strategy<Value = Vec<u8>> {
    let field = prop_oneof!["[a-z0-9]{0,30}", "\"[a-z,\n\r]{0,30}(\"\"[a-z]{0,3}){0,3}\"", "[a\"]{0,3}"];
    let record = (vec(field, 2..5), prop::sample::select(vec!["\n", "\n", "\r\n", "\n\n", ""]));
    vec(record, 0..20).prop_map(|records| {
        let lines = records.into_iter().map(|(fields, end)| fields.join(",") + end);
        lines.collect::<String>().into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_bytes(bytes in likely()) {
        check(&bytes)?;
    }

    #[test]
    fn likely_records(bytes in records()) {
        check(&bytes)?;
    }

    #[test]
    fn blocks_cut_anywhere_hold_the_same_rows(bytes in records(), noise in likely(), pieces in vec(1usize..80, 0..10)) {
        let format = format();
        for bytes in [bytes, noise] {
            // A byte order mark cannot come up: its bytes are not in the alphabet.
            prop_assert_eq!(reader::read(&format, &bytes, &pieces), reader::whole(&format, &bytes));
        }
    }
}
