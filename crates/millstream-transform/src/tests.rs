use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use millstream_core::{Payload, Transform};
use proptest::prelude::*;

use super::*;

fn batch(delays: Vec<Option<i64>>) -> RecordBatch {
    let names: Vec<String> = (0..delays.len()).map(|index| format!("flight {index}")).collect();
    let schema = Schema::new(vec![
        Field::new("depDelay", DataType::Int64, true),
        Field::new("name", DataType::Utf8, false),
    ]);
    let columns: Vec<ArrayRef> =
        vec![Arc::new(Int64Array::from(delays)), Arc::new(StringArray::from_iter_values(names))];
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn integers(batch: &RecordBatch, column: &str) -> Vec<Option<i64>> {
    batch.column_by_name(column).unwrap().as_primitive::<Int64Type>().iter().collect()
}

proptest! {
    #[test]
    fn a_filter_keeps_what_the_model_keeps(delays in prop::collection::vec(prop::option::of(-50_i64..50), 0..200)) {
        let input = batch(delays.clone());
        let filter = Filter::new("depDelay is not None and depDelay > 15", &input.schema()).unwrap();
        let mut rejected = Vec::new();
        let output = filter.apply(input, &mut rejected).unwrap();
        let model: Vec<Option<i64>> = delays.into_iter().filter(|delay| delay.is_some_and(|delay| delay > 15)).collect();
        prop_assert_eq!(integers(&output, "depDelay"), model);
        prop_assert!(rejected.is_empty());
    }

    #[test]
    fn rows_on_which_an_expression_fails_are_rejected_and_the_others_pass(
        delays in prop::collection::vec(-3_i64..4, 0..100),
    ) {
        let input = batch(delays.iter().copied().map(Some).collect());
        let set = Set::new([("inverse", "60 / depDelay")], &input.schema()).unwrap();
        let mut rejected = Vec::new();
        let output = set.apply(input.clone(), &mut rejected).unwrap();
        let model: Vec<f64> = delays.iter().filter(|delay| **delay != 0).map(|delay| 60.0 / *delay as f64).collect();
        prop_assert_eq!(output.column_by_name("inverse").unwrap().as_primitive::<Float64Type>().values(), &model[..]);
        prop_assert_eq!(rejected.len() + output.num_rows(), input.num_rows());
        for row in &rejected {
            prop_assert_eq!(delays[row.row_index as usize], 0);
            let expected = format!("{{\"depDelay\":0,\"name\":\"flight {}\"}}", row.row_index);
            prop_assert_eq!(&row.payload, &Payload::Row(expected));
            prop_assert!(row.message.contains("division by zero"), "{}", row.message);
        }
        // The filter says the same about the same rows.
        let filter = Filter::new("60 / depDelay > 0", &input.schema()).unwrap();
        let mut failed = Vec::new();
        let kept = filter.apply(input, &mut failed).unwrap();
        prop_assert_eq!(failed.len(), rejected.len());
        prop_assert_eq!(kept.num_rows(), delays.iter().filter(|delay| **delay > 0).count());
    }
}

#[test]
fn later_assignments_see_earlier_ones_and_columns_keep_their_place() {
    let input = batch(vec![Some(90), Some(30)]);
    let set = Set::new(
        [
            ("hours", "depDelay / 60"),
            ("depDelay", "depDelay * 2"),
            ("both", "hours + depDelay"),
            ("nothing", "None"),
        ],
        &input.schema(),
    )
    .unwrap();
    let output = set.apply(input, &mut Vec::new()).unwrap();
    let schema = output.schema();
    let names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
    assert_eq!(names, ["depDelay", "name", "hours", "both", "nothing"]);
    assert_eq!(integers(&output, "depDelay"), [Some(180), Some(60)]);
    assert_eq!(output.column(3).as_primitive::<Float64Type>().values(), &[181.5, 60.5]);
    assert_eq!((output.column(4).data_type(), output.column(4).null_count()), (&DataType::Utf8, 2));
    assert_eq!(set.schema(), schema);
}

#[test]
fn columns_are_selected_dropped_and_renamed() {
    let input = batch(vec![Some(1)]);
    let schema = input.schema();
    let names = |transform: &dyn Transform| {
        let output = transform.apply(input.clone(), &mut Vec::new()).unwrap();
        assert_eq!(output.schema(), transform.schema());
        output.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&Project::select(["name"], &schema).unwrap()), ["name"]);
    assert_eq!(names(&Project::drop(["name"], &schema).unwrap()), ["depDelay"]);
    assert_eq!(names(&Project::drop(["name", "depDelay"], &schema).unwrap()), Vec::<String>::new());
    assert_eq!(names(&Project::rename([("name", "label")], &schema).unwrap()), ["depDelay", "label"]);
    assert_eq!(names(&Project::snake_case(&schema).unwrap()), ["dep_delay", "name"]);
    let Err(unknown) = Project::select(["name", "nome"], &schema) else { panic!("accepted") };
    assert_eq!((unknown.index, unknown.name.as_str()), (1, "nome"));
    let collision = Project::rename([("name", "depDelay")], &schema);
    assert!(matches!(collision, Err(RenameError::Collision { .. })));
}

#[test]
fn values_that_do_not_fit_a_type_are_rejected() {
    let schema = Arc::new(Schema::new(vec![Field::new("text", DataType::Utf8, false)]));
    let column: ArrayRef = Arc::new(StringArray::from(vec!["1", "x", "3"]));
    let input = RecordBatch::try_new(schema.clone(), vec![column]).unwrap();
    let cast = Cast::new([("text", DataType::Int64)], &schema).unwrap();
    let mut rejected = Vec::new();
    let output = cast.apply(input, &mut rejected).unwrap();
    assert_eq!(integers(&output, "text"), [Some(1), Some(3)]);
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].message, "column \"text\" does not fit the type Int64");
}

#[test]
fn a_filter_must_be_a_condition() {
    let Err(error) = Filter::new("depDelay + 1", &batch(vec![]).schema()) else { panic!("accepted") };
    assert!(error.message.contains("needs a condition"), "{}", error.message);
    let Err(error) = Filter::new("depDelya > 1", &batch(vec![]).schema()) else { panic!("accepted") };
    assert_eq!(error.range, 0..8);
}

#[test]
fn a_float_with_a_fraction_is_no_integer() {
    let schema = Arc::new(Schema::new(vec![Field::new("x", DataType::Float64, true)]));
    let column: ArrayRef =
        Arc::new(Float64Array::from(vec![Some(1.0), Some(1.5), None, Some(1e30), Some(-2.0)]));
    let input = RecordBatch::try_new(schema.clone(), vec![column]).unwrap();
    let mut rejected = Vec::new();
    let output = Cast::new([("x", DataType::Int64)], &schema).unwrap().apply(input, &mut rejected).unwrap();
    assert_eq!(integers(&output, "x"), [Some(1), None, Some(-2)]);
    assert_eq!(rejected.iter().map(|row| row.row_index).collect::<Vec<_>>(), [1, 3]);
}
