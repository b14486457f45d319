//! How fast logical time passes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use millstream_core::Clock;

use crate::Rate;

/// How fast logical time passes. Rows do not depend on it, only when they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// So many times as fast as the clock; above zero, at most a million.
    Times(Rate),
    /// Without waiting for anything but the sinks.
    Max,
}

impl Speed {
    /// As fast as the clock.
    pub const REAL: Self = Self::Times(Rate::whole(1));
}

impl Default for Speed {
    fn default() -> Self {
        Self::REAL
    }
}

impl FromStr for Speed {
    type Err = String;

    /// Reads `60`, `0.5` or `max`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let speed: Option<Rate> = text.parse().ok();
        speed.filter(|speed| !speed.is_zero() && speed.per_minute() <= 1e6).map(Self::Times).ok_or_else(
            || format!("{text:?} is no speed: write a number up to a million, such as 60, or `max`"),
        )
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(times) => times.fmt(f),
            Self::Max => f.write_str("max"),
        }
    }
}

/// A clock by which time passes `speed` times as fast; what it shows is the time of the other one.
#[derive(Debug)]
pub(crate) struct FastClock {
    clock: Arc<dyn Clock>,
    numerator: u128,
    denominator: u128,
}

impl FastClock {
    /// `clock` itself, if the speed leaves it as it is.
    pub(crate) fn at(clock: Arc<dyn Clock>, speed: Speed) -> Arc<dyn Clock> {
        match speed {
            Speed::Times(times) if speed != Speed::REAL => {
                let (numerator, denominator) = times.fraction();
                Arc::new(Self {
                    clock,
                    numerator: u128::from(numerator),
                    denominator: u128::from(denominator),
                })
            }
            Speed::Times(_) | Speed::Max => clock,
        }
    }
}

fn nanoseconds(count: u128) -> Duration {
    Duration::from_nanos(u64::try_from(count).unwrap_or(u64::MAX))
}

impl Clock for FastClock {
    fn now(&self) -> i64 {
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        let microseconds = self.clock.elapsed().as_micros() * self.numerator / self.denominator;
        Duration::from_micros(u64::try_from(microseconds).unwrap_or(u64::MAX))
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let shorter = (duration.as_nanos() * self.denominator).div_ceil(self.numerator);
        // Whole microseconds, so that whoever wakes finds that the time has come.
        self.clock.sleep(nanoseconds(shorter.div_ceil(1_000) * 1_000))
    }
}

/// Lets others have their turn.
pub(crate) async fn pass() {
    let mut passed = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut passed, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;
    use millstream_core::SimulatedClock;

    #[test]
    fn speeds_are_read() {
        for (text, shown) in [("60", "60"), ("0.5", "0.5"), ("1e3", "1000"), ("max", "max"), ("1", "1")] {
            assert_eq!(text.parse::<Speed>().unwrap().to_string(), shown);
        }
        for text in ["0", "-1", "fast", "", "1000001", "Max"] {
            assert!(text.parse::<Speed>().is_err(), "{text}");
        }
    }

    #[test]
    fn time_passes_faster_and_slower() {
        for (speed, real, logical) in [
            ("60", 1_000_000, 60_000_000),
            ("0.5", 1_000_000, 500_000),
            ("0.3", 7, 2),
            ("1000000", 1, 1_000_000),
        ] {
            let clock = SimulatedClock::new(5);
            let fast = FastClock::at(Arc::new(clock.clone()), speed.parse().unwrap());
            clock.advance(Duration::from_micros(real));
            assert_eq!(fast.elapsed(), Duration::from_micros(logical), "{speed}");
            assert_eq!(fast.now(), 5 + real as i64);
        }
    }

    #[test]
    fn whoever_slept_finds_that_the_time_has_come() {
        for speed in ["60", "0.7", "3", "7.000000001", "999999.9"] {
            for length in [1, 999, 1_000_000, 123_456_789] {
                let clock = SimulatedClock::new(0);
                let fast = FastClock::at(Arc::new(clock.clone()), speed.parse().unwrap());
                let mut sleep = fast.sleep(Duration::from_micros(length));
                let mut context = Context::from_waker(Waker::noop());
                let mut steps = 0_u64;
                // Never more than a microsecond too long.
                let factor: f64 = speed.parse().unwrap();
                let real = (length as f64 / factor).floor() as u64;
                clock.advance(Duration::from_micros(real.saturating_sub(1)));
                while sleep.as_mut().poll(&mut context).is_pending() {
                    clock.advance(Duration::from_micros(1));
                    steps += 1;
                    assert!(steps < 4, "{speed} {length}");
                }
                assert!(fast.elapsed() >= Duration::from_micros(length), "{speed} {length}");
            }
        }
    }
}
