//! `foreign_key` and `copy_from_fk`: a key is drawn as the index of a row of the parent, and everything taken from
//! that parent is recomputed from this index (S-61).

use std::sync::Arc;

use millstream_core::Key;
use millstream_expr::{CallError, CallSite, Constant, Function};

use super::arguments::{Bound, did_you_mean, wrong};
use super::slot::SlotFunction;
use super::weights::Weights;
use crate::compile::{ColumnCompiler, Shape};
use crate::plan::{Distribution, Draw, Slot};
use crate::zipf::Zipf;

const DISTRIBUTIONS: [&str; 3] = ["uniform", "zipf", "weighted_parent"];
const FOREIGN_KEY: &str = "foreign_key(table, column, distribution=\"uniform\" | \"zipf\" | \"weighted_parent\", \
     param=1.2, parent_attr=column, weights={value: weight}, is_unique=False, same_as=column)";
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
    let parent = column.parent(parent_name).ok_or_else(|| no_table(column, &bound, 0, parent_name))?;
    let attribute_name =
        bound.text(1)?.ok_or_else(|| bound.wrong(1, "the name of a column is needed here"))?;
    let attribute = column
        .column_of(parent, attribute_name)
        .ok_or_else(|| no_column(column, &bound, 1, parent, attribute_name))?;
    let same_as = bound.text(7)?;
    column.refer_to(parent).map_err(|mut error| {
        error.argument = bound.index(0);
        error
    })?;
    let distribution = distribution(column, &bound, parent)?;

    let draw = if let Some(other) = same_as {
        if let Some(given) = (2..=6).find(|parameter| bound.index(*parameter).is_some()) {
            return Err(
                bound.wrong(given, format!("the parents are those of `{other}`: nothing is drawn here"))
            );
        }
        let other_column = column
            .column_of(column.own_table(), other)
            .ok_or_else(|| no_column(column, &bound, 7, column.own_table(), other))?;
        let shape = column.shape(column.own_table(), other_column)?;
        draw_of(column, &shape, other, parent).map_err(|(_, message)| bound.wrong(7, message))?
    } else {
        column.check_visible(parent).map_err(|(message, hint)| wrong(bound.index(0), message, Some(hint)))?;
        column.add_draw(call.ordinal, 0, Draw::Key { parent, distribution, key })
    };
    column.note_draw(draw);
    let shape = column.shape(parent, attribute)?;
    column
        .check_generations(parent, attribute_name, &shape)
        .map_err(|(message, hint)| wrong(bound.index(1), message, Some(hint)))?;
    note_inner(column, call, (draw, parent), &shape, |inner| inner != parent);
    let nullable = column.may_be_missing(draw);
    Ok(slot(column, call, Slot::Parent { draw, column: attribute, null_with: None }, &shape, nullable))
}

fn distribution(
    column: &ColumnCompiler<'_>,
    bound: &Bound<'_>,
    parent: usize,
) -> Result<Distribution, CallError> {
    let unique = match bound.constant(6)? {
        None | Some(Constant::Bool(false)) => false,
        Some(Constant::Bool(true)) => true,
        Some(_) => return Err(bound.wrong(6, "True or False is needed here")),
    };
    let name = bound.text(2)?.unwrap_or("uniform");
    if !DISTRIBUTIONS.contains(&name) {
        return Err(wrong(
            bound.index(2),
            format!("there is no distribution `{name}`"),
            did_you_mean(name, DISTRIBUTIONS.into_iter())
                .or_else(|| Some(format!("use one of {}", DISTRIBUTIONS.join(", ")))),
        ));
    }
    if name != "weighted_parent"
        && let Some(parameter) = [4, 5].into_iter().find(|parameter| bound.index(*parameter).is_some())
    {
        return Err(bound.wrong(parameter, "this argument belongs to distribution=\"weighted_parent\""));
    }
    match name {
        _ if unique => unique_distribution(column, bound, parent, name),
        "zipf" => {
            let exponent = bound.number(3)?.unwrap_or(DEFAULT_EXPONENT);
            if !(exponent > 0.0 && exponent <= 100.0) {
                return Err(bound.wrong(3, "the exponent of zipf is a number above 0, at most 100"));
            }
            Ok(Distribution::Zipf(Zipf::new(exponent)))
        }
        "weighted_parent" => weighted_distribution(column, bound, parent).map(Distribution::Weighted),
        _ => {
            if bound.index(3).is_some() {
                return Err(wrong(
                    bound.index(3),
                    "a uniform key has no parameter",
                    Some("`param` is the exponent of distribution=\"zipf\"".to_owned()),
                ));
            }
            Ok(Distribution::Uniform)
        }
    }
}

fn unique_distribution(
    column: &ColumnCompiler<'_>,
    bound: &Bound<'_>,
    parent: usize,
    name: &str,
) -> Result<Distribution, CallError> {
    if name != "uniform" {
        return Err(wrong(
            bound.index(2),
            format!("is_unique takes each parent at most once, so there is nothing to draw by `{name}`"),
            Some("leave out `distribution`, or leave out `is_unique`".to_owned()),
        ));
    }
    if parent == column.own_table() {
        return Err(wrong(
            bound.index(6),
            "if each row takes an earlier row of its own table that no other takes, it can only be the one before",
            Some("write `row_id - 1 if row_id > 1 else None`, or leave out `is_unique`".to_owned()),
        ));
    }
    let [own, there] = column.initial_rows(parent);
    if own > there {
        let names = [column.own_table(), parent].map(|table| column.table_name(table));
        return Err(wrong(
            bound.index(6),
            format!(
                "`{}` begins with {own} rows, and each needs a row of `{}` of its own, which has {there}",
                names[0], names[1]
            ),
            Some("raise the row_count of the parent, or lower that of this table".to_owned()),
        ));
    }
    Ok(Distribution::Unique)
}

