//! Tables from Avro schemas (<https://avro.apache.org/docs/1.12.0/specification/>): types, and nothing of values.

use arrow::datatypes::DataType;
use serde_json::Value;

use crate::numbers::Numbers;
use crate::profile::{Column, TableProfile, Values, quoted};
use crate::shape::Shapes;

/// Rows that a table gets whose number nobody knows.
const ROWS: u64 = 1000;

/// What keeps a document from being a schema of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotASchema(pub String);

/// The table of a record schema, as JSON text.
///
/// # Errors
/// If it is no JSON, or no Avro schema of a record.
pub fn table_of_avro_schema(text: &str, origin: &str) -> Result<TableProfile, NotASchema> {
    let schema: Value =
        serde_json::from_str(text).map_err(|error| NotASchema(format!("it is no JSON: {error}")))?;
    let fields = schema.get("fields").and_then(Value::as_array);
    let name = schema.get("name").and_then(Value::as_str);
    let (Some("record"), Some(fields), Some(name)) =
        (schema.get("type").and_then(Value::as_str), fields, name)
    else {
        return Err(NotASchema("an Avro schema of a table is a record with a name and fields".to_owned()));
    };
    let mut table = TableProfile::new(name, origin);
    table.rows = ROWS;
    table.columns = fields.iter().map(field).collect::<Result<_, _>>()?;
    if table.columns.is_empty() {
        return Err(NotASchema("the record has no fields".to_owned()));
    }
    Ok(table)
}

fn field(field: &Value) -> Result<Column, NotASchema> {
    let name = field.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| NotASchema("a field has no name".to_owned()))?;
    let kind = field.get("type").ok_or_else(|| NotASchema(format!("the field {name} has no type")))?;
    let mut column = Column::new(name, DataType::Null);
    column.rows = ROWS;
    column.description = field.get("doc").and_then(Value::as_str).map(str::to_owned);
    fill(&mut column, kind)?;
    Ok(column)
}

fn fill(column: &mut Column, kind: &Value) -> Result<(), NotASchema> {
    match kind {
        Value::Array(branches) => {
            let mut others = branches.iter().filter(|branch| branch.as_str() != Some("null"));
            let first = others.next();
            if first.is_some() && others.next().is_none() {
                if branches.len() > 1 {
                    // How often is not said: one in ten.
                    column.nulls = ROWS / 10;
                }
                return first.map_or(Ok(()), |kind| fill(column, kind));
            }
            Err(NotASchema(format!(
                "`{}` is a union of several types, which a column cannot hold",
                column.name
            )))
        }
        Value::String(name) => {
            column.values = primitive(&column.name, name)?;
            Ok(())
        }
        Value::Object(object) => {
            let name = object.get("type").and_then(Value::as_str);
            let logical = object.get("logicalType").and_then(Value::as_str);
            const DAY: i64 = 86_400_000_000;
            // The years 2024 and 2025.
            let days = (19_723, 20_453);
            column.values = match (name, logical) {
                (_, Some("date")) => Values::Dates(days.0, days.1),
                (_, Some(logical)) if logical.contains("timestamp") => {
                    Values::Instants(i64::from(days.0) * DAY, i64::from(days.1) * DAY, false)
                }
                (_, Some("uuid")) => texts("00000000-0000-4000-8000-000000000000"),
                (_, Some("decimal")) => {
                    let scale = object.get("scale").and_then(Value::as_u64).unwrap_or(0);
                    let mut numbers = numbers(0.0, 10_000.0);
                    numbers.places = usize::try_from(scale).unwrap_or(0).min(crate::numbers::MOST_PLACES);
                    Values::Floats(numbers)
                }
                (Some("enum"), _) => {
                    let symbols = object.get("symbols").and_then(Value::as_array);
                    for symbol in symbols.into_iter().flatten().filter_map(Value::as_str) {
                        column.distinct.categories.insert(quoted(symbol), ROWS / 10);
                    }
                    Values::Texts(Shapes::default())
                }
                (Some("array"), _) => {
                    let mut items = Column::new("item", DataType::Null);
                    items.rows = ROWS;
                    let kind = object.get("items");
                    fill(
                        &mut items,
                        kind.ok_or_else(|| NotASchema(format!("`{}` has no items", column.name)))?,
                    )?;
                    Values::Lists(0, 3, Box::new(items))
                }
                (Some("record"), _) => {
                    let fields = object.get("fields").and_then(Value::as_array);
                    let fields =
                        fields.ok_or_else(|| NotASchema(format!("`{}` has no fields", column.name)))?;
                    Values::Records(fields.iter().map(field).collect::<Result<_, _>>()?)
                }
                (Some(name), _) => primitive(&column.name, name)?,
                (None, _) => match object.get("type") {
                    Some(kind) => return fill(column, kind),
                    None => return Err(NotASchema(format!("`{}` has no type", column.name))),
                },
            };
            Ok(())
        }
        _ => Err(NotASchema(format!("the type of `{}` is no Avro type", column.name))),
    }
}

