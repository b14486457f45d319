//! Random expressions and blocks by CPython, in one run of `python3`: what they give is shown alike, and they fail
//! alike. Everything is evaluated row by row here, as `repr` is.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use arrow::array::{Array, AsArray};
use millstream_expr::{Expression, Frame, NoColumns, NoLibrary, RowErrors};

const EXPRESSIONS: usize = 3500;
const BLOCKS: usize = 2500;

/// Reads programs with a NUL between them; prints what each returns, or the class of its exception.
const SCRIPT: &str = r#"
import sys, warnings
warnings.simplefilter("ignore")
sys.set_int_max_str_digits(0)
for source in sys.stdin.buffer.read().decode().split("\0"):
    if not source: continue
    names = {}
    try:
        exec("def f():\n" + "\n".join("    " + line for line in source.split("\n")), names)
        value = names["f"]()
        assert isinstance(value, str)
        print("=" + value.encode().hex())
    except Exception as error:
        print("!" + type(error).__name__)
"#;

/// A generator of pseudo-random numbers: the same programs on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % count
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }
}

/// The variables of each type that a part may name.
#[derive(Default, Clone)]
struct Names {
    ints: Vec<String>,
    texts: Vec<String>,
    lists: Vec<String>,
}

fn int(random: &mut Random, names: &Names, depth: usize) -> String {
    if depth == 0 {
        return match random.below(3) {
            0 if !names.ints.is_empty() => names.ints[random.below(names.ints.len())].clone(),
            _ => random.pick(&["0", "1", "2", "3", "7", "10", "-1", "-5", "255", "1000", "True"]).to_owned(),
        };
    }
    let d = depth - 1;
    match random.below(22) {
        0 => format!("({} + {})", int(random, names, d), int(random, names, d)),
        1 => format!("({} - {})", int(random, names, d), int(random, names, d)),
        2 => format!("({} * {})", int(random, names, d), int(random, names, d)),
        3 => format!("({} // {})", int(random, names, d), int(random, names, d)),
        4 => format!("({} % {})", int(random, names, d), int(random, names, d)),
        5 => {
            format!("({} {} {})", int(random, names, d), random.pick(&["&", "|", "^"]), int(random, names, d))
        }
        6 => format!(
            "({} {} {})",
            int(random, names, d),
            random.pick(&["<<", ">>"]),
            random.pick(&["0", "1", "3"])
        ),
        7 => format!("{}({})", random.pick(&["-", "+", "~", "abs", "int"]), int(random, names, d)),
        8 => format!("len({})", list(random, names, d)),
        9 => format!("len({})", text(random, names, d)),
        10 => format!("sum({})", list(random, names, d)),
        11 => {
            format!("{}({}, {})", random.pick(&["min", "max"]), int(random, names, d), int(random, names, d))
        }
        12 => format!("{}({} or [4])", random.pick(&["min", "max", "sum", "len"]), list(random, names, d)),
        13 => format!(
            "({} if {} else {})",
            int(random, names, d),
            boolean(random, names, d),
            int(random, names, d)
        ),
        14 => format!("{}[{}]", list(random, names, d), int(random, names, d)),
        15 => format!(
            "{}.{}({})",
            text(random, names, d),
            random.pick(&["find", "count", "rfind"]),
            text(random, names, d)
        ),
        16 => format!("round({})", float(random, names, d)),
        17 => {
            format!("{}.get({}, {})", dict(random, names, d), text(random, names, d), int(random, names, d))
        }
        18 => format!("{}[{}]", dict(random, names, d), text(random, names, d)),
        19 => format!("divmod({}, {})[{}]", int(random, names, d), int(random, names, d), random.below(2)),
        20 => format!("{}.count({})", list(random, names, d), int(random, names, d)),
        _ => format!(
            "next((q for q in {} if q > {}), {})",
            list(random, names, d),
            int(random, names, d),
            int(random, names, d)
        ),
    }
}

