//! What is drawn from: a constant list, the characters of a text, or each row's own list or text.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, StringArray};
use arrow::datatypes::{DataType, FieldRef};
use millstream_expr::{Argument, Call, CallError, Constant, EvaluateError, RowErrors};

use super::arguments::{Bound, Parameter, written};
use super::constants;
use super::operand::{argument, is_selected};

/// Items to draw from.
#[derive(Debug)]
pub(crate) enum Population {
    /// The same for all rows; there is at least one.
    Constant(ArrayRef),
    /// The lists in the argument column of that index.
    Lists(usize, FieldRef),
    /// The texts in the argument column of that index.
    Texts(usize),
}

impl Population {
    /// The population that is given for `parameter`.
    pub(crate) fn bind(bound: &Bound<'_>, parameter: impl Parameter) -> Result<Self, CallError> {
        if let Some((index, argument @ Argument { constant: None, .. })) = bound.get(parameter) {
            return match &argument.data_type {
                DataType::List(item) => Ok(Self::Lists(index, item.clone())),
                DataType::Utf8 => Ok(Self::Texts(index)),
                _ => Err(bound.wrong(parameter, format!("a list is needed here, not {}", written(argument)))),
            };
        }
        let items = match bound.constant(parameter)? {
            Some(Constant::List(items)) => {
                constants::array(items).map_err(|message| bound.wrong(parameter, message))?
            }
            Some(Constant::Str(text)) => Arc::new(constants::characters(text)),
            _ => return Err(bound.wrong(parameter, "a list is needed here")),
        };
        if items.is_empty() {
            return Err(bound.wrong(parameter, "there is nothing to choose from"));
        }
        if items.len() > u32::MAX as usize {
            return Err(bound.wrong(parameter, "the list is too long"));
        }
        Ok(Self::Constant(items))
    }

    pub(crate) fn item_type(&self) -> DataType {
        match self {
            Self::Constant(items) => items.data_type().clone(),
            Self::Lists(_, item) => item.data_type().clone(),
            Self::Texts(_) => DataType::Utf8,
        }
    }

    /// Whether an item may be `None`.
    pub(crate) fn has_nulls(&self) -> bool {
        match self {
            Self::Constant(items) => items.logical_null_count() > 0,
            Self::Lists(_, item) => item.is_nullable(),
            Self::Texts(_) => false,
        }
    }

    /// The number of items, if it is the same for all rows.
    pub(crate) fn len(&self) -> Option<usize> {
        match self {
            Self::Constant(items) => Some(items.len()),
            Self::Lists(..) | Self::Texts(_) => None,
        }
    }

    pub(crate) fn read(&self, call: &Call<'_>) -> Result<Pool, EvaluateError> {
        match self {
            Self::Constant(items) => Ok(Pool { items: items.clone(), spans: None }),
            Self::Lists(index, _) => {
                let lists: ListArray = argument(call, *index)?.to_data().into();
                let spans = lists.value_offsets().windows(2).enumerate().map(|(row, bounds)| {
                    lists.is_valid(row).then_some((bounds[0] as u32, (bounds[1] - bounds[0]) as u32))
                });
                Ok(Pool { spans: Some(spans.collect()), items: lists.values().clone() })
            }
            Self::Texts(index) => {
                let texts: StringArray = argument(call, *index)?.to_data().into();
                let mut all = String::new();
                let mut start = 0;
                let spans = texts
                    .iter()
                    .map(|text| {
                        let text = text?;
                        all.push_str(text);
                        let count = text.chars().count() as u32;
                        start += count;
                        Some((start - count, count))
                    })
                    .collect();
                Ok(Pool { items: Arc::new(constants::characters(&all)), spans: Some(spans) })
            }
        }
    }
}

/// The items for the rows of a call.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) items: ArrayRef,
    spans: Option<Vec<Option<(u32, u32)>>>,
}

impl Pool {
    /// Where the items of a row start and how many there are; an error of the row if there are none.
    pub(crate) fn span(
        &self,
        call: &Call<'_>,
        index: usize,
        errors: &mut RowErrors,
        function: &str,
    ) -> Option<(u32, u32)> {
        let span = match &self.spans {
            None => Some((0, self.items.len() as u32)),
            Some(spans) => spans.get(index).copied().flatten(),
        };
        let span = span.filter(|(_, count)| *count > 0);
        if span.is_none() && is_selected(call, index) {
            errors.push(index, format!("{function}: there is nothing to choose from"));
        }
        span
    }
}
