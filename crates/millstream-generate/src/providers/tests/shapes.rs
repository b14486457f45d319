//! The shapes of values: what a consumer's parser or validator would check.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Date32Array, Int32Array, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use millstream_expr::{Call, Constant, RowErrors};

use super::super::locales;
use super::{NOW, column, evaluate, int, is_uniform, list, provider, shown, text, try_provider, values};

/// Whether `value` has the shape: `9` a digit, `a` a lower-case letter or digit, `h` a hexadecimal digit, else itself.
fn has_shape(value: &str, shape: &str) -> bool {
    value.len() == shape.len()
        && value.bytes().zip(shape.bytes()).all(|(value, shape)| match shape {
            b'9' => value.is_ascii_digit(),
            b'h' => value.is_ascii_digit() || (b'a'..=b'f').contains(&value),
            shape => value == shape,
        })
}

#[test]
fn addresses_of_mail_are_ascii_and_lower_case_in_every_locale() {
    let is_label = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    for locale in locales() {
        for (name, arguments) in [
            ("email", vec![]),
            ("email", vec![("safe", Constant::Bool(false))]),
            ("safe_email", vec![]),
            ("free_email", vec![]),
            ("company_email", vec![]),
        ] {
            for value in values(name, locale, &arguments, 2000) {
                let (user, domain) = value.split_once('@').unwrap();
                assert!(user.split('.').all(is_label), "{locale} {name} {value}");
                assert!(domain.contains('.') && domain.split('.').all(is_label), "{locale} {name} {value}");
                let safe = ["example.org", "example.com", "example.net"].contains(&domain);
                assert_eq!(safe, arguments.is_empty() && ["email", "safe_email"].contains(&name), "{value}");
            }
        }
    }
    assert!(
        values("email", "en_US", &[("domain", text("Mill.Example"))], 50)
            .iter()
            .all(|v| v.ends_with("@mill.example"))
    );
    for value in values("url", "en_US", &[], 200) {
        assert!(value.starts_with("http://") || value.starts_with("https://"), "{value}");
        assert!(value.ends_with('/'), "{value}");
    }
    assert!(
        values("domain_name", "en_US", &[("levels", int(3))], 50).iter().all(|v| v.split('.').count() == 4)
    );
}

#[test]
fn us_addresses_read_as_fakers() {
    let states: BTreeSet<String> = values(
        "state_abbr",
        "en_US",
        &[
            ("include_territories", Constant::Bool(false)),
            ("include_freely_associated_states", Constant::Bool(false)),
        ],
        5000,
    )
    .into_iter()
    .collect();
    assert_eq!(states.len(), 51);
    assert_eq!(values("state_abbr", "en_US", &[], 5000).into_iter().collect::<BTreeSet<_>>().len(), 59);
    for value in values("address", "en_US", &[], 3000) {
        let (street, place) = value.split_once('\n').unwrap();
        let (number, name) = street.split_once(' ').unwrap();
        assert!((3..=5).contains(&number.len()) && number.parse::<u32>().is_ok_and(|n| n >= 100), "{value}");
        assert!(name.contains(' '), "{value}");
        let (city, rest) = place.split_once(", ").unwrap();
        let (state, code) = rest.split_once(' ').unwrap();
        assert!(!city.is_empty() && states.contains(state), "{value}");
        assert!(
            has_shape(code, "99999") && (501..=99_950).contains(&code.parse::<u32>().unwrap()),
            "{value}"
        );
    }
    for value in values("phone_number", "en_US", &[], 3000) {
        let digits: String = value.chars().take_while(|c| *c != 'x').filter(char::is_ascii_digit).collect();
        let national = digits.strip_prefix("001").or(digits.strip_prefix('1')).unwrap_or(&digits);
        assert_eq!(national.len(), 10, "{value}");
        // Neither an area code nor an exchange starts with 0 or 1.
        assert!([0, 3].iter().all(|&i| national.as_bytes()[i] >= b'2'), "{value}");
    }
}

