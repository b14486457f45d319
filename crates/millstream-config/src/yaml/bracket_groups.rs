//! `{data: f("a", [1, 2])}` without quotes around the call.
//!
//! YAML ends an unquoted value inside `{…}` or `[…]` at the first comma or bracket, so that a call with two
//! arguments falls apart into nonsense. Here such a value goes on as long as a bracket that it opened is not closed:
//! the characters that would end it are replaced by stand-ins of the same number of characters before the YAML
//! parser sees them, and put back in what it returns.
//!
//! This needs no exact notion of where YAML is in its grammar. Where a comma means nothing to YAML (block values,
//! quotes, comments), a stand-in changes nothing; where this scan loses track, values merely keep the plain YAML
//! meaning.

use std::borrow::Cow;

/// Characters that end a plain value inside a flow collection, and the private-use ones that stand in for them.
const STAND_INS: [(u8, char); 7] = [
    (b',', '\u{F8F0}'),
    (b'[', '\u{F8F1}'),
    (b']', '\u{F8F2}'),
    (b'{', '\u{F8F3}'),
    (b'}', '\u{F8F4}'),
    (b':', '\u{F8F5}'),
    (b'#', '\u{F8F6}'),
];

/// The text with stand-ins; it has the same number of characters.
pub(super) fn protect(text: &str) -> Cow<'_, str> {
    if text.contains(|c| STAND_INS.iter().any(|(_, stand_in)| c == *stand_in)) {
        return Cow::Borrowed(text);
    }
    let mut scan = Scan {
        bytes: text.as_bytes(),
        at: 0,
        flow_depth: 0,
        token_start: true,
        line_start: 0,
        parent_column: -1,
        replaced: Vec::new(),
    };
    scan.run();
    if scan.replaced.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut protected = String::with_capacity(text.len() + 2 * scan.replaced.len());
    let mut copied = 0;
    for at in scan.replaced {
        protected.push_str(&text[copied..at]);
        let byte = text.as_bytes()[at];
        protected.extend(STAND_INS.iter().find(|(from, _)| *from == byte).map(|(_, to)| to));
        copied = at + 1;
    }
    protected.push_str(&text[copied..]);
    Cow::Owned(protected)
}

/// Puts back what [`protect`] replaced in the text it returned.
pub(super) fn restore(protected: &str) -> String {
    protected
        .chars()
        .map(|c| {
            STAND_INS.iter().find(|(_, stand_in)| *stand_in == c).map_or(c, |(from, _)| char::from(*from))
        })
        .collect()
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// How many `{` and `[` of YAML are open.
    flow_depth: usize,
    /// Whether the next character that is not blank begins a value or a key.
    token_start: bool,
    line_start: usize,
    /// The column of the last key or dash: a block scalar is what is indented more.
    parent_column: isize,
    /// Where stand-ins go, ascending.
    replaced: Vec<usize>,
}

