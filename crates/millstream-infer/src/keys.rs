//! Which columns identify rows, and which refer to the rows of other tables.

use crate::names::{singular, words};
use crate::profile::{Column, TableProfile, Values};

/// Tables with fewer rows say nothing about how their keys are spread.
const FEWEST_ROWS: u64 = 50;

/// What a table's columns are as keys.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) primary: Option<usize>,
    /// For each column, what it refers to.
    pub(crate) references: Vec<Option<Reference>>,
}

/// Where a column's values come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reference {
    /// A key of a row of the table `table`.
    Key { table: usize, spread: KeySpread },
    /// The column `column` of the row that this table's key column `key` refers to.
    Copy { key: usize, table: usize, column: usize },
}

/// How often the rows of a parent are referred to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum KeySpread {
    Even,
    /// Zipf's law with this exponent.
    Zipf(f64),
    /// Each at most once.
    Once,
}

/// The keys of all tables.
pub(crate) fn keys(tables: &[TableProfile]) -> Vec<Keys> {
    let primaries: Vec<Option<usize>> = tables.iter().map(primary).collect();
    let mut found: Vec<Keys> = tables
        .iter()
        .zip(&primaries)
        .enumerate()
        .map(|(index, (table, primary))| {
            let reference = |(position, column)| {
                let is_primary = *primary == Some(position);
                (!is_primary).then(|| parent(tables, &primaries, index, column)).flatten()
            };
            Keys { primary: *primary, references: table.columns.iter().enumerate().map(reference).collect() }
        })
        .collect();
    for index in 0..tables.len() {
        break_circles(&mut found, index);
    }
    for (table, keys) in tables.iter().zip(&mut found) {
        add_copies(tables, table, keys);
    }
    found
}

/// The column that identifies a table's rows: unique, and called like a key or counting up.
fn primary(table: &TableProfile) -> Option<usize> {
    let own = words(&table.name).pop().map(|word| singular(&word)).unwrap_or_default();
    let score = |column: &Column| {
        let words = words(&column.name);
        let last = words.last().map(String::as_str);
        let is_key = matches!(
            last,
            Some("id" | "key" | "number" | "no" | "code" | "uuid" | "sku" | "isbn" | "iban" | "vin")
        );
        let names_itself = words.first().is_some_and(|word| *word == own);
        let counts = matches!(&column.values, Values::Integers(numbers) if numbers.counts_up);
        match (is_key, words.len() == 1 || names_itself, counts) {
            (true, true, _) => 4,
            (true, false, true) => 3,
            (false, _, true) => 2,
            (true, false, false) => 1,
            _ => 0,
        }
    };
    let fits = |column: &&Column| {
        column.is_unique()
            && column.rows > 1
            && matches!(column.values, Values::Integers(_) | Values::Texts(_))
    };
    let candidates = table.columns.iter().enumerate().filter(|(_, column)| fits(column));
    // The first of the best.
    let best = candidates.rev().max_by_key(|(_, column)| score(column))?;
    (score(best.1) > 0).then_some(best.0)
}

/// The table whose key a column holds, by name and by containment.
fn parent(
    tables: &[TableProfile],
    primaries: &[Option<usize>],
    own: usize,
    column: &Column,
) -> Option<Reference> {
    let named = words(&column.name);
    let fits = |index: usize| {
        let table = &tables[index];
        let key = &table.columns[primaries[index]?];
        if std::mem::discriminant(&key.values) != std::mem::discriminant(&column.values) {
            return None;
        }
        let key_words = words(&key.name);
        let entity: Vec<String> = words(&table.name).iter().map(|word| singular(word)).collect();
        let same_name = key_words.len() > 1 && named == key_words;
        // `customer_id` for the `id` of customers; `billing_customer_id` for their `customer_id`.
        let last = key_words.last();
        let names_table = named.last() == last && named.windows(entity.len()).any(|window| window == entity);
        let ends_alike = key_words.len() > 1 && named.ends_with(&key_words);
        let own_key = index == own && named.last() == last && last.is_some_and(|word| word == "id");
        if !(same_name || names_table || ends_alike || own_key) {
            return None;
        }
        let held = match (column.distinct.keys(), key.distinct.keys()) {
            (Some(child), Some(parent)) if !table.partial => child.is_subset(&parent),
            // A part of the parents cannot be expected to hold all keys; a table's own column must.
            _ => index != own,
        };
        held.then_some(index)
    };
    // Other tables first: `manager_id` refers to its own table only if there are no managers.
    let others = (0..tables.len()).filter(|index| *index != own);
    let table = others.chain([own]).find_map(fits)?;
    Some(Reference::Key { table, spread: spread(column, tables[table].rows) })
}

/// How evenly the parents are referred to.
fn spread(column: &Column, parents: u64) -> KeySpread {
    let rows = column.rows - column.nulls;
    let distinct = column.distinct.counts.len() as u64;
    if column.distinct.too_many || rows < FEWEST_ROWS {
        return KeySpread::Even;
    }
    if distinct == rows && rows * 4 > parents {
        return KeySpread::Once;
    }
    let mut counts: Vec<u64> = column.distinct.counts.values().copied().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let mean = rows as f64 / distinct.max(1) as f64;
    // Counts of an even spread stay within some standard deviations (the square root of the mean) of it.
    if (counts[0] as f64) < mean + 6.0 * mean.sqrt() + 3.0 {
        return KeySpread::Even;
    }
    KeySpread::Zipf(exponent(&counts))
}

