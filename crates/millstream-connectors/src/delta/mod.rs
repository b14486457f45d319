//! The Delta Lake sink: appends a stream to a table in a local folder, exactly once.
//!
//! An epoch becomes one version of the table: its Parquet files, written and flushed by `prepare`, enter the log in one
//! entry by `commit`, together with an application transaction whose version is the epoch. Whoever opens the sink again
//! sees in the log whether an epoch is there, so a commit can be repeated without repeating rows.
//!
//! - The table is made by the first epoch, in the same version as its rows. An epoch without rows adds no version,
//!   unless it is the first one.
//! - Each commit records the epoch's bookmarks twice: in its `commitInfo`, where `DESCRIBE HISTORY` shows them, and in
//!   a tag of its first file, which checkpoints of the log keep when old log entries are cleaned up. They are lost only
//!   if other tools also rewrite that file (by compaction; ours keeps them).
//! - [`ReportsProgress::progress`] tells the newest epoch that has rows; epochs without rows after it are not known to
//!   the table.
//! - A lock file in the folder (`.millstream-….lock`) keeps a second writer of the same stream out, whatever state it
//!   runs on; where there are no locks, the application transaction stops the one that commits second.
//! - A data file's name tells application, epoch and a hash of its content. What a killed run wrote and never committed
//!   is found by its name and removed by the next one.
//! - Where rows come in generations, an epoch's version removes all files before it and adds its own: readers see one
//!   generation or the other. What left the table stays on disk for [`DeltaSinkOptions::retention`].
//! - With [`DeltaSinkOptions::compact`], small files become large ones in versions of their own, beside the appends. A
//!   file that holds the rows of several epochs keeps in a tag what the newest of them has recorded.
//! - Others may append to, compact and vacuum the table meanwhile. Changing its columns stops the pipeline.
//! - Timestamps without a time zone become `timestamp_ntz`, and the table then asks for the feature `timestampNtz`,
//!   which Spark from 3.4, the Python package `deltalake` and DuckDB have. To turn them into instants would be to
//!   invent a time zone. Timestamps with a time zone ask for no feature.

mod compact;
mod folder;
mod log;
mod reader;
mod retired;
mod schema;
mod snapshot;
mod statistics;
mod table;
mod token;
mod writer;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use millstream_core::{
    Chunk, Delivery, Epoch, EpochInfo, Error, PreCommit, Progress, ReportsProgress, Result, Sink, SinkStart,
    StreamName, WriteReport,
};
use millstream_formats::parquet::{ParquetCompression, ParquetOptions};
use serde_json::json;

pub use compact::{CompactOptions, CompactTableOptions, Compaction, compact_table, is_table};
pub use reader::{DeltaReader, DeltaRows};

use crate::failure::sink_error;
use compact::Compactor;
use folder::{Folder, sync_folder};
use retired::Retired;
use schema::TableSchema;
use snapshot::Loaded;
use table::{Labels, Table, check_place};
use token::{DataFile, Token};
use writer::{EpochWriter, joined};

/// Long enough for a reader to finish what it began.
const RETENTION: Duration = Duration::from_hours(1);

/// Where and how a stream is written.
#[derive(Debug, Clone)]
pub struct DeltaSinkOptions {
    /// The table's folder. It is made if it is not there.
    pub path: PathBuf,
    /// Compression and row groups of the data files. A row group also ends at 16 MiB in memory, a file at 128 MiB or
    /// 8,388,608 rows.
    pub parquet: ParquetOptions,
    /// How long a data file stays after its rows left the table, for readers that began before; rows leave where they
    /// come in generations.
    pub retention: Duration,
    /// Whether small files become large ones while rows are appended, and when.
    pub compact: Option<CompactOptions>,
    /// The name that a new table gets in its metadata; the stream's by default.
    pub name: Option<String>,
    /// The description that a new table gets.
    pub description: Option<String>,
}

impl DeltaSinkOptions {
    /// The table in the folder `path`, with Snappy compression and a retention of an hour.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            parquet: ParquetOptions::default(),
            retention: RETENTION,
            compact: None,
            name: None,
            description: None,
        }
    }
}

/// The application whose transactions are the epochs of one stream of one pipeline: `millstream/PIPELINE/STREAM`.
/// Within the names, `/` is written as `%2F` and `%` as `%25`, so that no two streams share an application.
pub fn application_id(pipeline: &str, stream: &str) -> String {
    let escape = |name: &str| name.replace('%', "%25").replace('/', "%2F");
    format!("millstream/{}/{}", escape(pipeline), escape(stream))
}

/// Whether a Delta table can hold the columns of a stream: the error that the sink would give when it is opened.
pub fn check_columns(columns: &SchemaRef) -> Result<()> {
    TableSchema::new(columns).map(drop)
}

