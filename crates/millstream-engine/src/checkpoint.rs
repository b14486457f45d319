//! The durable record of an epoch.

use std::collections::BTreeMap;

use base64::Engine as _;
use millstream_core::{Bookmark, Epoch, Error, PreCommit, Result, Snapshot, StateStore};
use serde::{Deserialize, Serialize};

const FORMAT: u32 = 1;

/// One consistent cut through a graph: where the sources were, what the operators knew, what the sinks had prepared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    format: u32,
    /// What the graph was made of; another graph cannot continue from here.
    pub fingerprint: String,
    /// The epoch.
    pub epoch: Epoch,
    /// Whether it was the last one of a bounded run.
    pub completed: bool,
    /// When, in microseconds since the Unix epoch.
    pub at: i64,
    /// Positions by source.
    pub sources: BTreeMap<String, Bookmark>,
    /// States by operator, in base64.
    operators: BTreeMap<String, String>,
    /// Tokens by sink.
    pub sinks: BTreeMap<String, PreCommit>,
    /// The next sequence number of each stream.
    pub sequences: BTreeMap<String, u64>,
    /// The columns of each source stream: `name: type`, one per line.
    pub columns: BTreeMap<String, String>,
}

impl Checkpoint {
    /// A record without operators.
    pub fn new(fingerprint: &str, epoch: Epoch, completed: bool, at: i64) -> Self {
        Self {
            format: FORMAT,
            fingerprint: fingerprint.to_owned(),
            epoch,
            completed,
            at,
            sources: BTreeMap::new(),
            operators: BTreeMap::new(),
            sinks: BTreeMap::new(),
            sequences: BTreeMap::new(),
            columns: BTreeMap::new(),
        }
    }

    /// Keeps the state of an operator.
    pub fn set_operator(&mut self, name: &str, snapshot: &Snapshot) {
        let text = base64::engine::general_purpose::STANDARD.encode(&snapshot.0);
        self.operators.insert(name.to_owned(), text);
    }

    /// The state of an operator.
    pub fn operator(&self, name: &str) -> Result<Option<Snapshot>> {
        let Some(text) = self.operators.get(name) else {
            return Ok(None);
        };
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).map_err(|error| {
            Error::state(format!("the checkpoint's state of {name} is damaged")).caused_by(error)
        })?;
        Ok(Some(Snapshot(bytes)))
    }

    fn key(pipeline: &str) -> String {
        format!("checkpoint/{pipeline}")
    }

    /// The newest record of a pipeline.
    pub async fn load(store: &dyn StateStore, pipeline: &str) -> Result<Option<Self>> {
        let Some(bytes) = store.get(&Self::key(pipeline)).await? else {
            return Ok(None);
        };
        let damaged = |error: serde_json::Error| {
            Error::state(format!("the checkpoint of {pipeline} cannot be read"))
                .caused_by(error)
                .hint("start over with --restart")
        };
        let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(damaged)?;
        let format = value.get("format").and_then(serde_json::Value::as_u64);
        if format != Some(u64::from(FORMAT)) {
            return Err(Error::state(format!(
                "the checkpoint of {pipeline} has format {}, this version reads format {FORMAT}",
                format.map_or_else(|| "unknown".to_owned(), |format| format.to_string())
            ))
            .hint("use the version that wrote it, or start over with --restart"));
        }
        serde_json::from_value(value).map(Some).map_err(damaged)
    }

    /// Makes the record durable.
    pub async fn save(&self, store: &dyn StateStore, pipeline: &str) -> Result<()> {
        let bytes = serde_json::to_vec(self)
            .map_err(|error| Error::internal("a checkpoint does not serialise").caused_by(error))?;
        store.put(&Self::key(pipeline), &bytes).await.map_err(|error| error.context("saving the checkpoint"))
    }

    /// Forgets the newest record of a pipeline.
    pub async fn forget(store: &dyn StateStore, pipeline: &str) -> Result<()> {
        store.delete(&Self::key(pipeline)).await
    }
}
