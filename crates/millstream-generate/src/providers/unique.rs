//! `fake.unique.X`: each value once.
//!
//! A row's value is the one at the place that a permutation gives its number, so nothing is remembered and a restart
//! changes nothing. For texts that are put together from lists and digits, the values are counted exactly: the parts are
//! a finite automaton, which is made deterministic, so that each text has one path whatever the ways to put it
//! together; the paths from each state are counted, and the text of a number is found by walking along the counts.
//! Options of different weights come in proportion, for as long as they last.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use arrow::datatypes::DataType;
use millstream_core::{Key, Permutation};
use millstream_expr::{Call, CallError, EvaluateError, Function, RowErrors};

use super::{Resolved, Site};
use crate::library::operand::is_selected;

/// What is said of a row beyond the last value.
pub(super) fn exhausted(name: &str, size: u128) -> String {
    format!("fake.unique.{name}: there are only {size} different values")
}

/// Rows have smaller numbers; of more values than these, not every one is used.
const MOST: u128 = 1 << 60;

/// More states than these are refused.
const MOST_STATES: usize = 1_000_000;

/// Alternatives that keep their weights.
pub(super) const MOST_ALTERNATIVES: usize = 12;

/// A place in a text that is being put together.
#[derive(Debug, Clone)]
enum Node {
    /// The text is complete: a text of that alternative.
    End(u32),
    /// One of some bytes, then on.
    Bytes(Box<[u8]>, u32),
    /// Any of some places.
    Any(Box<[u32]>),
}

/// Texts, as a graph of bytes that is built from their ends.
#[derive(Debug, Default)]
pub(super) struct Builder {
    nodes: Vec<Node>,
}

impl Builder {
    fn add(&mut self, node: Node) -> u32 {
        self.nodes.push(node);
        (self.nodes.len() - 1) as u32
    }

    /// Where the texts of an alternative end.
    pub(super) fn end(&mut self, alternative: usize) -> u32 {
        self.add(Node::End(alternative as u32))
    }

    /// `text`, then on to `next`.
    pub(super) fn literal(&mut self, text: &str, next: u32) -> u32 {
        text.bytes().rev().fold(next, |next, byte| self.add(Node::Bytes([byte].into(), next)))
    }

    /// One of some bytes, then on to `next`.
    pub(super) fn bytes(&mut self, bytes: &[u8], next: u32) -> u32 {
        self.add(Node::Bytes(bytes.into(), next))
    }

    /// One of some ways.
    pub(super) fn any(&mut self, ways: Vec<u32>) -> u32 {
        self.add(Node::Any(ways.into()))
    }

    /// The numbers from `low` to `high` with at least `width` digits, then on to `next`.
    pub(super) fn numbers(&mut self, low: u64, high: u64, width: usize, next: u32) -> u32 {
        let (first, last) = (format!("{low:0width$}"), format!("{high:0width$}"));
        if first.len() == last.len() {
            return self.range(first.as_bytes(), last.as_bytes(), next);
        }
        // As many digits as each number has: split where a digit more begins.
        let split = 10_u64.pow(first.len() as u32);
        let shorter = self.numbers(low, split - 1, width, next);
        let longer = self.numbers(split, high, width, next);
        self.any(vec![shorter, longer])
    }

    /// The texts of digits between two of the same length.
    fn range(&mut self, low: &[u8], high: &[u8], next: u32) -> u32 {
        let ([first, low @ ..], [last, high @ ..]) = (low, high) else {
            return next;
        };
        if first == last {
            let rest = self.range(low, high, next);
            return self.bytes(&[*first], rest);
        }
        let (zeros, nines) = (vec![b'0'; low.len()], vec![b'9'; low.len()]);
        let from = self.range(low, &nines, next);
        let to = self.range(&zeros, high, next);
        let mut ways = vec![self.bytes(&[*first], from), self.bytes(&[*last], to)];
        if last - first > 1 {
            let free = self.range(&zeros, &nines, next);
            let between: Vec<u8> = (first + 1..*last).collect();
            ways.push(self.bytes(&between, free));
        }
        self.any(ways)
    }

