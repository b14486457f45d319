//! Tables that are replaced as a whole (S-66): which generation comes when, whole and in one epoch; what children may
//! take from them; and that crashes neither skip nor repeat a generation.

use std::collections::BTreeMap;
use std::time::Duration;

use arrow::array::RecordBatch;
use millstream_core::{
    Bookmark, Boundary, Epoch, Progress, ResumesFromSinks, SimulatedClock, Source, StreamName,
};
use millstream_generate::{Mode, TableSpec, Tables, TablesSpec, UpdatePolicy};
use proptest::prelude::*;

use crate::common::{START, column, integers, spec, table, try_compile};
use crate::source::{Driver, Event, FOREVER};

const SECOND: Duration = Duration::from_secs(1);

fn replaced(mut table: TableSpec, every: Option<u64>) -> TableSpec {
    table.update_policy = UpdatePolicy::Replace { every: every.map(Duration::from_secs) };
    table
}

/// Prices and their discounts change together every two seconds, the weather every second; visits only grow.
fn market() -> TablesSpec {
    let prices = table(
        "prices",
        7,
        "60",
        &[
            ("sku", "row_id"),
            ("price", "random.randint(1, 1000000)"),
            ("code", "f'{price}-{row_id}'"),
            ("at", "tick_time()"),
        ],
    );
    let discounts = table(
        "discounts",
        5,
        "60",
        &[
            ("id", "row_id"),
            ("code", "foreign_key('prices', 'code')"),
            ("price", "copy_from_fk('code', 'prices', 'price')"),
        ],
    );
    let weather = table("weather", 3, "60", &[("id", "row_id"), ("degrees", "random.uniform(-20, 40)")]);
    let visits = table("visits", 2, "120", &[("id", "row_id"), ("sku", "foreign_key('prices', 'sku')")]);
    spec(vec![visits, replaced(discounts, Some(2)), replaced(weather, None), replaced(prices, Some(2))])
}

fn rows(name: &str, count: usize) -> Event {
    Event::Rows(name.to_owned(), count)
}

fn generation(name: &str, number: u64) -> Event {
    Event::Generation(name.to_owned(), number)
}

#[test]
fn generations_come_at_their_cycle_whole_and_with_an_epoch_of_their_own() {
    let clock = SimulatedClock::new(START);
    let mut driver = Driver::new(&market(), FOREVER, 4, &clock).open(None).unwrap();
    let names: Vec<(String, bool)> =
        driver.source.streams().iter().map(|stream| (stream.name.to_string(), stream.replaced)).collect();
    let named = |name: &str, replaced| (name.to_owned(), replaced);
    assert_eq!(
        names,
        [named("weather", true), named("prices", true), named("visits", false), named("discounts", true)]
    );
    let mut boundaries = Vec::new();
    let mut events = Vec::new();
    loop {
        let event = driver.step();
        if event == Event::Waits {
            break;
        }
        if matches!(event, Event::Rows(..)) {
            boundaries.push(driver.boundary == Boundary::Allowed);
        }
        events.push(event);
    }
    let first = [
        generation("weather", 0),
        rows("weather", 3),
        generation("prices", 0),
        rows("prices", 4),
        rows("prices", 3),
        rows("visits", 2),
        generation("discounts", 0),
        rows("discounts", 4),
        rows("discounts", 1),
        Event::Boundary,
    ];
    assert_eq!(events, first);
    // Nobody may see new prices with old discounts.
    assert_eq!(boundaries, [false, false, false, false, false, true]);
    clock.advance(SECOND);
    let second =
        [generation("weather", 1), rows("weather", 3), rows("visits", 2), Event::Boundary, Event::Waits];
    assert_eq!(driver.drain(), second);
    // Ticks that are late do not share an epoch: every generation is seen.
    clock.advance(SECOND * 2);
    let events = driver.drain();
    let begun: Vec<&Event> = events.iter().filter(|event| !matches!(event, Event::Rows(..))).collect();
    let generations = [
        generation("weather", 2),
        generation("prices", 1),
        generation("discounts", 1),
        Event::Boundary,
        generation("weather", 3),
        Event::Boundary,
        Event::Waits,
    ];
    assert_eq!(begun, generations.iter().collect::<Vec<_>>());
    let times = column(&driver.table("prices"), "at");
    let times = arrow::array::AsArray::as_primitive::<arrow::datatypes::TimestampMicrosecondType>(&times);
    assert_eq!((times.value(0), times.value(6)), (START + 1_000_000 + 142_857, START + 2_000_000));
}

