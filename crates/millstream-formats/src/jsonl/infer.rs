//! The types of columns from a sample of JSON values.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};

use super::cursor::{Cursor, Parse, misfit, within};
use crate::number;

/// What the values of a column have been so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Kind {
    /// Nothing but nulls.
    #[default]
    Unknown,
    Boolean,
    Number(Numbers),
    Text,
    List(Box<Kind>),
    Object(Members),
}

/// Which numbers there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Independent observations.
pub(super) struct Numbers {
    /// One with a fraction or an exponent.
    fraction: bool,
    /// An integer that does not fit 64 bits.
    wide: bool,
    /// An integer of more than 38 digits.
    too_wide: bool,
    /// An integer that no float equals.
    inexact: bool,
}

/// The members of objects in the order in which they were first seen.
pub(super) type Members = Vec<(String, Kind)>;

impl Kind {
    /// Learns from the value at the cursor. A value of another kind than those before is a misfit.
    fn see(&mut self, cursor: &mut Cursor<'_>, depth: usize) -> Parse<()> {
        if depth > 64 {
            return cursor.fail("less than 64 arrays and objects inside one another");
        }
        let seen = match cursor.peek() {
            b'n' => return cursor.word("null"),
            b't' => {
                cursor.word("true")?;
                Self::Boolean
            }
            b'f' => {
                cursor.word("false")?;
                Self::Boolean
            }
            b'"' => {
                cursor.short_string()?;
                Self::Text
            }
            b'[' => return self.see_list(cursor, depth),
            b'{' => {
                if *self == Self::Unknown {
                    *self = Self::Object(Members::new());
                }
                return match self {
                    Self::Object(members) => see_members(members, &[], cursor, depth),
                    other => misfit(other.conflict("an object")),
                };
            }
            _ => Self::Number(Numbers::of(cursor)?),
        };
        match (&mut *self, &seen) {
            (Self::Unknown, _) => *self = seen,
            (Self::Boolean, Self::Boolean) | (Self::Text, Self::Text) => {}
            (Self::Number(known), Self::Number(new)) => known.merge(*new),
            _ => return misfit(self.conflict(seen.noun())),
        }
        Ok(())
    }

    fn see_list(&mut self, cursor: &mut Cursor<'_>, depth: usize) -> Parse<()> {
        if *self == Self::Unknown {
            *self = Self::List(Box::default());
        }
        let Self::List(item) = self else {
            return misfit(self.conflict("an array"));
        };
        cursor.skip();
        if cursor.peek() == b']' {
            cursor.skip();
            return Ok(());
        }
        loop {
            within("[]", item.see(cursor, depth + 1))?;
            if !cursor.more(b']', "`,` or `]`")? {
                return Ok(());
            }
        }
    }

    fn conflict(&self, found: &str) -> String {
        format!("is {found} here, but {} before", self.noun())
    }

    fn noun(&self) -> &'static str {
        match self {
            Self::Unknown => "null",
            Self::Boolean => "a boolean",
            Self::Number(_) => "a number",
            Self::Text => "a text",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The type that holds all values exactly, or why there is none. `name` is the column's.
    pub(super) fn data_type(&self, name: &str) -> Result<DataType, String> {
        Ok(match self {
            Self::Unknown | Self::Text => DataType::Utf8,
            Self::Boolean => DataType::Boolean,
            Self::Number(numbers) => numbers.data_type().ok_or_else(|| name.to_owned())?,
            Self::List(item) => {
                let item = item.data_type(&format!("{name}[]"))?;
                DataType::List(Arc::new(Field::new_list_field(item, true)))
            }
            Self::Object(members) => {
                let fields = members.iter().map(|(member, kind)| {
                    let data_type = kind.data_type(&format!("{name}.{member}"))?;
                    Ok(Field::new(member, data_type, true))
                });
                DataType::Struct(fields.collect::<Result<Fields, String>>()?)
            }
        })
    }
}

impl Numbers {
    fn of(cursor: &mut Cursor<'_>) -> Parse<Self> {
        let number = cursor.number()?;
        let wide = number.integer && number.to_i64().is_none();
        Ok(Self {
            fraction: !number.integer,
            wide,
            too_wide: wide && number::parse_decimal(number.text(), 38, 0).is_none(),
            inexact: number::parse_float(number.text()).is_none(),
        })
    }

    fn merge(&mut self, other: Self) {
        self.fraction |= other.fraction;
        self.wide |= other.wide;
        self.too_wide |= other.too_wide;
        self.inexact |= other.inexact;
    }

    fn data_type(self) -> Option<DataType> {
        match self {
            Self { fraction: true, inexact: false, .. } => Some(DataType::Float64),
            Self { fraction: true, .. } | Self { too_wide: true, .. } => None,
            Self { wide: true, .. } => Some(DataType::Decimal128(38, 0)),
            _ => Some(DataType::Int64),
        }
    }
}

/// Learns from the object at the cursor; values of the keys in `skipped` are only noted to be there.
pub(super) fn see_members(
    members: &mut Members,
    skipped: &[(String, DataType)],
    cursor: &mut Cursor<'_>,
    depth: usize,
) -> Parse<()> {
    cursor.expect(b'{', "`{`")?;
    if cursor.peek() == b'}' {
        cursor.skip();
        return Ok(());
    }
    loop {
        // The line is UTF-8, and so is what its escapes stand for.
        let key = String::from_utf8_lossy(&cursor.key()?).into_owned();
        cursor.expect(b':', "`:`")?;
        let position = members.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            members.push((key.clone(), Kind::Unknown));
            members.len() - 1
        });
        if skipped.iter().any(|(name, _)| *name == key) {
            cursor.skip_value()?;
        } else {
            within(&key, members[position].1.see(cursor, depth + 1))?;
        }
        if !cursor.more(b'}', "`,` or `}`")? {
            return Ok(());
        }
    }
}
