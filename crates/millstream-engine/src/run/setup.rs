//! Before the first row: the lease, the checkpoint, open sinks and sources, and the wiring of tasks by edges.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::datatypes::Schema;
use millstream_core::{
    Clock, Epoch, Error, LeaseGuard, LeaseHolder, PreCommit, Progress, Result, SinkStart, StreamName,
};
use tokio::sync::mpsc;

use super::coordinator::Event;
use super::dispatch::{Dispatch, Dispatcher, Distributor};
use super::operator::{Inputs, OperatorTask};
use super::parcel::Parcel;
use super::rejection::{DeadLetter, Rejections};
use super::segment::{Buffers, Derivation, Leaf, Segment, StreamPlan};
use super::sink::SinkTask;
use super::source::{SourceCommand, SourceTask};
use super::workers::Workers;
use super::{OnError, RunOptions};
use crate::budget::Budget;
use crate::channel::{ChannelOptions, ChannelStats, Receiver, Sender, channel};
use crate::checkpoint::Checkpoint;
use crate::graph::{AnySink, AnySource, Graph, Operation, Producer};
use crate::monitor::{EdgeMonitor, Monitor};
use crate::retry::Attempts;

/// A graph whose tasks only need to be started.
pub(crate) struct Prepared {
    pub(crate) lease: Box<dyn LeaseGuard>,
    pub(crate) previous: Option<Checkpoint>,
    pub(crate) epoch: Epoch,
    pub(crate) graph: Wired,
    pub(crate) events: mpsc::UnboundedReceiver<Event>,
    pub(crate) dispatched: Arc<AtomicU64>,
    pub(crate) segments: usize,
}

/// The tasks of a graph.
pub(crate) struct Wired {
    pub(crate) pipeline: String,
    pub(crate) monitor: Arc<Monitor>,
    pub(crate) source_names: Vec<String>,
    /// The columns of each source stream, as text.
    pub(crate) columns: BTreeMap<String, String>,
    pub(crate) operator_names: Vec<(usize, String)>,
    pub(crate) sink_names: Vec<String>,
    pub(crate) sources: Vec<(SourceTask, mpsc::UnboundedSender<SourceCommand>)>,
    pub(crate) operators: Vec<OperatorTask>,
    pub(crate) distributors: Vec<Distributor>,
    pub(crate) sinks: Vec<(SinkTask, mpsc::UnboundedSender<PreCommit>)>,
}

/// Takes the lease, opens everything and wires it up.
pub(crate) async fn prepare(mut graph: Graph, options: &RunOptions) -> Result<Prepared> {
    let store = options.state.as_ref();
    let holder = LeaseHolder { process_id: std::process::id(), since: options.clock.now() };
    let lease = store.lease(&graph.pipeline, &holder).await?;
    let mut previous = if options.restart { None } else { Checkpoint::load(store, &graph.pipeline).await? };
    let resumes_from_sinks = graph.sources.iter().all(|node| matches!(node.source, AnySource::FromSinks(_)));
    if let Some(checkpoint) = &previous
        && checkpoint.fingerprint != options.fingerprint
        && !resumes_from_sinks
    {
        return Err(Error::state(format!(
            "the configuration of {} has changed since its checkpoint (epoch {}, {})",
            graph.pipeline,
            checkpoint.epoch,
            crate::time_text(checkpoint.at)
        ))
        .hint("start over with --restart, or take the change back to go on from the checkpoint"));
    }
    if let Some(checkpoint) = &previous {
        same_columns(&graph, checkpoint)?;
    }
    open_sinks(&mut graph, previous.as_ref(), options).await?;
    if options.restart {
        // Not before: a sink may refuse to start over, and then the state is still needed.
        Checkpoint::forget(store, &graph.pipeline).await?;
    }
    let progress = sink_progress(&mut graph, previous.as_ref()).await?;
    let reported = progress.iter().filter_map(|(_, told)| told.as_ref()).map(|told| told.epoch).max();
    let reported = reported.unwrap_or_default();
    let epoch = previous.as_ref().map_or(Epoch(0), |checkpoint| checkpoint.epoch).max(reported);
    open_sources(&mut graph, previous.as_ref(), &progress, options).await?;
    for node in &mut graph.derived {
        if let (Operation::Stateful(processor), Some(checkpoint)) = (&mut node.operation, &previous)
            && let Some(snapshot) = checkpoint.operator(&node.name)?
        {
            processor.restore(snapshot).map_err(|error| error.context(format!("operator {}", node.name)))?;
        }
    }
    graph.monitor.epoch.store(epoch.0, Ordering::Relaxed);
    let sequences =
        previous.as_mut().map(|checkpoint| std::mem::take(&mut checkpoint.sequences)).unwrap_or_default();
    let dispatched = Arc::new(AtomicU64::new(0));
    let (event_sender, events) = mpsc::unbounded_channel();
    let wiring = Wiring {
        options,
        monitor: graph.monitor.clone(),
        edges: Vec::new(),
        sink_inputs: graph.sinks.iter().map(|_| Vec::new()).collect(),
        operator_inputs: graph.derived.iter().map(|node| node.from.iter().map(|_| None).collect()).collect(),
        dispatched: dispatched.clone(),
        events: event_sender,
        sequences: sequences.into_iter().collect(),
        workers: Workers::start(options.parallelism.get())?,
        budget: Budget::new(options.memory_limit),
        buffers: Arc::default(),
    };
    let graph = wiring.wire(graph);
    let segments = graph.distributors.len();
    Ok(Prepared { lease, previous, epoch, graph, events, dispatched, segments })
}