#[test]
fn generations_are_other_values_of_the_same_rows_and_keys_hold_within_one() {
    let clock = SimulatedClock::new(START);
    let mut driver = Driver::new(&market(), FOREVER, 100, &clock).open(None).unwrap();
    let mut prices = Vec::new();
    for _ in 0..5 {
        driver.drain();
        let (now, discounts) = (driver.table("prices"), driver.table("discounts"));
        let of = |batch: &RecordBatch, name: &str| {
            arrow::util::display::array_value_to_string(&column(batch, name), 0).unwrap()
        };
        let codes: BTreeMap<String, i64> = (0..7)
            .map(|row| {
                let one = now.slice(row, 1);
                (of(&one, "code"), integers(&one, "price")[0])
            })
            .collect();
        for row in 0..5 {
            let one = discounts.slice(row, 1);
            assert_eq!(codes.get(&of(&one, "code")), Some(&integers(&one, "price")[0]), "{codes:?}");
        }
        assert_eq!(integers(&now, "sku"), (1..=7).collect::<Vec<_>>());
        assert!(integers(&driver.table("visits"), "sku").iter().all(|sku| (1..=7).contains(sku)));
        prices.push(integers(&now, "price"));
        clock.advance(SECOND * 2);
    }
    for (index, generation) in prices.iter().enumerate() {
        assert!(!prices[..index].contains(generation), "{prices:?}");
    }
    // The same file makes the same generations.
    let tables = Tables::compile_generations(&market(), START, &[0, 3, 0, 3]).unwrap();
    let again = tables.generate(3, 0..7, &tables.timelines()).unwrap();
    assert_eq!(integers(&again, "price"), prices[3]);
    // And the first one is what a table has that is never replaced.
    let mut plain = market();
    plain.tables[3].update_policy = UpdatePolicy::Append;
    plain.tables[1].update_policy = UpdatePolicy::Append;
    let tables = Tables::compile(&plain, START).unwrap();
    let first = tables.generate(3, 0..7, &tables.timelines()).unwrap();
    assert_eq!(integers(&first, "price"), prices[0]);
}

#[test]
fn a_bounded_run_makes_the_first_generation_like_any_table() {
    let clock = SimulatedClock::new(START);
    let mut driver = Driver::new(&market(), Mode::Bounded, 4, &clock).open(None).unwrap();
    assert!(driver.source.streams().iter().all(|stream| !stream.replaced));
    driver.step();
    driver.step();
    let middle = driver.source.bookmark();
    driver.drain();
    let mut rest = Driver::new(&market(), Mode::Bounded, 4, &clock).open(Some(middle)).unwrap();
    assert_eq!(
        rest.drain(),
        [rows("prices", 3), rows("visits", 2), rows("discounts", 4), rows("discounts", 1), Event::End]
    );
    let mut after =
        Driver::new(&market(), Mode::Bounded, 4, &clock).open(Some(driver.source.bookmark())).unwrap();
    assert_eq!(after.drain(), [Event::End]);
    // `serve` goes on with the next generation.
    let mut served =
        Driver::new(&market(), FOREVER, 100, &clock).open(Some(driver.source.bookmark())).unwrap();
    assert_eq!(served.drain(), [Event::Waits]);
    clock.advance(SECOND);
    assert_eq!(served.step(), generation("weather", 1));
}

