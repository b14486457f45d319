//! Everything that is wrong with tables is found at once, and pointed at.

use millstream_generate::SpecError;

use crate::common::{spec, table, try_compile};

/// The one error of a child table whose column `x` is made by `data`.
fn error_of(data: &str) -> SpecError {
    let errors = try_compile(vec![
        table("customers", 3, "0", &[("customer_id", "row_id"), ("email", "f\"{row_id}\"")]),
        table("empty", 0, "0", &[("id", "row_id")]),
        table("orders", 3, "0", &[("order_id", "row_id"), ("other", "row_id * 2"), ("x", data)]),
    ])
    .unwrap_err();
    assert_eq!(errors.len(), 1, "{data}: {errors:?}");
    assert_eq!((errors[0].table, errors[0].column), (2, Some(2)), "{data}");
    errors.into_iter().next().unwrap()
}

#[test]
fn errors_point_at_the_argument_and_suggest() {
    // data, what is pointed at, message, hint
    let cases = [
        ("foreign_key('custmers', 'customer_id')", "'custmers'", "no table `custmers`", "`customers`"),
        ("foreign_key('customers', 'id')", "'id'", "no column `id`", "customer_id"),
        ("foreign_key('customers', 'emial')", "'emial'", "no column `emial`", "`email`"),
        ("foreign_key('zzz', 'id')", "'zzz'", "no table `zzz`", "the tables are customers"),
        ("foreign_key('customers')", "foreign_key('customers')", "needs `column`", "foreign_key(table"),
        ("foreign_key('orders', 'x')", "x", "x -> x", "row_id"),
        ("foreign_key('empty', 'id')", "'empty'", "no row of `empty` yet", "row_count"),
        (
            "foreign_key('customers', 'email', distribution='zpif')",
            "distribution='zpif'",
            "no distribution `zpif`",
            "`zipf`",
        ),
        ("foreign_key('customers', 'email', 'zipf', 0)", "0", "above 0", "foreign_key("),
        ("foreign_key('customers', 'email', param=2)", "param=2", "uniform key has no parameter", "zipf"),
        (
            "foreign_key('customers', 'email', distribution='weighted_parent')",
            "distribution='weighted_parent'",
            "needs `parent_attr`",
            "parent_attr=column",
        ),
        (
            "foreign_key('customers', 'email', 'weighted_parent', parent_attr='emial', weights={'1': 2})",
            "parent_attr='emial'",
            "no column `emial`",
            "`email`",
        ),
        (
            "foreign_key('customers', 'email', 'weighted_parent', parent_attr='customer_id')",
            "parent_attr='customer_id'",
            "how much do the values",
            "param=",
        ),
        ("foreign_key('customers', 'email', 'weighted_parent', 5, 'email')", "'email'", "only numbers", ""),
        (
            "foreign_key('customers', 'email', 'weighted_parent', 5, 'customer_id', {'1': 2})",
            "5",
            "leave out one",
            "",
        ),
        (
            "foreign_key('customers', 'email', 'weighted_parent', parent_attr='customer_id', weights={'a': 2})",
            "weights={'a': 2}",
            "never used",
            "",
        ),
        ("foreign_key('customers', 'email', weights={'a': 2})", "weights={'a': 2}", "belongs to", ""),
        (
            "foreign_key('customers', 'email', weights=[1], parent_attr='email', distribution='weighted_parent')",
            "weights=[1]",
            "a dict is needed",
            "foreign_key(",
        ),
        ("foreign_key('customers', 'email', is_unique=1)", "is_unique=1", "True or False", ""),
        ("foreign_key('customers', 'email', 'zipf', is_unique=True)", "'zipf'", "at most once", "leave out"),
        (
            "foreign_key('orders', 'order_id', is_unique=True)",
            "is_unique=True",
            "the one before",
            "row_id - 1",
        ),
        ("copy_from_fk('x', 'orders', 'other')", "x", "x -> x", "row_id"),
        (
            "foreign_key('customers', 'email', same_as='other')",
            "same_as='other'",
            "no foreign key",
            "foreign_key(",
        ),
        ("foreign_key('customers', f'{other}')", "f'{other}'", "depends on the row", "foreign_key("),
        (
            "copy_from_fk('other', 'customers', 'email')",
            "'other'",
            "`other` is no foreign key",
            "copy_from_fk(",
        ),
        ("copy_from_fk('nothing', 'customers', 'email')", "'nothing'", "no column `nothing`", ""),
        ("copy_from_fk('other', 'customers', 'e_mail')", "'e_mail'", "no column `e_mail`", "`email`"),
        ("random.randint(5, 1)", "1", "no integer from 5 to 1", ""),
        ("tick_time(1)", "1", "takes no arguments", "tick_time()"),
        ("othr + 1", "othr", "othr", "other"),
        ("random.chioce([1])", "random.chioce", "random.chioce", "random.choice"),
        ("x + 1", "x", "x -> x", "row_id"),
    ];
    for (data, pointed_at, message, hint) in cases {
        let error = error_of(data);
        assert!(error.message.contains(message), "{data}: {}", error.message);
        let shown = error.hint.unwrap_or_default();
        assert!(shown.contains(hint), "{data}: {shown}");
        let range = error.range.unwrap();
        let text = &data[range];
        assert!(text == pointed_at || pointed_at.ends_with(text), "{data}: points at {text}");
    }
}