/// Refuses to go on with other columns than before: they may have been inferred from another sample (S-4).
fn same_columns(graph: &Graph, checkpoint: &Checkpoint) -> Result<()> {
    for stream in graph
        .sources
        .iter()
        .filter(|node| matches!(node.source, AnySource::Plain(_)))
        .flat_map(|node| &node.streams)
    {
        let stream = &graph.streams[*stream];
        let (now, before) = (columns_text(&stream.schema), checkpoint.columns.get(&*stream.name));
        if let Some(before) = before.filter(|before| **before != now) {
            return Err(Error::state(format!(
                "the columns of {} have changed since its checkpoint: {}",
                stream.name,
                first_difference(before, &now)
            ))
            .hint("declare their types under `columns`, or start over with --restart"));
        }
    }
    Ok(())
}

/// One line per column: its name and its type.
pub(crate) fn columns_text(schema: &Schema) -> String {
    let lines: Vec<String> =
        schema.fields().iter().map(|field| format!("{}: {}", field.name(), field.data_type())).collect();
    lines.join("\n")
}

fn first_difference(before: &str, now: &str) -> String {
    let (before, now): (Vec<&str>, Vec<&str>) = (before.lines().collect(), now.lines().collect());
    let index = before.iter().zip(&now).take_while(|(before, now)| before == now).count();
    let line =
        |lines: &[&str]| lines.get(index).map_or_else(|| "nothing".to_owned(), |line| format!("`{line}`"));
    format!("{} was there, {} is now", line(&before), line(&now))
}

async fn open_sinks(graph: &mut Graph, previous: Option<&Checkpoint>, options: &RunOptions) -> Result<()> {
    for node in &mut graph.sinks {
        let resume = previous.and_then(|checkpoint| {
            checkpoint.sinks.get(&node.name).map(|token| (checkpoint.epoch, token.clone()))
        });
        let start = SinkStart {
            pipeline: graph.pipeline.clone(),
            schema: node.schema.clone(),
            bounded: node.bounded,
            resume,
            replaced: node.replaced,
            restart: options.restart,
        };
        let mut attempts = Attempts::new(&options.retry, options.clock.as_ref(), &node.name);
        while let Err(error) = node.sink.sink_mut().open(start.clone()).await {
            attempts.again(error).await.map_err(|error| error.context(format!("sink {}", node.name)))?;
            graph.monitor.retried.add(1);
        }
    }
    Ok(())
}

