//! Weighted and unique keys, and keys to the own table.

use std::collections::BTreeSet;
use std::time::Duration;

use arrow::array::{Array, AsArray};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use millstream_generate::{Rate, TableSpec, Tables, Timelines};
use proptest::prelude::*;

use crate::common::{START, all, column, compile, integers, spec, table, try_compile};

/// Parents whose tier is drawn, and children that go by it.
fn tiers(parents: u64, children: u64, weights: &str) -> Vec<TableSpec> {
    vec![
        table(
            "p",
            parents,
            "0",
            &[
                ("id", "row_id"),
                ("tier", "random.choices(['gold', 'silver', 'tin'], weights=[1, 3, 6])[0]"),
                ("rank", "random.randint(0, 4)"),
            ],
        ),
        table(
            "c",
            children,
            "0",
            &[
                ("id", "row_id"),
                ("p", &format!("foreign_key('p', 'id', distribution='weighted_parent', {weights})")),
                ("tier", "copy_from_fk('p', 'p', 'tier')"),
            ],
        ),
    ]
}

/// The weight of a parent by its tier and its rank.
type Weigh = Box<dyn Fn(&str, i64) -> f64>;

/// Chi-squared of the keys against the weights that `weigh` gives each parent, and the degrees of freedom.
fn goodness(tables: &Tables, weigh: impl Fn(&str, i64) -> f64) -> (f64, f64) {
    let timelines = tables.timelines();
    let (parents, children) = (all(tables, 0, 0, &timelines), all(tables, 1, 0, &timelines));
    let (tiers, ranks) = (column(&parents, "tier"), integers(&parents, "rank"));
    let weights: Vec<f64> = ranks
        .iter()
        .enumerate()
        .map(|(row, rank)| weigh(tiers.as_string::<i32>().value(row), *rank))
        .collect();
    let total: f64 = weights.iter().sum();
    let mut counts = vec![0.0; weights.len()];
    for key in integers(&children, "p") {
        counts[key as usize - 1] += 1.0;
    }
    let (mut statistic, mut cells) = (0.0, 0.0);
    for (count, weight) in counts.iter().zip(&weights) {
        if *weight == 0.0 {
            assert_eq!(*count, 0.0, "a parent without weight was drawn");
            continue;
        }
        let expected = weight / total * children.num_rows() as f64;
        assert!(expected > 5.0);
        statistic += (count - expected).powi(2) / expected;
        cells += 1.0;
    }
    (statistic, cells - 1.0)
}

#[test]
fn weighted_keys_have_the_declared_probabilities() {
    let tier = |gold: f64, silver: f64, tin: f64| {
        move |tier: &str, _| match tier {
            "gold" => gold,
            "silver" => silver,
            _ => tin,
        }
    };
    let cases: [(&str, Weigh); 4] = [
        ("parent_attr='tier', weights={'gold': 5, 'silver': 2}", Box::new(tier(5.0, 2.0, 1.0))),
        ("parent_attr='tier', weights={'gold': 0.5, 'silver': 0, 'tin': 0}", Box::new(tier(0.5, 0.0, 0.0))),
        // So unlikely to be accepted that nearly all draws go by the sums.
        (
            "parent_attr='tier', weights={'gold': 0.00001, 'silver': 0.00003, 'tin': 0}",
            Box::new(tier(1.0, 3.0, 0.0)),
        ),
        ("parent_attr='rank', param=4", Box::new(|_: &str, rank: i64| rank as f64)),
    ];
    for (weights, weigh) in cases {
        let (parents, children) = if weights.contains("0.00001") { (40, 3_000) } else { (200, 60_000) };
        let (statistic, freedom) = goodness(&compile(tiers(parents, children, weights)), weigh);
        let limit = freedom + 4.0 * (2.0 * freedom).sqrt();
        assert!(statistic < limit, "{weights}: {statistic} of {freedom}");
    }
    let (statistic, freedom) = goodness(
        &compile(tiers(200, 60_000, "parent_attr='tier', weights={'gold': 5}")),
        tier(4.0, 1.0, 1.0),
    );
    assert!(
        statistic > freedom + 20.0 * (2.0 * freedom).sqrt(),
        "the test notices other weights: {statistic}"
    );
}

#[test]
fn without_any_weight_the_row_says_so() {
    let tables = compile(tiers(3000, 10, "parent_attr='tier', weights={'gold': 0, 'silver': 0, 'tin': 0}"));
    let error = tables.generate(1, 0..10, &tables.timelines()).unwrap_err();
    assert!(
        error.to_string().contains("none of the 3000 rows of `p` has a weight above zero by its `tier`"),
        "{error}"
    );
    let tables = compile(tiers(3000, 10, "parent_attr='rank', param=3.5"));
    let error = tables.generate(1, 0..10, &tables.timelines()).unwrap_err();
    assert!(error.to_string().contains("a parent weighs 4"), "{error}");
}

