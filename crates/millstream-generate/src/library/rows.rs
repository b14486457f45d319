//! The library that stays with an expression: for calls whose arguments only the row knows.

use std::sync::Arc;

use millstream_core::Key;
use millstream_expr::{CallError, CallSite, Function, Library};

use super::random;
use crate::providers::{self, ProviderContext};

/// `random` and `fake`, with the substreams of one column.
#[derive(Debug)]
pub(crate) struct RowLibrary {
    /// The root of the column's random numbers.
    pub(crate) key: Key,
    pub(crate) locale: String,
    /// The run's clock, in microseconds since the Unix epoch.
    pub(crate) now: i64,
}

/// The root of the random numbers of one execution of a call. The first one of a row is that of the call itself.
pub(crate) fn key_of_call(column: Key, call: &CallSite<'_>) -> Key {
    let key = column.numbered(call.ordinal);
    if call.repetition == 0 { key } else { key.named("repetition").numbered(call.repetition) }
}

impl Library for RowLibrary {
    fn resolve(&self, call: &CallSite<'_>) -> Result<Option<Arc<dyn Function>>, CallError> {
        let key = key_of_call(self.key, call);
        match call.path {
            path if path.starts_with("random.") => random::resolve(call, key),
            path if path.starts_with("fake.") => {
                let context = ProviderContext { locale: &self.locale, now: self.now };
                providers::resolve(call, key, &context)
            }
            _ => Ok(None),
        }
    }

    fn names(&self) -> Vec<String> {
        random::NAMES.into_iter().map(str::to_owned).chain(providers::names()).collect()
    }
}
