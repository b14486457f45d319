//! Methods of texts.

use std::fmt::Write;

use memchr::memmem::Finder;

use crate::format::Sink;
use crate::format::spec::Align;
use crate::format::text::{length, write_padded};
use crate::interpreter::Arguments;
use crate::interpreter::arguments::{int, text as text_argument};
use crate::interpreter::budget::Budget;
use crate::interpreter::failure::{Failure, FailureKind, Outcome};
use crate::interpreter::iterate;
use crate::interpreter::value::Value;
use crate::kernels::text_change::{Case, Strip, insert_between, replace};
use crate::kernels::text_slice::{Bounds, between};
use crate::unicode::{is_alpha, is_cased, is_digit, is_space};

pub(super) const NAMES: [&str; 45] = [
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "upper",
    "zfill",
];

pub(super) fn method(
    text: &str,
    name: &str,
    arguments: Arguments<'_>,
    budget: &mut Budget,
) -> Option<Outcome<Value>> {
    // Whatever the method does, it goes through the text.
    if let Err(failure) = budget.steps(text.len() / 64) {
        return Some(Err(failure));
    }
    Some(match name {
        "lower" => case(Case::Lower, text, name, arguments, budget),
        "upper" => case(Case::Upper, text, name, arguments, budget),
        "title" => case(Case::Title, text, name, arguments, budget),
        "capitalize" => case(Case::Capitalize, text, name, arguments, budget),
        "swapcase" => case(Case::Swap, text, name, arguments, budget),
        "casefold" => arguments.none(name).and_then(|()| {
            let folded = text.to_lowercase().replace('ß', "ss").replace('ς', "σ");
            budget.text(&folded)
        }),
        "strip" => strip(Strip { start: true, end: true }, text, name, arguments, budget),
        "lstrip" => strip(Strip { start: true, end: false }, text, name, arguments, budget),
        "rstrip" => strip(Strip { start: false, end: true }, text, name, arguments, budget),
        "split" | "rsplit" => split(text, name, arguments, budget),
        "join" => join(text, arguments, budget),
        "replace" => replace_text(text, arguments, budget),
        "startswith" | "endswith" => affix(text, name, arguments).map(Value::Bool),
        "find" | "rfind" | "index" | "rindex" | "count" => search(text, name, arguments),
        "zfill" | "ljust" | "rjust" | "center" => justify(text, name, arguments, budget),
        "removeprefix" | "removesuffix" => arguments.one(name).and_then(|affix| {
            let affix = text_argument(affix, name)?;
            let rest =
                if name == "removeprefix" { text.strip_prefix(affix) } else { text.strip_suffix(affix) };
            budget.text(rest.unwrap_or(text))
        }),
        "partition" | "rpartition" => partition(text, name, arguments, budget),
        "splitlines" => split_lines(text, arguments, budget),
        "format" => crate::interpreter::formatting::format_template(text, arguments, budget),
        "format_map" => format_map(text, arguments, budget),
        "encode" => encode(text, arguments, budget),
        "expandtabs" => expand_tabs(text, arguments, budget),
        _ => return is(text, name, arguments),
    })
}

/// `isdigit` and its like: all characters are, and there is one.
fn is(text: &str, name: &str, arguments: Arguments<'_>) -> Option<Outcome<Value>> {
    let all = |test: fn(char) -> bool| !text.is_empty() && text.chars().all(test);
    // Numbers of any kind, as fractions and Roman ones; Rust's `is_numeric` is Python's.
    let answer = match name {
        "isdigit" => all(is_digit),
        "isdecimal" => all(|character| {
            if character.is_ascii() {
                character.is_ascii_digit()
            } else {
                is_digit(character) && is_decimal(character)
            }
        }),
        "isnumeric" => all(char::is_numeric),
        "isalpha" => all(is_alpha),
        "isalnum" => all(|character| is_alpha(character) || character.is_numeric()),
        "isspace" => all(is_space),
        "isascii" => text.is_ascii(),
        "islower" => text.chars().any(is_cased) && !text.chars().any(char::is_uppercase) && !has_title(text),
        "isupper" => text.chars().any(is_cased) && !text.chars().any(char::is_lowercase) && !has_title(text),
        "istitle" => is_title(text),
        "isidentifier" => {
            let mut characters = text.chars();
            characters.next().is_some_and(|first| first == '_' || is_alpha(first))
                && characters.all(|character| character == '_' || character.is_alphanumeric())
        }
        "isprintable" => {
            let mut shown = String::new();
            // What `repr` escapes is not printable; quotes and backslashes are.
            let plain: String =
                text.chars().filter(|character| !matches!(character, '\'' | '"' | '\\')).collect();
            let _ = crate::interpreter::display::repr(&Value::text(&plain), &mut shown);
            shown.len() == plain.len() + 2
        }
        _ => return None,
    };
    Some(arguments.none(name).map(|()| Value::Bool(answer)))
}

