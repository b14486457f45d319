//! The sink of Parquet files.

mod encoders;
mod folder;
mod many;
mod single;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use millstream_core::{
    Chunk, Delivery, Epoch, EpochInfo, Error, PreCommit, Result, Sink, SinkStart, WriteReport,
};
use millstream_formats::parquet::{
    EncodedRowGroup, ParquetFile, ParquetOptions, ROW_GROUP_BYTES, RowGroup, RowGroupBuffer,
};
use serde::{Deserialize, Serialize};

use self::encoders::Encoders;
use self::folder::{Folder, FolderToken};
use self::many::{Many, ManyToken};
use self::single::{Single, SingleToken};
use super::disk::{Disk, DiskFile, LocalDisk};
use super::place::Place;
use super::replacing::{Replacing, ReplacingToken, outside_of_a_generation};
use super::split::Split;
use crate::failure::{blocking, sink_error, while_writing};

/// What a [`ParquetSink`] writes, and where.
#[derive(Debug, Clone)]
pub struct ParquetSinkOptions {
    /// A file, or a folder of files: see [`ParquetSink`].
    pub path: PathBuf,
    /// Compression and size of the row groups.
    pub options: ParquetOptions,
}

/// Writes Parquet, exactly once.
///
/// A bounded run writes one file, which appears whole under its final name with the last epoch, in place of an
/// earlier run's; what an epoch before that wrote is kept as a hidden part beside it, and the parts are glued
/// together at the end. A run that goes on after an earlier one was complete adds to its rows.
///
/// A Parquet file cannot grow, so an unbounded run needs a folder, into which every epoch that has rows puts a file
/// `part-EPOCH.parquet`. A bounded run does so too if the path is a folder already or ends with `/`. Files of an
/// earlier run that no checkpoint knows are refused unless the user asked to start over; then they are removed first.
///
/// Where rows come in generations, each of them is a file of its own that is renamed over the one before.
///
/// With [`split`](ParquetSink::split) a bounded run writes several files in the same way, all of which appear with the
/// last epoch.
///
/// Rows are held in memory until a row group is full, at 16 MiB at the latest: at most `encoders` + 1 row groups.
#[derive(Debug)]
pub struct ParquetSink {
    options: ParquetSinkOptions,
    encoders: usize,
    split: Option<Split>,
    disk: Arc<dyn Disk>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    schema: SchemaRef,
    buffer: RowGroupBuffer,
    encoders: Encoders,
    /// The file of this epoch; `None` before its first row group.
    part: Option<PartFile>,
    next_part: u64,
    target: Target,
}

#[derive(Debug)]
struct PartFile {
    number: u64,
    path: PathBuf,
    file: ParquetFile<Box<dyn DiskFile>>,
}

#[derive(Debug)]
enum Target {
    Single(Single),
    Folder(Folder),
    Many(Many),
    /// A file that is replaced as a whole.
    Replacing(Replacing),
}

#[derive(Debug, Serialize, Deserialize)]
struct ParquetToken {
    format: u32,
    /// Numbers of hidden parts are never used twice.
    next_part: u64,
    #[serde(flatten)]
    state: TokenState,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "lowercase")]
enum TokenState {
    File(SingleToken),
    Folder(FolderToken),
    Many(ManyToken),
    Replacing(ReplacingToken),
}

impl ParquetSink {
    /// A sink that has touched nothing yet. `encoders` row groups (at least one) are encoded side by side.
    pub fn new(options: ParquetSinkOptions, encoders: usize) -> Self {
        Self::on_disk(options, encoders, Arc::new(LocalDisk))
    }

    /// Spreads the rows over several files, whose names take the place of the path.
    #[must_use]
    pub fn split(mut self, split: Split) -> Self {
        self.options.path = split.names.path(1);
        self.split = Some(split);
        self
    }

    pub(crate) fn on_disk(options: ParquetSinkOptions, encoders: usize, disk: Arc<dyn Disk>) -> Self {
        Self { options, encoders: encoders.max(1), split: None, disk, running: None }
    }

