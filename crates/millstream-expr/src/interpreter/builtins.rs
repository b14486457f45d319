//! The builtin functions that call no other function: numbers, texts, containers.

use super::arguments::int;
use super::budget::Budget;
use super::dict::{Dict, Set};
use super::display::{repr, to_ascii, to_text};
use super::failure::{Failure, Outcome};
use super::formatting::format_value;
use super::ir::Parts;
use super::methods::containers::{from_keys, pairs};
use super::operators::{binary, unary};
use super::value::{Callable, Range, Value};
use super::{Arguments, Operator, iterate};
use crate::format::Scratch;
use crate::kernels::convert::{not_a_number, not_whole, parse_float, parse_int, whole};
use crate::kernels::round::{round_float, round_int};
use crate::modules;

macro_rules! builtins {
    ($($variant:ident $name:literal $least:literal $most:literal,)*) => {
        /// A builtin function.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Builtin { $($variant,)* }

        impl Builtin {
            pub(crate) fn of(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The least and the most arguments.
            fn arity(self) -> (usize, usize) {
                match self { $(Self::$variant => ($least, $most),)* }
            }

            pub(crate) const NAMES: &[&str] = &[$($name,)*];
        }
    };
}

builtins! {
    Abs "abs" 1 1,
    All "all" 1 1,
    Any "any" 1 1,
    Ascii "ascii" 1 1,
    Bin "bin" 1 1,
    Bool "bool" 0 1,
    Chr "chr" 1 1,
    Dict "dict" 0 1000,
    FromKeys "dict.fromkeys" 1 2,
    DivMod "divmod" 2 2,
    Enumerate "enumerate" 1 2,
    Filter "filter" 2 2,
    Float "float" 0 1,
    Format "format" 1 2,
    FrozenSet "frozenset" 0 1,
    Hex "hex" 1 1,
    Int "int" 0 2,
    IsInstance "isinstance" 2 2,
    Iter "iter" 1 1,
    Len "len" 1 1,
    List "list" 0 1,
    Map "map" 2 100,
    Max "max" 1 1000,
    Min "min" 1 1000,
    Next "next" 1 2,
    Oct "oct" 1 1,
    Ord "ord" 1 1,
    Pow "pow" 2 3,
    Range "range" 1 3,
    Repr "repr" 1 1,
    Reversed "reversed" 1 1,
    Round "round" 1 2,
    Set "set" 0 1,
    Slice "slice" 1 3,
    Sorted "sorted" 1 3,
    Str "str" 0 1,
    Sum "sum" 1 2,
    Tuple "tuple" 0 1,
    Zip "zip" 0 1000,
}

impl Builtin {
    /// Whether the number of arguments can be right.
    pub(crate) fn check(self, parts: &Parts) -> Result<(), String> {
        let spread = parts.positional.iter().any(|item| item.spread)
            || parts.keywords.iter().any(|(name, _)| name.is_none());
        let count = parts.positional.len() + parts.keywords.len();
        let (least, most) = self.arity();
        let name = self.name();
        if spread || (least..=most).contains(&count) {
            return Ok(());
        }
        Err(if count < least {
            format!("`{name}` needs {least} argument{}, not {count}", if least == 1 { "" } else { "s" })
        } else {
            format!("`{name}` takes at most {most} argument{}, not {count}", if most == 1 { "" } else { "s" })
        })
    }

    /// Calls it. Those that call functions (`sorted`, `map` …) are the machine's.
    pub(crate) fn call(self, arguments: Arguments<'_>, budget: &mut Budget) -> Outcome<Value> {
        let name = self.name();
        match self {
            Self::Abs => unary("abs", arguments.one(name)?),
            Self::Bool => {
                let [value] = arguments.bind(name, ["object"], 0)?;
                Ok(Value::Bool(value.is_some_and(|value| value.is_true())))
            }
            Self::Int => self.int(arguments),
            Self::Float => {
                let [value] = arguments.bind(name, ["x"], 0)?;
                to_float(&value.unwrap_or(Value::Float(0.0)))
            }
            Self::Str => {
                let [value] = arguments.bind(name, ["object"], 0)?;
                match value {
                    Some(value) => to_text(&value, budget),
                    None => Ok(Value::text("")),
                }
            }
            Self::Repr | Self::Ascii => {
                let mut text = String::new();
                repr(arguments.one(name)?, &mut text)?;
                if self == Self::Ascii {
                    let mut ascii = String::new();
                    to_ascii(&text, &mut ascii);
                    text = ascii;
                }
                budget.text(&text)
            }
            Self::Len => match arguments.one(name)? {
                Value::None => Ok(Value::None),
                value => Ok(Value::Int(iterate::length(value)? as i64)),
            },
            Self::Range => range(arguments),
            Self::Round => round(arguments),
            Self::List => {
                let [items] = arguments.bind(name, ["iterable"], 0)?;
                Ok(Value::list(items.map_or(Ok(Vec::new()), |items| iterate::items(&items, budget))?))
            }
            Self::Tuple => {
                let [items] = arguments.bind(name, ["iterable"], 0)?;
                Ok(Value::tuple(items.map_or(Ok(Vec::new()), |items| iterate::items(&items, budget))?))
            }
            Self::Set | Self::FrozenSet => {
                let [items] = arguments.bind(name, ["iterable"], 0)?;
                let items = items.map_or(Ok(Vec::new()), |items| iterate::items(&items, budget))?;
                Ok(Value::set(Set::of(items)?))
            }
            Self::Dict => {
                let mut dict = Dict::default();
                if let [one] = arguments.positional {
                    for (key, value) in pairs(one, budget)? {
                        dict.insert(key, value)?;
                    }
                } else if !arguments.positional.is_empty() {
                    return Err(Failure::type_("dict expected at most 1 argument"));
                }
                for (key, value) in arguments.keywords {
                    dict.insert(Value::Str(key.clone()), value.clone())?;
                }
                budget.items(Some(dict.len()))?;
                for (_, value) in dict.iter() {
                    budget.shallow(value, None)?;
                }
                Ok(Value::dict(dict))
            }
            Self::FromKeys => from_keys(arguments, budget),
            Self::Chr => {
                let code = int(arguments.one(name)?)?;
                match u32::try_from(code).ok().filter(|code| *code <= 0x10_FFFF) {
                    Some(code) => match char::from_u32(code) {
                        Some(character) => budget.text(character.encode_utf8(&mut [0; 4])),
                        None => Err(Failure::value("a surrogate is no character of its own")),
                    },
                    None => Err(Failure::value("chr() arg not in range(0x110000)")),
                }
            }
            Self::Ord => match arguments.one(name)? {
                Value::None => Ok(Value::None),
                Value::Str(text) if text.chars().count() == 1 => {
                    Ok(Value::Int(text.chars().next().map_or(0, |character| i64::from(u32::from(character)))))
                }
                Value::Str(text) => Err(Failure::type_(format!(
                    "ord() expected a character, but string of length {} found",
                    text.chars().count()
                ))),
                other => Err(Failure::type_(format!(
                    "ord() expected string of length 1, but {} found",
                    other.type_name()
                ))),
            },
            Self::Hex | Self::Oct | Self::Bin => {
                let value = int(arguments.one(name)?)?;
                let (sign, magnitude) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
                budget.text(&match self {
                    Self::Hex => format!("{sign}{magnitude:#x}"),
                    Self::Oct => format!("{sign}{magnitude:#o}"),
                    _ => format!("{sign}{magnitude:#b}"),
                })
            }
            Self::DivMod => {
                let [left, right] = arguments.bind(name, ["x", "y"], 2)?;
                let (left, right) = (left.unwrap_or(Value::None), right.unwrap_or(Value::None));
                let quotient = binary(Operator::FloorDivide, &left, &right, budget)?;
                let remainder = binary(Operator::Modulo, &left, &right, budget)?;
                budget.tuple(vec![quotient, remainder])
            }
            Self::Pow => {
                let [base, exponent, modulus] = arguments.bind(name, ["base", "exp", "mod"], 2)?;
                let (base, exponent) = (base.unwrap_or(Value::None), exponent.unwrap_or(Value::None));
                match modulus {
                    None | Some(Value::None) => binary(Operator::Power, &base, &exponent, budget),
                    Some(modulus) => power_modulo(int(&base)?, int(&exponent)?, int(&modulus)?),
                }
            }
            Self::Format => {
                let [value, spec] = arguments.bind(name, ["value", "format_spec"], 1)?;
                let spec = spec.unwrap_or_else(|| Value::text(""));
                let Value::Str(spec) = spec else {
                    return Err(Failure::type_("format() argument 2 must be str"));
                };
                let mut text = String::new();
                format_value(&value.unwrap_or(Value::None), &spec, &mut Scratch::default(), &mut text)?;
                budget.text(&text)
            }
            Self::Enumerate => {
                let [items, start] = arguments.bind(name, ["iterable", "start"], 1)?;
                let items = iterate::items(&items.unwrap_or(Value::None), budget)?;
                let start = start.as_ref().map_or(Ok(0), int)?;
                let pairs = items.into_iter().enumerate().map(|(index, item)| {
                    let number = start.checked_add(index as i64).ok_or_else(Failure::overflow)?;
                    Ok(Value::Tuple([Value::Int(number), item].into()))
                });
                let pairs = pairs.collect::<Outcome<Vec<_>>>()?;
                budget.items(Some(pairs.len() * 2))?;
                Ok(Value::iterator(pairs))
            }
            Self::Zip => {
                let strict =
                    arguments.keywords.iter().any(|(name, value)| &**name == "strict" && value.is_true());
                let lists = arguments
                    .positional
                    .iter()
                    .map(|items| iterate::items(items, budget))
                    .collect::<Outcome<Vec<_>>>()?;
                let shortest = lists.iter().map(Vec::len).min().unwrap_or(0);
                if strict && lists.iter().any(|list| list.len() != shortest) {
                    return Err(Failure::value("zip() arguments are of different lengths"));
                }
                budget.items(shortest.checked_mul(lists.len() + 1))?;
                let row = |at: usize| Value::tuple(lists.iter().map(|list| list[at].clone()).collect());
                Ok(Value::iterator((0..shortest).map(row).collect()))
            }
            Self::Reversed => {
                let mut items = iterate::items(arguments.one(name)?, budget)?;
                items.reverse();
                Ok(Value::iterator(items))
            }
            Self::Iter => match arguments.one(name)? {
                iterator @ Value::Iterator(_) => Ok(iterator.clone()),
                other => Ok(Value::iterator(iterate::items(other, budget)?)),
            },
            Self::Next => {
                let [iterator, default] = arguments.bind(name, ["iterator", "default"], 1)?;
                match iterator {
                    Some(Value::Iterator(items)) => {
                        let next = items.borrow_mut().pop().or(default);
                        next.ok_or_else(|| {
                            Failure::new(
                                super::failure::FailureKind::StopIteration,
                                "the iterator has no more items",
                            )
                        })
                    }
                    Some(other) => {
                        Err(Failure::type_(format!("'{}' object is not an iterator", other.type_name())))
                    }
                    None => Ok(Value::None),
                }
            }
            Self::All | Self::Any => {
                let stop = self == Self::Any;
                let items = iterate::items(arguments.one(name)?, budget)?;
                Ok(Value::Bool(items.iter().any(|item| item.is_true() == stop) == stop))
            }
            Self::Sum => sum(arguments, budget),
            Self::IsInstance => {
                let [value, types] = arguments.bind(name, ["object", "class_or_tuple"], 2)?;
                is_instance(&value.unwrap_or(Value::None), &types.unwrap_or(Value::None)).map(Value::Bool)
            }
            Self::Slice => Err(Failure::type_("slice() cannot be used: write `items[start:stop]`")),
            Self::Filter | Self::Map | Self::Max | Self::Min | Self::Sorted => {
                Err(Failure::type_(format!("{name}() cannot be called here")))
            }
        }
    }

    fn int(self, arguments: Arguments<'_>) -> Outcome<Value> {
        let [value, base] = arguments.bind(self.name(), ["x", "base"], 0)?;
        let value = value.unwrap_or(Value::Int(0));
        if let Some(base) = base {
            let Value::Str(text) = &value else {
                return Err(Failure::type_("int() can't convert non-string with explicit base"));
            };
            return int_of_base(text, int(&base)?);
        }
        match &value {
            Value::None => Ok(Value::None),
            Value::Float(float) => match whole(*float) {
                Some(value) => Ok(Value::Int(value)),
                None => Err(Failure::new(
                    if float.is_nan() {
                        super::failure::FailureKind::Value
                    } else {
                        super::failure::FailureKind::Overflow
                    },
                    not_whole(*float).unwrap_or_default(),
                )),
            },
            Value::Str(text) => parse_int(text).map(Value::Int).map_err(|message| {
                if message == crate::kernels::integer::OVERFLOW {
                    Failure::overflow()
                } else {
                    Failure::value(message)
                }
            }),
            other => match other.as_int() {
                Some(value) => Ok(Value::Int(value)),
                None => Err(Failure::type_(format!(
                    "int() argument must be a string, a bytes-like object or a real number, not '{}'",
                    other.type_name()
                ))),
            },
        }
    }
}

fn to_float(value: &Value) -> Outcome<Value> {
    match value {
        Value::None => Ok(Value::None),
        Value::Str(text) => match parse_float(text.trim()) {
            Some(value) => Ok(Value::Float(value)),
            None => Err(Failure::value(not_a_number("float", text))),
        },
        other => match other.as_float() {
            Some(value) => Ok(Value::Float(value)),
            None => Err(Failure::type_(format!(
                "float() argument must be a string or a real number, not '{}'",
                other.type_name()
            ))),
        },
    }
}

fn int_of_base(text: &str, base: i64) -> Outcome<Value> {
    if base != 0 && !(2..=36).contains(&base) {
        return Err(Failure::value("int() base must be >= 2 and <= 36, or 0"));
    }
    let invalid = || Failure::value(format!("invalid literal for int() with base {base}: '{text}'"));
    let trimmed = text.trim();
    let (negative, digits) = match trimmed.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let lower = digits.to_ascii_lowercase();
    let (prefixed, rest) = match lower.get(..2) {
        Some("0x") => (16, &lower[2..]),
        Some("0o") => (8, &lower[2..]),
        Some("0b") => (2, &lower[2..]),
        _ => (0, lower.as_str()),
    };
    let (base, digits) = match (base, prefixed) {
        (0, 0) => (10, lower.as_str()),
        (0, known) => (known, rest),
        (base, known) if base == i64::from(known) => (known, rest),
        (base, _) => (base as u32, lower.as_str()),
    };
    let digits = digits.strip_prefix('_').filter(|_| prefixed != 0).unwrap_or(digits);
    if digits.is_empty() || digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
        return Err(invalid());
    }
    let mut value: i128 = 0;
    for character in digits.chars().filter(|character| *character != '_') {
        let digit = character.to_digit(base).ok_or_else(invalid)?;
        value = value.saturating_mul(i128::from(base)).saturating_add(i128::from(digit));
    }
    i64::try_from(if negative { -value } else { value }).map(Value::Int).map_err(|_| Failure::overflow())
}

