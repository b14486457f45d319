//! Finding the few bytes that matter among many that do not, eight to sixty-four at a time, in safe Rust.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The bytes of a 64-byte block that equal one of `needles`, as bits; bit 0 is the first byte.
///
/// Written so that LLVM makes vector comparisons of the loop, and one multiplication of each eight results.
#[inline]
#[allow(clippy::needless_bitwise_bool)] // A branch would keep the loop from becoming vector comparisons.
pub(crate) fn mask_of(block: &[u8; 64], needles: [u8; 3]) -> u64 {
    let mut equal = [0u8; 64];
    for (out, &byte) in equal.iter_mut().zip(block) {
        *out = u8::from((byte == needles[0]) | (byte == needles[1]) | (byte == needles[2]));
    }
    let mut mask = 0;
    for (index, word) in equal.as_chunks::<8>().0.iter().enumerate() {
        // Gathers the lowest bit of each byte in the highest byte.
        let bits = u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= bits << (index * 8);
    }
    mask
}

/// The bytes of a 64-byte block that equal `needle`, as bits; bit 0 is the first byte.
#[inline]
pub(crate) fn mask_of_one(block: &[u8; 64], needle: u8) -> u64 {
    mask_of(block, [needle; 3])
}

/// Bit n is the parity of the bits 0 to n of `mask`.
#[inline]
pub(crate) fn running_parity(mut mask: u64) -> u64 {
    for distance in [1, 2, 4, 8, 16, 32] {
        mask ^= mask << distance;
    }
    mask
}

/// Whether JSON has to escape one of the bytes: a quote, a backslash or a control character.
#[inline]
pub(crate) fn needs_json_escape(bytes: &[u8]) -> bool {
    any_byte(
        bytes,
        |word| equal_to(word, b'"') | equal_to(word, b'\\') | below(word, 0x20),
        |byte| byte == b'"' || byte == b'\\' || byte < 0x20,
    )
}

/// The first byte of `bytes` that ends a run inside a JSON string: a quote, a backslash or a control character.
#[inline]
pub(crate) fn json_run(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = equal_to(word, b'"') | equal_to(word, b'\\') | below(word, 0x20);
        if found != 0 {
            return index * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let tail = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
    words.len() * 8 + tail.unwrap_or(rest.len())
}

/// Whether one of `bytes` is one of four.
#[inline]
pub(crate) fn contains_any(bytes: &[u8], needles: [u8; 4]) -> bool {
    any_byte(
        bytes,
        |word| needles.iter().fold(0, |found, &needle| found | equal_to(word, needle)),
        |byte| needles.contains(&byte),
    )
}

/// The eight bytes from `start` on as a little-endian number; those after the end are 0.
#[inline]
pub(crate) fn load(bytes: &[u8], start: usize) -> u64 {
    if let Some(word) = bytes.get(start..start + 8) {
        let mut eight = [0; 8];
        eight.copy_from_slice(word);
        return u64::from_le_bytes(eight);
    }
    let rest = bytes.get(start..).unwrap_or_default();
    let mut eight = [0; 8];
    eight[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(eight)
}

/// Marks, with the highest bit of each byte, the bytes equal to `needle`. Exact for the lowest marked byte, which is
/// all that a "first" or an "any" needs (Hacker's Delight, section 6-1).
#[inline]
fn equal_to(word: u64, needle: u8) -> u64 {
    let difference = word ^ (ONES * u64::from(needle));
    difference.wrapping_sub(ONES) & !difference & HIGHS
}

/// Marks the bytes smaller than `bound`, which is at most 128. Exact for the lowest marked byte.
#[inline]
fn below(word: u64, bound: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(bound)) & !word & HIGHS
}

#[inline]
fn any_byte(bytes: &[u8], in_word: impl Fn(u64) -> u64, is: impl Fn(u8) -> bool) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    if words.iter().any(|word| in_word(u64::from_le_bytes(*word)) != 0) {
        return true;
    }
    match bytes.last_chunk::<8>() {
        // The tail, with some bytes before it once more.
        Some(last) if !rest.is_empty() => in_word(u64::from_le_bytes(*last)) != 0,
        Some(_) => false,
        None => rest.iter().any(|&byte| is(byte)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn likely() -> impl Strategy<Value = u8> {
        prop_oneof![
            4 => any::<u8>(),
            1 => prop::sample::select(b"\",\\\n\r\x1f\x20\x1e\x21\x23\x2d\x2b\x7f\x80".to_vec()),
        ]
    }

    proptest! {
        #[test]
        fn masks_mark_exactly_the_needles(block in proptest::collection::vec(likely(), 64)) {
            let block: [u8; 64] = block.try_into().unwrap();
            let mask = mask_of(&block, [b',', b'\n', b'"']);
            for (index, byte) in block.iter().enumerate() {
                prop_assert_eq!(mask >> index & 1 == 1, b",\n\"".contains(byte));
                prop_assert_eq!(mask_of_one(&block, b',') >> index & 1 == 1, *byte == b',');
                let parity = (mask << (63 - index)).count_ones() % 2;
                prop_assert_eq!(running_parity(mask) >> index & 1, u64::from(parity));
            }
        }

        #[test]
        fn searches_equal_naive_ones(bytes in proptest::collection::vec(likely(), 0..40), start in 0usize..45) {
            let special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
            prop_assert_eq!(needs_json_escape(&bytes), bytes.iter().any(special));
            prop_assert_eq!(json_run(&bytes), bytes.iter().position(special).unwrap_or(bytes.len()));
            let needles = [b',', b'"', b'\n', b'\r'];
            prop_assert_eq!(contains_any(&bytes, needles), bytes.iter().any(|byte| needles.contains(byte)));
            let mut eight = [0; 8];
            for (out, byte) in eight.iter_mut().zip(bytes.iter().skip(start)) {
                *out = *byte;
            }
            prop_assert_eq!(load(&bytes, start), u64::from_le_bytes(eight));
        }
    }
}
