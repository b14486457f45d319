//! Check digits, verified in another way than they are made, in every locale; and parameters that are honoured.

use std::collections::BTreeSet;

use super::super::locales;
use super::{int, list, text, values};
use millstream_expr::Constant::{Bool, Dict, Float, Str};

fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|character| character.to_digit(10)).collect()
}

fn sum(digits: &[u32], weights: impl IntoIterator<Item = u32>) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// The number, in which letters count from 10 on, modulo 97.
fn mod_97(text: &str) -> u64 {
    text.chars().fold(0, |rest, character| {
        let value = u64::from(character.to_digit(36).unwrap());
        (rest * if value > 9 { 100 } else { 10 } + value) % 97
    })
}

#[test]
fn numbers_of_articles_books_and_banks_pass_their_checks() {
    for locale in locales() {
        for name in
            ["ean", "ean13", "ean8", "localized_ean", "localized_ean13", "localized_ean8", "upc_a", "isbn13"]
        {
            for value in values(name, locale, &[], 300) {
                let all = digits(&value);
                let weights = if all.len() % 2 == 1 { [1, 3] } else { [3, 1] };
                assert_eq!(sum(&all, weights.into_iter().cycle()) % 10, 0, "{locale} {name} {value}");
            }
        }
        for value in values("isbn10", locale, &[], 300) {
            let (front, check) = value.split_at(value.len() - 1);
            let all = digits(front);
            assert_eq!((all.len(), value.split('-').count()), (9, 4), "{value}");
            let check = if check == "X" { 10 } else { check.parse().unwrap() };
            assert_eq!((sum(&all, (2..=10).rev()) + check) % 11, 0, "{value}");
        }
        for value in values("iban", locale, &[], 300) {
            assert_eq!(mod_97(&format!("{}{}", &value[4..], &value[..4])), 1, "{locale} {value}");
        }
        let lengths: BTreeSet<usize> = values("iban", locale, &[], 50).iter().map(String::len).collect();
        let expected = match *locale {
            "es_ES" => 24,
            "fr_FR" | "it_IT" => 27,
            "nl_NL" => 18,
            "pl_PL" => 28,
            _ => 22,
        };
        assert_eq!(lengths, BTreeSet::from([expected]), "{locale}");
        for value in values("aba", locale, &[], 300) {
            assert_eq!(sum(&digits(&value), [3, 7, 1].into_iter().cycle()) % 10, 0, "{value}");
            assert!(matches!(value[..2].parse::<u32>().unwrap(), 1..=12 | 21..=32), "{value}");
        }
        for value in values("credit_card_full", locale, &[], 100) {
            let number = value.lines().nth(2).and_then(|line| line.split(' ').next()).unwrap();
            let all: Vec<u32> = digits(number).into_iter().rev().collect();
            let luhn: u32 = all
                .iter()
                .enumerate()
                .map(|(at, d)| if at % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { *d })
                .sum();
            assert_eq!(luhn % 10, 0, "{value}");
        }
    }
}

#[test]
fn vehicles_have_their_check_digit() {
    let value_of = |character: char| match character {
        'A' | 'J' => 1,
        'B' | 'K' | 'S' => 2,
        'C' | 'L' | 'T' => 3,
        'D' | 'M' | 'U' => 4,
        'E' | 'N' | 'V' => 5,
        'F' | 'W' => 6,
        'G' | 'P' | 'X' => 7,
        'H' | 'Y' => 8,
        'R' | 'Z' => 9,
        digit => digit.to_digit(10).unwrap(),
    };
    for vin in values("vin", "en_US", &[], 500) {
        assert_eq!(vin.len(), 17);
        let weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
        let sum: u32 = vin.chars().zip(weights).map(|(character, weight)| value_of(character) * weight).sum();
        let check = if sum % 11 == 10 { 'X' } else { char::from_digit(sum % 11, 10).unwrap() };
        assert_eq!(vin.chars().nth(8), Some(check), "{vin}");
    }
}

