use super::super::integers::integer_between;
use super::*;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, ListArray, NullArray, StringArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use millstream_expr::{Argument, Call, Constant, RowErrors};
use proptest::prelude::*;

mod fit;

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
    let call = CallSite { path, ordinal: 0, repetition: 0, arguments };
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
        ("random.random", vec![one()], Some(0), "takes no arguments"),
        ("random.randrange", vec![one(), one()], Some(1), "no integer from 1 before 1"),
        (
            "random.randrange",
            vec![one(), constant(Constant::Int(9)), constant(Constant::Int(0))],
            Some(2),
            "step",
        ),
        ("random.randrange", vec![constant(Constant::Int(0))], Some(0), "no integer from 0 before 0"),
        ("random.randrange", vec![one(), named("step", Constant::Int(2))], Some(1), "stop"),
        ("random.getrandbits", vec![constant(Constant::Int(64))], Some(0), "63 bits"),
        ("random.getrandbits", vec![constant(Constant::Int(-1))], Some(0), "63 bits"),
        ("random.gauss", vec![one(), constant(Constant::Int(-1))], Some(1), "negative"),
        ("random.lognormvariate", vec![one()], None, "needs `sigma`"),
        ("random.expovariate", vec![constant(Constant::Int(0))], Some(0), "cannot be 0"),
        ("random.gammavariate", vec![constant(Constant::Int(0)), one()], Some(0), "above 0"),
        ("random.betavariate", vec![one(), constant(Constant::Int(0))], Some(1), "above 0"),
        ("random.paretovariate", vec![constant(Constant::Float(-1.5))], Some(0), "above 0"),
        ("random.weibullvariate", vec![one(), constant(Constant::Float(0.0))], Some(1), "above 0"),
        ("random.vonmisesvariate", vec![one(), constant(Constant::Float(-0.5))], Some(1), "negative"),
        (
            "random.triangular",
            vec![one(), constant(Constant::Int(3)), constant(Constant::Int(4))],
            Some(2),
            "mode",
        ),
        ("random.sample", vec![constant(list(&[1, 2])), constant(Constant::Int(3))], Some(1), "2 items"),
        ("random.sample", vec![constant(list(&[1, 2])), constant(Constant::Int(-1))], Some(1), "2 items"),
        (
            "random.sample",
            vec![constant(list(&[1, 2])), one(), named("counts", list(&[2, 2]))],
            Some(2),
            "counts",
        ),
        ("random.seed", vec![one()], None, "depend on each other"),
        ("random.shuffle", vec![constant(list(&[1, 2]))], None, "in place"),
        ("random.randbytes", vec![one()], None, "bytes"),
        ("random.choice", vec![constant(list(&[]))], Some(0), "nothing to choose"),
        ("random.choice", vec![one()], Some(0), "list"),
        ("random.choice", vec![column(DataType::Int64)], Some(0), "of the type Int64"),
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

#[test]
fn ranges_have_steps_and_stop_before_their_end() {
    let range = |arguments: &[i64]| {
        let arguments: Vec<Argument> =
            arguments.iter().map(|&value| constant(Constant::Int(value))).collect();
        let array = values("random.randrange", &arguments, 0..60_000);
        let mut counts = std::collections::BTreeMap::<i64, u64>::new();
        for value in array.as_primitive::<Int64Type>().values() {
            *counts.entry(*value).or_default() += 1;
        }
        let (values, counts): (Vec<i64>, Vec<u64>) = counts.into_iter().unzip();
        // At most 9 degrees of freedom: 99.9 % of fair draws stay below 27.9.
        assert!(chi_squared(&counts, &vec![1.0; counts.len()]) < 27.9, "{counts:?}");
        values
    };
    assert_eq!(range(&[4]), [0, 1, 2, 3]);
    assert_eq!(range(&[2, 5]), [2, 3, 4]);
    assert_eq!(range(&[0, 10, 3]), [0, 3, 6, 9]);
    assert_eq!(range(&[0, 9, 3]), [0, 3, 6]);
    assert_eq!(range(&[10, 0, -4]), [2, 6, 10]);
    assert_eq!(range(&[i64::MIN, i64::MAX, i64::MAX]), [i64::MIN, -1, i64::MAX - 1]);
}

#[test]
fn bits_are_as_many_as_asked_for() {
    for bits in [0, 1, 3, 32, 63] {
        let array = values("random.getrandbits", &[constant(Constant::Int(bits))], 0..1000);
        let array = array.as_primitive::<Int64Type>();
        let largest = ((1_u64 << bits) - 1) as i64;
        assert!(array.values().iter().all(|value| (0..=largest).contains(value)), "{bits}");
        let ones = array.values().iter().map(|value| u64::from(value.count_ones())).sum::<u64>();
        // Six standard deviations of a thousand fair coins for each bit.
        let spread = 6.0 * (250.0 * bits as f64).sqrt();
        assert!((ones as f64 - 500.0 * bits as f64).abs() <= spread, "{bits}: {ones}");
    }
}

