//! Files that are not the YAML they should be.

use insta::assert_snapshot;

use super::report;

#[test]
fn an_empty_file() {
    assert_snapshot!(report(""), @r#"
    error: the file is empty
     --> shop.yaml:1:1
      |
    1 |
      | ^
      |
      = hint: start from examples/shop.yaml, or see docs/configuration.md
    "#);
}

#[test]
fn only_a_comment() {
    assert_snapshot!(report(r"# nothing yet
"), @r#"
    error: the file is empty
     --> shop.yaml:1:1
      |
    1 | # nothing yet
      | ^
      |
      = hint: start from examples/shop.yaml, or see docs/configuration.md
    "#);
}

#[test]
fn no_mapping() {
    assert_snapshot!(report(r"- a
- b
"), @r#"
    error: expected a mapping, found a list
     --> shop.yaml:1:1
      |
    1 | - a
      | ^^^
      |
      = hint: write `key: value` lines, such as `version: 1`
    "#);
}

#[test]
fn two_documents() {
    assert_snapshot!(report(r"tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
---
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: a second YAML document begins here
     --> shop.yaml:5:1
      |
    5 | ---
      | ^^^
      |
      = hint: one file holds one document: remove the `---`, or split the file
    "#);
}

#[test]
fn duplicate_key() {
    assert_snapshot!(report(r"config:
  seed: 1
  seed: 2
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: the key "seed" is given twice
     --> shop.yaml:3:3
      |
    2 |   seed: 1
      |   ---- given here first
    3 |   seed: 2
      |   ^^^^
    "#);
}

#[test]
fn unclosed_quote() {
    assert_snapshot!(report(r"name: 'shop
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: not valid YAML: invalid indentation in quoted scalar
     --> shop.yaml:1:7
      |
    1 | name: 'shop
      |       ^
      |
      = hint: a quote is opened here; is it closed?
    "#);
}

#[test]
fn tab_indentation() {
    assert_snapshot!(report("config:\n\tseed: 1\ntables:\n  - table_name: t\n    columns:\n      - {column_name: id, data: row_id}\n"), @r#"
    error: not valid YAML: tabs disallowed within this context (block indentation)
     --> shop.yaml:2:2
      |
    2 |     seed: 1
      |     ^
      |
      = hint: indent with spaces
    "#);
}

#[test]
fn colon_in_a_value() {
    assert_snapshot!(report(r"config: a: b
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: not valid YAML: mapping values are not allowed in this context
     --> shop.yaml:1:10
      |
    1 | config: a: b
      |          ^
      |
      = hint: put a value that contains a colon and a space in quotes; or is a colon missing on the line before?
    "#);
}

#[test]
fn bad_indentation() {
    assert_snapshot!(report(r"config:
    seed: 1
  locale: en_US
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: not valid YAML: while parsing a block mapping, did not find expected key
     --> shop.yaml:3:3
      |
    3 |   locale: en_US
      |   ^
      |
      = hint: write `key: value`, with a space after the colon and the same indentation as the keys around it
    "#);
}

#[test]
fn unclosed_brace() {
    assert_snapshot!(report(r"config: {seed: 1
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'
     --> shop.yaml:2:7
      |
    1 | config: {seed: 1
      |         - opened here
    2 | tables:
      |       ^
      |
      = hint: close the bracket, or put a value that contains commas, brackets or quotes in quotes of its own
    "#);
}

#[test]
fn unknown_alias() {
    assert_snapshot!(report(r"config: *nowhere
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: not valid YAML: while parsing node, found unknown anchor
     --> shop.yaml:1:9
      |
    1 | config: *nowhere
      |         ^
      |
      = hint: a value that begins with `*` or `&` must be in quotes
    "#);
}

#[test]
fn quoted_start_of_a_value() {
    assert_snapshot!(report(r#"tables:
  - table_name: t
    columns:
      - {column_name: a, data: "x" + "y"}
"#), @r#"
    error: not valid YAML: invalid trailing content after double-quoted scalar
     --> shop.yaml:4:36
      |
    4 |       - {column_name: a, data: "x" + "y"}
      |                                    ^
      |
      = hint: put the whole value in single quotes if it only begins with a quoted string
    "#);
}

#[test]
fn alias_of_itself() {
    assert_snapshot!(report(r"config: &a
  seed: *a
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: an alias inside the value that it stands for
     --> shop.yaml:2:9
      |
    2 |   seed: *a
      |         ^^
    "#);
}

#[test]
fn bad_merge() {
    assert_snapshot!(report(r"config:
  <<: 5
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: `<<` merges mappings, and this is a number
     --> shop.yaml:2:7
      |
    2 |   <<: 5
      |       ^
    "#);
}

#[test]
fn a_tag() {
    assert_snapshot!(report(r"config: {seed: !!int 5}
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: the YAML tag !!int is not supported
     --> shop.yaml:1:22
      |
    1 | config: {seed: !!int 5}
      |                      ^
      |
      = hint: write the value without a tag, in quotes if it is a string
    "#);
}

#[test]
fn a_list_as_a_key() {
    assert_snapshot!(report(r"config: {[a]: 5}
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: a key must be a name, and this is a list
     --> shop.yaml:1:10
      |
    1 | config: {[a]: 5}
      |          ^^^
    "#);
}

#[test]
fn nul_character() {
    assert_snapshot!(report("name: a\0b\ntables:\n  - table_name: t\n    columns:\n      - {column_name: id, data: row_id}\n"), @r#"
    error: the file contains a NUL character
     --> shop.yaml:1:8
      |
    1 | name: a␀b
      |        ^
      |
      = hint: is this a text file?
    "#);
}

#[test]
fn unclosed_quote_at_the_end() {
    assert_snapshot!(report(r"name: x
pipeline: 'abc
  def"), @r#"
    error: not valid YAML: while scanning a quoted scalar, found unexpected end of stream
     --> shop.yaml:2:11
      |
    2 | pipeline: 'abc
      |           ^
      |
      = hint: a quote is opened here; is it closed?
    "#);
}

#[test]
fn keys_without_a_colon() {
    assert_snapshot!(report(r"name shop
tables:
  - table_name: t
    columns:
      - {column_name: id, data: row_id}
"), @r#"
    error: not valid YAML: mapping values are not allowed in this context
     --> shop.yaml:2:7
      |
    2 | tables:
      |       ^
      |
      = hint: put a value that contains a colon and a space in quotes; or is a colon missing on the line before?
    "#);
}

#[test]
fn unclosed_bracket_in_a_value() {
    assert_snapshot!(report("tables:
  - table_name: t
    columns:
      - {column_name: a, data: f([1, 2) }
  - table_name: u
"), @r#"
    error: not valid YAML: invalid indentation
     --> shop.yaml:5:3
      |
    5 |   - table_name: u
      |   ^
      |
      = hint: is a bracket or a quote on the lines before closed?
    "#);
}
