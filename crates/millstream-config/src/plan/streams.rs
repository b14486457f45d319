//! Derived streams of a document.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use millstream_core::{Error, Result, Transform};
use millstream_engine::GraphBuilder;
use millstream_expr::CompileError;
use millstream_transform::{Cast, CastError, Filter, Project, RenameError, Set, UnknownColumn};

use super::sources::PIPELINE_SOURCE;
use crate::decode::{Spanned, suggestion};
use crate::diagnostics::Diagnostic;
use crate::document::{Document, Expression, Operator};

/// The stream at the end of a `pipeline`'s transforms.
pub(super) const PIPELINE_RESULT: &str = "result";

/// Adds all derived streams, in the order in which they depend on each other.
pub(super) fn add(
    document: &Document,
    mut builder: GraphBuilder,
    schemas: &mut HashMap<String, SchemaRef>,
) -> Result<GraphBuilder> {
    let mut found = document.diagnostics();
    if let Some(pipeline) = &document.pipeline
        && let Some(input) = schemas.get(PIPELINE_SOURCE).cloned()
    {
        let mut schema = input.clone();
        let mut transforms: Vec<Arc<dyn Transform>> = Vec::new();
        for operator in &pipeline.transforms {
            match transform(document, operator, &schema) {
                Ok(transform) => {
                    schema = transform.schema();
                    transforms.push(transform);
                }
                Err(diagnostic) => {
                    // What comes after it depends on its columns.
                    found.push(*diagnostic);
                    break;
                }
            }
        }
        schemas.insert(PIPELINE_RESULT.to_owned(), schema);
        builder = builder.transform(PIPELINE_RESULT, PIPELINE_SOURCE, transforms, &input);
    }
    let mut pending: Vec<_> = document.streams.iter().collect();
    while let Some(ready) =
        pending.iter().position(|stream| stream.from.iter().all(|from| schemas.contains_key(&from.value)))
    {
        let stream = pending.remove(ready);
        let Some(input) = stream.from.first().and_then(|from| schemas.get(&from.value)).cloned() else {
            continue;
        };
        match transform(document, &stream.operator, &input) {
            Ok(transform) => {
                schemas.insert(stream.name.value.clone(), transform.schema());
                let from = stream.from[0].value.clone();
                builder = builder.transform(stream.name.value.clone(), from, vec![transform], &input);
            }
            Err(diagnostic) => found.push(*diagnostic),
        }
    }
    if found.has_errors() {
        return Err(found.into());
    }
    if let Some(stream) = pending.first() {
        return Err(Error::internal(format!("the stream {} was never derived", stream.name.value)));
    }
    Ok(builder)
}

fn transform(
    document: &Document,
    operator: &Spanned<Operator>,
    input: &SchemaRef,
) -> Result<Arc<dyn Transform>, Box<Diagnostic>> {
    let in_expression = |expression: &Expression, error: CompileError| {
        Box::new(document.expression_error(expression, error.range, error.message).hint_if(error.hint))
    };
    let unknown = |names: &[&Spanned<String>], error: UnknownColumn| {
        let span = names.get(error.index).map_or(operator.span, |name| name.span);
        let columns: Vec<&str> = error.columns.iter().map(String::as_str).collect();
        let hint =
            suggestion(&error.name, columns.iter().copied()).map(|name| format!("did you mean `{name}`?"));
        let diagnostic = Diagnostic::error(span, format!("there is no column `{}` here", error.name))
            .note(format!("columns: {}", columns.join(", ")))
            .hint_if(hint);
        Box::new(diagnostic)
    };
    let renaming = |names: &[&Spanned<String>], error: RenameError| match error {
        RenameError::Unknown(error) => unknown(names, error),
        RenameError::Collision { first, second, name } => {
            let message = format!("the columns `{first}` and `{second}` would both be called `{name}`");
            Box::new(Diagnostic::error(operator.span, message).hint("rename or drop one of them first"))
        }
    };
    Ok(match &operator.value {
        Operator::Filter(expression) => {
            Arc::new(Filter::new(expression.text(), input).map_err(|error| in_expression(expression, error))?)
        }
        Operator::Set(assignments) => {
            let pairs = assignments.iter().map(|(name, expression)| (name.value.as_str(), expression.text()));
            let set = Set::new(pairs, input);
            Arc::new(set.map_err(|(index, error)| in_expression(&assignments[index].1, error))?)
        }
        Operator::Select(names) => {
            let spanned: Vec<_> = names.iter().collect();
            let select = Project::select(names.iter().map(|name| name.value.as_str()), input);
            Arc::new(select.map_err(|error| unknown(&spanned, error))?)
        }
        Operator::Drop(names) => {
            let spanned: Vec<_> = names.iter().collect();
            let drop = Project::drop(names.iter().map(|name| name.value.as_str()), input);
            Arc::new(drop.map_err(|error| unknown(&spanned, error))?)
        }
        Operator::Rename(names) => {
            let spanned: Vec<_> = names.iter().map(|(old, _)| old).collect();
            let rename = Project::rename(
                names.iter().map(|(old, new)| (old.value.as_str(), new.value.as_str())),
                input,
            );
            Arc::new(rename.map_err(|error| renaming(&spanned, error))?)
        }
        Operator::SnakeCase => Arc::new(Project::snake_case(input).map_err(|error| renaming(&[], error))?),
        Operator::Cast(columns) => {
            let spanned: Vec<_> = columns.iter().map(|column| &column.name).collect();
            let casts = columns
                .iter()
                .map(|column| (column.name.value.as_str(), column.column_type.value.data_type()));
            let cast = Cast::new(casts, input).map_err(|error| match error {
                CastError::Unknown(error) => unknown(&spanned, error),
                CastError::Impossible { index, from, to } => {
                    let span = columns.get(index).map_or(operator.span, |column| column.column_type.span);
                    Box::new(
                        Diagnostic::error(span, format!("a column of type {from} cannot become {to}"))
                            .hint("make the values with `set` and an expression"),
                    )
                }
            });
            Arc::new(cast?)
        }
    })
}
