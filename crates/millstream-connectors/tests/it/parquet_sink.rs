//! What Parquet files and folders look like between the calls.

use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use millstream_connectors::file::{ParquetSink, ParquetSinkOptions};
use millstream_core::{Epoch, ErrorKind, Sink, SinkStart};
use millstream_formats::parquet::{ParquetCompression, ParquetInput, ParquetOptions};

use crate::support::{epoch, names, prepare, read_parquet, start, write};

fn sink(path: &Path, row_group_rows: usize) -> ParquetSink {
    let options = ParquetOptions { row_group_rows, ..ParquetOptions::default() };
    ParquetSink::new(ParquetSinkOptions { path: path.to_owned(), options }, 2)
}

fn read(path: &Path) -> Vec<i64> {
    let batches = read_parquet(path).unwrap();
    let columns = batches.iter().map(|batch| batch.column(0).as_primitive::<Int64Type>());
    columns.flat_map(|column| column.values().to_vec()).collect()
}

fn row_groups(path: &Path) -> Vec<usize> {
    let input = ParquetInput::open(path, None).unwrap();
    (0..input.row_groups()).map(|group| input.rows(group)).collect()
}

#[tokio::test]
async fn epochs_are_hidden_parts_until_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    std::fs::write(&path, "old").unwrap();
    let mut sink = sink(&path, 4);
    sink.open(start(true, None)).await.unwrap();
    epoch(&mut sink, 0..6, 1, false).await;
    epoch(&mut sink, 6..6, 2, false).await;
    epoch(&mut sink, 6..7, 3, false).await;
    assert_eq!(names(folder.path()), [".x.parquet.part-1", ".x.parquet.part-2", "x.parquet"]);
    write(&mut sink, 7..10).await;
    let token = prepare(&mut sink, 4, true).await;
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    sink.commit(token).await.unwrap();
    assert_eq!(names(folder.path()), ["x.parquet"]);
    assert_eq!(read(&path), (0..10).collect::<Vec<_>>());
    assert_eq!(row_groups(&path), [4, 2, 1, 3]);
}

#[tokio::test]
async fn the_same_rows_give_the_same_bytes_however_they_are_chunked_and_encoded() {
    let mut files = Vec::new();
    for (chunk, encoders) in [(1, 1), (100, 3), (5000, 8)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.parquet");
        let options = ParquetOptions { row_group_rows: 300, ..ParquetOptions::default() };
        let options = ParquetSinkOptions { path: path.clone(), options };
        let mut sink = ParquetSink::new(options, encoders);
        sink.open(start(true, None)).await.unwrap();
        for from in (0..2000).step_by(chunk) {
            write(&mut sink, from..(from + chunk as i64).min(2000)).await;
        }
        let token = prepare(&mut sink, 1, true).await;
        sink.commit(token).await.unwrap();
        assert_eq!(row_groups(&path), [300, 300, 300, 300, 300, 300, 200]);
        files.push(std::fs::read(&path).unwrap());
    }
    assert!(files.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn an_unbounded_run_publishes_a_file_per_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lake/orders");
    let mut sink = sink(&path, 100);
    sink.open(start(false, None)).await.unwrap();
    epoch(&mut sink, 0..3, 1, false).await;
    epoch(&mut sink, 3..3, 2, false).await;
    write(&mut sink, 3..5).await;
    let token = prepare(&mut sink, 3, false).await;
    assert_eq!(names(&path), [".part-2.staged", "part-00000001.parquet"]);
    sink.commit(token).await.unwrap();
    assert_eq!(names(&path), ["part-00000001.parquet", "part-00000003.parquet"]);
    assert_eq!(read(&path.join("part-00000003.parquet")), [3, 4]);
}

#[tokio::test]
async fn a_folder_is_cut_back_to_its_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders");
    let mut first = sink(&path, 100);
    first.open(start(false, None)).await.unwrap();
    let token = epoch(&mut first, 0..3, 1, false).await;
    epoch(&mut first, 3..5, 2, false).await;
    drop(first);
    std::fs::write(path.join("notes.txt"), "mine").unwrap();
    let mut second = sink(&path, 100);
    second.open(start(false, Some((Epoch(1), token)))).await.unwrap();
    assert_eq!(names(&path), ["notes.txt", "part-00000001.parquet"]);
}

#[tokio::test]
async fn a_folder_that_nobody_knows_is_not_added_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = sink(folder.path(), 100);
    first.open(start(false, None)).await.unwrap();
    epoch(&mut first, 0..3, 7, false).await;
    drop(first);
    std::fs::write(folder.path().join("part-x.parquet"), "not ours").unwrap();
    for bounded in [true, false] {
        let error = sink(folder.path(), 100).open(start(bounded, None)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Sink);
        assert!(error.hint_text().unwrap().contains("--restart"), "{error}");
    }
    let restart = SinkStart { restart: true, ..start(false, None) };
    sink(folder.path(), 100).open(restart).await.unwrap();
    assert_eq!(names(folder.path()), ["part-x.parquet"]);
}

#[tokio::test]
async fn an_endless_run_cannot_be_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let error = sink(&path, 100).open(start(false, None)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.hint_text().unwrap().contains("give a folder"), "{error}");
    let mut one_file = sink(&path, 100);
    one_file.open(start(true, None)).await.unwrap();
    let token = epoch(&mut one_file, 0..1, 1, false).await;
    drop(one_file);
    std::fs::create_dir(&path).unwrap();
    let error = sink(&path, 100).open(start(true, Some((Epoch(1), token)))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::State, "{error}");
}

#[tokio::test]
async fn a_bounded_run_fills_a_folder_if_the_path_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut path = folder.path().join("orders").into_os_string();
    path.push("/");
    let path = std::path::PathBuf::from(path);
    let mut sink = sink(&path, 100);
    sink.open(start(true, None)).await.unwrap();
    epoch(&mut sink, 0..0, 1, true).await;
    assert_eq!(names(&path), ["part-00000001.parquet"], "an empty stream still has got columns");
    assert!(read(&path.join("part-00000001.parquet")).is_empty());
}

#[tokio::test]
async fn damaged_parts_and_changed_columns_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let mut first = sink(&path, 100);
    first.open(start(true, None)).await.unwrap();
    let token = epoch(&mut first, 0..3, 1, false).await;
    drop(first);
    let resume = || start(true, Some((Epoch(1), token.clone())));
    let other = SinkStart { schema: millstream_connectors::conformance::schema(), ..resume() };
    let error = sink(&path, 100).open(other).await.unwrap_err();
    assert!(error.to_string().contains("have changed"), "{error}");
    std::fs::write(folder.path().join(".x.parquet.part-1"), "cut").unwrap();
    let error = sink(&path, 100).open(resume()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::State, "{error}");
    assert!(error.hint_text().unwrap().contains("--restart"));
}

#[tokio::test]
async fn options_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (rows, compression) in [(0, ParquetCompression::None), (1, ParquetCompression::Zstd(99))] {
        let options = ParquetOptions { compression, row_group_rows: rows };
        let path = folder.path().join("x.parquet");
        let mut sink = ParquetSink::new(ParquetSinkOptions { path, options }, 1);
        assert_eq!(sink.open(start(true, None)).await.unwrap_err().kind(), ErrorKind::Config);
    }
}
