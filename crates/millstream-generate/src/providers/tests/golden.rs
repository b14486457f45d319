//! The exact values, so that a change of any provider is a decision.

use std::fmt::Write;

use super::super::{locales, names};
use super::{int, list, text, values};
use millstream_expr::Constant::{Bool, Float};

/// Rows 0, 1 and 2 of a fixed key; one provider, or one provider with arguments, per line.
const GOLDEN: &str = include_str!("golden.txt");

#[test]
fn the_values_of_every_provider_are_these() {
    let mut calls: Vec<(String, &str, Vec<(&str, _)>)> =
        names().iter().map(|name| (name["fake.".len()..].to_owned(), "en_US", vec![])).collect();
    for (name, arguments) in [
        ("email", vec![("safe", Bool(false))]),
        ("email", vec![("domain", text("mill.example"))]),
        ("state_abbr", vec![("include_territories", Bool(false))]),
        ("domain_name", vec![("levels", int(2))]),
        ("url", vec![("schemes", list(&["ftp"]))]),
        ("random_int", vec![("min", int(-5)), ("max", int(5)), ("step", int(5))]),
        ("random_element", vec![("elements", list(&["red", "green", "blue"]))]),
        ("boolean", vec![("chance_of_getting_true", int(90))]),
        ("pyfloat", vec![("min_value", int(1)), ("max_value", int(10)), ("right_digits", int(2))]),
        ("pyfloat", vec![("min_value", Float(0.5)), ("max_value", Float(1.5))]),
        ("pyfloat", vec![("positive", Bool(true)), ("left_digits", int(3))]),
        ("numerify", vec![("text", text("%##-$$-!!-@@"))]),
        ("lexify", vec![("letters", text("XY"))]),
        ("sentence", vec![("nb_words", int(4)), ("variable_nb_words", Bool(false))]),
        ("text", vec![("max_nb_chars", int(20))]),
        ("text", vec![("max_nb_chars", int(80))]),
        ("date_between", vec![("start_date", text("2024-01-01")), ("end_date", text("+30d"))]),
        ("credit_card_number", vec![("card_type", text("amex"))]),
        ("mac_address", vec![("multicast", Bool(true))]),
    ] {
        calls.push((name.to_owned(), "en_US", arguments));
    }
    for locale in locales() {
        for name in [
            "name",
            "address",
            "company",
            "phone_number",
            "company_email",
            "job",
            "country",
            "state",
            "sentence",
        ] {
            calls.push((name.to_owned(), locale, vec![]));
        }
    }
    let mut found = String::new();
    for (name, locale, arguments) in &calls {
        write!(found, "{locale} fake.{name}").unwrap();
        for (parameter, value) in arguments {
            write!(found, " {parameter}={value:?}").unwrap();
        }
        for value in values(name, locale, arguments, 3) {
            write!(found, " | {}", value.replace('\n', "\\n")).unwrap();
        }
        found.push('\n');
    }
    for (found, golden) in found.lines().zip(GOLDEN.lines()) {
        assert_eq!(found, golden);
    }
    assert_eq!(found.lines().count(), GOLDEN.lines().count(), "the whole table is now:\n{found}");
}
