//! What every source promises.

use std::task::Poll;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use millstream_core::{Bookmark, Boundary, Pull, Source};

use super::{Report, same_rows, text};

/// A source of known rows, which can be made again and again.
#[async_trait]
pub trait SourceHarness: Send + Sync {
    /// A new source on the same input, not yet open.
    async fn source(&self) -> millstream_core::Result<Box<dyn Source>>;

    /// The rows of its one stream.
    fn expected(&self) -> Vec<RecordBatch>;

    /// How the messages of the rows that it has to reject start, in order: `bad.csv:7: `.
    fn rejected(&self) -> Vec<String>;

    /// The memory that one piece of work may need, in bytes. The input must need more than twice as much.
    fn work_bytes(&self) -> usize;
}

/// What was read until some point.
#[derive(Default)]
struct Read {
    batches: Vec<RecordBatch>,
    rejected: Vec<String>,
    /// After each piece of work: rows and rejected rows so far, and the bookmark if an epoch may end there.
    places: Vec<(usize, usize, Option<Bookmark>)>,
    work_bytes: Vec<usize>,
}

/// Makes all checks.
pub async fn check_source(harness: &dyn SourceHarness) -> Report {
    let mut report = Report::default();
    let whole = match read(harness, None, false).await {
        Ok((whole, _)) => whole,
        Err(error) => {
            report.add("reads_everything", Err(error));
            return report;
        }
    };
    report.add("reads_everything", reads_everything(harness, &whole).await);
    report.add("rejects_bad_rows", rejects_bad_rows(harness, &whole));
    report.add("bounds_its_work", bounds_its_work(harness, &whole));
    report.add("resumes_before_the_first_work", resumes_before_the_first_work(harness).await);
    report.add("resumes_from_every_bookmark", resumes_from_every_bookmark(harness, &whole).await);
    report.add("loses_nothing_when_cancelled", loses_nothing_when_cancelled(harness).await);
    report.add("ends_for_good", ends_for_good(harness).await);
    report
}

async fn reads_everything(harness: &dyn SourceHarness, whole: &Read) -> Result<(), String> {
    let streams = open(harness, None).await?.streams();
    let [stream] = streams.as_slice() else {
        return Err(format!("{} streams, the harness is for one", streams.len()));
    };
    same_rows(&whole.batches, &harness.expected(), &stream.schema)
}

fn rejects_bad_rows(harness: &dyn SourceHarness, whole: &Read) -> Result<(), String> {
    let expected = harness.rejected();
    let matches = expected.len() == whole.rejected.len()
        && whole.rejected.iter().zip(&expected).all(|(found, start)| found.starts_with(start));
    if matches {
        return Ok(());
    }
    Err(format!("rejected {:?}, expected {expected:?}", whole.rejected))
}

fn bounds_its_work(harness: &dyn SourceHarness, whole: &Read) -> Result<(), String> {
    let bound = harness.work_bytes();
    if let Some(larger) = whole.work_bytes.iter().find(|bytes| **bytes > bound) {
        return Err(format!("work of {larger} bytes, the bound is {bound}"));
    }
    let sum: usize = whole.work_bytes.iter().sum();
    if sum <= 2 * bound {
        return Err(format!("{sum} bytes in all show nothing about a bound of {bound}"));
    }
    Ok(())
}

async fn resumes_before_the_first_work(harness: &dyn SourceHarness) -> Result<(), String> {
    let start = open(harness, None).await?.bookmark();
    let (rest, schema) = read(harness, Some(through_text(&start)?), false).await?;
    same_rows(&rest.batches, &harness.expected(), &schema)
}

