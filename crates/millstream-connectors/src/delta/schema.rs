//! Arrow columns as Delta columns: their types, the conversions that some need, and comparison with a table.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{
    DataType as ArrowType, Field, Fields, Schema, SchemaRef, TimeUnit, TimestampNanosecondType,
};
use deltalake_core::kernel::{
    ArrayType, DataType as DeltaType, MapType, PrimitiveType, StructField, StructType,
};
use millstream_core::{Error, Result};

/// The time zone of every instant in a file, as Delta demands.
const UTC: &str = "UTC";

/// The columns of a stream, as the table has them and as its files hold them.
#[derive(Debug, Clone)]
pub(super) struct TableSchema {
    source: SchemaRef,
    files: SchemaRef,
    delta: StructType,
}

impl TableSchema {
    /// The table columns for the rows of `source`.
    ///
    /// | Arrow | Delta |
    /// |---|---|
    /// | `Boolean`, `Int8`…`Int64`, `Float32`, `Float64` | `boolean`, `byte`…`long`, `float`, `double` |
    /// | `UInt8`, `UInt16`, `UInt32`, `UInt64` | the next wider: `short`, `integer`, `long`, `decimal(20,0)` |
    /// | `Float16` | `float` |
    /// | `Decimal*(p, s)` with 0 ≤ s ≤ p ≤ 38 | `decimal(p,s)` |
    /// | all kinds of text, of bytes | `string`, `binary` |
    /// | `Date32`, `Date64` | `date` |
    /// | `Timestamp` with a time zone | `timestamp` (an instant; the zone's name is lost) |
    /// | `Timestamp` without | `timestamp_ntz` (the table then asks readers for the `timestampNtz` feature) |
    /// | lists, `Struct`, `Map` | `array`, `struct`, `map` |
    /// | `Dictionary` | the type of its values |
    ///
    /// Nanoseconds are taken if they are whole microseconds, row by row. The rest (times of day, durations, intervals,
    /// unions, run-end encoding, untyped nulls) is refused.
    pub(super) fn new(source: &SchemaRef) -> Result<Self> {
        if source.fields().is_empty() {
            return Err(Error::sink("a Delta table needs at least one column"));
        }
        let mut fields = Vec::with_capacity(source.fields().len());
        let mut columns = Vec::with_capacity(source.fields().len());
        for field in source.fields() {
            let (delta, arrow) = field_types(field, field.name(), true)?;
            columns.push(delta);
            fields.push(arrow);
        }
        let delta = StructType::try_new(columns).map_err(|cause| {
            Error::sink("Delta does not tell these column names apart")
                .caused_by(cause)
                .hint("rename the column: upper and lower case are the same to Delta")
        })?;
        Ok(Self { source: source.clone(), files: Arc::new(Schema::new(fields)), delta })
    }

    /// The columns as the files hold them.
    pub(super) fn files(&self) -> &SchemaRef {
        &self.files
    }

    /// The columns as the log records them.
    pub(super) fn delta(&self) -> &StructType {
        &self.delta
    }

    /// The rows of `batch`, as the files hold them. Columns that need no conversion are not copied.
    pub(super) fn convert(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let same = batch.num_columns() == self.source.fields().len()
            && self
                .source
                .fields()
                .iter()
                .zip(batch.columns())
                .all(|(field, column)| field.data_type() == column.data_type());
        if !same {
            return Err(Error::internal(format!(
                "a chunk has other columns than its stream: {:?}",
                batch.schema()
            )));
        }
        let columns = self
            .files
            .fields()
            .iter()
            .zip(batch.columns())
            .map(|(field, column)| convert_column(field, column))
            .collect::<Result<Vec<_>>>()?;
        RecordBatch::try_new(self.files.clone(), columns)
            .map_err(|cause| Error::data("a row does not fit the table's columns").caused_by(cause))
    }

