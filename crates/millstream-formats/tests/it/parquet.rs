//! Parquet: bytes that depend on the rows alone, slices that are the file, parts that become one.

use std::path::Path;
use std::slice::from_ref;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, ListArray, RecordBatch, StringArray, StringViewArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Int32Type, SchemaRef};
use millstream_core::Decode;
use millstream_formats::parquet::{
    ParquetCompression, ParquetFile, ParquetInput, ParquetOptions, RowGroupBuffer, SLICE_ROWS, concatenate,
    encode_row_group,
};
use proptest::prelude::*;

use crate::batches::{batch, nested_types, scalar_types};

fn options(row_group_rows: usize) -> ParquetOptions {
    ParquetOptions { row_group_rows, ..ParquetOptions::default() }
}

/// The bytes of a file made from chunks.
fn write(schema: &SchemaRef, options: &ParquetOptions, chunks: &[RecordBatch]) -> Vec<u8> {
    let mut buffer = RowGroupBuffer::new(Arc::clone(schema), options.row_group_rows);
    let mut file =
        ParquetFile::new(Vec::new(), schema, options, vec![("epoch".to_owned(), "7".to_owned())]).unwrap();
    let mut rows = 0;
    for chunk in chunks {
        for group in buffer.push(chunk).unwrap() {
            let rows = group.rows();
            assert_eq!(rows, options.row_group_rows);
            let encoded = group.encode(options).unwrap();
            assert_eq!(encoded.rows(), rows);
            file.append(encoded).unwrap();
        }
        rows += chunk.num_rows();
        assert_eq!(file.rows_written() as usize + buffer.rows(), rows);
    }
    if let Some(group) = buffer.finish() {
        file.append(group.encode(options).unwrap()).unwrap();
    }
    assert_eq!((buffer.rows(), buffer.bytes()), (0, 0));
    let written = file.bytes_written();
    let (bytes, metadata) = file.finish().unwrap();
    assert!(bytes.len() as u64 > written);
    assert_eq!(metadata.file_metadata().num_rows() as usize, rows);
    bytes
}

fn chunked(batch: &RecordBatch, size: usize) -> Vec<RecordBatch> {
    let starts = (0..batch.num_rows()).step_by(size.max(1));
    starts.map(|start| batch.slice(start, size.min(batch.num_rows() - start))).collect()
}

fn read(path: &Path, columns: Option<Vec<String>>) -> (ParquetInput, RecordBatch) {
    let input = ParquetInput::open(path, columns).unwrap();
    let mut batches = Vec::new();
    for group in 0..input.row_groups() {
        let mut rows = 0;
        for slice in 0..input.slices(group) {
            let slice = input.read(group, slice).unwrap();
            assert!(slice.rows() <= SLICE_ROWS);
            let expected = slice.rows();
            let decoded = Box::new(slice).decode().unwrap();
            assert_eq!(decoded.batch.num_rows(), expected);
            rows += expected;
            batches.push(decoded.batch);
        }
        assert_eq!(rows, input.rows(group));
    }
    let batch = concat_batches(&input.schema(), &batches).unwrap();
    (input, batch)
}

fn numbers(rows: usize) -> RecordBatch {
    let ids: ArrayRef =
        Arc::new(Int64Array::from_iter_values((0..rows as i64).map(|row| row * 7919 % 100_003)));
    let names = (0..rows).map(|row| (row % 11 != 0).then(|| format!("name {}", row * 31 % 5_000)));
    let names: ArrayRef = Arc::new(names.collect::<StringArray>());
    RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("name", names, true)]).unwrap()
}

#[test]
fn the_same_rows_are_the_same_bytes() {
    let batch = numbers(10_500);
    for compression in [ParquetCompression::None, ParquetCompression::Snappy, ParquetCompression::Zstd(3)] {
        let options = ParquetOptions { compression, row_group_rows: 4_000 };
        let whole = write(&batch.schema(), &options, from_ref(&batch));
        for size in [1, 7, 1_000, 4_000, 4_001] {
            assert!(write(&batch.schema(), &options, &chunked(&batch, size)) == whole, "chunks of {size}");
        }
    }
}

