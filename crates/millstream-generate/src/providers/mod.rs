//! The `fake.*` providers: Faker's names, parameters and shapes, as pure functions of (key, row).
//!
//! What the rest of the crate calls, and no more: [`resolve`]`(call, key, context)`, [`names`]`()`, [`locales`]`()`
//! and [`check_locale`]`(locale)`. `key` is the substream of the call site; a provider derives one substream per part of
//! its value from it (`key.numbered(0)`, `key.numbered(1)` …), so that a row's value depends on no other row.
//!
//! A locale is a text file of word lists and formats (`data/*.txt`); most providers are one section of it. The others
//! are a few lines of code each, in the module of their kind.

mod between;
mod catalogue;
mod codes;
mod dates;
mod elements;
mod floats;
mod internet;
mod locale;
mod lorem;
mod pattern;
mod signatures;
mod tables;
mod template;
mod text;
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
    /// The locale, as Faker spells it: `en_US`, `de_DE`.
    pub(crate) locale: &'a str,
    /// What `now` and `today` mean, in microseconds since the Unix epoch: fixed for the run (the configured start).
    pub(crate) now: i64,
}

/// What a provider is made from.
struct Site<'a> {
    /// The name after `fake.`
    name: &'a str,
    /// The arguments, bound to the parameters that Faker's own provider has.
    arguments: Bound<'a>,
    key: Key,
    locale: &'static Locale,
    now: i64,
}

type Resolved = Result<Arc<dyn Function>, CallError>;

/// A kind of providers: their names, and how one of them is made.
type Kind = (&'static [&'static str], fn(&Site<'_>) -> Resolved);

const KINDS: &[Kind] = &[
    (template::NAMES, template::resolve),
    (internet::NAMES, internet::resolve),
    (codes::NAMES, codes::resolve),
    (between::NAMES, between::resolve),
    (floats::NAMES, floats::resolve),
    (elements::NAMES, elements::resolve),
    (dates::NAMES, dates::resolve),
    (lorem::NAMES, lorem::resolve),
    (pattern::NAMES, pattern::resolve),
];

/// The provider for a call to `fake.X`, drawing from the substream `key`; `Ok(None)` if there is none of that name.
pub(crate) fn resolve(
    call: &CallSite<'_>,
    key: Key,
    context: &ProviderContext<'_>,
) -> Result<Option<Arc<dyn Function>>, CallError> {
    let Some(name) = call.path.strip_prefix("fake.") else {
        return Ok(None);
    };
    let Some((_, make)) = KINDS.iter().find(|(names, _)| names.contains(&name)) else {
        return Ok(None);
    };
    let locale = Locale::find(context.locale).ok_or_else(|| CallError {
        message: unknown_locale(context.locale),
        hint: None,
        argument: None,
    })?;
    let Some(signature) = signatures::find(name) else {
        return Ok(None);
    };
    let arguments = Bound::new(call, &signature.shown, &signature.parameters, signature.required)?;
    let site = Site { name, arguments, key, locale, now: context.now };
    let function = make(&site)?;
    site.arguments.refuse_unread()?;
    Ok(Some(function))
}

/// All providers, as `fake.name`, in alphabetical order, for suggestions.
pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> =
        KINDS.iter().flat_map(|(names, _)| *names).map(|name| format!("fake.{name}")).collect();
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
