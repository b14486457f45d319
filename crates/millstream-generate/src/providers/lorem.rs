//! Sentences of words that mean nothing.

use std::fmt::Write;
use std::sync::Arc;

use millstream_core::Key;
use millstream_expr::CallError;

use super::text::{Append, text};
use super::unique::{Builder, MOST_ALTERNATIVES, Texts};
use super::words::Words;
use super::{Resolved, Site};
use crate::draws::Draws;

pub(super) const NAMES: &[&str] = &["paragraph", "sentence", "text", "word"];

/// The most words of a sentence, sentences of a paragraph, and hundreds of characters of a text.
const MOST: i64 = 1000;

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let arguments = &site.arguments;
    let count = |parameter, default, variable| {
        Ok::<_, CallError>(Count {
            number: arguments.integer_in(parameter, default, 0, MOST)? as u64,
            variable: arguments.boolean(variable)?.unwrap_or(true),
        })
    };
    let shape = match site.name {
        "word" => Shape::Word,
        "sentence" => Shape::Sentence(count("nb_words", 6, "variable_nb_words")?),
        "paragraph" => Shape::Paragraph(count("nb_sentences", 3, "variable_nb_sentences")?),
        _ => Shape::Text(arguments.integer_in("max_nb_chars", 200, 5, MOST * 100)? as usize),
    };
    text(site, Lorem::new(site, shape)?)
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    Word,
    Sentence(Count),
    Paragraph(Count),
    /// At most that many characters.
    Text(usize),
}

/// How many there are: the number, or from 60 to 140 % of it (rounded down, at least one).
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    pub(super) number: u64,
    pub(super) variable: bool,
}

impl Count {
    const fn most(self) -> usize {
        (if self.variable { self.number * 140 / 100 } else { self.number }) as usize
    }

    pub(super) fn draw(self, draws: &mut Draws) -> u64 {
        if self.variable && self.number > 0 {
            (self.number * (60 + draws.below(81)) / 100).max(1)
        } else {
            self.number
        }
    }
}

pub(super) const SENTENCE: Count = Count { number: 6, variable: true };
pub(super) const PARAGRAPH: Count = Count { number: 3, variable: true };

#[derive(Debug)]
pub(super) struct Lorem {
    key: Key,
    shape: Shape,
    words: Arc<Words>,
    /// The same words with a capital letter.
    capitals: Words,
    space: &'static str,
    stop: &'static str,
}

impl Lorem {
    fn new(site: &Site<'_>, shape: Shape) -> Result<Self, CallError> {
        Self::with(site, site.arguments.texts("ext_word_list")?, shape)
    }

    /// The words of a call that has `ext_word_list`.
    pub(super) fn of_list(site: &Site<'_>) -> Result<Self, CallError> {
        Self::new(site, Shape::Word)
    }

    /// The words of the locale.
    pub(super) fn of_locale(site: &Site<'_>) -> Result<Self, CallError> {
        Self::with(site, None, Shape::Word)
    }

    pub(super) fn words(&self) -> Arc<Words> {
        self.words.clone()
    }

    fn with(site: &Site<'_>, given: Option<Vec<&str>>, shape: Shape) -> Result<Self, CallError> {
        let arguments = &site.arguments;
        let refuse = |message: &str| {
            Err(arguments.error("ext_word_list", message, "for example `[\"abc\", \"def\"]`"))
        };
        let words = match given {
            Some(list) if list.is_empty() => return refuse("`ext_word_list` is empty"),
            Some(list) if list.contains(&"") => return refuse("`ext_word_list` holds an empty word"),
            Some(list) => Arc::new(Words::new(list.into_iter().map(|word| (word, 1)))),
            None => match site.locale.words("word") {
                Some(words) => words,
                None => return refuse("this locale has no words"),
            },
        };
        let chinese = site.locale.name == "zh_CN";
        Ok(Self {
            key: site.key.numbered(0),
            shape,
            capitals: words.map(capitalise),
            words,
            space: if chinese { "" } else { " " },
            stop: if chinese { "。" } else { "." },
        })
    }

