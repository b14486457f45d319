//! What can be typed.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Makes relational data at any cadence, and moves any source to any sink without losing a row.
#[derive(Debug, Parser)]
#[command(
    name = "millstream",
    version,
    propagate_version = true,
    after_help = "Examples:
  millstream serve examples/shop.yaml                      fill a Delta lake, and keep it growing
  millstream generate examples/shop.yaml --output data     the same tables as files, once
  millstream run examples/flights.yaml                     CSV in, Parquet and JSONL out, resumable
  millstream preview examples/flights.yaml                 look at rows, write nothing
  millstream init --from orders.csv                        tables like those of a sample
  millstream explain examples/shop.yaml                    streams, schemas and delivery guarantees

Exit codes: 0 done, 1 defect or a check that fails, 2 configuration, 3 source or data, 4 sink, 5 state, 130 interrupted."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// How the command talks.
#[derive(Debug, Clone, Args)]
pub(crate) struct OutputArguments {
    /// Say more on standard error: -v what happens, -vv everything.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
    /// Say nothing but errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// How log lines look.
    #[arg(long, value_enum, default_value_t = LogFormat::Text, global = true)]
    pub(crate) log: LogFormat,
    /// Whether to use colours.
    #[arg(long, value_enum, default_value_t = Colour::Auto, global = true)]
    pub(crate) color: Colour,
}

/// The look of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// If standard error is a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a file until its sources end.
    ///
    /// Progress is kept in the file's `state`: after a crash or an interruption the same command goes on where the
    /// last checkpoint was made, and when everything was read before, only what is new is read.
    Run(RunArguments),
    /// Run a file continuously: its tables grow at their cadence until it is stopped.
    ///
    /// Ctrl-C drains what is on its way, commits it and ends with exit code 0. The same command goes on later: row
    /// ids, cadence and random streams continue. While it runs, /metrics, /healthz, /readyz and /api/v1/status
    /// answer on the address of --listen.
    Serve(ServeArguments),
    /// Make the tables of a file once, `row_count` rows of each, as files in a folder.
    ///
    /// The same file and seed give the same bytes, whatever the number of threads and the size of chunks.
    Generate(GenerateArguments),
    /// Check a file: syntax, names, types of all expressions. Reads a sample of each source, writes nothing.
    Validate(FileArguments),
    /// Make a sample of the tables of a file, and check it against what the file declares.
    ///
    /// Primary keys and unique values, shares of nulls, keys and copies of their parents, weights, ranges and
    /// distributions. Exit code 1 if something is not as declared.
    Check(CheckArguments),
    /// Show what a file does: streams with their columns, sinks with their delivery guarantees, state.
    Explain(ExplainArguments),
    /// Show the first rows of every sink's stream in the terminal; nothing is written.
    Preview(PreviewArguments),
    /// Write a file of tables: from samples, or a small one to begin with.
    ///
    /// Each --from becomes a table whose columns are like those of the sample: types, ranges, distributions,
    /// categories with their weights, null rates, and keys between the tables.
    Init(InitArguments),
    /// Make the small files of Delta tables into large ones; nobody who writes or reads has to wait.
    ///
    /// Rows keep their order. The former files stay for --retention, for readers that began before. A table that
    /// `serve` fills needs it not: see `compact` of its sink.
    Compact(CompactArguments),
    /// List the providers of `fake`, each with its parameters and an example.
    Providers(ProvidersArguments),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ExplainArguments {
    #[command(flatten)]
    pub(crate) file: FileArguments,
    /// List the columns of the tables: their types, and whether they are evaluated column by column or, and why, row
    /// by row.
    #[arg(long)]
    pub(crate) expressions: bool,
}

/// Which providers to list.
#[derive(Debug, Clone, Args)]
pub(crate) struct ProvidersArguments {
    /// Only this one (`first_name`), this group (`person`), or those whose names contain this.
    pub(crate) name: Option<String>,
    /// The locale of the examples.
    #[arg(long, default_value = "en_US", value_name = "LOCALE")]
    pub(crate) locale: String,
    /// As a JSON array.
    #[arg(long)]
    pub(crate) json: bool,
    /// As tables in Markdown.
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
}

/// A configuration file.
#[derive(Debug, Clone, Args)]
pub(crate) struct FileArguments {
    /// The configuration file.
    #[arg(value_name = "FILE", required_unless_present = "config")]
    file: Option<PathBuf>,
    /// The same as FILE.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    config: Option<PathBuf>,
}

impl FileArguments {
    pub(crate) fn path(&self) -> PathBuf {
        self.file.clone().or_else(|| self.config.clone()).unwrap_or_default()
    }
}

#[derive(Debug, Args)]
pub(crate) struct CompactArguments {
    /// The folder of a Delta table, or one whose folders are tables.
    pub(crate) path: PathBuf,
    /// The size of files; one of half of it is left as it is.
    #[arg(long, value_name = "SIZE", default_value = "128MB", value_parser = crate::commands::compact::size)]
    pub(crate) target_file_size: u64,
    /// How long files stay on disk that have left the table.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = crate::commands::compact::duration)]
    pub(crate) retention: std::time::Duration,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What all runs share.
#[derive(Debug, Clone, Args)]
pub(crate) struct EngineArguments {
    /// Workers that decode, transform and encode [default: the file's `processing.parallelism`, or all cores].
    #[arg(long, visible_alias = "threads", value_name = "N")]
    pub(crate) parallelism: Option<NonZeroUsize>,
    /// Rows per chunk [default: the file's `processing.chunk_size`, or 2048].
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..=16_777_216))]
    pub(crate) chunk_size: Option<u64>,
    /// What `datetime.now()`, `date.today()` and dates relative to now mean: a date or an ISO 8601 timestamp, UTC unless
    /// it has an offset [default: the file's `config.now`, or its `config.start`].
    #[arg(long, value_name = "TIMESTAMP", value_parser = parse_now)]
    pub(crate) now: Option<i64>,
    /// How the account of the run is given at the end: text on standard error, or JSON on standard output.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) report: ReportFormat,
}

