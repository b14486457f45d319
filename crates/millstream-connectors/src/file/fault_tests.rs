//! Every operation of every file sink fails once, for good; a new sink then finishes the work.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use millstream_core::{
    Chunk, Decode, Epoch, EpochInfo, Error, ErrorKind, PreCommit, Result, Sink, SinkStart,
};
use millstream_formats::csv::CsvWriteOptions;
use millstream_formats::parquet::{ParquetInput, ParquetOptions};
use millstream_formats::{Compression, decompress};

use super::disk::faulty::FaultyDisk;
use super::disk::{Disk, LocalDisk, names_in};
use super::{FileNames, ParquetSink, ParquetSinkOptions, Split, TextEncoding, TextSink, TextSinkOptions};

const ENDS: [i64; 4] = [4, 4, 9, 20];

#[derive(Debug, Clone, Copy)]
enum Kind {
    Jsonl,
    Json,
    CsvGzip,
    Parquet,
    ParquetFolder,
    ManyJsonl,
    ManyParquet,
}

#[derive(Clone, Default)]
struct Checkpoint {
    token: Option<(Epoch, PreCommit)>,
    rows: i64,
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]))
}

fn rows(range: std::ops::Range<i64>) -> RecordBatch {
    RecordBatch::try_new(schema(), vec![Arc::new(Int64Array::from_iter_values(range))]).unwrap()
}

fn split(folder: &Path, extension: &str) -> Split {
    let names = FileNames::new(&folder.join("out"), "x-{n:05}", extension).unwrap();
    Split { names, rows: std::num::NonZeroU64::new(6), bytes: None }
}

impl Kind {
    fn sink(self, folder: &Path, disk: Arc<dyn Disk>) -> Box<dyn Sink> {
        let text = |name: &str, format, compression| TextSinkOptions {
            path: folder.join("out").join(name),
            format,
            compression,
        };
        let parquet = |path| ParquetSinkOptions {
            path,
            options: ParquetOptions { row_group_rows: 3, ..ParquetOptions::default() },
        };
        match self {
            Self::Jsonl => {
                Box::new(TextSink::on_disk(text("x.jsonl", TextEncoding::Jsonl, Compression::None), disk))
            }
            Self::Json => {
                Box::new(TextSink::on_disk(text("x.json", TextEncoding::Json, Compression::None), disk))
            }
            Self::CsvGzip => Box::new(TextSink::on_disk(
                text("x.csv.gz", TextEncoding::Csv(CsvWriteOptions::default()), Compression::Gzip),
                disk,
            )),
            Self::Parquet => Box::new(ParquetSink::on_disk(parquet(folder.join("out/x.parquet")), 2, disk)),
            Self::ManyJsonl => Box::new(
                TextSink::on_disk(text("x.jsonl", TextEncoding::Jsonl, Compression::None), disk)
                    .split(split(folder, ".jsonl")),
            ),
            Self::ManyParquet => Box::new(
                ParquetSink::on_disk(parquet(folder.join("out/x.parquet")), 2, disk)
                    .split(split(folder, ".parquet")),
            ),
            Self::ParquetFolder => Box::new(ParquetSink::on_disk(parquet(folder.join("out")), 2, disk)),
        }
    }

    /// The ids that a reader sees; `None` if nothing is published.
    fn visible(self, folder: &Path) -> io::Result<Option<Vec<i64>>> {
        let out = folder.join("out");
        let names = names_in(&out)?.into_iter().filter(|name| !name.starts_with('.'));
        let mut ids = None;
        for name in names {
            let ids: &mut Vec<i64> = ids.get_or_insert_default();
            let path = out.join(name);
            match self {
                Self::Jsonl | Self::Json | Self::CsvGzip | Self::ManyJsonl => {
                    let file = std::fs::File::open(&path)?;
                    let mut text = String::new();
                    decompress(Compression::from_path(&path), file)?.read_to_string(&mut text)?;
                    let numbers = text.lines().filter(|line| !["id", "[", "]"].contains(line)).map(|line| {
                        let digits: String = line.chars().filter(char::is_ascii_digit).collect();
                        digits.parse::<i64>().map_err(io::Error::other)
                    });
                    ids.extend(numbers.collect::<io::Result<Vec<_>>>()?);
                }
                Self::Parquet | Self::ParquetFolder | Self::ManyParquet => {
                    let input = ParquetInput::open(&path, None).map_err(io::Error::other)?;
                    for group in 0..input.row_groups() {
                        let slice = Box::new(input.read(group, 0).unwrap());
                        let batch = slice.decode().unwrap().batch;
                        ids.extend(batch.column(0).as_primitive::<Int64Type>().values());
                    }
                }
            }
        }
        Ok(ids)
    }
}

