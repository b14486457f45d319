//! The sink of text files: JSONL, JSON, SQL and CSV.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use millstream_core::{
    Chunk, Delivery, Encode, EncodedPart, EncodingSink, Epoch, EpochInfo, Error, PreCommit, Result, Sink,
    SinkStart, WriteReport,
};
use millstream_formats::Compression;
use millstream_formats::frame::Frame;
use serde::{Deserialize, Serialize};

use super::disk::{Disk, LocalDisk};
use super::growing::{Growing, GrowingToken};
use super::output::OutputFile;
use super::place::Place;
use super::replacing::{Replacing, ReplacingToken, outside_of_a_generation};
use super::staged::{Staged, StagedToken, publish};
use crate::failure::blocking;
use crate::text_encoding::{Encoder, NotOpen, TextEncoding};

/// What a [`TextSink`] writes, and where.
#[derive(Debug, Clone)]
pub struct TextSinkOptions {
    /// The file. Its folder is created if it is missing.
    pub path: PathBuf,
    /// Rows as bytes.
    pub format: TextEncoding,
    /// Every epoch is a gzip member or a Zstandard frame of its own.
    pub compression: Compression,
}

/// Writes one text file, exactly once.
///
/// The rows of a bounded run gather in the hidden file `.NAME.staged` in the same folder, which gets its final name
/// with the last epoch: the file appears whole, in place of an earlier run's. An unbounded run, and a bounded run that
/// goes on after an earlier one was complete, appends every epoch to the file as it is committed; a file that no
/// checkpoint knows is then refused unless the user asked to start over.
///
/// Where rows come in generations, each of them is a file of its own that is renamed over the one before.
#[derive(Debug)]
pub struct TextSink {
    options: TextSinkOptions,
    disk: Arc<dyn Disk>,
    mode: Option<Mode>,
    encoder: Option<Arc<Encoder>>,
    frame: Option<Frame>,
    /// The rows in the file and on their way into it.
    rows: u64,
    buffer: Vec<u8>,
}

#[derive(Debug)]
enum Mode {
    Staged(Staged),
    Growing(Growing),
    Replacing(Generations),
}

/// A file that is replaced as a whole, and the generation that is being written.
#[derive(Debug)]
struct Generations {
    replacing: Replacing,
    disk: Arc<dyn Disk>,
    compression: Compression,
    header: Vec<u8>,
    current: Option<(u64, OutputFile)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TextToken {
    format: u32,
    /// Format and compression: a run cannot go on in another form.
    form: String,
    /// The rows in the file, those of this epoch included.
    #[serde(default)]
    rows: u64,
    #[serde(flatten)]
    state: TokenState,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "lowercase")]
enum TokenState {
    Staged(StagedToken),
    Growing(GrowingToken),
    Replacing(ReplacingToken),
}

impl Generations {
    fn file(&mut self) -> Result<&mut OutputFile> {
        if self.current.is_none() {
            let (number, path) = self.replacing.next();
            let mut file = OutputFile::create(self.disk.as_ref(), path, self.compression)?;
            file.write(&self.header)?;
            self.current = Some((number, file));
        }
        match &mut self.current {
            Some((_, file)) => Ok(file),
            None => Err(Error::internal("the file that was just created is gone")),
        }
    }

    fn prepare(&mut self, generation: Option<u64>, tail: &[u8]) -> Result<ReplacingToken> {
        if generation.is_some() {
            // A generation without rows is one too.
            self.file()?.write(tail)?;
        }
        let Some((number, mut file)) = self.current.take() else {
            return self.replacing.prepare(None);
        };
        if generation.is_none() {
            return Err(outside_of_a_generation());
        }
        let length = file.seal()?;
        file.sync()?;
        self.replacing.prepare(Some((number, length)))
    }
}

impl TextSink {
    /// A sink that has touched nothing yet.
    pub fn new(options: TextSinkOptions) -> Self {
        Self::on_disk(options, Arc::new(LocalDisk))
    }

