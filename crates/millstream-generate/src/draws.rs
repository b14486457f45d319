//! As many draws as one value needs, when that number is not known beforehand.

use millstream_core::Key;

/// A sequence of draws for one row, a function of (key, row) alone.
pub(crate) struct Draws {
    key: Key,
    next: u64,
}

impl Draws {
    pub(crate) fn new(key: Key, row: u64) -> Self {
        Self { key: key.numbered(row), next: 0 }
    }

    pub(crate) fn bits(&mut self) -> u64 {
        let bits = self.key.bits(self.next);
        self.next += 1;
        bits
    }

    /// A number in [0, 1), with 53 random bits.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A number in [0, bound).
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        scale(self.bits(), bound).0
    }
}

/// Reads `bits` as a fraction of 2^64 and multiplies it by `bound`: the whole part, which is a draw from [0, bound),
/// and what is left, which is another fraction (coarser by a factor of `bound`).
#[inline]
pub(crate) const fn scale(bits: u64, bound: u64) -> (u64, u64) {
    let product = bits as u128 * bound as u128;
    ((product >> 64) as u64, product as u64)
}
