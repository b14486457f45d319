//! Which files become one.

use std::ops::Range;

use super::CompactOptions;

/// Whether a file is worth to be joined with others.
pub(super) fn is_small(bytes: u64, target: u64) -> bool {
    bytes < target / 2
}

/// Of a table that grows at its end: the newest files, if they are small and many. A file that is larger than a quarter
/// of what would be rewritten stays as it is, so that a row is rewritten a number of times that grows with the
/// logarithm of the table, however long it grows.
pub(super) fn newest(sizes: &[u64], options: &CompactOptions) -> Vec<Range<usize>> {
    let target = options.target_file_size;
    let first = sizes.iter().rposition(|bytes| !is_small(*bytes, target)).map_or(0, |large| large + 1);
    let small = &sizes[first..];
    if small.len() < options.after_files.max(2) {
        return Vec::new();
    }
    let mut total: u64 = small.iter().sum();
    let mut skipped = 0;
    for bytes in small {
        if bytes.saturating_mul(4) <= total {
            break;
        }
        total -= bytes;
        skipped += 1;
    }
    bins(sizes, first + skipped..sizes.len(), target)
}

/// All small files that have a small neighbour.
pub(super) fn all(sizes: &[u64], target: u64) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for end in 0..=sizes.len() {
        if sizes.get(end).is_none_or(|bytes| !is_small(*bytes, target)) {
            found.extend(bins(sizes, start..end, target));
            start = end + 1;
        }
    }
    found
}

/// Neighbours that make a file of about the target each. One file alone is not rewritten.
fn bins(sizes: &[u64], range: Range<usize>, target: u64) -> Vec<Range<usize>> {
    let mut bins = Vec::new();
    let (mut start, mut total) = (range.start, 0_u64);
    for index in range.clone() {
        total = total.saturating_add(sizes[index]);
        if total >= target || index + 1 == range.end {
            if index > start {
                bins.push(start..index + 1);
            }
            (start, total) = (index + 1, 0);
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OPTIONS: CompactOptions = CompactOptions { target_file_size: 1000, after_files: 4 };

    fn ends(bins: Vec<Range<usize>>) -> Vec<(usize, usize)> {
        bins.into_iter().map(|bin| (bin.start, bin.end)).collect()
    }

    #[test]
    fn many_small_files_at_the_end_become_one() {
        assert!(newest(&[10, 10, 10], &OPTIONS).is_empty());
        assert_eq!(ends(newest(&[10, 10, 10, 10], &OPTIONS)), [(0, 4)]);
        assert!(newest(&[900, 10, 10, 10], &OPTIONS).is_empty());
        assert_eq!(ends(newest(&[900, 10, 10, 10, 10], &OPTIONS)), [(1, 5)]);
        // The older one stays until what follows is worth it.
        assert_eq!(ends(newest(&[900, 40, 10, 10, 10, 10], &OPTIONS)), [(2, 6)]);
        assert_eq!(ends(newest(&[900, 40, 40, 40, 10, 10, 10, 10], &OPTIONS)), [(1, 8)]);
        assert_eq!(ends(newest(&[400, 400, 400, 400, 10], &OPTIONS)), [(0, 3), (3, 5)]);
    }

    #[test]
    fn all_neighbours_are_joined() {
        assert!(all(&[], 1000).is_empty());
        assert!(all(&[10, 900, 10, 900], 1000).is_empty());
        assert_eq!(ends(all(&[10, 10, 900, 10, 10, 10], 1000)), [(0, 2), (3, 6)]);
        assert_eq!(ends(all(&[400, 400, 400, 10], 1000)), [(0, 3)]);
    }

    proptest! {
        /// A table that grows by a file at a time has few files, and rewrites each byte seldom.
        #[test]
        fn files_stay_few_and_are_rewritten_seldom(
            target in 2_000_u64..100_000, after_files in 2_usize..20, file in 1_u64..100,
        ) {
            let options = CompactOptions { target_file_size: target, after_files };
            let (mut sizes, mut rewritten, mut most) = (Vec::new(), 0, 0);
            for _ in 0..2000 {
                sizes.push(file);
                for bin in newest(&sizes, &options).into_iter().rev() {
                    let total: u64 = sizes[bin.clone()].iter().sum();
                    rewritten += total;
                    sizes.splice(bin, [total]);
                }
                most = most.max(sizes.iter().filter(|bytes| is_small(**bytes, target)).count());
            }
            let written: u64 = 2000 * file;
            prop_assert_eq!(sizes.iter().sum::<u64>(), written);
            let levels = (target as f64 / file as f64).max(4.0).log2();
            // Three of each power of four can wait for a fourth.
            let few = after_files as f64 + 3.0 * (levels / 2.0 + 1.0);
            prop_assert!(most as f64 <= few, "{} small files", most);
            prop_assert!(
                rewritten as f64 <= written as f64 * (levels + 3.0) * 2.0,
                "{} times", rewritten as f64 / written as f64
            );
        }
    }
}
