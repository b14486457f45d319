//! Parents that Millstream did not make (S-64).

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema};
use async_trait::async_trait;
use millstream_core::{Bookmark, Pull, Result, SimulatedClock, Source};
use millstream_generate::{
    AdoptedHistory, AdoptedRows, AdoptedSpec, AdoptedTable, GeneratorSource, Mode, RangeSource, TableSpec,
    Tables, TablesSpec,
};

use crate::common::{START, column, integers, spec, table};
use crate::source::ready;

/// A table whose versions are lists of parts, each with its keys.
#[derive(Debug, Clone, Default)]
struct Lake(Arc<Mutex<Vec<Parts>>>);

/// Each with its keys.
type Parts = Vec<(String, Vec<i64>)>;

impl Lake {
    fn commit(&self, parts: &[(&str, std::ops::Range<i64>)]) {
        let parts = parts.iter().map(|(name, keys)| ((*name).to_owned(), keys.clone().collect())).collect();
        self.0.lock().unwrap().push(parts);
    }

    fn keys(&self, version: usize) -> Vec<i64> {
        self.0.lock().unwrap()[version].iter().flat_map(|(_, keys)| keys.clone()).collect()
    }
}

fn lake_schema() -> Arc<Schema> {
    Arc::new(Schema::new(vec![
        Field::new("unused", DataType::Float64, true),
        Field::new("code", DataType::Int64, false),
        Field::new("city", DataType::LargeUtf8, true),
    ]))
}

#[async_trait]
impl AdoptedTable for Lake {
    async fn newest(&mut self) -> Result<u64> {
        Ok(self.0.lock().unwrap().len() as u64 - 1)
    }

    async fn read(&mut self, version: u64, columns: &[String]) -> Result<AdoptedRows> {
        let parts = self.0.lock().unwrap()[version as usize].clone();
        let keys: Vec<i64> = parts.iter().flat_map(|(_, keys)| keys.clone()).collect();
        let arrays = columns.iter().map(|name| -> (String, ArrayRef) {
            let array: ArrayRef = match name.as_str() {
                "code" => Arc::new(Int64Array::from(keys.clone())),
                "city" => Arc::new(
                    keys.iter()
                        .map(|key| (key % 7 > 0).then(|| format!("city {}", key % 5)))
                        .collect::<StringArray>(),
                ),
                other => panic!("nobody asked for {other}"),
            };
            (name.clone(), array)
        });
        let batch = RecordBatch::try_from_iter(arrays).unwrap();
        Ok(AdoptedRows { batch, parts: parts.into_iter().map(|(name, _)| name).collect() })
    }
}

fn orders(rows: u64, rate: &str) -> TableSpec {
    table(
        "orders",
        rows,
        rate,
        &[
            ("id", "row_id"),
            ("code", "foreign_key('crm', 'code')"),
            ("city", "copy_from_fk('code', 'crm', 'city')"),
            ("popular", "foreign_key('crm', 'code', 'zipf')"),
            (
                "heavy",
                "foreign_key('crm', 'code', 'weighted_parent', parent_attr='city', weights={'city 1': 8})",
            ),
        ],
    )
}

fn adopting(tables: Vec<TableSpec>) -> TablesSpec {
    TablesSpec {
        adopted: vec![AdoptedSpec { name: "crm".to_owned(), schema: lake_schema() }],
        ..spec(tables)
    }
}

/// A source that looks at `lake`, and runs as fast as it is asked.
struct Running {
    source: GeneratorSource,
    clock: SimulatedClock,
}

impl Running {
    fn begin(spec: &TablesSpec, lake: &Lake, ticks: u64, from: Option<Bookmark>) -> Self {
        let tables = Tables::compile(spec, START).unwrap();
        let mode = Mode::Continuous { max_ticks: Some(ticks) };
        let clock = SimulatedClock::new(START);
        let source = GeneratorSource::new("tables", tables, spec.clone(), mode, 16, Arc::new(clock.clone()));
        let mut source = source.adopting(vec![Box::new(lake.clone())]);
        ready(source.open(from)).unwrap();
        Self { source, clock }
    }

    fn next(&mut self) -> Pull {
        loop {
            let polled = pin!(self.source.next()).poll(&mut Context::from_waker(Waker::noop()));
            match polled {
                Poll::Ready(pull) => return pull.unwrap(),
                Poll::Pending => self.clock.advance(Duration::from_secs(1)),
            }
        }
    }
}

