//! The workers of a run: so many threads, no more. A fixed set keeps caches warm and the allocator's pages few.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use millstream_core::{Error, Result};
use tokio::sync::oneshot;

type Task = Box<dyn FnOnce() + Send>;

/// Where work for the workers is handed in; they end when the last clone is gone and the queue is empty.
#[derive(Clone)]
pub(crate) struct Workers(mpsc::Sender<Task>);

/// What a worker will have made.
pub(crate) struct Pending<T>(oneshot::Receiver<Result<T>>);

impl Workers {
    /// Starts `count` workers.
    pub(crate) fn start(count: usize) -> Result<Self> {
        let (sender, receiver) = mpsc::channel::<Task>();
        let queue = Arc::new(Mutex::new(receiver));
        for index in 0..count {
            let queue = queue.clone();
            let work = move || {
                loop {
                    // The lock is held while waiting: one worker waits for work, the others for the lock.
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(task) = next else { return };
                    task();
                }
            };
            thread::Builder::new()
                .name(format!("worker-{index}"))
                .spawn(work)
                .map_err(|error| Error::internal("a worker cannot be started").caused_by(error))?;
        }
        Ok(Self(sender))
    }

    /// Hands in work. A panic in it is an error of its result.
    pub(crate) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Pending<T> {
        let (sender, receiver) = oneshot::channel();
        let task = move || {
            let made = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
                let text = panic
                    .downcast_ref::<&str>()
                    .map(|text| (*text).to_owned())
                    .or_else(|| panic.downcast_ref::<String>().cloned());
                Err(Error::internal(format!("a worker ended unexpectedly: {}", text.unwrap_or_default())))
            });
            // Nobody waits any more when the run is being torn down.
            let _ = sender.send(made);
        };
        // The workers live as long as this sender.
        let _ = self.0.send(Box::new(task));
        Pending(receiver)
    }
}

impl<T> Pending<T> {
    /// The result.
    pub(crate) async fn result(self) -> Result<T> {
        self.0.await.unwrap_or_else(|_| Err(Error::cancelled("the run has stopped")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_by_a_fixed_set_of_threads_and_panics_are_errors() {
        let workers = Workers::start(3).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let pending: Vec<_> = (0..100)
            .map(|n| {
                workers.submit(move || {
                    assert!(n != 50, "a defect");
                    Ok((n, thread::current().name().map(str::to_owned)))
                })
            })
            .collect();
        let mut names = std::collections::BTreeSet::new();
        for (n, pending) in pending.into_iter().enumerate() {
            match runtime.block_on(pending.result()) {
                Ok((made, name)) => {
                    assert_eq!(made, n);
                    names.insert(name);
                }
                Err(error) => {
                    assert_eq!(n, 50);
                    assert!(error.to_string().contains("a defect"), "{error}");
                }
            }
        }
        assert!(names.len() <= 3, "{names:?}");
    }
}
