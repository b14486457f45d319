//! Providers of names that take arguments: addresses of mail and of pages, and US states.

use std::sync::Arc;

use super::locale::Locale;
use super::template::Compiler;
use super::text::text;
use super::words::Words;
use super::{Resolved, Site};
use millstream_expr::CallError;

pub(super) const NAMES: &[&str] = &[
    "bank_country",
    "chrome",
    "country_code",
    "currency_symbol",
    "current_country_code",
    "domain_name",
    "email",
    "file_extension",
    "file_name",
    "file_path",
    "hostname",
    "image_url",
    "mime_type",
    "nic_handle",
    "postalcode_in_state",
    "postcode_in_state",
    "slug",
    "state_abbr",
    "unix_device",
    "unix_partition",
    "uri",
    "uri_path",
    "url",
    "zipcode_in_state",
];

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
        "domain_name" => domain(site, &mut compiler, 1)?,
        "hostname" => {
            compiler.format("{hostname_prefix}-##")?;
            if site.arguments.integer("levels")?.unwrap_or(1) > 0 {
                compiler.literal(".");
                domain(site, &mut compiler, 0)?;
            }
        }
        "url" => url(site, &mut compiler)?,
        "uri" => {
            url(site, &mut compiler)?;
            let path = uri_path(site)?;
            compiler.formats(&[
                (1, "{uri_page}/"),
                (1, "{uri_page}{uri_extension}"),
                (1, &format!("{path}/{{uri_page}}/")),
                (1, &format!("{path}/{{uri_page}}{{uri_extension}}")),
            ])?;
        }
        "uri_path" => {
            let deep = site.arguments.integer("deep")?;
            if deep.is_some() {
                compiler.format(&uri_path(site)?)?;
            } else {
                let part = "{uri_path_part}";
                compiler.formats(&[(1, part), (1, &[part; 2].join("/")), (1, &[part; 3].join("/"))])?;
            }
        }
        "image_url" => image_url(site, &mut compiler)?,
        "slug" => {
            if let Some(value) = site.arguments.text("value")? {
                compiler.literal(&slug(value));
            } else {
                let words = Locale::find("en_US")
                    .and_then(|locale| locale.words("word"))
                    .ok_or_else(|| site.missing())?;
                for part in 0..3 {
                    compiler.literal(if part > 0 { "-" } else { "" });
                    compiler.words(words.clone());
                }
            }
        }
        "nic_handle" => {
            compiler.section("nic_handle_part")?;
            let suffix = site.arguments.text("suffix")?.unwrap_or("FAKE").to_uppercase();
            compiler.literal(&format!("-{suffix}"));
        }
        "bank_country" | "current_country_code" => compiler.literal(site.locale.country()),
        "chrome" => chrome(site, &mut compiler)?,
        "currency_symbol" => currency_sign(site, &mut compiler)?,
        "file_extension" | "file_name" | "file_path" | "mime_type" => files(site, &mut compiler)?,
        "unix_device" | "unix_partition" => {
            match site.arguments.one_of("prefix", &["sd", "vd", "xvd"])? {
                Some(prefix) => compiler.literal(&format!("/dev/{prefix}")),
                None => compiler.format("/dev/{device_prefix}")?,
            }
            compiler.format("?")?;
            if site.name == "unix_partition" {
                compiler.format("#")?;
            }
        }
        "postalcode_in_state" | "postcode_in_state" | "zipcode_in_state" => in_state(site, &mut compiler)?,
        "country_code" => {
            let arguments = &site.arguments;
            match arguments.text("representation")? {
                None | Some("alpha-2") => compiler.section("country_code")?,
                Some("alpha-3") => compiler.section("country_code_3")?,
                Some(other) => {
                    return Err(arguments.error(
                        "representation",
                        format!("there are no country codes of the representation \"{other}\""),
                        "write `representation=\"alpha-2\"` or \"alpha-3\"",
                    ));
                }
            }
        }
        _ => states(site, &mut compiler)?,
    }
    text(site, compiler.finish())
}

