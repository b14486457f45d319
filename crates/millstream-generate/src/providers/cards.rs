//! Payment cards: numbers, issuers, security codes, expiry.

use chrono::{DateTime, Datelike};

use crate::draws::Draws;

use super::dates::{Kind, instants};
use super::numbered::{drawn, numbered, push_luhn, push_number};
use super::{Resolved, Site};

pub(super) const NAMES: &[&str] = &[
    "credit_card_expire",
    "credit_card_full",
    "credit_card_number",
    "credit_card_provider",
    "credit_card_security_code",
];

/// A kind of payment card: the prefixes of its issuers (`#` a digit, `%` one from 1), the length of its numbers, and the
/// name and the length of its security code.
#[derive(Debug)]
struct Card {
    name: &'static str,
    title: &'static str,
    prefixes: &'static [&'static str],
    length: usize,
    code: (&'static str, u32),
}

const fn card(
    name: &'static str,
    title: &'static str,
    prefixes: &'static [&'static str],
    length: usize,
    code: (&'static str, u32),
) -> Card {
    Card { name, title, prefixes, length, code }
}

const CVV: (&str, u32) = ("CVV", 3);
const CVC: (&str, u32) = ("CVC", 3);

/// As in Faker, where `visa` and `jcb` are other names of their 16-digit kinds.
const CARDS: [Card; 12] = [
    card(
        "maestro",
        "Maestro",
        &[
            "5018", "5020", "5038", "56##", "57##", "58##", "6304", "6759", "6761", "6762", "6763", "0604",
            "6390",
        ],
        12,
        CVV,
    ),
    card(
        "mastercard",
        "Mastercard",
        &[
            "51", "52", "53", "54", "55", "222%", "223", "224", "225", "226", "227", "228", "229", "23",
            "24", "25", "26", "270", "271", "2720",
        ],
        16,
        CVV,
    ),
    card("visa16", "VISA 16 digit", &["4"], 16, CVC),
    card("visa13", "VISA 13 digit", &["4"], 13, CVC),
    card("visa19", "VISA 19 digit", &["4"], 19, CVC),
    card("amex", "American Express", &["34", "37"], 15, ("CID", 4)),
    card("discover", "Discover", &["6011", "65"], 16, CVC),
    card(
        "diners",
        "Diners Club / Carte Blanche",
        &["300", "301", "302", "303", "304", "305", "36", "38"],
        14,
        CVC,
    ),
    card("jcb15", "JCB 15 digit", &["2131", "1800"], 15, CVC),
    card("jcb16", "JCB 16 digit", &["35"], 16, CVC),
    card("visa", "VISA 16 digit", &["4"], 16, CVC),
    card("jcb", "JCB 16 digit", &["35"], 16, CVC),
];

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    if site.name == "credit_card_expire" {
        return expire(site);
    }
    let names: Vec<&str> = CARDS.iter().map(|card| card.name).collect();
    let wanted = site.arguments.one_of("card_type", &names)?;
    let cards: Vec<&'static Card> =
        CARDS.iter().filter(|card| wanted.is_none_or(|wanted| wanted == card.name)).collect();
    let any = move |draws: &mut Draws| cards[draws.below(cards.len() as u64) as usize];
    match site.name {
        "credit_card_number" => numbers(site, wanted),
        "credit_card_provider" => drawn(site, 32, move |draws, text| text.push_str(any(draws).title)),
        "credit_card_security_code" => drawn(site, 4, move |draws, text| {
            let digits = any(draws).code.1;
            push_number(draws.below(10_u64.pow(digits)), digits as usize, text);
        }),
        _ => {
            let words = |section: &str| site.locale.words(section);
            let last = words("last_name").or_else(|| words("last_name_male"));
            let (Some(female), Some(male), Some(last)) =
                (words("first_name_female"), words("first_name_male"), last)
            else {
                return Err(site.missing());
            };
            let months = expiry_months(site.now, 0, 10);
            drawn(site, 96 + female.longest().max(male.longest()) + last.longest(), move |draws, text| {
                let card = any(draws);
                text.push_str(card.title);
                text.push('\n');
                let first = if draws.below(2) == 0 { &female } else { &male };
                text.push_str(first.pick(draws.bits()));
                text.push(' ');
                text.push_str(last.pick(draws.bits()));
                text.push('\n');
                push_card(card, draws.bits() >> 4, draws, text);
                text.push(' ');
                let month = months.0 + draws.below(months.1) as i64;
                push_number(month.rem_euclid(12) as u64 + 1, 2, text);
                text.push('/');
                push_number((month.div_euclid(12) % 100) as u64, 2, text);
                text.push('\n');
                let (name, digits) = card.code;
                text.push_str(name);
                text.push_str(": ");
                push_number(draws.below(10_u64.pow(digits)), digits as usize, text);
                text.push('\n');
            })
        }
    }
}

