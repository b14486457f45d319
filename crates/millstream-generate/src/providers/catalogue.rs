//! All providers, with an example value each.

use arrow::array::ArrayRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use millstream_core::Key;
use millstream_expr::{Call, CallSite, RowErrors};

use super::{ProviderContext, check_locale, names, resolve, signatures};

/// What is known of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The name after `fake.`
    pub name: String,
    /// The Faker module that it belongs to: `person`, `date_time` …
    pub group: String,
    /// `name(parameter=default, …)`, as Faker has it.
    pub signature: String,
    /// The type of its values, in Arrow's words.
    pub data_type: String,
    /// A value in the locale; `None` if the locale has none.
    pub example: Option<String>,
}

/// The moment that is now in the examples: 2024-03-01T12:00:00Z.
const NOW: i64 = 1_709_294_400_000_000;

/// All providers, grouped, with a value each in `locale`: the same ones at every call. The error says that there are no
/// word lists for the locale.
pub fn providers(locale: &str) -> Result<Vec<Provider>, String> {
    check_locale(locale)?;
    let locales = [locale.to_owned()];
    let mut all: Vec<Provider> = names()
        .iter()
        .filter_map(|path| {
            let name = path.strip_prefix("fake.")?;
            let signature = signatures::find(name)?;
            let call = CallSite { path, ordinal: 0, repetition: 0, arguments: &[] };
            let context =
                ProviderContext { locales: &locales, locale_key: Key::from_seed(0), now: NOW, rows: None };
            let function = resolve(&call, Key::from_seed(0).named(name), &context).ok().flatten();
            let example = function.as_ref().and_then(|function| {
                let call = Call { arguments: &[], rows: &[0], selected: None };
                shown(&function.evaluate(&call, &mut RowErrors::default()).ok()?)
            });
            Some(Provider {
                name: name.to_owned(),
                group: signature.group.to_owned(),
                signature: signature.text.to_owned(),
                data_type: function.map_or_else(String::new, |function| function.data_type().to_string()),
                example,
            })
        })
        .collect();
    all.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
    Ok(all)
}

fn shown(values: &ArrayRef) -> Option<String> {
    let formatter = ArrayFormatter::try_new(values, &FormatOptions::default().with_null("None")).ok()?;
    Some(formatter.value(0).to_string())
}
