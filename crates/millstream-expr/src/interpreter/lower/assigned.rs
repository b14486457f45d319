//! Which names a block or an expression assigns.

use ruff_python_ast::{ExceptHandler, Expr, Stmt};

use crate::parse::{for_each_child, range};

/// The names that are assigned in one scope, and those that are imported.
#[derive(Debug, Default)]
pub(super) struct Assigned {
    pub(super) names: Vec<String>,
    /// Name, path, and where it stands.
    pub(super) imports: Vec<(String, String, std::ops::Range<usize>)>,
    /// A relative import, or one of everything.
    pub(super) refused: Option<(String, std::ops::Range<usize>)>,
}

impl Assigned {
    fn add(&mut self, name: &str) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
    }

    /// The names of a target.
    pub(super) fn target(&mut self, target: &Expr) {
        match target {
            Expr::Name(name) => self.add(name.id.as_str()),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|item| self.target(item)),
            Expr::List(list) => list.elts.iter().for_each(|item| self.target(item)),
            Expr::Starred(starred) => self.target(&starred.value),
            other => self.expression(other),
        }
    }

    /// The names of `:=` in an expression, comprehensions included, lambdas not.
    pub(super) fn expression(&mut self, expression: &Expr) {
        let mut open = vec![expression];
        while let Some(expression) = open.pop() {
            match expression {
                Expr::Lambda(_) => continue,
                Expr::Named(named) => {
                    if let Expr::Name(name) = &*named.target {
                        self.add(name.id.as_str());
                    }
                }
                _ => {}
            }
            for_each_child(expression, &mut |child| open.push(child));
        }
    }

    pub(super) fn statements(&mut self, statements: &[Stmt]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Assign(node) => {
                node.targets.iter().for_each(|target| self.target(target));
                self.expression(&node.value);
            }
            Stmt::AugAssign(node) => {
                self.target(&node.target);
                self.expression(&node.value);
            }
            Stmt::AnnAssign(node) => {
                self.target(&node.target);
                node.value.iter().for_each(|value| self.expression(value));
            }
            Stmt::For(node) => {
                self.target(&node.target);
                self.expression(&node.iter);
                self.statements(&node.body);
                self.statements(&node.orelse);
            }
            Stmt::While(node) => {
                self.expression(&node.test);
                self.statements(&node.body);
                self.statements(&node.orelse);
            }
            Stmt::If(node) => {
                self.expression(&node.test);
                self.statements(&node.body);
                for clause in &node.elif_else_clauses {
                    clause.test.iter().for_each(|test| self.expression(test));
                    self.statements(&clause.body);
                }
            }
            Stmt::Try(node) => {
                self.statements(&node.body);
                for ExceptHandler::ExceptHandler(handler) in &node.handlers {
                    if let Some(name) = &handler.name {
                        self.add(name.as_str());
                    }
                    self.statements(&handler.body);
                }
                self.statements(&node.orelse);
                self.statements(&node.finalbody);
            }
            Stmt::Return(node) => node.value.iter().for_each(|value| self.expression(value)),
            Stmt::Expr(node) => self.expression(&node.value),
            Stmt::Delete(node) => node.targets.iter().for_each(|target| self.target(target)),
            Stmt::FunctionDef(node) => self.add(node.name.as_str()),
            Stmt::Import(node) => {
                for alias in &node.names {
                    let path = alias.name.as_str();
                    // `import a.b` binds `a`.
                    let (name, path) = match &alias.asname {
                        Some(name) => (name.as_str(), path),
                        None => path.split_once('.').map_or((path, path), |(head, _)| (head, head)),
                    };
                    self.imports.push((name.to_owned(), path.to_owned(), range(alias)));
                }
            }
            Stmt::ImportFrom(node) => {
                let Some(module) = node.module.as_ref().filter(|_| node.level == 0) else {
                    self.refused = Some(("relative imports are not possible".to_owned(), range(node)));
                    return;
                };
                for alias in &node.names {
                    if alias.name.as_str() == "*" {
                        self.refused = Some(("`import *` is not possible".to_owned(), range(node)));
                        return;
                    }
                    let name = alias.asname.as_ref().unwrap_or(&alias.name);
                    let path = format!("{module}.{}", alias.name);
                    self.imports.push((name.as_str().to_owned(), path, range(alias)));
                }
            }
            _ => {}
        }
    }
}
