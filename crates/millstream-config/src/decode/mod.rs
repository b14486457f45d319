//! From the tree to typed values: each getter checks one thing, reports what is wrong, and remembers which keys a
//! mapping may have, so that every other key is an error.

mod map;
mod scalars;
mod suggest;
mod text;

pub(crate) use map::Map;
pub(crate) use scalars::duration_of;
pub(crate) use suggest::{list, suggestion};
pub use text::{FileVariables, Text, Variables};

use std::cell::RefCell;
use std::sync::Arc;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::source_file::{SourceFile, Span};
use crate::yaml::{Kind, Node};

/// A value, and where it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it is written; for a default, the place it would stand under.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, written at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned::new(change(self.value), self.span)
    }
}

/// What all getters share: the file, the variables, and what was found so far.
pub(crate) struct Context<'a> {
    pub(crate) file: Arc<SourceFile>,
    pub(crate) variables: &'a dyn Variables,
    found: RefCell<Diagnostics>,
    references: RefCell<Vec<Spanned<String>>>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(file: Arc<SourceFile>, variables: &'a dyn Variables) -> Self {
        let found = RefCell::new(Diagnostics::new(Arc::clone(&file)));
        Self { file, variables, found, references: RefCell::default() }
    }

    pub(crate) fn report(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }

    /// Reports that `node` should have been `expected`, and returns `None` for the getter to hand on.
    pub(crate) fn wrong<T>(&self, node: &Node, expected: &str, hint: Option<String>) -> Option<T> {
        let message = format!("expected {expected}, found {}", node.describe());
        self.report(Diagnostic::error(node.span, message).hint_if(hint));
        None
    }

    /// How much was found so far: as much later means that what was read in between is in order.
    pub(crate) fn found(&self) -> usize {
        self.found.borrow().len()
    }

    /// Whether an error was found so far.
    pub(crate) fn has_errors(&self) -> bool {
        self.found.borrow().has_errors()
    }

    /// Remembers that something refers to a stream, even if that something turns out to be wrong itself.
    pub(crate) fn refer(&self, names: &[Spanned<String>]) {
        self.references.borrow_mut().extend_from_slice(names);
    }

    /// Everything that was referred to.
    pub(crate) fn references(&self) -> Vec<Spanned<String>> {
        self.references.borrow().clone()
    }

    pub(crate) fn finish(self) -> Diagnostics {
        self.found.into_inner()
    }

    /// The items of a list. Nothing is an empty list.
    pub(crate) fn sequence<'n>(&self, node: &'n Node) -> &'n [Node] {
        match &node.kind {
            Kind::Sequence(items) => items,
            _ if node.is_null() => &[],
            _ => {
                let hint = "begin each item with `- `, or write `[a, b]`".to_owned();
                self.wrong::<()>(node, "a list", Some(hint));
                &[]
            }
        }
    }

    /// The keys and values of a mapping. Nothing is an empty mapping.
    pub(crate) fn entries<'n>(&self, node: &'n Node) -> &'n [(Node, Node)] {
        match &node.kind {
            Kind::Mapping(entries) => entries,
            _ if node.is_null() => &[],
            _ => {
                let hint = "write `key: value` lines, or `{key: value}`".to_owned();
                self.wrong::<()>(node, "a mapping", Some(hint));
                &[]
            }
        }
    }
}
