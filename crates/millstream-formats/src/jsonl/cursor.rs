//! Reading JSON (RFC 8259) from a line, one token at a time, straight into buffers.

use std::borrow::Cow;

use crate::number;
use crate::scan;

/// Arrays and objects inside one another; more would only serve to exhaust the stack.
const DEEPEST: usize = 128;

/// Why a line is no row.
#[derive(Debug)]
pub(super) enum Problem {
    /// The line is no JSON.
    Syntax {
        /// Counted from 0, in bytes.
        at: usize,
        expected: &'static str,
    },
    /// A value does not fit its column.
    Misfit {
        /// Where the value is: `address.lines[]`.
        path: String,
        reason: String,
    },
}

/// The error is boxed, so that the way without errors moves few bytes.
pub(super) type Parse<T> = Result<T, Box<Problem>>;

/// A place in a line.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The start of a line, which must be UTF-8.
    pub(super) fn new(line: &'a [u8]) -> Self {
        Self { line, at: 0 }
    }

    /// Goes past white space and gives the next byte, 0 at the end of the line.
    #[inline]
    pub(super) fn peek(&mut self) -> u8 {
        loop {
            match self.line.get(self.at) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                Some(&byte) => return byte,
                None => return 0,
            }
        }
    }

    /// Goes past one byte.
    #[inline]
    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    /// Goes past `byte` and the white space before it, or says that something else was `expected`.
    #[inline]
    pub(super) fn expect(&mut self, byte: u8, expected: &'static str) -> Parse<()> {
        if self.peek() == byte {
            self.at += 1;
            return Ok(());
        }
        self.fail(expected)
    }

    /// Goes past `text` if the line goes on with it.
    #[inline]
    pub(super) fn eat(&mut self, text: &[u8]) -> bool {
        let next = self.line.get(self.at..self.at + text.len()) == Some(text);
        if next {
            self.at += text.len();
        }
        next
    }

    /// Goes past a word such as `null`.
    #[inline]
    pub(super) fn word(&mut self, word: &'static str) -> Parse<()> {
        if self.eat(word.as_bytes()) { Ok(()) } else { self.fail("a value") }
    }

    /// Makes sure that nothing but white space follows.
    pub(super) fn end(&mut self) -> Parse<()> {
        self.peek();
        if self.at == self.line.len() { Ok(()) } else { self.fail("the end of the line") }
    }

    /// Goes past the `,` after a member or an item, which gives `true`, or past `close`.
    #[inline]
    pub(super) fn more(&mut self, close: u8, expected: &'static str) -> Parse<bool> {
        let byte = self.peek();
        if byte != b',' && byte != close {
            return self.fail(expected);
        }
        self.at += 1;
        Ok(byte == b',')
    }

    /// The place of the number that starts here, and whether it is written as an integer.
    #[inline]
    pub(super) fn number(&mut self) -> Parse<Number<'a>> {
        let start = self.at;
        self.eat(b"-");
        let first = self.at;
        let digits = self.digits();
        if digits == 0 || (digits > 1 && self.line[first] == b'0') {
            self.at = start;
            return self.fail("a value");
        }
        let mut integer = true;
        if self.line.get(self.at) == Some(&b'.') {
            self.at += 1;
            integer = false;
            if self.digits() == 0 {
                return self.fail("a digit");
            }
        }
        if matches!(self.line.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            integer = false;
            if matches!(self.line.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return self.fail("a digit");
            }
        }
        Ok(Number { line: self.line, start, end: self.at, integer })
    }

    #[inline]
    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.line.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    /// Appends the content of the string that starts here to `out`, without escapes.
    #[inline]
    pub(super) fn string(&mut self, out: &mut Vec<u8>) -> Parse<()> {
        self.expect(b'"', "a string")?;
        loop {
            let rest = &self.line[self.at..];
            let run = scan::json_run(rest);
            out.extend_from_slice(&rest[..run]);
            self.at += run;
            match rest.get(run) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape(out)?,
                _ => return self.fail("the end of the string"),
            }
        }
    }

    /// The content of the string that starts here.
    #[inline]
    pub(super) fn short_string(&mut self) -> Parse<Cow<'a, [u8]>> {
        self.expect(b'"', "a string")?;
        let rest = &self.line[self.at..];
        let run = scan::json_run(rest);
        if rest.get(run) == Some(&b'"') {
            self.at += run + 1;
            return Ok(Cow::Borrowed(&rest[..run]));
        }
        self.at -= 1;
        let mut content = Vec::new();
        self.string(&mut content)?;
        Ok(Cow::Owned(content))
    }

    /// The key that starts here.
    pub(super) fn key(&mut self) -> Parse<Cow<'a, [u8]>> {
        if self.peek() != b'"' {
            return self.fail("a key in quotes");
        }
        self.short_string()
    }

    #[cold]
    fn escape(&mut self, out: &mut Vec<u8>) -> Parse<()> {
        let byte = match self.line.get(self.at + 1) {
            Some(b'"') => b'"',
            Some(b'\\') => b'\\',
            Some(b'/') => b'/',
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let character = self.unicode_escape()?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return self.fail("an escape that JSON knows"),
        };
        self.at += 2;
        out.push(byte);
        Ok(())
    }

    fn unicode_escape(&mut self) -> Parse<char> {
        let high = self.hexadecimal(self.at + 2)?;
        let (code, length) = match high {
            0xd800..0xdc00 if self.line[self.at + 6..].starts_with(b"\\u") => {
                let low = self.hexadecimal(self.at + 8)?;
                let code = 0x1_0000 + ((high - 0xd800) << 10) + low.wrapping_sub(0xdc00);
                (if (0xdc00..0xe000).contains(&low) { code } else { high }, 12)
            }
            code => (code, 6),
        };
        // A surrogate without its other half is no character.
        let Some(character) = char::from_u32(code) else {
            return self.fail("a pair of surrogates");
        };
        self.at += length;
        Ok(character)
    }

    fn hexadecimal(&self, at: usize) -> Parse<u32> {
        let digits = self.line.get(at..at + 4).unwrap_or_default();
        let code = std::str::from_utf8(digits)
            .ok()
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match code.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(code) if digits.len() == 4 => Ok(code),
            _ => self.fail("four hexadecimal digits"),
        }
    }

    /// Goes past the value that starts here, whatever it is, and gives its text.
    pub(super) fn skip_value(&mut self) -> Parse<&'a [u8]> {
        self.peek();
        let start = self.at;
        self.skip_nested(0)?;
        Ok(&self.line[start..self.at])
    }

    fn skip_nested(&mut self, depth: usize) -> Parse<()> {
        if depth > DEEPEST {
            return self.fail("less than 128 arrays and objects inside one another");
        }
        match self.peek() {
            b'{' => {
                self.skip();
                if self.peek() == b'}' {
                    self.skip();
                    return Ok(());
                }
                loop {
                    self.key()?;
                    self.expect(b':', "`:`")?;
                    self.skip_nested(depth + 1)?;
                    if !self.more(b'}', "`,` or `}`")? {
                        return Ok(());
                    }
                }
            }
            b'[' => {
                self.skip();
                if self.peek() == b']' {
                    self.skip();
                    return Ok(());
                }
                loop {
                    self.skip_nested(depth + 1)?;
                    if !self.more(b']', "`,` or `]`")? {
                        return Ok(());
                    }
                }
            }
            b'"' => self.short_string().map(|_| ()),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number().map(|_| ()),
        }
    }

    /// The place in the line, for [`Cursor::fail_value`].
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// A misfit of the value that starts at `start`; a syntax error if it is no value at all.
    #[cold]
    pub(super) fn fail_value<T>(&self, start: usize, reason: impl FnOnce(&[u8]) -> String) -> Parse<T> {
        let mut value = Self { line: self.line, at: start };
        let text = value.skip_value()?;
        misfit(reason(text))
    }

    #[cold]
    pub(super) fn fail<T>(&self, expected: &'static str) -> Parse<T> {
        Err(Box::new(Problem::Syntax { at: self.at, expected }))
    }
}

/// A value that does not fit; callers add where it is.
#[cold]
pub(super) fn misfit<T>(reason: String) -> Parse<T> {
    Err(Box::new(Problem::Misfit { path: String::new(), reason }))
}

/// Adds the name of the member in which a misfit was found.
#[inline]
pub(super) fn within<T>(name: &str, parsed: Parse<T>) -> Parse<T> {
    parsed.map_err(|mut problem| {
        if let Problem::Misfit { path, .. } = &mut *problem {
            let separator = if path.is_empty() || path.starts_with('[') { "" } else { "." };
            *path = format!("{name}{separator}{path}");
        }
        problem
    })
}

/// The place of a number in a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<'a> {
    line: &'a [u8],
    start: usize,
    end: usize,
    /// Whether it has neither a fraction nor an exponent.
    pub(super) integer: bool,
}

impl<'a> Number<'a> {
    #[inline]
    pub(super) fn text(self) -> &'a [u8] {
        &self.line[self.start..self.end]
    }

    /// Its value, if it is an integer of 64 bits.
    #[inline]
    pub(super) fn to_i64(self) -> Option<i64> {
        if !self.integer {
            return None;
        }
        number::parse_integer(self.line, self.start, self.end)
    }
}
