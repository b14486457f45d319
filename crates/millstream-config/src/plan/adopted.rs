//! Sources as parents of generated tables.

use std::path::PathBuf;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use millstream_connectors::delta::DeltaReader;
use millstream_connectors::file::{FileFormat, FileSource, FileSourceOptions};
use millstream_core::{Error, Pull, Result, Source as _};
use millstream_generate::{AdoptedRows, AdoptedSpec, AdoptedTable};

use crate::document::{Document, SourceConnector, SourceKind};

/// Opens the sources that tables refer to: what the compiler needs to know of them, and what reads them.
pub(super) async fn open(document: &Document) -> Result<(Vec<AdoptedSpec>, Vec<Box<dyn AdoptedTable>>)> {
    let (mut specs, mut tables) = (Vec::new(), Vec::<Box<dyn AdoptedTable>>::new());
    for source in document.adopted() {
        let name = source.name.value.clone();
        let table = Adopted::of(&source.connector)
            .ok_or_else(|| Error::internal(format!("the source {name} cannot be a parent")))?;
        let schema = table.schema().await.map_err(|error| error.context(format!("source {name}")))?;
        specs.push(AdoptedSpec { name, schema });
        tables.push(Box::new(table));
    }
    Ok((specs, tables))
}

/// A source that is a parent.
#[derive(Debug)]
enum Adopted {
    Delta(DeltaReader),
    /// Paths and globs of Parquet files.
    Parquet(Vec<String>),
}

impl Adopted {
    fn of(connector: &SourceConnector) -> Option<Self> {
        match &connector.kind.value {
            SourceKind::Delta(delta) => {
                Some(Self::Delta(DeltaReader::new(PathBuf::from(delta.path.value.reveal()))))
            }
            SourceKind::Parquet(parquet) => {
                let paths = parquet.paths.iter().map(|path| path.value.reveal().to_owned());
                Some(Self::Parquet(paths.collect()))
            }
            SourceKind::Csv(_) | SourceKind::Jsonl(_) => None,
        }
    }

    async fn schema(&self) -> Result<SchemaRef> {
        match self {
            Self::Delta(table) => table.schema().await,
            Self::Parquet(paths) => {
                let source = files(paths, None).await?;
                let streams = source.streams();
                Ok(streams.first().map_or_else(|| Schema::empty().into(), |stream| stream.schema.clone()))
            }
        }
    }
}

async fn files(paths: &[String], columns: Option<Vec<String>>) -> Result<FileSource> {
    let format = Some(FileFormat::Parquet { columns });
    let options = FileSourceOptions { format, ..FileSourceOptions::new(paths.to_vec()) };
    FileSource::open_files("parent", options).await
}

#[async_trait]
impl AdoptedTable for Adopted {
    /// Of a Delta table its version; of files their size in bytes, which tells most changes.
    async fn newest(&mut self) -> Result<u64> {
        match self {
            Self::Delta(table) => table.newest(),
            Self::Parquet(paths) => files(paths, None).await?.total_bytes(),
        }
    }

    async fn read(&mut self, version: u64, columns: &[String]) -> Result<AdoptedRows> {
        match self {
            Self::Delta(table) => {
                let rows = table.read(version, columns).await?;
                Ok(AdoptedRows { batch: rows.batch, parts: rows.files })
            }
            Self::Parquet(paths) => {
                let mut source = files(paths, Some(columns.to_vec())).await?;
                let bytes = source.total_bytes()?;
                if bytes != version {
                    return Err(Error::state(format!(
                        "the files {} have {bytes} bytes, and had {version} when they were read",
                        paths.join(", ")
                    ))
                    .hint("restore them, or start over with a new state and an empty output"));
                }
                let names = source.files().iter().map(|path| path.display().to_string());
                let parts = names.zip(sizes(source.files())?).map(|(name, size)| format!("{name} {size}"));
                let parts = parts.collect();
                let mut batches = Vec::new();
                source.open(None).await?;
                loop {
                    match source.next().await? {
                        Pull::Work(work) => batches.push(work.decode.decode()?.batch),
                        Pull::End => break,
                        Pull::Boundary | Pull::Generation { .. } => {}
                    }
                }
                let there = source.streams().first().map(|stream| stream.schema.clone());
                let schema = there.unwrap_or_else(|| Schema::empty().into());
                let all = concat_batches(&schema, &batches).map_err(failed)?;
                // Files give columns in their own order.
                let order =
                    columns.iter().map(|column| schema.index_of(column)).collect::<Result<Vec<_>, _>>();
                let batch: RecordBatch = all.project(&order.map_err(failed)?).map_err(failed)?;
                Ok(AdoptedRows { batch, parts })
            }
        }
    }
}

fn sizes(files: &[PathBuf]) -> Result<Vec<u64>> {
    let size = |path: &PathBuf| {
        let metadata = std::fs::metadata(path);
        metadata
            .map(|metadata| metadata.len())
            .map_err(|error| Error::source(format!("cannot look at {}", path.display())).caused_by(error))
    };
    files.iter().map(size).collect()
}

fn failed(cause: arrow::error::ArrowError) -> Error {
    Error::source("cannot put the rows of a parent together").caused_by(cause)
}
