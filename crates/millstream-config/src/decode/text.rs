//! Strings of the file in which `${env:NAME}` and `${file:PATH}` stand for something that must not be shown.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{Context, Spanned};
use crate::diagnostics::Diagnostic;
use crate::source_file::Span;
use crate::yaml::{Node, Scalar, locate};

/// A secret in a file is a key or a password; more than this is something else.
const MAXIMUM_FILE_LENGTH: u64 = 64 << 10;

/// Where the values of variables come from.
pub trait Variables {
    /// The environment variable `name`.
    fn environment(&self, name: &str) -> Option<String>;

    /// The content of the file at `path`, without the line end at its end.
    fn file(&self, path: &str) -> io::Result<String>;
}

/// Variables from a function for the environment, and from files relative to a folder.
pub struct FileVariables<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    folder: PathBuf,
}

impl<'a> FileVariables<'a> {
    /// For the configuration `file_name`: files are looked up beside it.
    pub fn beside(file_name: &str, environment: &'a dyn Fn(&str) -> Option<String>) -> Self {
        let folder = Path::new(file_name).parent().unwrap_or(Path::new(""));
        Self { environment, folder: folder.to_owned() }
    }
}

impl Variables for FileVariables<'_> {
    fn environment(&self, name: &str) -> Option<String> {
        (self.environment)(name)
    }

    fn file(&self, path: &str) -> io::Result<String> {
        let path = self.folder.join(path);
        // Checked before it is opened: opening a pipe would wait for its other end.
        if !std::fs::metadata(&path)?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let mut text = String::new();
        std::fs::File::open(&path)?.take(MAXIMUM_FILE_LENGTH + 1).read_to_string(&mut text)?;
        if text.len() as u64 > MAXIMUM_FILE_LENGTH {
            return Err(io::Error::other("it is larger than 64 KiB"));
        }
        let length = text.trim_end_matches(['\r', '\n']).len();
        text.truncate(length);
        Ok(text)
    }
}

/// A string that may hold secrets: shown, it is as it was written, with `${env:NAME}` rather than its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    value: String,
    /// What was written, if a variable was replaced in it.
    written: Option<String>,
}

impl Text {
    /// A text without secrets.
    pub fn plain(value: impl Into<String>) -> Self {
        Self { value: value.into(), written: None }
    }

    /// The value with its secrets: for use, never for showing.
    pub fn reveal(&self) -> &str {
        &self.value
    }

    /// Whether a variable was replaced in it.
    pub fn is_secret(&self) -> bool {
        self.written.is_some()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.written.as_ref().unwrap_or(&self.value))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.written.as_ref().unwrap_or(&self.value), f)
    }
}

impl Context<'_> {
    /// The text of a scalar with its variables replaced.
    pub(super) fn substitute(&self, node: &Node, scalar: &Scalar) -> Option<Spanned<Text>> {
        let text = &scalar.text;
        if !text.contains("${") {
            return Some(Spanned::new(Text::plain(text), node.span));
        }
        let mut value = String::with_capacity(text.len());
        let mut secret = false;
        let mut failed = false;
        let mut at = 0;
        while let Some(dollar) = text[at..].find("${").map(|offset| at + offset) {
            if text[at..dollar].ends_with('$') {
                // `$${` is a dollar and a brace.
                value.push_str(&text[at..dollar]);
                value.push('{');
                at = dollar + 2;
                continue;
            }
            value.push_str(&text[at..dollar]);
            let end = text[dollar..].find('}').map(|offset| dollar + offset + 1);
            let span = locate(&self.file, node.span, scalar.style, text, dollar..end.unwrap_or(text.len()));
            let Some(end) = end else {
                self.report(Diagnostic::error(span, "a variable without its closing brace"));
                return None;
            };
            if let Some(replacement) = self.variable(&text[dollar + 2..end - 1], span) {
                value.push_str(&replacement);
                secret = true;
            } else {
                failed = true;
            }
            at = end;
        }
        value.push_str(&text[at..]);
        let written = secret.then(|| text.clone());
        (!failed).then_some(Spanned::new(Text { value, written }, node.span))
    }

    fn variable(&self, reference: &str, span: Span) -> Option<String> {
        if let Some(name) = reference.strip_prefix("env:") {
            let value = self.variables.environment(name);
            if value.is_none() {
                let error = Diagnostic::error(span, format!("the environment variable {name:?} is not set"))
                    .hint(format!("set it where millstream starts: `{name}=… millstream …`"));
                self.report(error);
            }
            return value;
        }
        if let Some(path) = reference.strip_prefix("file:") {
            return match self.variables.file(path) {
                Ok(value) => Some(value),
                Err(error) => {
                    let message = format!("cannot read the file {path:?} of a variable: {error}");
                    let hint = "a relative path begins at the folder of this file";
                    self.report(Diagnostic::error(span, message).hint(hint));
                    None
                }
            };
        }
        let error = Diagnostic::error(span, format!("unknown variable \"${{{reference}}}\""))
            .hint("write ${env:NAME} or ${file:PATH}; for the characters themselves write $${");
        self.report(error);
        None
    }

    /// Refuses variables where their value would become visible or change the meaning of the file.
    pub(super) fn refuse_variables(&self, node: &Node, scalar: &Scalar, what: &str) -> Option<()> {
        let start = ["${env:", "${file:"].iter().find_map(|start| scalar.text.find(start))?;
        let end = scalar.text[start..].find('}').map_or(scalar.text.len(), |end| start + end + 1);
        let span = locate(&self.file, node.span, scalar.style, &scalar.text, start..end);
        self.report(Diagnostic::error(span, format!("variables are not replaced in {what}")));
        Some(())
    }
}