#[test]
fn samples_are_permutations_and_every_order_is_as_likely() {
    let arguments = [constant(list(&[0, 1, 2, 3])), constant(Constant::Int(4))];
    let array = values("random.sample", &arguments, 0..48_000);
    let mut counts = std::collections::BTreeMap::<Vec<i64>, u64>::new();
    for row in array.as_list::<i32>().iter() {
        let row = row.unwrap();
        *counts.entry(row.as_primitive::<Int64Type>().values().to_vec()).or_default() += 1;
    }
    assert_eq!(counts.len(), 24);
    let counts: Vec<u64> = counts.into_values().collect();
    // 23 degrees of freedom: 99.9 % stay below 49.7.
    assert!(chi_squared(&counts, &[1.0; 24]) < 49.7, "{counts:?}");
    // Also of a part, no item comes twice; of an empty one there is none.
    let some = values("random.sample", &[constant(list(&[5, 6, 7])), constant(Constant::Int(2))], 0..1000);
    assert!(some.as_list::<i32>().iter().all(|row| {
        let row = row.unwrap();
        let row = row.as_primitive::<Int64Type>().values();
        row.len() == 2 && row[0] != row[1]
    }));
    let none = values("random.sample", &[constant(list(&[5])), constant(Constant::Int(0))], 0..3);
    assert!(none.as_list::<i32>().iter().all(|row| row.unwrap().is_empty()));
}

fn int_lists(rows: &[&[i64]]) -> ArrayRef {
    let values = Int64Array::from(rows.concat());
    let offsets = OffsetBuffer::from_lengths(rows.iter().map(|row| row.len()));
    Arc::new(ListArray::new(
        Arc::new(Field::new_list_field(DataType::Int64, true)),
        offsets,
        Arc::new(values),
        None,
    ))
}

fn list_column() -> Argument {
    column(DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true))))
}

#[test]
fn populations_counts_and_weights_may_be_columns() {
    let lists = int_lists(&[&[1, 2, 3], &[7], &[], &[4, 5]]);
    let evaluate = |path: &str, arguments: &[Argument], columns: &[ArrayRef]| {
        let function = resolved(path, arguments).unwrap();
        let call = Call { arguments: columns, rows: &[0, 1, 2, 3], selected: None };
        let mut errors = RowErrors::default();
        let array = function.evaluate(&call, &mut errors).unwrap();
        assert_eq!(*array.data_type(), function.data_type());
        (array, errors.iter().map(|(index, _)| index).collect::<Vec<_>>())
    };
    let nothing = || Arc::new(NullArray::new(4)) as ArrayRef;
    let (array, failed) = evaluate("random.choice", &[list_column()], std::slice::from_ref(&lists));
    assert_eq!(failed, [2]);
    assert!([4, 5].contains(&array.as_primitive::<Int64Type>().value(3)));
    let arguments = [list_column(), constant(Constant::Int(2))];
    let (array, failed) = evaluate("random.sample", &arguments, &[lists.clone(), nothing()]);
    assert_eq!(failed, [1, 2]);
    let last = array.as_list::<i32>().value(3);
    let mut last = last.as_primitive::<Int64Type>().values().to_vec();
    last.sort_unstable();
    assert_eq!(last, [4, 5]);
    // A weight for each item of each row; the row without items fails, and so does the one with too many weights.
    let weights = int_lists(&[&[0, 1, 0], &[3, 4], &[], &[1, 0]]);
    let arguments = [
        list_column(),
        Argument { name: Some("weights".to_owned()), ..list_column() },
        named("k", Constant::Int(3)),
    ];
    let (array, failed) = evaluate("random.choices", &arguments, &[lists.clone(), weights, nothing()]);
    assert_eq!(failed, [1, 2]);
    for (row, item) in [(0, 2), (3, 4)] {
        let row = array.as_list::<i32>().value(row);
        assert_eq!(row.as_primitive::<Int64Type>().values(), &[item; 3]);
    }
    let counts: ArrayRef = Arc::new(Int64Array::from(vec![Some(2), Some(0), None, Some(-1)]));
    let arguments =
        [constant(list(&[1, 2])), Argument { name: Some("k".to_owned()), ..column(DataType::Int64) }];
    let (array, failed) = evaluate("random.choices", &arguments, &[nothing(), counts]);
    assert_eq!(failed, [2, 3]);
    assert_eq!(array.as_list::<i32>().value_length(0), 2);
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("äb"), Some("c"), Some(""), None]));
    let (array, failed) = evaluate("random.choice", &[column(DataType::Utf8)], &[texts]);
    assert_eq!(failed, [2, 3]);
    assert_eq!(array.as_string::<i32>().value(1), "c");
    assert!(["ä", "b"].contains(&array.as_string::<i32>().value(0)));
    // Parameters of distributions, too: what has no meaning fails its row, and nothing runs for ever.
    let shapes: ArrayRef = Arc::new(Float64Array::from(vec![Some(2.0), Some(f64::NAN), None, Some(-1.0)]));
    let arguments = [column(DataType::Float64), constant(Constant::Int(1))];
    let (array, failed) = evaluate("random.gammavariate", &arguments, &[shapes, nothing()]);
    assert_eq!(failed, [1, 2, 3]);
    assert!(array.as_primitive::<Float64Type>().value(0) > 0.0);
}

#[test]
fn lists_can_be_chosen_from_lists() {
    let pairs = Constant::List(vec![list(&[1, 2]), list(&[]), Constant::List(vec![Constant::Float(0.5)])]);
    let array = values("random.choice", &[constant(pairs)], 0..300);
    let mut lengths: Vec<usize> = array.as_list::<i32>().iter().map(|row| row.unwrap().len()).collect();
    lengths.sort_unstable();
    lengths.dedup();
    assert_eq!(lengths, [0, 1, 2]);
}
