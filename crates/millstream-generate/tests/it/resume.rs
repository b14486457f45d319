//! Going on after a stop, a crash, and a change of the file (S-67).

use std::time::Duration;

use arrow::array::RecordBatch;
use millstream_core::{
    Bookmark, Epoch, Error, ErrorKind, Progress, Result, ResumesFromSinks, SimulatedClock, Source, StreamName,
};
use millstream_generate::{Mode, TablesSpec};
use proptest::prelude::*;

use crate::common::{START, integers, shop, spec, table};
use crate::source::{Driver, Event, FOREVER};

const SECOND: Duration = Duration::from_secs(1);
const NAMES: [&str; 3] = ["customers", "orders", "payments"];

fn ticks(most: u64) -> Mode {
    Mode::Continuous { max_ticks: Some(most) }
}

fn uninterrupted(spec: &TablesSpec, most: u64) -> Vec<RecordBatch> {
    let clock = SimulatedClock::new(START);
    let mut driver = Driver::new(spec, ticks(most), 1000, &clock).open(None).unwrap();
    driver.finish(SECOND);
    NAMES.map(|name| driver.table(name)).to_vec()
}

#[test]
fn from_every_bookmark_the_rest_is_that_of_an_uninterrupted_run() {
    let spec = spec(shop());
    let expected = uninterrupted(&spec, 6);
    let clock = SimulatedClock::new(START);
    let mut first = Driver::new(&spec, ticks(6), 37, &clock).open(None).unwrap();
    let mut bookmarks = vec![(first.source.bookmark(), [0; 3])];
    loop {
        match first.step() {
            Event::End => break,
            Event::Waits => clock.advance(SECOND),
            _ => {}
        }
        bookmarks.push((first.source.bookmark(), NAMES.map(|name| first.rows(name))));
    }
    assert!(bookmarks.len() > 30);
    for (bookmark, rows) in bookmarks {
        // Bookmarks live as text, and the clock of the next process shows another time.
        let text = serde_json::to_string(&bookmark).unwrap();
        let clock = SimulatedClock::new(START + 86_400_000_000);
        let mut second = Driver::new(&spec, ticks(6), 41, &clock)
            .open(Some(serde_json::from_str(&text).unwrap()))
            .unwrap();
        second.finish(SECOND);
        for ((name, whole), from) in NAMES.iter().zip(&expected).zip(rows) {
            let rest = whole.slice(from, whole.num_rows() - from);
            assert_eq!(second.rows(name), rest.num_rows());
            if rest.num_rows() > 0 {
                assert_eq!(second.table(name), rest, "{name} from {from}");
            }
        }
    }
}

#[test]
fn a_bookmark_says_what_children_can_see() {
    let clock = SimulatedClock::new(START);
    let mut driver = Driver::new(&spec(shop()), FOREVER, 1000, &clock).open(None).unwrap();
    driver.drain();
    clock.advance(SECOND * 4);
    driver.drain();
    let bookmark = driver.source.bookmark().0;
    assert_eq!(bookmark["tick"], 4);
    assert_eq!(bookmark["start"], START);
    assert_eq!(bookmark["tables"]["customers"]["rows"], 56);
    assert_eq!(bookmark["tables"]["orders"]["visible"]["customers"], 56);
    assert_eq!(bookmark["tables"]["payments"]["visible"]["orders"], 240);
}

/// Sinks that commit one after the other, in stream order, and may crash in between.
struct Sinks {
    committed: Vec<Option<(Bookmark, usize)>>,
}

