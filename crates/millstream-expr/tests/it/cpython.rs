//! The same expressions by CPython, in one run of `python3`: values must be equal to the bit, and rows fail alike.

use std::fmt::Write as _;

use arrow::array::Array;
use millstream_expr::{Expression, NoLibrary};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::common::Table;
use crate::generator::{Type, tree};
use crate::python::{answer, ask};

/// Reads pairs of lines, the columns' names and values once, then one expression a line; prints one line for each.
const SCRIPT: &str = r#"
import struct, sys, warnings
warnings.simplefilter("ignore")
def show(value):
    if value is None: return "n"
    if isinstance(value, bool): return "b1" if value else "b0"
    if isinstance(value, int): return "i%d" % value
    if isinstance(value, complex): return "e"
    if isinstance(value, float): return "f" + struct.pack(">d", value).hex()
    return "s" + value.encode().hex()
lines = sys.stdin.read().split("\n")
rows = eval(lines[0], {"nan": float("nan"), "inf": float("inf")})
for line in lines[1:]:
    if not line: continue
    code = compile(line, "<expression>", "eval")
    answers = []
    for row in rows:
        try: answers.append(show(eval(code, {}, row)))
        except (ValueError, ArithmeticError, IndexError, KeyError, TypeError) as error:
            # A type that does not fit is a mistake of the test, but for what is done with a complex number.
            if isinstance(error, TypeError) and "complex" not in str(error): raise
            answers.append("e")
    print(" ".join(answers))
"#;

const INTS: [(i64, i64); 10] = [
    (0, 3),
    (1, -1),
    (-7, 2),
    (7, -2),
    (12, 5),
    (-100, 7),
    (255, 16),
    (99_999, -33),
    (3, 0),
    (1_234_567, 10),
];

const FLOATS: [(f64, f64); 10] = [
    (0.0, 2.5),
    (-0.0, -1.0),
    (0.5, 0.1),
    (1.5, 3.0),
    (2.675, -0.3),
    (-1234.5678, 0.7),
    (1e16, 1e-5),
    (123_456_789.125, 100.0),
    (0.1, 0.0),
    (-2.5, 1e300),
];

const TEXTS: [(&str, &str); 10] = [
    ("", "-"),
    ("abc", "b"),
    ("Hello World", "o"),
    (" a-b,c ", "-"),
    ("ÉCOLE straße", "é"),
    ("12", "1"),
    ("-7", ""),
    ("ΑΣ ΣΑΣ", "Σ"),
    ("日本😀x", "😀"),
    ("1.5", ","),
];

fn table() -> Table {
    Table::new()
        .ints("i", INTS.map(|pair| pair.0))
        .ints("j", INTS.map(|pair| pair.1))
        .floats("f", FLOATS.map(|pair| pair.0))
        .floats("g", FLOATS.map(|pair| pair.1))
        .texts("s", TEXTS.map(|pair| pair.0))
        .texts("t", TEXTS.map(|pair| pair.1))
        .bools("b", INTS.map(|pair| pair.0 % 2 == 0))
        .bools("c", INTS.map(|pair| pair.1 > 2))
}

fn rows_in_python() -> String {
    let mut rows = "[".to_owned();
    for row in 0..INTS.len() {
        let (ints, floats, texts) = (INTS[row], FLOATS[row], TEXTS[row]);
        let python = |value: bool| if value { "True" } else { "False" };
        write!(rows, "dict(i={}, j={}, f={:?}, g={:?}, ", ints.0, ints.1, floats.0, floats.1).unwrap();
        write!(
            rows,
            "s='{}', t='{}', b={}, c={}),",
            texts.0,
            texts.1,
            python(ints.0 % 2 == 0),
            python(ints.1 > 2)
        )
        .unwrap();
    }
    rows + "]"
}

fn is_nan(answer: &str) -> bool {
    answer
        .strip_prefix('f')
        .is_some_and(|bits| f64::from_bits(u64::from_str_radix(bits, 16).unwrap()).is_nan())
}

/// Compares our answers to `ours` with CPython's to `theirs`.
fn compare(ours: &[String], theirs: &[String]) {
    let table = table();
    let mut compared = 0;
    let mut differences = Vec::new();
    for (source, expected) in ours.iter().zip(ask(SCRIPT, &rows_in_python(), theirs)) {
        let found: Vec<String> = match Expression::compile(source, &table, &NoLibrary) {
            Ok(expression) => {
                let (array, errors) = table.evaluate(&expression);
                let mut found: Vec<String> =
                    (0..array.len()).map(|row| answer(array.as_ref(), row)).collect();
                for (row, message) in errors.iter() {
                    // The first is the cause.
                    if !found[row].starts_with('e') {
                        found[row] = format!("e{message}");
                    }
                }
                found
            }
            Err(error) => vec![format!("e{error}"); expected.len()],
        };
        for (row, (found, expected)) in found.iter().zip(&expected).enumerate() {
            // CPython has ints of any size.
            let overflows = found.contains("integer overflow");
            let alike = if overflows {
                expected.starts_with(['i', 'b', 'f', 's', 'e'])
            } else if expected == "e" {
                found.starts_with('e')
            } else {
                found == expected || (is_nan(found) && is_nan(expected))
            };
            compared += usize::from(!overflows);
            if !alike {
                differences.push(format!("{source}\n    row {row}: {found}, not {expected}"));
            }
        }
    }
    let first: Vec<_> = differences.iter().take(10).cloned().collect();
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), first.join("\n"));
    assert!(compared > ours.len() * 5, "most rows must be comparable");
}

