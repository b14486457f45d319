//! Makes, moves and joins streams of rows: the Rust API of Millstream.
//!
//! Run a file:
//!
//! ```no_run
//! # async fn example() -> millstream::Result<()> {
//! let file = millstream::File::read("flights.yaml")?;
//! let outcome = file.run().await?;
//! println!("{}", outcome.report.to_text());
//! # Ok(())
//! # }
//! ```
//!
//! Or build a graph by hand with [`engine::GraphBuilder`] out of [`connectors`], [`transform`]s and sources and sinks
//! of your own (the traits are in [`core`]), and run it with [`engine::run`].

mod file;

pub use millstream_config as config;
pub use millstream_connectors as connectors;
pub use millstream_core as core;
pub use millstream_engine as engine;
pub use millstream_expr as expr;
pub use millstream_formats as formats;
pub use millstream_generate as generate;
pub use millstream_transform as transform;

pub use file::File;
pub use millstream_core::{Error, ErrorKind, Result};
