//! Accounted memory: rows on their way hold a reservation, and sources wait when the limit is reached (S-3).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// The memory that rows on their way may hold.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: Option<usize>,
    used: Mutex<usize>,
    peak: AtomicUsize,
    released: Notify,
}

/// A part of the budget, given back on drop.
#[derive(Debug)]
pub struct Reservation {
    budget: Budget,
    bytes: usize,
}

impl Budget {
    /// A budget of `limit` bytes, or an unlimited one.
    pub fn new(limit: Option<usize>) -> Self {
        Self(Arc::new(Shared {
            limit,
            used: Mutex::new(0),
            peak: AtomicUsize::new(0),
            released: Notify::new(),
        }))
    }

    /// Waits until `bytes` fit. A single reservation above the limit is let in when it is alone.
    pub async fn reserve(&self, bytes: usize) -> Reservation {
        loop {
            let released = self.0.released.notified();
            {
                let mut used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
                if *used == 0 || self.0.limit.is_none_or(|limit| *used + bytes <= limit) {
                    *used += bytes;
                    self.0.peak.fetch_max(*used, Ordering::Relaxed);
                    // Several producers may wait, and what is left may fit another one.
                    self.0.released.notify_one();
                    return Reservation { budget: self.clone(), bytes };
                }
            }
            released.await;
        }
    }

    /// Takes `bytes` at once, beyond the limit if need be: for those who must not wait, because others wait for them.
    /// Who waits with [`Budget::reserve`] waits until it is paid back.
    pub fn take(&self, bytes: usize) -> Reservation {
        let mut used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
        *used += bytes;
        self.0.peak.fetch_max(*used, Ordering::Relaxed);
        Reservation { budget: self.clone(), bytes }
    }

    /// The most bytes that were ever reserved.
    pub fn peak(&self) -> usize {
        self.0.peak.load(Ordering::Relaxed)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        *self.budget.0.used.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.budget.0.released.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reservations_wait_for_each_other() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let budget = Budget::new(Some(100));
            let large = budget.reserve(1000).await;
            let mut waiting = Box::pin(budget.reserve(60));
            assert!(futures::poll!(waiting.as_mut()).is_pending());
            drop(large);
            let first = waiting.await;
            let mut second = Box::pin(budget.reserve(60));
            assert!(futures::poll!(second.as_mut()).is_pending());
            drop(first);
            drop(second.await);
            let beyond = budget.take(1500);
            let mut third = Box::pin(budget.reserve(1));
            assert!(futures::poll!(third.as_mut()).is_pending());
            drop(beyond);
            third.await;
            assert_eq!(budget.peak(), 1500);
        });
    }
}
