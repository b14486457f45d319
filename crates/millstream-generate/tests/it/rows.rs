//! A row is a function of its index (S-60).

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use millstream_generate::UpdatePolicy;
use proptest::prelude::*;

use crate::common::{START, all, column, compile, integers, shop, spec, table};

#[test]
fn any_range_is_a_slice_of_the_whole() {
    let tables = compile(shop());
    let timelines = tables.timelines();
    let whole: Vec<RecordBatch> = (0..3).map(|index| all(&tables, index, 20, &timelines)).collect();
    proptest!(|(index in 0_usize..3, from in 0_u64..300, length in 0_u64..100)| {
        let rows = whole[index].num_rows() as u64;
        let (from, until) = (from.min(rows), (from + length).min(rows));
        let part = tables.generate(index, from..until, &timelines).unwrap();
        prop_assert_eq!(part, whole[index].slice(from as usize, (until - from) as usize));
    });
}

#[test]
fn threads_agree() {
    let tables = compile(shop());
    let timelines = Arc::new(tables.timelines());
    let expected = all(&tables, 2, 20, &timelines);
    let rows = expected.num_rows() as u64;
    let threads: Vec<_> = (0..4_u64)
        .map(|thread| {
            let (tables, timelines) = (tables.clone(), timelines.clone());
            std::thread::spawn(move || {
                // From the last range to the first.
                let cuts: Vec<u64> = (0..=rows).step_by(7 + thread as usize).chain([rows]).collect();
                let mut parts: Vec<RecordBatch> = cuts
                    .windows(2)
                    .rev()
                    .map(|cut| tables.generate(2, cut[0]..cut[1], &timelines).unwrap())
                    .collect();
                parts.reverse();
                arrow::compute::concat_batches(&parts[0].schema(), &parts).unwrap()
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), expected);
    }
}

#[test]
fn adding_removing_and_reordering_columns_changes_no_other() {
    let before = compile(shop());
    let timelines = before.timelines();
    let mut changed = shop();
    changed[0].columns.remove(2);
    changed[0].columns.insert(0, table("t", 0, "0", &[("extra", "random.random()")]).columns.remove(0));
    changed[0].columns[0].is_primary_key = false;
    changed[1].columns.remove(3);
    changed[1].columns.reverse();
    changed[2].columns.swap(0, 4);
    changed.push(table("visits", 5, "0", &[("id", "row_id"), ("x", "random.random()")]));
    let after = compile(changed);
    let all_timelines = after.timelines();
    for index in 0..3 {
        let old = all(&before, index, 10, &timelines);
        let new = all(&after, index, 10, &all_timelines);
        for field in new.schema().fields() {
            if let Some(column) = old.column_by_name(field.name()) {
                assert_eq!(column, &new.column_by_name(field.name()).unwrap().clone(), "{}", field.name());
            }
        }
    }
}

#[test]
fn seeds_tables_and_columns_have_substreams_of_their_own() {
    let columns =
        [("id", "row_id"), ("a", "random.random()"), ("b", "random.random() + 0 * random.random()")];
    let tables = compile(vec![table("t", 1000, "0", &columns), table("u", 1000, "0", &columns)]);
    let timelines = tables.timelines();
    let (t, u) = (all(&tables, 0, 0, &timelines), all(&tables, 1, 0, &timelines));
    assert_ne!(t.column(1), u.column(1));
    assert_ne!(t.column(1), t.column(2));
    let mut other = spec(vec![table("t", 1000, "0", &columns)]);
    other.seed = 43;
    let other = millstream_generate::Tables::compile(&other, START).unwrap();
    assert_ne!(t.column(1), all(&other, 0, 0, &timelines).column(1));
    // Two calls in one expression are two draws.
    let difference =
        compile(vec![table("t", 1000, "0", &[("id", "row_id"), ("d", "random.random() - random.random()")])]);
    let batch = all(&difference, 0, 0, &difference.timelines());
    let zeros = batch.column(1).as_primitive::<arrow::datatypes::Float64Type>().values();
    assert!(zeros.iter().all(|value| *value != 0.0));
}

/// FNV-1a over the text of all cells.
fn checksum(batch: &RecordBatch) -> u64 {
    let options = FormatOptions::default().with_null("None");
    let formatters: Vec<ArrayFormatter<'_>> =
        batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for row in 0..batch.num_rows() {
        for formatter in &formatters {
            for byte in formatter.value(row).to_string().bytes().chain([b'|']) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
            }
        }
    }
    hash
}

#[test]
fn the_row_function_is_what_it_was() {
    // A change here is a change of everybody's data: it needs a new minor release.
    let tables = compile(shop());
    let timelines = tables.timelines();
    let sums: Vec<String> =
        (0..3).map(|index| format!("{:016x}", checksum(&all(&tables, index, 10, &timelines)))).collect();
    assert_eq!(sums, ["45b3255e9f3ed4c6", "ad596da36e392bf8", "ec64191921109300"]);
}

