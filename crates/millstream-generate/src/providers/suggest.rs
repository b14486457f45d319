//! "Did you mean": the nearest of some names.

/// The name nearest to `word`, if it is near enough to be a slip.
pub(super) fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    names
        .map(|name| (strsim::damerau_levenshtein(&word, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slips_are_suggested() {
        let names = ["min", "max", "step"];
        assert_eq!(nearest("mni", names.into_iter()), Some("min"));
        assert_eq!(nearest("mx", names.into_iter()), Some("max"));
        assert_eq!(nearest("Step", names.into_iter()), Some("step"));
        assert_eq!(nearest("colour", names.into_iter()), None);
    }
}
