//! The language as a naive interpreter of one row: what the compiled expressions must agree with.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::generator::Tree;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Int(i64),
    Float(f64),
    Str(String),
    Bool(bool),
}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The row fails.
    Fails,
    /// The model is too naive to know.
    Unknown,
}

pub(crate) type Row = HashMap<&'static str, Option<Value>>;
type Answer = Result<Option<Value>, Stop>;

/// Unwraps what is not null, or returns null.
macro_rules! some {
    ($value:expr) => {
        match $value {
            Some(value) => value,
            None => return Ok(None),
        }
    };
}

pub(crate) fn evaluate(tree: &Tree, row: &Row) -> Answer {
    let eval = |tree: &Tree| evaluate(tree, row);
    Ok(Some(match tree {
        Tree::Int(value) => Value::Int(*value),
        Tree::Float(value) => Value::Float(*value),
        Tree::Str(value) => Value::Str(value.clone()),
        Tree::Bool(value) => Value::Bool(*value),
        Tree::Column(name) => return Ok(row[name].clone()),
        Tree::Unary("not", operand) => Value::Bool(!truth(eval(operand)?.as_ref())),
        Tree::Unary(_, operand) => match some!(eval(operand)?) {
            Value::Int(value) => Value::Int(value.checked_neg().ok_or(Stop::Fails)?),
            Value::Float(value) => Value::Float(-value),
            _ => unreachable!(),
        },
        Tree::Binary("and", left, right) => {
            let left = eval(left)?;
            return if truth(left.as_ref()) { eval(right) } else { Ok(left) };
        }
        Tree::Binary("or", left, right) => {
            let left = eval(left)?;
            return if truth(left.as_ref()) { Ok(left) } else { eval(right) };
        }
        Tree::Binary(operator, left, right) => {
            let (left, right) = (eval(left)?, eval(right)?);
            binary(operator, some!(left), some!(right))?
        }
        Tree::Chain(operands, operators) => {
            let mut left = eval(&operands[0])?;
            let mut answer = None;
            for (operator, operand) in operators.iter().zip(&operands[1..]) {
                let right = eval(operand)?;
                answer = match (&left, &right) {
                    (Some(left), Some(right)) => Some(Value::Bool(holds(operator, compare(left, right)))),
                    _ => None,
                };
                if !truth(answer.as_ref()) {
                    break;
                }
                left = right;
            }
            return Ok(answer);
        }
        Tree::Conditional(test, then, otherwise) => {
            return if truth(eval(test)?.as_ref()) { eval(then) } else { eval(otherwise) };
        }
        Tree::IsNone(operand, negated) => Value::Bool(eval(operand)?.is_none() != *negated),
        Tree::In(operand, items, negated) => {
            let operand = some!(eval(operand)?);
            let mut found = false;
            for item in items {
                found |= compare(&operand, &some!(eval(item)?)) == Some(Ordering::Equal);
            }
            Value::Bool(found != *negated)
        }
        Tree::Contains(needle, text) => {
            let (needle, text) = (eval(needle)?, eval(text)?);
            Value::Bool(string(some!(text)).contains(&string(some!(needle))))
        }
        Tree::Format(fields) => {
            let mut text = String::new();
            for (literal, field, format) in fields {
                let value = eval(field)?;
                text += literal;
                let shown = match (value, format.as_str()) {
                    (value, "") => show(value),
                    (None, _) => return Err(Stop::Fails),
                    (Some(Value::Int(value)), "03d") => format!("{value:03}"),
                    (Some(Value::Int(value)), ">6") => format!("{value:>6}"),
                    (Some(Value::Float(value)), _) if !value.is_finite() => return Err(Stop::Unknown),
                    (Some(Value::Float(value)), ".2f") => format!("{value:.2}"),
                    (Some(Value::Float(value)), ".0f") => format!("{value:.0}"),
                    (Some(Value::Str(value)), ">8") => format!("{value:>8}"),
                    (Some(Value::Str(value)), ".2") => value.chars().take(2).collect(),
                    other => panic!("{other:?}"),
                };
                text += &shown;
            }
            Value::Str(text)
        }
        Tree::Index(text, index) => {
            let (text, index) = (eval(text)?, eval(index)?);
            let characters: Vec<char> = string(some!(text)).chars().collect();
            Value::Str(item(&characters, int(some!(index)))?.to_string())
        }
        Tree::Slice(text, bounds) => {
            let characters: Vec<char> = string(some!(eval(text)?)).chars().collect();
            Value::Str(slice(&characters, *bounds))
        }
        Tree::Method(name, text, arguments) => {
            let text = eval(text)?;
            let arguments = arguments.iter().map(eval).collect::<Result<Vec<_>, _>>()?;
            let text = string(some!(text));
            let mut present = Vec::new();
            for argument in arguments {
                present.push(some!(argument));
            }
            method(name, &text, &present)
        }
        Tree::Call(name, arguments) => {
            let arguments = arguments.iter().map(eval).collect::<Result<Vec<_>, _>>()?;
            match (*name, arguments.as_slice()) {
                ("str", [value]) => Value::Str(show(value.clone())),
                ("bool", [value]) => Value::Bool(truth(value.as_ref())),
                (name, arguments) => {
                    let mut present = Vec::new();
                    for argument in arguments {
                        present.push(some!(argument.clone()));
                    }
                    call(name, &present)?
                }
            }
        }
        Tree::SplitItem(text, separator, index) => {
            let text = string(some!(eval(text)?));
            let pieces: Vec<&str> = text.split(separator.as_str()).collect();
            Value::Str((*item(&pieces, *index)?).to_owned())
        }
        Tree::ListItem(items, index) => {
            let items = items.iter().map(eval).collect::<Result<Vec<_>, _>>()?;
            let index = some!(eval(index)?);
            return Ok(item(&items, int(index))?.clone());
        }
    }))
}

