use crate::common::{Table, constant};

#[test]
fn literals_are_constants() {
    for (source, value) in [
        ("42", "42"),
        ("0x_ff", "255"),
        ("1_000", "1000"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("4.5e3", "4500.0"),
        ("'a' \"b\"", "'ab'"),
        (r"'\n\x41\u00e9'", "'\nAé'"),
        ("True", "True"),
        ("None", "None"),
        ("(1)", "1"),
        ("  \n 1 +\n 2 \n", "3"),
        ("1\n+ 2\n", "3"),
        ("1 # one", "1"),
    ] {
        assert_eq!(constant(source), value, "{source}");
    }
}

#[test]
fn constants_are_folded() {
    use millstream_expr::Constant;
    let table = Table::new().ints("x", [1]);
    for (source, value) in [
        ("2 + 3 * 4", Constant::Int(14)),
        ("'a'.upper() + str(1)", Constant::Str("A1".into())),
        ("f'{3:03d}'", Constant::Str("003".into())),
        ("1 < 2 < 3", Constant::Bool(true)),
        ("x if False else 2.5", Constant::Float(2.5)),
        ("True or x > 1", Constant::Bool(true)),
        ("None", Constant::None),
        ("{'a': 1, 'b': 2}['b']", Constant::Int(2)),
        ("[1, 2, 3][-1]", Constant::Int(3)),
        ("'a-b'.split('-')[1]", Constant::Str("b".into())),
        ("None == None", Constant::Bool(true)),
    ] {
        let expression = table.compile(source).unwrap();
        assert_eq!(expression.constant(), Some(&value), "{source}");
        assert_eq!(expression.columns(), &[] as &[usize], "{source}");
    }
    assert_eq!(table.compile("x + 1").unwrap().constant(), None);
    assert_eq!(table.compile("x + 1").unwrap().columns(), &[0]);
}

#[test]
fn ints_divide_as_python_does() {
    let table = Table::new().ints("a", [7, -7, 7, -7, i64::MIN, 5]).ints("b", [2, 2, -2, -2, -1, 0]);
    let overflow = "!integer overflow: the result does not fit into 64 bits";
    assert_eq!(table.show("a // b"), ["3", "-4", "-4", "3", overflow, "!division by zero"]);
    assert_eq!(table.show("a % b"), ["1", "1", "-1", "-1", "0", "!division by zero"]);
    assert_eq!(
        table.show("a / b"),
        ["3.5", "-3.5", "-3.5", "3.5", "9.223372036854776e18", "!division by zero"]
    );
    // Constant divisors take other paths.
    assert_eq!(table.show("a // 2"), ["3", "-4", "3", "-4", "-4611686018427387904", "2"]);
    assert_eq!(table.show("a % 4"), ["3", "1", "3", "1", "0", "1"]);
    assert_eq!(table.show("a // 3"), ["2", "-3", "2", "-3", "-3074457345618258603", "1"]);
    assert_eq!(table.show("a % 3"), ["1", "2", "1", "2", "1", "2"]);
    assert_eq!(table.show("a % -3"), ["-2", "-1", "-2", "-1", "-2", "-1"]);
    assert_eq!(table.show("a // 0").first().unwrap(), "!division by zero");
}

#[test]
fn overflow_fails_its_row_alone() {
    let table = Table::new().ints("x", [1, i64::MAX, i64::MIN]);
    let overflow = "!integer overflow: the result does not fit into 64 bits";
    assert_eq!(table.show("x + 1"), ["2", overflow, "-9223372036854775807"]);
    assert_eq!(table.show("x - 1"), ["0", "9223372036854775806", overflow]);
    assert_eq!(table.show("x * 2"), ["2", overflow, overflow]);
    assert_eq!(table.show("-x"), ["-1", "-9223372036854775807", overflow]);
    assert_eq!(table.show("abs(x)"), ["1", "9223372036854775807", overflow]);
    assert_eq!(table.show("x ** 2"), ["1", overflow, overflow]);
}

#[test]
fn powers() {
    let table = Table::new().ints("x", [2, -2, 0]).ints("n", [10, 3, -1]);
    assert_eq!(table.show("x ** 3"), ["8", "-8", "0"]);
    assert_eq!(table.show("x ** -1"), ["0.5", "-0.5", "!division by zero"]);
    assert_eq!(table.show("x ** 0.5")[1], "!a negative number to a fractional power is not a real number");
    assert_eq!(table.show("x ** n")[..2], ["1024", "-8"]);
    assert!(table.show("x ** n")[2].starts_with("!negative exponent"));
    assert_eq!(constant("(-8) ** 3"), "-512");
    assert_eq!(constant("-2 ** 2"), "-4");
    assert_eq!(constant("2.0 ** 0.5"), "1.4142135623730951");
}

#[test]
fn floats_follow_cpython() {
    let table = Table::new()
        .floats("a", [7.5, -7.5, -1e-20, 0.0, f64::INFINITY])
        .floats("b", [2.0, 2.0, 3.0, -3.0, 2.0]);
    assert_eq!(table.show("a // b"), ["3.0", "-4.0", "-1.0", "-0.0", "NaN"]);
    assert_eq!(table.show("a % b"), ["1.5", "0.5", "3.0", "-0.0", "NaN"]);
    assert_eq!(table.show("a / 0.0"), ["!division by zero"; 5]);
    assert_eq!(table.show("a * True")[0], "7.5");
}

#[test]
fn bools_count_as_ints() {
    let table = Table::new().bools("b", [Some(true), Some(false), None]).ints("x", [1, 2, 3]);
    assert_eq!(table.show("b + x"), ["2", "2", "None"]);
    assert_eq!(table.show("b == x"), ["True", "False", "None"]);
    assert_eq!(table.show("-b"), ["-1", "0", "None"]);
    assert_eq!(table.show("b < True"), ["False", "True", "None"]);
    assert_eq!(table.show("b in [1]"), ["True", "False", "None"]);
}

#[test]
fn comparisons_of_ints_and_floats_are_exact() {
    let big = (1_i64 << 53) + 1;
    let table = Table::new().ints("x", [big, 3, -1]).floats("f", [(1_i64 << 53) as f64, 3.0, f64::NAN]);
    assert_eq!(table.show("x == f"), ["False", "True", "False"]);
    assert_eq!(table.show("x > f"), ["True", "False", "False"]);
    assert_eq!(table.show("f < x"), ["True", "False", "False"]);
    assert_eq!(table.show("f != x"), ["True", "False", "True"]);
    assert_eq!(table.show("f == f"), ["True", "True", "False"]);
    assert_eq!(table.show("x == 3.0"), ["False", "True", "False"]);
    assert_eq!(table.show("x > 2.5"), ["True", "True", "False"]);
    assert_eq!(table.show("f == 9007199254740993"), ["False", "False", "False"]);
    assert_eq!(table.show("0 < x <= 3"), ["False", "True", "False"]);
    assert_eq!(table.show("0 < f < x"), ["True", "False", "False"]);
}

#[test]
fn rounding_is_half_to_even() {
    let table = Table::new().floats("f", [0.5, 1.5, 2.5, -0.5, 2.675, 1234.5678, 1e300]);
    assert_eq!(table.show("round(f)")[..6], ["0", "2", "2", "0", "3", "1235"]);
    assert!(table.show("round(f)")[6].starts_with("!integer overflow"));
    assert_eq!(table.show("round(f, 2)"), ["0.5", "1.5", "2.5", "-0.5", "2.67", "1234.57", "1e300"]);
    assert_eq!(table.show("round(f, -2)"), ["0.0", "0.0", "0.0", "-0.0", "0.0", "1200.0", "1e300"]);
    assert_eq!(table.show("round(f, ndigits=0)")[..3], ["0.0", "2.0", "2.0"]);
    let table = Table::new().ints("x", [15, 25, -15, i64::MAX]);
    assert_eq!(table.show("round(x, 1)"), ["15", "25", "-15", "9223372036854775807"]);
    assert_eq!(table.show("round(x, -1)")[..3], ["20", "20", "-20"]);
    assert!(table.show("round(x, -1)")[3].starts_with("!integer overflow"));
    assert_eq!(table.show("round(x, -30)"), ["0"; 4]);
    assert_eq!(constant("round(2.5, None)"), "2");
    assert_eq!(constant("round(True)"), "1");
}

#[test]
fn conversions() {
    let table =
        Table::new().texts("s", ["12", " +7\n", "1_000", "1.5", "x", "9223372036854775808", "inf", ""]);
    let shown = table.show("int(s)");
    assert_eq!(shown[..3], ["12", "7", "1000"]);
    assert_eq!(shown[3], "!\"1.5\" is not an int");
    assert_eq!(shown[5], "!integer overflow: the result does not fit into 64 bits");
    assert_eq!(shown[7], "!\"\" is not an int");
    let shown = table.show("float(s)");
    assert_eq!(shown[..4], ["12.0", "7.0", "1000.0", "1.5"]);
    assert_eq!(shown[4], "!\"x\" is not a float");
    assert_eq!(shown[6], "inf");
    let table = Table::new().floats("f", [2.9, -2.9, f64::NAN, f64::INFINITY, 1e19]);
    let shown = table.show("int(f)");
    assert_eq!(shown[..2], ["2", "-2"]);
    assert_eq!(shown[2], "!nan is not an int");
    assert_eq!(shown[3], "!infinity is not an int");
    assert!(shown[4].starts_with("!integer overflow"));
    assert_eq!(table.show("bool(f)")[2], "True");
    assert_eq!(constant("int(True) + float('1e2')"), "101.0");
    assert_eq!(constant("bool('')"), "False");
}

#[test]
fn least_and_greatest() {
    let table = Table::new()
        .ints("x", [Some(1), Some(5), None])
        .floats("f", [2.0, f64::NAN, 1.0])
        .texts("s", ["b", "a", "c"]);
    assert_eq!(table.show("min(x, 3)"), ["1", "3", "None"]);
    assert_eq!(table.show("max(x, 3, 4)"), ["4", "5", "None"]);
    assert_eq!(table.show("max([x, f])"), ["2.0", "5.0", "None"]);
    assert_eq!(table.show("max(f, x)"), ["2.0", "NaN", "None"]);
    assert_eq!(table.show("min(s, 'b')"), ["'b'", "'a'", "'b'"]);
    assert_eq!(table.show("max(x > 1, False)"), ["False", "True", "None"]);
    assert_eq!(constant("max(1, 2.5)"), "2.5");
}
