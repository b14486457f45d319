//! The source of CSV, JSONL and Parquet files.

mod bookmark;
mod listing;
mod outlet;
mod parquet_reader;
mod schema;
mod text_reader;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use async_trait::async_trait;
use millstream_core::{Bookmark, Error, Pull, Result, Source, StreamName, StreamSchema};
use millstream_formats::csv::CsvReadOptions;
use millstream_formats::jsonl::JsonlReadOptions;
use tokio::sync::mpsc;

use self::bookmark::{FileBookmark, FileMark, ParquetPosition, Position, Resume, TextPosition, sizes};
use self::outlet::{Item, Outlet, Progress, Stop};
use self::schema::Format;
use crate::failure::blocking;

/// Which files to read, and how.
#[derive(Debug, Clone)]
pub struct FileSourceOptions {
    /// Paths and globs. All files together are read sorted by path, each once.
    pub paths: Vec<String>,
    /// How the files are read; `None` to tell by the file names, without `.gz` or `.zst`.
    pub format: Option<FileFormat>,
    /// About how many bytes of text one worker decodes at a time; a longer record makes a longer block. At least 1.
    pub block_bytes: usize,
}

impl FileSourceOptions {
    /// The usual options for `paths`: the format by file name, blocks of 128 KiB.
    pub fn new(paths: Vec<String>) -> Self {
        Self { paths, format: None, block_bytes: 128 << 10 }
    }
}

/// How files are read.
#[derive(Debug, Clone)]
pub enum FileFormat {
    /// Comma-separated values, also with other separators.
    Csv(CsvReadOptions),
    /// A JSON object on each line.
    Jsonl(JsonlReadOptions),
    /// Apache Parquet.
    Parquet {
        /// The columns to read; all if `None`.
        columns: Option<Vec<String>>,
    },
}

/// Reads files one after the other as one bounded stream.
///
/// A thread reads, decompresses and cuts text into blocks of whole records, two blocks ahead; the blocks are decoded
/// wherever the engine wants. Parquet files are handed out in slices of row groups. Memory does not grow with the
/// files, nor with their number but for their names.
///
/// The bookmark holds the files so far with their sizes, and the place in the current one. A later run reads what is
/// new: files that sort after the current one, and what was appended to it. It refuses to go on where it would lose or
/// double rows: if the current file has shrunk or is gone before it was read to its end, if a file before it has
/// changed, or if a new one sorts before it.
#[derive(Debug)]
pub struct FileSource {
    stream: StreamSchema,
    format: Format,
    block_bytes: usize,
    files: Vec<PathBuf>,
    marks: Vec<FileMark>,
    place: Place,
    reading: Reading,
}

/// Where the source is.
#[derive(Debug)]
enum Place {
    /// Where an earlier run stopped: nothing was read since.
    Before(FileBookmark),
    /// In a file, or at its end.
    In { file: usize, position: Position, done: bool },
}

#[derive(Debug)]
enum Reading {
    NotOpen,
    Open(mpsc::Receiver<Result<Item>>),
    Ended,
}

impl FileSource {
    /// Finds the files and their columns: lists them, reads the start of each, and infers types from a sample of the
    /// first one that is not empty.
    ///
    /// # Errors
    /// A source error if there is no such file, or if the columns of the files differ; a config error for options
    /// that do not fit.
    pub async fn open_files(name: impl Into<StreamName>, options: FileSourceOptions) -> Result<Self> {
        let name = name.into();
        if options.block_bytes == 0 {
            return Err(Error::config("a block needs at least one byte"));
        }
        let block_bytes = options.block_bytes;
        let (files, format, origin) = blocking(move || {
            let files = listing::expand(&options.paths)?;
            let (format, origin) = schema::find(&files, options.format)?;
            Ok((files, format, origin))
        })
        .await
        .map_err(|error| error.context(format!("source {name}")))?;
        let position = format.start();
        Ok(Self {
            stream: StreamSchema { name, schema: format.schema(), bounded: true, replaced: false, origin },
            format,
            block_bytes,
            marks: Vec::new(),
            place: Place::In { file: 0, position, done: false },
            files,
            reading: Reading::NotOpen,
        })
    }

    /// The files, in the order in which they are read.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The sizes of all files as stored, in bytes: what a progress bar counts against.
    pub fn total_bytes(&self) -> Result<u64> {
        Ok(sizes(&self.files)?.iter().sum())
    }

