//! Declared types of columns.

mod grammar;

use std::fmt;

use arrow::datatypes::{DataType, TimeUnit};

use super::names::check_column_name;
use crate::decode::{Context, Spanned, suggestion};
use crate::diagnostics::Diagnostic;
use crate::yaml::Node;
use grammar::Dialect;

/// The type of a column, as a file declares it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ColumnType(DataType);

/// The type that a column of a source or of `cast` is declared to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDeclaration {
    /// The column.
    pub name: Spanned<String>,
    /// Its type.
    pub column_type: Spanned<ColumnType>,
}

const TYPES: &str = "types: integer, float, boolean, string, date, time, timestamp, decimal(precision, scale), binary, \
                     list<…>, struct<…> and map<…>";

const FOREIGN_TYPES: &str = "those of pandas and Arrow are types as well: int32, Int64, uint8, float32, \
                             datetime64[ns], timestamp[us, tz=UTC]";

/// The words that are suggested for one that is near.
const WORDS: [&str; 19] = [
    "integer",
    "float",
    "boolean",
    "string",
    "date",
    "timestamp",
    "time",
    "decimal",
    "binary",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
];

/// What other systems call these types.
const SYNONYMS: [(&str, &str); 17] = [
    ("bigint", "integer"),
    ("long", "integer"),
    ("smallint", "int16"),
    ("tinyint", "int8"),
    ("short", "int16"),
    ("byte", "int8"),
    ("number", "float"),
    ("real", "float32"),
    ("text", "string"),
    ("varchar", "string"),
    ("char", "string"),
    ("uuid", "string"),
    ("datetime", "timestamp"),
    ("numeric", "decimal(18, 2)"),
    ("decimal", "decimal(18, 2)"),
    ("array", "list<string>"),
    ("json", "string"),
];

impl ColumnType {
    /// The Arrow type of its values.
    pub fn data_type(&self) -> DataType {
        self.0.clone()
    }

    /// The type that a text names, as [`Display`](fmt::Display) shows it.
    pub fn parse(text: &str) -> Option<Self> {
        grammar::parse(text, Dialect::Columns).map(Self)
    }

    pub(super) fn decode(context: &Context<'_>, node: &Node) -> Option<Spanned<Self>> {
        Self::decode_as(context, node, Dialect::Columns)
    }

    pub(super) fn decode_parquet(context: &Context<'_>, node: &Node) -> Option<Spanned<Self>> {
        Self::decode_as(context, node, Dialect::Parquet)
    }

    fn decode_as(context: &Context<'_>, node: &Node, dialect: Dialect) -> Option<Spanned<Self>> {
        let expected = "a type";
        let hint =
            || node.scalar().is_none().then(|| "put the type in quotes: 'struct<a: integer>'".to_owned());
        if node.scalar().is_none() {
            return context.wrong(node, expected, hint());
        }
        let text = context.text(node, expected)?;
        if let Some(data_type) = grammar::parse(text.value.reveal(), dialect) {
            return Some(Spanned::new(Self(data_type), node.span));
        }
        let hint = if text.value.is_secret() { None } else { hint_for(text.value.reveal()) };
        let message = format!("{:?} is not a type", text.value);
        context.report(Diagnostic::error(node.span, message).note(TYPES).note(FOREIGN_TYPES).hint_if(hint));
        None
    }
}

