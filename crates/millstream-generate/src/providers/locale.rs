//! Locales: text files of word lists and formats, read when a call first needs them.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::tables;
use super::words::Words;

const SOURCES: [(&str, &str); 11] = [
    ("de_DE", include_str!("data/de_DE.txt")),
    ("en_GB", include_str!("data/en_GB.txt")),
    ("en_US", include_str!("data/en_US.txt")),
    ("es_ES", include_str!("data/es_ES.txt")),
    ("fr_FR", include_str!("data/fr_FR.txt")),
    ("it_IT", include_str!("data/it_IT.txt")),
    ("ja_JP", include_str!("data/ja_JP.txt")),
    ("nl_NL", include_str!("data/nl_NL.txt")),
    ("pl_PL", include_str!("data/pl_PL.txt")),
    ("pt_BR", include_str!("data/pt_BR.txt")),
    ("zh_CN", include_str!("data/zh_CN.txt")),
];

pub(super) const NAMES: &[&str] = &{
    let mut names = [""; SOURCES.len()];
    let mut i = 0;
    while i < SOURCES.len() {
        names[i] = SOURCES[i].0;
        i += 1;
    }
    names
};

static LOCALES: [OnceLock<Locale>; SOURCES.len()] = [const { OnceLock::new() }; SOURCES.len()];
static BASE: OnceLock<Sections> = OnceLock::new();

type Sections = HashMap<&'static str, Section>;

/// A section of a locale's file: the grammar is in the head of `data/base.txt`.
#[derive(Debug, Clone)]
pub(super) enum Section {
    /// A list to draw from.
    Words(Arc<Words>),
    /// Formats with their weights.
    Formats(Arc<[(u32, &'static str)]>),
}

#[derive(Debug)]
pub(super) struct Locale {
    pub(super) name: &'static str,
    sections: Sections,
}

impl Locale {
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        let index = SOURCES.iter().position(|(source, _)| *source == name)?;
        let (name, text) = SOURCES[index];
        Some(LOCALES[index].get_or_init(|| Self { name, sections: parse(text) }))
    }

    /// The section of that name: the locale's own, the common one, or one from the `fake` crate.
    pub(super) fn section(&self, name: &str) -> Option<Section> {
        let base = || {
            BASE.get_or_init(|| {
                let mut sections = parse(include_str!("data/base.txt"));
                sections.extend(parse(include_str!("data/common.txt")));
                sections
            })
        };
        self.sections.get(name).or_else(|| base().get(name)).cloned().or_else(|| {
            let words = tables::words(self.name, name)?;
            Some(Section::Words(Arc::new(Words::new(words.into_iter().map(|word| (word, 1))))))
        })
    }

    /// The country's code of ISO 3166-1, in two letters.
    pub(super) fn country(&self) -> &'static str {
        self.name.get(3..).unwrap_or_default()
    }

    /// A section that is a list of words.
    pub(super) fn words(&self, name: &str) -> Option<Arc<Words>> {
        match self.section(name)? {
            Section::Words(words) => Some(words),
            Section::Formats(_) => None,
        }
    }

    /// `word` as a part of user and domain names: lower-case ASCII letters, digits and hyphens; the rest is dropped.
    pub(super) fn slug(&self, word: &str) -> String {
        let german = self.name == "de_DE";
        let mut slug = String::with_capacity(word.len());
        for character in word.chars().flat_map(char::to_lowercase) {
            match character {
                'a'..='z' | '0'..='9' | '-' => slug.push(character),
                'ä' if german => slug.push_str("ae"),
                'ö' if german => slug.push_str("oe"),
                'ü' if german => slug.push_str("ue"),
                'ß' => slug.push_str("ss"),
                'æ' => slug.push_str("ae"),
                'œ' => slug.push_str("oe"),
                'à'..='å' | 'ā' | 'ă' | 'ą' => slug.push('a'),
                'ç' | 'ć' | 'č' => slug.push('c'),
                'è'..='ë' | 'ē' | 'ę' | 'ě' => slug.push('e'),
                'ğ' => slug.push('g'),
                'ì'..='ï' | 'ı' => slug.push('i'),
                'ł' => slug.push('l'),
                'ñ' | 'ń' => slug.push('n'),
                'ò'..='ö' | 'ø' | 'ő' => slug.push('o'),
                'ś' | 'š' | 'ş' => slug.push('s'),
                'ù'..='ü' | 'ű' => slug.push('u'),
                'ý' | 'ÿ' => slug.push('y'),
                'ź' | 'ż' | 'ž' => slug.push('z'),
                _ => {}
            }
        }
        slug
    }
}

fn parse(text: &'static str) -> Sections {
    let mut sections = HashMap::new();
    let mut header = None;
    let mut lines: Vec<&'static str> = Vec::new();
    for line in text.lines() {
        if let Some(next) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            if let Some(header) = header.replace(next) {
                finish(&mut sections, header, &lines);
            }
            lines.clear();
        } else if !line.is_empty() && !line.starts_with("//") {
            lines.push(line);
        }
    }
    if let Some(header) = header {
        finish(&mut sections, header, &lines);
    }
    sections
}