/// What each sink that can tell says about the source streams that it is fed from, by stream. Sinks that went on from
/// a token are not asked: they have committed it, so that the checkpoint says where they are.
async fn sink_progress(
    graph: &mut Graph,
    previous: Option<&Checkpoint>,
) -> Result<Vec<(usize, Option<Progress>)>> {
    let plain: Vec<usize> = graph
        .sources
        .iter()
        .filter(|node| matches!(node.source, AnySource::Plain(_)))
        .flat_map(|node| node.streams.clone())
        .collect();
    let mut known = Vec::new();
    for node in &mut graph.sinks {
        let resumed = previous.is_some_and(|checkpoint| checkpoint.sinks.contains_key(&node.name));
        let AnySink::Reporting(sink) = &mut node.sink else { continue };
        if resumed {
            continue;
        }
        for &stream in &node.from {
            let name: StreamName = graph.streams[stream].name.clone();
            let progress = sink
                .progress(&graph.pipeline, &name)
                .await
                .map_err(|error| error.context(format!("sink {}", node.name)))?;
            let roots = &graph.streams[stream].roots;
            if let Some(told) = &progress
                && roots.iter().any(|root| plain.contains(root))
            {
                return Err(Error::state(format!(
                    "the sink {} holds rows of {} up to epoch {}, and the checkpoint that says where its source was is gone",
                    node.name, graph.pipeline, told.epoch
                ))
                .hint("bring the state back, or remove what the sink holds to write all rows again"));
            }
            known.extend(roots.iter().map(|&root| (root, progress.clone())));
        }
    }
    Ok(known)
}

async fn open_sources(
    graph: &mut Graph,
    previous: Option<&Checkpoint>,
    progress: &[(usize, Option<Progress>)],
    options: &RunOptions,
) -> Result<()> {
    for node in &mut graph.sources {
        let context = |error: Error| error.context(format!("source {}", node.name));
        let mut from = previous.and_then(|checkpoint| checkpoint.sources.get(&node.name).cloned());
        if let AnySource::FromSinks(source) = &node.source {
            let told: Vec<(StreamName, Option<Progress>)> = progress
                .iter()
                .filter(|(root, _)| node.streams.contains(root))
                .map(|(root, told)| (graph.streams[*root].name.clone(), told.clone()))
                .collect();
            if !told.is_empty() {
                from = source.merge(from, &told).map_err(context)?;
            }
        }
        let mut attempts = Attempts::new(&options.retry, options.clock.as_ref(), &node.name);
        while let Err(error) = node.source.source_mut().open(from.clone()).await {
            attempts.again(error).await.map_err(|error| error.context(format!("source {}", node.name)))?;
            graph.monitor.retried.add(1);
        }
    }
    Ok(())
}

struct Wiring<'a> {
    options: &'a RunOptions,
    monitor: Arc<Monitor>,
    edges: Vec<EdgeMonitor>,
    sink_inputs: Vec<Vec<Receiver<Parcel>>>,
    operator_inputs: Vec<Vec<Option<Receiver<Parcel>>>>,
    dispatched: Arc<AtomicU64>,
    events: mpsc::UnboundedSender<Event>,
    sequences: HashMap<String, u64>,
    workers: Workers,
    budget: Budget,
    buffers: Arc<Buffers>,
}

