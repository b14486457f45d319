//! Functions of a host.

use std::sync::{Arc, Mutex};

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, Int64Array, ListArray, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type};
use millstream_expr::{
    Call, CallError, CallSite, Constant, EvaluateError, Expression, Frame, Function, Library, NoLibrary,
    RowErrors,
};

use crate::common::Table;

/// Notes every call site that it resolves.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Library for Notes {
    fn resolve(&self, call: &CallSite<'_>) -> Result<Option<Arc<dyn Function>>, CallError> {
        let arguments: Vec<String> = call
            .arguments
            .iter()
            .map(|argument| {
                let name = argument.name.as_ref().map(|name| format!("{name}=")).unwrap_or_default();
                format!("{name}{}:{}:{:?}", argument.source, argument.data_type, argument.constant)
            })
            .collect();
        self.0.lock().unwrap().push(format!("{}#{}({})", call.path, call.ordinal, arguments.join(", ")));
        Ok(Some(match call.path {
            "plus" => Arc::new(Plus),
            "row" => Arc::new(Row(call.ordinal)),
            "random.choices" => Arc::new(Pairs),
            "small" => Arc::new(Small),
            "lie" => Arc::new(Lie),
            "fail" => Arc::new(Fail(call.arguments.len())),
            "refuse" => {
                return Err(CallError {
                    message: "the second argument is wrong".to_owned(),
                    hint: Some("write 2".to_owned()),
                    argument: Some(1),
                });
            }
            _ => return Ok(None),
        }))
    }

    fn names(&self) -> Vec<String> {
        ["plus", "row", "random.choices", "small", "lie", "fail", "refuse", "fake.email"]
            .map(str::to_owned)
            .to_vec()
    }
}

/// The sum of two ints; negative sums fail.
#[derive(Debug)]
struct Plus;

impl Function for Plus {
    fn data_type(&self) -> DataType {
        DataType::Int64
    }
    fn nullable(&self) -> bool {
        true
    }
    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let (left, right) =
            (call.arguments[0].as_primitive::<Int64Type>(), call.arguments[1].as_primitive::<Int64Type>());
        let sums: Int64Array = (0..left.len())
            .map(|row| {
                if call.selected.is_some_and(|selected| !selected.value(row)) {
                    return None;
                }
                let sum = left.value(row) + right.value(row);
                if sum < 0 {
                    errors.push(row, "a negative sum");
                    return None;
                }
                Some(sum)
            })
            .collect();
        Ok(Arc::new(sums))
    }
}

/// The identity of the row, times ten, plus the ordinal.
#[derive(Debug)]
struct Row(u64);

impl Function for Row {
    fn data_type(&self) -> DataType {
        DataType::Int64
    }
    fn nullable(&self) -> bool {
        false
    }
    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        Ok(Arc::new(call.rows.iter().map(|row| Some((row * 10 + self.0) as i64)).collect::<Int64Array>()))
    }
}

/// A list of two texts for each row.
#[derive(Debug)]
struct Pairs;

impl Function for Pairs {
    fn data_type(&self) -> DataType {
        DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)))
    }
    fn nullable(&self) -> bool {
        false
    }
    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        assert_eq!(*call.arguments[0].data_type(), DataType::Null);
        assert_eq!(call.arguments[0].len(), call.rows.len());
        let texts: StringArray =
            call.rows.iter().flat_map(|row| [Some(format!("a{row}")), Some(format!("b{row}"))]).collect();
        let offsets = arrow::buffer::OffsetBuffer::from_repeated_length(2, call.rows.len());
        Ok(Arc::new(ListArray::new(
            Arc::new(Field::new("item", DataType::Utf8, true)),
            offsets,
            Arc::new(texts),
            None,
        )))
    }
}

/// Values of a type that is none of the language's.
#[derive(Debug)]
struct Small;

impl Function for Small {
    fn data_type(&self) -> DataType {
        DataType::Int32
    }
    fn nullable(&self) -> bool {
        false
    }
    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        Ok(Arc::new(Int32Array::from(vec![7; call.rows.len()])))
    }
}

/// Fails every row, selected or not; with an argument, also rows that there are not.
#[derive(Debug)]
struct Fail(usize);

impl Function for Fail {
    fn data_type(&self) -> DataType {
        DataType::Int64
    }
    fn nullable(&self) -> bool {
        true
    }
    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        (0..call.rows.len() + self.0).for_each(|row| errors.push(row, "fails"));
        Ok(Arc::new(Int64Array::new_null(call.rows.len())))
    }
}

/// Promises ints and gives texts.
#[derive(Debug)]
struct Lie;

impl Function for Lie {
    fn data_type(&self) -> DataType {
        DataType::Int64
    }
    fn nullable(&self) -> bool {
        false
    }
    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        Ok(Arc::new(StringArray::from(vec!["x"; call.rows.len()])))
    }
}

fn table() -> Table {
    Table::new()
        .ints("x", [1, -5, 3])
        .with("narrow", Int32Array::from(vec![1, 2, 3]))
        .texts("name", ["a", "b", "c"])
}

#[test]
fn arguments_are_evaluated() {
    let table = table();
    let library = Notes::default();
    assert_eq!(table.show_with("plus(x, 2) * 2", &library), ["6", "!a negative sum", "10"]);
    assert_eq!(table.show_with("plus(narrow, len(name))", &library), ["2", "3", "4"]);
    assert_eq!(table.show_with("small()", &library), ["7"; 3]);
    assert_eq!(table.show_with("small() + 1", &library), ["8"; 3]);
    assert_eq!(
        table.show_with("random.choices(['x'], weights=[1, 2.5])[1].upper()", &library),
        ["'B0'", "'B1'", "'B2'"]
    );
    assert_eq!(table.show_with("len(random.choices([]))", &library), ["2"; 3]);
}

