//! Declared types of columns.

use std::fmt;

use arrow::datatypes::{DataType, TimeUnit};

use super::names::check_column_name;
use crate::decode::{Context, Spanned, suggestion};
use crate::diagnostics::Diagnostic;
use crate::yaml::Node;

/// The type of a column, as a file declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// `integer`: 64 bits, signed.
    Integer,
    /// `float`: 64 bits.
    Float,
    /// `boolean`
    Boolean,
    /// `string`
    String,
    /// `date`: a day without a time zone.
    Date,
    /// `timestamp`: microseconds, UTC.
    Timestamp,
    /// `decimal(precision, scale)`
    Decimal {
        /// All digits, 1 to 38.
        precision: u8,
        /// The digits behind the decimal point, at most the precision.
        scale: u8,
    },
}

/// The type that a column of a source or of `cast` is declared to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDeclaration {
    /// The column.
    pub name: Spanned<String>,
    /// Its type.
    pub column_type: Spanned<ColumnType>,
}

const WORDS: [(&str, ColumnType); 6] = [
    ("integer", ColumnType::Integer),
    ("float", ColumnType::Float),
    ("boolean", ColumnType::Boolean),
    ("string", ColumnType::String),
    ("date", ColumnType::Date),
    ("timestamp", ColumnType::Timestamp),
];

/// What other systems call these types.
const SYNONYMS: [(&str, &str); 14] = [
    ("int", "integer"),
    ("int64", "integer"),
    ("bigint", "integer"),
    ("long", "integer"),
    ("double", "float"),
    ("float64", "float"),
    ("real", "float"),
    ("bool", "boolean"),
    ("text", "string"),
    ("str", "string"),
    ("varchar", "string"),
    ("datetime", "timestamp"),
    ("numeric", "decimal(18, 2)"),
    ("decimal", "decimal(18, 2)"),
];

impl ColumnType {
    /// The Arrow type of its values.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Integer => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::String => DataType::Utf8,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Decimal { precision, scale } => DataType::Decimal128(precision, scale as i8),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some((_, column_type)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Some(*column_type);
        }
        let (precision, scale) = text.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
        let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
        ((1..=38).contains(&precision) && scale <= precision).then_some(Self::Decimal { precision, scale })
    }

    fn decode(context: &Context<'_>, node: &Node) -> Option<Spanned<Self>> {
        let expected = "a type";
        let text = context.text(node, expected)?;
        if let Some(column_type) = Self::parse(text.value.reveal()) {
            return Some(Spanned::new(column_type, node.span));
        }
        let written = text.value.reveal().to_lowercase();
        let hint = if written.starts_with("decimal(") {
            Some("write decimal(precision, scale), precision from 1 to 38 and scale up to it".to_owned())
        } else if text.value.is_secret() {
            None
        } else {
            SYNONYMS
                .iter()
                .find(|(synonym, _)| *synonym == written)
                .map(|(_, word)| *word)
                .or_else(|| suggestion(&written, WORDS.iter().map(|(word, _)| *word)))
                .map(|word| format!("did you mean {word}?"))
        };
        let message = format!("{:?} is not a type", text.value);
        let types = "types: integer, float, boolean, string, date, timestamp and decimal(precision, scale)";
        context.report(Diagnostic::error(node.span, message).note(types).hint_if(hint));
        None
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Decimal { precision, scale } = self {
            return write!(f, "decimal({precision}, {scale})");
        }
        let word = WORDS.iter().find(|(_, column_type)| column_type == self);
        f.write_str(word.map_or("", |(word, _)| word))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_read() {
        let decimal = ColumnType::Decimal { precision: 12, scale: 2 };
        for column_type in WORDS.iter().map(|(_, t)| *t).chain([decimal]) {
            assert_eq!(ColumnType::parse(&column_type.to_string()), Some(column_type));
        }
        for wrong in ["decimal(39,0)", "decimal(0,0)", "decimal(2,3)", "decimal(2)", "decimal", "Integer", ""]
        {
            assert_eq!(ColumnType::parse(wrong), None, "{wrong}");
        }
    }
}
