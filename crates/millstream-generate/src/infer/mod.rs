//! `data: auto`: what a column holds is told by its name and by the tables that there are.

mod names;

use millstream_expr::{Constant, ReferencedCall, references};

use crate::library::arguments::did_you_mean;
use crate::{SpecError, TablesSpec};

/// How a column asks for it.
const AUTO: &str = "auto";

/// What stands in for a column that cannot be inferred, until its error is reported.
const NOTHING: &str = "None";

/// Keys are followed through so many tables.
const MOST_STEPS: usize = 64;

/// What `data: auto` of a column stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inferred {
    /// The index of the table.
    pub table: usize,
    /// The index of the column.
    pub column: usize,
    /// The expression.
    pub data: String,
    /// Why it is this one.
    pub because: String,
}

/// The tables with an expression in place of each `auto`, and what was put there; and what could not be told.
pub(crate) fn resolve(spec: &TablesSpec) -> (TablesSpec, Vec<Inferred>, Vec<SpecError>) {
    let mut open = Vec::new();
    for (index, table) in spec.tables.iter().enumerate() {
        // A column may be called so: then it is a name like any other.
        if table.columns.iter().any(|column| column.name == AUTO) {
            continue;
        }
        for (position, column) in table.columns.iter().enumerate() {
            if column.data.trim() == AUTO {
                open.push((index, position));
            }
        }
    }
    let mut inference = Inference { spec: spec.clone(), inferred: Vec::new(), errors: Vec::new() };
    open.retain(|&(table, column)| inference.is_asked(table, column));
    // Keys first: what is copied is copied along them.
    open.retain(|&(table, column)| !inference.key(table, column));
    let keys: Vec<Inferred> = inference.inferred.clone();
    for key in &keys {
        inference.check_one_way(key);
    }
    for (table, column) in open {
        inference.attribute(table, column);
    }
    inference.inferred.sort_by_key(|inferred| (inferred.table, inferred.column));
    (inference.spec, inference.inferred, inference.errors)
}

/// The errors of columns that were inferred, with what was inferred: the file does not show it.
pub(crate) fn explain_errors(errors: &mut [SpecError], inferred: &[Inferred]) {
    for error in errors {
        let found = inferred
            .iter()
            .find(|inferred| error.table == inferred.table && error.column == Some(inferred.column));
        if let Some(inferred) = found {
            error.range = None;
            error.message = format!("`auto` stands for `{}` here: {}", inferred.data, error.message);
        }
    }
}

struct Inference {
    spec: TablesSpec,
    inferred: Vec<Inferred>,
    errors: Vec<SpecError>,
}

impl Inference {
    fn name(&self, table: usize, column: usize) -> &str {
        let columns = self.spec.tables.get(table).map(|table| table.columns.as_slice());
        columns.and_then(|columns| columns.get(column)).map_or("", |column| &column.name)
    }

    fn table_name(&self, table: usize) -> &str {
        self.spec.tables.get(table).map_or("", |table| &table.name)
    }

    fn column(&self, table: usize, name: &str) -> Option<usize> {
        self.spec.tables.get(table)?.columns.iter().position(|column| column.name == name)
    }

    fn set(&mut self, table: usize, column: usize, data: &str) {
        let columns = self.spec.tables.get_mut(table).map(|table| table.columns.as_mut_slice());
        if let Some(column) = columns.and_then(|columns| columns.get_mut(column)) {
            data.clone_into(&mut column.data);
        }
    }

    fn found(&mut self, table: usize, column: usize, data: String, because: String) {
        self.set(table, column, &data);
        self.inferred.push(Inferred { table, column, data, because });
    }

    fn wrong(&mut self, table: usize, column: usize, message: String, hint: String) {
        self.set(table, column, NOTHING);
        self.inferred.retain(|inferred| (inferred.table, inferred.column) != (table, column));
        self.errors.push(SpecError { table, column: Some(column), range: None, message, hint: Some(hint) });
    }