/// Decimal digits are those that stand in runs of ten; superscripts and circled digits do not.
fn is_decimal(character: char) -> bool {
    !matches!(
        u32::from(character),
        0xB2 | 0xB3 | 0xB9 | 0x1369..=0x1371 | 0x19DA | 0x2070 | 0x2074..=0x2079 | 0x2080..=0x2089
            | 0x2460..=0x2468 | 0x2474..=0x247C | 0x2488..=0x2490 | 0x24EA | 0x24F5..=0x24FD | 0x24FF
            | 0x2776..=0x277E | 0x2780..=0x2788 | 0x278A..=0x2792 | 0x10A40..=0x10A43 | 0x10E60..=0x10E68
            | 0x11052..=0x1105A | 0x1F100..=0x1F10A
    )
}

fn has_title(text: &str) -> bool {
    text.chars()
        .any(|character| is_cased(character) && !character.is_lowercase() && !character.is_uppercase())
}

fn is_title(text: &str) -> bool {
    let (mut inside, mut any) = (false, false);
    for character in text.chars() {
        if is_cased(character) {
            any = true;
            if character.is_lowercase() != inside {
                return false;
            }
            inside = true;
        } else {
            inside = false;
        }
    }
    any
}

fn case(case: Case, text: &str, name: &str, arguments: Arguments<'_>, budget: &mut Budget) -> Outcome<Value> {
    arguments.none(name)?;
    let mut out = String::with_capacity(text.len());
    case.write(text, &mut out);
    budget.text(&out)
}

fn strip(
    strip: Strip,
    text: &str,
    name: &str,
    arguments: Arguments<'_>,
    budget: &mut Budget,
) -> Outcome<Value> {
    let [characters] = arguments.bind(name, ["chars"], 0)?;
    let stripped = match &characters {
        None | Some(Value::None) => strip.strip(text, is_space),
        Some(characters) => {
            let characters = text_argument(characters, name)?;
            strip.strip(text, |character| characters.contains(character))
        }
    };
    budget.text(stripped)
}

