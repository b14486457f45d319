//! Values of Python's own types: texts, decimals, lists and dicts.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Decimal128Array, Float64Array, Int64Array, ListArray, MapBuilder, StringBuilder,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields};
use millstream_core::Key;
use millstream_expr::{Call, Constant, EvaluateError, Function, RowErrors};

use super::floats::Grid;
use super::lists::{about, list};
use super::lorem::{Count, Lorem};
use super::numbered::{drawn, push_number};
use super::pattern::letters_pattern;
use super::text::text;
use super::words::Words;
use super::{Resolved, Site, floats};
use crate::draws::Draws;

pub(super) const NAMES: &[&str] =
    &["pydecimal", "pydict", "pyiterable", "pylist", "pyset", "pystr", "pystr_format", "pytuple"];

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    match site.name {
        "pystr" => pystr(site),
        "pystr_format" => pystr_format(site),
        "pydecimal" => decimal(site),
        _ => collection(site),
    }
}

/// Letters between a prefix and a suffix: `max_chars` in all, or from `min_chars` to `max_chars`.
fn pystr(site: &Site<'_>) -> Resolved {
    let arguments = &site.arguments;
    let most = arguments.integer_in("max_chars", 20, 1, 10_000)?;
    let prefix = arguments.text("prefix")?.unwrap_or_default().to_owned();
    let suffix = arguments.text("suffix")?.unwrap_or_default().to_owned();
    let around = (prefix.chars().count() + suffix.chars().count()) as i64;
    let letters = move |count: i64| (count - around).max(0) as usize;
    match arguments.integer("min_chars")? {
        None => text(site, letters_pattern(site, &prefix, letters(most), &suffix)),
        Some(least) if (0..=most).contains(&least) => {
            drawn(site, (most.max(around) as usize) * 4, move |draws, text| {
                text.push_str(&prefix);
                for _ in 0..letters(least + draws.below((most - least) as u64 + 1) as i64) {
                    let letter = draws.below(52) as u8;
                    text.push(char::from(if letter < 26 { b'a' + letter } else { b'A' + letter - 26 }));
                }
                text.push_str(&suffix);
            })
        }
        Some(least) => {
            Err(arguments.wrong("min_chars", format!("`min_chars` must be from 0 to {most}, not {least}")))
        }
    }
}

/// As `bothify`, and with `{{random_int}}` and `{{random_letter}}`.
fn pystr_format(site: &Site<'_>) -> Resolved {
    let arguments = &site.arguments;
    let format = arguments.text("string_format")?.unwrap_or("?#-###{{random_int}}{{random_letter}}");
    let letters: Vec<char> = arguments
        .text("letters")?
        .unwrap_or("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        .chars()
        .collect();
    if letters.is_empty() {
        return Err(arguments.wrong("letters", "`letters` is empty"));
    }
    let mut rest = format;
    while let Some((_, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        if !["random_int", "random_letter"].contains(&name) {
            let hint = "there are `{{random_int}}` and `{{random_letter}}`; for others write an f-string";
            return Err(arguments.error(
                "string_format",
                format!("`{{{{{name}}}}}` is not supported here"),
                hint,
            ));
        }
        rest = after;
    }
    let format = format.to_owned();
    drawn(site, format.len() * 4 + 8, move |draws, text| {
        let mut rest = format.as_str();
        while let Some(character) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("{{random_int}}") {
                push_number(draws.below(10_000), 1, text);
                rest = after;
                continue;
            }
            if let Some(after) = rest.strip_prefix("{{random_letter}}") {
                let letter = draws.below(52) as u8;
                text.push(char::from(if letter < 26 { b'a' + letter } else { b'A' + letter - 26 }));
                rest = after;
                continue;
            }
            rest = &rest[character.len_utf8()..];
            match character {
                '?' => text.push(letters[draws.below(letters.len() as u64) as usize]),
                '#' => text.push(char::from(b'0' + draws.below(10) as u8)),
                '%' => text.push(char::from(b'1' + draws.below(9) as u8)),
                '$' => text.push(char::from(b'2' + draws.below(8) as u8)),
                other => text.push(other),
            }
        }
    })
}

/// Decimals of one scale: `right_digits`, or 5.
fn decimal(site: &Site<'_>) -> Resolved {
    let grid = floats::decimal_grid(&site.arguments)?;
    let permutation = site.permutation(u128::from(grid.count))?;
    let largest = grid.first.unsigned_abs().max((grid.first + (grid.count - 1) as i64).unsigned_abs());
    let digits = largest.max(1).ilog10() as u8 + 1;
    let precision = digits.max(grid.digits as u8 + 1);
    Ok(Arc::new(Decimals { name: site.name.to_owned(), key: site.key, grid, precision, permutation }))
}

#[derive(Debug)]
struct Decimals {
    name: String,
    key: Key,
    grid: Grid,
    precision: u8,
    permutation: Option<millstream_core::Permutation>,
}

impl Function for Decimals {
    fn data_type(&self) -> DataType {
        DataType::Decimal128(self.precision, self.grid.digits as i8)
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let values = call.rows.iter().enumerate().map(|(index, &row)| {
            let offset = match &self.permutation {
                None => self.key.below(row, self.grid.count),
                Some(permutation) if row < self.grid.count.min(1 << 60) => permutation.apply(row),
                Some(_) => {
                    if crate::library::operand::is_selected(call, index) {
                        errors.push(index, super::unique::exhausted(&self.name, u128::from(self.grid.count)));
                    }
                    0
                }
            };
            i128::from(self.grid.first) + i128::from(offset)
        });
        let array = Decimal128Array::from_iter_values(values);
        Ok(Arc::new(array.with_precision_and_scale(self.precision, self.grid.digits as i8)?))
    }
}

/// What the values of a list or dict are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Text,
    Integer,
    Float,
}

