//! The file of tables.

use std::fmt::Write as _;

use crate::expression::made;
use crate::keys::keys;
use crate::numbers::short;
use crate::profile::{Column, TableProfile, Values};

/// A tables file that makes rows like those that the profiles saw.
pub fn tables_file(tables: &[TableProfile]) -> String {
    let keys = keys(tables);
    let mut out = String::from("version: 1\nconfig:\n  seed: 42\n");
    if let Some(start) = start(tables) {
        let _ = writeln!(out, "  start: {start}");
    }
    out.push_str("tables:\n");
    for (index, table) in tables.iter().enumerate() {
        let more = if table.partial { ", the first of more" } else { "" };
        let _ = writeln!(out, "  # From {}: {} rows{more}.", one_line(&table.origin), table.rows);
        let _ = writeln!(out, "  - table_name: {}", scalar(&table.name));
        let _ = writeln!(out, "    row_count: {}", table.rows.max(1));
        let primary = keys[index].primary.map(|position| &table.columns[position]);
        if let Some(Column { values: Values::Integers(numbers), .. }) = primary
            && numbers.low != 1.0
        {
            let _ = writeln!(out, "    start_row_id: {}", numbers.low);
        }
        if let Some(rate) = rows_per_minute(table) {
            let _ = writeln!(out, "    cadence: {{ rows_per_minute: {rate} }}");
        }
        out.push_str("    columns:\n");
        for (position, column) in table.columns.iter().enumerate() {
            let made = made(tables, index, &keys, position);
            let _ = writeln!(out, "      - column_name: {}", scalar(&column.name));
            let _ = writeln!(out, "        data: {}", scalar(&made.data));
            if let Some(data_type) = made.data_type {
                let _ = writeln!(out, "        type: {}", scalar(&data_type));
            }
            if keys[index].primary == Some(position) {
                out.push_str("        is_primary_key: true\n");
            }
            if column.nulls > 0 && made.declares_nulls {
                // Rounded up, so that a rare null does not vanish.
                let share = (column.null_share() * 10_000.0).ceil() / 10_000.0;
                let _ = writeln!(out, "        null_percentage: {share}");
            }
            if let Some(description) = &column.description {
                let _ = writeln!(out, "        description: {}", scalar(description));
            }
        }
    }
    out
}

/// How fast the rows came, by the first column of rising times.
fn rows_per_minute(table: &TableProfile) -> Option<String> {
    let span = table.columns.iter().find_map(|column| match column.values {
        Values::Instants(low, high, true) if high > low => Some((high - low) as f64 / 60e6),
        _ => None,
    })?;
    Some(short((table.rows - 1) as f64 / span))
}

/// When logical time begins: where the first rising column of times ends, which is made by `tick_time()`.
fn start(tables: &[TableProfile]) -> Option<String> {
    let highest = tables.iter().flat_map(|table| &table.columns).find_map(|column| match column.values {
        Values::Instants(_, high, true) => Some(high),
        _ => None,
    })?;
    let time = chrono::DateTime::from_timestamp_micros(highest)?;
    Some(time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// A YAML scalar: plain where that is safe, in single quotes otherwise.
fn scalar(text: &str) -> String {
    let plain = !text.is_empty()
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|character| character.is_ascii_alphanumeric() || "_.()".contains(character))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n", "auto"]
            .contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_quoted_where_yaml_would_read_something_else() {
        for (text, expected) in [
            ("row_id", "row_id"),
            ("fake.email()", "fake.email()"),
            ("a: b", "'a: b'"),
            ("it's", "'it''s'"),
            ("no", "'no'"),
            ("None", "None"),
            ("", "''"),
            ("42", "'42'"),
            ("{\"a\": 1}", "'{\"a\": 1}'"),
        ] {
            assert_eq!(scalar(text), expected);
        }
    }
}