#[test]
fn persons_have_valid_numbers_in_every_locale() {
    for locale in locales() {
        let all = values("ssn", locale, &[], 500);
        assert!(all.iter().collect::<BTreeSet<_>>().len() > 480, "{locale}");
        for value in all {
            let d = digits(&value);
            let valid = match *locale {
                "en_US" => {
                    let parts: Vec<u32> = value.split('-').map(|part| part.parse().unwrap()).collect();
                    value.len() == 11
                        && parts[0] > 0
                        && parts[0] < 900
                        && parts[0] != 666
                        && parts[1] > 0
                        && parts[2] > 0
                }
                "en_GB" => value.len() == 13 && ('A'..='D').contains(&value.chars().last().unwrap()),
                "de_DE" => value.len() == 12 && value.chars().nth(8).unwrap().is_ascii_uppercase(),
                "fr_FR" => {
                    let (number, key) = value.split_at(13);
                    97 - number.parse::<u64>().unwrap() % 97 == key.parse::<u64>().unwrap()
                }
                "es_ES" => {
                    let letter =
                        "TRWAGMYFPDXBNJZSQVHLCKE".chars().nth(value[..8].parse::<usize>().unwrap() % 23);
                    value.chars().last() == letter
                }
                "it_IT" => value.len() == 16 && value.chars().last().unwrap().is_ascii_uppercase(),
                "pt_BR" => (9..11).all(|at| {
                    let rest = sum(&d[..at], (2..=at as u32 + 1).rev()) % 11;
                    d[at] == if rest < 2 { 0 } else { 11 - rest }
                }),
                "nl_NL" => d.len() == 9 && (sum(&d[..8], (2..=9).rev()) + 10 * d[8]).is_multiple_of(11),
                "pl_PL" => sum(&d, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10) && d.len() == 11,
                "zh_CN" => {
                    let check = if value.ends_with('X') { 10 } else { d[17] };
                    let weights = (0..17).map(|at| (0..17 - at).fold(1, |power, _| power * 2 % 11));
                    (sum(&d[..17], weights) + check) % 11 == 1
                }
                _ => d.len() == 12,
            };
            assert!(valid, "{locale} {value}");
        }
    }
    // The example of the specification of the Italian revenue.
    assert!(values("ssn", "it_IT", &[], 200).iter().all(|code| {
        let odd =
            [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
        let value = |c: char| c.to_digit(10).unwrap_or_else(|| c as u32 - 'A' as u32);
        let total: u32 = code
            .chars()
            .take(15)
            .enumerate()
            .map(|(at, c)| if at % 2 == 0 { odd[value(c) as usize] } else { value(c) })
            .sum();
        code.chars().last() == char::from_u32('A' as u32 + total % 26)
    }));
}

#[test]
fn parameters_are_honoured() {
    let all = |name: &str, arguments: &[(&str, millstream_expr::Constant)], holds: &dyn Fn(&str) -> bool| {
        for value in values(name, "en_US", arguments, 400) {
            assert!(holds(&value), "{name} {arguments:?}: {value}");
        }
    };
    let yes = || Bool(true);
    let no = || Bool(false);
    all("password", &[("length", int(14))], &|value| {
        value.len() == 14
            && value.chars().any(|c| c.is_ascii_digit())
            && value.chars().any(|c| c.is_ascii_uppercase())
            && value.chars().any(|c| c.is_ascii_lowercase())
            && value.chars().any(|c| !c.is_ascii_alphanumeric())
    });
    all("password", &[("special_chars", no()), ("upper_case", no()), ("length", int(3))], &|value| {
        value.chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase())
            && value.chars().any(|c| c.is_ascii_digit())
    });
    all("ean", &[("length", int(8)), ("prefixes", list(&["45", "49"]))], &|value| {
        value.len() == 8 && (value.starts_with("45") || value.starts_with("49"))
    });
    all("ean13", &[("leading_zero", no())], &|value| !value.starts_with('0'));
    all("ipv4", &[("address_class", text("b")), ("private", yes())], &|value| value.starts_with("172."));
    all("ipv4", &[("network", yes())], &|value| value.ends_with(".0/24"));
    all("port_number", &[("is_dynamic", yes())], &|value| value.parse::<u32>().unwrap() >= 49_152);
    all("swift", &[("length", int(11)), ("primary", yes())], &|value| {
        value.len() == 11 && value.ends_with("XXX")
    });
    all("file_name", &[("category", text("audio"))], &|value| {
        ["flac", "mp3", "wav"].contains(&value.rsplit('.').next().unwrap())
    });
    all("file_path", &[("depth", int(3)), ("extension", list(&["pdf", "odt"]))], &|value| {
        value.starts_with('/')
            && value.matches('/').count() == 4
            && value.rsplit('.').next().is_some_and(|extension| ["pdf", "odt"].contains(&extension))
    });
    all("date", &[("pattern", text("%d/%m/%Y")), ("end_datetime", text("1980-01-01"))], &|value| {
        value.len() == 10 && value[6..].parse::<u32>().is_ok_and(|year| (1970..=1980).contains(&year))
    });
    all("iso8601", &[("sep", text(" ")), ("timespec", text("minutes"))], &|value| {
        value.len() == 16 && value.as_bytes()[10] == b' '
    });
    all("date_this_year", &[("before_today", no()), ("after_today", yes())], &|value| {
        ("2024-02-29"..="2024-12-31").contains(&value)
    });
    all("credit_card_expire", &[("end", text("+2y")), ("date_format", text("%Y"))], &|value| {
        ["2024", "2025", "2026"].contains(&value)
    });
    all("words", &[("nb", int(4)), ("unique", yes())], &|value| {
        let words: BTreeSet<&str> = value.trim_matches(['[', ']']).split(", ").collect();
        words.len() == 4
    });
    all(
        "random_elements",
        &[("elements", list(&["a", "b", "c"])), ("length", int(3)), ("unique", yes())],
        &|value| value.len() == 9 && ["a", "b", "c"].iter().all(|item| value.contains(item)),
    );
    all("random_number", &[("digits", int(4)), ("fix_len", yes())], &|value| value.len() == 4);
    all("zipcode_in_state", &[("state_abbr", text("CA"))], &|value| {
        (90_001..=96_162).contains(&value.parse::<u32>().unwrap())
    });
    all("pydecimal", &[("left_digits", int(3)), ("right_digits", int(2)), ("positive", yes())], &|value| {
        value.parse::<f64>().is_ok_and(|number| number > 0.0 && number < 1000.0)
            && value.split_once('.').is_some_and(|(_, fraction)| fraction.len() == 2)
    });
    all("pystr", &[("prefix", text("x-")), ("max_chars", int(6))], &|value| {
        value.starts_with("x-") && value.len() == 6
    });
    all(
        "pylist",
        &[("value_types", text("int")), ("nb_elements", int(3)), ("variable_nb_elements", no())],
        &|value| {
            value.matches(", ").count() == 2
                && value.chars().all(|c| c.is_ascii_digit() || "[], ".contains(c))
        },
    );
    all("coordinate", &[("center", Float(50.0)), ("radius", Float(0.5))], &|value| {
        (49.5..=50.5).contains(&value.parse::<f64>().unwrap())
    });
    all("local_latlng", &[("country_code", text("DE")), ("coords_only", yes())], &|value| {
        value.matches(", ").count() == 1
    });
    all("profile", &[("fields", list(&["name", "sex"])), ("sex", text("F"))], &|value| {
        value.starts_with("{name: ") && value.ends_with("sex: F}") && !value.contains("mail")
    });
    all("slug", &[("value", text("Hello, Wörld  again!"))], &|value| value == "hello-wrld-again");
    all("currency_symbol", &[("code", text("EUR"))], &|value| value == "€");
    all("isbn13", &[("separator", text(""))], &|value| value.len() == 13);
    all("uri_path", &[("deep", int(4))], &|value| value.matches('/').count() == 3);
    all("chrome", &[("version_from", int(90)), ("version_to", int(91))], &|value| {
        value.contains("Chrome/90.") || value.contains("Chrome/91.")
    });
}