fn power_modulo(base: i64, exponent: i64, modulus: i64) -> Outcome<Value> {
    if modulus == 0 {
        return Err(Failure::value("pow() 3rd argument cannot be 0"));
    }
    if exponent < 0 {
        return Err(Failure::value("pow() with a modulus needs an exponent that is not negative"));
    }
    let limit = i128::from(modulus);
    let mut result = 1_i128.rem_euclid(limit.abs());
    let mut factor = i128::from(base).rem_euclid(limit.abs());
    let mut left = exponent;
    while left > 0 {
        if left & 1 == 1 {
            result = result * factor % limit.abs();
        }
        factor = factor * factor % limit.abs();
        left >>= 1;
    }
    // The sign is the divisor's.
    if limit < 0 && result != 0 {
        result += limit;
    }
    i64::try_from(result).map(Value::Int).map_err(|_| Failure::overflow())
}

fn range(arguments: Arguments<'_>) -> Outcome<Value> {
    let bound = |value: &Value| int(value);
    let (start, stop, step) = match arguments.positional {
        [stop] => (0, bound(stop)?, 1),
        [start, stop] => (bound(start)?, bound(stop)?, 1),
        [start, stop, step] => (bound(start)?, bound(stop)?, bound(step)?),
        _ => return Err(Failure::type_("range expected 1 to 3 arguments")),
    };
    if step == 0 {
        return Err(Failure::value("range() arg 3 must not be zero"));
    }
    Ok(Value::Range(std::rc::Rc::new(Range { start, stop, step })))
}

