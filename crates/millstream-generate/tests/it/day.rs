//! A day under a simulated clock, tick by tick, through pauses: exact row counts at every tick (S-65).

use std::collections::BTreeMap;
use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use millstream_core::{Clock as _, Pull, SimulatedClock, Source as _};
use millstream_generate::{CadenceChange, GeneratorSource, Mode, Tables};

use crate::common::{START, spec, table};

const RATES: [u64; 4] = [1, 7, 119, 100_000];
const DAY: u64 = 86_400;

/// Serves for a day in ticks of `tick` seconds, and compares the rows of every tick with what the rates ask for.
/// Tables are paused and resumed at these (tick, table, resumes); what each had when is counted in thousandths of a
/// minute, apart from the code under test. Rows are counted where they are handed out, and not made.
fn a_day(tick: u64, changes: &[(u64, usize, bool)]) {
    let clock = SimulatedClock::new(START);
    let mut spec = spec(
        RATES
            .iter()
            .enumerate()
            .map(|(index, rate)| {
                table(&format!("t{index}"), index as u64, &rate.to_string(), &[("id", "row_id")])
            })
            .collect(),
    );
    spec.tick = Duration::from_secs(tick);
    let tables = Tables::compile(&spec, START).unwrap();
    let ticks = DAY / tick;
    let mode = Mode::Continuous { max_ticks: Some(ticks) };
    let mut source = GeneratorSource::new("day", tables, spec, mode, 1 << 20, Arc::new(clock.clone()));
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut open = pin!(source.open(None));
        assert!(matches!(open.as_mut().poll(&mut context), Poll::Ready(Ok(()))));
    }
    let status = source.status();
    let mut changes_at: BTreeMap<u64, Vec<(usize, bool)>> = BTreeMap::new();
    for &(at, table, resumes) in changes {
        changes_at.entry(at).or_default().push((table, resumes));
    }
    // Seconds in which each table grew.
    let (mut grown, mut running) = ([0_u64; 4], [true; 4]);
    for now in 0..=ticks {
        assert_eq!(clock.elapsed(), Duration::from_secs(now * tick));
        loop {
            let mut next = pin!(source.next());
            match next.as_mut().poll(&mut context) {
                Poll::Ready(Ok(Pull::End)) => {
                    assert_eq!(now, ticks);
                    break;
                }
                Poll::Ready(pulled) => drop(pulled.unwrap()),
                Poll::Pending => break,
            }
        }
        for (index, rate) in RATES.into_iter().enumerate() {
            let expected = index as u64 + rate * grown[index] / 60;
            assert_eq!(status.tables()[index].rows(), expected, "rate {rate}, tick {now} of {tick} s");
        }
        for &(table, resumes) in changes_at.get(&now).into_iter().flatten() {
            let change = CadenceChange { enabled: Some(resumes), ..CadenceChange::default() };
            status.control().change(&format!("t{table}"), &change).unwrap();
            running[table] = resumes;
        }
        for (grown, running) in grown.iter_mut().zip(running) {
            *grown += if running { tick } else { 0 };
        }
        clock.advance(Duration::from_secs(tick));
    }
}

#[test]
fn a_day_without_pauses_is_exact() {
    a_day(10, &[]);
}

#[test]
fn a_day_of_any_tick_with_pauses_is_exact() {
    for tick in [1, 7, 10] {
        let minutes = |minutes: u64| minutes * 60 / tick;
        let mut changes = vec![
            (minutes(60), 0, false),
            (minutes(61), 0, true),
            (minutes(300), 1, false),
            (minutes(700), 1, true),
            (minutes(90), 3, false),
            (minutes(90) + 1, 3, true),
        ];
        // Paused and resumed every few ticks: fractions of a row are not lost.
        changes.extend((0..600).map(|round| (1000 / tick + 3 * round, 2, round % 2 == 1)));
        changes.extend((0..200).map(|round| (40_000 / tick + 2 * round, 0, round % 2 == 1)));
        a_day(tick, &changes);
    }
}
