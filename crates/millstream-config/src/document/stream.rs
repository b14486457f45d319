//! `sources`, `streams`, `sinks`: the nodes of the graph and their names; and `pipeline`, the graph of one path.

use super::names::{check_stream_name, refuse_repetitions};
use super::operator::{self, OPERATORS, Operator, is_operator};
use super::sink::{self, SinkConnector};
use super::source::{self, SourceConnector};
use crate::decode::{Context, Map, Spanned, list, suggestion};
use crate::diagnostics::Diagnostic;
use crate::source_file::Span;
use crate::yaml::{Kind, Node};

/// A stream that is read.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name.
    pub name: Spanned<String>,
    /// Where its rows come from.
    pub connector: SourceConnector,
}

/// A stream that is derived.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Its name.
    pub name: Spanned<String>,
    /// The streams it is derived from.
    pub from: Vec<Spanned<String>>,
    /// What it does with them.
    pub operator: Spanned<Operator>,
}

/// Where streams end.
#[derive(Debug, Clone)]
pub struct Sink {
    /// Its name.
    pub name: Spanned<String>,
    /// The streams it takes, at least one.
    pub from: Vec<Spanned<String>>,
    /// Where their rows go.
    pub connector: SinkConnector,
}

/// A graph of one path.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// All of it.
    pub span: Span,
    /// Where rows come from.
    pub source: SourceConnector,
    /// What is done with them, in order.
    pub transforms: Vec<Spanned<Operator>>,
    /// Where they go.
    pub sink: SinkConnector,
}

/// The names and definitions of a section.
fn named<'a>(context: &Context<'_>, node: &'a Node, what: &str) -> Vec<(Spanned<String>, &'a Node)> {
    if let Kind::Sequence(_) = node.kind {
        let hint = format!("begin {what} with its name: `some_name: {{…}}`");
        context.wrong::<()>(node, "a mapping", Some(hint));
        return Vec::new();
    }
    context
        .entries(node)
        .iter()
        .filter_map(|(key, value)| {
            let name = context.name(key, "a name")?;
            check_stream_name(context, &name, what).then_some((name, value))
        })
        .collect()
}

pub(super) fn sources(context: &Context<'_>, node: &Node) -> Vec<Source> {
    named(context, node, "a source")
        .into_iter()
        .filter_map(|(name, node)| {
            let what = format!("the source {:?}", name.value);
            let connector = source::connector(context, at(node, &name).as_ref(), &what)?;
            Some(Source { name, connector })
        })
        .collect()
}

pub(super) fn sinks(context: &Context<'_>, node: &Node) -> Vec<Sink> {
    named(context, node, "a sink")
        .into_iter()
        .filter_map(|(name, node)| {
            let what = format!("the sink {:?}", name.value);
            let decoded = sink::connector(context, at(node, &name).as_ref(), &what, sink::From::Required)?;
            Some(Sink { name, from: decoded.from, connector: decoded.connector })
        })
        .collect()
}

/// A definition that is left out has the place of its name.
fn at<'a>(node: &'a Node, name: &Spanned<String>) -> std::borrow::Cow<'a, Node> {
    if node.is_null() {
        std::borrow::Cow::Owned(Node { span: name.span, kind: node.kind.clone() })
    } else {
        std::borrow::Cow::Borrowed(node)
    }
}

/// The names of `from`: one or a list.
pub(super) fn from_names(context: &Context<'_>, node: &Node) -> Vec<Spanned<String>> {
    let items = node.one_or_more();
    if items.is_empty() {
        context.report(Diagnostic::error(node.span, "no stream is named here"));
    }
    let names: Vec<_> = items.iter().filter_map(|item| context.name(item, "the name of a stream")).collect();
    refuse_repetitions(context, &names, "the stream");
    context.refer(&names);
    names
}

pub(super) fn streams(context: &Context<'_>, node: &Node) -> Vec<Stream> {
    named(context, node, "a stream")
        .into_iter()
        .filter_map(|(name, node)| stream(context, name, node))
        .collect()
}

fn stream(context: &Context<'_>, name: Spanned<String>, node: &Node) -> Option<Stream> {
    let what = format!("the stream {:?}", name.value);
    let node = at(node, &name);
    let mut map = Map::new(context, &node, &what);
    let from = map.required("from").map(|node| from_names(context, node));
    map.not_yet(&["late", "time"]);
    let operators: Vec<&(Node, Node)> = map.others().filter(|(key, _)| is_operator(key.key())).collect();
    let operator = match operators.as_slice() {
        [(key, settings)] => operator::decode(context, key, settings),
        [] => {
            no_operator(&map, &name);
            None
        }
        several => {
            let names: Vec<String> = several.iter().map(|(key, _)| format!("`{}`", key.key())).collect();
            let message = format!("{what} has {} operators: {}", names.len(), list(&names, "and"));
            let mut error = Diagnostic::error(several[1].0.span, message)
                .hint("a stream has exactly one: derive a second stream for the other");
            error = error.related(several[0].0.span, "the first one");
            context.report(error);
            None
        }
    };
    for key in OPERATORS {
        map.entry(key);
    }
    // Operators that are still to come have been reported as such.
    for (key, _) in map.others().filter(|(key, _)| !is_operator(key.key())) {
        let key_name = key.key();
        let error = if ["late", "time"].contains(&key_name) {
            Diagnostic::error(key.span, format!("{key_name:?} in {what} is not supported yet"))
                .hint("remove it")
        } else {
            let words = OPERATORS.iter().copied().chain(["from"]);
            Diagnostic::error(key.span, format!("unknown key {key_name:?} in {what}"))
                .note(format!("allowed keys: from, and one operator of {}", list(&OPERATORS, "or")))
                .hint_if(suggestion(key_name, words).map(|word| format!("did you mean {word:?}?")))
        };
        context.report(error);
    }
    let (from, operator) = (from?, operator?);
    if let Some(second) = from.get(1) {
        let message =
            format!("`{}` derives from one stream, and this is a second one", operator.value.name());
        let error = Diagnostic::error(second.span, message)
            .hint("`union`, which merges streams, is not supported yet; a sink may take several streams");
        context.report(error);
    }
    Some(Stream { name, from, operator })
}

/// An unknown key is probably the operator, and is reported as such elsewhere.
fn no_operator(map: &Map<'_>, name: &Spanned<String>) {
    let only_known = map.others().all(|(key, _)| ["late", "time"].contains(&key.key()));
    if only_known {
        let message = format!("the stream {:?} has no operator", name.value);
        let error = Diagnostic::error(name.span, message)
            .note(format!("operators: {}", list(&OPERATORS, "and")))
            .hint(
                "add one, for example `filter: amount > 10`; a sink can also read the other stream directly",
            );
        map.context.report(error);
    }
}

pub(super) fn pipeline(context: &Context<'_>, node: &Node) -> Option<Pipeline> {
    let mut map = Map::new(context, node, "the pipeline");
    let source = map.required("source").and_then(|node| source::connector(context, node, "the source"));
    let transforms: Vec<_> = map
        .entry("transforms")
        .map_or(&[] as &[Node], |(_, node)| context.sequence(node))
        .iter()
        .map(|item| operator::transform(context, item))
        .collect();
    let sink = map
        .required("sink")
        .and_then(|node| sink::connector(context, node, "the sink of a pipeline", sink::From::Absent));
    map.finish();
    Some(Pipeline {
        span: node.span,
        source: source?,
        transforms: transforms.into_iter().collect::<Option<_>>()?,
        sink: sink?.connector,
    })
}