    fn read_token(&self, token: PreCommit) -> Result<ParquetToken> {
        let token: ParquetToken = serde_json::from_value(token.0).map_err(|error| {
            Error::state(format!("the checkpoint holds no token of {}", self.options.path.display()))
                .caused_by(error)
                .hint("start over with --restart")
        })?;
        if token.format == 1 {
            return Ok(token);
        }
        Err(Error::state(format!(
            "the checkpoint's token of {} has got the unknown format {}",
            self.options.path.display(),
            token.format
        ))
        .hint("it was written by a newer version: use that one, or start over with --restart"))
    }

    /// Whether the output is a folder of files.
    fn wants_folder(&self, bounded: bool, replaced: bool) -> Result<bool> {
        let path = &self.options.path;
        if replaced {
            if path.is_dir() || path.extension().is_none() {
                return Err(Error::config(format!(
                    "{} is a folder, and a stream that is replaced as a whole is one file",
                    path.display()
                ))
                .hint(format!(
                    "give the path of a file, such as {}",
                    path.with_extension("parquet").display()
                )));
            }
            return Ok(false);
        }
        let looks_like_a_file =
            path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"));
        if bounded {
            let ends_with_separator = path.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
            return Ok(ends_with_separator || path.is_dir());
        }
        if looks_like_a_file && !path.is_dir() {
            return Err(Error::config(format!(
                "{} cannot be written by a run that never ends: a Parquet file cannot grow",
                path.display()
            ))
            .hint(format!(
                "give a folder, such as {}, and every epoch becomes a file in it",
                path.with_extension("").display()
            )));
        }
        Ok(true)
    }
}

impl Running {
    /// Hands full row groups to the encoders, and what they have finished to the file.
    async fn encode(
        &mut self,
        options: &ParquetOptions,
        disk: &dyn Disk,
        groups: Vec<RowGroup>,
    ) -> Result<u64> {
        let mut bytes = 0;
        for group in groups {
            if self.encoders.is_full()
                && let Some(done) = self.encoders.next().await?
            {
                bytes += self.append(options, disk, done)?;
            }
            self.encoders.start(group);
        }
        Ok(bytes)
    }

    fn append(&mut self, options: &ParquetOptions, disk: &dyn Disk, group: EncodedRowGroup) -> Result<u64> {
        let bytes = group.bytes() as u64;
        self.roll()?;
        if let Target::Many(many) = &mut self.target {
            many.count(group.rows() as u64);
        }
        let part = self.part(options, disk)?;
        part.file.append(group).map_err(|error| while_writing(&part.path, error))?;
        Ok(bytes)
    }

    /// Ends the file if the next row group has to go into another.
    fn roll(&mut self) -> Result<()> {
        let written = self.part.as_ref().map_or(0, |part| part.file.bytes_written());
        let Target::Many(many) = &mut self.target else {
            return Ok(());
        };
        if many.is_full(written) {
            let sealed = self.part.take().map(PartFile::seal).transpose()?;
            many.roll(sealed)?;
        }
        Ok(())
    }

    fn part(&mut self, options: &ParquetOptions, disk: &dyn Disk) -> Result<&mut PartFile> {
        if self.part.is_none() {
            let (number, path) = match &mut self.target {
                Target::Single(single) => (self.next_part, single.part(self.next_part)),
                Target::Folder(folder) => (self.next_part, folder.part(self.next_part)),
                Target::Many(many) => (self.next_part, many.part(self.next_part)),
                Target::Replacing(replacing) => replacing.next(),
            };
            let file = disk.create(&path).map_err(|error| sink_error("create", &path, error))?;
            let file = ParquetFile::new(file, &self.schema, options, Vec::new())
                .map_err(|error| while_writing(&path, error))?;
            self.next_part += 1;
            self.part = Some(PartFile { number, path, file });
        }
        self.part.as_mut().ok_or_else(|| Error::internal("the part that was just created is gone"))
    }
}

