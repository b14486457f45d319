//! Event time out of order, and rows that come twice or not at all: what a stream processor has to cope with, as a
//! function of the row's index, so that restarts and references without disorder make the same rows.
//!
//! The cadence makes rows in the order of their index, as always. Of those, some are left out, some come a second time
//! some rows later, and of some `tick_time()` lies back by a delay, as though they had been under way for that long.

use std::ops::Range;
use std::time::Duration;

use millstream_core::Key;

use crate::plan::{Draw, Slot, Table};
use crate::timeline::microseconds;
use crate::{NullShare, SpecError, TablesSpec, UpdatePolicy};

/// How the rows of a table come, other than once and in the order of their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Disorder {
    /// Rows whose time lies back.
    pub late: Option<Late>,
    /// Rows that come twice.
    pub duplicate: Option<Duplicate>,
    /// The share of rows that are left out; each row by itself.
    pub drop: Option<NullShare>,
}

/// Rows whose time lies back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late {
    /// The share of rows that are late; each row by itself.
    pub probability: NullShare,
    /// By how much.
    pub by: Delay,
}

/// How late a late row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// Always by so much.
    Fixed(Duration),
    /// Between these, all equally likely, to the microsecond.
    Uniform(Duration, Duration),
    /// Exponentially distributed around this mean.
    Exponential(Duration),
}

/// Rows that come twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate {
    /// The share of rows that do; each row by itself.
    pub probability: NullShare,
    /// The copy comes so many rows later at most, all equally likely; with 0, right behind.
    pub within: u64,
}

impl Duplicate {
    /// The most that [`Duplicate::within`] can be.
    pub const FURTHEST: u64 = 10_000;
}

/// The disorder of a table, ready to be drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Disordered {
    disorder: Disorder,
    late: Key,
    delay: Key,
    duplicate: Key,
    distance: Key,
    drop: Key,
}

impl Disordered {
    pub(crate) fn new(disorder: Disorder, seed: u64, table: &str) -> Self {
        let root = Key::from_seed(seed).named("the disorder of").named(table);
        Self {
            disorder,
            late: root.named("late"),
            delay: root.named("delay"),
            duplicate: root.named("duplicate"),
            distance: root.named("distance"),
            drop: root.named("drop"),
        }
    }

    /// The rows that come when those of `rows` are made, in their order. Copies of earlier rows are among them, and
    /// those of the last ones are not: they come with later rows.
    pub(crate) fn emitted(&self, rows: Range<u64>) -> Vec<u64> {
        let mut copies: Vec<(u64, u64)> = Vec::new();
        if let Some(duplicate) = self.disorder.duplicate {
            let landed = (rows.start.saturating_sub(duplicate.within)..rows.end)
                .filter(|&row| is_hit(self.duplicate, row, duplicate.probability) && !self.is_dropped(row))
                .map(|row| (row + self.distance.below(row, duplicate.within + 1), row))
                .filter(|(place, _)| rows.contains(place));
            copies.extend(landed);
            copies.sort_unstable();
        }
        let mut emitted = Vec::with_capacity((rows.end - rows.start) as usize + copies.len());
        let mut copies = copies.into_iter().peekable();
        for row in rows {
            if !self.is_dropped(row) {
                emitted.push(row);
            }
            while let Some((_, copy)) = copies.next_if(|(place, _)| *place == row) {
                emitted.push(copy);
            }
        }
        emitted
    }

    /// By how many microseconds a row is late; 0 for most.
    pub(crate) fn delay(&self, row: u64) -> u64 {
        let Some(late) = self.disorder.late.filter(|late| is_hit(self.late, row, late.probability)) else {
            return 0;
        };
        match late.by {
            Delay::Fixed(delay) => microseconds(delay),
            Delay::Uniform(least, most) => {
                let (least, most) = (microseconds(least), microseconds(most));
                least + self.delay.below(row, most.saturating_sub(least).saturating_add(1))
            }
            Delay::Exponential(mean) => {
                // The inverse of the distribution function at 1 - u, which is above zero.
                let u = self.delay.unit(row);
                libm::round(-libm::log1p(-u) * microseconds(mean) as f64) as u64
            }
        }
    }

    fn is_dropped(&self, row: u64) -> bool {
        self.disorder.drop.is_some_and(|share| is_hit(self.drop, row, share))
    }
}

/// Whether a row is one of a share, to 2^-64.
fn is_hit(key: Key, row: u64, share: NullShare) -> bool {
    let (numerator, denominator) = share.fraction();
    (u128::from(key.bits(row)) * u128::from(denominator)) >> 64 < u128::from(numerator)
}

impl Disorder {
    /// What the rows depend on, for fingerprints.
    pub(crate) fn text(&self) -> String {
        format!("{self:?}")
    }
}

