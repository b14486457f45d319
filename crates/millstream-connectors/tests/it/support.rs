//! Files that are written and read back without the sinks and sources under test.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use millstream_connectors::conformance;
use millstream_core::{
    Chunk, Decode, Encode, Epoch, EpochInfo, Error, PreCommit, Pull, Result, Sink, SinkStart, Source,
};
use millstream_formats::csv::{CsvEncoder, CsvFormat, CsvReadOptions, CsvWriteOptions};
use millstream_formats::jsonl::{JsonlEncoder, JsonlFormat, JsonlReadOptions};
use millstream_formats::parquet::{ParquetFile, ParquetInput, ParquetOptions, encode_row_group};
use millstream_formats::text::{Block, TextFormat};
use millstream_formats::{Compression, compressor, decompress};

/// The declared types of the conformance rows.
pub(crate) fn declared() -> Vec<(String, DataType)> {
    let schema = conformance::schema();
    let fields = schema.fields().iter();
    fields.map(|field| (field.name().clone(), field.data_type().clone())).collect()
}

/// A text format of the conformance rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    Csv,
    Jsonl,
}

impl Text {
    pub(crate) fn header(self) -> Vec<u8> {
        match self {
            Self::Csv => {
                CsvEncoder::new(&conformance::schema(), &CsvWriteOptions::default()).unwrap().header()
            }
            Self::Jsonl => Vec::new(),
        }
    }

    pub(crate) fn encode(self, rows: &RecordBatch) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Csv => CsvEncoder::new(&conformance::schema(), &CsvWriteOptions::default())
                .unwrap()
                .encode(rows, &mut bytes),
            Self::Jsonl => JsonlEncoder::new(&conformance::schema()).unwrap().encode(rows, &mut bytes),
        }
        .unwrap();
        bytes
    }

    /// A line that is no row.
    pub(crate) fn bad_line(self) -> &'static [u8] {
        match self {
            Self::Csv => b"too,few\n",
            Self::Jsonl => b"{\"id\": }\n",
        }
    }

    fn format(self, sample: &[u8]) -> Result<Box<dyn TextFormat>> {
        let columns = Some(declared());
        Ok(match self {
            Self::Csv => {
                let options = CsvReadOptions { columns, ..CsvReadOptions::default() };
                Box::new(CsvFormat::infer(options, sample, true)?.0)
            }
            Self::Jsonl => {
                let options = JsonlReadOptions { columns, ..JsonlReadOptions::default() };
                Box::new(JsonlFormat::infer(options, sample, true)?.0)
            }
        })
    }

    /// The rows in `bytes`; a row that does not fit is an error.
    pub(crate) fn decode(self, bytes: &[u8]) -> Result<RecordBatch> {
        let format = self.format(bytes)?;
        let preamble = format.preamble(bytes, true)?.unwrap();
        let decoded = format.decode(&Block {
            bytes: bytes[preamble..].to_vec(),
            file: "read back".into(),
            byte_offset: 0,
            first_line: 1,
        })?;
        match decoded.rejected.first() {
            Some(rejected) => Err(Error::data(rejected.message.clone())),
            None => Ok(decoded.batch),
        }
    }
}

pub(crate) fn write_file(path: &Path, bytes: &[u8]) {
    let file = File::create(path).unwrap();
    let mut writer = compressor(Compression::from_path(path), file).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap();
}

/// The decompressed bytes of a file.
pub(crate) fn read_file(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    decompress(Compression::from_path(path), File::open(path).unwrap())
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

pub(crate) fn write_parquet(path: &Path, batches: &[RecordBatch]) {
    let schema = batches[0].schema();
    let options = ParquetOptions::default();
    let mut file = ParquetFile::new(File::create(path).unwrap(), &schema, &options, Vec::new()).unwrap();
    for batch in batches {
        file.append(encode_row_group(&schema, &options, batch).unwrap()).unwrap();
    }
    file.finish().unwrap();
}

pub(crate) fn read_parquet(path: &Path) -> Result<Vec<RecordBatch>> {
    let input = ParquetInput::open(path, None)?;
    let mut batches = vec![RecordBatch::new_empty(input.schema())];
    for group in 0..input.row_groups() {
        for slice in 0..input.slices(group) {
            batches.push(Box::new(input.read(group, slice)?).decode()?.batch);
        }
    }
    Ok(batches)
}

/// A schema of one integer column.
pub(crate) fn id_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]))
}

pub(crate) fn ids(range: std::ops::Range<i64>) -> RecordBatch {
    RecordBatch::try_new(id_schema(), vec![Arc::new(Int64Array::from_iter_values(range))]).unwrap()
}

pub(crate) fn start(bounded: bool, resume: Option<(Epoch, PreCommit)>) -> SinkStart {
    SinkStart {
        pipeline: "test".into(),
        schema: id_schema(),
        bounded,
        resume,
        replaced: false,
        restart: false,
    }
}

pub(crate) async fn write(sink: &mut dyn Sink, range: std::ops::Range<i64>) {
    let report = sink.write(Chunk::new("test".into(), 0, 0, ids(range.clone()))).await.unwrap();
    assert_eq!(report.rows as i64, range.end - range.start);
}

pub(crate) async fn prepare(sink: &mut dyn Sink, epoch: u64, last: bool) -> PreCommit {
    let info = EpochInfo { last, generation: None, bookmarks: Vec::new(), at: 0 };
    sink.prepare(Epoch(epoch), &info).await.unwrap()
}

/// An epoch from first row to commit.
pub(crate) async fn epoch(
    sink: &mut dyn Sink,
    range: std::ops::Range<i64>,
    epoch: u64,
    last: bool,
) -> PreCommit {
    write(sink, range).await;
    let token = prepare(sink, epoch, last).await;
    sink.commit(token.clone()).await.unwrap();
    token
}

/// The values of the first column (integers), and the messages of the rejected rows, until the source ends.
pub(crate) async fn read_ids(source: &mut dyn Source) -> Result<(Vec<i64>, Vec<String>)> {
    let (mut ids, mut rejected) = (Vec::new(), Vec::new());
    while let Pull::Work(work) = source.next().await? {
        let decoded = work.decode.decode()?;
        ids.extend(decoded.batch.column(0).as_primitive::<Int64Type>().values());
        rejected.extend(decoded.rejected.into_iter().map(|row| row.message));
    }
    Ok((ids, rejected))
}

/// The names in a folder, hidden ones included.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