fn float(random: &mut Random, names: &Names, depth: usize) -> String {
    if depth == 0 {
        return random.pick(&["0.5", "1.5", "2.675", "-0.1", "1e10", "3.14159", "100.0", "-7.25"]).to_owned();
    }
    let d = depth - 1;
    match random.below(8) {
        0 => format!("({} + {})", float(random, names, d), int(random, names, d)),
        1 => format!("({} * {})", float(random, names, d), float(random, names, d)),
        2 => format!("({} / {})", int(random, names, d), int(random, names, d)),
        3 => format!("({} - {})", float(random, names, d), float(random, names, d)),
        4 => format!("round({}, {})", float(random, names, d), random.pick(&["0", "1", "2", "3", "-1"])),
        5 => format!("({} // {})", float(random, names, d), float(random, names, d)),
        6 => format!("({} % {})", float(random, names, d), float(random, names, d)),
        _ => format!("float({})", int(random, names, d)),
    }
}

fn text(random: &mut Random, names: &Names, depth: usize) -> String {
    if depth == 0 {
        return match random.below(3) {
            0 if !names.texts.is_empty() => names.texts[random.below(names.texts.len())].clone(),
            _ => random
                .pick(&[
                    "''",
                    "'a'",
                    "'b'",
                    "'Hello World'",
                    "'a,b;c'",
                    "' x '",
                    "'straße'",
                    "\"it's\"",
                    "r'\\n'",
                    "'12'",
                    "'a-b-c'",
                ])
                .to_owned(),
        };
    }
    let d = depth - 1;
    match random.below(20) {
        0 => format!("({} + {})", text(random, names, d), text(random, names, d)),
        1 => format!("({} * {})", text(random, names, d), random.pick(&["0", "1", "2", "3"])),
        2 => format!("str({})", any(random, names, d)),
        3 => format!("repr({})", any(random, names, d)),
        4 => format!(
            "{}.{}()",
            text(random, names, d),
            random.pick(&[
                "upper",
                "lower",
                "title",
                "strip",
                "lstrip",
                "rstrip",
                "capitalize",
                "swapcase",
                "casefold"
            ])
        ),
        5 => format!(
            "{}.replace({}, {})",
            text(random, names, d),
            text(random, names, d),
            text(random, names, d)
        ),
        6 => format!(
            "{}[{}:{}]",
            text(random, names, d),
            random.pick(&["", "1", "-3", "2"]),
            random.pick(&["", "5", "-1", "3"])
        ),
        7 => format!("{}[::{}]", text(random, names, d), random.pick(&["-1", "2", "-2", "1"])),
        8 => format!("{}[{}]", text(random, names, d), int(random, names, d)),
        9 => format!("{}.join(str(j) for j in {})", text(random, names, d), list(random, names, d)),
        10 => format!(
            "f\"{{{}:{}}}\"",
            int(random, names, d).replace('"', "'").replace("r'\\n'", "'c'"),
            random.pick(&["05d", ">6", "x", ",", "+d", "08.2f", "b", "^7", "_", "e"])
        ),
        11 => format!("f\"<{{{}!r}}>{{{}}}\"", plain_text(random), random.below(9)),
        12 => format!("('%s-%03d' % ({}, {}))", text(random, names, d), int(random, names, d)),
        13 => format!("('%.2f|%5s' % ({}, {}))", float(random, names, d), text(random, names, d)),
        14 => format!(
            "'{{}}/{{1}}{{0}}'.replace('{{}}', '').format({}, {})",
            any(random, names, d),
            int(random, names, d)
        ),
        15 => format!(
            "'{{:>{{w}}}}|{{x:.3f}}'.format({}, w={}, x={})",
            text(random, names, d),
            random.below(9),
            float(random, names, d)
        ),
        16 => format!(
            "{}.{}({})",
            text(random, names, d),
            random.pick(&["zfill", "ljust", "rjust", "center"]),
            random.below(9)
        ),
        17 => format!(
            "({} if {} else {})",
            text(random, names, d),
            boolean(random, names, d),
            text(random, names, d)
        ),
        18 => {
            format!(
                "{}.{}({})",
                text(random, names, d),
                random.pick(&["partition", "rpartition"]),
                random.pick(&["'-'", "','", "'a'"])
            ) + &format!("[{}]", random.below(3))
        }
        _ => format!(
            "format({}, '{}')",
            float(random, names, d),
            random.pick(&[".2f", "10.1f", "e", "g", ".3", ",.0f", "%"])
        ),
    }
}

