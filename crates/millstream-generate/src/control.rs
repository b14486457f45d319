//! Changes of cadences while tables grow: asked for by anyone, taken by the source between two ticks, and durable
//! once an epoch with them is committed.

use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use serde::Deserialize;

use crate::{Cadence, Rate, Shape, UpdatePolicy};

/// What of a cadence is to change; the rest stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CadenceChange {
    /// Another rate.
    #[serde(default, deserialize_with = "given")]
    pub rows_per_minute: Option<Rate>,
    /// Pause or go on.
    #[serde(default, deserialize_with = "given")]
    pub enabled: Option<bool>,
    /// Another shape, or none.
    #[serde(default, deserialize_with = "given")]
    pub shape: Option<Option<Shape>>,
}

/// What is there, is meant: `null` too.
fn given<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Why a change is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeError {
    /// There is no such table.
    Unknown {
        /// Those that there are.
        tables: Vec<String>,
    },
    /// The table does not grow, or not in this way.
    Conflict {
        /// What is wrong.
        message: String,
        /// What to do instead.
        hint: String,
    },
    /// The new cadence makes no sense.
    Invalid {
        /// What is wrong.
        message: String,
        /// What to write instead.
        hint: String,
    },
}

/// The cadences of running tables.
#[derive(Debug)]
pub struct CadenceControl(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    tables: Vec<Controlled>,
    /// Whether it is known what was recorded: before, the file's cadences stand in.
    opened: bool,
    /// Changes that were asked for, taken by the source, and committed.
    asked: u64,
    taken: u64,
    durable: u64,
    /// Whoever waits for one of these to move.
    wakers: Vec<Waker>,
}

#[derive(Debug)]
struct Controlled {
    name: String,
    policy: UpdatePolicy,
    /// What the file says, and what holds once all changes are taken.
    declared: Cadence,
    wanted: Cadence,
    changed: bool,
}