#[test]
fn random_expressions_agree_with_cpython() {
    let mut runner = TestRunner::deterministic();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for type_ in [Type::Int, Type::Float, Type::Str, Type::Bool] {
        let strategy = tree(type_, 3, false);
        for _ in 0..400 {
            let tree = strategy.new_tree(&mut runner).unwrap().current();
            ours.push(tree.source(false));
            theirs.push(tree.source(true));
        }
    }
    compare(&ours, &theirs);
}

#[test]
fn chosen_expressions_agree_with_cpython() {
    let mut expressions: Vec<String> = Vec::new();
    let mut add = |text: String| expressions.push(text);
    for digits in -4..12 {
        for value in ["f", "g", "f * g", "i / 8", "f / 3", "j / 1000", "i * 1.005", "f + 0.5", "0.1 + 0.2"] {
            add(format!("round({value}, {digits})"));
        }
        add(format!("round(i, {digits})"));
    }
    for value in [
        "f",
        "g",
        "f / g",
        "i / 3",
        "f * 1e10",
        "f * 1e-7",
        "g ** 3",
        "i * 1e300",
        "2.0 ** (i - 50)",
        "1.1 ** j",
    ] {
        for format in [
            "", "f", ".0f", ".1f", ".2f", ".3f", ".10f", ".17f", "e", ".0e", ".3e", "g", ".1g", ".3g",
            ".17g", ".3", ".17", "%", ".0%", ".1%", ",", ",.2f", "+", "+.2f", " .1f", "010.2f", "012,.1f",
            ">15", "<15.3f", "^15.1e", "*^+15", "G", "E", "F", "_", "=12", "-.2f", "015", "0<12.2f",
        ] {
            add(format!("f'{{{value}:{format}}}'"));
        }
        add(format!("str({value})"));
        add(format!("round({value})"));
        add(format!("int({value})"));
    }
    for value in ["i", "j", "i * j", "-i", "b"] {
        for format in [
            "", "d", "5", "05", "<5", "^5", ">5d", "x", "X", "#x", "o", "#o", "b", "#b", "08b", "#010x", ",",
            "_", "010,", "_x", "+", " ", "+06", "=+8", "*>9,", ".2f", "e", "%", "g", "06.1f", "0>8", "-d",
            ",d", "020,", "_b", "#_b",
        ] {
            add(format!("f'{{{value}:{format}}}'"));
        }
    }
    for value in ["s", "t", "s.upper()"] {
        for format in ["", "s", "5", ">8", "<8", "^8", "*^9s", ".2", "8.3", "08", "0>4", "é<6"] {
            add(format!("f'{{{value}:{format}}}'"));
        }
        for method in ["lower", "upper", "title", "capitalize", "swapcase", "strip", "isdigit", "isalpha"] {
            add(format!("{value}.{method}()"));
        }
        for (start, stop, step) in [
            ("", "", ""),
            ("1", "", ""),
            ("", "-1", ""),
            ("1", "3", ""),
            ("", "", "-1"),
            ("-3", "", "2"),
            ("5", "0", "-2"),
            ("i", "j", ""),
        ] {
            add(format!("{value}[{start}:{stop}:{step}]"));
        }
        for index in ["0", "-1", "2", "j"] {
            add(format!("{value}[{index}]"));
        }
        for count in [-1, 0, 1, 2] {
            add(format!("{value}.replace(t, '+', {count})"));
            add(format!("{value}.split('-', {count})[0]"));
            add(format!("{value}.split(None, {count})[-1]"));
        }
        add(format!("len({value}.split())"));
        add(format!("{value}.split(t)[0]"));
    }
    for operator in ["+", "-", "*", "/", "//", "%"] {
        for (left, right) in [
            ("i", "j"),
            ("f", "g"),
            ("i", "g"),
            ("f", "j"),
            ("i", "7"),
            ("i", "-7"),
            ("i", "8"),
            ("f", "-0.3"),
            ("1e308", "f"),
            ("i * 10 ** 12", "j"),
        ] {
            add(format!("{left} {operator} {right}"));
        }
    }
    for (base, exponent) in [
        ("i", "0"),
        ("i", "3"),
        ("i", "-2"),
        ("f", "2"),
        ("f", "0.5"),
        ("f", "g"),
        ("2", "abs(j)"),
        ("0.0", "j"),
        ("f", "-1"),
    ] {
        add(format!("{base} ** {exponent}"));
    }
    for big in ["9007199254740993", "9223372036854775807", "-9223372036854775808", "4611686018427387905"] {
        for right in ["3", "7", "10", "9007199254740993", "9223372036854775807", "(i + 2)"] {
            add(format!("{big} / {right}"));
            add(format!("{right} / {big}"));
            add(format!("{big} // {right}"));
            add(format!("{big} % {right}"));
        }
        for operator in ["==", "<", ">="] {
            add(format!("{big} {operator} f * 9007199254740992.0"));
            add(format!("{big} {operator} 9223372036854775807.0"));
        }
        add(format!("{big} + 0.0"));
        add(format!("float({big})"));
        add(format!("round({big}, -3)"));
        add(format!("str({big})"));
    }
    for text in [
        "' 12 '",
        "'1_0'",
        "'1__0'",
        "'_1'",
        "'+5'",
        "'- 5'",
        "'1e5'",
        "'0x10'",
        "'.5'",
        "'5.'",
        "'.'",
        "''",
        "'inf'",
        "'-Infinity'",
        "'nan'",
        "'1e400'",
        "'1_0.5_0'",
        "'1_.5'",
        "'1e1_0'",
        "'\\u00a012'",
        "'\\x1f7'",
        "'00012'",
        "'-0'",
        "'1e-400'",
    ] {
        add(format!("int({text})"));
        add(format!("float({text})"));
    }
    for number in 0..200 {
        // Two texts of 16 digits are equally near.
        add(format!(
            "str({:?})",
            (1_u64 << 46) as f64 + f64::from(number) * 1000.0 + f64::from(number % 4) / 4.0 + 0.125
        ));
    }
    for power in -1074..1024 {
        // The shortest digits at the edges of binades are where algorithms differ.
        if power % 7 == 0 || (-60..70).contains(&power) {
            let value = 2_f64.powi(power);
            add(format!("str({value:?})"));
            add(format!("str({:?})", value * (1.0 - f64::EPSILON / 2.0)));
        }
    }
    compare(&expressions, &expressions);
}

