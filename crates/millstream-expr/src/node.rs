//! The compiled expression: a tree that evaluates a frame column by column.

use std::borrow::Cow;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, BooleanArray, NullArray, new_null_array};
use arrow::buffer::BooleanBuffer;

use crate::errors::CompileError;
use crate::function::{Call, Constant, Function};
use crate::kernels::select::select;
use crate::kernels::template::Template;
use crate::kernels::truth::truth;
use crate::scope::Frame;
use crate::types::Type;
use crate::value::{Rows, Scalar, Value};
use crate::{EvaluateError, RowErrors};

/// An operation on whole columns. Dispatch is once per chunk; rows are loops inside.
pub(crate) trait Kernel: Debug + Send + Sync {
    /// The result for `rows`. At least one input is a column; rows that fail become null and are reported.
    fn evaluate(&self, inputs: &[Value], rows: &mut Rows<'_>) -> Result<ArrayRef, EvaluateError>;

    /// Whether the result is null wherever an input is.
    fn null_strict(&self) -> bool {
        true
    }
}

/// A part of a compiled expression.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) type_: Type,
    /// Whether it may be null for rows that do not fail.
    pub(crate) nullable: bool,
    pub(crate) range: Range<usize>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// A value that does not depend on the row; `None` is null.
    Constant(Option<Scalar>),
    /// A column of the frame.
    Column(usize),
    /// A constant part that fails wherever it is evaluated, as `1 / 0` in a branch that may not be taken.
    Failure(Arc<str>),
    Library(LibraryCall),
    Kernel(Box<dyn Kernel>, Vec<Node>),
    Template(Template, Vec<Node>),
    /// `left and right`, `left or right`; both of the type of the result.
    Logic {
        and: bool,
        left: Box<Node>,
        right: Box<Node>,
    },
    /// Both branches have the type of the result.
    Conditional {
        test: Box<Node>,
        then: Box<Node>,
        otherwise: Box<Node>,
    },
    /// `a < b < c`: a comparison between each operand and the next.
    Chain {
        operands: Vec<Node>,
        comparisons: Vec<Box<dyn Kernel>>,
    },
}

/// Columns of constants are made for at least so many rows.
const HELD_ROWS: usize = 2048;

#[derive(Debug)]
pub(crate) struct LibraryCall {
    pub(crate) function: Arc<dyn Function>,
    pub(crate) path: String,
    /// `None` for arguments that are lists: the function has read them when it was resolved.
    pub(crate) arguments: Vec<Option<Node>>,
    /// The columns of constant arguments, made once for many chunks.
    constants: Vec<OnceLock<ArrayRef>>,
}

impl Node {
    pub(crate) fn constant(scalar: Option<Scalar>, range: Range<usize>) -> Self {
        let type_ = scalar.as_ref().map_or(Type::Null, Scalar::kind);
        Self { nullable: scalar.is_none(), kind: Kind::Constant(scalar), type_, range }
    }

    /// A null of a type.
    pub(crate) fn null(type_: Type, range: Range<usize>) -> Self {
        Self { kind: Kind::Constant(None), type_, nullable: true, range }
    }

    /// `kernel` over `inputs`, folded if they are constants. `conditional`: whether the part may be skipped for a
    /// row, so that a failure is one of rows and not of the expression.
    pub(crate) fn apply(
        kernel: impl Kernel + 'static,
        inputs: Vec<Self>,
        type_: Type,
        nullable: bool,
        range: Range<usize>,
        conditional: bool,
    ) -> Result<Self, CompileError> {
        if kernel.null_strict() {
            if inputs.iter().any(|input| matches!(input.kind, Kind::Constant(None))) {
                return Ok(Self::null(type_, range));
            }
            if let Some(message) = inputs.iter().find_map(Self::failure) {
                return Ok(Self { kind: Kind::Failure(message), type_, nullable, range });
            }
        }
        let foldable = inputs.iter().all(Self::is_constant) && !matches!(type_, Type::Raw(_));
        let node = Self { kind: Kind::Kernel(Box::new(kernel), inputs), type_, nullable, range };
        if foldable { node.fold(conditional) } else { Ok(node) }
    }

    /// Evaluates a node whose inputs are constants.
    pub(crate) fn fold(self, conditional: bool) -> Result<Self, CompileError> {
        let mut errors = RowErrors::default();
        let frame = Frame { columns: &[], rows: &[0] };
        let array = self
            .evaluate(&frame, None, &mut errors)
            .map_err(|error| CompileError::new(self.range.clone(), error.to_string()))?
            .into_array(1);
        let failure = errors.iter().next().map(|(_, message)| message.to_owned());
        match failure {
            None => {
                let scalar = Scalar::from_array(&self.type_, &array, 0);
                Ok(Self {
                    nullable: scalar.is_none(),
                    kind: Kind::Constant(scalar),
                    type_: self.type_,
                    range: self.range,
                })
            }
            Some(message) if conditional => Ok(Self { kind: Kind::Failure(message.into()), ..self }),
            Some(message) => Err(CompileError::new(self.range, message)),
        }
    }

