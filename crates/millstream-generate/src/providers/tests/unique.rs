//! `fake.unique`: every value once, and an error beyond the last.

use std::collections::BTreeSet;

use super::super::{names, resolve};
use super::{argument, context, evaluate, int, key, list, shown, text};
use millstream_expr::{Argument, Call, CallError, CallSite, Constant, Function, RowErrors};
use std::sync::Arc;

fn unique(
    name: &str,
    locale: &str,
    arguments: &[Argument],
    rows: Option<u64>,
) -> Result<Arc<dyn Function>, CallError> {
    let path = format!("fake.unique.{name}");
    let call = CallSite { path: &path, ordinal: 0, repetition: 0, arguments };
    resolve(&call, key(), &context(&[locale.to_owned()], rows)).map(Option::unwrap)
}

/// The values of the rows, and the rows that failed.
fn values(function: &dyn Function, rows: &[u64]) -> (Vec<String>, Vec<usize>) {
    let mut errors = RowErrors::default();
    let call = Call { arguments: &[], rows, selected: None };
    let values = function.evaluate(&call, &mut errors).unwrap();
    (shown(&values), errors.iter().map(|(index, _)| index).collect())
}

/// The number of values that the error of a table with too many rows tells.
fn size(name: &str, locale: &str, arguments: &[Argument]) -> u64 {
    let error = unique(name, locale, arguments, Some(u64::MAX)).unwrap_err();
    let (_, rest) = error.message.split_once("only ").unwrap_or_else(|| panic!("{name}: {}", error.message));
    rest.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn whole_domains_are_given_once_each() {
    let named = |name: &str, value: Constant| argument(Some(name), value);
    let cases: Vec<(&str, &str, Vec<Argument>)> = vec![
        ("random_int", "en_US", vec![named("min", int(10)), named("max", int(2009))]),
        ("random_int", "en_US", vec![named("min", int(0)), named("max", int(100)), named("step", int(7))]),
        ("random_digit", "en_US", vec![]),
        ("random_element", "en_US", vec![named("elements", list(&["a", "b", "a", "c"]))]),
        ("first_name", "en_US", vec![]),
        ("first_name", "de_DE", vec![]),
        ("last_name", "pl_PL", vec![]),
        ("country", "fr_FR", vec![]),
        ("city", "de_DE", vec![]),
        ("job", "en_US", vec![]),
        ("street_suffix", "en_US", vec![]),
        ("bothify", "en_US", vec![named("text", text("?#")), named("letters", text("ABBA"))]),
        ("numerify", "en_US", vec![named("text", text("%!@#"))]),
        ("prefix", "en_US", vec![]),
        ("color_name", "en_US", vec![]),
        ("word", "en_US", vec![]),
        (
            "sentence",
            "en_US",
            vec![named("ext_word_list", list(&["a", "b", "c"])), named("nb_words", int(4))],
        ),
        ("date_between", "en_US", vec![named("start_date", text("-10d")), named("end_date", text("+10d"))]),
        (
            "pyfloat",
            "en_US",
            vec![
                named("right_digits", int(1)),
                named("min_value", int(0)),
                named("max_value", int(9)),
                named("left_digits", int(2)),
            ],
        ),
        ("postcode", "ja_JP", vec![]),
        ("month_name", "en_US", vec![]),
        ("file_extension", "en_US", vec![]),
        (
            "ipv4_private",
            "en_US",
            vec![named("network", Constant::Bool(true)), named("address_class", text("c"))],
        ),
    ];
    for (name, locale, arguments) in cases {
        let size = size(name, locale, &arguments);
        let function = unique(name, locale, &arguments, Some(size)).unwrap();
        let most = size.min(20_000);
        let rows: Vec<u64> = (size - most..size).collect();
        let (found, failed) = values(&*function, &rows);
        assert!(failed.is_empty(), "{name}");
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len() as u64, most, "{name} in {locale}");
        // One row more is an error of that row.
        let (_, failed) = values(&*function, &[size - 1, size]);
        assert_eq!(failed, [1], "{name}");
        let error = unique(name, locale, &arguments, Some(size + 1)).unwrap_err();
        assert!(error.message.contains(&size.to_string()) && error.hint.is_some());
        // The domain is that of the call that is not unique.
        if size <= 1000 {
            let path = format!("fake.{name}");
            let call = CallSite { path: &path, ordinal: 0, repetition: 0, arguments: &arguments };
            let plain = resolve(&call, key(), &context(&[locale.to_owned()], None)).unwrap().unwrap();
            let drawn: BTreeSet<String> =
                shown(&evaluate(&*plain, &(0..40_000).collect::<Vec<_>>())).into_iter().collect();
            let all: BTreeSet<String> =
                values(&*function, &(0..size).collect::<Vec<_>>()).0.into_iter().collect();
            assert!(drawn.is_subset(&all), "{name}: {:?}", drawn.difference(&all).next());
        }
    }
}

