//! What a checkpoint belongs to: the parts of a file that decide which rows come out.

use std::fmt::Write as _;

use millstream_core::Key;

use crate::document::Document;
use crate::yaml::{self, Kind, Node};

/// Keys that change how a file runs, but not what comes out.
const WITHOUT_EFFECT: [&str; 5] = ["version", "name", "state", "checkpoint", "processing"];

/// A text that changes when the file's rows may change: not with comments, white space or the order of sections.
pub(super) fn fingerprint(document: &Document) -> String {
    let (root, _) = yaml::parse(&document.file);
    let mut text = String::new();
    if let Some(Node { kind: Kind::Mapping(entries), .. }) = &root {
        let mut sections: Vec<_> =
            entries.iter().filter(|(key, _)| !WITHOUT_EFFECT.contains(&key.key())).collect();
        sections.sort_by_key(|(key, _)| key.key());
        for (key, value) in sections {
            describe(key, &mut text);
            describe(value, &mut text);
        }
    }
    let key = Key::from_seed(0).named(&text);
    format!("{:016x}{:016x}", key.bits(0), key.bits(1))
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
