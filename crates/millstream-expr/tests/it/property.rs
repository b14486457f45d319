//! Random expressions over random columns with nulls equal the naive model, row by row.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Int64Type};
use millstream_expr::{Expression, NoLibrary, references};
use proptest::prelude::*;

use crate::common::Table;
use crate::generator::{Tree, Type, columns, float, int, text, tree};
use crate::reference_model::{Row, Stop, Value, evaluate};

fn value(type_: Type) -> BoxedStrategy<Option<Value>> {
    let value = match type_ {
        Type::Int => int().prop_map(Value::Int).boxed(),
        Type::Float => float().prop_map(Value::Float).boxed(),
        Type::Str => text().prop_map(Value::Str).boxed(),
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
    };
    prop_oneof![4 => value.prop_map(Some), 1 => Just(None)].boxed()
}

const TYPES: [Type; 4] = [Type::Int, Type::Float, Type::Str, Type::Bool];

fn rows() -> BoxedStrategy<Vec<Row>> {
    let row = TYPES.map(|type_| (value(type_), value(type_)));
    let row = row.prop_map(|values| {
        let mut row = Row::new();
        for (type_, (first, second)) in TYPES.into_iter().zip(values) {
            let [one, two] = columns(type_);
            row.insert(one, first);
            row.insert(two, second);
        }
        row
    });
    // More than a word of bits, often.
    prop::collection::vec(row, 1..90).boxed()
}

fn table(rows: &[Row]) -> Table {
    let column = |name: &'static str| rows.iter().map(move |row| row[name].clone());
    let mut table = Table::new();
    for name in columns(Type::Int) {
        table = table.ints(
            name,
            column(name).map(|value| match value {
                Some(Value::Int(value)) => Some(value),
                _ => None,
            }),
        );
    }
    for name in columns(Type::Float) {
        table = table.floats(
            name,
            column(name).map(|value| match value {
                Some(Value::Float(value)) => Some(value),
                _ => None,
            }),
        );
    }
    for name in columns(Type::Str) {
        let array: arrow::array::StringArray = column(name)
            .map(|value| match value {
                Some(Value::Str(value)) => Some(value),
                _ => None,
            })
            .collect();
        table = table.with(name, array);
    }
    for name in columns(Type::Bool) {
        table = table.bools(
            name,
            column(name).map(|value| match value {
                Some(Value::Bool(value)) => Some(value),
                _ => None,
            }),
        );
    }
    table
}

fn found(type_: Type, array: &dyn Array, row: usize) -> Option<Value> {
    if array.is_null(row) {
        return None;
    }
    Some(match type_ {
        Type::Int => Value::Int(array.as_primitive::<Int64Type>().value(row)),
        Type::Float => Value::Float(array.as_primitive::<Float64Type>().value(row)),
        Type::Str => Value::Str(array.as_string::<i32>().value(row).to_owned()),
        Type::Bool => Value::Bool(array.as_boolean().value(row)),
    })
}

fn same(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(Value::Float(left)), Some(Value::Float(right))) => {
            left.to_bits() == right.to_bits() || (left.is_nan() && right.is_nan())
        }
        (left, right) => left == right,
    }
}

