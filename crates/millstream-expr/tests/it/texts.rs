use crate::common::{Table, constant};

#[test]
fn methods() {
    for (source, value) in [
        ("'aBc'.lower()", "'abc'"),
        ("'aßc'.upper()", "'ASSC'"),
        ("'ΑΣ ΟΔΟΣ'.lower()", "'ας οδος'"),
        ("'hello wORLD they\\'re ßx ǆ'.title()", "'Hello World They'Re Ssx ǅ'"),
        ("'ÉCOLE x'.capitalize()", "'École x'"),
        ("'aBß'.swapcase()", "'AbSS'"),
        ("' \\t\\x1c a b \\n'.strip()", "'a b'"),
        ("'xxaxx'.lstrip('x')", "'axx'"),
        ("'xyayx'.rstrip('xy')", "'xya'"),
        ("' a '.strip(None)", "'a'"),
        ("'a-b-c'.replace('-', '+')", "'a+b+c'"),
        ("'a-b-c'.replace('-', '', 1)", "'ab-c'"),
        ("'ab'.replace('', '.')", "'.a.b.'"),
        ("'ab'.replace('', '.', 2)", "'.a.b'"),
        ("'aaa'.replace('aa', 'b')", "'ba'"),
        ("'abc'.startswith('ab')", "True"),
        ("'abc'.endswith(('x', 'bc'))", "True"),
        ("'abc'.startswith(())", "False"),
        ("'42'.zfill(5)", "'00042'"),
        ("'-42'.zfill(5)", "'-0042'"),
        ("'é'.ljust(3, '.')", "'é..'"),
        ("'é'.rjust(3)", "'  é'"),
        ("'ab'.center(5, '*')", "'**ab*'"),
        ("'abc'.center(6)", "' abc  '"),
        ("'éab'.find('b')", "2"),
        ("'ab'.find('x')", "-1"),
        ("'aaaa'.count('aa')", "2"),
        ("'éa'.count('')", "3"),
        ("'12²'.isdigit()", "True"),
        ("''.isdigit()", "False"),
        ("'aé'.isalpha()", "True"),
        ("'नमस्ते'.isalpha()", "False"),
        ("'unhappy'.removeprefix('un')", "'happy'"),
        ("'a.txt'.removesuffix('.txt')", "'a'"),
        ("'-'.join(['a', 'b', 'c'])", "'a-b-c'"),
        ("'-'.join([])", "''"),
        ("'a,b,,c'.split(',')[2]", "''"),
        ("'a,b,c'.split(',')[-1]", "'c'"),
        ("'a,b,c'.split(',', 1)[1]", "'b,c'"),
        ("'a,b,c'.split(',', maxsplit=1)[1]", "'b,c'"),
        ("'  a  b c '.split()[1]", "'b'"),
        ("'  a  b c '.split(None, 1)[1]", "'b c '"),
        ("len('a,b'.split(','))", "2"),
        ("len('  '.split())", "0"),
        ("'ab' * 3", "'ababab'"),
        ("2 * 'ab'", "'abab'"),
        ("'ab' * -1", "''"),
        ("'a' in 'cab'", "True"),
        ("'x' not in 'cab'", "True"),
        ("len('né')", "2"),
        ("'abc' < 'abd'", "True"),
    ] {
        assert_eq!(constant(source), value, "{source}");
    }
}

#[test]
fn indexing_counts_code_points() {
    let table = Table::new().texts("s", ["abcdef", "néo", ""]).ints("i", [1, -1, 0]);
    assert_eq!(table.show("s[i]"), ["'b'", "'o'", "!string index out of range"]);
    assert_eq!(table.show("s[1:3]"), ["'bc'", "'éo'", "''"]);
    assert_eq!(table.show("s[::-1]"), ["'fedcba'", "'oén'", "''"]);
    assert_eq!(table.show("s[-2:]"), ["'ef'", "'éo'", "''"]);
    assert_eq!(table.show("s[5:0:-2]"), ["'fdb'", "'o'", "''"]);
    assert_eq!(table.show("s[:i]"), ["'a'", "'né'", "''"]);
    assert_eq!(table.show("s[i:None]"), ["'bcdef'", "'o'", "''"]);
    assert_eq!(table.show("s[::i]")[2], "!the step of a slice cannot be 0");
    assert_eq!(table.show("s[2:1]"), ["''"; 3]);
    let ascii = Table::new().texts("s", ["abc", "x"]);
    assert_eq!(ascii.show("s[0]"), ["'a'", "'x'"]);
    assert_eq!(ascii.show("s[1]"), ["'b'", "!string index out of range"]);
    assert_eq!(ascii.show("s[9223372036854775807:]"), ["''", "''"]);
    assert_eq!(ascii.show("s[-9223372036854775807 - 1:]"), ["'abc'", "'x'"]);
}

