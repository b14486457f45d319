//! State in a SQLite database: one file, atomic, durable. The default.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use millstream_core::{Error, LeaseGuard, LeaseHolder, Result, StateStore};
use rusqlite::{Connection, OptionalExtension, params};

/// A store in a SQLite database.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    path: PathBuf,
    connection: Arc<Mutex<Connection>>,
}

impl SqliteStore {
    /// Opens or makes the database at `path`, and the folder that it lies in.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| {
                Error::state(format!("cannot make the state folder {}", folder.display()))
                    .caused_by(error)
                    .hint("check the folder's permissions, or choose another `state`")
            })?;
        }
        let failed = |error: rusqlite::Error| {
            Error::state(format!("cannot open the state database {}", path.display()))
                .caused_by(error)
                .hint("check the file's permissions, or choose another `state`")
        };
        let connection = Connection::open(&path).map_err(failed)?;
        connection.busy_timeout(Duration::from_secs(10)).map_err(failed)?;
        // `synchronous = FULL`: a checkpoint that was reported as saved survives a power cut.
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;",
            )
            .map_err(failed)?;
        Ok(Self { path, connection: Arc::new(Mutex::new(connection)) })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, what: &str) -> impl FnOnce(rusqlite::Error) -> Error {
        let message = format!("cannot {what} the state database {}", self.path.display());
        move |error| {
            Error::state(message)
                .caused_by(error)
                .hint("check the file's permissions and the free space of its disk")
        }
    }
}

#[async_trait]
impl StateStore for SqliteStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.connection()
            .query_row("SELECT value FROM state WHERE key = ?1", params![key], |row| row.get(0))
            .optional()
            .map_err(self.failed("read"))
    }

    async fn put(&self, key: &str, value: &[u8]) -> Result<()> {
        self.connection()
            .execute(
                "INSERT INTO state (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                params![key, value],
            )
            .map(|_| ())
            .map_err(self.failed("write"))
    }

    async fn compare_and_put(&self, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool> {
        let connection = self.connection();
        let changed = match expected {
            Some(expected) => connection.execute(
                "UPDATE state SET value = ?3 WHERE key = ?1 AND value = ?2",
                params![key, expected, value],
            ),
            None => connection.execute(
                "INSERT INTO state (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING",
                params![key, value],
            ),
        };
        changed.map(|rows| rows == 1).map_err(self.failed("write"))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let connection = self.connection();
        let read = || {
            let mut statement = connection
                .prepare("SELECT key FROM state WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key")?;
            statement.query_map(params![prefix], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
        };
        read().map_err(self.failed("read"))
    }

    async fn delete(&self, key: &str) -> Result<()> {
        self.connection()
            .execute("DELETE FROM state WHERE key = ?1", params![key])
            .map(|_| ())
            .map_err(self.failed("write"))
    }

    async fn lease(&self, pipeline: &str, holder: &LeaseHolder) -> Result<Box<dyn LeaseGuard>> {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{pipeline}.lock"));
        super::lock::lock(&self.path.with_file_name(name), pipeline, holder)
    }
}
