use super::*;
use crate::timeline::any_shape;
use proptest::prelude::*;

fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

fn shape(json: &str) -> Shape {
    serde_json::from_str(json).unwrap()
}

const SECOND: u64 = 1_000_000;
/// 2024-01-01T00:00:00Z, a Monday.
const START: i64 = 1_704_067_200_000_000;

/// Whole rows after some seconds.
fn rows(curve: &Curve, seconds: u64) -> u64 {
    (curve.area(seconds * SECOND) / GRAINS) as u64
}

#[test]
fn bursts_are_counted_exactly() {
    let curve = shape(r#"{"burst": {"every": "1h", "for": "5m", "offset": "10m", "rows_per_minute": 6000}}"#)
        .curve(rate("60"), 0)
        .unwrap();
    for (minutes, expected) in
        [(0, 0), (10, 600), (11, 6_600), (15, 30_600), (16, 30_660), (60, 33_300), (75, 63_900)]
    {
        assert_eq!(rows(&curve, minutes * 60), expected, "{minutes}");
    }
    // A century: 876,600 hours of 33,300 rows.
    assert_eq!(rows(&curve, 876_600 * 3600), 876_600 * 33_300);
    let times = shape(r#"{"burst": {"every": "1h", "for": "5m", "offset": "10m", "multiplier": 100}}"#);
    assert_eq!(times.curve(rate("60"), 0).unwrap(), curve);
    // A burst that goes on past the end of its round.
    let wraps =
        shape(r#"{"burst": {"every": "60s", "for": "20s", "offset": "50s", "rows_per_minute": 600}}"#)
            .curve(Rate::ZERO, 0)
            .unwrap();
    let counts: Vec<u64> = [0, 5, 10, 50, 55, 60, 70, 110, 120].map(|seconds| rows(&wraps, seconds)).to_vec();
    assert_eq!(counts, [0, 50, 100, 100, 150, 200, 300, 300, 400]);
}

#[test]
fn a_ramp_is_the_area_under_a_line() {
    let json = r#"{"ramp": {"from": 0, "to": 600, "over": "10m"}}"#;
    let curve = shape(json).curve(rate("1"), 0).unwrap();
    // 300 rows per minute on average, 30 t^2 rows after t minutes.
    for (seconds, expected) in [(1, 0), (12, 1), (60, 30), (90, 67), (300, 750), (600, 3000), (660, 3600)] {
        assert_eq!(rows(&curve, seconds), expected, "{seconds}");
    }
    let saw = shape(&json.replace("\"10m\"", "\"10m\", \"then\": \"repeat\"")).curve(rate("1"), 0).unwrap();
    for (seconds, expected) in [(600, 3000), (660, 3030), (900, 3750), (6000, 30_000)] {
        assert_eq!(rows(&saw, seconds), expected, "{seconds}");
    }
    let down = shape(r#"{"ramp": {"to": 0, "over": "10m"}}"#).curve(rate("600"), 0).unwrap();
    for (seconds, expected) in [(60, 570), (300, 2250), (600, 3000), (100_000, 3000)] {
        assert_eq!(rows(&down, seconds), expected, "{seconds}");
    }
    assert_eq!(down.reach(3000 * GRAINS), Some(600 * SECOND));
    assert_eq!(down.reach(3000 * GRAINS + 1), None);
}

#[test]
fn a_wave_follows_the_sine_and_its_mean_is_exact() {
    for (json, phase) in [
        (r#"{"sine": {"period": "1h", "amplitude": 5000}}"#, 0.0),
        (r#"{"sine": {"period": "1h", "amplitude": 5000, "phase": "20m"}}"#, 1.0 / 3.0),
        (r#"{"sine": {"period": "1h", "min": 1000, "max": 11000, "phase": "59m"}}"#, 59.0 / 60.0),
    ] {
        let curve = shape(json).curve(rate("6000"), 0).unwrap();
        for hours in 1..=100 {
            assert_eq!(rows(&curve, hours * 3600), hours * 360_000, "{json}");
        }
        let turn = std::f64::consts::TAU;
        for seconds in (0..7200).step_by(13) {
            let at = seconds as f64 / 3600.0;
            let wave = ((turn * phase).cos() - (turn * (at + phase)).cos()) / turn;
            let exact = 6000.0 * 60.0 * at + 5000.0 * 60.0 * wave;
            // The polygon lies at most 0.13 % of the amplitude inside of the sine: 5000/min for half a period.
            let tolerance = 0.0013 * 5000.0 * 30.0;
            assert!((rows(&curve, seconds) as f64 - exact).abs() <= tolerance + 1.0, "{json} {seconds}");
        }
    }
}

#[test]
fn a_timetable_follows_the_clocks_of_its_zone() {
    let json = r#"{"schedule": {"zone": "Europe/Berlin", "windows": [
        {"at": "0 9-17 * * mon-fri", "rows_per_minute": 6000},
        {"at": "30 23 * * sun", "for": "1h", "rows_per_minute": 600}]}}"#;
    let curve = shape(json).curve(rate("60"), START).unwrap();
    // On the first day, in winter: from 8:00 to 17:00 UTC. The night window before it began at 22:30 UTC on Sunday.
    for (minutes, expected) in [
        (60, 60 * 60),
        (480, 480 * 60),
        (481, 480 * 60 + 6000),
        (1020, 480 * 60 + 540 * 6000),
        (1440, (1440 - 540) * 60 + 540 * 6000),
    ] {
        assert_eq!(rows(&curve, minutes * 60), expected, "{minutes}");
    }
    // A week: 45 hours of days, one of night.
    let week = 45 * 60 * 6000 + 60 * 600 + (168 - 46) * 60 * 60;
    assert_eq!(rows(&curve, 7 * 86_400), week);
    // After a century the base rate is left: one row a second.
    let end = 36_525 * 86_400;
    assert_eq!(rows(&curve, end + 5_000) - rows(&curve, end), 5_000);
}

/// What a clock on the wall shows decides, minute by minute.
#[test]
fn a_timetable_agrees_with_a_minute_by_minute_count() {
    use chrono::{DateTime, Datelike as _, Timelike as _};
    let json = r#"{"schedule": {"zone": "America/New_York", "windows": [
        {"at": "15 1-2 * * *", "for": "45m", "rows_per_minute": 120},
        {"at": "*/10 20-23 13 * fri", "for": "4m", "rows_per_minute": 240}]}}"#;
    // Through both changes of the clocks, from a start that is no whole minute.
    for (start, days) in [("2024-03-08T05:00:12Z", 5), ("2024-11-01T00:00:07Z", 14)] {
        let origin = DateTime::parse_from_rfc3339(start).unwrap().timestamp_micros();
        let curve = shape(json).curve(rate("60"), origin).unwrap();
        let mut grown = 0_u64;
        for second in 0..days * 86_400 {
            assert_eq!(rows(&curve, second), grown / 60, "{start} + {second} s");
            let moment = DateTime::from_timestamp_micros(origin + second as i64 * 1_000_000).unwrap();
            let wall = moment.with_timezone(&chrono_tz::America::New_York);
            let (hour, minute) = (wall.hour(), wall.minute());
            let night = (1..=2).contains(&hour) && minute >= 15;
            let friday = wall.day() == 13 || wall.weekday() == chrono::Weekday::Fri;
            let evening = (20..=23).contains(&hour) && minute % 10 < 4 && friday;
            grown += if night {
                120
            } else if evening {
                240
            } else {
                60
            };
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_its_key() {
    for (json, key) in [
        (r#"{"burst": {"every": "1h", "for": "1h", "multiplier": 2}}"#, "for"),
        (r#"{"burst": {"every": "1h", "for": "1m"}}"#, "rows_per_minute"),
        (
            r#"{"burst": {"every": "1h", "for": "1m", "multiplier": 2, "rows_per_minute": 3}}"#,
            "rows_per_minute",
        ),
        (r#"{"burst": {"every": "1h", "for": "1m", "multiplier": 0.000000001}}"#, "multiplier"),
        (r#"{"burst": {"every": "1h", "for": "1m", "multiplier": 2, "offset": "1h"}}"#, "offset"),
        (r#"{"burst": {"every": "400d", "for": "1m", "multiplier": 2}}"#, "every"),
        (r#"{"sine": {"period": "1h", "amplitude": 7}}"#, "amplitude"),
        (r#"{"sine": {"period": "1h", "amplitude": 1, "min": 7}}"#, "amplitude"),
        (r#"{"sine": {"period": "1h", "min": 7, "max": 6}}"#, "min"),
        (r#"{"sine": {"period": "0s", "min": 6, "max": 7}}"#, "period"),
        (r#"{"ramp": {"to": 7, "over": "1500us"}}"#, "over"),
        (r#"{"schedule": {"zone": "Mars/North", "windows": []}}"#, "zone"),
        (r#"{"schedule": {"windows": []}}"#, "windows"),
        (r#"{"schedule": {"windows": [{"at": "9-17", "rows_per_minute": 5}]}}"#, "at"),
        (r#"{"schedule": {"windows": [{"at": "0 9 * * *", "for": "90s", "rows_per_minute": 5}]}}"#, "for"),
        (r#"{"schedule": {"windows": [{"at": "0 9 * * *", "for": "25h", "rows_per_minute": 5}]}}"#, "for"),
    ] {
        let error = shape(json).check(rate("6.000000001")).unwrap_err();
        assert_eq!(error.key, key, "{json}: {error:?}");
    }
    assert!(serde_json::from_str::<Shape>(r#"{"ramp": {"to": 7, "over": "1h", "form": 3}}"#).is_err());
    assert!(serde_json::from_str::<Shape>(r#"{"stairs": {}}"#).is_err());
}

proptest! {
    #[test]
    fn json_round_trips(shape in any_shape()) {
        let text = serde_json::to_string(&shape).unwrap();
        prop_assert_eq!(serde_json::from_str::<Shape>(&text).unwrap(), shape);
    }

    #[test]
    fn areas_grow_and_are_reached(
        shape in any_shape(), base in 0_u64..1_000_000,
        one in 0_u64..1_000_000_000_000, more in 0_u64..100_000_000_000, part in 0.0..1.0_f64,
    ) {
        let Ok(curve) = shape.curve(Rate::whole(base), START) else { return Ok(()) };
        let (before, after) = (curve.area(one), curve.area(one + more));
        prop_assert!(before <= after);
        let target = before + ((after - before) as f64 * part) as u128;
        match curve.reach(target) {
            Some(time) => {
                prop_assert!(curve.area(time) >= target);
                prop_assert!(time == 0 || curve.area(time - 1) < target);
            }
            None => prop_assert!(target > after),
        }
    }

    #[test]
    fn repeated_shapes_add_up(
        shape in any_shape(), base in 0_u64..1_000_000, at in 0_u64..10_000_000_000, rounds in 0_u64..1000,
    ) {
        let length = match &shape {
            Shape::Burst(burst) => burst.every,
            Shape::Sine(sine) => sine.period,
            Shape::Ramp(ramp) if ramp.then == Then::Repeat => ramp.over,
            _ => return Ok(()),
        };
        let length = length.as_micros() as u64;
        let curve = shape.curve(Rate::whole(base), START).unwrap();
        let whole = curve.area(length) * u128::from(rounds);
        prop_assert_eq!(curve.area(length * rounds + at), whole + curve.area(at));
    }
}
