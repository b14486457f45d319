//! `format(value, spec)`, f-strings, and `str.format`.

use super::budget::Budget;
use super::display::{display, repr, to_ascii};
use super::failure::{Failure, FailureKind, Outcome};
use super::ir::{Conversion, FixedFormat};
use super::value::Value;
use super::{Arguments, subscript};
use crate::format::Scratch;
use crate::format::float::write_float;
use crate::format::number::write_int;
use crate::format::spec::{Spec, Subject};
use crate::format::text::write_text;
use crate::modules;

/// Writes `format(value, spec)`.
pub(crate) fn format_value(
    value: &Value,
    spec: &str,
    scratch: &mut Scratch,
    out: &mut String,
) -> Outcome<()> {
    if spec.is_empty() {
        return display(value, out);
    }
    let parsed = match value {
        Value::Bool(_) | Value::Int(_) => Spec::parse(spec, Subject::Int),
        Value::Float(_) => Spec::parse(spec, Subject::Float),
        Value::Str(_) => Spec::parse(spec, Subject::Str),
        _ => return format_other(value, spec, out),
    };
    match parsed {
        Ok(parsed) => {
            write_parsed(value, &parsed, scratch, out);
            Ok(())
        }
        Err(message) => Err(Failure::value(message)),
    }
}

/// As [`format_value`], with a specification that was read before.
pub(crate) fn format_fixed(
    value: &Value,
    format: &FixedFormat,
    scratch: &mut Scratch,
    out: &mut String,
) -> Outcome<()> {
    let parsed = match value {
        Value::Bool(_) | Value::Int(_) => &format.int,
        Value::Float(_) => &format.float,
        Value::Str(_) => &format.text_spec,
        _ => &None,
    };
    match parsed {
        Some(parsed) => {
            write_parsed(value, parsed, scratch, out);
            Ok(())
        }
        None => format_value(value, &format.text, scratch, out),
    }
}

pub(crate) fn write_parsed(value: &Value, spec: &Spec, scratch: &mut Scratch, out: &mut String) {
    match value {
        Value::Str(text) => write_text(text, spec, out),
        Value::Float(value) => write_float(*value, spec, scratch, out),
        other => {
            let int = other.as_int().unwrap_or_default();
            // A bool with a width alone is shown as a word is: `f"{True:>5}"` is an int's `1`.
            if spec.is_integral() {
                write_int(int, spec, scratch, out);
            } else {
                write_float(int as f64, spec, scratch, out);
            }
        }
    }
}

fn format_other(value: &Value, spec: &str, out: &mut String) -> Outcome<()> {
    match modules::format(value, spec) {
        Some(text) => {
            out.push_str(&text?);
            Ok(())
        }
        None => Err(Failure::type_(format!(
            "unsupported format string passed to {}.__format__",
            value.type_name()
        ))),
    }
}

/// The value after `!r`, `!s` or `!a`.
pub(crate) fn convert(value: Value, conversion: Conversion) -> Outcome<Value> {
    let mut text = String::new();
    match conversion {
        Conversion::None => return Ok(value),
        Conversion::Str => {
            if matches!(value, Value::Str(_)) {
                return Ok(value);
            }
            display(&value, &mut text)?;
        }
        Conversion::Repr => repr(&value, &mut text)?,
        Conversion::Ascii => {
            let mut shown = String::new();
            repr(&value, &mut shown)?;
            to_ascii(&shown, &mut text);
        }
    }
    Ok(Value::Str(text.into()))
}

/// `template.format(..)`
pub(crate) fn format_template(
    template: &str,
    arguments: Arguments<'_>,
    budget: &mut Budget,
) -> Outcome<Value> {
    let mut fields = Fields { arguments, next: 0, scratch: Scratch::default() };
    let mut out = String::new();
    fields.write(template, 0, &mut out, budget)?;
    budget.text(&out)
}

struct Fields<'a> {
    arguments: Arguments<'a>,
    next: usize,
    scratch: Scratch,
}