fn hint_for(written: &str) -> Option<String> {
    let written = written.trim().to_lowercase();
    let head = written.split(['(', '[', '<']).next().unwrap_or_default().trim_end_matches('_');
    let has_arguments = head.len() < written.len();
    Some(match head {
        "decimal" | "decimal128" if has_arguments => {
            "write decimal(precision, scale), precision from 1 to 38 and scale up to it".to_owned()
        }
        "decimal256" => {
            "write decimal256(precision, scale), precision from 1 to 76 and scale up to it".to_owned()
        }
        "timestamp" | "datetime64" if written.contains("tz") || written.contains('/') => {
            "there is no such time zone: write a name such as Europe/Berlin, or UTC, or an offset such as +02:00"
                .to_owned()
        }
        "timestamp" | "datetime64" => {
            "write timestamp, timestamp[us] for one without a zone, or timestamp[us, tz=Europe/Berlin]"
                .to_owned()
        }
        "time32" => "write time32[s] or time32[ms]".to_owned(),
        "time64" => "write time64[us] or time64[ns]".to_owned(),
        "list" | "large_list" => "write list<string>, with the type of the items".to_owned(),
        "struct" => "write struct<name: string, size: integer>".to_owned(),
        "map" => "write map<string, integer>; keys are strings or integers".to_owned(),
        "object" | "category" => "leave the type out: it is inferred".to_owned(),
        "timedelta64" | "duration" | "interval" => "use an integer, of seconds for example".to_owned(),
        _ => {
            let synonym = SYNONYMS.iter().find(|(synonym, _)| *synonym == head).map(|(_, word)| *word);
            let word = synonym.or_else(|| suggestion(head, WORDS))?;
            format!("did you mean {word}?")
        }
    })
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_type(&self.0, f)
    }
}

/// As the grammar of [`Dialect::Columns`] reads it.
fn write_type(data_type: &DataType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    use DataType as T;
    let unit = |unit: &TimeUnit| match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    };
    match data_type {
        T::Int64 => f.write_str("integer"),
        T::Float64 => f.write_str("float"),
        T::Boolean => f.write_str("boolean"),
        T::Utf8 => f.write_str("string"),
        T::LargeUtf8 => f.write_str("large_string"),
        T::Binary => f.write_str("binary"),
        T::LargeBinary => f.write_str("large_binary"),
        T::Date32 => f.write_str("date"),
        T::Date64 => f.write_str("date64"),
        T::Time64(TimeUnit::Microsecond) => f.write_str("time"),
        T::Time32(of) => write!(f, "time32[{}]", unit(of)),
        T::Time64(of) => write!(f, "time64[{}]", unit(of)),
        T::Timestamp(TimeUnit::Microsecond, Some(zone)) if **zone == *"UTC" => f.write_str("timestamp"),
        T::Timestamp(of, None) => write!(f, "timestamp[{}]", unit(of)),
        T::Timestamp(of, Some(zone)) => write!(f, "timestamp[{}, tz={zone}]", unit(of)),
        T::Decimal128(precision, scale) => write!(f, "decimal({precision}, {scale})"),
        T::Decimal256(precision, scale) => write!(f, "decimal256({precision}, {scale})"),
        T::List(item) => {
            f.write_str("list<")?;
            write_type(item.data_type(), f)?;
            f.write_str(">")
        }
        T::LargeList(item) => {
            f.write_str("large_list<")?;
            write_type(item.data_type(), f)?;
            f.write_str(">")
        }
        T::Struct(fields) => {
            f.write_str("struct<")?;
            for (index, field) in fields.iter().enumerate() {
                f.write_str(if index == 0 { "" } else { ", " })?;
                write!(f, "{}: ", field.name())?;
                write_type(field.data_type(), f)?;
            }
            f.write_str(">")
        }
        T::Map(entries, _) => match entries.data_type() {
            T::Struct(fields) if fields.len() == 2 => {
                f.write_str("map<")?;
                write_type(fields[0].data_type(), f)?;
                f.write_str(", ")?;
                write_type(fields[1].data_type(), f)?;
                f.write_str(">")
            }
            other => write!(f, "map<{other}>"),
        },
        other => f.write_str(&other.to_string().to_lowercase()),
    }
}

/// `{name: type}`
pub(super) fn declarations(context: &Context<'_>, node: &Node) -> Vec<ColumnDeclaration> {
    let mut declarations = Vec::new();
    for (key, value) in context.entries(node) {
        let name = context.name(key, "the name of a column");
        let column_type = ColumnType::decode(context, value);
        let Some((name, column_type)) = name.zip(column_type) else {
            continue;
        };
        if check_column_name(context, &name) {
            declarations.push(ColumnDeclaration { name, column_type });
        }
    }
    declarations
}