/// The data files of the newest version of the table in `folder`; `None` if there is no table.
///
/// # Errors
/// A source error if the log cannot be read, or if rows were deleted without rewriting their files.
pub async fn current_files(folder: &Path) -> Result<Option<Vec<PathBuf>>> {
    let Some(loaded) = Loaded::read(folder, "").await? else {
        return Ok(None);
    };
    let files = loaded.current_files(folder)?.ok_or_else(|| {
        let message = format!("rows of the table {} are deleted by deletion vectors", folder.display());
        Error::source(message).hint("rewrite its files first: OPTIMIZE or REORG TABLE … APPLY (PURGE)")
    })?;
    Ok(Some(files.iter().map(|file| folder.join(file)).collect()))
}

/// Appends one stream to one Delta table. Other streams, also of other pipelines, may append to the same table.
#[derive(Debug)]
pub struct DeltaSink {
    stream: StreamName,
    options: DeltaSinkOptions,
    opened: Option<Opened>,
}

#[derive(Debug)]
struct Opened {
    folder: Arc<Folder>,
    table: Table,
    writer: EpochWriter,
    compactor: Option<Compactor>,
    /// Whether rows come in generations.
    replaced: bool,
    retired: Retired,
    /// The newest epoch that was prepared or committed.
    prepared: Option<Epoch>,
}

impl DeltaSink {
    /// The sink of `stream`.
    pub fn new(stream: StreamName, options: DeltaSinkOptions) -> Self {
        Self { stream, options, opened: None }
    }

    fn opened(&mut self) -> Result<&mut Opened> {
        self.opened.as_mut().ok_or_else(|| Error::internal("the Delta sink was used before it was opened"))
    }

    fn labels(&self, pipeline: &str) -> Labels {
        Labels {
            application: application_id(pipeline, &self.stream),
            pipeline: pipeline.to_owned(),
            stream: self.stream.to_string(),
            name: self.options.name.clone().unwrap_or_else(|| self.stream.to_string()),
            description: self.options.description.clone(),
        }
    }
}

#[async_trait]
impl Sink for DeltaSink {
    async fn open(&mut self, start: SinkStart) -> Result<()> {
        // A sink that is opened again lets go of its folder first.
        self.opened = None;
        let path = &self.options.path;
        self.options.parquet.check()?;
        let schema = TableSchema::new(&start.schema)?;
        let labels = self.labels(&start.pipeline);
        let resume = start.resume.map(|(_, token)| Token::from_pre_commit(token)).transpose()?;
        if let Some(token) = &resume
            && !path.exists()
        {
            // Before the folder is made: an error leaves nothing behind.
            check_place(path, token, None)?;
        }

        let folder = Arc::new(Folder::claim(path, &labels.application)?);
        let loaded = Loaded::read(path, &labels.application).await?;
        let committed = loaded.as_ref().and_then(|loaded| loaded.standing.committed);
        if start.restart
            && let Some(epoch) = committed
        {
            return Err(Error::sink(format!(
                "the table {} holds the rows of epochs up to {epoch} of an earlier run, and rows are only appended",
                path.display()
            ))
            .hint(format!("remove the folder {} to start over", path.display())));
        }
        if let Some(loaded) = loaded.as_ref().filter(|_| start.replaced) {
            loaded.check_replaceable(path)?;
        }
        let retired = match &loaded {
            Some(loaded) => loaded.retired(path, &labels.application).await?,
            None => Vec::new(),
        };
        let mut retired = Retired::new(self.options.retention, retired);
        let mut table = Table::new(path, labels, schema, loaded.as_ref())?;
        if let Some(token) = &resume {
            table.check_resume(token)?;
            let removed = table.commit(&folder, token).await?;
            retired.add(token.at.div_euclid(1000), removed);
        }

        let compacted = folder.compacted()?;
        if let Some(loaded) = loaded.as_ref().filter(|_| !compacted.is_empty()) {
            folder.remove_orphans(&compacted, &loaded.known_files(path).await?)?;
        }
        let compactor = match self.options.compact.filter(|_| !start.replaced) {
            Some(options) => {
                let (application, parquet) =
                    (&application_id(&start.pipeline, &self.stream), self.options.parquet);
                Some(Compactor::new(path, application, &folder, parquet, options, loaded.as_ref())?)
            }
            None => None,
        };
        let leftovers = folder.sweep(table.committed())?;
        match &loaded {
            _ if leftovers.is_empty() => {}
            Some(loaded) => folder.remove_orphans(&leftovers, &loaded.known_files(path).await?)?,
            None if folder.are_of_one_epoch(&leftovers) => {
                folder.remove_orphans(&leftovers, &HashSet::new())?;
            }
            None => tracing::warn!(
                path = %path.display(),
                files = leftovers.len(),
                "data files of an earlier table are left here, without its log"
            ),
        }
        self.opened = Some(Opened {
            writer: match self.options.compact {
                Some(compact) => EpochWriter::new(table.schema().files().clone(), self.options.parquet)
                    .with_file_bytes(compact.target_file_size),
                None => EpochWriter::new(table.schema().files().clone(), self.options.parquet),
            },
            compactor,
            prepared: table.committed().max(resume.map(|token| token.epoch)),
            replaced: start.replaced,
            retired,
            folder,
            table,
        });
        Ok(())
    }

