//! Every value knows where it is written, however it is written.

use millstream_config::{Document, Expression};
use proptest::prelude::*;

use crate::accepted;

fn first_expression(document: &Document) -> &Expression {
    &document.tables[0].columns[0].data
}

/// Checks that each of `words` inside the expression leads to its own place in the file.
fn check(yaml: &str, words: &[&str]) {
    let document = accepted(yaml);
    let expression = first_expression(&document);
    for word in words {
        let start =
            expression.text().find(word).unwrap_or_else(|| panic!("{word} in {:?}", expression.text()));
        let span = expression.locate(&document.file, start..start + word.len());
        assert_eq!(document.file.slice(span), *word, "in {yaml:?}");
        assert_eq!(span.start, yaml.find(word).unwrap(), "in {yaml:?}");
    }
}

fn table(data: &str) -> String {
    format!("tables:\n  - table_name: t\n    columns:\n      - column_name: a\n        data: {data}\n")
}

#[test]
fn single_lines() {
    check(&table("alpha + beta"), &["alpha", "beta", "+", "alpha + beta"]);
    check(&table("'alpha + beta'"), &["alpha", "beta"]);
    check(&table("\"alpha + beta\""), &["alpha", "beta"]);
    check(&table("&anchor !!str alpha + beta # gamma"), &["alpha", "beta"]);
    check(&table("'é + 日本 + beta'"), &["日本", "beta"]);
    check(&table("alpha  +\tbeta"), &["beta"]);
}

#[test]
fn escapes() {
    let yaml = table(r#""\"x\" + \u00e9\x41\U0001F980 + beta""#);
    check(&yaml, &["beta", "x"]);
    check(&table("'it''s + beta'"), &["it", "s + beta"]);
    let document = accepted(&yaml);
    let expression = first_expression(&document);
    let crab = expression.text().find('🦀').unwrap();
    let span = expression.locate(&document.file, crab..crab + 4);
    assert_eq!(document.file.slice(span), r"\U0001F980");
}

#[test]
fn several_lines() {
    check(&table("alpha +\n          beta +\n\n          gamma"), &["alpha", "beta", "gamma"]);
    check(&table("'alpha +\n          beta +\n\n\n          gamma'"), &["alpha", "beta", "gamma"]);
    check(&table("\"alpha + \\\n          beta +  \n          gamma\""), &["alpha", "beta", "gamma"]);
}

#[test]
fn block_scalars() {
    for header in ["|", "|-", "|+", "| # comment", ">", ">-", ">+"] {
        let yaml = table(&format!(
            "{header}\n          if alpha:\n            return beta\n\n          elif x:\n              y\n          return gamma"
        ));
        check(&yaml, &["if alpha", "alpha", "return beta", "elif", "y", "gamma"]);
        check(&yaml.replace('\n', "\r\n"), &["if alpha", "alpha", "return beta", "elif", "gamma"]);
    }
    check(&table("|2\n            alpha\n          beta"), &["alpha", "beta"]);
    check(&table("|\n\n\n          alpha\n          beta"), &["alpha", "beta"]);
    check(&table("&x |\n          alpha\n          beta"), &["alpha", "beta"]);
}

#[test]
fn line_ends_byte_order_marks_and_flow_style() {
    let flow = "\u{feff}tables: [{table_name: é, columns: [{column_name: \"ü\", data: f(alpha, [beta]), description: 日本}]}]\r\n";
    check(flow, &["alpha", "beta", "f(alpha, [beta])"]);
    check(&table("alpha + beta").replace('\n', "\r\n"), &["alpha", "beta"]);
    check(&table("alpha + beta").replace('\n', "\r"), &["alpha", "beta"]);
}

#[test]
fn ends_and_empty_ranges() {
    let yaml = table("'alpha + '");
    let document = accepted(&yaml);
    let expression = first_expression(&document);
    let end = expression.locate(&document.file, 8..8);
    assert_eq!(end.start, yaml.find("+ '").unwrap() + 2);
    let beyond = expression.locate(&document.file, 100..200);
    assert_eq!(beyond, end);
    assert_eq!(document.file.slice(expression.locate(&document.file, 6..100)), "+ ");
}

proptest! {
    /// Words on lines, written in every style: each leads back to itself.
    #[test]
    fn words_lead_back_to_themselves(
        lines in prop::collection::vec(prop::collection::vec("[a-zé日]{1,6}", 1..4), 1..5),
        style in 0_usize..5,
        crlf in any::<bool>(),
    ) {
        // Unique words, so that each can be looked up in the file.
        let mut number = 0;
        let lines: Vec<String> = lines
            .iter()
            .map(|words| {
                let words: Vec<String> = words.iter().map(|word| { number += 1; format!("{word}{number}x") }).collect();
                words.join(" ")
            })
            .collect();
        let indented = lines.join("\n          ");
        let mut yaml = table(&match style {
            0 => indented,
            1 => format!("'{indented}'"),
            2 => format!("\"{indented}\""),
            3 => format!("|\n          {indented}"),
            _ => format!(">\n          {indented}"),
        });
        if crlf {
            yaml = yaml.replace('\n', "\r\n");
        }
        let words: Vec<&str> = lines.iter().flat_map(|line| line.split(' ')).collect();
        check(&yaml, &words);
    }
}