impl Inner {
    fn wake(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

impl CadenceControl {
    pub(crate) fn new(tables: impl Iterator<Item = (String, UpdatePolicy, Cadence)>) -> Self {
        let tables = tables.map(|(name, policy, declared)| {
            let wanted = declared.clone();
            Controlled { name, policy, declared, wanted, changed: false }
        });
        let tables = tables.collect();
        Self(Mutex::new(Inner { tables, opened: false, asked: 0, taken: 0, durable: 0, wakers: Vec::new() }))
    }

    /// Resolves when the source is open, so that changes of earlier runs are known.
    pub async fn opened(&self) {
        self.until(|inner| inner.opened).await;
    }

    /// Asks for a change of a table's cadence, which must be open, from the next tick on. Gives its number, for
    /// [`CadenceControl::durable`].
    pub fn change(&self, table: &str, change: &CadenceChange) -> Result<u64, ChangeError> {
        let mut inner = self.inner();
        let Some(found) = inner.tables.iter_mut().find(|controlled| controlled.name == table) else {
            let tables = inner.tables.iter().map(|controlled| controlled.name.clone()).collect();
            return Err(ChangeError::Unknown { tables });
        };
        found.check()?;
        let mut wanted = found.wanted.clone();
        wanted.rate = change.rows_per_minute.unwrap_or(wanted.rate);
        wanted.enabled = change.enabled.unwrap_or(wanted.enabled);
        if let Some(shape) = &change.shape {
            wanted.shape.clone_from(shape);
        }
        if let Some(shape) = &wanted.shape {
            shape.check(wanted.rate).map_err(|error| ChangeError::Invalid {
                message: format!("{}: {}", error.key, error.message),
                hint: error.hint.to_owned(),
            })?;
        }
        if wanted == found.wanted {
            // Nothing to do but to wait for what was asked before.
            return Ok(inner.asked);
        }
        (found.wanted, found.changed) = (wanted, true);
        inner.asked += 1;
        inner.wake();
        Ok(inner.asked)
    }

    /// Resolves when the change of this number is committed, so that a restart keeps it.
    pub async fn durable(&self, change: u64) {
        self.until(|inner| inner.durable >= change).await;
    }

    /// The cadence of a table as it was last asked for, and whether the file says the same.
    pub fn cadence(&self, table: usize) -> Option<(Cadence, bool)> {
        let inner = self.inner();
        let table = inner.tables.get(table)?;
        Some((table.wanted.clone(), table.wanted == table.declared))
    }

    /// How a table is updated.
    pub fn policy(&self, table: usize) -> Option<UpdatePolicy> {
        self.inner().tables.get(table).map(|table| table.policy)
    }

    /// Begins with what was recorded.
    pub(crate) fn resume(&self, cadences: &[Cadence], revision: u64) {
        let mut inner = self.inner();
        for (table, cadence) in inner.tables.iter_mut().zip(cadences) {
            table.wanted.clone_from(cadence);
        }
        (inner.asked, inner.taken, inner.durable) = (revision, revision, revision);
        inner.opened = true;
        inner.wake();
    }

    /// The changes that were not taken yet, with the number of the last.
    pub(crate) fn take(&self) -> Option<(u64, Vec<(usize, Cadence)>)> {
        let mut inner = self.inner();
        if inner.taken == inner.asked {
            return None;
        }
        inner.taken = inner.asked;
        let changed = inner.tables.iter_mut().enumerate().filter_map(|(table, controlled)| {
            std::mem::take(&mut controlled.changed).then(|| (table, controlled.wanted.clone()))
        });
        let changed = changed.collect();
        Some((inner.taken, changed))
    }

    /// Everything up to this number is committed.
    pub(crate) fn set_durable(&self, revision: u64) {
        let mut inner = self.inner();
        inner.durable = inner.durable.max(revision);
        inner.wake();
    }

    /// Waits for something else, or for a change that was asked for.
    pub(crate) async fn or_change(&self, other: impl Future<Output = ()>) {
        let mut other = pin!(other);
        let mut asked = pin!(self.until(|inner| inner.asked > inner.taken));
        std::future::poll_fn(|context| match asked.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => other.as_mut().poll(context),
        })
        .await;
    }

    async fn until(&self, reached: impl Fn(&Inner) -> bool) {
        std::future::poll_fn(|context| {
            let mut inner = self.inner();
            if reached(&inner) {
                return Poll::Ready(());
            }
            if !inner.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                inner.wakers.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Controlled {
    /// Refuses what the table's update policy has no room for.
    fn check(&self) -> Result<(), ChangeError> {
        let conflict = |message: &str, hint: &str| {
            let message = format!("table `{}` {message}", self.name);
            Err(ChangeError::Conflict { message, hint: hint.to_owned() })
        };
        match self.policy {
            UpdatePolicy::Append => Ok(()),
            UpdatePolicy::Disabled => conflict(
                "is made once, and has no cadence",
                "give it `update_policy: append` in the file to let it grow",
            ),
            UpdatePolicy::Replace { .. } => conflict(
                "is replaced as a whole, and has no rate",
                "change its cycle in the file: which rows may refer to it depends on it",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Context;

    use super::*;

    fn control() -> CadenceControl {
        let cadence = Cadence::constant(Rate::whole(60));
        let replace = UpdatePolicy::Replace { every: None };
        let tables = [("a", UpdatePolicy::Append), ("b", UpdatePolicy::Disabled), ("c", replace)];
        CadenceControl::new(
            tables.into_iter().map(|(name, policy)| (name.to_owned(), policy, cadence.clone())),
        )
    }

    fn change(json: &str) -> CadenceChange {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn changes_gather_until_they_are_taken_and_then_committed() {
        let control = control();
        assert_eq!(control.take(), None);
        assert_eq!(control.change("a", &change(r#"{"rows_per_minute": 7.5}"#)), Ok(1));
        assert_eq!(control.change("a", &change(r#"{"enabled": false}"#)), Ok(2));
        let paused = Cadence { enabled: false, ..Cadence::constant("7.5".parse().unwrap()) };
        assert_eq!(control.cadence(0), Some((paused.clone(), false)));
        assert_eq!(control.take(), Some((2, vec![(0, paused)])));
        assert_eq!(control.take(), None);
        // The same again is no change.
        assert_eq!(control.change("a", &change(r#"{"rows_per_minute": "7.5"}"#)), Ok(2));
        assert_eq!(control.take(), None);

        let mut waits = pin!(control.durable(2));
        let mut context = Context::from_waker(Waker::noop());
        assert!(waits.as_mut().poll(&mut context).is_pending());
        control.set_durable(1);
        assert!(waits.as_mut().poll(&mut context).is_pending());
        control.set_durable(2);
        assert!(waits.as_mut().poll(&mut context).is_ready());

        control.change("a", &change(r#"{"rows_per_minute": 60, "enabled": true}"#)).unwrap();
        assert_eq!(control.cadence(0).map(|(_, declared)| declared), Some(true));
    }

    #[test]
    fn a_shape_is_set_and_removed() {
        let control = control();
        control.change("a", &change(r#"{"shape": {"ramp": {"to": 5, "over": "1m"}}}"#)).unwrap();
        assert!(control.cadence(0).unwrap().0.shape.is_some());
        control.change("a", &change(r#"{"enabled": true}"#)).unwrap();
        assert!(control.cadence(0).unwrap().0.shape.is_some());
        control.change("a", &change(r#"{"shape": null}"#)).unwrap();
        assert!(control.cadence(0).unwrap().0.shape.is_none());
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_changes_nothing() {
        let control = control();
        let before = control.cadence(0);
        let unknown = control.change("x", &change("{}")).unwrap_err();
        assert_eq!(unknown, ChangeError::Unknown { tables: ["a", "b", "c"].map(str::to_owned).to_vec() });
        let wave = change(r#"{"shape": {"sine": {"period": "1h", "amplitude": 61}}}"#);
        assert!(matches!(control.change("a", &wave), Err(ChangeError::Invalid { .. })));
        assert!(matches!(
            control.change("b", &change(r#"{"enabled": false}"#)),
            Err(ChangeError::Conflict { .. })
        ));
        assert!(matches!(
            control.change("c", &change(r#"{"enabled": false}"#)),
            Err(ChangeError::Conflict { .. })
        ));
        assert_eq!(control.cadence(0), before);
        for json in [r#"{"rate": 5}"#, r#"{"enabled": null}"#, r#"{"rows_per_minute": -1}"#, "5"] {
            assert!(serde_json::from_str::<CadenceChange>(json).is_err(), "{json}");
        }
    }
}
