//! Dicts and sets that keep the order in which their keys came, with Python's equality of keys: `1 == 1.0 == True`.

use std::hash::{Hash, Hasher};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::equality::equal;
use super::failure::{Failure, Outcome};
use super::value::Value;

/// Up to so many keys are compared one by one.
const FEW: usize = 8;

/// A dict.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dict {
    entries: Vec<(u64, Value, Value)>,
    /// Positions in `entries`; empty while there are few.
    index: HashTable<usize>,
}

impl Dict {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Keys and values in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&Value, &Value)> {
        self.entries.iter().map(|(_, key, value)| (key, value))
    }

    pub(crate) fn get(&self, key: &Value) -> Outcome<Option<&Value>> {
        let hash = hash(key)?;
        Ok(self.position(hash, key).map(|at| &self.entries[at].2))
    }

    /// Adds a key or changes its value; a key that is there keeps its place and its first form.
    pub(crate) fn insert(&mut self, key: Value, value: Value) -> Outcome<()> {
        let hash = hash(&key)?;
        match self.position(hash, &key) {
            Some(at) => self.entries[at].2 = value,
            None => self.add(hash, key, value),
        }
        Ok(())
    }

    pub(crate) fn remove(&mut self, key: &Value) -> Outcome<Option<Value>> {
        let hash = hash(key)?;
        let Some(at) = self.position(hash, key) else { return Ok(None) };
        let (_, _, value) = self.entries.remove(at);
        self.reindex();
        Ok(Some(value))
    }

    pub(crate) fn pop_last(&mut self) -> Option<(Value, Value)> {
        let (hash, key, value) = self.entries.pop()?;
        let gone = self.entries.len();
        if let Ok(entry) = self.index.find_entry(hash, |&at| at == gone) {
            entry.remove();
        }
        Some((key, value))
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.index.clear();
    }

    fn position(&self, hash: u64, key: &Value) -> Option<usize> {
        let is_it = |at: usize| {
            let (known, other, _) = &self.entries[at];
            *known == hash && equal(other, key)
        };
        if self.index.is_empty() {
            return (0..self.entries.len()).find(|&at| is_it(at));
        }
        self.index.find(hash, |&at| is_it(at)).copied()
    }

    fn add(&mut self, hash: u64, key: Value, value: Value) {
        let at = self.entries.len();
        self.entries.push((hash, key, value));
        if !self.index.is_empty() {
            let entries = &self.entries;
            if let Entry::Vacant(place) = self.index.entry(hash, |_| false, |&at| entries[at].0) {
                place.insert(at);
            }
        } else if self.entries.len() > FEW {
            self.reindex();
        }
    }

    fn reindex(&mut self) {
        self.index.clear();
        if self.entries.len() <= FEW {
            return;
        }
        let entries = &self.entries;
        for (at, entry) in entries.iter().enumerate() {
            self.index.insert_unique(entry.0, at, |&at| entries[at].0);
        }
    }
}

/// A set, in the order in which its items came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Set(Dict);

impl Set {
    pub(crate) fn of(items: impl IntoIterator<Item = Value>) -> Outcome<Self> {
        let mut set = Self::default();
        for item in items {
            set.insert(item)?;
        }
        Ok(set)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Value> {
        self.0.iter().map(|(item, _)| item)
    }

    pub(crate) fn contains(&self, item: &Value) -> Outcome<bool> {
        Ok(self.0.get(item)?.is_some())
    }

    pub(crate) fn insert(&mut self, item: Value) -> Outcome<()> {
        self.0.insert(item, Value::None)
    }

    /// Whether it was there.
    pub(crate) fn remove(&mut self, item: &Value) -> Outcome<bool> {
        Ok(self.0.remove(item)?.is_some())
    }

    pub(crate) fn pop_last(&mut self) -> Option<Value> {
        self.0.pop_last().map(|(item, _)| item)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The hash of a key: equal keys have equal ones. It orders nothing.
fn hash(key: &Value) -> Outcome<u64> {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    feed(key, &mut hasher)?;
    Ok(hasher.finish())
}

fn feed(key: &Value, hasher: &mut Fnv) -> Outcome<()> {
    match key {
        Value::None => hasher.write_u8(0),
        Value::Bool(value) => hasher.write_u64(u64::from(*value)),
        Value::Int(value) => hasher.write_u64(*value as u64),
        Value::Float(value) => match crate::kernels::convert::whole(*value) {
            Some(int) if int as f64 == *value => hasher.write_u64(int as u64),
            _ => hasher.write_u64(value.to_bits()),
        },
        Value::Str(text) => hasher.write(text.as_bytes()),
        Value::Bytes(bytes) => hasher.write(bytes),
        Value::Tuple(items) => {
            hasher.write_u8(1);
            for item in items.iter() {
                feed(item, hasher)?;
            }
        }
        Value::Range(range) => {
            hasher.write_u64(range.start as u64);
            hasher.write_u64(range.len());
        }
        Value::Date(date) => date.hash(hasher),
        Value::DateTime(moment) => moment.hash(hasher),
        Value::Time(time) => time.hash(hasher),
        Value::TimeDelta(delta) => delta.hash(hasher),
        Value::Module(source) => source.hash(hasher),
        Value::Callable(_) => hasher.write_u8(2),
        Value::List(_) | Value::Dict(_) | Value::Set(_) | Value::Iterator(_) => {
            return Err(Failure::type_(format!("unhashable type: '{}'", key.type_name())));
        }
    }
    Ok(())
}

/// FNV-1a with a final mix: short keys, and the same on every machine.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0 ^ value).wrapping_mul(0x0100_0000_01b3);
        self.0 ^= self.0 >> 32;
    }
}
