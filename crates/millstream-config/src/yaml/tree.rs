//! From the parser's events to the tree.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::bracket_groups::{protect, restore};
use super::places::{CharacterOffsets, scalar_place};
use super::surrogates;
use super::{Kind, Node, Scalar, Style};
use crate::diagnostics::Diagnostic;
use crate::source_file::{SourceFile, Span};

/// Lists and mappings inside each other beyond this are refused: no configuration needs it, and walking the tree
/// is recursive.
const MAXIMUM_DEPTH: usize = 64;

/// How much anchors and aliases may copy, in bytes of values plus a constant per value.
const ALIAS_BUDGET: usize = 8 << 20;
const COST_OF_A_NODE: usize = 64;

/// Larger files are refused before they are parsed.
const MAXIMUM_LENGTH: usize = 16 << 20;

/// The tree of a file, and what is wrong with its YAML. Without a tree there is at least one error; with one there
/// may be some as well, such as a key that is given twice, of which the first counts.
pub(crate) fn parse(file: &SourceFile) -> (Option<Node>, Vec<Diagnostic>) {
    if file.text().len() > MAXIMUM_LENGTH {
        let message = format!("the file is larger than {} MiB", MAXIMUM_LENGTH >> 20);
        return (None, vec![Diagnostic::error(Span::empty(0), message)]);
    }
    if let Some(at) = file.text().find('\0') {
        let error = Diagnostic::error(Span::new(at, at + 1), "the file contains a NUL character")
            .hint("is this a text file?");
        return (None, vec![error]);
    }
    match surrogates::protect(file.name(), file.text()) {
        Some(text) => build(file, &protect(&text), true),
        None => build(file, &protect(file.text()), false),
    }
}

/// The tree of `protected`, which is the text of `file` with stand-ins; `pairs` says that some are of surrogates.
fn build(file: &SourceFile, protected: &str, pairs: bool) -> (Option<Node>, Vec<Diagnostic>) {
    let mut builder = Builder {
        file,
        characters: CharacterOffsets::new(file.text()),
        open: Vec::new(),
        anchors: HashMap::new(),
        budget: ALIAS_BUDGET,
        root: None,
        documents: 0,
        pairs,
        found: Vec::new(),
    };
    let mut parser = Parser::new_from_str(protected);
    while let Some(event) = parser.next_event() {
        let result = match event {
            Ok((event, span)) => builder.event(event, builder.characters.span(span)),
            Err(error) => Err(builder.scan_error(&error)),
        };
        if let Err(fatal) = result {
            builder.found.push(*fatal);
            return (None, builder.found);
        }
    }
    if builder.root.is_none() {
        let error = Diagnostic::error(Span::empty(0), "the file is empty")
            .hint("start from examples/shop.yaml, or see docs/configuration.md");
        builder.found.push(error);
    }
    (builder.root, builder.found)
}

/// A list or mapping whose end has not come yet.
struct Open {
    start: usize,
    anchor: usize,
    content: OpenContent,
}

enum OpenContent {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<(Node, Node)>, key: Option<Node> },
}

/// Boxed, since it travels through every step and is rare.
type Fatal = Box<Diagnostic>;

