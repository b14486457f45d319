//! `profile` and `simple_profile`: a person as a record.

use std::sync::Arc;

use arrow::array::{ArrayRef, StructArray, UInt32Array};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Field, Fields};
use millstream_core::Key;
use millstream_expr::{Call, EvaluateError, Function, RowErrors};

use super::{Resolved, Site};

pub(super) const NAMES: &[&str] = &["profile", "simple_profile"];

const SIMPLE: [&str; 6] = ["username", "name", "sex", "address", "mail", "birthdate"];
const WHOLE: [&str; 13] = [
    "job",
    "company",
    "ssn",
    "residence",
    "current_location",
    "blood_group",
    "website",
    "username",
    "name",
    "sex",
    "address",
    "mail",
    "birthdate",
];

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    site.refuse_unique("use `fake.unique.name()` and others for the columns that must be unique")?;
    let arguments = &site.arguments;
    let sex = arguments.one_of("sex", &["M", "F", "X"])?;
    let all: &[&str] = if site.name == "profile" { &WHOLE } else { &SIMPLE };
    let wanted = if site.name == "profile" { arguments.texts("fields")? } else { None };
    if let Some(unknown) = wanted.iter().flatten().find(|name| !all.contains(name)) {
        let hint = format!("the fields are {}", all.join(", "));
        return Err(arguments.error("fields", format!("a profile has no field \"{unknown}\""), hint));
    }
    let chosen = all
        .iter()
        .filter(|name| wanted.as_ref().is_none_or(|wanted| wanted.is_empty() || wanted.contains(*name)));
    let sexes = Sexes { key: site.key.named("sex"), only: sex };
    let mut fields = Vec::new();
    let mut functions: Vec<Arc<dyn Function>> = Vec::new();
    for name in chosen {
        let function: Arc<dyn Function> = match *name {
            "sex" => Arc::new(sexes),
            "name" => {
                Arc::new(Named { sexes, names: [site.other("name_female")?, site.other("name_male")?] })
            }
            "username" => site.other("user_name")?,
            "mail" => site.other("free_email")?,
            "birthdate" => site.other("date_of_birth")?,
            // Apart from the address.
            "residence" => site.other_keyed("address", "residence")?,
            "current_location" => site.other("latlng")?,
            "blood_group" => site.section("blood_group")?,
            "website" => Arc::new(Single { inner: site.other("url")? }),
            other => site.other(other)?,
        };
        fields.push(Field::new(*name, function.data_type(), function.nullable()));
        functions.push(function);
    }
    Ok(Arc::new(Record { fields: fields.into(), functions }))
}

/// One function for each field.
#[derive(Debug)]
struct Record {
    fields: Fields,
    functions: Vec<Arc<dyn Function>>,
}

impl Function for Record {
    fn data_type(&self) -> DataType {
        DataType::Struct(self.fields.clone())
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let columns = self
            .functions
            .iter()
            .map(|function| function.evaluate(call, errors))
            .collect::<Result<_, _>>()?;
        Ok(Arc::new(StructArray::try_new_with_length(self.fields.clone(), columns, None, call.rows.len())?))
    }
}

/// `F` or `M` for each row.
#[derive(Debug, Clone, Copy)]
struct Sexes {
    key: Key,
    only: Option<&'static str>,
}

impl Sexes {
    fn is_male(&self, row: u64) -> bool {
        match self.only {
            Some("M") => true,
            Some("F") => false,
            _ => self.key.below(row, 2) == 1,
        }
    }
}

impl Function for Sexes {
    fn data_type(&self) -> DataType {
        DataType::Utf8
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let text = |&row: &u64| match self.only {
            Some("X") => "X",
            _ if self.is_male(row) => "M",
            _ => "F",
        };
        Ok(Arc::new(arrow::array::StringArray::from_iter_values(call.rows.iter().map(text))))
    }
}

/// A name that goes with the sex.
#[derive(Debug)]
struct Named {
    sexes: Sexes,
    names: [Arc<dyn Function>; 2],
}

impl Function for Named {
    fn data_type(&self) -> DataType {
        DataType::Utf8
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let [female, male] = &self.names;
        let both = [female.evaluate(call, errors)?, male.evaluate(call, errors)?];
        let rows = call.rows.len() as u32;
        let at = call
            .rows
            .iter()
            .zip(0..)
            .map(|(&row, index)| index + if self.sexes.is_male(row) { rows } else { 0 });
        let values = concat(&[&*both[0], &*both[1]])?;
        Ok(take(&values, &UInt32Array::from_iter_values(at), None)?)
    }
}

/// Each value as a list of one.
#[derive(Debug)]
struct Single {
    inner: Arc<dyn Function>,
}

impl Single {
    fn item(&self) -> Arc<Field> {
        Arc::new(Field::new_list_field(self.inner.data_type(), self.inner.nullable()))
    }
}

impl Function for Single {
    fn data_type(&self) -> DataType {
        DataType::List(self.item())
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let values = self.inner.evaluate(call, errors)?;
        let offsets = arrow::buffer::OffsetBuffer::from_repeated_length(1, values.len());
        Ok(Arc::new(arrow::array::ListArray::try_new(self.item(), offsets, values, None)?))
    }
}
