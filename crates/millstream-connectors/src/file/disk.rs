//! The file system as the sinks see it, so that tests can let any single operation fail.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

/// What file sinks ask of a file system. Every method is one step that a crash or an error can hit.
pub(crate) trait Disk: Send + Sync + Debug {
    /// A new, empty file in place of whatever has got this name.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// An existing file, to be read and changed.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name, in one step.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Creates a folder and those above it.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// A file that is written.
pub(crate) trait DiskFile: Read + Write + Seek + Send + Debug {
    /// Makes the contents durable.
    fn sync(&self) -> io::Result<()>;
    /// Cuts the file off, or extends it with zeros.
    fn set_length(&self, length: u64) -> io::Result<()>;
}

impl DiskFile for File {
    fn sync(&self) -> io::Result<()> {
        self.sync_all()
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// The file system of this machine.
#[derive(Debug)]
pub(crate) struct LocalDisk;

impl Disk for LocalDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OpenOptions::new().read(true).write(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        // Only Unix can open a folder, and only there a rename needs it to be durable.
        if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
    }
}

/// The length of a file in bytes, `None` if there is none.
pub(crate) fn length_of(path: &Path) -> io::Result<Option<u64>> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The names of the files in a folder; none if there is no such folder.
pub(crate) fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        // Names that are no Unicode are none of ours.
        if let Ok(name) = entry?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
pub(crate) mod faulty {
    //! A disk that works for a while.

    use std::io::SeekFrom;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::{Disk, DiskFile, LocalDisk, Path, Read, Seek, Write, io};

    /// Lets `steps` operations pass; the next one is done half or not at all, and all later ones fail.
    #[derive(Debug, Clone)]
    pub(crate) struct FaultyDisk {
        left: Arc<AtomicI64>,
        kind: io::ErrorKind,
    }

    impl FaultyDisk {
        pub(crate) fn crashes_after(steps: i64) -> Self {
            Self { left: Arc::new(AtomicI64::new(steps)), kind: io::ErrorKind::Other }
        }

        pub(crate) fn fails_after(steps: i64, kind: io::ErrorKind) -> Self {
            Self { left: Arc::new(AtomicI64::new(steps)), kind }
        }

        /// Whether the fault has struck.
        pub(crate) fn struck(&self) -> bool {
            self.left.load(Ordering::SeqCst) < 0
        }

        fn step(&self) -> io::Result<()> {
            if self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
                return Ok(());
            }
            self.left.store(-1, Ordering::SeqCst);
            Err(io::Error::from(self.kind))
        }
    }

    #[derive(Debug)]
    struct FaultyFile {
        inner: Box<dyn DiskFile>,
        disk: FaultyDisk,
    }

    impl Disk for FaultyDisk {
        fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
            self.step()?;
            let inner = LocalDisk.create(path)?;
            let disk = self.clone();
            Ok(Box::new(FaultyFile { inner, disk }))
        }
        fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
            self.step()?;
            let inner = LocalDisk.open(path)?;
            let disk = self.clone();
            Ok(Box::new(FaultyFile { inner, disk }))
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            self.step()?;
            LocalDisk.rename(from, to)
        }
        fn remove(&self, path: &Path) -> io::Result<()> {
            self.step()?;
            LocalDisk.remove(path)
        }
        fn create_folder(&self, path: &Path) -> io::Result<()> {
            self.step()?;
            LocalDisk.create_folder(path)
        }
        fn sync_folder(&self, path: &Path) -> io::Result<()> {
            self.step()?;
            LocalDisk.sync_folder(path)
        }
    }

    impl Read for FaultyFile {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.inner.read(buffer)
        }
    }

    impl Write for FaultyFile {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            if let Err(error) = self.disk.step() {
                // A torn write: what a crash in the middle leaves behind. Only the first failing one reaches the disk.
                if !self.disk.struck_before() {
                    self.inner.write_all(&buffer[..buffer.len() / 2])?;
                    self.disk.left.store(-2, Ordering::SeqCst);
                }
                return Err(error);
            }
            self.inner.write(buffer)
        }
        fn flush(&mut self) -> io::Result<()> {
            self.inner.flush()
        }
    }

    impl FaultyDisk {
        fn struck_before(&self) -> bool {
            self.left.load(Ordering::SeqCst) < -1
        }
    }

    impl Seek for FaultyFile {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.inner.seek(to)
        }
    }

    impl DiskFile for FaultyFile {
        fn sync(&self) -> io::Result<()> {
            self.disk.step()?;
            self.inner.sync()
        }
        fn set_length(&self, length: u64) -> io::Result<()> {
            self.disk.step()?;
            self.inner.set_length(length)
        }
    }
}
