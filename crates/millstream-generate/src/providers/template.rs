//! Texts put together from a locale's sections: most of Faker's providers are one of them.

use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use arrow::array::ArrayRef;
use arrow::error::ArrowError;
use millstream_core::Key;
use millstream_expr::CallError;

use super::locale::{Locale, Section};
use super::pattern::Pattern;
use super::text::{Append, text};
use super::unique::{Builder, MOST_ALTERNATIVES, Texts};
use super::words::Words;
use super::{Resolved, Site};
use crate::fused::{Fused, Options, Table};

/// Tables of more than these are not made for the sake of one part less: of numbers, of words with the same letters
/// before or after, of pairs.
const MOST_NUMBERS: u64 = 10_000;
const MOST_AFFIXED: usize = 4096;
const MOST_JOINED: usize = 1000;
const MOST_OPTIONS: usize = 64;

/// The providers that are a section of the locale and take no arguments.
pub(super) const NAMES: &[&str] = &[
    "address",
    "administrative_unit",
    "android_platform_token",
    "ascii_company_email",
    "ascii_email",
    "ascii_free_email",
    "ascii_safe_email",
    "basic_phone_number",
    "bs",
    "building_number",
    "catch_phrase",
    "city",
    "city_prefix",
    "city_suffix",
    "color_name",
    "company",
    "company_email",
    "company_suffix",
    "country",
    "country_calling_code",
    "cryptocurrency_code",
    "cryptocurrency_name",
    "currency_code",
    "currency_name",
    "current_country",
    "doi",
    "domain_word",
    "emoji",
    "firefox",
    "first_name",
    "first_name_female",
    "first_name_male",
    "first_name_nonbinary",
    "free_email",
    "free_email_domain",
    "http_method",
    "internet_explorer",
    "ios_platform_token",
    "job",
    "job_female",
    "job_male",
    "language_code",
    "language_name",
    "last_name",
    "last_name_female",
    "last_name_male",
    "last_name_nonbinary",
    "linux_platform_token",
    "linux_processor",
    "locale",
    "mac_platform_token",
    "mac_processor",
    "military_apo",
    "military_dpo",
    "military_ship",
    "military_state",
    "msisdn",
    "name",
    "name_female",
    "name_male",
    "name_nonbinary",
    "opera",
    "passport_number",
    "phone_number",
    "postalcode",
    "postalcode_plus4",
    "postcode",
    "prefix",
    "prefix_female",
    "prefix_male",
    "prefix_nonbinary",
    "pricetag",
    "ripe_id",
    "safari",
    "safe_color_name",
    "safe_domain_name",
    "safe_email",
    "secondary_address",
    "state",
    "street_address",
    "street_name",
    "street_suffix",
    "suffix",
    "suffix_female",
    "suffix_male",
    "suffix_nonbinary",
    "timezone",
    "tld",
    "uri_extension",
    "uri_page",
    "user_agent",
    "user_name",
    "windows_platform_token",
    "zipcode",
    "zipcode_plus4",
];

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let mut compiler = Compiler::new(site);
    compiler.section(site.name)?;
    text(site, compiler.finish())
}

/// Parts, one after the other.
#[derive(Debug)]
pub(super) struct Template {
    parts: Box<[Part]>,
    /// Where a column's draws come from if the parts can be fused; made when the first column is.
    key: Key,
    fused: OnceLock<Option<Fused>>,
}

#[derive(Debug)]
enum Part {
    Literal(Box<str>),
    Word {
        key: Key,
        words: Arc<Words>,
    },
    Pattern(Pattern),
    Number {
        key: Key,
        low: u64,
        count: u64,
        width: usize,
    },
    Choice {
        key: Key,
        /// An option is drawn up to its limit, from the one before it.
        limits: Box<[u64]>,
        options: Box<[Template]>,
    },
}

