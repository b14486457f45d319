//! "Did you mean", and lists of words.

/// The word that was probably meant by `written`.
pub(crate) fn suggestion<'a>(written: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(written);
    words
        .into_iter()
        .filter_map(|word| {
            let other = fold(word);
            let distance = strsim::damerau_levenshtein(&folded, &other);
            let longest = folded.chars().count().max(other.chars().count());
            // A third of the letters may differ; one word that begins with the other is meant as well.
            let near = distance <= longest.div_ceil(3).max(1) && distance < longest;
            let begins = folded.len() >= 3 && (other.starts_with(&folded) || folded.starts_with(&other));
            (near || begins).then_some((distance, word))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Spelling without case and separators; long words are cut, since the comparison is quadratic.
fn fold(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).take(64).collect()
}

/// `a, b and c`, or with another last `conjunction`.
pub(crate) fn list<S: AsRef<str>>(words: &[S], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [word] => word.as_ref().to_owned(),
        [rest @ .., last] => {
            let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
            format!("{} {conjunction} {}", rest.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let words = ["rows_per_minute", "enabled", "path", "from"];
        assert_eq!(suggestion("rows_per_minut", words), Some("rows_per_minute"));
        assert_eq!(suggestion("rowsPerMinute", words), Some("rows_per_minute"));
        assert_eq!(suggestion("enable", words), Some("enabled"));
        assert_eq!(suggestion("form", words), Some("from"));
        assert_eq!(suggestion("colour", words), None);
        assert_eq!(suggestion("", words), None);
        assert_eq!(list(&["a", "b", "c"], "or"), "a, b or c");
    }
}
