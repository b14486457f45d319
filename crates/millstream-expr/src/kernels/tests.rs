use proptest::prelude::*;

use super::divide::{Divisor, floor_divide, floor_modulo, true_divide};
use super::round::round_float;
use super::text_slice::Bounds;
use crate::format::float::scale_exactly;

fn int() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        -100_i64..100,
        (0_u32..63, -2_i64..3).prop_map(|(bits, off)| (1_i64 << bits).wrapping_add(off)),
        (0_u32..63, -2_i64..3).prop_map(|(bits, off)| (-(1_i64 << bits)).wrapping_add(off)),
        Just(i64::MIN),
        Just(i64::MAX),
    ]
}

/// Floor division of exact integers.
fn floor(left: i64, right: i64) -> (i128, i128) {
    let (left, right) = (i128::from(left), i128::from(right));
    let quotient = left.div_euclid(right);
    let quotient = if right < 0 && left.rem_euclid(right) != 0 { quotient - 1 } else { quotient };
    (quotient, left - quotient * right)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn constant_divisors_divide_as_all_others(number in int(), divisor in int()) {
        prop_assume!(divisor != 0);
        let (quotient, remainder) = floor(number, divisor);
        match i64::try_from(quotient) {
            Ok(quotient) => prop_assert_eq!(floor_divide(number, divisor), (quotient, false)),
            Err(_) => prop_assert!(floor_divide(number, divisor).1),
        }
        prop_assert_eq!(i128::from(floor_modulo(number, divisor).0), remainder);
        match Divisor::new(divisor) {
            Some(by) => {
                prop_assert!(divisor > 0);
                prop_assert_eq!(i128::from(by.quotient(number)), quotient);
                prop_assert_eq!(i128::from(by.remainder(number)), remainder);
            }
            None => prop_assert!(divisor < 0),
        }
    }

    /// The quotient is nearer to the exact one than its neighbours, compared as integers.
    #[test]
    fn true_division_rounds_once(left in int(), right in int()) {
        prop_assume!(right != 0 && left != 0);
        let found = true_divide(left, right);
        prop_assert_eq!(found < 0.0, (left < 0) != (right < 0));
        // |left| 2^k / |right| against the middle of two neighbours, in 256 bits by hand: scaled so that both are whole.
        let (a, b) = (u128::from(left.unsigned_abs()), u128::from(right.unsigned_abs()));
        let bits = found.abs().to_bits();
        let exponent = (bits >> 52) as i32 - 1075;
        let mantissa = u128::from((bits & ((1 << 52) - 1)) | (1 << 52));
        // Twice the exact quotient in units of the last place, as a fraction over b.
        let (numerator, denominator) =
            if exponent >= 0 { (2 * a, b << exponent) } else if exponent > -60 { ((2 * a) << -exponent, b) } else { return Ok(()) };
        let (low, high) = ((2 * mantissa - 1) * denominator, (2 * mantissa + 1) * denominator);
        prop_assert!(low <= numerator && numerator <= high, "{left} / {right} = {found}");
        if numerator == low || numerator == high {
            prop_assert!(mantissa % 2 == 0, "a tie goes to the even one");
        }
    }

    /// The fast path gives what correctly rounded decimal digits give, and is not asked where it cannot know.
    #[test]
    fn scaling_is_correct_where_it_answers(value in any::<f64>(), small in -1e7_f64..1e7, eighths in any::<i32>(), digits in 0_usize..23) {
        for value in [value, small, f64::from(eighths) / 8.0, f64::from(eighths) / 1000.0] {
            if let Some((scaled, power)) = scale_exactly(value, digits) {
                let exact = format!("{:.digits$}", value.abs()).replace('.', "");
                prop_assert_eq!(Ok(scaled as u128), exact.parse::<u128>());
                prop_assert_eq!(power, 10_f64.powi(digits as i32));
            }
            if value.is_finite() {
                let rounded = round_float(value, digits as i64);
                prop_assert_eq!(rounded.to_bits(), format!("{value:.digits$}").parse::<f64>().unwrap().to_bits());
            }
        }
    }

    /// The bounds select what a walk over all indices selects.
    #[test]
    fn slices_select_what_python_selects(
        len in 0_i64..9,
        start in prop::option::of(prop_oneof![-12_i64..12, Just(i64::MIN), Just(i64::MAX)]),
        stop in prop::option::of(prop_oneof![-12_i64..12, Just(i64::MIN), Just(i64::MAX)]),
        step in prop_oneof![1_i64..5, -4_i64..0, Just(i64::MAX), Just(i64::MIN)],
    ) {
        let found: Vec<usize> = Bounds::new(len, start, stop, step).indices(step).collect();
        let absolute = |index: i64| i128::from(index) + if index < 0 { i128::from(len) } else { 0 };
        let mut expected = Vec::new();
        let first = match start {
            Some(start) if step > 0 => absolute(start).clamp(0, len.into()),
            Some(start) => absolute(start).clamp(-1, i128::from(len) - 1),
            None if step > 0 => 0,
            None => i128::from(len) - 1,
        };
        let mut index = first;
        while (0..i128::from(len)).contains(&index) {
            let inside = stop.is_none_or(|stop| if step > 0 { index < absolute(stop) } else { index > absolute(stop) });
            if !inside {
                break;
            }
            expected.push(index as usize);
            index += i128::from(step);
        }
        prop_assert_eq!(found, expected);
    }
}
