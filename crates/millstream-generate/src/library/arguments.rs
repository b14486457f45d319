//! Reads the arguments of a call by the names or the positions of its parameters; what is wrong with them is said here.

use std::cell::Cell;

use millstream_expr::{Argument, CallError, CallSite, Constant};

/// A parameter: its index, or its name.
pub(crate) trait Parameter: Copy {
    /// Its index among `parameters`.
    fn index_in(self, parameters: &[&str]) -> Option<usize>;
}

impl Parameter for usize {
    fn index_in(self, parameters: &[&str]) -> Option<usize> {
        (self < parameters.len()).then_some(self)
    }
}

impl Parameter for &str {
    fn index_in(self, parameters: &[&str]) -> Option<usize> {
        parameters.iter().position(|parameter| first_spelling(parameter) == self)
    }
}

fn first_spelling(parameter: &str) -> &str {
    parameter.split('|').next().unwrap_or(parameter)
}

/// The arguments of a call, by parameter.
#[derive(Debug)]
pub(crate) struct Bound<'a> {
    call: &'a CallSite<'a>,
    signature: &'a str,
    parameters: &'a [&'a str],
    /// For each parameter the index of its argument.
    indices: Vec<Option<usize>>,
    /// One bit for each parameter that was asked for.
    read: Cell<u64>,
}

/// An error that points at `argument`.
pub(crate) fn wrong(argument: Option<usize>, message: impl Into<String>, hint: Option<String>) -> CallError {
    CallError { message: message.into(), hint, argument }
}

