//! `millstream check FILE`

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use millstream::config::{OutputFormat, Overrides, Purpose};
use millstream::engine::grouped;
use millstream::generate::audit::{Audit, AuditOptions, Check, ColumnStatistics, Outcome, Property, audit};
use millstream::{Error, Result};

use crate::arguments::{CheckArguments, OutputArguments};
use crate::drain;
use crate::terminal::print;

/// Exit code 1 if a declared property does not hold.
pub(crate) async fn check(arguments: &CheckArguments, output: &OutputArguments) -> Result<ExitCode> {
    let file = drain::read(&arguments.file, output)?;
    // Nothing is written: this only builds the tables.
    let purpose = Purpose::Generate { output: PathBuf::new(), format: OutputFormat::Noop, only: None };
    let plan = file.plan(&purpose, &Overrides::default()).await?;
    let (tables, spec) = plan.tables.ok_or_else(|| Error::internal("a plan without tables"))?;
    let defaults = AuditOptions::default();
    let options = AuditOptions {
        rows: arguments.rows.unwrap_or(defaults.rows),
        table: arguments.table.clone(),
        ..defaults
    };
    let audited = tokio::task::spawn_blocking(move || audit(&tables, &spec, &options))
        .await
        .map_err(|error| Error::internal("the check ended early").caused_by(error))??;
    if arguments.json {
        let text = serde_json::to_string_pretty(&audited)
            .map_err(|error| Error::internal("the findings do not serialise").caused_by(error))?;
        print(&format!("{text}\n"))?;
    } else {
        print(&text(&audited))?;
    }
    Ok(if audited.holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(audit: &Audit) -> String {
    let mut text = String::new();
    for table in &audit.tables {
        let part = if table.complete { "all of them" } else { "the first ones" };
        let _ = writeln!(text, "{}: {} rows, {part}", table.table, grouped(table.rows));
        let width = |of: fn(&ColumnStatistics) -> &str| {
            table.columns.iter().map(|column| of(column).chars().count()).max().unwrap_or(0)
        };
        let (names, types) = (width(|column| &column.column), width(|column| &column.data_type));
        for column in &table.columns {
            let nulls = match column.nulls {
                0 => String::new(),
                nulls => format!("{} nulls; ", grouped(nulls)),
            };
            let values = values(column, table.rows - column.nulls);
            let line = format!("  {:names$}  {:types$}  {nulls}{values}", column.column, column.data_type);
            let _ = writeln!(text, "{}", line.trim_end());
        }
        for check in &table.checks {
            let _ = writeln!(text, "  {}", line(check));
        }
        text.push('\n');
    }
    let all = || audit.tables.iter().flat_map(|table| &table.checks);
    let count = |outcome: Outcome| all().filter(|check| check.outcome == outcome).count();
    let (held, failed, skipped) = (count(Outcome::Holds), count(Outcome::Fails), count(Outcome::Skipped));
    let _ = write!(text, "{held} declared properties hold, {failed} do not");
    if skipped > 0 {
        let _ = write!(text, ", {skipped} were not checked");
    }
    text.push('\n');
    text
}

fn line(check: &Check) -> String {
    let outcome = match check.outcome {
        Outcome::Holds => "ok  ",
        Outcome::Fails => "FAIL",
        Outcome::Skipped => "?   ",
    };
    let property = match check.property {
        Property::PrimaryKey => "primary key",
        Property::Unique => "unique",
        Property::NullShare => "nulls",
        Property::ForeignKey => "foreign key",
        Property::Copy => "copy",
        Property::Distribution => "distribution",
    };
    let p_value = check.p_value.map_or_else(String::new, |p| format!(", p = {p:.3}"));
    format!("{outcome} {property} {}: {}{p_value}", check.columns.join(", "), check.detail)
}

/// What the values of a column are like, in a few words.
fn values(column: &ColumnStatistics, rows: u64) -> String {
    if rows == 0 {
        return "no values".to_owned();
    }
    let mut parts = Vec::new();
    if let (Some(minimum), Some(maximum), Some(mean)) = (column.minimum, column.maximum, column.mean) {
        parts.push(format!("{minimum} to {maximum}, mean {}", rounded(mean)));
    }
    let few = column.different.is_some_and(|different| different <= 20);
    if few || parts.is_empty() {
        let different = column.different.map_or_else(
            || "more than 1,000 different values".to_owned(),
            |different| {
                format!(
                    "{} different {}",
                    grouped(different as u64),
                    if different == 1 { "value" } else { "values" }
                )
            },
        );
        let top: Vec<String> = column
            .top
            .iter()
            .filter(|top| few || top.rows > 1)
            .map(|top| format!("{} {} %", top.value, rounded(top.rows as f64 * 100.0 / rows as f64)))
            .collect();
        parts.push(if top.is_empty() { different } else { format!("{different}: {}", top.join(", ")) });
    }
    parts.join("; ")
}

/// Four significant digits, or the whole number.
fn rounded(number: f64) -> String {
    if number.abs() >= 1000.0 || number == 0.0 {
        return format!("{number:.0}");
    }
    let digits = (3 - number.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_short() {
        let shown: Vec<String> = [0.0, 1.0, 0.123_456, 99.999, 12_345.6, -0.000_123_4].map(rounded).into();
        assert_eq!(shown, ["0", "1", "0.1235", "100", "12346", "-0.0001234"]);
    }
}