    pub(crate) fn is_constant(&self) -> bool {
        matches!(self.kind, Kind::Constant(_))
    }

    /// The value, if it is a constant other than `None`.
    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Constant(scalar) => scalar.as_ref(),
            _ => None,
        }
    }

    /// The constant as hosts see it.
    pub(crate) fn host_constant(&self) -> Option<Constant> {
        match &self.kind {
            Kind::Constant(None) => Some(Constant::None),
            Kind::Constant(Some(scalar)) => scalar.constant(),
            _ => None,
        }
    }

    pub(crate) fn failure(&self) -> Option<Arc<str>> {
        match &self.kind {
            Kind::Failure(message) => Some(message.clone()),
            _ => None,
        }
    }

    /// Adds the positions of the columns that it reads.
    pub(crate) fn collect_columns(&self, columns: &mut Vec<usize>) {
        match &self.kind {
            Kind::Constant(_) | Kind::Failure(_) => {}
            Kind::Column(position) => columns.push(*position),
            Kind::Library(call) => {
                call.arguments.iter().flatten().for_each(|node| node.collect_columns(columns));
                columns.extend_from_slice(call.function.columns());
            }
            Kind::Kernel(_, nodes) | Kind::Template(_, nodes) | Kind::Chain { operands: nodes, .. } => {
                for node in nodes {
                    node.collect_columns(columns);
                }
            }
            Kind::Logic { left, right, .. } => {
                left.collect_columns(columns);
                right.collect_columns(columns);
            }
            Kind::Conditional { test, then, otherwise } => {
                test.collect_columns(columns);
                then.collect_columns(columns);
                otherwise.collect_columns(columns);
            }
        }
    }

    /// The value for the rows of `frame`. Rows outside `selected` are not reported when they fail, and have any value.
    pub(crate) fn evaluate(
        &self,
        frame: &Frame<'_>,
        selected: Option<&BooleanBuffer>,
        errors: &mut RowErrors,
    ) -> Result<Value, EvaluateError> {
        let len = frame.rows.len();
        match &self.kind {
            Kind::Constant(Some(scalar)) => Ok(Value::Scalar(scalar.clone())),
            Kind::Constant(None) => Ok(self.nulls(len)),
            Kind::Column(position) => column(frame, *position, self).map(Value::Array),
            Kind::Failure(message) => {
                let before = errors.len();
                let mut rows = Rows { len, selected, errors };
                for row in 0..len {
                    if rows.is_selected(row) {
                        rows.fail(row, Cow::Owned(message.to_string()));
                    }
                }
                errors.locate_after(before, &self.range);
                Ok(self.nulls(len))
            }
            Kind::Library(call) => call.evaluate(self, frame, selected, errors),
            Kind::Kernel(kernel, inputs) => {
                let values = evaluate_all(inputs, frame, selected, errors)?;
                let before = errors.len();
                let result = kernel.evaluate(&values, &mut Rows { len, selected, errors }).map(Value::Array);
                errors.locate_after(before, &self.range);
                result
            }
            Kind::Template(template, inputs) => {
                let values = evaluate_all(inputs, frame, selected, errors)?;
                let before = errors.len();
                let result =
                    template.evaluate(&values, &mut Rows { len, selected, errors }).map(Value::Array);
                errors.locate_after(before, &self.range);
                result
            }
            Kind::Logic { and, left, right } => {
                let left = left.evaluate(frame, selected, errors)?;
                let truths = truth(&left, len);
                let open = if *and { truths.clone() } else { !&truths };
                let open_rows = narrow(selected, &open);
                if !open_rows.has_true() {
                    return Ok(left);
                }
                let right = right.evaluate(frame, Some(&open_rows), errors)?;
                select(&open, right, left, &self.type_, len)
            }
            Kind::Conditional { test, then, otherwise } => {
                let truths = truth(&test.evaluate(frame, selected, errors)?, len);
                let taken = narrow(selected, &truths);
                let not_taken = narrow(selected, &!&truths);
                if !not_taken.has_true() {
                    return then.evaluate(frame, Some(&taken), errors);
                }
                if !taken.has_true() {
                    return otherwise.evaluate(frame, Some(&not_taken), errors);
                }
                let then = then.evaluate(frame, Some(&taken), errors)?;
                let otherwise = otherwise.evaluate(frame, Some(&not_taken), errors)?;
                select(&truths, then, otherwise, &self.type_, len)
            }
            Kind::Chain { operands, comparisons } => {
                self.evaluate_chain(operands, comparisons, frame, selected, errors)
            }
        }
    }

    fn evaluate_chain(
        &self,
        operands: &[Self],
        comparisons: &[Box<dyn Kernel>],
        frame: &Frame<'_>,
        selected: Option<&BooleanBuffer>,
        errors: &mut RowErrors,
    ) -> Result<Value, EvaluateError> {
        let len = frame.rows.len();
        let mut operands = operands.iter();
        let Some(first) = operands.next() else { return Ok(self.nulls(len)) };
        let mut left = first.evaluate(frame, selected, errors)?;
        let mut selected = selected.cloned();
        let mut result: Option<(Value, BooleanBuffer)> = None;
        for (operand, comparison) in operands.zip(comparisons) {
            let right = operand.evaluate(frame, selected.as_ref(), errors)?;
            let mut pair = [left, right];
            if pair.iter().all(|value| matches!(value, Value::Scalar(_))) {
                pair[0] = Value::Array(pair[0].clone().into_array(len));
            }
            let compared = Value::Array(
                comparison.evaluate(&pair, &mut Rows { len, selected: selected.as_ref(), errors })?,
            );
            let compared = match &result {
                None => compared,
                // As `and`: a comparison that does not hold ends the chain with its value.
                Some((before, holds)) => select(holds, compared, before.clone(), &Type::Bool, len)?,
            };
            let holds = truth(&compared, len);
            selected = Some(narrow(selected.as_ref(), &holds));
            result = Some((compared, holds));
            let [_, right] = pair;
            left = right;
        }
        Ok(result.map_or_else(|| self.nulls(len), |(value, _)| value))
    }

    fn nulls(&self, len: usize) -> Value {
        Value::Array(new_null_array(&self.type_.data_type(), len))
    }
}

