//! Where checkpoints live.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::Result;

/// A small, durable map from keys to bytes. Keys are paths: `checkpoint/shop`.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// The value of `key`.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>>;

    /// Sets `key`, durably, before it returns.
    async fn put(&self, key: &str, value: &[u8]) -> Result<()>;

    /// Sets `key` if its value is `expected`; says whether it did.
    async fn compare_and_put(&self, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool>;

    /// All keys that start with `prefix`, sorted.
    async fn list(&self, prefix: &str) -> Result<Vec<String>>;

    /// Removes `key`, durably.
    async fn delete(&self, key: &str) -> Result<()>;

    /// Takes the lease of `pipeline` (S-12), or fails with who holds it and since when. The lease ends when the
    /// guard is dropped, and when the process dies, however it dies.
    async fn lease(&self, pipeline: &str, holder: &LeaseHolder) -> Result<Box<dyn LeaseGuard>>;
}

/// Holds a lease until it is dropped.
pub trait LeaseGuard: Send + Sync {}

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseHolder {
    /// The process.
    pub process_id: u32,
    /// Since when, in microseconds since the Unix epoch.
    pub since: i64,
}