/// All batches of the stream `stream` until the source ends; `step` is called at each boundary.
fn drain(source: &mut Running, stream: usize, mut step: impl FnMut()) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    loop {
        match source.next() {
            Pull::Work(work) if work.stream == stream => batches.push(work.decode.decode().unwrap().batch),
            Pull::Boundary => step(),
            Pull::End => return batches,
            _ => {}
        }
    }
}

#[test]
fn keys_and_copies_are_those_of_the_table() {
    let lake = Lake::default();
    lake.commit(&[("a", 100..150), ("b", 500..520)]);
    let spec = adopting(vec![orders(400, "0")]);
    let tables = Tables::compile(&spec, START).unwrap();
    assert_eq!(tables.adopted_columns(), [["code", "city"]]);
    assert!(tables.parents(0).is_empty());
    assert_eq!(*tables.schema(0).field(2).data_type(), DataType::Utf8);
    assert!(!tables.schema(0).field(1).is_nullable());
    let history = ready(AdoptedHistory::begin(&mut lake.clone(), &tables.adopted_columns()[0])).unwrap();
    let mut source = RangeSource::new(tables.adopting(vec![history]).unwrap(), 0, 0..400, 64);
    let mut batches = Vec::new();
    while let Pull::Work(work) = ready(source.next()).unwrap() {
        batches.push(work.decode.decode().unwrap().batch);
    }
    let batch = concat_batches(&batches[0].schema(), &batches).unwrap();
    let keys = lake.keys(0);
    for name in ["code", "popular", "heavy"] {
        assert!(integers(&batch, name).iter().all(|key| keys.contains(key)), "{name}");
    }
    let cities = column(&batch, "city");
    let mut missing = 0;
    for (row, code) in integers(&batch, "code").into_iter().enumerate() {
        if code % 7 == 0 {
            assert!(cities.is_null(row));
            missing += 1;
        } else {
            assert_eq!(cities.as_string::<i32>().value(row), format!("city {}", code % 5));
        }
    }
    assert!(missing > 20);
    let heavy = integers(&batch, "heavy");
    // Of 70 rows 13 are in city 1 with a weight of 8: three in five draws.
    let share = heavy.iter().filter(|code| *code % 5 == 1 && *code % 7 > 0).count();
    assert!((190..300).contains(&share), "{share}");
    assert!(integers(&batch, "popular").iter().filter(|code| **code == 100).count() > 60);
}

