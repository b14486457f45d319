//! The validated graph: named sources, the streams derived from them, and the sinks where they end.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use millstream_core::{
    Delivery, Encode, EncodingSink, Error, Processor, ReportsProgress, Result, ResumesFromSinks, Sink,
    Source, StreamName, StreamSchema, Transform,
};

use crate::channel::ChannelOptions;
use crate::monitor::Monitor;

/// A source, with the capability that decides how it resumes.
pub enum AnySource {
    /// Resumes from the checkpoint.
    Plain(Box<dyn Source>),
    /// Resumes from what its sinks committed.
    FromSinks(Box<dyn ResumesFromSinks>),
}

impl AnySource {
    pub(crate) fn source(&self) -> &dyn Source {
        match self {
            Self::Plain(source) => source.as_ref(),
            Self::FromSinks(source) => source.as_ref(),
        }
    }

    pub(crate) fn source_mut(&mut self) -> &mut dyn Source {
        match self {
            Self::Plain(source) => source.as_mut(),
            Self::FromSinks(source) => source.as_mut(),
        }
    }
}

/// A sink, with the capability that decides how rows reach it.
pub enum AnySink {
    /// Takes chunks.
    Plain(Box<dyn Sink>),
    /// Takes bytes that workers encoded.
    Encoding(Box<dyn EncodingSink>),
    /// Takes chunks and knows its own progress.
    Reporting(Box<dyn ReportsProgress>),
}

impl AnySink {
    pub(crate) fn sink(&self) -> &dyn Sink {
        match self {
            Self::Plain(sink) => sink.as_ref(),
            Self::Encoding(sink) => sink.as_ref(),
            Self::Reporting(sink) => sink.as_ref(),
        }
    }

    pub(crate) fn sink_mut(&mut self) -> &mut dyn Sink {
        match self {
            Self::Plain(sink) => sink.as_mut(),
            Self::Encoding(sink) => sink.as_mut(),
            Self::Reporting(sink) => sink.as_mut(),
        }
    }

    pub(crate) fn encoder(&self) -> Option<Arc<dyn Encode>> {
        match self {
            Self::Encoding(sink) => Some(sink.encoder()),
            Self::Plain(_) | Self::Reporting(_) => None,
        }
    }
}

pub(crate) struct SourceNode {
    pub(crate) name: String,
    pub(crate) source: AnySource,
    /// The streams that it makes, as indices into [`Graph::streams`], in the source's order.
    pub(crate) streams: Vec<usize>,
}

pub(crate) enum Operation {
    /// A fused chain of stateless operators over one stream.
    Transforms(Vec<Arc<dyn Transform>>),
    /// An operator with state.
    Stateful(Box<dyn Processor>),
}

/// Who makes the chunks of a stream, before stateless operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Producer {
    Source(usize),
    Derived(usize),
}

pub(crate) struct Stream {
    pub(crate) name: StreamName,
    pub(crate) schema: SchemaRef,
    pub(crate) bounded: bool,
    /// Whether its rows come in generations.
    pub(crate) replaced: bool,
    pub(crate) origin: String,
    pub(crate) producer: Producer,
    /// The source streams that its rows come from.
    pub(crate) roots: Vec<usize>,
}

pub(crate) struct DerivedNode {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) from: Vec<usize>,
    pub(crate) stream: usize,
    pub(crate) operation: Operation,
}

pub(crate) struct SinkNode {
    pub(crate) name: String,
    pub(crate) from: Vec<usize>,
    pub(crate) sink: AnySink,
    pub(crate) channel: ChannelOptions,
    pub(crate) schema: SchemaRef,
    pub(crate) bounded: bool,
    /// Whether its rows come in generations.
    pub(crate) replaced: bool,
}

impl SinkNode {
    /// What the sink promises in its graph: no more than the edge into it.
    fn delivery(&self) -> Delivery {
        if self.channel.policy.drops() {
            return Delivery::best_effort(format!(
                "rows may be dropped (and are counted): its buffer's policy is {}",
                self.channel.policy.name()
            ));
        }
        self.sink.sink().delivery()
    }
}

