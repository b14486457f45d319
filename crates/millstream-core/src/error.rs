//! The one public error: what went wrong, and what the caller can do about it.

use std::fmt;
use std::time::Duration;

/// The result of everything fallible in Millstream.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whose move it is after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The configuration is wrong: edit the file.
    Config,
    /// A source failed: the input is missing, unreadable or unreachable.
    Source,
    /// A sink failed: the output cannot be written.
    Sink,
    /// State or a lease cannot be read, written or held.
    State,
    /// A row does not fit, and the policy is to fail.
    Data,
    /// The run was cancelled before it could finish.
    Cancelled,
    /// A defect of Millstream itself: please report it.
    Internal,
}

impl ErrorKind {
    /// The process exit code that tells a script which part failed.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Config => 2,
            Self::Source | Self::Data => 3,
            Self::Sink => 4,
            Self::State => 5,
            Self::Cancelled => 130,
        }
    }

    /// The word for this kind in reports and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Source => "source",
            Self::Sink => "sink",
            Self::State => "state",
            Self::Data => "data",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

/// An error with its kind, the context it passed through, and a hint at what to do next.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    context: Vec<String>,
    hint: Option<String>,
    retryable: bool,
    retry_after: Option<Duration>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A new error of `kind`, not retryable, without a hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            context: Vec::new(),
            hint: None,
            retryable: false,
            retry_after: None,
            cause: None,
        }))
    }

    /// A [`ErrorKind::Config`] error.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// A [`ErrorKind::Source`] error.
    pub fn source(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Source, message)
    }

    /// A [`ErrorKind::Sink`] error.
    pub fn sink(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Sink, message)
    }

    /// A [`ErrorKind::State`] error.
    pub fn state(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::State, message)
    }

    /// A [`ErrorKind::Data`] error.
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Data, message)
    }

    /// A [`ErrorKind::Cancelled`] error.
    pub fn cancelled(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Cancelled, message)
    }

    /// A [`ErrorKind::Internal`] error.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Keeps the error that caused this one; its text is shown after ours.
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Adds what was being done, outermost last: `reading flights.csv`.
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.0.context.push(context.into());
        self
    }

    /// One line that says what to do next. The innermost hint wins, since it knows most.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint.get_or_insert(hint.into());
        self
    }

    /// Marks the error as worth retrying, at the earliest after `after`.
    pub fn retryable(mut self, after: Option<Duration>) -> Self {
        self.0.retryable = true;
        self.0.retry_after = after;
        self
    }

    /// Whose move it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What to do next, if known.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// How long the other side asked us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for context in self.0.context.iter().rev() {
            write!(f, "{context}: ")?;
        }
        f.write_str(&self.0.message)?;
        let mut cause = self.0.cause.as_deref().map(|c| c as &dyn std::error::Error);
        let mut shown = self.0.message.clone();
        while let Some(current) = cause {
            let text = current.to_string();
            if !shown.contains(&text) {
                write!(f, ": {text}")?;
                shown = text;
            }
            cause = current.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_deref().map(|c| c as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_reads_from_the_outside_in_and_does_not_repeat_itself() {
        let io = std::io::Error::other("disk on fire");
        let error = Error::sink("cannot write: disk on fire")
            .caused_by(io)
            .context("orders.jsonl")
            .context("sink lake");
        assert_eq!(error.to_string(), "sink lake: orders.jsonl: cannot write: disk on fire");
    }

    #[test]
    fn the_innermost_hint_wins() {
        assert_eq!(Error::state("x").hint("inner").hint("outer").hint_text(), Some("inner"));
    }
}
