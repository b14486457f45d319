use super::*;
use arrow::array::{AsArray, BooleanArray, ListArray, NullArray};
use arrow::datatypes::{Float64Type, Int64Type};
use millstream_expr::Argument;
use proptest::prelude::*;

fn constant(value: Constant) -> Argument {
    let data_type = match value {
        Constant::Int(_) => DataType::Int64,
        Constant::Float(_) => DataType::Float64,
        Constant::Str(_) => DataType::Utf8,
        Constant::Bool(_) => DataType::Boolean,
        Constant::None | Constant::List(_) | Constant::Dict(_) => DataType::Null,
    };
    Argument { name: None, data_type, constant: Some(value), source: "constant".to_owned() }
}

fn named(name: &str, value: Constant) -> Argument {
    Argument { name: Some(name.to_owned()), ..constant(value) }
}

fn column(data_type: DataType) -> Argument {
    Argument { name: None, data_type, constant: None, source: "column".to_owned() }
}

fn resolved(path: &str, arguments: &[Argument]) -> Result<Arc<dyn Function>, CallError> {
    let call = CallSite { path, ordinal: 0, arguments };
    resolve(&call, Key::from_seed(7)).map(Option::unwrap)
}

fn values(path: &str, arguments: &[Argument], rows: std::ops::Range<u64>) -> ArrayRef {
    let rows: Vec<u64> = rows.collect();
    let columns: Vec<ArrayRef> =
        arguments.iter().map(|_| Arc::new(NullArray::new(rows.len())) as ArrayRef).collect();
    let call = Call { arguments: &columns, rows: &rows, selected: None };
    let mut errors = RowErrors::default();
    let function = resolved(path, arguments).unwrap();
    let array = function.evaluate(&call, &mut errors).unwrap();
    assert!(errors.is_empty());
    assert_eq!(*array.data_type(), function.data_type());
    array
}

fn list(items: &[i64]) -> Constant {
    Constant::List(items.iter().copied().map(Constant::Int).collect())
}

fn chi_squared(counts: &[u64], weights: &[f64]) -> f64 {
    let draws: u64 = counts.iter().sum();
    let total: f64 = weights.iter().sum();
    counts
        .iter()
        .zip(weights)
        .map(|(&count, weight)| {
            let expected = weight / total * draws as f64;
            if expected == 0.0 {
                assert_eq!(count, 0, "an item of weight zero was chosen");
                return 0.0;
            }
            (count as f64 - expected).powi(2) / expected
        })
        .sum()
}

#[test]
fn integers_are_uniform_and_reach_both_bounds() {
    let array =
        values("random.randint", &[constant(Constant::Int(-3)), constant(Constant::Int(6))], 0..100_000);
    let mut counts = [0_u64; 10];
    for value in array.as_primitive::<Int64Type>().values() {
        counts[(value + 3) as usize] += 1;
    }
    // 9 degrees of freedom: 99.9 % of fair draws stay below 27.9.
    assert!(chi_squared(&counts, &[1.0; 10]) < 27.9, "{counts:?}");
}

#[test]
fn floats_are_uniform() {
    let array =
        values("random.uniform", &[constant(Constant::Int(10)), constant(Constant::Float(20.0))], 0..100_000);
    let mut counts = [0_u64; 20];
    for value in array.as_primitive::<Float64Type>().values() {
        counts[((value - 10.0) * 2.0) as usize] += 1;
    }
    // 19 degrees of freedom: 99.9 % stay below 43.8.
    assert!(chi_squared(&counts, &[1.0; 20]) < 43.8, "{counts:?}");
    let whole = values("random.random", &[], 0..1000);
    assert!(whole.as_primitive::<Float64Type>().values().iter().all(|value| (0.0..1.0).contains(value)));
}

#[test]
fn weights_are_kept_also_as_fractions_and_as_sums() {
    let integers = [1, 0, 5, 94, 0];
    let weights: Vec<f64> = integers.iter().map(|&weight| weight as f64).collect();
    let fractions = Constant::List(integers.iter().map(|&w| Constant::Float(w as f64 / 1000.0)).collect());
    let spellings = [
        named("weights", list(&integers)),
        named("weights", fractions),
        named("cum_weights", list(&[1, 1, 6, 100, 100])),
    ];
    let mut results = Vec::new();
    for weights_argument in spellings {
        let items = constant(list(&[0, 1, 2, 3, 4]));
        let array = values("random.choices", &[items, weights_argument], 0..100_000);
        let chosen = array.as_list::<i32>();
        assert!(chosen.iter().all(|row| row.unwrap().len() == 1));
        let mut counts = [0_u64; 5];
        for value in chosen.values().as_primitive::<Int64Type>().values() {
            counts[*value as usize] += 1;
        }
        // 2 degrees of freedom: 99.9 % stay below 13.8.
        assert!(chi_squared(&counts, &weights) < 13.8, "{counts:?}");
        results.push(array);
    }
    assert_eq!(&results[0], &results[2]);
}

