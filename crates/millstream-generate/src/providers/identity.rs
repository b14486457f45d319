//! Numbers of persons, employers and vehicles.

use super::numbered::{digit, numbered, push_number, to_ten};
use super::template::Compiler;
use super::text::text;
use super::{Resolved, Site};

pub(super) const NAMES: &[&str] = &["ein", "invalid_ssn", "itin", "license_plate", "ssn", "vin"];

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    match site.name {
        "ein" => {
            let size = PREFIXES.len() as u64 * 10_000_000;
            numbered(site, size, 10, |mut number, _, text| {
                push_number(u64::from(PREFIXES[digit(&mut number, PREFIXES.len() as u64) as usize]), 2, text);
                text.push('-');
                push_number(number, 7, text);
            })
        }
        "itin" => itin(site),
        // Areas that are never assigned: 000, 666 and 900 to 999.
        "invalid_ssn" => numbered(site, 102 * 100 * 10_000, 11, |mut number, _, text| {
            let area = match digit(&mut number, 102) {
                100 => 0,
                101 => 666,
                other => 900 + other,
            };
            push_number(area, 3, text);
            text.push('-');
            push_number(digit(&mut number, 100), 2, text);
            text.push('-');
            push_number(number, 4, text);
        }),
        "license_plate" => {
            let mut compiler = Compiler::new(site);
            compiler.section("license_plate")?;
            text(site, compiler.finish())
        }
        "vin" => vin(site),
        _ => ssn(site),
    }
}

/// The prefixes of employer identification numbers that are assigned (US Internal Revenue Service).
const PREFIXES: [u8; 83] = [
    1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 25, 26, 27, 30, 31, 32, 33, 34, 35, 36,
    37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
    64, 65, 66, 67, 68, 71, 72, 73, 74, 75, 76, 77, 80, 81, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94,
    95, 98, 99,
];

/// 9##-GG-####, where the group is one of those for taxpayers without a social security number.
fn itin(site: &Site<'_>) -> Resolved {
    let groups: Vec<u64> = (70..=88).chain(90..=92).chain(94..=99).collect();
    numbered(site, 100 * groups.len() as u64 * 10_000, 11, move |mut number, _, text| {
        push_number(900 + digit(&mut number, 100), 3, text);
        text.push('-');
        push_number(groups[digit(&mut number, groups.len() as u64) as usize], 2, text);
        text.push('-');
        push_number(number, 4, text);
    })
}

/// Seventeen characters without I, O and Q; the ninth is the check digit of 49 CFR 565.15.
fn vin(site: &Site<'_>) -> Resolved {
    const ALPHABET: &[u8; 33] = b"0123456789ABCDEFGHJKLMNPRSTUVWXYZ";
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    numbered(site, 33_u64.pow(11), 17, |mut number, draws, text| {
        let value = |byte: u8| match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'H' => u32::from(byte - b'A') + 1,
            b'J'..=b'R' => u32::from(byte - b'J') + 1,
            _ => u32::from(byte - b'S') + 2,
        };
        let mut further = draws.bits();
        for at in 0..17 {
            let source = if (1..=12).contains(&at) && at != 8 { &mut number } else { &mut further };
            text.push(if at == 8 { '0' } else { char::from(ALPHABET[digit(source, 33) as usize]) });
        }
        let sum: u32 = text.bytes().zip(WEIGHTS).map(|(byte, weight)| value(byte) * weight).sum();
        let check = match sum % 11 {
            10 => "X".to_owned(),
            rest => rest.to_string(),
        };
        text.replace_range(8..9, &check);
    })
}

/// The sum of the digits of `text`, each times its weight.
fn weighed(text: &str, weights: impl IntoIterator<Item = u32>) -> u32 {
    text.bytes()
        .filter(u8::is_ascii_digit)
        .zip(weights)
        .map(|(byte, weight)| u32::from(byte - b'0') * weight)
        .sum()
}