impl<'a> Bound<'a> {
    /// Binds the arguments of `call` to `parameters`, positional ones in order and the others by name, as Python does.
    /// The first `required` must be there. A parameter may have several spellings: `column|column_name`. `signature` is
    /// shown in errors.
    pub(crate) fn new(
        call: &'a CallSite<'a>,
        signature: &'a str,
        parameters: &'a [&'a str],
        required: usize,
    ) -> Result<Self, CallError> {
        let mut indices = vec![None; parameters.len()];
        let usage = || Some(format!("the call is {signature}"));
        for (index, argument) in call.arguments.iter().enumerate() {
            let parameter = match &argument.name {
                None if index < parameters.len() => index,
                None if parameters.is_empty() => {
                    return Err(wrong(Some(index), format!("`{}` takes no arguments", call.path), usage()));
                }
                None => return Err(wrong(Some(index), "one argument too many", usage())),
                Some(name) => {
                    let spelt =
                        |spellings: &&str| spellings.split('|').any(|spelling| spelling == name.as_str());
                    parameters.iter().position(spelt).ok_or_else(|| {
                        let near = nearest(name, parameters.iter().flat_map(|names| names.split('|')));
                        let hint = near.map(|near| format!("did you mean `{near}`?")).or_else(usage);
                        wrong(Some(index), format!("`{}` has no parameter `{name}`", call.path), hint)
                    })?
                }
            };
            let Some(slot) = indices.get_mut(parameter) else {
                continue;
            };
            if slot.replace(index).is_some() {
                let name = parameters.get(parameter).map_or("", |parameter| first_spelling(parameter));
                return Err(wrong(Some(index), format!("`{name}` is given twice"), usage()));
            }
        }
        for (parameter, index) in parameters.iter().zip(&indices).take(required) {
            if index.is_none() {
                let name = first_spelling(parameter);
                return Err(wrong(None, format!("`{}` needs `{name}`", call.path), usage()));
            }
        }
        Ok(Self { call, signature, parameters, indices, read: Cell::new(0) })
    }

    /// The index of the argument for `parameter`.
    pub(crate) fn index(&self, parameter: impl Parameter) -> Option<usize> {
        let parameter = parameter.index_in(self.parameters)?;
        self.read.set(self.read.get() | 1 << parameter.min(63));
        self.indices.get(parameter).copied().flatten()
    }

    /// The argument for `parameter`.
    pub(crate) fn argument(&self, parameter: impl Parameter) -> Option<&'a Argument> {
        self.call.arguments.get(self.index(parameter)?)
    }

    /// The argument for `parameter`, with its index.
    pub(crate) fn get(&self, parameter: impl Parameter) -> Option<(usize, &'a Argument)> {
        let index = self.index(parameter)?;
        Some((index, self.call.arguments.get(index)?))
    }

    /// Refuses arguments that nobody asked for: they would have no effect.
    pub(crate) fn refuse_unread(&self) -> Result<(), CallError> {
        for (parameter, name) in self.parameters.iter().enumerate() {
            let Some(index) = self.indices.get(parameter).copied().flatten() else { continue };
            let given = self.call.arguments.get(index).and_then(|argument| argument.constant.as_ref());
            if self.read.get() & (1 << parameter.min(63)) == 0 && given != Some(&Constant::None) {
                let message =
                    format!("`{}` of `{}` is not supported here", first_spelling(name), self.call.path);
                return Err(wrong(Some(index), message, Some("leave it out".to_owned())));
            }
        }
        Ok(())
    }

    fn name(&self, parameter: impl Parameter) -> &'a str {
        let index = parameter.index_in(self.parameters);
        index.and_then(|index| self.parameters.get(index)).map_or("", |name| first_spelling(name))
    }

    /// An error that points at the argument for `parameter`.
    pub(crate) fn wrong(&self, parameter: impl Parameter, message: impl Into<String>) -> CallError {
        wrong(self.index(parameter), message, Some(format!("the call is {}", self.signature)))
    }

    /// An error that points at the argument for `parameter`, with a hint.
    pub(crate) fn error(
        &self,
        parameter: impl Parameter,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> CallError {
        wrong(self.index(parameter), message, Some(hint.into()))
    }

    /// The constant for `parameter`; `None` if it is left out or `None`.
    pub(crate) fn constant(&self, parameter: impl Parameter) -> Result<Option<&'a Constant>, CallError> {
        match self.argument(parameter) {
            None | Some(Argument { constant: Some(Constant::None), .. }) => Ok(None),
            Some(Argument { constant: None, source, .. }) => Err(self.wrong(
                parameter,
                format!("`{source}` depends on the row, but `{}` must be a constant", self.name(parameter)),
            )),
            Some(Argument { constant: Some(constant), .. }) => Ok(Some(constant)),
        }
    }

    fn typed<T>(
        &self,
        parameter: impl Parameter,
        expected: &str,
        convert: impl Fn(&'a Constant) -> Option<T>,
    ) -> Result<Option<T>, CallError> {
        let Some(constant) = self.constant(parameter)? else {
            return Ok(None);
        };
        convert(constant).map(Some).ok_or_else(|| {
            let name = self.name(parameter);
            self.wrong(parameter, format!("`{name}` must be {expected}, not {}", describe(constant)))
        })
    }

    /// The integer for `parameter`.
    pub(crate) fn integer(&self, parameter: impl Parameter) -> Result<Option<i64>, CallError> {
        self.typed(parameter, "an integer", |constant| match constant {
            Constant::Int(value) => Some(*value),
            _ => None,
        })
    }

    /// An integer from `low` to `high`, or the default.
    pub(crate) fn integer_in(
        &self,
        parameter: impl Parameter,
        default: i64,
        low: i64,
        high: i64,
    ) -> Result<i64, CallError> {
        let value = self.integer(parameter)?.unwrap_or(default);
        if (low..=high).contains(&value) {
            return Ok(value);
        }
        let name = self.name(parameter);
        Err(self.wrong(parameter, format!("`{name}` must be from {low} to {high}, not {value}")))
    }

    /// The finite number for `parameter`.
    pub(crate) fn number(&self, parameter: impl Parameter) -> Result<Option<f64>, CallError> {
        self.typed(parameter, "a finite number", |constant| match constant {
            Constant::Int(value) => Some(*value as f64),
            Constant::Float(value) if value.is_finite() => Some(*value),
            _ => None,
        })
    }

    /// The truth for `parameter`.
    pub(crate) fn boolean(&self, parameter: impl Parameter) -> Result<Option<bool>, CallError> {
        self.typed(parameter, "True or False", |constant| match constant {
            Constant::Bool(value) => Some(*value),
            _ => None,
        })
    }

    /// The text for `parameter`.
    pub(crate) fn text(&self, parameter: impl Parameter) -> Result<Option<&'a str>, CallError> {
        self.typed(parameter, "a text", |constant| match constant {
            Constant::Str(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// One of some texts, for `parameter`.
    pub(crate) fn one_of(
        &self,
        parameter: impl Parameter,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, CallError> {
        let Some(text) = self.text(parameter)? else {
            return Ok(None);
        };
        words.iter().find(|word| **word == text).copied().map(Some).ok_or_else(|| {
            let hint = match nearest(text, words.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("there are \"{}\"", words.join("\", \"")),
            };
            self.error(parameter, format!("`{}` cannot be \"{text}\"", self.name(parameter)), hint)
        })
    }

    /// The dict for `parameter`.
    pub(crate) fn dict(&self, parameter: usize) -> Result<Option<&'a [(Constant, Constant)]>, CallError> {
        match self.constant(parameter)? {
            None => Ok(None),
            Some(Constant::Dict(items)) => Ok(Some(items)),
            Some(_) => {
                Err(self.wrong(parameter, "a dict is needed here, as in {\"gold\": 5, \"silver\": 1}"))
            }
        }
    }

    /// The list for `parameter`.
    pub(crate) fn list(&self, parameter: impl Parameter) -> Result<Option<&'a [Constant]>, CallError> {
        self.typed(parameter, "a list", |constant| match constant {
            Constant::List(items) => Some(items.as_slice()),
            _ => None,
        })
    }

    /// The list of texts for `parameter`.
    pub(crate) fn texts(&self, parameter: impl Parameter) -> Result<Option<Vec<&'a str>>, CallError> {
        self.typed(parameter, "a list of texts", |constant| {
            let Constant::List(items) = constant else { return None };
            let text = |item: &'a Constant| match item {
                Constant::Str(value) => Some(value.as_str()),
                _ => None,
            };
            items.iter().map(text).collect()
        })
    }
}

