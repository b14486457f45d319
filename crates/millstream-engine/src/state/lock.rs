//! A lease as a locked file: the operating system releases it when the process dies, however it dies (S-12).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use millstream_core::{Error, LeaseGuard, LeaseHolder, Result};

struct FileLease(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

impl LeaseGuard for FileLease {}

/// Takes the lease that the file at `path` stands for.
pub(super) fn lock(path: &Path, pipeline: &str, holder: &LeaseHolder) -> Result<Box<dyn LeaseGuard>> {
    let failed = |error: std::io::Error| {
        Error::state(format!("cannot lock {}", path.display()))
            .caused_by(error)
            .hint("check the folder's permissions")
    };
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            return Err(held(pipeline, serde_json::from_str(&text).ok()));
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let text = serde_json::to_string(holder)
        .map_err(|error| Error::internal("a lease does not serialise").caused_by(error))?;
    file.set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .and_then(|_| file.write_all(text.as_bytes()))
        .and_then(|()| file.flush())
        .map_err(failed)?;
    Ok(Box::new(FileLease(file)))
}

/// The refusal, with who holds the lease and since when.
pub(super) fn held(pipeline: &str, holder: Option<LeaseHolder>) -> Error {
    let who = holder.map_or_else(
        || "another process".to_owned(),
        |holder| format!("process {} since {}", holder.process_id, crate::time_text(holder.since)),
    );
    Error::state(format!("the pipeline {pipeline} is already running: {who} holds its state"))
        .hint("stop the other process, or give this pipeline another `name` or `state`")
}
