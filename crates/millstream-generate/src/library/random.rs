//! Python's `random` module as pure functions of (key, row).

use std::sync::Arc;

use millstream_core::Key;
use millstream_expr::{CallError, CallSite, Function};

use super::arguments::wrong;
use super::choice::{choice, choices};
use super::sample::sample;
use super::{integers, laws};

/// The functions of this module.
pub(crate) const NAMES: [&str; 21] = [
    "random.betavariate",
    "random.choice",
    "random.choices",
    "random.expovariate",
    "random.gammavariate",
    "random.gauss",
    "random.getrandbits",
    "random.lognormvariate",
    "random.normalvariate",
    "random.paretovariate",
    "random.randint",
    "random.random",
    "random.randrange",
    "random.sample",
    "random.seed",
    "random.shuffle",
    "random.triangular",
    "random.uniform",
    "random.vonmisesvariate",
    "random.weibullvariate",
    "random.randbytes",
];

/// The function for a call of `random.x`; `Ok(None)` if there is none of that name.
pub(crate) fn resolve(call: &CallSite<'_>, key: Key) -> Result<Option<Arc<dyn Function>>, CallError> {
    let refuse = |message: &str, hint: &str| Err(wrong(None, message, Some(hint.to_owned())));
    Ok(Some(match call.path {
        "random.randint" | "random.randrange" | "random.getrandbits" => integers::resolve(call, key)?,
        "random.choice" => choice(call, key)?,
        "random.choices" => choices(call, key)?,
        "random.sample" => sample(call, key)?,
        "random.seed" => {
            return refuse(
                "`random.seed` would make rows depend on each other",
                "the seed of all columns is `seed` under `config`",
            );
        }
        "random.shuffle" => {
            return refuse(
                "`random.shuffle` changes a list in place and gives nothing",
                "write `random.sample(items, len(items))`, which gives the items in a random order",
            );
        }
        "random.randbytes" => {
            return refuse("bytes are not supported", "write `random.getrandbits(n)` for a number of n bits");
        }
        _ => return laws::resolve(call, key),
    }))
}

#[cfg(test)]
mod tests;