/// What is wrong with the disorder of compiled tables. Messages begin with `disorder`.
pub(crate) fn check(spec: &TablesSpec, tables: &[Table]) -> Vec<SpecError> {
    let mut errors = Vec::new();
    for (index, table) in spec.tables.iter().enumerate() {
        let Some(disorder) = table.disorder else { continue };
        let mut wrong = |message: String, hint: &str| {
            let message = format!("disorder of `{}`: {message}", table.name);
            let hint = Some(hint.to_owned());
            errors.push(SpecError { table: index, column: None, range: None, message, hint });
        };
        if let UpdatePolicy::Replace { .. } = table.update_policy {
            wrong(
                "a table that is replaced as a whole has no order in which its rows come".to_owned(),
                "use `update_policy: append`, or remove `disorder`",
            );
        }
        let has_time = tables.get(index).is_some_and(|table| {
            table.slots.iter().any(|slot| matches!(slot, Slot::TickTime { arrival: false }))
        });
        if disorder.late.is_some() && !has_time {
            wrong(
                "its rows are late, but no column of it has a time".to_owned(),
                "add a column with `data: tick_time()`, whose values then lie back",
            );
        }
        let refers = |table: &Table| {
            let draws = table.draws.iter().any(|draw| match draw {
                Draw::Key { parent, .. } | Draw::Through { parent, .. } => *parent == index,
            });
            let asks = |slot: &Slot| matches!(slot, Slot::Aggregate { table, .. } if *table == index);
            draws || table.parents.contains(&index) || table.slots.iter().any(asks)
        };
        if (disorder.drop.is_some() || disorder.duplicate.is_some())
            && let Some(child) = tables.iter().find(|table| refers(table))
        {
            wrong(
                format!("`{}` refers to its rows, so each of them is there once", child.name),
                "drop and duplicate rows of tables that no other refers to; `late` is possible here too",
            );
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn share(text: &str) -> NullShare {
        text.parse().unwrap()
    }

    fn disordered(disorder: Disorder) -> Disordered {
        Disordered::new(disorder, 7, "t")
    }

    fn duplicates(probability: &str, within: u64) -> Disorder {
        let duplicate = Some(Duplicate { probability: share(probability), within });
        Disorder { duplicate, ..Disorder::default() }
    }

    /// Within four standard deviations of a binomial count.
    fn is_about(count: usize, of: usize, probability: f64) -> bool {
        let mean = of as f64 * probability;
        (count as f64 - mean).abs() <= 4.0 * (mean * (1.0 - probability)).sqrt()
    }

    #[test]
    fn without_disorder_all_rows_come_once_and_in_time() {
        let none = disordered(Disorder::default());
        assert_eq!(none.emitted(5..9), [5, 6, 7, 8]);
        assert!((0..1000).all(|row| none.delay(row) == 0));
    }

    #[test]
    fn shares_are_met() {
        const ROWS: usize = 200_000;
        let rows = disordered(Disorder { drop: Some(share("0.5%")), ..duplicates("1%", 300) });
        let emitted = rows.emitted(0..ROWS as u64);
        let mut times = vec![0_usize; ROWS];
        for row in &emitted {
            times[*row as usize] += 1;
        }
        let count = |wanted: usize| times.iter().filter(|&&times| times == wanted).count();
        assert!(is_about(count(0), ROWS, 0.005), "{}", count(0));
        assert!(is_about(count(2), ROWS, 0.00995), "{}", count(2));
        assert_eq!(count(0) + count(1) + count(2), ROWS);
        for certain in ["0", "1"] {
            let rows = disordered(Disorder { drop: Some(share(certain)), ..Disorder::default() });
            assert_eq!(rows.emitted(0..1000).len(), if certain == "0" { 1000 } else { 0 });
        }
    }

    #[test]
    fn a_copy_comes_behind_its_row_and_not_too_far() {
        let emitted = disordered(duplicates("20%", 0)).emitted(0..10_000);
        let pairs = emitted.windows(2).filter(|pair| pair[0] == pair[1]).count();
        assert!(is_about(pairs, 10_000, 0.2) && emitted.len() == 10_000 + pairs);
        let rows = disordered(duplicates("20%", 50));
        let emitted = rows.emitted(0..10_000);
        let mut newest = 0;
        let mut distances = Vec::new();
        for (place, row) in emitted.iter().enumerate() {
            if place > 0 && *row <= newest {
                distances.push(newest - row);
            }
            newest = newest.max(*row);
        }
        assert_eq!(distances.iter().max(), Some(&50));
        assert!(is_about(
            distances.iter().filter(|distance| **distance < 17).count(),
            distances.len(),
            17.0 / 51.0
        ));
    }

    #[test]
    fn delays_follow_their_distribution() {
        let delays = |by: Delay| -> Vec<f64> {
            let late = Some(Late { probability: share("25%"), by });
            let rows = disordered(Disorder { late, ..Disorder::default() });
            (0..100_000)
                .map(|row| rows.delay(row))
                .filter(|delay| *delay > 0)
                .map(|delay| delay as f64)
                .collect()
        };
        let second = Duration::from_secs(1);
        let fixed = delays(Delay::Fixed(second));
        assert!(is_about(fixed.len(), 100_000, 0.25) && fixed.iter().all(|delay| *delay == 1e6));
        let uniform = delays(Delay::Uniform(second, second * 3));
        assert!(uniform.iter().all(|delay| (1e6..=3e6).contains(delay)));
        assert!(is_about(uniform.iter().filter(|delay| **delay < 1.5e6).count(), uniform.len(), 0.25));
        let exponential = delays(Delay::Exponential(second * 30));
        for share in [0.1_f64, 0.5, 0.9, 0.99] {
            let quantile = -(1.0 - share).ln() * 30e6;
            let below = exponential.iter().filter(|delay| **delay < quantile).count();
            assert!(is_about(below, exponential.len(), share), "{share}");
        }
    }

    proptest! {
        #[test]
        fn any_split_of_the_rows_gives_the_same(
            within in 0_u64..200, cuts in prop::collection::vec(0_u64..3000, 0..6), probability in 0_u64..100,
        ) {
            let disorder = duplicates(&format!("{probability}%"), within);
            let rows = disordered(Disorder { drop: Some(share("10%")), ..disorder });
            let mut cuts = [cuts, vec![0, 3000]].concat();
            cuts.sort_unstable();
            let parts: Vec<u64> = cuts.windows(2).flat_map(|cut| rows.emitted(cut[0]..cut[1])).collect();
            prop_assert_eq!(parts, rows.emitted(0..3000));
        }
    }
}
