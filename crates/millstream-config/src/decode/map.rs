//! A mapping whose keys are known.

use std::ops::RangeInclusive;
use std::time::Duration;

use millstream_generate::Rate;

use super::{Context, Spanned, Text, list, suggestion};
use crate::diagnostics::Diagnostic;
use crate::source_file::Span;
use crate::yaml::Node;

/// A mapping that is being decoded. Every getter names a key that is allowed; [`Map::finish`] reports the others.
pub(crate) struct Map<'a> {
    pub(crate) context: &'a Context<'a>,
    entries: &'a [(Node, Node)],
    /// Where the mapping is.
    pub(crate) span: Span,
    /// What it is, for messages: `a table`.
    what: &'a str,
    allowed: Vec<&'static str>,
    not_yet: Vec<&'static str>,
}

impl<'a> Map<'a> {
    pub(crate) fn new(context: &'a Context<'a>, node: &'a Node, what: &'a str) -> Self {
        Self {
            context,
            entries: context.entries(node),
            span: node.span,
            what,
            allowed: Vec::new(),
            not_yet: Vec::new(),
        }
    }

    /// The key and the value, if they are there.
    pub(crate) fn entry(&mut self, key: &'static str) -> Option<(&'a Node, &'a Node)> {
        self.allowed.push(key);
        self.peek(key)
    }

    /// The same without allowing the key.
    pub(crate) fn peek(&self, key: &str) -> Option<(&'a Node, &'a Node)> {
        self.entries.iter().find(|(name, _)| name.key() == key).map(|(name, value)| (name, value))
    }

    /// The keys that no getter has asked for.
    pub(crate) fn others(&self) -> impl Iterator<Item = &'a (Node, Node)> {
        self.entries.iter().filter(|(key, _)| !self.allowed.contains(&key.key()))
    }

    /// A value that must be there.
    pub(crate) fn required(&mut self, key: &'static str) -> Option<&'a Node> {
        match self.entry(key) {
            Some((name, value)) if value.is_null() => self.no_value(name),
            Some((_, value)) => Some(value),
            None => {
                let message = format!("{} needs the key {key:?}", self.what);
                self.context.report(Diagnostic::error(self.span, message));
                None
            }
        }
    }

    /// A value that may be left out.
    pub(crate) fn optional(&mut self, key: &'static str) -> Option<&'a Node> {
        match self.entry(key)? {
            (name, value) if value.is_null() => self.no_value(name),
            (_, value) => Some(value),
        }
    }

    fn no_value<T>(&self, key: &Node) -> Option<T> {
        let error = Diagnostic::error(key.span, format!("the key {:?} has no value", key.key()))
            .hint("write a value, or remove the key");
        self.context.report(error);
        None
    }

    /// A mapping inside this one; a key without a value is an empty one.
    pub(crate) fn map(&mut self, key: &'static str, what: &'a str) -> Option<Map<'a>> {
        let (_, value) = self.entry(key)?;
        Some(Map::new(self.context, value, what))
    }

    pub(crate) fn text(&mut self, key: &'static str) -> Option<Spanned<Text>> {
        let node = self.optional(key)?;
        self.context.text(node, "a string")
    }

    pub(crate) fn boolean(&mut self, key: &'static str) -> Option<Spanned<bool>> {
        let node = self.optional(key)?;
        self.context.boolean(node)
    }

    pub(crate) fn whole(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<Spanned<u64>> {
        let node = self.optional(key)?;
        self.context.whole(node, range)
    }

    pub(crate) fn integer(&mut self, key: &'static str) -> Option<Spanned<i64>> {
        let node = self.optional(key)?;
        self.context.integer(node)
    }

    pub(crate) fn rate(&mut self, key: &'static str) -> Option<Spanned<Rate>> {
        let node = self.optional(key)?;
        self.context.rate(node)
    }

    pub(crate) fn duration(&mut self, key: &'static str) -> Option<Spanned<Duration>> {
        let node = self.optional(key)?;
        self.context.duration(node)
    }

    pub(crate) fn size(&mut self, key: &'static str) -> Option<Spanned<u64>> {
        let node = self.optional(key)?;
        self.context.size(node)
    }

    pub(crate) fn one_of<T: Clone>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<Spanned<T>> {
        let node = self.optional(key)?;
        self.context.one_of(node, words)
    }

    /// Keys that belong here and do nothing yet.
    pub(crate) fn not_yet(&mut self, keys: &[&'static str]) {
        self.not_yet.extend(keys);
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn finish(self) {
        for (key, _) in self.others() {
            let name = key.key();
            if self.not_yet.contains(&name) {
                let message = format!("{name:?} in {} is not supported yet", self.what);
                self.context.report(Diagnostic::error(key.span, message).hint("remove it"));
                continue;
            }
            let message = format!("unknown key {name:?} in {}", self.what);
            let mut error = Diagnostic::error(key.span, message);
            if let Some(word) = suggestion(name, self.allowed.iter().copied()) {
                error = error.hint(format!("did you mean {word:?}?"));
            }
            if self.allowed.is_empty() {
                error = error.note("it has no keys");
            } else {
                error = error.note(format!("allowed keys: {}", list(&self.allowed, "and")));
            }
            self.context.report(error);
        }
    }
}
