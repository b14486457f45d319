//! Which rows of its parents a row refers to: the draws of its foreign keys.
//!
//! A row sees those rows of a parent that are there when its tick is complete (S-63); of its own table, the rows before
//! it.

use std::rc::Rc;

use arrow::buffer::BooleanBuffer;
use millstream_core::{Error, Key, Permutation, Result};

use super::Evaluation;
use crate::adopted::Visible;
use crate::compile::no_parent_yet;
use crate::library::weights::Weights;
use crate::plan::{Distribution, Draw};

/// So many candidates are looked at for one row before the weights of all rows are added up instead. With a mean
/// weight of a tenth of the largest one, that many rejections happen once in 10^47 draws.
const MOST_ATTEMPTS: u64 = 1024;

/// Candidates of one batch, about.
const CANDIDATES: usize = 2048;

/// For each row of a list, a row of a parent.
#[derive(Clone)]
pub(super) struct Drawn<'a> {
    /// The rows of the parent.
    pub(super) parent: Rc<Evaluation<'a>>,
    /// Which rows have none: what `parent` holds for them means nothing.
    pub(super) missing: Option<BooleanBuffer>,
}

impl<'a> Evaluation<'a> {
    /// The rows of the parent that a draw gives.
    pub(super) fn draw(&self, draw: usize) -> Result<Drawn<'a>> {
        if let Some(drawn) = self.parents.borrow().get(draw).and_then(Clone::clone) {
            return Ok(drawn);
        }
        let drawn = match &self.table().draws[draw] {
            Draw::Through { draw, inner, .. } => {
                let outer = self.draw(*draw)?;
                let inner = outer.parent.draw(*inner)?;
                let missing = match (&outer.missing, &inner.missing) {
                    (Some(one), Some(other)) => Some(one | other),
                    (one, other) => one.as_ref().or(other.as_ref()).cloned(),
                };
                Drawn { parent: inner.parent, missing }
            }
            Draw::Key { parent, distribution, key } => self.draw_key(draw, *parent, distribution, *key)?,
        };
        if let Some(place) = self.parents.borrow_mut().get_mut(draw) {
            *place = Some(drawn.clone());
        }
        Ok(drawn)
    }

    fn draw_key(
        &self,
        draw: usize,
        parent: usize,
        distribution: &Distribution,
        key: Key,
    ) -> Result<Drawn<'a>> {
        let rows = match distribution {
            Distribution::Uniform => {
                self.draw_rows(parent, |count| count, |row, count| key.below(row, count))?
            }
            Distribution::Zipf(zipf) => {
                self.draw_rows(parent, |count| zipf.ranks(count), |row, ranks| zipf.index(key, row, ranks))?
            }
            Distribution::Weighted(weights) => self.draw_weighted(draw, parent, weights, key)?,
            Distribution::Unique => self.draw_unique(parent, key)?,
        };
        // Of its own table, the first row sees none.
        let missing = (parent == self.index && self.rows.contains(&0))
            .then(|| BooleanBuffer::collect_bool(self.rows.len(), |index| self.rows[index] == 0));
        Ok(Drawn { parent: Rc::new(Self::new(self.tables, self.timelines, parent, rows)), missing })
    }

    /// Calls `with` for each run of rows that see the same rows of `parent`, with these. There are none only for the
    /// first row of a table that refers to itself.
    fn each_visible(&self, parent: usize, mut with: impl FnMut(Visible, &[u64]) -> Result<()>) -> Result<()> {
        if parent == self.index {
            return self.rows.chunks(1).try_for_each(|row| {
                with(Visible { first: 0, count: row.first().copied().unwrap_or(0) }, row)
            });
        }
        let adopted = self.adopted(parent)?;
        let made = if adopted.is_none() { Some(self.timeline(parent)?) } else { None };
        self.each_birth(|birth, rows| {
            let visible = match (adopted, made) {
                (Some(history), _) => history.visible(birth.tick),
                (None, Some(timeline)) => Visible { first: 0, count: timeline.rows_at(birth.tick) },
                (None, None) => Visible { first: 0, count: 0 },
            };
            if visible.count == 0 {
                let (message, hint) = no_parent_yet(self.name_of(self.index), self.name_of(parent));
                return Err(Error::data(message).hint(hint));
            }
            with(visible, rows)
        })
    }

    /// One parent for each row. `prepare` is called once for each run of rows that see the same parents.
    fn draw_rows<P: Copy>(
        &self,
        parent: usize,
        prepare: impl Fn(u64) -> P,
        draw: impl Fn(u64, P) -> u64,
    ) -> Result<Vec<u64>> {
        let mut drawn = Vec::with_capacity(self.rows.len());
        let mut known = None;
        self.each_visible(parent, |Visible { first, count }, rows| {
            if count == 0 {
                drawn.extend(rows.iter().map(|_| 0));
                return Ok(());
            }
            let prepared = match known {
                Some((before, prepared)) if before == count => prepared,
                _ => prepare(count),
            };
            known = Some((count, prepared));
            drawn.extend(rows.iter().map(|&row| first + draw(row, prepared)));
            Ok(())
        })?;
        Ok(drawn)
    }

    /// Each parent at most once. Row i has parent σ(i), where σ permutes those parents among each other that became
    /// visible together: parents that come later change no row before them, and a row sees its parent as soon as the
    /// table has no more rows than the parent.
    fn draw_unique(&self, parent: usize, key: Key) -> Result<Vec<u64>> {
        let adopted = self.adopted(parent)?;
        let born_with = |row: u64| match adopted {
            Some(history) => Ok(history.born_with(row)),
            None => self.timeline(parent).map(|timeline| timeline.birth(row)).map(|birth| {
                let birth = birth?;
                Some((birth.tick, birth.rows))
            }),
        };
        let mut drawn = Vec::with_capacity(self.rows.len());
        let mut block: Option<(u64, std::ops::Range<u64>, Permutation)> = None;
        self.each_visible(parent, |Visible { first, count }, rows| {
            if first > 0 {
                return Err(Error::data(format!(
                    "rows of `{}` were changed or removed, so that it is not known any more which of them were taken",
                    self.name_of(parent)
                ))
                .hint("is_unique needs a parent that only gets new rows"));
            }
            for &row in rows {
                if row >= count {
                    return Err(self.too_few(parent, row, count));
                }
                if !block.as_ref().is_some_and(|(_, rows, _)| rows.contains(&row)) {
                    let (tick, rows) =
                        born_with(row)?.ok_or_else(|| self.too_few(parent, row, count))?;
                    let permutation = Permutation::new(key.numbered(tick), rows.end - rows.start);
                    block = Some((rows.start, rows, permutation));
                }
                if let Some((start, _, permutation)) = &block {
                    drawn.push(start + permutation.apply(row - start));
                }
            }
            Ok(())
        })?;
        Ok(drawn)
    }

    fn too_few(&self, parent: usize, row: u64, count: u64) -> Error {
        let names = [self.index, parent].map(|index| self.name_of(index));
        Error::data(format!(
            "row {} of `{}` needs a row of `{}` of its own, but there are {count} when it is made",
            row.saturating_add(1),
            names[0],
            names[1]
        ))
        .hint(format!(
            "is_unique takes each row of `{}` once: let `{}` grow no faster, or leave out is_unique",
            names[1], names[0]
        ))
    }

    /// By rejection: a candidate is drawn evenly, and taken with a probability of its weight divided by the largest
    /// one. Candidates are weighed many at a time; that changes no draw, since attempt n of a row always has the same
    /// candidate.
    fn draw_weighted(&self, draw: usize, parent: usize, weights: &Weights, key: Key) -> Result<Vec<u64>> {
        let mut seen: Vec<Visible> = Vec::with_capacity(self.rows.len());
        self.each_visible(parent, |visible, rows| {
            seen.extend(rows.iter().map(|_| visible));
            Ok(())
        })?;
        let mut drawn = vec![0_u64; self.rows.len()];
        let mut open: Vec<usize> = (0..seen.len()).filter(|&index| seen[index].count > 0).collect();
        let (mut attempt, mut width) = (0, 1);
        while !open.is_empty() && attempt < MOST_ATTEMPTS {
            let room = (CANDIDATES / open.len()).max(1) as u64;
            width = room.min(width).min(MOST_ATTEMPTS - attempt);
            let attempts: Vec<Key> =
                (attempt..attempt + width).map(|attempt| key.numbered(attempt)).collect();
            let candidates: Vec<u64> = open
                .iter()
                .flat_map(|&index| {
                    let (row, Visible { first, count }) = (self.rows[index], seen[index]);
                    attempts.iter().map(move |key| first + key.below(row, count))
                })
                .collect();
            let weighed = self.weigh(parent, weights, candidates.clone())?;
            let choices = candidates.chunks(attempts.len()).zip(weighed.chunks(attempts.len()));
            let mut rest = Vec::new();
            for (&index, (candidates, weighed)) in open.iter().zip(choices) {
                let row = self.rows[index];
                let accepted = attempts
                    .iter()
                    .zip(weighed)
                    .position(|(key, weight)| key.numbered(0).unit(row) * weights.most() < *weight);
                match accepted.and_then(|at| candidates.get(at)) {
                    Some(parent) => drawn[index] = *parent,
                    None => rest.push(index),
                }
            }
            open = rest;
            attempt += width;
            width *= 2;
        }
        for index in open {
            drawn[index] = self.draw_by_sums((draw, parent), weights, key, self.rows[index], seen[index])?;
        }
        Ok(drawn)
    }

    /// The weights of some rows of the parent.
    fn weigh(&self, parent: usize, weights: &Weights, rows: Vec<u64>) -> Result<Vec<f64>> {
        let parents = Self::new(self.tables, self.timelines, parent, rows);
        weights.weigh(&parents.column(weights.attribute)?)
    }

    /// Where hardly any parent weighs as much as the largest weight: exact in one draw, from the sums of the weights of
    /// blocks of parents. The sums are kept, one for each block of 1024 parents.
    fn draw_by_sums(
        &self,
        (draw, parent): (usize, usize),
        weights: &Weights,
        key: Key,
        row: u64,
        Visible { first, count }: Visible,
    ) -> Result<u64> {
        let weigh =
            |rows: std::ops::Range<u64>| self.weigh(parent, weights, rows.map(|row| first + row).collect());
        let sums = self.tables.sums.of((self.index, draw, first), self.timelines, count, weigh)?;
        let found = sums.find(key.numbered(MOST_ATTEMPTS).unit(row), weigh)?;
        found.map(|row| first + row).ok_or_else(|| {
            let parent_name = self.name_of(parent);
            let attribute = match parent.checked_sub(self.tables.tables.len()) {
                None => self.tables.tables[parent].schema.fields().get(weights.attribute),
                Some(index) => {
                    let adopted = self.tables.adopted.get(index);
                    adopted.and_then(|adopted| adopted.schema.fields().get(weights.attribute))
                }
            };
            Error::data(format!(
                "none of the {count} rows of `{parent_name}` has a weight above zero by its `{}`",
                attribute.map_or("", |field| field.name())
            ))
            .hint("give a weight above zero to a value that occurs, or use another distribution")
        })
    }
}
