//! What is refused: message, range and hint.

use crate::common::Table;

fn table() -> Table {
    Table::new().ints("quantity", [1]).floats("price", [1.0]).texts("name", ["a"]).bools("paid", [true])
}

/// The message, the text that is pointed at, and the hint.
fn refused(source: &str) -> (String, String, String) {
    let error = table().error(source);
    (error.message, source[error.range].to_owned(), error.hint.unwrap_or_default())
}

fn check(source: &str, message: &str, at: &str, hint: &str) {
    let found = refused(source);
    assert_eq!((found.0.as_str(), found.1.as_str(), found.2.as_str()), (message, at, hint), "{source}");
}

#[test]
fn unknown_names() {
    check("quantty + 1", "there is no column `quantty`", "quantty", "did you mean `quantity`?");
    check("1 + Price", "there is no column `Price`", "Price", "did you mean `price`?");
    check("x", "there is no column `x`", "x", "the columns are `quantity`, `price`, `name`, `paid`");
    check("true", "there is no column `true`", "true", "write `True`");
    check("null is None", "there is no column `null`", "null", "write `None`");
    check(
        "round + 1",
        "there is no column `round`",
        "round",
        "`round` is a function: call it, as in `round()`",
    );
    check("nmae.lower()", "there is no column `nmae`", "nmae", "did you mean `name`?");
    check("\n  naem  \n", "there is no column `naem`", "naem", "did you mean `name`?");
    check("roud(price)", "there is no function `roud`", "roud", "did you mean `round`?");
    check("roud(nothing)", "there is no function `roud`", "roud", "did you mean `round`?");
    check("name.uper()", "there is no method `uper` of values of type str", "uper", "did you mean `upper`?");
    check("f'{name}{naem}'", "there is no column `naem`", "naem", "did you mean `name`?");
}

#[test]
fn wrong_types() {
    check(
        "name + quantity",
        "`+` cannot be applied to str and int",
        "name + quantity",
        "write an f-string, as in `f\"{a}{b}\"`, or convert with `str(..)`",
    );
    check(
        "price - name",
        "`-` cannot be applied to float and str",
        "price - name",
        "convert the text with `int(..)` or `float(..)`",
    );
    check("-name", "`-` cannot be applied to a value of type str", "-name", "");
    check(
        "quantity == name",
        "`==` cannot compare int and str",
        "quantity == name",
        "convert one of them with `str(..)`",
    );
    check(
        "1 < quantity < name",
        "`<` cannot compare int and str",
        "quantity < name",
        "convert one of them with `str(..)`",
    );
    check(
        "quantity in ['a']",
        "a value of type int is never str",
        "'a'",
        "convert one of them with `str(..)`",
    );
    check(
        "quantity in name",
        "only a str is in a str, not a value of type int",
        "quantity",
        "convert it with `str(..)`",
    );
    check(
        "name in quantity",
        "`in` needs a list of constants or a str, not a value of type int",
        "quantity",
        "",
    );
    check(
        "name if paid else 0",
        "both branches of a conditional must have one type, not str and int",
        "0",
        "convert one of them with `str(..)`",
    );
    check(
        "paid if price else 0",
        "both branches of a conditional must have one type, not bool and int",
        "0",
        "convert one of them with `int(..)`",
    );
    check(
        "max(name, 1)",
        "the arguments of `max` must have one type, not str and int",
        "1",
        "convert one of them with `str(..)`",
    );
    check(
        "quantity.lower()",
        "a value of type int has no method `lower`",
        "lower",
        "convert it to a text with `str(..)`",
    );
    check("name.zfill('3')", "`zfill` needs an int here, not a str", "'3'", "");
    check("name[price]", "`[..]` needs an int here, not a float", "price", "");
    check("quantity[0]", "a value of type int cannot be indexed", "quantity", "");
    check("len(quantity)", "a value of type int has no `len`", "quantity", "");
    check("round(name)", "`round` does not take a str", "name", "");
    check(
        "', '.join([name, quantity])",
        "`join` needs texts, not an int",
        "quantity",
        "write `str(quantity)`",
    );
    check("{'a': 1}[quantity]", "the keys of the dict are str, not int", "quantity", "");
    check(
        "[1, 'a'][quantity]",
        "the items of a list must have one type, not int and str",
        "'a'",
        "convert one of them with `str(..)`",
    );
    check(
        "name % 3",
        "`%` does not format texts here",
        "name % 3",
        "write an f-string, as in `f\"{x:.2f}\"`",
    );
}