#[test]
fn weights_of_elements_are_kept() {
    let weights = Dict(vec![
        (Str("a".to_owned()), Float(0.9)),
        (Str("b".to_owned()), Float(0.1)),
        (Str("c".to_owned()), int(0)),
    ]);
    let found = values("random_element", "en_US", &[("elements", weights)], 20_000);
    let share = |wanted: &str| found.iter().filter(|value| *value == wanted).count();
    assert!((17_800..18_200).contains(&share("a")) && share("c") == 0, "{} {}", share("a"), share("c"));
}

#[test]
fn values_are_not_all_alike() {
    // What has few values, in any locale.
    let few = [
        "am_pm",
        "bank_country",
        "boolean",
        "current_country",
        "current_country_code",
        "date_between_dates",
        "device",
        "first_name_nonbinary",
        "ipv4_network_class",
        "linux",
        "mac_processor",
        "military_ship",
        "military_state",
        "null_boolean",
        "prefix",
        "pybool",
        "random_element",
        "safe_domain_name",
        "suffix",
        "time_delta",
        "tld",
        "city_prefix",
        "free_email_domain",
        "random_digit",
        "company_suffix",
        "uri_extension",
        "month",
        "day_of_week",
        "http_method",
        "windows_platform_token",
        "file_extension",
        "street_suffix",
        "credit_card_provider",
        "state_abbr",
        "random_sample",
        "date_this_month",
        "random_choices",
        "random_elements",
        "administrative_unit",
        "state",
        "randomize_nb_elements",
        "uri_page",
        "safe_color_name",
        "century",
        "day_of_month",
        "building_number",
        "random_lowercase_letter",
        "random_uppercase_letter",
        "random_letter",
        "unix_device",
        "local_latlng",
        "city_suffix",
        "year",
    ];
    for locale in locales() {
        for name in super::super::names() {
            let name = &name["fake.".len()..];
            if few.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            let Ok(Some(function)) = super::try_provider(name, locale, &[]) else { continue };
            let found = super::shown(&super::evaluate(&*function, &(0..400).collect::<Vec<_>>()));
            let different = found.iter().collect::<BTreeSet<_>>().len();
            assert!(different > 25, "{locale} {name}: {different} different values of 400");
        }
    }
}