impl Append for Template {
    fn append(&self, row: u64, out: &mut impl Write, scratch: &mut String) -> std::fmt::Result {
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.write_str(text)?,
                Part::Word { key, words } => out.write_str(words.pick(key.bits(row)))?,
                Part::Pattern(pattern) => pattern.append(row, out, scratch)?,
                Part::Number { key, low, count, width } => {
                    write_number(low + key.below(row, *count), *width, out)?;
                }
                Part::Choice { key, limits, options } => {
                    let bits = key.bits(row);
                    // Counted without a branch: which one it is cannot be predicted.
                    let index: usize = limits.iter().map(|limit| usize::from(bits > *limit)).sum();
                    options[index].append(row, out, scratch)?;
                }
            }
        }
        Ok(())
    }

    fn texts(&self) -> Option<Result<Texts, String>> {
        let mut alternatives: Vec<(f64, Vec<&Part>)> = vec![(1.0, self.parts.iter().collect())];
        // Choices become alternatives, with their weights, as long as there are few.
        while let Some((at, place)) = alternatives.iter().enumerate().find_map(|(at, (_, parts))| {
            let choice = |part: &&Part| match part {
                Part::Choice { options, .. } => alternatives.len() + options.len() - 1 <= MOST_ALTERNATIVES,
                _ => false,
            };
            parts.iter().position(choice).map(|place| (at, place))
        }) {
            let (weight, parts) = alternatives.remove(at);
            let Some(Part::Choice { limits, options, .. }) = parts.get(place) else { break };
            let mut before = 0;
            for (limit, option) in limits.iter().zip(options) {
                let share = (limit - before) as f64 / u64::MAX as f64;
                before = *limit;
                let mut all = parts.clone();
                all.splice(place..=place, option.parts.iter());
                alternatives.push((weight * share, all));
            }
        }
        let mut builder = Builder::default();
        let starts: Vec<u32> = alternatives
            .iter()
            .enumerate()
            .map(|(alternative, (_, parts))| {
                let end = builder.end(alternative);
                parts.iter().rev().fold(end, |next, part| part.build(&mut builder, next))
            })
            .collect();
        let start = builder.any(starts);
        let weights: Vec<u64> =
            alternatives.iter().map(|(weight, _)| ((weight * 1000.0).round() as u64).max(1)).collect();
        Some(builder.finish(start, &weights))
    }

    fn column(&self, rows: &[u64]) -> Option<Result<ArrayRef, ArrowError>> {
        let fused = self.fused.get_or_init(|| Fused::new(self.key, &self.options()?));
        fused.as_ref().map(|fused| fused.texts(rows))
    }

    fn longest(&self) -> usize {
        let part = |part: &Part| match part {
            Part::Literal(text) => text.len(),
            Part::Word { words, .. } => words.longest(),
            Part::Pattern(pattern) => pattern.longest(),
            Part::Number { .. } => 20,
            Part::Choice { options, .. } => options.iter().map(Template::longest).max().unwrap_or(0),
        };
        self.parts.iter().map(part).sum()
    }

    fn average(&self) -> usize {
        let part = |part: &Part| match part {
            Part::Literal(text) => text.len(),
            Part::Word { words, .. } => words.average(),
            Part::Pattern(pattern) => pattern.average(),
            Part::Number { width, .. } => *width,
            Part::Choice { options, .. } => {
                let sum: usize = options.iter().map(Template::average).sum();
                sum.div_ceil(options.len().max(1))
            }
        };
        self.parts.iter().map(part).sum()
    }
}

impl Part {
    /// Its texts, then on to `next`.
    fn build(&self, builder: &mut Builder, next: u32) -> u32 {
        match self {
            Self::Literal(text) => builder.literal(text, next),
            Self::Word { words, .. } => {
                let ways = words.iter().filter(|(_, weight)| *weight > 0);
                let ways = ways.map(|(word, _)| builder.literal(word, next)).collect();
                builder.any(ways)
            }
            Self::Pattern(pattern) => pattern.build(builder, next),
            Self::Number { low, count, width, .. } => builder.numbers(*low, low + count - 1, *width, next),
            Self::Choice { options, .. } => {
                let ways = options
                    .iter()
                    .map(|option| {
                        option.parts.iter().rev().fold(next, |next, part| part.build(builder, next))
                    })
                    .collect();
                builder.any(ways)
            }
        }
    }
}