#[test]
fn row_groups_in_slices() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.parquet");
    let batch = numbers(SLICE_ROWS * 2 + 10_000);
    std::fs::write(&path, write(&batch.schema(), &options(SLICE_ROWS * 2 - 5), &chunked(&batch, 8_192)))
        .unwrap();
    let (input, found) = read(&path, None);
    assert_eq!(found, batch);
    assert_eq!((input.row_groups(), input.slices(0), input.slices(1), input.slices(2)), (2, 2, 1, 0));
    assert_eq!(input.key_value_metadata(), [("epoch".to_owned(), Some("7".to_owned()))]);
    assert!(input.read(0, 2).is_err() && input.read(2, 0).is_err());

    let (input, names) = read(&path, Some(vec!["name".to_owned()]));
    assert_eq!(names, batch.project(&[1]).unwrap());
    let part = input.read(0, 0).unwrap();
    assert!(part.estimated_bytes() > 0 && part.estimated_bytes() < input.compressed_bytes(0) * 20);
    // In the order of the file.
    let (_, both) = read(&path, Some(vec!["name".to_owned(), "id".to_owned()]));
    assert_eq!(both, batch);
    let error = ParquetInput::open(&path, Some(vec!["nmae".to_owned()])).unwrap_err();
    assert!(error.to_string().ends_with("has no column \"nmae\""));
    assert_eq!(error.hint_text(), Some("it has id, name"));
}

#[test]
fn many_threads_read_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.parquet");
    let batch = numbers(60_000);
    std::fs::write(&path, write(&batch.schema(), &options(1_000), from_ref(&batch))).unwrap();
    let input = ParquetInput::open(&path, None).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (input, batch) = (&input, &batch);
            scope.spawn(move || {
                for group in (thread..60).step_by(2) {
                    let found = Box::new(input.read(group, 0).unwrap()).decode().unwrap().batch;
                    assert_eq!(found, batch.slice(group * 1_000, 1_000));
                }
            });
        }
    });
}

#[test]
fn parts_become_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let batch = numbers(9_000);
    let mut parts = Vec::new();
    for (index, part) in chunked(&batch, 4_000).iter().enumerate() {
        let path = directory.path().join(format!("{index}.parquet"));
        std::fs::write(&path, write(&part.schema(), &options(1_500), from_ref(part))).unwrap();
        parts.push(path);
    }
    let mut bytes = Vec::new();
    concatenate(&parts, &mut bytes).unwrap();
    let mut again = Vec::new();
    concatenate(&parts, &mut again).unwrap();
    assert!(bytes == again);
    let path = directory.path().join("all.parquet");
    std::fs::write(&path, bytes).unwrap();
    let (input, found) = read(&path, None);
    assert_eq!(found, batch);
    assert_eq!(input.row_groups(), 7);
    assert_eq!(input.key_value_metadata(), [("epoch".to_owned(), Some("7".to_owned()))]);

    let other = directory.path().join("other.parquet");
    let ids = batch.project(&[0]).unwrap();
    std::fs::write(&other, write(&ids.schema(), &options(1_500), from_ref(&ids))).unwrap();
    let error = concatenate(&[parts[0].clone(), other], Vec::new()).unwrap_err();
    assert!(error.to_string().contains("their columns differ"), "{error}");
    assert!(concatenate(&[], Vec::new()).is_err());
}

#[test]
fn a_cut_off_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.parquet");
    let batch = numbers(2_000);
    let bytes = write(&batch.schema(), &options(1_500), from_ref(&batch));
    for cut in [0, 3, 100, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let error = ParquetInput::open(&path, None).unwrap_err();
        assert!(error.to_string().contains("a.parquet is no whole Parquet file"), "{error}");
    }
}

#[test]
fn options_are_checked() {
    let schema = numbers(1).schema();
    let wrong = [
        ParquetOptions { row_group_rows: 0, ..ParquetOptions::default() },
        ParquetOptions { compression: ParquetCompression::Zstd(99), ..ParquetOptions::default() },
    ];
    for options in wrong {
        assert!(options.check().is_err());
        assert!(ParquetFile::new(Vec::new(), &schema, &options, Vec::new()).is_err());
    }
    assert!(
        encode_row_group(&schema, &ParquetOptions::default(), &numbers(1).project(&[0]).unwrap()).is_err()
    );
}

