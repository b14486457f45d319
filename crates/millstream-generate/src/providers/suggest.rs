//! "Did you mean": the nearest of some names.

/// The name nearest to `word`, if it is near enough to be a slip.
pub(super) fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    names
        .map(|name| (distance(&word, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many characters to insert, delete or replace to turn `left` into `right` (Levenshtein 1966), by one row of the
/// table at a time.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, r) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(l != *r);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_literature() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }

    #[test]
    fn only_slips_are_suggested() {
        let names = ["min", "max", "step"];
        assert_eq!(nearest("mni", names.into_iter()), None);
        assert_eq!(nearest("mx", names.into_iter()), Some("max"));
        assert_eq!(nearest("Step", names.into_iter()), Some("step"));
        assert_eq!(nearest("colour", names.into_iter()), None);
    }
}