#[test]
fn what_outlives_a_generation_may_not_depend_on_it() {
    let prices = || {
        replaced(
            table(
                "prices",
                5,
                "60",
                &[
                    ("sku", "row_id"),
                    ("next", "sku + 1"),
                    ("price", "random.randint(1, 9)"),
                    ("label", "str(price)"),
                ],
            ),
            Some(3),
        )
    };
    let child = |data: &str| {
        table("child", 5, "60", &[("id", "row_id"), ("fk", "foreign_key('prices', 'sku')"), ("x", data)])
    };
    let refused = |child: TableSpec| {
        let errors = try_compile(vec![prices(), child]).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].message.contains("replaced each cycle"), "{errors:?}");
        assert!(errors[0].hint.as_ref().unwrap().contains("same cycle"), "{errors:?}");
        errors[0].range.clone().unwrap()
    };
    let copy = "copy_from_fk('fk', 'prices', 'price')";
    assert_eq!(&copy[refused(child(copy))], "'price'");
    refused(child("copy_from_fk('fk', 'prices', 'label')"));
    refused(child("foreign_key('prices', 'label')"));
    refused(child(
        "foreign_key('prices', 'sku', distribution='weighted_parent', parent_attr='label', weights={'1': 2})",
    ));
    refused(replaced(child(copy), Some(1)));
    let mut paused = replaced(child(copy), Some(3));
    paused.cadence.enabled = false;
    refused(paused);
    for fine in [
        child("copy_from_fk('fk', 'prices', 'next')"),
        child("foreign_key('prices', 'next')"),
        replaced(child(copy), Some(3)),
    ] {
        try_compile(vec![prices(), fine]).unwrap();
    }
}

#[test]
fn impossible_cycles_are_refused() {
    for (table, message) in [
        (replaced(table("a", 0, "60", &[("id", "row_id")]), None), "by no rows"),
        (replaced(table("a", 1, "60", &[("id", "row_id")]), Some(0)), "whole number of ticks"),
    ] {
        let errors = try_compile(vec![table]).unwrap_err();
        assert!(errors[0].message.contains(message), "{errors:?}");
    }
    let mut odd = spec(vec![replaced(table("a", 1, "60", &[("id", "row_id")]), Some(3))]);
    odd.tick = SECOND * 2;
    assert!(Tables::compile(&odd, START).is_err());
}

#[test]
fn a_paused_table_keeps_its_generation_and_goes_on_with_the_next() {
    let clock = SimulatedClock::new(START);
    let mut market = market();
    market.tables.truncate(3);
    market.tables.remove(0);
    market.tables.remove(0);
    let mut first = Driver::new(&market, FOREVER, 100, &clock).open(None).unwrap();
    first.drain();
    clock.advance(SECOND * 2);
    first.drain();
    market.tables[0].cadence.enabled = false;
    let mut second = Driver::new(&market, FOREVER, 100, &clock).open(Some(first.source.bookmark())).unwrap();
    clock.advance(SECOND * 10);
    assert_eq!(second.drain(), [Event::Waits]);
    market.tables[0].cadence.enabled = true;
    market.tables[0].update_policy = UpdatePolicy::Replace { every: Some(SECOND * 3) };
    let mut third = Driver::new(&market, FOREVER, 100, &clock).open(Some(second.source.bookmark())).unwrap();
    clock.advance(SECOND * 2);
    assert_eq!(third.drain(), [Event::Waits]);
    clock.advance(SECOND);
    assert_eq!(third.drain(), [generation("weather", 3), rows("weather", 3), Event::Boundary, Event::Waits]);
    // Another policy or number of rows makes other tables.
    for change in [
        |table: &mut TableSpec| table.row_count = 4,
        |table: &mut TableSpec| table.update_policy = UpdatePolicy::Append,
    ] {
        let mut changed = market.clone();
        change(&mut changed.tables[0]);
        let refused =
            Driver::new(&changed, FOREVER, 100, &clock).open(Some(third.source.bookmark())).err().unwrap();
        assert!(refused.to_string().contains("update policy"), "{refused}");
    }
}

