//! Every value is a function of its key and its row.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{locales, names};
use super::{argument, evaluate, int, is_uniform, key, list, provider, shown, try_provider, values};
use crate::providers::resolve;
use millstream_core::Key;
use millstream_expr::{CallSite, Constant};
use proptest::prelude::*;

fn all() -> Vec<String> {
    names().iter().map(|name| name["fake.".len()..].to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn any_rows_in_any_order_and_any_chunks_give_the_same_values(
        rows in prop::collection::vec(prop_oneof![0_u64..100, any::<u64>()], 1..40),
        cut in 0_usize..40,
    ) {
        for name in all() {
            let whole = shown(&evaluate(&*provider(&name, "en_US", &[]), &rows));
            // Another instance, other chunks, and each row alone.
            let again = provider(&name, "en_US", &[]);
            let (left, right) = rows.split_at(cut.min(rows.len()));
            let chunks = [left, right].map(|rows| shown(&evaluate(&*again, rows))).concat();
            prop_assert_eq!(&whole, &chunks, "{}", &name);
            let reversed: Vec<u64> = rows.iter().rev().copied().collect();
            let mut backwards = shown(&evaluate(&*again, &reversed));
            backwards.reverse();
            prop_assert_eq!(&whole, &backwards, "{}", &name);
        }
    }
}

#[test]
fn other_keys_give_other_values() {
    let arguments = [];
    // What has few values, or one, in each locale.
    let constant = [
        "bank_country",
        "current_country",
        "current_country_code",
        "time_delta",
        "ipv4_network_class",
        "date_between_dates",
    ];
    for name in all().into_iter().filter(|name| !constant.contains(&name.as_str())) {
        let path = format!("fake.{name}");
        let call = CallSite { path: &path, ordinal: 0, repetition: 0, arguments: &arguments };
        let locales = ["en_US".to_owned()];
        let context = super::context(&locales, None);
        let column = |key: Key| {
            let function = resolve(&call, key, &context).unwrap().unwrap();
            shown(&evaluate(&*function, &(0..64).collect::<Vec<_>>()))
        };
        assert_ne!(column(key()), column(key().numbered(1)), "{name}");
    }
}

#[test]
fn parts_of_one_value_are_drawn_apart() {
    // First and last names, both of the 20 commonest kinds, must not go together.
    let names = values("name_male", "de_DE", &[], 200_000);
    let mut pairs: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let (mut firsts, mut lasts): (BTreeMap<&str, u64>, BTreeMap<&str, u64>) = Default::default();
    let mut total = 0.0;
    for (first, last) in names.iter().filter_map(|name| name.split_once(' ')) {
        *pairs.entry((first, last)).or_default() += 1;
        *firsts.entry(first).or_default() += 1;
        *lasts.entry(last).or_default() += 1;
        total += 1.0;
    }
    let common =
        ["Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker", "Schulz"];
    let chosen = ["Alexander", "Andreas", "Klaus", "Peter", "Wolfgang", "Ben", "Jonas", "Uwe", "Karl", "Max"];
    let mut chi_squared = 0.0;
    for first in chosen {
        for last in common {
            let expected = firsts[first] as f64 * lasts[last] as f64 / total;
            let seen = pairs.get(&(first, last)).copied().unwrap_or(0) as f64;
            chi_squared += (seen - expected).powi(2) / expected;
        }
    }
    // About 90 degrees of freedom: 99.9 % of independent draws stay below 137.
    assert!(chi_squared < 137.0, "{chi_squared}");
}

#[test]
fn choices_without_weights_are_uniform() {
    let rows = 60_000;
    for (name, arguments, outcomes) in [
        ("random_element", vec![("elements", list(&["a", "b", "c", "d", "e", "f", "g"]))], 7),
        ("random_int", vec![("min", int(-3)), ("max", int(9))], 13),
        ("random_int", vec![("min", int(0)), ("max", int(99)), ("step", int(7))], 15),
        ("random_digit_not_null", vec![], 9),
        ("color_name", vec![], 140),
        ("numerify", vec![("text", super::text("##"))], 100),
        ("random_letter", vec![], 52),
        ("boolean", vec![], 2),
        (
            "date_between",
            vec![("start_date", super::text("2024-02-27")), ("end_date", super::text("2024-03-02"))],
            5,
        ),
    ] {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for value in values(name, "en_US", &arguments, rows) {
            *counts.entry(value).or_default() += 1;
        }
        assert_eq!(counts.len(), outcomes, "{name} {counts:?}");
        assert!(is_uniform(&counts.into_values().collect::<Vec<_>>()), "{name}");
    }
}

#[test]
fn common_names_are_common() {
    let names = values("last_name", "en_US", &[], 100_000);
    let share = |wanted: &str| names.iter().filter(|name| *name == wanted).count() as f64 / 100_000.0;
    let words = super::super::locale::Locale::find("en_US").unwrap().words("last_name").unwrap();
    let total: f64 = words.iter().map(|(_, weight)| f64::from(weight)).sum();
    for (wanted, weight) in [("Smith", 1006.0), ("Johnson", 810.0), ("Nguyen", 46.0)] {
        let expected = weight / total;
        assert!((share(wanted) - expected).abs() < 0.15 * expected + 0.0005, "{wanted}: {}", share(wanted));
    }
}

#[test]
fn locales_differ_and_every_provider_works_or_says_why_in_each() {
    let mut columns = BTreeSet::new();
    for locale in locales() {
        for name in ["name", "company", "address", "phone_number"] {
            assert!(columns.insert(values(name, locale, &[], 20)), "{name} in {locale}");
        }
        for name in all() {
            match try_provider(&name, locale, &[]) {
                Ok(Some(function)) => {
                    for value in shown(&evaluate(&*function, &(0..200).collect::<Vec<_>>())) {
                        let is_record = name.ends_with("profile") || name == "pydict";
                        let blank = value.trim().is_empty()
                            || value.contains("  ")
                            || (!is_record && value.contains(['{', '}', '|']));
                        assert!(!blank || name == "bothify", "{locale} fake.{name} gives {value:?}");
                    }
                }
                Ok(None) => panic!("{locale} fake.{name}"),
                Err(error) => {
                    let optional = [
                        "suffix",
                        "state",
                        "secondary",
                        "street_suffix",
                        "company_suffix",
                        "city_prefix",
                        "city_suffix",
                        "administrative_unit",
                        "military",
                        "postcode_in_state",
                        "postalcode_in_state",
                        "zipcode_in_state",
                    ];
                    assert!(
                        optional.iter().any(|part| name.starts_with(part)),
                        "{locale} {name}: {}",
                        error.message
                    );
                    assert!(error.message.contains(locale) && error.hint.is_some());
                }
            }
        }
    }
}

#[test]
fn no_chunk_is_too_large_to_be_an_error_instead_of_a_panic() {
    let function = try_provider("text", "en_US", &[argument(None, Constant::Int(100_000))]).unwrap().unwrap();
    let rows = vec![0; 30_000];
    let call = millstream_expr::Call { arguments: &[], rows: &rows, selected: None };
    let error = function.evaluate(&call, &mut millstream_expr::RowErrors::default()).unwrap_err();
    assert!(error.to_string().contains("smaller chunks"), "{error}");
}