impl Sinks {
    fn progress(&self) -> Vec<(StreamName, Option<Progress>)> {
        NAMES
            .iter()
            .zip(&self.committed)
            .map(|(name, committed)| {
                let progress = committed.as_ref().map(|(bookmark, _)| Progress {
                    epoch: Epoch(1),
                    bookmarks: vec![
                        ("another".to_owned(), Bookmark(serde_json::Value::Null)),
                        ("shop".to_owned(), bookmark.clone()),
                    ],
                    details: serde_json::Value::Null,
                });
                ((*name).into(), progress)
            })
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn crashes_between_the_commits_of_parents_and_children_lose_and_repeat_nothing(
        crashes in prop::collection::vec((0_usize..12, 1_usize..3, any::<bool>()), 1..4),
        chunk in 10_usize..200,
        rate in 1_u64..5000,
    ) {
        let mut spec = spec(shop());
        spec.start = Some(START);
        spec.tables[0].cadence.rate = rate.to_string().parse().unwrap();
        let expected = uninterrupted(&spec, 8);
        let mut sinks = Sinks { committed: vec![None; 3] };
        let mut tables: Vec<Vec<RecordBatch>> = vec![Vec::new(); 3];
        let mut checkpoint: Option<Bookmark> = None;
        let mut wall = START;
        for crash in crashes.into_iter().map(Some).chain([None]) {
            wall += 3_600_000_000;
            let clock = SimulatedClock::new(wall);
            let driver = Driver::new(&spec, ticks(8), chunk, &clock);
            // With or without the state store: the sinks know enough.
            let known = checkpoint.clone().filter(|_| crash.is_some_and(|(_, _, kept)| kept));
            let from = driver.source.merge(known, &sinks.progress()).unwrap();
            let mut driver = driver.open(from).unwrap();
            let base: Vec<usize> = tables.iter().map(|batches| batches.iter().map(RecordBatch::num_rows).sum()).collect();
            let mut epochs = 0;
            loop {
                let event = driver.step();
                if event == Event::Waits {
                    clock.advance(SECOND);
                }
                if !matches!(event, Event::Boundary | Event::End) {
                    continue;
                }
                let crashes_now = crash.is_some_and(|(epoch, _, _)| epoch == epochs);
                let commits = crash.filter(|_| crashes_now).map_or(3, |(_, commits, _)| commits);
                for table in 0..commits {
                    let rows = base[table] + driver.rows(NAMES[table]);
                    let had: usize = tables[table].iter().map(RecordBatch::num_rows).sum();
                    if rows > had {
                        let all = driver.table(NAMES[table]);
                        tables[table].push(all.slice(had - base[table], rows - had));
                    }
                    sinks.committed[table] = Some((driver.source.bookmark(), rows));
                }
                if crashes_now {
                    break;
                }
                // The checkpoint is at most as new as the oldest sink.
                checkpoint = Some(driver.source.bookmark());
                epochs += 1;
                if event == Event::End {
                    break;
                }
            }
        }
        for (index, expected) in expected.iter().enumerate() {
            let whole = arrow::compute::concat_batches(&expected.schema(), &tables[index]).unwrap();
            prop_assert_eq!(&whole, expected);
        }
    }
}

#[test]
fn a_child_that_lags_is_caught_up_before_the_next_tick() {
    let clock = SimulatedClock::new(START);
    let mut driver = Driver::new(&spec(shop()), FOREVER, 1000, &clock).open(None).unwrap();
    driver.drain();
    let old = driver.source.bookmark();
    clock.advance(SECOND * 2);
    driver.drain();
    let new = driver.source.bookmark();
    let sinks =
        Sinks { committed: vec![Some((new, 53)), Some((old.clone(), 200)), Some((old.clone(), 100))] };
    let clock = SimulatedClock::new(START + 60_000_000);
    let mut spec = spec(shop());
    spec.max_catch_up = 25;
    let again = Driver::new(&spec, FOREVER, 10, &clock);
    let from = again.source.merge(Some(old), &sinks.progress()).unwrap().unwrap();
    assert_eq!(from.0["tick"], 2);
    let mut again = again.open(Some(from)).unwrap();
    let rows = |name: &str, count: usize| Event::Rows(name.to_owned(), count);
    assert_eq!(
        again.drain(),
        [
            rows("orders", 10),
            rows("orders", 10),
            rows("payments", 10),
            Event::Boundary,
            rows("payments", 5),
            Event::Boundary,
            Event::Waits
        ]
    );
}

fn refused(result: Result<impl Sized>) -> Error {
    match result {
        Ok(_) => panic!("it was not refused"),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::State, "{error}");
            assert!(error.hint_text().is_some(), "{error}");
            error
        }
    }
}

fn after_two_ticks(spec: &TablesSpec) -> Driver {
    let clock = SimulatedClock::new(START);
    let mut driver = Driver::new(spec, FOREVER, 1000, &clock).open(None).unwrap();
    driver.drain();
    clock.advance(SECOND * 2);
    driver.drain();
    driver
}

