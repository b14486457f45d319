//! Providers of names that take arguments: addresses of mail and of pages, and US states.

use std::sync::Arc;

use super::template::Compiler;
use super::text::Text;
use super::words::Words;
use super::{Resolved, Site};

pub(super) const NAMES: &[&str] = &["country_code", "domain_name", "email", "state_abbr", "url"];

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let mut compiler = Compiler::new(site);
    match site.name {
        "email" => {
            let arguments = &site.arguments;
            let safe = arguments.boolean("safe")?.unwrap_or(true);
            match arguments.text("domain")? {
                Some(domain) if domain.is_empty() || domain.contains(['@', ' ']) => {
                    return Err(arguments.error(
                        "domain",
                        format!("\"{domain}\" is no domain"),
                        "for example `domain=\"example.com\"`",
                    ));
                }
                Some(domain) => {
                    compiler.section("user_name")?;
                    compiler.literal("@");
                    compiler.literal(&domain.to_lowercase());
                }
                None => compiler.section(if safe { "safe_email" } else { "any_email" })?,
            }
        }
        "domain_name" => {
            let arguments = &site.arguments;
            for _ in 1..arguments.integer_in("levels", 1, 1, 10)? {
                compiler.format("{domain_word}.")?;
            }
            compiler.section("domain_name")?;
        }
        "url" => {
            let arguments = &site.arguments;
            let schemes = arguments.texts("schemes")?.unwrap_or_else(|| vec!["http", "https"]);
            if !schemes.is_empty() {
                compiler.words(Arc::new(Words::new(schemes.into_iter().map(|scheme| (scheme, 1)))));
            }
            compiler.literal("://");
            compiler.section("url_authority")?;
            compiler.literal("/");
        }
        "country_code" => {
            let arguments = &site.arguments;
            match arguments.text("representation")? {
                None | Some("alpha-2") => compiler.section("country_code")?,
                Some(other) => {
                    return Err(arguments.error(
                        "representation",
                        format!("there are no country codes of the representation \"{other}\""),
                        "write `representation=\"alpha-2\"`, or leave it out",
                    ));
                }
            }
        }
        _ => states(site, &mut compiler)?,
    }
    Ok(Text::function(compiler.finish()))
}

/// The abbreviations of states; in the US, by default, also those of the territories and of the associated states.
fn states(site: &Site<'_>, compiler: &mut Compiler<'_>) -> Result<(), millstream_expr::CallError> {
    let Some(territories) = site.locale.words("territory_abbr") else {
        return compiler.section("state_abbr");
    };
    let arguments = &site.arguments;
    let mut lists: Vec<Arc<Words>> = site.locale.words("state_abbr").into_iter().collect();
    if arguments.boolean("include_territories")?.unwrap_or(true) {
        lists.push(territories);
    }
    if arguments.boolean("include_freely_associated_states")?.unwrap_or(true) {
        lists.extend(site.locale.words("associated_state_abbr"));
    }
    compiler.words(Arc::new(Words::new(lists.iter().flat_map(|words| words.iter()))));
    Ok(())
}
