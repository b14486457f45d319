//! The source under a simulated clock: which ticks come when, and where epochs end (S-63, S-65).

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use millstream_core::{Bookmark, Boundary, Clock, Pull, Result, SimulatedClock, Source};
use millstream_generate::{GeneratorSource, Mode, OnRestart, Speed, Tables, TablesSpec, UpdatePolicy};

use crate::common::{START, all, shop, spec, table};

/// A source with its clock and what it gave so far.
pub(crate) struct Driver {
    pub(crate) source: GeneratorSource,
    pub(crate) clock: SimulatedClock,
    pub(crate) batches: BTreeMap<String, Vec<RecordBatch>>,
    names: Vec<String>,
    /// Whether an epoch may end here.
    pub(crate) boundary: Boundary,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    Rows(String, usize),
    Generation(String, u64),
    Boundary,
    End,
    /// It waits for the clock.
    Waits,
}

fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    match poll(future) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

impl Driver {
    pub(crate) fn new(spec: &TablesSpec, mode: Mode, chunk_rows: usize, clock: &SimulatedClock) -> Self {
        let tables = Tables::compile(spec, spec.start.unwrap_or_else(|| clock.now())).unwrap();
        let source =
            GeneratorSource::new("shop", tables, spec.clone(), mode, chunk_rows, Arc::new(clock.clone()));
        let names = source.streams().iter().map(|stream| stream.name.to_string()).collect();
        Self { source, clock: clock.clone(), batches: BTreeMap::new(), names, boundary: Boundary::Allowed }
    }

    pub(crate) fn open(mut self, from: Option<Bookmark>) -> Result<Self> {
        ready(self.source.open(from))?;
        Ok(self)
    }

    pub(crate) fn step(&mut self) -> Event {
        match poll(self.source.next()) {
            Poll::Pending => Event::Waits,
            Poll::Ready(pull) => match pull.unwrap() {
                Pull::End => Event::End,
                Pull::Boundary => Event::Boundary,
                Pull::Generation { stream, generation } => {
                    let name = self.names[stream].clone();
                    // What the table held is gone.
                    self.batches.remove(&name);
                    Event::Generation(name, generation)
                }
                Pull::Work(work) => {
                    self.boundary = work.boundary;
                    let replaced = self.source.streams().iter().any(|stream| stream.replaced);
                    assert!(replaced || work.boundary == Boundary::Allowed);
                    assert!(work.bytes > 0);
                    let name = self.names[work.stream].clone();
                    let decoded = work.decode.decode().unwrap();
                    assert!(decoded.rejected.is_empty());
                    let rows = decoded.batch.num_rows();
                    self.batches.entry(name.clone()).or_default().push(decoded.batch);
                    Event::Rows(name, rows)
                }
            },
        }
    }

    /// Steps until it waits or ends.
    pub(crate) fn drain(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = self.step();
            let over = matches!(event, Event::Waits | Event::End);
            events.push(event);
            if over {
                return events;
            }
        }
    }

    /// Runs to the end, moving the clock by `step` whenever it waits.
    pub(crate) fn finish(&mut self, step: Duration) {
        while self.drain().last() != Some(&Event::End) {
            self.clock.advance(step);
        }
    }

    pub(crate) fn rows(&self, name: &str) -> usize {
        self.batches.get(name).map_or(0, |batches| batches.iter().map(RecordBatch::num_rows).sum())
    }

    pub(crate) fn table(&self, name: &str) -> RecordBatch {
        let batches = &self.batches[name];
        concat_batches(&batches[0].schema(), batches).unwrap()
    }
}

pub(crate) const FOREVER: Mode = Mode::Continuous { max_ticks: None };
const SECOND: Duration = Duration::from_secs(1);

fn rows(name: &str, count: usize) -> Event {
    Event::Rows(name.to_owned(), count)
}

#[test]
fn a_bounded_run_makes_the_initial_rows_and_ends() {
    let clock = SimulatedClock::new(START);
    let mut driver = Driver::new(&spec(shop()), Mode::Bounded, 64, &clock).open(None).unwrap();
    assert!(driver.source.streams().iter().all(|stream| stream.bounded));
    assert_eq!(
        driver.drain(),
        [
            rows("customers", 50),
            rows("orders", 64),
            rows("orders", 64),
            rows("orders", 64),
            rows("orders", 8),
            rows("payments", 64),
            rows("payments", 36),
            Event::End
        ]
    );
    assert_eq!(driver.step(), Event::End);
    let tables = Tables::compile(&spec(shop()), START).unwrap();
    assert_eq!(driver.table("orders"), all(&tables, 1, 0, &tables.timelines()));
    // Nothing is left to do for whoever goes on from its end.
    let mut again =
        Driver::new(&spec(shop()), Mode::Bounded, 64, &clock).open(Some(driver.source.bookmark())).unwrap();
    assert_eq!(again.drain(), [Event::End]);
}

