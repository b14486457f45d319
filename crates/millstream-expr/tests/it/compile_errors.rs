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
    check("round + 1", "`+` cannot be applied to function and int", "round + 1", "");
    check("round", "a function is no value of a column: call it", "round", "");
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
    check("name in quantity", "`in` needs a list, a dict or a str, not a value of type int", "quantity", "");
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
    check("[1] + price", "`+` cannot be applied to list and float", "[1] + price", "");
    check("name & price", "`&` cannot be applied to str and float", "name & price", "");
    check("[1].push(2)", "a value of type list has no attribute `push`", "[1].push(2)", "");
    check(
        "[x for x in name].apend(1)",
        "there is no method `apend` of values of type list: did you mean `append`?",
        "[x for x in name].apend(1)",
        "",
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
    check("name.zfill(1, 2)", "`zfill` takes one argument", "2", "");
    check("int(name, 16, 2)", "`int` takes one argument", "16", "");
    check("sorted()", "`sorted` needs 1 argument, not 0", "sorted()", "");
    check("range(1, 2, 3, 4)", "`range` takes at most 3 arguments, not 4", "range(1, 2, 3, 4)", "");
    check(
        "min(price)",
        "`min` needs two arguments, or a list",
        "min(price)",
        "`min` compares values of one row; it does not aggregate a column",
    );
    check("name.split('')[0]", "the separator of `split` is empty", "''", "");
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
fn constructs_that_there_are_not() {
    check("1j", "complex numbers are not supported", "1j", "");
    check("class A:\n    pass", "classes are not supported", "class A:\n    pass", "use dicts");
    check(
        "with x as y:\n    pass",
        "`with` statements are not supported",
        "with x as y:\n    pass",
        "an expression has no files or locks",
    );
    check(
        "quantity @ price",
        "the operator `@` is not supported",
        "quantity @ price",
        "there are no matrices",
    );
    check(
        "[x async for x in name]",
        "async comprehensions are not supported",
        "[x async for x in name]",
        "write `for`",
    );
    let (message, at, hint) = refused("import os\nreturn os.getcwd()");
    assert_eq!((message.as_str(), at.as_str()), ("the module `os` cannot be imported", "os"));
    assert!(hint.starts_with("the modules are"), "{hint}");
    check("open('x')", "there is no function `open`", "open", "");
    check(
        "name.__class__",
        "a str has no attribute `__class__`",
        "__class__",
        "call a method, as in `name.lower()`",
    );
}

#[test]
fn syntax() {
    let (message, _, hint) = refused("please return soon");
    assert!(message.starts_with("syntax error"), "{message}");
    assert_eq!(hint, "a text is written in quotes: `\"please return soon\"`");
    let (message, at, hint) = refused("total = 1\nif total > :\n    return 2");
    assert_eq!((message.as_str(), at.as_str()), ("syntax error: expected an expression", ":"));
    assert!(hint.starts_with("write Python statements"), "{hint}");
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
