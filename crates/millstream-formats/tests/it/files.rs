//! Compressed text files, read as a connector would.

use std::io::{Read, Write};
use std::path::Path;

use millstream_formats::csv::{CsvFormat, CsvReadOptions};
use millstream_formats::{Compression, compressor, decompress};

use crate::reader;

#[test]
fn a_compressed_csv_file() {
    let text: String = std::iter::once("id,name\n".to_owned())
        .chain((0..5_000).map(|row| format!("{row},\"n, {row}\"\n")))
        .collect();
    let directory = tempfile::tempdir().unwrap();
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let path = directory.path().join(format!("a.csv{}", compression.extension()));
        let mut file = compressor(compression, std::fs::File::create(&path).unwrap()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.finish().unwrap();
        let first = std::fs::read(&path).unwrap();
        assert_eq!(Compression::detect(Path::new("nameless"), &first[..4]), compression);
        assert_eq!(Compression::from_path(&path), compression);
        let mut bytes = Vec::new();
        let file = std::fs::File::open(&path).unwrap();
        decompress(compression, file).unwrap().read_to_end(&mut bytes).unwrap();
        let (format, _) = CsvFormat::infer(CsvReadOptions::default(), &bytes[..1_000], false).unwrap();
        let content = reader::read(&format, &bytes, &[4_096]);
        assert_eq!((content.batch.num_rows(), content.rejected.len()), (5_000, 0));
    }
}