#[test]
fn texts_of_columns() {
    let table = Table::new()
        .texts("a", [Some("x-y"), Some("É-b"), None])
        .texts("sep", [Some("-"), Some(""), Some("-")])
        .ints("n", [1, 2, 3]);
    assert_eq!(table.show("a.split(sep)[0]"), ["'x'", "!split needs a separator that is not empty", "None"]);
    assert_eq!(
        table.show("a.split('-')[n]"),
        ["'y'", "!list index out of range: the text has fewer pieces", "None"]
    );
    assert_eq!(table.show("len(a.split(sep))"), ["2", "!split needs a separator that is not empty", "None"]);
    assert_eq!(table.show("a.replace(sep, '+', n)"), ["'x+y'", "'+É+-b'", "None"]);
    assert_eq!(table.show("sep in a"), ["True", "True", "None"]);
    assert_eq!(table.show("a.zfill(n + 3)"), ["'0x-y'", "'00É-b'", "None"]);
    assert_eq!(table.show("a.ljust(5, sep)")[1], "!the text to fill with must be one character long");
    assert_eq!(table.show("sep * n"), ["'-'", "''", "'---'"]);
    assert_eq!(table.show("'-'.join([a, str(n)])"), ["'x-y-1'", "'É-b-2'", "None"]);
    assert_eq!(table.show("a + ':' + str(n) + sep"), ["'x-y:1-'", "'É-b:2'", "None"]);
    assert_eq!(table.show("a.title()"), ["'X-Y'", "'É-B'", "None"]);
}

#[test]
fn formats() {
    for (source, value) in [
        ("f'{42:5d}|{42:<5}|{42:^5}|{42:05}'", "'   42|42   | 42  |00042'"),
        ("f'{1234567:,}|{1234567:_}|{1234567.891:,.2f}'", "'1,234,567|1_234_567|1,234,567.89'"),
        ("f'{255:x}|{255:#X}|{5:b}|{255:_b}'", "'ff|0XFF|101|1111_1111'"),
        ("f'{-42:+}|{42:+}|{42: }|{-42:=6}'", "'-42|+42| 42|-   42'"),
        ("f'{1234:010,}|{12:04,}|{-1234:08,}'", "'00,001,234|0,012|-001,234'"),
        ("f'{3.14159:.2f}|{2.5:.0f}|{-0.0:.1f}|{1e16:f}'", "'3.14|2|-0.0|10000000000000000.000000'"),
        ("f'{0.256:.1%}|{12345.678:.3e}|{0.00001:g}|{1234567.0:g}'", "'25.6%|1.235e+04|1e-05|1.23457e+06'"),
        ("f'{3.0:.3}|{123.0:.3}|{1.5:10}|{2.5:<6}|'", "'3.0|1.23e+02|       1.5|2.5   |'"),
        ("f'{float(\"nan\"):05.1f}|{float(\"inf\"):F}|{-float(\"inf\"):+e}'", "'00nan|INF|-inf'"),
        ("f'{\"ab\":>5}|{\"ab\":*^6}|{\"abc\":.2}|{\"é\":3}|{\"a\":05}'", "'   ab|**ab**|ab|é  |a0000'"),
        ("f'{True}|{True:d}|{False:>3}'", "'True|1|  0'"),
        ("f'{7:.2f}|{7:e}|{1:%}'", "'7.00|7.000000e+00|100.000000%'"),
        ("f'{{}}{1}' 'x' f'{2}'", "'{}1x2'"),
        ("f'{1!s:>3}'", "'  1'"),
        ("f'{\"a\" + \"b\"}'", "'ab'"),
        ("f''", "''"),
    ] {
        assert_eq!(constant(source), value, "{source}");
    }
}

#[test]
fn floats_are_shown_as_python_shows_them() {
    for (source, value) in [
        ("str(1e16)", "'1e+16'"),
        ("str(1.0)", "'1.0'"),
        ("str(123456789012345.6)", "'123456789012345.6'"),
        ("str(1e15)", "'1000000000000000.0'"),
        ("str(0.0001)", "'0.0001'"),
        ("str(0.00001234)", "'1.234e-05'"),
        ("str(-0.00001)", "'-1e-05'"),
        ("str(1.5e-7)", "'1.5e-07'"),
        ("str(5e-324)", "'5e-324'"),
        ("str(1.7976931348623157e308)", "'1.7976931348623157e+308'"),
        ("str(-0.0)", "'-0.0'"),
        ("str(1e400)", "'inf'"),
        ("str(1e400 - 1e400)", "'nan'"),
    ] {
        assert_eq!(constant(source), value, "{source}");
    }
}

#[test]
fn texts_cannot_grow_without_bound() {
    let table = Table::new().texts("s", ["ab", "c"]).ints("n", [1 << 40, 2]);
    assert_eq!(table.show("s * n"), ["!the text is longer than 16 MiB", "'cc'"]);
    assert_eq!(table.show("len(s.ljust(n))"), ["!the width is more than 16 Mi characters", "2"]);
    // Replacing each of many characters by many.
    let long = "a".repeat(10_000);
    let table = Table::new().texts("s", [long.as_str()]);
    assert_eq!(table.show("len(s.replace('a', s))"), ["!the text is longer than 16 MiB"]);
    assert_eq!(table.show("len(s.replace('a', 'bb'))"), ["20000"]);
}