impl Template {
    fn new(parts: Vec<Part>, key: Key) -> Self {
        Self { parts: parts.into(), key, fused: OnceLock::new() }
    }

    /// The parts as options of tables; `None` if these would be too many.
    fn options(&self) -> Option<Options> {
        let mut options: Options = vec![(1 << 32, Vec::new())];
        for part in &self.parts {
            let tables = match part {
                Part::Literal(text) => vec![vec![(text.clone(), 1)]],
                Part::Word { words, .. } => {
                    vec![words.iter().map(|(word, weight)| (word.into(), weight)).collect()]
                }
                Part::Pattern(pattern) => pattern.tables(),
                Part::Number { low, count, width, .. } if *count <= MOST_NUMBERS => {
                    vec![(*low..low + count).map(|number| (format!("{number:0width$}").into(), 1)).collect()]
                }
                Part::Number { .. } => return None,
                Part::Choice { limits, options: inner, .. } => {
                    let mut product = Vec::with_capacity(options.len() * inner.len());
                    let mut before = 0;
                    for (limit, template) in limits.iter().zip(inner) {
                        let share = (limit - before) >> 32;
                        before = *limit;
                        for (weight, parts) in template.options()? {
                            let weight = (u128::from(weight) * u128::from(share)) >> 32;
                            for (outer, first) in &options {
                                let weight = ((weight * u128::from(*outer)) >> 32) as u64;
                                let mut all = first.clone();
                                for table in &parts {
                                    add_table(&mut all, table);
                                }
                                product.push((weight, all));
                            }
                        }
                        if product.len() > MOST_OPTIONS {
                            return None;
                        }
                    }
                    options = product;
                    continue;
                }
            };
            for (_, all) in &mut options {
                for table in &tables {
                    add_table(all, table);
                }
            }
        }
        Some(options)
    }
}

/// Appends a table, or joins it to the one before if both are small.
fn add_table(tables: &mut Vec<Table>, table: &Table) {
    if let Some(last) = tables.last_mut()
        && let Some(joined) = join(last, table)
    {
        *last = joined;
        return;
    }
    tables.push(table.clone());
}

/// All pairs of words, if they are few.
fn join(first: &Table, second: &Table) -> Option<Table> {
    let most = if first.len().min(second.len()) == 1 { MOST_AFFIXED } else { MOST_JOINED };
    if first.len() * second.len() > most {
        return None;
    }
    let pairs = first.iter().flat_map(|left| second.iter().map(move |right| (left, right)));
    pairs.map(|((left, a), (right, b))| Some((format!("{left}{right}").into(), a.checked_mul(*b)?))).collect()
}

/// Writes `number` with at least `width` digits.
fn write_number(mut number: u64, width: usize, out: &mut impl Write) -> std::fmt::Result {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    while number > 0 || digits.len() - start < width.max(1) {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.write_str(std::str::from_utf8(&digits[start..]).map_err(|_| std::fmt::Error)?)
}

/// Builds a template; each part that draws gets the next substream of the call's.
pub(super) struct Compiler<'s> {
    site: &'s Site<'s>,
    parts: Vec<Part>,
    next: u64,
    /// Whether words become slugs.
    slugs: bool,
}

impl<'s> Compiler<'s> {
    pub(super) fn new(site: &'s Site<'s>) -> Self {
        Self { site, parts: Vec::new(), next: 0, slugs: false }
    }

    pub(super) fn finish(self) -> Template {
        let key = self.site.key.named("fused");
        Template::new(self.parts, key)
    }

