//! `"\ud83d\ude00"`: JSON writes characters beyond 16 bits as two escapes, which YAML does not know.
//!
//! In a `.json` file, each half is replaced by an escape of the same length, of a private-use character, and the pair
//! becomes its character in what the YAML parser returns.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Private-use characters that stand in for the halves.
const HIGH: u32 = 0xE000;
const LOW: u32 = 0xE400;

/// How many characters a half is written with: `\ud83d`.
const LENGTH: usize = 6;

/// The text of a `.json` file without such pairs, with the same number of characters; `None` if there are none.
pub(super) fn protect<'a>(file_name: &str, text: &'a str) -> Option<Cow<'a, str>> {
    let is_json =
        std::path::Path::new(file_name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    if !is_json {
        return None;
    }
    let mut protected = String::with_capacity(text.len());
    let (mut copied, mut at) = (0, 0);
    while let Some(backslash) = text.get(at..).and_then(|rest| rest.find('\\')).map(|offset| at + offset) {
        let low = backslash + LENGTH;
        if let (Some(first @ 0xD800..0xDC00), Some(second @ 0xDC00..0xE000)) =
            (half(text, backslash), half(text, low))
        {
            protected.push_str(text.get(copied..backslash)?);
            let (high, low_half) = (first - 0xD800 + HIGH, second - 0xDC00 + LOW);
            let _ = write!(protected, "\\u{high:04x}\\u{low_half:04x}");
            copied = low + LENGTH;
            at = copied;
        } else {
            // An escaped backslash begins no escape.
            at = backslash + 2;
        }
    }
    if copied == 0 {
        return None;
    }
    protected.push_str(text.get(copied..)?);
    Some(Cow::Owned(protected))
}

/// The number of an escape that begins at `at`.
fn half(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + LENGTH)?.strip_prefix("\\u")?;
    u32::from_str_radix(digits, 16).ok()
}

/// Puts the characters of pairs back.
pub(super) fn restore(protected: &str) -> String {
    let mut restored = String::with_capacity(protected.len());
    let mut characters = protected.chars().peekable();
    while let Some(character) = characters.next() {
        let pair = match (u32::from(character), characters.peek().map(|&next| u32::from(next))) {
            (high @ HIGH..LOW, Some(low @ LOW..0xE800)) => {
                char::from_u32(0x10000 + ((high - HIGH) << 10) + (low - LOW))
            }
            _ => None,
        };
        if pair.is_some() {
            characters.next();
        }
        restored.push(pair.unwrap_or(character));
    }
    restored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_become_characters_and_nothing_else_changes() {
        let text = r#"{"a": "\ud83d\ude00 \uD834\uDD1E \u00e9 \\ud83d\ude00 \ud83d x"}"#;
        let protected = protect("a.json", text).unwrap();
        assert_eq!(protected.chars().count(), text.chars().count());
        assert_eq!(protected, r#"{"a": "\ue03d\ue600 \ue034\ue51e \u00e9 \\ud83d\ude00 \ud83d x"}"#);
        assert_eq!(restore("\u{e03d}\u{e600} é \u{e034}\u{e51e}\u{e034}"), "😀 é 𝄞\u{e034}");
        assert!(protect("a.yaml", text).is_none());
        assert!(protect("a.json", r#"{"a": "\\ud83d"}"#).is_none());
    }
}