    /// The automaton of all texts from `start` on; `weights` has one for each alternative.
    pub(super) fn finish(self, start: u32, weights: &[u64]) -> Result<Texts, String> {
        let mut states: Vec<State> = Vec::new();
        let mut known: BTreeMap<Box<[u32]>, u32> = BTreeMap::new();
        let mut waiting: Vec<Box<[u32]>> = vec![[start].into()];
        known.insert([start].into(), 0);
        let mut next = 0;
        while next < waiting.len() {
            let (mut ends, mut moves) = (None::<u32>, Vec::<(u8, u32)>::new());
            let mut open: Vec<u32> = waiting[next].to_vec();
            while let Some(node) = open.pop() {
                match &self.nodes[node as usize] {
                    Node::End(alternative) => {
                        ends = Some(ends.map_or(*alternative, |end| end.min(*alternative)));
                    }
                    Node::Bytes(bytes, to) => moves.extend(bytes.iter().map(|byte| (*byte, *to))),
                    Node::Any(ways) => open.extend(ways),
                }
            }
            moves.sort_unstable();
            moves.dedup();
            let mut steps = Vec::new();
            for group in moves.chunk_by(|a, b| a.0 == b.0) {
                let kernel: Box<[u32]> = group.iter().map(|(_, to)| *to).collect();
                let fresh = waiting.len() as u32;
                let state = *known.entry(kernel.clone()).or_insert(fresh);
                if state == fresh {
                    waiting.push(kernel);
                }
                steps.push((group[0].0, state));
            }
            states.push(State { end: ends, steps: steps.into(), counts: Box::default() });
            next += 1;
            if states.len() > MOST_STATES {
                return Err(
                    "there are too many ways to put such texts together to keep them apart".to_owned()
                );
            }
        }
        let mut texts = Texts { states, weights: weights.into() };
        texts.count();
        Ok(texts)
    }
}

#[derive(Debug)]
struct State {
    /// Whether a text ends here, and to which alternative it belongs: the first of those that have it.
    end: Option<u32>,
    steps: Box<[(u8, u32)]>,
    /// How many texts of each alternative go on from here, for those that have any.
    counts: Box<[(u32, u128)]>,
}

impl State {
    fn count(&self, alternative: u32) -> u128 {
        self.counts.iter().find(|(of, _)| *of == alternative).map_or(0, |(_, count)| *count)
    }
}

/// Different texts, numbered within each alternative.
#[derive(Debug)]
pub(super) struct Texts {
    states: Vec<State>,
    weights: Box<[u64]>,
}

impl Texts {
    fn count(&mut self) {
        // Depth first, without recursion: a state is counted when all that follow it are.
        let mut done = vec![false; self.states.len()];
        let mut stack: Vec<(u32, usize)> = vec![(0, 0)];
        while let Some((state, step)) = stack.pop() {
            let index = state as usize;
            if let Some(&(_, to)) = self.states[index].steps.get(step) {
                stack.push((state, step + 1));
                if !done[to as usize] {
                    stack.push((to, 0));
                }
                continue;
            }
            if std::mem::replace(&mut done[index], true) {
                continue;
            }
            let mut counts: BTreeMap<u32, u128> = BTreeMap::new();
            if let Some(end) = self.states[index].end {
                counts.insert(end, 1);
            }
            for (_, to) in &*self.states[index].steps {
                for (of, count) in &*self.states[*to as usize].counts {
                    let sum = counts.entry(*of).or_default();
                    *sum = sum.saturating_add(*count);
                }
            }
            self.states[index].counts = counts.into_iter().collect();
        }
    }

    /// How many texts each alternative has that no earlier one has.
    pub(super) fn sizes(&self) -> Vec<u128> {
        (0..self.weights.len() as u32).map(|alternative| self.states[0].count(alternative)).collect()
    }

    /// Appends the text of that number.
    fn write(&self, alternative: u32, mut number: u128, bytes: &mut Vec<u8>) {
        let mut state = &self.states[0];
        loop {
            if state.end == Some(alternative) {
                if number == 0 {
                    return;
                }
                number -= 1;
            }
            let mut follow = None;
            for (byte, to) in &*state.steps {
                let next = &self.states[*to as usize];
                let count = next.count(alternative);
                if number < count {
                    bytes.push(*byte);
                    follow = Some(next);
                    break;
                }
                number -= count;
            }
            match follow {
                Some(next) => state = next,
                None => return,
            }
        }
    }
}

/// Which alternative a row belongs to, and which of its values: in proportion to the weights while all last.
#[derive(Debug)]
struct Schedule {
    key: Key,
    phases: Vec<Phase>,
    total: u64,
}

