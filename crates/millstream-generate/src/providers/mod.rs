//! The `fake.*` providers: Faker's names, parameters and shapes, as pure functions of (key, row).
//!
//! What the rest of the crate calls, and no more: [`resolve`]`(call, key, context)`, [`names`]`()`, [`locales`]`()`
//! and [`check_locale`]`(locale)`. `key` is the substream of the call site; a provider derives one substream per part of
//! its value from it (`key.numbered(0)`, `key.numbered(1)` …), so that a row's value depends on no other row.
//!
//! A locale is a text file of word lists and formats (`data/*.txt`); most providers are one section of it. The others
//! are a few lines of code each, in the module of their kind.

mod bank;
mod barcodes;
mod between;
mod cards;
mod catalogue;
mod codes;
mod colours;
mod dates;
mod elements;
mod floats;
mod geo;
mod identity;
mod internet;
mod lists;
mod locale;
mod lorem;
mod mixed;
mod numbered;
mod pattern;
mod python;
mod records;
mod refused;
mod signatures;
mod tables;
mod template;
mod text;
mod times;
mod unique;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use millstream_core::Key;
use millstream_expr::{CallError, CallSite, Function};

pub use catalogue::{Provider, providers};

use crate::library::arguments::{Bound, nearest};
use locale::Locale;

/// What a provider may know besides its key and the row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProviderContext<'a> {
    /// The locales, as Faker spells them: `en_US`, `de_DE`. Of several, each row draws one.
    pub(crate) locales: &'a [String],
    /// Draws the locale of a row: the same for all columns of a table.
    pub(crate) locale_key: Key,
    /// What `now` and `today` mean, in microseconds since the Unix epoch: fixed for the run (the configured start).
    pub(crate) now: i64,
    /// How many rows the table will have, if it is known; as many as it has at first if it grows.
    pub(crate) rows: Option<u64>,
}

/// What a provider is made from.
struct Site<'a> {
    /// The name after `fake.` or `fake.unique.`
    name: &'a str,
    /// Whether each value may come once only.
    unique: bool,
    /// The arguments, bound to the parameters that Faker's own provider has.
    arguments: Bound<'a>,
    key: Key,
    locale: &'static Locale,
    now: i64,
    rows: Option<u64>,
}

type Resolved = Result<Arc<dyn Function>, CallError>;