#[test]
fn characters_agree_with_cpython() {
    // The characters that are assigned and have the same cases in both versions of Unicode, in runs of words.
    let known = "'\\n'.join(chr(c) + chr(c).upper() + '\\t' + chr(c).lower() + '\\t' \
                 + ((chr(c) + 'a').title()[-1] + __import__('unicodedata').category(chr(c))) for c in range(131072) \
                 if not 55296 <= c < 57344 and __import__('unicodedata').category(chr(c)) not in ('Cn', 'Cc', 'Zl', 'Zp'))";
    let answer = ask(SCRIPT, &rows_in_python(), &[known.to_owned()]).remove(0).remove(0);
    let bytes =
        (1..answer.len()).step_by(2).map(|at| u8::from_str_radix(&answer[at..at + 2], 16).unwrap()).collect();
    let characters: Vec<char> = String::from_utf8(bytes)
        .unwrap()
        .split('\n')
        .filter_map(|line| {
            let character = line.chars().next()?;
            let mut fields = line[character.len_utf8()..].split('\t');
            let (upper, lower, class) = (fields.next()?, fields.next()?, fields.next()?);
            // After a character that has a case, a title goes on in lower case.
            let cased = character.is_lowercase() || character.is_uppercase() || class.ends_with("Lt");
            if cased != class.starts_with('a') {
                return None;
            }
            // Alone, a capital sigma ends no word.
            let alike =
                upper.chars().eq(character.to_uppercase()) && lower.chars().eq(character.to_lowercase());
            alike.then_some(character)
        })
        .collect();
    assert!(characters.len() > 50_000, "only {} characters", characters.len());
    let mut expressions = Vec::new();
    for run in characters.chunks(64) {
        let escapes = |join: &str| {
            run.iter().fold(String::new(), |mut text, character| {
                write!(text, "\\U{:08x}{join}", u32::from(*character)).unwrap();
                text
            })
        };
        expressions.push(format!("'{}'.title()", escapes(" ")));
        expressions.push(format!("'{}'.title()", escapes("a")));
        expressions.push(format!("'{}'.swapcase()", escapes(" ")));
    }
    for character in characters {
        // One by one where the answer is one bit, and less often where all are alike.
        let code = u32::from(character);
        if code < 0x3000 || code % 64 == 0 {
            let methods = ["isalpha()", "isdigit()", "strip()", "capitalize()"];
            expressions.extend(methods.map(|method| format!("'\\U{code:08x}'.{method}")));
        }
    }
    expressions.push(format!(
        "'{}'.split()[-1]",
        (0x1c_u32..0x20).fold(String::new(), |text, code| text + &format!("x\\U{code:08x}y"))
    ));
    compare(&expressions, &expressions);
}