/// A graph that can run once.
pub struct Graph {
    pub(crate) pipeline: String,
    pub(crate) sources: Vec<SourceNode>,
    pub(crate) derived: Vec<DerivedNode>,
    pub(crate) streams: Vec<Stream>,
    /// In commit order; the dead-letter sink is the last, if there is one.
    pub(crate) sinks: Vec<SinkNode>,
    pub(crate) has_dead_letter: bool,
    pub(crate) monitor: Arc<Monitor>,
}

impl Graph {
    /// The counters of the run to come.
    pub fn monitor(&self) -> Arc<Monitor> {
        self.monitor.clone()
    }

    /// What the graph is made of, for `explain`.
    pub fn describe(&self) -> GraphDescription {
        GraphDescription {
            streams: self
                .streams
                .iter()
                .map(|stream| StreamDescription {
                    name: stream.name.to_string(),
                    schema: stream.schema.clone(),
                    bounded: stream.bounded,
                    origin: stream.origin.clone(),
                })
                .collect(),
            sinks: self
                .sinks
                .iter()
                .map(|sink| SinkDescription {
                    name: sink.name.clone(),
                    from: sink.from.iter().map(|&stream| self.streams[stream].name.to_string()).collect(),
                    delivery: sink.delivery(),
                    channel: sink.channel.clone(),
                })
                .collect(),
        }
    }
}

/// What a graph is made of.
#[derive(Debug, Clone)]
pub struct GraphDescription {
    /// Streams, sources' first.
    pub streams: Vec<StreamDescription>,
    /// Sinks, in commit order.
    pub sinks: Vec<SinkDescription>,
}

/// A stream of a graph.
#[derive(Debug, Clone)]
pub struct StreamDescription {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub schema: SchemaRef,
    /// Whether it ends by itself.
    pub bounded: bool,
    /// Where it comes from: `source flights (inferred from 1,000 rows)`, `filter of flights`.
    pub origin: String,
}

/// A sink of a graph.
#[derive(Debug, Clone)]
pub struct SinkDescription {
    /// Its name.
    pub name: String,
    /// The streams that end there.
    pub from: Vec<String>,
    /// What it promises in this graph.
    pub delivery: Delivery,
    /// The edge into it.
    pub channel: ChannelOptions,
}

struct PendingDerived {
    name: String,
    kind: String,
    from: Vec<String>,
    schema: SchemaRef,
    operation: Operation,
}

struct PendingSink {
    name: String,
    from: Vec<String>,
    sink: AnySink,
    channel: ChannelOptions,
}

/// Collects the parts of a graph, by name and in any order.
pub struct GraphBuilder {
    pipeline: String,
    sources: Vec<(String, AnySource)>,
    derived: Vec<PendingDerived>,
    sinks: Vec<PendingSink>,
    dead_letter: Option<(AnySink, ChannelOptions)>,
}

impl GraphBuilder {
    /// An empty graph for `pipeline`.
    pub fn new(pipeline: impl Into<String>) -> Self {
        Self {
            pipeline: pipeline.into(),
            sources: Vec::new(),
            derived: Vec::new(),
            sinks: Vec::new(),
            dead_letter: None,
        }
    }

    /// Adds a source. Its streams are known by the names that the source gives them.
    pub fn source(mut self, name: impl Into<String>, source: AnySource) -> Self {
        self.sources.push((name.into(), source));
        self
    }

    /// Adds the stream `name`: `from`, through a chain of stateless operators.
    pub fn transform(
        mut self,
        name: impl Into<String>,
        from: impl Into<String>,
        transforms: Vec<Arc<dyn Transform>>,
        input: &SchemaRef,
    ) -> Self {
        let schema = transforms.last().map_or_else(|| input.clone(), |transform| transform.schema());
        let kind: Vec<&str> = transforms.iter().map(|transform| transform.name()).collect();
        self.derived.push(PendingDerived {
            name: name.into(),
            kind: kind.join(", "),
            from: vec![from.into()],
            schema,
            operation: Operation::Transforms(transforms),
        });
        self
    }

