//! Which names may be given.

use crate::decode::{Context, Spanned};
use crate::diagnostics::Diagnostic;

/// File systems limit a name to 255 bytes, and suffixes are added to these.
const MAXIMUM_LENGTH: usize = 200;

/// Whether it can be the name of a pipeline: it becomes part of keys, file names and metric labels.
pub(super) fn is_pipeline_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAXIMUM_LENGTH
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
        && !name.bytes().all(|byte| byte == b'.')
}

pub(super) fn check_pipeline_name(context: &Context<'_>, name: &Spanned<String>) -> bool {
    let good = is_pipeline_name(&name.value);
    if !good {
        let message = format!("{:?} cannot be the name of the pipeline", name.value);
        let error = Diagnostic::error(name.span, message)
            .hint("use letters, digits, `_`, `.` and `-`, at most 200 of them");
        context.report(error);
    }
    good
}

/// Checks the name of a table, source, stream or sink: it becomes the name of a file or folder, and must not be able
/// to lead out of the output folder (S-83) on any file system.
pub(super) fn check_stream_name(context: &Context<'_>, name: &Spanned<String>, what: &str) -> bool {
    let text = &name.value;
    let problem = if text.is_empty() {
        "it is empty"
    } else if text.len() > MAXIMUM_LENGTH {
        "it is longer than 200 bytes"
    } else if text.starts_with('.') {
        "it begins with a dot"
    } else if text.starts_with(' ') || text.ends_with([' ', '.']) {
        "it begins or ends with a space, or ends with a dot"
    } else if text.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']) || text.contains(char::is_control)
    {
        "it holds a character that file names cannot have everywhere"
    } else {
        return true;
    };
    let message = format!("{text:?} cannot be the name of {what}: {problem}");
    let error = Diagnostic::error(name.span, message).hint("use letters, digits, `_`, `-` and `.`");
    context.report(error);
    false
}

/// Checks the name of a column.
pub(super) fn check_column_name(context: &Context<'_>, name: &Spanned<String>) -> bool {
    let good = !name.value.trim().is_empty() && !name.value.contains(char::is_control);
    if !good {
        context
            .report(Diagnostic::error(name.span, format!("{:?} cannot be the name of a column", name.value)));
    }
    good
}

/// Reports names that are given twice, each at its second place.
pub(super) fn refuse_repetitions<'a>(
    context: &Context<'_>,
    names: impl IntoIterator<Item = &'a Spanned<String>>,
    what: &str,
) {
    let mut first = std::collections::HashMap::new();
    for name in names {
        match first.entry(&name.value) {
            std::collections::hash_map::Entry::Occupied(earlier) => {
                let message = format!("{what} {:?} is given twice", name.value);
                let earlier: crate::source_file::Span = *earlier.get();
                context.report(Diagnostic::error(name.span, message).related(earlier, "given here first"));
            }
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(name.span);
            }
        }
    }
}
