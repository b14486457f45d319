//! Values of rows given to the functions over columns: an operation of a module on values is an expression over
//! columns of one row, compiled once for its types. So that both evaluations have one meaning of each function.

use std::cell::RefCell;
use std::rc::Rc;

use arrow::datatypes::{DataType, TimeUnit};
use hashbrown::HashMap;

use crate::compile::Compiler;
use crate::function::{CallError, CallSite, Function, Library};
use crate::interpreter::failure::{Failure, FailureKind, Outcome};
use crate::interpreter::static_type::Static;
use crate::interpreter::value::Value;
use crate::interpreter::{Reader, Writer, display, of_column};
use crate::kernels::integer::{BY_ZERO, OVERFLOW};
use crate::modules::temporal::calendar::{civil, day_of, time_of};
use crate::node::Node;
use crate::parse::parse;
use crate::scope::Scope;
use crate::{Frame, RowErrors};

/// So many compiled operations are kept by a thread; beyond them, all are forgotten at once.
const KEPT: usize = 512;

thread_local! {
    /// What was compiled: a memo of a pure function.
    static KNOWN: RefCell<HashMap<Key, Rc<Compiled>>> = RefCell::new(HashMap::new());
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    source: String,
    types: Vec<DataType>,
    now: Option<i64>,
}

#[derive(Debug)]
enum Compiled {
    Node(Node),
    /// A value of a module that no column holds: it is known by how it was made.
    Module,
    Wrong(String),
}

/// Evaluates an operation on values. `write` puts the operands' texts together.
pub(crate) fn evaluate(
    operands: &[&Value],
    now: Option<i64>,
    write: &dyn Fn(&[String]) -> String,
) -> Outcome<Value> {
    let mut values = Vec::new();
    let texts: Vec<String> =
        operands.iter().map(|value| as_column(value, &mut values)).collect::<Outcome<_>>()?;
    let source = write(&texts);
    let types: Vec<DataType> = values.iter().map(|(data_type, _)| data_type.clone()).collect();
    let message = match &*compile(source, types, now) {
        Compiled::Node(node) => return run(node, &values),
        Compiled::Module => return module(operands, write),
        Compiled::Wrong(message) => message.clone(),
    };
    // Some arguments must be constants: formats, patterns, units.
    let mut values = Vec::new();
    let texts: Vec<String> = operands
        .iter()
        .map(|value| match value {
            Value::Date(_) | Value::DateTime(_) | Value::TimeDelta(_) | Value::Time(_) => {
                as_column(value, &mut values)
            }
            other => literal(other),
        })
        .collect::<Outcome<_>>()?;
    let source = write(&texts);
    let types: Vec<DataType> = values.iter().map(|(data_type, _)| data_type.clone()).collect();
    match &*compile(source, types, now) {
        Compiled::Node(node) => run(node, &values),
        Compiled::Module => module(operands, write),
        Compiled::Wrong(_) => Err(Failure::type_(message)),
    }
}

/// The type of an operation on values of types; operands that are written in the source have their text. What is
/// wrong if it never has a value.
pub(crate) fn type_of(
    operands: &[(Static, Option<String>)],
    now: Option<i64>,
    write: &dyn Fn(&[String]) -> String,
) -> Result<Static, String> {
    let mut first = None;
    // As columns, then with the texts, then with samples for what must be constant.
    for attempt in 0..3 {
        let mut types = Vec::new();
        let mut texts = Vec::with_capacity(operands.len());
        let mut nullable = false;
        for (type_, written) in operands {
            nullable |= type_.may_be_none();
            let present = type_.clone().present();
            let data_type = column_type(&present);
            let text = match (attempt, written, data_type, &present) {
                (1 | 2, Some(text), ..) => text.clone(),
                (2, None, ..) if sample(&present).is_some() => sample(&present).unwrap_or_default(),
                (_, _, Some(data_type), present) => {
                    types.push(data_type);
                    let name = format!("a{}", types.len() - 1);
                    if *present == Static::Bytes { format!("{name}.encode()") } else { name }
                }
                (_, _, None, Static::Module(source)) => format!("({source})"),
                (_, Some(text), ..) => text.clone(),
                _ => return Ok(Static::Any),
            };
            texts.push(text);
        }
        let source = write(&texts);
        match &*compile(source.clone(), types, now) {
            Compiled::Node(node) => {
                let type_ = of_column(&node.type_.data_type(), false);
                return Ok(if nullable { type_.optional() } else { type_ });
            }
            Compiled::Module => {
                // The samples stand for whatever the row has.
                let texts: Option<Vec<String>> = operands
                    .iter()
                    .map(|(type_, written)| written.clone().or_else(|| sample(&type_.clone().present())))
                    .collect();
                return Ok(texts.map_or(Static::Any, |texts| Static::Module(write(&texts).into())));
            }
            Compiled::Wrong(message) => {
                first.get_or_insert_with(|| message.clone());
            }
        }
    }
    Err(first.unwrap_or_default())
}