async fn resumes_from_every_bookmark(harness: &dyn SourceHarness, whole: &Read) -> Result<(), String> {
    for (index, (rows, rejected, bookmark)) in whole.places.iter().enumerate() {
        let Some(bookmark) = bookmark else {
            continue;
        };
        let (rest, schema) = read(harness, Some(through_text(bookmark)?), false).await?;
        let expected = after(&whole.batches, *rows);
        same_rows(&rest.batches, &expected, &schema)
            .and_then(|()| {
                if rest.rejected == whole.rejected[*rejected..] {
                    return Ok(());
                }
                Err(format!("rejected {:?}, expected {:?}", rest.rejected, &whole.rejected[*rejected..]))
            })
            .map_err(|error| format!("from the bookmark after work {index}: {error}"))?;
        // The bookmark of a source that has just resumed is the one it resumed from, or as good as it.
        let again = open(harness, Some(bookmark.clone())).await?.bookmark();
        let (rest, schema) = read(harness, Some(again), false).await?;
        same_rows(&rest.batches, &expected, &schema)
            .map_err(|error| format!("resumed twice after work {index}: {error}"))?;
    }
    Ok(())
}

async fn loses_nothing_when_cancelled(harness: &dyn SourceHarness) -> Result<(), String> {
    let (read, schema) = read(harness, None, true).await?;
    same_rows(&read.batches, &harness.expected(), &schema)
}

async fn ends_for_good(harness: &dyn SourceHarness) -> Result<(), String> {
    let mut source = open(harness, None).await?;
    while !matches!(source.next().await.map_err(|error| text(&error))?, Pull::End) {}
    let end = source.bookmark();
    match source.next().await.map_err(|error| text(&error))? {
        Pull::End => {}
        other => return Err(format!("after its end it gave {other:?}")),
    }
    source.committed(&end).await.map_err(|error| text(&error))?;
    let (rest, _) = read(harness, Some(through_text(&end)?), false).await?;
    match rest.batches.iter().map(RecordBatch::num_rows).sum::<usize>() {
        0 => Ok(()),
        rows => Err(format!("{rows} rows after the bookmark of the end")),
    }
}

async fn open(harness: &dyn SourceHarness, from: Option<Bookmark>) -> Result<Box<dyn Source>, String> {
    let mut source = harness.source().await.map_err(|error| text(&error))?;
    source.open(from).await.map_err(|error| text(&error))?;
    Ok(source)
}

/// Reads to the end. With `cancel`, every pull is tried and given up once before it is awaited.
async fn read(
    harness: &dyn SourceHarness,
    from: Option<Bookmark>,
    cancel: bool,
) -> Result<(Read, arrow::datatypes::SchemaRef), String> {
    let mut source = open(harness, from).await?;
    let schema = source.streams().first().ok_or("no stream")?.schema.clone();
    let mut read = Read::default();
    let mut rows = 0;
    loop {
        let tried = if cancel {
            let mut next = source.next();
            match futures::poll!(&mut next) {
                Poll::Ready(pull) => Some(pull),
                Poll::Pending => None,
            }
        } else {
            None
        };
        let pull = match tried {
            Some(pull) => pull,
            None => source.next().await,
        };
        match pull.map_err(|error| text(&error))? {
            Pull::End => return Ok((read, schema)),
            Pull::Boundary | Pull::Generation { .. } => {}
            Pull::Work(work) => {
                read.work_bytes.push(work.bytes);
                let bookmark = (work.boundary == Boundary::Allowed).then(|| source.bookmark());
                let decoded = work.decode.decode().map_err(|error| text(&error))?;
                rows += decoded.batch.num_rows();
                read.batches.push(decoded.batch);
                read.rejected.extend(decoded.rejected.into_iter().map(|row| row.message));
                read.places.push((rows, read.rejected.len(), bookmark));
            }
        }
    }
}

/// The rows after the first `skip`.
fn after(batches: &[RecordBatch], mut skip: usize) -> Vec<RecordBatch> {
    let mut rest = Vec::new();
    for batch in batches {
        let cut = skip.min(batch.num_rows());
        rest.push(batch.slice(cut, batch.num_rows() - cut));
        skip -= cut;
    }
    rest
}

/// A bookmark as it comes back from a checkpoint.
fn through_text(bookmark: &Bookmark) -> Result<Bookmark, String> {
    let json = serde_json::to_string(bookmark).map_err(|error| error.to_string())?;
    serde_json::from_str(&json).map_err(|error| error.to_string())
}
