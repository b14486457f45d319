//! What is wrong with a file, all of it at once, shown on its own lines.

use std::fmt::{self, Write};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::source_file::{SourceFile, Span};

/// More than this many are counted rather than shown: the first ones usually explain the rest.
const SHOWN: usize = 25;

/// Whether a run can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is accepted, and probably does not do what was meant.
    Warning,
}

/// One thing that is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it stops the run.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// Where it is.
    pub span: Span,
    /// A few words under the carets.
    pub label: Option<String>,
    /// Other places that matter, with a few words each.
    pub related: Vec<(Span, String)>,
    /// What to write instead.
    pub hint: Option<String>,
    /// Further facts, one line each.
    pub notes: Vec<String>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            span,
            label: None,
            related: Vec::new(),
            hint: None,
            notes: Vec::new(),
        }
    }

    /// A warning at `span`.
    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, message) }
    }

    /// Writes `label` under the carets.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Shows another place as well.
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// Says what to write instead.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says what to write instead, if that is known.
    pub fn hint_if(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// Adds a fact.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// The diagnostics of one file, in the order of their places.
#[derive(Clone)]
pub struct Diagnostics {
    file: Arc<SourceFile>,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// None yet, for `file`.
    pub fn new(file: Arc<SourceFile>) -> Self {
        Self { file, list: Vec::new() }
    }

    /// Adds one at its place; the same message at the same place is kept once.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let key = |d: &Diagnostic| (d.span.start, d.severity);
        let index = self.list.partition_point(|d| key(d) <= key(&diagnostic));
        let repeated = self.list[..index]
            .iter()
            .rev()
            .take_while(|d| key(d) == key(&diagnostic))
            .any(|d| *d == diagnostic);
        if !repeated {
            self.list.insert(index, diagnostic);
        }
    }

    /// All of them, by position.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// The file they are about.
    pub fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    /// All of them as text for a terminal, with ANSI colours if `colour`. Ends with a line end unless empty.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for diagnostic in self.list.iter().take(SHOWN) {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&renderer.render(&[self.group(diagnostic)]));
            text.push('\n');
        }
        if let Some(rest @ 1..) = self.list.len().checked_sub(SHOWN) {
            let _ = writeln!(text, "\n… and {rest} more in {}", self.file.name());
        }
        text
    }

    /// The lines that matter, cut out of the file, so that showing an error does not cost a walk over all of it.
    fn group<'a>(&'a self, diagnostic: &'a Diagnostic) -> Group<'a> {
        let (level, primary) = match diagnostic.severity {
            Severity::Error => (Level::ERROR, AnnotationKind::Primary),
            Severity::Warning => (Level::WARNING, AnnotationKind::Primary),
        };
        let spans =
            || std::iter::once(&diagnostic.span).chain(diagnostic.related.iter().map(|(span, _)| span));
        let lines = spans().map(|span| self.file.line_index(span.start));
        let first = lines.clone().min().unwrap_or(0);
        let last = lines.max().unwrap_or(0);
        let shown = Span::new(self.file.line_span(first).start, self.file.line_span(last).end);
        let annotation = |kind: AnnotationKind, span: Span, label: Option<&'a str>| {
            let span = self.first_line_of(span);
            kind.span(span.start - shown.start..span.end - shown.start).label(label)
        };
        let mut snippet = Snippet::source(self.file.slice(shown))
            .path(self.file.name())
            .line_start(first + 1)
            .annotation(annotation(primary, diagnostic.span, diagnostic.label.as_deref()));
        for (span, label) in &diagnostic.related {
            snippet = snippet.annotation(annotation(AnnotationKind::Context, *span, Some(label)));
        }
        let mut group = level.primary_title(&*diagnostic.message).element(snippet);
        for note in &diagnostic.notes {
            group = group.element(Level::NOTE.message(&**note));
        }
        if let Some(hint) = &diagnostic.hint {
            group = group.element(Level::HELP.with_name("hint").message(&**hint));
        }
        group
    }

    /// A whole mapping or block under carets hides more than it shows, so only its first line is marked.
    fn first_line_of(&self, span: Span) -> Span {
        let line = self.file.line_span(self.file.line_index(span.start));
        let start = self.file.boundary(span.start).min(line.end);
        let end = self.file.boundary(span.end).clamp(start, line.end);
        Span::new(start, start + self.file.slice(Span::new(start, end)).trim_end().len())
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Diagnostics {}

impl Diagnostics {
    /// All of them as one error, whose text shows where they are in the file.
    pub fn into_error(self, colour: bool) -> millstream_core::Error {
        millstream_core::Error::config(self.render(colour).trim_end())
    }
}

impl From<Diagnostics> for millstream_core::Error {
    fn from(diagnostics: Diagnostics) -> Self {
        diagnostics.into_error(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str, diagnostic: Diagnostic) -> String {
        let mut diagnostics = Diagnostics::new(Arc::new(SourceFile::new("a.yaml", text)));
        diagnostics.push(diagnostic);
        diagnostics.to_string()
    }

    #[test]
    fn any_span_can_be_shown() {
        let text = "é: 1\r\n\tb: [\n日本";
        for start in 0..text.len() + 3 {
            for end in start..text.len() + 3 {
                let shown = one(text, Diagnostic::error(Span::new(start, end), "x"));
                assert!(shown.contains("a.yaml:"), "{shown}");
            }
        }
        assert!(one("", Diagnostic::error(Span::empty(0), "x")).contains("a.yaml:1:1"));
    }

    #[test]
    fn all_are_sorted_and_repetitions_shown_once() {
        let mut diagnostics = Diagnostics::new(Arc::new(SourceFile::new("a.yaml", "a\nb\n")));
        for at in [2, 0, 2] {
            diagnostics.push(Diagnostic::error(Span::new(at, at + 1), "no"));
        }
        insta::assert_snapshot!(diagnostics, @r#"
    error: no
     --> a.yaml:1:1
      |
    1 | a
      | ^

    error: no
     --> a.yaml:2:1
      |
    2 | b
      | ^
    "#);
        let error = millstream_core::Error::from(diagnostics.clone());
        assert_eq!(error.kind(), millstream_core::ErrorKind::Config);
        assert_eq!(error.to_string(), diagnostics.to_string());
        assert!(diagnostics.render(true).contains("\u{1b}["));
    }

    #[test]
    fn a_flood_is_cut_off() {
        let text = "x\n".repeat(1000);
        let mut diagnostics = Diagnostics::new(Arc::new(SourceFile::new("a.yaml", text)));
        for line in 0..1000 {
            diagnostics.push(Diagnostic::error(Span::new(line * 2, line * 2 + 1), "no"));
        }
        assert!(diagnostics.to_string().ends_with("… and 975 more in a.yaml"));
    }
}
