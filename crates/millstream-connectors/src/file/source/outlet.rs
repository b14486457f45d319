//! How the reader thread hands over what it has read, a few blocks ahead.

use millstream_core::{Error, Result, Work};
use tokio::sync::mpsc;

use super::bookmark::Position;

/// Blocks that wait for `next`. With the one that is being read and the rest of it, this bounds what a source holds.
pub(super) const READ_AHEAD: usize = 2;

/// What comes out of the reader thread.
#[derive(Debug)]
pub(super) enum Item {
    /// Rows, and the position after them.
    Work(Work, Progress),
    /// The end of a file.
    Finished(Progress),
    /// The end of all files.
    End,
}

/// A position in the list of files.
#[derive(Debug)]
pub(super) struct Progress {
    /// The index of the file.
    pub(super) file: usize,
    pub(super) position: Position,
    /// The size of the file as stored, once it was read to its end.
    pub(super) done: Option<u64>,
}

/// Why a reader stops early.
#[derive(Debug)]
pub(super) enum Stop {
    /// Nobody wants more.
    Gone,
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The reader's end of the channel.
#[derive(Debug)]
pub(super) struct Outlet(mpsc::Sender<Result<Item>>);

impl Outlet {
    pub(super) fn new() -> (Self, mpsc::Receiver<Result<Item>>) {
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        (Self(sender), receiver)
    }

    pub(super) fn work(&self, work: Work, progress: Progress) -> Result<(), Stop> {
        self.send(Ok(Item::Work(work, progress)))
    }

    pub(super) fn finished(&self, progress: Progress) -> Result<(), Stop> {
        self.send(Ok(Item::Finished(progress)))
    }

    /// Ends the stream with what became of it.
    pub(super) fn close(self, outcome: Result<(), Stop>) {
        let item = match outcome {
            Ok(()) => Ok(Item::End),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Gone) => return,
        };
        // If nobody listens any more, nobody misses it.
        let _ = self.send(item);
    }

    fn send(&self, item: Result<Item>) -> Result<(), Stop> {
        self.0.blocking_send(item).map_err(|_| Stop::Gone)
    }
}
