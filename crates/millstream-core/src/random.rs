//! Randomness enters only here: a counter-based generator, where every draw is a function of (key, row, draw).
//!
//! The mixer is the finaliser of `SplitMix64` (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
//! generators", constants of variant 13 by Stafford), applied to a Weyl sequence over the row and keyed twice.

const WEYL: u64 = 0x9E37_79B9_7F4A_7C15;

/// The output function of `SplitMix64`.
#[inline]
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The key of a substream of random numbers. Keys derive from keys: seed, table, generation, column, call site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    /// The root of all substreams of one seed.
    pub const fn from_seed(seed: u64) -> Self {
        Self(mix(seed.wrapping_add(WEYL)))
    }

    /// The substream for `name`, independent of every other name's.
    pub fn named(self, name: &str) -> Self {
        // FNV-1a over the bytes, then mixed: a stable hash, unlike those of hash maps.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        });
        self.numbered(mix(hash ^ name.len() as u64))
    }

    /// The substream for `number`, independent of every other number's.
    pub const fn numbered(self, number: u64) -> Self {
        Self(mix(self.0 ^ mix(number.wrapping_add(WEYL)).rotate_left(17)))
    }

    /// 64 random bits for `row`.
    #[inline]
    pub const fn bits(self, row: u64) -> u64 {
        mix(mix(row.wrapping_mul(WEYL) ^ self.0).wrapping_add(self.0))
    }

    /// A number in [0, 1) for `row`, with 53 random bits.
    #[inline]
    pub fn unit(self, row: u64) -> f64 {
        (self.bits(row) >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A number in [0, bound) for `row`; 0 when the bound is 0. Bias is below `bound` / 2^64.
    #[inline]
    pub const fn below(self, row: u64, bound: u64) -> u64 {
        ((self.bits(row) as u128 * bound as u128) >> 64) as u64
    }
}

/// A random permutation of `0..length` that is computed, not stored: a four-round Feistel network over the next
/// even power of two, with cycle walking (Black and Rogaway 2002).
#[derive(Debug, Clone, Copy)]
pub struct Permutation {
    key: Key,
    length: u64,
    half_bits: u32,
}

impl Permutation {
    /// A permutation of `0..length`.
    pub const fn new(key: Key, length: u64) -> Self {
        let bits = if length <= 1 { 1 } else { 64 - (length - 1).leading_zeros() };
        Self { key, length, half_bits: bits.div_ceil(2) }
    }

    /// Where `index` goes; `index` must be below the length.
    pub fn apply(&self, index: u64) -> u64 {
        debug_assert!(index < self.length);
        let mask = (1_u64 << self.half_bits) - 1;
        let mut value = index;
        loop {
            let (mut left, mut right) = (value >> self.half_bits, value & mask);
            for round in 0..4 {
                (left, right) = (right, left ^ (self.key.numbered(round).bits(right) & mask));
            }
            value = (left << self.half_bits) | right;
            if value < self.length {
                return value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_mixer_is_splitmix64() {
        // First outputs of SplitMix64 for seed 1234567, as published with the xoshiro reference code.
        let outputs: Vec<u64> =
            (1..=5_u64).map(|i| mix(1_234_567_u64.wrapping_add(WEYL.wrapping_mul(i)))).collect();
        assert_eq!(
            outputs,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821
            ]
        );
    }

    #[test]
    fn draws_are_uniform_and_substreams_are_uncorrelated() {
        let (first, second) = (Key::from_seed(42).named("a"), Key::from_seed(42).named("b"));
        let rows = 100_000_u64;
        let mut cells = [0_u32; 100];
        for row in 0..rows {
            cells[(first.below(row, 10) * 10 + second.below(row, 10)) as usize] += 1;
        }
        let expected = rows as f64 / 100.0;
        let chi_squared: f64 = cells.iter().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum();
        // 99 degrees of freedom: 99.9 % of fair draws stay below 148.
        assert!(chi_squared < 148.0, "{chi_squared}");
    }

    #[test]
    fn a_permutation_hits_everything_once() {
        for length in [1, 2, 3, 10, 64, 65, 1000] {
            let permutation = Permutation::new(Key::from_seed(7), length);
            let images: BTreeSet<u64> = (0..length).map(|i| permutation.apply(i)).collect();
            assert_eq!(images.len() as u64, length);
            assert!(images.iter().all(|&image| image < length));
        }
    }
}
