//! From text to a syntax tree, within limits.

use std::mem::ManuallyDrop;
use std::ops::Range;

use ruff_python_ast::{ExceptHandler, Expr, InterpolatedStringElement, Mod, Stmt, StringLiteralValue};
use ruff_python_parser::{Mode, ParseError, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextRange};

use crate::errors::CompileError;
use crate::table_calls;

/// The longest text of an expression, in bytes.
const LONGEST: usize = 256 << 10;

/// How deep parts may be nested: the compiler and the evaluation recurse.
const DEEPEST: usize = 150;

/// How deep statements may stand inside of each other.
const DEEPEST_BLOCK: usize = 30;

/// What a text is.
#[derive(Debug)]
pub(crate) enum Parsed {
    Expression(Box<Expr>),
    /// Statements: assignments, `if`, `for`, `return` …
    Block(Vec<Stmt>),
}

/// Parses an expression, or else a block of statements. A word like `return` inside of other words makes no block: it
/// must be one by its grammar.
pub(crate) fn parse_any(source: &str) -> Result<Parsed, CompileError> {
    let error = match parse(source) {
        Ok(expression) => return Ok(Parsed::Expression(Box::new(expression))),
        Err(error) => error,
    };
    if source.len() > LONGEST || brackets_too_deep(source) {
        return Err(error);
    }
    let parsed = ManuallyDrop::new(parse_unchecked(source, ParseOptions::from(Mode::Module)));
    if let Mod::Module(module) = parsed.syntax()
        && let Some(range) = block_too_deep(&module.body)
    {
        return Err(nested(range));
    }
    let parsed = ManuallyDrop::into_inner(parsed);
    if let Some(block_error) = parsed.errors().first() {
        // Of the two mistakes, the one of what it was meant to be.
        return Err(if looks_like_block(source) { syntax_error(source, block_error, true) } else { error });
    }
    match parsed.into_syntax() {
        Mod::Module(module) if !module.body.is_empty() => {
            let mut statements: Vec<Stmt> = module.body.into_iter().collect();
            table_calls::rewrite_block(&mut statements);
            Ok(Parsed::Block(statements))
        }
        _ => Err(error),
    }
}

/// Whether a line begins as a statement does.
fn looks_like_block(source: &str) -> bool {
    source.split(['\n', ';']).any(|line| {
        let line = line.trim_start();
        let word: &str = line
            .split(|character: char| !character.is_alphanumeric() && character != '_')
            .next()
            .unwrap_or("");
        let keyword = matches!(
            word,
            "return"
                | "if"
                | "for"
                | "while"
                | "def"
                | "import"
                | "from"
                | "try"
                | "elif"
                | "else"
                | "raise"
                | "assert"
        );
        let rest = line[word.len()..].trim_start();
        let assigns = !word.is_empty()
            && (rest.starts_with('=') && !rest.starts_with("==")
                || ["+=", "-=", "*=", "/=", "%="].iter().any(|operator| rest.starts_with(operator)));
        keyword || assigns
    })
}

fn block_too_deep(statements: &[Stmt]) -> Option<Range<usize>> {
    let mut open: Vec<(&Stmt, usize)> = statements.iter().map(|statement| (statement, 1)).collect();
    while let Some((statement, depth)) = open.pop() {
        if depth > DEEPEST_BLOCK {
            return Some(range(statement));
        }
        let mut found = None;
        for_each_own_part(statement, &mut |part| found = found.take().or_else(|| too_deep(part)));
        if found.is_some() {
            return found;
        }
        for_each_inner_statement(statement, &mut |inner| open.push((inner, depth + 1)));
    }
    None
}

/// Calls `visit` for the statements that stand directly inside of one.
pub(crate) fn for_each_inner_statement<'a>(statement: &'a Stmt, visit: &mut dyn FnMut(&'a Stmt)) {
    match statement {
        Stmt::For(node) => node.body.iter().chain(&node.orelse).for_each(visit),
        Stmt::While(node) => node.body.iter().chain(&node.orelse).for_each(visit),
        Stmt::If(node) => {
            node.body.iter().for_each(&mut *visit);
            node.elif_else_clauses.iter().flat_map(|clause| &clause.body).for_each(visit);
        }
        Stmt::With(node) => node.body.iter().for_each(visit),
        Stmt::Match(node) => node.cases.iter().flat_map(|case| &case.body).for_each(visit),
        Stmt::Try(node) => {
            node.body.iter().for_each(&mut *visit);
            for ExceptHandler::ExceptHandler(handler) in &node.handlers {
                handler.body.iter().for_each(&mut *visit);
            }
            node.orelse.iter().chain(&node.finalbody).for_each(visit);
        }
        Stmt::FunctionDef(node) => node.body.iter().for_each(visit),
        Stmt::ClassDef(node) => node.body.iter().for_each(visit),
        _ => {}
    }
}