    pub(crate) fn on_disk(options: TextSinkOptions, disk: Arc<dyn Disk>) -> Self {
        Self { options, disk, mode: None, encoder: None, frame: None, rows: 0, buffer: Vec::new() }
    }

    fn form(&self) -> String {
        let format = self.options.format.name();
        match self.options.compression {
            Compression::None => format.to_owned(),
            compression => format!("{format}, {}", compression.name()),
        }
    }

    fn read_token(&self, token: PreCommit) -> Result<TextToken> {
        let token: TextToken = serde_json::from_value(token.0).map_err(|error| {
            Error::state(format!("the checkpoint holds no token of {}", self.options.path.display()))
                .caused_by(error)
                .hint("start over with --restart")
        })?;
        if token.format != 1 || token.form != self.form() {
            return Err(Error::state(format!(
                "{} was written as {} (token format {}); now it would be {}",
                self.options.path.display(),
                token.form,
                token.format,
                self.form()
            ))
            .hint("set the old format again, choose another path, or start over with --restart"));
        }
        Ok(token)
    }

    fn append(&mut self, bytes: &[u8], rows: u64) -> Result<WriteReport> {
        let (mode, frame) = self.mode.as_mut().zip(self.frame.as_ref()).ok_or_else(not_open)?;
        frame.place(self.rows, bytes, rows, |bytes| match mode {
            Mode::Staged(staged) => staged.write(bytes),
            Mode::Growing(growing) => growing.write(bytes),
            Mode::Replacing(_) if bytes.is_empty() => Ok(()),
            Mode::Replacing(generations) => generations.file()?.write(bytes),
        })?;
        self.rows += rows;
        Ok(WriteReport { rows, bytes: bytes.len() as u64, rejected: Vec::new() })
    }

    /// Runs `work` on the mode where waiting for the disk does no harm.
    async fn with_mode<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Mode) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut mode = self.mode.take().ok_or_else(not_open)?;
        let (mode, result) = blocking(move || {
            let result = work(&mut mode);
            Ok((mode, result))
        })
        .await?;
        self.mode = Some(mode);
        result
    }
}

#[async_trait]
impl Sink for TextSink {
    async fn open(&mut self, start: SinkStart) -> Result<()> {
        let place = Place::of(&self.options.path)?;
        let encoder = Encoder::new(&self.options.format, &start.schema)?;
        let frame = encoder.frame();
        let header = frame.head().to_vec();
        let (token, rows) = match start.resume {
            Some((_, token)) => {
                let token = self.read_token(token)?;
                (Some(token.state), token.rows)
            }
            None => (None, 0),
        };
        let (disk, compression) = (Arc::clone(&self.disk), self.options.compression);
        let (replaced, bounded) = (start.replaced, start.bounded);
        let mode = blocking(move || match token {
            None if replaced => {
                let replacing = Replacing::create(Arc::clone(&disk), place)?;
                Ok(Mode::Replacing(Generations { replacing, disk, compression, header, current: None }))
            }
            // A complete file, also one that was appended to, is a generation that the next one replaces.
            Some(token) if replaced => {
                let replacing = match token {
                    TokenState::Replacing(token) => Replacing::resume(Arc::clone(&disk), place, token)?,
                    TokenState::Staged(StagedToken { last: true, length, .. }) => {
                        publish(disk.as_ref(), &place, &place.staged(), length)?;
                        Replacing::create(Arc::clone(&disk), place)?
                    }
                    TokenState::Staged(_) | TokenState::Growing(_) => {
                        Replacing::create(Arc::clone(&disk), place)?
                    }
                };
                Ok(Mode::Replacing(Generations { replacing, disk, compression, header, current: None }))
            }
            Some(TokenState::Replacing(_)) => Err(Error::state(format!(
                "{} was replaced as a whole in the earlier run, and would be added to now",
                place.published().display()
            ))
            .hint("choose another path, or start over with --restart")),
            None if bounded => Staged::create(disk, place, compression, &header).map(Mode::Staged),
            None => Growing::create(disk, place, compression, header, start.restart).map(Mode::Growing),
            Some(TokenState::Growing(token)) => {
                Growing::resume(disk, place, compression, &token).map(Mode::Growing)
            }
            Some(TokenState::Staged(token)) if token.last => {
                publish(disk.as_ref(), &place, &place.staged(), token.length)?;
                Growing::after_completion(disk, place, compression, token.length, token.tail)
                    .map(Mode::Growing)
            }
            Some(TokenState::Staged(_)) if !bounded => Err(Error::state(format!(
                "the earlier run that wrote {} was bounded and did not finish; this one never ends by itself",
                place.published().display()
            ))
            .hint("let the earlier run finish with its own inputs, or start over with --restart")),
            Some(TokenState::Staged(token)) => {
                Staged::resume(disk, place, compression, token).map(Mode::Staged)
            }
        })
        .await?;
        self.mode = Some(mode);
        (self.frame, self.rows) = (Some(frame), if replaced { 0 } else { rows });
        self.encoder = Some(Arc::new(encoder));
        Ok(())
    }