fn truth(value: Option<&Value>) -> bool {
    match value {
        None => false,
        Some(Value::Int(value)) => *value != 0,
        Some(Value::Float(value)) => *value != 0.0,
        Some(Value::Str(value)) => !value.is_empty(),
        Some(Value::Bool(value)) => *value,
    }
}

fn string(value: Value) -> String {
    match value {
        Value::Str(text) => text,
        other => panic!("{other:?}"),
    }
}

fn int(value: Value) -> i64 {
    match value {
        Value::Int(value) => value,
        other => panic!("{other:?}"),
    }
}

fn float(value: &Value) -> f64 {
    match value {
        Value::Int(value) => *value as f64,
        Value::Float(value) => *value,
        other => panic!("{other:?}"),
    }
}

fn show(value: Option<Value>) -> String {
    match value {
        None => "None".to_owned(),
        Some(Value::Int(value)) => value.to_string(),
        Some(Value::Float(value)) => repr(value),
        Some(Value::Str(value)) => value,
        Some(Value::Bool(true)) => "True".to_owned(),
        Some(Value::Bool(false)) => "False".to_owned(),
    }
}

/// From the shortest digits, by the rules of `float.__repr__`. Of two texts that are as short and as near, CPython takes
/// the one that ends in an even digit, as correct rounding to that many digits does.
pub(crate) fn repr(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let shortest = format!("{value:e}");
    let decimals = shortest.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count() - 1;
    let rounded = format!("{value:.decimals$e}");
    let shortest = if rounded.parse() == Ok(value) { rounded } else { shortest };
    let (mantissa, exponent) = shortest.split_once('e').unwrap();
    let exponent: i32 = exponent.parse().unwrap();
    if (-4..16).contains(&exponent) {
        let places = usize::try_from(decimals as i32 - exponent).unwrap_or(0);
        let (sign, digits) = match mantissa.strip_prefix('-') {
            Some(digits) => ("-", digits.replace('.', "")),
            None => ("", mantissa.replace('.', "")),
        };
        if places == 0 {
            return format!("{sign}{digits:0<width$}.0", width = exponent as usize + 1);
        }
        let digits = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        format!("{sign}{whole}.{fraction}")
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    }
}

fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right),
        (Value::Str(left), Value::Str(right)) => Some(left.chars().cmp(right.chars())),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Int(left), Value::Float(right)) => exactly(*left, *right),
        (Value::Float(left), Value::Int(right)) => exactly(*right, *left).map(Ordering::reverse),
        other => panic!("{other:?}"),
    }
}

fn exactly(int: i64, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // Saturates, which keeps the order.
    let floor = float.floor() as i128;
    Some((i128::from(int)).cmp(&floor).then(if float.floor() < float {
        Ordering::Less
    } else {
        Ordering::Equal
    }))
}

fn holds(operator: &str, ordering: Option<Ordering>) -> bool {
    match operator {
        "==" => ordering == Some(Ordering::Equal),
        "!=" => ordering != Some(Ordering::Equal),
        "<" => ordering == Some(Ordering::Less),
        "<=" => ordering.is_some_and(Ordering::is_le),
        ">" => ordering == Some(Ordering::Greater),
        _ => ordering.is_some_and(Ordering::is_ge),
    }
}

fn binary(operator: &str, left: Value, right: Value) -> Result<Value, Stop> {
    Ok(match (left, right) {
        (Value::Str(left), Value::Str(right)) => Value::Str(left + &right),
        (Value::Str(left), Value::Int(right)) => Value::Str(left.repeat(usize::try_from(right).unwrap_or(0))),
        (Value::Int(left), Value::Int(right)) => {
            let (a, b) = (i128::from(left), i128::from(right));
            let exact = match operator {
                "+" => a + b,
                "-" => a - b,
                "*" => a * b,
                "/" | "//" | "%" if b == 0 => return Err(Stop::Fails),
                "/" if a.abs().max(b.abs()) > 1 << 53 => return Err(Stop::Unknown),
                "/" => return Ok(Value::Float(left as f64 / right as f64)),
                "//" => floor(a, b),
                "%" => a - floor(a, b) * b,
                _ => a.checked_pow(u32::try_from(b).unwrap()).ok_or(Stop::Fails)?,
            };
            Value::Int(i64::try_from(exact).map_err(|_| Stop::Fails)?)
        }
        (left, right) => {
            let (a, b) = (float(&left), float(&right));
            Value::Float(match operator {
                "+" => a + b,
                "-" => a - b,
                "*" => a * b,
                _ if b == 0.0 => return Err(Stop::Fails),
                "/" => a / b,
                "%" => divmod(a, b).1,
                _ => divmod(a, b).0,
            })
        }
    })
}

fn floor(a: i128, b: i128) -> i128 {
    let mut quotient = a / b;
    while quotient * b > a && b > 0 || quotient * b < a && b < 0 {
        quotient -= 1;
    }
    quotient
}

/// `float.__divmod__`
fn divmod(a: f64, b: f64) -> (f64, f64) {
    let mut remainder = a % b;
    let mut quotient = (a - remainder) / b;
    if remainder == 0.0 {
        remainder = 0.0_f64.copysign(b);
    } else if (b < 0.0) != (remainder < 0.0) {
        remainder += b;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        (0.0_f64.copysign(a / b), remainder)
    } else {
        let whole = quotient.floor();
        (if quotient - whole > 0.5 { whole + 1.0 } else { whole }, remainder)
    }
}

fn item<T>(items: &[T], index: i64) -> Result<&T, Stop> {
    let index = if index < 0 { index + items.len() as i64 } else { index };
    usize::try_from(index).ok().and_then(|index| items.get(index)).ok_or(Stop::Fails)
}

