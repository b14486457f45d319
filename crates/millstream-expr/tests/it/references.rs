use millstream_expr::{Constant, references};

#[test]
fn names_are_collected_in_reading_order() {
    let found = references("a if b > f'{c:>3}' else [d, e][x.y] + max(g, a)").unwrap();
    assert_eq!(found.names, ["a", "b", "c", "d", "e", "x", "x.y", "g"]);
    assert!(found.calls.is_empty());
}

#[test]
fn calls_come_with_their_constants() {
    let source = "foreign_key('customers', \"i\" 'd', distribution='zipf', param=1 + 0.2) or \
                  fake.email(name.lower(), [1, -2], x)[0]";
    let found = references(source).unwrap();
    assert_eq!(found.names, ["fake", "name", "x"]);
    let paths: Vec<&str> = found.calls.iter().map(|call| call.path.as_str()).collect();
    assert_eq!(paths, ["foreign_key", "fake.email", "name.lower"]);
    let key = &found.calls[0];
    assert_eq!(
        key.arguments,
        [
            Some(Constant::Str("customers".into())),
            Some(Constant::Str("id".into())),
            Some(Constant::Str("zipf".into())),
            Some(Constant::Float(1.2)),
        ]
    );
    assert_eq!(key.keywords, [None, None, Some("distribution".into()), Some("param".into())]);
    assert_eq!(key.argument(1, "column"), Some(&Constant::Str("id".into())));
    assert_eq!(key.argument(2, "distribution"), Some(&Constant::Str("zipf".into())));
    assert_eq!(key.argument(2, "other"), None);
    assert_eq!(
        &source[key.range.clone()],
        "foreign_key('customers', \"i\" 'd', distribution='zipf', param=1 + 0.2)"
    );
    assert_eq!(
        found.calls[1].arguments,
        [None, Some(Constant::List(vec![Constant::Int(1), Constant::Int(-2)])), None]
    );
    let weighted = references("f(weights={'a': 5, 2: 0.5})").unwrap();
    let pairs = [(Constant::Str("a".into()), Constant::Int(5)), (Constant::Int(2), Constant::Float(0.5))];
    assert_eq!(weighted.calls[0].argument(0, "weights"), Some(&Constant::Dict(pairs.into())));
    assert!(references("1 +").is_err());
}