#[test]
fn wrong_calls() {
    check("round(price, 2, 3)", "`round` takes at most 2 arguments", "3", "");
    check(
        "round(price, digits=2)",
        "`round` has no keyword argument `digits`",
        "digits",
        "did you mean `ndigits`?",
    );
    check("round(price, number=2)", "the argument `number` of `round` is given twice", "number=2", "");
    check("round()", "`round` needs the argument `number`", "round()", "");
    check("name.lower(1)", "`lower` takes no arguments", "1", "");
    check(
        "name.find(sub='a')",
        "`find` has no keyword argument `sub`",
        "sub",
        "its arguments are given without names",
    );
    check("name.find('a', 1)", "`find` takes one argument", "1", "");
    check("int(name, 16)", "`int` takes one argument", "16", "");
    check(
        "min(price)",
        "`min` needs two arguments, or a list",
        "min(price)",
        "`min` compares values of one row; it does not aggregate a column",
    );
    check("min(price, quantity, key=abs)", "the argument `key` of `min` is not supported", "key=abs", "");
    check("max(*[1, 2])", "`*` and `**` in calls are not supported", "*[1, 2]", "write the arguments out");
    check(
        "name.split(',')",
        "the list of `split` is not a single value, and cannot be used here",
        "name.split(',')",
        "index it, as in `x.split(\",\")[0]`",
    );
    check("name.split('')[0]", "the separator of `split` is empty", "''", "");
    check(
        "'{}'.format(name)",
        "the method `format` is not supported",
        "'{}'.format(name)",
        "write an f-string, as in `f\"{a}-{b}\"`",
    );
    check("(1)(2)", "this cannot be called", "1", "call a function by its name, or a method of a value");
}

#[test]
fn formats() {
    check("f'{price:d}'", "a value of type float has no format `d`", "d", "convert it with `int(..)`");
    check(
        "f'{name:.2f}'",
        "a value of type str has no format `f`",
        ".2f",
        "convert it with `int(..)` or `float(..)`",
    );
    check("f'{quantity:.2}'", "the format of a value of type int cannot have a precision", ".2", "");
    check("f'{name:+}'", "the format of a value of type str cannot have a sign", "+", "");
    check("f'{quantity:,x}'", "the format of a value of type int cannot have a comma in that base", ",x", "");
    check("f'{quantity:9999}'", "the width of a format is at most 1000", "9999", "");
    check("f'{quantity:5c}'", "a value of type int has no format `c`", "5c", "");
    check("f'{quantity:abc}'", "`abc` is not a format", "abc", "");
    check("f'{price:z.1f}'", "the format option `z` is not supported", "z.1f", "");
    check("f'{price:#.1f}'", "the format of a value of type float cannot have the option `#`", "#.1f", "");
    check(
        "f'{name!r}'",
        "`!r` and `!a` in a field of an f-string are not supported",
        "{name!r}",
        "write the field without the conversion",
    );
    check(
        "f'{name=}'",
        "`=` in a field of an f-string is not supported",
        "{name=}",
        "write the name in front of the field",
    );
    check(
        "f'{price:.{quantity}f}'",
        "a field inside the format of a field is not supported",
        "{quantity}",
        "write the width or precision as a number, or use `ljust`, `rjust` or `round`",
    );
}