impl Fields<'_> {
    fn write(&mut self, template: &str, depth: usize, out: &mut String, budget: &mut Budget) -> Outcome<()> {
        if depth > 2 {
            return Err(Failure::value("Max string recursion exceeded"));
        }
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            out.push_str(&rest[..at]);
            let mark = &rest[at..];
            if mark.starts_with("{{") || mark.starts_with("}}") {
                out.push_str(&mark[..1]);
                rest = &mark[2..];
                continue;
            }
            if mark.starts_with('}') {
                return Err(Failure::value("Single '}' encountered in format string"));
            }
            let end = closing(mark)?;
            self.field(&mark[1..end], depth, out, budget)?;
            budget.text_of(Some(out.len()))?;
            rest = &mark[end + 1..];
        }
        out.push_str(rest);
        Ok(())
    }

    fn field(&mut self, field: &str, depth: usize, out: &mut String, budget: &mut Budget) -> Outcome<()> {
        // The name ends at the first `!` or `:` outside of brackets.
        let mut inside = false;
        let end = field.find(|character| {
            match character {
                '[' => inside = true,
                ']' => inside = false,
                _ => {}
            }
            !inside && matches!(character, '!' | ':')
        });
        let (name, rest) = field.split_at(end.unwrap_or(field.len()));
        let (conversion, spec) = match rest.strip_prefix('!') {
            Some(rest) => {
                let (letter, spec) = rest.split_at(rest.find(':').unwrap_or(rest.len()));
                let conversion = match letter {
                    "r" => Conversion::Repr,
                    "s" => Conversion::Str,
                    "a" => Conversion::Ascii,
                    _ => return Err(Failure::value(format!("Unknown conversion specifier {letter}"))),
                };
                (conversion, spec)
            }
            None => (Conversion::None, rest),
        };
        let spec = spec.strip_prefix(':').unwrap_or_default();
        let value = convert(self.value(name, budget)?, conversion)?;
        if spec.contains(['{', '}']) {
            let mut made = String::new();
            self.write(spec, depth + 1, &mut made, budget)?;
            return format_value(&value, &made, &mut self.scratch, out);
        }
        format_value(&value, spec, &mut self.scratch, out)
    }

    /// `0`, `name`, `name.attribute[index]`
    fn value(&mut self, name: &str, budget: &mut Budget) -> Outcome<Value> {
        let (first, mut rest) = name.split_at(name.find(['.', '[']).unwrap_or(name.len()));
        let at = |index: usize| {
            self.arguments.positional.get(index).cloned().ok_or_else(|| {
                Failure::new(
                    FailureKind::Index,
                    format!("Replacement index {index} out of range for positional args tuple"),
                )
            })
        };
        let mut value = if first.is_empty() {
            let value = at(self.next)?;
            self.next += 1;
            value
        } else if first.bytes().all(|byte| byte.is_ascii_digit()) {
            at(first.parse().unwrap_or(usize::MAX))?
        } else {
            let found = self.arguments.keywords.iter().find(|(known, _)| &**known == first);
            found
                .map(|(_, value)| value.clone())
                .ok_or_else(|| Failure::new(FailureKind::Key, format!("there is no key '{first}'")))?
        };
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                let (attribute, after) = after.split_at(after.find(['.', '[']).unwrap_or(after.len()));
                value = subscript::attribute(&value, attribute)?;
                rest = after;
            } else if let Some((key, after)) = rest.strip_prefix('[').and_then(|after| after.split_once(']'))
            {
                let key = match key.parse() {
                    Ok(index) => Value::Int(index),
                    Err(_) => Value::text(key),
                };
                value = subscript::item(&value, &key, budget)?;
                rest = after;
            } else {
                return Err(Failure::value("Only '.' or '[' may follow ']' in format field specifier"));
            }
        }
        Ok(value)
    }
}

/// Where the field that begins with a brace ends.
fn closing(text: &str) -> Outcome<usize> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Ok(at);
                }
            }
            _ => {}
        }
    }
    Err(Failure::value(if text.len() == 1 {
        "Single '{' encountered in format string"
    } else {
        "expected '}' before end of string"
    }))
}
