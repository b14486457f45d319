//! Article numbers and book numbers, with their check digits.

use millstream_expr::{CallError, Constant};

use super::numbered::{digit, numbered, push_gs1, push_number};
use super::{Resolved, Site};

pub(super) const NAMES: &[&str] = &[
    "ean",
    "ean13",
    "ean8",
    "isbn10",
    "isbn13",
    "localized_ean",
    "localized_ean13",
    "localized_ean8",
    "sbn9",
    "upc_a",
];

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    match site.name {
        "ean" | "localized_ean" => {
            let length = match site.arguments.integer("length")?.unwrap_or(13) {
                8 => 8,
                13 => 13,
                other => {
                    let message = format!("there are EAN of 8 and of 13 digits, not of {other}");
                    return Err(site.arguments.wrong("length", message));
                }
            };
            ean(site, length)
        }
        "ean8" | "localized_ean8" => ean(site, 8),
        "ean13" | "localized_ean13" => ean(site, 13),
        "upc_a" => upc(site),
        "isbn13" => book(site, "978", 9, |text, from| {
            let plain: String =
                text.get(from..).unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
            let mut check = plain;
            push_gs1(&mut check, 0);
            text.push_str(check.get(12..).unwrap_or_default());
        }),
        "isbn10" => {
            book(site, "", 9, |text, from| text.push(mod_eleven(text.get(from..).unwrap_or_default())))
        }
        _ => book(site, "", 8, |text, from| text.push(mod_eleven(text.get(from..).unwrap_or_default()))),
    }
}

/// The check digit of ISBN-10: the digits weigh 2, 3 … from the right, and the sum with it is a multiple of 11.
fn mod_eleven(text: &str) -> char {
    let digits = text.bytes().filter(u8::is_ascii_digit).rev();
    let sum: u32 = digits.zip(2..).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    match (11 - sum % 11) % 11 {
        10 => 'X',
        check => char::from(b'0' + check as u8),
    }
}

/// The prefixes of GS1 that are given, or those of the locale's country.
fn prefixes(site: &Site<'_>) -> Result<Vec<String>, CallError> {
    if site.name.starts_with("localized") {
        let country = match site.locale.name {
            "de_DE" => &["400", "440"][..],
            "en_GB" => &["50"],
            "es_ES" => &["84"],
            "fr_FR" => &["30", "37"],
            "it_IT" => &["80", "83"],
            "ja_JP" => &["45", "49"],
            "nl_NL" => &["87"],
            "pl_PL" => &["590"],
            "pt_BR" => &["789", "790"],
            "zh_CN" => &["690", "699"],
            _ => &["00", "01", "03", "06", "13"],
        };
        return Ok(country.iter().map(|prefix| (*prefix).to_owned()).collect());
    }
    let arguments = &site.arguments;
    let wrong = || arguments.wrong("prefixes", "a prefix is a number, a text of digits, or a list of such");
    fn text(constant: &Constant) -> Option<String> {
        let text = match constant {
            Constant::Int(number @ 0..) => number.to_string(),
            Constant::Str(text) => text.clone(),
            Constant::List(parts) => parts.iter().map(text).collect::<Option<String>>()?,
            _ => return None,
        };
        text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text)
    }
    let given = arguments.list("prefixes")?.unwrap_or_default();
    given.iter().map(|prefix| text(prefix).ok_or_else(wrong)).collect()
}