#[test]
fn k_adds_draws_without_changing_the_first() {
    let items = constant(list(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    let one = values("random.choices", std::slice::from_ref(&items), 0..1000);
    let three = values("random.choices", &[items, named("k", Constant::Int(3))], 0..1000);
    let (one, three) = (one.as_list::<i32>(), three.as_list::<i32>());
    let flat = three.values().as_primitive::<Int64Type>().values();
    assert_eq!(flat.len(), 3000);
    let mut equal = 0;
    for row in 0..1000 {
        assert_eq!(flat[3 * row], one.values().as_primitive::<Int64Type>().value(row));
        equal += usize::from(flat[3 * row] == flat[3 * row + 1]);
    }
    assert!((50..150).contains(&equal), "draws of one row depend on each other: {equal}");
}

#[test]
fn lists_have_one_type() {
    let texts = Constant::List(vec![Constant::Str("a".to_owned()), Constant::None]);
    let array = values("random.choice", &[constant(texts.clone())], 0..1000);
    assert_eq!(array.data_type(), &DataType::Utf8);
    assert!(array.null_count() > 400 && array.null_count() < 600);
    assert!(resolved("random.choice", &[constant(texts)]).unwrap().nullable());
    let mixed = Constant::List(vec![Constant::Int(1), Constant::Float(2.5)]);
    assert_eq!(values("random.choice", &[constant(mixed)], 0..10).data_type(), &DataType::Float64);
    let characters = values("random.choice", &[constant(Constant::Str("xÿz".to_owned()))], 0..1000);
    let characters = characters.as_string::<i32>();
    for character in ["x", "ÿ", "z"] {
        assert!(characters.iter().any(|value| value == Some(character)));
    }
}

#[test]
fn wrong_calls_are_refused_where_they_are_wrong() {
    let one = || constant(Constant::Int(1));
    let text = || constant(Constant::Str("x".to_owned()));
    let cases: Vec<(&str, Vec<Argument>, Option<usize>, &str)> = vec![
        ("random.randint", vec![one()], None, "needs `b`"),
        ("random.randint", vec![one(), one(), one()], Some(2), "too many"),
        ("random.randint", vec![one(), constant(Constant::Int(0))], Some(1), "no integer from 1 to 0"),
        ("random.randint", vec![one(), constant(Constant::Float(2.0))], Some(1), "integer"),
        ("random.randint", vec![one(), column(DataType::Utf8)], Some(1), "integer"),
        ("random.randint", vec![one(), named("c", Constant::Int(2))], Some(1), "no parameter `c`"),
        ("random.randint", vec![one(), named("a", Constant::Int(2))], Some(1), "given twice"),
        ("random.uniform", vec![one(), text()], Some(1), "number"),
        ("random.uniform", vec![one(), constant(Constant::Float(f64::INFINITY))], Some(1), "finite"),
        ("random.random", vec![one()], Some(0), "too many"),
        ("random.choice", vec![constant(list(&[]))], Some(0), "nothing to choose"),
        ("random.choice", vec![one()], Some(0), "list"),
        ("random.choice", vec![column(DataType::Int64)], Some(0), "depends on the row"),
        (
            "random.choice",
            vec![constant(Constant::List(vec![Constant::Int(1), Constant::Str("a".to_owned())]))],
            Some(0),
            "different types",
        ),
        (
            "random.choices",
            vec![constant(list(&[1, 2])), named("weights", list(&[1]))],
            Some(1),
            "1 weights for 2 items",
        ),
        (
            "random.choices",
            vec![constant(list(&[1, 2])), named("weights", list(&[0, 0]))],
            Some(1),
            "above zero",
        ),
        (
            "random.choices",
            vec![constant(list(&[1, 2])), named("weights", list(&[2, -1]))],
            Some(1),
            "negative",
        ),
        (
            "random.choices",
            vec![constant(list(&[1, 2])), named("cum_weights", list(&[2, 1]))],
            Some(1),
            "negative",
        ),
        (
            "random.choices",
            vec![constant(list(&[1, 2])), named("k", Constant::Int(100_000))],
            Some(1),
            "from 0 to 1000",
        ),
        (
            "random.choices",
            vec![
                constant(list(&[1, 2])),
                named("weights", list(&[1, 1])),
                named("cum_weights", list(&[1, 2])),
            ],
            Some(2),
            "not both",
        ),
    ];
    for (path, arguments, argument, message) in cases {
        let error = resolved(path, &arguments).unwrap_err();
        assert!(error.message.contains(message), "{path}: {}", error.message);
        assert_eq!(error.argument, argument, "{path}: {}", error.message);
    }
}

#[test]
fn bounds_may_depend_on_the_row_and_fail_for_single_rows() {
    let arguments = [column(DataType::Int64), constant(Constant::Int(10))];
    let function = resolved("random.randint", &arguments).unwrap();
    let lows: ArrayRef = Arc::new(Int64Array::from(vec![Some(10), Some(11), None, Some(0), Some(12)]));
    let columns = [lows, Arc::new(NullArray::new(5)) as ArrayRef];
    let selected = BooleanArray::from(vec![true, true, true, true, false]);
    let call = Call { arguments: &columns, rows: &[0, 1, 2, 3, 4], selected: Some(&selected) };
    let mut errors = RowErrors::default();
    let array = function.evaluate(&call, &mut errors).unwrap();
    assert_eq!(array.as_primitive::<Int64Type>().value(0), 10);
    assert!((0..=10).contains(&array.as_primitive::<Int64Type>().value(3)));
    let mut failed: Vec<usize> = errors.iter().map(|(index, _)| index).collect();
    failed.sort_unstable();
    assert_eq!(failed, [1, 2]);
}

proptest! {
    #[test]
    fn an_integer_stays_between_any_bounds(a in any::<i64>(), b in any::<i64>(), row in any::<u64>()) {
        let (low, high) = (a.min(b), a.max(b));
        let value = integer_between(Key::from_seed(1), row, low, high);
        prop_assert!((low..=high).contains(&value));
    }

    #[test]
    fn draws_do_not_depend_on_the_chunk(start in 0_u64..1000, length in 0_u64..100) {
        let items = [constant(list(&[1, 2, 3])), named("k", Constant::Int(2))];
        let whole = values("random.choices", &items, 0..1100);
        let part = values("random.choices", &items, start..start + length);
        let whole: ListArray = whole.slice(start as usize, length as usize).to_data().into();
        prop_assert_eq!(&whole, part.as_list::<i32>());
    }
}
