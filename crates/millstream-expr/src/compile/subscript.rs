//! Indexing and slices.

use std::ops::Range;

use arrow::datatypes::DataType;
use hashbrown::HashMap;
use ruff_python_ast::{Expr, ExprSlice, ExprSubscript};

use super::call::article;
use super::{Compiler, Operand};
use crate::errors::CompileError;
use crate::kernels::list::{ConstantList, ListItem, Pick, constants, position};
use crate::kernels::lookup::{Keys, Lookup};
use crate::kernels::split::SplitItem;
use crate::kernels::text_slice::{Bounds, TextItem, TextSlice};
use crate::node::{Kind, Node};
use crate::parse::range;
use crate::types::Type;
use crate::value::Scalar;

impl Compiler<'_> {
    pub(super) fn subscript(&mut self, subscript: &ExprSubscript) -> Result<Operand, CompileError> {
        let whole = range(subscript);
        let sequence = self.operand(&subscript.value)?;
        if let Expr::Slice(slice) = &*subscript.slice {
            return match sequence {
                Operand::List(items, _) => self.slice_list(items, slice, whole),
                Operand::Value(node) => self.slice_text(node, slice, whole).map(Operand::Value),
                other => Err(CompileError::new(
                    whole,
                    format!("a slice of {} is not supported", article(&other.word())),
                )
                .hint("take single items by their index")
                .not_vectorised("a slice of a list")),
            };
        }
        let index = &*subscript.slice;
        let node = match sequence {
            Operand::List(items, _) => return self.list_item(items, index, whole),
            Operand::Dict(items, _) => self.lookup(items, index, whole)?,
            Operand::Split(split, mut inputs, _) => {
                inputs.push(self.argument(index, "[..]", &Type::Int)?);
                self.strict(SplitItem(split), inputs, Type::Str, whole)?
            }
            Operand::Value(node) => self.item(node, index, whole)?,
            Operand::Module(value, _) => {
                let index = self.constant_int(index, "[..]")?;
                return self.module_item(value, index, whole);
            }
        };
        Ok(Operand::Value(node))
    }

    /// `text[index]`, and the same of a column of lists.
    fn item(&mut self, node: Node, index: &Expr, whole: Range<usize>) -> Result<Node, CompileError> {
        if let Some(item) = node.type_.item() {
            let index = self.argument(index, "[..]", &Type::Int)?;
            if matches!(index.kind, Kind::Constant(None)) {
                return Ok(Node::null(item, whole));
            }
            // An item may be null, whatever the list.
            return self.apply(ListItem, vec![node, index], item, true, whole);
        }
        let node = self.load(node)?;
        match node.type_ {
            Type::Str => {
                let index = self.argument(index, "[..]", &Type::Int)?;
                self.strict(TextItem, vec![node, index], Type::Str, whole)
            }
            Type::Null => Ok(Node::null(Type::Null, whole)),
            ref other => Err(CompileError::new(
                node.range.clone(),
                format!("a value of type {} cannot be indexed", other.word()),
            )
            .not_vectorised_if(matches!(other, Type::Raw(_)), "indexing")),
        }
    }

    fn slice_text(
        &mut self,
        node: Node,
        slice: &ExprSlice,
        whole: Range<usize>,
    ) -> Result<Node, CompileError> {
        if node.type_.item().is_some() {
            return Err(CompileError::new(whole, "a slice of a list is not supported")
                .hint("take single items by their index")
                .not_vectorised("a slice of a list"));
        }
        let node = self.load(node)?;
        if node.type_ == Type::Null {
            return Ok(Node::null(Type::Null, whole));
        }
        if node.type_ != Type::Str {
            return Err(CompileError::new(
                node.range.clone(),
                format!("a value of type {} cannot be sliced", node.type_.word()),
            )
            .not_vectorised_if(matches!(node.type_, Type::Raw(_)), "a slice"));
        }
        let mut inputs = vec![node];
        let mut bound = |bound: Option<&Expr>| -> Result<bool, CompileError> {
            // `text[None:3]` is `text[:3]`.
            match bound.filter(|bound| !bound.is_none_literal_expr()) {
                None => Ok(false),
                Some(bound) => {
                    inputs.push(self.argument(bound, "[..]", &Type::Int)?);
                    Ok(true)
                }
            }
        };
        let kernel = TextSlice {
            start: bound(slice.lower.as_deref())?,
            stop: bound(slice.upper.as_deref())?,
            step: bound(slice.step.as_deref())?,
        };
        self.strict(kernel, inputs, Type::Str, whole)
    }

    /// `[a, b, c][1:]`, with constant bounds.
    fn slice_list(
        &mut self,
        items: Vec<Operand>,
        slice: &ExprSlice,
        whole: Range<usize>,
    ) -> Result<Operand, CompileError> {
        let mut bound = |bound: Option<&Expr>| -> Result<Option<i64>, CompileError> {
            let Some(bound) = bound.filter(|bound| !bound.is_none_literal_expr()) else { return Ok(None) };
            let node = self.argument(bound, "[..]", &Type::Int)?;
            match node.scalar() {
                Some(Scalar::Int(value)) => Ok(Some(*value)),
                _ => Err(CompileError::new(node.range, "the bounds of a slice of a list must be constants")
                    .not_vectorised("a slice of a list by the row")),
            }
        };
        let (start, stop) = (bound(slice.lower.as_deref())?, bound(slice.upper.as_deref())?);
        let step = bound(slice.step.as_deref())?.unwrap_or(1);
        if step == 0 {
            return Err(CompileError::new(whole, "the step of a slice cannot be 0"));
        }
        let bounds = Bounds::new(items.len() as i64, start, stop, step);
        let mut items: Vec<Option<Operand>> = items.into_iter().map(Some).collect();
        let taken = bounds.indices(step).filter_map(|index| items.get_mut(index)?.take()).collect();
        Ok(Operand::List(taken, whole))
    }

    /// `[a, b, c][index]`
    fn list_item(
        &mut self,
        mut items: Vec<Operand>,
        index: &Expr,
        whole: Range<usize>,
    ) -> Result<Operand, CompileError> {
        let index = self.argument(index, "[..]", &Type::Int)?;
        let constant = items.iter().all(|item| item.constant().is_some());
        if let (Some(Scalar::Int(at)), true) = (index.scalar(), constant || items.is_empty()) {
            // Any type of item, lists included.
            match position(*at, items.len()) {
                Some(at) => return Ok(items.swap_remove(at)),
                // Where it may be skipped, it fails when it is not.
                None if self.conditional > 0 && !items.is_empty() => {}
                None => {
                    return Err(CompileError::new(
                        index.range,
                        format!("the index is out of range: the list has {} items", items.len()),
                    ));
                }
            }
        }
        let mut nodes = Vec::with_capacity(items.len());
        for item in items {
            let node = item.single()?;
            nodes.push(self.load(node)?);
        }
        if nodes.is_empty() {
            return Err(CompileError::new(whole, "the list is empty, and has no items"));
        }
        let (nodes, type_) = self.unify(nodes, "the items of a list")?;
        if type_ == Type::Null || matches!(index.kind, Kind::Constant(None)) {
            return Ok(Operand::Value(Node::null(type_, whole)));
        }
        let nullable = index.nullable || nodes.iter().any(|node| node.nullable);
        let node = if nodes.iter().all(Node::is_constant) {
            let items = constant_column(&nodes, &type_, &whole)?;
            self.apply(ConstantList { items }, vec![index], type_, nullable, whole)?
        } else {
            let inputs = std::iter::once(index).chain(nodes).collect();
            self.apply(Pick, inputs, type_, nullable, whole)?
        };
        Ok(Operand::Value(node))
    }

    /// `{"a": 1}[key]`
    fn lookup(
        &mut self,
        items: Vec<(Scalar, Node)>,
        key: &Expr,
        whole: Range<usize>,
    ) -> Result<Node, CompileError> {
        let key = self.value(key)?;
        let (keys, values): (Vec<Scalar>, Vec<Node>) = items.into_iter().unzip();
        let Some(first) = keys.first() else {
            return Err(CompileError::new(whole, "the dict is empty, and has no values"));
        };
        if let Some(at) = keys.iter().position(|key| key.kind() != first.kind()) {
            return Err(CompileError::new(
                values[at].range.clone(),
                "the keys of a dict must have one type, int or str",
            )
            .not_vectorised("a dict with keys of two types"));
        }
        let key = if key.type_ == Type::Bool { self.coerce(key, &Type::Int)? } else { key };
        if key.type_ != first.kind() && key.type_ != Type::Null {
            return Err(CompileError::new(
                key.range,
                format!("the keys of the dict are {}, not {}", first.kind().word(), key.type_.word()),
            ));
        }
        let (values, type_) = self.unify(values, "the values of a dict")?;
        if key.type_ == Type::Null || type_ == Type::Null {
            return Ok(Node::null(type_, whole));
        }
        let mut ints = HashMap::new();
        let mut texts: HashMap<Box<str>, u32> = HashMap::new();
        // Of equal keys, the last one counts.
        for (at, key) in keys.iter().enumerate() {
            match key {
                Scalar::Int(key) => {
                    ints.insert(*key, at as u32);
                }
                Scalar::Str(key) => {
                    texts.insert(key.as_ref().into(), at as u32);
                }
                _ => {}
            }
        }
        let keys = if key.type_ == Type::Int { Keys::Ints(ints) } else { Keys::Texts(texts) };
        let nullable = key.nullable || values.iter().any(|node| node.nullable);
        let values = constant_column(&values, &type_, &whole)?;
        self.apply(Lookup { keys, values }, vec![key], type_, nullable, whole)
    }
}

fn constant_column(
    nodes: &[Node],
    type_: &Type,
    range: &Range<usize>,
) -> Result<arrow::array::ArrayRef, CompileError> {
    let scalars: Vec<Option<Scalar>> = nodes.iter().map(|node| node.scalar().cloned()).collect();
    let data_type: DataType = type_.data_type();
    constants(&scalars, &data_type).map_err(|error| CompileError::new(range.clone(), error.to_string()))
}
