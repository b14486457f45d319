//! What can be said of tables without compiling their columns.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::library::arguments::did_you_mean;
use crate::{SpecError, TablesSpec, UpdatePolicy, providers};

fn multiple(duration: Duration, tick: Duration) -> bool {
    duration.as_micros().checked_rem(tick.as_micros()) == Some(0)
}

/// Everything that is wrong with tables before their columns are looked at.
pub(crate) fn check_shape(spec: &TablesSpec) -> Vec<SpecError> {
    let mut errors = Vec::new();
    let mut wrong = |table: usize, column: Option<usize>, message: String, hint: Option<String>| {
        errors.push(SpecError { table, column, range: None, message, hint });
    };
    if spec.tick.as_millis() == 0 || spec.tick.as_secs() > 366 * 86_400 {
        let message = "a tick is at least a millisecond and at most a year long";
        wrong(0, None, message.to_owned(), None);
    }
    for locale in std::iter::once(&spec.locale).chain(&spec.other_locales) {
        if let Err(message) = providers::check_locale(locale) {
            let hint = did_you_mean(locale, providers::locales().iter().copied())
                .or_else(|| Some(format!("the locales are {}", providers::locales().join(", "))));
            wrong(0, None, message, hint);
        }
    }
    let mut tables = BTreeSet::new();
    for (index, table) in spec.tables.iter().enumerate() {
        if table.name.is_empty() {
            wrong(index, None, "a table needs a name".to_owned(), None);
        }
        if !tables.insert(table.name.as_str()) {
            wrong(index, None, format!("there are two tables `{}`", table.name), None);
        }
        if table.columns.is_empty() {
            wrong(index, None, format!("table `{}` has no columns", table.name), None);
        }
        if let UpdatePolicy::Replace { every } = table.update_policy {
            if table.row_count == 0 {
                let message = format!("table `{}` is replaced each cycle, by no rows", table.name);
                wrong(index, None, message, Some("give it a row_count of at least 1".to_owned()));
            }
            if every.is_some_and(|every| every.is_zero() || !multiple(every, spec.tick)) {
                let message = format!("the cycle of table `{}` is not a whole number of ticks", table.name);
                wrong(index, None, message, Some("tables are replaced at the end of a tick".to_owned()));
            }
        }
        if let Some(interval) = table.cadence.tick_interval
            && (interval.is_zero() || !multiple(interval, spec.tick))
        {
            let message =
                format!("the tick_interval of table `{}` is no multiple of that of all tables", table.name);
            wrong(index, None, message, Some(format!("write a multiple of {:?}", spec.tick)));
        }
        if let Some(shape) = &table.cadence.shape
            && let Err(error) = shape.check(table.cadence.rate)
        {
            let message = format!("the shape of table `{}`: {}", table.name, error.message);
            wrong(index, None, message, Some(error.hint.to_owned()));
        }
        let mut columns = BTreeSet::new();
        for (position, column) in table.columns.iter().enumerate() {
            if column.name.is_empty() {
                wrong(index, Some(position), "a column needs a name".to_owned(), None);
            }
            if !columns.insert(column.name.as_str()) {
                let message = format!("table `{}` has two columns `{}`", table.name, column.name);
                wrong(index, Some(position), message, None);
            }
        }
    }
    errors
}
