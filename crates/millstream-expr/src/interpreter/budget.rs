//! What one row may use: steps, bytes, and depth (S-80).

use super::equality::DEEPEST;
use super::failure::{Failure, FailureKind, Outcome};
use super::value::{Callable, Value};

/// The steps of one row: rounds of loops, items that functions go through, calls.
const STEPS: u64 = 1_000_000;
/// The bytes that one row may make, whether it keeps them or not.
const BYTES: u64 = 64 << 20;
/// The longest text, in bytes: as in the evaluation column by column.
pub(crate) const LONGEST_TEXT: usize = 16 << 20;

/// What is left for a row.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    steps: u64,
    bytes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: STEPS, bytes: BYTES }
    }
}

impl Budget {
    #[inline]
    pub(crate) fn step(&mut self) -> Outcome<()> {
        self.steps(1)
    }

    #[inline]
    pub(crate) fn steps(&mut self, count: usize) -> Outcome<()> {
        match self.steps.checked_sub(count as u64) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(Failure::new(
                FailureKind::Budget,
                format!("the row takes more than {STEPS} steps: a loop does not end, or is too long"),
            )),
        }
    }

    #[inline]
    pub(crate) fn bytes(&mut self, count: usize) -> Outcome<()> {
        match self.bytes.checked_sub(count as u64) {
            Some(left) => {
                self.bytes = left;
                Ok(())
            }
            None => Err(Failure::new(
                FailureKind::Budget,
                format!("the row makes more than {} MiB of values", BYTES >> 20),
            )),
        }
    }

    /// Before a text of a length is made.
    pub(crate) fn text_of(&mut self, length: Option<usize>) -> Outcome<()> {
        match length.filter(|length| *length <= LONGEST_TEXT) {
            Some(length) => self.bytes(length),
            None => Err(Failure::new(FailureKind::Budget, "the text is longer than 16 MiB")),
        }
    }

    /// A text that was made.
    #[inline]
    pub(crate) fn text(&mut self, text: &str) -> Outcome<Value> {
        self.text_of(Some(text.len()))?;
        Ok(Value::Str(text.into()))
    }

    /// Before a list of a length is made.
    pub(crate) fn items(&mut self, length: Option<usize>) -> Outcome<()> {
        let Some(length) = length else { return self.steps(usize::MAX) };
        self.steps(length)?;
        self.bytes(length.saturating_mul(size_of::<Value>()))
    }

    pub(crate) fn list(&mut self, items: Vec<Value>) -> Outcome<Value> {
        self.items(Some(items.len()))?;
        self.all_shallow(&items)?;
        Ok(Value::list(items))
    }

    pub(crate) fn tuple(&mut self, items: Vec<Value>) -> Outcome<Value> {
        self.items(Some(items.len()))?;
        self.all_shallow(&items)?;
        Ok(Value::tuple(items))
    }

    fn all_shallow(&mut self, items: &[Value]) -> Outcome<()> {
        items.iter().try_for_each(|item| self.shallow(item, None))
    }

    /// Refuses an item that is nested too deep, or that holds the container that it is put into.
    #[inline]
    pub(crate) fn shallow(&mut self, item: &Value, container: Option<*const ()>) -> Outcome<()> {
        if is_container(item) { self.shallow_at(item, container, 0) } else { Ok(()) }
    }

    fn shallow_at(&mut self, item: &Value, container: Option<*const ()>, depth: usize) -> Outcome<()> {
        if depth >= DEEPEST {
            return Err(Failure::new(
                FailureKind::Budget,
                format!("the value is nested more than {DEEPEST} deep"),
            ));
        }
        if container.is_some() && container == identity(item) {
            return Err(Failure::value("a list, dict or set cannot hold itself"));
        }
        self.step()?;
        let mut inner = |items: &mut dyn Iterator<Item = &Value>| -> Outcome<()> {
            for item in items {
                if is_container(item) {
                    self.shallow_at(item, container, depth + 1)?;
                }
            }
            Ok(())
        };
        match item {
            // Borrowed for a change just now: it is the container itself, and was met above.
            Value::List(items) => match items.try_borrow() {
                Ok(items) => inner(&mut items.iter()),
                Err(_) => Ok(()),
            },
            Value::Tuple(items) => inner(&mut items.iter()),
            Value::Dict(items) => match items.try_borrow() {
                Ok(items) => inner(&mut items.iter().flat_map(|(key, value)| [key, value])),
                Err(_) => Ok(()),
            },
            Value::Set(items) => match items.try_borrow() {
                Ok(items) => inner(&mut items.iter()),
                Err(_) => Ok(()),
            },
            Value::Iterator(items) => match items.try_borrow() {
                Ok(items) => inner(&mut items.iter()),
                Err(_) => Ok(()),
            },
            Value::Callable(callable) => match &**callable {
                Callable::Method(method) => inner(&mut std::iter::once(&method.receiver)),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

fn is_container(value: &Value) -> bool {
    matches!(
        value,
        Value::List(_)
            | Value::Tuple(_)
            | Value::Dict(_)
            | Value::Set(_)
            | Value::Iterator(_)
            | Value::Callable(_)
    )
}

/// Where a value that can be changed lives.
pub(crate) fn identity(value: &Value) -> Option<*const ()> {
    use std::rc::Rc;
    match value {
        Value::List(items) | Value::Iterator(items) => Some(Rc::as_ptr(items).cast()),
        Value::Dict(items) => Some(Rc::as_ptr(items).cast()),
        Value::Set(items) => Some(Rc::as_ptr(items).cast()),
        _ => None,
    }
}
