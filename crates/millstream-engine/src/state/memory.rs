//! State that ends with the process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use millstream_core::{LeaseGuard, LeaseHolder, Result, StateStore};

/// A store in memory. Clones share their content.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    values: BTreeMap<String, Vec<u8>>,
    leases: HashMap<String, LeaseHolder>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct MemoryLease {
    store: MemoryStore,
    pipeline: String,
}

impl LeaseGuard for MemoryLease {}

impl Drop for MemoryLease {
    fn drop(&mut self) {
        self.store.lock().leases.remove(&self.pipeline);
    }
}

#[async_trait]
impl StateStore for MemoryStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.lock().values.get(key).cloned())
    }

    async fn put(&self, key: &str, value: &[u8]) -> Result<()> {
        self.lock().values.insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    async fn compare_and_put(&self, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool> {
        let mut content = self.lock();
        let matches = content.values.get(key).map(Vec::as_slice) == expected;
        if matches {
            content.values.insert(key.to_owned(), value.to_vec());
        }
        Ok(matches)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        Ok(self.lock().values.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }

    async fn delete(&self, key: &str) -> Result<()> {
        self.lock().values.remove(key);
        Ok(())
    }

    async fn lease(&self, pipeline: &str, holder: &LeaseHolder) -> Result<Box<dyn LeaseGuard>> {
        let mut content = self.lock();
        if let Some(other) = content.leases.get(pipeline) {
            return Err(super::lock::held(pipeline, Some(other.clone())));
        }
        content.leases.insert(pipeline.to_owned(), holder.clone());
        Ok(Box::new(MemoryLease { store: self.clone(), pipeline: pipeline.to_owned() }))
    }
}