impl Scan<'_> {
    fn run(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            let blank_before = self.at == self.line_start || is_blank(self.bytes[self.at - 1]);
            match byte {
                b'\n' | b'\r' => {
                    self.at += 1;
                    self.line_start = self.at;
                    self.token_start = true;
                }
                b' ' | b'\t' => self.at += 1,
                b'#' if blank_before => self.skip_line(),
                b'{' | b'[' if self.token_start || self.flow_depth > 0 => {
                    self.flow_depth += 1;
                    self.step(true);
                }
                b'}' | b']' => {
                    self.flow_depth = self.flow_depth.saturating_sub(1);
                    self.step(false);
                }
                b',' if self.flow_depth > 0 => self.step(true),
                b':' if !self.token_start => self.step(true),
                _ if !self.token_start => self.at += 1,
                b'"' | b'\'' => self.quoted(byte),
                b'-' if self.document_marker() => self.at += 3,
                b'-' | b'?' | b':' if self.blank_at(self.at + 1) => {
                    if byte == b'-' {
                        self.parent_column = self.column(self.at);
                    }
                    self.step(true);
                }
                b'&' | b'!' => self.skip_word(),
                b'|' | b'>' if self.flow_depth == 0 => self.block_scalar(),
                _ => self.plain(),
            }
        }
    }

    fn step(&mut self, token_start: bool) {
        self.at += 1;
        self.token_start = token_start;
    }

    fn column(&self, at: usize) -> isize {
        (at - self.line_start) as isize
    }

    /// Whether a blank, a line end or the end of the text is at `at`.
    fn blank_at(&self, at: usize) -> bool {
        self.bytes.get(at).is_none_or(|&byte| is_blank(byte) || is_break(byte))
    }

    fn document_marker(&self) -> bool {
        self.at == self.line_start && self.bytes[self.at..].starts_with(b"---") && self.blank_at(self.at + 3)
    }

    fn skip_line(&mut self) {
        while self.bytes.get(self.at).is_some_and(|&byte| !is_break(byte)) {
            self.at += 1;
        }
    }

    fn skip_word(&mut self) {
        while !self.blank_at(self.at) {
            self.at += 1;
        }
    }

    fn quoted(&mut self, quote: u8) {
        let start = self.at;
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' if quote == b'"' => self.at += 1,
                _ if byte == quote && quote == b'\'' && self.bytes.get(self.at) == Some(&quote) => {
                    self.at += 1;
                }
                _ if byte == quote => break,
                b'\n' | b'\r' => self.line_start = self.at,
                _ => {}
            }
        }
        self.at = self.at.min(self.bytes.len());
        self.after_key(start);
        self.token_start = false;
    }

    /// Remembers the column of a token that turns out to be a key.
    fn after_key(&mut self, start: usize) {
        if self.flow_depth == 0
            && start >= self.line_start
            && self.bytes.get(self.at) == Some(&b':')
            && self.blank_at(self.at + 1)
        {
            self.parent_column = self.column(start);
        }
    }

    fn block_scalar(&mut self) {
        self.skip_line();
        while self.at < self.bytes.len() {
            if self.bytes[self.at..].starts_with(b"\r\n") {
                self.at += 1;
            }
            self.at += 1;
            self.line_start = self.at;
            let spaces =
                self.bytes[self.at.min(self.bytes.len())..].iter().take_while(|&&byte| byte == b' ').count();
            let empty = self.bytes.get(self.at + spaces).is_none_or(|&byte| is_break(byte));
            if !empty && spaces as isize <= self.parent_column {
                break;
            }
            self.skip_line();
        }
        self.token_start = true;
    }

    fn plain(&mut self) {
        let start = self.at;
        while let Some(&byte) = self.bytes.get(self.at) {
            let flow = self.flow_depth > 0;
            match byte {
                b'\n' | b'\r' => break,
                b'#' if is_blank(self.bytes[self.at.saturating_sub(1)]) => break,
                b':' if self.blank_at(self.at + 1) => break,
                b':' if flow
                    && matches!(self.bytes.get(self.at + 1), Some(b',' | b'[' | b']' | b'{' | b'}')) =>
                {
                    break;
                }
                b',' | b']' | b'}' if flow => break,
                b'(' | b'[' | b'{' if flow => match self.group_end(self.at) {
                    Some(end) => {
                        let group = self.at..end;
                        self.replaced.extend(group.filter(|&at| is_structural(self.bytes[at])));
                        self.at = end;
                        continue;
                    }
                    None if byte == b'(' => {}
                    None => break,
                },
                _ => {}
            }
            self.at += 1;
        }
        self.after_key(start);
        self.token_start = false;
    }

    /// Where the bracket that opens at `open` is closed on the same line, with strings skipped as Python does.
    fn group_end(&self, open: usize) -> Option<usize> {
        let mut closers = Vec::new();
        let mut at = open;
        while let Some(&byte) = self.bytes.get(at) {
            match byte {
                b'\n' | b'\r' => return None,
                b'#' if is_blank(self.bytes[at - 1]) => return None,
                b'(' => closers.push(b')'),
                b'[' => closers.push(b']'),
                b'{' => closers.push(b'}'),
                b')' | b']' | b'}' => {
                    if closers.pop() != Some(byte) {
                        return None;
                    }
                    if closers.is_empty() {
                        return Some(at + 1);
                    }
                }
                b'"' | b'\'' => at = self.string_end(at)?,
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// Where the string that opens at `open` has its closing quote.
    fn string_end(&self, open: usize) -> Option<usize> {
        let mut at = open + 1;
        loop {
            match *self.bytes.get(at)? {
                b'\n' | b'\r' => return None,
                b'\\' => at += 1,
                byte if byte == self.bytes[open] => return Some(at),
                _ => {}
            }
            at += 1;
        }
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn is_structural(byte: u8) -> bool {
    STAND_INS.iter().any(|(from, _)| *from == byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which commas are replaced, shown as `;`.
    fn shown(text: &str) -> String {
        protect(text).replace('\u{F8F0}', ";")
    }

    #[test]
    fn commas_inside_the_brackets_of_a_plain_flow_value_are_protected() {
        assert_eq!(shown(r#"- {a: f("x, y)", 1), b: 2}"#), r#"- {a: f("x; y)"; 1), b: 2}"#);
        assert_eq!(shown("a: [f(1, 2), g(3, 4)]"), "a: [f(1; 2), g(3; 4)]");
        assert_eq!(shown("a: {b: c(1,\n 2)}"), "a: {b: c(1,\n 2)}");
        assert_eq!(shown("a: [x (y, z]"), "a: [x (y, z]");
        assert_eq!(shown("a: ['(', \")\", 'it''s (', 3]"), "a: ['(', \")\", 'it''s (', 3]");
        assert_eq!(shown(r#"{"a":"(b","c":"d)"}"#), r#"{"a":"(b","c":"d)"}"#);
    }

    #[test]
    fn block_values_and_comments_do_not_confuse_it() {
        let text =
            "a: |\n  { 'x\n  (1, 2\nb: # {\n  - > # [\n   { (\n  - c: |\n     {\n    d: it's\ne: {f: (1, 2)}";
        assert_eq!(shown(text), text.replace("(1, 2)}", "(1; 2)}"));
        assert_eq!(shown("--- {f: (1, 2)}"), "--- {f: (1; 2)}");
    }

    #[test]
    fn restoring_undoes_protecting() {
        let text = "{é: f({'k': [1, 2][0]} # no\n), g: h(']', \"#\", {1: 2})}";
        let protected = protect(text);
        assert_ne!(protected, text);
        assert_eq!(protected.chars().count(), text.chars().count());
        assert_eq!(restore(&protected), text);
    }
}
