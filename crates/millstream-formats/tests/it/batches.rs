//! Random batches.

use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Types that every text format can hold, nested ones not included.
pub(crate) fn scalar_types() -> Vec<DataType> {
    vec![
        DataType::Int8,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::Int64,
        DataType::UInt8,
        DataType::UInt16,
        DataType::UInt32,
        DataType::UInt64,
        DataType::Float32,
        DataType::Float64,
        DataType::Float64,
        DataType::Boolean,
        DataType::Utf8,
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        DataType::Binary,
        DataType::LargeBinary,
        DataType::Date32,
        DataType::Date64,
        DataType::Time32(TimeUnit::Second),
        DataType::Time32(TimeUnit::Millisecond),
        DataType::Time64(TimeUnit::Microsecond),
        DataType::Time64(TimeUnit::Nanosecond),
        DataType::Timestamp(TimeUnit::Second, None),
        DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::Timestamp(TimeUnit::Nanosecond, Some("+02:00".into())),
        DataType::Timestamp(TimeUnit::Microsecond, Some("Europe/Berlin".into())),
        DataType::Decimal128(38, 10),
        DataType::Decimal128(5, 2),
        DataType::Decimal128(12, 0),
        DataType::Decimal128(6, -3),
    ]
}

/// Types with members and items.
pub(crate) fn nested_types() -> Vec<DataType> {
    let text = || Arc::new(Field::new("name", DataType::Utf8, true));
    let point = DataType::Struct(Fields::from(vec![
        Field::new("x", DataType::Int64, true),
        Field::new("y \"quoted\"", DataType::Float64, true),
        Field::new("tags", DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))), true),
    ]));
    let entries = Field::new(
        "entries",
        DataType::Struct(Fields::from(vec![
            Arc::new(Field::new("key", DataType::Utf8, false)),
            Arc::new(Field::new("value", DataType::Int64, true)),
        ])),
        false,
    );
    vec![
        DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true))),
        DataType::List(Arc::new(Field::new_list_field(point.clone(), true))),
        DataType::LargeList(Arc::new(Field::new_list_field(DataType::Boolean, true))),
        DataType::Struct(Fields::from(vec![text(), Arc::new(Field::new("at", point.clone(), true))])),
        DataType::Map(Arc::new(entries), false),
        point,
    ]
}

