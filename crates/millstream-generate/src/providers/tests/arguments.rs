//! Wrong calls are refused with a message that says what, a hint that says what instead, and where.

use arrow::datatypes::DataType;
use millstream_expr::{CallError, Constant};

use super::super::{check_locale, locales, names};
use super::{argument, column, int, list, text, try_provider};

fn refused(name: &str, arguments: &[millstream_expr::Argument]) -> CallError {
    match try_provider(name, "en_US", arguments) {
        Err(error) => error,
        Ok(_) => panic!("fake.{name} accepts {arguments:?}"),
    }
}

#[test]
fn every_provider_refuses_unknown_keywords_and_too_many_arguments() {
    for name in names() {
        let name = &name["fake.".len()..];
        let error = refused(name, &[argument(Some("colour_of_the_sky"), int(1))]);
        assert_eq!(error.argument, Some(0), "{name}");
        assert!(
            error.message.contains(name) && error.message.contains("colour_of_the_sky"),
            "{}",
            error.message
        );
        let many: Vec<_> = (0..9).map(|_| argument(None, Constant::None)).collect();
        assert!(refused(name, &many).message.contains("argument"), "{name}");
    }
}

#[test]
fn slips_are_recognised() {
    let hint = |name: &str, keyword: &str| refused(name, &[argument(Some(keyword), int(1))]).hint.unwrap();
    assert_eq!(hint("random_int", "mim"), "did you mean `min`?");
    assert_eq!(hint("sentence", "n_words"), "did you mean `nb_words`?");
    assert_eq!(hint("random_int", "maximum"), "the call is fake.random_int(min=0, max=9999, step=1)");
    let error = refused("credit_card_number", &[argument(None, text("mastercad"))]);
    assert_eq!(error.hint.unwrap(), "did you mean \"mastercard\"?");
}

#[test]
fn wrong_values_are_pointed_at() {
    for (name, parameter, value) in [
        ("random_int", "max", text("9")),
        ("random_int", "max", int(-1)),
        ("random_int", "min", int(10_000)),
        ("random_int", "step", int(0)),
        ("boolean", "chance_of_getting_true", int(101)),
        ("boolean", "chance_of_getting_true", Constant::Bool(true)),
        ("email", "safe", int(1)),
        ("email", "domain", text("a@b")),
        ("domain_name", "levels", int(0)),
        ("url", "schemes", text("http")),
        ("url", "schemes", Constant::List(vec![int(1)])),
        ("country_code", "representation", text("numeric")),
        ("date_between", "start_date", text("tomorrow")),
        ("date_between", "start_date", text("2024-02-30")),
        ("date_between", "start_date", text("+1d")),
        ("date_between", "end_date", Constant::Float(1.5)),
        ("date_between", "start_date", text("-90000y")),
        ("date_of_birth", "minimum_age", int(-1)),
        ("date_of_birth", "minimum_age", int(116)),
        ("sentence", "nb_words", int(-1)),
        ("sentence", "variable_nb_words", int(0)),
        ("sentence", "ext_word_list", list(&[])),
        ("sentence", "ext_word_list", list(&["a", ""])),
        ("text", "max_nb_chars", int(4)),
        ("text", "max_nb_chars", int(1_000_000_000)),
        ("random_element", "elements", list(&[])),
        ("random_element", "elements", Constant::List(vec![int(1), text("a")])),
        ("random_element", "elements", int(3)),
        ("numerify", "text", int(3)),
        ("lexify", "letters", text("")),
        ("lexify", "letters", text("äöü")),
        ("pyfloat", "right_digits", int(16)),
        ("pyfloat", "left_digits", int(-1)),
        ("pyfloat", "min_value", Constant::Float(f64::NAN)),
        ("credit_card_number", "card_type", text("gold")),
        ("ipv4", "private", text("yes")),
        ("mac_address", "multicast", int(1)),
    ] {
        let error = refused(name, &[argument(Some(parameter), value.clone())]);
        assert_eq!(error.argument, Some(0), "{name} {parameter}={value:?}: {}", error.message);
        assert!(error.hint.is_some(), "{name} {parameter}={value:?}: {}", error.message);
    }
    let contradictions = [
        ("pyfloat", vec![("min_value", int(2)), ("max_value", int(1))]),
        ("pyfloat", vec![("positive", Constant::Bool(true)), ("min_value", int(0))]),
        ("pyfloat", vec![("left_digits", int(10)), ("right_digits", int(10))]),
        (
            "pyfloat",
            vec![
                ("min_value", Constant::Float(0.01)),
                ("max_value", Constant::Float(0.04)),
                ("right_digits", int(1)),
            ],
        ),
        (
            "pyfloat",
            vec![
                ("min_value", int(1_000_000_000)),
                ("max_value", int(2_000_000_000)),
                ("right_digits", int(12)),
            ],
        ),
        ("date_between", vec![("start_date", text("2024-01-02")), ("end_date", text("2024-01-01"))]),
        ("random_int", vec![("min", int(1)), ("min", int(2))]),
    ];
    for (name, arguments) in contradictions {
        let arguments: Vec<_> = arguments.into_iter().map(|(n, value)| argument(Some(n), value)).collect();
        assert!(refused(name, &arguments).argument.is_some(), "{name} {arguments:?}");
    }
}