fn item(site: &Site<'_>) -> Result<Item, millstream_expr::CallError> {
    let arguments = &site.arguments;
    for parameter in ["value_types", "allowed_types"] {
        let given = match arguments.constant(parameter)? {
            None => continue,
            Some(Constant::List(names)) if names.len() == 1 => &names[0],
            Some(other) => other,
        };
        return match given {
            Constant::Str(name) if name == "str" => Ok(Item::Text),
            Constant::Str(name) if name == "int" => Ok(Item::Integer),
            Constant::Str(name) if name == "float" => Ok(Item::Float),
            _ => Err(arguments.error(
                parameter,
                "a column's values have one type",
                "write `value_types=\"str\"`, \"int\" or \"float\"",
            )),
        };
    }
    Ok(Item::Text)
}

fn collection(site: &Site<'_>) -> Resolved {
    site.refuse_unique("lists and dicts are not made unique")?;
    let arguments = &site.arguments;
    let count = arguments.integer_in("nb_elements", 10, 0, 1000)?;
    let count = about(count, arguments.boolean("variable_nb_elements")?.unwrap_or(true));
    let item = item(site)?;
    if site.name == "pydict" {
        let words = Lorem::of_locale(site)?.words();
        return Ok(Arc::new(Dicts { key: site.key, count, item, words }));
    }
    if item == Item::Text {
        return Ok(list(site, 24, move |draws, list| {
            for _ in 0..count.draw(draws) {
                push_letters(draws, &mut list.text);
                list.next();
            }
        }));
    }
    Ok(Arc::new(Numbers { key: site.key, count, item }))
}

fn push_letters(draws: &mut Draws, text: &mut String) {
    for _ in 0..20 {
        let letter = draws.below(52) as u8;
        text.push(char::from(if letter < 26 { b'a' + letter } else { b'A' + letter - 26 }));
    }
}

/// Whole numbers below 10000, or floats with two digits.
fn number(item: Item, draws: &mut Draws) -> f64 {
    let number = draws.below(10_000) as f64;
    if item == Item::Float { number / 100.0 } else { number }
}

#[derive(Debug)]
struct Numbers {
    key: Key,
    count: Count,
    item: Item,
}

impl Function for Numbers {
    fn data_type(&self) -> DataType {
        let item = if self.item == Item::Float { DataType::Float64 } else { DataType::Int64 };
        DataType::List(Arc::new(Field::new_list_field(item, false)))
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let (mut values, mut lengths) = (Vec::new(), Vec::with_capacity(call.rows.len()));
        for &row in call.rows {
            let mut draws = Draws::new(self.key, row);
            let count = self.count.draw(&mut draws) as usize;
            values.extend((0..count).map(|_| number(self.item, &mut draws)));
            lengths.push(count);
        }
        let values: ArrayRef = match self.item {
            Item::Float => Arc::new(Float64Array::from(values)),
            _ => Arc::new(Int64Array::from_iter_values(values.into_iter().map(|value| value as i64))),
        };
        let DataType::List(field) = self.data_type() else {
            return Err(EvaluateError::Host("a list has an item".to_owned()));
        };
        Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, None)?))
    }
}

/// Words with texts of letters or of numbers.
#[derive(Debug)]
struct Dicts {
    key: Key,
    count: Count,
    item: Item,
    words: Arc<Words>,
}

impl Function for Dicts {
    fn data_type(&self) -> DataType {
        let fields = Fields::from(vec![
            Field::new("key", DataType::Utf8, false),
            Field::new("value", DataType::Utf8, true),
        ]);
        DataType::Map(Arc::new(Field::new("entries", DataType::Struct(fields), false)), false)
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let names = arrow::array::MapFieldNames {
            entry: "entries".to_owned(),
            key: "key".to_owned(),
            value: "value".to_owned(),
        };
        let mut builder = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
        let mut text = String::new();
        let mut used: Vec<&str> = Vec::new();
        for &row in call.rows {
            let mut draws = Draws::new(self.key, row);
            used.clear();
            // A key that comes twice is left out, as in a dict.
            for _ in 0..self.count.draw(&mut draws) {
                let key = self.words.pick(draws.bits());
                text.clear();
                if self.item == Item::Text {
                    push_letters(&mut draws, &mut text);
                } else {
                    text.push_str(&number(self.item, &mut draws).to_string());
                }
                if !used.contains(&key) {
                    used.push(key);
                    builder.keys().append_value(key);
                    builder.values().append_value(&text);
                }
            }
            builder.append(true)?;
        }
        Ok(Arc::new(builder.finish()))
    }
}