fn check(type_: Type, tree: &Tree, rows: &[Row]) -> Result<(), TestCaseError> {
    let table = table(rows);
    let source = tree.source(false);
    let expected: Vec<_> = rows.iter().map(|row| evaluate(tree, row)).collect();
    let expression = match Expression::compile(&source, &table, &NoLibrary) {
        Ok(expression) => expression,
        Err(error) => {
            // Only a constant part that fails on every row is an error of the expression.
            prop_assert!(
                expected.iter().all(Result::is_err),
                "{source}: {error} at {:?}, but {expected:?}",
                error.range
            );
            return Ok(());
        }
    };
    let (array, errors) = table.evaluate(&expression);
    for (row, expected) in expected.into_iter().enumerate() {
        let failure = errors.iter().find(|(at, _)| *at == row).map(|(_, message)| message);
        match expected {
            Err(Stop::Unknown) => {}
            Err(Stop::Fails) => {
                prop_assert!(failure.is_some(), "{source} should fail in row {row}: {:?}", rows[row]);
            }
            Ok(value) => {
                prop_assert!(failure.is_none(), "{source} fails in row {row}: {failure:?}; {:?}", rows[row]);
                let found = found(type_, array.as_ref(), row);
                prop_assert!(
                    same(found.as_ref(), value.as_ref()),
                    "{source} is {found:?} in row {row}, not {value:?}: {:?}",
                    rows[row]
                );
                prop_assert!(value.is_some() || expression.nullable(), "{source} promised not to be null");
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ints_agree(tree in tree(Type::Int, 3, true), rows in rows()) {
        check(Type::Int, &tree, &rows)?;
    }

    #[test]
    fn floats_agree(tree in tree(Type::Float, 3, true), rows in rows()) {
        check(Type::Float, &tree, &rows)?;
    }

    #[test]
    fn texts_agree(tree in tree(Type::Str, 3, true), rows in rows()) {
        check(Type::Str, &tree, &rows)?;
    }

    #[test]
    fn bools_agree(tree in tree(Type::Bool, 3, true), rows in rows()) {
        check(Type::Bool, &tree, &rows)?;
    }

    /// The same of what is nearly right.
    #[test]
    fn any_slip_is_compiled_or_refused(
        tree in prop::sample::select(TYPES.to_vec()).prop_flat_map(|type_| tree(type_, 3, true)),
        at in any::<prop::sample::Index>(),
        word in prop::sample::select(WORDS.to_vec()),
        rows in rows(),
    ) {
        let table = table(&rows);
        let source = tree.source(false);
        let mut parts: Vec<&str> = source.split(' ').collect();
        let at = at.index(parts.len());
        parts[at] = word;
        let source = parts.join(" ");
        match Expression::compile(&source, &table, &NoLibrary) {
            Ok(expression) => {
                table.evaluate(&expression);
            }
            Err(error) => prop_assert!(source.get(error.range.clone()).is_some(), "{source}: {error:?}"),
        }
    }

    /// Whatever is written, it is compiled or refused at a place in the text; and what is compiled, evaluates.
    #[test]
    fn any_text_is_compiled_or_refused(
        parts in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 1..14),
        rows in rows(),
    ) {
        let table = table(&rows);
        for separator in ["", " "] {
            let source = parts.join(separator);
            match Expression::compile(&source, &table, &NoLibrary) {
                Ok(expression) => {
                    table.evaluate(&expression);
                }
                Err(error) => prop_assert!(source.get(error.range.clone()).is_some(), "{source}: {error:?}"),
            }
            let _ = references(&source);
        }
    }
}

/// What expressions are made of, and what breaks them.
const WORDS: [&str; 74] = [
    "i",
    "f",
    "s",
    "b",
    "x",
    "é",
    "ｉ",
    "0",
    "1",
    "-3",
    "2.5",
    "1e400",
    "9223372036854775807",
    "'a'",
    "'日本'",
    "''",
    "None",
    "True",
    "False",
    "+",
    "-",
    "*",
    "**",
    "/",
    "//",
    "%",
    "==",
    "<",
    ">=",
    "in",
    "not in",
    "is",
    "is not",
    "and",
    "or",
    "not",
    "if",
    "else",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ".",
    "=",
    "f'",
    "'",
    "{i:03d}",
    "{f!r}",
    ".lower()",
    ".ｌｏｗｅｒ()",
    ".split('-')",
    "[0]",
    "[1:]",
    "[::-1]",
    "round(",
    "max(",
    "str(",
    "len(",
    "int(",
    "join([",
    "{'a': 1}",
    "[1, 2]",
    "(1, 'a')",
    "lambda",
    "for",
    "\n",
    "\t",
    "#",
    "\\",
    "😀",
];
