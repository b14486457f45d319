//! Texts of a few words each, written without a branch that depends on what was drawn.
//!
//! Which words a row gets cannot be predicted, so each branch on it costs more than everything else together. Here
//! each option has the same number of parts (some are empty), each word stands in a slot of one width that is copied
//! whole, and the text goes on after the word's real end: the processor works on several rows at once.

use std::collections::HashMap;

use arrow::array::{ArrayRef, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::error::ArrowError;
use millstream_core::Key;

/// Longer words, more options or larger tables are left to others.
const LONGEST: usize = 63;
const MOST_OPTIONS: usize = 64;
const MOST_BYTES: usize = 1 << 20;

/// Words of one part with their weights, which need no common scale.
pub(crate) type Table = Vec<(Box<str>, u32)>;

/// Options, each drawn in proportion to its weight and made of parts.
pub(crate) type Options = Vec<(u64, Vec<Table>)>;

/// One text for each row: an option, then a word for each of its parts.
#[derive(Debug)]
pub(crate) enum Fused {
    /// Words of up to 15 bytes, and so on.
    Narrow(Slots<16>),
    Medium(Slots<32>),
    Wide(Slots<64>),
}

impl Fused {
    /// `None` if the words are too long or too many. Every table needs a word with a weight above zero.
    pub(crate) fn new(key: Key, options: &Options) -> Option<Self> {
        let tables = || options.iter().flat_map(|(_, parts)| parts);
        let words = || tables().flatten();
        let longest = words().map(|(word, _)| word.len()).max().unwrap_or(0);
        let total: u64 = options.iter().map(|(weight, _)| *weight).sum();
        let drawable = tables().all(|table| table.iter().any(|(_, weight)| *weight > 0));
        if options.is_empty() || options.len() > MOST_OPTIONS || longest > LONGEST || total == 0 || !drawable
        {
            return None;
        }
        let bytes = words().count() * (longest + 1).next_power_of_two().max(16);
        if bytes > MOST_BYTES {
            return None;
        }
        Some(match longest {
            0..=15 => Self::Narrow(Slots::new(key, options, total)),
            16..=31 => Self::Medium(Slots::new(key, options, total)),
            _ => Self::Wide(Slots::new(key, options, total)),
        })
    }

    /// One of `words` for each row, all equally likely.
    pub(crate) fn of_words<'w>(key: Key, words: impl IntoIterator<Item = &'w str>) -> Option<Self> {
        let table: Table = words.into_iter().map(|word| (word.into(), 1)).collect();
        Self::new(key, &vec![(1, vec![table])])
    }

    /// The texts of `rows`.
    pub(crate) fn texts(&self, rows: &[u64]) -> Result<ArrayRef, ArrowError> {
        let (offsets, bytes) = match self {
            Self::Narrow(slots) => slots.texts(rows),
            Self::Medium(slots) => slots.texts(rows),
            Self::Wide(slots) => slots.texts(rows),
        }?;
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Ok(std::sync::Arc::new(StringArray::try_new(offsets, Buffer::from_vec(bytes), None)?))
    }
}

/// A word, with its length in the last byte.
#[derive(Debug, Clone, Copy)]
struct Slot<const W: usize>([u8; W]);

impl<const W: usize> Slot<W> {
    fn new(word: &str) -> Self {
        let mut bytes = [0; W];
        bytes[..word.len()].copy_from_slice(word.as_bytes());
        bytes[W - 1] = word.len() as u8;
        Self(bytes)
    }
}

/// An entry of an alias table (Walker 1977): below this fraction of 2^32 the entry's own word, otherwise `other`.
#[derive(Debug, Clone, Copy)]
struct Alias {
    keep: u32,
    other: u32,
}

/// Where the words of a part are.
#[derive(Debug, Clone, Copy)]
struct Part {
    base: u32,
    count: u32,
}

#[derive(Debug)]
pub(crate) struct Slots<const W: usize> {
    /// The first gives the option and the first part, each further one two parts.
    keys: Box<[Key]>,
    /// An option is drawn up to its limit of 2^32, from the one before it; that of the last is not listed.
    limits: Box<[u32]>,
    /// The parts of all options, `width` for each.
    parts: Box<[Part]>,
    width: usize,
    aliases: Box<[Alias]>,
    words: Box<[Slot<W>]>,
    average: usize,
}

