//! Columns that are evaluated row by row.

use crate::common::{compile, table};

const FALLBACK: &[(&str, &str)] = &[
    ("id", "row_id"),
    ("dice", "[random.randint(1, 6) for _ in range(3)]"),
    ("slug", "slug = f'Item {id}'.lower()\nslug = slug.replace(' ', '-')\nreturn slug"),
    ("pair", "a, b = random.choice([('x', 1), ('y', 2)])\nreturn f'{a}{b}'"),
    ("guarded", "x = 1 if id > 0 else random.randint(id, 0)\nreturn x"),
];

#[test]
fn any_range_is_a_slice_of_the_whole() {
    let tables = compile(vec![table("t", 200, "0", FALLBACK)]);
    let timelines = tables.timelines();
    let whole = tables.generate(0, 0..200, &timelines).unwrap();
    for cut in [1, 2, 7, 100] {
        for from in (0..200_u64).step_by(cut) {
            let until = (from + cut as u64).min(200);
            let part = tables.generate(0, from..until, &timelines).unwrap();
            assert_eq!(part, whole.slice(from as usize, (until - from) as usize), "rows {from} to {until}");
        }
    }
}

#[test]
fn executions_of_a_call_in_a_row_draw_apart() {
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;
    let tables = compile(vec![table("t", 200, "0", FALLBACK)]);
    let batch = tables.generate(0, 0..200, &tables.timelines()).unwrap();
    let dice = batch.column_by_name("dice").unwrap().as_list::<i32>();
    let differing = (0..200)
        .filter(|&row| {
            let list = dice.value(row);
            let values = list.as_primitive::<Int64Type>().values();
            values.iter().any(|value| *value != values[0])
        })
        .count();
    // All alike in one of 36 rows.
    assert!(differing > 170, "{differing} of 200 rows have different dice");
    // A call of a branch that is not taken cannot fail, although its range is empty.
    let guarded = batch.column_by_name("guarded").unwrap().as_primitive::<Int64Type>();
    assert!(guarded.values().iter().all(|value| *value == 1));
    assert_eq!(batch.column_by_name("slug").unwrap().as_string::<i32>().value(0), "item-1");
}
