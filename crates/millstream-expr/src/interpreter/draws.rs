//! Calls of the library that are made row by row. The k-th execution of one call in one row draws from a substream of
//! its own; calls with the same arguments are resolved once.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use hashbrown::HashMap;

use super::budget::Budget;
use super::failure::{Failure, FailureKind, Outcome};
use super::inputs::Reader;
use super::ir::Program;
use super::lower::chooses_from_list;
use super::outputs::Writer;
use super::value::Value;
use super::{Arguments, iterate};
use crate::function::{Argument, Call, CallSite, Constant, Function};
use crate::{EvaluateError, RowErrors};

/// So many resolved calls are kept; beyond them, all are forgotten at once.
const KEPT: usize = 4096;
/// After so many rows with the same call, it is made for all rows of the chunk at once.
const PATIENCE: usize = 3;
/// The longest list that is chosen from, as its indices are arguments.
const LONGEST: usize = 100_000;

/// The library calls of one chunk.
pub(crate) struct Draws<'a> {
    program: &'a Program,
    rows: &'a [u64],
    row: usize,
    /// How often each site was executed for the row.
    counts: Vec<u64>,
    known: HashMap<(usize, u64), Resolved>,
    fatal: Option<EvaluateError>,
}

/// A call with its arguments.
struct Resolved {
    arguments: Vec<(Option<String>, Passed)>,
    function: Arc<dyn Function>,
    uses: usize,
    /// The values for all rows, once it is worth it.
    all: Option<(Reader, HashMap<usize, String>)>,
}

/// An argument as the library gets it: a constant, or a value of a type that constants lack.
#[derive(Debug, Clone, PartialEq)]
enum Passed {
    Constant(Constant),
    Days(i32),
    Moment(i64, bool),
}

impl<'a> Draws<'a> {
    pub(crate) fn new(program: &'a Program, rows: &'a [u64]) -> Self {
        Self {
            program,
            rows,
            row: 0,
            counts: vec![0; program.sites.len()],
            known: HashMap::new(),
            fatal: None,
        }
    }

    pub(crate) fn begin_row(&mut self, row: usize) {
        self.row = row;
        self.counts.fill(0);
    }

    pub(crate) fn take_fatal(&mut self) -> Option<EvaluateError> {
        self.fatal.take()
    }

    /// Calls the function of a site.
    pub(crate) fn call(
        &mut self,
        site: usize,
        arguments: Arguments<'_>,
        budget: &mut Budget,
    ) -> Outcome<Value> {
        budget.step()?;
        let repetition = self.counts[site];
        self.counts[site] += 1;
        let path = &self.program.sites[site].path;
        if !chooses_from_list(path) {
            let passed = pass(arguments, budget)?;
            return self.draw(site, path, repetition, passed);
        }
        // What is drawn are indices; the values stay as they are.
        let (list, arguments) = population(path, arguments)?;
        if let Value::Dict(items) = &list {
            return self.weighted(site, repetition, items, arguments, budget);
        }
        let items = iterate::items(&list, budget)?;
        if items.len() > LONGEST {
            return Err(Failure::value(format!("`{path}` chooses from at most {LONGEST} values")));
        }
        let mut passed = pass(arguments, budget)?;
        let indices = (0..items.len() as i64).map(Constant::Int).collect();
        passed.insert(0, (None, Passed::Constant(Constant::List(indices))));
        let (path, list_count) = match path.as_str() {
            "random.shuffle" => {
                passed.truncate(1);
                passed.push((Some("k".to_owned()), Passed::Constant(Constant::Int(items.len() as i64))));
                ("random.sample", true)
            }
            path => (path, false),
        };
        if items.is_empty() && list_count {
            return Ok(Value::None);
        }
        let drawn = self.draw(site, path, repetition, passed)?;
        let chosen = pick(&drawn, &items)?;
        if list_count {
            if let (Value::List(target), Value::List(shuffled)) = (&list, &chosen) {
                let shuffled = shuffled.borrow().clone();
                *target.borrow_mut() = shuffled;
                return Ok(Value::None);
            }
            return Err(Failure::type_("random.shuffle needs a list"));
        }
        if let Value::List(items) = &chosen {
            budget.items(Some(items.borrow().len()))?;
        }
        Ok(chosen)
    }

