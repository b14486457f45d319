//! Encoded rows on their way into one file or several: what the sinks of text and Avro share.

use std::path::PathBuf;
use std::sync::Arc;

use millstream_core::{Delivery, EpochInfo, Error, PreCommit, Result, SinkStart};
use millstream_formats::Compression;
use millstream_formats::frame::Frame;
use serde::{Deserialize, Serialize};

use super::disk::Disk;
use super::growing::{Growing, GrowingToken};
use super::many::{Many, ManyToken};
use super::output::OutputFile;
use super::place::Place;
use super::replacing::{Replacing, ReplacingToken, outside_of_a_generation};
use super::split::Split;
use super::staged::{Staged, StagedToken, publish};
use crate::failure::blocking;

#[derive(Debug)]
pub(super) struct ByteOutput {
    path: PathBuf,
    compression: Compression,
    /// Format and compression: a run cannot go on in another form.
    form: String,
    split: Option<Split>,
    disk: Arc<dyn Disk>,
    opened: Option<Opened>,
}

#[derive(Debug)]
struct Opened {
    mode: Mode,
    frame: Frame,
    /// The rows in a single file and on their way into it.
    rows: u64,
}

#[derive(Debug)]
enum Mode {
    Staged(Staged),
    Growing(Growing),
    Many(Box<Many>),
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
struct Token {
    format: u32,
    form: String,
    /// The rows in a single file, those of this epoch included.
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
    Many(ManyToken),
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

impl ByteOutput {
    pub(super) fn new(path: PathBuf, compression: Compression, format: &str, disk: Arc<dyn Disk>) -> Self {
        let form = match compression {
            Compression::None => format.to_owned(),
            compression => format!("{format}, {}", compression.name()),
        };
        Self { path, compression, form, split: None, disk, opened: None }
    }

    /// Spreads the rows over several files.
    pub(super) fn split(&mut self, split: Split) {
        self.path = split.names.path(1);
        self.split = Some(split);
    }

    /// How the rows are spread.
    pub(super) fn spread(&self) -> Option<&Split> {
        self.split.as_ref()
    }

    /// The rows in the file that is open.
    pub(super) fn rows(&self) -> u64 {
        self.opened.as_ref().map_or(0, |opened| match &opened.mode {
            Mode::Many(many) => many.rows(),
            Mode::Staged(_) | Mode::Growing(_) | Mode::Replacing(_) => opened.rows,
        })
    }

    pub(super) async fn open(&mut self, start: &SinkStart, frame: Frame) -> Result<()> {
        if self.split.is_some() && start.replaced {
            return Err(Error::config(format!(
                "{} would be one of several files, which cannot be replaced in one step",
                self.path.display()
            ))
            .hint("write a single file or a Delta table, without `rows_per_file` and the like"));
        }
        let (token, rows) = match &start.resume {
            Some((_, token)) => {
                let token = self.read_token(token)?;
                (Some(token.state), token.rows)
            }
            None => (None, 0),
        };
        let (disk, compression, path) = (Arc::clone(&self.disk), self.compression, self.path.clone());
        let (bounded, restart, replaced) = (start.bounded, start.restart, start.replaced);
        let (split, form) = (self.split.clone(), frame.clone());
        let mode = blocking(move || {
            if let Some(split) = split {
                return match token {
                    None => Many::create(disk, split, compression, form, bounded, restart)
                        .map(|many| Mode::Many(Box::new(many))),
                    Some(TokenState::Many(token)) => {
                        Many::resume(disk, split, compression, form, bounded, &token)
                            .map(|many| Mode::Many(Box::new(many)))
                    }
                    Some(_) => Err(another_shape(&path)),
                };
            }
            let place = Place::of(&path)?;
            let head = form.head().to_vec();
            match token {
                None if replaced => {
                    let replacing = Replacing::create(Arc::clone(&disk), place)?;
                    Ok(Mode::Replacing(Generations { replacing, disk, compression, header: head, current: None }))
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
                        TokenState::Many(_) => return Err(another_shape(&path)),
                    };
                    Ok(Mode::Replacing(Generations { replacing, disk, compression, header: head, current: None }))
                }
                Some(TokenState::Replacing(_)) => Err(Error::state(format!(
                    "{} was replaced as a whole in the earlier run, and would be added to now",
                    place.published().display()
                ))
                .hint("choose another path, or start over with --restart")),
                None if bounded => Staged::create(disk, place, compression, &head).map(Mode::Staged),
                None => Growing::create(disk, place, compression, head, restart).map(Mode::Growing),
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
                Some(TokenState::Many(_)) => Err(another_shape(&path)),
            }
        })
        .await?;
        self.opened = Some(Opened { mode, frame, rows: if start.replaced { 0 } else { rows } });
        Ok(())
    }

