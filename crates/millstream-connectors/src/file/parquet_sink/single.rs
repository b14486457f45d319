//! One Parquet file, made of one part per epoch.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use millstream_core::{Error, Result};
use millstream_formats::parquet::{ParquetInput, concatenate};
use serde::{Deserialize, Serialize};

use super::super::disk::Disk;
use super::super::place::{Place, length, lost};
use super::super::staged::publish;
use crate::failure::{sink_error, while_writing};

/// The files that hold the rows so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SingleToken {
    /// In order; the first may be the published file of an earlier run.
    parts: Vec<Part>,
    /// The file that is to be published, once the last epoch is prepared.
    publish: Option<Part>,
}

/// A file in the output's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    name: String,
    length: u64,
}

#[derive(Debug)]
pub(super) struct Single {
    disk: Arc<dyn Disk>,
    place: Place,
    parts: Vec<Part>,
}

impl SingleToken {
    /// Whether the last epoch is in it.
    pub(super) fn is_complete(&self) -> bool {
        self.publish.is_some()
    }

    /// The file that is to be published, with its length.
    pub(super) fn staged(&self, place: &Place) -> Option<(PathBuf, u64)> {
        self.publish.as_ref().map(|part| (place.beside(&part.name), part.length))
    }
}

impl Single {
    /// To commit what another one prepared; touches nothing.
    pub(super) fn create_for(disk: Arc<dyn Disk>, place: Place) -> Self {
        Self { disk, place, parts: Vec::new() }
    }

    /// Starts over. What an earlier run published stays until the new file is complete.
    pub(super) fn create(disk: Arc<dyn Disk>, place: Place) -> Result<Self> {
        place.create_folder(disk.as_ref())?;
        place.discard_leftovers(disk.as_ref(), &[])?;
        Ok(Self { disk, place, parts: Vec::new() })
    }

    /// Goes on after `token`.
    pub(super) fn resume(
        disk: Arc<dyn Disk>,
        place: Place,
        token: SingleToken,
        schema: &SchemaRef,
    ) -> Result<Self> {
        let mut single = Self { disk, place, parts: Vec::new() };
        if token.publish.is_some() {
            single.commit(&token)?;
        } else {
            single.parts = token.parts;
        }
        let mut kept = Vec::with_capacity(single.parts.len());
        for part in &single.parts {
            let path = single.place.beside(&part.name);
            let found = length(&path)?;
            if found != Some(part.length) {
                return Err(lost(&path, part.length, found));
            }
            kept.push(path);
        }
        if let Some(first) = kept.first() {
            let before = ParquetInput::open(first, None)?.schema();
            let columns = |schema: &SchemaRef| -> Vec<_> {
                let fields = schema.fields().iter();
                fields.map(|f| (f.name().clone(), f.data_type().clone())).collect()
            };
            if columns(&before) != columns(schema) {
                return Err(Error::state(format!(
                    "the columns of {} have changed since the earlier run",
                    single.place.published().display()
                ))
                .hint("choose another path, or start over with --restart"));
            }
        }
        single.place.discard_leftovers(single.disk.as_ref(), &kept)?;
        Ok(single)
    }

    /// Where the part `number` is written.
    pub(super) fn part(&self, number: u64) -> PathBuf {
        self.place.part(number)
    }

    /// Whether there is no file with rows yet, but for the one that is being written.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// `sealed`: number and length of the part that this epoch wrote.
    pub(super) fn prepare(&mut self, sealed: Option<(u64, u64)>, last: bool) -> Result<SingleToken> {
        if let Some((number, length)) = sealed {
            self.parts.push(Part { name: self.place.part_name(number), length });
        }
        let publish = if last { Some(self.glue()?) } else { None };
        self.place.sync_folder(self.disk.as_ref())?;
        Ok(SingleToken { parts: self.parts.clone(), publish })
    }

    pub(super) fn commit(&mut self, token: &SingleToken) -> Result<()> {
        let Some(Part { name, length }) = &token.publish else {
            return Ok(());
        };
        let disk = self.disk.as_ref();
        publish(disk, &self.place, &self.place.beside(name), *length)?;
        self.parts = vec![Part { name: self.place.name().to_owned(), length: *length }];
        // The parts are in the published file now.
        self.place.discard_leftovers(disk, &[])
    }

    /// All parts as one file.
    fn glue(&self) -> Result<Part> {
        if let [only] = self.parts.as_slice() {
            return Ok(only.clone());
        }
        let paths: Vec<_> = self.parts.iter().map(|part| self.place.beside(&part.name)).collect();
        let staged = self.place.staged();
        let mut file = self.disk.create(&staged).map_err(|error| sink_error("create", &staged, error))?;
        concatenate(&paths, &mut file).map_err(|error| while_writing(&staged, error))?;
        let length = file.stream_position().and_then(|length| file.sync().map(|()| length));
        let length = length.map_err(|error| sink_error("sync", &staged, error))?;
        Ok(Part { name: format!(".{}.staged", self.place.name()), length })
    }
}
