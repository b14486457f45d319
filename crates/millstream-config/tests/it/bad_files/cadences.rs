//! Cadences and their shapes.

use insta::assert_snapshot;

use super::report;

/// A table with this cadence, in ticks of 10 s.
fn cadence(text: &str) -> String {
    report(&format!(
        "tables:\n  - table_name: t\n    cadence: {text}\n    columns: [{{column_name: a, data: 1}}]\n"
    ))
}

#[test]
fn tick_interval_between_two_ticks() {
    assert_snapshot!(cadence("{tick_interval: 25s}"), @r"
    error: a table's `tick_interval` is a multiple of that of `config`, 10s
     --> shop.yaml:3:30
      |
    3 |     cadence: {tick_interval: 25s}
      |                              ^^^
      |
      = hint: write 20s, or change `config.tick_interval`
    ");
}

#[test]
fn unknown_shape() {
    assert_snapshot!(cadence("{shape: {bursts: {every: 1h}}}"), @r#"
    error: unknown shape "bursts"
     --> shop.yaml:3:23
      |
    3 |     cadence: {shape: {bursts: {every: 1h}}}
      |                       ^^^^^^
      |
      = note: shapes: burst, sine, ramp and schedule
      = hint: did you mean "burst"?
    "#);
}

#[test]
fn two_shapes() {
    assert_snapshot!(cadence("{shape: {burst: {}, sine: {}}}"), @r"
    error: a shape has exactly one key, which says what it is
     --> shop.yaml:3:22
      |
    3 |     cadence: {shape: {burst: {}, sine: {}}}
      |                      ^^^^^^^^^^^^^^^^^^^^^
      |
      = note: shapes: burst, sine, ramp and schedule
    ");
}

#[test]
fn shape_as_a_word() {
    assert_snapshot!(cadence("{shape: sine}"), @r"
    error: expected a mapping, found a string
     --> shop.yaml:3:22
      |
    3 |     cadence: {shape: sine}
      |                      ^^^^
      |
      = hint: write `key: value` lines, or `{key: value}`
    ");
}

#[test]
fn burst_without_its_keys() {
    assert_snapshot!(cadence("{shape: {burst: {evry: 1h}}}"), @r#"
    error: a burst needs the key "every"
     --> shop.yaml:3:30
      |
    3 |     cadence: {shape: {burst: {evry: 1h}}}
      |                              ^^^^^^^^^^

    error: a burst needs the key "for"
     --> shop.yaml:3:30
      |
    3 |     cadence: {shape: {burst: {evry: 1h}}}
      |                              ^^^^^^^^^^

    error: unknown key "evry" in a burst
     --> shop.yaml:3:31
      |
    3 |     cadence: {shape: {burst: {evry: 1h}}}
      |                               ^^^^
      |
      = note: allowed keys: every, for, offset, rows_per_minute and multiplier
      = hint: did you mean "every"?
    "#);
}

#[test]
fn burst_longer_than_its_round() {
    assert_snapshot!(cadence("{shape: {burst: {every: 5m, for: 1h, multiplier: 3}}}"), @r"
    error: a burst is shorter than the time from one to the next
     --> shop.yaml:3:47
      |
    3 |     cadence: {shape: {burst: {every: 5m, for: 1h, multiplier: 3}}}
      |                                               ^^
      |
      = hint: shorten `for`, or write the burst's rate as the cadence's `rows_per_minute`
    ");
}

#[test]
fn wave_below_zero() {
    assert_snapshot!(cadence("{rows_per_minute: 60, shape: {sine: {period: 1h, amplitude: 61}}}"), @r"
    error: the wave would fall below zero
     --> shop.yaml:3:74
      |
    3 |     cadence: {rows_per_minute: 60, shape: {sine: {period: 1h, amplitude: 61}}}
      |                                                                          ^^
      |
      = hint: the amplitude is at most the cadence's `rows_per_minute`
    ");
}

#[test]
fn ramp_without_an_end() {
    assert_snapshot!(cadence("{shape: {ramp: {over: 1h, then: stop}}}"), @r#"
    error: a ramp needs the key "to"
     --> shop.yaml:3:29
      |
    3 |     cadence: {shape: {ramp: {over: 1h, then: stop}}}
      |                             ^^^^^^^^^^^^^^^^^^^^^^

    error: expected one of hold or repeat, found "stop"
     --> shop.yaml:3:46
      |
    3 |     cadence: {shape: {ramp: {over: 1h, then: stop}}}
      |                                              ^^^^
    "#);
}

#[test]
fn schedule_in_no_zone() {
    assert_snapshot!(
        cadence("{shape: {schedule: {zone: CET/Berlin, windows: [{at: \"* * * * *\", rows_per_minute: 1}]}}}"), @r#"
    error: there is no time zone `CET/Berlin`
     --> shop.yaml:3:40
      |
    3 |     cadence: {shape: {schedule: {zone: CET/Berlin, windows: [{at: "* * * * *", rows_per_minute: 1}]}}}
      |                                        ^^^^^^^^^^
      |
      = hint: write a name of the IANA database, such as UTC or Europe/Berlin
    "#
    );
}

#[test]
fn window_that_never_begins() {
    assert_snapshot!(
        cadence("{shape: {schedule: [{at: \"0 9 * *\", rows_per_minute: 1}]}}"), @r#"
    error: "0 9 * *" has 4 fields, and not 5
     --> shop.yaml:3:39
      |
    3 |     cadence: {shape: {schedule: [{at: "0 9 * *", rows_per_minute: 1}]}}
      |                                       ^^^^^^^^^
      |
      = hint: write minute, hour, day, month and weekday: `0 9-17 * * mon-fri` are the hours from 9 to 18 of working days
    "#
    );
}

#[test]
fn window_of_half_a_minute() {
    assert_snapshot!(
        cadence("{shape: {schedule: [{at: \"0 9 * * *\", for: 30s, rows_per_minute: 1}]}}"), @r#"
    error: a window is some whole minutes long, at most a day
     --> shop.yaml:3:57
      |
    3 |     cadence: {shape: {schedule: [{at: "0 9 * * *", for: 30s, rows_per_minute: 1}]}}
      |                                                         ^^^
      |
      = hint: write a duration such as 30m or 8h
    "#
    );
}

/// A table with this disorder.
fn disorder(text: &str) -> String {
    report(&format!(
        "tables:\n  - table_name: t\n    disorder: {text}\n    columns: [{{column_name: a, data: 1}}]\n"
    ))
}

#[test]
fn disorder_without_anything() {
    assert_snapshot!(disorder("{}"), @r"
    error: this disorder changes nothing
     --> shop.yaml:3:15
      |
    3 |     disorder: {}
      |               ^^
      |
      = hint: write `late`, `duplicate` or `drop`, or remove it
    ");
}

#[test]
fn late_by_an_unknown_distribution() {
    assert_snapshot!(disorder("{late: {probability: 5%, by: normal(30s, 2s)}}"), @r#"
    error: expected a delay, found "normal(30s, 2s)"
     --> shop.yaml:3:44
      |
    3 |     disorder: {late: {probability: 5%, by: normal(30s, 2s)}}
      |                                            ^^^^^^^^^^^^^^^
      |
      = hint: write 30s, uniform(1s, 2m) or exponential(30s)
    "#);
}

#[test]
fn late_without_a_delay_and_more_than_all() {
    assert_snapshot!(disorder("{late: {probability: 105%}, drop: half}"), @r#"
    error: `late` needs the key "by"
     --> shop.yaml:3:22
      |
    3 |     disorder: {late: {probability: 105%}, drop: half}
      |                      ^^^^^^^^^^^^^^^^^^^

    error: expected a share of rows, from 0 to 1 or from 0% to 100%, found "105%"
     --> shop.yaml:3:36
      |
    3 |     disorder: {late: {probability: 105%}, drop: half}
      |                                    ^^^^
      |
      = hint: write 0.05 or 5%

    error: expected a share of rows, from 0 to 1 or from 0% to 100%, found "half"
     --> shop.yaml:3:49
      |
    3 |     disorder: {late: {probability: 105%}, drop: half}
      |                                                 ^^^^
      |
      = hint: write 0.05 or 5%
    "#);
}

#[test]
fn duplicates_too_far() {
    assert_snapshot!(disorder("{duplicate: {probability: 1%, within: 1_000_000}}"), @r#"
    error: expected a whole number from 0 to 10000, found "1_000_000"
     --> shop.yaml:3:53
      |
    3 |     disorder: {duplicate: {probability: 1%, within: 1_000_000}}
      |                                                     ^^^^^^^^^
    "#);
}

#[test]
fn dropped_parents() {
    let text = r"tables:
  - table_name: t
    disorder: {drop: 1%}
    columns: [{column_name: a, data: row_id}]
  - table_name: u
    columns: [{column_name: a, data: foreign_key('t', 'a')}]
";
    let (document, _) = crate::parse(text).unwrap();
    let errors = millstream_generate::Tables::compile(&document.tables_spec(), 0).unwrap_err();
    assert_snapshot!(document.spec_diagnostics(&errors).to_string(), @r"
    error: disorder of `t`: `u` refers to its rows, so each of them is there once
     --> shop.yaml:3:15
      |
    3 |     disorder: {drop: 1%}
      |               ^^^^^^^^^^
      |
      = hint: drop and duplicate rows of tables that no other refers to; `late` is possible here too
    ");
}
