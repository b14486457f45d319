//! Binds the arguments of a call to parameters.

use super::Arguments;
use super::failure::{Failure, Outcome};
use super::value::Value;

impl Arguments<'_> {
    /// The arguments in the order of `parameters`; the first `required` must be there.
    pub(crate) fn bind<const N: usize>(
        &self,
        function: &str,
        parameters: [&str; N],
        required: usize,
    ) -> Outcome<[Option<Value>; N]> {
        let mut bound = [const { None }; N];
        if self.positional.len() > N {
            return Err(Failure::type_(format!(
                "{function}() takes at most {N} argument{} ({} given)",
                if N == 1 { "" } else { "s" },
                self.positional.len()
            )));
        }
        for (place, value) in bound.iter_mut().zip(self.positional) {
            *place = Some(value.clone());
        }
        for (name, value) in self.keywords {
            let Some(at) = parameters.iter().position(|parameter| *parameter == &**name) else {
                return Err(Failure::type_(format!(
                    "{function}() got an unexpected keyword argument '{name}'"
                )));
            };
            if bound[at].replace(value.clone()).is_some() {
                return Err(Failure::type_(format!(
                    "{function}() got multiple values for argument '{name}'"
                )));
            }
        }
        if let Some(at) = bound.iter().take(required).position(Option::is_none) {
            return Err(Failure::type_(format!(
                "{function}() missing required argument '{}' (pos {})",
                parameters[at],
                at + 1
            )));
        }
        Ok(bound)
    }

    /// The only argument.
    pub(crate) fn one(&self, function: &str) -> Outcome<&Value> {
        match (self.positional, self.keywords) {
            ([value], []) => Ok(value),
            _ => Err(Failure::type_(format!(
                "{function}() takes exactly one argument ({} given)",
                self.positional.len() + self.keywords.len()
            ))),
        }
    }

    pub(crate) fn none(&self, function: &str) -> Outcome<()> {
        match (self.positional, self.keywords) {
            ([], []) => Ok(()),
            _ => Err(Failure::type_(format!(
                "{function}() takes no arguments ({} given)",
                self.positional.len() + self.keywords.len()
            ))),
        }
    }
}

/// An argument that must be an int.
pub(crate) fn int(value: &Value) -> Outcome<i64> {
    value.as_int().ok_or_else(|| {
        Failure::type_(format!("'{}' object cannot be interpreted as an integer", value.type_name()))
    })
}

/// An argument that must be a text.
pub(crate) fn text<'a>(value: &'a Value, function: &str) -> Outcome<&'a str> {
    match value {
        Value::Str(text) => Ok(text),
        other => Err(Failure::type_(format!("{function}() argument must be str, not {}", other.type_name()))),
    }
}