/// Whether a path of a module is a constant, and its value.
pub(crate) fn constant(path: &str) -> Option<Value> {
    evaluate(&[], None, &|_| path.to_owned()).ok()
}

fn module(operands: &[&Value], write: &dyn Fn(&[String]) -> String) -> Outcome<Value> {
    let texts: Vec<String> = operands.iter().map(|value| literal(value)).collect::<Outcome<_>>()?;
    Ok(Value::Module(write(&texts).into()))
}

fn compile(source: String, types: Vec<DataType>, now: Option<i64>) -> Rc<Compiled> {
    let key = Key { source, types, now };
    if let Some(known) = KNOWN.with_borrow(|known| known.get(&key).cloned()) {
        return known;
    }
    let compiled = Rc::new(compile_new(&key));
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(key, compiled.clone());
    });
    compiled
}

fn compile_new(key: &Key) -> Compiled {
    let syntax = match parse(&key.source) {
        Ok(syntax) => syntax,
        Err(error) => return Compiled::Wrong(error.message),
    };
    let scope = Row { types: &key.types };
    let library = Clock { now: key.now };
    let mut compiler = Compiler::inside(&key.source, &scope, &library, HashMap::new(), HashMap::new());
    match compiler.root_or_module(&syntax) {
        Ok(Some(node)) => Compiled::Node(node),
        Ok(None) => Compiled::Module,
        Err(error) => Compiled::Wrong(error.message),
    }
}

fn run(node: &Node, values: &[(DataType, Value)]) -> Outcome<Value> {
    let fatal = |error: crate::EvaluateError| Failure::new(FailureKind::Other, error.to_string());
    let mut columns = Vec::with_capacity(values.len());
    for (data_type, value) in values {
        let Some(mut writer) = Writer::new(data_type) else {
            return Err(Failure::type_(format!("a value cannot be of type {data_type}")));
        };
        writer.add(value)?;
        columns.push(writer.finish().map_err(fatal)?);
    }
    let mut errors = RowErrors::default();
    let frame = Frame { columns: &columns, rows: &[0] };
    let array = node.evaluate(&frame, None, &mut errors).map_err(fatal)?.into_array(1);
    if let Some((_, message)) = errors.iter().next() {
        let kind = match message {
            BY_ZERO => FailureKind::ZeroDivision,
            OVERFLOW => FailureKind::Overflow,
            _ => FailureKind::Value,
        };
        return Err(Failure::new(kind, message.to_owned()));
    }
    Ok(Reader::new(&array).map_err(fatal)?.value(0))
}

/// A value as a column of its own, where there are such columns.
fn as_column(value: &Value, columns: &mut Vec<(DataType, Value)>) -> Outcome<String> {
    let data_type = match value {
        Value::Bool(_) => DataType::Boolean,
        Value::Int(_) => DataType::Int64,
        Value::Float(_) => DataType::Float64,
        Value::Str(_) => DataType::Utf8,
        Value::Date(_) => DataType::Date32,
        Value::DateTime(moment) => {
            DataType::Timestamp(TimeUnit::Microsecond, moment.zone.as_ref().map(|zone| (&*zone.0).into()))
        }
        Value::Time(_) => DataType::Time64(TimeUnit::Microsecond),
        Value::TimeDelta(_) => DataType::Duration(TimeUnit::Microsecond),
        Value::Bytes(bytes) => {
            let Ok(text) = std::str::from_utf8(bytes) else {
                return Err(Failure::type_("these bytes are no text, and cannot be given to a function"));
            };
            columns.push((DataType::Utf8, Value::text(text)));
            return Ok(format!("a{}.encode()", columns.len() - 1));
        }
        other => return literal(other),
    };
    columns.push((data_type, value.clone()));
    Ok(format!("a{}", columns.len() - 1))
}

