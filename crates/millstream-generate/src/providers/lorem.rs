//! Sentences of words that mean nothing.

use std::fmt::Write;
use std::sync::Arc;

use millstream_core::Key;
use millstream_expr::CallError;

use super::text::{Append, Text};
use super::words::Words;
use super::{Resolved, Site};
use crate::draws::Draws;
use crate::library::arguments::Bound;

pub(super) const NAMES: &[&str] = &["paragraph", "sentence", "text", "word"];

/// The most words of a sentence, sentences of a paragraph, and hundreds of characters of a text.
const MOST: i64 = 1000;

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let shape = match site.name {
        "word" => {
            let arguments = &site.arguments;
            return Ok(Text::function(Lorem::new(site, arguments, Shape::Word)?));
        }
        "sentence" => {
            let arguments = &site.arguments;
            let count = Count {
                number: arguments.integer_in("nb_words", 6, 0, MOST)? as u64,
                variable: arguments.boolean("variable_nb_words")?.unwrap_or(true),
            };
            (arguments, Shape::Sentence(count))
        }
        "paragraph" => {
            let arguments = &site.arguments;
            let count = Count {
                number: arguments.integer_in("nb_sentences", 3, 0, MOST)? as u64,
                variable: arguments.boolean("variable_nb_sentences")?.unwrap_or(true),
            };
            (arguments, Shape::Paragraph(count))
        }
        _ => {
            let arguments = &site.arguments;
            let most = arguments.integer_in("max_nb_chars", 200, 5, MOST * 100)? as usize;
            (arguments, Shape::Text(most))
        }
    };
    let (arguments, shape) = shape;
    Ok(Text::function(Lorem::new(site, arguments, shape)?))
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
struct Count {
    number: u64,
    variable: bool,
}

impl Count {
    const fn most(self) -> usize {
        (if self.variable { self.number * 140 / 100 } else { self.number }) as usize
    }

    fn draw(self, draws: &mut Draws) -> u64 {
        if self.variable && self.number > 0 {
            (self.number * (60 + draws.below(81)) / 100).max(1)
        } else {
            self.number
        }
    }
}

const SENTENCE: Count = Count { number: 6, variable: true };
const PARAGRAPH: Count = Count { number: 3, variable: true };

#[derive(Debug)]
struct Lorem {
    key: Key,
    shape: Shape,
    words: Arc<Words>,
    /// The same words with a capital letter.
    capitals: Words,
    space: &'static str,
    stop: &'static str,
}

impl Lorem {
    fn new(site: &Site<'_>, arguments: &Bound<'_>, shape: Shape) -> Result<Self, CallError> {
        let given = arguments.texts("ext_word_list")?;
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

    fn sentence(&self, count: Count, draws: &mut Draws, out: &mut impl Write) -> std::fmt::Result {
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

    fn paragraph(&self, count: Count, draws: &mut Draws, out: &mut impl Write) -> std::fmt::Result {
        for index in 0..count.draw(draws) {
            if index > 0 {
                out.write_str(self.space)?;
            }
            self.sentence(SENTENCE, draws, out)?;
        }
        Ok(())
    }

    /// Whole units, as many as stay below `most` characters: words, sentences or paragraphs, as `most` allows.
    fn text(&self, most: usize, draws: &mut Draws, text: &mut String) -> std::fmt::Result {
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
