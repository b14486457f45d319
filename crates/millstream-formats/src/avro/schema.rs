//! Arrow types as Avro types.

use std::fmt::Write as _;

use arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};
use millstream_core::{Error, Result};

/// The schema of a file of rows, as JSON: a record called `name`.
pub(super) fn json(name: &str, schema: &SchemaRef) -> Result<String> {
    let mut text = String::new();
    let name = type_name(name);
    record(&mut text, &name, schema.fields(), "")?;
    Ok(text)
}

/// Letters, digits and `_`, not beginning with a digit: other characters become `_`.
fn type_name(name: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = name.chars().map(word).collect();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

fn record(text: &mut String, name: &str, fields: &arrow::datatypes::Fields, path: &str) -> Result<()> {
    let _ = write!(text, r#"{{"type":"record","name":"{name}","fields":["#);
    for (index, field) in fields.iter().enumerate() {
        let path = if path.is_empty() { field.name().clone() } else { format!("{path}.{}", field.name()) };
        if type_name(field.name()) != *field.name() {
            return Err(Error::config(format!("column {path:?} has a name that Avro does not allow"))
                .hint("rename it: letters, digits and _, not beginning with a digit; the operator snake_case does so"));
        }
        if fields.iter().take(index).any(|other| other.name() == field.name()) {
            return Err(Error::config(format!("two columns are called {path:?}")).hint("rename one"));
        }
        let comma = if index > 0 { "," } else { "" };
        let _ = write!(text, r#"{comma}{{"name":"{}","type":"#, field.name());
        nullable(text, &format!("{name}_{}", field.name()), field, &path)?;
        text.push('}');
    }
    text.push_str("]}");
    Ok(())
}

/// The type of a field: with null as the first branch if there may be nulls.
fn nullable(text: &mut String, name: &str, field: &Field, path: &str) -> Result<()> {
    if !is_union(field) {
        return plain(text, name, field.data_type(), path);
    }
    text.push_str(r#"["null","#);
    plain(text, name, field.data_type(), path)?;
    text.push(']');
    Ok(())
}

/// Whether values are written with a branch before them.
pub(super) fn is_union(field: &Field) -> bool {
    field.is_nullable() && *field.data_type() != DataType::Null
}

fn plain(text: &mut String, name: &str, data_type: &DataType, path: &str) -> Result<()> {
    use DataType as T;
    let logical = |text: &mut String, base: &str, logical: &str| {
        let _ = write!(text, r#"{{"type":"{base}","logicalType":"{logical}"}}"#);
    };
    let refused = |what: &str, hint: &str| {
        Err(Error::config(format!("column {path:?} is {data_type}, {what}")).hint(hint))
    };
    match data_type {
        T::Dictionary(_, value) => return plain(text, name, value, path),
        T::Null => text.push_str(r#""null""#),
        T::Boolean => text.push_str(r#""boolean""#),
        T::Int8 | T::Int16 | T::Int32 | T::UInt8 | T::UInt16 => text.push_str(r#""int""#),
        T::Int64 | T::UInt32 => text.push_str(r#""long""#),
        T::UInt64 => decimal(text, 20, 0),
        T::Float16 | T::Float32 => text.push_str(r#""float""#),
        T::Float64 => text.push_str(r#""double""#),
        T::Utf8 | T::LargeUtf8 | T::Utf8View => text.push_str(r#""string""#),
        T::Binary | T::LargeBinary | T::BinaryView => text.push_str(r#""bytes""#),
        T::FixedSizeBinary(size) => {
            let _ = write!(text, r#"{{"type":"fixed","name":"{name}","size":{size}}}"#);
        }
        &(T::Decimal128(precision, scale) | T::Decimal256(precision, scale)) => {
            let Ok(scale) = u8::try_from(scale) else {
                return refused("whose negative scale Avro does not have", "cast it to a scale of 0");
            };
            decimal(text, precision, scale);
        }
        T::Date32 => logical(text, "int", "date"),
        T::Date64 => logical(text, "long", "local-timestamp-millis"),
        T::Time32(_) => logical(text, "int", "time-millis"),
        T::Time64(TimeUnit::Microsecond) => logical(text, "long", "time-micros"),
        T::Timestamp(unit, zone) => {
            let unit = match unit {
                TimeUnit::Second | TimeUnit::Millisecond => "millis",
                TimeUnit::Microsecond => "micros",
                TimeUnit::Nanosecond => "nanos",
            };
            let local = if zone.is_some() { "" } else { "local-" };
            logical(text, "long", &format!("{local}timestamp-{unit}"));
        }
        T::List(item) | T::LargeList(item) | T::FixedSizeList(item, _) => {
            text.push_str(r#"{"type":"array","items":"#);
            nullable(text, &format!("{name}_item"), item, path)?;
            text.push('}');
        }
        T::Struct(fields) => record(text, name, fields, path)?,
        T::Map(entries, _) => {
            let T::Struct(fields) = entries.data_type() else {
                return refused("which Avro cannot hold", "leave it out");
            };
            if !matches!(fields[0].data_type(), T::Utf8 | T::LargeUtf8 | T::Utf8View) {
                return refused("and Avro's maps have text as keys", "leave it out, or make the keys text");
            }
            text.push_str(r#"{"type":"map","values":"#);
            nullable(text, &format!("{name}_value"), &fields[1], path)?;
            text.push('}');
        }
        _ => return refused("which Avro cannot hold", "leave it out, or cast it to text or a number"),
    }
    Ok(())
}

fn decimal(text: &mut String, precision: u8, scale: u8) {
    let _ =
        write!(text, r#"{{"type":"bytes","logicalType":"decimal","precision":{precision},"scale":{scale}}}"#);
}
