//! A file that is being written: buffered, counted, and compressed in members that end at every seal.

use std::io::{self, BufWriter, SeekFrom, Write};
use std::path::{Path, PathBuf};

use millstream_core::{Error, Result};
use millstream_formats::{Compression, Compressor, compressor};

use super::disk::{Disk, DiskFile};
use crate::failure::sink_error;

/// Large enough that small chunks do not each cost a system call.
const BUFFER: usize = 256 * 1024;

/// What a compressor is given at once: some make other bytes of the same text if it comes in other pieces.
const PIECE: usize = 64 * 1024;

/// What the bytes pass on their way to the disk.
type Buffered = BufWriter<Box<dyn DiskFile>>;

/// Bytes on their way into one file. Up to every [`seal`](Self::seal) the file is valid on its own: a gzip member or
/// a Zstandard frame ends there.
#[derive(Debug)]
pub(super) struct OutputFile {
    path: PathBuf,
    compression: Compression,
    member: Member,
    /// What does not yet fill a piece for the compressor.
    rest: Vec<u8>,
}

#[derive(Debug)]
enum Member {
    /// A member is open.
    Open(Box<Compressor<Buffered>>),
    /// The next byte opens one.
    Between(Buffered),
    /// An error came between; what is in the file is unknown.
    Broken,
}

impl OutputFile {
    /// A new, empty file.
    pub(super) fn create(disk: &dyn Disk, path: PathBuf, compression: Compression) -> Result<Self> {
        let file = disk.create(&path).map_err(|error| sink_error("create", &path, error))?;
        Ok(Self::at(path, compression, file))
    }

    /// An existing file, cut off at `length`, which was the length at a seal.
    pub(super) fn reopen(
        disk: &dyn Disk,
        path: PathBuf,
        compression: Compression,
        length: u64,
    ) -> Result<Self> {
        let open = || {
            let mut file = disk.open(&path)?;
            file.set_length(length)?;
            file.seek(SeekFrom::Start(length))?;
            Ok(file)
        };
        let file = open().map_err(|error| sink_error("reopen", &path, error))?;
        Ok(Self::at(path, compression, file))
    }

    fn at(path: PathBuf, compression: Compression, file: Box<dyn DiskFile>) -> Self {
        Self {
            path,
            compression,
            member: Member::Between(BufWriter::with_capacity(BUFFER, file)),
            rest: Vec::new(),
        }
    }

    /// Appends bytes. No bytes still open a member, so that an empty compressed file can be made.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let mut member = match self.take()? {
            Member::Open(member) => member,
            Member::Between(file) => {
                let member = compressor(self.compression, file);
                Box::new(member.map_err(|error| sink_error("start to compress", &self.path, error))?)
            }
            Member::Broken => return Err(broken(&self.path)),
        };
        let written = match self.compression {
            Compression::None => member.write_all(bytes),
            Compression::Gzip | Compression::Zstd => self.compress(&mut member, bytes),
        };
        written.map_err(|error| sink_error("write", &self.path, error))?;
        self.member = Member::Open(member);
        Ok(())
    }

    fn compress(&mut self, member: &mut Compressor<Buffered>, mut bytes: &[u8]) -> io::Result<()> {
        while self.rest.len() + bytes.len() >= PIECE {
            let (piece, later) = bytes.split_at(PIECE - self.rest.len());
            self.rest.extend_from_slice(piece);
            member.write_all(&self.rest)?;
            self.rest.clear();
            bytes = later;
        }
        self.rest.extend_from_slice(bytes);
        Ok(())
    }

    /// Ends the member and hands everything to the system; gives the length of the file.
    pub(super) fn seal(&mut self) -> Result<u64> {
        let member = self.take()?;
        let rest = std::mem::take(&mut self.rest);
        let seal = || {
            let mut file = match member {
                Member::Open(mut member) => {
                    member.write_all(&rest)?;
                    member.finish()?
                }
                Member::Between(file) => file,
                Member::Broken => return Err(io::Error::other("an earlier write failed")),
            };
            file.flush()?;
            let length = file.get_mut().stream_position()?;
            Ok((file, length))
        };
        let (file, length) = seal().map_err(|error| sink_error("write", &self.path, error))?;
        self.member = Member::Between(file);
        Ok(length)
    }

    /// Seals, with `tail` as a member of its own after everything else; gives the length of the file and the part of
    /// it that is the tail.
    pub(super) fn seal_with(&mut self, tail: &[u8]) -> Result<(u64, u64)> {
        let length = self.seal()?;
        if tail.is_empty() {
            return Ok((length, 0));
        }
        self.write(tail)?;
        let end = self.seal()?;
        Ok((end, end - length))
    }

    /// Makes what is sealed durable.
    pub(super) fn sync(&mut self) -> Result<()> {
        match &self.member {
            Member::Between(file) => {
                file.get_ref().sync().map_err(|error| sink_error("sync", &self.path, error))
            }
            Member::Open(_) | Member::Broken => Err(broken(&self.path)),
        }
    }

    /// Takes the member out; an error on the way leaves [`Member::Broken`] behind.
    fn take(&mut self) -> Result<Member> {
        match std::mem::replace(&mut self.member, Member::Broken) {
            Member::Broken => Err(broken(&self.path)),
            member => Ok(member),
        }
    }
}

fn broken(path: &Path) -> Error {
    Error::sink(format!("cannot go on with {}: an earlier write failed", path.display()))
        .hint("run the same command again: it goes on from the last checkpoint")
}
