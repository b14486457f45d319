//! Standard error for people, standard output for data.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use millstream::{Error, ErrorKind};
use tracing_subscriber::EnvFilter;

use crate::arguments::{Colour, LogFormat, OutputArguments};

/// Whether to use colours on standard error.
pub(crate) fn has_colour(output: &OutputArguments) -> bool {
    match output.color {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    }
}

/// Whether a person watches, so that progress makes sense.
pub(crate) fn is_watched(output: &OutputArguments) -> bool {
    !output.quiet && output.log == LogFormat::Text && std::io::stderr().is_terminal()
}

/// Sends log lines to standard error; `MILLSTREAM_LOG` says more precisely which than -v and -q.
pub(crate) fn start_logging(output: &OutputArguments) {
    let level = match (output.quiet, output.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "millstream=info,millstream_engine=debug,info",
        (false, _) => "debug",
    };
    let filter = EnvFilter::try_from_env("MILLSTREAM_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(has_colour(output));
    match output.log {
        LogFormat::Text => subscriber.compact().init(),
        LogFormat::Json => subscriber.json().init(),
    }
}

/// A line for people. Nobody is left to be told when standard error is closed.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", line.trim_end());
}

/// Data on standard output.
pub(crate) fn print(text: &str) -> millstream::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // The reader has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| Error::sink("cannot write to standard output").caused_by(error)),
    }
}

/// Says what went wrong and what to do next; gives the exit code that says which part failed.
pub(crate) fn fail(error: &Error, colour: bool) -> ExitCode {
    let text = error.to_string();
    let (red, cyan, plain) =
        if colour { ("\u{1b}[1;31m", "\u{1b}[1;36m", "\u{1b}[0m") } else { ("", "", "") };
    // Diagnostics of a file say for themselves that they are errors.
    if error.kind() == ErrorKind::Config && text.contains("error: ") {
        say(&text);
    } else {
        say(&format!("{red}error{plain}: {text}"));
    }
    if let Some(hint) = error.hint_text().or_else(|| usual_hint(error.kind(), &text)) {
        say(&format!("{cyan}hint{plain}: {hint}"));
    }
    ExitCode::from(error.kind().exit_code())
}

/// What helps in most cases, for errors that know nothing better.
fn usual_hint(kind: ErrorKind, text: &str) -> Option<&'static str> {
    Some(match kind {
        // Diagnostics have hints of their own.
        ErrorKind::Config if text.contains("hint: ") => return None,
        ErrorKind::Config => "`millstream validate FILE` checks a file without running it",
        ErrorKind::Source => "check the input, and run the same command again: it goes on where it stopped",
        ErrorKind::Data => {
            "fix the row, or go on without such rows with `on_error: skip` or a `dead_letter` sink"
        }
        ErrorKind::Sink => "check the output, and run the same command again: what was committed is intact",
        ErrorKind::State => "check where `state` is kept, or start over with --restart",
        ErrorKind::Cancelled => "run the same command again: it goes on from what was committed",
        ErrorKind::Internal => {
            "this is a defect of Millstream; please report it with the command and the file"
        }
    })
}
