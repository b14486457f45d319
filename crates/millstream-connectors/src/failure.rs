//! Input/output errors as errors with a path, the system's reason and a hint.

use std::error::Error as StdError;
use std::io;
use std::path::Path;

use millstream_core::{Error, ErrorKind, Result};

/// A sink could not `action` the file at `path`: `cannot write out/late.jsonl: No space left on device`.
pub(crate) fn sink_error(action: &str, path: &Path, cause: io::Error) -> Error {
    let hint = hint(cause.kind(), path);
    Error::sink(format!("cannot {action} {}", path.display())).caused_by(cause).hint(hint)
}

/// A source could not `action` the file at `path`.
pub(crate) fn source_error(action: &str, path: &Path, cause: io::Error) -> Error {
    let error = Error::source(format!("cannot {action} {}", path.display()));
    let error = match cause.kind() {
        io::ErrorKind::PermissionDenied => {
            error.hint(format!("check who may read {} (ls -l)", path.display()))
        }
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            error.hint("the file is damaged or cut off: fetch it again")
        }
        _ => error,
    };
    error.caused_by(cause)
}

/// Turns an error of an encoder that writes to `path` into one of this sink: if the file system was the reason, it is
/// named with a hint.
pub(crate) fn while_writing(path: &Path, error: Error) -> Error {
    let mut cause = StdError::source(&error);
    while let Some(current) = cause {
        if let Some(inner) = current.downcast_ref::<io::Error>() {
            let kind = innermost_kind(inner);
            return Error::sink(format!("cannot write {}", path.display()))
                .caused_by(io::Error::new(kind, inner.to_string()))
                .hint(hint(kind, path));
        }
        cause = current.source();
    }
    error.context(format!("writing {}", path.display()))
}

/// The kind that the system gave; layers in between may have wrapped it as [`io::ErrorKind::Other`].
fn innermost_kind(error: &io::Error) -> io::ErrorKind {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>()) {
        Some(inner) => innermost_kind(inner),
        None => error.kind(),
    }
}

/// Runs `work`, which waits for the disk, where waiting does no harm.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_cancelled() => Err(Error::cancelled("the runtime is shutting down")),
        Err(error) => Err(Error::new(ErrorKind::Internal, "a file task panicked").caused_by(error)),
    }
}

fn hint(kind: io::ErrorKind, path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).display();
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            format!("free space in {folder} and run the same command again: what was committed is intact")
        }
        io::ErrorKind::PermissionDenied => {
            format!("check who may write to {folder} (ls -ld {folder}), or choose another path")
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            format!("{folder} is on a file system that is mounted read-only: choose another path")
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            format!("something that is no folder is in the way of {folder}: move it, or choose another path")
        }
        io::ErrorKind::IsADirectory => {
            format!("{} is a folder: give the path of a file", path.display())
        }
        _ => format!("check the disk below {folder}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_the_system_is_found_inside_an_encoder_error() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let wrapped = Error::internal("row group").caused_by(io::Error::other(full));
        let error = while_writing(Path::new("out/x.parquet"), wrapped);
        assert_eq!(error.kind(), ErrorKind::Sink);
        assert!(error.to_string().starts_with("cannot write out/x.parquet"), "{error}");
        let plain = while_writing(Path::new("x"), Error::data("unsupported type"));
        assert_eq!(plain.kind(), ErrorKind::Data);
        assert_eq!(plain.to_string(), "writing x: unsupported type");
    }

    #[test]
    fn a_full_disk_hints_at_space_and_a_locked_folder_at_permissions() {
        let full = sink_error("write", Path::new("out/x"), io::Error::from(io::ErrorKind::StorageFull));
        assert!(full.hint_text().unwrap().contains("free space in out"));
        let locked = sink_error("create", Path::new("x"), io::Error::from(io::ErrorKind::PermissionDenied));
        assert!(locked.hint_text().unwrap().contains("ls -ld ."));
    }
}
