//! What is asked of a whole table, as `get_table` of table-faker is used: rewritten to calls that a host can answer.
//!
//! | written | becomes |
//! | --- | --- |
//! | `len(get_table("t"))`, `get_table("t").shape[0]` | `get_table_len("t")` |
//! | `sum(get_table("t")["c"])`, `get_table("t")["c"].sum()`, `sum(r["c"] for r in get_table("t"))` | `get_table_sum("t", "c")` |
//! | `random.choice(get_table("t"))["c"]`, `random.choice([r["c"] for r in get_table("t")])` | `foreign_key("t", "c")` |
//!
//! `min`, `max`, `mean` and `count` are as `sum`. Other uses stay what they are.

use ruff_python_ast::visitor::transformer::{Transformer, walk_expr};
use ruff_python_ast::{
    Arguments, AtomicNodeIndex, Comprehension, Expr, ExprCall, ExprContext, ExprName, Number, Stmt,
};
use ruff_text_size::{Ranged, TextRange};

const AGGREGATES: [&str; 5] = ["sum", "min", "max", "mean", "count"];

/// Rewrites the uses of `get_table` in an expression.
pub(crate) fn rewrite(expression: &mut Expr) {
    Rewriter.visit_expr(expression);
}

/// The same in statements.
pub(crate) fn rewrite_block(statements: &mut [Stmt]) {
    Rewriter.visit_body(statements);
}

struct Rewriter;

impl Transformer for Rewriter {
    fn visit_expr(&self, expression: &mut Expr) {
        match rewritten(expression) {
            Some(call) => *expression = call,
            None => walk_expr(self, expression),
        }
    }
}

fn rewritten(expression: &Expr) -> Option<Expr> {
    let whole = expression.range();
    match expression {
        Expr::Call(call) => match &*call.func {
            Expr::Name(function) => {
                let argument = only_argument(call)?;
                match function.id.as_str() {
                    "len" => {
                        let table = table(argument).or_else(|| column(argument).map(|(table, _)| table))?;
                        Some(asked("len", &[table], whole))
                    }
                    name @ ("sum" | "min" | "max") => {
                        let (table, column) = column(argument)?;
                        Some(asked(name, &[table, column], whole))
                    }
                    _ => None,
                }
            }
            Expr::Attribute(method) if AGGREGATES.contains(&method.attr.as_str()) => {
                let empty = call.arguments.args.is_empty() && call.arguments.keywords.is_empty();
                let (table, column) = column(&method.value).filter(|_| empty)?;
                Some(asked(method.attr.as_str(), &[table, column], whole))
            }
            _ => {
                let (table, column) = column(chosen_from(call)?)?;
                Some(invoked(name("foreign_key", whole), &[table, column], whole))
            }
        },
        Expr::Subscript(subscript) => match (&*subscript.value, &*subscript.slice) {
            (Expr::Attribute(attribute), Expr::NumberLiteral(number))
                if attribute.attr.as_str() == "shape"
                    && matches!(&number.value, Number::Int(int) if int.as_u8() == Some(0)) =>
            {
                let table =
                    table(&attribute.value).or_else(|| column(&attribute.value).map(|(table, _)| table))?;
                Some(asked("len", &[table], whole))
            }
            (Expr::Call(call), column @ Expr::StringLiteral(_)) => {
                let table = table(chosen_from(call)?)?;
                Some(invoked(name("foreign_key", whole), &[table, column], whole))
            }
            _ => None,
        },
        _ => None,
    }
}

fn only_argument(call: &ExprCall) -> Option<&Expr> {
    match (&*call.arguments.args, call.arguments.keywords.is_empty()) {
        ([argument], true) => Some(argument),
        _ => None,
    }
}

/// What `random.choice` chooses from.
fn chosen_from(call: &ExprCall) -> Option<&Expr> {
    let Expr::Attribute(function) = &*call.func else { return None };
    let random = matches!(&*function.value, Expr::Name(module) if module.id.as_str() == "random");
    (random && function.attr.as_str() == "choice").then(|| only_argument(call))?
}

/// The name in `get_table(name)`.
fn table(expression: &Expr) -> Option<&Expr> {
    let Expr::Call(call) = expression else { return None };
    let named = matches!(&*call.func, Expr::Name(function) if function.id.as_str() == "get_table");
    named.then(|| only_argument(call))?
}

