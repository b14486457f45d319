//! Columns of the types that are no types of the language.

use std::sync::Arc;

use arrow::array::types::Int32Type;
use arrow::array::{
    BinaryArray, Decimal64Array, Decimal128Array, DictionaryArray, FixedSizeListArray, Float32Array,
    Int8Array, Int32Array, LargeStringArray, ListArray, NullArray, StringViewArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field};

use crate::common::Table;

#[test]
fn narrow_numbers_are_widened() {
    let table = Table::new()
        .with("small", Int8Array::from(vec![Some(127), None]))
        .with("big", UInt64Array::from(vec![u64::MAX, 7]))
        .with("single", Float32Array::from(vec![0.5, 0.1]));
    assert_eq!(table.show("small + 1"), ["128", "None"]);
    assert_eq!(table.show("big + 1"), ["!integer overflow: the result does not fit into 64 bits", "8"]);
    assert_eq!(table.show("single * 2")[0], "1.0");
    assert_eq!(table.show("f'{small:04d}'")[0], "'0127'");
    assert_eq!(*table.compile("small").unwrap().data_type(), DataType::Int8);
    assert_eq!(*table.compile("small if True else small").unwrap().data_type(), DataType::Int8);
    assert_eq!(*table.compile("small if big > 1 else 0").unwrap().data_type(), DataType::Int64);
    assert_eq!(table.show("small if single > 0.3 else 0"), ["127", "0"]);
}

#[test]
fn texts_of_every_kind() {
    let table = Table::new()
        .with("large", LargeStringArray::from(vec!["a", "b"]))
        .with("view", StringViewArray::from(vec!["c", "d"]))
        .with("dictionary", DictionaryArray::<Int32Type>::from_iter(["e", "f"]));
    assert_eq!(table.show("large + view + dictionary"), ["'ace'", "'bdf'"]);
    assert_eq!(table.show("dictionary.upper() == 'E'"), ["True", "False"]);
}

#[test]
fn decimals_are_floats_where_that_is_exact() {
    let table = Table::new()
        .with(
            "price",
            Decimal128Array::from(vec![Some(1010), Some(267_500), None])
                .with_precision_and_scale(10, 2)
                .unwrap(),
        )
        .with("count", Decimal128Array::from(vec![5, 6, 7]).with_precision_and_scale(18, 0).unwrap())
        .with("short", Decimal64Array::from(vec![15, 25, 35]).with_precision_and_scale(4, 1).unwrap())
        .with(
            "wide",
            Decimal128Array::from(vec![1, 12_345_678_901_234_567_890, 0])
                .with_precision_and_scale(30, 4)
                .unwrap(),
        );
    assert_eq!(table.show("price * 2"), ["20.2", "5350.0", "None"]);
    assert_eq!(table.show("price == 10.10"), ["True", "False", "None"]);
    assert_eq!(table.show("count + 1"), ["6", "7", "8"]);
    assert_eq!(table.show("short + 0"), ["1.5", "2.5", "3.5"]);
    assert_eq!(table.show("str(price)"), ["'10.10'", "'2675.00'", "'None'"]);
    assert_eq!(table.show("f'{wide}'")[1], "'1234567890123456.7890'");
    assert_eq!(table.show("float(wide)")[1], "1234567890123456.8");
    assert_eq!(table.show("int(wide)")[..2], ["0", "1234567890123456"]);
    let error = table.error("price + wide");
    assert_eq!(
        error.message,
        "a decimal(30, 4) has more digits than a float, and cannot be computed with exactly"
    );
    assert_eq!(error.hint.as_deref(), Some("write `float(wide)` if rounding it is fine"));
    assert_eq!(error.range, 8..12);
}

#[test]
fn lists_are_indexed_and_counted() {
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
        Some(vec![Some(1), None]),
        Some(vec![]),
        None,
        Some(vec![Some(4), Some(5), Some(6)]),
    ]);
    let fixed = FixedSizeListArray::new(
        Arc::new(Field::new("item", DataType::Int32, true)),
        2,
        Arc::new(Int32Array::from(vec![1, 2, 3, 4, 5, 6, 7, 8])),
        None,
    );
    let table = Table::new().with("l", lists).with("p", fixed).ints("i", [0, 0, 0, -1]);
    assert_eq!(table.show("l[i] + 0"), ["1", "!list index out of range", "None", "6"]);
    assert_eq!(table.show("l[1] + 0"), ["None", "!list index out of range", "None", "5"]);
    assert_eq!(table.show("len(l)"), ["2", "0", "None", "3"]);
    assert_eq!(table.show("p[1] * 10"), ["20", "40", "60", "80"]);
    assert_eq!(table.show("'some' if l else 'none'"), ["'some'", "'none'", "'none'", "'some'"]);
    assert_eq!(table.show("l is None"), ["False", "False", "True", "False"]);
    assert_eq!(table.show("l[0] if l else 0"), ["1", "0", "0", "4"]);
    assert_eq!(table.error("l + 1").message, "`+` cannot be applied to list and int");
    assert_eq!(table.show("len(l[0:1])"), ["1", "0", "None", "1"]);
    assert_eq!(table.show("sum(x for x in l or [0] if x)"), ["1", "0", "0", "15"]);
}

