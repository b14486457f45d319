//! Sums of the weights of a parent's rows, by blocks: what weighted draws fall back to.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use millstream_core::Result;

use crate::timeline::Timelines;

/// Rows of a block. A draw weighs one block; a billion parents have sums of eight megabytes.
const BLOCK: u64 = 1024;

/// The sums that were computed so far, for each draw of each table.
#[derive(Debug, Default)]
pub(crate) struct SumCache(Mutex<BTreeMap<(usize, usize, u64), Shared>>);

type Shared = Arc<Mutex<Option<Known>>>;

/// For the complete blocks from the first on: the sum of the weights up to the end of each.
#[derive(Debug)]
struct Known {
    /// What the weights were computed under: rows that are there keep their values, other histories have others.
    timelines: Timelines,
    totals: Arc<Vec<f64>>,
}

/// The sums up to a row.
#[derive(Debug)]
pub(crate) struct Sums {
    totals: Arc<Vec<f64>>,
    /// How many of `totals` count.
    blocks: usize,
    /// The weights of the rows after the last complete block.
    rest: Vec<f64>,
}

impl SumCache {
    /// The sums of the first `count` rows. `weigh` gives the weights of a range of rows.
    pub(crate) fn of(
        &self,
        draw: (usize, usize, u64),
        timelines: &Timelines,
        count: u64,
        weigh: impl Fn(Range<u64>) -> Result<Vec<f64>>,
    ) -> Result<Sums> {
        let blocks = (count / BLOCK) as usize;
        let totals = {
            let known =
                self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(draw).or_default().clone();
            // Weights may need the sums of other draws, which never need these: columns have no circles.
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = || Known { timelines: timelines.clone(), totals: Arc::default() };
            let known = known.get_or_insert_with(fresh);
            if known.timelines != *timelines {
                *known = fresh();
            }
            if known.totals.len() < blocks {
                let totals = Arc::make_mut(&mut known.totals);
                for block in totals.len() as u64..blocks as u64 {
                    let sum: f64 = weigh(block * BLOCK..(block + 1) * BLOCK)?.iter().sum();
                    let before = totals.last().copied().unwrap_or(0.0);
                    totals.push(before + sum);
                }
            }
            known.totals.clone()
        };
        Ok(Sums { totals, blocks, rest: weigh(blocks as u64 * BLOCK..count)? })
    }
}

impl Sums {
    /// The row at the share `unit`, in [0, 1), of all weights; `None` if they are all zero.
    pub(crate) fn find(
        &self,
        unit: f64,
        weigh: impl Fn(Range<u64>) -> Result<Vec<f64>>,
    ) -> Result<Option<u64>> {
        let totals = self.totals.get(..self.blocks).unwrap_or(&self.totals);
        let complete = totals.last().copied().unwrap_or(0.0);
        let all = complete + self.rest.iter().sum::<f64>();
        let point = unit * all;
        if point >= complete {
            let first = self.blocks as u64 * BLOCK;
            if let Some(row) = position(&self.rest, point - complete) {
                return Ok(Some(first + row));
            }
        }
        // Rounding may carry the point over the last weight.
        let block = totals.partition_point(|total| *total <= point);
        let block =
            if block < totals.len() { block } else { totals.partition_point(|total| *total < complete) };
        let before = block.checked_sub(1).and_then(|block| totals.get(block)).copied().unwrap_or(0.0);
        let first = block as u64 * BLOCK;
        if complete == 0.0 {
            return Ok(None);
        }
        Ok(position(&weigh(first..first + BLOCK)?, point - before).map(|row| first + row))
    }
}

/// The first row whose weights, with those before it, are above `point`; else the last one that weighs something.
fn position(weights: &[f64], point: f64) -> Option<u64> {
    let mut sum = 0.0;
    let mut last = None;
    for (row, weight) in weights.iter().enumerate() {
        if *weight > 0.0 {
            last = Some(row as u64);
            sum += weight;
            if sum > point {
                break;
            }
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(rows: Range<u64>) -> Vec<f64> {
        rows.map(|row| if row % 700 == 699 { (row / 700 + 1) as f64 } else { 0.0 }).collect()
    }

    #[test]
    fn shares_are_found_at_the_rows_that_hold_them() {
        let timelines =
            Timelines { start: 0, tables: Vec::new(), generations: Vec::new(), adopted: Vec::new() };
        let cache = SumCache::default();
        for count in [10_000_u64, 5_000, 700, 1_024, 7_168] {
            let sums = cache.of((0, 0, 0), &timelines, count, |rows| Ok(weights(rows))).unwrap();
            let heavy = count / 700;
            let total = (heavy * (heavy + 1) / 2) as f64;
            let mut below = 0.0;
            for nth in 0..heavy {
                let weight = (nth + 1) as f64;
                for share in [0.001, 0.5, 0.999] {
                    let unit = (below + share * weight) / total;
                    assert_eq!(
                        sums.find(unit, |rows| Ok(weights(rows))).unwrap(),
                        Some(nth * 700 + 699),
                        "{count} {nth}"
                    );
                }
                below += weight;
            }
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_weighs() {
        let timelines =
            Timelines { start: 0, tables: Vec::new(), generations: Vec::new(), adopted: Vec::new() };
        let none = |rows: Range<u64>| Ok(rows.map(|_| 0.0).collect());
        let cache = SumCache::default();
        for count in [1_u64, 1024, 5000] {
            let sums = cache.of((0, 0, 0), &timelines, count, none).unwrap();
            assert_eq!(sums.find(0.5, none).unwrap(), None);
        }
        // Another history is not mixed up with the first.
        let other = Timelines { start: 1, tables: Vec::new(), generations: Vec::new(), adopted: Vec::new() };
        let sums = cache.of((0, 0, 0), &other, 5000, |rows| Ok(weights(rows))).unwrap();
        assert_eq!(sums.find(0.0, |rows| Ok(weights(rows))).unwrap(), Some(699));
    }
}
