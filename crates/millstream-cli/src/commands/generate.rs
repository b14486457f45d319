//! `millstream generate FILE`

use millstream::config::{OnlyRows, OutputFormat, Purpose};
use millstream::formats::sql::SqlDialect;
use millstream::{Error, Result};

use crate::arguments::{Dialect, GenerateArguments, GenerateFormat, OutputArguments};
use crate::drain;
use crate::terminal::say;

pub(crate) async fn generate(arguments: GenerateArguments, output: &OutputArguments) -> Result<()> {
    let file = drain::read(&arguments.file, output)?;
    let format = match arguments.format {
        GenerateFormat::Parquet => OutputFormat::Parquet,
        GenerateFormat::Jsonl => OutputFormat::Jsonl,
        GenerateFormat::Json => OutputFormat::Json,
        GenerateFormat::Csv => OutputFormat::Csv,
        GenerateFormat::Sql => OutputFormat::Sql(match arguments.dialect {
            Dialect::Ansi => SqlDialect::Ansi,
            Dialect::Postgres => SqlDialect::Postgres,
            Dialect::Mysql => SqlDialect::Mysql,
            Dialect::Sqlite => SqlDialect::Sqlite,
        }),
        GenerateFormat::Avro => OutputFormat::Avro,
        GenerateFormat::Delta => OutputFormat::Delta,
        GenerateFormat::Noop => OutputFormat::Noop,
    };
    if arguments.dialect != Dialect::Ansi && arguments.format != GenerateFormat::Sql {
        return Err(Error::config("--dialect is for --format sql").hint("leave it out"));
    }
    if arguments.rows.is_some() && format == OutputFormat::Delta {
        return Err(Error::config(
            "a range of rows cannot be made as a Delta table, which keeps its own progress",
        )
        .hint("choose another --format, or leave --rows out"));
    }
    let only = arguments.table.map(|table| OnlyRows { table, rows: arguments.rows });
    let purpose = Purpose::Generate { output: arguments.output.clone(), format, only };
    let overrides = drain::overrides(&arguments.engine, false);
    let plan = file.plan(&purpose, &overrides).await?;
    if let Some((tables, spec)) = &plan.tables
        && spec.start.is_none()
        && spec.tables.iter().flat_map(|table| &table.columns).any(|column| uses_time(&column.data))
        && !output.quiet
    {
        let start = millstream::engine::time_text(tables.start());
        say(&format!(
            "note: `config.start` is not set, so that time begins now: write `start: {start}` for the same rows again"
        ));
    }
    drain::run(plan, &arguments.engine, output).await
}

/// Whether values of an expression depend on when logical time begins.
fn uses_time(expression: &str) -> bool {
    expression.contains("tick_time(") || expression.contains("fake.date")
}
