//! `re`: Python's regular expressions by the regex crate, whose time is linear in the text. What it lacks (references
//! to groups, look-around) is refused.

use std::cell::RefCell;
use std::ops::Range;

use regex::{Captures, Regex, RegexBuilder};

/// The most bytes of a compiled pattern, so that a file cannot ask for more.
const LARGEST: usize = 1 << 20;

/// The flags of `re`, as Python numbers them.
pub(crate) const FLAGS: [(&str, i64); 12] = [
    ("re.A", 256),
    ("re.ASCII", 256),
    ("re.DOTALL", 16),
    ("re.I", 2),
    ("re.IGNORECASE", 2),
    ("re.M", 8),
    ("re.MULTILINE", 8),
    ("re.S", 16),
    ("re.U", 32),
    ("re.UNICODE", 32),
    ("re.VERBOSE", 64),
    ("re.X", 64),
];

/// The names of the functions.
pub(crate) const NAMES: [&str; 8] =
    ["re.escape", "re.findall", "re.fullmatch", "re.match", "re.search", "re.split", "re.sub", "re.subn"];

/// Where a pattern must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// `search`
    Anywhere,
    /// `match`
    Start,
    /// `fullmatch`
    Whole,
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    regex: Regex,
    anchored: Regex,
    whole: Regex,
}

impl Pattern {
    pub(crate) fn new(pattern: &str, flags: i64) -> Result<Self, String> {
        let translated = translate(pattern)?;
        let build = |text: &str| {
            RegexBuilder::new(text)
                .case_insensitive(flags & 2 != 0)
                .multi_line(flags & 8 != 0)
                .dot_matches_new_line(flags & 16 != 0)
                .ignore_whitespace(flags & 64 != 0)
                .unicode(true)
                .size_limit(LARGEST)
                .build()
                .map_err(|error| reason(&error))
        };
        if flags & 256 != 0 {
            return Err("the flag ASCII of regular expressions is not supported".to_owned());
        }
        // A line break ends a comment of the flag VERBOSE.
        let end = if flags & 64 != 0 { "\n" } else { "" };
        Ok(Self {
            regex: build(&translated)?,
            anchored: build(&format!("\\A(?:{translated}{end})"))?,
            whole: build(&format!("\\A(?:{translated}{end})\\z"))?,
        })
    }

    pub(crate) fn groups(&self) -> usize {
        self.regex.captures_len() - 1
    }

    /// The names of the groups, the whole first.
    pub(crate) fn names(&self) -> impl Iterator<Item = Option<&str>> {
        self.regex.capture_names()
    }

    /// The index of a named group.
    pub(crate) fn group(&self, name: &str) -> Option<usize> {
        self.names().position(|known| known == Some(name))
    }

    pub(crate) fn captures<'t>(&self, text: &'t str, anchor: Anchor) -> Option<Captures<'t>> {
        match anchor {
            Anchor::Anywhere => self.regex.captures(text),
            Anchor::Start => self.anchored.captures(text),
            Anchor::Whole => self.whole.captures(text),
        }
    }

    /// Calls `visit` for each match from left to right, until it says `false`. As Python's, an empty match may follow
    /// right after one that is not.
    pub(crate) fn each<'t>(&self, text: &'t str, mut visit: impl FnMut(&Captures<'t>) -> bool) {
        let mut at = 0;
        while at <= text.len() {
            let Some(found) = self.regex.captures_at(text, at) else { return };
            let Some(whole) = found.get(0) else { return };
            let (empty, end) = (whole.is_empty(), whole.end());
            if !visit(&found) {
                return;
            }
            at = if empty { end + text[end..].chars().next().map_or(1, char::len_utf8) } else { end };
        }
    }

    /// `re.sub(pattern, replacement, text, count)`: the text, and how many were replaced.
    pub(crate) fn replace(
        &self,
        text: &str,
        template: &Template,
        count: i64,
        push: &mut dyn FnMut(&str),
    ) -> i64 {
        let (mut after, mut done) = (0, 0);
        self.each(text, |found| {
            let Some(whole) = found.get(0) else { return false };
            push(&text[after..whole.start()]);
            template.expand(found, push);
            after = whole.end();
            done += 1;
            count <= 0 || done < count
        });
        push(&text[after..]);
        done
    }

    /// `re.split(pattern, text, maxsplit)`: the pieces, with what groups matched between them.
    pub(crate) fn split<'t>(&self, text: &'t str, limit: i64) -> Vec<Option<&'t str>> {
        let (mut after, mut done) = (0, 0);
        let mut pieces = Vec::new();
        self.each(text, |found| {
            let Some(whole) = found.get(0) else { return false };
            pieces.push(Some(&text[after..whole.start()]));
            pieces.extend((1..found.len()).map(|group| found.get(group).map(|group| group.as_str())));
            after = whole.end();
            done += 1;
            limit <= 0 || done < limit
        });
        pieces.push(Some(&text[after..]));
        pieces
    }

    /// The bytes of each group of a match.
    pub(crate) fn spans(found: &Captures<'_>) -> Vec<Option<Range<usize>>> {
        found.iter().map(|group| group.map(|group| group.range())).collect()
    }
}