fn round(arguments: Arguments<'_>) -> Outcome<Value> {
    let [value, digits] = arguments.bind("round", ["number", "ndigits"], 1)?;
    let value = value.unwrap_or(Value::None);
    let digits = match &digits {
        None | Some(Value::None) => None,
        Some(digits) => Some(int(digits)?),
    };
    match (&value, digits) {
        (Value::None, _) => Ok(Value::None),
        (Value::Float(value), None) => match whole(value.round_ties_even()) {
            Some(value) => Ok(Value::Int(value)),
            None => Err(Failure::new(
                if value.is_nan() {
                    super::failure::FailureKind::Value
                } else {
                    super::failure::FailureKind::Overflow
                },
                not_whole(*value).unwrap_or_default(),
            )),
        },
        (Value::Float(value), Some(digits)) => {
            let rounded = round_float(*value, digits);
            if rounded.is_infinite() && value.is_finite() {
                return Err(Failure::new(
                    super::failure::FailureKind::Overflow,
                    "float overflow: the rounded value is too large",
                ));
            }
            Ok(Value::Float(rounded))
        }
        (other, digits) => match other.as_int() {
            Some(value) => match round_int(value, digits.unwrap_or(0)) {
                Some(value) => Ok(Value::Int(value)),
                None => Err(Failure::overflow()),
            },
            None => {
                Err(Failure::type_(format!("type {} doesn't define __round__ method", other.type_name())))
            }
        },
    }
}