impl PartFile {
    /// Writes the footer and makes the file durable; gives its number and its length.
    fn seal(self) -> Result<(u64, u64)> {
        let (mut file, _) = self.file.finish().map_err(|error| while_writing(&self.path, error))?;
        let length = file.stream_position().and_then(|length| file.sync().map(|()| length));
        let length = length.map_err(|error| sink_error("sync", &self.path, error))?;
        Ok((self.number, length))
    }
}

#[async_trait]
impl Sink for ParquetSink {
    async fn open(&mut self, start: SinkStart) -> Result<()> {
        self.options.options.check()?;
        let split = self.split.clone();
        if split.is_some() && (!start.bounded || start.replaced) {
            return Err(Error::config(format!(
                "Parquet files of a size of their own cannot be made by a run that never ends: each commit is a file in {}",
                self.options.path.parent().unwrap_or(&self.options.path).display()
            ))
            .hint("write Delta, JSONL or CSV; or make commits rarer with `checkpoint.interval`"));
        }
        let wants_folder = split.is_none() && self.wants_folder(start.bounded, start.replaced)?;
        let file_rows = split.as_ref().and_then(|split| split.rows).map(std::num::NonZeroU64::get);
        let resume = match start.resume {
            Some((epoch, token)) => Some((epoch, self.read_token(token)?)),
            None => None,
        };
        let next_part = resume.as_ref().map_or(1, |(_, token)| token.next_part);
        let (disk, path) = (Arc::clone(&self.disk), self.options.path.clone());
        let (schema, restart, replaced) = (Arc::clone(&start.schema), start.restart, start.replaced);
        let target = blocking(move || match (resume, split) {
            (None, Some(split)) => Many::create(disk, split).map(Target::Many),
            (None, None) if replaced => Replacing::create(disk, Place::of(&path)?).map(Target::Replacing),
            (Some((_, token)), None) if replaced => {
                let place = Place::of(&path)?;
                match token.state {
                    TokenState::Replacing(token) => Replacing::resume(disk, place, token),
                    // A complete file is a generation that the next one replaces.
                    TokenState::File(token) => {
                        Single::resume(Arc::clone(&disk), place.clone(), token, &schema)?;
                        Replacing::create(disk, place)
                    }
                    TokenState::Folder(_) | TokenState::Many(_) => Err(changed_form(&path)),
                }
                .map(Target::Replacing)
            }
            (None, None) if wants_folder => Folder::create(disk, path, restart).map(Target::Folder),
            (None, None) => Single::create(disk, Place::of(&path)?).map(Target::Single),
            (Some((epoch, token)), split) => match (token.state, split) {
                (TokenState::Folder(token), None) if wants_folder => {
                    Folder::resume(disk, path, epoch, &token).map(Target::Folder)
                }
                (TokenState::Many(token), Some(split)) => {
                    Many::resume(disk, split, token, &schema).map(Target::Many)
                }
                (TokenState::File(token), None) if !wants_folder => {
                    Single::resume(disk, Place::of(&path)?, token, &schema).map(Target::Single)
                }
                _ => Err(changed_form(&path)),
            },
        })
        .await?;
        let in_file = if let Target::Many(many) = &target { many.rows() } else { 0 };
        self.running = Some(Running {
            buffer: RowGroupBuffer::new(Arc::clone(&start.schema), self.options.options.row_group_rows)
                .with_bytes(ROW_GROUP_BYTES)
                .with_file_rows(file_rows, in_file),
            encoders: Encoders::new(self.options.options, self.encoders),
            schema: start.schema,
            part: None,
            next_part,
            target,
        });
        Ok(())
    }

    /// The report's bytes are those of the row groups that were finished meanwhile.
    async fn write(&mut self, chunk: Chunk) -> Result<WriteReport> {
        let running = self.running.as_mut().ok_or_else(not_open)?;
        let groups = running.buffer.push(&chunk.batch)?;
        let bytes = running.encode(&self.options.options, self.disk.as_ref(), groups).await?;
        Ok(WriteReport { rows: chunk.rows() as u64, bytes, rejected: Vec::new() })
    }