/// The compiled form of a pattern that was compiled before on this thread.
pub(crate) fn cached<T>(pattern: &str, flags: i64, use_it: impl FnOnce(&Pattern) -> T) -> Result<T, String> {
    const MOST: usize = 64;
    thread_local! {
        static CACHE: RefCell<Vec<(String, i64, Pattern)>> = const { RefCell::new(Vec::new()) };
    }
    CACHE.with(|cache| {
        let mut cache = cache.borrow_mut();
        let found = cache.iter().position(|(known, with, _)| known == pattern && *with == flags);
        let at = if let Some(at) = found {
            at
        } else {
            let compiled = Pattern::new(pattern, flags)?;
            if cache.len() >= MOST {
                cache.clear();
            }
            cache.push((pattern.to_owned(), flags, compiled));
            cache.len() - 1
        };
        let compiled = cache[at].2.clone();
        drop(cache);
        Ok(use_it(&compiled))
    })
}

/// What stands for a match: `\1`, `\g<1>`, `\g<name>`, `\n`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Group(usize),
}

impl Template {
    pub(crate) fn parse(text: &str, pattern: &Pattern) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('\\') {
            literal.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let mut characters = rest.chars();
            let group = match characters.next() {
                Some('g') => {
                    let name = rest.strip_prefix("g<").and_then(|rest| rest.split_once('>'));
                    let Some((name, after)) = name else {
                        return Err("`\\g` in a replacement needs a group, as in `\\g<1>`".to_owned());
                    };
                    rest = after;
                    match name.parse::<usize>() {
                        Ok(group) => group,
                        Err(_) => pattern.group(name).ok_or_else(|| format!("there is no group {name:?}"))?,
                    }
                }
                Some('0') => return Err("octal numbers in a replacement are not supported".to_owned()),
                Some(first @ '1'..='9') => {
                    let length = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
                    let group = rest[..length].parse().unwrap_or(usize::from(first as u8 - b'0'));
                    rest = &rest[length..];
                    group
                }
                Some(escape) => {
                    let meant = match escape {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        'a' => '\x07',
                        'f' => '\x0c',
                        'v' => '\x0b',
                        '\\' => '\\',
                        escape if escape.is_ascii_alphabetic() => {
                            return Err(format!("bad escape `\\{escape}` in a replacement"));
                        }
                        escape => {
                            literal.push('\\');
                            escape
                        }
                    };
                    literal.push(meant);
                    rest = characters.as_str();
                    continue;
                }
                None => return Err("a replacement cannot end with a single backslash".to_owned()),
            };
            if group > pattern.groups() {
                return Err(format!("the pattern has no group {group}"));
            }
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(Part::Group(group));
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self { parts })
    }

    fn expand(&self, found: &Captures<'_>, push: &mut dyn FnMut(&str)) {
        for part in &self.parts {
            match part {
                Part::Literal(text) => push(text),
                Part::Group(group) => push(found.get(*group).map_or("", |group| group.as_str())),
            }
        }
    }
}

/// `re.escape(text)`
pub(crate) fn escape(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\x0b\x0c".contains(character) {
            result.push('\\');
        }
        result.push(character);
    }
    result
}

