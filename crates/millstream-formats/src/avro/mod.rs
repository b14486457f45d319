//! Avro object container files: a header with the schema, and blocks of rows that any thread can make.

mod encode;
mod schema;

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use flate2::Crc;
use flate2::write::DeflateEncoder;
use millstream_core::{Error, Result};

use crate::frame::Frame;
use crate::jsonl::check_types;

/// How the blocks of an Avro file are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AvroCompression {
    /// Not at all.
    None,
    /// DEFLATE, which every reader knows.
    #[default]
    Deflate,
    /// Snappy: fast.
    Snappy,
    /// Zstandard.
    Zstd,
}

impl AvroCompression {
    fn codec(self) -> &'static str {
        match self {
            Self::None => "null",
            Self::Deflate => "deflate",
            Self::Snappy => "snappy",
            Self::Zstd => "zstandard",
        }
    }
}

/// Makes the blocks of an Avro file.
///
/// A column that may hold nulls is a union with null. Dates, times, timestamps (`local-timestamp-…` without a time
/// zone) and decimals have their logical types; lists, structs and maps are arrays, records and maps. Unsigned 64-bit
/// integers are decimals of 20 digits.
#[derive(Debug)]
pub struct AvroEncoder {
    schema: SchemaRef,
    types: Vec<DataType>,
    compression: AvroCompression,
    json: String,
    sync: [u8; 16],
}

impl AvroEncoder {
    /// An encoder for batches of `schema`, whose record is called after `name`. Refuses columns that Avro cannot hold,
    /// and column names that it does not allow.
    pub fn new(schema: &SchemaRef, name: &str, compression: AvroCompression) -> Result<Self> {
        let json = schema::json(name, schema)?;
        Ok(Self {
            types: schema.fields().iter().map(|field| field.data_type().clone()).collect(),
            schema: schema.clone(),
            compression,
            sync: sync_marker(&json),
            json,
        })
    }

    /// What stands before the blocks. Blocks cannot be cut.
    pub fn frame(&self) -> Frame {
        let mut head = b"Obj\x01".to_vec();
        encode::long(2, &mut head);
        encode::bytes(b"avro.schema", &mut head);
        encode::bytes(self.json.as_bytes(), &mut head);
        encode::bytes(b"avro.codec", &mut head);
        encode::bytes(self.compression.codec().as_bytes(), &mut head);
        head.push(0);
        head.extend_from_slice(&self.sync);
        Frame::blocks(head)
    }

    /// The rows of `parts`, in order, as one block; nothing if there are none.
    pub fn block(&self, parts: &[RecordBatch]) -> Result<Vec<u8>> {
        let rows: usize = parts.iter().map(RecordBatch::num_rows).sum();
        if rows == 0 {
            return Ok(Vec::new());
        }
        let mut plain = Vec::new();
        for part in parts {
            check_types(&self.types, part)?;
            encode::rows(self.schema.fields(), part, &mut plain)?;
        }
        let packed = self.compress(plain)?;
        let mut block = Vec::with_capacity(packed.len() + 36);
        encode::long(rows as i64, &mut block);
        encode::bytes(&packed, &mut block);
        block.extend_from_slice(&self.sync);
        Ok(block)
    }

    fn compress(&self, plain: Vec<u8>) -> Result<Vec<u8>> {
        let failed =
            |error: std::io::Error| Error::sink("cannot compress a block of an Avro file").caused_by(error);
        Ok(match self.compression {
            AvroCompression::None => plain,
            AvroCompression::Deflate => {
                let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(&plain).and_then(|()| encoder.finish()).map_err(failed)?
            }
            AvroCompression::Snappy => {
                let mut packed = snap::raw::Encoder::new()
                    .compress_vec(&plain)
                    .map_err(|error| failed(std::io::Error::other(error)))?;
                let mut checksum = Crc::new();
                checksum.update(&plain);
                packed.extend_from_slice(&checksum.sum().to_be_bytes());
                packed
            }
            AvroCompression::Zstd => {
                zstd::bulk::compress(&plain, zstd::DEFAULT_COMPRESSION_LEVEL).map_err(failed)?
            }
        })
    }
}

/// The bytes between blocks. Others draw them; here they follow from the schema (FNV-1a, twice), so that the same rows
/// make the same file, and a file can be appended to.
fn sync_marker(json: &str) -> [u8; 16] {
    let hash = |seed: u64| {
        json.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    };
    let mut marker = [0; 16];
    marker[..8].copy_from_slice(&hash(0xcbf2_9ce4_8422_2325).to_be_bytes());
    marker[8..].copy_from_slice(&hash(0x6c62_272e_07bb_0142).to_be_bytes());
    marker
}
