//! `parquet_type`: columns that Parquet and Delta files hold as another type than the stream has.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use millstream_core::{
    Chunk, Delivery, Epoch, EpochInfo, Error, PreCommit, Progress, ReportsProgress, Result, Sink, SinkStart,
    StreamName, WriteReport,
};
use millstream_engine::AnySink;
use millstream_expr::{Conversion, type_word};
use millstream_generate::PARQUET_TYPE;

use crate::document::ColumnType;

/// `sink`, with columns converted to their stored types on the way.
pub(super) fn storing(sink: AnySink) -> AnySink {
    match sink {
        AnySink::Plain(inner) => AnySink::Plain(Box::new(Storing { inner, stored: None })),
        AnySink::Reporting(inner) => AnySink::Reporting(Box::new(Storing { inner, stored: None })),
        AnySink::Encoding(inner) => AnySink::Encoding(inner),
    }
}

/// The columns of a stream as files hold them.
#[derive(Debug)]
pub(super) struct StoredSchema {
    schema: SchemaRef,
    /// By column; `None` where nothing is to be done.
    conversions: Vec<Option<Conversion>>,
}

impl StoredSchema {
    /// The stored columns of a stream, by the metadata of its fields; `None` if they are the stream's own.
    pub(super) fn new(stream: &Schema) -> Result<Option<Self>> {
        if stream.fields().iter().all(|field| !field.metadata().contains_key(PARQUET_TYPE)) {
            return Ok(None);
        }
        let mut conversions = Vec::with_capacity(stream.fields().len());
        let mut fields: Vec<Arc<Field>> = Vec::with_capacity(stream.fields().len());
        for field in stream.fields() {
            let mut metadata = field.metadata().clone();
            let Some(written) = metadata.remove(PARQUET_TYPE) else {
                conversions.push(None);
                fields.push(Arc::clone(field));
                continue;
            };
            let stored = ColumnType::parse(&written)
                .ok_or_else(|| Error::internal(format!("{written:?} is not a type of Parquet files")))?
                .data_type();
            let conversion = Conversion::new(field.data_type(), &stored).ok_or_else(|| {
                Error::config(format!(
                    "column `{}` holds values of type {}, which cannot be stored as {written}",
                    field.name(),
                    type_word(field.data_type())
                ))
                .hint("change its `parquet_type`, or make such values in `data`")
            })?;
            conversions.push(Some(conversion).filter(|conversion| !conversion.is_identity()));
            let field = Field::new(field.name(), stored, field.is_nullable()).with_metadata(metadata);
            fields.push(Arc::new(field));
        }
        let schema = Schema::new_with_metadata(fields, stream.metadata().clone());
        Ok(Some(Self { schema: Arc::new(schema), conversions }))
    }

    /// The columns as they are stored.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn convert(&self, chunk: &Chunk) -> Result<RecordBatch> {
        let mut columns = Vec::with_capacity(self.conversions.len());
        for (index, (column, conversion)) in chunk.batch.columns().iter().zip(&self.conversions).enumerate() {
            columns.push(match conversion {
                None => column.clone(),
                Some(conversion) => self.converted(index, column, conversion, chunk)?,
            });
        }
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|error| Error::internal("the stored columns do not make a batch").caused_by(error))
    }

    fn converted(
        &self,
        index: usize,
        column: &ArrayRef,
        conversion: &Conversion,
        chunk: &Chunk,
    ) -> Result<ArrayRef> {
        let (converted, misfit) = conversion
            .convert(column)
            .map_err(|error| Error::data("values cannot be converted").caused_by(error))?;
        let Some(misfit) = misfit else { return Ok(converted) };
        let name = |index: usize| self.schema.fields().get(index).map_or("", |field| field.name());
        let message = format!(
            "column `{}` of the row with {} = {}: {} does not fit its parquet_type, {}",
            name(index),
            name(0),
            chunk.batch.columns().first().map_or_else(String::new, |first| shown(first, misfit.row)),
            misfit.value,
            conversion.data_type()
        );
        Err(Error::data(message).hint("declare a wider `parquet_type`, or change the column's `data`"))
    }
}

fn shown(array: &ArrayRef, row: usize) -> String {
    let options = FormatOptions::default();
    ArrayFormatter::try_new(array, &options)
        .map_or_else(|_| "?".to_owned(), |text| text.value(row).to_string())
}

struct Storing<S: ?Sized> {
    inner: Box<S>,
    stored: Option<StoredSchema>,
}

#[async_trait]
impl<S: Sink + ?Sized> Sink for Storing<S> {
    async fn open(&mut self, start: SinkStart) -> Result<()> {
        self.stored = StoredSchema::new(&start.schema)?;
        let schema =
            self.stored.as_ref().map_or_else(|| start.schema.clone(), |stored| stored.schema.clone());
        self.inner.open(SinkStart { schema, ..start }).await
    }

    async fn write(&mut self, chunk: Chunk) -> Result<WriteReport> {
        let chunk = match &self.stored {
            None => chunk,
            Some(stored) => Chunk { batch: stored.convert(&chunk)?, envelope: chunk.envelope },
        };
        self.inner.write(chunk).await
    }

    async fn prepare(&mut self, epoch: Epoch, info: &EpochInfo) -> Result<PreCommit> {
        self.inner.prepare(epoch, info).await
    }

    async fn commit(&mut self, token: PreCommit) -> Result<()> {
        self.inner.commit(token).await
    }

    fn delivery(&self) -> Delivery {
        self.inner.delivery()
    }
}

#[async_trait]
impl ReportsProgress for Storing<dyn ReportsProgress> {
    async fn progress(&mut self, pipeline: &str, stream: &StreamName) -> Result<Option<Progress>> {
        self.inner.progress(pipeline, stream).await
    }
}