struct Builder<'a> {
    file: &'a SourceFile,
    characters: CharacterOffsets,
    open: Vec<Open>,
    /// What each anchor stands for, and what a copy costs.
    anchors: HashMap<usize, (Node, usize)>,
    budget: usize,
    root: Option<Node>,
    documents: usize,
    pairs: bool,
    found: Vec<Diagnostic>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fatal> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let error = Diagnostic::error(span, "a second YAML document begins here")
                        .hint("one file holds one document: remove the `---`, or split the file");
                    return Err(Box::new(error));
                }
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Scalar(text, style, anchor, tag) => {
                // A value that is left out has the place of what comes next.
                let span = if text.is_empty() && style == ScalarStyle::Plain {
                    Span::empty(span.start)
                } else {
                    span
                };
                let span = scalar_place(self.file.text(), span, style, anchor != 0 || tag.is_some());
                let tagged_string = self.check_tag(tag.as_deref(), "str", span);
                let scalar = Scalar {
                    text: if self.pairs { surrogates::restore(&restore(&text)) } else { restore(&text) },
                    style: match style {
                        ScalarStyle::Plain => Style::Plain,
                        ScalarStyle::SingleQuoted => Style::SingleQuoted,
                        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                        ScalarStyle::Literal => Style::Literal,
                        ScalarStyle::Folded => Style::Folded,
                    },
                    tagged_string,
                };
                let node = Node { span, kind: Kind::Scalar(scalar) };
                self.finished(node, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq", span);
                self.begin(span.start, anchor, OpenContent::Sequence(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "map", span);
                let content = OpenContent::Mapping { entries: Vec::new(), key: None };
                self.begin(span.start, anchor, content)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
        }
    }

    fn begin(&mut self, start: usize, anchor: usize, content: OpenContent) -> Result<(), Fatal> {
        if self.open.len() >= MAXIMUM_DEPTH {
            let message = format!("more than {MAXIMUM_DEPTH} lists and mappings inside each other");
            return Err(Box::new(Diagnostic::error(Span::new(start, start + 1), message)));
        }
        self.open.push(Open { start, anchor, content });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Fatal> {
        let Some(Open { start, anchor, content }) = self.open.pop() else {
            return Ok(());
        };
        let (kind, last) = match content {
            OpenContent::Sequence(items) => {
                let last = items.last().map(|node| node.span.end);
                (Kind::Sequence(items), last)
            }
            OpenContent::Mapping { entries, .. } => {
                let last = entries.last().map(|(key, value)| key.span.end.max(value.span.end));
                (Kind::Mapping(self.finish_mapping(entries)), last)
            }
        };
        // Only a flow collection has an end of its own; an alias as the last value lies elsewhere.
        let end = match self.file.slice(span) {
            "}" | "]" => span.end,
            _ => last.filter(|&end| end >= start && end <= span.end).unwrap_or(start),
        };
        let node = Node { span: Span::new(start, end), kind };
        self.finished(node, anchor)
    }

    /// Resolves `<<` and refuses keys that are no scalars or are given twice.
    fn finish_mapping(&mut self, entries: Vec<(Node, Node)>) -> Vec<(Node, Node)> {
        let mut seen: HashMap<String, Span> = HashMap::new();
        let mut kept: Vec<(Node, Node)> = Vec::with_capacity(entries.len());
        let mut merged = Vec::new();
        for (key, value) in entries {
            let Some(scalar) = key.scalar() else {
                let message = format!("a key must be a name, and this is {}", key.describe());
                self.found.push(Diagnostic::error(key.span, message));
                continue;
            };
            if let Some(first) = seen.get(&scalar.text) {
                let message = format!("the key {:?} is given twice", scalar.text);
                let error = Diagnostic::error(key.span, message).related(*first, "given here first");
                self.found.push(error);
                continue;
            }
            seen.insert(scalar.text.clone(), key.span);
            if scalar.is_plain() && scalar.text == "<<" {
                merged.push(value);
            } else {
                kept.push((key, value));
            }
        }
        for value in merged {
            let sources = match value.kind {
                Kind::Sequence(items) => items,
                _ => vec![value],
            };
            for source in sources {
                let Kind::Mapping(entries) = source.kind else {
                    let message = format!("`<<` merges mappings, and this is {}", source.describe());
                    self.found.push(Diagnostic::error(source.span, message));
                    continue;
                };
                for (key, value) in entries {
                    if !seen.contains_key(key.key()) {
                        seen.insert(key.key().to_owned(), key.span);
                        kept.push((key, value));
                    }
                }
            }
        }
        kept
    }

    /// A node is complete: it goes to its anchor and to its parent.
    fn finished(&mut self, node: Node, anchor: usize) -> Result<(), Fatal> {
        if anchor != 0 {
            let cost = cost(&node);
            self.spend(cost, node.span)?;
            self.anchors.insert(anchor, (node.clone(), cost));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(OpenContent::Sequence(items)) => items.push(node),
            Some(OpenContent::Mapping { entries, key }) => match key.take() {
                None => *key = Some(node),
                Some(key) => entries.push((key, node)),
            },
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Fatal> {
        let Some((_, cost)) = self.anchors.get(&anchor) else {
            let error = Diagnostic::error(span, "an alias inside the value that it stands for");
            return Err(Box::new(error));
        };
        self.spend(*cost, span)?;
        let node = self.anchors[&anchor].0.clone();
        self.finished(node, 0)
    }

    fn spend(&mut self, cost: usize, span: Span) -> Result<(), Fatal> {
        match self.budget.checked_sub(cost) {
            Some(rest) => {
                self.budget = rest;
                Ok(())
            }
            None => Err(Box::new(Diagnostic::error(span, "the aliases of this file expand to too much"))),
        }
    }

    /// Whether a tag says `kind`; any other tag than YAML's own for this kind of value is an error.
    fn check_tag(&mut self, tag: Option<&Tag>, kind: &str, span: Span) -> bool {
        let Some(tag) = tag else { return false };
        let non_specific =
            tag.handle == "!" && tag.suffix.is_empty() || tag.handle.is_empty() && tag.suffix == "!";
        let known = non_specific || tag.is_yaml_core_schema() && tag.suffix == kind;
        if !known {
            let shown = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { tag.to_string() };
            let error = Diagnostic::error(span, format!("the YAML tag {shown} is not supported"))
                .hint("write the value without a tag, in quotes if it is a string");
            self.found.push(error);
        }
        known
    }

    /// Whether the value before `at` begins with a bracket, so that YAML took it for a list or a mapping.
    fn is_after_bracket(&self, at: usize) -> bool {
        let line = self.file.line_span(self.file.line_index(at));
        let before = self.file.slice(Span::new(line.start, at.max(line.start)));
        let value = before.split_once(": ").map_or("", |(_, value)| value.trim());
        value.starts_with(['[', '{']) && value.ends_with([']', '}'])
    }

    fn scan_error(&self, error: &ScanError) -> Fatal {
        let at = self.characters.byte(error.marker().index());
        let end = self.file.text()[at..]
            .chars()
            .next()
            .map_or(at, |c| if c.is_whitespace() { at } else { at + c.len_utf8() });
        let info = error.info();
        let hint = if info.contains("mapping values are not allowed") {
            "put a value that contains a colon and a space in quotes; or is a colon missing on the line before?"
        } else if info.contains("tab") {
            "indent with spaces"
        } else if info.contains("trailing content") {
            "put the whole value in single quotes if it only begins with a quoted string"
        } else if info.contains("anchor") {
            "a value that begins with `*` or `&` must be in quotes"
        } else if self.is_after_bracket(at) {
            "an expression that begins with `[` or `{` must be in quotes: '[\"a\", \"b\"][row_id % 2]'"
        } else if info.contains("simple key") || info.contains("expected key") || info.contains("':'") {
            "write `key: value`, with a space after the colon and the same indentation as the keys around it"
        } else if info.contains("',' or") {
            "close the bracket, or put a value that contains commas, brackets or quotes in quotes of its own"
        } else if info.contains("quoted scalar") {
            "a quote is opened here; is it closed?"
        } else if info.contains("indentation") {
            "is a bracket or a quote on the lines before closed?"
        } else {
            "check the indentation, the quotes and the brackets up to here"
        };
        let mut diagnostic =
            Diagnostic::error(Span::new(at, end), format!("not valid YAML: {info}")).hint(hint);
        // Inside brackets the place where they opened often explains the rest.
        if let Some(open) = self.open.last().map(|open| open.start)
            && self.file.text()[open..].starts_with(['{', '['])
            && open < at
        {
            diagnostic = diagnostic.related(Span::new(open, open + 1), "opened here");
        }
        Box::new(diagnostic)
    }
}

/// What a copy of a node costs.
fn cost(node: &Node) -> usize {
    COST_OF_A_NODE
        + match &node.kind {
            Kind::Scalar(scalar) => scalar.text.len(),
            Kind::Sequence(items) => items.iter().map(cost).sum(),
            Kind::Mapping(entries) => entries.iter().map(|(key, value)| cost(key) + cost(value)).sum(),
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tree(text: &str) -> Node {
        let (tree, found) = parse(&SourceFile::new("a.yaml", text));
        assert_eq!(found, [], "{text}");
        tree.unwrap()
    }

    /// The text of every node, outermost first.
    fn places(text: &str) -> Vec<&str> {
        fn walk<'a>(text: &'a str, node: &Node, places: &mut Vec<&'a str>) {
            places.push(&text[node.span.range()]);
            match &node.kind {
                Kind::Scalar(_) => {}
                Kind::Sequence(items) => items.iter().for_each(|item| walk(text, item, places)),
                Kind::Mapping(entries) => entries.iter().for_each(|(key, value)| {
                    walk(text, key, places);
                    walk(text, value, places);
                }),
            }
        }
        let mut places = Vec::new();
        walk(text, &tree(text), &mut places);
        places
    }

    #[test]
    fn nodes_know_their_places() {
        assert_eq!(
            places("a: 1 # x\nb: [2, 'c' ]\n"),
            ["a: 1 # x\nb: [2, 'c' ]", "a", "1", "b", "[2, 'c' ]", "2", "'c'"]
        );
        assert_eq!(
            places("- é: {}\r\n- \"\\\"\" # x\r\n"),
            ["- é: {}\r\n- \"\\\"\"", "é: {}", "é", "{}", "\"\\\"\""]
        );
        assert_eq!(places("a: |\n  x\n  y\n\nb:\n"), ["a: |\n  x\n  y\n\nb", "a", "x\n  y", "b", ""]);
        assert_eq!(places("{a, b: , 'c': d}"), ["{a, b: , 'c': d}", "a", "", "b", "", "'c'", "d"]);
        assert_eq!(places("a: &x !!str 'y' # z"), ["a: &x !!str 'y'", "a", "'y'"]);
        assert_eq!(places("a:\n- b\n- c\nd: e"), ["a:\n- b\n- c\nd: e", "a", "b\n- c", "b", "c", "d", "e"]);
    }

    #[test]
    fn a_tag_makes_a_string() {
        let node = tree("[!!str 5, ! 5, 5]");
        let Kind::Sequence(items) = &node.kind else { panic!("a list") };
        let plain: Vec<bool> = items.iter().map(|item| item.scalar().unwrap().is_plain()).collect();
        assert_eq!(plain, [false, false, true]);
    }

    #[test]
    fn merged_keys_yield_to_the_keys_that_are_there() {
        let Kind::Mapping(entries) = tree("{<<: [{a: 1, b: 2}, {b: 3, c: 4}], a: 0}").kind else {
            panic!("a mapping")
        };
        let text = |node: &Node| node.scalar().unwrap().text.clone();
        let entries: Vec<_> = entries.iter().map(|(k, v)| (text(k), text(v))).collect();
        let expected = [("a", "0"), ("b", "2"), ("c", "4")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(entries, expected);
    }

    proptest! {
        /// What is valid YAML without bracket groups means the same with them, unless it has parentheses.
        #[test]
        fn bracket_groups_do_not_change_yaml(pieces in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ", ", ":", ": ", "- ", "\n", "\n  ", "\n    ", "a", "b", "'", "\"", "#", " #", "|\n", ">-\n",
            "a: ", "{a: ", "[a, ", "'x'", "\"y\"", "\\", "&a ", "!!str ", "--- ", "é", "a[b]", "a{b}", "\t", "\r\n",
        ]), 0..25)) {
            let file = SourceFile::new("a.yaml", pieces.concat());
            let plain = build(&file, file.text(), false);
            if plain.0.is_some() {
                prop_assert_eq!(build(&file, &protect(file.text()), false), plain);
            }
        }

        #[test]
        fn restoring_undoes_protecting(text in "[a-zé(){}\\[\\],:#'\"\n -]{0,60}") {
            let protected = protect(&text);
            prop_assert_eq!(protected.chars().count(), text.chars().count());
            prop_assert_eq!(restore(&protected), text);
        }
    }
}