    /// What keeps rows of this stream from a table with the columns `table`, one phrase for each column.
    pub(super) fn differences(&self, table: &StructType) -> Vec<String> {
        let mut differences = Vec::new();
        for ours in self.delta.fields() {
            let name = ours.name();
            match table.field(name) {
                None => differences.push(format!("{name} ({}) is not in the table", ours.data_type())),
                Some(theirs) => {
                    let (ours_type, theirs_type) =
                        (ours.data_type().to_string(), theirs.data_type().to_string());
                    if ours_type != theirs_type {
                        differences
                            .push(format!("{name} is {theirs_type} in the table, {ours_type} in the stream"));
                    } else if ours.is_nullable() && !theirs.is_nullable() {
                        differences.push(format!("{name} is NOT NULL in the table, nullable in the stream"));
                    }
                }
            }
        }
        for theirs in table.fields() {
            if self.delta.field(theirs.name()).is_none() {
                differences.push(format!("{} ({}) is not in the stream", theirs.name(), theirs.data_type()));
            }
        }
        differences
    }

    /// Whether a column holds timestamps without a time zone, which are a table feature of their own.
    pub(super) fn has_local_timestamps(&self) -> bool {
        fn within(kind: &ArrowType) -> bool {
            match kind {
                ArrowType::Timestamp(_, None) => true,
                ArrowType::List(field) | ArrowType::Map(field, _) => within(field.data_type()),
                ArrowType::Struct(fields) => fields.iter().any(|field| within(field.data_type())),
                _ => false,
            }
        }
        self.files.fields().iter().any(|field| within(field.data_type()))
    }
}

fn field_types(field: &Field, path: &str, top: bool) -> Result<(StructField, Field)> {
    check_name(field.name(), path)?;
    let (delta, arrow) = types(field.data_type(), path, top)?;
    if !can_cast_types(field.data_type(), &arrow) {
        return Err(unsupported(path, field.data_type()));
    }
    let column = StructField::new(field.name(), delta, field.is_nullable());
    Ok((
        match field.metadata().get("description") {
            // Where `DESCRIBE TABLE` looks for it.
            Some(description) => column.with_metadata([("comment", description.as_str())]),
            None => column,
        },
        Field::new(field.name(), arrow, field.is_nullable()),
    ))
}

/// Characters that Delta leaves out of names, since Spark's Parquet reader refuses them.
fn check_name(name: &str, path: &str) -> Result<()> {
    let refused = |c: char| " ,;{}()\n\t=".contains(c);
    if name.is_empty() || name.contains(refused) {
        return Err(Error::sink(format!(
            "Delta cannot hold a column named {path:?}: blanks and , ; {{ }} ( ) = are not allowed in names"
        ))
        .hint("rename the column, or add the transform `snake_case`"));
    }
    Ok(())
}

fn unsupported(path: &str, kind: &ArrowType) -> Error {
    let hint = match kind {
        ArrowType::Time32(_) | ArrowType::Time64(_) | ArrowType::Duration(_) | ArrowType::Interval(_) => {
            "Delta has no times of day and no durations: turn the column into text or a number"
        }
        ArrowType::Null => "declare the column's type",
        ArrowType::Timestamp(..) => "round the column to microseconds",
        _ => "leave the column out, or turn it into text",
    };
    Error::sink(format!("Delta cannot hold column {path}: its type is {kind}")).hint(hint)
}

