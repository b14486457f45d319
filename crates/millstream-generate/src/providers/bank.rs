//! Banks: IBAN, BBAN, SWIFT codes and ABA routing numbers.

use super::numbered::{digit, drawn, numbered, push_number};
use super::{Resolved, Site};

pub(super) const NAMES: &[&str] = &["aba", "bban", "iban", "swift", "swift11", "swift8"];

/// The country and the shape of its BBAN (`?` an upper-case letter, `#` a digit), as Faker has them: locales without IBAN
/// have those of the United Kingdom.
fn country(locale: &str) -> (&'static str, &'static str) {
    match locale {
        "de_DE" => ("DE", "##################"),
        "es_ES" => ("ES", "####################"),
        "fr_FR" => ("FR", "#######################"),
        "it_IT" => ("IT", "?######################"),
        "nl_NL" => ("NL", "????##########"),
        "pl_PL" => ("PL", "########################"),
        _ => ("GB", "????##############"),
    }
}

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let (country, shape) = country(site.locale.name);
    match site.name {
        "aba" => aba(site),
        "bban" | "iban" => account(site, country, shape),
        _ => {
            let length = match site.name {
                "swift8" => 8,
                "swift11" => 11,
                _ => match site.arguments.integer("length")? {
                    None => 0,
                    Some(8) => 8,
                    Some(11) => 11,
                    Some(other) => {
                        let message = format!("SWIFT codes have 8 or 11 characters, not {other}");
                        return Err(site.arguments.wrong("length", message));
                    }
                },
            };
            let primary = site.name != "swift8" && site.arguments.boolean("primary")?.unwrap_or(false);
            if site.arguments.boolean("use_dataset")? == Some(true) {
                let message = "there is no list of real banks";
                return Err(site.arguments.error(
                    "use_dataset",
                    message,
                    "leave it out: the codes are made up",
                ));
            }
            swift(site, length, primary)
        }
    }
}

/// Nine digits: the first two say the Federal Reserve district (01 to 12, or 21 to 32), the last one is a check digit
/// with the weights 3, 7 and 1 (American Bankers Association).
fn aba(site: &Site<'_>) -> Resolved {
    numbered(site, 24_000_000, 9, |mut number, _, text| {
        let district = digit(&mut number, 24);
        push_number(if district < 12 { district + 1 } else { district + 9 }, 2, text);
        push_number(number, 6, text);
        let sum: u32 =
            text.bytes().zip([3, 7, 1].into_iter().cycle()).map(|(b, w)| u32::from(b - b'0') * w).sum();
        text.push(super::numbered::to_ten(sum));
    })
}

fn account(site: &Site<'_>, country: &'static str, shape: &'static str) -> Resolved {
    let is_iban = site.name == "iban";
    // The last places hold the number, those before are drawn: together they are never more than the number can hold.
    let places = |hole: char| shape.chars().filter(|place| *place == hole).count() as u32;
    let (letters, digits) = (places('?'), places('#').min(12));
    let size = 26_u64.pow(letters) * 10_u64.pow(digits);
    numbered(site, size, 34, move |mut number, draws, text| {
        let start = text.len();
        if is_iban {
            text.push_str(country);
            text.push_str("00");
        }
        let free = shape.len() - (letters + digits) as usize;
        let mut further = draws.bits();
        let mut filled = 0;
        for hole in shape.chars() {
            if hole == '?' {
                text.push(char::from(b'A' + digit(&mut number, 26) as u8));
            } else if filled < free {
                filled += 1;
                text.push(char::from(b'0' + digit(&mut further, 10) as u8));
            } else {
                text.push(char::from(b'0' + digit(&mut number, 10) as u8));
            }
        }
        if is_iban {
            let check = 98 - mod_97(&text[start + 4..], country);
            text.replace_range(start + 2..start + 4, &format!("{check:02}"));
        }
    })
}

/// The remainder of ISO/IEC 7064, MOD 97-10, of a BBAN with the country and 00 after it.
fn mod_97(bban: &str, country: &str) -> u32 {
    bban.bytes().chain(country.bytes()).chain(*b"00").fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    })
}

/// Four letters of the bank, the country, two characters of the place, and three of the branch.
fn swift(site: &Site<'_>, length: usize, primary: bool) -> Resolved {
    const ALPHABET: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let country = site.locale.country();
    let has_branch = length == 11 && !primary;
    let size = 26_u64.pow(4) * 36_u64.pow(if has_branch { 5 } else { 2 });
    if length == 0 {
        // Both lengths: the shorter half is enough for as many codes as there are banks.
        return drawn_or(site, country);
    }
    numbered(site, size, 11, move |mut number, _, text| {
        for _ in 0..4 {
            text.push(char::from(b'A' + digit(&mut number, 26) as u8));
        }
        text.push_str(country);
        for _ in 0..if has_branch { 5 } else { 2 } {
            text.push(char::from(ALPHABET[digit(&mut number, 36) as usize]));
        }
        if length == 11 && primary {
            text.push_str("XXX");
        }
    })
}

/// Codes of eight or eleven characters.
fn drawn_or(site: &Site<'_>, country: &'static str) -> Resolved {
    const ALPHABET: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    if site.unique {
        return swift(site, 11, false);
    }
    drawn(site, 11, move |draws, text| {
        for _ in 0..4 {
            text.push(char::from(b'A' + draws.below(26) as u8));
        }
        text.push_str(country);
        for _ in 0..if draws.below(2) == 0 { 2 } else { 5 } {
            text.push(char::from(ALPHABET[draws.below(36) as usize]));
        }
    })
}