/// Rows in which the same alternatives take part.
#[derive(Debug)]
struct Phase {
    start: u64,
    /// The length of a round.
    round: u64,
    /// Where an alternative's part of a round ends, which one it is, how many rows it has in a round, and how many of its
    /// values are gone.
    parts: Vec<(u64, usize, u64, u64)>,
}

impl Schedule {
    fn new(key: Key, sizes: &[u128], weights: &[u64]) -> Self {
        let mut left: Vec<u64> = sizes.iter().map(|size| (*size).min(MOST) as u64).collect();
        let mut gone = vec![0_u64; left.len()];
        let (mut phases, mut start) = (Vec::new(), 0_u64);
        loop {
            let live: Vec<usize> = (0..left.len()).filter(|&index| left[index] > 0).collect();
            let Some(rounds) = live.iter().map(|&index| left[index] / weights[index].max(1)).min() else {
                break;
            };
            // Where less than a round is left, it comes by itself.
            let (members, rounds, single) = if rounds > 0 {
                (live, rounds, false)
            } else {
                let short: Vec<usize> =
                    live.into_iter().filter(|&index| left[index] < weights[index].max(1)).take(1).collect();
                let rounds = short.first().map_or(0, |&index| left[index]);
                (short, rounds, true)
            };
            let (mut parts, mut end) = (Vec::new(), 0);
            for index in members {
                let weight = if single { 1 } else { weights[index].max(1) };
                end += weight;
                parts.push((end, index, weight, gone[index]));
                gone[index] += weight * rounds;
                left[index] -= weight * rounds;
            }
            phases.push(Phase { start, round: end, parts });
            start = start.saturating_add(end.saturating_mul(rounds));
        }
        Self { key, phases, total: start }
    }

    /// The alternative of a row, and the number of its value there.
    fn find(&self, row: u64) -> Option<(usize, u64)> {
        if row >= self.total {
            return None;
        }
        let at = self.phases.partition_point(|phase| phase.start <= row).checked_sub(1)?;
        let phase = self.phases.get(at)?;
        let (round, place) = ((row - phase.start) / phase.round, (row - phase.start) % phase.round);
        let place = match phase.round {
            1 => 0,
            length => Permutation::new(self.key.numbered(at as u64).numbered(round), length).apply(place),
        };
        let part = phase.parts.partition_point(|part| part.0 <= place);
        let (end, alternative, weight, gone) = *phase.parts.get(part)?;
        Some((alternative, gone + round * weight + (place - (end - weight))))
    }
}

/// A column of texts, each once.
#[derive(Debug)]
struct Distinct {
    name: String,
    key: Key,
    texts: Texts,
    sizes: Vec<u128>,
    permutations: Vec<Permutation>,
    schedule: Schedule,
}

/// The column of those texts.
pub(super) fn distinct(site: &Site<'_>, texts: Texts) -> Resolved {
    let sizes = texts.sizes();
    let total = sizes.iter().fold(0_u128, |sum, size| sum.saturating_add(*size));
    site.check_size(total)?;
    let key = site.key.named("unique");
    let permutations = (0..)
        .zip(&sizes)
        .map(|(index, size)| Permutation::new(key.numbered(index), (*size).clamp(1, MOST) as u64))
        .collect();
    let schedule = Schedule::new(key.named("schedule"), &sizes, &texts.weights);
    Ok(Arc::new(Distinct { name: site.name.to_owned(), key, texts, sizes, permutations, schedule }))
}

impl Function for Distinct {
    fn data_type(&self) -> DataType {
        DataType::Utf8
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let mut out = StringBuilder::with_capacity(call.rows.len(), call.rows.len() * 24);
        let mut bytes = Vec::new();
        for (index, &row) in call.rows.iter().enumerate() {
            bytes.clear();
            if let Some((alternative, number)) = self.schedule.find(row) {
                let size = self.sizes[alternative];
                let mut number = u128::from(self.permutations[alternative].apply(number));
                if size > MOST {
                    // One of each stretch of as many texts, so that all of the texts are in reach.
                    let stretch = size / MOST;
                    number = number * stretch + u128::from(self.key.bits(row)) % stretch;
                }
                self.texts.write(alternative as u32, number, &mut bytes);
            } else if is_selected(call, index) {
                errors.push(index, exhausted(&self.name, u128::from(self.schedule.total)));
            }
            let text = std::str::from_utf8(&bytes)
                .map_err(|_| EvaluateError::Host("a text is no text".to_owned()))?;
            out.append_value(text);
        }
        Ok(Arc::new(out.finish()))
    }
}