fn ean(site: &Site<'_>, length: usize) -> Resolved {
    let mut prefixes = prefixes(site)?;
    if site.name == "ean13" {
        match site.arguments.boolean("leading_zero")? {
            None => {}
            Some(_) if !prefixes.is_empty() => {
                let message = "`leading_zero` and `prefixes` exclude each other";
                return Err(site.arguments.error("leading_zero", message, "leave one of them out"));
            }
            Some(true) => prefixes = vec!["0".to_owned()],
            Some(false) => prefixes = (1..=9).map(|digit| digit.to_string()).collect(),
        }
    }
    if prefixes.is_empty() {
        prefixes.push(String::new());
    }
    // Of prefixes that begin alike, only the shortest: the others are among its numbers.
    prefixes.sort_unstable();
    prefixes.dedup_by(|later, earlier| later.starts_with(earlier.as_str()));
    if let Some(long) = prefixes.iter().find(|prefix| prefix.len() >= length) {
        let message = format!("the prefix {long} is too long for {length} digits");
        return Err(site.arguments.wrong("prefixes", message));
    }
    let counts: Vec<u64> =
        prefixes.iter().map(|prefix| 10_u64.pow((length - 1 - prefix.len()) as u32)).collect();
    numbered(site, counts.iter().sum(), length, move |mut number, _, text| {
        for (prefix, count) in prefixes.iter().zip(&counts) {
            if number < *count {
                text.push_str(prefix);
                let width = length - 1 - prefix.len();
                if width > 0 {
                    push_number(number, width, text);
                }
                break;
            }
            number -= count;
        }
        push_gs1(text, 0);
    })
}

/// Twelve digits: the number system, ten of the article, and the check digit.
fn upc(site: &Site<'_>) -> Resolved {
    let arguments = &site.arguments;
    if arguments.boolean("upc_ae_mode")? == Some(true) || arguments.text("base")?.is_some() {
        let message = "numbers that can be written as UPC-E are not made";
        return Err(arguments.error("upc_ae_mode", message, "leave `upc_ae_mode` and `base` out"));
    }
    let system = arguments.integer("number_system_digit")?;
    match system {
        None => numbered(site, 10_u64.pow(11), 12, |number, _, text| {
            push_number(number, 11, text);
            push_gs1(text, 0);
        }),
        Some(system @ 0..=9) => numbered(site, 10_u64.pow(10), 12, move |number, _, text| {
            push_number(system as u64, 1, text);
            push_number(number, 10, text);
            push_gs1(text, 0);
        }),
        Some(other) => {
            Err(arguments
                .wrong("number_system_digit", format!("`number_system_digit` is a digit, not {other}")))
        }
    }
}

/// How the nine digits of a book number of the English groups 0 and 1 fall into group, registrant and publication: the
/// first registrant, the last, and their number of digits (ISBN International, range message).
const RANGES: [(u64, u64, u64, usize); 11] = [
    (0, 0, 19, 2),
    (0, 200, 227, 3),
    (0, 229, 368, 3),
    (0, 370, 638, 3),
    (0, 6400, 6479, 4),
    (0, 7000, 8499, 4),
    (0, 85000, 89999, 5),
    (0, 950_000, 999_999, 6),
    (1, 100, 397, 3),
    (1, 4000, 5499, 4),
    (1, 55000, 64999, 5),
];

/// A book number with separators: `prefix`, the group (of ten- and thirteen-digit numbers), registrant, publication.
fn book(site: &Site<'_>, prefix: &'static str, digits: usize, check: fn(&mut String, usize)) -> Resolved {
    let separator = site.arguments.text("separator")?.unwrap_or("-").to_owned();
    if separator.contains(|character: char| character.is_ascii_digit()) {
        return Err(site.arguments.wrong("separator", "a separator has no digits"));
    }
    let has_group = digits == 9;
    // A number without a group is one of group 0.
    let ranges: Vec<(u64, u64, u64, usize)> =
        RANGES.into_iter().filter(|(group, ..)| has_group || *group == 0).collect();
    let count =
        |(_, first, last, width): &(u64, u64, u64, usize)| (last - first + 1) * 10_u64.pow(8 - *width as u32);
    let size = ranges.iter().map(count).sum();
    numbered(site, size, 13 + 4 * separator.len(), move |mut number, _, text| {
        for range in &ranges {
            if number < count(range) {
                let (group, first, _, width) = *range;
                if !prefix.is_empty() {
                    text.push_str(prefix);
                    text.push_str(&separator);
                }
                if has_group {
                    push_number(group, 1, text);
                    text.push_str(&separator);
                }
                let publication = digit(&mut number, 10_u64.pow(8 - width as u32));
                push_number(first + number, width, text);
                text.push_str(&separator);
                push_number(publication, 8 - width, text);
                text.push_str(&separator);
                break;
            }
            number -= count(range);
        }
        check(text, 0);
    })
}