/// A value as the source that makes it.
fn literal(value: &Value) -> Outcome<String> {
    Ok(match value {
        Value::Module(source) => format!("({source})"),
        Value::Float(value) if !value.is_finite() => format!("float('{value}')"),
        Value::Date(date) => {
            let (year, month, day) = civil(date.0);
            format!("datetime.date({year}, {month}, {day})")
        }
        Value::DateTime(moment) => {
            let (year, month, day) = civil(day_of(moment.micros));
            let time = time_of(moment.micros);
            let (seconds, micros) = (time / 1_000_000, time % 1_000_000);
            let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            let fields = format!("{year}, {month}, {day}, {hour}, {minute}, {second}, {micros}");
            match &moment.zone {
                None => format!("datetime.datetime({fields})"),
                Some(zone) => format!(
                    "datetime.datetime({fields}, tzinfo=timezone.utc).astimezone(ZoneInfo(\"{}\"))",
                    zone.0
                ),
            }
        }
        Value::TimeDelta(delta) => format!("datetime.timedelta(microseconds={})", delta.0),
        Value::Time(time) => {
            let (seconds, micros) = (time.micros / 1_000_000, time.micros % 1_000_000);
            format!("datetime.time({}, {}, {}, {micros})", seconds / 3600, seconds / 60 % 60, seconds % 60)
        }
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => format!("{}.encode()", literal(&Value::text(text))?),
            Err(_) => {
                return Err(Failure::type_("these bytes are no text, and cannot be given to a function"));
            }
        },
        Value::List(items) => list(&items.borrow())?,
        Value::Tuple(items) => list(items)?,
        other => {
            let mut text = String::new();
            display::repr(other, &mut text)?;
            text
        }
    })
}

fn list(items: &[Value]) -> Outcome<String> {
    let items = items.iter().map(literal).collect::<Outcome<Vec<_>>>()?;
    Ok(format!("[{}]", items.join(", ")))
}

fn column_type(type_: &Static) -> Option<DataType> {
    Some(match type_ {
        Static::Bool
        | Static::Int
        | Static::Float
        | Static::Str
        | Static::Date
        | Static::DateTime(_)
        | Static::Time
        | Static::TimeDelta => type_.data_type(),
        Static::Bytes => DataType::Utf8,
        _ => return None,
    })
}

/// The source of some value of a type.
fn sample(type_: &Static) -> Option<String> {
    Some(
        match type_ {
            Static::Bool => "True",
            Static::Int => "1",
            Static::Float => "1.0",
            Static::Str => "'a'",
            Static::Bytes => "'a'.encode()",
            Static::Date => "datetime.date(2024, 1, 1)",
            Static::DateTime(None) => "datetime.datetime(2024, 1, 1)",
            Static::DateTime(Some(_)) => "datetime.datetime(2024, 1, 1, tzinfo=timezone.utc)",
            Static::TimeDelta => "datetime.timedelta(1)",
            Static::Time => "datetime.time(1)",
            Static::Module(source) => return Some(format!("({source})")),
            _ => return None,
        }
        .to_owned(),
    )
}

/// The columns of an operation: `a0`, `a1` …
struct Row<'a> {
    types: &'a [DataType],
}

impl Scope for Row<'_> {
    fn column(&self, name: &str) -> Option<(usize, DataType)> {
        let index: usize = name.strip_prefix('a')?.parse().ok()?;
        Some((index, self.types.get(index)?.clone()))
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn nullable(&self, _: usize) -> bool {
        false
    }
}

/// A library of nothing but the run's clock.
struct Clock {
    now: Option<i64>,
}

impl Library for Clock {
    fn resolve(&self, _: &CallSite<'_>) -> Result<Option<std::sync::Arc<dyn Function>>, CallError> {
        Ok(None)
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn now(&self) -> Option<i64> {
        self.now
    }
}
