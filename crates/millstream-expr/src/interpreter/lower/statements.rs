//! Statements.

use std::sync::Arc;

use hashbrown::HashMap;
use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtFunctionDef, StmtTry};
use ruff_text_size::Ranged;

use super::assigned::Assigned;
use super::{Binding, Lowering};
use crate::errors::CompileError;
use crate::interpreter::ir::{Body, Function, Handler, Kind, Literal, Parameter, Part, Statement, Target};
use crate::parse::range;

/// A block that ends with an expression gives its value.
pub(super) fn give_last_value(block: &mut Vec<Statement>) {
    match block.pop() {
        Some(Statement::Expression(part)) => block.push(Statement::Return(Some(part))),
        Some(Statement::If(mut branches, mut otherwise)) => {
            for (_, body) in &mut branches {
                give_last_value(body);
            }
            give_last_value(&mut otherwise);
            block.push(Statement::If(branches, otherwise));
        }
        Some(other) => block.push(other),
        None => {}
    }
}

impl Lowering<'_> {
    pub(super) fn block(&mut self, statements: &[Stmt]) -> Result<Vec<Statement>, CompileError> {
        let mut block = Vec::with_capacity(statements.len());
        for statement in statements {
            if let Some(statement) = self.statement(statement)? {
                block.push(statement);
            }
        }
        Ok(block)
    }

    fn statement(&mut self, statement: &Stmt) -> Result<Option<Statement>, CompileError> {
        let refuse = |what: &str, hint: &str| {
            Err(CompileError::new(range(statement), format!("{what} are not supported")).hint(hint))
        };
        Ok(Some(match statement {
            Stmt::Pass(_) | Stmt::Import(_) | Stmt::ImportFrom(_) => return Ok(None),
            Stmt::Expr(node) => Statement::Expression(self.part(&node.value)?),
            Stmt::Assign(node) => {
                let value = self.part(&node.value)?;
                let targets =
                    node.targets.iter().map(|target| self.target(target)).collect::<Result<_, _>>()?;
                Statement::Assign(targets, value)
            }
            Stmt::AnnAssign(node) => match &node.value {
                None => return Ok(None),
                Some(value) => {
                    let value = self.part(value)?;
                    Statement::Assign(vec![self.target(&node.target)?], value)
                }
            },
            Stmt::AugAssign(node) => {
                let operator = super::expressions::operator(node.op)
                    .ok_or_else(|| super::expressions::no_matrices(range(node)))?;
                let value = self.part(&node.value)?;
                let whole = range(node);
                let target = self.target(&node.target)?;
                if matches!(target, Target::Unpack(..)) {
                    return Err(CompileError::new(whole, "several targets cannot be changed at once"));
                }
                let whole = (whole.start as u32, whole.end as u32);
                if let (Target::Local(_), Expr::Name(name)) = (&target, &*node.target) {
                    let current = self.name(name)?;
                    // The column of the same name is where it starts.
                    if matches!(current.kind, Kind::Local(_, Some(_))) {
                        let kind = Kind::Binary(operator, Box::new((current, value)));
                        return Ok(Some(Statement::Assign(vec![target], Part { kind, range: whole })));
                    }
                }
                Statement::Augment(target, operator, value, whole)
            }
            Stmt::If(node) => {
                let mut branches = vec![(self.part(&node.test)?, self.block(&node.body)?)];
                let mut otherwise = Vec::new();
                for clause in &node.elif_else_clauses {
                    match &clause.test {
                        Some(test) => branches.push((self.part(test)?, self.block(&clause.body)?)),
                        None => otherwise = self.block(&clause.body)?,
                    }
                }
                Statement::If(branches, otherwise)
            }
            Stmt::For(node) => {
                if node.is_async {
                    return refuse("async loops", "write `for`");
                }
                let items = self.part(&node.iter)?;
                let (target, body) = self.repeatedly(|lowering| {
                    Ok((lowering.target(&node.target)?, lowering.block(&node.body)?))
                })?;
                Statement::For(target, items, body, self.block(&node.orelse)?)
            }
            Stmt::While(node) => {
                let (test, body) = self
                    .repeatedly(|lowering| Ok((lowering.part(&node.test)?, lowering.block(&node.body)?)))?;
                Statement::While(test, body, self.block(&node.orelse)?)
            }
            Stmt::Return(node) => {
                Statement::Return(node.value.as_ref().map(|value| self.part(value)).transpose()?)
            }
            Stmt::Break(_) => Statement::Break,
            Stmt::Continue(_) => Statement::Continue,
            Stmt::Delete(node) => Statement::Delete(
                node.targets.iter().map(|target| self.target(target)).collect::<Result<_, _>>()?,
            ),
            Stmt::Raise(node) => {
                let (kind, message) = match node.exc.as_deref() {
                    Some(Expr::Call(call)) => {
                        let message =
                            call.arguments.args.first().map(|message| self.part(message)).transpose()?;
                        (exception_name(&call.func)?, message)
                    }
                    Some(other) => (exception_name(other)?, None),
                    None => ("RuntimeError".into(), None),
                };
                Statement::Raise(kind, message)
            }
            Stmt::Assert(node) => {
                let message = node.msg.as_ref().map(|message| self.part(message)).transpose()?;
                Statement::Assert(self.part(&node.test)?, message)
            }
            Stmt::Try(node) => self.try_statement(node)?,
            Stmt::FunctionDef(node) => self.definition(node)?,
            Stmt::ClassDef(_) => return refuse("classes", "use dicts"),
            Stmt::With(_) => return refuse("`with` statements", "an expression has no files or locks"),
            Stmt::Match(_) => return refuse("`match` statements", "write `if`, `elif` and `else`"),
            Stmt::Global(_) | Stmt::Nonlocal(_) => {
                return refuse("`global` and `nonlocal`", "return the value from the function");
            }
            Stmt::TypeAlias(_) => return refuse("type aliases", "leave them out"),
            Stmt::IpyEscapeCommand(_) => return refuse("escape commands", "write Python"),
        }))
    }

    fn try_statement(&mut self, node: &StmtTry) -> Result<Statement, CompileError> {
        let body = self.block(&node.body)?;
        let mut handlers = Vec::new();
        for ExceptHandler::ExceptHandler(handler) in &node.handlers {
            let kinds = match handler.type_.as_deref() {
                None => None,
                Some(Expr::Tuple(tuple)) => {
                    Some(tuple.elts.iter().map(exception_name).collect::<Result<Vec<_>, _>>()?)
                }
                Some(other) => Some(vec![exception_name(other)?]),
            };
            let name = handler.name.as_ref().and_then(|name| match self.binding(name.as_str()) {
                Some(Binding::Place(place)) => Some(*place),
                _ => None,
            });
            handlers.push(Handler { kinds, name, body: self.block(&handler.body)? });
        }
        Ok(Statement::Try(body, handlers, self.block(&node.orelse)?, self.block(&node.finalbody)?))
    }

    fn definition(&mut self, node: &StmtFunctionDef) -> Result<Statement, CompileError> {
        if node.is_async || !node.decorator_list.is_empty() {
            return Err(CompileError::new(range(node), "async and decorated functions are not supported")
                .hint("write a plain `def`"));
        }
        let Some(Binding::Place(place)) = self.binding(node.name.as_str()) else {
            return Err(CompileError::new(range(&node.name), "this function has no name"));
        };
        let place = *place;
        let mut assigned = Assigned::default();
        assigned.statements(&node.body);
        let index = self.function(node.name.as_str(), Some(&node.parameters), assigned, |lowering| {
            Ok(Body::Block(lowering.block(&node.body)?))
        })?;
        Ok(Statement::Define(place, index))
    }

    /// A lambda or a `def`; gives its index.
    pub(super) fn function(
        &mut self,
        name: &str,
        parameters: Option<&ruff_python_ast::Parameters>,
        assigned: Assigned,
        body: impl FnOnce(&mut Self) -> Result<Body, CompileError>,
    ) -> Result<usize, CompileError> {
        let start = self.locals.len();
        let mut own = Vec::new();
        let mut names = HashMap::new();
        let mut rest = None;
        if let Some(parameters) = parameters {
            if let Some(keywords) = &parameters.kwarg {
                return Err(CompileError::new(range(&**keywords), "`**` parameters are not supported")
                    .hint("name the parameters"));
            }
            let positional = parameters.posonlyargs.iter().chain(&parameters.args).map(|one| (one, true));
            let named = parameters.kwonlyargs.iter().map(|one| (one, false));
            for (parameter, by_position) in positional.chain(named) {
                // Defaults are of the scope around.
                let default = parameter.default.as_deref().map(|value| self.part(value)).transpose()?;
                let id = parameter.parameter.name.as_str();
                let place = self.place(id);
                own.push(Parameter { name: id.into(), place, default, by_position });
                names.insert(id.to_owned(), Binding::Place(place));
            }
            if let Some(list) = &parameters.vararg {
                let place = self.place(list.name.as_str());
                names.insert(list.name.as_str().to_owned(), Binding::Place(place));
                rest = Some(place);
            }
        }
        self.names.push(names);
        let assigned = Assigned {
            names: assigned
                .names
                .into_iter()
                .filter(|name| self.names.last().is_none_or(|names| !names.contains_key(name)))
                .collect(),
            ..assigned
        };
        self.inside_function += 1;
        let result = self.declare(assigned).and_then(|()| self.repeatedly(body));
        self.inside_function -= 1;
        self.names.pop();
        let body = result?;
        let locals = start..self.locals.len();
        self.functions.push(Function { name: name.into(), parameters: own, rest, locals, body });
        Ok(self.functions.len() - 1)
    }

    /// Lowers what may run more than once for a row.
    pub(super) fn repeatedly<T>(
        &mut self,
        lower: impl FnOnce(&mut Self) -> Result<T, CompileError>,
    ) -> Result<T, CompileError> {
        self.repeated += 1;
        let result = lower(self);
        self.repeated -= 1;
        result
    }

    pub(super) fn target(&mut self, target: &Expr) -> Result<Target, CompileError> {
        match target {
            Expr::Name(name) => match self.binding(name.id.as_str()) {
                Some(Binding::Place(place)) => Ok(Target::Local(*place)),
                _ => Err(CompileError::new(range(name), format!("`{}` cannot be assigned to", name.id))),
            },
            Expr::Tuple(tuple) => self.unpack(&tuple.elts, target),
            Expr::List(list) => self.unpack(&list.elts, target),
            Expr::Subscript(subscript) => {
                let value = self.part(&subscript.value)?;
                match &*subscript.slice {
                    Expr::Slice(slice) => Ok(Target::Slice(Box::new((value, self.bounds(slice)?)))),
                    index => Ok(Target::Subscript(Box::new((value, self.part(index)?)))),
                }
            }
            other => Err(CompileError::new(range(other), "this cannot be assigned to")
                .hint("assign to a name, or to an item as in `items[0] = 1`")),
        }
    }

    fn unpack(&mut self, items: &[Expr], whole: &impl Ranged) -> Result<Target, CompileError> {
        let mut rest = None;
        let mut targets = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item {
                Expr::Starred(starred) => {
                    if rest.replace(index).is_some() {
                        return Err(CompileError::new(range(whole), "only one target can have a star"));
                    }
                    targets.push(self.target(&starred.value)?);
                }
                other => targets.push(self.target(other)?),
            }
        }
        Ok(Target::Unpack(targets, rest))
    }

    pub(super) fn literal(&mut self, literal: Literal, node: &impl Ranged) -> Part {
        let index = self.constant(literal);
        super::part(Kind::Constant(index), node)
    }
}

/// The name of an exception's class.
fn exception_name(expression: &Expr) -> Result<Arc<str>, CompileError> {
    match expression {
        Expr::Name(name) => Ok(name.id.as_str().into()),
        other => Err(CompileError::new(range(other), "an exception is named by its class")
            .hint("write it as in `raise ValueError(\"no name\")`")),
    }
}
