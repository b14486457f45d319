//! `foreign_key` and `copy_from_fk`: a key is drawn as the index of a row of the parent, and everything taken from
//! that parent is recomputed from this index (S-61).

use std::sync::Arc;

use millstream_core::Key;
use millstream_expr::{CallError, CallSite, Constant, Function};

use super::arguments::{Bound, did_you_mean, wrong};
use super::slot::SlotFunction;
use crate::compile::{ColumnCompiler, Shape};
use crate::plan::{Distribution, Draw, Slot};
use crate::zipf::Zipf;

const DISTRIBUTIONS: [&str; 3] = ["uniform", "zipf", "weighted_parent"];
const FOREIGN_KEY: &str =
    "foreign_key(table, column, distribution=\"uniform\" | \"zipf\", param=1.2, same_as=column)";
const COPY: &str = "copy_from_fk(fk_column, parent_table, attribute)";

/// The exponent of `zipf` when `param` is left out.
const DEFAULT_EXPONENT: f64 = 1.2;

/// A parent's row index for each row, and the values of one of the parent's columns there.
pub(crate) fn foreign_key(
    column: &ColumnCompiler<'_>,
    call: &CallSite<'_>,
    key: Key,
) -> Result<Arc<dyn Function>, CallError> {
    const PARAMETERS: [&str; 8] = [
        "table|table_name",
        "column|column_name",
        "distribution",
        "param",
        "parent_attr",
        "weights",
        "is_unique",
        "same_as",
    ];
    let bound = Bound::new(call, FOREIGN_KEY, &PARAMETERS, 2)?;
    let parent_name = bound.text(0)?.ok_or_else(|| bound.wrong(0, "the name of a table is needed here"))?;
    let parent = column.table(parent_name).ok_or_else(|| no_table(column, &bound, 0, parent_name))?;
    let attribute_name =
        bound.text(1)?.ok_or_else(|| bound.wrong(1, "the name of a column is needed here"))?;
    let attribute = column
        .column_of(parent, attribute_name)
        .ok_or_else(|| no_column(column, &bound, 1, parent, attribute_name))?;
    match bound.constant(6)? {
        None | Some(Constant::Bool(false)) => {}
        Some(Constant::Bool(true)) => {
            return Err(wrong(
                bound.index(6),
                "unique foreign keys are not supported yet",
                Some("leave out `is_unique`: parents are drawn independently of each other".to_owned()),
            ));
        }
        Some(_) => return Err(bound.wrong(6, "True or False is needed here")),
    }
    let same_as = bound.text(7)?;
    let distribution = distribution(&bound)?;
    column.refer_to(parent).map_err(|mut error| {
        error.argument = bound.index(0);
        error
    })?;

    let draw = if let Some(other) = same_as {
        if let Some(given) = [2, 3].into_iter().find(|parameter| bound.index(*parameter).is_some()) {
            return Err(
                bound.wrong(given, format!("the parents are those of `{other}`: nothing is drawn here"))
            );
        }
        let other_column = column
            .column_of(column.own_table(), other)
            .ok_or_else(|| no_column(column, &bound, 7, column.own_table(), other))?;
        let shape = column.shape(column.own_table(), other_column)?;
        let (draw, other_parent) =
            only_draw(column, &shape, other).map_err(|message| bound.wrong(7, message))?;
        if other_parent != parent {
            return Err(bound.wrong(
                7,
                format!("`{other}` refers to `{}`, not to `{parent_name}`", column.table_name(other_parent)),
            ));
        }
        draw
    } else {
        column.check_visible(parent).map_err(|(message, hint)| wrong(bound.index(0), message, Some(hint)))?;
        column.add_draw(call.ordinal, Draw::Key { parent, distribution, key })
    };
    column.note_draw(draw);
    let shape = column.shape(parent, attribute)?;
    Ok(slot(column, call, Slot::Parent { draw, column: attribute, null_with: None }, &shape, false))
}

fn distribution(bound: &Bound<'_>) -> Result<Distribution, CallError> {
    let distribution = match bound.text(2)? {
        None | Some("uniform") => {
            if bound.index(3).is_some() {
                return Err(wrong(
                    bound.index(3),
                    "a uniform key has no parameter",
                    Some("`param` is the exponent of distribution=\"zipf\"".to_owned()),
                ));
            }
            Distribution::Uniform
        }
        Some("zipf") => {
            let exponent = bound.number(3)?.unwrap_or(DEFAULT_EXPONENT);
            if !(exponent > 0.0 && exponent <= 100.0) {
                return Err(bound.wrong(3, "the exponent of zipf is a number above 0, at most 100"));
            }
            Distribution::Zipf(Zipf::new(exponent))
        }
        Some("weighted_parent") => {
            return Err(wrong(
                bound.index(2),
                "weighted_parent is not supported yet",
                Some("use \"uniform\" or \"zipf\"".to_owned()),
            ));
        }
        Some(other) => {
            return Err(wrong(
                bound.index(2),
                format!("there is no distribution `{other}`"),
                did_you_mean(other, DISTRIBUTIONS.into_iter())
                    .or_else(|| Some("use \"uniform\" or \"zipf\"".to_owned())),
            ));
        }
    };
    if let Some(parameter) = [4, 5].into_iter().find(|parameter| bound.index(*parameter).is_some()) {
        return Err(
            bound.wrong(parameter, "this argument belongs to weighted_parent, which is not supported yet")
        );
    }
    Ok(distribution)
}