    /// Takes encoded rows.
    pub(super) fn write(&mut self, bytes: &[u8], rows: u64) -> Result<()> {
        let Opened { mode, frame, rows: before } = self.opened.as_mut().ok_or_else(not_open)?;
        match mode {
            Mode::Staged(staged) => frame.place(*before, bytes, rows, |piece| staged.write(piece))?,
            Mode::Growing(growing) => frame.place(*before, bytes, rows, |piece| growing.write(piece))?,
            Mode::Many(many) => many.write(bytes, rows)?,
            Mode::Replacing(_) if bytes.is_empty() => {}
            Mode::Replacing(generations) => {
                let file = generations.file()?;
                frame.place(*before, bytes, rows, |piece| file.write(piece))?;
            }
        }
        *before += rows;
        Ok(())
    }

    pub(super) async fn prepare(&mut self, info: &EpochInfo) -> Result<PreCommit> {
        let (last, generation) = (info.last, info.generation);
        let state = self
            .with_opened(move |opened| {
                let tail = opened.frame.tail(opened.rows);
                match &mut opened.mode {
                    Mode::Staged(staged) => staged.prepare(last.then_some(tail)).map(TokenState::Staged),
                    Mode::Growing(growing) => growing.prepare(tail).map(TokenState::Growing),
                    Mode::Many(many) => many.prepare(last).map(TokenState::Many),
                    Mode::Replacing(generations) => {
                        let token = generations.prepare(generation, tail).map(TokenState::Replacing);
                        // The next generation begins a file of its own.
                        opened.rows = 0;
                        token
                    }
                }
            })
            .await?;
        let rows = self.opened.as_ref().map_or(0, |opened| opened.rows);
        match serde_json::to_value(Token { format: 1, form: self.form.clone(), rows, state }) {
            Ok(token) => Ok(PreCommit(token)),
            Err(error) => Err(Error::internal("a token is no JSON").caused_by(error)),
        }
    }

    pub(super) async fn commit(&mut self, token: &PreCommit) -> Result<()> {
        let state = self.read_token(token)?.state;
        self.with_opened(move |opened| match (&mut opened.mode, state) {
            (Mode::Staged(staged), TokenState::Staged(token)) => staged.commit(token),
            (Mode::Growing(growing), TokenState::Growing(token)) => growing.commit(&token),
            (Mode::Many(many), TokenState::Many(token)) => many.commit(&token),
            (Mode::Replacing(generations), TokenState::Replacing(token)) => {
                generations.replacing.commit(token)
            }
            // The last token of the run before, which open has committed.
            (Mode::Growing(_) | Mode::Replacing(_), TokenState::Staged(token)) if token.last => Ok(()),
            _ => Err(Error::internal("a token of another run was to be committed")),
        })
        .await
    }

    pub(super) fn delivery(&self) -> Delivery {
        Delivery::exactly_once(match self.opened.as_ref().map(|opened| &opened.mode) {
            Some(Mode::Staged(_)) => "rows gather in a hidden file, which gets its name with the last epoch",
            Some(Mode::Growing(_)) => "epochs are staged, then appended where the checkpoint says",
            Some(Mode::Replacing(_)) => "each generation is written beside the file, and renamed over it",
            Some(Mode::Many(_)) => {
                "rows gather in hidden files, which are published where the checkpoint says"
            }
            None => "rows are staged in a hidden file and published where the checkpoint says",
        })
    }

    fn read_token(&self, token: &PreCommit) -> Result<Token> {
        let token: Token = serde_json::from_value(token.0.clone()).map_err(|error| {
            Error::state(format!("the checkpoint holds no token of {}", self.path.display()))
                .caused_by(error)
                .hint("start over with --restart")
        })?;
        if token.format != 1 || token.form != self.form {
            return Err(Error::state(format!(
                "{} was written as {} (token format {}); now it would be {}",
                self.path.display(),
                token.form,
                token.format,
                self.form
            ))
            .hint("set the old format again, choose another path, or start over with --restart"));
        }
        Ok(token)
    }

    /// Runs `work` where waiting for the disk does no harm.
    async fn with_opened<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Opened) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut opened = self.opened.take().ok_or_else(not_open)?;
        let (opened, result) = blocking(move || {
            let result = work(&mut opened);
            Ok((opened, result))
        })
        .await?;
        self.opened = Some(opened);
        result
    }
}

pub(super) fn not_open() -> Error {
    Error::internal("the sink is not open, or an earlier call failed")
}

fn another_shape(path: &std::path::Path) -> Error {
    Error::state(format!(
        "{} was one file in the earlier run and would be several now, or the other way round",
        path.display()
    ))
    .hint("choose another path, or start over with --restart")
}