fn plain_text(random: &mut Random) -> &'static str {
    random.pick(&["'a'", "'x y'", "'b-c'"])
}

fn list(random: &mut Random, names: &Names, depth: usize) -> String {
    if depth == 0 {
        return match random.below(3) {
            0 if !names.lists.is_empty() => names.lists[random.below(names.lists.len())].clone(),
            _ => random.pick(&["[]", "[1, 2, 3]", "[5, -2, 9, 0]", "[7]", "list(range(4))"]).to_owned(),
        };
    }
    let d = depth - 1;
    match random.below(13) {
        0 => format!("[{}, {}]", int(random, names, d), int(random, names, d)),
        1 => {
            let mut inner = names.clone();
            inner.ints.push("i".to_owned());
            format!(
                "[{} for i in {} if {}]",
                int(random, &inner, d),
                list(random, names, d),
                boolean(random, &inner, d)
            )
        }
        2 => format!("sorted({}, reverse={})", list(random, names, d), random.pick(&["True", "False"])),
        3 => format!("sorted({}, key=lambda v: (v % 3, -v))", list(random, names, d)),
        4 => format!("({} + {})", list(random, names, d), list(random, names, d)),
        5 => format!("({} * {})", list(random, names, d), random.pick(&["0", "1", "2"])),
        6 => format!(
            "{}[{}:{}:{}]",
            list(random, names, d),
            random.pick(&["", "1", "-2"]),
            random.pick(&["", "2", "-1"]),
            random.pick(&["1", "2", "-1"])
        ),
        7 => format!("list(reversed({}))", list(random, names, d)),
        8 => format!("[a * b for a, b in zip({}, {})]", list(random, names, d), list(random, names, d)),
        9 => format!("[k + v for k, v in enumerate({})]", list(random, names, d)),
        10 => format!("list(map(lambda v: v + {}, {}))", int(random, names, d), list(random, names, d)),
        11 => format!("[*{}, {}]", list(random, names, d), int(random, names, d)),
        _ => format!("sorted({{v % 5 for v in {}}})", list(random, names, d)),
    }
}

fn dict(random: &mut Random, names: &Names, depth: usize) -> String {
    if depth == 0 {
        return random.pick(&["{'a': 1, 'b': 2}", "{}", "{'': 5}"]).to_owned();
    }
    let d = depth - 1;
    match random.below(5) {
        0 => format!(
            "{{{}: {}, 'z': {}}}",
            text(random, names, d),
            int(random, names, d),
            int(random, names, d)
        ),
        1 => format!("{{str(u): u * u for u in {}}}", list(random, names, d)),
        2 => format!("dict(a={}, b={})", int(random, names, d), int(random, names, d)),
        3 => format!("{{**{}, 'a': {}}}", dict(random, names, d), int(random, names, d)),
        _ => format!("dict(zip('abc', {}))", list(random, names, d)),
    }
}

fn boolean(random: &mut Random, names: &Names, depth: usize) -> String {
    if depth == 0 {
        return random.pick(&["True", "False"]).to_owned();
    }
    let d = depth - 1;
    match random.below(9) {
        0 => format!(
            "{} {} {}",
            int(random, names, d),
            random.pick(&["<", "<=", ">", ">=", "==", "!="]),
            float(random, names, d)
        ),
        1 => format!("{} < {} <= {}", int(random, names, d), int(random, names, d), int(random, names, d)),
        2 => format!("{} in {}", int(random, names, d), list(random, names, d)),
        3 => format!("{} not in {}", text(random, names, d), text(random, names, d)),
        4 => format!("({} and {})", boolean(random, names, d), boolean(random, names, d)),
        5 => format!("(not {} or {})", boolean(random, names, d), boolean(random, names, d)),
        6 => format!(
            "{}(e > {} for e in {})",
            random.pick(&["any", "all"]),
            int(random, names, d),
            list(random, names, d)
        ),
        7 => format!(
            "{}.{}()",
            text(random, names, d),
            random.pick(&["isdigit", "isalpha", "isupper", "islower", "isspace", "isalnum", "istitle"])
        ),
        _ => format!("{} == {}", list(random, names, d), list(random, names, d)),
    }
}

