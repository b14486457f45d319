//! The coordinator: decides when an epoch ends, makes its checkpoint durable, and has it committed (S-8).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use millstream_core::{Bookmark, Epoch, Error, ErrorKind, PreCommit, Result, Snapshot};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tracing::Instrument as _;

use super::RunOptions;
use super::setup::Prepared;
use super::source::SourceCommand;
use crate::checkpoint::Checkpoint;
use crate::monitor::Monitor;
use crate::retry::Attempts;

/// What tasks tell the coordinator.
pub(crate) enum Event {
    /// A source waits for an epoch to end.
    EpochWanted { source: usize },
    /// A source has ended.
    SourceEnded { source: usize },
    /// A source was here at the barrier.
    Bookmark { source: usize, bookmark: Bookmark },
    /// The next sequence numbers of a segment's streams at the barrier.
    Sequences(Vec<(String, u64)>),
    /// An operator's state at the barrier.
    Snapshot { operator: usize, snapshot: Snapshot },
    /// A sink has prepared the epoch.
    Prepared { sink: usize, token: PreCommit },
    /// A sink has committed the epoch.
    Committed { sink: usize },
}

/// The coordinator has gone: the run is being torn down.
pub(crate) fn gone<T>(_: T) -> Error {
    Error::cancelled("the run has stopped")
}

struct Coordinator {
    pipeline: String,
    monitor: Arc<Monitor>,
    options: RunOptions,
    tasks: JoinSet<Result<()>>,
    events: mpsc::UnboundedReceiver<Event>,
    source_names: Vec<String>,
    columns: BTreeMap<String, String>,
    operator_names: Vec<(usize, String)>,
    sink_names: Vec<String>,
    sources: Vec<mpsc::UnboundedSender<SourceCommand>>,
    sinks: Vec<mpsc::UnboundedSender<PreCommit>>,
    segments: usize,
    ended: Vec<bool>,
    wanted: Vec<bool>,
    dispatched: Arc<AtomicU64>,
    epoch: Epoch,
}

/// What an epoch's barrier has gathered so far.
#[derive(Default)]
struct Gathered {
    bookmarks: BTreeMap<usize, Bookmark>,
    segments: usize,
    sequences: BTreeMap<String, u64>,
    snapshots: BTreeMap<usize, Snapshot>,
    tokens: BTreeMap<usize, PreCommit>,
}

/// Runs a prepared graph to its end. Gives the time of the earlier completion if there was nothing new.
pub(crate) async fn coordinate(prepared: Prepared, options: RunOptions) -> Result<Option<i64>> {
    let Prepared { lease, previous, epoch, graph, events, dispatched, segments } = prepared;
    let mut tasks = JoinSet::new();
    let mut sources = Vec::new();
    for (task, commands) in graph.sources {
        let span = tracing::info_span!("source", name = %task.name);
        tasks.spawn(task.run().instrument(span));
        sources.push(commands);
    }
    for task in graph.operators {
        let span = tracing::info_span!("operator", name = %task.name);
        tasks.spawn(task.run().instrument(span));
    }
    for distributor in graph.distributors {
        tasks.spawn(distributor.run().in_current_span());
    }
    let mut sinks = Vec::new();
    for (task, commands) in graph.sinks {
        let span = tracing::info_span!("sink", name = %task.name);
        tasks.spawn(task.run().instrument(span));
        sinks.push(commands);
    }
    let mut coordinator = Coordinator {
        pipeline: graph.pipeline,
        monitor: graph.monitor,
        ended: vec![false; sources.len()],
        wanted: vec![false; sources.len()],
        source_names: graph.source_names,
        columns: graph.columns,
        operator_names: graph.operator_names,
        sink_names: graph.sink_names,
        options,
        tasks,
        events,
        sources,
        sinks,
        segments,
        dispatched,
        epoch,
    };
    let completed_before = previous.filter(|checkpoint| checkpoint.completed).map(|checkpoint| checkpoint.at);
    let ended = coordinator.run(completed_before).await;
    let ended = coordinator.tear_down(ended).await;
    drop(lease);
    ended
}

impl Coordinator {
    async fn run(&mut self, completed_before: Option<i64>) -> Result<Option<i64>> {
        let started = self.options.clock.elapsed();
        // What was dispatched before the barriers of the last epoch; what comes later may not be in it.
        let mut since = 0;
        loop {
            self.wait_for_reason(since).await?;
            let elapsed = self.options.clock.elapsed().saturating_sub(started);
            self.monitor.elapsed_micros.store(elapsed.as_micros() as u64, Ordering::Relaxed);
            let last = self.all_ended();
            if last
                && let Some(at) = completed_before
                && self.dispatched.load(Ordering::Relaxed) == 0
            {
                return Ok(Some(at));
            }
            let stop = self.options.stop.is_cancelled();
            since = self.dispatched.load(Ordering::Relaxed);
            self.commit_epoch(last, stop).await?;
            // A run that is stopped while its sources end is still completed: by one more epoch, the last.
            if last || (stop && !self.all_ended()) {
                return Ok(None);
            }
        }
    }

    fn all_ended(&self) -> bool {
        self.ended.iter().all(|ended| *ended)
    }

