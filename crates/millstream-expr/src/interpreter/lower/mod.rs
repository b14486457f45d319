//! From a syntax tree to a program of the row fallback: names become places, calls become calls of known kinds.

mod assigned;
mod calls;
mod expressions;
mod library;
mod names;
mod statements;

use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashMap;
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use super::ir::{Body, Function, Input, Literal, Part, Program, Site};
use crate::errors::CompileError;
use crate::function::Library;
use crate::parse::{for_each_child, for_each_statement_part, range};
use crate::scope::Scope;

pub(crate) use library::chooses_from_list;

/// What a name of a block, a function or a comprehension means.
#[derive(Debug, Clone)]
enum Binding {
    Place(usize),
    /// An imported module or function, by its full path.
    Path(Arc<str>),
}

/// What is lowered: an expression, or a block of statements.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Syntax<'a> {
    Expression(&'a Expr),
    Block(&'a [Stmt]),
}

/// Lowers one expression or block.
pub(crate) struct Lowering<'a> {
    source: &'a str,
    scope: &'a dyn Scope,
    library: &'a dyn Library,
    ordinals: HashMap<usize, u64>,
    /// Names of blocks, functions and comprehensions, innermost last.
    names: Vec<HashMap<String, Binding>>,
    /// How many loops and functions are around: calls inside of them are not made for all rows at once.
    repeated: usize,
    /// Whether a function is around.
    inside_function: usize,
    constants: Vec<Literal>,
    functions: Vec<Function>,
    inputs: Vec<Input>,
    sites: Vec<Site>,
    locals: Vec<Arc<str>>,
}

impl<'a> Lowering<'a> {
    pub(crate) fn lower(
        source: &'a str,
        scope: &'a dyn Scope,
        library: &'a dyn Library,
        syntax: Syntax<'a>,
    ) -> Result<Program, CompileError> {
        let mut lowering = Self {
            source,
            scope,
            library,
            ordinals: HashMap::new(),
            names: vec![HashMap::new()],
            repeated: 0,
            inside_function: 0,
            constants: Vec::new(),
            functions: Vec::new(),
            inputs: Vec::new(),
            sites: Vec::new(),
            locals: Vec::new(),
        };
        let mut assigned = assigned::Assigned::default();
        match syntax {
            Syntax::Expression(expression) => assigned.expression(expression),
            Syntax::Block(statements) => assigned.statements(statements),
        }
        lowering.declare(assigned)?;
        lowering.number_calls(syntax);
        let body = match syntax {
            Syntax::Expression(expression) => Body::Expression(lowering.part(expression)?),
            Syntax::Block(statements) => {
                let mut block = lowering.block(statements)?;
                statements::give_last_value(&mut block);
                Body::Block(block)
            }
        };
        let row_library = if lowering.sites.is_empty() { None } else { library.for_rows() };
        Ok(Program {
            constants: lowering.constants,
            functions: lowering.functions,
            inputs: lowering.inputs,
            sites: lowering.sites,
            locals: lowering.locals,
            body,
            library: row_library,
            now: library.now(),
        })
    }

    /// Numbers the calls that may be of the library in reading order.
    fn number_calls(&mut self, syntax: Syntax<'_>) {
        let mut starts = Vec::new();
        let mut open: Vec<&Expr> = Vec::new();
        match syntax {
            Syntax::Expression(expression) => open.push(expression),
            Syntax::Block(statements) => {
                for statement in statements {
                    for_each_statement_part(statement, &mut |part| open.push(part));
                }
            }
        }
        while let Some(expression) = open.pop() {
            if let Expr::Call(call) = expression
                && let Some(names) = crate::parse::dotted(&call.func)
                && self.library_path(&names).is_some()
            {
                starts.push(call.start().to_usize());
            }
            for_each_child(expression, &mut |child| open.push(child));
        }
        starts.sort_unstable();
        self.ordinals =
            starts.into_iter().enumerate().map(|(ordinal, start)| (start, ordinal as u64)).collect();
    }

    fn constant(&mut self, literal: Literal) -> usize {
        // `1 == 1.0`, but they are two literals; a nan is not itself, and merely stands twice.
        let same = |known: &Literal| match (known, &literal) {
            (Literal::Float(known), Literal::Float(new)) => known.to_bits() == new.to_bits(),
            (known, new) => known == new,
        };
        self.constants.iter().position(same).unwrap_or_else(|| {
            self.constants.push(literal);
            self.constants.len() - 1
        })
    }

    fn place(&mut self, name: &str) -> usize {
        self.locals.push(name.into());
        self.locals.len() - 1
    }

    fn text_of(&self, range: Range<usize>) -> &'a str {
        self.source.get(range).unwrap_or_default()
    }
}

fn part(kind: super::ir::Kind, node: &impl Ranged) -> Part {
    let range = range(node);
    Part { kind, range: (range.start as u32, range.end as u32) }
}