fn split(text: &str, name: &str, arguments: Arguments<'_>, budget: &mut Budget) -> Outcome<Value> {
    let [separator, limit] = arguments.bind(name, ["sep", "maxsplit"], 0)?;
    let limit = match &limit {
        Some(limit) => usize::try_from(int(limit)?).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    let from_right = name == "rsplit";
    let mut parts: Vec<&str> = Vec::new();
    match &separator {
        None | Some(Value::None) => {
            let mut rest =
                if from_right { text.trim_end_matches(is_space) } else { text.trim_start_matches(is_space) };
            while !rest.is_empty() {
                let cut = if parts.len() >= limit {
                    None
                } else if from_right {
                    rest.rfind(is_space)
                } else {
                    rest.find(is_space)
                };
                match cut {
                    None => {
                        // The rest loses the white space at its outer end only.
                        parts.push(if parts.len() < limit {
                            rest
                        } else if from_right {
                            rest.trim_end_matches(is_space)
                        } else {
                            rest
                        });
                        break;
                    }
                    Some(at) if from_right => {
                        let width = rest[at..].chars().next().map_or(1, char::len_utf8);
                        parts.push(&rest[at + width..]);
                        rest = rest[..at].trim_end_matches(is_space);
                    }
                    Some(at) => {
                        parts.push(&rest[..at]);
                        rest = rest[at..].trim_start_matches(is_space);
                    }
                }
            }
        }
        Some(separator) => {
            let separator = text_argument(separator, name)?;
            if separator.is_empty() {
                return Err(Failure::value("empty separator"));
            }
            if from_right {
                parts.extend(text.rsplitn(limit.saturating_add(1), separator));
            } else {
                parts.extend(text.splitn(limit.saturating_add(1), separator));
            }
        }
    }
    if from_right {
        parts.reverse();
    }
    budget.bytes(text.len())?;
    budget.list(parts.into_iter().map(Value::text).collect())
}

fn split_lines(text: &str, arguments: Arguments<'_>, budget: &mut Budget) -> Outcome<Value> {
    let [keep] = arguments.bind("splitlines", ["keepends"], 0)?;
    let keep = keep.is_some_and(|keep| keep.is_true());
    let mut lines = Vec::new();
    let mut rest = text;
    let ends = |character: char| {
        matches!(
            character,
            '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{1C}'..='\u{1E}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    while !rest.is_empty() {
        let (line, end) = match rest.find(ends) {
            None => (rest.len(), rest.len()),
            Some(at) => {
                let width = rest[at..].chars().next().map_or(1, char::len_utf8);
                (at, at + if rest[at..].starts_with("\r\n") { 2 } else { width })
            }
        };
        lines.push(Value::text(if keep { &rest[..end] } else { &rest[..line] }));
        rest = &rest[end..];
    }
    budget.bytes(text.len())?;
    budget.list(lines)
}

fn join(separator: &str, arguments: Arguments<'_>, budget: &mut Budget) -> Outcome<Value> {
    let items = iterate::items(arguments.one("join")?, budget)?;
    let mut out = String::new();
    for (index, item) in items.iter().enumerate() {
        match item {
            Value::Str(text) => {
                if index > 0 {
                    out.push_str(separator);
                }
                out.push_str(text);
            }
            // As everywhere, None makes the whole None.
            Value::None => return Ok(Value::None),
            other => {
                return Err(Failure::type_(format!(
                    "sequence item {index}: expected str instance, {} found",
                    other.type_name()
                )));
            }
        }
        if out.len() > crate::interpreter::budget::LONGEST_TEXT {
            break;
        }
    }
    budget.text(&out)
}

fn replace_text(text: &str, arguments: Arguments<'_>, budget: &mut Budget) -> Outcome<Value> {
    let [old, new, count] = arguments.bind("replace", ["old", "new", "count"], 2)?;
    let (old, new) = (old.unwrap_or(Value::None), new.unwrap_or(Value::None));
    let (old, new) = (text_argument(&old, "replace")?, text_argument(&new, "replace")?);
    let count = match &count {
        Some(count) => usize::try_from(int(count)?).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    let found = if old.is_empty() { text.len() + 1 } else { text.len() / old.len() };
    budget.text_of(found.min(count).checked_mul(new.len()).and_then(|more| more.checked_add(text.len())))?;
    let mut out = String::with_capacity(text.len());
    if old.is_empty() {
        insert_between(text, new, count, &mut out);
    } else {
        replace(text, &Finder::new(old.as_bytes()), old.len(), new, count, &mut out);
    }
    Ok(Value::Str(out.into()))
}

/// The part of a text between two optional bounds, and how many characters are before it; none if the bounds cross.
fn within<'a>(
    text: &'a str,
    start: Option<&Value>,
    stop: Option<&Value>,
) -> Outcome<Option<(&'a str, usize)>> {
    let bound = |value: Option<&Value>| match value {
        None | Some(Value::None) => Ok(None),
        Some(value) => int(value).map(Some),
    };
    let (start, stop) = (bound(start)?, bound(stop)?);
    if start.is_none() && stop.is_none() {
        return Ok(Some((text, 0)));
    }
    let len = length(text);
    if start.is_some_and(|start| start > len as i64) {
        return Ok(None);
    }
    let bounds = Bounds::new(len as i64, start, stop, 1);
    if bounds.stop < bounds.start {
        return Ok(None);
    }
    let (start, stop) = (bounds.start as usize, bounds.stop as usize);
    Ok(Some((between(text, start, stop), start)))
}

fn affix(text: &str, name: &str, arguments: Arguments<'_>) -> Outcome<bool> {
    let [affix, start, stop] = arguments.bind(name, ["prefix", "start", "end"], 1)?;
    let Some((part, _)) = within(text, start.as_ref(), stop.as_ref())? else { return Ok(false) };
    let has = |affix: &Value| -> Outcome<bool> {
        match affix {
            Value::Str(affix) if name == "startswith" => Ok(part.starts_with(&**affix)),
            Value::Str(affix) => Ok(part.ends_with(&**affix)),
            other => Err(Failure::type_(format!(
                "{name} first arg must be str or a tuple of str, not {}",
                other.type_name()
            ))),
        }
    };
    match affix.unwrap_or(Value::None) {
        Value::Tuple(items) => {
            for item in items.iter() {
                if has(item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        single => has(&single),
    }
}

fn search(text: &str, name: &str, arguments: Arguments<'_>) -> Outcome<Value> {
    let [needle, start, stop] = arguments.bind(name, ["sub", "start", "end"], 1)?;
    let needle = needle.unwrap_or(Value::None);
    let needle = text_argument(&needle, name)?;
    let part = within(text, start.as_ref(), stop.as_ref())?;
    if name == "count" {
        return Ok(Value::Int(match part {
            None => 0,
            Some((part, _)) if needle.is_empty() => length(part) as i64 + 1,
            Some((part, _)) => part.matches(needle).count() as i64,
        }));
    }
    let found = part.and_then(|(part, before)| {
        let at = if name.starts_with('r') { part.rfind(needle) } else { part.find(needle) }?;
        Some((before + length(&part[..at])) as i64)
    });
    match found {
        Some(at) => Ok(Value::Int(at)),
        None if name.ends_with("find") => Ok(Value::Int(-1)),
        None => Err(Failure::value("substring not found")),
    }
}

fn justify(text: &str, name: &str, arguments: Arguments<'_>, budget: &mut Budget) -> Outcome<Value> {
    let [width, fill] = arguments.bind(name, ["width", "fillchar"], 1)?;
    let width = usize::try_from(int(&width.unwrap_or(Value::None))?).unwrap_or(0);
    let fill = match &fill {
        None => ' ',
        Some(fill) => {
            let mut characters = text_argument(fill, name)?.chars();
            match (characters.next(), characters.next()) {
                (Some(fill), None) => fill,
                _ => return Err(Failure::type_("The fill character must be exactly one character long")),
            }
        }
    };
    budget.text_of(width.checked_mul(fill.len_utf8()).and_then(|more| more.checked_add(text.len())))?;
    let mut out = String::with_capacity(width);
    let padding = width.saturating_sub(length(text));
    match name {
        "ljust" => write_padded(text, width, fill, Align::Left, &mut out),
        "rjust" => write_padded(text, width, fill, Align::Right, &mut out),
        "center" => {
            // CPython puts the odd character left if the width is odd too.
            let before = padding / 2 + (padding & width & 1);
            out.push_repeated(fill, before);
            out.push_str(text);
            out.push_repeated(fill, padding - before);
        }
        _ => {
            let (sign, digits) = match text.strip_prefix(['+', '-']) {
                Some(digits) => (&text[..1], digits),
                None => ("", text),
            };
            out.push_str(sign);
            out.push_repeated('0', padding);
            out.push_str(digits);
        }
    }
    Ok(Value::Str(out.into()))
}

fn partition(text: &str, name: &str, arguments: Arguments<'_>, budget: &mut Budget) -> Outcome<Value> {
    let separator = text_argument(arguments.one(name)?, name)?;
    if separator.is_empty() {
        return Err(Failure::value("empty separator"));
    }
    budget.bytes(text.len())?;
    let parts = if name == "partition" {
        text.split_once(separator).map_or([text, "", ""], |(a, b)| [a, separator, b])
    } else {
        text.rsplit_once(separator).map_or(["", "", text], |(a, b)| [a, separator, b])
    };
    budget.tuple(parts.map(Value::text).to_vec())
}

fn format_map(text: &str, arguments: Arguments<'_>, budget: &mut Budget) -> Outcome<Value> {
    let Value::Dict(items) = arguments.one("format_map")? else {
        return Err(Failure::type_("format_map() needs a dict"));
    };
    let keywords: Vec<_> = items
        .borrow()
        .iter()
        .filter_map(|(key, value)| Some((key.as_text()?.clone(), value.clone())))
        .collect();
    let arguments = Arguments { positional: &[], keywords: &keywords };
    crate::interpreter::formatting::format_template(text, arguments, budget)
}

fn encode(text: &str, arguments: Arguments<'_>, budget: &mut Budget) -> Outcome<Value> {
    let [encoding, errors] = arguments.bind("encode", ["encoding", "errors"], 0)?;
    let encoding = match &encoding {
        None => "utf-8".to_owned(),
        Some(encoding) => text_argument(encoding, "encode")?.to_lowercase().replace('_', "-"),
    };
    let errors = match &errors {
        None => "strict",
        Some(errors) => text_argument(errors, "encode")?,
    };
    let limit = match encoding.as_str() {
        "utf-8" | "utf8" => {
            budget.bytes(text.len())?;
            return Ok(Value::Bytes(text.as_bytes().into()));
        }
        "ascii" | "us-ascii" => 0x7F,
        "latin-1" | "latin1" | "iso-8859-1" => 0xFF,
        other => return Err(Failure::new(FailureKind::Other, format!("unknown encoding: {other}"))),
    };
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match u8::try_from(u32::from(character)).ok().filter(|byte| *byte <= limit) {
            Some(byte) => bytes.push(byte),
            None if errors == "ignore" => {}
            None if errors == "replace" => bytes.push(b'?'),
            None => return Err(Failure::value(format!("'{encoding}' codec can't encode {character:?}"))),
        }
    }
    budget.bytes(bytes.len())?;
    Ok(Value::Bytes(bytes.into()))
}

fn expand_tabs(text: &str, arguments: Arguments<'_>, budget: &mut Budget) -> Outcome<Value> {
    let [size] = arguments.bind("expandtabs", ["tabsize"], 0)?;
    let size = size.as_ref().map_or(Ok(8), int)?;
    let size = usize::try_from(size).unwrap_or(0).min(1000);
    let mut out = String::new();
    let mut column = 0;
    for character in text.chars() {
        match character {
            '\t' => {
                let spaces = if size == 0 { 0 } else { size - column % size };
                out.push_repeated(' ', spaces);
                column += spaces;
            }
            '\n' | '\r' => {
                out.push(character);
                column = 0;
            }
            other => {
                out.push(other);
                column += 1;
            }
        }
    }
    budget.text(&out)
}

/// Methods of numbers and bytes.
pub(super) fn of_numbers(
    value: &Value,
    name: &str,
    arguments: Arguments<'_>,
    budget: &mut Budget,
) -> Option<Outcome<Value>> {
    Some(match (value, name) {
        (Value::Float(value), "is_integer") => {
            arguments.none(name).map(|()| Value::Bool(value.is_finite() && value.fract() == 0.0))
        }
        (Value::Int(_) | Value::Bool(_), "bit_length") => arguments.none(name).map(|()| {
            let magnitude = value.as_int().unwrap_or_default().unsigned_abs();
            Value::Int(i64::from(64 - magnitude.leading_zeros()))
        }),
        (Value::Int(_) | Value::Bool(_), "bit_count") => arguments
            .none(name)
            .map(|()| Value::Int(i64::from(value.as_int().unwrap_or_default().unsigned_abs().count_ones()))),
        (Value::Bytes(bytes), "hex") => arguments.none(name).and_then(|()| {
            let mut text = String::with_capacity(bytes.len() * 2);
            for byte in bytes.iter() {
                let _ = write!(text, "{byte:02x}");
            }
            budget.text(&text)
        }),
        (Value::Bytes(bytes), "decode") => match std::str::from_utf8(bytes) {
            Ok(text) => budget.text(text),
            Err(error) => Err(Failure::value(format!("'utf-8' codec can't decode: {error}"))),
        },
        _ => return None,
    })
}