#[test]
fn postcodes_have_their_countries_shape() {
    for (locale, shape) in
        [("de_DE", "99999"), ("ja_JP", "999-9999"), ("zh_CN", "999999"), ("fr_FR", "99999")]
    {
        assert!(values("postcode", locale, &[], 500).iter().all(|v| has_shape(v, shape)), "{locale}");
    }
    for value in values("postcode", "nl_NL", &[], 500) {
        let (digits, letters) = value.split_once(' ').unwrap();
        assert!(has_shape(digits, "9999") && !digits.starts_with('0'), "{value}");
        assert!(letters.len() == 2 && letters.bytes().all(|b| b.is_ascii_uppercase()), "{value}");
    }
    for value in values("postcode", "en_GB", &[], 500) {
        let (outward, inward) = value.split_once(' ').unwrap();
        assert!((2..=4).contains(&outward.len()) && inward.len() == 3, "{value}");
        assert!(inward.as_bytes()[0].is_ascii_digit(), "{value}");
    }
}

#[test]
fn identifiers_are_valid() {
    let rows = 5000;
    for value in values("uuid4", "en_US", &[], rows) {
        assert!(has_shape(&value, "hhhhhhhh-hhhh-4hhh-hhhh-hhhhhhhhhhhh"), "{value}");
        assert!(b"89ab".contains(&value.as_bytes()[19]), "{value}");
    }
    assert_eq!(values("uuid4", "en_US", &[], rows).into_iter().collect::<BTreeSet<_>>().len(), rows as usize);
    for value in values("hex_color", "en_US", &[], rows) {
        assert!(has_shape(&value, "#hhhhhh") && value != "#000000", "{value}");
    }
    for multicast in [false, true] {
        for value in values("mac_address", "en_US", &[("multicast", Constant::Bool(multicast))], 500) {
            assert!(has_shape(&value, "hh:hh:hh:hh:hh:hh"), "{value}");
            assert_eq!(u8::from_str_radix(&value[..2], 16).unwrap() & 1 == 1, multicast, "{value}");
        }
    }
}

#[test]
fn uuid_bits_are_all_random_but_six() {
    let rows = 4000_u32;
    let mut ones = [0_u32; 128];
    for value in values("uuid4", "en_US", &[], u64::from(rows)) {
        let bits = u128::from_str_radix(&value.replace('-', ""), 16).unwrap();
        for (position, count) in ones.iter_mut().enumerate() {
            *count += (bits >> position & 1) as u32;
        }
    }
    let fixed = ones.iter().filter(|&&count| count == 0 || count == rows).count();
    assert_eq!(fixed, 6);
    // The standard deviation is 32.
    assert!(ones.iter().all(|&count| count == 0 || count == rows || count.abs_diff(rows / 2) < 150));
}

#[test]
fn check_digits_are_right() {
    let luhn = |number: &str| {
        let digits = number.bytes().rev().map(|b| u32::from(b - b'0')).enumerate();
        digits.map(|(i, d)| if i % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { d }).sum::<u32>() % 10 == 0
    };
    assert!(luhn("4539578763621486") && !luhn("4539578763621487"));
    for value in values("credit_card_number", "en_US", &[], 5000) {
        assert!((12..=19).contains(&value.len()) && luhn(&value), "{value}");
    }
    for (kind, prefixes, length) in [
        ("amex", &["34", "37"][..], 15),
        ("visa13", &["4"], 13),
        ("visa19", &["4"], 19),
        ("diners", &["30", "36", "38"], 14),
        ("mastercard", &["5", "2"], 16),
    ] {
        for value in values("credit_card_number", "en_US", &[("card_type", text(kind))], 500) {
            assert!(value.len() == length && luhn(&value), "{kind} {value}");
            assert!(prefixes.iter().any(|prefix| value.starts_with(prefix)), "{kind} {value}");
        }
    }
    let ean = |number: &str| {
        let digits = number.bytes().rev().map(|b| u32::from(b - b'0')).enumerate();
        digits.map(|(i, d)| if i % 2 == 1 { d * 3 } else { d }).sum::<u32>() % 10 == 0
    };
    assert!(ean("4006381333931") && !ean("4006381333932"));
    for (name, length) in [("ean13", 13), ("ean8", 8)] {
        assert!(values(name, "en_US", &[], 3000).iter().all(|v| v.len() == length && ean(v)), "{name}");
    }
}