    /// Adds the stream `name`: what an operator with state makes of its inputs.
    pub fn operator(
        mut self,
        name: impl Into<String>,
        kind: impl Into<String>,
        from: Vec<String>,
        processor: Box<dyn Processor>,
        schema: SchemaRef,
    ) -> Self {
        self.derived.push(PendingDerived {
            name: name.into(),
            kind: kind.into(),
            from,
            schema,
            operation: Operation::Stateful(processor),
        });
        self
    }

    /// Adds a sink for one or more streams of one schema.
    pub fn sink(
        mut self,
        name: impl Into<String>,
        from: Vec<String>,
        sink: AnySink,
        channel: ChannelOptions,
    ) -> Self {
        self.sinks.push(PendingSink { name: name.into(), from, sink, channel });
        self
    }

    /// Sets the sink for rows that could not pass.
    pub fn dead_letter(mut self, sink: AnySink, channel: ChannelOptions) -> Self {
        self.dead_letter = Some((sink, channel));
        self
    }

    /// Checks that everything fits together.
    pub fn build(self) -> Result<Graph> {
        let mut streams: Vec<Stream> = Vec::new();
        let mut by_name: HashMap<String, usize> = HashMap::new();
        let mut sources = Vec::new();
        for (index, (name, source)) in self.sources.into_iter().enumerate() {
            let mut ids = Vec::new();
            for StreamSchema { name: stream, schema, bounded, replaced, origin } in source.source().streams()
            {
                let id = streams.len();
                if by_name.insert(stream.to_string(), id).is_some() {
                    return Err(Error::config(format!("two streams are called {stream}")));
                }
                ids.push(id);
                streams.push(Stream {
                    name: stream,
                    schema,
                    bounded,
                    replaced,
                    origin: format!("source {name} ({origin})"),
                    producer: Producer::Source(index),
                    roots: vec![id],
                });
            }
            sources.push(SourceNode { name, source, streams: ids });
        }
        let mut derived: Vec<DerivedNode> = Vec::new();
        let mut pending = self.derived;
        while !pending.is_empty() {
            let ready =
                pending.iter().position(|node| node.from.iter().all(|name| by_name.contains_key(name)));
            let Some(ready) = ready else {
                return Err(unresolved(&pending, &by_name));
            };
            let node = pending.remove(ready);
            let from: Vec<usize> = node.from.iter().filter_map(|name| by_name.get(name).copied()).collect();
            let id = streams.len();
            if by_name.insert(node.name.clone(), id).is_some() {
                return Err(Error::config(format!("two streams are called {}", node.name)));
            }
            if let Some(&stream) = from.iter().find(|&&stream| streams[stream].replaced)
                && matches!(node.operation, Operation::Stateful(_))
            {
                return Err(Error::config(format!(
                    "{} remembers rows of {}, which come anew with each generation",
                    node.name, streams[stream].name
                ))
                .hint("operators with state need a stream that is appended to"));
            }
            let producer = match &node.operation {
                Operation::Transforms(_) => streams[from[0]].producer,
                Operation::Stateful(_) => Producer::Derived(derived.len()),
            };
            let mut roots: Vec<usize> =
                from.iter().flat_map(|&stream| streams[stream].roots.clone()).collect();
            roots.sort_unstable();
            roots.dedup();
            streams.push(Stream {
                name: node.name.as_str().into(),
                schema: node.schema,
                bounded: from.iter().all(|&stream| streams[stream].bounded),
                replaced: from.iter().any(|&stream| streams[stream].replaced),
                origin: format!("{} of {}", node.kind, node.from.join(", ")),
                producer,
                roots,
            });
            derived.push(DerivedNode {
                name: node.name,
                kind: node.kind,
                from,
                stream: id,
                operation: node.operation,
            });
        }
        let mut sinks = Vec::new();
        for PendingSink { name, from, sink, channel } in self.sinks {
            let ids: Vec<usize> = from
                .iter()
                .map(|stream| {
                    by_name.get(stream).copied().ok_or_else(|| {
                        Error::config(format!(
                            "the sink {name} reads the stream {stream}, which does not exist"
                        ))
                    })
                })
                .collect::<Result<_>>()?;
            let Some(&first) = ids.first() else {
                return Err(
                    Error::config(format!("the sink {name} reads no stream")).hint("name one with `from`")
                );
            };
            if let Some(&other) =
                ids.iter().find(|&&id| streams[id].schema.fields() != streams[first].schema.fields())
            {
                return Err(Error::config(format!(
                    "the sink {name} reads {} and {}, whose columns differ",
                    streams[first].name, streams[other].name
                ))
                .hint("give each stream a sink of its own"));
            }
            let bounded = ids.iter().all(|&id| streams[id].bounded);
            let replaced = ids.iter().any(|&id| streams[id].replaced);
            if replaced && ids.len() > 1 {
                return Err(Error::config(format!(
                    "the sink {name} would hold several streams, of which one is replaced as a whole"
                ))
                .hint("give each stream a sink of its own"));
            }
            let schema = streams[first].schema.clone();
            sinks.push(SinkNode { name, from: ids, sink, channel, schema, bounded, replaced });
        }
        if sinks.is_empty() {
            return Err(Error::config("no sink: the rows would go nowhere").hint("add one under `sinks:`"));
        }
        // Parents are committed before their children (S-63), and sources list parents first.
        sinks.sort_by_key(|sink| sink.from.iter().flat_map(|&id| &streams[id].roots).min().copied());
        let has_dead_letter = self.dead_letter.is_some();
        if let Some((sink, channel)) = self.dead_letter {
            sinks.push(SinkNode {
                name: "dead_letter".to_owned(),
                from: Vec::new(),
                sink,
                channel,
                schema: millstream_core::dead_letter_schema(),
                bounded: streams.iter().all(|stream| stream.bounded),
                replaced: false,
            });
        }
        for (index, sink) in sinks.iter().enumerate() {
            if sinks[..index].iter().any(|other| other.name == sink.name) {
                return Err(Error::config(format!("two sinks are called {}", sink.name)));
            }
        }
        let monitor = Arc::new(Monitor::new(
            &self.pipeline,
            &sources.iter().map(|source| source.name.clone()).collect::<Vec<_>>(),
            &derived.iter().map(|node| (node.name.clone(), node.kind.clone())).collect::<Vec<_>>(),
            &sinks
                .iter()
                .map(|sink| {
                    let streams = sink.from.iter().map(|&id| streams[id].name.to_string()).collect();
                    (sink.name.clone(), streams, sink.delivery())
                })
                .collect::<Vec<_>>(),
            has_dead_letter,
        ));
        Ok(Graph { pipeline: self.pipeline, sources, derived, streams, sinks, has_dead_letter, monitor })
    }
}

/// Says which name is missing, or where the derivation goes round in a circle.
fn unresolved(pending: &[PendingDerived], known: &HashMap<String, usize>) -> Error {
    let is_pending = |name: &String| pending.iter().any(|node| &node.name == name);
    for node in pending {
        if let Some(missing) = node.from.iter().find(|name| !known.contains_key(*name) && !is_pending(name)) {
            return Error::config(format!("the stream {} reads {missing}, which does not exist", node.name));
        }
    }
    let mut path: Vec<&str> = vec![&pending[0].name];
    loop {
        let current = pending.iter().find(|node| path.last() == Some(&node.name.as_str()));
        let next = current.and_then(|node| node.from.iter().find(|name| is_pending(name)));
        let Some(next) = next else {
            return Error::config("streams depend on each other in a circle");
        };
        if let Some(start) = path.iter().position(|name| name == next) {
            let circle: Vec<&str> = path[start..].iter().copied().chain([next.as_str()]).collect();
            return Error::config(format!(
                "streams depend on each other in a circle: {}",
                circle.join(" <- ")
            ))
            .hint("a stream may only be derived from streams that do not depend on it");
        }
        path.push(next);
    }
}