/// The first month, counted from the year 0, and how many there are, from `from` years after `now` on.
fn expiry_months(now: i64, from: i64, years: i64) -> (i64, u64) {
    let date = DateTime::from_timestamp_micros(now).unwrap_or_default();
    (i64::from(date.year()) * 12 + i64::from(date.month0()) + 12 * from, (years * 12) as u64)
}

fn expire(site: &Site<'_>) -> Resolved {
    site.refuse_unique("there are too few months; use `fake.unique.credit_card_number()`")?;
    instants(site, ("start", "now"), ("end", "+10y"), "date_format", "%m/%y", Kind::Timestamp)
}

/// The digits of a prefix that are drawn.
fn free(prefix: &str) -> u64 {
    prefix
        .bytes()
        .map(|byte| match byte {
            b'#' => 10,
            b'%' => 9,
            _ => 1,
        })
        .product()
}

/// Numbers of one kind of cards are counted; among all kinds, the kind is drawn first.
fn numbers(site: &Site<'_>, wanted: Option<&str>) -> Resolved {
    let Some(card) = CARDS.iter().find(|card| Some(card.name) == wanted) else {
        if site.unique {
            // The commonest kind is a domain of its own.
            return one_kind(site, &CARDS[2]);
        }
        return drawn(site, 19, |draws, text| {
            let card = &CARDS[draws.below(CARDS.len() as u64) as usize];
            push_card(card, draws.bits() >> 4, draws, text);
        });
    };
    one_kind(site, card)
}

fn one_kind(site: &Site<'_>, card: &'static Card) -> Resolved {
    let rest = |prefix: &str| 10_u64.pow((card.length - 1 - prefix.len()) as u32);
    let counts: Vec<u64> = card.prefixes.iter().map(|prefix| free(prefix) * rest(prefix)).collect();
    numbered(site, counts.iter().sum(), card.length, move |mut number, _, text| {
        for (prefix, count) in card.prefixes.iter().zip(&counts) {
            if number < *count {
                push_prefix(prefix, &mut number, text);
                push_number(number, card.length - 1 - prefix.len(), text);
                break;
            }
            number -= count;
        }
        push_luhn(text, 0);
    })
}

fn push_prefix(prefix: &str, number: &mut u64, text: &mut String) {
    use super::numbered::digit;
    for byte in prefix.bytes() {
        text.push(match byte {
            b'#' => char::from(b'0' + digit(number, 10) as u8),
            b'%' => char::from(b'1' + digit(number, 9) as u8),
            other => char::from(other),
        });
    }
}

/// A number of a card, from 60 random bits: each prefix is as likely.
fn push_card(card: &Card, mut number: u64, draws: &mut Draws, text: &mut String) {
    let prefix = card.prefixes[draws.below(card.prefixes.len() as u64) as usize];
    let start = text.len();
    push_prefix(prefix, &mut number, text);
    let width = card.length - 1 - prefix.len();
    push_number(draws.below(10_u64.pow(width as u32)), width, text);
    push_luhn(text, start);
}
