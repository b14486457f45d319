//! State as one file per key.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use millstream_core::{Error, LeaseGuard, LeaseHolder, Result, StateStore};

/// A store in a folder. Each value is written to a temporary file and renamed, so that it is there whole or not.
#[derive(Debug, Clone)]
pub struct FileStore {
    folder: PathBuf,
    // Comparing and putting are two steps for a file system; the lease keeps other processes out.
    writer: Arc<Mutex<()>>,
}

impl FileStore {
    /// Opens or makes the folder.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(|error| {
            Error::state(format!("cannot make the state folder {}", folder.display()))
                .caused_by(error)
                .hint("check the folder's permissions, or choose another `state`")
        })?;
        Ok(Self { folder, writer: Arc::default() })
    }

    /// Keys are paths; everything but letters, digits, `-`, `_`, `.` and `/` is written as %XX.
    fn path(&self, key: &str) -> PathBuf {
        let mut name = String::with_capacity(key.len() + 5);
        for byte in key.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(byte as char),
                _ => {
                    let _ = write!(name, "%{byte:02X}");
                }
            }
        }
        self.folder.join(name + ".state")
    }

    fn key(path: &Path) -> Option<String> {
        let name = path.file_name()?.to_str()?.strip_suffix(".state")?;
        let mut bytes = Vec::with_capacity(name.len());
        let mut rest = name.as_bytes();
        while let [first, tail @ ..] = rest {
            if *first == b'%' {
                let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
                bytes.push(u8::from_str_radix(hex, 16).ok()?);
                rest = &tail[2..];
            } else {
                bytes.push(*first);
                rest = tail;
            }
        }
        String::from_utf8(bytes).ok()
    }

    fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        match fs::read(self.path(key)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read", key, error)),
        }
    }

    fn write(&self, key: &str, value: &[u8]) -> Result<()> {
        let path = self.path(key);
        let temporary = path.with_extension("new");
        let written = (|| {
            let mut file = File::create(&temporary)?;
            file.write_all(value)?;
            file.sync_all()?;
            fs::rename(&temporary, &path)?;
            File::open(&self.folder)?.sync_all()
        })();
        written.map_err(|error| self.failed("write", key, error))
    }

    fn failed(&self, what: &str, key: &str, error: io::Error) -> Error {
        Error::state(format!("cannot {what} the state {key} in {}", self.folder.display()))
            .caused_by(error)
            .hint("check the folder's permissions and the free space of its disk")
    }
}

#[async_trait]
impl StateStore for FileStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.read(key)
    }

    async fn put(&self, key: &str, value: &[u8]) -> Result<()> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.write(key, value)
    }

    async fn compare_and_put(&self, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let matches = self.read(key)?.as_deref() == expected;
        if matches {
            self.write(key, value)?;
        }
        Ok(matches)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let entries = fs::read_dir(&self.folder).map_err(|error| self.failed("list", prefix, error))?;
        let mut keys: Vec<String> = entries
            .flatten()
            .filter_map(|entry| Self::key(&entry.path()))
            .filter(|key| key.starts_with(prefix))
            .collect();
        keys.sort_unstable();
        Ok(keys)
    }

    async fn delete(&self, key: &str) -> Result<()> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        match fs::remove_file(self.path(key)) {
            Ok(()) => File::open(&self.folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| self.failed("delete", key, error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(self.failed("delete", key, error)),
        }
    }

    async fn lease(&self, pipeline: &str, holder: &LeaseHolder) -> Result<Box<dyn LeaseGuard>> {
        let path = self.path(pipeline).with_extension("lock");
        super::lock::lock(&path, pipeline, holder)
    }
}