/// The abbreviations of states; in the US, by default, also those of the territories and of the associated states.
fn states(site: &Site<'_>, compiler: &mut Compiler<'_>) -> Result<(), CallError> {
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

/// As many labels before the name as `levels` says, above one.
fn domain(site: &Site<'_>, compiler: &mut Compiler<'_>, least: i64) -> Result<(), CallError> {
    for _ in 1..site.arguments.integer_in("levels", 1, least, 10)?.max(1) {
        compiler.format("{domain_word}.")?;
    }
    compiler.section("domain_name")
}

fn url(site: &Site<'_>, compiler: &mut Compiler<'_>) -> Result<(), CallError> {
    let schemes = site.arguments.texts("schemes")?.unwrap_or_else(|| vec!["http", "https"]);
    if !schemes.is_empty() {
        compiler.words(Arc::new(Words::new(schemes.into_iter().map(|scheme| (scheme, 1)))));
    }
    compiler.literal("://");
    compiler.section("url_authority")?;
    compiler.literal("/");
    Ok(())
}

/// The format of a path of so many parts, or of two.
fn uri_path(site: &Site<'_>) -> Result<String, CallError> {
    let deep = site.arguments.integer_in("deep", 2, 1, 20)?;
    Ok(vec!["{uri_path_part}"; deep as usize].join("/"))
}

fn image_url(site: &Site<'_>, compiler: &mut Compiler<'_>) -> Result<(), CallError> {
    let side = |parameter| {
        let given = site.arguments.integer(parameter)?;
        Ok::<_, CallError>(given.map_or_else(|| "{0..1024}".to_owned(), |pixels| pixels.to_string()))
    };
    let (width, height) = (side("width")?, side("height")?);
    let hosts = ["https://picsum.photos/{width}/{height}", "https://placehold.co/{width}x{height}"];
    let given = site.arguments.text("placeholder_url")?;
    if let Some(wrong) = given.filter(|url| url.contains(['#', '%', '$', '?', '^'])) {
        return Err(site.arguments.wrong("placeholder_url", format!("\"{wrong}\" holds one of # % $ ? ^")));
    }
    let formats: Vec<String> = given
        .map_or_else(|| hosts.to_vec(), |url| vec![url])
        .into_iter()
        .map(|host| host.replace("{width}", &width).replace("{height}", &height))
        .collect();
    let formats: Vec<(u32, &str)> = formats.iter().map(|format| (1, format.as_str())).collect();
    compiler.formats(&formats)
}

/// Lower-case letters, digits and hyphens.
fn slug(value: &str) -> String {
    let mut slug = String::new();
    for character in value.chars().flat_map(char::to_lowercase) {
        if character.is_ascii_alphanumeric() || character == '_' {
            slug.push(character);
        } else if (character.is_whitespace() || character == '-') && !slug.is_empty() && !slug.ends_with('-')
        {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

fn chrome(site: &Site<'_>, compiler: &mut Compiler<'_>) -> Result<(), CallError> {
    let number = |parameter, default| site.arguments.integer_in(parameter, default, 0, 99_999);
    let (first, last) = (number("version_from", 13)?, number("version_to", 63)?);
    let (from, to) = (number("build_from", 800)?, number("build_to", 899)?);
    for (low, high, parameter) in [(first, last, "version_to"), (from, to, "build_to")] {
        if low > high {
            return Err(site.arguments.wrong(parameter, format!("the range from {low} to {high} is empty")));
        }
    }
    compiler.format("Mozilla/5.0 ({desktop_platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/")?;
    compiler.format(&format!("{{{first}..{last}}}.0.{{{from}..{to}}}.0 Safari/537.36"))
}

const EXTENSIONS: [&str; 6] = ["audio", "document", "image", "office", "text", "video"];
const MIME_TYPES: [&str; 8] =
    ["application", "audio", "image", "message", "model", "multipart", "text", "video"];

fn files(site: &Site<'_>, compiler: &mut Compiler<'_>) -> Result<(), CallError> {
    let arguments = &site.arguments;
    if site.name == "mime_type" {
        return match arguments.one_of("category", &MIME_TYPES)? {
            Some(category) => compiler.section(&format!("mime_type_{category}")),
            None => compiler.section("mime_type"),
        };
    }
    let category = arguments.one_of("category", &EXTENSIONS)?;
    if site.name == "file_path" {
        let windows = arguments.one_of("file_system_rule", &["linux", "windows"])? == Some("windows");
        let separator = if windows { "\\" } else { "/" };
        if arguments.boolean("absolute")?.unwrap_or(true) {
            compiler.literal(if windows { "C:\\" } else { "/" });
        }
        for _ in 0..arguments.integer_in("depth", 1, 0, 50)? {
            compiler.section("word")?;
            compiler.literal(separator);
        }
    }
    if site.name != "file_extension" {
        compiler.section("word")?;
        compiler.literal(".");
    }
    if site.name == "file_extension" || arguments.constant("extension")?.is_none() {
        return match category {
            Some(category) => compiler.section(&format!("file_extension_{category}")),
            None => compiler.section("file_extension"),
        };
    }
    let given = match arguments.constant("extension")? {
        Some(millstream_expr::Constant::List(_)) => arguments.texts("extension")?.unwrap_or_default(),
        _ => arguments.text("extension")?.into_iter().collect(),
    };
    if given.is_empty() {
        return Err(arguments.wrong("extension", "`extension` is an empty list"));
    }
    compiler.words(Arc::new(Words::new(given.into_iter().map(|extension| (extension, 1)))));
    Ok(())
}

/// A postcode of a state: `state_postcode` says `state from..to`.
fn in_state(site: &Site<'_>, compiler: &mut Compiler<'_>) -> Result<(), CallError> {
    let ranges = site.locale.words("state_postcode").ok_or_else(|| site.missing())?;
    let Some(wanted) = site.arguments.text("state_abbr")? else {
        return compiler.section("postcode");
    };
    let all = || ranges.iter().filter_map(|(range, _)| range.split_once(' '));
    let Some((_, range)) = all().find(|(state, _)| *state == wanted) else {
        let states: Vec<&str> = all().map(|(state, _)| state).collect();
        let hint = format!("there are {}", states.join(", "));
        return Err(site.arguments.error("state_abbr", format!("there is no state \"{wanted}\""), hint));
    };
    compiler.format(&format!("{{{range}}}"))
}

/// The sign of a currency: of the code, or of any that has one. A currency without a sign has its code.
fn currency_sign(site: &Site<'_>, compiler: &mut Compiler<'_>) -> Result<(), CallError> {
    let signs = site.locale.words("currency_sign").ok_or_else(|| site.missing())?;
    let codes = site.locale.words("currency_code").ok_or_else(|| site.missing())?;
    let Some(code) = site.arguments.text("code")? else {
        let mut all: Vec<String> = signs
            .map(|sign| sign.split_once(' ').map_or("", |(_, sign)| sign).to_owned())
            .iter()
            .map(|(sign, _)| sign.to_owned())
            .collect();
        all.sort_unstable();
        all.dedup();
        compiler.words(Arc::new(Words::new(all.iter().map(|sign| (sign.as_str(), 1)))));
        return Ok(());
    };
    if !codes.iter().any(|(known, _)| known == code) {
        let hint = "for example `code=\"EUR\"`";
        return Err(site.arguments.error(
            "code",
            format!("\"{code}\" is no currency code of ISO 4217"),
            hint,
        ));
    }
    let sign = signs.iter().filter_map(|(sign, _)| sign.split_once(' ')).find(|(of, _)| *of == code);
    compiler.literal(sign.map_or(code, |(_, sign)| sign));
    Ok(())
}