/// Calls `visit` for the expressions of a statement, those of the statements inside of it left out.
fn for_each_own_part<'a>(statement: &'a Stmt, visit: &mut dyn FnMut(&'a Expr)) {
    match statement {
        Stmt::Expr(node) => visit(&node.value),
        Stmt::Assign(node) => {
            node.targets.iter().for_each(&mut *visit);
            visit(&node.value);
        }
        Stmt::AugAssign(node) => {
            visit(&node.target);
            visit(&node.value);
        }
        Stmt::AnnAssign(node) => {
            visit(&node.target);
            node.value.iter().for_each(|value| visit(value));
        }
        Stmt::For(node) => {
            visit(&node.target);
            visit(&node.iter);
        }
        Stmt::While(node) => visit(&node.test),
        Stmt::If(node) => {
            visit(&node.test);
            node.elif_else_clauses.iter().filter_map(|clause| clause.test.as_ref()).for_each(visit);
        }
        Stmt::Return(node) => node.value.iter().for_each(|value| visit(value)),
        Stmt::Delete(node) => node.targets.iter().for_each(visit),
        Stmt::Raise(node) => node.exc.iter().for_each(|value| visit(value)),
        Stmt::Assert(node) => {
            visit(&node.test);
            node.msg.iter().for_each(|message| visit(message));
        }
        Stmt::Try(node) => {
            for ExceptHandler::ExceptHandler(handler) in &node.handlers {
                handler.type_.iter().for_each(|type_| visit(type_));
            }
        }
        Stmt::FunctionDef(node) => {
            node.parameters
                .iter_non_variadic_params()
                .filter_map(|one| one.default.as_deref())
                .for_each(visit);
        }
        Stmt::With(node) => node.items.iter().for_each(|item| visit(&item.context_expr)),
        Stmt::Match(node) => visit(&node.subject),
        _ => {}
    }
}

/// Calls `visit` for all expressions of a statement, and of the statements inside of it.
pub(crate) fn for_each_statement_part<'a>(statement: &'a Stmt, visit: &mut dyn FnMut(&'a Expr)) {
    let mut open = vec![statement];
    while let Some(statement) = open.pop() {
        for_each_own_part(statement, visit);
        for_each_inner_statement(statement, &mut |inner| open.push(inner));
    }
}

/// Parses one expression. Line breaks do not end it, as in parentheses; white space around it does not matter.
pub(crate) fn parse(source: &str) -> Result<Expr, CompileError> {
    if source.len() > LONGEST {
        return Err(CompileError::new(
            0..source.len(),
            format!("the expression is longer than {} KiB", LONGEST >> 10),
        ));
    }
    if source.trim().is_empty() {
        return Err(CompileError::new(0..source.len(), "the expression is empty"));
    }
    if brackets_too_deep(source) {
        return Err(nested(0..source.len()));
    }
    let options = ParseOptions::from(Mode::ParenthesizedExpression);
    // A tree that is too deep for us is too deep for its own destructor: kept until its depth is known.
    let parsed = ManuallyDrop::new(parse_unchecked(source, options));
    if let Mod::Expression(module) = parsed.syntax()
        && let Some(range) = too_deep(&module.body)
    {
        return Err(nested(range));
    }
    let parsed = ManuallyDrop::into_inner(parsed);
    if let Some(error) = parsed.errors().first() {
        return Err(syntax_error(source, error, false));
    }
    match parsed.into_syntax() {
        Mod::Expression(module) => {
            let mut expression = *module.body;
            table_calls::rewrite(&mut expression);
            Ok(expression)
        }
        Mod::Module(_) => Err(CompileError::new(0..source.len(), "this is not an expression")),
    }
}

fn nested(range: Range<usize>) -> CompileError {
    CompileError::new(range, format!("the expression is nested more than {DEEPEST} deep"))
        .hint("compute parts of it in columns of their own")
}

/// Whether brackets alone nest absurdly deep, counting those in texts: fields in the formats of fields are no
/// expressions, and do not count in [`too_deep`].
fn brackets_too_deep(source: &str) -> bool {
    let mut depth = 0_usize;
    source.bytes().any(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > 4 * DEEPEST
    })
}

