//! Tables that are replaced as a whole (S-66): in which tick each generation is made, and which one is visible.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bookmark::{Generations, TablePosition};
use crate::compile::{ColumnCompiler, Shape};
use crate::timeline::{Birth, Timelines, microseconds};
use crate::{TableSpec, Tables, TablesSpec, UpdatePolicy};

/// The history of a table's cycles. Generation 0 is made in tick 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Cycle>", into = "Vec<Cycle>")]
pub struct Cycles(Vec<Cycle>);

/// A stretch of ticks with generations at one distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cycle {
    from_tick: u64,
    /// The generations before it.
    before: u64,
    /// A generation every so many ticks; 0 is never.
    every: u64,
}

impl Cycle {
    fn made_at(self, tick: u64) -> u64 {
        let cycles = (tick - self.from_tick).checked_div(self.every).unwrap_or(0);
        self.before.saturating_add(cycles)
    }
}

impl Cycles {
    /// A generation at once, then one every `every` ticks; none if that is 0.
    pub fn new(every: u64) -> Self {
        Self(vec![Cycle { from_tick: 0, before: 1, every }])
    }

    /// The same up to and including `from_tick`; after it, a generation every `every` ticks.
    #[must_use]
    pub fn with_every(&self, from_tick: u64, every: u64) -> Self {
        let before = self.made_at(from_tick);
        let mut cycles: Vec<Cycle> =
            self.0.iter().filter(|cycle| cycle.from_tick < from_tick).copied().collect();
        cycles.push(Cycle { from_tick, before, every });
        Self(cycles)
    }

    /// How many generations were made when `tick` is complete.
    pub fn made_at(&self, tick: u64) -> u64 {
        // The first cycle begins at tick 0, so that there always is one.
        self.0.iter().rev().find(|cycle| cycle.from_tick <= tick).map_or(1, |cycle| cycle.made_at(tick))
    }

    /// The tick in which a generation is made.
    pub fn tick_of(&self, generation: u64) -> u64 {
        let cycle = self.0.iter().rev().find(|cycle| cycle.before <= generation);
        cycle.map_or(0, |cycle| {
            let cycles = (generation - cycle.before).saturating_add(1);
            cycle.from_tick.saturating_add(cycles.saturating_mul(cycle.every))
        })
    }

    /// The distance between two generations from now on, in ticks; 0 is never again.
    pub fn every(&self) -> u64 {
        self.0.last().map_or(0, |cycle| cycle.every)
    }
}

impl From<Cycles> for Vec<Cycle> {
    fn from(cycles: Cycles) -> Self {
        cycles.0
    }
}

impl TryFrom<Vec<Cycle>> for Cycles {
    type Error = String;

    fn try_from(recorded: Vec<Cycle>) -> Result<Self, String> {
        let (first, rest) = recorded.split_first().ok_or("cycles without a beginning")?;
        if first.from_tick != 0 || first.before != 1 {
            return Err("cycles that do not begin with one generation at tick 0".to_owned());
        }
        let mut cycles = Self(vec![*first]);
        for cycle in rest {
            if cycles.0.last().is_some_and(|last| last.from_tick >= cycle.from_tick) {
                return Err("cycles that are not in order".to_owned());
            }
            cycles = cycles.with_every(cycle.from_tick, cycle.every);
            if cycles.0.last() != Some(cycle) {
                return Err(format!("cycles that do not add up at tick {}", cycle.from_tick));
            }
        }
        Ok(cycles)
    }
}

/// The generation of a replaced table that is visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation {
    /// Which one.
    pub number: u64,
    /// The tick in which it is made.
    pub tick: u64,
    /// Its rows.
    pub rows: u64,
}

impl TableSpec {
    /// The distance of its generations in ticks: `None` if it is not replaced, 0 if it is paused.
    pub(crate) fn cycle_ticks(&self, tick: Duration) -> Option<u64> {
        let UpdatePolicy::Replace { every } = self.update_policy else {
            return None;
        };
        if !self.cadence.enabled {
            return Some(0);
        }
        let tick = microseconds(tick).max(1);
        Some(every.map_or(1, |every| (microseconds(every) / tick).max(1)))
    }
}

impl Timelines {
    /// The tick in which `row` is made, with all rows of that tick; `None` if it never is.
    pub(crate) fn birth(&self, table: usize, row: u64) -> Option<Birth> {
        match self.generations.get(table).copied().flatten() {
            Some(generation) => {
                (row < generation.rows).then_some(Birth { tick: generation.tick, rows: 0..generation.rows })
            }
            None => self.tables.get(table)?.birth(row),
        }
    }

    /// The generation of a table that is visible; 0 for a table that is not replaced.
    pub(crate) fn generation(&self, table: usize) -> u64 {
        self.generations.get(table).copied().flatten().map_or(0, |generation| generation.number)
    }