/// The names of a table and of a column in `get_table(name)["column"]`, or in `r["column"] for r in get_table(name)`.
fn column(expression: &Expr) -> Option<(&Expr, &Expr)> {
    match expression {
        Expr::Subscript(subscript) => text(&subscript.slice).zip(table(&subscript.value)).map(swapped),
        Expr::ListComp(list) => of_each(&list.elt, &list.generators),
        Expr::Generator(generator) => of_each(&generator.elt, &generator.generators),
        _ => None,
    }
}

fn of_each<'a>(element: &'a Expr, loops: &'a [Comprehension]) -> Option<(&'a Expr, &'a Expr)> {
    let [Comprehension { target: Expr::Name(row), iter, ifs, is_async: false, .. }] = loops else {
        return None;
    };
    let Expr::Subscript(subscript) = element else { return None };
    let of_row = matches!(&*subscript.value, Expr::Name(name) if name.id == row.id);
    let column = text(&subscript.slice).filter(|_| of_row && ifs.is_empty())?;
    Some((table(iter)?, column))
}

fn text(expression: &Expr) -> Option<&Expr> {
    matches!(expression, Expr::StringLiteral(_)).then_some(expression)
}

fn swapped<A, B>((first, second): (A, B)) -> (B, A) {
    (second, first)
}

fn name(name: &str, range: TextRange) -> Expr {
    Expr::Name(ExprName { node_index: AtomicNodeIndex::NONE, range, id: name.into(), ctx: ExprContext::Load })
}

/// `get_table_aggregate(arguments)` at the place `range`.
fn asked(aggregate: &str, arguments: &[&Expr], range: TextRange) -> Expr {
    invoked(name(&format!("get_table_{aggregate}"), range), arguments, range)
}

fn invoked(function: Expr, arguments: &[&Expr], range: TextRange) -> Expr {
    Expr::Call(ExprCall {
        node_index: AtomicNodeIndex::NONE,
        range_start: range.start(),
        func: Box::new(function),
        arguments: Arguments {
            range,
            node_index: AtomicNodeIndex::NONE,
            args: arguments.iter().map(|argument| (*argument).clone()).collect(),
            keywords: [].into(),
        },
    })
}

#[cfg(test)]
mod tests {
    use crate::{Constant, references};

    fn calls(source: &str) -> Vec<(String, Vec<String>)> {
        let text = |constant: Option<Constant>| match constant {
            Some(Constant::Str(text)) => text,
            other => format!("{other:?}"),
        };
        let calls = references(source).unwrap().calls;
        calls.into_iter().map(|call| (call.path, call.arguments.into_iter().map(text).collect())).collect()
    }

    #[test]
    fn the_common_shapes_are_known() {
        let cases = [
            ("1 + len(get_table('t'))", "get_table_len", vec!["t"]),
            ("get_table('t').shape[0] * 2", "get_table_len", vec!["t"]),
            ("len(get_table('t')['c'])", "get_table_len", vec!["t"]),
            ("len([r['c'] for r in get_table('t')])", "get_table_len", vec!["t"]),
            ("sum(get_table('t')['c'])", "get_table_sum", vec!["t", "c"]),
            ("get_table('t')['c'].mean()", "get_table_mean", vec!["t", "c"]),
            ("max(r['c'] for r in get_table('t'))", "get_table_max", vec!["t", "c"]),
            ("min([row['c'] for row in get_table('t')])", "get_table_min", vec!["t", "c"]),
            ("random.choice(get_table('t'))['c']", "foreign_key", vec!["t", "c"]),
            ("f\"{random.choice([r['c'] for r in get_table('t')])}\"", "foreign_key", vec!["t", "c"]),
        ];
        for (source, path, arguments) in cases {
            let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
            assert_eq!(calls(source), [(path.to_owned(), arguments)], "{source}");
        }
    }

    #[test]
    fn other_uses_are_left_alone() {
        for source in [
            "get_table('t')",
            "sum(r['c'] for r in get_table('t') if r['c'] > 1)",
            "sum(r['c'] + 1 for r in get_table('t'))",
            "sum(x['c'] for r in get_table('t'))",
            "get_table('t')['c'].sum(2)",
            "get_table('t').shape[1]",
            "random.choice(get_table('t'))",
            "len(get_table('t', 1))",
        ] {
            let found = calls(source);
            let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
            assert!(paths.contains(&"get_table"), "{source}: {found:?}");
        }
    }
}