fn types(kind: &ArrowType, path: &str, top: bool) -> Result<(DeltaType, ArrowType)> {
    let refuse = || unsupported(path, kind);
    let decimal = |precision: u8, scale: i8| {
        let unsigned = u8::try_from(scale).map_err(|_| refuse())?;
        let delta = DeltaType::decimal(precision, unsigned).map_err(|_| refuse())?;
        Ok((delta, ArrowType::Decimal128(precision, scale)))
    };
    let list = |item: &Field| {
        let path = format!("{path}.element");
        let (delta, arrow) = types(item.data_type(), &path, false)?;
        let nullable = item.is_nullable();
        Ok((
            ArrayType::new(delta, nullable).into(),
            ArrowType::List(Arc::new(Field::new("element", arrow, nullable))),
        ))
    };
    Ok(match kind {
        ArrowType::Boolean => (DeltaType::BOOLEAN, ArrowType::Boolean),
        ArrowType::Int8 => (DeltaType::BYTE, ArrowType::Int8),
        ArrowType::Int16 | ArrowType::UInt8 => (DeltaType::SHORT, ArrowType::Int16),
        ArrowType::Int32 | ArrowType::UInt16 => (DeltaType::INTEGER, ArrowType::Int32),
        ArrowType::Int64 | ArrowType::UInt32 => (DeltaType::LONG, ArrowType::Int64),
        ArrowType::UInt64 => decimal(20, 0)?,
        ArrowType::Float16 | ArrowType::Float32 => (DeltaType::FLOAT, ArrowType::Float32),
        ArrowType::Float64 => (DeltaType::DOUBLE, ArrowType::Float64),
        ArrowType::Decimal32(precision, scale)
        | ArrowType::Decimal64(precision, scale)
        | ArrowType::Decimal128(precision, scale)
        | ArrowType::Decimal256(precision, scale) => decimal(*precision, *scale)?,
        ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View => (DeltaType::STRING, ArrowType::Utf8),
        ArrowType::Binary
        | ArrowType::LargeBinary
        | ArrowType::BinaryView
        | ArrowType::FixedSizeBinary(_) => (DeltaType::BINARY, ArrowType::Binary),
        ArrowType::Date32 | ArrowType::Date64 => (DeltaType::DATE, ArrowType::Date32),
        // Exactness is checked row by row, which is done for whole columns only.
        ArrowType::Timestamp(TimeUnit::Nanosecond, _) if !top => return Err(refuse()),
        ArrowType::Timestamp(_, Some(_)) => {
            (DeltaType::TIMESTAMP, ArrowType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())))
        }
        ArrowType::Timestamp(_, None) => (
            DeltaType::Primitive(PrimitiveType::TimestampNtz),
            ArrowType::Timestamp(TimeUnit::Microsecond, None),
        ),
        ArrowType::Dictionary(_, values) => types(values, path, false)?,
        ArrowType::List(item) | ArrowType::LargeList(item) | ArrowType::FixedSizeList(item, _) => list(item)?,
        ArrowType::Struct(fields) => {
            let mut delta = Vec::with_capacity(fields.len());
            let mut arrow = Vec::with_capacity(fields.len());
            for field in fields {
                let (column, file) = field_types(field, &format!("{path}.{}", field.name()), false)?;
                delta.push(column);
                arrow.push(file);
            }
            if delta.is_empty() {
                return Err(refuse());
            }
            let delta = DeltaType::try_struct_type(delta).map_err(|cause| refuse().caused_by(cause))?;
            (delta, ArrowType::Struct(Fields::from(arrow)))
        }
        ArrowType::Map(entries, _) => match entries.data_type() {
            ArrowType::Struct(fields) if fields.len() == 2 => {
                let (key, arrow_key) = types(fields[0].data_type(), &format!("{path}.key"), false)?;
                let (value, arrow_value) = types(fields[1].data_type(), &format!("{path}.value"), false)?;
                let nullable = fields[1].is_nullable();
                let entries = Fields::from(vec![
                    Field::new("key", arrow_key, false),
                    Field::new("value", arrow_value, nullable),
                ]);
                (
                    MapType::new(key, value, nullable).into(),
                    ArrowType::Map(
                        Arc::new(Field::new("key_value", ArrowType::Struct(entries), false)),
                        false,
                    ),
                )
            }
            _ => return Err(refuse()),
        },
        _ => return Err(refuse()),
    })
}