/// The values of a column of the parent that a key of this table drew.
pub(crate) fn copy_from_fk(
    column: &ColumnCompiler<'_>,
    call: &CallSite<'_>,
) -> Result<Arc<dyn Function>, CallError> {
    let bound =
        Bound::new(call, COPY, &["fk_column", "parent_table", "attribute|parent_attribute|parent_attr"], 3)?;
    let (first, second) = (text(&bound, 0)?, text(&bound, 1)?);
    let attribute = text(&bound, 2)?;
    // By name the arguments are what they say; by position the first two come in either order.
    let named = bound.argument(0).is_some_and(|argument| argument.name.is_some())
        || bound.argument(1).is_some_and(|argument| argument.name.is_some());
    let may_be = |fk: &str, parent: &str| {
        column.table(parent).is_some() && column.column_of(column.own_table(), fk).is_some()
    };
    let straight = || read_copy(column, &bound, [0, 1], first, second, attribute);
    let swapped = || read_copy(column, &bound, [1, 0], second, first, attribute);
    let (draw, parent, attribute, fk_column) = if named || !may_be(second, first) {
        straight()?
    } else if !may_be(first, second) {
        swapped()?
    } else {
        match (straight(), swapped()) {
            (Ok(one), Ok(other)) if one != other => {
                return Err(wrong(
                    None,
                    format!("`{first}` and `{second}` are both a table and a key column: which is which?"),
                    Some(
                        "name the arguments: copy_from_fk(fk_column=…, parent_table=…, attribute=…)"
                            .to_owned(),
                    ),
                ));
            }
            (Err(_), Ok(reading)) => reading,
            (reading, _) => reading?,
        }
    };
    let own = column.own_table();
    let fk_shape = column.shape(own, fk_column)?;
    let shape = column.shape(parent, attribute)?;
    // A copied key can be copied from in turn: it is the parent's own draw, at the parent's row.
    if let [inner] = shape.draws.as_slice() {
        let through = column.add_draw(call.ordinal, Draw::Through { draw, parent, inner: *inner });
        column.note_draw(through);
    }
    let null_with = fk_shape.nullable.then_some(fk_column);
    Ok(slot(column, call, Slot::Parent { draw, column: attribute, null_with }, &shape, fk_shape.nullable))
}

fn text<'a>(bound: &Bound<'a>, parameter: usize) -> Result<&'a str, CallError> {
    bound.text(parameter)?.ok_or_else(|| bound.wrong(parameter, "a name is needed here"))
}

/// One reading of the arguments of `copy_from_fk`: the draw, the parent, the copied column and the key column.
fn read_copy(
    column: &ColumnCompiler<'_>,
    bound: &Bound<'_>,
    [fk_parameter, parent_parameter]: [usize; 2],
    fk_name: &str,
    parent_name: &str,
    attribute_name: &str,
) -> Result<(usize, usize, usize, usize), CallError> {
    let parent =
        column.table(parent_name).ok_or_else(|| no_table(column, bound, parent_parameter, parent_name))?;
    let own = column.own_table();
    let fk_column =
        column.column_of(own, fk_name).ok_or_else(|| no_column(column, bound, fk_parameter, own, fk_name))?;
    let attribute = column
        .column_of(parent, attribute_name)
        .ok_or_else(|| no_column(column, bound, 2, parent, attribute_name))?;
    let shape = column.shape(own, fk_column)?;
    let (draw, drawn_parent) =
        only_draw(column, &shape, fk_name).map_err(|message| bound.wrong(fk_parameter, message))?;
    if drawn_parent != parent {
        return Err(bound.wrong(
            parent_parameter,
            format!("`{fk_name}` refers to `{}`, not to `{parent_name}`", column.table_name(drawn_parent)),
        ));
    }
    Ok((draw, parent, attribute, fk_column))
}

/// The one draw of a key column, with its parent.
fn only_draw(column: &ColumnCompiler<'_>, shape: &Shape, name: &str) -> Result<(usize, usize), String> {
    match shape.draws.as_slice() {
        [draw] => Ok((*draw, column.parent_of(column.own_table(), *draw))),
        [] => Err(format!("`{name}` is no foreign key")),
        _ => Err(format!("`{name}` holds several foreign keys: which one is meant?")),
    }
}

fn slot(
    column: &ColumnCompiler<'_>,
    call: &CallSite<'_>,
    slot: Slot,
    shape: &Shape,
    nullable: bool,
) -> Arc<dyn Function> {
    Arc::new(SlotFunction {
        position: [column.add_slot(call.ordinal, slot)],
        data_type: shape.data_type.clone(),
        nullable: nullable || shape.nullable,
    })
}

fn no_table(column: &ColumnCompiler<'_>, bound: &Bound<'_>, parameter: usize, name: &str) -> CallError {
    wrong(
        bound.index(parameter),
        format!("there is no table `{name}`"),
        did_you_mean(name, column.table_names()).or_else(|| {
            Some(format!("the tables are {}", column.table_names().collect::<Vec<_>>().join(", ")))
        }),
    )
}

fn no_column(
    column: &ColumnCompiler<'_>,
    bound: &Bound<'_>,
    parameter: usize,
    table: usize,
    name: &str,
) -> CallError {
    wrong(
        bound.index(parameter),
        format!("table `{}` has no column `{name}`", column.table_name(table)),
        did_you_mean(name, column.column_names(table)).or_else(|| {
            Some(format!("its columns are {}", column.column_names(table).collect::<Vec<_>>().join(", ")))
        }),
    )
}