#[test]
fn a_new_child_joins_the_cycle_of_its_parent() {
    let clock = SimulatedClock::new(START);
    let mut whole = market();
    let mut before = market();
    before.tables.remove(1);
    // The parent's cycle has a history.
    before.tables[2].update_policy = UpdatePolicy::Replace { every: Some(SECOND * 3) };
    let mut first = Driver::new(&before, FOREVER, 100, &clock).open(None).unwrap();
    first.drain();
    clock.advance(SECOND * 5);
    first.drain();
    whole.start = Some(START);
    let mut second = Driver::new(&whole, FOREVER, 100, &clock).open(Some(first.source.bookmark())).unwrap();
    // It is filled at once, with the generation that its parent is at.
    assert_eq!(
        second.drain(),
        [generation("discounts", 1), rows("discounts", 5), Event::Boundary, Event::Waits]
    );
    clock.advance(SECOND * 2);
    let begun: Vec<Event> =
        second.drain().into_iter().filter(|event| matches!(event, Event::Generation(..))).collect();
    assert_eq!(
        begun,
        [
            generation("weather", 6),
            generation("weather", 7),
            generation("prices", 2),
            generation("discounts", 2)
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Sinks commit one after the other and may crash in between; checkpoints are kept or lost.
    #[test]
    fn crashes_neither_skip_nor_repeat_a_generation(
        crashes in prop::collection::vec((0_usize..8, 0_usize..4, any::<bool>()), 1..5),
        chunk in 1_usize..9,
    ) {
        let mut spec = market();
        spec.start = Some(START);
        let names = ["weather", "prices", "visits", "discounts"];
        let mut committed: Vec<Option<Bookmark>> = vec![None; 4];
        // Each commit of a generation: its number and its rows.
        let mut seen: Vec<Vec<(u64, RecordBatch)>> = vec![Vec::new(); 4];
        let mut visits = 0;
        let mut checkpoint: Option<Bookmark> = None;
        let mut wall = START;
        for crash in crashes.into_iter().map(Some).chain([None]) {
            wall += 3_600_000_000;
            let clock = SimulatedClock::new(wall);
            let driver = Driver::new(&spec, Mode::Continuous { max_ticks: Some(9) }, chunk, &clock);
            let progress: Vec<(StreamName, Option<Progress>)> = names.iter().zip(&committed).map(|(name, bookmark)| {
                let progress = bookmark.clone().map(|bookmark| Progress {
                    epoch: Epoch(1),
                    bookmarks: vec![("shop".to_owned(), bookmark)],
                    details: serde_json::Value::Null,
                });
                ((*name).into(), progress)
            }).collect();
            let known = checkpoint.clone().filter(|_| crash.is_some_and(|(_, _, kept)| kept));
            let from = driver.source.merge(known, &progress).unwrap();
            let mut driver = driver.open(from).unwrap();
            let mut begun: BTreeMap<String, u64> = BTreeMap::new();
            let (mut epochs, mut counted) = (0, 0);
            loop {
                let ended = match driver.step() {
                    Event::Generation(name, number) => {
                        prop_assert_eq!(begun.insert(name, number), None, "twice in an epoch");
                        continue;
                    }
                    Event::Waits => {
                        clock.advance(SECOND);
                        continue;
                    }
                    Event::Rows(..) => continue,
                    Event::Boundary => false,
                    Event::End => true,
                };
                let crashes_now = crash.is_some_and(|(epoch, _, _)| epoch == epochs);
                let commits = crash.filter(|_| crashes_now).map_or(4, |(_, commits, _)| commits);
                for (index, name) in names.iter().enumerate().take(commits) {
                    if let Some(number) = begun.get(*name) {
                        seen[index].push((*number, driver.table(name)));
                    }
                    if *name == "visits" {
                        visits += driver.rows(name) - counted;
                        counted = driver.rows(name);
                    }
                    committed[index] = Some(driver.source.bookmark());
                }
                begun.clear();
                if crashes_now || ended {
                    break;
                }
                checkpoint = Some(driver.source.bookmark());
                epochs += 1;
            }
        }
        for (index, (name, expected)) in names.iter().zip([10_u64, 5, 0, 5]).enumerate() {
            let numbers: Vec<u64> = seen[index].iter().map(|(number, _)| *number).collect();
            prop_assert_eq!(&numbers, &(0..expected).collect::<Vec<_>>(), "{}", name);
            for (number, batch) in &seen[index] {
                let table = spec.tables.iter().position(|table| table.name == *name).unwrap();
                let tables = Tables::compile_generations(&spec, START, &[*number; 4]).unwrap();
                // Ticks of every two seconds: where `tick_time` puts the rows.
                let whole = tables.generate(table, 0..batch.num_rows() as u64, &tables.timelines()).unwrap();
                prop_assert_eq!(batch, &whole, "{}", name);
            }
        }
        prop_assert_eq!(visits, 2 + 18);
    }
}