/// A parent that grows, and children with each kind of key to it, that grow too.
fn family(rates: (u64, u64), rows: (u64, u64), unique: bool) -> Vec<TableSpec> {
    let mut columns = vec![
        ("id", "row_id"),
        ("uniform", "foreign_key('p', 'id')"),
        ("zipf", "foreign_key('p', 'id', distribution='zipf', param=1.1)"),
        (
            "weighted",
            "foreign_key('p', 'id', distribution='weighted_parent', parent_attr='tier', weights={'b': 7})",
        ),
        ("rare", "foreign_key('p', 'id', 'weighted_parent', None, 'tier', {'a': 0.02, 'b': 0, 'c': 0})"),
        ("own", "foreign_key('c', 'id')"),
        ("own_zipf", "foreign_key('c', 'id', 'zipf')"),
        ("own_weighted", "foreign_key('c', 'id', 'weighted_parent', parent_attr='kind', weights={'x': 9})"),
        ("kind", "random.choice(['x', 'y'])"),
        ("own_kind", "copy_from_fk('own', 'c', 'kind')"),
        ("grand", "copy_from_fk('own', 'c', 'own')"),
        ("grand_kind", "copy_from_fk('grand', 'c', 'kind')"),
    ];
    if unique {
        columns.push(("unique", "foreign_key('p', 'id', is_unique=True)"));
    }
    vec![
        table(
            "p",
            rows.0,
            &rates.0.to_string(),
            &[("id", "row_id"), ("tier", "'a' if row_id == 1 else random.choice(['a', 'b', 'c'])")],
        ),
        table("c", rows.1, &rates.1.to_string(), &columns),
    ]
}

