//! The fate of rejected rows (S-20).

use std::sync::Arc;

use base64::Engine as _;
use millstream_core::{Encode, EncodedPart, Error, RejectedRow, Result, dead_letter_batch};

use super::OnError;
use super::parcel::Rows;
use crate::monitor::Monitor;

/// What is done with rejected rows.
#[derive(Clone)]
pub(crate) struct Rejections {
    pub(crate) pipeline: String,
    pub(crate) policy: OnError,
    pub(crate) monitor: Arc<Monitor>,
    pub(crate) dead_letter: Option<DeadLetter>,
}

/// How rows become dead letters.
#[derive(Clone)]
pub(crate) struct DeadLetter {
    pub(crate) encoder: Option<Arc<dyn Encode>>,
}

impl Rejections {
    /// Decides. Gives the dead letters to pass on, if there is a sink for them.
    pub(crate) fn handle(
        &self,
        rejected: &[(String, RejectedRow)],
        stream: &str,
        sequence: u64,
        at: i64,
    ) -> Result<Option<Rows>> {
        let Some((stage, first)) = rejected.first() else {
            return Ok(None);
        };
        let Some(dead_letter) = &self.dead_letter else {
            return match self.policy {
                OnError::Skip => {
                    // The first says what is wrong; the report says how often.
                    if self.monitor.skipped.get() == 0 {
                        tracing::warn!(stage, first = first.message, "skipping rows that do not fit");
                    } else {
                        tracing::debug!(stage, rows = rejected.len(), first = first.message, "rows skipped");
                    }
                    self.monitor.skipped.add(rejected.len() as u64);
                    Ok(None)
                }
                OnError::Fail => Err(Error::data(first.message.clone()).context(stage.clone()).hint(
                    "fix the row, or go on without such rows: `on_error: skip` counts them, a `dead_letter` sink keeps them",
                )),
            };
        };
        let encode_raw = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
        let batch = dead_letter_batch(rejected, &self.pipeline, stream, sequence, at, encode_raw)
            .map_err(|error| Error::internal("a dead letter does not fit its schema").caused_by(error))?;
        let Some(encoder) = &dead_letter.encoder else {
            return Ok(Some(Rows::Batch(batch)));
        };
        let mut part = EncodedPart { bytes: Vec::new(), rows: batch.num_rows() as u64 };
        encoder.encode(&batch, &mut part.bytes)?;
        Ok(Some(Rows::Encoded(part)))
    }
}