    /// Whether a table is replaced as a whole.
    pub(crate) fn is_replaced(&self, table: usize) -> bool {
        self.generations.get(table).is_some_and(Option::is_some)
    }
}

impl ColumnCompiler<'_> {
    /// Whether this table may take values from the column `attribute` of `parent`, which has the shape `shape`. Rows
    /// of a replaced parent are gone with the next generation: only what is the same in every generation may outlive
    /// it. If not, what is wrong and a hint.
    pub(crate) fn check_generations(
        &self,
        parent: usize,
        attribute: &str,
        shape: &Shape,
    ) -> Result<(), (String, String)> {
        let cycle = |table| self.spec_of(table).and_then(|table| table.cycle_ticks(self.tick()));
        let Some(of_parent) = cycle(parent) else {
            return Ok(());
        };
        if !shape.varies || cycle(self.own_table()) == Some(of_parent) {
            return Ok(());
        }
        let (own, parent) = (self.table_name(self.own_table()), self.table_name(parent));
        Err((
            format!(
                "`{parent}` is replaced each cycle, and rows of `{own}` would refer to values of `{attribute}` that are gone"
            ),
            format!(
                "replace `{own}` in the same cycle, or take a column of `{parent}` that is the same in every generation, such as `row_id`"
            ),
        ))
    }
}

/// The cycles of the tables that are replaced, before the first generation.
pub(crate) fn first_cycles(spec: &TablesSpec) -> Vec<Option<Generations>> {
    let cycles = spec.tables.iter().map(|table| table.cycle_ticks(spec.tick));
    cycles.map(|every| Some(Generations { made: 0, cycles: Cycles::new(every?) })).collect()
}

/// The same after what was recorded: the cycles of the file from `from_tick` on.
pub(crate) fn resumed_cycles(
    spec: &TablesSpec,
    tables: &Tables,
    recorded: &[Option<&TablePosition>],
    from_tick: u64,
) -> Vec<Option<Generations>> {
    let mut resumed: Vec<Option<Generations>> = first_cycles(spec);
    for &table in tables.order() {
        let Some(every) = spec.tables[table].cycle_ticks(spec.tick) else {
            continue;
        };
        let same_cycle = |parent: &usize| {
            resumed[*parent].as_ref().is_some_and(|generations| generations.cycles.every() == every)
        };
        let parent = tables.parents(table).into_iter().find(same_cycle);
        let before = recorded[table].and_then(|table| table.generations.clone()).or_else(|| {
            // A new table changes with its parents.
            let cycles = parent.and_then(|parent| Some(resumed[parent].as_ref()?.cycles.clone()));
            Some(Generations { made: 0, cycles: cycles.unwrap_or_else(|| Cycles::new(every)) })
        });
        resumed[table] = before.map(|mut generations| {
            if generations.cycles.every() != every {
                generations.cycles = generations.cycles.with_every(from_tick, every);
            }
            generations
        });
    }
    resumed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cycles_are_those_of_a_clock_that_is_counted_tick_by_tick(
            first in 0_u64..5,
            changes in prop::collection::btree_map(1_u64..60, 0_u64..5, 0..4),
        ) {
            let mut cycles = Cycles::new(first);
            for (&tick, &every) in &changes {
                cycles = cycles.with_every(tick, every);
            }
            let recorded: Cycles =
                serde_json::from_value(serde_json::to_value(&cycles).unwrap()).unwrap();
            prop_assert_eq!(&recorded, &cycles);
            let (mut every, mut since, mut made) = (first, 0, 1);
            prop_assert_eq!(cycles.made_at(0), 1);
            prop_assert_eq!(cycles.tick_of(0), 0);
            for tick in 1..100_u64 {
                since += 1;
                if every > 0 && since == every {
                    since = 0;
                    prop_assert_eq!(cycles.tick_of(made), tick);
                    made += 1;
                }
                prop_assert_eq!(cycles.made_at(tick), made);
                if let Some(&new) = changes.get(&tick) {
                    (every, since) = (new, 0);
                }
            }
        }
    }

    #[test]
    fn damaged_cycles_are_refused() {
        let parse = |text: &str| serde_json::from_str::<Cycles>(text).unwrap_err().to_string();
        assert!(parse("[]").contains("beginning"));
        assert!(parse(r#"[{"from_tick":1,"before":1,"every":1}]"#).contains("tick 0"));
        let first = r#"{"from_tick":0,"before":1,"every":2}"#;
        assert!(parse(&format!(r#"[{first},{{"from_tick":0,"before":1,"every":1}}]"#)).contains("order"));
        assert!(parse(&format!(r#"[{first},{{"from_tick":6,"before":2,"every":1}}]"#)).contains("add up"));
    }
}
