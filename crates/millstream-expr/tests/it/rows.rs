//! Nulls, truth, choices, and which rows fail.

use crate::common::{Table, constant};

fn table() -> Table {
    Table::new()
        .ints("x", [Some(0), Some(1), None, Some(4)])
        .ints("y", [Some(2), Some(0), Some(3), None])
        .texts("s", [Some("a"), None, Some(""), Some("dd")])
        .bools("b", [Some(true), Some(false), None, Some(true)])
}

#[test]
fn nulls_pass_through() {
    let table = table();
    assert_eq!(table.show("x + y"), ["2", "1", "None", "None"]);
    assert_eq!(table.show("x < y"), ["True", "False", "None", "None"]);
    assert_eq!(table.show("s.upper()"), ["'A'", "None", "''", "'DD'"]);
    assert_eq!(table.show("s + '!'"), ["'a!'", "None", "'!'", "'dd!'"]);
    assert_eq!(table.show("len(s)"), ["1", "None", "0", "2"]);
    assert_eq!(table.show("x + None"), ["None"; 4]);
    assert_eq!(table.show("x / y"), ["0.0", "!division by zero", "None", "None"]);
}

#[test]
fn none_is_tested() {
    let table = table();
    assert_eq!(table.show("x is None"), ["False", "False", "True", "False"]);
    assert_eq!(table.show("x is not None"), ["True", "True", "False", "True"]);
    assert_eq!(table.show("None is s"), ["False", "True", "False", "False"]);
    assert_eq!(table.show("s == None"), ["False", "True", "False", "False"]);
    assert_eq!(table.show("None != s"), ["True", "False", "True", "True"]);
    assert_eq!(table.show("x in [1, None]"), ["False", "True", "True", "False"]);
    assert_eq!(table.show("x in [1, 4]"), ["False", "True", "None", "True"]);
    assert_eq!(table.show("x not in [1, 4]"), ["True", "False", "None", "False"]);
    assert_eq!(constant("None is None"), "True");
}

#[test]
fn none_is_shown() {
    let table = table();
    assert_eq!(table.show("str(x)"), ["'0'", "'1'", "'None'", "'4'"]);
    assert_eq!(table.show("f'{x}-{s}'"), ["'0-a'", "'1-None'", "'None-'", "'4-dd'"]);
    assert_eq!(table.show("f'{s + \"!\"}'"), ["'a!'", "'None'", "'!'", "'dd!'"]);
    assert_eq!(table.show("f'{x:02d}'")[2], "!None cannot be formatted with a format specification");
    assert_eq!(constant("f'{None}'"), "'None'");
}

#[test]
fn null_is_false() {
    let table = table();
    assert_eq!(table.show("not x"), ["True", "False", "True", "False"]);
    assert_eq!(table.show("'t' if b else 'f'"), ["'t'", "'f'", "'f'", "'t'"]);
    assert_eq!(table.show("bool(s)"), ["True", "False", "False", "True"]);
    assert_eq!(table.show("b and x > 0"), ["False", "False", "None", "True"]);
    assert_eq!(table.show("b or x is None"), ["True", "False", "True", "True"]);
}

#[test]
fn and_or_give_their_operands() {
    let table = table();
    assert_eq!(table.show("x or y"), ["2", "1", "3", "4"]);
    assert_eq!(table.show("x and y"), ["0", "0", "None", "None"]);
    assert_eq!(table.show("s or 'none'"), ["'a'", "'none'", "'none'", "'dd'"]);
    assert_eq!(table.show("x or 0.5"), ["0.5", "1.0", "0.5", "4.0"]);
    // Of different types, their truth.
    assert_eq!(table.show("x and s"), ["False", "False", "False", "True"]);
    assert_eq!(table.show("x or s"), ["True", "True", "False", "True"]);
    assert_eq!(table.show("x or None or y"), ["2", "1", "3", "4"]);
    assert_eq!(table.show("x > 0 and y > 0 or s == 'a'"), ["True", "None", "False", "False"]);
}

#[test]
fn branches_that_are_not_taken_cannot_fail() {
    let table = table();
    assert_eq!(table.show("10 // x if x else -1"), ["-1", "10", "-1", "2"]);
    assert_eq!(table.show("x and 10 // x"), ["0", "10", "None", "2"]);
    assert_eq!(table.show("not x or 10 // x > 2"), ["True", "True", "True", "False"]);
    assert_eq!(table.show("0 if x is None else (10 // x if x > 0 else 10 // y)"), ["5", "10", "0", "2"]);
    assert_eq!(table.show("1 // 0 if s == 'dd' else 7"), ["7", "7", "7", "!division by zero"]);
    assert_eq!(
        table.show("1 if s != 'dd' else int('x')"),
        ["1", "!\"x\" is not an int", "1", "!\"x\" is not an int"]
    );
    // The third operand of a chain is asked for only if the first comparison holds.
    assert_eq!(table.show("0 < x < 10 // x"), ["False", "True", "None", "False"]);
    assert_eq!(table.show("(10 // x if x else 1) + 1"), ["2", "11", "2", "3"]);
}

