//! A bounded edge of the graph, with a backpressure policy (S-5, S-6, S-7).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use millstream_core::{Clock, Error, Result};
use tokio::sync::Notify;

/// What happens to a chunk that finds the edge full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// The producer waits.
    #[default]
    Block,
    /// The incoming chunk is dropped.
    DropNewest,
    /// The oldest buffered chunks are dropped until the incoming one fits.
    DropOldest,
    /// The edge grows without bound (subject to the run's memory limit).
    Buffer,
}

impl Policy {
    /// The word for it in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::DropNewest => "drop_newest",
            Self::DropOldest => "drop_oldest",
            Self::Buffer => "buffer",
        }
    }

    /// Whether rows may be lost on the edge.
    pub fn drops(self) -> bool {
        matches!(self, Self::DropNewest | Self::DropOldest)
    }
}

/// How an edge behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelOptions {
    /// How many rows it holds (a single larger chunk is still let in when it is empty).
    pub capacity: usize,
    /// What happens when it is full.
    pub policy: Policy,
    /// With [`Policy::Block`]: how long a producer waits before the run fails; for ever if `None`.
    pub timeout: Option<Duration>,
    /// The high-water mark in rows: at it the producer is paused, until half of it is left.
    pub threshold: usize,
}

impl Default for ChannelOptions {
    fn default() -> Self {
        Self { capacity: 8192, policy: Policy::Block, timeout: None, threshold: 8192 }
    }
}

/// What an edge carries.
pub trait Freight: Send {
    /// The rows that it counts for.
    fn rows(&self) -> usize;
    /// Whether it may never be dropped: barriers, watermarks, the end of the stream.
    fn is_control(&self) -> bool;
}

/// Counters of an edge, readable while it runs.
#[derive(Debug, Default)]
pub struct ChannelStats {
    /// Rows that producers offered.
    pub offered: AtomicU64,
    /// Rows that the consumer took.
    pub delivered: AtomicU64,
    /// Rows that the policy dropped.
    pub dropped: AtomicU64,
    /// Rows waiting now.
    pub depth: AtomicUsize,
    /// The most rows that ever waited.
    pub peak: AtomicUsize,
    /// How often the producer was paused.
    pub pauses: AtomicU64,
}

/// How many producers are paused now, over all edges of a run.
#[derive(Debug, Default, Clone)]
pub struct PausedProducers(Arc<AtomicUsize>);

impl PausedProducers {
    /// The number.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn enter(&self) -> PausedGuard<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        PausedGuard(self)
    }
}

struct PausedGuard<'a>(&'a PausedProducers);

impl Drop for PausedGuard<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Shared<T> {
    name: String,
    options: ChannelOptions,
    clock: Arc<dyn Clock>,
    queue: Mutex<Queue<T>>,
    item_added: Notify,
    space_made: Notify,
    stats: Arc<ChannelStats>,
    paused: PausedProducers,
}

struct Queue<T> {
    items: VecDeque<T>,
    rows: usize,
    above_threshold: bool,
    sender_gone: bool,
    receiver_gone: bool,
}

impl<T: Freight> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, queue: &mut Queue<T>, item: T) {
        queue.rows += item.rows();
        queue.items.push_back(item);
        if queue.rows >= self.options.threshold && !self.options.policy.drops() && !queue.above_threshold {
            queue.above_threshold = true;
            self.stats.pauses.fetch_add(1, Ordering::Relaxed);
        }
        self.stats.depth.store(queue.rows, Ordering::Relaxed);
        self.stats.peak.fetch_max(queue.rows, Ordering::Relaxed);
        self.item_added.notify_one();
    }

    fn has_room(&self, queue: &Queue<T>, rows: usize) -> bool {
        !queue.above_threshold && (queue.rows == 0 || queue.rows + rows <= self.options.capacity)
    }

    fn drop_oldest_for(&self, queue: &mut Queue<T>, rows: usize) {
        let mut index = 0;
        while queue.rows > 0 && queue.rows + rows > self.options.capacity && index < queue.items.len() {
            if queue.items[index].is_control() {
                index += 1;
            } else if let Some(victim) = queue.items.remove(index) {
                queue.rows -= victim.rows();
                self.stats.dropped.fetch_add(victim.rows() as u64, Ordering::Relaxed);
            }
        }
    }
}

/// The producer's end. One per edge.
pub struct Sender<T: Freight>(Arc<Shared<T>>);

/// The consumer's end. One per edge.
pub struct Receiver<T: Freight>(Arc<Shared<T>>);

