use super::*;
use crate::{Burst, Ramp, Schedule, ScheduleWindow, Sine, Then};
use proptest::prelude::*;

fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

#[test]
fn a_day_of_ticks_gives_exactly_the_rate() {
    let per_day =
        [("0", 0_u64), ("0.5", 720), ("1", 1440), ("7", 10_080), ("119", 171_360), ("100000", 144_000_000)];
    for (text, expected) in per_day {
        for seconds in [1_u64, 7, 10] {
            let timeline = Timeline::new(100, rate(text), Duration::from_secs(seconds));
            let ticks = 86_400 / seconds;
            let remaining = 86_400 - ticks * seconds;
            // A day is no multiple of 7 s: the rows of the last, incomplete tick are not there yet.
            let (numerator, denominator) = rate(text).fraction();
            let exact = u128::from(numerator) * u128::from(ticks * seconds) / (60 * u128::from(denominator));
            assert_eq!(u128::from(timeline.rows_at(ticks) - 100), exact, "{text} {seconds}");
            if remaining == 0 {
                assert_eq!(timeline.rows_at(ticks) - 100, expected);
            }
            let mut rows = 100;
            for tick in 1..=ticks {
                let now = timeline.rows_at(tick);
                assert!(now >= rows);
                rows = now;
            }
        }
    }
}

#[test]
fn a_slow_table_is_not_rounded_up() {
    let timeline = Timeline::new(0, rate("0.5"), Duration::from_secs(10));
    let births: Vec<u64> = (0..40).map(|tick| timeline.rows_at(tick)).collect();
    assert_eq!(births[11], 0);
    assert_eq!(births[12], 1);
    assert_eq!(births[23], 1);
    assert_eq!(births[24], 2);
}

#[test]
fn a_paused_table_goes_on_where_it_stopped() {
    let timeline = Timeline::new(10, rate("60"), Duration::from_secs(1))
        .with_rate(5, Rate::ZERO)
        .with_rate(9, rate("120"));
    let rows: Vec<u64> = (0..12).map(|tick| timeline.rows_at(tick)).collect();
    assert_eq!(rows, [10, 11, 12, 13, 14, 15, 15, 15, 15, 15, 17, 19]);
    assert_eq!(timeline.tick_of(14), Some(5));
    assert_eq!(timeline.tick_of(15), Some(10));
    assert_eq!(timeline.with_rate(12, Rate::ZERO).tick_of(21), None);
}

#[test]
fn a_change_at_the_same_tick_replaces_the_one_before() {
    let timeline = Timeline::new(10, rate("60"), Duration::from_secs(1));
    let changed = timeline.with_rate(5, rate("7")).with_rate(5, rate("120"));
    assert_eq!(changed, timeline.with_rate(5, rate("120")));
    let at_start = timeline.with_rate(0, rate("120"));
    assert_eq!(at_start.rows_at(1), 12);
    assert_eq!(at_start.initial_spacing(), timeline.initial_spacing());
}

#[test]
fn huge_numbers_saturate() {
    let timeline = Timeline::new(u64::MAX - 5, rate("1e15"), Duration::from_hours(24));
    assert_eq!(timeline.rows_at(u64::MAX), u64::MAX);
    let fast = Timeline::new(0, rate("1e15"), Duration::from_hours(24));
    assert_eq!(fast.rows_at(1), 1_440_000_000_000_000_000);
    assert_eq!(fast.tick_of(1_440_000_000_000_000_000), Some(2));
}

