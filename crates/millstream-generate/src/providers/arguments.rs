//! The arguments of a call, by the names of the parameters; everything that is wrong with them is said here.

use millstream_expr::{Argument, CallError, CallSite, Constant};

use super::suggest;

/// The arguments of a call, bound to parameters.
pub(super) struct Arguments<'a> {
    call: &'a CallSite<'a>,
    bound: Vec<(&'static str, usize)>,
}

impl<'a> Arguments<'a> {
    /// Binds positional arguments in order and the others by name, as Python does.
    pub(super) fn bind(
        call: &'a CallSite<'a>,
        parameters: &'static [&'static str],
    ) -> Result<Self, CallError> {
        let mut arguments = Self { call, bound: Vec::new() };
        for (index, argument) in call.arguments.iter().enumerate() {
            let wrong = |message, hint| CallError { message, hint, argument: Some(index) };
            let parameter = match &argument.name {
                None => parameters.get(index).ok_or_else(|| {
                    let takes = match parameters.len() {
                        0 => "takes no arguments".to_owned(),
                        1 => "takes one argument".to_owned(),
                        count => format!("takes at most {count} arguments"),
                    };
                    wrong(format!("`{}` {takes}", call.path), parameter_list(parameters))
                })?,
                Some(name) => parameters.iter().find(|parameter| *parameter == name).ok_or_else(|| {
                    let hint = suggest::nearest(name, parameters.iter().copied())
                        .map(|parameter| format!("did you mean `{parameter}`?"))
                        .or_else(|| parameter_list(parameters));
                    wrong(format!("`{}` has no parameter `{name}`", call.path), hint)
                })?,
            };
            if arguments.get(parameter).is_some() {
                return Err(wrong(format!("`{parameter}` is given twice"), None));
            }
            arguments.bound.push((parameter, index));
        }
        Ok(arguments)
    }

    /// The argument for a parameter, with its index, if it was given.
    pub(super) fn get(&self, parameter: &str) -> Option<(usize, &'a Argument)> {
        let (_, index) = self.bound.iter().find(|(bound, _)| *bound == parameter)?;
        Some((*index, &self.call.arguments[*index]))
    }

    /// The error that points at a parameter's argument.
    pub(super) fn error(
        &self,
        parameter: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> CallError {
        CallError {
            message: message.into(),
            hint: Some(hint.into()),
            argument: self.get(parameter).map(|(index, _)| index),
        }
    }

    /// The constant for a parameter; `None` if it was not given, or given as `None`.
    pub(super) fn constant(&self, parameter: &str) -> Result<Option<&'a Constant>, CallError> {
        match self.get(parameter) {
            None => Ok(None),
            Some((_, argument)) => match &argument.constant {
                Some(Constant::None) => Ok(None),
                Some(constant) => Ok(Some(constant)),
                None => Err(self.error(
                    parameter,
                    format!("`{parameter}` must be a constant: `{}` depends on the row", argument.source),
                    "write a literal value",
                )),
            },
        }
    }

    fn typed<T>(
        &self,
        parameter: &str,
        expected: &str,
        example: &str,
        convert: impl Fn(&'a Constant) -> Option<T>,
    ) -> Result<Option<T>, CallError> {
        let Some(constant) = self.constant(parameter)? else {
            return Ok(None);
        };
        convert(constant).map(Some).ok_or_else(|| {
            self.error(
                parameter,
                format!("`{parameter}` must be {expected}, not {}", describe(constant)),
                format!("for example `{parameter}={example}`"),
            )
        })
    }

    pub(super) fn integer(&self, parameter: &str) -> Result<Option<i64>, CallError> {
        self.typed(parameter, "an integer", "3", |constant| match constant {
            Constant::Int(value) => Some(*value),
            _ => None,
        })
    }

    /// An integer from `low` to `high`, or the default.
    pub(super) fn integer_in(
        &self,
        parameter: &str,
        default: i64,
        low: i64,
        high: i64,
    ) -> Result<i64, CallError> {
        let value = self.integer(parameter)?.unwrap_or(default);
        if (low..=high).contains(&value) {
            return Ok(value);
        }
        Err(self.error(
            parameter,
            format!("`{parameter}` must be from {low} to {high}, not {value}"),
            format!("the default is {default}"),
        ))
    }

    pub(super) fn float(&self, parameter: &str) -> Result<Option<f64>, CallError> {
        self.typed(parameter, "a number", "0.5", |constant| match constant {
            Constant::Int(value) => Some(*value as f64),
            Constant::Float(value) if value.is_finite() => Some(*value),
            _ => None,
        })
    }

    pub(super) fn boolean(&self, parameter: &str) -> Result<Option<bool>, CallError> {
        self.typed(parameter, "True or False", "True", |constant| match constant {
            Constant::Bool(value) => Some(*value),
            _ => None,
        })
    }

    pub(super) fn text(&self, parameter: &str) -> Result<Option<&'a str>, CallError> {
        self.typed(parameter, "a text", "\"abc\"", |constant| match constant {
            Constant::Str(value) => Some(value.as_str()),
            _ => None,
        })
    }

    /// A list of texts.
    pub(super) fn texts(&self, parameter: &str) -> Result<Option<Vec<&'a str>>, CallError> {
        self.typed(parameter, "a list of texts", "[\"a\", \"b\"]", |constant| {
            let Constant::List(items) = constant else { return None };
            let text = |item: &'a Constant| match item {
                Constant::Str(value) => Some(value.as_str()),
                _ => None,
            };
            items.iter().map(text).collect()
        })
    }
}

fn parameter_list(parameters: &[&str]) -> Option<String> {
    (!parameters.is_empty()).then(|| format!("its parameters are: {}", parameters.join(", ")))
}

/// A constant as messages name it.
pub(super) fn describe(constant: &Constant) -> String {
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
