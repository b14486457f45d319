use arrow::array::{Array, ArrayRef};

use crate::function::NoLibrary;
use crate::scope::NoColumns;
use crate::{Expression, Frame, RowErrors};

/// The value of an expression or block as its column shows it, or `!` and why it has none.
fn run(source: &str) -> String {
    let expression = match Expression::compile_by_row(source, &NoColumns, &NoLibrary) {
        Ok(expression) => expression,
        Err(error) => return format!("?{}", error.message),
    };
    let mut errors = RowErrors::default();
    let array: ArrayRef = expression.evaluate(&Frame { columns: &[], rows: &[0] }, &mut errors).unwrap();
    assert_eq!(array.data_type(), expression.data_type(), "{source}");
    match errors.first() {
        Some((_, message, _)) => format!("!{message}"),
        None if array.is_null(0) => "None".to_owned(),
        None => arrow::util::display::array_value_to_string(&array, 0).unwrap(),
    }
}

fn type_of(source: &str) -> String {
    Expression::compile_by_row(source, &NoColumns, &NoLibrary).unwrap().data_type().to_string()
}

#[test]
fn expressions_have_pythons_values() {
    for (source, expected) in [
        ("[x * 2 for x in range(4) if x % 2]", "[2, 6]"),
        ("sum(x * y for x in range(3) for y in range(3))", "9"),
        ("sorted(['b', 'a', 'c'], reverse=True)[0]", "c"),
        ("max([3, 1, 2], key=lambda v: -v)", "1"),
        ("'-'.join(str(i) for i in range(3))", "0-1-2"),
        ("'%05.2f|%-5s|%3d%%' % (3.14159, 'ab', 7)", "03.14|ab   |  7%"),
        ("'{0[1]} {x!r:>5} {1:>{w}}'.format([1, 2], 3, x='a', w=4)", "2   'a'    3"),
        ("'a,b;c'.rsplit(',', 1)", "[a, b;c]"),
        ("{'a': 1}.get('b', 5)", "5"),
        ("any(x > 2 for x in [1, 2, 3])", "true"),
        ("next((x for x in [1, 5, 9] if x > 3), None)", "5"),
        ("f'{3:0{2 + 1}d} {\"x\"!r} {1 + 1=}'", "003 'x' 1 + 1=2"),
        ("6 & 3 | 8 ^ 1 << 2", "14"),
        ("~5 + (1, 2, 3)[-1]", "-3"),
        ("[*range(2), *'ab'][2:]", "[a, b]"),
        ("len({1, 1.0, True})", "1"),
        ("(y := 3) + y", "6"),
        ("isinstance(3, (int, str)) and not isinstance('a', int)", "true"),
        ("list(zip([1, 2], 'ab'))[1][1]", "b"),
        ("dict(a=1, b=2)['b']", "2"),
        ("sorted({'b': 1, 'a': 2}.items(), key=lambda kv: kv[1])[0][0]", "b"),
        ("1 if True else 'x'", "1"),
        ("' a b '.split()", "[a, b]"),
        ("str([1, 'a', None, 2.5, (1,)])", "[1, 'a', None, 2.5, (1,)]"),
        ("int('ff', 16) + int('0b11', 0)", "258"),
        ("list(map(str.upper, ['a', 'b']))", "[A, B]"),
        ("3 in [1, 2, 3] and 'x' not in 'abc'", "true"),
        ("1 < 2 < 3 != 4", "true"),
        ("'abc'[::-1]", "cba"),
        ("divmod(-7, 2)", "[-4, 1]"),
        ("round(2.5) + round(2.675, 2)", "4.67"),
    ] {
        assert_eq!(run(source), expected, "{source}");
    }
}

#[test]
fn blocks_have_pythons_values() {
    for (source, expected) in [
        ("x = 1\ny = 2\nreturn x + y", "3"),
        (
            "total = 0\nfor i in range(5):\n    if i == 3:\n        continue\n    total += i\nreturn total",
            "7",
        ),
        ("a, *b = [1, 2, 3]\nreturn b", "[2, 3]"),
        (
            "x = 5\nif x > 3:\n    return 'big'\nelif x > 1:\n    return 'mid'\nelse:\n    return 'small'",
            "big",
        ),
        ("d = {}\nfor w in ['a', 'b', 'a']:\n    d[w] = d.get(w, 0) + 1\nreturn d['a']", "2"),
        ("def f(n):\n    return 1 if n < 2 else n * f(n - 1)\nreturn f(5)", "120"),
        ("n = 10\nwhile n > 3:\n    n -= 2\nn", "2"),
        ("try:\n    x = 1 // 0\nexcept ZeroDivisionError as e:\n    x = -1\nreturn x", "-1"),
        ("return 7", "7"),
        ("a = 1; a + 1", "2"),
        ("items = []\nfor i in range(3):\n    items.append(i * 2)\nreturn items", "[0, 2, 4]"),
        ("x = [1, 2]\ny = x\ny += [3]\nreturn len(x)", "3"),
        ("for i in range(3):\n    pass\nelse:\n    i = 9\nreturn i", "9"),
        ("x = 3\nif x > 5:\n    return 1", "None"),
        ("l = [3, 1, 2]\nl.sort()\nl[0:1] = [7, 8]\ndel l[0]\nreturn l", "[8, 2, 3]"),
        ("f = lambda a, b=2: a * b\nreturn f(4)", "8"),
    ] {
        assert_eq!(run(source), expected, "{source}");
    }
}

