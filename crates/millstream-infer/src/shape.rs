//! What the texts of a column look like.

use std::collections::BTreeMap;

/// More masks than these make a column free text.
const MOST_MASKS: usize = 12;
const LONGEST_MASK: usize = 40;

/// Kinds of text that are told by their form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    Uuid,
    Email,
    Url,
    Ipv4,
    Date,
}

/// The looks of the texts of a column.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    pub(crate) count: u64,
    pub(crate) longest: usize,
    words: u64,
    bytes: u64,
    forms: BTreeMap<Form, u64>,
    /// Digits as `#`, lower-case letters as `a`, upper-case ones as `A`, with how many texts look so.
    masks: BTreeMap<String, u64>,
    too_many_masks: bool,
    /// What all texts begin with.
    prefix: Option<String>,
}

impl Shapes {
    pub(crate) fn add(&mut self, text: &str) {
        self.count += 1;
        self.longest = self.longest.max(text.chars().count());
        self.words += text.split_whitespace().count() as u64;
        self.bytes += text.chars().count() as u64;
        if let Some(form) = form(text) {
            *self.forms.entry(form).or_default() += 1;
        }
        self.prefix = Some(match self.prefix.take() {
            None => text.to_owned(),
            Some(known) => common(&known, text),
        });
        if !self.too_many_masks {
            if text.chars().count() <= LONGEST_MASK && text.is_ascii() {
                *self.masks.entry(mask(text)).or_default() += 1;
            } else {
                self.too_many_masks = true;
            }
            if self.masks.len() > MOST_MASKS {
                self.too_many_masks = true;
            }
        }
    }

    /// The form that at least 95 % of the texts have.
    pub(crate) fn form(&self) -> Option<Form> {
        self.forms.iter().find(|(_, count)| **count as f64 >= 0.95 * self.count as f64).map(|(form, _)| *form)
    }

    /// The words of a text, on average.
    pub(crate) fn average_words(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.words as f64 / self.count as f64 }
    }

    /// The characters of a text, on average.
    pub(crate) fn average_length(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.bytes as f64 / self.count as f64 }
    }

    /// A pattern for `fake.bothify` that all texts fit: what they begin with, then `#` for digits and `?` for letters.
    /// `None` unless there is one mask that is not just a word.
    pub(crate) fn pattern(&self) -> Option<Pattern> {
        let (mask, _) =
            self.masks.first_key_value().filter(|_| self.masks.len() == 1 && !self.too_many_masks)?;
        let prefix: String = self.prefix.as_deref().unwrap_or_default().to_owned();
        // A prefix that ends in digits is chance: the numbers simply did not get further.
        let prefix = prefix.trim_end_matches(|character: char| character.is_ascii_digit());
        let rest: String = mask.chars().skip(prefix.chars().count()).collect();
        if !mask.contains('#') || prefix.contains(['#', '?', '!', '@', '%', '$', '^']) {
            return None;
        }
        Some(Pattern { prefix: prefix.to_owned(), rest })
    }
}

/// Texts that look alike.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) prefix: String,
    /// The mask of what follows the prefix.
    pub(crate) rest: String,
}

impl Pattern {
    /// For `fake.bothify`, and the letters it may use.
    pub(crate) fn bothify(&self) -> (String, &'static str) {
        let upper = self.rest.contains('A');
        let text = self.rest.replace(['a', 'A'], "?");
        (
            format!("{}{text}", self.prefix),
            if upper { "ABCDEFGHIJKLMNOPQRSTUVWXYZ" } else { "abcdefghijklmnopqrstuvwxyz" },
        )
    }

    /// The number of digits, if nothing but digits follows the prefix.
    pub(crate) fn digits(&self) -> Option<usize> {
        (!self.rest.is_empty() && self.rest.chars().all(|character| character == '#'))
            .then_some(self.rest.len())
    }
}

fn common(left: &str, right: &str) -> String {
    left.chars().zip(right.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

fn mask(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '0'..='9' => '#',
            'a'..='z' => 'a',
            'A'..='Z' => 'A',
            other => other,
        })
        .collect()
}

fn form(text: &str) -> Option<Form> {
    let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let groups: Vec<&str> = text.split('-').collect();
    if text.len() == 36
        && groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| hexadecimal(group))
    {
        return Some(Form::Uuid);
    }
    if let Some((user, domain)) = text.split_once('@')
        && !user.is_empty()
        && domain.contains('.')
        && !text.contains(char::is_whitespace)
    {
        return Some(Form::Email);
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        return Some(Form::Url);
    }
    let bytes: Vec<&str> = text.split('.').collect();
    if bytes.len() == 4 && bytes.iter().all(|byte| byte.parse::<u8>().is_ok()) {
        return Some(Form::Ipv4);
    }
    let is_date = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok() && text.len() == 10;
    is_date.then_some(Form::Date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Shapes {
        let mut shapes = Shapes::default();
        for text in texts {
            shapes.add(text);
        }
        shapes
    }

    #[test]
    fn forms_are_told_by_their_look() {
        for (text, expected) in [
            ("6b3f0a52-93de-4ba9-8dd1-111111111111", Some(Form::Uuid)),
            ("ann@example.com", Some(Form::Email)),
            ("ann at example.com", None),
            ("https://example.com/x", Some(Form::Url)),
            ("10.0.0.255", Some(Form::Ipv4)),
            ("10.0.0.256", None),
            ("2024-02-29", Some(Form::Date)),
            ("2023-02-29", None),
        ] {
            assert_eq!(form(text), expected, "{text}");
        }
        assert_eq!(of(&["a@b.c", "x"]).form(), None);
    }

    #[test]
    fn patterns_keep_what_all_texts_begin_with() {
        let pattern = of(&["SKU-0001", "SKU-0002", "SKU-0003"]).pattern().unwrap();
        assert_eq!((pattern.prefix.as_str(), pattern.digits()), ("SKU-", Some(4)));
        let pattern = of(&["AB-12-x", "QD-97-z"]).pattern().unwrap();
        assert_eq!(pattern.bothify().0, "??-##-?");
        assert_eq!(of(&["SKU-1", "SKU-10"]).pattern(), None);
        assert_eq!(of(&["word", "text"]).pattern(), None);
    }
}