#[test]
fn ticks_come_by_the_clock_and_each_ends_an_epoch() {
    let clock = SimulatedClock::new(START);
    let tables = vec![table("a", 5, "60", &[("id", "row_id")]), table("b", 0, "20", &[("id", "row_id")])];
    let mut driver = Driver::new(&spec(tables), FOREVER, 100, &clock).open(None).unwrap();
    assert!(driver.source.streams().iter().all(|stream| !stream.bounded));
    assert_eq!(driver.drain(), [rows("a", 5), Event::Boundary, Event::Waits]);
    assert_eq!(driver.drain(), [Event::Waits], "dropping the future loses nothing");
    clock.advance(SECOND / 2);
    assert_eq!(driver.drain(), [Event::Waits]);
    clock.advance(SECOND / 2);
    assert_eq!(driver.drain(), [rows("a", 1), Event::Boundary, Event::Waits]);
    clock.advance(SECOND);
    assert_eq!(driver.drain(), [rows("a", 1), Event::Boundary, Event::Waits]);
    clock.advance(SECOND);
    assert_eq!(driver.drain(), [rows("a", 1), rows("b", 1), Event::Boundary, Event::Waits]);
    let status = driver.source.status();
    assert_eq!((status.tick(), status.lag()), (3, 0));
    let counts: Vec<u64> = status.tables().iter().map(millstream_generate::TableStatus::rows).collect();
    assert_eq!(counts, [8, 1]);
    assert_eq!(status.rate(1).to_string(), "20");
    assert_eq!(clock.sleepers(), 0, "no timers are left behind by dropped futures");
}

#[test]
fn ticks_without_rows_end_no_epoch() {
    let clock = SimulatedClock::new(START);
    let tables = vec![table("a", 0, "6", &[("id", "row_id")])];
    let mut driver = Driver::new(&spec(tables), FOREVER, 100, &clock).open(None).unwrap();
    assert_eq!(driver.drain(), [Event::Boundary, Event::Waits], "the first tick is always committed");
    for _ in 0..9 {
        clock.advance(SECOND);
        assert_eq!(driver.drain(), [Event::Waits]);
    }
    clock.advance(SECOND);
    assert_eq!(driver.drain(), [rows("a", 1), Event::Boundary, Event::Waits]);
}

#[test]
fn late_ticks_follow_at_once_and_share_epochs_up_to_a_limit() {
    let clock = SimulatedClock::new(START);
    let mut spec = spec(vec![table("a", 5, "600", &[("id", "row_id")])]);
    spec.max_catch_up = 35;
    let mut driver = Driver::new(&spec, FOREVER, 100, &clock).open(None).unwrap();
    assert_eq!(driver.drain(), [rows("a", 5), Event::Boundary, Event::Waits]);
    clock.advance(SECOND * 7 + SECOND / 2);
    let tick = || rows("a", 10);
    assert_eq!(
        driver.drain(),
        [
            tick(),
            tick(),
            tick(),
            Event::Boundary,
            tick(),
            tick(),
            tick(),
            Event::Boundary,
            tick(),
            Event::Boundary,
            Event::Waits
        ]
    );
    assert_eq!(driver.source.status().lag(), 500_000);
    clock.advance(SECOND / 2);
    assert_eq!(driver.drain(), [tick(), Event::Boundary, Event::Waits]);
    assert_eq!(driver.source.status().lag(), 0);
}

#[test]
fn a_run_ends_after_so_many_ticks_of_all_runs_together() {
    let clock = SimulatedClock::new(START);
    let mode = Mode::Continuous { max_ticks: Some(3) };
    let spec = spec(vec![table("a", 5, "60", &[("id", "row_id")])]);
    let mut driver = Driver::new(&spec, mode, 100, &clock).open(None).unwrap();
    driver.finish(SECOND);
    assert_eq!(driver.rows("a"), 8);
    assert_eq!(clock.elapsed(), SECOND * 3);
    let mut again = Driver::new(&spec, mode, 100, &clock).open(Some(driver.source.bookmark())).unwrap();
    assert_eq!(again.drain(), [Event::End]);
}