fn any(random: &mut Random, names: &Names, depth: usize) -> String {
    match random.below(7) {
        0 => int(random, names, depth),
        1 => float(random, names, depth),
        2 => text(random, names, depth),
        3 => list(random, names, depth),
        4 => dict(random, names, depth),
        5 => boolean(random, names, depth),
        _ => format!("({}, {})", int(random, names, depth), text(random, names, depth)),
    }
}

/// Statements that assign, change and branch; they end with what was collected.
fn block(random: &mut Random) -> String {
    let mut names = Names::default();
    let mut out = String::from("out = []\nn = 0\ns = ''\nd = {}\n");
    names.ints.push("n".to_owned());
    names.texts.push("s".to_owned());
    names.lists.push("out".to_owned());
    for _ in 0..2 + random.below(5) {
        statement(random, &mut names, &mut out, 0, 2);
    }
    out + "return repr((n, s, out, d))"
}

fn statement(random: &mut Random, names: &mut Names, out: &mut String, indent: usize, depth: usize) {
    let pad = " ".repeat(indent * 4);
    let choice = if depth == 0 { random.below(8) } else { random.below(14) };
    match choice {
        0 => writeln!(out, "{pad}n {}= {}", random.pick(&["+", "-", "*", "//", "%"]), int(random, names, 2)),
        1 => writeln!(out, "{pad}s = {}", text(random, names, 2)),
        2 => writeln!(out, "{pad}out.append({})", int(random, names, 2)),
        3 => writeln!(out, "{pad}d[{}] = {}", text(random, names, 1), int(random, names, 2)),
        4 => writeln!(out, "{pad}s += {}", text(random, names, 1)),
        5 => writeln!(out, "{pad}n, m = {}, n", int(random, names, 1)),
        6 => writeln!(
            out,
            "{pad}out {}",
            random.pick(&["+= [n]", "= out[1:]", "= sorted(out)", "= out[::-1]"])
        ),
        7 => writeln!(out, "{pad}n = {}", int(random, names, 2)),
        8 => {
            let _ = writeln!(out, "{pad}if {}:", boolean(random, names, 2));
            statement(random, names, out, indent + 1, depth - 1);
            let _ = writeln!(out, "{pad}elif {}:", boolean(random, names, 1));
            statement(random, names, out, indent + 1, depth - 1);
            let _ = writeln!(out, "{pad}else:");
            statement(random, names, out, indent + 1, depth - 1);
            Ok(())
        }
        9 | 10 => {
            let loops = random.pick(&["range(3)", "[4, 1, 2]", "range(5, 0, -2)", "out[:3]"]);
            let _ = writeln!(out, "{pad}for i{indent} in {loops}:");
            names.ints.push(format!("i{indent}"));
            statement(random, names, out, indent + 1, depth - 1);
            if random.below(2) == 0 {
                let _ = writeln!(out, "{pad}    if {}:", boolean(random, names, 1));
                let _ = writeln!(out, "{pad}        {}", random.pick(&["break", "continue"]));
            }
            statement(random, names, out, indent + 1, depth - 1);
            names.ints.pop();
            Ok(())
        }
        11 => {
            let _ = writeln!(out, "{pad}w{indent} = {}", random.below(5));
            let _ = writeln!(out, "{pad}while w{indent} > 0:");
            let _ = writeln!(out, "{pad}    w{indent} -= 1");
            statement(random, names, out, indent + 1, depth - 1);
            Ok(())
        }
        12 => {
            let _ = writeln!(out, "{pad}try:");
            statement(random, names, out, indent + 1, depth - 1);
            let _ = writeln!(
                out,
                "{pad}except {}:",
                random.pick(&["ZeroDivisionError", "(KeyError, IndexError)", "Exception", "ValueError"])
            );
            statement(random, names, out, indent + 1, depth - 1);
            Ok(())
        }
        _ => {
            let _ = writeln!(out, "{pad}for k{indent}, v{indent} in sorted(d.items()):");
            names.texts.push(format!("k{indent}"));
            names.ints.push(format!("v{indent}"));
            statement(random, names, out, indent + 1, depth - 1);
            names.texts.pop();
            names.ints.pop();
            Ok(())
        }
    }
    .unwrap();
}

