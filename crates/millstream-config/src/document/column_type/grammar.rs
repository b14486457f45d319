//! The one grammar of types: our own names, those of pandas that table-faker takes for `type`, and those of Arrow that
//! it takes for `parquet_type`.

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::datatypes::{DataType, Field, Fields, TimeUnit};

/// Lists of lists of lists … beyond this are refused: reading them is recursive.
const MAXIMUM_DEPTH: usize = 16;

/// Whose words they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Those of `type`, `columns` and `cast`.
    Columns,
    /// Those of `parquet_type`, where `float` has 32 bits.
    Parquet,
}

/// The type that a text names.
pub(super) fn parse(text: &str, dialect: Dialect) -> Option<DataType> {
    read(text, dialect, 0)
}

fn read(text: &str, dialect: Dialect, depth: usize) -> Option<DataType> {
    let text = text.trim();
    if depth > MAXIMUM_DEPTH {
        return None;
    }
    let length = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let (word, rest) = text.split_at(length);
    // `bool_`, `list_`: as Arrow's functions are called in Python.
    let word = word.to_ascii_lowercase();
    let word = word.strip_suffix('_').unwrap_or(&word);
    let arguments = match rest.trim() {
        "" => None,
        "()" => Some(Vec::new()),
        group => Some(arguments(group)?),
    };
    match arguments.as_deref() {
        None | Some([]) => simple(word, dialect),
        Some(arguments) => with_arguments(word, arguments, dialect, depth),
    }
}

fn simple(word: &str, dialect: Dialect) -> Option<DataType> {
    use DataType as T;
    Some(match word {
        "integer" | "int" | "int64" => T::Int64,
        "int32" => T::Int32,
        "int16" => T::Int16,
        "int8" => T::Int8,
        "uint64" => T::UInt64,
        "uint32" => T::UInt32,
        "uint16" => T::UInt16,
        "uint8" => T::UInt8,
        "float" if dialect == Dialect::Parquet => T::Float32,
        "float" | "float64" | "double" => T::Float64,
        "float32" => T::Float32,
        "float16" | "halffloat" => T::Float16,
        "boolean" | "bool" => T::Boolean,
        "string" | "str" | "utf8" => T::Utf8,
        "large_string" | "large_utf8" => T::LargeUtf8,
        "binary" | "bytes" => T::Binary,
        "large_binary" => T::LargeBinary,
        "date" | "date32" => T::Date32,
        "date64" => T::Date64,
        "time" => T::Time64(TimeUnit::Microsecond),
        "timestamp" => T::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "datetime64" => T::Timestamp(TimeUnit::Microsecond, None),
        _ => return None,
    })
}

fn with_arguments(word: &str, arguments: &[&str], dialect: Dialect, depth: usize) -> Option<DataType> {
    use DataType as T;
    let item = |text: &str| read(text, dialect, depth + 1);
    Some(match (word, arguments) {
        // pandas: where the text is kept.
        ("string", ["python" | "pyarrow" | "pyarrow_numpy"]) => T::Utf8,
        ("decimal" | "decimal128", [precision, scale]) => {
            let (precision, scale) = digits(precision, scale, 38)?;
            T::Decimal128(precision, scale)
        }
        ("decimal256", [precision, scale]) => {
            let (precision, scale) = digits(precision, scale, 76)?;
            T::Decimal256(precision, scale)
        }
        ("date32", ["day"]) => T::Date32,
        ("date64", ["ms"]) => T::Date64,
        ("time32", [text]) => match unit(text)? {
            of @ (TimeUnit::Second | TimeUnit::Millisecond) => T::Time32(of),
            _ => return None,
        },
        ("time64", [text]) => match unit(text)? {
            of @ (TimeUnit::Microsecond | TimeUnit::Nanosecond) => T::Time64(of),
            _ => return None,
        },
        // Nanoseconds are pandas's way to have a datetime at all; there are none in a value of the language.
        ("datetime64", [text]) => T::Timestamp(pandas_unit(text)?, None),
        ("datetime64", [text, name]) => T::Timestamp(pandas_unit(text)?, Some(zone(name)?)),
        ("timestamp", [text]) => match unit(text) {
            Some(of) => T::Timestamp(of, None),
            None => T::Timestamp(TimeUnit::Microsecond, Some(zone(text)?)),
        },
        ("timestamp", [text, name]) => T::Timestamp(unit(text)?, Some(zone(name)?)),
        ("list", [text]) => T::List(Arc::new(Field::new("item", item(unnamed(text))?, true))),
        ("large_list", [text]) => T::LargeList(Arc::new(Field::new("item", item(unnamed(text))?, true))),
        ("struct", members) => {
            let mut fields: Vec<Field> = Vec::with_capacity(members.len());
            for member in members {
                let (name, text) = member.split_once(':')?;
                let name = unquoted(name);
                if name.is_empty() || fields.iter().any(|field| field.name() == name) {
                    return None;
                }
                fields.push(Field::new(name, item(text)?, true));
            }
            T::Struct(Fields::from(fields))
        }
        ("map", [key, value]) => {
            let key = item(key)?;
            if !(key == T::Utf8 || key.is_integer()) {
                return None;
            }
            let entries = vec![Field::new("key", key, false), Field::new("value", item(value)?, true)];
            T::Map(Arc::new(Field::new("entries", T::Struct(Fields::from(entries)), false)), false)
        }
        _ => return None,
    })
}

