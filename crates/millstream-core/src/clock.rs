//! Time enters only here.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The only way to know what time it is, and to wait.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Microseconds since the Unix epoch.
    fn now(&self) -> i64;
    /// Time since an arbitrary moment; never goes back.
    fn elapsed(&self) -> Duration;
    /// Resolves when `duration` has passed.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// A clock that stands still until it is told to move on.
#[derive(Debug, Clone)]
pub struct SimulatedClock(Arc<Mutex<Simulated>>);

#[derive(Debug)]
struct Simulated {
    start: i64,
    elapsed: Duration,
    next_timer: u64,
    timers: BTreeMap<(Duration, u64), Option<Waker>>,
}

impl SimulatedClock {
    /// A clock that shows `start`, in microseconds since the Unix epoch.
    pub fn new(start: i64) -> Self {
        Self(Arc::new(Mutex::new(Simulated {
            start,
            elapsed: Duration::ZERO,
            next_timer: 0,
            timers: BTreeMap::new(),
        })))
    }

    /// Moves on by `duration` and wakes every sleeper whose time has come.
    pub fn advance(&self, duration: Duration) {
        let due: Vec<Waker> = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.elapsed += duration;
            let now = state.elapsed;
            let later = state.timers.split_off(&(now, u64::MAX));
            std::mem::replace(&mut state.timers, later).into_values().flatten().collect()
        };
        due.into_iter().for_each(Waker::wake);
    }

    /// How many sleepers wait.
    pub fn sleepers(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).timers.len()
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> i64 {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.start + state.elapsed.as_micros() as i64
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (state.elapsed + duration, state.next_timer);
        state.next_timer += 1;
        state.timers.insert(key, None);
        Box::pin(Sleep { clock: self.clone(), key })
    }
}

struct Sleep {
    clock: SimulatedClock,
    key: (Duration, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.elapsed >= self.key.0 {
            return Poll::Ready(());
        }
        state.timers.insert(self.key, Some(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let mut state = self.clock.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.timers.remove(&self.key);
    }
}
