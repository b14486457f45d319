//! `millstream compact PATH`

use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use millstream::connectors::delta::{CompactTableOptions, Compaction, compact_table, is_table};
use millstream::engine::{SystemClock, bytes_text, grouped};
use millstream::{Error, Result};

use crate::arguments::{CompactArguments, OutputArguments};
use crate::terminal::{is_watched, print, say};

/// Compacts one table, or each of a folder of tables, and says what became of it.
pub(crate) async fn compact(arguments: CompactArguments, output: &OutputArguments) -> Result<()> {
    let options = CompactTableOptions {
        target_file_size: arguments.target_file_size,
        retention: arguments.retention,
        dry_run: arguments.dry_run,
    };
    let clock = SystemClock::new();
    for table in tables(&arguments.path)? {
        let name = table
            .file_name()
            .map_or_else(|| table.display().to_string(), |name| name.to_string_lossy().into_owned());
        let bar = is_watched(output).then(|| bar(&name));
        let mut progress = |done: &Compaction, due: usize| {
            if let Some(bar) = &bar {
                bar.set_length(due as u64);
                bar.set_position(done.rewritten_files as u64);
            }
        };
        let done = compact_table(&table, &options, &clock, &mut progress).await;
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        let done = done.map_err(|error| error.context(format!("table {name}")))?;
        print(&line(&name, &done, options.dry_run))?;
        if done.overtaken && !output.quiet {
            say(&format!(
                "{name}: another writer removed files meanwhile; run the command again for the rest"
            ));
        }
    }
    Ok(())
}

fn line(name: &str, done: &Compaction, dry_run: bool) -> String {
    let files = |count: usize| format!("{} file{}", grouped(count as u64), if count == 1 { "" } else { "s" });
    if done.rewritten_files == 0 {
        return format!("{name}: nothing to compact in {}{}\n", files(done.files), removed(done));
    }
    let (before, bytes) = (files(done.rewritten_files), bytes_text(done.rewritten_bytes));
    if dry_run {
        return format!(
            "{name}: {before} of {} ({bytes}) would become {}\n",
            grouped(done.files as u64),
            done.new_files
        );
    }
    format!(
        "{name}: {before} of {} ({bytes}) became {} ({}){}\n",
        grouped(done.files as u64),
        done.new_files,
        bytes_text(done.new_bytes),
        removed(done)
    )
}

fn removed(done: &Compaction) -> String {
    match done.removed_files {
        0 => String::new(),
        count => format!("; {} that had left the table removed", grouped(count as u64)),
    }
}

fn bar(name: &str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_message(name.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{msg}  {bar:30} {pos} of {len} files") {
        bar.set_style(style);
    }
    bar
}

/// The table at `path`, or those in it, by name.
fn tables(path: &Path) -> Result<Vec<PathBuf>> {
    if is_table(path)? {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |cause| {
        Error::config(format!("cannot list {}", path.display()))
            .caused_by(cause)
            .hint("give the folder of a Delta table, or one whose folders are tables")
    };
    let mut tables = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let folder = entry.map_err(unreadable)?.path();
        if folder.is_dir() && is_table(&folder)? {
            tables.push(folder);
        }
    }
    tables.sort();
    if tables.is_empty() {
        return Err(Error::config(format!("{} is no Delta table, and holds none", path.display()))
            .hint("give the folder of a Delta table, or one whose folders are tables"));
    }
    Ok(tables)
}

/// `128MB`, in bytes.
pub(crate) fn size(text: &str) -> std::result::Result<u64, String> {
    let units = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("B", 1),
    ];
    number(text, &units).ok_or_else(|| "write a number and its unit, such as 64MB or 1GiB".to_owned())
}

/// `7d`
pub(crate) fn duration(text: &str) -> std::result::Result<Duration, String> {
    let units = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
    let seconds = number(text, &units);
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "write a number and its unit, such as 30m, 12h or 7d".to_owned())
}

fn number(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (number, factor) =
        units.iter().find_map(|(unit, factor)| text.strip_suffix(unit).map(|number| (number, *factor)))?;
    let number: u64 = number.trim().parse().ok()?;
    number.checked_mul(factor).filter(|value| *value > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_have_units() {
        assert_eq!(size("64MB").unwrap(), 64_000_000);
        assert_eq!(size("1GiB").unwrap(), 1 << 30);
        assert_eq!(size("7B").unwrap(), 7);
        for wrong in ["64", "MB", "0MB", "-1MB", "99999999999999999999GB", "18446744073709551615KB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(duration("7d").unwrap(), Duration::from_hours(7 * 24));
        assert_eq!(duration("90s").unwrap(), Duration::from_secs(90));
        assert!(duration("soon").is_err());
    }
}