#[test]
fn a_doctored_timeline_is_refused() {
    let timeline = Timeline::new(10, rate("60"), Duration::from_secs(1)).with_rate(5, rate("7"));
    let text = serde_json::to_string(&timeline).unwrap();
    assert!(text.contains("\"rows_before\":15"), "{text}");
    let doctored = text.replace("\"rows_before\":15", "\"rows_before\":16");
    assert!(serde_json::from_str::<Timeline>(&doctored).is_err());
    assert!(serde_json::from_str::<Timeline>(r#"{"row_count":1,"initial_rate":"1","segments":[]}"#).is_err());
}

fn any_rate() -> impl Strategy<Value = Rate> {
    prop_oneof![
        Just(Rate::ZERO),
        (0_u64..5000, 0_u64..1000)
            .prop_map(|(whole, decimals)| format!("{whole}.{decimals:03}").parse().unwrap()),
        (0_u64..1_000_000_000_000).prop_map(Rate::whole),
    ]
}

fn any_duration() -> impl Strategy<Value = Duration> {
    (1_u64..10_000, prop_oneof![Just(1_u64), Just(1000), Just(60_000)])
        .prop_map(|(number, unit)| Duration::from_millis(number * unit))
}

fn any_small_rate() -> impl Strategy<Value = Rate> {
    prop_oneof![Just(Rate::ZERO), (1_u64..100_000).prop_map(Rate::whole), any_rate()]
}

pub(crate) fn any_shape() -> impl Strategy<Value = Shape> {
    let burst = (any_duration(), any_duration(), any_duration(), any_small_rate(), 1_u64..100).prop_map(
        |(length, rest, offset, rate, multiplier)| {
            let every = length + rest;
            let offset = Duration::from_millis((offset.as_millis() % every.as_millis()) as u64);
            let by_rate = multiplier % 2 == 0;
            Shape::Burst(Burst {
                every,
                length,
                offset,
                rows_per_minute: by_rate.then_some(rate),
                multiplier: (!by_rate).then(|| Rate::whole(multiplier)),
            })
        },
    );
    let sine = (any_duration(), any_small_rate(), any_small_rate(), any_duration()).prop_map(
        |(period, one, other, phase)| {
            let (min, max) = if one.per_minute() <= other.per_minute() { (one, other) } else { (other, one) };
            Shape::Sine(Sine { period, amplitude: None, min: Some(min), max: Some(max), phase })
        },
    );
    let ramp = (any_small_rate(), any_small_rate(), any_duration(), any::<bool>()).prop_map(
        |(from, to, over, repeat)| {
            let then = if repeat { Then::Repeat } else { Then::Hold };
            Shape::Ramp(Ramp { from: Some(from), to, over, then })
        },
    );
    let zones =
        prop_oneof![Just("UTC"), Just("Europe/Berlin"), Just("America/St_Johns"), Just("Asia/Kolkata")];
    let windows = prop_oneof![
        Just(("* 9-17 * * mon-fri", None)),
        Just(("0 9-17 * * mon-fri", None)),
        Just(("*/7 * * * *", Some(Duration::from_mins(3)))),
        Just(("30 22 1-7,15 * *", Some(Duration::from_hours(12)))),
    ];
    let schedule =
        (zones, prop::collection::vec((windows, any_small_rate()), 1..3)).prop_map(|(zone, windows)| {
            let windows = windows.into_iter().map(|((at, length), rows_per_minute)| ScheduleWindow {
                at: at.to_owned(),
                length,
                rows_per_minute,
            });
            Shape::Schedule(Schedule { zone: zone.to_owned(), windows: windows.collect() })
        });
    prop_oneof![burst, sine, ramp, schedule]
}

fn any_growth() -> impl Strategy<Value = Growth> {
    let shape = prop_oneof![Just(None), any_shape().prop_map(Some)];
    (any_rate(), shape, prop_oneof![Just(1_u64), 1_u64..10])
        .prop_map(|(rate, shape, every)| Growth { rate, shape, every })
        .prop_filter("multipliers of the fastest", |growth| growth.curve(0).is_ok())
}

fn timelines(growth: impl Strategy<Value = Growth> + Clone) -> impl Strategy<Value = Timeline> {
    (
        0_u64..1000,
        growth.clone(),
        1_u64..100_000,
        prop::collection::vec((1_u64..50, growth, 1_u64..100_000), 0..4),
        1_500_000_000_000_000_i64..1_900_000_000_000_000,
    )
        .prop_map(|(rows, growth, tick, changes, start)| {
            let mut timeline = Timeline::growing(rows, growth, Duration::from_millis(tick), start).unwrap();
            let mut from = 0;
            for (ticks, growth, tick) in changes {
                from += ticks;
                timeline = timeline.with_growth(from, growth, Duration::from_millis(tick)).unwrap();
            }
            timeline
        })
}

fn any_timeline() -> impl Strategy<Value = Timeline> {
    prop_oneof![timelines(any_rate().prop_map(Growth::constant).boxed()), timelines(any_growth().boxed())]
}

proptest! {
    #[test]
    fn tick_of_is_the_inverse_of_rows_at(timeline in any_timeline(), tick in 0_u64..300, probe in any::<u64>()) {
        let (before, after) = (if tick == 0 { 0 } else { timeline.rows_at(tick - 1) }, timeline.rows_at(tick));
        prop_assert!(before <= after);
        if before < after {
            for row in [before, after - 1, before + probe % (after - before)] {
                prop_assert_eq!(timeline.tick_of(row), Some(tick));
                prop_assert_eq!(timeline.birth(row).unwrap(), Birth { tick, rows: before..after });
            }
        }
        if let Some(born) = timeline.tick_of(after) {
            prop_assert!(born > tick);
        }
    }

    #[test]
    fn constant_rates_are_counted_over_all_changes_without_rounding(
        timeline in timelines(any_rate().prop_map(Growth::constant).boxed()), tick in 0_u64..300
    ) {
        let (mut grown, mut time) = (0_u128, 0_u128);
        for (index, segment) in timeline.segments.iter().enumerate() {
            let end = timeline.segments.get(index + 1).map_or(tick, |next| next.from_tick.min(tick));
            let ticks = u128::from(end.saturating_sub(segment.from_tick));
            let (numerator, denominator) = segment.growth.rate.fraction();
            // In billionths of a row per minute.
            grown += u128::from(numerator) * (1_000_000_000 / u128::from(denominator))
                * ticks * u128::from(segment.tick);
            time += ticks * u128::from(segment.tick);
        }
        let expected = u128::from(timeline.row_count()) + grown / (1_000_000_000 * MICROSECONDS_PER_MINUTE);
        prop_assert_eq!(u128::from(timeline.rows_at(tick)), expected);
        prop_assert_eq!(u128::from(timeline.time_of(tick)), time);
    }

    #[test]
    fn a_pause_and_the_same_growth_again_lose_nothing_but_the_time(
        growth in any_rate().prop_map(Growth::constant), pause in 1_u64..50, length in 1_u64..50, later in 0_u64..100
    ) {
        let tick = Duration::from_millis(1700);
        let plain = Timeline::growing(3, growth.clone(), tick, 0).unwrap();
        let paused = plain.with_growth(pause, Growth::NONE, tick).unwrap()
            .with_growth(pause + length, growth, tick).unwrap();
        prop_assert_eq!(paused.rows_at(pause + length + later), plain.rows_at(pause + later));
    }

    #[test]
    fn splitting_a_segment_where_nothing_changes_changes_nothing(
        growth in any_growth(), splits in prop::collection::vec(1_u64..60, 0..4), probe in 0_u64..400
    ) {
        let tick = Duration::from_millis(900);
        let plain = Timeline::growing(3, growth.clone(), tick, 1_700_000_000_000_000).unwrap();
        let (mut split, mut at) = (plain.clone(), 0);
        for ticks in splits {
            at += ticks;
            split = split.with_growth(at, growth.clone(), tick).unwrap();
        }
        prop_assert_eq!(plain.rows_at(probe), split.rows_at(probe));
    }

    #[test]
    fn json_round_trips(timeline in any_timeline()) {
        let text = serde_json::to_string(&timeline).unwrap();
        prop_assert_eq!(serde_json::from_str::<Timeline>(&text).unwrap(), timeline);
    }

    #[test]
    fn an_alike_timeline_has_the_same_clock(timeline in any_timeline(), growth in any_growth(), tick in 0_u64..300) {
        let alike = Timeline::alike(&timeline, 5, &growth).unwrap();
        prop_assert_eq!(alike.time_of(tick), timeline.time_of(tick));
        prop_assert_eq!(alike.row_count(), 5);
        prop_assert_eq!(alike.growth(), &growth);
    }
}