fn convert_column(field: &Field, column: &ArrayRef) -> Result<ArrayRef> {
    if column.data_type() == field.data_type() {
        return Ok(column.clone());
    }
    if let ArrowType::Timestamp(TimeUnit::Nanosecond, _) = column.data_type() {
        check_whole_microseconds(field.name(), column)?;
    }
    // Not `safe`: a value out of range is an error, never a silent null.
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(column, field.data_type(), &options).map_err(|cause| {
        Error::data(format!("column {} has a value that Delta cannot hold", field.name())).caused_by(cause)
    })
}

fn check_whole_microseconds(name: &str, column: &ArrayRef) -> Result<()> {
    let values = column.as_primitive::<TimestampNanosecondType>();
    if values.values().iter().all(|value| value % 1000 == 0) {
        return Ok(());
    }
    // Slots of nulls hold anything.
    match values.iter().flatten().find(|value| value % 1000 != 0) {
        None => Ok(()),
        Some(value) => Err(Error::data(format!(
            "column {name} has nanoseconds ({value} since 1970), and Delta's timestamps are in microseconds"
        ))
        .hint(format!("round {name} to microseconds first"))),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        ArrayRef, DictionaryArray, Int32Array, ListArray, StringViewArray, TimestampNanosecondArray,
        UInt64Array,
    };
    use arrow::datatypes::{Decimal128Type, Int32Type, TimestampMicrosecondType};

    use super::*;

    fn schema(fields: Vec<Field>) -> SchemaRef {
        Arc::new(Schema::new(fields))
    }

    fn one(kind: ArrowType) -> Result<TableSchema> {
        TableSchema::new(&schema(vec![Field::new("c", kind, true)]))
    }

    fn delta_type(kind: ArrowType) -> String {
        one(kind).unwrap().delta().field("c").unwrap().data_type().to_string()
    }

    #[test]
    fn each_arrow_type_has_its_delta_type() {
        use ArrowType as A;
        let cases = [
            (A::Boolean, "boolean"),
            (A::Int8, "byte"),
            (A::Int16, "short"),
            (A::Int32, "integer"),
            (A::Int64, "long"),
            (A::UInt8, "short"),
            (A::UInt16, "integer"),
            (A::UInt32, "long"),
            (A::UInt64, "decimal(20,0)"),
            (A::Float16, "float"),
            (A::Float32, "float"),
            (A::Float64, "double"),
            (A::Decimal128(38, 6), "decimal(38,6)"),
            (A::Decimal256(10, 2), "decimal(10,2)"),
            (A::Utf8View, "string"),
            (A::LargeUtf8, "string"),
            (A::FixedSizeBinary(4), "binary"),
            (A::Date64, "date"),
            (A::Timestamp(TimeUnit::Second, Some("+02:00".into())), "timestamp"),
            (A::Timestamp(TimeUnit::Nanosecond, None), "timestamp_ntz"),
            (A::Dictionary(Box::new(A::Int32), Box::new(A::Utf8)), "string"),
            (A::new_large_list(A::Int32, true), "array<integer>"),
            (
                A::Struct(Fields::from(vec![
                    Field::new("a", A::Utf8, true),
                    Field::new("b", A::Int64, false),
                ])),
                "struct<a: string, b: long>",
            ),
        ];
        for (kind, expected) in cases {
            assert_eq!(delta_type(kind.clone()), expected, "{kind}");
        }
    }

    #[test]
    fn what_delta_has_no_type_for_is_refused_by_name() {
        use ArrowType as A;
        for kind in [
            A::Null,
            A::Time64(TimeUnit::Microsecond),
            A::Duration(TimeUnit::Second),
            A::Decimal256(60, 2),
            A::Decimal128(10, -2),
            A::Struct(Fields::empty()),
            A::new_list(A::Timestamp(TimeUnit::Nanosecond, None), true),
        ] {
            let error = one(kind.clone()).unwrap_err();
            assert!(error.to_string().contains("column c"), "{kind}: {error}");
            assert!(error.hint_text().is_some(), "{kind}");
        }
        let blank = TableSchema::new(&schema(vec![Field::new("first name", A::Utf8, true)])).unwrap_err();
        assert!(blank.to_string().contains("\"first name\""), "{blank}");
        let twins =
            TableSchema::new(&schema(vec![Field::new("Id", A::Utf8, true), Field::new("id", A::Utf8, true)]));
        assert!(twins.unwrap_err().hint_text().unwrap().contains("rename"));
        assert!(TableSchema::new(&schema(vec![])).is_err());
    }

    #[test]
    fn conversion_keeps_every_value() {
        let dictionary: DictionaryArray<Int32Type> = vec![Some("x"), None, Some("x")].into_iter().collect();
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
            Some(vec![Some(1), None]),
            None,
            Some(vec![]),
        ]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from(vec![Some(u64::MAX), None, Some(0)])),
            Arc::new(StringViewArray::from(vec![Some("a string that is not inlined"), None, Some("")])),
            Arc::new(TimestampNanosecondArray::from(vec![Some(-1_000), None, Some(5_000)])),
            Arc::new(dictionary),
            Arc::new(list),
            Arc::new(Int32Array::from(vec![1, 2, 3])),
        ];
        let fields = columns
            .iter()
            .enumerate()
            .map(|(i, column)| Field::new(format!("c{i}"), column.data_type().clone(), true))
            .collect();
        let source = schema(fields);
        let table = TableSchema::new(&source).unwrap();
        let batch = RecordBatch::try_new(source, columns).unwrap();
        let converted = table.convert(&batch).unwrap();
        assert_eq!(converted.schema(), *table.files());
        let decimals = converted.column(0).as_primitive::<Decimal128Type>();
        assert_eq!(decimals.value(0), i128::from(u64::MAX));
        assert!(decimals.is_null(1));
        assert_eq!(converted.column(1).as_string::<i32>().value(0), "a string that is not inlined");
        assert_eq!(converted.column(2).as_primitive::<TimestampMicrosecondType>().value(0), -1);
        assert_eq!(converted.column(3).as_string::<i32>().value(2), "x");
        assert!(Arc::ptr_eq(converted.column(5), batch.column(5)));
    }

    #[test]
    fn nanoseconds_are_never_cut_off() {
        let kind = ArrowType::Timestamp(TimeUnit::Nanosecond, None);
        let source = schema(vec![Field::new("c", kind, true)]);
        let table = TableSchema::new(&source).unwrap();
        let column = TimestampNanosecondArray::from(vec![Some(1_000), Some(1_001)]);
        let batch = RecordBatch::try_new(source, vec![Arc::new(column)]).unwrap();
        let error = table.convert(&batch).unwrap_err();
        assert!(error.to_string().contains("column c has nanoseconds (1001"), "{error}");
    }

    #[test]
    fn differences_name_each_column() {
        let ours = TableSchema::new(&schema(vec![
            Field::new("a", ArrowType::Int64, false),
            Field::new("b", ArrowType::Decimal128(10, 2), true),
            Field::new("c", ArrowType::Utf8, true),
            Field::new("d", ArrowType::Utf8, true),
        ]))
        .unwrap();
        let theirs = StructType::try_new([
            StructField::nullable("d", DeltaType::STRING),
            StructField::not_null("c", DeltaType::STRING),
            StructField::nullable("a", DeltaType::LONG),
            StructField::nullable("b", DeltaType::DOUBLE),
            StructField::nullable("e", DeltaType::DATE),
        ])
        .unwrap();
        assert_eq!(
            ours.differences(&theirs),
            [
                "b is double in the table, decimal(10,2) in the stream",
                "c is NOT NULL in the table, nullable in the stream",
                "e (date) is not in the stream",
            ]
        );
        assert!(ours.differences(ours.delta()).is_empty());
        let fewer = StructType::try_new([StructField::nullable("a", DeltaType::LONG)]).unwrap();
        assert_eq!(ours.differences(&fewer)[0], "b (decimal(10,2)) is not in the table");
    }
}
