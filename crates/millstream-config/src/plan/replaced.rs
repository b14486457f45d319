//! Streams whose rows come in generations, and the sinks that can show them one at a time.

use std::collections::HashSet;

use millstream_core::Result;
use millstream_generate::UpdatePolicy;

use crate::diagnostics::Diagnostic;
use crate::document::{Document, SinkKind};

/// The tables that are replaced as a whole, and the streams that are made of them.
pub(super) fn streams(document: &Document) -> HashSet<&str> {
    let replaced = |policy: UpdatePolicy| matches!(policy, UpdatePolicy::Replace { .. });
    let tables = document.tables.iter().filter(|table| replaced(table.update_policy));
    let mut streams: HashSet<&str> = tables.map(|table| table.name.value.as_str()).collect();
    loop {
        let known = streams.len();
        let derived = document.streams.iter().filter(|stream| {
            let mut from = stream.from.iter();
            from.any(|from| streams.contains(from.value.as_str()))
        });
        let names: Vec<&str> = derived.map(|stream| stream.name.value.as_str()).collect();
        streams.extend(names);
        if streams.len() == known {
            return streams;
        }
    }
}

/// Refuses sinks that cannot replace what they hold.
pub(super) fn check(document: &Document) -> Result<()> {
    let replaced = streams(document);
    let mut found = document.diagnostics();
    for sink in &document.sinks {
        let Some(from) = sink.from.iter().find(|from| replaced.contains(from.value.as_str())) else {
            continue;
        };
        if let SinkKind::Stdout(_) = sink.connector.kind.value {
            let message =
                format!("standard output cannot take back the rows of `{}` when it is replaced", from.value);
            found.push(
                Diagnostic::error(sink.connector.kind.span, message)
                    .hint("write it to a Delta table or a file, or use `update_policy: append`"),
            );
        }
    }
    if found.has_errors() { Err(found.into()) } else { Ok(()) }
}