#[test]
fn constants_that_fail() {
    check("price + 1 // 0", "division by zero", "1 // 0", "");
    check("int('x')", "\"x\" is not an int", "'x'", "");
    check("'abc'[3]", "string index out of range", "'abc'[3]", "");
    check("[1, 2][2]", "the index is out of range: the list has 2 items", "2", "");
    check(
        "9223372036854775807 + 1",
        "integer overflow: the result does not fit into 64 bits",
        "9223372036854775807 + 1",
        "",
    );
    check(
        "9223372036854775808",
        "the int does not fit into 64 bits",
        "9223372036854775808",
        "ints are from -9223372036854775808 to 9223372036854775807; write a float, as in `1e20`",
    );
    check("{'a': 1}['b']", "the dict has no key \"b\"", "{'a': 1}['b']", "");
    // In a branch that is never taken, they cannot.
    assert_eq!(table().one("1 // 0 if False else 2"), "2");
}

#[test]
fn constructs_that_come_later() {
    check("lambda x: x", "lambdas are not supported", "lambda x: x", "write the expression itself");
    check(
        "[x for x in name]",
        "comprehensions are not supported",
        "[x for x in name]",
        "write the items out as a list",
    );
    check(
        "(y := 1)",
        "assignments are not supported",
        "y := 1",
        "put the intermediate value into a column of its own",
    );
    check("b'a'", "bytes are not supported", "b'a'", "write a text without the `b`");
    check("paid & paid", "the operator `&` is not supported", "paid & paid", "write `a and b`");
    check("~quantity", "the operator `~` is not supported", "~quantity", "write `not x`");
    check("quantity is 1", "`is` only tests for None", "quantity is 1", "write `==`");
    check(
        "1 < quantity in [1]",
        "`in` cannot be part of a chain of comparisons",
        "1 < quantity in [1]",
        "join the comparisons with `and`",
    );
    check(
        "[1, 2]",
        "a list is not a single value, and cannot be used here",
        "[1, 2]",
        "index it, as in `[1, 2, 3][i]`, or test it with `x in [1, 2, 3]`",
    );
    check("{'a': 1}.get(name)", "methods of a dict are not supported: `.get()`", "get", "");
    check(
        "{'a': quantity}[name]",
        "the values of a dict must be constants",
        "quantity",
        "write `a if key == \"x\" else b` for values that depend on the row",
    );
    check("1j", "complex numbers are not supported", "1j", "");
    check(
        "quantity in [price]",
        "the items of the list must be constants",
        "price",
        "write `x == a or x == b`",
    );
}

#[test]
fn syntax() {
    let (message, _, hint) = refused("x = 1\nreturn x");
    assert_eq!(message, "statements are not supported, only a single expression");
    assert!(hint.starts_with("write `a if condition else b`"));
    let (message, at, _) = refused("1 +");
    assert_eq!((message.as_str(), at.as_str()), ("syntax error: expected an expression", ""));
    assert!(refused("(1").0.starts_with("syntax error"));
    assert!(refused("1 2").0.starts_with("syntax error"));
    assert!(refused("price) + (1").0.starts_with("syntax error"));
    assert_eq!(refused("  \n ").0, "the expression is empty");
    assert_eq!(refused("'abc").0, "syntax error: missing closing quote in string literal");
}

#[test]
fn texts_that_would_exhaust_the_stack_are_refused() {
    for source in [
        format!("{}1", "-".repeat(20_000)),
        format!("{}1", "not ".repeat(20_000)),
        vec!["1"; 20_000].join("+"),
        format!("{}1{}", "(".repeat(20_000), ")".repeat(20_000)),
        format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("name{}", ".lower()".repeat(20_000)),
        format!("name{}", "[0]".repeat(20_000)),
        format!("f'{}", "{1:".repeat(20_000)),
        vec!["1 if paid else"; 20_000].join(" ") + " 2",
        format!("{}1", "lambda: ".repeat(20_000)),
        "x".repeat(300_000),
    ] {
        let error = table().error(&source);
        assert!(
            error.message.contains("nested") || error.message.contains("longer than"),
            "{}: {}",
            &source[..20],
            error.message
        );
    }
    // Long is not deep.
    let wide = format!("quantity in [{}]", vec!["1"; 20_000].join(","));
    assert_eq!(table().one(&wide), "True");
    let alternatives = vec!["quantity == 2"; 100].join(" or ");
    assert_eq!(table().one(&alternatives), "False");
    assert_eq!(table().one(&vec!["quantity"; 100].join(" + ")), "100");
}