#[test]
fn internet_addresses_are_of_the_kind_asked_for() {
    let addresses = |arguments: &[(&str, Constant)]| -> Vec<Ipv4Addr> {
        values("ipv4", "en_US", arguments, 20_000).iter().map(|value| value.parse().unwrap()).collect()
    };
    for address in addresses(&[]) {
        let special = address.is_loopback() || address.is_link_local() || address.is_multicast();
        assert!(!special && address.octets()[0] > 0 && address.octets()[0] < 224, "{address}");
    }
    let private = addresses(&[("private", Constant::Bool(true))]);
    assert!(private.iter().all(Ipv4Addr::is_private));
    assert_eq!(
        private.iter().map(|address| address.octets()[0]).collect::<BTreeSet<_>>(),
        [10, 172, 192].into()
    );
    let public = addresses(&[("private", Constant::Bool(false))]);
    assert!(!public.iter().any(Ipv4Addr::is_private));
    let octets: BTreeSet<u8> = public.iter().map(|address| address.octets()[0]).collect();
    assert!(octets.contains(&1) && octets.contains(&223) && octets.len() > 200);
}

#[test]
fn dates_include_both_ends_and_nothing_beyond() {
    let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap().to_epoch_days();
    let range = |name: &str, arguments: &[(&str, Constant)]| {
        let array = evaluate(&*provider(name, "en_US", arguments), &(0..60_000).collect::<Vec<_>>());
        let days = array.as_primitive::<Date32Type>().values();
        (*days.iter().min().unwrap(), *days.iter().max().unwrap())
    };
    let between = |start: &str, end: &str| {
        range("date_between", &[("start_date", text(start)), ("end_date", text(end))])
    };
    assert_eq!(between("2024-01-01", "2024-01-10"), (day("2024-01-01"), day("2024-01-10")));
    assert_eq!(between("today", "today"), (day("2024-02-29"), day("2024-02-29")));
    assert_eq!(between("-1w", "now"), (day("2024-02-22"), day("2024-02-29")));
    assert_eq!(between("+1d", "+1M"), (day("2024-03-01"), day("2024-03-30")));
    assert_eq!(between("-2y", "-1y"), (day("2022-02-28"), day("2023-02-28")));
    // 30 years of 365.24 days back.
    assert_eq!(range("date_between", &[]), (day("1994-02-28"), day("2024-02-29")));
    assert_eq!(range("past_date", &[]), (day("2024-01-30"), day("2024-02-28")));
    assert_eq!(range("future_date", &[]), (day("2024-03-01"), day("2024-03-30")));
    // Who is 18 or 19 today, a leap day.
    let ages = [("minimum_age", int(18)), ("maximum_age", int(19))];
    assert_eq!(range("date_of_birth", &ages), (day("2004-03-01"), day("2006-03-01")));
    assert_eq!(range("date_of_birth", &[("maximum_age", int(0))]), (day("2023-03-02"), day("2024-02-29")));
}

#[test]
fn instants_lie_within_their_bounds() {
    let micros = |arguments: &[(&str, Constant)]| {
        let array =
            evaluate(&*provider("date_time_between", "en_US", arguments), &(0..20_000).collect::<Vec<_>>());
        array.as_primitive::<TimestampMicrosecondType>().values().to_vec()
    };
    let hour = micros(&[("start_date", text("-1h")), ("end_date", text("now"))]);
    assert!(hour.iter().all(|&t| (NOW - 3_600_000_000..=NOW).contains(&t)));
    let mut quarters = [0_u64; 4];
    for instant in hour {
        quarters[((NOW - instant) / 900_000_001) as usize] += 1;
    }
    assert!(is_uniform(&quarters));
    let three: BTreeSet<i64> = micros(&[
        ("start_date", text("1969-12-31T23:59:59.999999")),
        ("end_date", text("1970-01-01 00:00:00.000001")),
    ])
    .into_iter()
    .collect();
    assert_eq!(three, [-1, 0, 1].into());
}

