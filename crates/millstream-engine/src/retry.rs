//! Trying again what may succeed later (S-13).

use std::time::Duration;

use millstream_core::{Clock, Error, Key, Result};

/// How often and how fast to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a failed call is repeated.
    pub max_retries: u32,
    /// The wait before the first repetition; it doubles each time.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_retries: 3, first_wait: Duration::from_millis(100), longest_wait: Duration::from_secs(30) }
    }
}

/// The attempts at one call.
#[derive(Debug)]
pub struct Attempts<'a> {
    policy: &'a RetryPolicy,
    clock: &'a dyn Clock,
    jitter: Key,
    failed: u32,
}

impl<'a> Attempts<'a> {
    /// No attempt yet. `what` decides the jitter, so that two connectors do not retry in step.
    pub fn new(policy: &'a RetryPolicy, clock: &'a dyn Clock, what: &str) -> Self {
        Self { policy, clock, jitter: Key::from_seed(0).named(what), failed: 0 }
    }

    /// After a failure: waits until it is time to try again, or gives the error back if there is no point.
    pub async fn again(&mut self, error: Error) -> Result<()> {
        if !error.is_retryable() {
            return Err(error);
        }
        if self.failed >= self.policy.max_retries {
            return Err(if self.failed == 0 {
                error
            } else {
                error.context(format!("after {} retries", self.failed))
            });
        }
        let wait = self.wait(error.retry_after());
        tracing::warn!(attempt = self.failed + 1, wait_ms = wait.as_millis() as u64, %error, "retrying");
        self.failed += 1;
        self.clock.sleep(wait).await;
        Ok(())
    }

    fn wait(&self, asked: Option<Duration>) -> Duration {
        let doubled =
            self.policy.first_wait.saturating_mul(1 << self.failed.min(20)).min(self.policy.longest_wait);
        // Between half of the wait and all of it.
        let jittered = doubled.mul_f64(0.5 + self.jitter.unit(u64::from(self.failed)) / 2.0);
        asked.map_or(jittered, |asked| asked.max(jittered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_core::SimulatedClock;

    #[test]
    fn waits_grow_and_honour_the_other_side() {
        let (policy, clock) = (RetryPolicy::default(), SimulatedClock::new(0));
        let mut attempts = Attempts::new(&policy, &clock, "sink");
        let mut last = Duration::ZERO;
        for failed in 0..5 {
            attempts.failed = failed * 2;
            let wait = attempts.wait(None);
            assert!(wait > last && wait <= policy.longest_wait);
            last = wait;
        }
        assert_eq!(attempts.wait(Some(Duration::from_secs(90))), Duration::from_secs(90));
    }

    #[test]
    fn only_retryable_errors_are_retried_and_not_for_ever() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (policy, clock) =
                (RetryPolicy { max_retries: 2, ..Default::default() }, SimulatedClock::new(0));
            let mut attempts = Attempts::new(&policy, &clock, "sink");
            assert!(attempts.again(Error::sink("permission denied")).await.is_err());
            for _ in 0..2 {
                let mut again = Box::pin(attempts.again(Error::sink("timeout").retryable(None)));
                assert!(futures::poll!(again.as_mut()).is_pending());
                clock.advance(Duration::from_mins(1));
                again.await.unwrap();
            }
            let error = attempts.again(Error::sink("timeout").retryable(None)).await.unwrap_err();
            assert_eq!(error.to_string(), "after 2 retries: timeout");
        });
    }
}