    fn locale(&self) -> &'static Locale {
        self.site.locale
    }

    fn key(&mut self) -> Key {
        self.next += 1;
        self.site.key.numbered(self.next - 1)
    }

    /// Appends `text` as it is.
    pub(super) fn literal(&mut self, text: &str) {
        let text = if self.slugs { self.locale().slug(text) } else { text.to_owned() };
        if !text.is_empty() {
            self.parts.push(Part::Literal(text.into()));
        }
    }

    /// Appends one of some words.
    pub(super) fn words(&mut self, words: Arc<Words>) {
        let words = if self.slugs { Arc::new(words.map(|word| self.locale().slug(word))) } else { words };
        let key = self.key();
        self.parts.push(Part::Word { key, words });
    }

    /// Appends what a section of the locale says.
    pub(super) fn section(&mut self, name: &str) -> Result<(), CallError> {
        match self.locale().section(name) {
            None => Err(self.site.missing()),
            Some(Section::Words(words)) => {
                self.words(words);
                Ok(())
            }
            Some(Section::Formats(formats)) => self.formats(&formats),
        }
    }

    /// Appends one of some formats, by their weights.
    pub(super) fn formats(&mut self, formats: &[(u32, &str)]) -> Result<(), CallError> {
        if let [(_, format)] = formats {
            return self.format(format);
        }
        // A choice between lists is a list: one draw instead of two.
        let lists = formats.iter().map(|(weight, format)| {
            let section = format.strip_prefix('{')?.strip_suffix('}')?;
            Some((*weight, self.locale().words(section)?))
        });
        if let Some(lists) = lists.collect::<Option<Vec<_>>>() {
            let merged = Words::merge(lists.iter().map(|(weight, words)| (*weight, &**words)));
            self.words(Arc::new(merged));
            return Ok(());
        }
        let key = self.key();
        let total: u64 = formats.iter().map(|(weight, _)| u64::from(*weight)).sum();
        let (mut limits, mut options, mut sum) = (Vec::new(), Vec::new(), 0);
        for (weight, format) in formats {
            sum += u64::from(*weight);
            limits.push((u128::from(u64::MAX) * u128::from(sum) / u128::from(total)) as u64);
            let before = std::mem::take(&mut self.parts);
            self.format(format)?;
            let parts = std::mem::replace(&mut self.parts, before);
            options.push(Template::new(parts, key));
        }
        self.parts.push(Part::Choice { key, limits: limits.into(), options: options.into() });
        Ok(())
    }

    /// Appends a format: text with `{section}`, `{section|ascii}`, `{low..high}`, placeholders and `\n`.
    pub(super) fn format(&mut self, format: &str) -> Result<(), CallError> {
        let mut rest = format;
        while let Some((before, after)) = rest.split_once('{') {
            self.placeholders(before);
            let (reference, after) = after.split_once('}').unwrap_or((after, ""));
            rest = after;
            if let Some((low, high)) = reference.split_once("..") {
                let number = |text: &str| text.parse::<u64>().unwrap_or_default();
                let key = self.key();
                self.parts.push(Part::Number {
                    key,
                    low: number(low),
                    count: number(high).saturating_sub(number(low)) + 1,
                    width: low.len(),
                });
            } else if let Some(section) = reference.strip_suffix("|ascii") {
                let outer = std::mem::replace(&mut self.slugs, true);
                self.section(section)?;
                self.slugs = outer;
            } else {
                self.section(reference)?;
            }
        }
        self.placeholders(rest);
        Ok(())
    }

    fn placeholders(&mut self, text: &str) {
        let text = text.replace("\\n", "\n");
        if text.contains(['#', '%', '$', '?', '^']) {
            let keys = self.site.key;
            let pattern = Pattern::of_format(&text, &mut || {
                self.next += 1;
                keys.numbered(self.next - 1)
            });
            self.parts.push(Part::Pattern(pattern));
        } else {
            self.literal(&text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_wide_as_they_are_written() {
        for (number, width, expected) in [(7, 5, "00007"), (99_950, 5, "99950"), (42, 1, "42"), (0, 1, "0")] {
            let mut out = String::new();
            write_number(number, width, &mut out).unwrap();
            assert_eq!(out, expected);
        }
    }
}
