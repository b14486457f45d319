//! Columns of tables: their types on the way into files, nulls, and `data` as YAML writes it.

use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, SchemaRef, TimeUnit};
use insta::assert_snapshot;
use millstream_config::{Document, OutputFormat, Overrides, Purpose, plan};
use millstream_core::Decode as _;
use millstream_formats::parquet::ParquetInput;

/// Makes the tables of a file into `folder`; the error if that fails, also while it runs.
fn generate(text: &str, folder: &Path, format: OutputFormat) -> Result<(), String> {
    let (document, _) =
        Document::parse("file.yaml", text, &|_| None).map_err(|errors| errors.render(false))?;
    let purpose = Purpose::Generate { output: folder.to_owned(), format, only: None };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let outcome = plan(&document, &purpose, &Overrides::default())
            .await
            .map_err(|error| shown(&error))?
            .run()
            .await;
        outcome.map_err(|error| shown(&error))?.result.map_err(|error| shown(&error))
    })
}

fn shown(error: &millstream_core::Error) -> String {
    let hint = error.hint_text().map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
    format!("{error}{hint}")
}

fn table(columns: &str) -> String {
    format!(
        "config: {{start: 2024-07-03T10:00:00Z}}\ntables:\n  - table_name: t\n    row_count: 100\n    columns:\n{columns}"
    )
}

fn parquet(text: &str) -> (SchemaRef, RecordBatch) {
    let folder = tempfile::tempdir().unwrap();
    generate(text, folder.path(), OutputFormat::Parquet).unwrap();
    let input = ParquetInput::open(&folder.path().join("t.parquet"), None).unwrap();
    let slice = Box::new(input.read(0, 0).unwrap());
    (input.schema(), slice.decode().unwrap().batch)
}

const TYPES: &str = r#"
      - {column_name: id, data: row_id, type: int32, is_primary_key: true}
      - {column_name: small, data: row_id, type: Int8, parquet_type: int64}
      - {column_name: price, data: row_id / 4, parquet_type: "decimal128(10, 2)", description: in euros}
      - {column_name: text, data: row_id, type: string}
      - {column_name: flag, data: row_id % 2, type: boolean}
      - {column_name: born, data: '"2000-02-29"', type: date}
      - {column_name: at, data: tick_time(), type: 'datetime64[ns]', parquet_type: 'timestamp[ms]'}
      - {column_name: berlin, data: tick_time(), type: "timestamp[us, tz=Europe/Berlin]"}
      - {column_name: clock, data: '"08:30:15"', type: time}
      - {column_name: raw, data: '"abc"', type: binary}
      - {column_name: ratio, data: 1 / row_id, parquet_type: float}
      - {column_name: kind, data: '"a"', type: category, null_percentage: 25%}
"#;