/// A kind of providers: their names, how one of them is made, and whether the locale matters.
type Kind = (&'static [&'static str], fn(&Site<'_>) -> Resolved, bool);

const KINDS: &[Kind] = &[
    (template::NAMES, template::resolve, true),
    (internet::NAMES, internet::resolve, true),
    (bank::NAMES, bank::resolve, true),
    (barcodes::NAMES, barcodes::resolve, true),
    (between::NAMES, between::resolve, false),
    (cards::NAMES, cards::resolve, true),
    (codes::NAMES, codes::resolve, false),
    (colours::NAMES, colours::resolve, false),
    (dates::NAMES, dates::resolve, false),
    (elements::NAMES, elements::resolve, false),
    (floats::NAMES, floats::resolve, false),
    (geo::NAMES, geo::resolve, false),
    (identity::NAMES, identity::resolve, true),
    (lists::NAMES, lists::resolve, true),
    (lorem::NAMES, lorem::resolve, true),
    (pattern::NAMES, pattern::resolve, false),
    (python::NAMES, python::resolve, true),
    (records::NAMES, records::resolve, true),
    (times::NAMES, times::resolve, false),
];

/// The provider for a call to `fake.X` or `fake.unique.X`, drawing from the substream `key`; `Ok(None)` if there is none
/// of that name.
pub(crate) fn resolve(
    call: &CallSite<'_>,
    key: Key,
    context: &ProviderContext<'_>,
) -> Result<Option<Arc<dyn Function>>, CallError> {
    let Some(name) = call.path.strip_prefix("fake.") else {
        return Ok(None);
    };
    let (name, unique) = name.strip_prefix("unique.").map_or((name, false), |name| (name, true));
    refused::check(name)?;
    let Some((_, make, is_local)) = KINDS.iter().find(|(names, ..)| names.contains(&name)) else {
        return Ok(None);
    };
    let Some(signature) = signatures::find(name) else {
        return Ok(None);
    };
    if unique && call.repetition > 0 {
        return Err(CallError {
            message: format!(
                "`fake.unique.{name}` gives one value for each row, and this is another of the same row"
            ),
            hint: Some(format!("call it outside the loop, or use `fake.{name}`")),
            argument: None,
        });
    }
    let made = |locale: &str| {
        let locale = Locale::find(locale).ok_or_else(|| CallError {
            message: unknown_locale(locale),
            hint: None,
            argument: None,
        })?;
        let arguments = Bound::new(call, &signature.shown, &signature.parameters, signature.required)?;
        let site = Site { name, unique, arguments, key, locale, now: context.now, rows: context.rows };
        let function = make(&site)?;
        site.arguments.refuse_unread()?;
        Ok(function)
    };
    match context.locales {
        [first, _, ..] if !is_local => made(first).map(Some),
        [_, _, ..] if unique => Err(CallError {
            message: format!("`fake.unique.{name}` cannot keep the values of several locales apart"),
            hint: Some("make the column from one locale, or put `row_id` into the value".to_owned()),
            argument: None,
        }),
        [_, _, ..] => {
            let functions =
                context.locales.iter().map(|locale| made(locale)).collect::<Result<Vec<_>, _>>()?;
            mixed::mixed(context.locale_key, functions).map(Some)
        }
        [first] => made(first).map(Some),
        [] => made("en_US").map(Some),
    }
}

impl Site<'_> {
    /// The error for a provider that has no values in the locale.
    fn missing(&self) -> CallError {
        CallError {
            message: format!("`fake.{}` has no values in the locale {}", self.name, self.locale.name),
            hint: Some("choose another provider, or another locale".to_owned()),
            argument: None,
        }
    }

    /// Another provider without arguments, as a part of this one.
    fn other(&self, name: &str) -> Resolved {
        self.other_keyed(name, name)
    }

    /// The same, with a substream of another name.
    fn other_keyed(&self, name: &str, key: &str) -> Resolved {
        let path = format!("fake.{name}");
        let call = CallSite { path: &path, ordinal: 0, repetition: 0, arguments: &[] };
        let locales = [self.locale.name.to_owned()];
        let context =
            ProviderContext { locales: &locales, locale_key: self.key, now: self.now, rows: self.rows };
        resolve(&call, self.key.named(key), &context)?.ok_or_else(|| self.missing())
    }

    /// A section of the locale, as a part of this one.
    fn section(&self, section: &str) -> Resolved {
        let mut compiler = template::Compiler::new(self);
        compiler.section(section)?;
        text::text(self, compiler.finish())
    }
}

/// All providers, as `fake.name`, in alphabetical order, for suggestions.
pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> =
        KINDS.iter().flat_map(|(names, ..)| *names).map(|name| format!("fake.{name}")).collect();
    names.sort_unstable();
    names
}

/// The locales there are word lists for.
pub(crate) fn locales() -> &'static [&'static str] {
    locale::NAMES
}

/// Refuses a locale that there are no word lists for, naming the nearest and all there are.
pub(crate) fn check_locale(locale: &str) -> Result<(), String> {
    if locales().contains(&locale) { Ok(()) } else { Err(unknown_locale(locale)) }
}

fn unknown_locale(locale: &str) -> String {
    // Another country of the same language is nearer than another spelling: en_AU is meant as English.
    let language = locale.split(['_', '-']).next().unwrap_or_default();
    let meant = nearest(locale, locales().iter().copied()).or_else(|| {
        let same = |name: &&&str| name.split('_').next().is_some_and(|l| l.eq_ignore_ascii_case(language));
        locales().iter().find(same).copied()
    });
    let suggestion = meant.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    format!(
        "there are no word lists for the locale `{locale}`{suggestion} (there are: {})",
        locales().join(", ")
    )
}