#[test]
fn each_tick_sees_the_newest_version_and_a_restart_makes_the_same_rows() {
    let spec = adopting(vec![
        orders(20, "600"),
        table(
            "parcels",
            5,
            "300",
            &[
                ("id", "row_id"),
                ("o", "foreign_key('orders', 'id')"),
                ("city", "copy_from_fk('o', 'orders', 'city')"),
            ],
        ),
    ]);
    let lake = Lake::default();
    lake.commit(&[("a", 100..110)]);
    // Appended to, then rewritten, then appended to.
    let later: [&[(&str, std::ops::Range<i64>)]; 3] =
        [&[("a", 100..110), ("b", 200..240)], &[("c", 300..330)], &[("c", 300..330), ("d", 400..460)]];
    let mut commits = later.iter();
    let mut bookmarks: Vec<Bookmark> = Vec::new();
    let mut whole = Running::begin(&spec, &lake, 8, None);
    let mut batches: [Vec<RecordBatch>; 2] = [Vec::new(), Vec::new()];
    loop {
        match whole.next() {
            Pull::Work(work) => batches[work.stream].push(work.decode.decode().unwrap().batch),
            Pull::Boundary => {
                bookmarks.push(whole.source.bookmark());
                if bookmarks.len().is_multiple_of(2)
                    && let Some(parts) = commits.next()
                {
                    lake.commit(parts);
                }
            }
            Pull::End => break,
            other @ Pull::Generation { .. } => panic!("{other:?}"),
        }
    }
    let batches = batches.map(|batches| concat_batches(&batches[0].schema(), &batches).unwrap());
    let timeline = whole.source.timelines().tables[0].clone();
    let seen = |tick: u64| match tick {
        0 | 1 => 0,
        2 | 3 => 1,
        4 | 5 => 2,
        _ => 3,
    };
    let keys: Vec<Vec<i64>> = (0..4).map(|version| lake.keys(version)).collect();
    for name in ["code", "popular", "heavy"] {
        for (row, key) in integers(&batches[0], name).into_iter().enumerate() {
            let tick = timeline.tick_of(row as u64).unwrap();
            assert!(keys[seen(tick)].contains(&key), "{name}: row {row} of tick {tick} has {key}");
        }
    }
    assert!(integers(&batches[0], "code").iter().any(|key| *key >= 400), "new rows are drawn");
    // From every point on, with all versions there at once.
    for (tick, bookmark) in bookmarks.iter().enumerate() {
        let mut rest = Running::begin(&spec, &lake, 8, Some(bookmark.clone()));
        let again = drain(&mut rest, 1, || {});
        let made = whole.source.timelines().tables[1].rows_at(tick as u64) as usize;
        let Some(first) = again.first() else { continue };
        let again = concat_batches(&first.schema(), &again).unwrap();
        // Parcels of orders of earlier ticks have the cities that those orders saw, rewritten or not.
        let (old, new) = (batches[1].slice(made, again.num_rows()), again);
        let orders = integers(&new, "o");
        assert_eq!(integers(&old, "o"), orders);
        let settled = timeline.rows_at(tick as u64) as i64;
        let (old, new) = (column(&old, "city"), column(&new, "city"));
        let mut compared = 0;
        for (row, order) in orders.iter().enumerate().filter(|(_, order)| **order <= settled) {
            assert_eq!(
                old.slice(row, 1).as_ref(),
                new.slice(row, 1).as_ref(),
                "order {order} after tick {tick}"
            );
            compared += 1;
        }
        assert!(compared > 0);
    }
}

#[test]
fn unique_keys_take_new_rows_and_refuse_changed_ones() {
    let mut tables = vec![orders(10, "60")];
    tables[0].columns.truncate(1);
    tables[0].columns.push(
        table("x", 1, "0", &[("code", "foreign_key('crm', 'code', is_unique=True)")]).columns[0].clone(),
    );
    tables[0].columns[1].is_primary_key = false;
    let spec = adopting(tables);
    let lake = Lake::default();
    lake.commit(&[("a", 100..112)]);
    let mut grown = Running::begin(&spec, &lake, 6, None);
    let mut commits = 0;
    let batches = drain(&mut grown, 0, || {
        if commits == 0 {
            lake.commit(&[("a", 100..112), ("b", 200..210)]);
        }
        commits += 1;
    });
    let batch = concat_batches(&batches[0].schema(), &batches).unwrap();
    let mut codes = integers(&batch, "code");
    assert_eq!(codes.len(), 16);
    assert_eq!(codes.iter().filter(|code| **code < 200).count(), 12);
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), 16);
    lake.commit(&[("z", 100..300)]);
    let mut changed = Running::begin(&spec, &lake, 1, None);
    lake.commit(&[("y", 100..300)]);
    let mut errors = Vec::new();
    loop {
        match changed.next() {
            Pull::Work(work) => errors.extend(work.decode.decode().err()),
            Pull::End => break,
            _ => {}
        }
    }
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().contains("changed or removed"), "{}", errors[0]);
}

#[test]
fn what_an_adopted_table_lacks_is_told() {
    let error = |data: &str| {
        let spec = adopting(vec![table("c", 3, "0", &[("id", "row_id"), ("x", data)])]);
        let errors = Tables::compile(&spec, START).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        format!("{} {}", errors[0].message, errors[0].hint.clone().unwrap_or_default())
    };
    assert!(error("foreign_key('crn', 'code')").contains("did you mean `crm`"));
    assert!(error("foreign_key('crm', 'cod')").contains("did you mean `code`"));
    assert!(error("len(get_table('crm'))").contains("there is no table `crm`"));
    let lake = Lake::default();
    lake.commit(&[]);
    let mut empty = Running::begin(&adopting(vec![orders(3, "0")]), &lake, 1, None);
    let Pull::Work(work) = empty.next() else { panic!("no work") };
    let error = work.decode.decode().unwrap_err();
    assert!(error.to_string().contains("no row of `crm` yet"), "{error}");
}