fn check_family(
    tables: &Tables,
    timelines: &Timelines,
    ticks: u64,
    unique: bool,
) -> Result<(), TestCaseError> {
    let children = all(tables, 1, ticks, timelines);
    let visible = |row: usize| {
        let tick = timelines.tables[1].tick_of(row as u64).unwrap();
        timelines.tables[0].rows_at(tick) as i64
    };
    for name in ["uniform", "zipf", "weighted", "rare"] {
        for (row, key) in integers(&children, name).into_iter().enumerate() {
            prop_assert!((1..=visible(row)).contains(&key), "{name}: row {row} refers to {key}");
        }
    }
    if unique {
        let keys = integers(&children, "unique");
        prop_assert!(keys.iter().enumerate().all(|(row, key)| (1..=visible(row)).contains(key)));
        prop_assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    }
    let kinds = column(&children, "kind");
    let kinds = kinds.as_string::<i32>();
    for name in ["own", "own_zipf", "own_weighted"] {
        let keys = column(&children, name);
        let keys = keys.as_primitive::<Int64Type>();
        for row in 0..children.num_rows() {
            prop_assert_eq!(keys.is_null(row), row == 0, "{} {}", name, row);
            prop_assert!(row == 0 || (1..=row as i64).contains(&keys.value(row)), "{name}: row {row}");
        }
    }
    let (own, grand) = (column(&children, "own"), column(&children, "grand"));
    let (own, grand) = (own.as_primitive::<Int64Type>(), grand.as_primitive::<Int64Type>());
    let (own_kind, grand_kind) = (column(&children, "own_kind"), column(&children, "grand_kind"));
    for row in 0..children.num_rows() {
        let boss = own.is_valid(row).then(|| own.value(row) as usize - 1);
        let expected = boss.filter(|boss| own.is_valid(*boss)).map(|boss| own.value(boss));
        prop_assert_eq!(grand.is_valid(row).then(|| grand.value(row)), expected);
        let kind = |row: usize| kinds.value(row).to_owned();
        let found =
            |array: &dyn Array| array.is_valid(row).then(|| array.as_string::<i32>().value(row).to_owned());
        prop_assert_eq!(found(&own_kind), boss.map(kind));
        prop_assert_eq!(found(&grand_kind), expected.map(|key| kind(key as usize - 1)));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_key_is_an_orphan_at_any_tick(
        (children, more) in (0_u64..30, 0_u64..30),
        (child_rate, more_rate) in (0_u64..900, 0_u64..900),
        ticks in 0_u64..25,
        unique: bool,
        pause in 0_u64..25,
    ) {
        let rates = if unique { (child_rate + more_rate, child_rate) } else { (more_rate, child_rate) };
        let rows = if unique { (children + more + 1, children) } else { (more + 1, children) };
        let tables = Tables::compile(&spec(family(rates, rows, unique)), START).unwrap();
        let mut timelines = tables.timelines();
        // A child that stops never needs more parents.
        timelines.tables[1] = timelines.tables[1].with_rate(pause, Rate::ZERO);
        check_family(&tables, &timelines, ticks, unique)?;
    }

    #[test]
    fn any_chunks_and_any_order_give_the_same_keys(cuts in prop::collection::vec(0_u64..260, 0..12), from in 0_u64..20) {
        let tables = compile(family((300, 200), (60, 60), true));
        let timelines = tables.timelines();
        let whole = tables.generate(1, 0..260, &timelines).unwrap();
        let mut cuts: Vec<u64> = cuts.into_iter().chain([0, 260]).collect();
        cuts.sort_unstable();
        let mut parts: Vec<_> = cuts.windows(2).map(|pair| pair[0]..pair[1]).collect();
        // The last part first: nothing depends on what was made before.
        parts.reverse();
        let batches: Vec<_> = parts.into_iter().map(|rows| tables.generate(1, rows, &timelines).unwrap()).rev().collect();
        prop_assert_eq!(&concat_batches(&whole.schema(), &batches).unwrap(), &whole);
        let single = tables.generate(1, from..from + 1, &timelines).unwrap();
        prop_assert_eq!(single, whole.slice(from as usize, 1));
    }
}

#[test]
fn another_column_changes_no_key() {
    let before = compile(family((300, 200), (60, 60), true));
    let mut more = family((300, 200), (60, 60), true);
    more[1].columns.insert(
        1,
        table("x", 1, "0", &[("new", "foreign_key('p', 'id', is_unique=True)")]).columns[0].clone(),
    );
    more[1].columns[1].is_primary_key = false;
    more[0].columns.push(table("x", 1, "0", &[("new", "random.random()")]).columns[0].clone());
    more[0].columns[2].is_primary_key = false;
    let after = compile(more);
    let (old, new) = (all(&before, 1, 9, &before.timelines()), all(&after, 1, 9, &after.timelines()));
    for field in old.schema().fields() {
        assert_eq!(&column(&old, field.name()), &column(&new, field.name()), "{}", field.name());
    }
    // Two unique keys are independent of each other.
    assert_ne!(integers(&new, "new"), integers(&new, "unique"));
}

#[test]
fn unique_keys_stay_what_they_are_while_parents_grow() {
    let tables = compile(family((120, 60), (50, 50), true));
    let timelines = tables.timelines();
    let early = integers(&all(&tables, 1, 0, &timelines), "unique");
    assert_eq!(early.iter().collect::<BTreeSet<_>>().len(), 50);
    assert_ne!(early, (1..=50).collect::<Vec<_>>(), "in no order");
    let late = integers(&all(&tables, 1, 40, &timelines), "unique");
    assert_eq!(late[..50], early);
    // Also when the cadence changes on the way.
    let mut changed = timelines.clone();
    changed.tables[0] = changed.tables[0].with_rate(20, "6000".parse().unwrap());
    let children = timelines.tables[1].rows_at(20) as usize;
    assert_eq!(integers(&all(&tables, 1, 40, &changed), "unique")[..children], late[..children]);
}

#[test]
fn too_few_parents_for_a_unique_key_are_told() {
    let tables = |parents: u64, children: u64, rate: &str| {
        vec![
            table("p", parents, "0", &[("id", "row_id")]),
            table("c", children, rate, &[("id", "row_id"), ("p", "foreign_key('p', 'id', is_unique=True)")]),
        ]
    };
    let errors = try_compile(tables(5, 6, "0")).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert!(
        errors[0].message.contains("begins with 6 rows") && errors[0].message.contains("has 5"),
        "{errors:?}"
    );
    let tables = compile(tables(5, 5, "60"));
    let keys = integers(&all(&tables, 1, 0, &tables.timelines()), "p");
    assert_eq!(keys.iter().copied().collect::<BTreeSet<_>>(), (1..=5).collect());
    let error = tables.generate(1, 0..6, &tables.timelines()).unwrap_err();
    assert!(
        error.to_string().contains("row 6 of `c` needs a row of `p` of its own, but there are 5"),
        "{error}"
    );
    assert!(error.hint_text().unwrap().contains("is_unique"));
}

#[test]
fn a_draw_costs_the_same_among_a_billion_parents() {
    // Not a measurement but a bound: a scan of the parents would take hours and gigabytes.
    for parents in [100_000_000_u64, 1_000_000_000] {
        let tables = compile(vec![
            table(
                "p",
                parents,
                "0",
                &[
                    ("id", "row_id"),
                    ("tier", "random.choice(['gold', 'silver'])"),
                    ("kin", "foreign_key('p', 'id')"),
                ],
            ),
            table(
                "c",
                parents,
                "0",
                &[
                    ("id", "row_id"),
                    ("uniform", "foreign_key('p', 'id')"),
                    ("zipf", "foreign_key('p', 'id', 'zipf', 1.1)"),
                    (
                        "weighted",
                        "foreign_key('p', 'id', 'weighted_parent', parent_attr='tier', weights={'gold': 5})",
                    ),
                    ("unique", "foreign_key('p', 'id', is_unique=True)"),
                    ("kin", "copy_from_fk('unique', 'p', 'kin')"),
                ],
            ),
        ]);
        let timelines = tables.timelines();
        for from in [0, parents / 2, parents - 5000] {
            let batch = tables.generate(1, from..from + 5000, &timelines).unwrap();
            for name in ["uniform", "weighted", "unique"] {
                let keys = integers(&batch, name);
                let mean = keys.iter().map(|key| *key as f64 / parents as f64).sum::<f64>() / 5000.0;
                // Six standard deviations of the mean of 5000 even draws.
                assert!((mean - 0.5).abs() < 0.0245, "{name} from {from}: {mean}");
            }
        }
    }
}

#[test]
fn a_key_to_the_own_table_may_be_filled_in() {
    let tables = compile(vec![table(
        "employees",
        100,
        "600",
        &[
            ("id", "row_id"),
            ("manager_id", "foreign_key('employees', 'id') or 0"),
            ("manager", "copy_from_fk('manager_id', 'employees', 'name')"),
            ("name", "f'e{row_id}'"),
        ],
    )]);
    assert_eq!(tables.order(), [0]);
    assert!(tables.parents(0).is_empty());
    let mut timelines = tables.timelines();
    timelines.tables[0] = timelines.tables[0].with_cadence(5, "60".parse().unwrap(), Duration::from_secs(3));
    let batch = all(&tables, 0, 10, &timelines);
    let managers = integers(&batch, "manager_id");
    assert_eq!(managers[0], 0);
    let names = column(&batch, "manager");
    assert!(names.is_null(0));
    for (row, manager) in managers.iter().enumerate().skip(1) {
        assert_eq!(names.as_string::<i32>().value(row), format!("e{manager}"));
    }
}

#[test]
fn keys_of_several_columns_come_from_one_row() {
    let mut tables = vec![
        table(
            "slots",
            60,
            "60",
            &[("room", "f'r{row_id % 7}'"), ("hour", "row_id // 7"), ("price", "row_id * 3")],
        ),
        table(
            "bookings",
            40,
            "30",
            &[
                ("room", "foreign_key('slots', 'room', is_unique=True)"),
                ("hour", "foreign_key('slots', 'hour', same_as='room')"),
                ("price", "copy_from_fk('hour', 'slots', 'price')"),
            ],
        ),
        table(
            "guests",
            200,
            "0",
            &[
                ("id", "row_id"),
                ("hour", "foreign_key('bookings', 'hour')"),
                // Through the booking this is a key to the slot as well.
                ("room", "foreign_key('bookings', 'room', same_as='hour')"),
                ("price", "copy_from_fk('room', 'slots', 'price')"),
            ],
        ),
    ];
    for table in &mut tables[..2] {
        table.columns[1].is_primary_key = true;
    }
    let tables = compile(tables);
    let timelines = tables.timelines();
    let rows = |index: usize| {
        let batch = all(&tables, index, 20, &timelines);
        let (rooms, hours) = (column(&batch, "room"), integers(&batch, "hour"));
        let prices = integers(&batch, "price");
        let room = |row: usize| rooms.as_string::<i32>().value(row).to_owned();
        (0..batch.num_rows()).map(|row| (room(row), hours[row], prices[row])).collect::<Vec<_>>()
    };
    let slots: BTreeSet<_> = rows(0).into_iter().collect();
    let bookings = rows(1);
    assert!(bookings.iter().all(|row| slots.contains(row)));
    let booked: BTreeSet<_> = bookings.iter().cloned().collect();
    assert_eq!(booked.len(), bookings.len(), "a booking is one row of slots");
    assert!(rows(2).iter().all(|row| booked.contains(row)));
}