    fn start_reading(&mut self, resume: &Resume) -> Result<()> {
        let (outlet, receiver) = Outlet::new();
        let (files, format, block_bytes) = (self.files.clone(), self.format.clone(), self.block_bytes);
        let (first, position) = (resume.file, resume.position);
        std::thread::Builder::new()
            .name("millstream-read".into())
            .spawn(move || {
                let outcome = read_files(&files, &format, block_bytes, first, position, &outlet);
                outlet.close(outcome);
            })
            .map_err(|error| Error::source("cannot start a thread to read files").caused_by(error))?;
        self.reading = Reading::Open(receiver);
        Ok(())
    }

    fn reached(&mut self, progress: &Progress) {
        if let (Some(size), Some(mark)) = (progress.done, self.marks.get_mut(progress.file)) {
            mark.size = size;
        }
        self.place =
            Place::In { file: progress.file, position: progress.position, done: progress.done.is_some() };
    }
}

fn read_files(
    files: &[PathBuf],
    format: &Format,
    block_bytes: usize,
    first: usize,
    mut position: Option<Position>,
    outlet: &Outlet,
) -> Result<(), Stop> {
    for (index, path) in files.iter().enumerate().skip(first) {
        match (format.reader(block_bytes), position.take()) {
            (schema::Reader::Text(reader), None) => reader.read(path, index, TextPosition::START, outlet)?,
            (schema::Reader::Text(reader), Some(Position::Text(start))) => {
                reader.read(path, index, start, outlet)?;
            }
            (schema::Reader::Parquet(reader), None) => {
                reader.read(path, index, ParquetPosition::START, outlet)?;
            }
            (schema::Reader::Parquet(reader), Some(Position::Parquet(start))) => {
                reader.read(path, index, start, outlet)?;
            }
            (_, Some(_)) => {
                return Err(Stop::Failed(
                    Error::state(format!("{} was read in another format before", path.display()))
                        .hint("set the old format again, or start over with --restart"),
                ));
            }
        }
    }
    Ok(())
}

#[async_trait]
impl Source for FileSource {
    fn streams(&self) -> Vec<StreamSchema> {
        vec![self.stream.clone()]
    }

    async fn open(&mut self, from: Option<Bookmark>) -> Result<()> {
        let files = self.files.clone();
        let (marks, resume, place) = blocking(move || {
            let sizes = sizes(&files)?;
            let marks = files
                .iter()
                .zip(&sizes)
                .map(|(file, &size)| FileMark { path: file.display().to_string(), size });
            let marks: Vec<FileMark> = marks.collect();
            let Some(from) = from else {
                return Ok((marks, Resume::default(), None));
            };
            let from = FileBookmark::read(from)?;
            let resume = from.locate(&files, &sizes)?;
            Ok((marks, resume, Some(Place::Before(from))))
        })
        .await
        .map_err(|error| error.context(format!("source {}", self.stream.name)))?;
        self.marks = marks;
        if let Some(place) = place {
            self.place = place;
        }
        self.start_reading(&resume)
    }

    async fn next(&mut self) -> Result<Pull> {
        loop {
            let Reading::Open(receiver) = &mut self.reading else {
                return match self.reading {
                    Reading::Ended => Ok(Pull::End),
                    _ => Err(Error::internal("the source is not open, or it has failed")),
                };
            };
            // Cancel-safe: an item is either taken, and then there is no more waiting, or it stays.
            match receiver.recv().await {
                Some(Ok(Item::Work(work, progress))) => {
                    self.reached(&progress);
                    return Ok(Pull::Work(work));
                }
                Some(Ok(Item::Finished(progress))) => self.reached(&progress),
                Some(Ok(Item::End)) => self.reading = Reading::Ended,
                Some(Err(error)) => {
                    self.reading = Reading::NotOpen;
                    return Err(error.context(format!("source {}", self.stream.name)));
                }
                None => {
                    self.reading = Reading::NotOpen;
                    return Err(Error::internal("the thread that reads files died"));
                }
            }
        }
    }

    fn bookmark(&self) -> Bookmark {
        let bookmark = match &self.place {
            Place::Before(bookmark) => bookmark.clone(),
            Place::In { file, position, done } => {
                let files = self.marks.iter().take(file + 1).cloned().collect();
                FileBookmark::new(files, *file, *position, *done)
            }
        };
        match serde_json::to_value(bookmark) {
            Ok(value) => Bookmark(value),
            // Strings and numbers always are JSON.
            Err(_) => Bookmark(serde_json::Value::Null),
        }
    }

    /// Files need no acknowledgement.
    async fn committed(&mut self, _upto: &Bookmark) -> Result<()> {
        Ok(())
    }
}
