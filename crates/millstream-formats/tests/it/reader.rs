//! What a connector does: reads a file piece by piece and decodes blocks of whole records.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use millstream_core::{Encode, Payload, RejectedRow};
use millstream_formats::jsonl::JsonlEncoder;
use millstream_formats::text::{Block, TextFormat};

/// What a file holds: its rows, and its rejected rows with their index among all records.
#[derive(Debug, PartialEq)]
pub(crate) struct Content {
    pub batch: RecordBatch,
    pub rejected: Vec<RejectedRow>,
}

/// Reads `file` in pieces of these sizes (the last one again and again).
pub(crate) fn read(format: &dyn TextFormat, file: &[u8], pieces: &[usize]) -> Content {
    let preamble = preamble(format, file, pieces);
    let mut position = preamble;
    let mut buffer = Vec::new();
    let mut start = preamble;
    let mut line = 1 + line_feeds(&file[..preamble]);
    let (mut batches, mut rejected, mut records) = (Vec::new(), Vec::new(), 0);
    let mut sizes = pieces.iter().copied();
    let mut size = usize::MAX;
    loop {
        size = sizes.next().unwrap_or(size).max(1);
        let end = position.saturating_add(size).min(file.len());
        buffer.extend_from_slice(&file[position..end]);
        position = end;
        let at_end = position == file.len();
        let whole = format.whole_records(&buffer, at_end).unwrap();
        assert!(whole <= buffer.len());
        let rest = buffer.split_off(whole);
        let block = Block {
            bytes: std::mem::replace(&mut buffer, rest),
            file: Arc::from("file"),
            byte_offset: start as u64,
            first_line: line,
        };
        start += whole;
        line += line_feeds(&block.bytes);
        let decoded = format.decode(&block).unwrap();
        assert_eq!(decoded.input_bytes, whole as u64);
        assert_eq!(decoded.batch.schema(), format.schema());
        let found = decoded.batch.num_rows() + decoded.rejected.len();
        for mut row in decoded.rejected {
            assert!(row.row_index < found as u64);
            row.row_index += records;
            rejected.push(row);
        }
        records += found as u64;
        batches.push(decoded.batch);
        if at_end {
            assert!(buffer.is_empty());
            break;
        }
    }
    assert!(rejected.is_sorted_by(|a, b| a.row_index < b.row_index));
    let batch = concat_batches(&format.schema(), &batches).unwrap();
    Content { batch, rejected }
}

/// Finds the preamble with a buffer that grows by these pieces.
fn preamble(format: &dyn TextFormat, file: &[u8], pieces: &[usize]) -> usize {
    let mut end = 0;
    let mut sizes = pieces.iter().copied();
    let mut size = usize::MAX;
    loop {
        size = sizes.next().unwrap_or(size).max(1);
        end = file.len().min(end + size.min(file.len()));
        let at_end = end == file.len();
        if let Some(length) = format.preamble(&file[..end], at_end).unwrap() {
            let whole = format.preamble(file, true).unwrap();
            assert_eq!(whole, Some(length), "the preamble depends on the buffer");
            return length;
        }
        assert!(!at_end, "no preamble at the end of the file");
    }
}

pub(crate) fn whole(format: &dyn TextFormat, file: &[u8]) -> Content {
    read(format, file, &[])
}

fn line_feeds(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').count() as u64 - 1
}

/// The rows as JSONL, to compare with what is expected.
pub(crate) fn jsonl(batch: &RecordBatch) -> String {
    let mut bytes = Vec::new();
    JsonlEncoder::new(&batch.schema()).unwrap().encode(batch, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// A rejected row's message and payload as text.
pub(crate) fn shown(row: &RejectedRow) -> (String, String) {
    let payload = match &row.payload {
        Payload::Row(json) => json.clone(),
        Payload::Raw(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    };
    (row.message.clone(), payload)
}