#[test]
fn call_sites_say_what_was_written() {
    let table = table();
    let library = Notes::default();
    let source = "plus(x + 1, 2 * 3) + (row() if row() else plus(narrow, b=row()))";
    table.show_with(source, &library);
    let mut notes = library.0.lock().unwrap().clone();
    notes.sort_by_key(|note| note.split('#').nth(1).unwrap().to_owned());
    assert_eq!(
        notes,
        [
            "plus#0(x + 1:Int64:None, 2 * 3:Int64:Some(Int(6)))",
            "row#1()",
            "row#2()",
            "plus#3(narrow:Int64:None, b=row():Int64:None)",
            "row#4()",
        ]
    );
    let library = Notes::default();
    let expression =
        Expression::compile("random.choices(['a', None, -1], (1, True), name=[[1]])", &table, &library)
            .unwrap();
    assert_eq!(
        library.0.lock().unwrap().as_slice(),
        ["random.choices#0(['a', None, -1]:Null:Some(List([Str(\"a\"), None, Int(-1)])), \
         (1, True):Null:Some(List([Int(1), Bool(true)])), name=[[1]]:Null:Some(List([List([Int(1)])])))"]
    );
    assert_eq!(expression.constant(), None);
    assert!(!expression.nullable());
}

#[test]
fn ordinals_follow_the_text() {
    let table = table();
    let library = Notes::default();
    assert_eq!(table.show_with("f'{row()}-{row()}'", &library), ["'0-1'", "'10-11'", "'20-21'"]);
    // The branch that a constant rules out still counts.
    assert_eq!(table.show_with("row() if False else row()", &library), ["1", "11", "21"]);
    assert_eq!(table.show_with("row() < row() < row()", &library), ["True"; 3]);
}

#[test]
fn rows_that_are_not_selected_do_not_fail() {
    let table = table();
    let library = Notes::default();
    assert_eq!(table.show_with("plus(x, 0) if x > 0 else 0", &library), ["1", "0", "3"]);
    assert_eq!(table.show_with("x > 0 and plus(x, 0) > 1", &library), ["False", "False", "True"]);
    assert_eq!(table.show_with("0 < x < plus(x, 1)", &library), ["True", "False", "True"]);
}

#[test]
fn errors_point_at_what_is_wrong() {
    let table = table();
    let library = Notes::default();
    let error = |source: &str| {
        let error = Expression::compile(source, &table, &library).unwrap_err();
        (error.message, source[error.range].to_owned(), error.hint.unwrap_or_default())
    };
    let expect = |message: &str, at: &str, hint: &str| (message.to_owned(), at.to_owned(), hint.to_owned());
    assert_eq!(error("1 + refuse(1, x)"), expect("the second argument is wrong", "x", "write 2"));
    assert_eq!(
        error("fake.emial()"),
        expect("there is no function `fake.emial`", "fake.emial", "did you mean `fake.email`?")
    );
    assert_eq!(
        error("fake.zzz(nope)"),
        expect("there is no function `fake.zzz`", "fake.zzz", "there are `fake.email`")
    );
    assert_eq!(error("plus(x, nope)").0, "there is no column `nope`");
    assert_eq!(
        error("row"),
        expect("there is no column `row`", "row", "`row` is a function: call it, as in `row()`")
    );
    assert_eq!(
        error("fake.email"),
        expect("`fake.email` is a function", "fake.email", "call it: `fake.email()`")
    );
    assert_eq!(error("plus([x], 1)").0, "a list as an argument must be constant");
    assert_eq!(error("plus({'a': x}, 1)").0, "the values of a dict must be constants");
    assert_eq!(error("plus(*x)").0, "`*` and `**` in calls are not supported");
    assert_eq!(error("plus(a=1, a=2)").0, "the argument `a` of `plus` is given twice");
    assert_eq!(error("unknown.lower(x)").0, "there is no column `unknown`");
    assert_eq!(
        Expression::compile("f(1)", &table, &NoLibrary).unwrap_err().message,
        "there is no function `f`"
    );
}

#[test]
fn functions_must_keep_their_promises() {
    let table = table();
    let library = Notes::default();
    assert_eq!(table.show_with("fail() if x > 1 else 0", &library), ["0", "0", "!fails"]);
    assert_eq!(
        table.show_with("1 // (x - 1) if x < 2 else fail()", &library),
        ["!division by zero", "-1", "!fails"]
    );
    let expression = Expression::compile("fail(1)", &table, &library).unwrap();
    let frame = Frame { columns: &[], rows: &[0, 1] };
    let error = expression.evaluate(&frame, &mut RowErrors::default()).unwrap_err();
    assert_eq!(error.to_string(), "`fail` reported row 2 of 2");
    let expression = Expression::compile("lie()", &table, &Notes::default()).unwrap();
    let frame = Frame { columns: &[], rows: &[0] };
    let error = expression.evaluate(&frame, &mut RowErrors::default()).unwrap_err();
    assert_eq!(error.to_string(), "`lie` promised 1 values of type Int64, but gave 1 of type Utf8");
}

#[test]
fn constants_reach_hosts() {
    let table = Table::new();
    let expression = Expression::compile("'a' * 2", &table, &NoLibrary).unwrap();
    assert_eq!(expression.constant(), Some(&Constant::Str("aa".to_owned())));
}