#[test]
fn failures_are_those_of_python() {
    for (source, expected) in [
        ("1 / 0", "!division by zero"),
        ("[1][3]", "!list index out of range"),
        ("{'a': 1}['b']", "!there is no key 'b'"),
        ("'a' + 1", "?`+` cannot be applied to str and int"),
        ("'a' + [1, 'b'][0]", "!can only concatenate str (not \"int\") to str"),
        ("2 ** 63", "!integer overflow: the result does not fit into 64 bits"),
        ("sorted([1, 'a'])", "!'<' not supported between instances of 'str' and 'int'"),
        ("(lambda: 1)(2)", "!<lambda>() takes 0 positional arguments but 1 was given"),
        ("x = 1\ndel x\nreturn x", "!the variable `x` is used before it has a value"),
        ("import os\nreturn 1", "?the module `os` cannot be imported"),
        ("please return soon", "?syntax error"),
        ("raise ValueError('no')", "!ValueError: no"),
    ] {
        let found = run(source);
        assert!(found.starts_with(expected), "{source}: {found}");
    }
}

#[test]
fn a_row_has_a_budget() {
    for (source, expected) in [
        ("while True:\n    pass", "!the row takes more than"),
        ("sum(range(10 ** 9))", "!the row takes more than"),
        ("'ab' * 10 ** 9", "!the text is longer than 16 MiB"),
        ("x = 'a' * 1000\nfor i in range(100):\n    x = x + x\nreturn x", "!the text is longer than 16 MiB"),
        ("x = []\nx.append(x)\nreturn 1", "!a list, dict or set cannot hold itself"),
        ("x = []\nfor i in range(1000):\n    x = [x]\nreturn 1", "!the value is nested more than 100 deep"),
        ("x = [1]\nfor i in range(60):\n    x = [x, x]\nreturn str(x)", "!"),
        ("def f(n):\n    return f(n + 1)\nreturn f(0)", "!functions call each other more than"),
        ("[[0] * 1000 for i in range(100000)]", "!the row"),
        ("a = []\nb = [a]\na.append(b)\nreturn 1", "!a list, dict or set cannot hold itself"),
    ] {
        let found = run(source);
        assert!(found.starts_with(expected), "{source}: {}", &found[..found.len().min(200)]);
    }
}

#[test]
fn types_are_known_before_any_row() {
    for (source, expected) in [
        ("[1, 2.5]", "List(Float64)"),
        ("1 if True else 2.5", "Float64"),
        ("1 if True else None", "Int64"),
        ("1 if True else 'a'", "Utf8"),
        ("{'a': 1, 'b': 'x'}", "Struct(\"a\": Int64, \"b\": Utf8)"),
        (
            "{k: 1.5 for k in 'ab'}",
            "Map(\"entries\": non-null Struct(\"keys\": non-null Utf8, \"values\": Float64), unsorted)",
        ),
        ("x = []\nfor i in range(3):\n    x.append(str(i))\nreturn x", "List(Utf8)"),
        ("x = '5'\nx = int(x)\nreturn x", "Int64"),
        ("x = 0\nfor i in range(3):\n    x = x / 2\nreturn x", "Float64"),
        ("'a b'.split()[0].upper()", "Utf8"),
        ("sum([1.5, 2])", "Float64"),
        ("def f(x):\n    return x + 0.5\nreturn f(1)", "Float64"),
        ("sorted([3, 1], key=lambda v: -v)[0]", "Int64"),
        ("x = []\nfor i in range(100):\n    x = [x]\nreturn x", "List(List(List("),
        ("while True:\n    return 1", "Int64"),
    ] {
        assert!(
            type_of(source).starts_with(expected.trim_end_matches(", unsorted)")),
            "{source}: {}",
            type_of(source)
        );
    }
}
