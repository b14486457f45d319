//! Faker's names and signatures, as recorded in `data/signatures.txt`: calls are bound to them, so that names, order and
//! defaults of parameters are Faker's.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// How a provider is called.
#[derive(Debug)]
pub(super) struct Signature {
    /// The Faker module that it belongs to: `person`, `date_time` …
    pub(super) group: &'static str,
    /// `name(parameter=default, …)`
    pub(super) text: &'static str,
    pub(super) parameters: Vec<&'static str>,
    /// How many of the parameters have no default.
    pub(super) required: usize,
    /// The call as messages show it: `fake.name(…)`.
    pub(super) shown: String,
}

/// The signature of a provider, which Millstream need not have.
pub(super) fn find(name: &str) -> Option<&'static Signature> {
    all().get(name)
}

pub(super) fn all() -> &'static BTreeMap<&'static str, Signature> {
    static ALL: OnceLock<BTreeMap<&'static str, Signature>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut signatures = BTreeMap::new();
        let mut group = "";
        for line in include_str!("data/signatures.txt").lines() {
            if let Some(next) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                group = next;
            } else if let Some((name, rest)) = line.split_once('(').filter(|_| !line.starts_with("//")) {
                let list = parameters(rest.strip_suffix(')').unwrap_or(rest));
                let signature = Signature {
                    group,
                    text: line,
                    required: list.iter().filter(|parameter| !parameter.contains('=')).count(),
                    parameters: list.iter().map(|p| p.split_once('=').map_or(*p, |(name, _)| name)).collect(),
                    shown: format!("fake.{line}"),
                };
                signatures.insert(name, signature);
            }
        }
        signatures
    })
}

/// Splits at the commas that stand outside quotes and brackets.
fn parameters(list: &'static str) -> Vec<&'static str> {
    let (mut depth, mut quoted, mut start) = (0_u32, false, 0);
    let mut parameters = Vec::new();
    for (at, character) in list.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                parameters.push(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    let last = list[start..].trim();
    if !last.is_empty() {
        parameters.push(last);
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_read_as_they_are_written() {
        let ean = find("ean").unwrap();
        assert_eq!((ean.group, &ean.parameters[..]), ("barcode", &["length", "prefixes"][..]));
        assert_eq!(find("bothify").unwrap().parameters, ["text", "letters"]);
        assert_eq!(find("iso8601").unwrap().parameters, ["tzinfo", "end_datetime", "sep", "timespec"]);
        assert_eq!(find("name").unwrap().parameters.len(), 0);
        assert_eq!(find("enum").unwrap().required, 1);
        assert!(all().len() > 270);
    }
}
