//! Disorder does not change what a row is, only whether, when and how often it comes.

use std::collections::BTreeMap;
use std::time::Duration;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::take;
use arrow::datatypes::TimestampMicrosecondType;
use millstream_core::{SimulatedClock, Source as _};
use millstream_generate::{Delay, Disorder, Duplicate, Late, Mode, SpecError, TableSpec, Tables, TablesSpec};

use crate::common::{START, integers, shop, spec, table, try_compile};
use crate::source::{Driver, Event, FOREVER};

fn disorder() -> Disorder {
    Disorder {
        late: Some(Late {
            probability: "20%".parse().unwrap(),
            by: Delay::Exponential(Duration::from_secs(3)),
        }),
        duplicate: Some(Duplicate { probability: "10%".parse().unwrap(), within: 40 }),
        drop: Some("5%".parse().unwrap()),
    }
}

/// Customers, and clicks that refer to them.
fn clicks(disorder: Option<Disorder>) -> TablesSpec {
    let mut clicks = table(
        "clicks",
        100,
        "6000",
        &[
            ("id", "row_id"),
            ("customer", "foreign_key('customers', 'customer_id')"),
            ("price", "random.randint(1, 1000)"),
            ("at", "tick_time()"),
            ("arrived", "arrival_time()"),
        ],
    );
    clicks.disorder = disorder;
    spec(vec![shop().remove(0), clicks])
}

fn served(spec: &TablesSpec, chunk: usize) -> RecordBatch {
    let clock = SimulatedClock::new(START);
    let mode = Mode::Continuous { max_ticks: Some(20) };
    let mut driver = Driver::new(spec, mode, chunk, &clock).open(None).unwrap();
    driver.finish(Duration::from_secs(1));
    driver.table("clicks")
}

fn times(batch: &RecordBatch, name: &str) -> Vec<i64> {
    batch.column_by_name(name).unwrap().as_primitive::<TimestampMicrosecondType>().values().to_vec()
}

#[test]
fn every_row_that_comes_is_the_row_without_disorder_but_for_its_time() {
    let plain = served(&clicks(None), 1000);
    assert_eq!(plain.num_rows(), 100 + 2000);
    assert_eq!(times(&plain, "at"), times(&plain, "arrived"));
    let disordered = served(&clicks(Some(disorder())), 1000);
    let ids = integers(&disordered, "id");
    let indices = arrow::array::UInt64Array::from_iter_values(ids.iter().map(|id| *id as u64 - 1));
    for name in ["id", "customer", "price", "arrived"] {
        let column = |batch: &RecordBatch| batch.column_by_name(name).unwrap().clone();
        assert_eq!(&take(&column(&plain), &indices, None).unwrap(), &column(&disordered), "{name}");
    }
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for id in &ids {
        *counts.entry(*id).or_default() += 1;
    }
    let twice = counts.values().filter(|count| **count == 2).count();
    assert!((1900..2070).contains(&counts.len()) && (130..270).contains(&twice), "{} {twice}", counts.len());
    let late: Vec<i64> = times(&disordered, "arrived")
        .iter()
        .zip(times(&disordered, "at"))
        .map(|(arrived, at)| arrived - at)
        .filter(|delay| *delay != 0)
        .collect();
    assert!(late.iter().all(|delay| *delay > 0));
    let mean = late.iter().sum::<i64>() as f64 / late.len() as f64;
    assert!((350..520).contains(&late.len()) && (2.4e6..3.6e6).contains(&mean), "{} {mean}", late.len());
    assert!(!times(&disordered, "at").is_sorted());
}