/// By walking every index that there could be.
fn slice(characters: &[char], [start, stop, step]: [Option<i64>; 3]) -> String {
    let (len, step) = (characters.len() as i64, step.unwrap_or(1));
    let absolute = |index: i64| if index < 0 { index + len } else { index };
    let mut text = String::new();
    if step > 0 {
        let (start, stop) = (start.map_or(0, absolute).max(0), stop.map_or(len, absolute));
        (start..stop.min(len))
            .filter(|index| (index - start) % step == 0)
            .for_each(|index| text.push(characters[index as usize]));
    } else {
        let (start, stop) = (start.map_or(len - 1, absolute).min(len - 1), stop.map_or(-1, absolute).max(-1));
        (stop + 1..=start)
            .rev()
            .filter(|index| (start - index) % -step == 0)
            .for_each(|index| text.push(characters[index as usize]));
    }
    text
}

fn space(character: char) -> bool {
    matches!(character, ' ' | '\t')
}

fn method(name: &str, text: &str, arguments: &[Value]) -> Value {
    let argument = |index: usize| string(arguments[index].clone());
    let characters: Vec<char> = text.chars().collect();
    let cased = |character: &char| character.is_lowercase() || character.is_uppercase();
    let lower = |index: usize| -> String {
        if characters[index] == 'Σ' {
            let inner = index > 0 && cased(&characters[index - 1]);
            let last = characters.get(index + 1).is_none_or(|next| !cased(next));
            return if inner && last { "ς" } else { "σ" }.to_owned();
        }
        characters[index].to_lowercase().collect()
    };
    let title = |character: char| -> String {
        if character == 'ß' { "Ss".to_owned() } else { character.to_uppercase().collect() }
    };
    let each = |change: &dyn Fn(usize) -> String| -> Value {
        Value::Str((0..characters.len()).map(change).collect())
    };
    let stripped = |start: bool, end: bool| -> Value {
        let drop = |character: char| match arguments {
            [] => space(character),
            [set, ..] => string(set.clone()).contains(character),
        };
        let mut kept = characters.clone();
        while end && kept.last().is_some_and(|last| drop(*last)) {
            kept.pop();
        }
        while start && kept.first().is_some_and(|first| drop(*first)) {
            kept.remove(0);
        }
        Value::Str(kept.into_iter().collect())
    };
    let padding = || {
        let width = int(arguments[0].clone());
        usize::try_from(width - characters.len() as i64).unwrap_or(0)
    };
    match name {
        "lower" => each(&lower),
        "upper" => Value::Str(text.to_uppercase()),
        "title" => each(&|index| {
            if index > 0 && cased(&characters[index - 1]) { lower(index) } else { title(characters[index]) }
        }),
        "capitalize" => each(&|index| if index == 0 { title(characters[0]) } else { lower(index) }),
        "swapcase" => each(&|index| {
            let character = characters[index];
            if character.is_uppercase() { lower(index) } else { character.to_uppercase().collect() }
        }),
        "strip" => stripped(true, true),
        "lstrip" => stripped(true, false),
        "rstrip" => stripped(false, true),
        "replace" => Value::Str(text.replace(&argument(0), &argument(1))),
        "removeprefix" => Value::Str(text.strip_prefix(&argument(0)).unwrap_or(text).to_owned()),
        "removesuffix" => Value::Str(text.strip_suffix(&argument(0)).unwrap_or(text).to_owned()),
        "ljust" => Value::Str(text.to_owned() + &" ".repeat(padding())),
        "rjust" => Value::Str(" ".repeat(padding()) + text),
        "center" => {
            let padding = padding();
            let odd_both = padding % 2 == 1 && int(arguments[0].clone()) % 2 == 1;
            let left = padding / 2 + usize::from(odd_both);
            Value::Str(" ".repeat(left) + text + &" ".repeat(padding - left))
        }
        "zfill" => {
            let (sign, digits) = if text.starts_with('-') { text.split_at(1) } else { ("", text) };
            Value::Str(format!("{sign}{}{digits}", "0".repeat(padding())))
        }
        "find" => Value::Int(text.find(&argument(0)).map_or(-1, |at| text[..at].chars().count() as i64)),
        "count" => Value::Int(text.matches(&argument(0)).count() as i64),
        "startswith" => Value::Bool(text.starts_with(&argument(0))),
        "endswith" => Value::Bool(text.ends_with(&argument(0))),
        "isdigit" => Value::Bool(!text.is_empty() && characters.iter().all(char::is_ascii_digit)),
        "isalpha" => {
            Value::Bool(!text.is_empty() && characters.iter().all(|character| character.is_alphabetic()))
        }
        other => panic!("{other}"),
    }
}