fn weighted_distribution(
    column: &ColumnCompiler<'_>,
    bound: &Bound<'_>,
    parent: usize,
) -> Result<Weights, CallError> {
    let name = bound.text(4)?.ok_or_else(|| {
        bound.wrong(2, "weighted_parent needs `parent_attr`, the column of the parent that weights go by")
    })?;
    let attribute =
        column.column_of(parent, name).ok_or_else(|| no_column(column, bound, 4, parent, name))?;
    let shape = column.shape(parent, attribute)?;
    column
        .check_generations(parent, name, &shape)
        .map_err(|(message, hint)| wrong(bound.index(4), message, Some(hint)))?;
    let most = bound.number(3)?;
    match (bound.dict(5)?, most) {
        (Some(_), Some(_)) => {
            Err(bound.wrong(3, "`param` is the largest weight where there are no `weights`: leave out one"))
        }
        (Some(listed), None) => Weights::listed(attribute, &shape.data_type, listed)
            .map_err(|message| wrong(bound.index(5), message, None)),
        (None, Some(most)) if !(most > 0.0 && most.is_finite()) => {
            Err(bound.wrong(3, "the largest weight is a number above 0"))
        }
        (None, Some(most)) => Weights::values(attribute, &shape.data_type, most)
            .map_err(|message| wrong(bound.index(4), message, None)),
        (None, None) => Err(wrong(
            bound.index(4),
            format!("how much do the values of `{name}` weigh?"),
            Some(format!(
                "add `weights={{value: weight, …}}`; if `{name}` is itself the weight, add `param=` with the largest \
                 weight there can be"
            )),
        )),
    }
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
        column.parent(parent).is_some() && column.column_of(column.own_table(), fk).is_some()
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
    let attribute_name = column.column_names(parent).nth(attribute).unwrap_or_default();
    column
        .check_generations(parent, attribute_name, &shape)
        .map_err(|(message, hint)| wrong(bound.index(2), message, Some(hint)))?;
    note_inner(column, call, (draw, parent), &shape, |_| true);
    let null_with = fk_shape.nullable.then_some(fk_column);
    let nullable = fk_shape.nullable || column.may_be_missing(draw);
    Ok(slot(column, call, Slot::Parent { draw, column: attribute, null_with }, &shape, nullable))
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
        column.parent(parent_name).ok_or_else(|| no_table(column, bound, parent_parameter, parent_name))?;
    let own = column.own_table();
    let fk_column =
        column.column_of(own, fk_name).ok_or_else(|| no_column(column, bound, fk_parameter, own, fk_name))?;
    let attribute = column
        .column_of(parent, attribute_name)
        .ok_or_else(|| no_column(column, bound, 2, parent, attribute_name))?;
    let shape = column.shape(own, fk_column)?;
    let draw = draw_of(column, &shape, fk_name, parent).map_err(|(wrong_key, message)| {
        bound.wrong(if wrong_key { fk_parameter } else { parent_parameter }, message)
    })?;
    Ok((draw, parent, attribute, fk_column))
}

/// The one draw of a key column that gives rows of `parent`. An error says whether the key is wrong, or else the parent.
fn draw_of(
    column: &ColumnCompiler<'_>,
    shape: &Shape,
    name: &str,
    parent: usize,
) -> Result<usize, (bool, String)> {
    let parent_of = |draw: usize| column.parent_of(column.own_table(), draw);
    let mut matching = shape.draws.iter().filter(|draw| parent_of(**draw) == parent);
    match (matching.next(), matching.next(), shape.draws.first()) {
        (Some(draw), None, _) => Ok(*draw),
        (Some(_), Some(_), _) => {
            Err((true, format!("`{name}` holds several foreign keys: which one is meant?")))
        }
        (None, _, None) => Err((true, format!("`{name}` is no foreign key"))),
        (None, _, Some(other)) => {
            let names = [parent_of(*other), parent].map(|table| column.table_name(table));
            Err((false, format!("`{name}` refers to `{}`, not to `{}`", names[0], names[1])))
        }
    }
}

/// A key that is taken from a parent is a key of this table too: it is the parent's own draw, at the parent's row.
/// `wanted` says to which parents.
fn note_inner(
    column: &ColumnCompiler<'_>,
    call: &CallSite<'_>,
    (draw, parent): (usize, usize),
    shape: &Shape,
    wanted: impl Fn(usize) -> bool,
) {
    for (nth, inner) in shape.draws.iter().enumerate() {
        if wanted(column.parent_of(parent, *inner)) {
            let through = Draw::Through { draw, parent, inner: *inner };
            column.note_draw(column.add_draw(call.ordinal, nth + 1, through));
        }
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

pub(crate) fn no_table(
    column: &ColumnCompiler<'_>,
    bound: &Bound<'_>,
    parameter: usize,
    name: &str,
) -> CallError {
    wrong(
        bound.index(parameter),
        format!("there is no table `{name}`"),
        did_you_mean(name, column.table_names()).or_else(|| {
            Some(format!("the tables are {}", column.table_names().collect::<Vec<_>>().join(", ")))
        }),
    )
}

pub(crate) fn no_column(
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