    async fn write(&mut self, chunk: Chunk) -> Result<WriteReport> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        self.encoder.as_ref().ok_or_else(not_open)?.encode(&chunk.batch, &mut buffer)?;
        let report = self.append(&buffer, chunk.rows() as u64);
        self.buffer = buffer;
        report
    }

    async fn prepare(&mut self, _epoch: Epoch, info: &EpochInfo) -> Result<PreCommit> {
        let (last, generation) = (info.last, info.generation);
        let tail = self.frame.as_ref().ok_or_else(not_open)?.tail(self.rows).to_vec();
        let state = self
            .with_mode(move |mode| match mode {
                Mode::Staged(staged) => staged.prepare(last.then_some(&*tail)).map(TokenState::Staged),
                Mode::Growing(growing) => growing.prepare(&tail).map(TokenState::Growing),
                Mode::Replacing(generations) => {
                    generations.prepare(generation, &tail).map(TokenState::Replacing)
                }
            })
            .await?;
        if let TokenState::Replacing(_) = state {
            // The next generation begins a file of its own.
            self.rows = 0;
        }
        let token = TextToken { format: 1, form: self.form(), rows: self.rows, state };
        match serde_json::to_value(token) {
            Ok(token) => Ok(PreCommit(token)),
            Err(error) => Err(Error::internal("a token is no JSON").caused_by(error)),
        }
    }

    async fn commit(&mut self, token: PreCommit) -> Result<()> {
        let token = self.read_token(token)?.state;
        self.with_mode(move |mode| match (mode, token) {
            (Mode::Staged(staged), TokenState::Staged(token)) => staged.commit(token),
            (Mode::Growing(growing), TokenState::Growing(token)) => growing.commit(&token),
            (Mode::Replacing(generations), TokenState::Replacing(token)) => {
                generations.replacing.commit(token)
            }
            // The last token of the run before, which open has committed.
            (Mode::Growing(_) | Mode::Replacing(_), TokenState::Staged(token)) if token.last => Ok(()),
            _ => Err(Error::internal("a token of another run was to be committed")),
        })
        .await
    }

    /// Exactly once.
    fn delivery(&self) -> Delivery {
        Delivery::exactly_once(match self.mode {
            Some(Mode::Staged(_)) => "rows gather in a hidden file, which gets its name with the last epoch",
            Some(Mode::Growing(_)) => "epochs are staged, then appended where the checkpoint says",
            Some(Mode::Replacing(_)) => "each generation is written beside the file, and renamed over it",
            None => "rows are staged in a hidden file and published where the checkpoint says",
        })
    }
}

#[async_trait]
impl EncodingSink for TextSink {
    /// The encoder for the schema that `open` was given.
    fn encoder(&self) -> Arc<dyn Encode> {
        match &self.encoder {
            Some(encoder) => Arc::clone(encoder) as Arc<dyn Encode>,
            None => Arc::new(NotOpen),
        }
    }

    async fn write_encoded(&mut self, part: &EncodedPart) -> Result<WriteReport> {
        self.append(&part.bytes, part.rows)
    }
}

fn not_open() -> Error {
    Error::internal("the sink is not open")
}
