//! What all running commands share: signals, progress, and the report at the end.

use millstream::config::{Diagnostics, Plan};
use millstream::engine::{self, Outcome, RunReport};
use millstream::{ErrorKind, File, Result};

use crate::arguments::{EngineArguments, FileArguments, OutputArguments, ReportFormat};
use crate::interrupt::stop_on_signals;
use crate::progress::{self, Measure};
use crate::terminal::{has_colour, is_watched, print, say};

/// Reads a file, and passes its warnings on.
pub(crate) fn read(file: &FileArguments, output: &OutputArguments) -> Result<File> {
    let file = File::read_coloured(file.path(), has_colour(output))?;
    warn(file.warnings(), output);
    Ok(file)
}

fn warn(warnings: &Diagnostics, output: &OutputArguments) {
    if !warnings.is_empty() && !output.quiet {
        say(&warnings.render(has_colour(output)));
    }
}

/// What the command line says over the file.
pub(crate) fn overrides(engine: &EngineArguments, restart: bool) -> millstream::config::Overrides {
    millstream::config::Overrides {
        parallelism: engine.parallelism,
        chunk_rows: engine.chunk_size.map(|rows| rows as usize),
        restart,
        now: engine.now,
        ..millstream::config::Overrides::default()
    }
}

/// Runs a plan to its end and reports.
pub(crate) async fn run(plan: Plan, engine: &EngineArguments, output: &OutputArguments) -> Result<()> {
    let (cadence, expected_rows, expected_bytes) =
        (plan.cadence.clone(), plan.expected_rows, plan.expected_bytes);
    let monitor = plan.graph.monitor();
    stop_on_signals(plan.options.stop.clone());
    let running = plan.run();
    let outcome = if is_watched(output) {
        match (expected_rows, expected_bytes, cadence) {
            (None, None, Some(cadence)) => progress::tables(monitor, cadence, running).await,
            (Some(rows), _, _) => progress::bar(monitor, Measure::Rows(rows), running).await,
            (None, Some(bytes), _) => progress::bar(monitor, Measure::Bytes(bytes), running).await,
            (None, None, None) => progress::bar(monitor, Measure::Unknown, running).await,
        }
    } else {
        running.await
    };
    report(outcome?, engine.report, output)
}

fn report(outcome: Outcome, format: ReportFormat, output: &OutputArguments) -> Result<()> {
    let Outcome { report, result, nothing_new_since } = outcome;
    // Whoever read our output has seen enough: no failure, and no news either.
    if result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Cancelled) && reader_has_gone(&report) {
        return Ok(());
    }
    match format {
        ReportFormat::Json => {
            let text = serde_json::to_string(&report).map_err(|error| {
                millstream::Error::internal("the report does not serialise").caused_by(error)
            })?;
            print(&format!("{text}\n"))?;
        }
        ReportFormat::Text if output.quiet => {}
        ReportFormat::Text => match nothing_new_since {
            Some(at) => say(&format!(
                "{}: nothing new since {} (start over with --restart)",
                report.pipeline,
                engine::time_text(at)
            )),
            None => say(&report.to_text()),
        },
    }
    result
}

fn reader_has_gone(report: &RunReport) -> bool {
    report.error.as_deref().is_some_and(|error| error.contains("reader of standard output"))
}