impl<const W: usize> Slots<W> {
    fn new(key: Key, options: &Options, total: u64) -> Self {
        let width = options.iter().map(|(_, parts)| parts.len()).max().unwrap_or(0).max(1);
        let (mut aliases, mut words, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        let mut known: HashMap<&Table, Part> = HashMap::new();
        let nothing: Table = vec![("".into(), 1)];
        for (_, tables) in options {
            for table in tables.iter().chain(std::iter::repeat(&nothing)).take(width) {
                let part = *known.entry(table).or_insert_with(|| {
                    let base = words.len() as u32;
                    words.extend(table.iter().map(|(word, _)| Slot::new(word)));
                    let weights: Vec<u64> = table.iter().map(|(_, weight)| u64::from(*weight)).collect();
                    aliases.extend(alias(&weights, base));
                    Part { base, count: table.len() as u32 }
                });
                parts.push(part);
            }
        }
        let mut sum = 0_u64;
        let limits: Vec<u32> = options
            .iter()
            .map(|(weight, _)| {
                sum += weight;
                ((u128::from(sum) << 32) / u128::from(total)).min(u128::from(u32::MAX)) as u32
            })
            .collect();
        let average = words.iter().map(|slot| usize::from(slot.0[W - 1])).sum::<usize>() * width;
        Self {
            keys: (0..=width as u64 / 2).map(|draw| key.numbered(draw)).collect(),
            limits: limits[..limits.len() - 1].into(),
            parts: parts.into(),
            width,
            average: average.div_ceil(words.len().max(1)),
            aliases: aliases.into(),
            words: words.into(),
        }
    }

    /// The word for 32 random bits.
    #[inline]
    fn pick(&self, part: Part, bits: u32) -> &Slot<W> {
        let product = u64::from(bits) * u64::from(part.count);
        let index = part.base + (product >> 32) as u32;
        let Alias { keep, other } = self.aliases[index as usize];
        // Without a branch: which of the two it is cannot be predicted.
        let moved = u32::from(product as u32 >= keep).wrapping_neg();
        &self.words[(index ^ ((index ^ other) & moved)) as usize]
    }

    fn texts(&self, rows: &[u64]) -> Result<(Vec<i32>, Vec<u8>), ArrowError> {
        // Room for a row's slots, most of which reach over the row's end.
        let slack = self.width * W;
        let mut bytes = vec![0_u8; rows.len() * self.average + slack];
        let mut offsets = Vec::with_capacity(rows.len() + 1);
        offsets.push(0);
        let mut end = 0_usize;
        for &row in rows {
            if end + slack > bytes.len() {
                bytes.resize(end + slack + bytes.len() / 4, 0);
            }
            let bits = self.keys[0].bits(row);
            let chosen = (bits >> 32) as u32;
            let option: usize = self.limits.iter().map(|limit| usize::from(chosen >= *limit)).sum();
            let parts = &self.parts[option * self.width..][..self.width];
            let mut put = |part: Part, bits: u32| {
                let slot = self.pick(part, bits);
                bytes[end..end + W].copy_from_slice(&slot.0);
                end += usize::from(slot.0[W - 1]);
            };
            put(parts[0], bits as u32);
            for (pair, key) in parts[1..].chunks(2).zip(&self.keys[1..]) {
                let bits = key.bits(row);
                put(pair[0], (bits >> 32) as u32);
                if let Some(second) = pair.get(1) {
                    put(*second, bits as u32);
                }
            }
            offsets.push(end as i32);
        }
        if i32::try_from(end).is_err() {
            return Err(ArrowError::OffsetOverflowError(end));
        }
        bytes.truncate(end);
        Ok((offsets, bytes))
    }
}

/// Vose's method (1991) in integers, so that it is the same on every machine.
fn alias(weights: &[u64], base: u32) -> Vec<Alias> {
    let (count, total) = (weights.len() as u64, weights.iter().sum::<u64>());
    // In units of total / count, which is what one entry holds.
    let mut scaled: Vec<u64> = weights.iter().map(|weight| weight * count).collect();
    let mut entries: Vec<Alias> =
        (0..weights.len() as u32).map(|other| Alias { keep: u32::MAX, other: base + other }).collect();
    let (mut small, mut large): (Vec<usize>, Vec<usize>) =
        (0..scaled.len()).partition(|&index| scaled[index] < total);
    while let (Some(&donor), Some(index)) = (large.last(), small.pop()) {
        let keep = ((u128::from(scaled[index]) << 32) / u128::from(total)) as u32;
        entries[index] = Alias { keep, other: base + donor as u32 };
        scaled[donor] -= total - scaled[index];
        if scaled[donor] < total {
            large.pop();
            small.push(donor);
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use std::collections::BTreeMap;

    use super::*;

    fn table(words: &[(&str, u32)]) -> Table {
        words.iter().map(|(word, weight)| ((*word).into(), *weight)).collect()
    }

    fn frequencies(fused: &Fused, rows: u64) -> BTreeMap<String, f64> {
        let rows: Vec<u64> = (0..rows).collect();
        let texts = fused.texts(&rows).unwrap();
        let mut counts = BTreeMap::new();
        for text in texts.as_string::<i32>().iter().flatten() {
            *counts.entry(text.to_owned()).or_default() += 1.0;
        }
        counts
    }

    #[test]
    fn each_text_is_drawn_as_its_option_and_words_say() {
        let options: Options = vec![
            (3, vec![table(&[("ä", 1), ("b", 3)]), table(&[("-", 1)]), table(&[("x", 2), ("y", 2)])]),
            (1, vec![table(&[("only", 1), ("never", 0)])]),
        ];
        let fused = Fused::new(Key::from_seed(1), &options).unwrap();
        let rows = 200_000;
        let counts = frequencies(&fused, rows);
        let expected = [
            ("ä-x", 0.75 * 0.25 * 0.5),
            ("ä-y", 0.75 * 0.25 * 0.5),
            ("b-x", 0.75 * 0.75 * 0.5),
            ("b-y", 0.75 * 0.75 * 0.5),
            ("only", 0.25),
        ];
        assert_eq!(counts.len(), expected.len(), "{counts:?}");
        let chi_squared: f64 = expected
            .iter()
            .map(|(text, share)| (counts[*text] - share * rows as f64).powi(2) / (share * rows as f64))
            .sum();
        // 4 degrees of freedom: 99.9 % of fair draws stay below 18.5.
        assert!(chi_squared < 18.5, "{chi_squared} {counts:?}");
    }

    #[test]
    fn every_width_gives_the_same_words_as_the_tables() {
        for length in [0, 1, 15, 16, 31, 32, 63] {
            let word = "w".repeat(length);
            let words = ["", "short", &word];
            let fused = Fused::of_words(Key::from_seed(2), words).unwrap();
            let counts = frequencies(&fused, 3000);
            assert!(counts.keys().all(|text| words.contains(&text.as_str())), "{length}");
            assert!(counts.values().all(|count| *count > 850.0), "{length}: {counts:?}");
        }
    }

    #[test]
    fn a_row_is_the_same_alone_and_among_others() {
        let words: Vec<String> =
            (0..500).map(|index| format!("{index:0>width$}", width = index % 15 + 1)).collect();
        let fused = Fused::of_words(Key::from_seed(3), words.iter().map(String::as_str)).unwrap();
        let rows: Vec<u64> = (0..300).map(|index| index * 7919).collect();
        let all = fused.texts(&rows).unwrap();
        for (index, row) in rows.iter().enumerate() {
            let alone = fused.texts(&[*row]).unwrap();
            assert_eq!(alone.as_string::<i32>().value(0), all.as_string::<i32>().value(index));
        }
        assert_eq!(fused.texts(&[]).unwrap().len(), 0);
    }

    #[test]
    fn what_does_not_fit_is_left_to_others() {
        let key = Key::from_seed(4);
        assert!(Fused::of_words(key, ["x".repeat(64).as_str()]).is_none());
        assert!(Fused::of_words(key, []).is_none());
        assert!(Fused::new(key, &vec![(1, vec![table(&[("never", 0)])])]).is_none());
        assert!(Fused::new(key, &vec![(1, Vec::new()); 65]).is_none());
    }
}