fn finish(sections: &mut Sections, header: &'static str, lines: &[&'static str]) {
    if let Some(name) = header.strip_prefix("words ") {
        let words =
            lines.iter().flat_map(|line| line.split(',')).map(str::trim).filter(|word| !word.is_empty());
        let weighted = words.map(|word| match word.rsplit_once('=') {
            Some((word, weight)) => (word, weight.parse().unwrap_or(1)),
            None => (word, 1),
        });
        sections.insert(name, Section::Words(Arc::new(Words::new(weighted))));
    } else if let Some(name) = header.strip_prefix("formats ") {
        let weighted = lines.iter().map(|line| match line.split_once("| ") {
            Some((weight, format)) => (weight.parse().unwrap_or(1), format),
            None => (1, *line),
        });
        sections.insert(name, Section::Formats(weighted.collect()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_every_file_belongs_to_a_section_and_every_weight_is_a_number() {
        for (name, text) in SOURCES
            .into_iter()
            .chain([("base", include_str!("data/base.txt")), ("common", include_str!("data/common.txt"))])
        {
            let mut header = "";
            for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("//")) {
                if line.starts_with('[') {
                    assert!(line.ends_with(']'), "{name}: {line}");
                    header = line;
                    continue;
                }
                if header.starts_with("[words ") {
                    for word in line.split(',').filter(|word| !word.is_empty()) {
                        let weight = word.rsplit_once('=').map_or("1", |(_, weight)| weight);
                        assert!(weight.parse::<u32>().is_ok_and(|weight| weight > 0), "{name}: {word}");
                    }
                } else {
                    assert!(header.starts_with("[formats "), "{name}: {line}");
                    let weight = line.split_once("| ").map_or("1", |(weight, _)| weight);
                    assert!(weight.parse::<u32>().is_ok_and(|weight| weight > 0), "{name}: {line}");
                }
            }
        }
    }

    #[test]
    fn no_list_names_a_word_twice_or_holds_an_empty_one() {
        for name in NAMES {
            let locale = Locale::find(name).unwrap();
            for (section, content) in &locale.sections {
                let Section::Words(words) = content else { continue };
                let mut all: Vec<&str> = words.iter().map(|(word, _)| word).collect();
                assert!(
                    !all.is_empty() && all.iter().all(|word| !word.trim().is_empty()),
                    "{name} {section}"
                );
                all.sort_unstable();
                assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{name} {section}");
            }
        }
    }

    #[test]
    fn slugs_are_plain_and_german_umlauts_are_spelt_out() {
        let [german, french] = ["de_DE", "fr_FR"].map(|name| Locale::find(name).unwrap());
        assert_eq!(german.slug("Müller-Weiß"), "mueller-weiss");
        assert_eq!(french.slug("Éléonore Müller"), "eleonoremuller");
        assert_eq!(french.slug("O'Brien"), "obrien");
        assert_eq!(french.slug("山田"), "");
        // No Latin letter of any name is dropped.
        for name in NAMES.iter().filter(|name| !["ja_JP", "zh_CN"].contains(name)) {
            let locale = Locale::find(name).unwrap();
            for section in ["first_name_male", "first_name_female", "last_name"] {
                // In Polish, last names differ by sex.
                let words = locale.words(section).or_else(|| locale.words("last_name_male"));
                for (word, _) in words.unwrap().iter() {
                    let letters = word.chars().filter(|character| character.is_alphabetic()).count();
                    let kept = locale.slug(word).chars().filter(char::is_ascii_alphabetic).count();
                    assert!(kept >= letters, "{word} becomes {}", locale.slug(word));
                }
            }
        }
    }
}