#[test]
fn exact_counts_after_a_day() {
    let clock = SimulatedClock::new(START);
    let mut spec = spec(vec![
        table("slow", 3, "0.5", &[("id", "row_id")]),
        table("odd", 0, "7", &[("id", "row_id")]),
        table("paused", 4, "100", &[("id", "row_id")]),
        table("never", 5, "0", &[("id", "row_id")]),
        table("fixed", 6, "100", &[("id", "row_id")]),
    ]);
    spec.tick = Duration::from_secs(10);
    spec.tables[2].cadence.enabled = false;
    spec.tables[4].update_policy = UpdatePolicy::Disabled;
    let mut driver =
        Driver::new(&spec, Mode::Continuous { max_ticks: Some(8640) }, 1000, &clock).open(None).unwrap();
    // Ticks that come in any rhythm.
    driver.finish(Duration::from_secs(37));
    let counts = ["slow", "odd", "paused", "never", "fixed"].map(|name| driver.rows(name));
    assert_eq!(counts, [723, 10_080, 4, 5, 6]);
}

#[test]
fn children_of_a_paused_parent_go_on() {
    let clock = SimulatedClock::new(START);
    let mut paused = shop();
    paused[0].cadence.enabled = false;
    let mut driver = Driver::new(&spec(paused), Mode::Continuous { max_ticks: Some(20) }, 1000, &clock)
        .open(None)
        .unwrap();
    driver.finish(SECOND);
    assert_eq!(driver.rows("customers"), 50);
    assert_eq!(driver.rows("orders"), 400);
    let keys = crate::common::integers(&driver.table("orders"), "customer_id");
    assert!(keys.iter().all(|key| (1..=50).contains(key)));
}

#[test]
fn parents_come_before_children_in_every_tick() {
    let clock = SimulatedClock::new(START);
    let mut backwards = shop();
    backwards.reverse();
    let mut driver = Driver::new(&spec(backwards), FOREVER, 30, &clock).open(None).unwrap();
    for _ in 0..10 {
        let order: Vec<String> = driver
            .drain()
            .into_iter()
            .filter_map(|event| match event {
                Event::Rows(name, _) => Some(name),
                _ => None,
            })
            .collect();
        assert!(order.is_sorted(), "customers, orders, payments: {order:?}");
        clock.advance(SECOND);
    }
    assert_eq!(driver.rows("payments"), 100 + (4505 * 9 / 600));
}

#[test]
fn after_a_downtime_the_logical_clock_goes_on_or_makes_up_for_it() {
    for (on_restart, late_ticks) in [(OnRestart::Continue, 0), (OnRestart::CatchUp, 100)] {
        let clock = SimulatedClock::new(START);
        let mut spec = spec(vec![table("a", 5, "60", &[("id", "row_id")])]);
        spec.on_restart = on_restart;
        // A start of its own does not count as downtime.
        spec.start = Some(START - 1_000_000_000_000);
        let mut driver = Driver::new(&spec, FOREVER, 1000, &clock).open(None).unwrap();
        driver.drain();
        clock.advance(SECOND * 2);
        driver.drain();
        assert_eq!(driver.rows("a"), 7);
        clock.advance(SECOND * 100);
        let mut again =
            Driver::new(&spec, FOREVER, 1000, &clock).open(Some(driver.source.bookmark())).unwrap();
        again.drain();
        assert_eq!(again.rows("a"), late_ticks, "{on_restart:?}");
        clock.advance(SECOND);
        again.drain();
        assert_eq!(again.rows("a"), late_ticks + 1, "{on_restart:?}");
    }
}

