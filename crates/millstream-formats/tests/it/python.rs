//! Files that Python's `csv`, `json` and `gzip` write are read, and they read ours, with the same values on both
//! sides.

use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use millstream_core::Encode;
use millstream_formats::csv::{CsvEncoder, CsvFormat, CsvReadOptions, CsvWriteOptions};
use millstream_formats::jsonl::{JsonlEncoder, JsonlFormat, JsonlReadOptions};
use millstream_formats::{Compression, decompress};

use crate::reader;

fn python(directory: &Path, script: &str) {
    let output = Command::new("python3").arg("-c").arg(script).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

const TEXTS: &str = r#"
import csv, json, random, gzip
from decimal import Decimal
random.seed(7)
ALPHABET = 'ab ,;"\'\n\r\\\t\u00e9\u6f22\U0001f600\u2028\x01'
def text():
    return ''.join(random.choice(ALPHABET) for _ in range(random.randrange(8)))
rows = [(random.randrange(-2**63, 2**63), random.uniform(-1e9, 1e9), random.choice([True, False]), text(), text())
        for _ in range(2000)]
"#;

#[test]
fn csv_that_python_writes() {
    let directory = tempfile::tempdir().unwrap();
    python(
        directory.path(),
        &format!(
            r"{TEXTS}
for name, options in [('excel', {{}}), ('unix', {{'dialect': 'unix'}}), ('quoted', {{'lineterminator': '\n', 'quoting': csv.QUOTE_NONNUMERIC}})]:
    with open(name + '.csv', 'w', newline='') as f:
        w = csv.writer(f, **options)
        w.writerow(['i', 'x', 'flag', 's', 't'])
        w.writerows([(i, repr(x), b, s or ' ', t or ' ') for i, x, b, s, t in rows])
with gzip.open('twice.csv.gz', 'wb') as f:
    f.write(open('excel.csv', 'rb').read())
"
        ),
    );
    let plain = std::fs::read(directory.path().join("excel.csv")).unwrap();
    let mut unpacked = Vec::new();
    let packed = std::fs::File::open(directory.path().join("twice.csv.gz")).unwrap();
    decompress(Compression::Gzip, packed).unwrap().read_to_end(&mut unpacked).unwrap();
    assert!(plain == unpacked);
    for name in ["excel", "unix", "quoted"] {
        let file = std::fs::read(directory.path().join(format!("{name}.csv"))).unwrap();
        let (format, _) = CsvFormat::infer(CsvReadOptions::default(), &file, true).unwrap();
        let content = reader::read(&format, &file, &[777]);
        assert_eq!(content.rejected, []);
        let mut json = Vec::new();
        let encoder = JsonlEncoder::new(&content.batch.schema()).unwrap();
        encoder.encode(&content.batch, &mut json).unwrap();
        std::fs::write(directory.path().join(format!("{name}.jsonl")), json).unwrap();
        python(
            directory.path(),
            &format!(
                r"{TEXTS}
found = [json.loads(line) for line in open('{name}.jsonl', newline='\n', encoding='utf-8')]
assert len(found) == len(rows), len(found)
for row, (i, x, b, s, t) in zip(found, rows):
    expected = dict(i=i, x=x, flag=b, s=s or ' ', t=t or ' ')
    assert row == expected, (row, expected)
"
            ),
        );
    }
}

#[test]
fn csv_that_python_reads() {
    let directory = tempfile::tempdir().unwrap();
    python(
        directory.path(),
        &format!("{TEXTS}\nopen('texts.json', 'w').write(json.dumps([(s, t) for _, _, _, s, t in rows]))"),
    );
    let texts: Vec<(String, String)> =
        serde_json::from_slice(&std::fs::read(directory.path().join("texts.json")).unwrap()).unwrap();
    let (first, second): (Vec<String>, Vec<String>) = texts.into_iter().unzip();
    let columns: [(&str, ArrayRef); 2] =
        [("s", Arc::new(StringArray::from(first))), ("a,\"t\"", Arc::new(StringArray::from(second)))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let encoder = CsvEncoder::new(&batch.schema(), &CsvWriteOptions::default()).unwrap();
    let mut file = encoder.header();
    encoder.encode(&batch, &mut file).unwrap();
    std::fs::write(directory.path().join("ours.csv"), file).unwrap();
    python(
        directory.path(),
        &format!(
            r#"{TEXTS}
found = list(csv.reader(open('ours.csv', newline='', encoding='utf-8'), strict=True))
assert found[0] == ['s', 'a,"t"'], found[0]
assert found[1:] == [[s, t] for _, _, _, s, t in rows]
"#
        ),
    );
}

#[test]
fn jsonl_that_python_writes_and_reads() {
    let directory = tempfile::tempdir().unwrap();
    python(
        directory.path(),
        &format!(
            r"{TEXTS}
def row(i, x, b, s, t):
    return dict(i=i, x=x, flag=b, s=s, nested=dict(t=t, list=[i, None, 5]), big=random.randrange(10**37), maybe=random.choice([None, s]))
with open('theirs.jsonl', 'w') as f:
    for index, r in enumerate(rows):
        f.write(json.dumps(row(*r), ensure_ascii=index % 2 == 0, indent=None, separators=[(',', ':'), (', ', ': ')][index % 3 == 0]) + '\n')
"
        ),
    );
    let file = std::fs::read(directory.path().join("theirs.jsonl")).unwrap();
    let (format, _) = JsonlFormat::infer(JsonlReadOptions::default(), &file, true).unwrap();
    let content = reader::read(&format, &file, &[1_000]);
    assert_eq!(content.rejected, []);
    let mut ours = Vec::new();
    JsonlEncoder::new(&content.batch.schema()).unwrap().encode(&content.batch, &mut ours).unwrap();
    std::fs::write(directory.path().join("ours.jsonl"), ours).unwrap();
    python(
        directory.path(),
        r"
import json
theirs = [json.loads(line) for line in open('theirs.jsonl', encoding='utf-8', newline='\n')]
ours = [json.loads(line) for line in open('ours.jsonl', encoding='utf-8', newline='\n')]
assert len(theirs) == 2000 and theirs == ours
",
    );
}

#[test]
fn numbers_keep_all_their_digits() {
    let directory = tempfile::tempdir().unwrap();
    let columns: [(&str, ArrayRef); 3] = [
        ("i", Arc::new(Int64Array::from(vec![i64::MIN, i64::MAX, (1 << 53) + 1]))),
        ("f", Arc::new(Float64Array::from(vec![0.1, 5e-324, 1.797_693_134_862_315_7e308]))),
        (
            "d",
            Arc::new(
                Decimal128Array::from(vec![12_345_678_901_234_567_890_123_456_789_012_345_678, -1, 0])
                    .with_precision_and_scale(38, 10)
                    .unwrap(),
            ),
        ),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut json = Vec::new();
    JsonlEncoder::new(&batch.schema()).unwrap().encode(&batch, &mut json).unwrap();
    std::fs::write(directory.path().join("n.jsonl"), &json).unwrap();
    python(
        directory.path(),
        r"
import json
from decimal import Decimal
exact = [json.loads(line, parse_float=Decimal) for line in open('n.jsonl')]
plain = [json.loads(line) for line in open('n.jsonl')]
assert [r['i'] for r in exact] == [-2**63, 2**63 - 1, 2**53 + 1]
assert [r['f'] for r in plain] == [0.1, 5e-324, 1.7976931348623157e308]
assert [r['d'] for r in exact] == [Decimal('1234567890123456789012345678.9012345678'), Decimal('-0.0000000001'), 0]
",
    );
    let columns = vec![("d".to_owned(), DataType::Decimal128(38, 10))];
    let options = JsonlReadOptions { columns: Some(columns), ..JsonlReadOptions::default() };
    let (format, _) = JsonlFormat::infer(options, &json, true).unwrap();
    let content = reader::whole(&format, &json);
    assert_eq!(content.batch.column(2), batch.column(2));
    assert_eq!(content.batch.column(0), batch.column(0));
}