    /// Whether the table is one whose columns are inferred.
    fn is_asked(&mut self, table: usize, column: usize) -> bool {
        let name = self.table_name(table);
        let asked = self.spec.infer_attributes.iter().any(|asked| asked == name);
        if !asked {
            self.wrong(
                table,
                column,
                "`auto` is inferred only where the file asks for it".to_owned(),
                "add `infer_entity_attrs_by_name: true` to `config` or to the table, or write an expression"
                    .to_owned(),
            );
        }
        asked
    }

    /// Infers a column that is a key, its own table's or another's; `false` if it is none.
    fn key(&mut self, table: usize, column: usize) -> bool {
        let name = self.name(table, column).to_lowercase();
        let own = names::entities(self.table_name(table));
        let Some(entity) = name.strip_suffix("_id").filter(|entity| !entity.is_empty()) else {
            if name == "id" {
                self.found(table, column, "row_id".to_owned(), "the key of its own table".to_owned());
            }
            return name == "id";
        };
        if own.iter().any(|own| own == entity) {
            let because = format!("the key of its own table, `{}`", self.table_name(table));
            self.found(table, column, "row_id".to_owned(), because);
            return true;
        }
        if entity == "parent"
            && let Some(target) = self.target(table, "")
        {
            let data = self.foreign_key(table, target);
            self.found(table, column, data, "a row before it, of its own table".to_owned());
            return true;
        }
        // `home_team_id` is a team.
        let mut rest = entity;
        loop {
            let candidates: Vec<(usize, usize)> = (0..self.spec.tables.len())
                .filter(|other| *other != table)
                .filter(|other| names::entities(self.table_name(*other)).iter().any(|name| name == rest))
                .filter_map(|other| Some((other, self.target(other, rest)?)))
                .collect();
            let options: Vec<String> =
                candidates.iter().map(|(table, column)| self.foreign_key(*table, *column)).collect();
            match (candidates.as_slice(), options.as_slice()) {
                ([], _) => {}
                ([(parent, _)], [data]) => {
                    let because = format!("a row of `{}`", self.table_name(*parent));
                    self.found(table, column, data.clone(), because);
                    return true;
                }
                _ => {
                    let message = format!("`{name}` may be a key of several tables");
                    self.wrong(table, column, message, format!("write one of {}", options.join(", ")));
                    return true;
                }
            }
            match rest.split_once('_') {
                Some((_, shorter)) => rest = shorter,
                None => break,
            }
        }
        let is_key = self.spec.tables.get(table).and_then(|table| table.columns.get(column));
        if is_key.is_some_and(|column| column.is_primary_key) {
            self.found(table, column, "row_id".to_owned(), "the primary key of its table".to_owned());
            return true;
        }
        let tables: Vec<&str> = self.spec.tables.iter().map(|table| table.name.as_str()).collect();
        let hint = did_you_mean(entity, tables.iter().copied()).map_or_else(
            || format!("write `foreign_key(…)`: the tables are {}", tables.join(", ")),
            |hint| format!("write `foreign_key(…)`: {hint}"),
        );
        self.wrong(table, column, format!("no table has rows that are called `{entity}`"), hint);
        true
    }

    /// The column of `table` that its rows are known by: its primary key, or what is called like one.
    fn target(&self, table: usize, entity: &str) -> Option<usize> {
        let columns = &self.spec.tables.get(table)?.columns;
        let mut keys = columns.iter().enumerate().filter(|(_, column)| column.is_primary_key);
        match (keys.next(), keys.next()) {
            (Some((key, _)), None) => Some(key),
            _ => self.column(table, &format!("{entity}_id")).or_else(|| self.column(table, "id")),
        }
    }

    fn foreign_key(&self, table: usize, column: usize) -> String {
        format!("foreign_key({:?}, {:?})", self.table_name(table), self.name(table, column))
    }