/// An edge called `name` (`orders -> lake`).
pub fn channel<T: Freight>(
    name: impl Into<String>,
    options: ChannelOptions,
    clock: Arc<dyn Clock>,
    stats: Arc<ChannelStats>,
    paused: PausedProducers,
) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        name: name.into(),
        options,
        clock,
        queue: Mutex::new(Queue {
            items: VecDeque::new(),
            rows: 0,
            above_threshold: false,
            sender_gone: false,
            receiver_gone: false,
        }),
        item_added: Notify::new(),
        space_made: Notify::new(),
        stats,
        paused,
    });
    (Sender(shared.clone()), Receiver(shared))
}

impl<T: Freight> Sender<T> {
    /// Hands over `item` under the edge's policy. Fails when the consumer has gone, or when the wait was too long.
    pub async fn send(&self, item: T) -> Result<()> {
        let shared = &self.0;
        let rows = item.rows();
        shared.stats.offered.fetch_add(rows as u64, Ordering::Relaxed);
        let mut waiting = None;
        loop {
            let space = shared.space_made.notified();
            {
                let mut queue = shared.lock();
                if queue.receiver_gone {
                    return Err(Error::cancelled(format!("the consumer of {} has stopped", shared.name)));
                }
                let fits = item.is_control()
                    || match shared.options.policy {
                        Policy::Block => shared.has_room(&queue, rows),
                        Policy::Buffer => {
                            !queue.above_threshold || shared.options.threshold >= shared.options.capacity
                        }
                        Policy::DropNewest => {
                            if !shared.has_room(&queue, rows) {
                                shared.stats.dropped.fetch_add(rows as u64, Ordering::Relaxed);
                                return Ok(());
                            }
                            true
                        }
                        Policy::DropOldest => {
                            shared.drop_oldest_for(&mut queue, rows);
                            true
                        }
                    };
                if fits {
                    shared.push(&mut queue, item);
                    return Ok(());
                }
            }
            let (_guard, deadline) = waiting.get_or_insert_with(|| {
                (shared.paused.enter(), shared.options.timeout.map(|timeout| shared.clock.sleep(timeout)))
            });
            match deadline {
                None => space.await,
                Some(deadline) => tokio::select! {
                    () = space => {}
                    () = deadline.as_mut() => {
                        return Err(Error::sink(format!(
                            "the edge {} stayed full for longer than its timeout", shared.name
                        ))
                        .hint("raise `timeout` or `buffer_size`, or choose another backpressure policy"));
                    }
                },
            }
        }
    }
}

impl<T: Freight> Receiver<T> {
    /// The next item; `None` once the producer has gone and everything was taken. Cancel-safe.
    pub async fn receive(&mut self) -> Option<T> {
        loop {
            let added = self.0.item_added.notified();
            {
                let mut queue = self.0.lock();
                if let Some(item) = queue.items.pop_front() {
                    let rows = item.rows();
                    queue.rows -= rows;
                    if queue.above_threshold && queue.rows <= self.0.options.threshold / 2 {
                        queue.above_threshold = false;
                    }
                    self.0.stats.depth.store(queue.rows, Ordering::Relaxed);
                    self.0.stats.delivered.fetch_add(rows as u64, Ordering::Relaxed);
                    self.0.space_made.notify_one();
                    return Some(item);
                }
                if queue.sender_gone {
                    return None;
                }
            }
            added.await;
        }
    }
}

impl<T: Freight> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.lock().sender_gone = true;
        self.0.item_added.notify_one();
    }
}