impl Site<'_> {
    /// The order of `size` values if each may come once only, `None` if they may come again.
    pub(super) fn permutation(&self, size: u128) -> Result<Option<Permutation>, CallError> {
        if !self.unique {
            return Ok(None);
        }
        self.check_size(size)?;
        Ok(Some(Permutation::new(self.key.named("unique"), size.clamp(1, MOST) as u64)))
    }

    /// Refuses more rows than there are values.
    pub(super) fn check_size(&self, size: u128) -> Result<(), CallError> {
        match self.rows {
            Some(rows) if u128::from(rows) > size => Err(CallError {
                message: format!(
                    "the table has {rows} rows, and `fake.unique.{}` only {size} different values",
                    self.name
                ),
                hint: Some(format!(
                    "use `fake.{}` without `unique`, a smaller row_count, or put `row_id` into the value",
                    self.name
                )),
                argument: None,
            }),
            _ => Ok(()),
        }
    }

    /// For values that cannot be made different for all rows.
    pub(super) fn refuse_unique(&self, hint: &str) -> Result<(), CallError> {
        if !self.unique {
            return Ok(());
        }
        Err(CallError {
            message: format!("the values of `fake.unique.{}` could repeat with these arguments", self.name),
            hint: Some(hint.to_owned()),
            argument: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn all(texts: &Texts) -> Vec<String> {
        let mut all = Vec::new();
        for (alternative, size) in (0..).zip(texts.sizes()) {
            for number in 0..size {
                let mut bytes = Vec::new();
                texts.write(alternative, number, &mut bytes);
                all.push(String::from_utf8(bytes).unwrap());
            }
        }
        all
    }

    #[test]
    fn texts_that_can_be_made_in_several_ways_count_once() {
        let mut builder = Builder::default();
        let end = builder.end(0);
        let lasts = ["b", "bc", "c", ""].map(|word| builder.literal(word, end));
        let second = builder.any(lasts.to_vec());
        let firsts = ["a", "ab", "ä"].map(|word| builder.literal(word, second));
        let start = builder.any(firsts.to_vec());
        let texts = builder.finish(start, &[1]).unwrap();
        let found = all(&texts);
        let expected: BTreeSet<String> = ["a", "ab", "ä"]
            .iter()
            .flat_map(|first| ["b", "bc", "c", ""].map(|second| format!("{first}{second}")))
            .collect();
        assert_eq!(found.len(), expected.len());
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
    }

    #[test]
    fn numbers_are_those_between_the_bounds() {
        for (low, high, width) in [(0, 9, 1), (7, 1234, 1), (1067, 99_998, 5), (5, 5, 3), (99, 101, 2)] {
            let mut builder = Builder::default();
            let end = builder.end(0);
            let start = builder.numbers(low, high, width, end);
            let mut found = all(&builder.finish(start, &[1]).unwrap());
            found.sort_by_key(|text| text.parse::<u64>().unwrap());
            let expected: Vec<String> = (low..=high).map(|number| format!("{number:0width$}")).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn alternatives_own_what_is_theirs_alone() {
        let mut builder = Builder::default();
        let ends = [builder.end(0), builder.end(1)];
        let ways = vec![
            builder.literal("x", ends[0]),
            builder.literal("y", ends[0]),
            builder.literal("y", ends[1]),
            builder.literal("z", ends[1]),
        ];
        let start = builder.any(ways);
        assert_eq!(builder.finish(start, &[1, 1]).unwrap().sizes(), [2, 1]);
    }

    #[test]
    fn a_schedule_gives_each_value_once_and_keeps_the_weights_while_it_can() {
        let (sizes, weights) = ([1000_u128, 30, 7, 0], [900_u64, 97, 3, 5]);
        let schedule = Schedule::new(Key::from_seed(1), &sizes, &weights);
        assert_eq!(schedule.total, 1037);
        let found: BTreeSet<(usize, u64)> = (0..1037).map(|row| schedule.find(row).unwrap()).collect();
        assert_eq!(found.len(), 1037);
        assert!(found.iter().all(|(alternative, number)| u128::from(*number) < sizes[*alternative]));
        assert_eq!(schedule.find(1037), None);
        let fair = Schedule::new(Key::from_seed(1), &[100_000, 100_000], &[3, 1]);
        let first = (0..4000).filter(|&row| fair.find(row).unwrap().0 == 0).count();
        assert_eq!(first, 3000);
    }
}