impl Wiring<'_> {
    fn wire(mut self, graph: Graph) -> Wired {
        let dead_letter_sink = graph.has_dead_letter.then(|| graph.sinks.len() - 1);
        let rejections = Rejections {
            pipeline: graph.pipeline.clone(),
            policy: self.options.on_error,
            monitor: self.monitor.clone(),
            dead_letter: dead_letter_sink
                .map(|sink| DeadLetter { encoder: graph.sinks[sink].sink.encoder() }),
        };
        let clock = self.options.clock.clone();
        let mut distributors = Vec::new();
        let mut source_dispatchers = Vec::new();
        for index in 0..graph.sources.len() {
            let (dispatcher, distributor) =
                self.segment(&graph, Producer::Source(index), rejections.clone(), dead_letter_sink);
            source_dispatchers.push(dispatcher);
            distributors.push(distributor);
        }
        let mut operator_dispatchers: HashMap<usize, Dispatcher> = HashMap::new();
        for (index, node) in graph.derived.iter().enumerate() {
            if matches!(node.operation, Operation::Stateful(_)) {
                let (dispatcher, distributor) =
                    self.segment(&graph, Producer::Derived(index), rejections.clone(), dead_letter_sink);
                operator_dispatchers.insert(index, dispatcher);
                distributors.push(distributor);
            }
        }
        let mut sink_dead_letter_edges = Vec::new();
        for (index, node) in graph.sinks.iter().enumerate() {
            let edge = dead_letter_sink.filter(|&sink| sink != index).map(|sink| {
                let name = format!("{} (rejected) -> {}", node.name, graph.sinks[sink].name);
                let (sender, receiver) = self.edge(name, Some(sink), graph.sinks[sink].channel.clone());
                self.sink_inputs[sink].push(receiver);
                sender
            });
            sink_dead_letter_edges.push(edge);
        }
        let operator_names = graph
            .derived
            .iter()
            .enumerate()
            .filter(|(_, node)| matches!(node.operation, Operation::Stateful(_)))
            .map(|(index, node)| (index, node.name.clone()))
            .collect();
        let columns = graph
            .sources
            .iter()
            .flat_map(|node| &node.streams)
            .map(|&id| (graph.streams[id].name.to_string(), columns_text(&graph.streams[id].schema)))
            .collect();
        let source_names = graph.sources.iter().map(|node| node.name.clone()).collect();
        let sink_names = graph.sinks.iter().map(|node| node.name.clone()).collect();
        let mut sources = Vec::new();
        for ((index, node), dispatcher) in graph.sources.into_iter().enumerate().zip(source_dispatchers) {
            let (commands, receiver) = mpsc::unbounded_channel();
            let task = SourceTask {
                index,
                monitor: self.monitor.sources[index].clone(),
                run: self.monitor.clone(),
                name: node.name,
                source: node.source,
                dispatcher,
                commands: receiver,
                events: self.events.clone(),
                dispatched: self.dispatched.clone(),
                clock: clock.clone(),
                retry: self.options.retry.clone(),
            };
            sources.push((task, commands));
        }
        let mut operators = Vec::new();
        for (index, node) in graph.derived.into_iter().enumerate() {
            let (Operation::Stateful(processor), Some(dispatcher)) =
                (node.operation, operator_dispatchers.remove(&index))
            else {
                continue;
            };
            let receivers = self.operator_inputs[index].iter_mut().filter_map(Option::take).collect();
            operators.push(OperatorTask {
                index,
                processor,
                schema: graph.streams[node.stream].schema.clone(),
                inputs: Inputs::new(receivers),
                dispatcher,
                events: self.events.clone(),
                monitor: self.monitor.operators[index].clone(),
                clock: clock.clone(),
                name: node.name,
            });
        }
        let mut sinks = Vec::new();
        for ((index, node), dead_letter_edge) in
            graph.sinks.into_iter().enumerate().zip(sink_dead_letter_edges)
        {
            let (commands, receiver) = mpsc::unbounded_channel();
            // What the dead-letter sink itself rejects has nowhere to go.
            let is_dead_letter = dead_letter_sink == Some(index);
            let rejections = if is_dead_letter {
                Rejections { policy: OnError::Fail, dead_letter: None, ..rejections.clone() }
            } else {
                rejections.clone()
            };
            let roots = node.from.iter().flat_map(|&id| &graph.streams[id].roots);
            let roots = roots.map(|&root| graph.streams[root].name.clone()).collect();
            let task = SinkTask {
                index,
                roots,
                monitor: self.monitor.sinks[index].clone(),
                run: self.monitor.clone(),
                name: node.name,
                sink: node.sink,
                inputs: Inputs::new(std::mem::take(&mut self.sink_inputs[index])),
                commands: receiver,
                events: self.events.clone(),
                clock: clock.clone(),
                retry: self.options.retry.clone(),
                buffers: self.buffers.clone(),
                rejections,
                dead_letter_edge,
            };
            sinks.push((task, commands));
        }
        // A graph runs once, so nobody can have set the edges before.
        let _ = self.monitor.edges.set(self.edges);
        Wired {
            pipeline: graph.pipeline,
            monitor: self.monitor,
            source_names,
            columns,
            operator_names,
            sink_names,
            sources,
            operators,
            distributors,
            sinks,
        }
    }

    fn edge(
        &mut self,
        name: String,
        sink: Option<usize>,
        options: ChannelOptions,
    ) -> (Sender<Parcel>, Receiver<Parcel>) {
        let stats = Arc::new(ChannelStats::default());
        self.edges.push(EdgeMonitor {
            name: name.clone(),
            sink,
            policy: options.policy.name(),
            stats: stats.clone(),
        });
        let clock: Arc<dyn Clock> = self.options.clock.clone();
        channel(name, options, clock, stats, self.monitor.paused.clone())
    }

    /// Everything stateless below a producer, and the edges at its end.
    fn segment(
        &mut self,
        graph: &Graph,
        producer: Producer,
        rejections: Rejections,
        dead_letter_sink: Option<usize>,
    ) -> (Dispatcher, Distributor) {
        let members: Vec<usize> =
            (0..graph.streams.len()).filter(|&id| graph.streams[id].producer == producer).collect();
        let place = |id: usize| members.iter().position(|&member| member == id).unwrap_or_default();
        let mut edges: Vec<Sender<Parcel>> = Vec::new();
        let mut sink_edges: HashMap<usize, usize> = HashMap::new();
        let mut streams = Vec::new();
        for &id in &members {
            let mut leaves = Vec::new();
            for (sink, node) in graph.sinks.iter().enumerate() {
                if !node.from.contains(&id) {
                    continue;
                }
                let edge = *sink_edges.entry(sink).or_insert_with(|| {
                    let name = format!("{} -> {}", graph.streams[id].name, node.name);
                    let (sender, receiver) = self.edge(name, Some(sink), node.channel.clone());
                    self.sink_inputs[sink].push(receiver);
                    edges.push(sender);
                    edges.len() - 1
                });
                let monitor = self.monitor.sinks[sink].clone();
                leaves.push(Leaf { edge, encode: node.sink.encoder().map(|encoder| (encoder, monitor)) });
            }
            let mut derived = Vec::new();
            for (index, node) in graph.derived.iter().enumerate() {
                match &node.operation {
                    Operation::Transforms(transforms) if node.from.contains(&id) => {
                        derived.push(Derivation {
                            transforms: transforms.clone(),
                            monitor: self.monitor.operators[index].clone(),
                            target: place(node.stream),
                        });
                    }
                    Operation::Transforms(_) => {}
                    Operation::Stateful(_) => {
                        for (input, _) in node.from.iter().enumerate().filter(|(_, from)| **from == id) {
                            let name = format!("{} -> {}", graph.streams[id].name, node.name);
                            let (sender, receiver) = self.edge(name, None, ChannelOptions::default());
                            self.operator_inputs[index][input] = Some(receiver);
                            edges.push(sender);
                            leaves.push(Leaf { edge: edges.len() - 1, encode: None });
                        }
                    }
                }
            }
            streams.push(StreamPlan { name: graph.streams[id].name.clone(), derived, leaves });
        }
        let (name, source, outputs) = match producer {
            Producer::Source(index) => {
                let node = &graph.sources[index];
                let outputs = node.streams.iter().map(|&id| place(id)).collect();
                (node.name.clone(), Some(self.monitor.sources[index].clone()), outputs)
            }
            Producer::Derived(index) => {
                let node = &graph.derived[index];
                (node.name.clone(), None, vec![place(node.stream)])
            }
        };
        let dead_letter_edge = dead_letter_sink.map(|sink| {
            let name = format!("{name} (rejected) -> {}", graph.sinks[sink].name);
            let (sender, receiver) = self.edge(name, Some(sink), graph.sinks[sink].channel.clone());
            self.sink_inputs[sink].push(receiver);
            edges.push(sender);
            edges.len() - 1
        });
        let sequences = members
            .iter()
            .map(|&id| self.sequences.get(&*graph.streams[id].name).copied().unwrap_or(0))
            .collect();
        let segment = Arc::new(Segment {
            producer: name,
            streams,
            outputs,
            source,
            rejections,
            clock: self.options.clock.clone(),
            buffers: self.buffers.clone(),
        });
        let dispatch = Dispatch {
            segment,
            edges,
            dead_letter_edge,
            workers: self.workers.clone(),
            budget: self.budget.clone(),
            in_flight: self.options.parallelism.get() * 2,
            sequences,
            events: self.events.clone(),
        };
        dispatch.open()
    }
}