#[test]
fn a_file_that_makes_other_rows_is_refused() {
    let original = spec(shop());
    let bookmark = after_two_ticks(&original).source.bookmark();
    let open = |change: &dyn Fn(&mut TablesSpec)| {
        let mut changed = original.clone();
        change(&mut changed);
        Driver::new(&changed, FOREVER, 1000, &SimulatedClock::new(START)).open(Some(bookmark.clone()))
    };
    let error = refused(open(&|spec| spec.seed = 43));
    assert!(error.to_string().contains("seed"), "{error}");
    let error = refused(open(&|spec| spec.tables[1].columns[4].data = "1.5".to_owned()));
    assert!(error.to_string().contains("`orders`"), "{error}");
    let error = refused(open(&|spec| spec.tables[2].start_row_id = 5));
    assert!(error.to_string().contains("`payments`"), "{error}");
    let error = refused(open(&|spec| spec.start = Some(5)));
    assert!(error.to_string().contains("start"), "{error}");
    // Cadences, the order of tables and descriptions may change.
    open(&|spec| {
        spec.tables.reverse();
        spec.tables[0].cadence.rate = "1".parse().unwrap();
        spec.tables[0].columns[0].description = Some("x".to_owned());
        spec.tick = Duration::from_secs(7);
    })
    .unwrap();
    refused(
        Driver::new(&original, FOREVER, 1000, &SimulatedClock::new(START))
            .open(Some(Bookmark(serde_json::json!({"offset": 3})))),
    );
    let mut damaged = bookmark.clone();
    damaged.0["tables"]["orders"]["rows"] = serde_json::json!(1_000_000);
    let error =
        refused(Driver::new(&original, FOREVER, 1000, &SimulatedClock::new(START)).open(Some(damaged)));
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[test]
fn another_rate_goes_on_from_what_was_committed() {
    let clock = SimulatedClock::new(START);
    let mut spec = spec(vec![table("a", 10, "60", &[("id", "row_id"), ("at", "tick_time()")])]);
    let mut first = Driver::new(&spec, FOREVER, 2, &clock).open(None).unwrap();
    // In the middle of the initial rows a new rate does not move those that were made.
    first.step();
    let mut whole = Driver::new(&spec, ticks(0), 100, &clock).open(None).unwrap();
    whole.finish(SECOND);
    spec.tables[0].cadence.rate = "120".parse().unwrap();
    let mut second = Driver::new(&spec, FOREVER, 100, &clock).open(Some(first.source.bookmark())).unwrap();
    second.drain();
    assert_eq!(second.table("a"), whole.table("a").slice(2, 8));
    clock.advance(SECOND * 3);
    second.drain();
    assert_eq!(second.rows("a"), 8 + 6);
    // Paused, and another tick length, after three ticks.
    spec.tables[0].cadence.enabled = false;
    spec.tick = SECOND * 10;
    let mut third = Driver::new(&spec, FOREVER, 100, &clock).open(Some(second.source.bookmark())).unwrap();
    clock.advance(SECOND * 100);
    third.drain();
    assert_eq!(third.rows("a"), 0);
    let bookmark = third.source.bookmark();
    // An epoch never ended, but the position may be taken at any time: 13 ticks are done.
    assert_eq!(bookmark.0["tick"], 13);
    spec.tables[0].cadence.enabled = true;
    spec.tables[0].cadence.rate = "6".parse().unwrap();
    let mut fourth = Driver::new(&spec, FOREVER, 100, &clock).open(Some(bookmark)).unwrap();
    clock.advance(SECOND * 20);
    fourth.drain();
    assert_eq!(fourth.rows("a"), 2);
    assert_eq!(integers(&fourth.table("a"), "id"), [17, 18]);
    let times = fourth.source.timelines();
    assert_eq!(times.time_of(15), 3_000_000 + 12 * 10_000_000);
}

#[test]
fn within_a_tick_the_old_rate_holds() {
    let clock = SimulatedClock::new(START);
    let mut spec = spec(vec![
        table("a", 1, "600", &[("id", "row_id")]),
        table("b", 1, "600", &[("id", "row_id"), ("a", "foreign_key('a', 'id')")]),
    ]);
    let mut first = Driver::new(&spec, FOREVER, 4, &clock).open(None).unwrap();
    first.drain();
    clock.advance(SECOND);
    first.step();
    assert_eq!(first.rows("a"), 5);
    for table in &mut spec.tables {
        table.cadence.rate = "60".parse().unwrap();
    }
    let mut second = Driver::new(&spec, FOREVER, 100, &clock).open(Some(first.source.bookmark())).unwrap();
    assert_eq!(
        second.drain(),
        [Event::Rows("a".to_owned(), 6), Event::Rows("b".to_owned(), 10), Event::Boundary, Event::Waits]
    );
    clock.advance(SECOND);
    assert_eq!(
        second.drain(),
        [Event::Rows("a".to_owned(), 1), Event::Rows("b".to_owned(), 1), Event::Boundary, Event::Waits]
    );
}

#[test]
fn a_new_table_is_filled_and_a_removed_one_forgotten() {
    let original = spec(shop());
    let bookmark = after_two_ticks(&original).source.bookmark();
    let mut changed = original.clone();
    changed.tables.remove(2);
    changed.tables.push(table(
        "visits",
        7,
        "120",
        &[("id", "row_id"), ("c", "foreign_key('customers', 'customer_id')")],
    ));
    let clock = SimulatedClock::new(START);
    let driver = Driver::new(&changed, FOREVER, 1000, &clock);
    let mut driver = driver.open(Some(bookmark)).unwrap();
    let rows = |name: &str, count: usize| Event::Rows(name.to_owned(), count);
    assert_eq!(driver.drain(), [rows("visits", 11), Event::Boundary, Event::Waits]);
    clock.advance(SECOND);
    assert_eq!(
        driver.drain(),
        [rows("customers", 1), rows("orders", 10), rows("visits", 2), Event::Boundary, Event::Waits]
    );
}

#[test]
fn sinks_that_do_not_belong_together_are_refused() {
    let original = spec(shop());
    let first = after_two_ticks(&original);
    let bookmark = first.source.bookmark();
    let committed = |bookmark: &Bookmark| Some((bookmark.clone(), 0));
    let merge = |checkpoint: Option<&Bookmark>, sinks: &[(StreamName, Option<Progress>)]| {
        Driver::new(&original, FOREVER, 1000, &SimulatedClock::new(START))
            .source
            .merge(checkpoint.cloned(), sinks)
    };
    // Nothing anywhere: a first start.
    let none = Sinks { committed: vec![None; 3] }.progress();
    assert_eq!(merge(None, &none).unwrap(), None);
    // The table of orders is gone, and so is the state: it is made again from its first row.
    let lost = Sinks { committed: vec![committed(&bookmark), None, committed(&bookmark)] }.progress();
    let merged = merge(None, &lost).unwrap().unwrap();
    assert_eq!(merged.0["tables"]["orders"]["rows"], 0);
    assert_eq!(merged.0["tables"]["payments"]["rows"], bookmark.0["tables"]["payments"]["rows"]);
    // With the state, that is a contradiction.
    let error = refused(merge(Some(&bookmark), &lost));
    assert!(error.to_string().contains("`orders` is empty"), "{error}");
    // A sink that does not report is where the checkpoint says.
    let merged = merge(Some(&bookmark), &lost[..1]).unwrap().unwrap();
    assert_eq!(merged, bookmark);
    // Sinks of two different runs.
    let mut other = original.clone();
    other.start = Some(7);
    let other = after_two_ticks(&other).source.bookmark();
    let mixed = Sinks { committed: vec![committed(&bookmark), committed(&other), None] }.progress();
    refused(merge(None, &mixed));
    // Two sinks of one table that differ.
    let mut behind = bookmark.clone();
    behind.0["tables"]["orders"]["rows"] = serde_json::json!(3);
    let twice = Sinks { committed: vec![None, committed(&bookmark), None] }.progress()[1].clone();
    let twice_behind = Sinks { committed: vec![None, committed(&behind), None] }.progress()[1].clone();
    refused(merge(None, &[twice.clone(), twice_behind]));
    merge(None, &[twice.clone(), twice.clone()]).unwrap().unwrap();
    // A commit of another pipeline.
    let mut foreign = twice;
    foreign.1.as_mut().unwrap().bookmarks.pop();
    refused(merge(None, &[foreign]));
}

#[test]
fn a_change_of_a_cadence_survives_a_restart_until_the_file_is_changed() {
    let clock = SimulatedClock::new(START);
    let mut spec = spec(vec![
        table("a", 10, "60", &[("id", "row_id"), ("at", "tick_time()")]),
        table("b", 10, "60", &[("id", "row_id")]),
    ]);
    let change = |driver: &Driver, table: &str, json: &str| {
        driver.source.status().control().change(table, &serde_json::from_str(json).unwrap()).unwrap()
    };
    let reopen = |spec: &TablesSpec, bookmark: Bookmark| {
        // Bookmarks live as text.
        let text = serde_json::to_string(&bookmark).unwrap();
        let mut driver =
            Driver::new(spec, FOREVER, 100, &clock).open(Some(serde_json::from_str(&text).unwrap())).unwrap();
        driver.drain();
        driver
    };
    let mut first = Driver::new(&spec, FOREVER, 100, &clock).open(None).unwrap();
    first.drain();
    clock.advance(SECOND * 3);
    first.drain();
    assert_eq!(change(&first, "a", r#"{"rows_per_minute": 600}"#), 1);
    assert_eq!(change(&first, "b", r#"{"enabled": false}"#), 2);
    first.drain();

    let mut second = reopen(&spec, first.source.bookmark());
    assert_eq!(second.source.bookmark().0["revision"], 2);
    clock.advance(SECOND * 2);
    second.drain();
    assert_eq!((second.rows("a"), second.rows("b")), (20, 0));
    assert_eq!(integers(&second.table("a"), "id"), (14..34).collect::<Vec<i64>>());
    assert_eq!(change(&second, "b", r#"{"enabled": true}"#), 3);
    second.drain();
    clock.advance(SECOND);
    second.drain();
    assert_eq!((second.rows("a"), second.rows("b")), (30, 1));

    // Other parts of the file may change; of this table, the file is listened to when it says something new.
    spec.tables[1].cadence.rate = "120".parse().unwrap();
    let mut third = reopen(&spec, second.source.bookmark());
    clock.advance(SECOND);
    third.drain();
    assert_eq!((third.rows("a"), third.rows("b")), (10, 2));
    spec.tables[0].cadence.rate = "180".parse().unwrap();
    let mut fourth = reopen(&spec, third.source.bookmark());
    clock.advance(SECOND);
    fourth.drain();
    assert_eq!((fourth.rows("a"), fourth.rows("b")), (3, 2));
    let (cadence, declared) = fourth.source.status().control().cadence(0).unwrap();
    assert_eq!((cadence.rate.to_string().as_str(), declared), ("180", true));
    // The change is forgotten for good.
    spec.tables[0].cadence.rate = "60".parse().unwrap();
    let mut fifth = reopen(&spec, fourth.source.bookmark());
    clock.advance(SECOND);
    fifth.drain();
    assert_eq!(fifth.rows("a"), 1);
}

#[test]
fn a_change_within_a_tick_after_a_restart_waits_for_its_end() {
    let clock = SimulatedClock::new(START);
    let spec = spec(vec![
        table("a", 1, "600", &[("id", "row_id")]),
        table("b", 1, "600", &[("id", "row_id"), ("a", "foreign_key('a', 'id')")]),
    ]);
    let mut first = Driver::new(&spec, FOREVER, 4, &clock).open(None).unwrap();
    first.drain();
    clock.advance(SECOND);
    first.step();
    let mut second = Driver::new(&spec, FOREVER, 100, &clock).open(Some(first.source.bookmark())).unwrap();
    for table in ["a", "b"] {
        let slow = serde_json::from_str(r#"{"rows_per_minute": 60}"#).unwrap();
        second.source.status().control().change(table, &slow).unwrap();
    }
    let rows = |name: &str, count: usize| Event::Rows(name.to_owned(), count);
    assert_eq!(second.drain(), [Event::Boundary, rows("a", 6), rows("b", 10), Event::Boundary, Event::Waits]);
    clock.advance(SECOND);
    assert_eq!(second.drain(), [rows("a", 1), rows("b", 1), Event::Boundary, Event::Waits]);
}