fn syntax_error(source: &str, error: &ParseError, block: bool) -> CompileError {
    let range = range_of(error.location);
    let range = range.start.min(source.len())..range.end.min(source.len());
    let words = source.trim();
    let is_prose = words.contains(' ')
        && words
            .chars()
            .all(|character| character.is_alphabetic() || matches!(character, ' ' | ',' | '.' | '\'' | '!'));
    let error = CompileError::new(range, format!("syntax error: {}", lower_first(&error.error.to_string())));
    if is_prose {
        error.hint(format!("a text is written in quotes: `{words:?}`"))
    } else if block {
        error.hint("write Python statements, the last of which gives the value: `return total`")
    } else {
        error.hint("write one Python expression, for example `round(quantity * unit_price, 2)`")
    }
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// The range of the first part that is nested too deep.
fn too_deep(expression: &Expr) -> Option<Range<usize>> {
    let mut open = vec![(expression, 1)];
    while let Some((expression, depth)) = open.pop() {
        if depth > DEEPEST {
            return Some(range(expression));
        }
        for_each_child(expression, &mut |child| open.push((child, depth + 1)));
    }
    None
}

pub(crate) fn range(node: &impl Ranged) -> Range<usize> {
    range_of(node.range())
}

fn range_of(range: TextRange) -> Range<usize> {
    range.start().to_usize()..range.end().to_usize()
}

/// The text of a string literal, concatenated ones joined.
pub(crate) fn literal_text(value: &StringLiteralValue) -> String {
    value.to_str().to_owned()
}

/// `a.b.c` as its names, if it is nothing else.
pub(crate) fn dotted(expression: &Expr) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut expression = expression;
    loop {
        match expression {
            Expr::Attribute(attribute) => {
                names.push(attribute.attr.as_str());
                expression = &attribute.value;
            }
            Expr::Name(name) => {
                names.push(name.id.as_str());
                names.reverse();
                return Some(names);
            }
            _ => return None,
        }
    }
}

/// Calls `visit` for each direct part of an expression of the language. (Parts of what is refused anyway, as lambdas,
/// are visited only as far as their depth matters.)
pub(crate) fn for_each_child<'a>(expression: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    match expression {
        Expr::BoolOp(node) => node.values.iter().for_each(visit),
        Expr::Named(node) => {
            visit(&node.target);
            visit(&node.value);
        }
        Expr::BinOp(node) => {
            visit(&node.left);
            visit(&node.right);
        }
        Expr::UnaryOp(node) => visit(&node.operand),
        Expr::Lambda(node) => visit(&node.body),
        Expr::If(node) => {
            visit(&node.body);
            visit(&node.test);
            visit(&node.orelse);
        }
        Expr::Dict(node) => {
            for item in &node.items {
                if let Some(key) = &item.key {
                    visit(key);
                }
                visit(&item.value);
            }
        }
        Expr::Set(node) => node.elts.iter().for_each(visit),
        Expr::ListComp(node) => visit_comprehension(&node.elt, None, &node.generators, visit),
        Expr::SetComp(node) => visit_comprehension(&node.elt, None, &node.generators, visit),
        Expr::Generator(node) => visit_comprehension(&node.elt, None, &node.generators, visit),
        Expr::DictComp(node) => {
            visit_comprehension(&node.value, node.key.as_deref(), &node.generators, visit);
        }
        Expr::Await(node) => visit(&node.value),
        Expr::Yield(node) => node.value.iter().for_each(|value| visit(value)),
        Expr::YieldFrom(node) => visit(&node.value),
        Expr::Compare(node) => {
            visit(&node.left);
            node.comparators.iter().for_each(visit);
        }
        Expr::Call(node) => {
            visit(&node.func);
            node.arguments.args.iter().for_each(&mut *visit);
            node.arguments.keywords.iter().for_each(|keyword| visit(&keyword.value));
        }
        Expr::FString(node) => {
            node.value.elements().for_each(|element| visit_element(element, visit));
        }
        Expr::TString(node) => {
            node.value.elements().for_each(|element| visit_element(element, visit));
        }
        Expr::Attribute(node) => visit(&node.value),
        Expr::Subscript(node) => {
            visit(&node.value);
            visit(&node.slice);
        }
        Expr::Starred(node) => visit(&node.value),
        Expr::List(node) => node.elts.iter().for_each(visit),
        Expr::Tuple(node) => node.elts.iter().for_each(visit),
        Expr::Slice(node) => {
            [&node.lower, &node.upper, &node.step].into_iter().flatten().for_each(|bound| visit(bound));
        }
        Expr::StringLiteral(_)
        | Expr::BytesLiteral(_)
        | Expr::NumberLiteral(_)
        | Expr::BooleanLiteral(_)
        | Expr::NoneLiteral(_)
        | Expr::EllipsisLiteral(_)
        | Expr::Name(_)
        | Expr::IpyEscapeCommand(_) => {}
    }
}

fn visit_comprehension<'a>(
    element: &'a Expr,
    key: Option<&'a Expr>,
    generators: &'a [ruff_python_ast::Comprehension],
    visit: &mut dyn FnMut(&'a Expr),
) {
    if let Some(key) = key {
        visit(key);
    }
    visit(element);
    for generator in generators {
        visit(&generator.target);
        visit(&generator.iter);
        generator.ifs.iter().for_each(&mut *visit);
    }
}

fn visit_element<'a>(element: &'a InterpolatedStringElement, visit: &mut dyn FnMut(&'a Expr)) {
    if let InterpolatedStringElement::Interpolation(field) = element {
        visit(&field.expression);
        if let Some(spec) = &field.format_spec {
            // A format may hold fields, and those formats again.
            spec.elements.iter().for_each(|element| visit_element(element, visit));
        }
    }
}