    /// Refuses a key that may as well be that of the row that another key refers to.
    fn check_one_way(&mut self, key: &Inferred) {
        if !key.data.starts_with("foreign_key") {
            return;
        }
        let name = self.name(key.table, key.column).to_owned();
        let count = self.spec.tables.get(key.table).map_or(0, |table| table.columns.len());
        let copy = (0..count).filter(|other| *other != key.column).find_map(|other| {
            let (parent, _) = self.key_of(key.table, other, MOST_STEPS)?;
            let there = self.column(parent, &name).filter(|_| parent != key.table)?;
            self.key_of(parent, there, MOST_STEPS)?;
            Some(self.copy(key.table, other, parent, there))
        });
        if let Some(copy) = copy {
            let message =
                format!("`{name}` may be drawn by itself, or be that of the row that another key refers to");
            self.wrong(key.table, key.column, message, format!("write `{}` or `{copy}`", key.data));
        }
    }

    fn copy(&self, table: usize, key: usize, parent: usize, attribute: usize) -> String {
        format!(
            "copy_from_fk(fk_column={:?}, parent_table={:?}, attribute={:?})",
            self.name(table, key),
            self.table_name(parent),
            self.name(parent, attribute)
        )
    }

    /// The table and the column that a column is a key to.
    fn key_of(&self, table: usize, column: usize, steps: usize) -> Option<(usize, usize)> {
        let data = &self.spec.tables.get(table)?.columns.get(column)?.data;
        let calls = references(data).ok()?.calls;
        let index = |name: &str| self.spec.tables.iter().position(|table| table.name == name);
        calls.iter().find_map(|call| match call.path.as_str() {
            "foreign_key" => {
                let parent = index(text(call, 0, "table").or_else(|| text(call, 0, "table_name"))?)?;
                let name = text(call, 1, "column").or_else(|| text(call, 1, "column_name"))?;
                Some((parent, self.column(parent, name)?))
            }
            "copy_from_fk" => {
                let (first, second) = (text(call, 0, "fk_column")?, text(call, 1, "parent_table")?);
                let parent = index(second).or_else(|| index(first))?;
                let attribute = ["attribute", "parent_attribute", "parent_attr"]
                    .iter()
                    .find_map(|name| text(call, 2, name))?;
                self.key_of(parent, self.column(parent, attribute)?, steps.checked_sub(1)?)
            }
            _ => None,
        })
    }

    /// Infers a column that is copied along a key, or known by its name.
    fn attribute(&mut self, table: usize, column: usize) {
        let name = self.name(table, column).to_owned();
        for (at, _) in name.rmatch_indices('_') {
            let (prefix, attribute) = (&name[..at], &name[at + 1..]);
            let found = self.column(table, &format!("{prefix}_id")).and_then(|key| {
                let (parent, _) = self.key_of(table, key, MOST_STEPS)?;
                // The parent may say `name`, or `customer_name` as the child does.
                let there = self.column(parent, attribute).or_else(|| self.column(parent, &name))?;
                (parent != table || there != column).then_some((key, parent, there))
            });
            if let Some((key, parent, there)) = found {
                let data = self.copy(table, key, parent, there);
                let because =
                    format!("that of the row of `{}` that `{prefix}_id` refers to", self.table_name(parent));
                self.found(table, column, data, because);
                return;
            }
        }
        match names::expression(&name) {
            Some((known, data)) => {
                self.found(table, column, data.to_owned(), format!("by the name `{known}`"));
            }
            None => self.wrong(
                table,
                column,
                format!("nothing is known of a column that is called `{name}`"),
                "write an expression: docs/expressions.md lists the names that are known".to_owned(),
            ),
        }
    }
}

fn text<'a>(call: &'a ReferencedCall, position: usize, keyword: &str) -> Option<&'a str> {
    match call.argument(position, keyword)? {
        Constant::Str(text) => Some(text),
        _ => None,
    }
}
