//! Providers of several texts: lists of words, pairs of a code and a name.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListBuilder, StringBuilder};
use arrow::datatypes::{DataType, Field, FieldRef};
use millstream_core::Key;
use millstream_expr::{Call, EvaluateError, Function, RowErrors};

use super::lorem::{Count, Lorem, PARAGRAPH, SENTENCE};
use super::words::Words;
use super::{Resolved, Site};
use crate::draws::Draws;

pub(super) const NAMES: &[&str] = &[
    "cryptocurrency",
    "currency",
    "nic_handles",
    "paragraphs",
    "random_letters",
    "sentences",
    "texts",
    "words",
];

/// More items than these in one cell are refused.
const MOST: i64 = 1000;

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let arguments = &site.arguments;
    site.refuse_unique("lists are not made unique; `fake.unique.word()` is, for one")?;
    match site.name {
        "currency" => pairs(site, "currency_pair"),
        "cryptocurrency" => pairs(site, "cryptocurrency_pair"),
        "random_letters" => {
            let length = arguments.integer_in("length", 16, 0, MOST)?;
            Ok(list(site, 4, move |draws, list| {
                for _ in 0..length {
                    let letter = draws.below(52) as u8;
                    list.text.push(char::from(if letter < 26 { b'a' + letter } else { b'A' + letter - 26 }));
                    list.next();
                }
            }))
        }
        "nic_handles" => {
            let count = arguments.integer_in("count", 1, 0, MOST)?;
            let suffix = arguments.text("suffix")?.unwrap_or("????").to_uppercase();
            Ok(list(site, 16 + suffix.len(), move |draws, list| {
                for _ in 0..count {
                    for _ in 0..2 + draws.below(3) {
                        list.text.push(char::from(b'A' + draws.below(26) as u8));
                    }
                    for _ in 0..=draws.below(5) {
                        list.text.push(char::from(b'1' + draws.below(9) as u8));
                    }
                    list.text.push('-');
                    for character in suffix.chars() {
                        list.text.push(if character == '?' {
                            char::from(b'A' + draws.below(26) as u8)
                        } else {
                            character
                        });
                    }
                    list.next();
                }
            }))
        }
        "words" => words(site),
        name => {
            let (parameter, most) = match name {
                "texts" => ("nb_texts", arguments.integer_in("max_nb_chars", 200, 5, MOST * 100)? as usize),
                _ => ("nb", 0),
            };
            let count = arguments.integer_in(parameter, 3, 0, MOST)?;
            let lorem = Lorem::of_list(site)?;
            let is_sentences = name == "sentences";
            Ok(list(site, 256, move |draws, list| {
                for _ in 0..count {
                    let written = match (most, is_sentences) {
                        (0, true) => lorem.sentence(SENTENCE, draws, &mut list.text),
                        (0, false) => lorem.paragraph(PARAGRAPH, draws, &mut list.text),
                        _ => lorem.text(most, draws, &mut list.text),
                    };
                    debug_assert!(written.is_ok());
                    list.next();
                }
            }))
        }
    }
}

fn words(site: &Site<'_>) -> Resolved {
    let arguments = &site.arguments;
    let count = arguments.integer_in("nb", 3, 0, MOST)? as usize;
    let words: Arc<Words> = Lorem::of_list(site)?.words();
    if !arguments.boolean("unique")?.unwrap_or(false) {
        return Ok(list(site, 32, move |draws, list| {
            for _ in 0..count {
                list.text.push_str(words.pick(draws.bits()));
                list.next();
            }
        }));
    }
    let all: Vec<String> = words.iter().map(|(word, _)| word.to_owned()).collect();
    if count > all.len() {
        let message = format!("there are only {} words, and {count} different ones are asked for", all.len());
        return Err(arguments.wrong("nb", message));
    }
    Ok(list(site, 32, move |draws, list| {
        // Floyd's way to sample without replacement (Bentley and Floyd 1987), then each at a drawn place.
        let mut taken: Vec<usize> = Vec::with_capacity(count);
        for limit in all.len() - count..all.len() {
            let drawn = draws.below(limit as u64 + 1) as usize;
            let index = if taken.contains(&drawn) { limit } else { drawn };
            let place = draws.below(taken.len() as u64 + 1) as usize;
            taken.insert(place, index);
        }
        for index in taken {
            list.text.push_str(&all[index]);
            list.next();
        }
    }))
}

/// `code|name` of a section of words, as a list of two.
fn pairs(site: &Site<'_>, section: &str) -> Resolved {
    let words = site.locale.words(section).ok_or_else(|| site.missing())?;
    Ok(list(site, 64, move |draws, list| {
        for part in words.pick(draws.bits()).split('|') {
            list.text.push_str(part);
            list.next();
        }
    }))
}

/// The list that is being made: `text` becomes an item with `next`.
pub(super) struct Items {
    pub(super) text: String,
    builder: ListBuilder<StringBuilder>,
}

impl Items {
    pub(super) fn next(&mut self) {
        self.builder.values().append_value(&self.text);
        self.text.clear();
    }
}

/// A column of lists of texts, of about `width` bytes each, that `write` makes from draws.
pub(super) fn list(
    site: &Site<'_>,
    width: usize,
    write: impl Fn(&mut Draws, &mut Items) + Send + Sync + 'static,
) -> Arc<dyn Function> {
    Arc::new(Lists { key: site.key, width, write })
}

struct Lists<F> {
    key: Key,
    width: usize,
    write: F,
}

impl<F> fmt::Debug for Lists<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lists").field("key", &self.key).finish_non_exhaustive()
    }
}

fn item() -> FieldRef {
    Arc::new(Field::new_list_field(DataType::Utf8, false))
}

/// A chunk of texts is cut off before Arrow's 32-bit offsets end.
const MOST_BYTES: usize = 1 << 30;

impl<F: Fn(&mut Draws, &mut Items) + Send + Sync> Function for Lists<F> {
    fn data_type(&self) -> DataType {
        DataType::List(item())
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let values = StringBuilder::with_capacity(call.rows.len(), call.rows.len() * self.width);
        let builder = ListBuilder::with_capacity(values, call.rows.len()).with_field(item());
        let mut items = Items { text: String::new(), builder };
        for &row in call.rows {
            (self.write)(&mut Draws::new(self.key, row), &mut items);
            items.builder.append(true);
            if items.builder.values().values_slice().len() > MOST_BYTES {
                let message = "so many long lists do not fit in one chunk; use smaller chunks";
                return Err(EvaluateError::Host(message.to_owned()));
            }
        }
        Ok(Arc::new(items.builder.finish()))
    }
}

/// How many items a list of about `number` has: from 60 to 140 %, at least one, as in Faker.
pub(super) fn about(number: i64, variable: bool) -> Count {
    Count { number: number as u64, variable }
}
