//! `millstream init [--from PATH]… [FILE]`

use std::io::Write as _;
use std::path::Path;

use millstream::connectors::delta;
use millstream::connectors::file::{FileFormat, FileSource, FileSourceOptions};
use millstream::core::{Pull, Source as _};
use millstream::formats::csv::CsvReadOptions;
use millstream::{Error, Result};
use millstream_infer::{TableProfile, table_of_avro_schema, tables_file};

use crate::arguments::{InitArguments, OutputArguments};
use crate::terminal::{print, say};

/// What `init` writes without a sample.
const STARTER: &str = include_str!("init/starter.yaml");

pub(crate) async fn init(arguments: InitArguments, output: &OutputArguments) -> Result<()> {
    let to_stdout = arguments.file == Path::new("-");
    if !to_stdout && !arguments.force && arguments.file.exists() {
        return Err(Error::config(format!("{} is there already", arguments.file.display()))
            .hint("give another FILE, or --force to replace it"));
    }
    let text = if arguments.from.is_empty() {
        STARTER.to_owned()
    } else {
        let mut tables = Vec::with_capacity(arguments.from.len());
        for from in &arguments.from {
            let table = profile(from, arguments.rows)
                .await
                .map_err(|error| error.context(format!("--from {from}")))?;
            if !output.quiet {
                say(&format!("{from}: {} rows read", table.rows()));
            }
            tables.push(table);
        }
        tables_file(&tables)
    };
    if to_stdout {
        return print(&text);
    }
    write(&arguments.file, &text)?;
    if !output.quiet {
        let path = arguments.file.display();
        say(&format!("wrote {path}; look at rows with: millstream preview {path}"));
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::config(format!("{} cannot be written: {error}", path.display())).hint("give another FILE")
    };
    let mut file = std::fs::File::create(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

/// What a sample shows, of its first rows.
async fn profile(from: &str, most: u64) -> Result<TableProfile> {
    let path = Path::new(from);
    let name = table_name(from);
    if path.extension().is_some_and(|extension| extension == "avsc") {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::source(format!("{from} cannot be read: {error}")))?;
        return table_of_avro_schema(&text, from)
            .map_err(|error| Error::config(format!("{from} is not the schema of a table: {}", error.0)));
    }
    let options = if path.is_dir() {
        let files = delta::current_files(path).await?.ok_or_else(|| {
            Error::source(format!("the folder {from} holds no Delta table"))
                .hint("for a folder of files, give a glob in quotes: \"folder/*.parquet\"")
        })?;
        let paths = files.iter().map(|file| file.display().to_string()).collect();
        FileSourceOptions {
            format: Some(FileFormat::Parquet { columns: None }),
            ..FileSourceOptions::new(paths)
        }
    } else {
        FileSourceOptions { format: csv_format(from), ..FileSourceOptions::new(vec![from.to_owned()]) }
    };
    let mut source = FileSource::open_files(name.as_str(), options).await?;
    source.open(None).await?;
    let mut table = TableProfile::new(name, from);
    while let Pull::Work(work) = source.next().await? {
        let batch = work.decode.decode()?.batch;
        let room = usize::try_from(most - table.rows()).unwrap_or(usize::MAX);
        let taken = batch.slice(0, batch.num_rows().min(room));
        table.add(&taken).map_err(|error| Error::data("the rows cannot be looked at").caused_by(error))?;
        if taken.num_rows() < batch.num_rows() {
            table.mark_partial();
            break;
        }
    }
    if table.rows() == 0 {
        return Err(Error::source(format!("{from} has no rows to learn from")));
    }
    Ok(table)
}

/// CSV is read with the words for missing values that people use: what is a number but for them is one.
fn csv_format(from: &str) -> Option<FileFormat> {
    const MISSING: [&str; 8] = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None"];
    const SAMPLE_ROWS: usize = 100_000;
    let plain = from.trim_end_matches(".gz").trim_end_matches(".zst");
    let delimiter = match Path::new(plain).extension()?.to_str()? {
        "csv" => b',',
        "tsv" => b'\t',
        _ => return None,
    };
    Some(FileFormat::Csv(CsvReadOptions {
        delimiter,
        null_values: MISSING.map(str::to_owned).into(),
        sample_rows: SAMPLE_ROWS,
        ..CsvReadOptions::default()
    }))
}

/// `orders` for `data/orders.csv.gz`, `*/orders-*.parquet` and `lake/orders`.
fn table_name(from: &str) -> String {
    let trimmed = from.trim_end_matches('/');
    let last = trimmed.rsplit('/').next().unwrap_or(trimmed);
    let stem = last.split('.').next().unwrap_or(last);
    let plain: String =
        stem.chars().map(|character| if character.is_alphanumeric() { character } else { '_' }).collect();
    let plain = plain.trim_matches(|character: char| character == '_' || character.is_ascii_digit());
    if plain.is_empty() { "sample".to_owned() } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_called_like_their_files() {
        for (from, expected) in [
            ("data/orders.csv.gz", "orders"),
            ("lake/orders/", "orders"),
            ("*/orders-*.parquet", "orders"),
            ("2024.csv", "sample"),
            ("Line Items.jsonl", "Line_Items"),
        ] {
            assert_eq!(table_name(from), expected, "{from}");
        }
    }
}
