//! What a table-faker file brings in from Python.

use crate::decode::{Map, list};
use crate::diagnostics::Diagnostic;
use crate::yaml::Node;

/// The modules that expressions have of themselves: importing them changes nothing.
const PROVIDED: [&str; 8] = ["random", "math", "string", "datetime", "dateutil", "uuid", "hashlib", "re"];

/// `python_import` and `community_providers` of `config`: fine where expressions have it anyway, else refused.
pub(super) fn check_imports(map: &mut Map<'_>) {
    let context = map.context;
    for node in map.optional("python_import").map(Node::one_or_more).unwrap_or_default() {
        let Some(name) = context.name(node, "the name of a module") else { continue };
        let module = name.value.split('.').next().unwrap_or_default();
        if PROVIDED.contains(&module) {
            continue;
        }
        let message =
            format!("the Python module {:?} cannot be imported: Millstream runs no Python", name.value);
        let error = Diagnostic::error(name.span, message)
            .note(format!("expressions have {} without an import", list(&PROVIDED, "and")))
            .hint("remove it, and write what it does as an expression; see docs/compatibility.md");
        context.report(error);
    }
    for node in map.optional("community_providers").map(Node::one_or_more).unwrap_or_default() {
        let Some(name) = context.name(node, "the name of a provider") else { continue };
        let message = format!("the provider {:?} cannot be loaded: Millstream runs no Python", name.value);
        let error = Diagnostic::error(name.span, message).hint(
            "make its values in `data`, from a list: random.choice([\"North School\", \"South School\"])",
        );
        context.report(error);
    }
}