#[test]
fn large_domains_do_not_repeat_and_all_others_say_why_not() {
    let rows: Vec<u64> = (0..3000).chain((1 << 33)..(1 << 33) + 500).collect();
    let mut refused = Vec::new();
    for name in names() {
        let name = &name["fake.".len()..];
        match unique(name, "en_US", &[], Some(4)) {
            Ok(function) => {
                let (found, failed) = values(&*function, &rows);
                let kept: Vec<&String> = found
                    .iter()
                    .enumerate()
                    .filter(|(index, _)| !failed.contains(index))
                    .map(|(_, v)| v)
                    .collect();
                let different: BTreeSet<&&String> = kept.iter().collect();
                assert_eq!(different.len(), kept.len(), "{name}");
                assert!(kept.len() >= 2, "{name}");
            }
            Err(error) => {
                assert!(error.hint.is_some(), "{name}: {}", error.message);
                refused.push(name.to_owned());
            }
        }
    }
    for expected in [
        "name",
        "email",
        "address",
        "company",
        "phone_number",
        "uuid4",
        "sentence",
        "iban",
        "ssn",
        "user_name",
    ] {
        assert!(!refused.iter().any(|name| name == expected), "{expected} is not unique");
    }
    assert!(refused.len() < 60, "{refused:?}");
}

#[test]
fn unique_names_keep_their_shapes_and_other_keys_give_other_orders() {
    let function = unique("name", "en_US", &[], None).unwrap();
    let (names, _) = values(&*function, &(0..20_000).collect::<Vec<_>>());
    let titled =
        names.iter().filter(|name| name.split(' ').next().is_some_and(|first| first.ends_with('.'))).count();
    assert!((100..900).contains(&titled), "{titled}");
    let path = "fake.unique.name";
    let call = CallSite { path, ordinal: 0, repetition: 0, arguments: &[] };
    let other = resolve(&call, key().numbered(1), &context(&["en_US".to_owned()], None)).unwrap().unwrap();
    assert_ne!(values(&*other, &[0, 1, 2, 3]).0, names[..4]);
}

#[test]
fn rows_of_a_mix_of_locales_have_one_locale_in_all_columns() {
    let locales = ["en_US".to_owned(), "ja_JP".to_owned()];
    let column = |path: &str| {
        let call = CallSite { path, ordinal: 0, repetition: 0, arguments: &[] };
        let function = resolve(&call, key().named(path), &context(&locales, None)).unwrap().unwrap();
        shown(&evaluate(&*function, &(0..2000).collect::<Vec<_>>()))
    };
    let (names, cities) = (column("fake.name"), column("fake.city"));
    let japanese = |text: &String| !text.is_ascii();
    assert!(names.iter().zip(&cities).all(|(name, city)| japanese(name) == japanese(city)));
    let share = names.iter().filter(|name| japanese(name)).count();
    assert!((850..1150).contains(&share), "{share}");
    let call = CallSite { path: "fake.unique.name", ordinal: 0, repetition: 0, arguments: &[] };
    assert!(resolve(&call, key(), &context(&locales, None)).unwrap_err().hint.is_some());
}