    fn word<'l>(&'l self, draws: &mut Draws) -> &'l str {
        self.words.pick(draws.bits())
    }

    pub(super) fn sentence(&self, count: Count, draws: &mut Draws, out: &mut impl Write) -> std::fmt::Result {
        let count = count.draw(draws);
        for index in 0..count {
            if index == 0 {
                out.write_str(self.capitals.pick(draws.bits()))?;
            } else {
                out.write_str(self.space)?;
                out.write_str(self.word(draws))?;
            }
        }
        if count > 0 { out.write_str(self.stop) } else { Ok(()) }
    }

    pub(super) fn paragraph(
        &self,
        count: Count,
        draws: &mut Draws,
        out: &mut impl Write,
    ) -> std::fmt::Result {
        for index in 0..count.draw(draws) {
            if index > 0 {
                out.write_str(self.space)?;
            }
            self.sentence(SENTENCE, draws, out)?;
        }
        Ok(())
    }

    /// Whole units, as many as stay below `most` characters: words, sentences or paragraphs, as `most` allows.
    pub(super) fn text(&self, most: usize, draws: &mut Draws, text: &mut String) -> std::fmt::Result {
        // Faker draws until the first unit fits, however long that takes. Here the units become smaller after a while,
        // and in the end the word is cut.
        const TRIES: u32 = 64;
        let coarsest = match most {
            ..25 => 0,
            25..100 => 1,
            _ => 2,
        };
        for unit in (0..=coarsest).rev() {
            for _ in 0..TRIES {
                text.clear();
                let mut size = 0;
                loop {
                    let before = text.len();
                    match unit {
                        0 if before == 0 => text.push_str(self.capitals.pick(draws.bits())),
                        0 => {
                            text.push_str(self.space);
                            text.push_str(self.word(draws));
                        }
                        1 => {
                            text.push_str(if before == 0 { "" } else { self.space });
                            self.sentence(SENTENCE, draws, text)?;
                        }
                        _ => {
                            text.push_str(if before == 0 { "" } else { "\n" });
                            self.paragraph(PARAGRAPH, draws, text)?;
                        }
                    }
                    size += text[before..].chars().count();
                    if size >= most {
                        text.truncate(before);
                        break;
                    }
                }
                if !text.is_empty() {
                    text.push_str(if unit == 0 { self.stop } else { "" });
                    return Ok(());
                }
            }
        }
        text.extend(self.capitals.pick(draws.bits()).chars().take(most - 1));
        text.push_str(self.stop);
        Ok(())
    }

    fn longest_sentence(&self, count: Count) -> usize {
        count.most() * (self.words.longest().max(self.capitals.longest()) + self.space.len())
            + self.stop.len()
    }

    fn average_sentence(&self, count: Count) -> usize {
        count.number as usize * (self.words.average() + self.space.len()) + self.stop.len()
    }
}

fn capitalise(word: &str) -> String {
    let mut rest = word.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

impl Append for Lorem {
    fn texts(&self) -> Option<Result<Texts, String>> {
        let counts = match self.shape {
            Shape::Word => 1..=1,
            Shape::Sentence(count) if count.variable => {
                let counts = (count.number * 60 / 100).max(1)..=(count.number * 140 / 100).max(1);
                let few = counts.clone().count() <= MOST_ALTERNATIVES;
                if few { counts } else { count.number..=count.number }
            }
            Shape::Sentence(count) => count.number..=count.number,
            Shape::Paragraph(_) | Shape::Text(_) => return None,
        };
        // Each number of words is as likely; of long sentences, only those of one length.
        let mut builder = Builder::default();
        let is_word = matches!(self.shape, Shape::Word);
        let weights = vec![1; counts.clone().count()];
        let starts = counts
            .enumerate()
            .map(|(alternative, count)| {
                let mut next = builder.end(alternative);
                if !is_word && count > 0 {
                    next = builder.literal(self.stop, next);
                }
                for place in (0..count).rev() {
                    let words = if place == 0 && !is_word { &self.capitals } else { &*self.words };
                    let ways = words.iter().map(|(word, _)| builder.literal(word, next)).collect();
                    next = builder.any(ways);
                    if place > 0 {
                        next = builder.literal(self.space, next);
                    }
                }
                next
            })
            .collect();
        let start = builder.any(starts);
        Some(builder.finish(start, &weights))
    }

    fn append(&self, row: u64, out: &mut impl Write, scratch: &mut String) -> std::fmt::Result {
        let mut draws = Draws::new(self.key, row);
        match self.shape {
            Shape::Word => out.write_str(self.words.pick(self.key.bits(row))),
            Shape::Sentence(count) => self.sentence(count, &mut draws, out),
            Shape::Paragraph(count) => self.paragraph(count, &mut draws, out),
            Shape::Text(most) => {
                self.text(most, &mut draws, scratch)?;
                out.write_str(scratch)
            }
        }
    }

    fn longest(&self) -> usize {
        match self.shape {
            Shape::Word => self.words.longest(),
            Shape::Sentence(count) => self.longest_sentence(count),
            Shape::Paragraph(count) => count.most() * (self.longest_sentence(SENTENCE) + self.space.len()),
            // A character has at most four bytes.
            Shape::Text(most) => most * if self.space.is_empty() { 4 } else { self.widest() },
        }
    }

    fn average(&self) -> usize {
        match self.shape {
            Shape::Word => self.words.average(),
            Shape::Sentence(count) => self.average_sentence(count),
            Shape::Paragraph(count) => count.number as usize * (self.average_sentence(SENTENCE) + 1),
            Shape::Text(most) => most,
        }
    }
}

impl Lorem {
    /// The most bytes of a character of the words.
    fn widest(&self) -> usize {
        let widest =
            |words: &Words| words.iter().flat_map(|(word, _)| word.chars()).map(char::len_utf8).max();
        widest(&self.words).max(widest(&self.capitals)).unwrap_or(1)
    }
}