impl LibraryCall {
    pub(crate) fn new(function: Arc<dyn Function>, path: String, arguments: Vec<Option<Node>>) -> Self {
        let constants = arguments.iter().map(|_| OnceLock::new()).collect();
        Self { function, path, arguments, constants }
    }

    fn evaluate(
        &self,
        node: &Node,
        frame: &Frame<'_>,
        selected: Option<&BooleanBuffer>,
        errors: &mut RowErrors,
    ) -> Result<Value, EvaluateError> {
        let len = frame.rows.len();
        let mut arguments: Vec<ArrayRef> = Vec::with_capacity(self.arguments.len());
        for (argument, held) in self.arguments.iter().zip(&self.constants) {
            arguments.push(match argument {
                Some(node) => match node.evaluate(frame, selected, errors)? {
                    Value::Array(array) => array,
                    Value::Scalar(scalar) => {
                        let array = held.get_or_init(|| scalar.to_array(len.max(HELD_ROWS)));
                        if len <= array.len() { array.slice(0, len) } else { scalar.to_array(len) }
                    }
                },
                None => Arc::new(NullArray::new(len)),
            });
        }
        for &position in self.function.columns() {
            arguments.push(frame.columns.get(position).cloned().ok_or_else(|| {
                EvaluateError::Host(format!("`{}` reads column {position}, which the frame lacks", self.path))
            })?);
        }
        let selection = selected.map(|selected| BooleanArray::new(selected.clone(), None));
        let call = Call { arguments: &arguments, rows: frame.rows, selected: selection.as_ref() };
        let before = errors.len();
        let array = self.function.evaluate(&call, errors)?;
        errors.locate_after(before, &node.range);
        if let Some((row, _)) = errors.iter().skip(before).find(|(row, _)| *row >= len) {
            return Err(EvaluateError::Host(format!("`{}` reported row {row} of {len}", self.path)));
        }
        if let Some(selected) = selected {
            // A function that ignores the selection must not fail rows that do not count.
            errors.retain_after(before, |row| selected.value(row));
        }
        if array.len() != len || *array.data_type() != node.type_.data_type() {
            return Err(EvaluateError::Host(format!(
                "`{}` promised {len} values of type {}, but gave {} of type {}",
                self.path,
                node.type_.data_type(),
                array.len(),
                array.data_type(),
            )));
        }
        Ok(Value::Array(array))
    }
}

fn evaluate_all(
    nodes: &[Node],
    frame: &Frame<'_>,
    selected: Option<&BooleanBuffer>,
    errors: &mut RowErrors,
) -> Result<Vec<Value>, EvaluateError> {
    let mut values =
        nodes.iter().map(|node| node.evaluate(frame, selected, errors)).collect::<Result<Vec<_>, _>>()?;
    if values.iter().all(|value| matches!(value, Value::Scalar(_)))
        && let Some(first) = values.first_mut()
    {
        *first = Value::Array(first.clone().into_array(frame.rows.len()));
    }
    Ok(values)
}

fn column(frame: &Frame<'_>, position: usize, node: &Node) -> Result<ArrayRef, EvaluateError> {
    let expected = node.type_.data_type();
    match frame.columns.get(position) {
        Some(array) if *array.data_type() == expected && array.len() == frame.rows.len() => Ok(array.clone()),
        Some(array) => Err(EvaluateError::Host(format!(
            "the expression was compiled for {} values of type {expected} in column {position}, but there are {} of type {}",
            frame.rows.len(),
            array.len(),
            array.data_type(),
        ))),
        None => Err(EvaluateError::Host(format!(
            "the expression reads column {position}, but the frame has {}",
            frame.columns.len()
        ))),
    }
}

fn narrow(selected: Option<&BooleanBuffer>, rows: &BooleanBuffer) -> BooleanBuffer {
    match selected {
        Some(selected) => selected & rows,
        None => rows.clone(),
    }
}