/// Plays the engine; what it had in its state store when it ended or failed is left in `kept`.
async fn run(mut sink: Box<dyn Sink>, bounded: bool, ends: &[i64], kept: &mut Checkpoint) -> Result<()> {
    sink.open(SinkStart {
        pipeline: "faults".into(),
        schema: schema(),
        bounded,
        resume: kept.token.clone(),
        replaced: false,
        restart: false,
    })
    .await?;
    for (index, end) in ends.iter().enumerate() {
        let end = *end.max(&kept.rows);
        sink.write(Chunk::new("faults".into(), 0, 0, rows(kept.rows..end))).await?;
        let epoch = Epoch(kept.token.as_ref().map_or(1, |(epoch, _)| epoch.0 + 1));
        let info = EpochInfo {
            last: bounded && index + 1 == ends.len(),
            generation: None,
            bookmarks: Vec::new(),
            at: 0,
        };
        let token = sink.prepare(epoch, &info).await?;
        *kept = Checkpoint { token: Some((epoch, token.clone())), rows: end };
        sink.commit(token).await?;
    }
    Ok(())
}

fn check_error(error: &Error, step: i64) {
    assert_eq!(error.kind(), ErrorKind::Sink, "step {step}: {error}");
    assert!(
        error.hint_text().is_some_and(|hint| hint.contains("free space")),
        "step {step}: {error} (hint: {:?})",
        error.hint_text()
    );
}

/// What a reader may see after a crash: whole epochs from the start; and of a growing text file, the start of the
/// next one.
fn check_visible(kind: Kind, bounded: bool, folder: &Path, kept: &Checkpoint, step: i64) {
    let growing_text = !bounded && matches!(kind, Kind::Jsonl | Kind::Json | Kind::CsvGzip | Kind::ManyJsonl);
    let ids = match kind.visible(folder) {
        Ok(ids) => ids.unwrap_or_default(),
        // Only while it is appended to may a compressed file be cut off.
        Err(_) if growing_text => return,
        Err(error) => panic!("step {step}: the published file is broken: {error}"),
    };
    if growing_text {
        return;
    }
    assert_eq!(ids, (0..ids.len() as i64).collect::<Vec<_>>(), "step {step}");
    assert!(ids.len() as i64 <= kept.rows, "step {step}: more than the checkpoint: {ids:?}");
    // Several files appear one after the other.
    let many = matches!(kind, Kind::ManyJsonl | Kind::ManyParquet);
    assert!(
        many || ids.is_empty() || ENDS.contains(&(ids.len() as i64)),
        "step {step}: half an epoch is visible: {ids:?}"
    );
}

async fn every_step_may_crash(kind: Kind, bounded: bool) {
    for step in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::fails_after(step, io::ErrorKind::StorageFull);
        let mut kept = Checkpoint::default();
        let result = run(kind.sink(folder.path(), Arc::new(disk.clone())), bounded, &ENDS, &mut kept).await;
        let struck = disk.struck();
        match result {
            Err(error) => {
                assert!(struck, "step {step}: {error}");
                check_error(&error, step);
                check_visible(kind, bounded, folder.path(), &kept, step);
                let sink = kind.sink(folder.path(), Arc::new(LocalDisk));
                run(sink, bounded, &[11, 20], &mut kept)
                    .await
                    .unwrap_or_else(|error| panic!("{kind:?}, step {step}: cannot resume: {error}"));
            }
            Ok(()) => assert!(!struck, "step {step}: the fault was swallowed"),
        }
        let ids = kind.visible(folder.path()).unwrap().unwrap();
        assert_eq!(ids, (0..20).collect::<Vec<_>>(), "{kind:?}, bounded {bounded}, step {step}");
        let hidden = names_in(&folder.path().join("out")).unwrap();
        let hidden: Vec<_> = hidden.iter().filter(|name| name.starts_with('.')).collect();
        assert!(hidden.is_empty(), "step {step}: left behind: {hidden:?}");
        if !struck {
            assert!(step > 10, "only {step} steps: the faulty disk was not used");
            return;
        }
    }
}