fn call(name: &str, arguments: &[Value]) -> Result<Value, Stop> {
    let whole = |value: f64| -> Result<Value, Stop> {
        if !value.is_finite() || value.abs() > 1e30 {
            return Err(Stop::Fails);
        }
        i64::try_from(value as i128).map(Value::Int).map_err(|_| Stop::Fails)
    };
    Ok(match (name, arguments) {
        ("abs", [Value::Int(value)]) => Value::Int(value.checked_abs().ok_or(Stop::Fails)?),
        ("abs", [Value::Float(value)]) => Value::Float(value.abs()),
        ("round", [Value::Float(value)]) => {
            let floor = value.floor();
            let up = match (value - floor).partial_cmp(&0.5) {
                Some(Ordering::Greater) => true,
                Some(Ordering::Equal) => floor % 2.0 != 0.0,
                _ => false,
            };
            return whole(if up { floor + 1.0 } else { floor });
        }
        ("round", [Value::Int(value), Value::Int(digits)]) => {
            if *digits >= 0 {
                return Ok(Value::Int(*value));
            }
            let unit = 10_i128.pow(u32::try_from(-digits).unwrap());
            Value::Int(i64::try_from(half_even(i128::from(*value), unit, false)).map_err(|_| Stop::Fails)?)
        }
        ("round", [Value::Float(value), Value::Int(digits)]) => {
            if !value.is_finite() {
                return Ok(Value::Float(*value));
            }
            if let Ok(digits) = usize::try_from(*digits) {
                return Ok(Value::Float(format!("{value:.digits$}").parse().unwrap()));
            }
            if value.abs() > 1e30 {
                return Err(Stop::Unknown);
            }
            let unit = 10_i128.pow(u32::try_from(-digits).unwrap());
            let rounded = half_even(value.abs() as i128, unit, value.fract() != 0.0);
            Value::Float(rounded.to_string().parse::<f64>().unwrap().copysign(*value))
        }
        ("int", [Value::Float(value)]) => return whole(value.trunc()),
        ("int", [Value::Bool(value)]) => Value::Int(i64::from(*value)),
        ("int", [Value::Str(text)]) => Value::Int(text.trim_matches(space).parse().map_err(|_| Stop::Fails)?),
        ("float", [Value::Int(value)]) => Value::Float(*value as f64),
        ("float", [Value::Str(text)]) => {
            Value::Float(text.trim_matches(space).parse().map_err(|_| Stop::Fails)?)
        }
        ("len", [Value::Str(text)]) => Value::Int(text.chars().count() as i64),
        ("min", [left, right]) => {
            if compare(right, left) == Some(Ordering::Less) {
                right.clone()
            } else {
                left.clone()
            }
        }
        ("max", [left, right]) => {
            if compare(right, left) == Some(Ordering::Greater) {
                right.clone()
            } else {
                left.clone()
            }
        }
        other => panic!("{other:?}"),
    })
}

/// The nearest multiple of `unit`; `more` is whether the value is a little larger than it says.
fn half_even(value: i128, unit: i128, more: bool) -> i128 {
    let below = floor(value, unit);
    let twice = (value - below * unit) * 2;
    let up = twice > unit || (twice == unit && (more || below % 2 != 0));
    (below + i128::from(up)) * unit
}