    /// A key of a dict whose values are weights, as `fake.random_element` has it.
    fn weighted(
        &mut self,
        site: usize,
        repetition: u64,
        items: &std::rc::Rc<std::cell::RefCell<super::dict::Dict>>,
        arguments: Arguments<'_>,
        budget: &mut Budget,
    ) -> Outcome<Value> {
        let path = &self.program.sites[site].path;
        let single = match path.as_str() {
            "fake.random_element" => true,
            "fake.random_elements" | "fake.random_choices" => false,
            path => {
                return Err(Failure::type_(format!(
                    "`{path}` needs a list: write `list(..)` around the dict"
                )));
            }
        };
        let (keys, weights): (Vec<Value>, Vec<Value>) =
            items.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).unzip();
        let weights = weights.iter().map(|weight| constant(weight, budget)).collect::<Outcome<Vec<_>>>()?;
        let indices = (0..keys.len() as i64).map(Constant::Int).collect();
        let mut passed = vec![
            (None, Passed::Constant(Constant::List(indices))),
            (Some("weights".to_owned()), Passed::Constant(Constant::List(weights))),
        ];
        if !single {
            let length =
                arguments.keywords.iter().find(|(name, _)| &**name == "length").map(|(_, value)| value);
            if let Some(length) = length.or_else(|| arguments.positional.first()) {
                passed.push((Some("k".to_owned()), Passed::Constant(constant(length, budget)?)));
            }
        }
        let drawn = self.draw(site, "random.choices", repetition, passed)?;
        let chosen = pick(&drawn, &keys)?;
        match (&chosen, single) {
            (Value::List(items), true) => Ok(items.borrow().first().cloned().unwrap_or(Value::None)),
            _ => Ok(chosen),
        }
    }

    fn draw(
        &mut self,
        site: usize,
        path: &str,
        repetition: u64,
        passed: Vec<(Option<String>, Passed)>,
    ) -> Outcome<Value> {
        let key = (site, repetition);
        if self.known.get(&key).is_none_or(|resolved| resolved.arguments != passed) {
            let resolved = self.resolve(site, path, repetition, passed)?;
            if self.known.len() >= KEPT {
                self.known.clear();
            }
            self.known.insert(key, resolved);
        }
        match self.evaluate(key) {
            Ok(result) => result.map_err(|message| Failure::new(FailureKind::Other, message)),
            Err(error) => {
                self.fatal = Some(error);
                Err(Failure::new(FailureKind::Budget, "the evaluation ended"))
            }
        }
    }

    fn resolve(
        &self,
        site: usize,
        path: &str,
        repetition: u64,
        passed: Vec<(Option<String>, Passed)>,
    ) -> Outcome<Resolved> {
        let Some(library) = &self.program.library else {
            return Err(Failure::new(FailureKind::Other, format!("`{path}` cannot be called row by row")));
        };
        let site = &self.program.sites[site];
        let arguments: Vec<Argument> = passed
            .iter()
            .enumerate()
            .map(|(index, (name, passed))| Argument {
                name: name.clone(),
                data_type: passed.data_type(),
                constant: match passed {
                    Passed::Constant(constant) => Some(constant.clone()),
                    Passed::Days(_) | Passed::Moment(..) => None,
                },
                source: site.sources.get(index).cloned().unwrap_or_default(),
            })
            .collect();
        let call = CallSite { path, ordinal: site.ordinal, repetition, arguments: &arguments };
        match library.resolve(&call) {
            Ok(Some(function)) if function.columns().is_empty() => {
                Ok(Resolved { arguments: passed, function, uses: 0, all: None })
            }
            Ok(Some(_)) => {
                Err(Failure::new(FailureKind::Other, format!("`{path}` cannot be called row by row")))
            }
            Ok(None) => Err(Failure::new(FailureKind::Name, format!("there is no function `{path}`"))),
            Err(error) => Err(Failure::value(format!("{path}: {}", error.message))),
        }
    }

    /// The value for the current row; inside, why the row has none.
    fn evaluate(&mut self, key: (usize, u64)) -> Result<Result<Value, String>, EvaluateError> {
        let Some(resolved) = self.known.get_mut(&key) else { return Ok(Ok(Value::None)) };
        resolved.uses += 1;
        if resolved.all.is_none() && resolved.uses > PATIENCE {
            let (array, errors) = resolved.evaluate(self.rows)?;
            let mut messages = HashMap::new();
            for (row, message) in errors.iter() {
                messages.entry(row).or_insert_with(|| message.to_owned());
            }
            resolved.all = Some((Reader::new(&array)?, messages));
        }
        if let Some((reader, errors)) = &resolved.all {
            return Ok(match errors.get(&self.row) {
                Some(message) => Err(message.clone()),
                None => Ok(reader.value(self.row)),
            });
        }
        let (array, errors) = resolved.evaluate(&self.rows[self.row..=self.row])?;
        if let Some((_, message)) = errors.iter().next() {
            return Ok(Err(message.to_owned()));
        }
        Ok(Ok(Reader::new(&array)?.value(0)))
    }
}

impl Resolved {
    fn evaluate(&self, rows: &[u64]) -> Result<(ArrayRef, RowErrors), EvaluateError> {
        let arrays = self
            .arguments
            .iter()
            .map(|(_, passed)| passed.array(rows.len()))
            .collect::<Result<Vec<_>, _>>()?;
        let mut errors = RowErrors::default();
        let array =
            self.function.evaluate(&Call { arguments: &arrays, rows, selected: None }, &mut errors)?;
        if array.len() != rows.len() {
            return Err(EvaluateError::Host(format!(
                "a function gave {} values for {}",
                array.len(),
                rows.len()
            )));
        }
        Ok((array, errors))
    }
}