#[test]
fn lists_and_dicts_of_constants() {
    let table = Table::new()
        .ints("x", [Some(0), Some(2), Some(-1), Some(3), None])
        .texts("k", [Some("a"), Some("b"), Some("z"), None, Some("a")]);
    assert_eq!(table.show("['r', 'g', 'b'][x]"), ["'r'", "'b'", "'b'", "!list index out of range", "None"]);
    assert_eq!(table.show("[1, 2.5, None][x]"), ["1.0", "None", "None", "!list index out of range", "None"]);
    assert_eq!(table.show("[x, x * 2, 7][x]"), ["0", "7", "7", "!list index out of range", "None"]);
    assert_eq!(
        table.show("{'a': 1, 'b': 2, 'a': 3}[k]"),
        ["3", "2", "!the dict has no key \"z\"", "None", "3"]
    );
    assert_eq!(
        table.show("{0: 'zero', 2: None}[x]"),
        ["'zero'", "None", "!the dict has no key -1", "!the dict has no key 3", "None"]
    );
    assert_eq!(table.show("k in {'a': 1}"), ["True", "False", "False", "None", "True"]);
    assert_eq!(table.show("k in {'a', 'z'}"), ["True", "False", "True", "None", "True"]);
    assert_eq!(
        table.show("x in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"),
        ["True", "True", "False", "True", "None"]
    );
    assert_eq!(
        table.show("k in ('b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k')"),
        ["False", "True", "False", "None", "False"]
    );
    assert_eq!(table.show("x in [2.0, 0.5]"), ["False", "True", "False", "False", "None"]);
    assert_eq!(table.show("x / 2 in [1, 1.5]"), ["False", "True", "False", "True", "None"]);
    assert_eq!(table.show("[10, 20, 30, 40][1:3][x % 2]")[..2], ["20", "20"]);
    assert_eq!(table.show("[[1, 2], [3, 4]][1][x % 2]")[0], "3");
    assert_eq!(table.show("len([1, 2, 3]) + len({'a': 1, 'a': 2})")[0], "4");
    assert_eq!(table.show("x in []"), ["False", "False", "False", "False", "None"]);
}

#[test]
fn nulls_and_bytes_can_be_passed_on() {
    let table = Table::new()
        .with("nothing", NullArray::new(2))
        .with("bytes", BinaryArray::from(vec![Some(&b"x"[..]), None]))
        .ints("x", [1, 2]);
    assert_eq!(table.show("nothing"), ["None", "None"]);
    assert_eq!(table.show("nothing is None"), ["True", "True"]);
    assert_eq!(table.show("nothing + x"), ["None", "None"]);
    assert_eq!(table.show("nothing or x"), ["1", "2"]);
    assert_eq!(table.show("nothing == x"), ["None", "None"]);
    assert_eq!(table.show("f'{nothing}'"), ["'None'", "'None'"]);
    assert_eq!(table.show("x if nothing else -x"), ["-1", "-2"]);
    assert_eq!(table.show("bytes is None"), ["False", "True"]);
    assert_eq!(*table.compile("bytes").unwrap().data_type(), DataType::Binary);
    assert_eq!(table.error("bytes + 'a'").message, "`+` cannot be applied to bytes and str");
    assert_eq!(table.show("bytes.hex()"), ["'78'", "None"]);
}

#[test]
fn dotted_columns() {
    let table = Table::new().ints("order.amount", [5]).texts("order.note", ["hi"]).texts("fake", ["column"]);
    assert_eq!(table.one("order.amount * 2"), "10");
    assert_eq!(table.one("order.note.upper()"), "'HI'");
    assert_eq!(table.one("fake.upper()"), "'COLUMN'");
    assert_eq!(table.error("order.amuont").hint.as_deref(), Some("did you mean `order.amount`?"));
}
