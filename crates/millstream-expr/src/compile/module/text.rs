//! `string`, `hashlib`, `uuid` and `re` over columns.

use std::ops::Range;

use ruff_python_ast::{Expr, ExprCall, Identifier};

use super::{ModuleValue, no_attribute};
use crate::compile::call::Signature;
use crate::compile::{Compiler, Operand};
use crate::errors::CompileError;
use crate::format::Sink;
use crate::kernels::elementwise::{text_to_text, text_to_truth};
use crate::kernels::text_change::Replace;
use crate::modules::digest::{Algorithm, named_uuid, namespace, read_uuid, uuid_text};
use crate::modules::pattern::{Anchor, FLAGS, Pattern, Template};
use crate::node::Node;
use crate::parse::range;
use crate::types::Type;
use crate::value::Scalar;

/// `re.match(pattern, text)` and its like.
pub(crate) struct Matched {
    pattern: Pattern,
    anchor: Anchor,
    text: Node,
}

impl Matched {
    pub(super) fn groups(&self) -> usize {
        self.pattern.groups()
    }

    /// Whether it matches: `True`, or null where Python's match is `None`.
    pub(crate) fn truth(self, whole: Range<usize>) -> Result<Node, CompileError> {
        let Self { pattern, anchor, text } = self;
        let kernel = text_to_truth(move |text| pattern.captures(text, anchor).is_some());
        Node::apply(kernel, vec![text], Type::Bool, true, whole, true)
    }
}

