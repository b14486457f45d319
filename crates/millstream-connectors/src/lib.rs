//! Sources and sinks of Millstream. A connector is one folder (or file) here; nothing outside it names its inside.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
#[cfg(feature = "delta")]
pub mod delta;
mod failure;
pub mod file;
pub mod memory;
pub mod noop;
pub mod stdout;
mod text_encoding;

pub use text_encoding::TextEncoding;