#[test]
fn a_failing_writer_is_a_sink_error() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if self.0 < bytes.len() {
                return Err(std::io::Error::new(std::io::ErrorKind::StorageFull, "no space left"));
            }
            self.0 -= bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let batch = numbers(20_000);
    let options = options(20_000);
    let mut file = ParquetFile::new(Full(50), &batch.schema(), &options, Vec::new()).unwrap();
    let failed = file
        .append(encode_row_group(&batch.schema(), &options, &batch).unwrap())
        .and_then(|()| file.finish().map(|_| ()));
    let error = failed.unwrap_err();
    assert_eq!(error.kind(), millstream_core::ErrorKind::Sink);
    assert!(error.to_string().contains("no space left"), "{error}");
}

fn parquet_types() -> Vec<DataType> {
    let types = [scalar_types(), nested_types()].concat();
    types
        .into_iter()
        .filter(|data_type| !matches!(data_type, DataType::Decimal128(_, scale) if *scale < 0))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn round_trip(batch in batch(parquet_types(), false), group in 1usize..12, size in 1usize..30) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.parquet");
        let bytes = write(&batch.schema(), &options(group), from_ref(&batch));
        prop_assert!(write(&batch.schema(), &options(group), &chunked(&batch, size)) == bytes);
        std::fs::write(&path, bytes).unwrap();
        let (_, found) = read(&path, None);
        prop_assert_eq!(found.schema(), batch.schema());
        for (found, written) in found.columns().iter().zip(batch.columns()) {
            prop_assert_eq!(found.as_ref(), written.as_ref());
            prop_assert_eq!(found.null_count(), written.null_count());
        }
    }
}

proptest! {
    /// The borders of row groups follow from the rows, not from the chunks that they come in.
    #[test]
    fn groups_that_end_by_size_are_the_same_for_any_chunks(
        texts in proptest::collection::vec(proptest::option::of("[a-z]{0,40}"), 1..200),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..8),
        bytes in 50_usize..2_000,
        file_rows in proptest::option::of(1_u64..60),
    ) {
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(
            texts.iter().map(|text| text.as_ref().map(|text| text.bytes().map(|byte| Some(i32::from(byte))))),
        );
        let views: StringViewArray = texts.iter().map(Option::as_deref).collect();
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("n", Arc::new(Int64Array::from_iter_values(0..texts.len() as i64))),
            ("t", Arc::new(texts.iter().map(Option::as_deref).collect::<StringArray>())),
            ("v", Arc::new(views)),
            ("l", Arc::new(lists)),
        ];
        let columns = columns.into_iter().map(|(name, column)| (name, column, true));
        let rows = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let gather = |chunks: &[RecordBatch]| {
            let mut buffer = RowGroupBuffer::new(rows.schema(), 64).with_bytes(bytes).with_file_rows(file_rows, 0);
            let mut groups = Vec::new();
            for chunk in chunks {
                groups.extend(buffer.push(chunk).unwrap());
            }
            groups.extend(buffer.finish());
            groups.into_iter().map(|group| group.into_batch().unwrap()).collect::<Vec<_>>()
        };
        let whole = gather(from_ref(&rows));
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(rows.num_rows() + 1)).collect();
        ends.sort_unstable();
        ends.push(rows.num_rows());
        let mut from = 0;
        let mut chunks = Vec::new();
        for to in ends {
            chunks.push(rows.slice(from, to - from));
            from = to;
        }
        let cut = gather(&chunks);
        prop_assert_eq!(&cut, &whole);
        let mut end = 0;
        for (index, group) in whole.iter().enumerate() {
            end += group.num_rows() as u64;
            prop_assert!(group.num_rows() <= 64);
            if let Some(limit) = file_rows {
                prop_assert!((end - 1) / limit == (end - group.num_rows() as u64) / limit, "a group in two files");
            }
            let text = group.column(1).as_string::<i32>();
            let all_but_last: usize = (0..group.num_rows() - 1).map(|row| text.value_length(row) as usize).sum();
            prop_assert!(all_but_last < bytes, "group {} is too large", index);
        }
    }
}