/// The slope of the logarithm of the counts over that of the ranks, by least squares over the ranks that have at least
/// five rows.
fn exponent(counts: &[u64]) -> f64 {
    let points: Vec<(f64, f64)> = counts
        .iter()
        .zip(1_u32..)
        .take_while(|(count, _)| **count >= 5)
        .map(|(count, rank)| (f64::from(rank).ln(), (*count as f64).ln()))
        .collect();
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / n, y + point.1 / n));
    let covariance: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let variance: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let slope = if variance > 0.0 { -covariance / variance } else { 1.2 };
    (slope.clamp(0.3, 3.0) * 10.0).round() / 10.0
}

/// Takes away references that would close a circle of tables.
fn break_circles(keys: &mut [Keys], from: usize) {
    for position in 0..keys[from].references.len() {
        if let Some(Reference::Key { table, .. }) = keys[from].references[position]
            && table != from
            && reaches(keys, table, from, keys.len())
        {
            keys[from].references[position] = None;
        }
    }
}

fn reaches(keys: &[Keys], from: usize, to: usize, depth: usize) -> bool {
    depth > 0
        && keys[from].references.iter().flatten().any(|reference| match reference {
            Reference::Key { table, .. } if *table != from => {
                *table == to || reaches(keys, *table, to, depth - 1)
            }
            _ => false,
        })
}

/// `customer_email` beside a key of customers, which have an `email`, is copied from them.
fn add_copies(tables: &[TableProfile], table: &TableProfile, keys: &mut Keys) {
    for (position, column) in table.columns.iter().enumerate() {
        if keys.primary == Some(position) || keys.references[position].is_some() {
            continue;
        }
        let named = words(&column.name);
        let copy = keys.references.iter().enumerate().find_map(|(key, reference)| {
            let Some(Reference::Key { table: parent, .. }) = reference else { return None };
            let entity: Vec<String> =
                words(&tables[*parent].name).iter().map(|word| singular(word)).collect();
            let attribute = named.strip_prefix(entity.as_slice())?;
            let found = tables[*parent].columns.iter().position(|other| {
                words(&other.name) == attribute
                    && std::mem::discriminant(&other.values) == std::mem::discriminant(&column.values)
            })?;
            Some(Reference::Copy { key, table: *parent, column: found })
        });
        keys.references[position] = copy;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};

    use super::*;

    fn table(name: &str, columns: Vec<(&str, ArrayRef)>) -> TableProfile {
        let mut table = TableProfile::new(name, "a test");
        table.add(&RecordBatch::try_from_iter(columns).unwrap()).unwrap();
        table
    }

    fn integers(values: impl IntoIterator<Item = i64>) -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(values))
    }

    fn texts(values: impl IntoIterator<Item = String>) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(values))
    }

    #[test]
    fn children_find_their_parents_by_name_and_values() {
        let customers = table(
            "customers",
            vec![("id", integers(1..=100)), ("email", texts((0..100).map(|n| format!("a{n}@example.com"))))],
        );
        let orders = table(
            "orders",
            vec![
                ("order_id", integers(1..=500)),
                ("customer_id", integers((0..500).map(|n| n % 100 + 1))),
                ("customer_email", texts((0..500).map(|n| format!("a{}@example.com", n % 100)))),
                ("quantity", integers((0..500).map(|n| n % 7))),
            ],
        );
        let strangers = table("strangers", vec![("customer_id", integers(500..600))]);
        let keys = keys(&[customers, orders, strangers]);
        assert_eq!((keys[0].primary, keys[1].primary), (Some(0), Some(0)));
        assert_eq!(keys[1].references[1], Some(Reference::Key { table: 0, spread: KeySpread::Even }));
        assert_eq!(keys[1].references[2], Some(Reference::Copy { key: 1, table: 0, column: 1 }));
        assert_eq!(keys[1].references[3], None);
        assert_eq!(keys[2].references[0], None);
    }

    #[test]
    fn a_table_can_refer_to_itself_but_not_in_a_circle() {
        let managers = (0..60).map(|n| n / 5 + 1);
        let employees =
            table("employees", vec![("employee_id", integers(1..=60)), ("manager_id", integers(managers))]);
        let found = keys(&[employees]);
        assert!(matches!(found[0].references[1], Some(Reference::Key { table: 0, .. })));

        let one = table("cats", vec![("cat_id", integers(1..=9)), ("dog_id", integers(1..=9))]);
        let other = table("dogs", vec![("dog_id", integers(1..=9)), ("cat_id", integers(1..=9))]);
        let found = keys(&[one, other]);
        let references = found.iter().flat_map(|keys| keys.references.iter().flatten()).count();
        assert_eq!(references, 1, "{found:?}");
    }

    #[test]
    fn skew_becomes_an_exponent() {
        let parents = table("parents", vec![("parent_id", integers(1..=50))]);
        // Counts of 1000 / rank^1.2.
        let children = (1..=50_i64)
            .flat_map(|rank| std::iter::repeat_n(rank, (1000.0 / (rank as f64).powf(1.2)) as usize));
        let rows = table("children", vec![("parent_id", integers(children))]);
        let found = keys(&[parents, rows]);
        match found[1].references[0] {
            Some(Reference::Key { spread: KeySpread::Zipf(exponent), .. }) => {
                assert!((exponent - 1.2).abs() < 0.11, "{exponent}");
            }
            ref other => panic!("{other:?}"),
        }
    }
}
