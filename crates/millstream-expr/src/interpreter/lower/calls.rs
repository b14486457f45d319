//! Calls: of builtins, of methods, of modules, of the library, and of values.

use ruff_python_ast::{Expr, ExprCall};

use super::names::Meaning;
use super::{Binding, Lowering, part};
use crate::errors::CompileError;
use crate::interpreter::builtins::Builtin;
use crate::interpreter::ir::{Kind, Part, Parts};
use crate::modules::Item;
use crate::parse::{dotted, range};

impl Lowering<'_> {
    pub(super) fn call(&mut self, call: &ExprCall) -> Result<Part, CompileError> {
        if let Some(names) = dotted(&call.func) {
            // A builtin that is called is the builtin, whatever the columns are called.
            if let [name] = names.as_slice()
                && self.binding(name).is_none()
                && let Some(builtin) = Builtin::of(name)
            {
                return self.builtin(builtin, call);
            }
            match self.meaning(&names) {
                Some(Meaning::Builtin(builtin)) => return self.builtin(builtin, call),
                Some(Meaning::Unbound(type_, method)) => {
                    if let Some(builtin) = Builtin::of(&format!("{type_}.{method}")) {
                        return self.builtin(builtin, call);
                    }
                    let callee = crate::interpreter::ir::CallableName::Unbound(type_, method);
                    let callee = part(Kind::Callable(callee), &*call.func);
                    let parts = self.parts(call)?;
                    return Ok(part(Kind::Call(Box::new(callee), parts), call));
                }
                Some(Meaning::Item(path, item)) => match item {
                    Item::Function => {
                        let parts = self.parts(call)?;
                        return Ok(part(Kind::Module(path, parts), call));
                    }
                    Item::Library(path) => return self.library_call(path, call),
                    Item::Module => {
                        return Err(CompileError::new(
                            range(&*call.func),
                            format!("`{path}` is a module, and cannot be called"),
                        )
                        .hint(format!("call one of its functions, as in `{path}.…()`")));
                    }
                    Item::Constant(_) => {
                        return Err(CompileError::new(
                            range(&*call.func),
                            format!("`{path}` is a value, and cannot be called"),
                        )
                        .hint("write it without the parentheses"));
                    }
                },
                Some(Meaning::Library(path)) => {
                    // A method of a constant of a module: `string.digits.upper()`.
                    let value = names.len() > 2
                        && matches!(
                            self.meaning(&names[..names.len() - 1]),
                            Some(Meaning::Item(_, Item::Constant(_)))
                        );
                    if !value {
                        return self.library_call(&path, call);
                    }
                }
                None => {}
            }
            if let [name] = names.as_slice()
                && !matches!(self.binding(name), Some(Binding::Place(_)))
            {
                return Err(CompileError::new(
                    range(&*call.func),
                    format!("`{name}` is a column, and cannot be called"),
                )
                .hint("write it without the parentheses"));
            }
        }
        if let Expr::Attribute(attribute) = &*call.func {
            let receiver = match attribute.attr.as_str() {
                "get" => self.constant_container(&attribute.value, true)?,
                _ => self.part(&attribute.value)?,
            };
            let parts = self.parts(call)?;
            return Ok(part(Kind::Method(Box::new(receiver), attribute.attr.as_str().into(), parts), call));
        }
        let callee = self.part(&call.func)?;
        let parts = self.parts(call)?;
        Ok(part(Kind::Call(Box::new(callee), parts), call))
    }

    fn builtin(&mut self, builtin: Builtin, call: &ExprCall) -> Result<Part, CompileError> {
        let parts = self.parts(call)?;
        builtin.check(&parts).map_err(|message| CompileError::new(range(call), message))?;
        Ok(part(Kind::Builtin(builtin, parts), call))
    }

    pub(super) fn parts(&mut self, call: &ExprCall) -> Result<Parts, CompileError> {
        let positional = self.items(&call.arguments.args)?;
        let keywords = call
            .arguments
            .keywords
            .iter()
            .map(|keyword| {
                let name = keyword.arg.as_ref().map(|name| name.as_str().into());
                Ok((name, self.part(&keyword.value)?))
            })
            .collect::<Result<Vec<_>, CompileError>>()?;
        Ok(Parts { positional, keywords })
    }
}