/// A batch of one to five columns of these types.
pub(crate) fn batch(types: Vec<DataType>, finite: bool) -> impl Strategy<Value = RecordBatch> {
    (0usize..25, vec(prop::sample::select(types), 1..6)).prop_flat_map(move |(rows, types)| {
        types.iter().map(|data_type| column(data_type, rows, finite)).collect::<Vec<_>>().prop_map(
            move |columns| {
                let fields = columns.iter().enumerate().map(|(index, column)| {
                    // Names that need quotes and escapes, now and then.
                    let name = if index == 2 { "a, \"b\"\n".to_owned() } else { format!("column {index}") };
                    Field::new(name, column.data_type().clone(), true)
                });
                let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
                RecordBatch::try_new(schema, columns).unwrap()
            },
        )
    })
}

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z ]{0,12}",
        2 => "[,;\"'\n\r\t\\\\a]{0,6}",
        1 => prop::sample::select(vec!["", "\u{feff}", "NULL", "\\N", "null", "true", "007", "é漢😀", "\0", "\u{1f}\u{7f}\u{2028}", "\"", "\r", "\n"]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn integer() -> impl Strategy<Value = i64> {
    prop_oneof![
        -1000i64..1000,
        any::<i64>(),
        prop::sample::select(vec![i64::MIN, i64::MAX, 0, -1, (1 << 53) + 1, -(1 << 53) - 1]),
    ]
}

fn float(finite: bool) -> impl Strategy<Value = f64> {
    prop_oneof![
        (-1000i32..1000).prop_map(|value| f64::from(value) / 8.0),
        any::<f64>(),
        prop::sample::select(vec![
            0.0,
            -0.0,
            1.0,
            1e16,
            1e300,
            f64::MIN_POSITIVE,
            f64::MAX,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN
        ]),
    ]
    .prop_map(move |value| {
        // One NaN: the sign and payload of others have no text form.
        if value.is_nan() {
            if finite { 0.5 } else { f64::NAN }
        } else if finite && value.is_infinite() {
            -0.5
        } else {
            value
        }
    })
}

macro_rules! primitive {
    ($type:ty, $data_type:expr, $values:expr) => {
        $values
            .prop_map({
                let data_type = $data_type.clone();
                move |values: Vec<Option<<$type as ArrowPrimitiveType>::Native>>| {
                    let array = PrimitiveArray::<$type>::from_iter(values).with_data_type(data_type.clone());
                    Arc::new(array) as ArrayRef
                }
            })
            .boxed()
    };
}

/// Integers of any size that fit the type, smaller ones more often.
fn fitting<T: ArrowPrimitiveType<Native: TryFrom<i64> + std::fmt::Debug>>(
    data_type: &DataType,
    rows: usize,
) -> BoxedStrategy<ArrayRef> {
    let value = integer().prop_map(|value| {
        T::Native::try_from(value).or_else(|_| T::Native::try_from(value % 100)).unwrap_or_default()
    });
    primitive!(T, data_type, vec(option::weighted(0.85, value), rows))
}

fn within<T: ArrowPrimitiveType<Native: TryFrom<i64> + std::fmt::Debug>>(
    data_type: &DataType,
    rows: usize,
    bound: i64,
) -> BoxedStrategy<ArrayRef> {
    let value = (0..bound).prop_map(|value| T::Native::try_from(value).ok().unwrap());
    primitive!(T, data_type, vec(option::weighted(0.85, value), rows))
}

/// A random column.
pub(crate) fn column(data_type: &DataType, rows: usize, finite: bool) -> BoxedStrategy<ArrayRef> {
    use DataType as T;
    let texts = || vec(option::weighted(0.85, text()), rows);
    let binaries = || vec(option::weighted(0.85, vec(any::<u8>(), 0..10)), rows);
    match data_type {
        T::Int8 => fitting::<Int8Type>(data_type, rows),
        T::Int16 => fitting::<Int16Type>(data_type, rows),
        T::Int32 => fitting::<Int32Type>(data_type, rows),
        T::Int64 => fitting::<Int64Type>(data_type, rows),
        T::UInt8 => fitting::<UInt8Type>(data_type, rows),
        T::UInt16 => fitting::<UInt16Type>(data_type, rows),
        T::UInt32 => fitting::<UInt32Type>(data_type, rows),
        T::UInt64 => primitive!(UInt64Type, data_type, vec(option::weighted(0.85, any::<u64>()), rows)),
        T::Float32 => primitive!(
            Float32Type,
            data_type,
            vec(
                option::weighted(
                    0.85,
                    float(true).prop_map(|value| {
                        let narrow = value as f32;
                        if narrow.is_finite() { narrow } else { 1.5 }
                    })
                ),
                rows
            )
        ),
        T::Float64 => primitive!(Float64Type, data_type, vec(option::weighted(0.85, float(finite)), rows)),
        T::Boolean => vec(option::weighted(0.85, any::<bool>()), rows)
            .prop_map(|values| Arc::new(BooleanArray::from(values)) as ArrayRef)
            .boxed(),
        T::Utf8 => texts().prop_map(|values| Arc::new(StringArray::from(values)) as ArrayRef).boxed(),
        T::LargeUtf8 => {
            texts().prop_map(|values| Arc::new(LargeStringArray::from(values)) as ArrayRef).boxed()
        }
        T::Utf8View => {
            texts().prop_map(|values| Arc::new(StringViewArray::from_iter(values)) as ArrayRef).boxed()
        }
        T::Binary => {
            binaries().prop_map(|values| Arc::new(BinaryArray::from_iter(values)) as ArrayRef).boxed()
        }
        T::LargeBinary => {
            binaries().prop_map(|values| Arc::new(LargeBinaryArray::from_iter(values)) as ArrayRef).boxed()
        }
        T::Date32 => fitting::<Date32Type>(data_type, rows),
        T::Date64 => primitive!(
            Date64Type,
            data_type,
            vec(option::weighted(0.85, any::<i32>().prop_map(|day| i64::from(day) * 86_400_000)), rows)
        ),
        T::Time32(TimeUnit::Second) => within::<Time32SecondType>(data_type, rows, 86_400),
        T::Time32(_) => within::<Time32MillisecondType>(data_type, rows, 86_400_000),
        T::Time64(TimeUnit::Nanosecond) => {
            within::<Time64NanosecondType>(data_type, rows, 86_400_000_000_000)
        }
        T::Time64(_) => within::<Time64MicrosecondType>(data_type, rows, 86_400_000_000),
        T::Timestamp(TimeUnit::Second, _) => fitting::<TimestampSecondType>(data_type, rows),
        T::Timestamp(TimeUnit::Millisecond, _) => fitting::<TimestampMillisecondType>(data_type, rows),
        T::Timestamp(TimeUnit::Microsecond, _) => fitting::<TimestampMicrosecondType>(data_type, rows),
        T::Timestamp(TimeUnit::Nanosecond, _) => fitting::<TimestampNanosecondType>(data_type, rows),
        T::Decimal128(precision, _) => {
            let bound = 10i128.pow(u32::from(*precision));
            let value =
                prop_oneof![(-10_000i128..10_000), any::<i128>()].prop_map(move |value| value % bound);
            primitive!(Decimal128Type, data_type, vec(option::weighted(0.85, value), rows))
        }
        T::List(field) => {
            let field = Arc::clone(field);
            nested_offsets(rows)
                .prop_flat_map(move |(lengths, nulls)| {
                    let items = lengths.iter().sum();
                    let field = Arc::clone(&field);
                    column(field.data_type(), items, finite).prop_map(move |items| {
                        let offsets = OffsetBuffer::from_lengths(lengths.clone());
                        Arc::new(ListArray::new(
                            Arc::clone(&field),
                            offsets,
                            items,
                            Some(nulls.clone().into()),
                        )) as ArrayRef
                    })
                })
                .boxed()
        }
        T::LargeList(field) => {
            let field = Arc::clone(field);
            nested_offsets(rows)
                .prop_flat_map(move |(lengths, nulls)| {
                    let items = lengths.iter().sum();
                    let field = Arc::clone(&field);
                    column(field.data_type(), items, finite).prop_map(move |items| {
                        let offsets = OffsetBuffer::from_lengths(lengths.clone());
                        Arc::new(LargeListArray::new(
                            Arc::clone(&field),
                            offsets,
                            items,
                            Some(nulls.clone().into()),
                        )) as ArrayRef
                    })
                })
                .boxed()
        }
        T::Map(entries, _) => {
            let entries = Arc::clone(entries);
            nested_offsets(rows)
                .prop_flat_map(move |(lengths, nulls)| {
                    let items: usize = lengths.iter().sum();
                    let entries = Arc::clone(&entries);
                    (vec(text(), items), vec(option::weighted(0.8, integer()), items)).prop_map(
                        move |(keys, values)| {
                            let DataType::Struct(fields) = entries.data_type() else { unreachable!() };
                            let members = StructArray::new(
                                fields.clone(),
                                vec![Arc::new(StringArray::from(keys)), Arc::new(Int64Array::from(values))],
                                None,
                            );
                            let offsets = OffsetBuffer::from_lengths(lengths.clone());
                            Arc::new(MapArray::new(
                                Arc::clone(&entries),
                                offsets,
                                members,
                                Some(nulls.clone().into()),
                                false,
                            )) as ArrayRef
                        },
                    )
                })
                .boxed()
        }
        T::Struct(fields) => {
            let fields = fields.clone();
            let members: Vec<_> =
                fields.iter().map(|field| column(field.data_type(), rows, finite)).collect();
            (members, vec(prop::bool::weighted(0.85), rows))
                .prop_map(move |(members, nulls)| {
                    Arc::new(StructArray::new(fields.clone(), members, Some(nulls.into()))) as ArrayRef
                })
                .boxed()
        }
        other => panic!("no strategy for {other}"),
    }
}

use arrow::buffer::OffsetBuffer;

/// Lengths of lists, 0 where they are null, and which are not null.
fn nested_offsets(rows: usize) -> impl Strategy<Value = (Vec<usize>, Vec<bool>)> {
    vec((0usize..4, prop::bool::weighted(0.85)), rows).prop_map(|lists| {
        lists.into_iter().map(|(length, valid)| (if valid { length } else { 0 }, valid)).unzip()
    })
}
