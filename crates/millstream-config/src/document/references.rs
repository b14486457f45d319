//! Names lead somewhere, only one way, and never in a circle.

use std::collections::{HashMap, HashSet};

use super::{Document, SourceKind};
use crate::decode::{Context, Spanned, suggestion};
use crate::diagnostics::Diagnostic;
use crate::source_file::Span;
use crate::yaml::Node;

/// How many names are listed for one that is not among them.
const LISTED: usize = 12;

pub(super) fn check(context: &Context<'_>, document: &Document, root: &Node) {
    let names = declared(context, document);
    let broken = broken_names(root);
    let references = context.references();
    for reference in &references {
        if !names.contains_key(&*reference.value) && !broken.contains(&*reference.value) {
            unknown(context, document, &names, reference);
        }
    }
    cycles(context, document);
    refuse_delta(context, document);
    if context.has_errors() {
        return;
    }
    let mut read: HashSet<&str> = references.iter().map(|reference| &*reference.value).collect();
    read.extend(document.adopted().iter().map(|source| &*source.name.value));
    let sources = document.sources.iter().map(|source| (&source.name, "the source"));
    let streams = document.streams.iter().map(|stream| (&stream.name, "the stream"));
    for (name, what) in sources.chain(streams) {
        if !read.contains(&*name.value) {
            let warning = Diagnostic::warning(name.span, format!("nothing reads {what} {:?}", name.value))
                .hint("add a sink with `from`, or remove it");
            context.report(warning);
        }
    }
}

/// A Delta table has no stream: it can only be a parent of generated tables.
fn refuse_delta(context: &Context<'_>, document: &Document) {
    let hint = "it can be a parent of generated tables: `foreign_key(\"name\", \"column\")`";
    let is_delta = |kind: &SourceKind| matches!(kind, SourceKind::Delta(_));
    if let Some(pipeline) =
        document.pipeline.as_ref().filter(|pipeline| is_delta(&pipeline.source.kind.value))
    {
        let message = "rows of a Delta table cannot be read as a stream yet";
        context.report(Diagnostic::error(pipeline.source.kind.span, message).hint(hint));
    }
    let streams = document.streams.iter().flat_map(|stream| &stream.from);
    let readers = streams.chain(document.sinks.iter().flat_map(|sink| &sink.from));
    for reader in readers {
        let source = document.sources.iter().find(|source| source.name.value == reader.value);
        if let Some(source) = source.filter(|source| is_delta(&source.connector.kind.value)) {
            let message =
                format!("rows of the Delta table {:?} cannot be read as a stream yet", reader.value);
            let error = Diagnostic::error(reader.span, message)
                .related(source.connector.kind.span, "a Delta table")
                .hint(hint);
            context.report(error);
        }
    }
}

/// The tables, sources and streams by name; they share one space of names.
fn declared<'a>(context: &Context<'_>, document: &'a Document) -> HashMap<&'a str, Span> {
    let tables = document.tables.iter().map(|table| ("table", &table.name));
    let sources = document.sources.iter().map(|source| ("source", &source.name));
    let streams = document.streams.iter().map(|stream| ("stream", &stream.name));
    let mut names: HashMap<&str, (&str, Span)> = HashMap::new();
    for (kind, name) in tables.chain(sources).chain(streams) {
        if let Some((first_kind, first)) = names.get(&*name.value) {
            let message = format!("the name {:?} is given twice", name.value);
            let error = Diagnostic::error(name.span, message)
                .label(format!("a {kind}"))
                .related(*first, format!("a {first_kind}"))
                .note("tables, sources and streams share one space of names");
            context.report(error);
        } else {
            names.insert(&name.value, (kind, name.span));
        }
    }
    names.into_iter().map(|(name, (_, span))| (name, span)).collect()
}

/// Names that stand in the file, whether or not what they name could be decoded: a reference to a broken stream is
/// no second error.
fn broken_names(root: &Node) -> HashSet<&str> {
    let mut names = HashSet::new();
    let crate::yaml::Kind::Mapping(sections) = &root.kind else {
        return names;
    };
    for (key, section) in sections {
        match (&section.kind, key.key()) {
            (crate::yaml::Kind::Mapping(entries), "sources" | "streams") => {
                names.extend(entries.iter().map(|(name, _)| name.key()));
            }
            (crate::yaml::Kind::Sequence(tables), "tables") => {
                for table in tables {
                    if let crate::yaml::Kind::Mapping(entries) = &table.kind {
                        let name = entries.iter().find(|(key, _)| key.key() == "table_name");
                        names.extend(name.map(|(_, name)| name.key()));
                    }
                }
            }
            _ => {}
        }
    }
    names
}

fn unknown(
    context: &Context<'_>,
    document: &Document,
    names: &HashMap<&str, Span>,
    reference: &Spanned<String>,
) {
    let name = &*reference.value;
    let message = format!("there is no table, source or stream {name:?}");
    let mut error = Diagnostic::error(reference.span, message);
    // Sorted, since a map's own order differs between runs.
    let mut known: Vec<&str> = names.keys().copied().collect();
    known.sort_unstable();
    if let Some(sink) = document.sinks.iter().find(|sink| sink.name.value == name) {
        error = error
            .related(sink.name.span, "this is a sink")
            .hint("rows end in a sink: read the stream that it takes");
    } else if let Some(word) = suggestion(name, known.iter().copied()) {
        error = error.hint(format!("did you mean {word:?}?"));
    } else if !known.is_empty() {
        let more = if known.len() > LISTED { " …" } else { "" };
        known.truncate(LISTED);
        error = error.note(format!("there are: {}{more}", known.join(", ")));
    }
    context.report(error);
}

/// Reports each circle of derivations once.
fn cycles(context: &Context<'_>, document: &Document) {
    let index: HashMap<&str, usize> =
        document.streams.iter().enumerate().map(|(index, stream)| (&*stream.name.value, index)).collect();
    // Every stream is walked once: 0 not yet, 1 on the current path, 2 done.
    let mut state = vec![0_u8; document.streams.len()];
    for start in 0..document.streams.len() {
        // The path, and for each stream on it the next of its inputs to follow.
        let mut path: Vec<(usize, usize)> = Vec::new();
        if state[start] == 0 {
            state[start] = 1;
            path.push((start, 0));
        }
        while let Some((stream, next)) = path.last_mut() {
            let from = &document.streams[*stream].from;
            let Some(reference) = from.get(*next) else {
                state[*stream] = 2;
                path.pop();
                continue;
            };
            *next += 1;
            match index.get(&*reference.value).copied() {
                Some(input) if state[input] == 0 => {
                    state[input] = 1;
                    path.push((input, 0));
                }
                Some(input) if state[input] == 1 => {
                    let names = path.iter().map(|(stream, _)| *stream);
                    let circle: Vec<&str> = names
                        .skip_while(|stream| *stream != input)
                        .chain([input])
                        .map(|stream| &*document.streams[stream].name.value)
                        .collect();
                    let message =
                        format!("streams derive from each other in a circle: {}", circle.join(" <- "));
                    let error = Diagnostic::error(reference.span, message)
                        .hint("a stream derives from tables, sources and other streams, never from itself");
                    context.report(error);
                }
                _ => {}
            }
        }
    }
}