impl Compiler<'_> {
    /// `text.encode()`
    pub(super) fn encoded(&mut self, text: Node, call: &ExprCall) -> Result<Operand, CompileError> {
        let signature = Signature { name: "encode", parameters: &["encoding"], required: 0, named_from: 0 };
        let bound = signature.bind(call)?;
        if let Some(argument) = bound[0] {
            let encoding = self.constant_text(argument, "encode")?.to_ascii_lowercase();
            if !["utf-8", "utf8"].contains(&encoding.as_str()) {
                return Err(CompileError::new(range(argument), "only the encoding utf-8 is supported"));
            }
        }
        Ok(Operand::Module(ModuleValue::Bytes(Box::new(text)), range(call)))
    }

    pub(super) fn hash_call(&mut self, name: &str, call: &ExprCall) -> Result<Operand, CompileError> {
        let whole = range(call);
        let (algorithm, argument) = if name == "hashlib.new" {
            let signature =
                Signature { name: "new", parameters: &["name", "data"], required: 2, named_from: 0 };
            let bound = signature.bind(call)?;
            let (Some(algorithm), Some(data)) = (bound[0], bound[1]) else {
                return Err(CompileError::new(whole, "`hashlib.new` needs a name and bytes"));
            };
            let word = self.constant_text(algorithm, "new")?;
            let known = Algorithm::named(&word).ok_or_else(|| {
                CompileError::new(range(algorithm), format!("there is no hash function {word:?} here"))
                    .hint("there are md5, sha1, sha224, sha256, sha384 and sha512")
            })?;
            (known, data)
        } else {
            let signature = Signature { name: "hashlib", parameters: &["data"], required: 1, named_from: 1 };
            let bound = signature.bind(call)?;
            match (Algorithm::named(name.strip_prefix("hashlib.").unwrap_or(name)), bound[0]) {
                (Some(algorithm), Some(argument)) => (algorithm, argument),
                _ => return Err(CompileError::new(whole, format!("`{name}` needs bytes"))),
            }
        };
        match self.operand(argument)? {
            Operand::Module(ModuleValue::Bytes(text), _) => {
                Ok(Operand::Module(ModuleValue::Digest(algorithm, text), whole))
            }
            other => Err(CompileError::new(
                other.range(),
                format!("`{name}` needs bytes, not {}", crate::compile::call::article(&other.word())),
            )
            .hint("write `.encode()` after the text")),
        }
    }

    pub(super) fn hex_digest(
        &mut self,
        algorithm: Algorithm,
        text: Node,
        call: &ExprCall,
    ) -> Result<Operand, CompileError> {
        Signature { name: "hexdigest", parameters: &[], required: 0, named_from: 0 }.bind(call)?;
        let kernel = text_to_text(move |text, sink| {
            algorithm.hex(text.as_bytes(), |hex| sink.push(hex));
            Ok(true)
        });
        self.strict(kernel, vec![text], Type::Str, range(call)).map(Operand::Value)
    }

    pub(super) fn uuid_call(&mut self, name: &str, call: &ExprCall) -> Result<Operand, CompileError> {
        let whole = range(call);
        let node = match name {
            "uuid.uuid1" | "uuid.uuid4" => self.library_call(&["fake", "uuid4"], call)?,
            "uuid.UUID" => {
                let signature = Signature { name: "UUID", parameters: &["hex"], required: 1, named_from: 0 };
                let bound = signature.bind(call)?;
                let Some(argument) = bound[0] else {
                    return Err(CompileError::new(whole, "`UUID` needs a text"));
                };
                let text = self.argument(argument, "UUID", &Type::Str)?;
                let kernel = text_to_text(|text, sink| {
                    let value = read_uuid(text).ok_or("badly formed hexadecimal UUID string")?;
                    sink.push(&uuid_text(value));
                    Ok(true)
                });
                self.strict(kernel, vec![text], Type::Str, whole.clone())?
            }
            _ => {
                let signature = Signature {
                    name: "uuid5",
                    parameters: &["namespace", "name"],
                    required: 2,
                    named_from: 0,
                };
                let bound = signature.bind(call)?;
                let (Some(space), Some(argument)) = (bound[0], bound[1]) else {
                    return Err(CompileError::new(whole, format!("`{name}` needs a namespace and a name")));
                };
                let operand = self.operand(space)?;
                let known = match &operand {
                    Operand::Module(ModuleValue::Uuid(node), _) => match node.scalar() {
                        Some(Scalar::Str(text)) => read_uuid(text),
                        _ => None,
                    },
                    _ => None,
                };
                let Some(space) = known else {
                    return Err(CompileError::new(operand.range(), "the namespace must be a constant UUID")
                        .hint("write `uuid.NAMESPACE_DNS`"));
                };
                let text = self.argument(argument, "uuid5", &Type::Str)?;
                let version = if name == "uuid.uuid3" { 3 } else { 5 };
                let kernel = text_to_text(move |text, sink| {
                    sink.push(&uuid_text(named_uuid(space, text, version)));
                    Ok(true)
                });
                self.strict(kernel, vec![text], Type::Str, whole.clone())?
            }
        };
        Ok(Operand::Module(ModuleValue::Uuid(Box::new(node)), whole))
    }

    /// A constant of `uuid`, `string` or `re`.
    pub(super) fn text_constant(name: &str, whole: &Range<usize>) -> Option<Operand> {
        if let Some(value) = namespace(name) {
            let text = Node::constant(Some(Scalar::Str(uuid_text(value).into())), whole.clone());
            return Some(Operand::Module(ModuleValue::Uuid(Box::new(text)), whole.clone()));
        }
        let scalar = match FLAGS.iter().find(|(flag, _)| *flag == name) {
            Some((_, value)) => Scalar::Int(*value),
            None => Scalar::Str(crate::modules::strings::constant(name)?.into()),
        };
        Some(Operand::Value(Node::constant(Some(scalar), whole.clone())))
    }

    pub(super) fn uuid_attribute(&mut self, node: Node, name: &Identifier) -> Result<Operand, CompileError> {
        let whole = node.range.start..range(name).end;
        let constant = |text: &str| Node::constant(Some(Scalar::Str(text.into())), whole.clone());
        match name.as_str() {
            "hex" => {
                let inputs = vec![node, constant("-"), constant("")];
                self.strict(Replace, inputs, Type::Str, whole.clone()).map(Operand::Value)
            }
            "urn" => {
                let mut pieces = crate::compile::text::Pieces::default();
                pieces.push_literal("urn:uuid:");
                pieces.push_value(node);
                self.assemble(pieces, whole).map(Operand::Value)
            }
            _ => Err(no_attribute("UUID", name, &["hex", "urn"])),
        }
    }

    pub(super) fn pattern_call(&mut self, name: &str, call: &ExprCall) -> Result<Operand, CompileError> {
        let whole = range(call);
        let anchor = match name {
            "re.match" => Anchor::Start,
            "re.fullmatch" => Anchor::Whole,
            "re.search" => Anchor::Anywhere,
            "re.sub" => return self.substitute(call).map(Operand::Value),
            _ => {
                return Err(CompileError::new(whole, format!("`{name}` is not supported column by column"))
                    .hint("write `re.sub` or `re.search(..).group(1)`"));
            }
        };
        let signature = Signature {
            name: "re.match",
            parameters: &["pattern", "string", "flags"],
            required: 2,
            named_from: 0,
        };
        let bound = signature.bind(call)?;
        let (Some(pattern), Some(text)) = (bound[0], bound[1]) else {
            return Err(CompileError::new(whole, format!("`{name}` needs a pattern and a text")));
        };
        let pattern = self.pattern(pattern, bound[2])?;
        let text = self.argument(text, name, &Type::Str)?;
        Ok(Operand::Module(ModuleValue::Match(Box::new(Matched { pattern, anchor, text })), whole))
    }

    fn pattern(&mut self, pattern: &Expr, flags: Option<&Expr>) -> Result<Pattern, CompileError> {
        let text = self.constant_text(pattern, "re")?;
        let flags = match flags {
            Some(flags) => self.constant_int(flags, "re")?,
            None => 0,
        };
        Pattern::new(&text, flags).map_err(|message| CompileError::new(range(pattern), message))
    }

    fn substitute(&mut self, call: &ExprCall) -> Result<Node, CompileError> {
        const PARAMETERS: [&str; 5] = ["pattern", "repl", "string", "count", "flags"];
        let whole = range(call);
        let signature = Signature { name: "sub", parameters: &PARAMETERS, required: 3, named_from: 0 };
        let bound = signature.bind(call)?;
        let (Some(pattern), Some(replacement), Some(text)) = (bound[0], bound[1], bound[2]) else {
            return Err(CompileError::new(whole, "`re.sub` needs a pattern, a replacement and a text"));
        };
        let pattern = self.pattern(pattern, bound[4])?;
        let written = self.constant_text(replacement, "sub")?;
        let template = Template::parse(&written, &pattern)
            .map_err(|message| CompileError::new(range(replacement), message))?;
        let count = match bound[3] {
            Some(count) => self.constant_int(count, "sub")?,
            None => 0,
        };
        let text = self.argument(text, "re.sub", &Type::Str)?;
        let kernel = text_to_text(move |text, sink| {
            pattern.replace(text, &template, count, &mut |part| sink.push(part));
            Ok(true)
        });
        self.strict(kernel, vec![text], Type::Str, whole)
    }

    /// `match.group(..)`: the text of a group, which is null where the group took no part.
    pub(super) fn match_method(
        &mut self,
        matched: Matched,
        name: &Identifier,
        call: &ExprCall,
    ) -> Result<Operand, CompileError> {
        if name.as_str() != "group" {
            return Err(CompileError::new(
                range(name),
                format!("the method `{name}` of a match is not supported here"),
            )
            .hint("write `.group(1)`"));
        }
        let signature = Signature { name: "group", parameters: &["group"], required: 0, named_from: 1 };
        let bound = signature.bind(call)?;
        let Some(argument) = bound[0] else { return self.group(matched, 0, range(call)) };
        let node = self.raw(argument)?;
        let group = match node.scalar() {
            Some(Scalar::Int(group)) => {
                usize::try_from(*group).ok().filter(|group| *group <= matched.pattern.groups())
            }
            Some(Scalar::Str(name)) => matched.pattern.group(name),
            _ => return Err(CompileError::new(node.range, "the group of a match must be a constant")),
        };
        let Some(group) = group else {
            return Err(CompileError::new(node.range, "the pattern has no such group"));
        };
        self.group(matched, group, range(call))
    }

    pub(super) fn group(
        &mut self,
        matched: Matched,
        group: usize,
        whole: Range<usize>,
    ) -> Result<Operand, CompileError> {
        let Matched { pattern, anchor, text } = matched;
        let kernel = text_to_text(move |text, sink| {
            let Some(found) = pattern.captures(text, anchor) else {
                return Err("there is no match: 'NoneType' object has no attribute 'group'");
            };
            Ok(match found.get(group) {
                Some(group) => {
                    sink.push(group.as_str());
                    true
                }
                None => false,
            })
        });
        let nullable = group > 0 || text.nullable;
        self.apply(kernel, vec![text], Type::Str, nullable, whole).map(Operand::Value)
    }
}
