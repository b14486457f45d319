//! Files that are meant to hurt: they are refused quickly, and nothing panics.

use std::fmt::Write;

use proptest::prelude::*;

use crate::parse;

const GOOD: &str = r#"version: 1
name: shop
config: {seed: 42, start: 2024-01-01}
tables:
  - &base
    table_name: customers
    cadence: {rows_per_minute: 0.5}
    columns: &columns
      - {column_name: id, data: row_id, is_primary_key: true}
      - {column_name: "tïer", data: 'it''s'}
      - column_name: note
        data: |
          if row_id > 1:
            return "x"
          return f"é"
      - column_name: folded
        data: >-
          a +
          "\u00e9"
      - {column_name: key, data: foreign_key("customers", "id")}
  - {<<: *base, table_name: orders, columns: *columns}
sources:
  flights: {type: csv, path: ["${env:OUT}/*.csv"], columns: {a: "decimal(3, 1)"}}
streams:
  paid: {from: orders, filter: amount > 10}
  set: {from: paid, set: {a: b + 1}}
sinks:
  lake: {from: [customers, set], type: delta, path: ./lake}
processing: {memory_limit: 1GiB, timeout: 10s}
"#;

#[test]
fn the_file_to_be_mutated_is_good() {
    parse(GOOD).unwrap();
}

#[test]
fn alias_bombs_are_refused_quickly() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..40 {
        let previous = format!("*a{}, ", level - 1).repeat(10);
        writeln!(text, "a{level}: &a{level} [{previous}]").unwrap();
    }
    let diagnostics = parse(&text).unwrap_err();
    assert!(diagnostics.to_string().contains("aliases of this file expand to too much"), "{diagnostics}");
    let long = format!("a: &a {}\nb: [{}]", "x".repeat(100_000), "*a, ".repeat(10_000));
    assert!(parse(&long).unwrap_err().to_string().contains("expand to too much"));
}

#[test]
fn deep_nesting_is_refused() {
    for (open, count) in [("[", 100_000), ("{a: ", 100_000), ("- ", 100_000)] {
        let diagnostics = parse(&open.repeat(count)).unwrap_err();
        assert!(diagnostics.len() == 1, "{diagnostics}");
    }
}

#[test]
fn large_files_are_read_in_linear_time() {
    let mut text = "tables:\n".to_owned();
    for table in 0..2_000 {
        writeln!(text, "  - table_name: t{table}\n    columns:").unwrap();
        for column in 0..10 {
            writeln!(text, "      - {{column_name: c{column}, data: f(1, {column}), wrong: 1}}").unwrap();
        }
    }
    let diagnostics = parse(&text).unwrap_err();
    assert_eq!(diagnostics.len(), 20_000);
    assert!(diagnostics.to_string().len() < 20_000);
}

/// Pieces that YAML and expressions are made of.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            ": ",
            "- ",
            "? ",
            "#",
            " #",
            "&a ",
            "*a",
            "!t ",
            "!!str ",
            "|",
            ">",
            "|2-",
            "'",
            "\"",
            "\\",
            "\n",
            "\r\n",
            "\r",
            "\t",
            " ",
            "  ",
            "<<",
            "---",
            "...",
            "%YAML 1.2\n",
            "${env:OUT}",
            "${file:/dev/zero}",
            "${",
            "(",
            ")",
            "é",
            "日本",
            "\u{feff}",
            "\u{85}",
            "\u{2028}",
            "\u{f8f0}",
            "null",
            "~",
            "1e9",
            "decimal(3,1)",
            "from",
            "tables",
            "\0",
            "\u{7f}",
            "🦀",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ]
}

/// Everything that can be asked about a file that was read.
fn exercise(text: &str) {
    match parse(text) {
        Ok((document, warnings)) => {
            let expressions = document.tables.iter().flat_map(|t| t.columns.iter().map(|c| &c.data));
            for expression in expressions {
                for start in
                    (0..=expression.text().len()).filter(|&at| expression.text().is_char_boundary(at))
                {
                    let span = expression.locate(&document.file, start..expression.text().len());
                    assert!(document.file.text().get(span.range()).is_some());
                }
            }
            let _ = (warnings.render(true), format!("{document:?}"));
        }
        Err(diagnostics) => {
            assert!(diagnostics.has_errors());
            for diagnostic in diagnostics.iter() {
                assert!(text.get(diagnostic.span.range()).is_some(), "{diagnostic:?}");
            }
            let _ = diagnostics.render(true);
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        exercise(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn random_pieces_never_panic(pieces in prop::collection::vec(piece(), 0..40)) {
        exercise(&pieces.concat());
    }

    #[test]
    fn mutations_of_a_good_file_never_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..6, piece()), 1..6),
    ) {
        let mut characters: Vec<char> = GOOD.chars().collect();
        for (index, removed, inserted) in edits {
            let at = index.index(characters.len() + 1);
            let end = (at + removed).min(characters.len());
            characters.splice(at..end, inserted.chars());
        }
        exercise(&characters.into_iter().collect::<String>());
    }

    #[test]
    fn any_prefix_of_a_good_file_never_panics(length in any::<prop::sample::Index>()) {
        let characters: Vec<char> = GOOD.chars().collect();
        let text: String = characters[..length.index(characters.len())].iter().collect();
        exercise(&text);
    }
}
