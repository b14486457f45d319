//! `math`, `string`, `hashlib`, `re` and `uuid` by CPython, in one run of `python3`.

use std::fmt::Write as _;

use arrow::array::Array;
use millstream_expr::{Expression, NoLibrary};

use crate::common::Table;
use crate::python::{answer, ask};

const SCRIPT: &str = r#"
import struct, sys, warnings, math, string, hashlib, re, uuid
warnings.simplefilter("ignore")
def show(value):
    if value is None: return "n"
    if isinstance(value, bool): return "b1" if value else "b0"
    if isinstance(value, int): return "i%d" % value
    if isinstance(value, float): return "f" + struct.pack(">d", value).hex()
    return "s" + str(value).encode().hex()
lines = sys.stdin.read().split("\n")
rows = eval(lines[0])
for line in lines[1:]:
    if not line: continue
    code = compile(line, "<expression>", "eval")
    answers = []
    for row in rows:
        try: answers.append(show(eval(code, globals(), row)))
        except (ValueError, ArithmeticError, IndexError, AttributeError, TypeError) as error: answers.append("e")
    print(" ".join(answers))
"#;

const INTS: [i64; 8] = [0, 1, -3, 12, 25, 7, 63, 1_000_003];
const OTHERS: [i64; 8] = [2, 0, 9, 8, -10, 7, 3, 6];
const FLOATS: [f64; 8] = [0.0, 0.5, -1.25, 2.0, 1e-9, 700.5, -0.999, 123_456.789];
const TEXTS: [&str; 8] = [
    "",
    "abc",
    "Hello, World",
    "a1b22c333",
    "  x  y ",
    "ÉCOLE-straße",
    "2024-01-31",
    "foo@example.com; bar@b.org",
];

fn table() -> Table {
    Table::new()
        .ints("i", INTS)
        .ints("j", OTHERS)
        .floats("f", FLOATS)
        .floats("g", FLOATS.into_iter().rev())
        .texts("s", TEXTS)
}

fn rows_in_python() -> String {
    let mut rows = "[".to_owned();
    for row in 0..8 {
        write!(
            rows,
            "dict(i={}, j={}, f={:?}, g={:?}, s={:?}),",
            INTS[row],
            OTHERS[row],
            FLOATS[row],
            FLOATS[7 - row],
            TEXTS[row]
        )
        .unwrap();
    }
    rows + "]"
}

/// How many floats lie between two.
fn distance(left: &str, right: &str) -> Option<u64> {
    let bits = |text: &str| Some(f64::from_bits(u64::from_str_radix(text.strip_prefix('f')?, 16).ok()?));
    let (left, right) = (bits(left)?, bits(right)?);
    if left.is_nan() && right.is_nan() || left == right {
        return Some(0);
    }
    ((left > 0.0) == (right > 0.0)).then(|| left.to_bits().abs_diff(right.to_bits()))
}

/// Compares our answers with CPython's; floats may be `apart` floats from each other.
fn compare(expressions: &[String], apart: u64) {
    let table = table();
    let (mut compared, mut differences) = (0, Vec::new());
    for (source, expected) in expressions.iter().zip(ask(SCRIPT, &rows_in_python(), expressions)) {
        let found: Vec<String> = match Expression::compile(source, &table, &NoLibrary) {
            Ok(expression) => {
                let (array, errors) = table.evaluate(&expression);
                let mut found: Vec<String> =
                    (0..array.len()).map(|row| answer(array.as_ref(), row)).collect();
                for (row, message) in errors.iter() {
                    found[row] = format!("e{message}");
                }
                found
            }
            Err(error) => vec![format!("e{error}"); expected.len()],
        };
        for (row, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let overflows = found.contains("integer overflow") && expected.starts_with('i');
            let alike = overflows
                || if expected == "e" { found.starts_with('e') } else { found == expected }
                || distance(found, expected).is_some_and(|distance| distance <= apart);
            compared += usize::from(!overflows && expected != "e");
            if !alike {
                differences.push(format!("{source}\n    row {row}: {found}, not {expected}"));
            }
        }
    }
    let first: Vec<_> = differences.iter().take(15).cloned().collect();
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), first.join("\n"));
    assert!(compared > expressions.len() * 3, "only {compared} values were compared");
}