    /// Waits until an epoch should end: a source asks for it, all have ended, the run is to stop, or the interval is
    /// over and there is something to commit.
    async fn wait_for_reason(&mut self, dispatched_before: u64) -> Result<()> {
        let stop = self.options.stop.clone();
        loop {
            if self.wanted.contains(&true) || self.all_ended() || stop.is_cancelled() {
                return Ok(());
            }
            let interval = self.options.checkpoint_interval;
            let clock = self.options.clock.clone();
            let timer = async move {
                match interval {
                    Some(interval) => clock.sleep(interval).await,
                    None => std::future::pending().await,
                }
            };
            let mut timer = std::pin::pin!(timer);
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                event = self.event() => self.note(&event?),
                () = timer.as_mut() => {
                    if self.dispatched.load(Ordering::Relaxed) > dispatched_before {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::EpochWanted { source } => self.wanted[*source] = true,
            Event::SourceEnded { source } => self.ended[*source] = true,
            _ => {}
        }
    }

    /// The next event, or the error of a task that failed.
    async fn event(&mut self) -> Result<Event> {
        tokio::select! {
            biased;
            event = self.events.recv() => event.ok_or_else(|| gone(())),
            Some(ended) = self.tasks.join_next() => Err(match ended {
                Ok(Err(error)) => error,
                Ok(Ok(())) => Error::internal("a task ended before the run did"),
                Err(error) => panicked(error),
            }),
        }
    }

    async fn commit_epoch(&mut self, last: bool, stop: bool) -> Result<()> {
        let epoch = self.epoch.next();
        let at = self.options.clock.now();
        for source in &self.sources {
            source.send(SourceCommand::Barrier { epoch, last, at, stop }).map_err(gone)?;
        }
        let gathered = self.gather().await?;
        let mut checkpoint = Checkpoint::new(&self.options.fingerprint, epoch, last, at);
        checkpoint.sequences = gathered.sequences;
        checkpoint.columns.clone_from(&self.columns);
        for (index, bookmark) in &gathered.bookmarks {
            checkpoint.sources.insert(self.source_names[*index].clone(), bookmark.clone());
        }
        for (index, name) in &self.operator_names {
            if let Some(snapshot) = gathered.snapshots.get(index) {
                checkpoint.set_operator(name, snapshot);
            }
        }
        for (index, token) in &gathered.tokens {
            checkpoint.sinks.insert(self.sink_names[*index].clone(), token.clone());
        }
        let mut attempts = Attempts::new(&self.options.retry, self.options.clock.as_ref(), "state");
        while let Err(error) = checkpoint.save(self.options.state.as_ref(), &self.pipeline).await {
            attempts.again(error).await?;
            self.monitor.retried.add(1);
        }
        self.epoch = epoch;
        for (index, token) in gathered.tokens {
            self.sinks[index].send(token).map_err(gone)?;
            self.committed(index).await?;
        }
        for (index, bookmark) in gathered.bookmarks {
            // A source that has just failed shows up as a task that ended.
            let _ = self.sources[index].send(SourceCommand::Committed(bookmark));
        }
        self.monitor.epoch.store(epoch.0, Ordering::Relaxed);
        self.monitor.committed_at.store(at, Ordering::Relaxed);
        self.monitor.epochs.add(1);
        tracing::debug!(epoch = epoch.0, last, "epoch committed");
        Ok(())
    }

    /// Waits until the barrier has passed everything.
    async fn gather(&mut self) -> Result<Gathered> {
        let mut gathered = Gathered::default();
        while gathered.bookmarks.len() < self.sources.len()
            || gathered.segments < self.segments
            || gathered.snapshots.len() < self.operator_names.len()
            || gathered.tokens.len() < self.sinks.len()
        {
            match self.event().await? {
                Event::Bookmark { source, bookmark } => {
                    // What the source asked for before it came to the barrier is granted by it.
                    self.wanted[source] = false;
                    gathered.bookmarks.insert(source, bookmark);
                }
                Event::Sequences(sequences) => {
                    gathered.segments += 1;
                    gathered.sequences.extend(sequences);
                }
                Event::Snapshot { operator, snapshot } => {
                    gathered.snapshots.insert(operator, snapshot);
                }
                Event::Prepared { sink, token } => {
                    gathered.tokens.insert(sink, token);
                }
                event => self.note(&event),
            }
        }
        Ok(gathered)
    }

    async fn committed(&mut self, index: usize) -> Result<()> {
        loop {
            match self.event().await? {
                Event::Committed { sink } if sink == index => return Ok(()),
                event => self.note(&event),
            }
        }
    }

    /// Ends all tasks. Of several errors the one that came first in cause wins: a task that only noticed that another
    /// one had gone says so with a cancelled error.
    async fn tear_down(mut self, ended: Result<Option<i64>>) -> Result<Option<i64>> {
        self.sources.clear();
        self.sinks.clear();
        let mut errors = Vec::new();
        let ended = match ended {
            Ok(ended) => ended,
            Err(error) => {
                errors.push(error);
                self.tasks.abort_all();
                None
            }
        };
        while let Some(task) = self.tasks.join_next().await {
            match task {
                Ok(Ok(())) => {}
                Ok(Err(error)) => errors.push(error),
                Err(error) if error.is_cancelled() => {}
                Err(error) => errors.push(panicked(error)),
            }
        }
        let cause = errors.iter().position(|error| error.kind() != ErrorKind::Cancelled).unwrap_or(0);
        if errors.is_empty() { Ok(ended) } else { Err(errors.swap_remove(cause)) }
    }
}

fn panicked(error: JoinError) -> Error {
    Error::internal("a task ended unexpectedly").caused_by(error)
}