#[test]
fn bounds_may_be_columns() {
    let rows: Vec<u64> = (0..4).collect();
    let selected = BooleanArray::from(vec![true, true, true, false]);
    let check = |name: &str, arguments: &[millstream_expr::Argument], columns: &[ArrayRef]| {
        let function = try_provider(name, "en_US", arguments).unwrap().unwrap();
        assert!(function.nullable());
        let mut errors = RowErrors::default();
        let call = Call { arguments: columns, rows: &rows, selected: Some(&selected) };
        let values = function.evaluate(&call, &mut errors).unwrap();
        let failed: Vec<(usize, String)> = errors.iter().map(|(row, text)| (row, text.to_owned())).collect();
        (values, failed)
    };
    // The range of row 2 is empty, and so is that of row 3, which is not selected.
    let low: ArrayRef = Arc::new(Int32Array::from(vec![Some(5), None, Some(11), Some(12)]));
    let ten: ArrayRef = Arc::new(Int32Array::from(vec![10; 4]));
    let arguments = [column("min", DataType::Int32), super::argument(Some("max"), int(10))];
    let (values, errors) = check("random_int", &arguments, &[low, ten]);
    let values = values.as_primitive::<Int64Type>();
    assert!((5..=10).contains(&values.value(0)));
    assert_eq!(shown(values)[1..3], ["None", "None"]);
    assert_eq!(errors, [(2, "the range from 11 to 10 is empty".to_owned())]);

    // An order is shipped between its date and the end of the month.
    let days: ArrayRef = Arc::new(Date32Array::from(vec![Some(19_780), None, Some(20_000), Some(20_000)]));
    let end: ArrayRef = Arc::new(arrow::array::StringArray::from(vec!["2024-02-29"; 4]));
    let arguments =
        [column("start_date", DataType::Date32), super::argument(Some("end_date"), text("2024-02-29"))];
    let (values, errors) = check("date_between", &arguments, &[days.clone(), end.clone()]);
    assert!((19_780..=19_782).contains(&values.as_primitive::<Date32Type>().value(0)));
    assert!(values.is_null(1));
    assert_eq!(errors, [(2, "the range from 2024-10-04 to 2024-02-29 is empty".to_owned())]);
    let (values, _) = check("date_time_between", &arguments, &[days, end]);
    let first = values.as_primitive::<TimestampMicrosecondType>().value(0);
    assert!((19_780..=19_782).contains(&(first / 86_400_000_000)));

    let instants: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![NOW; 4]));
    let arguments = [column("start_date", DataType::Timestamp(TimeUnit::Microsecond, None))];
    let (values, errors) = check("date_between", &arguments, &[instants]);
    assert_eq!(shown(&values)[..], ["2024-02-29"; 4]);
    assert!(errors.is_empty());
}

#[test]
fn floats_have_the_digits_asked_for_and_reach_both_bounds() {
    let floats = |name: &str, arguments: &[(&str, Constant)]| {
        let array = evaluate(&*provider(name, "en_US", arguments), &(0..20_000).collect::<Vec<_>>());
        array.as_primitive::<Float64Type>().values().to_vec()
    };
    let cents = floats(
        "pyfloat",
        &[
            ("min_value", Constant::Float(0.29)),
            ("max_value", Constant::Float(0.58)),
            ("right_digits", int(2)),
        ],
    );
    let distinct: BTreeSet<String> = cents.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), 30);
    assert_eq!((distinct.first().unwrap().as_str(), distinct.last().unwrap().as_str()), ("0.29", "0.58"));
    let whole = floats(
        "pyfloat",
        &[("left_digits", int(2)), ("right_digits", int(0)), ("positive", Constant::Bool(true))],
    );
    assert!(whole.iter().all(|v| v.fract() == 0.0 && (1.0..=99.0).contains(v)));
    assert!(floats("pyfloat", &[("positive", Constant::Bool(false))]).iter().all(|v| *v < 0.0));
    assert!(floats("pyfloat", &[("min_value", int(5))]).iter().all(|v| *v >= 5.0));
    assert!(floats("pyfloat", &[("max_value", int(-5))]).iter().all(|v| *v <= -5.0));
    let any = floats("pyfloat", &[("min_value", int(-1)), ("max_value", int(1))]);
    assert!(any.iter().all(|v| (-1.0..=1.0).contains(v)));
    assert!(any.iter().any(|v| *v > 0.99) && any.iter().any(|v| *v < -0.99));
    let widest = [("min_value", Constant::Float(f64::MIN)), ("max_value", Constant::Float(f64::MAX))];
    let widest = floats("pyfloat", &widest);
    assert!(widest.iter().all(|v| v.is_finite()) && widest.iter().any(|v| *v > 1e307));
    for (name, limit) in [("latitude", 90.0), ("longitude", 180.0)] {
        let degrees = floats(name, &[]);
        assert!(
            degrees.iter().all(|v| v.abs() <= limit && (v * 1e6 - (v * 1e6).round()).abs() < 1e-6),
            "{name}"
        );
        assert!(
            degrees.iter().any(|v| *v > limit * 0.99) && degrees.iter().any(|v| *v < -limit * 0.99),
            "{name}"
        );
    }
}