impl<T: Freight> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.receiver_gone = true;
        // What nobody will take must not hold memory.
        queue.items.clear();
        drop(queue);
        self.0.space_made.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_core::SimulatedClock;
    use proptest::prelude::*;

    #[derive(Debug, Clone, PartialEq)]
    enum Item {
        Rows { first: usize, count: usize },
        Barrier(usize),
        End,
    }

    impl Freight for Item {
        fn rows(&self) -> usize {
            match self {
                Self::Rows { count, .. } => *count,
                Self::Barrier(_) | Self::End => 0,
            }
        }
        fn is_control(&self) -> bool {
            !matches!(self, Self::Rows { .. })
        }
    }

    fn edge(options: ChannelOptions) -> (Sender<Item>, Receiver<Item>, Arc<ChannelStats>, SimulatedClock) {
        let stats = Arc::new(ChannelStats::default());
        let clock = SimulatedClock::new(0);
        let (sender, receiver) =
            channel("a -> b", options, Arc::new(clock.clone()), stats.clone(), PausedProducers::default());
        (sender, receiver, stats, clock)
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    fn policies() -> impl Strategy<Value = Policy> {
        prop_oneof![
            Just(Policy::Block),
            Just(Policy::DropNewest),
            Just(Policy::DropOldest),
            Just(Policy::Buffer)
        ]
    }

    proptest! {
        #[test]
        fn rows_in_are_rows_out_plus_rows_dropped_and_control_always_arrives(
            policy in policies(),
            capacity in 1_usize..50,
            threshold in 1_usize..50,
            chunks in prop::collection::vec((0_usize..20, any::<bool>()), 0..60),
            yields in prop::collection::vec(0_usize..4, 1..10),
        ) {
            let options = ChannelOptions { capacity, policy, timeout: None, threshold: threshold.min(capacity) };
            let (sender, mut receiver, stats, _) = edge(options);
            let offered: usize = chunks.iter().map(|(count, _)| count).sum();
            let barriers = chunks.iter().filter(|(_, barrier)| *barrier).count();
            let received = runtime().block_on(async {
                let producer = async move {
                    let mut first = 0;
                    let mut barrier = 0;
                    for (count, with_barrier) in chunks {
                        sender.send(Item::Rows { first, count }).await.unwrap();
                        first += count;
                        if with_barrier {
                            sender.send(Item::Barrier(barrier)).await.unwrap();
                            barrier += 1;
                        }
                    }
                    sender.send(Item::End).await.unwrap();
                };
                let consumer = async {
                    let mut received = Vec::new();
                    let mut speed = yields.iter().cycle();
                    while let Some(item) = receiver.receive().await {
                        received.push(item);
                        for _ in 0..*speed.next().unwrap() {
                            tokio::task::yield_now().await;
                        }
                    }
                    received
                };
                tokio::join!(producer, consumer).1
            });
            let taken: usize = received.iter().map(Item::rows).sum();
            let dropped = stats.dropped.load(Ordering::Relaxed) as usize;
            prop_assert_eq!(offered, taken + dropped);
            prop_assert_eq!(offered as u64, stats.offered.load(Ordering::Relaxed));
            prop_assert_eq!(taken as u64, stats.delivered.load(Ordering::Relaxed));
            prop_assert_eq!(stats.depth.load(Ordering::Relaxed), 0);
            if !policy.drops() {
                prop_assert_eq!(dropped, 0);
            }
            let seen: Vec<usize> = received.iter().filter_map(|item| match item { Item::Barrier(n) => Some(*n), _ => None }).collect();
            prop_assert_eq!(seen, (0..barriers).collect::<Vec<_>>());
            prop_assert_eq!(received.last(), Some(&Item::End));
            let mut next = 0;
            for item in &received {
                if let Item::Rows { first, count } = item {
                    prop_assert!(*first >= next, "rows keep their order");
                    next = first + count;
                }
            }
            if matches!(policy, Policy::Block | Policy::DropNewest | Policy::DropOldest) {
                prop_assert!(stats.peak.load(Ordering::Relaxed) <= capacity.max(19));
            }
        }
    }

    #[test]
    fn a_producer_waits_at_the_threshold_until_half_is_left() {
        runtime().block_on(async {
            let options = ChannelOptions { capacity: 10, threshold: 4, ..ChannelOptions::default() };
            let (sender, mut receiver, stats, _) = edge(options);
            for first in 0..4 {
                sender.send(Item::Rows { first, count: 1 }).await.unwrap();
            }
            let mut blocked = Box::pin(sender.send(Item::Rows { first: 4, count: 1 }));
            for _ in 0..2 {
                assert!(futures::poll!(blocked.as_mut()).is_pending());
                receiver.receive().await.unwrap();
            }
            assert!(futures::poll!(blocked.as_mut()).is_ready());
            assert_eq!(stats.pauses.load(Ordering::Relaxed), 1);
        });
    }

    #[test]
    fn waiting_longer_than_the_timeout_names_the_edge() {
        runtime().block_on(async {
            let options = ChannelOptions {
                capacity: 1,
                threshold: 1,
                timeout: Some(Duration::from_secs(3)),
                policy: Policy::Block,
            };
            let (sender, _receiver, _, clock) = edge(options);
            sender.send(Item::Rows { first: 0, count: 1 }).await.unwrap();
            let mut blocked = Box::pin(sender.send(Item::Rows { first: 1, count: 1 }));
            assert!(futures::poll!(blocked.as_mut()).is_pending());
            clock.advance(Duration::from_secs(3));
            let error = blocked.await.unwrap_err();
            assert!(error.to_string().contains("a -> b"), "{error}");
        });
    }

    #[test]
    fn sending_to_nobody_fails_instead_of_waiting() {
        runtime().block_on(async {
            let (sender, receiver, _, _) =
                edge(ChannelOptions { capacity: 1, threshold: 1, ..Default::default() });
            sender.send(Item::Rows { first: 0, count: 1 }).await.unwrap();
            let mut blocked = Box::pin(sender.send(Item::Rows { first: 1, count: 1 }));
            assert!(futures::poll!(blocked.as_mut()).is_pending());
            drop(receiver);
            assert!(blocked.await.is_err());
        });
    }
}