fn ssn(site: &Site<'_>) -> Resolved {
    let days = 72 * 12 * 28;
    let name = site.locale.name;
    if name != "en_US" {
        return national(site, days);
    }
    match site
        .arguments
        .one_of("taxpayer_identification_number_type", &["SSN", "ITIN", "EIN", "INVALID_SSN"])?
    {
        // Areas 001 to 665 and 667 to 899, groups and serials from 1.
        None | Some("SSN") => numbered(site, 898 * 99 * 9999, 11, |mut number, _, text| {
            let area = 1 + digit(&mut number, 898);
            push_number(area + u64::from(area >= 666), 3, text);
            text.push('-');
            push_number(1 + digit(&mut number, 99), 2, text);
            text.push('-');
            push_number(1 + number, 4, text);
        }),
        Some(other) => {
            let hint = format!("write `fake.{}()`", other.to_lowercase());
            Err(site.arguments.error("taxpayer_identification_number_type", "only SSN are made here", hint))
        }
    }
}

/// The number of a person in other countries.
fn national(site: &Site<'_>, days: u64) -> Resolved {
    match site.locale.name {
        // National Insurance: prefix, six digits, A to D (HM Revenue & Customs).
        "en_GB" => numbered(site, 18 * 18 * 1_000_000 * 4, 13, |mut number, _, text| {
            const LETTERS: &[u8; 18] = b"ABCEGHJKLMPRSTWXYZ";
            for _ in 0..2 {
                text.push(char::from(LETTERS[digit(&mut number, 18) as usize]));
            }
            for _ in 0..3 {
                text.push(' ');
                push_number(digit(&mut number, 100), 2, text);
            }
            text.push(' ');
            text.push(char::from(b'A' + number as u8));
        }),
        // Versicherungsnummer: area, birthday, letter, serial and check digit (Deutsche Rentenversicherung).
        "de_DE" => numbered(site, days * 26 * 100 * 20, 12, |mut number, _, text| {
            push_number(2 + digit(&mut number, 20), 2, text);
            let (year, month, day) =
                (digit(&mut number, 72) + 34, 1 + digit(&mut number, 12), 1 + digit(&mut number, 28));
            push_number(day, 2, text);
            push_number(month, 2, text);
            push_number(year % 100, 2, text);
            let letter = digit(&mut number, 26) as u32;
            text.push(char::from(b'A' + letter as u8));
            push_number(number, 2, text);
            let plain = format!("{}{:02}{}", &text[..8], letter + 1, &text[9..]);
            let factors = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
            let sum: u32 = plain
                .bytes()
                .zip(factors)
                .map(|(byte, factor)| {
                    let product = u32::from(byte - b'0') * factor;
                    product / 10 + product % 10
                })
                .sum();
            push_number(u64::from(sum % 10), 1, text);
        }),
        // Numéro de sécurité sociale: sex, year, month, department, commune, order, key 97 (INSEE).
        "fr_FR" => numbered(site, 2 * 100 * 12 * 94 * 990 * 999, 15, |mut number, _, text| {
            push_number(1 + digit(&mut number, 2), 1, text);
            push_number(digit(&mut number, 100), 2, text);
            push_number(1 + digit(&mut number, 12), 2, text);
            let department = 1 + digit(&mut number, 94);
            push_number(department + u64::from(department >= 20), 2, text);
            push_number(1 + digit(&mut number, 990), 3, text);
            push_number(1 + number % 999, 3, text);
            let plain: u64 = text.parse().unwrap_or_default();
            push_number(97 - plain % 97, 2, text);
        }),
        // DNI: eight digits and the letter of the number modulo 23 (Ministerio del Interior).
        "es_ES" => numbered(site, 100_000_000, 9, |number, _, text| {
            push_number(number, 8, text);
            text.push(char::from(b"TRWAGMYFPDXBNJZSQVHLCKE"[(number % 23) as usize]));
        }),
        "it_IT" => tax_code(site),
        // CPF: nine digits and two check digits modulo 11 (Receita Federal).
        "pt_BR" => numbered(site, 1_000_000_000, 11, |number, _, text| {
            push_number(number, 9, text);
            for first in [10, 11] {
                let sum = weighed(text, (2..=first).rev());
                push_number(u64::from((sum * 10 % 11) % 10), 1, text);
            }
        }),
        // BSN: eight digits and one that passes the elfproef; the eighth digit that leaves none is stepped over.
        "nl_NL" => numbered(site, 9_000_000 * 9, 9, |number, _, text| {
            push_number(1_000_000 + number / 9, 7, text);
            let sum = weighed(text, (3..=9).rev());
            let impossible = (0..10).find(|last| (sum + 2 * last) % 11 == 10).unwrap_or(9);
            let eighth = (number % 9) as u32;
            let eighth = eighth + u32::from(eighth >= impossible);
            push_number(u64::from(eighth), 1, text);
            push_number(u64::from((sum + 2 * eighth) % 11), 1, text);
        }),
        // PESEL: birthday, serial, check digit (Ministerstwo Cyfryzacji).
        "pl_PL" => numbered(site, days * 10_000, 11, |mut number, _, text| {
            let (year, month, day) =
                (1934 + digit(&mut number, 72), 1 + digit(&mut number, 12), 1 + digit(&mut number, 28));
            push_number(year % 100, 2, text);
            push_number(if year >= 2000 { month + 20 } else { month }, 2, text);
            push_number(day, 2, text);
            push_number(number, 4, text);
            let sum = weighed(text, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
            text.push(to_ten(sum));
        }),
        // Identity number: area, birthday, serial, check of ISO 7064 MOD 11-2 (GB 11643-1999).
        "zh_CN" => numbered(site, 6 * days * 1000, 18, |mut number, _, text| {
            text.push_str(
                ["110101", "310101", "440103", "510104", "330102", "320102"][digit(&mut number, 6) as usize],
            );
            push_number(1934 + digit(&mut number, 72), 4, text);
            push_number(1 + digit(&mut number, 12), 2, text);
            push_number(1 + digit(&mut number, 28), 2, text);
            push_number(number, 3, text);
            let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
            text.push(char::from(b"10X98765432"[(weighed(text, weights) % 11) as usize]));
        }),
        // My Number: eleven digits and a check digit modulo 11 (Ministry of Internal Affairs, Ordinance 85 of 2014).
        _ => numbered(site, 100_000_000_000, 12, |number, _, text| {
            push_number(number, 11, text);
            let sum = weighed(text, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
            push_number(u64::from(if sum % 11 <= 1 { 0 } else { 11 - sum % 11 }), 1, text);
        }),
    }
}

/// Codice fiscale: three and three letters of a name, birthday, municipality, and the check letter of the decree of
/// 23 December 1976.
fn tax_code(site: &Site<'_>) -> Resolved {
    const CONSONANTS: &[u8; 16] = b"BCDFGLMNPRSTVZBC";
    const MONTHS: &[u8; 12] = b"ABCDEHLMPRST";
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    numbered(site, 14_u64.pow(6) * 100 * 12 * 28 * 2 * 899, 16, |mut number, _, text| {
        for _ in 0..6 {
            text.push(char::from(CONSONANTS[digit(&mut number, 14) as usize]));
        }
        push_number(digit(&mut number, 100), 2, text);
        text.push(char::from(MONTHS[digit(&mut number, 12) as usize]));
        let day = 1 + digit(&mut number, 28);
        push_number(day + 40 * digit(&mut number, 2), 2, text);
        text.push('H');
        push_number(101 + digit(&mut number, 899), 3, text);
        let sum: u32 = text
            .bytes()
            .enumerate()
            .map(|(at, byte)| {
                let value = if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' };
                if at % 2 == 0 { ODD[usize::from(value)] } else { u32::from(value) }
            })
            .sum();
        text.push(char::from(b'A' + (sum % 26) as u8));
    })
}
