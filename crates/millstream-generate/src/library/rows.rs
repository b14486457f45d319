//! The library that stays with an expression: for calls whose arguments only the row knows.

use std::sync::Arc;

use millstream_core::Key;
use millstream_expr::{CallError, CallSite, Function, Library};

use super::arguments::wrong;
use super::random;
use crate::providers::{self, ProviderContext};

/// `random` and `fake`, with the substreams of one column.
#[derive(Debug)]
pub(crate) struct RowLibrary {
    /// The root of the column's random numbers.
    pub(crate) key: Key,
    pub(crate) locales: Vec<String>,
    /// Draws the locale of a row.
    pub(crate) locale_key: Key,
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
                if path.starts_with("fake.unique.") {
                    return Err(wrong(
                        None,
                        format!("the arguments of `{path}` depend on the row, so its values could repeat"),
                        Some("write constant arguments, or make it a column of its own".to_owned()),
                    ));
                }
                let context = ProviderContext {
                    locales: &self.locales,
                    locale_key: self.locale_key,
                    now: self.now,
                    rows: None,
                };
                providers::resolve(call, key, &context)
            }
            _ => Ok(None),
        }
    }

    fn names(&self) -> Vec<String> {
        random::NAMES.into_iter().map(str::to_owned).chain(providers::names()).collect()
    }
}