fn primitive(column: &str, name: &str) -> Result<Values, NotASchema> {
    Ok(match name {
        "null" | "bytes" | "fixed" | "map" => Values::Other,
        "boolean" => Values::Booleans,
        "int" | "long" => {
            // A number that is called an id counts; nothing else is known of it.
            Values::Integers(numbers(
                1.0,
                if crate::names::words(column).last().is_some_and(|word| word == "id") {
                    ROWS as f64
                } else {
                    1000.0
                },
            ))
        }
        "float" | "double" => {
            let mut numbers = numbers(0.0, 1000.0);
            numbers.places = 2;
            Values::Floats(numbers)
        }
        "string" => texts("word"),
        other => return Err(NotASchema(format!("`{column}` is of the type {other}, which is not known"))),
    })
}

fn numbers(low: f64, high: f64) -> Numbers {
    let mut numbers = Numbers::default();
    numbers.add(low);
    numbers.add(high);
    numbers
}

fn texts(example: &str) -> Values {
    let mut shapes = Shapes::default();
    shapes.add(example);
    Values::Texts(shapes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_becomes_a_table() {
        let schema = r#"{"type": "record", "name": "Order", "fields": [
            {"name": "id", "type": "long", "doc": "the number"},
            {"name": "email", "type": ["null", "string"]},
            {"name": "status", "type": {"type": "enum", "name": "S", "symbols": ["new", "paid"]}},
            {"name": "placed", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "tags", "type": {"type": "array", "items": "string"}},
            {"name": "buyer", "type": {"type": "record", "name": "B", "fields": [{"name": "city", "type": "string"}]}}
        ]}"#;
        let file = crate::tables_file(&[table_of_avro_schema(schema, "order.avsc").unwrap()]);
        for line in [
            "table_name: Order",
            "row_count: 1000",
            "data: 'random.randint(1, 1000)'",
            "description: 'the number'",
            "data: fake.email()",
            "null_percentage: 0.1",
            "data: 'random.choice([\"new\", \"paid\"])'",
            "data: 'fake.date_time_between(start_date=\"2024-01-01T00:00:00\", end_date=\"2025-12-31T00:00:00\")'",
            "data: '[fake.word() for _ in range(random.randint(0, 3))]'",
            "data: '{\"city\": fake.city()}'",
        ] {
            assert!(file.contains(line), "{line} is not in\n{file}");
        }
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for (schema, expected) in [
            ("{", "no JSON"),
            ("\"string\"", "record"),
            (r#"{"type": "record", "name": "r", "fields": []}"#, "no fields"),
            (
                r#"{"type": "record", "name": "r", "fields": [{"name": "x", "type": ["int", "string"]}]}"#,
                "union",
            ),
            (r#"{"type": "record", "name": "r", "fields": [{"name": "x", "type": "Other"}]}"#, "not known"),
        ] {
            let error = table_of_avro_schema(schema, "test").unwrap_err();
            assert!(error.0.contains(expected), "{error:?}");
        }
    }
}