impl Passed {
    fn data_type(&self) -> DataType {
        use arrow::datatypes::TimeUnit::Microsecond;
        match self {
            Self::Constant(Constant::None | Constant::List(_) | Constant::Dict(_)) => DataType::Null,
            Self::Constant(Constant::Bool(_)) => DataType::Boolean,
            Self::Constant(Constant::Int(_)) => DataType::Int64,
            Self::Constant(Constant::Float(_)) => DataType::Float64,
            Self::Constant(Constant::Str(_)) => DataType::Utf8,
            Self::Days(_) => DataType::Date32,
            Self::Moment(_, aware) => DataType::Timestamp(Microsecond, aware.then(|| "UTC".into())),
        }
    }

    fn array(&self, rows: usize) -> Result<ArrayRef, EvaluateError> {
        let value = match self {
            Self::Constant(Constant::None | Constant::List(_) | Constant::Dict(_)) => Value::None,
            Self::Constant(Constant::Bool(value)) => Value::Bool(*value),
            Self::Constant(Constant::Int(value)) => Value::Int(*value),
            Self::Constant(Constant::Float(value)) => Value::Float(*value),
            Self::Constant(Constant::Str(text)) => Value::text(text),
            Self::Days(days) => Value::Date(crate::modules::temporal::Date(*days)),
            Self::Moment(micros, aware) => Value::DateTime(crate::modules::temporal::DateTime {
                micros: *micros,
                zone: aware.then(|| crate::modules::temporal::TimeZone("UTC".into())),
            }),
        };
        let data_type = self.data_type();
        let Some(mut writer) = Writer::new(&data_type) else {
            return Err(EvaluateError::Host(format!("an argument cannot be of type {data_type}")));
        };
        for _ in 0..rows {
            writer.add(&value).map_err(|failure| EvaluateError::Host(failure.to_string()))?;
        }
        writer.finish()
    }
}

/// The list that is chosen from, and the other arguments.
fn population<'v>(path: &str, arguments: Arguments<'v>) -> Outcome<(Value, Arguments<'v>)> {
    if let Some((list, rest)) = arguments.positional.split_first() {
        return Ok((list.clone(), Arguments { positional: rest, keywords: arguments.keywords }));
    }
    // Named, it is the first keyword or the last: the others keep their names.
    for name in ["seq", "population", "elements", "x"] {
        let at = arguments.keywords.iter().position(|(keyword, _)| &**keyword == name);
        match at {
            Some(0) => {
                let rest = Arguments { positional: &[], keywords: &arguments.keywords[1..] };
                return Ok((arguments.keywords[0].1.clone(), rest));
            }
            Some(at) if at + 1 == arguments.keywords.len() => {
                let rest = Arguments { positional: &[], keywords: &arguments.keywords[..at] };
                return Ok((arguments.keywords[at].1.clone(), rest));
            }
            Some(_) => {
                return Err(Failure::type_(format!("give the list of `{path}` as its first argument")));
            }
            None => {}
        }
    }
    Err(Failure::type_(format!("`{path}` needs a list to choose from")))
}

fn pick(drawn: &Value, items: &[Value]) -> Outcome<Value> {
    let item = |index: &Value| {
        index
            .as_int()
            .and_then(|index| items.get(usize::try_from(index).ok()?).cloned())
            .ok_or_else(|| Failure::new(FailureKind::Other, "the library drew no index"))
    };
    match drawn {
        Value::List(indices) => Ok(Value::list(indices.borrow().iter().map(item).collect::<Outcome<_>>()?)),
        index => item(index),
    }
}

fn pass(arguments: Arguments<'_>, budget: &mut Budget) -> Outcome<Vec<(Option<String>, Passed)>> {
    let mut one = |value: &Value| {
        Ok(match value {
            Value::Date(date) => Passed::Days(date.0),
            Value::DateTime(moment) => Passed::Moment(moment.micros, moment.zone.is_some()),
            other => Passed::Constant(constant(other, budget)?),
        })
    };
    let positional = arguments.positional.iter().map(|value| (None, value));
    let keywords = arguments.keywords.iter().map(|(name, value)| (Some(name.to_string()), value));
    positional.chain(keywords).map(|(name, value)| Ok((name, one(value)?))).collect()
}

fn constant(value: &Value, budget: &mut Budget) -> Outcome<Constant> {
    Ok(match value {
        Value::None => Constant::None,
        Value::Bool(value) => Constant::Bool(*value),
        Value::Int(value) => Constant::Int(*value),
        Value::Float(value) => Constant::Float(*value),
        Value::Str(text) => Constant::Str(text.to_string()),
        Value::List(_) | Value::Tuple(_) | Value::Set(_) | Value::Range(_) | Value::Iterator(_) => {
            let items = iterate::items(value, budget)?;
            Constant::List(items.iter().map(|item| constant(item, budget)).collect::<Outcome<_>>()?)
        }
        Value::Dict(items) => {
            let items = items.borrow();
            budget.steps(items.len())?;
            let pairs =
                items.iter().map(|(key, value)| Ok((constant(key, budget)?, constant(value, budget)?)));
            Constant::Dict(pairs.collect::<Outcome<_>>()?)
        }
        other => {
            return Err(Failure::type_(format!(
                "a value of type {} cannot be an argument of this function",
                other.type_name()
            )));
        }
    })
}
