//! `get_table`: sizes and aggregates of whole tables.

use std::sync::Arc;

use arrow::datatypes::DataType;
use millstream_expr::{CallError, CallSite, Function};

use super::arguments::{Bound, wrong};
use super::keys::{no_column, no_table};
use super::slot::SlotFunction;
use crate::compile::ColumnCompiler;
use crate::plan::{Aggregate, Slot};

/// The calls that uses of `get_table` become, and `get_table` itself for those that become none.
pub(crate) const NAMES: [&str; 7] = [
    "get_table",
    "get_table_len",
    "get_table_sum",
    "get_table_min",
    "get_table_max",
    "get_table_mean",
    "get_table_count",
];

const USES: &str = "len(get_table(\"t\")), get_table(\"t\")[\"column\"].sum()";

/// A number of rows or an aggregate of a column.
pub(crate) fn resolve(
    column: &ColumnCompiler<'_>,
    call: &CallSite<'_>,
) -> Result<Arc<dyn Function>, CallError> {
    let aggregate = match call.path {
        "get_table_len" => Aggregate::Rows,
        "get_table_sum" => Aggregate::Sum,
        "get_table_min" => Aggregate::Min,
        "get_table_max" => Aggregate::Max,
        "get_table_mean" => Aggregate::Mean,
        "get_table_count" => Aggregate::Count,
        _ => {
            return Err(wrong(
                None,
                "a whole table is no value: its rows are not kept",
                Some(
                    "use len(get_table(\"t\")), or get_table(\"t\")[\"column\"] with .sum(), .min(), .max(), .mean() \
                     or .count(); for a row of it, use foreign_key and copy_from_fk"
                        .to_owned(),
                ),
            ));
        }
    };
    let bound = Bound::new(call, USES, &["table", "column"], 1)?;
    let name = bound.text(0)?.ok_or_else(|| bound.wrong(0, "the name of a table is needed here"))?;
    let table = column.table(name).ok_or_else(|| no_table(column, &bound, 0, name))?;
    let Some(attribute) = bound.text(1)? else {
        let slot = Slot::Aggregate { table, column: 0, aggregate: Aggregate::Rows };
        return Ok(function(column, call, slot, DataType::Int64, false));
    };
    let position =
        column.column_of(table, attribute).ok_or_else(|| no_column(column, &bound, 1, table, attribute))?;
    if column.grows(table) {
        return Err(wrong(
            bound.index(0),
            format!("`{name}` grows or is replaced, so that its aggregates are never final"),
            Some(
                "give it `cadence: {enabled: false}` or `update_policy: disabled`; len() may grow".to_owned(),
            ),
        ));
    }
    let shape = column.shape(table, position)?;
    let number = |float: DataType| match &shape.data_type {
        DataType::Boolean => Ok(DataType::Int64),
        DataType::Decimal128(..) => Ok(DataType::Float64),
        other if other.is_integer() => Ok(DataType::Int64),
        other if other.is_floating() => Ok(float),
        other => Err(bound.wrong(1, format!("`{attribute}` holds no numbers, but {other}"))),
    };
    let (data_type, nullable) = match aggregate {
        Aggregate::Rows | Aggregate::Count => (DataType::Int64, false),
        Aggregate::Sum => (number(DataType::Float64)?, false),
        Aggregate::Mean => number(DataType::Float64).map(|_| (DataType::Float64, true))?,
        Aggregate::Min | Aggregate::Max if shape.data_type.is_nested() => {
            return Err(bound.wrong(1, format!("values of type {} have no order", shape.data_type)));
        }
        Aggregate::Min | Aggregate::Max => (shape.data_type.clone(), true),
    };
    let slot = Slot::Aggregate { table, column: position, aggregate };
    Ok(function(column, call, slot, data_type, nullable))
}

fn function(
    column: &ColumnCompiler<'_>,
    call: &CallSite<'_>,
    slot: Slot,
    data_type: DataType,
    nullable: bool,
) -> Arc<dyn Function> {
    Arc::new(SlotFunction { position: [column.add_slot(call.ordinal, slot)], data_type, nullable })
}
