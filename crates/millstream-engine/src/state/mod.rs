//! State stores: in memory, in a folder of files, in a SQLite database.

mod file;
mod lock;
mod memory;
mod sqlite;

pub use file::FileStore;
pub use memory::MemoryStore;
pub use sqlite::SqliteStore;

#[cfg(test)]
mod tests;