fn ask(programs: &[String]) -> Vec<String> {
    let mut child = Command::new("python3")
        .args(["-c", SCRIPT])
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs python3");
    let mut stdin = child.stdin.take().unwrap();
    let input = programs.join("\0");
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "python3 failed");
    let answers: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), programs.len());
    answers
}

/// What a program gives here: `=` and the text in hexadecimal digits, or `!` and the message.
fn run(source: &str) -> String {
    let expression = match Expression::compile(source, &NoColumns, &NoLibrary) {
        Ok(expression) => expression,
        Err(error) => return format!("!never: {error}"),
    };
    let mut errors = RowErrors::default();
    let array = expression.evaluate(&Frame { columns: &[], rows: &[0] }, &mut errors).unwrap();
    #[allow(clippy::single_match_else)]
    match errors.first() {
        Some((_, message, _)) => format!("!{message}"),
        None => {
            assert!(!array.is_null(0), "{source} is None");
            array.as_string::<i32>().value(0).bytes().fold("=".to_owned(), |mut text, byte| {
                write!(text, "{byte:02x}").unwrap();
                text
            })
        }
    }
}

/// Whether a message is one of a class of exceptions, where it must be.
fn fits(message: &str, class: &str) -> bool {
    // A part that is wrong whatever the values are is refused before any of them is looked at.
    if message.starts_with("!never") {
        return true;
    }
    match class {
        "ZeroDivisionError" => message.contains("zero"),
        "IndexError" => message.contains("out of range") || message.contains("empty"),
        "KeyError" => message.contains("key"),
        _ => true,
    }
}

#[test]
fn random_programs_agree_with_cpython() {
    let mut random = Random(42);
    let mut programs = Vec::new();
    while programs.len() < EXPRESSIONS {
        let depth = 1 + random.below(3);
        programs.push(format!("return repr({})", any(&mut random, &Names::default(), depth)));
    }
    while programs.len() < EXPRESSIONS + BLOCKS {
        programs.push(block(&mut random));
    }
    let mut differences = Vec::new();
    let (mut values, mut failures) = (0, 0);
    for (source, expected) in programs.iter().zip(ask(&programs)) {
        let found = run(source);
        // Ints are of 64 bits, and a row has a budget: documented refusals.
        let refused = found.contains("64 bits")
            || found.contains("longer than 16 MiB")
            || found.contains("row makes more")
            || found.contains("steps");
        let alike = match expected.strip_prefix('!') {
            Some(class) => found.starts_with('!') && (refused || fits(&found, class)),
            None => refused || found == expected,
        };
        values += usize::from(expected.starts_with('=') && !refused);
        failures += usize::from(expected.starts_with('!'));
        if !alike {
            let show = |answer: &str| match answer.strip_prefix('=') {
                Some(digits) => {
                    let bytes: Vec<u8> = (0..digits.len() / 2)
                        .map(|at| u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).unwrap())
                        .collect();
                    String::from_utf8(bytes).unwrap()
                }
                None => answer.to_owned(),
            };
            differences.push(format!("{source}\n    {}\n    not {}", show(&found), show(&expected)));
        }
    }
    let first: Vec<_> = differences.iter().take(12).cloned().collect();
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), first.join("\n"));
    assert!(values > 3000 && failures > 100, "{values} values and {failures} failures");
}