/// A crash while the crash before is being healed.
async fn healing_may_crash(kind: Kind, bounded: bool) {
    for first in (0..).step_by(3) {
        for second in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let mut kept = Checkpoint::default();
            let mut struck = Vec::new();
            for steps in [first, second] {
                let disk = FaultyDisk::crashes_after(steps);
                let sink = kind.sink(folder.path(), Arc::new(disk.clone()));
                let result = run(sink, bounded, &ENDS, &mut kept).await;
                assert_eq!(result.is_err(), disk.struck());
                struck.push(disk.struck());
                if result.is_ok() {
                    break;
                }
            }
            if struck == [true, true] {
                let sink = kind.sink(folder.path(), Arc::new(LocalDisk));
                run(sink, bounded, &[20], &mut kept)
                    .await
                    .unwrap_or_else(|error| panic!("{kind:?}, steps {first}, {second}: {error}"));
            }
            let ids = kind.visible(folder.path()).unwrap().unwrap();
            assert_eq!(ids, (0..20).collect::<Vec<_>>(), "{kind:?}, steps {first}, {second}");
            match struck.as_slice() {
                [false] => return,
                [true, false] => break,
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn a_bounded_jsonl_file_survives_a_fault_at_every_step() {
    every_step_may_crash(Kind::Jsonl, true).await;
    healing_may_crash(Kind::Jsonl, true).await;
}

#[tokio::test]
async fn a_growing_jsonl_file_survives_a_fault_at_every_step() {
    every_step_may_crash(Kind::Jsonl, false).await;
    healing_may_crash(Kind::Jsonl, false).await;
}

#[tokio::test]
async fn json_arrays_survive_a_fault_at_every_step() {
    for bounded in [true, false] {
        every_step_may_crash(Kind::Json, bounded).await;
        healing_may_crash(Kind::Json, bounded).await;
    }
}

#[tokio::test]
async fn several_files_survive_a_fault_at_every_step() {
    for (kind, bounded) in [(Kind::ManyJsonl, true), (Kind::ManyJsonl, false), (Kind::ManyParquet, true)] {
        every_step_may_crash(kind, bounded).await;
    }
}

#[tokio::test]
async fn compressed_csv_files_survive_a_fault_at_every_step() {
    every_step_may_crash(Kind::CsvGzip, true).await;
    every_step_may_crash(Kind::CsvGzip, false).await;
}

#[tokio::test]
async fn a_parquet_file_survives_a_fault_at_every_step() {
    every_step_may_crash(Kind::Parquet, true).await;
    healing_may_crash(Kind::Parquet, true).await;
}

#[tokio::test]
async fn a_folder_of_parquet_files_survives_a_fault_at_every_step() {
    every_step_may_crash(Kind::ParquetFolder, false).await;
    healing_may_crash(Kind::ParquetFolder, false).await;
}

#[tokio::test]
async fn a_full_disk_leaves_what_an_earlier_run_published() {
    for kind in [Kind::Jsonl, Kind::CsvGzip, Kind::Parquet] {
        for step in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let mut first = Checkpoint::default();
            run(kind.sink(folder.path(), Arc::new(LocalDisk)), true, &[7], &mut first).await.unwrap();
            let disk = FaultyDisk::fails_after(step, io::ErrorKind::StorageFull);
            let mut again = Checkpoint::default();
            let sink = kind.sink(folder.path(), Arc::new(disk.clone()));
            let result = run(sink, true, &ENDS, &mut again).await;
            let ids = kind.visible(folder.path()).unwrap().unwrap().len();
            if result.is_ok() {
                assert_eq!(ids, 20);
                break;
            }
            // The rename is the border; the sync after it may still fail.
            assert!(ids == 7 || (ids == 20 && again.rows == 20), "{kind:?}, step {step}: {ids} rows");
        }
    }
}
