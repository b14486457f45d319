//! `get_table`: sizes and aggregates of whole tables.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Float64Type, Int64Type};
use millstream_generate::{Rate, SpecError, TableSpec, UpdatePolicy};

use crate::common::{all, column, compile, integers, table, try_compile};

/// A table that does not grow, and one that asks for `data` of it.
fn asking(rows: u64, data: &str) -> Vec<TableSpec> {
    vec![
        table(
            "t",
            rows,
            "0",
            &[
                ("id", "row_id"),
                ("whole", "random.randint(-50, 1000)"),
                ("half", "random.uniform(0, 1) if row_id % 3 else None"),
                ("flag", "row_id % 4 == 0"),
                ("word", "f'w{row_id % 100:03d}'"),
                ("day", "fake.date_between('-2y', 'today')"),
            ],
        ),
        table("c", 5, "60", &[("id", "row_id"), ("x", data)]),
    ]
}

#[test]
fn aggregates_are_those_of_all_rows() {
    // More rows than are made at a time.
    let rows = 20_000;
    let tables = compile(asking(rows, "1"));
    let parent = all(&tables, 0, 0, &tables.timelines());
    let whole = integers(&parent, "whole");
    let half = column(&parent, "half");
    let half = half.as_primitive::<Float64Type>();
    let halves: Vec<f64> = half.iter().flatten().collect();
    let days = column(&parent, "day");
    let latest = days.as_primitive::<Date32Type>().values().iter().max().copied().unwrap();
    let asked = |data: &str| {
        let tables = compile(asking(rows, data));
        column(&all(&tables, 1, 3, &tables.timelines()), "x")
    };
    let whole_numbers = [
        ("len(get_table('t'))", rows as i64),
        ("get_table('t').shape[0]", rows as i64),
        ("sum(get_table('t')['whole'])", whole.iter().sum()),
        ("sum(r['whole'] for r in get_table('t'))", whole.iter().sum()),
        ("max(get_table('t')['whole']) - get_table('t')['whole'].min()", {
            whole.iter().max().unwrap() - whole.iter().min().unwrap()
        }),
        ("get_table('t')['half'].count()", halves.len() as i64),
        ("get_table('t')['flag'].sum()", rows as i64 / 4),
        ("size = len(get_table('t'))\nif size > 5:\n    return size + 1\nreturn 0", rows as i64 + 1),
    ];
    for (data, expected) in whole_numbers {
        let found = asked(data);
        assert_eq!(found.len(), 8);
        assert!(
            found.as_primitive::<Int64Type>().iter().all(|value| value == Some(expected)),
            "{data}: {found:?}"
        );
    }
    let mean = asked("get_table('t')['half'].mean()");
    assert_eq!(mean.as_primitive::<Float64Type>().value(0), halves.iter().sum::<f64>() / halves.len() as f64);
    assert_eq!(asked("max(get_table('t')['word'])").as_string::<i32>().value(7), "w099");
    assert_eq!(asked("get_table('t')['day'].max()").as_primitive::<Date32Type>().value(0), latest);
}

#[test]
fn of_no_rows_there_is_no_extreme() {
    let tables = compile(asking(0, "get_table('t')['whole'].max()"));
    assert_eq!(column(&all(&tables, 1, 0, &tables.timelines()), "x").null_count(), 5);
    let tables = compile(asking(0, "sum(get_table('t')['half']) + len(get_table('t'))"));
    let sums = column(&all(&tables, 1, 0, &tables.timelines()), "x");
    assert_eq!(sums.as_primitive::<Float64Type>().value(0), 0.0);
}

#[test]
fn sizes_of_growing_tables_are_those_that_a_row_sees() {
    let tables = compile(vec![
        table("t", 7, "180", &[("id", "row_id")]),
        table(
            "c",
            5,
            "60",
            &[("id", "row_id"), ("seen", "len(get_table('t'))"), ("own", "len(get_table('c'))")],
        ),
    ]);
    let timelines = tables.timelines();
    let children = all(&tables, 1, 10, &timelines);
    let (seen, own) = (integers(&children, "seen"), integers(&children, "own"));
    for row in 0..children.num_rows() {
        let tick = timelines.tables[1].tick_of(row as u64).unwrap();
        assert_eq!(seen[row] as u64, timelines.tables[0].rows_at(tick));
        assert_eq!(own[row] as u64, timelines.tables[1].rows_at(tick));
    }
    assert!(seen[14] > seen[0]);
}

#[test]
fn a_row_of_a_table_is_a_key_to_it() {
    let parent = || table("t", 50, "0", &[("id", "row_id")]);
    let child = |data: &str| {
        let tables = compile(vec![parent(), table("c", 200, "0", &[("id", "row_id"), ("x", data)])]);
        assert_eq!(tables.parents(1), [0]);
        integers(&all(&tables, 1, 0, &tables.timelines()), "x")
    };
    let expected = child("foreign_key('t', 'id')");
    assert_eq!(child("random.choice(get_table('t'))['id']"), expected);
    assert_eq!(child("random.choice([row['id'] for row in get_table('t')])"), expected);
}

#[test]
fn what_is_never_final_or_no_value_is_refused() {
    let error = |tables: Vec<TableSpec>| -> SpecError {
        let mut errors = try_compile(tables).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors.remove(0)
    };
    let cases = [
        ("get_table('t')", "a whole table is no value", "len(get_table"),
        ("sum(get_table('t')['word'])", "holds no numbers", ""),
        ("len(get_table('tt'))", "there is no table `tt`", "did you mean `t`"),
        ("sum(get_table('t')['hole'])", "no column `hole`", "`whole`"),
        ("sum(get_table('c')['x'])", "x -> x", ""),
    ];
    for (data, message, hint) in cases {
        let mut tables = asking(10, data);
        tables[1].cadence.rate = Rate::ZERO;
        let error = error(tables);
        assert!(error.message.contains(message), "{data}: {}", error.message);
        assert!(error.hint.clone().unwrap_or_default().contains(hint), "{data}: {error:?}");
    }
    let mut tables = asking(10, "sum(get_table('t')['whole'])");
    tables[0].cadence.rate = Rate::whole(60);
    let growing = error(tables.clone());
    assert!(growing.message.contains("`t` grows"), "{growing:?}");
    tables[0].cadence.rate = Rate::ZERO;
    tables[0].update_policy = UpdatePolicy::Replace { every: None };
    assert!(error(tables.clone()).message.contains("`t` grows or is replaced"));
    tables[0].cadence.rate = Rate::whole(60);
    tables[0].update_policy = UpdatePolicy::Disabled;
    let tables = compile(tables);
    let mut timelines = tables.timelines();
    timelines.tables[0] = timelines.tables[0].with_rate(3, Rate::whole(60));
    let growing = tables.generate(1, 0..1, &timelines).unwrap_err();
    assert!(growing.to_string().contains("`t` grows"), "{growing}");
}