#[test]
fn positional_arguments_come_in_fakers_order_and_none_is_no_argument() {
    let accepted = |name: &str, arguments: &[Constant]| {
        let arguments: Vec<_> = arguments.iter().map(|value| argument(None, value.clone())).collect();
        assert!(matches!(try_provider(name, "en_US", &arguments), Ok(Some(_))), "{name}");
    };
    accepted("random_int", &[int(1), int(6), int(1)]);
    accepted("date_between", &[text("-1y"), text("today")]);
    accepted("pyfloat", &[Constant::None, int(2), Constant::None, int(1), int(10)]);
    accepted("sentence", &[int(3), Constant::Bool(false)]);
    accepted("email", &[Constant::Bool(true), Constant::None]);
    let error = refused("random_int", &[argument(None, int(1)), argument(Some("min"), int(2))]);
    assert_eq!((error.argument, error.message.as_str()), (Some(1), "`min` is given twice"));
}

#[test]
fn columns_are_refused_where_a_constant_is_needed_and_where_the_type_is_wrong() {
    let error = refused("sentence", &[column("nb_words", DataType::Int64)]);
    assert_eq!(error.argument, Some(0));
    assert!(error.message.contains("depends on the row"), "{}", error.message);
    let error = refused("random_int", &[column("min", DataType::Utf8)]);
    assert!(error.message.contains("`min_column`, which is of the type Utf8"), "{}", error.message);
    let error = refused("date_between", &[column("start_date", DataType::Utf8)]);
    assert!(error.hint.unwrap().contains("a date column"));
}

#[test]
fn unknown_providers_are_left_to_the_caller() {
    for name in ["nmae", "", "unique.nmae", "Name"] {
        assert!(matches!(try_provider(name, "en_US", &[]), Ok(None)), "{name}");
    }
    let names = names();
    assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "sorted, and none twice");
    assert!(names.len() > 230, "{}", names.len());
}

#[test]
fn unknown_locales_are_refused_with_the_nearest() {
    assert!(locales().iter().all(|locale| check_locale(locale).is_ok()));
    let message = |locale: &str| check_locale(locale).unwrap_err();
    assert!(message("en_us").contains("did you mean `en_US`?"), "{}", message("en_us"));
    assert!(message("en-US").contains("did you mean `en_US`?"));
    assert!(message("fr_CA").contains("did you mean `fr_FR`?"), "{}", message("fr_CA"));
    assert!(!message("xx").contains("did you mean") && message("xx").contains("zh_CN"));
    let error = try_provider("name", "cs_CZ", &[]).err().unwrap();
    assert!(error.message.contains("cs_CZ") && error.message.contains("de_DE"));
}