/// A constant as messages name it.
pub(crate) fn describe(constant: &Constant) -> String {
    match constant {
        Constant::None => "None".to_owned(),
        Constant::Bool(true) => "True".to_owned(),
        Constant::Bool(false) => "False".to_owned(),
        Constant::Int(value) => value.to_string(),
        Constant::Float(value) => value.to_string(),
        Constant::Str(value) => format!("\"{value}\""),
        Constant::List(_) => "a list".to_owned(),
        Constant::Dict(_) => "a dict".to_owned(),
    }
}

/// An argument as messages name it.
pub(crate) fn written(argument: &Argument) -> String {
    match &argument.constant {
        Some(constant) => describe(constant),
        None => format!("`{}`, which is of the type {}", argument.source, argument.data_type),
    }
}

/// The name nearest to `word`, if it is near enough to be a slip.
pub(crate) fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    names
        .map(|name| (strsim::damerau_levenshtein(&word, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The candidate that is most like `name`, as a hint.
pub(crate) fn did_you_mean<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slips_are_suggested() {
        let names = ["min", "max", "step"];
        assert_eq!(nearest("mni", names.into_iter()), Some("min"));
        assert_eq!(nearest("mx", names.into_iter()), Some("max"));
        assert_eq!(nearest("Step", names.into_iter()), Some("step"));
        assert_eq!(nearest("colour", names.into_iter()), None);
    }
}