#[test]
fn types_reach_parquet_files() {
    let (schema, batch) = parquet(&table(TYPES));
    let types: Vec<String> =
        schema.fields().iter().map(|field| format!("{}: {}", field.name(), field.data_type())).collect();
    assert_snapshot!(types.join("\n"), @r#"
    id: Int32
    small: Int64
    price: Decimal128(10, 2)
    text: Utf8
    flag: Boolean
    born: Date32
    at: Timestamp(ms)
    berlin: Timestamp(µs, "Europe/Berlin")
    clock: Time64(µs)
    raw: Binary
    ratio: Float32
    kind: Utf8
    "#);
    assert_eq!(schema.field(2).metadata().get("description").map(String::as_str), Some("in euros"));
    assert!(!schema.field(2).metadata().contains_key("parquet_type"));
    assert_eq!(batch.column(2).as_primitive::<Decimal128Type>().value(2), 75);
    assert_eq!(batch.column(3).as_string::<i32>().value(9), "10");
    assert_eq!(batch.column(11).null_count(), 25);
}

#[test]
fn types_reach_csv_and_jsonl_files() {
    let folder = tempfile::tempdir().unwrap();
    let first = |format, name: &str, line: usize| {
        generate(&table(TYPES), folder.path(), format).unwrap();
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        text.lines().nth(line).unwrap().to_owned()
    };
    assert_snapshot!(first(OutputFormat::Csv, "t.csv", 1), @r#"
    1,1,0.25,1,true,2000-02-29,2024-07-03T09:58:20,2024-07-03T09:58:20Z,08:30:15,YWJj,1.0,
    "#);
    assert_snapshot!(first(OutputFormat::Jsonl, "t.jsonl", 0), @r#"
    {"id":1,"small":1,"price":0.25,"text":"1","flag":true,"born":"2000-02-29","at":"2024-07-03T09:58:20","berlin":"2024-07-03T09:58:20Z","clock":"08:30:15","raw":"YWJj","ratio":1.0,"kind":null}
    "#);
}

#[test]
fn delta_refuses_what_it_cannot_hold_before_the_first_row() {
    let folder = tempfile::tempdir().unwrap();
    assert_snapshot!(generate(&table(TYPES), folder.path(), OutputFormat::Delta).unwrap_err(), @r#"
    error: Delta cannot hold column clock: its type is Time64(µs)
      --> file.yaml:15:23
       |
    15 |       - {column_name: clock, data: '"08:30:15"', type: time}
       |                       ^^^^^
       |
       = hint: Delta has no times of day and no durations: turn the column into text or a number
    "#);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let names = table(
        "      - {column_name: 'first name', data: 1}\n      - {column_name: a, data: 1}\n      - {column_name: A, data: 1}\n",
    );
    assert_snapshot!(generate(&names, folder.path(), OutputFormat::Delta).unwrap_err(), @r#"
    error: Delta cannot hold a column named "first name": blanks and , ; { } ( ) = are not allowed in names
     --> file.yaml:6:23
      |
    6 |       - {column_name: 'first name', data: 1}
      |                       ^^^^^^^^^^^^
      |
      = hint: rename the column, or add the transform `snake_case`
    "#);
}

#[test]
fn descriptions_become_comments_of_delta_columns() {
    let folder = tempfile::tempdir().unwrap();
    let text = table(
        "      - {column_name: id, data: row_id, parquet_type: int16, description: 'the key, \"id\"'}\n",
    );
    generate(&text, folder.path(), OutputFormat::Delta).unwrap();
    let log = std::fs::read_to_string(folder.path().join("t/_delta_log/00000000000000000000.json")).unwrap();
    assert!(log.contains(r#"\"comment\":\"the key, \\\"id\\\"\""#), "{log}");
    assert!(log.contains(r#"\"type\":\"short\""#), "{log}");
}

#[test]
fn a_value_that_a_file_cannot_hold_shows_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let text = table(
        "      - {column_name: id, data: row_id}\n      - {column_name: n, data: row_id * 3, parquet_type: int8}\n",
    );
    assert_snapshot!(generate(&text, folder.path(), OutputFormat::Parquet).unwrap_err(), @r#"
    sink t: column `n` of the row with id = 43: 129 does not fit its parquet_type, Int8 (hint: declare a wider `parquet_type`, or change the column's `data`)
    "#);
    // Other formats do not look at it.
    generate(&text, folder.path(), OutputFormat::Csv).unwrap();
}

#[test]
fn a_stored_type_that_values_cannot_become() {
    let folder = tempfile::tempdir().unwrap();
    let text = table("      - {column_name: at, data: tick_time(), parquet_type: int64}\n");
    assert_snapshot!(generate(&text, folder.path(), OutputFormat::Parquet).unwrap_err(), @r#"
    error: column `at` holds values of type datetime, which cannot be stored as integer
     --> file.yaml:6:60
      |
    6 |       - {column_name: at, data: tick_time(), parquet_type: int64}
      |                                                            ^^^^^
      |
      = hint: change its `parquet_type`, or make such values in `data`
    "#);
}

#[test]
fn data_as_yaml_writes_it() {
    let (schema, batch) = parquet(&table(
        r#"
      - {column_name: five, data: 5}
      - {column_name: quoted, data: "5"}
      - {column_name: truth, data: true}
      - {column_name: affirmed, data: yes}
      - {column_name: negated, data: Off}
      - {column_name: float, data: 1.50}
      - {column_name: missing, data: null}
      - {column_name: none, data: "None"}
      - {column_name: text, data: r"170 cm"}
      - {column_name: typed, data: None, type: float}
"#,
    ));
    assert_eq!(batch.column(0), batch.column(1));
    assert!(batch.column(2).as_boolean().value(0) && batch.column(3).as_boolean().value(0));
    assert!(!batch.column(4).as_boolean().value(0));
    assert_eq!((batch.column(6).null_count(), batch.column(7).null_count()), (100, 100));
    assert_eq!(batch.column(8).as_string::<i32>().value(0), "170 cm");
    assert_eq!(*schema.field(9).data_type(), DataType::Float64);
    assert_eq!(batch.column(9).null_count(), 100);
}

#[test]
fn lists_of_yaml_are_the_value_of_every_row() {
    let folder = tempfile::tempdir().unwrap();
    let text = table(
        "      - {column_name: l, data: [1, 2.5, -3]}\n      - {column_name: t, data: [a, \"b \\\"c\\\"\"]}\n",
    );
    generate(&text, folder.path(), OutputFormat::Jsonl).unwrap();
    let rows = std::fs::read_to_string(folder.path().join("t.jsonl")).unwrap();
    assert_eq!(rows.lines().nth(99), Some(r#"{"l":[1.0,2.5,-3.0],"t":["a","b \"c\""]}"#));
}

#[test]
fn json_files_may_write_characters_as_surrogates() {
    let text = r#"{"tables": [{"table_name": "t", "row_count": 1, "columns": [{"column_name": "\ud83d\ude00", "data": "\"\ud83d\ude00\""}]}]}"#;
    let (document, _) = Document::parse("file.json", text, &|_| None).unwrap();
    let column = &document.tables[0].columns[0];
    assert_eq!((column.name.value.as_str(), column.data.text()), ("😀", "\"😀\""));
}

#[test]
fn row_ids_may_begin_anywhere() {
    let text = table("      - {column_name: id, data: row_id}\n")
        .replace("row_count: 100", "row_count: 5\n    start_row_id: -2");
    let (_, batch) = parquet(&text);
    let ids: Vec<i64> = batch.column(0).as_primitive::<arrow::datatypes::Int64Type>().values().to_vec();
    assert_eq!(ids, [-2, -1, 0, 1, 2]);
}

#[test]
fn table_faker_files_may_be_json_and_need_no_version() {
    let text = "{\n\t\"config\": {\"locale\": \"en_US\", \"python_import\": [\"math\", \"dateutil\"]},\n\t\"tables\": [\n\t\t{\"table_name\": \"t\",\n\t\t \"row_count\": 3, \"columns\": [{\"column_name\": \"a\\u00e9\\/b\", \"data\": \"row_id\", \"type\": \"string\", \"null_percentage\": \"0%\"}]}\n\t]\n}\n";
    let (schema, batch) = parquet(text);
    assert_eq!(schema.field(0).name(), "aé/b");
    assert_eq!(batch.column(0).as_string::<i32>().value(2), "3");
}

#[test]
fn zones_in_files_are_those_declared() {
    let (schema, _) = parquet(&table(TYPES));
    let zone = DataType::Timestamp(TimeUnit::Microsecond, Some("Europe/Berlin".into()));
    assert_eq!(*schema.field(7).data_type(), zone);
}
