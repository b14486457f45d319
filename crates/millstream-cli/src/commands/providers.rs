//! `millstream providers`

use std::fmt::Write as _;

use millstream::generate::{Provider, providers as all_providers};
use millstream::{Error, Result};

use crate::arguments::ProvidersArguments;
use crate::terminal::print;

pub(crate) fn providers(arguments: &ProvidersArguments) -> Result<()> {
    let all = all_providers(&arguments.locale).map_err(Error::config)?;
    let wanted = arguments.name.as_deref().map(|name| {
        let name = name.strip_prefix("fake.").unwrap_or(name);
        name.strip_prefix("unique.").unwrap_or(name)
    });
    let chosen: Vec<&Provider> = match wanted {
        None => all.iter().collect(),
        Some(name) => {
            let exact: Vec<&Provider> =
                all.iter().filter(|provider| provider.name == name || provider.group == name).collect();
            if exact.is_empty() {
                all.iter().filter(|provider| provider.name.contains(name)).collect()
            } else {
                exact
            }
        }
    };
    if chosen.is_empty() {
        let name = wanted.unwrap_or_default();
        return Err(Error::config(format!("there is no provider `fake.{name}`"))
            .hint("`millstream providers` lists them all"));
    }
    if arguments.json {
        let list: Vec<serde_json::Value> = chosen
            .iter()
            .map(|provider| {
                serde_json::json!({
                    "name": provider.name,
                    "group": provider.group,
                    "signature": provider.signature,
                    "type": provider.data_type,
                    "locale": arguments.locale,
                    "example": provider.example,
                })
            })
            .collect();
        return print(&format!("{:#}\n", serde_json::Value::Array(list)));
    }
    if arguments.markdown {
        return print(&markdown(&chosen));
    }
    print(&table(&chosen))
}

fn one_line(provider: &Provider) -> String {
    provider.example.as_deref().unwrap_or("(none in this locale)").replace('\n', "⏎")
}

fn table(providers: &[&Provider]) -> String {
    let mut text = String::new();
    let mut group = "";
    for provider in providers {
        if provider.group != group {
            let space = if group.is_empty() { "" } else { "\n" };
            group = &provider.group;
            let _ = writeln!(text, "{space}{group}");
        }
        let _ = writeln!(text, "  {}\n      {}", provider.signature, one_line(provider));
    }
    text
}

fn markdown(providers: &[&Provider]) -> String {
    let mut text = String::new();
    let mut group = "";
    for provider in providers {
        if provider.group != group {
            let space = if group.is_empty() { "" } else { "\n" };
            group = &provider.group;
            let _ =
                writeln!(text, "{space}### {group}\n\n| provider | type | example |\n| --- | --- | --- |");
        }
        let escaped = |text: &str| text.replace('|', "\\|");
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            escaped(&provider.signature),
            escaped(&provider.data_type),
            escaped(&one_line(provider))
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the documentation is what the command prints.
    #[test]
    fn the_documentation_is_in_step() {
        let all = all_providers("en_US").unwrap();
        let table = markdown(&all.iter().collect::<Vec<_>>());
        let page = include_str!("../../../../docs/providers.md");
        assert!(
            page.ends_with(&table),
            "run: millstream providers --markdown, and put it at the end of the page"
        );
    }

    #[test]
    fn every_provider_has_a_signature_and_most_an_example_in_every_locale() {
        for locale in ["en_US", "ja_JP", "pl_PL"] {
            let all = all_providers(locale).unwrap();
            assert!(all.len() > 230, "{}", all.len());
            assert!(all.iter().all(|provider| provider.signature.starts_with(&provider.name)));
            let without = all.iter().filter(|provider| provider.example.is_none()).count();
            assert!(without < 25, "{locale}: {without}");
            assert_eq!(all, all_providers(locale).unwrap());
        }
        assert!(all_providers("xx_XX").is_err());
        assert!(all_providers("en_US").unwrap().iter().all(|provider| provider.example.is_some()));
    }
}
