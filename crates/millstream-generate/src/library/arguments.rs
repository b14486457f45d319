//! Reads the arguments of a call by the names of its parameters.

use millstream_expr::{Argument, CallError, CallSite, Constant};

/// The arguments of a call, by parameter.
#[derive(Debug)]
pub(crate) struct Bound<'a> {
    call: &'a CallSite<'a>,
    signature: &'static str,
    /// For each parameter the index of its argument.
    indices: Vec<Option<usize>>,
}

/// An error that points at `argument`.
pub(crate) fn wrong(argument: Option<usize>, message: impl Into<String>, hint: Option<String>) -> CallError {
    CallError { message: message.into(), hint, argument }
}

impl<'a> Bound<'a> {
    /// Binds the arguments of `call` to `parameters`, whose first `required` ones must be there. A parameter may have
    /// several spellings: `column|column_name`. `signature` is shown in errors.
    pub(crate) fn new(
        call: &'a CallSite<'a>,
        signature: &'static str,
        parameters: &[&str],
        required: usize,
    ) -> Result<Self, CallError> {
        let mut indices = vec![None; parameters.len()];
        let usage = || Some(format!("the call is {signature}"));
        for (index, argument) in call.arguments.iter().enumerate() {
            let parameter = match &argument.name {
                None if index < parameters.len() => index,
                None => return Err(wrong(Some(index), "one argument too many", usage())),
                Some(name) => parameters
                    .iter()
                    .position(|spellings| spellings.split('|').any(|spelling| spelling == name))
                    .ok_or_else(|| {
                        wrong(Some(index), format!("`{}` has no parameter `{name}`", call.path), usage())
                    })?,
            };
            let Some(slot) = indices.get_mut(parameter) else {
                continue;
            };
            if slot.replace(index).is_some() {
                let name = parameters.get(parameter).map_or("", |p| p.split('|').next().unwrap_or(p));
                return Err(wrong(Some(index), format!("`{name}` is given twice"), usage()));
            }
        }
        for (parameter, index) in parameters.iter().zip(&indices).take(required) {
            if index.is_none() {
                let name = parameter.split('|').next().unwrap_or(parameter);
                return Err(wrong(None, format!("`{}` needs `{name}`", call.path), usage()));
            }
        }
        Ok(Self { call, signature, indices })
    }

    /// The index of the argument for `parameter`.
    pub(crate) fn index(&self, parameter: usize) -> Option<usize> {
        self.indices.get(parameter).copied().flatten()
    }

    /// The argument for `parameter`.
    pub(crate) fn argument(&self, parameter: usize) -> Option<&'a Argument> {
        self.call.arguments.get(self.index(parameter)?)
    }

    /// An error that points at the argument for `parameter`.
    pub(crate) fn wrong(&self, parameter: usize, message: impl Into<String>) -> CallError {
        wrong(self.index(parameter), message, Some(format!("the call is {}", self.signature)))
    }

    /// The constant for `parameter`; `None` if it is left out or `None`.
    pub(crate) fn constant(&self, parameter: usize) -> Result<Option<&'a Constant>, CallError> {
        match self.argument(parameter) {
            None | Some(Argument { constant: Some(Constant::None), .. }) => Ok(None),
            Some(Argument { constant: None, source, .. }) => Err(self
                .wrong(parameter, format!("`{source}` depends on the row, but a constant is needed here"))),
            Some(Argument { constant: Some(constant), .. }) => Ok(Some(constant)),
        }
    }

    /// The text for `parameter`.
    pub(crate) fn text(&self, parameter: usize) -> Result<Option<&'a str>, CallError> {
        match self.constant(parameter)? {
            None => Ok(None),
            Some(Constant::Str(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(parameter, "a text is needed here")),
        }
    }

    /// The number for `parameter`.
    pub(crate) fn number(&self, parameter: usize) -> Result<Option<f64>, CallError> {
        match self.constant(parameter)? {
            None => Ok(None),
            Some(Constant::Int(value)) => Ok(Some(*value as f64)),
            Some(Constant::Float(value)) => Ok(Some(*value)),
            Some(_) => Err(self.wrong(parameter, "a number is needed here")),
        }
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
    pub(crate) fn list(&self, parameter: usize) -> Result<Option<&'a [Constant]>, CallError> {
        match self.constant(parameter)? {
            None => Ok(None),
            Some(Constant::List(items)) => Ok(Some(items)),
            Some(_) => Err(self.wrong(parameter, "a list is needed here")),
        }
    }
}

/// The candidate that is most like `name`, as a hint.
pub(crate) fn did_you_mean<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}
