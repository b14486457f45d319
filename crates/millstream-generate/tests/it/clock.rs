//! What `datetime.now()` means: the file, the command, or the start, and the same after a restart.

use std::time::Duration;

use arrow::array::AsArray;
use millstream_core::{ErrorKind, SimulatedClock, Source};
use millstream_generate::{Tables, TablesSpec};

use crate::common::{START, spec, table};
use crate::source::{Driver, FOREVER};

const NOW: i64 = 1_893_456_000_000_000; // 2030-01-01

fn asking() -> TablesSpec {
    let columns = [
        ("id", "row_id"),
        ("now", "str(datetime.now())"),
        ("today", "str(date.today())"),
        ("recent", "str(fake.date_between('-1d', 'today'))"),
    ];
    spec(vec![table("asking", 2, "60", &columns)])
}

fn texts(driver: &Driver, column: &str) -> Vec<String> {
    let batch = driver.table("asking");
    let array = batch.column_by_name(column).unwrap().as_string::<i32>().clone();
    array.iter().map(|text| text.unwrap().to_owned()).collect()
}

#[test]
fn the_clock_is_that_of_the_file_or_the_start() {
    let by_start = Tables::compile(&asking(), START).unwrap();
    assert_eq!((by_start.now(), by_start.reads_clock()), (START, true));
    let fixed = TablesSpec { now: Some(NOW), ..asking() };
    let by_file = Tables::compile(&fixed, START).unwrap();
    assert_eq!(by_file.now(), NOW);
    assert_ne!(by_start.fingerprint(), by_file.fingerprint());
    let rows = by_file.generate(0, 0..2, &by_file.timelines()).unwrap();
    assert_eq!(rows.column(1).as_string::<i32>().value(1), "2030-01-01 00:00:00");
    assert_eq!(rows.column(2).as_string::<i32>().value(0), "2030-01-01");
    assert!(["2029-12-31", "2030-01-01"].contains(&rows.column(3).as_string::<i32>().value(0)));
}

#[test]
fn a_restart_keeps_the_clock() {
    let fixed = TablesSpec { now: Some(NOW), ..asking() };
    let clock = SimulatedClock::new(START);
    let mut first = Driver::new(&fixed, FOREVER, 100, &clock).open(None).unwrap();
    first.drain();
    let bookmark = first.source.bookmark();
    assert_eq!(bookmark.0["now"], NOW);

    // Later, without `now`, and with the same.
    for again in [asking(), fixed.clone()] {
        let later = SimulatedClock::new(START + 86_400_000_000);
        let mut second = Driver::new(&again, FOREVER, 100, &later).open(Some(bookmark.clone())).unwrap();
        second.drain();
        later.advance(Duration::from_secs(3));
        second.drain();
        assert_eq!(texts(&second, "now"), ["2030-01-01 00:00:00"; 3]);
        assert_eq!(second.source.bookmark().0["now"], NOW);
    }

    let other = TablesSpec { now: Some(NOW + 1), ..asking() };
    let error = Driver::new(&other, FOREVER, 100, &clock).open(Some(bookmark)).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::State);
    assert!(error.to_string().contains("the clock of the tables (`now`) has changed"), "{error}");
}

#[test]
fn a_clock_that_was_the_start_stays_it() {
    let clock = SimulatedClock::new(START);
    let mut first = Driver::new(&asking(), FOREVER, 100, &clock).open(None).unwrap();
    first.drain();
    let bookmark = first.source.bookmark();
    assert!(bookmark.0.get("now").is_none());
    let later = SimulatedClock::new(START + 86_400_000_000);
    let mut second = Driver::new(&asking(), FOREVER, 100, &later).open(Some(bookmark.clone())).unwrap();
    second.drain();
    later.advance(Duration::from_secs(2));
    second.drain();
    assert_eq!(texts(&second, "now"), texts(&first, "now"));
    let fixed = TablesSpec { now: Some(NOW), ..asking() };
    assert!(Driver::new(&fixed, FOREVER, 100, &clock).open(Some(bookmark)).is_err());
}

#[test]
fn who_never_asks_may_be_told_another_time() {
    let plain = |now| TablesSpec { now, ..spec(vec![table("asking", 2, "60", &[("id", "row_id")])]) };
    let clock = SimulatedClock::new(START);
    let mut first = Driver::new(&plain(Some(NOW)), FOREVER, 100, &clock).open(None).unwrap();
    first.drain();
    let bookmark = first.source.bookmark();
    assert!(Driver::new(&plain(Some(NOW + 5)), FOREVER, 100, &clock).open(Some(bookmark)).is_ok());
    let compiled = |now| Tables::compile(&plain(now), START).unwrap().fingerprint();
    assert_eq!(compiled(Some(NOW)), compiled(None));
}