#[test]
fn integers_cover_their_range_however_wide() {
    let integers = |arguments: &[(&str, Constant)]| {
        let array = evaluate(&*provider("random_int", "en_US", arguments), &(0..20_000).collect::<Vec<_>>());
        array.as_primitive::<Int64Type>().values().to_vec()
    };
    let all = integers(&[]);
    assert!(all.iter().all(|v| (0..=9999).contains(v)) && all.contains(&9999));
    let steps: BTreeSet<i64> =
        integers(&[("min", int(1)), ("max", int(10)), ("step", int(4))]).into_iter().collect();
    assert_eq!(steps, [1, 5, 9].into());
    let widest = integers(&[("min", int(i64::MIN)), ("max", int(i64::MAX))]);
    assert!(widest.iter().any(|v| *v < i64::MIN / 2) && widest.iter().any(|v| *v > i64::MAX / 2));
    let steps: BTreeSet<i64> =
        integers(&[("min", int(i64::MIN)), ("max", int(i64::MAX)), ("step", int(i64::MAX))])
            .into_iter()
            .collect();
    assert_eq!(steps, [i64::MIN, -1, i64::MAX - 1].into());
    assert_eq!(values("boolean", "en_US", &[("chance_of_getting_true", int(0))], 500), ["false"; 500]);
    assert_eq!(values("boolean", "en_US", &[("chance_of_getting_true", int(100))], 500), ["true"; 500]);
}

#[test]
fn sentences_and_texts_have_the_lengths_asked_for() {
    for value in values("sentence", "en_US", &[], 2000) {
        let words = value.split(' ').count();
        assert!((3..=8).contains(&words) && value.ends_with('.'), "{value}");
        assert!(value.starts_with(|c: char| c.is_ascii_uppercase()), "{value}");
    }
    let exact = [("nb_words", int(10)), ("variable_nb_words", Constant::Bool(false))];
    assert!(values("sentence", "en_US", &exact, 200).iter().all(|v| v.split(' ').count() == 10));
    assert_eq!(values("sentence", "en_US", &[("nb_words", int(0))], 2), ["", ""]);
    let exact = [("nb_sentences", int(5)), ("variable_nb_sentences", Constant::Bool(false))];
    assert!(values("paragraph", "en_US", &exact, 200).iter().all(|v| v.matches('.').count() == 5));
    for most in [5, 6, 24, 25, 30, 99, 100, 200, 1000] {
        for locale in ["en_US", "zh_CN"] {
            for value in values("text", locale, &[("max_nb_chars", int(most))], 300) {
                let length = value.chars().count() as i64;
                assert!(length > 1 && length <= most, "{locale} {most}: {value:?}");
                assert!(value.ends_with(['.', '。']), "{value:?}");
            }
        }
    }
    // No word fits: it is cut.
    let long = [("max_nb_chars", int(8)), ("ext_word_list", list(&["incomprehensibilities"]))];
    assert_eq!(values("text", "en_US", &long, 1), ["Incompr."]);
    let own = values("sentence", "en_US", &[("ext_word_list", list(&["éa", "b"]))], 50);
    assert!(
        own.iter().all(|v| v.trim_end_matches('.').split(' ').all(|w| ["Éa", "éa", "B", "b"].contains(&w)))
    );
}

#[test]
fn elements_keep_their_type() {
    let element =
        |items: Vec<Constant>| provider("random_element", "en_US", &[("elements", Constant::List(items))]);
    assert_eq!(element(vec![int(1), int(2)]).data_type(), DataType::Int64);
    assert_eq!(element(vec![int(1), Constant::Float(2.5)]).data_type(), DataType::Float64);
    assert_eq!(element(vec![Constant::Bool(true)]).data_type(), DataType::Boolean);
    let nullable = element(vec![text("a"), Constant::None]);
    assert!(nullable.nullable());
    let seen: BTreeSet<String> =
        shown(&evaluate(&*nullable, &(0..100).collect::<Vec<_>>())).into_iter().collect();
    assert_eq!(seen, ["None".to_owned(), "a".to_owned()].into());
}