#[test]
fn failures_in_conditions_count() {
    let table = table();
    let failed = "!division by zero";
    assert_eq!(table.show("1 if 10 // x > 1 else 2"), [failed, "1", "2", "1"]);
    assert_eq!(table.show("1 // x and 1"), [failed, "1", "None", "0"]);
    assert_eq!(table.show("f'{1 // x}'"), [failed, "'1'", "'None'", "'0'"]);
}

#[test]
fn choices_of_every_type() {
    let table = table();
    assert_eq!(table.show("x if b else y"), ["0", "0", "3", "4"]);
    assert_eq!(table.show("x if b else 1.5"), ["0.0", "1.5", "1.5", "4.0"]);
    assert_eq!(table.show("s if b else None"), ["'a'", "None", "None", "'dd'"]);
    assert_eq!(table.show("b if x else not b"), ["False", "False", "True", "True"]);
    assert_eq!(table.show("None if b else None"), ["None"; 4]);
    assert_eq!(table.show("1 if b else 2"), ["1", "2", "2", "1"]);
}

#[test]
fn nullability_is_known() {
    let table =
        Table::new().required("n", arrow::array::Int64Array::from(vec![1, 2])).ints("x", [Some(1), None]);
    for (source, nullable) in [
        ("n + 1", false),
        ("n + x", true),
        ("x is None", false),
        ("str(x)", false),
        ("x or 1", false),
        ("x and 1", true),
        ("n if x else 0", false),
        ("n if n else None", true),
        ("f'{x}'", false),
        ("not x", false),
        ("x in [None]", false),
        ("[1, None][n % 2]", true),
    ] {
        assert_eq!(table.compile(source).unwrap().nullable(), nullable, "{source}");
        table.show(source);
    }
    assert_eq!(table.compile("n is None").unwrap().constant(), Some(&millstream_expr::Constant::Bool(false)));
}

#[test]
fn frames_that_do_not_fit_are_refused() {
    use arrow::array::{ArrayRef, StringArray};
    use millstream_expr::{Frame, RowErrors};
    let table = Table::new().ints("x", [1]);
    let expression = table.compile("x + 1").unwrap();
    let wrong: Vec<ArrayRef> = vec![std::sync::Arc::new(StringArray::from(vec!["a"]))];
    for columns in [&wrong[..], &[]] {
        let frame = Frame { columns, rows: &[0] };
        assert!(expression.evaluate(&frame, &mut RowErrors::default()).is_err());
    }
    let short: Vec<ArrayRef> = vec![std::sync::Arc::new(arrow::array::Int64Array::from(vec![1]))];
    assert!(
        expression.evaluate(&Frame { columns: &short, rows: &[0, 1] }, &mut RowErrors::default()).is_err()
    );
    // No rows at all are fine.
    let none: Vec<ArrayRef> = vec![std::sync::Arc::new(arrow::array::Int64Array::from(Vec::<i64>::new()))];
    let frame = Frame { columns: &none, rows: &[] };
    assert_eq!(expression.evaluate(&frame, &mut RowErrors::default()).unwrap().len(), 0);
}

#[test]
fn slices_of_columns_are_read_from_their_offset() {
    use arrow::array::{Int64Array, StringArray};
    let ints = Int64Array::from(vec![Some(9), Some(1), None, Some(3)]).slice(1, 3);
    let texts = StringArray::from(vec![Some("zz"), Some("aB"), None, Some("é")]).slice(1, 3);
    let bools = arrow::array::BooleanArray::from(vec![Some(false), Some(true), None, Some(true)]).slice(1, 3);
    let table = Table::new().with("x", ints).with("s", texts).with("b", bools);
    assert_eq!(table.show("x * 2"), ["2", "None", "6"]);
    assert_eq!(table.show("s.upper()"), ["'AB'", "None", "'É'"]);
    assert_eq!(table.show("x if b else 0"), ["1", "0", "3"]);
    assert_eq!(table.show("b == True"), ["True", "None", "True"]);
    let ascii = StringArray::from(vec!["zz", "aB", "Cd"]).slice(1, 2);
    assert_eq!(Table::new().with("s", ascii).show("s.lower()"), ["'ab'", "'cd'"]);
}
