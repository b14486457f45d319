//! Foreign keys and what is copied along them (S-61 … S-63).

use std::collections::BTreeMap;
use std::time::Duration;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use millstream_generate::{Rate, Tables, Timeline};
use proptest::prelude::*;

use crate::common::{START, all, column, compile, integers, shop, spec, table, try_compile};

#[test]
fn at_every_tick_keys_exist_and_copies_equal_the_parents() {
    let tables = compile(shop());
    let timelines = tables.timelines();
    for tick in 0..15 {
        let [customers, orders, payments] = [0, 1, 2].map(|index| all(&tables, index, tick, &timelines));
        let customer: Vec<usize> =
            integers(&orders, "customer_id").iter().map(|id| *id as usize - 1).collect();
        assert!(customer.iter().all(|index| *index < customers.num_rows()), "orphans at tick {tick}");
        for (copy, attribute) in [("customer_name", "name"), ("customer_tier", "tier")] {
            let (copies, originals) = (column(&orders, copy), column(&customers, attribute));
            for (row, index) in customer.iter().enumerate() {
                assert_eq!(copies.as_string::<i32>().value(row), originals.as_string::<i32>().value(*index));
            }
        }
        // Two steps away: the credit of the customer of the order of the payment.
        let order: Vec<usize> = integers(&payments, "order_id").iter().map(|id| *id as usize - 1).collect();
        let (copied, credit) = (integers(&payments, "credit"), integers(&customers, "credit"));
        let customer_ids = integers(&payments, "customer_id");
        for (row, index) in order.iter().enumerate() {
            assert_eq!(customer_ids[row], integers(&orders, "customer_id")[*index]);
            assert_eq!(copied[row], credit[customer[*index]]);
        }
    }
}

