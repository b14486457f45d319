use proptest::prelude::*;

use super::Scratch;
use super::float::{write_float, write_repr};
use super::number::write_int;
use super::spec::{Align, Spec, Subject};
use super::temporal::{Case, Moment, Parsed, Piece, Precision, parse_iso, parse_strftime, write_datetime};

fn float(value: f64, spec: &str) -> String {
    let mut text = String::new();
    let spec = Spec::parse(spec, Subject::Float).unwrap();
    write_float(value, &spec, &mut Scratch::default(), &mut text);
    text
}

fn int(value: i64, spec: &str) -> String {
    let mut text = String::new();
    let spec = Spec::parse(spec, Subject::Int).unwrap();
    write_int(value, &spec, &mut Scratch::default(), &mut text);
    text
}

#[test]
fn specifications_are_read() {
    let spec = Spec::parse("*^+#012_x", Subject::Int).unwrap();
    assert_eq!((spec.fill, spec.align, spec.width), ('*', Align::Centre, 12));
    assert!(spec.alternate);
    assert_eq!((spec.grouping, spec.presentation), (Some('_'), Some('x')));
    let zero = Spec::parse("08.3f", Subject::Float).unwrap();
    assert_eq!((zero.fill, zero.align, zero.width, zero.precision), ('0', Align::AfterSign, 8, Some(3)));
    for (text, subject) in [
        ("5.", Subject::Float),
        (",,", Subject::Int),
        ("d5", Subject::Int),
        ("=5", Subject::Str),
        ("s", Subject::Int),
    ] {
        assert!(Spec::parse(text, subject).is_err(), "{text}");
    }
}

#[test]
fn the_extremes_of_ints() {
    assert_eq!(int(i64::MIN, ","), "-9,223,372,036,854,775,808");
    assert_eq!(int(i64::MIN, "x"), "-8000000000000000");
    assert_eq!(int(0, "#b"), "0b0");
    assert_eq!(int(-5, "=+8"), "-      5");
}

#[test]
fn iso_texts_are_read() {
    let text = |parsed: Option<Parsed>| match parsed {
        None => "none".to_owned(),
        Some(Parsed::Date(date)) => date.to_string(),
        Some(Parsed::Local(moment)) => moment.to_string(),
        Some(Parsed::Utc(moment)) => format!("{moment} UTC"),
    };
    for (source, expected) in [
        ("2024-02-29", "2024-02-29"),
        ("2023-02-29", "none"),
        ("2024-01-31 12:30", "2024-01-31 12:30:00"),
        ("2024-01-31T12:30:45.5", "2024-01-31 12:30:45.500"),
        ("2024-01-31T12:30:45Z", "2024-01-31 12:30:45 UTC"),
        ("2024-01-31 12:30+02:00", "2024-01-31 10:30:00 UTC"),
        ("2024-01-31T12:30:45-05:30", "2024-01-31 18:00:45 UTC"),
        ("noon", "none"),
        ("", "none"),
    ] {
        assert_eq!(text(parse_iso(source)), expected, "{source}");
    }
}

#[test]
fn directives_are_read() {
    assert_eq!(
        parse_strftime("a%Y-%-d%% %^a%e").unwrap(),
        [
            Piece::Literal("a".into()),
            Piece::Number('Y', 0, '0'),
            Piece::Literal("-".into()),
            Piece::Number('d', 0, '0'),
            Piece::Literal("% ".into()),
            Piece::Word('a', Case::Upper),
            Piece::Number('e', 2, ' '),
        ]
    );
    for wrong in ["%", "%-", "%Q", "%-f", "%_Y", "%s", "%5d", "%:z"] {
        assert!(parse_strftime(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The digits read back, and are the shortest that do.
    #[test]
    fn repr_reads_back(value in any::<f64>(), small in -1e6_f64..1e6) {
        for value in [value, small] {
            let mut text = String::new();
            write_repr(value, &mut text);
            let read: f64 = text.parse().unwrap();
            prop_assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()), "{text}");
            if value.is_finite() {
                let digits = |text: &str| {
                    let mantissa = text.split('e').next().unwrap().replace(['.', '-'], "");
                    mantissa.trim_start_matches('0').trim_end_matches('0').len()
                };
                prop_assert_eq!(digits(&text), digits(&format!("{value:e}")));
            }
        }
    }

    /// Fixed digits are the correctly rounded ones, on the fast path and off it.
    #[test]
    fn fixed_digits_are_correct(value in any::<f64>(), small in -1e6_f64..1e6, eighths in any::<i16>(), digits in 0_usize..20) {
        for value in [value, small, f64::from(eighths) / 8.0] {
            if value.is_finite() {
                prop_assert_eq!(float(value, &format!(".{digits}f")), format!("{value:.digits$}"));
            }
        }
    }

    /// A datetime reads back from what is shown.
    #[test]
    fn datetimes_read_back(microseconds in -62_135_596_800_000_000_i64..253_402_300_800_000_000) {
        let moment = Moment::from_microseconds(microseconds, None).unwrap();
        let mut text = String::new();
        write_datetime(moment, ' ', Precision::Auto, &mut text);
        let Some(Parsed::Local(read)) = parse_iso(&text) else { panic!("{text}") };
        prop_assert_eq!(read.and_utc().timestamp_micros(), microseconds);
    }
}
