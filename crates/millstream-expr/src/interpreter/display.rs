//! `str()` and `repr()` of values.

use std::fmt::Write;

use super::budget::{Budget, LONGEST_TEXT};
use super::failure::{Failure, FailureKind, Outcome};
use super::value::{Callable, Value};
use crate::format::Sink;
use crate::format::float::write_repr;
use crate::modules;

/// `str(value)`
pub(crate) fn display(value: &Value, out: &mut String) -> Outcome<()> {
    match value {
        Value::Str(text) => {
            out.push_str(text);
            Ok(())
        }
        Value::Int(value) => {
            out.push_str(itoa::Buffer::new().format(*value));
            Ok(())
        }
        Value::Float(value) => {
            write_repr(*value, out);
            Ok(())
        }
        other => match modules::display(other) {
            Some(text) => {
                out.push_str(&text);
                Ok(())
            }
            None => repr(other, out),
        },
    }
}

/// `str(value)`, charged to the row.
pub(crate) fn to_text(value: &Value, budget: &mut Budget) -> Outcome<Value> {
    if let Value::Str(_) = value {
        return Ok(value.clone());
    }
    let mut text = String::new();
    display(value, &mut text)?;
    budget.text(&text)
}

/// `repr(value)`
pub(crate) fn repr(value: &Value, out: &mut String) -> Outcome<()> {
    if out.len() > LONGEST_TEXT {
        return Err(Failure::new(FailureKind::Budget, "the text is longer than 16 MiB"));
    }
    match value {
        Value::None => out.push_str("None"),
        Value::Bool(value) => out.push_str(if *value { "True" } else { "False" }),
        Value::Int(value) => out.push_str(itoa::Buffer::new().format(*value)),
        Value::Float(value) => write_repr(*value, out),
        Value::Str(text) => write_quoted(text, out),
        Value::Bytes(bytes) => write_bytes(bytes, out),
        Value::List(items) => {
            out.push('[');
            all(items.borrow().iter(), out)?;
            out.push(']');
        }
        Value::Tuple(items) => {
            out.push('(');
            all(items.iter(), out)?;
            out.push_str(if items.len() == 1 { ",)" } else { ")" });
        }
        Value::Set(items) => {
            let items = items.borrow();
            if items.is_empty() {
                out.push_str("set()");
            } else {
                out.push('{');
                all(items.iter(), out)?;
                out.push('}');
            }
        }
        Value::Dict(items) => {
            out.push('{');
            for (index, (key, value)) in items.borrow().iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                repr(key, out)?;
                out.push_str(": ");
                repr(value, out)?;
            }
            out.push('}');
        }
        Value::Range(range) => {
            out.push_str("range(");
            out.push_str(itoa::Buffer::new().format(range.start));
            out.push_str(", ");
            out.push_str(itoa::Buffer::new().format(range.stop));
            if range.step != 1 {
                out.push_str(", ");
                out.push_str(itoa::Buffer::new().format(range.step));
            }
            out.push(')');
        }
        Value::Callable(callable) => match &**callable {
            Callable::Builtin(
                name @ ("int" | "float" | "str" | "bool" | "list" | "dict" | "set" | "tuple"),
            ) => {
                out.push_str("<class '");
                out.push_str(name);
                out.push_str("'>");
            }
            _ => return Err(Failure::type_("a function has no text: call it")),
        },
        Value::Iterator(_) => {
            return Err(Failure::type_("an iterator has no text: write `list(..)` around it"));
        }
        other => match modules::repr(other) {
            Some(text) => out.push_str(&text),
            None => return Err(Failure::type_(format!("a value of type {} has no text", other.type_name()))),
        },
    }
    Ok(())
}

fn all<'a>(items: impl Iterator<Item = &'a Value>, out: &mut String) -> Outcome<()> {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        repr(item, out)?;
    }
    Ok(())
}

/// `repr(text)`: in single quotes, unless it holds some and no double ones.
fn write_quoted(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            character if character == quote => {
                out.push('\\');
                out.push(quote);
            }
            character if is_printable(character) => out.push(character),
            character => write_escape(character, out),
        }
    }
    out.push(quote);
}

/// Whether `repr` shows a character as it is. (Python asks the categories of Unicode; of what is not ASCII, controls,
/// separators and format characters are escaped here.)
fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return (' '..='~').contains(&character);
    }
    !(character.is_control()
        || character.is_whitespace()
        || matches!(
            character,
            '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
                | '\u{E000}'..='\u{F8FF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{10FFFF}'
        ))
}

fn write_escape(character: char, out: &mut String) {
    let code = u32::from(character);
    let (letter, width) = match code {
        0..=0xFF => ('x', 2),
        0x100..=0xFFFF => ('u', 4),
        _ => ('U', 8),
    };
    out.push('\\');
    out.push(letter);
    let _ = write!(out, "{code:0width$x}");
}

/// `ascii(value)`: a `repr` in which nothing but ASCII stands.
pub(crate) fn to_ascii(text: &str, out: &mut String) {
    for character in text.chars() {
        if character.is_ascii() { out.push_char(character) } else { write_escape(character, out) }
    }
}

fn write_bytes(bytes: &[u8], out: &mut String) {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    out.push('b');
    out.push(char::from(quote));
    for &byte in bytes {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            byte if byte == quote => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b' '..=b'~' => out.push(char::from(byte)),
            byte => write_escape(char::from(byte), out),
        }
    }
    out.push(char::from(quote));
}
