//! What a checkpoint belongs to: the parts of a file that decide which rows come out.

use std::fmt::Write as _;

use millstream_core::Key;

use crate::document::Document;
use crate::yaml::{self, Kind, Node};

/// Keys that change how a file runs, but not what comes out.
const WITHOUT_EFFECT: [&str; 5] = ["version", "name", "state", "checkpoint", "processing"];

/// The one setting of `config` that changes when rows come, but not which.
const SPEED: &str = "speed";

/// A text that changes when the file's rows may change: not with comments, white space or the order of sections.
pub(super) fn fingerprint(document: &Document) -> String {
    let (root, _) = yaml::parse(&document.file);
    let mut text = String::new();
    if let Some(Node { kind: Kind::Mapping(entries), .. }) = &root {
        let mut sections: Vec<_> =
            entries.iter().filter(|(key, _)| !WITHOUT_EFFECT.contains(&key.key())).collect();
        sections.sort_by_key(|(key, _)| key.key());
        for (key, value) in sections {
            let value = if key.key() == "config" { without_speed(value) } else { value.clone() };
            if matches!(&value.kind, Kind::Mapping(settings) if key.key() == "config" && settings.is_empty())
            {
                continue;
            }
            describe(key, &mut text);
            describe(&value, &mut text);
        }
    }
    let key = Key::from_seed(0).named(&text);
    format!("{:016x}{:016x}", key.bits(0), key.bits(1))
}

fn without_speed(config: &Node) -> Node {
    let mut config = config.clone();
    if let Kind::Mapping(settings) = &mut config.kind {
        settings.retain(|(key, _)| key.key() != SPEED);
    }
    config
}

/// Every value with its kind and length, so that different trees give different texts.
fn describe(node: &Node, text: &mut String) {
    match &node.kind {
        Kind::Scalar(scalar) => {
            let _ = write!(text, "s{}:{}", scalar.text.len(), scalar.text);
        }
        Kind::Sequence(items) => {
            let _ = write!(text, "l{}", items.len());
            for item in items {
                describe(item, text);
            }
        }
        Kind::Mapping(entries) => {
            let _ = write!(text, "m{}", entries.len());
            for (key, value) in entries {
                describe(key, text);
                describe(value, text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(config: &str) -> String {
        let text = format!(
            "version: 1\nname: t\n{config}\ntables: [{{table_name: t, columns: [{{column_name: a, data: 1}}]}}]\nsinks: {{s: {{from: t, type: noop}}}}\n"
        );
        fingerprint(&Document::parse("t.yaml", &text, &|_| None).unwrap().0)
    }

    #[test]
    fn the_speed_changes_nothing_that_comes_out() {
        assert_eq!(of(""), of("config: {speed: 60}"));
        assert_eq!(of("config: {seed: 7}"), of("config: {speed: max, seed: 7}"));
        assert_ne!(of("config: {seed: 7}"), of("config: {seed: 8}"));
    }
}