#[test]
fn exact_functions_of_math_agree_with_cpython() {
    let mut expressions = Vec::new();
    for function in
        ["floor", "ceil", "trunc", "fabs", "sqrt", "degrees", "radians", "isnan", "isinf", "isfinite", "ulp"]
    {
        for value in ["f", "g", "f * g", "i", "f / 3", "i / 7", "f * 1e300", "f * 1e-300", "i > 3", "-f"] {
            expressions.push(format!("math.{function}({value})"));
        }
    }
    for (left, right) in
        [("i", "j"), ("j", "i"), ("i * 2", "12"), ("60", "j"), ("i", "2"), ("j", "3"), ("25", "abs(j)")]
    {
        for function in ["gcd", "lcm", "comb", "perm"] {
            expressions.push(format!("math.{function}({left}, {right})"));
        }
        for function in ["fmod", "copysign", "remainder", "nextafter"] {
            expressions.push(format!("math.{function}({left}, {right})"));
            expressions.push(format!("math.{function}(f, {right})"));
            expressions.push(format!("math.{function}({left}, g)"));
        }
    }
    for source in [
        "math.gcd()",
        "math.lcm()",
        "math.gcd(i, j, 6)",
        "math.lcm(i, j, 4)",
        "math.factorial(abs(j))",
        "math.factorial(i)",
        "math.isqrt(i)",
        "math.isqrt(j)",
        "math.perm(j)",
        "math.pi",
        "math.e",
        "math.tau",
        "math.inf",
        "math.nan",
        "math.isclose(f, f + 1e-12)",
        "math.isclose(f, g, rel_tol=0.5)",
        "math.isclose(f, g, abs_tol=1e6)",
        "math.isclose(i, j)",
        "math.floor(math.inf)",
        "math.ceil(math.nan)",
        "math.sqrt(-i)",
        "2 * math.pi * f",
        "round(math.sqrt(i), 3)",
        "math.hypot(3, 4)",
        "math.hypot()",
        "math.hypot(f)",
    ] {
        expressions.push(source.to_owned());
    }
    compare(&expressions, 0);
}

#[test]
fn other_functions_of_math_differ_by_the_last_bits_at_most() {
    let mut expressions = Vec::new();
    for function in [
        "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
        "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "cbrt", "erf", "erfc",
    ] {
        for value in ["f", "g", "i", "f / 7", "i / 100", "abs(f) + 1", "f * 1e-5"] {
            expressions.push(format!("math.{function}({value})"));
        }
    }
    for (left, right) in [("f", "g"), ("abs(f)", "0.3"), ("i", "j"), ("g", "2"), ("2", "f / 10"), ("-f", "3")]
    {
        for function in ["pow", "atan2", "hypot", "log"] {
            expressions.push(format!("math.{function}({left}, {right})"));
        }
        expressions.push(format!("math.hypot({left}, {right}, 1.5, f)"));
    }
    compare(&expressions, 4);
    // These have algorithms of their own in CPython.
    let gammas: Vec<String> = ["gamma(f)", "gamma(i / 4)", "lgamma(g)", "lgamma(i / 3)"]
        .map(|source| format!("math.{source}"))
        .to_vec();
    compare(&gammas, 64);
}

#[test]
fn digests_and_uuids_agree_with_cpython() {
    let mut expressions = Vec::new();
    for algorithm in ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"] {
        for text in ["s", "str(i)", "'constant'", "(s * 40)", "f'{i}-{s}'"] {
            expressions.push(format!("hashlib.{algorithm}({text}.encode()).hexdigest()"));
            expressions.push(format!("hashlib.new('{algorithm}', {text}.encode('utf-8')).hexdigest()[:8]"));
        }
    }
    for source in [
        "uuid.uuid5(uuid.NAMESPACE_DNS, s)",
        "str(uuid.uuid5(uuid.NAMESPACE_URL, str(i)))",
        "uuid.uuid3(uuid.NAMESPACE_OID, s).hex",
        "uuid.uuid3(uuid.NAMESPACE_X500, s).urn",
        "uuid.UUID('{12345678-1234-5678-1234-567812345678}')",
        "uuid.UUID('12345678123456781234567812345678').hex[:4] + s",
        "str(uuid.uuid5(uuid.UUID('12345678123456781234567812345678'), s))[:13]",
        "uuid.UUID(s)",
        "f'{uuid.uuid5(uuid.NAMESPACE_DNS, s)}'",
    ] {
        expressions.push(source.to_owned());
    }
    for name in [
        "ascii_letters",
        "ascii_lowercase",
        "ascii_uppercase",
        "digits",
        "hexdigits",
        "octdigits",
        "punctuation",
        "printable",
        "whitespace",
    ] {
        expressions.push(format!("string.{name}"));
        expressions.push(format!("string.{name}[i % 6]"));
    }
    compare(&expressions, 0);
}