#[test]
fn the_order_is_parents_first_and_else_that_of_the_file() {
    let mut backwards = shop();
    backwards.reverse();
    backwards.insert(0, table("alone", 1, "0", &[("id", "row_id")]));
    let tables = compile(backwards);
    assert_eq!(tables.order(), [0, 3, 2, 1]);
    assert_eq!(tables.parents(1), [2]);
    assert_eq!(tables.parents(2), [3]);
    assert_eq!(tables.parents(0), [0; 0]);
    // The place in the file changes no row.
    let forwards = compile(shop());
    assert_eq!(all(&tables, 1, 5, &tables.timelines()), all(&forwards, 2, 5, &forwards.timelines()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_row_refers_only_to_parents_that_were_committed_before(
        parents in 1_u64..20,
        children in 0_u64..50,
        parent_rate in 0_u64..100_000,
        child_rate in 0_u64..100_000,
        tick in 1_u64..2000,
        ticks in 1_u64..40,
        distribution in prop_oneof![Just("uniform"), Just("zipf")],
        pause in 0_u64..40,
    ) {
        let mut spec = spec(vec![
            table("p", parents, &format!("{}.{:02}", parent_rate / 100, parent_rate % 100), &[("id", "row_id")]),
            table(
                "c",
                children,
                &format!("{}.{:02}", child_rate / 100, child_rate % 100),
                &[("id", "row_id"), ("p", &format!("foreign_key(\"p\", \"id\", distribution=\"{distribution}\")"))],
            ),
        ]);
        spec.tick = Duration::from_millis(tick);
        let tables = Tables::compile(&spec, START).unwrap();
        let mut timelines = tables.timelines();
        timelines.tables[0] = timelines.tables[0].with_rate(pause, Rate::ZERO);
        timelines.tables[1] = timelines.tables[1].with_rate(pause, "60".parse().unwrap());
        let keys = integers(&all(&tables, 1, ticks, &timelines), "p");
        for (row, key) in keys.into_iter().enumerate() {
            let born = timelines.tables[1].tick_of(row as u64).unwrap();
            prop_assert!(key >= 1 && (key as u64) <= timelines.tables[0].rows_at(born), "row {} of tick {}", row, born);
        }
    }
}

#[test]
fn new_parents_are_drawn_too() {
    let tables = compile(shop());
    let timelines = tables.timelines();
    let orders = integers(&all(&tables, 2, 60, &timelines), "order_id");
    let newest = *orders.iter().max().unwrap() as u64;
    assert!(newest > timelines.tables[1].rows_at(55), "{newest}");
}

fn counts(keys: &[i64], parents: usize) -> Vec<f64> {
    let mut counts = vec![0.0; parents];
    for key in keys {
        counts[*key as usize - 1] += 1.0;
    }
    counts
}

#[test]
fn parents_are_drawn_with_the_declared_probabilities() {
    let children = 100_000_u64;
    for (arguments, exponent, limit) in [("", 0.0, 27.9), (", distribution=\"zipf\", param=1.0", 1.0, 27.9)] {
        let tables = compile(vec![
            table("p", 10, "0", &[("id", "row_id")]),
            table(
                "c",
                children,
                "0",
                &[("id", "row_id"), ("p", &format!("foreign_key('p', 'id'{arguments})"))],
            ),
        ]);
        let keys = integers(&all(&tables, 1, 0, &tables.timelines()), "p");
        let weights: Vec<f64> = (1..=10).map(|rank| f64::from(rank).powf(-exponent)).collect();
        let total: f64 = weights.iter().sum();
        let statistic: f64 = counts(&keys, 10)
            .iter()
            .zip(weights)
            .map(|(count, weight)| {
                let expected = weight / total * children as f64;
                (count - expected).powi(2) / expected
            })
            .sum();
        // 9 degrees of freedom: 99.9 % of fair draws stay below 27.9.
        assert!(statistic < limit, "{arguments}: {statistic}");
    }
}

#[test]
fn two_keys_to_one_parent_are_independent_unless_they_are_the_same() {
    let tables = compile(vec![
        table("p", 8, "0", &[("id", "row_id"), ("word", "f\"w{row_id}\"")]),
        table(
            "c",
            64_000,
            "0",
            &[
                ("id", "row_id"),
                ("home", "foreign_key('p', 'id')"),
                ("away", "foreign_key('p', 'id')"),
                ("again", "foreign_key('p', 'word', same_as='home')"),
                ("copy", "copy_from_fk('again', 'p', 'id')"),
            ],
        ),
    ]);
    let batch = all(&tables, 1, 0, &tables.timelines());
    let (home, away) = (integers(&batch, "home"), integers(&batch, "away"));
    let mut cells: BTreeMap<(i64, i64), f64> = BTreeMap::new();
    for pair in home.iter().copied().zip(away) {
        *cells.entry(pair).or_default() += 1.0;
    }
    assert_eq!(cells.len(), 64);
    // 63 degrees of freedom: 99.9 % of independent draws stay below 103.4.
    let statistic: f64 = cells.values().map(|count| (count - 1000.0).powi(2) / 1000.0).sum();
    assert!(statistic < 103.4, "{statistic}");
    let again = column(&batch, "again");
    for (row, home) in home.iter().enumerate() {
        assert_eq!(again.as_string::<i32>().value(row), format!("w{home}"));
    }
    assert_eq!(home, integers(&batch, "copy"));
}

#[test]
fn a_key_that_is_none_copies_none() {
    let tables = compile(vec![
        table("p", 8, "0", &[("id", "row_id"), ("word", "f\"w{row_id}\"")]),
        table(
            "c",
            100,
            "0",
            &[
                ("id", "row_id"),
                ("p", "foreign_key('p', 'id') if row_id % 3 == 0 else None"),
                ("word", "copy_from_fk('p', 'p', 'word')"),
            ],
        ),
    ]);
    let batch = all(&tables, 1, 0, &tables.timelines());
    let (keys, words) = (column(&batch, "p"), column(&batch, "word"));
    let keys = keys.as_primitive::<Int64Type>();
    for row in 0..100 {
        assert_eq!(keys.is_valid(row), (row + 1) % 3 == 0);
        assert_eq!(words.is_valid(row), keys.is_valid(row));
        if keys.is_valid(row) {
            assert_eq!(words.as_string::<i32>().value(row), format!("w{}", keys.value(row)));
        }
    }
    assert!(tables.schema(1).field(2).is_nullable());
}

#[test]
fn names_that_are_both_table_and_column_are_told_apart() {
    // `a` and `b` are both tables and key columns of `c`: only one reading of each copy is right.
    let parents = || {
        vec![
            table("a", 3, "0", &[("id", "row_id"), ("x", "f\"a{row_id}\"")]),
            table("b", 3, "0", &[("id", "row_id"), ("y", "f\"b{row_id}\"")]),
        ]
    };
    let mut tables = parents();
    tables.push(table(
        "c",
        50,
        "0",
        &[
            ("id", "row_id"),
            ("a", "foreign_key('b', 'id')"),
            ("b", "row_id"),
            ("y", "copy_from_fk('b', 'a', 'y')"),
        ],
    ));
    let tables = compile(tables);
    let batch = all(&tables, 2, 0, &tables.timelines());
    for (row, key) in integers(&batch, "a").iter().enumerate() {
        assert_eq!(column(&batch, "y").as_string::<i32>().value(row), format!("b{key}"));
    }
    let mut tables = parents();
    let y = tables[1].columns[1].clone();
    tables[0].columns.push(y);
    tables.push(table(
        "c",
        50,
        "0",
        &[
            ("id", "row_id"),
            ("a", "foreign_key('b', 'id')"),
            ("b", "foreign_key('a', 'id')"),
            ("y", "copy_from_fk('a', 'b', 'y')"),
        ],
    ));
    let errors = try_compile(tables.clone()).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].message.contains("which is which"), "{}", errors[0].message);
    tables[2].columns[3].data = "copy_from_fk(fk_column='a', parent_table='b', attribute='y')".to_owned();
    try_compile(tables).unwrap();
}

#[test]
fn a_row_without_any_parent_is_a_clear_error() {
    let tables = compile(vec![
        table("p", 1, "0", &[("id", "row_id")]),
        table("c", 1, "0", &[("id", "row_id"), ("p", "foreign_key('p', 'id')")]),
    ]);
    let mut timelines = tables.timelines();
    timelines.tables[0] = Timeline::new(0, Rate::ZERO, Duration::from_secs(1));
    let error = tables.generate(1, 0..1, &timelines).unwrap_err();
    assert!(error.to_string().contains("no row of `p` yet"), "{error}");
    assert!(error.hint_text().unwrap().contains("row_count"), "{error}");
    let error = tables.generate(1, 5..6, &tables.timelines()).unwrap_err();
    assert!(error.to_string().contains("never has a row of index 5"), "{error}");
}
