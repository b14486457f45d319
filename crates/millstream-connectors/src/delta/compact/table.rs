//! Compaction of a table that somebody else fills, or nobody.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use millstream_core::{Clock, Error, Result};
use millstream_formats::parquet::{ParquetCompression, ParquetOptions};

use super::{Attempt, Candidate, Job, choose, no_table};
use crate::delta::folder::Folder;
use crate::delta::log::Log;
use crate::delta::retired::Retired;
use crate::delta::snapshot::Loaded;

/// The name that the files bear which this makes.
const APPLICATION: &str = "millstream-compact";

/// How a table is compacted.
#[derive(Debug, Clone, Copy)]
pub struct CompactTableOptions {
    /// The size of files, in bytes; a file of half of it is large enough.
    pub target_file_size: u64,
    /// How long files stay whose rows left the table, whoever wrote them.
    pub retention: Duration,
    /// Look, and change nothing.
    pub dry_run: bool,
}

/// What compaction did to a table, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compaction {
    /// The data files of the table before.
    pub files: usize,
    /// The files that were rewritten.
    pub rewritten_files: usize,
    /// Their bytes.
    pub rewritten_bytes: u64,
    /// The files that they became; in a dry run the number that they would become.
    pub new_files: usize,
    /// Their bytes; 0 in a dry run.
    pub new_bytes: u64,
    /// Old files that were removed from the disk.
    pub removed_files: usize,
    /// Whether another writer removed files meanwhile, so that some were left as they are.
    pub overtaken: bool,
}

/// Whether there is a Delta table in `folder`.
pub fn is_table(folder: &Path) -> Result<bool> {
    Log::of(folder).exists()
}

/// Rewrites the small files of the table in `folder`, in the order in which they were added. `progress` is called with
/// what was done so far and with the number of files that are to be rewritten.
///
/// # Errors
/// If there is no table, if it uses what Millstream does not write, or if its files cannot be read or written.
pub async fn compact_table(
    folder: &Path,
    options: &CompactTableOptions,
    clock: &dyn Clock,
    progress: &mut (dyn FnMut(&Compaction, usize) + Send),
) -> Result<Compaction> {
    let Some(loaded) = Loaded::read(folder, APPLICATION).await? else {
        return Err(no_table(folder));
    };
    loaded.check_features(folder)?;
    let mut files = loaded.candidates(folder)?;
    let mut done = Compaction { files: files.len(), ..Compaction::default() };
    files.retain(|file| !file.has_deletions && file.rows.is_some());
    files.sort_by(|one, other| (one.modified, &one.path).cmp(&(other.modified, &other.path)));
    let sizes: Vec<u64> = files.iter().map(|file| file.bytes).collect();
    let bins = choose::all(&sizes, options.target_file_size);
    let due: usize = bins.iter().map(ExactSizeIterator::len).sum();
    progress(&done, due);
    if options.dry_run {
        for bin in bins {
            done.rewritten_files += bin.len();
            done.rewritten_bytes += sizes[bin].iter().sum::<u64>();
            done.new_files += 1;
        }
        return Ok(done);
    }
    let claimed = Arc::new(Folder::claim(folder, APPLICATION)?);
    claimed.sweep(None)?;
    let known = loaded.known_files(folder).await?;
    claimed.remove_orphans(&claimed.compacted()?, &known)?;
    let now = clock.now().div_euclid(1000);
    for (number, bin) in bins.into_iter().enumerate() {
        let job = Job {
            path: folder.to_owned(),
            application: APPLICATION.to_owned(),
            folder: Arc::clone(&claimed),
            parquet: like(&files[bin.start]),
            target: options.target_file_size,
            now: Arc::new(now.into()),
        };
        match job.attempt(&loaded, number, &files[bin]).await? {
            Attempt::Done(removed, sizes) => {
                done.rewritten_files += removed.len();
                done.rewritten_bytes += files
                    .iter()
                    .filter(|file| removed.contains(&file.path))
                    .map(|file| file.bytes)
                    .sum::<u64>();
                done.new_files += sizes.len();
                done.new_bytes += sizes.iter().sum::<u64>();
            }
            Attempt::Unfit => {}
            Attempt::Overtaken => {
                done.overtaken = true;
                break;
            }
        }
        progress(&done, due);
    }
    done.removed_files = remove_retired(folder, &claimed, options.retention, now).await?;
    Ok(done)
}

/// Removes the files of all writers that have left the table for longer than `retention`.
async fn remove_retired(path: &Path, folder: &Folder, retention: Duration, now: i64) -> Result<usize> {
    let Some(loaded) = Loaded::read(path, APPLICATION).await? else {
        return Err(Error::sink(format!("the table {} is gone", path.display())));
    };
    let live: Vec<PathBuf> =
        loaded.candidates(path)?.into_iter().map(|file| PathBuf::from(file.path)).collect();
    let retired = loaded.all_retired(path).await?;
    let below = |name: &str| !name.contains("..") && !name.contains("://") && !Path::new(name).is_absolute();
    let gone = retired.into_iter().filter(|(_, name)| below(name) && !live.contains(&PathBuf::from(name)));
    Retired::new(retention, gone.collect()).remove_due(folder, now)
}

/// The compression that a file's name tells, as most writers name their files.
fn like(file: &Candidate) -> ParquetOptions {
    let has = |codec: &str| file.path.contains(codec);
    let compression = if has(".zstd.") || has(".zst.") {
        ParquetCompression::Zstd(3)
    } else if has(".c000.parquet") || has("-c000.parquet") {
        ParquetCompression::None
    } else {
        ParquetCompression::Snappy
    };
    ParquetOptions { compression, ..ParquetOptions::default() }
}