#[test]
fn regular_expressions_agree_with_cpython() {
    let mut expressions = Vec::new();
    let patterns = [
        r"\d+",
        r"[a-z]",
        r"x*",
        r"\b",
        r"^\s+|\s+$",
        r"(\w)(\d)",
        r"[^A-Za-z0-9]+",
        r"(?P<user>\w+)@(?P<host>[\w.]+)",
        r"[aeiouÉß]",
        r"(?i)hello|C",
        r"\W",
        r".",
        r"a{2,3}|b{,2}",
        r"[-,;]",
        r"[[\]]|[&~]",
        r"(a)|(b)",
        r"\A.",
        r".\Z",
        r"[\w.-]+",
        "",
    ];
    for pattern in patterns {
        for replacement in ["", "-", r"<\g<0>>"] {
            expressions.push(format!("re.sub(r'{pattern}', r'{replacement}', s)"));
        }
        expressions.push(format!("re.sub(r'{pattern}', '_', s, count=1)"));
        expressions.push(format!("re.sub(r'{pattern}', '_', s, 2, re.I)"));
        for function in ["match", "search", "fullmatch"] {
            expressions.push(format!("'y' if re.{function}(r'{pattern}', s) else 'n'"));
            expressions.push(format!("re.{function}(r'{pattern}', s) is None"));
            expressions.push(format!("re.{function}(r'{pattern}', s).group()"));
            expressions.push(format!("bool(re.{function}(r'{pattern}', s, re.IGNORECASE))"));
        }
    }
    for source in [
        r"re.sub(r'(\w+)@(\w+)', r'\2 at \1', s)",
        r"re.sub(r'(?P<a>\w)(?P<b>\w)', r'\g<b>\g<a>', s)",
        r"re.sub('(a)(x)?', r'[\1\2]', s)",
        r"re.search(r'(\d+)-(\d+)', s).group(2)",
        r"re.search(r'(?P<user>\w+)@', s).group('user')",
        r"re.search(r'(\w)(\d)?', s)[2]",
        r"int(re.search(r'\d+', s).group(0)) + 1 if re.search(r'\d', s) else -1",
        r"re.sub(r'a.c', 'X', 'a\nc' + s, flags=re.S)",
        r"re.sub(r'\n', ' ', 'a\nb')",
    ] {
        expressions.push(source.to_owned());
    }
    compare(&expressions, 0);
}

#[test]
fn what_modules_cannot_do_is_refused() {
    let table = table();
    for (source, message) in [
        ("re.sub(r'(a)\\1', '', s)", "`\\1` in a regular expression (what a group matched) is not supported"),
        ("re.sub(r'(?=a)', '', s)", "`(?=` in a regular expression (look-ahead) is not supported"),
        ("re.sub('(', '', s)", "the regular expression cannot be read: unclosed group"),
        ("re.sub('a', r'\\1', s)", "the pattern has no group 1"),
        ("hashlib.md5(s).hexdigest()", "`hashlib.md5` needs bytes, not a str"),
        ("hashlib.md5(s.encode())", "a hash is not a single value, and cannot be used here"),
        ("s.encode()", "bytes is not a single value, and cannot be used here"),
        ("math.sqrt(s)", "`sqrt` needs a number here, not a str"),
        ("math.gcd(f)", "`gcd` needs an int here, not a float"),
        ("math.sqrt()", "`sqrt` needs the argument `x`"),
        ("math.pie", "there is no column `math.pie`"),
        ("uuid.uuid4()", "there is no function `fake.uuid4`"),
        ("math.sqrt(-1)", "math domain error"),
    ] {
        assert_eq!(table.error(source).message, message, "{source}");
    }
}
