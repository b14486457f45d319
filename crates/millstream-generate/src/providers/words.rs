//! A list of words to draw from, in constant time, with or without weights.

use crate::draws::scale;

/// Words in one block of text, and for weighted ones an alias table (Walker 1977, built by Vose's method of 1991 in
/// integers, so that it is the same on every machine).
#[derive(Debug, Clone)]
pub(super) struct Words {
    text: Box<str>,
    /// Where each word starts, and after the last one where it ends.
    starts: Box<[u32]>,
    weights: Option<Box<[u32]>>,
    alias: Option<Box<[Slot]>>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// Below this fraction of 2^32 the slot's own word is drawn, otherwise `other`.
    keep: u32,
    other: u32,
}

impl Words {
    pub(super) fn new<'w>(words: impl IntoIterator<Item = (&'w str, u32)>) -> Self {
        let (mut text, mut starts, mut weights) = (String::new(), vec![0], Vec::new());
        for (word, weight) in words {
            text.push_str(word);
            starts.push(text.len() as u32);
            weights.push(weight);
        }
        let weighted = weights.windows(2).any(|pair| pair[0] != pair[1]);
        Self {
            text: text.into(),
            starts: starts.into(),
            alias: weighted.then(|| alias(&weights)),
            weights: weighted.then(|| weights.into()),
        }
    }

    /// These words, each changed by `change`, with the same weights. Words that become empty are left out.
    pub(super) fn map(&self, change: impl Fn(&str) -> String) -> Self {
        let words: Vec<(String, u32)> = self
            .iter()
            .map(|(word, weight)| (change(word), weight))
            .filter(|(word, _)| !word.is_empty())
            .collect();
        Self::new(words.iter().map(|(word, weight)| (word.as_str(), *weight)))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        (0..self.len()).map(|i| (self.get(i), self.weights.as_ref().map_or(1, |weights| weights[i])))
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The bytes of the longest word.
    pub(super) fn longest(&self) -> usize {
        self.starts.windows(2).map(|pair| (pair[1] - pair[0]) as usize).max().unwrap_or(0)
    }

    /// The bytes of a word, on average, rounded up.
    pub(super) fn average(&self) -> usize {
        self.text.len().div_ceil(self.len().max(1))
    }

    fn get(&self, index: usize) -> &str {
        &self.text[self.starts[index] as usize..self.starts[index + 1] as usize]
    }

    /// The word for 64 random bits; there must be one.
    #[inline]
    pub(super) fn pick(&self, bits: u64) -> &str {
        let (index, rest) = scale(bits, self.len() as u64);
        let mut index = index as usize;
        if let Some(alias) = &self.alias {
            let slot = alias[index];
            // Without a branch: which of the two it is cannot be predicted.
            let other = usize::from((rest >> 32) as u32 >= slot.keep).wrapping_neg();
            index ^= (index ^ slot.other as usize) & other;
        }
        self.get(index)
    }

    /// One list for a choice between lists, each with its weight.
    pub(super) fn merge<'l>(lists: impl Iterator<Item = (u32, &'l Self)> + Clone) -> Self {
        // Shares of 2^30, so that the sum of all stays within 32 bits.
        let total: u64 = lists.clone().map(|(weight, _)| u64::from(weight)).sum();
        let shares = lists.flat_map(|(weight, list)| {
            let sum: u64 = list.iter().map(|(_, weight)| u64::from(weight)).sum();
            list.iter().map(move |(word, own)| {
                let share = (u128::from(own) * u128::from(weight)) << 30;
                (word, (share / u128::from(sum * total)) as u32)
            })
        });
        Self::new(shares)
    }
}

fn alias(weights: &[u32]) -> Box<[Slot]> {
    let count = weights.len() as u64;
    let total: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
    // In units of total / count, which is what one slot holds.
    let mut scaled: Vec<u64> = weights.iter().map(|&weight| u64::from(weight) * count).collect();
    let mut slots: Vec<Slot> = (0..count as u32).map(|other| Slot { keep: u32::MAX, other }).collect();
    let (mut small, mut large): (Vec<usize>, Vec<usize>) =
        (0..scaled.len()).partition(|&i| scaled[i] < total);
    while let (Some(&donor), Some(index)) = (large.last(), small.pop()) {
        slots[index] = Slot {
            keep: ((u128::from(scaled[index]) << 32) / u128::from(total)) as u32,
            other: donor as u32,
        };
        scaled[donor] -= total - scaled[index];
        if scaled[donor] < total {
            large.pop();
            small.push(donor);
        }
    }
    slots.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_core::Key;

    #[test]
    fn the_alias_table_holds_exactly_the_weights() {
        let weights = [7_u32, 1, 1, 3, 0, 20, 5, 5];
        let slots = alias(&weights);
        let mut mass = [0_f64; 8];
        for (index, slot) in slots.iter().enumerate() {
            let keep = if slot.other as usize == index { 1.0 } else { f64::from(slot.keep) / 2_f64.powi(32) };
            mass[index] += keep;
            mass[slot.other as usize] += 1.0 - keep;
        }
        for (mass, weight) in mass.iter().zip(weights) {
            assert!((mass / 8.0 - f64::from(weight) / 42.0).abs() < 1e-8, "{mass} {weight}");
        }
    }

    #[test]
    fn draws_follow_the_weights_and_equal_weights_are_uniform() {
        let key = Key::from_seed(3);
        let rows = 120_000_u64;
        for weights in [[1_u32, 1, 1, 1, 1, 1], [1, 2, 3, 4, 5, 15]] {
            let words = Words::new(["a", "bb", "ccc", "dddd", "eeeee", "ffffff"].into_iter().zip(weights));
            let mut counts = [0_f64; 6];
            for row in 0..rows {
                counts[words.pick(key.bits(row)).len() - 1] += 1.0;
            }
            let total = f64::from(weights.iter().sum::<u32>());
            let chi_squared: f64 = counts
                .iter()
                .zip(weights)
                .map(|(count, weight)| {
                    let expected = rows as f64 * f64::from(weight) / total;
                    (count - expected).powi(2) / expected
                })
                .sum();
            // 5 degrees of freedom: 99.9 % of fair draws stay below 20.5.
            assert!(chi_squared < 20.5, "{chi_squared}");
        }
    }

    #[test]
    fn a_merged_list_gives_each_list_its_share() {
        let (few, many) = (Words::new([("a", 3), ("b", 1)]), Words::new((0..8).map(|_| ("c", 7))));
        let merged = Words::merge([(1, &few), (3, &many)].into_iter());
        let total: f64 = merged.iter().map(|(_, weight)| f64::from(weight)).sum();
        let share = |wanted: &str| {
            let of = merged.iter().filter(|(word, _)| *word == wanted);
            of.map(|(_, weight)| f64::from(weight)).sum::<f64>() / total
        };
        for (word, expected) in [("a", 3.0 / 16.0), ("b", 1.0 / 16.0), ("c", 0.75)] {
            assert!((share(word) - expected).abs() < 1e-7, "{word} {}", share(word));
        }
    }

    #[test]
    fn mapping_keeps_the_weights_and_drops_what_is_empty() {
        let words = Words::new([("Ä", 2), ("b", 5), ("c", 1)]).map(|word| word.replace('Ä', ""));
        assert_eq!(words.iter().collect::<Vec<_>>(), [("b", 5), ("c", 1)]);
        assert_eq!((words.longest(), words.average()), (1, 1));
    }
}