#[test]
fn columns_are_evaluated_by_dependency_and_given_in_order() {
    let mut tables = vec![table(
        "t",
        5,
        "0",
        &[("c", "b * 2"), ("b", "a + 1"), ("a", "row_id * 10"), ("row_id", "row_id + 100"), ("d", "row_id")],
    )];
    tables[0].start_row_id = 7;
    tables[0].columns[2].description = Some("ten times".to_owned());
    let tables = compile(tables);
    let batch = all(&tables, 0, 0, &tables.timelines());
    // A column called row_id hides the number of the row from the others.
    assert_eq!(integers(&batch, "row_id"), [107, 108, 109, 110, 111]);
    assert_eq!(integers(&batch, "d"), [107, 108, 109, 110, 111]);
    assert_eq!(integers(&batch, "a"), [1070, 1080, 1090, 1100, 1110]);
    assert_eq!(integers(&batch, "c"), [2142, 2162, 2182, 2202, 2222]);
    let schema = tables.schema(0);
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["c", "b", "a", "row_id", "d"]);
    assert_eq!(schema.field(2).metadata()["description"], "ten times");
    assert!(!schema.field(0).is_nullable());
}

#[test]
fn a_column_of_none_is_a_column_of_texts() {
    let tables = compile(vec![table("t", 3, "0", &[("id", "row_id"), ("n", "None")])]);
    let batch = all(&tables, 0, 0, &tables.timelines());
    assert_eq!(batch.column(1).data_type(), &DataType::Utf8);
    assert_eq!(batch.column(1).null_count(), 3);
    assert!(tables.schema(0).field(1).is_nullable());
}

fn times(batch: &RecordBatch, name: &str) -> Vec<i64> {
    let column = column(batch, name);
    assert_eq!(column.data_type(), &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
    column.as_primitive::<TimestampMicrosecondType>().values().to_vec()
}

#[test]
fn tick_time_spreads_rows_over_their_tick() {
    let tables = compile(vec![
        table("t", 4, "180", &[("id", "row_id"), ("at", "tick_time()")]),
        table("quiet", 2, "0", &[("id", "row_id"), ("at", "tick_time()")]),
    ]);
    let timelines = tables.timelines();
    let relative: Vec<i64> =
        times(&all(&tables, 0, 2, &timelines), "at").iter().map(|at| at - START).collect();
    assert_eq!(
        relative,
        [
            -1_333_333, -1_000_000, -666_666, -333_333, // before the start, a third of a second apart
            333_333, 666_666, 1_000_000, // tick 1
            1_333_333, 1_666_666, 2_000_000, // tick 2
        ]
    );
    assert_eq!(times(&all(&tables, 1, 2, &timelines), "at"), [START, START]);
}

proptest! {
    #[test]
    fn tick_time_lies_in_the_tick_of_the_row(
        rows in 0_u64..200,
        rate in 1_u64..1_000_000,
        decimals in 0_u64..1000,
        tick in 1_u64..5,
        ticks in 1_u64..6,
    ) {
        let mut spec = spec(vec![table("t", rows, &format!("{rate}.{decimals:03}"), &[("id", "row_id"), ("at", "tick_time()")])]);
        spec.tick = std::time::Duration::from_millis(tick * 40);
        let tables = millstream_generate::Tables::compile(&spec, START).unwrap();
        let timelines = tables.timelines();
        let at = times(&all(&tables, 0, ticks, &timelines), "at");
        prop_assert!(at.is_sorted());
        let length = (tick * 40_000) as i64;
        for (row, at) in at.into_iter().enumerate() {
            let born = timelines.tables[0].tick_of(row as u64).unwrap() as i64;
            if born == 0 {
                prop_assert!(at < START);
            } else {
                prop_assert!(at > START + (born - 1) * length && at <= START + born * length);
            }
        }
    }
}

#[test]
fn a_failing_row_is_an_error_with_its_place() {
    let tables = compile(vec![table("t", 20, "0", &[("id", "row_id"), ("x", "100 / (row_id - 13)")])]);
    let timelines = tables.timelines();
    assert!(tables.generate(0, 0..12, &timelines).is_ok());
    let error = tables.generate(0, 5..20, &timelines).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("table `t`, column `x`") && text.contains("row_id 13"), "{text}");
    assert_eq!(error.kind(), millstream_core::ErrorKind::Data);
}

#[test]
fn a_disabled_table_never_grows() {
    let mut spec = shop();
    spec[0].update_policy = UpdatePolicy::Disabled;
    spec[1].cadence.enabled = false;
    let timelines = compile(spec).timelines();
    assert_eq!(timelines.tables[0].rows_at(1_000_000), 50);
    assert_eq!(timelines.tables[1].rows_at(1_000_000), 200);
    assert!(timelines.tables[2].rows_at(1_000_000) > 1_000_000);
}
