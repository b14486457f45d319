//! Texts with placeholders: `numerify`, `lexify`, `bothify`, `hexify`, and the digits of locales' formats.

use std::fmt::Write;

use millstream_core::Key;

use super::text::{Append, text};
use super::unique::{Builder, Texts};
use super::{Resolved, Site};
use crate::draws::scale;
use crate::fused::Table;
use crate::library::arguments::Bound;

pub(super) const NAMES: &[&str] = &[
    "bothify",
    "hexify",
    "lexify",
    "numerify",
    "random_letter",
    "random_lowercase_letter",
    "random_uppercase_letter",
];

const DIGITS: &[u8] = b"0123456789";
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let mut next = 0;
    let mut keys = || {
        next += 1;
        site.key.numbered(next - 1)
    };
    let pattern = match site.name {
        "numerify" => {
            let arguments = &site.arguments;
            let format = arguments.text("text")?.unwrap_or("###");
            Pattern::new(format, numeric, &mut keys)
        }
        "lexify" => {
            let arguments = &site.arguments;
            let letters = letters(arguments)?;
            let format = arguments.text("text")?.unwrap_or("????");
            Pattern::new(format, |byte| (byte == b'?').then(|| Hole::of(letters)), &mut keys)
        }
        "bothify" => {
            let arguments = &site.arguments;
            let letters = letters(arguments)?;
            let format = arguments.text("text")?.unwrap_or("## ??");
            let hole = |byte| if byte == b'?' { Some(Hole::of(letters)) } else { numeric(byte) };
            Pattern::new(format, hole, &mut keys)
        }
        "hexify" => {
            let arguments = &site.arguments;
            let upper = arguments.boolean("upper")?.unwrap_or(false);
            let alphabet: &[u8] = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
            let format = arguments.text("text")?.unwrap_or("^^^^");
            Pattern::new(format, |byte| (byte == b'^').then(|| Hole::of(alphabet)), &mut keys)
        }
        "random_lowercase_letter" => Pattern::new("?", |_| Some(Hole::of(LOWER)), &mut keys),
        "random_uppercase_letter" => Pattern::new("?", |_| Some(Hole::of(UPPER)), &mut keys),
        _ => Pattern::new("?", |_| Some(Hole::of(LETTERS)), &mut keys),
    };
    text(site, pattern)
}

/// So many letters between two texts.
pub(super) fn letters_pattern(site: &Site<'_>, before: &str, count: usize, after: &str) -> Pattern {
    let mut next = 0;
    let mut keys = || {
        next += 1;
        site.key.numbered(next - 1)
    };
    let letters = Pattern::new(&"?".repeat(count), |_| Some(Hole::of(LETTERS)), &mut keys).0;
    let literal = |text: &str| text.bytes().map(Token::Byte).collect::<Vec<_>>();
    let mut tokens = literal(before);
    tokens.extend(letters);
    tokens.extend(literal(after));
    Pattern(tokens.into())
}

fn letters<'a>(arguments: &Bound<'a>) -> Result<&'a [u8], millstream_expr::CallError> {
    match arguments.text("letters")? {
        None => Ok(LETTERS),
        Some(letters) if !letters.is_empty() && letters.is_ascii() => Ok(letters.as_bytes()),
        Some(_) => Err(arguments.error(
            "letters",
            "`letters` must be one or more ASCII characters",
            "for example `letters=\"ABCDE\"`",
        )),
    }
}

/// What Faker's `numerify` puts in place of a character.
fn numeric(byte: u8) -> Option<Hole> {
    match byte {
        b'#' => Some(Hole::of(DIGITS)),
        b'%' => Some(Hole::of(&DIGITS[1..])),
        b'$' => Some(Hole::of(&DIGITS[2..])),
        b'!' => Some(Hole::optional(DIGITS)),
        b'@' => Some(Hole::optional(&DIGITS[1..])),
        _ => None,
    }
}

/// A text with holes that are filled with random characters.
#[derive(Debug)]
pub(super) struct Pattern(Box<[Token]>);

#[derive(Debug)]
enum Token {
    Byte(u8),
    Hole(Hole),
}

#[derive(Debug)]
struct Hole {
    alphabet: Box<[u8]>,
    /// How many outcomes there are; those beyond the alphabet leave the hole empty.
    outcomes: u64,
    /// Where fresh random bits come from, if those before are used up.
    refresh: Option<Key>,
}

impl Hole {
    fn of(alphabet: &[u8]) -> Self {
        Self { alphabet: alphabet.into(), outcomes: alphabet.len() as u64, refresh: None }
    }

    /// Empty in one half of the cases.
    fn optional(alphabet: &[u8]) -> Self {
        Self { outcomes: alphabet.len() as u64 * 2, ..Self::of(alphabet) }
    }
}

impl Pattern {
    /// The placeholders of locales' formats: `#`, `%` and `$` as in `numerify`, `?` a lower-case and `^` an upper-case
    /// letter.
    pub(super) fn of_format(text: &str, keys: &mut impl FnMut() -> Key) -> Self {
        let hole = |byte| match byte {
            b'#' | b'%' | b'$' => numeric(byte),
            b'?' => Some(Hole::of(LOWER)),
            b'^' => Some(Hole::of(UPPER)),
            _ => None,
        };
        Self::new(text, hole, keys)
    }