fn digits(precision: &str, scale: &str, most: u8) -> Option<(u8, i8)> {
    let (precision, scale): (u8, i8) = (precision.parse().ok()?, scale.parse().ok()?);
    ((1..=most).contains(&precision) && (0..=precision as i8).contains(&scale)).then_some((precision, scale))
}

fn unit(text: &str) -> Option<TimeUnit> {
    Some(match unquoted(text) {
        "s" => TimeUnit::Second,
        "ms" => TimeUnit::Millisecond,
        "us" => TimeUnit::Microsecond,
        "ns" => TimeUnit::Nanosecond,
        _ => return None,
    })
}

fn pandas_unit(text: &str) -> Option<TimeUnit> {
    unit(text).map(|unit| if unit == TimeUnit::Nanosecond { TimeUnit::Microsecond } else { unit })
}

/// A time zone that exists: `UTC`, `+02:00`, `Europe/Berlin`, also as `tz=…`.
fn zone(text: &str) -> Option<Arc<str>> {
    let name =
        text.strip_prefix("tz").map_or(text, |rest| rest.trim_start().strip_prefix('=').unwrap_or(text));
    let name = unquoted(name);
    name.parse::<Tz>().ok()?;
    Some(name.into())
}

/// `item: string` is how Arrow shows the type of an item.
fn unnamed(text: &str) -> &str {
    ["item:", "element:"].iter().find_map(|name| text.strip_prefix(name)).unwrap_or(text)
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    ['\'', '"'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(text)
}

/// What stands between brackets, at its commas that are not inside other brackets.
fn arguments(group: &str) -> Option<Vec<&str>> {
    let close = match group.chars().next()? {
        '(' => ')',
        '[' => ']',
        '<' => '>',
        _ => return None,
    };
    let inside = group.get(1..)?.strip_suffix(close)?;
    let (mut depth, mut from) = (0_usize, 0);
    let mut parts = Vec::new();
    for (at, character) in inside.char_indices() {
        match character {
            '(' | '[' | '<' => depth += 1,
            ')' | ']' | '>' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                parts.push(inside.get(from..at)?.trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(inside.get(from..)?.trim());
    (depth == 0).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::super::ColumnType;
    use super::*;

    fn shown(text: &str) -> Option<String> {
        parse(text, Dialect::Columns).map(|data_type| ColumnType(data_type).to_string())
    }

    #[test]
    fn what_is_shown_can_be_read() {
        let texts = [
            "integer",
            "float",
            "boolean",
            "string",
            "date",
            "time",
            "timestamp",
            "int8",
            "int16",
            "int32",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "float16",
            "float32",
            "binary",
            "large_binary",
            "large_string",
            "date64",
            "decimal(12, 2)",
            "decimal256(60, 0)",
            "time32[s]",
            "time32[ms]",
            "time64[ns]",
            "timestamp[s]",
            "timestamp[us]",
            "timestamp[ns, tz=UTC]",
            "timestamp[us, tz=Europe/Berlin]",
            "list<string>",
            "large_list<list<integer>>",
            "struct<a: integer, b: list<timestamp[us]>>",
            "map<string, decimal(5, 1)>",
        ];
        for text in texts {
            assert_eq!(shown(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn the_words_of_pandas_and_arrow_are_known() {
        for (text, expected) in [
            ("int", "integer"),
            ("Int64", "integer"),
            ("UInt16", "uint16"),
            ("Float32", "float32"),
            ("double", "float"),
            ("bool", "boolean"),
            ("bool_()", "boolean"),
            ("str", "string"),
            ("string[pyarrow]", "string"),
            ("datetime64[ns]", "timestamp[us]"),
            ("datetime64[ns, UTC]", "timestamp"),
            ("datetime64[s]", "timestamp[s]"),
            ("timestamp('us', tz='UTC')", "timestamp"),
            ("timestamp[UTC]", "timestamp"),
            ("timestamp[Europe/Berlin]", "timestamp[us, tz=Europe/Berlin]"),
            ("timestamp(\"ms\")", "timestamp[ms]"),
            ("decimal128( 10 , 2 )", "decimal(10, 2)"),
            ("list_(int64())", "list<integer>"),
            ("list<item: string>", "list<string>"),
            ("map_(string(), int32())", "map<string, int32>"),
            ("time32('ms')", "time32[ms]"),
            (" date32[day] ", "date"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(parse("float", Dialect::Parquet), Some(DataType::Float32));
        assert_eq!(parse("list<float>", Dialect::Parquet), parse("list<float32>", Dialect::Columns));
    }

    #[test]
    fn other_texts_are_no_types() {
        let deep = "list<".repeat(100) + "string" + &">".repeat(100);
        for wrong in [
            "",
            "decimal",
            "decimal(39,0)",
            "decimal(0,0)",
            "decimal(2,3)",
            "decimal(2)",
            "decimal(10,-2)",
            "time32[us]",
            "time64[s]",
            "timestamp[",
            "timestamp[us",
            "timestamp[us, tz=Nowhere/Town]",
            "timestamp[x]",
            "list",
            "list<>",
            "list<string",
            "list<string, string>",
            "struct<>",
            "struct<a>",
            "struct<a: int, a: int>",
            "map<string>",
            "map<float, string>",
            "int<8>",
            "integer integer",
            "é",
            "<",
            &deep,
        ] {
            assert_eq!(shown(wrong), None, "{wrong}");
        }
    }
}