/// A pattern of Python in the words of the regex crate.
fn translate(pattern: &str) -> Result<String, String> {
    let mut result = String::with_capacity(pattern.len() + 8);
    let mut characters = pattern.chars().peekable();
    // Where in a class, if in one: 0 at its first item.
    let mut class: Option<usize> = None;
    // Whether what came last was a repetition; a second one is an error in Python, or possessive.
    let mut repeated = false;
    while let Some(character) = characters.next() {
        let again = repeated;
        repeated =
            class.is_none() && matches!(character, '*' | '+' | '?' | '}') && !(again && character == '?');
        if again && class.is_none() && matches!(character, '*' | '+') {
            return Err(format!("`{character}` after a repetition in a regular expression is not supported"));
        }
        match (character, class) {
            ('?', None) if result.ends_with('(') && !result.ends_with("\\(") => {
                // `(?:`, `(?P<name>`, flags: no repetition.
                repeated = false;
                result.push('?');
            }
            ('\\', _) => {
                match characters.next() {
                    Some('Z') if class.is_none() => result.push_str("\\z"),
                    Some(digit @ '1'..='9') if class.is_none() => {
                        return Err(format!(
                            "`\\{digit}` in a regular expression (what a group matched) is not supported"
                        ));
                    }
                    Some('0') => result.push_str("\\x00"),
                    // A letter that means nothing is an error in both; the rest stands for itself.
                    Some(escaped) if escaped.is_ascii_alphanumeric() => {
                        result.push('\\');
                        result.push(escaped);
                    }
                    Some(escaped) if escaped.is_ascii_punctuation() || escaped == ' ' => {
                        result.push('\\');
                        result.push(escaped);
                    }
                    Some(escaped) => result.push(escaped),
                    None => return Err("a regular expression cannot end with a single backslash".to_owned()),
                }
                class = class.map(|count| count + 1);
            }
            ('[', None) => {
                class = Some(0);
                result.push('[');
                if characters.next_if_eq(&'^').is_some() {
                    result.push('^');
                }
            }
            (']', Some(1..)) => {
                class = None;
                result.push(']');
            }
            // Classes within classes and their operators are the regex crate's alone.
            ('[' | ']' | '&' | '~', Some(count)) => {
                class = Some(count + 1);
                result.push('\\');
                result.push(character);
            }
            (character, Some(count)) => {
                class = Some(count + 1);
                result.push(character);
            }
            ('(', None) => {
                result.push('(');
                let rest: String = characters.clone().take(3).collect();
                for (start, what) in [
                    ("?=", "look-ahead"),
                    ("?!", "look-ahead"),
                    ("?<=", "look-behind"),
                    ("?<!", "look-behind"),
                    ("?P=", "references to groups"),
                    ("?(", "conditions"),
                    ("?>", "atomic groups"),
                    ("?#", "comments"),
                ] {
                    if rest.starts_with(start) {
                        return Err(format!("`({start}` in a regular expression ({what}) is not supported"));
                    }
                }
            }
            ('{', None) => {
                // A repetition, or a brace.
                let inside: String = characters.clone().take_while(|character| *character != '}').collect();
                let numbers: Vec<&str> = inside.split(',').collect();
                let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
                let closes = characters.clone().nth(inside.chars().count()) == Some('}');
                let repetition = closes
                    && numbers.len() <= 2
                    && numbers.iter().all(digits)
                    && !inside.is_empty()
                    && inside != ",";
                if !repetition {
                    result.push_str("\\{");
                } else if numbers[0].is_empty() {
                    result.push_str("{0");
                } else {
                    result.push('{');
                }
            }
            ('}', None) => {
                // The end of a repetition is the brace after digits; any other is itself.
                let open = result.rfind('{').filter(|at| !result[..*at].ends_with('\\'));
                let repetition = open.is_some_and(|at| {
                    let inside = &result[at + 1..];
                    !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit() || byte == b',')
                });
                repeated = repetition;
                result.push_str(if repetition { "}" } else { "\\}" });
            }
            (character, None) => result.push(character),
        }
    }
    Ok(result)
}

/// The last line of a message of the regex crate says what is wrong.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    format!("the regular expression cannot be read: {}", last.strip_prefix("error: ").unwrap_or(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sub(pattern: &str, replacement: &str, text: &str, count: i64) -> String {
        let pattern = Pattern::new(pattern, 0).unwrap();
        let template = Template::parse(replacement, &pattern).unwrap();
        let mut result = String::new();
        pattern.replace(text, &template, count, &mut |part| result.push_str(part));
        result
    }

    #[test]
    fn replacements_are_pythons() {
        assert_eq!(sub("x*", "-", "axb", 0), "-a--b-");
        assert_eq!(sub("(a)(b)?", r"[\1\2]", "abac", 0), "[ab][a]c");
        assert_eq!(sub("(?P<first>\\w)", r"\g<first>\g<1>\n", "é", 0), "éé\n");
        assert_eq!(sub("a", "b", "aaa", 2), "bba");
        assert_eq!(sub("[[a]", "", "[a]", 0), "]");
        assert_eq!(sub("{a}", "x", "{a}", 0), "x");
        assert_eq!(sub("a{,2}b", "x", "aab", 0), "x");
    }

    #[test]
    fn what_is_lacking_is_refused() {
        for pattern in [r"(a)\1", "(?=a)", "(?<!a)b", "(?P=x)", "(", "a**", "\\"] {
            assert!(Pattern::new(pattern, 0).is_err(), "{pattern}");
        }
        let pattern = Pattern::new("(a)", 0).unwrap();
        for replacement in [r"\2", r"\g<x>", r"\q", "\\", r"\g"] {
            assert!(Template::parse(replacement, &pattern).is_err(), "{replacement}");
        }
    }
}