    fn new(text: &str, hole: impl Fn(u8) -> Option<Hole>, keys: &mut impl FnMut() -> Key) -> Self {
        // 64 random bits are used until this many outcomes are drawn from them, so that no character's odds are off by
        // more than about one in a million.
        const OUTCOMES: u64 = 1 << 40;
        let mut used = OUTCOMES;
        let tokens = text.bytes().map(|byte| {
            let Some(mut hole) = hole(byte) else {
                return Token::Byte(byte);
            };
            used = used.saturating_mul(hole.outcomes);
            if used > OUTCOMES {
                used = hole.outcomes;
                hole.refresh = Some(keys());
            }
            Token::Hole(hole)
        });
        Self(tokens.collect())
    }
}

impl Pattern {
    /// A table for each hole, and for the text before it.
    pub(super) fn tables(&self) -> Vec<Table> {
        let (mut tables, mut text) = (Vec::new(), Vec::new());
        let literal = |text: &mut Vec<u8>| {
            let word = String::from_utf8_lossy(&std::mem::take(text)).into_owned();
            vec![(word.into(), 1)]
        };
        for token in &self.0 {
            match token {
                Token::Byte(byte) => text.push(*byte),
                Token::Hole(hole) => {
                    if !text.is_empty() {
                        tables.push(literal(&mut text));
                    }
                    let filled = hole.alphabet.iter().map(|byte| (char::from(*byte).to_string().into(), 1));
                    let empty = hole.outcomes - hole.alphabet.len() as u64;
                    tables.push(filled.chain((empty > 0).then(|| ("".into(), empty as u32))).collect());
                }
            }
        }
        if !text.is_empty() {
            tables.push(literal(&mut text));
        }
        tables
    }
}

impl Pattern {
    /// Its texts, then on to `next`.
    pub(super) fn build(&self, builder: &mut Builder, next: u32) -> u32 {
        self.0.iter().rev().fold(next, |next, token| match token {
            Token::Byte(byte) => builder.bytes(&[*byte], next),
            Token::Hole(hole) => {
                let filled = builder.bytes(&hole.alphabet, next);
                let may_be_empty = hole.outcomes > hole.alphabet.len() as u64;
                if may_be_empty { builder.any(vec![filled, next]) } else { filled }
            }
        })
    }
}

impl Append for Pattern {
    fn texts(&self) -> Option<Result<Texts, String>> {
        let mut builder = Builder::default();
        let end = builder.end(0);
        let start = self.build(&mut builder, end);
        Some(builder.finish(start, &[1]))
    }

    fn append(&self, row: u64, out: &mut impl Write, _: &mut String) -> std::fmt::Result {
        let (mut buffer, mut length) = ([0_u8; 128], 0);
        let mut bits = 0;
        for token in &self.0 {
            let byte = match token {
                Token::Byte(byte) => *byte,
                Token::Hole(hole) => {
                    if let Some(key) = hole.refresh {
                        bits = key.bits(row);
                    }
                    let (index, rest) = scale(bits, hole.outcomes);
                    bits = rest;
                    let Some(byte) = hole.alphabet.get(index as usize) else { continue };
                    *byte
                }
            };
            // A long text goes out in pieces that end where a character does.
            if length > buffer.len() - 4 && byte & 0xC0 != 0x80 {
                write(&buffer[..length], out)?;
                length = 0;
            }
            buffer[length] = byte;
            length += 1;
        }
        write(&buffer[..length], out)
    }

    fn longest(&self) -> usize {
        self.0.len()
    }

    fn average(&self) -> usize {
        self.0.len()
    }
}

fn write(bytes: &[u8], out: &mut impl Write) -> std::fmt::Result {
    out.write_str(std::str::from_utf8(bytes).map_err(|_| std::fmt::Error)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, row: u64) -> String {
        let mut next = 0;
        let mut out = String::new();
        Pattern::new(text, numeric, &mut || {
            next += 1;
            Key::from_seed(1).numbered(next)
        })
        .append(row, &mut out, &mut String::new())
        .unwrap();
        out
    }

    #[test]
    fn long_texts_and_wide_characters_pass_unharmed() {
        let text = "äöü€𝄞".repeat(40);
        assert_eq!(value(&text, 0), text);
        let mixed = value(&"ä#".repeat(300), 5);
        assert_eq!(mixed.chars().count(), 600);
        assert!(mixed.chars().step_by(2).all(|c| c == 'ä'));
        assert!(mixed.chars().skip(1).step_by(2).all(|c| c.is_ascii_digit()));
    }

    #[test]
    fn digits_of_one_text_are_uniform_and_independent() {
        let rows = 40_000;
        let mut pairs = [0_u32; 100];
        for row in 0..rows {
            let digits: Vec<usize> =
                value("#".repeat(30).as_str(), row).bytes().map(|b| usize::from(b - b'0')).collect();
            // The last digit before fresh bits, and the first after them.
            pairs[digits[11] * 10 + digits[12]] += 1;
        }
        let expected = rows as f64 / 100.0;
        let chi_squared: f64 = pairs.iter().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum();
        // 99 degrees of freedom: 99.9 % of fair draws stay below 148.
        assert!(chi_squared < 148.0, "{chi_squared}");
    }

    #[test]
    fn optional_digits_are_empty_half_of_the_time() {
        let empty = (0..10_000).filter(|&row| value("!", row).is_empty()).count();
        assert!((4_800..5_200).contains(&empty), "{empty}");
        assert!((0..1000).all(|row| !value("@", row).contains('0')));
    }
}