#[test]
fn a_cadence_changes_while_its_table_grows() {
    let clock = SimulatedClock::new(START);
    let tables = vec![table("a", 5, "60", &[("id", "row_id")]), table("b", 5, "60", &[("id", "row_id")])];
    let mut driver = Driver::new(&spec(tables), FOREVER, 100, &clock).open(None).unwrap();
    driver.drain();
    clock.advance(SECOND);
    assert_eq!(driver.drain(), [rows("a", 1), rows("b", 1), Event::Boundary, Event::Waits]);
    let status = driver.source.status();
    let change = |json: &str| serde_json::from_str(json).unwrap();
    let number = status.control().change("a", &change(r#"{"rows_per_minute": 240}"#)).unwrap();
    status.control().change("b", &change(r#"{"enabled": false}"#)).unwrap();
    // The epoch ends at once, in the middle of a tick, and the change holds from the next tick on.
    assert_eq!(driver.drain(), [Event::Boundary, Event::Waits]);
    assert_eq!((status.rate(0).to_string(), status.rate(1).to_string()), ("240".to_owned(), "0".to_owned()));
    let bookmark = driver.source.bookmark();
    let mut durable = pin!(status.control().durable(number + 1));
    assert!(poll(durable.as_mut()).is_pending());
    ready(driver.source.committed(&bookmark)).unwrap();
    assert!(poll(durable).is_ready());
    clock.advance(SECOND * 2);
    assert_eq!(driver.drain(), [rows("a", 4), rows("a", 4), Event::Boundary, Event::Waits]);
}

#[test]
fn a_waiting_source_is_woken_by_a_change() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    struct Count(AtomicUsize);
    impl std::task::Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let clock = SimulatedClock::new(START);
    let mut driver = Driver::new(&spec(vec![table("a", 5, "60", &[("id", "row_id")])]), FOREVER, 100, &clock)
        .open(None)
        .unwrap();
    driver.drain();
    let status = driver.source.status();
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(count.clone());
    let mut context = Context::from_waker(&waker);
    let mut next = pin!(driver.source.next());
    assert!(next.as_mut().poll(&mut context).is_pending());
    status.control().change("a", &serde_json::from_str(r#"{"enabled": false}"#).unwrap()).unwrap();
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert!(matches!(next.as_mut().poll(&mut context), Poll::Ready(Ok(Pull::Boundary))));
}

#[test]
fn any_speed_makes_the_same_rows_in_its_own_time() {
    let whole = |speed: Option<&str>, step: Duration| {
        let clock = SimulatedClock::new(START);
        let mode = Mode::Continuous { max_ticks: Some(60) };
        let mut driver = Driver::new(&spec(shop()), mode, 1000, &clock);
        if let Some(speed) = speed {
            driver.source = driver.source.at_speed(speed.parse().unwrap());
        }
        let mut driver = driver.open(None).unwrap();
        driver.finish(step);
        let tables = ["customers", "orders", "payments"].map(|name| driver.table(name));
        (tables, clock.elapsed())
    };
    let (expected, real) = whole(None, SECOND);
    assert_eq!(real, SECOND * 60);
    for (speed, step, elapsed) in [
        ("60", SECOND / 60, SECOND),
        ("0.5", SECOND, SECOND * 120),
        ("7", SECOND / 10, SECOND * 86 / 10),
        ("max", SECOND, Duration::ZERO),
    ] {
        let (tables, took) = whole(Some(speed), step);
        assert_eq!(tables, expected, "{speed}");
        assert!(took.abs_diff(elapsed) <= step, "{speed}: {took:?}");
    }
}

#[test]
fn full_speed_joins_ticks_up_to_the_limit_and_leaves_others_their_turn() {
    let clock = SimulatedClock::new(START);
    let mut slow = spec(vec![table("a", 0, "0.01", &[("id", "row_id")])]);
    slow.max_catch_up = 2;
    let mut driver = Driver::new(&slow, FOREVER, 100, &clock);
    driver.source = driver.source.at_speed(Speed::Max);
    let mut driver = driver.open(None).unwrap();
    let mut events = Vec::new();
    let mut turns = 0;
    // A row each 6000 ticks of a second, two of them in an epoch.
    while driver.rows("a") < 5 {
        match driver.step() {
            Event::Waits => turns += 1,
            event => events.push(event),
        }
    }
    let row = || rows("a", 1);
    assert_eq!(
        events,
        [Event::Boundary, row(), row(), Event::Boundary, row(), row(), Event::Boundary, row()]
    );
    assert!(turns > 300, "{turns}");
    assert_eq!((clock.elapsed(), driver.source.status().lag()), (Duration::ZERO, 0));

    // When nothing grows any more it waits for the clock, tick by tick.
    let status = driver.source.status();
    status.control().change("a", &serde_json::from_str(r#"{"enabled": false}"#).unwrap()).unwrap();
    assert_eq!(driver.step(), Event::Boundary);
    let mut next = pin!(driver.source.next());
    let mut polls = 0;
    while clock.sleepers() == 0 {
        assert!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        polls += 1;
        assert!(polls < 10);
    }
    let tick = status.tick();
    clock.advance(SECOND);
    assert!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(status.tick() - tick <= 1, "{tick} {}", status.tick());
}