#[test]
fn circles_are_shown() {
    let errors = try_compile(vec![table(
        "t",
        3,
        "0",
        &[("id", "row_id"), ("a", "b + 1"), ("b", "c"), ("c", "id * a"), ("d", "a + 1")],
    )])
    .unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].message.contains("a -> b -> c -> a"), "{}", errors[0].message);
    assert_eq!((errors[0].column, errors[0].range.clone()), (Some(3), Some(5..6)));

    let errors = try_compile(vec![
        table("a", 3, "0", &[("id", "row_id"), ("k", "foreign_key('b', 'id')")]),
        table("b", 3, "0", &[("id", "row_id"), ("k", "foreign_key('c', 'id')")]),
        table("c", 3, "0", &[("id", "row_id"), ("k", "foreign_key('a', 'id')")]),
    ])
    .unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].message.contains("c -> a -> b -> c"), "{}", errors[0].message);
    assert_eq!((errors[0].table, errors[0].column), (2, Some(1)));
}

#[test]
fn all_errors_are_given_in_order_and_only_causes() {
    let errors = try_compile(vec![
        table("a", 3, "0", &[("id", "row_id"), ("x", "nothing"), ("y", "x + 1")]),
        table("b", 3, "0", &[("id", "foreign_key('a', 'x')"), ("y", "row_id +"), ("y", "1")]),
        table("a", 3, "0", &[]),
    ])
    .unwrap_err();
    let places: Vec<(usize, Option<usize>)> =
        errors.iter().map(|error| (error.table, error.column)).collect();
    assert_eq!(places, [(0, Some(1)), (1, Some(1)), (1, Some(2)), (2, None), (2, None)], "{errors:?}");
}

#[test]
fn what_all_tables_share_is_checked_too() {
    let mut wrong = spec(vec![table("t", 3, "0", &[("id", "row_id")])]);
    wrong.locale = "en_ZZ".to_owned();
    wrong.tick = std::time::Duration::ZERO;
    let errors = millstream_generate::Tables::compile(&wrong, 0).unwrap_err();
    assert_eq!(errors.len(), 2, "{errors:?}");
    let mut slow =
        spec(vec![table("t", 1_000_000_000, "0.000001", &[("id", "row_id"), ("at", "tick_time()")])]);
    slow.tick = std::time::Duration::from_secs(1);
    let errors = millstream_generate::Tables::compile(&slow, 0).unwrap_err();
    assert!(errors[0].message.contains("before the year 1"), "{errors:?}");
}