    /// `bytes` in the report are those of the rows in memory: the encoded size is known only when a row group is full.
    async fn write(&mut self, chunk: Chunk) -> Result<WriteReport> {
        let opened = self.opened()?;
        let batch = opened.table.schema().convert(&chunk.batch)?;
        opened.writer.write(&opened.folder, &batch).await?;
        Ok(WriteReport { rows: chunk.rows() as u64, bytes: chunk.bytes() as u64, rejected: Vec::new() })
    }

    async fn prepare(&mut self, epoch: Epoch, info: &EpochInfo) -> Result<PreCommit> {
        let compression = self.options.parquet.compression;
        let opened = self.opened()?;
        if opened.prepared >= Some(epoch) {
            let known = opened.prepared.unwrap_or_default();
            return Err(Error::state(format!(
                "the table {} already holds epoch {known} of this pipeline, which is only at epoch {epoch}",
                opened.folder.path().display()
            ))
            .hint("restore the pipeline's state; or remove the table's folder and use --restart"));
        }
        let finished = opened.writer.finish(&opened.folder).await?;
        if opened.replaced && info.generation.is_none() && !finished.is_empty() {
            return Err(Error::internal("rows of a replaced stream came outside of a generation"));
        }
        let mut files = Vec::with_capacity(finished.len());
        let mut renames = Vec::with_capacity(finished.len());
        for (index, file) in finished.into_iter().enumerate() {
            let name = opened.folder.data_file(index, epoch, file.fingerprint, codec(compression));
            renames.push((file.path, opened.folder.path().join(&name)));
            files.push(DataFile { name, bytes: file.bytes, rows: file.rows, statistics: file.statistics });
        }
        if !renames.is_empty() {
            let path = opened.folder.path().to_owned();
            joined(tokio::task::spawn_blocking(move || {
                let publish = || {
                    for (from, to) in &renames {
                        std::fs::rename(from, to)?;
                    }
                    sync_folder(&path)
                };
                publish().map_err(|cause| sink_error("publish files in", &path, cause))
            }))
            .await?;
        }
        opened.prepared = Some(epoch);
        let token = Token {
            epoch,
            at: info.at,
            files,
            generation: info.generation,
            bookmarks: info.bookmarks.clone(),
            table: opened.table.mark(),
        };
        token.to_pre_commit()
    }

    async fn commit(&mut self, token: PreCommit) -> Result<()> {
        let token = Token::from_pre_commit(token)?;
        let opened = self.opened()?;
        let removed = opened.table.commit(&opened.folder, &token).await?;
        let now = token.at.div_euclid(1000);
        opened.retired.add(now, removed);
        if let Some(compactor) = &mut opened.compactor {
            let sizes = token.files.iter().map(|file| file.bytes);
            compactor.after_commit(sizes, now, &mut opened.retired).await;
        }
        // The rows are committed: a file that cannot be removed is tried again next time.
        if let Err(error) = opened.retired.remove_due(&opened.folder, now) {
            tracing::warn!(path = %opened.folder.path().display(), %error, "old data files are left");
        }
        Ok(())
    }

    fn delivery(&self) -> Delivery {
        Delivery::exactly_once(
            "one Delta commit per epoch, whose application transaction has the epoch as its version",
        )
    }
}

#[async_trait]
impl ReportsProgress for DeltaSink {
    /// `details` are the table's `version` and its `rows` (null if a file does not tell).
    async fn progress(&mut self, pipeline: &str, stream: &StreamName) -> Result<Option<Progress>> {
        let path = &self.options.path;
        let application = application_id(pipeline, stream);
        let Some(loaded) = Loaded::read(path, &application).await? else {
            return Ok(None);
        };
        let Some(epoch) = loaded.standing.committed else {
            return Ok(None);
        };
        let Some(bookmarks) = loaded.bookmarks(path, &application)? else {
            return Err(Error::state(format!(
                "the table {} holds epoch {epoch} of {application}, but no longer the positions that go with it: its \
                 log was cleaned up and its files were rewritten",
                path.display()
            ))
            .hint("run from the pipeline's checkpoint; or remove the table's folder and use --restart"));
        };
        Ok(Some(Progress {
            epoch,
            bookmarks,
            details: json!({"version": loaded.standing.version, "rows": loaded.rows()}),
        }))
    }
}

/// The codec in file names, for people.
fn codec(compression: ParquetCompression) -> Option<&'static str> {
    match compression {
        ParquetCompression::None => None,
        ParquetCompression::Snappy => Some("snappy"),
        ParquetCompression::Zstd(_) => Some("zstd"),
    }
}
