//! `format % values`

use super::budget::Budget;
use super::display::{display, repr, to_ascii};
use super::failure::{Failure, FailureKind, Outcome};
use super::formatting::write_parsed;
use super::value::Value;
use crate::format::Scratch;
use crate::format::spec::{Align, Sign, Spec};
use crate::kernels::convert::whole;

const TOO_FEW: &str = "not enough arguments for format string";
/// The widest field and the most digits, as in other formats.
const WIDEST: usize = 1000;

/// `format % values`
pub(crate) fn format(format: &str, values: &Value, budget: &mut Budget) -> Outcome<Value> {
    let single;
    let items: &[Value] = match values {
        Value::Tuple(items) => items,
        other => {
            single = [other.clone()];
            &single
        }
    };
    let mut next = items.iter();
    let mut named = false;
    let mut out = String::new();
    let mut scratch = Scratch::default();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let mut key = None;
        if let Some(after) = rest.strip_prefix('(') {
            let Some((name, after)) = after.split_once(')') else {
                return Err(Failure::value("incomplete format key"));
            };
            key = Some(name);
            rest = after;
        }
        let mut take = |key: Option<&str>| -> Outcome<Value> {
            match key {
                Some(key) => {
                    named = true;
                    let Value::Dict(items) = values else {
                        return Err(Failure::type_("format requires a mapping"));
                    };
                    items
                        .borrow()
                        .get(&Value::text(key))?
                        .cloned()
                        .ok_or_else(|| Failure::new(FailureKind::Key, format!("there is no key '{key}'")))
                }
                None => next.next().cloned().ok_or_else(|| Failure::type_(TOO_FEW)),
            }
        };
        let mut spec = Spec {
            fill: ' ',
            align: Align::Right,
            sign: Sign::Minus,
            alternate: false,
            width: 0,
            grouping: None,
            precision: None,
            presentation: None,
        };
        let (mut zeros, mut left) = (false, false);
        while let Some(flag) = rest.chars().next() {
            match flag {
                '0' => zeros = true,
                '-' => left = true,
                '+' => spec.sign = Sign::Plus,
                ' ' if spec.sign == Sign::Minus => spec.sign = Sign::Space,
                ' ' => {}
                '#' => spec.alternate = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        let mut number = |rest: &mut &str| -> Outcome<Option<i64>> {
            if let Some(after) = rest.strip_prefix('*') {
                *rest = after;
                return match take(None)? {
                    Value::Int(value) => Ok(Some(value)),
                    _ => Err(Failure::type_("* wants int")),
                };
            }
            let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, after) = rest.split_at(end);
            *rest = after;
            Ok(if digits.is_empty() { None } else { Some(digits.parse().unwrap_or(i64::MAX)) })
        };
        if let Some(width) = number(&mut rest)? {
            left |= width < 0;
            spec.width = width.unsigned_abs() as usize;
        }
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
            spec.precision = Some(usize::try_from(number(&mut rest)?.unwrap_or(0)).unwrap_or(0));
        }
        if spec.width > WIDEST || spec.precision.is_some_and(|precision| precision > WIDEST) {
            return Err(Failure::value(format!("the width and precision of a format are at most {WIDEST}")));
        }
        rest = rest.trim_start_matches(['l', 'h', 'L']);
        let Some(letter) = rest.chars().next() else { return Err(Failure::value("incomplete format")) };
        rest = &rest[letter.len_utf8()..];
        if left {
            spec.align = Align::Left;
        } else if zeros {
            (spec.fill, spec.align) = ('0', Align::AfterSign);
        }
        if letter == '%' {
            out.push('%');
            continue;
        }
        let value = take(key)?;
        write(letter, &value, spec, &mut scratch, &mut out)?;
        budget.text_of(Some(out.len()))?;
    }
    out.push_str(rest);
    if !named && next.next().is_some() && !matches!(values, Value::Dict(_)) {
        return Err(Failure::type_("not all arguments converted during string formatting"));
    }
    budget.text(&out)
}

fn write(
    letter: char,
    value: &Value,
    mut spec: Spec,
    scratch: &mut Scratch,
    out: &mut String,
) -> Outcome<()> {
    let text = match letter {
        's' => {
            let mut text = String::new();
            display(value, &mut text)?;
            text
        }
        'r' | 'a' => {
            let mut text = String::new();
            repr(value, &mut text)?;
            if letter == 'a' {
                let mut ascii = String::new();
                to_ascii(&text, &mut ascii);
                ascii
            } else {
                text
            }
        }
        'c' => match value {
            Value::Str(text) if text.chars().count() == 1 => text.to_string(),
            Value::Int(code) => match u32::try_from(*code).ok().and_then(char::from_u32) {
                Some(character) => character.to_string(),
                None => return Err(Failure::new(FailureKind::Overflow, "%c arg not in range(0x110000)")),
            },
            _ => return Err(Failure::type_("%c requires int or char")),
        },
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
            let int = match value {
                Value::Float(value) if matches!(letter, 'd' | 'i' | 'u') => {
                    whole(*value).ok_or_else(Failure::overflow)?
                }
                other => match other.as_int() {
                    Some(int) => int,
                    None if matches!(letter, 'd' | 'i' | 'u') => {
                        return Err(Failure::type_(format!(
                            "%{letter} format: a real number is required, not {}",
                            other.type_name()
                        )));
                    }
                    None => {
                        return Err(Failure::type_(format!(
                            "%{letter} format: an integer is required, not {}",
                            other.type_name()
                        )));
                    }
                },
            };
            spec.presentation = Some(if matches!(letter, 'i' | 'u') { 'd' } else { letter });
            match spec.precision.take() {
                // The precision of an int is its least number of digits.
                Some(digits) => {
                    let mut inner =
                        Spec { width: digits, fill: '0', align: Align::AfterSign, ..spec.clone() };
                    let signed = int < 0 || inner.sign != Sign::Minus;
                    inner.width += usize::from(signed) + if inner.alternate { 2 } else { 0 };
                    let mut text = String::new();
                    write_parsed(&Value::Int(int), &inner, scratch, &mut text);
                    let missing = spec.width.saturating_sub(text.len());
                    if spec.align == Align::Left {
                        out.push_str(&text);
                        out.push_str(&" ".repeat(missing));
                    } else {
                        out.push_str(&" ".repeat(missing));
                        out.push_str(&text);
                    }
                }
                None => write_parsed(&Value::Int(int), &spec, scratch, out),
            }
            return Ok(());
        }
        'f' | 'F' | 'e' | 'E' | 'g' | 'G' => {
            let Some(float) = value.as_float() else {
                return Err(Failure::type_(format!("must be real number, not {}", value.type_name())));
            };
            if spec.alternate {
                return Err(Failure::value("the flag # of floats is not supported"));
            }
            spec.presentation = Some(letter);
            write_parsed(&Value::Float(float), &spec, scratch, out);
            return Ok(());
        }
        other => return Err(Failure::value(format!("unsupported format character '{other}'"))),
    };
    let spec = Spec {
        fill: ' ',
        align: if spec.align == Align::Left { Align::Left } else { Align::Right },
        presentation: None,
        ..spec
    };
    crate::format::text::write_text(&text, &spec, out);
    Ok(())
}