    async fn prepare(&mut self, epoch: Epoch, info: &EpochInfo) -> Result<PreCommit> {
        let mut running = self.running.take().ok_or_else(not_open)?;
        let (options, disk, last) = (self.options.options, self.disk.as_ref(), info.last);
        let rest = running.buffer.finish().into_iter().collect();
        running.encode(&options, disk, rest).await?;
        while let Some(group) = running.encoders.next().await? {
            running.append(&options, disk, group)?;
        }
        let generation = info.generation;
        let without_rows = match &running.target {
            Target::Single(single) => single.is_empty(),
            Target::Folder(folder) => folder.is_empty(),
            Target::Many(many) => many.is_empty() && running.part.is_none(),
            Target::Replacing(_) => false,
        };
        if last && without_rows || generation.is_some() {
            // No rows at all: a file with the columns says so.
            running.part(&options, disk)?;
        }
        let (running, state) = blocking(move || {
            let sealed = running.part.take().map(PartFile::seal).transpose()?;
            let state = match &mut running.target {
                Target::Single(single) => single.prepare(sealed, last).map(TokenState::File),
                Target::Folder(folder) => folder.prepare(sealed, epoch).map(TokenState::Folder),
                Target::Many(many) => many.prepare(sealed, last).map(TokenState::Many),
                Target::Replacing(_) if sealed.is_some() && generation.is_none() => {
                    Err(outside_of_a_generation())
                }
                Target::Replacing(replacing) => replacing.prepare(sealed).map(TokenState::Replacing),
            }?;
            Ok((running, state))
        })
        .await?;
        let token = ParquetToken { format: 1, next_part: running.next_part, state };
        self.running = Some(running);
        match serde_json::to_value(token) {
            Ok(token) => Ok(PreCommit(token)),
            Err(error) => Err(Error::internal("a token is no JSON").caused_by(error)),
        }
    }

    async fn commit(&mut self, token: PreCommit) -> Result<()> {
        let token = self.read_token(token)?;
        let mut running = self.running.take().ok_or_else(not_open)?;
        let (running, result) = blocking(move || {
            let result = match (&mut running.target, token.state) {
                (Target::Single(single), TokenState::File(token)) => single.commit(&token),
                (Target::Folder(folder), TokenState::Folder(token)) => folder.commit(&token),
                (Target::Many(many), TokenState::Many(token)) => many.commit(&token),
                (Target::Replacing(replacing), TokenState::Replacing(token)) => replacing.commit(token),
                // The last token of the run before, which open has committed.
                (Target::Replacing(_), TokenState::File(_)) => Ok(()),
                _ => Err(Error::internal("a token of another run was to be committed")),
            };
            Ok((running, result))
        })
        .await?;
        self.running = Some(running);
        result
    }

    /// Exactly once.
    fn delivery(&self) -> Delivery {
        Delivery::exactly_once(match self.running.as_ref().map(|running| &running.target) {
            Some(Target::Single(_)) => "epochs are hidden parts, published as one file with the last epoch",
            Some(Target::Many(_)) => {
                "epochs are hidden parts, published as several files with the last epoch"
            }
            Some(Target::Folder(_)) => "every epoch is a file of its own, named after it",
            Some(Target::Replacing(_)) => "each generation is written beside the file, and renamed over it",
            None => "files are staged under hidden names and published by renaming them",
        })
    }
}

fn changed_form(path: &Path) -> Error {
    Error::state(format!(
        "{} was one file in the earlier run and would be a folder now, or was replaced and would be added to, or the other way round",
        path.display()
    ))
    .hint("choose another path, or start over with --restart")
}

fn not_open() -> Error {
    Error::internal("the sink is not open, or an earlier call failed")
}