#[test]
fn chunks_and_restarts_change_nothing() {
    let spec = clicks(Some(disorder()));
    let whole = served(&spec, 1000);
    for chunk in [1, 17, 100_000] {
        assert_eq!(served(&spec, chunk), whole, "{chunk}");
    }
    let clock = SimulatedClock::new(START);
    let mode = Mode::Continuous { max_ticks: Some(20) };
    let mut first = Driver::new(&spec, mode, 23, &clock).open(None).unwrap();
    let mut bookmarks = vec![(first.source.bookmark(), 0)];
    loop {
        match first.step() {
            Event::End => break,
            Event::Waits => clock.advance(Duration::from_secs(1)),
            _ => bookmarks.push((first.source.bookmark(), first.rows("clicks"))),
        }
    }
    for (bookmark, rows) in bookmarks.into_iter().step_by(9) {
        let clock = SimulatedClock::new(START);
        let mut second = Driver::new(&spec, mode, 50, &clock).open(Some(bookmark)).unwrap();
        second.finish(Duration::from_secs(1));
        if rows < whole.num_rows() {
            assert_eq!(second.table("clicks"), whole.slice(rows, whole.num_rows() - rows));
        }
    }
}

#[test]
fn a_chunk_may_lose_all_its_rows() {
    let mut spec = clicks(Some(Disorder { drop: Some("100%".parse().unwrap()), ..Disorder::default() }));
    spec.tables.remove(0);
    spec.tables[0].columns.retain(|column| column.name != "customer");
    let clock = SimulatedClock::new(START);
    let mut driver = Driver::new(&spec, FOREVER, 1000, &clock).open(None).unwrap();
    assert_eq!(driver.drain(), [Event::Rows("clicks".to_owned(), 0), Event::Boundary, Event::Waits]);
}

#[test]
fn tables_that_others_refer_to_keep_all_their_rows() {
    let refused = |change: &dyn Fn(&mut Vec<TableSpec>)| -> SpecError {
        let mut tables = shop();
        change(&mut tables);
        let mut errors = try_compile(tables).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors.remove(0)
    };
    let only_late = Disorder { duplicate: None, drop: None, ..disorder() };
    for disorder in [
        Disorder { late: None, drop: None, ..disorder() },
        Disorder { late: None, duplicate: None, ..disorder() },
    ] {
        let error = refused(&|tables| tables[1].disorder = Some(disorder));
        assert_eq!(error.table, 1);
        assert!(error.message.contains("`payments` refers") && error.hint.is_some(), "{error:?}");
    }
    // A table that refers to itself, and one that is counted.
    let itself = ("boss", "foreign_key('t', 'id')");
    let mut own = table("t", 10, "0", &[("id", "row_id"), itself]);
    own.disorder = Some(Disorder { late: None, ..disorder() });
    assert!(try_compile(vec![own.clone()]).unwrap_err()[0].message.contains("`t` refers"));
    own.columns.pop();
    let counting = table("u", 10, "0", &[("id", "row_id"), ("n", "len(get_table('t'))")]);
    assert!(try_compile(vec![own, counting]).unwrap_err()[0].message.contains("`u` refers"));
    let error = refused(&|tables| tables[2].disorder = Some(only_late));
    assert!(error.message.contains("no column of it has a time"), "{error:?}");
    // Parents may be late: their copies are their own.
    let mut tables = shop();
    tables[1].disorder = Some(only_late);
    tables[2].columns.push(
        table("x", 0, "0", &[("at", "copy_from_fk('order_id', 'orders', 'ordered_at')")]).columns.remove(0),
    );
    tables[2].columns[5].is_primary_key = false;
    let compiled = Tables::compile(&spec(tables), START).unwrap();
    let timelines = compiled.timelines();
    let orders = compiled.generate(1, 0..200, &timelines).unwrap();
    let payments = compiled.generate(2, 0..100, &timelines).unwrap();
    let at = times(&orders, "ordered_at");
    for (order, copied) in integers(&payments, "order_id").into_iter().zip(times(&payments, "at")) {
        assert_eq!(copied, at[order as usize - 1]);
    }
}

#[test]
fn a_changed_disorder_is_refused_after_a_restart() {
    let clock = SimulatedClock::new(START);
    let mut driver = Driver::new(&clicks(Some(disorder())), FOREVER, 1000, &clock).open(None).unwrap();
    driver.drain();
    let bookmark = driver.source.bookmark();
    for changed in [None, Some(Disorder { drop: None, ..disorder() })] {
        let again = Driver::new(&clicks(changed), FOREVER, 1000, &clock).open(Some(bookmark.clone()));
        assert!(again.is_err_and(|error| error.to_string().contains("clicks")));
    }
}