/// The form of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// A few lines on standard error.
    Text,
    /// One JSON object on standard output.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) file: FileArguments,
    #[command(flatten)]
    pub(crate) engine: EngineArguments,
    /// Forget the state of earlier runs and start over; outputs that can be replaced are.
    #[arg(long)]
    pub(crate) restart: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    #[command(flatten)]
    pub(crate) file: FileArguments,
    #[command(flatten)]
    pub(crate) engine: EngineArguments,
    /// Write a Delta table for each generated table into this folder, instead of the file's sinks.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// End after so many ticks, those of earlier runs included.
    #[arg(long, value_name = "N")]
    pub(crate) ticks: Option<u64>,
    /// Let logical time pass so many times as fast, or `max`: wait for nothing. The rows of a tick stay the same
    /// [default: the file's `config.speed`, or 1].
    #[arg(long, value_name = "TIMES")]
    pub(crate) speed: Option<millstream::generate::Speed>,
    /// The loopback address to answer HTTP on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8707", env = "MILLSTREAM_LISTEN")]
    pub(crate) listen: String,
    /// Forget the state of earlier runs and start over.
    #[arg(long)]
    pub(crate) restart: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GenerateArguments {
    #[command(flatten)]
    pub(crate) file: FileArguments,
    #[command(flatten)]
    pub(crate) engine: EngineArguments,
    /// The folder for the files.
    #[arg(short, long, alias = "target", value_name = "DIR", default_value = "./data")]
    pub(crate) output: PathBuf,
    /// The format of the files.
    #[arg(short, long, alias = "file_type", value_enum, default_value_t = GenerateFormat::Parquet)]
    pub(crate) format: GenerateFormat,
    /// Whose SQL `--format sql` writes.
    #[arg(long, value_enum, default_value_t = Dialect::Ansi)]
    pub(crate) dialect: Dialect,
    /// Make only this table.
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// Make only these rows of it, counted from 0: `1000..2000` are the thousand rows after the first thousand.
    #[arg(long, value_name = "FROM..TO", requires = "table", value_parser = parse_rows)]
    pub(crate) rows: Option<Range<u64>>,
}

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// A sample: CSV, JSONL or Parquet files (also a glob in quotes), a Delta table's folder, or an Avro schema
    /// (`.avsc`). Give it once for each table.
    #[arg(long, value_name = "PATH")]
    pub(crate) from: Vec<String>,
    /// The file to write; `-` for standard output.
    #[arg(value_name = "FILE", default_value = "tables.yaml")]
    pub(crate) file: PathBuf,
    /// The most rows of a sample to read.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rows: u64,
    /// Replace the file if it is there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Formats of generated files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GenerateFormat {
    /// Apache Parquet.
    Parquet,
    /// One JSON object per line.
    Jsonl,
    /// One array of JSON objects.
    Json,
    /// Comma-separated values.
    Csv,
    /// A script that makes the table in a database.
    Sql,
    /// Apache Avro.
    Avro,
    /// Delta Lake tables.
    #[value(alias = "deltalake")]
    Delta,
    /// Nothing: rows are made and counted.
    Noop,
}

/// Dialects of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dialect {
    /// What most databases know.
    Ansi,
    /// PostgreSQL.
    Postgres,
    /// `MySQL` and `MariaDB`.
    Mysql,
    /// SQLite.
    Sqlite,
}

#[derive(Debug, Args)]
pub(crate) struct PreviewArguments {
    #[command(flatten)]
    pub(crate) file: FileArguments,
    /// How many rows of each stream.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub(crate) rows: usize,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) file: FileArguments,
    /// How many rows of each table are made, from the first one on; all if it has fewer [default: 100000].
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) rows: Option<u64>,
    /// Check only this table.
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// Print what was found as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

fn parse_now(text: &str) -> Result<i64, String> {
    millstream::config::parse_timestamp(text)
        .map(|moment| moment.timestamp_micros())
        .ok_or_else(|| "write 2024-01-31 or 2024-01-31T08:30:00Z".to_owned())
}

fn parse_rows(text: &str) -> Result<Range<u64>, String> {
    let usage = || "write FROM..TO, for example 1000..2000".to_owned();
    let (from, to) = text.split_once("..").ok_or_else(usage)?;
    let number = |part: &str| part.trim().replace('_', "").parse::<u64>().map_err(|_| usage());
    let rows = number(from)?..number(to)?;
    if rows.start > rows.end { Err("the range ends before it begins".to_owned()) } else { Ok(rows) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn row_ranges_are_read() {
        assert_eq!(parse_rows("1000..2_000"), Ok(1000..2000));
        assert!(parse_rows("5").is_err() && parse_rows("5..4").is_err() && parse_rows("a..b").is_err());
    }
}