fn sum(arguments: Arguments<'_>, budget: &mut Budget) -> Outcome<Value> {
    let [items, start] = arguments.bind("sum", ["iterable", "start"], 1)?;
    let items = iterate::items(&items.unwrap_or(Value::None), budget)?;
    let mut total = start.unwrap_or(Value::Int(0));
    if matches!(total, Value::Str(_)) {
        return Err(Failure::type_("sum() can't sum strings [use ''.join(seq) instead]"));
    }
    for item in &items {
        total = binary(Operator::Add, &total, item, budget)?;
    }
    Ok(total)
}

/// `isinstance(value, types)`
fn is_instance(value: &Value, types: &Value) -> Outcome<bool> {
    match types {
        Value::Tuple(items) => {
            for item in items.iter() {
                if is_instance(value, item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Callable(callable) => match &**callable {
            Callable::Builtin(name) => Ok(match *name {
                "int" => value.as_int().is_some(),
                "frozenset" => false,
                name => value.type_name() == name,
            }),
            Callable::Module(path) => Ok(modules::is_instance(value, path).unwrap_or(false)),
            _ => Err(Failure::type_("isinstance() arg 2 must be a type or a tuple of types")),
        },
        _ => Err(Failure::type_("isinstance() arg 2 must be a type or a tuple of types")),
    }
}
