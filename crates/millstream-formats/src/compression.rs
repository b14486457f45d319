//! Compressed files: gzip and Zstandard, told apart by their first bytes.

use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use millstream_core::Error;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Large enough that a decoder rarely waits for a system call.
const INPUT_BUFFER: usize = 256 * 1024;

/// How the bytes of a file are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// RFC 1952, with any number of members.
    Gzip,
    /// RFC 8878, with any number of frames.
    Zstd,
}

impl Compression {
    /// The compression of a file, by the magic number in its first bytes, and by its name if they tell nothing.
    pub fn detect(path: &Path, first_bytes: &[u8]) -> Self {
        if first_bytes.starts_with(&GZIP_MAGIC) {
            Self::Gzip
        } else if first_bytes.starts_with(&ZSTD_MAGIC) {
            Self::Zstd
        } else {
            Self::from_path(path)
        }
    }

    /// The compression that the name of a file asks for: `.gz`, `.zst`, or none.
    pub fn from_path(path: &Path) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(extension) if extension.eq_ignore_ascii_case("gz") => Self::Gzip,
            Some(extension) if extension.eq_ignore_ascii_case("zst") => Self::Zstd,
            _ => Self::None,
        }
    }

    /// `none`, `gzip` or `zstd`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// What a file name ends with, the dot included; empty if not compressed.
    pub fn extension(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }
}

/// The decompressed bytes of `reader`. A stream that ends in the middle of a member or frame gives an error of kind
/// [`io::ErrorKind::UnexpectedEof`] where the data end; see [`read_error`].
pub fn decompress(
    compression: Compression,
    reader: impl Read + Send + 'static,
) -> io::Result<Box<dyn Read + Send>> {
    Ok(match compression {
        Compression::None => Box::new(reader),
        Compression::Gzip => Box::new(Explained {
            inner: MultiGzDecoder::new(BufReader::with_capacity(INPUT_BUFFER, reader)),
            compression,
            bytes: 0,
        }),
        Compression::Zstd => Box::new(Explained {
            inner: zstd::Decoder::with_buffer(BufReader::with_capacity(INPUT_BUFFER, reader))?,
            compression,
            bytes: 0,
        }),
    })
}

/// The source error for a failure while `file` was read: says so when the file is cut off.
pub fn read_error(file: &str, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return Error::source(format!("{file} is truncated: {error}"))
            .hint("fetch or copy the file again: its end is missing");
    }
    Error::source(format!("cannot read {file}: {error}")).caused_by(error)
}

/// Says in its errors which format broke, and where.
struct Explained<R> {
    inner: R,
    compression: Compression,
    bytes: u64,
}

impl<R: Read> Read for Explained<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(read) => {
                self.bytes += read as u64;
                Ok(read)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let (name, bytes) = (self.compression.name(), self.bytes);
                let message = if error.kind() == io::ErrorKind::UnexpectedEof {
                    format!("the {name} stream ends early, after {bytes} decompressed bytes")
                } else {
                    format!("broken {name} stream after {bytes} decompressed bytes: {error}")
                };
                Err(io::Error::new(error.kind(), message))
            }
        }
    }
}

/// Compresses what is written to it. Dropping it without [`Compressor::finish`] leaves a truncated stream.
pub enum Compressor<W: Write> {
    /// Hands the bytes on as they are.
    None(W),
    /// A gzip member, without name and time stamp: the same input gives the same bytes.
    Gzip(GzEncoder<W>),
    /// A Zstandard frame with a checksum.
    Zstd(zstd::Encoder<'static, W>),
}

/// A [`Compressor`] in front of `writer`, at the usual level of its format (gzip 6, zstd 3).
pub fn compressor<W: Write>(compression: Compression, writer: W) -> io::Result<Compressor<W>> {
    Ok(match compression {
        Compression::None => Compressor::None(writer),
        Compression::Gzip => Compressor::Gzip(GzEncoder::new(writer, flate2::Compression::default())),
        Compression::Zstd => {
            let mut encoder = zstd::Encoder::new(writer, zstd::DEFAULT_COMPRESSION_LEVEL)?;
            encoder.include_checksum(true)?;
            Compressor::Zstd(encoder)
        }
    })
}

impl<W: Write> Compressor<W> {
    /// Writes the end of the stream and gives the writer back. The caller flushes and syncs it.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::None(writer) => Ok(writer),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }

    /// The writer behind the compressor.
    pub fn get_ref(&self) -> &W {
        match self {
            Self::None(writer) => writer,
            Self::Gzip(encoder) => encoder.get_ref(),
            Self::Zstd(encoder) => encoder.get_ref(),
        }
    }

    /// The writer behind the compressor; writing to it directly breaks the stream.
    pub fn get_mut(&mut self) -> &mut W {
        match self {
            Self::None(writer) => writer,
            Self::Gzip(encoder) => encoder.get_mut(),
            Self::Zstd(encoder) => encoder.get_mut(),
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::None(writer) => writer.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::None(writer) => writer.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}

impl<W: Write> std::fmt::Debug for Compressor<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None(_) => "Compressor::None",
            Self::Gzip(_) => "Compressor::Gzip",
            Self::Zstd(_) => "Compressor::Zstd",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compress(compression: Compression, bytes: &[u8]) -> Vec<u8> {
        let mut writer = compressor(compression, Vec::new()).unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    fn read_all(compression: Compression, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        decompress(compression, io::Cursor::new(bytes))?.read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn magic_bytes_come_before_the_extension() {
        let gzip = compress(Compression::Gzip, b"x");
        let zstd = compress(Compression::Zstd, b"x");
        assert_eq!(Compression::detect(Path::new("a.csv"), &gzip), Compression::Gzip);
        assert_eq!(Compression::detect(Path::new("a.gz"), &zstd), Compression::Zstd);
        assert_eq!(Compression::detect(Path::new("a.csv.GZ"), b""), Compression::Gzip);
        assert_eq!(Compression::detect(Path::new("a.zst"), b"?"), Compression::Zstd);
        assert_eq!(Compression::detect(Path::new("a.csv"), b"a,b"), Compression::None);
    }

    #[test]
    fn several_members_and_frames_are_one_stream() {
        for compression in [Compression::Gzip, Compression::Zstd] {
            let mut bytes = compress(compression, b"first ");
            bytes.extend(compress(compression, b""));
            bytes.extend(compress(compression, b"second"));
            assert_eq!(read_all(compression, bytes).unwrap(), b"first second");
        }
    }

    #[test]
    fn every_truncation_is_an_error_that_says_so() {
        let text: Vec<u8> = (0..20_000u32).flat_map(|i| i.to_string().into_bytes()).collect();
        for compression in [Compression::Gzip, Compression::Zstd] {
            let whole = compress(compression, &text);
            for cut in (1..whole.len()).step_by(97).chain([whole.len() - 1]) {
                let error = read_all(compression, whole[..cut].to_vec()).unwrap_err();
                let message = read_error("a.csv.gz", error).to_string();
                assert!(message.contains("a.csv.gz is truncated"), "{cut}: {message}");
            }
        }
    }

    #[test]
    fn a_broken_stream_is_not_called_truncated() {
        let mut bytes = compress(Compression::Zstd, &[7; 1000]);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        let message = read_error("x", read_all(Compression::Zstd, bytes).unwrap_err()).to_string();
        assert!(message.starts_with("cannot read x: broken zstd stream"), "{message}");
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(bytes in proptest::collection::vec(any::<u8>(), 0..5000)) {
            for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
                let packed = compress(compression, &bytes);
                prop_assert_eq!(&compress(compression, &bytes), &packed);
                prop_assert_eq!(&read_all(compression, packed).unwrap(), &bytes);
            }
        }
    }
}
